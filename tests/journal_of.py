"""A journal on disk, as a daemon would have left it with these lines: for tests of who reads it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from achterwacht.journal.files import START, Head, Origin, create_file, row_hash


def write_journal(folder: Path, lines: Sequence[str], name: str = "journal-2026.db") -> Head:
    """One file with these lines; those that it has already stay. Returns its head."""
    create_file(folder / name, Origin("", START))
    with closing(sqlite3.connect(folder / name)) as db, db:
        found = db.execute("SELECT n, hash FROM facts ORDER BY n DESC LIMIT 1").fetchone()
        head = Head(*found) if found else START
        for n, line in enumerate(lines[head.n :], head.n + 1):
            head = Head(n, row_hash(head, False, line))
            db.execute("INSERT INTO facts VALUES (?, 0, ?, ?)", (n, line, head.hash))
    return head
