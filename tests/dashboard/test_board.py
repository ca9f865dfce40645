"""The reception board: what stands on it as the house lives through a day. How it looks is the browser's test."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args

import pytest

from achterwacht.core.facts import Ordered
from achterwacht.core.faults import KINDS
from achterwacht.core.heard import Called
from achterwacht.core.incident import incidents
from achterwacht.core.notices import NOTICES
from achterwacht.core.plan import APP, Member, Morning, Plan, Zender
from achterwacht.core.readiness import Lack
from achterwacht.core.state import EMPTY
from achterwacht.journal.people import Person
from achterwacht.outputs.texts import Texts
from achterwacht_dashboard import access, board
from achterwacht_dashboard.access import Role, Viewer
from achterwacht_dashboard.board import PAGE, signals
from achterwacht_dashboard.house import Look
from achterwacht_dashboard.pages import Renderer, Seen
from achterwacht_dashboard.words import Words
from dashboard_site import PEOPLE
from day_house import BY_DAY, DayHouse
from house import PHONE, TOWN_HALL, House

RENDERER = Renderer()
ELS = Viewer("a1", "Els", frozenset({"reception"}), "els")
SITE = replace(TOWN_HALL.site, entrance="ingang voorzijde")
PLAN = replace(
    TOWN_HALL,
    site=SITE,
    zenders=(
        Zender(5, "Balie 1"),
        Zender(6, "Balie 2"),
        Zender(7, "Balie 3", "0.11", staff=("gerda",)),
        Zender(9, "Receptie", screens=("receptie",)),
    ),
)


def seen(house: House, viewer: Viewer = ELS, language: str = "nl", **look: Any) -> Seen:
    """The house as somebody at the reception sees it."""
    people = {person.id: person for person in PEOPLE}
    known = replace(Look(1, house.state, boot="d001", people=people), **look)
    return Seen(known, viewer, Words(language), Texts(language), house.now)


def read(told: Seen, part: str) -> str:
    """What somebody reads in this part, without markup, in one line."""
    html = RENDERER.parts(PAGE, told)[part]
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def buttons(told: Seen, part: str) -> set[str]:
    """Which commands this part offers: the action, and what its buttons say."""
    html = RENDERER.parts(PAGE, told)[part]
    found = set()
    for action, form in re.findall(r'action="/do/(\w+)">(.*?)</form>', html, re.DOTALL):
        values = re.findall(r'<button[^>]*?(?: name="\w+" value="(\w+)")?[^>]*>', form)
        found |= {f"{action} {value}".strip() for value in values}
    return found


def awake(plan: Plan = PLAN) -> House:
    """A house of which everything was heard."""
    house = House(plan, supervised=True)
    house.wait(20)
    return house


def by_day(plan: Plan = BY_DAY, lifted: tuple[str, ...] = (), at: str = "09:01") -> DayHouse:
    """A morning on which these pagers were taken, now `at` this time."""
    house = DayHouse(plan, at="08:40")
    house.lift(*lifted)
    house.until(at)
    return house


# --- peace ------------------------------------------------------------------------------------------------------------


def test_in_peace_almost_nothing_is_on_it() -> None:
    told = seen(by_day(lifted=("p1", "p2", "p3")))
    assert read(told, "alarms") == read(told, "notes") == read(told, "spoken") == ""
    assert "klaar voor vandaag" in read(told, "light")
    assert read(told, "faults") == "Storingen: geen"
    assert (signals(told).tones, signals(told).title) == ({}, "")


def test_whoever_carries_a_pager_stands_there_with_its_proof() -> None:
    told = read(seen(by_day(lifted=("p1", "p2", "p3"))), "pagers")
    assert "PIEPERS COMPLEET" in told
    assert re.search(r"p1 gedragen Anna de Vries uit de lader bewezen 08:40 batterij 90 %", told)


def test_the_light_says_why_it_is_not_green() -> None:
    house = awake()
    house.fall_silent("zender:6", "zender:7")
    house.wait(40)
    told = read(seen(house), "light")
    assert "beperkt" in told and "2 redenen, eerst: zender 6 (Balie 2) is stil (25 s)" in told


def test_a_fault_tells_what_it_means_and_what_to_do_and_is_acknowledged() -> None:
    house = awake()
    house.fall_silent("zender:6")
    house.wait(40)
    told = seen(house)
    assert "een druk komt misschien niet aan" in read(told, "faults")
    assert "Kijk of de zender stroom en netwerk heeft" in read(told, "faults")
    assert buttons(told, "faults") == {"acknowledge"}
    assert signals(told).tones == {"zender:6/silent": "fault"}
    house.acknowledges("els", "zender:6/silent")
    told = seen(house)
    assert "gezien door Els Smit" in read(told, "faults") and buttons(told, "faults") == set()
    assert signals(told).tones == {}


def test_the_foot_knows_the_last_incident_and_the_overdue_buttons() -> None:
    house = by_day(replace(BY_DAY, morning=Morning(button_test_days=31)), lifted=("p1", "p2", "p3"))
    assert "knoptest te laat: 4" in read(seen(house), "foot")
    house.press(7)
    house.wait(100)
    house.says("anna", "on_scene")
    house.says("anna", "all_clear")
    house.wait(1)
    (story,) = incidents(enumerate(house.facts, start=1))
    told = read(seen(house, last_story=story), "foot")
    assert "laatste melding: Balie 3, ma 23-11-2026, gesloten na 1:40" in told
    assert "zelftest ma 23-11-2026: 3 van 3 getoond" in told


def test_a_test_of_a_button_is_claimed_and_judged_by_its_tester_alone() -> None:
    house = awake()
    house.tests_button(6, by="els")
    assert "Els Smit drukt zo op de knop van Balie 2" in read(seen(house), "notes")
    house.press(6)
    assert buttons(seen(house), "notes") == {"claim"}
    assert buttons(seen(house, Viewer("a2", "Bas", frozenset({"reception"}), "bas")), "notes") == set()
    assert set(signals(seen(house)).tones.values()) == {"test"}
    house.claims(6, by="els")
    assert buttons(seen(house), "notes") == {"judge true", "judge false"}


# --- the morning ------------------------------------------------------------------------------------------------------


def test_of_a_pager_that_is_missing_it_says_whom_to_call() -> None:
    house = by_day(lifted=("p1", "p3"))
    told = seen(house)
    text = read(told, "pagers")
    assert "NIET COMPLEET" in text and "p2 ONTBREEKT Bas Jansen in de lader" in text
    assert "bel Bas Jansen, 06-22222222" in text and "08:50 herinnering gestuurd" in text
    assert 'href="tel:0622222222"' in RENDERER.parts(PAGE, told)["pagers"]
    assert buttons(told, "pagers") == {"called called", "called comes", "called", "took"}


def test_what_was_tried_stays_there_until_the_pager_is_taken() -> None:
    house = by_day(lifted=("p1", "p3"))
    house.commands(Called, pager="p2", outcome="comes", by="els")
    assert "09:01 Els Smit: gebeld, komt eraan" in read(seen(house), "pagers")
    house.lift("p2")
    house.wait(60)
    assert "ONTBREEKT" not in read(seen(house), "pagers")


def test_before_the_check_nothing_is_missing_yet() -> None:
    told = seen(by_day(at="08:45"))
    text = read(told, "pagers")
    assert "NOG NIET GECONTROLEERD" in text and "Om 09:00 is de controle." in text
    assert "p1 nog niet" in text and "ONTBREEKT" not in text
    assert buttons(told, "pagers") == set()


def test_on_a_closed_day_it_says_so() -> None:
    house = DayHouse(day=date(2026, 11, 22), at="10:00")
    text = read(seen(house), "pagers")
    assert "GESLOTEN VANDAAG" in text and "geen openingsdag" in text


def test_a_house_without_a_morning_check_tells_only_what_works() -> None:
    text = read(seen(awake()), "pagers")
    assert "GEEN OCHTENDCONTROLE" in text and "p1 werkt Anna de Vries" in text


# --- an alarm ---------------------------------------------------------------------------------------------------------


def test_a_press_is_the_place_and_what_follows() -> None:
    house = awake()
    house.press(7)
    house.wait(1)
    told = seen(house)
    text = read(told, "alarms")
    assert text.startswith("ALARM gaat af Balie 3 sinds de druk · 0.11 · gedrukt om")
    assert "0 van 2 onderweg: er zijn er meer nodig" in text
    assert "een oproep aan Anna de Vries, Bas Jansen, Cor Bakker en Dina Visser (trede 2 van 3)" in text
    assert read(told, "spoken") == "ALARM Balie 3: gaat af. 0 onderweg."
    assert (list(signals(told).tones.values()), signals(told).title) == (["alarm"], "● ALARM Balie 3")


def test_the_seconds_count_from_the_press() -> None:
    house = awake()
    house.press(7)
    pressed_s = house.mono_s
    house.wait(2)
    (alarm,) = board.alarms(seen(house))["alarms"]
    assert alarm["since_s"] == pytest.approx(pressed_s, abs=0.01)
    assert alarm["waits"][0][0] == pytest.approx(pressed_s + 15, abs=0.01)  # the second step


def test_that_nobody_has_seen_it_yet_is_said() -> None:
    house = awake()
    for pager in ("p1", "p2", "p3"):
        house.pager(pager).on = False
    house.press(7)
    house.wait(1)
    assert "Nog door niemand gezien. De oproep is overgedragen, niet ontvangen." in read(seen(house), "alarms")


def test_who_answers_appears_by_name() -> None:
    house = awake()
    house.press(7)
    house.wait(1)
    house.says("anna", "coming")
    house.wait(1)
    house.says("cor", "cannot")
    text = read(seen(house), "alarms")
    assert "Anna de Vries komt eraan Cor Bakker kan niet" in text and "1 van 2 onderweg" in text
    assert list(signals(seen(house)).tones.values()) == ["alarm"]  # one is not enough
    house.says("bas", "coming")
    text = read(seen(house), "alarms")
    assert text.startswith("ALARM genoeg mensen onderweg") and "moet er iemand zijn" in text
    assert signals(seen(house)).tones == {}
    house.says("bas", "on_scene")
    text = read(seen(house), "alarms")
    assert "Bas Jansen ter plaatse Anna de Vries komt eraan" in text and "wordt gevraagd of alles goed is" in text


def test_reception_answers_for_others_and_closes_with_a_reason() -> None:
    house = awake()
    house.press(7)
    told = seen(house)
    assert buttons(told, "alarms") >= {"answer coming", "answer all_clear", "answer need_112", "answer called_112"}
    html = RENDERER.parts(PAGE, told)["alarms"]
    assert '<option value="anna">Anna de Vries</option>' in html
    assert 'data-who="anna bas cor dina els fred"' in html  # not gerda: whoever sits there may be forced to answer
    assert re.search(r'<input[^>]*name="reason" required', html)


def test_of_many_alarms_every_name_stands_there_once() -> None:
    """Each choice says by id whose names are in it; static/morph.js puts them in."""
    house = awake()
    for zender in (5, 6, 7):
        house.press(zender)
    html = RENDERER.parts(PAGE, seen(house))["alarms"]
    named = re.findall(r'<option value="(\w+)">', html)
    chosen = {id for ids in re.findall(r'data-who="([^"]*)"', html) for id in ids.split()}
    assert len(named) == len(set(named)) and set(named) == chosen == {member.id for member in PLAN.members}
    assert {"anna bas cor dina els fred", "anna bas cor dina els fred gerda"} <= set(
        re.findall(r'data-who="([^"]*)"', html)
    )


def test_a_screen_that_is_nobodys_says_who_speaks() -> None:
    house = awake()
    house.press(7)
    told = seen(house, Viewer("a6", "Scherm", frozenset({"reception"}), screen="balie"))
    html = RENDERER.parts(PAGE, told)["alarms"]
    assert "data-chosen" not in html and html.count("<select") == 4  # who answers, closes, called 112, asks for 112
    assert "hoort bij niemand in het plan" in read(told, "foot")


def test_only_reception_and_who_is_there_can_close() -> None:
    house = awake()
    house.press(7)
    (alarm,) = board.alarms(seen(house))["alarms"]
    assert alarm["closers"] == [("els", "Els Smit")]
    house.says("anna", "on_scene")
    (alarm,) = board.alarms(seen(house))["alarms"]
    assert alarm["closers"] == [("anna", "Anna de Vries"), ("els", "Els Smit")]


@pytest.mark.parametrize("role", ["supervisor", "admin"])
def test_who_only_looks_has_no_buttons(role: Role) -> None:
    house = awake()
    house.press(7)
    told = seen(house, Viewer("a3", "Ina", frozenset({role})))
    assert buttons(told, "alarms") == set()
    assert 'href="tel:112"' in RENDERER.parts(PAGE, told)["alarms"]  # that, anybody may


@pytest.mark.parametrize("role", ["supervisor", "admin"])
def test_who_can_be_asked_here_can_answer_here_in_their_own_name(role: Role) -> None:
    house = awake()
    house.press(7)
    fred = Viewer("a3", "Ina", frozenset({role}), "fred")
    (alarm,) = board.alarms(seen(house, fred))["alarms"]
    assert alarm["members"] == [("fred", "Fred Mulder")] and alarm["closers"] == []
    assert {"answer coming", "answer called_112"} <= buttons(seen(house, fred), "alarms")
    at_the_desk = Viewer("a3", "Ina", frozenset({role}), "gerda")
    assert board.alarms(seen(house, at_the_desk))["alarms"] == []  # it is her own desk


def test_who_was_in_the_plan_when_it_began_can_be_said_to_come() -> None:
    house = awake()
    house.press(7)
    house.adopt(replace(PLAN, members=tuple(member for member in PLAN.members if member.id != "cor")))
    (alarm,) = board.alarms(seen(house))["alarms"]
    assert ("cor", "Cor Bakker") in alarm["members"]


def test_what_is_not_on_disk_yet_is_said() -> None:
    house = awake()
    incident = house.press(7)
    assert "nog niet vastgelegd" in read(seen(house, pending=frozenset({incident})), "alarms")
    assert "nog niet vastgelegd" not in read(seen(house), "alarms")


def test_pressed_again_is_said() -> None:
    house = awake()
    house.press(7)
    house.wait(10)
    house.press(7)
    assert "opnieuw ingedrukt , geleden" in read(seen(house), "alarms")


def test_pressed_again_it_sounds_anew_where_it_was_silenced() -> None:
    house = awake()
    house.press(7)
    first = set(signals(seen(house)).tones)
    house.wait(10)
    assert set(signals(seen(house)).tones) == first
    house.press(7)
    assert first.isdisjoint(signals(seen(house)).tones)


def test_that_the_visitor_was_told_to_leave_is_said_with_its_time() -> None:
    house = awake()
    house.press(7)
    house.says("anna", "on_scene")
    assert "gesommeerd te vertrekken" not in read(seen(house), "alarms")
    house.says("anna", "told_to_leave")
    (alarm,) = board.alarms(seen(house))["alarms"]
    assert alarm["leave_s"] == pytest.approx(house.mono_s, abs=0.01)
    assert "De bezoeker is gesommeerd te vertrekken, geleden." in read(seen(house), "alarms")


def test_of_many_who_are_called_only_the_first_are_named() -> None:
    crowd = tuple(Member(f"lid-{n}", ways=(PHONE,)) for n in range(30))
    house = awake(replace(PLAN, members=(*PLAN.members, *crowd)))
    house.press(7)
    ((_, waits),) = board.alarms(seen(house))["alarms"][0]["waits"][:1]
    assert waits.count("lid-") == 4 and "en nog 27 (trede 2 van 3)" in waits


def test_of_two_alarms_none_hides_the_other() -> None:
    house = awake()
    house.press(7)
    house.wait(5)
    house.press(5)
    told = seen(house)
    assert [alarm["place"] for alarm in board.alarms(told)["alarms"]] == ["Balie 3", "Balie 1"]  # oldest left
    assert len(signals(told).tones) == 2 and signals(told).title == "● ALARM Balie 3, Balie 1"


def test_a_closing_can_be_taken_back_for_ten_minutes() -> None:
    house = awake()
    house.press(7)
    house.says("anna", "on_scene")
    house.says("anna", "all_clear")
    assert "Het alarm van Balie 3 is gesloten." in read(seen(house), "notes") and buttons(seen(house), "notes") == {
        "undo"
    }
    house.wait(601)
    assert read(seen(house), "notes") == ""


def test_a_closing_that_is_not_on_disk_does_not_calm() -> None:
    house = awake()
    incident = house.press(7)
    house.says("anna", "on_scene")
    house.says("anna", "all_clear")
    told = seen(house, pending=frozenset({incident}))
    assert "NOG NIET VASTGELEGD" in read(told, "notes") and "is gesloten" not in read(told, "notes")
    assert "note--pending" in RENDERER.parts(PAGE, told)["notes"]


def test_a_closing_is_not_offered_back_when_the_desk_has_a_new_alarm() -> None:
    house = awake()
    house.press(7)
    house.says("anna", "on_scene")
    house.says("anna", "all_clear")
    house.wait(10)
    house.press(7)
    assert buttons(seen(house), "notes") == set()


# --- 112 --------------------------------------------------------------------------------------------------------------


def test_the_112_card_is_folded_until_it_may_be_needed() -> None:
    house = awake()
    house.press(7)
    house.wait(1)
    html = RENDERER.parts(PAGE, seen(house))["alarms"]
    assert "help--none" in html and "wordt om 112 gevraagd, als er dan niemand is" in html
    house.wait(60)
    html = RENDERER.parts(PAGE, seen(house))["alarms"]
    assert "help--advised" in html and 'href="tel:112"' in html


def test_the_card_says_what_to_say_and_whose_turn_it_is() -> None:
    house = awake()
    house.press(7)
    house.wait(61)
    told = seen(house)
    text = read(told, "alarms")
    script = "Raadhuis, Raadhuisplein 1, ingang voorzijde. Balie 3, 0.11. Agressieve bezoeker."
    assert script in text and "Nog geen collega ter plaatse. Gewonden: onbekend." in text
    assert "Achterwacht belt niet zelf: dat doet u. U bent gevraagd: bel nu." in text
    assert "wordt gevraagd: Fred Mulder" in text
    house.says("anna", "on_scene")
    assert "Een collega ter plaatse" in read(seen(house), "alarms")
    house.wait(30)
    assert "Gevraagd: Fred Mulder." in read(seen(house), "alarms")
    house.wait(30)
    assert "wordt opnieuw gevraagd: Els Smit en Fred Mulder" in read(seen(house), "alarms")


def test_whoever_is_asked_to_call_112_hears_it_when_nobody_is_wanted_any_more() -> None:
    house = awake()
    incident = house.press(7)
    house.says("anna", "on_scene")
    house.says("bas", "coming")
    assert signals(seen(house)).tones == {}
    house.says("anna", "need_112")
    assert signals(seen(house)).tones == {f"{incident} 112 0": "alarm"}
    assert signals(seen(house, Viewer("a7", "Receptie", frozenset({"reception"})))).tones == {}
    house.says("els", "called_112")
    assert signals(seen(house)).tones == {}


def test_where_the_police_are_112_is_not_announced_again() -> None:
    house = awake()
    house.press(7)
    for word in ("on_scene", "need_112", "called_112", "police_here"):
        house.says("anna", word)
    house.says("bas", "coming")
    house.wait(121)
    assert "worden de anderen opgeroepen, als niemand zegt dat alles goed is" in read(seen(house), "alarms")


def test_what_is_read_out_is_in_the_language_of_the_house() -> None:
    house = awake()
    house.press(7)
    house.wait(61)
    text = read(seen(house, language="en"), "alarms")
    assert "Call 112: police, urgent" in text and "Gewonden: onbekend." in text


def test_once_112_was_called_the_police_are_waited_for() -> None:
    house = awake()
    house.press(7)
    house.says("anna", "need_112")
    house.says("els", "called_112")
    told = seen(house)
    assert "112 is gebeld. Vang de politie op" in read(told, "alarms")
    assert "answer police_here" in buttons(told, "alarms") and "answer called_112" not in buttons(told, "alarms")
    house.says("els", "police_here")
    assert "De politie is er." in read(seen(house), "alarms")


# --- drills, discreet screens, what is not known ----------------------------------------------------------------------


def test_a_drill_never_looks_like_an_alarm() -> None:
    house = awake()
    house.practises(7, by="els")
    told = seen(house)
    html = RENDERER.parts(PAGE, told)["alarms"]
    assert read(told, "alarms").startswith("OEFENING gaat af")
    assert "incident--drill" in html and "incident--real" not in html and "state-alarm" not in html
    assert "tel:112" not in html and "drill_stop" in buttons(told, "alarms")
    assert (list(signals(told).tones.values()), signals(told).title) == (["drill"], "OEFENING Balie 3")


def test_an_announced_drill_makes_no_sound_yet() -> None:
    house = awake()
    house.practises(7, announced=True, by="els")
    assert "begint over" in read(seen(house), "alarms") and signals(seen(house)).tones == {}


def test_an_announced_drill_asks_nothing_yet() -> None:
    house = awake()
    house.practises(7, announced=True, by="els")
    told = seen(house)
    assert "er zijn er meer nodig" not in read(told, "alarms") and buttons(told, "alarms") == {"drill_stop"}


def test_nobody_pressed_for_a_drill() -> None:
    house = awake()
    house.practises(7, announced=True, by="els")
    house.wait(65)
    text = read(seen(house), "alarms")
    assert "gedrukt" not in text and "sinds de druk" not in text
    assert "sinds het begin" in text and "begonnen om 10:01:20" in text  # a minute after it was announced


@pytest.mark.parametrize("earnest", ["press", "need_112"])
def test_an_alarm_that_broke_off_a_drill_says_so_until_the_drill_is_forgotten(earnest: str) -> None:
    house = awake()
    house.practises(6, by="els")
    house.wait(5)
    if earnest == "press":
        house.press(7)
    else:
        house.says("anna", "need_112")
    assert "GEEN OEFENING" in read(seen(house), "alarms")
    house.wait(40)  # the ladder has gone on
    assert "GEEN OEFENING" in read(seen(house), "alarms")


def test_a_press_that_no_tester_claimed_counts_from_the_press() -> None:
    house = awake()
    house.tests_button(6, by="anna")
    house.wait(5)
    house.press(6)
    house.wait(11)
    (alarm,) = board.alarms(seen(house))["alarms"]
    assert house.mono_s - alarm["since_s"] == pytest.approx(11, abs=0.1)
    assert alarm["at"] == "10:00:25" and alarm["in_earnest"] == "ECHT ALARM"


def test_a_drill_is_started_and_stopped_from_the_menu() -> None:
    house = awake()
    assert buttons(seen(house), "practice") == {"drill_start true", "drill_start false", "test"}
    house.practises(7, by="els")
    assert "De oefening bij Balie 3 loopt." in read(seen(house), "practice")
    assert buttons(seen(house), "practice") == {"drill_stop", "test"}


def test_at_a_desk_in_alarm_the_board_looks_as_in_peace() -> None:
    house = awake()
    screen = Viewer("a4", "Scherm", frozenset({"reception"}), screen="receptie")
    before = RENDERER.parts(PAGE, seen(house, screen))
    house.press(9)
    told = seen(house, screen)
    after = RENDERER.parts(PAGE, told)
    assert {name for name in after if after[name] != before[name]} == set()
    assert signals(told) == signals(seen(house, screen)) and signals(told).tones == {} and signals(told).title == ""
    assert {mark.state for mark in signals(told).marks.values()} == {"ready"}
    house.wait(1)
    assert "Dagbericht: verstuurd" in read(seen(house, screen), "foot")
    house.says("anna", "coming")
    told = seen(house, screen)
    assert "Dagbericht: onderweg" in read(told, "foot")
    assert read(told, "alarms") == read(told, "spoken") == read(told, "notes") == ""
    house.says("anna", "on_scene")
    house.says("anna", "all_clear")
    told = seen(house, screen)
    assert "Dagbericht: afgerond" in read(told, "foot") and read(told, "notes") == ""  # whoever sits there may still


def test_what_stood_at_the_desk_before_its_own_alarm_stays_there() -> None:
    """A screen that grows calm when somebody presses tells as much as one that lights up, and hides an alarm."""
    house = awake()
    screen = Viewer("a4", "Scherm", frozenset({"reception"}), "els", screen="receptie")
    house.press(6)
    house.says("anna", "on_scene")
    house.says("anna", "all_clear")
    house.wait(1)
    house.press(7)
    house.wait(5)
    before, heard = RENDERER.parts(PAGE, seen(house, screen)), signals(seen(house, screen))
    house.press(9)
    assert RENDERER.parts(PAGE, seen(house, screen)) == before and signals(seen(house, screen)) == heard
    house.press(5)
    told = seen(house, screen)
    assert [alarm["place"] for alarm in board.alarms(told)["alarms"]] == ["Balie 3"]  # what began later is not shown
    house.says("bas", "coming", incident=next(one for one in house.state.alarms if one.startswith("7-")))
    assert "Bas Jansen komt eraan" in read(seen(house, screen), "alarms")


def test_another_screen_of_the_reception_shows_it() -> None:
    house = awake()
    house.press(9)
    assert "Receptie" in read(seen(house, Viewer("a5", "Els", frozenset({"reception"}), screen="balie")), "alarms")


def test_before_anything_was_heard_nothing_is_fine() -> None:
    house = House()
    told = seen(house, state=EMPTY, boot="", people={})
    assert "onbekend" in read(told, "light") and "nog niets gehoord" in read(told, "light")
    assert "onbekend" in read(told, "pagers") and "COMPLEET" not in read(told, "pagers")
    assert "Onbekend: Achterwacht is niet te horen." in read(told, "faults") and "geen" not in read(told, "faults")


def test_when_the_daemon_is_gone_it_is_unknown_since_then() -> None:
    house = by_day(lifted=("p1", "p2", "p3"))
    told = seen(house, stale_since=house.now)
    assert "onbekend sinds 09:01:00" in read(told, "light") and "klaar" not in read(told, "light")
    assert "p1 onbekend" in read(told, "pagers") and "gedragen" not in read(told, "pagers")
    house.press(7)
    assert "Balie 3" in read(seen(house, stale_since=house.now), "alarms")  # old, and still the best that is known


# --- words from outside -----------------------------------------------------------------------------------------------


def test_whatever_people_and_files_say_is_text() -> None:
    evil = "<script>alert(1)</script>"
    members = (*PLAN.members, Member("mallory"))
    zenders = tuple(replace(zender, place=evil, room=evil) for zender in PLAN.zenders)
    house = awake(replace(PLAN, zenders=zenders, members=members, site=replace(SITE, name=evil, address=evil)))
    house.press(7)
    house.wait(61)
    house.says("mallory", "coming")
    house.press(5)
    people = {"mallory": Person("mallory", evil, f'06"{evil}'), "anna": Person("anna", evil, evil)}
    for language in ("nl", "en"):
        parts = RENDERER.parts(PAGE, seen(house, language=language, people=people))
        for html in parts.values():
            assert "<script" not in html
        assert "&lt;script&gt;" in parts["alarms"] and "&lt;script&gt;" in parts["light"]


def test_a_telephone_number_is_dialled_without_its_dressing() -> None:
    house = by_day(lifted=("p1", "p3"))
    people = {"bas": Person("bas", "Bas", '+31 (0)6 - 12 34 "56')}
    assert 'href="tel:+3106123456"' in RENDERER.parts(PAGE, seen(house, people=people))["pagers"]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_part_has_its_words_in_both_languages(language: str) -> None:
    house = by_day(lifted=("p1",))
    house.press(7)
    house.says("anna", "told_to_leave")
    house.says("anna", "on_scene")
    RENDERER.parts(PAGE, seen(house, language=language))
    assert board.signals(seen(house, language=language)).title


def test_the_links_are_those_that_the_viewer_may_open() -> None:
    for path, _ in board.links(ELS):
        assert access.may(ELS, f"GET {path}")


# --- a page that rings ------------------------------------------------------------------------------------------------


def ringing() -> House:
    """A house whose reception is rung by its open board."""
    return awake(replace(PLAN, members=tuple(replace(member, ways=(APP,)) for member in PLAN.members)))


def test_the_open_board_of_a_member_is_rung_and_names_its_orders() -> None:
    assert PAGE.rings
    house = ringing()
    house.press(7)
    assert signals(seen(house)).orders == ()
    house.wait(31)  # the third step rings the reception
    (alarm,) = house.state.alarms.values()
    rung = alarm.rings["app:els"].id
    assert signals(seen(house)).orders == (rung,)
    assert f'data-order="{rung}"' in RENDERER.parts(PAGE, seen(house))["alarms"]
    house.wait(35)
    (alarm,) = house.state.alarms.values()
    assert signals(seen(house)).orders == (alarm.rings["app:els"].id, alarm.calls["app:els"].id)


def test_a_test_of_the_board_is_heard_and_seen() -> None:
    house = ringing()
    house.tests("app:els", by="els")
    order = house.state.tests["app:els"].order
    told = seen(house)
    assert (signals(told).orders, signals(told).tones) == ((order,), {order: "test"})
    assert read(told, "notes") == "TEST van deze pagina. Dit is geen alarm."
    house.wait(31)
    assert signals(seen(house)).orders == () and read(seen(house), "notes") == ""


def test_that_it_is_no_alarm_is_never_said_beside_one() -> None:
    house = ringing()
    house.tests("app:els", by="els")
    house.press(7)
    assert "TEST" not in read(seen(house), "notes")
    assert "test" not in signals(seen(house)).tones.values()


def test_a_test_and_a_notice_of_a_clock_that_was_set_back_are_not_new() -> None:
    house = by_day(replace(BY_DAY, members=tuple(replace(one, ways=(APP,)) for one in BY_DAY.members)), lifted=("p1",))
    house.tests("app:els", by="els")
    told = tuple(one for one in house.all(Ordered) if one.target == "app:els" and one.kind in NOTICES)
    assert read(seen(house, notices=told), "notes").startswith("TEST")
    house._started_at -= timedelta(hours=3)
    house.wait(60)
    assert read(seen(house, notices=told), "notes") == ""


def test_what_the_reception_was_told_by_its_page_stands_there_in_peace() -> None:
    house = by_day(replace(BY_DAY, members=tuple(replace(one, ways=(APP,)) for one in BY_DAY.members)), lifted=("p1",))
    told = [one for one in house.all(Ordered) if one.target == "app:els" and one.kind in NOTICES]
    assert told, "the reception is told at nine which pagers are missing"
    assert "09:00 Niet alle piepers zijn opgehaald." in read(seen(house, notices=tuple(told)), "notes")
    house.press(7)
    assert "09:00" not in read(seen(house, notices=tuple(told)), "notes")


def test_nobody_is_asked_to_call_about_pagers_that_came() -> None:
    house = by_day(replace(BY_DAY, members=tuple(replace(one, ways=(APP,)) for one in BY_DAY.members)), lifted=("p1",))
    house.lift("p2", "p3")
    house.until("09:03")
    told = tuple(one for one in house.all(Ordered) if one.target == "app:els" and one.kind in NOTICES)
    notes = read(seen(house, notices=told), "notes")
    assert "Alle piepers zijn opgehaald." in notes
    assert "Niet alle piepers" not in notes


# --- what the light may say -------------------------------------------------------------------------------------------


def test_nobody_is_ready_for_today_before_the_pagers_were_checked() -> None:
    house = DayHouse(BY_DAY, at="07:00")
    house.wait(20)
    assert board.light(seen(house))["state"] == "works" and "alles werkt" in read(seen(house), "light")
    assert board.light(seen(by_day(lifted=("p1", "p2", "p3"))))["state"] == "ready"


def test_on_a_closed_day_no_pager_is_waited_for() -> None:
    house = DayHouse(BY_DAY, day=date(2026, 11, 28), at="09:30")
    house.wait(20)
    assert board.light(seen(house))["state"] == "works"
    assert "nog niet" not in read(seen(house), "pagers") and "werkt" in read(seen(house), "pagers")


def test_the_header_names_who_is_logged_in() -> None:
    assert "Ingelogd: Els (Els Smit)" in read(seen(awake()), "light")
    nobody = Viewer("a9", "Scherm", frozenset({"reception"}))
    assert "Ingelogd: Scherm" in read(seen(awake(), nobody), "light")


def test_the_battery_of_a_pager_that_is_gone_is_not_known() -> None:
    house = by_day(lifted=("p1", "p2", "p3"))
    assert "90 %" in read(seen(house), "pagers")
    house.pager("p1").dies()
    house.wait(30)
    (first,) = (row for row in board.pagers(seen(house))["rows"] if row["id"] == "p1")
    assert first["battery"] == ""


def test_the_pagers_that_somebody_must_call_about_stand_first() -> None:
    house = by_day(lifted=("p1", "p2"))
    assert [row["id"] for row in board.pagers(seen(house))["rows"]] == ["p3", "p1", "p2"]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_screen_names_no_command_of_a_terminal(language: str) -> None:
    told = seen(awake(), language=language)
    assert not [key for key in (*KINDS, *get_args(Lack)) if "achterwacht " in "".join(told.about_fault(key))]
