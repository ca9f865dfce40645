"""The roster of the coming weeks, as plain values for /beheer/rooster.

Who is to carry what is the core's (roster.py); the words are those of `achterwacht roster`.
"""

from __future__ import annotations

from datetime import date, timedelta

from achterwacht.core.plan import CALENDAR, Pager
from achterwacht.core.roster import RosterDay, day_key, days
from achterwacht.outputs.texts.day import closed_because, day_word, span
from achterwacht_dashboard.pages import Seen
from achterwacht_dashboard.standing_view import Told, fault, house_of

WEEKS = 4
"""As far as a coordinator looks ahead; more are a link away."""
WEEKS_MAX = 52


def roster(seen: Seen, weeks: int = WEEKS) -> Told:
    """Who is to carry which pager, from today on; what is wrong with that; who is away."""
    state, texts = seen.state, seen.texts
    today = seen.now.local.date()
    table = list(days(state, today, 7 * weeks))
    last = today + timedelta(days=7 * weeks - 1)
    calendars = [f"{CALENDAR}:{calendar}/{kind}" for calendar in state.plan.calendars
                 for kind in ("failing", "not understood")]  # fmt: skip
    house = house_of(seen)
    return {
        "has_roster": state.plan.morning is not None,
        "heads": [seen.words("admin.roster.day"),
                  *(seen.words("admin.people.pager", pager=pager.id) for pager in state.plan.pagers)],
        "pagers": [pager.id for pager in state.plan.pagers],
        "days": [_day(seen, day) for day in table],
        "gaps": [told for day in table for told in _gaps(seen, day)],
        "away": [_away(seen, away.member, away.first, away.last, away.replacement)
                 for away in state.absences if away.last >= today and away.first <= last],
        "calendars": [fault(house, key) for key in calendars if key in state.faults],
        "members": [{"id": member.id, "name": seen.who(member.id)} for member in state.plan.members],
        "today": today.isoformat(),
        "no_roster": texts.words.day["no roster"],
    }  # fmt: skip


def _day(seen: Seen, day: RosterDay) -> Told:
    is_shown = day.opening is not None or bool(day.members)
    closed = "" if day.opening else closed_because(seen.state, day.on, seen.texts)
    return {
        "on": day_word(day.on, seen.texts),
        "closed": closed,
        "hours": f"{day.opening[0]:%H:%M}-{day.opening[1]:%H:%M}" if day.opening else "",
        "cells": [_cell(seen, day, pager) for pager in seen.state.plan.pagers] if is_shown else [],
        "monday": day.on.weekday() == 0,
        "holiday": seen.texts.words.day[f"holiday.{day.holiday}"] if day.holiday and day.opening else "",
    }


def _cell(seen: Seen, day: RosterDay, pager: Pager) -> Told:
    """Who carries one pager on one day; `mark` says in a word what is special about that."""
    words, member = seen.texts.words.day, day.members.get(pager.id)
    if member is None:
        lacks = day.opening is not None
        return {"name": words["gap"] if lacks else words["nothing"], "mark": "", "kind": "gap" if lacks else ""}
    if any(gap.pager == pager.id for gap in day.gaps):
        kind, mark = "gap", words["double"]
    elif seen.state.swaps.get(day_key(day.on, pager.id)) == member:
        kind, mark = "swap", words["swap"]
    else:
        kind, mark = "", ""
    return {"name": seen.who(member), "mark": mark, "kind": kind}


def _gaps(seen: Seen, day: RosterDay) -> list[str]:
    """What is wrong with one day, each in a sentence: a pager of nobody, a member with more than one."""
    words, on = seen.texts.words.day, day_word(day.on, seen.texts)
    told = [words["mind.gap"].format(date=on, pager=gap.pager) for gap in day.gaps if not gap.member]
    twice: dict[str, list[str]] = {}
    for gap in day.gaps:
        if gap.member:
            twice.setdefault(gap.member, []).append(gap.pager)
    for member, pagers in twice.items():
        about = {"member": seen.who(member), "pagers": seen.texts.row(pagers)}
        told.append(words["mind.twice"].format(date=on, **about))
    return [sentence[:1].upper() + sentence[1:] for sentence in told]


def _away(seen: Seen, member: str, first: date, last: date, replacement: str) -> Told:
    key = "absent" if replacement else "absent.nobody"
    about = {"member": seen.who(member), "replacement": seen.who(replacement), "when": span(first, last, seen.texts)}
    return {
        "told": seen.texts.words.day[key].format(**about),
        "member": member,
        "first": first.isoformat(),
        "last": last.isoformat(),
    }
