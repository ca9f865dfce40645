"""Child processes: none is left, nor what they started, however it ends."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from achterwacht_sim.children import ChildEnded, Children

WAIT_S = 20.0

# A child that starts one of its own, tells both ids through a pipe, and hears no polite request.
STUBBORN = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
own = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
with open(sys.argv[1], "w") as pipe:
    pipe.write(f"{os.getpid()} {own.pid}")
signal.pause()
"""
SLEEPER = [sys.executable, "-c", "import signal; signal.pause()"]


def ends(handle: int) -> bool:
    """Whether the process behind this handle ends: the kernel takes a moment for one that was killed."""
    readable, _, _ = select.select([handle], [], [], WAIT_S)
    os.close(handle)
    return bool(readable)


async def until(wanted: Callable[[], object]) -> None:
    """Until it holds; the test's own timeout bounds it."""
    while not wanted():  # noqa: ASYNC110  what is waited for is another process
        await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_a_stubborn_child_and_its_own_child_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("achterwacht_sim.children.STOP_WAIT_S", 0.1)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    async with asyncio.timeout(WAIT_S), Children() as children:
        child = await children.start("stubborn", [sys.executable, "-c", STUBBORN, str(pipe)])
        pids = [int(pid) for pid in (await asyncio.to_thread(pipe.read_text)).split()]
        assert pids[0] == child.pid
        handles = [os.pidfd_open(pid) for pid in pids]
    assert all(map(ends, handles))


@pytest.mark.asyncio
async def test_an_error_takes_the_children_along() -> None:
    async def fail() -> None:
        async with Children() as children:
            child = await children.start("sleeper", SLEEPER)
            handles.append(os.pidfd_open(child.pid))
            raise RuntimeError("anything")

    handles: list[int] = []
    async with asyncio.timeout(WAIT_S):
        with pytest.raises(RuntimeError):
            await fail()
    assert all(map(ends, handles))
    assert len(handles) == 1


@pytest.mark.asyncio
async def test_a_child_that_ends_too_early_is_told_with_its_last_words(tmp_path: Path) -> None:
    async with asyncio.timeout(WAIT_S), Children() as children:
        command = [sys.executable, "-c", "print('no such port'); raise SystemExit(3)"]
        child = await children.start("the daemon", command, tmp_path / "log")
        with pytest.raises(ChildEnded, match="the daemon ended with 3: no such port"):
            await child.while_running(asyncio.Event().wait())


@pytest.mark.asyncio
async def test_what_is_waited_for_comes_while_the_child_runs() -> None:
    async def answer() -> int:
        return os.getpid()

    async with asyncio.timeout(WAIT_S), Children() as children:
        child = await children.start("sleeper", SLEEPER)
        assert await child.while_running(answer()) == os.getpid()
        os.kill(child.pid, 0)


@pytest.mark.asyncio
async def test_one_that_is_kept_is_started_again_and_told(tmp_path: Path) -> None:
    told: list[str] = []
    async with asyncio.timeout(WAIT_S), Children() as children:
        command = [sys.executable, "-c", "import signal, sys; print('bye', flush=True); signal.pause()"]
        log = tmp_path / "log"
        child = await children.start("the daemon", command, log)
        kept = children.keep(child, told.append)
        await until(lambda: b"bye" in log.read_bytes())
        os.kill(child.pid, signal.SIGKILL)
        await child.ended()
        await until(lambda: told and kept.state == "up")
    assert told == ["the daemon ended with -9 and is started again: bye"]


@pytest.mark.asyncio
async def test_one_that_ends_again_and_again_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("achterwacht_sim.children.RESTART_AFTER_S", 0.0)
    told: list[str] = []
    async with asyncio.timeout(WAIT_S), Children() as children:
        child = await children.start(
            "the daemon", [sys.executable, "-c", "raise SystemExit('no disk')"], tmp_path / "log"
        )
        children.keep(child, told.append)
        with pytest.raises(ChildEnded, match="the daemon ended 5 times in a row, with 1: no disk"):
            await children.while_kept(asyncio.Event().wait())
    assert len(told) == 4


@pytest.mark.asyncio
async def test_a_child_reads_what_it_is_given(tmp_path: Path) -> None:
    given, log = tmp_path / "given", tmp_path / "log"
    given.write_text("a secret\n")
    async with asyncio.timeout(WAIT_S), Children() as children:
        child = await children.start("reader", [sys.executable, "-c", "print(input())"], log, stdin=given)
        assert await child.ended() == 0
    assert log.read_text() == "a secret\n"
