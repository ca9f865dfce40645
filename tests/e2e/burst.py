"""A burst of presses while something dies, again and again: what test_kills.py does briefly and the storms do for long.

Knows how hands and carriers behave. What must hold afterwards is in hall.py and in `recovers`.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from achterwacht.core import facts as f
from achterwacht_sim.events import Rings
from achterwacht_sim.node import Pager
from achterwacht_sim.pager import NothingToAnswer
from e2e.hall import SOON_S, Hall

PRESSES_MAX = 4
"""How often one hand hits its button in one volley."""
FOR_EVER_S = 3600.0

Strike = Callable[[], Awaitable[None]]


async def volley(hall: Hall, rng: random.Random) -> int:
    """Every zender is pressed one to four times, in any order. Returns how many presses that were."""
    hands = [zender for zender in hall.zenders.values() for _ in range(rng.randint(1, PRESSES_MAX))]
    rng.shuffle(hands)
    for zender in hands:
        await zender.press()
    return len(hands)


async def strike_amid(hall: Hall, rng: random.Random, strike: Strike, back: Strike, early: bool) -> None:
    """A volley; somewhere in what follows from it the strike; a volley that nobody hears; and back.

    `early`: amid the first things that happen, perhaps before anything is durable; else when some presses are.
    """
    after, before = hall.lookout.count, len(hall.confirmed)
    presses = await volley(hall, rng)
    if early:
        # Every press brings at least itself and its confirmation: so many things happen for certain.
        await hall.lookout.until(lambda _: True, 2 * SOON_S, after + rng.randrange(2 * presses))
    else:
        enough = before + rng.randrange(1, presses)
        await hall.lookout.until(lambda _: len(hall.confirmed) >= enough, 2 * SOON_S, after)
    await strike()
    await volley(hall, rng)
    await back()


@asynccontextmanager
async def carriers(hall: Hall, rng: random.Random) -> AsyncIterator[None]:
    """Whoever's pager rings says something, now and then that it is impossible."""
    tasks = [asyncio.create_task(_carry(hall, pager, rng)) for pager in hall.pagers.values()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for error in done] == [asyncio.CancelledError] * len(tasks), done


async def _carry(hall: Hall, pager: Pager, rng: random.Random) -> None:
    after = hall.lookout.count
    while True:
        rung = await hall.lookout.until(
            lambda noted: noted.node == pager.name and isinstance(noted.event, Rings), FOR_EVER_S, after
        )
        after = rung.n
        assert isinstance(rung.event, Rings)
        try:
            await pager.answer(rng.choice(["coming", "coming", "cannot"]), incident=rung.event.page.incident)
        except NothingToAnswer:
            continue  # it was over before the hand was at the pager


async def recovers(hall: Hall) -> list[f.Fact]:
    """Everything that was said is answered, every alarm can be closed (L1), and the journal holds (S1, S3, S10)."""
    await asyncio.gather(*(zender.settled(3 * SOON_S) for zender in hall.zenders.values()))
    assert set(hall.pressed) == hall.confirmed.keys()
    p1 = hall.pagers["p1"]
    async with hall.daemon.onlooker() as seen:
        while left := len(seen.state.alarms):
            for incident in list(p1.firmware.incidents):
                for answer in ("on_scene", "all_clear"):
                    if incident in p1.firmware.incidents:
                        await p1.answered(await p1.answer(answer, incident=incident), 2 * SOON_S)
            await seen.until(lambda state: len(state.alarms) < left, SOON_S, "an alarm is closed")
    await asyncio.gather(*(pager.settled(SOON_S) for pager in hall.pagers.values()))
    async with hall.daemon.onlooker() as seen:
        await seen.until(lambda state: not state.outbox, SOON_S, "every order has an outcome (L2)")
        await seen.durable(SOON_S)
        facts = hall.check_journal()
        assert hall.daemon.replayed(seen.n) == seen.state, "the journal replays to another state"
    kinds = Counter(type(fact).__name__ for fact in facts)
    print(f"{len(hall.pressed)} presses, {dict(kinds)}")
    return facts
