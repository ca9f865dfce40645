"""A crowd of browsers that is too much for the dashboard, in a process of its own, as nice as the dashboard.

`python -m benchmarks.browsers URL COOKIES`: says when all its pages are open, and at the end of its stdin what it got
to do. Knows no alarm: pages.py measures.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

SOCKETS = 200
REQUESTS_A_S = 500
CONNECTIONS = 40
"""Over which the crowd asks, each one request after the other."""
PATHS = ("/receptie", "/team", "/healthz", "/static/base.css")
GROWS_S = 20.0
"""By then all of the crowd's pages are open."""
HERE = '{"type":"here"}'


def page_of(url: str, cookie: str, name: str) -> connect:
    """A live page of whoever has this cookie."""
    at = f"{url.replace('http', 'ws', 1)}/live/{name}"
    return connect(
        at,
        origin=Origin(url),
        additional_headers={"Cookie": cookie},
        compression=None,
        ping_interval=None,
        max_size=None,
    )


class Crowd:
    """Two hundred open pages, and as many requests a second as there should be."""

    def __init__(self, url: str, cookies: list[str]) -> None:
        self._url, self._cookies = url, cookies
        self.open = 0
        self.messages = self.answers = 0

    async def look(self, n: int) -> None:
        """One page that stays open, answers what it is told, and comes back."""
        while True:
            try:
                async with page_of(self._url, self._cookies[n % len(self._cookies)], ("receptie", "team")[n % 2]) as ws:
                    self.open += 1
                    try:
                        await self._answer(ws)
                    finally:
                        self.open -= 1
            except Exception:
                await asyncio.sleep(1.0)

    async def _answer(self, ws: ClientConnection) -> None:
        async for _ in ws:
            self.messages += 1
            await ws.send(HERE)

    async def ask(self, n: int) -> None:
        """One request after the other, so many a second."""
        host, port = self._url.removeprefix("http://").split(":")
        every_s = CONNECTIONS / REQUESTS_A_S
        due_s = time.monotonic() + every_s * n / CONNECTIONS
        while True:
            try:
                reader, writer = await asyncio.open_connection(host, int(port))
                while True:
                    await asyncio.sleep(due_s - time.monotonic())
                    due_s = max(due_s + every_s, time.monotonic())
                    writer.write(self._request(n, f"{host}:{port}"))
                    await self._read(reader)
                    self.answers += 1
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.2)

    def _request(self, n: int, host: str) -> bytes:
        path, cookie = PATHS[self.answers % len(PATHS)], self._cookies[n % len(self._cookies)]
        return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))


async def _crowd(url: str, cookies: list[str]) -> None:
    crowd = Crowd(url, cookies)
    tasks = [asyncio.create_task(crowd.look(n)) for n in range(SOCKETS)]
    until_s = time.monotonic() + GROWS_S
    while crowd.open < SOCKETS and time.monotonic() < until_s:  # noqa: ASYNC110  they come one by one
        await asyncio.sleep(0.1)
    tasks += [asyncio.create_task(crowd.ask(n)) for n in range(CONNECTIONS)]
    print(json.dumps({"open": crowd.open}), flush=True)
    crowd.messages, began_s = 0, time.monotonic()  # what came while the crowd grew is no part of the flood
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    took_s = time.monotonic() - began_s
    done = {"open": crowd.open, "messages": crowd.messages / took_s, "answers": crowd.answers / took_s}
    print(json.dumps(done), flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(_crowd(sys.argv[1], json.loads(sys.argv[2])))
