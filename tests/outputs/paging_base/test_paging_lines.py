"""From an order to a paging system and back, with the real dialects: ESPA 4.4.4 on a serial line, TAP 1.8 over TCP."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path

import pytest

from achterwacht.core import heard as h
from achterwacht.core.facts import Kind, Ordered
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Site
from achterwacht.errors import Undeliverable
from achterwacht.outputs.dispatch import Alert
from achterwacht.outputs.paging_base import channel as channel_module
from achterwacht.outputs.paging_base import espa_exchange
from achterwacht.outputs.paging_base import port as port_module
from achterwacht.outputs.paging_base.channel import PagingBaseChannel
from achterwacht.outputs.wiring import BasePager, PagingBase
from achterwacht_sim.serial_line import Cable

NOW = Moment(0.0, datetime(2026, 11, 21, tzinfo=UTC), True)
WAIT_S = 5.0
PAGERS = (BasePager("p1", "b1", "11"), BasePager("p2", "b1", "12"))
OFFLINE = "base:b1/offline"
SOH, STX, ETX, EOT, ENQ, ACK, ESC, RS, US = (bytes((code,)) for code in (1, 2, 3, 4, 5, 6, 0x1B, 0x1E, 0x1F))


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_module, "RETRY_S", 0.02)
    monkeypatch.setattr(channel_module, "STEADY_S", 0.0)
    monkeypatch.setattr(channel_module, "TICK_S", 0.02)
    monkeypatch.setattr(espa_exchange, "POLL_EVERY_S", 0.05)
    monkeypatch.setattr(espa_exchange, "ALONE_S", 0.005)


def an_alert(order: str, pager: str = "p1", kind: Kind = "alarm") -> Alert:
    ordered = Ordered(NOW, order, "i1", "i1", 7, f"pager:{pager}", kind, 1, "first press")
    return Alert(ordered, "Balie 3", "", Site("Gemeente", "Plein 1"), "nl", 0, 0.0, 1)


class House:
    """The channel, and what it told."""

    def __init__(self, base: PagingBase) -> None:
        self.heard: list[h.Heard] = []
        self._changed = asyncio.Event()
        self.channel = PagingBaseChannel(base, PAGERS, self._hear, time.monotonic)

    def _hear(self, heard: h.Heard) -> None:
        self.heard.append(heard)
        self._changed.set()

    async def hears(self, wanted: Callable[[h.Heard], bool]) -> h.Heard:
        """The first thing not yet heard that is wanted."""
        async with asyncio.timeout(WAIT_S):
            while True:
                while self.heard:
                    if wanted(heard := self.heard.pop(0)):
                        return heard
                self._changed.clear()
                await self._changed.wait()

    async def is_steady(self) -> None:
        await self.hears(lambda heard: heard == h.TroubleOver(OFFLINE))

    async def delivers(self, *alerts: Alert) -> None:
        async with asyncio.timeout(WAIT_S):
            await asyncio.gather(*map(self.channel.deliver, alerts))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[House]:
        task = asyncio.create_task(self.channel.run())
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


class Answering:
    """A paging system as far as these tests need one: it answers what it finds in its table."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.first_byte_s = 0.0
        self.blocks: list[bytes] = []
        self._unread = b""
        asyncio.get_running_loop().add_reader(fd, self._readable)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.fd)

    def _readable(self) -> None:
        with contextlib.suppress(OSError):
            data = os.read(self.fd, 4096)
            self.first_byte_s = self.first_byte_s or time.monotonic()
            self._unread += data
            if answer := self.answer():
                os.write(self.fd, answer)

    def answer(self) -> bytes:
        raise NotImplementedError


class EspaBase(Answering):
    """A station that is polled. `news`: the status blocks it has, without their check."""

    def __init__(self, fd: int) -> None:
        self.news: list[bytes] = []
        super().__init__(fd)

    def answer(self) -> bytes:
        said = self._unread
        if said.endswith(b"2" + ENQ) and not said.endswith(b"1" + ENQ + b"2" + ENQ):
            self._unread = b""
            return b"1" + ENQ if self.news else EOT
        if said.endswith(b"1" + ENQ + b"2" + ENQ):
            self._unread = b""
            return ACK
        if said == ACK and self.news:  # it may tell
            self._unread = b""
            block = self.news.pop()
            return SOH + block + bytes((reduce(int.__xor__, block),))
        if said == ACK:
            self._unread = b""
            return EOT
        if SOH in said and ETX in said[:-1]:
            self.blocks.append(said[said.index(SOH) :])
            self._unread = b""
            return ACK
        return b""


class TapTerminal(Answering):
    """A terminal that lets everybody in and takes every page."""

    def answer(self) -> bytes:
        said, self._unread = self._unread, b""
        match said:
            case b"\r":
                return b"ID="
            case b"\x1bPG1\r":
                return ACK + b"\r" + ESC + b"[p\r"
            case b"\x04\r":
                return ESC + EOT + b"\r"
        if said.startswith(STX) and said.endswith(b"\r") and ETX in said:
            self.blocks.append(said)
            return ACK + b"\r"
        self._unread = said
        return b""


@contextlib.contextmanager
def answers(base: Answering) -> Iterator[None]:
    try:
        yield
    finally:
        base.close()


@pytest.mark.asyncio
async def test_a_page_over_espa_its_acknowledgement_and_a_cable_that_is_pulled_out(tmp_path: Path) -> None:
    with Cable(tmp_path / "usb-paging-port0") as cable:
        house = House(PagingBase("b1", "espa", str(cable.path), group_address="99"))
        async with house.running():
            base = EspaBase(cable.fd)
            with answers(base):
                await house.is_steady()
                base.first_byte_s = 0.0
                began_s = time.monotonic()
                await house.delivers(an_alert("o1"))
                print(f"order to first byte: {(base.first_byte_s - began_s) * 1e3:.2f} ms")
                assert base.first_byte_s - began_s < 0.05, "the whole way to the page has 50 ms (docs/promises.md)"
                assert b"11" in base.blocks[0] and b"BALIE 3" in base.blocks[0]
                base.news.append(b"2" + STX + b"1" + US + b"11" + RS + b"7" + US + b"6" + ETX)
                answer = await house.hears(lambda heard: isinstance(heard, h.Answer))
                assert answer == h.Answer("b1-o1-6", "i1", "coming", pager="p1")
                await house.delivers(an_alert("o2", "p1", "over"), an_alert("o3", "p2", "over"))
                assert len(base.blocks) == 2 and b"99" in base.blocks[1] and b"BALIE" not in base.blocks[1]
            cable.unplug()
            await house.hears(lambda heard: isinstance(heard, h.Trouble) and "unplugged" in heard.detail)
            with pytest.raises(Undeliverable, match=r"unplugged|no such device"):
                await house.channel.deliver(an_alert("o4"))
            cable.plug()
            base = EspaBase(cable.fd)
            with answers(base):
                await house.is_steady()
                await house.delivers(an_alert("o4"))
                assert len(base.blocks) == 1


@pytest.mark.asyncio
async def test_pages_over_tap_and_a_terminal_that_goes_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        house = House(PagingBase("b1", "tap", host="127.0.0.1", tcp_port=port))
        async with house.running():
            for order in ("o1", "o2"):
                async with asyncio.timeout(WAIT_S):
                    line, _ = await asyncio.get_running_loop().sock_accept(listener)
                with line:
                    line.setblocking(False)
                    terminal = TapTerminal(line.fileno())
                    with answers(terminal):
                        await house.is_steady()
                        await house.delivers(an_alert(order), an_alert(f"{order}-2", "p2"))
                        assert [block.split(b"\r")[:2] for block in terminal.blocks] == [
                            [STX + b"11", b"BALIE 3"],
                            [STX + b"12", b"BALIE 3"],
                        ]
                told = await house.hears(lambda heard: isinstance(heard, h.Trouble) and heard.key == OFFLINE)
                assert isinstance(told, h.Trouble) and f"127.0.0.1 port {port}" in told.detail
