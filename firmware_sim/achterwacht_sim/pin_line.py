"""The buttons and wires that hang on simulated pins: the other end of pins.py's socket.

Knows hands, springs and cables: who presses, what bounces, what is cut. Leaves levels to the pins. It listens, and is
the truth about the wires: a program that connects, at its first start or any later one, is told first how they are.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

# A switch bounces for under 10 ms, mostly.
BOUNCE_GAP_MAX_S = 0.001

# A program answers when its thread runs; a busy machine may take its time.
ANSWER_WAIT_S = 5.0


@dataclass(slots=True)
class Button:
    """One button and its cable."""

    normally_closed: bool
    pressed: bool = False
    stuck: bool = False
    """A pressed button that does not come back."""
    wire: Literal["whole", "cut", "short"] = "whole"
    readable: bool = True
    """The pin it hangs on can be read."""

    @property
    def closed(self) -> bool:
        """Whether current flows, as the pin sees it."""
        if self.wire != "whole":
            return self.wire == "short"
        return self.pressed != self.normally_closed


class PinLine:
    """Buttons on pins, by GPIO number. Use as `async with`; the socket is at `path` then.

    All are normally closed but those in `normally_open`. Every bounce comes from `seed`.
    """

    def __init__(self, path: Path, pins: Collection[int], normally_open: Collection[int] = (), seed: int = 0) -> None:
        self._path = path
        self._buttons = {pin: Button(pin not in normally_open) for pin in pins}
        self._rng = random.Random(seed)
        self._there = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._answers: asyncio.Queue[str] = asyncio.Queue()
        self._server: asyncio.Server

    def press(self, pin: int, *, unseen: bool = False) -> None:
        """Down, without a bounce. `unseen`: the pin makes no edge of it."""
        self._buttons[pin].pressed = True
        self._say(pin, unseen)

    def release(self, pin: int, *, unseen: bool = False) -> None:
        """Up again, but for a button that sticks."""
        button = self._buttons[pin]
        button.pressed = button.stuck
        self._say(pin, unseen)

    async def press_for(self, pin: int, ms: int, *, unseen: bool = False) -> None:
        """Down, and up again after so many milliseconds."""
        self.press(pin, unseen=unseen)
        await asyncio.sleep(ms / 1000)
        self.release(pin, unseen=unseen)

    async def bounce(self, pin: int, times: int, *, pressed: bool) -> None:
        """As press (or release), but the contact springs back so many times, within milliseconds, before it stays."""
        there, back = (self.press, self.release) if pressed else (self.release, self.press)
        for _ in range(times):
            for move in (there, back):
                move(pin)
                await asyncio.sleep(self._rng.uniform(0, BOUNCE_GAP_MAX_S))
        there(pin)

    def stick(self, pin: int) -> None:
        """The button goes down and does not come back."""
        self._buttons[pin].stuck = True
        self.press(pin)

    def cut(self, pin: int) -> None:
        """The wire is cut: open, whatever the button does."""
        self._buttons[pin].wire = "cut"
        self._say(pin)

    def short(self, pin: int) -> None:
        """The wire is shorted: closed, whatever the button does."""
        self._buttons[pin].wire = "short"
        self._say(pin)

    def mend(self, pin: int) -> None:
        """A new wire and a new button, at rest."""
        self._buttons[pin] = Button(self._buttons[pin].normally_closed)
        self._say(pin)

    def fail(self, *pins: int) -> None:
        """From now on these pins cannot be read, until `heal`."""
        self._set_readable(pins, False)

    def heal(self, *pins: int) -> None:
        """They can be read again."""
        self._set_readable(pins, True)

    async def connected(self) -> None:
        """Until a program looks at the wires. It may not have opened a pin yet: see `levels`."""
        await self._there.wait()

    async def levels(self) -> dict[int, bool]:
        """Which pins the program has open, and whether each is high, once it has done all that was said before.

        Raises TimeoutError when it does not answer.
        """
        self._write("?\n")
        async with asyncio.timeout(ANSWER_WAIT_S):
            answer = await self._answers.get()
        pairs = (pair.split("=") for pair in answer.split())
        return {int(pin): level == "high" for pin, level in pairs}

    def _set_readable(self, pins: Collection[int], readable: bool) -> None:
        for pin in pins:
            self._buttons[pin].readable = readable
            self._write(f"{pin} {'whole' if readable else 'broken'}\n")

    def _say(self, pin: int, unseen: bool = False) -> None:
        state = "closed" if self._buttons[pin].closed else "open"
        self._write(f"{pin} {state}{' unseen' if unseen else ''}\n")

    def _write(self, lines: str) -> None:
        if self._writer is not None:
            self._writer.write(lines.encode())

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One program at a time has the wires: the one that came last."""
        if self._writer is not None:
            self._writer.close()
        self._writer = writer
        for pin, button in self._buttons.items():
            self._say(pin)
            self._set_readable([pin], button.readable)
        self._write("?\n")  # how a program knows that it has heard all
        try:
            if await reader.readline():
                self._there.set()
                while answer := await reader.readline():
                    self._answers.put_nowait(answer.decode())
        except OSError:
            pass  # killed: the next one is welcome
        finally:
            writer.close()
            if self._writer is writer:
                self._writer = None
                self._there.clear()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._welcome, self._path)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.close()
        if self._writer is not None:
            self._writer.close()
            await self._writer.wait_closed()
        await self._server.wait_closed()
        self._path.unlink(missing_ok=True)
