"""The simulated paging system, held against the bytes of the standards: both dialects, both roles, faults, its line."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht_sim.cli import EXIT_INTERRUPTED, main
from achterwacht_sim.espa_base import EspaBase
from achterwacht_sim.paging_base import PagingBase, SerialTime, TcpEnd, sentence
from achterwacht_sim.paging_calls import NO_BASE_FAULTS, BaseFaults, Page, PagingSystem
from achterwacht_sim.serial_line import Cable
from achterwacht_sim.tap_base import TapTerminal, checksum

WAIT_S = 10.0
SOURCES = Path(__file__).parent.parent.parent / "firmware_sim"

EOT, ENQ, ACK = b"\x04", b"\x05", b"\x06"
NAK_DAMAGED, NAK_BUSY, NAK_NOT_UNDERSTOOD = b"1\x15", b"2\x15", b"3\x15"
SELECT = EOT + b"1" + ENQ + b"2" + ENQ
POLL = EOT + b"2" + ENQ

TEXT = "PANIEK balie 7 Burgerzaken"
# Call 8001, beep 1, standard call, three transmissions, priority 1. Its check character is that of STX.
PANIC = bytes.fromhex(
    "01 31 02 31 1F 38 30 30 31 1E 32 1F 50 41 4E 49 45 4B 20 62 61 6C 69 65 20 37 20 42 75 72 67 65 72 7A 61 6B 65 6E"
    "1E 33 1F 31 1E 34 1F 33 1E 35 1F 33 1E 36 1F 31 03 02"
)
# Another maker's, as it should be, and as it was printed with a blank too many.
CALL_ME = bytes.fromhex(
    "01 31 02 31 1F 35 35 30 1E 32 1F 43 41 4C 4C 20 4D 45 20 31 30 31 1E 33 1F 33 1E 34 1F 33 1E 35 1F 33 1E 36 1F 33"
    "03 23"
)
CALL_ME_AS_PRINTED = CALL_ME[:3] + b" " + CALL_ME[3:-1] + b"\x03"
# Address A and nothing else; computed by hand elsewhere.
BARE = bytes.fromhex("01 31 02 31 1F 41 03 5F")
CANCEL = bytes.fromhex("01 31 02 31 1F 38 30 30 31 1E 34 1F 31 03 13")
PAGED = bytes.fromhex("01 32 02 31 1F 38 30 30 31 1E 37 1F 33 03 11")
ACKNOWLEDGED = bytes.fromhex("01 32 02 31 1F 38 30 30 31 1E 37 1F 36 03 14")
TRANSMITTER_FAILURE = bytes.fromhex("01 32 02 31 1F 38 30 30 31 1E 38 1F 31 03 1C")
IN_QUEUE = bytes.fromhex("01 32 02 31 1F 38 30 30 31 1E 37 1F 32 03 10")
ABSENT = bytes.fromhex("01 32 02 31 1F 38 30 30 31 1E 37 1F 34 03 16")
TERMINATED = bytes.fromhex("01 32 02 31 1F 38 30 30 31 1E 37 1F 35 03 17")
# Its check character is that of NAK.
STATUS_REQUEST = bytes.fromhex("01 33 02 31 1F 38 30 30 31 03 15")

PANIC_PAGE = Page("8001", TEXT, priority=1, beeps=1, transmissions=3, at_s=0.0)


def block(body: bytes) -> bytes:
    """SOH, this, ETX and the check character, summed here apart from the base."""
    check = 0
    for code in body + b"\x03":
        check ^= code
    return b"\x01" + body + b"\x03" + bytes((check,))


def tell(system: PagingSystem, data: bytes, now_s: float = 0.0, faults: BaseFaults = NO_BASE_FAULTS) -> bytes:
    """What it says to this."""
    system.heard(data, now_s, faults)
    return wait(system, now_s)


def wait(system: PagingSystem, now_s: float) -> bytes:
    """What it says by itself at this time."""
    system.wake(now_s)
    return b"".join(system.take_said())


def selected() -> EspaBase:
    base = EspaBase()
    assert tell(base, SELECT) == ACK
    return base


# --- ESPA: a slave, and we are the control station --------------------------------------------------------------------


def test_a_select_gets_ack_a_block_gets_ack_and_the_page_sounds() -> None:
    base = EspaBase()
    assert tell(base, SELECT) == ACK
    assert tell(base, PANIC) == ACK
    assert tell(base, EOT) == b""
    assert base.take_pages() == [PANIC_PAGE]


def test_it_makes_no_difference_how_the_bytes_are_cut() -> None:
    base = EspaBase()
    answers = b"".join(tell(base, bytes((code,))) for code in SELECT + PANIC + EOT)
    assert answers == ACK + ACK
    assert base.take_pages() == [PANIC_PAGE]


@pytest.mark.parametrize(
    ("said", "page"),
    [
        (CALL_ME, Page("550", "CALL ME 101", 3, 3, 3, 0.0)),
        (BARE, Page("A", "", None, None, None, 0.0)),
        (CANCEL, Page("8001", "", None, None, None, 0.0, cancel=True)),
        (block(b"1\x021\x1f8001\x1e2\x1fHOI\x1e"), Page("8001", "HOI", None, None, None, 0.0)),
        (block(b"1\x022\x1fCaf\xe9\x1e1\x1f8001"), Page("8001", "Café", None, None, None, 0.0)),
    ],
)
def test_a_block_is_the_call_that_it_says(said: bytes, page: Page) -> None:
    base = selected()
    assert tell(base, said) == ACK
    assert base.take_pages() == [page]


@pytest.mark.parametrize(
    "said",
    [
        CALL_ME_AS_PRINTED,
        PAGED,
        STATUS_REQUEST,  # no call to 8001 is known
        block(b"1"),
        block(b"\x021\x1f8001"),
        block(b"9\x021\x1f8001"),
        block(b"1\x022\x1fto nobody"),
        block(b"1\x021\x1f" + b"1" * 17),
        block(b"1\x021\x1f8001\x1e2\x1f" + b"x" * 129),
        block(b"1\x021\x1f8001\x1e2\x1ftwo\rlines"),
        block(b"1\x021\x1f8001\x1e1\x1f8002"),
        block(b"1\x021\x1f8001\x1e9\x1f1"),
        block(b"1\x021\x1f8001\x1e4\x1f4"),
        block(b"1\x021\x1f8001\x1e6\x1f4"),
        block(b"1\x021\x1f8001\x1e6\x1f0"),
        block(b"1\x021\x1f8001\x1e3\x1f0"),
        block(b"1\x021\x1f8001\x1e3\x1f01"),
        block(b"1\x021\x1f8001\x1e5\x1fx"),
    ],
)
def test_a_whole_block_that_means_nothing_gets_3_nak(said: bytes) -> None:
    base = selected()
    assert tell(base, said) == NAK_NOT_UNDERSTOOD
    assert base.take_pages() == []
    assert tell(base, PANIC) == ACK


def test_a_damaged_block_gets_1_nak_and_the_repeat_is_taken() -> None:
    base = selected()
    assert tell(base, PANIC.replace(b"balie 7", b"balie 5")) == NAK_DAMAGED
    assert tell(base, PANIC) == ACK
    assert base.take_pages() == [PANIC_PAGE]


def test_a_block_said_again_in_one_selection_is_the_same_call_and_in_another_a_new_one() -> None:
    base = selected()
    assert tell(base, PANIC) == tell(base, PANIC) == ACK
    assert tell(base, PANIC, faults=BaseFaults(busy=True)) == ACK
    assert len(base.take_pages()) == 1
    assert tell(base, SELECT + PANIC + EOT) == ACK + ACK
    assert len(base.take_pages()) == 1


def test_two_blocks_in_one_selection_are_two_calls() -> None:
    base = selected()
    assert tell(base, PANIC + CALL_ME) == ACK + ACK
    assert [page.address for page in base.take_pages()] == ["8001", "550"]


@pytest.mark.parametrize(
    "said",
    [
        b"1" + ENQ + b"2" + ENQ,  # no EOT before it
        EOT + b"1" + ENQ + b"3" + ENQ,  # another one is selected
        EOT + b"12" + ENQ,
        EOT + ENQ,
        PANIC,  # not selected
        POLL[:-1],
    ],
)
def test_what_is_not_for_it_gets_no_answer(said: bytes) -> None:
    base = EspaBase()
    assert tell(base, said) == b""
    assert tell(base, PANIC) == b""
    assert base.take_pages() == []
    assert tell(base, SELECT) == ACK


def test_a_block_that_stops_is_dropped_and_can_be_said_again() -> None:
    base = selected()
    assert tell(base, PANIC[:20], 1.0) == b""
    assert wait(base, 4.1) == b""
    assert tell(base, PANIC, 4.2) == ACK
    assert base.take_pages() == [replace(PANIC_PAGE, at_s=4.2)]


def test_a_block_that_begins_anew_within_one_counts_from_there() -> None:
    base = selected()
    assert tell(base, PANIC[:20] + PANIC) == ACK
    assert base.take_pages() == [PANIC_PAGE]


def test_a_block_without_end_is_dropped() -> None:
    base = selected()
    assert tell(base, PANIC[:20] + b"x" * 5000 + PANIC) == ACK
    assert base.take_pages() == [PANIC_PAGE]


def test_a_selection_without_traffic_is_forgotten() -> None:
    base = selected()
    wait(base, 10.0)
    assert tell(base, PANIC, 10.1) == b""


def test_a_poll_gets_eot_when_there_is_nothing_to_tell() -> None:
    base = EspaBase()
    assert tell(base, POLL) == EOT
    assert tell(base, POLL) == EOT


def test_a_polled_base_tells_what_became_of_a_call() -> None:
    base = EspaBase(reports=True)
    tell(base, SELECT + PANIC + EOT)
    assert tell(base, POLL) == b"1" + ENQ
    assert tell(base, ACK) == IN_QUEUE
    assert tell(base, ACK) == PAGED
    assert tell(base, ACK) == EOT
    base.acknowledge("8001")
    assert tell(base, POLL) == b"1" + ENQ
    assert tell(base, ACK) == ACKNOWLEDGED
    assert tell(base, ACK) == EOT
    assert tell(base, POLL) == EOT


@pytest.mark.parametrize(
    ("faults", "status"),
    [(BaseFaults(out_of_radio=True), ABSENT), (BaseFaults(transmitter_down=True), TRANSMITTER_FAILURE)],
)
def test_a_page_that_no_pager_gets_is_taken_and_told_later(faults: BaseFaults, status: bytes) -> None:
    base = EspaBase(reports=True)
    assert tell(base, SELECT + PANIC + EOT, faults=faults) == ACK + ACK
    assert base.take_pages() == [replace(PANIC_PAGE, lost=True)]
    assert tell(base, POLL + ACK + ACK) == b"1" + ENQ + status + EOT


def test_a_cancelled_call_is_reported_as_terminated() -> None:
    base = EspaBase(reports=True)
    tell(base, SELECT + CANCEL + EOT)
    assert tell(base, POLL + ACK + ACK) == b"1" + ENQ + TERMINATED + EOT


def test_a_status_request_is_answered_with_the_last_status_also_by_who_reports_nothing() -> None:
    base = EspaBase()
    tell(base, SELECT + PANIC + EOT)
    assert tell(base, POLL) == EOT
    assert tell(base, SELECT + STATUS_REQUEST + EOT) == ACK + ACK
    assert tell(base, POLL + ACK + ACK) == b"1" + ENQ + PAGED + EOT


def test_of_very_many_pagers_the_oldest_status_is_forgotten() -> None:
    base = selected()
    for n in range(1001):
        assert tell(base, block(b"1\x021\x1f%d\x1e4\x1f1" % n)) == ACK
    assert tell(base, block(b"3\x021\x1f0")) == NAK_NOT_UNDERSTOOD
    assert tell(base, block(b"3\x021\x1f1")) == ACK


def test_a_page_takes_its_airtime_and_is_paged_when_it_sounded() -> None:
    base = EspaBase(reports=True, airtime_s=2.0)
    tell(base, SELECT + PANIC + CALL_ME + EOT)
    assert tell(base, POLL + ACK + ACK + ACK, 1.9).count(b"\x1f2\x03") == 2
    assert base.take_pages() == []
    wait(base, 2.0)
    assert base.take_pages() == [replace(PANIC_PAGE, at_s=2.0)]
    assert tell(base, POLL + ACK + ACK, 2.0) == b"1" + ENQ + PAGED + EOT
    wait(base, 4.0)
    assert [page.at_s for page in base.take_pages()] == [4.0]


def reporting() -> EspaBase:
    """A base that has said its first report and waits for the answer."""
    base = EspaBase(reports=True)
    assert tell(base, SELECT + CANCEL + EOT) == ACK + ACK
    assert tell(base, POLL + ACK) == b"1" + ENQ + TERMINATED
    return base


def test_a_report_that_is_not_taken_is_said_twice_again_then_at_the_next_poll() -> None:
    base = reporting()
    assert tell(base, NAK_DAMAGED) == TERMINATED
    assert wait(base, 2.4) == b""
    assert wait(base, 2.5) == TERMINATED
    assert tell(base, NAK_BUSY, 2.6) == EOT
    assert tell(base, POLL + ACK + ACK, 3.0) == b"1" + ENQ + TERMINATED + EOT


def test_a_report_that_is_not_understood_is_given_up() -> None:
    base = reporting()
    assert tell(base, NAK_NOT_UNDERSTOOD) == EOT
    assert tell(base, POLL) == EOT


@pytest.mark.parametrize("refusal", [NAK_BUSY, b"\x15"])
def test_a_refused_select_is_ended_and_tried_at_the_next_poll(refusal: bytes) -> None:
    base = EspaBase(reports=True)
    tell(base, SELECT + CANCEL + EOT)
    assert tell(base, POLL) == b"1" + ENQ
    assert tell(base, refusal) == EOT
    assert tell(base, POLL) == b"1" + ENQ
    assert tell(base, EOT) == b""
    assert tell(base, POLL) == b"1" + ENQ
    assert wait(base, 2.5) == EOT


# --- ESPA: the control station, that polls us -------------------------------------------------------------------------

OUR_POLL = EOT + b"1" + ENQ
SELECT_BASE = b"2" + ENQ


def test_a_control_station_polls_and_takes_a_call() -> None:
    base = EspaBase(polls=True, poll_s=5.0)
    assert wait(base, 0.0) == OUR_POLL
    assert tell(base, EOT, 0.1) == b""
    assert wait(base, 5.0) == b""
    assert wait(base, 5.1) == OUR_POLL
    assert tell(base, SELECT_BASE, 5.2) == ACK
    assert tell(base, PANIC, 5.2) == ACK
    assert tell(base, EOT, 5.3) == b""
    assert base.take_pages() == [replace(PANIC_PAGE, at_s=5.2)]
    assert wait(base, 10.3) == OUR_POLL


def test_it_goes_on_polling_who_is_silent() -> None:
    base = EspaBase(polls=True, poll_s=5.0)
    assert wait(base, 0.0) == OUR_POLL
    assert wait(base, 2.5) == EOT
    assert wait(base, 7.5) == OUR_POLL


def test_it_takes_the_line_back_from_who_stops_after_the_select() -> None:
    base = EspaBase(polls=True, poll_s=5.0)
    assert wait(base, 0.0) == OUR_POLL
    assert tell(base, SELECT_BASE, 0.1) == ACK
    assert tell(base, PANIC[:9], 0.2) == b""
    assert wait(base, 3.3) == b""
    assert wait(base, 10.2) == EOT
    assert wait(base, 15.2) == OUR_POLL


def test_who_speaks_unasked_is_not_heard_and_delays_no_poll() -> None:
    base = EspaBase(polls=True, poll_s=5.0)
    wait(base, 0.0)
    tell(base, EOT, 0.1)
    assert tell(base, SELECT + PANIC + EOT, 4.9) == b""
    assert base.take_pages() == []
    assert wait(base, 5.1) == OUR_POLL


def test_a_control_station_reports_in_its_own_turn_and_polls_at_once_after() -> None:
    base = EspaBase(polls=True, reports=True, poll_s=5.0)
    wait(base, 0.0)
    assert tell(base, SELECT_BASE + CANCEL + EOT, 0.1) == ACK + ACK
    assert wait(base, 5.1) == EOT + b"2" + ENQ + b"1" + ENQ
    assert tell(base, ACK, 5.2) == TERMINATED
    assert tell(base, ACK, 5.2) == EOT + OUR_POLL
    assert tell(base, EOT, 5.3) == b""
    assert wait(base, 10.3) == OUR_POLL


def test_a_report_that_nobody_takes_holds_up_no_poll() -> None:
    base = EspaBase(polls=True, reports=True, poll_s=5.0)
    wait(base, 0.0)
    tell(base, SELECT_BASE + CANCEL + EOT, 0.1)
    assert wait(base, 5.1) == EOT + b"2" + ENQ + b"1" + ENQ
    assert wait(base, 7.6) == EOT
    assert wait(base, 7.6) == OUR_POLL


# --- ESPA: faults -----------------------------------------------------------------------------------------------------


def test_a_busy_base_answers_a_block_with_2_nak() -> None:
    base = selected()
    assert tell(base, PANIC, faults=BaseFaults(busy=True)) == NAK_BUSY
    assert tell(base, PANIC) == ACK
    assert len(base.take_pages()) == 1


def test_a_base_that_refuses_answers_a_select_with_eot() -> None:
    base = EspaBase()
    assert tell(base, SELECT + PANIC, faults=BaseFaults(refuses=True)) == EOT
    assert tell(base, SELECT) == ACK


@given(st.lists(st.binary(max_size=60) | st.sampled_from([SELECT, POLL, PANIC, EOT, ACK, PANIC[:9]]), max_size=12))
def test_after_any_bytes_an_espa_base_takes_a_call(reads: list[bytes]) -> None:
    base = EspaBase(reports=True)
    for n, data in enumerate(reads):
        tell(base, data, float(n))
    wait(base, 100.0)
    wait(base, 200.0)
    base.take_pages()
    assert tell(base, b"\x03\x00" + EOT + SELECT, 300.0).endswith(ACK)
    assert tell(base, PANIC, 300.0) == ACK
    assert base.take_pages() == [replace(PANIC_PAGE, at_s=300.0)]


@given(st.integers(0, len(PANIC) - 1), st.integers(0, 6))
def test_a_wrong_bit_in_a_block_is_never_taken_as_a_call(place: int, bit: int) -> None:
    base = selected()
    spoilt = PANIC[:place] + bytes((PANIC[place] ^ 1 << bit,)) + PANIC[place + 1 :]
    assert tell(base, spoilt) in (b"", NAK_DAMAGED, NAK_DAMAGED * 2)
    assert base.take_pages() == []


# --- TAP --------------------------------------------------------------------------------------------------------------

GO = b"110 1.8\r\x06\r\x1b[p\r"
LOGIN = b"\x1bPG1\r"
HANG_UP = b"\x1b\x04\r"
SENT = b"211 Page sent\r\x06\r"
TAP_PANIC = b"\x028001\rPANIEK balie 7 Burgerzaken\r\x039;4\r"
TAP_PAGE = Page("8001", TEXT, None, None, None, 0.0)


def tap_block(data: bytes, end: bytes = b"\x03") -> bytes:
    """A block with its checksum, summed here apart from the terminal."""
    total = sum(b"\x02" + data + end)
    return b"\x02" + data + end + bytes(48 + total // part % 16 for part in (256, 16, 1)) + b"\r"


def logged_in() -> TapTerminal:
    terminal = TapTerminal()
    assert tell(terminal, b"\r" + LOGIN) == b"ID=" + GO
    return terminal


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\x02123\rABC\r\x03", b"17;"),
        (b"\x02300045002110\rABC\r\x03", b"335"),
        (b"\x028001\rPANIEK balie 7 Burgerzaken\r\x03", b"9;4"),
    ],
)
def test_the_checksum_is_that_of_the_printed_examples(body: bytes, said: bytes) -> None:
    assert checksum(body) == said


def test_a_session_from_the_first_cr_to_the_goodbye() -> None:
    terminal = TapTerminal()
    assert tell(terminal, b"\r") == b"ID="
    assert tell(terminal, LOGIN) == GO
    assert tell(terminal, TAP_PANIC) == SENT
    assert tell(terminal, b"\x02123\rABC\r\x0317;\r") == SENT
    assert tell(terminal, b"\x04\r") == b"115 Goodbye\r" + HANG_UP
    assert terminal.take_pages() == [TAP_PAGE, Page("123", "ABC", None, None, None, 0.0)]
    assert tell(terminal, b"\r") == b"ID="


def test_it_makes_no_difference_how_a_session_is_cut_and_a_line_feed_is_nothing() -> None:
    terminal = TapTerminal()
    spoken = b"\r\n" + LOGIN + b"\n" + TAP_PANIC + b"\n\x04\r\n"
    assert b"".join(tell(terminal, bytes((code,))) for code in spoken) == (
        b"ID=" + GO + SENT + b"115 Goodbye\r" + HANG_UP
    )
    assert terminal.take_pages() == [TAP_PAGE]


def test_every_cr_before_the_login_gets_id() -> None:
    terminal = TapTerminal()
    assert tell(terminal, b"\r\r\r" + LOGIN) == b"ID=ID=ID=" + GO


def test_a_login_that_is_said_again_gets_the_go_ahead_again() -> None:
    terminal = logged_in()
    assert tell(terminal, LOGIN + TAP_PANIC) == GO + SENT


def test_a_cr_alone_begins_anew() -> None:
    terminal = logged_in()
    assert tell(terminal, b"\r" + LOGIN + TAP_PANIC) == b"ID=" + GO + SENT


def test_the_password_is_asked_for_three_times() -> None:
    terminal = TapTerminal(password="geheim")
    assert tell(terminal, b"\r\x1bPG1geheim\r") == b"ID=" + GO
    tell(terminal, b"\x04\r\r")
    assert tell(terminal, LOGIN) == b"509 Invalid password\r\x15\r"
    assert tell(terminal, b"hello\r") == b"507 Bad logon\r\x15\r"
    assert tell(terminal, LOGIN) == b"509 Invalid password\r" + HANG_UP
    assert tell(terminal, TAP_PANIC)[:3] == b"ID="
    assert terminal.take_pages() == []


def test_a_wrong_checksum_gets_nak_and_the_third_time_the_line_is_closed() -> None:
    terminal = logged_in()
    wrong = TAP_PANIC.replace(b"9;4", b"9;5")
    assert tell(terminal, wrong + TAP_PANIC) == b"\x15\r" + SENT
    assert tell(terminal, wrong + wrong) == b"\x15\r\x15\r"
    assert tell(terminal, wrong) == b"503 Too many errors\r" + HANG_UP
    assert terminal.take_pages() == [TAP_PAGE]


def test_a_sum_that_counts_five_for_stx_and_etx_is_wrong_at_etb() -> None:
    terminal = logged_in()
    total = 5 + sum(b"8001\r")
    counted = b"\x028001\r\x17" + bytes(48 + total // part % 16 for part in (256, 16, 1)) + b"\r"
    assert tell(terminal, counted) == b"\x15\r"
    assert tell(terminal, tap_block(b"8001\r", b"\x17")) == b"\x06\r"


def test_a_block_that_lost_its_beginning_gets_nak() -> None:
    terminal = logged_in()
    assert tell(terminal, b"B" + TAP_PANIC[1:]) == b"\x15\r"
    assert tell(terminal, TAP_PANIC) == SENT


def test_a_block_that_lost_its_end_counts_from_the_next_beginning() -> None:
    terminal = logged_in()
    assert tell(terminal, TAP_PANIC.replace(b"\x03", b"\x13") + TAP_PANIC) == SENT
    assert terminal.take_pages() == [TAP_PAGE]


def test_a_block_said_again_is_the_same_call_with_the_same_answer() -> None:
    terminal = logged_in()
    assert tell(terminal, TAP_PANIC + TAP_PANIC) == SENT + SENT
    assert terminal.take_pages() == [TAP_PAGE]


def test_a_transaction_goes_on_at_a_field_and_within_one() -> None:
    terminal = logged_in()
    assert tell(terminal, tap_block(b"8001\r", b"\x17")) == b"\x06\r"
    assert tell(terminal, tap_block(b"PANIEK balie", b"\x1f") * 2) == b"\x06\r\x06\r"
    assert tell(terminal, tap_block(b" 7 Burgerzaken\r")) == SENT
    assert terminal.take_pages() == [TAP_PAGE]


def test_escaped_characters_are_what_they_stand_for() -> None:
    terminal = logged_in()
    assert tell(terminal, tap_block(b"8001\rEEN\x1aM\x1aJTWEE\x1aZ\r")) == SENT
    assert [page.text for page in terminal.take_pages()] == ["EEN\r\nTWEE\x1a"]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"\rABC\r", b"511"), (b"8001\r", b"515"), (b"8001\rABC", b"515"), (b"8001\r" + b"x" * 250 + b"\r", b"513")],
)
def test_a_page_that_cannot_be_sent_is_rejected(data: bytes, code: bytes) -> None:
    terminal = logged_in()
    said = tell(terminal, tap_block(data))
    assert said.startswith(code) and said.endswith(b"\r\x1e\r")
    assert tell(terminal, TAP_PANIC) == SENT
    assert terminal.take_pages() == [TAP_PAGE]


def test_the_longest_block_is_taken() -> None:
    longest = tap_block(b"8001\r" + b"x" * 244 + b"\r")
    assert len(longest) == 256
    assert tell(logged_in(), longest) == SENT


def test_a_session_without_traffic_is_closed() -> None:
    terminal = logged_in()
    assert wait(terminal, 29.0) == b""
    assert wait(terminal, 30.0) == b"501 Timeout\r" + HANG_UP
    assert wait(terminal, 90.0) == b""


def test_a_busy_terminal_says_512_and_gives_the_page_up() -> None:
    terminal = logged_in()
    assert tell(terminal, TAP_PANIC, faults=BaseFaults(busy=True)) == b"512 Temporarily cannot deliver\r\x1e\r"
    assert terminal.take_pages() == []


def test_a_terminal_that_refuses_naks_every_block() -> None:
    terminal, faults = logged_in(), BaseFaults(refuses=True)
    assert tell(terminal, TAP_PANIC * 2, faults=faults) == b"\x15\r\x15\r"
    assert tell(terminal, TAP_PANIC, faults=faults) == b"503 Too many errors\r" + HANG_UP


def test_out_of_radio_a_page_is_held() -> None:
    terminal = logged_in()
    faults = BaseFaults(out_of_radio=True)
    assert tell(terminal, TAP_PANIC, faults=faults) == b"213 Held for deferred delivery\r\x06\r"
    assert terminal.take_pages() == [replace(TAP_PAGE, lost=True)]


def test_without_a_transmitter_a_page_is_rejected_when_the_transaction_ends() -> None:
    terminal = logged_in()
    assert tell(terminal, TAP_PANIC, faults=BaseFaults(transmitter_down=True)) == SENT
    assert tell(terminal, b"\x04\r") == b"115 Goodbye\r\x1e\r" + HANG_UP
    assert terminal.take_pages() == [replace(TAP_PAGE, lost=True)]
    assert tell(terminal, b"\r" + LOGIN + b"\x04\r").endswith(b"115 Goodbye\r" + HANG_UP)


@given(st.lists(st.binary(max_size=60) | st.sampled_from([LOGIN, TAP_PANIC, b"\r", b"\x04\r", TAP_PANIC[:9]])))
def test_after_any_bytes_a_terminal_takes_a_call(reads: list[bytes]) -> None:
    terminal = TapTerminal()
    for data in reads:
        tell(terminal, data)
    wait(terminal, 30.0)
    terminal.take_pages()
    assert tell(terminal, b"\r" + LOGIN + TAP_PANIC, 31.0) == b"ID=" + GO + SENT
    assert terminal.take_pages() == [replace(TAP_PAGE, at_s=31.0)]


@given(st.integers(0, len(TAP_PANIC) - 1), st.integers(0, 6))
def test_a_wrong_bit_in_a_tap_block_is_never_taken_as_a_call(place: int, bit: int) -> None:
    terminal = logged_in()
    tell(terminal, TAP_PANIC[:place] + bytes((TAP_PANIC[place] ^ 1 << bit,)) + TAP_PANIC[place + 1 :])
    assert terminal.take_pages() == []


# --- the line ---------------------------------------------------------------------------------------------------------


def test_characters_come_out_when_their_time_is_over() -> None:
    line = SerialTime()
    line.send(b"abc", 1.0, 1000)
    assert line.take(1.0) == b""
    assert line.take(1.021) == b"ab"
    line.send(b"d", 1.025, 1000)
    assert line.take(1.039) == b"c"
    assert line.take(1.041) == b"d"
    line.send(b"e", 2.0, None)
    assert line.take(2.0) == b"e"


class Paper:
    """An end of a line whose other end is this test."""

    def __init__(self) -> None:
        self.unread = b""
        self.said = b""

    def read(self) -> bytes:
        unread, self.unread = self.unread, b""
        return unread

    def write(self, data: bytes) -> None:
        self.said += data

    def tell(self, base: PagingBase, data: bytes, now_s: float = 0.0) -> bytes:
        """What the base says to this, at this time."""
        self.unread, self.said = data, b""
        base.turn(now_s)
        return self.said


def test_a_deaf_base_says_nothing_and_takes_up_again_when_it_hears() -> None:
    paper = Paper()
    base = PagingBase(paper, EspaBase(polls=True, poll_s=5.0), faults=BaseFaults(deaf=True))
    assert paper.tell(base, SELECT_BASE) == b""
    assert paper.tell(base, PANIC) == b""
    assert paper.tell(base, b"", 3.0) == b""
    base.faults = NO_BASE_FAULTS
    assert paper.tell(base, b"", 8.0) == OUR_POLL
    assert paper.tell(base, SELECT_BASE + PANIC, 8.1) == ACK + ACK
    assert len(base.pages) == 1


def wrong_bits(said: bytes, meant: bytes) -> int:
    assert len(said) == len(meant)
    return sum((one ^ other).bit_count() for one, other in zip(said, meant, strict=True))


def test_a_garbled_line_has_one_wrong_bit_in_what_is_said_and_heard() -> None:
    paper, garbled = Paper(), BaseFaults(garbled=1.0)
    base = PagingBase(paper, EspaBase(polls=True), faults=garbled, seed=1)
    assert wrong_bits(paper.tell(base, b""), OUR_POLL) == 1
    base.faults = NO_BASE_FAULTS
    assert paper.tell(base, SELECT_BASE) == ACK
    base.faults = garbled
    paper.tell(base, PANIC)
    assert base.pages == []
    base.faults = NO_BASE_FAULTS
    assert paper.tell(base, PANIC) in (ACK, NAK_DAMAGED + ACK)


def test_a_seeded_line_is_garbled_as_often_as_it_was_asked_and_in_the_same_places() -> None:
    def polls() -> list[bytes]:
        paper = Paper()
        base = PagingBase(paper, EspaBase(polls=True, poll_s=1.0), faults=BaseFaults(garbled=0.3), seed=7)
        return [paper.tell(base, b"", float(n)) for n in range(400)]

    said = polls()
    spoilt = sum(message not in (OUR_POLL, EOT, b"") for message in said)
    assert said == polls()
    assert 0.2 < spoilt / sum(message != b"" for message in said) < 0.4


def test_a_slow_base_answers_when_the_characters_have_passed() -> None:
    paper = Paper()
    base = PagingBase(paper, EspaBase(), faults=BaseFaults(slow_baud=1000))
    assert paper.tell(base, SELECT) == b""
    assert paper.tell(base, b"", 0.049) == b""
    assert paper.tell(base, b"", 0.051) == b""  # heard; the answer is on its way
    assert paper.tell(base, b"", 0.062) == ACK
    assert paper.tell(base, PANIC, 1.0) == b""
    assert paper.tell(base, b"", 1.559) == b""
    assert paper.tell(base, b"", 1.561) == b""
    assert paper.tell(base, b"", 1.572) == ACK
    assert len(base.pages) == 1


class Wire:
    """Our end of a TCP connection or of a cable, without a reader that would hold it open."""

    def __init__(self, file: int) -> None:
        os.set_blocking(file, False)
        self._file = file
        self.said = b""

    def say(self, data: bytes) -> None:
        os.write(self._file, data)

    async def hears(self, wanted: bytes) -> bytes:
        """Everything since the last time, up to and with this."""
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._file, heard.set)
        try:
            async with asyncio.timeout(WAIT_S):
                while wanted not in self.said:
                    await heard.wait()
                    heard.clear()
                    with suppress(BlockingIOError):
                        self.said += os.read(self._file, 4096)
        finally:
            loop.remove_reader(self._file)
        before, _, self.said = self.said.partition(wanted)
        return before + wanted


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    with Cable(tmp_path / "base") as plugged:
        yield plugged


@pytest.fixture
def wire(cable: Cable) -> Iterator[Wire]:
    file = os.open(cable.path, os.O_RDWR | os.O_NOCTTY)
    try:
        yield Wire(file)
    finally:
        os.close(file)


@pytest.mark.asyncio
async def test_a_base_on_a_cable_takes_a_call_and_a_cancel(cable: Cable, wire: Wire) -> None:
    told: list[Page] = []
    async with PagingBase(cable, EspaBase(), tell=told.append) as base:
        wire.say(SELECT)
        assert await wire.hears(ACK) == ACK
        wire.say(PANIC)
        await wire.hears(ACK)
        wire.say(CANCEL + EOT)
        page = await base.next_page(WAIT_S)
        assert (page.address, page.text, page.priority) == ("8001", TEXT, 1)
        assert (await base.next_page(WAIT_S)).cancel
        assert base.pages == told and base.lost == []
        with pytest.raises(TimeoutError):
            await base.next_page(0.0)


@pytest.mark.asyncio
async def test_faults_come_and_go_while_it_runs(cable: Cable, wire: Wire) -> None:
    async with PagingBase(cable, EspaBase(reports=True), faults=BaseFaults(refuses=True)) as base:
        wire.say(SELECT)
        assert await wire.hears(EOT) == EOT
        base.faults = BaseFaults(out_of_radio=True)
        wire.say(SELECT)
        await wire.hears(ACK)
        wire.say(PANIC)
        await wire.hears(ACK)
        wire.say(POLL)
        await wire.hears(ENQ)
        wire.say(ACK)
        assert (await wire.hears(ABSENT)).endswith(ABSENT)
        assert base.pages == [] and [page.address for page in base.lost] == ["8001"]


@pytest.mark.asyncio
async def test_a_terminal_behind_a_tcp_port_takes_one_connection_at_a_time() -> None:
    async with TcpEnd() as end, PagingBase(end, TapTerminal()) as base:
        first = await asyncio.to_thread(socket.create_connection, ("127.0.0.1", end.port), WAIT_S)
        with first, socket.create_connection(("127.0.0.1", end.port), WAIT_S) as second:
            assert await asyncio.to_thread(first.recv, 1) == b""
            second.setblocking(False)
            wire = Wire(second.fileno())
            wire.say(b"\r" + LOGIN + TAP_PANIC + b"\x04\r")
            assert await wire.hears(HANG_UP) == b"ID=" + GO + SENT + b"115 Goodbye\r" + HANG_UP
            assert (await base.next_page(WAIT_S)).text == TEXT
            end.hang_up()
            second.setblocking(True)
            assert await asyncio.to_thread(second.recv, 1) == b""
        with socket.create_connection(("127.0.0.1", end.port), WAIT_S) as third:
            wire = Wire(third.fileno())
            wire.say(b"\r")
            assert await wire.hears(b"ID=") == b"ID="


# --- the command line -------------------------------------------------------------------------------------------------


@asynccontextmanager
async def sim(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`achterwacht-sim paging-base` in a process of its own, gone afterwards."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "achterwacht_sim", "paging-base", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"PYTHONPATH": str(SOURCES)},
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # it has ended
            process.terminate()
        await process.communicate()


async def line_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(WAIT_S):
        return (await process.stdout.readline()).decode().strip()


@pytest.mark.asyncio
async def test_the_command_tells_where_it_is_and_prints_each_call() -> None:
    async with sim("--espa", "--reports") as process:
        told, _, path = (await line_of(process)).rpartition(" ")
        assert told == "paging base (ESPA 4.4.4) is at"
        file = os.open(path, os.O_RDWR | os.O_NOCTTY)
        try:
            wire = Wire(file)
            wire.say(SELECT)
            await wire.hears(ACK)
            wire.say(PANIC)
            await wire.hears(ACK)
            wire.say(CANCEL)
            await wire.hears(ACK)
        finally:
            os.close(file)
        assert await line_of(process) == f"pager 8001 rings: {TEXT} (priority 1, beep 1)"
        assert await line_of(process) == "pager 8001 is cancelled"


@pytest.mark.asyncio
async def test_the_command_makes_a_link_and_the_control_station_polls(tmp_path: Path) -> None:
    link = tmp_path / "centrale"
    async with sim("--espa", "--polls", "--link", str(link)) as process:
        assert await line_of(process) == f"paging base (ESPA 4.4.4) is at {link}"
        file = os.open(link, os.O_RDWR | os.O_NOCTTY)
        try:
            assert (await Wire(file).hears(OUR_POLL)).endswith(OUR_POLL)
        finally:
            os.close(file)


@pytest.mark.asyncio
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_the_link_is_gone_when_the_command_is_told_to_end(tmp_path: Path, signum: signal.Signals) -> None:
    link = tmp_path / "centrale"
    async with sim("--tap", "--link", str(link)) as process:
        await line_of(process)
        assert link.is_symlink()
        process.send_signal(signum)
        async with asyncio.timeout(WAIT_S):
            assert await process.wait() == EXIT_INTERRUPTED
        assert not link.is_symlink()


@pytest.mark.asyncio
async def test_the_command_listens_on_a_port_with_its_faults() -> None:
    async with sim("--tap", "--tcp", "0", "--out-of-radio", "--slow", "57600") as process:
        told = await line_of(process)
        assert told.startswith("paging base (TAP 1.8) is at 127.0.0.1:")
        with socket.create_connection(("127.0.0.1", int(told.rpartition(":")[2])), WAIT_S) as connection:
            wire = Wire(connection.fileno())
            wire.say(b"\r" + LOGIN + TAP_PANIC)
            await wire.hears(b"213 Held for deferred delivery\r\x06\r")
        assert await line_of(process) == f"pager 8001 is not reached: {TEXT}"


def test_the_page_about_pagers_has_the_bytes_that_the_base_takes_and_says() -> None:
    page = " ".join((Path(__file__).parent.parent.parent / "docs" / "pagers.md").read_text("utf-8").split())
    for said in (PANIC, CANCEL, PAGED, ACKNOWLEDGED, TRANSMITTER_FAILURE, STATUS_REQUEST):
        assert said.hex(" ").upper() in page


def test_a_call_without_a_priority_is_told_without() -> None:
    assert sentence(TAP_PAGE) == f"pager 8001 rings: {TEXT}"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "--espa --tap is required"),
        (["--espa", "--tap"], "not allowed with"),
        (["--espa", "--tcp", "1", "--link", "x"], "not allowed with"),
        (["--espa", "--tcp", "65536"], "a port from 0 to 65535 expected"),
        (["--espa", "--garbled", "2"], "'2': a number from 0 to 1 expected"),
        (["--espa", "--garbled", "often"], "'often': a number from 0 to 1 expected"),
        (["--espa", "--slow", "75"], "bits per second expected, 300 to 57600"),
    ],
)
def test_a_wrong_argument_is_refused(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["paging-base", *arguments])
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_what_cannot_be_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = tmp_path / "taken"
    taken.touch()
    for arguments, told in ((["--tap", "--polls"], "only with --espa"), (["--espa", "--link", str(taken)], "taken")):
        assert main(["paging-base", *arguments]) == 2
        err = capsys.readouterr().err
        assert told in err and err.count("\n") == 1
