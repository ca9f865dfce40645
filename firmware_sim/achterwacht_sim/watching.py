"""The lookout: notes what the nodes do, keeps the newest, and tells those who wait for something.

Knows nothing of what the events mean.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from achterwacht_sim.events import Event, Noted

# Eleven alarms on three pagers make some 200 notes a step of the ladder: this is the last twenty steps. Looking
# through all of them takes a fraction of a millisecond.
MAX_KEPT = 4000

Wanted = Callable[[Noted], bool]


class Lookout:
    """Shared by as many nodes as one likes, within one event loop.

    `tell` is called with each note at once; it must not block and must not raise.
    """

    def __init__(self, tell: Callable[[Noted], None] | None = None) -> None:
        self.count = 0
        self.kept: deque[Noted] = deque(maxlen=MAX_KEPT)
        self._tell = tell
        self._waiting: dict[asyncio.Future[Noted], Wanted] = {}

    def note(self, at_s: float, node: str, event: Event) -> None:
        """One node did something."""
        self.count += 1
        noted = Noted(self.count, at_s, node, event)
        self.kept.append(noted)
        if self._tell is not None:
            self._tell(noted)
        for future, wanted in list(self._waiting.items()):
            if not future.done() and wanted(noted):
                future.set_result(noted)

    def find(self, wanted: Wanted, after: int = 0) -> Noted | None:
        """The first note kept with a number above `after` that is wanted."""
        return next((noted for noted in self.kept if noted.n > after and wanted(noted)), None)

    async def until(self, wanted: Wanted, timeout_s: float, after: int = 0) -> Noted:
        """The first note above `after` that is wanted, kept or still to come. Raises TimeoutError."""
        found = self.find(wanted, after)
        if found is not None:
            return found
        future: asyncio.Future[Noted] = asyncio.get_running_loop().create_future()
        self._waiting[future] = wanted
        try:
            async with asyncio.timeout(timeout_s):
                return await future
        finally:
            del self._waiting[future]
