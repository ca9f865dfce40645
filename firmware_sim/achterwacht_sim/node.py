"""A node on a real broker: firmware, a bad wire, an aiomqtt connection and the time.

Keeps the connection, drives the firmware's timer, and notes what it does. Decides nothing that the firmware
decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import socket
import time
from collections.abc import Callable
from typing import Self, TypeVar, cast

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from achterwacht_sim.address import Broker
from achterwacht_sim.battery import FULL_PERCENT, Battery
from achterwacht_sim.events import AnswerHeard, Confirmed, Event, Noted, Offline, Online, Rings
from achterwacht_sim.faults import NO_FAULTS, Faults, Wire
from achterwacht_sim.firmware import TELEMETRY_EVERY_S, Firmware
from achterwacht_sim.pager import DRAIN_PER_H as PAGER_DRAIN_PER_H
from achterwacht_sim.pager import PagerFirmware
from achterwacht_sim.watching import Lookout
from achterwacht_sim.wire import Message
from achterwacht_sim.zender import DRAIN_PER_H as ZENDER_DRAIN_PER_H
from achterwacht_sim.zender import ZenderFirmware

# docs/wire.md wants the death of a node known in 15 s: one and a half times this.
KEEPALIVE_S = 10

# Connecting, subscribing and leaving: a broker on the same network answers in milliseconds.
MQTT_WAIT_S = 3.0

# A publish that is not acknowledged in this time is left to the repeats.
PUBLISH_WAIT_S = 1.0

# How long entering a node waits for its first connection before it gives up.
FIRST_CONNECTION_WAIT_S = 5.0

# From eager, so that a restarted broker has its nodes back at once, to patient.
RECONNECT_FIRST_S = 0.1
RECONNECT_LAST_S = 2.0

# Messages on their way to the broker at once. More than that is lost, as on a radio; the repeats bring it.
MAX_PUBLISHING = 256

# Messages that came in and wait for their turn. A flood beyond that is lost, as in a device of this size.
MAX_INCOMING = 10_000

# A device without power for a moment, as when its battery is changed.
REBOOT_S = 0.2

# No TCP_NODELAY costs 40 ms a message (Nagle's algorithm against delayed acknowledgements).
SOCKET_OPTIONS = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)

BOOT_BYTES = 8

E = TypeVar("E")


class NoBroker(Exception):
    """The first connection did not come about; the text says why."""


def new_boot() -> str:
    """16 hex digits from the hardware's random source."""
    return secrets.token_hex(BOOT_BYTES)


def _any(_event: object) -> bool:
    return True


class Node:
    """Use as `async with`. Entering raises NoBroker when there is no first connection in time.

    After that the node reconnects for ever; leaving tells its death and closes the connection.
    """

    def __init__(
        self,
        broker: Broker,
        firmware: Firmware,
        faults: Faults,
        lookout: Lookout | None,
        rng: random.Random,
        first_connection_wait_s: float,
    ) -> None:
        self.lookout = Lookout() if lookout is None else lookout
        self.name = firmware.name
        self.silent = False
        """Whether nothing that it says is heard, though its connection lives."""
        self._firmware = firmware
        self._broker = broker
        self._rng = rng
        self._outgoing: Wire[Message] = Wire(faults, rng)
        self._incoming: Wire[tuple[str, bytes, bool]] = Wire(faults, rng)
        self._client: aiomqtt.Client | None = None
        self._client_boot = ""
        self._reader: asyncio.Task[None] | None = None
        self._publishing: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._power = asyncio.Event()
        self._power.set()
        self._leaving = asyncio.Event()
        self._why_offline = "no answer"
        self._first_connection_wait_s = first_connection_wait_s

    async def __aenter__(self) -> Self:
        before = self.lookout.count
        self._connecting = asyncio.create_task(self._keep_connected(), name=self.name)
        try:
            await self.sees(Online, self._first_connection_wait_s, after=before)
        except BaseException as error:
            await self.__aexit__()
            if isinstance(error, TimeoutError):
                raise NoBroker(f"{self.name}: no broker at {self._broker}: {self._why_offline}") from None
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leaving.set()
        self._power.set()
        if self._reader is not None:
            self._reader.cancel()
        await self._connecting
        if self._timer is not None:
            self._timer.cancel()
        for task in self._publishing:
            task.cancel()
        await asyncio.gather(*self._publishing, return_exceptions=True)

    @property
    def online(self) -> bool:
        """Whether there is a broker at this moment."""
        return self._client is not None

    @property
    def powered(self) -> bool:
        """Whether it has power."""
        return self._power.is_set()

    @property
    def unsettled_count(self) -> int:
        """How many presses, receipts and answers the daemon has not answered yet."""
        return self._firmware.unsettled_count

    async def sees(self, kind: type[E], timeout_s: float, where: Callable[[E], bool] = _any, after: int = 0) -> E:
        """The first event of this kind above note `after`, kept or still to come. Raises TimeoutError."""

        def wanted(noted: Noted) -> bool:
            return noted.node == self.name and isinstance(noted.event, kind) and where(noted.event)

        noted = await self.lookout.until(wanted, timeout_s, after)
        return cast(E, noted.event)

    async def settled(self, timeout_s: float) -> None:
        """Until the daemon has answered all that this node said. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while self._firmware.unsettled_count:
                # Every answer is an event.
                await self.sees(object, timeout_s, after=self.lookout.count)

    def die(self) -> None:
        """Power is lost: no goodbye, the broker tells the will. `come_back` starts it again."""
        self._power.clear()
        self._cut("power lost")

    def come_back(self) -> None:
        """Power is back: a new boot that has forgotten all."""
        self._firmware.restart(time.monotonic())
        self._power.set()
        self._turn()

    async def reboot(self) -> None:
        """Power is lost for a moment."""
        self.die()
        await asyncio.sleep(REBOOT_S)
        self.come_back()

    # The turn: everything that happens goes through here.

    def _turn(self) -> None:
        """Let the firmware do what is due, carry its messages out, note its events, set the timer."""
        now_s = time.monotonic()
        if self._power.is_set():
            for topic, payload, retained in self._incoming.take(now_s):
                self._firmware.heard(topic, payload, retained, now_s)
            self._firmware.wake(now_s)
        for message in self._firmware.take_messages():
            if not self.silent:
                self._outgoing.send(message, now_s)
        for message in self._outgoing.take(now_s):
            self._publish_soon(message)
        for event in self._firmware.take_events():
            self._note(event, now_s)
        if self._client is not None and self._firmware.boot != self._client_boot:
            self._cut("new boot: the will must name it")
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        times_s = [self._outgoing.due()]
        if self._power.is_set():
            times_s += [self._incoming.due(), self._firmware.due()]
        due_s = min((at_s for at_s in times_s if at_s is not None), default=None)
        if due_s is not None and not self._leaving.is_set():
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, due_s - time.monotonic()), self._turn)

    def _note(self, event: Event, at_s: float) -> None:
        self.lookout.note(at_s, self.name, event)

    # The connection.

    async def _keep_connected(self) -> None:
        wait_s = RECONNECT_FIRST_S
        while not self._leaving.is_set():
            await self._power.wait()
            try:
                if await self._stay_connected():
                    wait_s = RECONNECT_FIRST_S
            except (aiomqtt.MqttError, OSError) as error:
                self._why_offline = str(error)
            self._lost("goodbye" if self._leaving.is_set() else self._why_offline)
            with contextlib.suppress(TimeoutError):
                # Some early, some late: three hundred nodes must not meet a restarted broker in step.
                await asyncio.wait_for(self._leaving.wait(), wait_s * self._rng.uniform(0.5, 1.0))
            wait_s = min(RECONNECT_LAST_S, wait_s * 2)

    async def _stay_connected(self) -> bool:
        """One connection, from birth to the end. Returns whether it ever stood."""
        if self._leaving.is_set():
            return False
        boot = self._firmware.boot
        client = self._new_client()
        async with client:
            await client.subscribe([(topic, 1) for topic in self._firmware.subscriptions])
            if not self._power.is_set() or boot != self._firmware.boot or self._leaving.is_set():
                _cut_socket(client)
                return False
            self._client, self._client_boot = client, boot
            now_s = time.monotonic()
            self._firmware.connected(now_s)
            self._note(Online(boot), now_s)
            self._reader = asyncio.create_task(self._read(client))
            self._turn()
            await asyncio.wait({self._reader})
            if self._leaving.is_set() and self._client is client:
                await self._publish(client, self._firmware.will)
            else:
                self._reader.result()
        return True

    def _new_client(self) -> aiomqtt.Client:
        will = self._firmware.will
        client = aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.user_for(self._firmware.level),
            password=self._broker.password,
            tls_context=self._broker.tls_context(),
            # The boot in it: two nodes with one number do not throw each other out, they are two.
            identifier=f"{self.name.replace(' ', '-')}-{self._firmware.boot}",
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True,
            will=aiomqtt.Will(will.topic, will.payload, will.qos, will.retain),
            keepalive=KEEPALIVE_S,
            timeout=MQTT_WAIT_S,
            max_queued_incoming_messages=MAX_INCOMING,
            socket_options=SOCKET_OPTIONS,
        )
        client.pending_calls_threshold = MAX_PUBLISHING
        return client

    async def _read(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            if self._client is not client:
                return
            payload = message.payload if isinstance(message.payload, bytes) else b""
            self._incoming.send((str(message.topic), payload, bool(message.retain)), time.monotonic())
            self._turn()

    def _publish_soon(self, message: Message) -> None:
        if self._client is None or len(self._publishing) >= MAX_PUBLISHING:
            return
        task = asyncio.create_task(self._publish(self._client, message))
        self._publishing.add(task)
        task.add_done_callback(self._publishing.discard)

    async def _publish(self, client: aiomqtt.Client, message: Message) -> None:
        properties = None
        if message.expiry_s is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = message.expiry_s
        # A lost connection is told by the reader; what matters is said again on the next one.
        with contextlib.suppress(aiomqtt.MqttError):
            await client.publish(
                message.topic,
                message.payload,
                message.qos,
                message.retain,
                properties,
                timeout=PUBLISH_WAIT_S,
            )

    def _cut(self, reason: str) -> None:
        """Break the connection without a goodbye: the broker tells the will."""
        client = self._client
        self._lost(reason)
        if client is not None:
            _cut_socket(client)

    def _lost(self, reason: str) -> None:
        if self._client is None:
            return
        self._client = None
        self._outgoing.clear()
        self._incoming.clear()
        self._firmware.disconnected()
        self._note(Offline(reason), time.monotonic())
        self._set_timer()


class Zender(Node):
    """Zender `nr` on a broker: `async with Zender(broker, 7) as z: await z.confirmed(await z.press())`."""

    def __init__(
        self,
        broker: Broker,
        nr: int,
        *,
        faults: Faults = NO_FAULTS,
        lookout: Lookout | None = None,
        seed: int | None = None,
        first_connection_wait_s: float = FIRST_CONNECTION_WAIT_S,
        telemetry_every_s: float = TELEMETRY_EVERY_S,
        drain_per_h: float = ZENDER_DRAIN_PER_H,
    ) -> None:
        rng = random.Random(seed)
        self.firmware = ZenderFirmware(
            nr,
            new_boot,
            rng,
            battery=Battery(FULL_PERCENT, drain_per_h),
            telemetry_every_s=telemetry_every_s,
        )
        super().__init__(broker, self.firmware, faults, lookout, rng, first_connection_wait_s)

    async def press(self) -> int:
        """One human press, on its way when this returns. Returns its sequence number."""
        seq = self.firmware.press(time.monotonic())
        self._turn()
        await asyncio.sleep(0)  # the publishing task hands it to the socket
        return seq

    async def confirmed(self, seq: int, timeout_s: float = 5.0) -> Confirmed:
        """The first confirmation with `durable:true` of a press of this boot. Raises TimeoutError."""

        key = (self.firmware.boot, seq)
        return await self.sees(Confirmed, timeout_s, lambda c: c.durable and (c.boot, c.seq) == key)

    def set_tamper(self, tamper: bool) -> None:
        """Open or close the housing."""
        self.firmware.set_tamper(tamper, time.monotonic())
        self._turn()

    def set_line(self, line: str) -> None:
        """The wire to the button: ok, cut or short."""
        self.firmware.set_line(line, time.monotonic())
        self._turn()


class Pager(Node):
    """Pager `pager_id` on a broker: `async with Pager(broker, "p1") as p: await p.rings("BALIE 3")`."""

    def __init__(
        self,
        broker: Broker,
        pager_id: str,
        *,
        faults: Faults = NO_FAULTS,
        lookout: Lookout | None = None,
        seed: int | None = None,
        first_connection_wait_s: float = FIRST_CONNECTION_WAIT_S,
        telemetry_every_s: float = TELEMETRY_EVERY_S,
        drain_per_h: float = PAGER_DRAIN_PER_H,
        received_after_s: float = 0.0,
        shown_after_s: float = 0.0,
        docked: bool = False,
    ) -> None:
        self.firmware = PagerFirmware(
            pager_id,
            new_boot,
            time.monotonic(),
            Battery(FULL_PERCENT, drain_per_h),
            telemetry_every_s=telemetry_every_s,
            received_after_s=received_after_s,
            shown_after_s=shown_after_s,
            docked=docked,
        )
        super().__init__(broker, self.firmware, faults, lookout, random.Random(seed), first_connection_wait_s)

    async def answer(self, answer: str, *, incident: str | None = None, member: str = "") -> int:
        """The carrier answers for the newest incident, or for a named one. Returns the sequence number.

        Raises NothingToAnswer when the pager shows none.
        """
        seq = self.firmware.answer(answer, time.monotonic(), incident=incident, member=member)
        self._turn()
        await asyncio.sleep(0)  # the publishing task hands it to the socket
        return seq

    async def answered(self, seq: int, timeout_s: float = 5.0) -> AnswerHeard:
        """What the daemon said about an answer of this boot. Raises TimeoutError."""

        key = (self.firmware.boot, seq)
        return await self.sees(AnswerHeard, timeout_s, lambda heard: (heard.boot, heard.seq) == key)

    async def rings(self, text: str = "", timeout_s: float = 5.0, after: int = 0) -> Rings:
        """The first ringing, above note `after`, whose text holds `text`. Raises TimeoutError."""

        return await self.sees(Rings, timeout_s, lambda rings: text in rings.page.text, after)

    def set_docked(self, docked: bool) -> None:
        """Put it on its dock, or take it off."""
        self.firmware.set_docked(docked, time.monotonic())
        self._turn()

    def set_battery(self, percent: float) -> None:
        """Its battery has so much left from now on."""
        self.firmware.set_battery(percent, time.monotonic())
        self._turn()


def _cut_socket(client: aiomqtt.Client) -> None:
    # aiomqtt has no way to leave without a goodbye; a dead device says none.
    connection = client._client.socket()
    if isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
