"""The door against whoever means ill: a stranger who comes a thousand times, says nothing, half of something or
nonsense, by http and by https, keeps nobody out. What slow and silent pages do is test_live.py's."""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from achterwacht_dashboard import serving
from achterwacht_dashboard.accounts import COOKIE, HOST_COOKIE
from dashboard_site import WITHIN_S, Site, site
from house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

MS = 15_000
SENTENCE = "een lange zin is goed"
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


async def knocks(here: Site, said: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stranger comes, says this, and stays."""
    host, port = here.url.partition("://")[2].split(":")
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(said.format(host=f"{host}:{port}", url=here.url).encode())
    return reader, writer


async def is_cut(reader: asyncio.StreamReader) -> bool:
    """Waits for the end of it."""
    async with asyncio.timeout(WITHIN_S):
        try:
            return await reader.read() == b""
        except ConnectionError:
            return True


@pytest.mark.parametrize("https", [False, True])
async def test_strangers_who_come_and_stay_keep_nobody_from_a_button(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, https: bool
) -> None:
    monkeypatch.setattr(serving, "CONNECTIONS_MAX", 20)
    half = "GET /login HTTP/1.1\r\nHost: {host}\r\nX: "
    refused = "GET /live/team HTTP/1.1\r\nHost: {host}\r\nOrigin: {url}\r\n" + UPGRADE + "\r\n"
    house = House()
    async with site(house, tmp_path, https=https) as here:
        token = await here.token("reception", member="els")
        trust = ssl.create_default_context(cafile=tmp_path / "data/tls/authority.pem") if https else None
        known = {"Cookie": f"{HOST_COOKIE if https else COOKIE}={token}", "Origin": here.url}
        live = f"{here.url.replace('http', 'ws')}/live/receptie?zender=0"
        async with connect(live, additional_headers=known, max_size=None, ssl=trust) as page:
            await page.recv()
            strangers = [await knocks(here, said) for said in 20 * ("", half, refused)]
            await here.until(lambda: "cut off" in caplog.text)
            incident = house.press(7)
            here.tell()
            async with asyncio.timeout(WITHIN_S):
                while incident not in str(await page.recv()):
                    await page.send('{"type":"here"}')
            async with httpx.AsyncClient(base_url=here.url, headers=known, verify=trust or True) as client:
                said = {"id": secrets.token_hex(8), "incident": incident, "answer": "coming"}
                assert (await client.post("/do/answer", json=said)).json()["result"] == "accepted"
        for _, writer in strangers:
            writer.transport.abort()
    assert caplog.text.count("cut off") == 1, "a flood of strangers is no flood of the log"


async def test_what_never_becomes_a_web_socket_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "REQUEST_S", 0.3)
    async with site(House(), tmp_path) as here:
        begin = "GET /live/team HTTP/1.1\r\nHost: {host}\r\nOrigin: {url}\r\n" + UPGRADE
        for more in ("".join(f"X-{n}: x\r\n" for n in range(300)), f"X: {9000 * 'x'}\r\n", "Content-Length: 5\r\n"):
            reader, writer = await knocks(here, begin + more + "\r\n")
            assert await is_cut(reader)
            writer.close()
        await here.until(lambda: not here.connections)


async def test_a_handshake_that_never_comes_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "GREETING_S", 0.3)
    async with site(House(), tmp_path, https=True) as here:
        for said in ("", "\x16\x03\x01", "GET / HTTP/1.1\r\n\r\n"):
            reader, writer = await knocks(here, said)
            async with asyncio.timeout(WITHIN_S):
                try:
                    while await reader.read(1000):  # why, in TLS's own words
                        pass
                except ConnectionError:
                    pass
            writer.close()
        trust = ssl.create_default_context(cafile=tmp_path / "data/tls/authority.pem")
        async with httpx.AsyncClient(base_url=here.url, verify=trust) as client:
            assert (await client.get("/healthz")).text == "ok\n"


async def test_by_https_a_page_is_live_and_its_cookie_is_this_hosts_alone(chromium: Browser, tmp_path: Path) -> None:
    house = House()
    async with site(house, tmp_path, https=True) as here:
        await here.app.state.accounts.add("Els", frozenset({"reception"}), "els", SENTENCE)
        context = await chromium.new_context(ignore_https_errors=True)
        page = await context.new_page()
        page.set_default_timeout(MS)
        # A cookie that another host of this town has planted is nobody here.
        await context.add_cookies([{"name": COOKIE, "value": await here.token("admin"), "url": here.url}])
        await page.goto(f"{here.url}/receptie")
        await page.get_by_label("Naam").fill("Els")
        await page.get_by_label("Wachtwoord").fill(SENTENCE)
        async with page.expect_websocket() as opened:
            await page.keyboard.press("Enter")
        assert (await opened.value).url.startswith("wss://")
        await expect(page.locator(":root:not([data-stale])")).to_have_count(1, timeout=MS)
        (cookie,) = [one for one in await context.cookies() if one["name"] == HOST_COOKIE]
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
        house.press(7)
        here.tell()
        await expect(page.locator("main")).to_contain_text("Balie 3")
        answer = await page.reload()
        assert answer is not None
        assert "strict-transport-security" not in answer.headers, "a certificate that has ended darkens no screen"
        await context.close()


async def test_who_says_goodbye_while_the_dashboard_stops_is_no_error(tmp_path: Path) -> None:
    async with site(House(), tmp_path, https=True) as here:
        host, port = here.url.partition("://")[2].split(":")
        trust = ssl.create_default_context(cafile=tmp_path / "data/tls/authority.pem")
        head = f"Host: {host}:{port}\r\nOrigin: {here.url}\r\nCookie: {HOST_COOKIE}={await here.token('reception')}\r\n"

        def leaves() -> ssl.SSLSocket:
            """A page that says goodbye, hears ours, and keeps the line."""
            line = trust.wrap_socket(socket.create_connection((host, int(port)), WITHIN_S), server_hostname=host)
            line.sendall(f"GET /live/receptie?zender=0 HTTP/1.1\r\n{head}{UPGRADE}\r\n".encode())
            answer = line.recv(4096)
            assert answer.startswith(b"HTTP/1.1 101"), answer
            line.sendall(b"\x88\x82\0\0\0\0\x03\xe8")
            while b"\x88\x02\x03\xe8" not in answer:
                answer = answer[-3:] + line.recv(4096)
            return line

        line = await asyncio.to_thread(leaves)
        assert here.connections, "it still holds the line"
        # Here the dashboard stops.
    line.close()


async def test_a_page_that_is_cut_off_while_it_says_goodbye_leaves_nothing(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        url = f"{here.url.replace('http', 'ws')}/live/team"
        for _ in range(20):
            ws = await connect(url, additional_headers={"Origin": here.url})
            ws.transport.abort()
            with pytest.raises(ConnectionClosed):
                await ws.recv()
        await here.until(lambda: not here.connections)
        await here.until(lambda: here.doorway.inside == 0)
