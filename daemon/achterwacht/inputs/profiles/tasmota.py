"""A Tasmota node: a button from 9.1 on (with SetOption73 1) and before, or a switch with SwitchMode 15.

Its topics are those of the default FullTopic; where that was changed, the plan gives the topic of each block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from achterwacht.inputs.mapping import Payload
from achterwacht.inputs.profiles import ONLINE, RADIO_S, Found, Profile
from achterwacht.inputs.wiring import Reading

NO_PRESS = ("", "CLEAR", "OFF")
"""After a hold; of a switch: released."""

TELE_S = 300.0
"""TelePeriod as it comes."""
MAX_SILENCE_S = 3 * TELE_S + 30
"""Two may be lost."""

_TOPIC = re.compile(r"(?:stat/(?P<stat>.+)/(?:RESULT|(?P<old>BUTTON[0-9]+))|tele/(?P<tele>.+)/SENSOR)")


def _candidates(topic: str, payload: Payload) -> Iterator[Found]:
    if (place := _TOPIC.fullmatch(topic)) is None:
        return
    if place["old"]:
        yield Found(place["stat"], place["old"].capitalize())
    elif isinstance(payload.json, dict):
        for key in payload.json:
            yield Found(place["stat"] or place["tele"], key)


PROFILE = Profile(
    name="tasmota",
    input="Button1",
    input_form="(?:Button|Switch)[0-9]+",
    input_is="Button1 or the like, or Switch1 with SwitchMode 15",
    readings=(
        Reading("stat/{topic}/RESULT", "press", "{input}.Action", ignore=NO_PRESS),
        Reading("stat/{topic}/{INPUT}", "press", "ACTION", ignore=NO_PRESS),
        Reading("tele/{topic}/SENSOR", "press", "{input}", values=("ON",), kind="level"),
        Reading("tele/{topic}/STATE", "alive"),
        Reading("tele/{topic}/LWT", "online", values=ONLINE),
    ),
    candidates=_candidates,
    dedupe_s=RADIO_S,
    retained="level",
    max_silence_s=MAX_SILENCE_S,
)
