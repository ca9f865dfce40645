"""One call of decide(): the facts noted so far, and the state as they leave it. Knows how an order gets its id.

What is noted, and when, is for escalation.py and supervision.py to say.
"""

from __future__ import annotations

from collections.abc import Iterable

from achterwacht.core import facts as f
from achterwacht.core.faults import RETOLD, kind_of
from achterwacht.core.moment import Moment
from achterwacht.core.plan import CENTRE
from achterwacht.core.state import Alarm, Order, State, evolve

ROUNDING_S = 1e-6
"""House time is a sum, and sums round: else a Tick at the very moment that due() asked for might come too early."""
RINGING: tuple[f.Kind, ...] = ("alarm", "call_112")
"""The kinds of order that ring; the others are shown."""
FAULTS_MAX = 10_000
"""Faults that stand at once: more than two for each device of the largest building, and no flood of made-up ones."""


class Turn:
    """Collects facts. `now_s` is the moment in house time; `touched` the incidents that facts were noted about."""

    def __init__(self, state: State, now: Moment) -> None:
        self.state = state
        self.now = now
        self.now_s = state.house_s(now)
        self.facts: list[f.Fact] = []
        self.touched: set[str] = set()

    def note(self, fact: f.Fact) -> None:
        """One more fact; the state follows it at once."""
        self.facts.append(fact)
        self.state = evolve(self.state, fact)
        self.touched.add(getattr(fact, "incident", ""))

    def alarm(self, incident: str) -> Alarm:
        """The alarm as it is after the facts noted so far."""
        return self.state.alarms[incident]

    def order(self, alarm: Alarm, targets: Iterable[str], kind: f.Kind, reason: f.Reason) -> None:
        """Order one alert for each target."""
        for target in targets:
            earlier = _earlier(alarm, target, kind)
            attempt = earlier.attempt + 1 if earlier else 1
            order = self.next_order(alarm.incident)
            press = alarm.last_press
            self.note(f.Ordered(self.now, order, alarm.incident, press, alarm.zender, target, kind, attempt, reason))

    def next_order(self, incident: str) -> str:
        """The id of the next order; also the page's on the wire (docs/wire.md, "Pagers")."""
        return f"{incident}.{self.state.boot}.{self.state.orders + 1}"

    def raise_fault(self, key: str, detail: str) -> None:
        """Note a fault, once however often it is found; and again when what is wrong has changed."""
        if len(self.state.faults) >= FAULTS_MAX:
            key, detail = "house/flooded", ""
        standing = self.state.faults.get(key)
        if standing is None or (standing.detail != detail and kind_of(key) in RETOLD):
            self.note(f.FaultRaised(self.now, key, detail))

    def clear_fault(self, key: str) -> None:
        """Note that a fault is over, if it stood."""
        if key in self.state.faults:
            self.note(f.FaultCleared(self.now, key))


def _earlier(alarm: Alarm, target: str, kind: f.Kind) -> Order | None:
    """The newest order of this kind to this target, where those are counted."""
    if target == CENTRE:
        return alarm.centre.get(kind)
    rung = {"alarm": alarm.rings, "call_112": alarm.calls}.get(kind)
    return rung.get(target) if rung else None
