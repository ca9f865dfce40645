"""The reception board in Chromium: what a tired eye sees across the room, and what a hand presses."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from achterwacht.core import heard as h
from achterwacht.core.facts import AlarmClosed
from achterwacht.core.plan import APP, Member, Zender
from dashboard_site import Site, site
from house import TOWN_HALL, House

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCREEN = ViewportSize(width=1366, height=768)
NARROW = ViewportSize(width=320, height=700)
PLACES = {nr: f"Spreekkamer {nr}" for nr in range(1, 5)} | {nr: f"Balie {nr - 4}" for nr in range(5, 9)}
PLACES |= {9: "Receptie", 10: "Balie 5", 11: "Balie 6"}
PLAN = replace(
    TOWN_HALL,
    zenders=tuple(
        Zender(nr, place, screens=("receptie",) if nr == 9 else (), staff=("gerda",) if nr == 7 else ())
        for nr, place in PLACES.items()
    ),
)


def awake(plan: Any = PLAN) -> House:
    """A house of which everything was heard."""
    house = House(plan, supervised=True)
    house.wait(20)
    return house


@asynccontextmanager
async def board(
    chromium: Browser, here: Site, screen: str = "", size: ViewportSize = SCREEN, **context: Any
) -> AsyncIterator[Page]:
    """The board, logged in as Els of the reception; nothing in it may break."""
    opened = await chromium.new_context(viewport=size, **context)
    await opened.add_cookies([here.cookie(await here.token("reception", member="els", screen=screen))])
    page = await opened.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda said: broken.append(said.text) if said.type == "error" else None)
    await page.goto(f"{here.url}/receptie")
    await expect(page.locator("[data-part=light]")).to_contain_text("Raadhuis")
    yield page
    await opened.close()
    assert broken == []


async def violations(page: Page) -> str:
    """What axe finds; empty for nothing."""
    results = await Axe().run(page)
    return results.generate_report() if results.violations_count else ""


async def fits(page: Page) -> bool:
    """Whether the whole page is on the screen."""
    return bool(
        await page.evaluate(
            "document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth"
        )
    )


async def test_in_peace_it_is_one_calm_screen(chromium: Browser, tmp_path: Path) -> None:
    async with site(awake(), tmp_path) as here, board(chromium, here) as page:
        await expect(page.locator("article")).to_have_count(0)
        await expect(page.locator("[data-floor] .mark--ready")).to_have_count(11)
        await expect(page.locator("[data-clock]")).to_contain_text(":")
        assert await fits(page)


async def test_a_board_that_hears_nothing_says_so(chromium: Browser, tmp_path: Path) -> None:
    async with site(awake(), tmp_path) as here:
        context = await chromium.new_context(viewport=SCREEN)
        await context.add_cookies([here.cookie(await here.token("reception", member="els"))])
        page = await context.new_page()
        await page.route_web_socket("**/live/**", lambda ws: None)  # open, and silent
        await page.goto(f"{here.url}/receptie")
        await expect(page.locator("#stale")).to_be_visible()
        await expect(page.locator("[data-part=light]")).to_contain_text("onbekend")
        await expect(page.locator(".mark--unknown")).to_have_count(11)
        await context.close()


async def test_a_press_is_the_place_and_an_answer_is_a_name(chromium: Browser, tmp_path: Path) -> None:
    house = awake()
    async with site(house, tmp_path) as here, board(chromium, here) as page:
        house.press(7)
        house.wait(2)
        here.tell()
        await expect(page.get_by_role("heading", name="Balie 3")).to_be_visible()
        await expect(page.locator("#zender-7")).to_have_class("mark mark--alarm pulse")
        await expect(page).to_have_title("● ALARM Balie 3")
        await expect(page.locator(".since b")).to_have_text(re.compile(r"^0:(0[2-9]|1\d)$"))  # it counts
        await expect(page.locator("[data-part=pagers]")).to_be_hidden()  # nothing else, unless somebody asks for it
        assert await fits(page)
        await page.get_by_label("toon ook piepers en storingen").check()
        await expect(page.locator("[data-part=pagers]")).to_be_visible()

        # Els hears Anna call out that she is coming.
        await page.get_by_label("Namens").select_option("anna")
        await page.get_by_role("button", name="komt eraan").click()
        await expect(page.locator(".people")).to_contain_text("Anna de Vries komt eraan")
        assert house.state.alarm_on(7).responders["anna"].answer == "coming"  # type: ignore[union-attr]

        # All is well, and that needs a reason.
        await page.get_by_text("Veilig melden").click()
        await page.get_by_role("button", name="sluit het alarm van Balie 3").click()
        assert house.state.alarm_on(7) is not None  # the browser asks for the reason
        await page.get_by_label("Waarom is het veilig?").fill("bezoeker is weg")
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-part=notes]")).to_contain_text("Het alarm van Balie 3 is gesloten")
        await expect(page).to_have_title("Receptie · Achterwacht")
        await page.get_by_role("button", name="toch niet veilig").click()
        await expect(page.get_by_role("heading", name="Balie 3")).to_be_visible()


async def test_112_is_called_by_a_person_with_the_words_at_hand(chromium: Browser, tmp_path: Path) -> None:
    house = awake()
    async with site(house, tmp_path) as here, board(chromium, here) as page:
        house.press(7)
        house.wait(2)
        here.tell()
        await page.get_by_text("112: wat u zegt").click()
        await expect(page.locator(".script")).to_contain_text("Raadhuisplein 1")
        house.wait(5)
        house.says("cor", "coming")
        here.tell()
        await expect(page.locator(".people")).to_contain_text("Cor Bakker")
        await expect(page.locator(".script")).to_be_visible()  # what somebody has opened stays open
        house.wait(60)
        here.tell()
        await expect(page.get_by_role("heading", name="112 bellen")).to_be_visible()
        assert await page.get_by_role("link", name="bel 112").get_attribute("href") == "tel:112"
        assert await fits(page)
        assert await violations(page) == ""
        await page.get_by_role("button", name="112 gebeld").click()
        await expect(page.get_by_text("112 is gebeld. Vang de politie op")).to_be_visible()


async def test_of_several_alarms_all_are_seen(chromium: Browser, tmp_path: Path) -> None:
    house = awake()
    async with site(house, tmp_path) as here, board(chromium, here) as page:
        house.press(7)
        house.wait(5)
        here.tell()
        await expect(page.get_by_role("button", name="komt eraan")).to_be_visible()
        house.press(5)
        here.tell()
        first, second = page.get_by_role("heading", name="Balie 3"), page.get_by_role("heading", name="Balie 1")
        await expect(first).to_be_in_viewport(ratio=1)
        await expect(second).to_be_in_viewport(ratio=1)
        left, right = await first.bounding_box(), await second.bounding_box()
        assert left and right and left["x"] < right["x"]  # oldest left
        assert await fits(page)
        for nr in (1, 2, 3, 4):
            house.press(nr)
        here.tell()
        for nr in (7, 5, 1, 2, 3, 4):
            await expect(page.get_by_role("heading", name=PLACES[nr], exact=True)).to_be_in_viewport(ratio=1)


async def test_who_is_writing_goes_on_whatever_else_happens(chromium: Browser, tmp_path: Path) -> None:
    house = awake()
    async with site(house, tmp_path) as here, board(chromium, here) as page:
        first = house.press(7)
        house.says("cor", "on_scene", incident=first)
        here.tell()
        await page.get_by_text("Veilig melden").click()
        by, reason = page.locator(f"#close-{first} select"), page.locator(f"#close-{first} [name=reason]")
        await by.select_option("cor")
        await reason.fill("bezoeker")
        house.says("anna", "on_scene", incident=first)  # she may close it as well now, and stands before him
        here.tell()
        await expect(by.locator("option")).to_have_text(["wie?", "Anna de Vries", "Cor Bakker", "Els Smit"])
        await expect(by).to_have_value("cor")
        house.press(5)
        here.tell()
        await expect(page.get_by_role("heading", name="Balie 1")).to_be_visible()
        await expect(reason).to_be_focused()
        await page.keyboard.type(" is weg")
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-part=notes]")).to_contain_text("Het alarm van Balie 3 is gesloten")
        closed = house.all(AlarmClosed)[-1]
        assert (closed.by, closed.reason) == ("cor", "bezoeker is weg")


async def test_the_next_alarm_takes_nothing_from_under_a_hand(chromium: Browser, tmp_path: Path) -> None:
    """Neither the name that was chosen, nor the button that is held down; nor the name of who called 112."""
    house = awake()
    async with site(house, tmp_path) as here, board(chromium, here) as page:
        first = house.press(7)
        house.says("anna", "need_112", incident=first)
        here.tell()
        whose = page.locator(f"#incident-{first}").get_by_label("Namens")
        caller = page.locator(f"#help-of-{first} select")
        coming = page.locator(f"#incident-{first}").get_by_role("button", name="komt eraan")
        await whose.select_option("cor")
        await caller.select_option("fred")
        held = await coming.element_handle()
        await coming.hover()
        await expect(coming).not_to_have_attribute("data-settling", "")
        await page.mouse.down()
        for others in ((5,), (1, 2)):
            for nr in others:
                house.press(nr)
            here.tell()
            await expect(page.get_by_role("heading", name=PLACES[others[-1]], exact=True)).to_be_visible()
            await expect(whose).to_have_value("cor")
            await expect(caller).to_have_value("fred")
            await expect(coming).to_be_visible()
            await expect(caller).to_be_visible()
            assert await coming.evaluate("(now, held) => now === held", held)
        await page.mouse.up()


async def test_at_a_desk_in_alarm_nothing_is_seen(chromium: Browser, tmp_path: Path) -> None:
    house = awake()
    async with site(house, tmp_path) as here, board(chromium, here, screen="receptie") as page:
        await expect(page.locator(".neutral")).to_have_text("Dagbericht: gereed")
        before = await page.locator("main").inner_text()
        house.press(9)
        house.wait(2)
        here.tell()
        await expect(page.locator(".neutral")).to_have_text("Dagbericht: verstuurd")
        after = await page.locator("main").inner_text()
        assert after == before.replace("gereed", "verstuurd")
        await expect(page).to_have_title("Receptie · Achterwacht")


async def test_a_drill_is_begun_here_and_nothing_lies_over_an_alarm(chromium: Browser, tmp_path: Path) -> None:
    house = awake()
    async with site(house, tmp_path) as here, board(chromium, here) as page:
        await page.get_by_role("button", name="oefenen").click()
        await page.get_by_label("bij").select_option("6")
        await page.get_by_role("button", name="begin nu").click()
        await expect(page.locator("article")).to_contain_text("OEFENING")
        await expect(page.locator("[data-part=pagers]")).to_be_visible()
        assert await violations(page) == ""
        await expect(page.locator("#practice")).to_be_visible()
        house.press(7)
        house.wait(1)
        here.tell()
        await expect(page.get_by_role("heading", name="Balie 3")).to_be_visible()
        await expect(page.locator("#practice")).to_be_hidden()
        await expect(page.locator("article")).to_have_count(1)  # the drill has made way


async def test_it_speaks_english_too(chromium: Browser, tmp_path: Path) -> None:
    async with site(awake(), tmp_path) as here, board(chromium, here) as page:
        await page.get_by_role("button", name="English").click()
        await expect(page.locator("[data-part=faults]")).to_contain_text("Faults")
        assert await page.locator("html").get_attribute("lang") == "en"
        await expect(page.locator("[data-clock]")).to_contain_text("Sat 21 Nov")  # as it is written here
        assert page.url == f"{here.url}/receptie"
        await page.get_by_role("button", name="Nederlands").click()
        await expect(page.locator("[data-part=faults]")).to_contain_text("Storingen")


@pytest.mark.parametrize("elsewhere", ["//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example/", ""])
async def test_choosing_a_language_leads_nowhere_else(chromium: Browser, tmp_path: Path, elsewhere: str) -> None:
    async with site(House(), tmp_path) as here:
        context = await chromium.new_context()
        answer = await context.request.post(
            f"{here.url}/taal", form={"taal": "en", "back": elsewhere}, headers={"Origin": here.url}, max_redirects=0
        )
        assert answer.headers.get("location", "/") == "/" and answer.status in (303, 422)
        await context.close()


async def test_on_a_telephone_and_in_the_dark_it_reads_as_well(chromium: Browser, tmp_path: Path) -> None:
    house = awake()
    looks: dict[str, Any] = {"color_scheme": "dark", "reduced_motion": "reduce", "size": NARROW}
    async with site(house, tmp_path) as here, board(chromium, here, **looks) as page:
        house.press(3)
        house.wait(61)
        here.tell()
        await expect(page.get_by_role("heading", name="Spreekkamer 3")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # down, never sideways


async def test_the_houses_own_drawing_is_used_and_no_zender_is_lost(chromium: Browser, tmp_path: Path) -> None:
    drawing = tmp_path / "ours.svg"
    drawing.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 200"><script>document.title = "x"</script>'
        '<g transform="translate(100 50)"><rect id="zender-7" width="40" height="40" onclick="x()"/></g></svg>'
    )
    house = awake(replace(PLAN, zenders=(Zender(7, "Balie 3"), Zender(5, "<script>alert(1)</script>"))))
    async with site(house, tmp_path, floor_plan=drawing) as here, board(chromium, here) as page:
        await expect(page.locator("[data-floor-more]")).to_contain_text("<script>alert(1)</script> (zender 5): rustig")
        house.press(7)
        here.tell()
        plate, shape = page.locator(".plate--alarm"), page.locator("#zender-7")
        await expect(plate).to_contain_text("ALARM")
        at, of = await plate.bounding_box(), await shape.bounding_box()
        assert at and of
        middle = at["x"] + at["width"] / 2
        assert of["x"] < middle < of["x"] + of["width"]  # it stands on its own shape


async def test_a_long_list_of_people_and_places_breaks_nothing(chromium: Browser, tmp_path: Path) -> None:
    members = tuple(Member(f"lid-{nr}") for nr in range(20))
    place = "Wachtruimte Werk en Inkomen, verdieping 2"[:40]
    house = awake(replace(PLAN, zenders=(Zender(7, place),), members=(*PLAN.members, *members)))
    async with site(house, tmp_path) as here, board(chromium, here) as page:
        house.press(7)
        for member in members:
            house.says(member.id, "coming")
        here.tell()
        await expect(page.locator(".people li")).to_have_count(20)
        await expect(page.get_by_role("heading", name=place)).to_be_in_viewport(ratio=1)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_open_board_is_rung_and_says_what_it_shows(chromium: Browser, tmp_path: Path) -> None:
    house = awake(replace(PLAN, members=tuple(replace(member, ways=(APP,)) for member in PLAN.members)))
    async with site(house, tmp_path) as here, board(chromium, here) as page:
        await here.until(lambda: here.pages == ("els",), "the daemon knows whose page is open")
        house.tests("app:els", by="els")
        here.tell()
        await here.until(lambda: house.state.tests["app:els"].stage == "shown", "the test is shown")
        await expect(page.locator("[data-part=notes]")).to_contain_text("TEST van deze pagina")
        incident = house.press(7)
        house.wait(31)  # the third step rings the reception
        here.tell()
        await here.until(lambda: house.state.alarms[incident].rings["app:els"].stage == "shown", "shown")


async def test_beside_an_alarm_nothing_is_green_and_no_word_hides_it(chromium: Browser, tmp_path: Path) -> None:
    house = awake()
    async with site(house, tmp_path) as here, board(chromium, here) as page:
        await expect(page.locator(".light--ready")).to_be_visible()
        house.press(7)
        house.hear(h.Trouble("broker/link", "no answer"))  # of the others nothing is known
        here.tell()
        await expect(page.locator(".light--ready")).to_be_hidden()
        plates = page.locator(".plate")
        await expect(plates).to_have_count(11)
        await expect(plates.last).to_contain_text("ALARM")  # it lies over the others
        near = page.locator(".plate--unknown").filter(has_text="onbekend")
        assert await near.count() < 10  # words that would touch are left out; the sign stays
