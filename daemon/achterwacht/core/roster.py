"""Who is to carry which pager on which day: swaps, calendars, the weekly pattern, and who stands in for whom.

A function of the state and a date. Whether the pager was indeed picked up is morning.py's. Whatever names a member whom
the plan no longer has counts as never said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time

from achterwacht.core import facts as f
from achterwacht.core.heard import CalendarEntry
from achterwacht.core.plan import Pager
from achterwacht.core.state import State
from achterwacht.core.workdays import holiday_on, opening


@dataclass(frozen=True, slots=True)
class RosterDay:
    """One day of the roster."""

    on: date
    opening: tuple[time, time] | None
    """When the desks open and close; None on a day on which the house is closed."""
    members: dict[str, str]
    """By pager, in the plan's order: who is to carry it. One that nobody is to carry is not in it."""
    holiday: str | None
    """The public holiday that it is, by its name in workdays.py, also where the house is open on it."""
    gaps: tuple[f.Gap, ...]
    """What is wrong with it; never anything on a day on which the house is closed."""


def day_key(on: date, pager: str) -> str:
    """What a swap is kept by: `2026-11-25 p1`."""
    return f"{on.isoformat()} {pager}"


def opening_on(state: State, day: date) -> tuple[time, time] | None:
    """When the house opens and closes on this day, also by its calendars; None when it is closed."""
    return _opening(state, day, _entries(state, day))


def on_duty(state: State, day: date) -> dict[str, str]:
    """Who is to carry which pager on this day, in the plan's order. A pager that nobody is to carry is not in it.

    A swap goes before a calendar, and that before the week. For whoever is away the one they arranged stands in, for
    a swap too: who is away cannot carry. On a day on which the house is closed only swaps count: somebody made them for
    that very day.
    """
    return _roster_day(state, day).members


def gaps(state: State, first: date, days: int) -> tuple[f.Gap, ...]:
    """What the roster lacks in so many days from `first`, by day and in the plan's order of pagers."""
    return tuple(gap for day in _dates(first, days) for gap in _roster_day(state, day).gaps)


def days(state: State, first: date, count: int) -> Iterator[RosterDay]:
    """The roster of so many days from `first`."""
    return (_roster_day(state, day) for day in _dates(first, count))


def _dates(first: date, count: int) -> Iterator[date]:
    """So many dates; the calendar ends with the year 9999."""
    start = first.toordinal()
    return map(date.fromordinal, range(start, min(start + count, date.max.toordinal() + 1)))


def _roster_day(state: State, on: date) -> RosterDay:
    entries = _entries(state, on)
    hours = _opening(state, on, entries)
    members = _carriers(state, on, entries, usual=hours is not None)
    lacking = tuple(_gaps_of(on, state.plan.pagers, members)) if hours else ()
    return RosterDay(on, hours, members, holiday_on(on), lacking)


def _entries(state: State, on: date) -> tuple[CalendarEntry, ...]:
    """What the calendars say of this day, in the plan's order of calendars; the one named first goes before."""
    said = (entry for feed in state.plan.calendars for entry in state.calendars.get(feed, ()))
    return tuple(entry for entry in said if entry.first <= on <= entry.last)


def _opening(state: State, on: date, entries: Iterable[CalendarEntry]) -> tuple[time, time] | None:
    return opening(state.plan.hours, on, any(entry.says == "closed" for entry in entries))


def _carriers(state: State, on: date, entries: Sequence[CalendarEntry], usual: bool) -> dict[str, str]:
    """By pager: who is to carry it. `usual`: not only swaps count, also the calendars and the week."""
    known = {member.id for member in state.plan.members}
    stands_in = _stands_in(state, on, entries, known)
    by_calendar: dict[str, str] = {}
    for entry in entries:
        if entry.says == "duty" and entry.member in known:
            by_calendar.setdefault(entry.pager, entry.member)
    carriers = {}
    for pager in state.plan.pagers:
        member = state.swaps.get(day_key(on, pager.id), "")
        if member not in known and usual:
            member = by_calendar.get(pager.id) or _in_the_week(pager, on)
        member = _present(member, stands_in)
        if member in known:
            carriers[pager.id] = member
    return carriers


def _stands_in(state: State, on: date, entries: Iterable[CalendarEntry], known: Container[str]) -> dict[str, str]:
    """By member who is away on this day: who stands in, "" for nobody. The newest absence holds; a calendar says only
    that somebody is away."""
    by_calendar = {entry.member: "" for entry in entries if entry.says == "away"}
    arranged = {away.member: away.replacement for away in state.absences if away.first <= on <= away.last}
    return {member: instead for member, instead in (by_calendar | arranged).items() if member in known}


def _present(member: str, stands_in: Mapping[str, str]) -> str:
    """This member, or whoever stands in for them and is not away too; "" for nobody, also when it goes in a circle."""
    for _ in stands_in:  # more steps than people away is a circle
        if member not in stands_in:
            break
        member = stands_in[member]
    return "" if member in stands_in else member


def _in_the_week(pager: Pager, on: date) -> str:
    return (pager.week[on.weekday()] if pager.week else None) or ""


def _gaps_of(on: date, pagers: Iterable[Pager], members: Mapping[str, str]) -> Iterator[f.Gap]:
    """Pagers that nobody is to carry, and those of a member who is to carry more than one."""
    carried = Counter(members.values())
    for pager in pagers:
        member = members.get(pager.id)
        if member is None:
            yield f.Gap(on, pager.id)
        elif carried[member] > 1:
            yield f.Gap(on, pager.id, member)
