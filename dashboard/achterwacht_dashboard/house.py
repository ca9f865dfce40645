"""What the dashboard knows of the house: the daemon's facts, folded with the daemon's own `evolve`.

Knows the link, and when nobody speaks at its other end. Nothing is decided here, and nothing that is old is shown as
new: a look says since when it is stale.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from achterwacht.core import facts as f
from achterwacht.core.codec import fact_from_plain, from_plain
from achterwacht.core.evolve import evolve
from achterwacht.core.incident import Incident
from achterwacht.core.moment import Moment
from achterwacht.core.notices import NOTICES
from achterwacht.core.plan import APP
from achterwacht.core.state import EMPTY, State
from achterwacht.errors import AskedWrong, LinkSilent, LinkUnavailable
from achterwacht.journal.people import FILE as PEOPLE_FILE
from achterwacht.journal.people import Person, read_people
from achterwacht.link import MEMBERS_MAX, SILENT_S, Connection, connect
from achterwacht_dashboard.button_tests import Stories, follow, merged
from achterwacht_dashboard.ending import Ends

AGAIN_S = 0.5
"""So long after the link was lost it is tried again; the daemon starts in less than a second."""
AGAIN_MAX_S = 10.0
"""What is not understood is asked for again after twice as long each time, up to this: a snapshot costs the daemon."""
CALM_S = 60.0
"""After so long without trouble the next misunderstanding is a first one again."""
FACTS_A_TURN = 50
"""Then the loop turns: a flood of facts is not the only thing that people wait for."""
AWAKE_S = 1.0
"""So often this process looks whether it was held up itself."""
COMMAND_S = 3.0
"""How long a command may take: the daemon answers within about a second, also when its disk is broken."""
COMMANDS_MAX = 20
RECEIPTS_MAX = 8
REDEEMS_MAX = 3
"""The daemon lets one reader wait for 32 answers (docs/link.md), and all browsers together are one reader. What two
hundred telephones tell by themselves, and what comes without a login, must not stand in the way of what a person says;
the rest is for `pages`."""
PEOPLE_S = 2.0
"""So often it is looked whether the names have changed. They stand beside the facts, never in them."""
NOTICES_MAX = 100
"""More than a house is told on one day."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """How the house stands, and how fresh that is. A value: the next one has a higher `version`."""

    version: int = 0
    state: State = EMPTY
    boot: str = ""
    """Of the daemon; empty while none was heard yet."""
    n: int = 0
    """The newest fact."""
    durable_n: int = 0
    """The facts up to and including this one are on the daemon's disk."""
    pending: frozenset[str] = frozenset()
    """The incidents of which something is not on disk yet."""
    stale_since: Moment | None = None
    """Since when the daemon is not heard; None while it speaks."""
    why_stale: str = ""
    """For whoever repairs it."""
    people: Mapping[str, Person] = field(default_factory=dict)
    """By member id: names and telephone numbers, as far as they are known."""
    notices: tuple[f.Ordered, ...] = ()
    """The newest notices to open pages, oldest first: the state forgets an order as soon as it is handed over."""
    last_story: Incident | None = None
    """The newest incident that is over, as the journal has it; None until it was read, or when there is none."""
    button_tests: Stories = field(default_factory=dict)
    """By zender: its newest test, as far as it was heard here."""
    tests_known: bool = False
    """Whether the journal was read for that: else who is not in it may have been tested nevertheless."""
    certificate: Ends | None = None
    """When what these pages are served with ends; None: by http, or behind a proxy."""

    @property
    def names(self) -> dict[str, str]:
        """People's names by member id."""
        return {id: person.name for id, person in self.people.items()}


class Misunderstood(Exception):
    """What the daemon says does not fit what is known here; the text says what."""

    def __str__(self) -> str:
        return f"what the daemon says is not understood: {super().__str__()}: install the same version of both"


class Clock(Protocol):
    """Who reads the time: `achterwacht.clock.Clock`, or a test."""

    def now(self) -> Moment: ...


class House:
    """The one reader of the link. `run` it; `look` is how it stands now, `watch` tells each who wants to know.

    `on_fact(fact)` is told every fact as it comes, after it is in `look`.
    """

    def __init__(self, socket: Path, state_folder: Path, clock: Clock) -> None:
        self.look = Look(stale_since=clock.now(), why_stale="not connected yet")
        self.clock = clock
        self._socket = socket
        self._state_folder = state_folder
        self._connection: Connection | None = None
        self._watchers: set[asyncio.Event] = set()
        self._undurable: dict[str, int] = {}
        """By incident: its newest fact that is not on disk yet."""
        self._awake: tuple[float, Moment] | None = None
        """When this process last looked at the clock, its own and the house's; None before it followed anybody."""
        self._said = asyncio.Semaphore(COMMANDS_MAX)
        self._gates = {"receipt": asyncio.Semaphore(RECEIPTS_MAX), "redeem": asyncio.Semaphore(REDEEMS_MAX)}
        self._pages: Counter[str] = Counter()
        self._pages_changed = asyncio.Event()
        self.on_fact: list[Callable[[f.Fact], None]] = []

    # --- who looks ----------------------------------------------------------------------------------------------------

    @property
    def stale_since(self) -> Moment | None:
        """Since when `look` is old; None while it is not. Beside what `look` says of itself: a process that was held up
        (stopped, or on a machine that slept) wakes with an old look, before it can find out that the link is gone."""
        if self.look.stale_since is None and self._awake is not None and self._held_up_s() > SILENT_S:
            return self._awake[1]
        return self.look.stale_since

    @contextmanager
    def watch(self) -> Iterator[asyncio.Event]:
        """An event that is set at every change; whoever waits for it clears it."""
        event = asyncio.Event()
        self._watchers.add(event)
        try:
            yield event
        finally:
            self._watchers.discard(event)

    @contextmanager
    def page_of(self, member: str) -> Iterator[None]:
        """While this lasts, a page of this member is open: the daemon may ring it."""
        self._pages[member] += 1
        self._pages_changed.set()
        try:
            yield
        finally:
            self._pages[member] -= 1
            if not self._pages[member]:
                del self._pages[member]
            self._pages_changed.set()

    def remember_last(self, story: Incident | None) -> None:
        """What the journal's readers found to be the newest incident that is over."""
        self._show(last_story=story)

    def remember_tests(self, stories: Stories) -> None:
        """What the journal's readers found to be the newest test of each button."""
        self._show(button_tests=merged(self.look.button_tests, stories), tests_known=True)

    def remember_certificate(self, ends: Ends) -> None:
        """What this process serves with since it began: another file is served after the next start."""
        self._show(certificate=ends)

    async def command(self, command: dict[str, Any]) -> dict[str, Any]:
        """Have the daemon do something (docs/link.md); its answer. Raises LinkUnavailable (at once when there is no
        daemon) and AskedWrong. Receipts wait for each other; nothing that a person says waits for them."""
        if self._connection is None:
            raise LinkUnavailable(f"the daemon does not answer: {self.look.why_stale}")
        gate = self._gates.get(command["command"], self._said)
        try:
            async with asyncio.timeout(COMMAND_S):
                await gate.acquire()
        except TimeoutError:
            raise LinkUnavailable(f"no turn within {COMMAND_S} s: nothing was done") from None
        try:
            if self._connection is None:
                raise LinkUnavailable(f"the daemon does not answer: {self.look.why_stale}")
            return await self._connection.command(command, COMMAND_S)
        finally:
            gate.release()

    # --- the link -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow the daemon, for ever; over every end of the link a new snapshot."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._follow_people())

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        again_s = AGAIN_S
        while True:
            began_s = loop.time()
            try:
                async with connect(self._socket) as connection:
                    await self._read(connection)
            except* LinkUnavailable as gone:
                again_s = AGAIN_S
                self._lost(gone.exceptions[0])
            except* Exception as wrong:
                log.exception("what the daemon says is not understood")
                again_s = longer_s(again_s, loop.time() - began_s)
                error = wrong.exceptions[0]
                self._lost(error if isinstance(error, Misunderstood) else Misunderstood(repr(error)))
            await asyncio.sleep(again_s)

    async def _read(self, connection: Connection) -> None:
        """Follow one connection to its end, which is always an error."""
        hello = connection.hello
        state = await asyncio.to_thread(from_plain, State, hello["state"])
        n, durable_n = hello["n"], hello["durable_n"]
        # Of what is not on disk yet only the number is told: it may be of anything that is open, or was just closed.
        self._undurable = dict.fromkeys((*state.alarms, *state.closed), n) if durable_n < n else {}
        log.info("connected to daemon %s", hello["boot"])
        self._note_awake()
        self._connection = connection
        self._show(
            state=state,
            boot=hello["boot"],
            n=n,
            durable_n=durable_n,
            pending=frozenset(self._undurable),
            stale_since=None,
            why_stale="",
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._fold(connection))
                group.create_task(self._tell_pages(connection))
                group.create_task(self._stay_awake())
        finally:
            self._connection = None

    async def _fold(self, connection: Connection) -> None:
        taken = 0
        async for message in connection:
            self._take(message)
            taken += 1
            if taken % FACTS_A_TURN == 0:
                await asyncio.sleep(0)

    async def _stay_awake(self) -> None:
        """A process that was held up has missed what the daemon said meanwhile: it starts from a new snapshot."""
        while True:
            await asyncio.sleep(AWAKE_S)
            if (held_up_s := self._held_up_s()) > SILENT_S:
                raise LinkSilent(f"the dashboard itself was held up for {held_up_s:.0f} s")
            self._note_awake()

    def _note_awake(self) -> None:
        self._awake = time.monotonic(), self.clock.now()

    def _held_up_s(self) -> float:
        return 0.0 if self._awake is None else time.monotonic() - self._awake[0]

    def _take(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "durable":
            self._durable(message["n"])
        elif kind == "fact":
            self._fact(message["n"], message["durable"], message["fact"])

    def _fact(self, n: int, durable: bool, plain: dict[str, Any]) -> None:
        """Raises Misunderstood: whoever shows less than all of it shows what is not so."""
        if n != self.look.n + 1:
            raise Misunderstood(f"fact {n} came after fact {self.look.n}")
        try:
            fact = fact_from_plain(plain)
            state = evolve(self.look.state, fact)
        except Exception as error:  # whatever is wrong, the next snapshot may be right
            raise Misunderstood(f"fact {n}, {plain.get('fact')}: {error!r}") from error
        changes: dict[str, Any] = {"state": state, "n": n}
        if not durable and (incident := getattr(fact, "incident", "")):
            self._undurable[incident] = n
            if incident not in self.look.pending:
                changes["pending"] = frozenset(self._undurable)
        if isinstance(fact, f.Ordered) and fact.kind in NOTICES and fact.target.startswith(f"{APP}:"):
            changes["notices"] = (*self.look.notices, fact)[-NOTICES_MAX:]
        self._show(**changes)
        for tell in (self._follow_tests, *self.on_fact):
            try:
                tell(fact)
            except Exception:  # one who stumbles over a fact is no reason to keep it from the others
                log.exception("nobody was told of fact %s", n)

    def _follow_tests(self, fact: f.Fact) -> None:
        stories = follow(self.look.button_tests, fact)
        if stories is not self.look.button_tests:
            self._show(button_tests=stories)

    def _durable(self, n: int) -> None:
        self._undurable = {incident: newest for incident, newest in self._undurable.items() if newest > n}
        self._show(durable_n=n, pending=frozenset(self._undurable))

    def _lost(self, error: Exception) -> None:
        """From now on what is shown is old. Of a daemon that fell silent it is so since its last word."""
        why = str(error)
        if self.look.stale_since is None:
            log.error("the daemon is not heard any more: %s", why)
            since = self.stale_since or self.clock.now()
            if isinstance(error, LinkSilent) and self.stale_since is None:
                since = replace(since, mono_s=since.mono_s - SILENT_S, at=since.at - timedelta(seconds=SILENT_S))
            self._show(stale_since=since, why_stale=why)
        elif why != self.look.why_stale:
            self._show(why_stale=why)

    def _show(self, **changes: Any) -> None:
        self.look = replace(self.look, version=self.look.version + 1, **changes)
        for event in self._watchers:
            event.set()

    async def _tell_pages(self, connection: Connection) -> None:
        """Whose pages are open here, whenever that changes; again until it has been heard."""
        told: list[str] | None = None
        while True:
            self._pages_changed.clear()
            members = sorted(self._pages)[:MEMBERS_MAX]
            if members != told:
                try:
                    await connection.command({"command": "pages", "members": members}, COMMAND_S)
                    told = members
                except AskedWrong as wrong:  # nobody else's pages are later for one that is not understood
                    log.error("the daemon does not ring the open pages: %s", wrong)
                    told = members
                except LinkUnavailable:
                    await asyncio.sleep(AGAIN_S)
                    continue
            await self._pages_changed.wait()

    async def _follow_people(self) -> None:
        """Names are read again when their file has changed."""
        seen: int | None = None
        while True:
            try:
                now = await asyncio.to_thread(_changed_at, self._state_folder / PEOPLE_FILE)
                if now != seen:
                    self._show(people=await asyncio.to_thread(read_people, self._state_folder))
                    seen = now
            except Exception:  # names are the least of it: nothing else ends with them
                log.exception("the names of people cannot be read")
            await asyncio.sleep(PEOPLE_S)


def longer_s(again_s: float, lasted_s: float) -> float:
    """How long to wait before the next snapshot, after one that was not understood and lasted so long."""
    return AGAIN_S if lasted_s > CALM_S else min(2 * again_s, AGAIN_MAX_S)


def _changed_at(file: Path) -> int | None:
    """When a file was last written, in nanoseconds; None when it is not there."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None
