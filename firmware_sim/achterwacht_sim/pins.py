"""Pins of a Raspberry Pi that another process drives: with GPIOZERO_PIN_FACTORY=sim a program's pins are these.

Knows electricity: a contact is open or closed, a pin has a pull, and a change of level calls back from a thread, as
lgpio does. Buttons, bounces and cut wires are at the other end of the socket that ACHTERWACHT_SIM_PINS names, where
pin_line.py listens. We connect, and it listens, because wires outlive the program that looks at them: a program that
starts again finds them as they are. While nobody is there, wires stay as they were, and at first all contacts are
closed, as normally closed ones are at rest; we knock until somebody is.

A contact ties its pin to ground, or to 3.3 V where the pin is pulled down. A pin without a pull has one on the board,
up, as behind an optocoupler. So an open contact reads the pull. Line by line, `\\n` ended, a pin by its GPIO number:

    17 open             the contact opens; a change of level is an edge
    17 closed           it closes
    17 open unseen      the same, but the edge is lost (also `closed unseen`)
    17 broken           reading the pin fails, until `17 whole`
    ?                   asks for the levels: we answer `17=high 27=low`, of the pins whose edges the program listens to,
                        once all that was said before is done
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from dataclasses import dataclass
from time import monotonic
from typing import Any

from gpiozero.exc import PinEdgeDetectUnsupported, PinFixedPull, PinInvalidFunction, PinInvalidPull
from gpiozero.pins.pi import PiFactory, PiPin

SOCKET_VARIABLE = "ACHTERWACHT_SIM_PINS"

# A Raspberry Pi 4B with 4 GB, by its revision code.
PI_4B = 0xC03112

# How long a program's start waits for the wires as they are now; whoever listens answers within milliseconds.
HELLO_WAIT_S = 1.0

# Between two knocks while nobody listens.
KNOCK_EVERY_S = 0.1

# The longest line is "17 closed unseen".
LINE_MAX_BYTES = 64

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Wire:
    """What hangs on one pin. It is there whether a program looks at it or not."""

    closed: bool = True
    broken: bool = False


class SimPin(PiPin):  # type: ignore[misc]  # gpiozero says no types
    """An input, all of whose edges are told. What it refuses, a real one refuses."""

    def __init__(self, factory: SimFactory, info: Any) -> None:
        super().__init__(factory, info)
        self._wire = factory.wire(self._number)
        self._pull = info.pull or "floating"
        self._bounce: float | None = None

    @property
    def gpio(self) -> int:
        """Its GPIO (BCM) number."""
        return int(self._number)

    def close(self) -> None:
        """Nothing, and as with lgpio whoever listens does not stop by this."""

    def is_high(self) -> bool:
        """The level, whatever is broken."""
        pulled_high: bool = self._pull != "down"
        return pulled_high != self._wire.closed

    def change(self, level_before: bool) -> None:
        """The wire was moved: call back, when that was an edge that somebody waits for."""
        level = self.is_high()
        with self._when_changed_lock:  # nobody stops listening between the question and the call
            if level != level_before and self.when_changed is not None:
                self._call_when_changed(self._factory.ticks(), level)

    def _get_function(self) -> str:
        return "input"

    def _set_function(self, value: str) -> None:
        if value != "input":
            raise PinInvalidFunction(f"{self!r} is simulated, and an input only")

    def _get_state(self) -> bool:
        if self._wire.broken:
            raise OSError(f"{self!r} cannot be read")
        return self.is_high()

    def _get_pull(self) -> str:
        return str(self._pull)

    def _set_pull(self, value: str) -> None:
        if value not in ("up", "down", "floating"):
            raise PinInvalidPull(f'invalid pull "{value}" for pin {self!r}')
        if self.info.pull not in (value, ""):
            raise PinFixedPull(f"{self!r} has a physical pull-{self.info.pull} resistor")
        self._pull = value

    def _get_bounce(self) -> float | None:
        return self._bounce

    def _set_bounce(self, value: float | None) -> None:
        self._bounce = value

    def _get_edges(self) -> str:
        return "both"

    def _set_edges(self, value: str) -> None:
        if value != "both":
            raise PinEdgeDetectUnsupported(f"{self!r} is simulated, and tells both edges")

    def _enable_event_detect(self) -> None:
        """The thread of the factory is there already."""

    def _disable_event_detect(self) -> None:
        """The thread of the factory stays."""


class SimFactory(PiFactory):  # type: ignore[misc]
    """The pins, and the thread that does what the other end says. Raises ValueError when no socket is named."""

    def __init__(self) -> None:
        super().__init__()
        self.pin_class = SimPin
        self._wires: dict[int, Wire] = {}
        self._path = os.environ.get(SOCKET_VARIABLE, "")
        if not self._path:
            raise ValueError(f"the pins are simulated, and {SOCKET_VARIABLE} names no socket to drive them from")
        self._heard_first = threading.Event()
        self._closing = threading.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._listen, name="sim pins", daemon=True)
        self._thread.start()
        self._heard_first.wait(HELLO_WAIT_S)

    def close(self) -> None:
        self._closing.set()
        connected = self._socket
        if connected is not None:
            try:
                connected.shutdown(socket.SHUT_RDWR)
            except OSError:
                log.debug("the other end was gone already")
        self._thread.join()
        super().close()

    def wire(self, gpio: int) -> Wire:
        """What hangs on this pin."""
        return self._wires.setdefault(gpio, Wire())

    def do(self, line: str) -> str | None:
        """Do what one line says. Returns the answer, if it asks for one. Raises ValueError for any other line."""
        match line.split():
            case ["?"]:
                watched = [pin for pin in list(self.pins.values()) if pin.when_changed is not None]
                pins = sorted(watched, key=lambda pin: pin.gpio)
                return " ".join(f"{pin.gpio}={'high' if pin.is_high() else 'low'}" for pin in pins)
            case [gpio, ("open" | "closed") as contact, *rest] if rest in ([], ["unseen"]):
                self._move(_number(gpio), contact == "closed", seen=not rest)
            case [gpio, ("broken" | "whole") as state]:
                self.wire(_number(gpio)).broken = state == "broken"
            case _:
                raise ValueError(f"no such command: {line!r}")
        return None

    def _move(self, gpio: int, closed: bool, seen: bool) -> None:
        pin = next((pin for pin in list(self.pins.values()) if pin.gpio == gpio), None)
        before = pin is not None and pin.is_high()
        self.wire(gpio).closed = closed
        if pin is not None and seen:
            pin.change(before)

    def _listen(self) -> None:
        while not self._closing.is_set():
            with socket.socket(socket.AF_UNIX) as connection:
                try:
                    connection.connect(self._path)
                    self._socket = connection
                    self._talk(connection)
                except OSError:
                    log.debug("nobody drives the pins at %s", self._path)
                finally:
                    self._socket = None
            self._heard_first.set()  # nobody is there: the program need not wait
            self._closing.wait(KNOCK_EVERY_S)

    def _talk(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            while not self._closing.is_set() and (line := lines.readline(LINE_MAX_BYTES)):
                try:
                    answer = self.do(line.decode())
                except ValueError as error:
                    log.warning("the other end of the pins: %s", error)
                    continue
                if answer is not None:
                    connection.sendall(f"{answer}\n".encode())
                    self._heard_first.set()  # it asks once it has said how the wires are

    def _get_revision(self) -> int:
        return PI_4B

    @staticmethod
    def ticks() -> float:
        return monotonic()

    @staticmethod
    def ticks_diff(later: float, earlier: float) -> float:
        return later - earlier


def _number(gpio: str) -> int:
    if not gpio.isdecimal():
        raise ValueError(f"{gpio!r} is no GPIO number")
    return int(gpio)
