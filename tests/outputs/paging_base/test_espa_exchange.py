"""An ESPA line, said by hand, and against a paging system over wires that spoil, cut, delay, double and invent.

The paging system here is written from the standard's facts and knows no code of ours. One thing no station can tell: an
answer of one character has no check, so no wire here makes an ACK of something else; the line's parity is for that.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import reduce
from itertools import pairwise
from operator import xor
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from achterwacht.outputs.paging_base.dialect import Acknowledged, Base, Call, Exchange, Nonsense, Refused, Said, Taken
from achterwacht.outputs.paging_base.espa_exchange import (
    ADDRESSES_MAX,
    ALONE_S,
    BLOCK_ANSWER_WAIT_S,
    ECHO,
    HANDSHAKE_WAIT_S,
    PAGED_WAIT_S,
    POLL_EVERY_S,
    POLLED_SILENT_S,
    RETRANSMISSIONS,
    TELLING_MAX_S,
    WAITING_MAX,
    EspaExchange,
)
from achterwacht.outputs.wiring import PagingBase, SerialFormat

ACK, EOT, NAK = b"\x06", b"\x04", b"\x15"
POLL, TO_US = b"\x042\x05", b"1\x05"
SELECT = b"\x041\x052\x05"
POLLED, ASKED = b"\x041\x05", b"\x042\x051\x05"
OK = Base("ok")

ALARM = Call("order-1", "8001", "PANIEK balie 7 Burgerzaken")
ALARM_BYTES = bytes.fromhex(
    "01 31 02 31 1F 38 30 30 31 1E 32 1F 50 41 4E 49 45 4B 20 62 61 6C 69 65 20 37 20 42 75 72 67 65 72 7A 61 6B 65 6E"
    "1E 33 1F 31 1E 34 1F 33 1E 35 1F 33 1E 36 1F 31 03 02"
)
CANCEL = Call("order-2", "8001", "", urgent=False, cancel=True)
CANCEL_BYTES = bytes.fromhex("01 31 02 31 1F 38 30 30 31 1E 34 1F 31 03 13")
PAGED = bytes.fromhex("01 32 02 31 1F 38 30 30 31 1E 37 1F 33 03 11")
ACKNOWLEDGED = bytes.fromhex("01 32 02 31 1F 38 30 30 31 1E 37 1F 36 03 14")
TRANSMITTER_FAILURE = bytes.fromhex("01 32 02 31 1F 38 30 30 31 1E 38 1F 31 03 1C")


def written(header: str, *records: str) -> bytes:
    """A block, written here apart from the code that it is held against."""
    content = f"{header}\x02{chr(0x1E).join(records)}\x03".encode()
    return b"\x01" + content + bytes((reduce(xor, content),))


def status(address: str, record: str) -> bytes:
    return written("2", f"1\x1f{address}", record)


def base(**other: Any) -> PagingBase:
    return replace(PagingBase("town", "espa", path="/dev/ttyS0", transmissions="3"), **other)


class Line:
    """One exchange, spoken with by hand."""

    def __init__(self, **other: Any) -> None:
        self.exchange: Exchange = EspaExchange(base(**other))
        self.exchange.opened(0.0)

    def hears(self, data: bytes, now_s: float) -> list[Said]:
        return self.exchange.feed(data, now_s)

    def answers(self, data: bytes, now_s: float) -> list[Said]:
        """Hear this, and nothing after it."""
        return [*self.hears(data, now_s), *self.waits(now_s + ALONE_S)]

    def says(self) -> bytes:
        return self.exchange.to_write()

    def begins(self, call: Call, now_s: float) -> bytes:
        assert self.exchange.idle
        self.exchange.begin(call, now_s)
        return self.says()

    def waits(self, until_s: float) -> list[Said]:
        """Tick when it is due, as a port does."""
        said = []
        for _ in range(1000):
            due_s = self.exchange.due_s
            if due_s is None or due_s > until_s:
                break
            said += self.exchange.tick(due_s)
        return said + self.exchange.tick(until_s)


def there(**other: Any) -> Line:
    """A line on which the first poll was answered, at 0 s."""
    line = Line(**other)
    if other.get("polled"):
        assert line.hears(POLLED, 0.0) == [OK]
        assert line.says() == EOT
        return line
    assert line.exchange.tick(0.0) == []
    assert line.says() == POLL
    assert line.answers(EOT, 0.0) == [OK]
    assert line.says() == b""
    return line


def sending(call: Call = ALARM, now_s: float = 1.0, **other: Any) -> Line:
    """A line on which the block has just gone out."""
    line = there(**other)
    assert line.begins(call, now_s) == SELECT
    assert line.hears(ACK, now_s) == []
    assert line.says() == (CANCEL_BYTES if call.cancel else ALARM_BYTES)
    return line


def tells(line: Line, block: bytes, now_s: float) -> list[Said]:
    """The base tells this when it is polled."""
    line.exchange.tick(now_s)
    assert line.says().endswith(POLL)
    said = line.hears(TO_US, now_s)
    assert line.says() == ACK
    said += line.hears(block, now_s)
    assert line.says() == ACK
    assert line.hears(EOT, now_s) == []
    return said


def answered(line: Line, from_s: float, until_s: float) -> list[Said]:
    """The base has nothing to tell to any poll."""
    said, now_s = [], from_s
    while now_s < until_s:
        said += line.exchange.tick(now_s)
        if line.says().endswith(POLL):
            said += line.answers(EOT, now_s)
        now_s += 0.25
    return said


# --- we are the control station ---------------------------------------------------------------------------------------


def test_a_call_is_both_halves_a_block_and_an_eot() -> None:
    line = there()
    assert line.begins(ALARM, 1.0) == SELECT
    assert not line.exchange.idle
    assert line.hears(ACK, 1.1) == []
    assert line.says() == ALARM_BYTES
    assert line.hears(ACK, 1.2) == [Taken("order-1")]
    assert line.says() == EOT
    assert line.exchange.idle


def test_a_cancel_is_the_vector() -> None:
    line = sending(CANCEL)
    assert line.hears(ACK, 1.1) == [Taken("order-2")]


def test_what_is_not_urgent_sounds_and_ranks_as_such() -> None:
    line = there(beeps="7", transmissions="2")
    line.begins(Call("1", "8001", "TEST", urgent=False), 1.0)
    line.hears(ACK, 1.0)
    quiet = written("1", "1\x1f8001", "2\x1fTEST", "3\x1f1", "4\x1f3", "5\x1f2", "6\x1f3")
    assert line.says() == quiet
    line.hears(ACK, 1.0)
    line.says()
    line.begins(Call("2", "8001", "TEST"), 1.0)
    line.hears(ACK, 1.0)
    assert line.says() == quiet.replace(b"3\x1f1\x1e4", b"3\x1f7\x1e4").replace(b"6\x1f3\x03", b"6\x1f1\x03")[
        :-1
    ] + bytes((quiet[-1] ^ ord("1") ^ ord("7") ^ ord("3") ^ ord("1"),))


def test_the_base_is_polled_when_the_line_opens_and_every_two_seconds() -> None:
    line = there()
    for n in range(1, 4):
        now_s = n * POLL_EVERY_S
        assert line.exchange.due_s == now_s
        assert line.exchange.tick(now_s - 0.01) == []
        assert line.says() == b""
        assert line.exchange.tick(now_s) == []
        assert line.says() == POLL
        assert not line.exchange.idle
        assert line.answers(NAK if n == 2 else EOT, now_s) == []
        assert line.exchange.idle


def test_two_polls_without_an_answer_are_a_base_that_is_offline_within_five_seconds() -> None:
    line = Line(path="", host="gateway", tcp_port=2023)
    assert line.waits(HANDSHAKE_WAIT_S) == []
    match line.waits(2 * HANDSHAKE_WAIT_S):
        case [Base("offline", reason)]:
            assert "does not answer" in reason
        case said:
            pytest.fail(f"{said}")
    assert line.waits(60.0) == []
    assert line.says().count(POLL) >= 10
    line.waits(70.0)
    line.says()
    assert line.answers(EOT, 70.0) == [OK]


def test_between_two_polls_of_a_dead_base_a_call_may_begin_and_is_refused_in_time() -> None:
    line = Line()
    line.waits(60.0)
    now_s = 60.0
    while not line.exchange.idle:
        now_s += 0.05
        line.exchange.tick(now_s)
    line.says()
    assert line.begins(ALARM, now_s) == SELECT
    match line.waits(now_s + HANDSHAKE_WAIT_S + 0.1):
        case [Refused("order-1", reason, False)]:
            assert "does not answer" in reason
        case said:
            pytest.fail(f"{said}")
    assert line.says().startswith(EOT)


def test_a_select_is_tried_twice_before_the_call_is_refused() -> None:
    line = there()
    line.begins(ALARM, 1.0)
    assert line.waits(1.0 + HANDSHAKE_WAIT_S + 0.1) == []
    assert line.says() == SELECT
    match line.waits(1.0 + 2 * HANDSHAKE_WAIT_S + 0.2):
        case [Base("offline"), Refused("order-1", _, False)]:
            assert line.says() == EOT
        case said:
            pytest.fail(f"{said}")
    assert line.exchange.idle


@pytest.mark.parametrize("answer", [EOT, NAK, b"2" + NAK, b"1" + NAK])
def test_a_base_that_is_not_ready_is_busy(answer: bytes) -> None:
    line = there()
    line.begins(ALARM, 1.0)
    match line.answers(answer, 1.1):
        case [Refused("order-1", reason, False)]:
            assert "busy" in reason
        case said:
            pytest.fail(f"{said}")
    assert line.says() == EOT
    assert line.exchange.idle


@pytest.mark.parametrize("answer", [EOT, NAK])
def test_who_is_polled_and_not_let_in_leaves_the_line_to_the_base_at_once(answer: bytes) -> None:
    line = there(polled=True)
    line.hears(POLLED, 1.0)
    line.begins(ALARM, 1.0)
    match line.hears(answer + POLLED, 1.1):
        case [Refused("order-1", reason, False)]:
            assert "busy" in reason
        case said:
            pytest.fail(f"{said}")
    assert line.exchange.idle


@pytest.mark.parametrize("answer", [b"1" + NAK, NAK, b"9" + NAK, EOT])
def test_a_block_that_came_damaged_is_sent_five_times_at_most(answer: bytes) -> None:
    """An EOT is one wrong bit away from the ACK of a call that is taken."""
    line = sending()
    for _ in range(RETRANSMISSIONS):
        assert line.hears(answer, 1.1) == []
        assert line.says() == ALARM_BYTES
    match line.hears(answer, 1.1):
        case [Refused("order-1", reason, False)]:
            assert "5 transmissions" in reason
        case said:
            pytest.fail(f"{said}")
    assert line.says() == EOT


def test_a_block_that_is_taken_the_second_time_is_taken() -> None:
    line = sending()
    line.hears(b"1" + NAK, 1.1)
    assert line.says() == ALARM_BYTES
    assert line.hears(ACK, 1.1) == [Taken("order-1")]
    assert line.says() == EOT


def test_a_base_that_gets_busy_refuses_the_block() -> None:
    line = sending()
    match line.hears(b"2" + NAK, 1.1):
        case [Refused("order-1", reason, False)]:
            assert "busy" in reason
        case said:
            pytest.fail(f"{said}")
    assert line.says() == EOT


def test_a_block_that_is_invalid_twice_is_refused_for_good() -> None:
    line = sending()
    assert line.hears(b"3" + NAK, 1.1) == []
    assert line.says() == ALARM_BYTES
    match line.hears(b"3" + NAK, 1.1):
        case [Refused("order-1", reason, True)]:
            assert "does not know" in reason
        case said:
            pytest.fail(f"{said}")
    assert line.says() == EOT


def test_one_flipped_bit_in_a_nak_gives_no_call_up() -> None:
    line = sending()
    for now_s in (1.1, 1.2):
        assert line.hears(b"3" + NAK, now_s) == []  # was 1
        assert line.says() == ALARM_BYTES
        assert line.hears(ACK, now_s) == [Taken("order-1")]
        assert line.says() == EOT
        line.begins(ALARM, now_s)
        line.hears(ACK, now_s)
        assert line.says() == ALARM_BYTES


def test_a_block_without_an_answer_is_sent_five_times_at_most() -> None:
    line = sending(path="", host="gateway", tcp_port=2023)
    for n in range(1, RETRANSMISSIONS + 1):
        assert line.exchange.due_s == 1.0 + n * BLOCK_ANSWER_WAIT_S
        assert line.waits(1.0 + n * BLOCK_ANSWER_WAIT_S) == []
        assert line.says() == ALARM_BYTES
    match line.waits(1.0 + (RETRANSMISSIONS + 1) * BLOCK_ANSWER_WAIT_S):
        case [Refused("order-1", _, False)]:
            assert line.says().startswith(EOT)
        case said:
            pytest.fail(f"{said}")


def test_on_a_slow_line_waiting_begins_when_the_last_character_can_have_left() -> None:
    slow = SerialFormat(300, 7, "even", 2)  # 11 bits a character
    line = sending(format=slow)
    left_s = 1.0 + (len(SELECT) + len(ALARM_BYTES)) * 11 / 300
    assert line.exchange.due_s == pytest.approx(left_s + BLOCK_ANSWER_WAIT_S)
    assert line.hears(ACK, left_s) == [Taken("order-1")]


def test_an_ack_that_was_there_before_the_block_was_written_is_no_answer_to_it() -> None:
    line = there()
    line.begins(ALARM, 1.0)
    assert line.hears(ACK + ACK, 1.1) == []
    assert line.says() == ALARM_BYTES
    assert line.hears(ACK, 1.2) == [Taken("order-1")]


def test_an_ack_that_was_there_before_the_select_was_written_is_no_answer_to_it() -> None:
    line = there()
    line.exchange.begin(ALARM, 1.0)
    assert line.hears(ACK, 1.0) == []
    assert line.says() == SELECT


def test_a_due_poll_goes_between_two_calls() -> None:
    line = sending(now_s=POLL_EVERY_S)
    assert line.hears(ACK, POLL_EVERY_S) == [Taken("order-1")]
    assert line.says() == EOT + POLL
    assert not line.exchange.idle


def test_two_control_stations_are_told_of() -> None:
    match there().hears(POLLED, 1.0):
        case [Nonsense(detail)]:
            assert "polled: true" in detail
        case said:
            pytest.fail(f"{said}")


def test_a_base_that_calls_us_by_another_address_is_told_of() -> None:
    line = there()
    line.exchange.tick(2.0)
    line.says()
    match line.hears(b"3\x05", 2.0):
        case [Nonsense(detail)]:
            assert "'3'" in detail
            assert "'1'" in detail
        case said:
            pytest.fail(f"{said}")


def test_noise_is_told_of() -> None:
    match there().hears(b"boot v2.1 ok, 1200 baud\r\n", 1.0):
        case [Nonsense(detail)]:
            assert "boot v2.1" in detail
        case said:
            pytest.fail(f"{said}")


# --- what is no answer ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["whole", "in characters, at 300 baud"])
@pytest.mark.parametrize("behind", ["nothing", "a base"])
def test_a_line_that_sends_back_what_we_say_has_no_base(cut: str, behind: str) -> None:
    line, now_s, said = Line(), 0.0, []
    while now_s < 60.0:
        if line.exchange.idle and 20.0 < now_s < 40.0:
            line.exchange.begin(Call(f"{now_s}", "8001", "BALIE 3"), now_s)
        if echo := line.says():
            answer = {POLL: EOT, SELECT: ACK}.get(echo[-len(SELECT) :], b"") if behind == "a base" else b""
            heard = echo + answer
            for part in [heard] if cut == "whole" else [bytes((byte,)) for byte in heard]:
                said += line.hears(part, now_s)
                now_s += 11 / 300
                said += line.exchange.tick(now_s)
        now_s += 0.01
        said += line.exchange.tick(now_s)
    bases = [one for one in said if isinstance(one, Base)]
    assert bases == [Base("offline", ECHO)]
    refused = [one for one in said if isinstance(one, Refused)]
    assert refused
    assert {one.reason for one in refused} == {ECHO}
    assert not any(isinstance(one, Taken) for one in said)


def test_a_line_whose_echo_is_switched_off_has_its_base_again() -> None:
    line = Line()
    for _ in range(2):
        line.exchange.tick(0.0)
        assert line.says() == POLL
        last = line.hears(POLL, 0.0)
    assert last == [Base("offline", ECHO)]
    assert line.waits(POLL_EVERY_S) == []
    assert line.says() == POLL
    assert line.answers(EOT, POLL_EVERY_S) == [OK]


def test_one_echo_may_have_been_noise() -> None:
    line = there()
    line.begins(ALARM, 1.0)
    assert line.hears(SELECT, 1.0) == []
    assert line.says() == SELECT
    assert line.hears(ACK, 1.0) == []
    assert line.says() == ALARM_BYTES


def test_whoever_is_polled_and_hears_the_own_select_says_so() -> None:
    line = there(polled=True)
    line.hears(POLLED, 1.0)
    assert line.begins(ALARM, 1.0) == b"2\x05"
    assert line.hears(b"2\x05", 1.0) == []
    assert line.says() == b"2\x05"
    assert line.hears(b"2\x05", 1.0) == [Refused("order-1", ECHO)]
    assert line.hears(b"2\x05", 2.0) == [], "another station's"


@pytest.mark.parametrize("flood", [EOT, NAK, b"A", b"\x05", b"random"])
def test_no_flood_is_a_base(flood: bytes) -> None:
    line, random, said = Line(), Random(1), []
    for turn in range(600):  # 60 s
        line.says()
        said += line.hears(random.randbytes(500) if flood == b"random" else flood * 100, turn * 0.1)
        line.says()
        said += line.exchange.tick(turn * 0.1)
    assert {one.is_ for one in said if isinstance(one, Base)} == {"offline"}


def test_an_ack_among_noise_is_not_believed() -> None:
    line = there()
    line.begins(ALARM, 1.0)
    line.hears(b"3\x05" + ACK, 1.1)
    assert line.says() == b""
    line = sending()
    assert line.hears(b"3\x05" + ACK, 1.1) == []
    line.waits(1.2 + BLOCK_ANSWER_WAIT_S)
    assert line.says() == ALARM_BYTES, "the base knows it for the one it has"
    assert line.hears(ACK, 4.3) == [Taken("order-1")]


# --- the base tells ---------------------------------------------------------------------------------------------------


def test_where_the_base_reports_a_call_is_handed_over_when_it_is_paged() -> None:
    line = sending(waits_for_paged=True)
    assert line.hears(ACK, 1.1) == []
    assert line.exchange.idle
    assert tells(line, status("8001", "7\x1f2"), 2.0) == []
    assert tells(line, status("8002", "7\x1f3"), 4.0) == []
    assert tells(line, PAGED, 6.0) == [Taken("order-1", "paged")]
    assert tells(line, PAGED, 8.0) == []


@pytest.mark.parametrize(
    ("said_by_base", "word"), [("1", "busy"), ("4", "absent"), ("72", "absent"), ("5", "ended"), ("8", "fault")]
)
def test_a_call_that_was_not_paged_is_refused(said_by_base: str, word: str) -> None:
    line = sending(waits_for_paged=True)
    line.hears(ACK, 1.1)
    match tells(line, status("8001", f"7\x1f{said_by_base}"), 2.0):
        case [Refused("order-1", reason, False)]:
            assert word in reason
        case said:
            pytest.fail(f"{said}")


def test_a_call_is_paged_also_where_a_speech_channel_is_open() -> None:
    line = sending(waits_for_paged=True)
    line.hears(ACK, 1.1)
    assert tells(line, status("8001", "7\x1f7"), 2.0) == []
    assert tells(line, status("8001", "7\x1f71"), 4.0) == [Taken("order-1", "paged")]


def test_a_call_that_is_never_paged_is_refused_and_others_go_on_meanwhile() -> None:
    line = sending(waits_for_paged=True)
    line.hears(ACK, 1.1)
    line.says()
    assert line.begins(CANCEL, 1.2) == SELECT
    line.hears(ACK, 1.2)
    assert line.says() == CANCEL_BYTES
    assert line.hears(ACK, 1.3) == [Taken("order-2")]
    said: list[Said] = []
    now_s = 1.3
    while not said and now_s < 60.0:
        now_s = max(now_s + 0.01, line.exchange.due_s or 0.0)
        said = line.exchange.tick(now_s)
        if line.says().endswith(POLL):
            said += line.answers(EOT, now_s)
    match said:
        case [Refused("order-1", reason, False)]:
            assert "30 s" in reason
            assert now_s == pytest.approx(1.1 + PAGED_WAIT_S, abs=0.1)
        case _:
            pytest.fail(f"{said}")


def test_the_oldest_of_two_calls_to_one_address_is_paged_first() -> None:
    line = sending(waits_for_paged=True)
    line.hears(ACK, 1.1)
    line.says()
    line.begins(replace(ALARM, id="later", text="BALIE 8"), 1.2)
    line.hears(ACK, 1.2)
    line.says()
    line.hears(ACK, 1.2)
    assert tells(line, PAGED, 2.0) == [Taken("order-1", "paged")]
    assert tells(line, PAGED, 4.0) == [Taken("later", "paged")]


def test_so_many_calls_may_wait_to_be_paged_and_no_more() -> None:
    line = there(waits_for_paged=True)
    said = []
    for n in range(WAITING_MAX + 1):
        line.begins(Call(f"{n}", f"{n}", "TEST"), 1.0)
        line.hears(ACK, 1.0)
        line.says()
        said += line.hears(ACK, 1.0)
        line.says()
    match said:
        case [Refused("0", reason, False)]:
            assert str(WAITING_MAX) in reason
        case _:
            pytest.fail(f"{said}")


def test_an_acknowledgement_is_about_the_newest_call_that_was_handed_over() -> None:
    line = sending()
    line.hears(ACK, 1.1)
    line.says()
    assert tells(line, ACKNOWLEDGED, 2.0) == [Acknowledged("8001", "order-1")]
    assert line.begins(CANCEL, 3.0) == SELECT
    line.hears(ACK, 3.0)
    line.says()
    line.hears(ACK, 3.0)
    assert tells(line, ACKNOWLEDGED, 4.0) == [Acknowledged("8001", "order-1")]
    assert tells(line, status("9", "7\x1f6"), 6.0) == [Acknowledged("9", "")]
    line.exchange.opened(7.0)
    line.says()
    assert tells(line, ACKNOWLEDGED, 7.0)[-1:] == [Acknowledged("8001", "order-1")]


def test_who_acknowledges_was_paged() -> None:
    line = sending(waits_for_paged=True)
    line.hears(ACK, 1.1)
    assert tells(line, ACKNOWLEDGED, 2.0) == [Taken("order-1", "paged"), Acknowledged("8001", "order-1")]


def test_so_many_addresses_are_remembered_and_no_more() -> None:
    line = there()
    for n in range(ADDRESSES_MAX + 1):
        line.begins(Call(f"order-{n}", f"{n}", "TEST"), 1.0)
        line.hears(ACK, 1.0)
        line.says()
        line.hears(ACK, 1.0)
        line.says()
    assert tells(line, status("0", "7\x1f6"), 2.0) == [Acknowledged("0", "")]
    assert tells(line, status("1", "7\x1f6"), 4.0) == [Acknowledged("1", "order-1")]


def test_a_failed_transmitter_is_told_until_a_pager_was_reached() -> None:
    line = sending()
    line.hears(ACK, 1.1)
    line.says()
    match tells(line, TRANSMITTER_FAILURE, 2.0):
        case [Base("transmitter", reason)]:
            assert "transmitter" in reason
        case said:
            pytest.fail(f"{said}")
    assert tells(line, TRANSMITTER_FAILURE, 4.0) == []
    line.begins(replace(ALARM, id="taken"), 5.0)
    line.hears(ACK, 5.0)
    line.says()
    assert line.hears(ACK, 5.0) == [Taken("taken")]  # which says nothing of the transmitter
    line.exchange.opened(5.5)
    line.says()
    assert [said.is_ for said in tells(line, status("8001", "7\x1f2"), 6.0) if isinstance(said, Base)] == [
        "transmitter"
    ]
    assert tells(line, PAGED, 8.0) == [OK]
    assert tells(line, TRANSMITTER_FAILURE, 10.0) != []
    assert tells(line, status("8001", "8\x1f0"), 12.0) == [OK]


def test_where_nothing_is_said_of_pages_a_call_without_a_failure_after_it_mends_the_transmitter() -> None:
    line = sending()
    line.hears(ACK, 1.1)
    tells(line, TRANSMITTER_FAILURE, 2.0)
    line.exchange.begin(replace(ALARM, id="again"), 3.0)
    line.says()
    line.hears(ACK, 3.0)
    line.says()
    assert line.hears(ACK, 3.0) == [Taken("again")]
    assert tells(line, TRANSMITTER_FAILURE, 20.0) == []
    answered(line, 21.0, 100.0)
    line.exchange.begin(CANCEL, 100.0)
    line.says()
    line.hears(ACK, 100.0)
    line.says()
    assert line.hears(ACK, 100.0) == [Taken("order-2")]
    assert answered(line, 100.0, 140.0) == [], "a cancel is not sent out, so it proves nothing"
    line.exchange.begin(replace(ALARM, id="last"), 140.0)
    line.says()
    line.hears(ACK, 140.0)
    line.says()
    assert line.hears(ACK, 140.0) == [Taken("last")]
    assert answered(line, 140.0, 140.0 + PAGED_WAIT_S - 0.5) == []
    assert answered(line, 140.0 + PAGED_WAIT_S - 0.5, 140.0 + PAGED_WAIT_S + 0.5) == [OK]


def test_of_a_base_that_went_away_nothing_is_known_to_be_mended() -> None:
    line = sending()
    line.hears(ACK, 1.1)
    tells(line, TRANSMITTER_FAILURE, 2.0)
    line.exchange.begin(replace(ALARM, id="again"), 3.0)
    line.says()
    line.hears(ACK, 3.0)
    line.says()
    line.hears(ACK, 3.0)
    assert [one.is_ for one in line.waits(60.0) if isinstance(one, Base)] == ["offline"]
    line.says()
    assert [one.is_ for one in answered(line, 60.0, 70.0) if isinstance(one, Base)] == ["transmitter"]


def test_a_status_without_a_meaning_is_taken_and_told_of() -> None:
    match tells(there(), status("8001", "7\x1f9"), 2.0):
        case [Nonsense(detail)]:
            assert "'9'" in detail
        case said:
            pytest.fail(f"{said}")


def test_a_status_that_was_damaged_is_asked_for_again() -> None:
    line = there()
    line.exchange.tick(2.0)
    line.says()
    line.hears(TO_US, 2.0)
    line.says()
    match line.hears(ACKNOWLEDGED.replace(b"8001", b"8002"), 2.1):
        case [Nonsense(detail)]:
            assert "BCC" in detail
        case said:
            pytest.fail(f"{said}")
    assert line.says() == b"1" + NAK
    assert line.hears(ACKNOWLEDGED, 2.2) == [Acknowledged("8001", "")]
    assert line.says() == ACK


def test_a_status_that_is_sent_again_because_our_ack_was_lost_counts_once() -> None:
    line = there()
    line.exchange.tick(2.0)
    line.says()
    line.hears(TO_US, 2.0)
    line.says()
    assert line.hears(ACKNOWLEDGED, 2.1) == [Acknowledged("8001", "")]
    assert line.says() == ACK
    assert line.hears(ACKNOWLEDGED, 4.0) == []
    assert line.says() == ACK


def test_a_block_of_another_type_is_not_taken() -> None:
    line = there()
    line.exchange.tick(2.0)
    line.says()
    line.hears(TO_US, 2.0)
    line.says()
    match line.hears(ALARM_BYTES, 2.1):
        case [Nonsense(detail)]:
            assert "'1'" in detail
        case said:
            pytest.fail(f"{said}")
    assert line.says() == b"3" + NAK


def test_a_base_that_begins_to_tell_and_stops_loses_the_line() -> None:
    line = there(path="", host="gateway", tcp_port=2023)
    line.exchange.tick(2.0)
    line.says()
    line.hears(TO_US, 2.0)
    line.says()
    assert line.hears(PAGED[:8], 2.1) == []
    line.exchange.tick(2.0 + TELLING_MAX_S)
    assert line.says() == EOT
    assert line.exchange.idle, "a call that waits goes before the next poll, at which the base would tell again"
    line.exchange.tick(2.0 + TELLING_MAX_S + POLL_EVERY_S)
    assert line.says() == POLL


@pytest.mark.parametrize("tells", ["nothing", "a status, and never ends", "a status a second", "selects again"])
def test_a_base_that_tells_at_every_poll_holds_no_call_up_for_long(tells: str) -> None:
    line = Line(path="", host="gateway", tcp_port=2023)
    now_s, begun_s, taken_s = 0.0, 1.0, []
    while now_s < 60.0:
        if line.exchange.idle and now_s >= begun_s:
            line.exchange.begin(Call(f"{now_s}", "8001", "BALIE 3"), now_s)
        match line.says():
            case b"" | b"\x04":
                pass
            case said if said.endswith(POLL):
                line.hears(TO_US, now_s)
            case said if said == ACK and tells == "a status, and never ends":
                line.hears(status(f"{now_s:.1f}", "7\x1f2")[:-3], now_s)
            case said if said == ACK and tells == "selects again":
                line.hears(TO_US, now_s)
            case said if said.endswith(SELECT):
                line.hears(ACK, now_s)
            case said if said.startswith(b"\x01"):
                assert [type(one) for one in line.hears(ACK, now_s)] == [Taken]
                taken_s.append(now_s)
                begun_s = now_s + 3.0
        now_s += 0.1
        if tells == "a status a second" and int(now_s) != int(now_s - 0.1):
            line.hears(status(f"{now_s:.1f}", "7\x1f2"), now_s)
        line.exchange.tick(now_s)
    assert taken_s[0] < 5.0
    assert max(later - before for before, later in pairwise(taken_s)) < 3.0 + TELLING_MAX_S + 1.0


def test_a_base_that_never_ends_telling_loses_the_line() -> None:
    line = there()
    line.exchange.tick(2.0)
    line.says()
    line.hears(TO_US, 2.0)
    line.says()
    now_s = 2.0
    while now_s < 2.0 + TELLING_MAX_S:
        line.hears(status(f"{now_s}", "7\x1f2"), now_s)
        assert line.says() == ACK
        now_s += 1.0
    line.exchange.tick(now_s + 0.1)
    assert line.says() == EOT
    assert line.exchange.idle


# --- the base is the control station ----------------------------------------------------------------------------------


def test_who_is_polled_and_has_nothing_says_eot() -> None:
    line = there(polled=True)
    assert line.hears(POLLED, 5.0) == []
    assert line.says() == EOT
    assert line.hears(b"\x043\x05", 6.0) == []  # another station
    assert line.says() == b""


def test_who_is_polled_brings_its_call() -> None:
    line = there(polled=True)
    assert not line.exchange.idle, "or the call that goes would not be the most urgent one of that moment"
    assert line.hears(POLLED, 5.0) == []
    assert line.begins(ALARM, 5.0) == b"2\x05"
    assert not line.exchange.idle
    assert line.hears(ACK, 5.1) == []
    assert line.says() == ALARM_BYTES
    assert line.hears(ACK, 5.2) == [Taken("order-1")]
    assert line.says() == EOT
    assert not line.exchange.idle


def test_a_poll_that_was_answered_or_taken_back_begins_no_call() -> None:
    line = there(polled=True)
    line.hears(POLLED, 5.0)
    assert line.exchange.idle
    assert line.says() == EOT
    assert not line.exchange.idle
    line.hears(POLLED + EOT, 6.0)
    assert not line.exchange.idle
    assert line.says() == b""
    line.hears(POLLED + POLLED, 7.0)
    assert line.exchange.due_s is not None
    assert line.exchange.due_s > 7.0
    assert line.says() == EOT


def test_who_is_selected_is_told() -> None:
    line = there(polled=True)
    assert line.hears(ASKED, 5.0) == []
    assert line.says() == ACK
    assert line.hears(ACKNOWLEDGED, 5.1) == [Acknowledged("8001", "")]
    assert line.says() == ACK
    assert line.hears(EOT, 5.2) == []
    assert line.says() == b""
    assert line.hears(POLLED, 6.0) == []
    assert line.begins(ALARM, 6.0) == b"2\x05"


def test_a_base_that_selects_us_and_falls_silent_keeps_the_line_and_we_hear_it_again() -> None:
    line = there(polled=True)
    line.hears(ASKED, 5.0)
    line.says()
    assert line.waits(5.0 + TELLING_MAX_S + 1) == []
    assert line.says() == b""
    assert line.hears(POLLED, 20.0) == []
    assert line.says() == EOT


def test_a_base_that_never_polls_is_offline_and_the_reason_says_what_to_do() -> None:
    line = Line(polled=True)
    assert line.waits(POLLED_SILENT_S - 0.1) == []
    match line.waits(POLLED_SILENT_S):
        case [Base("offline", reason)]:
            assert "polled: false" in reason
        case said:
            pytest.fail(f"{said}")
    assert line.exchange.due_s is None
    assert line.hears(POLLED, 100.0) == [OK]
    match line.waits(100.0 + POLLED_SILENT_S):
        case [Base("offline", reason)]:
            assert "has not polled us" in reason
        case said:
            pytest.fail(f"{said}")


def test_a_base_that_only_tells_and_never_asks_is_no_base_for_calls() -> None:
    line = there(polled=True)
    said: list[Said] = []
    for n in range(20):
        said += line.hears(ASKED, 1.0 + 3.0 * n)
        assert line.says() == ACK
        said += line.exchange.tick(1.0 + 3.0 * n)
    match said:
        case [Base("offline", reason)]:
            assert "has not polled us" in reason
        case _:
            pytest.fail(f"{said}")


def test_a_base_that_polls_and_does_not_answer_our_select_is_there_and_refuses() -> None:
    line = there(polled=True)
    line.hears(POLLED, 2.0)
    assert line.begins(ALARM, 2.0) == b"2\x05"
    assert line.waits(2.1 + HANDSHAKE_WAIT_S) == []
    assert line.says() == b"2\x05"
    match line.waits(2.2 + 2 * HANDSHAKE_WAIT_S):
        case [Refused("order-1", _, False)]:
            assert line.says() == EOT
        case said:
            pytest.fail(f"{said}")


def test_an_opening_forgets_what_was_under_way_and_tells_no_outcome() -> None:
    line = sending(waits_for_paged=True)
    line.hears(ACK, 1.1)
    line.says()
    line.begins(CANCEL, 1.2)
    line.exchange.opened(5.0)
    assert line.exchange.idle
    assert line.says() == b""
    assert tells(line, PAGED, 5.0) == [OK]
    said = line.waits(100.0)
    assert [one for one in said if isinstance(one, Taken | Refused)] == []


# --- a paging system, and hostile wires -------------------------------------------------------------------------------

GONE_S, AGAIN_S = 2.0, 2.5
"""How long the paging system waits for an answer to its select, and to its block."""
REGAIN_S = 10.0
"""When a paging system that is the control station takes the line back."""


class PagingSystem:
    """Station 2. `ready` and `takes` say what it does with the next selects and blocks; after them it is well.

    A block that equals the one before it is the same call again. Within a selection it has to be: the caller did not
    hear the ACK. In a later one it is the same caller, who gave up after three unheard ACKs and begins anew; two
    different calls are never equal here, and to people a page that is repeated at once is one page.
    """

    def __init__(self, ready: list[str], takes: list[str], *, polls: bool, tells: bool) -> None:
        self.ready, self.takes, self.polls, self.tells = deque(ready), deque(takes), polls, tells
        self.calls: list[bytes] = []
        self.mixed = 0  # selections with two different calls in them
        self.said: list[bytes] = []
        self.state = "neutral"
        self.due_s: float | None = 0.5 if polls else None
        self._before = b""
        self._after_eot = False
        self._block: bytearray | None = None
        self._check = False
        self._in_selection: bytes = b""
        self._news: deque[bytes] = deque()
        self._tries = 0

    def hear(self, data: bytes, now_s: float) -> None:
        for byte in data:
            self._char(byte & 0x7F, now_s)

    def tick(self, now_s: float) -> None:
        if self.due_s is None or now_s < self.due_s:
            return
        if self.state == "neutral":
            if not self.polls:
                self.due_s = None
            elif self._news:
                self._say(b"\x042\x051\x05", "wait_ready", now_s + GONE_S)
            else:
                self._say(b"\x041\x05", "wait_turn", now_s + GONE_S)
        elif self.state == "wait_told" and self._tries < 3:
            self._tell(now_s)
        else:
            self._say(EOT, "neutral", now_s + 1.0)

    def _say(self, data: bytes, state: str, due_s: float | None) -> None:
        self.said.append(data)
        self._after_eot = False
        self._go(state, due_s)

    def _go(self, state: str, due_s: float | None) -> None:
        self.state = state
        self.due_s = due_s if self.polls or state != "neutral" else None

    def _tell(self, now_s: float) -> None:
        self._tries += 1
        self._say(self._news[0], "wait_told", now_s + AGAIN_S)

    def _char(self, char: int, now_s: float) -> None:
        if self._check:
            self._check = False
            block, self._block = bytes(self._block or b""), None
            if self.state == "selected":
                self._take(block, char, now_s)
        elif char == 0x01:
            self._block = bytearray()
        elif char == 0x04:
            self._block, self._before, self._after_eot = None, b"", True
            if self.state != "neutral":
                self._go("neutral", now_s + 1.0)
        elif self._block is not None:
            self._block.append(char)
            self._check = char == 0x03
            if len(self._block) > 300:
                self._block = None
        elif char in (0x05, 0x06, 0x15):
            before, self._before = self._before, b""
            after_eot, self._after_eot = self._after_eot, False
            if char == 0x05:
                self._enquiry(before, after_eot, now_s)
            elif char == 0x06:
                self._acknowledged(now_s)
            elif self.state == "wait_told":
                if self._tries < 3:
                    self._tell(now_s)
                else:
                    self._say(EOT, "neutral", now_s + 1.0)
        else:
            self._before = (self._before + bytes((char,)))[-4:]

    def _enquiry(self, address: bytes, after_eot: bool, now_s: float) -> None:
        if address != b"2":
            return
        if after_eot and not self.polls:
            if self._news:
                self._say(b"1\x05", "wait_ready", now_s + GONE_S)
            else:
                self.said.append(EOT)
        elif not after_eot and self.state in ("neutral", "wait_turn", "selected"):
            answer = self.ready.popleft() if self.ready else "ack"
            if answer == "ack":
                self._in_selection = b""
                self._say(ACK, "selected", now_s + REGAIN_S)
            elif answer != "silence":
                self._say({"nak": NAK, "nak2": b"2" + NAK, "eot": EOT}[answer], "neutral", now_s + 1.0)

    def _acknowledged(self, now_s: float) -> None:
        if self.state == "wait_told":
            self._news.popleft()
        elif self.state != "wait_ready":
            return
        self._tries = 0
        if self._news:
            self._tell(now_s)
        else:
            self._say(EOT, "neutral", now_s + 1.0)

    def _take(self, block: bytes, check: int, now_s: float) -> None:
        if reduce(xor, block) != check:
            self._say(b"1" + NAK, "selected", now_s + REGAIN_S)
            return
        answer = self.takes.popleft() if self.takes else "ack"
        if answer == "silence":
            return
        if answer != "ack":
            said = {"nak": NAK, "nak1": b"1" + NAK, "nak2": b"2" + NAK, "nak3": b"3" + NAK, "eot": EOT}[answer]
            self._say(said, "neutral" if answer == "eot" else "selected", now_s + REGAIN_S)
            return
        if self._in_selection not in (b"", block):
            self.mixed += 1
        self._in_selection = block
        if self.calls[-1:] != [block]:
            self.calls.append(block)
        address = block.partition(b"\x1f")[2].partition(b"\x1e")[0].decode()
        if self.tells and len(self._news) < 8:
            self._news.append(status(address, "7\x1f3"))
        self._say(ACK, "selected", now_s + REGAIN_S)


class Wire:
    """One direction. Of `spoils`, a share of the messages is lost, cut or has one flipped bit.

    Nothing overtakes. `doubles`: a share comes twice, and at once: lines repeat no single characters by themselves.
    """

    def __init__(self, random: Random, spoils: float, late_s: float, *, bytewise: bool, doubles: float) -> None:
        self._random, self._spoils, self._late_s = random, spoils, late_s
        self._bytewise, self._doubles = bytewise, doubles
        self.coming: deque[tuple[float, bytes]] = deque()
        self.spoiled = 0

    def send(self, data: bytes, now_s: float) -> None:
        if self._random.random() < self._spoils:
            data = self._spoil(data)
        if self._random.random() < self._doubles:
            data *= 2
        last_s = self.coming[-1][0] if self.coming else 0.0
        at_s = max(last_s, now_s + self._random.random() * self._late_s)
        if self._bytewise:
            self.coming.extend((at_s + n * 0.001, data[n : n + 1]) for n in range(len(data)))
        elif data:
            self.coming.append((at_s, data))

    def comes(self, now_s: float) -> bytes:
        """What comes in one read; what comes at the same moment comes together."""
        data = b""
        while self.coming and self.coming[0][0] <= now_s and not (self._bytewise and data):
            data += self.coming.popleft()[1]
        return data

    def _spoil(self, data: bytes) -> bytes:
        self.spoiled += 1
        match self._random.choice(["lost", "cut", "flipped"]):
            case "lost":
                return b""
            case "cut":
                return data[: self._random.randrange(len(data))]
        place = self._random.randrange(len(data))
        flipped = data[place] ^ 1 << self._random.randrange(8)
        if flipped & 0x7F == ACK[0]:
            return b""
        return data[:place] + bytes((flipped,)) + data[place + 1 :]


class House:
    """Brings calls to a paging system over two wires. Time jumps from one event to the next."""

    def __init__(self, exchange: Exchange, system: PagingSystem, to_base: Wire, to_us: Wire) -> None:
        self.exchange, self.system, self.to_base, self.to_us = exchange, system, to_base, to_us
        self.waiting: deque[Call] = deque()
        self.now_s = 0.0
        self.begun: dict[str, float] = {}
        self.ended: list[tuple[Taken | Refused, float]] = []
        exchange.opened(0.0)

    def step(self) -> list[Taken | Refused]:
        """Go to what comes next. The calls that ended there."""
        times = (
            self.exchange.due_s,
            self.system.due_s,
            *(wire.coming[0][0] for wire in (self.to_base, self.to_us) if wire.coming),
        )
        self.now_s = max(self.now_s + 0.0001, min((time for time in times if time is not None), default=self.now_s + 1))
        self.system.hear(self.to_base.comes(self.now_s), self.now_s)
        self.system.tick(self.now_s)
        for message in self.system.said:
            self.to_us.send(message, self.now_s)
        self.system.said.clear()
        said = self.exchange.feed(self.to_us.comes(self.now_s), self.now_s) + self.exchange.tick(self.now_s)
        ended = [one for one in said if isinstance(one, Taken | Refused)]
        for one in ended:
            self.ended.append((one, self.now_s - self.begun.pop(one.call)))
        return ended

    def go_on(self) -> None:
        """As the channel does after whatever happened."""
        if self.waiting and self.exchange.idle:
            call = self.waiting.popleft()
            self.begun[call.id] = self.now_s
            self.exchange.begin(call, self.now_s)
        if data := self.exchange.to_write():
            self.to_base.send(data, self.now_s)

    def bring(self, calls: list[Call], *, again: bool) -> None:
        """All of them, one after the other as the line is idle; `again`: a refused one goes next."""
        self.waiting.extend(calls)
        known = {call.id: call for call in calls}
        steps = 0
        self.go_on()
        while self.waiting or self.begun:
            for one in self.step():
                if again and isinstance(one, Refused) and not one.permanent:
                    self.waiting.appendleft(known[one.call])
            self.go_on()
            steps += 1
            assert steps < 2000 * len(calls), "the line does not come to an end"


def as_block(call: Call) -> bytes:
    """What the base has got when it has got this call: without SOH and BCC."""
    return written(
        "1",
        f"1\x1f{call.address}",
        f"2\x1f{call.text}",
        "3\x1f1",
        "4\x1f3",
        "5\x1f3",
        f"6\x1f{1 if call.urgent else 3}",
    )[1:-1]


def house(
    seed: int,
    *,
    spoils: float = 0.0,
    late_s: float = 0.0,
    bytewise: bool = False,
    doubles: float = 0.0,
    polls: bool = False,
    tells: bool = False,
    ready: tuple[str, ...] = (),
    takes: tuple[str, ...] = (),
) -> House:
    random = Random(seed)
    wires = [Wire(random, spoils, late_s, bytewise=bytewise, doubles=doubles) for _ in range(2)]
    exchange = EspaExchange(base(polled=polls, waits_for_paged=tells, path="", host="gateway", tcp_port=2023))
    return House(exchange, PagingSystem(list(ready), list(takes), polls=polls, tells=tells), *wires)


ENDS_WITHIN_S = POLLED_SILENT_S + TELLING_MAX_S + 2 * HANDSHAKE_WAIT_S + 3 * BLOCK_ANSWER_WAIT_S
"""A call, without the time in which it is paged."""

READY = st.lists(st.sampled_from(["ack", "silence", "nak", "nak2", "eot"]), max_size=4).map(tuple)
TAKES = st.lists(st.sampled_from(["ack", "silence", "nak", "nak1", "nak2", "nak3", "eot"]), max_size=8).map(tuple)
SOME_CALLS = [Call(f"order-{n}", f"{8000 + n % 3}", f"PANIEK balie {n}", urgent=n % 2 == 0) for n in range(5)]


@pytest.mark.parametrize("polls", [False, True])
@pytest.mark.parametrize("tells", [False, True])
@pytest.mark.parametrize("bytewise", [False, True])
def test_over_a_good_wire_each_call_is_taken_at_once(polls: bool, tells: bool, bytewise: bool) -> None:
    talk = house(1, polls=polls, tells=tells, bytewise=bytewise)
    talk.bring(SOME_CALLS, again=False)
    assert [one for one, _ in talk.ended] == [Taken(call.id, "paged" if tells else "") for call in SOME_CALLS]
    assert talk.system.calls == [as_block(call) for call in SOME_CALLS]


@given(
    seed=st.integers(0, 2**32),
    spoils=st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0]),
    late_s=st.sampled_from([0.0, 0.02, 0.5]),
    wire=st.sampled_from(["whole", "bytewise", "doubled"]),
    polls=st.booleans(),
    tells=st.booleans(),
    ready=READY,
    takes=TAKES,
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_over_a_hostile_wire_every_call_ends_and_is_taken_only_if_the_base_has_it(
    seed: int,
    spoils: float,
    late_s: float,
    wire: str,
    polls: bool,
    tells: bool,
    ready: tuple[str, ...],
    takes: tuple[str, ...],
) -> None:
    talk = house(
        seed,
        spoils=spoils,
        late_s=0.0 if wire == "doubled" else late_s,
        bytewise=wire == "bytewise",
        doubles=0.3 if wire == "doubled" else 0.0,
        polls=polls,
        tells=tells,
        ready=ready,
        takes=takes,
    )
    talk.bring(SOME_CALLS, again=False)
    assert sorted(one.call for one, _ in talk.ended) == [call.id for call in SOME_CALLS]
    assert max(took_s for _, took_s in talk.ended) <= ENDS_WITHIN_S + (PAGED_WAIT_S if tells else 0)
    taken = {one.call for one, _ in talk.ended if isinstance(one, Taken)}
    assert all(as_block(call) in talk.system.calls for call in SOME_CALLS if call.id in taken)
    assert talk.system.mixed == 0
    assert len(set(talk.system.calls)) == len(talk.system.calls)


@given(
    seed=st.integers(0, 2**32),
    noise=st.lists(st.tuples(st.floats(0.0, 60.0), st.binary(max_size=30)), max_size=20),
    late_s=st.sampled_from([0.5, 3.0, 12.0]),
    polls=st.booleans(),
    tells=st.booleans(),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_comes_and_however_late_every_call_ends_and_the_line_works_again(
    seed: int, noise: list[tuple[float, bytes]], late_s: float, polls: bool, tells: bool
) -> None:
    talk = house(seed, spoils=0.2, late_s=late_s, doubles=0.2, polls=polls, tells=tells)
    talk.to_us.coming.extend(sorted(noise))
    talk.bring(SOME_CALLS, again=False)
    assert sorted(one.call for one, _ in talk.ended) == [call.id for call in SOME_CALLS]
    assert max(took_s for _, took_s in talk.ended) <= ENDS_WITHIN_S + PAGED_WAIT_S

    good = house(seed, polls=polls, tells=tells)
    good.exchange, good.now_s = talk.exchange, talk.now_s + 60.0
    good.exchange.tick(good.now_s)
    good.exchange.to_write()
    good.bring([Call("last", "8001", "BALIE 9")], again=True)
    assert good.system.calls == [as_block(Call("last", "8001", "BALIE 9"))]


@pytest.mark.parametrize("polls", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_thousand_calls_over_a_wire_that_spoils_a_tenth_all_arrive_once(polls: bool, seed: int) -> None:
    calls = [Call(f"order-{n}", f"{8000 + n % 7}", f"PANIEK balie {n}") for n in range(1000)]
    talk = house(seed, spoils=0.1, late_s=0.02, polls=polls)
    talk.bring(calls, again=True)
    assert talk.system.calls == [as_block(call) for call in calls]
    assert talk.system.mixed == 0
    assert sorted(one.call for one, _ in talk.ended if isinstance(one, Taken)) == sorted(call.id for call in calls)
    assert not [one for one, _ in talk.ended if isinstance(one, Refused) and one.permanent]
    assert talk.to_base.spoiled + talk.to_us.spoiled > 400


def test_a_call_does_not_wait_to_know_whether_an_answer_stood_alone() -> None:
    """Else one press in forty, those that come just after a poll, would lie still for up to ALONE_S."""
    line = there()
    line.waits(POLL_EVERY_S)
    assert line.says() == POLL and not line.exchange.idle
    assert line.hears(EOT, POLL_EVERY_S + 0.01) == []
    assert line.begins(ALARM, POLL_EVERY_S + 0.02) == SELECT
    line.hears(ACK, POLL_EVERY_S + 0.03)
    assert line.says() == ALARM_BYTES
    assert line.hears(ACK, POLL_EVERY_S + 0.04) == [Taken("order-1")]


def test_calls_that_follow_an_echo_at_once_prove_no_base() -> None:
    """The echo of a poll begins with its EOT: a call may begin at it, and its own echo tells the truth."""
    line = there()
    line.waits(POLL_EVERY_S)
    assert line.says() == POLL
    said: list[Said] = line.hears(EOT, POLL_EVERY_S + 0.01)
    echo = line.begins(ALARM, POLL_EVERY_S + 0.01)
    for n in range(1, 10):
        if not echo:
            break
        said += line.hears(echo, POLL_EVERY_S + 0.01 + n / 100)
        echo = line.says()
    assert OK not in said
    assert any(isinstance(one, Base) and one.is_ == "offline" for one in said)
