"""Orders to channels: each ends in an outcome that a person can read, and none holds up another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from achterwacht.core import heard as h
from achterwacht.core.facts import Ordered
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Site
from achterwacht.errors import Undeliverable
from achterwacht.outputs import dispatch as dispatch_module
from achterwacht.outputs.dispatch import NO_CHANNEL, Alert, Channel, Dispatch

NOW = Moment(0.0, datetime(2026, 11, 21, tzinfo=UTC), True)


def an_order(target: str = "pager:p1", name: str = "o1") -> Ordered:
    return Ordered(NOW, name, "7-00ff-1", "7-00ff-1", 7, target, "alarm", 1, "first press")


def alert_for(ordered: Ordered, attempt: int) -> Alert:
    return Alert(ordered, "Balie 3", "", Site("Gemeente", "Plein 1"), "nl", 0, 0.0, attempt)


class Paging:
    """What the channels here have in common: they carry pages."""

    timeout_s = 5.0


class Scripted(Paging):
    """A channel that does what it is told, one thing an attempt."""

    def __init__(self, *does: Callable[[], None] | None) -> None:
        self.does = list(does)
        self.alerts: list[Alert] = []

    async def deliver(self, alert: Alert) -> None:
        self.alerts.append(alert)
        do = self.does.pop(0) if self.does else None
        if do:
            do()


class Flapping(Paging):
    """A channel that fails until it is up, and says that it was tried."""

    def __init__(self) -> None:
        self.is_up = False
        self._tries: asyncio.Queue[None] = asyncio.Queue()

    async def deliver(self, alert: Alert) -> None:
        self._tries.put_nowait(None)
        if not self.is_up:
            raise Undeliverable("no connection")

    async def tried(self, times: int) -> None:
        """So many attempts have failed, and their orders wait again."""
        for _ in range(times):
            await self._tries.get()


class Hanging(Paging):
    """A channel that never answers."""

    async def deliver(self, alert: Alert) -> None:
        await asyncio.Event().wait()


def fail(reason: str, permanent: bool = False) -> Callable[[], None]:
    def raise_it() -> None:
        raise Undeliverable(reason, permanent=permanent)

    return raise_it


@asynccontextmanager
async def dispatching(
    channels: dict[str, Channel], wanted: Callable[[Ordered, int], Alert | None] = alert_for
) -> AsyncIterator[tuple[Dispatch, asyncio.Queue[h.Heard]]]:
    heard: asyncio.Queue[h.Heard] = asyncio.Queue()
    dispatch = Dispatch(lambda target: channels.get(target.split(":")[0]), wanted, heard.put_nowait)
    async with asyncio.timeout(10):
        yield dispatch, heard
    await dispatch.close()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch_module, "PAUSES_S", (0.0, 0.0, 0.0))


@pytest.mark.asyncio
async def test_what_the_carrier_took_is_handed_over() -> None:
    pager = Scripted()
    async with dispatching({"pager": pager}) as (dispatch, heard):
        dispatch.send(an_order())
        assert await heard.get() == h.HandedOver("o1")
    assert [alert.attempt for alert in pager.alerts] == [1]


@pytest.mark.asyncio
async def test_a_target_without_a_channel_fails_with_that_reason() -> None:
    async with dispatching({}) as (dispatch, heard):
        dispatch.send(an_order("phone:anna"))
        assert await heard.get() == h.Failed("o1", NO_CHANNEL)


@pytest.mark.asyncio
async def test_a_target_that_loses_its_channel_while_it_is_tried_fails_with_that_reason() -> None:
    channels: dict[str, Channel] = {}

    def leave() -> None:
        channels.clear()
        raise Undeliverable("no connection")

    channels["pager"] = Scripted(leave)
    async with dispatching(channels) as (dispatch, heard):
        dispatch.send(an_order())
        assert await heard.get() == h.Failed("o1", NO_CHANNEL)


@pytest.mark.asyncio
async def test_it_is_tried_again_and_each_attempt_is_marked() -> None:
    pager = Scripted(fail("no connection"), fail("no connection"))
    async with dispatching({"pager": pager}) as (dispatch, heard):
        dispatch.send(an_order())
        assert await heard.get() == h.HandedOver("o1")
    assert [alert.attempt for alert in pager.alerts] == [1, 2, 3]


@pytest.mark.asyncio
async def test_after_the_last_pause_comes_a_last_attempt_and_its_reason_stands() -> None:
    pager = Scripted(*map(fail, ("no connection", "no connection", "refused", "no answer", "never asked")))
    async with dispatching({"pager": pager}) as (dispatch, heard):
        dispatch.send(an_order())
        assert await heard.get() == h.Failed("o1", "no answer")
    assert len(pager.alerts) == 4


@pytest.mark.asyncio
async def test_all_that_wait_are_tried_at_once_when_a_way_out_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch_module, "PAUSES_S", (3600.0,))
    pager = Flapping()
    async with dispatching({"pager": pager}) as (dispatch, heard):
        for name in ("o1", "o2"):
            dispatch.send(an_order(name=name))
        await pager.tried(2)
        pager.is_up = True
        dispatch.retry_now()
        assert [await heard.get(), await heard.get()] == [h.HandedOver("o1"), h.HandedOver("o2")]


@pytest.mark.asyncio
async def test_a_link_that_comes_and_goes_uses_up_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch_module, "PAUSES_S", (3600.0,))
    pager = Flapping()
    async with dispatching({"pager": pager}) as (dispatch, heard):
        dispatch.send(an_order())
        await pager.tried(1)
        for _ in range(10):
            dispatch.retry_now()
            await pager.tried(1)
        assert heard.empty()
        pager.is_up = True
        dispatch.retry_now()
        assert await heard.get() == h.HandedOver("o1")


@pytest.mark.asyncio
async def test_a_link_that_comes_and_goes_for_ever_ends_the_order_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch_module, "PAUSES_S", (3600.0,))
    monkeypatch.setattr(dispatch_module, "WAKES_MAX", 3)
    pager = Flapping()
    async with dispatching({"pager": pager}) as (dispatch, heard):
        dispatch.send(an_order())
        await pager.tried(1)
        for _ in range(4):
            dispatch.retry_now()
            await pager.tried(1)
        assert await heard.get() == h.Failed("o1", "no connection")


@pytest.mark.asyncio
async def test_what_cannot_help_is_not_tried_again() -> None:
    pager = Scripted(fail("no such subscriber", permanent=True))
    async with dispatching({"pager": pager}) as (dispatch, heard):
        dispatch.send(an_order())
        assert await heard.get() == h.Failed("o1", "no such subscriber")
    assert len(pager.alerts) == 1


@pytest.mark.asyncio
async def test_an_order_that_nobody_wants_any_more_ends_without_a_word() -> None:
    pager = Scripted(fail("no connection"))

    def until_replaced(ordered: Ordered, attempt: int) -> Alert | None:
        return alert_for(ordered, attempt) if attempt == 1 else None

    async with dispatching({"pager": pager}, until_replaced) as (dispatch, heard):
        order = an_order()
        dispatch.send(order)
        await asyncio.gather(*dispatch._tasks.values())
        assert heard.empty()
    assert len(pager.alerts) == 1


@pytest.mark.asyncio
async def test_a_channel_that_hangs_is_cut_and_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hanging, "timeout_s", 0.02)
    async with dispatching({"phone": Hanging(), "pager": Scripted()}) as (dispatch, heard):
        dispatch.send(an_order("phone:anna", "slow"))
        dispatch.send(an_order("pager:p1", "fast"))
        assert await heard.get() == h.HandedOver("fast")
        assert await heard.get() == h.Failed("slow", "no answer within 0.02 s")


@pytest.mark.asyncio
async def test_a_bug_in_a_channel_loses_no_order() -> None:
    def bug() -> None:
        raise ZeroDivisionError("one over nothing")

    async with dispatching({"pager": Scripted(bug)}) as (dispatch, heard):
        dispatch.send(an_order())
        assert await heard.get() == h.HandedOver("o1")


@pytest.mark.asyncio
async def test_closing_stops_what_hangs() -> None:
    async with dispatching({"pager": Hanging()}) as (dispatch, heard):
        dispatch.send(an_order())
        await asyncio.sleep(0)
        await dispatch.close()
        assert heard.empty()
