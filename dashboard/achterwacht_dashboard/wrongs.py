"""What is told to who cannot have what they asked: as a page to whom asks for a page, else as JSON.

Knows errors and words. Who may come in is access.py's and accounts.py's.
"""

from __future__ import annotations

import math
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from achterwacht_dashboard import commands
from achterwacht_dashboard.accounts import Refused
from achterwacht_dashboard.register import RegisterUnavailable
from achterwacht_dashboard.respond import accounts_of, respond, token_of, words_of
from achterwacht_dashboard.throttle import TooSoon


def answer_wrongs(app: FastAPI) -> None:
    """What goes wrong is told as a page to whom asks for a page, else as JSON."""
    app.add_exception_handler(StarletteHTTPException, _on_http)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _on_invalid)  # type: ignore[arg-type]
    app.add_exception_handler(RegisterUnavailable, _on_unavailable)  # type: ignore[arg-type]
    app.add_exception_handler(TooSoon, _on_too_soon)  # type: ignore[arg-type]


async def _on_http(request: Request, wrong: StarletteHTTPException) -> Response:
    if not _wants_page(request):
        return await http_exception_handler(request, wrong)
    if wrong.status_code == 401:
        place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(place, safe='')}" if request.method == "GET" else "/login", 303)
    return wrong_page(request, wrong.status_code)


async def _on_invalid(request: Request, wrong: RequestValidationError) -> Response:
    """A path or a query that means nothing, such as /balie/abc."""
    if not _wants_page(request):
        return await commands.not_understood(request, wrong)
    return wrong_page(request, 404 if request.method == "GET" else 422)


async def _on_unavailable(request: Request, unavailable: RegisterUnavailable) -> Response:
    why = words_of(request)("accounts.unavailable", why=str(unavailable))
    return wrong_page(request, 503, why) if _wants_page(request) else JSONResponse({"detail": why}, 503)


async def _on_too_soon(request: Request, too_soon: TooSoon) -> Response:
    why, status, headers = later(request, too_soon)
    if not _wants_page(request):
        return JSONResponse({"detail": why}, status, headers)
    page = wrong_page(request, status, why)
    page.headers.update(headers)
    return page


def wrong_page(request: Request, status: int, why: str = "") -> Response:
    """A page that says what is wrong, in the house's look."""
    if not hasattr(request.state, "viewer"):  # nobody has looked who it is: there is no such route
        request.state.viewer = accounts_of(request).viewer(token_of(request))
    words = words_of(request)
    key = f"accounts.wrong_{status}" if words.has(f"accounts.wrong_{status}") else "accounts.wrong_other"
    if not why:
        why = words(f"{key}_why" if words.has(f"{key}_why") else "accounts.wrong_other_why")
    return respond(request, "wrong.html", status, what=words(key), why=why)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def why_not(request: Request, refused: Refused | TooSoon | None) -> str:
    """In words why something was not done; nothing when it was."""
    if refused is None:
        return ""
    return later(request, refused)[0] if isinstance(refused, TooSoon) else words_of(request)(refused.why)


def later(request: Request, too_soon: TooSoon) -> tuple[str, int, dict[str, str]]:
    wait_s = math.ceil(too_soon.wait_s)
    return words_of(request)("accounts.too_soon", wait_s=wait_s), 429, {"Retry-After": str(wait_s)}
