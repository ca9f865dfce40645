"""The alarm centre over real sockets: a receiving centre that is not ours, and scripted ones that behave badly.

Every frame that a scripted receiver gets is read by a strict judge that is not ours either.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue
from typing import Any, Literal

import pytest
from pysiaalarm.account import SIAAccount
from pysiaalarm.event import SIAEvent
from pysiaalarm.sync.client import SIAClient
from pysiaalarm.utils.enums import CommunicationsProtocol, MessageTypes
from siadc09.account import Account  # type: ignore[import-untyped]
from siadc09.message import AckMessage, DuhMessage  # type: ignore[import-untyped]

from achterwacht.core import heard as h
from achterwacht.errors import Undeliverable
from achterwacht.outputs.alarm_centre import address, transport
from achterwacht.outputs.alarm_centre import client as client_module
from achterwacht.outputs.alarm_centre import session as session_module
from achterwacht.outputs.alarm_centre.client import WAITING_MAX, AlarmCentre
from achterwacht.outputs.alarm_centre.session import TRIES
from achterwacht.outputs.dispatch import Channel
from achterwacht.outputs.wiring import CentreLine, Receiver
from dc09 import LINE, ShiftedClock, alert, judged

LOOPBACK = "127.0.0.1"
BOUND_S = 10.0
"""No wait of a test takes longer."""
SECRETS = ("0123456789ABCDEF", "0123456789ABCDEF01234567", "0123456789ABCDEF0123456789ABCDEF")
"""pysiaalarm takes the characters themselves for the key's bytes."""

Reply = Callable[[bytes], bytes | None]
"""What a scripted receiver answers to a frame; None for nothing."""


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses, made short."""
    monkeypatch.setattr(session_module, "QUICK_S", 0.02)
    monkeypatch.setattr(session_module, "AGAIN_S", 0.05)
    monkeypatch.setattr(client_module, "AGAIN_S", 0.05)
    monkeypatch.setattr(client_module, "GLANCE_S", 0.02)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that says nothing is given up soon."""
    monkeypatch.setattr(transport, "ANSWER_S", 0.5)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that says nothing is never given up."""
    monkeypatch.setattr(transport, "ANSWER_S", 3600.0)


# --- receivers --------------------------------------------------------------------------------------------------------


def acknowledge(frame: bytes) -> bytes:
    said = judged(frame)
    return bytes(AckMessage(said.account, said.seq).encode())


def duh(frame: bytes) -> bytes:
    said = judged(frame)
    return bytes(DuhMessage(said.account, said.seq).encode())


def nothing(frame: bytes) -> None:
    return None


def say(data: bytes) -> Reply:
    return lambda frame: data


class Scripted:
    """A receiver that answers as it is told, then with `ever`."""

    def __init__(self, *replies: Reply, ever: Reply = acknowledge, step: int = 1024) -> None:
        self.frames: list[bytes] = []
        self.most_at_once = 0
        self._came = asyncio.Event()
        self._replies = list(replies)
        self._ever = ever
        self._step = step
        self._at_once = 0

    @property
    def said(self) -> list[Any]:
        """What came, as the judge read it, without the supervision."""
        return [said for said in map(judged, self.frames) if said.idtoken != "NULL"]

    @property
    def codes(self) -> list[str]:
        return [said.data.blocks[1].events[0].code for said in self.said]

    def take(self, frame: bytes) -> bytes | None:
        judged(frame)
        self.frames.append(frame)
        self._came.set()
        self._came = asyncio.Event()
        return (self._replies.pop(0) if self._replies else self._ever)(frame)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until it is so; it is looked at with each frame that comes."""
        async with asyncio.timeout(BOUND_S):
            while not is_so():
                await self._came.wait()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        with contextlib.suppress(ConnectionError):
            answer = self.take(await reader.readuntil(b"\r"))
            for start in range(0, len(answer or b""), self._step):
                assert answer is not None
                writer.write(answer[start : start + self._step])
                await writer.drain()
                await asyncio.sleep(0)
            await reader.read()  # until the other side has gone
        self._at_once -= 1
        writer.close()


@asynccontextmanager
async def listening(scripted: Scripted, port: int = 0) -> AsyncIterator[Receiver]:
    server = await asyncio.start_server(scripted.talk, LOOPBACK, port)
    async with server:
        yield Receiver(LOOPBACK, server.sockets[0].getsockname()[1])


class Datagrams(asyncio.DatagramProtocol):
    """A scripted receiver on UDP."""

    def __init__(self, scripted: Scripted) -> None:
        self._scripted = scripted

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        answer = self._scripted.take(data)
        if answer is not None:
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def listening_udp(scripted: Scripted) -> AsyncIterator[Receiver]:
    loop = asyncio.get_running_loop()
    endpoint, _ = await loop.create_datagram_endpoint(lambda: Datagrams(scripted), local_addr=(LOOPBACK, 0))
    yield Receiver(LOOPBACK, endpoint.get_extra_info("sockname")[1], "udp")
    endpoint.close()


def dead() -> Receiver:
    """Where nobody listens."""
    with socket.socket() as there:
        there.bind((LOOPBACK, 0))
        return Receiver(LOOPBACK, there.getsockname()[1])


class Independent:
    """pysiaalarm, listening in threads of its own."""

    def __init__(self, client: SIAClient, transport: Literal["tcp", "udp"], events: Queue[SIAEvent]) -> None:
        self.client = client
        self._events = events
        self.receiver = Receiver(LOOPBACK, client.sia_server.server_address[1], transport)

    async def event(self) -> SIAEvent:
        """The next event that it took; it tells it after its answer."""
        return await asyncio.to_thread(self._events.get, timeout=BOUND_S)

    def answer(self, frame: bytes) -> bytes:
        """What it says to these bytes, without a socket."""
        event = self.client.sia_server.parse_and_check_event(frame)
        assert event is not None
        return event.create_response()


@contextlib.contextmanager
def independent(transport: Literal["tcp", "udp"] = "tcp", secret: str | None = None) -> Iterator[Independent]:
    events: Queue[SIAEvent] = Queue()
    protocol = CommunicationsProtocol.TCP if transport == "tcp" else CommunicationsProtocol.UDP
    client = SIAClient(LOOPBACK, 0, [SIAAccount("1234", secret)], events.put, protocol)
    client.start(poll_interval=0.02)
    try:
        yield Independent(client, transport, events)
    finally:
        client.stop()


# --- our side ---------------------------------------------------------------------------------------------------------


class Ours:
    """The alarm centre with what it was heard to say."""

    def __init__(self, line: CentreLine, clock: ShiftedClock) -> None:
        self.heard: asyncio.Queue[h.Heard] = asyncio.Queue()
        self.all: list[h.Heard] = []
        self.centre = AlarmCentre(line, self._hear, clock)

    def _hear(self, said: h.Heard) -> None:
        self.all.append(said)
        self.heard.put_nowait(said)

    async def deliver(self, kind: str = "alarm", reason: str = "first press", zender: int = 7) -> None:
        async with asyncio.timeout(BOUND_S):
            await self.centre.deliver(alert(kind, reason, zender))

    async def next(self, kind: type[h.Trouble] | type[h.TroubleOver], key: str) -> str:
        """The detail of this fault, when it is told that it stands or is over."""
        async with asyncio.timeout(BOUND_S):
            while True:
                said = await self.heard.get()
                if isinstance(said, kind) and said.key == key:
                    return said.detail if isinstance(said, h.Trouble) else ""


def ours(*receivers: Receiver, off: timedelta = timedelta(), **line: Any) -> Ours:
    return Ours(replace(LINE, receivers=receivers, **line), ShiftedClock(off))


@asynccontextmanager
async def supervising(side: Ours) -> AsyncIterator[Ours]:
    task = asyncio.create_task(side.centre.run())
    try:
        yield side
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def key_file(tmp_path: Path) -> Callable[[str], str]:
    def write(secret: str) -> str:
        path = tmp_path / "alarm-centre.key"
        path.write_text(secret.encode().hex() + "\n")
        return str(path)

    return write


KINDS = [
    ("alarm", "first press"),
    ("confirmed", "second button"),
    ("over", "closed"),
    ("trouble", "battery low"),
    ("trouble_over", "battery low"),
    ("trouble", "missing"),
    ("trouble_over", "missing"),
    ("test", "daily test"),
]


def test_it_is_a_channel() -> None:
    channel: Channel = ours(dead()).centre  # what mypy holds
    assert callable(channel.deliver)


def test_a_delivery_has_time_for_all_that_it_may_try() -> None:
    one, two = ours(dead()).centre.timeout_s, ours(dead(), dead()).centre.timeout_s
    assert TRIES * (transport.CONNECT_S + transport.ANSWER_S) < one < two < 60


# --- against a receiving centre that is not ours ----------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("protocol", ["SIA-DCS", "ADM-CID"])
@pytest.mark.parametrize("secret", [None, *SECRETS])
async def test_another_program_acknowledges_every_kind(
    transport: Literal["tcp", "udp"], protocol: str, secret: str | None, key_file: Callable[[str], str]
) -> None:
    with independent(transport, secret) as there:
        side = ours(there.receiver, protocol=protocol, key_file=key_file(secret) if secret else "")
        events = []
        for kind, reason in KINDS:
            await side.deliver(kind, reason)
            events.append(await there.event())
    if protocol == "SIA-DCS":
        assert [event.code for event in events] == ["HA", "HA", "HH", "XT", "XR", "BZ", "BJ", "RP"]
    else:
        cids = ["1122", "1129", "3122", "1384", "3384", "1381", "3381", "1602"]
        assert [f"{event.event_qualifier}{event.event_type}" for event in events] == cids
    assert {event.encrypted for event in events} == {secret is not None}
    assert not any(isinstance(said, h.Trouble) for said in side.all)


@pytest.mark.asyncio
@pytest.mark.parametrize("off", [timedelta(minutes=1), timedelta(minutes=-1), timedelta(days=-20000)])
async def test_a_wrong_clock_is_corrected_and_the_message_said_again(
    off: timedelta, key_file: Callable[[str], str]
) -> None:
    with independent(secret=SECRETS[0]) as there:
        side = ours(there.receiver, off=off, key_file=key_file(SECRETS[0]))
        await side.deliver()
        assert (there.client.counts.error_timestamp, there.client.counts.events) == (1, 2)
        await side.deliver("over", "closed")
        assert (there.client.counts.error_timestamp, there.client.counts.events) == (1, 3)
    assert not any(isinstance(said, h.Trouble) for said in side.all)


@pytest.mark.asyncio
async def test_a_wrong_clock_is_no_reason_to_refuse_what_is_not_encrypted() -> None:
    with independent() as there:
        await ours(there.receiver, off=timedelta(days=-20000)).deliver()
        assert there.client.counts.events == 1


@pytest.mark.asyncio
async def test_an_account_that_is_not_known_there_is_a_fault_and_not_given_up() -> None:
    with independent() as there:
        side = ours(there.receiver, account="9999")
        with pytest.raises(Undeliverable, match="NAK") as refused:
            await side.deliver()
    assert not refused.value.permanent
    assert "does it know this account" in await side.next(h.Trouble, "alarm_centre/refused")


@pytest.mark.asyncio
async def test_another_key_is_a_fault(key_file: Callable[[str], str]) -> None:
    with independent(secret=SECRETS[0]) as there:
        side = ours(there.receiver, key_file=key_file(SECRETS[0][::-1]))
        with pytest.raises(Undeliverable):
            await side.deliver()
    assert await side.next(h.Trouble, "alarm_centre/refused")


@pytest.mark.asyncio
async def test_a_key_that_was_corrected_needs_no_restart(key_file: Callable[[str], str]) -> None:
    with independent(secret=SECRETS[0]) as there:
        file = key_file(SECRETS[0][::-1])
        side = ours(there.receiver, key_file=file)
        with pytest.raises(Undeliverable):
            await side.deliver()
        assert key_file(SECRETS[0]) == file
        await side.deliver()
        assert (await there.event()).code == "HA"
    assert await side.next(h.TroubleOver, "alarm_centre/refused") == ""


@pytest.mark.asyncio
async def test_a_frame_that_was_damaged_on_its_way_is_said_again() -> None:
    with independent() as there:

        def damaged(frame: bytes) -> bytes:
            return there.answer(frame.replace(b"Balie", b"Balje"))

        scripted = Scripted(damaged, ever=there.answer)
        async with listening(scripted) as receiver:
            await ours(receiver).deliver()
        assert there.client.counts.error_crc == 1
    assert len(scripted.frames) == 2 and scripted.frames[0] == scripted.frames[1]


@pytest.mark.asyncio
async def test_another_program_answers_the_supervision() -> None:
    with independent() as there:
        async with supervising(ours(there.receiver, supervise_s=0.02)) as side:
            await side.next(h.TroubleOver, "alarm_centre/offline")
            events = [await there.event() for _ in range(3)]
    assert {event.message_type for event in events} == {MessageTypes.NULL}
    assert not any(isinstance(said, h.Trouble) for said in side.all)


# --- receivers that are dead, and come back ---------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_receiver_that_is_dead_at_the_start_is_a_fault_until_it_is_there() -> None:
    nobody = dead()
    async with supervising(ours(nobody, supervise_s=60.0)) as side:
        detail = await side.next(h.Trouble, "alarm_centre/offline")
        assert detail == f"{LOOPBACK}:{nobody.port} cannot be reached: Connection refused"
        with pytest.raises(Undeliverable, match="Connection refused"):
            await side.deliver()
        scripted = Scripted()
        async with listening(scripted, nobody.port):
            await side.next(h.TroubleOver, "alarm_centre/offline")
            await side.deliver()
    assert scripted.codes == ["HA"]
    assert not any(isinstance(said, h.Trouble) and said.key.startswith("receiver") for said in side.all)


@pytest.mark.asyncio
async def test_the_second_receiver_takes_over_and_the_first_is_first_again_when_it_comes_back() -> None:
    nobody, first, second = dead(), Scripted(), Scripted()
    async with listening(second) as there, supervising(ours(nobody, there, supervise_s=60.0)) as side:
        await side.deliver()
        assert second.codes == ["HA"]
        await side.next(h.Trouble, "receiver:1/offline")
        async with listening(first, nobody.port):
            await side.next(h.TroubleOver, "receiver:1/offline")
            await side.deliver("over", "closed")
    assert (first.codes, second.codes) == (["HH"], ["HA"])
    keys = {said.key for said in side.all if isinstance(said, h.Trouble)}
    assert keys == {"receiver:1/offline"}


@pytest.mark.asyncio
@pytest.mark.usefixtures("impatient")
async def test_a_receiver_that_dies_while_it_is_supervised_is_a_fault() -> None:
    scripted = Scripted(acknowledge, acknowledge, ever=nothing)
    async with listening(scripted) as receiver, supervising(ours(receiver, supervise_s=0.05)) as side:
        assert "does not answer" in await side.next(h.Trouble, "alarm_centre/offline")
    assert len(scripted.frames) == 2 + TRIES
    assert {judged(frame).idtoken for frame in scripted.frames} == {"NULL"}


# --- receivers that behave badly --------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (nothing, "does not answer within"),
        (say(b"garbage\r"), "no SIA DC-09"),
        (say(b"\n\r"), "empty line"),
        (say(b"\n1EB7"), "does not answer within"),
        (say(b'\n1EB70014"ACK"0001R1L0#1234[]\r'), "damaged"),
        (duh, "DUH"),
        (say(b'"NAK"'), "NAK"),
    ],
)
@pytest.mark.parametrize("step", [1, 1024])
@pytest.mark.usefixtures("impatient")
async def test_a_receiver_that_behaves_badly_is_left_for_the_next_in_time(reply: Reply, why: str, step: int) -> None:
    bad, good = Scripted(ever=reply, step=step), Scripted()
    async with listening(bad) as one, listening(good) as two:
        side = ours(one, two)
        await side.deliver()
        assert good.codes == ["HA"]
        assert 1 <= len(bad.frames) <= TRIES
        assert len({judged(frame).seq for frame in [*bad.frames, *good.frames]}) == 1
        with pytest.raises(Undeliverable, match=why):
            await ours(one).deliver()


@pytest.mark.asyncio
@pytest.mark.parametrize("alarms", [1, 2, 3, 14])
@pytest.mark.parametrize("is_supervised", [False, True])
@pytest.mark.usefixtures("impatient")
async def test_a_silent_first_receiver_costs_all_alarms_together_one_wait(alarms: int, is_supervised: bool) -> None:
    silent, good = Scripted(ever=nothing), Scripted()
    async with listening(silent) as one, listening(good) as two:
        side = ours(one, two, supervise_s=3600.0)
        async with supervising(side) if is_supervised else contextlib.nullcontext():
            await asyncio.gather(*(side.deliver(zender=nr) for nr in range(1, alarms + 1)))
    zones = [said.data.blocks[1].events[0].addr for said in good.said]  # it takes them for hexadecimal
    assert [f"{zone:x}" for zone in zones] == [str(nr) for nr in range(1, alarms + 1)]
    assert len(silent.said) == 1


@pytest.mark.asyncio
@pytest.mark.usefixtures("impatient")
async def test_the_second_try_of_the_first_alarm_goes_before_the_first_of_the_second() -> None:
    scripted = Scripted(nothing)
    async with listening(scripted) as receiver:
        side = ours(receiver)
        await asyncio.gather(*(side.deliver(zender=nr) for nr in (1, 2)))
    assert [said.data.blocks[1].events[0].addr for said in scripted.said] == [1, 1, 2]


@pytest.mark.asyncio
async def test_an_acknowledgement_of_another_account_is_none() -> None:
    def of_another(frame: bytes) -> bytes:
        return bytes(AckMessage(Account(acct=0x9999), judged(frame).seq).encode())

    async with listening(Scripted(ever=of_another)) as receiver:
        with pytest.raises(Undeliverable, match="account '9999'"):
            await ours(receiver).deliver()


class HangsUp(Scripted):
    """Ends the connection itself, after its answer."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.take(await reader.readuntil(b"\r")) or b"")
        writer.close()


@pytest.mark.asyncio
async def test_a_receiver_that_hangs_up_is_asked_once_more() -> None:
    scripted = HangsUp(ever=nothing)
    async with listening(scripted) as receiver:
        with pytest.raises(Undeliverable, match="without an answer"):
            await ours(receiver).deliver()
    assert len(scripted.frames) == TRIES


@pytest.mark.asyncio
async def test_an_answer_that_ends_with_the_connection_is_an_answer() -> None:
    scripted = HangsUp(ever=lambda frame: acknowledge(frame).rstrip(b"\r"))
    async with listening(scripted) as receiver:
        await ours(receiver).deliver()
    assert len(scripted.frames) == 1


@pytest.mark.asyncio
async def test_an_answer_without_an_end_is_none() -> None:
    scripted = Scripted(ever=say(b"x" * 5000))
    async with listening(scripted) as receiver:
        with pytest.raises(Undeliverable, match="without an end"):
            await ours(receiver).deliver()


@pytest.mark.asyncio
async def test_an_answer_that_comes_byte_by_byte_is_an_answer() -> None:
    scripted = Scripted(step=1)
    async with listening(scripted) as receiver:
        await ours(receiver).deliver()
    assert len(scripted.frames) == 1


@pytest.mark.asyncio
async def test_a_refusal_is_over_with_the_next_report_that_is_taken() -> None:
    scripted = Scripted(duh)
    async with listening(scripted) as receiver:
        side = ours(receiver)
        with pytest.raises(Undeliverable, match="DUH") as refused:
            await side.deliver()
        assert not refused.value.permanent
        assert "DUH" in await side.next(h.Trouble, "alarm_centre/refused")
        await side.deliver()
        await side.next(h.TroubleOver, "alarm_centre/refused")


@pytest.mark.asyncio
@pytest.mark.usefixtures("impatient")
async def test_a_datagram_that_was_lost_is_said_again_with_the_same_number() -> None:
    scripted = Scripted(nothing)
    async with listening_udp(scripted) as receiver:
        await ours(receiver).deliver()
    assert len(scripted.frames) == 2 and scripted.frames[0] == scripted.frames[1]


@pytest.mark.asyncio
@pytest.mark.usefixtures("patient")
async def test_a_datagram_to_nobody_goes_to_the_second_receiver_at_once() -> None:
    scripted = Scripted()
    async with listening(scripted) as receiver:
        await ours(replace(dead(), transport="udp"), receiver).deliver()
    assert scripted.codes == ["HA"]


@pytest.mark.asyncio
@pytest.mark.parametrize("host", ["no.such.host.invalid", "a..b", "x" * 300])
@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_a_host_that_is_none_is_told(host: str, transport: Literal["tcp", "udp"]) -> None:
    with pytest.raises(Undeliverable, match="cannot be reached"):
        await ours(Receiver(host, 12000, transport)).deliver()


class NameServer:
    """Stands for the system's: `pac.example` is here; it hangs for as long as it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        self.answers = threading.Event()
        self.knows = True
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, host: str, *args: Any, **kwargs: Any) -> Any:
        if host != "pac.example":
            return self._real(host, *args, **kwargs)
        self.asked += 1
        assert self.answers.wait(BOUND_S)
        if not self.knows:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return self._real(LOOPBACK, *args, **kwargs)


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    monkeypatch.setattr(address, "LOOK_UP_S", 0.05)
    server = NameServer(monkeypatch)
    yield server
    server.answers.set()


@pytest.mark.asyncio
@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_a_name_server_that_hangs_is_asked_once_and_holds_up_nothing_else(
    transport: Literal["tcp", "udp"], name_server: NameServer
) -> None:
    scripted = Scripted()
    async with listening_udp(scripted) if transport == "udp" else listening(scripted) as receiver:
        side = ours(Receiver("pac.example", receiver.port, transport))
        for _ in range(20):
            with pytest.raises(Undeliverable, match="no name server answers"):
                await side.deliver()
        async with asyncio.timeout(BOUND_S / 2):
            await asyncio.to_thread(lambda: None)
        assert name_server.asked == 1
        name_server.answers.set()
        async with asyncio.timeout(BOUND_S):
            while not scripted.frames:
                with contextlib.suppress(Undeliverable):
                    await side.deliver()
    assert scripted.codes == ["HA"]


@pytest.mark.asyncio
async def test_a_name_server_that_fails_for_now_is_the_same_fault_as_one_that_hangs(name_server: NameServer) -> None:
    name_server.knows = False
    name_server.answers.set()
    with pytest.raises(Undeliverable, match="no name server answers"):
        await ours(Receiver("pac.example", 1)).deliver()


@pytest.mark.asyncio
async def test_a_receiver_with_a_name_that_hangs_costs_the_second_one_little(name_server: NameServer) -> None:
    scripted = Scripted()
    async with listening(scripted) as there:
        await ours(Receiver("pac.example", 1), there).deliver()
    assert scripted.codes == ["HA"]


@pytest.mark.asyncio
async def test_the_last_good_address_is_used_while_a_look_up_hangs_or_fails(
    name_server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "FRESH_S", 0.0)
    name_server.answers.set()
    scripted = Scripted()
    async with listening(scripted) as receiver:
        side = ours(Receiver("pac.example", receiver.port))
        await side.deliver()
        name_server.answers.clear()
        await side.deliver()
        await side.deliver()
        assert name_server.asked == 2
        name_server.knows = False
        name_server.answers.set()
        async with asyncio.timeout(BOUND_S):
            while name_server.asked < 3:
                await side.deliver()
        await side.deliver()
    assert not any(isinstance(said, h.Trouble) for said in side.all)


@pytest.mark.asyncio
async def test_a_name_with_several_addresses_is_reached_at_the_one_that_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(address, "_looked_up", lambda host: ("127.0.0.9", LOOPBACK))
    scripted = Scripted()
    async with listening(scripted) as receiver:
        await ours(Receiver("pac.example", receiver.port)).deliver()
    assert scripted.codes == ["HA"]


# --- one at a time, the urgent first ----------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.usefixtures("patient")
async def test_an_alarm_cuts_off_what_is_none_and_overtakes_what_waits() -> None:
    scripted = Scripted(nothing)
    async with listening(scripted) as receiver:
        side = ours(receiver)
        slow = [asyncio.create_task(side.deliver("trouble", "missing", nr)) for nr in (1, 2)]
        await scripted.until(lambda: len(scripted.frames) == 1)
        await asyncio.gather(*(side.deliver(zender=nr) for nr in (3, 4)))
        await asyncio.gather(*slow)
    zones = [said.data.blocks[1].events[0].addr for said in scripted.said]
    assert (scripted.codes, zones) == (["BZ", "HA", "HA", "BZ", "BZ"], [1, 3, 4, 1, 2])
    assert scripted.said[0].seq == scripted.said[3].seq


@pytest.mark.asyncio
@pytest.mark.usefixtures("patient")
async def test_nothing_waits_for_the_supervision() -> None:
    scripted = Scripted(nothing)
    async with listening(scripted) as receiver, supervising(ours(receiver)) as side:
        await scripted.until(lambda: len(scripted.frames) == 1)
        assert judged(scripted.frames[0]).idtoken == "NULL"
        await side.deliver("trouble", "missing")
        await scripted.until(lambda: len(scripted.frames) == 3)  # it is asked again
    assert scripted.codes == ["BZ"]


@pytest.mark.asyncio
async def test_a_receiver_has_one_message_at_a_time() -> None:
    scripted = Scripted()
    async with listening(scripted) as receiver, supervising(ours(receiver, supervise_s=0.01)) as side:
        await asyncio.gather(*(side.deliver(zender=nr) for nr in range(1, 20)))
    assert len(scripted.codes) == 19
    # A connection that we have left the receiver may see ended a moment later.
    assert scripted.most_at_once <= 2


@pytest.mark.asyncio
@pytest.mark.usefixtures("patient")
async def test_a_delivery_that_is_cut_off_from_above_leaves_the_way_free() -> None:
    scripted = Scripted(nothing)
    async with listening(scripted) as receiver:
        side = ours(receiver)
        first, waiting = (asyncio.create_task(side.deliver()) for _ in range(2))
        await scripted.until(lambda: len(scripted.frames) == 1)
        first.cancel()
        await waiting
    assert first.cancelled()
    assert len(scripted.frames) == 2


@pytest.mark.asyncio
@pytest.mark.usefixtures("patient")
async def test_too_many_reports_are_turned_away_and_an_alarm_never() -> None:
    scripted = Scripted(nothing)
    async with listening(scripted) as receiver:
        side = ours(receiver)
        many = [asyncio.create_task(side.deliver("trouble", "missing")) for _ in range(WAITING_MAX)]
        await scripted.until(lambda: len(scripted.frames) == 1)
        with pytest.raises(Undeliverable, match="wait already"):
            await side.deliver("trouble", "missing")
        await side.deliver()
        await asyncio.gather(*many)
    assert scripted.codes == ["BZ", "HA", *["BZ"] * WAITING_MAX]


# --- the key ----------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file"),
        ("", "0 digits"),
        ("0123", "4 digits"),
        ("not a key", "hexadecimal digits alone"),
        ("é" * 32, "hexadecimal digits alone"),
        ("00" * 10_000, "expected 32, 48 or 64"),
    ],
)
async def test_without_its_key_nothing_is_said_until_the_file_is_right(
    content: str | None, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "alarm-centre.key"
    if content is not None:
        path.write_text(content)
    with independent(secret=SECRETS[0]) as there:
        async with supervising(ours(there.receiver, key_file=str(path))) as side:
            assert why in await side.next(h.Trouble, "alarm_centre/key")
            with pytest.raises(Undeliverable, match="no key"):
                await side.deliver()
            assert there.client.counts.events == 0
            path.write_text(SECRETS[0].encode().hex())
            await side.next(h.TroubleOver, "alarm_centre/key")
            await side.deliver()


@pytest.mark.asyncio
async def test_where_aes_is_not_installed_the_fault_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, key_file: Callable[[str], str]
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    side = ours(dead(), key_file=key_file(SECRETS[0]))
    with pytest.raises(Undeliverable, match=r"achterwacht\[alarm-centre\]"):
        await side.deliver()


@pytest.mark.asyncio
async def test_an_acknowledgement_of_whoever_has_no_key_is_none(key_file: Callable[[str], str]) -> None:
    def in_the_clear(frame: bytes) -> bytes:
        said = judged(frame, SECRETS[0].encode())
        return bytes(AckMessage(Account(acct=0x1234), said.seq).encode())

    class Liar(Scripted):
        def take(self, frame: bytes) -> bytes | None:
            return in_the_clear(frame)

    async with listening(Liar()) as receiver:
        with pytest.raises(Undeliverable, match="does not have the key"):
            await ours(receiver, key_file=key_file(SECRETS[0])).deliver()


@pytest.mark.asyncio
async def test_an_encrypted_acknowledgement_that_was_recorded_is_none(key_file: Callable[[str], str]) -> None:
    key = SECRETS[0].encode()
    account = Account(acct=0x1234, key=key)

    class Recorded(Scripted):
        """Answers in its own words, with the time of long ago from the second one on."""

        def take(self, frame: bytes) -> bytes | None:
            self.frames.append(frame)
            at = datetime.now(UTC) - (timedelta() if len(self.frames) == 1 else timedelta(days=400))
            return bytes(AckMessage(account, judged(frame, key).seq, timestamp=at, encrypted=True).encode())

    async with listening(Recorded()) as receiver:
        side = ours(receiver, key_file=key_file(SECRETS[0]))
        await side.deliver()
        with pytest.raises(Undeliverable, match="somebody repeats an old answer"):
            await side.deliver()


class SlowKey:
    """Reads the key as ever, once it may, and knows in which thread that was."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may = threading.Event()
        self.threads: list[threading.Thread] = []
        self._real = client_module.read_key
        monkeypatch.setattr(client_module, "read_key", self._read)

    def _read(self, path: Path) -> bytes:
        self.threads.append(threading.current_thread())
        assert self.may.wait(BOUND_S)
        return self._real(path)


@pytest.mark.asyncio
async def test_hold_ups_wait_for_the_key_that_is_read_once_in_a_thread(
    monkeypatch: pytest.MonkeyPatch, key_file: Callable[[str], str]
) -> None:
    slow = SlowKey(monkeypatch)
    with independent(secret=SECRETS[0]) as there:
        side = ours(there.receiver, key_file=key_file(SECRETS[0]))
        many = [asyncio.create_task(side.deliver(zender=nr)) for nr in (1, 2, 3)]
        await asyncio.to_thread(lambda: None)  # the loop is free meanwhile
        assert not any(task.done() for task in many)
        slow.may.set()
        await asyncio.gather(*many)
        assert [(await there.event()).code for _ in many] == ["HA"] * 3
    assert len(slow.threads) == 1 and slow.threads[0] is not threading.main_thread()


@pytest.mark.asyncio
async def test_a_disk_that_hangs_is_a_fault_until_the_key_is_read(
    monkeypatch: pytest.MonkeyPatch, key_file: Callable[[str], str]
) -> None:
    monkeypatch.setattr(client_module, "KEY_S", 0.05)
    slow = SlowKey(monkeypatch)
    with independent(secret=SECRETS[0]) as there:
        async with supervising(ours(there.receiver, key_file=key_file(SECRETS[0]))) as side:
            assert "does its disk hang" in await side.next(h.Trouble, "alarm_centre/key")
            with pytest.raises(Undeliverable, match="no key"):
                await side.deliver()
            slow.may.set()
            await side.next(h.TroubleOver, "alarm_centre/key")
            await side.deliver()
    assert len(slow.threads) == 1


@pytest.mark.asyncio
async def test_a_key_that_was_read_is_used_on_when_its_file_has_gone(key_file: Callable[[str], str]) -> None:
    with independent(secret=SECRETS[0]) as there:
        replies = iter((say(b'"DUH"'), there.answer))

        class Refuses(Scripted):
            def take(self, frame: bytes) -> bytes | None:
                return next(replies)(frame)

        file = Path(key_file(SECRETS[0]))
        async with listening(Refuses()) as receiver:
            side = ours(receiver, key_file=str(file))
            with pytest.raises(Undeliverable, match="DUH"):
                await side.deliver()
            await asyncio.to_thread(file.unlink)
            await side.deliver()
    assert "No such file" in await side.next(h.Trouble, "alarm_centre/key")
