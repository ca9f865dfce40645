"""The one inbox: everything heard, by whoever hears it, waits here until the loop takes it out.

Presses, answers and orders' outcomes are never refused and pass telemetry, of which only the newest per device is kept.
Any part of the daemon may put something in, from the loop's own thread.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from achterwacht.core import heard as h

TELEMETRY_MAX = 10_000
"""Devices whose newest telemetry is kept; a flood of made-up devices beyond that is dropped."""


def _nobody_waits(*_: Any) -> None:
    """What to call when nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One heard thing. `ack()` tells whoever brought it that it is safe; `reply(result)` answers a command."""

    heard: h.Heard
    ack: Callable[[], None] = _nobody_waits
    reply: Callable[[dict[str, Any]], None] = _nobody_waits


class Inbox:
    """A queue with two ranks."""

    def __init__(self) -> None:
        self._urgent: deque[Letter] = deque()
        self._telemetry: dict[str, Letter] = {}
        self._arrived = asyncio.Event()

    def put(
        self,
        heard: h.Heard,
        ack: Callable[[], None] = _nobody_waits,
        reply: Callable[[dict[str, Any]], None] = _nobody_waits,
    ) -> None:
        """Post one heard thing; returns at once."""
        letter = Letter(heard, ack, reply)
        if not isinstance(heard, h.Telemetry):
            self._urgent.append(letter)
        elif heard.device in self._telemetry or len(self._telemetry) < TELEMETRY_MAX:
            self._telemetry[heard.device] = letter
        self._arrived.set()

    async def take(self, at_most_s: float | None) -> Letter | None:
        """The next letter, the urgent ones first; None when `at_most_s` seconds pass without one."""
        if not self._urgent and not self._telemetry:
            self._arrived.clear()
            try:
                async with asyncio.timeout(at_most_s):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        if self._urgent:
            return self._urgent.popleft()
        return self._telemetry.pop(next(iter(self._telemetry)))

    def __len__(self) -> int:
        return len(self._urgent) + len(self._telemetry)
