"""Who the ids in the journal are, and where each is reached: a small database that can be erased.

Knows names, numbers and addresses, whose newest list is the coordinator's file; and the browsers that members have
registered for Web Push, which stand nowhere else. Nothing of it is ever in the chain. A disk that fails is told as
trouble and tried again; nobody waits for it who does not ask to (`written`).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import astuple, dataclass, fields
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
    """The one writer of it all. Make it in the running loop and `run` it as a task.

    Every change is whole in memory at once; none of them waits.
    """

    def __init__(self, folder: Path, on_trouble: Callable[[str | None], None]) -> None:
        self.trouble: str | None = None
        self._file = folder / FILE
        self._on_trouble = on_trouble
        self._people, self._registrations = _read(self._file)
        self._changes = 0
        self._changed = asyncio.Event()
        self._on_disk = 0
        """How many of the changes are on disk."""
        self._wrote = asyncio.Condition()

    @property
    def known(self) -> bool:
        """Whether anybody is known."""
        return bool(self._people)

    def remember(self, people: Iterable[Person]) -> None:
        """Replaces the whole list; who is not in it is erased, with what they registered."""
        self._people = {person.id: person for person in people}
        self._drop(lambda one: one.member not in self._people)

    def forget(self, id_: str) -> None:
        """Erases one person, with what they registered; unknown ids are fine."""
        self._people.pop(id_, None)
        self._drop(lambda one: one.member == id_)

    def person(self, id_: str) -> Person | None:
        """This member, if known."""
        return self._people.get(id_)

    def register(self, member: str, endpoint: str, p256dh: str, auth: str) -> str:
        """Keeps a browser for a member of the plan, and gives its id. The same endpoint again replaces what was there:
        a browser is one person's."""
        id_ = hashlib.sha256(endpoint.encode()).hexdigest()[:ID_DIGITS]
        self._registrations.pop(id_, None)
        self._registrations[id_] = Registration(member, id_, endpoint, p256dh, auth)
        newest = {one.id for one in self.registrations(member)[-REGISTRATIONS_MAX:]}
        self._drop(lambda one: one.member == member and one.id not in newest)
        return id_

    def forget_registration(self, id_: str) -> None:
        """Erases one browser; unknown ids are fine."""
        self._drop(lambda one: one.id == id_)

    def registrations(self, member: str) -> tuple[Registration, ...]:
        """The browsers of a member, the oldest first."""
        return tuple(one for one in self._registrations.values() if one.member == member)

    async def written(self) -> None:
        """Returns when every change so far is on disk. While the disk fails that is never: the caller has a bound."""
        changes = self._changes
        async with self._wrote:
            await self._wrote.wait_for(lambda: self._on_disk >= changes)

    async def run(self) -> None:
        """Writes each change; ends when cancelled. A newer one replaces one that still waits."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            changes = self._changes
            kept = (tuple(self._people.values()), tuple(self._registrations.values()))
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

    def _drop(self, is_gone: Callable[[Registration], bool]) -> None:
        self._registrations = {id_: one for id_, one in self._registrations.items() if not is_gone(one)}
        self._changes += 1
        self._changed.set()

    def _tell(self, trouble: str | None) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._on_trouble(trouble)


def _read(file: Path) -> tuple[dict[str, Person], dict[str, Registration]]:
    """What the file holds; nothing when it is missing or damaged. Opened as its writer: what a power cut left half
    done is undone here, which who only reads cannot."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_WAIT_S)) as db:
            return {one.id: one for one in _rows(db, Person)}, {one.id: one for one in _rows(db, Registration)}
    except sqlite3.Error:
        return {}, {}


def _rows(db: sqlite3.Connection, kind: type[Row]) -> list[Row]:
    """Every row of a table. A column that the file of an older version has not is empty, a table too."""
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
