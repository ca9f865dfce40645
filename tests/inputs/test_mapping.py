"""Where a reading looks, and what stands there means: each operator, and any bytes at all."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.inputs.mapping import (
    Malformed,
    Payload,
    Place,
    Undecodable,
    is_filter,
    is_path,
    matches,
    meaning,
    normal,
    overlap,
    places,
    plain,
)
from achterwacht.inputs.wiring import Meaning, Reading

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["action", "params", "events", "component", "n"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def found(reading: Reading, said: Any) -> list[Any]:
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    return [place.value for place in places(normal(reading), Payload(raw))]


def meant(said: Any, says: Meaning = "press", **keys: Any) -> bool | int:
    return meaning(normal(Reading("t", says, **keys)), said)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, "1"),
        (1, " 1.0 "),
        ("ON", "on"),
        (True, "TRUE"),
        (None, "null"),
        (73942, "73942"),
        (0x1F, "0x1f"),
        (31, "0X1F"),
        ("31", "0031"),
        (10**20, 1e20),
        ("Online\r\n", "online"),
        (-5, "-5"),
    ],
)
def test_values_that_are_the_same(one: Any, other: Any) -> None:
    assert plain(one) == plain(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        (0, None),
        (0, ""),
        (1, 1.5),
        ("6e4770", "6e4771"),
        ("1e2", 100),
        ("ff", 255),
        (float("nan"), 0),
        ({}, ""),
        ([], {}),
        ([1], 1),
    ],
)
def test_values_that_are_not_the_same(one: Any, other: Any) -> None:
    assert plain(one) != plain(other)


@given(SCALARS | ANY_JSON)
def test_a_plain_value_is_plain(value: Any) -> None:
    assert plain(plain(value)) == plain(value)


EVENTS = {"params": {"events": [{"component": "input:0", "event": "a"}, {"component": "input:1", "event": "b"}]}}


@pytest.mark.parametrize(
    ("keys", "said", "values"),
    [
        ({}, b"ON", ["ON"]),
        ({}, b"\xff", ["\ufffd"]),
        ({"path": "action"}, {"action": "single"}, ["single"]),
        ({"path": "action"}, {"battery": 1}, [None]),
        ({"path": "action"}, {"action": None}, [None]),
        ({"path": "a.b.c"}, {"a": {"b": {"c": 7}}}, [7]),
        ({"path": "a.b.c"}, {"a": {"b": 7}}, [None]),
        ({"path": "a", "field": "b.c"}, {"a": {"b": {"c": 7}}}, [7]),
        ({"field": "b"}, {"b": 7}, [7]),
        ({"path": "params.events[*]", "field": "event"}, EVENTS, ["a", "b"]),
        ({"path": "params.events[*].event"}, EVENTS, ["a", "b"]),
        ({"path": "params.events[*]", "field": "event", "where": (("component", "input:1"),)}, EVENTS, ["b"]),
        ({"path": "params.events[*]", "field": "event", "where": (("component", "INPUT:1"),)}, EVENTS, ["b"]),
        ({"path": "params.events[*]", "field": "event", "where": (("component", "input:2"),)}, EVENTS, []),
        ({"path": "params.events[*]", "field": "event"}, {"params": {}}, []),
        ({"path": "params.events[*]", "field": "event"}, {"params": {"events": []}}, []),
        ({"path": "params.events[*]", "field": "event"}, {"params": {"events": [7, None, []]}}, [None, None, None]),
        ({"path": "[*]"}, ["a", "b"], ["a", "b"]),
        ({"path": "[*].n"}, [{"n": 1}, {"n": 2}], [1, 2]),
        ({"path": "a[*].b[*].c"}, {"a": [{"b": [{"c": 1}, {"c": 2}]}, {"b": [{"c": 3}]}, {}]}, [1, 2, 3]),
        ({"path": "v", "where": (("id", "31"), ("m.n", "x"))}, {"id": "0x1f", "m": {"n": "X"}, "v": 7}, [7]),
        ({"path": "v", "where": (("id", "31"), ("m.n", "x"))}, {"id": "0x1f", "v": 7}, []),
        ({"where": (("id", "31"),)}, {"id": 31}, [{"id": 31}]),
        ({"path": "event", "where": (("id", "31"),)}, {"id": 31}, [None]),
    ],
)
def test_where_a_reading_looks(keys: dict[str, Any], said: Any, values: list[Any]) -> None:
    assert found(Reading("t", "press", **keys), said) == values


def test_a_counter_stands_beside_its_press() -> None:
    reading = Reading("t", "press", "events[*]", "data.button", counter="data.pid")
    said = {"events": [{"data": {"button": 1, "pid": 33.0}}, {"data": {"button": 1}}]}
    assert places(reading, Payload(json.dumps(said).encode())) == [Place(1, "33"), Place(1, None)]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"on",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b"1" * 5000,
        b"7",
        b'"single"',
        b"null",
        b"{'a': 1}",
    ],
)
def test_what_is_no_json_is_a_fault_only_where_json_is_needed(raw: bytes) -> None:
    payload = Payload(raw)
    for keys in ({"path": "action"}, {"where": (("id", "1"),)}, {"counter": "n"}, {"path": "[*]"}):
        for _ in range(2):  # it is read once, and says the same each time
            with pytest.raises(Undecodable):
                places(Reading("t", "press", **keys), payload)
    assert [place.value for place in places(Reading("t", "press"), payload)] == [raw.decode(errors="replace")]


@pytest.mark.parametrize("raw", [b'{"n": NaN}', b'{"n": Infinity}', b'{"n": 1e999}', b'{"n": -1e999}'])
def test_a_number_that_is_none_is_a_fault_where_a_number_is_needed(raw: bytes) -> None:
    (place,) = places(Reading("t", "battery", "n"), Payload(raw))
    for says, below in (("battery", None), ("battery_low", 0.5)):
        with pytest.raises(Malformed, match="expected"):
            meaning(Reading("t", says, "n", below=below), place.value)  # type: ignore[arg-type]


def test_no_list_where_the_plan_has_one_is_a_fault() -> None:
    with pytest.raises(Undecodable, match="no list"):
        found(Reading("t", "press", "events[*]"), {"events": {"0": "a"}})


def test_availability_is_read_in_both_forms() -> None:
    reading = Reading("t", "online", "state", values=("online",))
    assert found(reading, {"state": "online"}) == ["online"]
    assert found(reading, b"Online") == ["Online"]
    assert found(reading, b'"online"') == ['"online"']


def test_a_text_that_shows_a_payload_is_short_and_says_what_was_expected() -> None:
    with pytest.raises(Malformed) as problem:
        found(Reading("t", "press", "action"), b"x" * 100_000)
    assert len(str(problem.value)) < 200
    with pytest.raises(Malformed) as problem:
        meant("y" * 100_000, path="action", values=("single",), ignore=("off",))
    assert len(str(problem.value)) < 200
    for word in ("yyy", "action", "single", "off"):
        assert word in str(problem.value)


@pytest.mark.parametrize(
    ("said", "keys", "so"),
    [
        ("single", {"values": ("single", "double")}, True),
        ("SINGLE ", {"values": ("single",)}, True),
        ("off", {"values": ("single",), "ignore": ("off",)}, False),
        ("whatever", {}, True),
        ("", {"ignore": ("",)}, False),
        ("off", {"values": ("off",), "ignore": ("off",)}, True),
        (1, {"values": ("1",)}, True),
        ("ON", {"values": ("on",), "kind": "level"}, True),
        ("OFF", {"values": ("on",), "kind": "level"}, False),
        (True, {"values": ("true",), "kind": "level"}, True),
        (False, {"values": ("true",), "kind": "level"}, False),
        (True, {"values": ("false",), "kind": "level"}, False),
        (0, {"values": ("1",), "kind": "level"}, False),
        ("closed", {"values": ("open",), "kind": "level"}, False),
        ("idle", {"values": ("on",), "ignore": ("idle",), "kind": "level"}, False),
    ],
)
def test_what_a_button_says(said: Any, keys: dict[str, Any], so: bool) -> None:
    assert meant(said, **keys) is so


@pytest.mark.parametrize(
    ("said", "says", "keys", "so"),
    [
        (87, "battery", {}, 87),
        (87.4, "battery", {}, 87),
        ("87", "battery", {}, 87),
        (" 87.5\n", "battery", {}, 88),
        (0, "battery", {}, 0),
        (100, "battery", {}, 100),
        (0.4, "battery_low", {"below": 0.5}, True),
        (0.5, "battery_low", {"below": 0.5}, False),
        ("0", "battery_low", {"below": 0.5}, True),
        (True, "battery_low", {"values": ("true",)}, True),
        (False, "battery_low", {"values": ("true",)}, False),
        (0, "tamper", {"values": ("1",)}, False),
        ("ALERT", "tamper", {"values": ("alert",)}, True),
        ("normal", "tamper", {"values": ("alert",)}, False),
        ("Online", "online", {"values": ("online",)}, True),
        ("OFFLINE", "online", {"values": ("online",)}, False),
        ("whatever", "alive", {}, True),
        ("other", "alive", {"values": ("beat",)}, False),
        (True, "docked", {"values": ("true",)}, True),
        (False, "docked", {"values": ("true",)}, False),
        ("close", "docked", {"values": ("close", "closed")}, True),
        ("open", "docked", {"values": ("close", "closed")}, False),
        (" OFF\n", "docked", {"values": ("ON",)}, False),
        (0, "docked", {"values": ("1",)}, False),
        (-3.5, "docked", {"values": ("1",)}, False),
        ("uit de lader", "docked", {"values": ("in de lader",)}, False),
        ("unknown", "docked", {"values": ("unknown",)}, True),
    ],
)
def test_what_a_measurement_says(said: Any, says: Meaning, keys: dict[str, Any], so: bool | int) -> None:
    assert meant(said, says, **keys) == so


@pytest.mark.parametrize(
    ("said", "says", "keys"),
    [
        ("double", "press", {"values": ("single",)}),
        ("", "press", {"values": ("single",)}),
        ("off", "press", {"values": ("on",)}),
        ("perhaps", "press", {"values": ("on",), "kind": "level"}),
        ({"a": 1}, "press", {"values": ("on",)}),
        (101, "battery", {}),
        (-1, "battery", {}),
        (True, "battery", {}),
        ("full", "battery", {}),
        ("1e1", "battery", {}),
        ([87], "battery", {}),
        (10**400, "battery", {}),
        ("low", "battery_low", {"below": 0.5}),
        ("perhaps", "tamper", {"values": ("true",)}),
        ("sleeping", "online", {"values": ("online",)}),
        ("", "docked", {"values": ("ON",)}),
        ("unavailable", "docked", {"values": ("ON",)}),
        ('{"contact":true}', "docked", {"values": ("true",)}),
        ({"contact": True}, "docked", {"values": ("true",)}),
        ([True], "docked", {"values": ("true",)}),
        ("\ufffd", "docked", {"values": ("ON",)}),
        ("no" * 40, "docked", {"values": ("ON",)}),
    ],
)
def test_what_nobody_expected_is_a_fault(said: Any, says: Meaning, keys: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        meant(said, says, **keys)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "fits"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/b", "A/b", False),
        ("a/+", "a/b", True),
        ("a/+", "a/", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("a/+/c", "a/b/c", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("a/#", "ab", False),
        ("a/b/#", "a", False),
        ("+/b/#", "a/b/c/d", True),
        ("#", "a/b", True),
        ("#", "/", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("a/$x/#", "a/$x/y", True),
    ],
)
def test_filters_as_mqtt_has_them(topic_filter: str, topic: str, fits: bool) -> None:
    assert is_filter(topic_filter)
    assert matches(topic_filter, topic) is fits


DOCKED = st.lists(st.sampled_from(["true", "on", "closed", "1", "in de lader"]), min_size=1, max_size=3).map(tuple)


@given(DOCKED, ANY_JSON | st.sampled_from([True, False, "ON", "off", "Closed", "open", 1, 0, "1.0", "in de lader"]))
def test_a_dock_is_docked_by_the_plans_words_and_not_by_any_other(values: tuple[str, ...], said: Any) -> None:
    """What is no word, or says that nobody knows, is neither: a fault."""
    try:
        docked = meant(said, "docked", values=values)
    except Malformed as problem:
        assert isinstance(said, dict | list | str | float) or said is None or abs(said) > 10**50
        assert plain(said) not in values
        assert "expected" in str(problem)
    else:
        assert docked is (plain(said) in values)
        assert not isinstance(said, dict | list)


LEVELS = ["a", "", "$x"]
TOPICS = ["/".join(levels) for size in range(1, 5) for levels in product([*LEVELS, "b"], repeat=size)]
FILTERS = st.lists(st.sampled_from([*LEVELS, "+"]), max_size=3).flatmap(
    lambda levels: st.sampled_from(["/".join(levels), "/".join([*levels, "#"])]).filter(is_filter)
)


@given(FILTERS, FILTERS)
def test_filters_overlap_when_there_is_a_topic_of_both(one: str, other: str) -> None:
    assert overlap(one, other) is any(matches(one, topic) and matches(other, topic) for topic in TOPICS)


@pytest.mark.parametrize("topic", ["", "a/#/b", "a#", "a+/b", "a/b+", "##", "a/\0", "é" * 40_000])
def test_what_cannot_be_subscribed_to(topic: str) -> None:
    assert not is_filter(topic)


@pytest.mark.parametrize("path", ["", "a", "a.b", "a[*]", "a.b[*].c.d", "[*]", "[*].a", "a[*][*]", "input:0", "a b"])
def test_paths(path: str) -> None:
    assert is_path(path)


@pytest.mark.parametrize("path", [".", "a.", ".a", "a..b", "a[0]", "a[*]b", "a[*", "[*].", "a.[*]"])
def test_what_is_no_path(path: str) -> None:
    assert not is_path(path)


READINGS = st.builds(
    Reading,
    topic=st.just("t"),
    says=st.sampled_from(["press", "battery", "battery_low", "tamper", "alive", "online", "docked"]),
    path=st.sampled_from(["", "action", "params.events[*]", "params.events[*].n", "[*]", "n.n"]),
    field=st.sampled_from(["", "n", "events.action"]),
    where=st.sampled_from([(), (("component", "input:0"),), (("n", "null"),)]),
    values=st.sampled_from([(), ("single",), ("true", "1")]),
    ignore=st.sampled_from([(), ("", "off")]),
    kind=st.sampled_from(["event", "level"]),
    counter=st.sampled_from(["", "n"]),
    below=st.sampled_from([None, 0.5]),
)


@given(READINGS, st.binary(max_size=60) | ANY_JSON.map(lambda said: json.dumps(said).encode()))
def test_no_bytes_break_a_reading(reading: Reading, raw: bytes) -> None:
    payload = Payload(raw)
    try:
        for place in places(normal(reading), payload):
            if place.value is not None:
                said = meaning(normal(reading), place.value)
                assert isinstance(said, bool | int)
                assert reading.says != "battery" or 0 <= said <= 100
    except Malformed as problem:
        assert len(str(problem)) < 600
