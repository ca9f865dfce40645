"""The page /team: the telephone of a member who runs with one hand free.

Knows what of an alarm such a telephone shows, which few buttons fit the moment, and what it shows in peace. What may be
answered, who is rung and who calls 112 are the core's to say. A page of a desk's own staff shows nothing of its alarm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from achterwacht.core.display import URGENCY
from achterwacht.core.drill import is_announced
from achterwacht.core.heard import AnswerWord
from achterwacht.core.moment import HOUSE_ZONE
from achterwacht.core.morning import Row, board
from achterwacht.core.plan import APP, PAGER
from achterwacht.core.roster import days
from achterwacht.core.state import Alarm, Phase, Tested
from achterwacht.outputs.texts.day import day_word, span
from achterwacht_dashboard import floor
from achterwacht_dashboard.desk import sign_line
from achterwacht_dashboard.pages import MarkState, Page, Seen, Signals, Tone
from achterwacht_dashboard.ringing import (
    fresh_test,
    in_earnest,
    is_caller,
    is_rung,
    notices,
    orders_of,
    pressed_at,
    stands,
    undoable,
)

BUTTONS_MAX = 4
"""More do not fit under one thumb."""
SHORT_WORD, LONG_WORD = 8, 11
"""A place whose words are no longer than the one is written larger, one with a longer word than the other smaller: so
that no word is broken."""
AHEAD_DAYS = 28
"""So far ahead the next duty is looked for."""
SWAPS_MAX = 5
"""So many of the next duties can be swapped here; the whole roster is another page."""


# --- when it rings ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Button:
    """One answer, or the call itself, as it stands under the thumb. `look`: primary, alarm or nothing."""

    answer: AnswerWord | Literal["call"]
    label: str
    look: str = ""


@dataclass(frozen=True)
class Card:
    """One open alarm, as one member sees it. Times are house time."""

    incident: str
    place: str
    size: str
    """How large the place is written: `short`, `long` or neither."""
    room: str
    phase: Phase
    mark: MarkState
    """Its sign and its colour, as on the floor plan."""
    what: str
    """That it is an alarm, or a drill, in a word."""
    in_earnest: str
    """That it is no drill or test, where people might think so."""
    is_drill: bool
    since_s: float
    """When the button was pressed, or the drill began."""
    pressed_at: str
    rings_s: float | None
    """When an announced drill will ring; None for all else."""
    is_mine: bool
    """Whether this member has not answered yet, and is asked to."""
    is_pending: bool
    """Whether something of it is not on the daemon's disk yet."""
    said: str
    """What this member has said, in words."""
    on_scene: tuple[str, ...]
    coming: tuple[str, ...]
    cannot: tuple[str, ...]
    wanted: int
    """How many more are needed."""
    question: str
    """What those on the scene are asked; empty while they are not."""
    police: str
    """How far the police track is, in words; empty at its beginning."""
    script: str
    """What to say to 112, where this member is asked to call; else empty."""
    buttons: tuple[Button, ...]
    can_close: bool
    orders: str
    """The orders to this page that it shows."""


def alarm(seen: Seen) -> Mapping[str, Any]:
    """Every open alarm that may be seen here, the most urgent first."""
    return {"cards": tuple(_card(seen, alarm) for alarm in sorted(seen.alarms, key=_urgency))}


def _urgency(alarm: Alarm) -> tuple[bool, int, float]:
    return alarm.drill, URGENCY.index(alarm.phase), alarm.raised_s


def _card(seen: Seen, alarm: Alarm) -> Card:
    t, me = seen.words, seen.viewer.member
    mine = alarm.responders.get(me)
    zender = alarm.plan.zender(alarm.zender)
    script = _script(seen, alarm) if is_caller(alarm, me) else ""
    return Card(
        incident=alarm.incident,
        place=alarm.place,
        size=_size(alarm.place),
        room=zender.room if zender else "",
        phase=alarm.phase,
        mark="drill" if alarm.drill else floor.PHASES[alarm.phase],
        what=t("team.drill" if alarm.drill else "team.alarm"),
        in_earnest=in_earnest(seen, alarm),
        is_drill=alarm.drill,
        since_s=alarm.heard_s,
        pressed_at=f"{pressed_at(alarm).astimezone(HOUSE_ZONE):%H:%M:%S}",
        rings_s=alarm.heard_s if is_announced(alarm) else None,
        is_mine=is_rung(alarm, me),
        is_pending=alarm.incident in seen.look.pending,
        said=t(f"team.said.{mine.answer}") if mine else "",
        on_scene=_names(seen, alarm, "on_scene"),
        coming=_names(seen, alarm, "coming"),
        cannot=_names(seen, alarm, "cannot"),
        wanted=max(0, alarm.plan.ladder.responders_needed - alarm.coming),
        question=_question(seen, alarm),
        police="" if alarm.police == "none" else t(f"team.police.{alarm.police}"),
        script=script,
        buttons=_buttons(seen, alarm, is_caller=bool(script)),
        can_close=_is_there(alarm, me),
        orders=" ".join(orders_of(alarm, me)),
    )


def _size(place: str) -> str:
    longest = max(map(len, place.split()), default=0)
    return " short" if longest <= SHORT_WORD else " long" if longest > LONG_WORD else ""


def _is_there(alarm: Alarm, member: str) -> bool:
    said = alarm.responders.get(member)
    return said is not None and said.answer == "on_scene"


def _names(seen: Seen, alarm: Alarm, answer: str) -> tuple[str, ...]:
    said = sorted((one.since_s, by) for by, one in alarm.responders.items() if one.answer == answer)
    return tuple(seen.who(by) for _, by in said)


def _question(seen: Seen, alarm: Alarm) -> str:
    if not _is_there(alarm, seen.viewer.member):
        return ""
    if alarm.asked_s is not None:
        return seen.words("team.all_well")
    return seen.words("team.need_112_asked") if _is_need_asked(alarm) else ""


def _is_need_asked(alarm: Alarm) -> bool:
    """Whether those on the scene were asked for 112, and have said nothing since."""
    asked_s = alarm.run_s + alarm.plan.ladder.call_112_after_s
    return alarm.need_asked and alarm.police == "none" and alarm.scene_s < asked_s


def _script(seen: Seen, alarm: Alarm) -> str:
    plan, zender = alarm.plan, alarm.plan.zender(alarm.zender)
    site = ", ".join(filter(None, (plan.site.name, plan.site.address, plan.site.entrance)))
    where = ", ".join(filter(None, (alarm.place, zender.room if zender else "")))
    return seen.texts.script_112(site, where, len(alarm.persons("on_scene")))


def _buttons(seen: Seen, alarm: Alarm, is_caller: bool) -> tuple[Button, ...]:
    """What fits the moment, "veilig" apart, so that little moves from one to the next: while a thumb is on its way
    somebody else may have spoken. For who comes or is there, that 112 is needed stands second until it is called; the
    call itself takes its place, and that it *was* called never does."""
    if is_announced(alarm):
        return ()
    there = _is_there(alarm, seen.viewer.member)
    return tuple(_wanted(seen, alarm, is_caller))[: BUTTONS_MAX - there]


def _wanted(seen: Seen, alarm: Alarm, is_caller: bool) -> Iterator[Button]:
    t, said = seen.words, alarm.responders.get(seen.viewer.member)
    call = Button("call", t("team.call.112"), "alarm")
    need = Button("need_112", t("team.need_112.drill" if alarm.drill else "team.need_112"), "alarm")
    called = Button("called_112", t("team.called_112"))
    none, advised = alarm.police == "none", alarm.police == "advised"
    if said is None or said.answer == "cannot":
        if is_caller:
            yield call
            yield called
        yield Button("coming", t("team.coming.after_all" if said else "team.coming"), "primary")
        if said is None or is_caller:
            yield Button("cannot", t("team.cannot.call" if said else "team.cannot"))
        elif none or advised:
            yield need
    elif said.answer == "coming":
        yield Button("on_scene", t("team.on_scene"), "primary")
        if none or advised:
            yield call if is_caller else need
        yield Button("cannot", t("team.cannot.after_all"))
        if advised:
            yield called
    else:
        leave = Button("told_to_leave", t("team.told_to_leave", times=1 if alarm.leave_s is None else 2))
        asked = None
        if alarm.asked_s is not None:
            asked = Button("on_scene", t("team.well"), "primary")
        elif _is_need_asked(alarm):
            asked = Button("on_scene", t("team.need_112.no"))
        yield asked or leave
        if none or advised:
            yield call if is_caller else need
        if advised:
            yield called
        if asked:
            yield leave
        if none and not alarm.drill:
            yield called
        if alarm.police == "called":
            yield Button("police_here", t("team.police_here"))


@dataclass(frozen=True)
class Closed:
    """An alarm that is over, and can be taken back until then (house time)."""

    incident: str
    place: str
    until_s: float
    is_pending: bool


def closed(seen: Seen) -> Mapping[str, Any]:
    """What was closed in the last ten minutes; nothing at the desk itself, where nothing lights up (S9)."""
    pending = seen.look.pending
    over = undoable(seen)
    return {"closed": tuple(Closed(one.incident, one.place, until_s, one.incident in pending) for one, until_s in over)}


def line(seen: Seen) -> Mapping[str, Any]:
    """The discreet signs of the desks that this member staffs, where the plan has them."""
    me, screen = seen.viewer.member, seen.viewer.screen
    mine = (zender for zender in seen.state.plan.zenders if me in zender.staff or (screen and screen in zender.screens))
    return {"lines": tuple(filter(None, (sign_line(seen, zender.nr) for zender in mine)))}


# --- in peace ---------------------------------------------------------------------------------------------------------


def duty(seen: Seen) -> Mapping[str, Any]:
    """Whether the house is ready, what this member was told, when their next duty is, and who could take it."""
    light, told = stands(seen)
    known = told if light != "unknown" else ()
    reasons = [seen.told(reason, seen.look.names)[0] for reason in known]
    return {
        "light": light,
        "reason": reasons[0] if reasons else "",
        "more": max(0, len(reasons) - 1),
        "notices": tuple(notices(seen)),
        "duties": tuple(_duties(seen)),
        "has_roster": seen.state.plan.morning is not None,
        "absences": tuple(_absences(seen)),
        "colleagues": _colleagues(seen),
        "today": seen.now.local.date().isoformat(),
    }


@dataclass(frozen=True)
class Duty:
    """A day on which this member is to carry a pager."""

    on: str
    day: str
    pager: str


def _duties(seen: Seen) -> Iterator[Duty]:
    if seen.state.plan.morning is None:
        return
    me, today = seen.viewer.member, seen.now.local.date()
    mine = (
        Duty(day.on.isoformat(), day_word(day.on, seen.texts), pager)
        for day in days(seen.state, today, AHEAD_DAYS)
        for pager, member in day.members.items()
        if member == me
    )
    for _, one in zip(range(SWAPS_MAX), mine, strict=False):
        yield one


def _absences(seen: Seen) -> Iterator[Mapping[str, str]]:
    """What this member has said of being away, that is not past."""
    yesterday = seen.now.local.date() - timedelta(days=1)
    for away in seen.state.absences:
        if away.member == seen.viewer.member and away.last > yesterday:
            yield {
                "when": span(away.first, away.last, seen.texts),
                "instead": seen.who(away.replacement) if away.replacement else seen.words("team.nobody_yet"),
                "first": away.first.isoformat(),
                "last": away.last.isoformat(),
            }


def _colleagues(seen: Seen) -> tuple[tuple[str, str], ...]:
    others = (member.id for member in seen.state.plan.members if member.id != seen.viewer.member)
    return tuple(sorted(((id, seen.who(id)) for id in others), key=lambda one: one[1]))


def equipment(seen: Seen) -> Mapping[str, Any]:
    """The pagers of this member, and whether their telephone shows what it is sent."""
    me, plan = seen.viewer.member, seen.state.plan
    mine = [row for row in board(seen.state) if me and me in (row.duty, _carrier(seen, row))]
    member = plan.member(me)
    targets = [f"{way}:{me}" for way in member.ways] if member else []
    return {
        "is_member": member is not None,
        "pagers": tuple(_pager(seen, row) for row in mine),
        "phones": tuple(_phone(seen, target) for target in targets),
    }


def _carrier(seen: Seen, row: Row) -> str:
    """Who has this pager; where pagers are handed out, whom the plan names has it only once it was taken."""
    plan = seen.state.plan
    return row.member if plan.morning else plan.carrier(row.pager) or ""


def _pager(seen: Seen, row: Row) -> Mapping[str, Any]:
    t, me, plan = seen.words, seen.viewer.member, seen.state.plan
    carrier = _carrier(seen, row)
    whose = "mine" if carrier == me else "today.other" if carrier else "today"
    works = next(one.works for one in seen.readiness.pagers if one.name == f"{PAGER}:{row.pager}")
    if plan.morning is None:
        how = t(f"team.works.{works}")
    elif row.why:
        how = seen.texts.words.whys[row.why]
    else:
        at = row.proven_at.astimezone(HOUSE_ZONE) if row.proven_at else None
        how = t("team.proven", at=f"{at:%H:%M}") if at else t(f"team.works.{works}")
    known = row.battery is not None
    return {
        "pager": row.pager,
        "whose": t(f"team.pager.{whose}", pager=row.pager, carrier=seen.who(carrier)),
        "how": how,
        "battery": t("team.battery", percent=row.battery) if known else t("team.battery.unknown"),
        "may_carry": row.duty == me and carrier != me and row.place != "docked",
    }


def _phone(seen: Seen, target: str) -> Mapping[str, Any]:
    tested = seen.state.tests.get(target)
    fresh = fresh_test(seen, target)
    return {
        "target": target,
        "name": seen.texts.device(target, seen.look.names),
        "result": _result(seen, tested),
        "failed": tested is not None and tested.stage == "failed",
        "test": seen.words("team.test.page" if target.startswith(f"{APP}:") else "team.test"),
        "order": fresh.order if fresh and target == f"{APP}:{seen.viewer.member}" else "",
    }


def _result(seen: Seen, tested: Tested | None) -> str:
    if tested is None:
        return seen.words("team.test.never")
    at, stage = tested.at.astimezone(HOUSE_ZONE), seen.texts.words.stages[tested.stage]
    why = seen.texts.why_failed(tested.note) if tested.stage == "failed" else ""
    return seen.words("team.test.result", day=day_word(at.date(), seen.texts), at=f"{at:%H:%M:%S}", stage=stage + why)


# --- for scripts ------------------------------------------------------------------------------------------------------


def signals(seen: Seen) -> Signals:
    """What is heard, where it is, and what of it is to be confirmed to the daemon."""
    me = seen.viewer.member
    tones: dict[str, Tone] = {}
    orders: list[str] = []
    for alarm in seen.alarms:
        orders += orders_of(alarm, me)
        said = alarm.responders.get(me)
        if is_rung(alarm, me):
            # What was silenced rings again when the ladder starts anew, and when it comes back to who could not come.
            since_s = max(alarm.run_s, said.since_s if said else 0.0)
            tones[f"{alarm.incident} {since_s:.2f}"] = "drill" if alarm.drill else "alarm"
        if is_caller(alarm, me):
            tones[f"{alarm.incident} 112 {alarm.turn}"] = "alarm"
    if not seen.discreet and (tested := fresh_test(seen, f"{APP}:{me}")):
        orders.append(tested.order)
        tones[tested.order] = "test"
    return Signals(tones=tones, marks=floor.marks(seen), orders=tuple(orders))


PAGE = Page(
    "team",
    "GET /team",
    {"alarm": alarm, "closed": closed, "duty": duty, "equipment": equipment, "line": line},
    signals,
    rings=True,
)
