"""The numbers that people use, and the times that are promised."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from achterwacht.core import facts as f
from house import TEAM_RINGS, House


def numbers(house: House) -> list[str]:
    """The human numbers, in the order in which they were given."""
    return [numbered.number for numbered in house.all(f.IncidentNumbered)]


def test_numbers_begin_at_one_each_year_by_the_clock_on_the_wall() -> None:
    house = House(at=datetime(2026, 12, 31, 22, 58, tzinfo=UTC))  # two minutes to midnight in the house
    house.press(5)
    house.press(6)
    house.wait(60)
    assert numbers(house) == ["2026-001", "2026-002"]
    house.wait(61)
    house.press(7)
    house.wait(1)
    assert numbers(house) == ["2026-001", "2026-002", "2027-001"]


def test_a_number_is_given_when_the_alarm_is_on_disk(house: House) -> None:
    house.commit_s = None
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    assert not numbers(house)
    house.commit_s = 0.02
    house.pager("p1").answers("coming")
    house.wait(0.1)
    assert numbers(house) == ["2026-001"]


def test_no_number_is_given_twice(house: House) -> None:
    house.press(7)
    house.wait(0.5)
    house.restart()
    house.press(6)
    house.wait(0.5)
    house.crash()
    house.press(5)
    house.wait(0.5)
    assert numbers(house) == ["2026-001", "2026-002", "2026-003"]
    house.lets_ring()


def test_a_short_alarm_gets_its_number_after_its_end(house: House) -> None:
    house.commit_s = None
    house.press(7)
    house.wait(0.1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("on_scene")
    house.commit_s = 0.5
    house.pager("p1").answers("all_clear")
    house.wait(1)
    assert numbers(house) == ["2026-001"]
    assert [alarm.number for alarm in house.state.closed.values()] == ["2026-001"]


def test_every_budget_is_kept(house: House) -> None:
    house.press(7)
    house.wait(5)
    house.rings("Balie 3", TEAM_RINGS)
    assert not house.all(f.BudgetMissed)


def test_missed_budgets_are_told_once_each(house: House) -> None:
    house.hand_over_s = 0.9
    house.commit_s = 0.4
    house.press(7)
    house.wait(5)
    house.rings("Balie 3", TEAM_RINGS)
    missed = {miss.hop: miss for miss in house.all(f.BudgetMissed)}
    assert len(house.all(f.BudgetMissed)) == 3
    assert set(missed) == {"handed_over", "durable", "shown"}
    assert abs(missed["handed_over"].took_s - 0.9) < 1e-6
    assert abs(missed["durable"].took_s - 0.4) < 1e-6
    assert abs(missed["shown"].took_s - 1.2) < 1e-6


def test_what_a_later_step_shows_is_held_against_no_budget(house: House) -> None:
    """The first page was never shown; the next step's was, after five seconds. That pager may have been out of reach:
    how long a prompt page took nobody knows, and `nothing shown` is what the timeline tells."""
    for pager in ("p1", "p2", "p3"):
        house.pager(pager).shows = False
    house.press(7)
    house.wait(4)
    for pager in ("p1", "p2", "p3"):
        house.pager(pager).shows = True
    house.wait(3)
    house.lets_ring()
    assert "shown" in house.alarm(7).reached
    assert not house.all(f.BudgetMissed)


@pytest.mark.parametrize("pressed_again", [False, True])
def test_a_prompt_page_that_is_shown_late_is_a_missed_budget(house: House, pressed_again: bool) -> None:
    for pager in ("p1", "p2", "p3"):
        house.pager(pager).shows = False
    incident = house.press(7)
    if pressed_again:
        house.wait(3)
        house.press(7)
    house.wait(2)
    assert house.alarm(7).rings["pager:p1"].reason == ("pressed again" if pressed_again else "first press")
    house.pager("p1").sends_receipts(house.pager("p1").remembers[incident])
    house.lets_ring()
    (missed,) = house.all(f.BudgetMissed)
    assert missed.hop == "shown"


def test_a_later_step_misses_no_budget(house: House) -> None:
    house.press(7)
    house.wait(16)
    house.lets_ring()
    assert house.alarm(7).step == 1
    assert not house.all(f.BudgetMissed)
