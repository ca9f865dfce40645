"""A bad wire between a node and the broker: it drops, doubles, delays and reorders, by a seeded chance.

Pure: time is an argument. Dying and rebooting are the node's own (node.py), as they lose more than messages.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass
from typing import Generic, TypeVar

# A message that is held back for this long is overtaken by those behind it.
REORDER_S = 0.05

# What fits on the wire. More than this at once is lost, as it would be.
MAX_HELD = 1000


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances from 0 to 1 for each message. A delayed one comes up to `delay_s` later."""

    drop: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    delay_s: float = 0.3
    reorder: float = 0.0


NO_FAULTS = Faults()

T = TypeVar("T")


class Wire(Generic[T]):
    """One direction. Put messages in with `send`; `take` gives those that have arrived."""

    def __init__(self, faults: Faults, rng: random.Random) -> None:
        self._faults = faults
        self._rng = rng
        # When it arrives, its turn among equals, the message.
        self._held: list[tuple[float, int, T]] = []
        self._turn = 0

    def send(self, message: T, now_s: float) -> None:
        """One message enters the wire."""
        if self._happens(self._faults.drop):
            return
        self._hold(message, now_s)
        if self._happens(self._faults.duplicate):
            self._hold(message, now_s)

    def due(self) -> float | None:
        """When the next message arrives."""
        return self._held[0][0] if self._held else None

    def take(self, now_s: float) -> list[T]:
        """What has arrived by now, in the order of arrival."""
        arrived = []
        while self._held and self._held[0][0] <= now_s:
            arrived.append(heapq.heappop(self._held)[2])
        return arrived

    def clear(self) -> None:
        """The wire was cut: what was on it is lost."""
        self._held.clear()

    def _hold(self, message: T, now_s: float) -> None:
        if len(self._held) >= MAX_HELD:
            return
        late_s = self._rng.uniform(0, self._faults.delay_s) if self._happens(self._faults.delay) else 0.0
        late_s += REORDER_S if self._happens(self._faults.reorder) else 0.0
        self._turn += 1
        heapq.heappush(self._held, (now_s + late_s, self._turn, message))

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self._rng.random() < chance
