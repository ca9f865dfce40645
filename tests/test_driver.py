"""A driver that hangs does so alone."""

from __future__ import annotations

import asyncio
import threading

import pytest

from achterwacht.driver import in_own_thread

MANY = 64


@pytest.mark.asyncio
async def test_what_it_returns_or_raises() -> None:
    def fail() -> None:
        raise OSError("no such device")

    assert await in_own_thread(lambda: 7) == 7
    with pytest.raises(OSError, match="no such device"):
        await in_own_thread(fail)


@pytest.mark.asyncio
async def test_those_that_hang_take_nobodys_turn() -> None:
    release = threading.Event()
    try:
        hanging = [in_own_thread(release.wait) for _ in range(MANY)]
        async with asyncio.timeout(10):
            assert await asyncio.to_thread(lambda: "a turn") == "a turn"
        for one in hanging[1:]:
            one.cancel()
        assert not hanging[0].done()
    finally:
        release.set()
    async with asyncio.timeout(10):
        assert await hanging[0] is True


def test_a_result_that_comes_after_the_end_is_nobodys() -> None:
    release, ended = threading.Event(), threading.Event()

    def late() -> None:
        release.wait()
        ended.set()

    async def begin() -> None:
        in_own_thread(late)

    asyncio.run(begin())
    release.set()
    assert ended.wait(10)
