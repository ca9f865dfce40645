"""The life of an alarm: what is decided when somebody presses, answers, or does not.

An alarm goes through four phases. It is **ringing** while fewer people are coming than the plan wants; **coming** when
enough are, and nobody has arrived; **on_scene** as soon as one has; **closed** when somebody who was there says so. The
phase is never stored: it follows from who said what (state.py). Beside it runs the police track: **none**, **advised**
(a person must call 112), **called**, **arrived**.

In every phase something is waited for, and every wait has an end (WATCHES below):

* While people are wanted, the ladder climbs: each step rings more of them, and the last repeats for ever. A step is due
  before its time when the one before it cannot help: nobody in it is reachable, nothing was shown within five seconds,
  or everybody in it has answered. The search goes on beside everything else until enough are coming: one helper
  who arrives alone does not end it (S5).
* Enough are coming, and nobody arrives: whoever was coming no longer counts, and the search goes on.
* Somebody is on the scene, and is silent for two minutes: they are asked whether all is well. No answer: the others
  ring, and 112 is advised; those who help may now need help themselves.
* 112 is advised when nobody is on the scene in time, when a member asks for it, when a visitor was told to leave twice,
  or when the ladder has come to its end and reached nobody. One named person after the other is asked to call; past
  the end of the list all of them, for ever, until one says it is done. Nothing here dials (S7).

What can go wrong, and what then: a press is transmitted many times (same id, same press); the zender's own staff
answer, perhaps forced to (recorded, and does not count, S11; they may still ask for 112); a second press comes while
the alarm is open (within two seconds a burst; else the ladder starts again under today's plan and only new answers
count, S15); the daemon dies (whatever was waited for is due at the restart, L3); a crash swallows a press that was
already paged (the pager's receipt names it, and it is raised again, S3).

A step rings its pagers in the turn of the press; telephones follow 20 ms later, so that no page is later for them.
Beside the people, a private alarm centre may be told (centre.py). It helps nobody here: no step waits for it.

A drill (drill.py) is lived through in the same way, and makes way for any alarm; a press may be a button's test
(button_test.py). Whatever is not certain to be one of these is an alarm (S8).

`decide` turns one heard thing into facts, `due` says when to come back with a Tick. The moment is an argument; there is
no other clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from immutables import Map

from achterwacht.core import button_test, centre, drill, morning, notices, over, supervision, trial
from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.evolve import forget_old
from achterwacht.core.faults import CENTRE_AWAY
from achterwacht.core.ladder import whom_to_ring
from achterwacht.core.moment import Moment
from achterwacht.core.plan import CENTRE, PAGER, PAGERS, RECEPTION, ZENDER
from achterwacht.core.state import KNOWN_S, UNDO_S, Alarm, Order, State
from achterwacht.core.turn import ROUNDING_S, Turn

BROKER_LINK = "broker/link"
"""The trouble that stands while we are not connected to the broker."""
OTHERS_AFTER_S = 0.02
"""So much later than a step's pagers its telephones ring, and the alarm centre is told: the pages are on their way by
then, and nobody with a telephone in hand notices. Ten of these would cost every page a millisecond."""
OTHERS_AT_ONCE = 25
"""So many of them in one turn, which takes about two milliseconds: another desk may be pressed meanwhile."""
BURST_S = 2.0
"""Presses this close together are one person hammering one button: recorded, rung once."""
LEAVE_GAP_S = 5.0
"""Two tellings to leave must be this far apart, or one of them was a thumb that slipped."""
PROMPT: tuple[f.Reason, ...] = (
    "first press",
    "pressed again",
    "broke off a drill",
    "test not claimed",
    "test pressed twice",
)
"""Why a page leaves at once: such a one has a time in which it should be shown. Another may wait for its pager."""
NO_DRILL_EITHER: tuple[f.Reason, ...] = ("pressed again", "test not claimed", "test pressed twice")
"""Of an alarm that rings for one of these, people have heard that it is real, or do by this."""
CHECKPOINT_FACTS = 500
"""A replay of so many facts takes some ten milliseconds; more often would only make the journal longer."""
CHECKPOINT_OPEN_FACTS = 5000
"""The same with an alarm open: one that is forgotten over a weekend must not make the next start take long."""
CHECKPOINT_CROWD = 20
"""For every so many open alarms it comes that much later: it holds them all, and while it is written a page waits."""
CHECKPOINT_MOST_FACTS = 20_000
"""But never later than this: a replay of so many takes a third of a second."""


# --- the table --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the table: in this phase, because of this, the alarm is in that phase afterwards."""

    phase: str
    because: str
    then: str


TABLE: tuple[Change, ...] = (
    Change("", "a press", "ringing"),
    Change("ringing", "enough are coming", "coming"),
    Change("ringing", "somebody is there", "on_scene"),
    Change("ringing", "pressed again", "ringing"),
    Change("ringing", "all clear", "closed"),
    Change("coming", "somebody is there", "on_scene"),
    Change("coming", "somebody cannot after all", "ringing"),
    Change("coming", "nobody arrived", "ringing"),
    Change("coming", "pressed again", "ringing"),
    Change("coming", "all clear", "closed"),
    Change("on_scene", "the scene is silent", "ringing"),
    Change("on_scene", "somebody cannot after all", "ringing"),
    Change("on_scene", "somebody cannot after all", "coming"),
    Change("on_scene", "pressed again", "ringing"),
    Change("on_scene", "all clear", "closed"),
    Change("closed", "closing undone", "ringing"),
)
"""How the phase of one alarm may change. Random walks hold the code to it; the picture in docs/ is drawn from it."""


# --- the two verbs ----------------------------------------------------------------------------------------------------


def decide(state: State, heard: h.Heard, now: Moment) -> tuple[f.Fact, ...]:
    """What becomes of one heard thing: the facts that follow from it, in order.

    After calling this, fold the facts into the state with `evolve`, and ask `due` again.
    """
    return tuple(decided(state, heard, now).facts)


def decided(state: State, heard: h.Heard, now: Moment) -> Turn:
    """The same with the state already folded: whoever has a page waiting need not fold twice."""
    turn = Turn(state, now)
    _DECIDE[type(heard)](turn, heard)
    keep_watch(turn, sorted(turn.touched))
    drill.make_way(turn)
    button_test.make_way(turn)
    centre.report_troubles(turn)
    if turn.state.since_checkpoint >= _checkpoint_after(turn.state):
        turn.note(checkpoint(turn.state, now))
    return turn


def due(state: State, incident: str | None = None) -> float | None:
    """When decide() wants its next Tick, in monotonic seconds of this boot; None while nothing is waited for.

    Looks at everything, or at this `incident` alone: with a thousand open, only what changed is worth a look.
    """
    alarms = list(state.alarms.values() if incident is None else filter(None, (state.alarms.get(incident),)))
    waits = (watch.due(state, alarm) for alarm in alarms for watch in WATCHES)
    untold = (ordered for ordered in state.untold.values() if incident in (None, ordered.incident))
    tells = (over.again_s(state, ordered) for ordered in untold)
    times = chain(waits, tells, (drill.due(alarm) for alarm in alarms), button_test.due(state, incident))
    first_s = min((when for when in times if when is not None), default=None)
    return None if first_s is None else first_s - state.offset_s


def _checkpoint_after(state: State) -> int:
    open_alarms = len(state.alarms)
    if not open_alarms:
        return CHECKPOINT_FACTS + len(state.devices)  # it holds them all, and two thousand are born at once
    return min(CHECKPOINT_OPEN_FACTS * (1 + open_alarms // CHECKPOINT_CROWD), CHECKPOINT_MOST_FACTS)


def checkpoint(state: State, now: Moment) -> f.Checkpoint:
    """The state as one fact, so that a replay may start there."""
    return f.Checkpoint(now, forget_old(state, now))


def keep_watch(turn: Turn, incidents: Iterable[str]) -> None:
    """Does whatever is due now, and what becomes due by it, until these alarms wait for something again."""
    for incident in incidents:
        while (alarm := turn.state.alarms.get(incident)) and (watch := _late(turn, alarm)):
            noted = len(turn.facts)
            watch.then(turn, alarm)
            if len(turn.facts) == noted:  # it would be late for ever, and nobody else be heard
                turn.raise_fault("daemon/bug", f"nothing follows from what is late: {watch.waits_for}")
                break


def _late(turn: Turn, alarm: Alarm) -> Watch | None:
    times = ((watch, watch.due(turn.state, alarm)) for watch in WATCHES)
    late_s = turn.now_s + ROUNDING_S
    return next((watch for watch, when_s in times if when_s is not None and when_s <= late_s), None)


# --- what is waited for -----------------------------------------------------------------------------------------------


def next_step(state: State, alarm: Alarm) -> tuple[float, f.Reason] | None:
    """When the ladder rings next, and why; None while enough are coming."""
    ladder = alarm.plan.ladder
    if not alarm.searching:
        return None
    if alarm.step < 0:
        return alarm.run_s, _first_reason(state, alarm)
    if alarm.step == len(ladder.steps) - 1:
        return alarm.step_s + ladder.repeat_s, "not enough coming"
    planned_s = alarm.run_s + ladder.steps[alarm.step + 1].after_s
    in_vain = _too_few_pagers(state, alarm) or step_in_vain(state, alarm)
    return in_vain if in_vain and in_vain[0] < planned_s else (planned_s, "not enough coming")


def _first_reason(state: State, alarm: Alarm) -> f.Reason:
    """Why the ladder begins. In a drill, and just after it, people must hear that this is none."""
    told_before = alarm.drill or alarm.run_reason in NO_DRILL_EITHER
    return alarm.run_reason if told_before or not drill.is_in_mind(state, alarm.run_s) else "broke off a drill"


def _too_few_pagers(state: State, alarm: Alarm) -> tuple[float, f.Reason] | None:
    """When it is known that a step that rang no telephone is not enough, because too few carry a pager (morning.py)."""
    telephones = any(not target.startswith(f"{PAGER}:") and target != CENTRE for target in alarm.step_targets)
    if telephones or alarm.others or not morning.short(state):
        return None
    return alarm.step_s, "too few pagers carried"


def step_in_vain(state: State, alarm: Alarm) -> tuple[float, f.Reason] | None:
    """When it is known that the step that rang last cannot help, and why; None while it still may."""
    if alarm.others:
        return None
    reachable = [target for target in alarm.step_targets if not out_of_reach(state, alarm.rings, target)]
    if not reachable:
        return alarm.step_s, "nobody reachable"
    if all(alarm.plan.person(target) in alarm.responders for target in reachable):
        return alarm.step_s, "nobody left to answer"
    # Where nothing could tell that it is shown, as on a bought pager, the carrier's word is all there is.
    some_tell = any(alarm.plan.tells_shown(target) for target in reachable)
    enough = ("shown",) if some_tell else ("handed_over", "received", "shown")
    if not any(alarm.rings[target].stage in enough for target in reachable):
        return alarm.step_s + alarm.plan.ladder.shown_within_s, "nothing shown"
    return None


def out_of_reach(state: State, orders: Map[str, Order], target: str) -> bool:
    """Whether an order to this target failed, or it is known that none can reach it."""
    order = orders.get(target)
    return (order is not None and order.stage == "failed") or supervision.barrier(state, target) is not None


def _search_due(state: State, alarm: Alarm) -> float | None:
    step = next_step(state, alarm)
    return step[0] if step else None


def _ring_next_step(turn: Turn, alarm: Alarm) -> None:
    step = next_step(turn.state, alarm)
    assert step is not None, "the search was due"
    _ring(turn, alarm, step[1])


def _ring(turn: Turn, alarm: Alarm, reason: f.Reason) -> None:
    """Rings the next step, its pagers now. What it rings besides follows in a moment, however much that is."""
    steps = alarm.plan.ladder.steps
    index = min(alarm.step + 1, len(steps) - 1)
    targets = whom_to_ring(alarm, steps[index], last=index == len(steps) - 1)
    pagers = [target for target in targets if target.startswith(f"{PAGER}:")]
    others = [target for target in targets if target not in pagers]
    # A step may come before the one before it has rung them all: after a start, or by the plan.
    others = list(dict.fromkeys((*alarm.others, *others, *centre.hold_up(alarm, steps[index]))))
    turn.note(f.StepReached(turn.now, alarm.incident, index, reason, tuple(others)))
    turn.order(alarm, pagers, "alarm", reason)
    if not pagers:
        _ring_others(turn, turn.alarm(alarm.incident))


def _others_due(state: State, alarm: Alarm) -> float | None:
    return alarm.others_s + OTHERS_AFTER_S if alarm.others else None


def _ring_others(turn: Turn, alarm: Alarm) -> None:
    turn.order(alarm, alarm.others[:OTHERS_AT_ONCE], "alarm", alarm.step_reason)
    centre.told(turn, alarm.incident)


def _arrival_due(state: State, alarm: Alarm) -> float | None:
    if alarm.phase != "coming" or alarm.enough_s is None:
        return None
    return alarm.enough_s + alarm.plan.ladder.arrival_s


def _miss_arrival(turn: Turn, alarm: Alarm) -> None:
    turn.note(f.ArrivalMissed(turn.now, alarm.incident))
    _ring(turn, turn.alarm(alarm.incident), "nobody on the scene")


def _scene_due(state: State, alarm: Alarm) -> float | None:
    if alarm.phase != "on_scene" or alarm.asked_s is not None:
        return None
    return alarm.scene_s + alarm.plan.ladder.check_s


def _ask_scene(turn: Turn, alarm: Alarm) -> None:
    turn.note(f.SceneAsked(turn.now, alarm.incident))
    turn.order(alarm, _those_there(alarm), "update", "all well?")


def _those_there(alarm: Alarm) -> list[str]:
    there = {by for by, responder in alarm.responders.items() if responder.answer == "on_scene"}
    return [target for target in sorted(alarm.rung) if alarm.plan.person(target) in there]


def _scene_answer_due(state: State, alarm: Alarm) -> float | None:
    if alarm.phase != "on_scene" or alarm.asked_s is None:
        return None
    return alarm.asked_s + alarm.plan.ladder.confirm_s


def _scene_silent(turn: Turn, alarm: Alarm) -> None:
    turn.note(f.SceneSilent(turn.now, alarm.incident))
    _ring(turn, turn.alarm(alarm.incident), "no sign from the scene")
    _advise_112(turn, turn.alarm(alarm.incident), "no sign from the scene")


def _advice_due(state: State, alarm: Alarm) -> float | None:
    """When 112 is asked for: in its time, or at once when the ladder is at its end and reached nobody."""
    if alarm.drill or alarm.police != "none" or (alarm.need_asked and alarm.phase == "on_scene"):
        return None
    planned_s = alarm.run_s + alarm.plan.ladder.call_112_after_s
    at_the_end = alarm.step == len(alarm.plan.ladder.steps) - 1
    in_vain = step_in_vain(state, alarm) if at_the_end and alarm.coming == 0 else None
    return min(planned_s, in_vain[0]) if in_vain else planned_s


def _advise_or_ask(turn: Turn, alarm: Alarm) -> None:
    if alarm.phase == "on_scene":
        turn.note(f.NeedOf112Asked(turn.now, alarm.incident))
        turn.order(alarm, _those_there(alarm), "update", "112 needed?")
        return
    in_vain = step_in_vain(turn.state, alarm) if alarm.step >= 0 else None
    early = turn.now_s < alarm.run_s + alarm.plan.ladder.call_112_after_s
    _advise_112(turn, alarm, in_vain[1] if early and in_vain else "nobody on the scene")


def _advise_112(turn: Turn, alarm: Alarm, reason: f.Reason) -> None:
    if alarm.police == "none" and not alarm.drill:
        turn.note(f.PoliceAdvised(turn.now, alarm.incident, reason))
        _ask_next_caller(turn, turn.alarm(alarm.incident), reason)


def _call_due(state: State, alarm: Alarm) -> float | None:
    if alarm.police != "advised":
        return None
    confirm_s = alarm.callers_s + alarm.plan.ladder.confirm_s
    one_after_the_other = alarm.turn < len(callers_112(alarm))
    return alarm.callers_s if one_after_the_other and _callers_lost(state, alarm) else confirm_s


def _callers_lost(state: State, alarm: Alarm) -> bool:
    """Whether nobody who was asked can call: out of reach, or said so."""
    said = {by: responder for by, responder in alarm.responders.items() if responder.since_s > alarm.callers_s}
    cannot = {by for by, responder in said.items() if responder.answer == "cannot"}
    return all(
        out_of_reach(state, alarm.calls, target) or alarm.plan.person(target) in cannot for target in alarm.calls
    )


def _next_call(turn: Turn, alarm: Alarm) -> None:
    lost = _callers_lost(turn.state, alarm)
    past_the_list = alarm.turn >= len(callers_112(alarm)) - 1
    reason: f.Reason = "nobody has called 112" if past_the_list else "112 not confirmed"
    _ask_next_caller(turn, alarm, "caller not reachable" if lost else reason)


def _ask_next_caller(turn: Turn, alarm: Alarm, reason: f.Reason) -> None:
    """Asks the next on the list; past its end all of them, and whoever the ladder rings when all of them are lost."""
    listed = callers_112(alarm)
    number = min(alarm.turn + 1, len(listed))
    callers = listed[number : number + 1] or listed
    targets = [target for caller in callers for target in alarm.plan.ways_to(caller)]
    if number == len(listed) and all(out_of_reach(turn.state, alarm.calls, target) for target in targets):
        targets = sorted(alarm.rung - {CENTRE})
    turn.note(f.CallersAsked(turn.now, alarm.incident, callers, number, reason))
    turn.order(alarm, targets, "call_112", reason)


def callers_112(alarm: Alarm) -> tuple[str, ...]:
    """Who may be asked to call 112: not those who sit where it happens, unless there is nobody else."""
    listed = alarm.plan.ladder.callers_112
    elsewhere = tuple(caller for caller in listed if caller not in alarm.plan.staff(alarm.zender))
    return elsewhere or listed


@dataclass(frozen=True, slots=True)
class Watch:
    """Something an alarm waits for, and what happens when it does not come in time."""

    during: str
    waits_for: str
    at_most: str
    due: Callable[[State, Alarm], float | None]
    then: Callable[[Turn, Alarm], None]
    what_then: str


WATCHES: tuple[Watch, ...] = (
    Watch("a step has rung its pagers", "the pages to be away", "20 ms", _others_due, _ring_others, "the others ring"),
    Watch(
        "fewer coming than needed", "enough people coming", "the next step's time", _search_due, _ring_next_step,
        "the next step rings; the last repeats for ever",
    ),
    Watch("coming", "somebody on the scene", "arrival_s", _arrival_due, _miss_arrival, "the search goes on"),
    Watch("on_scene", "a word from the scene", "check_s", _scene_due, _ask_scene, "they are asked whether all is well"),
    Watch(
        "on_scene, asked", "an answer from the scene", "confirm_s", _scene_answer_due, _scene_silent,
        "the others ring, 112 is advised",
    ),
    Watch(
        "112: none", "somebody on the scene", "call_112_after_s", _advice_due, _advise_or_ask,
        "112 is advised; who is on the scene is asked whether it is needed",
    ),
    Watch("112: advised", "112 called", "confirm_s", _call_due, _next_call, "the next caller is asked, then all"),
    Watch(
        "the centre took it not", "its receiver", "repeat_s", centre.again_s, centre.tell_again, "it is told again",
    ),
)  # fmt: skip
"""Everything an open alarm waits for. due() is the earliest of these; each is done as soon as it is late."""


# --- what is heard ----------------------------------------------------------------------------------------------------


def _started(turn: Turn, heard: h.Started) -> None:
    """After a start whatever an open alarm waited for is due at once: nobody knows what was missed (L3)."""
    turn.note(f.DaemonStarted(turn.now, heard.boot, heard.version))
    turn.now_s = turn.state.house_s(turn.now)
    practised = drill.running(turn.state)
    for alarm in list(turn.state.alarms.values()):
        if alarm.drill:
            continue
        if alarm.police == "advised":
            _ask_next_caller(turn, alarm, "daemon restarted")
        if alarm.phase == "on_scene":
            _ask_scene(turn, alarm)
        if alarm.phase == "coming":
            turn.note(f.ArrivalMissed(turn.now, alarm.incident))
        alarm = turn.alarm(alarm.incident)
        if alarm.searching:
            _ring(turn, alarm, "broke off a drill" if practised else "daemon restarted")
    over.tell_anew(turn, "daemon restarted")
    if practised:
        drill.end(turn, practised, "restarted")
    button_test.restarted(turn)


def _stopping(turn: Turn, heard: h.Stopping) -> None:
    turn.note(f.DaemonStopped(turn.now))
    if not turn.state.alarms:
        turn.note(checkpoint(turn.state, turn.now))


def _plan_read(turn: Turn, heard: h.PlanRead) -> None:
    if heard.source != turn.state.plan_source:
        before = turn.state.plan
        turn.note(f.PlanAdopted(turn.now, heard.plan, heard.source))
        supervision.plan_changed(turn, before)
    morning.roster_changed(turn)  # also at a start: a press in its first second must find today's carriers


def _tick(turn: Turn, heard: h.Tick) -> None:
    incidents = list(turn.state.alarms) if heard.incidents is None else heard.incidents
    keep_watch(turn, incidents)
    drill.end_late(turn, incidents)
    button_test.look(turn, heard.incidents)
    over.tell_late(turn, heard)


def _durable(turn: Turn, heard: h.Durable) -> None:
    """The human number is given when the alarm is on disk, so that no number is ever given twice."""
    alarms = (*turn.state.alarms.values(), *turn.state.closed.values())
    waiting = [alarm for alarm in alarms if alarm.number is None and alarm.raised_n <= heard.n and not alarm.drill]
    for alarm in sorted(waiting, key=lambda alarm: alarm.raised_n):
        year = str(turn.now.local.year)
        count = turn.state.numbers.get(year, 0) + 1
        took_s = round(turn.now_s - _rings_from_s(alarm, alarm.run_reason), 6)
        turn.note(f.IncidentNumbered(turn.now, alarm.incident, f"{year}-{count:03}", took_s))
        _check_budget(turn, alarm, "durable", took_s, alarm.plan.budgets.durable_s)


def _rings_from_s(alarm: Alarm, reason: f.Reason) -> float:
    """From when what rings for this reason is to be quick: the press, or when it was found to be no test."""
    return alarm.run_s if reason == "test not claimed" else alarm.heard_s


def _check_budget(turn: Turn, alarm: Alarm, hop: f.Hop, took_s: float, budget_s: float) -> None:
    if took_s > budget_s and hop not in alarm.missed:
        turn.note(f.BudgetMissed(turn.now, alarm.incident, hop, round(took_s, 6), budget_s))
        turn.raise_fault(f"budget/{hop}", f"{took_s:.3f} s, {budget_s:g} s")


def _pressed(turn: Turn, heard: h.Pressed) -> None:
    device = f"{ZENDER}:{heard.zender}"
    supervision.sign_of_life(turn, device, heard.boot)
    if is_known(turn.state, heard.press, turn.now) or (heard.at_start and _is_known_stuck(turn.state, device)):
        return
    alarm = turn.state.alarm_on(heard.zender)
    if alarm:
        _join(turn, alarm, heard.press, heard.heard_s)
        return
    reason = button_test.pressed(turn, heard)
    if reason is None:
        return
    turn.raise_alarm(heard.press, heard.zender, heard.heard_s, heard.age_ms, reason)
    keep_watch(turn, [heard.press])  # the pages go first; what else a press means comes after them
    centre.second_button(turn, heard.press)
    if turn.state.plan.zender(heard.zender) is None:
        turn.raise_fault(f"{device}/unknown", "")


def is_known(state: State, press: str, now: Moment) -> bool:
    """Whether a press rings nothing because it was heard before: less than a day ago, or its incident is open."""
    known = state.presses.get(press)
    return known is not None and (known.incident in state.alarms or state.house_s(now) - known.first_s < KNOWN_S)


def _is_known_stuck(state: State, device: str) -> bool:
    """Whether a person knows that this contact is stuck: then finding it active at a start is nothing new."""
    stuck = state.faults.get(f"{device}/stuck")
    return stuck is not None and stuck.acknowledged_by is not None


def _join(turn: Turn, alarm: Alarm, press: str, heard_s: float, recovered: bool = False) -> None:
    burst = not recovered and turn.now_s - alarm.last_press_s <= BURST_S
    turn.note(f.PressJoined(turn.now, alarm.incident, press, alarm.zender, burst, recovered, heard_s))
    if not burst:
        keep_watch(turn, [alarm.incident])
        centre.second_button(turn, alarm.incident)


def _receipt(turn: Turn, heard: h.Receipt) -> None:
    target = f"{PAGER}:{heard.pager}"
    if supervision.sign_of_life(turn, target, heard.boot):
        _pager_is_back(turn, target)
    if not heard.incident:
        trial.arrived(turn, heard.order, target, heard.stage)
        return
    if drill.is_drill(heard.incident):
        incident = heard.incident
        drill.take_off(turn, incident, heard.zender, target, heard.order)
    else:
        incident = _find_or_recover(turn, heard.pager, heard.incident, heard.press, heard.zender)
    over.received(turn, heard, incident, target)
    _arrived(turn, incident, target, heard.order, heard.stage)


def _arrived(turn: Turn, incident: str, target: str, order_id: str, stage: Literal["received", "shown"]) -> None:
    alarm = turn.state.alarms.get(incident)
    order = _newest(alarm, target, order_id) if alarm else None
    if alarm is None or order is None:
        return
    if order.stage not in ("received", "shown"):
        turn.note(f.OrderReceived(turn.now, order.id, incident, target))
    if stage == "shown" and order.stage != "shown":
        turn.note(f.OrderShown(turn.now, order.id, incident, target))
        if alarm.plan.tells_shown(target) and "shown" not in alarm.reached and order.reason in PROMPT:
            since_s = alarm.heard_s if order.reason == "first press" else alarm.run_s
            _check_budget(turn, alarm, "shown", turn.now_s - since_s, alarm.plan.budgets.shown_s)


def _reached(turn: Turn, heard: h.Reached) -> None:
    """A telephone has an order: the newest to it, of an alarm or of a test."""
    incident = heard.order.rsplit(".", 2)[0]
    alarm = turn.state.alarms.get(incident)
    targets = {*alarm.rings, *alarm.calls, *turn.state.tests} if alarm else set(turn.state.tests)
    telephones = (target for target in targets if not target.startswith(f"{PAGER}:"))  # a pager says it itself
    for target in sorted(telephones):
        _arrived(turn, incident, target, heard.order, heard.stage)
        trial.arrived(turn, heard.order, target, heard.stage)


def _newest(alarm: Alarm, target: str, order: str) -> Order | None:
    newest = (alarm.rings.get(target), alarm.calls.get(target))
    return next((known for known in newest if known and known.id == order), None)


def _find_or_recover(turn: Turn, pager: str, incident: str, press: str, zender: int) -> str:
    """The incident a pager speaks of, by our name for it; raised again when a crash swallowed it (S3)."""
    home = turn.state.incident_of(press)
    ours = turn.state.incident_of(incident)
    if home is None:
        open_alarm = turn.state.alarms.get(ours or "") or turn.state.alarm_on(zender)
        if open_alarm:
            _join(turn, open_alarm, press, turn.now.mono_s, recovered=True)
            home = open_alarm.incident
        else:
            home = incident if ours is None else press
            place = turn.state.plan.place(zender)
            turn.note(f.AlarmRecovered(turn.now, home, home, zender, place, pager))
            centre.second_button(turn, home)
            if press != home:
                turn.note(f.PressJoined(turn.now, home, press, zender, True, True, turn.now.mono_s))
    if ours is None and incident != home:
        turn.note(f.IncidentMerged(turn.now, incident, home))
        # The crash swallowed who was paged under that name: every pager is told, whoever of them speaks first.
        # But at the desk itself nothing speaks (S9), unless it was that pager which spoke.
        plan, staff = turn.state.plan, turn.state.plan.staff(zender)
        others = (target for target in plan.group(PAGERS) if plan.person(target) not in staff)
        for target in dict.fromkeys((f"{PAGER}:{pager}", *others)):
            order = turn.next_order(incident)
            turn.note(
                f.Ordered(turn.now, order, incident, press, zender, target, "over", 1, "same alarm", merged_into=home)
            )
    return home


def _answer(turn: Turn, heard: h.Answer) -> None:
    if heard.boot and supervision.sign_of_life(turn, f"{PAGER}:{heard.pager}", heard.boot):
        _pager_is_back(turn, f"{PAGER}:{heard.pager}")
    if heard.key in turn.state.outcomes:
        return
    if heard.answer == "carry":
        morning.carry(turn, heard)
        return
    incident = turn.state.incident_of(heard.incident) or heard.incident
    practised = drill.is_drill(incident)
    if not practised and heard.pager is not None and heard.press is not None and heard.zender is not None:
        incident = _find_or_recover(turn, heard.pager, heard.incident, heard.press, heard.zender)
    alarm = turn.state.alarms.get(incident)
    via = f"{PAGER}:{heard.pager}" if heard.pager is not None else heard.via or "command"
    plan = alarm.plan if alarm else turn.state.plan
    by = heard.member or plan.person(via)
    zender = alarm.zender if alarm else heard.zender
    if practised and heard.answer == "need_112" and zender:
        turn.note(f.Answered(turn.now, heard.key, incident, by, via, heard.answer, "accepted", True, heard.reason))
        _in_earnest(turn, zender, alarm, by)
        return
    if practised and heard.pager is not None and heard.zender is not None:
        drill.take_off(turn, incident, heard.zender, via)
    if alarm is None:
        note = "the alarm is closed" if turn.state.incident_of(incident) else "no such alarm"
        note = "the drill is over" if practised else note
        turn.note(f.Answered(turn.now, heard.key, incident, by, via, heard.answer, "closed", False, note))
        return
    note = objection(alarm, by, heard, now_with=turn.state.plan.person(via) if heard.pager is not None else by)
    if heard.answer == "all_clear" and morning.is_guessed_since(turn.state, alarm, heard.pager or ""):
        note = note or "this pager left its dock during the alarm: say first who carries it"
    result: f.Result = "refused" if note else "accepted"
    note = note or heard.reason
    turn.note(f.Answered(turn.now, heard.key, incident, by, via, heard.answer, result, result == "accepted", note))
    if result == "accepted":
        _follow(turn, turn.alarm(incident), alarm, by, heard)


def objection(alarm: Alarm, by: str, heard: h.Answer, now_with: str = "") -> str:
    """Why this answer does not count, for people; empty when it does. Who asks for more help is always believed.

    `now_with`: who has the pager by now, if it came from one: that is no way around S11 either.
    """
    if heard.answer in ("need_112", "told_to_leave"):
        return ""
    plan = alarm.plan
    if {by, now_with} & set(plan.staff(alarm.zender)):
        return "whoever sits at this desk cannot answer its alarm"
    member = plan.member(by)
    if member is None and not (by.startswith(f"{PAGER}:") and plan.pager(by.split(":")[1])):
        return "not a member or pager of the plan"
    if heard.answer == "all_clear":
        there = alarm.responders.get(by)
        if there is not None and there.answer == "on_scene":
            return ""
        if member is None or RECEPTION not in member.roles:
            return "only who is on the scene, or reception with a reason, can say that all is clear"
        return "" if heard.reason else "reception must give a reason"
    return ""


def _follow(turn: Turn, alarm: Alarm, before: Alarm, by: str, heard: h.Answer) -> None:
    if heard.answer == "need_112":
        _advise_112(turn, alarm, "asked for by a member")
    told_before_s = turn.now_s if before.leave_s is None else before.leave_s
    if heard.answer == "told_to_leave" and turn.now_s - told_before_s >= LEAVE_GAP_S:
        _advise_112(turn, alarm, "told to leave twice")
    centre.word(turn, before, by, heard)
    if heard.answer == "all_clear" and alarm.drill:
        drill.end(turn, alarm, "all clear", by)
    elif heard.answer == "all_clear":
        turn.note(f.AlarmClosed(turn.now, alarm.incident, by, heard.reason))
        turn.order(alarm, sorted(alarm.rung), "over", "closed")


def _in_earnest(turn: Turn, zender: int, practised: Alarm | None, by: str) -> None:
    """In a drill of this zender, that may be over by now, somebody asks for 112. That is believed: it is an alarm."""
    alarm = turn.state.alarm_on(zender)
    if alarm is None:
        press = turn.own_press(zender)
        turn.raise_alarm(press, zender, turn.now.mono_s, 0, "asked for by a member")
        keep_watch(turn, [press])  # before the drill ends, so that its pages say that it is none
        alarm = turn.alarm(press)
    _advise_112(turn, alarm, "asked for by a member")
    if practised:
        drill.end(turn, practised, "112 asked for", by)


def _undo(turn: Turn, heard: h.Undo) -> None:
    if heard.key in turn.state.outcomes:
        return
    alarm = turn.state.closed.get(heard.incident)
    note = ""
    if turn.state.plan.member(heard.member) is None:
        note = "not a member of the plan"
    elif alarm is None or turn.now_s - (alarm.closed_s or 0.0) >= UNDO_S:
        note = "no alarm of this name was closed in the last ten minutes"
    elif turn.state.alarm_on(alarm.zender):
        note = "this desk has a new alarm already"
    if note:
        turn.note(f.UndoRefused(turn.now, heard.key, heard.incident, heard.member, note))
    else:
        turn.note(f.AlarmReopened(turn.now, heard.key, heard.incident, heard.member))


def _handed_over(turn: Turn, heard: h.HandedOver) -> None:
    ordered = turn.state.outbox.get(heard.order)
    if ordered is None:
        return
    alarm = turn.state.alarms.get(ordered.incident)
    turn.note(f.OrderHandedOver(turn.now, ordered.order, ordered.incident, ordered.target))
    if ordered.kind == "test":
        trial.handed_over(turn, ordered.target)
    own = alarm is not None and alarm.plan.is_own_pager(ordered.target)
    if alarm and own and ordered.kind == "alarm" and "handed_over" not in alarm.reached:
        took_s = turn.now_s - _rings_from_s(alarm, ordered.reason)
        _check_budget(turn, alarm, "handed_over", took_s, alarm.plan.budgets.handed_over_s)


def _failed(turn: Turn, heard: h.Failed) -> None:
    ordered = turn.state.outbox.get(heard.order)
    if ordered is not None:
        turn.note(f.OrderFailed(turn.now, ordered.order, ordered.incident, ordered.target, heard.reason))
        if ordered.kind == "test":
            trial.failed(turn, ordered.target)
        elif ordered.kind in notices.NOTICES:
            notices.failed(turn, ordered)


def _status(turn: Turn, heard: h.Status) -> None:
    if supervision.status(turn, heard):
        _pager_is_back(turn, heard.device)
    if not heard.online:
        _look_whom_it_rang(turn)


def _missing(turn: Turn, heard: h.Missing) -> None:
    supervision.missing(turn, heard)
    _look_whom_it_rang(turn)


def _look_whom_it_rang(turn: Turn) -> None:
    """A step that rang only devices that are gone is in vain now."""
    keep_watch(turn, list(turn.state.alarms))


def _telemetry(turn: Turn, heard: h.Telemetry) -> None:
    if supervision.telemetry(turn, heard):
        _pager_is_back(turn, heard.device)


def _pager_is_back(turn: Turn, target: str) -> None:
    """Whatever it may have missed is told to it again; a drill that was only announced yet rings in its time."""
    for alarm in [alarm for alarm in turn.state.alarms.values() if alarm.step >= 0]:
        _page_afresh(turn, alarm, target)
    over.tell_anew(turn, "pager is back", lambda untold: untold.target == target)


def _page_afresh(turn: Turn, alarm: Alarm, target: str) -> None:
    """Rings a pager that came back; whoever has answered already is only shown the alarm, and nothing at the desk."""
    who = alarm.plan.person(target)
    if target in alarm.rung or who not in alarm.plan.staff(alarm.zender):
        turn.order(alarm, [target], "update" if who in alarm.responders else "alarm", "pager is back")


def _trouble(turn: Turn, heard: h.Trouble) -> None:
    turn.raise_fault(heard.key, heard.detail)


def _trouble_over(turn: Turn, heard: h.TroubleOver) -> None:
    if heard.key == BROKER_LINK and heard.key in turn.state.faults:
        over.tell_anew(turn, "broker is back")  # the pagers may have been there all the time
    if heard.key == CENTRE_AWAY and heard.key in turn.state.faults:
        over.tell_anew(turn, "centre is back", lambda untold: untold.target == CENTRE)
        for alarm in list(turn.state.alarms.values()):
            centre.tell_again(turn, alarm)
    turn.clear_fault(heard.key)


_DECIDE: dict[type, Callable[[Turn, Any], None]] = {
    h.Started: _started,
    h.Stopping: _stopping,
    h.PlanRead: _plan_read,
    h.Tick: _tick,
    h.Durable: _durable,
    h.Pressed: _pressed,
    h.Receipt: _receipt,
    h.Answer: _answer,
    h.Undo: _undo,
    h.HandedOver: _handed_over,
    h.Failed: _failed,
    h.Status: _status,
    h.Telemetry: _telemetry,
    h.Missing: _missing,
    h.Acknowledge: supervision.acknowledge,
    h.Reached: _reached,
    h.Test: trial.ask,
    h.Trouble: _trouble,
    h.TroubleOver: _trouble_over,
    h.Look: morning.look,
    h.Took: morning.took,
    h.Called: morning.called,
    h.Swap: morning.swap,
    h.Away: morning.away,
    h.CalendarRead: morning.calendar_read,
    h.SelfTested: morning.self_tested,
    h.Overdue: morning.tests_overdue,
    h.TestButton: button_test.begin,
    h.Claim: button_test.claim,
    h.Judge: button_test.judge,
    h.StartDrill: drill.start,
    h.StopDrill: drill.stop,
}
