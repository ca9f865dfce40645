"""Contacts on the pins of this machine (docs/wire.md, "GPIO"): a zender's edges and levels become presses, and those of
a pager's dock tell whether it is in there.

Knows gpiozero and what can be wrong with a pin. When a level is a press is core/contact.py's. A contact ties its pin to
the rail that its resistor does not pull it to: to ground with a pull-up (ours, or with `none` one on the board, as
behind an optocoupler), to 3.3 V with a pull-down. So an open contact reads what the pin is pulled to.

Edges come from a thread of the library, each with its level: a press may be over before the loop can look. Levels are
read besides, for an edge may be lost; that is also how we know that a pin can still be read. gpiozero's own debouncing
(bounce_time) drops edges (gpiozero issues 550 and 1039) and is never used.

lgpio makes a FIFO (.lgd-nfy0) in the working folder, which must be one that the daemon may write. Its variable LG_WD
names another, but then lgpio moves the whole process there (measured), and with it whatever has a relative path.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from achterwacht.core import heard as h
from achterwacht.core.contact import STUCK_S, Event, Life, Press, Stuck, StuckOver, look
from achterwacht.core.plan import DOCK, ZENDER
from achterwacht.driver import in_own_thread
from achterwacht.inputs.wiring import GPIO, Contact, Dock, Hear, PressIds

POLL_S = 0.2
"""How often every level is read (docs/wire.md, "GPIO"): a press of 400 ms counts though all its edges are lost."""
ALIVE_EVERY_S = 10.0
"""How often a contact that reads well is said to live: as often as our own nodes (docs/wire.md)."""
RETRY_S = 1.0
"""How often what does not work is tried again: a pin that failed for a moment is deaf for no longer."""
OPEN_WAIT_S = 4.0
"""Opening the GPIO takes half a second; what takes so long hangs, and is a fault within its 5 s."""
EDGES_MAX = 64
"""Edges of a contact that wait for the loop. One that chatters makes more: the first count, and the last."""
SETTLE_S = 0.05
"""Between switching on a pull and the first look. The 50 kOhm of a pull-up charge the 100 nF of a filter at the pin in
some 10 ms (computed), in which a normally open contact looks pressed."""

OFFLINE = f"gateway:{GPIO}/offline"

INSTALL = "install achterwacht[gpio]"
ADVICE = (
    ("ModuleNotFoundError", "gpiozero", f"gpiozero is not installed: {INSTALL}"),
    (
        "ModuleNotFoundError",
        "lgpio",
        f"lgpio is not installed: {INSTALL}; above Python 3.12 take the distribution's python3-lgpio",
    ),
    (
        "FileNotFoundError",
        ".lgd-nfy",
        "lgpio cannot make its FIFO: start the daemon in a folder that it may write (systemd: WorkingDirectory=)",
    ),
    ("PinUnknownPi", "", "there is no GPIO here: this machine is no Raspberry Pi that gpiozero knows"),
    ("BadPinFactory", "", "GPIOZERO_PIN_FACTORY names no pin factory: remove it, or name one that is installed"),
    (
        "error",
        "gpiochip",
        "the GPIO chip cannot be opened: is there a /dev/gpiochip*, and the daemon in the group gpio?",
    ),
    ("PermissionError", "", "the GPIO may not be used: put the daemon's user in the group gpio"),
    ("error", "busy", "the pin is in use by another program or driver: end that, or take another pin"),
    ("GPIOPinInUse", "", "another contact has this pin: give each its own"),
    ("PinFixedPull", "", "this pin has a resistor of its own to 3.3 V: set its pull to up, or take another pin"),
    ("PinInvalidPin", "", "this machine has no such pin: take another"),
)
"""What to do about an error, by the name of its class and a word in its text; the libraries may not be there to ask."""

log = logging.getLogger(__name__)


class Gpio:
    """All contacts on this machine's pins. `run` it; what it hears goes to `hear`, in the loop's thread."""

    def __init__(
        self,
        contacts: Sequence[Contact],
        docks: Sequence[Dock],
        press_ids: PressIds,
        mono_s: Callable[[], float],
        hear: Hear,
    ) -> None:
        self._mono_s = mono_s
        self._hear = hear
        self._pins = [
            *(_Pin(contact, _Button(contact, press_ids, hear), mono_s) for contact in contacts),
            *(_Pin(dock, _Cradle(dock, hear), mono_s) for dock in docks),
        ]
        self._alive_s = dict.fromkeys(self._pins, -math.inf)
        """When each contact was last said to live."""
        self._told: dict[str, str | None] = {}
        """What was said last of each trouble: its detail, or None when it was over."""

    async def run(self) -> None:
        """Listen, for ever; whatever is wrong is told and tried again. Gives the pins back when it is cancelled."""
        try:
            factory = await self._pin_factory()
            retry_s = -math.inf
            while True:
                now_s = self._mono_s()
                if now_s >= retry_s:
                    retry_s = now_s + RETRY_S
                    opened = [pin for pin in self._pins if pin.open(factory)]
                    if opened:
                        await asyncio.sleep(SETTLE_S)
                for pin in self._pins:
                    pin.read()
                self._tell_how_it_is()
                await asyncio.sleep(POLL_S)
        finally:
            for pin in self._pins:
                pin.close()

    async def _pin_factory(self) -> Any:
        """The library's way to the pins, as soon as it is to be had."""
        while True:
            try:
                opening = in_own_thread(_pin_factory)  # importing takes 200 to 400 ms
                await asyncio.wait({opening}, timeout=OPEN_WAIT_S)
                if not opening.done():
                    self._trouble(OFFLINE, "the GPIO does not open, its driver hangs: start this machine again")
                return await opening
            except Exception as error:
                self._trouble(OFFLINE, _what_to_do(error))
            await asyncio.sleep(RETRY_S)

    def _tell_how_it_is(self) -> None:
        """A pin that fails while others read is its device's trouble; when none reads, it is one of the gateway."""
        bad = [pin for pin in self._pins if pin.trouble]
        if bad and len(bad) == len(self._pins):
            self._trouble(OFFLINE, bad[0].trouble)
            return
        self._trouble(OFFLINE, None)
        now_s = self._mono_s()
        for pin in self._pins:
            self._trouble(f"{pin.device}/pin", pin.trouble)
            if not pin.trouble and now_s >= self._alive_s[pin] + ALIVE_EVERY_S:
                self._alive_s[pin] = now_s
                self._hear(pin.alive())

    def _trouble(self, key: str, detail: str | None) -> None:
        """Tell how it is with this, when it is not as it was told last. At first: one may stand from before a start."""
        if key not in self._told or self._told[key] != detail:
            self._told[key] = detail
            self._hear(h.TroubleOver(key) if detail is None else h.Trouble(key, detail))


class _Behind(Protocol):
    """What is behind a contact, and tells what its levels mean."""

    device: str
    hurries: bool
    """Whether every edge counts; else the poll is soon enough."""

    def look(self, active: bool, at_s: float) -> float | None:
        """It is seen active, or not; returns when it should be looked at again, if nothing changes."""
        ...

    def alive(self) -> h.Telemetry:
        """What is said of it while it reads well."""
        ...


class _Button:
    """A zender's button."""

    hurries = True

    def __init__(self, contact: Contact, press_ids: PressIds, hear: Hear) -> None:
        self.device = f"{ZENDER}:{contact.nr}"
        self._contact = contact
        self._press_ids = press_ids
        self._hear = hear
        self._life = Life(contact.min_active_ms / 1000, contact.rearm_ms / 1000)

    def look(self, active: bool, at_s: float) -> float | None:
        self._life, events = look(self._life, active, at_s)
        for event in events:
            self._happened(event)
        return self._life.due_s

    def alive(self) -> h.Telemetry:
        return h.Telemetry(self.device, boot="")

    def _happened(self, event: Event) -> None:
        nr, stuck = self._contact.nr, f"{self.device}/stuck"
        match event:
            case Press(at_s, at_start):
                press, age_ms = self._press_ids.next(nr), self._contact.min_active_ms
                self._hear(h.Pressed(press, nr, "", at_s, age_ms=age_ms, at_start=at_start))
            case Stuck():
                state, wire = ("open", "cut") if self._contact.normally_closed else ("closed", "shorted")
                self._hear(h.Trouble(stuck, f"{state} for {STUCK_S:.0f} s: its button sticks, or its wire is {wire}"))
            case StuckOver():
                self._hear(h.TroubleOver(stuck))


class _Cradle:
    """A pager's dock: a level, said when it has changed. It counts for the core only when it has kept so for seconds,
    so nothing is lost with an edge, and a contact that bounces under a pager is not a dozen changes."""

    hurries = False

    def __init__(self, dock: Dock, hear: Hear) -> None:
        self.device = f"{DOCK}:{dock.pager}"
        self._hear = hear
        self._docked: bool | None = None

    def look(self, active: bool, at_s: float) -> float | None:
        changed = self._docked not in (None, active)
        self._docked = active
        if changed:
            self._hear(self.alive())
        return None

    def alive(self) -> h.Telemetry:
        return h.Telemetry(self.device, boot="", docked=self._docked)


class _Pin:
    """One contact on its pin, which may be closed: then it is not read. `trouble`: why it cannot be read, if so.

    Closing does not end what is known of the contact. A press that was held all the while is still the same one.
    """

    def __init__(self, contact: Contact | Dock, behind: _Behind, mono_s: Callable[[], float]) -> None:
        self.device = behind.device
        self.alive = behind.alive
        self.trouble: str | None = None
        self._contact = contact
        self._behind = behind
        self._mono_s = mono_s
        # Open reads high, but with a pull-down; active is open when it is normally closed.
        self._active_level = contact.normally_closed == (contact.pull != "down")
        self._input: Any = None
        self._loop: asyncio.AbstractEventLoop
        self._edges: deque[tuple[bool, float]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def open(self, factory: Any) -> bool:
        """Take the pin, when it is not ours already. Whether it was opened now: then its level needs time to settle."""
        if self._input is not None:
            return False
        from gpiozero import InputDevice

        self._loop = asyncio.get_running_loop()
        self._edges.clear()
        pull_up = {"up": True, "down": False, "none": None}[self._contact.pull]
        try:
            self._input = InputDevice(
                self._contact.pin,
                pull_up=pull_up,
                active_state=True if pull_up is None else None,  # it must be said then; we read the pin itself
                pin_factory=factory,
            )
            self._input.pin.bounce = None
            self._input.pin.edges = "both"
        except Exception as error:
            self._failed(error)
            return False
        return True

    def read(self) -> None:
        """Look at the level now. The first time, listen for edges from now on, where they count."""
        if self._input is None:
            return
        try:
            pin = self._input.pin
            if self._behind.hurries and pin.when_changed is None:
                pin.when_changed = self._on_edge
            level = bool(pin.state)
        except Exception as error:
            self._failed(error)
            return
        self.trouble = None
        self._look(level, self._mono_s())

    def close(self) -> None:
        """Give the pin back."""
        device, self._input = self._input, None
        if self._timer:
            self._timer.cancel()
        if device is not None:
            try:
                device.pin.when_changed = None
                device.close()
            except Exception as error:  # one that cannot be read can perhaps not be closed either
                log.warning("%s: GPIO%d is not closed well: %r", self.device, self._contact.pin, error)

    def _failed(self, error: Exception) -> None:
        self.trouble = f"GPIO{self._contact.pin}: {_what_to_do(error)}"
        self.close()

    def _on_edge(self, ticks: Any, state: Any) -> None:
        """The library calls this in a thread of its own, which an exception would end: then no edge comes any more."""
        try:
            edge = bool(state), self._mono_s()
            if len(self._edges) < EDGES_MAX:
                self._edges.append(edge)
                self._loop.call_soon_threadsafe(self._take_edge)
            else:
                self._edges[-1] = edge  # how it came to rest, or not, is always known
        except Exception:
            if not self._loop.is_closed():
                log.exception("%s: an edge on GPIO%d is lost", self.device, self._contact.pin)

    def _take_edge(self) -> None:
        if self._edges:  # it may have been forgotten with its pin
            self._look(*self._edges.popleft())

    def _look(self, level: bool, at_s: float) -> None:
        due_s = self._behind.look(level == self._active_level, at_s)
        if self._timer:
            self._timer.cancel()
        # What is due later is found by the poll.
        if due_s is not None and (wait_s := due_s - self._mono_s()) < POLL_S:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self.read)


def _pin_factory() -> Any:
    """gpiozero's way to the pins: the one that GPIOZERO_PIN_FACTORY names, else lgpio and no other.

    Left alone gpiozero would try one after the other, to end in one that needs root and has its own thread for every
    pin, and warn of each. Raises whatever is wrong.
    """
    from gpiozero import Device

    if Device.pin_factory is None and "GPIOZERO_PIN_FACTORY" not in os.environ:
        from gpiozero.pins.lgpio import LGPIOFactory

        Device.pin_factory = LGPIOFactory()
    Device.ensure_pin_factory()
    return Device.pin_factory


def _what_to_do(error: Exception) -> str:
    """The error in words that say what to do; whatever we did not foresee in its own."""
    names = {kind.__name__ for kind in type(error).__mro__}
    for name, word, advice in ADVICE:
        if name in names and word in str(error):
            return advice
    return f"{type(error).__name__}: {error}"
