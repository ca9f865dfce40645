"""When each open alarm is to be looked at again. With a thousand open, only those are asked that something happened to.

What an alarm waits for is escalation.due's to say; this only remembers the answers.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.escalation import due
from achterwacht.core.faults import keeps_orders_back
from achterwacht.core.plan import PAGER
from achterwacht.core.state import State

LATE_AT_ONCE = 32
"""A step of so many alarms is ordered in some ten milliseconds; a press that comes then goes between."""


class Timers:
    """By incident: the next moment, in monotonic seconds of this boot."""

    def __init__(self) -> None:
        self._due_s: dict[str, float] = {}

    @property
    def first_s(self) -> float:
        """The next moment of all; infinite while nothing is waited for."""
        return min(self._due_s.values(), default=math.inf)

    def late(self, now_s: float) -> tuple[str, ...]:
        """The incidents whose moment has come, the longest late first, no more at once than a press can wait for."""
        late = ((due_s, incident) for incident, due_s in self._due_s.items() if due_s <= now_s)
        return tuple(incident for _, incident in heapq.nsmallest(LATE_AT_ONCE, late))

    def follow(self, state: State, heard: h.Heard, facts: Iterable[f.Fact]) -> None:
        """What these facts changed. A start, or a target that comes or goes, may change what any of them waits for."""
        changed = {getattr(fact, "incident", "") for fact in facts}
        if isinstance(heard, h.Tick):
            changed.update(heard.incidents or ())
        if any(isinstance(fact, f.DaemonStarted) or _is_of_a_target(fact) for fact in facts):
            changed.update(self._due_s, state.alarms, (over.incident for over in state.untold.values()))
        for incident in changed:
            due_s = due(state, incident)
            if due_s is None:
                self._due_s.pop(incident, None)
            else:
                self._due_s[incident] = due_s


def _is_of_a_target(fact: f.Fact) -> bool:
    if isinstance(fact, f.FaultRaised | f.FaultCleared):
        return keeps_orders_back(fact.key)
    if isinstance(fact, f.DeviceSeen | f.DeviceMeasured):
        return fact.device.startswith(f"{PAGER}:")
    return isinstance(fact, f.PagerPlaced | f.PagerCarried | f.WatchBegan)
