"""`test` and `drill` as people type them: a real socket, a keyboard that is a pipe, and a played house."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from achterwacht.clock import Clock
from achterwacht.commands import practice
from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.codec import encode
from achterwacht.core.evolve_tests import CLAIM_S, PRESS_WAIT_S, TEST_MAX_S
from achterwacht.core.plan import Morning
from achterwacht.outputs.texts import LANGUAGES
from day_house import BY_DAY, DayHouse
from house import House
from terminal import WAIT_S, Daemon, Said, asks, complaint, running, said, write

ROOT = Path(__file__).parent.parent
PLACE = "Balie 3"


@pytest.fixture(autouse=True)
def no_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY"):
        monkeypatch.delenv(variable, raising=False)


class Keys:
    """A keyboard, and the screen before it."""

    def __init__(self, fd: int, capsys: Said) -> None:
        self._fd, self._capsys = fd, capsys
        self.out = self.err = ""

    def type(self, line: str) -> None:
        os.write(self._fd, line.encode() + b"\n")

    def look(self) -> None:
        out, err = self._capsys.readouterr()
        self.out, self.err = self.out + out, self.err + err

    async def until(self, words: str) -> None:
        """Until this stands on the screen."""
        async with asyncio.timeout(WAIT_S):
            while words not in self.out + self.err:
                await asyncio.sleep(0.001)
                self.look()


@pytest.fixture
def keys(capsys: Said, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    reads, writes = os.pipe()
    with os.fdopen(reads) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield Keys(writes, capsys)
    os.close(writes)


class AtTheButton:
    """A command that runs in its terminal, beside the house whose time passes here."""

    def __init__(self, daemon: Daemon, testing: asyncio.Task[int], keys: Keys) -> None:
        self._daemon, self._testing, self._keys = daemon, testing, keys

    def presses(self, zender: int = 7) -> None:
        self._daemon.house.wait(2)
        self._daemon.house.press(zender)
        self.waits(0.001)

    def waits(self, s: float) -> None:
        self._daemon.house.wait(s)
        self._daemon.tell()

    async def ends(self) -> int:
        async with asyncio.timeout(WAIT_S):
            code = await self._testing
        self._keys.look()
        return code


@asynccontextmanager
async def guided(state: Path, house: House, keys: Keys, *words: str) -> AsyncIterator[AtTheButton]:
    """`test zender 7` that waits for the press."""
    async with running(state, house) as daemon:
        testing = asyncio.create_task(asks(state, "test", "zender", "7", *words))
        await keys.until("Druk nu op de knop van zender 7 (Balie 3). U heeft 30 seconden.\n")
        yield AtTheButton(daemon, testing, keys)


@pytest.mark.asyncio
async def test_a_button_is_tested_from_the_press_to_the_judgement(tmp_path: Path, keys: Keys) -> None:
    house = House()
    keys.type("")  # before anything was asked: it claims nothing
    async with guided(tmp_path, house, keys, "--by", "anna") as tester:
        tester.presses()
        await keys.until("Gedrukt. Was u dat? Enter = ja; anders is het over 10 s een echt alarm.")
        assert not house.all(f.ButtonTestClaimed)
        keys.type("")
        await keys.until("Kijk wat er op de piepers staat: TEST BALIE 3")
        tester.waits(1)
        await keys.until("Staat daar de juiste plaats? [j/n]")
        keys.type("")
        keys.type("j")
        assert await tester.ends() == 0
    assert [line for line in keys.out.splitlines() if " toont: " in line] == [
        f"pieper {pager} ({who}) toont: TEST BALIE 3" for pager, who in (("p1", "anna"), ("p2", "bas"), ("p3", "cor"))
    ]
    assert keys.out.count("[j/n]") == 2, "Enter is no judgement"
    assert keys.out.splitlines()[-1] == "In orde: de juiste plaats werd getoond. Genoteerd met de tijd, als anna."
    (ended,) = house.all(f.ButtonTestEnded)
    assert (ended.by, ended.end) == ("anna", "right")
    assert not house.state.alarms


@pytest.mark.asyncio
async def test_a_wrong_place_ends_with_1(tmp_path: Path, keys: Keys) -> None:
    house = House()
    async with guided(tmp_path, house, keys, "--on", "pager:p2") as tester:
        tester.presses()
        await keys.until("Was u dat?")
        keys.type("ja")
        await keys.until("Kijk wat")
        tester.waits(1)
        await keys.until("[j/n]")
        keys.type("nee")
        assert await tester.ends() == 1
    assert "NIET IN ORDE" in keys.out and "p1" not in keys.out


@pytest.mark.asyncio
async def test_a_press_that_nobody_claims_is_told_as_the_alarm_that_it_is(tmp_path: Path, keys: Keys) -> None:
    house = House()
    async with guided(tmp_path, house, keys) as tester:
        tester.presses()
        await keys.until("Was u dat?")
        keys.type("n")
        await keys.until("Dan wordt het zo een ECHT ALARM")
        tester.waits(CLAIM_S + 1)
        assert await tester.ends() == 1
    assert "!!! DIT IS NU EEN ECHT ALARM: Balie 3 (zender 7)." in keys.out
    assert keys.out.splitlines()[-1] == "Niemand bevestigde de druk: het is een ECHT ALARM."
    assert house.alarm(7).place == PLACE
    house.lets_ring()


@pytest.mark.asyncio
async def test_a_second_press_is_told_as_an_alarm(tmp_path: Path, keys: Keys) -> None:
    house = House()
    async with guided(tmp_path, house, keys) as tester:
        tester.presses()
        await keys.until("Was u dat?")
        tester.presses()
        assert await tester.ends() == 1
    assert "!!! DIT IS NU EEN ECHT ALARM" in keys.out and "Twee keer gedrukt" in keys.out
    house.lets_ring()


@pytest.mark.asyncio
async def test_nobody_presses(tmp_path: Path, keys: Keys) -> None:
    house = House()
    async with guided(tmp_path, house, keys) as tester:
        tester.waits(PRESS_WAIT_S + 1)
        assert await tester.ends() == 1
    assert "Er is niet gedrukt" in keys.out


@pytest.mark.asyncio
async def test_pagers_that_show_nothing_are_named_and_the_tester_is_asked_all_the_same(
    tmp_path: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(practice, "SHOWN_S", 0.05)
    house = House()
    house.pager("p2").shows = False
    house.failing["pager:p3"] = "no answer within 5 s"
    async with guided(tmp_path, house, keys) as tester:
        tester.presses()
        await keys.until("Was u dat?")
        keys.type("")
        await keys.until("[j/n]")
        tester.waits(1)
        await keys.until("toont niets: geen antwoord binnen 5 s")
        await keys.until("pieper p2 (bas) heeft nog niets getoond")
        tester.waits(TEST_MAX_S)
        assert await tester.ends() == 1
    assert "Niemand zei wat er op de piepers stond" in keys.out


@pytest.mark.parametrize(("shows", "end", "code"), [(True, "right", 0), (False, "wrong", 1)])
@pytest.mark.asyncio
async def test_a_script_claims_and_judges_by_what_was_shown(
    shows: bool, end: str, code: int, tmp_path: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(practice, "SHOWN_S", WAIT_S if shows else 0.05)
    house = House()
    house.pager("p2").shows = shows
    async with guided(tmp_path, house, keys, "--yes", "--json") as tester:
        tester.presses()
        await keys.until("Kijk wat")
        tester.waits(1)
        assert await tester.ends() == code
    told = json.loads(keys.out)
    assert (told["zender"], told["end"]) == (7, end)
    assert ("pager:p2" in told["shown"]) == shows
    (begun,) = house.all(f.ButtonTestBegan)
    assert told["test"] == begun.incident


@pytest.mark.asyncio
async def test_when_the_daemon_goes_it_is_said_what_that_may_mean(tmp_path: Path, keys: Keys) -> None:
    house = House()
    async with guided(tmp_path, house, keys) as tester:
        tester.presses()
        await keys.until("Was u dat?")
    assert await tester.ends() == 1
    assert "Gestopt. Is er al gedrukt en niet bevestigd, dan wordt het een ECHT ALARM." in keys.out
    assert "ended the connection" in keys.err


@pytest.mark.asyncio
async def test_whoever_stops_is_told_what_that_may_mean(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "achterwacht", "test", "zender", "7", "--state", str(tmp_path)]
    async with running(tmp_path, House()):
        child = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT / "daemon"
        )
        assert child.stdout is not None
        async with asyncio.timeout(WAIT_S):
            assert (await child.stdout.readline()).startswith(b"Druk nu")
            child.send_signal(signal.SIGINT)
            told = (await child.stdout.readline()).decode()
            assert re.fullmatch(
                r"Gestopt\. De knop staat nog (2\d|30) s in de test; "
                r"een druk daarin wordt na 10 s een ECHT ALARM\.\n",
                told,
            )
            assert await child.wait() == 1


@pytest.mark.asyncio
async def test_a_standard_input_that_cannot_be_waited_for_keeps_nobody_from_testing(
    tmp_path: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House()
    with (tmp_path / "answers").open("w+") as file:
        monkeypatch.setattr(sys, "stdin", file)
        async with guided(tmp_path, house, keys, "--yes") as tester:
            tester.presses()
            await keys.until("Kijk wat")
            tester.waits(1)
            assert await tester.ends() == 0


@pytest.mark.asyncio
async def test_the_end_of_what_is_typed_answers_nothing(tmp_path: Path, keys: Keys) -> None:
    lines: list[str] = []
    reads, writes = os.pipe()
    with os.fdopen(reads) as stdin, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", stdin)
        with practice.Keyboard(lines.append) as keyboard:
            os.write(writes, b"one\ntw")
            os.write(writes, b"o\nthr")
            os.close(writes)
            async with asyncio.timeout(WAIT_S):
                while keyboard._fd >= 0:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
    assert lines == ["one", "two"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("test", "zender"), "which zender?"),
        (("test", "zender", "8"), "het plan heeft geen zender '8'; het heeft 5, 6, 7, 9"),
        (("test", "zender", "7", "--by", "ana"), "het plan heeft geen teamlid 'ana'; bedoelde u anna?"),
        (("test", "zender", "7", "--on", "pager:p9"), "the plan has no target 'pager:p9'; it has "),
        (("drill", "start"), "which zender?"),
        (("drill", "start", "eight"), "which zender?"),
        (("drill", "start", "8"), "het plan heeft geen zender '8'; het heeft "),
        (("drill", "stop", "7"), "leave out '7'"),
        (("drill", "stop", "--announced"), "--announced goes with `drill start`"),
        (("drill", "report", "--announced"), "--announced goes with `drill start`"),
    ],
)
@pytest.mark.asyncio
async def test_what_was_typed_wrong_says_what_to_do(
    words: tuple[str, ...], told: str, tmp_path: Path, capsys: Said
) -> None:
    house = House()
    n = len(house.facts)
    async with running(tmp_path, house):
        assert await asks(tmp_path, *words) == (1 if "the plan" in told or "het plan" in told else 2)
    assert told in capsys.readouterr().err
    assert len(house.facts) == n


@pytest.mark.asyncio
async def test_a_test_that_cannot_be_is_refused_with_its_reason(tmp_path: Path, capsys: Said) -> None:
    house = House()
    house.press(6)
    async with running(tmp_path, house):
        assert await asks(tmp_path, "test", "zender", "7") == 1
        assert capsys.readouterr().out.startswith("Geweigerd: ")
        assert await asks(tmp_path, "test", "zender", "7", "--json") == 1
    assert json.loads(capsys.readouterr().out)["note"] == "an alarm is open"
    house.lets_ring()


# --- all buttons ------------------------------------------------------------------------------------------------------


def a_test(house: House, zender: int, right: bool) -> None:
    """By anna, from the wish to the judgement."""
    key = f"t{len(house.facts)}"
    house.hear(h.TestButton(key, zender, "anna"))
    house.wait(1)
    house.press(zender)
    house.wait(1)
    house.hear(h.Claim(f"{key}-c", zender, "anna"))
    house.hear(h.Judge(f"{key}-j", house.all(f.ButtonTestBegan)[-1].incident, "anna", right))


def test_when_each_button_was_tested_last(tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    house = DayHouse(replace(BY_DAY, morning=Morning(button_test_days=31)))
    a_test(house, 5, right=True)
    a_test(house, 6, right=True)
    a_test(house, 6, right=False)
    asyncio.run(write(tmp_path, map(encode, house.facts)))
    monkeypatch.setattr(Clock, "now", lambda self: house.now)
    lines = said(capsys, tmp_path, "test")
    assert lines == [
        "  nr   plaats            laatste proef  door             uitslag",
        "  5    Balie 1           23-11-2026     anna             in orde        op tijd",
        "! 6    Balie 2           23-11-2026     anna             NIET IN ORDE   OPNIEUW",
        "! 7    Balie 3           nog nooit                                      TE LAAT",
        "! 9    Receptie          nog nooit                                      TE LAAT",
        "",
        "Een knop proberen: achterwacht test zender 5",
    ]
    told = [json.loads(line) for line in said(capsys, tmp_path, "test", "--json")]
    assert [(one["zender"], one["by"], one["overdue"]) for one in told] == [
        (5, "anna", False),
        (6, "anna", True),
        (7, None, True),
        (9, None, True),
    ]
    assert told[1]["last"]["end"] == "wrong"
    later = replace(house.now, at=house.now.at + timedelta(days=32))
    monkeypatch.setattr(Clock, "now", lambda self: later)
    assert [json.loads(line)["overdue"] for line in said(capsys, tmp_path, "test", "--json")] == [True] * 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_end_of_a_test_has_words(language: str) -> None:
    words = LANGUAGES[language].practice
    for end in get_args(f.TestEnd):
        assert words[f"end.{end}"] and words[f"result.{end}"]


# --- drills -----------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_drill_is_started_and_stopped(tmp_path: Path, capsys: Said) -> None:
    house = House()
    async with running(tmp_path, house):
        assert await asks(tmp_path, "drill", "start", "7", "--announced", "--by", "els") == 0
        assert await asks(tmp_path, "drill", "start", "6") == 1
        assert await asks(tmp_path, "drill", "stop") == 0
        assert await asks(tmp_path, "drill", "stop", "--json") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Aangenomen en vastgelegd: oefening bij Balie 3 (zender 7), die over een minuut afgaat"
    assert lines[1].startswith("Geweigerd: ")
    assert lines[2] == "Aangenomen en vastgelegd: de oefening is gestopt"
    assert json.loads(lines[3]) == {"result": "refused", "note": "no drill runs", "durable": True}
    (raised,) = house.all(f.DrillRaised)
    assert (raised.by, raised.announced, raised.zender) == ("els", True, 7)


@pytest.fixture
def drilled(tmp_path: Path) -> tuple[Path, str]:
    """A journal with an alarm, and a drill after it: anna comes and cor cannot."""
    house = House()
    house.press(6)
    house.wait(1)
    house.says("els", "all_clear", "calm")
    house.lets_ring()
    house.wait(1)
    assert house.practises(7) == "accepted"
    house.wait(4)
    house.lets_ring()
    house.pager("p1").answers("coming")
    house.pager("p3").answers("cannot")
    house.wait(5)
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    house.wait(1)
    house.lets_ring()
    asyncio.run(write(tmp_path, map(encode, house.facts)))
    return tmp_path, house.all(f.DrillRaised)[-1].incident


def test_the_report_of_a_drill_tells_who_came_in_how_many_seconds(drilled: tuple[Path, str], capsys: Said) -> None:
    state, drill = drilled
    lines = said(capsys, state, "drill", "report")
    assert lines == said(capsys, state, "drill", "report", "last") == said(capsys, state, "drill", "report", drill)
    assert lines[:9] == [
        "OEFENING: Balie 3 (zender 7)",
        "Begonnen 21-11-2026 om 10:00:02, voorbij na 9,00 s",
        drill,
        "Gestart door fred, onaangekondigd.",
        "Nooit genoeg mensen (2) onderweg.",
        "De eerste ter plaatse na 9,00 s.",
        "Einde: veilig gemeld.",
        "",
        "  wie                               opgeroepen getoond    komt       ter plaatse",
    ]
    assert "  anna                              0,00 s     0,31 s     4,00 s     9,00 s" in lines
    assert "  cor                               0,00 s     0,31 s     kan niet   -" in lines
    assert all(len(line) <= 80 for line in lines)
    (line,) = said(capsys, state, "drill", "report", "--json")
    told = json.loads(line)
    assert (told["drill"], told["needed"], told["first_there_s"]) == (drill, 2, 9.0)
    assert {person["by"]: person["coming_s"] for person in told["persons"]}["anna"] == 4.0


def test_a_drill_that_runs_has_not_failed_yet(tmp_path: Path, capsys: Said) -> None:
    house = House()
    assert house.practises(7) == "accepted"
    house.wait(1)
    asyncio.run(write(tmp_path, map(encode, house.facts)))
    told = said(capsys, tmp_path, "drill", "report")
    assert told[4:7] == ["Nog niet genoeg mensen (2) onderweg.", "Nog niemand ter plaatse.", "De oefening loopt nog."]
    house.lets_ring()


def test_drills_stand_apart_from_what_was_real(drilled: tuple[Path, str], capsys: Said) -> None:
    state, drill = drilled
    assert [line.split(":")[0] for line in said(capsys, state, "incidents")] == ["Melding 2026-001"]
    (line,) = said(capsys, state, "drill", "list")
    assert line == f"OEFENING: Balie 3 (zender 7). Begonnen 21-11-2026 om 10:00:02, voorbij na 9,00 s. {drill}"
    (line,) = said(capsys, state, "drill", "list", "--json")
    assert json.loads(line)["drill"] == drill
    assert said(capsys, state, "show", "last")[0] == "Melding 2026-001: Balie 2 (zender 6)"
    told = said(capsys, state, "show", drill)
    assert told[0] == "OEFENING: Balie 3 (zender 7)" and any("anna komt eraan" in line for line in told)
    assert all(
        json.loads(line)["incident"] == drill for line in said(capsys, state, "facts", "--json", "--incident", drill)
    )
    assert "was a drill, of which there is no form" in complaint(capsys, "draft", drill, "--state", str(state))
    assert f"nearest: {drill}" in complaint(capsys, "drill", "report", "drill-x", "--state", str(state))


def test_no_drills_yet(tmp_path: Path, capsys: Said) -> None:
    asyncio.run(write(tmp_path, map(encode, House().facts)))
    assert said(capsys, tmp_path, "drill", "list") == ["Nog geen oefeningen"]
    assert said(capsys, tmp_path, "drill", "list", "--json") == []
    assert "there is no incident yet that was a drill" in complaint(capsys, "drill", "report", "--state", str(tmp_path))
