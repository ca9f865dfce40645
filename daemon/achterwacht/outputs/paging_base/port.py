"""The line to a paging system, serial or over TCP: opened, read, written and, whatever happens to it, opened again.

Knows files, sockets, errors and what to do about them; once open, both are bytes at a file descriptor. What the bytes
mean is the dialect's. A line that is missing is a fault, never an end; a peer that does not read holds nothing up.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import termios
from typing import TYPE_CHECKING, Protocol

from achterwacht.driver import Device, in_words, opened
from achterwacht.outputs.wiring import PagingBase

if TYPE_CHECKING:
    from serial import Serial

RETRY_S = 0.5
"""Who has put a plug back waits no longer than this; looking for a file or a listener so often costs nothing."""
OPEN_WAIT_S = 3.0
"""An open takes milliseconds. One that hangs, in a driver or a network, is a fault within 5 s (docs/promises.md)."""
CONNECT_S = 2.5
"""So long one address of a host may take; shorter than OPEN_WAIT_S, to have the network's own reason in most cases."""
FLOODED_RETRY_S = 10.0
"""Whoever floods us is given so much time to stop: each look costs what the pages of others need."""
READ_BYTES = 4096
"""All that the kernel keeps for a terminal."""
UNWRITTEN_MAX_BYTES = 1024
"""Ten calls. The dialects wait for an answer after each message: whoever leaves so much unread, beside all that the
kernel keeps, reads no more, and must not get it all at once later."""

PROBE_S, PROBES, UNHEARD_MS = 1, 3, 3000
"""A network that is pulled out says nothing: TCP looks after each second of silence, and ends when nothing is heard for
three, so that it is a fault within 5 s (docs/promises.md)."""

ENDED = (errno.EIO, errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE)
NO_WAY = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)


class Line(Device, Protocol):
    """What came open."""

    def fileno(self) -> int: ...


class Listener(Protocol):
    """Whoever speaks over the line; called in the loop's thread."""

    def opened(self) -> None:
        """The line is open, and nothing was said on it."""

    def heard(self, data: bytes) -> None:
        """These bytes came in."""

    def lost(self, reason: str) -> None:
        """The line is not there, or no longer: why, and what to do. Also told of each attempt to open it that fails."""


class Lost(Exception):
    """The line is not there, or no longer. The text says what is the matter and what to do."""

    def __init__(self, why: str, retry_s: float) -> None:
        super().__init__(why)
        self.retry_s = retry_s


class BasePort:
    """The line of one paging base. Everything here belongs to the event loop's thread."""

    def __init__(self, base: PagingBase, listener: Listener) -> None:
        self._base = base
        self._where = base.path or f"{base.host} port {base.tcp_port}"
        self._listener = listener
        self._fd: int | None = None
        self._lost: asyncio.Future[Lost] | None = None
        self._unwritten = b""

    async def run(self) -> None:
        """Keep the line open, for ever."""
        while True:
            try:
                await self._stay_open()
            except Lost as lost:
                self._listener.lost(str(lost))
                await asyncio.sleep(lost.retry_s)

    def write(self, data: bytes) -> None:
        """Write what the line takes now, and the rest when it has room. Returns at once; nothing while it is closed."""
        if self._fd is None:
            return
        self._unwritten += data
        self._write()
        if len(self._unwritten) > UNWRITTEN_MAX_BYTES:
            self.lose(f"{self._where}: what is sent is not read; is the paging system on, and its cable the right one?")

    def lose(self, why: str) -> None:
        """Give up this opening of the line; it is opened again."""
        self._give_up(Lost(why, RETRY_S))

    def lose_flooded(self) -> None:
        """Give it up for longer: more comes in than can be worth reading."""
        why = f"{self._where}: the line floods us; is it the right port, and its baud rate that of the paging system?"
        self._give_up(Lost(why, FLOODED_RETRY_S))

    def _give_up(self, lost: Lost) -> None:
        self._end()
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(lost)

    # --- open and closed --------------------------------------------------------------------------------------------

    async def _stay_open(self) -> None:
        """Open the line and serve it until it is lost: raises Lost."""
        line = await self._open()
        try:
            self._fd = line.fileno()
            self._lost = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().add_reader(self._fd, self._readable)
            self._listener.opened()
            raise await self._lost
        finally:
            self._end()
            with contextlib.suppress(OSError, termios.error):  # a socket has nothing of the kind
                # Or closing waits until a peer that does not read has read it all.
                termios.tcflush(line.fileno(), termios.TCOFLUSH)
            with contextlib.suppress(OSError):
                line.close()

    async def _open(self) -> Line:
        hangs = self._in_words(TimeoutError())
        try:
            return await opened(self._open_now, OPEN_WAIT_S, lambda: self._listener.lost(hangs))
        except (OSError, ValueError, termios.error) as error:
            raise Lost(self._in_words(error), RETRY_S) from error

    def _open_now(self) -> Line:
        return open_serial(self._base) if self._base.path else connect(self._base)

    def _end(self) -> None:
        if self._fd is not None:
            asyncio.get_running_loop().remove_reader(self._fd)
            asyncio.get_running_loop().remove_writer(self._fd)
        self._fd = None
        self._unwritten = b""

    def _lose(self, error: Exception) -> None:
        self.lose(self._in_words(error))

    def _in_words(self, error: Exception) -> str:
        return in_words(self._where, error) if self._base.path else tcp_in_words(self._base.host, self._where, error)

    # --- in and out -------------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        assert self._fd is not None
        try:
            data = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)
            return
        if data:
            self._listener.heard(data)
        else:  # ready, and nothing there: so a terminal says that it was hung up, and a socket that it was closed
            self._lose(OSError(errno.EIO, "hung up"))

    def _write(self) -> None:
        assert self._fd is not None
        loop = asyncio.get_running_loop()
        loop.remove_writer(self._fd)
        if not self._unwritten:
            return
        try:
            written = os.write(self._fd, self._unwritten)
        except BlockingIOError:
            written = 0
        except OSError as error:
            self._lose(error)
            return
        self._unwritten = self._unwritten[written:]
        if self._unwritten:
            loop.add_writer(self._fd, self._write)


def open_serial(base: PagingBase) -> Serial:
    """The serial port, as the plan says that characters go over it. Raises OSError, ValueError or termios.error."""
    from serial import Serial

    characters = base.format
    return Serial(
        base.path,
        characters.baud,
        bytesize=characters.bits,
        parity=characters.parity[0].upper(),
        stopbits=characters.stop_bits,
        timeout=0,
        exclusive=True,
    )


def connect(base: PagingBase) -> socket.socket:
    """A connection that sends each byte at once and notices when nobody is there any more. Raises OSError."""
    line = socket.create_connection((base.host, base.tcp_port), CONNECT_S)
    line.setblocking(False)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBE_S)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_S)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MS)
    return line


def tcp_in_words(host: str, where: str, error: Exception) -> str:
    """What is the matter with a TCP connection, and what to do. `where`: the host and its port."""
    number = getattr(error, "errno", None)
    if isinstance(error, socket.gaierror):
        return f"no such host: {host}; correct its name, or give its number"
    if isinstance(error, TimeoutError):
        return f"no answer: {where}; is the paging system on, and its network cable in?"
    if isinstance(error, ConnectionRefusedError):
        return f"refused: {where}; is this its port, and does its network interface listen?"
    if number in NO_WAY:
        return f"no way to {where}; is the network up, and the address right?"
    if number in ENDED:
        return f"the other end closed the connection: {where}; many serve only one at a time, is another open?"
    return f"cannot be used: {where}: {error}"
