"""Zigbee buttons through Zigbee2MQTT, whatever their make: `<base>/<friendly name>`, always a JSON object."""

from __future__ import annotations

from collections.abc import Iterator

from achterwacht.inputs.mapping import Payload
from achterwacht.inputs.profiles import ONLINE, YES, Found, Profile
from achterwacht.inputs.wiring import Reading

NO_PRESS = (
    "",  # with legacy_action_sensor a second message follows at once
    "release",
    "off",  # HS1EB: at rest again
    "brightness_stop",
    *(
        f"{endpoint}_{end}"
        for endpoint in "1234"
        for end in ("short_release", "long_release", "release", "hold_release")
    ),
    *("hold_release", "button_release", "brightness_move_stop", "dimmer_stop"),
    *("disarm", "arm_day_zones", "arm_night_zones", "arm_all_zones"),  # a keypad that also has a panic button
)
"""What a button says that is not being pressed. An action that nobody has heard of is a press."""

PASSIVE_S = 25 * 3600.0
"""Zigbee2MQTT itself gives a battery device up after this; many check in hourly, some daily."""
RETRANSMITTED_S = 1.0
"""HS1EB's presses are not told apart by transaction, so radio repeats come through."""


def _candidates(topic: str, payload: Payload) -> Iterator[Found]:
    if topic.startswith("zigbee2mqtt/") or (isinstance(payload.json, dict) and "linkquality" in payload.json):
        yield Found(topic)


PROFILE = Profile(
    name="zigbee2mqtt",
    readings=(
        Reading("{topic}", "press", "action", ignore=NO_PRESS),
        # Cached, and repeated in every message: only its change is a press.
        Reading("{topic}", "press", "sos", values=YES, kind="level"),
        Reading("{topic}", "battery", "battery"),
        Reading("{topic}", "battery_low", "battery_low", values=YES),
        Reading("{topic}", "tamper", "tamper", values=YES),
        Reading("{topic}/availability", "online", "state", values=ONLINE),
    ),
    gateway=(
        Reading("{topic}/bridge/state", "online", "state", values=ONLINE),
        Reading("{topic}/bridge/health", "alive"),
    ),
    candidates=_candidates,
    dedupe_s=RETRANSMITTED_S,
    retained="level",
    max_silence_s=PASSIVE_S,
)
