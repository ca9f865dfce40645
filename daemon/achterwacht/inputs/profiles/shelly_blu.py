"""Shelly BLU buttons (Bluetooth) through a Shelly: by its gateway script, or as a component of its own."""

from __future__ import annotations

from collections.abc import Iterator

from achterwacht.inputs.mapping import Payload
from achterwacht.inputs.profiles import RADIO_S, Found, Profile
from achterwacht.inputs.profiles.shelly_gen2 import EVENTS, GATEWAY, TOPIC, named
from achterwacht.inputs.wiring import Reading

NO_BUTTON = ("0", "254")
"""BTHome: no press; the end of a long one."""


def _candidates(topic: str, payload: Payload) -> Iterator[Found]:
    if place := TOPIC.fullmatch(topic):
        for input in (*named(payload, "data.address"), *named(payload, "component")):
            yield Found(place["topic"], input)


# An address is never a component: by one `input` either the one or the other is heard.
_BY_SCRIPT = (("event", "shelly-blu"), ("data.address", "{address}"))
_NATIVE = (("component", "{input}"),)

PROFILE = Profile(
    name="shelly-blu",
    input_form="(?i:[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5})|bthome(?:device|sensor):[0-9]+",
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
    gateway=GATEWAY,
    candidates=_candidates,
    dedupe_s=RADIO_S,
    retained="level",
)
