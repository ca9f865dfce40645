"""The writer: numbers at once, durable in groups, and a disk that is slow, broken, full, damaged or locked."""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

import journal_child
from achterwacht.errors import StateLocked
from achterwacht.journal import opening, writer
from achterwacht.journal.opening import Opened, open_folder, state_lock
from achterwacht.journal.reader import read, verify
from achterwacht.journal.writer import NEVER, Journal

STAMP = "20261121T130233Z"
LOSING = "too many facts wait for the disk, newer ones are lost"
WAIT_S = 20.0  # no test waits this long: it is what a broken one costs


class Told:
    """What a journal told its caller."""

    def __init__(self) -> None:
        self.durable: list[int] = []
        self.trouble: list[str | None] = []
        self._news = asyncio.Event()

    def on_durable(self, n: int) -> None:
        self.durable.append(n)
        self._news.set()

    def on_trouble(self, trouble: str | None) -> None:
        self.trouble.append(trouble)
        self._news.set()

    async def until(self, happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not happened():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def running(folder: Path, opened: Opened | None = None) -> AsyncIterator[tuple[Journal, Told]]:
    told = Told()
    journal = Journal(opened or open_folder(folder, 2026, STAMP), told.on_durable, told.on_trouble)
    task = asyncio.create_task(journal.run())
    await asyncio.sleep(0)  # one turn: a task that is cancelled before its first never runs
    try:
        yield journal, told
    finally:
        task.cancel()
        await asyncio.wait({task})


async def written(folder: Path, *bodies: str, checkpoint: bool = False) -> None:
    """One run of a daemon that appends the bodies and stops cleanly."""
    async with running(folder) as (journal, _):
        journal.append(bodies, checkpoint)
    assert journal.clean


class Disk:
    """Stands between the journal and SQLite: counts the commits, holds them, or fails them."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self._commits: queue.Queue[int] = queue.Queue()
        self.settings: list[object] = []
        self.error: sqlite3.Error | None = None
        self.free = threading.Event()
        self.free.set()

    async def started(self) -> None:
        """A commit has begun."""
        await asyncio.to_thread(self._commits.get, timeout=WAIT_S)

    def commit(self, rows: int) -> None:
        self.groups.append(rows)
        self._commits.put(rows)
        self.free.wait(WAIT_S)
        if self.error is not None:
            raise self.error


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk = Disk()

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
            if sql.startswith("INSERT INTO facts"):
                pragmas = ("synchronous", "journal_mode")
                disk.settings = [super(Connection, self).execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
                disk.commit(len(parameters) // 4)
            return super().execute(sql, parameters)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, factory=Connection, **options))
    yield disk
    disk.free.set()


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def child(what: str, folder: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, journal_child.__file__, what, folder],
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        **options,
    )


# Numbers, groups, files


@pytest.mark.asyncio
async def test_numbers_are_given_at_once_and_rows_become_durable_in_order(tmp_path: Path) -> None:
    async with running(tmp_path) as (journal, told):
        assert journal.append(["a"]) == 1
        assert journal.append(["b", "c"]) == 3
        assert (journal.durable_n, journal.last_n) == (0, 3)
        await told.until(lambda: journal.durable_n == 3)
    rows = list(read(tmp_path))
    assert [(row.n, row.body) for row in rows] == [(1, "a"), (2, "b"), (3, "c")]
    assert journal.head == rows[-1].hash
    assert told.durable[-1] == 3 and told.durable == sorted(told.durable)
    assert told.trouble == []


@pytest.mark.asyncio
async def test_what_waits_while_the_disk_works_is_one_commit(tmp_path: Path, disk: Disk) -> None:
    async with running(tmp_path) as (journal, told):
        disk.free.clear()
        journal.append(["first"])
        await disk.started()
        for i in range(100):
            journal.append([f"{i}"])
        disk.free.set()
        await told.until(lambda: journal.durable_n == 101)
    assert disk.groups == [1, 100]
    assert told.durable == [1, 101]
    assert disk.settings == [2, "wal"]  # 2 is FULL: each commit reaches the disk before it is called durable


@pytest.mark.asyncio
async def test_a_large_burst_is_written_in_bounded_groups(tmp_path: Path, disk: Disk) -> None:
    count = 2 * writer.GROUP_ROWS + 7
    async with running(tmp_path) as (journal, told):
        journal.append([f"{i}" for i in range(count)])
        await told.until(lambda: journal.durable_n == count)
    assert disk.groups == [writer.GROUP_ROWS, writer.GROUP_ROWS, 7]
    assert [row.body for row in read(tmp_path)] == [f"{i}" for i in range(count)]


@pytest.mark.asyncio
async def test_any_text_survives_the_disk(tmp_path: Path) -> None:
    bodies = ['{"naam":"Zoë 🚨"}', "", "line\nbreak", "nul\0inside", '{"odd":"\ud83d"}']
    await written(tmp_path, *bodies)
    assert [row.body for row in read(tmp_path)] == [*bodies[:-1], '{"odd":"\\ud83d"}']
    assert verify(tmp_path).ok


@pytest.mark.asyncio
@pytest.mark.parametrize("umask", [0o000, 0o077])
async def test_only_owner_and_group_may_read_whatever_the_umask(
    tmp_path: Path, umask: int, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(partial(os.umask, os.umask(umask)))
    async with running(tmp_path) as (journal, told):
        journal.append(["a"])
        await told.until(lambda: journal.durable_n == 1)
        modes = {file.name: file.stat().st_mode & 0o777 for file in files(tmp_path)}
    assert modes == dict.fromkeys(["journal-2026.db", "journal-2026.db-wal", "journal-2026.db-shm"], 0o640)


@pytest.mark.asyncio
async def test_a_start_reads_from_the_newest_checkpoint_and_goes_on(tmp_path: Path) -> None:
    assert open_folder(tmp_path, 2026, STAMP).fresh
    await written(tmp_path, "a", "b")
    assert [row.body for row in open_folder(tmp_path, 2026, STAMP).rows] == ["a", "b"]
    await written(tmp_path, "c", checkpoint=True)
    await written(tmp_path, "d")
    opened = open_folder(tmp_path, 2027, STAMP)
    assert [(row.n, row.body, row.checkpoint) for row in opened.rows] == [(3, "c", True), (4, "d", False)]
    assert (opened.head.n, opened.file, opened.fresh, opened.corrupt) == (4, "journal-2026.db", False, None)
    assert verify(tmp_path).ok


@pytest.mark.asyncio
async def test_rows_found_at_a_start_count_as_durable_once_the_disk_has_answered(tmp_path: Path) -> None:
    await written(tmp_path, "a", "b")
    async with running(tmp_path) as (journal, told):
        assert (journal.durable_n, journal.last_n) == (0, 2)
        await told.until(lambda: told.durable == [2])
        assert journal.head == open_folder(tmp_path, 2026, STAMP).head.hash


@pytest.mark.asyncio
async def test_a_new_year_starts_a_file_that_goes_on_from_the_old_one(tmp_path: Path) -> None:
    await written(tmp_path, "old")
    opened = open_folder(tmp_path, 2026, STAMP)
    async with running(tmp_path, opened) as (journal, _):
        journal.append(["late"])
        assert not journal.roll(2026)
        assert journal.roll(2027)
        assert journal.append(["state"], checkpoint=True) == 3
        journal.append(["new"])
    assert journal.clean
    verdict = verify(tmp_path)
    assert (verdict.problems, verdict.files, verdict.rows) == ((), ("journal-2026.db", "journal-2027.db"), 4)
    reopened = open_folder(tmp_path, 2027, STAMP)
    assert [row.body for row in reopened.rows] == ["state", "new"]
    assert reopened.file == "journal-2027.db"
    (tmp_path / "journal-2026.db").unlink()
    assert [row.body for row in open_folder(tmp_path, 2027, STAMP).rows] == ["state", "new"]
    assert verify(tmp_path).ok and verify(tmp_path).first == 3


@pytest.mark.asyncio
async def test_a_year_that_begins_before_the_first_answer_of_the_disk_keeps_the_order(tmp_path: Path) -> None:
    await written(tmp_path, "old")
    async with running(tmp_path) as (journal, _):
        journal.roll(2027)
        journal.append(["new"])
    assert verify(tmp_path).problems == ()
    assert [row.body for row in open_folder(tmp_path, 2027, STAMP).rows] == ["old", "new"]


@pytest.mark.asyncio
async def test_leftovers_of_a_making_or_a_move_that_was_cut_short_do_no_harm(tmp_path: Path) -> None:
    async with running(tmp_path) as (journal, told):
        journal.append(["another life"])
        await told.until(lambda: journal.durable_n == 1)
        wal = (tmp_path / "journal-2026.db-wal").read_bytes()
    (tmp_path / "journal-2026.db").unlink()
    (tmp_path / "journal-2026.db-wal").write_bytes(wal)
    (tmp_path / "journal-2026.db.new").write_bytes(b"half")
    await written(tmp_path, "a")
    assert verify(tmp_path).problems == ()
    assert [row.body for row in read(tmp_path)] == ["a"]
    assert not (tmp_path / "journal-2026.db.new").exists()


# The disk fails


@pytest.mark.asyncio
async def test_a_failing_disk_is_told_and_everything_is_written_when_it_is_back(tmp_path: Path, disk: Disk) -> None:
    async with running(tmp_path) as (journal, told):
        disk.error = sqlite3.OperationalError("disk I/O error")
        journal.append(["a"])
        await told.until(lambda: journal.trouble is not None)
        assert told.trouble == ["journal-2026.db: disk I/O error"]
        assert journal.append(["b"]) == 2
        assert journal.durable_n == 0
        disk.error = None
        await told.until(lambda: journal.durable_n == 2)
    assert told.trouble[1:] == [None]
    assert [row.body for row in read(tmp_path)] == ["a", "b"]


@pytest.mark.asyncio
@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_CORRUPT])
async def test_rows_of_a_commit_that_failed_after_writing_are_not_there_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    execute, synced = aiosqlite.Connection.execute, []

    async def written_but_failed(self: aiosqlite.Connection, sql: str, *parameters: Any) -> aiosqlite.Cursor:
        cursor = await execute(self, sql, *parameters)
        if sql.startswith("INSERT INTO facts"):
            monkeypatch.setattr(aiosqlite.Connection, "execute", execute)
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = code
            raise error
        return cursor

    fetchall = aiosqlite.Connection.execute_fetchall

    def fetched(self: aiosqlite.Connection, sql: str, *parameters: Any) -> Any:
        synced.append(sql)
        return fetchall(self, sql, *parameters)

    monkeypatch.setattr(aiosqlite.Connection, "execute", written_but_failed)
    monkeypatch.setattr(aiosqlite.Connection, "execute_fetchall", fetched)
    async with running(tmp_path) as (journal, told):
        journal.append(["a", "b"])
        await told.until(lambda: journal.durable_n == 2)
    # A failed fsync is not taken for one that worked; a damaged file is not written on.
    assert ("PRAGMA wal_checkpoint(FULL)" in synced) == (code == sqlite3.SQLITE_IOERR_FSYNC)
    assert told.durable == [2]
    assert [row.body for row in read(tmp_path)] == ["a", "b"]
    opened = open_folder(tmp_path, 2026, STAMP)
    assert ([row.body for row in opened.rows], opened.corrupt) == (["a", "b"], None)


@pytest.mark.asyncio
async def test_a_hanging_disk_is_told_while_it_hangs(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SLOW_S", 0.05)
    async with running(tmp_path) as (journal, told):
        disk.free.clear()
        journal.append(["a"])
        await told.until(lambda: journal.trouble is not None)
        assert told.trouble == ["journal-2026.db: the disk has not answered for 0.05 s"]
        assert journal.durable_n == 0
        disk.free.set()
        await told.until(lambda: journal.durable_n == 1)
    assert told.trouble[1:] == [None]


@pytest.mark.asyncio
async def test_a_stop_is_bounded_when_the_disk_hangs(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CLOSE_S", 0.05)
    async with asyncio.timeout(WAIT_S / 2):
        async with running(tmp_path) as (journal, _):
            disk.free.clear()
            journal.append(["a"])
            await disk.started()
    assert not journal.clean
    assert asyncio.all_tasks() == {asyncio.current_task()}
    disk.free.set()
    for thread in threading.enumerate():
        if "connection" in thread.name:  # aiosqlite's
            await asyncio.to_thread(thread.join, WAIT_S)
    assert [row.body for row in read(tmp_path)] == ["a"]  # the disk took it in the end


@pytest.mark.asyncio
async def test_after_a_loss_nothing_is_kept_until_a_checkpoint_holds_it_all(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PENDING_MAX", 3)
    async with running(tmp_path) as (journal, told):
        disk.free.clear()
        assert journal.append(["a", "b"]) == 2
        assert journal.append(["c", "d"]) == NEVER
        assert journal.append(["there is room for one, but it speaks of c"]) == NEVER
        assert (journal.lost, journal.last_n) == (3, 2)
        assert journal.trouble == LOSING
        disk.free.set()
        await told.until(lambda: None in told.trouble)
        assert journal.lost == 3  # which asks for a checkpoint
        assert journal.append(["all of it"], checkpoint=True) == 3
        assert journal.lost == 0
        assert journal.append(["e"]) == 4
        await told.until(lambda: journal.durable_n == 4)
    assert [row.body for row in read(tmp_path)] == ["a", "b", "all of it", "e"]
    assert told.trouble == [LOSING, None]


@pytest.mark.asyncio
async def test_a_checkpoint_that_does_not_fit_ends_no_loss(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PENDING_MAX", 2)
    async with running(tmp_path) as (journal, told):
        disk.free.clear()
        journal.append(["a", "b"])
        assert journal.append(["c"]) == NEVER
        assert journal.append(["all of it"], checkpoint=True) == NEVER
        assert journal.lost == 2
        disk.free.set()
        await told.until(lambda: None in told.trouble)
        assert journal.append(["all of it"], checkpoint=True) == 3
        await told.until(lambda: journal.durable_n == 3)


@pytest.mark.asyncio
async def test_what_is_lost_before_the_checkpoint_comes_is_told_and_held_by_it(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PENDING_MAX", 1)
    async with running(tmp_path) as (journal, told):
        disk.free.clear()
        journal.append(["a"])
        journal.append(["b"])
        disk.free.set()
        await told.until(lambda: None in told.trouble)
        assert journal.append(["c"]) == NEVER
        await told.until(lambda: told.trouble == [LOSING, None, LOSING])
        assert journal.append(["all of it"], checkpoint=True) == 2
        await told.until(lambda: told.trouble == [LOSING, None, LOSING, None])
        await told.until(lambda: journal.durable_n == 2)
    assert [row.body for row in read(tmp_path)] == ["a", "all of it"]


@pytest.mark.asyncio
async def test_an_error_of_a_listener_is_told_as_itself_and_not_as_the_disks(tmp_path: Path) -> None:
    raised: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context["exception"]))
    told = Told()

    def stumble(n: int) -> None:
        told.on_durable(n)
        raise ZeroDivisionError(f"over {n}")

    journal = Journal(open_folder(tmp_path, 2026, STAMP), stumble, told.on_trouble)
    task = asyncio.create_task(journal.run())
    for n in (1, 2):
        journal.append(["a"])
        await told.until(lambda n=n: told.durable[-1:] == [n])  # type: ignore[misc]
    task.cancel()
    await asyncio.wait({task})
    assert journal.clean
    assert [str(error) for error in raised] == ["over 1", "over 2"]
    assert told.trouble == []


@pytest.mark.asyncio
async def test_a_missing_folder_is_trouble_and_not_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "not mounted"
    async with running(folder) as (journal, told):
        assert journal.append(["a"]) == 1
        await told.until(lambda: journal.trouble is not None)
        folder.mkdir()
        await told.until(lambda: journal.durable_n == 1)
    assert [row.body for row in read(folder)] == ["a"]


@pytest.mark.asyncio
async def test_a_file_that_turns_bad_while_running_is_replaced(tmp_path: Path, disk: Disk) -> None:
    async with running(tmp_path) as (journal, told):
        journal.append(["a", "b"])
        await told.until(lambda: journal.durable_n == 2)
        disk.error = sqlite3.DatabaseError("database disk image is malformed")
        disk.error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        journal.append(["c"])
        await told.until(lambda: journal.trouble is not None)
        disk.error = None
        await told.until(lambda: journal.durable_n == 3)
    assert [row.body for row in open_folder(tmp_path, 2026, STAMP).rows] == ["a", "b", "c"]
    assert verify(tmp_path).problems == (
        f"journal-2026.db.corrupt-{STAMP}: damaged and moved aside; readable to row 2",
    )


@pytest.mark.asyncio
async def test_another_file_in_its_place_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    await written(tmp_path / "a", "a1")
    await written(tmp_path / "b", "b1", "b2", "b3")
    opened = open_folder(tmp_path / "a", 2026, STAMP)
    (tmp_path / "b" / "journal-2026.db").replace(tmp_path / "a" / "journal-2026.db")
    async with running(tmp_path / "a", opened) as (journal, told):
        journal.append(["a2"])
        await told.until(lambda: journal.durable_n == 2)
    assert told.trouble == ["journal-2026.db: the file is not the one that was written last", None]
    assert [file.name for file in sorted((tmp_path / "a").glob("*.db*"))] == [
        "journal-2026.db",
        f"journal-2026.db.corrupt-{STAMP}",
    ]
    assert [row.body for row in open_folder(tmp_path / "a", 2026, STAMP).rows] == ["a2"]


@pytest.mark.asyncio
async def test_an_older_copy_put_back_while_running_is_set_aside(tmp_path: Path, disk: Disk) -> None:
    await written(tmp_path, "a")
    older = (tmp_path / "journal-2026.db").read_bytes()
    async with running(tmp_path) as (journal, told):
        journal.append(["b"])
        await told.until(lambda: journal.durable_n == 2)
        disk.error = sqlite3.OperationalError("disk I/O error")
        journal.append(["c"])
        await told.until(lambda: journal.trouble is not None)
        (tmp_path / "journal-2026.db").write_bytes(older)
        disk.error = None
        await told.until(lambda: journal.durable_n == 3)
    assert told.durable == [1, 2, 3]
    assert "journal-2026.db: the file is not the one that was written last" in told.trouble
    assert verify(tmp_path).last == open_folder(tmp_path, 2026, STAMP).head
    assert "goes on from row 2" in verify(tmp_path).problems[-1]


@pytest.mark.asyncio
async def test_trouble_ends_when_the_disk_is_back_even_with_nothing_to_write(tmp_path: Path) -> None:
    folder = tmp_path / "not mounted"
    async with running(folder) as (journal, told):
        await told.until(lambda: journal.trouble is not None)
        folder.mkdir()
        await told.until(lambda: journal.trouble is None)
    assert journal.clean and (folder / "journal-2026.db").exists()


def test_a_folder_that_cannot_be_listed_is_said_and_does_not_stop_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(folder: Path) -> list[Path]:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(opening, "journal_files", dead)
    opened = open_folder(tmp_path, 2026, STAMP)
    assert (opened.rows, opened.fresh) == ((), True)
    assert opened.corrupt == f"{tmp_path} cannot be read: [Errno 5] Input/output error"


# Damage found at a start


def _garbage_header(file: Path) -> None:
    file.write_bytes(b"\xff" * 200 + file.read_bytes()[200:])


def _flipped_byte_in_the_middle(file: Path) -> None:
    content = bytearray(file.read_bytes())
    middle = content.index(b"fact number 00250")
    content[middle] ^= 0x20
    file.write_bytes(content)


def _broken_page_in_the_middle(file: Path) -> None:
    content = bytearray(file.read_bytes())
    page = content.index(b"fact number 00250") // 4096 * 4096
    content[page : page + 4096] = b"\xa5" * 4096
    file.write_bytes(content)


def _half_of_it(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2 // 4096 * 4096 + 100])


def _nothing(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("damage", "least", "most"),
    [
        (_garbage_header, 0, 0),
        (_flipped_byte_in_the_middle, 249, 249),
        (_broken_page_in_the_middle, 200, 249),
        (_half_of_it, 0, 499),
        (_nothing, 0, 0),
    ],
)
async def test_a_damaged_file_is_set_aside_and_its_prefix_goes_on(
    tmp_path: Path, damage: Callable[[Path], None], least: int, most: int
) -> None:
    bodies = [f"fact number {n:05}" for n in range(1, 501)]
    await written(tmp_path, *bodies)
    damage(tmp_path / "journal-2026.db")
    opened = open_folder(tmp_path, 2026, STAMP)
    kept = opened.head.n
    assert least <= kept <= most
    assert [row.body for row in opened.rows] == bodies[:kept]
    assert opened.fresh
    assert opened.corrupt is not None and f"moved to journal-2026.db.corrupt-{STAMP}" in opened.corrupt
    async with running(tmp_path, opened) as (journal, told):
        assert journal.append(["state"], checkpoint=True) == kept + 1
        await told.until(lambda: journal.durable_n == kept + 1)
    assert [row.body for row in read(tmp_path)] == [*bodies[:kept], "state"]
    assert [row.body for row in open_folder(tmp_path, 2026, STAMP).rows] == ["state"]
    assert open_folder(tmp_path, 2026, STAMP).corrupt is None
    assert verify(tmp_path).problems[-1].endswith(f"damaged and moved aside; readable to row {kept}")


@pytest.mark.asyncio
async def test_a_second_damage_with_a_clock_that_stood_still_keeps_both_files(tmp_path: Path) -> None:
    for body in ("a", "b", "c"):
        await written(tmp_path, body)
        (tmp_path / "journal-2026.db").write_bytes(b"gone")
        open_folder(tmp_path, 2026, STAMP)
    assert [file.name for file in files(tmp_path)] == [
        f"journal-2026.db.corrupt-{STAMP}{more}" for more in ("", "+", "++")
    ]


@pytest.mark.asyncio
async def test_a_start_after_a_crash_between_damage_and_checkpoint_still_has_the_prefix(tmp_path: Path) -> None:
    await written(tmp_path, *(f"fact number {n:05}" for n in range(1, 501)))
    _flipped_byte_in_the_middle(tmp_path / "journal-2026.db")
    first = open_folder(tmp_path, 2026, STAMP)
    await written(tmp_path)  # makes the new file and appends nothing
    again = open_folder(tmp_path, 2026, STAMP)
    assert (again.rows, again.head, again.fresh) == (first.rows, first.head, True)
    await written(tmp_path, "goes on")
    assert verify(tmp_path).last.n == first.head.n + 1


@pytest.mark.asyncio
async def test_a_torn_wal_ends_where_its_last_whole_commit_ends(tmp_path: Path) -> None:
    async with running(tmp_path) as (journal, told):
        for n in range(1, 51):
            journal.append([f"fact number {n:05}"])
            await told.until(lambda: journal.durable_n == journal.last_n)
        crashed = tmp_path / "crashed"
        crashed.mkdir()
        for name in ("journal-2026.db", "journal-2026.db-wal"):
            (crashed / name).write_bytes((tmp_path / name).read_bytes())
        kept_elsewhere = (journal.durable_n, journal.head)
    wal = crashed / "journal-2026.db-wal"
    wal.write_bytes(wal.read_bytes()[:-5000])
    opened = open_folder(crashed, 2026, STAMP)
    assert 0 < opened.head.n < 50 and opened.corrupt is None
    await written(crashed, "goes on")
    assert verify(crashed).ok
    assert verify(crashed, [kept_elsewhere]).problems == ("row 50, whose hash was kept elsewhere, is not here",)


@pytest.mark.asyncio
async def test_rows_that_are_only_in_the_wal_move_with_the_damaged_file(tmp_path: Path) -> None:
    await written(tmp_path, *(f"fact number {n:05}" for n in range(1, 51)))
    with closing(sqlite3.connect(tmp_path / "journal-2026.db", isolation_level=None)) as db:
        db.execute("DROP TRIGGER facts_stay_unchanged")
        db.execute("UPDATE facts SET body = 'calm' WHERE n = 30")  # not in the file itself before a checkpoint
        opened = open_folder(tmp_path, 2026, STAMP)
    assert (opened.head.n, opened.fresh) == (29, True)
    await written(tmp_path, "goes on")
    assert [row.n for row in read(tmp_path)] == list(range(1, 31))
    with closing(sqlite3.connect(tmp_path / f"journal-2026.db.corrupt-{STAMP}")) as db:
        assert db.execute("SELECT body FROM facts WHERE n = 30").fetchone() == ("calm",)


# Processes


def test_a_second_daemon_is_refused_and_told_who_has_the_folder(tmp_path: Path) -> None:
    refused = pytest.raises(StateLocked, match=rf"in use by another daemon \(process {os.getpid()}\)")
    with state_lock(tmp_path), refused, state_lock(tmp_path):
        pass
    with state_lock(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_folder_that_cannot_be_locked_does_not_stop_the_daemon(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with state_lock(tmp_path / "file"):
        assert open_folder(tmp_path / "file", 2026, STAMP).fresh


@pytest.mark.parametrize("lines", [5, 60, 450])
def test_a_killed_daemon_keeps_every_row_it_called_durable(tmp_path: Path, lines: int) -> None:
    for _ in range(2):  # the second one starts on what the first one left
        journal_child.kill_while_writing(tmp_path, lines)


def test_a_full_disk_is_told_and_written_when_there_is_room_again(tmp_path: Path) -> None:
    result = child("full", tmp_path)
    assert result.returncode == 0, result.stderr
    said = result.stdout.splitlines()
    assert said[0].startswith("trouble journal-2026.db: ")
    assert said[1].split()[-2:] == ["1001", "0"]
    assert said[-2:] == ["trouble None", "after 1001 None"]
    assert verify(tmp_path).ok and verify(tmp_path).rows == 1001


@pytest.mark.asyncio
async def test_a_start_on_a_full_disk_replays_and_goes_on_in_memory(tmp_path: Path) -> None:
    await written(tmp_path, "a", "b")
    result = child("start_full", tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stderr.splitlines()[:2] == ["opened 2 None", "appended 3 True"]
    assert [row.body for row in read(tmp_path)] == ["a", "b"]


def test_an_error_that_nobody_catches_ends_the_process_and_saves_the_last_row(tmp_path: Path) -> None:
    result = child("crash", tmp_path)
    assert result.returncode == 1
    assert "RuntimeError: a bug" in result.stderr
    assert [row.body for row in read(tmp_path)] == ['{"fact":"the last words"}']


def test_a_hanging_disk_does_not_keep_the_process(tmp_path: Path) -> None:
    result = child("hang", tmp_path)
    assert (result.returncode, result.stdout) == (3, "clean False\n")
