"""What the journal knows of incidents and drills: read once in a thread, then only what is new. Read-only.

Of each it keeps what a list shows and where its facts stand: whole stories of 50,000 facts take 40 MB, these one. A
story is read again when somebody asks for it. What cannot be read is told, and never looks like an empty list. The
words are incidents.py's and story_view.py's; the meaning of facts is the core's.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Literal

import msgspec

from achterwacht.core import facts as f
from achterwacht.core.codec import decode
from achterwacht.core.drill import is_drill
from achterwacht.core.incident import Ended, Following, Incident, PoliceWord, drills, incidents
from achterwacht.core.plan import Budgets
from achterwacht.errors import JournalError
from achterwacht.journal import reader
from achterwacht.journal.files import START, Row, is_damage, journal_files, origin_of, reading
from achterwacht_dashboard.house import House

STEP_ROWS = 2000
"""Read at a time, in a tenth of a second or so: between two of them a stop is heard."""
PAUSE_S = 0.5
"""At most so often is the journal read on, however many facts come."""
POLL_S = 10.0
"""So often it is looked without being called: nobody calls while the daemon is not heard."""

log = logging.getLogger(__name__)

POLICE: tuple[PoliceWord, ...] = ("advised", "asked", "called", "arrived")
"""How far the police track of an incident came, the least first."""

TURNS = (f.IncidentNumbered, f.AlarmClosed, f.AlarmReopened, f.DrillEnded)
"""What changes how a list shows an incident, however long ago it began. Whatever else is told of one that began before
the last checkpoint waits for these: an alarm that is forgotten over a weekend has 100,000 facts, and they would be read
again every second."""

Why = Literal["no journal", "unreadable", "damaged"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One incident or drill as a list shows it, and where its facts stand."""

    raised_n: int
    """The fact that raised it: no other has this one, while an id may come again after a day."""
    incident: str
    number: str | None
    zender: int
    place: str
    raised_at: datetime
    clock_ok: bool
    drill: bool
    closed: Ended | None
    coming: int
    """How many said to come, or were there."""
    on_scene: int
    """How many said to be there."""
    police: PoliceWord | None
    """How far the police track came; None for not at all."""
    stretches: tuple[int, ...]
    """Where its facts stand: the numbers of the checkpoints after which they do. See `_stretch`."""

    @property
    def name(self) -> str:
        """What people call it by."""
        return self.number or self.incident


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the journal cannot be read now. `detail` is for whoever repairs it."""

    why: Why
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What was read so far, the newest first. A value."""

    n: int = 0
    """The newest fact that was read."""
    whole: bool = False
    """Whether everything was read once; until then there is more than stands here."""
    incidents: tuple[Entry, ...] = ()
    drills: tuple[Entry, ...] = ()
    unknown: int = 0
    """So many facts another version wrote, which this one does not know."""
    unknown_first: int = 0
    gaps: tuple[tuple[int, int], ...] = ()
    """The first and the last number of facts that are missing or damaged."""
    trouble: Trouble | None = None

    def find(self, name: str) -> Entry | None:
        """The newest incident or drill with this number or id."""
        return next((one for one in (*self.incidents, *self.drills) if name in (one.number, one.incident)), None)


@dataclass(frozen=True, slots=True)
class Told:
    """One story, and the bounds that held when it began; None where no fact tells them."""

    story: Incident
    budgets: Budgets | None


class Archive:
    """The journal's one reader for lists and stories. `run` it; `shelf` is what it knows now."""

    def __init__(self, folder: Path) -> None:
        """`folder`: the daemon's state folder."""
        self.shelf = Shelf()
        self._folder = folder
        self._book = _Book(folder)

    async def run(self, house: House) -> None:
        """Follow the journal for ever, also while the daemon is away. The house is told which incident was the last."""
        last: Entry | None = None
        with house.watch() as changed:
            while True:
                changed.clear()
                durable_n = house.look.durable_n
                await self.read_on()
                last = await self._tell_last(house, last)
                await asyncio.sleep(PAUSE_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        while house.look.durable_n == durable_n:
                            await changed.wait()
                            changed.clear()

    async def read_on(self) -> None:
        """Read what is new, to the end. Never raises: what went wrong stands in `shelf.trouble`."""
        try:
            newest_n = await asyncio.to_thread(_newest_n, self._folder)
            while await asyncio.to_thread(self._book.read_step):
                self.shelf = self._book.shelf()
            self.shelf = self._book.shelf(newest_n)
        except _NoJournal:
            self._again(Trouble("no journal", str(self._folder)))
        except _Rewritten:
            log.warning("the journal is not the one that was read before: it is read again")
            self._book = _Book(self._folder)
            await self.read_on()
        except Exception as error:  # whatever it is: an archive that stands still must say so
            if self.shelf.trouble is None:
                log.exception("the journal cannot be read")
            self._again(Trouble("unreadable", str(error)))

    def _again(self, trouble: Trouble) -> None:
        """What was read before stays on the shelf, with the trouble; the next reading begins anew."""
        self._book = _Book(self._folder)
        self.shelf = replace(self.shelf, trouble=trouble)

    def tell(self, entry: Entry) -> Told | None:
        """The story of this incident, read anew; None when the journal has it no more. Raises JournalError. Waits for
        the disk: call it in a thread."""
        facts = list(chain.from_iterable(_stretch(self._folder, start) for start in entry.stretches))
        stories = drills(facts) if entry.drill else incidents(facts)
        story = next((story for story in stories if _raised_n(story) == entry.raised_n), None)
        return Told(story, _budgets(facts, entry.raised_n)) if story else None

    async def _tell_last(self, house: House, known: Entry | None) -> Entry | None:
        """Give the house the newest incident that is over, when that is another than the known one."""
        last = next((entry for entry in self.shelf.incidents if entry.closed), None)
        if not self.shelf.whole or last == known:
            return known
        try:
            told = await asyncio.to_thread(self.tell, last) if last else None
        except Exception:  # it is shown nowhere else that this failed, and tried again
            log.exception("the last incident cannot be read")
            return known
        house.remember_last(replace(told.story, lines=()) if told else None)  # a board shows no timeline
        return last


class _NoJournal(Exception):
    """The daemon has written none here yet."""


class _Rewritten(Exception):
    """The fact that was read last is not there, or is another: a file was damaged, or put back from a copy."""


class _Book:
    """The journal as far as it was read. Only for the one thread that reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._head = START
        self._following = Following()
        self._start = 0
        """Where the present stretch begins."""
        self._facts: list[tuple[int, f.Fact]] = []
        """Those of the present stretch."""
        self._stretches: dict[int, list[int]] = {}
        """By incident: in which stretches its facts stand."""
        self._touched: set[int] = set()
        """The incidents of which facts came since they were told."""
        self._entries: dict[int, Entry] = {}
        self._whole = False
        """Whether its end was reached once."""
        self._gaps: list[tuple[int, int]] = []
        self._unknown = 0
        self._unknown_first = 0

    def read_step(self) -> bool:
        """Read STEP_ROWS on; whether there may be more. Raises JournalError, _Rewritten."""
        rows = reader.read(self._folder, self._head.n - 1)
        if self._head != START:
            last = next(rows, None)
            if last is None or last.head != self._head:
                raise _Rewritten
        new = list(islice(rows, STEP_ROWS))
        for row in new:
            self._take(row)
        self._tell_touched()
        more = len(new) == STEP_ROWS
        self._whole = self._whole or not more
        return more

    def shelf(self, newest_n: int | None = 0) -> Shelf:
        """What was read so far. `newest_n`: the fact up to which it should be; None when the newest file is damaged."""
        entries = sorted(self._entries.values(), key=lambda entry: entry.raised_n, reverse=True)
        beyond = ((self._head.n + 1, newest_n),) if newest_n and newest_n > self._head.n else ()
        return Shelf(
            n=self._head.n,
            whole=self._whole,
            incidents=tuple(entry for entry in entries if not entry.drill),
            drills=tuple(entry for entry in entries if entry.drill),
            unknown=self._unknown,
            unknown_first=self._unknown_first,
            gaps=(*self._gaps, *beyond),
            trouble=Trouble("damaged") if newest_n is None else None,
        )

    def _take(self, row: Row) -> None:
        if row.n != self._head.n + 1:
            self._gaps.append((self._head.n + 1, row.n - 1))
        self._start = self._start or row.n
        self._head = row.head
        fact = _decoded(row)
        if fact is None:
            self._unknown += 1
            self._unknown_first = self._unknown_first or row.n
            return
        if isinstance(fact, f.Checkpoint):
            self._tell_touched()
            self._start, self._facts = row.n, []
        self._facts.append((row.n, fact))
        of = self._following.take(row.n, fact).of
        if of is not None:
            self._take_of(of.raised_n, fact)

    def _take_of(self, raised_n: int, fact: f.Fact) -> None:
        its = self._stretches.setdefault(raised_n, [])
        if self._start not in its[-1:]:
            its.append(self._start)
            if entry := self._entries.get(raised_n):
                self._entries[raised_n] = replace(entry, stretches=tuple(its))
        if isinstance(fact, TURNS) or its == [self._start]:
            self._touched.add(raised_n)

    def _tell_touched(self) -> None:
        """An entry for each incident of which something new was read; most stand in the present stretch alone."""
        if not self._touched:
            return
        starts = {start for raised_n in self._touched for start in self._stretches[raised_n]} - {self._start}
        facts = [*chain.from_iterable(_stretch(self._folder, start) for start in sorted(starts)), *self._facts]
        for story in (*incidents(facts), *drills(facts)):
            raised_n = _raised_n(story)
            if raised_n in self._touched:
                self._entries[raised_n] = _entry(story, raised_n, tuple(self._stretches[raised_n]))
        self._touched.clear()


def _stretch(folder: Path, start: int) -> Iterator[tuple[int, f.Fact]]:
    """The facts from a checkpoint (or the journal's first fact) to the next one: they tell a story by themselves, for a
    checkpoint holds all that is still needed. Some hundreds, and thousands while an alarm stays open."""
    for row in reader.read(folder, start - 1):
        fact = _decoded(row)
        if isinstance(fact, f.Checkpoint) and row.n != start:
            return
        if fact is not None:
            yield row.n, fact


def _budgets(facts: Iterable[tuple[int, f.Fact]], raised_n: int) -> Budgets | None:
    """Those of the plan under which it was raised."""
    budgets: Budgets | None = None
    for n, fact in facts:
        if n > raised_n:
            break
        if isinstance(fact, f.PlanAdopted):
            budgets = fact.plan.budgets
        if isinstance(fact, f.Checkpoint):
            budgets = fact.state.plan.budgets
    return budgets


def _entry(story: Incident, raised_n: int, stretches: tuple[int, ...]) -> Entry:
    police = {note.what for note in story.police}
    return Entry(
        raised_n=raised_n,
        incident=story.incident,
        number=story.number,
        zender=story.zender,
        place=story.place,
        raised_at=story.raised_at,
        clock_ok=story.clock_ok,
        drill=is_drill(story.incident),
        closed=story.closed,
        coming=len(story.came),
        on_scene=sum(came.on_scene_at is not None for came in story.came),
        police=next((what for what in reversed(POLICE) if what in police), None),
        stretches=stretches,
    )


def _raised_n(story: Incident) -> int:
    of = story.lines[0].of
    assert of is not None, "every line of a story is of its incident"
    return of.raised_n


def _decoded(row: Row) -> f.Fact | None:
    """None for what this version does not know."""
    try:
        return decode(row.body)
    except (msgspec.MsgspecError, KeyError):
        return None


def _newest_n(folder: Path) -> int | None:
    """The number of the newest fact, readable or not; None when its file is damaged. Raises _NoJournal, sqlite3.Error,
    JournalError."""
    files = journal_files(folder)
    if not files:
        raise _NoJournal
    try:
        with reading(files[-1]) as db:
            found = db.execute("SELECT max(n) FROM facts").fetchone()
            return found[0] or origin_of(db).head.n
    except (sqlite3.Error, JournalError) as error:
        if is_damage(error):
            return None
        raise
