"""Every page, for who uses a keyboard or a screen reader, who enlarges it, in the dark, with a hand that shakes: what
WCAG 2.2 AA asks, and more of it in an alarm.

Pages are found from access.TABLE: a new one is walked by itself. What is asked of a page is in every_page.js.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, CDPSession, ConsoleMessage, Page, expect

from achterwacht.config import load
from achterwacht.core.plan import APP, BACKUP, Member, Morning
from achterwacht.outputs.phones.vapid import make_vapid_key
from achterwacht_dashboard import access, passwords
from achterwacht_dashboard.access import ROLES
from dashboard_site import Site, site
from day_house import DayHouse
from journal_of import write_journal
from team_house import APP_HALL_BY_DAY

# All pages at once are many: some ten seconds, and a busy machine takes several times as long.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

LOOKS: Mapping[str, dict[str, Any]] = {
    "nl": {"viewport": {"width": 1366, "height": 768}, "color_scheme": "light"},
    "en": {"viewport": {"width": 412, "height": 915}, "color_scheme": "dark", "is_mobile": True, "has_touch": True},
}
"""By language: a screen by day, a telephone in the dark. Who wants no motion must get none."""
NARROW_PX = (320, 640)
ENLARGED_PX = (683, 384)
"""1366×768 at 200 %."""
TEXT_PX, LARGE_TEXT_PX = 16, 32
"""What a browser writes in, and when somebody has set it to twice as large."""
FIRST_LOAD_MAX_BYTES = 100_000
CONTRAST, CONTRAST_IN_ALARM = 4.5, 7.0
AXE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""All its rules; that of WCAG 2.2 is off unless it is asked for."""
VIOLATIONS = "async (options) => (await axe.run(options)).violations"
SENTENCE = "een lange zin is goed"
TABS_MAX = 150
"""No page has so many controls: the focus is caught."""

MS = 15_000
"""Nothing here takes longer unless it is broken."""

QUESTIONS = Path(__file__).with_name("every_page.js")
CONFIG = Path(__file__).parents[2] / "config"

ALARM = (
    ".incident, .open-now, [data-part=now] .bar, .loud, .step--claim, .sound .off, .note.state-alarm, .note.state-drill"
    ", #said, #stale"
)
"""What is an alarm, or as urgent."""


# --- a house in which every page has much to show ---------------------------------------------------------------------


def morning() -> DayHouse:
    """Three minutes past nine: two pagers still hang, a zender is silent, an alarm and a drill are over."""
    house = DayHouse(replace(APP_HALL_BY_DAY, morning=Morning(button_test_days=31), language="nl"))
    house.lift("p1")
    house.carries("p1")
    house.press(6)
    house.wait(5)
    house.says("anna", "on_scene")
    house.says("anna", "need_112")
    house.says("els", "called_112")
    house.says("els", "all_clear", "bezoeker is weg")
    house.wait(700)
    house.practises(9)
    house.wait(3)
    house.stops_practising()
    house.until("09:02")
    house.fall_silent("zender:6")
    house.wait(60)
    return house


def in_three_phases(house: DayHouse) -> list[str]:
    """Three alarms at once: nobody comes yet, enough are coming, somebody is there. Returns what they are called."""
    for zender in (7, 6, 5):
        house.press(zender)
    house.wait(1)
    incidents = [house.alarm(zender).incident for zender in (7, 6, 5)]
    house.says("cor", "coming", incident=incidents[1])
    house.says("dina", "coming", incident=incidents[1])
    house.says("fred", "on_scene", incident=incidents[2])
    house.wait(1)
    return incidents


@dataclass
class Walk:
    """Somebody with every role who walks by all pages in one browser context, and what was wrong on the way."""

    here: Site
    context: BrowserContext
    page: Page
    cdp: CDPSession
    language: str
    token: str
    filled: Mapping[str, str]
    """By path as it is registered, where it has parameters: one that is there."""
    wrong: list[str] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    """By title: the path that has it."""
    bytes: int = 0
    """What the page that is open has loaded so far: files, and what its WebSocket brought."""

    @property
    def is_phone(self) -> bool:
        return bool(LOOKS[self.language].get("is_mobile"))

    async def open(self, path: str) -> None:
        """Go there for the first time, and wait until all of it stands there."""
        self.bytes = 0
        await self.page.goto(f"{self.here.url}{path}")
        await self.page.evaluate("asked.ready", MS)

    def has_loaded(self, size: float) -> None:
        self.bytes += int(size)

    def weigh(self) -> None:
        """Whether what this page has loaded comes fast enough."""
        if self.bytes > FIRST_LOAD_MAX_BYTES:
            self.complain([f"{self.bytes} bytes are loaded"])

    def complain(self, problems: Iterable[str]) -> None:
        path = self.page.url.removeprefix(self.here.url)
        self.wrong += [f"{path}: {problem}" for problem in problems]

    async def paths(self, for_anybody: bool) -> list[str]:
        """Every page of the table, for who is logged in or for who need not be."""
        found = []
        for route, roles in access.TABLE.items():
            method, path = route.split(" ")
            if method != "GET" or (roles is access.ANYBODY) is not for_anybody:
                continue
            place = self.filled[path] if "{" in path else path
            answer = await self.context.request.get(
                f"{self.here.url}{place}", headers={"Accept": "text/html"}, max_redirects=0
            )
            assert answer.status in (200, 303), f"{place}: {answer.status}"
            if answer.status == 200 and "text/html" in answer.headers["content-type"]:
                found.append(place)
        return found

    async def judge(self) -> None:
        """This page, as it stands there now."""
        page = self.page
        found = await page.evaluate(VIOLATIONS, AXE)
        self.complain(f"{one['id']}: {[node['html'][:150] for node in one['nodes']]}" for one in found)
        self.complain(await page.evaluate("asked.built", self.is_phone))
        self.complain(await page.evaluate("asked.aloud"))
        if await page.locator(f"html[lang={self.language}]:not([data-broken])").count() != 1:
            self.complain(["its language is wrong, or a part of it is missing"])
        self.complain(await self.same_names())
        as_it_was = LOOKS[self.language]["viewport"]
        for width, height in (NARROW_PX,) if self.is_phone else (NARROW_PX, ENLARGED_PX):
            await page.set_viewport_size({"width": width, "height": height})
            await self.fits(width)
            self.complain(await page.evaluate("asked.covered"))
        await page.set_viewport_size(as_it_was)
        await self.cdp.send("Page.setFontSizes", {"fontSizes": {"standard": LARGE_TEXT_PX}})
        await self.fits(as_it_was["width"])
        await self.cdp.send("Page.setFontSizes", {"fontSizes": {"standard": TEXT_PX}})
        if not self.is_phone:
            await self.tab_through()

    async def fits(self, width: int) -> None:
        """Whether nobody must scroll sideways."""
        wide = await self.page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            self.complain([f"{wide} px wide on {width} px"])

    async def judge_contrast(self, where: str, least: float) -> int:
        """Whether all that stands there can be read. Returns how much that is."""
        judged, faint = await self.page.evaluate("asked.faint", [where, least])
        self.complain(faint)
        return int(judged)

    async def judge_alarm(self) -> None:
        """This page, on which an alarm stands."""
        await self.judge()
        if not await self.judge_contrast(ALARM, CONTRAST_IN_ALARM):
            self.complain(["shows no alarm"])

    async def tab_through(self) -> None:
        """A keyboard comes to every control, in the order of the page, each with a ring and nothing over it."""
        expected = await self.page.evaluate("asked.controls")
        order: list[int] = []
        while len(order) <= expected:
            await self.page.keyboard.press("Tab")
            focus = await self.page.evaluate("asked.focus")
            if focus is None or focus["at"] in order[:-1]:
                break  # once around
            self.complain(focus["wrong"])
            if focus["at"] not in (-1, *order[-1:]):  # a date has several stops
                order.append(focus["at"])
        if order != list(range(expected)):
            self.complain([f"the focus goes {order}, of {expected}"])

    async def reach(self, name: str) -> None:
        """Tab until what is called so has the focus."""
        for _ in range(TABS_MAX):
            await self.page.keyboard.press("Tab")
            focus = await self.page.evaluate("asked.focus")
            if focus and focus["name"].startswith(name):
                return
        raise AssertionError(f"nobody comes to {name} by Tab on {self.page.url}")

    async def same_names(self) -> list[str]:
        """Buttons of which who only hears their name cannot know which is which."""
        nodes = {node["nodeId"]: node for node in (await self.cdp.send("Accessibility.getFullAXTree"))["nodes"]}

        def said_of(node: Any, what: str) -> Any:
            return node.get(what, {}).get("value", "")

        def is_the_browsers(node: Any) -> bool:
            above = nodes.get(node.get("parentId"), {})
            return bool(above) and (said_of(above, "role") == "Date" or is_the_browsers(above))

        said = [
            (said_of(node, "name"), said_of(node, "description"))
            for node in nodes.values()
            if said_of(node, "role") == "button" and not is_the_browsers(node)
        ]
        return [f"{said.count(one)} buttons are called {one}" for one in sorted(set(said)) if said.count(one) > 1]


def is_error(said: ConsoleMessage) -> bool:
    """A telephone that nobody has touched yet may not shake: that is no error of ours."""
    return said.type == "error" and "navigator.vibrate" not in said.text


@asynccontextmanager
async def walk(chromium: Browser, folder: Path, house: DayHouse, language: str) -> AsyncIterator[Walk]:
    """A walk by this house's pages. At its end nothing was wrong."""
    state = folder / "state"
    state.mkdir()
    write_journal(state, house.lines)
    make_vapid_key(state / "vapid.pem")
    async with site(house, folder) as here:
        await here.until(lambda: here.app.state.archive.shelf.whole)
        known = here.app.state.accounts
        token = await here.token(*ROLES, member="anna", name="Anna de Vries")
        anna = known.viewer(token).account
        reset, _ = await known.make_link("password", anna)
        pair, _ = await known.make_link("pair", anna)
        context = await chromium.new_context(**LOOKS[language], reduced_motion="reduce", service_workers="block")
        await context.add_cookies([{"name": "taal", "value": language, "url": here.url}])
        for script in (QUESTIONS.read_text(encoding="utf-8"), Axe().axe_script):
            await context.add_init_script(script)
        page = await context.new_page()
        page.set_default_timeout(MS)
        filled = {
            "/start/{token}": f"/start/{reset}",
            "/pair/{token}": f"/pair/{pair}",
            "/balie/{zender}": "/balie/7",
            "/meldingen/{incident}": "/meldingen/2026-001",
            "/meldingen/{incident}/concept": "/meldingen/2026-001/concept",
            "/static/{path:path}": "/static/base.css",
        }
        cdp = await context.new_cdp_session(page)
        walking = Walk(here, context, page, cdp, language, token, filled)
        await cdp.send("Network.enable")
        await cdp.send("Network.setCacheDisabled", {"cacheDisabled": True})
        cdp.on("Network.loadingFinished", lambda loaded: walking.has_loaded(loaded["encodedDataLength"]))
        cdp.on(
            "Network.webSocketFrameReceived",
            lambda got: walking.has_loaded(len(got["response"]["payloadData"].encode())),
        )
        page.on("console", lambda said: walking.complain([said.text]) if is_error(said) else None)
        page.on("pageerror", lambda error: walking.complain([str(error)]))
        page.on("request", lambda asked: None if asked.url.startswith(here.url) else walking.complain([asked.url]))
        yield walking
        await context.close()
    assert not walking.wrong, "\n".join(walking.wrong)


@pytest.mark.parametrize("language", LOOKS)
async def test_every_page_is_for_everybody(chromium: Browser, tmp_path: Path, language: str) -> None:
    async with walk(chromium, tmp_path, morning(), language) as walking:
        for for_anybody in (True, False):
            if not for_anybody:
                await walking.context.add_cookies([walking.here.cookie(walking.token)])
            for path in await walking.paths(for_anybody):
                await walking.open(path)
                walking.weigh()
                title = await walking.page.title()
                if title in walking.titles:
                    walking.complain([f"is called {title}, as {walking.titles[title]}"])
                walking.titles[title] = path
                await walking.judge()


@pytest.mark.parametrize("language", LOOKS)
async def test_an_alarm_is_for_everybody(chromium: Browser, tmp_path: Path, language: str) -> None:
    """In every phase, as a drill, and when nothing is heard any more."""
    house = morning()
    async with walk(chromium, tmp_path, house, language) as walking:
        await walking.context.add_cookies([walking.here.cookie(walking.token)])
        page = walking.page
        house.practises(9)
        house.wait(3)
        walking.here.tell()
        for path in ("/receptie", "/team", "/meldingen", "/beheer/piepers"):
            await walking.open(path)
            await walking.judge_alarm()

        quiet, coming, there = in_three_phases(house)
        walking.here.tell()
        for path in ("/receptie", "/team", "/meldingen", "/beheer/piepers", "/beheer/knoptest"):
            await walking.open(path)
            await walking.judge_alarm()
            if (times := await page.evaluate("asked.alerts", "Balie 3")) != 1:
                walking.complain([f"says an alarm {times} times"])
        for path in ("/receptie", "/team"):
            await walking.open(path)
            for state in ("alarm", "coming", "on_scene"):
                await expect(page.locator(f".state-{state}.what, .incident.{state}").first).to_be_visible()
        await walking.open("/balie/7")
        await walking.judge()
        assert await page.evaluate("asked.alerts", "") == 0, "at the desk nothing is said"

        for incident in (coming, there):
            house.says("cor", "on_scene", incident=incident)
            house.says("cor", "all_clear", incident=incident)
        house.says("anna", "on_scene", incident=quiet)
        house.says("anna", "need_112", incident=quiet)
        walking.here.tell()
        for path in ("/receptie", "/team"):
            await walking.open(path)
            await walking.judge_alarm()

        walking.here.app.state.house._lost("the daemon was stopped")
        for path in ("/receptie", "/team", "/meldingen", "/beheer/piepers", "/beheer/knoptest"):
            await walking.open(path)
            await expect(page.locator("#stale")).to_be_visible()
            await walking.judge()
            await walking.judge_contrast("main, #stale", CONTRAST)


async def test_many_alarms_and_many_people_are_no_heavy_page(chromium: Browser, tmp_path: Path) -> None:
    """Six alarms at once in the house of config/, which has grown to forty members."""
    plan = load(CONFIG).plan
    many = tuple(Member(f"reserve-{nr}", (BACKUP,), (APP,)) for nr in range(2, 34))
    house = DayHouse(replace(plan, members=(*plan.members, *many)), at="08:40")
    house.until("09:02")
    for zender in range(1, 7):
        house.press(zender)
    house.wait(2)
    async with walk(chromium, tmp_path, house, "nl") as walking:
        await walking.context.add_cookies([walking.here.cookie(walking.token)])
        for path in ("/receptie", "/team"):
            await walking.open(path)
            await expect(walking.page.locator(".incident")).to_have_count(6)
            walking.weigh()


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost nothing."""
    monkeypatch.setattr(passwords, "PasswordHasher", partial(PasswordHasher, time_cost=1, memory_cost=64))


async def test_a_day_with_the_keyboard_alone(chromium: Browser, tmp_path: Path, cheap: None) -> None:
    """Log in, answer in somebody's name, close with a reason, take it back; answer oneself; swap a day."""
    house = morning()
    async with walk(chromium, tmp_path, house, "nl") as walking:
        page, keys = walking.page, walking.page.keyboard
        await walking.open(walking.filled["/start/{token}"])
        for label in ("Wachtwoord", "Wachtwoord nogmaals"):
            await walking.reach(label)
            await keys.type(SENTENCE)
        await keys.press("Enter")
        await page.wait_for_url("**/receptie")
        await walking.open("/account")
        await walking.reach("Uitloggen")
        await keys.press("Enter")
        await page.wait_for_url("**/login")
        await walking.reach("Naam")
        await keys.type("Anna de Vries")
        await walking.reach("Wachtwoord")
        await keys.type(SENTENCE)
        await keys.press("Enter")
        await page.wait_for_url("**/receptie")

        house.press(7)
        house.wait(1)
        walking.here.tell()
        await expect(page.get_by_role("heading", name="Balie 3")).to_be_visible()
        await walking.reach("Namens")
        await keys.type("Bas")
        await walking.reach("komt eraan: Balie 3")
        await keys.press("Enter")
        await expect(page.locator(".people")).to_contain_text("Bas Jansen komt eraan")
        await walking.reach("Veilig melden")
        await keys.press("Enter")
        await walking.reach("Door")
        await keys.type("Els")
        await walking.reach("Waarom is het veilig?")
        await keys.type("bezoeker is weg")
        await keys.press("Enter")
        await expect(page.locator("[data-part=notes]")).to_contain_text("Balie 3")
        await walking.reach("toch niet veilig")
        await keys.press("Enter")
        await expect(page.get_by_role("heading", name="Balie 3")).to_be_visible()

        await walking.open("/team")
        await walking.reach("Ik ga")
        await keys.press("Space")
        await expect(page.locator(".who")).to_contain_text("Anna de Vries onderweg")
        await walking.reach("Ter plaatse")  # it goes on from where it was

        await walking.open("/beheer/rooster")
        await walking.reach("dag van de ruil")
        for key in ("ArrowRight", "ArrowUp"):  # a day or a month later: the order is the browser's
            await keys.press(key)
        on = await page.get_by_label("dag van de ruil").input_value()
        await walking.reach("wie draagt hem")
        await keys.type("Dina")
        await walking.reach("Ruil")
        await keys.press("Enter")
        await expect(page.locator("#said")).to_contain_text("aangekomen")
        assert list(house.state.swaps.values()) == ["dina"], on
