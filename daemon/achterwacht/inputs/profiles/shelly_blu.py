"""Shelly BLU buttons (Bluetooth) through a Shelly: by its gateway script, or as a component of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from achterwacht.inputs.mapping import Payload, places
from achterwacht.inputs.profiles import ONLINE, RADIO_S, Found, Profile
from achterwacht.inputs.wiring import Reading

EVENTS = "params.events[*]"
NO_BUTTON = ("0", "254")
"""BTHome: no press; the end of a long one."""

_TOPIC = re.compile(r"(?P<topic>.+)/events/rpc")


def _candidates(topic: str, payload: Payload) -> Iterator[Found]:
    if place := _TOPIC.fullmatch(topic):
        for path in ("data.address", "component"):
            for named in places(Reading("", "alive", EVENTS, path), payload):
                if isinstance(named.value, str) and not named.value.startswith(("input:", "script:")):
                    yield Found(place["topic"], named.value)


# An address is never a component: by one `input` either the one or the other is heard.
_BY_SCRIPT = (("event", "shelly-blu"), ("data.address", "{input}"))
_NATIVE = (("component", "{input}"),)

PROFILE = Profile(
    name="shelly-blu",
    about="a Shelly BLU button, heard by a Shelly",
    topic="<the Shelly that hears it>, as in its MQTT settings",
    input_is="the address of the button (bc:02:6e:c3:ce:cc), or its component (bthomedevice:200)",
    readings=(
        # One press is sent several times with one `pid`. Some buttons have none: then the window counts.
        Reading(
            "{topic}/events/rpc",
            "press",
            EVENTS,
            "data.button",
            where=_BY_SCRIPT,
            ignore=NO_BUTTON,
            counter="data.pid",
        ),
        Reading(
            "{topic}/events/rpc",
            "press",
            EVENTS,
            "event",
            where=_NATIVE,
            values=("single_push", "double_push", "triple_push", "long_push"),
        ),
        Reading("{topic}/events/rpc", "battery", EVENTS, "data.battery", where=_BY_SCRIPT),
    ),
    gateway=(
        Reading("{topic}/online", "online", values=ONLINE),
        Reading("{topic}/events/rpc", "alive"),
    ),
    candidates=_candidates,
    dedupe_s=RADIO_S,
    retained="level",
    qos=1,
)
