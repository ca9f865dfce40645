"""The journal for people: its newest facts in sentences, who did what, and whether its chain still holds.

Reads beside the daemon and never writes there. Each reading is done in a thread; nobody waits at a page for the whole
chain. Heads are kept here, in the dashboard's own folder: they show a tail that was cut off (docs/promises.md, S10).
"""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import takewhile
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
A_START = '"fact":"daemon_started"'
"""What stands in a row that tells of a start of the daemon. There are few, and they may be far back."""
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
    """Facts of the journal, the newest first, and what is not among them."""

    facts: tuple[tuple[int, f.Fact], ...] = ()
    unknown: int = 0
    """So many another version wrote, which this one does not know."""
    missing: tuple[tuple[int, int], ...] = ()
    """The first and the last number of what should be there and is not, or does not follow from what is before it."""
    older: int | None = None
    """Before this number there is more; None: this was the oldest."""


def newest_head(folder: Path) -> Head | None:
    """The last row of the journal as it stands on disk; None when there is none. Raises JournalError."""
    for file in reversed(journal_files(folder)):
        with _opened(file) as db:
            found = db.execute("SELECT n, hash FROM facts ORDER BY n DESC LIMIT 1").fetchone()
            return Head(*found) if found else origin_of(db).head
    return None


def newest(folder: Path, before: int | None = None) -> Found:
    """The facts before this one, or the newest of all. Blocks; raises JournalError."""
    held = _held(folder, before)
    return _found(folder, held, max(held.start, held.stop - ON_A_PAGE))


def deeds(folder: Path, before: int | None = None) -> Found:
    """What people did, before this fact or the newest of all. Blocks; raises JournalError."""
    held, found = _held(folder, before), Found()
    for _ in range(WINDOWS_MAX):
        some = _found(folder, held, max(held.start, held.stop - WINDOW_ROWS))
        facts = (*found.facts, *(line for line in some.facts if is_deed(line[1])))
        found = Found(facts, found.unknown + some.unknown, (*found.missing, *some.missing), some.older)
        if some.older is None or len(facts) >= ON_A_PAGE:
            break
        held = range(held.start, some.older)
    if len(found.facts) <= ON_A_PAGE:
        return found
    return replace(found, facts=found.facts[:ON_A_PAGE], older=found.facts[ON_A_PAGE - 1][0])


def started(folder: Path) -> f.DaemonStarted | None:
    """The newest start of the daemon; that its row is unchanged, is the verification's to say. Blocks; raises
    JournalError."""
    for file in reversed(journal_files(folder)):
        with _opened(file) as db:
            for (body,) in db.execute("SELECT body FROM facts WHERE instr(body, ?) ORDER BY n DESC", (A_START,)):
                fact = _known(body)
                if isinstance(fact, f.DaemonStarted):
                    return fact
    return None


def _held(folder: Path, before: int | None) -> range:
    """The numbers that the journal should hold, as far as they are wanted."""
    head = newest_head(folder)
    if head is None:
        return range(1, 1)
    first = _first_n(folder)
    return range(first, max(first, min(before or head.n + 1, head.n + 1)))


def _first_n(folder: Path) -> int:
    """The number of the oldest fact: older years may have been taken away. 1 when a damaged file cannot tell."""
    for file in journal_files(folder)[:1]:
        with suppress(sqlite3.Error, OSError, JournalError), reading(file) as db:
            return origin_of(db).head.n + 1
    return 1


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    """One file of the journal. Raises JournalError for whatever goes wrong while it is read."""
    try:
        with reading(file) as db:
            yield db
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"{file} cannot be read: {error}") from error


def _rows(folder: Path, wanted: range) -> list[Row]:
    """Those of these numbers that are there, as far as their chain holds."""
    rows = reader.read(folder, wanted.start - 1) if wanted else iter(())
    return list(takewhile(lambda row: row.n < wanted.stop, rows))


def _found(folder: Path, held: range, start: int) -> Found:
    """What stands from `start` to the end of what is held."""
    facts: list[tuple[int, f.Fact]] = []
    missing: list[tuple[int, int]] = []
    unknown, expected = 0, held.stop - 1
    for row in reversed(_rows(folder, range(start, held.stop))):
        if row.n < expected:
            missing.append((row.n + 1, expected))
        expected = row.n - 1
        fact = _known(row.body)
        if fact is None:
            unknown += 1
        else:
            facts.append((row.n, fact))
    if expected >= start:
        missing.append((start, expected))
    return Found(tuple(facts), unknown, tuple(missing), start if start > held.start else None)


def _known(body: str) -> f.Fact | None:
    """None for what another version wrote, and this one does not know."""
    try:
        return decode(body)
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
    return {"lines": lines, "unknown": found.unknown, "missing": found.missing, "older": found.older}


# --- whether the chain holds ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """One verification of the whole chain, running or done."""

    began: Moment
    by: str
    rows: int
    """How many facts the daemon has told to be on disk when it began; 0 when it told nothing."""
    heads: int = 0
    """How many heads that were kept elsewhere it was compared with."""
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
        self.check = Check(self._clock.now(), by, rows)
        self._task = asyncio.create_task(self._verify(self.check, kept))

    async def done(self, within_s: float) -> None:
        """Wait for the check that runs, but no longer than this."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=within_s)

    async def _verify(self, check: Check, heads: list[tuple[int, str]]) -> None:
        try:
            verdict, compared = await asyncio.to_thread(self._read, heads)
        except Exception as error:  # whatever it is: the page must not say for ever that it goes on
            log.exception("the journal could not be verified")
            self.check = replace(check, ended=self._clock.now(), failed=f"{type(error).__name__}: {error}")
            return
        self.check = replace(check, ended=self._clock.now(), verdict=verdict, heads=compared)
        if self.check.ok and verdict.rows:
            self._keep(verdict.last)

    def _read(self, heads: list[tuple[int, str]]) -> tuple[reader.Verdict, int]:
        """The verdict, and with how many heads it was compared: those of years that were taken away are of no use, for
        the chain begins after them."""
        first_n = _first_n(self._state)
        of_use = [(n, hash_) for n, hash_ in heads if n >= first_n]
        return reader.verify(self._state, of_use), len(of_use)

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
