"""The firmware of a pager, driven with a time of our own."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht_sim.battery import Battery
from achterwacht_sim.events import AnswerHeard, ConnectionBack, NoConnection, Over, Proves, Received, Rings, Shows
from achterwacht_sim.pager import NothingToAnswer, PagerFirmware
from achterwacht_sim.wire import CANARY_TOPIC, Message

BASE = "achterwacht/v1/pager/p1"
INCIDENT = "5-9f3a-412"


def pager(*, received_after_s: float = 0.0, shown_after_s: float = 0.0) -> PagerFirmware:
    boots = (f"{number:016x}" for number in itertools.count(1))
    return PagerFirmware(
        "p1",
        boots.__next__,
        0.0,
        Battery(83.0, drain_per_h=0.0),
        received_after_s=received_after_s,
        shown_after_s=shown_after_s,
    )


def online(*, received_after_s: float = 0.0, shown_after_s: float = 0.0) -> PagerFirmware:
    node = pager(received_after_s=received_after_s, shown_after_s=shown_after_s)
    node.connected(0.0)
    node.take_messages()
    return node


def hear_page(node: PagerFirmware, now_s: float, n: int = 1, **changed: object) -> None:
    fields: dict[str, object] = {
        "page": f"{INCIDENT}.d0.{n}",
        "incident": INCIDENT,
        "press": INCIDENT,
        "zender": 5,
        "kind": "alarm",
        "text": "BALIE 1",
        "detail": "",
        "attempt": 1,
        "reason": "first press",
        "age_s": 0.0,
        "at": "2026-11-21T13:02:33.120Z",
        "clock_ok": True,
    }
    node.heard(f"{BASE}/page", json.dumps(fields | changed).encode(), False, now_s)


def hear_answered(
    node: PagerFirmware, seq: int, now_s: float, *, result: str = "accepted", durable: bool = True
) -> None:
    fields = {"boot": node.boot, "seq": seq, "result": result, "reason": "", "durable": durable}
    node.heard(f"{BASE}/answered", json.dumps(fields).encode(), False, now_s)


def told(messages: list[Message], level: str) -> list[dict[str, object]]:
    return [json.loads(message.payload) for message in messages if message.topic == f"{BASE}/{level}"]


def kinds_of_events(node: PagerFirmware) -> list[type]:
    return [type(event) for event in node.take_events()]


def test_an_alarm_rings_and_is_told_received_then_shown() -> None:
    node = online()
    hear_page(node, 1.0)
    received, shown = (message for message in node.take_messages() if message.topic == f"{BASE}/receipt")
    assert (received.qos, received.retain) == (1, False)
    assert json.loads(received.payload) == {
        "boot": node.boot,
        "seq": 1,
        "page": f"{INCIDENT}.d0.1",
        "incident": INCIDENT,
        "press": INCIDENT,
        "zender": 5,
        "stage": "received",
    }
    assert json.loads(shown.payload)["stage"] == "shown"
    assert json.loads(shown.payload)["seq"] == 2
    assert kinds_of_events(node) == [Received, Rings]
    assert node.display() == ("BALIE 1",)


def test_it_is_shown_only_after_its_delay() -> None:
    node = online(received_after_s=0.5, shown_after_s=1.0)
    hear_page(node, 1.0)
    assert node.display() == ()
    assert node.due() == 1.5
    node.wake(1.5)
    assert [receipt["stage"] for receipt in told(node.take_messages(), "receipt")] == ["received"]
    node.wake(2.5)
    assert "shown" in [receipt["stage"] for receipt in told(node.take_messages(), "receipt")]
    assert node.display() == ("BALIE 1",)


@pytest.mark.parametrize("kind", ["alarm", "call_112", "drill", "a_kind_of_next_year"])
def test_these_kinds_ring(kind: str) -> None:
    node = online()
    hear_page(node, 1.0, kind=kind)
    assert kinds_of_events(node) == [Received, Rings]


@pytest.mark.parametrize("kind", ["update", "test", "reminder", "fault", "who"])
def test_these_kinds_are_shown_and_do_not_ring(kind: str) -> None:
    node = online()
    hear_page(node, 1.0, kind=kind)
    _, shows = node.take_events()
    assert isinstance(shows, Shows)
    assert shows.vibrates == (kind in ("test", "reminder"))
    assert node.display() == ("BALIE 1",)


def test_a_check_is_silent_but_proves_itself() -> None:
    node = online()
    hear_page(node, 1.0, kind="check", incident=None, press=None, zender=None, text="")
    assert kinds_of_events(node) == [Received, Proves]
    assert node.display() == ()
    assert [receipt["stage"] for receipt in told(node.take_messages(), "receipt")] == ["received", "shown"]


def test_a_test_page_is_about_no_alarm_and_neither_are_its_receipts() -> None:
    node = online()
    hear_page(node, 1.0, page="test.d0.3", kind="test", incident="", press="", zender=0, text="TEST, GEEN ALARM")
    receipts = told(node.take_messages(), "receipt")
    assert [receipt["stage"] for receipt in receipts] == ["received", "shown"]
    assert {(receipt["incident"], receipt["press"], receipt["zender"]) for receipt in receipts} == {("", "", 0)}
    assert (node.display(), dict(node.incidents)) == (("TEST, GEEN ALARM",), {})


def hear_who(node: PagerFirmware, now_s: float) -> None:
    hear_page(node, now_s, page="notice.d0.4", kind="who", text="WIE DRAAGT P1?", incident="", press="", zender=0)


def test_who_carries_it_is_asked_until_the_answer_is_accepted() -> None:
    node = online()
    hear_who(node, 1.0)
    node.take_messages()
    assert node.display() == ("WIE DRAAGT P1?",)
    refused = node.answer("carry", 2.0)
    hear_answered(node, refused, 2.1, result="refused")
    assert node.display() == ("WIE DRAAGT P1?",)
    accepted = node.answer("carry", 3.0)
    hear_answered(node, accepted, 3.1)
    assert node.display() == ()
    said = told(node.take_messages(), "answer")
    assert {"boot", "seq", "incident", "press", "zender", "answer"} == set(said[-1]), "today's member: none is named"
    assert (said[-1]["incident"], said[-1]["press"], said[-1]["zender"]) == ("", "", 0)


def test_an_answer_carry_takes_no_other_notice_off() -> None:
    node = online()
    hear_who(node, 1.0)
    seq = node.answer("carry", 2.0, member="lid-2")
    hear_page(node, 2.5, page="notice.d0.5", kind="fault", incident="", press="", zender=0, text="BATTERIJ LAAG")
    hear_answered(node, seq, 3.0)
    assert node.display() == ("BATTERIJ LAAG",)


def test_a_drill_rings_as_an_incident_without_a_press_and_goes_by_its_over() -> None:
    node = online()
    text, drill = "OEFENING BALIE 1", "drill-d0-1"
    hear_page(node, 1.0, page=f"{drill}.d0.1", kind="drill", text=text, incident=drill, press="")
    receipts = told(node.take_messages(), "receipt")
    assert [(said["incident"], said["press"], said["zender"]) for said in receipts] == [(drill, "", 5)] * 2
    node.answer("coming", 2.0)
    (answer,) = told(node.take_messages(), "answer")
    assert (answer["incident"], answer["press"], answer["zender"]) == (drill, "", 5)
    hear_page(node, 3.0, n=2, text="BALIE 2")
    assert node.display() == ("BALIE 2", "OEFENING BALIE 1"), "the real one stands on top"
    hear_page(node, 4.0, page=f"{drill}.d0.3", kind="over", text=text, incident=drill, press="")
    assert node.display() == ("BALIE 2",)


def test_the_test_of_a_button_names_its_zender_and_so_do_its_receipts() -> None:
    node = online()
    hear_page(node, 1.0, page="test.d0.3", kind="test", incident="", press="", zender=7, text="TEST BALIE 3")
    receipts = told(node.take_messages(), "receipt")
    assert {(said["incident"], said["press"], said["zender"]) for said in receipts} == {("", "", 7)}
    assert (node.display(), dict(node.incidents)) == (("TEST BALIE 3",), {})


def test_a_seen_page_does_not_ring_again_but_gets_its_receipts_again() -> None:
    node = online()
    hear_page(node, 1.0)
    first = told(node.take_messages(), "receipt")
    for receipt in first:
        hear_answered(node, int(str(receipt["seq"])), 1.1)
    node.take_events()
    hear_page(node, 5.0, attempt=2)
    assert told(node.take_messages(), "receipt") == first
    assert kinds_of_events(node) == []


def test_a_new_page_of_an_incident_replaces_its_text_and_rings_again() -> None:
    node = online()
    hear_page(node, 1.0)
    hear_page(node, 2.0, n=2, text="BALIE 1 NOG EENS")
    hear_page(node, 3.0, n=3, text="BALIE 1 1 KOMT", kind="update")
    assert node.display() == ("BALIE 1 1 KOMT",)
    assert kinds_of_events(node) == [Received, Rings, Received, Rings, Received, Shows]


def test_only_over_takes_an_incident_off() -> None:
    node = online()
    hear_page(node, 1.0)
    hear_page(node, 2.0, n=2, incident="6-ab-1", text="BALIE 2")
    node.heard(f"{BASE}/open", b'{"daemon_boot":"d0","version":1,"total":0,"incidents":[]}', True, 2.5)
    assert node.display() == ("BALIE 2", "BALIE 1")
    node.take_events()
    hear_page(node, 3.0, n=3, kind="over", text="BALIE 1", merged_into="6-ab-1")
    assert node.display() == ("BALIE 2",)
    _, over = node.take_events()
    assert isinstance(over, Over)
    assert (over.shown, over.page.merged_into) == ("BALIE 1", "6-ab-1")


def test_receipts_are_said_every_second_until_answered() -> None:
    node = online()
    hear_page(node, 1.0)
    node.take_messages()
    hear_answered(node, 1, 1.2)
    for now_s in (2.0, 3.0):
        node.wake(now_s)
        assert [receipt["seq"] for receipt in told(node.take_messages(), "receipt")] == [2]
    hear_answered(node, 2, 3.1)
    node.wake(9.0)
    assert told(node.take_messages(), "receipt") == []


@pytest.mark.parametrize("result", ["accepted", "closed", "refused"])
def test_an_answer_is_said_every_second_until_answered(result: str) -> None:
    node = online()
    hear_page(node, 1.0)
    hear_answered(node, 1, 1.0)
    hear_answered(node, 2, 1.0)
    node.take_messages()
    node.take_events()
    seq = node.answer("coming", 2.0)
    expected = {
        "boot": node.boot,
        "seq": seq,
        "incident": INCIDENT,
        "press": INCIDENT,
        "zender": 5,
        "answer": "coming",
    }
    assert told(node.take_messages(), "answer") == [expected]
    node.wake(3.0)
    assert told(node.take_messages(), "answer") == [expected]
    hear_answered(node, seq, 3.5, result=result)
    node.wake(9.0)
    assert told(node.take_messages(), "answer") == []
    assert AnswerHeard(node.boot, seq, "coming", result, "", True) in node.take_events()


def test_an_answer_that_is_not_durable_is_said_every_ten_seconds() -> None:
    node = online()
    hear_page(node, 1.0)
    seq = node.answer("cannot", 2.0)
    hear_answered(node, seq, 2.0, durable=False)
    node.take_messages()
    said_at_s = []
    for now_s in range(3, 26):
        node.wake(float(now_s))
        if told(node.take_messages(), "answer"):
            said_at_s.append(now_s)
    assert said_at_s == [12, 22]


def test_answers_name_their_incident_and_carry_its_member() -> None:
    node = online()
    hear_page(node, 1.0)
    hear_page(node, 2.0, n=2, incident="6-ab-1", press="6-ab-2", zender=6, text="BALIE 2")
    node.take_messages()
    node.answer("on_scene", 3.0, incident=INCIDENT)
    node.answer("coming", 3.0)
    node.answer("carry", 3.0, member="anna")
    first, second, carry = told(node.take_messages(), "answer")
    assert (first["incident"], first["zender"]) == (INCIDENT, 5)
    assert (second["incident"], second["press"], second["zender"]) == ("6-ab-1", "6-ab-2", 6)
    assert (carry["answer"], carry["member"], carry["incident"]) == ("carry", "anna", "")


def test_there_must_be_something_to_answer_and_a_known_answer() -> None:
    node = online()
    with pytest.raises(NothingToAnswer):
        node.answer("coming", 1.0)
    hear_page(node, 1.0)
    with pytest.raises(ValueError, match="all_clear"):
        node.answer("perhaps", 1.0)


def test_no_canary_for_fifteen_seconds_is_geen_verbinding_also_without_a_broker() -> None:
    node = pager()
    assert node.due() == 15.0
    node.wake(14.9)
    assert node.take_events() == []
    node.wake(15.0)
    assert node.take_events() == [NoConnection()]
    assert node.display()[0] == "GEEN VERBINDING"
    node.heard(CANARY_TOPIC, b"x", False, 20.0)
    assert node.take_events() == [ConnectionBack()]
    assert node.due() == 35.0


def test_the_open_list_is_shown_and_an_older_one_is_not() -> None:
    def heard(version: int, boot: str = "d0") -> None:
        incident = {"incident": "i", "press": "i", "zender": 5, "text": "BALIE 1", "state": "ringing"}
        incidents = [incident | {"coming": 0, "age_s": version}]
        fields = {"daemon_boot": boot, "version": version, "total": 1, "incidents": incidents}
        node.heard(f"{BASE}/open", json.dumps(fields).encode(), True, 1.0)

    node = online()
    heard(7)
    heard(6)
    assert node.open.version == 7
    assert node.open.incidents[0].text == "BALIE 1"
    heard(1, boot="d1")
    assert node.open.version == 1


def test_telemetry_tells_battery_dock_and_signal() -> None:
    node = online()
    node.set_docked(True, 1.0)
    (telemetry,) = told(node.take_messages(), "telemetry")
    assert telemetry == {"boot": node.boot, "battery": 83, "charging": True, "docked": True, "rssi": -61}
    node.wake(11.0)
    node.wake(3601.0)
    assert [t["battery"] for t in told(node.take_messages(), "telemetry")] == [83, 100]


def test_it_may_begin_in_its_dock_and_its_battery_may_be_flat_at_once() -> None:
    node = PagerFirmware("p1", lambda: "ab", 0.0, Battery(50.0, drain_per_h=0.0), docked=True)
    node.connected(0.0)
    node.set_docked(False, 1.0)
    node.set_battery(4, 2.0)
    said = [(t["docked"], t["charging"], t["battery"]) for t in told(node.take_messages(), "telemetry")]
    assert said == [(True, True, 50), (False, False, 50), (False, False, 4)]


def test_a_restart_forgets_pages_and_answers() -> None:
    node = online()
    hear_page(node, 1.0)
    node.answer("coming", 2.0)
    node.restart(3.0)
    assert (node.display(), node.unsettled_count) == ((), 0)
    node.take_events()
    node.connected(4.0)
    hear_page(node, 5.0)
    assert kinds_of_events(node) == [Received, Rings]


def test_a_text_that_does_not_fit_still_rings() -> None:
    node = online()
    hear_page(node, 1.0, text="BALIE \N{DIGIT ONE}\n\N{SNOWMAN}" + "x" * 100)
    assert kinds_of_events(node) == [Received, Rings]
    assert node.display()[0].startswith("BALIE 1??xxx")
    assert len(node.display()[0]) == 40


def test_a_list_of_names_and_numbers_below_the_text_is_read_whole() -> None:
    node = online()
    detail = "Pieper p3: VOORBEELD Teamlid Drie, 06-00000003. " * 5
    hear_page(node, 1.0, kind="fault", text="NIET OPGEHAALD: P3", detail=detail, incident="", press="", zender=0)
    assert node.notice is not None and node.notice.detail == detail


def test_memory_is_bounded() -> None:
    node = online(shown_after_s=100.0)
    for n in range(5000):
        hear_page(node, 1.0, n=n, incident=f"5-ab-{n}")
    node.wake(200.0)
    assert node.unsettled_count == 256
    assert len(node.incidents) == 100
    assert len(node._seen) == 1000


@pytest.mark.parametrize("missing", ["page", "incident", "press", "zender", "kind", "text", "detail", "at", "clock_ok"])
def test_a_page_without_a_key_is_malformed(missing: str) -> None:
    node = online()
    page = {"page": "a", "incident": "b", "press": "b", "zender": 5, "kind": "alarm", "text": "X", "detail": ""}
    page |= {"attempt": 1, "reason": "", "age_s": 0, "at": "2026-11-21T13:02:33.120Z", "clock_ok": True}
    del page[missing]
    node.heard(f"{BASE}/page", json.dumps(page).encode(), False, 1.0)
    assert node.malformed_count == 1


PAGE_AND_OTHER_KEYS = (
    *("page", "incident", "press", "zender", "kind", "text", "detail", "attempt", "reason", "age_s", "at"),
    *("clock_ok", "daemon_boot", "version", "total", "incidents", "boot", "seq", "result", "durable"),
)


@given(
    topic=st.sampled_from([f"{BASE}/page", f"{BASE}/open", f"{BASE}/answered", f"{BASE}/status", CANARY_TOPIC, "x"]),
    payload=st.one_of(
        st.binary(max_size=200),
        st.dictionaries(
            st.sampled_from(PAGE_AND_OTHER_KEYS),
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text()
            | st.sampled_from(["alarm", "over", "accepted"])
            | st.lists(st.none() | st.dictionaries(st.text(), st.text(), max_size=2), max_size=2),
        ).map(lambda value: json.dumps(value).encode()),
    ),
    retained=st.booleans(),
)
def test_no_bytes_on_any_topic_hurt_it(topic: str, payload: bytes, retained: bool) -> None:
    node = online()
    hear_page(node, 1.0)
    node.heard(topic, payload, retained, 2.0)
    hear_page(node, 3.0, n=2, text="BALIE 1 TOCH")
    assert "BALIE 1 TOCH" in node.display()
