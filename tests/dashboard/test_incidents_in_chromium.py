"""The pages of incidents in Chromium: from the list to one, to its form, to paper; and what is live on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect

from dashboard_site import Site, site
from house import TOWN_HALL, House
from terminal import write

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAPER_PX = {"width": 794, "height": 1123}
"""A4, as Chromium lays it out."""
NARROW_PX = {"width": 320, "height": 640}


def night() -> House:
    """One that is over, a drill, and one that is open."""
    house = House(replace(TOWN_HALL, language="nl"))
    house.failing["phone:dina"] = "no phone registered"
    house.hand_over_s = 0.1
    house.press(7)
    house.wait(20)
    house.says("anna", "coming")
    house.says("anna", "on_scene")
    house.says("anna", "need_112")
    house.wait(5)
    house.says("els", "called_112")
    house.says("els", "all_clear", "bezoeker is weg")
    house.wait(700)
    house.practises(9)
    house.wait(3)
    house.stops_practising()
    house.wait(700)
    house.press(6)
    house.wait(2)
    return house


@asynccontextmanager
async def opened(chromium: Browser, folder: Path, house: House) -> AsyncIterator[tuple[Site, BrowserContext, Page]]:
    """The list, as a supervisor sees it."""
    (folder / "state").mkdir()
    await write(folder / "state", house.lines)
    async with site(house, folder) as here:
        await here.until(lambda: here.app.state.archive.shelf.whole)
        context = await chromium.new_context()
        await context.add_cookies([here.cookie(await here.token("supervisor", member="fred"))])
        page = await context.new_page()
        await page.goto(f"{here.url}/meldingen")
        yield here, context, page
        await context.close()


async def test_from_the_list_to_one_to_its_form_to_paper(chromium: Browser, tmp_path: Path) -> None:
    async with opened(chromium, tmp_path, night()) as (_, _, page):
        await page.get_by_role("link", name="2026-001").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Melding 2026-001: Balie 3 (zender 7)")
        await expect(page.get_by_role("table", name="Hoe snel het ging")).to_contain_text("TE TRAAG: 0,10 s")
        reached = page.get_by_role("table", name="Wie werd opgeroepen, en hoe ver dat kwam")
        await expect(reached.get_by_role("row", name="telefoon van Dina Visser")).to_contain_text("mislukt")
        await page.get_by_role("link", name="Concept van het meldingsformulier").click()
        form = page.get_by_role("article")
        await expect(form.get_by_role("heading", level=1)).to_have_text("Concept-melding agressie 2026-001")
        await expect(form.get_by_role("img", name="aangekruist", exact=True)).to_have_count(4)

        await page.evaluate("window.print = () => { document.body.dataset.printed = 'yes' }")
        await page.get_by_role("button", name="Afdrukken").click()
        await expect(page.locator("body")).to_have_attribute("data-printed", "yes")

        await page.emulate_media(media="print")
        await page.set_viewport_size(PAPER_PX)  # type: ignore[arg-type]
        for gone in ("nav", "[data-part=open]", "[data-print]", "#said"):
            await expect(page.locator(gone).first).to_be_hidden()
        await expect(form.get_by_text("Raadhuis, Raadhuisplein 1")).to_be_visible()
        await expect(form.get_by_role("table")).to_contain_text("2026-11-21T09:00:20.000Z")
        colours = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
        assert await form.evaluate(colours) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
        paper = await page.pdf(prefer_css_page_size=True)
        assert paper.startswith(b"%PDF")
        assert paper.count(b"/Type /Page\n") == 2, "the form on one page, its annex on the next"


async def test_what_is_open_comes_and_goes_by_itself(chromium: Browser, tmp_path: Path) -> None:
    house = night()
    async with opened(chromium, tmp_path, house) as (here, _, page):
        live = page.locator("[data-part=open]")
        await expect(live).to_contain_text("OPEN: Balie 2")
        await expect(live).to_contain_text("onderweg of ter plaatse: 0")
        house.says("anna", "coming")
        house.wait(0.1)
        here.tell()
        await expect(live).to_contain_text("onderweg of ter plaatse: 1")
        await live.get_by_role("link", name="Balie 2").click()
        await expect(page.locator("main")).to_contain_text("Deze melding is nog open.")
        house.says("els", "all_clear", "weg")
        house.wait(0.1)
        here.tell()
        await expect(live).to_have_text("")


async def test_the_pages_are_for_everybody(chromium: Browser, tmp_path: Path) -> None:
    """One that is open, a drill, and none: in both languages, light and dark, and on a narrow screen. The others are
    test_every_page.py's."""
    async with opened(chromium, tmp_path, night()) as (here, context, page):
        (drill,) = here.app.state.archive.shelf.drills
        paths = ("/2026-002", f"/{drill.incident}", "/nergens")
        await page.set_viewport_size(NARROW_PX)  # type: ignore[arg-type]
        for path, (language, scheme) in zip(paths, cycle((("nl", "light"), ("en", "dark"))), strict=False):
            await context.add_cookies([{"name": "taal", "value": language, "url": here.url}])
            await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            await page.goto(f"{here.url}/meldingen{path}")
            await expect(page.locator("html")).to_have_attribute("lang", language)
            found = await Axe().run(page)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
            assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW_PX["width"], path
