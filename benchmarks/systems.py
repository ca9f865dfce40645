"""What is measured, each a process of its own: our daemon and the relay in C, on a disk as fast as it is asked to be.

Knows how they are built, started and ended, and where the kernel says what they cost. Leaves the pressing to nodes.py.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ruamel.yaml import YAML

HERE = Path(__file__).parent
CONFIG = HERE.parent / "config"

END_S = 10.0
"""How long a process may take to end; ours waits for disk and broker at most 5 s."""
SAID_LINES = 5
"""What is shown of its log when something went wrong around it."""
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


class Missing(Exception):
    """Something that this machine lacks; the text says what to install."""


class Tools:
    """What gcc makes of the C files beside this one, in `folder`. Raises Missing."""

    def __init__(self, folder: Path) -> None:
        self.relay, self.slow_fsync = folder / "relay", folder / "slow_fsync.so"
        if shutil.which("gcc") is None:
            raise Missing("gcc is missing: apt-get install -y --no-install-recommends gcc libc6-dev libmosquitto-dev")
        slow = ["-shared", "-fPIC", "-O2", "-o", str(self.slow_fsync), str(HERE / "slow_fsync.c"), "-ldl"]
        self._compile(slow, "gcc makes no libraries here: apt-get install -y --no-install-recommends libc6-dev")
        relay = ["-O2", "-o", str(self.relay), str(HERE / "relay.c"), "-lmosquitto"]
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "libmosquitto-dev"]
        try:
            self._compile(relay, "")
        except Missing:
            if os.geteuid() == 0 and shutil.which("apt-get"):
                subprocess.run(install, capture_output=True, check=False)
            self._compile(relay, f"libmosquitto is missing: {' '.join(install)}")

    @staticmethod
    def _compile(words: list[str], remedy: str) -> None:
        if subprocess.run(["gcc", *words], capture_output=True, check=False).returncode:
            raise Missing(remedy)


@contextmanager
def disk(library: Path, fsync_ms: int) -> Iterator[None]:
    """Processes that are started inside wait so long for each fsync; memory (tmpfs) stays as fast as it is."""
    os.environ |= {"LD_PRELOAD": str(library), "SLOW_FSYNC_MS": str(fsync_ms), "SLOW_FSYNC_SPARES_TMPFS": "1"}
    try:
        yield
    finally:
        del os.environ["LD_PRELOAD"]


class Process:
    """One process; `with` starts and ends it."""

    def __init__(self, command: list[str], log: Path) -> None:
        self._command, self._log = command, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it and return the monotonic second in which that was."""
        with self._log.open("ab") as log:
            at_s = time.monotonic()
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return at_s

    def stop(self) -> None:
        """End it in order, by force when it does not; nothing when it does not run."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(END_S)
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            said = self._log.read_text(errors="replace").splitlines()
            print("\n".join(said[-SAID_LINES:]), file=sys.stderr)
        self.stop()

    @property
    def rss_mb(self) -> float:
        """How much memory it holds, in MB."""
        return int(self._proc("statm").read_text().split()[1]) * PAGE_MB

    @property
    def cpu_s(self) -> float:
        """How many seconds it has computed so far, over all its threads."""
        threads = self._proc("task").iterdir()
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9

    def _proc(self, what: str) -> Path:
        assert self._process is not None, "it does not run"
        return Path(f"/proc/{self._process.pid}/{what}")


class Daemon(Process):
    """`achterwacht run`, as systemd starts it, with the example plan and a state folder below `folder`.

    `zenders`: what stands in zenders.yaml instead of the example's. `edit`: changes what stands in achterwacht.yaml.
    """

    def __init__(
        self,
        folder: Path,
        host: str,
        port: int,
        password: str,
        zenders: str | None = None,
        edit: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        config, self.state = folder / "config", folder / "state"
        self._zenders_file = config / "zenders.yaml"
        folder.mkdir()
        shutil.copytree(CONFIG, config, ignore=shutil.ignore_patterns("examples"))
        secret = folder / "password"
        secret.write_text(password)
        file = config / "achterwacht.yaml"
        text = file.read_text()
        for line, ours in (
            ("host: 127.0.0.1", f"host: {host}"),
            ("port: 1883", f"port: {port}"),
            ("password_file: /etc/achterwacht/broker.password", f"password_file: {secret}"),
            ("button_test_days: 31", "button_test_days: 0"),  # nobody tests them here, and none is lost by that
        ):
            assert text.count(f"  {line}\n") == 1, f"{file.name} no longer says {line!r} once"
            text = text.replace(f"  {line}\n", f"  {ours}\n")
        if edit is not None:
            site = YAML(typ="safe", pure=True).load(text)
            edit(site)
            text = json.dumps(site)  # JSON is YAML
        file.write_text(text)
        if zenders is not None:
            self._zenders_file.write_text(zenders)
        words = ["-m", "achterwacht", "run", "--config", str(config), "--state", str(self.state)]
        super().__init__([sys.executable, *words], folder / "log")

    def reload(self, zenders: str) -> None:
        """Another zenders.yaml, and SIGHUP as `systemctl reload` does."""
        assert self._process is not None, "it does not run"
        self._zenders_file.write_text(zenders)
        self._process.send_signal(signal.SIGHUP)

    def command(self, word: str) -> list[str]:
        """The words that ask the daemon with another `achterwacht`."""
        return [sys.executable, "-m", "achterwacht", word, "--state", str(self.state)]
