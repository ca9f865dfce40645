"""How the house stands, as people and monitoring see it: one screen, one document, one page of numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map
from msgspec import structs

from achterwacht.commands.standing import Look, _columns, _metrics, _up, standing_json
from achterwacht.core import heard as h
from achterwacht.core.drill import NOTICE_S
from achterwacht.core.faults import KINDS
from achterwacht.core.plan import (
    APP,
    PUSH,
    TEAM,
    AlarmCentre,
    Gateway,
    Member,
    Pager,
    Plan,
    Transport,
    Weakness,
    Zender,
)
from achterwacht.core.readiness import Works, readiness
from achterwacht.core.state import Fault, State
from achterwacht.exposition import Metric, exposition
from achterwacht.outputs.texts import LANGUAGES
from achterwacht.outputs.texts.standing import COLUMNS, COLUMNS_MIN, LINES, ROWS_MAX, Screen, age_s
from house import TOWN_HALL, House

PEOPLE = {"anna": "Anna Jansen"}

MIXED = replace(
    TOWN_HALL,
    zenders=(
        Zender(5, "Balie 1"),
        Zender(6, "Balie 2", transport="gpio", gateway="gpio", weaker=("cut wire unseen",)),
        Zender(7, "Balie 3"),
        Zender(9, "Receptie", transport="bought", gateway="zigbee", max_silence_s=4000.0, weaker=("qos 0",)),
        Zender(10, "Fietsenkelder achter het hek", transport="bought", max_silence_s=None, weaker=("no heartbeat",)),
        Zender(11, "Trouwzaal", transport="serial", gateway="lijn-1"),
    ),
    gateways=(Gateway("gpio"), Gateway("zigbee", on_mqtt=True), Gateway("lijn-1")),
)


def all_well(plan: Plan = TOWN_HALL) -> House:
    """A house in which everything was heard just now."""
    house = House(plan)
    for gateway in plan.gateways:
        house.hear(h.Status(f"gateway:{gateway.id}", "", True, live=True))
    for zender in plan.zenders:
        house.hear(h.Telemetry(f"zender:{zender.nr}", "a", battery=80, line="ok"))
    for pager in plan.pagers:
        if not pager.base:
            house.hear(h.Telemetry(f"pager:{pager.id}", "b001", battery=83))
    return house


def an_hour_later() -> House:
    """The mixed house, in which a good deal is wrong."""
    house = all_well(MIXED)
    house.hear(h.Telemetry("zender:5", "a", battery=18))
    house.hear(h.Telemetry("zender:6", "a", line="cut"))
    house.hear(h.Telemetry("pager:p2", "b001", charging=True, docked=True))
    house.press(7)
    house.wait(30)
    house.says("els", "all_clear", "calm")
    house.wait(3570)
    house.hear(h.Missing(("gateway:zigbee", "zender:11", "pager:p3")))
    house.hear(h.Trouble("clock/unsynchronised", ""))
    house.hear(h.Acknowledge("k1", "clock/unsynchronised", "anna"))
    house.hear(h.Trouble("zender:7/malformed", "speaks nonsense: \x1b[2J " + "z" * 80))
    house.press(5)
    return house


def look(house: House, heard_s: Mapping[str, float] | None = None) -> Look:
    n = len(house.facts)
    return Look("d001", n, n - 1, house.state, heard_s or {}, house.now)


def screen(house: House, heard_s: Mapping[str, float] | None = None, columns: int = COLUMNS) -> list[str]:
    return Screen(house.state, readiness(house.state), heard_s or {}, house.now, columns).text(PEOPLE).splitlines()


# --- one screen -------------------------------------------------------------------------------------------------------


def test_all_is_well() -> None:
    assert screen(all_well(), {"zender:5": 3.2, "pager:p1": 59.9}) == [
        "[v] KLAAR  21-11-2026 10:00:00  Raadhuis",
        "",
        "4 zenders: 4 werken",
        "  nr  plaats    via   werkt  gehoord  batt.  draad  druk   proef      let op",
        "  5   Balie 1   mqtt  ja     3 s      80 %   heel   nooit  nog nooit",
        "  6   Balie 2   mqtt  ja     0 s      80 %   heel   nooit  nog nooit",
        "  7   Balie 3   mqtt  ja     0 s      80 %   heel   nooit  nog nooit",
        "  9   Receptie  mqtt  ja     0 s      80 %   heel   nooit  nog nooit",
        "",
        "3 piepers: 3 werken",
        "  pieper  drager       werkt  gehoord  batt.  lader",
        "  p1      Anna Jansen  ja     59 s     83 %   -",
        "  p2      bas          ja     0 s      83 %   -",
        "  p3      cor          ja     0 s      83 %   -",
        "",
        "4 wegen naar telefoons: 4 niet bewaakt",
    ]


def test_a_drill_is_told_as_one_and_is_no_open_alarm_in_numbers() -> None:
    house = all_well()
    house.practises(7, announced=True)
    assert screen(house)[1] == "OEFENING aangekondigd: Balie 3 (zender 7), gaat nog niet af"
    house.wait(NOTICE_S)
    assert screen(house)[1] == "OEFENING: Balie 3 (zender 7): gaat af, 0 onderweg"
    (told,) = document(house)["incidents"]
    assert (told["drill"], told["number"], told["phase"]) == (True, None, "ringing")
    assert number(numbers(house), "achterwacht_open_alarms", phase="ringing") == 0
    house.press(6)
    (told,) = document(house)["incidents"]
    assert told["drill"] is False


def test_what_is_wrong_is_said_with_a_sign_and_a_word() -> None:
    lines = screen(an_hour_later(), {"zender:5": 7865.0})
    assert lines == [
        "[~] BEPERKT KLAAR  21-11-2026 11:00:00  Raadhuis",
        "OPEN: Balie 1 (zender 5), melding nog zonder nummer: gaat af, 0 onderweg",
        "",
        "Waarom:",
        "  ! ontvanger zigbee is stil, sinds 11:00  [gateway:zigbee/silent]",
        "    Van alle knoppen die hierlangs gehoord worden is niets bekend: een druk komt misschien niet aan.",
        "    Doe: Kijk of hij stroom heeft en aangesloten is. Waarschuw anders de installateur.",
        "  ! pieper p3 (cor) is stil (25 s), sinds 11:00  [pager:p3/silent]",
        "  ! de draad naar de knop van zender 6 (Balie 2) is onderbroken, sinds 10:00  [zender:6/line cut]",
        "  ! zender 11 (Trouwzaal) is stil (25 s), sinds 11:00  [zender:11/silent]",
        "  ! de batterij van zender 5 (Balie 1) raakt leeg (18 %), sinds 10:00  [zender:5/battery low]",
        "  ! zender 7 (Balie 3) zegt iets onbegrijpelijks, sinds 11:00  [zender:7/malformed]",
        "    voor de installateur: speaks nonsense:  [2J",
        "    " + "z" * 80,
        "  - de klok loopt niet gelijk, sinds 11:00, gezien door Anna Jansen",
        "  Gezien? achterwacht acknowledge LID NAAM; de naam staat tussen [ ]",
        "",
        "6 zenders: 2 werken, 1 niet bewaakt, 1 onbekend, 2 werken NIET",
        "   nr  plaats             via      werkt         gehoord   batt.  draad  druk     proef      let op",
        "   5   Balie 1            mqtt     ja            2 u 11 m  18 %   heel   0 s      nog nooit",
        "!  6   Balie 2            gpio     NEE           1 u 0 m   80 %   BREUK  nooit    nog nooit  W",
        "   7   Balie 3            mqtt     ja            1 u 0 m   80 %   heel   1 u 0 m  nog nooit",
        "?  9   Receptie           zigbee   onbekend      1 u 0 m   80 %   heel   nooit    nog nooit  Q",
        "~  10  Fietsenkelder a..  gekocht  niet bewaakt  1 u 0 m   80 %   heel   nooit    nog nooit  H",
        "!  11  Trouwzaal          lijn-1   NEE           1 u 0 m   80 %   heel   nooit    nog nooit",
        "  H: zegt niets tussen twee drukken: is hij stuk, dan merkt niemand het",
        "  Q: zendt zonder bevestiging: een druk kan verloren gaan",
        "  W: een draadbreuk is niet te zien",
        "",
        "3 piepers: 2 werken, 1 werkt NIET",
        "   pieper  drager       werkt  gehoord  batt.  lader",
        "   p1      Anna Jansen  ja     1 u 0 m  83 %   -",
        "   p2      bas          ja     1 u 0 m  83 %   in lader, laadt",
        "!  p3      cor          NEE    1 u 0 m  83 %   -",
        "",
        "4 wegen naar telefoons: 4 niet bewaakt",
    ]


def test_on_a_narrow_terminal_sentences_go_on_and_the_table_does_without_some_columns() -> None:
    house = an_hour_later()
    house.hear(h.Acknowledge("k2", "zender:7/malformed", "anna"))  # else there is no room for all zenders
    lines = screen(house, {"zender:5": 7865.0}, columns=COLUMNS_MIN)
    at = lines.index("  ! de draad naar de knop van zender 6 (Balie 2) is onderbroken,")
    assert lines[at + 1] == "    sinds 10:00  [zender:6/line cut]", "what is copied stands on one line"
    assert "  nr plaats            werkt        gehoord  batt. druk    proef     let op" in lines
    assert "~ 10 Fietsenkelder a.. niet bewaakt 1 u 0 m  80 %  nooit   nog nooit H" in lines
    assert max(map(len, lines)) <= COLUMNS_MIN


def test_a_table_that_is_too_wide_all_the_same_has_narrower_columns() -> None:
    house = all_well(replace(TOWN_HALL, pagers=(Pager("p" * 16, "anna"),)))
    house.hear(h.Telemetry("pager:" + "p" * 16, "b001", battery=83, docked=True, charging=True))
    now, people = house.now, {"anna": "Anna Jansen-van der Meulen"}
    ages = {"pager:" + "p" * 16: 86399.0}
    text = Screen(house.state, readiness(house.state), ages, now, COLUMNS_MIN).text(people)
    row = text.splitlines()[-3]  # before the line about telephones
    assert len(row) <= COLUMNS_MIN and row.endswith(".. ja    23 u 59 m 83 %  in lader, laadt"), row


VOICES = replace(
    TOWN_HALL,
    zenders=TOWN_HALL.zenders[:1],
    pagers=(Pager("p1", "anna"), Pager("p8", "bas", base="centrale"), Pager("p9", base="toren")),
    members=(Member("anna", (TEAM,), (APP, PUSH)), Member("bas", (TEAM,), (PUSH, "sms"))),
    bases=("centrale", "toren"),
    alarm_centre=AlarmCentre(),
)


def with_voices() -> House:
    """A house that is told by everything there is: one base is gone, and one telephone was never registered."""
    house = all_well(VOICES)
    house.hear(h.Trouble("base:toren/offline", "no answer"))
    house.hear(h.Trouble("way:push:bas/unregistered", ""))
    house.tests("push:anna")
    house.hear(h.Reached(house.state.tests["push:anna"].order, "shown"))
    house.tests("alarm_centre:pac")
    return house


def test_what_says_nothing_itself_is_told_by_its_carrier() -> None:
    lines = screen(with_voices())
    at = lines.index("3 piepers: 1 werkt, 1 niet bewaakt, 1 werkt NIET")
    assert lines[at + 2 :] == [
        "   p1      Anna Jansen  ja            0 s      83 %   -",
        "~  p8      bas          niet bewaakt  -        -      -",
        "!  p9      niemand      NEE           -        -      -",
        "",
        "4 wegen naar telefoons: 1 werkt, 1 niet bewaakt, 1 onbekend, 1 werkt NIET",
        "oproepsysteem centrale: geen storing bekend",
        "! oproepsysteem toren antwoordt niet",
        "de alarmcentrale: geen storing bekend",
    ]


def test_a_telephone_that_is_off_by_a_fault_that_does_not_name_it_is_named() -> None:
    house = with_voices()
    house.hear(h.Trouble("channel:sms/failing", "no internet"))
    house.hear(h.Trouble("alarm_centre/refused", "NAK"))
    lines = screen(house)
    assert any("telefoon van bas (push) is niet aangemeld" in line for line in lines)
    at = lines.index("4 wegen naar telefoons: 1 werkt, 1 onbekend, 2 werken NIET")
    assert lines[at + 1 :] == [
        "  NIET te bereiken: telefoon van bas (sms)",
        "oproepsysteem centrale: geen storing bekend",
        "! oproepsysteem toren antwoordt niet",
        "! de alarmcentrale weigert onze berichten",
    ]


def test_what_carries_orders_is_told_without_telephones_too_and_where_there_is_room() -> None:
    plan = replace(VOICES, members=())
    assert screen(all_well(plan))[-4:] == [
        "",
        "oproepsysteem centrale: geen storing bekend",
        "oproepsysteem toren: geen storing bekend",
        "de alarmcentrale: geen storing bekend",
    ]
    full = replace(plan, zenders=tuple(Zender(nr, f"Loket {nr}") for nr in range(1, 17)))
    house = all_well(full)
    for nr in range(1, 12):
        house.press(nr)
    lines = screen(house)
    assert len(lines) <= LINES and not any("geen storing bekend" in line for line in lines)


def test_a_house_without_telephones_has_no_line_about_them() -> None:
    lines = screen(all_well(replace(TOWN_HALL, members=(Member("anna"), Member("bas"), Member("cor")))))
    assert lines[-1].startswith("  p3 ") and not any("telefoon" in line for line in lines)


def test_a_house_that_has_heard_nothing_is_not_ready_and_says_what_to_do() -> None:
    lines = screen(House())
    assert lines[0].startswith("[!] NIET KLAAR  ")
    assert lines[3] == "  ! nog niet alle zenders en piepers zijn gehoord"
    assert lines[5].startswith("    Doe: Wacht een minuut; ") and lines[6] == "", "nothing to acknowledge"
    assert lines[9].split() == ["?", "5", "Balie", "1", "mqtt", "onbekend", "nooit", "-", "-", "nooit", "nog", "nooit"]


def test_what_the_whole_lacks_comes_with_what_to_do_about_its_cause() -> None:
    house = all_well()
    house.hear(h.Trouble("clock/unsynchronised", ""))
    house.hear(h.Trouble("broker/link", "refused"))
    assert screen(house)[3:13] == [
        "  ! geen enkele knop werkt zeker",
        "    Een druk op een knop wordt misschien niet gehoord.",
        "    Doe: Spreek voor het opengaan af hoe er hulp geroepen wordt. Begin bij de storing hieronder.",
        "  ! niemand is zeker op te roepen",
        "  ! geen verbinding met de broker, sinds 10:00  [broker/link]",
        "    Van de knoppen op het netwerk wordt niets gehoord, en de piepers krijgen geen oproep.",
        "    Doe: Gebruik de telefoon. Waarschuw de beheerder: mosquitto draait niet of het netwerk is weg.",
        "    voor de installateur: refused",
        "  ! de klok loopt niet gelijk, sinds 10:00  [clock/unsynchronised]",
        "  Gezien? achterwacht acknowledge LID NAAM; de naam staat tussen [ ]",
    ]


def test_it_speaks_the_language_of_the_plan() -> None:
    house = all_well(replace(TOWN_HALL, language="en"))
    house.hear(h.Missing(("zender:7",)))
    lines = screen(house)
    assert lines[0].startswith("[~] LIMITED")
    assert lines[3] == "  ! zender 7 (Balie 3) is silent (25 s), since 10:00  [zender:7/silent]"
    assert "4 zenders: 3 work, 1 does NOT work" in lines
    assert "!  7   Balie 3   mqtt  NO     0 s    80 %   ok    never  never yet" in lines


def test_who_was_heard_before_the_daemon_began_is_dated_by_the_clock_on_the_wall() -> None:
    house = all_well()
    device = house.state.devices["zender:5"]
    house.restart(away_s=50 * 3600)
    assert age_s("zender:5", device, {}, house.now.at) == pytest.approx(50 * 3600)
    assert age_s("zender:5", device, {"zender:5": 2.5}, house.now.at) == 2.5
    assert age_s("zender:5", None, {}, house.now.at) is None
    assert age_s("zender:5", device, {}, house.facts[0].when.at.replace(year=2020)) == 0.0, "a clock that went back"
    assert any("  21-11-26  " in line for line in screen(house))


def test_a_clock_that_nobody_vouches_for_is_said_in_words() -> None:
    house = all_well()
    (light, *_) = (
        Screen(house.state, readiness(house.state), {}, replace(house.now, clock_ok=False)).text({}).split("\n")
    )
    assert light == "[v] KLAAR  21-11-2026 10:00:00 (klok niet gelijkgezet)  Raadhuis"


def test_the_screen_is_as_wide_as_the_terminal_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "85")
    assert _columns() == COLUMNS, "what is not a terminal has no width"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for told, columns in (("85", 85), ("40", COLUMNS_MIN), ("300", COLUMNS)):
        monkeypatch.setenv("COLUMNS", told)
        assert _columns() == columns


@pytest.mark.parametrize(
    ("s", "said"),
    [(0.0, "0 s"), (59.9, "59 s"), (60, "1 m"), (3599, "59 m"), (3600, "1 u 0 m"), (86399, "23 u 59 m")],
)
def test_ages(s: float, said: str) -> None:
    assert f"  {said}  " in screen(all_well(), {"zender:5": s})[4]


@pytest.mark.parametrize(
    ("battery", "low", "said"), [(None, None, "-"), (None, True, "laag"), (None, False, "goed"), (0, True, "0 %")]
)
def test_batteries(battery: int | None, low: bool | None, said: str) -> None:
    house = House()
    house.hear(h.Telemetry("zender:5", "a", battery=battery, battery_low=low))
    (row,) = (line for line in screen(house) if line.split()[:1] == ["5"])
    assert re.split(r"  +", row)[6] == said


def test_of_2000_zenders_only_those_that_are_not_well_are_told() -> None:
    zenders = tuple(Zender(nr, f"Balie {nr}") for nr in range(1, 2001))
    house = all_well(replace(TOWN_HALL, zenders=zenders))
    house.hear(h.Missing(("zender:1999", "zender:7")))
    house.hear(h.Telemetry("zender:100", "a", battery=4))
    lines = screen(house)
    at = lines.index("2000 zenders: 1998 werken, 2 werken NIET; alleen wie niet in orde is")
    assert [line.split()[:2] for line in lines[at + 2 : at + 5]] == [["!", "7"], ["!", "1999"], ["100", "Balie"]]
    assert lines[at + 5] == "" and len(lines) <= LINES
    house.hear(h.Trouble("broker/link", "refused"))
    lines = screen(house)
    at = lines.index("2000 zenders: 1998 onbekend, 2 werken NIET; alleen wie niet in orde is")
    assert [line.split()[:2] for line in lines[at + 2 : at + 4]] == [["!", "7"], ["!", "1999"]], "the worst first"
    rows = next(n for n, line in enumerate(lines[at + 2 :]) if line.startswith("  ... en nog "))
    assert ROWS_MAX // 2 < rows <= ROWS_MAX
    assert lines[at + 2 + rows] == f"  ... en nog {2000 - rows}: achterwacht status --json"
    assert len(lines) == LINES


def test_where_people_are_in_danger_is_never_cut_and_the_tables_are_first() -> None:
    house = all_well(replace(TOWN_HALL, zenders=tuple(Zender(nr, f"Loket {nr}") for nr in range(1, 17))))
    for nr in range(1, 17):
        house.press(nr)
    house.hear(h.Missing(("zender:3",)))
    lines = screen(house)
    assert sum(line.startswith("OPEN: ") for line in lines) == 16
    at = lines.index("16 zenders: 15 werken, 1 werkt NIET; alleen wie niet in orde is")
    assert lines[at + 2].split()[:3] == ["!", "3", "Loket"] and lines[at + 3] == ""
    assert "3 piepers: 3 werken" in lines and len(lines) <= LINES
    for nr in range(60, 110):
        house.press(nr)
    lines = screen(house)
    assert sum(line.startswith("OPEN: ") for line in lines) == 66, "more than a screen, and all of it"


def test_an_alarm_at_a_long_place_is_told_to_its_end() -> None:
    house = all_well(replace(TOWN_HALL, zenders=(Zender(7, "Spreekkamer achter de grote raadszaal op de tweede"),)))
    house.press(7)
    lines = screen(house, columns=COLUMNS_MIN)
    assert lines[1].startswith("OPEN: Spreekkamer achter") and lines[2].startswith("  ")
    assert lines[2].endswith("gaat af, 0 onderweg")


def test_many_devices_with_the_same_fault_are_told_in_one_line() -> None:
    house = all_well(MIXED)
    for nr in (70, 9, 100, 11):
        house.hear(h.Trouble(f"zender:{nr}/line cut", ""))
    lines = screen(house)
    assert sum("is onderbroken" in line for line in lines) == 4, "so few are told one by one"
    house.hear(h.Trouble("zender:5/line cut", ""))
    house.hear(h.Trouble("broker/link", "refused"))
    lines = screen(house)
    told = "  ! de draad naar de knop van 5 zenders is onderbroken, sinds 10:00  [zender:../line cut]: 5, 9, 11,"
    at = lines.index(told)
    assert lines[at + 1] == "    70, 100"
    house.hear(h.Acknowledge("k1", "zender:70/line cut", "anna"))
    lines = screen(house)
    assert any(line.startswith("  - de draad naar de knop van zender 70 is") for line in lines)
    assert sum("is onderbroken" in line for line in lines) == 5, "who has seen one has not seen all"


def test_many_with_the_same_fault_have_an_end_too() -> None:
    house = all_well(replace(TOWN_HALL, zenders=tuple(Zender(nr, f"Loket {nr}") for nr in range(1, 301))))
    house.hear(h.Missing(tuple(f"zender:{nr}" for nr in range(1, 301))))
    house.hear(h.Trouble("clock/unsynchronised", ""))
    lines = screen(house)
    at = next(n for n, line in enumerate(lines) if "300 zenders zwijgen" in line)
    assert "[zender:../silent]: 1, 2, 3, " in lines[at] and lines[at + 2] == "    .."
    assert any("de klok loopt niet gelijk" in line for line in lines) and len(lines) <= LINES


def test_of_many_faults_as_many_are_told_as_there_is_room_for() -> None:
    house = all_well()
    for kind in KINDS:
        of, _, what = kind.partition("/")
        device = {"zender": "zender:5", "pager": "pager:p1", "gateway": "gateway:gpio"}.get(of, of)
        house.hear(h.Trouble(f"{device}/{what}", "speaks nonsense"))
    reasons = len(readiness(house.state).reasons)
    lines = screen(house)
    told = sum(line.startswith("  ! ") for line in lines)
    assert f"  ... en nog {reasons - told}: achterwacht status --json" in lines and told > 10
    assert len(lines) <= LINES and any(line.startswith("4 zenders: ") for line in lines)


def test_every_mistake_of_a_plan_can_be_read() -> None:
    house = all_well()
    mistakes = ("zenders.yaml:3:5: zenders[0].nr: " + "too long for one line " * 4, "achterwacht.yaml:9:1: team: none")
    house.hear(h.Trouble("plan/invalid", "\n".join(mistakes)))
    lines = screen(house)
    assert lines[3] == "  ! het nieuwe plan heeft fouten, sinds 10:00  [plan/invalid]"
    assert lines[5].startswith("    Doe: Verbeter de genoemde regels")
    assert lines[6:9] == [
        "    voor de installateur: zenders.yaml:3:5: zenders[0].nr: too long for one line too long for one",
        "    line too long for one line too long for one line",
        "    achterwacht.yaml:9:1: team: none",
    ]
    house.hear(h.Acknowledge("k1", "plan/invalid", "anna"))
    house.hear(h.TroubleOver("plan/invalid"))
    house.hear(h.Trouble("plan/invalid", "\n".join(mistakes * 9)))
    lines = screen(house)
    assert lines[9:11] == ["    ..", "  Gezien? achterwacht acknowledge LID NAAM; de naam staat tussen [ ]"], (
        "an end too"
    )


TEXT = st.text(max_size=60) | st.sampled_from(["\x1b[2J\x07", "a\nb", "\u202etxt", "x" * 60])
ZENDERS = st.builds(
    Zender,
    nr=st.integers(1, 9999),
    place=TEXT,
    transport=st.sampled_from(get_args(Transport)),
    gateway=st.none() | st.text("abc-", min_size=1, max_size=32),
    weaker=st.lists(st.sampled_from(get_args(Weakness)), unique=True).map(tuple),
)
FAULTS = st.lists(st.tuples(st.sampled_from(sorted(KINDS)), TEXT), max_size=30)


@settings(max_examples=60, deadline=None)
@given(
    zenders=st.lists(ZENDERS, max_size=25, unique_by=lambda zender: zender.nr),
    pagers=st.lists(st.text("abc", min_size=1, max_size=32), max_size=25, unique=True),
    faults=FAULTS,
    name=TEXT,
    language=st.sampled_from(sorted(LANGUAGES)),
    columns=st.integers(COLUMNS_MIN, COLUMNS),
)
def test_whatever_the_house_is_the_screen_fits_and_obeys_nobody(
    zenders: list[Zender], pagers: list[str], faults: list[tuple[str, str]], name: str, language: str, columns: int
) -> None:
    plan = replace(
        TOWN_HALL,
        site=replace(TOWN_HALL.site, name=name),
        zenders=tuple(zenders),
        pagers=tuple(Pager(pager, "anna") for pager in pagers),
        language=language,
    )
    house = all_well(plan)
    for kind, detail in faults:
        of, _, what = kind.partition("/")
        device = {"zender": f"zender:{zenders[0].nr}" if zenders else "zender:1", "pager": "pager:a"}.get(of, of)
        house.hear(h.Trouble(f"{device}/{what}", detail))
    ages = dict.fromkeys(house.state.devices, 86399.0)
    text = Screen(house.state, readiness(house.state), ages, house.now, columns).text({"anna": name})
    assert text.replace("\n", "").isprintable()
    assert max(map(len, text.splitlines())) <= columns
    only = LANGUAGES[language].standing["only"]
    cut = only in " ".join(text.split())
    assert cut or all(re.search(rf"(^|\s){zender.nr}\s", text) for zender in zenders)


# --- one document -----------------------------------------------------------------------------------------------------


def document(house: House, heard_s: Mapping[str, float] | None = None) -> dict[str, Any]:
    """As a program reads it."""
    plain = standing_json(look(house, heard_s), PEOPLE)
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(plain))
    return told


def test_the_document_has_all_of_it() -> None:
    house = an_hour_later()
    told = document(house, {"zender:5": 4.5})
    assert (told["light"], told["boot"], told["n"], told["durable_n"]) == (
        "limited",
        "d001",
        len(house.facts),
        len(house.facts) - 1,
    )
    assert told["at"].startswith("2026-11-21T10:00:00") and told["clock_ok"] is True
    assert [reason["key"] for reason in told["reasons"]] == [
        "gateway:zigbee/silent",
        "pager:p3/silent",
        "zender:6/line cut",
        "zender:11/silent",
        "zender:5/battery low",
        "zender:7/malformed",
        "clock/unsynchronised",
    ]
    assert told["reasons"][4] == {
        "key": "zender:5/battery low",
        "kind": "zender/battery low",
        "device": "zender:5",
        "detail": "18 %",
        "since": "2026-11-21T09:00:00Z",
        "acknowledged_by": None,
        "title": "de batterij van zender 5 (Balie 1) raakt leeg",
        "means": "De knop werkt nog, maar niet lang meer.",
        "do": "Vervang de batterij deze week.",
    }
    assert (told["reasons"][6]["device"], told["reasons"][6]["acknowledged_by"]) == (None, "anna")
    (alarm,) = told["incidents"]
    assert (alarm["place"], alarm["phase"], alarm["coming"], alarm["number"]) == ("Balie 1", "ringing", 0, None)
    zenders = {zender["nr"]: zender for zender in told["zenders"]}
    assert zenders[9] == {
        "nr": 9,
        "place": "Receptie",
        "room": "",
        "transport": "bought",
        "gateway": "zigbee",
        "weaker": ["qos 0"],
        "device": "zender:9",
        "works": "unknown",
        "because": "gateway:zigbee/silent",
        "heard_age_s": 3600.0,
        "online": True,
        "boot": "a",
        "battery": 80,
        "battery_low": None,
        "tamper": None,
        "line": "ok",
        "charging": None,
        "docked": None,
        "pressed_at": None,
        "tested_at": None,
    }
    assert zenders[5]["heard_age_s"] == 4.5 and zenders[7]["pressed_at"] == "2026-11-21T09:00:00Z"
    assert [(pager["id"], pager["carrier"], pager["works"]) for pager in told["pagers"]] == [
        ("p1", "anna", "yes"),
        ("p2", "bas", "yes"),
        ("p3", "cor", "no"),
    ]
    assert [(gateway["id"], gateway["works"], gateway["because"]) for gateway in told["gateways"]] == [
        ("gpio", "yes", None),
        ("zigbee", "no", "gateway:zigbee/silent"),
        ("lijn-1", "yes", None),
    ]
    assert told["heard_s"] == {"zender:5": 4.5}


def test_the_document_says_of_each_voice_what_is_known_of_it() -> None:
    house = with_voices()
    told = document(house)
    assert [(pager["id"], pager["base"], pager["works"], pager["because"]) for pager in told["pagers"]] == [
        ("p1", None, "yes", None),
        ("p8", "centrale", "unsupervised", None),
        ("p9", "toren", "no", "base:toren/offline"),
    ]
    phones = {phone["target"]: phone for phone in told["phones"]}
    assert list(phones) == ["app:anna", "push:anna", "push:bas", "sms:bas"]
    assert phones["app:anna"] == {"target": "app:anna", "works": "unknown", "because": None, "test": None}
    assert (phones["push:anna"]["works"], phones["push:anna"]["test"]) == (
        "yes",
        {
            "order": house.state.tests["push:anna"].order,
            "at": "2026-11-21T09:00:00Z",
            "stage": "shown",
            "note": "",
        },
    )
    assert (phones["push:bas"]["works"], phones["push:bas"]["because"]) == ("no", "way:push:bas/unregistered")
    assert (phones["sms:bas"]["works"], phones["sms:bas"]["test"]) == ("unsupervised", None)
    assert told["alarm_centre"]["test"]["order"] == house.state.tests["alarm_centre:pac"].order
    without = document(all_well())
    assert without["alarm_centre"] is None, "this house has none"
    assert document(all_well(VOICES))["alarm_centre"] == {"test": None}, "this one has, and it was never tested"


def test_a_gateway_whose_way_is_down_or_that_was_never_heard_is_unknown() -> None:
    house = all_well(MIXED)
    house.hear(h.Trouble("broker/link", "refused"))
    told = {gateway["id"]: (gateway["works"], gateway["because"]) for gateway in document(house)["gateways"]}
    assert told == {"gpio": ("yes", None), "zigbee": ("unknown", "broker/link"), "lijn-1": ("yes", None)}
    assert {gateway["works"] for gateway in document(House(MIXED))["gateways"]} == {"unknown"}


def test_what_the_whole_lacks_has_its_words_and_no_time() -> None:
    first, *_ = document(House())["reasons"]
    assert (first["key"], first["kind"], first["since"]) == ("house/not all heard", "house/not all heard", None)
    assert first["title"] and first["means"] and first["do"]


# --- one page of numbers ----------------------------------------------------------------------------------------------

# The text format 0.0.4, after its description: https://prometheus.io/docs/instrumenting/exposition_formats/
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*"
VALUE = r"[+-]?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|Inf|NaN)"
PAIR = re.compile(rf'({LABEL})="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? ({VALUE})")

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Samples:
    """Every sample by its name and labels. Stricter than Prometheus itself: each family stands together, once, with
    HELP before TYPE before samples, and no sample comes twice."""
    assert text.endswith("\n")
    samples: Samples = {}
    done: set[str] = set()
    family = ""
    lines = iter(text.split("\n")[:-1])
    for line in lines:
        if line.startswith("# HELP "):
            helped = re.fullmatch(rf"# HELP ({NAME}) ((?:[^\\\n]|\\\\|\\n)+)", line)
            typed = re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge)", next(lines))
            assert helped and typed and helped[1] == typed[1] and typed[1] not in done, line
            family = typed[1]
            done.add(family)
            assert family.endswith("_total") == (typed[2] == "counter"), family
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample and sample[1] == family, line
        labels, rest = [], sample[2] or ""
        while rest:
            pair = PAIR.match(rest)
            assert pair, line
            value = re.sub(r'\\(["\\n])', lambda found: {"n": "\n"}.get(found[1], found[1]), pair[2])
            labels.append((pair[1], value))
            rest = rest[pair.end() :]
        key = (family, frozenset(labels))
        assert key not in samples and len(dict(labels)) == len(labels), line
        samples[key] = float(sample[3])
    return samples


def numbers(house: House, heard_s: Mapping[str, float] | None = None) -> Samples:
    return parsed(exposition(_metrics(look(house, heard_s))))


def number(samples: Samples, name: str, **labels: str) -> float | None:
    """The one sample of this name that has at least these labels; None when there is none."""
    found = [value for (of, has), value in samples.items() if of == name and labels.items() <= dict(has).items()]
    assert len(found) <= 1, (name, labels)
    return found[0] if found else None


def test_the_numbers_say_what_the_screen_says() -> None:
    house = an_hour_later()
    told = numbers(house, {"zender:5": 4.5})
    assert number(told, "achterwacht_up") == 1
    lights = {light: number(told, "achterwacht_light", light=light) for light in ("ready", "limited", "not ready")}
    assert lights == {"ready": 0, "limited": 1, "not ready": 0}
    kinds = {kind: number(told, "achterwacht_faults", kind=kind) for kind in KINDS}
    assert sum(count or 0 for count in kinds.values()) == 7 and None not in kinds.values()
    assert kinds["zender/silent"] == kinds["gateway/silent"] == 1 and kinds["zender/offline"] == 0
    assert number(told, "achterwacht_faults_unacknowledged") == 6
    assert [number(told, "achterwacht_open_alarms", phase=phase) for phase in ("ringing", "coming", "on_scene")] == [
        1,
        0,
        0,
    ]
    assert number(told, "achterwacht_facts_total") == len(house.facts)
    assert number(told, "achterwacht_facts_durable_total") == len(house.facts) - 1
    assert number(told, "achterwacht_last_fact_timestamp_seconds") == house.facts[-1].when.at.timestamp()
    works = {nr: number(told, "achterwacht_device_works", device=f"zender:{nr}") for nr in (5, 6, 9, 10, 11)}
    assert works == {5: 1, 6: 0, 9: 0, 10: 1, 11: 0}
    assert number(told, "achterwacht_devices", kind="zender", works="unknown") == 1
    assert number(told, "achterwacht_devices", kind="pager", works="yes") == 2
    assert number(told, "achterwacht_devices", kind="gateway", works="no") == 1
    assert number(told, "achterwacht_device_battery_percent", device="zender:5", place="Balie 1") == 18
    assert number(told, "achterwacht_device_heard_age_seconds", device="zender:5") == 4.5
    assert number(told, "achterwacht_device_heard_age_seconds", device="pager:p1", kind="pager") == 3600
    pressed = number(told, "achterwacht_device_pressed_timestamp_seconds", device="zender:7")
    assert pressed == house.facts[0].when.at.timestamp()
    assert number(told, "achterwacht_device_pressed_timestamp_seconds", device="zender:6") is None


def test_a_way_to_a_telephone_has_its_numbers_too() -> None:
    told = numbers(with_voices())
    works = {works: number(told, "achterwacht_devices", kind="phone", works=works) for works in get_args(Works)}
    assert works == {"yes": 1, "unsupervised": 1, "unknown": 1, "no": 1}
    each = {
        name: number(told, "achterwacht_device_works", kind="phone", device=name) for name in ("push:anna", "push:bas")
    }
    assert each == {"push:anna": 1, "push:bas": 0}
    assert number(told, "achterwacht_device_works", kind="pager", device="pager:p9") == 0
    assert number(told, "achterwacht_device_heard_age_seconds", device="push:anna") is None
    assert number(numbers(all_well(replace(VOICES, members=()))), "achterwacht_devices", kind="phone", works="yes") == 0


def test_what_a_device_never_said_has_no_number() -> None:
    house = House()
    told = numbers(house)
    assert number(told, "achterwacht_device_works", device="zender:5") == 0
    for name in ("heard_age_seconds", "battery_percent", "battery_low", "pressed_timestamp_seconds"):
        assert number(told, f"achterwacht_device_{name}", device="zender:5") is None
    house.hear(h.Telemetry("zender:5", "a", battery_low=False))
    assert number(numbers(house), "achterwacht_device_battery_low", device="zender:5") == 0


def test_a_fault_of_a_kind_that_nobody_knows_is_counted() -> None:
    """A journal may hold one of another version."""
    house = all_well()
    house.state = structs.replace(house.state, faults=Map({"moon/fallen": Fault("hard", house.now.at)}))
    assert number(numbers(house), "achterwacht_faults", kind="moon/fallen") == 1
    (reason,) = document(house)["reasons"]
    assert (reason["title"], reason["means"], reason["do"]) == ("moon/fallen", "", "")
    assert screen(house)[2:5] == [
        "Waarom:",
        "  ! moon/fallen, sinds 10:00  [moon/fallen]",
        "    voor de installateur: hard",
    ]


def test_before_the_first_fact_there_is_a_page_too() -> None:
    told = parsed(exposition(_metrics(replace(look(House()), state=State()))))
    assert number(told, "achterwacht_last_fact_timestamp_seconds") is None
    assert number(told, "achterwacht_light", light="not ready") == 1


def test_the_daemon_that_does_not_answer_is_one_number() -> None:
    assert parsed(exposition([_up(0)])) == {("achterwacht_up", frozenset()): 0.0}


@given(
    help=st.text(min_size=1).map(lambda text: "x" + text),
    labels=st.dictionaries(st.from_regex(LABEL, fullmatch=True), st.text()),
    value=st.integers() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_whatever_a_label_holds_is_read_back(help: str, labels: dict[str, str], value: float) -> None:
    text = exposition([Metric("achterwacht_x", "gauge", help, ((labels, value),))])
    assert parsed(text) == {("achterwacht_x", frozenset(labels.items())): float(value)}
    assert text.count("\n") == 3


def test_a_place_with_quotes_and_lines_is_a_label_all_the_same() -> None:
    place = 'Balie "3"\\n\nachter'
    house = all_well(replace(TOWN_HALL, zenders=(Zender(7, place),)))
    assert number(numbers(house), "achterwacht_device_works", place=place) == 1
