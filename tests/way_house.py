"""What the tests of the ways to telephones share: a way that runs while it is looked at, and what it told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

import pytest

from achterwacht.errors import Undeliverable
from achterwacht.outputs.phones.messages import Deliver, FromChild, Trouble
from achterwacht.outputs.phones.way import Way

W = TypeVar("W", bound=Way)


class WayHouse(Generic[W]):
    """One way, its clock, and the faults that it told. Each test's own house makes the way."""

    way: W

    def __init__(self, order: Deliver, now_s: float = 0.0) -> None:
        self.order = order
        """What is delivered where a test says no other."""
        self.now_s = now_s
        self.told: list[FromChild] = []

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.way.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def troubles(self, key: str = "") -> list[str]:
        """The details of every trouble, or of those of one key."""
        return [one.detail for one in self.told if isinstance(one, Trouble) and key in ("", one.key)]

    async def refused(self, order: Deliver | None = None) -> Undeliverable:
        with pytest.raises(Undeliverable) as caught:
            await self.way.deliver(order or self.order)
        return caught.value
