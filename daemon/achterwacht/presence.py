"""When each device was last heard, and who has been silent for too long. Not journalled: a heartbeat is no fact.

Looks once a second; what a silence means is for the core (supervision.py). A device's patience runs only while it
could be heard: not while its gateway or the broker is down, and not while we ourselves were held up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from achterwacht.core import heard as h
from achterwacht.core.evolve import is_another
from achterwacht.core.plan import EMPTY_PLAN, GATEWAY, PAGER, ZENDER, Plan
from achterwacht.core.state import State
from achterwacht.core.supervision import SELDOM_S, in_plan, is_missed, max_silence_s, was_heard, way, way_down

LOOK_EVERY_S = 1.0
"""With it the silence that the plan allows, 25 s, is a fault within the 30 s that are promised."""
HELD_UP_S = 3.0
"""A look that comes so long after the last one proves that we did not listen."""
FIRST_WORD_S = 60.0
"""By then a device that was never heard should have been. Its installer stands beside it and presses it."""


class Presence:
    """All times in monotonic seconds of this boot."""

    def __init__(self) -> None:
        self._heard_s: dict[str, float] = {}
        self._patience_s: dict[str, float] = {}
        """From when a silence counts."""
        self._spared: dict[str, bool] = {}
        """Whose way went down since they spoke last; and whether that was the first time."""
        self._down: set[tuple[str, ...]] = set()
        """The ways that were down at the last look."""
        self._plan = EMPTY_PLAN
        self._watched: dict[tuple[str, ...], list[tuple[str, float | None]]] = {}
        """The plan's devices and for how long each may be silent, by what may be wrong on their way to us.

        Reckoned once a plan: a look at two thousand of them must not hold up a press.
        """
        self._looked_s: float | None = None

    def heard(self, plan: Plan, heard: h.Heard, now_s: float) -> None:
        """Note who spoke, if it was a device of the plan, and now."""
        self._follow(plan)
        device = speaker(heard)
        if device and in_plan(plan, device):
            self._heard_s[device] = self._patience_s[device] = now_s
            self._spared.pop(device, None)

    def ages(self, now_s: float) -> dict[str, float]:
        """How long ago each device was heard, in seconds, of those that were heard since this daemon began."""
        return {device: now_s - heard_s for device, heard_s in self._heard_s.items()}

    def look(self, state: State, now_s: float) -> tuple[str, ...]:
        """Who has been silent for too long, and is not known to be. Call it once a second."""
        self._follow(state.plan)
        if self._looked_s is None:
            self._begin(state)
            self._looked_s = now_s
        passed_s, self._looked_s = now_s - self._looked_s, now_s
        late: list[str] = []
        for keys, devices in self._watched.items():
            if passed_s > HELD_UP_S or any(key in state.faults for key in keys):
                self._stand_still(devices, now_s, passed_s, begins=keys not in self._down)
                self._down.add(keys)
            else:
                self._down.discard(keys)
                late.extend(device for device, limit_s in devices if self._is_late(state, device, limit_s, now_s))
        return tuple(late)

    def _follow(self, plan: Plan) -> None:
        """Whoever has left the plan, or is another device in it now, has not been silent yet."""
        if plan is self._plan:
            return
        for device in [device for device in self._patience_s if is_another(device, self._plan, plan)]:
            del self._patience_s[device]
            self._heard_s.pop(device, None)
            self._spared.pop(device, None)
        self._plan = plan
        self._watched = {}
        for device, limit_s in _limits(plan):
            self._watched.setdefault(tuple(way(plan, device)), []).append((device, limit_s))

    def _begin(self, state: State) -> None:
        """Who may be silent for hours goes on from before the restart: else a daily one would make it for ever.

        Not who cannot be heard now: for how long already, nobody remembers.
        """
        for device, limit_s in _limits(state.plan):
            known = state.devices.get(device)
            if known and known.seen_at and limit_s and limit_s > SELDOM_S and not way_down(state, device):
                self._patience_s.setdefault(device, known.quiet_from_s - state.offset_s)

    def _stand_still(
        self, devices: Iterable[tuple[str, float | None]], now_s: float, passed_s: float, begins: bool
    ) -> None:
        """Who speaks every few seconds begins anew, once: a way that comes and goes must not hide a death for ever. Who
        speaks seldom goes on from where it was.
        """
        for device, limit_s in devices:
            if device not in self._spared:  # also who was heard, or came into the plan, while it was down already
                self._spared[device] = True
            elif begins:
                self._spared[device] = False
            since_s = self._patience_s.get(device, now_s)
            seldom = limit_s is not None and limit_s > SELDOM_S
            anew = self._spared[device] and not seldom
            self._patience_s[device] = now_s if anew else min(now_s, since_s + passed_s)

    def _is_late(self, state: State, device: str, limit_s: float | None, now_s: float) -> bool:
        allowed_s = limit_s if was_heard(state, device) else min(FIRST_WORD_S, limit_s or FIRST_WORD_S)
        since_s = self._patience_s.setdefault(device, now_s)
        return allowed_s is not None and now_s - since_s >= allowed_s and not is_missed(state, device)


def speaker(heard: h.Heard) -> str | None:
    """The device that has just said this; None when none did."""
    match heard:
        case h.Telemetry():
            return heard.device if heard.live else None
        case h.Status():
            return heard.device if heard.live and heard.online else None
        case h.Pressed():
            return f"{ZENDER}:{heard.zender}"
        case h.Receipt():
            return f"{PAGER}:{heard.pager}"
        case h.Answer() if heard.boot:
            return f"{PAGER}:{heard.pager}"
    return None


def _limits(plan: Plan) -> Iterator[tuple[str, float | None]]:
    """Every device of the plan, and for how long it may be silent."""
    for zender in plan.zenders:
        yield f"{ZENDER}:{zender.nr}", zender.max_silence_s
    for pager in plan.pagers:
        if not pager.base:  # a bought one says nothing
            yield f"{PAGER}:{pager.id}", max_silence_s(plan, f"{PAGER}:{pager.id}")
    for gateway in plan.gateways:
        if gateway.on_mqtt:  # whoever reads the others tells of them
            yield f"{GATEWAY}:{gateway.id}", gateway.max_silence_s
