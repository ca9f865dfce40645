"""The table, the watches, and the edges of time: what a story would tell too broadly. The stories are in nights/."""

from __future__ import annotations

from dataclasses import replace

import pytest

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.escalation import (
    _DECIDE,
    BURST_S,
    LEAVE_GAP_S,
    OTHERS_AFTER_S,
    TABLE,
    WATCHES,
    decide,
    due,
    step_in_vain,
)
from achterwacht.core.faults import MISSING
from achterwacht.core.ladder import whom_to_ring
from achterwacht.core.plan import PAGERS, Ladder, Pager, Step
from achterwacht.core.state import EMPTY
from house import TOWN_HALL, House

ROUNDED_S = 1e-4
"""A little time, far above the rounding of sums and far below anything that people notice."""


def test_everything_heard_has_its_decision() -> None:
    assert set(_DECIDE) == set(h.Heard.__args__)


def test_the_table_is_whole() -> None:
    phases = {"ringing", "coming", "on_scene", "closed"}
    assert len(set(TABLE)) == len(TABLE)
    assert {change.then for change in TABLE} == phases
    assert {change.phase for change in TABLE} == phases | {""}
    for phase in phases - {"closed"}:
        assert any((change.phase, change.then) == (phase, "closed") for change in TABLE)
        assert any((change.phase, change.because) == (phase, "pressed again") for change in TABLE)


def test_an_open_alarm_always_waits_for_something() -> None:
    house = House()
    assert due(house.state) is None
    for answers in ((), ("anna",), ("anna", "bas")):
        for member in answers:
            house.says(member, "coming")
        house.press(7)
        assert due(house.state) is not None
    for member in ("anna", "bas"):
        house.says(member, "on_scene")
    house.says("els", "called_112")
    assert due(house.state) is not None
    house.says("anna", "all_clear")
    house.wait(1)  # until every pager has heard that it is over
    assert due(house.state) is None


def test_every_watch_says_what_people_should_know() -> None:
    assert all((watch.during, watch.waits_for, watch.at_most, watch.what_then) for watch in WATCHES)


def test_a_house_without_facts_hears_without_harm() -> None:
    now = House().now
    for heard in (
        h.Tick(),
        h.Durable(0),
        h.HandedOver("x"),
        h.Failed("x", "gone"),
        h.TroubleOver("x"),
        h.Undo("k", "i", "m"),
    ):
        assert all(isinstance(fact, f.UndoRefused) for fact in decide(EMPTY, heard, now))


def test_a_press_before_any_plan_is_an_alarm() -> None:
    kinds = [type(fact) for fact in decide(EMPTY, h.Pressed("7-a-1", 7, "a", 0.0), House().now)]
    assert kinds[0] is f.AlarmRaised
    assert f.PoliceAdvised in kinds
    assert kinds[-1] is f.FaultRaised


@pytest.mark.parametrize(("after_s", "burst"), [(BURST_S - ROUNDED_S, True), (BURST_S + ROUNDED_S, False)])
def test_the_edge_of_a_burst(after_s: float, burst: bool) -> None:
    house = House()
    house.press(7)
    house.wait(after_s)
    house.press(7)
    assert [joined.burst for joined in house.all(f.PressJoined)] == [burst]


@pytest.mark.parametrize(
    ("after_s", "police"), [(LEAVE_GAP_S - ROUNDED_S, "none"), (LEAVE_GAP_S + ROUNDED_S, "advised")]
)
def test_the_edge_of_telling_to_leave(after_s: float, police: str) -> None:
    house = House()
    house.press(7)
    house.says("anna", "told_to_leave")
    house.wait(after_s)
    house.says("bas", "told_to_leave")
    assert house.alarm(7).police == police


@pytest.mark.parametrize("boots", range(5))
def test_a_tick_at_the_very_moment_asked_for_is_not_too_early(boots: int) -> None:
    house = House()
    for _ in range(boots):
        house.restart(away_s=0.1, wall_jump_s=1e8)
    house.press(7)
    for _ in range(30):
        asked_s = due(house.state)
        assert asked_s is not None
        house.mono_s = asked_s
        assert house.hear(h.Tick())  # House.hear holds that nothing is left due


def test_a_tick_too_early_does_nothing() -> None:
    house = House()
    house.press(7)
    assert not house.hear(h.Tick())
    house.wait(14)
    assert not house.hear(h.Tick())


def test_a_late_tick_does_all_that_is_due() -> None:
    house = House()
    house.press(7)
    house.press(6)
    house.mono_s += 3600
    late = house.hear(h.Tick())
    for incident in house.state.alarms:
        mine = [fact for fact in late if getattr(fact, "incident", "") == incident]
        assert [fact.step for fact in mine if isinstance(fact, f.StepReached)] == [1, 2]
        assert sum(isinstance(fact, f.PoliceAdvised) for fact in mine) == 1


def test_pages_leave_before_anything_else_is_told() -> None:
    house = House()
    kinds = [type(fact) for fact in house.hear(h.Pressed("99-a-1", 99, "a", house.mono_s))]
    assert kinds == [f.AlarmRaised, f.StepReached, *[f.Ordered] * 3, f.FaultRaised]


def test_telephones_follow_the_pages_in_a_moment_however_many_there_are() -> None:
    house = House()
    facts = house.hear(h.Pressed("7-a-1", 7, "a", house.mono_s))
    assert [fact.target for fact in facts if isinstance(fact, f.Ordered)] == ["pager:p1", "pager:p2", "pager:p3"]
    began_s = house.mono_s
    assert due(house.state) == pytest.approx(began_s + OTHERS_AFTER_S)
    house.wait(OTHERS_AFTER_S)
    assert [(fact.target, fact.reason) for fact in house.all(f.Ordered)][3:] == [("phone:anna", "first press")]


def test_a_step_without_pagers_waits_for_none() -> None:
    house = House(replace(TOWN_HALL, ladder=Ladder((Step(0, ("team",)),))))
    facts = house.hear(h.Pressed("7-a-1", 7, "a", house.mono_s))
    assert [fact.target for fact in facts if isinstance(fact, f.Ordered)] == ["phone:anna"]


def test_a_request_to_call_112_takes_no_telephone_out_of_the_step_that_is_still_ringing() -> None:
    house = House()
    house.press(7)
    house.wait(60 + OTHERS_AFTER_S / 2)  # the last step repeats as els is asked
    assert "phone:els" in house.alarm(7).others and "phone:els" in house.alarm(7).calls
    house.wait(1)
    assert house.alarm(7).others == () and house.alarm(7).rings["phone:els"].attempt == 2


@pytest.mark.parametrize(
    ("target", "who"),
    [("pager:p1", "anna"), ("pager:p9", "pager:p9"), ("pager:p4", "pager:p4"), ("phone:dina", "dina")],
)
def test_who_answers_from_a_target(target: str, who: str) -> None:
    plan = replace(TOWN_HALL, pagers=(*TOWN_HALL.pagers, Pager("p4")))
    assert plan.person(target) == who


def test_whom_a_step_rings() -> None:
    house = House()
    house.press(7)
    first, last = TOWN_HALL.ladder.steps[0], Step(30, (PAGERS,))
    assert whom_to_ring(house.alarm(7), first, last=False) == ["pager:p1", "pager:p2", "pager:p3", "phone:anna"]
    house.says("anna", "cannot")
    house.says("bas", "coming")
    assert whom_to_ring(house.alarm(7), first, last=False) == ["pager:p3"]
    house.says("cor", "on_scene")
    assert whom_to_ring(house.alarm(7), first, last=False) == []
    assert whom_to_ring(house.alarm(7), last, last=True) == ["pager:p1"]
    house.says("anna", "on_scene")
    assert whom_to_ring(house.alarm(7), last, last=True) == ["pager:p2"]


def test_who_is_in_two_groups_of_a_step_is_rung_once() -> None:
    twice = Ladder((Step(0, (PAGERS, "anna", "team", "bas")),))
    house = House(replace(TOWN_HALL, ladder=twice))
    house.press(7)
    house.wait(1)
    targets = [order.target for order in house.all(f.Ordered)]
    assert len(targets) == len(set(targets)) == 4


def test_a_step_is_in_vain_when_it_is_known_to_be() -> None:
    house = House()
    house.press(7)
    began_s = house.alarm(7).step_s
    assert step_in_vain(house.state, house.alarm(7)) is None  # it is still ringing
    house.wait(OTHERS_AFTER_S)
    assert step_in_vain(house.state, house.alarm(7)) == (began_s + 5, "nothing shown")
    house.wait(1)
    assert step_in_vain(house.state, house.alarm(7)) is None
    house.pager("p3").dies()
    house.pager("p2").dies()
    assert step_in_vain(house.state, house.alarm(7)) is None  # one still shows it


@pytest.mark.parametrize("kind", MISSING)
def test_who_is_known_not_to_be_there_is_waited_for_in_vain(kind: str) -> None:
    house = House()
    house.failing = {"phone:anna": "not built yet"}
    house.press(7)
    house.wait(0.1)
    began_s = house.alarm(7).step_s
    for pager in ("p1", "p2", "p3"):
        assert step_in_vain(house.state, house.alarm(7)) != (began_s, "nobody reachable")
        house.hear(h.Trouble(f"pager:{pager}/{kind}", ""))
    assert step_in_vain(house.state, house.alarm(7)) == (began_s, "nobody reachable")


def test_attempts_are_counted_by_target() -> None:
    house = House()
    house.press(7)
    house.wait(31)
    attempts = [order.attempt for order in house.all(f.Ordered) if order.target == "pager:p1"]
    assert attempts == [1, 2, 3]


def test_no_order_has_the_name_of_another() -> None:
    house = House()
    house.press(7)
    house.press(6)
    house.wait(200)
    house.restart()
    house.wait(200)
    names = [order.order for order in house.all(f.Ordered)]
    assert len(names) == len(set(names)) > 100
    assert names[0] == f"{house.alarm(7).incident}.d001.1"
