"""The wiring, in one process without a broker: no letter ends the house, and none waits behind what is late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from achterwacht import config
from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.codec import encode
from achterwacht.core.display import IDLE, HelpSign, OpenAlarm
from achterwacht.core.escalation import decide
from achterwacht.core.moment import Moment
from achterwacht.core.state import EMPTY, State, evolve
from achterwacht.journal.opening import open_folder
from achterwacht.journal.writer import Journal
from achterwacht.service import Service
from broker import free_port

CONFIG = Path(__file__).parent.parent / "config"


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[Service]:
    """A daemon whose broker is not there: everything works but the pages."""
    service = Service(CONFIG, tmp_path, f"mqtt://127.0.0.1:{free_port()}")
    running = asyncio.create_task(service.run())
    await until(lambda: service.state.plan.zenders)
    yield service
    service.stop()
    async with asyncio.timeout(10):
        await running


async def until(true: Callable[[], Any]) -> None:
    """Turns the loop until this is true; the service under test has no event for it, and should not have."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0)


def press(zender: int, seq: int = 1) -> h.Pressed:
    return h.Pressed(f"{zender}-00ff-{seq}", zender, "00ff", 0.0)


@pytest.mark.asyncio
async def test_a_letter_that_cannot_be_dealt_with_is_a_fault_and_not_the_end(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decide_or_break(state: State, heard: h.Heard, now: Moment) -> tuple[f.Fact, ...]:
        if isinstance(heard, h.Receipt):
            raise ZeroDivisionError("a bug")
        return decide(state, heard, now)

    monkeypatch.setattr("achterwacht.service.decide", decide_or_break)
    acked: list[None] = []
    poison = h.Receipt("p1", "aaaa", 1, "o", "7-00ff-1", "7-00ff-1", 7, "shown")
    house.inbox.put(poison, ack=lambda: acked.append(None))
    house.inbox.put(press(7))
    await until(lambda: house.state.alarms and "daemon/bug" in house.state.faults)
    assert acked == [None]


@pytest.mark.asyncio
async def test_a_letter_goes_between_however_much_is_late(house: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(house.timers), "first_s", property(lambda self: -1.0))  # something is always late
    house.inbox.put(press(7))
    await until(lambda: house.state.alarms)
    monkeypatch.undo()


@pytest.mark.asyncio
async def test_a_display_that_leaves_the_plan_is_told_that_there_is_nothing(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists: dict[str, tuple[OpenAlarm, ...]] = {}
    signs: dict[int, HelpSign] = {}
    monkeypatch.setattr(house._pagers, "show_open", lambda id, boot, alarms, now_s: lists.update({id: alarms}))
    monkeypatch.setattr(house._zenders, "show_help", lambda nr, sign: signs.update({nr: sign}))
    plan = house.state.plan
    with_help = replace(plan, zenders=tuple(replace(zender, help=True) for zender in plan.zenders))
    house.inbox.put(h.PlanRead(with_help, "with help"))
    house.inbox.put(press(7))
    house.inbox.put(h.Answer("cmd-1", "7-00ff-1", "coming", member="lid-1"))
    await until(lambda: len(lists.get("p3", ())) == 1 and 7 in signs and signs[7].sign == "coming")
    house.inbox.put(h.PlanRead(replace(plan, pagers=plan.pagers[:2]), "smaller"))
    await until(lambda: lists["p3"] == () and signs[7] == IDLE)
    assert len(lists["p1"]) == 1


@pytest.mark.asyncio
async def test_a_plan_with_another_broker_says_that_it_wants_a_restart(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config.load(CONFIG)
    moved = replace(settings, broker=replace(settings.broker, port=9))
    monkeypatch.setattr(config, "load", lambda folder: moved)
    house.reload()
    await until(lambda: "plan/broker" in house.state.faults)


@pytest.mark.asyncio
async def test_the_sign_that_it_is_over_goes_by_itself(house: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("achterwacht.core.display.OVER_SIGN_S", 1.0)
    monkeypatch.setattr("achterwacht.service.SHOW_EVERY_S", 0.01)  # so that a busy machine shows it too
    signs: list[str] = []
    monkeypatch.setattr(house._zenders, "show_help", lambda nr, sign: signs.append(sign.sign))
    plan = house.state.plan
    with_help = replace(plan, zenders=tuple(replace(zender, help=zender.nr == 7) for zender in plan.zenders))
    house.inbox.put(h.PlanRead(with_help, "with help"))
    house.inbox.put(press(7))
    house.inbox.put(h.Answer("cmd-1", "7-00ff-1", "on_scene", member="lid-1"))
    house.inbox.put(h.Answer("cmd-2", "7-00ff-1", "all_clear", member="lid-1"))
    await until(lambda: signs[-2:] == ["over", "idle"])


@pytest.mark.asyncio
async def test_a_start_that_must_write_a_checkpoint_still_climbs_the_ladder(tmp_path: Path) -> None:
    """The journal is damaged, an alarm is open, and the machine was up for days before it was rebooted."""
    days_up = Moment(1_000_000.0, datetime(2026, 11, 20, tzinfo=UTC), True)
    state = reduce(evolve, decide(EMPTY, h.Started("b0", "test"), days_up), EMPTY)
    facts = [*decide(EMPTY, h.Started("b0", "test"), days_up)]
    for heard in (h.PlanRead(config.load(CONFIG).plan, "x"), press(7)):
        facts += (new := decide(state, heard, days_up))
        state = reduce(evolve, new, state)
    journal = Journal(open_folder(tmp_path, 2026, "now"), lambda n: None, lambda trouble: None)
    journal.append([*map(encode, facts), "not understood by any version"])
    writing = asyncio.create_task(journal.run())
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.wait({writing})

    house = Service(CONFIG, tmp_path, f"mqtt://127.0.0.1:{free_port()}")
    running = asyncio.create_task(house.run())
    await until(lambda: house.state.alarms and "journal/not understood" in house.state.faults)
    (alarm,) = house.state.alarms.values()
    assert alarm.run_s <= house.state.house_s(house.clock.now()), "what began lies in the past"
    house.stop()
    async with asyncio.timeout(10):
        await running


@pytest.mark.asyncio
async def test_a_pager_that_comes_back_gets_its_list_again(house: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[str, int]] = []

    def show(id: str, boot: str, alarms: tuple[OpenAlarm, ...], now_s: float) -> None:
        shown.append((id, sum(alarm.coming for alarm in alarms)))

    monkeypatch.setattr(house._pagers, "show_open", show)
    house.inbox.put(h.Status("pager:p1", "aaaa", True, live=True))
    house.inbox.put(press(7))
    house.inbox.put(h.Answer("cmd-1", "7-00ff-1", "coming", member="lid-1"))
    await until(lambda: {("p1", 1), ("p2", 1), ("p3", 1)} <= set(shown))
    shown.clear()
    house.inbox.put(h.Status("pager:p1", "bbbb", True, live=True))
    async with asyncio.timeout(3):  # before the next step of the ladder shows everything anew
        await until(lambda: shown)
    assert shown == [("p1", 1)]


@pytest.mark.asyncio
async def test_a_clock_that_nobody_vouches_for_is_a_fault_in_its_time(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, vouched_for, later_s = house.clock.now, False, 0.0

    def moment() -> Moment:
        moment = now()
        return replace(moment, clock_ok=vouched_for, mono_s=moment.mono_s + later_s)

    monkeypatch.setattr("achterwacht.service.LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(house.clock, "now", moment)
    house.inbox.put(h.Trouble("link/socket", "a mark: what came before it was dealt with"))
    await until(lambda: "link/socket" in house.state.faults)
    assert "clock/unsynchronised" not in house.state.faults, "it has a minute after a start"
    later_s = 61.0
    await until(lambda: "clock/unsynchronised" in house.state.faults)
    vouched_for = True
    await until(lambda: "clock/unsynchronised" not in house.state.faults)
