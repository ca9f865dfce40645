"""Live pages without a browser: what is said over the WebSocket, and what happens to those who stall, flood, fall
silent or are logged out. Whoever is dropped leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from achterwacht.core import heard as h
from achterwacht_dashboard import live, serving
from achterwacht_dashboard.app import LIVE_PAGES
from achterwacht_dashboard.pages import Page, Renderer, Seen, Signals
from dashboard_site import WITHIN_S, Site, site
from house import House

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def opened(here: Site, token: str, page: str = "receptie", **options: Any) -> AsyncIterator[ClientConnection]:
    """A browser that has this page open, and has yet to say something."""
    headers = {"Cookie": f"achterwacht={token}"}
    address = f"{here.url.replace('http', 'ws')}/live/{page}"
    options = {"origin": here.url, "compression": None, "ping_interval": None, "close_timeout": 0.1} | options
    async with connect(address, additional_headers=headers, **options) as ws:
        yield ws


async def hears(ws: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(WITHIN_S):
        message: dict[str, Any] = json.loads(await ws.recv())
        await ws.send('{"type":"here"}')
        return message


async def closed(ws: ClientConnection) -> int:
    """The code by which it is closed at last."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                await ws.recv()
            except ConnectionClosed as end:
                return end.rcvd.code if end.rcvd else 1006


def shown(seen: Seen) -> dict[str, Any]:
    return {"alarms": sorted(seen.state.alarms)}


class Plain(Renderer):
    """Pages whose HTML is their values."""

    def part(self, page: Page, name: str, seen: Seen) -> str:
        return json.dumps(page.parts[name](seen))


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The page `receptie`, of parts that a test can exchange."""
    parts: dict[str, Any] = {"alarms": shown}
    made = Page("receptie", "GET /receptie", parts)
    monkeypatch.setattr("achterwacht_dashboard.app.LIVE_PAGES", {**LIVE_PAGES, "receptie": made})
    monkeypatch.setattr("achterwacht_dashboard.app.Renderer", Plain)
    yield parts


# --- what is said -----------------------------------------------------------------------------------------------------


async def test_the_first_message_has_everything_and_the_next_only_what_changed(page: Any, tmp_path: Path) -> None:
    page["quiet"] = lambda seen: {"never": "changes"}
    house = House()
    async with site(house, tmp_path) as here, opened(here, await here.token("reception", member="els")) as ws:
        first = await hears(ws)
        assert first["type"] == "look"
        assert first["build"] == here.app.state.build
        assert first["stale_since_ms"] is None
        assert first["broken"] is False
        assert first["now_ms"] == round(house.now.at.timestamp() * 1000)
        assert first["house_s"] == house.state.house_s(house.now)
        assert set(first["parts"]) == {"alarms", "quiet"}
        incident = house.press(7)
        here.tell()
        second = await hears(ws)
        while "parts" not in second:
            second = await hears(ws)
        assert second["parts"] == {"alarms": json.dumps({"alarms": [incident]})}
        assert "signals" not in second


async def test_in_silence_there_is_a_beat(page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BEAT_S", 0.1)
    async with site(House(), tmp_path) as here, opened(here, await here.token("reception")) as ws:
        await hears(ws)
        beats = [await hears(ws) for _ in range(3)]
        assert all("parts" not in beat and "signals" not in beat for beat in beats)


async def test_a_daemon_that_is_gone_is_told_at_once(page: Any, tmp_path: Path) -> None:
    house = House()
    async with site(house, tmp_path) as here, opened(here, await here.token("reception")) as ws:
        await hears(ws)
        for reader in here.link._readers:
            reader.ws.transport.abort()
        message = await hears(ws)
        while message["stale_since_ms"] is None:
            message = await hears(ws)
        assert message["stale_since_ms"] == round(house.now.at.timestamp() * 1000)
        while message["stale_since_ms"] is not None:
            message = await hears(ws)


async def test_a_process_that_was_held_up_never_says_that_an_old_look_is_new(page: Any, tmp_path: Path) -> None:
    house = House()
    async with site(house, tmp_path) as here, opened(here, await here.token("reception")) as ws:
        await hears(ws)
        the_house = here.app.state.house
        at_s, when = the_house._awake
        the_house._awake = at_s - 60, when
        the_house.remember_last(None)  # something that makes it speak, before it has noticed anything
        message = await hears(ws)
        assert message["stale_since_ms"] == round(when.at.timestamp() * 1000)


async def test_what_was_slow_to_make_is_old_by_now(page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("achterwacht.link.SILENT_S", 0.2)
    go_on = threading.Event()
    page["slow"] = lambda seen: {"waited": go_on.wait(WITHIN_S)}
    async with site(House(), tmp_path) as here, opened(here, await here.token("reception")) as ws:
        await asyncio.sleep(0.3)
        go_on.set()
        assert (await hears(ws))["stale_since_ms"] is not None


async def test_pages_that_are_alike_are_made_once(page: Any, tmp_path: Path) -> None:
    made: list[str] = []

    def count(seen: Seen) -> dict[str, Any]:
        made.append(seen.viewer.account)
        return {"alarms": sorted(seen.state.alarms)}

    page["count"] = count
    house = House()
    async with site(house, tmp_path) as here:
        token = await here.token("reception", member="els")
        async with opened(here, token) as one, opened(here, token) as other:
            await hears(one)
            await hears(other)
            made.clear()
            house.press(7)
            here.tell()
            for ws in (one, other):
                while "parts" not in await hears(ws):
                    pass
            versions = here.app.state.house.look.version
            assert len(made) <= 2 + versions, "once for each version and beat, not for each page"


async def test_a_flood_of_facts_is_no_flood_of_messages(page: Any, tmp_path: Path) -> None:
    house = House()
    async with site(house, tmp_path) as here, opened(here, await here.token("reception")) as ws:
        await hears(ws)
        house.press(7)
        for _ in range(200):
            house.wait(1)
            here.tell()
            await asyncio.sleep(0)
        messages = [await hears(ws)]
        while here.app.state.house.look.n < here.told_n or messages[-1]["house_s"] < house.state.house_s(house.now):
            messages.append(await hears(ws))
        assert len(messages) < 100


# --- pages that are slow or broken ------------------------------------------------------------------------------------


async def test_a_part_that_breaks_says_so_is_logged_once_and_the_others_go_on(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live, "BEAT_S", 0.1)
    page["bad"] = lambda seen: {"share": 1 / len(seen.state.alarms)}
    house = House()
    async with site(house, tmp_path) as here, opened(here, await here.token("reception")) as ws:
        first = await hears(ws)
        assert first["broken"]
        assert first["parts"]["alarms"] == '{"alarms": []}'
        assert "kan niet worden getoond" in first["parts"]["bad"]
        for _ in range(3):
            assert (await hears(ws))["broken"]
        house.press(7)
        here.tell()
        message = await hears(ws)
        while message["broken"]:
            message = await hears(ws)
        assert message["parts"]["bad"] == '{"share": 1.0}', "and it mends itself"
    told = [record for record in caplog.records if "cannot be made" in record.getMessage()]
    assert len(told) == 1
    assert told[0].exc_info


async def test_signals_that_break_are_heard_as_a_fault_but_not_at_the_desk(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(seen: Seen) -> Signals:
        raise KeyError("tone")

    made = Page("receptie", "GET /receptie", page, signals=broken)
    monkeypatch.setattr("achterwacht_dashboard.app.LIVE_PAGES", {"receptie": made})
    house = House()
    house.press(9)  # els sits there
    async with site(house, tmp_path) as here:
        async with opened(here, await here.token("reception", member="fred")) as ws:
            first = await hears(ws)
            assert first["broken"]
            assert first["signals"]["tones"] == {"page": "fault"}
        async with opened(here, await here.token("reception", member="els")) as ws:
            first = await hears(ws)
            assert first["broken"]
            assert first["signals"]["discreet"]
            assert first["signals"]["tones"] == {}


async def test_a_page_that_is_slow_to_make_holds_up_no_answer_and_no_fact(page: Any, tmp_path: Path) -> None:
    go_on = threading.Event()
    page["slow"] = lambda seen: {"waited": go_on.wait(WITHIN_S)}
    house = House()
    async with site(house, tmp_path) as here, opened(here, await here.token("reception")) as ws:
        house.press(7)
        here.tell()
        await here.until(lambda: here.app.state.house.look.state.alarms, "the fact is folded meanwhile")
        answer = {"command": "answer", "member": "anna", "incident": next(iter(house.state.alarms)), "answer": "coming"}
        assert (await here.app.state.house.command(answer))["result"] == "accepted"
        go_on.set()
        assert "parts" in await hears(ws)


async def test_whether_pages_can_still_be_made_is_asked_where_they_are_made(page: Any, tmp_path: Path) -> None:
    go_on = threading.Event()
    page["slow"] = lambda seen: {"waited": go_on.wait(WITHIN_S)}
    answered = asyncio.Event()
    async with site(House(), tmp_path) as here:
        here.app.state.live.ask(answered.set)
        async with asyncio.timeout(WITHIN_S):
            await answered.wait()
        answered.clear()
        async with opened(here, await here.token("reception")) as ws:
            await here.until(lambda: here.app.state.live.open_pages)
            here.app.state.live.ask(answered.set)
            await asyncio.sleep(0.05)
            assert not answered.is_set(), "systemd is not told that all is well"
            go_on.set()
            async with asyncio.timeout(WITHIN_S):
                await answered.wait()
            await hears(ws)


# --- browsers that are not as they should be --------------------------------------------------------------------------


def big(seen: Seen) -> dict[str, Any]:
    """More than the buffers between two processes hold, and never the same."""
    return {"at": seen.look.version, "much": "x" * 3_000_000}


async def test_a_browser_that_takes_nothing_goes_and_leaves_nothing_behind(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, live.log.name)
    monkeypatch.setattr(live, "SEND_S", 0.3)
    monkeypatch.setattr(live, "BEAT_S", 0.1)
    monkeypatch.setattr(live, "GOODBYE_S", 0.1)
    monkeypatch.setattr(serving, "LEAVES_S", 0.1)
    page["big"] = big
    house = House()
    async with site(house, tmp_path) as here:
        token = await here.token("reception")
        address = here.url.removeprefix("http://")
        stalled = socket.create_connection(tuple(address.split(":")))  # type: ignore[arg-type]
        stalled.sendall(handshake(address, token))
        await here.until(lambda: here.app.state.live.open_pages == 1)
        for _ in range(20):
            house.press(7)
            house.wait(1)
            here.tell()
            await asyncio.sleep(0.02)
        await here.until(lambda: here.app.state.live.open_pages == 0)
        assert "took nothing for 0.3 s" in caplog.text
        await here.until(lambda: not here.connections, "its socket is closed, whatever was still to be sent")
        stalled.close()


def handshake(address: str, token: str) -> bytes:
    return (
        f"GET /live/receptie HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: achterwacht={token}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n"
    ).encode()


async def test_a_browser_that_never_says_anything_goes(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, live.log.name)
    monkeypatch.setattr(live, "SILENT_S", 0.3)
    monkeypatch.setattr(live, "BEAT_S", 0.1)
    async with site(House(), tmp_path) as here, opened(here, await here.token("reception")) as ws:
        assert await closed(ws) == live.POLICY
        await here.until(lambda: here.app.state.live.open_pages == 0)
    assert "said nothing for 0.3 s" in caplog.text


async def test_a_browser_that_waited_for_a_slow_page_is_not_silent(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SILENT_S", 0.2)
    go_on = threading.Event()
    page["slow"] = lambda seen: {"waited": go_on.wait(WITHIN_S)}
    async with site(House(), tmp_path) as here, opened(here, await here.token("reception")) as ws:
        await asyncio.sleep(0.4)
        go_on.set()
        await hears(ws)
        assert here.app.state.live.open_pages == 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("nonsense", live.POLICY),
        ("[" * 1500, live.POLICY),
        ('{"type":"shout"}', live.POLICY),
        ('{"type":"receipt"}', live.POLICY),
        (b"\x00\x01", live.POLICY),
        ("x" * (serving.SAYS_MAX_BYTES + 1), 1009),
    ],
)
async def test_a_browser_that_talks_nonsense_goes(page: Any, tmp_path: Path, said: str | bytes, code: int) -> None:
    async with site(House(), tmp_path) as here, opened(here, await here.token("reception")) as ws:
        await hears(ws)
        await ws.send(said)
        assert await closed(ws) == code
        await here.until(lambda: here.app.state.live.open_pages == 0)


async def test_a_browser_that_floods_goes_and_the_others_stay(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SAYS_MAX", 10)
    house = House()
    async with (
        site(house, tmp_path) as here,
        opened(here, await here.token("reception")) as calm,
        opened(here, await here.token("team", member="anna"), "team") as loud,
    ):
        await hears(calm)

        async def flood() -> None:
            while True:
                await loud.send('{"type":"here"}')
                await asyncio.sleep(0)

        flooding = asyncio.create_task(flood())
        assert await closed(loud) == live.POLICY
        flooding.cancel()
        await asyncio.wait({flooding})
        house.press(7)
        here.tell()
        while "parts" not in await hears(calm):
            pass
        assert here.app.state.live.open_pages == 1


async def test_receipts_of_a_page_reach_the_daemon_but_of_what_it_was_never_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = replace(LIVE_PAGES["receptie"], parts={}, signals=lambda seen: Signals(orders=("7-9f3a-1.d001.18",)))
    monkeypatch.setattr("achterwacht_dashboard.app.LIVE_PAGES", {**LIVE_PAGES, "receptie": told})
    async with site(House(), tmp_path) as here, opened(here, await here.token("reception")) as ws:
        assert (await hears(ws))["signals"]["orders"] == ["7-9f3a-1.d001.18"]
        for order in ("7-9f3a-1.d001.19", "7-9f3a-1.d001.18"):
            await ws.send(json.dumps({"type": "receipt", "order": order, "stage": "shown"}))
        await here.until(lambda: [one for one in here.heard if isinstance(one, h.Reached)])
        assert [one.order for one in here.heard if isinstance(one, h.Reached)] == ["7-9f3a-1.d001.18"]


async def test_whoever_is_logged_out_goes_at_the_next_word(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BEAT_S", 0.1)
    async with site(House(), tmp_path) as here:
        token = await here.token("reception")
        async with opened(here, token) as ws:
            await hears(ws)
            await here.app.state.accounts.log_out(token)
            assert await closed(ws) == live.LOGGED_OUT


async def test_who_may_not_come_in_is_told_by_the_code(page: Any, tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        async with opened(here, "no such token") as ws:
            assert await closed(ws) == live.LOGGED_OUT
        async with opened(here, await here.token("team", member="anna"), "receptie") as ws:
            assert await closed(ws) == live.NOT_YOURS
        async with opened(here, await here.token("team", member="anna"), "keuken") as ws:
            assert await closed(ws) == live.NOT_YOURS
        with pytest.raises(InvalidStatus) as refused:
            async with opened(here, await here.token("reception"), origin="http://elsewhere.example"):
                pass
        assert refused.value.response.status_code == 403
        assert here.app.state.live.open_pages == 0


async def test_there_is_an_end_to_how_many_pages_are_open(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BROWSERS_MAX", 3)
    monkeypatch.setattr(live, "OF_ONE_MAX", 2)
    async with site(House(), tmp_path) as here:
        els, fred = await here.token("reception", member="els"), await here.token("reception", member="fred")
        async with opened(here, els) as one, opened(here, els) as two, opened(here, els) as three:
            await hears(one)
            await hears(two)
            assert await closed(three) == live.TRY_LATER, "one account does not take them all"
            async with opened(here, fred) as four, opened(here, fred) as five:
                await hears(four)
                assert await closed(five) == live.TRY_LATER
        await here.until(lambda: here.app.state.live.open_pages == 0)
        async with opened(here, fred) as again:
            await hears(again)


async def test_pages_that_come_and_go_leave_no_task_behind(page: Any, tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        token = await here.token("team", member="anna")
        await asyncio.sleep(0)
        before = len(asyncio.all_tasks())
        for _ in range(5):
            async with opened(here, token, "team") as one, opened(here, token, "team") as two:
                await hears(one)
                await hears(two)
                two.transport.abort()  # as a telephone that is out of reach
        await here.until(lambda: here.app.state.live.open_pages == 0)
        await here.until(lambda: not here.connections)
        await here.until(lambda: len(asyncio.all_tasks()) <= before)
        assert here.app.state.house._pages == {}


async def test_a_server_that_stops_lets_go_of_its_pages(page: Any, tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        browser = opened(here, await here.token("reception"))
        ws = await browser.__aenter__()
        await hears(ws)
    assert await closed(ws) == 1012
    await browser.__aexit__(None, None, None)
    assert not here.connections


# --- the door ---------------------------------------------------------------------------------------------------------


async def test_a_request_that_never_ends_is_cut_off(page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "REQUEST_S", 0.3)
    async with site(House(), tmp_path) as here:
        host, port = here.url.removeprefix("http://").split(":")
        for begin in (b"", b"GET /healthz HT", b"POST /redeem HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(begin)
            async with asyncio.timeout(WITHIN_S):
                with pytest.raises(ConnectionError):
                    while await reader.read(1000):
                        pass
                    raise ConnectionResetError
            writer.close()


async def test_a_connection_too_many_is_refused_and_an_open_page_does_not_notice(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "CONNECTIONS_MAX", 5)
    house = House()
    async with site(house, tmp_path) as here, opened(here, await here.token("reception")) as ws:
        await hears(ws)
        host, port = here.url.removeprefix("http://").split(":")
        idle = [await asyncio.open_connection(host, port) for _ in range(20)]
        house.press(7)
        here.tell()
        while "parts" not in await hears(ws):
            pass
        await here.until(lambda: len(here.connections) <= 5)
        for _, writer in idle:
            writer.close()


async def test_two_hundred_pages_hear_of_a_press(page: Any, tmp_path: Path) -> None:
    asyncio.get_running_loop().set_debug(False)
    house = House()
    async with site(house, tmp_path) as here:
        tokens = [await here.token("reception", name=f"desk {n}") for n in range(10)]
        pages = [opened(here, tokens[n % 10]) for n in range(200)]
        sockets = [await one.__aenter__() for one in pages]
        for ws in sockets:
            await hears(ws)
        house.press(7)
        here.tell()

        async def until_told(ws: ClientConnection) -> None:
            while "parts" not in await hears(ws):
                pass

        await asyncio.gather(*map(until_told, sockets))
        for one in pages:
            await one.__aexit__(None, None, None)
        await here.until(lambda: here.app.state.live.open_pages == 0)


async def test_the_bounds_fit_each_other() -> None:
    assert live.BROWSERS_MAX < serving.CONNECTIONS_MAX < 1024
    assert live.BEAT_S * 2 < 5.0, "a page that missed one beat is not yet stale"
    assert live.SILENT_S > 2 * live.BEAT_S
