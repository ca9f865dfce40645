"""Whether a target can be reached: tests that somebody asks for, or the daily round, and what a failed one means.

A test is an order of no alarm; it rings nobody and can raise nothing. How far it came is a fact at each stage, and the
newest of each target is kept. When a daily test is due is voices.py's to say.
"""

from __future__ import annotations

from typing import Literal

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.plan import APP, CENTRE, PAGER, PUSH, WAY
from achterwacht.core.state import State
from achterwacht.core.turn import Turn


def ask(turn: Turn, heard: h.Test) -> None:
    """Somebody wants to know. The same wish again is the same test."""
    if heard.key in turn.state.outcomes:
        return
    if not turn.state.plan.knows(heard.target):
        note = "no such target in the plan"
        turn.note(f.TestAsked(turn.now, heard.key, heard.target, heard.by, "refused", note))
        return
    if not heard.by:
        _miss_the_last(turn, heard.target)
    turn.note(f.TestAsked(turn.now, heard.key, heard.target, heard.by, "accepted", ""))
    reason: f.Reason = "asked for" if heard.by else "daily test"
    order = turn.next_order("test")
    turn.note(f.Ordered(turn.now, order, "", "", 0, heard.target, "test", 1, reason))


def _miss_the_last(turn: Turn, target: str) -> None:
    """A telephone that could show the last test and did not is not proven."""
    last = turn.state.tests.get(target)
    if target.startswith(f"{PUSH}:") and last is not None and last.stage != "shown":
        turn.raise_fault(_unproven(target), "")


def handed_over(turn: Turn, target: str) -> None:
    """The carrier took a test: of a telephone that never says more, that is all the proof there is."""
    if not target.startswith(f"{PUSH}:"):
        turn.clear_fault(_unproven(target))


def failed(turn: Turn, target: str) -> None:
    """A test did not even reach the carrier. That no page is open is nothing wrong; of others there are faults."""
    if target != CENTRE and not target.startswith((f"{PAGER}:", f"{APP}:")):
        turn.raise_fault(_unproven(target), "")


def arrived(turn: Turn, order: str, target: str, stage: Literal["received", "shown"]) -> None:
    """The target itself says that it has a test, if that is its newest."""
    test = turn.state.tests.get(target)
    if test is None or test.order != order:
        if stage == "shown" and is_awaited(turn.state, order, target):  # a newer page has overtaken it
            turn.note(f.OrderShown(turn.now, order, "", target))
        return
    if test.stage not in ("received", "shown"):
        turn.note(f.OrderReceived(turn.now, order, "", target))
    if stage == "shown" and test.stage != "shown":
        turn.note(f.OrderShown(turn.now, order, "", target))
        turn.clear_fault(_unproven(target))


def is_awaited(state: State, order: str, target: str) -> bool:
    """Whether a pick-up or the self-test still waits for this silent page."""
    carried, test = state.carried.get(target.removeprefix(f"{PAGER}:")), state.self_test
    proves = carried is not None and carried.check == order and carried.proven_at is None
    return proves or (test is not None and test.orders.get(target) == order and target not in test.shown)


def _unproven(target: str) -> str:
    return f"{WAY}:{target}/unproven"
