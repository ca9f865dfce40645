"""What the core cannot do by itself in the course of a day: be asked once a second, and press to test itself.

Knows the self-test's message and when it is tried again. What is due on a day is core/morning.py's to say.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import msgspec

from achterwacht.core import heard as h
from achterwacht.core.moment import Moment
from achterwacht.core.morning import overdue, self_test_due
from achterwacht.core.state import State

SELF_TEST_TOPIC = "achterwacht/v1/daemon/selftest"
AGAIN_S = 10.0
"""How often the self-test that is due is tried, and buttons are looked at that were not tested for too long."""
OVERDUE_AT_ONCE = 100
"""Each is a fault; a thousand in one turn would hold up a page."""


class SelfTestSong(msgspec.Struct):
    """What is pressed: by which daemon, and for which day."""

    boot: str
    on: date


class Day:
    """`hear` gets what the core is told; `press` puts a message on the self-test's topic.

    One that does not get there is tried again, and one that never comes through is a fault.
    """

    def __init__(self, boot: str, hear: Callable[[h.Heard], None], press: Callable[[bytes], None]) -> None:
        self._boot = boot
        self._hear = hear
        self._press = press
        self._again_s = 0.0

    def look(self, state: State, now: Moment) -> None:
        """Call it once a second; in a house without a morning check it does nothing."""
        if state.plan.morning is None:
            return
        self._hear(h.Look())
        if now.mono_s < self._again_s:
            return
        self._again_s = now.mono_s + AGAIN_S
        if late := overdue(state, now)[:OVERDUE_AT_ONCE]:
            self._hear(h.Overdue(late))
        if day := self_test_due(state, now):
            self._press(msgspec.json.encode(SelfTestSong(self._boot, day)))

    def pressed(self, payload: bytes) -> h.SelfTested | None:
        """Our press on no button, back through the broker; None for anything else that stands on that topic."""
        try:
            song = msgspec.json.decode(payload, type=SelfTestSong)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        return h.SelfTested(song.boot, song.on)
