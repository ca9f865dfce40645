"""`achterwacht learn` at a real broker, beside the daemon that it must not disturb."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from broker import DAEMON, Mosquitto
from daemon import PROGRAM, Daemon, Lines, write_plan
from e2e.hall import SOON_S
from e2e.raw import press_once, say

BALIE_12 = "zigbee2mqtt/hal/balie-12"
STATE = "zigbee2mqtt/bridge/state"
SINGLE = json.dumps({"action": "single", "battery": 100, "linkquality": 76}).encode()
ASKED = "Druk nu op de nieuwe knop"


class Learning:
    """`achterwacht learn` in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.told = Lines()
        """Its stderr."""

    async def read(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.told.add(line.decode().rstrip("\n"))

    async def ended(self) -> tuple[int, str]:
        """Its exit code and its stdout."""
        assert self.process.stdout is not None
        async with asyncio.timeout(SOON_S):
            proposed = await self.process.stdout.read()
            return await self.process.wait(), proposed.decode()


@asynccontextmanager
async def learning(config: Path, *words: str) -> AsyncIterator[Learning]:
    """It has asked for the press when this is entered."""
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "learn", "--config", str(config), *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    learn = Learning(process)
    reading = asyncio.create_task(learn.read())
    try:
        await learn.told.until(ASKED, SOON_S)
        yield learn
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading


def loaded(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@pytest.mark.asyncio
async def test_a_new_button_is_learned_beside_the_daemon(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        async with Daemon(broker, tmp_path / "house") as daemon:
            write_plan(daemon.config, broker)
            await daemon.start()
            # Remembered, so no press; and the gateway that a new button is to be heard through.
            await say(broker, DAEMON, [("zigbee2mqtt/old", SINGLE, 1, True), (STATE, b'{"state":"online"}', 1, True)])
            async with daemon.onlooker() as seen, learning(daemon.config) as learn:
                await say(broker, DAEMON, [("elsewhere/meter", b"21.5", 0, False)])
                await say(broker, DAEMON, [(BALIE_12, SINGLE, 0, False), (BALIE_12, SINGLE, 0, False)])
                code, proposed = await learn.ended()
                assert code == 0
                assert f"  #   - {{id: zigbee2mqtt, online: {{topic: {STATE}" in proposed
                (entry,) = loaded(proposed)
                assert (entry["nr"], entry["device"]["topic"], entry["device"]["qos"]) == (12, BALIE_12, 0)
                (pressed,) = (line for line in learn.told.all if line.startswith("Gedrukt"))
                assert BALIE_12 in pressed
                assert any("elsewhere/meter" in line for line in learn.told.all)
                assert not any("zigbee2mqtt/old" in line for line in learn.told.all)
                # The daemon kept its connection, and still hears.
                await press_once(broker, 7, qos=1)
                await seen.until(lambda state: state.alarms, SOON_S)
                assert not {"broker/link", "broker/canary"} & set(seen.state.faults)


@pytest.mark.asyncio
async def test_a_node_of_the_plan_and_nothing_at_all(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        write_plan(tmp_path / "config", broker)
        async with learning(tmp_path / "config") as learn:
            await press_once(broker, 7, qos=1)
            assert await learn.ended() == (0, "")
            assert learn.told.all[-1] == "Gedrukt: zender 7 (Balie 3, mqtt). Die staat al in het plan."
        async with learning(tmp_path / "config", "--for", "0.1") as learn:
            assert await learn.ended() == (1, "")
            await learn.told.until("Niets gehoord", SOON_S)


@pytest.mark.asyncio
async def test_it_ends_quietly_when_it_is_stopped_and_loudly_when_the_broker_is(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        write_plan(tmp_path / "config", broker)
        async with learning(tmp_path / "config") as learn:
            told = len(learn.told.all)
            learn.process.send_signal(signal.SIGINT)
            assert await learn.ended() == (1, "")
        assert len(learn.told.all) == told
        async with learning(tmp_path / "config") as learn:
            broker.kill()
            assert await learn.ended() == (1, "")
        assert any(line.startswith("achterwacht learn: no connection to 127.0.0.1") for line in learn.told.all)
