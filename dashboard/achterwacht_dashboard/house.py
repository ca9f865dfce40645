"""What the dashboard knows of the house: the daemon's facts, folded with the daemon's own `evolve`.

Knows the link, and when nobody speaks at its other end. Nothing is decided here, and nothing that is old is shown as
new: a look says since when it is stale.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import msgspec

from achterwacht.core import facts as f
from achterwacht.core.codec import fact_from_plain, from_plain
from achterwacht.core.evolve import evolve
from achterwacht.core.incident import Incident
from achterwacht.core.moment import Moment
from achterwacht.core.state import EMPTY, State
from achterwacht.errors import LinkUnavailable
from achterwacht.journal.people import FILE as PEOPLE_FILE
from achterwacht.journal.people import Person, read_people
from achterwacht.link import Connection, connect

AGAIN_S = 0.5
"""So long after the link was lost it is tried again; the daemon starts in less than a second."""
COMMAND_S = 3.0
"""How long a command may take: the daemon answers within about a second, also when its disk is broken."""
PEOPLE_S = 2.0
"""So often it is looked whether the names have changed. They stand beside the facts, never in them."""
UNDURABLE_MAX = 10_000
"""As many facts as the link keeps for a reader that is behind."""

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
    last_story: Incident | None = None
    """The newest incident that is over, as the journal has it; None until it was read, or when there is none."""

    @property
    def names(self) -> dict[str, str]:
        """People's names by member id."""
        return {id: person.name for id, person in self.people.items()}


class Clock(Protocol):
    """Who reads the time: `achterwacht.clock.Clock`, or a test."""

    def now(self) -> Moment: ...


class House:
    """The one reader of the link. `run` it; `look` is how it stands now, `changed` tells each who watches.

    `on_fact(fact)` is told every fact as it comes, after it is in `look`.
    """

    def __init__(self, socket: Path, state_folder: Path, clock: Clock) -> None:
        self.look = Look(stale_since=clock.now(), why_stale="not connected yet")
        self.clock = clock
        self._socket = socket
        self._state_folder = state_folder
        self._connection: Connection | None = None
        self._watchers: set[asyncio.Event] = set()
        self._undurable: deque[tuple[int, str]] = deque(maxlen=UNDURABLE_MAX)
        self._pages: Counter[str] = Counter()
        self._pages_changed = asyncio.Event()
        self.on_fact: list[Callable[[f.Fact], None]] = []

    # --- who looks ----------------------------------------------------------------------------------------------------

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
            self._pages_changed.set()

    def remember_last(self, story: Incident | None) -> None:
        """What the journal's readers found to be the newest incident that is over."""
        self._show(last_story=story)

    async def command(self, command: dict[str, Any]) -> dict[str, Any]:
        """Have the daemon do something (docs/link.md); its answer. Raises LinkUnavailable, AskedWrong."""
        if self._connection is None:
            raise LinkUnavailable(f"the daemon does not answer: {self.look.why_stale}")
        return await self._connection.command(command, COMMAND_S)

    # --- the link -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow the daemon, for ever; over every end of the link a new snapshot."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._follow_people())

    async def _follow(self) -> None:
        while True:
            try:
                async with connect(self._socket) as connection:
                    await self._read(connection)
            except LinkUnavailable as unavailable:
                self._lost(str(unavailable))
            except (msgspec.ValidationError, KeyError) as error:
                self._lost(f"what the daemon says is not understood: {error}: install the same version of both")
            await asyncio.sleep(AGAIN_S)

    async def _read(self, connection: Connection) -> None:
        hello = connection.hello
        state = await asyncio.to_thread(from_plain, State, hello["state"])
        self._undurable.clear()
        self._connection = connection
        log.info("connected to daemon %s", hello["boot"])
        self._show(
            state=state,
            boot=hello["boot"],
            n=hello["n"],
            durable_n=hello["durable_n"],
            pending=frozenset(),
            stale_since=None,
            why_stale="",
        )
        telling = asyncio.create_task(self._tell_pages(connection))
        try:
            async for message in connection:
                self._take(message)
        finally:
            self._connection = None
            telling.cancel()
            await asyncio.wait({telling})

    def _take(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "durable":
            self._durable(message["n"])
        elif kind == "fact":
            fact = fact_from_plain(message["fact"])
            incident = getattr(fact, "incident", "")
            if incident and not message["durable"]:
                self._undurable.append((message["n"], incident))
            self._show(state=evolve(self.look.state, fact), n=message["n"], pending=self._pending())
            for tell in self.on_fact:
                tell(fact)

    def _durable(self, n: int) -> None:
        while self._undurable and self._undurable[0][0] <= n:
            self._undurable.popleft()
        self._show(durable_n=n, pending=self._pending())

    def _pending(self) -> frozenset[str]:
        return frozenset(incident for _, incident in self._undurable)

    def _lost(self, why: str) -> None:
        if self.look.stale_since is None:
            log.error("the daemon is not heard any more: %s", why)
            self._show(stale_since=self.clock.now(), why_stale=why)
        elif why != self.look.why_stale:
            self._show(why_stale=why)

    def _show(self, **changes: Any) -> None:
        self.look = replace(self.look, version=self.look.version + 1, **changes)
        for event in self._watchers:
            event.set()

    async def _tell_pages(self, connection: Connection) -> None:
        """Whose pages are open here, whenever that changes."""
        told: list[str] | None = None
        while True:
            self._pages_changed.clear()
            members = sorted(+self._pages)
            if members != told:
                with suppress(LinkUnavailable):
                    await connection.command({"command": "pages", "members": members}, COMMAND_S)
                    told = members
            await self._pages_changed.wait()

    async def _follow_people(self) -> None:
        """Names are read again when their file has changed."""
        seen: int | None = None
        while True:
            now = await asyncio.to_thread(_changed_at, self._state_folder / PEOPLE_FILE)
            if now != seen:
                seen = now
                self._show(people=await asyncio.to_thread(read_people, self._state_folder))
            await asyncio.sleep(PEOPLE_S)


def _changed_at(file: Path) -> int | None:
    """When a file was last written, in nanoseconds; None when it is not there."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None
