"""The firmware of a zender, driven with a time of our own."""

from __future__ import annotations

import itertools
import json
import random

from hypothesis import given
from hypothesis import strategies as st

from achterwacht_sim.battery import Battery
from achterwacht_sim.events import Confirmed, HelpChanged, MalformedHeard, Pressed
from achterwacht_sim.wire import MAX_SEQ, Message
from achterwacht_sim.zender import ZenderFirmware

BASE = "achterwacht/v1/zender/7"


def zender(battery: Battery | None = None) -> ZenderFirmware:
    boots = (f"{number:016x}" for number in itertools.count(1))
    return ZenderFirmware(7, boots.__next__, random.Random(1), battery=battery)


def online() -> ZenderFirmware:
    node = zender()
    node.connected(0.0)
    node.take_messages()
    return node


def told(messages: list[Message], level: str) -> list[dict[str, object]]:
    return [json.loads(message.payload) for message in messages if message.topic == f"{BASE}/{level}"]


def presses_until(node: ZenderFirmware, end_s: float) -> list[tuple[float, int]]:
    """When each press was said, and the age that it told."""
    said = []
    while (due_s := node.due()) is not None and due_s <= end_s:
        node.wake(due_s)
        said += [(due_s, int(str(press["age_ms"]))) for press in told(node.take_messages(), "press")]
    return said


def confirm(node: ZenderFirmware, seq: int, now_s: float, *, durable: bool = True, boot: str = "") -> None:
    fields = {"boot": boot or node.boot, "seq": seq, "incident": f"7-{node.boot}-{seq}", "durable": durable}
    node.heard(f"{BASE}/confirm", json.dumps(fields).encode(), False, now_s)


def test_a_press_is_said_at_once_and_again_every_half_second_with_its_age() -> None:
    node = online()
    seq = node.press(1.0)
    (first,) = node.take_messages()
    assert json.loads(first.payload) == {"boot": node.boot, "seq": seq, "age_ms": 0}
    assert (first.topic, first.qos, first.retain, first.expiry_s) == (f"{BASE}/press", 1, False, 10)
    said = presses_until(node, 31.0)
    assert all(age_ms == round((at_s - 1.0) * 1000) for at_s, age_ms in said)
    gaps_s = [later - earlier for (earlier, _), (later, _) in itertools.pairwise([(1.0, 0), *said])]
    assert all(0.4 <= gap_s <= 0.6 for gap_s in gaps_s)
    assert len(set(gaps_s)) > 10, "without jitter eleven zenders stay in step"


def test_a_confirmed_press_is_not_said_again() -> None:
    node = online()
    seq = node.press(1.0)
    confirm(node, seq, 1.1)
    assert node.unsettled_count == 0
    node.take_messages()
    assert presses_until(node, 60.0) == []
    assert [type(event) for event in node.take_events()] == [Pressed, Confirmed]


def test_not_durable_is_said_again_every_ten_seconds_until_it_is() -> None:
    node = online()
    seq = node.press(1.0)
    confirm(node, seq, 2.0, durable=False)
    node.take_messages()
    assert [at_s for at_s, _ in presses_until(node, 33.0)] == [12.0, 22.0, 32.0]
    confirm(node, seq, 34.0, durable=True)
    assert presses_until(node, 99.0) == []


def test_a_confirmation_of_another_boot_or_press_stops_nothing() -> None:
    node = online()
    seq = node.press(1.0)
    confirm(node, seq + 1, 1.1)
    confirm(node, seq, 1.1, boot="0123456789abcdef")
    assert node.unsettled_count == 1


def test_presses_without_a_broker_are_said_when_there_is_one() -> None:
    node = zender()
    node.press(1.0)
    node.press(2.0)
    assert node.take_messages() == []
    assert node.due() is None
    node.connected(5.0)
    assert [press["age_ms"] for press in told(node.take_messages(), "press")] == [4000, 3000]


def test_birth_will_and_telemetry_are_as_the_wire_says() -> None:
    node = zender(Battery(87.4, drain_per_h=0.0))
    node.connected(0.0)
    birth, telemetry = node.take_messages()
    assert (birth.topic, birth.qos, birth.retain) == (f"{BASE}/status", 1, True)
    assert json.loads(birth.payload) == {"online": True, "boot": node.boot, "fw": "1.0.0"}
    assert (telemetry.qos, telemetry.retain) == (0, False)
    assert json.loads(telemetry.payload) == {"boot": node.boot, "battery": 87, "tamper": False, "line": "ok"}
    assert (node.will.topic, node.will.qos, node.will.retain) == (f"{BASE}/status", 1, True)
    assert json.loads(node.will.payload) == {"online": False, "boot": node.boot}
    assert node.due() == 10.0


def test_telemetry_tells_mains_tamper_and_line_at_once() -> None:
    node = online()
    node.set_tamper(True, 1.0)
    node.set_line("cut", 2.0)
    first, second = told(node.take_messages(), "telemetry")
    assert (first["battery"], first["tamper"], first["line"]) == (None, True, "ok")
    assert (second["tamper"], second["line"]) == (True, "cut")


def test_an_overwritten_status_brings_the_birth_again_but_never_a_flood() -> None:
    node = online()
    node.heard(f"{BASE}/status", node.will.payload, False, 0.1)
    assert node.take_messages() == []
    node.wake(1.0)
    assert told(node.take_messages(), "status") == [{"online": True, "boot": node.boot, "fw": "1.0.0"}]
    node.heard(f"{BASE}/status", b'{"online":true,"boot":"ffff","fw":"1.0.0"}', False, 5.0)
    assert len(told(node.take_messages(), "status")) == 1


def test_its_own_birth_and_a_retained_status_bring_nothing() -> None:
    node = zender()
    node.connected(0.0)
    birth = node.take_messages()[0].payload
    node.heard(f"{BASE}/status", birth, False, 3.0)
    node.heard(f"{BASE}/status", node.will.payload, True, 3.0)
    assert node.take_messages() == []


def test_the_help_sign_is_kept_and_told_once() -> None:
    node = online()
    sign = json.dumps({"incident": "7-ab-1", "state": "coming", "coming": 2}).encode()
    node.heard(f"{BASE}/help", sign, True, 1.0)
    node.heard(f"{BASE}/help", sign, False, 2.0)
    assert (node.help.state, node.help.coming) == ("coming", 2)
    assert node.take_events() == [HelpChanged("7-ab-1", "coming", 2)]


def test_a_restart_has_a_new_boot_and_has_forgotten_all() -> None:
    node = online()
    node.press(1.0)
    old_boot = node.boot
    node.restart(2.0)
    assert node.boot != old_boot
    assert node.unsettled_count == 0
    node.connected(3.0)
    assert told(node.take_messages(), "press") == []
    assert node.press(4.0) == 1


def test_used_up_sequence_numbers_bring_a_new_boot() -> None:
    node = online()
    node._seq = MAX_SEQ - 1
    old_boot = node.boot
    assert node.press(1.0) == MAX_SEQ
    assert node.press(2.0) == 1
    assert node.boot != old_boot
    presses = told(node.take_messages(), "press")
    assert {(press["boot"], press["seq"]) for press in presses} == {(old_boot, MAX_SEQ), (node.boot, 1)}


def test_hammering_the_button_is_bounded() -> None:
    node = online()
    for number in range(1000):
        node.press(number / 1000)
    assert node.unsettled_count == 64


def test_nonsense_is_counted_and_stops_nothing() -> None:
    node = online()
    node.press(1.0)
    for nonsense in (b"", b"{}", b"[]", b"\xff", b'{"boot":1,"seq":1,"incident":"x","durable":true}', b"[" * 9999):
        node.heard(f"{BASE}/confirm", nonsense, False, 1.1)
    assert node.malformed_count == 6
    assert node.unsettled_count == 1
    assert sum(isinstance(event, MalformedHeard) for event in node.take_events()) == 6


@given(
    level=st.sampled_from(["confirm", "help", "status", "press", "x"]),
    payload=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["boot", "seq", "incident", "durable", "state", "coming", "online"]),
                    inner,
                    max_size=7,
                )
            ),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode()),
    ),
    retained=st.booleans(),
)
def test_no_bytes_on_any_topic_hurt_it(level: str, payload: bytes, retained: bool) -> None:
    node = online()
    node.press(1.0)
    node.heard(f"{BASE}/{level}", payload, retained, 2.0)
    assert node.unsettled_count == 1, "only our boot and number settle a press"
    due_s = node.due()
    assert due_s is not None
    assert due_s < 12.1
