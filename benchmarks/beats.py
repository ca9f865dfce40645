"""A crowd of zenders that live: each is born and speaks every ten seconds. Run it as a process of its own.

Else it would take its time from the nodes that press, and be measured with them. Told on stdin, a line each: `births
SECONDS`, `silence`, `gateway online` or `gateway offline`; answers each on stdout, when it is done, in JSON: whose last
word it is about, and the monotonic second of that. Speaks docs/wire.md, and Zigbee2MQTT's words for
who is behind the gateway.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import time
from itertools import cycle
from typing import Any

import msgspec
from benchmarks.nodes import PAGERS, ZENDERS, Node

BEAT_S = 10.0
"""How often each of our own nodes speaks (docs/wire.md)."""
TURN_S = 0.01
"""Whoever is due speaks at the next of these: with 2,000 of them two at a time."""
CONNECTIONS = 4
"""Enough that the broker reads from several sockets in turn; two thousand would measure the broker."""
BEHIND_GATEWAY = 10
"""One zender of so many is a bought one behind the gateway."""
GATEWAY = "zigbee2mqtt"
"""The topic of the gateway; its zenders are below it."""


def is_bought(nr: int) -> bool:
    """Whether this zender of the crowd is behind the gateway; the desks that press never are."""
    return nr % BEHIND_GATEWAY == 0 and nr not in ZENDERS


def topic_of(nr: int) -> str:
    """Where a bought zender publishes."""
    return f"{GATEWAY}/zender-{nr}"


class Crowd:
    """All zenders and pagers of the plan. Those that press share `boot` with whoever presses for them."""

    def __init__(self, nodes: list[Node], boot: str, count: int) -> None:
        self._nodes = cycle(nodes)
        self._boot = boot
        self._own_boot = ""
        self._everybody = (*range(1, count + 1), *PAGERS)
        self._own = [nr for nr in range(1, count + 1) if nr not in ZENDERS and not is_bought(nr)]
        self._beat_s: dict[int, float] = {}
        """By zender: when it last spoke."""
        self._silent = False

    async def live(self) -> None:
        """Everybody once in BEAT_S, evenly, for ever."""
        begin_s, said = time.monotonic(), 0
        while True:
            due = int((time.monotonic() - begin_s) / BEAT_S * len(self._everybody))
            for number in range(said, due):
                self._beat(self._everybody[number % len(self._everybody)])
            said = due
            await asyncio.sleep(TURN_S)

    async def do(self, words: list[str]) -> dict[str, float]:
        """What a line on stdin asks for. Returns whose last word it is about, and when that was."""
        match words:
            case ["births", within_s]:
                await self._be_born(float(within_s))
            case ["silence"]:
                self._silent = True
                return {str(nr): said_s for nr, said_s in self._beat_s.items()}
            case ["gateway", state]:
                self._say(f"{GATEWAY}/bridge/state", {"state": state}, qos=1, retain=True)
            case _:
                raise ValueError(f"not understood: {' '.join(words)}")
        return {words[0]: time.monotonic()}

    async def arrive(self) -> None:
        """The power is back."""
        await self.do(["gateway", "online"])
        for pager in PAGERS:
            self._status(f"pager/{pager}", self._boot)
        for nr in ZENDERS:
            self._status(f"zender/{nr}", self._boot)
        await self._be_born(0.0)

    async def _be_born(self, within_s: float) -> None:
        """All our own zenders start anew, evenly within so many seconds; not those that press."""
        self._own_boot = secrets.token_hex(8)
        begin_s, born = time.monotonic(), 0
        while born < len(self._own):
            passed_s = time.monotonic() - begin_s
            due = int(len(self._own) * passed_s / within_s) if passed_s < within_s else len(self._own)
            for nr in self._own[born:due]:
                self._status(f"zender/{nr}", self._own_boot)
            born = due
            await asyncio.sleep(TURN_S)

    def _status(self, device: str, boot: str) -> None:
        said = {"online": True, "boot": boot, "fw": "1.0.0"}
        self._say(f"achterwacht/v1/{device}/status", said, qos=1, retain=True)

    def _beat(self, who: int | str) -> None:
        if isinstance(who, str):
            said = {"boot": self._boot, "battery": 83, "charging": False, "docked": False, "rssi": -61}
            self._say(f"achterwacht/v1/pager/{who}/telemetry", said)
        elif is_bought(who):
            self._say(topic_of(who), {"battery": 87, "linkquality": 90}, qos=1)
        elif who in ZENDERS or not self._silent:
            boot = self._boot if who in ZENDERS else self._own_boot
            if who not in ZENDERS:
                self._beat_s[who] = time.monotonic()
            said = {"boot": boot, "battery": 87, "tamper": False, "line": "ok"}
            self._say(f"achterwacht/v1/zender/{who}/telemetry", said)

    def _say(self, topic: str, said: dict[str, Any], qos: int = 0, retain: bool = False) -> None:
        next(self._nodes).publish(topic, msgspec.json.encode(said), qos, retain)


async def _run(asked: argparse.Namespace) -> None:
    address = (asked.host, asked.port)
    nodes = [
        await Node.connect(address, asked.user, asked.password, [], lambda *_: None, f"crowd-{number}")
        for number in range(CONNECTIONS)
    ]
    crowd = Crowd(nodes, asked.boot, asked.count)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await crowd.arrive()
    living = asyncio.create_task(crowd.live())
    while line := await lines.readline():
        print(msgspec.json.encode(await crowd.do(line.decode().split())).decode(), flush=True)
    living.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("user", help="one that may publish as everybody")
    parser.add_argument("password")
    parser.add_argument("boot", help="of the desks and the pagers")
    parser.add_argument("count", type=int, help="how many zenders")
    asyncio.run(_run(parser.parse_args()))
