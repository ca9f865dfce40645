"""The application: which routes there are, who is let in, and what is wired to what.

Knows every room of the dashboard; what happens in one is its own. A route that access.TABLE does not name stops the
start.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute, APIWebSocketRoute
from fastapi.staticfiles import StaticFiles
from starlette.requests import HTTPConnection

from achterwacht.clock import Clock as HouseClock
from achterwacht_dashboard import access, board, commands, desk, team
from achterwacht_dashboard.access import Viewer
from achterwacht_dashboard.accounts import COOKIE, Accounts
from achterwacht_dashboard.house import Clock, House
from achterwacht_dashboard.live import Live, Window, known_language
from achterwacht_dashboard.pages import HERE, Page, Renderer
from achterwacht_dashboard.security import Security
from achterwacht_dashboard.words import Words

LANGUAGE_COOKIE = "taal"

LIVE_PAGES: Mapping[str, Page] = {page.name: page for page in (board.PAGE, team.PAGE, desk.PAGE)}


@dataclass(frozen=True)
class Settings:
    """Where things are. `data`: the dashboard's own folder; `state`: the daemon's, which is only read."""

    socket: Path
    state: Path
    data: Path
    floor_plan: Path | None = None
    """The house's own SVG; None: the one that ships with us."""


@dataclass
class Rooms:
    """What the routes use. On `app.state` under the same names."""

    settings: Settings
    house: House
    accounts: Accounts
    renderer: Renderer
    live: Live


def make_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """The application; it follows the daemon while it runs."""
    house = House(settings.socket, settings.state, clock or HouseClock())
    renderer = Renderer()
    build = _build()
    rooms = Rooms(settings, house, Accounts(), renderer, Live(house, renderer, build))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        following = asyncio.create_task(house.run())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.wait({following})

    app = FastAPI(
        title="Achterwacht",
        lifespan=lifespan,
        dependencies=[Depends(let_in)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # What every route may answer, whoever asks.
        responses={400: {"description": "not understood"}, 401: {"description": "not logged in"},
                   403: {"description": "not for this role"}, 503: {"description": "the daemon does not answer"}},
    )  # fmt: skip
    app.state.build = build
    for name, room in vars(rooms).items():
        setattr(app.state, name, room)
    app.include_router(commands.router)
    _add_pages(app)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_middleware(Security)
    if unknown := access.missing(routes_of(app)):
        raise RuntimeError(f"not in access.TABLE: {', '.join(unknown)}")
    return app


def routes_of(app: FastAPI) -> list[str]:
    """Every route, as the table names it."""
    http = [
        f"{method} {route.path}"
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    ]
    sockets = [f"WS {route.path}" for route in app.routes if isinstance(route, APIWebSocketRoute)]
    return [*http, *sockets]


# --- who comes in -----------------------------------------------------------------------------------------------------


class NotLoggedIn(Exception):
    """A page that is for those who are logged in."""


async def let_in(connection: HTTPConnection) -> None:
    """Every route: who is it, and may they? `request.state.viewer` is whoever came, or None where anybody may."""
    viewer = connection.app.state.accounts.viewer(connection.cookies.get(COOKIE))
    connection.state.viewer = viewer
    kind = "WS" if connection.scope["type"] == "websocket" else connection.scope["method"]
    route = f"{kind} {connection.scope['route'].path}"
    if access.may(viewer, route):
        return
    if viewer is None:
        raise HTTPException(401, "log in first")
    raise HTTPException(403, "this is not for your role")


def language_of(connection: HTTPConnection) -> str:
    """The language of this browser: what it chose, else the house's."""
    return known_language(
        connection.cookies.get(LANGUAGE_COOKIE, ""), connection.app.state.house.look.state.plan.language
    )


def respond(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A whole page for whoever asks."""
    app = request.app
    words = Words(language_of(request))
    html = app.state.renderer.page(
        template, words, viewer=request.state.viewer, build=app.state.build, path=request.url.path, **values
    )
    return HTMLResponse(html, status)


# --- the pages --------------------------------------------------------------------------------------------------------


def _add_pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def home(request: Request) -> Response:
        return RedirectResponse(access.home(request.state.viewer), 303)

    @app.get("/receptie", include_in_schema=False)
    async def receptie(request: Request) -> Response:
        return respond(request, "receptie.html")

    @app.get("/team", include_in_schema=False)
    async def team_page(request: Request) -> Response:
        return respond(request, "team.html")

    @app.get("/balie/{zender}", include_in_schema=False)
    async def balie(request: Request, zender: int) -> Response:
        return respond(request, "balie.html", zender=zender)

    @app.websocket("/live/{page}")
    async def live(ws: WebSocket, page: str, zender: int = 0) -> None:
        window_page = LIVE_PAGES.get(page)
        viewer: Viewer | None = ws.state.viewer
        if window_page is None or viewer is None or not access.may(viewer, window_page.route):
            await ws.close(4403)
            return
        await ws.accept()
        token = ws.cookies.get(COOKIE)
        window = Window(window_page, viewer, language_of(ws), zender)
        await app.state.live.attend(ws, window, lambda: app.state.accounts.viewer(token) == viewer)

    @app.get("/healthz", include_in_schema=False)
    async def healthz(request: Request) -> Response:
        """200 while the daemon is heard, else 503: what this process shows is of use only then."""
        look = request.app.state.house.look
        ok = look.stale_since is None
        return Response("ok\n" if ok else f"{look.why_stale}\n", 200 if ok else 503, media_type="text/plain")


def _build() -> str:
    """A digest of what browsers keep of us: a page that was loaded before an update loads itself again."""
    digest = hashlib.sha256()
    for file in sorted((HERE / "static").rglob("*")):
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
