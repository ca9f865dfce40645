"""Who the ids in the journal are, and where each is reached: a small database that can be erased.

Knows names, numbers and addresses, whose newest list is the coordinator's file; and the browsers that members have
registered for Web Push, which stand nowhere else. Nothing of it is ever in the chain. A disk that fails is told as
trouble and tried again; nobody waits for it who does not ask to (`written`). What has not been read is never written
over.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from itertools import chain
from pathlib import Path
from typing import TypeVar

from achterwacht.journal.files import BUSY_WAIT_S, FILE_MODE, is_damage, reading

# Names are for reading afterwards: no alarm waits for them, so a broken disk is asked now and then.
RETRY_S = 10.0

FILE = "people.db"

# Two telephones, two computers, and what was lost or replaced: whoever registers more has the oldest dropped.
REGISTRATIONS_MAX = 10

ID_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Person:
    """One member: `id` is what the facts say, the rest as the coordinator wrote it; "" is what there is not.

    `ntfy` is this person's own topic, `pushover` their user key.
    """

    id: str
    name: str
    phone: str
    email: str = ""
    ntfy: str = ""
    pushover: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """A browser in which a member wants Web Push: the subscription as the browser gave it, and our id for it."""

    member: str
    id: str
    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What the file holds. With a `trouble` that is nothing: it is damaged, or (`later`) it cannot be read now."""

    people: list[Person]
    registrations: list[Registration]
    trouble: str | None = None
    later: bool = False


# One table for each, with a column for each field; the rows stand in the order in which they came.
_TABLES = {Person: "people", Registration: "registrations"}

Row = TypeVar("Row", Person, Registration)


def read_people(folder: Path) -> dict[str, Person]:
    """Everybody who is known, by id; empty when the file is missing or damaged. Read-only; never raises."""
    try:
        with reading(folder / FILE) as db:
            found = _rows(db, Person)
    except (sqlite3.Error, OSError):
        return {}
    return {person.id: person for person in sorted(found, key=lambda person: person.id)}


class People:
    """The one writer of it all. Make it in the running loop, which takes BUSY_WAIT_S at most, and `run` it as a task.

    Every change is whole in memory at once; none of them waits. While the file cannot be read only that is known which
    was said meanwhile; it is laid over the rest when that has been read.
    """

    def __init__(self, folder: Path, on_trouble: Callable[[str | None], None]) -> None:
        self._file = folder / FILE
        self._on_trouble = on_trouble
        self._people: dict[str, Person] = {}
        self._registrations: dict[str, dict[str, Registration]] = {}
        """By member and id, a member's oldest first."""
        self._unread = True
        self._listed = False
        """Whether the whole list was replaced before the file was read."""
        self._erased: set[str] = set()
        """The ids that were erased before the file was read."""
        self._changes = 0
        self._changed = asyncio.Event()
        self._on_disk = 0
        """How many of the changes are on disk."""
        self._wrote = asyncio.Condition()
        found = _read(self._file)
        self.trouble = found.trouble
        self._take(found)

    @property
    def known(self) -> bool:
        """Whether anybody is known."""
        return bool(self._people)

    def remember(self, people: Iterable[Person]) -> None:
        """Replaces the whole list; who is not in it is erased, with what they registered."""
        self._people = {person.id: person for person in people}
        self._listed = True
        for member in self._registrations.keys() - self._people.keys():
            del self._registrations[member]
        self._note_change()

    def forget(self, id_: str) -> None:
        """Erases one person, with what they registered; unknown ids are fine."""
        self._people.pop(id_, None)
        self._registrations.pop(id_, None)
        self._erase(id_)

    def person(self, id_: str) -> Person | None:
        """This member, if known."""
        return self._people.get(id_)

    def register(self, member: str, endpoint: str, p256dh: str, auth: str) -> str:
        """Keeps a browser for a member of the plan, and gives its id. The same endpoint again replaces what was there:
        a browser is one person's."""
        id_ = hashlib.sha256(endpoint.encode()).hexdigest()[:ID_DIGITS]
        self._add(Registration(member, id_, endpoint, p256dh, auth))
        self._note_change()
        return id_

    def forget_registration(self, id_: str) -> None:
        """Erases one browser; unknown ids are fine."""
        self._remove(id_)
        self._erase(id_)

    def registrations(self, member: str) -> tuple[Registration, ...]:
        """The browsers of a member, the oldest first."""
        return tuple(self._registrations.get(member, {}).values())

    async def written(self) -> None:
        """Returns when every change so far is on disk. While the disk fails that is never: the caller has a bound."""
        changes = self._changes
        async with self._wrote:
            await self._wrote.wait_for(lambda: self._on_disk >= changes)

    async def run(self) -> None:
        """Writes each change, once the file has been read; ends when cancelled. A newer one replaces one that still
        waits."""
        if self.trouble:
            self._on_trouble(self.trouble)
        while self._unread:
            await asyncio.sleep(RETRY_S)
            found = await asyncio.to_thread(_read, self._file)
            self._take(found)
            self._tell(found.trouble)
        while True:
            await self._changed.wait()
            self._changed.clear()
            changes = self._changes
            browsers = chain.from_iterable(its.values() for its in self._registrations.values())
            kept = tuple(self._people.values()), tuple(browsers)
            try:
                await asyncio.to_thread(_replace, self._file, *kept)
                self._tell(None)
            except (sqlite3.Error, OSError) as error:
                self._tell(f"{FILE}: {error}")
                self._changed.set()
                await asyncio.sleep(RETRY_S)
                continue
            async with self._wrote:
                self._on_disk = changes
                self._wrote.notify_all()

    def _take(self, found: _Found) -> None:
        """What the file holds, and over it what was said before it could be read."""
        if found.later:
            return
        said, self._registrations = self._registrations, {}
        if not self._listed:
            self._people = {person.id: person for person in found.people if person.id not in self._erased}
        for one in found.registrations:
            if not self._erased & {one.id, one.member} and (one.member in self._people or not self._listed):
                self._registrations.setdefault(one.member, {})[one.id] = one  # each stands there once
        for one in chain.from_iterable(its.values() for its in said.values()):
            self._add(one)
        self._erased.clear()
        self._unread = False

    def _add(self, one: Registration) -> None:
        """The newest of its member from now on, and nobody else's."""
        self._remove(one.id)
        its = self._registrations.setdefault(one.member, {})
        its[one.id] = one
        if len(its) > REGISTRATIONS_MAX:
            del its[next(iter(its))]

    def _remove(self, id_: str) -> None:
        for its in self._registrations.values():
            its.pop(id_, None)

    def _erase(self, id_: str) -> None:
        if self._unread:
            self._erased.add(id_)
        self._note_change()

    def _note_change(self) -> None:
        self._changes += 1
        self._changed.set()

    def _tell(self, trouble: str | None) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._on_trouble(trouble)


def _read(file: Path) -> _Found:
    """What the file holds; nothing when it is missing. Opened as its writer: what a power cut left half done is undone
    here, which who only reads cannot. Waits BUSY_WAIT_S at most; never raises."""
    try:
        if not file.exists():
            return _Found([], [])
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_WAIT_S)) as db:
            db.execute("BEGIN")  # one wait for both tables, and one state of both
            return _Found(_rows(db, Person), _rows(db, Registration))
    except (sqlite3.Error, OSError) as error:
        if is_damage(error):
            return _Found([], [], f"{FILE} is damaged, and what it held is lost: {error}")
        return _Found([], [], f"{FILE} cannot be read, and is not written until it can: {error}", later=True)


def _rows(db: sqlite3.Connection, kind: type[Row]) -> list[Row]:
    """Every row of a table. A column that the file of an older version has not is empty, a table too."""
    db.text_factory = lambda text: text.decode(errors="replace")  # a letter that is damaged is no reason to lose all
    there = {name for _, name, *_ in db.execute(f"PRAGMA table_info({_TABLES[kind]})")}
    if not there:
        return []
    columns = ", ".join(name if name in there else f"'' AS {name}" for name in _columns(kind))
    return [kind(*row) for row in db.execute(f"SELECT {columns} FROM {_TABLES[kind]} ORDER BY rowid")]


def _columns(kind: type[Row]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _replace(file: Path, people: tuple[Person, ...], registrations: tuple[Registration, ...]) -> None:
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, FILE_MODE))
    file.chmod(FILE_MODE)
    try:
        _fill(file, people, registrations)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        file.unlink()  # a damaged copy is worth nothing: all of it is written
        _fill(file, people, registrations)


def _fill(file: Path, people: tuple[Person, ...], registrations: tuple[Registration, ...]) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("PRAGMA secure_delete=ON")  # overwrites what is erased
        db.execute("BEGIN IMMEDIATE")
        _make(db, Person, people)
        _make(db, Registration, registrations)


def _make(db: sqlite3.Connection, kind: type[Row], rows: tuple[Row, ...]) -> None:
    """The table anew, with the columns of this version."""
    columns = ", ".join(f"{name} TEXT" for name in _columns(kind))
    db.execute(f"DROP TABLE IF EXISTS {_TABLES[kind]}")
    db.execute(f"CREATE TABLE {_TABLES[kind]} ({columns}, PRIMARY KEY (id))")
    db.executemany(
        f"INSERT INTO {_TABLES[kind]} VALUES ({', '.join('?' * len(_columns(kind)))})", [astuple(row) for row in rows]
    )
