"""A serial port over a real pseudo terminal: heard, answered, pulled out, put back, held by others, never read."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import serial as pyserial

from achterwacht.core import heard as h
from achterwacht.core.display import IDLE, HelpSign
from achterwacht.inputs import serial
from achterwacht.inputs.ports import rfxtrx, zw1
from achterwacht.inputs.serial import CONFIRMS_MAX, SerialPort
from achterwacht.inputs.wiring import OnPort, Port, PressIds
from achterwacht_sim.serial_line import Cable, RfxtrxReceiver, SerialZender, crc, line_of, security

WAIT_S = 5.0
"""A bound on every wait, and what the promises give a lost line until its fault."""
REAL_RETRY_S, REAL_TICK_S = serial.RETRY_S, serial.TICK_S
OFFLINE = "gateway:desks/offline"
BOOT = "9f3a0011"

T = TypeVar("T")


class House:
    """The daemon as far as a port sees it: it hears everything and confirms presses as it is told to."""

    def __init__(self) -> None:
        self.heard: list[h.Heard] = []
        self.ahead_s = 0.0
        self.confirms: list[dict[str, Any]] = []
        self._changed = asyncio.Event()

    def mono_s(self) -> float:
        return time.monotonic() + self.ahead_s

    def hear(
        self,
        heard: h.Heard,
        ack: Callable[[], None] = lambda: None,
        reply: Callable[[dict[str, Any]], None] = lambda said: None,
    ) -> None:
        self.heard.append(heard)
        self._changed.set()
        if isinstance(heard, h.Pressed) and self.confirms:
            reply({"incident": heard.press, **self.confirms.pop(0)})

    async def hears(self, wanted: Callable[[h.Heard], T | None], after: int = 0) -> T:
        """The first thing heard after so many that is wanted."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for heard in self.heard[after:]:
                    if found := wanted(heard):
                        return found
                self._changed.clear()
                await self._changed.wait()

    async def presses(self, count: int) -> list[str]:
        """The ids of all presses so far, when there are so many of them."""

        def enough(_: h.Heard) -> list[str] | None:
            said = [heard.press for heard in self.heard if isinstance(heard, h.Pressed)]
            return said if len(said) >= count else None

        return await self.hears(enough)

    async def trouble(self, key: str = OFFLINE, *, after: int = 0) -> str:
        """What was told of this fault."""
        return await self.hears(
            lambda said: said.detail if isinstance(said, h.Trouble) and said.key == key else None, after
        )

    async def over(self, key: str = OFFLINE, *, after: int = 0) -> None:
        await self.hears(lambda said: said == h.TroubleOver(key) or None, after)


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    with Cable(tmp_path / "usb-node-port0") as plugged:
        yield plugged


@contextlib.asynccontextmanager
async def ears(
    house: House, path: Path, protocol: str = "zw1", zenders: tuple[OnPort, ...] = (OnPort(5, "desks"),)
) -> AsyncIterator[SerialPort]:
    port = SerialPort(Port("desks", protocol, str(path)), zenders, PressIds("d1"), house.mono_s, house.hear)
    running = asyncio.create_task(port.run())
    try:
        yield port
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits that only people notice are short here; that they are short enough for people is a test of its own."""
    monkeypatch.setattr(serial, "STEADY_S", 0.0)
    monkeypatch.setattr(serial, "RETRY_S", 0.02)
    monkeypatch.setattr(serial, "TICK_S", 0.02)
    monkeypatch.setattr(rfxtrx.Line, "opening", ((rfxtrx.RESET, 0.01),))


def test_every_loss_is_a_fault_within_5_s() -> None:
    assert REAL_RETRY_S + serial.OPEN_WAIT_S < WAIT_S
    assert rfxtrx.RESET_S + rfxtrx.ANSWER_WITHIN_S + REAL_TICK_S + REAL_RETRY_S < WAIT_S


async def until(done: Callable[[], bool]) -> None:
    """For what nobody tells of: a device's own state."""
    async with asyncio.timeout(WAIT_S):
        while not done():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)


async def read_lines(cable: Cable, count: int) -> list[bytes]:
    data = b""
    async with asyncio.timeout(WAIT_S):
        while data.count(b"\n") < count:
            data += cable.read()
            await asyncio.sleep(0.001)
    return data.splitlines(keepends=True)


def press(seq: int, age_ms: int = 0) -> bytes:
    return line_of(5, BOOT, seq, "PRESS", str(age_ms))


def beat(seq: int, boot: str = BOOT) -> bytes:
    return line_of(5, boot, seq, "BEAT", "87,0,ok")


# --- our own nodes ----------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_press_is_heard_and_confirmed_by_the_node_s_own_ears(cable: Cable) -> None:
    house = House()
    house.confirms = [{"durable": False}, {"durable": True}]
    async with ears(house, cable.path):
        await house.over()
        async with SerialZender(cable, 5, seed=1) as node:
            life = await house.hears(lambda said: said if isinstance(said, h.Telemetry) else None)
            assert life == h.Telemetry("zender:5", node.firmware.boot, None, tamper=False, line="ok")
            seq = node.press()
            await node.confirmed(seq, durable=False)
            assert await house.presses(1) == [f"5-{node.firmware.boot}-{seq}"]
            node.firmware._repeats.all_due(0.0)  # the ten seconds until it says it again
            assert (await node.confirmed(seq)).incident == f"5-{node.firmware.boot}-{seq}"
            assert node.firmware.unsettled_count == 0


@pytest.mark.asyncio
async def test_a_press_is_repeated_until_it_is_confirmed_and_keeps_its_name(cable: Cable) -> None:
    house = House()
    async with ears(house, cable.path), SerialZender(cable, 5, seed=1) as node:
        await house.over()
        seq = node.press()
        assert set(await house.presses(3)) == {f"5-{node.firmware.boot}-{seq}"}
        ages = [heard.age_ms for heard in house.heard if isinstance(heard, h.Pressed)]
        assert ages[0] < 100 and 700 < ages[2] < 1300


@pytest.mark.asyncio
async def test_lines_in_pieces_and_several_at_once(cable: Cable) -> None:
    house = House()
    async with ears(house, cable.path):
        await house.over()
        for byte in press(1):
            cable.write(bytes((byte,)))
            await asyncio.sleep(0)
        cable.write(press(2) + beat(3) + b"\xff\xfe" + press(4)[:20])
        await house.presses(2)
        cable.write(press(4)[20:])
        assert await house.presses(3) == [f"5-{BOOT}-{seq}" for seq in (1, 2, 4)]


@pytest.mark.asyncio
async def test_damaged_lines_are_one_fault_that_returns_after_ten_seconds(cable: Cable) -> None:
    house = House()
    bad = press(1).replace(b"PRESS;0", b"PRESS;1")
    async with ears(house, cable.path):
        await house.over()
        cable.write(bad * 5 + press(2))
        await house.presses(1)
        assert "damaged on its way" in await house.trouble("gateway:desks/malformed")
        cable.write(bad + press(3))
        await house.presses(2)
        assert sum(isinstance(said, h.Trouble) for said in house.heard) == 1
        before = len(house.heard)
        house.ahead_s += 10.0
        cable.write(bad)
        await house.trouble("gateway:desks/malformed", after=before)


@pytest.mark.asyncio
async def test_a_sign_is_shown_and_told_again_with_each_beat(cable: Cable) -> None:
    house = House()
    async with ears(house, cable.path) as port:
        await house.over()
        port.help(5, HelpSign("coming", f"5-{BOOT}-7", 2))
        coming = line_of(5, BOOT, 7, "HELP", "coming")
        assert await read_lines(cable, 1) == [coming]
        cable.write(beat(8, "00ff00ff"))
        assert await read_lines(cable, 1) == [coming]
        port.help(5, IDLE)
        assert await read_lines(cable, 1) == [line_of(5, "00ff00ff", 8, "HELP", "idle")]


@pytest.mark.asyncio
async def test_a_node_shows_the_sign_also_after_it_was_pulled_out(cable: Cable) -> None:
    house = House()
    async with ears(house, cable.path) as port, SerialZender(cable, 5, seed=1) as node:
        await house.over()
        cable.unplug()
        port.help(5, HelpSign("sent", f"5-{node.firmware.boot}-1"))
        cable.plug()
        await until(lambda: node.firmware.help.state == "sent")


# --- a port that is not there ----------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_port_that_is_missing_at_start_is_a_fault_until_it_is_plugged_in(cable: Cable) -> None:
    house = House()
    cable.unplug()
    async with ears(house, cable.path):
        told = await house.trouble()
        assert told.startswith(f"no such device: {cable.path}") and "/dev/serial/by-id" in told
        cable.plug()
        await house.over()
        cable.write(press(1))
        await house.presses(1)


@pytest.mark.asyncio
async def test_unplugged_is_a_fault_at_once_and_over_when_it_is_back(cable: Cable) -> None:
    house = House()
    async with ears(house, cable.path) as port:
        await house.over()
        for seq in (1, 2):
            before = len(house.heard)
            cable.write(press(seq)[:-9])  # half a line, which must not join what follows
            cable.unplug()
            unplugged_s = time.monotonic()
            assert (await house.trouble(after=before)).startswith("unplugged")
            assert time.monotonic() - unplugged_s < 0.5
            await house.trouble(after=len(house.heard))  # and then: no such device
            cable.plug()
            await until(lambda: port._fd is not None)
            cable.write(press(seq))
            await house.presses(seq)
            await house.over(after=before)
    assert not any("malformed" in said.key for said in house.heard if isinstance(said, h.Trouble))


@pytest.mark.asyncio
async def test_a_loose_plug_is_one_fault_and_not_one_every_second(
    cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial, "STEADY_S", 1.0)
    house = House()
    async with ears(house, cable.path) as port:
        for _ in range(3):
            await until(lambda: port._fd is not None)
            cable.plug()  # pulled out and put back before anybody looked
            await until(lambda: port._fd is None)
    assert [type(said) for said in house.heard] == [h.Trouble]


@pytest.mark.asyncio
async def test_in_use_by_another_program(cable: Cable) -> None:
    house = House()
    with pyserial.Serial(str(cable.path), exclusive=True):
        async with ears(house, cable.path):
            assert "in use by another program" in await house.trouble()


@pytest.mark.asyncio
async def test_no_serial_port_at_all(tmp_path: Path) -> None:
    house = House()
    (tmp_path / "notes").write_text("none")
    async with ears(house, tmp_path / "notes"):
        assert "is it a serial port?" in await house.trouble()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("number", "told"), [(errno.EACCES, "group dialout"), (errno.EBUSY, "in use"), (errno.ENXIO, "no such device")]
)
async def test_every_error_says_what_to_do(
    cable: Cable, monkeypatch: pytest.MonkeyPatch, number: int, told: str
) -> None:
    def refuse(_: SerialPort) -> pyserial.Serial:
        raise pyserial.SerialException(number, "could not open port")

    monkeypatch.setattr(SerialPort, "_open_now", refuse)
    house = House()
    async with ears(house, cable.path):
        assert told in await house.trouble()


@pytest.mark.asyncio
async def test_an_open_that_hangs_is_a_fault_and_holds_nothing_up(
    cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()
    closed = threading.Event()

    made = []  # else the collector would close it

    class Hanging(pyserial.Serial):
        def open(self) -> None:
            made.append(self)
            let_go.wait(WAIT_S)
            super().open()

        def close(self) -> None:
            super().close()
            closed.set()

    monkeypatch.setattr(serial, "OPEN_WAIT_S", 0.05)
    monkeypatch.setattr("serial.Serial", Hanging)
    house = House()
    async with ears(house, cable.path):
        assert "its driver hangs" in await house.trouble()
    # Stopped while it hung: what comes open later is closed again.
    assert not closed.is_set()
    let_go.set()
    await until(closed.is_set)


@pytest.mark.asyncio
async def test_a_stopped_port_is_free_for_others(cable: Cable) -> None:
    house = House()
    async with ears(house, cable.path) as port:
        await house.over()
        fd = port._fd
    assert fd is not None
    assert not asyncio.get_running_loop().remove_reader(fd)
    with pyserial.Serial(str(cable.path), exclusive=True) as other:
        assert other.is_open


# --- a peer that does not read ---------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_peer_that_does_not_read_holds_nothing_up(cable: Cable) -> None:
    house = House()
    async with ears(house, cable.path) as port:
        await house.over()
        began_s = time.monotonic()
        for seq in range(1, 5001):
            port.confirm(5, BOOT, seq, f"5-{BOOT}-1", True)
            port.help(5, HelpSign("sent", f"5-{BOOT}-{seq}"))
        assert time.monotonic() - began_s < 2.0
        assert len(port._answers) <= CONFIRMS_MAX
        cable.write(press(1))
        await house.presses(1)
        # It reads again: whole lines, in order, the newest sign last; what had no room is gone.
        port.help(5, HelpSign("coming", f"5-{BOOT}-1", 2))
        last = line_of(5, BOOT, 1, "HELP", "coming")
        said = b""
        async with asyncio.timeout(WAIT_S):
            while not said.endswith(last):
                said += cable.read()
                await asyncio.sleep(0.001)
        lines = said.splitlines()
        assert all(line.rpartition(b";")[2] == b"%04X" % crc(line.rpartition(b";")[0]) for line in lines)
        confirmed = [int(line.split(b";")[3]) for line in lines if b"CONF" in line]
        assert confirmed == sorted(set(confirmed)) and CONFIRMS_MAX <= len(confirmed) < 5000
        port.confirm(5, BOOT, 9000, f"5-{BOOT}-1", True)
        assert await read_lines(cable, 1) == [zw1.encode(5, BOOT, 9000, "CONF", f"5-{BOOT}-1")]


@pytest.mark.asyncio
async def test_what_was_to_be_said_before_it_was_pulled_out_is_not_said_after(cable: Cable) -> None:
    house = House()
    async with ears(house, cable.path) as port:
        await house.over()
        for seq in range(1, 1001):
            port.confirm(5, BOOT, seq, f"5-{BOOT}-1", True)
        assert port._half and port._answers
        cable.plug()
        await until(lambda: port._fd is None)
        await until(lambda: port._fd is not None)
        port.confirm(5, BOOT, 9000, f"5-{BOOT}-1", True)
        assert await read_lines(cable, 1) == [zw1.encode(5, BOOT, 9000, "CONF", f"5-{BOOT}-1")]


# --- an RFXtrx --------------------------------------------------------------------------------------------------------

PENDANTS = (OnPort(1, "desks", "x10:aabbcc"), OnPort(2, "elsewhere", "x10:000002"))
PANIC = security("x10:aabbcc", "panic")


@pytest.mark.asyncio
async def test_a_receiver_is_started_and_a_burst_is_one_press(cable: Cable) -> None:
    house = House()
    async with RfxtrxReceiver(cable) as rf, ears(house, cable.path, "rfxtrx", PENDANTS):
        await asyncio.wait_for(rf.started.wait(), WAIT_S)
        await house.over()
        rf.hears(PANIC, times=8)
        assert await house.presses(1) == ["1-d1-1"]
        rf.hears(security("x10:000002", "panic"))  # of another port
        assert "x10:000002 says Panic" in await house.trouble("gateway:desks/unknown")
        house.ahead_s += 3.0
        rf.hears(PANIC)
        assert await house.presses(2) == ["1-d1-1", "1-d1-2"]


@pytest.mark.asyncio
async def test_a_receiver_that_hangs_is_a_fault_and_is_started_again(cable: Cable) -> None:
    house = House()
    async with RfxtrxReceiver(cable) as rf, ears(house, cable.path, "rfxtrx", PENDANTS):
        await asyncio.wait_for(rf.started.wait(), WAIT_S)
        await house.over()
        rf.hung = True
        rf.started.clear()
        house.ahead_s += 10.0  # it is asked
        await until(lambda: len(rf._unfinished) > 0)
        house.ahead_s += 3.0
        assert "does not answer" in await house.trouble()
        before = len(house.heard)
        rf.hung = False
        await asyncio.wait_for(rf.started.wait(), WAIT_S)
        await house.over(after=before)
        rf.hears(PANIC)
        await house.presses(1)


@pytest.mark.asyncio
async def test_what_is_no_receiver_is_a_fault_that_does_not_come_and_go(cable: Cable) -> None:
    house = House()
    async with ears(house, cable.path, "rfxtrx", PENDANTS):
        for _ in range(2):
            await until(lambda: b"\x0d\x00\x00\x03\x07" in cable.read())  # started
            house.ahead_s += 3.0
            assert "is this an RFXtrx?" in await house.trouble()
    assert [type(said) for said in house.heard] == [h.Trouble]


@pytest.mark.asyncio
async def test_a_frame_that_half_a_frame_had_swallowed_comes_out_by_itself(cable: Cable) -> None:
    house = House()
    async with RfxtrxReceiver(cable) as rf, ears(house, cable.path, "rfxtrx", PENDANTS):
        await asyncio.wait_for(rf.started.wait(), WAIT_S)
        await house.over()
        rf.hears(bytes((20, 0x5A)) + PANIC)
        assert await house.presses(1) == ["1-d1-1"]


# --- how fast ---------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_press_is_heard_at_once(cable: Cable) -> None:
    house = House()
    late_s = []
    async with ears(house, cable.path):
        await house.over()
        for seq in range(1, 201):
            began_s = time.monotonic()
            cable.write(press(seq))
            await house.presses(seq)
            late_s.append(time.monotonic() - began_s)
    late_s.sort()
    print(
        f"press to heard: p50 {late_s[100] * 1e6:.0f} µs, p99 {late_s[198] * 1e6:.0f} µs, max {late_s[-1] * 1e6:.0f} µs"
    )
    assert late_s[100] < 0.01, "the whole way to the page has 50 ms (docs/promises.md)"
