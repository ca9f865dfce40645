"""What the devices that a building can buy say on MQTT: one module each, found by name, so that a new one touches no
other file.

A profile is data: readings with gaps for what zenders.yaml says of one device. Pure; mapping.py reads payloads by them.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
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

    readings: what stands between braces in them is what the plan has for this device: `{topic}`, `{input}`, `{INPUT}`
        (in capitals), `{address}` (an input with `:` for each `-`).
    input: which button of a device with several, where the plan does not say; None: it must say.
    input_form: the regular expression of an input; empty: the profile has none.
    input_is: the same for people, to be read after "expected".
    where: the fields of which the plan must name one at least, so that a neighbour's device is not taken for ours.
    gateway: the readings of what these devices are heard through, with its own `{topic}`.
    max_silence_s: the longest such a device is silent while it works; None: it says nothing between presses.
    candidates: from a topic and a payload, who could have sent them; whether it is a press the readings say, and
        whether it can be one of these, what the plan may say.
    """

    name: str
    readings: tuple[Reading, ...]
    candidates: Callable[[str, Payload], Iterable[Found]]
    input: str | None = None
    input_form: str = ""
    input_is: str = ""
    where: tuple[str, ...] = ()
    gateway: tuple[Reading, ...] = ()
    dedupe_s: float = 0.0
    retained: Literal["ignore", "level"] = "ignore"
    max_silence_s: float | None = None

    def wrong_input(self, input: str | None) -> str:
        """What is wrong with the plan's input (None: it has none), to be read after its name; empty when it is good."""
        if not self.input_form:
            instead = f"{self.name} has none, press: {{value: [...]}} or where says which button"
            return "" if input is None else f"is {input!r}, expected not to be given: {instead}"
        if input is None:
            return "" if self.input is not None else f"is missing, expected {self.input_is}"
        return "" if re.fullmatch(self.input_form, input) else f"is {input!r}, expected {self.input_is}"

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

    `where` holds for all readings, but not for `online`: of that others speak than the device. What the profile reads
    of another model than the one in `where` is left out.
    `overrides`: the blocks of the plan by what they tell, with keys named as Reading's fields. A block takes the place
    of all that the profile reads for this; what it leaves out is as in the first of those. One with a `path` looks at
    another place: there the profile's own `field`, `counter` and `where` do not count.

    So rtl_433 with the topic `t`, where `{"id": "7"}` and a block `press` of `{"path": "event", "values": ("80",)}`:
    eight readings of the profile say `press`. One remains, the first of them (`alarm`), changed to: on `t`, where `id`
    is 7, what stands at `event` is a press when it is 80, none when it is 0 (that is left of `alarm`), else a fault.
    """
    where, blocks = where or {}, overrides or {}
    if problem := profile.wrong_input(input):
        raise ValueError(f"input {problem}")
    if profile.where and not set(profile.where) & set(where):
        raise ValueError(f"{profile.name} needs a where with {' or '.join(profile.where)}: others use this topic too")
    fill = _filler(topic, input or profile.input or "", where)
    filled = [fill(template) for template in profile.readings if _can_be(template, where)]
    made = [reading for reading in filled if reading.says not in blocks]
    for says, block in blocks.items():
        first = next((reading for reading in filled if reading.says == says), None)
        made.append(_changed(first or fill(FALLBACK[says]), block, where))
    if not any(reading.says == "press" for reading in made):
        raise ValueError(f"{profile.name} does not say what a press is here: add a block press")
    for reading in made:
        _check(reading)
    return tuple(made)


def gateway_readings(profile: Profile, topic: str) -> tuple[Reading, ...]:
    """The readings of what this profile's devices are heard through, at its topic; nobody can press it."""
    return tuple(map(_filler(topic, "", {}), profile.gateway))


def _can_be(template: Reading, where: Mapping[str, str]) -> bool:
    """Whether the template's filter and the plan's can both hold: they name no two values of one field."""
    return all(mapping.plain(where.get(field, value)) == mapping.plain(value) for field, value in template.where)


def _filler(topic: str, input: str, where: Mapping[str, str]) -> Callable[[Reading], Reading]:
    """What makes a template the reading of this device."""
    gaps = {"topic": topic, "input": input, "INPUT": input.upper(), "address": input.replace("-", ":")}

    def fill(template: Reading) -> Reading:
        own = {field: value.format_map(gaps) for field, value in template.where}
        pairs = own if template.says == "online" else {**where, **own}
        return replace(
            template,
            topic=template.topic.format_map(gaps),
            path=template.path.format_map(gaps),
            where=tuple(pairs.items()),
        )

    return fill


def _changed(reading: Reading, block: Mapping[str, Any], where: Mapping[str, str]) -> Reading:
    """The reading with what the block says instead."""
    if "path" in block:  # what the profile says of its own place goes with it
        reading = replace(reading, field="", counter="", where=() if reading.says == "online" else tuple(where.items()))
    if "values" in block:
        reading = replace(reading, below=None)
    return replace(reading, **{**block, "where": (*reading.where, *block.get("where", ()))})


def _check(reading: Reading) -> None:
    if not mapping.is_filter(reading.topic):
        raise ValueError(f"{reading.says}: {reading.topic!r} is no MQTT topic")
    for path in (reading.path, reading.field, reading.counter, *(path for path, _ in reading.where)):
        if not mapping.is_path(path):
            raise ValueError(f"{reading.says}: {path!r} is no path: keys with dots between them, [*] behind a list")
    if reading.kind == "level" and not reading.values:
        raise ValueError(f"{reading.says}: a level needs values: what it says while it is pressed")


def _profiles() -> dict[str, Profile]:
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return {module.PROFILE.name: module.PROFILE for module in modules}


PROFILES: Mapping[str, Profile] = _profiles()
"""By the name that zenders.yaml has for them."""
