"""Simulated devices on a serial line: the lines of docs/wire.md to the byte, the faults, and the receiver's frames."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from RFXtrx import lowlevel

from achterwacht_sim.battery import Battery
from achterwacht_sim.events import Confirmed, HelpChanged, Pressed, Restarted
from achterwacht_sim.serial_line import (
    ASK_STATE,
    RESET,
    START,
    Cable,
    RfxtrxReceiver,
    SerialFaults,
    SerialFirmware,
    SerialZender,
    crc,
    lighting4,
    line_of,
    security,
)
from achterwacht_sim.wire import MAX_SEQ

WAIT_S = 5.0
BOOT = "0000000000000001"


def node(battery: Battery | None = None) -> SerialFirmware:
    boots = (f"{number:016x}" for number in itertools.count(1))
    firmware = SerialFirmware(7, boots.__next__, random.Random(1), battery=battery)
    firmware.connected(0.0)
    return firmware


def online() -> SerialFirmware:
    firmware = node()
    firmware.take_lines()
    firmware.take_events()
    return firmware


def lines_until(firmware: SerialFirmware, end_s: float) -> list[tuple[float, bytes]]:
    said = []
    while (due_s := firmware.due()) is not None and due_s <= end_s:
        firmware.wake(due_s)
        said += [(due_s, line) for line in firmware.take_lines()]
    return said


def presses_until(firmware: SerialFirmware, end_s: float) -> list[float]:
    return [at_s for at_s, line in lines_until(firmware, end_s) if b";PRESS;" in line]


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    with Cable(tmp_path / "node") as plugged:
        yield plugged


async def far_end(cable: Cable, wanted: bytes) -> bytes:
    """What the other end reads, until it has read this."""
    data = b""
    with cable.path.open("rb", buffering=0) as port:
        async with asyncio.timeout(WAIT_S):
            while wanted not in data:
                data += await asyncio.to_thread(port.read, 4096)
    return data


def test_the_crc_is_that_of_xmodem() -> None:
    assert crc(b"123456789") == 0x31C3
    assert line_of(7, "9f3a", 1, "PRESS", "0").endswith(f";{crc(b'ZW1;7;9f3a;1;PRESS;0'):04X}\n".encode())


def test_the_first_line_is_a_beat_and_another_comes_every_ten_seconds() -> None:
    firmware = node()
    assert firmware.take_lines() == [line_of(7, BOOT, 1, "BEAT", "-,0,ok")]
    assert [at_s for at_s, _ in lines_until(firmware, 30.0)] == [10.0, 20.0, 30.0]


def test_a_beat_tells_battery_tamper_and_line() -> None:
    firmware = node(Battery(87, 0.0))
    firmware.take_lines()
    firmware.set_tamper(True, 1.0)
    firmware.set_line("cut", 1.0)
    assert firmware.take_lines()[-1] == line_of(7, BOOT, 3, "BEAT", "87,1,cut")


def test_a_press_is_said_at_once_and_again_every_half_second_with_its_age() -> None:
    firmware = online()
    seq = firmware.press(1.0)
    assert firmware.take_lines() == [line_of(7, BOOT, seq, "PRESS", "0")]
    said = lines_until(firmware, 9.0)
    assert len(said) >= 13
    assert all(line == line_of(7, BOOT, seq, "PRESS", str(round((at_s - 1.0) * 1000))) for at_s, line in said)
    times_s = [1.0, *(at_s for at_s, _ in said)]
    assert all(0.4 <= later - earlier <= 0.6 for earlier, later in itertools.pairwise(times_s))


def test_a_durable_confirmation_ends_it_and_another_slows_it_down() -> None:
    firmware = online()
    seq = firmware.press(1.0)
    firmware.take_lines()
    firmware.read(line_of(7, BOOT, seq, "CONF", f"!7-{BOOT}-1"), 2.0)
    assert presses_until(firmware, 33.0) == [12.0, 22.0, 32.0]
    firmware.read(line_of(7, BOOT, seq, "CONF", f"7-{BOOT}-1"), 33.0)
    assert presses_until(firmware, 99.0) == []
    *_, slow, done = firmware.take_events()
    assert slow == Confirmed(f"7-{BOOT}-{seq}", BOOT, seq, f"7-{BOOT}-1", False)
    assert done == Confirmed(f"7-{BOOT}-{seq}", BOOT, seq, f"7-{BOOT}-1", True)


def test_what_is_not_for_this_node_or_damaged_does_nothing() -> None:
    firmware = online()
    seq = firmware.press(1.0)
    good = line_of(7, BOOT, seq, "CONF", f"7-{BOOT}-1")
    for bad in (good.replace(b"CONF;7", b"CONF;8"), line_of(7, BOOT, seq, "PAGE", "x"), b"\xff\n", b"x" * 500 + b"\n"):
        firmware.read(bad, 1.0)
    assert firmware.malformed_count == 4
    firmware.read(line_of(8, BOOT, seq, "CONF", "8-ffff-1"), 1.0)
    assert firmware.unsettled_count == 1
    firmware.read(good[:9], 1.0)
    firmware.read(good[9:], 1.0)
    assert firmware.unsettled_count == 0


def test_the_sign_names_the_incident() -> None:
    firmware = online()
    firmware.read(line_of(7, BOOT, 3, "HELP", "coming"), 1.0)
    assert firmware.take_events() == [HelpChanged(f"7-{BOOT}-3", "coming", 0)]


def test_a_restart_is_a_new_boot_that_has_forgotten_all() -> None:
    firmware = online()
    firmware.press(1.0)
    firmware.restart(2.0)
    firmware.connected(2.0)
    assert firmware.take_lines()[-1] == line_of(7, "0000000000000002", 1, "BEAT", "-,0,ok")
    assert presses_until(firmware, 20.0) == []


@given(st.lists(st.one_of(st.binary(max_size=200), st.just(b"ZW1;7;aaaa;1;CONF;!;\n")), max_size=8))
def test_any_bytes_leave_a_press_unconfirmed(reads: list[bytes]) -> None:
    firmware = online()
    seq = firmware.press(1.0)
    for data in reads:
        firmware.read(data, 1.0)
    assert firmware.unsettled_count == 1
    firmware.read(b"\n" + line_of(7, BOOT, seq, "CONF", "i"), 1.0)
    assert firmware.unsettled_count == 0


@given(st.sampled_from([1, MAX_SEQ]), st.integers(4, 32), st.sampled_from(["0", "9999999999"]))
def test_no_line_is_longer_than_120_bytes(seq: int, boot_digits: int, arg: str) -> None:
    assert len(line_of(9999, "f" * boot_digits, seq, "PRESS", arg)) <= 120


# --- on a cable -------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_zender_on_a_cable_says_its_beat_and_its_press(cable: Cable) -> None:
    async with SerialZender(cable, 7, seed=1) as zender:
        seq = zender.press()
        pressed = line_of(7, zender.firmware.boot, seq, "PRESS", "0")
        said = await far_end(cable, pressed)
        assert said.startswith(line_of(7, zender.firmware.boot, 1, "BEAT", "-,0,ok"))
        with cable.path.open("wb", buffering=0) as port:
            port.write(line_of(7, zender.firmware.boot, seq, "CONF", "7-i-1"))
        assert (await zender.confirmed(seq)).incident == "7-i-1"
        zender.restart()
    assert [type(noted.event) for noted in zender.lookout.kept] == [Pressed, Confirmed, Restarted]


@pytest.mark.asyncio
async def test_an_unplugged_zender_goes_on_and_is_heard_when_it_is_back(cable: Cable) -> None:
    async with SerialZender(cable, 7, seed=1) as zender:
        cable.unplug()
        assert not cable.path.is_symlink()
        seq = zender.press()
        cable.plug()
        await far_end(cable, b";%d;PRESS;" % seq)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "faults", [SerialFaults(garbage=1.0), SerialFaults(bad_crc=1.0), SerialFaults(lost=1.0), SerialFaults(split=True)]
)
async def test_a_fault_does_what_it_says(cable: Cable, faults: SerialFaults) -> None:
    async with SerialZender(cable, 7, faults=faults, seed=1) as zender:
        boot = zender.firmware.boot
        beat = line_of(7, boot, 1, "BEAT", "-,0,ok")
        await asyncio.sleep(0)
        zender.press()
        zender.faults = SerialFaults()
        seq = zender.press()
        said = await far_end(cable, line_of(7, boot, seq, "PRESS", "0"))
    if faults.split:
        assert said.startswith(beat)
    elif faults.garbage:
        assert beat in said and said.index(beat) >= 40
    else:
        assert beat not in said
        assert (len(said) > 2 * len(beat)) == bool(faults.bad_crc)


@pytest.mark.asyncio
async def test_a_silent_zender_says_nothing(cable: Cable) -> None:
    async with SerialZender(cable, 7, seed=1) as zender:
        zender.silent = True
        zender.press()
        zender.silent = False
        seq = zender.press()
        said = await far_end(cable, line_of(7, zender.firmware.boot, seq, "PRESS", "0"))
        assert said == line_of(7, zender.firmware.boot, seq, "PRESS", "0")


def test_a_cable_that_nobody_reads_loses_what_does_not_fit(cable: Cable) -> None:
    for _ in range(200):
        cable.write(b"x" * 1000)
    with cable.path.open("rb", buffering=0) as port:
        assert len(port.read(4096)) > 0


# --- the receiver -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "id", "word", "tamper", "battery"),
    [
        (security("x10:aabbcc", "panic"), "aabbcc:32", "Panic", False, 9),
        (security("powercode:6f4770", "alarm", tamper=True, battery=0), "6f4770:32", "Alarm", True, 0),
        (security("meiantech:0a0b0c", "battery_low"), "0a0b0c:32", "Battery low", False, 9),
        (security("x10:aabbcc", "end_panic"), "aabbcc:32", "End Panic", False, 9),
        (security("codesecure:010203", "normal"), "010203:32", "Normal", False, 9),
    ],
)
def test_pyrfxtrx_understands_our_security_frames(frame: bytes, id: str, word: str, tamper: bool, battery: int) -> None:
    judge = lowlevel.parse(bytearray(frame))
    assert (judge.id_string, judge.security1_status_string, judge.tamper, judge.battery) == (id, word, tamper, battery)


def test_pyrfxtrx_understands_our_lighting4_frames() -> None:
    assert lowlevel.parse(bytearray(lighting4("lighting4:141154"))).id_string == "141154"


def command(asked: int) -> bytes:
    return bytes((0x0D, 0x00, 0x00, 0x01, asked, *[0] * 9))


@pytest.mark.asyncio
async def test_a_receiver_is_deaf_until_it_is_started(cable: Cable) -> None:
    panic = security("x10:aabbcc", "panic")
    async with RfxtrxReceiver(cable) as receiver:
        receiver.hears(panic)
        with cable.path.open("wb", buffering=0) as port:
            port.write(command(RESET) + command(ASK_STATE)[:5])
            port.write(command(ASK_STATE)[5:] + command(START))
        await asyncio.wait_for(receiver.started.wait(), WAIT_S)
        receiver.hears(panic, times=3)
        said = await far_end(cable, panic * 3)
    assert lowlevel.parse(bytearray(said[:14])).devices == ["lighting4", "meiantech", "visonic", "x10"]
    assert said[14:] == b"\x14\x01\x07\x01\x07Copyright RFXCOM" + panic * 3


@pytest.mark.asyncio
async def test_a_hung_receiver_does_nothing(cable: Cable) -> None:
    async with RfxtrxReceiver(cable) as receiver:
        receiver.hung = True
        with cable.path.open("wb", buffering=0) as port:
            port.write(command(START))
        async with asyncio.timeout(WAIT_S):
            while not receiver._unfinished:  # noqa: ASYNC110 - it tells nobody that it does nothing
                await asyncio.sleep(0.001)
        assert not receiver.started.is_set()
        receiver.hung = False
        await asyncio.wait_for(receiver.started.wait(), WAIT_S)
