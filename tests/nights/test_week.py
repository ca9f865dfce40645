"""Weeks of mornings in simulated time: what goes wrong in a house, and that each day leaves nothing to the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.morning import KNOWN_AFTER_S
from achterwacht.core.readiness import readiness
from day_house import DayHouse, local

MONDAY = date(2026, 12, 21)
TUESDAY, WEDNESDAY, THURSDAY, CHRISTMAS = (MONDAY + timedelta(days=n) for n in range(1, 5))
NEXT_MONDAY = MONDAY + timedelta(days=7)


@pytest.fixture
def house() -> Iterator[DayHouse]:
    """The town hall in Christmas week; at its end nothing may have rung."""
    house = DayHouse(day=MONDAY)
    yield house
    house.ends()


def morning_of(house: DayHouse, day: date) -> None:
    """The night passes; the watch of this day begins, with every pager in its dock."""
    house.hang(*house.hanging)
    house.night_until("08:28", day)
    house.until("08:31")
    assert house.lacking == dict.fromkeys(("p1", "p2", "p3"), "docked")


def check_of(house: DayHouse, day: date) -> f.PickUpChecked:
    """The one check that was made on this day."""
    (check,) = [check for check in house.all(f.PickUpChecked) if check.on == day]
    return check


def light(house: DayHouse) -> set[str]:
    """What is wrong with the house."""
    return {reason.key for reason in readiness(house.state).reasons}


def spoken_to(house: DayHouse, day: date) -> set[str]:
    """The reasons why anybody was told anything on this day."""
    orders = house.all(f.Ordered)
    return {order.reason for order in orders if order.when.local.date() == day and order.kind in ("reminder", "fault")}


def test_a_week_in_which_each_day_brings_something_else(house: DayHouse) -> None:
    # Monday: as it should be.
    house.until("08:35")
    house.lift("p1", "p2", "p3")
    house.until("09:00:50")
    assert check_of(house, MONDAY).missing == ()
    assert light(house) == set()
    assert spoken_to(house, MONDAY) == set()
    assert house.commands(h.Swap, pager="p1", on=TUESDAY, member="dina", by="anna") == "accepted"
    assert house.state.plan.carrier("p1") == "anna", "that is for tomorrow"

    # Tuesday: Dina has swapped with Anna. Cor forgets his pager; the reception calls him, and he comes.
    morning_of(house, TUESDAY)
    house.lift("p1", "p2")
    house.wait(10)
    assert house.row("p1").member == "dina"
    house.night_until("08:48", TUESDAY)
    house.until("09:00:05")
    assert house.was_told("cor", "pager not picked up") == [("p3",)]
    assert house.was_told("els", "pagers missing") == [("p3",)]
    assert house.commands(h.Called, pager="p3", outcome="comes", by="els") == "accepted"
    house.until("09:06")
    house.lift("p3")
    house.wait(10)
    assert house.was_told("els", "pagers all there") == [("p3",)]
    house.until("09:16")
    assert not house.was_told("gerda", "pagers still missing"), "nothing is"
    missing = house.pick_up.missing["p3"]
    assert [tried.what for tried in missing.tried] == ["reminded", "comes"]
    assert light(house) == set()

    # Wednesday: Bas calls in sick at ten past eight, and nobody stands in for him. The reception finds somebody.
    house.hang(*house.hanging)
    house.night_until("08:09", WEDNESDAY)
    assert house.commands(h.Away, member="bas", first=WEDNESDAY, last=THURSDAY, replacement="") == "accepted"
    house.wait(1)
    assert house.was_told("gerda", "gaps in the roster") == [("p2",)]
    assert light(house) == {"house/gap today"}
    house.until("08:31")
    house.lift("p1", "p3")
    house.night_until("08:48", WEDNESDAY)
    house.until("09:00:05")
    assert check_of(house, WEDNESDAY).missing == (f.Lacking("p2", "docked", ""),)
    assert house.was_told("els", "pagers missing") == house.was_told("gerda", "pagers missing") == [("p2",)]
    assert not house.was_told("bas", "pager not picked up"), "he is ill in bed"
    assert house.commands(h.Called, pager="p2", outcome="replaced", member="fred", by="els") == "accepted"
    house.lift("p2")
    house.wait(10)
    assert (house.row("p2").member, house.lacking, light(house)) == ("fred", {}, set())
    # For tomorrow he arranges it better.
    away = {"member": "bas", "first": WEDNESDAY, "last": THURSDAY, "replacement": "dina"}
    assert house.commands(h.Away, by="bas", **away) == "accepted"

    # Thursday: the contact in the dock of p1 is stuck, and p3 was not charged.
    house.stuck.add("p1")
    house.hang("p2", "p3")
    house.hanging["p1"] = house.contact["p1"] = True
    house._contact_says("p1")
    house.battery["p3"] = 11
    house.night_until("17:02", WEDNESDAY)
    house.night_until("08:28", THURSDAY)
    house.until("08:31")
    house.lift("p1", "p2", "p3")
    house.wait(40)
    assert house.lacking == {"p1": "dock fault", "p3": "battery"}
    assert house.row("p2").member == "dina"
    assert house.carries("p1") == "accepted"
    house.night_until("08:48", THURSDAY)
    house.until("09:00:50")
    assert check_of(house, THURSDAY).missing == (f.Lacking("p3", "battery", "cor"),)
    assert light(house) == {"pager:p1/dock", "pager:p3/battery low", "house/not picked up"}
    house.stuck.clear()

    # Christmas, and the weekend: nothing is asked of anybody, wherever the pagers are.
    house.battery["p3"] = 90
    house.hang("p1", "p3")
    house.night_until("09:30", CHRISTMAS)
    for day in range(4, 7):
        assert light(house) == set()
        house.night_until("09:30", MONDAY + timedelta(days=day + 1))
    quiet = {CHRISTMAS + timedelta(days=n) for n in range(3)}
    assert not [watch for watch in house.all(f.WatchBegan) if watch.on in quiet]
    assert all(spoken_to(house, day) == set() for day in quiet)
    assert [duty.opens for duty in house.all(f.DutySet) if duty.on in quiet] == [None] * 3
    assert {test.on for test in house.all(f.SelfTestEnded) if not test.missed} >= quiet, "that is every day"


def test_a_reception_that_does_nothing_and_a_coordinator_who_hears_of_it(house: DayHouse) -> None:
    house.until("08:35")
    house.lift("p1", "p2")
    house.night_until("08:58", MONDAY)
    house.until("09:00:05")
    assert house.was_told("els", "pagers missing") == [("p3",)]
    house.until("09:14:55")
    assert not house.was_told("gerda", "pagers still missing")
    house.until("09:15:05")
    assert house.was_told("gerda", "pagers still missing") == [("p3",)]
    house.until("09:40")
    assert not house.was_told("gerda", "pagers still missing"), "once is enough"
    assert light(house) == {"house/not picked up"}
    house.night_until("17:02", MONDAY)
    assert light(house) == set(), "nobody need come any more"
    assert house.was_told("els", "pagers not back") == [("p1", "p2")]
    house.lift("p3")
    house.night_until("20:00", MONDAY)
    assert not house.was_told("els", "pagers all there"), "the desks have closed"
    morning_of(house, TUESDAY)
    assert not house.pick_up.missing


@pytest.mark.parametrize("friday", [date(2026, 3, 27), date(2026, 10, 23)], ids=["to summer", "to winter"])
def test_a_weekend_of_another_length_moves_no_check(friday: date) -> None:
    house = DayHouse(day=friday)
    monday = friday + timedelta(days=3)
    assert local(friday, "12:00").utcoffset() != local(monday, "12:00").utcoffset()
    for day in (friday, monday):
        if day == monday:
            assert house.commands(h.Swap, pager="p2", on=monday, member="dina", by="bas") == "accepted"
            house.night_until("23:55", friday + timedelta(days=1))
            house.night_until("03:30", friday + timedelta(days=2))  # what a quarter of the year does at night
            morning_of(house, monday)
        house.until("08:35")
        house.lift("p1", "p2", "p3")
        house.night_until("08:57", day)
        house.until("09:00:50")
        check = check_of(house, day)
        assert local(day, "09:00") <= check.when.at <= local(day, "09:00:05")
        assert check.missing == ()
    assert house.row("p2").member == "dina"
    days = [friday + timedelta(days=n) for n in range(4)]
    assert [duty.on for duty in house.all(f.DutySet)] == days, "each midnight comes once"
    began = {test.on: test.when.local for test in house.all(f.SelfTestBegan)}
    assert {began[day].hour for day in days[1:]} == {8}
    house.ends()


def test_a_daemon_that_is_down_from_twenty_to_nine_until_twenty_past(house: DayHouse) -> None:
    house.until("08:35")
    house.lift("p1", "p2")
    house.until("08:40")
    house.hanging["p2"] = house.contact["p2"] = True  # he hangs it up again,
    house.hanging["p3"] = house.contact["p3"] = False  # and Cor takes his, while nobody listens
    house.restart(away_s=40 * 60)
    house.said(h.Receipt("p2", "b001", 99, "check.d001.99", "", "", 0, "shown"))  # it speaks, but not of its dock
    house.wait(3)
    assert not house.all(f.PickUpChecked), "what was known at twenty to nine may be so no more"
    house._contact_says("p2")
    house._contact_says("p3")
    house.wait(KNOWN_AFTER_S)
    assert check_of(house, MONDAY).missing == (f.Lacking("p2", "docked", "bas"),)
    assert house.was_told("els", "pagers missing") == [("p2",)]
    assert not house.was_told("cor", "pager not picked up")
    house.lift("p2")
    house.wait(10)
    assert house.was_told("els", "pagers all there") == [("p2",)]
    morning_of(house, TUESDAY)


def test_a_daemon_that_comes_back_when_the_desks_have_closed_asks_nothing(house: DayHouse) -> None:
    house.restart(away_s=10 * 3600)
    house.wait(120)
    assert spoken_to(house, MONDAY) == set()
    assert not house.all(f.WatchBegan)
    morning_of(house, TUESDAY)


def test_a_daemon_that_was_down_at_closing_time_first_hears_who_has_hung_it_up(house: DayHouse) -> None:
    house.until("08:35")
    house.lift("p1", "p2", "p3")
    house.night_until("16:50", MONDAY)
    for pager in ("p1", "p2"):
        house.hanging[pager] = house.contact[pager] = True
    house.restart(away_s=20 * 60)
    for pager in house.contact:
        house._contact_says(pager)
    house.wait(KNOWN_AFTER_S + 1)
    (ended,) = house.all(f.DayEnded)
    assert ended.out == ("p3",)
    assert house.was_told("cor", "pagers not back") == [("p3",)]


def test_a_clock_three_hours_slow_until_five_past_nine_spoils_one_morning_only() -> None:
    house = DayHouse(day=MONDAY, at="05:35")  # which is 8:35
    house.clock_ok = False
    house.lift("p1", "p2")
    house.until("06:05")
    assert not house.all(f.WatchBegan)
    house.jump(3 * 3600)
    house.clock_ok = True
    house.wait(KNOWN_AFTER_S)
    check = check_of(house, MONDAY)
    assert not check.doubtful
    assert check.missing == (f.Lacking("p3", "docked", "cor"),)
    house.lift("p3")
    house.wait(10)
    assert (house.lacking, light(house)) == ({}, set())
    morning_of(house, TUESDAY)
    house.ends()


def test_a_day_that_ended_by_a_wrong_clock_is_begun_again_by_the_right_one(house: DayHouse) -> None:
    house.until("08:35")
    house.lift("p1", "p2")
    house.clock_ok = False
    house.jump(9 * 3600)
    house.wait(5)
    assert house.all(f.DayEnded)
    house.jump(-9 * 3600)
    house.clock_ok = True
    house.until("09:00:50")
    assert check_of(house, MONDAY).missing == (f.Lacking("p3", "docked", "cor"),)
    assert house.was_told("els", "pagers missing") == [("p3",)]
    assert light(house) == {"house/not picked up"}
