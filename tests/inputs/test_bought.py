"""What is remembered of bought devices: levels, counters, windows, whose fault it is, and when the broker is told."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.core import heard as h
from achterwacht.inputs.bought import Bought
from achterwacht.inputs.complaints import TELL_AGAIN_S
from achterwacht.inputs.profiles import PROFILES, gateway_readings, readings
from achterwacht.inputs.wiring import Device, PressIds, Reading

TOPIC = "hal/balie"
EVENT = Reading(TOPIC, "press", "action", values=("single",), ignore=("release",))
LEVEL = Reading(TOPIC, "press", "sos", values=("true",), kind="level")
COUNTED = Reading(TOPIC, "press", "action", counter="n")
PRESS = {"action": "single"}


class Desk:
    """A few devices, what is heard of them, and how often the broker was told of each message."""

    def __init__(self, *devices: Device) -> None:
        self.heard: list[h.Heard] = []
        self.unsafe: list[Callable[[], None]] = []
        self.acks: list[int] = []
        self.bought = Bought(devices, PressIds("b007"), self._hear)

    def _hear(
        self, heard: h.Heard, ack: Callable[[], None] = lambda: None, reply: Callable[..., None] = lambda _: None
    ) -> None:
        self.heard.append(heard)
        if isinstance(heard, h.Pressed):
            self.unsafe.append(ack)

    def say(
        self, said: Any, at_s: float = 0.0, topic: str = TOPIC, retained: bool = False, qos: int = 1
    ) -> list[h.Heard]:
        """One message; what was heard by it."""
        self.heard.clear()
        self.acks.append(0)
        number = len(self.acks) - 1

        def ack() -> None:
            self.acks[number] += 1

        payload = said if isinstance(said, bytes) else json.dumps(said).encode()
        assert self.bought.message(topic, payload, retained, qos, at_s, ack)
        return list(self.heard)

    def presses(self, said: Any, at_s: float = 0.0, **keys: Any) -> int:
        return sum(isinstance(one, h.Pressed) for one in self.say(said, at_s, **keys))


def zender(nr: int, *of: Reading, **keys: Any) -> Device:
    return Device(f"zender:{nr}", of, **keys)


def faults(heard: list[h.Heard]) -> list[str]:
    return [one.key for one in heard if isinstance(one, h.Trouble)]


# --- topics -----------------------------------------------------------------------------------------------------------


def test_each_topic_is_subscribed_to_once_and_acknowledged() -> None:
    desk = Desk(
        zender(1, EVENT, Reading(TOPIC, "battery", "battery")), zender(2, EVENT, Reading("rtl/+/events", "alive"))
    )
    assert desk.bought.subscriptions == ((TOPIC, 1), ("rtl/+/events", 1))


def test_a_topic_that_nobody_is_mapped_on_is_not_ours() -> None:
    heard: list[h.Heard] = []
    acked: list[None] = []
    bought = Bought([zender(1, EVENT)], PressIds("b007"), lambda one, ack=None, reply=None: heard.append(one))
    assert not bought.message("hal/balie/x", b"nonsense", False, 1, 0.0, lambda: acked.append(None))
    assert (heard, acked) == ([], [])


def test_a_device_on_a_topic_and_a_filter_hears_a_message_once() -> None:
    desk = Desk(zender(1, EVENT, Reading("hal/+", "battery", "battery")))
    assert desk.say({**PRESS, "battery": 80}, 5.0) == [
        h.Pressed("1-b007-1", 1, "", 5.0),
        h.Telemetry("zender:1", "", battery=80),
    ]


def test_several_zenders_on_one_topic_are_told_apart_by_where() -> None:
    of = {nr: Reading("rtl/+/events", "press", "alarm", where=(("id", str(nr)),)) for nr in (1, 2)}
    desk = Desk(zender(1, of[1]), zender(2, of[2]))
    assert desk.say({"id": 2, "alarm": 1}, topic="rtl/a/events") == [h.Pressed("2-b007-1", 2, "", 0.0)]
    assert desk.say({"id": 3, "alarm": 1}, topic="rtl/a/events") == []


def test_what_is_known_of_a_device_outlives_a_plan_that_leaves_it_as_it_was() -> None:
    desk = Desk(zender(1, LEVEL), zender(2, LEVEL))
    assert desk.presses({"sos": True}) == 2
    desk.bought = Bought([zender(1, LEVEL), zender(2, LEVEL, dedupe_s=1.0)], PressIds("b008"), desk._hear, desk.bought)
    assert desk.say({"sos": True}, 60.0)[0] == h.Trouble("zender:1/stuck", "has said for 30 s that it is pressed")
    assert [one.zender for one in desk.heard if isinstance(one, h.Pressed)] == [2]


# --- events -----------------------------------------------------------------------------------------------------------


def test_the_window_runs_from_the_press_that_counted_not_from_its_last_copy() -> None:
    desk = Desk(zender(1, EVENT, dedupe_s=3.0))
    times = (0.0, 0.5, 1.35, 2.9, 3.1, 4.0, 6.0, 6.2)
    assert [desk.presses(PRESS, at_s) for at_s in times] == [1, 0, 0, 0, 1, 0, 0, 1]


def test_the_window_is_each_devices_own() -> None:
    of = [Reading(TOPIC, "press", "alarm", where=(("id", str(nr)),)) for nr in (1, 2)]
    desk = Desk(zender(1, of[0], dedupe_s=3.0), zender(2, of[1], dedupe_s=3.0))
    assert [desk.presses({"id": nr, "alarm": 1}, 0.1 * nr) for nr in (1, 2)] == [1, 1]


def test_without_a_window_every_event_counts() -> None:
    desk = Desk(zender(1, EVENT))
    assert [desk.presses(PRESS) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("policy", ["ignore", "level"])
def test_a_retained_event_never_counts(policy: Any) -> None:
    desk = Desk(zender(1, EVENT, retained=policy, dedupe_s=3.0))
    assert desk.say(PRESS, retained=True) == []
    assert desk.presses(PRESS, 0.1) == 1, "and takes no press's place"


# --- counters ---------------------------------------------------------------------------------------------------------


def counted(desk: Desk, *numbers: Any, retained: bool = False) -> list[int]:
    return [desk.presses({"action": "S", "n": n}, retained=retained) for n in numbers]


def test_only_a_changed_counter_is_a_press() -> None:
    desk = Desk(zender(1, COUNTED, dedupe_s=3.0))
    assert counted(desk, 7, 7, 7.0, "7", 8, 7, 1) == [1, 0, 0, 0, 1, 1, 1]


def test_a_retained_counter_is_where_it_stands() -> None:
    desk = Desk(zender(1, COUNTED, retained="level"))
    assert counted(desk, 7, retained=True) == [0]
    assert counted(desk, 7, 8) == [0, 1]


def test_an_equal_counter_is_the_same_press_for_a_day_since_it_was_last_said() -> None:
    desk = Desk(zender(1, COUNTED, retained="level"))
    said, day_s = {"action": "single", "n": 1}, 24 * 3600.0
    assert desk.presses(said, 0.0) == 1
    assert desk.presses(said, day_s - 1) == 0
    assert desk.presses(said, 2 * day_s - 2) == 0, "said again, it is as young as that"
    assert desk.presses(said, 3 * day_s - 3, retained=True) == 0
    assert desk.presses(said, 3 * day_s) == 1, "a new battery, and it counts from 1 again"


def test_a_retained_counter_that_is_ignored_is_of_no_account() -> None:
    desk = Desk(zender(1, COUNTED))
    assert counted(desk, 7, retained=True) == [0]
    assert counted(desk, 7) == [1]


# --- levels -----------------------------------------------------------------------------------------------------------


def test_a_level_is_a_press_when_it_becomes_so() -> None:
    desk = Desk(zender(1, LEVEL))
    said = [True, True, False, False, True, None, True]
    assert [desk.presses({"sos": sos}) for sos in said] == [1, 0, 0, 0, 1, 0, 0]


def test_a_press_that_is_the_first_word_was_said_now_whatever_was_known() -> None:
    desk = Desk(zender(1, LEVEL))
    assert desk.say({"sos": True}, 4.0) == [h.Pressed("1-b007-1", 1, "", 4.0)]
    desk.say({"sos": False}, 5.0)
    assert desk.say({"sos": True}, 6.0) == [h.Pressed("1-b007-2", 1, "", 6.0)]


def test_a_retained_level_is_where_it_stands_or_of_no_account() -> None:
    desk = Desk(zender(1, LEVEL, retained="level"))
    assert desk.presses({"sos": True}, retained=True) == 0
    assert desk.presses({"sos": True}) == 0
    desk = Desk(zender(1, LEVEL, retained="ignore"))
    assert desk.presses({"sos": True}, retained=True) == 0
    assert desk.presses({"sos": True}) == 1


def test_a_remembered_level_is_a_press_where_the_button_is_known_to_have_been_up() -> None:
    """It was pressed while we did not listen; the broker kept that for us."""
    for up_is_remembered in (False, True):
        desk = Desk(zender(1, LEVEL, retained="level"))
        assert desk.presses({"sos": False}, 0.0, retained=up_is_remembered) == 0
        assert desk.say({"sos": True}, 10.0, retained=True) == [h.Pressed("1-b007-1", 1, "", 10.0)]
        assert desk.presses({"sos": True}, 11.0, retained=True) == 0, "told at each new connection"
        assert desk.presses({"sos": True}, 12.0) == 0
        assert desk.presses({"sos": False}, 13.0, retained=True) == 0
        assert desk.presses({"sos": True}, 14.0, retained=True) == 1


def test_a_level_that_bounces_is_one_press() -> None:
    desk = Desk(zender(1, LEVEL, dedupe_s=0.5))
    said = [(0.0, True), (0.1, False), (0.2, True), (0.9, False), (1.0, True)]
    assert [desk.presses({"sos": sos}, at_s) for at_s, sos in said] == [1, 0, 0, 0, 1]


def test_a_button_that_stays_down_is_stuck_until_it_comes_up() -> None:
    desk = Desk(zender(1, LEVEL))
    desk.say({"sos": False}, 0.0)
    desk.say({"sos": True}, 10.0)
    desk.heard.clear()
    for now_s in range(10, 100):
        desk.bought.look(float(now_s))
        assert faults(desk.heard) == (["zender:1/stuck"] if now_s >= 40 else []), now_s
    assert h.TroubleOver("zender:1/stuck") in desk.say({"sos": False}, 100.0)
    assert desk.presses({"sos": True}, 101.0) == 1


def test_a_button_that_was_down_before_we_came_is_stuck_too() -> None:
    desk = Desk(zender(1, LEVEL, retained="level"))
    desk.say({"sos": True}, 0.0, retained=True)
    desk.bought.look(30.0)
    assert faults(desk.heard) == ["zender:1/stuck"]


def test_a_fault_from_before_a_restart_is_over_at_the_first_word_that_it_is_up() -> None:
    assert h.TroubleOver("zender:1/stuck") in Desk(zender(1, LEVEL)).say({"sos": False})


# --- measurements and life --------------------------------------------------------------------------------------------

MEASURED = (
    Reading(TOPIC, "battery", "battery"),
    Reading(TOPIC, "battery_low", "low", values=("true",)),
    Reading(TOPIC, "tamper", "tamper", values=("true",)),
    Reading(f"{TOPIC}/availability", "online", "state", values=("online",)),
)


def test_what_is_measured_is_one_telemetry_and_also_when_it_is_remembered() -> None:
    desk = Desk(zender(1, EVENT, *MEASURED))
    said = {"battery": 19, "low": True, "tamper": False}
    for retained in (False, True):
        told = h.Telemetry("zender:1", "", 19, battery_low=True, tamper=False, live=not retained)
        assert desk.say(said, retained=retained) == [told]


def test_any_live_message_of_a_device_is_a_sign_of_life_and_a_remembered_one_is_not() -> None:
    desk = Desk(zender(1, EVENT, *MEASURED))
    assert desk.say({"linkquality": 90}) == [h.Telemetry("zender:1", "")]
    assert desk.say({"action": "release"}) == [h.Telemetry("zender:1", "")]
    assert desk.say({"linkquality": 90}, retained=True) == []


def test_others_speak_of_its_availability_and_that_is_no_sign_of_life() -> None:
    desk = Desk(zender(1, EVENT, *MEASURED))
    topic = f"{TOPIC}/availability"
    assert desk.say(b"offline", topic=topic) == [h.Status("zender:1", "", False, live=True)]
    assert desk.say({"state": "online"}, topic=topic, retained=True) == [h.Status("zender:1", "", True, live=False)]
    assert faults(desk.say({"state": "asleep"}, topic=topic)) == ["zender:1/malformed"]
    assert not any(isinstance(one, h.Telemetry) for one in desk.heard)


def test_a_device_that_says_itself_that_it_goes_is_gone() -> None:
    desk = Desk(zender(1, EVENT, Reading(TOPIC, "online", "state", values=("ready",), ignore=("sleeping",))))
    assert desk.say({"state": "sleeping"}) == [h.Status("zender:1", "", False, live=True)]


# --- docks ------------------------------------------------------------------------------------------------------------


def dock(*values: str, topic: str = TOPIC, path: str = "", where: tuple[tuple[str, str], ...] = ()) -> Device:
    return Device("dock:p2", (Reading(topic, "docked", path, where=where, values=values),))


HONEYWELL = {"model": "Honeywell-Security", "id": 73942, "event": 160, "state": "open", "contact_open": 1}


@pytest.mark.parametrize(
    ("device", "docked", "off"),
    [
        (
            dock("true", path="contact"),
            {"contact": True, "battery": 100, "voltage": 3000, "linkquality": 120},
            {"contact": False, "battery": 100, "voltage": 3000, "linkquality": 120},
        ),
        (dock("true", path="state"), {"id": 0, "state": True}, {"id": 0, "state": False}),
        (dock("close"), b"close", b"open"),
        (dock("ON"), b"ON", b"OFF"),
        (dock("on"), b"ON", b"OFF"),
        (
            dock("ON", path="Switch1"),
            {"Time": "2026-01-01T00:00:00", "Switch1": "ON"},
            {"Time": "2026-01-01T00:00:00", "Switch1": "OFF"},
        ),
        (
            dock("0", path="contact_open", where=(("id", "73942"),)),
            {**HONEYWELL, "state": "closed", "contact_open": 0},
            HONEYWELL,
        ),
    ],
    ids=["zigbee2mqtt", "shelly input", "shelly door", "esphome", "esphome, small letters", "tasmota", "rtl_433"],
)
@pytest.mark.parametrize("retained", [False, True])
def test_a_dock_tells_its_level_with_every_message_also_a_remembered_one(
    device: Device, docked: Any, off: Any, retained: bool
) -> None:
    desk = Desk(device)
    for said, so in ((docked, True), (docked, True), (off, False)):
        assert desk.say(said, retained=retained) == [h.Telemetry("dock:p2", "", docked=so, live=not retained)]
    assert desk.acks == [1, 1, 1]


def test_a_message_that_says_nothing_of_the_dock_is_a_sign_of_life() -> None:
    desk = Desk(dock("true", path="contact"))
    assert desk.say({"battery": 98}) == [h.Telemetry("dock:p2", "")]
    assert desk.say({"contact": None}) == [h.Telemetry("dock:p2", "")]
    assert desk.say({"battery": 98}, retained=True) == []


@pytest.mark.parametrize("said", [b"{", b"", b"true", {"contact": ""}, {"contact": "unknown"}, {"contact": [True]}])
def test_nonsense_of_a_dock_is_its_own_fault_and_tells_no_level(said: Any) -> None:
    heard = Desk(dock("true", path="contact")).say(said)
    assert faults(heard) == ["dock:p2/malformed"]
    assert not any(isinstance(one, h.Telemetry) and one.docked is not None for one in heard)


def test_a_dock_at_which_the_path_was_forgotten_is_a_fault_and_never_off() -> None:
    (_, trouble) = Desk(dock("true")).say({"contact": True})
    assert isinstance(trouble, h.Trouble)
    assert trouble.key == "dock:p2/malformed"
    assert "expected 'true' or another word" in trouble.detail


# --- faults -----------------------------------------------------------------------------------------------------------


def test_nonsense_is_one_fault_told_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(zender(1, EVENT))
    with caplog.at_level(logging.WARNING):
        told = sum(len(faults(desk.say(b"nonsense", n * 0.01))) for n in range(int(2.5 * TELL_AGAIN_S / 0.01)))
    assert told == 3
    assert len(caplog.records) < 15
    assert set(desk.acks) == {1}


def test_the_fault_says_what_came_where_and_what_was_expected() -> None:
    (_, trouble) = Desk(zender(1, EVENT)).say({"action": "double"})
    assert isinstance(trouble, h.Trouble)
    for word in ("double", "action", "single", TOPIC):
        assert word in trouble.detail
    (trouble,) = Desk(zender(1, EVENT)).say(b'{"action":"sin')
    assert isinstance(trouble, h.Trouble)
    for word in ('{"action":"sin', "JSON", TOPIC):
        assert word in trouble.detail


SHARED = [Reading("rtl/+/events", "press", "alarm", where=(("id", str(nr)),)) for nr in (1, 2)]


@pytest.mark.parametrize(
    ("devices", "fault"),
    [
        ([zender(1, SHARED[0])], "zender:1/malformed"),
        ([zender(1, SHARED[0]), zender(2, SHARED[1])], "mqtt/malformed"),
        (
            [
                zender(1, SHARED[0]),
                Device("gateway:sdr", (Reading("rtl/a/events", "alive"),)),
                zender(2, SHARED[1]),
            ],
            "gateway:sdr/malformed",
        ),
    ],
)
def test_what_cannot_be_read_on_a_shared_topic_is_one_fault(devices: list[Device], fault: str) -> None:
    assert faults(Desk(*devices).say(b"{", topic="rtl/a/events")) == [fault]


def test_a_press_at_qos_0_is_a_press_and_a_fault_unless_the_plan_says_so() -> None:
    desk = Desk(zender(1, EVENT, qos=1))
    heard = desk.say(PRESS, qos=0)
    assert heard[0] == h.Pressed("1-b007-1", 1, "", 0.0)
    assert faults(heard) == ["zender:1/qos 0"]
    assert faults(desk.say(PRESS, 60.0, qos=1)) == []
    assert faults(desk.say({"action": "release"}, 120.0, qos=0)) == [], "only of presses the broker may lose one"
    assert faults(Desk(zender(1, EVENT, qos=0)).say(PRESS, qos=0)) == []


# --- the broker -------------------------------------------------------------------------------------------------------


def test_the_broker_is_told_when_every_press_in_a_message_is_safe() -> None:
    desk = Desk(zender(1, EVENT), zender(2, EVENT))
    assert desk.presses({**PRESS, "battery": 80}) == 2
    first, second = desk.unsafe
    for safe in (first, first):
        safe()
        assert desk.acks == [0]
    for safe in (second, second, first):
        safe()
        assert desk.acks == [1]


def test_the_broker_is_told_at_once_where_there_is_no_press() -> None:
    desk = Desk(zender(1, EVENT, *MEASURED, dedupe_s=3.0))
    desk.say(PRESS)
    for said in (PRESS, {"battery": 80}, {"action": "release"}, {"action": "double"}, b"{"):
        desk.say(said, 0.5)
    desk.say(PRESS, 9.0, retained=True)
    assert desk.acks == [0, 1, 1, 1, 1, 1, 1]


# --- anything at all --------------------------------------------------------------------------------------------------


INPUTS = {"tasmota": "Switch1", "esphome": "knop", "shelly-blu": "bc:02:6e:c3:ce:cc"}


def building() -> list[Device]:
    """One device of each profile."""
    made = []
    for nr, profile in enumerate(PROFILES.values(), 1):
        own = readings(
            profile,
            f"d{nr}",
            INPUTS.get(profile.name),
            {"id": "1"} if profile.where else {},
            {"press": {"path": "n", "values": ("1",), "counter": "seq"}} if profile.name == "custom" else {},
        )
        made.append(Device(f"zender:{nr}", own, profile.dedupe_s, profile.retained))
    made.append(Device("dock:p1", (Reading("d9", "docked", "state", values=("ON",)),)))
    made.append(Device("gateway:g", gateway_readings(PROFILES["zigbee2mqtt"], "d9")))
    return made


TOPICS = [reading.topic for device in building() for reading in device.readings]
WORDS = ["", "ON", "OFF", "on", "1", "true", "single", "online", "input:0", "shelly-blu", "release", "S"]
WORDS += [INPUTS["shelly-blu"]]
KEYS = [
    *("action", "sos", "battery", "tamper", "state", "event", "event_cnt", "params", "events", "component", "data"),
    *("address", "button", "pid", "Button1", "Switch1", "Action", "ACTION", "id", "alarm", "battery_ok", "n", "seq"),
]
PRESSING = {"action", "sos", "state", "event", "button", "Switch1", "Action", "ACTION", "alarm", "n", "ON", "on"}
SAID = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 300) | st.floats() | st.sampled_from(WORDS) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=15,
)
MESSAGES = st.lists(
    st.tuples(
        st.sampled_from(TOPICS),
        st.binary(max_size=40)
        | st.sampled_from(WORDS).map(str.encode)
        | SAID.map(lambda said: json.dumps(said).encode()),
        st.booleans(),
        st.sampled_from([0, 1]),
        st.floats(0, 10),
    ),
    max_size=8,
)


@given(MESSAGES)
def test_nothing_breaks_the_ears_makes_a_phantom_or_is_acknowledged_twice(
    messages: list[tuple[str, bytes, bool, int, float]],
) -> None:
    desk = Desk(*building())
    now_s = 0.0
    for topic, payload, retained, qos, later_s in messages:
        now_s += later_s
        presses = desk.presses(payload, now_s, topic=topic, retained=retained, qos=qos)
        if presses:
            assert not retained
            assert any(word.encode() in payload for word in PRESSING), "nothing in it says that a button is down"
        else:
            assert desk.acks[-1] == 1
        for safe in desk.unsafe:
            safe()
        assert desk.acks == [1] * len(desk.acks)
        desk.unsafe.clear()
        desk.bought.look(now_s)


@given(st.lists(st.tuples(st.floats(0, 5), st.booleans()), max_size=20), st.floats(0, 4))
def test_two_presses_that_count_are_never_closer_than_the_window(
    said: list[tuple[float, bool]], dedupe_s: float
) -> None:
    """And whatever is not a copy counts: the first, and each that comes after the window of the last."""
    desk = Desk(zender(1, EVENT, dedupe_s=dedupe_s))
    now_s, last_s = 0.0, None
    for later_s, is_press in said:
        now_s += later_s
        expected = is_press and (last_s is None or now_s - last_s >= dedupe_s)
        assert desk.presses(PRESS if is_press else {"action": "release"}, now_s) == expected
        last_s = now_s if expected else last_s


# --- too much -------------------------------------------------------------------------------------------------------


def test_all_that_one_message_says_of_a_press_is_one_press() -> None:
    blu = Reading(TOPIC, "press", "events[*]", field="button", counter="pid")
    desk = Desk(zender(1, blu))
    assert desk.presses({"events": [{"button": 1, "pid": number} for number in range(60)]}) == 1


@pytest.mark.parametrize(
    "payload",
    [json.dumps({"events": [{}] * 65}).encode(), json.dumps({"action": "single", "x": "x" * 16_384}).encode()],
    ids=["a list without end", "a payload without end"],
)
def test_a_message_that_would_hold_up_all_others_is_a_fault(payload: bytes) -> None:
    desk = Desk(zender(1, Reading(TOPIC, "press", "events[*]", field="button")))
    heard = desk.say(payload)
    assert faults(heard) == ["zender:1/malformed"]
    assert not any(isinstance(one, h.Pressed) for one in heard)
