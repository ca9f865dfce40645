"""A simulated paging system on a cable or a TCP port: what is called over it, and what may go wrong on the line.

The dialects are pure (espa_base.py, tap_base.py); this gives them a line. A pseudo terminal enforces no parity and no
speed, so damaged characters and their time are played here.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable
from typing import Protocol, Self

from achterwacht_sim.paging_calls import NO_BASE_FAULTS, BaseFaults, Page, PagingSystem

# How often a simulated base looks at its end of the line: far below what a person could notice.
POLL_S = 0.005

# A start bit, eight for data and parity, a stop bit: 8N1 as well as 7E1.
BITS_PER_CHARACTER = 10

# What a line and a converter keep. More than this is lost.
MAX_HELD_BYTES = 4096

# Far more than a test or a try-out makes. The oldest is forgotten.
MAX_KEPT = 1000

LOOPBACK = "127.0.0.1"


class End(Protocol):
    """The base's end of a line: a serial_line.Cable or a TcpEnd."""

    def read(self) -> bytes:
        """What the other end has said since the last time."""

    def write(self, data: bytes) -> None:
        """Say something. Lost when nobody reads."""


class TcpEnd:
    """A serial port behind a TCP converter on loopback: `async with TcpEnd() as end: end.port`.

    One connection at a time: a new one ends the one before it.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._unread = b""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.hang_up()
        await asyncio.gather(*self._serving)
        await self._server.wait_closed()

    def hang_up(self) -> None:
        """End the connection, as a converter that restarts."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def read(self) -> bytes:
        unread, self._unread = self._unread, b""
        return unread

    def write(self, data: bytes) -> None:
        if self._writer is not None and self._writer.transport.get_write_buffer_size() < MAX_HELD_BYTES:
            self._writer.write(data)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.hang_up()
        self._unread, self._writer = b"", writer
        task = asyncio.create_task(self._serve(reader, writer), name="paging base connection")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while (data := await reader.read(MAX_HELD_BYTES)) and self._writer is writer:
                self._unread = (self._unread + data)[-MAX_HELD_BYTES:]
        if self._writer is writer:
            self.hang_up()


class SerialTime:
    """One direction of a line: a character comes out when its time is over. Pure."""

    def __init__(self) -> None:
        self._free_s = 0.0
        self._held: deque[tuple[float, int]] = deque(maxlen=MAX_HELD_BYTES)

    def send(self, data: bytes, now_s: float, baud: int | None) -> None:
        """Characters enter, behind those that are still on the way."""
        for code in data:
            self._free_s = max(self._free_s, now_s) + (BITS_PER_CHARACTER / baud if baud else 0.0)
            self._held.append((self._free_s, code))

    def take(self, now_s: float) -> bytes:
        """The characters that have come out by now."""
        out = bytearray()
        while self._held and self._held[0][0] <= now_s:
            out.append(self._held.popleft()[1])
        return bytes(out)


class PagingBase:
    """A paging system on a line: `async with PagingBase(cable, EspaBase()) as base: await base.next_page(5)`.

    `faults` may be changed at any time. A message that may be garbled is one that it says, or what it reads at once.
    `tell` is called with each call, also a lost one; it must not block and must not raise.
    """

    def __init__(
        self,
        end: End,
        system: PagingSystem,
        *,
        faults: BaseFaults = NO_BASE_FAULTS,
        tell: Callable[[Page], None] | None = None,
        seed: int | None = None,
    ) -> None:
        self.system = system
        self.faults = faults
        self._end = end
        self._tell = tell
        self._rng = random.Random(seed)
        self._inward, self._outward = SerialTime(), SerialTime()
        self._calls: deque[Page] = deque(maxlen=MAX_KEPT)
        self._unseen: deque[Page] = deque(maxlen=MAX_KEPT)
        self._came = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._polling = asyncio.create_task(self._poll(), name="paging base")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)

    @property
    def pages(self) -> list[Page]:
        """What sounded, and what was cancelled, in order."""
        return [page for page in self._calls if not page.lost]

    @property
    def lost(self) -> list[Page]:
        """What was taken and never sounded."""
        return [page for page in self._calls if page.lost]

    async def next_page(self, timeout_s: float) -> Page:
        """The first of `pages` that this has not given yet. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not self._unseen:
                self._came.clear()
                await self._came.wait()
        return self._unseen.popleft()

    def turn(self, now_s: float) -> None:
        """Look at the line, and do what is due. While it runs it does so by itself."""
        faults = self.faults
        if (heard := self._end.read()) and not faults.deaf:
            self._inward.send(self._garbled(heard), now_s, faults.slow_baud)
        if arrived := self._inward.take(now_s):
            self.system.heard(arrived, now_s, faults)
        self.system.wake(now_s)
        for message in self.system.take_said():
            if not faults.deaf:
                self._outward.send(self._garbled(message), now_s, faults.slow_baud)
        if leaving := self._outward.take(now_s):
            self._end.write(leaving)
        for page in self.system.take_pages():
            self._note(page)

    async def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self.turn(loop.time())
            await asyncio.sleep(POLL_S)

    def _note(self, page: Page) -> None:
        self._calls.append(page)
        if not page.lost:
            self._unseen.append(page)
            self._came.set()
        if self._tell is not None:
            self._tell(page)

    def _garbled(self, message: bytes) -> bytes:
        """One bit of it is wrong, by chance. The eighth never is: a line with 7 bits has none."""
        if self.faults.garbled <= 0 or self._rng.random() >= self.faults.garbled:
            return message
        spoilt = self._rng.randrange(len(message))
        flipped = message[spoilt] ^ 1 << self._rng.randrange(7)
        return message[:spoilt] + bytes((flipped,)) + message[spoilt + 1 :]


def sentence(page: Page) -> str:
    """One line for people."""
    if page.cancel:
        return f"pager {page.address} is cancelled"
    if page.lost:
        return f"pager {page.address} is not reached: {page.text}"
    asides = [f"{word} {n}" for word, n in (("priority", page.priority), ("beep", page.beeps)) if n is not None]
    return f"pager {page.address} rings: {page.text}" + (f" ({', '.join(asides)})" if asides else "")
