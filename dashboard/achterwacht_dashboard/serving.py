"""The door: how many come in, and how long each may take. What uvicorn leaves without a bound has one here; and word to
systemd.

Knows connections, not what is asked over them; who may ask is access.py's, what a request may hold is security.py's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from achterwacht.health import Systemd, feed_watchdog
from achterwacht_dashboard.security import HEAD_MAX_BYTES

CONNECTIONS_MAX = 800
"""All pages (live.py, BROWSERS_MAX) and what they fetch; below the 1,024 files that a process has by default."""
REQUEST_S = 20.0
"""From when a request could have come until its answer is taken: a browser that is so slow is none. (A connection that
idles is closed sooner.)"""
IDLE_S = 5
"""How long a connection is kept for the next request."""
LEAVES_S = 2.0
"""How long the last words to a browser that takes nothing are kept, once it must go."""
SAYS_MAX_BYTES = 2048
"""One message of a page; the longest is a receipt."""
STOP_S = 2
"""How long open pages may take to hear that the dashboard stops."""

log = logging.getLogger(__name__)


class Requests(H11Protocol):
    """One connection; whoever is slow, or one too many, is cut off."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MAX:
            log.warning("a connection is refused: there are %s already", CONNECTIONS_MAX)
            transport.abort()
            return
        self._wait()

    def on_response_complete(self) -> None:
        self._wait()
        super().on_response_complete()

    def handle_websocket_upgrade(self, event: Any) -> None:
        self._stop_waiting()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop_waiting()
        self._late = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class Sockets(WebSocketsSansIOProtocol):
    """One WebSocket. Closing waits until all is sent, and a browser that takes nothing would keep it for ever."""

    _leaves: asyncio.TimerHandle | None = None

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if not self.disconnected:
            self._leaves = self.loop.call_later(LEAVES_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._leaves is not None:
            self._leaves.cancel()
        super().connection_lost(exc)


class Server(uvicorn.Server):
    """uvicorn, that tells when it listens."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._on_ready()


def serve(app: FastAPI, host: str, port: int, **tls: Any) -> None:
    """Serve until a signal, and tell systemd how it goes: when no page can be made any more, it starts us again."""
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


def settings(app: FastAPI, host: str, port: int, **tls: Any) -> uvicorn.Config:
    """How this application is served. `tls`: uvicorn's own words for a certificate and its key."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=Requests,
        ws=Sockets,
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
        log_level="warning",  # not each socket that comes
        **tls,
    )
