"""The long versions of e2e/test_kills.py, from a new seed each time; a printed seed plays it again (STORM_SEED=…)."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from pathlib import Path

import pytest

from achterwacht.core import facts as f
from e2e.burst import Strike, carriers, recovers, strike_amid, volley
from e2e.hall import town_hall

ALL_ZENDERS = range(1, 12)
KILLS = 30
OUTAGE_S = 60.0
# Of at most four presses a zender each: no zender remembers more than 64.
CROWD_VOLLEYS = 12


def seeded(story: str) -> random.Random:
    seed = os.environ.get("STORM_SEED") or secrets.token_hex(4)
    print(f"STORM_SEED={seed}")
    return random.Random(f"{story} {seed}")


@pytest.mark.storm
@pytest.mark.timeout(600)
@pytest.mark.asyncio
async def test_thirty_kills_of_daemon_and_broker(tmp_path: Path) -> None:
    rng = seeded("kills")
    async with town_hall(tmp_path, ALL_ZENDERS) as hall, carriers(hall, rng):

        async def kill_broker() -> None:
            hall.broker.kill()

        async def start_broker() -> None:
            hall.broker.start()

        async def kill_both() -> None:
            hall.broker.kill()
            await hall.daemon.kill()

        async def start_both() -> None:
            await hall.daemon.start()
            hall.broker.start()

        strikes: list[tuple[Strike, Strike]] = [
            (hall.daemon.kill, hall.daemon.start),
            (kill_broker, start_broker),
            (kill_both, start_both),
        ]
        daemon_kills = 0
        for _ in range(KILLS):
            strike, back = rng.choices(strikes, weights=(4, 1, 1))[0]
            daemon_kills += strike != kill_broker
            await strike_amid(hall, rng, strike, back, early=rng.random() < 0.5)
            # Also across a strike nothing may be left behind: more than a zender remembers would be let go.
            await asyncio.gather(*(zender.settled(30.0) for zender in hall.zenders.values()))
        facts = await recovers(hall)
    assert len(hall.pressed) > KILLS * len(ALL_ZENDERS)
    # One that was killed early may have left nothing.
    assert KILLS // 5 < sum(isinstance(fact, f.DaemonStarted) for fact in facts) <= daemon_kills + 1


@pytest.mark.storm
@pytest.mark.timeout(600)
@pytest.mark.asyncio
async def test_a_crowd_of_presses_that_no_daemon_lives_to_answer(tmp_path: Path) -> None:
    """Hundreds that are said twice a second each: their confirmations must not crowd each other out."""
    rng = seeded("a crowd")
    async with town_hall(tmp_path, ALL_ZENDERS) as hall, carriers(hall, rng):
        for _ in range(CROWD_VOLLEYS):
            await hall.daemon.kill()
            await volley(hall, rng)
            await hall.daemon.start()
        await recovers(hall)


@pytest.mark.storm
@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", ["stopped", "hanging"])
@pytest.mark.asyncio
async def test_an_outage_of_a_minute(tmp_path: Path, how: str) -> None:
    rng = seeded(how)
    async with town_hall(tmp_path, ALL_ZENDERS) as hall, carriers(hall, rng):

        async def away() -> None:
            (hall.broker.stop if how == "stopped" else hall.broker.pause)()

        async def back() -> None:
            await asyncio.sleep(OUTAGE_S)  # this is how long it is away, not a wait for something
            (hall.broker.start if how == "stopped" else hall.broker.resume)()

        await strike_amid(hall, rng, away, back, early=False)
        await volley(hall, rng)
        await recovers(hall)
