"""The draft of the form: what the facts prove is in it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
import pytest

from achterwacht.core.codec import to_plain
from achterwacht.core.draft import Draft, draft
from achterwacht.core.incident import incidents
from house import House

ALWAYS = {"gemeentehuis", "Persoonlijk"}
TEAM = "agressie interventieteam ingeschakeld"
LEAVE = "burger gesommeerd het pand te verlaten"
POLICE = "politie ingeschakeld"


def draft_of(house: House) -> Draft:
    (incident,) = incidents(enumerate(house.facts, 1))
    return draft(incident, {"anna": "Anna Jansen"})


def ticked(form: Draft) -> set[str]:
    return {option.text for question in form.questions for option in question.options if option.ticked}


@pytest.fixture
def house() -> House:
    house = House()
    house.press(7)
    house.wait(1)
    return house


def test_date_time_and_place_are_filled_in_and_the_rest_is_open(house: House) -> None:
    form = draft_of(house)
    assert {field.title: field.value for field in form.fields} == {
        "Naam medewerker": "",
        "Afdeling": "",
        "Naam burger": "",
        "Woonplaats": "",
        "Datum": "21-11-2026",
        "Tijdstip": "10:00:00",  # 9:00 UTC, as the clock on the wall has it
    }
    assert [question.note for question in form.questions if question.note] == ["Balie 3 (zender 7)"]


@pytest.mark.parametrize(
    ("happened", "proven"),
    [
        (lambda house: None, {TEAM}),  # three pagers have shown it
        (lambda house: house.says("anna", "told_to_leave"), {TEAM, LEAVE}),
        (lambda house: house.says("anna", "need_112"), {TEAM}),  # asked for is not called
        (lambda house: house.says("els", "called_112"), {TEAM, POLICE}),
        (lambda house: house.says("anna", "police_here"), {TEAM, POLICE}),
        (lambda house: house.says("gerda", "called_112"), {TEAM}),  # her own desk: it did not count
    ],
)
def test_only_what_is_proven_is_ticked(house: House, happened: Callable[[House], object], proven: set[str]) -> None:
    happened(house)
    assert ticked(draft_of(house)) == ALWAYS | proven


def test_a_page_that_nobody_is_known_to_have_seen_proves_nothing() -> None:
    house = House()
    for pager in ("p1", "p2", "p3"):
        house.pager(pager).shows = False
    house.press(7)
    house.wait(1)
    assert ticked(draft_of(house)) == ALWAYS
    house.says("anna", "coming")
    assert ticked(draft_of(house)) == ALWAYS | {TEAM}


def test_the_form_has_the_questions_and_options_of_its_source(house: House) -> None:
    """Waddinxveen, appendix 4: three questions with one answer, five columns of boxes."""
    form = draft_of(house)
    assert [(question.title, question.several, len(question.options)) for question in form.questions] == [
        ("categorie", False, 3),
        ("Plaats", False, 8),
        ("Soort contact", False, 5),
        ("1. (mogelijke) aanleiding", True, 11),
        ("2. Door cliënt gebruikte middelen", True, 8),
        ("3. Doelwit van de agressie", True, 8),
        ("4. Consequentie voor slachtoffer", True, 11),
        ("5. Maatregelen", True, 13),
    ]
    assert not any(re.search(r"[<>]|  ", option.text) for question in form.questions for option in question.options)


def test_names_are_filled_in_where_they_are_known(house: House) -> None:
    house.says("anna", "coming")
    house.says("bas", "coming")
    house.says("anna", "on_scene")
    house.says("anna", "told_to_leave")
    house.wait(70)
    house.says("fred", "called_112")
    house.says("anna", "all_clear")
    form = draft_of(house)
    assert [(came.by, came.on_scene_s) for came in form.came] == [("Anna Jansen", 1.0), ("bas", None)]
    assert [said.by for said in form.told_to_leave] == ["Anna Jansen"]
    assert [(note.what, note.who) for note in form.police] == [("called", ("fred",))]
    assert form.closed is not None and form.closed.by == "Anna Jansen"


def test_the_draft_as_json(house: House) -> None:
    plain = msgspec.json.decode(msgspec.json.encode(to_plain(draft_of(house))))
    assert plain["fields"][4] == {"title": "Datum", "value": "21-11-2026"}
    assert plain["questions"][1]["options"][0] == {"text": "gemeentehuis", "ticked": True}
