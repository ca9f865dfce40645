"""The door: how many come in, and how long each may take. What uvicorn leaves without a bound has one here; and word to
systemd.

Knows connections, not what is asked over them; who may ask is access.py's, what a request may hold is security.py's.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import sys
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from achterwacht.health import Systemd, feed_watchdog
from achterwacht_dashboard.doorway import Doorway
from achterwacht_dashboard.security import HEAD_MAX_BYTES

CONNECTIONS_MAX = 800
"""All pages (live.py, BROWSERS_MAX) and what they fetch; below the 1,024 files that a process has by default."""
AT_ONCE = 20
"""So many are let in before the loop turns: whoever comes and says at once what is wanted is answered some turns later,
long before CONNECTIONS_MAX others have come."""
QUEUE = 1024
"""So many wait before the door; the next one would try again only after a second."""
FULL_TOLD_S = 60.0
"""So often at most it is told that there is no more room: a log is for people, and whoever floods us floods it too."""
TLS_READ_BYTES = 32 * 1024
"""What asyncio sets aside for each connection by TLS, from its first byte on and until Python looks for rubbish: of its
own 256 KiB a thousand that come and are cut off would be all the memory that we may have."""
GREETING_S = 5.0
"""How long the handshake of TLS may take, and its goodbye."""
REQUEST_S = 20.0
"""From when a request could have come until its answer is taken: a browser that is so slow is none. (A connection that
idles is closed sooner.)"""
IDLE_S = 5
"""How long a connection is kept for the next request."""
LEAVES_S = 2.0
"""How long the last words to a browser that takes nothing are kept, once it must go."""
SAYS_MAX_BYTES = 2048
"""One message of a page; the longest is a receipt."""
SWITCH_S = 0.0005
"""How long the loop waits for its turn beside the thread in which pages are made; Python's own 5 ms, at each of two
hundred sends, would be a second in which the daemon is not answered."""
STOP_S = 2
"""How long open pages may take to hear that the dashboard stops."""

log = logging.getLogger(__name__)


class Served(uvicorn.Config):
    """How the application is served, and who is inside. `tls`: what https is served with; None: http."""

    def __init__(self, app: FastAPI, tls: ssl.SSLContext | None, **settings: Any) -> None:
        super().__init__(app, http=Requests if tls is None else Greeting, ws=Sockets, **settings)
        self.tls = tls
        self.doorway = Doorway(CONNECTIONS_MAX)
        self._told_s = -FULL_TOLD_S

    def comes(self, transport: asyncio.BaseTransport) -> None:
        """Somebody new, or with a new request; whoever must make room for them is cut off."""
        if self.doorway.comes(cast(asyncio.Transport, transport)):
            now_s = asyncio.get_running_loop().time()
            if now_s - self._told_s >= FULL_TOLD_S:
                self._told_s = now_s
                log.warning("there are %s connections: whoever waits the longest is cut off", CONNECTIONS_MAX)

    def served(self, transport: asyncio.Transport) -> None:
        """Somebody has an answer, or their last words."""
        self.doorway.served(transport)

    def is_page(self, transport: asyncio.Transport) -> None:
        """Somebody is an open page from now on."""
        self.doorway.is_page(transport)

    def gone(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has left."""
        self.doorway.gone(cast(asyncio.Transport, transport))


class Greeting(asyncio.Protocol):
    """One connection until its TLS stands; from then on it is `Requests`. asyncio's own would keep it for a minute, and
    beside all bounds."""

    def __init__(self, config: Served, **rest: Any) -> None:
        self._config = config
        self._rest = rest
        self._early = b""
        """What came before anybody was there to read it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        raw = cast(asyncio.Transport, transport)
        raw.pause_reading()  # what comes is the handshake's
        self._config.comes(raw)
        self._greeting = asyncio.get_running_loop().create_task(self._greet(raw))

    def data_received(self, data: bytes) -> None:
        self._early += data

    async def _greet(self, raw: asyncio.Transport) -> None:
        assert self._config.tls is not None
        try:
            tls = await asyncio.get_running_loop().start_tls(
                raw,
                self,
                self._config.tls,
                server_side=True,
                ssl_handshake_timeout=GREETING_S,
                ssl_shutdown_timeout=GREETING_S,
            )
        except OSError:  # it speaks no TLS, trusts us not, or is too slow
            return
        finally:
            self._config.gone(raw)
        if tls is None:  # it was cut off meanwhile
            return
        requests = Requests(self._config, **self._rest)
        tls.set_protocol(requests)
        requests.connection_made(tls)
        if self._early:
            requests.data_received(self._early)


class Requests(H11Protocol):
    """One connection; whoever is slow, or one too many, is cut off."""

    config: Served
    _late: asyncio.TimerHandle | None = None
    _answered = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.config.comes(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        if self._answered:
            self._answered = False
            self.config.comes(self.transport)
        super().data_received(data)

    def on_response_complete(self) -> None:
        self._wait()
        self._answered = True
        self.config.served(self.transport)
        super().on_response_complete()

    def handle_websocket_upgrade(self, event: Any) -> None:
        self._stop_waiting()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self.config.gone(self.transport)
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop_waiting()
        self._late = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class Sockets(WebSocketsSansIOProtocol):
    """One WebSocket. What never becomes one would stay for ever; and closing waits until all is sent, for which a
    browser that takes nothing would keep it as long."""

    config: Served
    _leaves: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._leave_after(REQUEST_S)

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.accept" and self._leaves is not None:
            self._leaves.cancel()
            self.config.is_page(self.transport)

    async def run_asgi(self) -> None:
        try:
            await super().run_asgi()
        finally:
            if not self.disconnected:
                self.config.served(self.transport)
                self._leave_after(LEAVES_S)

    def shutdown(self) -> None:
        # Who said goodbye already and has still to close the line would get a second one: uvicorn stops with an error
        # at that, and leaves all others without theirs.
        if not self.transport.is_closing():
            super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._leaves is not None:
            self._leaves.cancel()
        self.config.gone(self.transport)
        super().connection_lost(exc)

    def _leave_after(self, wait_s: float) -> None:
        if self._leaves is not None:
            self._leaves.cancel()
        self._leaves = self.loop.call_later(wait_s, self.transport.abort)


class Server(uvicorn.Server):
    """uvicorn, that tells when it listens."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        for listening in (one for server in self.servers for one in server.sockets):
            with listening.dup() as same:  # asyncio knows one number for both
                same.listen(QUEUE)
        self._on_ready()


def serve(app: FastAPI, host: str, port: int, **tls: Any) -> None:
    """Serve until a signal, and tell systemd how it goes: when no page can be made any more, it starts us again."""
    sys.setswitchinterval(SWITCH_S)
    asyncio.run(_serve(app, settings(app, host, port, **tls)))


async def _serve(app: FastAPI, config: uvicorn.Config) -> None:
    systemd = Systemd()

    def ready() -> None:
        log.info("the dashboard listens at %s port %s", config.host, config.port)
        systemd.say("READY=1")

    feeding = asyncio.create_task(feed_watchdog(systemd, app.state.live.ask))
    try:
        await Server(config, ready).serve()
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        systemd.close()


def settings(
    app: FastAPI, host: str, port: int, ssl_certfile: Path | None = None, ssl_keyfile: Path | None = None
) -> Served:
    """How this application is served; by https with a certificate and its key."""
    tls = None
    if ssl_certfile is not None:
        SSLProtocol.max_size = TLS_READ_BYTES
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(ssl_certfile, ssl_keyfile)
    return Served(
        app,
        tls,
        host=host,
        port=port,
        backlog=AT_ONCE,
        ws_max_size=SAYS_MAX_BYTES,
        # A page answers every message (live.py); what compression saves on a building's own network is not worth it.
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=HEAD_MAX_BYTES,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=STOP_S,
        access_log=False,
        server_header=False,
        log_config=None,
        log_level="error",  # not each socket that comes, and not whatever nonsense somebody sends
    )
