"""A daemon in sixty lines, for tests of the nodes: it confirms, pages, answers and sings. It holds no promise.

Written from docs/wire.md, like the nodes, but by other code: it shares no line with them.
"""

from __future__ import annotations

import asyncio
import json
import socket
from types import TracebackType
from typing import Any, Self

import aiomqtt

TOP = "achterwacht/v1"
PAGERS = ("p1", "p2", "p3")
TEXTS = {"7": "BALIE 3", "8": "BALIE 4"}


class FakeDaemon:
    """`heard` keeps every message of the nodes as (topic below achterwacht/v1, fields)."""

    def __init__(self, host: str, port: int, user: str | None = None, password: str | None = None) -> None:
        self.confirms = True
        self.durable = True
        self.answers = True
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self._changed = asyncio.Condition()
        self._pages = 0
        self.client = aiomqtt.Client(
            host,
            port,
            username=user,
            password=password,
            protocol=aiomqtt.ProtocolVersion.V5,
            socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
        )
        self.client.pending_calls_threshold = 1000

    async def __aenter__(self) -> Self:
        await self.client.__aenter__()
        await self.client.subscribe([(f"{TOP}/zender/+/+", 1), (f"{TOP}/pager/+/+", 1)])
        await self.say("daemon/status", {"online": True, "boot": "d0", "head": "", "n": 0}, retain=True)
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Before Python 3.12 wait_for, inside publish, may swallow a cancellation: ask until it is done.
        while not self._reader.done():
            self._reader.cancel()
            await asyncio.wait({self._reader}, timeout=0.1)
        await self.client.__aexit__(None, None, None)

    async def say(self, topic: str, fields: dict[str, Any], *, retain: bool = False) -> None:
        await self.client.publish(f"{TOP}/{topic}", json.dumps(fields), qos=1, retain=retain)

    async def page(self, pager: str, incident: str, zender: str, **changed: object) -> str:
        """Pages one pager; returns the page's id."""
        self._pages += 1
        fields = {
            "page": f"{incident}.d0.{self._pages}",
            "incident": incident,
            "press": incident,
            "zender": int(zender),
        }
        fields |= {"kind": "alarm", "text": TEXTS.get(zender, "ONBEKEND"), "detail": "", "attempt": 1}
        fields |= {"reason": "first press", "age_s": 0.0, "at": "2026-11-21T13:02:33.120Z", "clock_ok": True}
        fields |= changed
        await self.say(f"pager/{pager}/page", fields)
        return str(fields["page"])

    async def hears(self, topic: str, count: int = 1, **wanted: object) -> list[dict[str, Any]]:
        """Waits for `count` messages on a topic that hold these fields. A test's own timeout bounds it."""

        def found() -> list[dict[str, Any]]:
            return [f for t, f in self.heard if t == topic and all(f.get(k) == v for k, v in wanted.items())]

        async with self._changed:
            await self._changed.wait_for(lambda: len(found()) >= count)
        return found()

    async def _read(self) -> None:
        async for message in self.client.messages:
            topic = str(message.topic).removeprefix(f"{TOP}/")
            if topic.endswith(("/press", "/receipt", "/answer", "/status", "/telemetry")):
                fields = json.loads(bytes(message.payload))
                async with self._changed:
                    self.heard.append((topic, fields))
                    self._changed.notify_all()
                await self._obey(topic, fields)

    async def _obey(self, topic: str, fields: dict[str, Any]) -> None:
        _, level, kind = topic.split("/")
        key = {"boot": fields["boot"], "seq": fields.get("seq"), "durable": self.durable}
        if kind == "press" and self.confirms:
            incident = f"{level}-{fields['boot']}-{fields['seq']}"
            await self.say(f"zender/{level}/confirm", key | {"incident": incident})
            for pager in PAGERS if fields["age_ms"] == 0 else ():
                await self.page(pager, incident, level)
        elif kind in ("receipt", "answer") and self.answers:
            await self.say(f"pager/{level}/answered", key | {"result": "accepted", "reason": ""})
            if fields.get("answer") == "all_clear":
                for pager in PAGERS:
                    await self.page(pager, fields["incident"], str(fields["zender"]), kind="over")
