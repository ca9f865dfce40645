"""The cheapest nodes that still speak docs/wire.md: eleven zenders that press and three pagers that answer.

They note when a message reached their socket and do nothing else on the way, so that a benchmark measures the daemon
and not them. Pagers answer every page with both receipts: those share the daemon's socket, where Nagle's algorithm
would make every page wait. No node repeats anything: what is lost shows as a press that never ends.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

import msgspec

ZENDERS = tuple(range(1, 12))
PAGERS = ("p1", "p2", "p3")

KEEPALIVE_S = 60
"""The most that our broker's configuration lets a client ask for."""
PING_EVERY_S = 20.0
LOST_S = 15.0
"""A press without its page, confirmation or end by then is lost: the benchmark fails."""

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 0x10, 0x20, 0x30, 0x40, 0x82, 0x90
PINGREQ = b"\xc0\x00"
QOS_1, RETAIN = 0x02, 0x01
CLEAN_WITH_PASSWORD = 0xC2
"""The flags of a CONNECT: user name, password, clean session."""

Heard = Callable[[str, bytes, float], None]


class Node(asyncio.Protocol):
    """One MQTT 3.1.1 client with a socket of its own (asyncio sets TCP_NODELAY); QoS 1 both ways.

    `heard(topic, payload, at_s)` gets every message; `at_s` is the monotonic clock when its bytes were read.
    """

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._buffer = b""
        self._message_id = 0
        self._answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._ping: asyncio.TimerHandle | None = None

    @classmethod
    async def connect(
        cls,
        address: tuple[str, int],
        user: str,
        password: str,
        topics: Sequence[str],
        heard: Heard,
        name: str | None = None,
    ) -> Self:
        """A node that is connected and has its subscriptions. Raises ConnectionRefusedError.

        `name`: its client id, where several log in as the same user.
        """
        loop = asyncio.get_running_loop()
        _, node = await loop.create_connection(lambda: cls(heard), *address)
        flags = struct.pack("!BBH", 4, CLEAN_WITH_PASSWORD, KEEPALIVE_S)
        await node._ask(CONNECT, _text("MQTT") + flags + _text(name or f"bench-{user}") + _text(user) + _text(password))
        if topics:
            wanted = b"".join(_text(topic) + b"\x01" for topic in topics)
            await node._ask(SUBSCRIBE, struct.pack("!H", node._next_id()) + wanted)
        node._stay()
        return node

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> None:
        """Send one message at once; the broker's word is not waited for."""
        flags = (QOS_1 if qos else 0) | (RETAIN if retain else 0)
        message_id = struct.pack("!H", self._next_id()) if qos else b""
        self._transport.write(_packet(PUBLISH | flags, _text(topic) + message_id + payload))

    def close(self) -> None:
        """Leave without a word, as a node whose battery is taken out."""
        if self._ping is not None:
            self._ping.cancel()
        self._transport.abort()

    async def _ask(self, kind: int, body: bytes) -> None:
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(_packet(kind, body))
        async with asyncio.timeout(LOST_S):
            code = await self._answer
        if code != (0 if kind == CONNECT else 1):
            raise ConnectionRefusedError(f"the broker said {code}")

    def _stay(self) -> None:
        self._transport.write(PINGREQ)
        self._ping = asyncio.get_running_loop().call_later(PING_EVERY_S, self._stay)

    def _next_id(self) -> int:
        self._message_id = self._message_id % 0xFFFF + 1
        return self._message_id

    # --- what asyncio calls -------------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.Transport = transport

    def data_received(self, data: bytes) -> None:
        at_s = time.monotonic()
        self._buffer += data
        while (packet := _first_packet(self._buffer)) is not None:
            start, end = packet
            self._packet(self._buffer[0], self._buffer[start:end], at_s)
            self._buffer = self._buffer[end:]

    def _packet(self, kind: int, body: bytes, at_s: float) -> None:
        if kind & 0xF0 == PUBLISH:
            length = 2 + int.from_bytes(body[:2], "big")
            topic, rest = body[2:length].decode(), body[length:]
            if kind & QOS_1:
                self._transport.write(bytes((PUBACK, 2)) + rest[:2])
                rest = rest[2:]
            self._heard(topic, rest, at_s)
        elif kind in (CONNACK, SUBACK) and not self._answer.done():
            self._answer.set_result(body[-1])


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("!H", len(encoded)) + encoded


def _packet(kind: int, body: bytes) -> bytes:
    length, header = len(body), bytearray((kind,))
    while length > 0x7F:
        header.append(length & 0x7F | 0x80)
        length >>= 7
    header.append(length)
    return bytes(header) + body


def _first_packet(buffer: bytes) -> tuple[int, int] | None:
    """Where the body of the first packet starts and ends; None until it is there as a whole."""
    length = 0
    for place, byte in enumerate(buffer[1:5]):
        length |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            end = place + 2 + length
            return (place + 2, end) if end <= len(buffer) else None
    return None


async def wait(event: asyncio.Event, what: str) -> None:
    """Wait for an event of a press. Raises TimeoutError that says what did not come."""
    try:
        async with asyncio.timeout(LOST_S):
            await event.wait()
    except TimeoutError:
        raise TimeoutError(f"{what} did not come within {LOST_S:g} s") from None


class Everyone:
    """The pagers that something has come to."""

    def __init__(self) -> None:
        self._pagers: set[str] = set()
        self.all = asyncio.Event()

    def add(self, pager: str) -> None:
        """It has come to this one."""
        self._pagers.add(pager)
        if len(self._pagers) == len(PAGERS):
            self.all.set()


class Press:
    """One human press and what became of it. Seconds are of the monotonic clock."""

    def __init__(self, zender: int, boot: str, seq: int) -> None:
        self.id = f"{zender}-{boot}-{seq}"
        self.zender = zender
        self.message = msgspec.json.encode({"boot": boot, "seq": seq, "age_ms": 0})
        self.sent_s = 0.0
        self.pages_s: dict[str, float] = {}
        """By pager: when its first page was there."""
        self.confirmed_s: float | None = None
        self.durable = False
        self.paged, self.confirmed = asyncio.Event(), asyncio.Event()
        self.shown, self.over = Everyone(), Everyone()
        """Which pagers were told that their `shown` arrived, and which that the alarm is over."""

    @property
    def first_page_ms(self) -> float:
        """From the press to the first of the three pages."""
        return 1000 * (min(self.pages_s.values()) - self.sent_s)

    @property
    def page_ms(self) -> float:
        """From the press to the last of the three pages."""
        return 1000 * (max(self.pages_s.values()) - self.sent_s)

    @property
    def confirm_ms(self) -> float:
        """From the press to the zender's confirmation."""
        return 1000 * ((self.confirmed_s or 0.0) - self.sent_s)


class Building:
    """The zenders and pagers of one building on one broker, and every press they made. Use it in an `async with`."""

    def __init__(self, address: tuple[str, int], password: Callable[[str], str]) -> None:
        self._address, self._password = address, password
        self._nodes: dict[str, Node] = {}
        self.boot = secrets.token_hex(8)
        self._seq = 0
        self.presses: dict[str, Press] = {}
        self.pages_s: dict[str, float] = {}
        """By page id: when that page was there."""
        self._unanswered: dict[int, Press] = {}
        """By its seq: the press that a receipt `shown` is about, until the daemon has answered it."""

    async def __aenter__(self) -> Self:
        for pager in PAGERS:
            topics = [f"achterwacht/v1/pager/{pager}/{what}" for what in ("page", "answered")]
            await self._connect(pager, topics, self._pager_heard)
        for nr in ZENDERS:
            await self._connect(str(nr), [f"achterwacht/v1/zender/{nr}/confirm"], self._zender_heard)
        return self

    async def __aexit__(self, *_: object) -> None:
        for node in self._nodes.values():
            node.close()

    async def _connect(self, user: str, topics: Sequence[str], heard: Heard) -> None:
        self._nodes[user] = await Node.connect(self._address, user, self._password(user), topics, heard)

    def new_press(self, zender: int) -> Press:
        """A press that is not yet sent; `send` it."""
        self._seq += 1
        press = Press(zender, self.boot, self._seq)
        self.presses[press.id] = press
        return press

    def send(self, press: Press) -> None:
        """Publish a press; it counts from its first time."""
        press.sent_s = press.sent_s or time.monotonic()
        self._nodes[str(press.zender)].publish(f"achterwacht/v1/zender/{press.zender}/press", press.message)

    async def press_elsewhere(self, nr: int) -> Press:
        """A press from a zender that is connected for this one message."""
        press = self.new_press(nr)
        user = str(nr)
        await self._connect(user, [], self._zender_heard)
        self.send(press)
        await wait(press.paged, "a page")
        self._nodes.pop(user).close()
        return press

    async def close(self, press: Press) -> None:
        """The first pager's carrier arrives and says that all is clear; returns when every pager was told."""
        for answer in ("on_scene", "all_clear"):
            said = {"incident": press.id, "press": press.id, "zender": press.zender, "answer": answer}
            self._say(PAGERS[0], "answer", said)
        await wait(press.over.all, "the word that it is over")

    def _say(self, pager: str, what: str, said: dict[str, Any]) -> int:
        self._seq += 1
        message = msgspec.json.encode({"boot": self.boot, "seq": self._seq, **said})
        self._nodes[pager].publish(f"achterwacht/v1/pager/{pager}/{what}", message)
        return self._seq

    def _pager_heard(self, topic: str, payload: bytes, at_s: float) -> None:
        _, _, _, pager, what = topic.split("/")
        said = msgspec.json.decode(payload)
        if what == "page":
            self._page(pager, said, at_s)
        elif press := self._unanswered.pop(said["seq"], None):
            press.shown.add(pager)

    def _page(self, pager: str, page: dict[str, Any], at_s: float) -> None:
        self.pages_s[page["page"]] = at_s
        press = self.presses.get(page["press"])
        if press is not None and page["kind"] == "over":
            press.over.add(pager)
        elif press is not None:
            press.pages_s.setdefault(pager, at_s)
            if len(press.pages_s) == len(PAGERS):
                press.paged.set()
        # Not here: the other two pagers' pages may have arrived too, and must not wait for our answer.
        asyncio.get_running_loop().call_soon(self._answer_page, pager, page)

    def _answer_page(self, pager: str, page: dict[str, Any]) -> None:
        about = {name: page[name] for name in ("page", "incident", "press", "zender")}
        self._say(pager, "receipt", {**about, "stage": "received"})
        seq = self._say(pager, "receipt", {**about, "stage": "shown"})
        press = self.presses.get(page["press"])
        if press is not None and page["kind"] != "over":
            self._unanswered[seq] = press

    def _zender_heard(self, topic: str, payload: bytes, at_s: float) -> None:
        said = msgspec.json.decode(payload)
        press = self.presses.get(f"{topic.split('/')[3]}-{said['boot']}-{said['seq']}")
        if press is not None and press.confirmed_s is None:
            press.confirmed_s, press.durable = at_s, said["durable"]
            press.confirmed.set()
