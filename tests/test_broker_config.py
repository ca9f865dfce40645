"""The broker's configuration and access list that we recommend hold what docs/wire.md says ("Access", "Broker")."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from achterwacht.errors import MqttUnavailable
from achterwacht.mqtt import BrokerAddress, Message, Mqtt
from broker import ACCESS_LIST, CONFIGURATION, DAEMON, Mosquitto

WAIT_S = 15.0

V1 = "achterwacht/v1"
OF_ZENDERS = ("press", "status", "telemetry", "confirm", "help")
OF_PAGERS = ("receipt", "answer", "status", "telemetry", "page", "open", "answered")
TOPICS = (
    *(f"{V1}/zender/{nr}/{kind}" for nr in (5, 7) for kind in OF_ZENDERS),
    *(f"{V1}/pager/{pager}/{kind}" for pager in ("p1", "p2") for kind in OF_PAGERS),
    f"{V1}/daemon/status",
    f"{V1}/daemon/canary",
    "zigbee2mqtt/button",
)
# What each user may say and hear, and nothing else.
SAYS = {
    "7": {f"{V1}/zender/7/{kind}" for kind in ("press", "status", "telemetry")},
    "p1": {f"{V1}/pager/p1/{kind}" for kind in ("receipt", "answer", "status", "telemetry")},
    DAEMON: set(TOPICS),
}
HEARS = {
    "7": {f"{V1}/zender/7/{kind}" for kind in ("confirm", "help", "status")},
    "p1": {f"{V1}/pager/p1/{kind}" for kind in ("page", "open", "answered", "status")},
    DAEMON: set(TOPICS),
}
OF_DAEMON = {f"{V1}/daemon/status", f"{V1}/daemon/canary"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


class Ear:
    """One user who listens to whatever he is allowed to."""

    def __init__(self, broker: Mosquitto, user: str, password: str | None = None) -> None:
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.link: asyncio.Queue[tuple[bool, str]] = asyncio.Queue()
        where = BrokerAddress.parse(broker.url(user) if user else f"mqtt://{broker.host}:{broker.port}")
        self.mqtt = Mqtt(
            dataclasses.replace(where, password=password or broker.password(user)),
            client_id=f"{user} {id(self)}",
            will=(f"{V1}/zender/{user}/status", b"{}"),
            subscriptions=[("#", 1)],
            on_message=self._on_message,
            on_link=lambda up, reason: self.link.put_nowait((up, reason)),
        )

    def _on_message(self, message: Message) -> None:
        message.ack()
        self.heard.put_nowait(message.topic)

    async def told(self) -> tuple[bool, str]:
        async with asyncio.timeout(WAIT_S):
            return await self.link.get()

    async def hears_until(self, topic: str) -> list[str]:
        heard = []
        async with asyncio.timeout(WAIT_S):
            while (latest := await self.heard.get()) != topic:
                heard.append(latest)
        return heard


@contextlib.asynccontextmanager
async def logged_in(broker: Mosquitto, user: str, password: str | None = None) -> AsyncIterator[Ear]:
    ear = Ear(broker, user, password)
    run = asyncio.create_task(ear.mqtt.run())
    try:
        yield ear
    finally:
        run.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await run


@pytest.mark.asyncio
@pytest.mark.parametrize("user", SAYS)
async def test_a_user_says_its_own_and_nothing_else(broker: Mosquitto, user: str) -> None:
    async with logged_in(broker, DAEMON) as daemon, logged_in(broker, user) as speaker:
        assert await daemon.told() == (True, "")
        assert await speaker.told() == (True, "")
        refused = set()
        for topic in TOPICS:
            try:
                await speaker.mqtt.publish(topic, b"{}")
            except MqttUnavailable as error:
                assert str(error) == "the broker refused it: Not authorized"
                refused.add(topic)
        assert refused == set(TOPICS) - SAYS[user]

        await daemon.mqtt.publish("the end", b"")
        heard = await daemon.hears_until("the end")
        assert set(heard) == SAYS[user]


@pytest.mark.asyncio
@pytest.mark.parametrize("user", HEARS)
async def test_a_user_hears_its_own_and_the_daemon_and_nothing_else(broker: Mosquitto, user: str) -> None:
    async with logged_in(broker, DAEMON) as daemon, logged_in(broker, user) as listener:
        assert await daemon.told() == (True, "")
        assert await listener.told() == (True, "")
        for topic in TOPICS:
            await daemon.mqtt.publish(topic, b"{}")
        await daemon.mqtt.publish(f"{V1}/daemon/end", b"")
        assert set(await listener.hears_until(f"{V1}/daemon/end")) == HEARS[user] | OF_DAEMON


@pytest.mark.asyncio
@pytest.mark.parametrize(("user", "password"), [("", "any"), ("7", "wrong"), ("stranger", None)])
async def test_nobody_enters_without_a_password(broker: Mosquitto, user: str, password: str | None) -> None:
    async with logged_in(broker, user, password) as nobody:
        assert await nobody.told() == (False, "the broker refused us: Not authorized")


@pytest.mark.asyncio
async def test_the_broker_throws_out_who_says_a_monster(broker: Mosquitto) -> None:
    async with logged_in(broker, DAEMON) as daemon, logged_in(broker, "7") as zender:
        assert await daemon.told() == (True, "")
        assert await zender.told() == (True, "")
        press = f"{V1}/zender/7/press"
        with pytest.raises(MqttUnavailable, match="connection"):
            await zender.mqtt.publish(press, b"x" * 262_144)
        assert not (await zender.told())[0]
        assert await zender.told() == (True, "")
        await zender.mqtt.publish(press, b"x" * 200_000)
        assert await daemon.hears_until(press) == [f"{V1}/zender/7/status"]  # its will
        assert daemon.mqtt.connected


@pytest.mark.asyncio
@pytest.mark.parametrize("end", [Mosquitto.stop, Mosquitto.kill])
async def test_retained_messages_survive_a_restart(broker: Mosquitto, end: Callable[[Mosquitto], None]) -> None:
    async with logged_in(broker, DAEMON) as daemon:
        assert await daemon.told() == (True, "")
        daemon.mqtt.retain(f"{V1}/daemon/head", b"{}")
        # The broker writes after each round of its loop; with the answer to this, that of the above is over.
        await daemon.mqtt.publish("marker", b"")
        await daemon.mqtt.publish("marker", b"")
        end(broker)
    broker.start()
    async with logged_in(broker, "7") as zender:
        assert await zender.told() == (True, "")
        async with asyncio.timeout(WAIT_S):
            assert await zender.heard.get() == f"{V1}/daemon/head"


def settings() -> dict[str, str]:
    lines = (line for line in CONFIGURATION.read_text().splitlines() if line and not line.startswith("#"))
    return {key: value for key, _, value in (line.partition(" ") for line in lines) if key != "log_type"}


def test_configuration_says_what_the_wire_asks_for() -> None:
    assert settings() == {
        "per_listener_settings": "false",
        "allow_anonymous": "false",
        "password_file": "/etc/mosquitto/achterwacht.passwd",
        "acl_file": "/etc/mosquitto/mosquitto-achterwacht.acl",
        "persistence": "true",
        "persistence_location": "/run/mosquitto-achterwacht/",
        "autosave_on_changes": "true",
        "autosave_interval": "1",
        "persistent_client_expiration": "14d",
        "queue_qos0_messages": "false",
        "max_queued_messages": "10000",
        "max_inflight_messages": "20",
        "max_packet_size": "262144",
        "set_tcp_nodelay": "true",
        "max_keepalive": "60",
        "log_dest": "stderr",
        "listener": "1883 127.0.0.1",
    }


@pytest.mark.parametrize("file", [CONFIGURATION, ACCESS_LIST], ids=lambda file: file.name)
def test_comments_stand_on_lines_of_their_own(file: Path) -> None:
    # Behind a file name a comment would become part of the name (reference/devices.md, 7.2). `#` the topic stays.
    for line in file.read_text().splitlines():
        if not line.startswith("#"):
            assert " #" not in line.removesuffix(" #"), line
            assert line == line.strip()
