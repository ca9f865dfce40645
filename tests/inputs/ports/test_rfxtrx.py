"""The RFXtrx's frames: the known vectors, pyRFXtrx as the judge of all others, bursts, and falling out of step."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from RFXtrx import lowlevel

from achterwacht.core import heard as h
from achterwacht.core.display import HelpSign
from achterwacht.inputs.ports import Complaint, PortProtocol, Silent, protocol, rfxtrx
from achterwacht.inputs.wiring import OnPort, PressIds

NOW_S = 100.0
SILENCE_S = rfxtrx.GAP_S + 0.001
ZENDERS = (
    OnPort(1, "rf", "x10:aabbcc"),
    OnPort(2, "rf", "powercode:6f4770"),
    OnPort(3, "rf", "x10:d3dc54"),
    OnPort(4, "rf", "lighting4:141154"),
    OnPort(5, "rf", "kd101:010203"),
    OnPort(6, "rf", "meiantech:0a0b0c"),
)
PANIC = bytes.fromhex("08 20 02 01 AA BB CC 06 89")
ALARM = bytes.fromhex("08 20 04 03 6F 47 70 02 59")
REMOTE = bytes.fromhex("09 13 00 07 14 11 54 01 5E 70")
WEATHER = bytes.fromhex("08 50 01 00 04 01 00 C8 79")  # a temperature: a type that is skipped
STATE_OLD = bytes.fromhex("0D 01 00 01 02 53 1F 00 4F 6F 00 00 00 00")  # captured: X10, no Visonic, no Meiantech
STATE_NEW = bytes.fromhex("14 01 00 01 02 53 01 2A 00 24 00 01 02 1C 03 52 46 58 43 4F 4D")  # Lighting4 alone of ours
STARTED = bytes.fromhex("14 01 07 03 07") + b"Copyright RFXCOM"


def receiver(zenders: Sequence[OnPort] = ZENDERS) -> rfxtrx.Line:
    return rfxtrx.Line("rf", zenders, PressIds("d1"))


def hear(*reads: bytes, every_s: float = 0.0, to: rfxtrx.Line | None = None) -> list[h.Heard | Complaint]:
    heard = to or receiver()
    return [said for n, data in enumerate(reads) for said in heard.feed(data, NOW_S + n * every_s)]


def presses(said: Iterable[h.Heard | Complaint]) -> list[int]:
    return [one.zender for one in said if isinstance(one, h.Pressed)]


def test_it_is_a_protocol() -> None:
    spoken: PortProtocol = rfxtrx  # what mypy holds
    assert protocol("rfxtrx") is spoken


@pytest.mark.parametrize(
    ("frame", "pressed", "life"),
    [
        ("08 20 02 01 AA BB CC 06 89", True, h.Telemetry("zender:1", "", 100, battery_low=False, tamper=False)),
        ("08 20 02 02 AA BB CC 07 89", False, h.Telemetry("zender:1", "", 100, battery_low=False, tamper=False)),
        ("08 20 04 03 6F 47 70 02 59", True, h.Telemetry("zender:2", "", 100, battery_low=False, tamper=False)),
        ("08 20 04 04 6F 47 70 82 50", True, h.Telemetry("zender:2", "", 0, tamper=True)),
        ("08 20 04 05 6F 47 70 00 59", False, h.Telemetry("zender:2", "", 100, battery_low=False, tamper=False)),
        ("08 20 00 4D D3 DC 54 00 89", False, h.Telemetry("zender:3", "", 100, battery_low=False, tamper=False)),
        ("09 13 00 07 14 11 54 01 5E 70", True, h.Telemetry("zender:4", "")),
        # Built by the same tables.
        ("08 20 02 01 AA BB CC 03 85", True, h.Telemetry("zender:1", "", 56, tamper=False)),
        ("08 20 02 01 AA BB CC 16 80", False, h.Telemetry("zender:1", "", battery_low=True, tamper=False)),
        ("08 20 02 01 AA BB CC 04 8F", False, h.Telemetry("zender:1", "", tamper=False)),
        ("08 20 02 01 AA BB CC 80 89", False, h.Telemetry("zender:1", "", 100, battery_low=False, tamper=True)),
        ("08 20 03 01 01 02 03 06 80", True, h.Telemetry("zender:5", "", tamper=False)),
        ("08 20 08 01 0A 0B 0C 06 89", True, h.Telemetry("zender:6", "", 100, battery_low=False, tamper=False)),
        ("08 20 07 01 6F 47 70 02 59", True, h.Telemetry("zender:2", "", 100, battery_low=False, tamper=False)),
    ],
)
def test_a_frame_that_is_known(frame: str, pressed: bool, life: h.Telemetry) -> None:
    *before, last = hear(bytes.fromhex(frame))
    nr = int(life.device.partition(":")[2])
    assert before == ([h.Pressed(f"{nr}-d1-1", nr, "", NOW_S)] if pressed else [])
    assert last == life


SECURITY = st.builds(
    lambda subtype, number, id, status, battery: bytes((8, 0x20, subtype, number, *id, status, battery)),
    st.integers(0, 0x0A),
    st.integers(0, 255),
    st.binary(min_size=3, max_size=3),
    st.integers(0, 255),
    st.integers(0, 255),
)
KIND_OF = {
    "X10 Security": "x10",
    "X10 Security Motion Detector": "x10",
    "X10 Security Remote": "x10",
    "KD101 Smoke Detector": "kd101",
    "Visonic Powercode Door/Window Sensor Primary Contact": "powercode",
    "Visonic Powercode Motion Detector": "powercode",
    "Visonic Codesecure": "codesecure",
    "Visonic Powercode Door/Window Sensor Auxilary Contact": "powercode",
    "Meiantech": "meiantech",
    "Alecto SA30 Smoke Detector": "sa30",
    "RM174RF Smoke Detector": "rm174",
}


@given(SECURITY)
def test_pyrfxtrx_reads_a_security_frame_as_we_do(frame: bytes) -> None:
    judge = lowlevel.parse(bytearray(frame))
    address = f"{KIND_OF[judge.type_string]}:{judge.id_string[:6]}"
    assert rfxtrx.check_address(address) is None
    heard = hear(frame, to=receiver([OnPort(7, "rf", address)]))
    word = judge.security1_status_string
    assert presses(heard) == ([7] if word in ("Alarm", "Alarm Delayed", "Panic") else [])
    life = heard[-1]
    assert isinstance(life, h.Telemetry)
    assert life.tamper == judge.tamper
    knows = judge.battery is not None and judge.battery <= 9 and word != "Battery low"
    assert life.battery == (round(judge.battery * 100 / 9) if knows else None)
    assert life.battery_low == (True if word == "Battery low" else False if life.battery == 100 else None)


@given(st.integers(0, 255), st.binary(min_size=3, max_size=3), st.binary(min_size=3, max_size=3))
def test_pyrfxtrx_reads_a_lighting4_frame_as_we_do(number: int, code: bytes, rest: bytes) -> None:
    frame = bytes((9, 0x13, 0, number)) + code + rest
    judge = lowlevel.parse(bytearray(frame))
    assert presses(hear(frame, to=receiver([OnPort(7, "rf", f"lighting4:{judge.cmd:06x}")]))) == [7]


def test_every_type_that_pyrfxtrx_reads_may_be_a_type() -> None:
    assert set(lowlevel.PACKET_TYPES) <= rfxtrx.TYPES


def test_every_length_we_know_is_one_that_pyrfxtrx_reads() -> None:
    for kind in (rfxtrx.SECURITY1, rfxtrx.LIGHTING4):
        (length,) = rfxtrx.LENGTHS[kind]
        assert lowlevel.parse(bytearray((length, kind, *[0] * (length - 1)))) is not None
        assert lowlevel.parse(bytearray((length - 1, kind, *[0] * (length - 2)))) is None


@pytest.mark.parametrize(("copies", "burst_s"), [(6, 0.65), (8, 1.35)])
def test_a_burst_is_one_press_and_one_after_the_window_is_another(copies: int, burst_s: float) -> None:
    pendant = receiver()
    pressed: list[int] = []
    for start_s in (0.0, 3.0, 5.9, 60.0):
        for n in range(copies):
            pressed += presses(pendant.feed(PANIC, NOW_S + start_s + n * burst_s / copies))
    # The third burst begins within the second's window and ends beyond it: somebody is still pressing.
    assert len(pressed) == 4
    assert len(presses(hear(*[PANIC] * copies, every_s=burst_s / copies))) == 1


def test_the_window_is_of_one_zender() -> None:
    assert presses(hear(PANIC, ALARM, PANIC, ALARM, REMOTE)) == [1, 2, 4]


def test_each_press_has_a_new_name() -> None:
    said = hear(PANIC, PANIC, every_s=3.0)
    assert [one.press for one in said if isinstance(one, h.Pressed)] == ["1-d1-1", "1-d1-2"]


def test_a_pendant_of_the_neighbours_is_a_complaint_and_no_page() -> None:
    (said,) = hear(bytes.fromhex("08 20 02 01 12 34 56 06 89"))
    assert said == Complaint("unknown", "x10:123456 says Panic and is no zender here; if it is yours, add it")
    (said,) = hear(bytes.fromhex("08 20 0B 01 12 34 56 06 89"))
    assert "security-0b:123456" in str(said)
    (said,) = hear(bytes.fromhex("09 13 00 07 AB CD EF 01 5E 70"))
    assert "lighting4:abcdef says pressed" in str(said)


def test_a_window_contact_of_the_neighbours_is_nothing() -> None:
    assert hear(bytes.fromhex("08 20 04 05 12 34 56 00 59")) == []


def test_other_types_are_skipped_by_their_length() -> None:
    undecoded = bytes((36, 0x03, *[0x20] * 35))
    assert presses(hear(WEATHER + PANIC + undecoded + ALARM + b"\0" + STARTED + REMOTE)) == [1, 2, 4]
    assert not any(isinstance(said, Complaint) for said in hear(WEATHER + b"\0" + undecoded + STARTED + PANIC))


def test_a_read_that_ends_at_any_byte() -> None:
    stream = WEATHER + PANIC + REMOTE + ALARM
    for cut in range(len(stream) + 1):
        assert presses(hear(stream[:cut], stream[cut:], every_s=0.29)) == [1, 4, 2]


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x80", b"\0\0\0", b"\x03", b"\x08", b"\x09\xf0", b"\x05\x90", b"\x13"])
def test_garbage_that_begins_no_frame_costs_nothing(garbage: bytes) -> None:
    assert presses(hear(garbage + PANIC)) == [1]


def test_half_a_frame_is_given_up_after_a_silence() -> None:
    assert presses(hear(PANIC[:7], PANIC, every_s=SILENCE_S)) == [1]


def test_what_half_a_frame_had_swallowed_is_read_after_a_silence() -> None:
    swallowing = bytes((20, 0x5A))
    said = hear(swallowing + PANIC, b"", every_s=SILENCE_S)
    assert presses(said) == [1]
    assert "half a frame" in str(said[0])
    assert presses(hear(swallowing + PANIC, b"", every_s=rfxtrx.GAP_S / 2)) == []


def test_a_security_frame_of_another_length_is_a_complaint() -> None:
    said = hear(bytes.fromhex("09 20 02 01 AA BB CC 06 89 00"), b"", every_s=1.0)
    assert presses(said) == []
    assert any(isinstance(one, Complaint) and one.kind == "malformed" for one in said)


FRAME = st.one_of(SECURITY, st.sampled_from([PANIC, ALARM, REMOTE, WEATHER, STARTED, STATE_OLD]))


@given(st.lists(FRAME, max_size=6), st.lists(st.integers(0, 150), max_size=8))
def test_any_split_of_a_valid_stream_says_the_same(frames: list[bytes], at: list[int]) -> None:
    stream = b"".join(frames)
    edges = [0, *sorted(place % (len(stream) + 1) for place in at), len(stream)]
    reads = [stream[start:end] for start, end in itertools.pairwise(edges)]
    assert hear(*reads) == hear(stream) == hear(*frames)


@given(st.lists(st.binary(max_size=60), max_size=8), st.floats(0.0, 1.0), st.sampled_from([PANIC, ALARM, REMOTE]))
def test_no_bytes_do_harm_and_after_a_silence_a_frame_is_never_lost(
    reads: list[bytes], every_s: float, frame: bytes
) -> None:
    heard = receiver()
    said = hear(*reads, every_s=every_s, to=heard)
    assert presses(said) == []  # three bytes of a known address, in the right place: not by chance
    assert len(heard._frames._unfinished) <= rfxtrx.LENGTH_MAX
    assert len(presses(heard.feed(frame, NOW_S + 8 * every_s + SILENCE_S))) == 1


@given(st.lists(st.integers(rfxtrx.LENGTH_MAX + 1, 255), max_size=50))
def test_no_garbage_that_begins_no_frame_costs_a_frame(garbage: list[int]) -> None:
    assert presses(hear(bytes(garbage) + PANIC)) == [1]


# --- the opening ------------------------------------------------------------------------------------------------------


def test_it_is_reset_then_asked_and_started_as_pyrfxtrx_does_it() -> None:
    line = receiver()
    ((reset, wait_s),) = line.opening
    assert reset == bytes.fromhex("0D 00 00 00 00 00 00 00 00 00 00 00 00 00")
    assert wait_s >= 0.3
    line.opened(NOW_S)
    assert line.say(NOW_S) == bytes.fromhex(
        "0D 00 00 01 02 00 00 00 00 00 00 00 00 00  0D 00 00 03 07 00 00 00 00 00 00 00 00 00"
    )
    assert line.say(NOW_S) == b""


def test_it_lives_when_it_has_answered() -> None:
    line = receiver()
    line.opened(NOW_S)
    line.say(NOW_S)
    hear(STARTED, to=line)
    assert not line.alive
    hear(STATE_OLD, to=line)
    assert line.alive
    line.opened(NOW_S)
    assert not line.alive


def test_one_that_never_answers_is_told_of_within_its_time() -> None:
    line = receiver()
    line.opened(NOW_S)
    line.say(NOW_S)
    assert line.say(NOW_S + 2.9) == b""
    with pytest.raises(Silent, match="is this an RFXtrx"):
        line.say(NOW_S + 3.0)


def test_it_is_asked_every_10_s_and_one_that_hangs_is_told_of() -> None:
    line = receiver()
    line.opened(NOW_S)
    line.say(NOW_S)
    for round in range(1, 4):
        hear(STATE_OLD, to=line)
        assert line.say(NOW_S + 10 * round - 0.1) == b""
        assert line.say(NOW_S + 10 * round) == rfxtrx.ASK_STATE
    with pytest.raises(Silent):
        line.say(NOW_S + 33.0)
    line.opened(NOW_S + 34)
    assert line.say(NOW_S + 34).endswith(rfxtrx.START)


def test_a_receiver_that_does_not_listen_for_our_pendants_is_a_fault() -> None:
    line = receiver()
    (said,) = hear(STATE_OLD, to=line)
    assert said == h.Trouble(
        "gateway:rf/deaf",
        "the receiver does not listen for Lighting4, Meiantech, Visonic: switch it on with RFXmngr and save it",
    )
    assert hear(STATE_OLD, to=line) == []  # told once
    (said,) = hear(STATE_NEW, to=line)
    assert "Meiantech, Visonic, X10:" in str(said)
    everything = STATE_OLD[:7] + b"\x08\x00\x91" + STATE_OLD[10:]
    assert hear(everything, to=line) == [h.TroubleOver("gateway:rf/deaf")]
    line.opened(NOW_S)
    assert hear(everything, to=line) == [h.TroubleOver("gateway:rf/deaf")]


def test_the_switches_are_those_that_pyrfxtrx_names() -> None:
    named = {"Lighting4": "lighting4", "X10": "x10", "Meiantech": "meiantech", "Visonic": "visonic"}
    for byte, bit, name in rfxtrx.SWITCHES.values():
        state = bytearray(STATE_OLD[:7] + bytes(7))
        state[byte] = bit
        assert lowlevel.parse(state).devices == [named[name]]


def test_of_another_band_the_switches_are_not_known() -> None:
    at_868 = STATE_OLD[:5] + b"\x55" + STATE_OLD[6:]
    assert hear(at_868) == [h.TroubleOver("gateway:rf/deaf")]


def test_a_wrong_command_is_no_state() -> None:
    for answer in ("0D 01 FF 03 07 53", "0D 01 FF 01 02 53", "0D 01 00 02 03 53"):
        line = receiver()
        assert hear(bytes.fromhex(answer) + bytes(8), to=line) == []
        assert not line.alive


def test_an_opening_forgets_half_a_frame() -> None:
    line = receiver()
    hear(PANIC[:5], to=line)
    line.opened(NOW_S)
    assert presses(hear(PANIC[5:] + ALARM, to=line)) == [2]


def test_nothing_is_ever_said_to_a_pendant() -> None:
    assert receiver().confirm(1, "d1", 1, "1-d1-1", True) == b""
    assert receiver().help(1, HelpSign("coming", "1-d1-1", 2)) == b""


@pytest.mark.parametrize("address", ["x10:aabbcc", "powercode:6f4770", "lighting4:141154", "meiantech:000000"])
def test_a_good_address(address: str) -> None:
    assert rfxtrx.check_address(address) is None


@pytest.mark.parametrize("address", ["", "x10", "aabbcc", "x10:AABBCC", "x10:aabbc", "x10:aabbccd", "visonic:aabbcc"])
def test_a_bad_address_says_what_is_expected(address: str) -> None:
    problem = rfxtrx.check_address(address)
    assert problem and repr(address) in problem and "x10:aabbcc" in problem and "powercode" in problem
