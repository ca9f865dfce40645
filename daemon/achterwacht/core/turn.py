"""One call of decide(): the facts noted so far, and the state as they leave it. Knows how an order gets its id.

What is noted, and when, is for escalation.py and supervision.py to say.
"""

from __future__ import annotations

from collections.abc import Iterable

from achterwacht.core import facts as f
from achterwacht.core.evolve import evolve
from achterwacht.core.faults import RETOLD, kind_of
from achterwacht.core.moment import Moment
from achterwacht.core.plan import CENTRE
from achterwacht.core.state import Alarm, Order, State

ROUNDING_S = 1e-6
"""House time is a sum, and sums round: else a Tick at the very moment that due() asked for might come too early."""
RINGING: tuple[f.Kind, ...] = ("alarm", "call_112", "drill")
"""The kinds of order that ring; the others are shown."""
OWN_PRESSES_FROM = 1_000_000_000
"""Contacts and bought buttons, whose presses are counted here, count from 1."""
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

    def raise_alarm(self, press: str, zender: int, heard_s: float, age_ms: int, reason: f.Reason) -> None:
        """This press, which no open alarm knows, begins one. `heard_s`: monotonic seconds."""
        place = self.state.plan.place(zender)
        self.note(f.AlarmRaised(self.now, press, press, zender, place, heard_s, age_ms, reason))

    def own_press(self, zender: int) -> str:
        """The id of a press that no button made: no other of this boot counts as far (docs/wire.md, "Press")."""
        return f"{zender}-{self.state.boot}-{OWN_PRESSES_FROM + self.state.n}"

    def order(self, alarm: Alarm, targets: Iterable[str], kind: f.Kind, reason: f.Reason) -> None:
        """Order one alert for each target. What rings in a drill says that it is one."""
        if alarm.drill and kind == "alarm":
            kind = "drill"
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
    rung = {"alarm": alarm.rings, "drill": alarm.rings, "call_112": alarm.calls}.get(kind)
    return rung.get(target) if rung else None
