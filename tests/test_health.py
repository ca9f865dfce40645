"""Word to systemd on a fake notify socket, the watchdog's food, the canary; and the unit file as systemd reads it."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from achterwacht.health import Canary, Systemd, feed_watchdog

ROOT = Path(__file__).parent.parent


def notify_socket(address: str) -> socket.socket:
    """A fake systemd."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(address)
    listening.settimeout(2)
    return listening


def test_ready_reaches_a_socket_in_the_file_system(tmp_path: Path) -> None:
    with notify_socket(str(tmp_path / "notify")) as systemd:
        ours = Systemd({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        ours.say("READY=1")
        assert systemd.recv(100) == b"READY=1"
        ours.close()


def test_ready_reaches_an_abstract_socket(tmp_path: Path) -> None:
    name = f"achterwacht-test-{tmp_path.name}"
    with notify_socket("\0" + name) as systemd:
        ours = Systemd({"NOTIFY_SOCKET": "@" + name})
        ours.say("READY=1")
        assert systemd.recv(100) == b"READY=1"
        ours.close()


def test_nobody_reading_never_blocks(tmp_path: Path) -> None:
    with notify_socket(str(tmp_path / "notify")) as systemd:
        ours = Systemd({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        for _ in range(1000):  # the kernel keeps about eleven
            ours.say("WATCHDOG=1")
        assert systemd.recv(100) == b"WATCHDOG=1"
        ours.close()


def test_without_systemd_nothing_is_said_and_no_watchdog_waits() -> None:
    ours = Systemd({})
    ours.say("READY=1")
    assert ours.watchdog_s == 0
    ours.close()


@pytest.mark.asyncio
async def test_the_watchdog_is_fed_only_when_the_question_was_answered(tmp_path: Path) -> None:
    with notify_socket(str(tmp_path / "notify")) as systemd:
        systemd.setblocking(False)
        ours = Systemd({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000"})
        asked = asyncio.Event()
        hanging = asyncio.create_task(feed_watchdog(ours, lambda answered: asked.set()))
        async with asyncio.timeout(5):
            await asked.wait()
        hanging.cancel()
        with pytest.raises(BlockingIOError):
            systemd.recv(100)

        fed = asyncio.create_task(feed_watchdog(ours, lambda answered: answered()))
        async with asyncio.timeout(5):
            assert await asyncio.get_running_loop().sock_recv(systemd, 100) == b"WATCHDOG=1"
            assert await asyncio.get_running_loop().sock_recv(systemd, 100) == b"WATCHDOG=1"
        fed.cancel()
        ours.close()


@pytest.mark.asyncio
async def test_a_canary_that_does_not_come_back_is_told_and_one_that_does_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("achterwacht.health.CANARY_EVERY_S", 0.01)
    monkeypatch.setattr("achterwacht.health.CANARY_BACK_S", 0.05)
    told: asyncio.Queue[bool] = asyncio.Queue()
    deaf = True

    async def publish(song: bytes) -> None:
        if not deaf:
            canary.heard(song)

    canary = Canary("00ff", publish, lambda: True, told.put_nowait)
    singing = asyncio.create_task(canary.run())
    async with asyncio.timeout(5):
        assert await told.get() is True
        deaf = False
        assert await told.get() is False
    singing.cancel()


@pytest.mark.asyncio
async def test_an_older_canary_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("achterwacht.health.CANARY_EVERY_S", 0.01)
    monkeypatch.setattr("achterwacht.health.CANARY_BACK_S", 0.05)
    told: asyncio.Queue[bool] = asyncio.Queue()

    async def publish(song: bytes) -> None:
        canary.heard(b'{"boot":"00ff","seq":0}')

    canary = Canary("00ff", publish, lambda: True, told.put_nowait)
    singing = asyncio.create_task(canary.run())
    async with asyncio.timeout(5):
        assert await told.get() is True
    singing.cancel()


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    binary = tmp_path / "achterwacht"
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    unit = (ROOT / "systemd/achterwacht.service").read_text()
    assert "ExecStart=/opt/achterwacht/bin/achterwacht run" in unit
    copy = tmp_path / "achterwacht.service"
    copy.write_text(unit.replace("/opt/achterwacht/bin/achterwacht", str(binary)))
    analyze = shutil.which("systemd-analyze")
    assert analyze, "apt-get install systemd"
    verdict = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True, timeout=30, check=False)
    assert (verdict.returncode, verdict.stderr) == (0, "")


def test_the_unit_restarts_for_ever_and_waits_for_nobody() -> None:
    lines = (ROOT / "systemd/achterwacht.service").read_text().splitlines()
    for line in ("Restart=always", "RestartSec=200ms", "StartLimitIntervalSec=0", "Wants=mosquitto.service"):
        assert line in lines
    assert not [line for line in lines if line.startswith(("Requires=", "BindsTo="))]
