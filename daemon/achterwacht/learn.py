"""What to write in zenders.yaml for a button that was heard: the pure half of `achterwacht learn`.

Knows which message is a press, whether the plan has that button already, and how an entry is written. What a device
says is for inputs/; listening, and all words, for commands/learning.py.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from achterwacht.config import Settings
from achterwacht.core import heard as h
from achterwacht.core.plan import GATEWAY
from achterwacht.inputs import bought, mapping
from achterwacht.inputs.mqtt import Malformed, heard_from
from achterwacht.inputs.ports import Complaint, protocol
from achterwacht.inputs.profiles import PROFILES, Found, Profile, gateway_readings, readings
from achterwacht.inputs.wiring import GPIO, Device, Port, PressIds, Reading

PLACE = "VULIN"
"""What the installer replaces: where people must run to."""

OWN_TOPICS = "achterwacht/v1/"
BUTTONS_MAX = 20
"""Different buttons in the two seconds after the first: more is no hand but a flood."""
TOPICS_MAX = 1000
"""Topics of which is remembered what they said last: more than a building with many devices has."""
NEWS_EACH_MAX = 3
"""So often is a topic shown that says something else each time: a meter must not hide the button."""
LEVELS_MAX = 10
"""A topic with more levels has no gateway that we would find."""
ID_MAX = 32

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_/.-]*", re.ASCII)
_NO_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""Words that some reader of YAML takes for something else than a text."""


# --- what was pressed -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """A zender of the plan."""

    nr: int


@dataclass(frozen=True, slots=True)
class NewNode:
    """One of our own nodes, by the number that is set in it; without a port it is on MQTT."""

    nr: int
    port: Port | None = None


@dataclass(frozen=True, slots=True)
class NewPendant:
    """A bought transmitter behind a serial port, by its address there."""

    address: str
    port: Port


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A bought device on MQTT. `heard_on`: the topic of its press; `qos`: with which it came."""

    profile: str
    found: Found
    heard_on: str
    qos: int


New = NewNode | NewPendant | NewDevice
Button = Known | New


class Lesson:
    """All that is heard while somebody presses a button; all times are monotonic seconds."""

    def __init__(self, settings: Settings) -> None:
        self._plan = settings.plan
        self._wiring = settings.wiring
        self._heard: list[h.Heard] = []
        self._bought = self._ears(settings.wiring.devices, self._heard)
        self._said: dict[str, int] = {}
        """By topic, TOPICS_MAX at most: the hash of what it said last."""
        self._news: Counter[str] = Counter()
        self._remembered: set[str] = set()
        """Where a gateway of a new button may stand, and the broker remembers something."""
        self.buttons: list[Button] = []
        """Every button that was pressed, once, in the order of the first press; BUTTONS_MAX at most."""

    @property
    def new(self) -> list[New]:
        return [button for button in self.buttons if not isinstance(button, Known)]

    def message(self, topic: str, payload: bytes, retained: bool, qos: int, heard_s: float) -> Button | None:
        """The button that this MQTT message is a press of. What the broker remembered is none."""
        if retained:
            self._remembered |= {topic} & self.gateway_topics()
            return None
        if topic.startswith(OWN_TOPICS):
            return self._of_our_own(topic, payload, heard_s)
        mapped = self._bought.message(topic, payload, retained, qos, heard_s, _nothing)
        pressed = _pressed(self._heard)
        self._heard.clear()
        if pressed:
            return Known(pressed[0])
        for name, profile in PROFILES.items():
            if found := profile.recognise(topic, payload):
                # A press of the plan that does not count is no new button: a copy, or a level that is said again.
                again = self._pressed_alone(topic, payload) if mapped else []
                return Known(again[0]) if again else NewDevice(name, found, topic, qos)
        return None

    def serial(self, port: Port, said: h.Heard | Complaint) -> Button | None:
        """The button that this, said on a serial port, is a press of."""
        match said:
            case h.Pressed():
                return Known(said.zender) if self._plan.zender(said.zender) else NewNode(said.zender, port)
            case Complaint(kind="unknown"):
                address = said.detail.partition(" ")[0]  # ports/rfxtrx.py begins with it
                if protocol(port.protocol).check_address(address) is None:
                    return NewPendant(address, port)
        return None

    def keep(self, button: Button) -> bool:
        """Keep a button that was pressed; False when it is kept already: a copy, or one press in other words."""
        if len(self.buttons) >= BUTTONS_MAX or any(_is_same(button, each) for each in self.buttons):
            return False
        self.buttons.append(button)
        return True

    def is_news(self, topic: str, payload: bytes) -> bool:
        """Whether this is to be shown to somebody who has just pressed a button that no profile knows.

        Our own nodes speak all the time; so does who says the same again.
        """
        before, now = self._said.get(topic), hash(payload)
        if topic.startswith(OWN_TOPICS) or before == now or (before is None and len(self._said) >= TOPICS_MAX):
            return False
        self._said[topic] = now
        self._news[topic] += 1
        return self._news[topic] <= NEWS_EACH_MAX

    def gateway_topics(self) -> set[str]:
        """Where the gateways of the new buttons would say whether they are online."""
        return {
            reading.topic
            for button in self.new
            if isinstance(button, NewDevice)
            for _, reading in _gateways_of(button)
            if reading.says == "online"
        }

    def entries(self, words: Mapping[str, str]) -> str:
        """An entry of zenders.yaml for each new button, with PLACE to be replaced. `words` are its comments."""
        numbers = self._free_numbers()
        return "\n".join("\n".join(self._entry(button, numbers, words)) + "\n" for button in self.new)

    # --- hearing ------------------------------------------------------------------------------------------------------

    def _of_our_own(self, topic: str, payload: bytes, heard_s: float) -> Button | None:
        try:
            heard = heard_from(topic, payload, False, heard_s)
        except Malformed:
            return None
        if not isinstance(heard, h.Pressed):
            return None
        return Known(heard.zender) if self._plan.zender(heard.zender) else NewNode(heard.zender)

    def _pressed_alone(self, topic: str, payload: bytes) -> list[int]:
        """The zenders of the plan that this message presses when nothing went before it."""
        heard: list[h.Heard] = []
        self._ears(self._wiring.devices, heard).message(topic, payload, False, 1, 0.0, _nothing)
        return _pressed(heard)

    @staticmethod
    def _ears(devices: Iterable[Device], told: list[h.Heard]) -> bought.Bought:
        def hear(
            heard: h.Heard, ack: Callable[[], None] = _nothing, reply: Callable[[dict[str, Any]], None] = lambda _: None
        ) -> None:
            told.append(heard)

        return bought.Bought(tuple(devices), PressIds("0000"), hear)

    # --- writing ------------------------------------------------------------------------------------------------------

    def _free_numbers(self) -> Iterator[int]:
        taken = {zender.nr for zender in self._plan.zenders}
        taken |= {button.nr for button in self.new if isinstance(button, NewNode)}
        return (nr for nr in count(1) if nr not in taken)

    def _entry(self, button: New, numbers: Iterator[int], words: Mapping[str, str]) -> Iterator[str]:
        gateway = self._gateway_of(button) if isinstance(button, NewDevice) else None
        if gateway and gateway.new:
            yield from _commented(words["gateway first"].format(id=gateway.id), gateway.entry)
        port = None if isinstance(button, NewDevice) else button.port
        if port and port not in self._wiring.ports:
            entry = f"{{id: {port.id}, protocol: {port.protocol}, path: {scalar(port.path)}}}"
            yield from _commented(words["port first"], f"- {entry}")
        yield f"  - nr: {button.nr if isinstance(button, NewNode) else next(numbers)}"
        yield f"    place: {PLACE}  # {words['place']}"
        match button:
            case NewNode() if port:
                yield f"    serial: {{port: {port.id}}}"
            case NewPendant():
                yield f"    serial: {{port: {button.port.id}, address: {scalar(button.address)}}}"
                yield f"    heartbeat: false  # {words['no heartbeat']}"
            case NewDevice():
                yield from _device_block(button, gateway, words)

    def _gateway_of(self, button: NewDevice) -> _Gateway | None:
        """The gateway that the plan has for it, or else one that the broker knows of."""
        places = _gateways_of(button)
        for device in self._wiring.devices:
            kind, _, id = device.name.partition(":")
            if kind == GATEWAY and any(
                mapping.matches(reading.topic, place.topic) for reading in device.readings for _, place in places
            ):
                return _Gateway(id)
        for base, place in reversed(places):
            if place.topic in self._remembered and place.says == "online":
                return _Gateway(self._free_id(base.rpartition("/")[2]), place)
        return None

    def _free_id(self, wanted: str) -> str:
        ids = [device.name.partition(":")[2] for device in self._wiring.devices if device.name.startswith(GATEWAY)]
        return free_id(wanted, [*ids, *(port.id for port in self._wiring.ports)])


# --- how it is written ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Gateway:
    """What a new device is heard through. `online`: how it says so, where the plan does not have it yet."""

    id: str
    online: Reading | None = None

    @property
    def new(self) -> bool:
        return self.online is not None

    @property
    def entry(self) -> str:
        assert self.online is not None
        told: dict[str, Any] = {"topic": self.online.topic, "path": self.online.path, "value": self.online.values}
        return f"- {{id: {self.id}, online: {_flow({key: value for key, value in told.items() if value})}}}"


def scalar(text: str) -> str:
    """A text as YAML has it, in quotes unless everybody reads it as a text without."""
    if _BARE.fullmatch(text) and text.lower() not in _NO_TEXT:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    # Not as JSON escapes them: of a character beyond U+FFFF that makes two, which YAML takes for two.
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in quoted)


def free_id(wanted: str, taken: Collection[str]) -> str:
    """An id of zenders.yaml that nobody has, like this text."""
    like = re.sub(r"[^a-z0-9_-]+", "-", wanted.lower()).strip("-_")
    id = (like if like[:1].isalpha() else f"{GATEWAY}-{like}".strip("-"))[: ID_MAX - 4]
    used = {GPIO, *taken}
    return next(each for each in (id, *(f"{id}-{n}" for n in range(2, len(used) + 3))) if each not in used)


def _device_block(button: NewDevice, gateway: _Gateway | None, words: Mapping[str, str]) -> Iterator[str]:
    profile, found = PROFILES[button.profile], button.found
    yield "    device:"
    yield f"      profile: {scalar(profile.name)}"
    yield f"      topic: {scalar(found.topic)}"
    if gateway:
        yield f"      {'# ' if gateway.new else ''}gateway: {gateway.id}"
    if found.input is not None:
        yield f"      input: {scalar(found.input)}"
    if found.where:
        yield f"      where: {_flow(found.where)}"
    if found.press:
        yield f"      press: {_flow({'value' if key == 'values' else key: each for key, each in found.press.items()})}"
    if button.qos == 0:
        yield f"      qos: 0  # {words.get(f'qos 0.{profile.name}', words['qos 0'])}"
    if profile.max_silence_s is None:
        yield f"    heartbeat: false  # {words['no heartbeat']}"
    else:
        yield f"    max_silence_s: {profile.max_silence_s:.0f}"


def _flow(value: Any) -> str:
    """A value of a profile as YAML on one line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{scalar(key)}: {_flow(each)}' for key, each in value.items())}}}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_flow, value))}]"
    return scalar(str(value))


def _commented(why: str, entry: str) -> Iterator[str]:
    yield f"  # {why}"
    yield f"  #   {entry}"


def _gateways_of(button: NewDevice) -> list[tuple[str, Reading]]:
    """By the topic of a gateway, shortest first: how it would tell of itself, other than by what the device says."""
    profile, found = PROFILES[button.profile], button.found
    if not profile.gateway:
        return []
    own = {reading.topic for reading in _readings(profile, found) if reading.says == "online"}
    levels = button.heard_on.split("/")[:LEVELS_MAX]
    bases = ["/".join(levels[:size]) for size in range(1, len(levels))]
    made = [(base, reading) for base in filter(mapping.is_filter, bases) for reading in gateway_readings(profile, base)]
    return [] if own & {reading.topic for _, reading in made} else made


def _readings(profile: Profile, found: Found) -> tuple[Reading, ...]:
    overrides: dict[Any, Mapping[str, Any]] = {"press": found.press} if found.press else {}
    return readings(profile, found.topic, found.input, found.where, overrides)


def _is_same(one: Button, other: Button) -> bool:
    if isinstance(one, NewDevice) and isinstance(other, NewDevice):
        return (one.profile, one.found) == (other.profile, other.found)
    return one == other


def _pressed(heard: Iterable[h.Heard]) -> list[int]:
    return [one.zender for one in heard if isinstance(one, h.Pressed)]


def _nothing() -> None:
    """The acknowledgement of what nobody keeps."""
