"""Drills: an alarm that is practised, with the same ladder, people and waits, and marked in everything it says.

A command raises one and nothing else does, so that every button pressed meanwhile is in earnest. A drill makes way for
any alarm: its pages go first, then the drill ends. Everybody who was rung hears of the end, and so does whoever was
only told that it would ring. The alarm centre is told nothing and nobody is asked to call 112. No word about a drill
raises an alarm but one: that 112 is needed is believed (escalation.py).
"""

from __future__ import annotations

from collections.abc import Iterable

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.ladder import whom_it_is_for
from achterwacht.core.notices import tell
from achterwacht.core.plan import TERMINAL
from achterwacht.core.state import Alarm, State
from achterwacht.core.turn import ROUNDING_S, Turn

NOTICE_S = 60.0
"""An announced drill rings so long after its announcement: time to read it, and to finish a sentence."""
MAX_S = 1800.0
"""A drill that nobody ends must not ring all day."""
IN_MIND_S = 120.0
"""So long after the end of a drill people may still take for it what rings."""

_PREFIX = "drill-"
_RAISED = f.AlarmRaised | f.AlarmRecovered | f.AlarmReopened


def is_drill(incident: str) -> bool:
    """Whether this is the name of a drill, also of one that is over or that nobody here remembers."""
    return incident.startswith(_PREFIX)


def running(state: State) -> Alarm | None:
    """The drill that runs. There is one at most."""
    return next((alarm for alarm in state.alarms.values() if alarm.drill), None)


def is_announced(alarm: Alarm) -> bool:
    """Whether this is a drill that everybody was told of and that has not rung yet."""
    return alarm.drill and alarm.step < 0 and alarm.heard_s > alarm.raised_s


def is_in_mind(state: State, when_s: float) -> bool:
    """Whether people may take an alarm that rings at this moment, in house time, for a drill."""
    ended_s = state.drill_ended_s
    return running(state) is not None or (ended_s is not None and when_s - ended_s < IN_MIND_S)


def start(turn: Turn, heard: h.StartDrill) -> None:
    """Somebody wants to practise. The drill rings by itself when its time has come."""
    state = turn.state
    if heard.key in state.outcomes:
        return
    if note := _objection(state, heard):
        turn.note(f.Refused(turn.now, heard.key, "drill_start", heard.by, note))
        return
    plan, incident = state.plan, f"{_PREFIX}{state.boot}-{state.n + 1}"
    raised = f.DrillRaised(
        turn.now,
        incident,
        heard.key,
        heard.zender,
        plan.place(heard.zender),
        heard.by,
        heard.announced,
        in_s=NOTICE_S if heard.announced else 0.0,
        needed=plan.ladder.responders_needed,
        carriers=tuple((pager.id, pager.carrier) for pager in plan.pagers if pager.carrier),
    )
    turn.note(raised)
    if heard.announced:
        _tell(turn, turn.alarm(incident), "drill announced")


def _objection(state: State, heard: h.StartDrill) -> str:
    if heard.by != TERMINAL and state.plan.member(heard.by) is None:
        return "not a member of the plan"
    if state.plan.zender(heard.zender) is None:
        return "no such zender in the plan"
    if running(state):
        return "a drill runs already"
    if state.alarms:
        return "an alarm is open"
    return "a button is being tested" if state.button_tests else ""


def _tell(turn: Turn, drill: Alarm, reason: f.Reason) -> None:
    """Tell everybody whom the drill rings first about it, once; but nobody at a desk that has pressed since (S9)."""
    plan, alarms = turn.state.plan, [alarm for alarm in turn.state.alarms.values() if not alarm.drill]
    desks = {member for alarm in alarms for member in alarm.plan.staff(alarm.zender)}
    targets = whom_it_is_for(drill, drill.plan.ladder.steps[0])
    persons = [person for person in dict.fromkeys(map(drill.plan.person, targets)) if person not in desks]
    tell(turn, [person for person in persons if plan.member(person)], "reminder", reason, ())
    for pager in filter(plan.knows, persons):  # that nobody was known to carry: no member is a target
        order = turn.next_order("notice")
        turn.note(f.Ordered(turn.now, order, "", "", 0, pager, "reminder", 1, reason))


def stop(turn: Turn, heard: h.StopDrill) -> None:
    """Somebody ends the drill."""
    state = turn.state
    if heard.key in state.outcomes:
        return
    drill = running(state)
    if heard.by != TERMINAL and state.plan.member(heard.by) is None:
        turn.note(f.Refused(turn.now, heard.key, "drill_stop", heard.by, "not a member of the plan"))
    elif drill is None:
        turn.note(f.Refused(turn.now, heard.key, "drill_stop", heard.by, "no drill runs"))
    else:
        end(turn, drill, "stopped", heard.by, heard.key)


def end(turn: Turn, drill: Alarm, why: f.DrillEnd, by: str = "", key: str = "") -> None:
    """The drill is over, and all who were rung hear so; of one that has not rung yet, all who were told of it."""
    turn.note(f.DrillEnded(turn.now, drill.incident, key, by, why))
    reason: f.Reason = "drill broken off" if why in ("real alarm", "112 asked for") else "drill ended"
    turn.order(drill, sorted(drill.rung), "over", reason)
    if is_announced(drill):
        _tell(turn, drill, "drill called off")


def make_way(turn: Turn) -> None:
    """If an alarm has come in this turn, its pages are on their way by now: no drill goes on beside it."""
    if any(isinstance(fact, _RAISED) for fact in turn.facts) and (drill := running(turn.state)):
        end(turn, drill, "real alarm")


def due(alarm: Alarm) -> float | None:
    """When a drill ends by itself, in house time; None for an alarm."""
    return alarm.raised_s + MAX_S if alarm.drill else None


def end_late(turn: Turn, incidents: Iterable[str]) -> None:
    """Ends the drill that has gone on for too long, if it is one of these."""
    for incident in incidents:
        alarm = turn.state.alarms.get(incident)
        end_s = due(alarm) if alarm else None
        if alarm and end_s is not None and end_s <= turn.now_s + ROUNDING_S:
            end(turn, alarm, "too long")


def take_off(turn: Turn, incident: str, zender: int, target: str, order: str = "") -> None:
    """A pager speaks of a drill that is over, by this order if it said so: it may show it still, and hears `over`.

    Not while it is being told already, nor when the order is of this boot, which has told everybody whom it rang.
    """
    state = turn.state
    told = f".{state.boot}." in order or any(
        over.target == target and is_drill(over.incident) for over in state.untold.values()
    )
    if incident not in state.alarms and not told and state.plan.knows(target):
        over = turn.next_order(incident)
        turn.note(f.Ordered(turn.now, over, incident, "", zender, target, "over", 1, "drill ended"))
