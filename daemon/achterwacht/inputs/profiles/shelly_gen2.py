"""Shelly from the second generation on: Plus i4, Plus 1 and their like, an input as a button or as a switch."""

from __future__ import annotations

import re
from collections.abc import Iterator

from achterwacht.inputs.mapping import Payload, places
from achterwacht.inputs.profiles import ONLINE, RADIO_S, YES, Found, Profile
from achterwacht.inputs.wiring import Reading

EVENTS = "params.events[*]"
"""Where the events of all its components stand, in what it says on `<topic>/events/rpc`."""
TOPIC = re.compile(r"(?P<topic>.+)/events/rpc")
GATEWAY = (
    Reading("{topic}/online", "online", values=ONLINE),
    Reading("{topic}/events/rpc", "alive"),
)
"""A Shelly that hears others, or is itself what has the input."""

PRESSES = ("btn_down", "single_push", "double_push", "triple_push", "long_push")
"""`btn_down` comes at once; the others wait whether more follows, and are the same press within the window."""

_STATUS = re.compile(r"(?P<topic>.+)/status/(?P<input>input:[0-9]+)")


def _candidates(topic: str, payload: Payload) -> Iterator[Found]:
    if place := _STATUS.fullmatch(topic):
        yield Found(place["topic"], place["input"])
    if place := TOPIC.fullmatch(topic):
        for component in named(payload, "component"):
            yield Found(place["topic"], component)


def named(payload: Payload, field: str) -> list[str]:
    """The texts that stand at this field of each event."""
    found = places(Reading("", "alive", EVENTS, field), payload)
    return [place.value for place in found if isinstance(place.value, str)]


PROFILE = Profile(
    name="shelly-gen2",
    input="input:0",
    input_form="input:[0-9]+",
    input_is='its component, such as "input:0"',
    readings=(
        Reading(
            "{topic}/events/rpc",
            "press",
            EVENTS,
            "event",
            where=(("component", "{input}"),),
            values=PRESSES,
            ignore=("btn_up",),
        ),
        # As a switch it has a state; as a button that is null. Needs `status_ntf`.
        Reading("{topic}/status/{input}", "press", "state", values=YES, kind="level"),
        *GATEWAY,
    ),
    gateway=GATEWAY,
    candidates=_candidates,
    dedupe_s=RADIO_S,
    retained="level",
)
