"""Mornings: who takes which pager, who is reminded, who is called, and what the building knows at nine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.morning import CALM_S, SELF_TEST_LOST_S
from achterwacht.core.plan import Gateway
from achterwacht.core.readiness import readiness
from achterwacht.core.state import CHANGES_S
from achterwacht.core.supervision import MOVES_MAX
from day_house import BY_DAY, MONDAY, DayHouse
from house import PHONE

TUESDAY = MONDAY + timedelta(days=1)
WEDNESDAY = MONDAY + timedelta(days=2)


def lacks(house: DayHouse) -> set[str]:
    """What the light lacks of this day."""
    return {reason.key for reason in readiness(house.state).reasons if reason.key.startswith("house/")}


def test_a_normal_morning_is_green_at_nine() -> None:
    house = DayHouse()
    assert lacks(house) == set(), "before the watch nothing is asked of anybody"
    house.until("08:31")
    assert house.lacking == dict.fromkeys(("p1", "p2", "p3"), "docked")
    assert lacks(house) == {"house/not picked up"}
    house.lift("p1", "p2")
    house.wait(10)
    assert house.lacking == {"p3": "docked"}
    assert (house.row("p1").member, house.row("p1").how) == ("anna", "rostered")
    assert house.row("p1").proven_at is not None
    house.until("08:49")
    house.lift("p3")
    house.until("09:01")
    assert [check.missing for check in house.all(f.PickUpChecked)] == [()]
    assert len(house.all(f.PickUpCompleted)) == 1
    assert lacks(house) == set()
    assert not house.was_told("els", "pagers missing")
    house.ends()


def test_a_pager_asks_who_carries_it_and_believes_who_says_so() -> None:
    house = DayHouse()
    house.until("08:35")
    house.lift("p1")
    house.wait(6)
    asked = [order for order in house.all(f.Ordered) if order.kind == "who"]
    assert [order.target for order in asked] == ["pager:p1"]
    assert house.state.plan.carrier("p1") == "anna"
    assert house.carries("p1", "dina") == "accepted"
    assert (house.row("p1").member, house.row("p1").how) == ("dina", "said")
    house.wait(3)
    assert house.row("p1").why is None


def test_a_carry_without_a_name_is_todays_member() -> None:
    house = DayHouse(day=WEDNESDAY)
    house.until("08:35")
    house.lift("p1")
    house.wait(6)
    assert house.carries("p1") == "accepted"
    assert house.row("p1").member == "dina", "on Wednesdays"


def test_a_pager_that_is_nobodys_today_counts_as_nobodys_until_somebody_says_so() -> None:
    plan = replace(BY_DAY, pagers=(replace(BY_DAY.pagers[0], week=(None,) * 7), *BY_DAY.pagers[1:]))
    house = DayHouse(plan)
    house.until("08:35")
    house.lift("p1", "p2", "p3")
    house.wait(10)
    assert house.lacking == {"p1": "no carrier"}
    assert house.carries("p1") == "refused"
    assert house.carries("p1", "dina") == "accepted"
    house.wait(3)
    assert house.lacking == {}


def test_the_forgotten_pager() -> None:
    house = DayHouse()
    house.until("08:40")
    house.lift("p1", "p2")
    house.until("08:50:02")
    assert house.was_told("cor", "pager not picked up") == [("p3",)]
    assert not house.was_told("anna", "pager not picked up")
    house.until("09:00:05")
    (check,) = house.all(f.PickUpChecked)
    assert check.missing == (f.Lacking("p3", "docked", "cor"),)
    assert house.was_told("els", "pagers missing") == [("p3",)]
    assert not house.was_told("gerda", "pagers missing")
    assert house.commands(h.Called, pager="p3", outcome="called", by="els") == "accepted"
    assert house.commands(h.Called, pager="p1", outcome="called", by="els") == "refused", "it is not missing"
    assert [tried.what for tried in house.pick_up.missing["p3"].tried] == ["reminded", "called"]
    house.until("09:15:03")
    assert house.was_told("gerda", "pagers still missing") == [("p3",)]
    assert lacks(house) == {"house/not picked up"}
    house.lift("p3")
    house.wait(8)
    assert house.pick_up.complete_at is not None
    assert lacks(house) == set()
    assert house.was_told("els", "pagers all there") == [("p3",)]
    assert house.was_told("gerda", "pagers all there") == [("p3",)]


def test_whoever_is_replaced_need_not_be_called() -> None:
    house = DayHouse()
    house.until("08:40")
    house.lift("p1", "p2")
    house.until("09:00:05")
    assert house.commands(h.Called, pager="p3", outcome="replaced", member="dina", by="els") == "accepted"
    assert house.row("p3").duty == "dina"
    house.lift("p3")
    house.wait(8)
    assert house.row("p3").member == "dina"
    assert house.lacking == {}


def test_a_flat_pager_is_not_carried() -> None:
    house = DayHouse()
    house.battery["p2"] = 14
    house.until("08:40")
    house.lift("p1", "p2", "p3")
    house.until("09:00:05")
    assert house.all(f.PickUpChecked)[0].missing == (f.Lacking("p2", "battery", "bas"),)


def test_a_dead_pager_is_not_carried_and_a_silent_one_neither() -> None:
    house = DayHouse()
    house.until("08:40")
    house.lift("p1", "p2", "p3")
    house.pager("p1").dies()
    house.fall_silent("pager:p2")
    house.until("09:00:05")
    missing = {lacking.pager: lacking.why for lacking in house.all(f.PickUpChecked)[0].missing}
    assert missing == {"p1": "not heard", "p2": "not heard"}


def test_a_pager_that_does_not_show_its_page_is_not_proven() -> None:
    house = DayHouse()
    house.pager("p1").shows = False
    house.until("08:40")
    house.lift("p1", "p2", "p3")
    house.until("09:00:50")
    assert house.all(f.PickUpChecked)[0].missing == (f.Lacking("p1", "unproven", "anna"),)
    checks = [order for order in house.all(f.Ordered) if order.kind == "check" and order.target == "pager:p1"]
    assert 35 <= len(checks) <= 45, "every half minute"
    house.pager("p1").shows = True
    house.until("09:10")
    assert house.lacking == {}


def test_a_dock_whose_contact_is_broken_is_a_fault_and_only_a_persons_word_counts() -> None:
    house = DayHouse()
    house.stuck.add("p1")
    house.until("08:40")
    house.lift("p1", "p2", "p3")
    house.wait(20)
    assert house.row("p1").place == "docked", "a dock and its pager may disagree for a moment"
    house.wait(20)
    assert "pager:p1/dock" in house.faults
    assert house.lacking == {"p1": "dock fault"}
    assert house.commands(h.Took, pager="p1", member="anna", by="els") == "accepted"
    house.wait(2)
    assert house.lacking == {}
    house.hang("p1")
    house.wait(10)
    assert "pager:p1/dock" not in house.faults
    assert house.lacking == {"p1": "docked"}


def test_a_contact_that_chatters_counts_when_it_is_still() -> None:
    house = DayHouse()
    house.until("08:40")
    for _ in range(8):
        house.lift("p1")
        house.wait(2)
        house.hang("p1")
        house.wait(2)
    assert not [placed for placed in house.all(f.PagerPlaced) if placed.place != "docked"]
    house.lift("p1")
    house.wait(6)
    assert house.row("p1").place == "off"


def test_with_too_few_carried_whoever_must_know_does_and_again_when_it_is_over() -> None:
    house = DayHouse()
    house.until("08:40")
    house.lift("p1", "p2", "p3")
    house.until("11:00")
    house.hang("p1")
    house.wait(10)
    assert not house.all(f.CoverageChanged), "two are enough"
    house.hang("p2")
    house.wait(10)
    for member in ("els", "gerda", "fred"):
        assert house.was_told(member, "too few pagers") == [("p1", "p2")]
    assert "house/too few carried" in lacks(house)
    house.lift("p1")
    house.wait(10)
    assert "house/too few carried" not in lacks(house)
    assert not house.was_told("els", "enough pagers again"), "not before it is sure to last"
    house.wait(CALM_S)
    assert house.was_told("els", "enough pagers again")
    assert "house/too few carried" not in lacks(house)


def test_at_the_end_of_the_day_what_is_not_back_is_told() -> None:
    house = DayHouse()
    house.until("08:40")
    house.lift("p1", "p2", "p3")
    house.night_until("16:57", MONDAY)
    house.until("16:59")
    house.hang("p1")
    house.battery["p1"] = 12
    house.until("17:00:05")
    (ended,) = house.all(f.DayEnded)
    assert (set(ended.out), set(ended.low)) == ({"p2", "p3"}, {"p1"})
    assert house.was_told("bas", "pagers not back") == [("p2",)]
    assert house.was_told("els", "pagers not back") == [("p2", "p3", "p1")]


def test_who_carried_it_yesterday_and_kept_it_must_say_so_today() -> None:
    house = DayHouse()
    house.until("08:40")
    house.lift("p1", "p2", "p3")
    house.night_until("17:00", MONDAY)
    house.hang("p1", "p3")
    house.night_until("00:30")
    assert house.state.plan.carrier("p2") == "bas", "also after midnight"
    house.night_until("08:25", TUESDAY)
    house.until("08:32")
    assert house.lacking == {"p1": "docked", "p2": "no carrier", "p3": "docked"}
    assert house.carries("p2", "bas") == "accepted"
    house.lift("p1", "p3")
    house.wait(10)
    assert house.lacking == {}


def test_the_daemon_that_was_down_at_nine_makes_the_check_when_it_is_back() -> None:
    house = DayHouse()
    house.until("08:40")
    house.lift("p1")
    house.wait(10)
    house.hanging["p2"] = house.contact["p2"] = False  # while nobody listens
    house.restart(away_s=40 * 60)
    house._contact_says("p2")
    assert not house.all(f.PickUpChecked)
    house.wait(45)
    (check,) = house.all(f.PickUpChecked)
    assert {lacking.pager for lacking in check.missing} == {"p3"}
    assert house.row("p2").member == "bas"


def test_a_clock_in_doubt_holds_the_check_visibly_and_not_for_ever() -> None:
    house = DayHouse()
    house.clock_ok = False
    house.until("08:40")
    house.lift("p1", "p2", "p3")
    house.until("09:14")
    assert house.pick_up.held
    assert not house.all(f.PickUpChecked)
    house.until("09:15:05")
    (check,) = house.all(f.PickUpChecked)
    assert check.doubtful


def test_a_clock_that_is_three_hours_slow_until_five_past_nine() -> None:
    house = DayHouse(at="05:20")
    house.clock_ok = False
    house.until("06:05")  # which is 9:05
    assert not house.all(f.PickUpChecked)
    house.jump(3 * 3600)
    house.clock_ok = True
    house.wait(50)
    (check,) = house.all(f.PickUpChecked)
    assert not check.doubtful
    assert len(check.missing) == 3


def test_a_clock_that_is_three_hours_fast_makes_a_check_that_is_made_again() -> None:
    house = DayHouse(at="08:20")  # which is 5:20
    house.clock_ok = False
    house.until("09:20")
    assert [check.doubtful for check in house.all(f.PickUpChecked)] == [True]
    house.jump(-3 * 3600)
    house.clock_ok = True
    house.until("06:45")
    assert not house.all(f.PickUpEscalated), "nobody is told of what a wrong clock found"
    house.night_until("08:30", house.now.local.date())
    house.until("08:50:05")
    house.lift("p1", "p2", "p3")
    house.until("09:00:05")
    assert [check.doubtful for check in house.all(f.PickUpChecked)] == [True, False]
    assert house.all(f.PickUpChecked)[-1].missing == ()


def test_on_a_holiday_nothing_is_asked_of_anybody() -> None:
    house = DayHouse(day=date(2026, 12, 25))
    house.until("09:30")
    assert not house.all(f.WatchBegan)
    assert lacks(house) == set()


def test_a_swap_and_an_absence_change_today() -> None:
    house = DayHouse()
    assert house.commands(h.Swap, pager="p1", on=MONDAY, member="dina", by="anna") == "accepted"
    assert house.state.plan.carrier("p1") == "dina"
    assert house.commands(h.Away, member="bas", first=MONDAY, last=MONDAY, replacement="") == "accepted"
    assert house.state.plan.carrier("p2") is None
    house.wait(1)
    assert house.was_told("gerda", "gaps in the roster") == [("p2",)]
    assert "house/gap today" in lacks(house)
    assert house.commands(h.Away, member="bas", first=MONDAY, last=MONDAY, replacement="", withdrawn=True) == "accepted"
    assert house.state.plan.carrier("p2") == "bas"
    assert house.commands(h.Swap, pager="p1", on=MONDAY - timedelta(days=1), member="dina") == "refused"


def test_the_self_test_reaches_every_pager_or_says_which_it_did_not() -> None:
    house = DayHouse(at="07:55")
    house.pager("p3").shows = False
    house.until("08:00:40")
    (ended,) = house.all(f.SelfTestEnded)
    assert ended.missed == ("pager:p3",)
    assert "pager:p3/self-test" in house.faults
    assert not house.hear(h.SelfTested(house.state.boot, MONDAY)), "once a day"


def test_a_self_test_that_never_comes_through_is_a_fault() -> None:
    house = DayHouse(at="07:55")
    house.presses_itself = False
    house.until("08:03")
    assert "house/self-test" in house.faults
    house.hear(h.SelfTested(house.state.boot, MONDAY))
    assert "house/self-test" not in house.faults


def test_a_house_that_is_installed_in_the_evening_has_no_morning_that_day() -> None:
    house = DayHouse(at="18:00")
    house.until("18:05")
    assert not house.all(f.WatchBegan)
    assert not house.was_told("anna", "pager not picked up")


# --- attacks ----------------------------------------------------------------------------------------------------------


def test_nobodys_word_makes_a_pager_carried_that_hangs_in_its_dock() -> None:
    house = DayHouse(at="08:58")
    for pager, member in (("p1", "anna"), ("p2", "bas"), ("p3", "cor")):
        assert house.commands(h.Took, pager=pager, member=member, by="els") == "accepted"
        assert house.carries(pager, member) == "accepted"
    house.until("09:00:50")
    assert {lacking.why for lacking in house.all(f.PickUpChecked)[0].missing} == {"docked"}
    assert "house/too few carried" in lacks(house)


def test_a_word_that_was_said_before_the_pager_may_have_been_hung_up_counts_no_more() -> None:
    house = DayHouse()
    house.until("08:40")
    house.lift("p1", "p2")
    assert house.carries("p1", "dina") == "accepted"
    house.wait(10)
    house.stuck.add("p1")
    house.hang("p1")
    house.wait(31)
    assert "pager:p1/dock" in house.faults
    assert house.lacking["p1"] == "dock fault"
    assert house.row("p1").member == ""
    house.lift("p1")
    house.wait(10)
    assert house.lacking["p1"] == "no carrier", "who has it now?"
    assert house.carries("p1", "dina") == "accepted"
    house.wait(1)
    assert "p1" not in house.lacking


def test_a_charger_that_flickers_does_not_hide_that_the_pager_hangs_in_a_dock_whose_contact_is_stuck() -> None:
    house = DayHouse()
    house.until("08:40")
    house.lift("p1")
    house.wait(10)
    house.stuck.add("p1")
    house.hang("p1")
    for n in range(8):
        house.battery["p1"] = 100 if n % 2 else 90  # full, and so not charging, and a little less
        house.measures("pager:p1")
        house.wait(5)
    assert house.lacking["p1"] == "dock fault"


def test_a_dock_that_chatters_all_day_is_one_fault_and_a_bounded_number_of_words() -> None:
    house = DayHouse(at="09:10")
    house.lift("p1", "p2")
    house.wait(30)
    began = len(house.facts)
    for n in range(3600 // 6):
        house.contact["p1"] = bool(n % 2)
        house._contact_says("p1")
        house.measures("pager:p1", docked=bool(n % 2))
        house.wait(6)
    noted = house.facts[began:]
    assert "dock:p1/unsteady" in house.faults
    assert len(noted) < 1500
    told = [fact for fact in noted if isinstance(fact, f.Ordered) and fact.kind in ("fault", "reminder")]
    assert len(told) <= 3 * 2 * 3600 / CALM_S


def test_a_pager_on_a_paging_base_is_carried_when_somebody_says_so_and_proven_when_its_base_took_a_page() -> None:
    bought = replace(BY_DAY.pagers[2], base="centrale", dock=False)
    house = DayHouse(replace(BY_DAY, pagers=(*BY_DAY.pagers[:2], bought), bases=("centrale",)), at="08:50")
    house.failing["pager:p3"] = "the base is down"
    house.lift("p1", "p2")
    assert house.lacking["p3"] == "no carrier", "nothing tells where it is"
    assert house.commands(h.Took, pager="p3", member="cor", by="els") == "accepted"
    house.until("09:00:50")
    assert house.all(f.PickUpChecked)[0].missing == (f.Lacking("p3", "unproven", "cor"),)
    del house.failing["pager:p3"]
    house.until("09:06")
    assert house.lacking == {}
    house.hear(h.Trouble("base:centrale/offline", "gone"))
    assert house.lacking == {"p3": "not heard"}


def test_a_bought_pager_whose_dock_tells_nothing_any_more_is_carried_only_by_a_word() -> None:
    bought = replace(BY_DAY.pagers[2], base="centrale")
    house = DayHouse(replace(BY_DAY, pagers=(*BY_DAY.pagers[:2], bought), bases=("centrale",)), at="08:40")
    house.lift("p3")
    house.wait(10)
    assert house.row("p3").how == "rostered"
    assert "p3" not in house.lacking
    house.hear(h.Trouble("dock:p3/pin", "gone"))
    house.wait(10)
    assert house.lacking["p3"] == "dock fault", "it may hang there again, and nobody would know"
    assert house.commands(h.Took, pager="p3", member="cor", by="els") == "accepted"
    house.wait(1)
    assert "p3" not in house.lacking


def test_a_bought_pager_in_a_dock_that_chattered_counts_only_by_a_word() -> None:
    bought = replace(BY_DAY.pagers[2], base="centrale")
    house = DayHouse(replace(BY_DAY, pagers=(*BY_DAY.pagers[:2], bought), bases=("centrale",)), at="08:40")
    house.lift("p3")
    house.wait(10)
    assert "p3" not in house.lacking
    for _ in range(MOVES_MAX // 2):
        house.hang("p3")
        house.lift("p3")
    house.hang("p3")
    house.wait(60)
    assert "dock:p3/unsteady" in house.faults
    assert house.lacking["p3"] == "dock fault", "its last word was off, and is not believed"
    house.wait(CHANGES_S)
    house.lift("p3")
    house.hang("p3")
    house.wait(10)
    assert house.lacking["p3"] == "docked", "it is still again, and is"


def test_a_battery_that_sinks_below_the_limit_is_noted_however_slowly() -> None:
    house = DayHouse()
    house.until("08:40")
    house.lift("p1")
    for percent in (19, 18, 17, 16):
        house.battery["p1"] = percent
        house.wait(20)
        assert "p1" not in house.lacking
    house.battery["p1"] = 15
    house.wait(20)
    assert house.lacking["p1"] == "battery"
    house.battery["p1"] = 16
    house.wait(20)
    assert house.lacking["p1"] == "battery", "it only warmed up"


def test_when_nobody_at_the_reception_can_be_told_the_coordinator_is_and_then_the_supervisor() -> None:
    house = DayHouse(at="08:59")
    house.failing["phone:els"] = "no network"
    house.lift("p1", "p2")
    house.until("09:00:10")
    assert not house.was_told("els", "pagers missing")
    assert house.was_told("gerda", "pagers missing") == [("p3",)]
    house.failing["phone:gerda"] = "no network"
    house.until("09:15:10")
    assert house.was_told("fred", "pagers still missing") == [("p3",)]
    assert "house/not picked up" in lacks(house), "and the screens show it all the time"


def test_when_all_telephones_are_down_everybody_who_must_know_is_tried_once() -> None:
    house = DayHouse(at="08:59")
    for member in ("els", "gerda", "fred"):
        house.failing[f"phone:{member}"] = "no network"
    house.until("09:00:10")
    tried = [order.target for order in house.all(f.Ordered) if order.reason == "pagers missing"]
    assert tried == ["phone:els", "phone:gerda", "phone:fred"]
    house.hear(h.Trouble("phones/process", "gone"))
    house.until("09:15:10")
    tried = [order.target for order in house.all(f.Ordered) if order.reason == "pagers still missing"]
    assert tried == ["phone:gerda", "phone:fred"], "it is known that nothing reaches them: all are tried at once"


def test_when_the_telephones_are_back_somebody_is_told_what_is_still_missing_and_once() -> None:
    house = DayHouse(at="08:59")
    house.failing = {f"phone:{member}": "no network" for member in ("els", "gerda", "fred")}
    house.until("09:20")
    assert not house.pick_up.told
    house.failing.clear()
    house.until("09:26")
    assert house.was_told("els", "pagers still missing") == [("p1", "p2", "p3")]
    assert house.pick_up.told
    house.until("10:00")
    assert house.was_told("els", "pagers still missing") == []


def test_a_notice_goes_on_by_the_next_way_also_when_the_first_is_known_to_be_down_by_then() -> None:
    els = replace(BY_DAY.members[4], ways=("push", PHONE))
    house = DayHouse(replace(BY_DAY, members=(*BY_DAY.members[:4], els, *BY_DAY.members[5:])), at="08:59")
    house.hand_over_s = 1.0
    house.failing["push:els"] = "gone"
    house.until("09:00:01")
    house.hear(h.Trouble("way:push:els/failing", "gone"))
    house.until("09:00:10")
    assert house.was_told("els", "pagers missing") == [("p1", "p2", "p3")]


def test_the_plan_is_edited_while_the_reception_calls() -> None:
    house = DayHouse(at="08:58")
    house.lift("p1")
    house.until("09:00:05")
    assert {lacking.pager for lacking in house.all(f.PickUpChecked)[0].missing} == {"p2", "p3"}
    house.adopt(replace(BY_DAY, pagers=BY_DAY.pagers[:2]))  # p3 is thrown away
    house.wait(2)
    assert [resolved.pager for resolved in house.all(f.PickUpResolved)] == ["p3"]
    house.hanging["p4"], house.battery["p4"] = True, 90
    house.adopt(replace(BY_DAY, pagers=(*BY_DAY.pagers[:2], replace(BY_DAY.pagers[2], id="p4"))))
    house.lift("p2")
    house.wait(10)
    assert house.pick_up.complete_at is not None, "p4 is new: nobody had to take it by nine"
    assert lacks(house) == set()
    house.hang("p1")
    house.wait(6)
    house.adopt(replace(house.plan, morning=None))
    house.wait(5)
    assert (house.state.pick_up, dict(house.state.places)) == (None, {})
    house.adopt(BY_DAY)
    house.wait(60)
    assert house.all(f.PickUpChecked)[-1].missing, "it is made again, by what is known now"


def test_a_day_that_turns_out_to_be_closed_asks_nothing_more_of_anybody() -> None:
    house = DayHouse(at="08:40")
    house.wait(10)
    assert lacks(house) == {"house/not picked up"}
    house.adopt(replace(BY_DAY, hours=replace(BY_DAY.hours, closed=(MONDAY,))))
    house.until("09:20")
    assert lacks(house) == set()
    assert not house.all(f.PickUpChecked)
    assert not [order for order in house.all(f.Ordered) if order.kind in ("reminder", "fault")]


def test_an_alarm_that_is_open_at_nine_holds_up_no_check() -> None:
    house = DayHouse(at="08:58")
    house.lift("p1", "p2")
    house.wait(10)
    house.press(6)
    house.until("09:00:50")
    assert [lacking.pager for lacking in house.all(f.PickUpChecked)[0].missing] == ["p3"]
    assert house.was_told("els", "pagers missing") == [("p3",)]
    assert house.alarm(6).phase == "ringing"
    house.lets_ring()
    house.ends()


def test_an_alarm_that_is_open_at_midnight_keeps_its_carriers() -> None:
    house = DayHouse(day=TUESDAY, at="23:58")
    house.lift("p1", "p2")
    house.wait(10)
    house.press(6)
    house.until("00:01", WEDNESDAY)
    assert house.state.duty and house.state.duty.on == WEDNESDAY
    assert house.state.plan.carrier("p1") == "anna", "she has it, though on Wednesdays it is Dina's"
    assert house.alarm(6).plan.carrier("p1") == "anna"
    house.lets_ring()
    house.ends()


def test_a_self_test_that_an_alarm_put_off_is_not_called_lost() -> None:
    house = DayHouse(at="07:58")
    house.press(6)
    house.says("anna", "on_scene")
    house.until("08:05")
    assert not house.all(f.SelfTestBegan)
    house.presses_itself = False
    house.says("anna", "on_scene")
    assert house.says("anna", "all_clear") == "accepted"
    house.wait(5)
    assert "house/self-test" not in house.faults
    house.wait(SELF_TEST_LOST_S)
    assert "house/self-test" in house.faults
    house.lets_ring()


def test_a_pager_that_never_shows_its_page_is_asked_seldom_outside_the_morning() -> None:
    house = DayHouse(day=MONDAY - timedelta(days=1), at="12:00")
    house.pager("p1").shows = False
    house.lift("p1")
    assert house.carries("p1", "anna") == "accepted"
    began = len(house.facts)
    house.wait(3600)
    checks = [fact for fact in house.facts[began:] if isinstance(fact, f.Ordered) and fact.kind == "check"]
    assert 11 <= len(checks) <= 13


def test_who_comes_early_need_not_say_so_again_when_the_watch_begins() -> None:
    house = DayHouse()
    house.lift("p1")
    house.wait(20)
    house.until("08:30:05")
    assert house.row("p1").why is None
    assert house.row("p1").member == "anna"


def test_a_dock_behind_a_bridge_that_is_gone_says_nothing_any_more() -> None:
    bridge = Gateway("zigbee", on_mqtt=True)
    pagers = tuple(replace(pager, dock_gateway="zigbee") for pager in BY_DAY.pagers)
    house = DayHouse(replace(BY_DAY, pagers=pagers, gateways=(bridge,)))
    house.hear(h.Status("gateway:zigbee", "", False, live=True))
    house.stuck |= {"p1", "p2", "p3"}  # nobody hears them
    house.lift("p1", "p2", "p3")
    house.until("09:00:50")
    assert house.lacking == {}, "the pagers themselves say that they are off"


def test_with_the_broker_gone_no_pager_is_heard_and_that_is_told_when_it_lasts() -> None:
    house = DayHouse()
    house.lift("p1", "p2", "p3")
    house.until("09:01")
    house.hear(h.Trouble("broker/link", "gone"))
    assert set(house.lacking.values()) == {"not heard"}
    house.wait(30)
    assert not house.all(f.CoverageChanged), "it may only be started again"
    house.wait(40)
    assert house.was_told("els", "too few pagers") == [("p1", "p2", "p3")]
    house.hear(h.TroubleOver("broker/link"))
    assert house.lacking == {}


def test_a_broker_that_is_started_again_at_nine_makes_no_pager_missing() -> None:
    house = DayHouse()
    house.lift("p1", "p2", "p3")
    house.until("08:59:58")
    house.hear(h.Trouble("broker/link", "gone"))
    house.wait(5)
    house.hear(h.TroubleOver("broker/link"))
    house.wait(2)
    assert [check.missing for check in house.all(f.PickUpChecked)] == [()]


def test_a_broker_that_was_lost_by_a_clock_hours_fast_holds_up_no_check() -> None:
    house = DayHouse(at="08:59")
    house.jump(3 * 3600)
    house.hear(h.Trouble("broker/link", "gone"))
    house.jump(-3 * 3600)
    house.until("09:00:50")
    assert {lacking.why for lacking in house.all(f.PickUpChecked)[0].missing} == {"docked"}


def test_a_pager_that_started_anew_proves_itself_again() -> None:
    house = DayHouse()
    house.lift("p1", "p2", "p3")
    house.until("09:01")
    house.pager("p1").dies()
    house.pager("p1").starts()
    assert house.row("p1").proven_at is None
    house.wait(3)
    assert house.row("p1").proven_at is not None


def test_a_pager_that_is_missing_again_can_be_called_about_and_before_the_check_none() -> None:
    house = DayHouse()
    house.until("08:45")
    assert house.commands(h.Called, pager="p1", outcome="called", by="els") == "refused"
    house.lift("p1", "p2", "p3")
    house.until("10:00")
    house.hang("p1")
    house.wait(10)
    assert house.commands(h.Called, pager="p1", outcome="comes", by="els") == "accepted"
    missing = house.pick_up.missing["p1"]
    assert (missing.why, missing.member, [tried.what for tried in missing.tried]) == ("docked", "anna", ["comes"])


def test_who_has_two_pagers_is_one_person() -> None:
    house = DayHouse()
    house.lift("p1", "p2", "p3")
    house.until("08:40")
    assert house.carries("p2", "anna") == house.carries("p3", "anna") == "accepted"
    house.until("09:01")
    assert house.was_told("gerda", "too few pagers") == [()]


def test_whoever_takes_a_pager_from_its_dock_during_the_alarm_cannot_call_it_off_by_it() -> None:
    house = DayHouse(at="09:30")
    house.until("09:31")
    house.press(5)
    house.lift("p1")
    house.wait(10)
    assert house.pager("p1").answers("on_scene") == "accepted"
    assert house.pager("p1").answers("all_clear") == "refused"
    assert house.carries("p1", "anna") == "accepted"
    assert house.pager("p1").answers("all_clear") == "accepted"


def test_a_pager_that_changes_hands_to_the_desk_in_alarm_does_not_answer_its_alarm() -> None:
    house = DayHouse()
    house.lift("p1", "p2", "p3")
    house.until("09:01")
    house.press(5)  # bas sits there
    house.wait(1)
    assert house.carries("p2", "cor") == "refused", "bas has it, whatever is said now"
    assert house.carries("p1", "bas") == "accepted"
    assert house.pager("p1").answers("on_scene") == "refused"
    house.lets_ring()


def test_at_a_desk_in_alarm_no_notice_makes_a_sound() -> None:
    house = DayHouse(at="08:59")
    house.until("08:59:30")
    house.press(9)  # els sits there
    house.until("09:00:50")
    assert not house.was_told("els", "pagers missing")
    assert house.was_told("gerda", "pagers missing") == [("p1", "p2", "p3")]
    house.lets_ring()


def test_a_press_in_the_first_second_after_a_night_finds_todays_carriers() -> None:
    house = DayHouse(day=TUESDAY)
    house.restart(away_s=24 * 3600)  # Wednesday: p1 is dina's
    assert house.state.plan.carrier("p1") == "dina"


def test_a_reminder_that_reached_nobody_is_not_told_as_tried() -> None:
    house = DayHouse()
    house.failing["phone:cor"] = "no such telephone"
    house.until("09:00:05")
    missing = house.pick_up.missing
    assert [tried.what for tried in missing["p1"].tried] == ["reminded"]
    assert missing["p3"].tried == ()
