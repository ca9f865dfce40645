"""The one connection, against a real mosquitto that is cut, killed, frozen and emptied."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import inspect
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiomqtt
import paho.mqtt.client
import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht import mqtt
from achterwacht.errors import MqttUnavailable
from achterwacht.mqtt import BrokerAddress, Message, Mqtt
from broker import DAEMON, Mosquitto

# Nothing here takes longer unless it is broken.
WAIT_S = 15.0

PRESS = "achterwacht/v1/zender/7/press"
TELEMETRY = "achterwacht/v1/zender/7/telemetry"
STATUS = "achterwacht/v1/daemon/status"
WILL = (STATUS, b'{"online":false}')
SUBSCRIPTIONS = (("achterwacht/v1/zender/+/press", 1), ("achterwacht/v1/zender/+/telemetry", 0))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "RECONNECT_MIN_S", 0.01)
    monkeypatch.setattr(mqtt, "RECONNECT_MAX_S", 0.02)


def address(broker: Mosquitto, user: str = DAEMON) -> BrokerAddress:
    return dataclasses.replace(BrokerAddress.parse(broker.url(user)), password=broker.password(user))


class Daemon:
    """Our side: an Mqtt that writes down what it hears. `answer` says what it does with a message."""

    def __init__(
        self,
        where: BrokerAddress,
        *,
        client_id: str = DAEMON,
        subscriptions: Sequence[tuple[str, int]] = SUBSCRIPTIONS,
        answer: Callable[[Message], None] = lambda message: message.ack(),
    ) -> None:
        self.heard: asyncio.Queue[Message] = asyncio.Queue()
        self.links: asyncio.Queue[tuple[bool, str]] = asyncio.Queue()
        self.answer = answer
        self.mqtt = Mqtt(
            where,
            client_id=client_id,
            will=WILL,
            subscriptions=subscriptions,
            on_message=self._on_message,
            on_link=lambda up, reason: self.links.put_nowait((up, reason)),
        )
        self.run: asyncio.Task[None] | None = None

    def _on_message(self, message: Message) -> None:
        self.heard.put_nowait(message)
        self.answer(message)

    async def hears(self) -> Message:
        async with asyncio.timeout(WAIT_S):
            return await self.heard.get()

    async def told(self) -> tuple[bool, str]:
        async with asyncio.timeout(WAIT_S):
            return await self.links.get()

    async def comes_up(self) -> None:
        while not (await self.told())[0]:
            pass

    @property
    def socket(self) -> socket.socket:
        connection = self.mqtt._connection
        assert connection is not None
        sock = connection._paho.socket()
        assert isinstance(sock, socket.socket)
        return sock

    async def is_understood(self) -> None:
        """The broker has dealt with all that we said so far: it answers in order."""
        await self.mqtt.publish("achterwacht/v1/daemon/understood", b"")

    async def is_cut_off(self) -> None:
        """The cable is pulled and put back: no DISCONNECT is said, and a new connection follows."""
        self.socket.shutdown(socket.SHUT_RDWR)
        assert not (await self.told())[0]
        await self.comes_up()

    async def __aenter__(self) -> Self:
        self.run = asyncio.create_task(self.mqtt.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self.run is not None
        self.run.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.run


@contextlib.asynccontextmanager
async def node(broker: Mosquitto, user: str, **options: Any) -> AsyncIterator[aiomqtt.Client]:
    """Somebody else: another implementation of the same protocol."""
    async with aiomqtt.Client(
        broker.host,
        broker.port,
        protocol=aiomqtt.ProtocolVersion.V5,
        username=user,
        password=broker.password(user),
        **options,
    ) as client:
        yield client


async def hears(client: aiomqtt.Client) -> aiomqtt.Message:
    async with asyncio.timeout(WAIT_S):
        return await anext(client.messages)


# The names of others that we lean on


@pytest.mark.asyncio
async def test_contract_with_aiomqtt_and_paho() -> None:
    client = aiomqtt.Client("127.0.0.1", identifier="contract")
    inner = client._client
    assert isinstance(inner, paho.mqtt.client.Client)
    assert list(inspect.signature(inner.manual_ack_set).parameters) == ["on"]
    assert list(inspect.signature(inner.ack).parameters) == ["mid", "qos"]
    assert isinstance(client._disconnected, asyncio.Future)
    for callback in ("on_connect", "on_disconnect", "on_socket_register_write", "on_socket_unregister_write"):
        assert callable(getattr(inner, callback)), f"aiomqtt no longer sets paho's {callback}"
    for verb in ("publish", "subscribe", "disconnect", "is_connected", "loop_write", "loop_misc", "want_write"):
        assert callable(getattr(inner, verb)), f"paho has no {verb}"
    assert inner.connect_timeout > 0


# Where the broker is


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://localhost", BrokerAddress("localhost", 1883)),
        ("mqtts://broker.example", BrokerAddress("broker.example", 8883, tls=True)),
        ("mqtt://achterwacht@10.0.0.2:1884", BrokerAddress("10.0.0.2", 1884, username="achterwacht")),
        ("mqtt://balie%403@[::1]:1883/", BrokerAddress("::1", 1883, username="balie@3")),
    ],
)
def test_address_is_read(url: str, expected: BrokerAddress) -> None:
    assert BrokerAddress.parse(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost",
        "http://localhost",
        "mqtt://",
        "mqtt://user@",
        "mqtt://localhost:0",
        "mqtt://localhost:70000",
        "mqtt://localhost:x",
        "mqtt://localhost/topic",
        "mqtt://[::1",
        "mqtt://user:secret@localhost",
    ],
)
def test_bad_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as refused:
        BrokerAddress.parse(url)
    assert "secret" not in str(refused.value)


@given(st.text() | st.text().map("mqtt://{}".format))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    try:
        parsed = BrokerAddress.parse(text)
    except ValueError:
        return
    assert parsed.host
    assert 0 < parsed.port < 65_536


# Acknowledging


@pytest.mark.asyncio
async def test_unacknowledged_press_comes_again_and_acknowledged_one_does_not(broker: Mosquitto) -> None:
    async with Daemon(address(broker), answer=lambda _: None) as daemon, node(broker, "7") as zender:
        await daemon.comes_up()
        await zender.publish(PRESS, b"first", qos=1)
        assert (await daemon.hears()).payload == b"first"

        await daemon.is_cut_off()
        again = await daemon.hears()
        assert (again.topic, again.payload, again.retain) == (PRESS, b"first", False)
        again.ack()
        again.ack()
        await daemon.is_understood()

        await daemon.is_cut_off()
        await zender.publish(PRESS, b"second", qos=1)
        assert (await daemon.hears()).payload == b"second"


@pytest.mark.asyncio
async def test_acknowledgement_of_a_former_connection_does_nothing(broker: Mosquitto) -> None:
    async with Daemon(address(broker), answer=lambda _: None) as daemon, node(broker, "7") as zender:
        await daemon.comes_up()
        await zender.publish(PRESS, b"first", qos=1)
        former = await daemon.hears()
        await daemon.is_cut_off()
        assert (await daemon.hears()).payload == b"first"

        former.ack()  # carries the same message id as the one that waits now
        await daemon.is_understood()

        await daemon.is_cut_off()
        assert (await daemon.hears()).payload == b"first"


@pytest.mark.asyncio
async def test_twenty_unacknowledged_hold_the_next_back_but_not_telemetry(broker: Mosquitto) -> None:
    async with Daemon(address(broker), answer=lambda _: None) as daemon, node(broker, "7") as zender:
        await daemon.comes_up()
        for n in range(mqtt.RECEIVE_MAXIMUM + 1):
            await zender.publish(PRESS, b"%d" % n, qos=1)
        await zender.publish(TELEMETRY, b"alive", qos=0)

        heard = [await daemon.hears() for _ in range(mqtt.RECEIVE_MAXIMUM + 1)]
        assert [message.payload for message in heard] == [b"%d" % n for n in range(20)] + [b"alive"]

        heard[7].ack()  # in any order
        assert (await daemon.hears()).payload == b"20"


@pytest.mark.asyncio
async def test_forgotten_acknowledgement_makes_us_connect_again(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(mqtt, "UNACKED_MAX_S", 0.05)
    async with Daemon(address(broker), answer=lambda _: None) as daemon, node(broker, "7") as zender:
        await daemon.comes_up()
        await zender.publish(PRESS, b"forgotten", qos=1)
        assert (await daemon.hears()).payload == b"forgotten"

        assert await daemon.told() == (False, "a message was not acknowledged for 0.05 s")
        daemon.answer = lambda message: message.ack()
        assert (await daemon.hears()).payload == b"forgotten"
        assert "not acknowledged for 0.05 s" in caplog.text


@pytest.mark.asyncio
async def test_message_that_cannot_be_handled_is_logged_and_does_not_deafen_us(
    broker: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(message: Message) -> None:
        if message.payload == b"poison":
            raise RuntimeError("stumbled over it")
        message.ack()

    async with Daemon(address(broker), answer=stumble) as daemon, node(broker, "7") as zender:
        await daemon.comes_up()
        for _ in range(mqtt.RECEIVE_MAXIMUM + 1):
            await zender.publish(PRESS, b"poison", qos=1)
        await zender.publish(PRESS, b"press", qos=1)
        heard = [(await daemon.hears()).payload for _ in range(mqtt.RECEIVE_MAXIMUM + 2)]
        assert heard == [b"poison"] * 21 + [b"press"]
        assert "stumbled over it" in caplog.text
        await daemon.is_understood()

        await daemon.is_cut_off()
        await zender.publish(PRESS, b"after", qos=1)
        assert (await daemon.hears()).payload == b"after"


@pytest.mark.asyncio
async def test_qos_0_has_nothing_to_acknowledge(broker: Mosquitto) -> None:
    async with Daemon(address(broker), subscriptions=[(f"{STATUS}/#", 0)]) as daemon:
        await daemon.comes_up()
        await daemon.mqtt.publish(f"{STATUS}/canary", b"1", qos=0)
        canary = await daemon.hears()
        canary.ack()
        assert (canary.topic, canary.payload) == (f"{STATUS}/canary", b"1")
        assert daemon.mqtt.connected


# Away and back


@pytest.mark.asyncio
async def test_presses_wait_for_us_and_15_minutes_of_telemetry_do_not_push_them_out(
    broker: Mosquitto,
) -> None:
    # Eleven zenders and three pagers, one message every 10 s, for 15 minutes.
    telemetry = 14 * 15 * 6
    async with Daemon(address(broker)) as daemon:
        await daemon.comes_up()
    async with node(broker, "7") as zender:
        await zender.publish(PRESS, b"before", qos=1)
        for n in range(telemetry):
            await zender.publish(TELEMETRY, b"%d" % n, qos=0)
        await zender.publish(PRESS, b"after", qos=1)
    async with Daemon(address(broker)) as daemon:
        assert [(await daemon.hears()).payload for _ in range(2)] == [b"before", b"after"]


@pytest.mark.asyncio
async def test_waiting_press_survives_a_killed_broker(broker: Mosquitto) -> None:
    async with Daemon(address(broker)) as daemon:
        await daemon.comes_up()
    async with node(broker, "7") as zender:
        await zender.publish(PRESS, b"waiting", qos=1)
        # It writes after each round of its loop; with the answer to this, the round of the press is over.
        await zender.publish("achterwacht/v1/zender/7/status", b"{}", qos=1)
        broker.kill()
    broker.start()
    async with Daemon(address(broker)) as daemon:
        assert (await daemon.hears()).payload == b"waiting"


@pytest.mark.asyncio
async def test_broker_that_lost_everything_is_told_everything_again(
    broker: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    pages = "achterwacht/v1/pager/p1/open"
    async with Daemon(address(broker)) as daemon:
        daemon.mqtt.retain(STATUS, b"old")  # before there is a connection
        await daemon.comes_up()
        daemon.mqtt.retain(pages, b"open")
        daemon.mqtt.retain(STATUS, b"new")
        broker.kill()
        broker.forget()
        down = await daemon.told()
        assert down == (False, "the connection to the broker was lost")
        assert not daemon.mqtt.connected
        broker.start()
        await daemon.comes_up()
        assert daemon.mqtt.connected

        async with node(broker, "p1") as pager:
            await pager.subscribe([(pages, 1), (STATUS, 1)])
            retained = [await hears(pager) for _ in range(2)]
        assert {str(message.topic): message.payload for message in retained} == {pages: b"open", STATUS: b"new"}
        assert all(message.retain for message in retained)

        async with node(broker, "7") as zender:
            await zender.publish(PRESS, b"press", qos=1)
            assert (await daemon.hears()).payload == b"press"
    assert [record for record in caplog.records if record.name.startswith(("mqtt", "asyncio"))] == []


@pytest.mark.asyncio
async def test_retained_may_be_set_while_a_message_is_being_heard(broker: Mosquitto) -> None:
    async with Daemon(address(broker)) as daemon, node(broker, "7") as zender:
        await daemon.comes_up()
        await zender.subscribe(STATUS, qos=1)
        daemon.answer = lambda message: daemon.mqtt.retain(STATUS, message.payload)
        await zender.publish(PRESS, b"heard", qos=1)
        assert (await hears(zender)).payload == b"heard"


@pytest.mark.asyncio
async def test_retained_is_sent_at_once_and_only_so_many_topics_are_kept(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(mqtt, "RETAINED_MAX", 2)
    async with Daemon(address(broker)) as daemon, node(broker, "p1") as pager:
        await daemon.comes_up()
        await pager.subscribe("achterwacht/v1/daemon/#", qos=1)
        for name in ("a", "b", "a", "c"):
            daemon.mqtt.retain(f"achterwacht/v1/daemon/{name}", name.encode())
        assert [(await hears(pager)).payload for _ in range(4)] == [b"a", b"b", b"a", b"c"]
        assert "achterwacht/v1/daemon/b is not kept up any more" in caplog.text

        broker.kill()
        broker.forget()
        broker.start()
        await daemon.told()
        await daemon.comes_up()
    async with node(broker, "p1") as pager:
        await pager.subscribe("achterwacht/v1/daemon/#", qos=1)
        left = {(await hears(pager)).payload for _ in range(3)}
    assert left == {b"a", b"c", WILL[1]}


@pytest.mark.asyncio
async def test_connects_when_the_broker_comes_later(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    async with Daemon(address(broker)) as daemon:
        up, reason = await daemon.told()
        assert not up
        assert "refused" in reason
        with broker:
            assert await daemon.told() == (True, "")  # one reason is told once, however often it is tried
            assert daemon.mqtt.connected


@pytest.mark.asyncio
async def test_wrong_password_is_said_in_words(broker: Mosquitto) -> None:
    stranger = dataclasses.replace(address(broker), password="wrong")
    async with Daemon(stranger) as daemon:
        assert await daemon.told() == (False, "the broker refused us: Not authorized")
        assert not daemon.mqtt.connected


# Publishing


@pytest.mark.asyncio
async def test_publish_without_a_connection_fails_at_once(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    async with Daemon(address(broker)) as daemon:
        await daemon.told()
        with pytest.raises(MqttUnavailable, match=r"no connection to the broker: .*refused"):
            daemon.mqtt.publish(PRESS, b"page").send(None)  # without waiting even once


@pytest.mark.asyncio
async def test_publish_gives_up_on_a_frozen_broker_in_a_second(broker: Mosquitto) -> None:
    async with Daemon(address(broker)) as daemon:
        await daemon.comes_up()
        broker.pause()
        began_s = time.monotonic()
        tries = [daemon.mqtt.publish("achterwacht/v1/pager/p1/page", b"page") for _ in range(3)]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        took_s = time.monotonic() - began_s
        broker.resume()
        assert [str(outcome) for outcome in outcomes] == ["the broker did not take it within 1.0 s"] * 3
        assert 0.9 < took_s < 2.0  # together, not one after the other


@pytest.mark.asyncio
async def test_publish_under_way_fails_when_the_broker_dies(broker: Mosquitto) -> None:
    async with Daemon(address(broker)) as daemon:
        await daemon.comes_up()
        broker.pause()
        page = asyncio.create_task(daemon.mqtt.publish("achterwacht/v1/pager/p1/page", b"page", timeout_s=3600))
        await asyncio.sleep(0)  # it is on its way
        broker.kill()
        with pytest.raises(MqttUnavailable, match="lost"):
            async with asyncio.timeout(WAIT_S):
                await page


@pytest.mark.asyncio
async def test_frozen_broker_is_noticed_within_five_seconds(broker: Mosquitto) -> None:
    async with Daemon(address(broker)) as daemon:
        await daemon.comes_up()
        broker.pause()
        began_s = time.monotonic()
        assert await daemon.told() == (False, "the broker has not answered for 2 s")
        assert time.monotonic() - began_s < 5.0
        broker.resume()
        await daemon.comes_up()


@pytest.mark.asyncio
async def test_refused_publish_is_told(broker: Mosquitto) -> None:
    async with Daemon(address(broker, "7"), client_id="z7", subscriptions=[]) as zender:
        await zender.comes_up()
        with pytest.raises(MqttUnavailable, match="refused it: Not authorized"):
            await zender.mqtt.publish("achterwacht/v1/zender/5/press", b"{}")
        await zender.mqtt.publish(PRESS, b"{}")


@pytest.mark.asyncio
async def test_page_carries_its_lifetime(broker: Mosquitto) -> None:
    page = "achterwacht/v1/pager/p1/page"
    async with Daemon(address(broker)) as daemon, node(broker, "p1") as pager:
        await daemon.comes_up()
        await pager.subscribe(page, qos=1)
        await daemon.mqtt.publish(page, b"BALIE 1", expiry_s=120)
        message = await hears(pager)
        assert (message.payload, message.qos, message.retain) == (b"BALIE 1", 1, False)
        assert message.properties is not None
        assert getattr(message.properties, "MessageExpiryInterval") == 120  # noqa: B009


@pytest.mark.asyncio
async def test_many_publishes_at_once_all_arrive_in_order(broker: Mosquitto) -> None:
    many = 200  # ten times what may be under way unconfirmed
    async with Daemon(address(broker), subscriptions=[("achterwacht/v1/daemon/echo", 1)]) as daemon:
        await daemon.comes_up()
        topic = "achterwacht/v1/daemon/echo"
        await asyncio.gather(*(daemon.mqtt.publish(topic, b"%d" % n) for n in range(many)))
        assert [(await daemon.hears()).payload for _ in range(many)] == [b"%d" % n for n in range(many)]


@pytest.mark.asyncio
async def test_full_socket_is_emptied_when_the_broker_reads_again(broker: Mosquitto) -> None:
    async with Daemon(address(broker)) as daemon:
        await daemon.comes_up()
        connection = daemon.mqtt._connection
        assert connection is not None
        broker.pause()
        large = b"x" * 250_000  # twenty of them are more than the kernel takes
        publishes = [asyncio.create_task(daemon.mqtt.publish(f"large/{n}", large, timeout_s=WAIT_S)) for n in range(40)]
        await asyncio.sleep(0)  # each has been handed over
        await asyncio.sleep(0)  # and the socket has got what it takes
        assert connection._paho.want_write()
        broker.resume()
        assert await asyncio.gather(*publishes) == [None] * 40


@pytest.mark.asyncio
async def test_a_page_overtakes_what_confirms_and_what_shows(broker: Mosquitto) -> None:
    page, everything = "achterwacht/v1/pager/p1/page", "achterwacht/v1/#"
    retained = {f"achterwacht/v1/pager/p{n}/open": b"open %d" % n for n in range(mqtt.RETAINED_MAX)}
    async with Daemon(address(broker)) as daemon, node(broker, DAEMON, identifier="onlooker") as onlooker:
        await onlooker.subscribe(everything, qos=1)
        await daemon.comes_up()
        for topic, payload in retained.items():
            daemon.mqtt.retain(topic, b"older")
            daemon.mqtt.retain(topic, payload)
        confirms = [
            asyncio.create_task(daemon.mqtt.publish(f"achterwacht/v1/zender/{n}/confirm", b"")) for n in range(100)
        ]
        await asyncio.sleep(0)  # they have been handed over
        await daemon.mqtt.publish(page, b"BALIE 1", expiry_s=120)
        await asyncio.gather(*confirms)

        order: list[str] = []
        newest: dict[str, object] = {}
        while len(newest) < len(retained) + len(confirms) + 1:
            message = await hears(onlooker)
            order.append(str(message.topic))
            newest[order[-1]] = message.payload
        assert {topic: newest[topic] for topic in retained} == retained
        # Before it went what was with the broker already; then the confirms, and what shows when all is quiet.
        assert order.index(page) <= mqtt.UNCONFIRMED_MAX
        first_shown_late = [topic.endswith("/open") for topic in order].index(True, mqtt.SHOWN_MAX)
        assert sum(topic.endswith("/confirm") for topic in order[:first_shown_late]) == len(confirms)
        assert daemon.links.empty()


@pytest.mark.asyncio
async def test_no_more_is_under_way_than_the_broker_grants(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    text = broker.configuration.read_text()
    assert text.count("\nmax_inflight_messages 20\n") == 1
    broker.configuration.write_text(text.replace("\nmax_inflight_messages 20\n", "\nmax_inflight_messages 2\n"))
    with broker:
        async with Daemon(address(broker)) as daemon:
            await daemon.comes_up()
            connection = daemon.mqtt._connection
            assert connection is not None
            pages = [asyncio.create_task(daemon.mqtt.publish("page", b"", expiry_s=120)) for _ in range(10)]
            daemon.mqtt.retain(STATUS, b"online")
            await asyncio.sleep(0)
            assert len(connection._unconfirmed) == 2
            assert await asyncio.gather(*pages) == [None] * 10


@pytest.mark.asyncio
async def test_only_so_many_wait_for_the_broker(broker: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "UNCONFIRMED_MAX", 2)
    monkeypatch.setattr(mqtt, "WAITING_MAX", 3)
    async with Daemon(address(broker)) as daemon, node(broker, "p1") as pager:
        await pager.subscribe(STATUS, qos=1)
        await daemon.comes_up()
        broker.pause()
        waiting = [asyncio.create_task(daemon.mqtt.publish(f"said/{n}", b"", timeout_s=WAIT_S)) for n in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(MqttUnavailable, match="not sent: 3 wait for the broker already"):
            await daemon.mqtt.publish("said/one too many", b"")
        # A page has a line of its own, and what is retained gives way without getting lost.
        waiting.append(asyncio.create_task(daemon.mqtt.publish("page", b"", expiry_s=120, timeout_s=WAIT_S)))
        daemon.mqtt.retain(STATUS, b"kept")
        await asyncio.sleep(0)
        broker.resume()
        assert await asyncio.gather(*waiting) == [None] * 6
        message = await hears(pager)
        assert message.payload == b"kept"
        assert daemon.links.empty()


@pytest.mark.asyncio
async def test_what_was_given_up_while_it_waited_does_not_leave(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "UNCONFIRMED_MAX", 1)
    echo = "achterwacht/v1/daemon/echo"
    async with Daemon(address(broker), subscriptions=[(echo, 1)]) as daemon:
        await daemon.comes_up()
        broker.pause()
        first = asyncio.create_task(daemon.mqtt.publish(echo, b"first", timeout_s=WAIT_S))
        await asyncio.sleep(0)
        with pytest.raises(MqttUnavailable, match="did not take it within"):
            await daemon.mqtt.publish(echo, b"given up", timeout_s=0.01)
        broker.resume()
        await first
        await daemon.mqtt.publish(echo, b"last")
        assert [(await daemon.hears()).payload for _ in range(2)] == [b"first", b"last"]


@pytest.mark.asyncio
async def test_messages_are_not_held_back_by_nagle(broker: Mosquitto) -> None:
    async with Daemon(address(broker)) as daemon:
        await daemon.comes_up()
        assert daemon.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


# Leaving


@pytest.mark.asyncio
async def test_clean_stop_says_offline_itself(broker: Mosquitto) -> None:
    async with node(broker, "p1") as pager:
        await pager.subscribe(STATUS, qos=1)
        async with Daemon(address(broker)) as daemon:
            await daemon.comes_up()
            daemon.mqtt.retain(STATUS, b"online")
            assert (await hears(pager)).payload == b"online"
        assert not daemon.mqtt.connected
        assert (await hears(pager)).payload == WILL[1]
        # Once: the broker saw a clean disconnect and let the will go.
        async with Daemon(address(broker)) as daemon:
            await daemon.comes_up()
            daemon.mqtt.retain(STATUS, b"online again")
            assert (await hears(pager)).payload == b"online again"


@pytest.mark.asyncio
async def test_stop_is_bounded_when_the_broker_is_frozen(broker: Mosquitto) -> None:
    began_s = 0.0
    async with Daemon(address(broker)) as daemon:
        await daemon.comes_up()
        broker.pause()
        began_s = time.monotonic()
    assert time.monotonic() - began_s < mqtt.FAREWELL_S + 1.0
    broker.resume()
    assert not daemon.mqtt.connected


@pytest.mark.asyncio
async def test_stop_while_connecting_leaves_nobody_connected(broker: Mosquitto) -> None:
    broker.pause()
    async with Daemon(address(broker)) as daemon:
        await asyncio.sleep(0)  # it has begun to connect
        connection = daemon.mqtt._connection
        assert connection is not None
        gone = asyncio.Event()
        connection._paho.on_disconnect = lambda *_: gone.set()
    broker.resume()  # and now the thread that connects succeeds
    async with asyncio.timeout(WAIT_S):
        await gone.wait()
    assert not daemon.mqtt.connected


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """The pauses that were asked for. Those between rivals last for ever: the fight is over."""
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return low if high < mqtt.RIVAL_PAUSE_MAX_S else 3600.0

    monkeypatch.setattr("achterwacht.mqtt.random.uniform", uniform)
    return asked


RIVAL_PAUSE = (mqtt.RIVAL_PAUSE_MIN_S, mqtt.RIVAL_PAUSE_MAX_S)


@pytest.mark.asyncio
async def test_two_daemons_with_one_id_tell_it_and_do_not_fight_at_full_speed(
    broker: Mosquitto, pauses: list[tuple[float, float]]
) -> None:
    async with Daemon(address(broker)) as daemon:
        await daemon.comes_up()
        async with Daemon(address(broker)):
            told = [await daemon.told() for _ in range(2 * mqtt.RIVAL_LOSSES - 1)]
            assert told[-1] == (
                False,
                "the connection to the broker was lost: is a second daemon running with our id?",
            )
            assert [up for up, _ in told] == [False, True] * (mqtt.RIVAL_LOSSES - 1) + [False]
            assert RIVAL_PAUSE in pauses
            # Two lost fewer times than a rival makes it: each waited the short pause.
            assert len(pauses) <= 2 * mqtt.RIVAL_LOSSES


@pytest.mark.asyncio
async def test_losing_old_connections_is_no_rivals_work(
    broker: Mosquitto, pauses: list[tuple[float, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "STEADY_S", 0.0)
    async with Daemon(address(broker)) as daemon:
        await daemon.comes_up()
        for _ in range(mqtt.RIVAL_LOSSES + 1):
            await daemon.is_cut_off()
    assert len(pauses) == mqtt.RIVAL_LOSSES + 1
    assert RIVAL_PAUSE not in pauses


@pytest.mark.asyncio
async def test_broker_that_restarts_is_no_rival(broker: Mosquitto, pauses: list[tuple[float, float]]) -> None:
    async with Daemon(address(broker)) as daemon:
        await daemon.comes_up()
        for _ in range(mqtt.RIVAL_LOSSES + 1):
            broker.kill()
            assert not (await daemon.told())[0]
            assert "refused" in (await daemon.told())[1]
            broker.start()
            await daemon.comes_up()
    assert RIVAL_PAUSE not in pauses


# CONNACK, accepted.
WELCOME = bytes.fromhex("2003000000")
# DISCONNECT, session taken over.
TAKEN_OVER = bytes.fromhex("e0018e")


@contextlib.asynccontextmanager
async def fake_broker(*answers: bytes) -> AsyncIterator[BrokerAddress]:
    """A broker of few words: one for each packet that it hears, and none: it hangs up."""

    conversations: list[asyncio.Task[Any] | None] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append(asyncio.current_task())
        for answer in answers:
            await reader.read(1024)
            writer.write(answer)
        if answers:
            await reader.read()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(converse, "127.0.0.1", 0) as server:
        yield BrokerAddress("127.0.0.1", server.sockets[0].getsockname()[1])
        for conversation in conversations:
            assert conversation is not None
            async with asyncio.timeout(WAIT_S):
                await conversation


@pytest.mark.asyncio
async def test_take_over_that_the_broker_names(pauses: list[tuple[float, float]]) -> None:
    # In one segment: thrown out before we know that we are in.
    async with fake_broker(WELCOME + TAKEN_OVER) as where, Daemon(where) as daemon:
        assert await daemon.told() == (
            False,
            "another client connected to the broker: is a second daemon running with our id?",
        )
    assert pauses == [RIVAL_PAUSE]


@pytest.mark.asyncio
async def test_refused_subscription_is_told_and_the_others_are_kept() -> None:
    # SUBACK for message id 1: QoS 1 granted, not authorised.
    granted = bytes.fromhex("9005 0001 00 01 87")
    async with fake_broker(WELCOME, granted) as where, Daemon(where) as daemon:
        up, reason = await daemon.told()
        assert (up, reason) == (
            True,
            "the broker does not give us achterwacht/v1/zender/+/telemetry (Not authorized)",
        )
        assert daemon.mqtt.connected


@pytest.mark.asyncio
async def test_broker_that_hangs_up_before_it_answers_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mqtt, "RECONNECT_MIN_S", 3600.0)
    monkeypatch.setattr(mqtt, "RECONNECT_MAX_S", 3600.0)
    async with fake_broker() as where, Daemon(where) as daemon, asyncio.timeout(mqtt.CONNECT_TIMEOUT_S / 2):
        assert await daemon.told() == (False, "the connection to the broker was lost")


CHILD = """
import asyncio, sys
from achterwacht.mqtt import BrokerAddress, Mqtt

async def main():
    host, port, user, password, client_id, topics, status, offline = sys.argv[1:]
    await Mqtt(
        BrokerAddress(host, int(port), username=user, password=password),
        client_id=client_id,
        will=(status, offline.encode()),
        subscriptions=[(topics, 1)],
        on_message=lambda message: print("heard", message.payload.decode(), flush=True),
        on_link=lambda up, reason: print("up" if up else "down", reason, flush=True),
    ).run()

asyncio.run(main())
"""


@pytest.mark.asyncio
async def test_killed_daemon_leaves_its_will_and_its_unacknowledged_press(broker: Mosquitto) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CHILD,
        *(broker.host, str(broker.port), DAEMON, broker.password(DAEMON), DAEMON, SUBSCRIPTIONS[0][0]),
        *(STATUS, WILL[1].decode()),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(mqtt.__file__).parent.parent)},
    )
    assert child.stdout is not None
    try:
        async with asyncio.timeout(WAIT_S), node(broker, "7") as zender:
            assert await child.stdout.readline() == b"up \n"
            await zender.subscribe(STATUS, qos=1)
            await zender.publish(PRESS, b"once", qos=1)
            assert await child.stdout.readline() == b"heard once\n"
            child.send_signal(signal.SIGKILL)
            assert (await hears(zender)).payload == WILL[1]
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
        await child.wait()
    async with Daemon(address(broker)) as daemon:
        assert (await daemon.hears()).payload == b"once"


# TLS


def _certificates(directory: Path) -> None:
    """An authority of our own, and the broker's certificate for the loopback address."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    openssl("req", "-x509", *new, "-subj", "/CN=town hall", "-keyout", "ca.key", "-out", "ca.crt")
    openssl(
        *("req", "-x509", *new, "-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1"),
        *("-addext", "basicConstraints=critical,CA:FALSE", "-CA", "ca.crt", "-CAkey", "ca.key"),
        *("-keyout", "broker.key", "-out", "broker.crt"),
    )


@pytest.mark.asyncio
async def test_tls_with_our_own_authority_and_never_without(tmp_path: Path) -> None:
    _certificates(tmp_path)
    with Mosquitto(tmp_path / "broker", certificates=tmp_path) as broker:
        trusting = dataclasses.replace(
            address(broker), port=broker.tls_port, tls=True, ca_file=str(tmp_path / "ca.crt")
        )
        async with Daemon(trusting) as daemon, node(broker, "7") as zender:
            await daemon.comes_up()
            assert isinstance(daemon.socket, ssl.SSLSocket)
            assert daemon.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
            await zender.publish(PRESS, b"press", qos=1)
            assert (await daemon.hears()).payload == b"press"
            await daemon.mqtt.publish("achterwacht/v1/pager/p1/page", b"p" * 100_000)
            await daemon.is_cut_off()


# paho leaves the socket of a failed handshake to the collector.
@pytest.mark.filterwarnings("ignore:.*ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.asyncio
@pytest.mark.parametrize(("ca_file", "reason"), [(None, "CERTIFICATE_VERIFY_FAILED"), ("absent.crt", "No such file")])
async def test_a_broker_that_cannot_prove_itself_is_not_spoken_to(
    tmp_path: Path, ca_file: str | None, reason: str
) -> None:
    _certificates(tmp_path)
    with Mosquitto(tmp_path / "broker", certificates=tmp_path) as broker:
        wary = dataclasses.replace(address(broker), port=broker.tls_port, tls=True, ca_file=ca_file)
        async with Daemon(wary) as daemon:
            up, why = await daemon.told()
            assert not up
            assert reason in why
