"""The real daemon in a process of its own, for tests that kill it, take its disk away and flood it.

Starts `achterwacht run` as systemd does, with a notify socket, and looks on over the link as the dashboard does. Every
wait is for something that happens and has a bound. Knows no press and no page: nodes are the simulator's.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import reduce
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from ruamel.yaml import YAML

from achterwacht.core import facts as f
from achterwacht.core.codec import decode, fact_from_plain, from_plain
from achterwacht.core.evolve import evolve
from achterwacht.core.state import EMPTY, State
from achterwacht.errors import LinkUnavailable
from achterwacht.journal.reader import Verdict, read, verify
from achterwacht.link import Connection, connect
from achterwacht.paths import SOCKET
from broker import DAEMON, Mosquitto

ROOT = Path(__file__).parent.parent
PROGRAM = Path(sys.executable).with_name("achterwacht")

# A start takes a third of a second; a busy machine may take thirty times as long.
START_S = 10.0
# What the daemon may take at most to end in order: 2 s for the journal, 1 s for the broker, and a busy machine.
STOP_S = 8.0
# Between two looks whether the socket is there: the link opens it some milliseconds after READY.
RETRY_S = 0.005
# Fed every third of this; the longest that a test takes the disk away is longer.
WATCHDOG_S = 3.0

F = TypeVar("F", bound=f.Fact)


class Lines:
    """What somebody says, line by line; `until` waits for words."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._more = asyncio.Event()

    def add(self, line: str) -> None:
        self.all.append(line)
        self._more.set()

    async def until(self, words: str, within_s: float, after: int = 0) -> str:
        """The first line, from number `after` on, that holds these words. Raises TimeoutError."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    for line in self.all[after:]:
                        if words in line:
                            return line
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            raise TimeoutError(f"{words!r} was not said within {within_s} s: {self}") from None

    def __str__(self) -> str:
        return "\n".join(self.all)


class Onlooker:
    """A reader of the link that folds the facts. What it waits for it also finds when it has happened already."""

    def __init__(self, connection: Connection) -> None:
        self.boot: str = connection.hello["boot"]
        self.n: int = connection.hello["n"]
        self.durable_n: int = connection.hello["durable_n"]
        self.state = from_plain(State, connection.hello["state"])
        self.facts: list[f.Fact] = []
        self.connection = connection

    async def until(self, wanted: Callable[[State], object], within_s: float, what: str = "") -> None:
        """Until the state is as wanted. Raises TimeoutError."""
        try:
            async with asyncio.timeout(within_s):
                while not wanted(self.state):
                    await self._take()
        except TimeoutError:
            tail = "\n".join(map(str, self.facts[-30:]))
            raise TimeoutError(f"not within {within_s} s {what}: {dict(self.state.faults)}\n{tail}") from None

    async def fault(self, key: str, within_s: float) -> str:
        """What is told about this fault, once it stands."""
        await self.until(lambda state: key in state.faults, within_s, key)
        return self.state.faults[key].detail

    async def no_fault(self, key: str, within_s: float) -> None:
        await self.until(lambda state: key not in state.faults, within_s, f"gone: {key}")

    async def fact(self, kind: type[F], within_s: float, where: Callable[[F], bool] = lambda _: True) -> F:
        """The first such fact since this onlooker came."""

        def found() -> F | None:
            return next((fact for fact in self.facts if isinstance(fact, kind) and where(fact)), None)

        await self.until(lambda _: found(), within_s, kind.__name__)
        fact = found()
        assert fact is not None
        return fact

    async def durable(self, within_s: float) -> None:
        """Until all that was told so far is on disk."""
        async with asyncio.timeout(within_s):
            while self.durable_n < self.n:
                await self._take()

    async def _take(self) -> None:
        message = await self.connection.take()
        if message["type"] == "durable":
            self.durable_n = message["n"]
        elif message["type"] == "fact":
            assert message["n"] == self.n + 1, "the link left a fact out"
            self.n = message["n"]
            fact = fact_from_plain(message["fact"])
            self.facts.append(fact)
            self.state = evolve(self.state, fact)


class Daemon:
    """`achterwacht run` on this broker, with its two folders below `folder`. Use it in an `async with`: then it ends.

    Write a plan first. `environment` is what it gets beside ours.
    """

    def __init__(self, broker: Mosquitto, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.config, self.state = folder / "config", folder / "state"
        self.log = Lines()
        """Its stderr, over all its lives."""
        self.words = Lines()
        """What it said to systemd."""
        self._broker = broker
        self._environment = environment or {}
        self._process: asyncio.subprocess.Process | None = None
        self._listening: list[asyncio.Task[None]] = []
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        folder.mkdir(parents=True, exist_ok=True)
        self._notify.bind(str(folder / "notify"))

    @property
    def pid(self) -> int:
        assert self._process is not None, "it does not run"
        return self._process.pid

    async def start(self, ready: bool = True) -> None:
        """Start it, and return when it has said READY (or at once)."""
        assert self._process is None, "it runs already"
        said = len(self.words.all)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.endswith("_DIRECTORY")},
            "NOTIFY_SOCKET": str(self._notify.getsockname()),
            "WATCHDOG_USEC": f"{WATCHDOG_S * 1e6:.0f}",
            **self._environment,
        }
        self._process = await asyncio.create_subprocess_exec(
            *(str(PROGRAM), "run", "--config", str(self.config), "--state", str(self.state)),
            *("--broker", self._broker.url(DAEMON)),
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
        self._listening += [asyncio.create_task(self._read_log(self._process))]
        if len(self._listening) == 1:
            self._listening.append(asyncio.create_task(self._read_words()))
        if ready:
            await self._ready(self._process, said)

    async def _ready(self, process: asyncio.subprocess.Process, said: int) -> None:
        waits = {
            asyncio.create_task(self.words.until("READY=1", START_S, after=said)),
            asyncio.create_task(process.wait()),
        }
        done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in pending:
            wait.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        assert process.returncode is None, f"it ended with {process.returncode}:\n{self.log}"
        for wait in done:
            wait.result()

    async def stop(self) -> int:
        """SIGTERM, as systemd does. Returns the exit code."""
        self._signal(signal.SIGTERM)
        return await self.ended(STOP_S)

    async def kill(self) -> None:
        """kill -9."""
        self._signal(signal.SIGKILL)
        await self.ended(STOP_S)

    def reload(self) -> None:
        """SIGHUP."""
        self._signal(signal.SIGHUP)

    async def ended(self, within_s: float) -> int:
        """Its exit code. Raises TimeoutError when it lives on."""
        assert self._process is not None, "it does not run"
        async with asyncio.timeout(within_s):
            code = await self._process.wait()
        self._process = None
        return code

    def _signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    @asynccontextmanager
    async def onlooker(self) -> AsyncIterator[Onlooker]:
        """Look on over its link, from the state that it has now."""
        async with AsyncExitStack() as stack:
            yield Onlooker(await self._connect(stack))

    async def _connect(self, stack: AsyncExitStack) -> Connection:
        for _ in range(round(START_S / RETRY_S)):
            try:
                return await stack.enter_async_context(connect(self.state / SOCKET))
            except LinkUnavailable:
                await asyncio.sleep(RETRY_S)
        raise TimeoutError(f"nobody listens in {self.state}:\n{self.log}")

    def facts(self) -> list[f.Fact]:
        """What its journal holds now."""
        return [decode(row.body) for row in read(self.state)]

    def replayed(self, upto: int | None = None) -> State:
        """The fold of its journal, up to that number of fact."""
        return reduce(evolve, self.facts()[:upto], EMPTY)

    def verdict(self) -> Verdict:
        return verify(self.state)

    async def command(self, *arguments: str) -> str:
        """What another `achterwacht` says about its state folder; it must succeed."""
        process = await asyncio.create_subprocess_exec(
            *(str(PROGRAM), *arguments, "--config", str(self.config), "--state", str(self.state)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await process.communicate()
        assert process.returncode == 0, told.decode()
        return told.decode()

    def limit_files(self, size_bytes: int | None) -> None:
        """A disk that is full: no file grows beyond that size. None: there is room again."""
        _, hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (hard if size_bytes is None else size_bytes, hard))

    def memory_mb(self) -> float:
        """Its resident memory (proc(5))."""
        fields = Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(fields[1]) * resource.getpagesize() / 1e6

    async def _read_log(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while line := await process.stderr.readline():
            self.log.add(line.decode(errors="replace").rstrip("\n"))

    async def _read_words(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self.words.add((await loop.sock_recv(self._notify, 256)).decode())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        self._notify.close()
        if kind is not None:
            print(f"the daemon said:\n{self.log}")


def write_plan(
    config: Path,
    broker: Mosquitto,
    help_at: Iterable[int] = (),
    files: Path = ROOT / "config",
    ports: Mapping[str, str] | None = None,
    **changes: Any,
) -> None:
    """The shipped files, or those in `files`, for this broker, in the daemon's config folder.

    A change replaces a block of achterwacht.yaml; of `ladder` only the keys that it names. Nobody hands out pagers, if
    none of them is `morning`: else a test would depend on the day of the week. The zenders in `help_at` have a
    discreet sign. `ports`: by id, the path of a serial port.
    """
    config.mkdir(parents=True, exist_ok=True)
    yaml = YAML(typ="safe", pure=True)
    zenders = yaml.load((files / "zenders.yaml").read_text(encoding="utf-8"))
    site = yaml.load((files / "achterwacht.yaml").read_text(encoding="utf-8"))
    for zender in zenders["zenders"]:
        zender["help"] = zender["nr"] in help_at
    for port in zenders.get("ports", ()):
        port["path"] = (ports or {})[port["id"]]
    password = config / "broker.password"
    password.write_text(broker.password(DAEMON))
    password.chmod(0o600)
    site["broker"] = {"host": broker.host, "port": broker.port, "username": DAEMON, "password_file": str(password)}
    site["ladder"] |= changes.pop("ladder", {})
    site.pop("morning", None)
    site |= changes
    (config / "zenders.yaml").write_text(json.dumps(zenders))  # JSON is YAML
    (config / "achterwacht.yaml").write_text(json.dumps(site))
