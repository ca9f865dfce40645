"""The kinds of fault that there are, by name. What each means and what to do about it is told in outputs/texts.

A fault's key is `<of>/<kind>`, with its device's name for `<of>` where it has one: `zender:7/silent`, `broker/link`.
Its kind is the same without the device's own number: `zender/silent`.
"""

from __future__ import annotations

from achterwacht.core.plan import BASE, CALENDAR, CHANNEL, DOCK, GATEWAY, PAGER, RECEIVER, WAY, ZENDER

DEVICES = (ZENDER, PAGER, GATEWAY)
CARRIERS = (BASE, CHANNEL, WAY, RECEIVER)
"""What has faults of its own, and says nothing itself."""

PHONES_DOWN = "phones/process"
"""The trouble that stands while nothing can go to any telephone from here."""

CENTRE_AWAY = "alarm_centre/offline"
CENTRE_FAULTS = (CENTRE_AWAY, "alarm_centre/refused", "alarm_centre/key")

MORNING_FAULTS = ("pager/dock", "pager/self-test", "house/self-test")

END_BY_THEMSELVES = frozenset(
    {
        *(f"{of}/{kind}" for of in DEVICES for kind in ("offline", "silent", "never seen")),
        *(f"{of}/{kind}" for of in DEVICES for kind in ("battery low", "battery empty", "tamper")),
        *("zender/line cut", "zender/line short", "zender/stuck", "zender/pin"),
        "gateway/deaf",
        *("broker/link", "broker/canary", "broker/subscriptions", "broker/password"),
        *("journal/disk", "journal/people"),
        *("plan/invalid", "plan/broker", "plan/remembered"),
        *("base/offline", "base/transmitter", "base/refusing"),
        *("channel/failing", "way/failing", "way/unregistered", "way/unproven", PHONES_DOWN),
        *("receiver/offline", *CENTRE_FAULTS),
        *("clock/unsynchronised", "link/socket", "link/dashboard"),
        f"{DOCK}/pin",
        *(*MORNING_FAULTS, "zender/test overdue"),
        *(f"{CALENDAR}/{kind}" for kind in ("failing", "not understood")),
    }
)
"""Whoever tells such a fault also tells when it is over."""

RETOLD = frozenset(
    {
        *(
            "gateway/offline",
            "base/offline",
            "base/transmitter",
            "base/refusing",
            "channel/failing",
            "way/failing",
            PHONES_DOWN,
        ),
        *("receiver/offline", *CENTRE_FAULTS),
        *(f"{CALENDAR}/{kind}" for kind in ("failing", "not understood")),
        "plan/invalid",
        *(f"{of}/{kind}" for of in DEVICES for kind in ("battery low", "battery empty")),
    }
)
"""Of such a fault it matters what exactly is wrong: it is told anew when that has changed."""

STAND = frozenset(
    {
        *(f"{of}/malformed" for of in (*DEVICES, DOCK, "mqtt")),
        *(f"{of}/retained" for of in (ZENDER, PAGER, "mqtt")),
        *(f"{of}/two boots" for of in (ZENDER, PAGER)),
        *(f"{of}/unknown" for of in DEVICES),
        "base/malformed",
        "zender/qos 0",
        *(f"{of}/unsteady" for of in (*DEVICES, DOCK)),
        *("budget/handed_over", "budget/durable", "budget/shown"),
        *("journal/corrupt", "journal/not understood"),
        *("daemon/bug", "house/flooded"),
    }
)
"""Such a fault tells that something has happened. Nothing tells that it will not again: it stands until a person has
acknowledged it, also over a restart."""

KINDS = END_BY_THEMSELVES | STAND

MISSING = ("offline", "silent", "never seen")
"""The kinds of fault that say that a device is not there."""


def kind_of(key: str) -> str:
    """`zender:7/silent` is a `zender/silent`."""
    of, _, kind = key.partition("/")
    return f"{of.partition(':')[0]}/{kind}"


def keeps_orders_back(key: str) -> bool:
    """Whether this fault, while it stands, may keep orders from people: of a paging base or a way to telephones."""
    return key.partition(":")[0] in (BASE, CHANNEL, WAY) or key == PHONES_DOWN


def device_of(key: str) -> str:
    """The device that a fault is of; empty where it is not of one device."""
    of = key.partition("/")[0]
    return of if ":" in of else ""
