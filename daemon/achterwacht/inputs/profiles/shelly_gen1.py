"""Shelly of the first generation: Button1, i3. A press counts up `event_cnt`, so a repeated message is harmless."""

from __future__ import annotations

import re
from collections.abc import Iterator

from achterwacht.inputs.mapping import Payload
from achterwacht.inputs.profiles import RADIO_S, Found, Profile
from achterwacht.inputs.wiring import Reading

_TOPIC = re.compile(r"(?P<topic>.+)/input_event/(?P<input>[0-9]+)")


def _candidates(topic: str, payload: Payload) -> Iterator[Found]:
    if place := _TOPIC.fullmatch(topic):
        yield Found(place["topic"], place["input"])


PROFILE = Profile(
    name="shelly-gen1",
    input="0",
    input_form="[0-9]+",
    input_is='the number of the input, such as "0"',
    readings=(
        # Empty at start: no event yet.
        Reading("{topic}/input_event/{input}", "press", "event", ignore=("",), counter="event_cnt"),
        Reading("{topic}/sensor/battery", "battery"),
        # Not `<topic>/online`: the battery button sleeps, and is offline then.
    ),
    candidates=_candidates,
    dedupe_s=RADIO_S,
    retained="level",
)
