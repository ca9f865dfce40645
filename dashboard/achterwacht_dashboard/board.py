"""The reception board, /receptie: calm in peace, and in an alarm nothing but the alarm.

Knows what stands on it and in which order. How the house stands is the core's to say; what cannot be known, because the
daemon is not heard, is told as unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from achterwacht.core import morning
from achterwacht.core.display import help_sign
from achterwacht.core.drill import is_announced
from achterwacht.core.escalation import WATCHES, callers_112
from achterwacht.core.faults import kind_of
from achterwacht.core.ladder import whom_to_ring
from achterwacht.core.moment import HOUSE_ZONE
from achterwacht.core.plan import APP, PAGER, PAGERS, RECEPTION, Member, Zender
from achterwacht.core.readiness import Reason, Works
from achterwacht.core.state import STAGES, Alarm, ButtonTest
from achterwacht.outputs.texts import Texts
from achterwacht.outputs.texts.day import carried_now, closed_because, day_word, pick_up, verdict
from achterwacht.outputs.texts.standing import device_names
from achterwacht_dashboard import access
from achterwacht_dashboard.access import Viewer
from achterwacht_dashboard.floor import PHASES, marks
from achterwacht_dashboard.pages import Page, Seen, Signals, Tone
from achterwacht_dashboard.ringing import (
    fresh_test,
    in_earnest,
    is_caller,
    notices,
    orders_of,
    pressed_at,
    stands,
    undoable,
)

FAULTS_MAX = 30
"""Longer lists nobody reads; how many more there are is said."""
NAMES_MAX = 8
"""So many names are read in a glance; of a longer list how many more there are is said."""
TESTS_SHOWN = 5
"""Of the tests of targets, the newest."""

PLACE_SIZES = (8, 12, 16, 24, 40)
"""Up to so many letters a place is written as large as fits (board.css); a plan allows 40."""

ANSWERS = ("on_scene", "coming", "cannot")
"""What is said of people, in the order in which it is read."""


# --- what every part asks ---------------------------------------------------------------------------------------------


def open_alarms(seen: Seen) -> list[Alarm]:
    """What may be seen here of what is open, oldest first and drills last."""
    return sorted(seen.alarms, key=lambda alarm: alarm.drill)


def may(viewer: Viewer, command: str, as_member: bool = True) -> bool:
    """Whether who looks may give this command. Most are said in one's own name: then one must be of the plan."""
    return access.may(viewer, f"POST /do/{command}") and (bool(viewer.member) or not as_member)


def _clock(at: datetime, form: str = "%H:%M:%S") -> str:
    return f"{at.astimezone(HOUSE_ZONE):{form}}"


def _day_clock(seen: Seen, at: datetime) -> str:
    """A time of today as 14:02, of another day with its date."""
    today = at.astimezone(HOUSE_ZONE).date() == seen.now.local.date()
    return _clock(at, "%H:%M" if today else "%d-%m %H:%M")


def _people(seen: Seen, members: Sequence[str]) -> str:
    return seen.texts.everyone(members, seen.look.names)


def _some(seen: Seen, members: Sequence[str]) -> str:
    """The same, of many only the first."""
    if len(members) <= NAMES_MAX:
        return _people(seen, members)
    first = ", ".join(map(seen.who, members[: NAMES_MAX - 1]))
    return f"{first} {seen.words('board.more', count=len(members) - NAMES_MAX + 1)}"


def _members(seen: Seen, members: Iterable[Member]) -> list[tuple[str, str]]:
    """Whom somebody can be said to be: id and name."""
    return [(member.id, seen.who(member.id)) for member in members]


def _who_answers(seen: Seen, alarm: Alarm, zender: Zender) -> list[tuple[str, str]]:
    """In whose name an answer can be given here: in everybody's by those who hear what is called out, else in one's
    own. Not in that of who sits there: it would not count."""
    if not may(seen.viewer, "answer", as_member=False):
        return []
    everybody = not seen.viewer.roles.isdisjoint(access.FOR_OTHERS)
    members = [member for member in alarm.plan.members if member.id not in zender.staff]
    return _members(seen, (member for member in members if everybody or member.id == seen.viewer.member))


def _names(seen: Seen) -> dict[str, str]:
    return device_names(seen.state.plan, seen.texts, seen.look.names)


# --- the header -------------------------------------------------------------------------------------------------------


def light(seen: Seen) -> Mapping[str, Any]:
    """The one light, and its first reason."""
    stale = seen.look.stale_since
    state, reasons = stands(seen)
    names = _names(seen)
    return {
        "site": seen.state.plan.site.name,
        "who": _viewer(seen),
        "state": state,
        "since": _clock(stale.at) if stale and seen.look.boot else "",
        "reason": seen.told(reasons[0], names)[0] if reasons else "",
        "count": len(reasons),
    }


def _viewer(seen: Seen) -> str:
    """Who is logged in, and in whose name things are said here."""
    viewer = seen.viewer
    name = seen.who(viewer.member) if viewer.member else viewer.name
    return name if viewer.name in (name, viewer.member) else f"{viewer.name} ({name})"


def practice(seen: Seen) -> Mapping[str, Any]:
    """What can be tried: a drill, and whether a target is reached."""
    plan, texts, names = seen.state.plan, seen.texts, _names(seen)
    drill = next((alarm for alarm in seen.alarms if alarm.drill), None)
    targets = (*plan.group(PAGERS), *(f"{way}:{member.id}" for member in plan.members for way in member.ways))
    newest = sorted(seen.state.tests.items(), key=lambda test: test[1].at, reverse=True)[:TESTS_SHOWN]
    return {
        "zenders": [(zender.nr, zender.place) for zender in plan.zenders],
        "drill": drill.place if drill else "",
        "targets": [(target, texts.device(target, names)) for target in targets],
        "tests": [
            {
                "at": _day_clock(seen, test.at),
                "device": texts.device(target, names),
                "stage": texts.words.stages[test.stage],
                "why": texts.why_failed(test.note) if test.stage == "failed" else "",
            }
            for target, test in newest
        ],
        "may_drill": may(seen.viewer, "drill_start"),
        "may_test": may(seen.viewer, "test"),
    }


# --- an alarm ---------------------------------------------------------------------------------------------------------


def alarms(seen: Seen) -> Mapping[str, Any]:
    """What is open, each with its people, what it waits for, and what is said to 112."""
    shown = [_alarm(seen, alarm) for alarm in open_alarms(seen)]
    return {
        "alarms": shown,
        "members": dict.fromkeys(member for alarm in shown for member in alarm["members"]),
        "may_stop": may(seen.viewer, "drill_stop"),
        "viewer": seen.viewer.member,
    }


def _alarm(seen: Seen, alarm: Alarm) -> dict[str, Any]:
    zender = _zender(alarm)
    reached = [stage for stage in STAGES if stage in alarm.reached]
    needed = alarm.plan.ladder.responders_needed
    return {
        "incident": alarm.incident,
        "place": alarm.place,
        "room": zender.room,
        "number": alarm.number or "",
        "drill": alarm.drill,
        "announced": is_announced(alarm),
        "state": "drill" if alarm.drill else PHASES[alarm.phase],
        "phase": seen.texts.words.phases[alarm.phase],
        "at": _clock(pressed_at(alarm)),
        "in_earnest": in_earnest(seen, alarm),
        "since_s": round(alarm.heard_s, 3),
        "why": "" if alarm.run_reason in ("first press", "drill") else seen.texts.reason(alarm.run_reason),
        "run_s": round(alarm.run_s, 3),
        "people": _answers(seen, alarm),
        "coming": seen.words("board.coming", coming=alarm.coming, needed=needed),
        "enough": not alarm.searching,
        "reached": seen.texts.words.stages[reached[-1]] if reached else "",
        "seen": "shown" in alarm.reached or bool(alarm.responders),
        "leave_s": None if alarm.leave_s is None else round(alarm.leave_s, 3),
        "waits": list(_waits(seen, alarm)),
        "size": next(size for size in PLACE_SIZES if len(alarm.place) <= size or size == PLACE_SIZES[-1]),
        "pending": alarm.incident in seen.look.pending,
        "orders": " ".join(orders_of(alarm, seen.viewer.member)),
        "members": _who_answers(seen, alarm, zender),
        "closers": _closers(seen, alarm, zender),
        "help": None if alarm.drill else _help(seen, alarm, zender),
    }


def spoken(seen: Seen) -> Mapping[str, Any]:
    """What a screen reader says when it changes: no seconds, else it would never be silent."""
    return {
        "lines": [
            seen.words(
                "board.spoken.drill" if alarm.drill else "board.spoken.alarm",
                place=alarm.place,
                phase=seen.texts.words.phases[alarm.phase],
                coming=alarm.coming,
            )
            for alarm in open_alarms(seen)
        ]
    }


def _zender(alarm: Alarm) -> Zender:
    """The zender as the alarm's own plan has it; a press of one that is in no plan is an alarm all the same."""
    return alarm.plan.zender(alarm.zender) or Zender(alarm.zender, alarm.place)


def _closers(seen: Seen, alarm: Alarm, zender: Zender) -> list[tuple[str, str]]:
    """Who may say that all is clear: reception, with the reason that is asked for here, or who has been there."""
    may_close = {*alarm.plan.with_role(RECEPTION), *alarm.persons("on_scene")}
    return [(id, name) for id, name in _who_answers(seen, alarm, zender) if id in may_close]


def _answers(seen: Seen, alarm: Alarm) -> list[tuple[str, str, str]]:
    """Who said what, by id and by name: those who are there first, then in the order in which they said it."""
    said = sorted(alarm.responders.items(), key=lambda one: (ANSWERS.index(one[1].answer), one[1].since_s))
    return [(responder.answer, by, seen.who(by)) for by, responder in said]


def _waits(seen: Seen, alarm: Alarm) -> Iterator[tuple[float, str]]:
    """What the ladder waits for, in the core's own table: until when, and what happens then."""
    for watch in WATCHES:
        until_s, key = watch.due(seen.state, alarm), f"board.wait.{watch.during}"
        if until_s is None or not seen.words.has(key):
            continue
        steps = alarm.plan.ladder.steps
        step = min(alarm.step + 1, len(steps) - 1)
        targets = whom_to_ring(alarm, steps[step], last=step == len(steps) - 1)
        who = _some(seen, list(dict.fromkeys(map(alarm.plan.person, targets))))
        if key == "board.wait.on_scene, asked" and alarm.police != "none":
            key = "board.wait.on_scene, asked.police"
        yield round(until_s, 3), seen.words(key, step=step + 1, steps=len(steps), who=who)


def _help(seen: Seen, alarm: Alarm, zender: Zender) -> dict[str, Any]:
    """The card for whoever calls 112. What is read out is in the house's language, whoever looks."""
    site, listed = alarm.plan.site, callers_112(alarm)
    due = {watch.during: watch.due(seen.state, alarm) for watch in WATCHES}
    until_s = due["112: advised"] or due["112: none"]
    asked = alarm.callers if alarm.police == "advised" else listed[:1]
    after = listed[alarm.turn + 1 : alarm.turn + 2] or listed
    return {
        "police": alarm.police,
        "language": alarm.plan.language,
        "script": Texts(alarm.plan.language).script_112(
            ", ".join(filter(None, (site.name, site.address, site.entrance))),
            ", ".join(filter(None, (alarm.place, zender.room))),
            len(alarm.persons("on_scene")),
        ),
        "asked": _people(seen, asked) if asked and asked != (seen.viewer.member,) else "",
        "is_asked": is_caller(alarm, seen.viewer.member),
        "next": _people(seen, after) if alarm.police == "advised" and after else "",
        "again": set(after) == set(asked),
        "until_s": None if until_s is None else round(until_s, 3),
    }


# --- in peace ---------------------------------------------------------------------------------------------------------


def notes(seen: Seen) -> Mapping[str, Any]:
    """What goes on and is no alarm: what is being tested, closings that can still be taken back, and what was told."""
    pending = seen.look.pending
    return {
        "own_test": _own_test(seen),
        "tests": [_button_test(seen, test) for _, test in sorted(seen.state.button_tests.items())],
        "closed": [
            {
                "incident": alarm.incident,
                "place": alarm.place,
                "text": seen.words(
                    "board.closed.pending" if alarm.incident in pending else "board.closed", place=alarm.place
                ),
                "pending": alarm.incident in pending,
                "until_s": round(until_s, 3),
            }
            for alarm, until_s in undoable(seen)
        ],
        "notices": [] if seen.alarms else list(notices(seen)),
        "may_undo": may(seen.viewer, "undo"),
    }


def _button_test(seen: Seen, test: ButtonTest) -> dict[str, Any]:
    stage = "claimed" if test.claimed else "pressed" if test.press else "waiting"
    return {
        "test": test.test,
        "zender": test.zender,
        "stage": stage,
        "until_s": round(test.until_s, 3),
        "text": seen.words(f"board.test.{stage}", place=seen.state.plan.place(test.zender), by=seen.who(test.by)),
        "mine": test.by == seen.viewer.member and may(seen.viewer, "claim"),
    }


def pagers(seen: Seen) -> Mapping[str, Any]:
    """Each pager: who has it, where it is, whether it is proven; and of one that is missing, whom to call."""
    told = verdict(seen.state)
    rows = [_pager(seen, row) for row in morning.board(seen.state)]
    return {
        "verdict": seen.texts.words.day[told] if seen.is_heard else seen.words("board.unknown"),
        "alert": told == "missing" or not seen.is_heard,
        "progress": list(_progress(seen)),
        "rows": sorted(rows, key=lambda row: not row["late"]),
        "members": _members(seen, seen.state.plan.members) if any(row["late"] for row in rows) else [],
        "may_call": may(seen.viewer, "called"),
    }


def _progress(seen: Seen) -> Iterator[str]:
    """How far this day has come, in the terminal's own sentences."""
    state, words, today = seen.state, seen.texts.words.day, pick_up(seen.state)
    if state.plan.morning is None or state.duty is None:
        return
    at = morning.times_today(state, state.plan.morning)
    if at is None or state.duty.opens is None or state.duty.closes is None:
        yield words["shut"].format(why=closed_because(state, state.duty.on, seen.texts))
        return
    yield words["open"].format(opens=f"{state.duty.opens:%H:%M}", closes=f"{state.duty.closes:%H:%M}")
    watch, check = (f"{at(time):%H:%M}" for time in (state.plan.morning.watch_at, state.plan.morning.check_at))
    if today is None:
        yield words["before"].format(watch=watch, check=check)
    elif today.checked_at is None:
        yield seen.words("board.held") if today.held else words["check"].format(check=check)
    else:
        key = "checked.doubtful" if today.doubtful else "checked"
        yield words[key].format(at=_clock(today.checked_at))
        if not today.ended:
            carried, needed = carried_now(state), state.plan.morning.pagers_needed
            key = "coverage" if carried >= needed else "coverage.short"
            yield words[key].format(carried=carried, needed=needed)
        if today.escalated and today.complete_at is None:
            yield words["escalated"]


def _pager(seen: Seen, row: morning.Row) -> dict[str, Any]:
    texts, told = seen.texts, verdict(seen.state)
    words = texts.words.day
    sign, word = _pager_stands(seen, row, told)
    late = told in ("missing", "ready") and row.why is not None
    is_open = row.missing is not None and row.missing.resolved_at is None
    call = ((row.missing.member if row.missing and is_open else "") or row.member or row.duty) if late else ""
    person = seen.look.people.get(call)
    tried = texts.tried(row.missing.tried, row.missing.member, seen.look.names) if row.missing and late else []
    whose = row.member or row.duty or seen.state.plan.carrier(row.pager) or ""
    works = _works(seen, row) in ("yes", "unsupervised")  # else what it said of itself is old
    return {
        "id": row.pager,
        "sign": sign,
        "word": word,
        "who": seen.who(whose) if whose else words["nobody"],
        "place": texts.words.pager_places[row.place] if told != "no check" else "",
        "why": texts.words.whys[row.why] if row.why and row.why != "docked" and told in TOLD_OF else "",
        "proven": _clock(row.proven_at, "%H:%M") if row.proven_at else "",
        "battery": words["percent"].format(percent=row.battery) if row.battery is not None and works else "",
        "late": late,
        "call": seen.who(call) if call else "",
        "phone": person.phone if person else "",
        "dial": "".join(sign for sign in person.phone if sign.isdigit() or sign == "+") if person else "",
        "whose": call or row.duty,
        "tried": "; ".join(tried),
    }


TOLD_OF = ("not yet", "missing", "ready")
"""When it is told of a pager what it lacks; that it hangs in its dock its place says."""


def _pager_stands(seen: Seen, row: morning.Row, told: str) -> tuple[str, str]:
    """Its sign and its word. In a house without a morning check only whether it works is known."""
    words = seen.texts.words.day
    if not seen.is_heard:
        return "unknown", seen.words("board.unknown")
    if told == "no check" or (told == "closed" and row.why is not None):
        works = _works(seen, row)
        signs = {"yes": "carried", "unsupervised": "carried", "unknown": "unknown", "no": "fault"}
        return signs[works], seen.words(f"board.works.{works}")
    if told == "over":
        back = {"docked": ("waiting", "is back"), "unknown": ("unknown", "place.unknown")}
        sign, word = back.get(row.place, ("fault", "is out"))
    elif row.why is None:
        sign, word = "carried", "is carried"
    else:
        sign, word = ("fault", "is missing") if told in ("missing", "ready") else ("waiting", "is not yet")
    return sign, words[word]


def _works(seen: Seen, row: morning.Row) -> Works:
    """Whether this pager could be reached now."""
    return next(one.works for one in seen.readiness.pagers if one.name == f"{PAGER}:{row.pager}")


def faults(seen: Seen) -> Mapping[str, Any]:
    """Why the light is not green: each reason with what it means and what to do."""
    reasons, names = stands(seen)[1] if seen.look.boot else (), _names(seen)
    return {
        "known": seen.is_heard,
        "faults": [_fault(seen, reason, names) for reason in reasons[:FAULTS_MAX]],
        "more": max(0, len(reasons) - FAULTS_MAX),
        "may_acknowledge": may(seen.viewer, "acknowledge"),
    }


def _fault(seen: Seen, reason: Reason, names: Mapping[str, str]) -> dict[str, Any]:
    title, technical = seen.told(reason, names)
    fault, by = seen.state.faults.get(reason.key), reason.acknowledged_by
    means, do = seen.about_fault(reason.key)
    return {
        "key": reason.key,
        "title": title,
        "since": _day_clock(seen, fault.at) if fault else "",
        "means": means,
        "do": do,
        "technical": technical,
        "seen_by": seen.who(by) if by else "",
        "open": fault is not None and by is None,
    }


def foot(seen: Seen) -> Mapping[str, Any]:
    """The last incident, the next button tests, the self-test; and for whoever sits at a desk the neutral sign."""
    state, story, words = seen.state, seen.look.last_story, seen.words
    days = state.plan.morning.button_test_days if state.plan.morning else 0
    overdue = sum(kind_of(key) == "zender/test overdue" for key in state.faults) + len(morning.overdue(state, seen.now))
    last = words("board.last.none")
    just_here = {alarm.incident for alarm in state.closed.values() if seen.is_at_this_desk(alarm)}
    if story is not None and story.closed is not None and story.incident not in just_here:  # S9
        after = seen.texts.duration(story.closed.after_s)
        on = day_word(story.raised_at.astimezone(HOUSE_ZONE).date(), seen.texts)
        last = words("board.last", place=story.place, on=on, after=after)
    return {
        "last": last,
        "button_tests": words("board.overdue" if overdue else "board.in_time", count=overdue) if days else "",
        "self_test": _self_test(seen),
        "sign": _neutral_sign(seen),
        "is_nobody": "reception" in seen.viewer.roles and not seen.viewer.member,
    }


def _self_test(seen: Seen) -> str:
    test = seen.state.self_test
    if test is None:
        return ""
    key = "board.self_test.ended" if test.ended else "board.self_test.runs"
    on = day_word(test.on, seen.texts)
    return seen.words(key, on=on, shown=len(test.shown), all=len(test.orders))


def _neutral_sign(seen: Seen) -> str:
    """How far help is for the desk that this screen is at, in a word that means nothing to a visitor; always there."""
    viewer = seen.viewer
    desks = [
        zender.nr
        for zender in seen.state.plan.zenders
        if (viewer.screen and viewer.screen in zender.screens) or viewer.member in zender.staff
    ]
    if not desks:
        return ""
    signs = [help_sign(seen.state, nr, seen.house_s).sign for nr in desks]
    busy = next((sign for sign in signs if sign in NEUTRAL), "idle")
    return seen.words(f"board.neutral.{busy if seen.is_heard else 'unknown'}")


NEUTRAL = ("sent", "coming", "on_scene", "over")
"""The words of the discreet sign that say something."""


# --- what scripts read ------------------------------------------------------------------------------------------------


def signals(seen: Seen) -> Signals:
    """What sounds, how the floor plan is marked, what is confirmed to the daemon, and the title of the window."""
    orders = [order for alarm in seen.alarms for order in orders_of(alarm, seen.viewer.member)]
    if own_test := _own_test(seen):
        orders.append(own_test)
    return Signals(tones=_tones(seen), marks=marks(seen), orders=tuple(orders), title=_title(seen))


def _own_test(seen: Seen) -> str:
    """The order of a test of this page that is still fresh; at a desk in alarm none."""
    tested = None if seen.discreet else fresh_test(seen, f"{APP}:{seen.viewer.member}")
    return tested.order if tested else ""


def _tones(seen: Seen) -> Mapping[str, Tone]:
    """Alarms, tests and faults. At a desk in alarm nothing begins to sound (S9)."""
    tones = _alarm_tones(seen)
    if seen.discreet:
        return tones
    if own_test := _own_test(seen):
        tones[own_test] = "test"
    for test in seen.state.button_tests.values():
        if test.press:
            tones[test.test] = "test"
    house = seen.readiness
    for one in (*house.zenders, *house.pagers, *house.phones):
        fault = seen.state.faults.get(one.because or "")
        if one.because and fault and fault.acknowledged_by is None:
            tones[one.because] = "fault"
    return tones


def _alarm_tones(seen: Seen) -> dict[str, Tone]:
    """An alarm sounds while people are wanted, and where whoever looks is asked to call 112. What was silenced sounds
    again when the ladder starts anew."""
    tones: dict[str, Tone] = {}
    for alarm in seen.alarms:
        if alarm.searching and not is_announced(alarm):
            tones[f"{alarm.incident} {alarm.run_s:.2f}"] = "drill" if alarm.drill else "alarm"
        if is_caller(alarm, seen.viewer.member):
            tones[f"{alarm.incident} 112 {alarm.turn}"] = "alarm"
    return tones


def signals_elsewhere(seen: Seen) -> Signals:
    """Of the pages that the board leads to: whoever has gone there hears of an alarm as on the board."""
    if not access.may(seen.viewer, "GET /receptie"):
        return Signals()
    return Signals(tones=_alarm_tones(seen), title=_title(seen))


def _title(seen: Seen) -> str:
    shown = open_alarms(seen)
    real = [alarm.place for alarm in shown if not alarm.drill]
    if real:
        return seen.words("board.title.alarm", places=", ".join(real))
    return seen.words("board.title.drill", place=shown[0].place) if shown else ""


LINKS = (("/meldingen", "board.incidents"), ("/beheer", "board.manage"), ("/account", "common.account"))


def links(viewer: Viewer) -> list[tuple[str, str]]:
    """The other pages that this viewer may see: path, and the key of the word."""
    return [(path, key) for path, key in LINKS if access.may(viewer, f"GET {path}")]


def practises(viewer: Viewer) -> bool:
    """Whether this viewer may try anything here."""
    return may(viewer, "drill_start") or may(viewer, "test")


PAGE = Page(
    "receptie",
    "GET /receptie",
    {
        "light": light,
        "practice": practice,
        "alarms": alarms,
        "spoken": spoken,
        "notes": notes,
        "pagers": pagers,
        "faults": faults,
        "foot": foot,
    },
    signals,
    rings=True,
)
