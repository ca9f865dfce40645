"""Who the ids in the journal are: names and telephone numbers, in a small database that can be erased.

Knows only the newest list; the coordinator's file is where it comes from. Nothing of it is ever in the chain.
A disk that fails is told as trouble and tried again; nobody waits for it.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from achterwacht.journal.files import FILE_MODE, reading

# Names are for reading afterwards: no alarm waits for them, so a broken disk is asked now and then.
RETRY_S = 10.0

FILE = "people.db"


@dataclass(frozen=True, slots=True)
class Person:
    """One member: `id` is what the facts say; `phone` as the coordinator wrote it, "" when there is none."""

    id: str
    name: str
    phone: str


def read_people(folder: Path) -> dict[str, Person]:
    """Everybody who is known, by id; empty when the file is missing or damaged. Read-only; never raises."""
    try:
        with reading(folder / FILE) as db:
            found = db.execute("SELECT id, name, phone FROM people ORDER BY id").fetchall()
    except (sqlite3.Error, OSError):
        return {}
    return {id_: Person(id_, name, phone) for id_, name, phone in found}


class People:
    """The one writer of the list. Make it in the running loop and `run` it as a task."""

    def __init__(self, folder: Path, on_trouble: Callable[[str | None], None]) -> None:
        self.trouble: str | None = None
        self._file = folder / FILE
        self._on_trouble = on_trouble
        self._people = read_people(folder)
        self._changed = asyncio.Event()

    @property
    def known(self) -> bool:
        """Whether anybody is known."""
        return bool(self._people)

    def remember(self, people: Iterable[Person]) -> None:
        """Replaces the whole list; who is not in it is erased. Never waits."""
        self._people = {person.id: person for person in people}
        self._changed.set()

    def forget(self, id_: str) -> None:
        """Erases one person. Never waits; unknown ids are fine."""
        self._people.pop(id_, None)
        self._changed.set()

    async def run(self) -> None:
        """Writes each change; ends when cancelled. A newer list replaces one that still waits."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await asyncio.to_thread(_replace, self._file, tuple(self._people.values()))
                self._tell(None)
            except (sqlite3.Error, OSError) as error:
                self._tell(f"{FILE}: {error}")
                self._changed.set()
                await asyncio.sleep(RETRY_S)

    def _tell(self, trouble: str | None) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._on_trouble(trouble)


def _replace(file: Path, people: tuple[Person, ...]) -> None:
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, FILE_MODE))
    file.chmod(FILE_MODE)
    try:
        _fill(file, people)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        file.unlink()  # a damaged copy is worth nothing: the list is written whole
        _fill(file, people)


def _fill(file: Path, people: tuple[Person, ...]) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("PRAGMA secure_delete=ON")  # overwrites what is erased
        db.execute("CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY, name TEXT, phone TEXT)")
        db.execute("DELETE FROM people")
        rows = [(person.id, person.name, person.phone) for person in people]
        db.executemany("INSERT INTO people VALUES (?, ?, ?)", rows)
