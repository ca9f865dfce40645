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
from achterwacht_sim.scenario import read

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
elif sys.argv[1] == "refuse":
    sys.exit("not like this")
"""

STORY = """story: A short one.
zenders: [7]
pagers: [p1, p2, p3]
steps:
  - do: press 7
  - expect: {pager: all, rings: BALIE 3}
"""
SHORT = read(STORY, "story.yaml")


@pytest.fixture
def pids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo with a fake daemon and its own folder; the file fills with the ids of processes."""
    fake = tmp_path / "achterwacht.py"
    fake.write_text(FAKE_ACHTERWACHT)
    pids = tmp_path / "pids"
    (tmp_path / "homes").mkdir()
    monkeypatch.setenv("DEMO_TEST_PIDS", str(pids))
    monkeypatch.setattr(demo, "daemon_command", lambda: [sys.executable, str(fake)])
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
        assert await run_demo(Path("config"), SHORT, once=True, say=said.append) == 0
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
        code = await run_demo(Path("config"), SHORT, once=False, say=say)
    assert code in (0, 130)
    assert all_gone(pids)


@pytest.mark.asyncio
async def test_a_signal_in_the_middle_of_the_story_ends_all_of_it(pids: Path) -> None:
    def say(line: str) -> None:
        if "is pressed" in line:
            os.kill(os.getpid(), signal.SIGINT)

    async with asyncio.timeout(WAIT_S):
        assert await run_demo(Path("config"), SHORT, once=True, say=say) == 130
    assert all_gone(pids)


@pytest.mark.asyncio
async def test_a_story_that_fails_says_where_and_leaves_nothing(pids: Path) -> None:
    story = f"{STORY}  - expect: {{pager: p1, over: BALIE 3, within_s: 0}}\n"
    said: list[str] = []
    async with asyncio.timeout(WAIT_S):
        assert await run_demo(Path("config"), read(story, "story.yaml"), once=True, say=said.append) == 1
    assert "story.yaml:7:13: not seen" in said[-1]
    assert "asked: run" in said[-1]
    assert all_gone(pids)


TYPED = """story: A morning.
pagers: [p1]
plan: {morning: {check_at: +9s}}
steps:
  - do: type achterwacht took p1 'lid 1'
  - expect: {terminal: achterwacht morning, says: morning}
"""


@pytest.mark.asyncio
async def test_what_is_typed_runs_in_the_folders_of_a_plan_of_its_own(pids: Path, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "achterwacht.yaml").write_text("site: {name: VOORBEELD}\nmorning: {}\n")
    said: list[str] = []
    async with asyncio.timeout(WAIT_S):
        assert await run_demo(config, read(TYPED, "story.yaml"), once=True, say=said.append) == 0
    (own,) = {line.split("--config ")[1].split()[0] for line in said if "asked: " in line}
    assert Path(own).parent.parent == tmp_path / "homes"
    assert sorted(asked(pids)) == ["morning", "run", "took"], "no incident: nothing to show"
    told = "\n".join(said)
    assert "$ achterwacht took p1 'lid 1'\n          asked: took p1 lid 1 --config " in told
    assert "$ achterwacht morning\n          asked: morning --config " in told
    assert all_gone(pids)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("do: type achterwacht refuse", "story.yaml:4:9: type achterwacht refuse: it ended with 1"),
        (
            "expect: {terminal: achterwacht refuse, says: never, within_s: 0}",
            "story.yaml:4:13: `achterwacht refuse` did not say 'never' within 0 s; it ended with 1:\nasked: refuse",
        ),
    ],
)
async def test_what_the_terminal_refuses_or_does_not_say_ends_the_story(pids: Path, step: str, told: str) -> None:
    story = read(f"story: A morning.\npagers: [p1]\nsteps:\n  - {step}\n", "story.yaml")
    said: list[str] = []
    async with asyncio.timeout(WAIT_S):
        assert await run_demo(Path("config"), story, once=True, say=said.append) == 1
    assert told in said[-1]
    assert all_gone(pids)


@pytest.mark.asyncio
async def test_a_house_without_a_plan_to_change_is_told(pids: Path, tmp_path: Path) -> None:
    async with asyncio.timeout(WAIT_S):
        with pytest.raises(DemoFailed, match="could not be made into a plan for story"):
            await run_demo(tmp_path / "nowhere", read(TYPED, "story.yaml"), once=True, say=print)
    assert list(pids.parent.glob("homes/*")) == []


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
