"""How the rooms are wired. Who may come in is test_access.py's, what holds for every answer test_security.py's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from achterwacht_dashboard import app
from achterwacht_dashboard.archive import Archive
from achterwacht_dashboard.house import House as Follower
from achterwacht_dashboard.journal_view import Verifier
from dashboard_site import WITHIN_S, site
from house import House

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("room", [Follower, Archive, Verifier])
async def test_what_follows_the_house_begins_anew_after_a_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, room: type
) -> None:
    monkeypatch.setattr(app, "AGAIN_S", 0.01)
    runs, goes_on, bugs = room.run, asyncio.Event(), iter([KeyError("a bug")])  # type: ignore[attr-defined]

    async def run(*which: object) -> None:
        for bug in bugs:
            raise bug
        goes_on.set()
        await runs(*which)

    monkeypatch.setattr(room, "run", run)
    async with site(House(), tmp_path) as here:
        async with asyncio.timeout(WITHIN_S):
            await goes_on.wait()
        await here.until(lambda: here.app.state.house.look.stale_since is None)
    assert "KeyError: 'a bug'" in caplog.text
