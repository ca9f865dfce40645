"""Processes that one program starts and that must be gone when it is gone; some of them are kept running.

Each is the leader of its own process group, so that whatever it starts goes with it. Only those are ever killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, Self, TypeVar

# A daemon flushes its journal, a broker closes its sockets: both take milliseconds.
STOP_WAIT_S = 5.0

# A task that was asked to stop needs a turn of the loop.
ASK_AGAIN_S = 0.1

# What is shown of the output of a child that failed.
TAIL_BYTES = 2000

# systemd/achterwacht.service: RestartSec=200ms.
RESTART_AFTER_S = 0.2

# One that ends so often, each time so soon, will not run: somebody must read why.
MOST_QUICK_ENDS = 5
QUICK_END_S = 5.0

T = TypeVar("T")


class ChildEnded(Exception):
    """A process that was needed has ended; the text has its name, its exit code and its last words."""


class Child:
    """One process. `log` holds its output, None when it prints to ours."""

    def __init__(
        self, name: str, command: Sequence[str], process: asyncio.subprocess.Process, log: Path | None
    ) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.pid = process.pid
        self._process = process
        self._end = asyncio.create_task(self._reap(), name=name)

    async def ended(self) -> int:
        """Waits for its end. Returns its exit code."""
        return await asyncio.shield(self._end)

    async def while_running(self, awaitable: Awaitable[T]) -> T:
        """What the awaitable gives. Raises ChildEnded when this process ends before."""
        return await _unless(awaitable, self._too_early())

    async def _too_early(self) -> NoReturn:
        code = await self.ended()
        raise ChildEnded(f"{self.name} ended with {code}: {self.last_words()}")

    def last_words(self) -> str:
        """The end of its output."""
        if self.log is None:
            return "see above"
        return self.log.read_bytes()[-TAIL_BYTES:].decode(errors="replace").strip() or "it said nothing"

    async def stop(self) -> None:
        """Ask its group to end, wait, and kill what is left of it."""
        if not self._end.done():
            self._signal(signal.SIGTERM)
            await asyncio.wait({self._end}, timeout=STOP_WAIT_S)
        if not self._end.done():
            self._signal(signal.SIGKILL)
        await self._end

    def kill(self) -> None:
        """Its group is gone at once, with nothing said and nothing written."""
        if not self._end.done():
            self._signal(signal.SIGKILL)

    async def _reap(self) -> int:
        code = await self._process.wait()
        # At once, for what it left behind: later the number may be another's.
        self._signal(signal.SIGKILL)
        return code

    def _signal(self, signum: signal.Signals) -> None:
        # The group outlives its leader as long as somebody is in it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signum)


class Kept:
    """A process that is started again when it ends, until it is put out. Made by Children.keep."""

    def __init__(self, child: Child, start: Callable[[Child], Awaitable[Child]], tell: Callable[[str], None]) -> None:
        self.name = child.name
        self._child = child
        self._start = start
        self._tell = tell
        self._on = asyncio.Event()
        self._on.set()
        self._runs = True
        self._killed = False

    @property
    def state(self) -> str:
        """`up`, `down` for the moment until it is started again, or `out`."""
        return "up" if self._runs else "down" if self._on.is_set() else "out"

    def kill(self) -> None:
        """It dies at once, as when power fails; and is started again."""
        self._killed = True
        self._child.kill()

    async def put_out(self) -> None:
        """It is asked to end, and stays away."""
        self._on.clear()
        await self._child.stop()

    def put_on(self) -> None:
        """It is started, if it was put out."""
        self._on.set()

    async def run(self) -> NoReturn:
        """Keeps it. Raises ChildEnded when it ends again and again by itself, and OSError."""
        quick_ends = 0
        while True:
            since_s = time.monotonic()
            code = await self._child.ended()
            self._runs = False
            meant = self._killed or not self._on.is_set()
            quick_ends = 0 if meant or time.monotonic() - since_s > QUICK_END_S else quick_ends + 1
            if quick_ends == MOST_QUICK_ENDS:
                raise ChildEnded(
                    f"{self.name} ended {quick_ends} times in a row, with {code}: {self._child.last_words()}"
                )
            if not meant:
                self._tell(f"{self.name} ended with {code} and is started again: {self._child.last_words()}")
            await asyncio.sleep(RESTART_AFTER_S)
            await self._on.wait()
            self._killed = False
            self._child = await self._start(self._child)
            self._runs = True
            if not self._on.is_set():  # put out while it started
                await self._child.stop()


async def _unless(awaitable: Awaitable[T], *failures: Awaitable[NoReturn]) -> T:
    """What the awaitable gives. Raises what one of the failures raises before."""
    wanted = asyncio.ensure_future(awaitable)
    failing = [asyncio.ensure_future(failure) for failure in failures]
    try:
        await asyncio.wait({wanted, *failing}, return_when=asyncio.FIRST_COMPLETED)
        for failure in failing:
            if failure.done() and not wanted.done():
                failure.result()
        return wanted.result()
    finally:
        await _cancelled(wanted, *failing)


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
        self._keeping: list[asyncio.Task[NoReturn]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await _cancelled(*self._keeping)
        for child in reversed(self._children):
            await child.stop()

    def keep(self, child: Child, tell: Callable[[str], None]) -> Kept:
        """Starts this one again whenever it ends, and tells so."""
        kept = Kept(child, lambda child: self.start(child.name, child.command, child.log), tell)
        self._keeping.append(asyncio.create_task(kept.run(), name=f"keeping {child.name}"))
        return kept

    async def while_kept(self, awaitable: Awaitable[T]) -> T:
        """What the awaitable gives. Raises ChildEnded when one that is kept cannot be kept."""
        return await _unless(awaitable, *(asyncio.shield(keeping) for keeping in self._keeping))

    async def start(
        self, name: str, command: Sequence[str], log: Path | None = None, stdin: Path | None = None
    ) -> Child:
        """Starts a process. Its output goes to `log`, or to ours; it reads `stdin`, or nothing. Raises OSError."""
        with contextlib.ExitStack() as files:
            output = None if log is None else files.enter_context(log.open("wb"))
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL if stdin is None else files.enter_context(stdin.open("rb")),
                stdout=output,
                stderr=subprocess.STDOUT if output is not None else None,
                start_new_session=True,
            )
        child = Child(name, command, process, log)
        self._children.append(child)
        return child
