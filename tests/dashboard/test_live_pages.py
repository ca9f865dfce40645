"""Live pages in Chromium: what stands there is new, or says that it is old. And morph.js: whatever changes, what
somebody is typing or pressing stays."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from achterwacht_dashboard import live, pages
from achterwacht_dashboard.app import LIVE_PAGES
from achterwacht_dashboard.pages import Renderer, Seen, Signals
from dashboard_site import WITHIN_S, Site, site
from house import TOWN_HALL, House

pytestmark = pytest.mark.asyncio(loop_scope="session")

MS = 15_000
"""Nothing here takes longer unless it is broken."""


def count(seen: Seen) -> dict[str, Any]:
    """A page that is no one's in particular: how many alarms are open, and since when."""
    alarms = seen.state.alarms
    return {"count": len(alarms), "since": max((alarm.raised_s for alarm in alarms.values()), default=0.0)}


class Counting(Renderer):
    """Makes the page of this module; everything else as it is."""

    def part(self, page: pages.Page, name: str, seen: Seen) -> str:
        values = page.parts[name](seen)
        return f'<p>{values["count"]} open</p><b data-since-s="{values["since"]}"></b>'


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page `receptie` has one part, and a template of its own."""
    made = pages.Page(
        "receptie",
        "GET /receptie",
        {"light": count},
        signals=lambda seen: Signals(title=f"{len(seen.state.alarms)} open" if seen.state.alarms else ""),
    )
    monkeypatch.setattr("achterwacht_dashboard.app.LIVE_PAGES", {**LIVE_PAGES, "receptie": made})
    monkeypatch.setattr("achterwacht_dashboard.app.Renderer", Counting)


@asynccontextmanager
async def opened(chromium: Browser, here: Site, token: str = "", path: str = "/receptie") -> AsyncIterator[Page]:
    """A page of somebody of the reception; at its end nobody has complained on the console."""
    context = await chromium.new_context()
    token = token or await here.token("reception", member="els")
    await context.add_cookies([here.cookie(token)])
    page = await context.new_page()
    page.set_default_timeout(MS)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{here.url}{path}")
    yield page
    await context.close()
    assert [one for one in complaints if "ERR_CONNECTION" not in one and "WebSocket" not in one] == []


def bar(page: Page) -> Any:
    return page.locator("#stale")


async def test_a_press_is_seen_and_its_seconds_count(chromium: Browser, tmp_path: Path, counting: None) -> None:
    house = House()
    async with site(house, tmp_path) as here, opened(chromium, here) as page:
        part = page.locator("[data-part=light]")
        await expect(part).to_contain_text("0 open", timeout=MS)
        await expect(bar(page)).to_be_hidden()
        house.press(7)
        house.wait(40)
        here.tell()
        await expect(part).to_contain_text("1 open", timeout=MS)
        await expect(part.locator("b")).to_contain_text("0:4", timeout=MS)
        await expect(page).to_have_title("1 open")


async def test_a_dashboard_that_hangs_is_old_news_within_seconds(
    chromium: Browser, tmp_path: Path, counting: None
) -> None:
    """As after SIGSTOP: the sockets stay open, and nobody speaks."""
    async with site(House(), tmp_path) as here, opened(chromium, here) as page:
        await expect(page.locator("[data-part=light]")).to_contain_text("0 open", timeout=MS)
        speaks = threading.Event()
        here.app.state.live._maker.submit(speaks.wait, WITHIN_S)
        await expect(page.locator(":root[data-stale]")).to_have_count(1, timeout=MS)
        await expect(bar(page)).to_contain_text("Verbinding weg sinds")
        await expect(page).to_have_title(re.compile(r"^\? Receptie"))
        speaks.set()
        await expect(page.locator(":root[data-stale]")).to_have_count(0, timeout=MS)
        await expect(bar(page)).to_be_hidden()


async def test_a_daemon_that_is_gone_is_told_with_the_servers_time(
    chromium: Browser, tmp_path: Path, counting: None
) -> None:
    house = House()
    async with site(house, tmp_path) as here:
        context = await chromium.new_context(timezone_id="America/New_York")
        await context.add_cookies([here.cookie(await here.token("reception"))])
        page = await context.new_page()
        await page.clock.install(time="2001-01-01T00:00:00")  # a machine whose clock is years slow
        await page.goto(f"{here.url}/receptie")
        await page.clock.run_for(1000)
        await expect(page.locator("[data-part=light]")).to_contain_text("0 open", timeout=MS)
        here.socket.unlink()  # nobody comes back
        for reader in here.link._readers:
            reader.ws.transport.abort()
        await expect(bar(page)).to_have_text("Verbinding weg sinds 10:00:00. Wat hier staat is oud.", timeout=MS)
        await context.close()


async def test_a_page_comes_back_by_itself_and_shows_what_is_new(
    chromium: Browser, tmp_path: Path, counting: None
) -> None:
    house = House()
    async with site(house, tmp_path) as here, opened(chromium, here) as page:
        await expect(page.locator("[data-part=light]")).to_contain_text("0 open", timeout=MS)
        for connection in list(here.connections):
            connection.transport.abort()  # type: ignore[attr-defined]
        house.press(7)
        here.tell()
        await expect(page.locator("[data-part=light]")).to_contain_text("1 open", timeout=MS)


async def test_whoever_is_logged_out_meanwhile_comes_to_the_login(
    chromium: Browser, tmp_path: Path, counting: None
) -> None:
    async with site(House(), tmp_path) as here:
        token = await here.token("reception")
        async with opened(chromium, here, token) as page:
            await expect(page.locator("[data-part=light]")).to_contain_text("0 open", timeout=MS)
            await here.app.state.accounts.log_out(token)
            await page.wait_for_url("**/login?next=%2Freceptie", timeout=MS)


async def test_a_page_of_an_older_build_loads_itself_again(
    chromium: Browser, tmp_path: Path, counting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BEAT_S", 0.5)
    async with site(House(), tmp_path) as here, opened(chromium, here) as page:
        await expect(page.locator("[data-part=light]")).to_contain_text("0 open", timeout=MS)
        await page.evaluate("performance.now = ((real) => () => real() + 10_000)(performance.now.bind(performance))")
        here.app.state.build = here.app.state.live._build = "another"
        await expect(page.locator(":root[data-build=another]")).to_have_count(1, timeout=MS)
        await expect(page.locator("[data-part=light]")).to_contain_text("0 open", timeout=MS)


async def test_a_page_that_is_taken_out_of_the_browsers_memory_is_made_anew(
    chromium: Browser, tmp_path: Path, counting: None
) -> None:
    async with site(House(), tmp_path) as here, opened(chromium, here) as page:
        await expect(page.locator("[data-part=light]")).to_contain_text("0 open", timeout=MS)
        stale = await page.evaluate("""() => {
            document.documentElement.dataset.before = "";
            window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
            return document.documentElement.hasAttribute("data-stale");
        }""")
        assert stale, "at once, before anybody has answered"
        await expect(page.locator(":root:not([data-before])")).to_have_count(1, timeout=MS)


async def test_a_page_that_slept_is_old_until_it_has_heard(
    chromium: Browser, tmp_path: Path, counting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BEAT_S", 0.5)  # it has seen that it is old before it hears again
    async with site(House(), tmp_path) as here, opened(chromium, here) as page:
        await expect(page.locator("[data-part=light]")).to_contain_text("0 open", timeout=MS)
        old = await page.evaluate("""() => {
            const real = Date.now;
            Date.now = () => real() + 3600_000; // while a machine sleeps performance.now() may stand still
            document.dispatchEvent(new Event("visibilitychange"));
            return document.documentElement.hasAttribute("data-stale");
        }""")
        assert old
        await expect(page.locator(":root[data-stale]")).to_have_count(0, timeout=MS)
        frozen = await page.evaluate("""() => {
            document.dispatchEvent(new Event("freeze"));
            return document.documentElement.hasAttribute("data-stale");
        }""")
        assert frozen
        await expect(page.locator(":root[data-stale]")).to_have_count(0, timeout=MS)


async def test_what_waited_for_a_page_that_slept_is_not_shown_as_new(
    chromium: Browser, tmp_path: Path, counting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came in while it slept is heard before any timer of its own."""
    monkeypatch.setattr(live, "BEAT_S", 0.5)
    async with site(House(), tmp_path) as here, opened(chromium, here) as page:
        await expect(page.locator("[data-part=light]")).to_contain_text("0 open", timeout=MS)
        first = await page.evaluate("""() => new Promise((done) => {
            for (let timer = 1; timer < 1000; timer++) clearInterval(timer);
            performance.now = ((real) => () => real() + 60_000)(performance.now.bind(performance));
            document.addEventListener("look", () => done("new"));
            document.addEventListener("stale", () => done("old"));
        })""")
        assert first == "old"


async def test_a_page_that_lost_a_script_says_so_and_comes_back(chromium: Browser, tmp_path: Path) -> None:
    zenders = tuple(replace(zender, help=zender.nr == 7) for zender in TOWN_HALL.zenders)
    async with site(House(replace(TOWN_HALL, zenders=zenders)), tmp_path) as here:
        context = await chromium.new_context(reduced_motion="reduce")
        await context.add_cookies([here.cookie(await here.token("reception"))])
        page = await context.new_page()
        await page.clock.install()
        for path, said in (
            ("/receptie", "Deze pagina hoort niets: laad haar opnieuw."),
            ("/balie/7", "Printer 2 onbekend"),
        ):
            await page.route("**/static/morph.js*", lambda route: route.abort(), times=1)
            await page.goto(f"{here.url}{path}")
            # Its time is the style sheet's, where nothing may move too.
            await expect(bar(page)).to_have_css("animation-duration", "3s")
            await expect(bar(page)).to_be_visible(timeout=MS)
            await expect(bar(page)).to_have_text(said)
            await page.clock.run_for(10_000)
            await expect(page.locator(":root[data-live]")).to_have_count(1, timeout=MS)
            await expect(bar(page)).to_be_hidden()
        await context.close()


async def test_a_part_that_is_broken_says_so(
    chromium: Browser, tmp_path: Path, counting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House()
    monkeypatch.setattr(
        Counting,
        "part",
        lambda self, page, name, seen: f"<p>{1 // (1 - len(seen.state.alarms))} whole</p>",
    )
    async with site(house, tmp_path) as here, opened(chromium, here) as page:
        await expect(page.locator("[data-part=light]")).to_contain_text("1 whole", timeout=MS)
        await expect(bar(page)).to_be_hidden()
        house.press(7)
        here.tell()
        await expect(bar(page)).to_contain_text("Deze pagina werkt niet goed", timeout=MS)
        await expect(page.locator("[data-part=light]")).to_have_text("Dit deel kan niet worden getoond.")


# --- morph.js ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def bench(chromium: Browser, here: Site) -> AsyncIterator[Page]:
    """An empty page of ours with morph.js on it."""
    context = await chromium.new_context()
    page = await context.new_page()
    page.set_default_timeout(MS)
    await page.goto(f"{here.url}/login")
    await page.evaluate("""async () => {
        const { morph } = await import("/static/morph.js");
        document.body.innerHTML = '<section id="bench"></section>';
        window.bench = document.getElementById("bench");
        window.turnInto = (html) => morph(window.bench, html);
        const template = document.createElement("template");
        window.fresh = (html) => { template.innerHTML = html; return template.innerHTML; };
    }""")
    yield page
    await context.close()


NAMES = ("p", "div", "span", "button", "form", "ul", "b")


def tree(dice: random.Random, depth: int = 0) -> str:
    """Some HTML: elements with and without keys, texts, attributes, blanks between them."""
    keys = [f"k{n}" for n in range(8)]
    dice.shuffle(keys)
    html = ""
    for _ in range(dice.randrange(6)):
        kind = dice.random()
        if kind < 0.25:
            html += dice.choice(["een", "twee", "\n  ", "drie &amp; vier"])
            continue
        # A form in a form, or a block in a paragraph, is not what the parser makes of it.
        name = dice.choice(NAMES if depth == 0 else ("span", "b"))
        key = dice.choice(["", f' data-key="{keys.pop()}"', f' id="d{depth}-{keys.pop()}"']) if keys else ""
        style = dice.choice(["", ' class="x"', ' class="y" title="z"', ' value="1"', ' value="2" name="a"'])
        inner = tree(dice, depth + 1) if depth < 3 else ""
        html += f"<{name}{key}{style}>{inner}</{name}>"
    return html


async def test_whatever_it_was_it_becomes_what_is_wanted(chromium: Browser, tmp_path: Path) -> None:
    dice = random.Random(20261203)
    trees = [tree(dice) for _ in range(600)]
    async with site(House(), tmp_path) as here, bench(chromium, here) as page:
        wrong = await page.evaluate(
            """(trees) => {
                for (const [n, html] of trees.entries()) {
                    turnInto(html);
                    if (bench.innerHTML !== fresh(html)) return [trees[n - 1], html, bench.innerHTML];
                    const before = [...bench.querySelectorAll("*")];
                    turnInto(html);
                    const after = [...bench.querySelectorAll("*")];
                    if (before.some((element, at) => element !== after[at])) return ["the same", html];
                }
                return null;
            }""",
            trees,
        )
        assert wrong is None


async def test_elements_with_a_key_are_the_same_ones_wherever_they_go(chromium: Browser, tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, bench(chromium, here) as page:
        moved = await page.evaluate(
            """(seed) => {
                const rows = (keys) => keys.map((key) => `\\n<li data-key="${key}">${key}</li>`).join("");
                let random = seed;
                const dice = () => (random = (random * 48271) % 2147483647) / 2147483647;
                let keys = ["a", "b", "c", "d", "e"];
                for (let turn = 0; turn < 300; turn++) {
                    const before = new Map([...bench.children].map((row) => [row.dataset.key, row]));
                    keys = "abcdefgh".split("").filter(() => dice() < 0.6).sort(() => dice() - 0.5);
                    turnInto(rows(keys));
                    for (const row of bench.children) {
                        const old = before.get(row.dataset.key);
                        if (old && old !== row) return row.dataset.key;
                    }
                    if ([...bench.children].map((row) => row.dataset.key).join() !== keys.join()) return keys;
                }
                return null;
            }""",
            7,
        )
        assert moved is None


async def test_what_somebody_types_stays_with_the_focus_and_the_selection(chromium: Browser, tmp_path: Path) -> None:
    form = (
        '<form action="/do/answer"><input type="hidden" name="incident" value="7"><input id="why" name="reason"></form>'
    )
    async with site(House(), tmp_path) as here, bench(chromium, here) as page:
        await page.evaluate("(html) => turnInto(html)", f'<p data-key="a">a</p>{form}')
        await page.locator("#why").fill("vals alarm")
        await page.evaluate("document.getElementById('why').setSelectionRange(0, 4)")
        for others in ("", '<p data-key="b">b</p><p data-key="a">a</p>', "<ul><li>veel</li></ul>", "tekst"):
            for html in (others + form, form + others):
                await page.evaluate("(html) => turnInto(html)", html)
                state = await page.evaluate("""() => {
                    const { id, value, selectionStart, selectionEnd } = document.activeElement;
                    return [id, value, selectionStart, selectionEnd];
                }""")
                assert state == ["why", "vals alarm", 0, 4], html


BUTTONS = '<form action="/do/answer"><input type="hidden" name="incident" value="{incident}">{buttons}</form>'
COMING = '<button name="answer" value="coming">{word}</button>'
ON_SCENE = '<button name="answer" value="on_scene">Ter plaatse</button>'


async def hold_and_turn(page: Page, before: str, after: str) -> list[str]:
    """A button is held down while the page changes under the thumb; what was clicked when it is let go."""
    await page.evaluate(
        """(html) => {
            turnInto(html);
            window.clicks = [];
            bench.onclick = (event) => {
                event.preventDefault();
                if (event.target.matches("button")) clicks.push(event.target.value);
            };
        }""",
        before,
    )
    box = await page.locator("button").first.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await page.mouse.down()
    await page.evaluate("(html) => turnInto(html)", after)
    at = await page.locator("button").first.bounding_box()
    assert at is not None
    await page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    await page.mouse.up()
    clicks: list[str] = await page.evaluate("clicks")
    return clicks


async def test_a_button_that_is_held_down_still_clicks(chromium: Browser, tmp_path: Path) -> None:
    before = '<p data-key="x">x</p>' + BUTTONS.format(incident="7-a-1", buttons=COMING.format(word="Ik ga"))
    same = BUTTONS.format(incident="7-a-1", buttons=COMING.format(word="Ik ga (2 gaan al)"))
    async with site(House(), tmp_path) as here, bench(chromium, here) as page:
        for after in (same, f"{same}<p>nieuw</p>", f'<p data-key="y">y</p>{same}<p data-key="x">x</p>'):
            assert await hold_and_turn(page, before, after) == ["coming"], after


async def test_a_press_never_ends_on_what_has_taken_the_buttons_place(chromium: Browser, tmp_path: Path) -> None:
    before = BUTTONS.format(incident="7-a-1", buttons=COMING.format(word="Ik ga"))
    async with site(House(), tmp_path) as here, bench(chromium, here) as page:
        other_answer = BUTTONS.format(incident="7-a-1", buttons=ON_SCENE)
        assert await hold_and_turn(page, before, other_answer) == []
        other_alarm = BUTTONS.format(incident="5-a-2", buttons=COMING.format(word="Ik ga"))
        assert await hold_and_turn(page, before, other_alarm) == []


async def test_whoever_had_the_focus_goes_on_from_there(chromium: Browser, tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, bench(chromium, here) as page:
        await page.evaluate("(html) => turnInto(html)", COMING.format(word="Ik ga"))
        await page.locator("button").focus()
        await page.evaluate("(html) => turnInto(html)", ON_SCENE)
        assert await page.evaluate("document.activeElement.id") == "bench"
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.value") == "on_scene"


async def test_what_a_person_has_opened_stays_open(chromium: Browser, tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, bench(chromium, here) as page:
        await page.evaluate("turnInto('<details><summary>meer</summary></details>')")
        await page.evaluate("bench.querySelector('details').open = true")
        await page.evaluate("turnInto('<details class=\"x\"><summary>meer</summary></details>')")
        assert await page.evaluate("bench.querySelector('details').open")
