"""The calendars that the roster is also read from: which there are, when each is read, and what is wrong with them.

Each reading is a process of its own, one at a time, which is ended when it takes too long (ical_child.py). A calendar
that cannot be read changes nothing: what it last said still holds.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

import msgspec

from achterwacht.clock import Clock
from achterwacht.core import heard as h
from achterwacht.core.moment import Moment
from achterwacht.core.plan import CALENDAR, EMPTY_PLAN, Plan
from achterwacht.ical_child import Said, Wish
from achterwacht.inputs.wiring import CalendarFeed

COMMAND = (sys.executable, "-P", "-m", "achterwacht.ical_child")
"""-P: the folder that the daemon was started in is nowhere to import from."""
READ_S = 30.0
"""For one reading in all: an old Pi takes five to start it, and a server may have to wake up."""
SAID_MAX_BYTES = 1024 * 1024
"""The longest line from the process: its most entries, of a hundred bytes or two each."""
END_S = 2.0
"""A killed process is gone in milliseconds; one that hangs in a driver is left alone after this."""
CHANGED_S = 900.0
"""One that said something new is read again no sooner. All of it is a fact for ever, and two servers of which one is
old would change it at every reading."""
AGAIN_S = 300.0
"""A calendar that could not be read is read again after this, if not sooner."""
LOOK_EVERY_S = 1.0
CLOCK_WAIT_S = 60.0
"""So long after a start a reading waits for a clock that somebody vouches for: by one that is years wrong a calendar
says nothing of these days, and that would count until the clock is put right."""

Hear = Callable[[h.Heard], None]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Followed:
    """One feed. What was told last is None while nothing was; a fault that does not stand is ""."""

    feed: CalendarFeed
    due_s: float = 0.0
    on: date | None = None
    """The local day of the last reading."""
    entries: tuple[h.CalendarEntry, ...] | None = None
    failing: str | None = None
    unclear: str | None = None


class Calendars:
    """All calendars of one daemon. `name_of`: a member's full name, "" where it is not known."""

    def __init__(
        self, hear: Hear, name_of: Callable[[str], str], clock: Clock, command: Sequence[str] = COMMAND
    ) -> None:
        self._hear = hear
        self._name_of = name_of
        self._clock = clock
        self._command = command
        self._plan = EMPTY_PLAN
        self._followed: dict[str, _Followed] = {}
        """By id."""
        self._process: Process | None = None
        """The one that was started last."""
        self._began_s = clock.mono_s()

    def follow(self, feeds: Sequence[CalendarFeed], plan: Plan) -> None:
        """Read these from now on, each at once. Of one that is as it was, it is still known what was told; one that has
        left the plan has no faults any more (supervision.plan_changed)."""
        before, self._followed, self._plan = self._followed, {}, plan
        for feed in feeds:
            known = before.get(feed.id)
            self._followed[feed.id] = known if known and known.feed == feed else _Followed(feed)
        self.names_changed()

    def names_changed(self) -> None:
        """Somebody is called otherwise from now on: each is read anew."""
        for followed in self._followed.values():
            followed.due_s = 0.0

    async def run(self) -> None:
        """Read each when it is due, for ever: at its pace, and when another day begins or the clock is put right."""
        while True:
            await self.read_due()
            await asyncio.sleep(LOOK_EVERY_S)

    async def read_due(self) -> None:
        """Read all that are due, one at a time."""
        while due := self._due(self._clock.now()):
            await self._read(due)

    def _due(self, now: Moment) -> _Followed | None:
        if not now.clock_ok and now.mono_s - self._began_s < CLOCK_WAIT_S:
            return None
        today = now.local.date()
        due = (known for known in self._followed.values() if known.due_s <= now.mono_s or known.on != today)
        return min(due, key=lambda known: known.due_s, default=None)

    async def _read(self, followed: _Followed) -> None:
        feed, now = followed.feed, self._clock.now()
        followed.due_s, followed.on = now.mono_s + feed.every_s, now.local.date()
        try:
            said = await self._ask(self._wish(feed, now))
        except Exception as bug:  # one calendar must take nothing else with it
            log.exception("the calendar %s could not be read", feed.id)
            said = Said(f"it could not be read by a mistake of ours ({type(bug).__name__}), and is read again")
        if self._followed.get(feed.id) is not followed:
            return  # the plan has changed meanwhile
        if said.error:
            followed.due_s = min(followed.due_s, self._clock.mono_s() + AGAIN_S)
        else:
            self._tell_entries(followed, said)
        if said.error != followed.failing:
            followed.failing = said.error
            self._tell_fault(_failing(feed.id), said.error)

    def _tell_entries(self, followed: _Followed, said: Said) -> None:
        if said.entries != followed.entries:
            if followed.entries is not None:
                followed.due_s = max(followed.due_s, self._clock.mono_s() + CHANGED_S)
            followed.entries = said.entries
            self._hear(h.CalendarRead(followed.feed.id, said.entries))
        unclear = _in_words(said)
        if unclear != followed.unclear:
            followed.unclear = unclear
            self._tell_fault(_unclear(followed.feed.id), unclear)
            if unclear:
                # Titles may be about people: they stand in the log of this machine, and nowhere else.
                log.warning("the calendar %s is not understood, such as: %s", followed.feed.id, list(said.titles))

    def _tell_fault(self, key: str, detail: str) -> None:
        self._hear(h.Trouble(key, detail) if detail else h.TroubleOver(key))

    def _wish(self, feed: CalendarFeed, now: Moment) -> Wish:
        members = {member.id: self._name_of(member.id) for member in self._plan.members}
        pagers = tuple(pager.id for pager in self._plan.pagers)
        return Wish(feed.of, now.local.date(), pagers, members, feed.path, feed.url)

    async def _ask(self, wish: Wish) -> Said:
        """Have a process read it. Whatever that does, this ends, and so does the process.

        One that hangs in a driver does not: then no other is started beside it.
        """
        if self._process is not None and self._process.returncode is None:
            return Said("the process that read one last hangs: does the folder or disk of a calendar answer?")
        try:
            process = self._process = await self._started()
        except OSError as error:
            return Said(f"the process that reads it cannot be started: {error.strerror}")
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(READ_S):
                process.stdin.write(msgspec.json.encode(wish) + b"\n")
                line = await process.stdout.readline()
            return msgspec.json.decode(line, type=Said) if line else Said("the process that reads it ended too soon")
        except TimeoutError:
            return Said(
                f"it takes longer than {READ_S:g} s to read: does its server answer, or is it full of recurrences?"
            )
        except ValueError as error:  # too long a line; msgspec's errors too
            log.error("what the process says of a calendar is not understood: %s", error)
            return Said("the process that reads it speaks nonsense")
        finally:
            await _end(process)

    async def _started(self) -> Process:
        """A process that waits for its wish. Raises OSError.

        asyncio waits for ever when it is cancelled in the midst of starting one (Python 3.11): then it ends it first.
        """
        start = asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, limit=SAID_MAX_BYTES)
        starting = asyncio.create_task(start)
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            await asyncio.wait({starting})
            if starting.exception() is None:
                await _end(starting.result())
            raise


async def _end(process: Process) -> None:
    """Whatever it does."""
    assert process.stdin is not None
    process.stdin.close()
    with suppress(ProcessLookupError):
        process.kill()
    with suppress(TimeoutError):
        async with asyncio.timeout(END_S):
            await process.wait()


def _failing(id: str) -> str:
    return f"{CALENDAR}:{id}/failing"


def _unclear(id: str) -> str:
    return f"{CALENDAR}:{id}/not understood"


def _in_words(said: Said) -> str:
    """How much of a calendar is not understood, without a word of it; empty when all is."""
    if not said.unclear:
        return ""
    events = "1 event" if said.unclear == 1 else f"{said.unclear} events"
    if said.unclear_first is None:
        return events
    return f"{events}, the first on {said.unclear_first}" if said.unclear > 1 else f"{events}, on {said.unclear_first}"
