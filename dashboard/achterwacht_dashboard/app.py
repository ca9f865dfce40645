"""The application: which routes there are, who is let in, and what is wired to what.

Knows every room of the dashboard; what happens in one is its own. A route that access.TABLE does not name stops the
start.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Form, HTTPException, Request, WebSocket, WebSocketException
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from fastapi.staticfiles import StaticFiles
from starlette.requests import HTTPConnection
from starlette.types import Scope

from achterwacht.clock import Clock as HouseClock
from achterwacht.core import codec
from achterwacht.core.moment import Moment
from achterwacht.outputs.texts import LANGUAGES
from achterwacht_dashboard import (
    access,
    account_pages,
    admin,
    board,
    commands,
    desk,
    doors,
    incidents,
    metrics,
    push,
    team,
    wrongs,
)
from achterwacht_dashboard.access import Viewer
from achterwacht_dashboard.accounts import Accounts
from achterwacht_dashboard.archive import Archive
from achterwacht_dashboard.button_tests import History
from achterwacht_dashboard.certificate import FOLDER, read_ends
from achterwacht_dashboard.floor import read_floor
from achterwacht_dashboard.house import Clock, House
from achterwacht_dashboard.journal_view import Verifier
from achterwacht_dashboard.live import LOGGED_OUT, NO_SUCH_PAGE, NOT_YOURS, Live, Window
from achterwacht_dashboard.metrics import Figures
from achterwacht_dashboard.pages import HERE, Page, Renderer
from achterwacht_dashboard.respond import LANGUAGE_COOKIE, language_of, respond, token_of, words_of
from achterwacht_dashboard.security import Security

OWN_PATH = re.compile(r"/(?:[\w.-][\w./-]*)?", re.ASCII)
"""A page of ours: `//elsewhere` and `/\\elsewhere` would be another site's."""
LANGUAGE_S = 365 * 24 * 3600
"""How long a browser keeps the language that was chosen on it."""

AGAIN_S = 2.0
"""So long after a bug the work that it ended begins anew."""

log = logging.getLogger(__name__)

LIVE_PAGES: Mapping[str, Page] = {
    page.name: page
    for page in (board.PAGE, team.PAGE, desk.PAGE, incidents.PAGE, admin.PAGE, admin.GUIDED, admin.ACCOUNT)
}


@dataclass(frozen=True)
class Settings:
    """Where things are. `data`: the dashboard's own folder; `state`: the daemon's, which is only read."""

    socket: Path
    state: Path
    data: Path
    floor_plan: Path | None = None
    """The house's own SVG; None: the one that ships with us."""
    certificate: Path | None = None
    """What https is served with; None: by http, or behind a proxy."""


@dataclass
class Rooms:
    """What the routes use. On `app.state` under the same names."""

    settings: Settings
    house: House
    accounts: Accounts
    renderer: Renderer
    live: Live
    archive: Archive
    verifier: Verifier
    test_history: History
    figures: Figures
    began: Moment
    """When this process did."""


def make_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """The application; it follows the daemon while it runs. Raises FloorPlanInvalid."""
    codec.prepare()  # the house, the archive and others convert in threads of their own
    house = House(settings.socket, settings.state, clock or HouseClock())
    if settings.certificate is not None:
        house.remember_certificate(read_ends(settings.certificate, settings.data / FOLDER))
    renderer = Renderer(read_floor(settings.floor_plan))
    build = _build()
    rooms = Rooms(
        settings,
        house,
        Accounts(settings.data, house.clock, in_alarm=lambda: bool(house.look.state.alarms)),
        renderer,
        Live(house, renderer, build),
        Archive(settings.state),
        Verifier(settings.state, settings.data, house.clock),
        History(settings.state, house.remember_tests),
        Figures(),
        house.clock.now(),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with rooms.accounts.running():
            following = {
                asyncio.create_task(for_ever(house.run)),
                asyncio.create_task(for_ever(lambda: rooms.archive.run(house))),
                asyncio.create_task(for_ever(rooms.verifier.run)),
            }
            try:
                yield
            finally:
                for task in following:
                    task.cancel()
                await asyncio.wait(following)
                rooms.live.close()

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
    app.state.pace = commands.Pace()
    app.state.waiting = Counter[str]()
    app.include_router(commands.router)
    app.include_router(doors.router)
    app.include_router(account_pages.router)
    app.include_router(admin.router)
    app.include_router(metrics.router)
    wrongs.answer_wrongs(app)
    app.include_router(incidents.router)
    app.include_router(push.router)
    _add_pages(app)
    # Squeezed, what a first page loads is less than half: that tells on a telephone at the edge of the WLAN, and costs
    # half a millisecond. Pages and answers are not: what they hold besides a secret might be somebody else's.
    app.mount("/static", GZipMiddleware(StaticFiles(directory=HERE / "static"), compresslevel=6), name="static")
    app.add_middleware(Security, is_known=is_known)
    app.add_exception_handler(WebSocketException, refuse)
    if unknown := access.missing(routes_of(app)):
        raise RuntimeError(f"not in access.TABLE: {', '.join(unknown)}")
    return app


async def for_ever(run: Callable[[], Awaitable[None]]) -> None:
    """What a bug has ended is told, and begins anew: else it would stand still, and nobody would know."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("a bug: it begins anew in %s s", AGAIN_S)
        await asyncio.sleep(AGAIN_S)


def routes_of(app: FastAPI) -> list[str]:
    """Every route, as the table names it; those of routers too, which stand in `app.routes` as one."""
    found = []
    for one in iter_route_contexts(app.routes):
        if isinstance(one.original_route, APIRoute):
            found += [f"{method} {one.path}" for method in sorted(one.methods or ())]
        elif isinstance(one.original_route, APIWebSocketRoute):
            found.append(f"WS {one.path}")
    return found


# --- who comes in -----------------------------------------------------------------------------------------------------


async def let_in(connection: HTTPConnection) -> None:
    """Every route: who is it, and may they? `request.state.viewer` is whoever came, or None where anybody may."""
    viewer = connection.app.state.accounts.viewer(token_of(connection))
    connection.state.viewer = viewer
    kind = "WS" if connection.scope["type"] == "websocket" else connection.scope["method"]
    route = f"{kind} {connection.scope['route'].path}"
    if access.may(viewer, route):
        return
    if kind == "WS":
        raise WebSocketException(LOGGED_OUT if viewer is None else NOT_YOURS)
    if viewer is None:
        raise HTTPException(401, words_of(connection)("commands.login"))
    raise HTTPException(403, words_of(connection)("commands.role"))


def is_known(scope: Scope) -> bool:
    """Whether whoever asks this is logged in."""
    connection = HTTPConnection(scope)
    return connection.app.state.accounts.viewer(token_of(connection)) is not None


async def refuse(ws: WebSocket, error: Exception) -> None:
    """Opened only to be closed: a script is not told why a socket could not be opened at all."""
    assert isinstance(error, WebSocketException)
    await ws.accept()
    await ws.close(error.code)


# --- the pages --------------------------------------------------------------------------------------------------------


def _add_pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def home(request: Request) -> Response:
        return RedirectResponse(access.home(request.state.viewer), 303)

    @app.get("/receptie", include_in_schema=False)
    async def receptie(request: Request) -> Response:
        viewer = request.state.viewer
        return respond(request, "receptie.html", links=board.links(viewer), practises=board.practises(viewer))

    @app.get("/team", include_in_schema=False)
    async def team_page(request: Request) -> Response:
        return respond(request, "team.html")

    @app.get("/balie/{zender}", include_in_schema=False)
    async def balie(request: Request, zender: int) -> Response:
        if not desk.may_be_shown(request.app.state.house.look, zender):
            raise HTTPException(404, "there is no such page")
        return respond(request, "balie.html", zender=zender)

    @app.websocket("/live/{page}")
    async def live(ws: WebSocket, page: str, zender: int = 0) -> None:
        window_page = LIVE_PAGES.get(page)
        viewer: Viewer | None = ws.state.viewer
        if window_page is None or viewer is None or not access.may(viewer, window_page.route):
            raise WebSocketException(NOT_YOURS)
        if window_page is desk.PAGE and not desk.may_be_shown(app.state.house.look, zender):
            raise WebSocketException(NO_SUCH_PAGE)
        await ws.accept()
        token = token_of(ws)
        window = Window(window_page, viewer, language_of(ws), zender)
        await app.state.live.attend(ws, window, lambda: app.state.accounts.viewer(token) == viewer)

    @app.post("/taal", include_in_schema=False)
    async def choose_language(request: Request, taal: Annotated[str, Form()], back: Annotated[str, Form()]) -> Response:
        """This browser's language, then back to the page where it was chosen."""
        answer = RedirectResponse(back if OWN_PATH.fullmatch(back) else "/", 303)
        if taal in LANGUAGES:
            answer.set_cookie(
                LANGUAGE_COOKIE,
                taal,
                max_age=LANGUAGE_S,
                secure=request.url.scheme == "https",
                httponly=True,
                samesite="lax",
            )
        return answer

    @app.get("/healthz", include_in_schema=False)
    async def healthz(request: Request) -> Response:
        """200 while the daemon is heard, else 503: what this process shows is of use only then."""
        house: House = request.app.state.house
        if house.stale_since is None:
            return Response("ok\n", media_type="text/plain")
        return Response(f"{house.look.why_stale or 'the dashboard itself was held up'}\n", 503, media_type="text/plain")


def _build() -> str:
    """A digest of all that pages are made of: one that was loaded before an update loads itself again."""
    digest = hashlib.sha256()
    for file in sorted(file for folder in ("static", "templates", "words") for file in (HERE / folder).rglob("*.*")):
        if file.suffix != ".pyc":
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
