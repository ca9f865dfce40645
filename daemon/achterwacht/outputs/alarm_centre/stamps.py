"""Whether the times in a receiver's acknowledgements go on as a clock does: one that was recorded does not.

Pure. Nothing else in an encrypted acknowledgement is secret: its number stands outside.
"""

from __future__ import annotations

from datetime import datetime

STEP_MAX_S = 60.0
"""What is further than this from what the last ones lead to expect is refused."""
DRIFT_MAX_S = 1.0
"""Expectation follows by so much with each acknowledgement: far more than a clock drifts between two, and far less than
the time between two, so that one that is repeated over and over is soon too old."""
BELIEVED_AGAIN_S = 3600.0
"""A clock that was set, or takes summer time for UTC, is believed anew after this; it was a fault for as long."""


class Stamps:
    """The times that one receiver tells. The first one is believed: its clock may be wrong."""

    def __init__(self) -> None:
        self._ahead_s: float | None = None
        """Its clock, before our monotonic one: setting ours changes nothing."""
        self._refused_s: float | None = None
        """Since when each is refused."""

    def fault(self, at: datetime | None, now_s: float) -> str:
        """Why an acknowledgement with this time is not believed at this monotonic moment; empty when it is."""
        if at is None:
            return "" if self._ahead_s is None else "acknowledges without its time, which it told before"
        ahead_s = at.timestamp() - now_s
        if self._ahead_s is None:
            self._ahead_s = ahead_s
        off_s = ahead_s - self._ahead_s
        if abs(off_s) <= STEP_MAX_S:
            self._ahead_s += max(-DRIFT_MAX_S, min(off_s, DRIFT_MAX_S))
            self._refused_s = None
            return ""
        if self._refused_s is None:
            self._refused_s = now_s
        if now_s - self._refused_s >= BELIEVED_AGAIN_S:
            self._ahead_s, self._refused_s = ahead_s, None
            return ""
        where = "behind" if off_s < 0 else "ahead of"
        return (
            f"acknowledges with a time {abs(off_s):.0f} s {where} its own clock: "
            "somebody repeats an old answer, or its clock was set"
        )
