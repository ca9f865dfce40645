"""What waits for the disk: confirmations, "over", closings. It waits at most a second, then leaves marked not durable.

Knows numbers of facts and nothing of what they mean. What raises never comes here. A journal that hangs calls itself
broken after a second (journal/writer.py, SLOW_S): from there nothing waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from achterwacht.journal.writer import NEVER

WAIT_MAX_S = 1.0
"""How long anything waits for its own fact, however slowly the disk goes on meanwhile (docs/wire.md, "Daemon")."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    n: int
    then: Callable[[bool], None]
    overdue: asyncio.TimerHandle


class Durability:
    """Calls back when a fact is on disk, or when waiting for that has lasted long enough."""

    def __init__(self, durable_n: int) -> None:
        self.n = durable_n
        # In the order of arrival, thus of n and of deadline. A second's worth of letters at most.
        self._waiting: deque[_Waiting] = deque()
        self._broken = False

    def after(self, n: int, then: Callable[[bool], None]) -> None:
        """Call `then(True)` once fact `n` is on disk, or `then(False)` once it is clear that this takes too long."""
        if n <= self.n:
            then(True)
        elif self._broken or n == NEVER:
            then(False)
        else:
            overdue = asyncio.get_running_loop().call_later(WAIT_MAX_S, self._let_go, n, False)
            self._waiting.append(_Waiting(n, then, overdue))

    def reached(self, n: int) -> None:
        """The journal has facts up to `n` on disk."""
        self.n = n
        self._let_go(n, True)

    def broken(self, broken: bool) -> None:
        """The journal has failed, or works again; while it has failed nothing waits."""
        self._broken = broken
        if broken and self._waiting:
            self._let_go(self._waiting[-1].n, False)

    def _let_go(self, n: int, durable: bool) -> None:
        while self._waiting and self._waiting[0].n <= n:
            waiting = self._waiting.popleft()
            waiting.overdue.cancel()
            waiting.then(durable)
