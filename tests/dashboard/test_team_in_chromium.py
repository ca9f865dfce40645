"""The team's page on a telephone, in Chromium: what somebody sees, hears and presses who runs with one hand free."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, Route, WebSocketRoute, expect

from achterwacht.core import heard as h
from achterwacht_dashboard.accounts import COOKIE
from dashboard_site import Site, hears_nothing_for_long, site
from day_house import DayHouse
from house import House
from team_house import APP_HALL, APP_HALL_BY_DAY

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE: dict[str, Any] = {
    "viewport": {"width": 412, "height": 915},
    "has_touch": True,
    "is_mobile": True,
    "reduced_motion": "reduce",
}
SMALL: dict[str, Any] = PHONE | {"viewport": {"width": 320, "height": 640}}


@asynccontextmanager
async def phone(chromium: Browser, here: Site, member: str, language: str = "nl", **how: Any) -> AsyncIterator[Page]:
    """The telephone of this member, with the page open."""
    context = await chromium.new_context(**(PHONE | how))
    try:
        await context.add_cookies([here.cookie(await here.token("team", member=member))])
        await context.add_cookies([{"name": "taal", "value": language, "url": here.url}])
        page = await context.new_page()
        await page.goto(f"{here.url}/team")
        await expect(page.locator("[data-part=duty] h2").first).to_be_visible()
        yield page
    finally:
        await context.close()


def button(page: Page, name: str) -> Locator:
    return page.locator("[data-part=alarm]").get_by_role("button", name=name, exact=True)


async def hears(page: Page, tone: str) -> None:
    await expect(page.locator("html")).to_have_attribute("data-tone", tone)


async def test_a_press_rings_until_it_is_answered(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with site(house, tmp_path) as here, phone(chromium, here, "anna") as page:
        await here.until(lambda: here.pages == ("anna",), "the daemon knows whose page is open")
        await page.get_by_role("button", name="Start dienst").tap()
        await expect(page.locator("html")).to_have_attribute("data-sound", "on")

        incident = house.press(7)
        house.wait(2)
        here.tell()
        await expect(page.get_by_role("heading", name="Balie 3")).to_be_visible()
        await expect(page.get_by_text("Mijn dienst")).to_be_hidden()
        await hears(page, "alarm")
        await here.until(lambda: house.state.alarms[incident].rings["app:anna"].stage == "shown", "shown")
        stages = [said.stage for said in here.heard if isinstance(said, h.Reached)]
        assert stages[:2] == ["received", "shown"]

        await button(page, "Ik ga").tap()
        await expect(page.locator("#said")).to_contain_text("Balie 3, Ik ga: aangekomen")
        assert house.state.alarms[incident].responders["anna"].answer == "coming"
        await expect(button(page, "Ter plaatse")).to_be_visible()
        await expect(button(page, "Ik ga")).to_be_hidden()
        await hears(page, "")


async def test_a_press_is_answered_at_once_and_again_when_it_has_arrived(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with site(house, tmp_path) as here, phone(chromium, here, "anna") as page:
        house.press(7)
        here.tell()
        on_their_way: list[Route] = []

        async def hold(route: Route) -> None:
            on_their_way.append(route)

        await page.route("**/do/answer", hold)
        await button(page, "Ik ga").tap()
        await expect(page.locator("#said")).to_contain_text("Ik ga: verstuurd")
        await expect(button(page, "Ik ga")).to_have_attribute("data-state", "sent")
        await here.until(lambda: on_their_way)
        await on_their_way[0].continue_()
        await expect(page.locator("#said")).to_contain_text("Ik ga: aangekomen")


async def test_two_who_press_at_once_both_see_the_truth(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(site(house, tmp_path))
        anna = await stack.enter_async_context(phone(chromium, here, "anna"))
        cor = await stack.enter_async_context(phone(chromium, here, "cor", language="en"))
        house.press(7)
        here.tell()
        await button(anna, "Ik ga").tap(no_wait_after=True)
        await button(cor, "I'm going").tap(no_wait_after=True)
        await expect(anna.locator(".who li.coming")).to_contain_text("Cor Bakker")
        await expect(anna.locator(".who li.coming")).to_contain_text("Anna de Vries")
        await expect(cor.locator(".who li.coming")).to_contain_text("Anna de Vries")
        await expect(cor.locator(".who")).to_contain_text("Enough are coming")


async def test_from_the_scene_to_safe_and_back(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with site(house, tmp_path) as here, phone(chromium, here, "anna") as page:
        incident = house.press(7)
        house.says("anna", "on_scene")
        house.wait(1)
        here.tell()
        await expect(button(page, "Gesommeerd (1e)")).to_be_visible()
        house.says("bas", "told_to_leave")
        here.tell()
        await expect(button(page, "Gesommeerd (2e)")).to_be_visible()
        house.wait(6)
        await button(page, "Gesommeerd (2e)").tap()
        await expect(page.locator(".police")).to_have_text("112 moet gebeld worden")
        assert house.state.alarms[incident].police == "advised"

        # A thumb that taps twice on the same spot has not closed it.
        safe = page.locator(".closing summary")
        await safe.tap()
        await expect(page.get_by_text("Is het voorbij, voor iedereen?")).to_be_visible()
        await expect(button(page, "112 gebeld")).to_be_hidden()
        await safe.tap()
        await expect(button(page, "112 gebeld")).to_be_visible()
        assert incident in house.state.alarms

        await safe.tap()
        await button(page, "Ja, sluit het alarm").tap()
        await expect(page.get_by_text("Balie 3: alarm gesloten")).to_be_visible()
        assert incident in house.state.closed
        await page.get_by_role("button", name="Toch niet veilig").tap()
        await expect(page.get_by_role("heading", name="Balie 3")).to_be_visible()
        assert incident in house.state.alarms


async def test_what_comes_under_a_thumb_takes_no_press(chromium: Browser, tmp_path: Path) -> None:
    """A hand that shakes, and one that was on its way when somebody else spoke."""
    house = House(APP_HALL)
    async with site(house, tmp_path) as here, phone(chromium, here, "anna") as page:
        incident = house.press(7)
        here.tell()

        def said() -> list[str]:
            return [one.answer for one in here.heard if isinstance(one, h.Answer)]

        async def where(name: str) -> tuple[float, float]:
            box = await button(page, name).bounding_box()
            assert box
            return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

        missed = page.locator("#said [data-state=missed]")
        await expect(button(page, "Ik ga")).not_to_have_attribute("data-settling", "")
        # From here on nothing stands there for longer than a moment.
        await page.evaluate("() => { const now = performance.now(); performance.now = () => now; }")
        spot = await where("Ik ga")
        await page.touchscreen.tap(*spot)
        await expect(button(page, "Ter plaatse")).to_be_visible()
        await page.touchscreen.tap(*spot)
        await expect(missed).to_have_text("Niet verstuurd: de knoppen zijn veranderd")
        assert said() == ["coming"]

        await button(page, "Ter plaatse").press("Enter")  # a key says itself what it presses
        await expect(button(page, "Gesommeerd (1e)")).to_be_visible()
        assert said() == ["coming", "on_scene"]

        await page.evaluate("() => { delete performance.now; }")
        await missed.evaluate("line => line.remove()")
        needed = await where("112 nodig")
        await expect(button(page, "112 nodig")).not_to_have_attribute("data-settling", "")
        house.says("bas", "need_112")
        here.tell()
        await expect(button(page, "112 gebeld")).to_be_visible()
        await page.touchscreen.tap(*needed)  # it still stands there
        await here.until(lambda: said()[-1] == "need_112")
        assert house.state.alarms[incident].police == "advised"

        await page.mouse.move(*await where("112 gebeld"))
        await expect(button(page, "112 gebeld")).not_to_have_attribute("data-settling", "")
        await page.mouse.down()
        house.says("dina", "called_112")
        here.tell()
        await expect(button(page, "112 gebeld")).to_have_count(0)
        await page.mouse.up()
        await expect(missed).to_be_visible()
        assert said()[-1] == "need_112"


async def test_why_an_answer_does_not_count_is_said_in_words(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with site(house, tmp_path) as here, phone(chromium, here, "anna") as page:
        incident = house.press(7)
        house.says("bas", "on_scene")
        house.wait(1)
        here.tell()
        # After its receipts: what it says tells it what has become of the house.
        await here.until(lambda: house.state.alarms[incident].rings["app:anna"].stage == "shown", "shown")
        house.says("bas", "all_clear")  # and the page has not heard of it yet
        await button(page, "Ik ga").tap()
        await expect(page.locator("#said")).to_contain_text("Ik ga: het alarm is al voorbij")


async def test_a_telephone_in_a_pocket_has_it_but_does_not_show_it(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with site(house, tmp_path) as here, phone(chromium, here, "anna") as page:
        await page.evaluate("""() => {
            Object.defineProperty(document, "visibilityState", { get: () => window.looked ? "visible" : "hidden" });
        }""")
        incident = house.press(7)
        house.wait(1)
        here.tell()
        await here.until(lambda: house.state.alarms[incident].rings["app:anna"].stage == "received", "received")
        await expect(page.get_by_role("heading", name="Balie 3")).to_be_attached()
        assert house.state.alarms[incident].rings["app:anna"].stage == "received"
        await page.evaluate("() => { window.looked = true; document.dispatchEvent(new Event('visibilitychange')); }")
        await here.until(lambda: house.state.alarms[incident].rings["app:anna"].stage == "shown", "shown")


async def test_over_a_new_connection_it_is_told_anew_what_has_come(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with site(house, tmp_path) as here, phone(chromium, here, "anna") as page:
        sockets: list[WebSocketRoute] = []

        def through(ws: WebSocketRoute) -> None:
            sockets.append(ws)
            ws.connect_to_server()

        await page.route_web_socket("**/live/**", through)
        await page.reload()
        await here.until(lambda: sockets)
        house.press(7)
        house.wait(1)
        here.tell()

        def told() -> list[str]:
            return [said.stage for said in here.heard if isinstance(said, h.Reached)]

        await here.until(lambda: told() == ["received", "shown"], "told once")
        await sockets[0].close()
        await here.until(lambda: told() == ["received", "shown"] * 2, "told again")


async def test_a_lost_connection_is_loud_and_the_alarm_no_longer_looks_current(
    chromium: Browser, tmp_path: Path
) -> None:
    house = House(APP_HALL)
    async with AsyncExitStack() as outer:
        async with site(house, tmp_path) as here:
            page = await outer.enter_async_context(phone(chromium, here, "anna"))
            await page.get_by_role("button", name="Start dienst").tap()
            await page.evaluate("() => { navigator.vibrate = (ms) => (window.shaken ??= []).push(ms); }")
            house.press(7)
            house.says("anna", "coming")
            here.tell()
            await expect(button(page, "Ter plaatse")).to_be_visible()
            red = await page.locator(".where").evaluate("element => getComputedStyle(element).backgroundColor")
        await hears_nothing_for_long(page)
        await expect(page.locator("#stale")).to_be_visible()
        await expect(page.locator("#stale")).to_contain_text("Wat hier staat is oud")
        where = page.locator(".where")
        assert await where.evaluate("element => getComputedStyle(element).filter") == "grayscale(1)"
        assert await where.evaluate("element => getComputedStyle(element).backgroundColor") != red
        await hears(page, "fault")
        assert 1000 in await page.evaluate("() => window.shaken"), "it shakes, felt in a pocket"


async def test_a_login_that_has_ended_is_loud_until_somebody_logs_in(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with site(house, tmp_path) as here, phone(chromium, here, "anna", **SMALL) as page:
        accounts = here.app.state.accounts
        (cookie,) = [one for one in await page.context.cookies() if one["name"] == COOKIE]
        await page.get_by_role("button", name="Start dienst").tap()
        await page.evaluate("() => { navigator.vibrate = (ms) => (window.shaken ??= []).push(ms); }")
        await accounts.log_out(cookie["value"])
        await expect(page.get_by_text("Dit toestel hoort nu geen alarm")).to_be_visible()
        await expect(page).to_have_url(f"{here.url}/login?next=%2Fteam")
        await hears(page, "fault")
        assert 1000 in await page.evaluate("() => window.shaken"), "it shakes, felt in a pocket"
        await expect(page.get_by_text("Mijn dienst")).to_have_count(0)
        await expect(page.get_by_label("Naam")).to_be_visible()
        await nothing_is_wrong(page)

        again = await here.token("team", member="anna")
        await page.context.add_cookies([here.cookie(again)])  # as by another window of this browser
        await expect(page).to_have_url(f"{here.url}/team")
        anna = accounts.viewer(again).account
        await accounts.change(anna, frozenset({"supervisor"}), "anna", by="")
        await expect(page.get_by_role("heading", name="Dit is niet voor uw rol")).to_be_visible()
        await expect(page.get_by_text("Dit toestel hoort nu geen alarm")).to_be_visible()


TOUCHED = """(selectors) => {
    const said = [...document.querySelectorAll("#said p")].filter((one) => one.checkVisibility());
    const boxes = said.map((one) => one.getBoundingClientRect());
    return selectors.filter((selector) => [...document.querySelectorAll(selector)].some((other) => {
        const is = other.getBoundingClientRect();
        return boxes.some((box) => is.top < box.bottom && box.top < is.bottom);
    }));
}"""
"""What of this what is said about a press lies on."""


async def test_what_is_said_about_a_press_lies_on_nothing(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    read = [".where", ".police", ".thumb > p", ".buttons button", ".buttons summary"]
    async with site(house, tmp_path) as here, phone(chromium, here, "anna", **SMALL) as page:
        house.press(7)
        house.says("anna", "on_scene")
        house.says("bas", "told_to_leave")
        house.wait(6)
        here.tell()
        await button(page, "Gesommeerd (2e)").tap()
        await expect(page.locator(".police")).to_be_in_viewport()
        await expect(page.locator("#said")).to_contain_text("aangekomen")
        assert await page.evaluate(TOUCHED, read) == []
        police = await page.locator(".police").bounding_box()
        thumb = await page.locator(".thumb").bounding_box()
        assert police and thumb
        assert police["y"] + police["height"] <= thumb["y"], "and the buttons do not lie on it either"

        where = await button(page, "112 gebeld").bounding_box()
        why = "geen antwoord gekregen. Of het gelukt is, is niet bekend: kijk, en druk zo nodig opnieuw."
        await page.route("**/do/answer", lambda route: route.fulfill(status=400, json={"detail": why}))
        await button(page, "112 gebeld").tap()
        await expect(page.locator("#said [data-state=failed]")).to_be_in_viewport()
        assert await page.evaluate(TOUCHED, read) == []
        assert await button(page, "112 gebeld").bounding_box() == where, "no button moves under the thumb"


async def test_what_somebody_is_writing_outlives_what_happens_meanwhile(chromium: Browser, tmp_path: Path) -> None:
    house = DayHouse(APP_HALL_BY_DAY)
    async with site(house, tmp_path) as here, phone(chromium, here, "anna") as page:
        await page.get_by_text("Ik ben er niet").tap()
        await page.get_by_label("Van", exact=True).fill("2026-12-28")
        house.press(6)
        house.says("anna", "on_scene")
        here.tell()
        await expect(page.get_by_role("heading", name="Balie 2")).to_be_visible()
        house.says("anna", "all_clear")
        here.tell()
        await expect(page.get_by_label("Van", exact=True)).to_have_value("2026-12-28")
        await page.get_by_label("Tot en met").fill("2026-12-27")
        await page.get_by_role("button", name="Meld me afwezig").tap()
        await expect(page.locator("#said")).to_contain_text("het eindigt voordat het begint")
        await page.get_by_label("Tot en met").fill("2026-12-31")
        await page.get_by_label("Wie vervangt mij").select_option("dina")
        await page.get_by_role("button", name="Meld me afwezig").tap()
        await expect(page.get_by_text("vervanger: Dina Visser")).to_be_visible()
        assert house.state.absences[0].replacement == "dina"
        await page.get_by_role("button", name="Ik ben er toch").tap()
        await expect(page.get_by_text("vervanger: Dina Visser")).to_be_hidden()


async def test_a_day_is_swapped(chromium: Browser, tmp_path: Path) -> None:
    house = DayHouse(APP_HALL_BY_DAY)
    async with site(house, tmp_path) as here, phone(chromium, here, "anna") as page:
        await page.get_by_text("Ruil een dag").tap()
        await page.get_by_label("Wie draagt pieper p1 op di 24-11-2026?").select_option("dina")
        await page.get_by_role("button", name="Ruil", exact=True).nth(1).tap()
        await here.until(lambda: house.state.swaps.get("2026-11-24 p1") == "dina")
        await expect(page.get_by_label("Wie draagt pieper p1 op di 24-11-2026?")).to_have_count(0)


async def test_the_telephone_tests_itself(chromium: Browser, tmp_path: Path) -> None:
    house = House(APP_HALL)
    async with site(house, tmp_path) as here, phone(chromium, here, "anna") as page:
        await page.get_by_role("button", name="Test deze pagina: open pagina").tap()
        await expect(page.locator("#said")).to_contain_text("Test deze pagina: aangekomen")
        await here.until(lambda: house.state.tests["app:anna"].stage == "shown")
        await expect(page.locator(".phone").first).to_contain_text("getoond")


@pytest.mark.parametrize(("language", "scheme"), [("nl", "light"), ("en", "dark")])
async def test_everybody_can_use_it(chromium: Browser, tmp_path: Path, language: str, scheme: str) -> None:
    house = DayHouse(APP_HALL_BY_DAY)
    async with (
        site(house, tmp_path) as here,
        phone(chromium, here, "anna", language, **SMALL, color_scheme=scheme) as page,
    ):
        await nothing_is_wrong(page)
        house.press(7)
        house.press(6)
        house.says("bas", "coming")
        house.says("anna", "on_scene")
        house.says("cor", "cannot")
        house.wait(1)
        here.tell()
        await expect(page.locator(".incident")).to_have_count(2)
        await nothing_is_wrong(page)


async def nothing_is_wrong(page: Page) -> None:
    """axe finds nothing, and nobody must scroll sideways."""
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = (await Axe().run(page)).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []
