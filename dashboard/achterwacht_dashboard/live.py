"""The WebSocket of a live page: how the house stands now, and every change of it; a beat when there is none.

Knows browsers that stall, fall silent or say too much, and pages that are slow or broken. What a page shows is
pages.py's; who may see it is access.py's. The messages are in docs/dashboard.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from achterwacht import link
from achterwacht.core.moment import Moment
from achterwacht.errors import AskedWrong, LinkUnavailable
from achterwacht.outputs.texts import LANGUAGES, Texts
from achterwacht_dashboard.access import Viewer
from achterwacht_dashboard.house import House, Look
from achterwacht_dashboard.pages import Page, Renderer, Seen, Signals
from achterwacht_dashboard.words import Words

BEAT_S = 2.0
"""So often something is said at least; a page that has heard nothing for 5 s says so itself."""
SEND_S = 4.0
"""A browser that takes nothing for so long goes, and comes back by itself."""
SILENT_S = 8.0
"""A page answers every message; one that has not for so long is gone, whatever its socket says."""
PAUSE_S = 0.05
"""At most so often is a page told, so that a flood of facts is not a flood of pages. The first change never waits."""
BROWSERS_MAX = 500
"""The whole town hall. The next one is told to come back later."""
OF_ONE_MAX = 50
"""Pages of one account: nobody takes them all."""
SAYS_MAX = 100
"""A page answers what it is told, some twenty times a second, and says what has come: one that says so much within
BEAT_S is no page of ours."""
GOODBYE_S = 1.0
"""How long a browser that must go may take to hear so."""
BUGS_MAX = 1000
"""So many kinds of trouble are told once each; a log is for people."""

LOGGED_OUT = 4401
NOT_YOURS = 4403
NO_SUCH_PAGE = 4404
TRY_LATER = 1013
POLICY = 1008
BUG = 1011
"""Codes by which a socket is closed (RFC 6455, 7.4; from 4000 our own). live.js knows them."""

log = logging.getLogger(__name__)


class _Receipt(msgspec.Struct, tag_field="type", tag="receipt", frozen=True):
    order: str
    stage: str


class _Here(msgspec.Struct, tag_field="type", tag="here", frozen=True):
    """The answer to every message."""


_said = msgspec.json.Decoder(_Receipt | _Here)


class Gone(Exception):
    """This browser must go; the text says why, `code` what it is told."""

    def __init__(self, why: str, code: int = POLICY) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True)
class Window:
    """One open page: which, whose, in which language; of a desk, which desk."""

    page: Page
    viewer: Viewer
    language: str
    zender: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """What a page shows of one moment, `at`."""

    at: Moment
    asked_s: float
    """The same by the loop's clock: what is slow to make is old when it is there."""
    parts: dict[str, str]
    signals: dict[str, Any]
    broken: bool
    """Whether something of it could not be made."""


@dataclass
class _Talk:
    """What was said to a page, and whether it answers."""

    parts: dict[str, str] = field(default_factory=dict)
    signals: dict[str, Any] | None = None
    orders: set[str] = field(default_factory=set)
    """What it was told, and may say that it came; of no other can it know (S6)."""
    unanswered_s: float | None = None
    """Since when it owes an answer, by the loop's clock."""


class Live:
    """All open pages."""

    def __init__(self, house: House, renderer: Renderer, build: str) -> None:
        self._house = house
        self._renderer = renderer
        self._build = build
        self._open: Counter[str] = Counter()
        """Pages, by account."""
        # One thread, so that a page that is slow to make holds up no answer, no fact and no beat: only other pages.
        self._maker = ThreadPoolExecutor(1, "pages")
        self._made: dict[tuple[object, ...], asyncio.Future[Made]] = {}
        self._bugs: set[tuple[str, str, str]] = set()
        self.renders = 0
        """How often a page was made anew."""

    @property
    def open_pages(self) -> int:
        return self._open.total()

    def close(self) -> None:
        """No page is made any more."""
        self._maker.shutdown(wait=False, cancel_futures=True)

    def ask(self, answered: Callable[[], None]) -> None:
        """Calls `answered`, in the loop, when pages can still be made."""
        loop = asyncio.get_running_loop()
        self._maker.submit(loop.call_soon_threadsafe, answered)

    async def attend(self, ws: WebSocket, window: Window, still: Callable[[], bool] = lambda: True) -> None:
        """Serve one accepted WebSocket until it ends. `still()`: whether its viewer may still see it; somebody may be
        logged out meanwhile."""
        account = window.viewer.account
        if self.open_pages >= BROWSERS_MAX or self._open[account] >= OF_ONE_MAX:
            await ws.close(TRY_LATER, "too many pages are open")
            return
        self._open[account] += 1
        try:
            with ExitStack() as stack:
                changed = stack.enter_context(self._house.watch())
                if window.page.rings and window.viewer.member:
                    stack.enter_context(self._house.page_of(window.viewer.member))
                talk = _Talk()
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._tell(ws, window, talk, changed, still))
                    group.create_task(self._hear(ws, talk))
        except* (WebSocketDisconnect, RuntimeError):  # starlette raises the latter for what is said to a closed socket
            pass
        except* Gone as gone:
            log.info("a page of %s is dropped: %s", account, gone.exceptions[0])
            await _goodbye(ws, next(one.code for one in gone.exceptions if isinstance(one, Gone)))
        except* Exception:
            log.exception("a page of %s is dropped", account)
            await _goodbye(ws, BUG)
        finally:
            self._open[account] -= 1
            if not self._open[account]:
                del self._open[account]

    async def _tell(
        self, ws: WebSocket, window: Window, talk: _Talk, changed: asyncio.Event, still: Callable[[], bool]
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if talk.unanswered_s is not None and loop.time() - talk.unanswered_s > SILENT_S:
                raise Gone(f"said nothing for {SILENT_S} s")
            changed.clear()
            made = await self._make(window)
            if not still():
                raise Gone("logged out", LOGGED_OUT)
            message = self._greeting(made)
            if changes := {name: html for name, html in made.parts.items() if talk.parts.get(name) != html}:
                message["parts"] = changes
            if made.signals != talk.signals:
                message["signals"] = made.signals
            talk.parts, talk.signals = made.parts, made.signals
            talk.orders.update(made.signals["orders"])
            try:
                async with asyncio.timeout(SEND_S):
                    await ws.send_text(msgspec.json.encode(message).decode())
            except TimeoutError:
                raise Gone(f"took nothing for {SEND_S} s") from None
            if talk.unanswered_s is None:
                talk.unanswered_s = loop.time()
            await asyncio.sleep(PAUSE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S - PAUSE_S):
                    await changed.wait()

    async def _hear(self, ws: WebSocket, talk: _Talk) -> None:
        loop = asyncio.get_running_loop()
        while True:
            since_s = loop.time()
            for _ in range(SAYS_MAX):
                try:
                    said = _said.decode(await ws.receive_text())
                except KeyError:
                    raise Gone("said something that is no text") from None
                except (msgspec.MsgspecError, ValueError, RecursionError):
                    raise Gone("said something that is no message") from None
                talk.unanswered_s = None
                if isinstance(said, _Receipt) and said.order in talk.orders:
                    with suppress(LinkUnavailable, AskedWrong):  # it says so again when it connects again
                        await self._house.command({"command": "receipt", "order": said.order, "stage": said.stage})
            if loop.time() - since_s < BEAT_S:
                raise Gone(f"said {SAYS_MAX} things within {BEAT_S} s")

    def _greeting(self, made: Made) -> dict[str, Any]:
        """What stands in every message: the times that a page counts by, and since when all of it is stale; also when
        it took so long to make that it is old by now."""
        now = self._house.clock.now()
        since = self._house.stale_since
        if since is None and asyncio.get_running_loop().time() - made.asked_s > link.SILENT_S:
            since = made.at
        return {
            "type": "look",
            "build": self._build,
            "now_ms": round(now.at.timestamp() * 1000),
            "house_s": round(self._house.look.state.house_s(now), 3),
            "stale_since_ms": None if since is None else round(since.at.timestamp() * 1000),
            "broken": made.broken,
        }

    async def _make(self, window: Window) -> Made:
        """What a page shows now. Pages that are alike are made once; what depends on the clock, anew each beat."""
        loop = asyncio.get_running_loop()
        now, look, asked_s = self._house.clock.now(), self._house.look, loop.time()
        when = (look.version, int(asked_s / BEAT_S))
        key = (window.page.name, window.viewer, window.language, window.zender, when)
        made = self._made.get(key)
        if made is None:
            self._made = {known: one for known, one in self._made.items() if known[-1] == when}
            self.renders += 1
            made = self._made[key] = loop.run_in_executor(self._maker, self._made_of, window, look, now, asked_s)
        return await asyncio.shield(made)

    def _made_of(self, window: Window, look: Look, now: Moment, asked_s: float) -> Made:
        """In the thread. A part that cannot be made says so in its place, and the others go on."""
        seen = seen_by(window, look, now)
        parts, broken = {}, False
        for name in window.page.parts:
            try:
                parts[name] = self._renderer.part(window.page, name, seen)
            except Exception as bug:
                self._tell_once(window.page.name, name, bug)
                parts[name] = self._renderer.page("parts/broken.html", seen.words)
                broken = True
        try:
            signals = replace(window.page.signals(seen), discreet=seen.discreet)
        except Exception as bug:
            self._tell_once(window.page.name, "signals", bug)
            signals, broken = _broken_signals(seen), True
        return Made(now, asked_s, parts, signals.plain(), broken)

    def _tell_once(self, page: str, part: str, bug: Exception) -> None:
        which = (page, part, repr(bug)[:200])
        if which not in self._bugs and len(self._bugs) < BUGS_MAX:
            self._bugs.add(which)
            log.error("of page %s the part %s cannot be made", page, part, exc_info=bug)


def _broken_signals(seen: Seen) -> Signals:
    """When nobody can say what is to be heard, a fault is; but nothing at the desk of an alarm (S9)."""
    try:
        return Signals(discreet=True) if seen.discreet else Signals(tones={"page": "fault"})
    except Exception:  # what cannot be known might be that desk
        return Signals(discreet=True)


async def _goodbye(ws: WebSocket, code: int) -> None:
    with suppress(Exception):
        async with asyncio.timeout(GOODBYE_S):
            await ws.close(code)


def seen_by(window: Window, look: Look, now: Any) -> Seen:
    """The house as this window sees it."""
    words = Words(window.language)
    return Seen(look, window.viewer, words, Texts(window.language), now, window.zender)


def known_language(asked: str, plan_language: str) -> str:
    """The language of a page: what was asked for, else the house's."""
    return next(language for language in (asked, plan_language, "nl") if language in LANGUAGES)
