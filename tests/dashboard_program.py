"""The dashboard in a process of its own, for tests that kill it and stop it, and for the benchmark.

Starts `achterwacht-dashboard serve` beside the state folder of a daemon. Every wait is for something that happens and
has a bound. What is on its pages is the tests'.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from achterwacht.clock import Clock
from achterwacht_dashboard.access import Role
from achterwacht_dashboard.accounts import COOKIE, Accounts
from broker import free_port
from daemon import Lines

PROGRAM = Path(sys.executable).with_name("achterwacht-dashboard")

START_S = 20.0
"""A start takes some two seconds; a busy machine may take ten times as long."""
STOP_S = 10.0


class Dashboard:
    """`achterwacht-dashboard serve` for the daemon with this state folder. Use it in an `async with`: then it ends.

    `nice`: how much it gives way to everything else, as its unit says.
    """

    def __init__(self, state: Path, folder: Path, nice: int = 0) -> None:
        self.log = Lines()
        """What it logs, over all its lives."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._state, self._data, self._nice = state, folder, nice
        self._process: asyncio.subprocess.Process | None = None
        self._reading: list[asyncio.Task[None]] = []
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def pid(self) -> int:
        assert self._process is not None, "it does not run"
        return self._process.pid

    async def token(self, *roles: Role, member: str = "", name: str = "") -> str:
        """The cookie of a new account that is logged in. Before the start: one that runs learns of it later."""
        async with Accounts(self._data, Clock()).running() as accounts:
            account = await accounts.add(name or member or "-".join(roles), frozenset(roles), member)
            return await accounts.open_session(account)

    def cookie(self, token: str) -> str:
        """The header by which somebody is known."""
        return f"{COOKIE}={token}"

    async def start(self) -> None:
        """Start it, and return when it hears the daemon."""
        assert self._process is None, "it runs already"
        command = ["serve", "--state", str(self._state), "--data", str(self._data), "--port", str(self.port)]
        self._process = await asyncio.create_subprocess_exec(
            *("nice", "-n", str(self._nice), str(PROGRAM), *command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reading.append(asyncio.create_task(self._read(self._process)))
        async with asyncio.timeout(START_S):
            while await self.health() != 200:
                assert self._process.returncode is None, f"it ended with {self._process.returncode}:\n{self.log}"
                await asyncio.sleep(0.05)

    async def health(self) -> int:
        """What it says of itself: 200 while it hears the daemon, 0 when it says nothing."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return 0
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        line = await reader.readline()
        writer.close()
        return int(line.split()[1]) if line else 0

    def pause(self) -> None:
        """SIGSTOP: its sockets stay open, and it says and takes nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    async def kill(self) -> None:
        """kill -9."""
        os.kill(self.pid, signal.SIGKILL)
        await self._ended()

    async def stop(self) -> int:
        """SIGTERM, as systemd does. Returns the exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return await self._ended()

    async def _ended(self) -> int:
        assert self._process is not None
        async with asyncio.timeout(STOP_S):
            code = await self._process.wait()
        self._process = None
        return code

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while line := await process.stderr.readline():
            self.log.add(line.decode(errors="replace").rstrip("\n"))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
        await asyncio.gather(*self._reading)
        if kind is not None:
            print(f"the dashboard said:\n{self.log}")
