"""How a plan fills a profile in, what it may change, and what `learn` makes of a message."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.inputs.mapping import is_filter, is_path
from achterwacht.inputs.profiles import PROFILES, Found, gateway_readings, readings
from achterwacht.inputs.wiring import Meaning, Reading

Z2M = PROFILES["zigbee2mqtt"]
RTL = PROFILES["rtl_433"]
CUSTOM = PROFILES["custom"]


def of(says: Meaning, made: tuple[Reading, ...]) -> list[Reading]:
    return [reading for reading in made if reading.says == says]


MAC = "bc:02:6e:c3:ce:cc"
INPUTS = {"esphome": "noodknop", "shelly-blu": MAC}
"""Of those that must have one."""


def test_the_profiles_of_the_plan() -> None:
    assert sorted(PROFILES) == [
        "custom",
        "esphome",
        "rtl_433",
        "shelly-blu",
        "shelly-gen1",
        "shelly-gen2",
        "tasmota",
        "zigbee2mqtt",
    ]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_a_profile_is_filled_in_without_gaps(profile: Any) -> None:
    where = {"id": "7"} if profile.where else {}
    overrides: dict[Meaning, dict[str, Any]] = {"press": {}} if profile.name == "custom" else {}
    made = readings(profile, "a/b", INPUTS.get(profile.name), where, overrides)
    assert of("press", made)
    for reading in made + (gateway_readings(profile, "a/b") if profile.gateway else ()):
        texts = (reading.topic, reading.path, *(value for _, value in reading.where))
        assert not any("{" in text for text in texts)
        assert "a/b" in reading.topic
        assert is_filter(reading.topic)
        assert is_path(reading.path)


def test_an_input_goes_where_the_device_names_it() -> None:
    made = readings(PROFILES["tasmota"], "balie6", "Button3")
    assert {(reading.topic, reading.path) for reading in of("press", made)} == {
        ("stat/balie6/RESULT", "Button3.Action"),
        ("stat/balie6/BUTTON3", "ACTION"),
        ("tele/balie6/SENSOR", "Button3"),
    }


def test_where_holds_for_all_but_what_others_say() -> None:
    made = readings(Z2M, "z/x", None, {"id": "7"})
    assert {reading.says for reading in made if not reading.where} == {"online"}
    assert {reading.where for reading in made if reading.where} == {(("id", "7"),)}
    (online,) = of("online", readings(Z2M, "z/x", None, {"id": "7"}, {"online": {"path": "here"}}))
    assert online.where == ()


def test_what_is_read_of_other_models_is_left_out() -> None:
    made = readings(RTL, "rtl_433/+/events", None, {"model": "Visonic-Powercode", "id": "6f4770"})
    assert {reading.path for reading in made} == {"alarm", "button", "battery_ok", "tamper"}


def test_a_block_takes_the_place_of_all_that_says_the_same_and_of_nothing_else() -> None:
    made = readings(Z2M, "z/x", overrides={"press": {"values": ("single",)}})
    (press,) = of("press", made)
    (normal, _) = of("press", readings(Z2M, "z/x"))
    assert (press.topic, press.path, press.ignore, press.values) == (normal.topic, "action", normal.ignore, ("single",))
    assert of("battery", made) == of("battery", readings(Z2M, "z/x"))


def test_a_block_with_a_place_of_its_own_leaves_the_filter_of_the_old_one() -> None:
    block = {"topic": "d/status/input:0", "path": "state", "values": ("true",), "kind": "level"}
    (press,) = of("press", readings(PROFILES["shelly-gen2"], "d", None, {"id": "0"}, {"press": block}))
    assert (press.where, press.field, press.counter) == ((("id", "0"),), "", "")


def test_a_block_with_only_a_topic_keeps_the_rest() -> None:
    (press,) = of("press", readings(PROFILES["shelly-gen1"], "d", overrides={"press": {"topic": "e"}}))
    (normal,) = of("press", readings(PROFILES["shelly-gen1"], "d"))
    assert press.topic == "e"
    assert (press.path, press.counter) == (normal.path, normal.counter)


def test_values_take_the_place_of_a_threshold() -> None:
    where = {"id": "7"}
    (low,) = of("battery_low", readings(RTL, "t", None, where, {"battery_low": {"path": "low", "values": ("yes",)}}))
    assert (low.below, low.values, low.where) == (None, ("yes",), (("id", "7"),))


def test_a_block_may_have_a_filter_of_its_own() -> None:
    block = {"path": "cmd", "where": (("state", "open"),)}
    (press,) = of("press", readings(RTL, "t", None, {"id": "7"}, {"press": block}))
    assert press.where == (("id", "7"), ("state", "open"))


def test_a_block_for_what_the_profile_does_not_read() -> None:
    (online,) = of("online", readings(PROFILES["shelly-gen1"], "d", overrides={"online": {"topic": "d/online"}}))
    assert (online.topic, "online" in online.values) == ("d/online", True)
    (press,) = of("press", readings(CUSTOM, "t", overrides={"press": {"path": "alarm"}}))
    assert (press.topic, press.values) == ("t", ())
    assert {"", "0", "false"} <= set(press.ignore)


@pytest.mark.parametrize(
    ("profile", "keys", "problem"),
    [
        ("custom", {}, "block press"),
        ("custom", {"overrides": {"battery": {"path": "battery"}}}, "block press"),
        ("esphome", {}, "input is missing, expected the name"),
        ("shelly-blu", {}, "input is missing, expected the address"),
        ("rtl_433", {}, "id or code"),
        ("rtl_433", {"where": {"model": "Generic-Remote"}}, "id or code"),
        ("zigbee2mqtt", {"topic": "zigbee2mqtt/#"}, "no MQTT topic"),
        ("zigbee2mqtt", {"topic": ""}, "no MQTT topic"),
        ("zigbee2mqtt", {"overrides": {"press": {"topic": "a#"}}}, "no MQTT topic"),
        ("zigbee2mqtt", {"overrides": {"press": {"path": "a..b"}}}, "no path"),
        ("zigbee2mqtt", {"overrides": {"press": {"field": "a[0]"}}}, "no path"),
        ("zigbee2mqtt", {"overrides": {"press": {"counter": "a."}}}, "no path"),
        ("zigbee2mqtt", {"where": {"a b..": "1"}}, "no path"),
        ("zigbee2mqtt", {"overrides": {"press": {"path": "sos", "kind": "level"}}}, "needs values"),
    ],
)
def test_what_a_plan_cannot_say(profile: str, keys: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        readings(PROFILES[profile], **{"topic": "t", **keys})


@pytest.mark.parametrize(
    ("profile", "good", "wrong"),
    [
        ("shelly-gen1", ("0", "2"), ("input:0", "S1", "", " 0")),
        ("shelly-gen2", ("input:0", "input:12"), ("0", "input", "Input:0", "input:0 ", "switch:0")),
        ("tasmota", ("Button1", "Switch2"), ("switch1", "1", "Button", "SWITCH1", "Switch1\n")),
        ("esphome", ("noodknop", "nood_knop-2"), ("Noodknop", "nood knop", "binary_sensor/noodknop", "+", "")),
        (
            "shelly-blu",
            (MAC, MAC.upper(), MAC.replace(":", "-"), "bthomedevice:200", "bthomesensor:1"),
            ("bc026ec3cecc", MAC[:-3], f"{MAC}:00", "input:0", "200", "script:1"),
        ),
        ("zigbee2mqtt", (), ("left", "")),
        ("rtl_433", (), ("1",)),
        ("custom", (), ("1",)),
    ],
)
def test_an_input_that_the_device_cannot_have_is_refused(
    profile: str, good: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    assert not [input for input in good if PROFILES[profile].wrong_input(input)]
    for input in wrong:
        assert PROFILES[profile].wrong_input(input).startswith(f"is {input!r}, expected")
        with pytest.raises(ValueError, match="input is"):
            readings(PROFILES[profile], "t", input, {"id": "7"}, {"press": {}})


def test_an_address_with_dashes_is_the_one_with_colons() -> None:
    blu = PROFILES["shelly-blu"]
    assert readings(blu, "plus", MAC.replace(":", "-"))[0].where == readings(blu, "plus", MAC)[0].where
    assert ("data.address", MAC) in readings(blu, "plus", MAC)[0].where


def test_the_example_of_a_block_press() -> None:
    """As the docstring of readings() has it."""
    made = readings(RTL, "t", None, {"id": "7"}, {"press": {"path": "event", "values": ("80",)}})
    assert len(of("press", readings(RTL, "t", None, {"id": "7"}))) == 8
    assert of("press", made) == [Reading("t", "press", "event", where=(("id", "7"),), values=("80",), ignore=("0",))]


# --- learn ------------------------------------------------------------------------------------------------------------

EVENTS = "plus/events/rpc"


def events(*said: Any) -> dict[str, Any]:
    return {"params": {"events": list(said)}}


BLU = {"component": "script:1", "event": "shelly-blu", "data": {"button": 1, "pid": 3, "address": MAC}}
PENDANT = {"model": "Honeywell-Security", "id": 73942, "event": 128, "alarm": 1, "contact_open": 0}
DOOR = {"model": "Honeywell-Security", "id": 73942, "event": 160, "alarm": 0, "contact_open": 1}
OPEN = {"path": "contact_open", "values": ("1",), "kind": "level"}


@pytest.mark.parametrize(
    ("topic", "said", "name", "found"),
    [
        ("zigbee2mqtt/hal/balie", {"action": "single"}, "zigbee2mqtt", Found("zigbee2mqtt/hal/balie")),
        ("z/balie", {"action": "single", "linkquality": 9}, "zigbee2mqtt", Found("z/balie")),
        ("zigbee2mqtt/balie", {"sos": True, "battery": 90}, "zigbee2mqtt", Found("zigbee2mqtt/balie")),
        ("shellies/b/input_event/2", {"event": "S", "event_cnt": 5}, "shelly-gen1", Found("shellies/b", "2")),
        (
            EVENTS,
            events({"component": "input:1", "event": "btn_up"}, {"component": "input:2", "event": "btn_down"}),
            "shelly-gen2",
            Found("plus", "input:2"),
        ),
        ("plus/status/input:3", {"id": 3, "state": True}, "shelly-gen2", Found("plus", "input:3")),
        (EVENTS, events(BLU), "shelly-blu", Found("plus", MAC)),
        (
            EVENTS,
            events({"component": "sys", "event": "x"}, {"component": "bthomedevice:200", "event": "single_push"}),
            "shelly-blu",
            Found("plus", "bthomedevice:200"),
        ),
        ("balie5/binary_sensor/knop/state", b"ON", "esphome", Found("balie5", "knop")),
        ("stat/balie6/RESULT", {"Button2": {"Action": "HOLD"}}, "tasmota", Found("balie6", "Button2")),
        ("stat/balie6/BUTTON1", {"ACTION": "SINGLE"}, "tasmota", Found("balie6", "Button1")),
        ("tele/balie6/SENSOR", {"Time": "x", "Switch1": "ON"}, "tasmota", Found("balie6", "Switch1")),
        (
            "rtl_433/a/events",
            PENDANT,
            "rtl_433",
            Found("rtl_433/a/events", where={"model": "Honeywell-Security", "id": "73942"}),
        ),
        (
            "rtl_433/a/events",
            DOOR,
            "rtl_433",
            Found("rtl_433/a/events", where={"model": "Honeywell-Security", "id": "73942"}, press=OPEN),
        ),
        (
            "rtl_433/a/events",
            {"model": "Generic-Remote", "id": 12345, "cmd": 8},
            "rtl_433",
            Found("rtl_433/a/events", where={"model": "Generic-Remote", "id": "12345", "cmd": "8"}),
        ),
        (
            "rtl_433/a/events",
            {"code": "REMOTE-A", "button": "C"},
            "rtl_433",
            Found("rtl_433/a/events", where={"code": "REMOTE-A", "button": "C"}),
        ),
    ],
)
def test_who_was_pressed_is_recognised_and_by_one_profile_only(topic: str, said: Any, name: str, found: Found) -> None:
    payload = said if isinstance(said, bytes) else json.dumps(said).encode()
    seen = {profile.name: each for profile in PROFILES.values() if (each := profile.recognise(topic, payload))}
    assert seen == {name: found}


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        ("zigbee2mqtt/balie", {"action": "", "linkquality": 9}),
        ("zigbee2mqtt/balie", {"battery": 9, "linkquality": 9}),
        ("zigbee2mqtt/bridge/state", {"state": "online"}),
        ("zigbee2mqtt/balie/availability", b"online"),
        ("shellies/b/input_event/0", {"event": "", "event_cnt": 0}),
        (EVENTS, events({"component": "input:0", "event": "btn_up"})),
        (EVENTS, {"params": {"events": 7}}),
        (EVENTS, b"{"),
        ("plus/status/input:3", {"id": 3, "state": None}),
        ("balie5/binary_sensor/knop/state", b"OFF"),
        ("balie5/binary_sensor/knop/state", b"perhaps"),
        ("stat/balie6/RESULT", {"POWER": "ON"}),
        ("stat/balie6/RESULT", b"[]"),
        ("tele/balie6/SENSOR", {"Switch1": "OFF"}),
        ("rtl_433/a/events", {"model": "Nexus-TH", "id": 73, "temperature_C": 21.5}),
        ("rtl_433/a/events", {"model": "Interlogix-Security", "id": "2", "subtype": "smoke"}),
        ("rtl_433/a/availability", b"online"),
    ],
)
def test_what_is_no_press_is_not_proposed(topic: str, said: Any) -> None:
    payload = said if isinstance(said, bytes) else json.dumps(said).encode()
    assert [profile.name for profile in PROFILES.values() if profile.recognise(topic, payload)] == []


@given(
    topic=st.sampled_from(["zigbee2mqtt/a", EVENTS, "stat/a/RESULT", "x/binary_sensor/{/state", "rtl_433/a/events"])
    | st.text(max_size=20),
    payload=st.binary(max_size=40)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["action", "params", "events", "component", "data", "address", "model", "id", "Button1"]
                ),
                inner,
            )
        ),
        max_leaves=10,
    ).map(lambda said: json.dumps(said).encode()),
)
def test_no_message_breaks_learning_and_what_is_found_can_stand_in_a_plan(topic: str, payload: bytes) -> None:
    for profile in PROFILES.values():
        if found := profile.recognise(topic, payload):
            overrides: dict[Meaning, Any] = {"press": found.press} if found.press else {}
            assert readings(profile, found.topic, found.input, found.where, overrides)
