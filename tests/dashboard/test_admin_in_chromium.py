"""/beheer in Chromium: the guided test from the choice to the judgement, swaps, a dead daemon; and for everybody."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from achterwacht.core.plan import Morning
from dashboard_site import Site, site
from day_house import BY_DAY, DayHouse

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def opened(chromium: Browser, here: Site, path: str, width: int = 1280) -> AsyncIterator[Page]:
    """A page of /beheer, as Els sees it."""
    token = await here.token("reception", "coordinator", "admin", member="els")
    context = await chromium.new_context(viewport={"width": width, "height": 800})
    await context.add_cookies([here.cookie(token)])
    page = await context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    await page.goto(f"{here.url}{path}")
    yield page
    await context.close()
    assert wrong == []


async def finds_nothing(page: Page) -> None:
    """axe does. What is old is grey on purpose: on a busy machine the page may hear nothing for a moment."""
    for _ in range(5):
        await expect(page.locator("html")).not_to_have_attribute("data-stale", "")
        results = await Axe().run(page)
        if not await page.locator("html[data-stale]").count():
            break
    assert results.violations_count == 0, f"{page.url}: {results.generate_report()}"


async def test_els_tests_a_button_and_goes_to_the_next(chromium: Browser, tmp_path: Path) -> None:
    house = DayHouse(replace(BY_DAY, morning=Morning(button_test_days=31)))
    async with site(house, tmp_path) as here, opened(chromium, here, "/beheer/knoptest", 360) as page:
        guide = page.locator("[data-part=guide]")
        await expect(guide).to_contain_text("Aan de beurt: zender 5, Balie 1")
        await guide.get_by_role("button").click()
        await expect(guide).to_contain_text("Loop naar Balie 1 (zender 5) en druk op de knop")
        await expect(guide.locator("[data-until-s]")).to_have_text(
            re.compile(r"^0:[12]\d$")
        )  # half a minute, and it counts
        await expect(guide).to_be_in_viewport()
        house.press(5)
        here.tell()
        await expect(guide).to_contain_text("GEDRUKT. Was u dat?")
        await expect(guide.get_by_role("alert")).to_contain_text("ECHT ALARM over")
        await guide.get_by_role("button", name="Ja, dat was ik").click()
        await expect(guide).to_contain_text("staat daar de juiste plaats?")
        house.wait(1)
        here.tell()
        await expect(guide.locator("li").filter(has_text="getoond")).to_have_count(3)
        await guide.get_by_role("button", name="Ja, juist").click()
        await expect(guide).to_contain_text("In orde: de juiste plaats werd getoond.")
        await expect(guide).to_contain_text("Aan de beurt: zender 6, Balie 2")
        due = page.locator("[data-part=due]")
        await expect(due.locator("tr", has_text="Balie 1")).to_contain_text("Els Smit: in orde")
        await expect(due).to_contain_text("Te laat: 3 van 4")
        house.ends()


async def test_who_says_nothing_is_told_that_it_is_a_real_alarm(chromium: Browser, tmp_path: Path) -> None:
    house = DayHouse(replace(BY_DAY, morning=Morning(button_test_days=31)))
    async with site(house, tmp_path) as here, opened(chromium, here, "/beheer/knoptest") as page:
        await page.get_by_label("Een andere knop").select_option("6")
        await page.get_by_role("button", name="Begin", exact=True).click()
        guide = page.locator("[data-part=guide]")
        await expect(guide).to_contain_text("Loop naar Balie 2")
        house.press(6)
        house.wait(11)
        here.tell()
        await expect(guide).to_contain_text("Niemand bevestigde de druk: het is een ECHT ALARM.")
        await expect(page.locator("[data-part=now]")).to_contain_text("ALARM: Balie 2")
        await finds_nothing(page)
        house.lets_ring()


async def test_a_swap_and_an_absence_show_at_once_and_can_be_taken_back(chromium: Browser, tmp_path: Path) -> None:
    house = DayHouse()
    async with site(house, tmp_path) as here, opened(chromium, here, "/beheer/rooster") as page:
        await page.get_by_label("dag van de ruil").fill("2026-11-24")
        await page.get_by_label("wie draagt hem").select_option("dina")
        await page.get_by_role("button", name="Ruil", exact=True).click()
        await expect(page.locator("tr", has_text="di 24-11-2026")).to_contain_text("Dina Visser geruild")
        await page.get_by_label("wie is afwezig").select_option("bas")
        await page.get_by_label("eerste dag").fill("2026-11-26")
        await page.get_by_label("laatste dag").fill("2026-11-27")
        await page.get_by_role("button", name="Meld afwezig").click()
        await expect(page.locator("[data-fresh=roster]")).to_contain_text("Op do 26-11-2026 is p2 van niemand")
        await expect(page.get_by_label("eerste dag")).to_have_value("2026-11-26")  # what is filled in stays
        await page.get_by_role("button", name="Intrekken").click()
        await expect(page.locator("[data-fresh=roster]")).to_contain_text("Niemand is afwezig gemeld.")
        await expect(page.locator("[data-fresh=roster]")).not_to_contain_text("p2 van niemand")


async def test_a_test_of_a_telephone_shows_how_far_it_came(chromium: Browser, tmp_path: Path) -> None:
    house = DayHouse()
    async with site(house, tmp_path) as here, opened(chromium, here, "/beheer/telefoons") as page:
        row = page.locator("tr", has_text="Anna de Vries")
        await expect(row).to_contain_text("nooit")
        await row.get_by_role("button").click()
        await expect(row).to_contain_text("overgedragen, niet ontvangen")


async def test_no_page_looks_fine_without_the_daemon(chromium: Browser, tmp_path: Path) -> None:
    house = DayHouse(replace(BY_DAY, morning=Morning(button_test_days=31)))
    async with site(house, tmp_path) as here, opened(chromium, here, "/beheer/zenders") as page:
        light = page.locator("[data-part=now]")
        await expect(light).to_have_text("Gereedheid: alles werkt", use_inner_text=True)
        await expect(page.locator("tbody tr").first).to_contain_text("ja")
        here.app.state.house._lost("the daemon was stopped")
        await expect(page.locator("#stale")).to_contain_text("Verbinding weg")
        await expect(light).to_have_text("Gereedheid: onbekend", use_inner_text=True)
        await page.reload()
        await expect(page.locator(".loud")).to_contain_text("Achterwacht wordt niet gehoord")
        await expect(page.locator("tbody tr").first).to_contain_text("onbekend")
        await page.goto(f"{here.url}/beheer/knoptest")
        await expect(page.locator("[data-part=guide]")).to_contain_text("er kan geen knop getest worden")
