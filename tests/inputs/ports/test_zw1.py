"""Our own nodes' lines, by docs/wire.md: every one there, and whatever noise may stand before, between and inside."""

from __future__ import annotations

import itertools
import tracemalloc
from binascii import crc_hqx
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.core import heard as h
from achterwacht.core.display import IDLE, HelpSign
from achterwacht.inputs.ports import PROTOCOLS, Complaint, PortProtocol, protocol, zw1
from achterwacht.inputs.wiring import PressIds

NOW_S = 12.5
PRESS = h.Pressed("5-9f3a-412", 5, "9f3a", NOW_S, 30)
BEAT = h.Telemetry("zender:5", "9f3a", 87, tamper=False, line="ok")

HEX = st.text("0123456789abcdef", min_size=4, max_size=32)
NR = st.integers(1, 9999)
SEQ = st.integers(1, 2**31 - 1)


def line(said: str, end: bytes = b"\n") -> bytes:
    return f"{said};{crc_hqx(said.encode(), 0):04X}".encode() + end


PRESS_LINE = line("ZW1;5;9f3a;412;PRESS;30")
BEAT_LINE = line("ZW1;5;9f3a;413;BEAT;87,0,ok")


def zw1_line() -> zw1.Line:
    return zw1.Line("desks", (), PressIds("daemon"))


def hear(*reads: bytes) -> list[h.Heard | Complaint]:
    heard = zw1_line()
    return [said for data in reads for said in heard.feed(data, NOW_S)]


def good(said: Iterable[h.Heard | Complaint]) -> list[h.Heard | Complaint]:
    return [one for one in said if not isinstance(one, Complaint)]


def test_it_is_a_protocol() -> None:
    spoken: PortProtocol = zw1  # what mypy holds
    assert protocol("zw1") is spoken
    assert "zw1" in PROTOCOLS


def test_the_crc_is_that_of_xmodem() -> None:
    assert line("123456789", b"") == b"123456789;31C3"  # the check value of CRC-16/XMODEM
    assert zw1.encode(5, "9f3a", 412, "CONF", "5-9f3a-412") == line("ZW1;5;9f3a;412;CONF;5-9f3a-412")


def test_a_press_and_a_beat() -> None:
    assert hear(PRESS_LINE) == [PRESS]
    assert hear(BEAT_LINE) == [BEAT]
    assert hear(line("ZW1;7;00ff;1;BEAT;-,1,cut")) == [h.Telemetry("zender:7", "00ff", None, tamper=True, line="cut")]
    assert hear(line("ZW1;7;00ff;1;BEAT;0,1,short")) == [h.Telemetry("zender:7", "00ff", 0, tamper=True, line="short")]


def test_a_number_that_this_port_was_not_given_is_heard_all_the_same() -> None:
    assert hear(line("ZW1;99;9f3a;1;PRESS;0")) == [h.Pressed("99-9f3a-1", 99, "9f3a", NOW_S)]


def test_several_lines_in_one_read_and_carriage_returns() -> None:
    assert hear(PRESS_LINE + b"\r\n\n" + line("ZW1;5;9f3a;413;BEAT;87,0,ok", b"\r\n")) == [PRESS, BEAT]


def test_a_read_that_ends_at_any_byte() -> None:
    both = PRESS_LINE + BEAT_LINE
    for cut in range(len(both) + 1):
        assert hear(both[:cut], both[cut:]) == [PRESS, BEAT]
    assert hear(*(bytes((byte,)) for byte in both)) == [PRESS, BEAT]


@pytest.mark.parametrize(
    "garbage", [b"\xff\x00\x80", b"ZW1;5;9f3a;41", b"ets Jul 29 2019\r\n", b"ZW1;", b"Z", b"x" * 10_000]
)
def test_a_line_after_garbage_is_never_lost(garbage: bytes) -> None:
    assert good(hear(garbage + PRESS_LINE)) == [PRESS]
    assert good(hear(garbage, PRESS_LINE)) == [PRESS]


def test_a_line_of_10_kb_is_a_complaint_and_costs_no_memory() -> None:
    heard = zw1_line()
    tracemalloc.start()
    try:
        complaints = [said for _ in range(1000) for said in heard.feed(b"x" * 10_000, NOW_S)]
        kept = complaints[:1]
        del complaints
        assert tracemalloc.get_traced_memory()[0] < 20_000
    finally:
        tracemalloc.stop()
    assert "no line ends" in str(kept)
    assert good(heard.feed(b"\n" + PRESS_LINE, NOW_S)) == [PRESS]


def test_an_opening_forgets_half_a_line() -> None:
    heard = zw1_line()
    assert not list(heard.feed(PRESS_LINE[:-3], NOW_S))
    heard.opened(NOW_S)
    assert good(heard.feed(PRESS_LINE[-3:], NOW_S)) == []


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (PRESS_LINE.replace(b"412", b"413"), "CRC"),
        (PRESS_LINE[:-5] + PRESS_LINE[-5:].lower(), "no line"),
        (line("ZW1;5;9f3a;412;PRESS;-1"), "does not know"),
        (line("ZW1;5;9f3a;412;PRESS;"), "does not know"),
        (line("ZW1;5;9f3a;412;BEAT;101,0,ok"), "does not know"),
        (line("ZW1;5;9f3a;412;BEAT;50,2,ok"), "does not know"),
        (line("ZW1;5;9f3a;412;BEAT;50,0,open"), "does not know"),
        (line("ZW1;5;9f3a;412;CONF;5-9f3a-412"), "zender 5 says"),
        (line("ZW1;5;9f3a;0;PRESS;0"), "no line"),
        (line("ZW1;5;9f3a;2147483648;PRESS;0"), "counts above"),
        (line("ZW1;0;9f3a;1;PRESS;0"), "no line"),
        (line("ZW1;05;9f3a;1;PRESS;0"), "no line"),
        (line("ZW1;10000;9f3a;1;PRESS;0"), "no line"),
        (line("ZW1;5;9f3;1;PRESS;0"), "no line"),
        (line("ZW1;5;xyzt;1;PRESS;0"), "no line"),
        (line("ZW2;5;9f3a;1;PRESS;0"), "no line"),
        (line(f"ZW1;5;9f3a;1;PRESS;{'0' * 99}"), "no line"),
        (b"hello\n", "no line"),
    ],
)
def test_what_is_not_as_it_should_be_is_one_complaint(bad: bytes, why: str) -> None:
    (said,) = hear(bad)
    assert isinstance(said, Complaint)
    assert said.kind == "malformed"
    assert why in said.detail
    assert good(hear(bad, PRESS_LINE)) == [PRESS]


def test_a_line_may_be_120_bytes_and_no_more() -> None:
    # None that we understand is so long: what is said of it tells whether it was read.
    room = 120 - len(line("ZW1;5;9f3a;1;PRESS;"))
    assert "does not know" in str(hear(line(f"ZW1;5;9f3a;1;PRESS;{'7' * room}")))
    assert "does not know" in str(hear(line(f"ZW1;5;9f3a;1;PRESS;{'7' * room}", b"\r\n")))
    assert "no line" in str(hear(line(f"ZW1;5;9f3a;1;PRESS;{'7' * (room + 1)}")))


def test_every_single_damaged_bit_is_seen() -> None:
    for at, bit in itertools.product(range(len(PRESS_LINE) - 1), range(8)):
        damaged = bytearray(PRESS_LINE)
        damaged[at] ^= 1 << bit
        assert good(hear(bytes(damaged))) == []


def test_a_confirmation_says_whether_it_is_durable() -> None:
    node = zw1_line()
    assert node.confirm(5, "9f3a", 412, "5-9f3a-400", True) == line("ZW1;5;9f3a;412;CONF;5-9f3a-400")
    assert node.confirm(5, "9f3a", 412, "5-9f3a-400", False) == line("ZW1;5;9f3a;412;CONF;!5-9f3a-400")


def test_the_longest_confirmation_fits_in_a_line() -> None:
    boot, seq = "f" * 32, 2**31 - 1
    assert len(zw1_line().confirm(9999, boot, seq, f"9999-{boot}-{seq}", False)) == 113
    assert len(zw1_line().help(9999, HelpSign("on_scene", f"9999-{boot}-{seq}"))) <= 120


def test_a_sign_echoes_the_press_that_raised_the_alarm() -> None:
    assert zw1_line().help(5, HelpSign("coming", "5-9f3a-412", 2)) == line("ZW1;5;9f3a;412;HELP;coming")


def test_a_sign_without_an_alarm_echoes_what_the_node_said_last() -> None:
    node = zw1_line()
    assert node.help(5, IDLE) == b""
    list(node.feed(BEAT_LINE, NOW_S))
    assert node.help(5, IDLE) == line("ZW1;5;9f3a;413;HELP;idle")


def test_a_zender_on_this_line_has_no_address() -> None:
    assert zw1.check_address("") is None
    assert "leave it out" in str(zw1.check_address("x10:aabbcc"))


VALID = st.one_of(
    st.builds(
        lambda nr, boot, seq, age_ms: (
            line(f"ZW1;{nr};{boot};{seq};PRESS;{age_ms}"),
            h.Pressed(f"{nr}-{boot}-{seq}", nr, boot, NOW_S, age_ms),
        ),
        NR,
        HEX,
        SEQ,
        st.integers(0, 10**9),
    ),
    st.builds(
        lambda nr, boot, battery: (
            line(f"ZW1;{nr};{boot};1;BEAT;{battery},1,cut"),
            h.Telemetry(f"zender:{nr}", boot, battery, tamper=True, line="cut"),
        ),
        NR,
        HEX,
        st.integers(0, 100),
    ),
)


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in at), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@given(st.lists(VALID, max_size=6), st.lists(st.integers(0, 800), max_size=8))
def test_any_split_of_a_valid_stream_says_the_same(lines: list[tuple[bytes, h.Heard]], at: list[int]) -> None:
    assert hear(*cut(b"".join(data for data, _ in lines), at)) == [said for _, said in lines]


@given(st.lists(st.one_of(st.binary(max_size=200), st.sampled_from([PRESS_LINE[:-2], b"ZW1;", b"\n"])), max_size=10))
def test_any_bytes_are_no_press(reads: list[bytes]) -> None:
    assert good(hear(*reads)) == []


@given(
    st.lists(st.tuples(st.one_of(st.binary(max_size=300), st.just(b"ZW1;5;9f3a;")), VALID), max_size=5),
    st.lists(st.integers(0, 2000), max_size=8),
)
def test_no_garbage_costs_a_valid_line(mixed: list[tuple[bytes, tuple[bytes, h.Heard]]], at: list[int]) -> None:
    stream = b"".join(garbage + data for garbage, (data, _) in mixed)
    assert good(hear(*cut(stream, at))) == [said for _, (_, said) in mixed]
