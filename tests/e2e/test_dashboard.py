"""The dashboard beside the real daemon, in Chromium: a press is on the screens, an answer is in the journal, and
whatever dies says so and comes back."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from achterwacht.core import facts as f
from achterwacht_dashboard.accounts import COOKIE
from achterwacht_sim.events import Rings
from dashboard_program import Dashboard
from e2e.hall import SOON_S, Hall, town_hall

CHROMIUM = "/usr/bin/chromium"
MS = 20_000
"""Nothing here takes longer unless it is broken."""
STALE_MS = 6_000
"""A screen that hears nothing says so within 5 s; a second for a busy machine."""

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        await browser.close()


class Screens:
    """A town hall with its dashboard, a screen at the reception and a telephone of the team."""

    def __init__(self, hall: Hall, dashboard: Dashboard, reception: Page, telephone: Page) -> None:
        self.hall, self.dashboard = hall, dashboard
        self.reception, self.telephone = reception, telephone

    @property
    def both(self) -> tuple[Page, Page]:
        return self.reception, self.telephone

    async def press(self) -> None:
        """Somebody presses at the third desk, and a pager rings."""
        before = self.hall.lookout.count
        await self.hall.zenders[7].press()
        await self.hall.lookout.until(lambda noted: isinstance(noted.event, Rings), SOON_S, after=before)


@asynccontextmanager
async def screens(folder: Path) -> AsyncIterator[Screens]:
    """Everything runs, and both screens have heard."""
    async with AsyncExitStack() as stack:
        hall = await stack.enter_async_context(town_hall(folder, zenders=[7], pagers=["p1"]))
        dashboard = await stack.enter_async_context(Dashboard(hall.daemon.state, folder / "dashboard"))
        tokens = [
            await dashboard.token("reception", member="receptie-1"),
            await dashboard.token("team", member="lid-4"),
        ]
        await dashboard.start()
        browser = await stack.enter_async_context(chromium())
        pages = []
        for token, path in zip(tokens, ("/receptie", "/team"), strict=True):
            context = await browser.new_context()
            await context.add_cookies([{"name": COOKIE, "value": token, "url": dashboard.url}])
            page = await context.new_page()
            page.set_default_timeout(MS)
            await page.goto(f"{dashboard.url}{path}")
            await fresh(page)
            pages.append(page)
        yield Screens(hall, dashboard, *pages)


async def fresh(page: Page) -> None:
    await expect(page.locator(":root:not([data-stale])")).to_have_count(1, timeout=MS)


async def stale(page: Page, within_ms: int = STALE_MS) -> None:
    await expect(page.locator(":root[data-stale]")).to_have_count(1, timeout=within_ms)
    await expect(page.locator("#stale")).to_contain_text("Verbinding weg sinds")


async def place_of(seven: Screens) -> str:
    async with seven.hall.daemon.onlooker() as seen:
        zender = seen.state.plan.zender(7)
    assert zender is not None
    return zender.place


async def test_a_press_is_on_the_screens_an_answer_in_the_journal_and_both_outlive_the_daemon(tmp_path: Path) -> None:
    async with screens(tmp_path) as here:
        place = await place_of(here)
        async with here.hall.daemon.onlooker() as seen:
            await here.press()
            raised = await seen.fact(f.AlarmRaised, SOON_S)
            for page in here.both:
                await expect(page.locator("main")).to_contain_text(place, timeout=MS)
            await here.telephone.locator("button[value=coming]").first.click()
            answered = await seen.fact(f.Answered, SOON_S, lambda fact: fact.by == "lid-4")
            assert (answered.incident, answered.answer, answered.result) == (raised.incident, "coming", "accepted")
            await expect(here.telephone.locator("#said")).to_contain_text("aangekomen", timeout=MS)
            await expect(here.reception.locator("main")).to_contain_text(
                "Teamlid Vier, zonder pieper komt eraan", timeout=MS
            )
            shown = await seen.fact(f.OrderShown, SOON_S, lambda fact: fact.target == "app:lid-4")
            assert shown.incident == raised.incident, "a page that shows an alarm says so"
        facts = here.hall.check_journal()
        assert [fact for fact in facts if isinstance(fact, f.Answered) and fact.by == "lid-4"]

        # A daemon that is killed is old news, and its alarm comes back.
        await here.hall.daemon.kill()
        for page in here.both:
            await stale(page)
        assert await here.dashboard.health() == 503
        await here.hall.daemon.start()
        for page in here.both:
            await fresh(page)
            await expect(page.locator("main")).to_contain_text(place, timeout=MS)
        await expect(here.reception.locator("main")).to_contain_text("Teamlid Vier, zonder pieper komt eraan")


async def test_a_dashboard_that_is_stopped_or_killed_keeps_no_page_waiting_and_comes_back(tmp_path: Path) -> None:
    async with screens(tmp_path) as here:
        place = await place_of(here)
        said = len(here.hall.daemon.log.all)
        here.dashboard.pause()
        await here.press()
        dropped = await here.hall.daemon.log.until(f"reader (process {here.dashboard.pid}", SOON_S, after=said)
        assert "is dropped" in dropped
        for page in here.both:
            await stale(page)
        here.dashboard.resume()
        for page in here.both:
            await fresh(page)
            await expect(page.locator("main")).to_contain_text(place, timeout=MS)

        await here.dashboard.kill()
        await here.press()
        for page in here.both:
            await stale(page)
        await here.dashboard.start()
        for page in here.both:
            await fresh(page)
            await expect(page.locator("main")).to_contain_text(place, timeout=MS)
        assert os.getpriority(os.PRIO_PROCESS, here.dashboard.pid) == 0
        assert await here.dashboard.stop() in (0, -15)
