"""Presses from all desks while the daemon or the broker is killed: none is lost, none rings twice (S1, S3, L3)."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from achterwacht.core import facts as f
from e2e.burst import carriers, recovers, strike_amid, volley
from e2e.hall import SOON_S, town_hall

ALL_ZENDERS = range(1, 12)
KILLS = 5
BROKER_KILLS = 2
OUTAGE_S = 3.0
# Of at most four presses a zender each: no zender remembers more than 64.
CROWD_VOLLEYS = 12


@pytest.mark.asyncio
async def test_no_press_is_lost_or_doubled_when_the_daemon_is_killed(tmp_path: Path) -> None:
    rng = random.Random("five kills")
    async with town_hall(tmp_path, ALL_ZENDERS) as hall, carriers(hall, rng):
        for kill in range(KILLS):
            await strike_amid(hall, rng, hall.daemon.kill, hall.daemon.start, early=kill % 2 == 1)
        facts = await recovers(hall)
    assert len(hall.pressed) > 200
    # One that was killed early may have left nothing.
    assert KILLS // 2 < sum(isinstance(fact, f.DaemonStarted) for fact in facts) <= KILLS + 1


@pytest.mark.asyncio
async def test_hundreds_of_presses_that_nobody_heard_do_not_choke_the_start(tmp_path: Path) -> None:
    """Each is said again twice a second until it is confirmed; their confirmations must not crowd each other out."""
    rng = random.Random("a crowd")
    async with town_hall(tmp_path, ALL_ZENDERS) as hall, carriers(hall, rng):
        async with hall.daemon.onlooker() as seen:
            await seen.until(lambda state: len(state.devices) == len(hall.zenders) + len(hall.pagers), SOON_S)
        await hall.daemon.kill()
        for _ in range(CROWD_VOLLEYS):
            await volley(hall, rng)
        await hall.daemon.start()
        await recovers(hall)
    assert len(hall.pressed) > 250


@pytest.mark.asyncio
async def test_no_press_is_lost_or_doubled_when_the_broker_is_killed(tmp_path: Path) -> None:
    rng = random.Random("two kills of the broker")
    async with town_hall(tmp_path, ALL_ZENDERS) as hall, carriers(hall, rng):

        async def kill() -> None:
            hall.broker.kill()

        async def back() -> None:
            hall.broker.start()

        for number in range(BROKER_KILLS):
            await strike_amid(hall, rng, kill, back, early=number % 2 == 1)
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

        await strike_amid(hall, rng, away, back, early=False)
        await recovers(hall)
