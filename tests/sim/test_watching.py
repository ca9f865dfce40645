"""The lookout: what was noted is found, what is still to come is waited for, and it forgets the oldest."""

from __future__ import annotations

import asyncio

import pytest

from achterwacht_sim.events import ConnectionBack, NoConnection, Noted
from achterwacht_sim.watching import MAX_KEPT, Lookout


def is_back(noted: Noted) -> bool:
    return isinstance(noted.event, ConnectionBack)


@pytest.mark.asyncio
async def test_it_finds_what_was_noted_and_waits_for_what_was_not() -> None:
    told: list[Noted] = []
    lookout = Lookout(told.append)
    lookout.note(1.0, "pager p1", ConnectionBack())
    assert (await lookout.until(is_back, 1.0)).at_s == 1.0
    waiting = asyncio.create_task(lookout.until(is_back, 5.0, after=lookout.count))
    await asyncio.sleep(0)
    lookout.note(2.0, "pager p1", NoConnection())
    lookout.note(3.0, "pager p2", ConnectionBack())
    assert (await waiting).node == "pager p2"
    assert [noted.n for noted in told] == [1, 2, 3]


@pytest.mark.asyncio
async def test_it_stops_waiting_in_time() -> None:
    lookout = Lookout()
    with pytest.raises(TimeoutError):
        await lookout.until(is_back, 0.0)
    assert lookout._waiting == {}


def test_it_keeps_only_the_newest() -> None:
    lookout = Lookout()
    for number in range(MAX_KEPT + 5):
        lookout.note(float(number), "pager p1", NoConnection())
    assert len(lookout.kept) == MAX_KEPT
    assert lookout.kept[0].n == 6
