"""`achterwacht test-page`, typed as people type it, at a real daemon with a real broker: how far a test comes."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from achterwacht.core import facts as f
from achterwacht_sim.events import Shows
from daemon import PROGRAM
from e2e.hall import SOON_S, Hall, town_hall


async def asks(hall: Hall, *words: str) -> tuple[int, list[str], str]:
    """Exit code, the lines on stdout with their times left out, stderr."""
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "test-page", *words, "--state", str(hall.daemon.state)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(3 * SOON_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    lines = [re.sub(r"^\d\d:\d\d:\d\d[ ?] +", "", line) for line in out.decode().splitlines()]
    return process.returncode, lines, err.decode()


@pytest.mark.asyncio
async def test_a_pager_that_is_on_shows_the_test_and_does_not_ring(tmp_path: Path) -> None:
    async with town_hall(tmp_path, pagers=["p1"]) as hall, hall.daemon.onlooker() as seen:
        code, lines, err = await asks(hall, "pager:p1")
        assert (code, err) == (0, "")
        p1 = "pieper p1 (VOORBEELD Teamlid Een)"
        assert lines[-3:] == [
            f"P{p1[1:]} heeft het bericht ontvangen",
            f"P{p1[1:]} toont de oproep",
            f"{p1}: getoond",
        ]
        shown = await hall.pagers["p1"].sees(Shows, SOON_S)
        assert (shown.page.text, shown.page.kind, shown.vibrates) == ("TEST, GEEN ALARM", "test", True)
        assert (shown.page.incident, shown.page.press, shown.page.zender) == ("", "", 0)
        ordered = await seen.fact(f.Ordered, SOON_S)
        assert (ordered.kind, ordered.target, ordered.reason) == ("test", "pager:p1", "asked for")
        await seen.until(lambda state: state.tests["pager:p1"].stage == "shown", SOON_S)
        assert not seen.state.alarms and not hall.rung
        async with asyncio.timeout(SOON_S):
            while hall.pagers["p1"].unsettled_count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # its receipts are answered, so that it stops repeating them


@pytest.mark.asyncio
async def test_a_pager_that_is_off_is_handed_over_and_not_more(tmp_path: Path) -> None:
    async with town_hall(tmp_path, pagers=[]) as hall:
        code, lines, err = await asks(hall, "pager:p2", "--wait", "1")
        assert (code, err) == (1, "")
        p2 = "pieper p2 (VOORBEELD Teamlid Twee)"
        assert lines == [
            f"Wacht hoogstens 1 s, tot {p2} de proef toont",
            f"Bericht voor {p2} overgedragen, nog niet ontvangen",
            f"{p2}: overgedragen, niet ontvangen",
            "Verder is er niets van gehoord, en geen storing zegt waarom",
        ]


@pytest.mark.asyncio
async def test_a_target_that_the_plan_does_not_have_is_told_with_what_comes_near(tmp_path: Path) -> None:
    async with town_hall(tmp_path, pagers=[]) as hall:
        code, lines, err = await asks(hall, "pager:p9")
        assert (code, lines) == (1, [])
        assert "achterwacht test-page: the plan has no target 'pager:p9'; it has pager:p" in err
        code, _, err = await asks(hall, "push:lid-4")
        assert code == 1 and "app:lid-4" in err
        code, _, err = await asks(hall, "zzz")
        assert code == 1 and "it has app:leiding-1, app:lid-4, " in err and "pager:p3" in err, "all there are"
        assert not any(isinstance(fact, f.TestAsked) for fact in hall.daemon.facts())


@pytest.mark.asyncio
async def test_a_member_whose_page_is_not_open_is_not_reached_by_it_and_one_whose_page_is_open_may_be(
    tmp_path: Path,
) -> None:
    async with town_hall(tmp_path, pagers=[]) as hall:
        code, lines, _ = await asks(hall, "app:lid-4")
        assert code == 1
        page = "open pagina van VOORBEELD Teamlid Vier, zonder pieper"
        assert lines[1:] == [f"Bericht voor {page} is mislukt: dit teamlid heeft geen pagina open", f"{page}: mislukt"]
        async with hall.daemon.onlooker() as seen:
            await seen.connection.command({"command": "pages", "members": ["lid-4"]}, SOON_S)
            testing = asyncio.create_task(asks(hall, "app:lid-4"))
            ordered = await seen.fact(f.Ordered, SOON_S)
            await seen.fact(f.OrderHandedOver, SOON_S)
            receipt = {"command": "receipt", "order": ordered.order, "stage": "shown"}
            await seen.connection.command(receipt, SOON_S)
            code, lines, _ = await testing
        assert code == 0 and lines[-1].endswith(": getoond")
