"""The commands of a day, as people type them: this morning, a past one, the roster, and what is said of them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pytest
from msgspec import structs

from achterwacht.clock import Clock
from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.codec import encode
from achterwacht.core.roster import days
from achterwacht.outputs.texts import LANGUAGES
from achterwacht.outputs.texts.day import COLUMNS, MorningScreen, Verdict, roster_text, verdict
from day_house import BY_DAY, MONDAY, DayHouse
from house import TOWN_HALL, House
from terminal import Said, asks, complaint, running, said, write

NAMES = {"anna": "Anna Jansen", "bas": "Bas de Vries", "cor": "Cor", "els": "Els"}
PHONES = {"cor": "06-12345678"}


@pytest.fixture(autouse=True)
def no_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "people.db")) as db, db:
        db.execute("CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, phone TEXT)")
        db.executemany("INSERT INTO people VALUES (?, ?, ?)", [(id, NAMES[id], PHONES.get(id, "")) for id in NAMES])
    return tmp_path


def forgotten() -> DayHouse:
    """It is just past nine, and nobody has taken p3."""
    house = DayHouse(at="08:58")
    house.lift("p1", "p2")
    house.until("09:00:05")
    return house


def screen(house: House, language: str = "nl") -> list[str]:
    """The morning in lines, each of which fits."""
    state = structs.replace(house.state, plan=replace(house.state.plan, language=language))
    told = MorningScreen(state, house.now, NAMES, PHONES).text().splitlines()
    assert all(len(line) <= COLUMNS for line in told)
    return told


def prose(house: House) -> str:
    """The morning without its line ends."""
    return " ".join(line.strip() for line in screen(house))


# --- this morning -----------------------------------------------------------------------------------------------------


def test_a_morning_from_its_beginning_to_its_end() -> None:
    house = DayHouse()
    assert verdict(house.state) == "not yet"
    assert screen(house)[:2] == [
        "[?] NOG NIET GECONTROLEERD  ma 23-11-2026 08:20:20  Raadhuis",
        "Open van 08:30 tot 17:00. Om 08:30 begint het toezicht, om 09:00 is de controle.",
    ]
    house.until("08:40")
    house.lift("p1", "p2")
    assert "om 08:50 gaan de herinneringen" in screen(house)[1]
    house.until("08:55")
    assert screen(house)[1].endswith("Herinnerd: Cor. Om 09:00 is de controle.")
    assert screen(house, "en")[1].endswith("Reminded: Cor. The check is at 09:00.")
    house.lift("p3")
    house.until("09:01")
    told = screen(house)
    assert verdict(house.state) == "ready"
    assert told[0].startswith("[v] PIEPERS COMPLEET") and "Dragers: 3, nodig: 2." in prose(house)
    assert sum(line.startswith("v gedragen") for line in told) == 3
    house.hang("p1", "p2")
    house.wait(10)
    assert verdict(house.state) == "missing"
    assert "TE WEINIG PIEPERS. Dragers: 1, nodig: 2." in prose(house)
    house.night_until("17:01", MONDAY)
    assert verdict(house.state) == "over"
    assert [line[:16].split() for line in screen(house)[-4:-1]] == [
        ["v", "terug", "p1"],
        ["v", "terug", "p2"],
        ["!", "NIET", "TERUG", "p3"],
    ]
    assert screen(house)[-1] == "    niet terug in de lader: bel Cor, 06-12345678"


def test_of_a_missing_pager_it_says_why_whom_to_call_what_was_tried_and_what_to_type() -> None:
    house = forgotten()
    assert house.commands(h.Called, pager="p3", outcome="comes", by="els") == "accepted"
    assert screen(house)[2:] == [
        "",
        "             pieper   drager              bekend    plaats       batt.  bewezen",
        "v gedragen   p1       Anna Jansen         rooster   uit lader    90 %   08:58:25",
        "v gedragen   p2       Bas de Vries        rooster   uit lader    90 %   08:58:25",
        "! ONTBREEKT  p3       Cor                 -         in lader     90 %   -",
        "    hangt in de lader: bel Cor, 06-12345678",
        "    geprobeerd: 08:58 herinnering gestuurd; 09:00 Els: gebeld, komt eraan",
        "",
        "Doe, en meld het zo:",
        "  gebeld            achterwacht called p3",
        "  komt eraan        achterwacht called p3 --comes",
        "  een ander draagt  achterwacht called p3 --replaced-by LID",
        "  al meegenomen     achterwacht took p3 LID",
        "LID: anna Anna Jansen, bas Bas de Vries, cor Cor, dina",
    ]


def test_who_stands_in_is_the_one_to_call_and_nobody_is_called_about_what_is_there() -> None:
    house = forgotten()
    assert house.commands(h.Called, pager="p3", outcome="replaced", member="bas", by="els") == "accepted"
    assert any("bel Bas de Vries (geen nummer bekend)" in line for line in screen(house))
    assert "09:00 Els: Bas de Vries draagt hem vandaag" in prose(house)
    assert house.commands(h.Called, pager="p3", outcome="replaced", member="dina", by="els") == "accepted"
    assert "09:00 Els: een ander draagt hem vandaag; 09:00 Els: dina draagt hem vandaag" in prose(house)
    house.lift("p3")
    house.wait(10)
    assert not any("bel " in line or "achterwacht" in line for line in screen(house))


def test_an_open_alarm_and_a_drill_stand_above_everything() -> None:
    house = forgotten()
    assert house.practises(6) == "accepted"
    assert screen(house)[1] == "OEFENING LOOPT: Balie 2"
    house.press(7)
    assert screen(house)[1] == "ALARM OPEN: Balie 3"
    assert screen(house, "en")[1] == "ALARM OPEN: Balie 3"
    house.lets_ring()


def test_a_pager_that_is_missing_again_has_somebody_to_call() -> None:
    house = forgotten()
    house.lift("p3")
    house.wait(10)
    assert "Alles opgehaald om 09:00:11." in prose(house)
    house.hang("p3")
    house.wait(10)
    assert "Was compleet om 09:00:11; nu ontbreekt p3." in prose(house) and "Alles opgehaald" not in prose(house)
    assert "    hangt in de lader: bel Cor, 06-12345678" in screen(house)
    assert "  komt eraan        achterwacht called p3 --comes" in screen(house)
    assert house.commands(h.Called, pager="p3", outcome="comes", by="els") == "accepted"


def test_who_has_no_way_is_told_as_not_reminded() -> None:
    members = tuple(replace(one, ways=()) if one.id == "cor" else one for one in BY_DAY.members)
    house = DayHouse(replace(BY_DAY, members=members), at="08:40")
    house.lift("p1")
    house.until("08:50:05")
    assert "Herinnerd: Bas de Vries. NIET te herinneren: p3 (Cor). Om 09:00 is de controle." in prose(house)
    house.lift("p2", "p3")
    house.wait(10)
    assert "herinneren" not in prose(house)


def test_a_reminder_that_failed_is_none() -> None:
    house = DayHouse(at="08:40")
    house.lift("p1", "p2")
    house.failing["phone:cor"] = "no answer within 5 s"
    house.until("08:50:02")
    assert "Herinnerd" not in prose(house)
    house.until("08:52")
    assert "NIET te herinneren: p3 (Cor)" in prose(house)


def test_names_that_would_look_the_same_give_way_to_ids() -> None:
    house = forgotten()
    names = {id: f"VOORBEELD Teamlid met een lange naam {n}" for n, id in enumerate(("anna", "bas", "cor"))}
    told = MorningScreen(house.state, house.now, names, PHONES).text().splitlines()
    assert [line.split()[3] for line in told if line.startswith(("v ", "! "))] == ["anna", "bas", "cor"]
    rows = roster_text(house.state, list(days(house.state, MONDAY, 1)), names).splitlines()
    assert rows[1].split() == ["ma", "23-11", "anna", "bas", "cor"]
    assert rows[3].startswith("LID: anna VOORBEELD Teamlid met een lange naam 0, bas ")


def test_the_name_of_the_house_is_not_cut() -> None:
    house = forgotten()
    name = "Gemeentehuis van Noordoostpolder-Zuid aan het Plein"
    state = structs.replace(house.state, plan=replace(house.state.plan, site=replace(house.state.plan.site, name=name)))
    assert MorningScreen(state, house.now, NAMES, PHONES).text().splitlines()[1] == f"  {name}"


def test_more_than_one_missing_pager_is_typed_by_its_name() -> None:
    house = DayHouse(at="08:58")
    house.until("09:00:05")
    assert "  gebeld            achterwacht called PIEPER" in screen(house)
    assert "  called         achterwacht called PAGER" in screen(house, "en")


def test_a_clock_in_doubt_is_said() -> None:
    house = DayHouse(at="08:45")
    house.clock_ok = False
    house.until("09:00:10")
    told = prose(house)
    assert "(klok niet gelijkgezet)" in told
    assert "KLOK ONZEKER: de controle wacht op een klok die klopt, hoogstens tot het hier 09:15 is." in told
    house.until("09:15:05")
    assert "Controle gedaan om 09:15:00, KLOK ONZEKER." in prose(house)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 12, 25), "Kerstmis"),
        (date(2026, 11, 28), "geen openingsdag"),
        (date(2026, 11, 24), "eigen sluitingsdag"),
        (date(2026, 11, 25), "volgens de agenda"),
    ],
)
def test_a_closed_day_says_why_and_is_green(day: date, why: str) -> None:
    hours = replace(BY_DAY.hours, closed=(date(2026, 11, 24),))
    house = DayHouse(replace(BY_DAY, hours=hours, calendars=("agenda",)), day=day)
    if why == "volgens de agenda":
        house.hear(h.CalendarRead("agenda", (h.CalendarEntry("closed", day, day),)))
    assert verdict(house.state) == "closed"
    assert screen(house)[0].startswith("[-] GESLOTEN VANDAAG")
    assert screen(house)[1:] == [f"Gesloten: {why}."]


def test_a_house_without_a_morning_says_so() -> None:
    house = House()
    assert verdict(house.state) == "no check"
    assert screen(house)[1:] == ["Gebouw: NIET KLAAR, zie `achterwacht status`"]
    assert roster_text(house.state, list(days(house.state, MONDAY, 2)), {}).startswith("Dit huis heeft geen rooster")
    assert TOWN_HALL.morning is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_verdict_place_and_way_of_knowing_has_words(language: str) -> None:
    house = forgotten()
    words = LANGUAGES[language].day
    assert all(words[word] for word in get_args(Verdict))
    for place in get_args(f.Place):
        assert words[f"place.{place}"]
    for how in get_args(f.How):
        assert words[f"how.{how}"]
    assert len(screen(house, language)) > len(house.state.plan.pagers)


@pytest.mark.asyncio
async def test_the_morning_of_the_running_daemon_for_people_and_programs(state: Path, capsys: Said) -> None:
    house = forgotten()
    async with running(state, house):
        assert await asks(state, "morning") == 1
        out = capsys.readouterr().out
        assert "bel Cor, 06-12345678" in out
        assert await asks(state, "morning", "--json") == 1
        told = json.loads(capsys.readouterr().out)
        assert (told["verdict"], told["on"], told["carried"], told["needed"]) == ("missing", "2026-11-23", 2, 2)
        assert told["pagers"][2]["missing"]["member"] == "cor" and told["pagers"][2]["why"] == "docked"
        assert "Jansen" not in json.dumps(told) and "06-" not in json.dumps(told)
        house.lift("p3")
        house.wait(10)
        assert await asks(state, "morning") == 0
    assert capsys.readouterr().out.startswith("[v] PIEPERS COMPLEET")


@pytest.mark.asyncio
async def test_a_house_in_which_no_press_is_heard_is_no_good_morning(state: Path, capsys: Said) -> None:
    house = forgotten()
    house.lift("p3")
    house.wait(10)
    deaf = structs.replace(house.state, plan=replace(house.state.plan, zenders=()))
    told = MorningScreen(deaf, house.now, NAMES, PHONES).text().splitlines()
    assert told[:2] == [
        "[v] PIEPERS COMPLEET  ma 23-11-2026 09:00:15  Raadhuis",
        "Gebouw: NIET KLAAR, zie `achterwacht status`",
    ]
    house.state = deaf
    async with running(state, house):
        assert await asks(state, "morning") == 1
        capsys.readouterr()
        assert await asks(state, "morning", "--json") == 1
    told_to_programs = json.loads(capsys.readouterr().out)
    assert (told_to_programs["verdict"], told_to_programs["light"]) == ("ready", "not ready")


def test_a_daemon_that_does_not_answer_is_no_green_morning(state: Path, capsys: Said) -> None:
    assert said(capsys, state, "morning", code=2)[0].startswith("!!! NIET BEKEND")
    (line,) = said(capsys, state, "morning", "--json", code=2)
    assert json.loads(line)["verdict"] == "unknown"


# --- a past day -------------------------------------------------------------------------------------------------------


@pytest.fixture
def past(state: Path) -> Path:
    """The journal of a morning on which p3 came late."""
    house = forgotten()
    house.commands(h.Called, pager="p3", outcome="comes", by="els")
    house.lift("p3")
    house.wait(10)
    asyncio.run(write(state, map(encode, house.facts)))
    return state


def test_the_log_of_a_past_day(past: Path, capsys: Said) -> None:
    told = said(capsys, past, "morning", "--date", "2026-11-23")
    assert told[:6] == [
        "Logboek van ma 23-11-2026",
        "  Dienst: p1 Anna Jansen, p2 Bas de Vries, p3 Cor",
        "  Controle om 09:00:00: p3 ontbrak (Cor: hangt in de lader)",
        "  09:00 Els belde over p3: komt eraan",
        "  Compleet om 09:00:11",
        "",
    ]
    times = [line[:8] for line in told[6:]]
    assert times == sorted(times) and times[0] == "08:58:00", "also that the daemon began"
    assert not any("fact" in line or "_" in line for line in told), "every fact of a day has its sentence"


def test_the_log_of_a_past_day_for_programs(past: Path, capsys: Said) -> None:
    (line,) = said(capsys, past, "morning", "--date", "2026-11-23", "--json")
    told = json.loads(line)
    assert told["members"] == {"p1": "anna", "p2": "bas", "p3": "cor"}
    assert [check["missing"] for check in told["checks"]] == [[{"pager": "p3", "why": "docked", "member": "cor"}]]
    assert [call["outcome"] for call in told["calls"]] == ["comes"]
    assert told["complete_at"] and told["facts"][0]["fact"] == "daemon_started"


def test_a_notice_that_failed_stands_in_the_log(state: Path, capsys: Said) -> None:
    house = DayHouse(at="08:40")
    house.failing["phone:cor"] = "no phone registered"
    house.lift("p1", "p2")
    house.until("08:51")
    asyncio.run(write(state, map(encode, house.facts)))
    told = said(capsys, state, "morning", "--date", "2026-11-23")
    assert any("Bericht voor telefoon van Cor is mislukt: geen telefoon aangemeld" in line for line in told)


def test_a_day_that_is_not_over_may_still_become_complete(
    state: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = forgotten()
    asyncio.run(write(state, map(encode, house.facts)))
    monkeypatch.setattr(Clock, "now", lambda self: house.now)
    assert "  Nog niet compleet" in said(capsys, state, "morning", "--date", "today")
    assert "this day is still to come" in complaint(capsys, "morning", "--date", "tomorrow", "--state", str(state))
    tomorrow = replace(house.now, at=house.now.at + timedelta(days=1))
    monkeypatch.setattr(Clock, "now", lambda self: tomorrow)
    assert "  Niet compleet geworden" in said(capsys, state, "morning", "--date", "2026-11-23")


def test_a_day_of_which_nothing_is_known(past: Path, capsys: Said) -> None:
    assert said(capsys, past, "morning", "--date", "2026-11-20") == [
        "Logboek van vr 20-11-2026",
        "Van deze dag staat niets in het journaal",
    ]


@pytest.mark.parametrize(
    ("day", "told"),
    [(date(2026, 11, 28), "  Het huis was gesloten."), (date(2026, 11, 30), "  Er is geen controle gedaan.")],
)
def test_a_closed_day_and_one_without_a_check_are_told_as_such(day: date, told: str, state: Path, capsys: Said) -> None:
    asyncio.run(write(state, map(encode, DayHouse(day=day).facts)))
    assert told in said(capsys, state, "morning", "--date", day.isoformat())


# --- the roster -------------------------------------------------------------------------------------------------------


def test_the_roster_marks_what_is_wrong_by_a_word() -> None:
    house = DayHouse()
    assert house.commands(h.Swap, pager="p1", on=date(2026, 11, 25), member="bas") == "accepted"
    assert house.commands(h.Swap, pager="p2", on=date(2026, 11, 26), member="els") == "accepted"
    away = {"member": "cor", "first": date(2026, 11, 24), "last": date(2026, 11, 24), "replacement": ""}
    assert house.commands(h.Away, **away) == "accepted"
    told = roster_text(house.state, list(days(house.state, MONDAY, 6)), NAMES).splitlines()
    assert told == [
        "         p1                      p2                      p3",
        "ma 23-11 Anna Jansen             Bas de Vries            Cor",
        "di 24-11 Anna Jansen             Bas de Vries            NIEMAND",
        "wo 25-11 Bas de Vries DUBBEL     Bas de Vries DUBBEL     Cor",
        "do 26-11 Anna Jansen             Els geruild             Cor",
        "vr 27-11 Anna Jansen             Bas de Vries            Cor",
        "za 28-11 Gesloten: geen openingsdag.",
        "",
        "Cor is afwezig op di 24-11-2026, nog niemand vervangt",
        "",
        "Een gat vullen of ruilen: achterwacht swap PIEPER DATUM LID",
        "",
        "LID: anna Anna Jansen, bas Bas de Vries, cor Cor, dina, els Els, fred, gerda",
    ]


def test_a_calendar_that_cannot_be_read_stands_above_the_roster() -> None:
    house = DayHouse(replace(BY_DAY, calendars=("verlof",)))
    house.hear(h.Trouble("calendar:verlof/failing", "404"))
    told = roster_text(house.state, list(days(house.state, MONDAY, 1)), NAMES).splitlines()
    assert told[0].startswith("LET OP: agenda verlof is niet te lezen, sinds 23-11 08:20; het rooster volgt")


def test_many_pagers_get_more_tables() -> None:
    pagers = tuple(replace(BY_DAY.pagers[0], id=f"p{k}") for k in range(1, 8))
    house = DayHouse(replace(BY_DAY, pagers=pagers))
    told = roster_text(house.state, list(days(house.state, MONDAY, 1)), NAMES)
    first, second, *_ = told.split("\n\n")
    assert "p4" in first and "p5" not in first and second.split()[:3] == ["p5", "p6", "p7"]
    assert all(len(line) <= COLUMNS for line in told.splitlines())


@pytest.mark.asyncio
async def test_the_roster_of_the_running_daemon(state: Path, capsys: Said) -> None:
    house = DayHouse()
    house.commands(h.Swap, pager="p1", on=MONDAY, member="bas")
    async with running(state, house):
        assert await asks(state, "roster", "--from", "2026-11-23", "--days", "3") == 0
        assert len(capsys.readouterr().out.splitlines()) == 8
        assert await asks(state, "roster", "--from", "2026-11-23", "--days", "2", "--json") == 0
        monday, tuesday = map(json.loads, capsys.readouterr().out.splitlines())
        assert await asks(state, "roster", "--days", "0") == 2
    assert "expected 1 to 366" in capsys.readouterr().err
    assert monday == {
        "on": "2026-11-23",
        "opens": "08:30:00",
        "closes": "17:00:00",
        "holiday": None,
        "members": {"p1": "bas", "p2": "bas", "p3": "cor"},
        "swapped": ["p1"],
        "gaps": [{"pager": "p1", "twice": "bas"}, {"pager": "p2", "twice": "bas"}],
    }
    assert tuesday["gaps"] == [] and tuesday["swapped"] == []


# --- what is said -----------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_what_is_said_of_a_day_is_answered_in_a_sentence(state: Path, capsys: Said) -> None:
    house = forgotten()
    async with running(state, house):
        assert await asks(state, "called", "p3", "--by", "els") == 0
        assert await asks(state, "called", "p3", "--comes") == 0
        assert await asks(state, "called", "p3", "--replaced-by", "dina") == 0
        assert await asks(state, "took", "p3", "dina", "--by", "els") == 0
        assert await asks(state, "swap", "p1", "2026-11-25", "bas", "--by", "anna") == 0
        assert await asks(state, "absent", "cor", "2026-11-24", "2026-11-26", "--replaced-by", "els") == 0
        assert await asks(state, "absent", "bas", "2026-11-24") == 0
        assert await asks(state, "absent", "bas", "2026-11-24", "--withdraw") == 0
    assert capsys.readouterr().out.splitlines() == [
        "Aangenomen en vastgelegd: gebeld over pieper p3",
        "Aangenomen en vastgelegd: gebeld over pieper p3: komt eraan",
        "Aangenomen en vastgelegd: gebeld over pieper p3: dina draagt hem vandaag",
        "Aangenomen en vastgelegd: dina heeft pieper p3",
        "let op: de lader zegt dat p3 er nog hangt: hij telt pas als hij eruit is",
        "Aangenomen en vastgelegd: op wo 25-11-2026 draagt Bas de Vries pieper p1",
        "let op: op wo 25-11-2026 heeft Bas de Vries meer dan een pieper: p1 en p2",
        "Aangenomen en vastgelegd: Cor is afwezig van di 24-11-2026 t/m do 26-11-2026, Els vervangt",
        "Aangenomen en vastgelegd: Bas de Vries is afwezig op di 24-11-2026, nog niemand vervangt",
        "let op: op di 24-11-2026 is p2 van niemand",
        "Aangenomen en vastgelegd: Bas de Vries is niet meer afwezig vanaf di 24-11-2026",
    ]
    assert [fact.by for fact in house.all(f.PagerCalled)] == ["els", "terminal", "terminal"]
    assert [(fact.pager, fact.member, fact.by) for fact in house.all(f.PagerCarried)][-1] == ("p3", "dina", "els")
    assert [(fact.on, fact.pager, fact.member) for fact in house.all(f.DutySwapped)][-1] == (
        date(2026, 11, 25),
        "p1",
        "bas",
    )
    assert [(away.member, away.replacement) for away in house.state.absences] == [("cor", "els")]


@pytest.mark.asyncio
async def test_who_carries_it_already_stays_the_carrier_and_that_is_said(state: Path, capsys: Said) -> None:
    house = forgotten()
    async with running(state, house):
        assert await asks(state, "swap", "p1", MONDAY.isoformat(), "dina") == 0
        assert await asks(state, "absent", "bas", MONDAY.isoformat(), "2027-01-29") == 0
    told = capsys.readouterr().out.splitlines()
    assert told[1:3] == [
        "let op: p1 wordt nu gedragen door Anna Jansen; dat blijft zo tot hij terug is, of `took` iets meldt",
        "Aangenomen en vastgelegd: Bas de Vries is afwezig van ma 23-11-2026 t/m vr 29-01-2027, nog niemand vervangt",
    ]
    assert told[3].startswith("let op: p2 wordt nu gedragen door Bas de Vries")
    assert told[4] == "let op: op ma 23-11-2026 is p2 van niemand"
    assert told[-1] == "let op: en nog 42: achterwacht roster"


@pytest.mark.asyncio
async def test_what_is_refused_says_why_and_ends_with_1(state: Path, capsys: Said) -> None:
    house = forgotten()
    async with running(state, house):
        assert await asks(state, "called", "p1") == 1
        assert capsys.readouterr().out.startswith("Geweigerd: ")
        assert await asks(state, "swap", "p1", "2026-11-20", "bas", "--json") == 1
        assert json.loads(capsys.readouterr().out) == {"result": "refused", "note": "this day is past", "durable": True}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("took", "p9", "anna"), "took: het plan heeft geen pieper 'p9'; het heeft p1, p2, p3"),
        (("took", "p1", "ana"), "took: het plan heeft geen teamlid 'ana'; bedoelde u anna?"),
        (("took", "p1", "anna", "--by", "elsa"), "het plan heeft geen teamlid 'elsa'; bedoelde u els?"),
        (("swap", "p1", "2026-11-25", "xyz"), "het plan heeft geen teamlid 'xyz'; het heeft anna, bas, cor, dina, els"),
        (("absent", "anna", "2026-11-25", "--replaced-by", "dinna"), "geen teamlid 'dinna'; bedoelde u dina"),
        (("called", "p3", "--replaced-by", "dinna"), "geen teamlid 'dinna'; bedoelde u dina"),
        (("called", "p3", "--comes", "--replaced-by", "dina"), "either --comes or --replaced-by"),
        (("absent", "anna", "2026-11-25", "--withdraw", "--replaced-by", "dina"), "leave it out"),
    ],
)
@pytest.mark.asyncio
async def test_what_was_typed_wrong_says_what_could_be_meant(
    words: tuple[str, ...], told: str, state: Path, capsys: Said
) -> None:
    house = forgotten()
    n = len(house.facts)
    is_senseless = "--comes" in words or "--withdraw" in words
    async with running(state, house):
        assert await asks(state, *words) == (2 if is_senseless else 1)
    assert told in capsys.readouterr().err
    assert len(house.facts) == n, "nothing was said to the daemon"


@pytest.mark.parametrize(
    "words",
    [("roster",), ("swap", "p1", "today", "anna"), ("absent", "anna", "morgen"), ("took", "p1", "anna")],
)
def test_no_daemon(words: tuple[str, ...], state: Path, capsys: Said) -> None:
    assert "the daemon does not run" in complaint(capsys, *words, "--state", str(state))


def test_dates_as_people_type_them(monkeypatch: pytest.MonkeyPatch) -> None:
    import argparse

    from achterwacht.cli import day
    from achterwacht.clock import Clock

    house = DayHouse(at="08:30")
    monkeypatch.setattr(Clock, "now", lambda self: house.now)
    assert day("2026-12-24") == date(2026, 12, 24)
    assert day("today") == day("Vandaag") == MONDAY
    assert day("tomorrow") == day("morgen") == date(2026, 11, 24)
    for text in ("24-12-2026", "2026-02-30", "soon", ""):
        with pytest.raises(argparse.ArgumentTypeError, match="expected a date such as 2026-12-24"):
            day(text)
