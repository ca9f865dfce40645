"""The panel of `make demo`: the simulated building in a browser, with its buttons, pagers and plugs.

Shows what can be seen of a cast from outside, and does what a `do` of a scenario can say; kills and restarts the
processes that are kept; and says how to log in to the dashboard. For this machine only: it listens on loopback, obeys
its own page alone and has no password.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from importlib.resources import files
from itertools import islice
from typing import Any, Self

from achterwacht_sim.children import Kept
from achterwacht_sim.events import AnswerHeard, Answers, Confirmed, Noted, Over, Pressed, Restarted, Rings
from achterwacht_sim.house import House
from achterwacht_sim.node import Node, Pager, Zender
from achterwacht_sim.pager import NothingToAnswer
from achterwacht_sim.play import Cast
from achterwacht_sim.scenario import Typed, action_of
from achterwacht_sim.screens import PASSWORD, Account
from achterwacht_sim.sentences import sentence
from achterwacht_sim.sped_up import LOCAL
from achterwacht_sim.wire import Page

LOOPBACK = "127.0.0.1"
NAMES = (LOOPBACK, "localhost")
"""How a browser may call us: another name that leads here is somebody's trick."""

# The cookies of other pages on this machine come along with every request.
MAX_HEAD_BYTES = 32_768
MAX_BODY_BYTES = 1000

# A browser opens connections ahead and says nothing on them.
REQUEST_WAIT_S = 5.0

# So many of the newest lines of the log are shown.
LOG_LINES = 40

FILES = {
    "/": ("panel.html", "text/html; charset=utf-8"),
    "/panel.css": ("panel.css", "text/css; charset=utf-8"),
    "/panel.js": ("panel.js", "text/javascript; charset=utf-8"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Connection": "close",
}

ABOUT_PROCESS = re.compile(r"(?P<verb>kill|put out|put on) (?P<name>\w+)")


class Panel:
    """Use as `async with`: it serves while the context is open. Entering raises OSError when the port is in use."""

    def __init__(
        self,
        cast: Cast,
        house: House,
        kept: Mapping[str, Kept],
        port: int,
        dashboard: str,
        accounts: Sequence[Account],
    ) -> None:
        self._cast = cast
        self._house = house
        self._kept = kept
        self._dashboard = dashboard
        self._accounts = accounts
        self._port = port
        self._answering: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, LOOPBACK, self._port, limit=MAX_HEAD_BYTES)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{LOOPBACK}:{self._port}"

    def state(self) -> dict[str, Any]:
        """What can be seen now, as the page gets it."""
        now_s, now = time.monotonic(), datetime.now(LOCAL)
        kept = self._cast.lookout.kept
        past = Past(kept)
        lines = (
            {"at": f"{now - timedelta(seconds=now_s - noted.at_s):%H:%M:%S}", "said": said}
            for noted in reversed(kept)
            if (said := sentence(noted)) is not None
        )
        return {
            "dashboard": self._dashboard,
            "password": PASSWORD,
            "accounts": [
                {"name": account.name, "who": self._house.members.get(account.member, "")} for account in self._accounts
            ],
            "members": [{"id": member, "name": name} for member, name in self._house.members.items()],
            "zenders": [self._zender(zender, past, now_s) for zender in self._cast.zenders.values()],
            "pagers": [_pager(pager, past) for pager in self._cast.pagers.values()],
            "processes": [{"name": name, "state": each.state} for name, each in self._kept.items()],
            "log": list(islice(lines, LOG_LINES)),
        }

    async def do(self, said: str) -> None:
        """Does what is said. Raises ValueError, which tells what is wrong with it."""
        process = ABOUT_PROCESS.fullmatch(said)
        if process is not None and process["name"] in self._kept:
            await _do_to(self._kept[process["name"]], process["verb"])
            return
        action = action_of(said)
        if isinstance(action, Typed):
            raise ValueError("nothing can be typed here")
        try:
            await self._cast.do(action)
        except KeyError as unknown:
            raise ValueError(f"{unknown.args[0]} is not in this building") from None

    def _zender(self, zender: Zender, past: Past, now_s: float) -> dict[str, Any]:
        nr, pressed_s = zender.firmware.nr, past.pressed_s.get(zender.name)
        return {
            **_node(zender),
            "nr": nr,
            "place": self._house.places.get(nr, ""),
            "room": self._house.rooms.get(nr, ""),
            "press": past.press.get(zender.name, "none"),
            "ago_s": None if pressed_s is None else round(now_s - pressed_s),
            "sign": zender.firmware.help.state,
            "line": zender.firmware.line,
            "tamper": zender.firmware.tamper,
        }

    # HTTP.

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "asyncio calls this in a task"
        self._answering.add(task)
        try:
            with contextlib.suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError):
                answer = await self._answer(reader)
                writer.write(answer)
                await writer.drain()
        finally:
            self._answering.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        """One request, one response. Raises TimeoutError, IncompleteReadError."""
        try:
            async with asyncio.timeout(REQUEST_WAIT_S):
                request = await _read(reader)
        except (ValueError, asyncio.LimitOverrunError):
            return _told(HTTPStatus.BAD_REQUEST, "this is no request that a page of ours sends")
        if not self._is_ours(request):
            return _told(HTTPStatus.FORBIDDEN, "this request came from another site")
        match request.method, request.path:
            case "GET", "/state":
                return _response(HTTPStatus.OK, json.dumps(self.state()).encode(), "application/json")
            case "GET", path if path in FILES:
                name, kind = FILES[path]
                return _response(HTTPStatus.OK, (files("achterwacht_sim") / name).read_bytes(), kind)
            case "POST", "/do":
                return await self._done(request.body)
        return _told(HTTPStatus.NOT_FOUND, "there is nothing here")

    async def _done(self, body: bytes) -> bytes:
        try:
            said = json.loads(body)["do"]
            if not isinstance(said, str):
                raise ValueError("`do` is no text")
        except (ValueError, KeyError, TypeError, RecursionError):
            return _told(HTTPStatus.BAD_REQUEST, 'JSON expected, as {"do": "press 7"}')
        try:
            await self.do(said)
        except NothingToAnswer as error:
            return _told(HTTPStatus.CONFLICT, str(error))
        except ValueError as error:
            return _told(HTTPStatus.BAD_REQUEST, f"{said}: {error}")
        return _response(HTTPStatus.OK, b"{}", "application/json")

    def _is_ours(self, request: Request) -> bool:
        """Whether it is for us, and, when it changes something, whether our own page sent it."""
        host = request.headers.get("host", "")
        if host not in {f"{name}:{self._port}" for name in NAMES}:
            return False
        if request.method == "GET":
            return True
        ours = request.headers.get("origin") == f"http://{host}"
        return ours and request.headers.get("sec-fetch-site", "same-origin") == "same-origin"


# --- what is seen -----------------------------------------------------------------------------------------------------


class Past:
    """What the newest notes say that the nodes themselves do not keep."""

    def __init__(self, kept: Iterable[Noted]) -> None:
        self.press: dict[str, str] = {}
        """How far the last press of a zender came: said, heard, durable."""
        self.pressed_s: dict[str, float] = {}
        self.ringing: set[tuple[str, str]] = set()
        """The pagers that ring, each with the incident: until its carrier answers."""
        self.answers: dict[str, dict[str, str]] = {}
        """The last answer of a pager, and what it heard about it."""
        for noted in kept:
            self._add(noted)

    def _add(self, noted: Noted) -> None:
        node = noted.node
        match noted.event:
            case Pressed():
                self.press[node], self.pressed_s[node] = "said", noted.at_s
            case Confirmed(durable=durable):
                self.press[node] = "durable" if durable else "heard"
            case Rings(page):
                if (node, page.incident) not in self.ringing:
                    self.answers.pop(node, None)  # it was about something else, or was not enough
                self.ringing.add((node, page.incident))
            case Over(page):
                self.ringing.discard((node, page.incident))
            case Answers(incident=incident, answer=answer):
                self.ringing.discard((node, incident))
                self.answers[node] = {"answer": answer, "result": "said", "reason": ""}
            case AnswerHeard(answer=answer, result=result, reason=reason) if answer:
                self.answers[node] = {"answer": answer, "result": result, "reason": reason}
            case Restarted():
                self.press.pop(node, None)
                self.pressed_s.pop(node, None)
                self.answers.pop(node, None)
                self.ringing = {(other, incident) for other, incident in self.ringing if other != node}


def _node(node: Node) -> dict[str, Any]:
    connection = "off" if not node.powered else "lost" if not node.online else "silent" if node.silent else "ok"
    return {"name": node.name, "connection": connection}


def _pager(pager: Pager, past: Past) -> dict[str, Any]:
    firmware = pager.firmware
    return {
        **_node(pager),
        "id": pager.name.removeprefix("pager "),
        "lost": firmware.connection_lost,
        "incidents": [
            _page(page) | {"rings": (pager.name, page.incident) in past.ringing}
            for page in reversed(firmware.incidents.values())
        ],
        "notice": None if firmware.notice is None else _page(firmware.notice),
        "open": [
            {"text": each.text, "state": each.state, "coming": each.coming} for each in firmware.open.incidents
        ],
        "said": past.answers.get(pager.name),
        "docked": firmware.docked,
        "battery": firmware.battery(time.monotonic()),
    }  # fmt: skip


def _page(page: Page) -> dict[str, Any]:
    return {"incident": page.incident, "kind": page.kind, "text": page.text, "detail": page.detail}


async def _do_to(kept: Kept, verb: str) -> None:
    match verb:
        case "kill":
            kept.kill()
        case "put out":
            await kept.put_out()
        case _:
            kept.put_on()


# --- HTTP, as much of it as one page on this machine needs ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """One request; the names of headers are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


async def _read(reader: asyncio.StreamReader) -> Request:
    """Raises ValueError, LimitOverrunError, IncompleteReadError."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
    first, *rest = head.rstrip().split("\r\n")
    method, target, _version = first.split(" ")
    headers: dict[str, str] = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon or name.lower() in headers:
            raise ValueError(f"not one header: {line}")
        headers[name.lower()] = value.strip()
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES or "transfer-encoding" in headers:
        raise ValueError(f"a body of at most {MAX_BODY_BYTES} bytes expected")
    return Request(method, target, headers, await reader.readexactly(int(length)))


def _told(status: HTTPStatus, why: str) -> bytes:
    return _response(status, json.dumps({"wrong": why}).encode(), "application/json")


def _response(status: HTTPStatus, body: bytes, kind: str) -> bytes:
    headers: Sequence[tuple[str, object]] = (*HEADERS.items(), ("Content-Type", kind), ("Content-Length", len(body)))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{head}\r\n".encode("ascii") + body
