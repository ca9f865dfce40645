"""What one message of a bought device says by one Reading: where to look in the payload, and what stands there means.

Pure, and without memory: what was said before, and whether a press is a new one, is for bought.py. Raises Malformed
with a text for people; no payload makes it raise anything else.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import permutations
from typing import Any

from achterwacht.inputs.wiring import Reading

EACH = "[*]"
"""In a path: every element of the list that stands there."""

OPPOSITES = {
    "true": "false",
    "on": "off",
    "1": "0",
    "yes": "no",
    "open": "closed",
    "online": "offline",
    "alert": "normal",
}
OPPOSITE = OPPOSITES | {rest: active for active, rest in OPPOSITES.items()}
"""What a level says when it does not say this: told what means pressed, we know what does not."""

PAYLOAD_MAX_BYTES = 16 * 1024
"""Ten times what any of these devices says at once. One that says more holds up the presses of all others."""
ELEMENTS_MAX = 64
"""The same of a list: a Shelly tells one or two events at once."""
SHOWN_MAX = 60
"""So much of a payload stands in a text for people."""
UNKNOWN = ("null", "none", "unknown", "unavailable")
"""What a level says that nobody knows: that is not the same as not being so."""
REMEMBERED_MAX = 4096
"""Paths and values that are prepared once: far more different ones than the profiles and any plan have."""
PERCENTS_MAX = 100
NUMBER_MAX = 1e15
"""Nothing that a device measures is larger; up to here a float still tells whole numbers apart."""
TOPIC_MAX_BYTES = 65_535
"""MQTT 5, 1.5.4."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
_WHOLE = re.compile(r"[+-]?[0-9]{1,30}(\.0{1,30})?", re.ASCII)
_WORD = re.compile(r"[\w+-][\w .:+-]{0,59}")
_HEX = re.compile(r"0x[0-9a-f]{1,16}", re.ASCII)
_KEYS = r"[^.\[\]]+(?:\.[^.\[\]]+)*"
_PATH = re.compile(rf"(?:{_KEYS})?(?:\[\*\](?:\.{_KEYS})?)*")


class Malformed(ValueError):
    """The payload is not what the plan says this device sends; the text says what is there and what was expected."""


class Undecodable(Malformed):
    """The payload is not even JSON of the right shape: whose it is cannot be told."""


def plain(value: Any) -> str:
    """A value of JSON, or a text, as it is compared: 1 is 1.0 is "1", true is "TRUE", 0x1f is 31.

    An id is an int in some decoders and a text of hex digits in others. What is no scalar is like nothing else.
    """
    if isinstance(value, str):
        text = value.strip().casefold()
        if _HEX.fullmatch(text):
            return str(int(text, 16))
        return str(int(text.partition(".")[0])) if _WHOLE.fullmatch(text) else text
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "{...}" if isinstance(value, dict) else "[...]" if isinstance(value, list) else str(value)


class Payload:
    """The bytes of one message, as text and as JSON; each is made once, when the first reading asks for it."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def __str__(self) -> str:
        """Its beginning, to be shown."""
        return repr(self._raw[:SHOWN_MAX].decode(errors="replace")) + (" ..." if len(self._raw) > SHOWN_MAX else "")

    @cached_property
    def text(self) -> str:
        """Bytes that are no UTF-8 are like no value that anybody expects."""
        return self._raw.decode(errors="replace")

    @property
    def json(self) -> dict[str, Any] | list[Any]:
        """Its JSON. Raises Undecodable: also for a bare value, in which there is no place to look at."""
        decoded = self._decoded
        if isinstance(decoded, Undecodable):
            raise decoded
        return decoded

    @cached_property
    def _decoded(self) -> dict[str, Any] | list[Any] | Undecodable:
        if len(self._raw) > PAYLOAD_MAX_BYTES:
            return Undecodable(f"{self} is {len(self._raw)} bytes long, expected at most {PAYLOAD_MAX_BYTES}")
        try:
            decoded = json.loads(self._raw.decode())  # the patient reader: some devices write NaN
        except (ValueError, RecursionError) as error:
            return Undecodable(f"{self} is no JSON ({error or 'nested too deep'})")
        if not isinstance(decoded, dict | list):
            return Undecodable(f"{self} is a bare value, expected a JSON object")
        return decoded


@dataclass(frozen=True, slots=True)
class Place:
    """One place that a reading looks at, in a message that is about its device. None: nothing stands there."""

    value: Any
    counter: str | None = None


def normal(reading: Reading) -> Reading:
    """The same reading with every value as plain() writes it: so the functions below expect it."""
    where = tuple((path, plain(value)) for path, value in reading.where)
    return replace(reading, where=where, values=_all_plain(reading.values), ignore=_all_plain(reading.ignore))


@lru_cache(maxsize=REMEMBERED_MAX)
def _all_plain(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(plain, texts))


def places(reading: Reading, payload: Payload) -> list[Place]:
    """Every place that this reading finds; none when the message is not about its device. Raises Undecodable."""
    if not (reading.path or reading.field or reading.where or reading.counter):
        return [Place(payload.text)]
    try:
        elements: list[Any] = [payload.json]
    except Undecodable:
        if reading.says == "online" and not reading.where:
            return [Place(payload.text)]  # `online`, {"state":"online"}: many firmwares went from the one to the other
        raise
    *lists, last = reading.path.split(EACH)
    for path in lists:
        elements = [element for found in elements for element in _list_at(found, path)]
        if len(elements) > ELEMENTS_MAX:
            raise Undecodable(f"{payload} has {len(elements)} elements at {path!r}, expected at most {ELEMENTS_MAX}")
    return [_place(reading, element, last) for element in elements if _is_meant(reading, element)]


def meaning(reading: Reading, value: Any) -> bool | int:
    """What the value at a place says: percents of a battery, else whether it is so. Raises Malformed.

    For a press of kind event: whether it is one.
    """
    if reading.says == "battery":
        percents = _number(value)
        if percents is None or not 0 <= percents <= PERCENTS_MAX:
            raise Malformed(f"{_said(reading, value)}, expected 0 to {PERCENTS_MAX} percent")
        return round(percents)
    if reading.below is not None:
        number = _number(value)
        if number is None:
            raise Malformed(f"{_said(reading, value)}, expected a number")
        return number < reading.below
    text = plain(value)
    if text in reading.values:
        return True
    if reading.says == "docked":
        if _WORD.fullmatch(text) and text not in UNKNOWN:
            return False
        raise Malformed(f"{_said(reading, value)}, expected {', '.join(map(repr, reading.values))} or another word")
    if not reading.values:
        return text not in reading.ignore
    is_level = reading.kind == "level" or reading.says != "press"
    rest = [*reading.ignore, *(OPPOSITE[value] for value in reading.values if is_level and value in OPPOSITE)]
    if text in rest or reading.says == "alive":
        return False
    raise Malformed(f"{_said(reading, value)}, expected {', '.join(map(repr, (*reading.values, *rest)))}")


@lru_cache(maxsize=REMEMBERED_MAX)
def is_path(path: str) -> bool:
    """Whether this can be a Reading's path: keys with dots between them, `[*]` for each element of a list."""
    return _PATH.fullmatch(path) is not None


def is_filter(topic: str) -> bool:
    """Whether this can be subscribed to (MQTT 5, 4.7.1)."""
    *levels, last = topic.split("/")
    if not topic or "\0" in topic or len(topic.encode(errors="replace")) > TOPIC_MAX_BYTES:
        return False
    return all(level == "+" or not set(level) & set("+#") for level in (*levels, last if last != "#" else ""))


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a message on this topic comes to who subscribed to the filter (MQTT 5, 4.7)."""
    if topic.startswith("$") and topic_filter[:1] in ("+", "#"):
        return False  # 4.7.2: the broker's own topics only come to who names them
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(one in ("+", level) for one, level in zip(wanted, levels, strict=True))


def overlap(one: str, other: str) -> bool:
    """Whether there is a topic, were it the empty one, that matches both filters."""
    some, others = one.split("/"), other.split("/")
    if any(first.startswith("$") and second in ("+", "#") for first, second in permutations((some[0], others[0]))):
        return False  # 4.7.2, as above
    for wanted, too in zip(some, others, strict=False):
        if "#" in (wanted, too):
            return True
        if wanted != too and "+" not in (wanted, too):
            return False
    rest = some[len(others) :] or others[len(some) :]
    return rest in ([], ["#"])


def _place(reading: Reading, element: Any, last: str) -> Place:
    counter = _at(element, reading.counter) if reading.counter else None
    value = _at(_at(element, last.removeprefix(".")), reading.field)
    return Place(value, None if counter is None else plain(counter))


def _is_meant(reading: Reading, element: Any) -> bool:
    return all(plain(_at(element, field)) == value for field, value in reading.where)


def _list_at(found: Any, path: str) -> list[Any]:
    there = _at(found, path.removeprefix("."))
    if there is None or isinstance(there, list):
        return there or []
    raise Undecodable(f"has no list at {path}{EACH}")


def _at(found: Any, path: str) -> Any:
    """What stands at the keys of `path`, or None."""
    for key in _keys(path):
        found = found.get(key) if isinstance(found, dict) else None
    return found


@lru_cache(maxsize=REMEMBERED_MAX)
def _keys(path: str) -> tuple[str, ...]:
    return tuple(path.split(".")) if path else ()


def _number(value: Any) -> float | None:
    """The finite number that a value is, or says in a text."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -NUMBER_MAX < value < NUMBER_MAX else None


def _said(reading: Reading, value: Any) -> str:
    place = ".".join(filter(None, (reading.path, reading.field)))
    return f"says {plain(value)[:SHOWN_MAX]!r}" + (f" at {place}" if place else "")
