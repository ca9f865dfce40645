"""The journal for people: its newest facts in sentences, who did what, and whether its chain still holds.

Reads beside the daemon and never writes there. Each reading is done in a thread; nobody waits at a page for the whole
chain. Heads are kept here, in the dashboard's own folder: they show a tail that was cut off (docs/promises.md, S10).
"""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import msgspec

from achterwacht.core import facts as f
from achterwacht.core.codec import decode
from achterwacht.core.moment import Moment
from achterwacht.errors import JournalError
from achterwacht.journal import reader
from achterwacht.journal.files import Head, Row, journal_files, origin_of, reading
from achterwacht.outputs.texts import clock_time
from achterwacht.outputs.texts.day import day_word
from achterwacht.outputs.texts.standing import device_names
from achterwacht_dashboard.pages import Seen
from achterwacht_dashboard.standing_view import Told

ON_A_PAGE = 100
"""So many facts are on one page; older ones are a link away."""
WINDOW_ROWS = 1000
"""So many rows are looked through at once for the facts of one kind."""
WINDOWS_MAX = 30
"""Then the page says how far back it has looked, and a link goes on: nobody waits for a whole journal."""
HEADS_FILE = "heads"
HEADS_MAX = 1000
"""Nearly three years of them, one a day; the oldest go."""
KEEP_EVERY = timedelta(days=1)
LOOK_EVERY_S = 3600.0
HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")
"""A head as `achterwacht verify` prints it and takes it."""

log = logging.getLogger(__name__)


class Clock(Protocol):
    """Who reads the time."""

    def now(self) -> Moment: ...


# --- reading backwards ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """Facts of the journal, the newest first; of what this version does not know only the numbers."""

    facts: tuple[tuple[int, f.Fact], ...]
    unknown: tuple[int, ...]
    looked_to: int
    """The lowest number that was looked at; 1 or less: there is nothing older."""


def newest_head(folder: Path) -> Head | None:
    """The last row of the journal as it stands on disk; None when there is none. Raises JournalError."""
    for file in reversed(journal_files(folder)):
        try:
            with reading(file) as db:
                found = db.execute("SELECT n, hash FROM facts ORDER BY n DESC LIMIT 1").fetchone()
                return Head(*found) if found else origin_of(db).head
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"{file} cannot be read: {error}") from error
    return None


def newest(folder: Path, before: int | None = None) -> Found:
    """The facts before this one, or the newest of all. Blocks; raises JournalError."""
    end = _end(folder, before)
    return _found(_window(folder, end - ON_A_PAGE - 1, end), end - ON_A_PAGE)


def deeds(folder: Path, before: int | None = None) -> Found:
    """What people did, before this fact or the newest of all. Blocks; raises JournalError."""
    end = _end(folder, before)
    facts: list[tuple[int, f.Fact]] = []
    unknown: list[int] = []
    for _ in range(WINDOWS_MAX):
        found = _found(_window(folder, end - WINDOW_ROWS - 1, end), end - WINDOW_ROWS)
        facts += [(n, fact) for n, fact in found.facts if is_deed(fact)]
        unknown += found.unknown
        end -= WINDOW_ROWS
        if end <= 1 or len(facts) >= ON_A_PAGE:
            break
    looked_to = facts[ON_A_PAGE - 1][0] if len(facts) >= ON_A_PAGE else end
    return Found(tuple(facts[:ON_A_PAGE]), tuple(unknown), looked_to)


def started(folder: Path) -> f.DaemonStarted | None:
    """The newest start of the daemon, as far back as is looked. Blocks; raises JournalError."""
    end = _end(folder, None)
    for _ in range(WINDOWS_MAX):
        for row in reversed(_window(folder, end - WINDOW_ROWS - 1, end)):
            fact = _known(row) if '"fact":"daemon_started"' in row.body else None
            if isinstance(fact, f.DaemonStarted):
                return fact
        end -= WINDOW_ROWS
        if end <= 1:
            break
    return None


def _end(folder: Path, before: int | None) -> int:
    """The number after the newest row that is wanted."""
    head = newest_head(folder)
    last = head.n + 1 if head else 1
    return last if before is None else max(1, min(before, last))


def _window(folder: Path, after: int, before: int) -> list[Row]:
    """The rows between two numbers, as far as their chain holds."""
    rows: list[Row] = []
    for row in reader.read(folder, max(0, after)):
        if row.n >= before:
            break
        rows.append(row)
    return rows


def _found(rows: Sequence[Row], looked_to: int) -> Found:
    facts: list[tuple[int, f.Fact]] = []
    unknown: list[int] = []
    for row in reversed(rows):
        fact = _known(row)
        if fact is None:
            unknown.append(row.n)
        else:
            facts.append((row.n, fact))
    return Found(tuple(facts), tuple(unknown), looked_to)


def _known(row: Row) -> f.Fact | None:
    try:
        return decode(row.body)
    except (msgspec.MsgspecError, KeyError):
        return None


# --- telling ----------------------------------------------------------------------------------------------------------

DEEDS = (
    f.DutySwapped,
    f.AbsenceNoted,
    f.PagerCalled,
    f.FaultAcknowledged,
    f.ButtonTestBegan,
    f.ButtonTestEnded,
    f.DrillRaised,
    f.AlarmClosed,
    f.AlarmReopened,
    f.UndoRefused,
    f.Refused,
)
"""What somebody did by a command. Answers to an alarm stand in its own story."""


def is_deed(fact: f.Fact) -> bool:
    """Whether a person did this, by a command."""
    if isinstance(fact, f.TestAsked | f.DrillEnded):
        return bool(fact.by)  # else the house itself did
    if isinstance(fact, f.PagerCarried):
        return bool(fact.key)
    return isinstance(fact, DEEDS)


def shown_before(seen: Seen) -> int | None:
    """Where an alarm must not be seen the journal ends before it (S9); None: it is shown to its end."""
    return seen.own_alarm.raised_n if seen.own_alarm else None


def tell(seen: Seen, found: Found) -> Told:
    """Facts as people read them: the day, the time, where it was, and a sentence."""
    names = device_names(seen.state.plan, seen.texts, seen.look.names)
    known = {**seen.state.closed, **seen.state.alarms}
    places = {incident: alarm.place for incident, alarm in known.items()}
    places |= {fact.incident: fact.place for _, fact in found.facts
               if isinstance(fact, f.AlarmRaised | f.AlarmRecovered | f.DrillRaised)}  # fmt: skip
    lines = [
        {
            "n": n,
            "day": day_word(fact.when.local.date(), seen.texts),
            "at": clock_time(fact.when),
            "place": places.get(getattr(fact, "incident", ""), ""),
            "text": seen.texts.sentence(fact, names),
        }
        for n, fact in found.facts
    ]
    return {"lines": lines, "unknown": len(found.unknown), "older": found.looked_to if found.looked_to > 1 else None}


# --- whether the chain holds ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """One verification of the whole chain, running or done."""

    began: Moment
    by: str
    rows: int
    """How many facts the daemon has told to be on disk when it began; 0 when it told nothing."""
    heads: int
    """How many heads that were kept elsewhere it is compared with."""
    ended: Moment | None = None
    verdict: reader.Verdict | None = None
    failed: str = ""
    """Why it came to no end."""

    @property
    def cut_from(self) -> int | None:
        """The first fact that was on disk and is there no more; None while none is missing."""
        if self.verdict is None or self.verdict.last.n >= self.rows:
            return None
        return self.verdict.last.n + 1

    @property
    def ok(self) -> bool:
        """Whether nothing at all was found."""
        return self.verdict is not None and self.verdict.ok and self.cut_from is None


class Verifier:
    """Verifies the chain when somebody asks, one at a time; the newest result stays. Keeps a head a day in `data`."""

    def __init__(self, state: Path, data: Path, clock: Clock) -> None:
        self.check: Check | None = None
        self._state, self._file, self._clock = state, data / HEADS_FILE, clock
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether somebody's check is not done yet."""
        return self._task is not None and not self._task.done()

    def begin(self, by: str, rows: int, heads: Iterable[tuple[int, str]] = ()) -> None:
        """Verify everything, in a thread; nothing when that is being done already. `rows`: what must be there."""
        if self.running:
            return
        kept = [*heads, *((head.n, head.hash) for head in self.heads())]
        self.check = Check(self._clock.now(), by, rows, len(kept))
        self._task = asyncio.create_task(self._verify(self.check, kept))

    async def done(self, within_s: float) -> None:
        """Wait for the check that runs, but no longer than this."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=within_s)

    async def _verify(self, check: Check, heads: list[tuple[int, str]]) -> None:
        try:
            verdict = await asyncio.to_thread(self._read, heads)
        except Exception as error:  # whatever it is: the page must not say for ever that it goes on
            log.exception("the journal could not be verified")
            self.check = replace(check, ended=self._clock.now(), failed=f"{type(error).__name__}: {error}")
            return
        self.check = replace(check, ended=self._clock.now(), verdict=verdict)
        if self.check.ok:
            self._keep(verdict.last)

    def _read(self, heads: list[tuple[int, str]]) -> reader.Verdict:
        """Heads of years that were taken away are of no use: the chain begins after them."""
        files = journal_files(self._state)
        first_n = 0
        if files:
            try:
                with reading(files[0]) as db:
                    first_n = origin_of(db).head.n
            except (sqlite3.Error, JournalError):
                pass  # the verification itself says what is wrong with it
        return reader.verify(self._state, [(n, hash_) for n, hash_ in heads if n > first_n])

    # --- heads that are kept here ---

    def heads(self) -> list[Head]:
        """The heads that were kept, the oldest first. What cannot be read is none."""
        try:
            lines = self._file.read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            return []
        found = (HEAD.fullmatch(line.partition(" ")[0]) for line in lines)
        return [Head(int(head[1]), head[2]) for head in found if head]

    async def run(self) -> None:
        """Keep the newest head, once a day, for ever."""
        while True:
            try:
                await asyncio.to_thread(self._keep_daily)
            except (JournalError, OSError) as error:
                log.warning("the head of the journal could not be kept: %s", error)
            await asyncio.sleep(LOOK_EVERY_S)

    def _keep_daily(self) -> None:
        kept_s = self._file.stat().st_mtime if self._file.exists() else 0.0
        if self._clock.now().at.timestamp() - kept_s >= KEEP_EVERY.total_seconds():
            head = newest_head(self._state)
            if head is not None:
                self._keep(head)

    def _keep(self, head: Head) -> None:
        """Beside the others; whole or not at all."""
        heads = {known.n: known for known in self.heads()}
        heads.setdefault(head.n, head)
        lines = [f"{kept.n}:{kept.hash}\n" for kept in list(heads.values())[-HEADS_MAX:]]
        making = self._file.with_suffix(".new")
        try:
            making.write_text("".join(lines), encoding="ascii")
            making.chmod(0o600)
            making.replace(self._file)
        except OSError as error:
            log.warning("the head of the journal could not be kept: %s", error)


def read_head(asked: str) -> tuple[int, str] | None:
    """A head that somebody has typed or copied; None when it is none."""
    found = HEAD.fullmatch(asked.strip())
    return (int(found[1]), found[2]) if found else None
