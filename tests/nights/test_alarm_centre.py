"""Nights with a private alarm centre: what it is told, and when; and that nobody in the building waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.centre import TROUBLES_MAX
from achterwacht.core.over import OVER_AGAIN_S
from achterwacht.core.plan import ALARM_CENTRE, CENTRE, PAGERS, TEAM, AlarmCentre, Plan, Step, Zender
from house import TOWN_HALL, House

LADDER = replace(TOWN_HALL.ladder, steps=(Step(0.0, (PAGERS, TEAM)), Step(15.0, (PAGERS, TEAM, ALARM_CENTRE))))
PLAN = replace(TOWN_HALL, ladder=LADDER, alarm_centre=AlarmCentre())
REPEAT_S = LADDER.repeat_s


@pytest.fixture
def house() -> Iterator[House]:
    house = House(PLAN)
    yield house
    house.lets_ring()
    house.ends()


def told(house: House) -> list[str]:
    """What the centre was ordered to be told, in order."""
    return [fact.kind for fact in house.all(f.Ordered) if fact.target == CENTRE]


def test_the_hold_up_goes_out_at_its_step_once_and_its_end_when_it_is_over(house: House) -> None:
    incident = house.press(7)
    house.wait(14.9)
    assert told(house) == []
    house.wait(0.2)
    assert told(house) == ["alarm"]
    house.wait(5 * REPEAT_S)  # the last step repeats, for people; the centre has it
    assert told(house) == ["alarm"]
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    house.wait(1)
    assert told(house) == ["alarm", "over"]
    assert house.told_over(incident) >= {"pac"}
    house.wait(2 * OVER_AGAIN_S)
    assert told(house) == ["alarm", "over"]  # it took it


def test_an_alarm_that_never_came_to_that_step_is_no_business_of_the_centre(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.pager("p1").answers("on_scene")
    house.pager("p2").answers("coming")
    house.wait(30)
    house.pager("p1").answers("all_clear")
    house.wait(30)
    assert told(house) == []


def test_enough_people_keep_the_centre_out_of_it_and_one_does_not(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.pager("p1").answers("coming")
    house.wait(15)
    assert told(house) == ["alarm"]


def test_a_second_desk_confirms_both_and_the_centre_hears_that_after_each_hold_up(house: House) -> None:
    first = house.press(7)
    house.wait(10)
    second = house.press(6)
    assert [(fact.incident, fact.reason) for fact in house.all(f.AlarmConfirmed)] == [
        (first, "second button"),
        (second, "second button"),
    ]
    assert told(house) == []  # its step has not come
    house.wait(20)
    orders = [(fact.incident, fact.kind) for fact in house.all(f.Ordered) if fact.target == CENTRE]
    assert orders == [(first, "alarm"), (first, "confirmed"), (second, "alarm"), (second, "confirmed")]


def test_a_second_press_on_the_same_desk_confirms_nothing(house: House) -> None:
    house.press(7)
    house.wait(10)
    house.press(7)
    house.wait(30)
    assert not house.all(f.AlarmConfirmed)
    assert told(house) == ["alarm"]


def test_an_alarm_that_was_forgotten_yesterday_confirms_nothing(house: House) -> None:
    house.press(6)
    house.wait(PLAN.alarm_centre.confirm_within_s + 1 if PLAN.alarm_centre else 0)
    house.press(7)
    assert not house.all(f.AlarmConfirmed)


@pytest.mark.parametrize("answer", ["need_112", "told_to_leave", "called_112"])
def test_a_word_from_the_scene_waits_for_no_step(house: House, answer: h.AnswerWord) -> None:
    house.press(7)
    house.wait(1)
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers(answer)
    assert [fact.by for fact in house.all(f.AlarmConfirmed)] == ["anna"]
    assert told(house) == ["alarm", "confirmed"]
    house.pager("p1").answers(answer)
    house.wait(60)
    assert told(house) == ["alarm", "confirmed"]  # once


def test_whoever_is_not_there_yet_confirms_nothing(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.pager("p1").answers("coming")
    house.pager("p1").answers("need_112")
    house.says("gerda", "need_112")  # she sits there: perhaps made to
    assert not house.all(f.AlarmConfirmed)


def test_what_the_centre_did_not_take_is_told_again_until_it_does_and_holds_up_nobody(house: House) -> None:
    house.failing[CENTRE] = "no receiver answers"
    house.press(7)
    house.wait(16)
    house.pager("p1").answers("coming")
    house.pager("p2").answers("coming")  # the search is over, the ladder rings no more
    house.pager("p1").answers("on_scene")
    house.wait(REPEAT_S)
    house.pager("p1").answers("need_112")
    house.wait(REPEAT_S)
    tries = told(house)
    assert tries.count("alarm") >= 2 and tries.count("confirmed") >= 1
    house.failing.clear()
    house.wait(REPEAT_S + 1)
    alarm = house.alarm(7)
    assert {kind: order.stage for kind, order in alarm.centre.items()} == {
        "alarm": "handed_over",
        "confirmed": "handed_over",
    }
    assert alarm.centre["alarm"].attempt > 1  # it says that it is not the first
    done = len(told(house))
    house.wait(60)
    assert len(told(house)) == done


def test_the_end_is_told_again_until_it_is_taken(house: House) -> None:
    house.press(7)
    house.wait(16)
    house.failing[CENTRE] = "no receiver answers"
    house.says("els", "all_clear", "a mistake")
    house.wait(3 * OVER_AGAIN_S)
    assert told(house).count("over") >= 3
    house.failing.clear()
    house.wait(2 * OVER_AGAIN_S)
    done = told(house)
    house.wait(10 * OVER_AGAIN_S)
    assert told(house) == done
    assert not house.state.untold


def test_pressed_again_is_a_new_hold_up(house: House) -> None:
    house.press(7)
    house.wait(16)
    house.press(7)
    house.wait(16)
    assert told(house) == ["alarm", "alarm"]


def test_a_restart_with_the_hold_up_under_way_takes_it_up_again(house: House) -> None:
    house.hand_over_s = 5.0
    house.press(7)
    house.wait(16)
    assert told(house) == ["alarm"]
    house.restart()
    house.hand_over_s = 0.01
    house.wait(10)
    assert house.alarm(7).centre["alarm"].stage == "handed_over"
    assert told(house) == ["alarm"]  # the same order: it was in the outbox


def test_a_step_that_only_tells_the_centre_reaches_nobody() -> None:
    """config_checks refuses such a plan; an old journal may hold one."""
    ladder = replace(LADDER, steps=(Step(0.0, (ALARM_CENTRE,)), Step(15.0, (PAGERS,))))
    house = House(replace(PLAN, ladder=ladder))
    house.press(7)
    house.wait(0.1)
    house.rings("Balie 3", "p1 p2 p3 pac")


def test_a_centre_without_a_step_hears_only_what_the_scene_confirms() -> None:
    house = House(replace(TOWN_HALL, alarm_centre=AlarmCentre()))
    house.press(7)
    house.press(6)
    house.wait(120)
    assert told(house) == []
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("need_112")
    assert told(house) == ["alarm", "confirmed"]


def test_troubles_of_the_zenders_are_told_where_the_plan_wants_them() -> None:
    house = House(replace(PLAN, alarm_centre=AlarmCentre(troubles=True)))
    house.measures("zender:7", battery=12)
    house.measures("zender:7", battery=90)
    house.hear(h.Status("zender:6", "a", True, live=True))
    house.hear(h.Status("zender:6", "a", False, live=True))
    orders = [
        (fact.kind, fact.zender, fact.reason, fact.incident) for fact in house.all(f.Ordered) if fact.target == CENTRE
    ]
    assert orders == [
        ("trouble", 7, "battery low", ""),
        ("trouble_over", 7, "battery low", ""),
        ("trouble", 6, "missing", ""),
    ]
    house.wait(1)
    assert not house.state.outbox
    quiet = House(PLAN)
    quiet.measures("zender:7", battery=12)
    assert told(quiet) == []


def test_a_switch_that_fails_does_not_flood_the_centre() -> None:
    many = tuple(Zender(nr, f"Balie {nr}") for nr in range(1, 2 * TROUBLES_MAX))
    plan: Plan = replace(PLAN, zenders=many, alarm_centre=AlarmCentre(troubles=True))
    house = House(plan)
    house.hear(h.Missing(tuple(f"zender:{zender.nr}" for zender in many)))
    assert len(house.all(f.FaultRaised)) == len(many)
    assert told(house) == ["trouble"] * TROUBLES_MAX


def test_the_daily_test_report() -> None:
    house = House(PLAN)
    assert house.tests(CENTRE, by="") == "accepted"
    assert told(house) == ["test"]
    house.wait(1)
    assert house.state.tests[CENTRE].stage == "handed_over"


def test_callers_who_cannot_be_reached_are_no_business_of_the_centre(house: House) -> None:
    for member in ("els", "fred"):
        house.failing[f"phone:{member}"] = "no internet"
    house.press(7)
    house.wait(200)
    house.lets_ring()
    alarm = house.alarm(7)
    assert alarm.police == "advised" and set(alarm.centre) == {"alarm"}
    assert not {fact.kind for fact in house.all(f.Ordered) if fact.target == CENTRE} - {"alarm"}
    house.restart()
    house.wait(200)


def test_a_confirmation_never_goes_alone(house: House) -> None:
    house.failing[CENTRE] = "no receiver answers"
    house.press(7)
    house.wait(16)
    house.failing.clear()
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("need_112")
    assert told(house)[-2:] == ["alarm", "confirmed"]


def test_a_centre_that_is_back_hears_at_once_what_it_did_not_take(house: House) -> None:
    house.hear(h.Trouble("alarm_centre/offline", "no receiver answers"))
    house.failing[CENTRE] = "no receiver answers"
    house.press(6)
    house.wait(16)
    house.says("els", "all_clear", "a mistake")
    house.press(7)
    house.wait(7200)
    house.failing.clear()
    before = len(told(house))
    house.hear(h.TroubleOver("alarm_centre/offline"))
    assert sorted(told(house)[before:]) == ["alarm", "over"]
    house.wait(1)
    assert not house.state.untold and house.alarm(7).centre["alarm"].stage == "handed_over"


def test_pressed_again_and_again_the_centre_is_told_of_the_newest(house: House) -> None:
    house.hand_over_s = 60.0
    for _ in range(4):
        house.press(7)
        house.wait(16)
    under_way = [fact for fact in house.state.outbox.values() if fact.target == CENTRE]
    assert len(under_way) == 1


def test_a_press_that_only_a_pager_remembers_confirms_too(house: House) -> None:
    house.press(6)
    house.hear(h.Receipt("p1", "b001", 900, "7-x-1.d000.1", "7-x-1", "7-x-1", 7, "shown"))
    assert {fact.incident for fact in house.all(f.AlarmConfirmed)} == {house.alarm(6).incident, "7-x-1"}
