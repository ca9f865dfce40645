"""How the fields of facts are said in their sentences, and which sentence a fact has where there is more than one.

The words are the languages' own; how numbers, people and devices are written is __init__.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from typing import TYPE_CHECKING, Any

from achterwacht.core import facts as f
from achterwacht.core.codec import NAMES
from achterwacht.core.plan import APP, PAGER, PUSH, Plan
from achterwacht.core.state import State

if TYPE_CHECKING:
    from achterwacht.outputs.texts import Texts

Names = Mapping[str, str]
Told = Mapping[str, Any]

SAYS_MORE = (PAGER, PUSH, APP)
"""Targets that may still say themselves that they have a message; of one on a paging base its name does not tell."""


def sentence_key(fact: f.Fact) -> str:
    """Under which key the sentence of this fact stands: its name, and the variant where it has more than one."""
    variant = _VARIANT.get(type(fact), lambda fact: "")(fact)
    return f"{NAMES[type(fact)]}.{variant}" if variant else NAMES[type(fact)]


def in_words(texts: Texts, fact: f.Fact, names: Names) -> dict[str, Any]:
    """The fields of a fact in words, for its template."""
    said: dict[str, Any] = {}
    for field in fact.__dataclass_fields__:
        value = getattr(fact, field)
        say = _SAY.get(field)
        said |= {field: value} if say is None else say(texts, value, names)
    more = _SAY_OF.get(type(fact))
    return said | dict(more(texts, fact, names)) if more else said


def gap(texts: Texts, gap: f.Gap, names: Names) -> str:
    """What is wrong with the roster of one day."""
    words = texts.words.gaps["two" if gap.member else "nobody"]
    return words.format(on=_date(gap.on), pager=gap.pager, member=texts.who(gap.member, names))


_VARIANT: dict[type, Callable[[Any], str]] = {
    f.AlarmRaised: lambda fact: "" if fact.reason == "first press" else "reason",
    f.PressJoined: lambda fact: "recovered" if fact.recovered else "burst" if fact.burst else "",
    f.Ordered: lambda fact: fact.kind,
    f.OrderHandedOver: lambda fact: "yet" if fact.target.partition(":")[0] in SAYS_MORE else "",
    f.AlarmClosed: lambda fact: "reason" if fact.reason else "",
    f.DeviceSeen: lambda fact: "gone" if not fact.online else "" if fact.live else "remembered",
    f.FaultAcknowledged: lambda fact: "" if fact.result == "accepted" else "refused",
    f.TestAsked: lambda fact: "refused" if fact.result != "accepted" else "" if fact.by else "daily",
    f.DutySet: lambda fact: "closed" if fact.opens is None else "",
    f.AbsenceNoted: lambda fact: "withdrawn" if fact.withdrawn else "" if fact.replacement else "nobody",
    f.GapsFound: lambda fact: "" if fact.gaps else "none",
    f.PickUpChecked: lambda fact: "" if fact.missing else "complete",
    f.PagerCalled: lambda fact: fact.outcome,
    f.CoverageChanged: lambda fact: "" if fact.carried >= fact.needed else "short",
    f.DayEnded: lambda fact: "" if fact.out or fact.low else "complete",
    f.SelfTestEnded: lambda fact: "" if fact.missed else "complete",
    f.DrillRaised: lambda fact: "announced" if fact.announced else "",
    f.DrillEnded: lambda fact: "by" if fact.by else "",
}


def _capital(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]


def _say_device(field: str) -> Callable[[Texts, str, Names], Told]:
    def say(texts: Texts, target: str, names: Names) -> Told:
        phrase = texts.device(target, names)
        return {field: phrase, field.capitalize(): _capital(phrase)}

    return say


def _say_member(field: str) -> Callable[[Texts, str, Names], Told]:
    return lambda texts, member, names: {field: texts.who(member, names) or texts.words.no_carrier}


def _say_date(field: str) -> Callable[[Texts, date, Names], Told]:
    return lambda texts, on, names: {field: _date(on)}


def _say_time(field: str) -> Callable[[Texts, time | None, Names], Told]:
    return lambda texts, at, names: {field: f"{at:%H:%M}" if at else ""}


def _say_duration(field: str) -> Callable[[Texts, float, Names], Told]:
    return lambda texts, s, names: {field: texts.duration(s)}


def _say_pagers(field: str) -> Callable[[Texts, Iterable[str], Names], Told]:
    """Pagers by their ids; or targets, which may be others."""

    def say(texts: Texts, pagers: Iterable[str], names: Names) -> Told:
        devices = (pager if ":" in pager else f"{PAGER}:{pager}" for pager in pagers)
        return {field: texts.row([texts.device(device, names) for device in devices]) or texts.words.none}

    return say


def _say_plan(texts: Texts, plan: Plan, names: Names) -> Told:
    return {"zenders": len(plan.zenders), "pagers": len(plan.pagers), "members": len(plan.members)}


def _say_state(texts: Texts, state: State, names: Names) -> Told:
    return {"open": len(state.alarms)}


def _say_duty(texts: Texts, members: Iterable[tuple[str, str]], names: Names) -> Told:
    said = (f"{texts.who(member, names)} ({pager})" for pager, member in members)
    return {"members": texts.row(list(said)) or texts.words.no_carrier}


def _say_missing(texts: Texts, missing: Iterable[f.Lacking], names: Names) -> Told:
    said = []
    for lacking in missing:
        whose, why = texts.who(lacking.member, names) or texts.words.no_carrier, texts.words.whys[lacking.why]
        said.append(f"{texts.device(f'{PAGER}:{lacking.pager}')} ({whose}; {why})")
    return {"missing": texts.row(said)}


def _date(on: date) -> str:
    return f"{on:%d-%m-%Y}"


_SAY: dict[str, Callable[[Texts, Any, Names], Told]] = {
    "target": _say_device("target"),
    "device": _say_device("device"),
    "by": lambda texts, by, names: {"by": texts.who(by, names)},
    "member": _say_member("member"),
    "replacement": _say_member("replacement"),
    "callers": lambda texts, callers, names: {"callers": texts.everyone(callers, names)},
    "reason": lambda texts, reason, names: {"reason": texts.reason(reason)},
    "note": lambda texts, note, names: {"note": texts.note(note)},
    "hop": lambda texts, hop, names: {"hop": texts.words.hops[hop]},
    "wish": lambda texts, wish, names: {"wish": texts.words.wishes.get(wish, wish)},
    "step": lambda texts, step, names: {"step": step + 1},
    "took_s": _say_duration("took_s"),
    "budget_s": _say_duration("budget_s"),
    "in_s": _say_duration("in_s"),
    "plan": _say_plan,
    "state": _say_state,
    "on": _say_date("on"),
    "first": _say_date("first"),
    "last": _say_date("last"),
    "opens": _say_time("opens"),
    "closes": _say_time("closes"),
    "members": _say_duty,
    "missing": _say_missing,
    "gaps": lambda texts, gaps, names: {"gaps": "; ".join(gap(texts, one, names) for one in gaps)},
    "entries": lambda texts, entries, names: {"entries": len(entries)},
    **{field: _say_pagers(field) for field in ("pagers", "out", "low", "missed", "targets")},
}
"""How the fields of facts are said, by name: a field means the same in every fact. The others stand as they are."""


def _say_answered(texts: Texts, fact: f.Answered, names: Names) -> Told:
    result = texts.words.results[fact.result].format(note=texts.note(fact.note))
    return {"answer": texts.answer(fact.answer, fact.by, names), "result": result}


def _say_carried(texts: Texts, fact: f.PagerCarried, names: Names) -> Told:
    how = texts.words.hows[fact.how]
    return {"how": texts.words.by.format(how=how, by=texts.who(fact.by, names)) if fact.by else how}


_SAY_OF: dict[type, Callable[[Texts, Any, Names], Told]] = {
    f.Answered: _say_answered,
    f.OrderFailed: lambda texts, fact, names: {"why": texts.why_failed(fact.reason)},
    f.DeviceMeasured: lambda texts, fact, names: {"measured": texts.measured(fact)},
    f.FaultRaised: lambda texts, fact, names: {"fault": texts.fault(fact.key, fact.detail, names)},
    f.FaultCleared: lambda texts, fact, names: {"fault": texts.fault(fact.key, names=names)},
    f.FaultAcknowledged: lambda texts, fact, names: {"fault": texts.fault(fact.fault, names=names)},
    f.PagerCarried: _say_carried,
    f.PagerPlaced: lambda texts, fact, names: {"place": texts.words.pager_places[fact.place]},
    f.PickUpChecked: lambda texts, fact, names: {"doubt": texts.words.doubt if fact.doubtful else ""},
    f.ButtonTestEnded: lambda texts, fact, names: {"end": texts.words.test_ends[fact.end]},
    f.DrillEnded: lambda texts, fact, names: {"end": texts.words.drill_ends[fact.end]},
}
"""What of a fact is said in more words than its fields have."""
