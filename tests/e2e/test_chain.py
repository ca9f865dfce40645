"""The chain, whole: a press on a desk, three pagers, two people, and everybody is told that it is over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from achterwacht.core import facts as f
from achterwacht_sim.events import HelpChanged, OpenChanged, Over, Rings
from achterwacht_sim.node import Pager
from e2e.hall import FAST, PAGE_S, SOON_S, TEAM, Hall, town_hall


async def everybody(hall: Hall, kind: type[Rings | Over], incident: str) -> None:
    """All three pagers show this about the incident."""
    for pager in hall.pagers.values():
        await pager.sees(kind, SOON_S, lambda event: event.page.incident == incident)


async def says(pager: Pager, answer: str) -> None:
    heard = await pager.answered(await pager.answer(answer), SOON_S)
    assert (heard.result, heard.durable) == ("accepted", True)


@pytest.mark.asyncio
async def test_from_a_press_to_a_closed_incident(tmp_path: Path) -> None:
    async with town_hall(tmp_path, [7], help_at=[7], ladder=FAST) as hall:
        zender, (p1, p2, p3) = hall.zenders[7], hall.pagers.values()

        async def sign(state: str, coming: int) -> None:
            await zender.sees(HelpChanged, SOON_S, lambda help: (help.state, help.coming) == (state, coming))

        async def listed(pager: Pager, state: str, coming: int) -> None:
            await pager.sees(
                OpenChanged,
                SOON_S,
                lambda changed: [(i.state, i.coming) for i in changed.open.incidents] == [(state, coming)],
            )

        seq = await zender.press()
        first = await p1.rings("BALIE 3", PAGE_S)
        incident = first.page.incident
        assert incident == f"7-{zender.firmware.boot}-{seq}"
        await everybody(hall, Rings, incident)
        assert (await zender.confirmed(seq, SOON_S)).incident == incident
        await sign("sent", 0)
        await listed(p3, "ringing", 0)

        await says(p1, "coming")
        await sign("coming", 1)
        await p3.sees(Rings, SOON_S, lambda rings: rings.page.reason == "not enough coming")
        await says(p2, "coming")
        await listed(p3, "coming", 2)
        await says(p1, "on_scene")
        await sign("on_scene", 2)
        await says(p1, "all_clear")
        await everybody(hall, Over, incident)
        await sign("over", 0)
        await p3.sees(OpenChanged, SOON_S, lambda changed: changed.open.version > 1 and changed.open.total == 0)
        async with hall.daemon.onlooker() as seen:
            await seen.until(lambda state: not state.outbox, SOON_S, "every order has an outcome (L2)")
        assert [pager.display() for pager in (p1.firmware, p2.firmware, p3.firmware)] == [(), (), ()]

        assert await hall.daemon.stop() == 0
        facts = hall.check_journal()
        story = [fact for fact in facts if getattr(fact, "incident", "") == incident]
        assert [type(fact) for fact in story[:3]] == [f.AlarmRaised, f.StepReached, f.Ordered]
        shown = {fact.target for fact in story if isinstance(fact, f.OrderShown)}
        assert shown == {f"pager:{id}" for id in TEAM}
        answers = [(fact.by, fact.answer) for fact in story if isinstance(fact, f.Answered)]
        assert answers == [("lid-1", "coming"), ("lid-2", "coming"), ("lid-1", "on_scene"), ("lid-1", "all_clear")]
        assert [fact.number[4:] for fact in story if isinstance(fact, f.IncidentNumbered)] == ["-001"]
        assert [fact.by for fact in story if isinstance(fact, f.AlarmClosed)] == ["lid-1"]
        over = [fact for fact in story if isinstance(fact, f.Ordered) and fact.kind == "over"]
        assert {fact.target for fact in over} >= shown
        printed = [json.loads(line) for line in (await hall.daemon.command("facts", "--json")).splitlines()]
        raised = next(fact for fact in printed if fact["fact"] == "alarm_raised")
        assert (raised["press"], raised["zender"], len(printed)) == (incident, 7, len(facts))
        assert "the chain holds" in await hall.daemon.command("verify")
