"""The dashboard in front of a town hall of the nights: the real link, the real core, a clock that the test drives.

`site()` serves the pages on a free port of this machine, in this loop. What the house does is told through `Site.house`
(house.py, day_house.py), and then `Site.tell` streams what became of it, as the daemon would. Commands that come over
the link are decided by the core at once. The daemon as a process, with a broker, is the end-to-end tests'.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from playwright._impl._api_structures import SetCookieParam
from playwright.async_api import Page

from achterwacht.core import heard as h
from achterwacht.core.moment import Moment
from achterwacht.journal.people import FILE, Person, _replace
from achterwacht.link import Command, Link, Pages, Receipt, Redeem, Register
from achterwacht_dashboard.access import Role
from achterwacht_dashboard.accounts import COOKIE
from achterwacht_dashboard.app import Settings, make_app
from achterwacht_dashboard.certificate import make_certificate
from achterwacht_dashboard.doorway import Doorway
from achterwacht_dashboard.serving import settings as served_as
from broker import free_port
from house import House

WITHIN_S = 20.0
"""Nothing here takes longer unless it is broken."""

PEOPLE = (
    Person("anna", "Anna de Vries", "06-11111111"),
    Person("bas", "Bas Jansen", "06-22222222"),
    Person("cor", "Cor Bakker", "06-33333333"),
    Person("dina", "Dina Visser", "06-44444444"),
    Person("els", "Els Smit", "06-55555555"),
    Person("fred", "Fred Mulder", "06-66666666"),
    Person("gerda", "Gerda de Boer", "06-77777777"),
)


class HouseClock:
    """The dashboard's clock: what the house's is."""

    def __init__(self, house: House) -> None:
        self._house = house

    def now(self) -> Moment:
        return self._house.now


@dataclass
class Site:
    """A dashboard that runs. `url` is where; `house` is what it looks at."""

    url: str
    app: FastAPI
    house: House
    socket: Path
    told_n: int = 0
    durable_n: int = 0
    heard: list[Command] = field(default_factory=list)
    """Every command that came over the link."""
    pages: tuple[str, ...] = ()
    """Whose pages are open, as the dashboard said last."""
    connections: Collection[object] = ()
    """What the dashboard has open to browsers."""
    doorway: Doorway = field(default_factory=lambda: Doorway(0))

    def __post_init__(self) -> None:
        self.link = Link(self.socket, self.snapshot, self.on_command)

    def tell(self) -> None:
        """Stream what the house has done since, as the daemon does."""
        facts = self.house.facts[self.told_n :]
        self.told_n = len(self.house.facts)
        if facts:
            self.link.stream(self.told_n, facts)
        if self.house.durable_n != self.durable_n:
            self.durable_n = self.house.durable_n
            self.link.durable(self.durable_n)

    async def token(self, *roles: Role, member: str = "", name: str = "", screen: str = "") -> str:
        """The cookie of a new account that is logged in; with `screen`, of a device that was paired for it."""
        accounts = self.app.state.accounts
        name = name or member or "-".join(roles)
        while accounts.named(name):
            name += " 2"
        account = await accounts.add(name, frozenset(roles), member)
        token: str = await accounts.open_session(account, screen=screen, trusted=bool(screen))
        return token

    def cookie(self, token: str) -> SetCookieParam:
        """The same as Playwright's `context.add_cookies` takes it."""
        return {"name": COOKIE, "value": token, "url": self.url}

    async def until(self, wanted: Callable[[], object], what: str = "") -> None:
        """Until something holds here. Raises TimeoutError."""
        async with asyncio.timeout(WITHIN_S):
            while not wanted():  # noqa: ASYNC110  what is waited for is in many places
                await asyncio.sleep(0.01)

    def on_command(self, command: Command, reply: Callable[[dict[str, Any]], None]) -> None:
        self.heard.append(command)
        if isinstance(command, Pages):
            self.pages = command.members or ()
            reply({"result": "accepted", "note": "", "durable": True})
        elif isinstance(command, Receipt | Redeem | Register):
            reply({"result": "accepted", "note": "", "durable": True})
        elif isinstance(command, h.Reached):
            self.house.hear(command)
            self.tell()
            reply({"result": "accepted", "note": "", "durable": True})
        else:
            self.house.hear(command)
            self.house.wait(0.05)  # the disk
            self.tell()
            outcome = self.house.state.outcomes[command.key]
            reply({"result": outcome.result, "note": outcome.note, "durable": True})

    def snapshot(self) -> Any:
        self.tell()
        return f"boot{self.house.boots}", self.told_n, self.durable_n, self.house.state, {}


@asynccontextmanager
async def site(house: House, folder: Path, https: bool = False, **settings: Any) -> AsyncIterator[Site]:
    """The dashboard of this house, until the end of the block. `folder`: an empty one, for the socket and the files;
    with `https` the authority stands in `data/tls/authority.pem` there."""
    state, data = folder / "state", folder / "data"
    state.mkdir(exist_ok=True)
    data.mkdir(exist_ok=True)
    _replace(state / FILE, PEOPLE, ())
    app = make_app(Settings(state / "link.sock", state, data, **settings), clock=HouseClock(house))
    port = free_port()
    tls: tuple[Path, ...] = ()
    if https:
        made = make_certificate(data / "tls", ["127.0.0.1"], datetime.now(UTC))  # browsers go by the world's clock
        tls = made.certificate, made.key
    served = served_as(app, "127.0.0.1", port, *tls)
    the_site = Site(f"{'https' if https else 'http'}://127.0.0.1:{port}", app, house, state / "link.sock")
    server = uvicorn.Server(served)
    the_site.connections, the_site.doorway = server.server_state.connections, served.doorway
    server.capture_signals = _nobody  # type: ignore[method-assign]  # pytest's own
    linking = asyncio.create_task(the_site.link.run())
    serving = asyncio.create_task(server.serve())
    try:
        await the_site.until(lambda: server.started and app.state.house.look.stale_since is None)
        yield the_site
    finally:
        server.should_exit = True
        try:
            await serving
        finally:
            linking.cancel()
            await asyncio.wait({linking})


async def hears_nothing_for_long(page: Page) -> None:
    """What this page heard last, it heard ten seconds ago: one of its two clocks runs on (live.js)."""
    await page.evaluate("Date.now = ((real) => () => real() + 10_000)(Date.now)")


def _nobody() -> Any:
    from contextlib import nullcontext

    return nullcontext()
