"""Who may see and do what: one table of every route, and who somebody is.

Knows no passwords and no cookies (accounts.py), and not what a route does. A route that is not in the table does not
exist: the application refuses to start with one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["reception", "team", "supervisor", "register", "coordinator", "admin"]
"""On the screen: receptie, team, leidinggevende, register, coördinator, beheer. Not the roles of the plan: those say
whom an alarm rings, these what a person may see here."""

ROLES: tuple[Role, ...] = get_args(Role)

Roles = frozenset[Role]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who is logged in, or a device that was paired for them."""

    account: str
    """The account's id."""
    name: str
    roles: Roles
    member: str = ""
    """Who they are in the plan: by this id their commands are said. Empty: they can say nothing to the house."""
    screen: str = ""
    """The name of the screen that this device is, if it is one; a zender names the screens in sight of it."""
    trusted: bool = False
    """Whether this is a paired device: nobody logs it out but by name."""


ANYBODY: None = None
"""No login at all: what says nothing of the house, or is opened by a secret of its own."""
EVERYBODY: Roles = frozenset(ROLES)


def _only(*roles: Role) -> Roles:
    return frozenset(roles)


BOARD = _only("reception", "coordinator", "supervisor", "admin")
STORIES = _only("reception", "supervisor", "register", "coordinator")
MANAGE = _only("coordinator", "admin")
ANSWERS = BOARD | _only("team")
"""Whom a page can ring can answer on it."""
FOR_OTHERS = _only("reception", "coordinator")
"""Who may say something in the name of somebody else: what a member called out, or said by telephone."""
DAY = _only("reception", "coordinator")
PAIRED_BY_OTHERS = _only("reception", "team", "supervisor", "coordinator")
"""Roles with which somebody else may pair a device. Who has more pairs it themselves, or a coordinator could become the
administrator by a telephone."""

TABLE: Mapping[str, Roles | None] = {
    # the doors
    "GET /login": ANYBODY,
    "POST /login": ANYBODY,
    "POST /logout": EVERYBODY,
    "GET /start/{token}": ANYBODY,
    "POST /start/{token}": ANYBODY,
    "GET /pair": ANYBODY,
    "POST /pair": ANYBODY,
    "GET /pair/{token}": ANYBODY,
    "POST /pair/{token}": ANYBODY,
    "GET /account": EVERYBODY,
    "POST /account/password": EVERYBODY,
    # who comes in: only who may give every role may give roles
    "GET /beheer/accounts": _only("admin"),
    "POST /beheer/accounts": _only("admin"),
    "POST /beheer/accounts/{account}": _only("admin"),
    "POST /beheer/accounts/{account}/link": _only("admin"),
    "POST /beheer/accounts/{account}/disabled": _only("admin"),
    "GET /beheer/toestellen": MANAGE,
    "POST /beheer/toestellen": MANAGE,
    "POST /beheer/toestellen/{device}": MANAGE,
    "POST /beheer/toestellen/{device}/weg": MANAGE,
    # administration
    "GET /beheer": MANAGE | _only("reception", "supervisor"),
    "GET /beheer/mensen": MANAGE,
    "GET /beheer/telefoons": MANAGE,
    "GET /beheer/piepers": MANAGE,
    "GET /beheer/zenders": MANAGE,
    "GET /beheer/rooster": MANAGE | _only("reception", "supervisor"),
    "GET /beheer/knoptest": DAY | MANAGE,
    "GET /beheer/journaal": MANAGE,
    "POST /beheer/journaal": MANAGE,
    "GET /beheer/gedaan": MANAGE,
    "GET /beheer/over": MANAGE,
    # pages
    "GET /": EVERYBODY,
    "GET /receptie": BOARD,
    "GET /team": _only("team"),
    "GET /balie/{zender}": EVERYBODY,
    "GET /meldingen": STORIES,
    "GET /meldingen/oefeningen": STORIES,
    "GET /meldingen/{incident}": STORIES,
    "GET /meldingen/{incident}/concept": STORIES,
    # what is live on them: live.py asks the table for the page's own row
    "WS /live/{page}": EVERYBODY,
    # commands
    "POST /do/answer": ANSWERS,
    "POST /do/undo": ANSWERS,
    "POST /do/acknowledge": _only("reception", "coordinator", "admin"),
    "POST /do/test": _only("reception", "team", "coordinator", "admin"),
    "POST /do/took": DAY,
    "POST /do/called": DAY,
    "POST /do/swap": _only("reception", "team", "coordinator"),
    "POST /do/away": _only("reception", "team", "coordinator"),
    "POST /do/test_button": DAY | MANAGE,
    "POST /do/claim": DAY | MANAGE,
    "POST /do/judge": DAY | MANAGE,
    "POST /do/drill_start": DAY,
    "POST /do/drill_stop": DAY,
    "POST /do/register": _only("team", "reception", "supervisor", "coordinator"),
    "POST /redeem": ANYBODY,
    "POST /receipt": ANYBODY,
    # the app on a telephone, and Web Push
    "GET /sw.js": ANYBODY,
    "GET /manifest.webmanifest": ANYBODY,
    "GET /offline": ANYBODY,
    "GET /push/key": _only("team", "reception", "supervisor", "coordinator"),
    # the rest
    "POST /taal": ANYBODY,
    "GET /healthz": ANYBODY,
    # without a login at this machine alone (metrics.py)
    "GET /metrics": ANYBODY,
    "GET /static/{path:path}": ANYBODY,
}
"""By method and path as it is registered. The order is of no meaning."""


def may(viewer: Viewer | None, route: str) -> bool:
    """Whether this viewer may use this route. Raises KeyError for a route that is not in the table."""
    roles = TABLE[route]
    return roles is None or (viewer is not None and not roles.isdisjoint(viewer.roles))


def missing(routes: Iterable[str]) -> list[str]:
    """The routes that nobody has put into the table."""
    return sorted(set(routes) - TABLE.keys())


HOME: tuple[tuple[Role, str], ...] = (
    ("reception", "/receptie"),
    ("team", "/team"),
    ("coordinator", "/receptie"),
    ("supervisor", "/receptie"),
    ("admin", "/receptie"),
)


def home(viewer: Viewer) -> str:
    """Where somebody begins."""
    return next((path for role, path in HOME if role in viewer.roles), "/meldingen")
