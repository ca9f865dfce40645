"""Accounts and web sessions: who somebody is who comes with this cookie.

Knows passwords and tokens, kept only as what cannot be turned back. What somebody may do is access.py's; the file is
register.py's.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace

from achterwacht_dashboard.access import Roles, Viewer

COOKIE = "achterwacht"
"""The name of the cookie that holds a web session's token."""


class Accounts:
    """All accounts and web sessions. `viewer` answers from memory, at once."""

    def __init__(self) -> None:
        self._accounts: dict[str, Viewer] = {}
        self._sessions: dict[str, Viewer] = {}

    async def add(self, name: str, roles: Roles, member: str = "", password: str | None = None) -> str:
        """A new account; its id."""
        account = secrets.token_hex(4)
        self._accounts[account] = Viewer(account, name, roles, member)
        return account

    async def open_session(self, account: str, screen: str = "", trusted: bool = False) -> str:
        """A web session; the token for its cookie."""
        token = secrets.token_urlsafe(32)
        self._sessions[_digest(token)] = replace(self._accounts[account], screen=screen, trusted=trusted)
        return token

    def viewer(self, token: str | None) -> Viewer | None:
        """Whoever has this token; None when nobody has, or not any more."""
        return self._sessions.get(_digest(token)) if token else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
