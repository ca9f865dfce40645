"""What people are told that can wait: by the first of their ways that works, not by all at once as an alarm is.

Knows which way that is, and what follows when it fails. What is told, and to whom, is for others to say.
"""

from __future__ import annotations

from collections.abc import Iterable

from achterwacht.core import facts as f
from achterwacht.core.evolve_day import PASSED_ON
from achterwacht.core.plan import COORDINATOR, PAGER, RECEPTION, SUPERVISOR
from achterwacht.core.state import State
from achterwacht.core.supervision import barrier
from achterwacht.core.turn import Turn

NOTICES: tuple[f.Kind, ...] = ("reminder", "fault")
"""The kinds of order that are notices."""
IN_TURN = (RECEPTION, COORDINATOR, SUPERVISOR)
"""Whom to tell what somebody must know: where nobody of one role can be told, those of the next."""


def tell(turn: Turn, members: Iterable[str], kind: f.Kind, reason: f.Reason, about: tuple[str, ...]) -> list[str]:
    """Tell each of these members once. Returns those who can be told; at a desk in alarm nothing makes a sound (S9)."""
    told = []
    for member in dict.fromkeys(members):
        if _is_at_a_desk_in_alarm(turn.state, member):
            continue
        ways = ways_to(turn.state, member)
        if ways:
            told.append(member)
            if not _is_being_told(turn.state, member, reason, about):
                _order(turn, ways[0], kind, reason, about)
    return told


def tell_in_turn(turn: Turn, role: str, reason: f.Reason, about: tuple[str, ...]) -> None:
    """Tell everybody of this role what is wrong; and those of the next, while nothing is known to reach anybody."""
    for each in IN_TURN[IN_TURN.index(role) :]:
        told = tell(turn, turn.state.plan.with_role(each), "fault", reason, about)
        if any(barrier(turn.state, way) is None for member in told for way in ways_to(turn.state, member)):
            return


def _is_at_a_desk_in_alarm(state: State, member: str) -> bool:
    return any(member in alarm.plan.staff(alarm.zender) for alarm in state.alarms.values() if not alarm.drill)


def ways_to(state: State, member: str) -> list[str]:
    """By what a member can be told now: a pager that they carry, then their telephones in order of cost."""
    return _best(state, state.plan.ways_to(member))


def _best(state: State, ways: Iterable[str]) -> list[str]:
    at_hand = [way for way in ways if _is_at_hand(state, way)]
    return [way for way in at_hand if barrier(state, way) is None] or at_hand


def _is_at_hand(state: State, way: str) -> bool:
    """Whether nothing says that this pager hangs in its dock. A telephone is always at hand."""
    channel, _, pager = way.partition(":")
    if channel != PAGER or state.plan.morning is None:
        return True
    carried, placed = state.carried.get(pager), state.places.get(pager)
    return carried is not None and carried.proven_at is not None and not (placed and placed.place == "docked")


def failed(turn: Turn, ordered: f.Ordered) -> None:
    """A notice did not get through: by the next way of the same person, or to whoever must know it instead."""
    plan = turn.state.plan
    member = plan.member(plan.person(ordered.target))
    ways = plan.ways_to(member.id) if member else ()
    later = _best(turn.state, ways[ways.index(ordered.target) + 1 :] if ordered.target in ways else ())
    if later:
        _order(turn, later[0], ordered.kind, ordered.reason, ordered.about)
    elif ordered.reason in PASSED_ON:
        next_role = max((IN_TURN.index(role) + 1 for role in IN_TURN if member and role in member.roles), default=0)
        for role in IN_TURN[next_role : next_role + 1]:
            tell_in_turn(turn, role, ordered.reason, ordered.about)


def _is_being_told(state: State, member: str, reason: f.Reason, about: tuple[str, ...]) -> bool:
    """Whether the very same is on its way to them."""
    orders = (order for order in state.outbox.values() if (order.reason, order.about) == (reason, about))
    return any(state.plan.person(order.target) == member for order in orders)


def _order(turn: Turn, target: str, kind: f.Kind, reason: f.Reason, about: tuple[str, ...]) -> None:
    order = turn.next_order("notice")
    turn.note(f.Ordered(turn.now, order, "", "", 0, target, kind, 1, reason, about=about))
