"""What people type into the forms of the doors and of Beheer, and what of it means something.

Knows forms, roles and members. What becomes of it is doors.py's and account_pages.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs

from fastapi import HTTPException, Request

from achterwacht_dashboard.access import ROLES, Role
from achterwacht_dashboard.accounts import Refused

FORM_MAX_BYTES = 20_000
"""Many times what our longest form has."""
FIELDS_MAX = 100
"""Likewise; to take more apart would hold up everybody."""


class Form:
    """What was typed and ticked."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def one(self, name: str) -> str:
        return self._values.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])


async def form_of(request: Request) -> Form:
    """The form that was sent. It is read with a bound: anybody at all may send one."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_MAX_BYTES:
            raise HTTPException(413, "this form is too long")
    try:
        return Form(parse_qs(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX))
    except ValueError:
        raise HTTPException(400, "this is no form") from None


def roles_of(asked: Iterable[str]) -> frozenset[Role]:
    """What of it are roles."""
    return frozenset(role for role in ROLES if role in set(asked))


def a_member(request: Request, asked: str, kept: str = "") -> str:
    """A member of the plan, or nobody; `kept`: who it was already, and has perhaps left the plan."""
    if asked in ("", kept) or any(member == asked for member, _ in members(request)):
        return asked
    raise Refused("accounts.bad_member")


def members(request: Request) -> list[tuple[str, str]]:
    """Everybody in the plan: id and name, by name."""
    look = request.app.state.house.look
    return sorted(
        ((member.id, look.names.get(member.id, member.id)) for member in look.state.plan.members),
        key=lambda one: one[1],
    )
