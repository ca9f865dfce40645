"""What the alarm centre is told, in its own codes (docs/alarm-centre.md): SIA-DCS (DC-03) or Contact ID (DC-05).

Knows codes, zones and texts. Never tells a name, and never that the police are coming: whether to send them is decided
there. The frame around it is frames.py's.
"""

from __future__ import annotations

from dataclasses import dataclass

from achterwacht.core.plain_ascii import plain_ascii
from achterwacht.errors import Undeliverable
from achterwacht.outputs.dispatch import Alert
from achterwacht.outputs.wiring import CentreLine

TEXT_MAX = 80
"""Place and room with much room to spare; whole frames stay far below the 1000 bytes that receivers read at once."""
CID_ZONE_MAX = 999
"""Three digits, so a zender with a longer number is zone 000 there, and its number is told in words."""
URGENT = frozenset({"alarm", "confirmed"})
"""The kinds of order that somebody waits for; everything else lets them pass."""

# What ends or divides something in a frame, and its likeness that does not.
_HARMLESS = str.maketrans({"[": "(", "]": ")", "|": "-", "/": "-", "^": " ", '"': "'"})


@dataclass(frozen=True, slots=True)
class Event:
    """One event in both codes; in Contact ID the qualifier comes first: 1 begins, 3 ends."""

    dcs: str
    cid: str
    word: str = ""
    """What its text begins with."""
    has_zone: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """The data of a frame, and its extended data."""

    data: str
    extended: tuple[str, ...] = ()


# By what a hold-up is reported as.
_HOLD_UP = {
    "HA": {"alarm": Event("HA", "1122"), "over": Event("HH", "3122")},
    "PA": {"alarm": Event("PA", "1120"), "over": Event("PH", "3120")},
}
# SIA-DCS has no code for a confirmed hold-up, so its text has to say it.
_CONFIRMED_CID = "1129"
_CONFIRMED_WORD = "BEVESTIGD"
_DAILY_TEST = Event("RP", "1602", has_zone=False)
_TEST_BY_HAND = Event("RX", "1601", has_zone=False)
_TROUBLES = {
    ("trouble", "battery low"): Event("XT", "1384"),
    ("trouble_over", "battery low"): Event("XR", "3384"),
    ("trouble", "missing"): Event("BZ", "1381"),
    ("trouble_over", "missing"): Event("BJ", "3381"),
}


def report(line: CentreLine, alert: Alert) -> Report:
    """What to tell for this alert. Raises Undeliverable (permanent) when there is no code for it."""
    ordered = alert.ordered
    event = _event(line.code, ordered.kind, ordered.reason)
    if event is None:
        raise Undeliverable(f"an alarm centre is not told this: {ordered.kind}, {ordered.reason}", permanent=True)
    zone = ordered.zender if event.has_zone else 0
    where = ", ".join(filter(None, (alert.place, alert.room))) if event.has_zone else ""
    if line.protocol == "SIA-DCS":
        text = _text(event.word, where)
        return Report(
            f"#{line.account}|Nri{line.area}/{event.dcs}"
            + (f"{zone:03d}" if event.has_zone else "")
            + (f"^{text}^" if text else "")
        )
    data = f"#{line.account}|{event.cid} {line.area:0>2} "
    if zone <= CID_ZONE_MAX:
        return Report(f"{data}{zone:03d}")
    return Report(f"{data}000", (f"I{_text(str(zone), where)}",))


def _event(code: str, kind: str, reason: str) -> Event | None:
    hold_up = _HOLD_UP[code]
    if kind == "confirmed":
        return Event(hold_up["alarm"].dcs, _CONFIRMED_CID, _CONFIRMED_WORD)
    if kind == "test":
        return _DAILY_TEST if reason == "daily test" else _TEST_BY_HAND
    return hold_up.get(kind) or _TROUBLES.get((kind, reason))


def _text(word: str, where: str) -> str:
    """Plain ASCII in which nothing ends the frame early."""
    return plain_ascii(" ".join(filter(None, (word, where)))).translate(_HARMLESS)[:TEXT_MAX].strip()
