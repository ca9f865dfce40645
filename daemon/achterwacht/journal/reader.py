"""Reads and verifies the whole journal, over all its files; for the command line, beside a daemon or without one.

Never writes, and never raises for damage: `read` leaves out what does not hold, `verify` names it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from achterwacht.errors import JournalError
from achterwacht.journal.files import (
    START,
    Head,
    Origin,
    Row,
    is_aside,
    is_damage,
    journal_files,
    origin_of,
    reading,
    rows_of,
)

# More would not help the person who reads them; the first ones tell where to look.
PROBLEMS_MAX = 100


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found. `first` to `last.n` is what the files hold; older files may have been removed."""

    files: tuple[str, ...]
    rows: int
    first: int
    last: Head
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def read(folder: Path, after: int = 0) -> Iterator[Row]:
    """All rows after row `after`, over all files in order; of each file as far as its chain holds.

    Damage is left out: `verify` names it. Raises JournalError when a file is there but cannot be reached, such
    as for want of rights.
    """
    files = journal_files(folder)
    for file, end in zip_longest(files, map(_start_of, files[1:])):  # the last file has no end
        try:
            with reading(file) as db:
                head = origin_of(db).head
                if after > head.n:
                    newest = "SELECT n, hash FROM facts WHERE n <= ? ORDER BY n DESC LIMIT 1"
                    head = next((Head(*found) for found in db.execute(newest, (after,))), head)
                for row in rows_of(db, head.n):
                    if not row.follows(head) or (end is not None and row.n > end.n):
                        break
                    yield row
                    head = row.head
        except (sqlite3.Error, JournalError) as error:
            if not is_damage(error):
                raise JournalError(f"{file} cannot be read: {error}") from error


def _start_of(file: Path) -> Head | None:
    try:
        with reading(file) as db:
            return origin_of(db).head
    except (sqlite3.Error, JournalError):
        return None


def verify(folder: Path, heads: Iterable[tuple[int, str]] = ()) -> Verdict:
    """Recomputes the whole chain and names every change, gap and reordering inside it; never raises.

    `heads`: (n, hash) pairs that were kept elsewhere (retained daemon status, dashboard). Only they can show
    that the newest rows were cut off, or that somebody wrote the whole chain anew.
    """
    files = journal_files(folder)
    expected: dict[int, set[str]] = {}
    for n, hash_ in heads:
        expected.setdefault(n, set()).add(hash_)
    walk = _Walk(expected)
    for file in files:
        walk.file(file)
    for n in sorted(expected):
        walk.problem(f"row {n}, whose hash was kept elsewhere, is not here")
    names = tuple(file.name for file in files)
    return Verdict(names, walk.rows, walk.first, walk.last, tuple(walk.problems))


class _Walk:
    """One pass of `verify` over the files, oldest first; takes the heads that it meets out of `expected`."""

    def __init__(self, expected: dict[int, set[str]]) -> None:
        self.expected = expected
        self.problems: list[str] = []
        self.rows = 0
        self.first = 0
        self.last = START
        self.before: str | None = None  # the name of the file before this one

    def problem(self, text: str) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(text)

    def file(self, file: Path) -> None:
        try:
            with reading(file) as db:
                self._origin(file, origin_of(db))
                for row in rows_of(db):
                    if is_aside(file) and not row.follows(self.last):
                        break
                    self._row(file, row)
        except (sqlite3.Error, JournalError) as error:
            self.problem(f"{file.name}: after row {self.last.n}: {error}")
        if is_aside(file):
            self.problem(f"{file.name}: damaged and moved aside; readable to row {self.last.n}")
        self.before = file.name

    def _origin(self, file: Path, origin: Origin) -> None:
        if self.before is None:
            if not origin.previous and origin.head != START:
                self.problem(f"{file.name}: names no file before it, but starts after row {origin.head.n}")
        elif origin.previous != self.before:
            self.problem(f"{file.name}: goes on from {origin.previous or 'nothing'}, not from {self.before}")
        elif origin.head != self.last:
            self.problem(
                f"{file.name}: goes on from row {origin.head.n} ({origin.head.hash[:12]}), "
                f"but {self.before} ends with row {self.last.n} ({self.last.hash[:12]})"
            )
        self.last = origin.head

    def _row(self, file: Path, row: Row) -> None:
        if row.n != self.last.n + 1:
            self.problem(f"{file.name}: row {row.n} stands after row {self.last.n}: rows between are missing")
        elif not row.follows(self.last):
            self.problem(f"{file.name}: row {row.n} was changed: it does not follow from row {self.last.n}")
        for hash_ in self.expected.pop(row.n, ()):
            if hash_ != row.hash:
                self.problem(f"{file.name}: row {row.n} has another hash than the one kept elsewhere")
        self.first = self.first or row.n
        self.rows += 1
        self.last = row.head
