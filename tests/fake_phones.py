"""The servers behind the ways to telephones, on loopback: ntfy, Pushover, and where Apprise's json:// posts.

Each records what it was sent and refuses what the real one would refuse, field by field. Each can fail or say nothing,
when a test says so. Written from the services' own pages, and knows nothing of the house.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, ClassVar, Self

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def until(true: Callable[[], Any], within_s: float = 10.0) -> None:
    """Let the loop run until it is true."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0)


class Server:
    """A loopback server, for an `async with`. `failing`: the status that is answered instead; 0 is no answer at all."""

    def __init__(self) -> None:
        self.failing: int | None = None
        self.asked: list[str] = []
        self.url = ""
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._awake = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        raise NotImplementedError

    async def start(self) -> None:
        self._awake.clear()
        app = web.Application(middlewares=[self._fail])
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}"

    def wake(self) -> None:
        """Go on with what was not answered, as if nothing had been."""
        self.failing = None
        self._awake.set()

    async def stop(self) -> None:
        self._awake.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.stop()

    @web.middleware
    async def _fail(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        if self.failing == 0:
            await self._awake.wait()
        if self.failing is not None:
            headers = {"Location": "/elsewhere"} if 300 <= self.failing < 400 else None
            return web.json_response({"error": "as the test wants"}, status=self.failing or 503, headers=headers)
        return await handler(request)


class FakeNtfy(Server):
    """ntfy with one access token, whose cache keeps everything. `denied`: topics that the token may not write."""

    FIELDS: ClassVar = {"topic", "title", "message", "priority", "tags", "actions", "click"}
    ACTION_FIELDS: ClassVar = {"action", "label", "url", "method", "body", "clear"}

    def __init__(self, token: str = "") -> None:
        super().__init__()
        self.token = token
        self.healthy = True
        self.denied: set[str] = set()
        self.published: list[dict[str, Any]] = []
        self.since: list[str] = []
        self.clock_s = 1_800_000_000
        self._cache: list[dict[str, Any]] = []
        self._streams: list[asyncio.Queue[bytes]] = []

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/", self._publish),
            web.get("/v1/health", self._health),
            web.get("/{topic}/json", self._subscribe),
            web.post("/{topic}", self._reply),
        ]

    @property
    def streams(self) -> int:
        """How many subscribers there are."""
        return len(self._streams)

    def say(self, event: str, **more: Any) -> None:
        """Send an event to every subscriber; a message is kept too."""
        said = {"id": f"m{len(self._cache)}", "time": self.clock_s, "event": event, "topic": "replies", **more}
        if event == "message":
            self._cache.append(said)
        self.say_raw(json.dumps(said).encode() + b"\n")

    def say_raw(self, line: bytes) -> None:
        for stream in self._streams:
            stream.put_nowait(line)

    def cut(self) -> None:
        """End every stream."""
        self.say_raw(b"")

    def _refused(self, request: web.Request) -> bool:
        return bool(self.token) and request.headers.get("Authorization") != f"Bearer {self.token}"

    async def _publish(self, request: web.Request) -> web.Response:
        message = await request.json()
        if self._refused(request) or message["topic"] in self.denied:
            return web.json_response({"code": 40301, "http": 403, "error": "forbidden"}, status=403)
        assert message.keys() <= self.FIELDS
        assert all(action.keys() == self.ACTION_FIELDS for action in message["actions"])
        if len(message["actions"]) > 3 or message["priority"] not in range(1, 6) or not message["topic"].isascii():
            return web.json_response({"code": 40018, "http": 400, "error": "invalid request"}, status=400)
        assert len(message["message"].encode()) <= 4096
        self.published.append(message)
        return web.json_response({"id": f"p{len(self.published)}", "event": "message", **message})

    async def _reply(self, request: web.Request) -> web.Response:
        """Anybody may write to the reply topic, and its body is the message."""
        self.say("message", message=await request.text())
        return web.json_response({})

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"healthy": self.healthy})

    async def _subscribe(self, request: web.Request) -> web.StreamResponse:
        if self._refused(request):
            return web.json_response({"code": 40301, "http": 403, "error": "forbidden"}, status=403)
        since = request.query["since"]
        self.since.append(since)
        response = web.StreamResponse()
        await response.prepare(request)
        lines: asyncio.Queue[bytes] = asyncio.Queue()
        lines.put_nowait(json.dumps({"id": "o", "time": self.clock_s, "event": "open"}).encode() + b"\n")
        for said in self._cache:
            if not since.isdecimal() or said["time"] >= int(since):
                lines.put_nowait(json.dumps(said).encode() + b"\n")
        self._streams.append(lines)
        try:
            while line := await lines.get():
                await response.write(line)
        except ConnectionError:
            pass
        finally:
            self._streams.remove(lines)
        return response

    async def stop(self) -> None:
        self.cut()
        await super().stop()


class FakePushover(Server):
    """Pushover with one application and some users."""

    FIELDS: ClassVar = {"token", "user", "title", "message", "priority", "retry", "expire", "tags", "ttl", "url"}

    def __init__(self, token: str, users: set[str]) -> None:
        super().__init__()
        self.token = token
        self.users = users
        self.messages: list[dict[str, str]] = []
        self.receipts: dict[str, dict[str, int]] = {}
        self.cancelled: list[str] = []
        self.validated: list[str] = []

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/1/messages.json", self._message),
            web.get("/1/receipts/{receipt}.json", self._receipt),
            web.post("/1/receipts/{receipt}/cancel.json", self._cancel),
            web.post("/1/receipts/cancel_by_tag/{tag}.json", self._cancel_by_tag),
            web.post("/1/users/validate.json", self._validate),
        ]

    def acknowledge(self, receipt: str) -> None:
        self.receipts[receipt]["acknowledged"] = 1

    def _wrong(self, token: object, user: object = None) -> web.Response | None:
        if token != self.token:
            said = {"token": "invalid", "errors": ["application token is invalid"], "status": 0}
            return web.json_response(said, status=400)
        if user is not None and user not in self.users:
            said = {"user": "invalid", "errors": ["user identifier is not a valid user"], "status": 0}
            return web.json_response(said, status=400)
        return None

    async def _message(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if wrong := self._wrong(form["token"], form["user"]):
            return wrong
        assert form.keys() <= self.FIELDS
        assert 0 < len(form["message"]) <= 1024 and len(form["title"]) <= 250 and len(form.get("url", "")) <= 512
        said: dict[str, Any] = {"status": 1, "request": "r"}
        if form["priority"] == "2":
            assert int(form["retry"]) >= 30 and int(form["expire"]) <= 10800 and "ttl" not in form
            said["receipt"] = f"receipt{len(self.receipts)}"
            self.receipts[said["receipt"]] = {"status": 1, "acknowledged": 0, "expired": 0}
        else:
            assert int(form["ttl"]) > 0
        self.messages.append(form)
        return web.json_response(said)

    async def _receipt(self, request: web.Request) -> web.Response:
        if wrong := self._wrong(request.query["token"]):
            return wrong
        receipt = request.match_info["receipt"]
        if receipt not in self.receipts:
            return web.json_response({"receipt": "not found", "errors": ["receipt not found"], "status": 0}, status=404)
        return web.json_response(self.receipts[receipt])

    async def _cancel(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.cancelled.append(request.match_info["receipt"])
        return self._wrong(form["token"]) or web.json_response({"status": 1})

    async def _cancel_by_tag(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.cancelled.append(request.match_info["tag"])
        return self._wrong(form["token"]) or web.json_response({"status": 1, "canceled": 1})

    async def _validate(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.validated.append(str(form["user"]))
        return self._wrong(form["token"], form["user"]) or web.json_response({"status": 1, "devices": ["phone"]})


class FakeJson(Server):
    """Where Apprise's json:// posts: title, message and type, at any path."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[tuple[str, dict[str, Any]]] = []

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/{path:.*}", self._take)]

    async def _take(self, request: web.Request) -> web.Response:
        self.got.append((request.path_qs, await request.json()))
        return web.json_response({})
