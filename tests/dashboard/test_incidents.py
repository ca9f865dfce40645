"""The pages of incidents as people ask for them: who gets them, what stands on them, what is said when it cannot."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path

import httpx
import pytest

from achterwacht.core.plan import Site as Place
from achterwacht.core.plan import Zender
from achterwacht.outputs.texts import Texts
from achterwacht_dashboard import story_view
from achterwacht_dashboard.access import Role, Viewer
from achterwacht_dashboard.accounts import COOKIE
from achterwacht_dashboard.archive import Shelf, Trouble
from achterwacht_dashboard.house import Look
from achterwacht_dashboard.incidents import PAGE_ENTRIES, journal_notes, open_view
from achterwacht_dashboard.pages import Seen
from achterwacht_dashboard.respond import LANGUAGE_COOKIE
from achterwacht_dashboard.words import Words
from dashboard_site import PEOPLE, Site, site
from house import TOWN_HALL, House
from terminal import write

pytestmark = pytest.mark.asyncio

NL = Words("nl")
STRANGE = '{"mono_s":1.0,"at":"2026-11-21T09:00:00Z","clock_ok":true,"fact":"moon_landed"}'


def night(house: House) -> str:
    """Balie 3: one comes, tells to leave twice, 112 is called, and reception closes it with a reason."""
    house.failing["phone:dina"] = "no phone registered"
    press = house.press(7)
    house.wait(4)
    house.pager("p1").answers("coming")
    house.wait(40)
    house.says("anna", "on_scene")
    house.says("anna", "told_to_leave")
    house.wait(7)
    house.says("anna", "told_to_leave")
    house.wait(5)
    house.says("els", "called_112")
    house.wait(60)
    house.says("els", "police_here")
    house.wait(3)
    house.says("els", "all_clear", "bezoeker is weg")
    house.wait(700)
    return press


def short(house: House, zender: int = 6) -> None:
    house.press(zender)
    house.wait(2)
    house.says("els", "all_clear", "per ongeluk")
    house.wait(700)


def dutch() -> House:
    return House(replace(TOWN_HALL, language="nl"))


@dataclass
class Visitor:
    """Somebody with a browser that only reads."""

    site: Site
    http: httpx.AsyncClient

    async def opens(self, path: str, status: int = 200) -> str:
        """What stands on the page, as text without tags."""
        answer = await self.http.get(path)
        assert answer.status_code == status, answer.text
        main = answer.text.split("<main", 1)[1].split("</main>")[0]
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())

    async def html(self, path: str) -> str:
        return (await self.http.get(path)).text


@asynccontextmanager
async def visitor(
    house: House,
    folder: Path,
    roles: Sequence[Role] = ("supervisor",),
    member: str = "fred",
    language: str = "nl",
    lines: Sequence[str] | None = None,
) -> AsyncIterator[Visitor]:
    (folder / "state").mkdir()
    if lines is None or lines:
        await write(folder / "state", house.lines if lines is None else lines)
    async with site(house, folder) as here:
        archive = here.app.state.archive
        await here.until(lambda: archive.shelf.whole or archive.shelf.trouble)
        cookies = {LANGUAGE_COOKIE: language, COOKIE: await here.token(*roles, member=member)}
        async with httpx.AsyncClient(base_url=here.url, cookies=cookies) as http:
            yield Visitor(here, http)


# --- the list ---------------------------------------------------------------------------------------------------------


async def test_the_list_tells_each_in_a_line_newest_first(tmp_path: Path) -> None:
    house = dutch()
    night(house)
    short(house)
    async with visitor(house, tmp_path) as at:
        page = await at.opens("/meldingen")
    assert page.index("2026-002") < page.index("2026-001")
    assert "21-11-2026 10:00:00 Balie 3 (zender 7) voorbij na 1:59, gemeld door Els Smit: bezoeker is weg" in page
    assert "1 ter plaatse 112: politie was er" in page
    assert "voorbij na 2,00 s, gemeld door Els Smit: per ongeluk niemand meldde te komen 112: niet gevraagd" in page
    assert "Aantal: 2." in page


async def test_the_list_by_year_and_place(tmp_path: Path) -> None:
    house = dutch()
    short(house, 6)
    short(house, 7)
    house.wait(60 * 86_400)
    short(house, 6)
    async with visitor(house, tmp_path) as at:
        assert re.findall(r"20\d\d-0\d\d(?!\d)", await at.opens("/meldingen?jaar=2026")) == ["2026-002", "2026-001"]
        assert "Aantal: 2." in await at.opens("/meldingen?plaats=Balie+2")
        assert "Aantal: 1." in await at.opens("/meldingen?jaar=2026&plaats=Balie+2")
        assert "Geen meldingen van dit jaar op deze plaats" in await at.opens("/meldingen?jaar=2027&plaats=Balie+3")


async def test_what_makes_no_sense_is_said_and_loses_nothing(tmp_path: Path) -> None:
    house = dutch()
    short(house)
    async with visitor(house, tmp_path) as at:
        for asked, said in (
            ("jaar=ooit", "Uit het jaar ‘ooit’ is geen melding bekend"),
            ("plaats=%3Cscript%3E", "Van de plaats ‘<script>’ is geen melding bekend"),
            ("pagina=9", "Bladzijde ‘9’ is er niet: kies 1 tot en met 1"),
            ("pagina=-1", "Bladzijde ‘-1’ is er niet"),
            ("pagina=²", "Bladzijde ‘²’ is er niet"),
        ):
            page = await at.opens(f"/meldingen?{asked}")
            assert said in page
            assert "2026-001" in page


async def test_a_long_list_has_pages(tmp_path: Path) -> None:
    house = dutch()
    for _ in range(PAGE_ENTRIES + 1):
        short(house)
    async with visitor(house, tmp_path) as at:
        first, second = await at.opens("/meldingen?jaar=2026"), await at.opens("/meldingen?jaar=2026&pagina=2")
        assert 'href="?jaar=2026&amp;pagina=2"' in await at.html("/meldingen?jaar=2026")
    assert "2026-051" in first
    assert "2026-001" not in first
    assert "Bladzijde 1 van 2" in first
    assert "2026-051" not in second
    assert "2026-001" in second


async def test_nothing_happened_yet_is_said_in_words(tmp_path: Path) -> None:
    async with visitor(dutch(), tmp_path) as at:
        assert "Nog geen meldingen." in await at.opens("/meldingen")
        assert "Nog geen oefeningen." in await at.opens("/meldingen/oefeningen")


async def test_without_a_journal_it_is_never_said_that_nothing_happened(tmp_path: Path) -> None:
    async with visitor(dutch(), tmp_path, lines=()) as at:
        page = await at.opens("/meldingen")
        assert "Er is nog geen journaal in" in page
        assert "Of er meldingen zijn, is onbekend." in page
        assert "Nog geen" not in page.replace("Er is nog geen journaal", "")
        assert "Er is nog geen journaal in" in await at.opens("/meldingen/2026-001", 404)


async def test_what_is_missing_is_told_on_every_page(tmp_path: Path) -> None:
    house = dutch()
    short(house)
    async with visitor(house, tmp_path, lines=[STRANGE, *house.lines]) as at:
        for path in ("/meldingen", "/meldingen/oefeningen", "/meldingen/2026-001", "/meldingen/2026-001/concept"):
            assert "Weggelaten feiten van een andere versie van Achterwacht: 1, het eerste is feit 1." in (
                await at.opens(path)
            )


async def test_every_trouble_has_its_sentence() -> None:
    notes = journal_notes(Shelf(trouble=Trouble("unreadable", "no rights"), gaps=((3, 9),)), NL)
    assert notes[0].endswith("Waarschuw de beheerder: no rights")
    assert notes[1].startswith("Feit 3 tot en met 9 ontbreekt of is beschadigd.")
    assert "`achterwacht verify`" in journal_notes(Shelf(trouble=Trouble("damaged")), NL)[0]
    assert journal_notes(Shelf(n=4000), NL) == [
        "Het journaal wordt nog gelezen (tot feit 4000). Hier ontbreken nog meldingen."
    ]
    assert journal_notes(Shelf(whole=True), NL) == []


# --- one incident -----------------------------------------------------------------------------------------------------


async def test_one_incident_by_number_and_by_id(tmp_path: Path) -> None:
    house = dutch()
    press = night(house)
    async with visitor(house, tmp_path) as at:
        page = await at.opens("/meldingen/2026-001")
        assert page == await at.opens(f"/meldingen/{press}")
    assert "Raadhuis, Raadhuisplein 1 Melding 2026-001: Balie 3 (zender 7)" in page
    assert "Begonnen 21-11-2026 om 10:00:00, voorbij na 1:59." in page
    assert "10:00:00 0,00 s Knop ingedrukt: Balie 3 (zender 7)" in page
    assert "10:00:44 44,0 s Anna de Vries is ter plaatse" in page
    assert "Einde 10:01:59 1:59 Voorbij, gemeld door Els Smit: bezoeker is weg" in page


async def test_between_what_people_did_stands_no_word_of_how_messages_travelled(tmp_path: Path) -> None:
    house = dutch()
    night(house)
    async with visitor(house, tmp_path) as at:
        page = await at.opens("/meldingen/2026-001")
    verloop, annex = page.split("Wie werd opgeroepen")[0].split("Verloop")[1], page.split("Technische bijlage")[1]
    assert "overgedragen" not in verloop
    assert "Trede 2 van de ladder" in verloop
    assert "overgedragen" in annex


async def test_each_stage_stands_by_itself(tmp_path: Path) -> None:
    house = dutch()
    night(house)
    async with visitor(house, tmp_path) as at:
        page = await at.opens("/meldingen/2026-001")
    assert "Doel Opdrachten Overgedragen Ontvangen Getoond Beantwoord Mislukt" in page
    assert "pieper p1 1 0,01 s 0,31 s 0,31 s 4,00 s niet" in page, "a pager says all of it"
    assert "telefoon van Els Smit 4 30,0 s onbekend onbekend niet niet" in page, "handed over is not received"
    assert re.search(r"telefoon van Dina Visser \d onbekend onbekend onbekend niet \dx mislukt: geen telefoon", page)


async def test_a_forgotten_alarm_is_shown_in_part_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story_view, "LINES_MAX", 20)
    house = dutch()
    house.press(7)
    house.wait(120)
    async with visitor(house, tmp_path) as at:
        page = await at.opens("/meldingen/2026-001")
        (entry,) = at.site.app.state.archive.shelf.incidents
        told = at.site.app.state.archive.tell(entry)
    missing = len(told.story.lines) - 20
    assert f"{missing} feiten uit het midden ontbreken. Alle feiten geeft: achterwacht facts --incident 2026" in page
    assert "Knop ingedrukt" in page, "its beginning is there"
    assert page.split("Technische bijlage")[1].count("2026-11-21T") == 20
    assert re.search(r"Trede 3 van de ladder: \S[^(]* \(\dx\)", page), "what the house says again is told once"


async def test_how_fast_against_what_was_agreed(tmp_path: Path) -> None:
    house = dutch()
    house.hand_over_s = 0.3
    short(house)
    async with visitor(house, tmp_path) as at:
        page = await at.opens("/meldingen/2026-001")
        html = await at.html("/meldingen/2026-001")
    assert "overgedragen 300,0 ms 320,0 ms 50,0 ms TE TRAAG: 0,30 s" in page
    assert "vastgelegd 20,0 ms één keer 250,0 ms op tijd" in page
    assert '<svg class="sign"' in html.split("TE TRAAG")[0][-400:], "a word and a sign"


async def test_police_and_who_came(tmp_path: Path) -> None:
    house = dutch()
    night(house)
    async with visitor(house, tmp_path) as at:
        page = await at.opens("/meldingen/2026-001")
    police = page.split("112 en politie")[1].split("Einde")[0]
    assert "112 moet gebeld worden: twee keer gesommeerd te vertrekken" in police
    assert "Els Smit heeft 112 gebeld" in police
    assert "Els Smit meldt dat de politie er is" in police
    assert "Anna de Vries na 4,00 s na 44,0 s" in page.split("Wie kwam")[1]


async def test_the_annex_has_every_fact_in_both_times(tmp_path: Path) -> None:
    house = dutch()
    night(house)
    async with visitor(house, tmp_path) as at:
        annex = (await at.opens("/meldingen/2026-001")).split("Technische bijlage bij 2026-001")[1]
    assert "Feit Plaatselijke tijd UTC Na de druk Wat" in annex
    assert "21-11-2026 10:00:00 2026-11-21T09:00:00.000Z 0,00 s Knop ingedrukt" in annex


async def test_an_open_incident_says_so_and_shows_the_way_to_the_board(tmp_path: Path) -> None:
    house = dutch()
    house.press(7)
    house.wait(9)
    async with visitor(house, tmp_path) as at:
        page = await at.opens("/meldingen/2026-001")
        html = await at.html("/meldingen")
    assert "Deze melding is nog open. Wat hieronder staat, is de stand van 10:00:09." in page
    assert "nog open" in page
    live = html.split('data-part="open"')[1].split("</div>")[0]
    assert "OPEN: Balie 3" in live
    assert "2026-001" in live


async def test_an_alarm_that_is_not_on_disk_yet_is_not_denied(tmp_path: Path) -> None:
    house = dutch()
    lines = list(house.lines)
    press = house.press(7)
    house.wait(1)
    async with visitor(house, tmp_path, lines=lines) as at:
        assert "is nu open en staat nog niet op schijf" in await at.opens(f"/meldingen/{press}", 404)


async def test_an_incident_that_is_open_in_the_journal_alone_is_shown_as_such(tmp_path: Path) -> None:
    house = dutch()
    house.press(7)
    house.wait(1)
    lines = list(house.lines)
    house.says("els", "all_clear", "weg")
    house.wait(700)
    async with visitor(house, tmp_path, lines=lines) as at:
        page = await at.opens("/meldingen")
    assert "Volgens het journaal nog open, maar Achterwacht meldt het nu niet." in page
    assert "nog open niemand meldde te komen" in page


async def test_an_incident_that_is_not_there_has_neighbours(tmp_path: Path) -> None:
    house = dutch()
    short(house)
    async with visitor(house, tmp_path) as at:
        page = await at.opens("/meldingen/2026-011", 404)
        strange = await at.opens("/meldingen/%3Cscript%3Ealert(1)", 404)
    assert "Er is geen melding ‘2026-011’. Bedoelde u: 2026-001" in page
    assert "Er is geen melding ‘<script>alert(1)’." in strange, "or it would have been taken for a tag"


async def test_whoever_was_erased_is_an_id(tmp_path: Path) -> None:
    house = dutch()
    house.press(7)
    house.wait(4)
    house.says("hidde", "coming")
    house.says("anna", "on_scene")
    house.says("anna", "all_clear")
    house.wait(1)
    async with visitor(house, tmp_path) as at:
        page = await at.opens("/meldingen/2026-001")
    assert "hidde" in page
    assert "Anna de Vries is ter plaatse" in page


async def test_every_page_in_english(tmp_path: Path) -> None:
    house = dutch()
    night(house)
    house.practises(6)
    house.wait(3)
    house.stops_practising()
    house.wait(3)
    async with visitor(house, tmp_path, language="en") as at:
        assert "over after 1:59, reported by Els Smit: bezoeker is weg" in await at.opens("/meldingen")
        page = await at.opens("/meldingen/2026-001")
        assert "Incident 2026-001: Balie 3" in page
        assert "Who was called, and how far that came" in page
        draft = await at.html("/meldingen/2026-001/concept")
        assert '<article class="form stack" lang="nl">' in draft, "the form is always Dutch"
        assert "Drills" in await at.opens("/meldingen/oefeningen")
        assert "There is no incident" in await at.opens("/meldingen/x", 404)


async def test_whatever_people_wrote_is_text(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    plan = replace(
        TOWN_HALL, language="nl", site=Place(evil, evil), zenders=(*TOWN_HALL.zenders[1:], Zender(5, evil, room=evil))
    )
    house = House(plan)
    house.press(5)
    house.wait(3)
    house.says("anna", "coming")
    house.says("els", "all_clear", evil)
    house.wait(700)
    house.practises(5)
    house.wait(3)
    house.stops_practising()
    house.wait(1)
    house.press(5)
    house.wait(1)
    async with visitor(house, tmp_path) as at:
        for path in (
            "/meldingen",
            "/meldingen/2026-001",
            "/meldingen/2026-001/concept",
            "/meldingen/oefeningen",
            "/meldingen/2026-002",
        ):
            assert "<img" not in await at.html(path)
            assert evil in await at.opens(path)


# --- who may, and who must not ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["reception", "supervisor", "register", "coordinator"])
async def test_who_may_read(role: Role, tmp_path: Path) -> None:
    house = dutch()
    short(house)
    async with visitor(house, tmp_path, (role,), "") as at:
        for path in ("/meldingen", "/meldingen/2026-001", "/meldingen/2026-001/concept", "/meldingen/oefeningen"):
            await at.opens(path)
        board = "Naar het bord" in await at.html("/meldingen")
        assert board == (role != "register"), "nobody is sent where they may not come"


@pytest.mark.parametrize("role", ["team", "admin"])
async def test_who_may_not(role: Role, tmp_path: Path) -> None:
    async with visitor(dutch(), tmp_path, (role,), "") as at:
        for path in ("/meldingen", "/meldingen/2026-001", "/meldingen/2026-001/concept", "/meldingen/oefeningen"):
            assert (await at.http.get(path)).status_code == 403


async def test_at_the_desk_of_an_alarm_nothing_of_it_is_seen(tmp_path: Path) -> None:
    house = dutch()
    short(house)
    house.press(7)  # gerda sits there
    house.wait(2)
    async with visitor(house, tmp_path, member="gerda") as at:
        for path in ("/meldingen", "/meldingen/2026-001"):
            html = await at.html(path)
            assert "2026-001" in html, "what is over may be read"
            assert "2026-002" not in html
            assert "Balie 3" not in html
        assert "Er is geen melding ‘2026-002’" in await at.opens("/meldingen/2026-002", 404)


async def test_at_the_desk_of_an_alarm_an_older_one_stays_and_a_newer_one_is_not_told_of_even_when_it_is_over(
    tmp_path: Path,
) -> None:
    house = dutch()
    house.press(6)
    house.wait(2)
    house.press(7)  # gerda sits there
    house.wait(2)
    short(house, 5)
    async with visitor(house, tmp_path, member="gerda") as at:
        html = await at.html("/meldingen")
        assert "2026-001" in html
        for hidden in ("2026-002", "2026-003"):
            assert hidden not in html
            assert "Er is geen melding" in await at.opens(f"/meldingen/{hidden}", 404)


async def test_an_older_incident_whose_id_came_again_stays_in_the_list(tmp_path: Path) -> None:
    """A press that is heard again after more than a day raises under its old name."""
    house = dutch()
    press = house.press(7)
    house.wait(2)
    house.says("els", "all_clear", "weg")
    house.wait(30 * 3600)
    house.hears_again(press)
    house.wait(2)
    assert press in house.state.alarms
    async with visitor(house, tmp_path) as at:
        page = await at.opens("/meldingen")
        assert "2026-001" in page
        assert "nog open" not in await at.opens("/meldingen/2026-001")


async def test_the_live_part_is_silent_at_the_desk_too() -> None:
    house = dutch()
    house.press(7)
    house.wait(2)
    look = Look(state=house.state, people={person.id: person for person in PEOPLE})

    def seen(member: str) -> Seen:
        viewer = Viewer("a", member, frozenset({"supervisor"}), member)
        return Seen(look, viewer, NL, Texts("nl"), house.now)

    assert [alarm["place"] for alarm in open_view(seen("fred"))["alarms"]] == ["Balie 3"]
    assert open_view(seen("gerda"))["alarms"] == []


# --- the draft --------------------------------------------------------------------------------------------------------


async def test_the_draft_has_what_is_known_and_room_for_the_rest(tmp_path: Path) -> None:
    house = dutch()
    night(house)
    async with visitor(house, tmp_path) as at:
        page = await at.opens("/meldingen/2026-001/concept")
        html = await at.html("/meldingen/2026-001/concept")
    assert "Raadhuis, Raadhuisplein 1 Concept-melding agressie 2026-001" in page
    assert "Datum 21-11-2026 Tijdstip 10:00:00" in page
    assert html.count('aria-label="aangekruist"') == 5
    for option in ("gemeentehuis: Balie 3 (zender 7)", "Persoonlijk", "politie ingeschakeld"):
        before = html.split(f"<span>{option}")[0]
        assert 'aria-label="aangekruist"' in before[before.rindex("<svg") :], option
    assert html.count('class="blank"') == 6 + story_view.DESCRIPTION_LINES
    assert "<form" not in html, "nothing is kept here"
    system = page.split("Door het alarmsysteem vastgelegd")[1]
    assert "21-11-2026 10:00:44 2026-11-21T09:00:44.000Z 44,0 s Anna de Vries is ter plaatse" in system
    assert "overgedragen" not in system, "what people did, not how messages travelled"


async def test_the_draft_says_what_it_is_not_sure_of(tmp_path: Path) -> None:
    house = dutch()
    house.clock_ok = False
    house.press(7)
    house.wait(2)
    async with visitor(house, tmp_path) as at:
        page = await at.opens("/meldingen/2026-001/concept")
    assert "De klok was niet gelijkgezet: controleer datum en tijd." in page
    assert "De melding is nog open." in page


# --- drills -----------------------------------------------------------------------------------------------------------


async def test_drills_stand_apart(tmp_path: Path) -> None:
    house = dutch()
    short(house)
    house.practises(7)
    house.wait(3)
    house.says("anna", "coming")
    house.wait(2)
    house.says("cor", "coming")
    house.wait(4)
    house.says("anna", "on_scene")
    house.stops_practising()
    house.wait(700)
    async with visitor(house, tmp_path) as at:
        listed = await at.opens("/meldingen")
        drills = await at.opens("/meldingen/oefeningen")
        (entry,) = at.site.app.state.archive.shelf.drills
        page = await at.opens(f"/meldingen/{entry.incident}")
        draft = await at.opens(f"/meldingen/{entry.incident}/concept", 404)
    assert "Balie 3" in drills
    assert "voorbij na 9,00 s: gestopt" in drills
    assert entry.incident not in listed
    assert "OEFENING: Balie 3 (zender 7)" in page
    assert "Genoeg mensen (2) onderweg na 5,00 s." in page
    assert "Anna de Vries 0,00 s 0,31 s 3,00 s 9,00 s" in page
    assert "Daarvan is er geen formulier" in draft
