"""The protocols that a serial port may speak, one module each: found by name, so that a new one touches no other file.

Knows what such a module offers. What is read and written in a protocol is that module's; the port, the time and the
faults of the port itself are serial.py's. Everything in here is pure: bytes and the time come in, heard things and
bytes go out.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, cast

from achterwacht.core import heard as h
from achterwacht.core.display import HelpSign
from achterwacht.inputs.wiring import OnPort, PressIds

PROTOCOLS = tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))
"""Their names, as zenders.yaml has them; none of them is imported for this."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something came in that nothing can be done with, and was dropped. It may come with every message.

    `malformed`: it is not as the protocol has it; `unknown`: nobody here has this device. `detail` is for people.
    """

    kind: Literal["malformed", "unknown"]
    detail: str


class Silent(Exception):
    """The other end should have answered and did not; the text says what and what to do. The port is opened again."""


class SerialLine(Protocol):
    """One line in one protocol, from the daemon's start to its end, over every opening of its port.

    All times are monotonic seconds.
    """

    opening: tuple[tuple[bytes, float], ...]
    """What to write when the port was opened, and how many seconds to wait after each. What comes in until then is
    thrown away."""

    def opened(self, now_s: float) -> None:
        """The port is open and `opening` is said: what came before it is half, and forgotten."""

    @property
    def alive(self) -> bool:
        """Whether there is reason to believe, since the last opening, that somebody is at the other end."""

    def feed(self, data: bytes, now_s: float) -> Iterator[h.Heard | Complaint]:
        """What these bytes say, with those before them. Never raises; holds no more than one message. Without bytes:
        what must be made of those that came, as no more follow."""

    def say(self, now_s: float) -> bytes:
        """What is to be written now, if anything; asked a few times a second. Raises Silent."""

    def confirm(self, nr: int, boot: str, seq: int, incident: str, durable: bool) -> bytes:
        """How to tell a zender that its press is known (docs/wire.md, "Press"); empty where it cannot be told."""

    def help(self, nr: int, sign: HelpSign) -> bytes:
        """How to show the discreet sign; empty where there is none."""


class PortProtocol(Protocol):
    """What a module in here offers."""

    BAUD: int
    """Always 8N1, without flow control."""

    OUR_NODES: bool
    """Whether who speaks it are our own nodes: they beat every 10 s and can show the discreet sign (docs/wire.md)."""

    def check_address(self, address: str) -> str | None:
        """What a zender's address is and what is expected, to be read after "is"; None when it is good."""

    def Line(self, port: str, zenders: Sequence[OnPort], press_ids: PressIds) -> SerialLine:  # noqa: N802
        """The class of its line. `port` is the gateway's id, `zenders` those behind it."""


def protocol(name: str) -> PortProtocol:
    """The module of this name, one of PROTOCOLS."""
    return cast(PortProtocol, importlib.import_module(f"{__name__}.{name}"))
