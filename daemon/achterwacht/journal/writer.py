"""The one writer: numbers and chains bodies in memory at once, and makes them durable in a task of its own.

Knows how to write through a disk that is slow, full, hanging, broken or back again, and what is durable.
Leaves the files and their chain to `files.py`, the meaning of a body and every clock to its caller. Nothing
here ever waits for a disk on the way of an alarm.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, islice, takewhile
from pathlib import Path

import aiosqlite

from achterwacht.errors import ChainBroken
from achterwacht.journal.files import (
    START,
    Head,
    Origin,
    Row,
    create_file,
    file_name,
    file_year,
    is_damage,
    move_aside,
    row_hash,
)
from achterwacht.journal.opening import Opened

# A building writes some hundred facts in a bad hour: this is weeks of a broken disk, in about 100 MB.
PENDING_MAX = 100_000

# One statement's rows: a burst is one commit, and the statement stays small to prepare (4 variables a row).
GROUP_ROWS = 500

# Each size of group is a statement of its own; SQLite's own 128 could hold many megabytes of large ones.
STATEMENTS_KEPT = 8

# What calms waits at most one second for the disk (house.md): from there the disk is a fault.
SLOW_S = 1.0

# A disk that comes back is used again soon; one that does not is asked rarely enough to cost nothing.
RETRY_MIN_S = 0.2
RETRY_MAX_S = 5.0

# At a stop a slow card gets this long to take the last rows; systemd would wait longer, people should not.
CLOSE_S = 2.0

# How long a cancelled await of aiosqlite may take to come back; it needs one turn of the loop.
FREE_S = 0.1

# The -wal file shrinks to this after a reader made it grow: room for one automatic checkpoint (1000 pages).
WAL_LIMIT_BYTES = 4 * 1024 * 1024

# The number of a fact that could not be kept: no durable n ever reaches it.
NEVER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class _Pending:
    row: Row
    file: str


class Journal:
    """The one writer. Make it in the running loop; `run` it as a task; `append` from the loop's thread.

    `on_durable(n)`: all rows up to n are on disk. `on_trouble(text)`: the disk fails or is slow, or (None)
    works again. Both are called by the loop, in order, soon after it happened and never from within a call of
    ours: what they raise is the loop's to tell, not a fault of the disk.

    Too many rows wait: facts are lost, which is trouble too. From there the journal keeps nothing until it is
    given a checkpoint, for what came later would speak of what is not in the chain. So on_trouble(None) while
    `lost` is not 0 asks for one, and there is room for it then.

    `durable_n` and `head` are the last row known to be on disk: at a start 0 until the disk's first answer, since
    rows found in a file may not have reached the disk yet.
    """

    def __init__(
        self,
        opened: Opened,
        on_durable: Callable[[int], None],
        on_trouble: Callable[[str | None], None],
    ) -> None:
        durable = opened.head if opened.fresh else START
        self.durable_n = durable.n
        self.head = durable.hash
        self.last_n = opened.head.n
        self.lost = 0
        """Facts that no row and no checkpoint holds, because PENDING_MAX rows already waited."""
        self.trouble: str | None = None
        self.clean = False
        """After `run` has ended: everything is on disk and no thread hangs; else end with os._exit."""
        self._opened = opened
        self._on_durable = on_durable
        self._on_trouble = on_trouble
        self._last = opened.head
        self._file = opened.file
        self._previous = opened.previous
        self._fault: str | None = None
        self._refused = False  # and nothing has become durable since
        self._pending: deque[_Pending] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._retry_s = RETRY_MIN_S
        self._loop = asyncio.get_running_loop()
        self._slow: asyncio.TimerHandle | None = None

    def append(self, bodies: Sequence[str], checkpoint: bool = False) -> int:
        """Numbers and chains the bodies and returns the n of the last; never waits, never raises for a disk.

        They become durable together or in order. NEVER is returned when too many wait for a broken disk, and
        from there until a checkpoint is taken: none of these is kept, which `lost` counts. `checkpoint`: the
        body (give it alone) holds the whole state, a replay may start with it; it makes good what was lost.
        """
        if (self.lost and not checkpoint) or len(self._pending) + len(bodies) > PENDING_MAX:
            self.lost += len(bodies)
            self._refused = True
            self._tell(self._fault)
            return NEVER
        if self.lost:
            self.lost = 0
            self._refused = False
            self._tell(self._fault)
        for text in bodies:
            # A lone surrogate (from a device's JSON) has no UTF-8; as a backslash escape it is the same JSON.
            body = text.encode("utf-8", "backslashreplace").decode()
            row = Row(self._last.n + 1, checkpoint, body, row_hash(self._last, checkpoint, body))
            self._pending.append(_Pending(row, self._file))
            self._last = row.head
        self.last_n = self._last.n
        self._watch()
        self._wake.set()
        return self.last_n

    def roll(self, year: int) -> bool:
        """From the next row on, write to that year's file; False when that year has begun already.

        Call it when the clock is synchronised, and append a checkpoint right after it returns True.
        """
        if year <= file_year(self._file):
            return False
        self._file = file_name(year)
        return True

    async def run(self) -> None:
        """Writes for ever. Cancel it to close: what is pending is written first, within CLOSE_S.

        Then look at `clean`. When it is False a thread may hang in the disk, which would keep Python from
        ending: leave the process with os._exit once everything else is put away.
        """
        writer = asyncio.create_task(self._write(), name="journal writer")
        try:
            await asyncio.wait({writer})
        finally:
            self._closing = True
            self._wake.set()
            await asyncio.wait({writer}, timeout=CLOSE_S)
            if writer.cancelled():  # asyncio.run cancels all tasks at once when the main one fails
                writer = asyncio.create_task(self._write(), name="last journal writer")
                await asyncio.wait({writer}, timeout=CLOSE_S)
            self.clean = writer.done() and not self._pending
            # aiosqlite waits for its thread in three places (statement, close, stop): a cancel frees one.
            for _ in range(3):
                if writer.done():
                    break
                writer.cancel()
                await asyncio.wait({writer}, timeout=FREE_S)
            if self._slow is not None:
                self._slow.cancel()
        writer.result()

    async def _write(self) -> None:
        while self._pending or not self._closing:
            file = self._next_file()
            try:
                origin = Origin(self._previous, Head(self.durable_n, self.head))
                await asyncio.to_thread(create_file, file, origin)
                async with aiosqlite.connect(file, isolation_level=None, cached_statements=STATEMENTS_KEPT) as db:
                    await db.execute("PRAGMA synchronous=FULL")
                    await db.execute(f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}")
                    await self._take_up(db)
                    self._previous = file.name
                    await self._write_rows(db, file.name)
            except Exception as error:  # whatever a disk does, it must never end the daemon
                self._tell(f"{file.name}: {error or type(error).__name__}")
                if is_damage(error):
                    await self._set_aside(file)
                await asyncio.sleep(self._retry_s)
                self._retry_s = min(2 * self._retry_s, RETRY_MAX_S)

    def _next_file(self) -> Path:
        """The file found at the start comes first, until it is known to be on disk."""
        if self.durable_n < self._opened.head.n:
            return self._opened.folder / self._opened.file
        return self._opened.folder / (self._pending[0].file if self._pending else self._file)

    async def _set_aside(self, file: Path) -> None:
        """The next try makes a new file, which goes on from the last row known."""
        try:
            self._previous = (await asyncio.to_thread(move_aside, file, self._opened.stamp)).name
        except OSError as error:
            self._tell(f"{file.name} is damaged and cannot be moved aside: {error}")
            return
        if self.durable_n < self._opened.head.n:
            self.durable_n, self.head = self._opened.head.n, self._opened.head.hash

    async def _take_up(self, db: aiosqlite.Connection) -> None:
        """Goes on from where the file ends: rows of a commit that failed or was not awaited may be in it.

        Such rows may live in memory only (a failed fsync is not repeated by the system), so they count as
        durable after SQLite has copied them into the database proper and synced that.
        """
        found = list(await db.execute_fetchall("SELECT n, hash FROM facts ORDER BY n DESC LIMIT 1"))
        found = found or list(await db.execute_fetchall("SELECT n, hash FROM origin"))
        end = Head(*found[0]) if found else None
        if end == Head(self.durable_n, self.head):
            if not self._pending:
                self._tell(None)
            return
        known = (self._opened.head, *(pending.row.head for pending in self._pending))
        if end is None or end.n <= self.durable_n or end not in known:
            raise ChainBroken("the file is not the one that was written last")
        ((busy, _, _),) = await db.execute_fetchall("PRAGMA wal_checkpoint(FULL)")
        if busy:
            raise sqlite3.OperationalError("a reader keeps the file from being synced")
        self._became_durable(end)

    async def _write_rows(self, db: aiosqlite.Connection, file: str) -> None:
        """Group commit: while one statement is being synced, the next rows gather."""
        while True:
            self._wake.clear()
            waiting = takewhile(lambda pending: pending.file == file, self._pending)
            group = [pending.row for pending in islice(waiting, GROUP_ROWS)]
            if group:
                # One statement is one transaction: a cancel cannot leave it open.
                values = ",".join(["(?,?,?,?)"] * len(group))
                columns = chain.from_iterable((row.n, row.checkpoint, row.body, row.hash) for row in group)
                await db.execute(f"INSERT INTO facts VALUES {values}", list(columns))
                self._became_durable(group[-1].head)
            elif self._pending or self._closing:
                return
            else:
                await self._wake.wait()

    def _became_durable(self, head: Head) -> None:
        self.durable_n, self.head = head.n, head.hash
        while self._pending and self._pending[0].row.n <= head.n:
            self._pending.popleft()
        self._retry_s = RETRY_MIN_S
        self._refused = False
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None
        self._watch()
        self._tell(None)
        self._loop.call_soon(self._on_durable, head.n)

    def _watch(self) -> None:
        """The disk has SLOW_S from now to make any of the waiting rows durable."""
        if self._pending and self._slow is None:
            self._slow = self._loop.call_later(SLOW_S, self._is_slow)

    def _is_slow(self) -> None:
        if self._fault is None:
            self._tell(f"{self._file}: the disk has not answered for {SLOW_S:g} s")

    def _tell(self, fault: str | None) -> None:
        self._fault = fault
        losing = "too many facts wait for the disk, newer ones are lost" if self._refused else None
        trouble = "; ".join(filter(None, (fault, losing))) or None
        if trouble != self.trouble:
            self.trouble = trouble
            self._loop.call_soon(self._on_trouble, trouble)
