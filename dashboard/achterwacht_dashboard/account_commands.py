"""`achterwacht-dashboard account`, for who operates the machine; and the link to make the first account of all by.

Knows the command line alone: what may be done is accounts.py's. It writes the register whether the dashboard runs or
not; one that runs notices within about a second.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from achterwacht.clock import Clock
from achterwacht.errors import AskedWrong
from achterwacht_dashboard.access import ROLES
from achterwacht_dashboard.accounts import Accounts, Refused
from achterwacht_dashboard.register import Account, RegisterUnavailable
from achterwacht_dashboard.words import Words

log = logging.getLogger(__name__)


class NotDone(AskedWrong):
    """What was asked of an account cannot be; the text says it all."""

    remedy = ""


Do = Callable[[Accounts, argparse.Namespace], Coroutine[Any, Any, None]]


def add_to(commands: Any, data: Path) -> None:
    """The command `account` and what it can do. `data`: the folder when none is named."""
    account = commands.add_parser("account", help="who may log in")
    what = account.add_subparsers(required=True, metavar="WHAT")

    def command(name: str, do: Do, help_: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = what.add_parser(name, help=help_)
        parser.add_argument("--data", type=Path, default=data, help="the dashboard's own folder")
        parser.set_defaults(run=lambda asked: asyncio.run(_run(do, asked)))
        return parser

    adding = command("add", _add, "a new account")
    adding.add_argument("--name", required=True, help="what somebody logs in by")
    adding.add_argument("--role", action="append", required=True, choices=ROLES, help="may be given more than once")
    adding.add_argument("--member", default="", help="who it is in the plan: a member's id")
    adding.add_argument("--password-stdin", action="store_true", help="its password is the first line of stdin")
    adding.add_argument("--replace", action="store_true", help="one of this name becomes as said here")
    command("list", _list, "every account, with its roles")
    password = command("password", _password, "set a password; all logins of the account end, devices stay")
    password.add_argument("--name", required=True)
    password.add_argument(
        "--password-stdin", action="store_true", help="it is the first line of stdin; else it is asked"
    )
    disabling = command("disable", _disable, "nobody comes in by it any more; its logins and devices end at once")
    disabling.add_argument("--name", required=True)
    disabling.add_argument("--again", action="store_true", help="the other way round: it may be used again")


async def first_link(data: Path, address: str) -> str | None:
    """The link to make the first account by, when there is no account; an older one is over. Says so when the register
    cannot be used: who is paired can still come in."""
    try:
        async with _opened(data) as accounts:
            if accounts.all():
                return None
            token, _ = await accounts.make_link("first")
    except RegisterUnavailable as unavailable:
        log.error("whether there is an account is not known: %s", unavailable)
        return None
    return f"{address}/start/{token}"


def address_of(host: str, port: int, https: bool) -> str:
    """Where a browser finds what listens there."""
    if host in ("", "0.0.0.0", "::"):
        host = socket.gethostname()
    return f"{'https' if https else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


@asynccontextmanager
async def _opened(data: Path) -> AsyncIterator[Accounts]:
    """Raises RegisterUnavailable."""
    async with Accounts(data, Clock()).running() as accounts:
        if accounts.trouble:
            raise RegisterUnavailable(accounts.trouble)
        yield accounts


async def _run(do: Do, asked: argparse.Namespace) -> int:
    try:
        async with _opened(asked.data) as accounts:
            await do(accounts, asked)
    except Refused as refused:
        raise NotDone(Words("en")(refused.why)) from None
    return 0


async def _add(accounts: Accounts, asked: argparse.Namespace) -> None:
    password = _asked_password(asked) if asked.password_stdin else None
    roles = frozenset(asked.role)
    known = accounts.named(asked.name)
    if known is None or not asked.replace:
        await accounts.add(asked.name, roles, asked.member, password)
        return
    await accounts.change(known.id, roles, asked.member, by="")
    await accounts.disable(known.id, False, by="")
    if password is not None:
        await accounts.set_password(known.id, password, by="")


async def _list(accounts: Accounts, asked: argparse.Namespace) -> None:
    for account in accounts.all():
        roles = " ".join(role for role in ROLES if role in account.roles)
        known = {"disabled": account.disabled, "no password": not account.password}
        marks = [mark for mark, holds in known.items() if holds]
        print(account.name, roles, account.member or "-", ", ".join(marks), sep="\t")


async def _password(accounts: Accounts, asked: argparse.Namespace) -> None:
    await accounts.set_password(_named(accounts, asked.name).id, _asked_password(asked), by="")


async def _disable(accounts: Accounts, asked: argparse.Namespace) -> None:
    await accounts.disable(_named(accounts, asked.name).id, not asked.again, by="")


def _named(accounts: Accounts, name: str) -> Account:
    if account := accounts.named(name):
        return account
    raise Refused("accounts.no_account")


def _asked_password(asked: argparse.Namespace) -> str:
    if asked.password_stdin:
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise Refused("accounts.not_the_same")
    return password
