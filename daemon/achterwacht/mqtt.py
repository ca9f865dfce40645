"""The one MQTT connection, shared by every input and output that speaks MQTT.

Knows the broker, its reason codes, when to connect again, and that a message is acknowledged by hand: by
whoever heard it, once it is safe (docs/decisions/manual-acknowledgement.md). Knows no topic and no payload:
what they mean is for zenders, pagers and health to say. Everything here belongs to the event loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import random
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import aiomqtt
from paho.mqtt.client import DisconnectFlags, MQTTMessage, error_string
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from achterwacht.errors import MqttUnavailable

# A broker on our own machine or LAN answers in milliseconds; what takes longer than this is a fault.
CONNECT_TIMEOUT_S = 3.0
# The alarm path gives up on one publish, tells why and goes on (docs/promises.md: shown within 1 s at p99).
PUBLISH_TIMEOUT_S = 1.0
# Our goodbye at a clean stop: long enough for a healthy broker, short enough for systemd and a restart.
FAREWELL_S = 1.0

# A dead broker must be noticed within 5 s. paho pings after KEEPALIVE_S of silence and waits as long for the
# answer, each rounded up to a tick: 2 × 2 s + 2 ticks is the worst case.
KEEPALIVE_S = 2
TICK_S = 0.25

# Between two attempts; random, so that nodes and daemons do not knock in step after a power cut.
RECONNECT_MIN_S = 0.1
RECONNECT_MAX_S = 1.0
# A second client with our id: each connect throws the other out, so they must not fight at full speed.
RIVAL_PAUSE_MIN_S = 2.5
RIVAL_PAUSE_MAX_S = 5.0
# MQTT 5, 3.14.2.1: 0x8E, session taken over. mosquitto 2.0.11 does not send it, it only hangs up (measured):
# there a rival is whoever makes us lose RIVAL_LOSSES connections in a row, each younger than STEADY_S (twice
# the pause above), with a broker that lets us in again every time. A broker that restarts is away in between.
SESSION_TAKEN_OVER = 142
RIVAL_LOSSES = 3
STEADY_S = 10.0

# The broker keeps our session, and the presses in it, for a day without us.
SESSION_EXPIRY_S = 86_400
# At most so many messages wait for our acknowledgement; the broker keeps the rest (docs/wire.md, "Daemon").
RECEIVE_MAXIMUM = 20
# A message unacknowledged for so long was forgotten by a bug. Only a new connection makes the broker send it
# again, and before 20 of them make us deaf; the journal's own limit is 1 s.
UNACKED_MAX_S = 30.0
# Far above our largest message (16 open incidents, 5 kB) and a gateway's device list; far below what hurts.
PACKET_MAX_BYTES = 262_144
# So many publishes are with the broker unconfirmed: what mosquitto grants us (MQTT 5, 3.2.2.3.3), and few, since
# what is on the socket cannot be overtaken any more (docs/decisions/overtaking.md).
UNCONFIRMED_MAX = 20
# What merely shows leaves only while fewer than this are unconfirmed: a page finds most of the window free.
SHOWN_MAX = 5
# Publishes that wait for their turn in each of the two lines: far more than all alarms at once.
WAITING_MAX = 1_000
# One retained topic per pager and per zender with a help light, and a few of our own: the largest plan.
RETAINED_MAX = 2_500
# Filters in one SUBSCRIBE: with the longest topics still a fifth of what the broker takes in one packet.
SUBSCRIBE_MAX = 200

log = logging.getLogger(__name__)
# paho and aiomqtt tell of every packet and of each lost connection; we tell the latter ourselves, once.
_paho_log = logging.getLogger(f"{__name__}.paho")
_paho_log.setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who we are to it.

    Files are PEM. Without `ca_file` the authorities that the system trusts are ours too.
    """

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `mqtt[s]://[user@]host[:port]` (1883, with TLS 8883). ValueError says what is wrong.

        A password has no place in it: every user of the machine can read a command line.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts"):
            raise ValueError(f"{url!r}: expected mqtt:// or mqtts://")
        if parts.password is not None:
            raise ValueError("no password in the broker's address: it belongs in a file only we can read")
        if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(f"{url!r}: expected mqtt[s]://[user@]host[:port]")
        tls = parts.scheme == "mqtts"
        port = parts.port if parts.port is not None else 8883 if tls else 1883
        if port == 0:
            raise ValueError(f"{url!r}: port 0 is not a port")
        return cls(parts.hostname, port, username=unquote(parts.username or "") or None, tls=tls)


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came. `ack()` tells the broker that we need it no more.

    Call it when the message is safe, within UNACKED_MAX_S. It may be called twice, and after the connection
    that the message came on is gone: then it does nothing, and the broker sends the message again.
    """

    topic: str
    payload: bytes
    retain: bool
    ack: Callable[[], None]
    qos: int = 1
    """As it came to us: no more than its sender gave it."""


@dataclass(frozen=True, slots=True)
class _Publish:
    topic: str
    payload: bytes
    retain: bool
    properties: Properties | None
    confirmation: asyncio.Future[list[ReasonCode]]


class _Connection:
    """One connection from CONNECT to its end; never used again.

    aiomqtt opens the socket and watches it with the loop. Messages and confirmations come straight from
    paho's callbacks: aiomqtt's own queue has no bound, its publish() does not look at the broker's reason
    code and waits its full time on a dead connection. The private names this needs, aiomqtt's `_client` and
    `_disconnected`, are held by a contract test.
    """

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        will: tuple[str, bytes],
        on_message: Callable[[Message], None],
        on_room: Callable[[], None],
    ) -> None:
        self._aiomqtt = aiomqtt.Client(
            address.host,
            address.port,
            identifier=client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            username=address.username,
            password=address.password,
            tls_params=tls_parameters(address),
            will=aiomqtt.Will(*will, qos=1, retain=True),
            clean_start=False,
            properties=_properties(
                PacketTypes.CONNECT,
                SessionExpiryInterval=SESSION_EXPIRY_S,
                ReceiveMaximum=RECEIVE_MAXIMUM,
                MaximumPacketSize=PACKET_MAX_BYTES,
            ),
            keepalive=KEEPALIVE_S,
            timeout=CONNECT_TIMEOUT_S,
            # None waits inside paho, where nothing is overtaken; in flight is what `_hand_over` lets through.
            max_inflight_messages=0,
            # Without it every page waits 40 ms for Nagle and the broker's delayed acknowledgement (measured).
            socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
            logger=_paho_log,
        )
        self._on_message = on_message
        self._on_room = on_room
        self._loop = asyncio.get_running_loop()
        self._ticker: asyncio.TimerHandle | None = None
        self._ticks = 0
        # Message id → the broker's word on what we sent; `_window` at most, and the subscription.
        self._unconfirmed: dict[int, asyncio.Future[list[ReasonCode]]] = {}
        self._window = UNCONFIRMED_MAX
        # What waits for the window: what expires goes first. WAITING_MAX each.
        self._expiring: deque[_Publish] = deque()
        self._lasting: deque[_Publish] = deque()
        # Message id → the alarm clock of what waits for our acknowledgement; RECEIVE_MAXIMUM at most.
        self._unacked: dict[int, asyncio.TimerHandle] = {}
        self.ended: asyncio.Future[str] = self._loop.create_future()
        self.taken_over = False

        self._paho = self._aiomqtt._client
        self._paho.connect_timeout = CONNECT_TIMEOUT_S
        self._paho.manual_ack_set(True)
        self._aiomqtt_on_connect: Any = self._paho.on_connect
        self._paho.on_connect = self._answered
        self._paho.on_message = self._heard
        self._paho.on_publish = lambda _c, _u, mid, code, _p: self._confirmed(mid, [code])
        self._paho.on_subscribe = lambda _c, _u, mid, codes, _p: self._confirmed(mid, codes)
        self._paho.on_disconnect = self._disconnected

    @property
    def is_open(self) -> bool:
        return not self.ended.done() and self._paho.is_connected()

    @property
    def has_room(self) -> bool:
        """Whether what merely shows would be in nobody's way."""
        waiting = self._expiring or self._lasting
        return self.is_open and not waiting and len(self._unconfirmed) < min(SHOWN_MAX, self._window)

    @property
    def is_steady(self) -> bool:
        """Whether it has lived so long that its end is news and no rival's work."""
        return self._ticks * TICK_S >= STEADY_S

    async def open(self) -> None:
        """Connect; raises MqttUnavailable with the reason. When cancelled, what was begun is undone later."""
        opening = asyncio.ensure_future(self._aiomqtt.__aenter__())
        try:
            either: set[asyncio.Future[Any]] = {opening, self.ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self.ended.done() or not opening.done():
                # The thread that connects cannot be stopped; what it opens must not live on under our id.
                opening.add_done_callback(self._abandon)
        if self.ended.done():
            raise MqttUnavailable(self.ended.result())
        # Not re-raised: that would keep paho's unclosed socket of a failed TLS handshake alive in a cycle.
        if failure := opening.exception():
            raise MqttUnavailable(f"cannot connect: {failure}")
        # Read and write errors inside aiomqtt's own callbacks show up here and nowhere else.
        self._aiomqtt._disconnected.add_done_callback(lambda lost: self.end(f"broken: {lost.exception()!r}"))
        self._paho.on_socket_register_write = self._want_write
        self._tick()

    def _abandon(self, opening: asyncio.Future[Any]) -> None:
        if not opening.cancelled():
            opening.exception()
        self._paho.disconnect()

    def end(self, reason: str) -> None:
        """Leave the broker and forget what was under way. The session and its presses stay. Idempotent."""
        if self.ended.done():
            return
        self.ended.set_result(reason)
        if self._ticker is not None:
            self._ticker.cancel()
        for overdue in self._unacked.values():
            overdue.cancel()
        self._unacked.clear()
        waiting = (publish.confirmation for publish in (*self._expiring, *self._lasting))
        for confirmation in (*self._unconfirmed.values(), *waiting):
            if not confirmation.done():
                confirmation.set_exception(MqttUnavailable(reason))
        self._unconfirmed.clear()
        self._expiring.clear()
        self._lasting.clear()
        self._paho.disconnect()

    def subscribe(self, subscriptions: Sequence[tuple[str, int]]) -> asyncio.Future[list[ReasonCode]]:
        wanted = [(topics, SubscribeOptions(qos=qos)) for topics, qos in subscriptions]
        confirmation: asyncio.Future[list[ReasonCode]] = self._loop.create_future()
        code, mid = self._paho.subscribe(wanted)
        self._follow(code, mid, confirmation)
        return confirmation

    def unsubscribe(self, topics: Sequence[str]) -> None:
        """Ask for these no more. Should one still come, it is let go by whoever hears it."""
        if topics:
            self._paho.unsubscribe(list(topics))

    def publish(
        self, topic: str, payload: bytes, qos: int, *, retain: bool = False, expiry_s: int | None = None
    ) -> asyncio.Future[list[ReasonCode]]:
        """Queue one message (QoS 0: send it); the future ends with the broker's word or with the connection.

        Cancel the future and the message does not leave, if it still waits.
        """
        properties = None if expiry_s is None else _expiry(expiry_s)
        confirmation: asyncio.Future[list[ReasonCode]] = self._loop.create_future()
        line = self._lasting if expiry_s is None else self._expiring
        if qos == 0:
            sent = self._paho.publish(topic, payload, 0, retain, properties)
            self._follow(sent.rc, None, confirmation)
        elif len(line) >= WAITING_MAX:
            confirmation.set_exception(MqttUnavailable(f"not sent: {WAITING_MAX} wait for the broker already"))
        else:
            line.append(_Publish(topic, payload, retain, properties, confirmation))
            self._hand_over()
        return confirmation

    def _hand_over(self) -> None:
        """Give paho as many as the window has room for; what nobody waits for any more is left out."""
        while len(self._unconfirmed) < self._window and (line := self._expiring or self._lasting):
            publish = line.popleft()
            if not publish.confirmation.done():
                sent = self._paho.publish(publish.topic, publish.payload, 1, publish.retain, publish.properties)
                self._follow(sent.rc, sent.mid, publish.confirmation)

    def _follow(self, code: MQTTErrorCode, mid: int | None, confirmation: asyncio.Future[list[ReasonCode]]) -> None:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            confirmation.set_exception(MqttUnavailable(f"not sent: {error_string(code)}"))
        elif mid is None:
            confirmation.set_result([])
        else:
            self._unconfirmed[mid] = confirmation

    def _answered(self, client: Any, userdata: Any, flags: Any, code: ReasonCode, properties: Any) -> None:
        if code.is_failure:
            self.end(f"the broker refused us: {code}")
        # A broker that names no number takes as many as there are message ids. paho does not look at it.
        self._window = min(UNCONFIRMED_MAX, getattr(properties, "ReceiveMaximum", UNCONFIRMED_MAX))
        self._aiomqtt_on_connect(client, userdata, flags, code, properties)

    def _confirmed(self, mid: int, codes: list[ReasonCode]) -> None:
        confirmation = self._unconfirmed.pop(mid, None)
        if confirmation is not None and not confirmation.done():
            confirmation.set_result(codes)
        if not self.ended.done():
            self._hand_over()
            self._on_room()

    def _heard(self, _client: Any, _userdata: Any, message: MQTTMessage) -> None:
        if self.ended.done():
            return  # the broker sends it again on the next connection
        ack = self._ack_of(message.mid) if message.qos else _nothing
        try:
            self._on_message(Message(message.topic, bytes(message.payload), message.retain, ack, message.qos))
        except Exception:
            # Acknowledged all the same. Kept back it would come again for ever, and twenty such would make us
            # deaf for every desk; our own zenders repeat a press until it is confirmed.
            log.exception("a message could not be handled and is given up")
            ack()

    def _ack_of(self, mid: int) -> Callable[[], None]:
        overdue = self._loop.call_later(UNACKED_MAX_S, self._stalled)
        self._unacked[mid] = overdue

        def ack() -> None:
            # The broker uses ids again: ours is the one whose alarm clock still stands there.
            if self._unacked.get(mid) is overdue:
                del self._unacked[mid]
                overdue.cancel()
                self._paho.ack(mid, 1)

        return ack

    def _stalled(self) -> None:
        reason = f"a message was not acknowledged for {UNACKED_MAX_S} s"
        log.warning("%s: connecting again, to be sent it again", reason)
        self.end(reason)

    def _disconnected(
        self, _client: Any, _userdata: Any, flags: DisconnectFlags, code: ReasonCode, _properties: Any
    ) -> None:
        self.taken_over = flags.is_disconnect_packet_from_server and code.value == SESSION_TAKEN_OVER
        if self.taken_over:
            self.end("another client connected to the broker")
        elif flags.is_disconnect_packet_from_server:
            self.end(f"the broker ended the connection: {code}")
        elif code == "Keep alive timeout":
            self.end(f"the broker has not answered for {KEEPALIVE_S} s")
        else:
            self.end("the connection to the broker was lost")

    def _tick(self) -> None:
        """paho's housekeeping: ping, give up a silent broker. aiomqtt's own tick of a second is too slow."""
        self._ticker = self._loop.call_later(TICK_S, self._tick)
        self._ticks += 1
        self._paho.loop_misc()

    def _want_write(self, _client: Any, _userdata: Any, _socket: Any) -> None:
        # Not aiomqtt's way through the selector: the socket is nearly always free, and three pages in a row
        # leave together.
        self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._paho.loop_write()
        sock = self._paho.socket()
        if sock is not None and self._paho.want_write():
            # The socket is full; paho takes the writer away when all is sent.
            self._loop.add_writer(sock, self._flush)


class Mqtt:
    """The connection as the others see it.

    `on_message` is called in the loop and must not block; whoever handles the message calls its `ack`.
    `on_link(up, reason)` is told every change. A reason beside up=True is a fault of a link that works
    (the broker refused one of the subscriptions). `subscriptions` are (filter, qos 0 or 1).
    """

    def __init__(
        self,
        address: BrokerAddress,
        *,
        client_id: str,
        will: tuple[str, bytes],
        subscriptions: Sequence[tuple[str, int]],
        on_message: Callable[[Message], None],
        on_link: Callable[[bool, str], None],
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._will = will
        self._subscriptions = tuple(subscriptions)
        self._on_message = on_message
        self._on_link = on_link
        self._connection: _Connection | None = None
        self._link = (False, "not yet connected")
        self._retained: dict[str, bytes] = {}
        # The topics of which the broker has not got the newest; in the order of their last change.
        self._unsent: dict[str, None] = {}

    @property
    def connected(self) -> bool:
        return self._connection is not None and self._connection.is_open

    async def run(self) -> None:
        """Connect, listen, connect again, for ever. Cancelled: say the will ourselves (FAREWELL_S) and go."""
        losses = 0  # of young connections, in a row
        while True:
            connection = _Connection(self._address, self._client_id, self._will, self._on_message, self._show)
            self._connection = connection
            try:
                await self._set_up(connection)
                await asyncio.wait({connection.ended})  # and never cancel it
                reason = connection.ended.result()
                losses = 0 if connection.is_steady else losses + 1
            except MqttUnavailable as error:
                reason = str(error)
                losses = 0
            except asyncio.CancelledError:
                await self._farewell(connection)
                raise
            finally:
                connection.end("stopped")
            rival = connection.taken_over or losses >= RIVAL_LOSSES
            self._tell(False, f"{reason}: is a second daemon running with our id?" if rival else reason)
            pause_s = (RIVAL_PAUSE_MIN_S, RIVAL_PAUSE_MAX_S) if rival else (RECONNECT_MIN_S, RECONNECT_MAX_S)
            await asyncio.sleep(random.uniform(*pause_s))

    async def _set_up(self, connection: _Connection) -> None:
        await connection.open()
        refused = await self._subscribe(connection, self._subscriptions)
        self._unsent = dict.fromkeys(self._retained)
        self._show()
        self._tell(True, refused)

    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        expiry_s: int | None = None,
        timeout_s: float = PUBLISH_TIMEOUT_S,
    ) -> None:
        """Return when the broker has the message (QoS 0: when it is on its way to the socket).

        Raises MqttUnavailable: at once without a connection or when it dies, after `timeout_s`, or when the
        broker refuses. After a timeout the broker may still get it.

        What expires is worth nothing later, so it goes first: a page overtakes everything that waits and does not
        expire, and nothing overtakes a page (docs/decisions/overtaking.md). Among equals the first come goes first.
        """
        if self._connection is None or not self.connected:
            raise MqttUnavailable(f"no connection to the broker: {self._link[1] or 'just lost'}")
        confirmation = self._connection.publish(topic, payload, qos, expiry_s=expiry_s)
        try:
            async with asyncio.timeout(timeout_s):
                codes = await confirmation
        except TimeoutError:
            raise MqttUnavailable(f"the broker did not take it within {timeout_s} s") from None
        for code in codes:
            if code.is_failure:
                raise MqttUnavailable(f"the broker refused it: {code}")

    def retain(self, topic: str, payload: bytes) -> None:
        """Keep `payload` as the topic's retained message: sent when no publish waits, and again on every connect.

        A newer one replaces one that still waits.
        """
        self._retained.pop(topic, None)
        self._retained[topic] = payload
        self._unsent.pop(topic, None)
        self._unsent[topic] = None
        if len(self._retained) > RETAINED_MAX:
            oldest = next(iter(self._retained))
            del self._retained[oldest]
            self._unsent.pop(oldest, None)
            log.error("more than %s retained topics: %s is not kept up any more", RETAINED_MAX, oldest)
        self._show()

    def _show(self) -> None:
        """Send of what merely shows as much as is in nobody's way."""
        connection = self._connection
        while self._unsent and connection is not None and connection.has_room:
            topic = next(iter(self._unsent))
            del self._unsent[topic]
            self._send_retained(connection, topic, self._retained[topic])

    def _send_retained(self, connection: _Connection, topic: str, payload: bytes) -> None:
        def settled(confirmation: asyncio.Future[list[ReasonCode]]) -> None:
            if confirmation.exception() is not None:
                # The connection is gone or going: the next one sends the newest of every topic.
                connection.end(f"{topic} could not be sent")
            elif confirmation.result()[0].is_failure:
                log.warning("the broker refused %s: %s", topic, confirmation.result()[0])

        connection.publish(topic, payload, qos=1, retain=True).add_done_callback(settled)

    async def listen(self, subscriptions: Sequence[tuple[str, int]]) -> None:
        """Hear these from now on, and no others. Without a connection the next one sees to it."""
        before, self._subscriptions = self._subscriptions, tuple(subscriptions)
        connection = self._connection
        if connection is None or not connection.is_open:
            return
        connection.unsubscribe([topics for topics, _ in set(before) - set(self._subscriptions)])
        known = () if self._link[1] else before  # what was refused is asked for again
        try:
            added = [wanted for wanted in self._subscriptions if wanted not in set(known)]
            self._tell(True, await self._subscribe(connection, added))
        except MqttUnavailable as error:
            connection.end(str(error))

    async def _subscribe(self, connection: _Connection, subscriptions: Sequence[tuple[str, int]]) -> str:
        """Subscribe to these; return what the broker refused, in words, or nothing."""
        refused = []
        for first in range(0, len(subscriptions), SUBSCRIBE_MAX):
            some = subscriptions[first : first + SUBSCRIBE_MAX]
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    codes = await connection.subscribe(some)
            except TimeoutError:
                raise MqttUnavailable("the broker does not answer our subscription") from None
            refused += [
                f"{topics} ({code})" for (topics, qos), code in zip(some, codes, strict=False) if code.value != qos
            ]
        # We stay: the topics that it does give us may carry a press.
        return f"the broker does not give us {', '.join(refused)}" if refused else ""

    async def _farewell(self, connection: _Connection) -> None:
        """A clean disconnect drops the will: say it ourselves, as the last word, then leave."""
        self._unsent.clear()
        if connection.is_open:
            with contextlib.suppress(MqttUnavailable, TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    await connection.publish(*self._will, qos=1, retain=True)
        connection.end("stopped")
        await asyncio.sleep(0)  # lets the DISCONNECT out

    def _tell(self, up: bool, reason: str) -> None:
        if (up, reason) != self._link:
            self._link = (up, reason)
            self._on_link(up, reason)


def _nothing() -> None:
    """The acknowledgement of a QoS 0 message."""


def tls_parameters(address: BrokerAddress) -> aiomqtt.TLSParameters | None:
    """How to speak TLS to it; None where it does not."""
    if not address.tls:
        return None
    return aiomqtt.TLSParameters(ca_certs=address.ca_file, certfile=address.cert_file, keyfile=address.key_file)


@functools.lru_cache(maxsize=8)  # a handful of lifetimes; building one costs more than sending it
def _expiry(expiry_s: int) -> Properties:
    return _properties(PacketTypes.PUBLISH, MessageExpiryInterval=expiry_s)


def _properties(packet_type: int, **values: int) -> Properties:
    properties = Properties(packet_type)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return properties
