"""The pages of /beheer: people, telephones, pagers, zenders, the roster, the journal, who did what, and versions.

Knows which page is made of what. What stands in them is the views' (standing_view.py, roster_view.py, guide_view.py,
journal_view.py). Nothing is changed here: what people report goes by commands.py.
"""

from __future__ import annotations

import asyncio
import platform
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from cryptography import x509
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from achterwacht.errors import JournalError
from achterwacht_dashboard import access, journal_view
from achterwacht_dashboard.account_pages import deed_told
from achterwacht_dashboard.board import signals_elsewhere
from achterwacht_dashboard.guide_view import PAGE as GUIDE
from achterwacht_dashboard.journal_view import Verifier
from achterwacht_dashboard.menu import menu
from achterwacht_dashboard.pages import Page, Seen, Signals
from achterwacht_dashboard.register import RegisterUnavailable
from achterwacht_dashboard.respond import respond, seen_by
from achterwacht_dashboard.ringing import stands
from achterwacht_dashboard.roster_view import WEEKS, WEEKS_MAX, roster
from achterwacht_dashboard.standing_view import Told, freshness, pagers, people, phones, when, zenders

VERIFY_WAIT_S = 1.0
"""The chain of a quiet house is verified sooner: then its result stands on the page that follows the press."""
ADMIN_DEEDS = 100
"""So many deeds of administration are told; all of them are in the register."""

router = APIRouter(prefix="/beheer", include_in_schema=False)


# --- what every page has ----------------------------------------------------------------------------------------------


def now(seen: Seen) -> Mapping[str, Any]:
    """What is live on every page of /beheer: an alarm that is open, else the one light."""
    return {
        "alarms": [{"place": alarm.place, "drill": alarm.drill, "since_s": alarm.heard_s} for alarm in seen.alarms],
        "light": stands(seen)[0],
        "may_see": access.may(seen.viewer, "GET /receptie"),
    }


def _guided_signals(seen: Seen) -> Signals:
    elsewhere = signals_elsewhere(seen)
    return replace(elsewhere, tones={**GUIDE.signals(seen).tones, **elsewhere.tones})


PAGE = Page("beheer", "GET /beheer", {"now": now}, signals_elsewhere)
"""The live part of each page; the rest says how old it is, and is fetched anew (static/admin.js)."""
GUIDED = Page(GUIDE.name, GUIDE.route, {**GUIDE.parts, "now": now}, _guided_signals)
ACCOUNT = Page("account", "GET /account", {"now": now}, signals_elsewhere)
"""One's own account (doors.py), which pages of /beheer and the board lead to."""


def _page(request: Request, template: str, seen: Seen, status: int = 200, **values: Any) -> Response:
    viewer = seen.viewer
    return respond(
        request,
        f"beheer/{template}.html",
        status,
        fresh=freshness(seen),
        can_test=bool(viewer.member) and access.may(viewer, "POST /do/test"),
        can_acknowledge=bool(viewer.member) and access.may(viewer, "POST /do/acknowledge"),
        **values,
    )


# --- how everything stands --------------------------------------------------------------------------------------------


@router.get("")
async def first_page(request: Request) -> Response:
    """The first page that whoever asks may see."""
    return RedirectResponse(menu(request.state.viewer)[0][1], 303)


@router.get("/mensen")
async def people_page(request: Request) -> Response:
    """Everybody of the plan."""
    seen = seen_by(request)
    return _page(request, "people", seen, **people(seen))


@router.get("/telefoons")
async def phones_page(request: Request) -> Response:
    """Every way to a telephone."""
    seen = seen_by(request)
    return _page(request, "phones", seen, **phones(seen))


@router.get("/piepers")
async def pagers_page(request: Request) -> Response:
    """Every pager."""
    seen = seen_by(request)
    return _page(request, "pagers", seen, **pagers(seen))


@router.get("/zenders")
async def zenders_page(request: Request) -> Response:
    """Every button."""
    seen = seen_by(request)
    return _page(request, "zenders", seen, **zenders(seen))


@router.get("/rooster")
async def roster_page(request: Request, weken: str = "") -> Response:
    """The roster; `weken`: how many weeks, where somebody wants to see more."""
    seen = seen_by(request)
    weeks = min(int(weken), WEEKS_MAX) if weken.isdecimal() and len(weken) <= 3 and int(weken) else WEEKS
    may = access.may(seen.viewer, "POST /do/swap")
    can = may and bool(seen.viewer.member)
    return _page(request, "roster", seen, weeks=weeks, more=min(2 * weeks, WEEKS_MAX), may=may, can=can,
                 **roster(seen, weeks))  # fmt: skip


@router.get("/knoptest")
async def button_test_page(request: Request) -> Response:
    """The guided test of a button; the page is live."""
    request.app.state.test_history.catch_up()
    seen = seen_by(request)
    return _page(request, "button_test", seen, zenders=seen.state.plan.zenders, can=bool(seen.viewer.member))


# --- the journal ------------------------------------------------------------------------------------------------------


@router.get("/journaal")
async def journal_page(request: Request, voor: str = "") -> Response:
    """The newest facts, or those before number `voor`; and whether the chain holds."""
    return await _journal(request, voor)


@router.post("/journaal")
async def verify(request: Request, kop: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Verify the whole chain; `kop`: a head that somebody has kept."""
    head = journal_view.read_head(kop) if kop.strip() else None
    if kop.strip() and head is None:
        return await _journal(request, "", status=422, typed=kop)
    verifier: Verifier = request.app.state.verifier
    look = request.app.state.house.look
    verifier.begin(request.state.viewer.name, look.durable_n, [head] if head else [])
    await verifier.done(VERIFY_WAIT_S)
    return RedirectResponse("/beheer/journaal#keten", 303)


async def _journal(request: Request, before: str, status: int = 200, typed: str | None = None) -> Response:
    seen, folder = seen_by(request), request.app.state.settings.state
    found, head, why = journal_view.Found(), None, ""
    try:
        found = await asyncio.to_thread(journal_view.newest, folder, _before(seen, before))
        head = await asyncio.to_thread(journal_view.newest_head, folder)
    except JournalError as error:
        why = str(error)
    verifier: Verifier = request.app.state.verifier
    look = seen.look
    told_n = look.durable_n if seen.is_heard else None
    return _page(
        request, "journal", seen, status,
        **journal_view.tell(seen, found),
        before=_number(before), unreadable=why,
        head=head, told_n=told_n, pending=0 if told_n is None else look.n - look.durable_n,
        is_lost=told_n is not None and not why and (head.n if head else 0) < told_n,
        discreet=seen.discreet, kept=await asyncio.to_thread(verifier.heads),
        check=_check(seen, verifier), typed=typed,
    )  # fmt: skip


def _check(seen: Seen, verifier: Verifier) -> Told | None:
    """The newest verification in plain values; None when there was none."""
    check = verifier.check
    if check is None:
        return None
    verdict = check.verdict
    return {
        "running": check.ended is None,
        "began": when(seen, check.began.at),
        "ended": when(seen, check.ended.at) if check.ended else "",
        "by": check.by,
        "expected": check.rows,
        "heads": check.heads,
        "ok": check.ok,
        "failed": check.failed,
        "cut_from": check.cut_from,
        "rows": verdict.rows if verdict else 0,
        "first": verdict.first if verdict else 0,
        "last": verdict.last.n if verdict else 0,
        "hash": verdict.last.hash if verdict else "",
        "files": verdict.files if verdict else (),
        "problems": verdict.problems if verdict else (),
    }


@router.get("/gedaan")
async def deeds_page(request: Request, voor: str = "") -> Response:
    """What people did by a command, in the house and in administration."""
    seen, state = seen_by(request), request.app.state
    found, why = journal_view.Found(), ""
    try:
        found = await asyncio.to_thread(journal_view.deeds, state.settings.state, _before(seen, voor))
    except JournalError as error:
        why = str(error)
    its_own, why_not = [], ""
    if not _number(voor):
        try:
            its_own = await state.accounts.deeds(ADMIN_DEEDS)
        except RegisterUnavailable as unavailable:
            why_not = str(unavailable)
    administration = [deed_told(request, seen.words, deed) for deed in its_own]
    return _page(request, "deeds", seen, **journal_view.tell(seen, found), before=_number(voor), unreadable=why,
                 administration=administration, administration_why=why_not)  # fmt: skip


def _number(asked: str) -> int | None:
    """The number that a link names; None for whatever is none."""
    return int(asked) if asked.isdecimal() and len(asked) <= 18 and int(asked) > 0 else None


def _before(seen: Seen, asked: str) -> int | None:
    """Before which fact the page ends; where an alarm must not be seen always before that."""
    ends = [n for n in (_number(asked), journal_view.shown_before(seen)) if n is not None]
    return min(ends, default=None)


# --- about ------------------------------------------------------------------------------------------------------------


@router.get("/over")
async def about_page(request: Request) -> Response:
    """Versions, how long they run, folders, certificate."""
    seen, state = seen_by(request), request.app.state
    settings, look = state.settings, seen.look
    begun = None
    with suppress(JournalError):  # unknown then; the page of the journal says why
        begun = await asyncio.to_thread(journal_view.started, settings.state)
    is_this = begun is not None and begun.boot == look.state.boot and seen.is_heard
    ours = version("achterwacht")
    folders = [("socket", settings.socket), ("state", settings.state), ("data", settings.data)]
    return _page(
        request, "about", seen,
        ours=ours, python=platform.python_version(),
        up=_lasted(seen, (seen.now.at - state.began.at).total_seconds()),
        began=when(seen, state.began.at),
        theirs=begun.version if begun and is_this else "",
        is_other=bool(begun and is_this and begun.version != ours),
        boot=look.boot,
        daemon_up=_lasted(seen, seen.house_s - look.state.started_s) if seen.is_heard else "",
        n=look.n, durable=look.durable_n,
        stale=when(seen, look.stale_since.at) if look.stale_since else "",
        pages=state.live.open_pages, clock_ok=seen.now.clock_ok,
        folders=[(key, str(path), free_mb(path)) for key, path in folders],
        certificate=certificate_told(seen, settings.certificate) if settings.certificate else None,
    )  # fmt: skip


def _lasted(seen: Seen, s: float) -> str:
    """`3 d 4:12:09`, or `4:12:09`."""
    days, rest = divmod(max(0, int(s)), 24 * 3600)
    clock = f"{rest // 3600}:{rest // 60 % 60:02}:{rest % 60:02}"
    return seen.words("admin.about.days", days=days, clock=clock) if days else clock


def free_mb(path: Path) -> int | None:
    """How much room the disk of a folder has; None where that cannot be asked."""
    try:
        return shutil.disk_usage(path if path.is_dir() else path.parent).free // 1_000_000
    except OSError:
        return None


def certificate_told(seen: Seen, file: Path) -> Told:
    """From when to when a certificate is valid; `key` is the text that says so."""
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return {"key": "admin.about.certificate.unreadable", "file": str(file), "first": "", "last": ""}
    last = certificate.not_valid_after_utc
    key = "admin.about.certificate.over" if last < seen.now.at else "admin.about.certificate.value"
    first = certificate.not_valid_before_utc
    return {"key": key, "file": str(file), "first": f"{first:%d-%m-%Y}", "last": f"{last:%d-%m-%Y}"}
