"""What waits for the disk: leaves when its fact is durable, and after a second without, marked so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from achterwacht import durability
from achterwacht.durability import Durability
from achterwacht.journal import writer
from achterwacht.journal.opening import open_folder
from achterwacht.journal.writer import NEVER, Journal


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
async def test_what_was_not_kept_waits_for_nothing_and_holds_up_nobody() -> None:
    said: list[bool] = []
    disk = Durability(0)
    disk.after(NEVER, said.append)
    disk.after(1, said.append)
    assert said == [False]
    disk.reached(1)
    assert said == [False, True]


@pytest.mark.asyncio
async def test_a_disk_that_says_nothing_holds_up_each_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durability, "WAIT_MAX_S", 0.02)
    said: asyncio.Queue[tuple[int, bool]] = asyncio.Queue()
    disk = Durability(0)
    for n in (1, 2):
        disk.after(n, lambda durable, n=n: said.put_nowait((n, durable)))  # type: ignore[misc]
    async with asyncio.timeout(5):
        assert [await said.get(), await said.get()] == [(1, False), (2, False)]
    disk.after(3, lambda durable: said.put_nowait((3, durable)))
    disk.reached(3)
    assert said.get_nowait() == (3, True)


@pytest.mark.asyncio
async def test_a_disk_that_goes_on_slowly_does_not_start_anybodys_second_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commits come ten times as often as the second ends, and never reach the one that waits."""
    monkeypatch.setattr(durability, "WAIT_MAX_S", 0.1)
    loop = asyncio.get_running_loop()
    disk = Durability(0)
    said: asyncio.Future[bool] = loop.create_future()

    def commit() -> None:
        disk.reached(disk.n + 1)
        if not said.done():
            loop.call_later(0.01, commit)

    commit()
    disk.after(1_000_000, said.set_result)
    async with asyncio.timeout(5):
        assert await said is False
    assert disk.n > 1


@pytest.mark.asyncio
async def test_a_journal_that_hangs_is_broken_before_the_next_one_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why nothing here remembers a silence: the journal itself says so after a second, whatever is waiting."""
    monkeypatch.setattr(writer, "SLOW_S", 0.02)
    said: asyncio.Queue[bool] = asyncio.Queue()
    disk = Durability(0)
    journal = Journal(open_folder(tmp_path, 2026, "stamp"), disk.reached, lambda text: disk.broken(text is not None))
    disk.after(journal.append(["never written: nobody runs this journal"]), said.put_nowait)
    async with asyncio.timeout(5):
        assert await said.get() is False
    disk.after(journal.append(["nor this"]), said.put_nowait)
    assert said.get_nowait() is False
