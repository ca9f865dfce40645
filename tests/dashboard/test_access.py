"""Every route, asked by everybody: the answer is the table's. A new route is walked by itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from httpx import AsyncClient, Response
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from achterwacht_dashboard import access
from achterwacht_dashboard.access import ROLES, Viewer
from achterwacht_dashboard.accounts import COOKIE
from achterwacht_dashboard.app import LIVE_PAGES, Settings, make_app, routes_of
from achterwacht_dashboard.live import LOGGED_OUT, NOT_YOURS
from dashboard_site import Site, site
from house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANYTHING = "9"
"""For what stands in braces in a path: a zender's number, and nobody's token."""
NO_SUCH_DESK = 4404
"""In this plan no desk has a page: that is said to whoever may see one."""
OURS = {"Sec-Fetch-Site": "same-origin"}


async def tokens_of(here: Site) -> dict[str, str | None]:
    """The cookie of each of them. One administrator is beside them, so that any other may be disabled."""
    await here.token("admin", name="blijft")
    tokens: dict[str, str | None] = {role: await here.token(role, member="els", name=role) for role in ROLES}
    gone = await here.token("admin", "coordinator", name="weg")
    await here.app.state.accounts.disable(here.app.state.accounts.viewer(gone).account, True, by="")
    return tokens | {"nobody": None, "a disabled account": gone, "a cookie of nobody": "x" * 43}


def viewer_of(who: str) -> Viewer | None:
    return Viewer("", who, frozenset({who})) if who in ROLES else None


def is_right(answer: Response, viewer: Viewer | None, may: bool, wants_page: bool) -> bool:
    """Whether this is what the table says, in the form that was asked for."""
    to_login = answer.headers.get("location", "").startswith("/login")
    if may:
        return answer.status_code not in (401, 403, 500) and not to_login
    if viewer is not None:
        return answer.status_code == 403
    return (answer.status_code == 303 and to_login) if wants_page else answer.status_code == 401


async def test_each_route_lets_in_whom_the_table_says(tmp_path: Path) -> None:
    wrong = []
    async with site(House(), tmp_path) as here, AsyncClient(base_url=here.url, headers=OURS) as client:
        tokens = await tokens_of(here)
        routes = [route.split(" ", 1) for route in routes_of(here.app) if not route.startswith("WS ")]
        assert len(routes) > 40
        routes.sort(key=lambda route: route == ["POST", "/logout"])  # who has done that is nobody
        for method, path in routes:
            place = re.sub(r"\{[^}]*\}", ANYTHING, path)
            for who, token in tokens.items():
                viewer = viewer_of(who)
                may = access.may(viewer, f"{method} {path}")
                for accept in ("text/html", "application/json") if viewer is None and not may else ("text/html",):
                    headers = {"Accept": accept} | ({"Cookie": f"{COOKIE}={token}"} if token else {})
                    # A body that is understood, so that it is the door that answers.
                    json: dict[str, str] | None = {} if path.startswith(("/do/", "/redeem", "/receipt")) else None
                    answer = await client.request(method, place, headers=headers, json=json)
                    client.cookies.clear()
                    if path == "/logout" and may:
                        assert here.app.state.accounts.viewer(token) is None
                    elif not is_right(answer, viewer, may, accept == "text/html"):
                        wrong.append(f"{method} {place} by {who} for {accept}: {answer.status_code}, may: {may}")
    assert wrong == []


async def test_each_live_page_is_for_whom_its_own_page_is(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        tokens = await tokens_of(here)
        for name, page in LIVE_PAGES.items():
            for who, token in tokens.items():
                viewer = viewer_of(who)
                seen = await first_word(here, name, token)
                if viewer is None:
                    assert seen == LOGGED_OUT, (name, who)
                elif access.may(viewer, page.route):
                    assert seen in ("look", NO_SUCH_DESK), (name, who)
                else:
                    assert seen == NOT_YOURS, (name, who)
        assert await first_word(here, "nergens", tokens["admin"]) == NOT_YOURS


async def test_a_route_that_the_table_does_not_name_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(tmp_path / "link.sock", tmp_path, tmp_path)
    for route in ("GET /receptie", "POST /login", "POST /do/answer", "WS /live/{page}"):  # of ours and of routers
        rest = {known: roles for known, roles in access.TABLE.items() if known != route}
        monkeypatch.setattr(access, "TABLE", rest)
        with pytest.raises(RuntimeError, match=re.escape(route)):
            make_app(settings)
        monkeypatch.undo()


async def test_a_live_page_is_opened_by_our_own_pages_only(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        token = await here.token("reception")
        for origin in ("http://elders.example", here.url.replace("http", "https").replace("127", "128"), "null", None):
            with pytest.raises(InvalidStatus) as refused:
                await first_word(here, "receptie", token, origin)
            assert refused.value.response.status_code == 403


async def first_word(here: Site, page: str, token: str | None, origin: str | None = "ours") -> str | int:
    """What a live page hears first: the type of a message, or the code by which it is closed."""
    address = f"{here.url.replace('http', 'ws')}/live/{page}?zender={ANYTHING}"
    cookie = {"Cookie": f"{COOKIE}={token}"} if token else {}
    said_by = here.url if origin == "ours" else origin
    async with connect(address, origin=said_by, additional_headers=cookie, proxy=None) as ws:  # type: ignore[arg-type]
        try:
            message = await ws.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code
        return "look" if '"type":"look"' in str(message) else str(message)
