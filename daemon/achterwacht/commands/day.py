"""The commands of a day: `morning` and `roster`, and what people say of it: `swap`, `absent`, `took`, `called`.

How a day is told stands in outputs/texts/day.py; what becomes of a word is the core's.
"""

from __future__ import annotations

import asyncio
import difflib
from argparse import Namespace
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

from achterwacht.clock import Clock
from achterwacht.commands.reading import NEAREST, known_facts, names_in, print_json
from achterwacht.commands.standing import EXIT_UNKNOWN, ask, no_answer
from achterwacht.commands.talking import ANSWER_S, tell
from achterwacht.core import facts as f
from achterwacht.core.codec import fact_to_plain, from_plain, to_plain
from achterwacht.core.moment import HOUSE_ZONE
from achterwacht.core.morning import board
from achterwacht.core.plan import EMPTY_PLAN, TERMINAL, Plan
from achterwacht.core.readiness import readiness
from achterwacht.core.roster import RosterDay, day_key, days, gaps
from achterwacht.core.state import State
from achterwacht.errors import AskedWrong, LinkUnavailable, Senseless
from achterwacht.journal.people import read_people
from achterwacht.link import connect
from achterwacht.outputs.texts import Texts, places
from achterwacht.outputs.texts.day import (
    DayLog,
    MorningScreen,
    Verdict,
    carried_now,
    day_word,
    log_text,
    new_gaps,
    pick_up,
    roster_text,
    span,
    still_carried,
    verdict,
)
from achterwacht.paths import socket_path

EXIT_CODES: Mapping[Verdict, int] = {"ready": 0, "closed": 0, "over": 0, "no check": 0, "missing": 1, "not yet": 1}
DAYS_MAX = 366
"""A longer roster nobody reads; the weekly pattern goes on for ever."""


def morning(asked: Namespace) -> int:
    """How far this morning has come: 0 all is well, 1 something is missing or may be, 2 no answer. Or a past day: 0."""
    return _now(asked) if asked.date is None else _past(asked)


def roster(asked: Namespace) -> int:
    """Who is to carry which pager in the days to come. Raises LinkUnavailable."""
    if not 1 <= asked.days <= DAYS_MAX:
        raise Senseless(f"--days {asked.days}: expected 1 to {DAYS_MAX}")
    look = ask(asked.state)
    if isinstance(look, LinkUnavailable):
        raise look
    table = list(days(look.state, asked.first or look.now.local.date(), asked.days))
    if asked.json:
        for day in table:
            print_json(_roster_json(look.state, day))
    else:
        print(roster_text(look.state, table, names_in(asked.state)))
    return 0


def swap(asked: Namespace) -> int:
    """On one day somebody else carries a pager; 0 when that was accepted."""
    command = {"command": "swap", "pager": asked.pager, "on": asked.date.isoformat(), "member": asked.member}
    return asyncio.run(_say(asked, command, "swapped", Dates(asked.date, asked.date)))


def absent(asked: Namespace) -> int:
    """A member is away, or is not after all; 0 when that was accepted."""
    if asked.withdraw and asked.replaced_by:
        raise Senseless("--replaced-by goes with an absence, not with its end: leave it out")
    command = {
        "command": "away",
        "member": asked.member,
        "first": asked.first.isoformat(),
        "last": (asked.last or asked.first).isoformat(),
        "replacement": asked.replaced_by,
        "withdrawn": asked.withdraw,
    }
    key = "absent.withdrawn" if asked.withdraw else "absent" if asked.replaced_by else "absent.nobody"
    return asyncio.run(_say(asked, command, key, Dates(asked.first, asked.last or asked.first)))


def took(asked: Namespace) -> int:
    """A member has taken a pager; 0 when that was accepted."""
    return asyncio.run(_say(asked, {"command": "took", "pager": asked.pager, "member": asked.member}, "took"))


def called(asked: Namespace) -> int:
    """Somebody called about a missing pager, and this came of it; 0 when that was accepted."""
    if asked.comes and asked.replaced_by:
        raise Senseless("either --comes or --replaced-by: who comes is not replaced")
    came = "comes" if asked.comes else "replaced" if asked.replaced_by else "called"
    command = {"command": "called", "pager": asked.pager, "outcome": came}
    if asked.replaced_by:
        command["member"] = asked.replaced_by
    return asyncio.run(_say(asked, command, "called" if came == "called" else f"called.{came}"))


# --- saying something -------------------------------------------------------------------------------------------------


class Dates(NamedTuple):
    """The days that somebody says something about."""

    first: date
    last: date


async def _say(asked: Namespace, command: Mapping[str, Any], key: str, dates: Dates | None = None) -> int:
    """Send a command; `key` has the sentence about it. Without `dates` it is about today."""
    path = socket_path(asked.state)
    async with connect(path) as connection:
        before = from_plain(State, connection.hello["state"])
        plan = before.plan
        need_members(plan, command.get("member"), command.get("replacement"), asked.by)
        if "pager" in command:
            need(plan, command["pager"], [pager.id for pager in plan.pagers], "pager")
        answered = await connection.command({**command, "by": asked.by}, ANSWER_S)
    texts, names = Texts(plan.language), names_in(asked.state)
    told = {name: texts.who(command[name], names) for name in ("member", "replacement") if command.get(name)}
    if dates:
        told |= {"first": day_word(dates.first, texts), "when": span(*dates, texts)}
    code = outcome(asked, texts, answered, texts.words.day[key].format(pager=command.get("pager"), **told))
    if code == 0 and not asked.json:
        with suppress(LinkUnavailable):  # what was accepted stays accepted
            async with connect(path) as connection:
                after = from_plain(State, connection.hello["state"])
            for what in _to_mind(before, after, command, dates, texts, names):
                print(texts.words.day["mind"].format(what=what))
    return code


def _to_mind(
    before: State,
    after: State,
    command: Mapping[str, Any],
    dates: Dates | None,
    texts: Texts,
    names: Mapping[str, str],
) -> Iterator[str]:
    """What was accepted, and does not mean what whoever said it may think."""
    if command["command"] == "took":
        placed = after.places.get(command["pager"])
        if placed and placed.place == "docked":
            yield texts.words.day["mind.docked"].format(pager=command["pager"])
        return
    yield from still_carried(before, after, texts, names)
    today = after.duty.on if after.duty else Clock().now().local.date()
    first, last = dates or (today, today)
    first = max(first, today)
    count = min((last - first).days + 1, DAYS_MAX)
    known = set(gaps(before, first, count))
    yield from new_gaps((gap for gap in gaps(after, first, count) if gap not in known), texts, names)


def outcome(asked: Namespace, texts: Texts, answered: Mapping[str, Any], what: str) -> int:
    """Tell what became of a command, in a sentence or as JSON; 0 when it was accepted."""
    if not asked.json:
        return tell(texts, answered, what)
    print_json({name: answered[name] for name in ("result", "note", "durable")})
    return 0 if answered["result"] == "accepted" else 1


def need_members(plan: Plan, *asked: str | None) -> None:
    """Raises AskedWrong when one of these is no member of the plan; the terminal itself, and nobody, may be there."""
    for member in asked:
        if member and member != TERMINAL:
            need(plan, member, [known.id for known in plan.members], "member")


def need(plan: Plan, asked: str, known: Collection[str], what: Literal["member", "pager", "zender"]) -> None:
    """Raises AskedWrong, in the plan's language and with what could be meant instead, when it has no such thing."""
    if asked not in known:
        words = Texts(plan.language).words.day
        near = difflib.get_close_matches(asked, known, NEAREST)
        none = words[f"no such.{what}"].format(asked=asked)
        raise AskedWrong(words["meant" if near else "it has"].format(none=none, known=", ".join(near or known)))


# --- telling ----------------------------------------------------------------------------------------------------------


def _now(asked: Namespace) -> int:
    look = ask(asked.state)
    if isinstance(look, LinkUnavailable):
        if asked.json:
            print_json({"verdict": "unknown", "why": str(look), "remedy": look.remedy})
        else:
            print(*no_answer(look), sep="\n")
        return EXIT_UNKNOWN
    if asked.json:
        print_json(_morning_json(look.state))
    else:
        people = read_people(asked.state)
        names = {id: person.name for id, person in people.items()}
        phones = {id: person.phone for id, person in people.items()}
        print(MorningScreen(look.state, look.now, names, phones).text())
    return 1 if look.house.light == "not ready" else EXIT_CODES[verdict(look.state)]


def _morning_json(state: State) -> dict[str, Any]:
    today, duty = pick_up(state), state.duty
    plain: dict[str, Any] = to_plain(today) if today else {}
    return {
        "verdict": verdict(state),
        "light": readiness(state).light,
        "on": duty.on if duty else None,
        "opens": duty.opens if duty else None,
        "closes": duty.closes if duty else None,
        **{name: plain.get(name) for name in _OF_TODAY},
        "carried": carried_now(state),
        "needed": state.plan.morning.pagers_needed if state.plan.morning else None,
        "pagers": to_plain(board(state)),
    }


_OF_TODAY = ("reminded_at", "reminded", "held", "checked_at", "doubtful", "escalated", "complete_at", "enough", "ended")


def _past(asked: Namespace) -> int:
    """One day as the journal has it, with or without a daemon."""
    log, plan = DayLog(asked.date), EMPTY_PLAN
    midnight = asked.date + timedelta(days=1)
    for n, fact in known_facts(asked.state):
        on = fact.when.at.astimezone(HOUSE_ZONE).date()
        if on >= midnight:
            continue  # a clock that was wrong may be set back: later facts may still be of this day
        if isinstance(fact, f.PlanAdopted):
            plan = fact.plan
        elif isinstance(fact, f.Checkpoint):
            plan = fact.state.plan
        if on == asked.date:
            log.take(n, fact)
    today = Clock().now().local.date()
    if asked.date > today and not log.facts:  # what a clock noted that was wrong may be of a day to come
        raise AskedWrong(f"--date {asked.date}: this day is still to come; `achterwacht roster` tells who is on duty")
    if asked.json:
        print_json(_log_json(log))
    else:
        texts = Texts(plan.language)
        names = {**names_in(asked.state), **places(plan, texts)}
        print(log_text(log, texts, names, is_today=asked.date == today))
    return 0


def _log_json(log: DayLog) -> dict[str, Any]:
    return {
        "on": log.on,
        "opens": log.duty.opens if log.duty else None,
        "closes": log.duty.closes if log.duty else None,
        "members": dict(log.duty.members) if log.duty else {},
        "checks": [fact_to_plain(check) for check in log.checks],
        "calls": [fact_to_plain(call) for call in log.calls],
        "complete_at": log.complete.when.at if log.complete else None,
        "facts": [{"n": n, **fact_to_plain(fact)} for n, fact in log.facts],
    }


def _roster_json(state: State, day: RosterDay) -> dict[str, Any]:
    opens, closes = day.opening or (None, None)
    swapped = {pager: state.swaps.get(day_key(day.on, pager)) for pager in day.members}
    return {
        "on": day.on,
        "opens": opens,
        "closes": closes,
        "holiday": day.holiday,
        "members": day.members,
        "swapped": [pager for pager, member in swapped.items() if member == day.members[pager]],
        "gaps": [{"pager": gap.pager, "twice": gap.member or None} for gap in day.gaps],
    }
