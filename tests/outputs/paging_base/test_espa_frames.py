"""ESPA 4.4.4's words: every vector that is known, and whatever noise may stand before, between and inside."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.outputs.paging_base.espa_frames import (
    BLOCK_MAX_BYTES,
    Ack,
    BadBlock,
    Block,
    End,
    Nak,
    Noise,
    Poll,
    Reader,
    Said,
    Select,
    Word,
    bcc,
    encode,
)


def call(address: str, *others: tuple[str, str]) -> Block:
    return Block("1", (("1", address), *others))


def status(record: str, data: str) -> Block:
    return Block("2", (("1", "8001"), (record, data)))


ALARM = call("8001", ("2", "PANIEK balie 7 Burgerzaken"), ("3", "1"), ("4", "3"), ("5", "3"), ("6", "1"))
ALARM_BYTES = bytes.fromhex(
    "01 31 02 31 1F 38 30 30 31 1E 32 1F 50 41 4E 49 45 4B 20 62 61 6C 69 65 20 37 20 42 75 72 67 65 72 7A 61 6B 65 6E"
    "1E 33 1F 31 1E 34 1F 33 1E 35 1F 33 1E 36 1F 31 03 02"
)
ZENITEL = "35 35 30 1E 32 1F 43 41 4C 4C 20 4D 45 20 31 30 31 1E 33 1F 33 1E 34 1F 33 1E 35 1F 33 1E 36 1F 33 03"
ZENITEL_REST = (("2", "CALL ME 101"), ("3", "3"), ("4", "3"), ("5", "3"), ("6", "3"))

VECTORS: dict[str, tuple[str, Block]] = {
    "northplane": ("01 31 02 31 1F 41 03 5F", call("A")),
    "zenitel as printed, BCC = ETX": (f"01 31 02 20 31 1F {ZENITEL} 03", Block("1", ((" 1", "550"), *ZENITEL_REST))),
    "zenitel without the blank": (f"01 31 02 31 1F {ZENITEL} 23", call("550", *ZENITEL_REST)),
    "alarm call, BCC = STX": (ALARM_BYTES.hex(), ALARM),
    "cancel": ("01 31 02 31 1F 38 30 30 31 1E 34 1F 31 03 13", call("8001", ("4", "1"))),
    "status paged": ("01 32 02 31 1F 38 30 30 31 1E 37 1F 33 03 11", status("7", "3")),
    "status acknowledged": ("01 32 02 31 1F 38 30 30 31 1E 37 1F 36 03 14", status("7", "6")),
    "status transmitter failure": ("01 32 02 31 1F 38 30 30 31 1E 38 1F 31 03 1C", status("8", "1")),
    "status request, BCC = NAK": ("01 33 02 31 1F 38 30 30 31 03 15", Block("3", (("1", "8001"),))),
}
WORDS: dict[str, tuple[str, Said]] = {
    "ack": ("06", Ack()),
    "nak": ("15", Nak()),
    "nak of a transmission error": ("31 15", Nak("1")),
    "nak of a busy station": ("32 15", Nak("2")),
    "nak of an invalid message": ("33 15", Nak("3")),
    "end": ("04", End()),
    "select": ("32 05", Select("2")),
}

PRINTABLE = st.text([chr(code) for code in range(0x20, 0x7F)], max_size=30)
NAMED = st.text([chr(code) for code in range(0x20, 0x7F)], min_size=1, max_size=2)
BLOCKS = st.builds(Block, NAMED, st.lists(st.tuples(NAMED, PRINTABLE), max_size=6).map(tuple))
ADDRESSES = st.sampled_from("0123456789")
SAID: st.SearchStrategy[Said] = st.one_of(
    BLOCKS,
    st.builds(Poll, ADDRESSES),
    st.builds(Select, ADDRESSES),
    st.just(Ack()),
    st.builds(Nak, st.sampled_from(["", "1", "2", "3"])),
    st.just(End()),
)
NOISE = st.one_of(
    st.binary(max_size=40), st.text("\x01\x02\x03\x04\x05\x06\x15\x1e\x1f12", max_size=40).map(str.encode)
)


def read(*reads: bytes) -> list[Word]:
    reader = Reader()
    return [word for data in reads for word in reader.feed(data)]


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


@pytest.mark.parametrize("name", VECTORS)
def test_a_block_is_the_vector_byte_for_byte(name: str) -> None:
    data, block = bytes.fromhex(VECTORS[name][0]), VECTORS[name][1]
    assert encode(block) == data
    assert read(data) == [block]
    assert read(*(bytes((byte,)) for byte in data)) == [block]


@pytest.mark.parametrize("name", WORDS)
def test_a_short_word_is_written_and_read(name: str) -> None:
    data, word = bytes.fromhex(WORDS[name][0]), WORDS[name][1]
    assert encode(word) == data
    assert read(data) == [word]


def test_a_poll_follows_an_eot_and_a_select_does_not() -> None:
    assert encode(Poll("2")) == b"\x042\x05"
    assert read(b"\x042\x05") == [End(), Poll("2")]
    assert encode(Poll("1")) + encode(Select("2")) == b"\x041\x052\x05"
    assert read(b"\x041\x052\x05") == [End(), Poll("1"), Select("2")]
    assert read(b"\x05\x04\x05") == [Select(""), End(), Poll("")]


def test_1_is_not_01() -> None:
    assert read(b"01\x05\x0401\x05") == [Select("01"), End(), Poll("01")]
    block = Block("2", (("01", "8001"), ("1", "08001"), ("1", "9")))
    assert read(encode(block)) == [block]
    assert block.get("1") == "08001"
    assert block.get("001") == ""


def test_the_check_character_is_none_of_the_control_characters_that_it_may_look_like() -> None:
    seen = set()
    for code in range(0x20, 0x7F):
        for other in "aB":
            block = status("7", chr(code) + other)
            data = encode(block)
            seen.add(data[-1])
            assert read(data + b"\x06") == [block, Ack()]
    assert seen >= set(b"\x01\x02\x03\x04\x05\x06\x15\x1e\x1f\x00\x7f")


def test_a_trailing_record_separator_is_accepted() -> None:
    content = b"2\x021\x1f8001\x1e7\x1f3\x1e\x03"
    assert read(b"\x01" + content + bytes((bcc(content),))) == [status("7", "3")]


def test_a_block_without_records_is_one() -> None:
    assert read(encode(Block("3", ()))) == [Block("3", ())]


def test_the_parity_bit_of_a_line_that_is_read_with_8_bits_is_no_part_of_a_character() -> None:
    def with_even_parity(data: bytes) -> bytes:
        return bytes(byte | (byte.bit_count() % 2) << 7 for byte in data)

    assert with_even_parity(b"\x04") == b"\x84"
    assert read(with_even_parity(ALARM_BYTES)) == [ALARM]
    assert read(with_even_parity(b"\x042\x05\x06")) == [End(), Poll("2"), Ack()]


def test_what_would_break_a_block_is_not_written_into_it() -> None:
    said = encode(call("8001", ("2", "caf\xe9\x03\x1e\x1f\n\x7f€")))
    assert read(said) == [call("8001", ("2", "caf?     ?"))]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x03", "none of ESPA"),
        (b"2\x03", "none of ESPA"),
        (b"\x021\x1f8001\x03", "none of ESPA"),
        (b"2\x0218001\x03", "none of ESPA"),
        (b"2\x02\x1f8001\x03", "none of ESPA"),
        (b"2\x021\x1f8001\x1e\x1e\x03", "none of ESPA"),
        (b"2\x021\x1f80\x1f01\x03", "none of ESPA"),
        (b"2\x021\x1f80\x0601\x03", "none of ESPA"),
        (b"2\x02\x021\x1f8001\x03", "none of ESPA"),
    ],
)
def test_a_block_that_is_whole_and_wrong_is_invalid(content: bytes, why: str) -> None:
    match read(b"\x01" + content + bytes((bcc(content),))):
        case [BadBlock("3", detail)]:
            assert why in detail
        case words:
            pytest.fail(f"{words}")


@pytest.mark.parametrize("place", range(1, len(ALARM_BYTES)))
def test_a_flipped_bit_makes_no_block(place: int) -> None:
    for bit in range(7):
        damaged = bytearray(ALARM_BYTES)
        damaged[place] ^= 1 << bit
        assert not [word for word in read(bytes(damaged)) if isinstance(word, Block)]


def test_a_flipped_bit_in_the_text_is_a_transmission_error() -> None:
    match read(ALARM_BYTES.replace(b"PANIEK", b"PANIEJ")):
        case [BadBlock("1", detail)]:
            assert "BCC" in detail
        case words:
            pytest.fail(f"{words}")


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_block_whose_beginning_was_lost_is_a_transmission_error_and_takes_its_bcc_with_it(lost: int) -> None:
    request = bytes.fromhex(VECTORS["status request, BCC = NAK"][0])
    match read(request[lost:] + b"\x06"):
        case [BadBlock("1", detail), Ack()]:
            assert "without its beginning" in detail
        case words:
            pytest.fail(f"{words}")


def test_a_block_that_is_cut_off_is_noise_and_what_cuts_it_off_is_heard() -> None:
    match read(ALARM_BYTES[:20] + b"\x042\x05" + ALARM_BYTES[:9] + ALARM_BYTES):
        case [Noise(first), End(), Poll("2"), Noise(second), word]:
            assert word == ALARM
            assert "cut off" in first
            assert "cut off" in second
        case words:
            pytest.fail(f"{words}")


def test_fill_characters_between_words_say_nothing() -> None:
    assert read(b"\x00\xff\x06\x7f\x802\x00\x05\x00\x04\xff2\x05") == [Ack(), Select("2"), End(), Poll("2")]


def test_an_ack_behind_a_character_is_not_believed() -> None:
    match read(b"1\x06\x06"):
        case [Noise(detail), Ack()]:
            assert "ACK" in detail
        case words:
            pytest.fail(f"{words}")


def test_what_was_half_read_can_be_forgotten() -> None:
    reader = Reader()
    assert list(reader.feed(b"\x04" + ALARM_BYTES[:-1])) == [End()]
    reader.forget()
    assert list(reader.feed(b"\x062\x05")) == [Ack(), Select("2")]


@given(st.lists(SAID, max_size=8), st.lists(st.integers(0, 5000), max_size=20))
def test_all_that_is_written_is_read_however_it_is_cut(said: list[Said], cuts: list[int]) -> None:
    expected: list[Word] = []
    for word in said:
        if isinstance(word, Poll):
            expected += [End(), word]
        elif isinstance(word, Select) and expected[-1:] == [End()]:
            expected.append(Poll(word.address))
        else:
            expected.append(word)
    assert read(*cut(b"".join(map(encode, said)), cuts)) == expected


@given(st.lists(NOISE, max_size=6), st.lists(st.integers(0, 500), max_size=20))
def test_noise_never_raises_and_means_the_same_however_it_is_cut(noise: list[bytes], cuts: list[int]) -> None:
    data = b"".join(noise)
    assert read(*cut(data, cuts)) == read(data)


@given(NOISE, BLOCKS)
def test_after_an_eot_a_block_behind_noise_is_whole(noise: bytes, block: Block) -> None:
    # Two: the first may be the check character of noise that looked like the end of a block.
    assert read(noise + b"\x04\x04" + encode(block))[-1] == block


def test_noise_without_end_is_told_and_costs_no_memory() -> None:
    reader = Reader()
    tracemalloc.start()
    try:
        told = [word for noise in (b"\x012\x02", *[b"x" * 10_000] * 100) for word in reader.feed(noise)][:1]
        assert tracemalloc.get_traced_memory()[0] < 20 * BLOCK_MAX_BYTES
    finally:
        tracemalloc.stop()
    assert "no block ends" in str(told)
    assert list(reader.feed(b"\x04" + ALARM_BYTES))[-1] == ALARM
