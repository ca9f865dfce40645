"""What the tests of the alarm centre share: a line, alerts, a strict judge of frames, and a clock that can be wrong."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from siadc09.message import parse_frame  # type: ignore[import-untyped]

from achterwacht.core.facts import Kind, Ordered, Reason
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Site
from achterwacht.outputs.dispatch import Alert
from achterwacht.outputs.wiring import CentreLine, Receiver

AT = datetime(2026, 11, 21, 14, 2, 33, tzinfo=UTC)
KEY = bytes(range(16))
LINE = CentreLine(receivers=(Receiver("192.0.2.10", 12000),), account="1234")


def alert(
    kind: str = "alarm", reason: str = "first press", zender: int = 7, place: str = "Balie 7", room: str = ""
) -> Alert:
    """An alert for the alarm centre."""
    when = Moment(0.0, AT, True)
    said = cast(Kind, kind), 1, cast(Reason, reason)
    ordered = Ordered(when, "o1", "7-00ff-1", "7-00ff-1", zender, "alarm_centre:pac", *said)
    return Alert(ordered, place, room, Site("Gemeente", "Plein 1"), "nl", 0, 0.0, 1)


def judged(frame: bytes, key: bytes | None = None) -> Any:
    """What siadc09 makes of a frame; it raises for anything that is not exactly right."""
    return parse_frame(frame, key)


class ShiftedClock:
    """A clock like the house's, with its wall time off by so much."""

    def __init__(self, off: timedelta = timedelta()) -> None:
        self.off = off

    def now(self) -> Moment:
        """This moment."""
        return Moment(time.monotonic(), datetime.now(UTC) + self.off, True)
