"""How the house keeps its days: what must agree in the blocks of hours, mornings, weeks and calendars, and what they
become.

Knows that a morning check needs somebody to check, somebody to tell, and a time before the desks close. Leaves to
core/workdays.py when a holiday is. The checks read the plain values, as those of config_checks do; what is made, is
made of the forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any

from achterwacht.config_checks import NOBODY, check_named_once, check_unique, did_you_mean
from achterwacht.config_forms import (
    DAYS,
    TIME,
    CalendarBlock,
    HoursBlock,
    MorningBlock,
    PagerBlock,
    WeekBlock,
)
from achterwacht.config_yaml import EACH, Document, KeyPath, shown
from achterwacht.core.plan import RECEPTION, ROLES, Hours, Morning, Opening, SpecialOpening
from achterwacht.core.workdays import HOLIDAYS
from achterwacht.inputs.wiring import CalendarFeed

WEEKDAYS = tuple(WeekBlock.model_fields)

# A longer one is a slip of the pen in a month or a year, and would leave the pagers in their docks for as long.
CLOSED_MAX_DAYS = 31

# Each of these comes before the next.
_IN_ORDER = ("watch_at", "remind_at", "check_at")


# --- what must agree --------------------------------------------------------------------------------------------------


def check_day(site: Document) -> None:
    """Notes what does not agree, in the coordinator's file."""
    _check_hours(site)
    _check_dates(site)
    _check_week(site)
    _check_morning(site)
    _check_calendars(site)


def _check_hours(site: Document) -> None:
    for path, hours, opens, closes in _openings(site):
        if opens >= closes:
            site.blame(path, f"is {shown(hours)}, expected to open before it closes")


def _openings(site: Document) -> Iterator[tuple[KeyPath, str, time, time]]:
    """Every opening as it is written, and when it opens and closes: those of the week, then the special ones."""
    for pattern in (*(("hours", day) for day in WEEKDAYS), ("hours", "open", EACH, "hours")):
        for path, hours in site.each(*pattern):
            opens, _, closes = hours.partition("-") if isinstance(hours, str) else ("", "", "")
            if _is_time(opens) and _is_time(closes):
                yield path, hours, time.fromisoformat(opens), time.fromisoformat(closes)


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(TIME, value) is not None


def _check_dates(site: Document) -> None:
    """The days are there, and the house is not both closed and open on one."""
    for path, name in site.each("hours", "holidays", EACH):
        if isinstance(name, str) and name not in HOLIDAYS:
            site.blame(path, f"is {shown(name)}, no holiday, {did_you_mean(name, HOLIDAYS)}")
    check_named_once(site, "hours", "holidays")
    check_unique(site, ("hours", "open", EACH, "on"))
    closed = {day: path for path, days in _dates(site, "hours", "closed", EACH) for day in days}
    for path, (day, *_) in _dates(site, "hours", "open", EACH, "on"):
        if day in closed:
            line, _ = site.spots[closed[day]]
            site.blame(path, f"is {day}, on which the house is closed by line {line}, expected one of the two")


def _dates(site: Document, *pattern: str) -> Iterator[tuple[KeyPath, tuple[date, ...]]]:
    """The days of every date, or first and last date, on this path; notes the others."""
    for path, text in site.each(*pattern):
        if not isinstance(text, str) or not re.fullmatch(DAYS, text):
            continue  # told by the form
        try:
            yield path, _days(text)
        except ValueError as error:
            site.blame(path, f"is {text}, {error}")


def _days(text: str) -> tuple[date, ...]:
    """One date, or all from a first up to and including a last. Raises ValueError: what is wrong and what expected."""
    first, _, last = text.partition("/")
    try:
        begins, ends = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise ValueError("which no calendar has, expected a day that there is") from None
    if ends < begins:
        raise ValueError("expected the first day before the last")
    count = (ends - begins).days + 1
    if count > CLOSED_MAX_DAYS:
        raise ValueError(f"which are {count} days, expected at most {CLOSED_MAX_DAYS}")
    return tuple(begins + timedelta(days=number) for number in range(count))


def _check_week(site: Document) -> None:
    for path, week in site.each("pagers", EACH, "week"):
        if week is not None and not _has_morning(site):
            problem = "is given, expected a block morning beside it: without one a pager is carried as `carrier` says"
            site.blame(path, problem)
    members = [id_ for _, id_ in site.each("members", EACH, "id") if isinstance(id_, str)]
    for day in WEEKDAYS:
        for path, id_ in site.each("pagers", EACH, "week", day):
            if members and isinstance(id_, str) and id_ not in (NOBODY, *members):
                site.blame(path, f"is {shown(id_)}, no member of {site.file}, {did_you_mean(id_, (*members, NOBODY))}")


def _has_morning(site: Document) -> bool:
    return any(block is not None for _, block in site.each("morning"))


def _check_morning(site: Document) -> None:
    for path, morning in site.each("morning"):
        if morning is None:
            problem = "is empty, expected a block of keys, or {} when all are as usual; without it nothing is checked"
            site.blame(path, problem)
        elif isinstance(morning, dict):
            _check_times(site, morning)
            _check_pagers(site, morning)
            _check_told(site)


def _check_times(site: Document, morning: dict[str, Any]) -> None:
    """The check follows what leads to it, and the desks are still open."""
    at = {key: morning.get(key, getattr(Morning(), key).isoformat("minutes")) for key in _IN_ORDER}
    if not all(map(_is_time, at.values())):
        return  # told by the form
    for before, after in pairwise(_IN_ORDER):
        if time.fromisoformat(at[before]) < time.fromisoformat(at[after]):
            continue
        if after in morning:
            site.blame(("morning", after), f"is {at[after]}, expected later than {before} ({at[before]})")
        else:
            site.blame(("morning", before), f"is {at[before]}, expected earlier than {after} ({at[after]})")
    for path, hours, opens, closes in _openings(site):
        if opens < closes <= time.fromisoformat(at["check_at"]):
            problem = f"is {shown(hours)}, expected to close after the pagers are checked ({at['check_at']})"
            site.blame(path, problem)
    if not any(hours is not None for day in WEEKDAYS for _, hours in site.each("hours", day)):
        site.blame(("hours",), "holds no day of the week, expected one at least: on no other is a morning checked")


def _check_pagers(site: Document, morning: dict[str, Any]) -> None:
    needed = morning.get("pagers_needed", Morning().pagers_needed)
    for _, pagers in site.each("pagers"):
        if isinstance(needed, int) and isinstance(pagers, list) and needed > len(pagers):
            problem = f"is {needed}, expected at most {len(pagers)}: there are no more pagers"
            site.blame(("morning", "pagers_needed"), problem)


def _check_told(site: Document) -> None:
    """Somebody is told what is missing."""
    roles = [role for _, role in site.each("members", EACH, "roles", EACH)]
    are_known = any(True for _ in site.each("members", EACH)) and all(role in ROLES for role in roles)
    if are_known and RECEPTION not in roles:
        problem = f"is given, expected a member with the role {RECEPTION}: who is told which pagers are missing"
        site.blame(("morning",), problem)


def _check_calendars(site: Document) -> None:
    check_unique(site, ("calendars", EACH, "id"))
    for path, calendars in site.each("calendars"):
        if calendars and not _has_morning(site):
            site.blame(path, "is given, expected a block morning beside it: without one there is no roster")
    for path, calendar in site.each("calendars", EACH):
        if not isinstance(calendar, dict):
            continue
        given = [key for key in ("path", "url") if calendar.get(key) is not None]
        if not given:
            site.blame((*path, "path"), "is missing, expected path or url: where the calendar is")
        elif len(given) > 1:
            site.blame((*path, "url"), "is given beside path, expected one of the two: a calendar is in one place")


# --- what comes of it -------------------------------------------------------------------------------------------------


def plan_hours(block: HoursBlock) -> Hours:
    """When the house is open, as the core knows it."""
    week = (Opening(nr, *_hours(hours)) for nr, day in enumerate(WEEKDAYS) if (hours := getattr(block, day)))
    special = (SpecialOpening(date.fromisoformat(one.on), *_hours(one.hours)) for one in block.open)
    return Hours(
        week=tuple(week),
        holidays=tuple(block.holidays),
        closed=tuple(sorted({day for text in block.closed for day in _days(text)})),
        special=tuple(special),
    )


def _hours(text: str) -> tuple[time, time]:
    opens, closes = text.split("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)


def plan_morning(block: MorningBlock) -> Morning:
    """How the pick-up of the pagers is watched, as the core knows it."""
    said = block.given()
    times: dict[str, Any] = {key: time.fromisoformat(value) for key, value in said.items() if key.endswith("_at")}
    return Morning(**{**said, **times})


def plan_week(pager: PagerBlock) -> tuple[str | None, ...]:
    """Who is to carry this pager, Monday first."""
    week = (pager.week or WeekBlock()).model_dump().values()
    return tuple(None if member == NOBODY else member or pager.carrier for member in week)


def calendar_feed(block: CalendarBlock) -> CalendarFeed:
    """Where a calendar is read."""
    return CalendarFeed(**block.given())
