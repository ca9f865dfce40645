"""The command line: called as people call it, on a journal written by the real writer and a real socket."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from websockets.asyncio.server import ServerConnection, unix_serve

from achterwacht import paths
from achterwacht.cli import COMMANDS, _parser, main
from achterwacht.commands import talking
from achterwacht.config import load
from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.codec import encode, fact_to_plain, to_plain
from achterwacht.errors import LinkSilent, LinkUnavailable
from achterwacht.link import Connection
from achterwacht.outputs.texts import LANGUAGES
from house import House
from terminal import WAIT_S, Said, asks, complaint, running, said, write

ROOT = Path(__file__).parent.parent
# --- a journal to read ------------------------------------------------------------------------------------------------


def night() -> House:
    house = House()
    house.press(7)
    house.wait(4)
    house.pager("p1").answers("coming")
    house.wait(20)
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    house.wait(1)
    house.press(6)
    house.wait(1)
    return house


@pytest.fixture
def house() -> House:
    return night()


@pytest.fixture
def state(tmp_path: Path, house: House) -> Path:
    asyncio.run(write(tmp_path, map(encode, house.facts)))
    with closing(sqlite3.connect(tmp_path / "people.db")) as db, db:
        db.execute("CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, phone TEXT)")
        db.execute("INSERT INTO people VALUES ('anna', 'Anna Jansen', '06')")
    return tmp_path


@pytest.fixture(autouse=True)
def no_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY"):
        monkeypatch.delenv(variable, raising=False)


def test_facts_as_sentences(state: Path, capsys: Said) -> None:
    lines = said(capsys, state, "facts")
    assert lines[0] == "-- 21-11-2026"
    assert "     4  10:00:00   Balie 3        Knop ingedrukt: Balie 3 (zender 7)" in lines
    assert any(line.endswith("Balie 3        Anna Jansen komt eraan (4,00 s na de druk)") for line in lines)
    assert any(line.endswith("Pieper p1 toont de oproep (0,31 s na de druk)") for line in lines)


def test_facts_as_json_are_the_lines_of_the_journal(state: Path, house: House, capsys: Said) -> None:
    lines = [json.loads(line) for line in said(capsys, state, "facts", "--json")]
    assert [next(iter(line)) for line in lines] == ["n"] * len(house.facts)
    assert [line.pop("n") for line in lines] == list(range(1, len(house.facts) + 1))
    assert lines == [json.loads(encode(fact)) for fact in house.facts]


def test_facts_after_a_number(state: Path, house: House, capsys: Said) -> None:
    lines = said(capsys, state, "facts", "--json", "--after", str(len(house.facts) - 2))
    assert [json.loads(line)["n"] for line in lines] == [len(house.facts) - 1, len(house.facts)]


def test_facts_of_one_incident(state: Path, capsys: Said) -> None:
    lines = [json.loads(line) for line in said(capsys, state, "facts", "--json", "--incident", "2026-002")]
    assert {line["incident"] for line in lines} == {lines[0]["incident"]}
    assert (lines[0]["fact"], lines[0]["place"]) == ("alarm_raised", "Balie 2")


def test_incidents_in_a_line_each(state: Path, house: House, capsys: Said) -> None:
    first, second = (fact.incident for fact in house.all(f.AlarmRaised))
    assert said(capsys, state, "incidents") == [
        f"Melding 2026-001: Balie 3 (zender 7). Begonnen 21-11-2026 om 10:00:00, voorbij na 24,0 s. {first}",
        f"Melding 2026-002: Balie 2 (zender 6). Begonnen 21-11-2026 om 10:00:25, nog open. {second}",
    ]
    assert [json.loads(line)["closed_after_s"] for line in said(capsys, state, "incidents", "--json")] == [24.0, None]


def test_no_incidents_yet(tmp_path: Path, capsys: Said) -> None:
    asyncio.run(write(tmp_path, map(encode, House().facts)))
    assert said(capsys, tmp_path, "incidents") == ["Nog geen meldingen"]
    assert said(capsys, tmp_path, "incidents", "--json") == []
    for command in ("show", "draft"):
        err = complaint(capsys, command, "last", "--state", str(tmp_path))
        assert err == f"achterwacht {command}: there is no incident yet in the journal\n"


def test_one_incident_by_id_number_or_last(state: Path, house: House, capsys: Said) -> None:
    first = house.all(f.AlarmRaised)[0].incident
    by_number = said(capsys, state, "show", "2026-001")
    assert by_number[0] == "Melding 2026-001: Balie 3 (zender 7)"
    assert said(capsys, state, "show", first) == by_number
    assert said(capsys, state, "show", "last")[0] == "Melding 2026-002: Balie 2 (zender 6)"
    (line,) = said(capsys, state, "show", first, "--json")
    assert json.loads(line)["came"][0]["by"] == "anna", "programs get ids"


def test_the_draft(state: Path, capsys: Said) -> None:
    lines = said(capsys, state, "draft", "2026-001")
    assert "  [x] agressie interventieteam ingeschakeld" in lines
    assert any("Anna Jansen is ter plaatse" in line for line in lines)
    (line,) = said(capsys, state, "draft", "2026-001", "--json")
    assert json.loads(line)["came"][0]["by"] == "Anna Jansen"


def test_a_chain_that_holds_and_one_whose_tail_was_cut(state: Path, house: House, capsys: Said) -> None:
    lines = said(capsys, state, "verify")
    assert lines[-1] == "the chain holds"
    head = next(line.split()[1] for line in lines if line.startswith("head"))
    assert head.startswith(f"{len(house.facts)}:")
    assert said(capsys, state, "verify", "--head", head)[-1] == "the chain holds"
    cut = said(capsys, state, "verify", "--head", head, "--head", f"{len(house.facts) + 5}:abc", code=1)
    assert cut[0].startswith("BROKEN  row ") and "does not hold" in cut[-1]


def test_the_chain_for_programs(state: Path, house: House, capsys: Said) -> None:
    (line,) = said(capsys, state, "verify", "--json")
    verdict = json.loads(line)
    assert (verdict["ok"], verdict["facts"], verdict["problems"]) == (True, len(house.facts), [])
    assert said(capsys, state, "verify", "--head", verdict["head"])[-1] == "the chain holds"
    (line,) = said(capsys, state, "verify", "--json", "--head", "1:abc", code=1)
    assert json.loads(line)["ok"] is False and len(json.loads(line)["problems"]) == 1


def test_an_incident_that_is_not_there(state: Path, capsys: Said) -> None:
    assert "nearest: 2026-001, 2026-002" in complaint(capsys, "show", "2026-01", "--state", str(state))
    assert "no incident 'xyz' in the journal" in complaint(capsys, "draft", "xyz", "--state", str(state))


def test_no_folder_no_journal_no_permission(
    state: Path, tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in ("facts", "incidents", "verify"):
        assert "no state folder" in complaint(capsys, command, "--state", str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    assert "no journal in" in complaint(capsys, "incidents", "--state", str(tmp_path / "empty"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "this user may not read" in complaint(capsys, "incidents", "--state", str(state))


def test_a_fact_of_a_later_version_is_left_out_and_said_so(tmp_path: Path, capsys: Said) -> None:
    house = House()
    house.press(7)
    strange = '{"mono_s":1.0,"at":"2026-11-21T09:00:00Z","clock_ok":true,"fact":"moon_landed"}'
    asyncio.run(write(tmp_path, [strange, *map(encode, house.facts)]))
    for words in (("facts",), ("show", "last"), ("incidents",), ("draft", "last")):
        assert main([*words, "--state", str(tmp_path)]) == 0
        out, err = capsys.readouterr()
        assert "left out: 1 facts, first number 1" in err
        assert "Balie 3" in out
    assert said(capsys, tmp_path, "verify")[-1] == "the chain holds"
    assert said(capsys, tmp_path, "facts", "--json")[0].startswith('{"n":1,'), "as it stands it can be printed"


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    house = House()
    house.press(7)
    house.wait(1800)  # more than a pipe holds
    asyncio.run(write(tmp_path, map(encode, house.facts)))
    command = [sys.executable, "-m", "achterwacht", "facts", "--json", "--state", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT / "daemon") as child:
        assert child.stdout is not None and child.stderr is not None
        assert child.stdout.readline().startswith(b'{"n":1,')
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(WAIT_S) == 1


# --- the command line itself ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_teaches_by_an_example(name: str, capsys: Said) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert f"\n  achterwacht {name}" in out and "--state DIR" in out


def examples(text: str) -> list[str]:
    """What stands behind `achterwacht` on a line of its own, in a path or in a code span, up to a pipe."""
    found = re.findall(r"(?:^  |bin/|`)achterwacht ([a-z][^`|>\n]*)", text, re.MULTILINE)
    return [example.strip() for example in found]


PAGES = ("README.md", "docs/installing.md")
EXAMPLES = {
    **{f"{name} --help": command.about for name, command in COMMANDS.items()},
    **{page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES},
}


@pytest.mark.parametrize("where", EXAMPLES)
def test_every_example_makes_sense_with_the_shipped_files(where: str) -> None:
    plan = load(ROOT / "config").plan
    lines = examples(EXAMPLES[where])
    assert lines
    for line in lines:
        asked = vars(_parser().parse_args(shlex.split(line)))
        assert "member" not in asked or plan.member(asked["member"]), line
        assert asked.get("pager") is None or plan.pager(asked["pager"]), line


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there(name: str) -> None:
    module, function = COMMANDS[name].does.split(".")
    assert callable(getattr(__import__(f"achterwacht.commands.{module}", fromlist=[module]), function))


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("dance",),
        ("show",),
        ("answer", "anna", "maybe"),
        ("verify", "--head", "12"),
        ("run", "--broker", "http://broker"),
        ("run", "--broker", "mqtt://user:secret@broker"),
    ],
)
def test_a_command_line_that_makes_no_sense(words: tuple[str, ...], capsys: Said) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: achterwacht" in capsys.readouterr().err


def test_asking_for_a_command_imports_no_other() -> None:
    """Start to armed is what people feel after a power cut: `run` must not wait for what only readers need."""
    heavy = ("achterwacht.commands", "achterwacht.link", "asyncio", "msgspec", "pydantic", "sqlite3", "websockets")
    code = f"import sys, achterwacht.cli as c; c._parser(); print([m for m in {heavy!r} if m in sys.modules])"
    child = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "daemon", capture_output=True, check=True)
    assert child.stdout.decode().strip() == "[]"


def test_run_hands_over_to_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Path, Path, str | None]] = []

    def serve(config: Path, state: Path, broker: str | None) -> int:
        asked.append((config, state, broker))
        return 0

    monkeypatch.setattr("achterwacht.service.run", serve)
    folders = ["--config", str(tmp_path / "c"), "--state", str(tmp_path / "s")]
    assert main(["run", *folders]) == main(["run", *folders, "--broker", "mqtt://127.0.0.1:1884"]) == 0
    assert asked == [(tmp_path / "c", tmp_path / "s", broker) for broker in (None, "mqtt://127.0.0.1:1884")]


def test_check_shows_the_plan(capsys: Said) -> None:
    assert main(["check", "--config", str(ROOT / "config")]) == 0
    out = capsys.readouterr().out
    assert "Balie 3" in out and "Advice" in out


def test_check_names_every_mistake(tmp_path: Path, capsys: Said) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "config" / "zenders.yaml").write_text("zenders: 7\n", "utf-8")
    err = complaint(capsys, "check", "--config", str(tmp_path / "config"))
    assert "zenders.yaml:1:" in err and "correct these lines" in err


# --- a daemon to talk to ----------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_answers_of_a_member(state: Path, house: House, capsys: Said) -> None:
    async with running(state, house):
        assert await asks(state, "answer", "anna", "coming") == 0
        assert await asks(state, "answer", "anna", "on_scene", house.alarm(6).incident) == 0
        assert await asks(state, "answer", "els", "all_clear", "2026-002") == 1
        assert await asks(state, "answer", "els", "all_clear", "last", "--reason", "calm") == 0
        assert await asks(state, "answer", "anna", "coming", "2026-002") == 1
        assert await asks(state, "answer", "cor", "carry", "--pager", "p1") == 0
    assert capsys.readouterr().out.splitlines() == [
        "Aangenomen en vastgelegd: Anna Jansen komt eraan (Balie 2)",
        "Aangenomen en vastgelegd: Anna Jansen is ter plaatse (Balie 2)",
        "Geweigerd: de receptie moet een reden geven",
        "Aangenomen en vastgelegd: els meldt veilig (Balie 2)",
        "Telt niet: het alarm is al voorbij",
        "Aangenomen en vastgelegd: cor zegt een pieper te dragen",
    ]
    assert [fact.reason for fact in house.all(f.AlarmClosed)] == ["", "calm"]
    assert house.state.plan.with_carrier("p1", "cor") == house.state.plan


@pytest.mark.asyncio
async def test_a_closing_is_taken_back(state: Path, house: House, capsys: Said) -> None:
    async with running(state, house):
        assert await asks(state, "reopen", "anna", "2026-001") == 0
        assert await asks(state, "reopen", "anna", "2026-001") == 1
    out, err = capsys.readouterr()
    assert out == "Aangenomen en vastgelegd: de sluiting van Balie 3 is ingetrokken\n"
    assert "that was closed in the last ten minutes" in err


@pytest.mark.asyncio
async def test_an_answer_that_is_not_on_disk_says_so(state: Path, house: House, capsys: Said) -> None:
    async with running(state, house) as daemon:
        daemon.durable = False
        assert await asks(state, "answer", "anna", "coming") == 0
    assert "NOG NIET VASTGELEGD" in capsys.readouterr().out


@pytest.mark.asyncio
async def test_which_incident_is_meant(state: Path, house: House, capsys: Said) -> None:
    async with running(state, house) as daemon:
        house.press(5)
        daemon.tell()
        assert await asks(state, "answer", "anna", "coming") == 1
        err = capsys.readouterr().err
        assert len(err.splitlines()) == 1, "the help has no answer to that"
        assert "which one?" in err and "(Balie 2, 2026-002)" in err and "(Balie 1, no number yet)" in err
        assert await asks(state, "answer", "anna", "coming", "2026-20") == 1
        assert "nearest: 2026-002" in capsys.readouterr().err
        assert await asks(state, "answer", "anna", "coming", "--pager", "p1") == 1
        assert "--pager goes with `carry`" in capsys.readouterr().err
        assert await asks(state, "answer", "anna", "carry", "2026-002", "--pager", "p1") == 1
        assert "is about no incident: leave out '2026-002'" in capsys.readouterr().err


@pytest.mark.asyncio
async def test_what_a_member_typed_wrong_is_told_in_a_sentence(state: Path, house: House, capsys: Said) -> None:
    async with running(state, house):
        assert await asks(state, "answer", "an na", "coming") == 1
        assert "answer: member: expected 1 to 64 letters, digits, _ . -\n" in capsys.readouterr().err
        assert await asks(state, "answer", "els", "all_clear", "--reason", "calm " * 101) == 1
        assert "answer: reason: expected a sentence of at most 500 characters\n" in capsys.readouterr().err


@pytest.mark.asyncio
async def test_who_asks_for_help_is_believed_and_told_to_be_unknown(state: Path, house: House, capsys: Said) -> None:
    async with running(state, house):
        assert await asks(state, "answer", "nobody", "need_112") == 0
        assert await asks(state, "answer", "nobody", "coming") == 1
    assert capsys.readouterr().out.splitlines() == [
        "Aangenomen en vastgelegd: nobody vraagt om 112 (Balie 2)",
        "Let op: nobody staat niet in het plan",
        "Geweigerd: geen teamlid of pieper van het plan",
    ]


@pytest.mark.asyncio
async def test_an_answer_to_a_drill_says_that_it_is_one(tmp_path: Path, capsys: Said) -> None:
    house = House()
    async with running(tmp_path, house):
        house.practises(7)
        assert await asks(tmp_path, "answer", "anna", "coming") == 0
    assert capsys.readouterr().out == "Aangenomen en vastgelegd: anna komt eraan (OEFENING: Balie 3)\n"


@pytest.mark.asyncio
async def test_nothing_is_open(tmp_path: Path, capsys: Said) -> None:
    async with running(tmp_path, House()):
        assert await asks(tmp_path, "answer", "anna", "coming") == 1
    assert capsys.readouterr().err == "achterwacht answer: no incident is open\n"


@pytest.mark.asyncio
async def test_how_the_house_stands_as_people_and_monitors_ask(state: Path, house: House, capsys: Said) -> None:
    async with running(state, house) as daemon:
        daemon.heard_s = {"pager:p1": 2.5}
        assert await asks(state, "status") == 1
        assert "  ! nog niet alle zenders en piepers zijn gehoord" in capsys.readouterr().out
        for zender in house.state.plan.zenders:
            house.hear(h.Telemetry(f"zender:{zender.nr}", "a"))
        assert await asks(state, "status") == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith("[v] KLAAR  ")
        assert lines[1] == "OPEN: Balie 2 (zender 6), melding 2026-002: gaat af, 0 onderweg"
        assert any(re.match(r"  p1 +Anna Jansen +ja +2 s ", line) for line in lines)
        house.hear(h.Missing(("pager:p1",)))
        assert await asks(state, "status") == 1
        assert "  ! pieper p1 (Anna Jansen) is stil (25 s), sinds " in capsys.readouterr().out
        house.hear(h.Trouble("broker/link", "refused"))
        assert await asks(state, "status") == 2
        assert capsys.readouterr().out.startswith("[!] NIET KLAAR  ")
        assert await asks(state, "status", "--json") == 2
        (line,) = capsys.readouterr().out.splitlines()
        told = json.loads(line)
        assert (told["light"], told["heard_s"], told["boot"]) == ("not ready", {"pager:p1": 2.5}, "d001")
        assert told["incidents"][0]["number"] == "2026-002"
        assert await asks(state, "metrics") == 0
        out = capsys.readouterr().out
    assert "achterwacht_up 1\n" in out and 'achterwacht_light{light="not ready"} 1\n' in out


def test_a_daemon_that_does_not_answer_is_a_finding(state: Path, capsys: Said) -> None:
    assert main(["status", "--state", str(state)]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("!!! NIET BEKEND OF ALLES WERKT: ACHTERWACHT ANTWOORDT NIET\n") and err == ""
    assert "the daemon does not run" in out and "systemctl status achterwacht" in out
    lines = out.splitlines()
    assert lines[1] == "    Doe: Spreek af hoe er hulp geroepen wordt, en waarschuw de beheerder."
    assert lines[2] == "!!! NOT KNOWN WHETHER ANYTHING WORKS: ACHTERWACHT DOES NOT ANSWER"
    assert lines[4].startswith("no socket at "), "what is English in both stands below both"
    assert main(["status", "--json", "--state", str(state)]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == {"light", "why", "remedy"} and told["light"] == "unknown"
    assert "the daemon does not run" in told["why"]
    assert main(["metrics", "--state", str(state)]) == 0
    out, err = capsys.readouterr()
    assert [line for line in out.splitlines() if not line.startswith("#")] == ["achterwacht_up 0"]
    assert "the daemon does not run" in err


@pytest.mark.parametrize(
    "hello",
    [
        '{"type":"hello","version":1,"boot":"b0b0","n":0,"durable_n":0,"state":{"n":"many"},"heard_s":{}}',
        '{"type":"hello","version":1,"boot":"b0b0","n":0,"durable_n":0,"state":{}}',
        '{"type":"hello","version":2}',
    ],
)
@pytest.mark.asyncio
async def test_a_daemon_that_is_not_understood_is_never_taken_for_half_ready(
    hello: str, state: Path, capsys: Said
) -> None:
    async def say(ws: ServerConnection) -> None:
        await ws.send(hello)
        await ws.wait_closed()

    async with unix_serve(say, str(state / "link.sock")):
        assert await asks(state, "status") == 2
        assert "install the same" in capsys.readouterr().out
        assert await asks(state, "metrics") == 0
        assert "achterwacht_up 0\n" in capsys.readouterr().out


@pytest.mark.asyncio
async def test_a_fault_is_acknowledged(state: Path, house: House, capsys: Said) -> None:
    house.hear(h.Telemetry("zender:99", "a"))
    house.hear(h.Missing(("pager:p1",)))
    async with running(state, house):
        assert await asks(state, "acknowledge", "anna", "pager:p1/silent") == 0
        assert await asks(state, "acknowledge", "anna", "zender/unknown") == 0
        assert await asks(state, "acknowledge", "nobody", "pager:p1/silent") == 1
    assert capsys.readouterr().out.splitlines() == [
        "Aangenomen en vastgelegd: storing gezien: pieper p1 (Anna Jansen) is stil (25 s)",
        "Aangenomen en vastgelegd: storing gezien: zender 99 staat niet in het plan",
        "Geweigerd: geen teamlid van het plan",
    ]
    assert {key: fault.acknowledged_by for key, fault in house.state.faults.items()} == {"pager:p1/silent": "anna"}


@pytest.mark.asyncio
async def test_which_fault_is_meant(state: Path, house: House, capsys: Said) -> None:
    async with running(state, house):
        assert await asks(state, "acknowledge", "anna", "pager:p1/silent") == 1
        assert "acknowledge: no fault stands now\n" in capsys.readouterr().err
        house.hear(h.Missing(("pager:p1",)))
        house.hear(h.Telemetry("zender:7", "b", line="cut"))
        assert await asks(state, "acknowledge", "anna", "zender:7/cut") == 1
        assert "no fault 'zender:7/cut' stands now; near it: zender:7/line cut\n" in capsys.readouterr().err
        assert await asks(state, "acknowledge", "anna", "zender", "7") == 1
        assert "no fault 'zender 7' stands now; near it: zender:7/line cut\n" in capsys.readouterr().err
        assert await asks(state, "acknowledge", "anna", "x") == 1
        err = capsys.readouterr().err
        assert err == "achterwacht acknowledge: no fault 'x' stands now; `achterwacht status` names those that do\n"
    assert not house.all(f.FaultAcknowledged)


@pytest.mark.asyncio
async def test_an_alarm_is_answered_and_never_acknowledged(state: Path, house: House, capsys: Said) -> None:
    house.hear(h.Missing(("pager:p1",)))
    async with running(state, house):
        for alarm in ("2026-002", "2025-117", house.all(f.AlarmRaised)[-1].incident):
            assert await asks(state, "acknowledge", "anna", alarm) == 1
            told = f"{alarm} is an alarm, which is answered, not acknowledged: `achterwacht answer`\n"
            assert told in capsys.readouterr().err
    assert not house.all(f.FaultAcknowledged)


@pytest.mark.asyncio
async def test_the_name_of_a_fault_needs_no_quotes(state: Path, house: House) -> None:
    house.hear(h.Telemetry("zender:7", "b", line="cut"))
    async with running(state, house):
        assert await asks(state, "acknowledge", "anna", "zender:7/line", "cut") == 0
        assert await asks(state, "acknowledge", "anna", "zender:7/line cut") == 0
    assert house.state.faults["zender:7/line cut"].acknowledged_by == "anna"


@pytest.mark.parametrize(("fails", "code", "stage"), [("", 0, "overgedragen"), ("no credit", 1, "mislukt")])
@pytest.mark.asyncio
async def test_of_a_telephone_that_says_nothing_the_carriers_word_is_enough(
    fails: str, code: int, stage: str, state: Path, house: House, capsys: Said
) -> None:
    if fails:
        house.failing["phone:anna"] = fails
    async with running(state, house) as daemon:
        testing = asyncio.create_task(asks(state, "test-page", "phone:anna"))
        async with asyncio.timeout(WAIT_S):
            while not house.state.tests:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        house.wait(1)
        daemon.tell()
        assert await testing == code
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "Wacht hoogstens 60 s, tot de proef voor telefoon van Anna Jansen is overgedragen"
    assert out[-1].startswith(f"telefoon van Anna Jansen: {stage}") and fails in out[1] and len(out) == 3
    (asked,) = house.all(f.TestAsked)
    assert (asked.target, asked.by) == ("phone:anna", "terminal")


@pytest.mark.asyncio
async def test_a_test_that_nobody_delivers_is_told_as_no_more_than_ordered(
    state: Path, house: House, capsys: Said
) -> None:
    async with running(state, house):
        assert await asks(state, "test-page", "pager:p1", "--wait", "0.1") == 1
    assert capsys.readouterr().out.splitlines() == [
        "Wacht hoogstens 0.1 s, tot pieper p1 (Anna Jansen) de proef toont",
        "pieper p1 (Anna Jansen): opdracht gegeven",
        "Verder is er niets van gehoord, en geen storing zegt waarom",
    ]


@pytest.mark.asyncio
async def test_a_test_of_which_nothing_came_tells_the_fault_that_stands_in_the_way(
    state: Path, house: House, capsys: Said
) -> None:
    async with running(state, house):
        house.hear(h.Missing(("pager:p1",)))
        assert await asks(state, "test-page", "pager:p1", "--wait", "0.1") == 1
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "pieper p1 (Anna Jansen): opdracht gegeven",
        "Wat in de weg staat: pieper p1 (Anna Jansen) is stil (25 s)",
    ]


def test_a_test_is_followed_by_its_order_and_the_house_with_it(house: House) -> None:
    test = talking.OneTest(house.state, "t1")
    so_far = len(house.facts)
    house.hear(h.Test("t0", "pager:p2", "els"))
    house.hear(h.Test("t1", "pager:p1", "els"))
    house.hear(h.Missing(("zender:7",)))
    house.wait(1)
    (order,) = (fact.order for fact in house.all(f.Ordered) if fact.kind == "test" and fact.target == "pager:p1")
    told = [fact for fact in house.facts[so_far:] if test.take(fact)]
    assert told and {getattr(fact, "order", "") for fact in told} == {order}
    assert test.stage == talking.STAGES[type(told[-1])]
    assert test.state.faults == house.state.faults and "zender:7/silent" in test.state.faults


@pytest.mark.parametrize(
    "words",
    [
        ("watch",),
        ("answer", "anna", "coming"),
        ("reopen", "anna", "2026-001"),
        ("acknowledge", "anna", "pager:p1/silent"),
        ("test-page", "pager:p1"),
    ],
)
def test_no_daemon(words: tuple[str, ...], state: Path, capsys: Said) -> None:
    err = complaint(capsys, *words, "--state", str(state))
    assert "the daemon does not run" in err and "systemctl status achterwacht" in err


@pytest.mark.asyncio
async def test_watching_from_what_is_open_to_ctrl_c(state: Path, house: House) -> None:
    command = [sys.executable, "-m", "achterwacht", "watch", "--state", str(state)]
    async with running(state, house) as daemon:
        child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT / "daemon")
        assert child.stdout is not None
        async with asyncio.timeout(WAIT_S):
            first = (await child.stdout.readline()).decode()
            assert first == "OPEN: Balie 2 (zender 6), melding 2026-002: gaat af, 0 onderweg\n"
            house.wait(2)
            house.pager("p1").answers("coming")
            daemon.tell()
            line = (await child.stdout.readline()).decode()
            assert line == "10:00:28   Balie 2        Anna Jansen komt eraan (3,00 s na de druk)\n"
            child.send_signal(signal.SIGINT)
            assert await child.wait() == 0


class Messages:
    """A connection that says these messages and ends; None is silence, for as long as anybody waits.

    `now_s` is the time, which passes only in a silence: a busy machine makes nothing late.
    """

    def __init__(self, house: House, durable: bool = True) -> None:
        n = len(house.facts)
        self.now_s = 0.0
        self._house = house
        self._told_n = n
        self._messages: list[dict[str, Any] | None] = []
        self.hello: dict[str, Any] = {"n": n, "durable_n": n if durable else n - 1, "state": to_plain(house.state)}

    def facts(self) -> None:
        """What has become a fact, none of it on disk."""
        for fact in self._house.facts[self._told_n :]:
            self._told_n += 1
            self.say({"type": "fact", "n": self._told_n, "durable": False, "fact": fact_to_plain(fact)})

    def durable(self) -> None:
        self.say({"type": "durable", "n": self._told_n})

    def say(self, message: dict[str, Any] | None) -> None:
        self._messages.append(message)

    async def take(self) -> dict[str, Any]:
        if not self._messages:
            raise LinkUnavailable("the end")
        message = self._messages.pop(0)
        if message is not None:
            return message
        try:
            silence: dict[str, Any] = await asyncio.get_running_loop().create_future()
        finally:
            self.now_s += talking.HELD_S
        return silence

    def mono_s(self) -> float:
        return self.now_s

    async def watched(self, capsys: Said, as_json: bool = False) -> list[str]:
        """What `watch` prints of it: the sentences, without what is open and how it ended."""
        async with asyncio.timeout(WAIT_S):
            await talking.Watcher({}, as_json).follow(cast(Connection, self))
        lines = capsys.readouterr().out.splitlines()
        return lines if as_json else [line[26:] for line in lines[1:-1]]


@pytest.mark.asyncio
async def test_a_drill_that_is_open_is_watched_as_one(tmp_path: Path, capsys: Said) -> None:
    house = House()
    house.practises(7, announced=True)
    await talking.Watcher({}, as_json=False).follow(cast(Connection, Messages(house)))
    first = capsys.readouterr().out.splitlines()[0]
    assert first == "OEFENING aangekondigd: Balie 3 (zender 7), gaat nog niet af"


@pytest.mark.asyncio
async def test_what_calms_is_shown_when_it_is_on_disk(house: House, capsys: Said) -> None:
    told = Messages(house)
    house.pager("p1").answers("told_to_leave")
    house.pager("p1").answers("need_112")
    told.facts()
    told.durable()
    lines = await told.watched(capsys)
    assert lines[0].startswith("anna vraagt om 112"), "who asks for help waits for nothing"
    assert lines[-1].startswith("anna heeft de bezoeker"), lines
    assert not any("NOG NIET VASTGELEGD" in line for line in lines)


@pytest.mark.asyncio
async def test_a_faulty_zender_is_watched_by_its_place(house: House, capsys: Said) -> None:
    told = Messages(house)
    house.hear(h.Missing(("zender:7",)))
    moved = tuple(replace(zender, place=zender.place.replace("Balie", "Loket")) for zender in house.state.plan.zenders)
    house.hear(h.PlanRead(replace(house.state.plan, zenders=moved), "another"))
    house.hear(h.Missing(("zender:5",)))
    told.facts()
    lines = await told.watched(capsys)
    assert "Storing: zender 7 (Balie 3) is stil (25 s)" in lines
    assert "Storing: zender 5 (Loket 1) is nog nooit gehoord" in lines


@pytest.mark.asyncio
async def test_what_cannot_be_said_ends_no_watcher(house: House, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words of ours that lack a field, and a fact of a daemon that was renewed meanwhile: it may be one that calms."""
    monkeypatch.setitem(cast("dict[str, str]", LANGUAGES["nl"].facts), "fault_raised", "{because}")
    told = Messages(house)
    house.hear(h.Missing(("zender:7",)))
    told.facts()
    of_next_year = {"at": "2027-01-01T00:00:00Z", "fact": "all_went_home", "mono_s": 1.0, "clock_ok": True}
    told.say({"type": "fact", "n": len(house.facts) + 1, "durable": False, "fact": of_next_year})
    house.hear(h.Missing(("zender:5",)))
    told.facts()
    async with asyncio.timeout(WAIT_S):
        await talking.Watcher({}, as_json=False).follow(cast(Connection, told))
    lines = capsys.readouterr().out.splitlines()
    raised = [line for line in lines if "fault_raised: at=" in line]
    assert ["zender:7/silent" in raised[0], "zender:5/" in raised[1], len(raised)] == [True, True, 2]
    assert any(line.startswith("all_went_home: at=2027") and "NOG NIET VASTGELEGD" in line for line in lines)


@pytest.mark.asyncio
async def test_what_calms_is_marked_when_the_disk_takes_nothing(
    house: House, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talking, "HELD_S", 0.01)
    told = Messages(house)
    monkeypatch.setattr(talking, "Clock", lambda: told)
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    told.facts()
    told.say(None)
    told.durable()
    lines = await told.watched(capsys)
    ends = [fact.kind for fact in house.facts[told.hello["n"] :] if isinstance(fact, f.Ordered)].count("over")
    marked = [line for line in lines if line.endswith("  [NOG NIET VASTGELEGD]")]
    assert [line.split()[0] for line in marked] == ["anna", "anna", "Voorbij,", *["Einde"] * ends], lines


@pytest.mark.asyncio
async def test_what_calms_and_was_never_on_disk_is_marked_for_programs_too(house: House, capsys: Said) -> None:
    told = Messages(house)
    house.pager("p1").answers("coming")
    told.facts()
    lines = [json.loads(line) for line in await told.watched(capsys, as_json=True)]
    assert [(line["fact"], line.get("durable")) for line in lines][-1] == ("answered", False)


@pytest.mark.asyncio
async def test_a_closing_never_comes_after_the_word_that_takes_it_back(house: House, capsys: Said) -> None:
    told = Messages(house)
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    house.undoes("anna", house.all(f.AlarmRaised)[-1].incident)
    told.facts()
    lines = await told.watched(capsys)
    closed, reopened = (
        next(n for n, line in enumerate(lines) if line.startswith(words)) for words in ("Voorbij,", "Sluiting")
    )
    assert closed < reopened


@pytest.mark.asyncio
async def test_that_nothing_is_open_is_marked_while_it_is_not_on_disk(capsys: Said) -> None:
    told = Messages(House(), durable=False)
    await talking.Watcher({}, as_json=False).follow(cast(Connection, told))
    assert capsys.readouterr().out.startswith("Geen open meldingen  [NOG NIET VASTGELEGD]\n")


@pytest.mark.asyncio
async def test_watching_goes_on_with_the_next_daemon(
    state: Path, house: House, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talking, "RECONNECT_S", 0.01)
    told = asyncio.Event()
    said_before = talking.Watcher.say

    def say(self: talking.Watcher, key: str, **words: Any) -> None:
        said_before(self, key, **words)
        heard.add(key)
        told.set()

    async def until(key: str) -> None:
        async with asyncio.timeout(WAIT_S):
            while key not in heard:
                told.clear()
                await told.wait()

    heard: set[str] = set()
    monkeypatch.setattr(talking.Watcher, "say", say)
    async with running(state, house):
        watching = asyncio.create_task(talking._watch(state, as_json=True))
        await until("open")
    await until("lost")
    async with running(state, house):
        await until("back")
        watching.cancel()
        await asyncio.wait({watching})
    out, err = capsys.readouterr()
    assert out == "", "programs read facts alone"
    assert "GEEN VERBINDING MET ACHTERWACHT" in err
    assert f"achterwacht facts --after {len(house.facts)}" in err


def test_a_daemon_that_is_silent_is_said_loudly(capsys: Said) -> None:
    watcher = talking.Watcher({}, as_json=False)
    watcher.lost(LinkSilent("nothing heard"))
    watcher.lost(LinkSilent("nothing heard"))
    assert capsys.readouterr().out == "!!! AL 5 s NIETS GEHOORD: wat hierboven staat kan verouderd zijn\n"


def test_the_place_of_the_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert paths.config_folder() == Path("/etc/achterwacht")
    (tmp_path / "config").mkdir()
    assert paths.config_folder() == Path("config")
    assert paths.state_folder() == Path("/var/lib/achterwacht")
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}/a:{tmp_path}/b")
    assert paths.state_folder() == tmp_path / "a"
    assert paths.socket_path(tmp_path) == tmp_path / "link.sock"
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    assert paths.socket_path(tmp_path) == tmp_path / "run" / "link.sock"


def test_a_terminal_finds_the_socket_of_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state, runtime = tmp_path / "state", tmp_path / "run"
    monkeypatch.setattr(paths, "STATE", state)
    monkeypatch.setattr(paths, "RUNTIME", runtime)
    assert paths.socket_path(state) == state / "link.sock"
    runtime.mkdir()
    assert paths.socket_path(state) == runtime / "link.sock"
    assert paths.socket_path(tmp_path) == tmp_path / "link.sock", "another state is another daemon"
