"""Reading and verifying: whatever is done to the rows is found, and reading works beside a daemon and without one."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from achterwacht.errors import JournalError
from achterwacht.journal.files import START, Head, Origin, create_file, row_hash
from achterwacht.journal.opening import open_folder
from achterwacht.journal.reader import read, verify
from achterwacht.journal.writer import Journal

FIRST_YEAR_ROWS, ROWS = 12, 20


def fill(file: Path, origin: Origin, rows: int) -> Head:
    """A file of the year as a daemon leaves it."""
    create_file(file, origin)
    head = origin.head
    with closing(sqlite3.connect(file)) as db, db:
        for n in range(head.n + 1, head.n + rows + 1):
            body = f'{{"fact":{n}}}'
            head = Head(n, row_hash(head, n % 5 == 0, body))
            db.execute("INSERT INTO facts VALUES (?, ?, ?, ?)", (n, n % 5 == 0, body, head.hash))
    return head


@pytest.fixture(scope="module")
def two_years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two years")
    head = fill(folder / "journal-2026.db", Origin("", START), FIRST_YEAR_ROWS)
    fill(folder / "journal-2027.db", Origin("journal-2026.db", head), ROWS - FIRST_YEAR_ROWS)
    return folder


@pytest.fixture
def copied(two_years: Path, tmp_path: Path) -> Path:
    return shutil.copytree(two_years, tmp_path / "copy")


def tamper(folder: Path, n: int, *statements: str) -> None:
    """Changes the file that holds row n as somebody would who may write it: without the triggers."""
    file = folder / ("journal-2026.db" if n <= FIRST_YEAR_ROWS else "journal-2027.db")
    with closing(sqlite3.connect(file)) as db, db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)


RECIPE = Path(__file__).parent.parent / "docs" / "decisions" / "journal.md"


def test_an_outsider_can_check_a_file_with_the_lines_in_the_docs(copied: Path) -> None:
    lines = [line for line in RECIPE.read_text().splitlines() if line.startswith("    ")]
    program = [sys.executable, "-c", textwrap.dedent("\n".join(lines))]
    sound = subprocess.run(program, cwd=copied, capture_output=True, text=True, timeout=20, check=True)
    assert sound.stdout.split() == ["12", list(read(copied))[11].hash]
    tamper(copied, 7, "UPDATE facts SET body = 'calm' WHERE n = 7")
    changed = subprocess.run(program, cwd=copied, capture_output=True, text=True, timeout=20, check=False)
    assert "AssertionError: row 7 was changed" in changed.stderr


def test_an_untouched_journal_is_sound(two_years: Path) -> None:
    verdict = verify(two_years)
    assert verdict.ok
    assert (verdict.rows, verdict.first, verdict.last.n) == (ROWS, 1, ROWS)
    assert verify(two_years, [(row.n, row.hash) for row in read(two_years)]).ok


@pytest.mark.parametrize("after", [0, 1, 7, FIRST_YEAR_ROWS, 13, ROWS, ROWS + 5])
def test_reading_can_start_after_any_row(two_years: Path, after: int) -> None:
    assert [row.n for row in read(two_years, after)] == list(range(after + 1, ROWS + 1))


ROW = st.integers(1, ROWS)
TAMPERINGS: dict[str, Callable[[int], tuple[str, ...]]] = {
    "a body edited": lambda n: (f"UPDATE facts SET body = body || ' ' WHERE n = {n}",),
    "a hash edited": lambda n: (f"UPDATE facts SET hash = '{'0' * 64}' WHERE n = {n}",),
    "a checkpoint turned": lambda n: (f"UPDATE facts SET checkpoint = 1 - checkpoint WHERE n = {n}",),
    "a body emptied": lambda n: (f"UPDATE facts SET body = '' WHERE n = {n}",),
    "a row put before all": lambda n: ("INSERT INTO facts VALUES (-3, 0, 'x', 'x')",),
    "a row put after all": lambda n: ("INSERT INTO facts SELECT max(n) + 1, 0, 'x', 'x' FROM facts",),
    "a row moved away": lambda n: (f"UPDATE facts SET n = n + 1000 WHERE n = {n}",),
    "an origin edited": lambda n: ("UPDATE origin SET n = n + 1",),
    "an origin renamed": lambda n: ("UPDATE origin SET previous = 'journal-2020.db', n = 1",),
    "an origin erased": lambda n: ("DELETE FROM origin",),
    "a table dropped": lambda n: ("DROP TABLE facts",),
}


@settings(deadline=None)  # it reads a disk
@given(what=st.sampled_from(sorted(TAMPERINGS)), n=ROW)
def test_any_change_is_found(two_years: Path, what: str, n: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(two_years, Path(folder) / "copy")
        tamper(copy, n, *TAMPERINGS[what](n))
        if what == "a row moved away" and n == ROWS:
            assert f"row {ROWS + 1000} stands after row {ROWS - 1}" in verify(copy).problems[0]
        assert not verify(copy).ok


@settings(deadline=None)  # it reads a disk
@given(n=st.integers(1, ROWS - 1))
def test_any_gap_is_found(two_years: Path, n: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(two_years, Path(folder) / "copy")
        tamper(copy, n, f"DELETE FROM facts WHERE n = {n}")
        assert not verify(copy).ok


@settings(deadline=None)  # it reads a disk
@given(pair=st.sets(st.integers(1, FIRST_YEAR_ROWS), min_size=2, max_size=2), whole=st.booleans())
def test_any_swap_is_found(two_years: Path, pair: set[int], whole: bool) -> None:
    one, other = pair
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(two_years, Path(folder) / "copy")
        if whole:
            moves = ((one, 900), (other, one), (900, other))
            tamper(copy, one, *(f"UPDATE facts SET n = {to} WHERE n = {n}" for n, to in moves))
        else:
            bodies = f"CASE n WHEN {one} THEN '{{\"fact\":{other}}}' ELSE '{{\"fact\":{one}}}' END"
            tamper(copy, one, f"UPDATE facts SET body = {bodies} WHERE n IN ({one}, {other})")
        assert not verify(copy).ok


@settings(deadline=None)  # it reads a disk
@given(kept=st.integers(0, ROWS - 1))
def test_a_cut_tail_is_found_by_a_head_that_was_kept_elsewhere(two_years: Path, kept: int) -> None:
    last = verify(two_years).last
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(two_years, Path(folder) / "copy")
        if kept < FIRST_YEAR_ROWS:
            (copy / "journal-2027.db").unlink()
        tamper(copy, max(kept, 1), f"DELETE FROM facts WHERE n > {kept}")
        if kept == FIRST_YEAR_ROWS:
            tamper(copy, ROWS, "DELETE FROM facts")
        assert verify(copy).ok
        assert verify(copy, [(last.n, last.hash)]).problems == (
            f"row {ROWS}, whose hash was kept elsewhere, is not here",
        )


def test_a_chain_written_anew_is_found_by_a_head_that_was_kept_elsewhere(two_years: Path, tmp_path: Path) -> None:
    kept = list(read(two_years))[4]
    forged = Origin("", Head(0, "f" * 64))
    fill(tmp_path / "journal-2026.db", forged, FIRST_YEAR_ROWS)
    verdict = verify(tmp_path, [(kept.n, kept.hash)])
    assert "journal-2026.db: row 5 has another hash than the one kept elsewhere" in verdict.problems


def test_what_is_wrong_is_named_with_file_and_row(copied: Path) -> None:
    tamper(copied, 15, "UPDATE facts SET body = 'calm' WHERE n = 15")
    tamper(copied, 12, "DELETE FROM facts WHERE n = 12")
    verdict = verify(copied)
    assert len(verdict.problems) == 2
    assert verdict.problems[0].startswith("journal-2027.db: goes on from row 12 (")
    assert verdict.problems[0].endswith(f"but journal-2026.db ends with row 11 ({list(read(copied))[10].hash[:12]})")
    assert verdict.problems[1] == "journal-2027.db: row 15 was changed: it does not follow from row 14"
    assert [row.n for row in read(copied)] == [*range(1, 12), 13, 14]


def test_a_year_missing_in_the_middle_is_found_and_removed_old_years_are_not_a_fault(copied: Path) -> None:
    fill(copied / "journal-2028.db", Origin("journal-2027.db", verify(copied).last), 3)
    assert verify(copied).ok
    (copied / "journal-2027.db").rename(copied / "gone")
    assert verify(copied).problems == ("journal-2028.db: goes on from journal-2027.db, not from journal-2026.db",)
    (copied / "journal-2026.db").unlink()
    assert verify(copied).ok and verify(copied).first == ROWS + 1


def test_a_file_that_is_no_database_is_named(copied: Path) -> None:
    (copied / "journal-2027.db").write_bytes(b"\xff" * 5000)
    assert verify(copied).problems == ("journal-2027.db: after row 12: file is not a database",)
    assert [row.n for row in read(copied)] == list(range(1, FIRST_YEAR_ROWS + 1))


def test_an_empty_folder_is_sound_and_empty(tmp_path: Path) -> None:
    assert (verify(tmp_path).ok, verify(tmp_path).rows, list(read(tmp_path))) == (True, 0, [])


# What a plain connection is refused


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE facts SET body = 'calm' WHERE n = 15",
        "UPDATE OR REPLACE facts SET n = 16 WHERE n = 15",
        "DELETE FROM facts WHERE n = 20",
        "DELETE FROM facts",
        "INSERT OR REPLACE INTO facts VALUES (20, 0, 'calm', '')",
        "REPLACE INTO facts VALUES (15, 0, 'calm', '')",
        "INSERT INTO facts VALUES (20, 0, 'calm', '') ON CONFLICT (n) DO UPDATE SET body = 'calm'",
        "INSERT INTO facts VALUES (22, 0, 'a gap', '')",
        "INSERT INTO facts VALUES (12, 0, 'before the file', '')",
        "INSERT INTO facts (checkpoint, body, hash) VALUES (0, 'no number', '')",
        "INSERT INTO facts VALUES (21, 0, 'one', ''), (21, 0, 'twice', '')",
        "INSERT OR REPLACE INTO origin VALUES ('', 0, '')",
        "INSERT INTO origin (rowid, previous, n, hash) VALUES (1, '', 0, '') ON CONFLICT DO NOTHING",
        "UPDATE origin SET n = 0",
        "DELETE FROM origin",
    ],
)
def test_the_file_refuses_what_is_not_an_addition(copied: Path, recursive: str, statement: str) -> None:
    with closing(sqlite3.connect(copied / "journal-2027.db", isolation_level=None)) as db:
        db.execute(f"PRAGMA recursive_triggers={recursive}")
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(statement)
    assert verify(copied).ok and verify(copied).rows == ROWS


# Beside a daemon, after one, and as somebody who may not write

AS_NOBODY = """
import os, sys
from pathlib import Path
from achterwacht.journal.reader import read, verify
if os.geteuid() == 0:
    os.setuid(65534)
folder = Path(sys.argv[1])
print([row.body for row in read(folder)], verify(folder).problems)
"""


def read_as_nobody(folder: Path) -> str:
    """Reads in a process without the right to write in the folder or its files."""
    modes = {path: path.stat().st_mode for path in (folder, *folder.iterdir())}
    for path in modes:
        path.chmod(0o555 if path == folder else 0o444)
    try:
        result = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, folder],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    return result.stdout.strip()


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.asyncio
async def test_everybody_with_the_right_to_read_can_read_beside_and_after_a_daemon(open_to_all: Path) -> None:
    durable = asyncio.Event()
    journal = Journal(open_folder(open_to_all, 2026, "x"), lambda n: durable.set(), lambda trouble: None)
    task = asyncio.create_task(journal.run())
    journal.append(["a", "b"])
    async with asyncio.timeout(20):
        await durable.wait()
    assert [row.body for row in read(open_to_all)] == ["a", "b"]
    assert await asyncio.to_thread(read_as_nobody, open_to_all) == "['a', 'b'] ()"
    journal.append(["c"])
    task.cancel()
    await asyncio.wait({task})
    assert journal.clean
    assert await asyncio.to_thread(read_as_nobody, open_to_all) == "['a', 'b', 'c'] ()"
    assert [row.body for row in read(open_to_all)] == ["a", "b", "c"]


@pytest.mark.asyncio
async def test_a_reader_that_stops_in_the_middle_hinders_nobody(tmp_path: Path) -> None:
    durable = asyncio.Event()
    journal = Journal(open_folder(tmp_path, 2026, "x"), lambda n: durable.set(), lambda trouble: None)
    task = asyncio.create_task(journal.run())
    journal.append(["a", "b"])
    async with asyncio.timeout(20):
        await durable.wait()
        rows = read(tmp_path)
        assert next(rows).body == "a"
        durable.clear()
        journal.append(["c"])
        await durable.wait()
    assert [row.body for row in rows] == ["b", "c"]
    with closing(sqlite3.connect(tmp_path / "journal-2026.db")) as db:
        (busy, waiting, moved) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert (busy, waiting, moved) == (0, 0, 0)
    task.cancel()
    await asyncio.wait({task})


def test_a_file_that_cannot_be_reached_is_said_and_not_taken_for_empty(two_years: Path, tmp_path: Path) -> None:
    (tmp_path / "journal-2026.db").mkdir()
    with pytest.raises(JournalError, match=r"journal-2026\.db cannot be read: "):
        list(read(tmp_path))
    assert not verify(tmp_path).ok
