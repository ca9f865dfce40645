"""What holds for every answer and every request, over the real server: headers, origins, lengths; and the pages in
Chromium under their own policy."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from achterwacht_dashboard import security
from achterwacht_dashboard.access import Role
from achterwacht_dashboard.security import HEADERS, is_ours
from dashboard_site import Site, site
from house import House

ROOT = Path(__file__).parent.parent.parent
UNIT = ROOT / "systemd/achterwacht-dashboard.service"

pytestmark = pytest.mark.asyncio(loop_scope="session")

MS = 15_000


@asynccontextmanager
async def stranger(here: Site) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who is not logged in, on one of our own pages."""
    async with httpx.AsyncClient(base_url=here.url, headers={"Origin": here.url}, timeout=20) as client:
        yield client


# --- headers ----------------------------------------------------------------------------------------------------------


async def test_every_answer_has_the_headers_whatever_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with site(House(), tmp_path) as here, stranger(here) as client:
        monkeypatch.setattr(here.app.state.house, "command", lambda command: 1 / 0)
        answers = [
            await client.get("/login"),
            await client.get("/static/base.css"),
            await client.get("/static/nothing.css"),
            await client.get("/nowhere"),
            await client.get("/receptie"),
            await client.get("/healthz"),
            await client.put("/redeem"),
            await client.post("/redeem", json={}),
            await client.post("/redeem", json={"id": "a", "token": "b"}),
            await client.post("/redeem", json={}, headers={"Origin": "http://elsewhere.example"}),
            await client.post("/redeem", content=b"x" * (security.BODY_MAX_BYTES + 1)),
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 404, 404, 401, 200, 405, 422, 500, 403, 413]
        for answer in answers:
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, answer
            assert answer.headers["Cache-Control"], answer
            assert "server" not in answer.headers
        assert "unsafe" not in HEADERS["Content-Security-Policy"]
        assert answers[8].text == "something is wrong in the dashboard; its log says what"
    assert "POST /redeem cannot be answered" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_only_our_own_files_are_kept_and_never_unasked(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, stranger(here) as client:
        assert (await client.get("/login")).headers["cache-control"] == "no-store"
        file = await client.get("/static/base.css")
        assert (file.headers["cache-control"], file.headers["content-encoding"]) == ("no-cache", "gzip")
        again = await client.get("/static/base.css", headers={"If-None-Match": file.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        changed = await client.get("/static/base.css", headers={"If-None-Match": '"of another build"'})
        assert changed.content == file.content


async def test_no_page_breaks_its_own_policy(chromium: Browser, tmp_path: Path) -> None:
    house = House()
    house.press(7)
    async with site(house, tmp_path) as here:
        context = await chromium.new_context()
        roles: tuple[Role, ...] = ("reception", "team", "coordinator", "admin", "supervisor", "register")
        await context.add_cookies([here.cookie(await here.token(*roles, member="els"))])
        page = await context.new_page()
        page.set_default_timeout(MS)
        complaints: list[str] = []
        elsewhere: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
        page.on(
            "request", lambda asked: None if asked.url.startswith((here.url, "data:")) else elsewhere.append(asked.url)
        )
        for path in ("/receptie", "/team", "/meldingen", "/beheer", "/account"):
            answer = await page.goto(f"{here.url}{path}")
            assert answer is not None and answer.status == 200, path
            await expect(page.locator("main")).not_to_be_empty(timeout=MS)
            if await page.locator(":root[data-page]:not([data-page=''])").count():
                await expect(page.locator(":root:not([data-stale])")).to_have_count(1, timeout=MS)
        await context.close()
        # This house has no key for Web Push, and says so.
        assert [one for one in complaints if "/push/key" not in one and "Failed to load" not in one] == []
        assert elsewhere == []


# --- who may write ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"host": "balie.example", "origin": "https://balie.example"}, True),
        ({"host": "balie.example:8112", "origin": "http://balie.example:8112"}, True),
        ({"host": "balie.example", "origin": "https://balie.example", "sec-fetch-site": "same-origin"}, True),
        ({"host": "balie.example", "sec-fetch-site": "same-origin"}, True),
        ({"host": "balie.example", "origin": "https://elsewhere.example"}, False),
        ({"host": "balie.example", "origin": "https://balie.example:8443"}, False),
        ({"host": "balie.example", "origin": "https://balie.example", "sec-fetch-site": "cross-site"}, False),
        ({"host": "balie.example", "origin": "https://sub.balie.example", "sec-fetch-site": "same-site"}, False),
        ({"host": "balie.example", "origin": "null"}, False),
        ({"host": "balie.example", "origin": "http://["}, False),
        ({"host": "balie.example", "sec-fetch-site": "none"}, False),
        ({"host": "balie.example"}, False),
        ({"origin": "https://balie.example"}, False),
    ],
)
async def test_whose_request_it_is(headers: dict[str, str], ours: bool) -> None:
    assert is_ours(Headers(headers)) is ours


async def test_another_site_cannot_press_our_buttons(chromium: Browser, tmp_path: Path) -> None:
    house = House()
    incident = house.press(7)
    async with site(house, tmp_path) as here, another_site() as elsewhere:
        context = await chromium.new_context()
        await context.add_cookies([here.cookie(await here.token("team", member="anna"))])
        page = await context.new_page()
        await page.goto(elsewhere)
        end = await page.evaluate(
            """async ([url, incident]) => {
                const body = JSON.stringify({ id: "a", incident, answer: "all_clear" });
                const how = { method: "POST", mode: "no-cors", credentials: "include", body };
                await fetch(url + "/do/answer", how).catch(() => null);
                const socket = new WebSocket(url.replace("http", "ws") + "/live/team");
                return new Promise((done) => {
                    socket.onclose = () => done("closed");
                    socket.onopen = () => done("open");
                });
            }""",
            [here.url, incident],
        )
        assert end == "closed"
        assert [one for one in here.heard if getattr(one, "answer", "")] == []
        assert here.app.state.live.open_pages == 0
        await context.close()


@asynccontextmanager
async def another_site() -> AsyncIterator[str]:
    """An empty page on another port of this machine: to a browser the same site (its cookies go with it), and another
    origin."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


# --- how much ---------------------------------------------------------------------------------------------------------


async def test_ten_megabytes_are_refused_before_they_have_come(tmp_path: Path) -> None:
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 100_000
            yield b"x" * 100_000
            await asyncio.sleep(0)

    async with site(House(), tmp_path) as here:
        host, port = here.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(
            f"POST /redeem HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {here.url}\r\n"
            "Content-Type: application/json\r\nContent-Length: 10000000\r\n\r\n".encode()
        )
        assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 413")
        rest = await asyncio.wait_for(reader.read(), 10)
        assert b"connection: close" in rest.lower(), "and nothing more of it is read"
        writer.close()
        async with stranger(here) as client:  # one that does not say how long it is
            try:
                answer = await client.post("/redeem", content=pieces(), headers={"Content-Type": "application/json"})
                assert answer.status_code == 413
                assert answer.json()["detail"] == f"a request holds at most {security.BODY_MAX_BYTES} bytes"
            except httpx.TransportError:
                pass  # it was cut off before it had read why
        assert sent < 10_000_000


def asked(method: str, cookie: bytes = b"") -> Scope:
    """A request, as it comes to the application."""
    headers = [(b"host", b"here"), (b"origin", b"http://here"), (b"cookie", cookie)]
    return {
        "type": "http", "method": method, "path": "/", "raw_path": b"/", "query_string": b"", "headers": headers,
    }  # fmt: skip


async def nothing() -> Message:
    return {"type": "http.disconnect"}


def is_known(scope: Scope) -> bool:
    return (b"cookie", b"els") in scope["headers"]


async def test_whoever_is_logged_in_goes_past_a_flood_of_strangers() -> None:
    begun: list[tuple[str, bool]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.append((scope["method"], is_known(scope)))

    async def send(message: Message) -> None:
        raise AssertionError(message)

    ours = security.Security(app, is_known)
    flood = [ours(asked(method), nothing, send) for method in 50 * ("GET", "POST")]
    pages = [ours(asked("GET", b"els"), nothing, send) for _ in range(20)]
    await asyncio.gather(*flood, *pages, ours(asked("POST", b"els"), nothing, send))
    assert len(begun) == 121
    assert begun.index(("POST", True)) < 5, "what a person says goes past everything"
    assert begun.index(("GET", True)) < 5, "and a page past the strangers"


async def test_more_strangers_than_can_be_served_are_told_to_come_back() -> None:
    begun = 0
    told: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal begun
        begun += 1

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            told.append(message["status"])

    ours = security.Security(app, is_known)
    await asyncio.gather(*(ours(asked("POST"), nothing, send) for _ in range(security.STRANGERS_MAX + 50)))
    assert (begun, told) == (security.STRANGERS_MAX, 50 * [503])


async def test_whoever_leaves_in_the_middle_is_no_news(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with site(House(), tmp_path) as here:
        host, port = here.url.removeprefix("http://").split(":")
        for path in ("/login", "/redeem", "/taal"):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {here.url}\r\n".encode())
            writer.write(b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\nname")
            await here.until(lambda: here.connections)
            await asyncio.sleep(0)
            writer.transport.abort()
            await here.until(lambda: not here.connections)
        for nonsense in (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n"):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(nonsense)
            assert (await reader.read()).startswith(b"HTTP/1.1 400")
            writer.close()
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


async def test_thousands_of_fields_are_not_looked_at_one_by_one(tmp_path: Path) -> None:
    """What is wrong with each would be found out while the daemon waits."""
    async with site(House(), tmp_path) as here, stranger(here) as client:
        assert (await client.post("/redeem", json={f"k{n}": n for n in range(20_000)})).status_code == 413
        answer = await client.post("/redeem", json={f"k{n}": n for n in range(2_000)})
        assert answer.status_code == 422
        assert len(answer.json()["detail"]) < 1000


async def test_a_head_without_end_is_refused(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, stranger(here) as client:
        for path, headers in (
            ("/healthz?" + "x" * security.HEAD_MAX_BYTES, {}),
            ("/healthz", {"X-Long": "x" * security.HEAD_MAX_BYTES}),
            ("/healthz", {f"X-{n}": "x" for n in range(3000)}),
        ):
            answer = await client.get(path, headers=headers)
            assert answer.status_code in (400, 431)
        assert (await client.get("/healthz")).status_code == 200


# --- the unit ---------------------------------------------------------------------------------------------------------


async def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    program = tmp_path / "achterwacht-dashboard"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = UNIT.read_text(encoding="utf-8")
    assert "ExecStart=/opt/achterwacht/bin/achterwacht-dashboard serve" in unit
    copy = tmp_path / "achterwacht-dashboard.service"
    copy.write_text(unit.replace("/opt/achterwacht/bin/achterwacht-dashboard", str(program)))
    verdict = await asyncio.to_thread(
        subprocess.run,
        ["systemd-analyze", "verify", str(copy)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (verdict.returncode, verdict.stderr) == (0, "")


async def test_the_unit_restarts_for_ever_and_comes_after_the_daemon_in_everything() -> None:
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    for line in ("Restart=always", "StartLimitIntervalSec=0", "User=achterwacht-dashboard", "Type=notify"):
        assert line in lines
    assert not [line for line in lines if line.startswith(("Requires=", "BindsTo=", "RuntimeDirectory="))]
    daemon = (ROOT / "systemd/achterwacht.service").read_text(encoding="utf-8").splitlines()

    def value(unit: list[str], key: str) -> int:
        return next(int(line.partition("=")[2]) for line in unit if line.startswith(f"{key}="))

    for key in ("CPUWeight", "IOWeight"):
        assert value(lines, key) < value(daemon, key)
    for key in ("Nice", "OOMScoreAdjust"):
        assert value(lines, key) > value(daemon, key)
