"""A moment: both clocks read together. Knows nothing of how clocks are read (clock.py does that)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

HOUSE_ZONE = ZoneInfo("Europe/Amsterdam")
"""What clocks on the wall show; only for people, never for reckoning."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant, told twice: `mono_s` answers "how long ago", `at` answers "when"."""

    mono_s: float
    """Monotonic seconds; only comparable within one daemon boot (state.py carries it over a restart)."""

    at: datetime
    """Wall time, always UTC."""

    clock_ok: bool
    """Whether the wall clock was synchronised; the Pi's clock jumps at boot."""

    @property
    def local(self) -> datetime:
        """The wall time as people in the house read it."""
        return self.at.astimezone(HOUSE_ZONE)
