"""A line on which one thing happens at a time, the most urgent first; what is more urgent cuts off what is less.

Knows order, not what it is that happens. What was cut off begins again when its turn comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Lane:
    """The way to one receiver."""

    def __init__(self) -> None:
        # Whoever waits, and whose turn it is: the most urgent first, then who has the lower place.
        self._wanted: list[tuple[int, int]] = []
        self._under_way: asyncio.Task[Any] | None = None
        self._changed = asyncio.Event()

    @property
    def wanted(self) -> int:
        """How many want the lane or have it."""
        return len(self._wanted)

    async def run(self, urgency: int, place: int, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `work` returns or raises, when its turn has come. It is begun anew when it was cut off.

        `place` is nobody else's: whoever keeps it over several runs comes before all who came later.
        """
        me = (-urgency, place)
        if self._under_way is not None and urgency > -min(self._wanted)[0]:
            self._under_way.cancel()
        self._wanted.append(me)
        try:
            while True:
                while self._under_way is not None or min(self._wanted) != me:
                    await self._changed.wait()
                task = await self._alone(work)
                if not task.cancelled():
                    return task.result()
        finally:
            self._wanted.remove(me)
            self._wake()

    async def _alone(self, work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        """Do it with nothing beside it. The task has ended in one way or another."""
        task = self._under_way = asyncio.create_task(work())
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()  # nothing to it unless whoever waits here was cancelled
            self._under_way = None
            self._wake()
        return task

    def _wake(self) -> None:
        """Let everyone who waits look again."""
        self._changed.set()
        self._changed = asyncio.Event()
