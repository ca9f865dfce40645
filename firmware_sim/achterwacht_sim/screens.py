"""The dashboard as the demo runs it: how its command is called, who can log in, and the proof that it answers.

Knows its command line, its login and that its board is live at a WebSocket. What stands on a page is its own.
"""

from __future__ import annotations

import asyncio
import http.cookiejar
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import websockets
from websockets.asyncio.client import connect

from achterwacht_sim.children import Child, Children
from achterwacht_sim.house import House

# {state} and {data} are folders, {port} is on this machine.
SERVE = ("serve", "--state", "{state}", "--data", "{data}", "--port", "{port}")
ADD_ACCOUNT = ("account", "add", "--data", "{data}", "--name", "{name}", "--role", "{role}", "--password-stdin")

LOOPBACK = "127.0.0.1"

# It is for this machine only, and it is printed.
PASSWORD = "demo-demo-demo"

# A hash of a password takes a moment on purpose; a machine that has just unpacked everything is slower.
ADD_WAIT_S = 20.0
HEALTHY_WAIT_S = 20.0
# The board is live: what happened is on it within a second.
PROOF_WAIT_S = 10.0

KNOCK_EVERY_S = 0.05


class NoScreens(Exception):
    """The dashboard does not do what it is there for; the text says what."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can log in."""

    name: str
    role: str
    member: str = ""


def accounts_of(house: House) -> Iterator[Account]:
    """One for each role of the dashboard, the reception first; in the team everybody has one."""
    first: dict[str, str] = {}
    for member, roles in house.roles.items():
        for role in roles:
            first.setdefault(role, member)
    yield Account("receptie", "reception", first.get("reception", ""))
    for member, roles in house.roles.items():
        if "team" in roles:
            yield Account(member, "team", member)
    yield Account("leidinggevende", "supervisor", first.get("supervisor", ""))
    yield Account("register", "register")
    yield Account("coordinator", "coordinator", first.get("coordinator", ""))
    yield Account("beheer", "admin")


def dashboard_command() -> list[str]:
    """How the dashboard is started: its script beside our Python, else its module."""
    script = Path(sys.executable).with_name("achterwacht-dashboard")
    return [str(script)] if script.exists() else [sys.executable, "-m", "achterwacht_dashboard"]


async def add_accounts(children: Children, home: Path, data: Path, house: House) -> list[Account]:
    """Makes all of them; `home` is for logs and what is needed for a moment. Raises NoScreens."""
    password, log = home / "password", home / "account.log"
    password.write_text(PASSWORD + "\n", "utf-8")
    accounts = list(accounts_of(house))
    for account in accounts:
        words = [part.format(data=data, name=account.name, role=account.role) for part in ADD_ACCOUNT]
        member = ["--member", account.member] if account.member else []
        child = await children.start("account", [*dashboard_command(), *words, *member], log, stdin=password)
        try:
            async with asyncio.timeout(ADD_WAIT_S):
                code = await child.ended()
        except TimeoutError:
            raise NoScreens(f"the account {account.name} was not made within {ADD_WAIT_S:.0f} s") from None
        if code:
            raise NoScreens(f"the account {account.name} was not made ({code}): {child.last_words()}")
    return accounts


async def start_dashboard(children: Children, home: Path, state: Path, data: Path, port: int) -> Child:
    """It runs and hears the daemon. Raises NoScreens, and ChildEnded."""
    words = [part.format(state=state, data=data, port=port) for part in SERVE]
    dashboard = await children.start("the dashboard", [*dashboard_command(), *words], home / "dashboard.log")
    try:
        async with asyncio.timeout(HEALTHY_WAIT_S):
            await dashboard.while_running(_healthy(f"http://{LOOPBACK}:{port}"))
    except TimeoutError:
        raise NoScreens(f"the dashboard did not hear the daemon within {HEALTHY_WAIT_S:.0f} s") from None
    return dashboard


async def _healthy(url: str) -> None:
    while not await asyncio.to_thread(_is_healthy, url):  # noqa: ASYNC110  what is waited for is another process
        await asyncio.sleep(KNOCK_EVERY_S)


def _is_healthy(url: str) -> bool:
    try:
        with _opener().open(f"{url}/healthz", timeout=HEALTHY_WAIT_S):
            return True
    except OSError:  # also every answer but 200
        return False


async def prove(url: str, account: Account, place: str) -> None:
    """Logs in as this account and looks at the board until it shows an alarm at this place, or shows anything at all
    when there is no place. Raises NoScreens."""
    try:
        headers = {"Cookie": await asyncio.to_thread(_logged_in, url, account)}
        live = f"{url.replace('http', 'ws', 1)}/live/receptie"
        async with connect(live, origin=websockets.Origin(url), additional_headers=headers, proxy=None) as board:
            async for said in board:
                parts = json.loads(said).get("parts", {})
                if parts and place in parts.get("alarms", ""):
                    return
    except (OSError, ValueError, websockets.WebSocketException) as error:
        raise NoScreens(f"{account.name} saw no board at {url}: {error}") from None
    raise NoScreens(f"the board at {url} ended before it showed {place}")


def _logged_in(url: str, account: Account) -> str:
    """The cookies of a new login, as a header has them. Raises OSError."""
    jar = http.cookiejar.CookieJar()
    form = urllib.parse.urlencode({"name": account.name, "password": PASSWORD}).encode()
    request = urllib.request.Request(f"{url}/login", form, {"Origin": url})
    with _opener(jar).open(request, timeout=PROOF_WAIT_S):
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def _opener(jar: http.cookiejar.CookieJar | None = None) -> urllib.request.OpenerDirector:
    # No proxy: this machine alone.
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar))
