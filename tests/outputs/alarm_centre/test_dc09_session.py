"""Who is sent what next: every answer there is, two receivers that come and go, and the faults that this makes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.outputs.alarm_centre.address import LOOK_UP_S
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
    return Session(["one", "two", "three"][:receivers], "12AB", SUPERVISE_S, sequence, 0.0)


def ack(message: Message) -> Answer:
    return Answer("ACK", message.sequence)


def well(talk: Session, *receivers: int, now_s: float = 0.0) -> None:
    """These receivers answer their supervision."""
    for nr in receivers:
        null = talk.null(nr)
        talk.hear(null, nr, ack(null), AT, now_s)


def dead(talk: Session, nr: int) -> None:
    """This receiver misses as many supervisions as it takes."""
    for _ in range(TRIES):
        talk.hear(talk.null(nr), nr, UNREACHED, AT, 0.0)


def test_what_is_acknowledged_is_done() -> None:
    talk = session()
    message = talk.report()
    talk.hear(message, 0, ack(message), AT, 5.0)
    assert message.acked and not message.to
    assert talk.ask_s(0) == 5.0 + SUPERVISE_S
    assert talk.ask_s(1) == 0.0


def test_every_message_has_the_next_number_and_none_is_0() -> None:
    talk = session(sequence=9998)
    assert [talk.report().sequence for _ in range(4)] == [9998, 9999, 1, 2]
    assert talk.null(0).sequence == 0


def test_after_a_silent_receiver_the_next_one_is_asked_and_then_both_again_with_the_same_number() -> None:
    talk = session()
    message = talk.report()
    asked = []
    while message.to:
        nr = talk.next(message)
        asked.append((nr, message.sequence))
        talk.hear(message, nr, SILENT, AT, 0.0)
    assert asked == [(0, 1), (1, 1), (0, 1), (1, 1)]
    assert not message.acked
    assert message.failures == ["one does not answer", "two does not answer"]


def test_a_receiver_that_cannot_be_reached_is_left_at_once() -> None:
    talk = session()
    message = talk.report()
    talk.hear(message, 0, UNREACHED, AT, 0.0)
    assert talk.next(message) == 1 and set(message.to) == {1}
    assert talk.faults() == {"receiver:1/offline": "one cannot be reached"}


def test_the_number_of_another_message_is_no_acknowledgement() -> None:
    talk = session()
    message = talk.report()
    talk.hear(message, 0, Answer("ACK", 2), AT, 0.0)
    assert not message.acked and list(message.to) == [0, 1]
    talk.hear(message, 0, Answer("ACK", 2), AT, 0.0)
    assert message.failures == ["one acknowledges message 0002 instead of 0001"]


def test_the_other_account_is_no_acknowledgement_and_none_is_one() -> None:
    talk = session()
    message = talk.report()
    talk.hear(message, 0, Answer("ACK", 1, account="9999"), AT, 0.0)
    assert not message.acked
    talk.hear(message, 0, Answer("ACK", 1, account="9999"), AT, 0.0)
    assert message.failures == ["one acknowledges a message of account '9999' instead of '12AB'"]
    talk.hear(message, 1, Answer("ACK", 1, account="12ab"), AT, 0.0)
    assert message.acked


def test_a_receiver_that_is_not_well_is_asked_last_until_it_is_well_again() -> None:
    talk = session()
    dead(talk, 0)
    assert talk.next(talk.report()) == 1
    talk.hear(talk.null(1), 1, SILENT, AT, 0.0)
    assert talk.next(talk.report()) == 1  # one lost answer is not yet as bad
    dead(talk, 1)
    assert talk.next(talk.report()) == 0
    well(talk, 1)
    assert talk.next(talk.report()) == 1
    well(talk, 0)
    assert talk.next(talk.report()) == 0


def test_a_message_that_waits_goes_on_to_the_other_receiver_when_the_first_one_is_silent_for_another() -> None:
    talk = session()
    first, waiting = talk.report(), talk.report()
    assert talk.next(waiting) == 0
    talk.hear(first, 0, SILENT, AT, 0.0)
    assert (talk.next(first), talk.next(waiting)) == (1, 1)
    assert set(waiting.to) == {0, 1}  # it has lost nothing


def test_a_silent_report_and_a_silent_supervision_after_it_are_a_dead_receiver() -> None:
    talk = session()
    message = talk.report()
    talk.hear(message, 0, SILENT, AT, 5.0)
    assert talk.ask_s(0) == 5.0 + QUICK_S
    talk.hear(talk.null(0), 0, SILENT, AT, 6.0)
    assert talk.faults() == {"receiver:1/offline": "one does not answer"}


def test_an_acknowledgement_that_was_recorded_is_none() -> None:
    talk = session(1)
    recorded = AT
    talk.hear(talk.null(0), 0, Answer("ACK", 0, recorded), AT, 0.0)
    message = talk.report()
    talk.hear(message, 0, Answer("ACK", message.sequence, recorded), AT + LATER, LATER.total_seconds())
    assert not message.acked
    talk.hear(message, 0, Answer("ACK", message.sequence, AT + LATER), AT + LATER, LATER.total_seconds())
    assert message.acked


def test_the_clock_of_a_receiver_is_taken_over_and_the_message_said_again_at_once() -> None:
    talk = session()
    message = talk.report()
    assert talk.clock(0, AT) == AT
    talk.hear(message, 0, Answer("NAK", 0, AT + LATER), AT, 0.0)
    assert list(message.to) == [0, 1] and not message.failures
    assert talk.clock(0, AT) == AT + LATER
    assert talk.clock(1, AT) == AT
    talk.hear(message, 0, ack(message), AT, 0.0)
    assert message.acked


def test_a_clock_is_taken_over_once_for_each_receiver_and_message() -> None:
    talk = session()
    message = talk.report()
    nak = Answer("NAK", 0, AT + LATER)
    asked = []
    while message.to:
        nr = talk.next(message)
        asked.append(nr)
        talk.hear(message, nr, nak, AT, 0.0)
    assert asked == [0, 0, 1, 1]
    assert "also with its own time" in talk.faults()["alarm_centre/refused"]


def test_a_clock_that_did_not_help_may_change_again() -> None:
    talk = session(1)
    first, second = talk.report(), talk.report()
    talk.hear(first, 0, Answer("NAK", 0, AT + LATER), AT, 0.0)
    talk.hear(first, 0, ack(first), AT, 0.0)
    talk.hear(second, 0, Answer("NAK", 0, AT), AT, 0.0)  # ours was set right meanwhile
    assert talk.clock(0, AT) == AT


@pytest.mark.parametrize(("answer", "why"), [(DUH, "DUH"), (BARE_NAK, "does not tell its clock")])
def test_a_refusal_goes_to_the_next_receiver_and_is_a_fault(answer: Answer, why: str) -> None:
    talk = session()
    message = talk.report()
    talk.hear(message, 0, answer, AT, 0.0)
    assert list(message.to) == [1]
    talk.hear(message, 1, ack(message), AT, 0.0)
    assert message.acked
    faults = talk.faults()
    assert why in faults["alarm_centre/refused"] and faults["alarm_centre/refused"].startswith("a report: one ")
    assert faults["receiver:1/offline"] == ""


def test_a_refused_report_is_over_with_a_report_that_is_not_and_not_with_a_supervision() -> None:
    talk = session(1)
    talk.hear(talk.report(), 0, DUH, AT, 0.0)
    well(talk, 0)
    assert talk.faults()["alarm_centre/refused"]
    message = talk.report()
    talk.hear(message, 0, ack(message), AT, 0.0)
    assert talk.faults()["alarm_centre/refused"] == ""


def test_a_refused_supervision_is_over_with_one_that_is_not() -> None:
    talk = session(1)
    talk.hear(talk.null(0), 0, BARE_NAK, AT, 0.0)
    assert talk.faults()["alarm_centre/refused"].startswith("supervision: one ")
    assert talk.ask_s(0) == SUPERVISE_S
    well(talk, 0)
    assert talk.faults() == {"alarm_centre/offline": "", "alarm_centre/refused": ""}


def test_one_missed_supervision_is_no_fault_and_is_asked_again_quickly() -> None:
    talk = session(1)
    well(talk, 0)
    talk.hear(talk.null(0), 0, SILENT, AT, 60.0)
    assert talk.faults()["alarm_centre/offline"] == ""
    assert talk.ask_s(0) == 60.0 + QUICK_S
    talk.hear(talk.null(0), 0, SILENT, AT, 61.0)
    assert talk.faults()["alarm_centre/offline"] == "one does not answer"
    assert talk.ask_s(0) == 61.0 + AGAIN_S


def test_a_dead_receiver_is_known_within_twenty_seconds_of_its_supervision() -> None:
    assert LOOK_UP_S + TRIES * (CONNECT_S + ANSWER_S + GLANCE_S) + QUICK_S < 20


def test_two_missed_supervisions_with_an_answer_between_are_no_fault() -> None:
    talk = session(1)
    talk.hear(talk.null(0), 0, SILENT, AT, 0.0)
    well(talk, 0)
    talk.hear(talk.null(0), 0, SILENT, AT, 60.0)
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
    talk.hear(message, 0, ack(message), AT, 50.0)
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
        nr = talk.next(message)
        answer = ack(message) if one == "ack" else Answer("ACK", 1234) if one == "other" else one
        assert not isinstance(answer, str)
        talk.hear(message, nr, answer, AT, float(nth))
        asked += 1
        assert nth < talk.ask_s(nr) <= nth + SUPERVISE_S
        assert asked <= receivers * (TRIES + 1)
    assert {key.partition(":")[0] for key in talk.faults()} <= {"receiver", OFFLINE, REFUSED}
