"""The dashboard in the benchmark: its process, one open team page, and a crowd of browsers that is too much for it.

The page is a WebSocket client, not a browser: what a browser draws is its own affair. The crowd is browsers.py's.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.browsers import GROWS_S, HERE, page_of
from benchmarks.nodes import Press

from dashboard_program import Dashboard

ROOT = Path(__file__).parent.parent
MEMBER = "lid-4"
"""Of the team, and without a pager in the example plan: the page is what rings."""
NICE = 19
"""What is only looked at gives way to everything else."""
ACCOUNTS = 10
"""Among which the crowd's pages are shared out: none may have more than fifty."""


class TeamPage:
    """One open page of a member of the team, and when each alarm was first on it."""

    def __init__(self) -> None:
        self._shown_s: dict[str, float] = {}
        """By incident: when the page first had an order of it (monotonic)."""
        self._new = asyncio.Event()

    async def until(self, incident: str, within_s: float) -> None:
        """Until the page has an order of this incident; or not within so long, which times_ms tells."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while incident not in self._shown_s:
                    self._new.clear()
                    await self._new.wait()

    def times_ms(self, presses: list[Press]) -> list[float]:
        """From each press until it was on the page, of those that were."""
        known = [press for press in presses if press.id in self._shown_s]
        return [1000 * (self._shown_s[press.id] - press.sent_s) for press in known]

    async def follow(self, dashboard: Dashboard, token: str) -> None:
        """Stay open, and come back as a page does."""
        while True:
            try:
                async with page_of(dashboard.url, dashboard.cookie(token), "team") as ws:
                    async for text in ws:
                        self._hear(json.loads(text))
                        await ws.send(HERE)
            except Exception:
                await asyncio.sleep(0.25)

    def _hear(self, message: dict[str, Any]) -> None:
        at_s = time.monotonic()
        for order in message.get("signals", {}).get("orders", ()):
            self._shown_s.setdefault(order.partition(".")[0], at_s)
        self._new.set()


@asynccontextmanager
async def dashboard_of(state: Path, folder: Path) -> AsyncIterator[tuple[Dashboard, TeamPage, list[str]]]:
    """A dashboard that follows this daemon, a page that is open on it, and the cookies of the crowd to come."""
    async with Dashboard(state, folder, NICE) as dashboard:
        token = await dashboard.token("team", member=MEMBER)
        crowd = [await dashboard.token("reception", "team", name=f"crowd-{n}") for n in range(ACCOUNTS)]
        await dashboard.start()
        page = TeamPage()
        following = asyncio.create_task(page.follow(dashboard, token))
        yield dashboard, page, [dashboard.cookie(one) for one in crowd]
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


@asynccontextmanager
async def crowd_at(dashboard: Dashboard, cookies: list[str]) -> AsyncIterator[dict[str, float]]:
    """The crowd, all of it there when this is entered; afterwards what it got to do is in the result."""
    pipe = asyncio.subprocess.PIPE
    words = ("-n", str(NICE), sys.executable, "-m", "benchmarks.browsers", dashboard.url, json.dumps(cookies))
    crowd = await asyncio.create_subprocess_exec("nice", *words, cwd=ROOT, stdin=pipe, stdout=pipe)
    assert crowd.stdin is not None and crowd.stdout is not None
    async with asyncio.timeout(2 * GROWS_S):
        await crowd.stdout.readline()
    done: dict[str, float] = {}
    try:
        yield done
    finally:
        crowd.stdin.close()  # its end of file is its end
        done |= json.loads(await crowd.stdout.readline() or b"{}")
        await crowd.wait()
