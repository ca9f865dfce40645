"""An alarm while fewer pagers are carried than are needed: no time is lost on pagers that hang in their docks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from achterwacht.core import facts as f
from achterwacht.core.plan import BACKUP, PAGERS, TEAM, Step
from day_house import BY_DAY, DayHouse

PAGERS_FIRST = replace(
    BY_DAY,
    ladder=replace(
        BY_DAY.ladder, steps=(Step(0.0, (PAGERS,)), Step(15.0, (PAGERS, TEAM)), Step(30.0, (PAGERS, TEAM, BACKUP)))
    ),
)
"""A ladder whose first step rings pagers only."""


@pytest.fixture
def house() -> DayHouse:
    return DayHouse(PAGERS_FIRST)


def steps(house: DayHouse) -> list[tuple[int, str]]:
    return [(fact.step, fact.reason) for fact in house.all(f.StepReached)]


def test_the_telephones_ring_at_once_while_too_few_pagers_are_carried(house: DayHouse) -> None:
    house.lift("p1")
    house.wait(30)
    house.press(6)
    house.wait(1)
    assert steps(house) == [(0, "first press"), (1, "too few pagers carried")]
    first, second = house.all(f.StepReached)
    assert first.when == second.when
    assert house.phone("cor").unheard  # and no 112 before its time
    assert not house.all(f.PoliceAdvised)
    house.wait(13)
    assert len(steps(house)) == 2
    house.wait(16.5)
    assert steps(house)[2] == (2, "not enough coming")


def test_the_ladder_keeps_its_times_while_enough_are_carried(house: DayHouse) -> None:
    house.lift("p1", "p2")
    house.wait(30)
    house.press(6)
    house.wait(14.5)
    assert steps(house) == [(0, "first press")]
    house.wait(1)
    assert steps(house)[1:] == [(1, "not enough coming")]


def test_a_pager_that_is_hung_up_during_an_alarm_brings_the_next_step(house: DayHouse) -> None:
    house.lift("p1", "p2")
    house.wait(30)
    house.press(6)
    house.wait(2)
    house.hang("p2")
    house.wait(6)
    assert steps(house)[1:] == [(1, "too few pagers carried")]


def test_a_last_step_that_rings_only_pagers_is_no_reason_for_112() -> None:
    """One who has a pager may still come: 112 is asked for in its time."""
    house = DayHouse(replace(PAGERS_FIRST, ladder=replace(PAGERS_FIRST.ladder, steps=(Step(0.0, (PAGERS,)),))))
    house.lift("p1")
    house.wait(30)
    house.press(6)
    house.wait(PAGERS_FIRST.ladder.call_112_after_s - 1)
    assert not house.all(f.PoliceAdvised)
    house.wait(2)
    assert house.all(f.PoliceAdvised)


def test_a_drill_practises_that_too(house: DayHouse) -> None:
    house.practises(6)
    house.wait(1)
    assert steps(house) == [(0, "drill"), (1, "too few pagers carried")]
    house.stops_practising()
