"""That an alarm is over must reach every pager that shows it: told again until it is received (docs/wire.md, "Pagers").

Knows when a pager is told again, and when that is given up. What ends an alarm is escalation.py's to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.evolve import over_key
from achterwacht.core.state import State
from achterwacht.core.turn import ROUNDING_S, Turn

OVER_AGAIN_S = 10.0
"""How long a pager may take to say that it received `over`, before it is told again."""
OVER_TIMES = 30
"""How often it is told, in five minutes; then once more when the pager, or our link to the broker, comes back."""


def again_s(state: State, over: f.Ordered) -> float | None:
    """When a pager that has not said it received `over` is told again, in house time; None while that would be in vain.

    While the order is still in the outbox, dispatch is trying: telling again would use up the times for nothing.
    """
    device = state.devices.get(over.target)
    if over.attempt >= OVER_TIMES or over.order in state.outbox or (device is not None and not device.online):
        return None
    return state.house_s(over.when) + OVER_AGAIN_S


def tell_late(turn: Turn, heard: h.Tick) -> None:
    """Tells again what has waited long enough, among the incidents of this Tick."""
    for over in list(turn.state.untold.values()):
        if heard.incidents is None or over.incident in heard.incidents:
            when_s = again_s(turn.state, over)
            if when_s is not None and when_s <= turn.now_s + ROUNDING_S:
                _tell(turn, over, over.attempt + 1, "not received")


def tell_anew(turn: Turn, reason: f.Reason, concerned: Callable[[f.Ordered], bool] = lambda over: True) -> None:
    """Something has changed that may have kept it from arriving: tells at once, and counts from one."""
    for over in [over for over in turn.state.untold.values() if concerned(over)]:
        _tell(turn, over, 1, reason)


def _tell(turn: Turn, over: f.Ordered, attempt: int, reason: f.Reason) -> None:
    order = turn.next_order(over.incident)
    turn.note(replace(over, when=turn.now, order=order, attempt=attempt, reason=reason))


def received(turn: Turn, heard: h.Receipt, incident: str, target: str) -> None:
    """A pager has it. `incident` is our name for what it speaks of; of one that was merged it knows its own name."""
    for key in (over_key(incident, target), over_key(heard.incident, target)):
        over = turn.state.untold.get(key)
        if over and over.order == heard.order:
            turn.note(f.OrderReceived(turn.now, over.order, over.incident, target))
