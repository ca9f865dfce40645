"""What waits for the disk: confirmations, "over", closings. It waits at most a second, then leaves marked not durable.

Knows numbers of facts and nothing of what they mean. What raises never comes here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

SILENT_S = 1.0
"""How long the journal may say nothing before what waits for it goes on without it (docs/wire.md, "Daemon")."""


@dataclass(slots=True)
class _Waiting:
    n: int
    then: Callable[[bool], None]


class Durability:
    """Calls back when a fact is on disk, or when waiting for that has lasted long enough."""

    def __init__(self, durable_n: int) -> None:
        self.n = durable_n
        self._waiting: deque[_Waiting] = deque()
        self._broken = False
        self._silent = False
        self._timer: asyncio.TimerHandle | None = None

    def after(self, n: int, then: Callable[[bool], None]) -> None:
        """Call `then(True)` once fact `n` is on disk, or `then(False)` once it is clear that this takes too long."""
        if n <= self.n:
            then(True)
        elif self._broken or self._silent:
            then(False)
        else:
            self._waiting.append(_Waiting(n, then))
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(SILENT_S, self._fell_silent)

    def reached(self, n: int) -> None:
        """The journal has facts up to `n` on disk."""
        self.n = n
        self._silent = False
        self._stop_timer()
        while self._waiting and self._waiting[0].n <= n:
            self._waiting.popleft().then(True)
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(SILENT_S, self._fell_silent)

    def broken(self, broken: bool) -> None:
        """The journal has failed, or works again; while it has failed nothing waits."""
        self._broken = broken
        if broken:
            self._let_go()

    def _fell_silent(self) -> None:
        self._silent = True
        self._let_go()

    def _let_go(self) -> None:
        self._stop_timer()
        while self._waiting:
            self._waiting.popleft().then(False)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
