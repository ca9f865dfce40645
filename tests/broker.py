"""A real mosquitto for tests, run from systemd/mosquitto-achterwacht.conf and .acl as they are.

Only the listener, the paths and the passwords are the test's own. Everything is synchronous, so that tests of
child processes can use it too; a start takes about 20 ms. Knows no topic and no client.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

SYSTEMD = Path(__file__).parent.parent / "systemd"
CONFIGURATION = SYSTEMD / "mosquitto-achterwacht.conf"
ACCESS_LIST = SYSTEMD / "mosquitto-achterwacht.acl"

# Where its state goes: memory, as the configuration asks for and explains.
MEMORY = Path("/dev/shm")

DAEMON = "achterwacht"
# The daemon, the eleven zenders, one that the plan does not know, and three pagers.
USERS = (DAEMON, *(str(nr) for nr in range(1, 12)), "99", "p1", "p2", "p3")

# It accepts after 20 ms; a busy machine may take a hundred times as long.
START_TIMEOUT_S = 10.0
RETRY_S = 0.005
# After SIGTERM it writes its database and goes.
STOP_TIMEOUT_S = 10.0
# mosquitto_passwd's own parameters, written here so that the tests do not need that program.
HASH_ITERATIONS = 101
SALT_BYTES = 12
HASH_BYTES = 64


class Mosquitto:
    """One broker on a loopback port of its own, with its files in `directory`. Use it in a `with`.

    `kill()` and `start()` again is a crash: the state stays. `forget()` in between is a power cut: it goes.
    With `certificates`, a folder of ca.crt, broker.crt and broker.key, it listens with TLS too.
    """

    def __init__(self, directory: Path, *, users: Iterable[str] = USERS, certificates: Path | None = None) -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self.tls_port = free_port()
        self._directory = directory
        self._state = (MEMORY if MEMORY.is_dir() else directory) / f"achterwacht-{os.getpid()}-{self.port}"
        self._log = directory / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True)
        passwords = directory / "passwd"
        passwords.write_text("".join(f"{user}:{_hashed(self.password(user))}\n" for user in users))
        passwords.chmod(0o600)
        self.configuration = directory / "mosquitto.conf"
        self.configuration.write_text(self._derived(passwords, certificates))

    def _derived(self, passwords: Path, certificates: Path | None) -> str:
        text = CONFIGURATION.read_text()
        changes = [
            ("listener 1883 127.0.0.1", f"listener {self.port} {self.host}"),
            ("persistence_location /run/mosquitto-achterwacht/", f"persistence_location {self._state}/"),
            ("password_file /etc/mosquitto/achterwacht.passwd", f"password_file {passwords}"),
            ("acl_file /etc/mosquitto/mosquitto-achterwacht.acl", f"acl_file {ACCESS_LIST}"),
        ]
        if certificates is not None:
            changes.append(("#listener 8883", f"listener {self.tls_port} {self.host}"))
            for option, file in (("cafile", "ca.crt"), ("certfile", "broker.crt"), ("keyfile", "broker.key")):
                changes.append((f"#{option} /etc/mosquitto/achterwacht/{file}", f"{option} {certificates / file}"))
        for line, ours in changes:
            assert text.count(f"\n{line}\n") == 1, f"{CONFIGURATION.name} no longer says {line!r} once"
            text = text.replace(f"\n{line}\n", f"\n{ours}\n")
        # Started by root it would become `mosquitto`, who may not write in a test's directory.
        return f"{text}user root\n" if os.geteuid() == 0 else text

    @staticmethod
    def password(user: str) -> str:
        """The password of any user."""
        return f"password of {user}"

    def url(self, user: str = DAEMON) -> str:
        return f"mqtt://{user}@{self.host}:{self.port}"

    @property
    def log(self) -> str:
        return self._log.read_text()

    def start(self) -> None:
        """Start it, and return when it accepts connections."""
        assert self._process is None, "it runs already"
        self._state.mkdir(exist_ok=True)
        # Debian keeps it in sbin, which is not on everybody's PATH.
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-c", str(self.configuration)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            assert self._process.poll() is None, f"mosquitto did not start:\n{self.log}"
            try:
                socket.create_connection((self.host, self.port), timeout=START_TIMEOUT_S).close()
                return
            except ConnectionRefusedError:
                assert time.monotonic() < deadline, f"mosquitto does not accept:\n{self.log}"
                time.sleep(RETRY_S)

    def stop(self) -> None:
        """End it as systemd does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9: what it has not written by now is gone."""
        self._end(signal.SIGKILL)

    def forget(self) -> None:
        """Throw away what a broker that does not run had written."""
        assert self._process is None, "it still runs"
        shutil.rmtree(self._state)

    def pause(self) -> None:
        """SIGSTOP: it hangs, with every connection open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        assert self._process is not None, "it does not run"
        self._process.send_signal(how)
        self._process.send_signal(signal.SIGCONT)
        self._process.wait(STOP_TIMEOUT_S)
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()
        shutil.rmtree(self._state)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _hashed(password: str) -> str:
    salt = os.urandom(SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, HASH_ITERATIONS, HASH_BYTES)
    return f"$7${HASH_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
