"""Live pages in Chromium: a press is seen, and a page that hears nothing says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from dashboard_site import site
from house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_press_is_seen(chromium: Browser, tmp_path: Path) -> None:
    house = House()
    async with site(house, tmp_path) as here:
        context = await chromium.new_context()
        await context.add_cookies([here.cookie(await here.token("reception", member="els"))])
        page = await context.new_page()
        await page.goto(f"{here.url}/receptie")
        await expect(page.locator("[data-part=light]")).to_contain_text("not ready")
        await context.close()
