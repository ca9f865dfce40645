"""One way to telephones, as the phones process runs it. What a way speaks is its own module's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from achterwacht.outputs.phones.messages import Deliver, FromChild

Tell = Callable[[FromChild], None]
"""How a way tells the daemon something by itself: a Gone, a Redeemed, a Trouble. Returns at once."""

Room = Callable[[], Awaitable[None]]
"""Returns when the daemon reads what it is told. Awaited before telling what strangers can make much of."""


class Way(Protocol):
    """One carrier. Deliveries run beside each other; each is cut off by the process when it takes too long."""

    async def deliver(self, order: Deliver) -> None:
        """Return when the carrier has taken it. Raises Undeliverable, with a reason for people."""

    async def run(self) -> None:
        """For ever: find out before the next alarm whether the carrier would take it (`channel:<way>/failing`, and
        `way:<way>:<member>/failing` for one member), and hear what comes back. Never raises for what is outside."""
