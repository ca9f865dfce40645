"""Drills: the whole chain is practised, marked as such, and nothing of it hides, delays or becomes an alarm (S8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.display import help_sign, open_alarms
from achterwacht.core.drill import IN_MIND_S, MAX_S, NOTICE_S
from achterwacht.core.escalation import OTHERS_AFTER_S
from achterwacht.core.plan import ALARM_CENTRE, PAGERS, TERMINAL, AlarmCentre, Ladder, Pager, Step
from house import BACKUP_RINGS, TEAM_RINGS, TOWN_HALL, House

THE_END = MAX_S + 1.0


def drill_of(house: House) -> str:
    """The newest drill's name."""
    return house.all(f.DrillRaised)[-1].incident


def how_it_ended(house: House) -> list[f.DrillEnd]:
    return [fact.end for fact in house.all(f.DrillEnded)]


def called_off(house: House) -> list[str]:
    """Who was told that a drill, of which they had heard, does not take place."""
    return [order.target for order in house.all(f.Ordered) if order.reason == "drill called off"]


def why_it_rang(house: House) -> list[f.Reason]:
    """The reasons of the alarms' first steps."""
    return [fact.reason for fact in house.all(f.StepReached) if fact.step == 0 and fact.incident in house.state.alarms]


def practise(house: House) -> None:
    """A drill at Balie 3, whose first step has rung."""
    assert house.practises(7) == "accepted"
    house.wait(1)
    house.drills("Balie 3", TEAM_RINGS)


# --- the same ladder, the same people ---------------------------------------------------------------------------------


def test_a_drill_is_lived_through_to_its_end(house: House) -> None:
    practise(house)
    house.wait(14.5)
    house.drills("Balie 3", BACKUP_RINGS)
    house.pager("p1").answers("coming")
    house.pager("p3").answers("coming")
    house.wait(50)  # enough are coming: nobody else rings
    house.pager("p1").answers("on_scene")
    assert house.pager("p1").answers("all_clear") == "accepted"
    house.wait(1)
    assert how_it_ended(house) == ["all clear"]
    assert house.told_over(drill_of(house)) == {"p1", "p2", "p3", "anna", "dina"}
    assert not house.state.alarms and not house.state.closed and not house.state.untold
    house.wait(3600)


def test_every_page_of_a_drill_says_that_it_is_one(house: House) -> None:
    practise(house)
    house.wait(100)
    house.lets_ring()
    said = [order for order in house.all(f.Ordered) if order.incident == drill_of(house)]
    assert {order.kind for order in said} == {"drill"}
    assert {(order.press, order.zender) for order in said} == {("", 7)}
    house.stops_practising()


def test_nobody_comes_to_a_drill_and_nobody_is_asked_to_call_112(house: House) -> None:
    practise(house)
    house.wait(600)
    assert house.lets_ring() > 50
    assert not house.all(f.PoliceAdvised) and not house.all(f.CallersAsked)
    house.stops_practising()


def test_a_scene_that_falls_silent_in_a_drill_rings_the_others_and_no_112(house: House) -> None:
    practise(house)
    house.pager("p1").answers("on_scene")
    house.pager("p3").answers("coming")
    house.wait(121)
    assert house.pager("p1").was_asked("all well?")
    house.wait(31)
    assert house.lets_ring()
    assert house.pager("p3").answers("told_to_leave") == "accepted"
    house.wait(6)
    assert house.pager("p3").answers("told_to_leave") == "accepted"
    assert not house.all(f.PoliceAdvised)
    house.stops_practising()


def test_whoever_sits_at_the_desk_is_not_rung_and_does_not_count(house: House) -> None:
    assert house.practises(5) == "accepted"
    house.wait(1)
    house.drills("Balie 1", "p1 p3 anna")
    assert house.says("bas", "coming") == "refused"
    assert house.says("els", "all_clear") == "refused"  # without a reason
    assert house.says("els", "all_clear", reason="enough for today") == "accepted"
    assert how_it_ended(house) == ["all clear"]


def test_a_drill_makes_no_number_no_list_no_sign_and_no_budget(house: House) -> None:
    house.hand_over_s = 5.0  # far over every budget
    house.adopt(replace(TOWN_HALL, zenders=tuple(replace(zender, help=True) for zender in TOWN_HALL.zenders)))
    assert house.practises(7) == "accepted"
    house.wait(10)
    house.lets_ring()
    assert open_alarms(house.state, house.plan.pagers[0]) == ()
    assert help_sign(house.state, 7, house.state.house_s(house.now)).sign == "idle"
    house.stops_practising()
    house.wait(20)
    assert help_sign(house.state, 7, house.state.house_s(house.now)).sign == "idle"
    for kind in (f.IncidentNumbered, f.BudgetMissed, f.AlarmRaised, f.AlarmClosed, f.AlarmConfirmed):
        assert not house.all(kind)
    assert not house.state.presses and not house.faults


def test_an_announced_drill_rings_a_minute_later_and_everybody_knows(house: House) -> None:
    assert house.practises(7, announced=True) == "accepted"
    house.wait(1)
    said = [(order.target, order.kind, order.incident, order.zender) for order in house.all(f.Ordered)]
    assert said == [(f"pager:{pager}", "reminder", "", 0) for pager in ("p1", "p2", "p3")]
    house.pager("p2").starts()  # who comes back meanwhile is not rung before the others
    house.wait(NOTICE_S - 1.1)
    house.drills("Balie 3", "")
    house.wait(0.2)
    house.drills("Balie 3", TEAM_RINGS)
    house.stops_practising()


def test_a_pager_that_comes_back_in_a_drill_is_told_that_it_is_one(house: House) -> None:
    practise(house)
    house.pager("p2").starts()
    house.wait(1)
    house.drills("Balie 3", "p2")
    house.stops_practising()


def test_the_alarm_centre_hears_nothing_of_a_drill() -> None:
    ladder = replace(TOWN_HALL.ladder, steps=(Step(0.0, (PAGERS, ALARM_CENTRE)),))
    house = House(replace(TOWN_HALL, ladder=ladder, alarm_centre=AlarmCentre()))
    house.practises(7)
    house.wait(31)
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("called_112")  # a word from the scene, which would confirm an alarm
    house.stops_practising()
    house.wait(1)
    assert "pac" not in {order.target.split(":")[1] for order in house.all(f.Ordered)}
    house.lets_ring()
    house.ends()


def test_a_drill_confirms_no_alarm_of_another_desk() -> None:
    house = House(replace(TOWN_HALL, alarm_centre=AlarmCentre()))
    house.practises(7)
    house.wait(1)
    house.press(6)
    house.wait(1)
    assert not house.all(f.AlarmConfirmed)
    house.lets_ring()
    house.ends()


# --- by command only --------------------------------------------------------------------------------------------------


def test_who_may_start_a_drill_and_when(house: House) -> None:
    assert house.practises(7, by="nobody") == "refused"
    assert house.practises(99) == "refused"
    assert house.stops_practising() == "refused"
    assert house.practises(7, by=TERMINAL) == "accepted"
    assert house.practises(6) == "refused"  # one runs
    assert house.stops_practising(by="nobody") == "refused"
    assert house.stops_practising(by=TERMINAL) == "accepted"
    house.press(6)
    assert house.practises(7) == "refused"  # an alarm is open
    house.says("els", "all_clear", reason="by mistake")
    assert house.tests_button(6) == "accepted"
    assert house.practises(7) == "refused"  # a button is tested
    assert {fact.wish for fact in house.all(f.Refused)} == {"drill_start", "drill_stop"}
    assert how_it_ended(house) == ["stopped"]
    house.lets_ring()


def test_the_same_command_again_is_the_same_drill(house: House) -> None:
    start, stop = h.StartDrill("key-1", 7, "fred"), h.StopDrill("key-2", "fred")
    assert house.hear(start)
    assert not house.hear(start)
    assert house.hear(stop)
    assert not house.hear(stop) and not house.hear(start)
    assert len(house.all(f.DrillRaised)) == 1


def test_a_drill_that_nobody_ends_ends_by_itself(house: House) -> None:
    practise(house)
    house.wait(THE_END)
    house.lets_ring()
    assert how_it_ended(house) == ["too long"]
    house.wait(60)
    assert not house.pager("p1").remembers


def test_a_drill_cannot_be_taken_up_again(house: House) -> None:
    practise(house)
    house.stops_practising()
    assert house.undoes("cor", drill_of(house)) == "refused"
    assert house.says("cor", "coming", incident=drill_of(house)) == "closed"


# --- S8: an alarm is an alarm -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("zender", [7, 6])
def test_a_button_pressed_during_a_drill_is_an_alarm_at_once(house: House, zender: int) -> None:
    practise(house)
    house.pager("p1").answers("coming")
    house.pager("p3").answers("coming")  # they come to the drill, and still they are rung
    house.press(zender)
    house.wait(0.5)
    house.rings(house.plan.place(zender), TEAM_RINGS)
    assert how_it_ended(house) == ["real alarm"]
    assert house.told_over(drill_of(house)) == {"p1", "p2", "p3", "anna"}
    pages = [order for order in house.all(f.Ordered) if order.kind == "alarm"]
    assert {page.reason for page in pages} == {"broke off a drill"}
    assert house.alarm(zender).coming == 0
    house.wait(14.6)
    house.rings(house.plan.place(zender), BACKUP_RINGS)
    assert {order.reason for order in house.all(f.Ordered)[-4:]} == {"not enough coming"}


def test_the_pages_of_the_alarm_go_before_the_end_of_the_drill(house: House) -> None:
    practise(house)
    facts = house.hear(h.Pressed("7-a-1", 7, "a", house.mono_s))
    kinds = [fact.kind for fact in facts if isinstance(fact, f.Ordered)]
    assert kinds == ["alarm"] * 3 + ["over"] * 4
    house.wait(0.5)
    house.rings("Balie 3", TEAM_RINGS)


def test_a_press_before_an_announced_drill_rings_breaks_it_off(house: House) -> None:
    house.practises(7, announced=True)
    house.wait(30)
    house.press(7)
    house.wait(0.5)
    house.rings("Balie 3", TEAM_RINGS)
    pages = [order for order in house.all(f.Ordered) if order.kind == "alarm"]
    assert {page.reason for page in pages} == {"broke off a drill"}
    house.says("els", "all_clear", reason="over")
    house.wait(120)  # and the drill never rings


def test_nobody_reads_of_a_drill_after_it_was_broken_off(house: House) -> None:
    house.hand_over_s = 12.0  # a slow carrier
    house.practises(7, announced=True)
    house.wait(10)
    house.press(7)
    house.hand_over_s = 0.01
    house.wait(14)
    assert house.lets_ring()
    assert {order.reason for order in house.pager("p1").told} == {"drill called off"}


@pytest.mark.parametrize("how", ["stopped", "real alarm", "restarted", "112 asked for", "all clear"])
def test_whoever_was_told_of_a_drill_hears_that_it_does_not_take_place(house: House, how: f.DrillEnd) -> None:
    house.practises(7, announced=True)
    house.wait(30)
    match how:
        case "stopped":
            house.stops_practising()
        case "real alarm":
            house.press(6)
        case "restarted":
            house.restart()
        case "112 asked for":
            house.says("cor", "need_112")
        case "all clear":
            house.says("els", "all_clear", reason="not today")
    house.wait(1)
    house.lets_ring()
    assert how_it_ended(house) == [how]
    assert called_off(house) == ["pager:p1", "pager:p2", "pager:p3"]
    for pager in ("p1", "p2", "p3"):
        assert [order.kind for order in house.pager(pager).told] == ["reminder", "reminder"]
    if house.state.alarms:
        assert why_it_rang(house) == ["broke off a drill"]
        house.says("els", "all_clear", reason="over")
    house.wait(120)  # and the drill never rings


def test_by_whatever_way_they_were_told_they_hear_it() -> None:
    """Of a pager that nobody is known to carry, on the pager."""
    house = House(replace(TOWN_HALL, pagers=(Pager("p1"), Pager("p2", "bas"))))
    house.failing["pager:p2"] = "gone"
    house.practises(7, announced=True)
    house.wait(1)
    house.stops_practising()
    house.wait(1)
    assert sorted(called_off(house)) == ["pager:p1", "pager:p2", "phone:anna"]
    assert house.phone("anna").told[-1].reason == "drill called off"


def test_who_has_answered_before_it_rang_hears_it_too(house: House) -> None:
    house.practises(7, announced=True)
    house.wait(5)
    assert house.says("anna", "coming") == house.says("bas", "cannot") == "accepted"
    house.stops_practising()
    house.wait(1)
    assert called_off(house) == ["pager:p1", "pager:p2", "pager:p3"]


def test_a_drill_that_has_rung_or_that_nobody_knew_of_is_not_called_off(house: House) -> None:
    house.practises(7, announced=True)
    house.wait(NOTICE_S + 1)
    house.stops_practising()
    practise_again = house.practises(6)
    house.stops_practising()
    house.wait(1)
    house.lets_ring()
    assert practise_again == "accepted" and not called_off(house)


def test_at_the_desk_that_pressed_nothing_is_told_of_the_drill(house: House) -> None:
    """S9: Bas sits at Balie 1, and his pager is silent."""
    house.practises(7, announced=True)
    house.wait(30)
    house.press(5)
    house.wait(1)
    house.rings("Balie 1", "p1 p3 anna")
    assert called_off(house) == ["pager:p1", "pager:p3"]


@pytest.mark.parametrize("rang", [True, False])
@pytest.mark.parametrize("zender", [7, 6])
def test_an_alarm_just_after_a_drill_says_that_it_is_none(house: House, zender: int, rang: bool) -> None:
    house.practises(7, announced=not rang)
    house.wait(30)
    house.stops_practising()
    house.wait(IN_MIND_S - 0.1)
    house.lets_ring()
    house.press(zender)
    house.wait(1)
    house.rings(house.plan.place(zender), TEAM_RINGS)
    assert why_it_rang(house) == ["broke off a drill"]
    assert not house.all(f.BudgetMissed)


def test_an_alarm_long_after_a_drill_is_one_like_any_other(house: House) -> None:
    practise(house)
    house.stops_practising()
    house.wait(IN_MIND_S)
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    assert why_it_rang(house) == ["first press"]


def test_a_test_that_nobody_claims_just_after_a_drill_says_what_it_is(house: House) -> None:
    practise(house)
    house.stops_practising()
    house.wait(1)
    house.tests_button(7)
    house.press(7)
    house.wait(11)
    house.rings("Balie 3", TEAM_RINGS)
    assert why_it_rang(house) == ["test not claimed"]
    assert not house.all(f.BudgetMissed)


def test_an_undone_closing_breaks_off_a_drill(house: House) -> None:
    incident = house.press(6)
    house.wait(1)
    house.rings("Balie 2", TEAM_RINGS)
    house.says("els", "all_clear", reason="by mistake")
    practise(house)
    assert house.undoes("els", incident) == "accepted"
    house.wait(0.5)
    house.rings("Balie 2", TEAM_RINGS)
    assert how_it_ended(house) == ["real alarm"]


def test_an_alarm_that_only_a_pager_remembers_breaks_off_a_drill(house: House) -> None:
    practise(house)
    house.hear(h.Receipt("p2", "b001", 90, "6-a-9.d000.1", "6-a-9", "6-a-9", 6, "shown"))
    house.wait(0.5)
    house.rings("Balie 2", TEAM_RINGS)
    assert how_it_ended(house) == ["real alarm"]


@pytest.mark.parametrize("by", ["p1", "command"])
def test_whoever_asks_for_112_in_a_drill_is_believed(house: House, by: str) -> None:
    practise(house)
    result = house.pager("p1").answers("need_112") if by == "p1" else house.says("bas", "need_112")
    assert result == "accepted"
    house.wait(0.5)
    house.rings("Balie 3", TEAM_RINGS)
    house.asks_112("Balie 3", "els")
    assert how_it_ended(house) == ["112 asked for"]
    raised = house.all(f.AlarmRaised)
    assert [(fact.zender, fact.reason) for fact in raised] == [(7, "asked for by a member")]
    house.pager("p3").answers("need_112", zender=7)  # said again, of the alarm
    assert len(house.all(f.AlarmRaised)) == 1
    assert house.alarm(7).number is not None


def test_who_asks_for_112_as_the_drill_ends_is_believed_too(house: House) -> None:
    practise(house)
    house.hand_over_s = 3.0  # the word that it is over is still under way
    house.stops_practising()
    assert house.pager("p2").answers("need_112") == "accepted"
    assert house.pager("p3").answers("need_112") == "accepted"
    house.wait(4)
    house.rings("Balie 3", TEAM_RINGS)
    house.asks_112("Balie 3", "els")
    assert len(house.all(f.AlarmRaised)) == 1


# --- crashes and restarts ---------------------------------------------------------------------------------------------


def test_a_restart_ends_a_drill(house: House) -> None:
    practise(house)
    house.restart()
    house.wait(1)
    assert how_it_ended(house) == ["restarted"]
    assert not any(house.pager(pager).remembers for pager in ("p1", "p2", "p3"))
    house.wait(3600)


def test_a_drill_that_a_crash_swallowed_is_taken_off_the_pagers(house: House) -> None:
    """No receipt or answer of a drill raises anything; and the pager is told only once."""
    house.wait(1)
    house.commit_s = None  # the disk hangs: nothing of the drill is kept
    house.practises(7)
    house.wait(0.4)  # every pager has told that it shows it
    house.drills("Balie 3", TEAM_RINGS)
    house.commit_s = 0.02
    house.crash()
    assert not house.all(f.DrillRaised)
    house.wait(5)
    assert not any(house.pager(pager).remembers for pager in ("p1", "p2", "p3"))
    assert not house.all(f.AlarmRaised) and not house.all(f.AlarmRecovered)
    assert not house.state.untold
    overs = [order for order in house.all(f.Ordered) if order.kind == "over"]
    assert len(overs) <= 6  # once for each receipt
    house.wait(3600)


def test_a_pager_that_is_being_told_already_is_not_told_again_for_an_old_receipt(house: House) -> None:
    practise(house)
    page = house.pager("p1").remembers[drill_of(house)]
    house.restart()
    facts = house.hear(h.Receipt("p1", "b001", 90, page.order, page.incident, "", 7, "shown"))
    assert not any(isinstance(fact, f.Ordered) for fact in facts)
    house.wait(60)
    assert not house.pager("p1").remembers


def test_an_answer_to_a_drill_that_nobody_remembers(house: House) -> None:
    answer = h.Answer("p1-b001-5", "drill-d000-3", "coming", "p1", "b001", None, None, 7)
    house.hear(answer)
    assert house.state.outcomes["p1-b001-5"].result == "closed"
    house.wait(1)
    assert house.told_over("drill-d000-3") == {"p1"}
    assert not house.hear(answer)
    house.wait(60)


def test_a_crash_between_the_alarm_and_the_end_of_the_drill() -> None:
    """Wherever the last facts are cut off: the alarm rings, and the drill ends."""
    told = House()
    practise(told)
    before = len(told.facts)
    told.press(7)
    told.wait(0.3)
    for n in range(before + 1, len(told.facts) + 1):
        house = House()
        house.take_over(told, n)
        house.wait(OTHERS_AFTER_S + 0.5)
        assert not [alarm for alarm in house.state.alarms.values() if alarm.drill]
        if house.state.alarm_on(7):
            rang = house.pager("p1").unheard
            assert rang, f"cut after {n} facts"
            ended = [fact.end for fact in house.all(f.DrillEnded)]
            assert rang[0].reason == ("broke off a drill" if ended == ["restarted"] else "daemon restarted")


def test_where_only_pagers_ring_and_nobody_can_be_reached() -> None:
    """The ladder of a drill goes on as an alarm's would; at its end nobody is asked for 112."""
    house = House(replace(TOWN_HALL, ladder=Ladder((Step(0.0, (PAGERS,)),), callers_112=("els",))))
    for pager in ("p1", "p2", "p3"):
        house.failing[f"pager:{pager}"] = "gone"
    house.practises(7)
    house.wait(300)
    assert not house.all(f.PoliceAdvised)
    house.stops_practising()
    house.ends()
