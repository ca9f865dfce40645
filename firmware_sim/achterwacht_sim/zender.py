"""The firmware of a zender: a press is said until it is confirmed. Pure, see firmware.py.

Knows its number, its presses and the discreet sign. Does not know what became of the alarm.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from achterwacht_sim import wire
from achterwacht_sim.battery import Battery
from achterwacht_sim.events import Confirmed, HelpChanged, Pressed
from achterwacht_sim.firmware import TELEMETRY_EVERY_S, Firmware
from achterwacht_sim.repeats import Repeats
from achterwacht_sim.wire import PRESS_EXPIRY_S, Help, Message

# docs/wire.md, "Press": 500 ms ± 20 %, so that eleven zenders pressed at once do not stay in step.
PRESS_EVERY_S = 0.5
PRESS_JITTER = 0.2

# Nobody presses this often before the first confirmation; the oldest press has then been said many times.
MAX_UNCONFIRMED = 64

# Two years on one battery.
DRAIN_PER_H = 100.0 / (2 * 365 * 24)

IDLE = Help("", "idle", 0)


class ZenderFirmware(Firmware):
    """Zender `nr`. `battery` is None on mains."""

    def __init__(
        self,
        nr: int,
        new_boot: Callable[[], str],
        rng: random.Random,
        *,
        battery: Battery | None = None,
        telemetry_every_s: float = TELEMETRY_EVERY_S,
    ) -> None:
        def press_every_s() -> float:
            return PRESS_EVERY_S * rng.uniform(1 - PRESS_JITTER, 1 + PRESS_JITTER)

        super().__init__("zender", str(nr), new_boot, Repeats(press_every_s, MAX_UNCONFIRMED), telemetry_every_s)
        self.nr = nr
        self.help = IDLE
        self.tamper = False
        self.line = "ok"
        self._battery = battery

    @property
    def subscriptions(self) -> tuple[str, ...]:
        return (self._topic("confirm"), self._topic("help"), self._topic("status"))

    def press(self, now_s: float) -> int:
        """One human press. Returns its sequence number."""
        boot, seq = key = self._next_key()

        def say(at_s: float) -> Message:
            fields = {"boot": boot, "seq": seq, "age_ms": round((at_s - now_s) * 1000)}
            return Message(self._topic("press"), wire.encode(fields), expiry_s=PRESS_EXPIRY_S)

        self._note(Pressed(self._press_id(boot, seq), seq))
        self._say_until_settled(key, say, now_s)
        return seq

    def set_tamper(self, tamper: bool, now_s: float) -> None:
        """The housing is opened, or closed."""
        self.tamper = tamper
        self._telemetry_now(now_s)

    def set_line(self, line: str, now_s: float) -> None:
        """The wire to the button is ok, cut or short. Raises ValueError for another word."""
        if line not in wire.LINE_STATES:
            raise ValueError(f"line {line!r}: one of {', '.join(wire.LINE_STATES)} expected")
        self.line = line
        self._telemetry_now(now_s)

    def _heard(self, topic: str, payload: bytes, now_s: float) -> None:
        if topic == self._topic("confirm"):
            self._confirm(wire.confirm(payload), now_s)
        elif topic == self._topic("help"):
            sign = wire.help_sign(payload)
            if sign != self.help:
                self.help = sign
                self._note(HelpChanged(sign.incident, sign.state, sign.coming))

    def _confirm(self, confirm: wire.Confirm, now_s: float) -> None:
        if self._repeats.settle((confirm.boot, confirm.seq), confirm.durable, now_s):
            press = self._press_id(confirm.boot, confirm.seq)
            self._note(Confirmed(press, confirm.boot, confirm.seq, confirm.incident, confirm.durable))

    def _telemetry(self, now_s: float) -> dict[str, object]:
        battery = None if self._battery is None else self._battery.percent(now_s)
        return {"boot": self.boot, "battery": battery, "tamper": self.tamper, "line": self.line}

    def _forget(self, now_s: float) -> None:
        self.help = IDLE

    def _press_id(self, boot: str, seq: int) -> str:
        return f"{self.nr}-{boot}-{seq}"
