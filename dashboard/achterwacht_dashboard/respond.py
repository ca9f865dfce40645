"""A whole page for whoever asks, in the language of their browser; and the house as they see it.

Knows templates and languages. What stands on a page is its own room's; who may see it is access.py's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from starlette.requests import HTTPConnection

from achterwacht.outputs.texts import Texts
from achterwacht_dashboard.accounts import COOKIE, HOST_COOKIE, Accounts
from achterwacht_dashboard.live import known_language
from achterwacht_dashboard.pages import Seen
from achterwacht_dashboard.words import Words

LANGUAGE_COOKIE = "taal"
PAIRED_S = 400 * 24 * 3600
"""The longest that browsers keep a cookie (RFC 6265bis, 5.5)."""


def language_of(connection: HTTPConnection) -> str:
    """The language of this browser: what it chose, else the house's."""
    return known_language(
        connection.cookies.get(LANGUAGE_COOKIE, ""), connection.app.state.house.look.state.plan.language
    )


def words_of(connection: HTTPConnection) -> Words:
    """What is said to this browser."""
    return Words(language_of(connection))


def accounts_of(connection: HTTPConnection) -> Accounts:
    """Who may log in, and who has."""
    accounts: Accounts = connection.app.state.accounts
    return accounts


def cookie_name(connection: HTTPConnection) -> str:
    """The cookie by which somebody is known who comes this way."""
    return HOST_COOKIE if connection.url.scheme in ("https", "wss") else COOKIE


def token_of(connection: HTTPConnection) -> str | None:
    """The token of whoever comes."""
    return connection.cookies.get(cookie_name(connection))


def seen_by(request: Request) -> Seen:
    """The house as whoever asks sees it now, and since when that is old."""
    house, language = request.app.state.house, language_of(request)
    look = replace(house.look, stale_since=house.stale_since)
    return Seen(look, request.state.viewer, Words(language), Texts(language), house.clock.now())


def respond(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A whole page for whoever asks."""
    app = request.app
    words = Words(language_of(request))
    html = app.state.renderer.page(
        template,
        words,
        viewer=request.state.viewer,
        build=app.state.build,
        path=request.url.path,
        trouble=app.state.accounts.trouble,
        held=app.state.accounts.held,
        **values,
    )
    answer = HTMLResponse(html, status)
    if request.state.viewer is not None and request.state.viewer.trusted:
        give_cookie(request, answer, request.cookies[cookie_name(request)], trusted=True)
    return answer


def give_cookie(request: Request, answer: Response, token: str, trusted: bool = False) -> None:
    """The cookie of a session: gone when the browser is closed, but for a paired device's, which each page renews."""
    answer.set_cookie(
        cookie_name(request),
        token,
        max_age=PAIRED_S if trusted else None,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
