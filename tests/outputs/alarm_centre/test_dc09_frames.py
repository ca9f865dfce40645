"""SIA DC-09 frames: the worked ones byte for byte, another program's opinion of ours, and whatever noise comes back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from siadc09.account import Account  # type: ignore[import-untyped]
from siadc09.message import AckMessage, DuhMessage, NakMessage  # type: ignore[import-untyped]

from achterwacht.outputs.alarm_centre.frames import (
    PAD_MIN_BYTES,
    Answer,
    Frame,
    NoAnswer,
    crc16,
    encode,
    is_whole,
    parse_answer,
)
from dc09 import AT, KEY, judged


def plain(id: str, sequence: int, data: str, receiver: str = "1", at: datetime | None = AT) -> Frame:
    return Frame(id, sequence, "1234", data, at=at, receiver=receiver)


def framed(body: str, length: str = "") -> bytes:
    return f"\n{crc16(body.encode()):04X}{length or f'{len(body):04X}'}{body}\r".encode()


STAMP = "_14:02:33,11-21-2026"
WORKED = [
    (plain("SIA-DCS", 1, "#1234|Nri0/HA007^Balie 7^", at=None), '6E750031"SIA-DCS"0001R1L0#1234[', ""),
    (plain("SIA-DCS", 2, "#1234|Nri1/PA007"), '9987003C"SIA-DCS"0002R1L0#1234[', STAMP),
    (plain("ADM-CID", 4, "#1234|1120 01 007"), '19EF003D"ADM-CID"0004R1L0#1234[', STAMP),
    (plain("ADM-CID", 6, "#1234|3120 01 007", ""), '1397003B"ADM-CID"0006L0#1234[', STAMP),
    (plain("ADM-CID", 7, "#1234|1384 01 007", ""), 'C1D6003B"ADM-CID"0007L0#1234[', STAMP),
    (plain("ADM-CID", 8, "#1234|1381 01 007", ""), '2174003B"ADM-CID"0008L0#1234[', STAMP),
    (plain("ADM-CID", 10, "#1234|1129 01 007", ""), 'C050003B"ADM-CID"0010L0#1234[', STAMP),
    (plain("NULL", 0, "", at=None), 'ED620015"NULL"0000R1L0#1234[', ""),
]

ENCRYPTED = (
    b'\nDD7C0098"*ADM-CID"0004R1L0#1234[5c722d1e11062ba0a50d475ba18c0e667b75f928e5c3d23b0d8e8d9654c63c7ef35fda4af19ff3588'
    b"36ed5fea8e1a22c0eb2f8e5f83ecef3bb1ff7d17d826c6d\r"
)


@pytest.mark.parametrize(("frame", "head", "stamp"), WORKED)
def test_a_worked_frame_is_made_byte_for_byte(frame: Frame, head: str, stamp: str) -> None:
    assert encode(frame) == f"\n{head}{frame.data}]{stamp}\r".encode()
    judged(encode(frame))


def test_the_worked_encrypted_frame_is_made_byte_for_byte() -> None:
    digits = ENCRYPTED.rstrip(b"\r").rpartition(b"[")[2].decode()
    aes = Cipher(algorithms.AES(KEY), modes.CBC(bytes(16))).decryptor()
    pad = (aes.update(bytes.fromhex(digits)) + aes.finalize()).partition(b"|")[0]
    assert encode(plain("ADM-CID", 4, "#1234|1120 01 007"), KEY, lambda size: pad[:size]) == ENCRYPTED


@pytest.mark.parametrize("size", [16, 24, 32])
@pytest.mark.parametrize("data", ["#1234|Nri1/HA007^Balie 7^", "#1234|Nri1/HA1234^Zaal^", "#1234|1122 01 007", ""])
def test_an_encrypted_frame_is_read_by_a_program_that_is_not_ours(size: int, data: str) -> None:
    key = bytes(range(size))
    frame = encode(plain("SIA-DCS" if "N" in data else "ADM-CID" if data else "NULL", 5 if data else 0, data), key)
    read = judged(frame, key)
    assert read.encrypted and read.timestamp == AT
    assert (read.data.content if data else b"") == data.encode()
    assert b"1234|" not in frame


@given(text=st.text("abc ^|", max_size=60), random=st.binary(min_size=31, max_size=31))
def test_a_pad_has_the_size_it_must_have_and_nothing_that_ends_it(text: str, random: bytes) -> None:
    frame = encode(plain("SIA-DCS", 1, "#1234|" + text), KEY, lambda size: random[:size])
    digits = frame.rstrip(b"\r").rpartition(b"[")[2].decode()
    aes = Cipher(algorithms.AES(KEY), modes.CBC(bytes(16))).decryptor()
    pad, _, said = (aes.update(bytes.fromhex(digits)) + aes.finalize()).partition(b"|")
    assert PAD_MIN_BYTES <= len(pad) < 2 * PAD_MIN_BYTES
    assert said.startswith(b"#1234|" + text.encode())
    assert not set(pad) & set(b"[]|")


def test_a_pad_is_another_one_each_time() -> None:
    frame = plain("ADM-CID", 4, "#1234|1120 01 007")
    assert encode(frame, KEY) != encode(frame, KEY)


def test_the_check_sum_is_that_of_arc() -> None:
    assert crc16(b"123456789") == 0xBB3D


ANSWERS = [
    (b'\n1EB60014"ACK"0001R1L0#1234[]\r', Answer("ACK", 1, account="1234")),
    (framed('"ACK"0001NoneL0#1234[]'), Answer("ACK", 1, account="1234")),  # who got no R writes its own None
    (framed('"ACK"0247R4F39L4F39#4F39[]', length="0026"), Answer("ACK", 247, account="4F39")),  # a length in decimal
    (framed('"ACK"0001R1L0#1234[]') + b"\n", Answer("ACK", 1, account="1234")),
    (framed('"ACK"0001R1L0[]'), Answer("ACK", 1)),
    (framed('"ACK"0001R1L0#1234[]_14:02:33,11-21-2026'), Answer("ACK", 1, account="1234")),  # a time of anybody
    (framed('"NAK"0000R1L0A0[]_14:02:33,11-21-2026'), Answer("NAK", 0, AT)),
    (framed('"NAK"0000R1L0#1234[]'), Answer("NAK", 0, account="1234")),
    (framed('"NAK"0000R1L0#1234[]_14:02:33,02-31-2026'), Answer("NAK", 0, account="1234")),
    (framed('"NAK"0000R1L0#1234[]_14:02:33,02-27-9999'), Answer("NAK", 0, account="1234")),
    (framed('"DUH"0012R1L0#1234[]'), Answer("DUH", 12, account="1234")),
    (b'"NAK"', Answer("NAK", 0)),
    (b'\n"DUH"\r', Answer("DUH", 0)),
]


@pytest.mark.parametrize(("data", "answer"), ANSWERS)
def test_an_answer_is_read(data: bytes, answer: Answer) -> None:
    assert is_whole(data)
    assert parse_answer(data) == answer


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty line"),
        (b"\n\r", "empty line"),
        (b'\n1EB70014"ACK"0001R1L0#1234[]\r', "damaged"),
        (b'"ACK"', "no SIA DC-09"),  # of which message?
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no SIA DC-09"),
        (framed('"SIA-DCS"0001R1L0#1234[]'), "no SIA DC-09"),
        (framed('"*ACK"0001R1L0#1234[00]'), "no key here"),
    ],
)
def test_what_is_no_answer_says_why(data: bytes, why: str) -> None:
    with pytest.raises(NoAnswer, match=why) as raised:
        parse_answer(data)
    assert raised.value.reached


def test_an_answer_that_trickles_in_is_whole_at_its_end() -> None:
    data = ANSWERS[0][0]
    assert [is_whole(data[:n]) for n in range(len(data) + 1)] == [False] * len(data) + [True]


def test_encrypted_answers_of_a_program_that_is_not_ours() -> None:
    account = Account(acct=0x1234, rcvr=1, key=KEY)
    ack = AckMessage(account, seq=12, timestamp=AT, encrypted=True).encode()
    assert b'"*ACK"' in ack
    assert parse_answer(ack, KEY) == Answer("ACK", 12, AT, "1234")
    assert parse_answer(NakMessage(account, AT).encode(), KEY) == Answer("NAK", 0, AT, "1234")
    assert parse_answer(DuhMessage(account, 12).encode(), KEY) == Answer("DUH", 12, account="1234")


def test_an_acknowledgement_in_the_clear_is_not_believed_where_we_encrypt() -> None:
    with pytest.raises(NoAnswer, match="does not have the key"):
        parse_answer(ANSWERS[0][0], KEY)


@pytest.mark.parametrize("digits", ["", "zz", "00", "00" * 16, "é"])
def test_an_encrypted_answer_that_cannot_be_read_says_so(digits: str) -> None:
    body = f'"*ACK"0001R1L0#1234[{digits}'.encode()
    with pytest.raises(NoAnswer, match="cannot be read"):
        parse_answer(b"\n%04X%04X%s\r" % (crc16(body), len(body), body), KEY)


def test_an_answer_with_another_key_cannot_be_read() -> None:
    ack = AckMessage(Account(acct=0x1234, key=bytes(16)), seq=12, timestamp=AT, encrypted=True).encode()
    with pytest.raises(NoAnswer, match="is the key the same"):
        parse_answer(ack, KEY)


def answer_or_none(data: bytes, key: bytes | None) -> Answer | None:
    is_whole(data)
    try:
        return parse_answer(data, key)
    except NoAnswer as none:
        assert 0 < len(none.reason) < 500
        return None


@given(data=st.binary(max_size=1200), key=st.sampled_from([None, KEY]))
def test_no_bytes_break_the_reader(data: bytes, key: bytes | None) -> None:
    assert answer_or_none(data, key) is None or b'"' in data


@given(
    star=st.sampled_from(["", "*"]),
    word=st.sampled_from(["ACK", "NAK", "DUH", "RSP"]),
    rest=st.text("0123456789abcdefRL#[]_:,-|", max_size=120),
    key=st.sampled_from([None, KEY]),
)
def test_no_frame_with_a_good_check_sum_breaks_the_reader(star: str, word: str, rest: str, key: bytes | None) -> None:
    answer = answer_or_none(framed(f'"{star}{word}"0001R1L0#1234[{rest}'), key)
    assert answer is None or answer.word == word


@given(flip=st.integers(0, 8 * 20 - 1))
def test_one_bit_that_is_wrong_is_no_acknowledgement(flip: int) -> None:
    data = bytearray(ANSWERS[0][0])
    data[9 + flip // 8] ^= 1 << flip % 8
    assert answer_or_none(bytes(data), None) is None


@given(s=st.integers(946684800, 4102444799))
def test_a_clock_of_this_century_comes_back_as_it_was_told(s: int) -> None:
    at = datetime.fromtimestamp(s, UTC)
    assert parse_answer(framed(f'"NAK"0000R1L0#1234[]_{at:%H:%M:%S,%m-%d-%Y}')).at == at
    assert judged(encode(plain("NULL", 0, "", at=at))).timestamp == at
