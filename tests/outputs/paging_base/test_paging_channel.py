"""The channel to a paging base: with a dialect and a line that do what they are told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from achterwacht.core import heard as h
from achterwacht.core.facts import Kind, Ordered, Reason
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Site
from achterwacht.errors import Undeliverable
from achterwacht.outputs.dispatch import Alert, Channel
from achterwacht.outputs.paging_base import channel as channel_module
from achterwacht.outputs.paging_base.calls import REPLACED
from achterwacht.outputs.paging_base.channel import PagingBaseChannel
from achterwacht.outputs.paging_base.dialect import Acknowledged, Base, Call, Nonsense, Refused, Said, Taken
from achterwacht.outputs.paging_base.port import Listener
from achterwacht.outputs.wiring import BasePager, PagingBase

NOW = Moment(0.0, datetime(2026, 11, 21, tzinfo=UTC), True)
WAIT_S = 5.0
TURNS = 4
"""A few turns of the loop."""

BASE = PagingBase("b1", "espa", "/dev/ttyUSB0", group_address="99")
PAGERS = (BasePager("p1", "b1", "11"), BasePager("p2", "b1", "12"), BasePager("q1", "b2", "11"))
OFFLINE, TRANSMITTER, MALFORMED = "base:b1/offline", "base:b1/transmitter", "base:b1/malformed"
REFUSING = "base:b1/refusing"


def an_alert(
    order: str = "o1", kind: Kind = "alarm", pager: str = "p1", incident: str = "i1", reason: Reason = "first press"
) -> Alert:
    ordered = Ordered(NOW, order, incident, incident, 7, f"pager:{pager}", kind, 1, reason)
    return Alert(ordered, "Balie 3", "", Site("Gemeente", "Plein 1"), "nl", 0, 0.0, 1)


class Script:
    """A dialect that takes one call at a time, says its id, and tells what the test gives it to tell."""

    def __init__(self) -> None:
        self.openings = 0
        self.begun: list[Call] = []
        self.is_free = True
        self.due_s: float | None = None
        self.ticked_s: list[float] = []
        self.says: list[Said] = []
        self.breaks = False
        self._unsaid = b""

    def opened(self, now_s: float) -> None:
        self.openings += 1
        self.is_free = True

    def feed(self, data: bytes, now_s: float) -> list[Said]:
        if self.breaks:
            raise RuntimeError("a mistake")
        says, self.says = self.says, []
        self.is_free = self.is_free or any(isinstance(said, Taken | Refused) for said in says)
        return says

    def tick(self, now_s: float) -> list[Said]:
        self.ticked_s.append(now_s)
        self.due_s = None
        return []

    @property
    def idle(self) -> bool:
        return self.is_free

    def begin(self, call: Call, now_s: float) -> None:
        assert self.is_free
        self.begun.append(call)
        self.is_free = False
        self._unsaid += call.id.encode()

    def to_write(self) -> bytes:
        data, self._unsaid = self._unsaid, b""
        return data


class Plug:
    """A line that is open when the test says so."""

    def __init__(self, base: PagingBase, listener: Listener) -> None:
        self.base = base
        self.listener = listener
        self.written = b""
        self.given_up: list[str] = []
        self.floods = 0

    async def run(self) -> None:
        await asyncio.Event().wait()

    def write(self, data: bytes) -> None:
        self.written += data

    def lose(self, why: str) -> None:
        self.given_up.append(why)
        self.listener.lost(why)

    def lose_flooded(self) -> None:
        self.floods += 1
        self.listener.lost("the line floods us")


class House:
    """One channel with its script, its plug, and all that it told. Open from the start."""

    def __init__(self, base: PagingBase = BASE) -> None:
        self.heard: list[h.Heard] = []
        self.now_s = 1000.0
        self.script = Script()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(channel_module, "BasePort", Plug)
            patch.setitem(channel_module.EXCHANGES, "espa", lambda _: self.script)
            self.channel = PagingBaseChannel(base, PAGERS, self.heard.append, lambda: self.now_s)
        plug = self.channel._port
        assert isinstance(plug, Plug)
        self.plug: Plug = plug
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> House:
        self.channel.opened()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.channel.lost("the test is over")
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def deliver(self, alert: Alert) -> asyncio.Task[None]:
        self._tasks.append(asyncio.create_task(self.channel.deliver(alert)))
        return self._tasks[-1]

    async def begins(self, alert: Alert) -> asyncio.Task[None]:
        """Deliver until the dialect has it."""
        task = self.deliver(alert)
        await turns()
        assert self.script.begun[-1].id == alert.ordered.order
        return task

    def says(self, *said: Said) -> None:
        self.script.says = list(said)
        self.channel.heard(b"...")

    def pass_(self, s: float) -> None:
        """Time passes, and the channel looks what is due."""
        self.now_s += s
        self.channel._tick()


async def turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def reason_of(delivery: asyncio.Task[None]) -> str:
    """Why it failed; `for good: ` before it when trying again cannot help."""
    async with asyncio.timeout(WAIT_S):
        with pytest.raises(Undeliverable) as failed:
            await delivery
    return f"for good: {failed.value.reason}" if failed.value.permanent else failed.value.reason


def answers(house: House) -> list[h.Heard]:
    return [heard for heard in house.heard if isinstance(heard, h.Answer)]


# --- orders -----------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_call_leaves_at_once_and_is_delivered_when_the_base_has_it() -> None:
    async with House() as house:
        delivery = house.deliver(an_alert())
        await turns()
        assert house.plug.written == b"o1"
        assert house.script.begun == [Call("o1", "11", "BALIE 3", urgent=True)]
        assert not delivery.done()
        house.says(Taken("o1"))
        await asyncio.wait_for(delivery, WAIT_S)


@pytest.mark.parametrize(("permanent", "reason"), [(False, "busy"), (True, "for good: busy")])
@pytest.mark.asyncio
async def test_what_the_base_refuses_is_undeliverable(permanent: bool, reason: str) -> None:
    async with House() as house:
        delivery = await house.begins(an_alert())
        house.says(Refused("o1", "busy", permanent))
        assert await reason_of(delivery) == reason


@pytest.mark.asyncio
async def test_over_takes_the_call_back_and_quiet_kinds_are_not_urgent() -> None:
    async with House() as house:
        await house.begins(an_alert("o1", "over", reason="closed"))
        house.says(Taken("o1"))
        await house.begins(an_alert("o2", "update", reason="all well?"))
        house.says(Taken("o2"))
        await house.begins(an_alert("o3", "call_112"))
    assert house.script.begun[0] == Call("o1", "11", "", urgent=False, cancel=True)
    assert [(call.urgent, call.cancel, bool(call.text)) for call in house.script.begun[1:]] == [
        (False, False, True),
        (True, False, True),
    ]


@pytest.mark.asyncio
async def test_the_next_call_goes_when_the_one_before_has_ended() -> None:
    async with House() as house:
        deliveries = [house.deliver(an_alert("o1")), house.deliver(an_alert("o2", incident="i2"))]
        await turns()
        assert house.plug.written == b"o1"
        house.says(Taken("o1"))
        assert house.plug.written == b"o1o2"
        house.says(Taken("o2"))
        await asyncio.gather(*deliveries)


@pytest.mark.asyncio
async def test_a_dialect_may_take_calls_before_it_knows_what_became_of_those_before() -> None:
    async with House() as house:
        first = await house.begins(an_alert("o1"))
        house.script.is_free = True
        second = await house.begins(an_alert("o2", pager="p2"))
        house.says(Refused("o2", "absent"))
        assert await reason_of(second) == "absent"
        house.says(Taken("o1"))
        await asyncio.wait_for(first, WAIT_S)


@pytest.mark.asyncio
async def test_orders_of_one_turn_for_all_pagers_are_one_call_with_one_outcome() -> None:
    async with House() as house:
        busy = await house.begins(an_alert("o0", incident="i0"))
        deliveries = [house.deliver(an_alert("o1", pager="p1"))]
        asyncio.get_running_loop().call_soon(house.says, Taken("o0"))  # the line becomes free between the two
        deliveries.append(house.deliver(an_alert("o2", pager="p2")))
        await turns()
        assert house.script.begun[1:] == [Call("o1", "99", "BALIE 3")]
        house.says(Taken("o1"))
        await asyncio.gather(busy, *deliveries)


@pytest.mark.asyncio
async def test_a_first_call_goes_before_the_repeat_of_one_that_the_base_has_taken() -> None:
    async with House() as house:
        await house.begins(an_alert("o1"))
        for order, incident in (("again", "i1"), ("first", "i2")):
            house.deliver(an_alert(order, incident=incident))
        await turns()
        house.says(Taken("o1"))
        house.says(Taken("first"))
        assert [call.id for call in house.script.begun] == ["o1", "first", "again"]


@pytest.mark.asyncio
async def test_a_newer_text_ends_the_one_that_waits() -> None:
    async with House() as house:
        await house.begins(an_alert("o0", incident="i0"))
        old = house.deliver(an_alert("o1"))
        await turns()
        house.deliver(an_alert("o2"))
        assert await reason_of(old) == f"for good: {REPLACED}"


@pytest.mark.asyncio
async def test_a_pager_of_another_base_has_no_address_here() -> None:
    async with House() as house:
        delivery = house.deliver(an_alert(pager="q1"))
        assert await reason_of(delivery) == "for good: pager q1 has no address on paging base b1"


@pytest.mark.asyncio
async def test_what_nobody_waits_for_any_more_is_not_called() -> None:
    async with House() as house:
        await house.begins(an_alert("o1"))
        waiting = house.deliver(an_alert("o2", incident="i2"))
        await turns()
        waiting.cancel()
        await asyncio.wait({waiting})
        house.says(Taken("o1"))
        assert [call.id for call in house.script.begun] == ["o1"]


@pytest.mark.asyncio
async def test_an_order_that_comes_again_while_it_is_under_way_is_not_called_twice() -> None:
    async with House() as house:
        cut_off = await house.begins(an_alert("o1"))
        cut_off.cancel()
        await asyncio.wait({cut_off})
        again = house.deliver(an_alert("o1"))
        await turns()
        house.says(Taken("o1"))
        await asyncio.wait_for(again, WAIT_S)
        await turns()
        assert [call.id for call in house.script.begun] == ["o1"]


@pytest.mark.asyncio
async def test_outcomes_of_no_call_do_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with House() as house:
        delivery = await house.begins(an_alert("o1"))
        house.says(Taken("another"), Refused("", ""))
        assert not delivery.done()
        assert caplog.text.count("no call that is under way") == 2


def test_it_is_a_channel_that_is_given_more_time_than_a_step_of_the_ladder() -> None:
    channel: Channel = House().channel
    assert channel.timeout_s > 30.0


# --- the line ---------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_before_the_line_is_open_an_order_fails_at_once() -> None:
    house = House()
    assert "not open yet" in await reason_of(house.deliver(an_alert()))
    assert house.heard == []


@pytest.mark.asyncio
async def test_all_that_waits_or_is_under_way_fails_with_the_line_and_so_does_what_comes_later() -> None:
    async with House() as house:
        deliveries = [house.deliver(an_alert(f"o{number}", incident=f"i{number}")) for number in range(3)]
        await turns()
        house.channel.lost("unplugged: /dev/ttyUSB0")
        assert {await reason_of(delivery) for delivery in deliveries} == {"unplugged: /dev/ttyUSB0"}
        assert await reason_of(house.deliver(an_alert("o4"))) == "unplugged: /dev/ttyUSB0"
        house.channel.opened()
        assert house.script.openings == 2
        await house.begins(an_alert("o4"))
        assert [call.id for call in house.script.begun] == ["o0", "o4"]


@pytest.mark.asyncio
async def test_stopping_fails_what_waits() -> None:
    async with House() as house:
        running = asyncio.create_task(house.channel.run())
        delivery = await house.begins(an_alert())
        running.cancel()
        await asyncio.wait({running})
        assert "not open" in await reason_of(delivery)


@pytest.mark.asyncio
async def test_a_lost_line_is_a_fault_at_once_that_ends_when_line_and_base_are_steady() -> None:
    async with House() as house:
        house.says(Base("ok"))
        house.pass_(0.9)
        assert house.heard == []
        house.pass_(0.2)
        assert house.heard == [h.TroubleOver(OFFLINE), h.TroubleOver(TRANSMITTER)]
        house.heard.clear()
        house.channel.lost("unplugged")
        house.channel.lost("unplugged")
        house.channel.opened()
        house.pass_(60.0)  # nothing is known of the base
        assert house.heard == [h.Trouble(OFFLINE, "unplugged")]
        house.says(Base("ok"))
        house.pass_(1.1)
        assert house.heard[1:] == [h.TroubleOver(OFFLINE)]


@pytest.mark.asyncio
async def test_a_loose_plug_is_one_fault() -> None:
    async with House() as house:
        for _ in range(5):
            house.says(Base("ok"))
            house.pass_(0.9)
            house.channel.lost("unplugged")
            house.channel.opened()
        assert house.heard == [h.Trouble(OFFLINE, "unplugged")]


@pytest.mark.asyncio
async def test_a_base_that_is_not_there_is_a_fault_and_what_waits_for_it_fails_at_once() -> None:
    async with House() as house:
        house.says(Base("ok"))
        deliveries = [house.deliver(an_alert(f"o{number}", incident=f"i{number}")) for number in range(3)]
        await turns()
        house.says(Base("offline", "it does not answer"))
        assert house.heard == [h.Trouble(OFFLINE, "it does not answer")]
        # The call under way ends when the dialect says so.
        assert [await reason_of(delivery) for delivery in deliveries[1:]] == ["it does not answer"] * 2
        assert await reason_of(house.deliver(an_alert("o4"))) == "it does not answer"
        assert not deliveries[0].done()
        house.says(Refused("o0", "no answer"))
        assert await reason_of(deliveries[0]) == "no answer"
        # A dialect that can try a call all the same is given one: it may be what shows that the base is back.
        await house.begins(an_alert("o5"))


@pytest.mark.asyncio
async def test_the_reason_of_a_fault_is_that_of_now() -> None:
    async with House() as house:
        house.channel.lost("unplugged")
        house.channel.opened()
        house.says(Base("offline", "it does not answer"))
        house.pass_(1.1)
        assert house.heard == [h.Trouble(OFFLINE, "unplugged"), h.Trouble(OFFLINE, "it does not answer")]


@pytest.mark.asyncio
async def test_a_transmitter_that_fails_is_a_fault_of_its_own() -> None:
    async with House() as house:
        house.says(Base("offline", "gone"))
        house.says(Base("transmitter", "no transmitter"))
        house.pass_(1.1)
        assert house.heard == [
            h.Trouble(OFFLINE, "gone"),
            h.Trouble(TRANSMITTER, "no transmitter"),
            h.TroubleOver(OFFLINE),
        ]
        house.says(Base("ok"))
        house.pass_(1.1)
        assert house.heard[3:] == [h.TroubleOver(TRANSMITTER)]


@pytest.mark.asyncio
async def test_nonsense_is_told_once_an_hour() -> None:
    async with House() as house:
        for _ in range(100):
            house.says(Nonsense("first"))
        house.now_s += 3600.0
        house.says(Nonsense("later"), Nonsense("latest"))
        assert house.heard == [h.Trouble(MALFORMED, "first"), h.Trouble(MALFORMED, "later")]


@pytest.mark.asyncio
async def test_a_call_that_never_ends_does_not_hold_the_line_for_ever() -> None:
    async with House() as house:
        delivery = await house.begins(an_alert())
        house.pass_(channel_module.UNDER_WAY_MAX_S)
        assert "did not end" in house.plug.given_up[0]
        assert "did not end" in await reason_of(delivery)


@pytest.mark.asyncio
async def test_a_dialect_that_breaks_loses_the_line_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    async with House() as house:
        house.script.breaks = True
        house.channel.heard(b"?")
        assert house.heard == [h.Trouble(OFFLINE, "it failed by a mistake of ours, and is opened anew")]
        assert "RuntimeError: a mistake" in caplog.text


@pytest.mark.asyncio
async def test_the_dialect_is_asked_when_it_is_due_and_not_while_the_line_is_closed() -> None:
    async with House() as house:
        assert house.script.ticked_s == []
        house.script.due_s = house.now_s + 0.002
        house.channel.heard(b"")
        async with asyncio.timeout(0.2):  # and so before TICK_S
            while not house.script.ticked_s:  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.001)
        house.channel.lost("unplugged")
        assert house.channel._timer is None


@pytest.mark.asyncio
async def test_whoever_speaks_without_a_pause_puts_nothing_off() -> None:
    async with House() as house:
        house.script.due_s = house.now_s + 0.02
        async with asyncio.timeout(1.0):
            while not house.script.ticked_s:
                house.channel.heard(b"A")
                house.script.due_s = house.now_s + 0.02
                await asyncio.sleep(0.001)


@pytest.mark.asyncio
async def test_more_than_any_line_can_carry_is_a_flood_and_not_read() -> None:
    async with House() as house:
        for _ in range(10):  # the fastest line, for ten seconds
            house.channel.heard(b"A" * channel_module.FLOOD_BYTES)
            house.now_s += channel_module.FLOOD_S
        assert house.plug.floods == 0
        house.channel.heard(b"A" * channel_module.FLOOD_BYTES)
        house.script.breaks = True  # if it is read
        house.channel.heard(b"A")
        assert house.plug.floods == 1
        assert house.heard == [h.Trouble(OFFLINE, "the line floods us")]
        house.script.breaks = False
        house.channel.opened()
        house.channel.heard(b"A")
        assert house.plug.floods == 1


# --- a base that refuses ----------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_base_that_answers_and_takes_no_call_is_a_fault_until_it_takes_one() -> None:
    async with House() as house:
        house.says(Base("ok"))
        for number, reason in enumerate(("busy", "busy", "unknown", "busy")):
            await house.begins(an_alert(f"o{number}", incident=f"i{number}"))
            assert (h.Trouble(REFUSING, "unknown") in house.heard) == (number > 2)
            house.says(Refused(f"o{number}", reason))
        assert [heard for heard in house.heard if isinstance(heard, h.Trouble)] == [h.Trouble(REFUSING, "unknown")]
        await house.begins(an_alert("cancel", "over"))
        house.says(Taken("cancel", "TAP knows no cancel"))
        assert h.TroubleOver(REFUSING) not in house.heard
        await house.begins(an_alert("last"))
        house.says(Taken("last"))
        assert house.heard[-1] == h.TroubleOver(REFUSING)


@pytest.mark.asyncio
async def test_one_order_tried_again_cancels_and_calls_that_are_taken_between_are_no_refusing_base() -> None:
    async with House() as house:
        house.says(Base("ok"))
        for order, kind, takes in (
            *(("again", "alarm", False),) * 5,
            ("o1", "alarm", False),
            *((f"cancel {number}", "over", False) for number in range(5)),
            ("o2", "alarm", True),
            ("o3", "alarm", False),
            ("o4", "alarm", False),
        ):
            await house.begins(an_alert(order, kind))  # type: ignore[arg-type]
            house.says(Taken(order) if takes else Refused(order, "busy"))
        assert not [heard for heard in house.heard if isinstance(heard, h.Trouble)]


@pytest.mark.asyncio
async def test_a_base_that_is_not_there_refuses_nothing() -> None:
    async with House() as house:
        house.says(Base("ok"))
        for number in range(5):
            await house.begins(an_alert(f"o{number}", incident=f"i{number}"))
            house.says(Base("offline", "gone"), Refused(f"o{number}", "gone"))
        assert house.heard == [h.Trouble(OFFLINE, "gone")]


@pytest.mark.asyncio
async def test_a_call_begins_when_the_base_asks_also_where_an_order_has_just_come() -> None:
    async with House() as house:
        house.script.is_free = False
        quiet = house.deliver(an_alert("quiet", "update", incident="i0"))
        await turns()
        assert house.script.begun == []
        house.deliver(an_alert("o1", pager="p1"))
        house.deliver(an_alert("o2", pager="p2"))
        await asyncio.sleep(0)  # ordered, and not yet collected
        house.script.is_free = True
        house.channel.heard(b"poll")
        assert house.plug.written == b"", "the answer to the poll is not given before they are"
        await turns()
        assert house.script.begun == [Call("o1", "99", "BALIE 3")]
        quiet.cancel()


# --- acknowledged -----------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_whoever_acknowledges_comes_to_what_the_pager_got_last() -> None:
    async with House() as house:
        for number in (1, 2):
            await house.begins(an_alert(f"o{number}", incident=f"i{number}"))
            house.says(Taken(f"o{number}"))
        house.says(Acknowledged("11", "o2"))
        assert answers(house) == [h.Answer("b1-o2-6", "i2", "coming", pager="p1")]


@pytest.mark.asyncio
async def test_paged_as_a_group_each_acknowledges_by_the_own_address() -> None:
    async with House() as house:
        for pager in ("p1", "p2"):
            house.deliver(an_alert(f"o-{pager}", pager=pager))
        await turns()
        house.says(Taken("o-p1"), Acknowledged("99", "o-p1"))
        assert answers(house) == [], "nobody knows who it was"
        house.says(Acknowledged("12", ""))
        assert answers(house) == [h.Answer("b1-o-p2-6", "i1", "coming", pager="p2")]


@pytest.mark.asyncio
async def test_acknowledging_nothing_is_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    async with House() as house:
        house.says(Acknowledged("11", ""))
        await house.begins(an_alert("o1", "test", incident=""))
        house.says(Taken("o1"), Acknowledged("11", "o1"))
        await house.begins(an_alert("o2"))
        house.says(Refused("o2", "busy"), Acknowledged("12", "o2"), Acknowledged("no pager's", "o2"))
        assert answers(house) == []
        assert caplog.text.count("acknowledged at") == 4


@pytest.mark.asyncio
async def test_what_is_over_cannot_be_acknowledged_but_what_rang_after_it_can() -> None:
    async with House() as house:
        for order, kind, incident in (("o1", "alarm", "i1"), ("o2", "alarm", "i2"), ("o3", "over", "i1")):
            await house.begins(an_alert(order, kind, incident=incident))  # type: ignore[arg-type]
            house.says(Taken(order))
        house.says(Acknowledged("11", "o2"))
        assert answers(house) == [h.Answer("b1-o2-6", "i2", "coming", pager="p1")]
        await house.begins(an_alert("o4", "over", incident="i2"))
        house.says(Taken("o4"), Acknowledged("11", "o2"))
        assert len(answers(house)) == 1
