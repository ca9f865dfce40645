"""What holds for every answer and every request: the headers that a browser obeys, that commands come from our own
pages, and how much a request may hold.

Knows no accounts. Who may do what is access.py's; how long a request may take is serving.py's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, MutableMapping
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""No HSTS: a certificate that has ended must darken no screen (docs/decisions/accounts.md)."""
SAFE = ("GET", "HEAD", "OPTIONS")
BODY_MAX_BYTES = 32 * 1024
"""The longest are a form (forms.py) and a test of a hundred pagers; to find what is wrong with more takes too long."""

CLOSE = {"Connection": "close"}

HEAD_MAX_BYTES = 16 * 1024
"""Address and headers of a request; uvicorn's own bound holds only for one that comes in pieces."""

STRANGERS_MAX = 100
"""So many requests of whom nobody knows wait for their turn; those that come then are told to come back."""

log = logging.getLogger(__name__)

IsKnown = Callable[[Scope], bool]
"""Whether somebody who is logged in asks this."""


class TooMuch(HTTPException):
    """A request holds more than BODY_MAX_BYTES. What is still to come of it is not read."""

    def __init__(self) -> None:
        super().__init__(413, f"a request holds at most {BODY_MAX_BYTES} bytes", CLOSE)


class Security:
    """Around the whole application: its headers on every answer, nothing that writes from elsewhere, and whoever is
    logged in never behind whoever is not."""

    def __init__(self, app: ASGIApp, is_known: IsKnown) -> None:
        self._app = app
        self._is_known = is_known
        self._pages, self._strangers = asyncio.Lock(), asyncio.Lock()
        self._strange = 0
        """How many strangers wait."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and not is_ours(Headers(scope=scope)):
            await send({"type": "websocket.close", "code": 4403})
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        begun = False
        taken = 0

        async def with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                answer = MutableHeaders(scope=_headers_of(message))
                for name, value in HEADERS.items():
                    answer[name] = value
                # Our own files may be kept, but are asked for each time: old scripts on a new page would be a dead one.
                answer.setdefault("Cache-Control", "no-cache" if scope["path"].startswith("/static/") else "no-store")
            await send(message)

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > BODY_MAX_BYTES:
                raise TooMuch()
            return message

        async def refuse(text: str, status: int) -> None:
            await PlainTextResponse(text, status, CLOSE)(scope, receive, with_headers)

        if scope["method"] not in SAFE and not is_ours(headers):
            await refuse("this request came from another site", 403)
        elif len(scope["raw_path"]) + len(scope["query_string"]) + sum(map(len, chain(*headers.raw))) > HEAD_MAX_BYTES:
            await refuse(f"the head of a request holds at most {HEAD_MAX_BYTES} bytes", 431)
        elif _length(headers) > BODY_MAX_BYTES:
            await refuse(TooMuch().detail, 413)
        elif not await self._turn(scope):
            await refuse("too much is asked by people who are not logged in: try again in a second", 503)
        else:
            try:
                await self._app(scope, bounded, with_headers)
            except ClientDisconnect:  # nobody is there to be answered
                pass
            except Exception:
                log.exception("%s %s cannot be answered", scope["method"], scope["path"])
                if begun:
                    raise  # half an answer must not look like a whole one
                await refuse("something is wrong in the dashboard; its log says what", 500)

    async def _turn(self, scope: Scope) -> bool:
        """Each turn of the loop one page begins, and one thing of a stranger: a flood of them stays beside the daemon's
        facts. What a person who is logged in says goes past them. False for a stranger when too many of them wait."""
        if self._is_known(scope):
            if scope["method"] in SAFE:
                async with self._pages:
                    await asyncio.sleep(0)
            return True
        if self._strange >= STRANGERS_MAX:
            return False
        self._strange += 1
        try:
            async with self._strangers:
                await asyncio.sleep(0)
        finally:
            self._strange -= 1
        return True


def _length(headers: Headers) -> int:
    """How much a request says that it holds; 0 when it does not say."""
    said = headers.get("content-length", "0")
    return int(said) if said.isascii() and said.isdecimal() else 0


def _headers_of(message: Message) -> MutableMapping[str, Any]:
    message.setdefault("headers", [])
    return message


def is_ours(headers: Headers) -> bool:
    """Whether a browser sent this from one of our own pages. Sec-Fetch-Site says so, but only over https and on
    localhost: else Origin does. A request with neither is refused as well."""
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = headers.get("origin")
    if origin is None:
        return site == "same-origin"
    try:
        return urlsplit(origin).netloc == headers.get("host")
    except ValueError:  # no address at all
        return False
