"""The panel: what is pressed on it happens, what the nodes show is on it, and nobody else may press."""

from __future__ import annotations

import asyncio
import http.client
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright, expect

from achterwacht_sim.address import Broker
from achterwacht_sim.children import Children, Kept
from achterwacht_sim.house import House
from achterwacht_sim.panel import Panel
from achterwacht_sim.play import Cast
from achterwacht_sim.scenario import read
from achterwacht_sim.screens import PASSWORD, Account
from broker import DAEMON, Mosquitto
from dashboard.conftest import ARGUMENTS, CHROMIUM
from sim.fake_daemon import FakeDaemon

WAIT_S = 30.0
HOUSE = House(places={7: "Balie 3", 8: "Balie 4"}, rooms={7: "", 8: "0.12"}, members={"lid-1": "Anna"})
STORY = "zenders: [7, 8]\npagers: [p1, p2, p3]\nsteps: [{do: press 7}]\n"
DASHBOARD = "http://127.0.0.1:8112"
ACCOUNTS = (Account("receptie", "reception"), Account("anna", "team", "lid-1"))


class Browser:
    """One page of the panel, without a screen."""

    def __init__(self, panel: Panel) -> None:
        self.url = panel.url
        self.host = panel.url.removeprefix("http://")

    async def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        """Status, headers with names in small letters, and the text. As our own page asks, but for these headers."""
        ours = {"Host": self.host, "Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        changed = {name.replace("_", "-"): value for name, value in headers.items()}

        def asked() -> tuple[int, dict[str, str], str]:
            connection = http.client.HTTPConnection(self.host, timeout=WAIT_S)
            try:
                connection.request(method, path, body, ours | changed)
                response = connection.getresponse()
                return (
                    response.status,
                    {name.lower(): value for name, value in response.getheaders()},
                    response.read().decode(),
                )
            finally:
                connection.close()

        return await asyncio.to_thread(asked)

    async def says(self, do: str) -> tuple[int, str]:
        """Status, and what was wrong with it."""
        status, _, told = await self.ask("POST", "/do", json.dumps({"do": do}))
        return status, json.loads(told).get("wrong", "")

    async def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((await self.ask("GET", "/state"))[2])
        return state

    async def sees(self, kind: str, index: int, **wanted: object) -> dict[str, Any]:
        """Looks until this row of zenders or pagers is so."""
        while True:
            row: dict[str, Any] = (await self.state())[kind][index]
            if all(row[key] == value for key, value in wanted.items()):
                return row


@asynccontextmanager
async def building(mosquitto: Mosquitto, kept: dict[str, Kept] | None = None) -> AsyncIterator[tuple[Browser, Cast]]:
    """A cast before a fake daemon, and its panel."""
    password = mosquitto.password(DAEMON)
    broker = Broker(mosquitto.host, mosquitto.port, DAEMON, password)
    async with (
        asyncio.timeout(WAIT_S),
        FakeDaemon(mosquitto.host, mosquitto.port, DAEMON, password),
        Cast(read(STORY, "t.yaml"), broker, lambda _line: None) as cast,
        Panel(cast, HOUSE, kept or {}, 0, DASHBOARD, ACCOUNTS) as panel,
    ):
        yield Browser(panel), cast


@pytest.mark.asyncio
async def test_a_press_is_seen_on_the_pagers_and_answered_there(mosquitto: Mosquitto) -> None:
    async with building(mosquitto) as (browser, _):
        assert await browser.says("press 7") == (200, "")
        zender = await browser.sees("zenders", 0, press="durable")
        assert (zender["place"], zender["ago_s"]) == ("Balie 3", 0)
        for index in range(3):
            pager = await browser.sees("pagers", index, notice=None)
            while not pager["incidents"]:
                pager = await browser.sees("pagers", index)
            (shown,) = pager["incidents"]
            assert (shown["text"], shown["rings"]) == ("BALIE 3", True)
        assert await browser.says(f"p2 answers coming to {shown['incident']}") == (200, "")
        pager = await browser.sees("pagers", 1, said={"answer": "coming", "result": "accepted", "reason": ""})
        assert pager["incidents"][0]["rings"] is False
        log = (await browser.state())["log"]
        assert "pager p2 hears about coming: accepted" in [line["said"] for line in log]
        assert await browser.says("p2 answers all_clear") == (200, "")
        await browser.sees("pagers", 2, incidents=[])
        assert (await browser.sees("pagers", 1, incidents=[]))["said"]["answer"] == "all_clear"
        assert await browser.says("press 8") == (200, "")
        await browser.sees("pagers", 1, said=None)  # nobody answered this one


@pytest.mark.asyncio
async def test_of_two_incidents_the_chosen_one_is_answered(mosquitto: Mosquitto) -> None:
    async with building(mosquitto) as (browser, _):
        await browser.says("press 7 8")
        pager = await browser.sees("pagers", 0)
        while len(pager["incidents"]) < 2:
            pager = await browser.sees("pagers", 0)
        newest, older = pager["incidents"]
        assert (newest["text"], older["text"]) == ("BALIE 4", "BALIE 3")
        assert (await browser.says(f"p1 answers cannot to {older['incident']}"))[0] == 200
        pager = await browser.sees("pagers", 0, said={"answer": "cannot", "result": "accepted", "reason": ""})
        assert [(each["text"], each["rings"]) for each in pager["incidents"]] == [("BALIE 4", True), ("BALIE 3", False)]


@pytest.mark.asyncio
async def test_what_is_broken_is_seen(mosquitto: Mosquitto) -> None:
    async with building(mosquitto) as (browser, _):
        for said in ("zender 7 falls silent", "p1 docks", "battery p1 15", "p2 dies", "line 8 cut", "tamper 8 opened"):
            assert await browser.says(said) == (200, "")
        await browser.sees("zenders", 0, connection="silent")
        await browser.sees("zenders", 1, line="cut", tamper=True)
        await browser.sees("pagers", 0, docked=True, battery=15)
        await browser.sees("pagers", 1, connection="off")
        assert (await browser.says("p2 comes back"))[0] == 200
        await browser.sees("pagers", 1, connection="ok")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("said", "status", "wrong"),
    [
        ("p1 answers coming", 409, "pager p1 shows no incident"),
        ("press 9", 400, "9 is not in this building"),
        ("p9 docks", 400, "pager p9 is not in this building"),
        ("p9 dies", 400, "pager p9 is not in this building"),
        ("kill broker", 400, "kill broker: one of press NR"),
        ("type achterwacht drill start 7", 400, "nothing can be typed here"),
        ("dance", 400, "dance: one of press NR"),
    ],
)
async def test_what_cannot_be_done_is_told(mosquitto: Mosquitto, said: str, status: int, wrong: str) -> None:
    async with building(mosquitto) as (browser, _):
        told = await browser.says(said)
        assert told[0] == status
        assert wrong in told[1]


@pytest.mark.asyncio
async def test_only_its_own_page_may_press(mosquitto: Mosquitto) -> None:
    async with building(mosquitto) as (browser, _):
        press = json.dumps({"do": "press 7"})
        for foreign in (
            {"Origin": "http://127.0.0.1:8112"},
            {"Origin": "null"},
            {"Origin": ""},
            {"Sec_Fetch_Site": "same-site"},
            {"Host": "evil.example:8113"},
            {"Host": "evil.example:8113", "Origin": "http://evil.example:8113"},
        ):
            assert (await browser.ask("POST", "/do", press, **foreign))[0] == 403, foreign
        assert (await browser.ask("GET", "/state", Host="evil.example:8113"))[0] == 403
        assert [each["press"] for each in (await browser.state())["zenders"]] == ["none", "none"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/do", "press 7", 400),
        ("POST", "/do", '["press 7"]', 400),
        ("POST", "/do", '{"do": 7}', 400),
        ("POST", "/do", json.dumps({"do": "x" * 2000}), 400),
        ("POST", "/state", "", 404),
        ("GET", "/../panel.py", "", 404),
        ("DELETE", "/do", "", 404),
    ],
)
async def test_nonsense_is_refused(mosquitto: Mosquitto, method: str, path: str, body: str, status: int) -> None:
    async with building(mosquitto) as (browser, _):
        assert (await browser.ask(method, path, body))[0] == status
        assert (await browser.ask("GET", "/"))[0] == 200


@pytest.mark.asyncio
async def test_who_says_nothing_or_nonsense_holds_up_nobody(mosquitto: Mosquitto) -> None:
    async with building(mosquitto) as (browser, _):
        host, _, port = browser.host.partition(":")
        _, silent = await asyncio.open_connection(host, int(port))
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\xff\r\nGET\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
        assert (await browser.ask("GET", "/"))[0] == 200
        for each in (silent, writer):
            each.close()
            await each.wait_closed()


@pytest.mark.asyncio
async def test_its_files_allow_nothing_from_elsewhere(mosquitto: Mosquitto) -> None:
    async with building(mosquitto) as (browser, _):
        for path, kind in (("/", "text/html"), ("/panel.css", "text/css"), ("/panel.js", "text/javascript")):
            status, headers, text = await browser.ask("GET", path)
            assert (status, headers["content-type"].split(";")[0]) == (200, kind)
            assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
            assert "https://" not in text
            assert "style=" not in text


@pytest.mark.asyncio
async def test_a_process_is_killed_and_comes_back_or_is_put_out(mosquitto: Mosquitto) -> None:
    told: list[str] = []
    async with Children() as children:
        child = await children.start("the daemon", [sys.executable, "-c", "import signal; signal.pause()"])
        kept = children.keep(child, told.append)
        async with building(mosquitto, {"daemon": kept}) as (browser, _):

            async def is_(state: str) -> None:
                while (await browser.state())["processes"] != [{"name": "daemon", "state": state}]:
                    pass

            await is_("up")
            assert await browser.says("kill daemon") == (200, "")
            await child.ended()
            await is_("up")
            assert await browser.says("put out daemon") == (200, "")
            await is_("out")
            assert await browser.says("put on daemon") == (200, "")
            await is_("up")
    assert told == [], "what was asked for is no news"


@asynccontextmanager
async def chromium() -> AsyncIterator[Page]:
    """One window of a browser of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield await browser.new_page()
        await browser.close()


@pytest.mark.asyncio
async def test_the_page_shows_it_all_and_says_when_it_is_old(mosquitto: Mosquitto) -> None:
    async with chromium() as page:
        trouble: list[str] = []
        page.on("pageerror", lambda error: trouble.append(str(error)))
        async with building(mosquitto) as (browser, _):
            await page.goto(browser.url)
            await expect(page.locator("#login")).to_contain_text(
                f"Inloggen log in met {PASSWORD} als receptie anna Anna", use_inner_text=True
            )
            pager = page.locator("#pagers > li").nth(1)
            await page.get_by_role("button", name="Balie 3").click()
            await expect(pager.locator(".display")).to_contain_text("BALIE 3 gaat af", use_inner_text=True)
            await page.get_by_role("button", name="Balie 4").click()
            await expect(pager.locator(".display")).to_contain_text(
                "BALIE 4 gaat af rings BALIE 3 gaat af", use_inner_text=True
            )
            await expect(pager.get_by_role("radio").first).to_be_checked()  # the newest, whatever came before
            await pager.get_by_role("radio").nth(1).check()
            await pager.get_by_role("button", name="Ik ga").click()
            await expect(pager.locator(".said")).to_contain_text("Ik ga: aangekomen", use_inner_text=True)
            await expect(pager.locator(".display")).to_contain_text("BALIE 4 gaat af", use_inner_text=True)
            await expect(pager.locator(".rings:visible")).to_have_count(1)
            await expect(page.locator("#zenders")).to_contain_text("geleden, vastgelegd", use_inner_text=True)
            await pager.get_by_role("button", name="In de lader").click()
            await expect(pager.get_by_role("button", name="Uit de lader")).to_be_visible()
            await page.get_by_label("Een zender of pieper").select_option("Balie 4 (zender 8)")
            await page.get_by_role("button", name="Stroom eraf").click()
            await expect(page.get_by_role("button", name="Balie 4")).to_contain_text("stroom eraf", use_inner_text=True)
            found = await Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
        await expect(page.get_by_role("alert")).to_contain_text(
            "antwoordt niet: wat hier staat is oud", use_inner_text=True
        )
        assert trouble == []


@pytest.mark.asyncio
async def test_a_port_that_is_in_use_is_told(mosquitto: Mosquitto) -> None:
    async with building(mosquitto) as (browser, cast):
        port = int(browser.host.rpartition(":")[2])
        with pytest.raises(OSError, match="address already in use"):
            await Panel(cast, HOUSE, {}, port, DASHBOARD, ACCOUNTS).__aenter__()
