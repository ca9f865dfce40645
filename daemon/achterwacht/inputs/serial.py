"""A serial port: opened, read, written and, whatever happens to it, opened again; in the loop, without a thread.

Knows files, errors and what to do about them. What the bytes mean is the protocol's (ports/), what follows from it the
core's. A port that is missing is a fault, never an end; a peer that does not read never holds anything up.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import termios
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from achterwacht.core import heard as h
from achterwacht.core.display import HelpSign
from achterwacht.driver import in_words, opened
from achterwacht.inputs.complaints import Complaints
from achterwacht.inputs.ports import Complaint, Silent, protocol
from achterwacht.inputs.wiring import Hear, OnPort, Port, PressIds

if TYPE_CHECKING:
    from serial import Serial

RETRY_S = 0.5
"""Who has put a plug back waits no longer than this; looking for a file so often costs nothing."""
OPEN_WAIT_S = 3.0
"""An open takes milliseconds. One that hangs in a driver is a fault within 5 s (docs/promises.md)."""
STEADY_S = 1.0
"""So long a port must live before its fault is over: a loose plug must not raise and end one every second."""
TICK_S = 0.25
"""How often the protocol is asked whether it waits for something; finer than any of its times."""
READ_BYTES = 4096
"""All that the kernel keeps for a terminal."""
CONFIRMS_MAX = 64
"""More presses than one line of nodes can have open. Beyond it they are dropped: each node repeats its press, and that
is confirmed again."""


class _Lost(Exception):
    """The port is not there, or no longer. The text says what is the matter and what to do."""


class SerialPort:
    """One port of zenders.yaml, with the zenders behind it. Everything here belongs to the event loop's thread."""

    def __init__(
        self, port: Port, zenders: Sequence[OnPort], press_ids: PressIds, mono_s: Callable[[], float], hear: Hear
    ) -> None:
        spoken = protocol(port.protocol)
        self._port = port
        self._baud = spoken.BAUD
        self._line = spoken.Line(port.id, [zender for zender in zenders if zender.port == port.id], press_ids)
        self._mono_s = mono_s
        self._hear = hear
        self._complaints = Complaints(others=f"gateway:{port.id}/malformed")
        # What was told of the port last: None nothing yet, empty that it works.
        self._told: str | None = None
        self._fd: int | None = None
        self._opened_s = 0.0
        self._lost: asyncio.Future[str] | None = None
        # What is to be written: the rest of a message under way, then answers, then signs.
        self._half = b""
        self._answers: deque[bytes] = deque()
        # By zender, so 9999 at most: its newest sign, and whether it still has to be told.
        self._signs: dict[int, HelpSign] = {}
        self._unsent: dict[int, None] = {}

    async def run(self) -> None:
        """Keep the port open, for ever."""
        while True:
            try:
                await self._stay_open()
            except _Lost as lost:
                self._tell(str(lost))
            await asyncio.sleep(RETRY_S)

    def confirm(self, nr: int, boot: str, seq: int, incident: str, durable: bool) -> None:
        """Tell a node that its press is known; not durable: that it goes on repeating, slowly. Returns at once."""
        data = self._line.confirm(nr, boot, seq, incident, durable)
        if data and self._fd is not None and len(self._answers) < CONFIRMS_MAX:
            self._answers.append(data)
            self._write()

    def help(self, nr: int, sign: HelpSign) -> None:
        """Replace the discreet sign of a node. Returns at once.

        A node does not say that it has read a sign, so it is told again with each of its beats.
        """
        self._signs[nr] = sign
        self._show(nr)

    # --- the port ---------------------------------------------------------------------------------------------------

    async def _stay_open(self) -> None:
        """Open the port and hear it until it is lost: raises _Lost."""
        device = await self._open()
        try:
            with self._errors_are_losses():
                for data, wait_s in self._line.opening:
                    os.write(device.fileno(), data)
                    await asyncio.sleep(wait_s)
                    device.reset_input_buffer()
            self._begin(device.fileno())
            await self._listen()
        finally:
            self._end()
            with contextlib.suppress(OSError, termios.error):
                device.reset_output_buffer()  # or closing waits until a peer that does not read has read it all
            with contextlib.suppress(OSError):
                device.close()

    async def _open(self) -> Serial:
        hangs = in_words(self._port.path, TimeoutError())
        with self._errors_are_losses():
            return await opened(self._open_now, OPEN_WAIT_S, lambda: self._tell(hangs))

    def _open_now(self) -> Serial:
        from serial import Serial

        return Serial(self._port.path, self._baud, timeout=0, exclusive=True)

    @contextlib.contextmanager
    def _errors_are_losses(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, termios.error) as error:
            raise _Lost(in_words(self._port.path, error)) from error

    def _begin(self, fd: int) -> None:
        self._fd = fd
        self._opened_s = self._mono_s()
        self._lost = asyncio.get_running_loop().create_future()
        self._line.opened(self._opened_s)
        self._unsent = dict.fromkeys(self._signs)
        asyncio.get_running_loop().add_reader(fd, self._readable)
        self._write()

    def _end(self) -> None:
        if self._fd is not None:
            asyncio.get_running_loop().remove_reader(self._fd)
            asyncio.get_running_loop().remove_writer(self._fd)
        self._fd = None
        self._half = b""
        self._answers.clear()

    async def _listen(self) -> None:
        assert self._lost is not None
        while not self._lost.done():
            self._tick()
            await asyncio.wait({self._lost}, timeout=TICK_S)
        raise _Lost(self._lost.result())

    def _lose(self, why: str) -> None:
        """Called where the error is seen, in a callback; `_listen` raises it."""
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(why)

    def _tell(self, lost: str) -> None:
        if lost != self._told:
            self._told = lost
            fault = f"gateway:{self._port.id}/offline"
            self._hear(h.Trouble(fault, lost) if lost else h.TroubleOver(fault))

    # --- what comes in ----------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        if self._fd is None:
            return
        try:
            data = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(in_words(self._port.path, error))
            return
        if data:
            self._take(data)
        else:  # ready, and nothing there: so a terminal says that it was hung up
            self._lose(in_words(self._port.path, OSError(errno.EIO, "hung up")))

    def _take(self, data: bytes) -> None:
        now_s = self._mono_s()
        for said in self._line.feed(data, now_s):
            if isinstance(said, Complaint):
                trouble = self._complaints.about(f"gateway:{self._port.id}/{said.kind}", said.detail, now_s)
                if trouble:
                    self._hear(trouble)
            elif isinstance(said, h.Pressed):
                self._hear(said, reply=self._confirms(said.press))
            else:
                self._hear(said)
                if isinstance(said, h.Telemetry):
                    self._show(int(said.device.partition(":")[2]))

    def _confirms(self, press: str) -> Callable[[dict[str, Any]], None]:
        nr, boot, seq = press.split("-")

        def reply(said: dict[str, Any]) -> None:
            self.confirm(int(nr), boot, int(seq), said["incident"], said["durable"])

        return reply

    def _tick(self) -> None:
        now_s = self._mono_s()
        self._take(b"")
        try:
            data = self._line.say(now_s)
        except Silent as silent:
            self._lose(f"{self._port.path}: {silent}")
            return
        if data:
            self._answers.append(data)
            self._write()
        if self._line.alive and now_s - self._opened_s >= STEADY_S:
            self._tell("")

    # --- what goes out ----------------------------------------------------------------------------------------------

    def _show(self, nr: int) -> None:
        if nr in self._signs:
            self._unsent[nr] = None
            self._write()

    def _write(self) -> None:
        """Write what the port takes; the rest when it has room again."""
        if self._fd is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_writer(self._fd)
        while data := self._half or self._next():
            try:
                written = os.write(self._fd, data)
            except BlockingIOError:
                written = 0
            except OSError as error:
                self._lose(in_words(self._port.path, error))
                return
            self._half = data[written:]
            if self._half:
                loop.add_writer(self._fd, self._write)
                return

    def _next(self) -> bytes:
        """The next message to write, the signs last; empty when there is none."""
        if self._answers:
            return self._answers.popleft()
        while self._unsent:
            nr = next(iter(self._unsent))
            del self._unsent[nr]
            if data := self._line.help(nr, self._signs[nr]):
                return data
        return b""
