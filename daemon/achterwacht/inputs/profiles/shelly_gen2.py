"""Shelly from the second generation on: Plus i4, Plus 1 and their like, an input as a button or as a switch."""

from __future__ import annotations

import re
from collections.abc import Iterator

from achterwacht.inputs.mapping import Payload, places
from achterwacht.inputs.profiles import ONLINE, RADIO_S, YES, Found, Profile
from achterwacht.inputs.wiring import Reading

PRESSES = ("btn_down", "single_push", "double_push", "triple_push", "long_push")
"""`btn_down` comes at once; the others wait whether more follows, and are the same press within the window."""

_EVENTS = re.compile(r"(?P<topic>.+)/events/rpc")
_STATUS = re.compile(r"(?P<topic>.+)/status/(?P<input>input:[0-9]+)")


def _candidates(topic: str, payload: Payload) -> Iterator[Found]:
    if place := _STATUS.fullmatch(topic):
        yield Found(place["topic"], place["input"])
    if place := _EVENTS.fullmatch(topic):
        for component in components(payload):
            if component.startswith("input:"):
                yield Found(place["topic"], component)


def components(payload: Payload) -> list[str]:
    """The components that a list of events names."""
    named = Reading("", "alive", "params.events[*]", "component")
    return [place.value for place in places(named, payload) if isinstance(place.value, str)]


PROFILE = Profile(
    name="shelly-gen2",
    about="an input of a Shelly Plus, Pro or newer",
    topic="<device>, as in its MQTT settings",
    input="input:0",
    input_is="its component, such as input:0",
    readings=(
        Reading(
            "{topic}/events/rpc",
            "press",
            "params.events[*]",
            "event",
            where=(("component", "{input}"),),
            values=PRESSES,
            ignore=("btn_up",),
        ),
        # As a switch it has a state; as a button that is null. Needs `status_ntf`.
        Reading("{topic}/status/{input}", "press", "state", values=YES, kind="level"),
        Reading("{topic}/events/rpc", "alive"),
        Reading("{topic}/online", "online", values=ONLINE),
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
