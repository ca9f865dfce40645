"""The link, over real Unix sockets: readers that join in a flood, stall, leave, talk nonsense, ask twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from pathlib import Path
from types import TracebackType
from typing import Any, Self, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.asyncio.server import ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosedError

from achterwacht import link
from achterwacht.core import codec
from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.evolve import evolve
from achterwacht.core.moment import Moment
from achterwacht.core.state import EMPTY, State
from achterwacht.errors import AskedWrong, LinkSilent, LinkUnavailable
from achterwacht.link import Connection, Link, connect

ROOT = Path(__file__).parent.parent

# Nothing here takes longer unless it is broken.
WAIT_S = 15.0

ANSWER = {"command": "answer", "member": "anna", "incident": "7-9f3a-1", "answer": "coming"}
SUBSCRIPTION = {"endpoint": "https://push.example/a?b=1", "p256dh": "BNc_" * 21 + "x-8=", "auth": "tBHItJI5svbpez7K"}
ACCEPTED = {"result": "accepted", "note": "", "durable": True}


def moment(s: float) -> Moment:
    return Moment(s, datetime(2026, 11, 21, 13, 2, tzinfo=UTC) + timedelta(seconds=s), True)


def trouble(k: int) -> f.Fact:
    return f.FaultRaised(moment(float(k)), f"pager:p{k % 9}/offline", f"for the {k}th time")


class House:
    """A service in miniature: folds facts, streams them, and answers commands when it is told to."""

    def __init__(self, path: Path, boot: str = "b0b0") -> None:
        self.path, self.boot = path, boot
        self.state, self.n, self.durable_n = EMPTY, 0, 0
        self.heard_s: dict[str, float] = {}
        self.commands: asyncio.Queue[tuple[link.Command, link.Reply]] = asyncio.Queue()
        self.troubles: asyncio.Queue[str | None] = asyncio.Queue()
        self.link = Link(path, self._snapshot, self._on_command, self.troubles.put_nowait)
        self.answers_itself = False
        self.run: asyncio.Task[None] | None = None

    def _snapshot(self) -> tuple[str, int, int, State, dict[str, float]]:
        return self.boot, self.n, self.durable_n, self.state, self.heard_s

    def _on_command(self, heard: link.Command, reply: link.Reply) -> None:
        self.commands.put_nowait((heard, reply))
        if self.answers_itself:
            reply(ACCEPTED)

    def note(self, *facts: f.Fact) -> None:
        self.state = reduce(evolve, facts, self.state)
        self.n += len(facts)
        self.link.stream(self.n, facts)

    def trouble(self, count: int = 1) -> None:
        """So many facts, in one turn of the loop."""
        self.note(*(trouble(self.n + k) for k in range(1, count + 1)))

    def durable(self, n: int) -> None:
        self.durable_n = n
        self.link.durable(n)

    async def asked(self) -> tuple[link.Command, link.Reply]:
        async with asyncio.timeout(WAIT_S):
            return await self.commands.get()

    async def told(self) -> str | None:
        async with asyncio.timeout(WAIT_S):
            return await self.troubles.get()

    async def __aenter__(self) -> Self:
        self.run = asyncio.create_task(self.link.run())
        assert await self.told() is None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self.run is not None
        self.run.cancel()
        async with asyncio.timeout(WAIT_S):
            await asyncio.wait({self.run})
        assert self.run.cancelled()


class Follower:
    """What every reader does: start from the snapshot, fold what comes, hold that nothing is missing or doubled."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.n: int = connection.hello["n"]
        self.durable_n: int = connection.hello["durable_n"]
        self.state = codec.from_plain(State, connection.hello["state"])

    async def follow(self, n: int) -> None:
        """Until fact `n`."""
        async with asyncio.timeout(WAIT_S):
            while self.n < n:
                self.take(await self.connection.take())

    async def follow_durable(self, n: int) -> None:
        async with asyncio.timeout(WAIT_S):
            while self.durable_n < n:
                self.take(await self.connection.take())

    def take(self, message: dict[str, Any]) -> None:
        if message["type"] == "durable":
            self.durable_n = message["n"]
            return
        assert message["type"] == "fact"
        assert message["n"] == self.n + 1
        self.n = message["n"]
        self.state = evolve(self.state, codec.fact_from_plain(message["fact"]))


class Lines(logging.Handler):
    """What the link logs, as it does."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[logging.LogRecord] = []
        self._new = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record)
        self._new.set()

    async def say(self, text: str) -> str:
        async with asyncio.timeout(WAIT_S):
            while True:
                for record in self.said:
                    if text in record.getMessage():
                        self.said.remove(record)
                        return record.getMessage()
                self._new.clear()
                await self._new.wait()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "link"


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    link.log.addHandler(handler)
    level = link.log.level
    link.log.setLevel(logging.INFO)
    yield handler
    link.log.setLevel(level)
    link.log.removeHandler(handler)


@contextlib.asynccontextmanager
async def raw(path: Path) -> AsyncIterator[ClientConnection]:
    """Somebody who speaks websockets and nothing else of ours. The hello is still to come."""
    async with unix_connect(str(path), compression=None, max_size=None, ping_interval=None, close_timeout=0.1) as ws:
        yield ws


async def hears(ws: ClientConnection, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(WAIT_S):
        while True:
            message: dict[str, Any] = json.loads(await ws.recv())
            if message["type"] == kind:
                return message


# --- facts ------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_hello_tells_all_there_is(path: Path) -> None:
    async with House(path) as house:
        house.note(
            f.DaemonStarted(moment(0.0), "b0b0", "0.1.0"),
            f.AlarmRaised(moment(1.0), "7-9f3a-1", "7-9f3a-1", 7, "Balie 3", 1.0, 0),
            f.Ordered(moment(1.0), "o1", "7-9f3a-1", "7-9f3a-1", 7, "pager:p1", "alarm", 1, "first press"),
            f.Answered(moment(2.0), "p1-b-1", "7-9f3a-1", "anna", "pager:p1", "coming", "accepted", True, ""),
        )
        house.trouble(8)
        house.durable(10)
        house.heard_s = {"zender:7": 3.25, "pager:p1": 0.0}
        async with connect(path) as connection:
            state = connection.hello.pop("state")
            assert connection.hello == {
                "type": "hello",
                "version": 1,
                "boot": "b0b0",
                "n": 12,
                "durable_n": 10,
                "heard_s": {"zender:7": 3.25, "pager:p1": 0.0},
            }
            assert codec.from_plain(State, state) == house.state
            assert state == json.loads(json.dumps(codec.to_plain(house.state)))


@pytest.mark.asyncio
async def test_readers_join_in_a_flood_without_gap_or_double(path: Path) -> None:
    last = 1500
    reached = {n: asyncio.Event() for n in (3, 300, 600, 900, 1200)}

    async def flood() -> None:
        while house.n < last:
            house.trouble(3)
            house.durable(house.n - 2)
            if house.n in reached:
                reached[house.n].set()
            await asyncio.sleep(0)

    async def join(at: int) -> Follower:
        async with asyncio.timeout(WAIT_S):
            await reached[at].wait()
        async with connect(path) as connection:
            follower = Follower(connection)
            assert at <= follower.n < last
            await follower.follow(last)
            return follower

    async with House(path) as house, asyncio.TaskGroup() as group:
        readers = [group.create_task(join(at)) for at in reached]
        group.create_task(flood())
    assert [reader.result().state for reader in readers] == [house.state] * 5
    assert [reader.result().n for reader in readers] == [last] * 5


@pytest.mark.asyncio
async def test_two_readers_get_a_burst_of_20_000_facts(path: Path) -> None:
    asyncio.get_running_loop().set_debug(False)  # it would take more time than all the rest

    async def count(connection: Connection) -> None:
        async with asyncio.timeout(WAIT_S):
            for n in range(1, 20_001):
                message = await connection.take()
                assert (message["n"], message["fact"]["detail"]) == (n, f"for the {n}th time")

    async with House(path) as house, connect(path) as one, connect(path) as other, asyncio.TaskGroup() as group:
        group.create_task(count(one))
        group.create_task(count(other))
        while house.n < 20_000:
            house.trouble(20)  # what one press makes
            await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_more_than_an_outbox_at_once_drops_the_reader_and_it_comes_back(path: Path, lines: Lines) -> None:
    async with House(path) as house:
        async with connect(path) as connection:
            house.trouble(20_000)
            with pytest.raises(LinkUnavailable, match="ended the connection"):
                await Follower(connection).follow(20_000)
        assert "10000 messages behind" in await lines.say("is dropped")
        async with connect(path) as connection:
            follower = Follower(connection)
            house.trouble()
            await follower.follow(20_001)
            assert follower.state == house.state


@pytest.mark.asyncio
async def test_durable_follows_the_facts_and_only_the_newest_is_sent(path: Path) -> None:
    async with House(path) as house, raw(path) as ws:
        await hears(ws, "hello")
        house.trouble(3)
        for n in (1, 2, 3):
            house.durable(n)
        house.trouble()
        got = [json.loads(await ws.recv()) for _ in range(5)]
        assert [(message["type"], message["n"]) for message in got] == [
            *(("fact", n) for n in (1, 2, 3, 4)),
            ("durable", 3),
        ]
        assert not any(message["durable"] for message in got[:4])
        house.durable(9)
        assert (await hears(ws, "durable"))["n"] == 9
        house.trouble()
        assert (await hears(ws, "fact"))["durable"] is True  # the disk was the quicker of the two


@pytest.mark.asyncio
async def test_a_fact_is_encoded_once_for_all_and_never_for_nobody(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = []

    def spy(fact: f.Fact) -> dict[str, Any]:
        encoded.append(fact)
        return codec.fact_to_plain(fact)

    monkeypatch.setattr(link, "fact_to_plain", spy)
    async with House(path) as house:
        house.trouble(100)
        assert encoded == []
        async with connect(path) as one, connect(path) as other:
            house.trouble(2)
            for connection in (one, other):
                await Follower(connection).follow(102)
        assert encoded == [trouble(101), trouble(102)]


@pytest.mark.asyncio
async def test_a_beat_is_heard_in_silence(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "BEAT_S", 0.01)
    async with House(path) as house, raw(path) as ws:
        await hears(ws, "hello")
        assert [await hears(ws, "beat") for _ in range(3)] == [{"type": "beat"}] * 3
        house.trouble()
        assert (await hears(ws, "fact"))["n"] == 1


@pytest.mark.asyncio
async def test_beats_are_not_for_iterating(path: Path, monkeypatch: pytest.MonkeyPatch, lines: Lines) -> None:
    monkeypatch.setattr(link, "BEAT_S", 0.01)
    async with House(path) as house, connect(path) as connection, raw(path) as ws:
        for _ in range(3):
            await hears(ws, "beat")
        house.trouble()
        assert (await connection.take())["type"] == "fact"


# --- readers that stall, and too many ---------------------------------------------------------------------------------

READER = """
import asyncio, pathlib, sys
from achterwacht.link import connect

async def read():
    async with connect(pathlib.Path(sys.argv[1])) as connection:
        print("here", flush=True)
        async for message in connection:
            pass

asyncio.run(read())
"""


@contextlib.asynccontextmanager
async def stalled_reader(path: Path) -> AsyncIterator[None]:
    """A reader in a process of its own, frozen in the middle of its work."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", READER, str(path)),
        env={**os.environ, "PYTHONPATH": str(ROOT / "daemon")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert child.stdout is not None
        async with asyncio.timeout(WAIT_S):
            assert await child.stdout.readline() == b"here\n"
        child.send_signal(signal.SIGSTOP)
        yield
    finally:
        child.kill()
        await child.wait()


# What the promise adds up to; the rest is for a machine that has other things to do.
DROPPED_S = link.PULSE_S + link.PONG_S
SLACK_S = 0.5


@pytest.mark.asyncio
async def test_a_stalled_reader_goes_within_2_s_also_when_nothing_is_said(path: Path, lines: Lines) -> None:
    assert DROPPED_S <= 2.0
    async with House(path), stalled_reader(path):
        stopped_s = time.monotonic()
        assert "ping" in await lines.say("is dropped")
        assert time.monotonic() - stopped_s < DROPPED_S + SLACK_S


@pytest.mark.asyncio
async def test_a_stalled_reader_in_a_flood_goes_within_2_s_and_harms_nobody(
    path: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "OUTBOX_MAX", 10**9)  # so that it is time that counts, however slow this machine
    async with House(path) as house, stalled_reader(path), connect(path) as connection:
        stopped_s = time.monotonic()
        follower = Follower(connection)
        dropped = asyncio.create_task(lines.say("is dropped"))
        stream_s = []
        while not dropped.done():
            began_s = time.perf_counter()
            house.trouble(20)
            stream_s.append(time.perf_counter() - began_s)
            await follower.follow(house.n)
        assert time.monotonic() - stopped_s < DROPPED_S + SLACK_S
        assert sum(stream_s) / len(stream_s) < 0.01  # with 20 folds, and asyncio's debugging
        house.trouble()
        await follower.follow(house.n)
        assert follower.state == house.state


@pytest.mark.asyncio
async def test_a_send_that_nobody_takes_ends(path: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "SEND_S", 0.05)
    async with House(path) as house, raw(path) as ws:
        await hears(ws, "hello")
        ws.transport.pause_reading()
        house.trouble(9_000)
        assert "took nothing" in await lines.say("is dropped")


@pytest.mark.asyncio
async def test_one_reader_too_many_is_told_so(path: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "READERS_MAX", 2)
    async with House(path) as house, connect(path) as one:
        async with connect(path):
            with pytest.raises(LinkUnavailable, match="2 readers are connected already"):
                async with connect(path):
                    pass
        house.trouble()
        await Follower(one).follow(1)
        await lines.say("left")
        async with connect(path) as third:
            assert third.hello["n"] == 1


@pytest.mark.asyncio
async def test_whoever_does_not_wait_for_the_answer_is_no_error(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    handshake = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + (
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    async with House(path):
        for _ in range(50):
            _, writer = await asyncio.open_unix_connection(str(path))
            writer.write(handshake)
            writer.transport.abort()
            await asyncio.sleep(0)
        async with connect(path) as connection:
            assert connection.hello["n"] == 0
    assert not [record for record in caplog.records if record.name.startswith("achterwacht") and record.exc_info]
    assert "connection handler failed" not in caplog.text


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "heard"),
    [
        (
            {**ANSWER, "id": "a-1", "reason": "op weg"},
            h.Answer(key="cmd-a-1", incident="7-9f3a-1", answer="coming", member="anna", reason="op weg"),
        ),
        (
            {"id": "a-2", "command": "answer", "answer": "carry", "pager": "p1", "member": "anna"},
            h.Answer(key="cmd-a-2", incident="", answer="carry", member="anna", pager="p1"),
        ),
        (
            {"id": "a-3", "command": "undo", "member": "anna", "incident": "7-9f3a-1"},
            h.Undo(key="cmd-a-3", incident="7-9f3a-1", member="anna"),
        ),
        (
            {"id": "a-4", "command": "acknowledge", "member": "anna", "fault": "gateway:rfx_1-a/not. seen"},
            h.Acknowledge(key="cmd-a-4", fault="gateway:rfx_1-a/not. seen", member="anna"),
        ),
        (
            {"id": "a-5", "command": "receipt", "order": "7-9f3a-1.d001.18", "stage": "received"},
            h.Reached("7-9f3a-1.d001.18", "received"),
        ),
        (
            {"id": "a-6", "command": "test", "target": "push:lid-4", "by": "anna"},
            h.Test(key="cmd-a-6", target="push:lid-4", by="anna"),
        ),
        (
            {"id": "b-1", "command": "took", "pager": "p1", "member": "anna", "by": "els"},
            h.Took("cmd-b-1", "p1", "anna", "els"),
        ),
        (
            {"id": "b-2", "command": "called", "pager": "p1", "by": "terminal", "outcome": "comes"},
            h.Called("cmd-b-2", "p1", "terminal", "comes"),
        ),
        (
            {"id": "b-3", "command": "called", "pager": "p1", "by": "els", "outcome": "replaced", "member": "bas"},
            h.Called("cmd-b-3", "p1", "els", "replaced", "bas"),
        ),
        (
            {"id": "b-4", "command": "swap", "pager": "p1", "on": "2026-12-24", "member": "anna", "by": "els"},
            h.Swap("cmd-b-4", "p1", date(2026, 12, 24), "anna", "els"),
        ),
        (
            {"id": "b-5", "command": "away", "member": "anna", "first": "2026-12-24", "last": "2026-12-31", "by": "a"},
            h.Away("cmd-b-5", "anna", date(2026, 12, 24), date(2026, 12, 31), "", "a"),
        ),
        (
            {"id": "b-6", "command": "away", "member": "anna", "first": "2026-12-24", "last": "2026-12-24", "by": "a"}
            | {"replacement": "", "withdrawn": True},
            h.Away("cmd-b-6", "anna", date(2026, 12, 24), date(2026, 12, 24), "", "a", withdrawn=True),
        ),
        (
            {"id": "b-7", "command": "test_button", "zender": 7, "by": "els", "targets": ["pager:p1", "push:lid-4"]},
            h.TestButton("cmd-b-7", 7, "els", ("pager:p1", "push:lid-4")),
        ),
        ({"id": "b-8", "command": "claim", "zender": 7, "by": "els"}, h.Claim("cmd-b-8", 7, "els")),
        (
            {"id": "b-9", "command": "judge", "test": "test-d001-12", "by": "els", "right": False},
            h.Judge("cmd-b-9", "test-d001-12", "els", right=False),
        ),
        (
            {"id": "b-10", "command": "drill_start", "zender": 7, "by": "els", "announced": True},
            h.StartDrill("cmd-b-10", 7, "els", announced=True),
        ),
        ({"id": "b-11", "command": "drill_stop", "by": "els"}, h.StopDrill("cmd-b-11", "els")),
        ({"id": "a-7", "command": "redeem", "token": "WyI3.x-_"}, link.Redeem("WyI3.x-_")),
        (
            {"id": "a-9", "command": "receipt", "order": "7-9f3a-1.d001.18", "stage": "shown", "proof": "Zx0"},
            link.Receipt(h.Reached("7-9f3a-1.d001.18", "shown"), "Zx0"),
        ),
        (
            {"id": "a-8", "command": "register", "member": "anna", **SUBSCRIPTION},
            link.Register("anna", SUBSCRIPTION["endpoint"], SUBSCRIPTION["p256dh"], SUBSCRIPTION["auth"]),
        ),
    ],
)
@pytest.mark.asyncio
async def test_a_command_is_heard_and_its_answer_comes_back(
    path: Path, command: dict[str, Any], heard: link.Command
) -> None:
    async with House(path) as house, connect(path) as connection:
        answering = asyncio.create_task(connection.command(command, WAIT_S))
        asked, reply = await house.asked()
        assert asked == heard
        reply({"result": "closed", "note": "the alarm is closed", "durable": False})
        assert await answering == {
            "type": "answered",
            "id": command["id"],
            "result": "closed",
            "note": "the alarm is closed",
            "durable": False,
        }


@pytest.mark.asyncio
async def test_a_reader_says_whose_pages_are_open_until_it_leaves(path: Path) -> None:
    async with House(path) as house:
        house.answers_itself = True
        async with connect(path) as other, connect(path) as connection:
            for members in (["anna", "bas"], ["bas"], []):
                answered = await connection.command({"command": "pages", "members": members}, WAIT_S)
                assert answered["result"] == "accepted"
            await other.command({"command": "pages", "members": ["cor"]}, WAIT_S)
            pages = [(await house.asked())[0] for _ in range(4)]
        left = [(await house.asked())[0] for _ in range(2)]
    assert all(isinstance(said, link.Pages) for said in (*pages, *left))
    said = [(page.reader, page.members) for page in (*pages, *left) if isinstance(page, link.Pages)]
    assert [members for _, members in said] == [("anna", "bas"), ("bas",), (), ("cor",), None, None]
    readers = [reader for reader, _ in said]
    assert readers[0] is readers[1] is readers[2] is not readers[3] and None not in readers
    assert {id(reader) for reader in readers[4:]} == {id(readers[0]), id(readers[3])}, "withdrawn for each that left"


@pytest.mark.asyncio
async def test_the_same_id_again_gets_the_same_answer_also_at_the_same_time(path: Path) -> None:
    async with House(path) as house, connect(path) as one, connect(path) as other:
        asking = [asyncio.create_task(end.command({**ANSWER, "id": "x"}, WAIT_S)) for end in (one, one, other)]
        for heard, reply in [await house.asked() for _ in range(3)]:
            assert key_of(heard) == "cmd-x"
            reply(ACCEPTED)
        answers = await asyncio.gather(*asking)
        assert answers == [{"type": "answered", "id": "x", **ACCEPTED}] * 3


@pytest.mark.asyncio
async def test_without_an_id_each_command_is_another(path: Path) -> None:
    async with House(path) as house, connect(path) as connection:
        house.answers_itself = True
        ids = {(await connection.command(ANSWER, WAIT_S))["id"] for _ in range(3)}
        assert {f"cmd-{id}" for id in ids} == {key_of((await house.asked())[0]) for _ in range(3)}
        assert len(ids) == 3


@pytest.mark.asyncio
async def test_an_answer_for_a_reader_who_left_is_harmless(path: Path, lines: Lines) -> None:
    async with House(path) as house:
        async with connect(path) as connection:
            asking = asyncio.create_task(connection.command({**ANSWER, "id": "x"}, WAIT_S))
            _, reply = await house.asked()
        with pytest.raises(LinkUnavailable):
            await asking
        await lines.say("left")
        reply(ACCEPTED)
        house.answers_itself = True
        async with connect(path) as connection:
            assert (await connection.command({**ANSWER, "id": "x"}, WAIT_S))["result"] == "accepted"


@pytest.mark.asyncio
async def test_no_answer_in_time_says_that_nobody_knows(path: Path) -> None:
    async with House(path) as house, connect(path) as connection:
        with pytest.raises(LinkUnavailable, match="whether it was done is not known"):
            await connection.command({**ANSWER, "id": "late"}, 0.01)
        _, late = await house.asked()
        late(ACCEPTED)
        house.answers_itself = True
        assert (await connection.command({**ANSWER, "id": "next"}, WAIT_S))["id"] == "next"


@pytest.mark.asyncio
async def test_only_so_many_commands_wait(path: Path) -> None:
    async with House(path) as house, connect(path) as connection:
        asking = [asyncio.create_task(connection.command(ANSWER, WAIT_S)) for _ in range(link.WAITING_MAX)]
        replies = [(await house.asked())[1] for _ in asking]
        with pytest.raises(AskedWrong, match="again later"):
            await connection.command(ANSWER, WAIT_S)
        for reply in replies:
            reply(ACCEPTED)
        await asyncio.gather(*asking)
        house.answers_itself = True
        assert (await connection.command(ANSWER, WAIT_S))["result"] == "accepted"


def key_of(heard: link.Command) -> str:
    assert isinstance(heard, h.Answer)
    return heard.key


def typed(**changes: Any) -> dict[str, Any]:
    """A good command with changes; None takes a key away."""
    command = {"type": "command", "id": "x", **ANSWER, **changes}
    return {key: value for key, value in command.items() if value is not None}


SEEN = {"type": "command", "id": "x", "command": "acknowledge", "member": "anna"}


def asked(command: str, **keys: Any) -> bytes:
    return json.dumps({"type": "command", "id": "x", "command": command, **keys}).encode()


MALFORMED: tuple[tuple[bytes, str | None, str], ...] = (
    (b"", None, "truncated"),
    (b"\xff\xfe", None, "malformed"),
    (b'{"id":"\xff"}', None, ""),
    (b'{"id":"\\ud800"}', None, ""),
    (b'"hello"', None, "Expected `object`"),
    (b"[1, 2]", None, "Expected `object`"),
    (b'{"a":' * 10_000, None, "recursion"),
    (json.dumps(typed(id=None)).encode(), None, "missing required field `id`"),
    (json.dumps(typed(id=7)).encode(), None, "id: expected 1 to 64 of"),
    (json.dumps(typed(id="")).encode(), "", "id: expected 1 to 64 of A-Z a-z 0-9 -"),
    (json.dumps(typed(id="a b")).encode(), "a b", "id: expected 1 to 64 of"),
    (json.dumps(typed(id="x\n")).encode(), "x\n", "id: expected 1 to 64 of"),
    (json.dumps(typed(id="x" * 65)).encode(), None, "id: expected 1 to 64 of"),
    (json.dumps(typed(type="fact")).encode(), "x", "Invalid enum value 'fact'"),
    (json.dumps(typed(command="stop")).encode(), "x", "Invalid value 'stop'"),
    (json.dumps(typed(command=None)).encode(), "x", "missing required field `command`"),
    (json.dumps(typed(answer="perhaps")).encode(), "x", "answer: expected one of coming, cannot"),
    (json.dumps(typed(answer="y" * 60_000)).encode(), "x", "answer: expected one of coming, cannot"),
    (json.dumps(typed(member=None)).encode(), "x", "missing required field `member`"),
    (json.dumps(typed(member="")).encode(), "x", "member: expected 1 to 64 letters"),
    (json.dumps(typed(member="pager:p1")).encode(), "x", "member: expected 1 to 64 letters"),
    (json.dumps(typed(incident=None)).encode(), "x", "`incident` is missing"),
    (json.dumps(typed(incident="no such\nthing")).encode(), "x", "incident: expected 1 to 64 letters"),
    (json.dumps(typed(reason="y" * 501)).encode(), "x", "reason: expected a sentence of at most 500"),
    (json.dumps(typed(pager="p1")).encode(), "x", "goes with the answer `carry`"),
    (json.dumps(typed(answer="carry")).encode(), "x", "goes with the answer `carry`"),
    (json.dumps(typed(command="undo")).encode(), "x", "unknown field `answer`"),
    (json.dumps(typed(zender=7)).encode(), "x", "unknown field `zender`"),
    (json.dumps(typed(fault="zender:7/silent")).encode(), "x", "unknown field `fault`"),
    (json.dumps(SEEN).encode(), "x", "missing required field `fault`"),
    (json.dumps({**SEEN, "fault": ""}).encode(), "x", "fault: expected the key of a fault"),
    (json.dumps({**SEEN, "fault": "zender:7/silent\n"}).encode(), "x", "fault: expected the key of a fault"),
    (json.dumps({**SEEN, "fault": "\x1b[2J"}).encode(), "x", "fault: expected the key of a fault"),
    (json.dumps({**SEEN, "fault": "z" * 101}).encode(), "x", "fault: expected the key of a fault"),
    (json.dumps({**SEEN, "fault": "a/b", "member": "pager:p1"}).encode(), "x", "member: expected 1 to 64 letters"),
    (json.dumps({**SEEN, "fault": "a/b", "incident": "7-a-1"}).encode(), "x", "unknown field `incident`"),
    (asked("receipt", order="7-a-1.d.1", stage="eaten"), "x", "stage: expected received or shown"),
    (asked("receipt", order="7-a-1 d 1", stage="shown"), "x", "order: expected the id of an order"),
    (asked("receipt", stage="shown"), "x", "missing required field `order`"),
    (asked("receipt", order="7-a-1.d.1", stage="shown", member="anna"), "x", "unknown field `member`"),
    (asked("test", target="push", by="anna"), "x", "target: expected a target such as pager:p1"),
    (asked("test", target="push:lid-4\n", by="anna"), "x", "target: expected a target such as pager:p1"),
    (asked("test", target="push:lid-4", by=""), "x", "by: expected 1 to 64 letters"),
    (asked("test", target="push:lid-4"), "x", "missing required field `by`"),
    (asked("took", pager="p1", by="els"), "x", "missing required field `member`"),
    (asked("took", pager="pager:p1", member="a", by="els"), "x", "pager: expected 1 to 64 letters"),
    (asked("called", pager="p1", by="els", outcome="ill"), "x", "outcome: expected called, comes or replaced"),
    (asked("called", pager="p1", by="els", outcome="replaced"), "x", "`member` goes with the outcome `replaced`"),
    (asked("called", pager="p1", by="els", outcome="comes", member="a"), "x", "`member` goes with the outcome"),
    (asked("swap", pager="p1", on="tomorrow", member="a", by="b"), "x", "on: expected a date such as 2026-12-24"),
    (asked("swap", pager="p1", on="2026-02-30", member="a", by="b"), "x", "on: expected a date such as 2026-12-24"),
    (asked("swap", pager="p1", on=20261224, member="a", by="b"), "x", "on: expected a date such as 2026-12-24"),
    (asked("away", member="a", first="2026-12-24", by="b"), "x", "missing required field `last`"),
    (
        asked("away", member="a", first="2026-12-24", last="2026-12-24", by="b", replacement="b c"),
        "x",
        "replacement: expected nothing, or 1 to 64 letters",
    ),
    (
        asked("away", member="a", first="2026-12-24", last="2026-12-24", by="b", withdrawn=1),
        "x",
        "withdrawn: expected true or false",
    ),
    (asked("test_button", zender=0, by="a"), "x", "zender: expected the number of a zender, 1 to 9999"),
    (asked("test_button", zender="7", by="a"), "x", "zender: expected the number of a zender, 1 to 9999"),
    (asked("test_button", zender=7, by="a", targets=["p1"]), "x", "targets: expected a list of at most 100 targets"),
    (asked("test_button", zender=7, by="a", targets=["pager:p1"] * 101), "x", "targets: expected a list of at most"),
    (asked("claim", zender=10_000, by="a"), "x", "zender: expected the number of a zender"),
    (asked("judge", test="no such", by="a", right=True), "x", "test: expected the id of a button test"),
    (asked("judge", test="test-d-1", by="a"), "x", "missing required field `right`"),
    (asked("judge", test="test-d-1", by="a", right="yes"), "x", "right: expected true or false"),
    (asked("drill_start", zender=7, by=""), "x", "by: expected 1 to 64 letters"),
    (asked("drill_start", zender=7, by="a", announced="no"), "x", "announced: expected true or false"),
    (asked("drill_stop"), "x", "missing required field `by`"),
    (asked("drill_stop", by="a", zender=7), "x", "unknown field `zender`"),
    (asked("redeem", token=""), "x", "token: expected 1 to 500 characters"),
    (asked("redeem", token="t" * 501), "x", "token: expected 1 to 500 characters"),
    (asked("redeem", token=7), "x", "token: expected 1 to 500 characters"),
    (
        asked("register", member="anna", **{**SUBSCRIPTION, "endpoint": "http://push.example/a"}),
        "x",
        "an https address",
    ),
    (asked("register", member="anna", **{**SUBSCRIPTION, "endpoint": "https://a b"}), "x", "an https address"),
    (asked("register", member="anna", **{**SUBSCRIPTION, "p256dh": "short"}), "x", "p256dh: expected a key"),
    (asked("register", member="anna", **{**SUBSCRIPTION, "auth": "+" * 22}), "x", "auth: expected a key"),
    (asked("register", member="", **SUBSCRIPTION), "x", "member: expected 1 to 64 letters"),
    (asked("register", **SUBSCRIPTION), "x", "missing required field `member`"),
    (asked("pages", members="anna"), "x", "members: expected a list of at most 500 member ids"),
    (asked("pages", members=["anna", "app:bas"]), "x", "members: expected a list of at most 500 member ids"),
    (asked("pages", members=["anna"] * 501), "x", "members: expected a list of at most 500 member ids"),
    (asked("pages", members=["anna"], reader="r"), "x", "unknown field `reader`"),
)


@pytest.mark.asyncio
async def test_each_malformed_command_is_told_what_is_wrong_and_the_connection_stays(path: Path) -> None:
    async with House(path) as house, raw(path) as ws:
        await hears(ws, "hello")
        for frame, id, wrong in MALFORMED:
            await ws.send(frame, text=True)
            error = await hears(ws, "error")
            assert error["id"] == id, frame
            assert wrong in error["error"], frame
            assert "regex" not in error["error"], "people read it"
            assert len(error["error"]) < 500
        assert house.commands.empty()
        await ws.send(json.dumps(typed()))
        assert key_of((await house.asked())[0]) == "cmd-x"


def test_everything_that_only_a_command_says_can_be_said_on_the_link() -> None:
    wishes = {kind.becomes for kind in link._Wish.__subclasses__()}
    assert wishes == set(get_args(h.Commanded))


COMMANDS = [kind for parent in (link._Asked, link._Wish) for kind in parent.__subclasses__() if kind is not link._Wish]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "type": st.just("command") | VALUES,
        "id": st.text("aZ9-", min_size=1, max_size=70) | VALUES,
        "command": st.sampled_from([kind.__struct_config__.tag for kind in COMMANDS]) | VALUES,
        "member": st.sampled_from(["anna", "pager:p1", ""]) | VALUES,
        "incident": st.just("7-9f3a-1") | VALUES,
        "answer": st.sampled_from(["coming", "carry", "Coming"]) | VALUES,
        "pager": st.just("p1") | VALUES,
        "fault": st.just("zender:7/silent") | VALUES,
        "reason": VALUES,
        "order": st.just("7-9f3a-1.d001.18") | VALUES,
        "stage": st.just("shown") | VALUES,
        "target": st.just("push:lid-4") | VALUES,
        "members": st.just(["anna"]) | VALUES,
        "on": st.just("2026-12-24") | VALUES,
        "zender": st.just(7) | VALUES,
        "by": st.just("anna") | VALUES,
        "token": VALUES,
    },
)
FRAMES = st.binary(max_size=300) | (VALUES | NEARLY).map(lambda value: json.dumps(value).encode())


@given(frames=st.lists(FRAMES, min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_whatever_is_sent_gets_one_answer_and_the_link_lives(
    tmp_path_factory: pytest.TempPathFactory, frames: list[bytes]
) -> None:
    async def send() -> None:
        path = tmp_path_factory.mktemp("link") / "s"
        async with House(path) as house, raw(path) as ws:
            house.answers_itself = True
            await hears(ws, "hello")
            for frame in frames:
                await ws.send(frame, text=True)
                answer = json.loads(await ws.recv())
                assert answer["type"] in ("error", "answered")
            await ws.send(json.dumps(typed(id="last")))
            assert await hears(ws, "answered") == {"type": "answered", "id": "last", **ACCEPTED}

    asyncio.run(send())


@pytest.mark.asyncio
async def test_garbage_without_end_does_not_hold_up_the_others(path: Path) -> None:
    refused = 0

    async def flood() -> None:
        nonlocal refused
        while True:
            for _ in range(20):
                await hostile.send("nonsense")
            for _ in range(20):
                await hears(hostile, "error")
                refused += 1

    async with House(path) as house, connect(path) as connection, raw(path) as hostile:
        house.answers_itself = True
        flooding = asyncio.create_task(flood())
        follower = Follower(connection)
        while refused < 1000 and not flooding.done():
            house.trouble()
            await follower.follow(house.n)
            assert (await connection.command(ANSWER, WAIT_S))["result"] == "accepted"
        assert house.n >= 1000 / 20  # a turn for everybody
        flooding.cancel()
        await asyncio.wait({flooding})
        assert flooding.cancelled()


@pytest.mark.asyncio
async def test_a_message_that_is_too_long_costs_its_reader_the_connection(path: Path) -> None:
    async with House(path) as house, connect(path) as other, raw(path) as ws:
        await hears(ws, "hello")
        await ws.send("x" * (link.COMMAND_MAX_BYTES + 1))
        with pytest.raises(ConnectionClosedError) as closed:
            await hears(ws, "never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        house.trouble()
        await Follower(other).follow(1)
        assert house.commands.empty()


# --- the socket -------------------------------------------------------------------------------------------------------


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
@pytest.mark.asyncio
async def test_the_group_may_and_others_never_could(path: Path, umask: int, monkeypatch: pytest.MonkeyPatch) -> None:
    listen = socket.socket.listen
    modes = []

    def spy(sock: socket.socket, backlog: int = 100) -> None:
        modes.append(mode(path))
        listen(sock, backlog)

    monkeypatch.setattr(socket.socket, "listen", spy)
    before = os.umask(umask)
    try:
        async with House(path):
            assert mode(path) == 0o660
    finally:
        os.umask(before)
    assert modes == [0o660]


def leave_behind(path: Path) -> None:
    """The file of a daemon that was killed."""
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))


@pytest.mark.asyncio
async def test_a_file_left_by_a_killed_daemon_is_replaced(path: Path) -> None:
    leave_behind(path)
    async with House(path), connect(path) as connection:
        assert connection.hello["boot"] == "b0b0"


def make_folder(path: Path) -> None:
    path.mkdir(parents=True)


@pytest.mark.asyncio
async def test_a_socket_that_cannot_be_opened_is_trouble_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "RETRY_S", 0.01)
    path = tmp_path / "not" / "yet" / "link"
    house = House(path)
    run = asyncio.create_task(house.link.run())
    assert await house.told() == f"no reader can connect at {path}: [Errno 2] No such file or directory"
    make_folder(path.parent)
    while await house.told() is not None:
        pass
    async with connect(path) as connection:
        assert connection.hello["n"] == 0
    run.cancel()
    await asyncio.wait({run})


OTHER_MODE = 0o604


@pytest.fixture
def other_file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "letter"
    path.write_text("somebody's own")
    path.chmod(OTHER_MODE)
    yield path
    assert path.read_text() == "somebody's own"


@pytest.mark.asyncio
async def test_a_file_that_is_no_socket_is_not_ours_to_remove(other_file: Path) -> None:
    house = House(other_file)
    run = asyncio.create_task(house.link.run())
    assert "in use" in (await house.told() or "")
    run.cancel()
    await asyncio.wait({run})
    assert mode(other_file) == OTHER_MODE


@pytest.mark.asyncio
async def test_a_daemon_that_stops_is_noticed_and_its_successor_starts_from_its_snapshot(path: Path) -> None:
    async with House(path) as house:
        reader = connect(path)
        connection = await reader.__aenter__()
        asking = asyncio.create_task(connection.command(ANSWER, WAIT_S))
        await house.asked()
        house.trouble()
        await Follower(connection).follow(1)
    with pytest.raises(LinkUnavailable, match="ended the connection"):
        await connection.take()
    with pytest.raises(LinkUnavailable, match="ended the connection"):
        await connection.take()
    with pytest.raises(LinkUnavailable, match="ended the connection"):
        await asking
    with pytest.raises(LinkUnavailable, match="ended the connection"):
        await connection.command(ANSWER, WAIT_S)
    await reader.__aexit__(None, None, None)
    assert await refusal(path) == f"no socket at {path}: the daemon does not run, or its state is elsewhere"
    successor = House(path, boot="b1b1")
    successor.trouble(40)
    async with successor, connect(path) as connection:
        assert (connection.hello["boot"], connection.hello["n"]) == ("b1b1", 40)


# --- the readers' end, with a daemon that is not as it should be ------------------------------------------------------


async def refusal(path: Path) -> str:
    with pytest.raises(LinkUnavailable) as error:
        async with connect(path):
            pass
    return str(error.value)


@pytest.mark.asyncio
async def test_what_is_the_matter_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await refusal(path) == f"no socket at {path}: the daemon does not run, or its state is elsewhere"
    leave_behind(path)
    assert await refusal(path) == f"nobody listens at {path}: the daemon does not run"
    assert "too long" in await refusal(path / ("x" * 200))

    def forbidden(*args: Any, **kwargs: Any) -> None:
        raise PermissionError

    monkeypatch.setattr("websockets.asyncio.client.unix_connect", forbidden)
    assert await refusal(path) == f"this user may not use {path}: join the group that owns it"


@contextlib.asynccontextmanager
async def strange_daemon(path: Path, *frames: str) -> AsyncIterator[None]:
    """Says these, and then nothing."""

    async def say(ws: ServerConnection) -> None:
        for frame in frames:
            await ws.send(frame)
        await ws.wait_closed()

    async with unix_serve(say, str(path)):
        yield


HELLO = '{"type":"hello","version":1,"boot":"b0b0","n":0,"durable_n":0,"state":{}}'


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        (['{"type":"hello","version":2}'], "another version"),
        (["{}"], "another version"),
        (['{"type":"error","id":null,"error":"the house is full"}'], "the house is full"),
        (["[]"], "no message of the link"),
        (["nonsense"], "no message of the link"),
    ],
)
@pytest.mark.asyncio
async def test_a_daemon_that_speaks_otherwise_is_unavailable(path: Path, frames: list[str], why: str) -> None:
    async with strange_daemon(path, *frames):
        assert why in await refusal(path)


@pytest.mark.asyncio
async def test_whoever_does_not_speak_websockets_is_unavailable(path: Path) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n\r\n")
        writer.close()

    async with await asyncio.start_unix_server(say, str(path)):
        assert str(path) in await refusal(path)


@pytest.mark.asyncio
async def test_a_silent_daemon_is_noticed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "SILENT_S", 0.2)
    async with strange_daemon(path):
        with pytest.raises(LinkSilent):
            async with connect(path):
                pass
    hanging = path.with_name("hanging")
    async with strange_daemon(hanging, HELLO), connect(hanging) as connection:
        with pytest.raises(LinkSilent, match=r"nothing heard from the daemon for 0\.2 s"):
            async for message in connection:
                raise AssertionError(message)
        with pytest.raises(LinkSilent):
            await connection.command(ANSWER, 5.0)


@pytest.mark.asyncio
async def test_a_program_that_does_not_take_its_messages_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "OUTBOX_MAX", 10)
    facts = [f'{{"type":"fact","n":{n},"durable":false,"fact":{{}}}}' for n in range(1, 30)]
    async with strange_daemon(path, HELLO, *facts), connect(path) as connection:
        with pytest.raises(LinkUnavailable, match="too slow"):
            await connection.command(ANSWER, WAIT_S)  # nobody iterates meanwhile
        taken = []
        with pytest.raises(LinkUnavailable, match="too slow"):
            async for message in connection:
                taken.append(message["n"])
        assert taken == list(range(1, len(taken) + 1))
        assert len(taken) in (9, 10)  # the hello may have been waiting among them


# --- at start, and in writing -----------------------------------------------------------------------------------------


def test_the_daemon_is_armed_before_websockets_is_imported() -> None:
    code = "import sys, achterwacht.link; sys.exit('websockets' in sys.modules)"
    child = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT / "daemon")}, check=False
    )
    assert child.returncode == 0


@pytest.mark.asyncio
async def test_every_key_of_every_message_has_its_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "BEAT_S", 0.01)
    text = (ROOT / "docs" / "link.md").read_text(encoding="utf-8")
    keys = {"command": {"type", "command", *(name for kind in COMMANDS for name in kind.__struct_fields__)}}
    async with House(path) as house, raw(path) as ws:
        house.answers_itself = True
        await ws.send("{}")
        await ws.send(json.dumps(typed()))
        hello = await hears(ws, "hello")
        messages = [hello, await hears(ws, "error"), await hears(ws, "answered")]
        house.trouble()
        house.durable(1)
        messages += [await hears(ws, kind) for kind in ("fact", "durable", "beat")]
    keys |= {message["type"]: set(message) for message in messages}
    for kind, names in keys.items():
        section = text.split(f"\n## {kind}\n")[1].split("\n## ")[0]
        assert {name for name in names if f"| `{name}` |" not in section} == set(), kind
        assert section.count("\n| `") == len(names), kind
