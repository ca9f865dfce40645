"""Any other device: the plan says it all, reading by reading."""

from __future__ import annotations

from achterwacht.inputs.profiles import RADIO_S, Profile

PROFILE = Profile(
    name="custom",
    readings=(),
    candidates=lambda topic, payload: (),
    dedupe_s=RADIO_S,
    retained="level",
)
