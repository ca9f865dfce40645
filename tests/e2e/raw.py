"""MQTT messages that no node of ours would say, or not in that way: a button without repeats, old tales, nonsense."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable

import aiomqtt

from broker import DAEMON, Mosquitto

Said = tuple[str, bytes, int, bool]
"""Topic, payload, QoS, retain."""


def client(broker: Mosquitto, user: str = DAEMON, identifier: str | None = None) -> aiomqtt.Client:
    """A client of any user. The daemon's user may say and hear everything."""
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=user,
        password=broker.password(user),
        identifier=identifier or f"{user}-{secrets.token_hex(4)}",
        protocol=aiomqtt.ProtocolVersion.V5,
    )


async def say(broker: Mosquitto, user: str, messages: Iterable[Said]) -> None:
    """Say these, each when the broker has the one before."""
    async with client(broker, user) as speaker:
        for topic, payload, qos, retain in messages:
            await speaker.publish(topic, payload, qos, retain)


async def press_once(broker: Mosquitto, nr: int, qos: int = 0) -> str:
    """A button that says it once: with QoS 0 nobody repeats it. Returns the press id."""
    boot = secrets.token_hex(8)
    payload = json.dumps({"boot": boot, "seq": 1, "age_ms": 0}).encode()
    await say(broker, str(nr), [(f"achterwacht/v1/zender/{nr}/press", payload, qos, False)])
    return f"{nr}-{boot}-1"
