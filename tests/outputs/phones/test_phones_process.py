"""The phones process: every message gets an answer, no way harms another, and nothing on stdin harms it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

import phones_child
from achterwacht.errors import Undeliverable
from achterwacht.outputs.phones import process as process_module
from achterwacht.outputs.phones.channel import COMMAND
from achterwacht.outputs.phones.messages import (
    LINE_MAX_BYTES,
    Address,
    Beat,
    Deliver,
    Forget,
    FromChild,
    Outcome,
    Ready,
    Redeemed,
    Registration,
    ToChild,
    Trouble,
    TroubleOver,
    Wire,
    from_child,
    line,
)
from achterwacht.outputs.phones.process import Process, Recipe
from achterwacht.outputs.phones.vapid import make_vapid_key
from achterwacht.outputs.phones.way import Tell, Way
from achterwacht.outputs.wiring import Ntfy, Phones, Pushover, WebPush

FAULT = "channel:push/failing"
WAIT_S = 10.0
SCRIPTED = (sys.executable, phones_child.__file__)
DAEMON = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
print(child.pid, flush=True)
for line in sys.stdin.buffer:
    child.stdin.write(line)
    child.stdin.flush()
"""
"""A daemon that says its child's id, and passes on what it is told; its child speaks to whom it speaks to."""
PUSH = WebPush("mailto:beheer@gemeente.example", ("fcm.googleapis.com",))
ONE = Phones(push=PUSH)
BOTH = Phones(push=PUSH, ntfy=Ntfy("http://127.0.0.1:9", "replies"))

T = TypeVar("T")


def a_wire(phones: Phones = ONE, key: str = "") -> Wire:
    return Wire(phones, key, {})


def an_order(
    member: str = "lid-1", way: str = "push", name: str = "1", endpoint: str = "", urgent: bool = True
) -> Deliver:
    return Deliver(
        id=name,
        order=f"o{name}",
        way=way,
        member=member,
        address=Address((Registration("r1", endpoint, "", ""),)),
        kind="alarm",
        incident="5-9f3a-412",
        title="NOODKNOP Balie 3",
        text="",
        urgent=urgent,
        ttl_s=120,
    )


# --- the process as it is ---------------------------------------------------------------------------------------------


class Child:
    """The real process, spoken to as the daemon does."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._in, self._out = process.stdin, process.stdout

    def say(self, *messages: ToChild | bytes) -> None:
        for message in messages:
            self._in.write(message if isinstance(message, bytes) else line(message))

    async def says(self, kind: type[T]) -> T:
        """The next that it says of this kind."""
        async with asyncio.timeout(WAIT_S):
            while data := await self._out.readline():
                said = from_child.decode(data)
                if isinstance(said, kind):
                    return said
        raise AssertionError(f"it ended without a {kind.__name__}")

    async def ends(self) -> int:
        self._in.close()
        async with asyncio.timeout(WAIT_S):
            return await self.process.wait()


@contextlib.asynccontextmanager
async def a_child(command: Sequence[str] = COMMAND) -> AsyncIterator[Child]:
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    child = Child(process)
    try:
        yield child
    finally:
        if process.returncode is None:
            process.kill()
        async with asyncio.timeout(WAIT_S):
            await child._out.read()
            await process.wait()


@pytest.mark.asyncio
async def test_it_is_ready_when_it_has_read_its_wire_and_answers_by_the_real_ways(tmp_path: Path) -> None:
    key_file = tmp_path / "vapid.pem"
    make_vapid_key(key_file)
    async with a_child() as child:
        child.say(a_wire(key=str(key_file)))
        await child.says(Ready)
        child.say(an_order(endpoint="http://127.0.0.1/inside"), an_order(way="pigeon", name="2"))
        outcomes = {said.id: said for said in [await child.says(Outcome) for _ in range(2)]}
        assert outcomes["1"] == Outcome("1", "not one of the push services that the plan allows", permanent=True)
        assert outcomes["2"] == Outcome("2", "the plan has no way 'pigeon'", permanent=True)
        await child.says(Beat)
        assert await child.ends() == 0


@pytest.mark.asyncio
async def test_every_way_of_the_plan_can_be_made(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    phones = Phones(push=PUSH, ntfy=Ntfy(nowhere, "replies"), pushover=Pushover(str(tmp_path / "token"), nowhere))
    async with a_child() as child:
        child.say(a_wire(phones), *(an_order("nobody", way, way) for way in ("push", "ntfy", "pushover")))
        reasons = [(await child.says(Outcome)).reason for _ in range(3)]
    assert all(reasons)
    assert not [reason for reason in reasons if "broke" in reason or "begin" in reason or "the plan has no" in reason]


@pytest.mark.asyncio
async def test_nonsense_on_stdin_is_passed_over() -> None:
    async with a_child(SCRIPTED) as child:
        child.say(b"nonsense\n", b"\n", b"\xff\xfe\x00\n", b"[" * 100_000 + b"\n", b'{"type":"deliver"}\n', b"{}\n")
        child.say(b"x" * (3 * LINE_MAX_BYTES) + b"\n", Forget("9"), a_wire(), an_order())
        assert await child.says(Outcome) == Outcome("1")


@pytest.mark.asyncio
async def test_signals_are_for_the_daemon() -> None:
    async with a_child(SCRIPTED) as child:
        child.say(a_wire())
        await child.says(Ready)
        child.process.send_signal(signal.SIGINT)
        child.process.send_signal(signal.SIGTERM)
        child.say(an_order())
        assert await child.says(Outcome) == Outcome("1")
        assert await child.ends() == 0


@pytest.mark.asyncio
async def test_it_ends_with_its_daemon_whatever_hangs() -> None:
    async with a_child(SCRIPTED) as child:
        child.say(a_wire(), an_order("leaves a thread"))
        assert await child.says(Outcome) == Outcome("1")
        child.say(an_order("hangs", name="2"))
        assert await child.ends() == 0


@pytest.mark.asyncio
async def test_what_a_library_prints_stands_not_between_the_lines() -> None:
    async with a_child(SCRIPTED) as child:
        child.say(a_wire(), an_order("prints"))
        assert await child.says(Outcome) == Outcome("1")


@pytest.mark.asyncio
@pytest.mark.parametrize("how", ["holds the GIL", "is stopped"])
async def test_a_hung_process_dies_with_a_daemon_that_is_killed(how: str) -> None:
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DAEMON, *SCRIPTED, stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert daemon.stdin and daemon.stdout
    child = int(await daemon.stdout.readline())
    try:
        async with asyncio.timeout(WAIT_S):
            daemon.stdin.write(line(a_wire()))
            while b'"ready"' not in await daemon.stdout.readline():
                pass
            if how == "is stopped":
                os.kill(child, signal.SIGSTOP)
            else:
                daemon.stdin.write(line(an_order("holds the GIL")))
                while b"it holds the GIL" not in await daemon.stdout.readline():
                    pass
            os.kill(child, signal.SIGTERM)
            daemon.kill()
            await daemon.wait()
            await daemon.stdout.read()  # it ends when neither has it open any more
    except TimeoutError:
        os.kill(child, signal.SIGKILL)
        raise


@pytest.mark.asyncio
async def test_one_whose_daemon_had_died_before_it_began_ends_at_once() -> None:
    async with a_child(SCRIPTED) as child:
        child.say(a_wire(), an_order("holds the GIL"))
        assert await child.ends() == 0


@pytest.mark.asyncio
async def test_what_is_told_while_there_is_room_is_never_lost() -> None:
    async with a_child(SCRIPTED) as child:
        child.say(a_wire(), an_order("floods in turn"))
        for _ in range(phones_child.FLOOD):
            assert await child.says(Redeemed) == Redeemed(phones_child.FLOOD_TOKEN)
        assert await child.says(Outcome) == Outcome("1")
        await child.says(Beat)


def test_a_process_whose_daemon_reads_nothing_ends_and_drops_nothing_in_silence() -> None:
    with subprocess.Popen(SCRIPTED, stdin=PIPE, stdout=PIPE, stderr=DEVNULL) as child:
        assert child.stdin
        child.stdin.write(line(a_wire()) + line(an_order("floods")))
        child.stdin.flush()
        try:
            assert child.wait(WAIT_S) == 1
        finally:
            child.kill()


# --- its ways, without a process --------------------------------------------------------------------------------------


class Scripted:
    """A way that runs and delivers as it is told."""

    def __init__(self, tell: Tell) -> None:
        self.tell = tell
        self.runs: Callable[[], None] | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.delivers: Callable[[], Any] = lambda: None
        self.orders: list[Deliver] = []

    async def run(self) -> None:
        await self.ended

    async def deliver(self, order: Deliver) -> None:
        self.orders.append(order)
        waited = self.delivers()
        if waited is not None:
            await waited


class House:
    """The daemon as far as the process sees it. `made`: every way, in the order in which they were made."""

    def __init__(self, make: Callable[[Tell], Way] | None = None) -> None:
        self.made: list[Scripted] = []
        self.told: list[FromChild] = []
        self.members: Mapping[str, Address] = {}
        self._changed = asyncio.Event()
        self._make = make or self._scripted
        self.process = Process(self._tell, self._recipes)

    def take(self, *messages: ToChild) -> None:
        for message in messages:
            self.process.take(line(message))

    async def tells(self, wanted: FromChild | type[FromChild]) -> FromChild:
        """It has told this, or will."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for said in self.told:
                    if said == wanted or (isinstance(wanted, type) and isinstance(said, wanted)):
                        self.told.remove(said)
                        return said
                self._changed.clear()
                await self._changed.wait()

    def _recipes(self, wire: Wire, members: Mapping[str, Address]) -> Mapping[str, Recipe]:
        self.members = members
        made_from = {"push": wire.phones.push, "ntfy": wire.phones.ntfy}
        return {name: Recipe(wired, self._make) for name, wired in made_from.items() if wired}

    def _scripted(self, tell: Tell) -> Way:
        self.made.append(Scripted(tell))
        return self.made[-1]

    def _tell(self, said: FromChild) -> None:
        self.told.append(said)
        self._changed.set()


def fail(error: BaseException) -> Callable[[], Any]:
    def raise_it() -> None:
        raise error

    return raise_it


@pytest.fixture
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "AGAIN_S", 0.001)
    monkeypatch.setattr(process_module, "STEADY_S", 0.05)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Undeliverable("busy"), Outcome("1", "busy")),
        (Undeliverable("no credit", permanent=True), Outcome("1", "no credit", permanent=True)),
        (Undeliverable(""), Outcome("1", "it said no reason")),
        (Undeliverable("x" * 9000), Outcome("1", "x" * 500)),
        (KeyError("a bug"), Outcome("1", "push broke: KeyError('a bug')")),
        (TimeoutError(), Outcome("1", "no answer from push within 8 s")),
        (asyncio.CancelledError(), Outcome("1", "it was cut off")),
    ],
)
async def test_every_delivery_has_one_outcome(error: BaseException, outcome: Outcome) -> None:
    house = House()
    house.take(a_wire())
    await asyncio.sleep(0)
    house.made[0].delivers = fail(error)
    house.take(an_order())
    await house.tells(outcome)
    assert house.told == [Ready()]


@pytest.mark.asyncio
async def test_a_delivery_that_hangs_is_cut_off_and_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "DELIVER_S", 0.05)
    house = House()
    house.take(a_wire(BOTH))
    await asyncio.sleep(0)
    house.made[0].delivers = asyncio.Event().wait
    house.take(an_order(), an_order(way="ntfy", name="2"))
    await house.tells(Outcome("2"))
    await house.tells(Outcome("1", "no answer from push within 0.05 s"))


@pytest.mark.asyncio
async def test_one_way_takes_no_more_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "DELIVERIES_MAX", 2)
    house = House()
    house.take(a_wire(BOTH))
    await asyncio.sleep(0)
    may_go = asyncio.Event()
    house.made[0].delivers = may_go.wait
    house.take(an_order(name="1"), an_order(name="2"), an_order(name="3"), an_order(way="ntfy", name="4"))
    await house.tells(Outcome("3", "push has 2 messages under way already"))
    await house.tells(Outcome("4"))
    may_go.set()
    await house.tells(Outcome("1"))
    await house.tells(Outcome("2"))


@pytest.mark.asyncio
async def test_an_alarm_goes_out_while_fifty_echoes_hang() -> None:
    house = House()
    house.take(a_wire())
    await asyncio.sleep(0)
    way = house.made[0]
    way.delivers = asyncio.Event().wait
    house.take(*(an_order(name=f"echo {nr}", urgent=False) for nr in range(50)))
    await asyncio.sleep(0)
    way.delivers = lambda: None
    house.take(an_order(name="alarm"))
    await house.tells(Outcome("alarm"))
    assert house.told == [Ready()]
    assert len(way.orders) == process_module.QUIET_AT_ONCE + 1


@pytest.mark.asyncio
async def test_what_is_not_urgent_waits_for_its_turn() -> None:
    house = House()
    house.take(a_wire())
    await asyncio.sleep(0)
    may_go = asyncio.Event()
    house.made[0].delivers = may_go.wait
    house.take(*(an_order(name=str(nr), urgent=False) for nr in range(50)))
    may_go.set()
    for nr in range(50):
        await house.tells(Outcome(str(nr)))


@pytest.mark.asyncio
async def test_alarms_for_everybody_go_out_at_once() -> None:
    house = House()
    house.take(a_wire())
    await asyncio.sleep(0)
    everybody = asyncio.Barrier(110)
    house.made[0].delivers = everybody.wait
    house.take(*(an_order(name=str(nr)) for nr in range(110)))
    for nr in range(110):
        await house.tells(Outcome(str(nr)))


@pytest.mark.asyncio
async def test_what_is_forgotten_is_ended_and_not_answered() -> None:
    house = House()
    house.take(a_wire())
    await asyncio.sleep(0)
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    house.made[0].delivers = lambda: ended
    house.take(an_order())
    await asyncio.sleep(0)
    house.take(Forget("1"), an_order(name="2"))
    house.made[0].delivers = lambda: None
    await house.tells(Outcome("2"))
    assert ended.cancelled()
    assert house.told == [Ready()]


@pytest.mark.asyncio
@pytest.mark.usefixtures("_fast")
async def test_a_way_that_breaks_is_told_made_again_and_over_when_it_stays() -> None:
    house = House()
    house.take(a_wire(BOTH))
    await asyncio.sleep(0)
    first, other = house.made
    first.ended.set_exception(KeyError("a bug"))
    await house.tells(Trouble(FAULT, "it broke and is started again: KeyError('a bug')"))
    house.take(an_order(), an_order(way="ntfy", name="2"))  # the broken one still tries
    await house.tells(Outcome("1"))
    await house.tells(Outcome("2"))
    await house.tells(TroubleOver(FAULT))
    assert len(house.made) == 3
    assert not other.ended.done()


@pytest.mark.asyncio
@pytest.mark.usefixtures("_fast")
@pytest.mark.parametrize("how", ["returns", "is cancelled"])
async def test_a_way_that_just_ends_is_broken_too(how: str) -> None:
    house = House()
    house.take(a_wire())
    await asyncio.sleep(0)
    if how == "returns":
        house.made[0].ended.set_result(None)
    else:
        house.made[0].ended.cancel()
    await house.tells(Trouble(FAULT, "it broke and is started again: it ended"))
    await house.tells(TroubleOver(FAULT))
    assert len(house.made) == 2


@pytest.mark.asyncio
@pytest.mark.usefixtures("_fast")
async def test_a_way_that_breaks_each_time_says_in_vain_that_it_works() -> None:
    house = House()
    house.take(a_wire())
    await asyncio.sleep(0)
    for nr in range(3):
        async with asyncio.timeout(WAIT_S):
            while len(house.made) <= nr:  # noqa: ASYNC110
                await asyncio.sleep(0)
        house.made[nr].tell(TroubleOver(FAULT))
        house.made[nr].ended.set_exception(KeyError("a bug"))
        await asyncio.sleep(0)
    await house.tells(Trouble)
    assert house.told.count(TroubleOver(FAULT)) == 1  # the first life's
    assert not [said for said in house.told if isinstance(said, Trouble)]


@pytest.mark.asyncio
@pytest.mark.usefixtures("_fast")
async def test_a_way_that_cannot_begin_says_so_to_every_order() -> None:
    def cannot(tell: Tell) -> Way:
        raise ModuleNotFoundError("No module named 'apprise'")

    house = House(cannot)
    house.take(a_wire(), an_order())
    outcome = await house.tells(Outcome)
    assert outcome == Outcome("1", "push could not begin: ModuleNotFoundError(\"No module named 'apprise'\")")


@pytest.mark.asyncio
@pytest.mark.usefixtures("_fast")
async def test_a_fault_of_an_earlier_process_is_over_when_a_way_stays() -> None:
    house = House()
    house.take(a_wire())
    await house.tells(TroubleOver(FAULT))


@pytest.mark.asyncio
@pytest.mark.usefixtures("_fast")
async def test_what_a_way_says_of_itself_stands() -> None:
    house = House()
    house.take(a_wire())
    await asyncio.sleep(0)
    way = house.made[0]
    for _ in range(3):
        way.tell(Trouble(FAULT, "no credit"))
    house.take(a_wire(BOTH))
    await house.tells(TroubleOver("channel:ntfy/failing"))  # the other is steady, so this one is as well
    assert house.told == [Ready(), Trouble(FAULT, "no credit"), Ready()]


@pytest.mark.asyncio
async def test_a_new_wire_leaves_alone_what_did_not_change() -> None:
    house = House()
    house.take(a_wire(BOTH))
    await asyncio.sleep(0)
    push, ntfy = house.made
    push.tell(Trouble("way:push:lid-1/failing", "no phone"))
    house.take(Wire(Phones(ntfy=BOTH.ntfy), "", {"lid-1": Address(ntfy="t1")}))
    await house.tells(TroubleOver("way:push:lid-1/failing"))
    push.tell(Trouble("way:push:lid-1/failing", "too late"))
    house.take(an_order(way="ntfy"), an_order(name="2"))
    await house.tells(Outcome("1"))
    await house.tells(Outcome("2", "the plan has no way 'push'", permanent=True))
    assert house.made == [push, ntfy]
    assert push.ended.cancelled()
    assert not ntfy.ended.done()
    assert house.members == {"lid-1": Address(ntfy="t1")}
    assert Trouble("way:push:lid-1/failing", "too late") not in house.told


@pytest.mark.asyncio
async def test_a_way_that_changed_is_made_anew() -> None:
    house = House()
    house.take(a_wire())
    await asyncio.sleep(0)
    house.take(a_wire(Phones(push=WebPush("mailto:a@b.nl", ()))), an_order())
    await house.tells(Outcome("1"))
    first, second = house.made
    assert first.orders == []
    assert len(second.orders) == 1
