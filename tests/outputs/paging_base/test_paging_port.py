"""The line to a paging system, over a real pseudo terminal and over TCP: opened, spoken on, lost, and opened again."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import termios
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import serial as pyserial

from achterwacht.outputs.paging_base import port as port_module
from achterwacht.outputs.paging_base.port import BasePort, tcp_in_words
from achterwacht.outputs.wiring import PagingBase, SerialFormat
from achterwacht_sim.serial_line import Cable

WAIT_S = 5.0
"""A bound on every wait, and what the promises give a lost line until its fault."""
REAL_RETRY_S = port_module.RETRY_S


class Ear:
    """Hears all that a port tells."""

    def __init__(self) -> None:
        self.openings = 0
        self.data = b""
        self.reasons: list[str] = []
        self._changed = asyncio.Event()

    def opened(self) -> None:
        self.openings += 1
        self._changed.set()

    def heard(self, data: bytes) -> None:
        self.data += data
        self._changed.set()

    def lost(self, reason: str) -> None:
        self.reasons.append(reason)
        self._changed.set()

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not done():
                self._changed.clear()
                await self._changed.wait()

    async def opens(self, times: int = 1) -> None:
        await self.until(lambda: self.openings >= times)

    async def is_told(self, words: str) -> str:
        await self.until(lambda: any(words in reason for reason in self.reasons))
        return next(reason for reason in self.reasons if words in reason)


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    with Cable(tmp_path / "usb-paging-port0") as plugged:
        yield plugged


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_module, "RETRY_S", 0.02)


@contextlib.asynccontextmanager
async def a_port(base: PagingBase) -> AsyncIterator[tuple[BasePort, Ear]]:
    ear = Ear()
    port = BasePort(base, ear)
    running = asyncio.create_task(port.run())
    try:
        yield port, ear
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


PLAIN = SerialFormat()


def on_cable(path: Path, characters: SerialFormat = PLAIN) -> PagingBase:
    return PagingBase("b1", "espa", str(path), format=characters)


async def read(cable: Cable, size: int) -> bytes:
    data = b""
    async with asyncio.timeout(WAIT_S):
        while len(data) < size:
            data += cable.read()
            await asyncio.sleep(0)
    return data


def test_every_loss_is_a_fault_within_5_s() -> None:
    assert REAL_RETRY_S + port_module.OPEN_WAIT_S < WAIT_S
    assert port_module.PROBE_S + port_module.UNHEARD_MS / 1000 < WAIT_S
    assert port_module.CONNECT_S < port_module.OPEN_WAIT_S


# --- a serial line ----------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_both_ways(cable: Cable) -> None:
    async with a_port(on_cable(cable.path)) as (port, ear):
        port.write(b"nobody hears this yet")
        await ear.opens()
        port.write(b"\x011\x02text\x03")
        assert await read(cable, 7) == b"\x011\x02text\x03"
        cable.write(b"\x06\xff\x00")
        await ear.until(lambda: ear.data == b"\x06\xff\x00")


@pytest.mark.asyncio
async def test_characters_go_as_the_plan_says(cable: Cable, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    real = pyserial.Serial

    def spy(*args: Any, **options: Any) -> pyserial.Serial:
        asked.append(options)
        return real(*args, **options)

    monkeypatch.setattr("serial.Serial", spy)
    async with a_port(on_cable(cable.path, SerialFormat(1200, 7, "even", 2))) as (_, ear):
        await ear.opens()
        _, _, control, _, in_speed, out_speed, _ = termios.tcgetattr(cable.fd)
    assert (in_speed, out_speed) == (termios.B1200, termios.B1200)
    assert control & termios.CSTOPB
    # A pseudo terminal has eight bits and no parity, whatever it is asked for.
    assert (asked[0]["bytesize"], asked[0]["parity"]) == (pyserial.SEVENBITS, pyserial.PARITY_EVEN)
    assert asked[0]["exclusive"]


@pytest.mark.parametrize(
    ("characters", "asked"),
    [
        (SerialFormat(), (9600, pyserial.EIGHTBITS, pyserial.PARITY_NONE, pyserial.STOPBITS_ONE)),
        (SerialFormat(300, 7, "odd", 2), (300, pyserial.SEVENBITS, pyserial.PARITY_ODD, pyserial.STOPBITS_TWO)),
    ],
)
def test_each_format_in_the_words_of_the_driver(
    cable: Cable, characters: SerialFormat, asked: tuple[int, int, str, float]
) -> None:
    with port_module.open_serial(on_cable(cable.path, characters)) as line:
        assert (line.baudrate, line.bytesize, line.parity, line.stopbits) == asked


@pytest.mark.asyncio
async def test_missing_at_start_and_plugged_in_later(cable: Cable) -> None:
    cable.unplug()
    async with a_port(on_cable(cable.path)) as (_, ear):
        assert (await ear.is_told("no such device")).startswith(f"no such device: {cable.path}")
        cable.plug()
        await ear.opens()


@pytest.mark.asyncio
async def test_unplugged_is_told_at_once_and_it_is_opened_again(cable: Cable) -> None:
    async with a_port(on_cable(cable.path)) as (port, ear):
        for times in (1, 2):
            await ear.opens(times)
            ear.reasons.clear()
            cable.unplug()
            unplugged_s = time.monotonic()
            assert str(cable.path) in await ear.is_told("unplugged")
            assert time.monotonic() - unplugged_s < 0.5
            await ear.is_told("no such device")
            port.write(b"too late")
            cable.plug()
        await ear.opens(3)
        port.write(b"now")
        assert await read(cable, 3) == b"now"


@pytest.mark.asyncio
async def test_in_use_by_another_program(cable: Cable) -> None:
    with pyserial.Serial(str(cable.path), exclusive=True):
        async with a_port(on_cable(cable.path)) as (_, ear):
            await ear.is_told("in use by another program")


@pytest.mark.asyncio
async def test_a_path_that_is_no_serial_port(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("none")
    async with a_port(on_cable(tmp_path / "notes")) as (_, ear):
        await ear.is_told("is it a serial port?")


@pytest.mark.asyncio
async def test_an_open_that_hangs_is_told_and_holds_nothing_up(cable: Cable, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go, closed = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    class Late:
        def close(self) -> None:
            loop.call_soon_threadsafe(closed.set)

    def hang(_: PagingBase) -> Late:
        let_go.wait(WAIT_S)
        return Late()

    monkeypatch.setattr(port_module, "OPEN_WAIT_S", 0.02)
    monkeypatch.setattr(port_module, "open_serial", hang)
    async with a_port(on_cable(cable.path)) as (_, ear):
        await ear.is_told("its driver hangs")
    # Stopped while it hung: what comes open later is closed again.
    let_go.set()
    async with asyncio.timeout(WAIT_S):
        await closed.wait()


@pytest.mark.asyncio
async def test_a_stopped_port_is_free_for_others(cable: Cable) -> None:
    async with a_port(on_cable(cable.path)) as (_, ear):
        await ear.opens()
    with pyserial.Serial(str(cable.path), exclusive=True) as other:
        assert other.is_open


@pytest.mark.asyncio
async def test_given_up_it_is_opened_anew(cable: Cable) -> None:
    async with a_port(on_cable(cable.path)) as (port, ear):
        await ear.opens()
        port.lose("a call did not end")
        port.lose("and again")
        await ear.opens(2)
        assert ear.reasons == ["a call did not end"]


@pytest.mark.asyncio
async def test_whoever_floods_us_is_looked_at_again_later(cable: Cable, monkeypatch: pytest.MonkeyPatch) -> None:
    assert port_module.FLOODED_RETRY_S > 10 * REAL_RETRY_S
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(s: float) -> None:
        slept.append(s)
        await real(0)

    monkeypatch.setattr("achterwacht.outputs.paging_base.port.asyncio.sleep", sleep)
    async with a_port(on_cable(cable.path)) as (port, ear):
        await ear.opens()
        port.lose_flooded()
        await ear.opens(2)
        assert "floods us" in ear.reasons[0]
        assert slept == [port_module.FLOODED_RETRY_S]


# --- a peer that does not read ----------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_what_does_not_fit_now_is_written_later_whole_and_in_order(
    cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(port_module, "UNWRITTEN_MAX_BYTES", 1_000_000)
    pieces = [b"%05d\n" % number for number in range(10_000)]
    async with a_port(on_cable(cable.path)) as (port, ear):
        await ear.opens()
        for piece in pieces:
            port.write(piece)
        assert port._unwritten
        assert await read(cable, 60_000) == b"".join(pieces)


@pytest.mark.asyncio
async def test_a_peer_that_never_reads_is_a_lost_line_and_holds_nothing_up(cable: Cable) -> None:
    async with a_port(on_cable(cable.path)) as (port, ear):
        await ear.opens()
        began_s = time.monotonic()
        for _ in range(10_000):
            port.write(b"0123456789")
        assert time.monotonic() - began_s < 1.0
        assert str(cable.path) in await ear.is_told("is not read")
        await ear.opens(2)
        # What had not been written is not said on the next opening; what the kernel had, it has thrown away.
        cable.read()
        port.write(b"new")
        assert await read(cable, 3) == b"new"


# --- TCP --------------------------------------------------------------------------------------------------------------


class Peer:
    """A listener on this machine, as the network interface of a paging system is."""

    def __init__(self) -> None:
        self.port = 0
        self._listener: socket.socket | None = None
        self._lines: list[socket.socket] = []

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        with socket.create_server(("127.0.0.1", self.port)) as self._listener:
            self._listener.setblocking(False)
            self.port = self._listener.getsockname()[1]
            try:
                yield
            finally:
                for line in self._lines:
                    line.close()

    async def line(self) -> socket.socket:
        assert self._listener is not None
        async with asyncio.timeout(WAIT_S):
            line, _ = await asyncio.get_running_loop().sock_accept(self._listener)
        line.setblocking(False)
        self._lines.append(line)
        return line


async def receive(line: socket.socket, size: int) -> bytes:
    data = b""
    async with asyncio.timeout(WAIT_S):
        while len(data) < size:
            data += await asyncio.get_running_loop().sock_recv(line, size - len(data))
    return data


def over_tcp(port: int) -> PagingBase:
    return PagingBase("b1", "tap", host="127.0.0.1", tcp_port=port)


@pytest.mark.asyncio
async def test_both_ways_over_tcp_and_again_when_the_other_end_closed() -> None:
    peer = Peer()
    with peer.listening():
        async with a_port(over_tcp(peer.port)) as (port, ear):
            for times in (1, 2):
                line = await peer.line()
                await ear.opens(times)
                port.write(b"\rID=")
                assert await receive(line, 4) == b"\rID="
                ear.data = b""
                line.send(b"\x06\r")
                await ear.until(lambda: ear.data == b"\x06\r")
                ear.reasons.clear()
                line.close()
                assert f"127.0.0.1 port {peer.port}" in await ear.is_told("the other end closed the connection")


@pytest.mark.asyncio
async def test_a_listener_that_comes_later_and_one_that_goes() -> None:
    peer = Peer()
    with peer.listening():
        pass  # a port that is nobody's now
    async with a_port(over_tcp(peer.port)) as (_, ear):
        await ear.is_told("refused: 127.0.0.1 port")
        with peer.listening():
            await ear.opens()
            ear.reasons.clear()
        await ear.is_told("the other end closed the connection")
        await ear.is_told("refused")


def test_each_byte_goes_at_once_and_a_network_that_is_pulled_out_is_noticed() -> None:
    peer = Peer()
    with peer.listening(), port_module.connect(over_tcp(peer.port)) as line:
        told = [
            line.getsockopt(level, option)
            for level, option in (
                (socket.IPPROTO_TCP, socket.TCP_NODELAY),
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
            )
        ]
        assert told == [1, 1, port_module.PROBE_S, port_module.UNHEARD_MS]
        assert not line.getblocking()


@pytest.mark.asyncio
async def test_a_connection_that_is_not_read_is_lost_and_holds_nothing_up() -> None:
    peer = Peer()
    with peer.listening():
        async with a_port(over_tcp(peer.port)) as (port, ear):
            await ear.opens()
            began_s = time.monotonic()
            for _ in range(500):
                port.write(b"x" * 65536)
            assert time.monotonic() - began_s < 2.0
            assert f"127.0.0.1 port {peer.port}" in await ear.is_told("is not read")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "no such host: pager.house;"),
        (TimeoutError("timed out"), "no answer: pager.house port 4000; is the paging system on"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "refused: pager.house port 4000;"),
        (OSError(errno.EHOSTUNREACH, "no route"), "no way to pager.house port 4000;"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "closed the connection: pager.house port 4000;"),
        (OSError(errno.EMFILE, "too many files"), "cannot be used: pager.house port 4000: [Errno 24] too many files"),
    ],
)
def test_every_error_of_a_connection_says_what_to_look_at(error: Exception, told: str) -> None:
    assert told in tcp_in_words("pager.house", "pager.house port 4000", error)
