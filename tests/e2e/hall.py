"""A town hall for the end-to-end tests: a real broker, the real daemon, and as many simulated nodes as a story needs.

Knows who logs in how, and what the journal must say of the presses that were made. Leaves the story to the test.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from achterwacht.core import facts as f
from achterwacht_sim.address import Broker
from achterwacht_sim.events import Confirmed, Noted, Rings
from achterwacht_sim.events import Pressed as ButtonPressed
from achterwacht_sim.node import Pager, Zender
from achterwacht_sim.watching import Lookout
from broker import Mosquitto
from daemon import Daemon, write_plan

# Loopback, two cores, a debug loop: what takes longer than this is broken, not slow.
SOON_S = 10.0
# docs/promises.md, "press → shown": with room for a busy machine, and far below the first ladder step.
PAGE_S = 2.0

FAST = {
    "steps": [
        {"after_s": 0, "ring": ["pagers", "team"]},
        {"after_s": 1, "ring": ["pagers", "team", "backup"]},
        {"after_s": 2, "ring": ["pagers", "team", "backup", "reception", "supervisor"]},
    ],
    "repeat_s": 2,
}
"""The shipped ladder in a hurry."""

TEAM = {"p1": "lid-1", "p2": "lid-2", "p3": "lid-3"}
"""The shipped pagers and who carries them."""


class Hall:
    """Broker, daemon and nodes. `confirmed` and `pressed` are kept over everything that dies meanwhile."""

    def __init__(self, broker: Mosquitto, daemon: Daemon) -> None:
        self.broker = broker
        self.daemon = daemon
        self.lookout = Lookout(self._noted)
        self.zenders: dict[int, Zender] = {}
        self.pagers: dict[str, Pager] = {}
        self.pressed: list[str] = []
        self.confirmed: dict[str, str] = {}
        """Press → incident, as it was told with `durable:true`."""
        self.rung: set[str] = set()
        """Every incident for which a pager ever rang."""

    def _noted(self, noted: Noted) -> None:
        event = noted.event
        if isinstance(event, ButtonPressed):
            self.pressed.append(event.press)
        elif isinstance(event, Confirmed) and event.durable:
            self.confirmed[event.press] = event.incident
        elif isinstance(event, Rings):
            self.rung.add(event.page.incident)

    def broker_for(self, user: str) -> Broker:
        """The broker, as this node logs in."""
        return Broker(self.broker.host, self.broker.port, user, self.broker.password(user))

    def check_journal(self) -> list[f.Fact]:
        """Holds the journal to S1, S3 and S10; returns its facts."""
        verdict = self.daemon.verdict()
        assert verdict.problems == ()
        facts = self.daemon.facts()
        raising = [fact for fact in facts if isinstance(fact, f.AlarmRaised | f.AlarmRecovered | f.PressJoined)]
        told = Counter(fact.press for fact in raising)
        assert [press for press, count in told.items() if count > 1] == [], "a press in two incidents, or rung twice"
        home = {fact.press: fact.incident for fact in raising}
        assert self.confirmed.keys() - home.keys() == set(), "confirmed and not in the journal"
        assert {press: home[press] for press in self.confirmed} == self.confirmed, "confirmed for another incident"
        merged = {fact.incident: fact.into for fact in facts if isinstance(fact, f.IncidentMerged)}
        assert self.rung <= home.keys() | merged.keys(), "a pager rang for what the journal does not know"
        return facts


@asynccontextmanager
async def town_hall(
    folder: Path,
    zenders: Iterable[int] = (),
    pagers: Iterable[str] = TEAM,
    *,
    start: bool = True,
    environment: dict[str, str] | None = None,
    **plan: Any,
) -> AsyncIterator[Hall]:
    """Everything is there when this is entered, and gone when it is left. `plan` is for write_plan."""
    # Fourteen nodes in a debugging loop need more processor time than broker and daemon together, and on a busy machine
    # their repeats then never end. The nodes are tested with it in sim/.
    asyncio.get_running_loop().set_debug(False)
    async with AsyncExitStack() as stack:
        broker = stack.enter_context(Mosquitto(folder / "broker"))
        daemon = await stack.enter_async_context(Daemon(broker, folder / "house", environment))
        write_plan(daemon.config, broker, **plan)
        hall = Hall(broker, daemon)
        for nr in zenders:
            zender = Zender(hall.broker_for(str(nr)), nr, lookout=hall.lookout)
            hall.zenders[nr] = await stack.enter_async_context(zender)
        for pager_id in pagers:
            pager = Pager(hall.broker_for(pager_id), pager_id, lookout=hall.lookout)
            hall.pagers[pager_id] = await stack.enter_async_context(pager)
        if start:
            await daemon.start()
        yield hall
