"""The story of an incident: what the facts tell about one alarm, from its first press to its end; or about one drill.

Knows which incident a fact belongs to, and how long after the press it came true, also over a restart. Leaves the words
to outputs/texts and the form to draft.py. There are only ids here: names are never in facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar

from msgspec import structs

from achterwacht.core import facts as f
from achterwacht.core.codec import fact_to_plain, to_plain
from achterwacht.core.evolve import evolve
from achterwacht.core.heard import AnswerWord
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Site
from achterwacht.core.state import EMPTY, Alarm, State

F = TypeVar("F")

TargetStage = Literal["ordered", "failed", "handed_over", "received", "shown", "answered"]
TARGET_STAGES: tuple[TargetStage, ...] = ("ordered", "failed", "handed_over", "received", "shown", "answered")
"""How far a target was reached, the least first. A failure counts only where nothing better is proven."""

PoliceWord = Literal["advised", "asked", "called", "arrived"]


# --- which fact belongs where -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Beginning:
    """How an incident began. Its id may come again after a day: `raised_n`, the fact that raised it, never does."""

    incident: str
    raised_n: int
    zender: int
    place: str
    site: Site
    language: str
    raised_at: datetime
    clock_ok: bool
    heard_s: float
    """House time when its first press reached this machine, or a drill was to ring: what `after_s` counts from."""
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One fact and where it belongs. `times`: so many identical ones are told as one."""

    n: int
    fact: f.Fact
    of: Beginning | None
    after_s: float
    """Seconds since the press of its incident; 0.0 when it has none."""
    times: int = 1


class Following:
    """Follows the facts as they come. Start anew at a Checkpoint: it holds all that is still needed."""

    def __init__(self) -> None:
        self._house: State = EMPTY
        """Only its clock and plan are kept up: the story of a damaged journal must be told too."""
        self._last: Moment | None = None
        self._known: dict[str, Beginning] = {}
        self._merged: dict[str, str] = {}

    def take(self, n: int, fact: f.Fact) -> Line:
        """The next fact, with the incident to which it belongs."""
        if isinstance(fact, f.DaemonStarted | f.PlanAdopted | f.Checkpoint):
            self._house = evolve(structs.replace(self._house, last=self._last), fact)
        self._last = fact.when
        if isinstance(fact, f.Checkpoint):
            self._remember(fact.state)
        if isinstance(fact, f.AlarmRaised | f.AlarmRecovered | f.DrillRaised):
            self._begin(n, fact)
        if isinstance(fact, f.IncidentMerged):
            self._merged[fact.incident] = fact.into
        name: str = getattr(fact, "incident", "")
        return self.line(n, fact, self._known.get(self._merged.get(name, name)))

    def line(self, n: int, fact: f.Fact, of: Beginning | None) -> Line:
        """The fact that came last, as a part of this incident."""
        after_s = self._house.house_s(fact.when) - of.heard_s if of else 0.0
        return Line(n, fact, of, round(after_s, 6))  # the clock's own grain; floats add noise below it

    def _begin(self, n: int, fact: f.AlarmRaised | f.AlarmRecovered | f.DrillRaised) -> None:
        self._merged.pop(fact.incident, None)
        heard_s = fact.heard_s if isinstance(fact, f.AlarmRaised) else fact.when.mono_s
        if isinstance(fact, f.DrillRaised):
            heard_s += fact.in_s
        self._known[fact.incident] = Beginning(
            incident=fact.incident,
            raised_n=n,
            zender=fact.zender,
            place=fact.place,
            site=self._house.plan.site,
            language=self._house.plan.language,
            raised_at=fact.when.at,
            clock_ok=fact.when.clock_ok,
            heard_s=heard_s + self._house.offset_s,
            drill=isinstance(fact, f.DrillRaised),
        )

    def _remember(self, state: State) -> None:
        """What began before the first fact that was read is known from the checkpoint alone."""
        for alarm in (*state.closed.values(), *state.alarms.values()):
            self._known.setdefault(alarm.incident, _beginning(alarm))
        merged = {name: press.incident for name, press in state.presses.items() if name != press.incident}
        self._merged = merged | self._merged


def _beginning(alarm: Alarm) -> Beginning:
    return Beginning(
        incident=alarm.incident,
        raised_n=alarm.raised_n,
        zender=alarm.zender,
        place=alarm.place,
        site=alarm.plan.site,
        language=alarm.plan.language,
        raised_at=alarm.raised_at,
        clock_ok=False,  # not kept: nobody can vouch for it
        heard_s=alarm.heard_s,
        drill=alarm.drill,
    )


# --- the story --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press of this incident: the first, or one that joined."""

    press: str
    at: datetime
    after_s: float
    burst: bool
    recovered: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody answered, whether or not it counted."""

    by: str
    via: str
    answer: AnswerWord
    result: f.Result
    note: str
    at: datetime
    after_s: float


@dataclass(frozen=True, slots=True)
class Came:
    """When somebody first said to come, and first was there; None for never."""

    by: str
    coming_at: datetime | None
    coming_s: float | None
    on_scene_at: datetime | None
    on_scene_s: float | None


@dataclass(frozen=True, slots=True)
class Rung:
    """The ladder rang a step (0-based)."""

    step: int
    reason: f.Reason
    at: datetime
    after_s: float


@dataclass(frozen=True, slots=True)
class PoliceNote:
    """One event on the police track; `who` was asked, or said it."""

    what: PoliceWord
    who: tuple[str, ...]
    reason: str
    at: datetime
    after_s: float


@dataclass(frozen=True, slots=True)
class Reached:
    """How far the orders to one target came. Stages apart, never one shown as another (S6).

    Times are of the first order that came so far, in seconds since the press; None for never.
    """

    target: str
    stage: TargetStage
    orders: int
    handed_over_s: float | None
    received_s: float | None
    shown_s: float | None
    answered_s: float | None
    failures: int
    failure: str
    """The last reason of a failure; empty for none."""


@dataclass(frozen=True, slots=True)
class Hops:
    """From the first press reaching this machine, in ms; None where it never happened.

    Of the orders that the first press itself caused: the first and the last of them.
    """

    handed_over_first_ms: float | None
    handed_over_last_ms: float | None
    durable_ms: float | None
    shown_first_ms: float | None
    shown_last_ms: float | None


@dataclass(frozen=True, slots=True)
class Missed:
    """A hop that took longer than the plan allows."""

    hop: str
    took_s: float
    budget_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A closing, or its undoing."""

    by: str
    reason: str
    at: datetime
    after_s: float


@dataclass(frozen=True, slots=True)
class Incident:
    """All that the facts tell about one alarm, or one drill. `closed` is None while it is open."""

    incident: str
    number: str | None
    zender: int
    place: str
    site: Site
    language: str
    raised_at: datetime
    clock_ok: bool
    closed: Ended | None
    recovered_from: str | None
    """The pager that remembered it when a crash had swallowed it."""
    reopened: tuple[Ended, ...]
    merged: tuple[str, ...]
    """Other ids under which pagers knew this alarm."""
    presses: tuple[Pressed, ...]
    answers: tuple[Said, ...]
    came: tuple[Came, ...]
    steps: tuple[Rung, ...]
    police: tuple[PoliceNote, ...]
    targets: tuple[Reached, ...]
    hops: Hops
    missed: tuple[Missed, ...]
    lines: tuple[Line, ...]
    """Every fact of it in order, and the daemon's stops and starts while it was open."""


def incidents(facts: Iterable[tuple[int, f.Fact]]) -> tuple[Incident, ...]:
    """The story of every alarm in these numbered facts, in the order in which they were raised; no drills."""
    return tuple(_story(lines) for of, lines in _apart(facts) if not of.drill)


def drills(facts: Iterable[tuple[int, f.Fact]]) -> tuple[Incident, ...]:
    """The same of every drill; drill_report.py measures one."""
    return tuple(_story(lines) for of, lines in _apart(facts) if of.drill)


def _apart(facts: Iterable[tuple[int, f.Fact]]) -> Iterator[tuple[Beginning, list[Line]]]:
    """The lines of each incident, in the order in which they were raised."""
    following = Following()
    stories: dict[int, list[Line]] = {}
    known: dict[int, Beginning] = {}
    still_open: dict[int, Beginning] = {}
    for n, fact in facts:
        line = following.take(n, fact)
        if isinstance(fact, f.DaemonStarted | f.DaemonStopped):
            for of in still_open.values():
                stories[of.raised_n].append(following.line(n, fact, of))
        if line.of is None:
            continue
        stories.setdefault(line.of.raised_n, []).append(line)
        known[line.of.raised_n] = line.of
        if isinstance(fact, f.AlarmRaised | f.AlarmRecovered | f.AlarmReopened | f.DrillRaised):
            still_open[line.of.raised_n] = line.of
        if isinstance(fact, f.AlarmClosed | f.DrillEnded):
            still_open.pop(line.of.raised_n, None)
    return ((known[raised_n], lines) for raised_n, lines in sorted(stories.items()))


def timeline(incident: Incident) -> tuple[Line, ...]:
    """Its facts in order; the same failure of the same target stands once, at its first time, with how often."""
    told: dict[object, Line] = {}
    for line in incident.lines:
        same = (line.fact.target, line.fact.reason) if isinstance(line.fact, f.OrderFailed) else line.n
        told[same] = replace(told[same], times=told[same].times + 1) if same in told else line
    return tuple(told.values())


def incident_to_plain(incident: Incident) -> dict[str, Any]:
    """The story as dicts, lists, strings and numbers, its facts as they stand in the journal."""
    plain: dict[str, Any] = to_plain(replace(incident, lines=()))
    del plain["lines"]
    lines = [
        {"n": line.n, "after_s": line.after_s, "times": line.times, **fact_to_plain(line.fact)}
        for line in timeline(incident)
    ]
    return {**plain, "timeline": lines}


def _story(lines: list[Line]) -> Incident:
    of = lines[0].of
    assert of is not None, "only lines with a beginning come here"
    numbers = [fact.number for _, fact in _facts(lines, f.IncidentNumbered)]
    return Incident(
        incident=of.incident,
        number=numbers[-1] if numbers else None,
        zender=of.zender,
        place=of.place,
        site=of.site,
        language=of.language,
        raised_at=of.raised_at,
        clock_ok=of.clock_ok,
        closed=_closed(lines),
        recovered_from=next((fact.pager for _, fact in _facts(lines, f.AlarmRecovered)), None),
        reopened=tuple(Ended(fact.by, "", fact.when.at, line.after_s) for line, fact in _facts(lines, f.AlarmReopened)),
        merged=tuple(fact.incident for _, fact in _facts(lines, f.IncidentMerged)),
        presses=tuple(_presses(lines)),
        answers=tuple(
            Said(fact.by, fact.via, fact.answer, fact.result, fact.note, fact.when.at, line.after_s)
            for line, fact in _facts(lines, f.Answered)
        ),
        came=tuple(_came(lines)),
        steps=tuple(
            Rung(fact.step, fact.reason, fact.when.at, line.after_s) for line, fact in _facts(lines, f.StepReached)
        ),
        police=tuple(_police(lines)),
        targets=tuple(_targets(lines)),
        hops=_hops(lines),
        missed=tuple(Missed(fact.hop, fact.took_s, fact.budget_s) for _, fact in _facts(lines, f.BudgetMissed)),
        lines=tuple(lines),
    )


def _facts(lines: Iterable[Line], kind: type[F]) -> Iterator[tuple[Line, F]]:
    return ((line, line.fact) for line in lines if isinstance(line.fact, kind))


def _closed(lines: list[Line]) -> Ended | None:
    """The closing that still holds."""
    last: Ended | None = None
    for line in lines:
        if isinstance(line.fact, f.AlarmClosed):
            last = Ended(line.fact.by, line.fact.reason, line.fact.when.at, line.after_s)
        if isinstance(line.fact, f.DrillEnded):
            last = Ended(line.fact.by, line.fact.end, line.fact.when.at, line.after_s)
        if isinstance(line.fact, f.AlarmReopened):
            last = None
    return last


def _presses(lines: list[Line]) -> Iterator[Pressed]:
    for line in lines:
        fact = line.fact
        if isinstance(fact, f.AlarmRaised | f.AlarmRecovered):
            recovered = isinstance(fact, f.AlarmRecovered)
            yield Pressed(fact.press, fact.when.at, line.after_s, burst=False, recovered=recovered)
        if isinstance(fact, f.PressJoined):
            yield Pressed(fact.press, fact.when.at, line.after_s, fact.burst, fact.recovered)


def _came(lines: list[Line]) -> Iterator[Came]:
    first: dict[tuple[str, str], Line] = {}
    for line, fact in _facts(lines, f.Answered):
        if fact.counts and fact.answer in ("coming", "on_scene"):
            first.setdefault((fact.by, fact.answer), line)
    for by in dict.fromkeys(by for by, _ in first):
        coming, there = first.get((by, "coming")), first.get((by, "on_scene"))
        yield Came(
            by,
            coming_at=coming.fact.when.at if coming else None,
            coming_s=coming.after_s if coming else None,
            on_scene_at=there.fact.when.at if there else None,
            on_scene_s=there.after_s if there else None,
        )


_POLICE_ANSWERS: dict[str, PoliceWord] = {"called_112": "called", "police_here": "arrived"}


def _police(lines: list[Line]) -> Iterator[PoliceNote]:
    for line in lines:
        fact, at = line.fact, line.fact.when.at
        if isinstance(fact, f.PoliceAdvised):
            yield PoliceNote("advised", (), fact.reason, at, line.after_s)
        if isinstance(fact, f.CallersAsked):
            yield PoliceNote("asked", fact.callers, fact.reason, at, line.after_s)
        if isinstance(fact, f.Answered) and fact.counts and fact.answer in _POLICE_ANSWERS:
            yield PoliceNote(_POLICE_ANSWERS[fact.answer], (fact.by,), "", at, line.after_s)


def _targets(lines: list[Line]) -> Iterator[Reached]:
    """Of what was said while it lasted: that an `over` arrived proves nothing about the alarm."""
    ordered = [fact for _, fact in _facts(lines, f.Ordered) if fact.kind != "over"]
    for target in dict.fromkeys(fact.target for fact in ordered):
        orders = {fact.order for fact in ordered if fact.target == target}
        failures = [fact.reason for _, fact in _facts(lines, f.OrderFailed) if fact.order in orders]
        first_s: dict[TargetStage, float | None] = {
            "handed_over": _first_s(lines, f.OrderHandedOver, orders),
            "received": _first_s(lines, f.OrderReceived, orders),
            "shown": _first_s(lines, f.OrderShown, orders),
            "answered": next((line.after_s for line, fact in _facts(lines, f.Answered) if fact.via == target), None),
        }
        best = [stage for stage in TARGET_STAGES if first_s.get(stage) is not None]
        yield Reached(
            target=target,
            stage=best[-1] if best else "failed" if failures else "ordered",
            orders=len(orders),
            handed_over_s=first_s["handed_over"],
            received_s=first_s["received"],
            shown_s=first_s["shown"],
            answered_s=first_s["answered"],
            failures=len(failures),
            failure=failures[-1] if failures else "",
        )


def _first_s(
    lines: list[Line], kind: type[f.OrderHandedOver | f.OrderReceived | f.OrderShown], orders: set[str]
) -> float | None:
    return next((line.after_s for line, fact in _facts(lines, kind) if fact.order in orders), None)


_AT_THE_PRESS: tuple[f.Reason, ...] = ("first press", "broke off a drill", "test pressed twice")


def _hops(lines: list[Line]) -> Hops:
    """The first of all pages, whichever step it was of; the last of those that left at the first press."""
    pages = {fact.order: fact.reason for _, fact in _facts(lines, f.Ordered) if fact.kind == "alarm"}
    handed_over = [(line, fact) for line, fact in _facts(lines, f.OrderHandedOver) if fact.order in pages]
    shown = [(line, fact) for line, fact in _facts(lines, f.OrderShown) if fact.order in pages]
    first = {order for order, reason in pages.items() if reason in _AT_THE_PRESS}
    durable = [_ms(fact.took_s) for _, fact in _facts(lines, f.IncidentNumbered)]
    return Hops(
        handed_over_first_ms=min((_ms(line.after_s) for line, _ in handed_over), default=None),
        handed_over_last_ms=max((_ms(line.after_s) for line, fact in handed_over if fact.order in first), default=None),
        durable_ms=min(durable, default=None),
        shown_first_ms=min((_ms(line.after_s) for line, _ in shown), default=None),
        shown_last_ms=max((_ms(line.after_s) for line, fact in shown if fact.order in first), default=None),
    )


def _ms(s: float) -> float:
    return round(s * 1000, 1)
