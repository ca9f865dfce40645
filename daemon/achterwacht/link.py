"""The Unix socket between the daemon and whoever looks on: facts out, commands in. The messages are docs/link.md's.

Knows readers, their outboxes, and when one of them must go. What a fact means and what becomes of a command are the
service's. `Link` is the daemon's end; `connect` is the end of the dashboard and of the terminal.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import socket
import struct
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, get_args

import msgspec

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.codec import fact_to_plain
from achterwacht.core.state import State
from achterwacht.errors import AskedWrong, LinkSilent, LinkUnavailable

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection
    from websockets.asyncio.server import ServerConnection

VERSION = 1

# The dashboard, some terminals, and room for what reconnects before its old end is noticed.
READERS_MAX = 32

# Some four hundred alarms with all that follows from them, about 4 MB: who is further behind is better served by a new
# snapshot.
OUTBOX_MAX = 10_000

# About what one press makes. Then the loop turns, so that a flood of facts to readers never holds up a page.
SENDS_A_TURN = 25

# A send to a reader that takes nothing would wait for ever.
SEND_S = 2.0

# A stalled reader goes within PULSE_S + PONG_S = 2 s, also when there is nothing to send it. websockets' own keepalive
# does not see a reader whose buffer is full; ours has its ping, the wait for room and the pong under one timeout.
PULSE_S = 1.0
PONG_S = 1.0

# So often something is said at least; a reader gives the daemon up when it misses two.
BEAT_S = 2.0
SILENT_S = 5.0

# Commands of one reader that wait for an answer. Each is answered within about a second, also by a broken disk.
WAITING_MAX = 32

# The longest command is below 2 kB; a thousand open alarms are a snapshot of 13 MB.
COMMAND_MAX_BYTES = 64 * 1024
MESSAGE_MAX_BYTES = 64 * 1024 * 1024

# A mistake is told with the reader's own words in it: enough of them to find it by.
ERROR_MAX_CHARS = 300

# A handshake, or a goodbye, between two processes of one machine.
OPEN_S = 2.0
CLOSE_S = 1.0

# A folder that is missing or full is somebody's to repair; asking costs nothing.
RETRY_S = 5.0

# Readers need the group: who may read the socket may answer alarms.
SOCKET_MODE = 0o660

log = logging.getLogger(__name__)

Snapshot = Callable[[], tuple[str, int, int, State, Mapping[str, float]]]
Reply = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Redeem:
    """A one-time token came back, from a link or a notification."""

    token: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Somebody whom the reader does not know says how far an order has come, and with what they prove it."""

    reached: h.Reached
    proof: str


@dataclass(frozen=True, slots=True)
class Register:
    """A member wants Web Push on one browser: the subscription as that browser gave it."""

    member: str
    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Pages:
    """Whose pages are open at this reader now; None when it has left, whatever it was."""

    reader: object
    members: tuple[str, ...] | None


Command = h.Answer | h.Commanded | h.Reached | Receipt | Redeem | Register | Pages
OnCommand = Callable[[Command, Reply], None]


# --- commands ---------------------------------------------------------------------------------------------------------

# Without a colon: `pager:p1` is how the facts name a pager, and nobody may answer under that name.
Name = Annotated[str, msgspec.Meta(pattern=r"\A[\w.-]{1,64}\Z")]
NameOrNobody = Annotated[str, msgspec.Meta(pattern=r"\A[\w.-]{0,64}\Z")]
Id = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9-]{1,64}\Z")]
# A fault's key: `zender:7/never seen`. The longest is of a gateway, whose id has 32 characters.
FaultKey = Annotated[str, msgspec.Meta(pattern=r"\A[\w.:/ -]{1,100}\Z")]
# `push:lid-4`; the daemon says whether there is one.
Target = Annotated[str, msgspec.Meta(pattern=r"\A[\w-]{1,32}:[\w.-]{1,64}\Z")]
OrderId = Annotated[str, msgspec.Meta(pattern=r"\A[\w.-]{1,128}\Z")]
Token = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Endpoint = Annotated[str, msgspec.Meta(pattern=r"\Ahttps://\S{1,1000}\Z")]
# The keys of a subscription: 65 and 16 bytes in base64url.
PushKey = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{16,100}=*\Z")]
MEMBERS_MAX = 500
# As the plan numbers its zenders.
ZenderNr = Annotated[int, msgspec.Meta(ge=1, le=9999)]
# More pagers than this nobody can look at.
TARGETS_MAX = 100
# It stays in the journal for good: a sentence, not a report.
Text = Annotated[str, msgspec.Meta(max_length=500)]


class _Asked(msgspec.Struct, tag_field="command", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What all commands have."""

    type: Literal["command"]
    id: Id


class _AnswerCommand(_Asked, tag="answer", frozen=True, kw_only=True):
    member: Name
    answer: h.AnswerWord
    incident: Name | Literal[""] = ""
    pager: Name | None = None
    reason: Text = ""

    def __post_init__(self) -> None:
        if (self.answer == "carry") != (self.pager is not None):
            raise ValueError("`pager` goes with the answer `carry`, and only with it")
        if self.answer != "carry" and not self.incident:
            raise ValueError("`incident` is missing")

    def heard(self) -> h.Answer:
        return h.Answer(
            key=f"cmd-{self.id}",
            incident=self.incident,
            answer=self.answer,
            pager=self.pager,
            member=self.member,
            reason=self.reason,
        )


class _Wish(_Asked, frozen=True, kw_only=True):
    """A command whose keys are the fields of what is heard."""

    becomes: ClassVar[Callable[..., h.Commanded]]

    def heard(self) -> h.Commanded:
        said = {name: getattr(self, name) for name in self.__struct_fields__ if name not in _Asked.__struct_fields__}
        return type(self).becomes(key=f"cmd-{self.id}", **said)


class _UndoCommand(_Wish, tag="undo", frozen=True, kw_only=True):
    becomes = h.Undo

    member: Name
    incident: Name


class _AcknowledgeCommand(_Wish, tag="acknowledge", frozen=True, kw_only=True):
    becomes = h.Acknowledge

    member: Name
    fault: FaultKey


class _TestCommand(_Wish, tag="test", frozen=True, kw_only=True):
    becomes = h.Test

    target: Target
    by: Name


class _TookCommand(_Wish, tag="took", frozen=True, kw_only=True):
    becomes = h.Took

    pager: Name
    member: Name
    by: Name


class _CalledCommand(_Wish, tag="called", frozen=True, kw_only=True):
    becomes = h.Called

    pager: Name
    by: Name
    outcome: Literal["called", "comes", "replaced"]
    member: NameOrNobody = ""

    def __post_init__(self) -> None:
        if (self.outcome == "replaced") != bool(self.member):
            raise ValueError("`member` goes with the outcome `replaced`, and only with it")


class _SwapCommand(_Wish, tag="swap", frozen=True, kw_only=True):
    becomes = h.Swap

    pager: Name
    on: date
    member: Name
    by: Name


class _AwayCommand(_Wish, tag="away", frozen=True, kw_only=True):
    becomes = h.Away

    member: Name
    first: date
    last: date
    replacement: NameOrNobody = ""
    by: Name
    withdrawn: bool = False


class _TestButtonCommand(_Wish, tag="test_button", frozen=True, kw_only=True):
    becomes = h.TestButton

    zender: ZenderNr
    by: Name
    targets: Annotated[tuple[Target, ...], msgspec.Meta(max_length=TARGETS_MAX)] = ()


class _ClaimCommand(_Wish, tag="claim", frozen=True, kw_only=True):
    becomes = h.Claim

    zender: ZenderNr
    by: Name


class _JudgeCommand(_Wish, tag="judge", frozen=True, kw_only=True):
    becomes = h.Judge

    test: OrderId
    by: Name
    right: bool


class _DrillStartCommand(_Wish, tag="drill_start", frozen=True, kw_only=True):
    becomes = h.StartDrill

    zender: ZenderNr
    by: Name
    announced: bool = False


class _DrillStopCommand(_Wish, tag="drill_stop", frozen=True, kw_only=True):
    becomes = h.StopDrill

    by: Name


class _ReceiptCommand(_Asked, tag="receipt", frozen=True, kw_only=True):
    order: OrderId
    stage: Literal["received", "shown"]
    proof: Token | None = None

    def heard(self) -> h.Reached | Receipt:
        reached = h.Reached(self.order, self.stage)
        return reached if self.proof is None else Receipt(reached, self.proof)


class _RedeemCommand(_Asked, tag="redeem", frozen=True, kw_only=True):
    token: Token

    def heard(self) -> Redeem:
        return Redeem(self.token)


class _RegisterCommand(_Asked, tag="register", frozen=True, kw_only=True):
    member: Name
    endpoint: Endpoint
    p256dh: PushKey
    auth: PushKey

    def heard(self) -> Register:
        return Register(self.member, self.endpoint, self.p256dh, self.auth)


class _PagesCommand(_Asked, tag="pages", frozen=True, kw_only=True):
    members: Annotated[tuple[Name, ...], msgspec.Meta(max_length=MEMBERS_MAX)]

    def heard(self) -> Pages:
        return Pages(None, self.members)


class _Numbered(msgspec.Struct):
    """Any message with a usable id, whatever else is wrong with it."""

    id: Annotated[str, msgspec.Meta(max_length=64)]


# What is told of a value that does not fit its key: msgspec would print a pattern, and people read this.
EXPECTED = {
    "id": "1 to 64 of A-Z a-z 0-9 -",
    **dict.fromkeys(("member", "incident", "pager"), "1 to 64 letters, digits, _ . -"),
    "answer": f"one of {', '.join(get_args(h.AnswerWord))}",
    "fault": "the key of a fault such as zender:7/never seen, at most 100 characters",
    "reason": "a sentence of at most 500 characters",
    "target": "a target such as pager:p1 or push:lid-4",
    "targets": f"a list of at most {TARGETS_MAX} targets such as pager:p1",
    "by": "1 to 64 letters, digits, _ . -",
    "replacement": "nothing, or 1 to 64 letters, digits, _ . -",
    **dict.fromkeys(("on", "first", "last"), "a date such as 2026-12-24"),
    "outcome": "called, comes or replaced",
    "zender": "the number of a zender, 1 to 9999",
    "test": "the id of a button test",
    **dict.fromkeys(("right", "announced", "withdrawn"), "true or false"),
    "order": "the id of an order",
    "stage": "received or shown",
    **dict.fromkeys(("token", "proof"), "1 to 500 characters"),
    "endpoint": "an https address of at most 1000 characters",
    **dict.fromkeys(("p256dh", "auth"), "a key of a push subscription in base64url"),
    "members": f"a list of at most {MEMBERS_MAX} member ids",
}

_command = msgspec.json.Decoder(
    _AnswerCommand
    | _UndoCommand
    | _AcknowledgeCommand
    | _ReceiptCommand
    | _TestCommand
    | _TookCommand
    | _CalledCommand
    | _SwapCommand
    | _AwayCommand
    | _TestButtonCommand
    | _ClaimCommand
    | _JudgeCommand
    | _DrillStartCommand
    | _DrillStopCommand
    | _RedeemCommand
    | _RegisterCommand
    | _PagesCommand
)
_numbered = msgspec.json.Decoder(_Numbered)
_encode = msgspec.json.encode

# What msgspec raises for bytes that are no such message; the last for nests that are too deep for it.
NO_MESSAGE = (ValueError, RecursionError)


def _id_of(frame: bytes) -> str | None:
    try:
        return _numbered.decode(frame).id
    except NO_MESSAGE:
        return None


def _wrong(error: Exception) -> str:
    """What is wrong with a message, in a sentence."""
    key = str(error).partition(" - at `$.")[2].rstrip("`").partition("[")[0]
    if key in EXPECTED:
        return f"{key}: expected {EXPECTED[key]}"
    return f"{str(error)[:ERROR_MAX_CHARS]}: docs/link.md says what a command is"


def _error(id: str | None, error: str) -> bytes:
    return _encode({"type": "error", "id": id, "error": error})


# --- the daemon's end -------------------------------------------------------------------------------------------------


class _Dropped(Exception):
    """A reader must go; the text says why."""


class _Reader:
    """One reader, as the daemon sees it: what it is still to be sent, and how that is done."""

    def __init__(self, ws: ServerConnection, durable_n: int) -> None:
        self.ws = ws
        self.outbox: deque[bytes] = deque()
        self.waiting: set[str] = set()
        """The ids of its commands that wait for an answer."""
        self.durable_n = self._told_n = durable_n
        self._wake = asyncio.Event()
        credentials = ws.transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        self._pid, self._uid, _ = struct.unpack("3i", credentials)

    def __str__(self) -> str:
        return f"reader (process {self._pid}, user {self._uid})"

    def put(self, *frames: bytes) -> None:
        """Post messages. A reader that has gone, or is too far behind, gets nothing more."""
        if self.ws.transport.is_closing():
            return
        if len(self.outbox) + len(frames) > OUTBOX_MAX:
            log.warning("%s is dropped: more than %s messages behind", self, OUTBOX_MAX)
            self.ws.transport.abort()
            return
        self.outbox.extend(frames)
        self._wake.set()

    def put_durable(self, n: int) -> None:
        """Only the newest is sent, after the facts."""
        self.durable_n = n
        self._wake.set()

    async def write(self) -> None:
        """Send what is posted, in order; then how far the journal is; then, in silence, a beat."""
        while True:
            if self.outbox:
                await self.send(*(self.outbox.popleft() for _ in range(min(len(self.outbox), SENDS_A_TURN))))
                await asyncio.sleep(0)
            elif self._told_n < self.durable_n:
                self._told_n = self.durable_n
                await self.send(_encode({"type": "durable", "n": self._told_n}))
            else:
                self._wake.clear()
                try:
                    async with asyncio.timeout(BEAT_S):
                        await self._wake.wait()
                except TimeoutError:
                    await self.send(b'{"type":"beat"}')

    async def send(self, *frames: bytes) -> None:
        """Send these now, within SEND_S together."""
        try:
            async with asyncio.timeout(SEND_S):
                for frame in frames:
                    await self.ws.send(frame, text=True)
        except TimeoutError:
            raise _Dropped(f"took nothing for {SEND_S} s") from None

    async def pulse(self) -> None:
        """Notice when the reader has stalled, whether or not there is something to send."""
        while True:
            await asyncio.sleep(PULSE_S)
            try:
                async with asyncio.timeout(PONG_S):
                    pong = await self.ws.ping()
                    await pong
            except TimeoutError:
                raise _Dropped(f"did not answer a ping for {PONG_S} s") from None


class Link:
    """The daemon's end. `run` it; `stream` and `durable` are called in the loop and return at once.

    `snapshot()` gives (boot, n, durable_n, state, heard_s) as they are now, n counting the facts of the journal and
    heard_s the seconds since each device spoke; facts must be streamed in the same turn of the loop in which they came
    into that state. `on_command(heard, reply)` gets each command as a heard thing with key `cmd-<id>`;
    `reply({"result":…,"note":…,"durable":…})` may come at any time, also when the reader has gone. `on_trouble` is told
    why the socket cannot be opened, and None when it is.
    """

    def __init__(
        self,
        path: Path,
        snapshot: Snapshot,
        on_command: OnCommand,
        on_trouble: Callable[[str | None], None] = lambda trouble: None,
    ) -> None:
        self._path = path
        self._snapshot = snapshot
        self._on_command = on_command
        self._on_trouble = on_trouble
        self._readers: set[_Reader] = set()
        self._durable_n = 0
        # A snapshot is the one message that takes long: however many come at once, one is made at a time.
        self._encoding = asyncio.Lock()

    def stream(self, n: int, facts: Sequence[f.Fact]) -> None:
        """Post facts to every reader; `n` is the number of the last."""
        if not self._readers:
            return
        frames = [
            _encode({"type": "fact", "n": k, "durable": k <= self._durable_n, "fact": fact_to_plain(fact)})
            for k, fact in enumerate(facts, n - len(facts) + 1)
        ]
        for reader in self._readers:
            reader.put(*frames)

    def durable(self, n: int) -> None:
        """Tell every reader that the facts up to and including `n` are on disk."""
        self._durable_n = n
        for reader in self._readers:
            reader.put_durable(n)

    async def run(self) -> None:
        """Listen until cancelled. A socket that cannot be opened is trouble, and tried again every RETRY_S."""
        # Only now, when the loop runs and presses are heard, and in a thread: nobody in danger waits for the import of
        # what shows them on a screen.
        await asyncio.to_thread(importlib.import_module, "websockets.asyncio.server")
        while True:
            try:
                await self._listen()
            except OSError as error:
                log.error("no reader can connect at %s: %s", self._path, error)
                self._on_trouble(f"no reader can connect at {self._path}: {error}")
                await asyncio.sleep(RETRY_S)

    async def _listen(self) -> None:
        from websockets.asyncio.server import unix_serve

        server = await unix_serve(
            self._attend,
            sock=_socket_at(self._path),
            compression=None,
            max_size=COMMAND_MAX_BYTES,
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
            ping_interval=None,
        )
        try:
            self._on_trouble(None)
            await asyncio.get_running_loop().create_future()
        finally:
            for reader in self._readers:
                reader.ws.transport.abort()  # a goodbye to a stalled reader would take its time
            with suppress(OSError):
                self._path.unlink()
            server.close()
            await server.wait_closed()

    async def _attend(self, ws: ServerConnection) -> None:
        from websockets.exceptions import ConnectionClosed

        if ws.transport.is_closing():
            return  # it did not wait for an answer
        boot, n, durable_n, state, heard_s = self._snapshot()
        reader = _Reader(ws, durable_n)
        if len(self._readers) >= READERS_MAX:
            log.warning("%s is refused: there are %s already", reader, READERS_MAX)
            refusal = f"{READERS_MAX} readers are connected already: close one of them"
            await ws.send(_error(None, refusal), text=True)
            return
        self._readers.add(reader)  # in the turn of the snapshot: the next fact is n + 1
        log.info("%s came: %s now", reader, len(self._readers))
        hello = {"type": "hello", "version": VERSION, "boot": boot, "durable_n": durable_n, "n": n, "heard_s": heard_s}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tell(reader, hello, state))
                group.create_task(self._hear(reader))
                group.create_task(reader.pulse())
        except* _Dropped as dropped:
            log.warning("%s is dropped: %s", reader, dropped.exceptions[0])
        except* ConnectionClosed:
            log.info("%s left", reader)
        finally:
            self._readers.discard(reader)
            self._on_command(Pages(reader, None), lambda _: None)
            ws.transport.abort()

    async def _tell(self, reader: _Reader, hello: dict[str, Any], state: State) -> None:
        async with self._encoding:
            # In a thread, for a thousand open alarms take 0.1 s; a state never changes. And straight to JSON, a Map as
            # a dict: codec.to_plain() gives the same by way of so many objects that collecting them stops the loop.
            first = await asyncio.to_thread(lambda: _encode({**hello, "state": state}, enc_hook=dict))
        await reader.send(first)
        await reader.write()

    async def _hear(self, reader: _Reader) -> None:
        while True:
            self._take(reader, await reader.ws.recv(decode=False))
            await asyncio.sleep(0)  # one message a turn: a flood of them stays beside the alarms

    def _take(self, reader: _Reader, frame: bytes) -> None:
        try:
            command = _command.decode(frame)
        except NO_MESSAGE as error:
            reader.put(_error(_id_of(frame), _wrong(error)))
            return
        if len(reader.waiting) >= WAITING_MAX:
            reader.put(_error(command.id, f"{WAITING_MAX} commands wait for an answer: send this one again later"))
            return
        reader.waiting.add(command.id)

        def reply(outcome: dict[str, Any]) -> None:
            reader.waiting.discard(command.id)
            reader.put(_encode({"type": "answered", "id": command.id, **outcome}))

        wish = command.heard()
        self._on_command(replace(wish, reader=reader) if isinstance(wish, Pages) else wish, reply)


def _socket_at(path: Path) -> socket.socket:
    """A bound socket with SOCKET_MODE. The file that a killed daemon left is replaced; any other file stays."""
    if path.is_socket():
        path.unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(path))
        path.chmod(SOCKET_MODE)  # nobody can connect before the server listens, so it is never open wider
    except OSError:
        sock.close()
        raise
    return sock


# --- the readers' end -------------------------------------------------------------------------------------------------


class Connection:
    """A reader's end, given by `connect`. Iterate it: facts and `durable`, in order, from `hello["n"]` + 1 on.

    Iteration ends with LinkUnavailable (LinkSilent when nothing was heard for SILENT_S); connect again and start from
    the new snapshot. Beats and answers are kept out of it.
    """

    def __init__(self, ws: ClientConnection) -> None:
        self.hello: dict[str, Any] = {}
        self._ws = ws
        self._messages: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._waiting: set[tuple[str, asyncio.Future[dict[str, Any]]]] = set()
        self._ended: LinkUnavailable | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> dict[str, Any]:
        return await self.take()

    async def take(self) -> dict[str, Any]:
        """The next message. Raises LinkUnavailable when there will be none."""
        if self._ended is not None and self._messages.empty():
            raise self._ended
        message = await self._messages.get()
        if message is None:
            assert self._ended is not None
            raise self._ended
        return message

    async def command(self, command: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Send a command (docs/link.md, without `type`; an `id` is made when there is none); return its answer.

        Raises AskedWrong when it was not understood, and LinkUnavailable when no answer came: it may have been done.
        The same command with the same id gets the same answer, now or over another connection.
        """
        from websockets.exceptions import ConnectionClosed

        if self._ended is not None:
            raise self._ended
        message = {"type": "command", "id": uuid.uuid4().hex, **command}
        answer = asyncio.get_running_loop().create_future()
        waiting = (message["id"], answer)
        self._waiting.add(waiting)
        try:
            async with asyncio.timeout(timeout_s):
                await self._ws.send(_encode(message), text=True)
                answered: dict[str, Any] = await answer
        except TimeoutError:
            raise LinkUnavailable(f"no answer within {timeout_s} s; whether it was done is not known") from None
        except ConnectionClosed:
            raise self._ended or LinkUnavailable("the daemon has ended the connection") from None
        finally:
            self._waiting.discard(waiting)
        if answered["type"] == "error":
            raise AskedWrong(answered["error"])
        return answered

    async def listen(self) -> None:
        """Sort what comes, until nothing comes any more."""
        from websockets.exceptions import ConnectionClosed

        ended = LinkUnavailable("the connection was closed by this side")
        try:
            while self._messages.qsize() < OUTBOX_MAX:
                async with asyncio.timeout(SILENT_S):
                    frame = await self._ws.recv(decode=False)
                self._sort(msgspec.json.decode(frame, type=dict[str, Any]))
            ended = LinkUnavailable(f"{OUTBOX_MAX} messages were not taken: this reader is too slow")
        except TimeoutError:
            ended = LinkSilent(f"nothing heard from the daemon for {SILENT_S} s")
        except ConnectionClosed as closed:
            ended = LinkUnavailable(f"the daemon has ended the connection: {closed}")
        except NO_MESSAGE as error:
            ended = LinkUnavailable(f"what came is no message of the link: {error}")
        finally:
            self._ended = ended
            self._messages.put_nowait(None)
            for _, answer in self._waiting:
                if not answer.done():
                    answer.set_exception(ended)

    def _sort(self, message: dict[str, Any]) -> None:
        kind, id = message.get("type"), message.get("id")
        if kind in ("answered", "error") and id is not None:
            for waiting, answer in self._waiting:
                if waiting == id and not answer.done():
                    answer.set_result(message)
        elif kind != "beat":
            self._messages.put_nowait(message)


@asynccontextmanager
async def connect(path: Path) -> AsyncIterator[Connection]:
    """Connect to the daemon at this socket. Raises LinkUnavailable, with what is the matter, at once."""
    from websockets.asyncio.client import unix_connect
    from websockets.exceptions import WebSocketException

    try:
        ws = await unix_connect(
            str(path), compression=None, max_size=MESSAGE_MAX_BYTES, open_timeout=SILENT_S, ping_interval=None
        )
    except FileNotFoundError:
        raise LinkUnavailable(f"no socket at {path}: the daemon does not run, or its state is elsewhere") from None
    except ConnectionRefusedError:
        raise LinkUnavailable(f"nobody listens at {path}: the daemon does not run") from None
    except PermissionError:
        raise LinkUnavailable(f"this user may not use {path}: join the group that owns it") from None
    except TimeoutError:
        raise LinkSilent(f"nothing heard at {path} for {SILENT_S} s") from None
    except (OSError, WebSocketException) as error:
        raise LinkUnavailable(f"{path}: {error}") from None
    connection = Connection(ws)
    listening = asyncio.create_task(connection.listen())
    try:
        connection.hello = await connection.take()
        if connection.hello.get("type") == "error":
            raise LinkUnavailable(connection.hello.get("error"))
        if connection.hello.get("version") != VERSION:
            raise LinkUnavailable("the daemon is of another version than this program: install the same of both")
        yield connection
    finally:
        listening.cancel()
        await asyncio.wait({listening})
        ws.transport.abort()
