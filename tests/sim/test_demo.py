"""The demo with a fake `achterwacht`: what is started, what is shown, and that nothing is left."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

import aiomqtt
import pytest

from achterwacht_sim import demo
from achterwacht_sim.children import Children
from achterwacht_sim.demo import COMMANDS, DemoFailed, daemon_command, run_demo, start_broker
from achterwacht_sim.node import Zender

WAIT_S = 30.0
HERE = Path(__file__).parent

# Plays all four commands: `run` is the fake daemon, the others print what they were asked.
FAKE_ACHTERWACHT = f"""
import asyncio, os, signal, sys
sys.path[:0] = [{str(HERE.parent)!r}, *{sys.path!r}]
from sim.fake_daemon import FakeDaemon

async def run(broker):
    host, port = broker.removeprefix("mqtt://").split(":")
    async with FakeDaemon(host, int(port)):
        await asyncio.Event().wait()

open(os.environ["DEMO_TEST_PIDS"], "a").write(f"{{os.getpid()}} {{sys.argv[1]}}\\n")
print("asked:", *sys.argv[1:], flush=True)
if sys.argv[1] == "run":
    asyncio.run(run(sys.argv[-1]))
elif sys.argv[1] == "watch":
    signal.pause()
"""

STORY = """story: A short one.
zenders: [7]
pagers: [p1, p2, p3]
steps:
  - do: press 7
  - expect: {pager: all, rings: BALIE 3}
"""


@pytest.fixture
def pids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo with a fake daemon, a short story and its own folder; the file fills with the ids of processes."""
    from achterwacht_sim.scenario import read

    fake = tmp_path / "achterwacht.py"
    fake.write_text(FAKE_ACHTERWACHT)
    pids = tmp_path / "pids"
    (tmp_path / "homes").mkdir()
    monkeypatch.setenv("DEMO_TEST_PIDS", str(pids))
    monkeypatch.setattr(demo, "daemon_command", lambda: [sys.executable, str(fake)])
    monkeypatch.setattr(demo, "load", lambda _name: read(STORY, "story.yaml"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "homes"))
    return pids


def asked(pids: Path) -> list[str]:
    """The commands that were started."""
    return [line.split()[1] for line in pids.read_text().splitlines()]


def all_gone(pids: Path) -> bool:
    """No process and no folder is left."""
    left = [line for line in pids.read_text().splitlines() if Path(f"/proc/{line.split()[0]}").exists()]
    return not left and list((pids.parent / "homes").iterdir()) == []


@pytest.mark.asyncio
async def test_once_shows_the_story_the_timeline_and_the_draft(pids: Path, capfd: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    async with asyncio.timeout(WAIT_S):
        assert await run_demo(Path("config"), once=True, say=said.append) == 0
    assert said[0].startswith("DEMO BROKER: mosquitto on 127.0.0.1:")
    assert "A short one." in "\n".join(said)
    shown, drafted = capfd.readouterr().out.splitlines()
    assert shown.startswith("asked: show 7-")
    assert drafted.startswith("asked: draft 7-")
    assert "--config config --state " in drafted
    assert sorted(asked(pids)) == ["draft", "run", "show"]
    assert all_gone(pids)


@pytest.mark.asyncio
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_while_it_watches_ends_all_of_it_well(pids: Path, signum: signal.Signals) -> None:
    def say(line: str) -> None:
        if "achterwacht watch" in line:
            os.kill(os.getpid(), signum)

    async with asyncio.timeout(WAIT_S):
        code = await run_demo(Path("config"), once=False, say=say)
    assert code in (0, 130)
    assert all_gone(pids)


@pytest.mark.asyncio
async def test_a_signal_in_the_middle_of_the_story_ends_all_of_it(pids: Path) -> None:
    def say(line: str) -> None:
        if "is pressed" in line:
            os.kill(os.getpid(), signal.SIGINT)

    async with asyncio.timeout(WAIT_S):
        assert await run_demo(Path("config"), once=True, say=say) == 130
    assert all_gone(pids)


@pytest.mark.asyncio
async def test_a_story_that_fails_says_where_and_leaves_nothing(pids: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from achterwacht_sim.scenario import read

    story = f"{STORY}  - expect: {{pager: p1, over: BALIE 3, within_s: 0}}\n"
    monkeypatch.setattr(demo, "load", lambda _name: read(story, "story.yaml"))
    said: list[str] = []
    async with asyncio.timeout(WAIT_S):
        assert await run_demo(Path("config"), once=True, say=said.append) == 1
    assert "story.yaml:7:13: not seen" in said[-1]
    assert "asked: run" in said[-1]
    assert all_gone(pids)


@pytest.mark.asyncio
@pytest.mark.parametrize("elsewhere", [True, False], ids=["mosquitto", "iotcore"])
async def test_either_broker_speaks_mqtt_5_on_loopback_and_is_gone(
    elsewhere: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not elsewhere:
        monkeypatch.setattr("shutil.which", lambda _name: None)
    said: list[str] = []
    async with asyncio.timeout(WAIT_S):
        async with Children() as children:
            broker = await start_broker(children, tmp_path, said.append)
            async with Zender(broker, 7) as zender:
                assert zender.online
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(broker.host, broker.port)
    assert f"{'mosquitto' if elsewhere else 'iotcore'} on 127.0.0.1:" in said[0]
    assert "never for a building" in said[0]


@pytest.mark.asyncio
async def test_a_broker_that_does_not_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: sys.executable)
    async with asyncio.timeout(WAIT_S), Children() as children:
        with pytest.raises(DemoFailed, match="mosquitto did not start"):
            await start_broker(children, tmp_path, print)


@pytest.mark.asyncio
async def test_the_iotcore_broker_keeps_what_is_retained_and_tells_a_will(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    async with asyncio.timeout(WAIT_S), Children() as children:
        broker = await start_broker(children, tmp_path, lambda _line: None)
        async with Zender(broker, 7) as zender:
            listener = aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5)
            async with listener:
                await listener.subscribe("achterwacht/v1/zender/7/status", qos=1)
                statuses = aiter(listener.messages)
                birth = await statuses.__anext__()
                assert b'"online":true' in bytes(birth.payload)
                zender.die()
                death = await statuses.__anext__()
                assert bytes(death.payload) == zender.firmware.will.payload


def test_the_daemon_is_called_as_the_table_says() -> None:
    assert set(COMMANDS) == {"run", "show", "draft", "watch"}
    assert daemon_command()[0].startswith(str(Path(sys.executable).parent))
