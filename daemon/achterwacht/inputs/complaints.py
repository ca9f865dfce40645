"""Faults that come with every bad message: told now and then, counted always, never a letter a message.

Such a fault stands until a person acknowledges it. While its cause goes on it is told again from time to time: so it
comes back after it was acknowledged too soon.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from achterwacht.core import heard as h

TELL_AGAIN_S = 10.0
"""Soon enough for whoever has just acknowledged it; a flood of nonsense costs the core nothing."""
COUNTED_MAX = 1000
"""Faults that are counted apart: more than any building has at once, fewer than a flood brings."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Count:
    times: int = 0
    told_s: float = -TELL_AGAIN_S


class Complaints:
    """One for each input. `others` is the key under which everything beyond COUNTED_MAX is told."""

    def __init__(self, others: str) -> None:
        self._others = others
        self._counts: dict[str, _Count] = {}

    def about(self, fault: str, detail: str, now_s: float) -> h.Trouble | None:
        """Count one more of this fault; the trouble to tell, or None while it was told not long ago."""
        if fault not in self._counts and len(self._counts) >= COUNTED_MAX:
            fault = self._others
        count = self._counts.setdefault(fault, _Count())
        count.times += 1
        if count.times & (count.times - 1) == 0:  # 1, 2, 4, 8 …: the log tells how many without filling the disk
            log.warning("%s: no. %s of this kind: %s", fault, count.times, detail)
        if now_s - count.told_s < TELL_AGAIN_S:
            return None
        count.told_s = now_s
        return h.Trouble(fault, detail)

    def times(self, fault: str) -> int:
        """How often there was reason for this one."""
        count = self._counts.get(fault)
        return count.times if count else 0
