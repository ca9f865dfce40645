"""The doors: logging in and out, the first account, pairing a device, one's own password; and, in Beheer, who has an
account and which devices are paired.

Knows forms and cookies, and the pages for who may not come in. Who somebody is, and what may be changed, is
accounts.py's.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote

import segno
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from markupsafe import Markup
from starlette.exceptions import HTTPException as StarletteHTTPException

from achterwacht.core.moment import HOUSE_ZONE
from achterwacht_dashboard import access, commands
from achterwacht_dashboard.access import PAIRED_BY_OTHERS, ROLES, Role, Viewer
from achterwacht_dashboard.accounts import (
    CODE_LENGTH,
    LINK_S,
    Accounts,
    LinkKind,
    Refused,
    WrongPassword,
)
from achterwacht_dashboard.register import Account, Deed, RegisterUnavailable
from achterwacht_dashboard.respond import cookie_name, give_cookie, language_of, respond, token_of
from achterwacht_dashboard.throttle import TooSoon
from achterwacht_dashboard.words import Words

router = APIRouter(include_in_schema=False)

FORM_MAX_BYTES = 20_000
"""Many times what our longest form has."""
FIELDS_MAX = 100
"""Likewise; to take more apart would hold up everybody."""
NEXT_MAX = 500

SAME_PLACE = re.compile(r"/(?:[^/\\\x00-\x20\x7f][^\\\x00-\x20\x7f]*)?")
"""A path of ours, with its query. Browsers take a backslash for a slash, and leave out tabs and line ends:
`//elsewhere` is another house."""

KINDS_OF_DEVICE = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")
"""As browsers call themselves: what a new device is called until somebody gives it a name."""


# --- in and out -------------------------------------------------------------------------------------------------------


@router.get("/login")
async def login(request: Request, next: str = "/") -> Response:
    """The form; who is logged in is sent on."""
    if request.state.viewer is not None:
        return RedirectResponse(_ours(next), 303)
    return respond(request, "login.html", next=_ours(next), name="", wrong="")


@router.post("/login")
async def log_in(request: Request) -> Response:
    """A new session, whatever cookie the browser had before: nobody can give somebody else one of their own."""
    form = await _form(request)
    name, next = form.one("name"), _ours(form.one("next"))
    accounts = _accounts(request)
    try:
        token = await accounts.log_in(name, form.one("password"), _address(request))
    except WrongPassword:
        wrong, status, headers = _words(request)("accounts.wrong"), 422, None
    except TooSoon as too_soon:
        wrong, status, headers = _later(request, too_soon)
    else:
        if request.state.viewer is not None and not request.state.viewer.trusted:
            await accounts.log_out(token_of(request))
        answer = RedirectResponse(next, 303)
        give_cookie(request, answer, token)
        return answer
    page = respond(request, "login.html", status, next=next, name=name, wrong=wrong)
    page.headers.update(headers or {})
    return page


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """The end of this session. A paired device is asked first: a reception without its screen is not what a slip of the
    hand may do."""
    if request.state.viewer.trusted and not (await _form(request)).one("unpair"):
        return RedirectResponse("/account", 303)
    await _accounts(request).log_out(token_of(request))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(cookie_name(request), httponly=True, samesite="strict", secure=request.url.scheme == "https")
    return answer


# --- one-time links ---------------------------------------------------------------------------------------------------


@router.get("/start/{token}")
async def start(request: Request, token: str) -> Response:
    """The first account of all, or a new password: who has the link may."""
    return await _start_page(request, token)


@router.post("/start/{token}")
async def start_with(request: Request, token: str) -> Response:
    """Do what the link is for, and log in."""
    form = await _form(request)
    accounts = _accounts(request)
    password = form.one("password")
    try:
        if password != form.one("again"):
            raise Refused("accounts.not_the_same")
        if await _good_link(request, "first", token):
            member = _a_member(request, form.one("member"))
            account = await accounts.make_first(token, form.one("name"), _roles(form.all("role")), member, password)
        else:
            account = await accounts.reset_password(token, password)
    except (Refused, TooSoon) as refused:
        return await _start_page(request, token, refused, form)
    answer = RedirectResponse("/", 303)
    give_cookie(request, answer, await accounts.open_session(account))
    return answer


async def _start_page(
    request: Request, token: str, refused: Refused | TooSoon | None = None, form: Form | None = None
) -> Response:
    form = form or Form({})
    accounts = _accounts(request)
    if await _good_link(request, "first", token):
        kind, name = "first", form.one("name")
    elif link := await _good_link(request, "password", token):
        kind, name = "password", accounts.all_by_id()[link.account].name
    else:
        return await _no_link(request)
    return respond(
        request, "start.html", 422 if refused else 200, kind=kind, name=name, roles=_roles(form.all("role")),
        member=form.one("member"), members=_members(request), wrong=_why(request, refused), ROLES=ROLES,
    )  # fmt: skip


@router.get("/pair")
async def pair_by_code(request: Request) -> Response:
    """For who cannot scan: where the short code is typed."""
    return respond(request, "pair.html", account=None, screen="", wrong="")


@router.post("/pair")
async def pair_code_typed(request: Request) -> Response:
    """To the page of that code."""
    code = "".join((await _form(request)).one("code").split()).replace("-", "").upper()[:CODE_LENGTH]
    return RedirectResponse(f"/pair/{quote(code, safe='')}" if code else "/pair", 303)


@router.get("/pair/{token}")
async def pair(request: Request, token: str) -> Response:
    """What this device would be, and the button."""
    link = await _good_link(request, "pair", token)
    if link is None:
        return await _no_link(request)
    account = _accounts(request).all_by_id()[link.account]
    return respond(request, "pair.html", account=account, screen=link.screen, wrong="")


@router.post("/pair/{token}")
async def pair_now(request: Request, token: str) -> Response:
    """This browser is a paired device from now on. What it was before it is no more."""
    accounts = _accounts(request)
    if await _good_link(request, "pair", token) is None:
        return await _no_link(request)
    agent = request.headers.get("user-agent", "")
    label = next((kind for kind in KINDS_OF_DEVICE if kind in agent), "?")
    before = token_of(request)
    try:
        paired = await accounts.pair(token, label)
    except Refused:
        return await _no_link(request)
    await accounts.log_out(before)
    viewer = accounts.viewer(paired)
    answer = RedirectResponse(access.home(viewer) if viewer else "/", 303)
    give_cookie(request, answer, paired, trusted=True)
    return answer


async def _good_link(request: Request, kind: LinkKind, token: str) -> Any:
    """The link, while it is good; None when it is not. A wrong one counts as a guess. Raises TooSoon."""
    accounts = _accounts(request)
    with accounts.throttle.trying(_address(request)):
        return await accounts.link(kind, token)


async def _no_link(request: Request) -> Response:
    _accounts(request).throttle.wrong(_address(request))
    return wrong_page(request, 404, _words(request)("accounts.link_over"))


# --- one's own account ------------------------------------------------------------------------------------------------


@router.get("/account")
async def own(request: Request) -> Response:
    """Who I am here, and my password."""
    return _own_page(request)


@router.post("/account/password")
async def own_password(request: Request) -> Response:
    """Another one, for who knows the present one."""
    form = await _form(request)
    words = _words(request)
    new = form.one("new")
    try:
        if new != form.one("again"):
            raise Refused("accounts.not_the_same")
        await _accounts(request).change_password(
            request.cookies[cookie_name(request)], form.one("old"), new, _address(request)
        )
    except WrongPassword:
        return _own_page(request, 422, wrong=words("accounts.own_wrong"))
    except (Refused, TooSoon) as refused:
        return _own_page(request, 422, wrong=_why(request, refused))
    return _own_page(request, done=words("accounts.own_changed"))


def _own_page(request: Request, status: int = 200, wrong: str = "", done: str = "") -> Response:
    viewer: Viewer = request.state.viewer
    account = _accounts(request).all_by_id()[viewer.account]
    names = request.app.state.house.look.names
    return respond(
        request, "account.html", status, wrong=wrong, done=done, has_password=bool(account.password),
        member=names.get(viewer.member, viewer.member), ROLES=ROLES,
    )  # fmt: skip


# --- Beheer: accounts -------------------------------------------------------------------------------------------------


@router.get("/beheer/accounts")
async def accounts_page(request: Request) -> Response:
    """Everybody who may log in."""
    return await _accounts_page(request)


@router.post("/beheer/accounts")
async def add_account(request: Request) -> Response:
    """A new account, and the link by which somebody chooses its password."""
    form = await _form(request)
    accounts = _accounts(request)
    by = request.state.viewer.account
    try:
        roles, member = _some_roles(form.all("role")), _a_member(request, form.one("member"))
        account = await accounts.add(form.one("name"), roles, member, by=by)
    except Refused as refused:
        return await _accounts_page(request, refused, form)
    return await _reset_page(request, account)


@router.post("/beheer/accounts/{account}")
async def change_account(request: Request, account: str) -> Response:
    """Another name, other roles, another member."""
    form = await _form(request)
    accounts = _accounts(request)
    try:
        old = _an_account(request, account)
        roles = _some_roles(form.all("role"))
        member = _a_member(request, form.one("member"), kept=old.member)
        await accounts.change(account, roles, member, by=request.state.viewer.account, name=form.one("name"))
    except Refused as refused:
        return await _accounts_page(request, refused, form, account)
    return RedirectResponse("/beheer/accounts", 303)


@router.post("/beheer/accounts/{account}/link")
async def reset_link(request: Request, account: str) -> Response:
    """A link for a new password, shown once."""
    try:
        _an_account(request, account)
    except Refused as refused:
        return await _accounts_page(request, refused)
    return await _reset_page(request, account)


@router.post("/beheer/accounts/{account}/disabled")
async def disable_account(request: Request, account: str) -> Response:
    """Out, or in again (`disabled` empty)."""
    form = await _form(request)
    try:
        _an_account(request, account)
        disabled = bool(form.one("disabled"))
        await _accounts(request).disable(account, disabled, by=request.state.viewer.account)
    except Refused as refused:
        return await _accounts_page(request, refused)
    return RedirectResponse("/beheer/accounts", 303)


async def _reset_page(request: Request, account: str) -> Response:
    token, _ = await _accounts(request).make_link("password", account, by=request.state.viewer.account)
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
            "roles": _roles(form.all("role")),
            "member": form.one("member"),
        }
    return respond(
        request, "beheer/accounts.html", 422 if refused else 200, accounts=_accounts(request).all(), made=made,
        typed=typed, wrong=_why(request, refused), members=_members(request), ROLES=ROLES,
    )  # fmt: skip


def deed_told(request: Request, words: Words, deed: Deed) -> dict[str, str]:
    """One deed of administration: when (`at`), and a sentence (`text`)."""
    by_id = _accounts(request).all_by_id()
    nobody = words("accounts.console")
    told = {
        "by": by_id[deed.by].name if deed.by in by_id else nobody,
        "about": by_id[deed.about].name if deed.about in by_id else "?",
        "detail": ", ".join(
            words(f"accounts.role_{part}") if part in ROLES else part for part in deed.detail.split(" ")
        )
        if deed.what in ("added", "changed")
        else deed.detail or "–",
    }
    return {"at": _local(deed.at_s), "text": words(f"accounts.deed_{deed.what}", **told)}


# --- Beheer: devices --------------------------------------------------------------------------------------------------


@router.get("/beheer/toestellen")
async def devices_page(request: Request) -> Response:
    """Every paired device, and how to pair one."""
    return _devices_page(request)


@router.post("/beheer/toestellen")
async def pairing_link(request: Request) -> Response:
    """A QR code, a link and a short code for one device, shown once."""
    form = await _form(request)
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
    token, code = await _accounts(request).make_link("pair", account.id, screen, by=viewer.account)
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


@router.post("/beheer/toestellen/{device}")
async def name_device(request: Request, device: str) -> Response:
    """Another name for it."""
    form = await _form(request)
    try:
        await _accounts(request).name_device(device, form.one("label"), by=request.state.viewer.account)
    except Refused as refused:
        return _devices_page(request, refused)
    return RedirectResponse("/beheer/toestellen", 303)


@router.post("/beheer/toestellen/{device}/weg")
async def end_device(request: Request, device: str) -> Response:
    """Not paired any more, at once."""
    await _accounts(request).end_device(device, by=request.state.viewer.account)
    return RedirectResponse("/beheer/toestellen", 303)


def _devices_page(
    request: Request, refused: Refused | None = None, made: Mapping[str, Any] | None = None,
    chosen: tuple[str, str] = ("", ""),
) -> Response:  # fmt: skip
    accounts = _accounts(request)
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
        screens=_screens(request), wrong=_why(request, refused),
    )  # fmt: skip


def _may_pair(viewer: Viewer, account: Account) -> bool:
    return account.id == viewer.account or account.roles <= PAIRED_BY_OTHERS


def _screens(request: Request) -> list[str]:
    """The names of screens that the plan knows: no other has a meaning."""
    plan = request.app.state.house.look.state.plan
    return sorted({screen for zender in plan.zenders for screen in zender.screens})


# --- who may not come in ----------------------------------------------------------------------------------------------


def answer_wrongs(app: FastAPI) -> None:
    """What goes wrong is told as a page to whom asks for a page, else as JSON."""
    app.add_exception_handler(StarletteHTTPException, _on_http)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _on_invalid)  # type: ignore[arg-type]
    app.add_exception_handler(RegisterUnavailable, _on_unavailable)  # type: ignore[arg-type]
    app.add_exception_handler(TooSoon, _on_too_soon)  # type: ignore[arg-type]


async def _on_http(request: Request, wrong: StarletteHTTPException) -> Response:
    if not _wants_page(request):
        return await http_exception_handler(request, wrong)
    if wrong.status_code == 401:
        place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(place, safe='')}" if request.method == "GET" else "/login", 303)
    return wrong_page(request, wrong.status_code)


async def _on_invalid(request: Request, wrong: RequestValidationError) -> Response:
    """A path or a query that means nothing, such as /balie/abc."""
    if not _wants_page(request):
        return await commands.not_understood(request, wrong)
    return wrong_page(request, 404 if request.method == "GET" else 422)


async def _on_unavailable(request: Request, unavailable: RegisterUnavailable) -> Response:
    why = _words(request)("accounts.unavailable", why=str(unavailable))
    return wrong_page(request, 503, why) if _wants_page(request) else JSONResponse({"detail": why}, 503)


async def _on_too_soon(request: Request, too_soon: TooSoon) -> Response:
    why, status, headers = _later(request, too_soon)
    if not _wants_page(request):
        return JSONResponse({"detail": why}, status, headers)
    page = wrong_page(request, status, why)
    page.headers.update(headers)
    return page


def wrong_page(request: Request, status: int, why: str = "") -> Response:
    """A page that says what is wrong, in the house's look."""
    if not hasattr(request.state, "viewer"):  # nobody has looked who it is: there is no such route
        request.state.viewer = _accounts(request).viewer(token_of(request))
    words = _words(request)
    key = f"accounts.wrong_{status}" if words.has(f"accounts.wrong_{status}") else "accounts.wrong_other"
    if not why:
        why = words(f"{key}_why" if words.has(f"{key}_why") else "accounts.wrong_other_why")
    return respond(request, "wrong.html", status, what=words(key), why=why)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


# --- forms ------------------------------------------------------------------------------------------------------------


class Form:
    """What was typed and ticked."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def one(self, name: str) -> str:
        return self._values.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])


async def _form(request: Request) -> Form:
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


def _roles(asked: Iterable[str]) -> frozenset[Role]:
    """What of it are roles."""
    return frozenset(role for role in ROLES if role in set(asked))


def _some_roles(asked: Iterable[str]) -> frozenset[Role]:
    if roles := _roles(asked):
        return roles
    raise Refused("accounts.bad_roles")


def _an_account(request: Request, id_: str) -> Account:
    if account := _accounts(request).all_by_id().get(id_):
        return account
    raise Refused("accounts.no_account")


def _a_member(request: Request, asked: str, kept: str = "") -> str:
    """A member of the plan, or nobody; `kept`: who it was already, and has perhaps left the plan."""
    if asked in ("", kept) or any(member == asked for member, _ in _members(request)):
        return asked
    raise Refused("accounts.bad_member")


def _members(request: Request) -> list[tuple[str, str]]:
    """Everybody in the plan: id and name, by name."""
    look = request.app.state.house.look
    return sorted(
        ((member.id, look.names.get(member.id, member.id)) for member in look.state.plan.members),
        key=lambda one: one[1],
    )


# --- small things -----------------------------------------------------------------------------------------------------


def _accounts(request: Request) -> Accounts:
    accounts: Accounts = request.app.state.accounts
    return accounts


def _words(request: Request) -> Words:
    return Words(language_of(request))


def _why(request: Request, refused: Refused | TooSoon | None) -> str:
    """In words why something was not done; nothing when it was."""
    if refused is None:
        return ""
    return _later(request, refused)[0] if isinstance(refused, TooSoon) else _words(request)(refused.why)


def _later(request: Request, too_soon: TooSoon) -> tuple[str, int, dict[str, str]]:
    wait_s = math.ceil(too_soon.wait_s)
    return _words(request)("accounts.too_soon", wait_s=wait_s), 429, {"Retry-After": str(wait_s)}


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _ours(place: str) -> str:
    return place if len(place) <= NEXT_MAX and SAME_PLACE.fullmatch(place) else "/"


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
