"""The Dutch public holidays, held against a table that is not ours, and when a house is open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

import holidays
import pytest

from achterwacht.core.plan import Hours, Opening, SpecialOpening
from achterwacht.core.workdays import DEFAULT_HOLIDAYS, HOLIDAYS, easter_sunday, holiday_on, holidays_on, opening

FIRST, LAST = date(2024, 1, 1), date(2035, 12, 31)

THEIR_NAMES = {
    "New Year's Day": "new_year",
    "Good Friday": "good_friday",
    "Easter Sunday": "easter",
    "Easter Monday": "easter",
    "King's Day": "kings_day",
    "Liberation Day": "liberation_day",
    "Ascension Day": "ascension",
    "Pentecost": "whitsun",
    "Pentecost Monday": "whitsun",
    "Christmas Day": "christmas",
    "Second Day of Christmas": "christmas",
}

OFFICE = (time(9), time(17))
MONDAY_TO_FRIDAY = tuple(Opening(weekday, *OFFICE) for weekday in range(5))
HOURS = Hours(
    week=(*MONDAY_TO_FRIDAY[:3], Opening(3, time(9), time(20)), MONDAY_TO_FRIDAY[4]),
    holidays=DEFAULT_HOLIDAYS,
    closed=(date(2026, 5, 15), date(2026, 12, 24)),
    special=(
        SpecialOpening(date(2026, 3, 29), time(10), time(12)),  # a Sunday of 23 hours
        SpecialOpening(date(2026, 12, 24), time(9), time(12)),
        SpecialOpening(date(2026, 12, 26), time(10), time(11)),
    ),
)


def every_day() -> Iterator[date]:
    return (FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1))


def test_every_day_of_twelve_years_is_the_holiday_that_others_say_it_is() -> None:
    theirs = holidays.country_holidays(
        "NL", years=range(FIRST.year, LAST.year + 1), categories=("public", "optional"), language="en_US"
    )
    assert {day: name for day in every_day() if (name := holiday_on(day))} == {
        day: THEIR_NAMES[name] for day, name in theirs.items()
    }
    assert set(THEIR_NAMES.values()) == set(HOLIDAYS)


@pytest.mark.parametrize(
    "day",
    [date(1666, 4, 25), date(1954, 4, 18), date(1981, 4, 19), date(2038, 4, 25), date(2049, 4, 18), date(2285, 3, 22)],
)
def test_easter_is_right_in_the_years_that_are_hard(day: date) -> None:
    assert easter_sunday(day.year) == day


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2025, 4, 26), "kings_day"),  # the 27th is a Sunday
        (date(2025, 4, 27), None),
        (date(2026, 4, 26), None),
        (date(2026, 4, 27), "kings_day"),
        (date(2026, 12, 24), None),
        (date(2026, 12, 26), "christmas"),
        (date(2026, 12, 31), None),
        (date.min, "new_year"),
        (date.max, None),
    ],
)
def test_a_day_is_a_holiday_or_not(day: date, name: str | None) -> None:
    assert holiday_on(day) == name


def test_a_house_closes_by_default_where_every_town_hall_does() -> None:
    assert set(HOLIDAYS) - set(DEFAULT_HOLIDAYS) == {"good_friday", "liberation_day"}


@pytest.mark.parametrize(
    ("day", "when"),
    [
        (date(2026, 11, 25), OFFICE),  # a Wednesday
        (date(2026, 11, 26), (time(9), time(20))),  # a late Thursday
        (date(2026, 11, 28), None),  # a Saturday
        (date(2026, 4, 3), OFFICE),  # Good Friday, which this house does not keep
        (date(2026, 5, 5), OFFICE),
        (date(2026, 5, 14), None),  # Ascension
        (date(2026, 5, 15), None),  # the house's own day
        (date(2026, 3, 29), (time(10), time(12))),
        (date(2026, 10, 25), None),  # a Sunday of 25 hours
        (date(2026, 12, 24), (time(9), time(12))),  # special, though the house closes
        (date(2026, 12, 26), (time(10), time(11))),  # special, though it is a holiday
    ],
)
def test_the_house_is_open_by_the_first_rule_that_speaks(day: date, when: tuple[time, time] | None) -> None:
    assert opening(HOURS, day) == when


def test_a_calendar_closes_a_usual_day_and_no_special_one() -> None:
    assert opening(HOURS, date(2026, 11, 25), closed=True) is None
    assert opening(HOURS, date(2026, 12, 24), closed=True) == (time(9), time(12))


def test_a_house_without_hours_is_never_open() -> None:
    assert not any(opening(Hours(), day) for day in every_day())


def test_a_day_of_two_holidays_closes_a_house_that_keeps_either() -> None:
    both = date(2157, 5, 5)
    assert holidays_on(both) == ("liberation_day", "ascension")
    week = tuple(Opening(weekday, *OFFICE) for weekday in range(7))
    assert opening(Hours(week), both) == OFFICE
    for name in holidays_on(both):
        assert opening(Hours(week, holidays=(name,)), both) is None
