"""The wiring, in one process without a broker: no letter ends the house, and none waits behind what is late."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import pytest
import pytest_asyncio

from achterwacht import config
from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.codec import encode, fact_from_plain
from achterwacht.core.display import IDLE, HelpSign, OpenAlarm
from achterwacht.core.escalation import decide, decided
from achterwacht.core.evolve import evolve
from achterwacht.core.moment import Moment
from achterwacht.core.state import EMPTY, State
from achterwacht.core.turn import Turn
from achterwacht.errors import ConfigInvalid, Mistake
from achterwacht.journal.opening import open_folder
from achterwacht.journal.people import People
from achterwacht.journal.writer import Journal
from achterwacht.link import Connection, Pages, connect
from achterwacht.outputs.open_pages import NOT_OPEN
from achterwacht.outputs.wiring import Phones, WebPush
from achterwacht.outputs.wiring import Voices as Wired
from achterwacht.service import REFUSALS_EVERY_S, STILL_HERE_S, Service
from achterwacht.tokens import KEY_FILE
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
    def decided_or_broken(state: State, heard: h.Heard, now: Moment) -> Turn:
        if isinstance(heard, h.Receipt):
            raise ZeroDivisionError("a bug")
        return decided(state, heard, now)

    monkeypatch.setattr("achterwacht.service.decided", decided_or_broken)
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
async def test_a_plan_that_is_refused_tells_no_log_what_it_says_of_a_person(
    house: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mistake = Mistake("achterwacht.yaml", 9, 5, "calendars.0.url", "is https://jan:geheim@agenda.example/a.ics")

    def load(folder: Path) -> config.Settings:
        raise ConfigInvalid([mistake])

    monkeypatch.setattr(config, "load", load)
    house.reload()
    await until(lambda: "plan/invalid" in house.state.faults)
    told = house.state.faults["plan/invalid"].detail
    assert told == "achterwacht.yaml:9:5: calendars.0.url: is not right, see `achterwacht check`"
    assert told in caplog.text and "geheim" not in caplog.text
    with pytest.raises(ConfigInvalid) as caught:
        config.plan_at_start(CONFIG, house._state_folder / "empty")
    assert str(caught.value) == told, "nor when the daemon does not start by it"


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
async def test_a_dashboard_that_is_away_is_a_fault(house: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("achterwacht.service.LOOK_EVERY_S", 0.001)
    monkeypatch.setattr("achterwacht.outputs.open_pages.MISSED_S", 0.01)
    await until(lambda: "link/dashboard" in house.state.faults)  # the plan rings open pages
    dashboard = object()
    house._on_command(Pages(dashboard, ()), lambda answered: None)
    await until(lambda: "link/dashboard" not in house.state.faults)
    house._on_command(Pages(dashboard, None), lambda answered: None)
    await until(lambda: "link/dashboard" in house.state.faults)


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
    members = tuple(replace(member, ways=()) for member in house.state.plan.members)
    plan = replace(house.state.plan, morning=None, members=members)
    house.inbox.put(h.PlanRead(plan, "no day has its times, and nobody misses a dashboard"))
    await until(lambda: house.state.plan.morning is None)
    await turns()
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


# --- telephones and pages, over the link ------------------------------------------------------------------------------

F = TypeVar("F", bound=f.Fact)
SUBSCRIPTION = {"endpoint": "https://push.example/1", "p256dh": "BNc_" * 21 + "BNc", "auth": "tBHItJI5svbpez7KtBHItA"}
WEB_PUSH = WebPush("mailto:a@example.org", ("push.example",))


@asynccontextmanager
async def dashboard(house: Service) -> AsyncIterator[Connection]:
    """A reader of this house's link."""
    await until(house.link._path.is_socket)
    async with connect(house.link._path) as connection:
        yield connection


async def asks(connection: Connection, command: str, **keys: Any) -> tuple[str, str]:
    """What came of a command, and its note."""
    answered = await connection.command({"command": command, **keys}, 10.0)
    assert answered["durable"] is True
    return answered["result"], answered["note"]


async def comes(connection: Connection, kind: type[F], where: Callable[[F], bool] = lambda _: True) -> F:
    """The next such fact."""
    async with asyncio.timeout(10):
        async for message in connection:
            fact = fact_from_plain(message["fact"]) if message["type"] == "fact" else None
            if isinstance(fact, kind) and where(fact):
                return fact
    raise AssertionError("the connection ended")


async def rung(house: Service, connection: Connection, target: str) -> f.Ordered:
    """A press, and the order to this target."""
    house.inbox.put(press(7))
    return await comes(connection, f.Ordered, lambda ordered: ordered.target == target)


@pytest.mark.asyncio
async def test_a_token_that_comes_back_is_its_members_answer_from_where_it_was_sent(house: Service) -> None:
    async with dashboard(house) as connection:
        ordered = await rung(house, connection, "pager:p1")
        order = replace(ordered, target="push:lid-4")
        token = house._tokens.make(order, "lid-4", ("coming",), house.clock.now())["coming"]
        assert await asks(connection, "redeem", token=token) == ("accepted", "")
        answered = await comes(connection, f.Answered)
        assert (answered.by, answered.via, answered.answer) == ("lid-4", "push:lid-4", "coming")
        assert (answered.incident, answered.counts) == (ordered.incident, True)
        facts = house.state.n
        house._on_token(token)  # once more, from the phones process
        assert await asks(connection, "redeem", token=token) == ("accepted", "")
        assert house.state.alarms[ordered.incident].coming == 1
        again = [fact for fact in await facts_since(connection, facts, house) if isinstance(fact, f.Answered)]
        assert again == [], "it counts once"


async def with_push(house: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan has Web Push, and reaches lid-4 by it; no process is started for it."""
    plan = house.state.plan
    members = tuple(replace(one, ways=("push", "app")) if one.id == "lid-4" else one for one in plan.members)
    plan = replace(plan, members=members)
    monkeypatch.setattr(house.voices, "_wired", Wired(phones=Phones(push=WEB_PUSH)))
    monkeypatch.setattr(house.voices, "_plan", plan)
    house.inbox.put(h.PlanRead(plan, "with push"))
    await until(lambda: house.state.plan_source == "with push" and house.people.known)


async def facts_since(connection: Connection, n: int, house: Service) -> list[f.Fact]:
    """The facts after that number, up to a mark that is made now."""
    house.inbox.put(h.Trouble("link/socket", "a mark"))
    found: list[f.Fact] = []
    async with asyncio.timeout(10):
        async for message in connection:
            if message["type"] == "fact" and message["n"] > n:
                found.append(fact_from_plain(message["fact"]))
                if isinstance(found[-1], f.FaultRaised) and found[-1].key == "link/socket":
                    return found
    raise AssertionError("the connection ended")


@pytest.mark.asyncio
async def test_a_token_that_is_not_ours_is_refused_and_is_no_fault_of_the_house(house: Service) -> None:
    async with dashboard(house) as connection:
        result, note = await asks(connection, "redeem", token="WyI3Il0.AAAA")
        assert result == "refused" and "no answer of ours" in note
        house._on_token("nonsense")  # from the phones process, which waits for no reply
        facts = await facts_since(connection, connection.hello["n"], house)
        assert not [fact for fact in facts if isinstance(fact, f.Answered)]
        assert "daemon/bug" not in house.state.faults


@pytest.mark.asyncio
async def test_a_telephone_gets_tokens_for_what_it_asks_and_a_pager_or_an_open_page_none(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[f.Ordered] = []
    monkeypatch.setattr(house.dispatch, "send", sent.append)
    plan = house.state.plan
    members = tuple(replace(one, ways=("push", "app")) if one.id == "lid-4" else one for one in plan.members)
    house.inbox.put(h.PlanRead(replace(plan, members=members), "with push"))
    house.inbox.put(press(7))
    await until(lambda: len(sent) == 5)
    alerts = {ordered.target: house._alert_for(ordered, 1) for ordered in sent}
    push, page, pager = alerts["push:lid-4"], alerts["app:lid-4"], alerts["pager:p1"]
    assert push and page and pager
    assert (push.member, set(push.tokens)) == ("lid-4", {"coming", "cannot"})
    assert push.proof == house._tokens.proof(push.ordered.order), "what its receipt will prove itself by"
    assert push.raised_at == house.state.alarms["7-00ff-1"].raised_at
    assert (page.member, page.tokens, pager.member, pager.tokens) == ("lid-4", {}, "", {})
    heard = house._tokens.read(push.tokens["cannot"], house.clock.now(), house._is_open)
    assert (heard.member, heard.incident, heard.answer, heard.via) == ("lid-4", "7-00ff-1", "cannot", "push:lid-4")
    house.inbox.put(h.Test("cmd-t", "push:lid-4", "lid-1"))
    await until(lambda: sent[-1].kind == "test")
    test = house._alert_for(sent[-1], 1)
    assert test and (test.tokens, test.raised_at, test.member) == ({}, None, "lid-4"), "a test asks nothing"


@pytest.mark.asyncio
async def test_a_drill_is_marked_and_answered_as_an_alarm_is(house: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[f.Ordered] = []
    monkeypatch.setattr(house.dispatch, "send", sent.append)
    plan = house.state.plan
    members = tuple(replace(one, ways=("push",)) if one.id == "lid-4" else one for one in plan.members)
    house.inbox.put(h.PlanRead(replace(plan, members=members), "with push"))
    house.inbox.put(h.StartDrill("cmd-d", 7, "terminal"))
    await until(lambda: len(sent) == 4)
    alerts = {ordered.target: house._alert_for(ordered, 1) for ordered in sent}
    assert {ordered.kind for ordered in sent} == {"drill"} and all(alert and alert.drill for alert in alerts.values())
    push = alerts["push:lid-4"]
    assert push and set(push.tokens) == {"coming", "cannot"}
    heard = house._tokens.read(push.tokens["coming"], house.clock.now(), house._is_open)
    assert heard.incident == push.ordered.incident and house._is_open(heard.incident)
    house.inbox.put(press(7))
    await until(lambda: any(ordered.kind == "over" for ordered in sent))
    real, over = (next(one for one in sent if one.kind == kind) for kind in ("alarm", "over"))
    alarm, end = house._alert_for(real, 1), house._alert_for(over, 1)
    assert alarm and end and (alarm.drill, end.drill) == (False, True)


@pytest.mark.asyncio
async def test_a_token_is_good_while_its_alarm_is_open_and_some_hours_after_its_message(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is put right by hours after the message has gone out."""
    async with dashboard(house) as connection:
        ordered = replace(await rung(house, connection, "pager:p1"), target="push:lid-4")
        tokens = house._tokens.make(ordered, "lid-4", ("coming", "cannot"), house.clock.now())
        now = house.clock.now
        monkeypatch.setattr(house.clock, "now", lambda: replace(now(), at=now().at + timedelta(hours=5)))
        assert await asks(connection, "redeem", token=tokens["coming"]) == ("accepted", "")
        await asks(connection, "answer", member="lid-4", incident=ordered.incident, answer="on_scene")
        closed = await asks(connection, "answer", member="lid-4", incident=ordered.incident, answer="all_clear")
        assert closed == ("accepted", "") and not house.state.alarms
        result, note = await asks(connection, "redeem", token=tokens["cannot"])
        assert result == "refused" and "too old" in note


@pytest.mark.asyncio
async def test_a_flood_of_nonsense_tokens_is_a_line_a_minute_in_the_log(
    house: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def told() -> list[str]:
        return [record.message for record in caplog.records if "receipts that came back" in record.message]

    now_s = 1000.0
    monkeypatch.setattr(house.clock, "mono_s", lambda: now_s)
    for _ in range(2000):
        house._on_token("nonsense")
    assert len(told()) == 1 and ": 1, " in told()[0], "the first at once"
    now_s += REFUSALS_EVERY_S
    for _ in range(2000):
        house._on_token("nonsense")
    assert len(told()) == 2 and ": 2000, " in told()[1]
    assert "no answer of ours" in told()[1]


@pytest.mark.asyncio
async def test_a_browser_that_registers_is_kept_beside_the_names_and_in_no_fact(
    house: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_push(house, monkeypatch)
    async with dashboard(house) as connection:
        n = house.state.n
        result, id = await asks(connection, "register", member="lid-4", **SUBSCRIPTION)
        assert result == "accepted"
        (known,) = house.people.registrations("lid-4")
        assert (known.id, known.endpoint, known.auth) == (id, SUBSCRIPTION["endpoint"], SUBSCRIPTION["auth"])
        assert People(tmp_path, lambda trouble: None).registrations("lid-4") == (known,), "it is on disk"
        facts = await facts_since(connection, n, house)
        assert not [fact for fact in facts if "push.example" in encode(fact)]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("wrong", "note"),
    [
        ({"member": "nobody"}, "not a member of the plan"),
        ({"member": "lid-1"}, "push is not among this member's ways"),
        ({"endpoint": "https://192.0.2.1/1"}, "the plan allows no such push service"),
        ({"p256dh": "BNc_" * 21}, "p256dh is not the public key"),
        ({"auth": "tBHItJI5svbpez7K"}, "auth is not the secret"),
    ],
)
async def test_a_browser_that_can_never_be_reached_is_refused_and_not_kept(
    house: Service, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str], note: str
) -> None:
    await with_push(house, monkeypatch)
    asked = {"member": "lid-4", **SUBSCRIPTION, **wrong}
    async with dashboard(house) as connection:
        result, why = await asks(connection, "register", **asked)
    assert result == "refused" and why.startswith(note)
    assert house.people.registrations(asked["member"]) == ()


@pytest.mark.asyncio
async def test_a_plan_without_web_push_registers_nobody(house: Service) -> None:
    async with dashboard(house) as connection:
        result, why = await asks(connection, "register", member="lid-4", **SUBSCRIPTION)
    assert result == "refused" and why.startswith("the plan has no Web Push")
    assert house.people.registrations("lid-4") == ()


@pytest.mark.asyncio
async def test_a_registration_that_no_disk_takes_is_answered_so(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_push(house, monkeypatch)
    monkeypatch.setattr("achterwacht.service.WAIT_MAX_S", 0.01)
    monkeypatch.setattr(house.people, "written", asyncio.Event().wait)
    async with dashboard(house) as connection:
        asked = {"command": "register", "member": "lid-4", **SUBSCRIPTION}
        answered = await connection.command(asked, 10.0)
    assert (answered["result"], answered["durable"]) == ("accepted", False)


@pytest.mark.asyncio
async def test_names_that_could_not_be_read_are_a_fault_and_are_used_when_they_can(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: list[None] = []
    monkeypatch.setattr(house.voices, "addresses_changed", lambda: changed.append(None))
    house._on_people_trouble("people.db cannot be read")
    await until(lambda: "journal/people" in house.state.faults)
    assert not changed
    house._on_people_trouble(None)
    await until(lambda: "journal/people" not in house.state.faults)
    assert changed == [None]


@pytest.mark.asyncio
async def test_a_key_that_cannot_be_kept_is_logged_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / KEY_FILE).mkdir()
    house = Service(CONFIG, tmp_path, f"mqtt://127.0.0.1:{free_port()}")
    await house._keep_token_key()
    assert [record.message for record in caplog.records if KEY_FILE in record.message]


@pytest.mark.asyncio
async def test_an_order_to_an_open_page_is_handed_over_and_shown_when_the_page_says_so(house: Service) -> None:
    async with dashboard(house) as connection:
        await asks(connection, "pages", members=["lid-4"])
        ordered = await rung(house, connection, "app:lid-4")
        taken = await comes(connection, f.OrderHandedOver)
        assert (taken.order, taken.target) == (ordered.order, "app:lid-4")
        assert await asks(connection, "receipt", order=ordered.order, stage="shown") == ("accepted", "")
        received, shown = await comes(connection, f.OrderReceived), await comes(connection, f.OrderShown)
        assert received.order == shown.order == ordered.order and shown.incident == ordered.incident
        n = house.state.n
        assert await asks(connection, "receipt", order=ordered.order, stage="shown") == ("accepted", "")
        assert await asks(connection, "receipt", order="7-dead-1.d.1", stage="shown") == ("accepted", "")
        facts = await facts_since(connection, n, house)
        assert not [fact for fact in facts if isinstance(fact, f.OrderShown)], "said once; and of nothing that we know"


@pytest.mark.asyncio
async def test_a_receipt_from_outside_needs_what_its_message_carried(house: Service) -> None:
    async with dashboard(house) as connection:
        ordered = await rung(house, connection, "app:lid-4")
        said = {"order": ordered.order, "stage": "shown"}
        guessed = house._tokens.proof(f"{ordered.order}1")
        n = house.state.n
        result, note = await asks(connection, "receipt", **said, proof=guessed)
        assert (result, note) == ("refused", "this is no receipt of a message of ours")
        assert not [fact for fact in await facts_since(connection, n, house) if isinstance(fact, f.OrderShown)]
        assert await asks(connection, "receipt", **said, proof=house._tokens.proof(ordered.order)) == ("accepted", "")
        assert (await comes(connection, f.OrderShown)).order == ordered.order


@pytest.mark.asyncio
async def test_an_order_to_a_page_that_is_not_open_or_no_longer_has_failed(house: Service) -> None:
    async with dashboard(house) as connection:
        async with dashboard(house) as other:
            await asks(other, "pages", members=["lid-4"])
        await until(lambda: not house.voices.open_pages._open)
        ordered = await rung(house, connection, "app:lid-4")
        failed = await comes(connection, f.OrderFailed)
        assert (failed.order, failed.reason) == (ordered.order, NOT_OPEN)


@pytest.mark.asyncio
async def test_a_test_is_asked_for_over_the_link_and_one_of_nobody_is_refused(house: Service) -> None:
    async with dashboard(house) as connection:
        await asks(connection, "pages", members=["lid-4"])
        assert await asks(connection, "test", id="t1", target="app:lid-4", by="lid-1") == ("accepted", "")
        was_asked, ordered = await comes(connection, f.TestAsked), await comes(connection, f.Ordered)
        assert (was_asked.key, was_asked.by, ordered.kind, ordered.incident) == ("cmd-t1", "lid-1", "test", "")
        assert ordered.order.startswith(f"test.{house.boot}.")
        assert (await comes(connection, f.OrderHandedOver)).order == ordered.order
        await asks(connection, "receipt", order=ordered.order, stage="shown")
        assert (await comes(connection, f.OrderShown)).order == ordered.order
        assert house.state.tests["app:lid-4"].stage == "shown"
        refused = await asks(connection, "test", target="app:nobody", by="lid-1")
        assert refused == ("refused", "no such target in the plan") and not house.state.alarms


@pytest.mark.asyncio
async def test_what_waits_is_tried_again_when_a_channel_works_again(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[None] = []
    monkeypatch.setattr(house.dispatch, "retry_now", lambda: tried.append(None))
    house._on_voice(h.TroubleOver("alarm_centre/offline"))
    assert not tried, "nothing was wrong with it"
    house._on_voice(h.Trouble("alarm_centre/offline", "no answer"))
    await until(lambda: "alarm_centre/offline" in house.state.faults)
    house._on_voice(h.TroubleOver("alarm_centre/offline"))
    assert tried == [None]
    await until(lambda: "alarm_centre/offline" not in house.state.faults)


@pytest.mark.asyncio
async def test_the_daily_tests_are_asked_for_by_nobody_in_particular(
    house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def due(state: State, now: Moment) -> list[h.Test]:
        return [] if "daily-x" in state.outcomes else [h.Test("daily-x", "app:lid-4")]

    monkeypatch.setattr("achterwacht.service.LOOK_EVERY_S", 0.001)
    async with dashboard(house) as connection:
        monkeypatch.setattr(house.voices, "tests_due", due)
        was_asked = await comes(connection, f.TestAsked)
        assert (was_asked.key, was_asked.by, was_asked.target) == ("daily-x", "", "app:lid-4")
        n = house.state.n
        facts = await facts_since(connection, n, house)
        assert not [fact for fact in facts if isinstance(fact, f.TestAsked)], "by the same key twice is once"
