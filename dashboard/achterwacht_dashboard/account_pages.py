"""Beheer's pages of who has an account, and of which devices are paired.

Knows forms and what stands on the pages. What may be changed is accounts.py's; who may see them is access.py's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import segno
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from achterwacht.core.moment import HOUSE_ZONE
from achterwacht_dashboard.access import PAIRED_BY_OTHERS, ROLES, Role, Viewer
from achterwacht_dashboard.accounts import LINK_S, LinkKind, Refused
from achterwacht_dashboard.forms import Form, a_member, form_of, members, roles_of
from achterwacht_dashboard.register import Account, Deed
from achterwacht_dashboard.respond import accounts_of, respond, token_of
from achterwacht_dashboard.words import Words
from achterwacht_dashboard.wrongs import why_not

router = APIRouter(prefix="/beheer", include_in_schema=False)


# --- accounts ---------------------------------------------------------------------------------------------------------


@router.get("/accounts")
async def accounts_page(request: Request) -> Response:
    """Everybody who may log in."""
    return await _accounts_page(request)


@router.post("/accounts")
async def add_account(request: Request) -> Response:
    """A new account, and the link by which somebody chooses its password."""
    form = await form_of(request)
    accounts = accounts_of(request)
    by = request.state.viewer.account
    try:
        roles, member = _some_roles(form.all("role")), a_member(request, form.one("member"))
        account = await accounts.add(form.one("name"), roles, member, by=by)
    except Refused as refused:
        return await _accounts_page(request, refused, form)
    return await _reset_page(request, account)


@router.post("/accounts/{account}")
async def change_account(request: Request, account: str) -> Response:
    """Another name, other roles, another member."""
    form = await form_of(request)
    accounts = accounts_of(request)
    try:
        old = _an_account(request, account)
        roles = _some_roles(form.all("role"))
        member = a_member(request, form.one("member"), kept=old.member)
        await accounts.change(account, roles, member, by=request.state.viewer.account, name=form.one("name"))
    except Refused as refused:
        return await _accounts_page(request, refused, form, account)
    return RedirectResponse("/beheer/accounts", 303)


@router.post("/accounts/{account}/link")
async def reset_link(request: Request, account: str) -> Response:
    """A link for a new password, shown once."""
    try:
        _an_account(request, account)
    except Refused as refused:
        return await _accounts_page(request, refused)
    return await _reset_page(request, account)


@router.post("/accounts/{account}/disabled")
async def disable_account(request: Request, account: str) -> Response:
    """Out, or in again (`disabled` empty)."""
    form = await form_of(request)
    try:
        _an_account(request, account)
        disabled = bool(form.one("disabled"))
        await accounts_of(request).disable(account, disabled, by=request.state.viewer.account)
    except Refused as refused:
        return await _accounts_page(request, refused)
    return RedirectResponse("/beheer/accounts", 303)


async def _reset_page(request: Request, account: str) -> Response:
    token, _ = await accounts_of(request).make_link("password", account, by=request.state.viewer.account)
    made = {"account": account, "url": f"{request.base_url}start/{token}", "until": _until(request, "password")}
    return await _accounts_page(request, made=made)


async def _accounts_page(
    request: Request, refused: Refused | None = None, form: Form | None = None, account: str = "",
    made: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """`form`: what was typed for `account` (empty: for a new one) and could not be done."""
    typed = None
    if form is not None:
        typed = {
            "account": account,
            "name": form.one("name"),
            "roles": roles_of(form.all("role")),
            "member": form.one("member"),
        }
    return respond(
        request, "beheer/accounts.html", 422 if refused else 200, accounts=accounts_of(request).all(), made=made,
        typed=typed, wrong=why_not(request, refused), members=members(request), ROLES=ROLES,
    )  # fmt: skip


def deed_told(request: Request, words: Words, deed: Deed) -> dict[str, str]:
    """One deed of administration: when (`at`), and a sentence (`text`)."""
    by_id = accounts_of(request).all_by_id()
    detail = deed.detail or "–"
    if deed.what in ("added", "changed"):
        roles, _, renamed = deed.detail.partition(" (")  # as accounts.py has put it together
        parts = [words(f"accounts.role_{part}") if part in ROLES else part for part in roles.split()]
        detail = ", ".join([*parts, renamed.removesuffix(")")] if renamed else parts)
    told = {
        "by": by_id[deed.by].name if deed.by in by_id else words("accounts.console"),
        "about": by_id[deed.about].name if deed.about in by_id else "?",
        "detail": detail,
    }
    return {"at": _local(deed.at_s), "text": words(f"accounts.deed_{deed.what}", **told)}


# --- devices ----------------------------------------------------------------------------------------------------------


@router.get("/toestellen")
async def devices_page(request: Request) -> Response:
    """Every paired device, and how to pair one."""
    return _devices_page(request)


@router.post("/toestellen")
async def pairing_link(request: Request) -> Response:
    """A QR code, a link and a short code for one device, shown once."""
    form = await form_of(request)
    viewer: Viewer = request.state.viewer
    try:
        account = _an_account(request, form.one("account"))
        if not _may_pair(viewer, account):
            raise Refused("accounts.not_for_others")
        screen = form.one("screen")
        if screen and screen not in _screens(request):
            raise Refused("accounts.bad_screen")
    except Refused as refused:
        return _devices_page(request, refused, chosen=(form.one("account"), form.one("screen")))
    token, code = await accounts_of(request).make_link("pair", account.id, screen, by=viewer.account)
    url = f"{request.base_url}pair/{token}"
    made = {
        "name": account.name,
        "screen": screen,
        "url": url,
        "short_url": f"{request.base_url}pair",
        "code": f"{code[:4]} {code[4:]}",
        "until": _until(request, "pair"),
        # The path alone: our CSP takes no inline style, and the size is the style sheet's.
        "qr": Markup(
            segno.make(url, micro=False).svg_inline(omitsize=True, svgclass="qr", lineclass=None, light="#fff")
        ),
        "loopback": _is_loopback(request.url.hostname or ""),
    }
    return _devices_page(request, made=made)


@router.post("/toestellen/{device}")
async def name_device(request: Request, device: str) -> Response:
    """Another name for it."""
    form = await form_of(request)
    try:
        await accounts_of(request).name_device(device, form.one("label"), by=request.state.viewer.account)
    except Refused as refused:
        return _devices_page(request, refused)
    return RedirectResponse("/beheer/toestellen", 303)


@router.post("/toestellen/{device}/weg")
async def end_device(request: Request, device: str) -> Response:
    """Not paired any more, at once."""
    await accounts_of(request).end_device(device, by=request.state.viewer.account)
    return RedirectResponse("/beheer/toestellen", 303)


def _devices_page(
    request: Request, refused: Refused | None = None, made: Mapping[str, Any] | None = None,
    chosen: tuple[str, str] = ("", ""),
) -> Response:  # fmt: skip
    accounts = accounts_of(request)
    viewer: Viewer = request.state.viewer
    by_id = accounts.all_by_id()
    own = accounts.session(token_of(request))
    devices = [
        {
            "id": device.id,
            "label": device.label,
            "name": by_id[device.account].name,
            "screen": device.screen,
            "seen": _local(device.seen_s),
            "is_here": own is not None and own.id == device.id,
        }
        for device in accounts.devices()
        if device.account in by_id
    ]
    return respond(
        request, "beheer/devices.html", 422 if refused else 200, devices=devices, made=made, chosen=chosen,
        accounts=[one for one in accounts.all() if _may_pair(viewer, one) and not one.disabled],
        screens=_screens(request), wrong=why_not(request, refused),
    )  # fmt: skip


def _may_pair(viewer: Viewer, account: Account) -> bool:
    return account.id == viewer.account or account.roles <= PAIRED_BY_OTHERS


def _screens(request: Request) -> list[str]:
    """The names of screens that the plan knows: no other has a meaning."""
    plan = request.app.state.house.look.state.plan
    return sorted({screen for zender in plan.zenders for screen in zender.screens})


# --- small things -----------------------------------------------------------------------------------------------------


def _some_roles(asked: Iterable[str]) -> frozenset[Role]:
    if roles := roles_of(asked):
        return roles
    raise Refused("accounts.bad_roles")


def _an_account(request: Request, id_: str) -> Account:
    if account := accounts_of(request).all_by_id().get(id_):
        return account
    raise Refused("accounts.no_account")


def _until(request: Request, kind: LinkKind) -> str:
    return _local(int(request.app.state.house.clock.now().at.timestamp()) + LINK_S[kind])


def _local(at_s: int) -> str:
    """As clocks on the wall show it."""
    return datetime.fromtimestamp(at_s, UTC).astimezone(HOUSE_ZONE).strftime("%d-%m-%Y %H:%M")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
