"""What hangs where: the installer's part of the plan, which the core need not know; and what every input shares.

Plain values that config_wiring makes of zenders.yaml and the inputs go by. Knows no library, no payload and no frame.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from achterwacht.core import heard as h

GPIO = "gpio"
"""The id of the gateway that stands for the pins of this machine."""


# --- pins -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contact:
    """A zender that is a contact on a pin of this machine (docs/wire.md, "GPIO"). `pin`: its GPIO (BCM) number."""

    nr: int
    pin: int
    normally_closed: bool = True
    """The contact opens when pressed: a cut wire is a press, never peace."""
    pull: Literal["up", "down", "none"] = "up"
    min_active_ms: int = 0
    """For how long the contact must be active before it counts. 0: the first edge counts."""
    rearm_ms: int = 500
    """For how long it must be released before it can be pressed again."""


@dataclass(frozen=True, slots=True)
class Dock:
    """The contact in the dock of a pager, on a pin of this machine. `pin`, `pull`: as for a zender's."""

    pager: str
    pin: int
    normally_closed: bool = True
    """The pager in its dock opens the contact: a cut wire looks docked, and never like a pager that is carried."""
    pull: Literal["up", "down", "none"] = "up"


# --- serial ports -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port, a gateway to the core by the same id. `protocol` is the name of a module in inputs/ports/."""

    id: str
    protocol: str
    path: str


@dataclass(frozen=True, slots=True)
class OnPort:
    """A zender behind a serial port. `address`: its name on that line; empty where the nodes say their own number."""

    nr: int
    port: str
    address: str = ""


# --- bought MQTT devices ----------------------------------------------------------------------------------------------

Meaning = Literal["press", "battery", "battery_low", "tamper", "alive", "online", "docked"]
"""What a place in a payload tells of a device."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that messages on one topic may tell. Values are compared as mapping.plain() writes them.

    topic: a topic, or a filter with + and #.
    path: dots between keys, `[*]` for each element of a list (`params.events[*]`); empty: the payload itself, which
    need then be no JSON. Where there is nothing at this path, or null, nothing is told.
    field: below the path (for a list: in the element that `where` found); empty: the place itself.
    where: (path, value) pairs of the element, or of the whole payload without a list; all must hold.
    values: the values that mean it; empty: any but those in `ignore`.
    ignore: values that do not mean it; of a level also the opposites of `values` (`off` where `on` means it). One that
    is neither here nor in `values` is a fault, not silence.
    kind: an `event` counts each time; a `level` is so or not, and a press is when it becomes so. Tamper, battery_low
    and online are levels always, and so is docked: there any word that is not in `values` means that it is not.
    counter: (press event) a path from where `where` looks; only a changed value is a new press. It tells presses apart
    better than a window does: where one is said, `dedupe_s` does not count.
    below: (battery_low) a number below this means it, instead of `values`.
    """

    topic: str
    says: Meaning
    path: str = ""
    field: str = ""
    where: tuple[tuple[str, str], ...] = ()
    values: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    kind: Literal["event", "level"] = "event"
    counter: str = ""
    below: float | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """A bought zender, a dock's contact or a gateway on MQTT: `name` is the core's (`zender:3`, `dock:p2`)."""

    name: str
    readings: tuple[Reading, ...]
    dedupe_s: float = 0.0
    """Presses this close after the last that counted are the same one, sent again."""
    retained: Literal["ignore", "level"] = "ignore"
    """What a message is that the broker remembered: of no account, or the level from which the next ones differ."""
    qos: Literal[0, 1] = 1
    """How the device publishes, as the plan has it; 0 is weaker, and 0 where the plan says 1 is a fault."""
    gateway: str = ""
    """The id of what a dock is heard through, if anything; of a zender the plan itself says it."""


# --- calendars --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CalendarFeed:
    """An iCalendar feed that the roster is also read from: a file, or a URL, which may be a secret.

    `of`: what its events are about. `every_s`: how often it is read.
    """

    id: str
    of: Literal["duty", "away", "closed"]
    path: str = ""
    url: str = ""
    every_s: float = 900.0


# --- all of it --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wiring:
    """Everything that is not one of our own nodes on MQTT."""

    contacts: tuple[Contact, ...] = ()
    docks: tuple[Dock, ...] = ()
    """Those on pins; the others are among the devices."""
    ports: tuple[Port, ...] = ()
    on_ports: tuple[OnPort, ...] = ()
    devices: tuple[Device, ...] = ()
    calendars: tuple[CalendarFeed, ...] = ()


class Hear(Protocol):
    """How an input tells what it heard: the daemon's inbox. Call it in the loop's own thread; it returns at once."""

    def __call__(
        self,
        heard: h.Heard,
        ack: Callable[[], None] = ...,
        reply: Callable[[dict[str, Any]], None] = ...,
    ) -> None:
        """`ack()` is called when it is safe; `reply` of a press gets {"incident", "durable"} then."""


class PressIds:
    """Names presses of devices that do not name their own. One for the daemon: no name is ever given twice."""

    def __init__(self, boot: str) -> None:
        self._boot = boot
        self._last: Counter[int] = Counter()

    def next(self, nr: int) -> str:
        """The id of one more press on this zender (docs/wire.md, "Press")."""
        self._last[nr] += 1
        return f"{nr}-{self._boot}-{self._last[nr]}"
