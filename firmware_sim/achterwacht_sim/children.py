"""Processes that one program starts and that must be gone when it is gone.

Each is the leader of its own process group, so that whatever it starts goes with it. Only those are ever killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

# A daemon flushes its journal, a broker closes its sockets: both take milliseconds.
STOP_WAIT_S = 5.0

# A task that was asked to stop needs a turn of the loop.
ASK_AGAIN_S = 0.1

# What is shown of the output of a child that failed.
TAIL_BYTES = 2000

T = TypeVar("T")


class ChildEnded(Exception):
    """A process that was needed has ended; the text has its name, its exit code and its last words."""


class Child:
    """One process. `log` holds its output, None when it prints to ours."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path | None) -> None:
        self.name = name
        self.pid = process.pid
        self._process = process
        self._log = log
        self._end = asyncio.create_task(self._reap(), name=name)

    async def ended(self) -> int:
        """Waits for its end. Returns its exit code."""
        return await asyncio.shield(self._end)

    async def while_running(self, awaitable: Awaitable[T]) -> T:
        """What the awaitable gives. Raises ChildEnded when this process ends before."""
        wanted = asyncio.ensure_future(awaitable)
        end = asyncio.ensure_future(self.ended())
        try:
            await asyncio.wait({wanted, end}, return_when=asyncio.FIRST_COMPLETED)
            if wanted.done():
                return wanted.result()
            raise ChildEnded(f"{self.name} ended with {end.result()}: {self.last_words()}")
        finally:
            await _cancelled(wanted, end)

    def last_words(self) -> str:
        """The end of its output."""
        if self._log is None:
            return "see above"
        return self._log.read_bytes()[-TAIL_BYTES:].decode(errors="replace").strip() or "it said nothing"

    async def stop(self) -> None:
        """Ask its group to end, wait, and kill what is left of it."""
        if not self._end.done():
            self._signal(signal.SIGTERM)
            await asyncio.wait({self._end}, timeout=STOP_WAIT_S)
        if not self._end.done():
            self._signal(signal.SIGKILL)
        await self._end

    async def _reap(self) -> int:
        code = await self._process.wait()
        # At once, for what it left behind: later the number may be another's.
        self._signal(signal.SIGKILL)
        return code

    def _signal(self, signum: signal.Signals) -> None:
        # The group outlives its leader as long as somebody is in it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signum)


async def _cancelled(*tasks: asyncio.Future[Any]) -> None:
    # Asked again and again: before Python 3.12 wait_for, inside aiomqtt, may swallow a cancellation.
    while unfinished := [task for task in tasks if not task.done()]:
        for task in unfinished:
            task.cancel()
        await asyncio.wait(unfinished, timeout=ASK_AGAIN_S)


class Children:
    """Use as `async with`. Leaving stops all of them, the last started first."""

    def __init__(self) -> None:
        self._children: list[Child] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for child in reversed(self._children):
            await child.stop()

    async def start(self, name: str, command: Sequence[str], log: Path | None = None) -> Child:
        """Starts a process. Its output goes to `log`, or to ours. Raises OSError."""
        with contextlib.ExitStack() as files:
            output = None if log is None else files.enter_context(log.open("wb"))
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output is not None else None,
                start_new_session=True,
            )
        child = Child(name, process, log)
        self._children.append(child)
        return child
