"""The one inbox: everything heard, by whoever hears it, waits here until the loop takes it out.

Presses, answers and orders' outcomes are not refused: the broker gives no more than it has acknowledgements of, and
there are no more outcomes than orders. Only of one zender that presses without end a hundred wait at most. They pass
what devices say of themselves, of which only the newest is kept.
Any part of the daemon may put something in, from the loop's own thread.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from achterwacht.core import heard as h

PRESSES_MAX = 100
"""Presses of one zender that wait at once: five times what the broker gives unacknowledged. One that says more, without
waiting for an answer, is broken or hostile, and its desk rings already; the others must not wait behind it."""
DEVICES_MAX = 20_000
"""How many devices' newest words are kept, status and telemetry apart; a flood of made-up devices is dropped."""


def nothing(*_: Any) -> None:
    """What to call when nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One heard thing. `ack()` tells whoever brought it that it is safe; `reply(result)` answers a command."""

    heard: h.Heard
    ack: Callable[[], None] = nothing
    reply: Callable[[dict[str, Any]], None] = nothing


class Inbox:
    """A queue with two ranks."""

    def __init__(self) -> None:
        self._urgent: deque[Letter] = deque()
        self._presses: Counter[int] = Counter()
        """By zender: how many of its presses wait."""
        self._newest: dict[tuple[str, str], Letter] = {}
        self._arrived = asyncio.Event()

    def put(
        self,
        heard: h.Heard,
        ack: Callable[[], None] = nothing,
        reply: Callable[[dict[str, Any]], None] = nothing,
    ) -> None:
        """Post one heard thing; returns at once."""
        letter = Letter(heard, ack, reply)
        if isinstance(heard, h.Pressed):
            if self._presses[heard.zender] >= PRESSES_MAX:
                return  # one more of the same burst. Not acknowledged: where it can be said again, it is
            self._presses[heard.zender] += 1
        if not isinstance(heard, h.Telemetry | h.Status):
            self._urgent.append(letter)
            self._arrived.set()
            return
        ack()  # it is said again, or remembered, by whoever said it: presses behind it need not wait for the disk
        letter = Letter(heard)
        if isinstance(heard, h.Status) and heard.live:
            self._keep_newest(("said now", heard.device), letter)  # what the broker remembers must not replace a birth
        else:
            self._keep_newest((type(heard).__name__, heard.device), letter)
        self._arrived.set()

    def _keep_newest(self, key: tuple[str, str], letter: Letter) -> None:
        replaced = self._newest.pop(key, None)  # and the new one goes last: after what was said in between
        if replaced and isinstance(letter.heard, h.Telemetry) and isinstance(replaced.heard, h.Telemetry):
            letter = replace(letter, heard=letter.heard.over(replaced.heard))
        if len(self._newest) < DEVICES_MAX:
            self._newest[key] = letter

    async def take(self, at_most_s: float | None) -> Letter | None:
        """The next letter, the urgent ones first; None when `at_most_s` seconds pass without one."""
        if not self._urgent and not self._newest:
            self._arrived.clear()
            try:
                async with asyncio.timeout(at_most_s):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        if self._urgent:
            letter = self._urgent.popleft()
            if isinstance(letter.heard, h.Pressed):
                self._presses[letter.heard.zender] -= 1
            return letter
        return self._newest.pop(next(iter(self._newest)))

    def __len__(self) -> int:
        return len(self._urgent) + len(self._newest)
