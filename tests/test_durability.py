"""What waits for the disk: leaves when its fact is durable, and after a second without, marked so."""

from __future__ import annotations

import asyncio

import pytest

from achterwacht import durability
from achterwacht.durability import Durability


@pytest.mark.asyncio
async def test_what_is_on_disk_already_leaves_at_once() -> None:
    said: list[bool] = []
    Durability(7).after(7, said.append)
    assert said == [True]


@pytest.mark.asyncio
async def test_it_leaves_in_order_and_only_as_far_as_the_disk_is() -> None:
    said: list[tuple[int, bool]] = []
    disk = Durability(0)
    for n in (1, 2, 3):
        disk.after(n, lambda durable, n=n: said.append((n, durable)))  # type: ignore[misc]
    disk.reached(2)
    assert said == [(1, True), (2, True)]
    disk.reached(3)
    assert said == [(1, True), (2, True), (3, True)]


@pytest.mark.asyncio
async def test_a_broken_disk_holds_nobody_up() -> None:
    said: list[bool] = []
    disk = Durability(0)
    disk.after(1, said.append)
    disk.broken(True)
    disk.after(2, said.append)
    assert said == [False, False]
    disk.broken(False)
    disk.after(3, said.append)
    assert said == [False, False]
    disk.reached(3)
    assert said == [False, False, True]


@pytest.mark.asyncio
async def test_a_silent_disk_holds_up_for_a_second_and_then_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durability, "SILENT_S", 0.02)
    said: asyncio.Queue[bool] = asyncio.Queue()
    disk = Durability(0)
    disk.after(1, said.put_nowait)
    async with asyncio.timeout(5):
        assert await said.get() is False
    disk.after(2, said.put_nowait)
    assert said.get_nowait() is False
    disk.reached(2)
    disk.after(3, said.put_nowait)
    assert said.empty()
    disk.reached(3)
    assert said.get_nowait() is True


@pytest.mark.asyncio
async def test_a_disk_that_moves_but_slowly_starts_its_second_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durability, "SILENT_S", 0.02)
    said: asyncio.Queue[bool] = asyncio.Queue()
    disk = Durability(0)
    disk.after(1, said.put_nowait)
    disk.after(2, said.put_nowait)
    disk.reached(1)
    async with asyncio.timeout(5):
        assert await said.get() is True
        assert await said.get() is False
