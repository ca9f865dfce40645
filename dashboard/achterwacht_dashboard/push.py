"""What makes the dashboard an app that can be rung: the manifest, the service worker, the key to subscribe with, and
the page for when the building does not answer.

Knows what browsers fetch. How a message is shown is static/sw.js's; what becomes of a registration is the daemon's.
"""

from __future__ import annotations

import asyncio

import msgspec
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import PlainTextResponse, Response

from achterwacht_dashboard.pages import HERE
from achterwacht_dashboard.respond import language_of, respond
from achterwacht_dashboard.words import Words

router = APIRouter(include_in_schema=False)

KEY_FILE = "vapid.public"
"""In the daemon's state folder: the key that every message of this house is signed with."""
WORKER = HERE / "static" / "sw.js"
WORKER_WORDS = ("unreadable", "unreadable_text", "lost", "lost_text", "sent", "done", "held", "refused", "unanswered")
"""What the service worker itself says. It has its words in it: it must speak when nothing can be reached."""
PAPER, ACCENT = "#ffffff", "#14508c"
"""As in static/base.css: what a telephone paints while the app starts."""
ICONS = (
    ("icon.svg", "any", "any", "image/svg+xml"),
    ("icons/192.png", "192x192", "any", "image/png"),
    ("icons/512.png", "512x512", "any", "image/png"),
    ("icons/maskable.png", "512x512", "maskable", "image/png"),
)


@router.get("/sw.js")
async def service_worker(request: Request) -> Response:
    """static/sw.js, with its words and our build before it: a browser keeps it, and takes a new one when it differs."""
    words = Words(language_of(request))
    known = {
        "BUILD": request.app.state.build,
        "LANGUAGE": words.language,
        "WORDS": {name: words(f"push.{name}") for name in WORKER_WORDS},
    }
    before = "".join(f"const {name} = {msgspec.json.encode(value).decode()};\n" for name, value in known.items())
    script = await asyncio.to_thread(WORKER.read_text, encoding="utf-8")
    headers = {"Service-Worker-Allowed": "/", "Cache-Control": "no-cache"}
    return Response(before + script, media_type="text/javascript", headers=headers)


@router.get("/manifest.webmanifest")
async def manifest(request: Request) -> Response:
    """What the app is called, and how it looks on a home screen."""
    words = Words(language_of(request))
    build = request.app.state.build
    told = {
        "id": "/",
        "name": words("push.app"),
        "short_name": words("push.app"),
        "description": words("push.app_text"),
        "lang": words.language,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": ACCENT,
        "icons": [
            {"src": f"/static/{file}?{build}", "sizes": sizes, "purpose": purpose, "type": kind}
            for file, sizes, purpose, kind in ICONS
        ],
    }
    return Response(msgspec.json.encode(told), media_type="application/manifest+json")


@router.get("/push/key")
async def key(request: Request) -> Response:
    """The public key that a browser subscribes with."""
    words = Words(language_of(request))
    try:
        text = await asyncio.to_thread((request.app.state.settings.state / KEY_FILE).read_text, encoding="ascii")
    except FileNotFoundError:
        raise HTTPException(404, words("push.no_key")) from None
    except (OSError, ValueError) as error:
        raise HTTPException(404, words("push.bad_key", why=error)) from None
    return PlainTextResponse(text.strip())


@router.get("/offline")
async def offline(request: Request) -> Response:
    """What a browser keeps, and shows when we cannot be reached. Nothing of the house stands on it: it may be old."""
    return respond(request, "offline.html")
