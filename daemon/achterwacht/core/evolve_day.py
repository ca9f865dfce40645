"""What the facts of a day change in the state: its roster, where the pagers are and who carries them, its morning.

The same kind of functions as in evolve.py, which knows them all. What becomes such a fact is morning.py's to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as replace_in
from typing import Any

from immutables import Map
from msgspec.structs import replace

from achterwacht.core import facts as f
from achterwacht.core.moment import HOUSE_ZONE, Moment
from achterwacht.core.plan import PAGER
from achterwacht.core.roster import day_key
from achterwacht.core.state import Absence, Carried, Duty, Missing, Outcome, PickUp, Placed, SelfTest, State

TRIED_MAX = 10
"""Of what was done about a missing pager the newest are kept: all of it is read out to whoever must find it."""


PASSED_ON: tuple[f.Reason, ...] = ("pagers missing", "pagers still missing")
"""What somebody must know (L5)."""


def answered(state: State, key: str, when: Moment, result: f.Result = "accepted", note: str = "") -> State:
    """The state in which a command has this outcome. A fact that no command made has no key."""
    if not key:
        return state
    return replace(state, outcomes=state.outcomes.set(key, Outcome(result, note, state.house_s(when))))


def carriers_again(state: State) -> State:
    """The plan's carriers as they are now: who is known to carry a pager, else whose it is today."""
    plan, pagers = state.plan, []
    if plan.morning is None:
        return state
    for pager in plan.pagers:
        carried = state.carried.get(pager.id)
        member = carried.member if carried else state.duty.members.get(pager.id) if state.duty else None
        pagers.append(replace_in(pager, carrier=member if member and plan.member(member) else None))
    if tuple(pagers) == plan.pagers:
        return state
    return replace(state, plan=replace_in(plan, pagers=tuple(pagers)))


# --- the roster -------------------------------------------------------------------------------------------------------


def _duty_set(state: State, fact: f.DutySet) -> State:
    duty = Duty(fact.on, fact.opens, fact.closes, Map(dict(fact.members)))
    return carriers_again(replace(state, duty=duty))


def _duty_swapped(state: State, fact: f.DutySwapped) -> State:
    swaps = state.swaps.set(day_key(fact.on, fact.pager), fact.member)
    return answered(replace(state, swaps=swaps), fact.key, fact.when)


def _absence_noted(state: State, fact: f.AbsenceNoted) -> State:
    absences = tuple(known for known in state.absences if (known.member, known.first) != (fact.member, fact.first))
    if not fact.withdrawn:
        absences = (*absences, Absence(fact.member, fact.first, fact.last, fact.replacement))
    return answered(replace(state, absences=absences), fact.key, fact.when)


def _calendar_adopted(state: State, fact: f.CalendarAdopted) -> State:
    return replace(state, calendars=state.calendars.set(fact.calendar, fact.entries))


def _gaps_found(state: State, fact: f.GapsFound) -> State:
    return replace(state, gaps=fact.gaps)


# --- the pagers -------------------------------------------------------------------------------------------------------


def _pager_placed(state: State, fact: f.PagerPlaced) -> State:
    was = state.places.get(fact.pager)
    state = replace(state, places=state.places.set(fact.pager, Placed(fact.place, fact.when.at)))
    # What said that it was off now says that it hangs: whoever had it must say so again.
    may_hang = fact.place == "contradiction" and was is not None and was.place == "off"
    if (fact.place == "docked" or may_hang) and fact.pager in state.carried:
        return carriers_again(replace(state, carried=state.carried.delete(fact.pager)))
    return state


def _pager_carried(state: State, fact: f.PagerCarried) -> State:
    before = state.carried.get(fact.pager)
    planned = before.planned if before else state.plan.carrier(fact.pager)
    carried = Carried(planned, fact.member, fact.how, fact.when.at)
    state = replace(
        state,
        plan=state.plan.with_carrier(fact.pager, fact.member),
        carried=state.carried.set(fact.pager, carried),
    )
    return answered(state, fact.key, fact.when)


def unproven(state: State, device: str) -> State:
    """A pager that started anew must prove again that it can be reached."""
    pager = device.removeprefix(f"{PAGER}:")
    carried = state.carried.get(pager)
    if pager == device or carried is None:
        return state
    carried = replace(carried, check="", proven_at=None)
    return replace(state, carried=state.carried.set(pager, carried))


def check_ordered(state: State, fact: f.Ordered) -> State:
    """A silent page is on its way: proof that whoever took a pager can be reached, or a part of the self-test."""
    pager = fact.target.removeprefix(f"{PAGER}:")
    carried = state.carried.get(pager)
    if fact.reason == "proof of pick-up" and carried:
        carried = replace(carried, check=fact.order, asked_s=state.house_s(fact.when))
        return replace(state, carried=state.carried.set(pager, carried))
    if fact.reason == "self-test" and state.self_test:
        orders = state.self_test.orders.set(fact.target, fact.order)
        return replace(state, self_test=replace(state.self_test, orders=orders))
    return state


def check_shown(state: State, order: str, target: str, when: Moment) -> State:
    """A pager has shown it; or, of one that shows nothing, its base has taken it."""
    pager = target.removeprefix(f"{PAGER}:")
    carried, test = state.carried.get(pager), state.self_test
    if carried and carried.check == order and carried.proven_at is None:
        carried = replace(carried, proven_at=when.at)
        state = replace(state, carried=state.carried.set(pager, carried))
    if test and test.orders.get(target) == order:
        state = replace(state, self_test=replace(test, shown=test.shown | {target}))
    return state


# --- the morning ------------------------------------------------------------------------------------------------------


def notice_ordered(state: State, fact: f.Ordered) -> State:
    """Somebody is to be told of the morning, by this way."""
    if state.pick_up is None:
        return state
    if fact.reason in PASSED_ON:
        return _pick_up(state, tried_s=state.house_s(fact.when))
    if fact.reason == "pager not picked up":
        return _pick_up(state, reminded=tuple(dict.fromkeys((*state.pick_up.reminded, *fact.about))))
    return state


def notice_ended(state: State, ordered: f.Ordered, is_failed: bool) -> State:
    """A carrier took it: somebody can know. Or none did, as far as this way goes; another may follow."""
    if state.pick_up is None:
        return state
    if ordered.reason in PASSED_ON and not is_failed:
        return _pick_up(state, told=True)
    if ordered.reason == "pager not picked up" and is_failed:
        return _pick_up(state, reminded=tuple(pager for pager in state.pick_up.reminded if pager not in ordered.about))
    return state


def _watch_began(state: State, fact: f.WatchBegan) -> State:
    """Who took a pager early this morning need not say so again."""
    today = {
        pager: carried
        for pager, carried in state.carried.items()
        if carried.at and carried.at.astimezone(HOUSE_ZONE).date() == fact.on
    }
    return carriers_again(replace(state, pick_up=PickUp(fact.on), carried=Map(today)))


def _pick_up(state: State, **changes: Any) -> State:
    assert state.pick_up is not None, "a morning begins with its watch"
    return replace(state, pick_up=replace(state.pick_up, **changes))


def _reminded(state: State, fact: f.PickUpReminded) -> State:
    return _pick_up(state, reminded=fact.pagers, reminded_at=fact.when.at)


def _check_held(state: State, fact: f.CheckHeld) -> State:
    return _pick_up(state, held=True)


def _checked(state: State, fact: f.PickUpChecked) -> State:
    before = state.pick_up
    assert before is not None, "a morning begins with its watch"
    missing: dict[str, Missing] = {}
    for lacking in fact.missing:
        known = before.missing.get(lacking.pager)  # of a check by a clock that nobody vouched for
        tried = known.tried if known else ()
        if not known and before.reminded_at and lacking.pager in before.reminded:
            tried = (f.Tried("reminded", "", before.reminded_at),)
        missing[lacking.pager] = Missing(lacking.why, lacking.member, tried)
    return _pick_up(
        state,
        held=False,
        checked_at=fact.when.at,
        checked_s=state.house_s(fact.when),
        doubtful=fact.doubtful,
        missing=Map(missing),
        escalated=False,
        told=False,
        complete_at=None,
        ended=False,  # if it ended before its check, that was by a wrong clock
    )


def _tried(state: State, pager: str, tried: f.Tried) -> State:
    missing = state.pick_up.missing if state.pick_up else Map()
    known = missing.get(pager)
    if known is None:
        return state
    return _pick_up(state, missing=missing.set(pager, replace(known, tried=(*known.tried, tried)[-TRIED_MAX:])))


def _pager_called(state: State, fact: f.PagerCalled) -> State:
    assert state.pick_up is not None, "it was checked"
    missing = state.pick_up.missing
    known = missing.get(fact.pager)
    if fact.why and (known is None or known.resolved_at):  # it was there, and is not any more
        again = Missing(fact.why, fact.member or _whose(state, fact.pager))
        state = _pick_up(state, missing=missing.set(fact.pager, again))
    state = _tried(state, fact.pager, f.Tried(fact.outcome, fact.by, fact.when.at))
    known = state.pick_up.missing.get(fact.pager) if state.pick_up else None
    if known and fact.outcome == "replaced":
        assert state.pick_up is not None
        missing = state.pick_up.missing.set(fact.pager, replace(known, member=fact.member))
        state = _pick_up(state, missing=missing)
    return answered(state, fact.key, fact.when)


def _whose(state: State, pager: str) -> str:
    carried = state.carried.get(pager)
    return carried.member if carried else state.duty.members.get(pager, "") if state.duty else ""


def _resolved(state: State, fact: f.PickUpResolved) -> State:
    assert state.pick_up is not None, "a morning begins with its watch"
    known = replace(state.pick_up.missing[fact.pager], resolved_at=fact.when.at)
    return _pick_up(state, missing=state.pick_up.missing.set(fact.pager, known))


def _completed(state: State, fact: f.PickUpCompleted) -> State:
    return _pick_up(state, complete_at=fact.when.at)


def _escalated(state: State, fact: f.PickUpEscalated) -> State:
    for pager in fact.pagers:
        state = _tried(state, pager, f.Tried("escalated", "", fact.when.at))
    return _pick_up(state, escalated=True)


def _coverage_changed(state: State, fact: f.CoverageChanged) -> State:
    enough = fact.carried >= fact.needed
    return _pick_up(state, enough=enough, **({} if enough else {"short_s": state.house_s(fact.when)}))


def _day_ended(state: State, fact: f.DayEnded) -> State:
    return _pick_up(state, ended=True)


# --- the self-test ----------------------------------------------------------------------------------------------------


def _self_test_began(state: State, fact: f.SelfTestBegan) -> State:
    return replace(state, self_test=SelfTest(fact.on, state.house_s(fact.when)))


def _self_test_ended(state: State, fact: f.SelfTestEnded) -> State:
    assert state.self_test is not None, "it began"
    return replace(state, self_test=replace(state.self_test, ended=True))


def _refused(state: State, fact: f.Refused) -> State:
    return answered(state, fact.key, fact.when, "refused", fact.note)


EVOLVE_DAY: dict[type, Callable[[State, Any], State]] = {
    f.DutySet: _duty_set,
    f.DutySwapped: _duty_swapped,
    f.AbsenceNoted: _absence_noted,
    f.CalendarAdopted: _calendar_adopted,
    f.GapsFound: _gaps_found,
    f.PagerPlaced: _pager_placed,
    f.PagerCarried: _pager_carried,
    f.WatchBegan: _watch_began,
    f.PickUpReminded: _reminded,
    f.CheckHeld: _check_held,
    f.PickUpChecked: _checked,
    f.PagerCalled: _pager_called,
    f.PickUpResolved: _resolved,
    f.PickUpCompleted: _completed,
    f.PickUpEscalated: _escalated,
    f.CoverageChanged: _coverage_changed,
    f.DayEnded: _day_ended,
    f.SelfTestBegan: _self_test_began,
    f.SelfTestEnded: _self_test_ended,
    f.Refused: _refused,
}
