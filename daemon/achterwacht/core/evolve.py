"""What each fact changes in the state: `evolve` believes every fact; escalation.py decides what becomes one.

One small function per fact. Those about a day, its roster and its tests are in evolve_day.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, TypeVar

from immutables import Map
from msgspec.structs import replace

from achterwacht.core import facts as f
from achterwacht.core.evolve_day import (
    EVOLVE_DAY,
    carriers_again,
    check_ordered,
    check_shown,
    notice_ended,
    notice_ordered,
    unproven,
)
from achterwacht.core.evolve_tests import EVOLVE_TESTS, zender_changed
from achterwacht.core.faults import STAND, device_of, kind_of
from achterwacht.core.heard import MEASURED
from achterwacht.core.moment import Moment
from achterwacht.core.plan import BASE, CALENDAR, CENTRE, CHANNEL, DOCK, GATEWAY, PAGER, RECEIVER, WAY, ZENDER, Plan
from achterwacht.core.roster import day_key
from achterwacht.core.state import (
    CHANGES_S,
    KNOWN_S,
    REMEMBERED_S,
    STAGES,
    UNDO_S,
    Alarm,
    Device,
    Fault,
    Order,
    Outcome,
    Press,
    Responder,
    Stage,
    State,
    Tested,
)

V = TypeVar("V")


def evolve(state: State, fact: f.Fact) -> State:
    """The state after one more fact."""
    if isinstance(fact, f.Checkpoint):
        return replace(fact.state, n=fact.state.n + 1, since_checkpoint=0, last=fact.when)
    after = _EVOLVE[type(fact)](state, fact)
    return replace(after, n=state.n + 1, since_checkpoint=state.since_checkpoint + 1, last=fact.when)


def forget_old(state: State, now: Moment) -> State:
    """The state without what no longer matters: a checkpoint is the moment to forget."""
    now_s = state.house_s(now)
    old = {key for key, press in state.presses.items() if _over(press.first_s, now_s, REMEMBERED_S)}
    old -= {key for key, press in state.presses.items() if press.incident in state.alarms}
    done = {key for key, outcome in state.outcomes.items() if _over(outcome.since_s, now_s, REMEMBERED_S)}
    # A clock that nobody vouches for may stand years ahead, and a swap that is forgotten is not said again.
    past = (now.at - timedelta(seconds=REMEMBERED_S)).date() if now.clock_ok else date.min
    swapped = {key for key in state.swaps if key < day_key(past, "")}
    gone = {key for key, over in state.untold.items() if _over(state.house_s(over.when), now_s, KNOWN_S)}
    return replace(
        state,
        presses=_without(state.presses, old),
        outcomes=_without(state.outcomes, done),
        closed=_undoable(state, now_s),
        untold=_without(state.untold, gone),
        swaps=_without(state.swaps, swapped),
        absences=tuple(absence for absence in state.absences if absence.last >= past),
    )


def _over(since_s: float, now_s: float, limit_s: float) -> bool:
    return now_s - since_s >= limit_s


def _without(entries: Map[str, V], keys: set[str]) -> Map[str, V]:
    changed = entries.mutate()
    for key in keys:
        changed.pop(key, None)
    return changed.finish()


def _undoable(state: State, now_s: float) -> Map[str, Alarm]:
    ended = {key for key, alarm in state.closed.items() if _over(alarm.closed_s or 0.0, now_s, UNDO_S)}
    waiting = {key for key in ended if state.closed[key].number is None}  # for a disk that is broken
    return _without(state.closed, ended - waiting)


# --- one small function per fact -------------------------------------------------------------------------------------


def _daemon_started(state: State, fact: f.DaemonStarted) -> State:
    away_s = max(0.0, (fact.when.at - state.last.at).total_seconds()) if state.last else 0.0
    last_s = state.house_s(state.last) if state.last else fact.when.mono_s
    away = {
        name: replace(device, heard=False, changes=0, quiet_from_s=device.quiet_from_s + away_s)
        for name, device in state.devices.items()
    }
    return replace(
        state,
        boot=fact.boot,
        orders=0,
        started_s=last_s + away_s,
        offset_s=last_s + away_s - fact.when.mono_s,
        devices=Map(away),
        # What is wrong with our own parts is heard again, if it still is. Of a device that is gone nothing may be.
        faults=Map(
            {key: fault for key, fault in state.faults.items() if device_of(key) or kind_of(key) in STAND},
        ),
    )


def _unchanged(state: State, fact: f.Fact) -> State:
    return state


def _plan_adopted(state: State, fact: f.PlanAdopted) -> State:
    plan, still_true = fact.plan, {}
    for pager, carried in state.carried.items():
        known = plan.pager(pager) is not None and plan.member(carried.member) is not None
        if known and (plan.morning or plan.carrier(pager) == carried.planned):
            plan, still_true[pager] = plan.with_carrier(pager, carried.member), carried
    others = {name for name in state.devices if is_another(name, state.plan, plan)}
    unknown = {target for target in state.tests if not plan.knows(target)}
    state = replace(
        state,
        plan=plan,
        plan_source=fact.source,
        carried=Map(still_true),
        devices=_without(state.devices, others),
        tests=_without(state.tests, unknown),
        places=_without(state.places, {pager for pager in state.places if plan.pager(pager) is None}),
        calendars=_without(state.calendars, set(state.calendars) - set(plan.calendars)),
    )
    if plan.morning is None:
        return replace(state, duty=None, pick_up=None, self_test=None, gaps=(), places=Map())
    return carriers_again(state)


def is_another(name: str, before: Plan, after: Plan) -> bool:
    """Whether this name now means another device than before, or none: nothing that was known is about that one."""
    kind, _, id = name.partition(":")
    if kind == ZENDER:
        was, now_is = before.zender(int(id)), after.zender(int(id))
        if was is None or now_is is None:
            return now_is is None
        return (was.transport, was.gateway, was.wired) != (now_is.transport, now_is.gateway, now_is.wired)
    if kind == PAGER:
        was_pager, pager = before.pager(id), after.pager(id)
        return pager is None or (was_pager is not None and was_pager.base != pager.base)
    if kind == GATEWAY:
        was_gateway, gateway = before.gateway(id), after.gateway(id)
        if was_gateway is None or gateway is None:
            return gateway is None
        return (was_gateway.on_mqtt, was_gateway.wired) != (gateway.on_mqtt, gateway.wired)
    if kind == DOCK:
        of = after.pager(id)
        return of is None or not of.dock
    return not _carries(after, kind, id)


def _carries(plan: Plan, kind: str, id: str) -> bool:
    """Whether the plan's orders go by this."""
    if kind == BASE:
        return id in plan.bases
    if kind == CHANNEL:
        return any(id in member.ways for member in plan.members)
    if kind == WAY:
        return plan.knows(id)
    if kind == CALENDAR:
        return id in plan.calendars
    return kind == RECEIVER and plan.alarm_centre is not None and int(id) <= plan.alarm_centre.receivers


def _alarm_raised(state: State, fact: f.AlarmRaised | f.AlarmRecovered) -> State:
    now_s = state.house_s(fact.when)
    heard_s = now_s if isinstance(fact, f.AlarmRecovered) else fact.heard_s + state.offset_s
    alarm = Alarm(
        incident=fact.incident,
        zender=fact.zender,
        place=fact.place,
        plan=state.plan.for_zender(fact.zender),
        raised_at=fact.when.at,
        raised_s=now_s,
        raised_n=state.n + 1,
        heard_s=heard_s,
        run_s=now_s,
        run_reason="recovered from a pager" if isinstance(fact, f.AlarmRecovered) else fact.reason,
        last_press=fact.press,
        last_press_s=now_s,
    )
    state = replace(
        state,
        alarms=state.alarms.set(fact.incident, alarm),
        closed=_without(_undoable(state, now_s), {fact.incident}),
        # A press heard again after more than a day raises under its old name: no `over` of then may end it now.
        outbox=_undelivered_dropped(state, fact.incident),
        untold=_all_told(state, fact.incident),
        presses=state.presses.set(fact.press, Press(fact.incident, now_s)),
    )
    return zender_changed(state, fact.zender, pressed_at=fact.when.at)


def _press_joined(state: State, fact: f.PressJoined) -> State:
    now_s = state.house_s(fact.when)
    alarm = replace(state.alarms[fact.incident], last_press_s=now_s)
    if not fact.burst:
        alarm = replace(alarm, last_press=fact.press)
        alarm = _run_again(alarm, state.plan, now_s, "recovered from a pager" if fact.recovered else "pressed again")
    presses = state.presses.set(fact.press, Press(fact.incident, now_s))
    return zender_changed(replace(_with(state, alarm), presses=presses), fact.zender, pressed_at=fact.when.at)


def _run_again(alarm: Alarm, plan: Plan, now_s: float, reason: f.Reason) -> Alarm:
    """The ladder from its foot, under today's plan; only what is answered from now on counts (S15).

    Where 112 was called or the police had come, that was for then: it is asked for again in its time.
    """
    return replace(
        alarm,
        plan=plan.for_zender(alarm.zender),
        run_s=now_s,
        run_reason=reason,
        step=-1,
        step_targets=(),
        others=(),
        responders=Map(),
        enough_s=None,
        asked_s=None,
        leave_s=None,
        police="advised" if alarm.police == "advised" else "none",
        need_asked=False,
        centre=Map(),
        confirmed=None,
    )


def _incident_merged(state: State, fact: f.IncidentMerged) -> State:
    press = Press(fact.into, state.house_s(fact.when))
    return replace(state, presses=state.presses.set(fact.incident, press))


def _incident_numbered(state: State, fact: f.IncidentNumbered) -> State:
    year, number = fact.number.split("-")
    state = replace(state, numbers=state.numbers.set(year, int(number)))
    if fact.incident in state.closed:
        closed = replace(state.closed[fact.incident], number=fact.number)
        return replace(state, closed=state.closed.set(fact.incident, closed))
    return _change(state, fact.incident, number=fact.number)


def _step_reached(state: State, fact: f.StepReached) -> State:
    now_s = state.house_s(fact.when)
    its = {"step": fact.step, "step_s": now_s, "step_reason": fact.reason, "step_targets": (), "others": fact.others}
    return _change(state, fact.incident, **its, others_s=now_s)


def _ordered(state: State, fact: f.Ordered) -> State:
    state = replace(state, orders=state.orders + 1, outbox=state.outbox.set(fact.order, fact))
    if fact.kind == "over":
        state = _untold(state, fact)
    if fact.kind in ("test", "check"):
        state = replace(state, tests=state.tests.set(fact.target, Tested(fact.order, fact.when.at)))
        state = check_ordered(state, fact)
    state = notice_ordered(state, fact)
    alarm = state.alarms.get(fact.incident)
    if alarm is None:
        return state
    order = Order(fact.order, fact.attempt, fact.reason)
    if fact.kind in ("alarm", "drill") and fact.target in alarm.others:
        others = tuple(target for target in alarm.others if target != fact.target)
        alarm = replace(alarm, others=others, others_s=state.house_s(fact.when))
    if fact.target == CENTRE:
        same = (fact.incident, fact.target, fact.kind)
        older = {key for key, sent in state.outbox.items() if (sent.incident, sent.target, sent.kind) == same}
        state = replace(state, outbox=_without(state.outbox, older - {fact.order}))
        return _with(state, _centre_told(alarm, fact.kind, order, state.house_s(fact.when)))
    newest = {"alarm": alarm.rings, "drill": alarm.rings, "call_112": alarm.calls}.get(fact.kind)
    if newest is None:
        return state
    replaced = newest.get(fact.target)
    if replaced and replaced.id in state.outbox:
        state = replace(state, outbox=state.outbox.delete(replaced.id))
    if fact.kind == "call_112":
        alarm = replace(alarm, calls=alarm.calls.set(fact.target, order))
    else:
        targets = dict.fromkeys((*alarm.step_targets, fact.target))
        alarm = replace(alarm, rings=alarm.rings.set(fact.target, order), step_targets=tuple(targets))
    return _with(state, replace(alarm, rung=alarm.rung | {fact.target}))


def _says_it_has_it(plan: Plan, target: str) -> bool:
    """Whether this target says that it has an `over`: our own pagers by a receipt, the alarm centre by taking it."""
    return target == CENTRE or (target.startswith(f"{PAGER}:") and plan.tells_shown(target))


def _centre_told(alarm: Alarm, kind: f.Kind, order: Order, now_s: float) -> Alarm:
    told = alarm.centre.set(kind, order)
    return replace(alarm, centre=told, centre_s=now_s, rung=alarm.rung | {CENTRE})


def over_key(incident: str, target: str) -> str:
    """Under which key State.untold keeps the `over` of this incident to this pager."""
    return f"{incident} {target}"


def _untold(state: State, fact: f.Ordered) -> State:
    """It is told again until it is received. A pager that never says so is told this once, also when a changed plan has
    made it one: else it would be told without end."""
    key = over_key(fact.incident, fact.target)
    earlier = state.untold.get(key)
    outbox = _without(state.outbox, {earlier.order}) if earlier else state.outbox
    untold = _without(state.untold, {key})
    if _says_it_has_it(state.plan, fact.target):
        untold = untold.set(key, fact)
    return replace(state, outbox=outbox, untold=untold)


def _reached(stage: Stage) -> Callable[[State, Any], State]:
    def evolve_stage(state: State, fact: Any) -> State:
        if ordered := state.outbox.get(fact.order):
            state = replace(state, outbox=state.outbox.delete(fact.order))
            state = notice_ended(state, ordered, is_failed=stage == "failed")
        if stage in ("received", "shown") or (stage == "handed_over" and fact.target == CENTRE):
            state = replace(state, untold=_without(state.untold, {over_key(fact.incident, fact.target)}))
        tested = state.tests.get(fact.target)
        if tested and tested.order == fact.order and _is_further(tested.stage, stage):
            tested = replace(tested, stage=stage, note=fact.reason if stage == "failed" else "")
            state = replace(state, tests=state.tests.set(fact.target, tested))
            # Of a pager that says nothing itself, that its base took a page is all the proof there is.
            proves = stage == "shown" or (stage == "handed_over" and not state.plan.tells_shown(fact.target))
            return check_shown(state, fact.order, fact.target, fact.when) if proves else state
        if stage == "shown" and not fact.incident:  # a newer page to this pager has overtaken it
            return check_shown(state, fact.order, fact.target, fact.when)
        alarm = state.alarms.get(fact.incident)
        if alarm is None:
            return state
        for kind, told in alarm.centre.items() if fact.target == CENTRE else ():
            if told.id == fact.order:
                return _change(state, fact.incident, centre=alarm.centre.set(kind, replace(told, stage=stage)))
        for name in ("rings", "calls"):
            order = getattr(alarm, name).get(fact.target)
            if order and order.id == fact.order and _is_further(order.stage, stage):
                orders = getattr(alarm, name).set(fact.target, replace(order, stage=stage))
                # That a bought system took a page says nothing of how quick we are.
                new = {stage} if stage != "handed_over" or alarm.plan.is_own_pager(fact.target) else set()
                return _change(state, fact.incident, **{name: orders}, reached=alarm.reached | new)
        return state

    return evolve_stage


def _is_further(before: Stage, after: Stage) -> bool:
    return STAGES.index(before) < STAGES.index(after)


def _answered(state: State, fact: f.Answered) -> State:
    now_s = state.house_s(fact.when)
    outcome = Outcome(fact.result, fact.note, now_s)
    state = replace(state, outcomes=state.outcomes.set(fact.key, outcome))
    alarm = state.alarms.get(fact.incident)
    if alarm is None or not fact.counts:
        return state
    if fact.answer in ("coming", "cannot", "on_scene"):
        alarm = _responded(alarm, fact, now_s)
    if fact.by in alarm.responders and alarm.responders[fact.by].answer == "on_scene":
        alarm = replace(alarm, scene_s=now_s, asked_s=None)
    if fact.answer == "told_to_leave" and alarm.leave_s is None:
        alarm = replace(alarm, leave_s=now_s)
    if fact.answer == "called_112" and alarm.police != "arrived":
        alarm = replace(alarm, police="called")
    if fact.answer == "police_here":
        alarm = replace(alarm, police="arrived")
    return _with(state, alarm)


def _responded(alarm: Alarm, fact: f.Answered, now_s: float) -> Alarm:
    before = alarm.responders.get(fact.by)
    if fact.answer == "coming" and before and before.answer == "on_scene":
        return alarm  # who is there is there
    responder = Responder(fact.answer, now_s)  # type: ignore[arg-type]  # the caller let only these three through
    alarm = replace(alarm, responders=alarm.responders.set(fact.by, responder))
    since_s = now_s if alarm.enough_s is None else alarm.enough_s
    return replace(alarm, enough_s=since_s if alarm.phase == "coming" else None)


def _nobody_counts(state: State, fact: f.ArrivalMissed | f.SceneSilent) -> State:
    """Whoever was coming or there has to say so again; who could not come is asked again too."""
    return _change(state, fact.incident, responders=Map(), enough_s=None, asked_s=None)


def _scene_asked(state: State, fact: f.SceneAsked) -> State:
    return _change(state, fact.incident, asked_s=state.house_s(fact.when))


def _police_advised(state: State, fact: f.PoliceAdvised) -> State:
    return _change(state, fact.incident, police="advised", turn=-1)


def _callers_asked(state: State, fact: f.CallersAsked) -> State:
    now_s = state.house_s(fact.when)
    return _change(state, fact.incident, turn=fact.turn, callers=fact.callers, callers_s=now_s, calls=Map())


def _need_of_112_asked(state: State, fact: f.NeedOf112Asked) -> State:
    return _change(state, fact.incident, need_asked=True)


def _alarm_confirmed(state: State, fact: f.AlarmConfirmed) -> State:
    return _change(state, fact.incident, confirmed=fact.reason)


def _alarm_closed(state: State, fact: f.AlarmClosed) -> State:
    alarm = state.alarms[fact.incident]
    now_s = state.house_s(fact.when)
    return replace(
        state,
        alarms=state.alarms.delete(fact.incident),
        closed=_undoable(state, now_s).set(fact.incident, replace(alarm, closed_s=now_s)),
        outbox=_undelivered_dropped(state, fact.incident),  # what rang need ring no more
    )


def _all_told(state: State, incident: str) -> Map[str, f.Ordered]:
    return _without(state.untold, {key for key, over in state.untold.items() if over.incident == incident})


def _undelivered_dropped(state: State, incident: str) -> Map[str, f.Ordered]:
    return _without(state.outbox, {order for order, ordered in state.outbox.items() if ordered.incident == incident})


def _alarm_reopened(state: State, fact: f.AlarmReopened) -> State:
    now_s = state.house_s(fact.when)
    alarm = replace(state.closed[fact.incident], closed_s=None)
    state = _command_answered(state, fact.key, "accepted", "", now_s)
    outbox = _undelivered_dropped(state, fact.incident)  # an "over" still under way would take the new page off
    untold = _all_told(state, fact.incident)
    state = replace(state, closed=state.closed.delete(fact.incident), outbox=outbox, untold=untold)
    return _with(state, _run_again(alarm, state.plan, now_s, "closing undone"))


def _undo_refused(state: State, fact: f.UndoRefused) -> State:
    return _command_answered(state, fact.key, "refused", fact.note, state.house_s(fact.when))


def _command_answered(state: State, key: str, result: f.Result, note: str, now_s: float) -> State:
    return replace(state, outcomes=state.outcomes.set(key, Outcome(result, note, now_s)))


def _device_seen(state: State, fact: f.DeviceSeen) -> State:
    before = state.devices.get(fact.device)
    device = before or Device(fact.boot, fact.online)
    former = device.former if device.boot == fact.boot else device.boot
    now_s = state.house_s(fact.when)
    device = replace(device, boot=fact.boot, online=fact.online, former=former)
    if now_s - device.changes_from_s >= CHANGES_S:
        device = replace(device, changes=0, changes_from_s=now_s)
    if comes_or_goes(before, fact):
        device = replace(device, changes=device.changes + 1)
    if fact.online and fact.live:
        device = replace(device, heard=True, seen_at=fact.when.at, quiet_from_s=now_s)
    state = replace(state, devices=state.devices.set(fact.device, device))
    return state if before is None or before.boot == fact.boot else unproven(state, fact.device)


def comes_or_goes(before: Device | None, seen: f.DeviceSeen) -> bool:
    """Whether it came, went or changed its boot. A first word to a daemon that began anew is neither."""
    return before is None or (before.boot, before.online) != (seen.boot, seen.online)


def _device_measured(state: State, fact: f.DeviceMeasured) -> State:
    said = {name: value for name in MEASURED if (value := getattr(fact, name)) is not None}
    before = state.devices[fact.device]
    device = replace(before, **said)
    now_s = state.house_s(fact.when)
    if fact.docked is not None or fact.charging is not None:
        if now_s - device.moves_from_s >= CHANGES_S:
            device = replace(device, moves=0, moves_from_s=now_s)
        device = replace(device, moves=device.moves + 1)
    if _hangs(device) != _hangs(before):
        device = replace(device, moved_s=now_s)
    return replace(state, devices=state.devices.set(fact.device, device))


def _hangs(device: Device) -> tuple[bool | None, bool]:
    """What it says of its dock. Of one that says it hangs there, whether it charges tells nothing more."""
    return device.docked, bool(device.charging) and not device.docked


def _fault_raised(state: State, fact: f.FaultRaised) -> State:
    standing = state.faults.get(fact.key)  # told anew with another detail: nobody has acknowledged that yet
    since = standing.at if standing else fact.when.at
    return replace(state, faults=state.faults.set(fact.key, Fault(fact.detail, since)))


def _fault_cleared(state: State, fact: f.FaultCleared) -> State:
    return replace(state, faults=state.faults.delete(fact.key))


def _fault_acknowledged(state: State, fact: f.FaultAcknowledged) -> State:
    state = _command_answered(state, fact.key, fact.result, fact.note, state.house_s(fact.when))
    fault = state.faults.get(fact.fault)
    if fault is None or fact.result != "accepted":
        return state
    return replace(state, faults=state.faults.set(fact.fault, replace(fault, acknowledged_by=fact.by)))


def _test_asked(state: State, fact: f.TestAsked) -> State:
    return _command_answered(state, fact.key, fact.result, fact.note, state.house_s(fact.when))


def _budget_missed(state: State, fact: f.BudgetMissed) -> State:
    alarm = state.alarms.get(fact.incident)
    return _with(state, replace(alarm, missed=alarm.missed | {fact.hop})) if alarm else state


def _change(state: State, incident: str, **changes: Any) -> State:
    return _with(state, replace(state.alarms[incident], **changes))


def _with(state: State, alarm: Alarm) -> State:
    return replace(state, alarms=state.alarms.set(alarm.incident, alarm))


_EVOLVE: dict[type, Callable[[State, Any], State]] = {
    f.DaemonStarted: _daemon_started,
    f.DaemonStopped: _unchanged,
    f.PlanAdopted: _plan_adopted,
    f.AlarmRaised: _alarm_raised,
    f.AlarmRecovered: _alarm_raised,
    f.PressJoined: _press_joined,
    f.IncidentMerged: _incident_merged,
    f.IncidentNumbered: _incident_numbered,
    f.StepReached: _step_reached,
    f.Ordered: _ordered,
    f.OrderHandedOver: _reached("handed_over"),
    f.OrderReceived: _reached("received"),
    f.OrderShown: _reached("shown"),
    f.OrderFailed: _reached("failed"),
    f.Answered: _answered,
    f.ArrivalMissed: _nobody_counts,
    f.SceneAsked: _scene_asked,
    f.SceneSilent: _nobody_counts,
    f.PoliceAdvised: _police_advised,
    f.CallersAsked: _callers_asked,
    f.NeedOf112Asked: _need_of_112_asked,
    f.AlarmConfirmed: _alarm_confirmed,
    f.AlarmClosed: _alarm_closed,
    f.AlarmReopened: _alarm_reopened,
    f.UndoRefused: _undo_refused,
    f.DeviceSeen: _device_seen,
    f.DeviceMeasured: _device_measured,
    f.FaultRaised: _fault_raised,
    f.FaultCleared: _fault_cleared,
    f.FaultAcknowledged: _fault_acknowledged,
    f.TestAsked: _test_asked,
    f.BudgetMissed: _budget_missed,
    **EVOLVE_DAY,
    **EVOLVE_TESTS,
}
