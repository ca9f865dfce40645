"""Every page, as it is used with a keyboard, a screen reader, enlarged, in the dark or with a shaking hand: what WCAG 2.2
AA asks, and more of it in an alarm.

Pages are found from access.TABLE: a new one is walked by itself. What one page does is in the other tests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, CDPSession, ConsoleMessage, Page, expect

from achterwacht.core.plan import Morning
from achterwacht.outputs.phones.vapid import make_vapid_key
from achterwacht_dashboard import access
from achterwacht_dashboard.access import ROLES
from dashboard_site import Site, site
from day_house import DayHouse
from journal_of import write_journal
from team_house import APP_HALL_BY_DAY

pytestmark = pytest.mark.asyncio(loop_scope="session")

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
CONTRAST_IN_ALARM = 7.0
AXE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""All its rules; that of WCAG 2.2 is off unless it is asked for."""
TABS_MAX = 150
"""No page has so many controls: the focus is caught."""

MS = 15_000
"""Nothing here takes longer unless it is broken."""

WATCH = """
window.looked = new Promise((done) => document.addEventListener("look", done, { once: true }));
"""
READY = """async () => {
    if (document.documentElement.dataset.page) await window.looked;
    await new Promise((done) => requestAnimationFrame(done));
}"""

HELPERS = """
const isSeen = (element) => element.checkVisibility({ visibilityProperty: true });
const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
const controls = () => [...document.querySelectorAll(CONTROLS)].filter((one) => isSeen(one) && !one.disabled);
const tell = (element) => element.cloneNode(false).outerHTML.replace(/<\\/.*/, "") + element.textContent.trim().slice(0, 30);

// --- colours, as they come out of what lies on each other ---
const paint = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
function rgba(colour) {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
}
const over = ([r, g, b, a], under) => [r, g, b].map((value, n) => value * a + under[n] * (1 - a));
function seenColours(element, colour) {
    const line = [];
    for (let one = element; one; one = one.parentElement) line.unshift(one);
    let ground = over(rgba("Canvas"), [255, 255, 255]);
    const grounds = line.map((one) => ({ opacity: Number(getComputedStyle(one).opacity), under: ground, on: (ground = over(rgba(getComputedStyle(one).backgroundColor), ground)) }));
    let ink = over(rgba(colour), ground);
    for (const { opacity, under } of grounds.reverse()) {
        ink = over([...ink, opacity], under);
        ground = over([...ground, opacity], under);
    }
    return [ink, ground];
}
function luminance(colour) {
    const [r, g, b] = colour.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(one, other) {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
}
"""

AUDIT = (
    "(isPhone) => {"
    + HELPERS
    + """
    const wrong = [];
    const headings = [...document.querySelectorAll("h1")].filter(isSeen);
    if (headings.length !== 1) wrong.push(`${headings.length} h1`);

    for (const one of controls()) {
        if (one.matches(".visually-hidden")) continue; // seen only with the focus on it
        if (one.matches("[tabindex='0']:not(a, button, input, select, summary)")) continue; // a region to scroll
        const box = (one.matches("[type=checkbox], [type=radio]") && one.closest("label") || one).getBoundingClientRect();
        const isCommand = one.matches("form[data-command] button, summary.button, a.button");
        const least = one.matches("a:not(.button)") ? 24 : isPhone && isCommand ? 56 : 44;
        if (Math.min(box.width, box.height) < least - 0.5) wrong.push(`${Math.round(box.width)}×${Math.round(box.height)} px: ${tell(one)}`);
    }

    // What counts may not be said each second.
    for (const one of document.querySelectorAll("[data-since-s], [data-until-s], [data-clock]")) {
        const live = one.closest("[aria-live], [role=alert], [role=status], [role=log], [role=timer]");
        if (live && !live.matches("[aria-live=off], [role=timer]")) wrong.push(`counts aloud: ${tell(one)}`);
    }
    const moving = document.getAnimations().filter((one) => one.playState === "running");
    if (moving.length) wrong.push(`${moving.length} animations run`);
    return wrong;
}"""
)

FAINT = (
    "(least) => {"
    + HELPERS
    + """
    const ALARM = ".incident, .open-now, [data-part=now] .bar, .loud, .step--claim, .sound .off, .note.state-alarm, .note.state-drill, #said, #stale";
    const faint = [];
    function judge(element, ink, ground) {
        const ratio = contrast(ink, ground);
        if (ratio < least) faint.push(`${ratio.toFixed(1)}: ${tell(element)}`);
    }
    let judged = 0;
    for (const alarm of document.querySelectorAll(ALARM)) {
        const texts = document.createTreeWalker(alarm, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const element = texts.currentNode.parentElement;
            if (!texts.currentNode.data.trim() || !isSeen(element) || element.closest(".visually-hidden, option")) continue;
            if (getComputedStyle(element).backgroundImage !== "none") faint.push(`a picture under ${tell(element)}`);
            judge(element, ...seenColours(element, getComputedStyle(element).color));
            judged++;
        }
        for (const one of alarm.querySelectorAll("select, input:not([type=hidden])"))
            if (isSeen(one)) judge(one, ...seenColours(one, getComputedStyle(one).color));
    }
    for (const plate of document.querySelectorAll(".plate")) {
        const [ink] = seenColours(plate.querySelector("text"), getComputedStyle(plate.querySelector("text")).fill);
        const [ground] = seenColours(plate.querySelector("rect"), getComputedStyle(plate.querySelector("rect")).fill);
        judge(plate, ink, ground);
    }
    return [judged, faint];
}"""
)

FOCUS = (
    "() => {"
    + HELPERS
    + """
    const one = document.activeElement;
    if (!one || one === document.body || one === document.documentElement) return null;
    const wrong = [];
    const style = getComputedStyle(one);
    const ground = seenColours(one.parentElement, "transparent")[1];
    if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 3) wrong.push(`no ring: ${style.outlineStyle} ${style.outlineWidth}`);
    else {
        const ratio = contrast(over(rgba(style.outlineColor), ground), ground);
        if (ratio < 3) wrong.push(`the ring has a contrast of ${ratio.toFixed(1)}`);
    }
    const box = one.getBoundingClientRect();
    const points = [0.1, 0.5, 0.9].flatMap((x) => [0.2, 0.5, 0.8].map((y) => [box.left + x * box.width, box.top + y * box.height]));
    const hits = points.map(([x, y]) => document.elementFromPoint(x, y));
    if (!hits.some((hit) => hit && (one.contains(hit) || hit.contains(one)))) wrong.push("something lies over it, or it is outside of the screen");
    return { at: controls().indexOf(one), wrong, what: tell(one) };
}"""
)
HOW_MANY = "() => {" + HELPERS + "return controls().length; }"


# --- a house in which every page has much to show -----------------------------------------------------------------------


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
    """Three alarms at once: nobody comes yet, somebody is coming, somebody is there. Returns what they are called."""
    incidents = []
    for zender, answer in ((7, ""), (6, "coming"), (5, "on_scene")):
        house.press(zender)
        house.wait(1)
        incidents.append(house.alarm(zender).incident)
        if answer:
            house.says("cor", answer)  # type: ignore[arg-type]
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
        await self.page.evaluate(READY)
        if self.bytes > FIRST_LOAD_MAX_BYTES:
            self.complain([f"{self.bytes} bytes are loaded"])

    def has_loaded(self, size: float) -> None:
        self.bytes += int(size)

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
        found = (await Axe().run(page, options=AXE)).response["violations"]
        self.complain(f"{one['id']}: {[node['html'][:150] for node in one['nodes']]}" for one in found)
        self.complain(await page.evaluate(AUDIT, self.is_phone))
        if await page.locator("html").get_attribute("lang") != self.language:
            self.complain(["lang is wrong"])
        self.complain(await self.same_names())
        size = page.viewport_size
        assert size is not None
        for width, height in (NARROW_PX,) if self.is_phone else (NARROW_PX, ENLARGED_PX):
            await page.set_viewport_size({"width": width, "height": height})
            wide = await page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                self.complain([f"{wide} px wide on {width} px"])
        await page.set_viewport_size(size)
        await self.cdp.send("Page.setFontSizes", {"fontSizes": {"standard": LARGE_TEXT_PX}})
        wide = await page.evaluate("document.documentElement.scrollWidth")
        if wide > size["width"]:
            self.complain([f"{wide} px wide with large letters"])
        await self.cdp.send("Page.setFontSizes", {"fontSizes": {"standard": TEXT_PX}})

    async def judge_alarm(self, path: str) -> None:
        """What of an alarm stands there: all of it can be read from afar."""
        judged, faint = await self.page.evaluate(FAINT, CONTRAST_IN_ALARM)
        self.complain(faint)
        if not judged and not path.startswith("/balie"):
            self.complain(["shows no alarm"])

    async def tab_through(self) -> None:
        """From one control to the next, to the end."""
        expected = await self.page.evaluate(HOW_MANY)
        order: list[int] = []
        for _ in range(TABS_MAX):
            await self.page.keyboard.press("Tab")
            focus = await self.page.evaluate(FOCUS)
            if focus is None or (order and focus["at"] == order[0] and len(order) > 1 and order[-1] != order[0]):
                break
            self.complain(f"{problem}: {focus['what']}" for problem in focus["wrong"])
            if focus["at"] >= 0 and (not order or order[-1] != focus["at"]):
                order.append(focus["at"])
        if order != list(range(expected)):
            self.complain([f"the focus goes {order}, of {expected}"])

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
        accounts = here.app.state.accounts
        token = await here.token(*ROLES, member="anna", name="Anna de Vries")
        anna = accounts.viewer(token).account
        reset, _ = await accounts.make_link("password", anna)
        pair, _ = await accounts.make_link("pair", anna)
        context = await chromium.new_context(**LOOKS[language], reduced_motion="reduce", service_workers="block")
        await context.add_cookies([{"name": "taal", "value": language, "url": here.url}])
        await context.add_init_script(WATCH)
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
        cdp.on("Network.webSocketFrameReceived", lambda got: walking.has_loaded(len(got["response"]["payloadData"].encode())))
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
                title = await walking.page.title()
                if title in walking.titles:
                    walking.complain([f"is called {title}, as {walking.titles[title]}"])
                walking.titles[title] = path
                await walking.judge()
                print("SIZE", path, walking.bytes)


async def test_a_keyboard_comes_everywhere(chromium: Browser, tmp_path: Path) -> None:
    """Every control, in the order of the page, each with a ring around it and nothing over it."""
    house = morning()
    async with walk(chromium, tmp_path, house, "nl") as walking:
        for for_anybody in (True, False):
            if not for_anybody:
                await walking.context.add_cookies([walking.here.cookie(walking.token)])
            for path in await walking.paths(for_anybody):
                await walking.open(path)
                await walking.tab_through()
        in_three_phases(house)
        walking.here.tell()
        for path in ("/receptie", "/team", "/meldingen", "/beheer/piepers", "/beheer/knoptest"):
            await walking.open(path)
            await walking.tab_through()


@pytest.mark.parametrize("language", LOOKS)
async def test_an_alarm_is_for_everybody(chromium: Browser, tmp_path: Path, language: str) -> None:
    """In every phase, as a drill, and when nothing is heard any more."""
    house = morning()
    async with walk(chromium, tmp_path, house, language) as walking:
        await walking.context.add_cookies([walking.here.cookie(walking.token)])
        three = in_three_phases(house)
        walking.here.tell()
        for path in ("/receptie", "/team", "/balie/7", "/meldingen", "/beheer/piepers", "/beheer/knoptest"):
            await walking.open(path)
            await walking.judge()
            await walking.judge_alarm(path)
        for incident in three[1:]:
            house.says("cor", "on_scene", incident=incident)
            house.says("cor", "all_clear", incident=incident)
        house.says("anna", "on_scene", incident=three[0])
        house.says("anna", "need_112", incident=three[0])
        walking.here.tell()
        for path in ("/receptie", "/team"):
            await walking.open(path)
            await walking.judge()
            await walking.judge_alarm(path)
        walking.here.app.state.house._lost("the daemon was stopped")
        for path in ("/receptie", "/team", "/meldingen", "/beheer/piepers", "/beheer/knoptest"):
            await walking.open(path)
            await expect(walking.page.locator("#stale")).to_be_visible()
            await walking.judge()
