"""The WebSocket of a live page: how the house stands now, and every change of it; a beat when there is none.

Knows browsers that stall or fall silent. What a page shows is pages.py's; who may see it is access.py's. The messages
are in docs/dashboard.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from achterwacht.errors import AskedWrong, LinkUnavailable
from achterwacht.outputs.texts import LANGUAGES, Texts
from achterwacht_dashboard.access import Viewer
from achterwacht_dashboard.house import House, Look
from achterwacht_dashboard.pages import Page, Renderer, Seen
from achterwacht_dashboard.words import Words

BEAT_S = 2.0
"""So often something is said at least; a page that has heard nothing for 5 s says so itself."""
SEND_S = 4.0
"""A browser that takes nothing for so long goes, and comes back by itself."""
SILENT_S = 8.0
"""A page answers every message; one that has not for so long is gone, whatever its socket says."""
PAUSE_S = 0.05
"""At most so often is a page told, so that a flood of facts is not a flood of pages. The first change never waits."""
MESSAGE_MAX_CHARS = 1000
BROWSERS_MAX = 500
"""The whole town hall. The next one is told to come back later."""

log = logging.getLogger(__name__)


class _Receipt(msgspec.Struct, tag_field="type", tag="receipt", frozen=True):
    order: str
    stage: str


class _Here(msgspec.Struct, tag_field="type", tag="here", frozen=True):
    """The answer to every message."""


_said = msgspec.json.Decoder(_Receipt | _Here)


class Gone(Exception):
    """This browser must go; the text says why."""


@dataclass(frozen=True, slots=True)
class Window:
    """One open page: which, whose, in which language; of a desk, which desk."""

    page: Page
    viewer: Viewer
    language: str
    zender: int = 0


class Live:
    """All open pages."""

    def __init__(self, house: House, renderer: Renderer, build: str) -> None:
        self._house = house
        self._renderer = renderer
        self._build = build
        self._open = 0
        self._made: dict[tuple[object, ...], tuple[dict[str, str], dict[str, Any]]] = {}

    @property
    def open_pages(self) -> int:
        return self._open

    async def attend(self, ws: WebSocket, window: Window, still: Callable[[], bool] = lambda: True) -> None:
        """Serve one accepted WebSocket until it ends. `still()`: whether its viewer may still see it; somebody may be
        logged out meanwhile."""
        if self._open >= BROWSERS_MAX:
            await ws.close(1013, "too many pages are open")
            return
        self._open += 1
        try:
            with ExitStack() as stack:
                changed = stack.enter_context(self._house.watch())
                if window.page.rings and window.viewer.member:
                    stack.enter_context(self._house.page_of(window.viewer.member))
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._tell(ws, window, changed, still))
                    group.create_task(self._hear(ws))
        except* (WebSocketDisconnect, RuntimeError):  # starlette raises the latter for what is said to a closed socket
            pass
        except* Gone as gone:
            log.info("a page of %s is dropped: %s", window.viewer.account, gone.exceptions[0])
            with suppress(Exception):
                async with asyncio.timeout(1.0):
                    await ws.close(1008)
        finally:
            self._open -= 1

    async def _tell(self, ws: WebSocket, window: Window, changed: asyncio.Event, still: Callable[[], bool]) -> None:
        parts: dict[str, str] = {}
        signals: dict[str, Any] = {}
        while True:
            if not still():
                raise Gone("logged out")
            changed.clear()
            message = self._greeting()
            new_parts, new_signals = self._make(window)
            if changes := {name: html for name, html in new_parts.items() if parts.get(name) != html}:
                message["parts"] = changes
            if new_signals != signals:
                message["signals"] = new_signals
            parts, signals = new_parts, new_signals
            try:
                async with asyncio.timeout(SEND_S):
                    await ws.send_text(msgspec.json.encode(message).decode())
            except TimeoutError:
                raise Gone(f"took nothing for {SEND_S} s") from None
            await asyncio.sleep(PAUSE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S - PAUSE_S):
                    await changed.wait()

    async def _hear(self, ws: WebSocket) -> None:
        while True:
            try:
                async with asyncio.timeout(SILENT_S):
                    text = await ws.receive_text()
            except TimeoutError:
                raise Gone(f"said nothing for {SILENT_S} s") from None
            except KeyError:
                raise Gone("said something that is no text") from None
            try:
                said = _said.decode(text[:MESSAGE_MAX_CHARS])
            except (ValueError, RecursionError):
                raise Gone("said something that is no message") from None
            if isinstance(said, _Receipt):
                with suppress(LinkUnavailable, AskedWrong):  # it says so again when it connects again
                    await self._house.command({"command": "receipt", "order": said.order, "stage": said.stage})

    def _greeting(self) -> dict[str, Any]:
        """What stands in every message: the times that a page counts by, and since when all of it is stale."""
        now, look = self._house.clock.now(), self._house.look
        return {
            "type": "look",
            "build": self._build,
            "now_ms": round(now.at.timestamp() * 1000),
            "house_s": round(look.state.house_s(now), 3),
            "stale_since_ms": None if look.stale_since is None else round(look.stale_since.at.timestamp() * 1000),
        }

    def _make(self, window: Window) -> tuple[dict[str, str], dict[str, Any]]:
        """What a page shows now. Pages that are alike are made once; what depends on the clock, anew each beat."""
        now, look = self._house.clock.now(), self._house.look
        when = (look.version, int(now.mono_s / BEAT_S))
        key = (window.page.name, window.viewer, window.language, window.zender, when)
        made = self._made.get(key)
        if made is None:
            self._made = {known: one for known, one in self._made.items() if known[-1] == when}
            seen = seen_by(window, look, now)
            made = self._renderer.parts(window.page, seen), window.page.signals(seen).plain()
            self._made[key] = made
        return made


def seen_by(window: Window, look: Look, now: Any) -> Seen:
    """The house as this window sees it."""
    words = Words(window.language)
    return Seen(look, window.viewer, words, Texts(window.language), now, window.zender)


def known_language(asked: str, plan_language: str) -> str:
    """The language of a page: what was asked for, else the house's."""
    return next(language for language in (asked, plan_language, "nl") if language in LANGUAGES)
