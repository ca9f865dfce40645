"""What our own nodes say, by docs/wire.md: every message there, and everything that is not as it should be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.core import heard as h
from achterwacht.inputs import complaints
from achterwacht.inputs.mqtt import Malformed, Nodes, heard_from

ZENDER = "achterwacht/v1/zender/5"
PAGER = "achterwacht/v1/pager/p1"
PRESS = "5-9f3a-412"
RECEIPT = {
    "boot": "00ff",
    "seq": 8,
    "page": f"{PRESS}.abcd.1",
    "incident": PRESS,
    "press": PRESS,
    "zender": 5,
    "stage": "shown",
}
DRILL = "drill-abcd00ff-17"
DRILLED = {**RECEIPT, "page": f"{DRILL}.abcd00ff.1", "incident": DRILL, "press": ""}
ANSWER = {"boot": "00ff", "seq": 9, "incident": PRESS, "press": PRESS, "zender": 5, "answer": "coming"}


class Inbox(list[h.Heard]):
    """What was heard, in its order; nobody here waits for the disk, or for an answer."""

    def __call__(self, heard: h.Heard, ack: object = None, reply: object = None) -> None:
        self.append(heard)


def say(topic: str, said: Any, retained: bool = False) -> h.Heard | None:
    payload = said if isinstance(said, bytes) else json.dumps(said).encode()
    return heard_from(topic, payload, retained, heard_s=12.5)


def test_a_press() -> None:
    heard = say(f"{ZENDER}/press", {"boot": "9f3a", "seq": 412, "age_ms": 30, "colour": "red"})
    assert heard == h.Pressed(PRESS, 5, "9f3a", 12.5, 30)


def test_a_press_without_age_is_a_press() -> None:
    assert say(f"{ZENDER}/press", {"boot": "9f3a", "seq": 412}) == h.Pressed(PRESS, 5, "9f3a", 12.5, 0)


def test_a_retained_press_is_a_fault_and_never_a_press() -> None:
    heard = Inbox()
    nodes = Nodes(heard)
    for _ in range(3):
        nodes.message(f"{ZENDER}/press", b'{"boot":"9f3a","seq":412}', True, 0.0, lambda: None)
    why = f"publishes its presses retained; it is set up wrongly ({ZENDER}/press)"
    assert heard == [h.Trouble("zender:5/retained", why)]


def test_birth_and_death_say_whether_they_are_live() -> None:
    assert say(f"{ZENDER}/status", {"online": True, "boot": "9f3a", "fw": "1.0.0"}) == h.Status(
        "zender:5", "9f3a", True, live=True
    )
    assert say(f"{PAGER}/status", {"online": False, "boot": "00ff"}, retained=True) == h.Status(
        "pager:p1", "00ff", False, live=False
    )


def test_telemetry_is_a_sign_of_life() -> None:
    said = {"boot": "00ff", "battery": 83, "charging": False, "docked": False, "rssi": -61}
    assert say(f"{PAGER}/telemetry", said) == h.Telemetry("pager:p1", "00ff", 83, charging=False, docked=False)
    said = {"boot": "00ff", "battery": None, "tamper": False, "line": "cut"}
    assert say(f"{ZENDER}/telemetry", said) == h.Telemetry("zender:5", "00ff", None, tamper=False, line="cut")


def test_telemetry_that_somebody_published_retained_is_no_sign_of_life() -> None:
    said: dict[str, Any] = {"boot": "00ff", "battery": 83, "charging": False, "docked": True, "rssi": -61}
    heard = say(f"{PAGER}/telemetry", said, retained=True)
    assert heard == h.Telemetry("pager:p1", "00ff", 83, charging=False, docked=True, live=False)
    said = {"boot": "00ff", "battery": 7, "tamper": True, "line": "ok"}
    heard = say(f"{ZENDER}/telemetry", said, retained=True)
    assert heard == h.Telemetry("zender:5", "00ff", 7, tamper=True, line="ok", live=False)


def test_a_receipt_and_an_answer() -> None:
    heard = say(f"{PAGER}/receipt", RECEIPT)
    assert heard == h.Receipt("p1", "00ff", 8, f"{PRESS}.abcd.1", PRESS, PRESS, 5, "shown")
    heard = say(f"{PAGER}/answer", ANSWER)
    assert isinstance(heard, h.Answer)
    assert (heard.key, heard.answer, heard.incident, heard.pager) == ("p1-00ff-9", "coming", PRESS, "p1")


@pytest.mark.parametrize(
    "nothing", [{"incident": "", "press": "", "zender": 0}, {"incident": None, "press": None, "zender": None}]
)
def test_the_receipt_of_a_test_page_names_no_alarm(nothing: dict[str, Any]) -> None:
    heard = say(f"{PAGER}/receipt", {**RECEIPT, "page": "test.abcd.3", **nothing})
    assert heard == h.Receipt("p1", "00ff", 8, "test.abcd.3", "", "", 0, "shown")


def test_the_receipt_of_a_button_s_test_may_name_its_zender() -> None:
    heard = say(f"{PAGER}/receipt", {**RECEIPT, "page": "test.abcd.3", "incident": "", "press": ""})
    assert heard == h.Receipt("p1", "00ff", 8, "test.abcd.3", "", "", 5, "shown")


def test_carrying_a_pager_names_a_member_and_no_alarm() -> None:
    heard = say(f"{PAGER}/answer", {"boot": "00ff", "seq": 1, "answer": "carry", "member": "anna"})
    assert isinstance(heard, h.Answer)
    assert (heard.member, heard.zender) == ("anna", None)


def test_a_pager_may_say_that_carrying_is_about_no_alarm() -> None:
    for nothing in ({"incident": "", "press": "", "zender": 0}, {"incident": None, "press": None, "zender": None}):
        heard = say(f"{PAGER}/answer", {"boot": "00ff", "seq": 1, "answer": "carry", "member": "anna", **nothing})
        assert isinstance(heard, h.Answer)
        assert (heard.incident, heard.press, heard.zender) == ("", None, None)


def test_a_pager_need_not_say_who_carries_it() -> None:
    """Then it is today's member, which the house knows."""
    heard = say(f"{PAGER}/answer", {"boot": "00ff", "seq": 1, "answer": "carry"})
    assert isinstance(heard, h.Answer)
    assert (heard.pager, heard.answer, heard.member) == ("p1", "carry", None)


@pytest.mark.parametrize("nothing", ["", None])
def test_a_receipt_and_an_answer_of_a_drill_name_it_and_no_press(nothing: str | None) -> None:
    heard = say(f"{PAGER}/receipt", {**DRILLED, "press": nothing})
    assert heard == h.Receipt("p1", "00ff", 8, f"{DRILL}.abcd00ff.1", DRILL, "", 5, "shown")
    heard = say(f"{PAGER}/answer", {**ANSWER, "incident": DRILL, "press": nothing})
    assert isinstance(heard, h.Answer)
    assert (heard.incident, heard.press, heard.zender) == (DRILL, None, 5)


def test_a_member_named_in_another_answer_is_not_believed() -> None:
    """Who answers is who carries the pager; a pager cannot speak for somebody else."""
    heard = say(f"{PAGER}/answer", {**ANSWER, "member": "anna"})
    assert isinstance(heard, h.Answer)
    assert heard.member is None


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        (f"{ZENDER}/press", b"\xff\xfe"),
        (f"{ZENDER}/press", b""),
        (f"{ZENDER}/press", b"[" * 100_000),
        (f"{ZENDER}/press", []),
        (f"{ZENDER}/press", {"boot": "9f3a"}),
        (f"{ZENDER}/press", {"boot": "9f3a", "seq": "412"}),
        (f"{ZENDER}/press", {"boot": "9f3a", "seq": 0}),
        (f"{ZENDER}/press", {"boot": "9f3a", "seq": 2**31}),
        (f"{ZENDER}/press", {"boot": "9f3a", "seq": True}),
        (f"{ZENDER}/press", {"boot": "9f3", "seq": 1}),
        (f"{ZENDER}/press", {"boot": "9f3a\n", "seq": 1}),
        (f"{ZENDER}/press", {"boot": "9f3a", "seq": 1, "age_ms": -1}),
        ("achterwacht/v1/zender/0/press", {"boot": "9f3a", "seq": 1}),
        ("achterwacht/v1/zender/05/press", {"boot": "9f3a", "seq": 1}),
        ("achterwacht/v1/zender/10000/press", {"boot": "9f3a", "seq": 1}),
        ("achterwacht/v1/pager/9/answer", ANSWER),
        (f"{PAGER}/receipt", {**RECEIPT, "stage": "eaten"}),
        (f"{PAGER}/receipt", {**RECEIPT, "zender": 6}),
        (f"{PAGER}/receipt", {**RECEIPT, "press": "6-9f3a-412"}),
        (f"{PAGER}/receipt", {**RECEIPT, "incident": "hello"}),
        (f"{PAGER}/receipt", {**RECEIPT, "incident": ""}),
        (f"{PAGER}/receipt", {**RECEIPT, "press": None}),
        (f"{PAGER}/receipt", {**RECEIPT, "zender": 0}),
        (f"{PAGER}/receipt", {key: value for key, value in RECEIPT.items() if key != "incident"}),
        (f"{PAGER}/answer", {**ANSWER, "answer": "perhaps"}),
        (f"{PAGER}/answer", {**ANSWER, "press": ""}),
        (f"{PAGER}/answer", {**ANSWER, "zender": 0}),
        (f"{PAGER}/answer", {**ANSWER, "press": None}),
        (f"{PAGER}/receipt", {**DRILLED, "press": PRESS}),
        (f"{PAGER}/receipt", {**DRILLED, "zender": 0}),
        (f"{PAGER}/receipt", {**DRILLED, "incident": "drill-00ff-0"}),
        (f"{PAGER}/receipt", {**DRILLED, "incident": "drill-xyzw-1"}),
        (f"{PAGER}/receipt", {**DRILLED, "incident": "drill-00ff-1\n"}),
        (f"{PAGER}/receipt", {**DRILLED, "incident": "drill-00ff"}),
        (f"{PAGER}/receipt", {**RECEIPT, "press": "drill-00ff-1"}),
        (
            f"{PAGER}/answer",
            {"boot": "00ff", "seq": 1, "answer": "coming", "incident": DRILL, "press": PRESS, "zender": 5},
        ),
        (f"{PAGER}/answer", {"boot": "00ff", "seq": 1, "answer": "coming", "incident": DRILL, "press": ""}),
        (f"{PAGER}/status", {"online": 1, "boot": "00ff"}),
        (f"{PAGER}/telemetry", {"boot": "00ff", "battery": 83, "charging": False, "docked": False}),
        (f"{ZENDER}/telemetry", {"boot": "00ff", "battery": 101, "tamper": False, "line": "ok"}),
        (f"{ZENDER}/telemetry", {"boot": "00ff", "battery": 87, "tamper": "no", "line": "ok"}),
        (f"{ZENDER}/telemetry", {"boot": "00ff", "battery": 87, "tamper": False, "line": "perhaps"}),
    ],
)
def test_what_is_not_as_agreed_is_malformed(topic: str, said: Any) -> None:
    with pytest.raises(Malformed):
        say(topic, said)


@given(
    topic=st.one_of(
        st.sampled_from([f"{ZENDER}/press", f"{ZENDER}/status", f"{PAGER}/receipt", f"{PAGER}/answer"]),
        st.text(max_size=60),
    ),
    payload=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(RECEIPT)), inner),
        ).map(lambda value: json.dumps(value).encode()),
    ),
    retained=st.booleans(),
)
def test_no_bytes_on_any_topic_break_the_ears_or_make_a_phantom(topic: str, payload: bytes, retained: bool) -> None:
    heard = Inbox()
    acked: list[None] = []
    nodes = Nodes(heard)
    nodes.message(topic, payload, retained, 0.0, lambda: acked.append(None))
    assert len(heard) + len(acked) >= 1
    for one in heard:
        if isinstance(one, h.Pressed):
            said = json.loads(payload)
            assert not retained
            assert one.press == f"{one.zender}-{said['boot']}-{said['seq']}"


def test_a_flood_of_nonsense_is_one_fault_and_a_counter(caplog: pytest.LogCaptureFixture) -> None:
    heard = Inbox()
    acked: list[None] = []
    nodes = Nodes(heard)
    for _ in range(1000):
        nodes.message(f"{ZENDER}/press", b"nonsense", False, 0.0, lambda: acked.append(None))
    assert [one.key for one in heard if isinstance(one, h.Trouble)] == ["zender:5/malformed"]
    assert "zender:5/malformed: no. 512 " in caplog.messages[-1]
    assert len(acked) == 1000, "nonsense never waits for the disk"


def test_nonsense_that_goes_on_is_told_again() -> None:
    """Its fault stands until somebody acknowledges it: if that was too soon, it must come back."""
    heard = Inbox()
    nodes = Nodes(heard)
    for tenth_s in range(301):
        nodes.message(f"{ZENDER}/telemetry", b"nonsense", False, tenth_s / 10, lambda: None)
    assert len(heard) == 4  # at 0, 10, 20 and 30 s


def test_a_flood_of_made_up_names_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complaints, "COUNTED_MAX", 10)
    heard = Inbox()
    nodes = Nodes(heard)
    for number in range(1000):
        nodes.message(f"achterwacht/v1/pager/x{number}/answer", b"", False, 0.0, lambda: None)
    keys = [one.key for one in heard if isinstance(one, h.Trouble)]
    assert keys == [*(f"pager:x{number}/malformed" for number in range(10)), "mqtt/malformed"]
