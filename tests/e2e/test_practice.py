"""Drills and tests of buttons with a real daemon, broker and nodes: what practises stays apart from what is meant."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from achterwacht.core import facts as f
from achterwacht_sim.events import Confirmed, Over, Rings, Shows
from achterwacht_sim.node import Pager
from daemon import Onlooker
from e2e.hall import PAGE_S, SOON_S, town_hall


async def say(seen: Onlooker, command: str, **said: Any) -> None:
    answered = await seen.connection.command({"command": command, "by": "terminal", **said}, SOON_S)
    assert answered["result"] == "accepted", answered


async def settles(pager: Pager) -> None:
    """All that it said is answered, so that it stops repeating it."""
    async with asyncio.timeout(SOON_S):
        while pager.unsettled_count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_a_press_during_a_drill_rings_in_earnest_and_takes_the_drill_off_every_pager(tmp_path: Path) -> None:
    async with town_hall(tmp_path, zenders=[6], pagers=["p1", "p2"]) as hall, hall.daemon.onlooker() as seen:
        pager = hall.pagers["p1"]
        await say(seen, "drill_start", zender=5)
        drilled = await pager.sees(Rings, SOON_S, lambda rings: rings.page.kind == "drill")
        assert (drilled.page.press, drilled.page.zender) == ("", 5)
        await hall.zenders[6].press()
        rings = await pager.sees(Rings, PAGE_S, lambda rings: rings.page.kind == "alarm")
        assert rings.page.zender == 6
        for node in hall.pagers.values():
            await node.sees(Over, SOON_S, lambda over: over.page.incident == drilled.page.incident)
            await settles(node)
        ended = await seen.fact(f.DrillEnded, SOON_S)
        assert ended.end == "real alarm"
        ordered = await seen.fact(f.Ordered, SOON_S, lambda order: order.kind == "alarm")
        assert ordered.reason == "broke off a drill"
        await seen.until(lambda state: not state.untold, SOON_S)
        assert [alarm.zender for alarm in seen.state.alarms.values()] == [6]


@pytest.mark.asyncio
async def test_a_drill_that_the_daemon_did_not_survive_is_taken_off_and_raises_nothing(tmp_path: Path) -> None:
    async with town_hall(tmp_path, pagers=["p1"]) as hall:
        async with hall.daemon.onlooker() as seen:
            await say(seen, "drill_start", zender=5)
            drilled = await hall.pagers["p1"].sees(Rings, SOON_S)
        await hall.daemon.kill()
        await hall.daemon.start()
        await hall.pagers["p1"].sees(Over, SOON_S, lambda over: over.page.incident == drilled.page.incident)
        await settles(hall.pagers["p1"])
        facts = hall.daemon.facts()
        assert not any(isinstance(fact, f.AlarmRaised | f.AlarmRecovered) for fact in facts)
        assert [fact.end for fact in facts if isinstance(fact, f.DrillEnded)] == ["restarted"]


@pytest.mark.asyncio
async def test_a_button_is_tested_and_its_next_press_is_an_alarm(tmp_path: Path) -> None:
    async with town_hall(tmp_path, zenders=[5], pagers=["p1"]) as hall, hall.daemon.onlooker() as seen:
        await say(seen, "test_button", zender=5)
        await hall.zenders[5].press()
        shown = await hall.pagers["p1"].sees(Shows, SOON_S)
        assert (shown.page.kind, shown.page.incident, shown.page.zender) == ("test", "", 5)
        test = (await seen.fact(f.ButtonTestPressed, SOON_S)).incident
        confirmed = await hall.zenders[5].sees(Confirmed, SOON_S, lambda confirmed: confirmed.durable)
        assert confirmed.incident == test
        await seen.fact(f.OrderShown, SOON_S, lambda fact: fact.target == "pager:p1")
        await settles(hall.pagers["p1"])
        await say(seen, "claim", zender=5)
        await say(seen, "judge", test=test, right=True)
        await seen.until(lambda state: state.devices["zender:5"].tested_at, SOON_S)
        assert not hall.rung
        await hall.zenders[5].press()
        await hall.pagers["p1"].sees(Rings, PAGE_S)
        assert (await seen.fact(f.AlarmRaised, SOON_S)).reason == "first press"


@pytest.mark.asyncio
async def test_a_press_that_nobody_claimed_before_the_daemon_died_rings_at_its_start(tmp_path: Path) -> None:
    async with town_hall(tmp_path, zenders=[5], pagers=["p1"]) as hall:
        async with hall.daemon.onlooker() as seen:
            await say(seen, "test_button", zender=5)
            await hall.zenders[5].press()
            await seen.fact(f.ButtonTestPressed, SOON_S)
            await seen.durable(SOON_S)
        await hall.daemon.kill()
        await hall.daemon.start()
        rings = await hall.pagers["p1"].sees(Rings, SOON_S)
        assert (rings.page.kind, rings.page.zender) == ("alarm", 5)
        async with hall.daemon.onlooker() as seen:
            (alarm,) = seen.state.alarms.values()
            assert (alarm.incident, alarm.run_reason) == (rings.page.press, "test not claimed")
            await seen.until(lambda state: all(alarm.number for alarm in state.alarms.values()), SOON_S)
