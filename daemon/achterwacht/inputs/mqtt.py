"""Our own zenders and pagers on MQTT, exactly as docs/wire.md has them: a topic and its payload become a heard thing.

Knows the topics and the payloads. Leaves the connection to mqtt.py, and every decision to the core: also what to make
of a device that the plan does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

import msgspec

from achterwacht.core import heard as h
from achterwacht.inputs.complaints import Complaints
from achterwacht.inputs.wiring import Hear

SUBSCRIPTIONS = (
    ("achterwacht/v1/zender/+/press", 1),
    ("achterwacht/v1/zender/+/status", 1),
    ("achterwacht/v1/zender/+/telemetry", 0),
    ("achterwacht/v1/pager/+/receipt", 1),
    ("achterwacht/v1/pager/+/answer", 1),
    ("achterwacht/v1/pager/+/status", 1),
    ("achterwacht/v1/pager/+/telemetry", 0),
)
"""Every topic that our own nodes speak on, with its QoS."""

TOPIC = re.compile(
    r"achterwacht/v1/(?:(?P<zender>zender)/(?P<nr>[1-9][0-9]{0,3})|pager/(?P<id>[a-z][a-z0-9_-]{0,31}))/(?P<says>\w+)"
)

T = TypeVar("T")
Boot = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{4,32}\Z")]
Seq = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
COUNTED = r"[0-9a-fA-F]{4,32}-[1-9][0-9]{0,9}"
PRESS_ID = rf"[1-9][0-9]{{0,3}}-{COUNTED}"
DRILL_ID = re.compile(rf"drill-{COUNTED}\Z")
# An answer `carry` and the receipt of a test page are about no alarm: then these are null, "" and 0.
PressIdOrNone = Annotated[str, msgspec.Meta(pattern=rf"^({PRESS_ID})?\Z")] | None
IncidentIdOrNone = Annotated[str, msgspec.Meta(pattern=rf"^({PRESS_ID}|drill-{COUNTED})?\Z")] | None
NrOrNone = Annotated[int, msgspec.Meta(ge=0, le=9999)] | None
OrderId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
MemberId = Annotated[str, msgspec.Meta(max_length=64)]


@dataclass(frozen=True, slots=True)
class _Press:
    boot: Boot
    seq: Seq
    age_ms: Annotated[int, msgspec.Meta(ge=0)] = 0


@dataclass(frozen=True, slots=True)
class _Status:
    online: bool
    boot: Boot


Battery = Annotated[int, msgspec.Meta(ge=0, le=100)] | None


@dataclass(frozen=True, slots=True)
class _ZenderTelemetry:
    boot: Boot
    battery: Battery
    tamper: bool
    line: h.Line


@dataclass(frozen=True, slots=True)
class _PagerTelemetry:
    boot: Boot
    battery: Battery
    charging: bool
    docked: bool
    rssi: int


@dataclass(frozen=True, slots=True)
class _Receipt:
    boot: Boot
    seq: Seq
    page: OrderId
    incident: IncidentIdOrNone
    press: PressIdOrNone
    zender: NrOrNone
    stage: Literal["received", "shown"]


@dataclass(frozen=True, slots=True)
class _Answer:
    boot: Boot
    seq: Seq
    answer: h.AnswerWord
    incident: IncidentIdOrNone = None
    press: PressIdOrNone = None
    zender: NrOrNone = None
    member: MemberId | None = None


class Malformed(ValueError):
    """A message that is not as docs/wire.md has it; the text says what is wrong."""

    fault = "malformed"


class Remembered(Malformed):
    """A press or an answer that the broker remembers: nobody says it now."""

    fault = "retained"


def heard_from(topic: str, payload: bytes, retained: bool, heard_s: float) -> h.Heard | None:
    """What one message of a node says; None for a topic that is not for us.

    `retained`: the broker remembered it, nobody says it now. `heard_s`: monotonic seconds at arrival.
    Raises Malformed.
    """
    place = TOPIC.fullmatch(topic)
    if place is None:
        raise Malformed(f"the topic {topic[:100]!r} names no zender and no pager")
    if place["zender"]:
        return _from_zender(int(place["nr"]), place["says"], payload, retained, heard_s)
    return _from_pager(place["id"], place["says"], payload, retained)


def _from_zender(nr: int, says: str, payload: bytes, retained: bool, heard_s: float) -> h.Heard | None:
    device = f"zender:{nr}"
    if says == "press":
        if retained:
            # A ghost would ring at every connect; a press that is real is being repeated live.
            raise Remembered("publishes its presses retained; it is set up wrongly")
        press = _read(payload, _Press)
        return h.Pressed(f"{nr}-{press.boot}-{press.seq}", nr, press.boot, heard_s, press.age_ms)
    return _from_any(device, says, payload, retained)


def _from_pager(pager: str, says: str, payload: bytes, retained: bool) -> h.Heard | None:
    device = f"pager:{pager}"
    if says in ("receipt", "answer") and retained:
        raise Remembered("publishes its answers retained; it is set up wrongly")
    if says == "receipt":
        return _receipt(pager, _read(payload, _Receipt))
    if says == "answer":
        return _answer(pager, _read(payload, _Answer))
    return _from_any(device, says, payload, retained)


def _receipt(pager: str, said: _Receipt) -> h.Receipt:
    incident, press, zender = said.incident or "", said.press or "", said.zender or 0
    if incident or press:  # the page of a button's test names its zender, and no alarm
        _same_zender(press, incident, zender)
    return h.Receipt(pager, said.boot, said.seq, said.page, incident, press, zender, said.stage)


def _answer(pager: str, said: _Answer) -> h.Answer:
    if said.answer != "carry":
        if not said.zender or not said.incident:
            raise Malformed(f"{said.answer} names no incident and zender")
        _same_zender(said.press or "", said.incident, said.zender)
    return h.Answer(
        key=f"{pager}-{said.boot}-{said.seq}",
        incident=said.incident or "",
        answer=said.answer,
        pager=pager,
        boot=said.boot,
        member=said.member if said.answer == "carry" else None,
        press=said.press or None,
        zender=said.zender or None,
    )


def _from_any(device: str, says: str, payload: bytes, retained: bool) -> h.Heard | None:
    live = not retained
    if says == "status":
        status = _read(payload, _Status)
        return h.Status(device, status.boot, status.online, live)
    if says == "telemetry":
        if device.startswith("pager:"):
            pager = _read(payload, _PagerTelemetry)
            charging, docked = pager.charging, pager.docked
            return h.Telemetry(device, pager.boot, pager.battery, charging=charging, docked=docked, live=live)
        zender = _read(payload, _ZenderTelemetry)
        return h.Telemetry(device, zender.boot, zender.battery, tamper=zender.tamper, line=zender.line, live=live)
    return None


def _same_zender(press: str, incident: str, zender: int) -> None:
    if DRILL_ID.match(incident):
        if press or not zender:
            raise Malformed(f"drill {incident} has a zender, and no press")
    elif not (press.startswith(f"{zender}-") and incident.startswith(f"{zender}-")):
        raise Malformed(f"press {press} and incident {incident} are not of zender {zender}")


def _read(payload: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from error


class Nodes:
    """Hears our own nodes: call `message` for each MQTT message; `hear` gets what it says.

    What is malformed, or only remembered, is one standing fault of its device and a counter, never a fact a message.
    """

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._complaints = Complaints(others="mqtt/malformed")

    def message(self, topic: str, payload: bytes, retained: bool, heard_s: float, ack: Callable[[], None]) -> None:
        """Turn one message into a heard thing; `ack` goes with it, to be called when it is safe."""
        try:
            heard = heard_from(topic, payload, retained, heard_s)
        except Malformed as problem:
            fault = f"{_device(topic)}/{problem.fault}"
            heard = self._complaints.about(fault, f"{problem} ({topic[:100]})", heard_s)
        if heard is None or isinstance(heard, h.Trouble):
            ack()  # nothing in it is worth keeping: those behind it need not wait for the disk
        if heard is not None:
            self._hear(heard, ack)


def _device(topic: str) -> str:
    place = TOPIC.fullmatch(topic)
    if place is None:
        return "mqtt"
    return f"zender:{place['nr']}" if place["zender"] else f"pager:{place['id']}"
