"""When the certificate of these pages ends: told before, or one night every screen and telephone stays shut.

Knows dates and the reasons that they become beside the core's. The files are certificate.py's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from achterwacht.core.moment import HOUSE_ZONE, Moment
from achterwacht.core.readiness import Readiness, Reason

AHEAD = timedelta(days=30)
"""So long before it is told: whoever runs the network may need weeks for another one."""

Trouble = Literal[
    "dashboard/certificate ends",
    "dashboard/certificate over",
    "dashboard/certificate unknown",
    "dashboard/authority ends",
    "dashboard/authority over",
]
"""What can be wrong with what https is served with: a key beside those of the core's reasons."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The end of the certificate that browsers are given. `at` None: it could not be read."""

    at: datetime | None
    of_authority: bool = False
    """Whether the house's own authority ends with it, or so soon after that another certificate is of little use."""

    def is_over(self, now: Moment) -> bool:
        """Whether browsers refuse it by now."""
        return self.at is not None and now.at >= self.at


def reason(ends: Ends, now: Moment) -> Reason | None:
    """What there is to tell of it now; None while it is good for long."""
    if ends.at is None:
        return Reason("dashboard/certificate unknown")
    if now.at < ends.at - AHEAD:
        return None
    on = f"{ends.at.astimezone(HOUSE_ZONE):%d-%m-%Y}"
    if ends.is_over(now):
        return Reason("dashboard/authority over" if ends.of_authority else "dashboard/certificate over", on)
    return Reason("dashboard/authority ends" if ends.of_authority else "dashboard/certificate ends", on)


def with_ending(house: Readiness, ends: Ends | None, now: Moment) -> Readiness:
    """How the house stands, with that. Once it has ended a page that is loaded anew shows nothing, and no telephone can
    answer: not ready, and the first reason. Before, it is the last one."""
    if ends is None or (told := reason(ends, now)) is None:
        return house
    if ends.is_over(now):
        return replace(house, light="not ready", reasons=(told, *house.reasons))
    light = "limited" if house.light == "ready" else house.light
    return replace(house, light=light, reasons=(*house.reasons, told))
