"""The pages of /beheer: how everything stands, the roster, the guided test; what is not known is not shown as fine."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Member, Morning
from achterwacht.journal.people import Person
from achterwacht.outputs.texts import Texts
from achterwacht_dashboard.access import ROLES, TABLE, Viewer, may
from achterwacht_dashboard.admin import certificate_told, now
from achterwacht_dashboard.button_tests import Stories, follow, merged
from achterwacht_dashboard.certificate import make_certificate
from achterwacht_dashboard.guide_view import DUE_MAX, due, guide, signals
from achterwacht_dashboard.house import Look
from achterwacht_dashboard.menu import PAGES, menu
from achterwacht_dashboard.pages import Seen
from achterwacht_dashboard.roster_view import roster
from achterwacht_dashboard.standing_view import freshness, pagers, people, phones, zenders
from achterwacht_dashboard.words import Words
from dashboard_site import PEOPLE, Site, site
from day_house import BY_DAY, DayHouse
from house import PHONE, TOWN_HALL, House
from journal_of import write_journal

ELS = Viewer("a1", "Els", frozenset({"reception", "coordinator", "admin"}), "els")
TESTED = replace(BY_DAY, morning=Morning(button_test_days=31))


def seen_of(house: House, viewer: Viewer = ELS, language: str = "nl", stale: bool = False) -> Seen:
    """The house as somebody at a page of /beheer sees it."""
    stories: Stories = {}
    for fact in house.facts:
        stories = follow(stories, fact)
    look = Look(
        state=house.state,
        boot="d001",
        n=house.state.n,
        durable_n=house.durable_n,
        people={person.id: person for person in PEOPLE},
        stale_since=house.now if stale else None,
        button_tests=stories,
        tests_known=True,
    )
    return Seen(look, viewer, Words(language), Texts(language), house.now)


# --- people and telephones --------------------------------------------------------------------------------------------


def test_each_way_says_what_its_last_test_proved() -> None:
    house = House()
    house.failing[f"{PHONE}:dina"] = "no such subscriber"
    house.tests(f"{PHONE}:anna")
    house.tests(f"{PHONE}:dina")
    house.wait(1)
    by_id = {row["id"]: row for row in people(seen_of(house))["people"]}
    anna, dina, els = (by_id[member]["ways"][0] for member in ("anna", "dina", "els"))
    assert anna["test"]["word"] == "overgedragen, niet ontvangen"
    assert (dina["works"], dina["test"]["stage"]) == ("no", "failed")
    assert "no such subscriber" in dina["test"]["why"]
    assert (els["test"], els["tested"]) == (None, "never")
    assert phones(seen_of(house))["phones"][0]["whose"] == "Dina Visser", "what does not work stands first"


def test_who_is_reached_by_nothing_is_named() -> None:
    house = House(replace(TOWN_HALL, members=(*TOWN_HALL.members, Member("harm"))))
    house.failing[f"{PHONE}:dina"] = "no such subscriber"
    house.tests(f"{PHONE}:dina")
    house.wait(1)
    told = people(seen_of(house))
    assert {"Gerda de Boer", "harm", "Dina Visser"} == set(told["unreached"])
    reached = {row["id"]: row["reached"] for row in told["people"]}
    assert reached["bas"] == "unknown", "his pager was never heard: it may lie in a drawer"
    assert reached["els"] == "unproven", "a telephone that never showed a test may lie in a locker"
    assert {"Bas Jansen", "Els Smit"} <= set(told["unsure"])


def test_a_pager_in_its_dock_reaches_nobody_while_the_desks_are_open() -> None:
    house = DayHouse(replace(BY_DAY, members=tuple(replace(member, ways=()) for member in BY_DAY.members)))
    house.until("08:40")
    house.lift("p1")
    house.until("09:05")
    reached = {row["id"]: row["reached"] for row in people(seen_of(house))["people"]}
    assert (reached["anna"], reached["bas"], reached["els"]) == ("yes", "no", "never")
    assert [row["is_missing"] for row in pagers(seen_of(house))["pagers"]] == [False, True, True]


# --- pagers and zenders -----------------------------------------------------------------------------------------------


def test_a_pager_tells_who_carries_it_how_that_is_known_and_when_it_was_proven() -> None:
    house = DayHouse()
    house.until("08:40")
    house.lift("p1")
    house.wait(10)
    first, second, _ = pagers(seen_of(house))["pagers"]
    assert (first["carrier"], first["how"], first["place"]) == ("Anna de Vries", "volgens het rooster", "uit de lader")
    assert first["proven"].startswith("08:40:")
    assert first["battery"] == "90 %"
    assert (second["place"], second["proven"]) == ("in de lader", "")


def test_a_silent_zender_says_what_is_wrong_and_what_to_do() -> None:
    house = House(supervised=True)
    house.wait(15)
    house.fall_silent("zender:6")
    house.wait(40)
    told = zenders(seen_of(house))
    row = next(row for row in told["zenders"] if row["nr"] == 6)
    assert (row["works"], row["works_word"]) == ("no", "NEE")
    assert row["because"] == "zender 6 (Balie 2) is stil"
    (fault,) = (one for one in told["faults"] if one["key"] == "zender:6/silent")
    assert fault["do"]
    assert fault["means"]
    other = next(row for row in told["zenders"] if row["nr"] == 5)
    assert other["heard"] == "spreekt"
    assert "werken" in told["counts"]


def test_a_dead_daemon_makes_everything_unknown_and_says_so() -> None:
    house = DayHouse()
    house.until("08:40")
    house.lift("p1")
    house.wait(10)
    house.tests(f"{PHONE}:anna")
    seen = seen_of(house, stale=True)
    assert freshness(seen)["stale"]
    for rows in (pagers(seen)["pagers"], zenders(seen)["zenders"], phones(seen)["phones"]):
        assert {row["works"] for row in rows} == {"unknown"}
    for row in (*pagers(seen)["pagers"], *zenders(seen)["zenders"]):
        assert (row["heard"], row["battery"], row["pressed"]) == (None, None, None)
    assert pagers(seen)["pagers"][0]["carrier"] is None
    assert {row["reached"] for row in people(seen)["people"]} == {"unknown"}
    assert all(row["test"] is None for row in phones(seen)["phones"])
    assert guide(seen)["phase"] == "unknown"
    assert now(seen)["light"] == "unknown"


def test_what_was_never_heard_is_not_dated() -> None:
    look = Look(stale_since=Moment(0.0, House().now.at, True), why_stale="not connected yet")
    seen = Seen(look, ELS, Words("nl"), Texts("nl"), House().now)
    assert freshness(seen)["never"] is True


# --- the roster -------------------------------------------------------------------------------------------------------


def test_the_roster_tells_gaps_doubles_swaps_and_absences_in_words() -> None:
    house = DayHouse()
    els = {"by": "els"}
    house.commands(h.Swap, pager="p3", on=date(2026, 11, 25), member="dina", **els)
    house.commands(h.Swap, pager="p1", on=date(2026, 11, 24), member="dina", **els)
    house.commands(h.Away, member="bas", first=date(2026, 11, 26), last=date(2026, 11, 26), replacement="", **els)
    told = roster(seen_of(house))
    by_day = {day["on"]: day for day in told["days"]}
    assert len(told["days"]) == 28
    tuesday = by_day["di 24-11-2026"]["cells"][0]
    assert tuesday == {"name": "Dina Visser", "mark": "geruild", "kind": "swap"}
    assert [cell["mark"] for cell in by_day["wo 25-11-2026"]["cells"]] == ["DUBBEL", "", "DUBBEL"]
    assert by_day["do 26-11-2026"]["cells"][1] == {"name": "NIEMAND", "mark": "", "kind": "gap"}
    assert by_day["za 28-11-2026"]["closed"] == "geen openingsdag"
    assert told["gaps"] == [
        "Op wo 25-11-2026 heeft Dina Visser meer dan een pieper: p1 en p3",
        "Op do 26-11-2026 is p2 van niemand",
    ]
    (away,) = told["away"]
    assert away["told"] == "Bas Jansen is afwezig op do 26-11-2026, nog niemand vervangt"
    house.commands(h.Away, member="bas", first=date(2026, 11, 26), last=date(2026, 11, 26), replacement="",
                   withdrawn=True, **els)  # fmt: skip
    assert roster(seen_of(house))["away"] == []


def test_a_holiday_closes_and_says_which() -> None:
    house = DayHouse(day=date(2026, 12, 14))
    days = {day["on"]: day for day in roster(seen_of(house))["days"]}
    assert days["vr 25-12-2026"]["closed"] == "Kerstmis"
    english = {day["on"].split()[1]: day for day in roster(seen_of(house, language="en"))["days"]}
    assert english["25-12-2026"]["closed"] == "Christmas"


# --- the guided test --------------------------------------------------------------------------------------------------


def test_a_button_is_tested_from_the_choice_to_the_judgement() -> None:
    house = DayHouse(TESTED)
    assert (guide(seen_of(house))["phase"], guide(seen_of(house))["next"]["nr"]) == ("choose", 5)
    house.tests_button(5, by="els")
    waiting = guide(seen_of(house))
    assert (waiting["phase"], waiting["mine"]["place"]) == ("press", "Balie 1")
    assert waiting["mine"]["until_s"] == pytest.approx(seen_of(house).house_s + 30.0)
    house.press(5)
    assert guide(seen_of(house))["phase"] == "claim"
    assert list(signals(seen_of(house)).tones.values()) == ["test"]
    house.claims(5, by="els")
    house.wait(1)
    judging = guide(seen_of(house))
    assert judging["phase"] == "judge"
    assert {target["stage"] for target in judging["mine"]["targets"]} == {"shown"}
    assert "BALIE 1" in judging["mine"]["text"]
    assert signals(seen_of(house)).tones == {}
    house.judges(right=True, by="els")
    done = guide(seen_of(house))
    assert (done["phase"], done["ended"]["end"], done["next"]["nr"]) == ("choose", "right", 6)
    rows = {row["nr"]: row for row in due(seen_of(house))["rows"]}
    assert rows[5]["overdue"] is False
    assert rows[5]["last"]["by"] == "Els Smit"
    assert list(rows) == [6, 7, 9, 5], "those that are overdue stand first"
    house.ends()


def test_a_pager_that_shows_nothing_is_told() -> None:
    house = DayHouse(TESTED)
    house.failing["pager:p2"] = "the broker is away"
    house.tests_button(5, by="els")
    house.press(5)
    house.claims(5, by="els")
    house.wait(1)
    stages = {target["name"]: target for target in guide(seen_of(house))["mine"]["targets"]}
    failed = next(target for name, target in stages.items() if "p2" in name)
    assert failed["stage"] == "failed"
    assert "the broker is away" in failed["why"]


def test_a_press_that_nobody_claims_is_a_real_alarm_and_the_page_says_so() -> None:
    house = DayHouse(TESTED)
    house.tests_button(5, by="els")
    house.press(5)
    house.wait(11)
    told = guide(seen_of(house))
    assert told["phase"] == "alarm"
    assert told["ended"]["text"] == "Niemand bevestigde de druk: het is een ECHT ALARM."
    assert now(seen_of(house))["alarms"][0]["place"] == "Balie 1"
    house.lets_ring()


def test_an_alarm_elsewhere_breaks_the_test_off() -> None:
    house = DayHouse(TESTED)
    house.tests_button(5, by="els")
    house.press(6)
    house.wait(1)
    told = guide(seen_of(house))
    assert (told["phase"], told["ended"]["end"]) == ("alarm", "alarm")
    house.lets_ring()


def test_at_the_desk_of_the_alarm_nothing_is_seen_of_it() -> None:
    house = DayHouse(TESTED)
    at_the_desk = Viewer("a2", "Bas", frozenset({"coordinator"}), "bas")
    house.tests_button(5, by="bas")
    house.press(5)
    house.wait(11)
    seen = seen_of(house, at_the_desk)
    assert seen.discreet
    shown = repr((guide(seen), due(seen), now(seen)))
    assert "ALARM" not in shown
    assert (guide(seen)["phase"], guide(seen)["ended"]["text"]) == ("choose", "De test is voorbij.")
    assert "08:2" not in str([row["pressed"] for row in zenders(seen)["zenders"]])
    house.lets_ring()


def test_at_the_desk_of_an_alarm_the_light_tells_nothing_that_only_the_alarm_can_cause() -> None:
    house = DayHouse(TESTED)
    at_the_desk = Viewer("a2", "Bas", frozenset({"coordinator"}), "bas")
    before = now(seen_of(house, at_the_desk))
    house.hand_over_s = 0.3
    house.press(5)
    house.wait(2)
    assert any(fault.startswith("budget/") for fault in house.state.faults)
    assert now(seen_of(house, at_the_desk)) == before
    house.lets_ring()


def test_an_alarm_that_stood_there_before_the_desk_itself_was_pressed_stays() -> None:
    house = DayHouse(TESTED)
    at_the_desk = Viewer("a2", "Bas", frozenset({"coordinator"}), "bas")
    house.press(6)
    before = seen_of(house, at_the_desk)
    pressed = [row["pressed"] for row in zenders(before)["zenders"]]
    house.wait(5)
    house.press(5)
    after = seen_of(house, at_the_desk)
    assert [alarm["place"] for alarm in now(after)["alarms"]] == ["Balie 2"] and now(after) == now(before)
    assert [row["pressed"] for row in zenders(after)["zenders"]] == pressed
    house.lets_ring()


def test_of_somebody_elses_test_only_who_and_where_is_told() -> None:
    house = DayHouse(TESTED)
    house.tests_button(5, by="anna")
    told = guide(seen_of(house))
    assert (told["mine"], told["others"]) == (None, [{"who": "Anna de Vries", "zender": 5, "place": "Balie 1"}])
    assert guide(seen_of(house, replace(ELS, member="")))["can"] is False


def test_an_end_that_was_not_heard_is_not_taken_for_right() -> None:
    house = DayHouse(TESTED)
    house.tests_button(5, by="els")
    seen = seen_of(house)
    house.wait(31)
    heard_less = replace(seen.look, state=house.state)
    told = guide(replace(seen, look=heard_less, now=house.now))
    assert told["ended"]["end"] == "unheard"


def test_a_house_with_thousands_of_buttons_shows_those_that_are_next() -> None:
    many = replace(
        TESTED, zenders=tuple(replace(TESTED.zenders[0], nr=nr, place=f"Balie {nr}") for nr in range(1, 501))
    )
    told = due(seen_of(House(many)))
    assert (len(told["rows"]), told["more"], told["overdue"]) == (DUE_MAX, 500 - DUE_MAX, 500)


def test_of_two_accounts_of_a_test_the_one_with_its_end_holds() -> None:
    house = DayHouse(TESTED)
    house.tests_button(5, by="els")
    began = follow({}, house.all(f.ButtonTestBegan)[-1])
    house.wait(31)
    whole = follow(began, house.all(f.ButtonTestEnded)[-1])
    assert merged(began, whole) == whole == merged(whole, began)
    only_its_end = follow({}, house.all(f.ButtonTestEnded)[-1])
    assert only_its_end[5].end == "not pressed"
    house.tests_button(5, by="anna")
    newer = follow(whole, house.all(f.ButtonTestBegan)[-1])
    assert merged(whole, newer)[5].by == "anna"


# --- the pages by HTTP ------------------------------------------------------------------------------------------------

LOOKED_AT = [path for key, path in PAGES if key not in ("accounts", "devices")]


over_http = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """One site for all that only look."""
    async with morning_at(tmp_path_factory.mktemp("beheer")) as the_site:
        yield the_site


@asynccontextmanager
async def morning_at(folder: Path) -> AsyncIterator[Site]:
    house = DayHouse(TESTED)
    house.until("08:40")
    async with site(house, folder) as the_site:
        write_journal(folder / "state", house.lines)
        yield the_site


async def page(here: Site, path: str, token: str, **cookies: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=here.url, cookies={"achterwacht": token, **cookies}) as client:
        return await client.get(path)


@over_http
async def test_every_page_is_there_for_whoever_may_and_for_nobody_else(here: Site) -> None:
    tokens = {role: await here.token(role, name=role) for role in ROLES}
    for path in ("/beheer", *LOOKED_AT):
        for role, token in tokens.items():
            answer = await page(here, path, token)
            allowed = may(Viewer("x", "x", frozenset({role})), f"GET {path}")
            assert answer.status_code in ((200, 303) if allowed else (403,)), f"{role} {path}"
            if answer.status_code == 200:
                assert "Stand van" in answer.text or path == "/beheer/knoptest"
    assert [key for key, _ in menu(Viewer("x", "x", frozenset({"reception"})))] == ["roster", "button_test"]
    assert [key for key, _ in menu(Viewer("x", "x", frozenset({"supervisor"})))] == ["roster"]
    assert menu(None) == []


@over_http
async def test_without_a_login_there_is_nothing(here: Site) -> None:
    for path in LOOKED_AT:
        assert (await page(here, path, "nobody")).status_code in (303, 401), path


@over_http
@pytest.mark.parametrize("language", ["nl", "en"])
async def test_each_page_is_whole_in_both_languages(here: Site, language: str) -> None:
    token = await here.token("coordinator", member="els")
    for path in LOOKED_AT:
        answer = await page(here, path, token, taal=language)
        assert answer.status_code == 200
        assert f'lang="{language}"' in answer.text
        assert ("Mensen" in answer.text) == (language == "nl")


@over_http
async def test_a_page_that_has_lost_the_daemon_says_so_loudly(tmp_path: Path) -> None:
    async with morning_at(tmp_path) as here:
        token = await here.token("coordinator", member="els")
        here.app.state.house._lost("the daemon was stopped")
        for path in LOOKED_AT:
            text = (await page(here, path, token)).text
            if path != "/beheer/knoptest":  # its live part says it
                assert 'class="loud stack" role="alert"' in text, path
                assert "wordt niet gehoord sinds" in text, path
        text = (await page(here, "/beheer/zenders", token)).text
        assert "works--yes" not in text
        assert "works--unknown" in text


@over_http
async def test_what_people_write_is_text(tmp_path: Path) -> None:
    async with morning_at(tmp_path) as here:
        evil, house = "<script>alert(1)</script>", here.house
        assert isinstance(house, DayHouse)
        house.adopt(replace(house.plan, zenders=(replace(house.plan.zenders[0], place=evil, room=evil),)))
        house.commands(h.Swap, pager="p3", on=date(2026, 11, 25), member="anna", by="els")
        house.wait(1)
        here.tell()
        follower = here.app.state.house
        await here.until(lambda: follower.look.n == here.told_n and follower.look.people)
        follower._show(people={**follower.look.people, "anna": Person("anna", evil, evil)})
        write_journal(here.app.state.settings.state, house.lines)
        token = await here.token("coordinator", member="els", name=evil)
        for path in LOOKED_AT:
            text = (await page(here, path, token)).text
            assert evil not in text, path
        assert "&lt;script&gt;" in (await page(here, "/beheer/zenders", token)).text


@over_http
async def test_nonsense_in_an_address_is_a_whole_page(here: Site) -> None:
    token = await here.token("coordinator", member="els")
    for path in ("rooster?weken=x", "rooster?weken=99999999", "rooster?weken=0", "rooster?weken=-4", "journaal?voor=²",
                 "journaal?voor=999999999999999999999", "gedaan?voor=-1", "journaal?voor=0"):  # fmt: skip
        assert (await page(here, f"/beheer/{path}", token)).status_code == 200, path
    assert "weken" in (await page(here, "/beheer/rooster?weken=8", token)).text


@over_http
async def test_who_is_nobody_in_the_plan_is_told_why_there_are_no_forms(here: Site) -> None:
    text = (await page(here, "/beheer/rooster", await here.token("coordinator", name="nobody"))).text
    assert "Uw account hoort bij niemand in het plan" in text
    assert "/do/swap" not in text
    text = (await page(here, "/beheer/rooster", await here.token("supervisor", member="fred"))).text
    assert "Ruilen en afwezig melden doen" in text


@over_http
async def test_about_tells_both_versions_and_what_is_not_known(here: Site) -> None:
    token = await here.token("admin", member="els")
    text = (await page(here, "/beheer/over", token)).text
    assert "<dd>test</dd>" in text, "the house's own version"
    assert "LET OP: dashboard en Achterwacht hebben niet dezelfde versie" in text
    assert str(here.app.state.settings.state) in text


def test_a_certificate_tells_until_when_it_is_good(tmp_path: Path) -> None:
    house = House()
    made = make_certificate(tmp_path, ["achterwacht.example"], house.now.at)
    told = certificate_told(seen_of(house), made.certificate)
    assert told["key"] == "admin.about.certificate.value"
    assert re.fullmatch(r"\d\d-\d\d-20\d\d", told["last"])
    house.wait(3600)
    late = replace(seen_of(house), now=replace(house.now, at=house.now.at + timedelta(days=4000)))
    assert certificate_told(late, made.certificate)["key"] == "admin.about.certificate.over"
    (tmp_path / "no.pem").write_text("this is no certificate")
    assert certificate_told(late, tmp_path / "no.pem")["key"] == "admin.about.certificate.unreadable"
    assert certificate_told(late, tmp_path / "gone.pem")["key"] == "admin.about.certificate.unreadable"


def test_every_page_of_the_menu_stands_in_the_table() -> None:
    assert all(f"GET {path}" in TABLE for _, path in PAGES)
