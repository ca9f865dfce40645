"""Who is sent what next: every answer there is, two receivers that come and go, and the faults that this makes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.outputs.alarm_centre.client import GLANCE_S
from achterwacht.outputs.alarm_centre.frames import Answer, NoAnswer
from achterwacht.outputs.alarm_centre.session import AGAIN_S, OFFLINE, QUICK_S, REFUSED, TRIES, Message, Session
from achterwacht.outputs.alarm_centre.transport import ANSWER_S, CONNECT_S
from dc09 import AT

SUPERVISE_S = 60.0
SILENT = NoAnswer("does not answer")
UNREACHED = NoAnswer("cannot be reached", reached=False)
DUH = Answer("DUH", 0)
BARE_NAK = Answer("NAK", 0)
LATER = timedelta(seconds=61)


def session(receivers: int = 2, sequence: int = 1) -> Session:
    return Session(["one", "two", "three"][:receivers], SUPERVISE_S, sequence, 0.0)


def ack(message: Message) -> Answer:
    return Answer("ACK", message.sequence)


def well(talk: Session, *receivers: int, now_s: float = 0.0) -> None:
    """These receivers answer their supervision."""
    for nr in receivers:
        null = talk.null(nr)
        talk.hear(null, ack(null), AT, now_s)


def dead(talk: Session, nr: int) -> None:
    """This receiver misses as many supervisions as it takes."""
    for _ in range(TRIES):
        talk.hear(talk.null(nr), UNREACHED, AT, 0.0)


def test_what_is_acknowledged_is_done() -> None:
    talk = session()
    message = talk.report()
    talk.hear(message, ack(message), AT, 5.0)
    assert message.acked and not message.to
    assert talk.ask_s(0) == 5.0 + SUPERVISE_S
    assert talk.ask_s(1) == 0.0


def test_every_message_has_the_next_number_and_none_is_0() -> None:
    talk = session(sequence=9998)
    assert [talk.report().sequence for _ in range(4)] == [9998, 9999, 1, 2]
    assert talk.null(0).sequence == 0


def test_a_silent_receiver_is_asked_again_with_the_same_number_then_the_next_one_is() -> None:
    talk = session()
    message = talk.report()
    asked = []
    while message.to:
        asked.append((message.to[0], message.sequence))
        talk.hear(message, SILENT, AT, 0.0)
    assert asked == [(0, 1), (0, 1), (1, 1), (1, 1)]
    assert not message.acked
    assert message.failures == ["one does not answer", "two does not answer"]


def test_a_receiver_that_cannot_be_reached_is_left_at_once() -> None:
    talk = session()
    message = talk.report()
    talk.hear(message, UNREACHED, AT, 0.0)
    assert list(message.to) == [1]
    assert talk.faults() == {"receiver:1/offline": "one cannot be reached"}


def test_the_number_of_another_message_is_no_acknowledgement() -> None:
    talk = session()
    message = talk.report()
    talk.hear(message, Answer("ACK", 2), AT, 0.0)
    assert not message.acked and list(message.to) == [0, 1]
    talk.hear(message, Answer("ACK", 2), AT, 0.0)
    assert message.failures == ["one acknowledges message 0002 instead of 0001"]


def test_a_receiver_that_is_not_well_is_asked_last_until_it_is_well_again() -> None:
    talk = session()
    dead(talk, 0)
    assert list(talk.report().to) == [1, 0]
    well(talk, 0)
    assert list(talk.report().to) == [0, 1]


def test_the_clock_of_a_receiver_is_taken_over_and_the_message_said_again_at_once() -> None:
    talk = session()
    message = talk.report()
    assert talk.clock(0, AT) == AT
    talk.hear(message, Answer("NAK", 0, AT + LATER), AT, 0.0)
    assert list(message.to) == [0, 1] and not message.failures
    assert talk.clock(0, AT) == AT + LATER
    assert talk.clock(1, AT) == AT
    talk.hear(message, ack(message), AT, 0.0)
    assert message.acked


def test_a_clock_is_taken_over_once_for_each_receiver_and_message() -> None:
    talk = session()
    message = talk.report()
    nak = Answer("NAK", 0, AT + LATER)
    asked = []
    while message.to:
        asked.append(message.to[0])
        talk.hear(message, nak, AT, 0.0)
    assert asked == [0, 0, 1, 1]
    assert "also with its own time" in talk.faults()["alarm_centre/refused"]


def test_a_clock_that_did_not_help_may_change_again() -> None:
    talk = session(1)
    first, second = talk.report(), talk.report()
    talk.hear(first, Answer("NAK", 0, AT + LATER), AT, 0.0)
    talk.hear(first, ack(first), AT, 0.0)
    talk.hear(second, Answer("NAK", 0, AT), AT, 0.0)  # ours was set right meanwhile
    assert talk.clock(0, AT) == AT


@pytest.mark.parametrize(("answer", "why"), [(DUH, "DUH"), (BARE_NAK, "does not tell its clock")])
def test_a_refusal_goes_to_the_next_receiver_and_is_a_fault(answer: Answer, why: str) -> None:
    talk = session()
    message = talk.report()
    talk.hear(message, answer, AT, 0.0)
    assert list(message.to) == [1]
    talk.hear(message, ack(message), AT, 0.0)
    assert message.acked
    faults = talk.faults()
    assert why in faults["alarm_centre/refused"] and faults["alarm_centre/refused"].startswith("a report: one ")
    assert faults["receiver:1/offline"] == ""


def test_a_refused_report_is_over_with_a_report_that_is_not_and_not_with_a_supervision() -> None:
    talk = session(1)
    talk.hear(talk.report(), DUH, AT, 0.0)
    well(talk, 0)
    assert talk.faults()["alarm_centre/refused"]
    message = talk.report()
    talk.hear(message, ack(message), AT, 0.0)
    assert talk.faults()["alarm_centre/refused"] == ""


def test_a_refused_supervision_is_over_with_one_that_is_not() -> None:
    talk = session(1)
    talk.hear(talk.null(0), BARE_NAK, AT, 0.0)
    assert talk.faults()["alarm_centre/refused"].startswith("supervision: one ")
    assert talk.ask_s(0) == SUPERVISE_S
    well(talk, 0)
    assert talk.faults() == {"alarm_centre/offline": "", "alarm_centre/refused": ""}


def test_one_missed_supervision_is_no_fault_and_is_asked_again_quickly() -> None:
    talk = session(1)
    well(talk, 0)
    talk.hear(talk.null(0), SILENT, AT, 60.0)
    assert talk.faults()["alarm_centre/offline"] == ""
    assert talk.ask_s(0) == 60.0 + QUICK_S
    talk.hear(talk.null(0), SILENT, AT, 61.0)
    assert talk.faults()["alarm_centre/offline"] == "one does not answer"
    assert talk.ask_s(0) == 61.0 + AGAIN_S


def test_a_dead_receiver_is_known_within_twenty_seconds_of_its_supervision() -> None:
    assert TRIES * (CONNECT_S + ANSWER_S + GLANCE_S) + QUICK_S < 20


def test_two_missed_supervisions_with_an_answer_between_are_no_fault() -> None:
    talk = session(1)
    talk.hear(talk.null(0), SILENT, AT, 0.0)
    well(talk, 0)
    talk.hear(talk.null(0), SILENT, AT, 60.0)
    assert talk.faults()["alarm_centre/offline"] == ""


def test_one_of_two_is_a_fault_of_that_one_and_both_are_of_the_centre() -> None:
    talk = session()
    assert talk.faults() == {}
    dead(talk, 0)
    assert talk.faults() == {"receiver:1/offline": "one cannot be reached"}
    dead(talk, 1)
    assert talk.faults()["alarm_centre/offline"] == "one cannot be reached; two cannot be reached"
    well(talk, 1)
    assert talk.faults() == {
        "receiver:1/offline": "one cannot be reached",
        "receiver:2/offline": "",
        "alarm_centre/offline": "",
        "alarm_centre/refused": "",
    }


def test_any_acknowledged_message_puts_the_supervision_off() -> None:
    talk = session(1)
    well(talk, 0, now_s=10.0)
    message = talk.report()
    talk.hear(message, ack(message), AT, 50.0)
    assert talk.ask_s(0) == 50.0 + SUPERVISE_S


SAID = st.sampled_from(["ack", "other", SILENT, UNREACHED, DUH, BARE_NAK, Answer("NAK", 0, AT + LATER)])


@given(receivers=st.integers(1, 3), said=st.lists(SAID, max_size=40))
def test_whatever_is_answered_a_message_ends_and_the_next_question_is_in_the_future(
    receivers: int, said: list[str | Answer | NoAnswer]
) -> None:
    talk = session(receivers)
    message, asked = talk.report(), 0
    for nth, one in enumerate(said):
        if not message.to:
            assert message.acked or len(message.failures) == (1 if message.is_null else receivers)
            message, asked = (talk.null(nth % receivers) if nth % 2 else talk.report()), 0
        nr = message.to[0]
        answer = ack(message) if one == "ack" else Answer("ACK", 1234) if one == "other" else one
        assert not isinstance(answer, str)
        talk.hear(message, answer, AT, float(nth))
        asked += 1
        assert nth < talk.ask_s(nr) <= nth + SUPERVISE_S
        assert asked <= receivers * (TRIES + 1)
    assert {key.partition(":")[0] for key in talk.faults()} <= {"receiver", OFFLINE, REFUSED}
