"""`achterwacht-sim` as people run it: lines on standard input, plain lines out, exit codes."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from achterwacht_sim.cli import main
from broker import DAEMON, Mosquitto
from sim.fake_daemon import FakeDaemon

WAIT_S = 30.0
SOURCES = Path(__file__).parent.parent.parent / "firmware_sim"


@asynccontextmanager
async def sim(*arguments: str, password: str = "") -> AsyncIterator[asyncio.subprocess.Process]:
    """`achterwacht-sim` in a process of its own, gone afterwards."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "achterwacht_sim", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"PYTHONPATH": str(SOURCES), "ACHTERWACHT_MQTT_PASSWORD": password},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def type_line(process: asyncio.subprocess.Process, *lines: str) -> None:
    assert process.stdin is not None
    process.stdin.write("".join(f"{line}\n" for line in lines).encode())
    await process.stdin.drain()


async def says(process: asyncio.subprocess.Process, words: str) -> str:
    """Reads until a line holds these words."""
    assert process.stdout is not None
    told = ""
    while line := (await process.stdout.readline()).decode():
        told += line
        if words in line:
            return told
    raise AssertionError(f"it never said {words!r}:\n{told}")


def fake_daemon(mosquitto: Mosquitto) -> FakeDaemon:
    return FakeDaemon(mosquitto.host, mosquitto.port, DAEMON, mosquitto.password(DAEMON))


@pytest.mark.asyncio
async def test_a_zender_fed_with_lines_presses_and_leaves_when_confirmed(mosquitto: Mosquitto) -> None:
    address = f"mqtt://{mosquitto.host}:{mosquitto.port}"
    async with asyncio.timeout(WAIT_S), fake_daemon(mosquitto) as daemon:
        async with sim("zender", "7", "--broker", address, password=mosquitto.password("7")) as zender:
            told, _ = await zender.communicate(b"press\n\ntamper\ntidy\nline cut\ndance\n")
        await daemon.hears("zender/7/telemetry", line="cut", tamper=False)
        assert len({press["seq"] for press in await daemon.hears("zender/7/press", 2)}) == 2
    assert zender.returncode == 0, told
    assert told.count(b"is in the journal") == 2
    assert b"? dance: see achterwacht-sim zender --help" in told


@pytest.mark.asyncio
async def test_a_zender_that_nobody_hears_says_so(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    from achterwacht_sim import terminal
    from achterwacht_sim.address import Broker

    async def one_press() -> AsyncIterator[str]:
        yield "press"

    monkeypatch.setattr(terminal, "_lines", one_press)
    monkeypatch.setattr(terminal, "SETTLE_WAIT_S", 0.1)
    said: list[str] = []
    broker = Broker(mosquitto.host, mosquitto.port, "7", mosquitto.password("7"))
    assert await terminal.run_zender(broker, 7, stay=False, say=said.append) == 1
    assert "zender 7 leaves with 1 message(s) that nobody answered" in said


@pytest.mark.asyncio
async def test_a_pager_at_the_terminal_shows_answers_and_quits(mosquitto: Mosquitto) -> None:
    address = f"mqtt://p1@{mosquitto.host}:{mosquitto.port}"
    command = ("pager", "p1", "--broker", address)
    async with (
        asyncio.timeout(WAIT_S),
        fake_daemon(mosquitto) as daemon,
        sim(*command, password=mosquitto.password("p1")) as pager,
    ):
        await says(pager, "is online")
        await type_line(pager, "", "coming")
        assert "[nothing]" in await says(pager, "pager p1 shows no incident")
        await daemon.page("p1", "7-ab-1", "7")
        await says(pager, "rings: BALIE 3 (first press)")
        await type_line(pager, "coming to BALIE 3", "carry as anna", "")
        await says(pager, "[BALIE 3]")
        await daemon.hears("pager/p1/answer", answer="coming", incident="7-ab-1", press="7-ab-1", zender=7)
        await daemon.hears("pager/p1/answer", answer="carry", member="anna")
        await type_line(pager, "silent", "battery 60", "speak", "battery 4")
        await daemon.hears("pager/p1/telemetry", battery=4)
        assert not [fields for _, fields in daemon.heard if fields.get("battery") == 60]
        await type_line(pager, "dock", "reboot")
        await daemon.hears("pager/p1/telemetry", docked=True, charging=True)
        await says(pager, "has started anew")
        await type_line(pager, "die", "back", "sing")
        await says(pager, "? sing: see achterwacht-sim pager --help")
        await type_line(pager, "quit")
        assert await pager.wait() == 0


@pytest.mark.asyncio
async def test_play_ends_with_0_when_all_was_seen_and_with_1_when_not(mosquitto: Mosquitto, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(f"{mosquitto.password(DAEMON)}\n")
    story = tmp_path / "story.yaml"
    story.write_text("zenders: [7]\npagers: [p1]\nsteps:\n  - do: press 7\n  - expect: {pager: p1, rings: BALIE 3}\n")
    address = f"mqtt://{DAEMON}@{mosquitto.host}:{mosquitto.port}"
    command = ("play", str(story), "--broker", address, "--password-file", str(password))
    async with asyncio.timeout(WAIT_S), fake_daemon(mosquitto):
        async with sim(*command) as play:
            told, _ = await play.communicate()
        assert play.returncode == 0, told
        assert b"pager p1 rings: BALIE 3 (first press), " in told
        story.write_text(f"{story.read_text()}  - expect: {{pager: p1, rings: BALIE 9, within_s: 0}}\n")
        async with sim(*command) as play:
            told, _ = await play.communicate()
        assert play.returncode == 1
        assert b"story.yaml:6:13: not seen: pager p1: rings BALIE 9 within 0 s" in told


@pytest.mark.parametrize("command", [[], ["zender"], ["pager"], ["play"], ["demo"]])
def test_help_teaches(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert len(capsys.readouterr().out) > 400


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["zender", "07"], "'07': a number from 1 to 9999 expected"),
        (["zender", "10000"], "a number from 1 to 9999 expected"),
        (["pager", "1p"], "a letter first"),
        ([], "COMMAND"),
    ],
)
def test_a_wrong_argument_is_refused(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["zender", "7", "--broker", "http://pi"], "mqtt[s]://[user[:password]@]host[:port] expected"),
        (["play", "no_such_story"], "no_such_story"),
        (["play", "demo", "--password-file", "no_such_file"], "no_such_file"),
        (["demo", "--config", "no_such_folder"], "no_such_folder: no such folder"),
        (["demo", "--scenario", "no_such_story"], "no_such_story"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


def test_a_bad_scenario_is_told_with_its_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = tmp_path / "story.yaml"
    story.write_text("pagers: [p1]\nsteps:\n  - do: p1 sings\n  - do: p2 dies\n")
    assert main(["play", str(story)]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert "story.yaml:3:9: do: 'p1 sings': one of " in first
    assert "story.yaml:4:9: do: pager p2: one of the file's own expected: pager p1" in second
