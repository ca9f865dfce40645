"""What is heard on a page, in Chromium: which tone plays when, and that a device which cannot sound says so."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from dashboard_site import Site, hears_nothing_for_long, site
from house import House
from team_house import APP_HALL

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Notes every tone that was heard, however short.
NOTE_TONES = """
window.heard = [];
new MutationObserver(() => {
    const tone = document.documentElement.dataset.tone;
    if (tone && tone !== window.heard.at(-1)) window.heard.push(tone);
    document.documentElement.dataset.heard = window.heard.join(" ");
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-tone"] });
"""


@asynccontextmanager
async def page_of(chromium: Browser, here: Site, member: str, started: bool = True) -> AsyncIterator[Page]:
    context = await chromium.new_context(viewport={"width": 412, "height": 915}, has_touch=True)
    try:
        await context.add_init_script(NOTE_TONES)
        await context.add_cookies([here.cookie(await here.token("team", member=member))])
        page = await context.new_page()
        await page.goto(f"{here.url}/team")
        await expect(page.locator("[data-part=duty] h2").first).to_be_visible()
        if started:
            await page.get_by_role("button", name="Start dienst").tap()
            await expect(page.locator("html")).to_have_attribute("data-sound", "on")
        yield page
    finally:
        await context.close()


async def sounds(page: Page, tone: str, state: str = "on") -> None:
    await expect(page.locator("html")).to_have_attribute("data-tone", tone)
    await expect(page.locator("html")).to_have_attribute("data-sound", state)


async def test_a_device_that_nobody_has_started_says_so_also_in_an_alarm(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with site(house, tmp_path) as here, page_of(chromium, here, "anna", started=False) as page:
        warning = page.get_by_text("Geluid staat uit: tik op Start dienst")
        await expect(warning).to_be_visible()
        striped = re.compile("repeating-linear-gradient")  # a fault: red is the alarm itself
        await expect(page.locator(".sound .off").first).to_have_css("background-image", striped)
        await expect(warning.locator("svg")).to_be_visible()
        house.press(7)
        house.wait(1)
        here.tell()
        await expect(page.get_by_role("heading", name="Balie 3")).to_be_visible()
        await expect(warning).to_be_visible()
        await sounds(page, "", "locked")

        await page.get_by_role("button", name="Start dienst").tap()
        await sounds(page, "alarm")
        await expect(warning).to_be_hidden()
        assert await page.evaluate("window.heard") == ["alarm"], "no test holds it up"


async def test_who_starts_hears_that_it_works(chromium: Browser, tmp_path: Path) -> None:
    async with site(House(APP_HALL), tmp_path) as here, page_of(chromium, here, "anna") as page:
        await expect(page.locator("html")).to_have_attribute("data-heard", "test")
        await sounds(page, "")


async def test_a_browser_that_takes_the_sound_away_is_shown(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with site(house, tmp_path) as here:
        context = await chromium.new_context()
        await context.add_init_script(
            "window.AudioContext = class extends AudioContext { constructor() { super(); window.theirs = this; } };"
        )
        await context.add_cookies([here.cookie(await here.token("team", member="anna"))])
        page = await context.new_page()
        await page.goto(f"{here.url}/team")
        await page.get_by_role("button", name="Start dienst").click()
        await expect(page.locator("html")).to_have_attribute("data-sound", "on")
        await page.evaluate("window.theirs.suspend()")
        await expect(page.get_by_text("Geluid staat uit")).to_be_visible()
        await page.get_by_role("button", name="Start dienst").click()
        await expect(page.get_by_text("Geluid staat uit")).to_be_hidden()
        # One that says it runs, and stands still.
        await page.evaluate("Object.defineProperty(window.theirs, 'currentTime', { value: 1 })")
        await expect(page.get_by_text("Dit toestel speelt geen geluid")).to_be_visible()
        await expect(page.locator("html")).to_have_attribute("data-sound", "failed")
        await context.close()


async def test_what_is_silenced_here_does_not_silence_the_next_alarm(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with (
        site(house, tmp_path) as here,
        page_of(chromium, here, "anna") as anna,
        page_of(chromium, here, "cor") as cor,
    ):
        house.press(7)
        house.wait(1)
        here.tell()
        await sounds(anna, "alarm")
        await anna.get_by_role("button", name="Stil op dit toestel").tap()
        await sounds(anna, "", "silenced")
        await expect(anna.get_by_text("Alarm is stil op dit toestel")).to_be_visible()
        await sounds(cor, "alarm")

        house.wait(31)  # the ladder climbs, and rings again
        here.tell()
        await sounds(anna, "", "silenced")

        house.press(6)
        house.wait(1)
        here.tell()
        await sounds(anna, "alarm", "silenced")
        await anna.get_by_role("button", name="Stil op dit toestel").tap()
        await sounds(anna, "", "silenced")

        house.press(7)  # and pressed again it is a new one, too
        house.wait(1)
        here.tell()
        await sounds(anna, "alarm", "silenced")
        await anna.get_by_role("button", name="Stil op dit toestel").tap()
        await anna.reload()
        await anna.get_by_role("button", name="Start dienst").tap()
        await sounds(anna, "", "silenced")
        await anna.get_by_role("button", name="Weer laten klinken").tap()
        await sounds(anna, "alarm")


async def test_a_drill_sounds_like_an_alarm_and_says_that_it_is_one(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with site(house, tmp_path) as here, page_of(chromium, here, "anna") as page:
        house.practises(7)
        house.wait(1)
        here.tell()
        await sounds(page, "drill")
        await expect(page.get_by_text("OEFENING klinkt")).to_be_visible()
        house.press(6)
        house.wait(1)
        here.tell()
        await sounds(page, "alarm")


async def test_a_test_is_heard_to_its_end_and_only_once(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with site(house, tmp_path) as here, page_of(chromium, here, "anna") as page:
        await sounds(page, "")
        await page.evaluate("window.heard.length = 0; document.documentElement.dataset.heard = ''")
        house.tests("app:anna")
        house.wait(1)
        here.tell()
        await expect(page.locator("html")).to_have_attribute("data-heard", "test")
        await sounds(page, "")
        house.measures("zender:7")
        here.tell()
        await expect(page.locator(".phone").first).to_contain_text("getoond")
        assert await page.evaluate("window.heard") == ["test"]


async def test_a_lost_connection_is_heard_and_can_be_muted_for_a_while(chromium: Browser, tmp_path: Path) -> None:
    async with AsyncExitStack() as outer:
        async with site(House(APP_HALL), tmp_path) as here:
            page = await outer.enter_async_context(page_of(chromium, here, "anna"))
        await hears_nothing_for_long(page)
        await expect(page.locator("html")).to_have_attribute("data-tone", "fault")
        await page.get_by_role("button", name="30 min stil").tap()
        await sounds(page, "", "silenced")
        await expect(page.get_by_text("Storingen zijn stil tot")).to_be_visible()
        await page.get_by_role("button", name="Weer laten klinken").tap()
        await sounds(page, "fault")


async def test_what_was_muted_before_the_connection_was_lost_was_something_else(
    chromium: Browser, tmp_path: Path
) -> None:
    house = House(APP_HALL)
    async with AsyncExitStack() as outer:
        async with site(house, tmp_path) as here:
            page = await outer.enter_async_context(page_of(chromium, here, "anna"))
            await page.evaluate("localStorage.setItem('muted', Date.now() + 29 * 60_000)")
        await hears_nothing_for_long(page)
        await expect(page.locator("html")).to_have_attribute("data-tone", "fault")


async def test_who_leaves_the_board_hears_an_alarm_all_the_same(chromium: Browser, tmp_path: Path) -> None:
    """Els goes to the other pages in the same tab. What begins at the desk of the screen is neither heard nor read."""
    house = House(
        replace(APP_HALL, zenders=tuple(replace(one, screens=("balie 5",) * (one.nr == 5)) for one in APP_HALL.zenders))
    )
    async with site(house, tmp_path) as here:
        context = await chromium.new_context()
        token = await here.token("reception", "coordinator", member="els", screen="balie 5")
        await context.add_cookies([here.cookie(token)])
        page = await context.new_page()
        await page.goto(f"{here.url}/receptie")
        await page.get_by_role("button", name="Start dienst").click()
        await expect(page.locator("html")).to_have_attribute("data-sound", "on")
        incidents: list[str] = []
        for leads_to in ("meldingen", "beheer", "mijn account"):
            await page.goto(f"{here.url}/receptie")
            await page.get_by_role("link", name=leads_to).click()
            await sounds(page, "")
            incidents.append(house.press(7))
            house.wait(1)
            here.tell()
            await sounds(page, "alarm")
            await expect(page).to_have_title(re.compile("ALARM"))
            await expect(page.get_by_role("alert").filter(has_text="Balie 3")).to_be_visible()
            house.says("anna", "on_scene", incident=incidents[-1])
            house.says("anna", "all_clear", incident=incidents[-1])
            house.wait(100)
            here.tell()
            await sounds(page, "")
        house.press(5)
        house.press(7)
        house.wait(1)
        here.tell()
        await here.until(lambda: len(here.app.state.house.look.state.alarms) == 2)
        await page.reload()
        await page.get_by_role("button", name="Start dienst").click()
        await sounds(page, "test")
        await sounds(page, "")
        await expect(page).to_have_title("Mijn account · Achterwacht")
        await expect(page.locator(".bar")).to_have_count(0)
        await here.app.state.accounts.log_out(token)
        await expect(page.get_by_text("Dit toestel hoort nu geen alarm")).to_be_visible()
        await context.close()


async def test_at_the_desk_of_the_alarm_nothing_is_heard_whatever_happens(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with AsyncExitStack() as outer:
        async with site(house, tmp_path) as here:
            page = await outer.enter_async_context(page_of(chromium, here, "gerda"))
            await sounds(page, "")
            await page.evaluate("window.heard.length = 0")
            house.press(7)
            house.press(6)
            house.wait(31)
            here.tell()
            await expect(page.get_by_text("Printer 2 ontvangt")).to_be_visible()
            await expect(page.locator(".incident")).to_have_count(0)
        await hears_nothing_for_long(page)
        await expect(page.locator("html")).to_have_attribute("data-stale", "")
        await sounds(page, "")
        assert await page.evaluate("window.heard") == []


async def test_what_sounded_before_the_desk_itself_was_pressed_sounds_on(chromium: Browser, tmp_path: Path) -> None:
    """And nothing else begins to, not even that the connection is lost."""
    house = House(APP_HALL)
    async with AsyncExitStack() as outer:
        async with site(house, tmp_path) as here:
            page = await outer.enter_async_context(page_of(chromium, here, "bas"))
            house.press(6)
            house.wait(1)
            here.tell()
            await sounds(page, "alarm")
            house.press(5)  # his own desk
            house.wait(1)
            here.tell()
            await expect(page.locator("[data-part=line]")).to_contain_text("ontvangt")
            await sounds(page, "alarm")
            house.says("bas", "coming", incident=next(one for one in house.state.alarms if one.startswith("6-")))
            here.tell()
            await sounds(page, "")
        await hears_nothing_for_long(page)
        await expect(page.locator("#stale")).to_be_visible()
        await sounds(page, "")
        await expect(page).to_have_title("Team · Achterwacht")
