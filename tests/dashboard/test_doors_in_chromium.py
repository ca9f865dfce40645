"""The doors in a real browser: pairing by two of them, logging out under an open page, a form from elsewhere, and what
axe finds."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect

from achterwacht_dashboard import account_commands, passwords
from achterwacht_dashboard.accounts import COOKIE
from broker import free_port
from dashboard_site import Site, site
from house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

SENTENCE = "een lange zin is goed"
LOGIN = re.compile(r"/login(\?next=.*)?$")


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost nothing."""
    monkeypatch.setattr(passwords, "PasswordHasher", partial(PasswordHasher, time_cost=1, memory_cost=64))


@asynccontextmanager
async def context_of(chromium: Browser, here: Site, token: str = "") -> AsyncIterator[BrowserContext]:
    context = await chromium.new_context(locale="nl-NL")
    if token:
        await context.add_cookies([here.cookie(token)])
    try:
        yield context
    finally:
        await context.close()


async def judge(page: Page) -> None:
    """What WCAG 2.2 asks (axe), that nothing is cut off at 320 px, and that our CSP stops nothing of our own."""
    found = (await Axe().run(page)).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    before = page.viewport_size
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320, page.url
    if before:
        await page.set_viewport_size(before)


async def test_the_first_account_logs_out_and_in(chromium: Browser, tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, context_of(chromium, here) as context:
        link = await account_commands.first_link(tmp_path / "data", here.url)
        assert link is not None
        page = await context.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        await page.goto(link)
        await judge(page)
        await page.get_by_label("Naam").fill("Els Smit")
        await page.get_by_label("receptie").check()
        await page.get_by_label("Wie is dit in het plan?").select_option("els")
        await page.get_by_label("Wachtwoord", exact=True).fill(SENTENCE)
        await page.get_by_label("Wachtwoord nogmaals").fill(SENTENCE)
        await page.get_by_role("button", name="Account maken").click()
        await expect(page).to_have_url(f"{here.url}/receptie")

        await page.goto(f"{here.url}/account")
        await page.get_by_role("button", name="Uitloggen").click()
        await expect(page).to_have_url(f"{here.url}/login")
        await page.goto(f"{here.url}/beheer/toestellen")
        await page.get_by_label("Naam").fill("els smit")
        await page.get_by_label("Wachtwoord").fill(SENTENCE)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{here.url}/beheer/toestellen")
        assert await page.evaluate("document.cookie") == "", "no script can read it"
        assert problems == []


async def test_a_telephone_is_paired_and_unpaired(chromium: Browser, tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        accounts = here.app.state.accounts
        await accounts.add("Anna de Vries", frozenset({"team"}), "anna")
        coordinator = await here.token("coordinator", member="els")
        async with context_of(chromium, here, coordinator) as desk, context_of(chromium, here) as phone:
            page, mobile = await desk.new_page(), await phone.new_page()
            await page.goto(f"{here.url}/beheer/toestellen")
            await page.get_by_label("Van wie is het toestel?").select_option("Anna de Vries")
            await page.get_by_role("button", name="QR-code maken").click()
            await expect(page.get_by_role("img", name="QR-code")).to_be_visible()
            await judge(page)
            link = await page.locator("code").inner_text()
            assert link.startswith(f"{here.url}/pair/")

            await mobile.goto(link)
            await mobile.get_by_role("button", name="Dit toestel koppelen").click()
            await expect(mobile).to_have_url(f"{here.url}/team")
            (cookie,) = [one for one in await phone.cookies() if one["name"] == COOKIE]
            assert cookie["httpOnly"]
            assert cookie["sameSite"] == "Strict"
            assert cookie["expires"] > 0, "it is kept when the browser is closed"
            assert cookie["value"] not in mobile.url
            # The page is live: the daemon is told that it is open.
            await here.until(lambda: here.pages == ("anna",))

            await page.goto(link)
            await expect(page.get_by_role("heading")).to_have_text("Deze pagina is er niet")

            await page.goto(f"{here.url}/beheer/toestellen")
            await page.get_by_text("wijzigen").click()
            await judge(page)
            await page.get_by_label("Naam van het toestel").fill("Telefoon van Anna")
            await page.get_by_role("button", name="Naam opslaan").click()
            await expect(page.get_by_role("heading", name="Telefoon van Anna")).to_be_visible()
            await page.get_by_text("Telefoon van Anna wijzigen").click()
            await page.get_by_role("button", name="Ontkoppelen").click()
            await expect(mobile).to_have_url(LOGIN)
            await here.until(lambda: here.pages == ())


async def test_the_short_code_pairs_a_fixed_screen(chromium: Browser, tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, context_of(chromium, here) as context:
        accounts = here.app.state.accounts
        reception = await accounts.add("Receptie", frozenset({"reception"}))
        _, code = await accounts.make_link("pair", reception, "scherm-balie")
        page = await context.new_page()
        await page.goto(f"{here.url}/login")
        await page.get_by_role("link", name="koppelcode").click()
        await judge(page)
        await page.get_by_label("Koppelcode").fill(f"{code[:4]} {code[4:]}")
        await page.get_by_role("button", name="Verder").click()
        await expect(page.locator("main")).to_contain_text("scherm-balie")
        await page.get_by_role("button", name="Dit toestel koppelen").click()
        await expect(page).to_have_url(f"{here.url}/receptie")
        assert accounts.viewer((await context.cookies())[0]["value"]).screen == "scherm-balie"


async def test_an_open_page_ends_with_its_login(chromium: Browser, tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        accounts = here.app.state.accounts
        token = await here.token("reception", member="els")
        async with context_of(chromium, here, token) as context:
            page, other = await context.new_page(), await context.new_page()
            await page.goto(f"{here.url}/receptie")
            await here.until(lambda: here.app.state.live.open_pages == 1)
            await other.goto(f"{here.url}/account")
            await other.get_by_role("button", name="Uitloggen").click()
            await expect(page).to_have_url(LOGIN)
            await here.until(lambda: here.app.state.live.open_pages == 0)

        token = await here.token("reception", member="els", name="Bas")
        async with context_of(chromium, here, token) as context:
            page = await context.new_page()
            await page.goto(f"{here.url}/receptie")
            await here.until(lambda: here.app.state.live.open_pages == 1)
            bas = accounts.viewer(token).account
            await accounts.change(bas, frozenset({"team"}), "bas", by="")
            await expect(page.get_by_role("heading", name="Dit is niet voor uw rol")).to_be_visible()


async def test_accounts_are_kept_in_beheer(chromium: Browser, tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        token = await here.token("admin", name="Els")
        async with context_of(chromium, here, token) as context:
            page = await context.new_page()
            await page.goto(f"{here.url}/beheer/accounts")
            adding = page.get_by_role("region", name="Account toevoegen")
            await adding.get_by_label("Naam").fill("Bas <b>Jansen</b>")
            await adding.get_by_label("team", exact=True).check()
            await adding.get_by_label("Wie is dit in het plan?").select_option("Bas Jansen")
            await adding.get_by_role("button", name="Toevoegen").click()
            await expect(page.locator("code")).to_contain_text("/start/")
            await expect(page.get_by_role("heading", name="Bas <b>Jansen</b>")).to_be_visible()
            await page.get_by_text("Els wijzigen").click()
            await judge(page)
            els = page.get_by_role("listitem").filter(has_text="Els wijzigen")
            await els.get_by_role("button", name="Account uitschakelen").click()
            await expect(page.get_by_role("alert").filter(has_text="laatste account")).to_be_visible()
            await judge(page)


async def test_a_form_of_another_site_does_nothing(chromium: Browser, tmp_path: Path) -> None:
    """Another site whose page sends a form of ours by itself, in a browser that is logged in."""
    port = free_port()
    async with site(House(), tmp_path) as here:
        form = (
            f'<form method="post" action="{here.url}/beheer/accounts"><input name="name" value="Boef">'
            '<input name="role" value="admin"></form><script>document.forms[0].submit()</script>'
        )

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + form.encode())
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        token = await here.token("admin", name="Els")
        async with await asyncio.start_server(answer, "127.0.0.1", port), context_of(chromium, here, token) as context:
            page = await context.new_page()
            async with page.expect_response(f"{here.url}/beheer/accounts") as sent:
                await page.goto(f"http://localhost:{port}/")
            assert (await sent.value).status == 403
            assert here.app.state.accounts.named("Boef") is None
            await page.goto(f"{here.url}/beheer/accounts")
            await page.set_content(form.replace("<script>", "<i>"))  # our own page may send it
            await page.evaluate("document.forms[0].submit()")
            await expect(page.get_by_role("heading", name="Boef")).to_be_visible()
