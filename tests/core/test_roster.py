"""Who is to carry which pager on which day, whatever the swaps, the calendars, the week and the absences say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from immutables import Map
from msgspec.structs import replace as struct_replace

from achterwacht.core.facts import Gap
from achterwacht.core.heard import CalendarEntry
from achterwacht.core.plan import EMPTY_PLAN, Hours, Member, Opening, Pager, SpecialOpening
from achterwacht.core.roster import RosterDay, day_key, days, gaps, on_duty, opening_on
from achterwacht.core.state import EMPTY, Absence, State
from achterwacht.core.workdays import DEFAULT_HOLIDAYS, opening

FIRST, LAST = date(2024, 1, 1), date(2035, 12, 31)
WEDNESDAY, THURSDAY, SATURDAY = date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 28)
SHORT_DAY, LONG_DAY = date(2026, 3, 29), date(2026, 10, 25)
"""Sundays of 23 and of 25 hours."""

MORNING, OFFICE = (time(9), time(12)), (time(9), time(17))
HOURS = Hours(
    tuple(Opening(weekday, *OFFICE) for weekday in range(5)),
    holidays=DEFAULT_HOLIDAYS,
    special=(SpecialOpening(SHORT_DAY, *MORNING), SpecialOpening(LONG_DAY, *MORNING)),
)
MEMBERS = ("anna", "bas", "cor", "dina")
PLAN = replace(
    EMPTY_PLAN,
    members=tuple(map(Member, MEMBERS)),
    pagers=(
        Pager("p1", week=("anna",) * 7),
        Pager("p2", week=("bas", "cor") * 3 + ("bas",)),
        Pager("p3"),
    ),
    hours=HOURS,
    calendars=("duties", "leave"),
)
USUAL = {"p1": "anna", "p2": "bas"}
"""Wednesday's."""


def house(
    swaps: dict[str, str] | None = None,
    absences: tuple[Absence, ...] = (),
    calendars: Mapping[str, tuple[CalendarEntry, ...]] | None = None,
) -> State:
    return struct_replace(EMPTY, plan=PLAN, swaps=Map(swaps or {}), absences=absences, calendars=Map(calendars or {}))


def away(member: str, replacement: str = "", first: date = WEDNESDAY, last: date = WEDNESDAY) -> Absence:
    return Absence(member, first, last, replacement)


def duty(pager: str, member: str, on: date = WEDNESDAY) -> CalendarEntry:
    return CalendarEntry("duty", on, on, pager, member)


SWAPPED = {day_key(WEDNESDAY, "p1"): "dina"}
CLOSED = CalendarEntry("closed", WEDNESDAY, WEDNESDAY)


def test_a_swap_is_kept_by_its_day_and_its_pager() -> None:
    assert day_key(WEDNESDAY, "p1") == "2026-11-25 p1"


@pytest.mark.parametrize(
    ("state", "members"),
    [
        (house(), USUAL),
        (house(SWAPPED), {"p1": "dina", "p2": "bas"}),
        (house({day_key(THURSDAY, "p1"): "dina"}), USUAL),
        (house({day_key(WEDNESDAY, "p1"): "stranger"}), USUAL),
        (house({day_key(WEDNESDAY, "p3"): "cor"}), {**USUAL, "p3": "cor"}),
        (house({day_key(WEDNESDAY, "p9"): "cor"}), USUAL),
        (house(calendars={"duties": (duty("p1", "cor"),)}), {"p1": "cor", "p2": "bas"}),
        (house(calendars={"duties": (duty("p1", "cor", THURSDAY),)}), USUAL),
        (house(calendars={"duties": (duty("p1", "stranger"),)}), USUAL),
        (house(calendars={"duties": (duty("p9", "cor"),)}), USUAL),
        (house(calendars={"leave": (CalendarEntry("away", WEDNESDAY, WEDNESDAY, "p1", "cor"),)}), USUAL),
        (house(calendars={"a feed of before": (duty("p1", "cor"),)}), USUAL),
        (house(SWAPPED, calendars={"duties": (duty("p1", "cor"),)}), {"p1": "dina", "p2": "bas"}),
        (
            house(calendars={"leave": (duty("p1", "cor"),), "duties": (duty("p1", "dina"), duty("p1", "cor"))}),
            {"p1": "dina", "p2": "bas"},
        ),
    ],
)
def test_a_swap_goes_before_a_calendar_and_that_before_the_week(state: State, members: dict[str, str]) -> None:
    assert on_duty(state, WEDNESDAY) == members


@pytest.mark.parametrize(
    ("state", "members"),
    [
        (house(absences=(away("anna"),)), {"p2": "bas"}),
        (house(absences=(away("anna", "dina"),)), {"p1": "dina", "p2": "bas"}),
        (house(absences=(away("anna", "dina", last=THURSDAY - timedelta(days=1)),)), {"p1": "dina", "p2": "bas"}),
        (house(absences=(away("anna", "dina", THURSDAY, THURSDAY),)), USUAL),
        (house(absences=(away("anna", "stranger"),)), {"p2": "bas"}),
        (house(absences=(away("anna", "stranger"), away("stranger", "dina"))), {"p2": "bas"}),
        (house(absences=(away("anna", "dina"), away("dina", "cor"))), {"p1": "cor", "p2": "bas"}),
        (house(absences=(away("anna", "dina"), away("dina"))), {"p2": "bas"}),
        (house(absences=(away("anna", "anna"),)), {"p2": "bas"}),
        (house(absences=(away("anna", "dina"), away("dina", "anna"))), {"p2": "bas"}),
        (house(absences=(away("anna", "dina"), away("anna", "cor"))), {"p1": "cor", "p2": "bas"}),
        (house(SWAPPED, (away("anna", "cor"),)), {"p1": "dina", "p2": "bas"}),
        (house(SWAPPED, (away("dina", "cor"),)), {"p1": "cor", "p2": "bas"}),
        (house(SWAPPED, (away("dina"),)), {"p2": "bas"}),
        (house(absences=(away("cor", "dina"),), calendars={"duties": (duty("p1", "cor"),)}), {**USUAL, "p1": "dina"}),
    ],
)
def test_who_is_away_is_replaced_or_nobody_carries_the_pager(state: State, members: dict[str, str]) -> None:
    assert on_duty(state, WEDNESDAY) == members


def test_a_calendar_may_say_who_is_away_and_an_absence_who_stands_in() -> None:
    leave = {"leave": (CalendarEntry("away", WEDNESDAY, SATURDAY, member="anna"),)}
    assert on_duty(house(calendars=leave), WEDNESDAY) == {"p2": "bas"}
    assert on_duty(house(absences=(away("anna", "dina"),), calendars=leave), WEDNESDAY) == {"p1": "dina", "p2": "bas"}


def test_when_the_house_is_closed_only_a_swap_puts_anybody_on_duty() -> None:
    closed = house(SWAPPED, calendars={"duties": (duty("p2", "cor"),), "leave": (CLOSED,)})
    assert opening_on(closed, WEDNESDAY) is None
    assert on_duty(closed, WEDNESDAY) == {"p1": "dina"}
    assert on_duty(house(SWAPPED), SATURDAY) == {}
    assert gaps(closed, WEDNESDAY, 1) == gaps(house(), SATURDAY, 1) == ()
    assert on_duty(struct_replace(closed, absences=(away("dina", "bas"),)), WEDNESDAY) == {"p1": "bas"}


def test_gaps_are_pagers_that_nobody_is_to_carry_and_members_who_are_to_carry_two() -> None:
    twice = house({day_key(THURSDAY, "p2"): "anna", day_key(WEDNESDAY, "p3"): "dina"})
    assert gaps(twice, WEDNESDAY, 4) == (
        Gap(THURSDAY, "p1", "anna"),
        Gap(THURSDAY, "p2", "anna"),
        Gap(THURSDAY, "p3"),
        Gap(THURSDAY + timedelta(days=1), "p3"),
    )


def test_the_days_of_a_christmas_tell_all_that_a_roster_shows() -> None:
    eve = date(2026, 12, 24)
    thursday, christmas = days(house({day_key(eve, "p3"): "dina"}), eve, 2)
    assert thursday == RosterDay(eve, OFFICE, {"p1": "anna", "p2": "cor", "p3": "dina"}, None, ())
    assert christmas == RosterDay(date(2026, 12, 25), None, {}, "christmas", ())


def test_a_holiday_on_which_the_house_is_open_is_still_named() -> None:
    (good_friday,) = days(house(), date(2026, 4, 3), 1)
    assert (good_friday.holiday, good_friday.opening) == ("good_friday", OFFICE)


def test_every_day_of_twelve_years_comes_once_and_has_the_members_of_its_weekday() -> None:
    count = (LAST - FIRST).days + 1
    found = list(days(house(), FIRST, count))
    assert [day.on for day in found] == [FIRST + timedelta(days=n) for n in range(count)]
    for day in found:
        week = {pager.id: pager.week[day.on.weekday()] for pager in PLAN.pagers if pager.week}
        assert day.members == (week if day.opening else {}), day.on


def test_the_end_of_the_calendar_ends_a_roster() -> None:
    assert [day.on for day in days(house(), date.max, 7)] == [date.max]
    assert list(days(house(), WEDNESDAY, 0)) == list(days(house(), WEDNESDAY, -1)) == []


# --- whatever is said -------------------------------------------------------------------------------------------------

dates = st.dates(FIRST, LAST) | st.sampled_from([SHORT_DAY, LONG_DAY, WEDNESDAY, date(2027, 12, 25)])
people = st.sampled_from((*MEMBERS, "stranger", ""))
pager_ids = st.sampled_from(("p1", "p2", "p3", "p9"))


@st.composite
def houses(draw: st.DrawFn) -> tuple[State, date]:
    """A house, and a day of which much is said in it."""
    on = draw(dates)
    near = st.integers(-1, 1).map(lambda n: on + timedelta(days=n))
    entry = st.builds(
        CalendarEntry, st.sampled_from(["duty", "away", "closed", "duty", "away"]), near, near, pager_ids, people
    )
    weeks = st.just(()) | st.tuples(*[st.none() | people] * 7)
    plan = replace(PLAN, pagers=tuple(Pager(id, week=draw(weeks)) for id in ("p1", "p2", "p3")))
    return struct_replace(
        EMPTY,
        plan=plan,
        swaps=Map(draw(st.dictionaries(st.builds(day_key, near, pager_ids), people, max_size=4))),
        absences=tuple(draw(st.lists(st.builds(Absence, people, near, near, people), max_size=5))),
        calendars=Map(
            draw(st.dictionaries(st.sampled_from(PLAN.calendars), st.lists(entry, max_size=4).map(tuple), max_size=2))
        ),
    ), on


def entries(state: State, on: date, says: str) -> list[CalendarEntry]:
    """In the order in which they count."""
    feeds = (state.calendars.get(feed, ()) for feed in state.plan.calendars)
    return [entry for feed in feeds for entry in feed if entry.says == says and entry.first <= on <= entry.last]


def absent(state: State, on: date) -> set[str]:
    leave = {entry.member for entry in entries(state, on, "away")}
    return leave | {absence.member for absence in state.absences if absence.first <= on <= absence.last}


def wanted(state: State, on: date, pager: Pager) -> str | None:
    """Who is to carry this pager, should nobody be away."""
    week = pager.week[on.weekday()] if pager.week else None
    on_calendar = [entry.member for entry in entries(state, on, "duty") if entry.pager == pager.id]
    usual = [*on_calendar, week] if opening_on(state, on) else []
    said = [state.swaps.get(day_key(on, pager.id)), *usual]
    return next((member for member in said if member in MEMBERS), None)


@given(houses())
def test_only_members_who_are_not_away_carry_pagers_of_the_plan_in_its_order(told: tuple[State, date]) -> None:
    state, on = told
    members = on_duty(state, on)
    assert set(members.values()) <= set(MEMBERS) - absent(state, on)
    assert list(members) == [pager.id for pager in state.plan.pagers if pager.id in members]


@given(houses())
def test_the_first_who_is_named_carries_it_unless_away(told: tuple[State, date]) -> None:
    state, on = told
    members = on_duty(state, on)
    for pager in state.plan.pagers:
        member = wanted(state, on, pager)
        if member not in absent(state, on):
            assert members.get(pager.id) == member
        elif pager.id in members:
            stand_ins = {absence.replacement for absence in state.absences if absence.first <= on <= absence.last}
            assert members[pager.id] in stand_ins


@given(houses())
def test_a_house_is_closed_by_its_hours_or_a_calendar(told: tuple[State, date]) -> None:
    state, on = told
    assert opening_on(state, on) == opening(HOURS, on, bool(entries(state, on, "closed")))
    if opening_on(state, on) is None:
        assert all(day_key(on, pager) in state.swaps for pager in on_duty(state, on))


@given(houses())
def test_gaps_tell_what_is_wrong_with_who_is_on_duty(told: tuple[State, date]) -> None:
    state, on = told
    expected = []
    for day in (on, on + timedelta(days=1)):
        members = on_duty(state, day)
        carried = Counter(members.values())
        for pager in state.plan.pagers if opening_on(state, day) else ():
            member = members.get(pager.id, "")
            if not member or carried[member] > 1:
                expected.append(Gap(day, pager.id, member))
    assert gaps(state, on, 2) == tuple(expected)


@given(houses())
def test_the_days_agree_with_what_is_asked_of_one(told: tuple[State, date]) -> None:
    state, on = told
    for n, day in enumerate(days(state, on, 3)):
        assert day.on == on + timedelta(days=n)
        assert day.members == on_duty(state, day.on)
        assert list(day.members) == list(on_duty(state, day.on))
        assert (day.opening, day.gaps) == (opening_on(state, day.on), gaps(state, day.on, 1))


@given(st.dictionaries(st.integers(0, 9), st.integers(0, 9), max_size=10))
@example({n: (n + 1) % 10 for n in range(10)})  # one great circle
@example({n: n + 1 for n in range(9)})  # one long way to the only one who is there
@example({0: 1, 1: 2, 2: 1})  # into a circle
def test_replacements_are_followed_to_somebody_who_is_there_and_circles_end(stands_in: dict[int, int]) -> None:
    everybody = [str(n) for n in range(10)]
    plan = replace(PLAN, members=tuple(map(Member, everybody)), pagers=(Pager("p1", week=("0",) * 7),))
    absences = tuple(away(str(member), str(instead)) for member, instead in stands_in.items())
    state = struct_replace(EMPTY, plan=plan, absences=absences)
    met = [0]
    while met[-1] in stands_in and met.count(met[-1]) == 1:
        met.append(stands_in[met[-1]])
    assert on_duty(state, WEDNESDAY) == ({} if met[-1] in stands_in else {"p1": str(met[-1])})
