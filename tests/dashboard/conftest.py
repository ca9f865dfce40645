"""What the tests of the dashboard share: Debian's Chromium, started once.

Tests that use it run in the session's loop: `pytestmark = pytest.mark.asyncio(loop_scope="session")`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

CHROMIUM = "/usr/bin/chromium"
MS = 15_000
"""Nothing here takes longer unless it is broken."""
# As root there is no sandbox; nothing is looked up outside this machine.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest_asyncio.fixture(loop_scope="session", scope="session", autouse=True)
async def undebugged() -> None:
    """In debug mode the server and what drives the browser take several times as long. What runs in this loop is tested
    in a loop of its own too, with it."""
    asyncio.get_running_loop().set_debug(False)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def running_chromium() -> AsyncIterator[Browser]:
    expect.set_options(timeout=MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def chromium(running_chromium: Browser) -> AsyncIterator[Browser]:
    """The browser. What a test that failed has left open is closed: no page of it goes on beside the next test."""
    yield running_chromium
    for context in running_chromium.contexts:
        await context.close()
