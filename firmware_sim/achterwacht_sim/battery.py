"""A battery that drains and charges. Time is an argument."""

from __future__ import annotations

FULL_PERCENT = 100.0

# From empty to full in two hours on the dock.
CHARGE_PERCENT_PER_H = 50.0

HOUR_S = 3600.0


class Battery:
    """Starts at `percent` and loses `drain_per_h` percent points an hour unless it charges."""

    def __init__(self, percent: float, drain_per_h: float) -> None:
        self._percent = percent
        self._drain_per_h = drain_per_h
        self._since_s: float | None = None
        self._charging = False

    @property
    def charging(self) -> bool:
        """Whether it hangs on the dock."""
        return self._charging

    def charge(self, charging: bool, now_s: float) -> None:
        """Put it on the dock, or take it off."""
        self.percent(now_s)
        self._charging = charging

    def set_percent(self, percent: float, now_s: float) -> None:
        """Somebody put another one in, or it is suddenly spent."""
        self._percent = percent
        self._since_s = now_s

    def percent(self, now_s: float) -> int:
        """What is left, 0 to 100."""
        since_s = now_s if self._since_s is None else self._since_s
        rate_per_h = CHARGE_PERCENT_PER_H if self._charging else -self._drain_per_h
        changed = self._percent + rate_per_h * (now_s - since_s) / HOUR_S
        self._percent = min(FULL_PERCENT, max(0.0, changed))
        self._since_s = now_s
        return round(self._percent)
