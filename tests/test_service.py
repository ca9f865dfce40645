"""The wiring, in one process without a broker: no letter ends the house, and none waits behind what is late."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
from achterwacht.service import STILL_HERE_S, Service
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


async def turns() -> None:
    """Lets everything that could happen now happen: the threads too have a moment."""
    for _ in range(100):
        await asyncio.sleep(0.001)


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
async def test_a_plan_that_was_read_last_is_adopted_last(house: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = config.load(CONFIG)
    read: list[str] = []
    adopted: list[str] = []
    slow, put = threading.Event(), house.inbox.put

    def load(folder: Path) -> config.Settings:
        source = f"source {len(read)}"
        read.append(source)
        if source == "source 0":
            assert slow.wait(10)
        return replace(settings, source=source)

    def spied(heard: h.Heard, *more: Any, **named: Any) -> None:
        if isinstance(heard, h.PlanRead):
            adopted.append(heard.source)
        put(heard, *more, **named)

    monkeypatch.setattr(config, "load", load)
    monkeypatch.setattr(house.inbox, "put", spied)
    house.reload()
    house.reload()
    try:
        await until(lambda: read)
        await turns()
        assert read == ["source 0"], "the second waits for the first"
    finally:
        slow.set()
    await until(lambda: house.state.plan_source == "source 1")
    assert adopted == ["source 0", "source 1"]


@pytest.mark.asyncio
async def test_an_hour_without_a_fact_is_noted_while_nothing_is_open(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, later_s = house.clock.now, 0.0

    def moment() -> Moment:
        moment = now()
        return replace(moment, at=moment.at + timedelta(seconds=later_s), mono_s=moment.mono_s + later_s)

    monkeypatch.setattr("achterwacht.service.LOOK_EVERY_S", 0.001)
    monkeypatch.setattr("achterwacht.service.CLOCK_S", 2 * STILL_HERE_S)
    monkeypatch.setattr(house.clock, "now", moment)
    await until(lambda: "broker/link" in house.state.faults)
    noted = house.state.n
    later_s = STILL_HERE_S + 1
    await until(lambda: house.state.n > noted)
    assert house.state.since_checkpoint == 0
    assert house.state.n == noted + 1
    await turns()
    assert house.state.n == noted + 1, "once an hour"


@pytest.mark.asyncio
async def test_while_an_alarm_is_open_nobody_writes_that_nothing_happens(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints: list[None] = []
    looks: list[None] = []

    def look(now_s: float) -> None:
        looks.append(None)

    monkeypatch.setattr(house, "_checkpoint", lambda: checkpoints.append(None))
    monkeypatch.setattr(house.ears, "look", look)
    monkeypatch.setattr("achterwacht.service.LOOK_EVERY_S", 0.001)
    house.inbox.put(press(7))
    await until(lambda: house.state.alarms)
    monkeypatch.setattr("achterwacht.service.STILL_HERE_S", -1.0)
    looks.clear()
    await until(lambda: len(looks) > 3)
    assert not checkpoints


@pytest.mark.asyncio
async def test_two_thousand_that_fall_silent_at_once_let_letters_between(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = tuple(f"zender:{nr}" for nr in range(1, 251))
    groups: list[h.Missing] = []
    rings: list[bool] = []
    put = house.inbox.put

    def spied(heard: h.Heard, *more: Any, **named: Any) -> None:
        if isinstance(heard, h.Missing):
            groups.append(heard)
            rings.append(bool(house.state.alarms))
        put(heard, *more, **named)
        if len(rings) == 1:
            put(press(7))

    monkeypatch.setattr("achterwacht.service.MISSING_PAUSE_S", 0.2)
    monkeypatch.setattr(house.inbox, "put", spied)
    monkeypatch.setattr(house.presence, "look", lambda state, now_s: () if groups else silent)
    await until(lambda: sum(len(group.devices) for group in groups) == len(silent))
    assert [len(group.devices) for group in groups] == [100, 100, 50]
    assert sum((group.devices for group in groups), ()) == silent
    assert rings == [False, True, True], "a press that came with the first is dealt with before the second"


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
