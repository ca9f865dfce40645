"""What bought devices really send: each payload and each trap, as presses, measurements, births and faults."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from achterwacht.core import heard as h
from achterwacht.inputs.bought import Bought
from achterwacht.inputs.profiles import PROFILES, gateway_readings, readings
from achterwacht.inputs.wiring import Device, Meaning, PressIds, Reading

ZENDER = "zender:3"


@dataclass(frozen=True)
class Said:
    """One message. `payload`: bytes, a text as it is, or anything else as JSON."""

    payload: Any
    topic: str = ""
    at_s: float = 0.0
    retained: bool = False
    qos: int = 1


@dataclass(frozen=True)
class Vector:
    """A device in the plan, what it says, and what is heard of it."""

    name: str
    profile: str
    topic: str
    says: Sequence[Said]
    presses: int = 0
    measured: Mapping[str, Any] = field(default_factory=dict)
    online: tuple[bool, ...] = ()
    faults: tuple[str, ...] = ()
    input: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[Meaning, Mapping[str, Any]] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.profile}: {self.name}"


def hear(vector: Vector, device: Device) -> list[h.Heard]:
    all_heard: list[h.Heard] = []
    acked: Counter[int] = Counter()

    def take(
        heard: h.Heard, ack: Callable[[], None] = lambda: None, reply: Callable[..., None] = lambda _: None
    ) -> None:
        all_heard.append(heard)
        if isinstance(heard, h.Pressed):
            ack()
            ack()  # it may come twice, and is one

    bought = Bought([device], PressIds("b007"), take)
    for number, said in enumerate(vector.says):
        raw = said.payload if isinstance(said.payload, bytes | str) else json.dumps(said.payload)
        payload = raw if isinstance(raw, bytes) else raw.encode()
        topic = said.topic or vector.topic
        ack = partial(acked.update, [number])
        assert bought.message(topic, payload, said.retained, said.qos, said.at_s, ack), f"{topic} is not mapped"
    assert acked == Counter(range(len(vector.says))), "each message is acknowledged once"
    return all_heard


def z2m(name: str, *payloads: Any, every_s: float = 3600.0, **expected: Any) -> Vector:
    says = [Said(payload, at_s=number * every_s) for number, payload in enumerate(payloads)]
    return Vector(name, "zigbee2mqtt", "zigbee2mqtt/hal/balie-1", says, **expected)


SOS: Mapping[str, Any] = {"battery_low": False, "tamper": False, "battery": 90}
SOS_MEASURED = {"battery": 90, "battery_low": False, "tamper": False}

ZIGBEE = [
    z2m(
        "WXKG01LM single",
        {"action": "single", "battery": 100, "voltage": 3042, "linkquality": 120},
        presses=1,
        measured={"battery": 100},
    ),
    z2m(
        "WXKG01LM hold and release are one press",
        {"action": "hold", "battery": 100},
        {"action": "release", "duration": 1500, "battery": 100},
        every_s=1.5,
        presses=1,
        measured={"battery": 100},
    ),
    z2m(
        "WXKG01LM in all its ways",
        *({"action": action} for action in ("single", "double", "triple", "quadruple", "hold", "many")),
        presses=6,
    ),
    z2m(
        "WXKG11LM",
        {"action": "single", "battery": 100, "device_temperature": 25, "power_outage_count": 9},
        presses=1,
        measured={"battery": 100},
    ),
    z2m(
        "HS1EB, off is at rest again",
        {"action": "single", "battery": 100, "linkquality": 76},
        {"action": "off", "battery": 100, "linkquality": 76},
        {"action": "double", "battery": 100},
        {"action": "hold", "battery": 100},
        presses=3,
        measured={"battery": 100},
    ),
    z2m("HS1EB, sent again by the radio", {"action": "single"}, {"action": "single"}, every_s=0.3, presses=1),
    z2m(
        "TS0215A_sos",
        {"action": "emergency", "battery": 100, "voltage": 3000, "linkquality": 54},
        presses=1,
        measured={"battery": 100},
    ),
    z2m("Tuya SOS by datapoint", {"action": "emergency", "battery": 95}, presses=1, measured={"battery": 95}),
    z2m("Feibit SEB01ZB, the first word is a press", {"sos": True, **SOS}, presses=1, measured=SOS_MEASURED),
    z2m(
        "Feibit SEB01ZB, sos repeated with every report",
        {"sos": False, **SOS},
        {"sos": True, **SOS},
        {"sos": True, **SOS, "battery": 89},
        {"sos": True, **SOS, "battery": 89, "linkquality": 9},
        {"sos": False, **SOS},
        {"sos": True, **SOS},
        every_s=5.0,
        presses=2,
        measured=SOS_MEASURED,
    ),
    z2m("Feibit SEB01ZB, nothing known yet", {"sos": None, "tamper": None, "battery": None}, presses=0),
    z2m("SBTZB-110", {"action": "single", "battery": 87, "voltage": 2900}, presses=1, measured={"battery": 87}),
    z2m(
        "KEPZB-110",
        {
            "action": "emergency",
            "action_code": None,
            "action_transaction": 12,
            "tamper": False,
            "battery_low": False,
        },
        {"action": "disarm", "action_code": "1234", "action_transaction": 13, "tamper": True, "battery_low": True},
        presses=1,
        measured={"tamper": True, "battery_low": True},
    ),
    z2m(
        "E1812",
        {"action": "on", "battery": 74},
        {"action": "brightness_move_up", "battery": 74},
        {"action": "brightness_stop", "battery": 74},
        presses=2,
        measured={"battery": 74},
    ),
    z2m("E1743", {"action": "on"}, {"action": "off"}, presses=1),
    z2m("E2213", {"action": "1_initial_press"}, {"action": "1_short_release"}, every_s=0.3, presses=1),
    z2m("E2213, held for long", {"action": "2_initial_press"}, {"action": "2_long_release"}, every_s=5.0, presses=1),
    z2m(
        "SNZB-01P",
        {"action": "single", "battery": 100, "voltage": 3000},
        {"action": "double", "battery": 100, "voltage": 3000},
        {"action": "long", "battery": 100, "voltage": 3000},
        presses=3,
        measured={"battery": 100},
    ),
    z2m("3RSB22BZ", {"action": "single"}, {"action": "hold"}, {"action": "release"}, presses=2),
    z2m(
        "Climax",
        {"action": "panic", "battery_low": False, "tamper": False},
        presses=1,
        measured={"battery_low": False, "tamper": False},
    ),
    z2m("an action of which nobody has heard", {"action": "squeeze_left"}, presses=1),
    z2m(
        "a report after a press does not repeat the action",
        {"action": "single", "battery": 100, "linkquality": 120},
        {"battery": 99, "linkquality": 118},
        {"battery": 99, "linkquality": 90, "last_seen": "2026-11-21T14:02:33+01:00"},
        presses=1,
        measured={"battery": 99},
    ),
    z2m(
        "the legacy empty action",
        {"action": "2_single", "linkquality": 80},
        {"action": "", "linkquality": 80},
        every_s=0.01,
        presses=1,
    ),
    z2m("a null action", {"action": None, "battery": 80}, presses=0, measured={"battery": 80}),
    z2m("no JSON", "single", presses=0, faults=(f"{ZENDER}/malformed",)),
    z2m("cut off", b'{"action":"sing', presses=0, faults=(f"{ZENDER}/malformed",)),
    z2m("not UTF-8", b'{"action":"\xff"}', presses=0, faults=(f"{ZENDER}/malformed",)),
    z2m("a battery of 255 percent", {"battery": 255}, faults=(f"{ZENDER}/malformed",)),
    z2m(
        "a press beside nonsense still counts",
        {"action": "single", "battery": "full", "tamper": "perhaps"},
        presses=1,
        faults=(f"{ZENDER}/malformed",),
    ),
    z2m(
        "only the actions of the plan",
        {"action": "single"},
        {"action": "release"},
        presses=1,
        overrides={"press": {"values": ("single",)}},
    ),
    z2m(
        "an action that is not in the plan",
        {"action": "double"},
        presses=0,
        faults=(f"{ZENDER}/malformed",),
        overrides={"press": {"values": ("single",)}},
    ),
    Vector(
        "availability, both forms",
        "zigbee2mqtt",
        "zigbee2mqtt/balie-1",
        [
            Said({"state": "online"}, "zigbee2mqtt/balie-1/availability", retained=True),
            Said("offline", "zigbee2mqtt/balie-1/availability"),
            Said({"state": "offline"}, "zigbee2mqtt/balie-1/availability"),
            Said("online", "zigbee2mqtt/balie-1/availability"),
        ],
        online=(True, False, False, True),
    ),
    Vector(
        "availability that is neither",
        "zigbee2mqtt",
        "zigbee2mqtt/balie-1",
        [Said("perhaps", "zigbee2mqtt/balie-1/availability")],
        faults=(f"{ZENDER}/malformed",),
    ),
    Vector(
        "a retained action is a ghost, a retained battery is not",
        "zigbee2mqtt",
        "zigbee2mqtt/balie-1",
        [Said({"action": "single", "battery": 40}, retained=True)],
        presses=0,
        measured={"battery": 40},
    ),
    Vector(
        "a retained sos is where it stands",
        "zigbee2mqtt",
        "zigbee2mqtt/balie-1",
        [Said({"sos": True}, retained=True), Said({"sos": True}, at_s=9), Said({"sos": False}, at_s=10)],
        presses=0,
    ),
]


def list_event(*events: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "src": "shellyplus1-b8d61a85a8e0",
        "dst": "shellyplus1-b8d61a85a8e0/events",
        "method": "NotifyEvent",
        "params": {"ts": 1728655744.49, "events": list(events)},
    }


def input_event(event: str, number: int = 0) -> dict[str, Any]:
    return {"component": f"input:{number}", "id": number, "event": event, "ts": 1728655744.49}


def blu_event(**data: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "encryption": False,
        "BTHome_version": 2,
        "pid": 33,
        "battery": 100,
        "button": 1,
        "rssi": -66,
    }
    said |= {"address": "bc:02:6e:c3:ce:cc", "ts": 1684315357.98, **data}
    return {"component": "script:1", "id": 1, "event": "shelly-blu", "data": said}


BUTTON1 = "shellies/shellybutton1-A4CF12F45301"
GEN1 = f"{BUTTON1}/input_event/0"
PLUS = "shellyplus1-b8d61a85a8e0"
EVENTS = f"{PLUS}/events/rpc"
BLU = "bc:02:6e:c3:ce:cc"

SHELLY = [
    Vector("Button1", "shelly-gen1", BUTTON1, [Said({"event": "S", "event_cnt": 57}, GEN1)], presses=1),
    Vector(
        "Button1 in all its ways",
        "shelly-gen1",
        BUTTON1,
        [Said({"event": word, "event_cnt": n}, GEN1) for n, word in enumerate(("S", "SS", "SSS", "L", "SL", "LS"))],
        presses=6,
    ),
    Vector(
        "Button1, retained and said again, then pressed",
        "shelly-gen1",
        BUTTON1,
        [
            Said({"event": "S", "event_cnt": 57}, GEN1, retained=True),
            Said({"event": "S", "event_cnt": 57}, GEN1, at_s=100),
            Said({"event": "S", "event_cnt": 57}, GEN1, at_s=200),
            Said({"event": "S", "event_cnt": 58}, GEN1, at_s=300),
            Said({"event": "S", "event_cnt": 58}, GEN1, at_s=900),
        ],
        presses=1,
    ),
    Vector(
        "Button1 began to count anew, and comes out where it was",
        "shelly-gen1",
        BUTTON1,
        [
            Said({"event": "S", "event_cnt": 1}, GEN1),
            Said({"event": "", "event_cnt": 0}, GEN1, at_s=50),
            Said({"event": "S", "event_cnt": 1}, GEN1, at_s=60),
        ],
        presses=2,
    ),
    Vector(
        "Button1 counts down after its battery was changed",
        "shelly-gen1",
        BUTTON1,
        [Said({"event": "S", "event_cnt": 57}, GEN1), Said({"event": "L", "event_cnt": 1}, GEN1, at_s=0.5)],
        presses=2,
    ),
    Vector(
        "Button1, its battery as a bare number",
        "shelly-gen1",
        BUTTON1,
        [Said("87", f"{BUTTON1}/sensor/battery")],
        measured={"battery": 87},
    ),
    Vector(
        "an event without its counter counts by time",
        "shelly-gen1",
        BUTTON1,
        [Said({"event": "S"}, GEN1, at_s=at_s) for at_s in (0.0, 1.0, 5.0)],
        presses=2,
    ),
    Vector(
        "Plus 1, the public fixture",
        "shelly-gen2",
        PLUS,
        [Said(list_event(input_event("single_push")), EVENTS)],
        presses=1,
    ),
    Vector(
        "down at once, up, and what it was afterwards: one press",
        "shelly-gen2",
        PLUS,
        [
            Said(list_event(input_event("btn_down")), EVENTS, 0.0),
            Said(list_event(input_event("btn_up")), EVENTS, 0.2),
            Said(list_event(input_event("single_push")), EVENTS, 0.6),
        ],
        presses=1,
    ),
    Vector(
        "several components in one list",
        "shelly-gen2",
        PLUS,
        [
            Said(
                list_event(
                    {"component": "sys", "event": "config_changed", "restart_required": False},
                    input_event("btn_down", 1),
                    input_event("long_push", 2),
                    input_event("btn_down", 3),
                ),
                EVENTS,
            )
        ],
        input="input:2",
        presses=1,
    ),
    Vector(
        "only other components",
        "shelly-gen2",
        PLUS,
        [Said(list_event(input_event("btn_down", 1), blu_event()), EVENTS)],
        presses=0,
    ),
    Vector(
        "an event of which nobody has heard",
        "shelly-gen2",
        PLUS,
        [Said(list_event(input_event("squeeze")), EVENTS)],
        faults=(f"{ZENDER}/malformed",),
    ),
    Vector(
        "events that are no list",
        "shelly-gen2",
        PLUS,
        [Said({"params": {"events": {"component": "input:0", "event": "btn_down"}}}, EVENTS)],
        faults=(f"{ZENDER}/malformed",),
    ),
    Vector(
        "a status is no event",
        "shelly-gen2",
        PLUS,
        [Said({"src": PLUS, "method": "NotifyStatus", "params": {"ts": 1.5, "sys": {"uptime": 3}}}, EVENTS)],
        presses=0,
    ),
    Vector(
        "an input in switch mode is a level",
        "shelly-gen2",
        PLUS,
        [
            Said({"id": 0, "state": state}, f"{PLUS}/status/input:0", at_s)
            for at_s, state in ((0, False), (10, True), (11, True), (20, False), (30, None), (40, True))
        ],
        presses=2,
    ),
    Vector(
        "its will",
        "shelly-gen2",
        PLUS,
        [Said("true", f"{PLUS}/online", retained=True), Said("false", f"{PLUS}/online")],
        online=(True, False),
    ),
    Vector(
        "BLU by the gateway's script",
        "shelly-blu",
        PLUS,
        [Said(list_event(blu_event()), EVENTS)],
        input=BLU,
        presses=1,
        measured={"battery": 100},
    ),
    Vector(
        "BLU, heard five times: one pid is one press",
        "shelly-blu",
        PLUS,
        [Said(list_event(blu_event()), EVENTS, at_s) for at_s in (0, 0.1, 0.2, 4, 5)],
        input=BLU,
        presses=1,
        measured={"battery": 100},
    ),
    Vector(
        "BLU, a second press soon after has another pid",
        "shelly-blu",
        PLUS,
        [Said(list_event(blu_event()), EVENTS), Said(list_event(blu_event(pid=34, button=4)), EVENTS, 1)],
        input=BLU,
        presses=2,
        measured={"battery": 100},
    ),
    Vector(
        "BLU, another button and a beacon",
        "shelly-blu",
        PLUS,
        [
            Said(list_event(blu_event(address="bc:02:6e:c3:ce:cd")), EVENTS),
            Said(list_event(blu_event(button=0, battery=41)), EVENTS),
        ],
        input=BLU,
        presses=0,
        measured={"battery": 41},
    ),
    Vector(
        "BLU, 255 beacons between two presses",
        "shelly-blu",
        PLUS,
        [
            Said(list_event(blu_event()), EVENTS),
            Said(list_event(blu_event(pid=200, button=None)), EVENTS, 100),
            Said(list_event(blu_event()), EVENTS, 200),
        ],
        input=BLU,
        presses=2,
        measured={"battery": 100},
    ),
    Vector(
        "BLU without a pid counts by time",
        "shelly-blu",
        PLUS,
        [Said(list_event(blu_event(pid=None)), EVENTS, at_s) for at_s in (0, 1, 4)],
        input=BLU.upper(),
        presses=2,
        measured={"battery": 100},
    ),
    Vector(
        "BLU as a component",
        "shelly-blu",
        PLUS,
        [Said(list_event({"component": "bthomedevice:200", "event": "single_push"}, blu_event()), EVENTS)],
        input="bthomedevice:200",
        presses=1,
    ),
]

KNOP = "balie5/binary_sensor/noodknop/state"

NODES = [
    Vector(
        "a press",
        "esphome",
        "balie5",
        [Said("OFF", KNOP, retained=True), Said("ON", KNOP, 5.0), Said("OFF", KNOP, 6.0), Said("ON", KNOP, 7.0)],
        input="noodknop",
        presses=2,
    ),
    Vector(
        "a retained ON at each connect is no press",
        "esphome",
        "balie5",
        [Said("ON", KNOP, retained=True), Said("ON", KNOP, 5.0, retained=True), Said("ON", KNOP, 9.0)],
        input="noodknop",
        presses=0,
    ),
    Vector(
        "after a retained ON the next one is",
        "esphome",
        "balie5",
        [Said("ON", KNOP, retained=True), Said("OFF", KNOP, 5.0), Said("ON", KNOP, 9.0)],
        input="noodknop",
        presses=1,
    ),
    Vector("ON as the first word", "esphome", "balie5", [Said("ON", KNOP)], input="noodknop", presses=1),
    Vector(
        "a contact that bounces",
        "esphome",
        "balie5",
        [Said(word, KNOP, at_s) for at_s, word in ((0, "OFF"), (1, "ON"), (1.05, "OFF"), (1.1, "ON"), (2, "OFF"))],
        input="noodknop",
        presses=1,
    ),
    Vector(
        "a state that is none",
        "esphome",
        "balie5",
        [Said("unavailable", KNOP)],
        input="noodknop",
        faults=(f"{ZENDER}/malformed",),
    ),
    Vector(
        "its will",
        "esphome",
        "balie5",
        [Said("online", "balie5/status"), Said("offline", "balie5/status")],
        input="noodknop",
        online=(True, False),
    ),
    Vector(
        "a custom event with a number",
        "custom",
        "balie5/noodknop",
        [
            Said({"zender": "balie-3", "seq": seq, "event": "druk"}, at_s=at_s)
            for at_s, seq in ((0, 412), (0.1, 412), (60, 412), (61, 413))
        ],
        overrides={"press": {"path": "event", "values": ("druk",), "counter": "seq"}},
        presses=2,
    ),
    Vector(
        "from 9.1 on",
        "tasmota",
        "balie6",
        [
            Said({"Button1": {"Action": action}}, "stat/balie6/RESULT", at_s=number * 60)
            for number, action in enumerate(("SINGLE", "DOUBLE", "TRIPLE", "QUAD", "PENTA", "HOLD", "CLEAR"))
        ],
        presses=6,
    ),
    Vector(
        "another button, and other results",
        "tasmota",
        "balie6",
        [
            Said({"Button2": {"Action": "SINGLE"}}, "stat/balie6/RESULT"),
            Said({"POWER": "ON"}, "stat/balie6/RESULT"),
            Said({"Command": "Unknown"}, "stat/balie6/RESULT"),
        ],
        presses=0,
    ),
    Vector("before 9.1", "tasmota", "balie6", [Said({"ACTION": "SINGLE"}, "stat/balie6/BUTTON1")], presses=1),
    Vector(
        "SwitchMode 15 is a level, said again every TelePeriod",
        "tasmota",
        "balie6",
        [
            Said({"Time": "2021-01-01T00:00:00", "Switch1": word}, "tele/balie6/SENSOR", at_s)
            for at_s, word in ((0, "OFF"), (100, "ON"), (300, "ON"), (310, "OFF"), (600, "OFF"), (700, "ON"))
        ],
        input="Switch1",
        presses=2,
        faults=(f"{ZENDER}/stuck",),  # it was down for 210 s
    ),
    Vector(
        "a topic in another order",
        "tasmota",
        "tasmota_49A3BC",
        [Said({"Button1": {"Action": "SINGLE"}}, "tasmota_49A3BC/stat/RESULT")],
        overrides={"press": {"topic": "tasmota_49A3BC/stat/RESULT"}},
        presses=1,
    ),
    Vector(
        "its will, in capitals, and its state",
        "tasmota",
        "balie6",
        [
            Said("Online", "tele/balie6/LWT", retained=True),
            Said({"Time": "2021-01-01T00:00:00", "Uptime": "0T00:05:12"}, "tele/balie6/STATE"),
            Said("Offline", "tele/balie6/LWT"),
        ],
        online=(True, False),
    ),
]

RTL = "rtl_433/+/events"
SDR = "rtl_433/sdr1/events"
SIX = (0.0, 0.13, 0.26, 0.39, 0.52, 0.65)
EIGHT = (0.0, 0.19, 0.39, 0.58, 0.77, 0.96, 1.16, 1.35)

HONEYWELL: Mapping[str, Any] = {
    "model": "Honeywell-Security",
    "id": 73942,
    "channel": 10,
    "event": 160,
    "state": "open",
    "contact_open": 1,
    "reed_open": 1,
    "alarm": 0,
    "tamper": 0,
    "battery_ok": 1,
    "heartbeat": 0,
    "mic": "CRC",
}
HONEYWELL_ID = {"model": "Honeywell-Security", "id": "73942"}
CONTACT: Mapping[Meaning, Mapping[str, Any]] = {"press": {"path": "contact_open", "values": ("1",), "kind": "level"}}
INTERLOGIX: Mapping[str, Any] = {
    "model": "Interlogix-Security",
    "subtype": "panic",
    "id": "29cd45",
    "battery_ok": 1,
    "switch1": "OPEN",
    "switch5": "CLOSED",
    "raw_message": "477038",
}
VISONIC: Mapping[str, Any] = {
    "model": "Visonic-Powercode",
    "id": "6f4770",
    "tamper": 0,
    "alarm": 1,
    "battery_ok": 1,
    "else": 0,
    "restore": 0,
    "supervised": 0,
    "spidernet": 0,
    "repeater": 0,
    "mic": "CHECKSUM",
}
VISONIC_ID = {"model": "Visonic-Powercode", "id": "6f4770"}
X10: Mapping[str, Any] = {
    "model": "X10-Security",
    "id": "3133",
    "code": "26",
    "event": "KR18 PANIC",
    "mic": "CRC",
}
X10_ID = {"model": "X10-Security", "id": "3133"}
WEATHER: Mapping[str, Any] = {"model": "Nexus-TH", "id": 73, "channel": 1, "battery_ok": 1, "temperature_C": 21.5}
FINE = {"battery_low": False, "tamper": False}


def rtl(name: str, where: Mapping[str, str], *said: tuple[float, Any], **expected: Any) -> Vector:
    says = [Said(payload, SDR, at_s) for at_s, payload in said]
    return Vector(name, "rtl_433", RTL, says, where=where, **expected)


RADIO = [
    rtl(
        "Honeywell pendant, 6 copies in 0.65 s",
        HONEYWELL_ID,
        *((at_s, {**HONEYWELL, "alarm": 1, "contact_open": 0}) for at_s in SIX),
        presses=1,
        measured=FINE,
    ),
    rtl(
        "Honeywell contact, 6 copies, then a heartbeat while it is open",
        HONEYWELL_ID,
        *((at_s, HONEYWELL) for at_s in SIX),
        (3900.0, {**HONEYWELL, "heartbeat": 1}),
        (4000.0, {**HONEYWELL, "contact_open": 0, "state": "closed"}),
        (4100.0, HONEYWELL),
        presses=2,
        measured=FINE,
        faults=(f"{ZENDER}/stuck",),  # for an hour
        overrides=CONTACT,
    ),
    rtl("Honeywell heartbeat", HONEYWELL_ID, (0, {**HONEYWELL, "heartbeat": 1}), presses=0, measured=FINE),
    rtl(
        "Interlogix panic, 8 copies in 1.35 s",
        {"model": "Interlogix-Security", "id": "29CD45"},
        *((at_s, INTERLOGIX) for at_s in EIGHT),
        presses=1,
        measured={"battery_low": False},
    ),
    rtl(
        "8 copies, and someone who presses again 3.1 s after the first",
        {"model": "Interlogix-Security", "id": "29cd45"},
        *((at_s, INTERLOGIX) for at_s in EIGHT),
        *((3.1 + at_s, INTERLOGIX) for at_s in EIGHT),
        presses=2,
        measured={"battery_low": False},
    ),
    rtl(
        "Interlogix smoke is no button",
        {"model": "Interlogix-Security", "id": "29cd45"},
        (0, {**INTERLOGIX, "subtype": "smoke"}),
        presses=0,
        measured={"battery_low": False},
        faults=(f"{ZENDER}/malformed",),
    ),
    rtl("Visonic, 6 times", VISONIC_ID, *((at_s, VISONIC) for at_s in SIX), presses=1, measured=FINE),
    rtl(
        "Visonic supervision, opened and low",
        VISONIC_ID,
        (0, {**VISONIC, "alarm": 0, "supervised": 1, "tamper": 1, "battery_ok": 0}),
        presses=0,
        measured={"battery_low": True, "tamper": True},
    ),
    rtl("X10 KR18", X10_ID, *((at_s, X10) for at_s in SIX[:5]), presses=1),
    rtl(
        "X10 KR15, both ways",
        X10_ID,
        (0, {**X10, "code": "88", "event": "KR15 PANIC"}),
        (10, {**X10, "code": "98", "event": "KR15 PANIC-3SECOND", "battery_ok": 0, "tamper": 1}),
        presses=2,
        measured={"battery_low": True, "tamper": True},
    ),
    rtl("X10, another event", X10_ID, (0, {**X10, "event": "KR10 ARM"}), faults=(f"{ZENDER}/malformed",)),
    rtl(
        "DSC",
        {"model": "DSC-Security", "id": "1a2b3c"},
        (0, {"model": "DSC-Security", "id": "1a2b3c", "closed": 1, "event": 1, "tamper": 0, "battery_ok": 1}),
        (9, {"model": "DSC-Security", "id": "1a2b3c", "closed": 0, "event": 1, "tamper": 0, "battery_ok": 1}),
        (99, {"model": "DSC-Security", "id": "1a2b3c", "closed": 0, "event": 0, "tamper": 0, "battery_ok": 1}),
        presses=1,
        measured=FINE,
    ),
    rtl(
        "Kerui: pressed, opened by force, battery low",
        {"model": "Kerui-Security", "id": "0x1f2e3"},
        (0, {"model": "Kerui-Security", "id": "0x1f2e3", "cmd": "0xe", "opened": 1, "state": "open"}),
        (10, {"model": "Kerui-Security", "id": "0x1f2e3", "cmd": "0xb"}),
        (20, {"model": "Kerui-Security", "id": "0x1f2e3", "cmd": "0xf", "battery_ok": 0}),
        presses=1,
        measured={"battery_low": True, "tamper": False},
    ),
    rtl(
        "Generic remote, one of its buttons",
        {"model": "Generic-Remote", "id": "12345", "cmd": "8"},
        (0, {"model": "Generic-Remote", "id": 12345, "cmd": 8, "tristate": "1Z0"}),
        (10, {"model": "Generic-Remote", "id": 12345, "cmd": 4, "tristate": "1Z0"}),
        (20, {"model": "Generic-Remote", "id": 12346, "cmd": 8, "tristate": "1Z0"}),
        presses=1,
    ),
    rtl(
        "EV1527 by a flex decoder",
        {"code": "REMOTE-A", "button": "C"},
        (0, {"code": "REMOTE-A", "button": "C"}),
        (10, {"code": "REMOTE-A", "button": "D"}),
        (20, {"code": "REMOTE-B", "button": "C"}),
        presses=1,
    ),
    rtl(
        "Risco at 868 MHz",
        {"model": "Risco_868_Security", "ID": "77", "id": "77"},
        (
            0,
            {
                "model": "Risco_868_Security",
                "id": 77,
                "ID": 77,
                "Trigger": "EVENT",
                "State": "ALERT",
                "Tamper": "normal",
            },
        ),
        (
            9,
            {
                "model": "Risco_868_Security",
                "id": 77,
                "ID": 77,
                "Trigger": "supervision",
                "State": "ALERT",
                "Tamper": "ALERT",
            },
        ),
        presses=1,
        measured={"tamper": True},
    ),
    rtl("an id as an int for one in text", {"id": "73942"}, (0, {**HONEYWELL, "alarm": 1}), presses=1, measured=FINE),
    rtl("an id as a text for one in hex", {"id": "0x1f"}, (0, {"id": 31, "alarm": 1}), presses=1),
    rtl("an id of digits is no float", {"id": "6e4770"}, (0, {"id": "6E4770", "alarm": 1}), presses=1),
    rtl(
        "a battery between empty and full",
        VISONIC_ID,
        (0, {**VISONIC_ID, "battery_ok": 0.4}),
        measured={"battery_low": True},
    ),
    rtl(
        "a battery a bit from full",
        VISONIC_ID,
        (0, {**VISONIC_ID, "battery_ok": 0.75}),
        measured={"battery_low": False},
    ),
    rtl("the neighbours' weather", VISONIC_ID, *((at_s, WEATHER) for at_s in SIX), presses=0),
    Vector(
        "OpenMQTTGateway with rtl_433",
        "rtl_433",
        "home/OpenMQTTGateway/RTL_433toMQTT/Visonic-Powercode/0/6f4770",
        [Said({**VISONIC, "rssi": -71})],
        where=VISONIC_ID,
        presses=1,
        measured=FINE,
    ),
    Vector(
        "OpenMQTTGateway, plain 433",
        "custom",
        "home/OpenMQTTGateway/433toMQTT",
        [
            Said({"value": value, "protocol": 1, "length": 24, "delay": 317}, at_s=at_s)
            for at_s, value in ((0, 1315156), (0.1, 1315156), (5, 99))
        ],
        overrides={"press": {"path": "protocol", "where": (("value", "1315156"),)}},
        presses=1,
    ),
    Vector(
        "LoRaWAN WS101",
        "custom",
        "application/1/device/24e124/event/up",
        [
            Said(
                {"object": {"battery": 100, "button_event": {"status": "short press", "msgid": m}}, "fCnt": count},
                at_s=m,
            )
            for m, count in ((1, 7), (2, 7), (3, 8))
        ],
        overrides={
            "press": {"path": "object.button_event.status", "counter": "fCnt"},
            "battery": {"path": "object.battery"},
        },
        presses=2,
        measured={"battery": 100},
    ),
]

VECTORS = [*ZIGBEE, *SHELLY, *NODES, *RADIO]


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_what_is_heard_of_a_device(vector: Vector) -> None:
    profile = PROFILES[vector.profile]
    made = readings(profile, vector.topic, vector.input, vector.where, vector.overrides)
    heard = hear(vector, Device(ZENDER, made, profile.dedupe_s, profile.retained))
    measured: dict[str, Any] = {}
    for one in heard:
        if isinstance(one, h.Telemetry):
            assert (one.device, one.boot) == (ZENDER, "")
            measured |= {
                key: value for key in ("battery", "battery_low", "tamper") if (value := getattr(one, key)) is not None
            }
    presses = [one for one in heard if isinstance(one, h.Pressed)]
    assert [one.press for one in presses] == [f"3-b007-{n}" for n in range(1, vector.presses + 1)]
    assert all(one.zender == 3 and one.boot == "" for one in presses)
    assert measured == vector.measured
    assert tuple(one.online for one in heard if isinstance(one, h.Status)) == vector.online
    assert tuple(one.key for one in heard if isinstance(one, h.Trouble)) == vector.faults


GATEWAYS = [
    ("zigbee2mqtt", "zigbee2mqtt", "zigbee2mqtt/bridge/state", {"state": "online"}, {"state": "offline"}),
    ("zigbee2mqtt", "zigbee2mqtt", "zigbee2mqtt/bridge/state", "online", "offline"),
    ("rtl_433", "rtl_433/sdr1", "rtl_433/sdr1/availability", "online", "offline"),
    ("shelly-blu", PLUS, f"{PLUS}/online", "true", "false"),
    ("shelly-gen2", PLUS, f"{PLUS}/online", "true", "false"),
]


@pytest.mark.parametrize(("name", "topic", "on", "up", "down"), GATEWAYS)
def test_what_is_heard_of_a_gateway(name: str, topic: str, on: str, up: Any, down: Any) -> None:
    vector = Vector("", name, topic, [Said(up, on, retained=True), Said(down, on)])
    heard = hear(vector, Device("gateway:g", gateway_readings(PROFILES[name], topic)))
    assert heard == [h.Status("gateway:g", "", True, live=False), h.Status("gateway:g", "", False, live=True)]


def test_the_gateway_of_openmqttgateway_is_told_in_the_plan() -> None:
    topic = "home/OpenMQTTGateway/LWT"
    online = Reading(topic, "online", values=("online",))
    vector = Vector("", "custom", topic, [Said("Online"), Said("offline")])
    heard = hear(vector, Device("gateway:omg", (online,)))
    assert [one.online for one in heard if isinstance(one, h.Status)] == [True, False]


@pytest.mark.parametrize(
    ("name", "topic", "on"),
    [
        ("zigbee2mqtt", "zigbee2mqtt", "zigbee2mqtt/bridge/health"),
        ("rtl_433", "rtl_433/sdr1", "rtl_433/sdr1/events"),
        ("shelly-blu", PLUS, EVENTS),
    ],
)
def test_a_gateway_lives_while_it_passes_on_what_it_hears(name: str, topic: str, on: str) -> None:
    heard = hear(
        Vector("", name, topic, [Said(WEATHER, on)]), Device("gateway:g", gateway_readings(PROFILES[name], topic))
    )
    assert heard == [h.Telemetry("gateway:g", "")]
