"""Presses from all desks while the daemon or the broker is killed: none is lost, none rings twice (S1, S3, L3)."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from achterwacht.core import facts as f
from e2e.burst import carriers, recovers, strike_amid
from e2e.hall import town_hall

ALL_ZENDERS = range(1, 12)
KILLS = 5
BROKER_KILLS = 2
OUTAGE_S = 3.0


@pytest.mark.asyncio
async def test_no_press_is_lost_or_doubled_when_the_daemon_is_killed(tmp_path: Path) -> None:
    rng = random.Random("five kills")
    async with town_hall(tmp_path, ALL_ZENDERS) as hall, carriers(hall, rng):
        for _ in range(KILLS):
            await strike_amid(hall, rng, hall.daemon.kill, hall.daemon.start)
        facts = await recovers(hall)
    assert len(hall.pressed) > 200
    # One that was killed at once may have left nothing.
    assert 1 < sum(isinstance(fact, f.DaemonStarted) for fact in facts) <= KILLS + 1


@pytest.mark.asyncio
async def test_no_press_is_lost_or_doubled_when_the_broker_is_killed(tmp_path: Path) -> None:
    rng = random.Random("two kills of the broker")
    async with town_hall(tmp_path, ALL_ZENDERS) as hall, carriers(hall, rng):

        async def kill() -> None:
            hall.broker.kill()

        async def back() -> None:
            hall.broker.start()

        for _ in range(BROKER_KILLS):
            await strike_amid(hall, rng, kill, back)
        facts = await recovers(hall)
    assert sum(isinstance(fact, f.DaemonStarted) for fact in facts) == 1


@pytest.mark.parametrize("how", ["stopped", "hanging"])
@pytest.mark.asyncio
async def test_no_press_is_lost_or_doubled_in_an_outage(tmp_path: Path, how: str) -> None:
    rng = random.Random(how)
    async with town_hall(tmp_path, ALL_ZENDERS) as hall, carriers(hall, rng):

        async def away() -> None:
            (hall.broker.stop if how == "stopped" else hall.broker.pause)()

        async def back() -> None:
            await asyncio.sleep(OUTAGE_S)  # this is how long it is away, not a wait for something
            (hall.broker.start if how == "stopped" else hall.broker.resume)()

        await strike_amid(hall, rng, away, back)
        await recovers(hall)
