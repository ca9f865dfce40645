"""The day of the pagers: who is to carry which, that each is picked up and proven by nine, that enough stay carried.

A pager counts as **carried** when it is off its dock, heard, charged, and tied to a member; and as **proven** when it
has then shown a silent page. On leaving the dock on its member's day it is that member's, and asks who has it; a word
on the pager or from the reception counts more. What its dock and the pager itself say must agree: else nobody knows
where it is, and only a person's word ties it.

The day has its times (plan.Morning). The watch begins: who carried what yesterday counts no more. Whose pager still
hangs is reminded. At the check every pager that lacks something is named to the reception, with whom to call; what is
still missing later is told to the coordinator; what comes at any time ends it. From then on it is watched that enough
are carried. When the desks close, what is not back in its dock is named. The check also runs late, after a start; by a
clock that nobody vouches for it waits, visibly and not for ever (L5).

All of it is decided once a second (`look`), by the wall clock: it may jump, so nothing here is counted down. Who is to
carry what is roster.py's; how people are told, notices.py's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.moment import Moment
from achterwacht.core.notices import tell, tell_in_turn
from achterwacht.core.plan import COORDINATOR, DOCK, PAGER, RECEPTION, SUPERVISOR, TERMINAL, ZENDER, Morning, Pager
from achterwacht.core.roster import gaps, on_duty, opening_on
from achterwacht.core.state import Alarm, Missing, PickUp, State
from achterwacht.core.supervision import BROKER, barrier, is_chattering, is_missed, way_down
from achterwacht.core.turn import ROUNDING_S, Turn

DISAGREE_S = 30.0
"""So long a dock and its pager may disagree: a pager speaks every ten seconds, and one word may be lost."""
KNOWN_AFTER_S = 45.0
"""After a start, and after the time of the check, so long is waited for who has not spoken, settled or proven itself
yet: ten seconds for a word, five to settle, thirty for a page."""
TOLD_AFTER_S = 12.0
"""By then every pager that lives has told where it is since we began, and not only answered something."""
PROVE_SELDOM_S = 300.0
"""Outside the morning a pager that shows no silent page gets another only so often: each is two facts for ever."""
TELL_AGAIN_S = 300.0
"""While no carrier takes what is missing, for anybody, it is told again so often: telephones come back (L5)."""
CALM_S = 300.0
"""That enough pagers are carried again is told at the earliest so long after it was told that too few are: a contact
that chatters must not send everybody a message each minute."""
CUT_OFF_S = 60.0
"""A broker that is gone for less is no reason to tell everybody that no pager is carried."""
ABSENCES_MAX = 50
"""Of one member, that are not past: more than anybody plans, and all are looked through for each day of the roster."""
SELF_TEST_S = 30.0
"""So long a pager may take to show the page of the self-test."""
SELF_TEST_LOST_S = 120.0
"""When the press of the self-test has not come through the broker by then, it is lost."""


# --- what can be seen -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """How one pager stands. `member`: who is known to carry it; `duty`: whose it is today; both may be empty.

    `why`: what it lacks, None when it is carried and proven. `missing`: what the check found, and what was tried.
    """

    pager: str
    member: str
    duty: str
    place: f.Place
    why: f.Why | None
    how: f.How | None
    proven_at: datetime | None
    battery: int | None
    missing: Missing | None


def board(state: State) -> tuple[Row, ...]:
    """Every pager of the plan, in its order."""
    return tuple(_row(state, pager) for pager in state.plan.pagers)


def _row(state: State, pager: Pager) -> Row:
    carried, placed, device = (
        state.carried.get(pager.id),
        state.places.get(pager.id),
        state.devices.get(f"{PAGER}:{pager.id}"),
    )
    return Row(
        pager=pager.id,
        member=carried.member if carried else "",
        duty=_whose(state, pager.id),
        place=placed.place if placed else "unknown",
        why=lacks(state, pager),
        how=carried.how if carried else None,
        proven_at=carried.proven_at if carried else None,
        battery=device.battery if device else None,
        missing=state.pick_up.missing.get(pager.id) if state.pick_up else None,
    )


def lacks(state: State, pager: Pager) -> f.Why | None:
    """Why this pager does not count as picked up; None when it is carried and proven."""
    carried, placed = state.carried.get(pager.id), state.places.get(pager.id)
    target, place = f"{PAGER}:{pager.id}", placed.place if placed else "unknown"
    if place == "docked":
        return "docked"
    down = barrier(state, target) or way_down(state, target)
    if down or not (pager.base or _is_heard(state, target)):
        return "not heard"
    if (place == "contradiction" and carried is None) or (place != "off" and carried and carried.how == "rostered"):
        return "dock fault"
    if _is_flat(state, target):
        return "battery"
    if carried is None:
        return "no carrier"
    return None if carried.proven_at else "unproven"


def is_carried(state: State, pager: Pager) -> bool:
    """Whether somebody has it on them. That it can be reached may still have to be proven."""
    return lacks(state, pager) in (None, "unproven")


def is_guessed_since(state: State, alarm: Alarm, pager: str) -> bool:
    """Whether this pager left its dock after the alarm was raised, and nobody said by whom: it may be the presser."""
    carried = state.carried.get(pager)
    if carried is None or carried.how != "rostered" or carried.at is None:
        return False
    return carried.at >= alarm.raised_at


def short(state: State) -> bool:
    """Whether fewer pagers are carried than are needed; False in a house whose pagers are not handed out."""
    morning = state.plan.morning
    return morning is not None and _carried(state) < morning.pagers_needed


def is_watched(state: State) -> bool:
    """Whether this is a time at which pagers must be carried: from the check until the desks close."""
    today = _pick_up(state)
    return today is not None and today.checked_at is not None and not today.ended


def is_waiting(state: State) -> bool:
    """Whether the morning of today has begun, and not every pager is there."""
    today = _pick_up(state)
    return today is not None and today.complete_at is None and not today.ended


def fused(state: State, pager: Pager) -> f.Place:
    """Where this pager is, by what its dock and the pager itself say now.

    A charging pager is in its dock; one that does not charge may be full. What is gone says nothing: its last word may
    be old. Nor does what chatters, whose level is not followed. While the broker is gone nothing has moved, as far as
    anybody knows.
    """
    says: set[bool] = set()
    for kind in (PAGER, DOCK):
        device, name = state.devices.get(f"{kind}:{pager.id}"), f"{kind}:{pager.id}"
        if device is None or not device.online or is_chattering(device) or is_missed(state, name):
            continue
        if way_down(state, name) not in (None, *BROKER):
            continue
        if device.docked is not None:
            says.add(device.docked)
        if device.charging:
            says.add(True)
    if len(says) == 2:
        return "contradiction"
    return "docked" if True in says else "off" if says else "unknown"


def overdue(state: State, now: Moment) -> tuple[int, ...]:
    """The zenders whose button was not tested for longer than the plan wants, and of which no fault says so yet."""
    days = state.plan.morning.button_test_days if state.plan.morning else 0
    if not days:
        return ()
    since, late = now.at - timedelta(days=days), []
    for zender in state.plan.zenders:
        device = state.devices.get(f"{ZENDER}:{zender.nr}")
        tested_at = device.tested_at if device else None
        if (tested_at is None or tested_at < since) and f"{ZENDER}:{zender.nr}/test overdue" not in state.faults:
            late.append(zender.nr)
    return tuple(late)


def self_test_due(state: State, now: Moment) -> date | None:
    """The day whose self-test has still to be begun; None while none has. Not while an alarm is open."""
    morning, today = state.plan.morning, _today(state, now)
    if morning is None or state.alarms or (state.self_test and state.self_test.on == today):
        return None
    return today if _local(now) >= datetime.combine(today, morning.self_test_at) else None


def _carried(state: State) -> int:
    """How many persons carry one: somebody with two pagers cannot both speak to the visitor and stand by."""
    return len({state.carried[pager.id].member for pager in state.plan.pagers if is_carried(state, pager)})


def _whose(state: State, pager: str) -> str:
    return state.duty.members.get(pager, "") if state.duty else ""


def _is_heard(state: State, target: str) -> bool:
    device = state.devices.get(target)
    return device is not None and device.online and device.heard


def _is_flat(state: State, target: str) -> bool:
    device, morning = state.devices.get(target), state.plan.morning
    if device is None or morning is None:
        return False
    return bool(device.battery_low) or (device.battery is not None and device.battery <= morning.battery_min)


def _today(state: State, now: Moment) -> date:
    """The house's day. A clock that nobody vouches for does not turn it back."""
    today = now.local.date()
    if not now.clock_ok and state.duty is not None and today < state.duty.on:
        return state.duty.on
    return today


def _local(now: Moment) -> datetime:
    """What the clock on the wall shows; compared, never reckoned with: there are nights of 23 and of 25 hours."""
    return now.local.replace(tzinfo=None)


# --- once a second ----------------------------------------------------------------------------------------------------


def look(turn: Turn, heard: h.Look) -> None:
    """Whatever of this day is due now."""
    if turn.state.plan.morning is None:
        return
    if turn.state.duty is None or turn.state.duty.on != _today(turn.state, turn.now):
        roster_changed(turn, says=False)  # it is midnight: what is found now is told at the check
    _begin_watch(turn)
    for pager in turn.state.plan.pagers:
        _look_where(turn, pager)
        _prove(turn, pager)
    _end_self_test(turn)
    if _is_awake(turn):
        for act in (_remind, _check, _resolve, _escalate, _tell_again, _look_coverage, _end_day):
            act(turn)


def roster_changed(turn: Turn, says: bool = True) -> None:
    """Something was said about who carries what: note what it means for today, and what it leaves open ahead.

    `says`: whether a new gap is told at once to who can close it.
    """
    state, morning = turn.state, turn.state.plan.morning
    if morning is None:
        return
    today = _today(state, turn.now)
    hours, members = opening_on(state, today), on_duty(state, today)
    duty = state.duty
    opens, closes = hours or (None, None)
    if duty is None or (duty.on, duty.opens, duty.closes, dict(duty.members)) != (today, opens, closes, members):
        turn.note(f.DutySet(turn.now, today, opens, closes, tuple(members.items())))
    found = gaps(turn.state, today, morning.days_ahead + 1)
    if found != state.gaps:
        turn.note(f.GapsFound(turn.now, found))
        if says and set(found) - set(state.gaps):
            _tell_gaps(turn)


def _tell_gaps(turn: Turn) -> None:
    about = dict.fromkeys(gap.pager for gap in turn.state.gaps)
    tell(turn, turn.state.plan.with_role(COORDINATOR), "fault", "gaps in the roster", tuple(about))


def _look_where(turn: Turn, pager: Pager) -> None:
    """A pager has come to be somewhere else, once that has lasted."""
    state, morning = turn.state, turn.state.plan.morning
    assert morning is not None, "the house hands out pagers"
    place, placed = fused(state, pager), state.places.get(pager.id)
    if place == (placed.place if placed else "unknown"):
        return
    devices = (state.devices.get(f"{kind}:{pager.id}") for kind in (PAGER, DOCK))
    moved_s = max((device.moved_s for device in devices if device), default=0.0)
    lasts_s = DISAGREE_S if place == "contradiction" else morning.settle_s
    if turn.now_s - moved_s + ROUNDING_S < lasts_s:
        return
    left = placed is not None and placed.place == "docked" and place == "off"
    turn.note(f.PagerPlaced(turn.now, pager.id, place))
    if place == "contradiction":
        turn.raise_fault(f"{PAGER}:{pager.id}/dock", "")
    else:
        turn.clear_fault(f"{PAGER}:{pager.id}/dock")
    if left:
        _leave(turn, pager.id)
    elif place in ("off", "contradiction"):
        _ask_who(turn, pager.id)


def _leave(turn: Turn, pager: str) -> None:
    """It was lifted from its dock: by today's member, as long as nobody says otherwise."""
    member = _whose(turn.state, pager)
    if member and pager not in turn.state.carried:
        turn.note(f.PagerCarried(turn.now, "", pager, member, "rostered"))
    _ask_who(turn, pager, was_lifted=True)


def _ask_who(turn: Turn, pager: str, was_lifted: bool = False) -> None:
    """Asks it on the pager itself, where nobody said so yet."""
    carried = turn.state.carried.get(pager)
    if turn.state.plan.is_own_pager(f"{PAGER}:{pager}") and (carried is None or was_lifted):
        order = turn.next_order("notice")
        target, about = f"{PAGER}:{pager}", (pager,)
        turn.note(f.Ordered(turn.now, order, "", "", 0, target, "who", 1, "who carries it", about=about))


def _prove(turn: Turn, pager: Pager) -> None:
    """A pager that somebody has taken gets a silent page, and another while it shows none."""
    state, morning = turn.state, turn.state.plan.morning
    if morning is None or lacks(state, pager) != "unproven":
        return
    carried, today = state.carried[pager.id], _pick_up(state)
    pause_s = morning.proof_s if today and today.checked_at is None and not today.ended else PROVE_SELDOM_S
    if not carried.check or turn.now_s - carried.asked_s + ROUNDING_S >= pause_s:
        order = turn.next_order("check")
        target = f"{PAGER}:{pager.id}"
        turn.note(f.Ordered(turn.now, order, "", "", 0, target, "check", 1, "proof of pick-up"))


# --- the times of the day ---------------------------------------------------------------------------------------------


def times_today(state: State, morning: Morning) -> Callable[[time], datetime] | None:
    """When something of the morning is due today; None while the house is closed.

    Where the desks open later than the check would be, the whole morning is that much later.
    """
    duty = state.duty
    if duty is None or duty.opens is None:
        return None
    late = datetime.combine(duty.on, duty.opens) - datetime.combine(duty.on, morning.check_at)
    return lambda at: datetime.combine(duty.on, at) + max(late, timedelta(0))


def _is_time(turn: Turn, what: Callable[[Morning], time]) -> bool:
    """Whether this is due; not any more when the desks have closed."""
    morning = turn.state.plan.morning
    times = times_today(turn.state, morning) if morning else None
    if morning is None or times is None or _has_closed(turn):
        return False
    return _local(turn.now) >= times(what(morning))


def _has_closed(turn: Turn) -> bool:
    """Whether the desks have closed, on a day on which they were open."""
    duty = turn.state.duty
    return bool(duty and duty.closes and _local(turn.now) >= datetime.combine(duty.on, duty.closes))


def _pick_up(state: State) -> PickUp | None:
    """This morning, once it has begun; None on a day on which the house is closed."""
    today, duty = state.pick_up, state.duty
    return today if today and duty and duty.opens is not None and today.on == duty.on else None


def _begin_watch(turn: Turn) -> None:
    duty = turn.state.duty
    if duty is not None and _pick_up(turn.state) is None and _is_time(turn, lambda morning: morning.watch_at):
        turn.note(f.WatchBegan(turn.now, duty.on))
        for pager in turn.state.plan.pagers:
            placed = turn.state.places.get(pager.id)
            if placed and placed.place in ("off", "contradiction"):  # not put back: whoever has it must say so
                _ask_who(turn, pager.id)


def _remind(turn: Turn) -> None:
    today = _pick_up(turn.state)
    if today is None or today.reminded_at or today.checked_at or not _is_time(turn, lambda m: m.remind_at):
        return
    told = []
    for lacking in _lacking(turn.state):
        if lacking.why in ("battery", "unproven") or not lacking.member:
            continue  # who has it on them has nothing to pick up
        if tell(turn, [lacking.member], "reminder", "pager not picked up", (lacking.pager,)):
            told.append(lacking.pager)
    turn.note(f.PickUpReminded(turn.now, today.on, tuple(told)))


def _lacking(state: State) -> tuple[f.Lacking, ...]:
    found = ((pager, lacks(state, pager)) for pager in state.plan.pagers)
    return tuple(f.Lacking(pager.id, why, _whom_to_call(state, pager.id)) for pager, why in found if why)


def _whom_to_call(state: State, pager: str) -> str:
    """Who has it, as far as that is known; else whose it is."""
    carried = state.carried.get(pager)
    return carried.member if carried else _whose(state, pager)


def _is_checked(turn: Turn, today: PickUp) -> bool:
    """Whether the check was made; one by a clock in doubt counts only for as long as the clock is in doubt."""
    return today.checked_at is not None and not (today.doubtful and turn.now.clock_ok)


def _check(turn: Turn) -> None:
    today, morning = _pick_up(turn.state), turn.state.plan.morning
    if today is None or morning is None or _is_checked(turn, today) or not _is_time(turn, lambda m: m.check_at):
        return
    times = times_today(turn.state, morning)
    assert times is not None, "it is time for the check"
    since_s = (_local(turn.now) - times(morning.check_at)).total_seconds()
    if not turn.now.clock_ok and since_s < morning.hold_s:
        if not today.held:
            turn.note(f.CheckHeld(turn.now, today.on))
        return
    if _is_cut_off(turn) or (since_s < KNOWN_AFTER_S and not _is_all_known(turn.state)):
        return
    missing = _lacking(turn.state)
    turn.note(f.PickUpChecked(turn.now, today.on, missing, not turn.now.clock_ok))
    if missing:
        pagers = tuple(lacking.pager for lacking in missing)
        tell_in_turn(turn, RECEPTION, "pagers missing", pagers)
        if not all(lacking.member for lacking in missing):
            tell_in_turn(turn, COORDINATOR, "pagers missing", pagers)  # there is nobody to call: the roster has a gap
    if turn.state.gaps:
        _tell_gaps(turn)


def _is_awake(turn: Turn) -> bool:
    """Whether the daemon has heard enough since it began: what was known then may be old."""
    began_s = turn.now_s - turn.state.started_s + ROUNDING_S
    return began_s >= KNOWN_AFTER_S or (began_s >= TOLD_AFTER_S and _is_all_known(turn.state))


def _is_all_known(state: State) -> bool:
    """Whether every pager has spoken or is known to be gone, is where it says, and has had time to prove itself."""
    for pager in state.plan.pagers:
        target, placed = f"{PAGER}:{pager.id}", state.places.get(pager.id)
        if not pager.base and not (_is_heard(state, target) or is_missed(state, target)):
            return False
        if fused(state, pager) != (placed.place if placed else "unknown") or lacks(state, pager) == "unproven":
            return False
    return True


def _resolve(turn: Turn) -> None:
    today = _pick_up(turn.state)
    if today is None or today.checked_at is None or today.complete_at is not None or _has_closed(turn):
        return
    lacking = {lacking.pager for lacking in _lacking(turn.state)}
    open_ones = {pager for pager, missing in today.missing.items() if missing.resolved_at is None}
    for pager in sorted(open_ones - lacking):
        turn.note(f.PickUpResolved(turn.now, today.on, pager))
    if not open_ones & lacking:
        turn.note(f.PickUpCompleted(turn.now, today.on))
        if today.missing:
            told = turn.state.plan.with_role(RECEPTION)
            told += turn.state.plan.with_role(COORDINATOR) if today.escalated else ()
            tell(turn, told, "reminder", "pagers all there", tuple(sorted(today.missing)))


def _escalate(turn: Turn) -> None:
    today, morning = _pick_up(turn.state), turn.state.plan.morning
    if today is None or morning is None or today.escalated or today.complete_at or not _is_checked(turn, today):
        return
    if _has_closed(turn):
        return
    if turn.now_s - today.checked_s + ROUNDING_S >= morning.escalate_s:
        pagers = _still_missing(today)
        turn.note(f.PickUpEscalated(turn.now, today.on, pagers))
        tell_in_turn(turn, COORDINATOR, "pagers still missing", pagers)


def _still_missing(today: PickUp) -> tuple[str, ...]:
    """By name: a Map has no order."""
    return tuple(sorted(pager for pager, missing in today.missing.items() if missing.resolved_at is None))


def _tell_again(turn: Turn) -> None:
    """Nobody could be told what is missing, and somebody must be."""
    today = _pick_up(turn.state)
    if today is None or not today.escalated or today.told or today.complete_at or _has_closed(turn):
        return
    if turn.now_s - today.tried_s + ROUNDING_S >= TELL_AGAIN_S:
        pagers = _still_missing(today)
        for role in (RECEPTION, COORDINATOR):
            tell_in_turn(turn, role, "pagers still missing", pagers)


def _look_coverage(turn: Turn) -> None:
    """From the check until the desks close: whether enough pagers are carried, and everyone who must know does."""
    today, morning = _pick_up(turn.state), turn.state.plan.morning
    if today is None or morning is None or today.ended or not _is_checked(turn, today):
        return
    if _is_cut_off(turn):
        return
    carried = _carried(turn.state)
    enough = carried >= morning.pagers_needed
    if enough == (today.enough is not False) or (enough and turn.now_s - today.short_s + ROUNDING_S < CALM_S):
        return
    turn.note(f.CoverageChanged(turn.now, today.on, carried, morning.pagers_needed))
    plan = turn.state.plan
    told = (member for role in (RECEPTION, COORDINATOR, SUPERVISOR) for member in plan.with_role(role))
    about = tuple(pager.id for pager in plan.pagers if not is_carried(turn.state, pager))
    if enough:
        tell(turn, told, "reminder", "enough pagers again", about)
    else:
        tell(turn, told, "fault", "too few pagers", about)


def _is_cut_off(turn: Turn) -> bool:
    """Whether nothing has come through the broker for less than this: it may only be started again.

    A fault of a time that is still to come was noted by a wrong clock: nobody waits for that.
    """
    cuts = (fault for key in BROKER if (fault := turn.state.faults.get(key)))
    return any(0 <= (turn.now.at - fault.at).total_seconds() < CUT_OFF_S for fault in cuts)


def _end_day(turn: Turn) -> None:
    today = _pick_up(turn.state)
    if today is None or today.ended or not _has_closed(turn):
        return
    state, plan = turn.state, turn.state.plan
    out = tuple(pager.id for pager in plan.pagers if _is_out(state, pager))
    low = tuple(pager.id for pager in plan.pagers if _is_low(state, pager))
    turn.note(f.DayEnded(turn.now, today.on, out, low))
    for pager in out:
        tell(turn, filter(None, [_whom_to_call(state, pager)]), "reminder", "pagers not back", (pager,))
    if out or low:
        tell(turn, plan.with_role(RECEPTION), "fault", "pagers not back", tuple(dict.fromkeys((*out, *low))))


def _is_out(state: State, pager: Pager) -> bool:
    """Whether it is not in its dock. Of one that nothing tells of, that somebody has it is all that is known."""
    placed = state.places.get(pager.id)
    place = placed.place if placed else "unknown"
    return place in ("off", "contradiction") or (place == "unknown" and pager.id in state.carried)


def _is_low(state: State, pager: Pager) -> bool:
    kinds = ("battery low", "battery empty")
    return any(f"{PAGER}:{pager.id}/{kind}" in state.faults for kind in kinds) or _is_flat(state, f"{PAGER}:{pager.id}")


# --- what is said -----------------------------------------------------------------------------------------------------


def carry(turn: Turn, heard: h.Answer) -> None:
    """Somebody says on a pager that they carry it; without a name it is today's member.

    From now on its answers are theirs, in alarms that are still to come.
    """
    pager = heard.pager or ""
    member = heard.member or _whose(turn.state, pager)
    known = turn.state.plan.pager(pager) and turn.state.plan.member(member)
    if known and not _is_of_a_desk_in_alarm(turn.state, pager, member):
        turn.note(f.PagerCarried(turn.now, heard.key, pager, member))
        _prove_now(turn, pager)
        return
    note = "not a member or pager of the plan" if heard.member else "it is nobody's today: say who carries it"
    note = "who has it sits at a desk with an open alarm" if known else note
    by, via = member or "unknown", f"{PAGER}:{pager}"
    turn.note(f.Answered(turn.now, heard.key, heard.incident, by, via, "carry", "refused", False, note))


def _is_of_a_desk_in_alarm(state: State, pager: str, member: str) -> bool:
    """Whether who is known to have it sits at a desk with an open alarm: no new name gets them round S11."""
    who = state.plan.carrier(pager)
    alarms = () if who in (None, member) else state.alarms.values()
    return any(who in alarm.plan.staff(alarm.zender) for alarm in alarms)


def _prove_now(turn: Turn, pager: str) -> None:
    known = turn.state.plan.pager(pager)
    if known is not None:
        _prove(turn, known)


def took(turn: Turn, heard: h.Took) -> None:
    """The reception says who has a pager."""
    if is_answered(turn, heard.key):
        return
    if note := _stranger(turn.state, heard.by) or _unknown(turn.state, heard.pager, heard.member):
        turn.note(f.Refused(turn.now, heard.key, "took", heard.by, note))
        return
    turn.note(f.PagerCarried(turn.now, heard.key, heard.pager, heard.member, "ticked", heard.by))
    _prove_now(turn, heard.pager)


def called(turn: Turn, heard: h.Called) -> None:
    """The reception called about a pager that is missing."""
    if is_answered(turn, heard.key):
        return
    today, replaced = _pick_up(turn.state), heard.outcome == "replaced"
    missing = today.missing.get(heard.pager) if today else None
    known = turn.state.plan.pager(heard.pager)
    why = lacks(turn.state, known) if known else None
    note = _without_roster(turn.state, heard.by)
    if not note and (today is None or today.checked_at is None):
        note = "the check is not made yet"
    if not note and why is None and (missing is None or missing.resolved_at is not None):
        note = "the pager is not missing"
    if not note and replaced:
        note = _unknown(turn.state, heard.pager, heard.member)
    if note:
        turn.note(f.Refused(turn.now, heard.key, "called", heard.by, note))
        return
    turn.note(f.PagerCalled(turn.now, heard.key, heard.pager, heard.by, heard.outcome, heard.member, why))
    if replaced and turn.state.duty:
        turn.note(f.DutySwapped(turn.now, "", turn.state.duty.on, heard.pager, heard.member, heard.by))
        roster_changed(turn)


def swap(turn: Turn, heard: h.Swap) -> None:
    """On that day somebody else carries it."""
    if is_answered(turn, heard.key):
        return
    note = _without_roster(turn.state, heard.by) or _unknown(turn.state, heard.pager, heard.member)
    if not note and heard.on < _today(turn.state, turn.now):
        note = "this day is past"
    if note:
        turn.note(f.Refused(turn.now, heard.key, "swap", heard.by, note))
        return
    turn.note(f.DutySwapped(turn.now, heard.key, heard.on, heard.pager, heard.member, heard.by))
    roster_changed(turn)


def away(turn: Turn, heard: h.Away) -> None:
    """A member is away, or is not after all."""
    if is_answered(turn, heard.key):
        return
    plan, known = turn.state.plan, {(absence.member, absence.first) for absence in turn.state.absences}
    note = _without_roster(turn.state, heard.by)
    if not note and (plan.member(heard.member) is None or (heard.replacement and not plan.member(heard.replacement))):
        note = "not a member of the plan"
    if not note and heard.withdrawn and (heard.member, heard.first) not in known:
        note = "no such absence"
    if not note and not heard.withdrawn:
        if heard.last < heard.first:
            note = "it ends before it begins"
        elif heard.last < _today(turn.state, turn.now):
            note = "this day is past"
        elif heard.replacement == heard.member:
            note = "nobody stands in for themselves"
        elif (heard.member, heard.first) not in known and sum(who == heard.member for who, _ in known) >= ABSENCES_MAX:
            note = "too many absences: withdraw one"
    if note:
        turn.note(f.Refused(turn.now, heard.key, "away", heard.by, note))
        return
    said = (heard.member, heard.first, heard.last, heard.replacement, heard.by, heard.withdrawn)
    turn.note(f.AbsenceNoted(turn.now, heard.key, *said))
    roster_changed(turn)


def calendar_read(turn: Turn, heard: h.CalendarRead) -> None:
    """A feed was read; what it says is noted when it says something new."""
    if heard.calendar in turn.state.plan.calendars and turn.state.calendars.get(heard.calendar) != heard.entries:
        turn.note(f.CalendarAdopted(turn.now, heard.calendar, heard.entries))
        roster_changed(turn, says=False)  # nobody is at the keyboard: what it leaves open is told at the check


def self_tested(turn: Turn, heard: h.SelfTested) -> None:
    """The press on no button has come through the broker: every pager of ours is to show that it can be reached."""
    if heard.boot != turn.state.boot or self_test_due(turn.state, turn.now) != heard.on:
        return
    targets = tuple(f"{PAGER}:{pager.id}" for pager in turn.state.plan.pagers if not pager.base)
    turn.note(f.SelfTestBegan(turn.now, heard.on, targets))
    turn.clear_fault("house/self-test")
    for target in targets:
        order = turn.next_order("check")
        turn.note(f.Ordered(turn.now, order, "", "", 0, target, "check", 1, "self-test"))


def _end_self_test(turn: Turn) -> None:
    """What did not show the page by now does not; a press that did not come by now is lost."""
    test, morning = turn.state.self_test, turn.state.plan.morning
    if morning is not None and (day := self_test_due(turn.state, turn.now)):
        late_s = (_local(turn.now) - datetime.combine(day, morning.self_test_at)).total_seconds()
        since_s = max(turn.state.started_s, *(alarm.closed_s or 0.0 for alarm in turn.state.closed.values()), 0.0)
        if min(late_s, turn.now_s - since_s) >= SELF_TEST_LOST_S:  # an alarm puts it off
            turn.raise_fault("house/self-test", "")
    if test is None or test.ended:
        return
    missed = tuple(target for target in test.orders if target not in test.shown)
    if missed and turn.now_s - test.began_s + ROUNDING_S < SELF_TEST_S:
        return
    turn.note(f.SelfTestEnded(turn.now, test.on, missed))
    for target in test.orders:
        if target in test.shown:
            turn.clear_fault(f"{target}/self-test")
        elif not is_missed(turn.state, target):
            turn.raise_fault(f"{target}/self-test", "")


def tests_overdue(turn: Turn, heard: h.Overdue) -> None:
    """These buttons were not tested for too long."""
    for nr in heard.zenders:
        turn.raise_fault(f"{ZENDER}:{nr}/test overdue", "")


def is_answered(turn: Turn, key: str) -> bool:
    """Whether this command was heard before: the same one gets the same answer again."""
    return key in turn.state.outcomes


def _stranger(state: State, by: str) -> str:
    return "" if by == TERMINAL or state.plan.member(by) else "not a member of the plan"


def _without_roster(state: State, by: str) -> str:
    return _stranger(state, by) or ("" if state.plan.morning else "this house has no morning check")


def _unknown(state: State, pager: str, member: str) -> str:
    known = state.plan.pager(pager) and state.plan.member(member)
    return "" if known else "not a member or pager of the plan"
