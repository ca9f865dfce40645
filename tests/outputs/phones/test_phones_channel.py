"""The daemon's end of the phones process: whatever that process does, an order is answered and the daemon goes on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

import phones_child
from achterwacht.core import heard as h
from achterwacht.core.facts import Ordered
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Site
from achterwacht.errors import Undeliverable
from achterwacht.outputs.dispatch import Alert
from achterwacht.outputs.phones import channel as channel_module
from achterwacht.outputs.phones.channel import COMMAND, FAULT, PhonesChannel, ttl_s
from achterwacht.outputs.phones.messages import LINE_MAX_BYTES, Address, Deliver, Registration, Wire, line
from achterwacht.outputs.wiring import Phones, WebPush

WAIT_S = 10.0
NOW = Moment(0.0, datetime(2026, 11, 21, tzinfo=UTC), True)
PUSH = WebPush("mailto:beheer@gemeente.example", ("fcm.googleapis.com",))
WIRE = Wire(Phones(push=PUSH), "", {})
TOKENS = {"coming": "t1", "cannot": "t2"}

SCRIPTED = (sys.executable, phones_child.__file__)
"""The process as it is, but for its ways."""


def child(script: str) -> tuple[str, ...]:
    """A process that does only this; `say(type, ...)` says a line, `heard()` gives the next as a dict."""
    words = (
        "import json, os, sys, time\n"
        "def say(kind, **said): print(json.dumps({'type': kind, **said}), flush=True)\n"
        "def heard(): return json.loads(sys.stdin.readline() or os._exit(0))\n"
    )
    return (sys.executable, "-c", words + script)


ECHO = child("""
while True:
    said = heard()
    if said["type"] == "wire": say("ready"); say("trouble", key="wire", detail=str(said["phones"]["push"]["hosts"]))
    elif said["type"] == "deliver" and said["member"] != "hangs": say("outcome", id=said["id"], reason=json.dumps(said))
    elif said["type"] == "forget": say("trouble", key="forgotten", detail=said["id"])
""")


def an_alert(member: str = "lid-1", kind: Any = "alarm", tokens: dict[str, str] = TOKENS, way: str = "push") -> Alert:
    ordered = Ordered(NOW, "o1", "7-00ff-1", "7-00ff-1", 7, f"{way}:{member}", kind, 1, "first press")
    site = Site("Gemeente", "Plein 1")
    url = "https://paging.example/a/1"
    return Alert(ordered, "Balie 3", "", site, "nl", 0, 0.0, 2, member=member, tokens=tokens, proof="Zx0", url=url)


def address_of(member: str) -> Address:
    return Address((Registration("r1", "https://fcm.googleapis.com/x", "p", "a"),))


class House:
    """The daemon as far as the channel sees it. Its clock can be moved ahead."""

    def __init__(self, command: Sequence[str]) -> None:
        self.heard: list[h.Heard] = []
        self.redeemed: list[str] = []
        self.gone: list[tuple[str, str]] = []
        self.ahead_s = 0.0
        self._changed = asyncio.Event()
        self.channel = PhonesChannel(
            self._hear,
            self.redeemed.append,
            lambda member, registration: self.gone.append((member, registration)),
            address_of,
            lambda: time.monotonic() + self.ahead_s,
            command,
        )

    def _hear(self, heard: h.Heard) -> None:
        self.heard.append(heard)
        self._changed.set()

    async def hears(self, wanted: Callable[[h.Heard], bool]) -> h.Heard:
        """It has heard this, or will. What was heard before is heard no more."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for nr, heard in enumerate(self.heard):
                    if wanted(heard):
                        del self.heard[: nr + 1]
                        return heard
                self._changed.clear()
                await self._changed.wait()

    async def hears_fault(self, words: str) -> None:
        await self.hears(lambda heard: isinstance(heard, h.Trouble) and heard.key == FAULT and words in heard.detail)

    async def is_well(self) -> None:
        """The process has been ready for long enough."""
        await self.delivers(an_alert())
        await self.hears(lambda heard: heard == h.TroubleOver(FAULT))

    async def delivers(self, alert: Alert) -> None:
        """As dispatch does: again while the process is not running."""
        async with asyncio.timeout(WAIT_S):
            while True:
                try:
                    return await self.channel.deliver(alert)
                except Undeliverable as failure:
                    if failure.reason != "the phones process is not running":
                        raise
                await asyncio.sleep(channel_module.TICK_S)

    async def fails(self, alert: Alert) -> Undeliverable:
        with pytest.raises(Undeliverable) as failure:
            await self.delivers(alert)
        return failure.value


@contextlib.asynccontextmanager
async def running(command: Sequence[str] = SCRIPTED, wire: Wire | None = WIRE) -> AsyncIterator[House]:
    house = House(command)
    if wire:
        house.channel.wire(wire)
    task = asyncio.create_task(house.channel.run())
    try:
        yield house
    finally:
        task.cancel()
        async with asyncio.timeout(WAIT_S):
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "PAUSE_S", 0.01)
    monkeypatch.setattr(channel_module, "PAUSE_MAX_S", 0.05)
    monkeypatch.setattr(channel_module, "TICK_S", 0.01)
    monkeypatch.setattr(channel_module, "STEADY_S", 0.1)


# --- what is brought, and what comes back -----------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_the_real_process_answers() -> None:
    async with running(COMMAND) as house:
        failure = await house.fails(an_alert(way="pigeon"))
    assert (failure.reason, failure.permanent) == ("the plan has no way 'pigeon'", True)


@pytest.mark.asyncio
async def test_an_alarm_is_brought_with_all_that_a_way_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "phone_text", lambda alert: ("NOODKNOP Balie 3", "Publiekshal"))
    monkeypatch.setattr(channel_module, "button_label", lambda language, answer: f"{language} {answer}")
    async with running(ECHO) as house:
        failure = await house.fails(an_alert())
    said = json.loads(failure.reason)
    assert said == {
        "type": "deliver",
        "id": said["id"],
        "order": "o1",
        "way": "push",
        "member": "lid-1",
        "address": {
            "registrations": [{"id": "r1", "endpoint": "https://fcm.googleapis.com/x", "p256dh": "p", "auth": "a"}],
            "ntfy": "",
            "pushover": "",
            "phone": "",
            "email": "",
        },
        "kind": "alarm",
        "incident": "7-00ff-1",
        "title": "NOODKNOP Balie 3",
        "text": "Publiekshal",
        "urgent": True,
        "ttl_s": 120,
        "attempt": 2,
        "reason": "first press",
        "buttons": [
            {"label": "nl coming", "answer": "coming", "token": "t1"},
            {"label": "nl cannot", "answer": "cannot", "token": "t2"},
        ],
        "acknowledge_token": "t1",
        "proof": "Zx0",
        "url": "https://paging.example/a/1",
    }


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("kind", "tokens", "answers", "acknowledges", "urgent"),
    [
        ("alarm", {"cannot": "t2"}, ["cannot"], "", True),
        ("call_112", {"called_112": "t3", "cannot": "t2"}, ["called_112", "cannot"], "", True),
        ("drill", {"coming": "t1", "cannot": "t2"}, ["coming", "cannot"], "t1", True),
        ("update", {}, [], "", False),
        ("reminder", {}, [], "", False),
        ("fault", {}, [], "", False),
        ("over", {}, [], "", False),
    ],
)
async def test_only_what_can_be_answered_has_a_button(
    kind: str, tokens: dict[str, str], answers: list[str], acknowledges: str, urgent: bool
) -> None:
    async with running(ECHO) as house:
        failure = await house.fails(an_alert(kind=kind, tokens=tokens))
    said = json.loads(failure.reason)
    assert [button["answer"] for button in said["buttons"]] == answers
    assert said["acknowledge_token"] == acknowledges
    assert said["urgent"] is urgent
    assert said["title"]


def test_what_rings_is_soon_worthless_and_a_test_is_not() -> None:
    assert [ttl_s(kind) for kind in ("alarm", "call_112", "drill", "test")] == [120, 120, 120, 21600]
    assert {ttl_s(kind) for kind in ("over", "update", "reminder", "fault", "who", "check")} == {3600}


@pytest.mark.asyncio
async def test_an_outcome_is_what_dispatch_is_told() -> None:
    async with running() as house:
        await house.delivers(an_alert())
        refused, busy = await house.fails(an_alert("refuses")), await house.fails(an_alert("fails"))
    assert (refused.reason, refused.permanent) == ("no credit", True)
    assert (busy.reason, busy.permanent) == ("busy", False)


@pytest.mark.asyncio
async def test_what_comes_back_is_passed_on() -> None:
    async with running() as house:
        await house.delivers(an_alert("tells"))
        await house.hears(lambda heard: heard == h.Trouble("channel:push/failing", "no credit"))
        await house.hears(lambda heard: heard == h.TroubleOver("channel:push/failing"))
    assert house.gone == [("tells", "r1")]
    assert house.redeemed == ["t1"]


@pytest.mark.asyncio
async def test_a_delivery_that_dispatch_cuts_off_is_forgotten() -> None:
    async with running(ECHO) as house:
        await house.fails(an_alert())
        given_up = asyncio.create_task(house.channel.deliver(an_alert("hangs")))
        await asyncio.sleep(0)
        given_up.cancel()
        await house.hears(lambda heard: isinstance(heard, h.Trouble) and heard.key == "forgotten")
    assert given_up.cancelled()


# --- the life of the process ------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_before_it_runs_an_order_fails_at_once() -> None:
    house = House(SCRIPTED)
    house.channel.wire(WIRE)
    with pytest.raises(Undeliverable, match="not running") as failure:
        await house.channel.deliver(an_alert())
    assert not failure.value.permanent


@pytest.mark.asyncio
async def test_a_process_that_stays_ends_the_fault_of_an_earlier_daemon() -> None:
    async with running() as house:
        assert await house.hears(lambda heard: True) == h.TroubleOver(FAULT)
        await house.delivers(an_alert())
    assert house.heard == []


@pytest.mark.asyncio
async def test_a_process_that_dies_fails_what_it_had_and_another_takes_over() -> None:
    async with running() as house:
        await house.is_well()
        pending = asyncio.create_task(house.channel.deliver(an_alert("hangs")))
        failure = await house.fails(an_alert("dies"))
        assert (failure.reason, failure.permanent) == ("the phones process ended", False)
        with pytest.raises(Undeliverable, match="the phones process ended"):
            await pending
        await house.hears_fault("ended with status 3")
        await house.is_well()


@pytest.mark.asyncio
async def test_a_process_that_is_killed_is_started_again() -> None:
    async with running(child("heard(); say('ready'); heard(); os.kill(os.getpid(), 9)")) as house:
        failure = await house.fails(an_alert())
        assert failure.reason == "the phones process ended"
        await house.hears_fault("was killed by signal 9")


@pytest.mark.asyncio
async def test_what_a_process_has_found_ends_with_it() -> None:
    fault = h.Trouble("way:push:lid-1/failing", "no phone")
    async with running(
        child(f"heard(); say('trouble', key={fault.key!r}, detail={fault.detail!r}); sys.exit()")
    ) as house:
        await house.hears(lambda heard: heard == fault)
        await house.hears(lambda heard: heard == h.TroubleOver(fault.key))
        await house.hears_fault("ended with status 0")


@pytest.mark.asyncio
async def test_a_process_that_hangs_is_killed() -> None:
    async with running() as house:
        await house.is_well()
        pending = asyncio.create_task(house.channel.deliver(an_alert("blocks")))
        while not pending.done():
            await asyncio.sleep(channel_module.TICK_S)
            house.ahead_s += 1
        assert "the phones process ended" in str(pending.exception())
        await house.hears_fault("hung: it gave no sign of life for 5 s")


@pytest.mark.asyncio
async def test_a_process_that_beats_is_left_alone() -> None:
    beats = "heard(); say('ready'); said = heard()\nfor _ in range(50): say('beat'); time.sleep(0.01)\n"
    async with running(child(beats + "say('outcome', id=said['id']); heard()")) as house:
        pending = asyncio.create_task(house.delivers(an_alert()))
        while not pending.done():
            await asyncio.sleep(channel_module.TICK_S)
            house.ahead_s += 0.2
        await pending
        assert not [heard for heard in house.heard if isinstance(heard, h.Trouble)]


@pytest.mark.asyncio
async def test_a_process_that_never_becomes_ready_is_told() -> None:
    async with running(child("while True: say('beat'); time.sleep(0.01)")) as house:
        async with asyncio.timeout(WAIT_S):
            while not house.heard:
                house.ahead_s += 1
                await asyncio.sleep(channel_module.TICK_S)
        await house.hears_fault("was not ready within 30 s")


@pytest.mark.asyncio
async def test_one_that_keeps_dying_stays_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "STEADY_S", 60.0)
    async with running(child("heard(); say('ready'); heard(); sys.exit(5)")) as house:
        for _ in range(3):
            assert (await house.fails(an_alert())).reason == "the phones process ended"
        await house.hears_fault("ended with status 5")
        assert house.heard == []


@pytest.mark.asyncio
async def test_a_program_that_cannot_be_started_is_told() -> None:
    async with running(("/nowhere/python",)) as house:
        await house.hears_fault("cannot be started")


@pytest.mark.asyncio
async def test_one_that_closes_its_line_and_stays_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "END_S", 0.05)
    async with running(child("os.close(1); time.sleep(3600)")) as house:
        await house.hears_fault("closed its line and does not end")


@pytest.mark.asyncio
async def test_one_that_does_not_read_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "WAITING_MAX_BYTES", 1024)
    monkeypatch.setattr(channel_module, "phone_text", lambda alert: ("", "x" * 100_000))
    deaf = "heard(); say('ready'); say('trouble', key='now', detail='deaf')\nwhile True: say('beat'); time.sleep(0.1)"
    async with running(child(deaf)) as house:
        await house.hears(lambda heard: heard == h.Trouble("now", "deaf"))
        orders = [asyncio.create_task(house.channel.deliver(an_alert())) for _ in range(50)]
        done, _ = await asyncio.wait(orders, timeout=WAIT_S, return_when=asyncio.FIRST_COMPLETED)
        assert {str(order.exception()) for order in done} == {"the phones process does not read"}
    assert all(order.done() for order in orders)


@pytest.mark.asyncio
async def test_nonsense_from_it_is_passed_over() -> None:
    nonsense = "print('nonsense'); print('x' * 500000); print(); say('pigeon'); sys.stdout.buffer.write(b'\\xff\\n')\n"
    answers = "heard(); say('ready'); said = heard(); say('outcome', id='nobody')\n"
    async with running(child(nonsense + answers + "say('outcome', id=said['id']); heard()")) as house:
        await house.delivers(an_alert())


LOGGED_NONSENSE = "the phones process spoke nonsense: 100 lines of it"


@pytest.mark.asyncio
@pytest.mark.parametrize("nonsense", ["'nonsense'", "'x' * 200_000"])
async def test_one_that_speaks_only_nonsense_is_killed_and_logged_once(
    nonsense: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(child(f"heard(); say('ready')\nwhile True: print({nonsense})")) as house:
        await house.hears_fault("spoke nonsense: 100 lines of it; it is started again by itself")
    logged = [record.getMessage() for record in caplog.records if record.name == channel_module.__name__]
    assert len([said for said in logged[: logged.index(LOGGED_NONSENSE) + 1] if "not understood" in said]) == 1


@pytest.mark.asyncio
async def test_a_bug_in_what_follows_does_not_cut_off_all_telephones(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as house:
        monkeypatch.setattr(house.channel, "_redeem", None)
        await house.delivers(an_alert("tells"))
        await house.hears(lambda heard: heard == h.TroubleOver("channel:push/failing"))


# --- the plan ---------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_new_plan_is_told_to_the_same_process() -> None:
    async with running(ECHO) as house:
        first = json.loads((await house.fails(an_alert())).reason)
        house.channel.wire(Wire(Phones(push=WebPush("mailto:a@b.nl", ("new.example",))), "", {}))
        await house.hears(lambda heard: heard == h.Trouble("wire", "['new.example']"))
        second = json.loads((await house.fails(an_alert())).reason)
    assert int(second["id"]) > int(first["id"])
    assert not [heard for heard in house.heard if isinstance(heard, h.Trouble)]


@pytest.mark.asyncio
async def test_without_a_wire_there_is_no_process() -> None:
    async with running(("/nowhere/python",), wire=None) as house:
        with pytest.raises(Undeliverable, match="not running"):
            await house.channel.deliver(an_alert())
        assert house.heard == []
        house.channel.wire(WIRE)
        await house.hears_fault("cannot be started")


@pytest.mark.asyncio
async def test_a_plan_that_changes_while_a_process_is_started_counts() -> None:
    async with running(ECHO) as house:
        await asyncio.sleep(0)  # it is being started
        house.channel.wire(Wire(Phones(push=WebPush("mailto:a@b.nl", ("new.example",))), "", {}))
        wired = await house.hears(lambda heard: isinstance(heard, h.Trouble) and heard.key == "wire")
    assert wired == h.Trouble("wire", "['new.example']")


MANY = Wire(Phones(push=PUSH), "", {f"lid-{nr}": Address(ntfy="x" * 2000) for nr in range(600)})
"""Too much for a line."""


def test_a_plan_of_five_hundred_members_and_a_message_to_ten_browsers_fit_on_a_line() -> None:
    address = Address((), "n" * 64, "p" * 30, "+31600000000", "e" * 254)
    wire = Wire(Phones(push=PUSH), "vapid.pem", {f"lid-{nr}": address for nr in range(500)})
    assert 3 * len(line(wire)) < LINE_MAX_BYTES
    browser = Registration("r" * 16, "https://" + "e" * 1000, "p" * 88, "a" * 24)
    order = Deliver(
        id="1",
        order="o1",
        way="push",
        member="lid-1",
        address=Address((browser,) * 10),
        kind="alarm",
        incident="7-00ff-1",
        title="t" * 1000,
        text="t" * 4000,
        urgent=True,
        ttl_s=120,
    )
    assert 30 * len(line(order)) < LINE_MAX_BYTES


@pytest.mark.asyncio
async def test_a_plan_that_is_too_long_is_a_fault_at_once_and_the_one_before_goes_on() -> None:
    async with running() as house:
        await house.is_well()
        house.channel.wire(MANY)
        await house.hears_fault("remove members or ways")
        await house.delivers(an_alert())
        house.channel.wire(WIRE)
        await house.is_well()


@pytest.mark.asyncio
async def test_a_first_plan_that_is_too_long_is_a_fault_at_once() -> None:
    async with running(wire=MANY) as house:
        await house.hears_fault("remove members or ways")


@pytest.mark.asyncio
async def test_a_message_that_is_too_long_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "phone_text", lambda alert: ("", "x" * LINE_MAX_BYTES))
    async with running() as house:
        failure = await house.fails(an_alert())
    assert failure.permanent
    assert "too long" in failure.reason
