"""The coordinator edits plan and roster while an alarm is open: for that alarm nothing changes."""

from __future__ import annotations

from dataclasses import replace

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.plan import Pager, Zender
from house import TEAM_RINGS, TOWN_HALL, House

SHORT = replace(
    TOWN_HALL,
    zenders=TOWN_HALL.zenders[:2],
    pagers=(Pager("p1", "dina"),),
    members=TOWN_HALL.members[:4],
    ladder=replace(TOWN_HALL.ladder, responders_needed=1, callers_112=("anna",)),
)
"""A plan without Balie 3, its staff, the reception and two of the pagers."""


def test_the_plan_is_edited_mid_alarm(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.hear(h.PlanRead(SHORT, "edited"))
    house.pager("p1").answers("coming")
    assert set(house.alarm(7).responders) == {"anna"}
    assert house.alarm(7).phase == "ringing"  # two are wanted, as when it began
    assert house.says("gerda", "all_clear", reason="nothing") == "refused"
    house.wait(14.5)
    house.rings("Balie 3", "p2 p3 dina")
    house.wait(45)
    house.asks_112("Balie 3", "els")
    house.lets_ring()


def test_who_said_to_carry_a_pager_carries_it_while_the_files_say_nothing_new(house: House) -> None:
    house.hear(h.Answer("p1-b001-77", "", "carry", "p1", "b001", "dina"))
    house.hear(h.PlanRead(replace(TOWN_HALL, language="en"), "edited"))
    assert house.state.plan.carrier("p1") == "dina"
    house.hear(h.PlanRead(replace(TOWN_HALL, pagers=(Pager("p1", "dina"), *TOWN_HALL.pagers[1:])), "edited again"))
    assert house.state.plan.carrier("p1") == "dina"  # the files have said something new now, if the same
    house.hear(h.PlanRead(TOWN_HALL, "as it was"))
    assert house.state.plan.carrier("p1") == TOWN_HALL.carrier("p1")


def test_an_alarm_keeps_what_the_plan_says_of_its_own_desk_alone(house: House) -> None:
    house.press(7)
    house.press(99)
    house.wait(1)
    house.lets_ring()
    assert house.alarm(7).plan.zenders == (TOWN_HALL.zender(7),)
    assert house.alarm(99).plan.zenders == ()
    for zender in (7, 99):
        assert replace(house.alarm(zender).plan, zenders=TOWN_HALL.zenders) == TOWN_HALL, "and all the rest"


def test_a_stranger_whom_the_new_plan_knows_is_no_fault_any_more(house: House) -> None:
    house.press(99)
    house.wait(1)
    house.lets_ring()
    assert "zender:99/unknown" in house.state.faults
    house.hear(h.PlanRead(replace(TOWN_HALL, zenders=(*TOWN_HALL.zenders, Zender(98, "Balie 8"))), "another"))
    assert "zender:99/unknown" in house.state.faults, "it is as unknown as before"
    house.hear(h.PlanRead(replace(TOWN_HALL, zenders=(*TOWN_HALL.zenders, Zender(99, "Balie 9"))), "edited"))
    assert "zender:99/unknown" not in house.state.faults


def test_a_dead_pager_that_leaves_the_plan_is_missed_no_more(house: House) -> None:
    house.pager("p2").dies()
    assert "pager:p2/offline" in house.state.faults
    house.hear(h.PlanRead(replace(TOWN_HALL, pagers=TOWN_HALL.pagers[:1]), "edited"))
    assert "pager:p2/offline" not in house.state.faults


def test_the_next_alarm_runs_under_the_new_plan(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.hear(h.PlanRead(SHORT, "edited"))
    house.press(6)
    house.wait(1)
    house.rings("Balie 2", "p1 anna")
    house.pager("p1").answers("coming", zender=6)
    assert set(house.alarm(6).responders) == {"dina"}
    assert house.alarm(6).phase == "coming"


def test_a_press_that_joins_runs_under_the_new_plan(house: House) -> None:
    house.press(6)
    house.wait(5)
    house.rings("Balie 2", TEAM_RINGS)
    house.hear(h.PlanRead(SHORT, "edited"))
    house.press(6)
    house.wait(1)
    house.rings("Balie 2", "p1 anna")
    house.pager("p1").answers("coming")
    assert house.alarm(6).phase == "coming"


def test_a_pager_changes_hands_mid_alarm(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.hear(h.Answer("p1-b001-77", "", "carry", "p1", "b001", "dina"))
    house.pager("p1").answers("coming")
    assert set(house.alarm(7).responders) == {"anna"}
    house.press(6)
    house.wait(1)
    house.rings("Balie 2", TEAM_RINGS)
    house.pager("p1").answers("coming", zender=6)
    assert set(house.alarm(6).responders) == {"dina"}


def test_nobody_can_carry_what_does_not_exist(house: House) -> None:
    house.hear(h.Answer("p1-b001-1", "", "carry", "p1", "b001", "nobody"))
    assert house.state.outcomes["p1-b001-1"].result == "refused"
    assert not house.all(f.PagerCarried)


def test_the_same_plan_read_again_is_no_news(house: House) -> None:
    assert not house.hear(h.PlanRead(house.plan, house.state.plan_source))
