"""An ESPHome node with a binary sensor. It repeats its last state at every connect, retained: a level, not an event."""

from __future__ import annotations

import re
from collections.abc import Iterator

from achterwacht.inputs.mapping import Payload
from achterwacht.inputs.profiles import CONTACT_S, ONLINE, Found, Profile
from achterwacht.inputs.wiring import Reading

_TOPIC = re.compile(r"(?P<topic>.+)/binary_sensor/(?P<input>[^/]+)/state")


def _candidates(topic: str, payload: Payload) -> Iterator[Found]:
    if place := _TOPIC.fullmatch(topic):
        yield Found(place["topic"], place["input"])


PROFILE = Profile(
    name="esphome",
    input_form="[a-z0-9_-]+",
    input_is="the name of the binary sensor as its topic has it: small letters, digits, - and _",
    readings=(
        Reading("{topic}/binary_sensor/{input}/state", "press", values=("ON",), kind="level"),
        Reading("{topic}/status", "online", values=ONLINE),
    ),
    candidates=_candidates,
    dedupe_s=CONTACT_S,
    retained="level",
)
