"""The journal's files: names, tables, the hash chain, and how one file is made, read and moved aside.

Reads with or without a running daemon, also as a user who may not write. Leaves adding rows to `writer.py`,
what a start needs to `opening.py`, reading over all files to `reader.py`.

The chain: a row's hash is the SHA-256, in hex, of the UTF-8 text

    <hash of the row before>\\n<n>\\n<checkpoint, 0 or 1>\\n<body>

The row before the first row of a file stands in that file's table `origin` (file name, n, hash); before the
very first row of all it is n = 0 with GENESIS. `docs/decisions/journal.md` checks a file in ten lines.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from achterwacht.errors import ChainBroken, JournalError

GENESIS = "0" * 64

# Readers take rows in short reads: a long read transaction would make the daemon's -wal file grow.
READ_ROWS = 1000

# A reader waits for a lock only during the daemon's own recovery at start, which takes milliseconds.
BUSY_WAIT_S = 0.5

# SQLite's smallest number: a reader starts here, so that nothing hides before row 1.
LOWEST = -(2**63)

FILE_MODE = 0o640  # the group may read (the command line), nobody else

_NAME = re.compile(r"journal-(?P<year>\d{4})\.db(?:\.corrupt-(?P<stamp>[\w+]+))?")

# RAISE(ABORT) in the insert trigger also stops INSERT OR REPLACE, which never fires a delete trigger.
_SCHEMA = """
CREATE TABLE origin (previous TEXT NOT NULL, n INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE TABLE facts (
    n INTEGER PRIMARY KEY, checkpoint INTEGER NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE TRIGGER facts_follow BEFORE INSERT ON facts
    WHEN NEW.n <> 1 + coalesce((SELECT max(n) FROM facts), (SELECT n FROM origin))
    BEGIN SELECT RAISE(ABORT, 'facts are only added, one after the other'); END;
CREATE TRIGGER facts_stay_unchanged BEFORE UPDATE ON facts
    BEGIN SELECT RAISE(ABORT, 'facts are never changed'); END;
CREATE TRIGGER facts_stay BEFORE DELETE ON facts
    BEGIN SELECT RAISE(ABORT, 'facts are never deleted'); END;
CREATE TRIGGER origin_once BEFORE INSERT ON origin WHEN EXISTS (SELECT 1 FROM origin)
    BEGIN SELECT RAISE(ABORT, 'a file has one origin'); END;
CREATE TRIGGER origin_stays_unchanged BEFORE UPDATE ON origin
    BEGIN SELECT RAISE(ABORT, 'the origin is never changed'); END;
CREATE TRIGGER origin_stays BEFORE DELETE ON origin
    BEGIN SELECT RAISE(ABORT, 'the origin is never deleted'); END;
"""


@dataclass(frozen=True, slots=True)
class Head:
    """A place in the chain: a row's number and hash."""

    n: int
    hash: str


START = Head(0, GENESIS)


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands on disk; `body` is the caller's canonical JSON."""

    n: int
    checkpoint: bool
    body: str
    hash: str

    @property
    def head(self) -> Head:
        return Head(self.n, self.hash)

    def follows(self, head: Head) -> bool:
        """Whether this row is the next one after `head`, unchanged."""
        return self.n == head.n + 1 and self.hash == row_hash(head, self.checkpoint, self.body)


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file goes on from: the name of the file before it ("" for the first) and the row before it."""

    previous: str
    head: Head


@dataclass(frozen=True, slots=True)
class Tail:
    """The newest rows of one file: from its newest checkpoint on, or all when it has none.

    With a `problem`, they are the end of the prefix that could be read and whose chain holds.
    """

    origin: Origin | None
    rows: list[Row]
    head: Head | None
    problem: str | None


def row_hash(before: Head, checkpoint: bool, body: str) -> str:
    """The hash of the row after `before`; the recipe stands at the top of this module."""
    return hashlib.sha256(f"{before.hash}\n{before.n + 1}\n{checkpoint:d}\n{body}".encode()).hexdigest()


def is_damage(error: Exception) -> bool:
    """Whether the file itself is bad, so that waiting would not mend it; else it only cannot be reached now."""
    if isinstance(error, ChainBroken):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    # The low byte is the class of an extended code; ERROR is a missing table.
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


# Files


def file_name(year: int) -> str:
    return f"journal-{year:04d}.db"


def file_year(name: str) -> int:
    return int(_NAME.fullmatch(name)["year"])  # type: ignore[index]  # only names of journal_files come here


def is_aside(file: Path) -> bool:
    """Whether the file was found damaged once and moved aside."""
    return ".corrupt-" in file.name


def journal_files(folder: Path) -> list[Path]:
    """All journal files, in the order of the chain: by year, and the ones moved aside before the live one."""

    def order(file: Path) -> tuple[int, bool, str]:
        return file_year(file.name), not is_aside(file), file.name

    return sorted((file for file in folder.glob("journal-*") if _NAME.fullmatch(file.name)), key=order)


def create_file(file: Path, origin: Origin) -> None:
    """Makes the file, if it does not exist, whole or not at all: under another name first, then renamed.

    Raises OSError or sqlite3.Error. Waits for the disk: call it in a thread.
    """
    if file.exists():
        return
    making = _beside(file, ".new")
    for leftover in (making, _beside(making, "-journal"), _beside(file, "-wal"), _beside(file, "-shm")):
        leftover.unlink(missing_ok=True)  # of a creation or a move aside that was cut short
    os.close(os.open(making, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
    making.chmod(FILE_MODE)  # whatever the umask; -wal and -shm take the same mode
    with closing(sqlite3.connect(making, isolation_level=None)) as db:
        db.executescript(f"PRAGMA synchronous=FULL; BEGIN; {_SCHEMA} COMMIT;")
        db.execute("INSERT INTO origin VALUES (?, ?, ?)", (origin.previous, origin.head.n, origin.head.hash))
        db.execute("PRAGMA journal_mode=WAL")  # written in the file: it holds for every later connection
    making.rename(file)
    sync_folder(file.parent)


def move_aside(file: Path, stamp: str) -> Path:
    """Gives a damaged file, with its -wal, a name that says so, and returns that path.

    `stamp`: a UTC time such as 20261121T130233Z. The name sorts after earlier ones of its year even when the
    clock stood still. The -wal gets its new name first: a move cut short loses nothing. Raises OSError.
    """
    aside = _beside(file, f".corrupt-{stamp}")
    earlier = [other.name for other in journal_files(file.parent) if other.name.startswith(f"{file.name}.c")]
    if earlier and aside.name <= earlier[-1]:
        aside = file.with_name(f"{earlier[-1]}+")
    wal, aside_wal = _beside(file, "-wal"), _beside(aside, "-wal")
    aside_wal.unlink(missing_ok=True)
    if wal.exists():
        os.link(wal, aside_wal)
    file.rename(aside)
    wal.unlink(missing_ok=True)
    _beside(file, "-shm").unlink(missing_ok=True)  # an index of the -wal: SQLite makes it anew
    return aside


def sync_folder(folder: Path) -> None:
    """Makes new names in the folder survive a power cut."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)


# Reading


@contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection, with or without a running daemon. Raises sqlite3.Error.

    A WAL database without its -wal and -shm (after a clean stop) cannot be opened by somebody who may not
    create them; it does not change then either, so it is read as immutable (sqlite.org/wal.html, 5).
    """
    uri = file.absolute().as_uri()
    db = sqlite3.connect(f"{uri}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_WAIT_S)
    try:
        try:
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # the first read opens -wal and -shm
        except sqlite3.OperationalError:
            wal = _beside(file, "-wal")
            if not file.exists() or (wal.exists() and wal.stat().st_size > 0):
                raise
            db.close()
            db = sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None)
        yield db
    finally:
        db.close()


def origin_of(db: sqlite3.Connection) -> Origin:
    found = db.execute("SELECT previous, n, hash FROM origin").fetchall()
    if len(found) != 1:
        raise ChainBroken("its table origin must hold one row")
    previous, n, hash_ = found[0]
    return Origin(previous, Head(n, hash_))


def rows_of(db: sqlite3.Connection, after: int = LOWEST) -> Iterator[Row]:
    """The rows after row `after`, in order, in short reads; those before a damaged page come before its error."""
    query = "SELECT n, checkpoint, body, hash FROM facts WHERE n > ? ORDER BY n LIMIT ?"
    while True:
        found: list[Row] = []
        damage: sqlite3.Error | None = None
        try:
            for n, checkpoint, body, hash_ in db.execute(query, (after, READ_ROWS)):
                found.append(Row(n, bool(checkpoint), body, hash_))
        except sqlite3.Error as error:
            damage = error
        yield from found
        if damage is not None:
            raise damage
        if not found:
            return
        after = found[-1].n


def read_tail(file: Path) -> Tail:
    """Reads the newest rows of a file backwards, which is quick however long the file is; never raises."""
    try:
        with reading(file) as db:
            origin = origin_of(db)
            rows: list[Row] = []
            head = origin.head
            for n, checkpoint, body, hash_ in db.execute("SELECT n, checkpoint, body, hash FROM facts ORDER BY n DESC"):
                if rows and rows[-1].checkpoint:
                    head = Head(n, hash_)
                    break
                rows.append(Row(n, bool(checkpoint), body, hash_))
            rows.reverse()
            for row in rows:
                if not row.follows(head):
                    raise ChainBroken(f"row {row.n} does not follow from row {head.n}")
                head = row.head
            return Tail(origin, rows, head, None)
    except (sqlite3.Error, OSError, JournalError) as error:
        return _readable_prefix(file, str(error))


def _readable_prefix(file: Path, problem: str) -> Tail:
    origin: Origin | None = None
    head: Head | None = None
    rows: list[Row] = []
    try:
        with reading(file) as db:
            origin = origin_of(db)
            head = origin.head
            for row in rows_of(db):
                if not row.follows(head):
                    break
                if row.checkpoint:
                    rows.clear()
                rows.append(row)
                head = row.head
    except (sqlite3.Error, OSError, JournalError):
        pass  # what was read until here is the prefix
    return Tail(origin, rows, head, problem)
