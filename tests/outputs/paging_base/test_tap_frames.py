"""Blocks and lines of TAP 1.8, byte for byte as the specification and Zetron's manuals print them."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.outputs.paging_base import tap_frames as f
from achterwacht.outputs.paging_base.dialect import Nonsense
from achterwacht.outputs.paging_base.tap_frames import Sign, Text


def lines(*reads: bytes) -> list[f.Heard]:
    heard = f.Lines()
    return [one for data in reads for one in heard.feed(data)]


def with_parity(data: bytes) -> bytes:
    """Even parity in the eighth bit, as it is seen by whoever reads eight bits of a 7E1 line."""
    return bytes(byte | (byte.bit_count() % 2) << 7 for byte in data)


# --- blocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "text", "sum_"),
    [
        ("123", "ABC", b"17;"),  # the specification, section 5
        ("300045002110", "ABC", b"335"),  # Zetron Model 16
        ("8001", "PANIEK balie 7 Burgerzaken", b"9;4"),
    ],
)
def test_the_printed_vectors(address: str, text: str, sum_: bytes) -> None:
    said = b"\x02" + address.encode() + b"\r" + text.encode() + b"\r\x03"
    assert f.checksum(said) == sum_
    assert f.block(address, text) == said + sum_ + b"\r"


@pytest.mark.parametrize(("end", "sum_"), [(b"\x03", b"17;"), (b"\x17", b"18?"), (b"\x1f", b"197")])
def test_what_really_ends_the_block_is_summed_and_no_constant_five(end: bytes, sum_: bytes) -> None:
    summed = b"\x02123\rABC\r" + end
    constant = sum(b"123\rABC\r") + 5
    assert f.checksum(summed) == sum_
    assert (f.checksum(summed) == bytes(0x30 + (constant >> shift & 15) for shift in (8, 4, 0))) == (end == b"\x03")


def test_a_parity_bit_is_not_summed() -> None:
    assert f.checksum(with_parity(b"\x02123\rABC\r\x03")) == b"17;"


def test_only_the_low_twelve_bits_are_sent() -> None:
    assert f.checksum(b"\x7f" * 100) == b"19<"  # 12700 = 319C hex


def test_control_characters_are_made_transparent() -> None:
    assert f.block("1", "a\r\n\x1b\x02\x03\x1f\x17\x04\x1ab").startswith(
        b"\x021\ra\x1aM\x1aJ\x1a[\x1aB\x1aC\x1a_\x1aW\x1aD\x1aZb\r\x03"
    )


def test_no_trailing_spaces_and_nothing_but_ascii() -> None:
    assert f.block("1", "caf\u00e9  ").startswith(b"\x021\rcaf?\r\x03")


def test_a_tone_only_page_has_an_empty_second_field() -> None:
    assert f.block("8001", "").startswith(b"\x028001\r\r\x03")


def test_250_characters_of_information_and_no_more() -> None:
    assert len(f.block("8001", "x" * 244)) == 256
    with pytest.raises(ValueError, match="251 characters"):
        f.block("8001", "x" * 245)
    with pytest.raises(ValueError, match="250 at most"):
        f.block("8001", "\n" * 123)


# --- the terminal's lines ---------------------------------------------------------------------------------------------

SESSION = (
    b"\r\nID=\r110 1.8\r\nThank you for calling\n\r\x06\r\x1b[p\r"
    b"211 Page accepted \r\x06\r\x15\r\x1e\r115 Bye\r\x1b\x04\r"
)
HEARD = [
    Sign.ID,
    Text(110, "1.8"),
    Text(0, "Thank you for calling"),
    Sign.ACK,
    Sign.GO_AHEAD,
    Text(211, "Page accepted"),
    Sign.ACK,
    Sign.NAK,
    Sign.RS,
    Text(115, "Bye"),
    Sign.END,
]


def test_a_session_of_the_terminal() -> None:
    assert lines(SESSION) == HEARD


def test_a_parity_bit_and_flow_control_do_not_matter() -> None:
    assert lines(with_parity(SESSION)) == HEARD
    assert lines(b"\x11\x00".join(bytes((byte,)) for byte in SESSION)) == HEARD


@given(st.lists(st.integers(0, len(SESSION)), max_size=20))
def test_it_does_not_matter_where_a_read_ends(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(SESSION)]
    assert lines(*(SESSION[a:b] for a, b in pairwise(edges))) == HEARD


def test_a_prompt_needs_no_end_and_may_follow_a_banner() -> None:
    assert lines(b"Welcome to the tower ID=") == [Sign.ID]


def test_an_id_in_a_coded_line_asks_nothing() -> None:
    assert lines(b"510 ID=8001 is unknown\r") == [Text(510, "ID=8001 is unknown")]


def test_a_number_that_is_no_code() -> None:
    assert lines(b" 980 indented\r", b"2111 pages today\r", b"980 lines\r") == [
        Text(0, "980 indented"),
        Text(0, "2111 pages today"),
        Text(0, "980 lines"),
    ]


@pytest.mark.parametrize("line", [b"\x06\x06\r", b"x\x06\r", b"\x06x\r", b"\x1b[P\r", b"\x1b\r", b"\x1b[p\x06\r"])
def test_what_only_resembles_a_sign_is_none(line: bytes) -> None:
    [said] = lines(line)
    assert isinstance(said, Nonsense)


def test_a_code_is_read_from_a_line_that_was_damaged_behind_it() -> None:
    assert lines(b"213 he\x01d\r") == [Text(213, "he?d")]


def test_what_a_code_means_is_said_with_the_terminals_own_words() -> None:
    assert Text(511, "PIN 8001?").meaning == "no pager has this id (511 PIN 8001?)"
    assert Text(599, "tilt").meaning == "599 tilt"
    assert Text(0, "BAD LOGIN").meaning == "BAD LOGIN"


@pytest.mark.parametrize(
    ("said", "decides"),
    [("211 212", 212), ("214 213", 213), ("511 213", 511), ("110 211", 211), ("516 510", 516)],
)
def test_the_line_that_weighs_most_decides(said: str, decides: int) -> None:
    texts = [Text(int(code), "") for code in said.split()]
    assert max(texts, key=lambda text: text.weight).code == decides


def test_a_line_without_end_keeps_its_code_and_still_ends_in_a_prompt() -> None:
    heard = f.Lines()
    noise = b"\x7fU" * 10_000
    tracemalloc.start()
    try:
        assert list(heard.feed(b"511 " + noise)) == []
        assert tracemalloc.get_traced_memory()[0] < 10_000
    finally:
        tracemalloc.stop()
    [cut] = heard.feed(b"\r")
    assert isinstance(cut, Text)
    assert cut.code == 511
    assert list(heard.feed(noise + b"ID=")) == [Sign.ID]


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_nothing_raises_and_words_are_short_and_printable(reads: list[bytes]) -> None:
    for heard in lines(*reads):
        if isinstance(heard, Text):
            assert heard.words.isprintable()
            assert len(heard.words) <= f.QUOTED_MAX
        elif isinstance(heard, Nonsense):
            assert heard.detail.isprintable()
            assert len(heard.detail) < 5 * f.QUOTED_MAX
