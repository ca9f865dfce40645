"""On which days a Dutch town hall is open, and when: the public holidays, and how they meet the hours of a plan.

Which holidays a house closes on is its own choice. What a calendar says comes from the caller. Times of day are local.
"""

from __future__ import annotations

from datetime import date, time, timedelta
from functools import lru_cache

from achterwacht.core.plan import Hours

HOLIDAYS = (
    "new_year",
    "good_friday",
    "easter",
    "kings_day",
    "liberation_day",
    "ascension",
    "whitsun",
    "christmas",
)
"""Easter, Whitsun and Christmas have two days each."""

DEFAULT_HOLIDAYS = tuple(name for name in HOLIDAYS if name not in ("good_friday", "liberation_day"))
"""Those on which a town hall closes in every year: many are open on Good Friday, and most on 5 May."""

SUNDAY = 6
"""As `date.weekday` counts."""


def easter_sunday(year: int) -> date:
    """Easter of the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8): the Sunday after the full moon of
    spring."""
    lunar_year = year % 19
    century, rest = divmod(year, 100)
    centuries, centuries_rest = divmod(century, 4)
    leaps, leaps_rest = divmod(rest, 4)
    drift = (century - (century + 8) // 25 + 1) // 3
    full_moon = (19 * lunar_year + century - centuries - drift + 15) % 30
    to_sunday = (32 + 2 * centuries_rest + 2 * leaps - full_moon - leaps_rest) % 7
    late = (lunar_year + 11 * full_moon + 22 * to_sunday) // 451
    month, day = divmod(full_moon + to_sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def holidays_on(day: date) -> tuple[str, ...]:
    """The public holidays that this day is; two when Ascension falls on 5 May."""
    return tuple(name for name, days in _holidays_of(day.year).items() if day in days)


def holiday_on(day: date) -> str | None:
    """The public holiday that this day is, by its name in HOLIDAYS, or None."""
    return next(iter(holidays_on(day)), None)


def opening(hours: Hours, day: date, closed: bool = False) -> tuple[time, time] | None:
    """When the house opens and closes on this day; None when it is closed. `closed`: a calendar says so.

    A special opening beats all; then whatever closes the house; then the week holds.
    """
    for special in hours.special:
        if special.on == day:
            return special.opens, special.closes
    if closed or day in hours.closed or any(name in hours.holidays for name in holidays_on(day)):
        return None
    for usual in hours.week:
        if usual.weekday == day.weekday():
            return usual.opens, usual.closes
    return None


@lru_cache(maxsize=4)  # the days to come are in this year and the next
def _holidays_of(year: int) -> dict[str, tuple[date, ...]]:
    """By name: the days of one year's holidays."""
    easter, kings_day, christmas = easter_sunday(year), date(year, 4, 27), date(year, 12, 25)
    if kings_day.weekday() == SUNDAY:
        kings_day = date(year, 4, 26)
    return {
        "new_year": (date(year, 1, 1),),
        "good_friday": (easter - timedelta(days=2),),
        "easter": (easter, easter + timedelta(days=1)),
        "kings_day": (kings_day,),
        "liberation_day": (date(year, 5, 5),),
        "ascension": (easter + timedelta(days=39),),
        "whitsun": (easter + timedelta(days=49), easter + timedelta(days=50)),
        "christmas": (christmas, christmas + timedelta(days=1)),
    }
