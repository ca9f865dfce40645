"""The demo, mostly with a fake `achterwacht` and a fake dashboard: what is started, what is shown, and that nothing is
left."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import aiomqtt
import pytest

from achterwacht_sim import demo, screens
from achterwacht_sim.children import Children
from achterwacht_sim.demo import COMMANDS, DemoFailed, Ports, daemon_command, run_demo, start_broker
from achterwacht_sim.node import Zender
from achterwacht_sim.scenario import Press, load, read
from achterwacht_sim.screens import PASSWORD, Account, NoScreens

WAIT_S = 30.0
# The real programs of a whole house, on a machine that has more to do.
HOUSE_WAIT_S = 120.0
HERE = Path(__file__).parent
FREE = Ports(0, 0)

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

# Plays both commands: it makes any account with a password, and says that it is well.
FAKE_DASHBOARD = """
import http.server, os, sys

open(os.environ["DEMO_TEST_PIDS"], "a").write(f"{os.getpid()} {sys.argv[1]}\\n")

class Well(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

if sys.argv[1] == "account":
    sys.exit(0 if input() else "no password")
http.server.HTTPServer(("127.0.0.1", int(sys.argv[-1])), Well).serve_forever()
"""

STORY = """story: A short one.
zenders: [7]
pagers: [p1, p2, p3]
steps:
  - do: press 7
  - expect: {pager: all, rings: BALIE 3}
"""
SHORT = read(STORY, "story.yaml")


# As good as nine, and sooner made.
TWO = (Account("receptie", "reception", "receptie-1"), Account("lid-1", "team", "lid-1"))


async def _seen(_url: str, _account: Account, _place: str) -> None:
    """The fake dashboard has no board."""


@pytest.fixture
def pids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo with a fake daemon and dashboard and its own folder; the file fills with the ids of processes."""
    fake, fake_dashboard = tmp_path / "achterwacht.py", tmp_path / "dashboard.py"
    fake.write_text(FAKE_ACHTERWACHT)
    fake_dashboard.write_text(FAKE_DASHBOARD)
    pids = tmp_path / "pids"
    (tmp_path / "homes").mkdir()
    monkeypatch.setenv("DEMO_TEST_PIDS", str(pids))
    monkeypatch.setattr(demo, "daemon_command", lambda: [sys.executable, str(fake)])
    monkeypatch.setattr(screens, "dashboard_command", lambda: [sys.executable, str(fake_dashboard)])
    monkeypatch.setattr(screens, "accounts_of", lambda _house: iter(TWO))
    monkeypatch.setattr(demo, "prove", _seen)
    monkeypatch.setattr(demo, "LOG_IN_S", 0)
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
        assert await run_demo(Path("config"), SHORT, once=True, say=said.append, ports=FREE) == 0
    assert said[0].startswith("DEMO BROKER: mosquitto on 127.0.0.1:")
    assert "A short one." in "\n".join(said)
    shown, drafted = capfd.readouterr().out.splitlines()
    assert shown.startswith("asked: show 7-")
    assert drafted.startswith("asked: draft 7-")
    assert "--config config --state " in drafted
    assert sorted(asked(pids)) == ["account", "account", "draft", "run", "serve", "show"]
    told = "\n".join(said)
    assert re.search(r"Schermen +http://127\.0\.0\.1:\d+\n  Knoppen en piepers +http://127\.0\.0\.1:\d+\n", told)
    assert "    lid-1           team         VOORBEELD Teamlid Een\n" in told
    assert "11 zender(s) and 3 pager(s) are online" in told, "the whole building, whatever the story is about"
    assert re.search(r"the board at \S+ showed Balie 3 to receptie", said[-1])
    assert all_gone(pids)


@pytest.mark.asyncio
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_while_it_watches_ends_all_of_it_well(pids: Path, signum: signal.Signals) -> None:
    def say(line: str) -> None:
        if "achterwacht watch" in line:
            os.kill(os.getpid(), signum)

    async with asyncio.timeout(WAIT_S):
        code = await run_demo(Path("config"), SHORT, once=False, say=say, ports=FREE)
    assert code in (0, 130)
    assert all_gone(pids)


@pytest.mark.asyncio
async def test_how_to_log_in_is_said_before_the_story_with_time_to_do_it_and_again_after_it(
    pids: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "LOG_IN_S", 1)
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if "achterwacht watch" in line:
            os.kill(os.getpid(), signal.SIGINT)

    async with asyncio.timeout(WAIT_S):
        await run_demo(Path("config"), SHORT, once=False, say=say, ports=FREE)
    before, after = (index for index, line in enumerate(said) if PASSWORD in line and "receptie" in line)
    begins = said.index("A short one.\n")
    assert before < begins < after
    assert "log in als receptie en tik op Start dienst: over" in said[begins - 1]
    assert "de telefoon van lid-1" in said[after + 1]
    assert all_gone(pids)


@pytest.mark.asyncio
async def test_a_signal_in_the_middle_of_the_story_ends_all_of_it(pids: Path) -> None:
    def say(line: str) -> None:
        if "is pressed" in line:
            os.kill(os.getpid(), signal.SIGINT)

    async with asyncio.timeout(WAIT_S):
        assert await run_demo(Path("config"), SHORT, once=True, say=say, ports=FREE) == 130
    assert all_gone(pids)


@pytest.mark.asyncio
async def test_a_story_that_fails_says_where_and_leaves_nothing(pids: Path) -> None:
    story = f"{STORY}  - expect: {{pager: p1, over: BALIE 3, within_s: 0}}\n"
    said: list[str] = []
    async with asyncio.timeout(WAIT_S):
        assert await run_demo(Path("config"), read(story, "story.yaml"), once=True, say=said.append, ports=FREE) == 1
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
    (config / "zenders.yaml").write_text("zenders: [{nr: 7, place: Balie 3}]\n")
    said: list[str] = []
    async with asyncio.timeout(WAIT_S):
        assert await run_demo(config, read(TYPED, "story.yaml"), once=True, say=said.append, ports=FREE) == 0
    (own,) = {line.split("--config ")[1].split()[0] for line in said if "asked: " in line}
    assert Path(own).parent.parent == tmp_path / "homes"
    assert {"draft", "show"}.isdisjoint(asked(pids)), "no incident: nothing to show"
    assert {"morning", "run", "took"} <= set(asked(pids))
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
        assert await run_demo(Path("config"), story, once=True, say=said.append, ports=FREE) == 1
    assert told in said[-1]
    assert all_gone(pids)


@pytest.mark.asyncio
async def test_a_house_without_a_plan_to_change_is_told(pids: Path, tmp_path: Path) -> None:
    async with asyncio.timeout(WAIT_S):
        with pytest.raises(DemoFailed, match="could not be made into a plan for story"):
            await run_demo(tmp_path / "nowhere", read(TYPED, "story.yaml"), once=True, say=print, ports=FREE)
    assert list(pids.parent.glob("homes/*")) == []


@pytest.mark.asyncio
@pytest.mark.parametrize("option", ["--port", "--panel-port"])
async def test_a_port_in_use_is_told_with_what_to_do(pids: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = Ports(port, 0) if option == "--port" else Ports(0, port)
        async with asyncio.timeout(WAIT_S):
            with pytest.raises(
                DemoFailed, match=f"(?s)port {port} cannot be had.*make demo ARGS='--port 0 --panel-port 0'"
            ):
                await run_demo(Path("config"), SHORT, once=True, say=print, ports=ports)
    assert list(pids.parent.glob("pids")) == [], "before anything was started"


@pytest.mark.asyncio
async def test_an_account_that_cannot_be_made_is_told(pids: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "PASSWORD", "")
    async with asyncio.timeout(WAIT_S):
        with pytest.raises(NoScreens, match=r"the account receptie was not made \(1\): no password"):
            await run_demo(Path("config"), SHORT, once=True, say=print, ports=FREE)
    assert all_gone(pids)


@pytest.mark.asyncio
async def test_the_house_itself_takes_its_pagers_and_shows_the_alarm_to_whoever_logs_in(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screens, "accounts_of", lambda _house: iter(TWO))
    story = load("demo")
    pressed = next(index for index, step in enumerate(story.steps) if isinstance(step.do, Press))
    until_it_rings = replace(story, steps=story.steps[: pressed + 3])
    said: list[str] = []
    async with asyncio.timeout(HOUSE_WAIT_S):
        assert await run_demo(Path("config"), until_it_rings, once=True, say=said.append, ports=FREE) == 0
    told = "\n".join(said)
    assert told.count("hears about carry: accepted") == 3
    assert told.count("proves in silence that it can be reached") >= 3
    assert re.search(r"the board at \S+ showed Balie 3 to receptie", said[-1])
    assert "Balie 3" in capfd.readouterr().out, "the timeline"


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
            broker, _ = await start_broker(children, tmp_path, said.append)
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
        broker, _ = await start_broker(children, tmp_path, lambda _line: None)
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
