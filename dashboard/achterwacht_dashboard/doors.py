"""The doors: logging in and out, the first account, pairing a device, one's own account and password.

Knows forms and cookies. Who somebody is, and what may be changed, is accounts.py's; accounts and devices in Beheer are
account_pages.py's.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from achterwacht_dashboard import access
from achterwacht_dashboard.access import ROLES, Viewer
from achterwacht_dashboard.accounts import CODE_LENGTH, LinkKind, Refused, WrongPassword
from achterwacht_dashboard.forms import Form, a_member, form_of, members, roles_of
from achterwacht_dashboard.register import Link
from achterwacht_dashboard.respond import accounts_of, cookie_name, give_cookie, respond, token_of, words_of
from achterwacht_dashboard.throttle import TooSoon
from achterwacht_dashboard.wrongs import later, why_not, wrong_page

router = APIRouter(include_in_schema=False)

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
    form = await form_of(request)
    name, next = form.one("name"), _ours(form.one("next"))
    accounts = accounts_of(request)
    try:
        token = await accounts.log_in(name, form.one("password"), _address(request))
    except WrongPassword:
        wrong, status, headers = words_of(request)("accounts.wrong"), 422, None
    except TooSoon as too_soon:
        wrong, status, headers = later(request, too_soon)
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
    if request.state.viewer.trusted and not (await form_of(request)).one("unpair"):
        return RedirectResponse("/account", 303)
    await accounts_of(request).log_out(token_of(request))
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
    form = await form_of(request)
    accounts = accounts_of(request)
    password = form.one("password")
    try:
        if password != form.one("again"):
            raise Refused("accounts.not_the_same")
        if await _good_link(request, "first", token):
            member = a_member(request, form.one("member"))
            account = await accounts.make_first(token, form.one("name"), roles_of(form.all("role")), member, password)
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
    accounts = accounts_of(request)
    if await _good_link(request, "first", token):
        kind, name = "first", form.one("name")
    elif link := await _good_link(request, "password", token):
        kind, name = "password", accounts.all_by_id()[link.account].name
    else:
        return await _no_link(request)
    return respond(
        request, "start.html", 422 if refused else 200, kind=kind, name=name, roles=roles_of(form.all("role")),
        member=form.one("member"), members=members(request), wrong=why_not(request, refused), ROLES=ROLES,
    )  # fmt: skip


@router.get("/pair")
async def pair_by_code(request: Request) -> Response:
    """For who cannot scan: where the short code is typed."""
    return respond(request, "pair.html", account=None, screen="", wrong="")


@router.post("/pair")
async def pair_code_typed(request: Request) -> Response:
    """To the page of that code."""
    code = "".join((await form_of(request)).one("code").split()).replace("-", "").upper()[:CODE_LENGTH]
    return RedirectResponse(f"/pair/{quote(code, safe='')}" if code else "/pair", 303)


@router.get("/pair/{token}")
async def pair(request: Request, token: str) -> Response:
    """What this device would be, and the button."""
    link = await _good_link(request, "pair", token)
    if link is None:
        return await _no_link(request)
    account = accounts_of(request).all_by_id()[link.account]
    return respond(request, "pair.html", account=account, screen=link.screen, wrong="")


@router.post("/pair/{token}")
async def pair_now(request: Request, token: str) -> Response:
    """This browser is a paired device from now on. What it was before it is no more."""
    accounts = accounts_of(request)
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


async def _good_link(request: Request, kind: LinkKind, token: str) -> Link | None:
    """The link, while it is good; None when it is not. A wrong one counts as a guess. Raises TooSoon."""
    accounts = accounts_of(request)
    with accounts.throttle.trying(_address(request)):
        return await accounts.link(kind, token)


async def _no_link(request: Request) -> Response:
    accounts_of(request).throttle.wrong(_address(request))
    return wrong_page(request, 404, words_of(request)("accounts.link_over"))


# --- one's own account ------------------------------------------------------------------------------------------------


@router.get("/account")
async def own(request: Request) -> Response:
    """Who I am here, and my password."""
    return _own_page(request)


@router.post("/account/password")
async def own_password(request: Request) -> Response:
    """Another one, for who knows the present one."""
    form = await form_of(request)
    words = words_of(request)
    new = form.one("new")
    try:
        if new != form.one("again"):
            raise Refused("accounts.not_the_same")
        await accounts_of(request).change_password(
            request.cookies[cookie_name(request)], form.one("old"), new, _address(request)
        )
    except WrongPassword:
        return _own_page(request, 422, wrong=words("accounts.own_wrong"))
    except (Refused, TooSoon) as refused:
        return _own_page(request, 422, wrong=why_not(request, refused))
    return _own_page(request, done=words("accounts.own_changed"))


def _own_page(request: Request, status: int = 200, wrong: str = "", done: str = "") -> Response:
    viewer: Viewer = request.state.viewer
    account = accounts_of(request).all_by_id()[viewer.account]
    names = request.app.state.house.look.names
    return respond(
        request, "account.html", status, wrong=wrong, done=done, hears=access.may(viewer, "GET /receptie"),
        has_password=bool(account.password),
        member=names.get(viewer.member, viewer.member), ROLES=ROLES,
    )  # fmt: skip


# --- small things -----------------------------------------------------------------------------------------------------


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _ours(place: str) -> str:
    return place if len(place) <= NEXT_MAX and SAME_PLACE.fullmatch(place) else "/"
