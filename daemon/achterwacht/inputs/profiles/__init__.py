"""What the devices that a building can buy say on MQTT: one module each, found by name, so that a new one touches no
other file.

A profile is data: readings with gaps for what zenders.yaml says of one device. Pure; mapping.py reads payloads by them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from achterwacht.inputs import mapping
from achterwacht.inputs.mapping import Malformed, Payload
from achterwacht.inputs.wiring import Meaning, Reading

RADIO_S = 3.0
"""A press on 433 or 345 MHz arrives up to 8 times within 1.35 s; whoever presses again means it after this."""
CONTACT_S = 0.5
"""A contact that bounces behind a device's own debouncing: as for one on our own pins."""

YES = ("true", "1", "on", "yes")
ONLINE = ("online", "true")

FALLBACK: Mapping[Meaning, Reading] = {
    "press": Reading("{topic}", "press", ignore=("", "0", "false", "off", "none", "idle", "release")),
    "battery": Reading("{topic}", "battery"),
    "battery_low": Reading("{topic}", "battery_low", values=YES),
    "tamper": Reading("{topic}", "tamper", values=YES),
    "alive": Reading("{topic}", "alive"),
    "online": Reading("{topic}", "online", values=ONLINE),
}
"""What a block of zenders.yaml changes where the profile has no reading that says this."""
CHANGEABLE = {each.name for each in fields(Reading)} - {"says"}
"""The keys of such a block."""


@dataclass(frozen=True, slots=True)
class Found:
    """What to write in zenders.yaml for the device that a message came from."""

    topic: str
    input: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    press: Mapping[str, Any] = field(default_factory=dict)
    """The keys of a block `press`, where the profile's own reading is not meant."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of bought device.

    readings: `{topic}`, `{input}` and `{INPUT}` (in capitals) in them stand for what the plan has for this device.
    topic: what the plan is to write there, for people.
    input: which button of a device with several, where the plan does not say; None: it must say.
    input_is: what an input is called by, for people; empty: the profile has none.
    where: the fields of which the plan must name one at least, so that a neighbour's device is not taken for ours.
    gateway: the readings of what these devices are heard through, with its own `{topic}`.
    max_silence_s: the longest such a device is silent while it works; None: it says nothing between presses.
    candidates: from a topic and a payload, who could have sent them; whether it is a press the readings say.
    """

    name: str
    about: str
    topic: str
    readings: tuple[Reading, ...]
    candidates: Callable[[str, Payload], Iterable[Found]]
    input: str | None = None
    input_is: str = ""
    where: tuple[str, ...] = ()
    gateway: tuple[Reading, ...] = ()
    dedupe_s: float = 0.0
    retained: Literal["ignore", "level"] = "ignore"
    qos: Literal[0, 1] = 0
    max_silence_s: float | None = None

    def recognise(self, topic: str, payload: bytes) -> Found | None:
        """The device that was pressed, when this message is a press of one of these; never raises."""
        said = Payload(payload)
        candidates: list[Found] = []
        with suppress(Malformed):
            candidates.extend(self.candidates(topic, said))
        for found in candidates:
            with suppress(ValueError):  # this one says something else, or its name could not stand in a plan
                if self._is_pressed(found, topic, said):
                    return found
        return None

    def _is_pressed(self, found: Found, topic: str, payload: Payload) -> bool:
        overrides: Mapping[Meaning, Mapping[str, Any]] = {"press": found.press} if found.press else {}
        return any(
            place.value is not None and mapping.meaning(reading, place.value)
            for reading in map(mapping.normal, readings(self, found.topic, found.input, found.where, overrides))
            if reading.says == "press" and mapping.matches(reading.topic, topic)
            for place in mapping.places(reading, payload)
        )


def readings(
    profile: Profile,
    topic: str,
    input: str | None = None,
    where: Mapping[str, str] | None = None,
    overrides: Mapping[Meaning, Mapping[str, Any]] | None = None,
) -> tuple[Reading, ...]:
    """The readings of one zender. ValueError says what is wrong or missing, in words for who wrote the plan.

    `overrides`: the blocks of the plan by what they tell, with keys named as Reading's fields. A block takes the place
    of all that the profile reads for this; what it leaves out is as in the first of those.
    `where` holds for all readings, but not for `online`: of that others speak than the device.
    """
    input = profile.input if input is None else input
    where = where or {}
    if profile.input_is and input is None:
        raise ValueError(f"{profile.name} needs an input: {profile.input_is}")
    if profile.where and not set(profile.where) & set(where):
        raise ValueError(f"{profile.name} needs a where with {' or '.join(profile.where)}: others use this topic too")
    made = _made(profile.readings, topic, input or "", where, overrides or {})
    if not any(reading.says == "press" for reading in made):
        raise ValueError(f"{profile.name} does not say what a press is here: add a block press")
    return made


def gateway_readings(
    profile: Profile, topic: str, overrides: Mapping[Meaning, Mapping[str, Any]] | None = None
) -> tuple[Reading, ...]:
    """The readings of one gateway; as for a zender, but that nobody can press it. ValueError as there."""
    made = _made(profile.gateway, topic, "", {}, overrides or {})
    if any(reading.says == "press" for reading in made):
        raise ValueError("a gateway has no button: leave out the block press")
    if not made:
        raise ValueError(f"{profile.name} does not say how a gateway tells that it lives: add a block online or alive")
    return made


def _made(
    templates: Iterable[Reading],
    topic: str,
    input: str,
    where: Mapping[str, str],
    overrides: Mapping[Meaning, Mapping[str, Any]],
) -> tuple[Reading, ...]:
    made = [_filled(template, topic, input, where) for template in templates if _can_be(template, where)]
    readings = [reading for reading in made if reading.says not in overrides]
    for says, block in overrides.items():
        first = next((reading for reading in made if reading.says == says), None)
        readings.append(_changed(first or _filled(FALLBACK[says], topic, input, where), block, where))
    for reading in readings:
        _check(reading)
    return tuple(readings)


def _can_be(template: Reading, where: Mapping[str, str]) -> bool:
    """Whether both filters can hold: what is read of another model can be left out."""
    return all(mapping.plain(where.get(field, value)) == mapping.plain(value) for field, value in template.where)


def _filled(template: Reading, topic: str, input: str, where: Mapping[str, str]) -> Reading:
    def fill(text: str) -> str:
        return text.format(topic=topic, input=input, INPUT=input.upper())

    own = {field: fill(value) for field, value in template.where}
    pairs = own if template.says == "online" else {**where, **own}
    return replace(template, topic=fill(template.topic), path=fill(template.path), where=tuple(pairs.items()))


def _changed(reading: Reading, block: Mapping[str, Any], where: Mapping[str, str]) -> Reading:
    """The reading with what the block says instead. With another place goes what the profile says of its own place."""
    unknown = block.keys() - CHANGEABLE
    if unknown:
        raise ValueError(f"{reading.says}: {', '.join(sorted(unknown))}: no such key")
    changes = dict(block)
    if "path" in block:
        own = {} if reading.says == "online" else where
        reading = replace(reading, field="", counter="", where=tuple(own.items()))
    if "values" in block:
        reading = replace(reading, below=None)
    if "where" in block:
        changes["where"] = (*reading.where, *dict(block["where"]).items())
    for key in block.keys() & {"values", "ignore"}:
        changes[key] = tuple(map(mapping.plain, [block[key]] if isinstance(block[key], str) else block[key]))
    return replace(reading, **changes)


def _check(reading: Reading) -> None:
    if not mapping.is_filter(reading.topic):
        raise ValueError(f"{reading.says}: {reading.topic!r} is no MQTT topic")
    for path in (reading.path, reading.field, reading.counter, *(path for path, _ in reading.where)):
        if not mapping.is_path(path):
            raise ValueError(f"{reading.says}: {path!r} is no path: keys with dots between them, [*] behind a list")
    if reading.kind == "level" and not reading.values:
        raise ValueError(f"{reading.says}: a level needs values: what it says while it is pressed")
    if reading.below is not None and reading.says != "battery_low":
        raise ValueError(f"{reading.says}: below is for battery_low")


def _profiles() -> dict[str, Profile]:
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return {module.PROFILE.name: module.PROFILE for module in modules}


PROFILES: Mapping[str, Profile] = _profiles()
"""By the name that zenders.yaml has for them."""
