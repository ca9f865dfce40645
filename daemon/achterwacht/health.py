"""Whether the daemon itself is well: word to systemd, the watchdog's food, and the canary through the broker.

Knows how to ask; what a silent canary means is the core's to say. A failing journal is never a reason to be restarted.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping

import msgspec

CANARY_TOPIC = "achterwacht/v1/daemon/canary"
CANARY_EVERY_S = 2.0
"""How often a message makes the round through the broker; a pager that hears none for 15 s says so (docs/wire.md)."""
CANARY_BACK_S = 2.0
"""How long the round may take. With the time between two rounds: a dead broker is a fault within 5 s."""


class Systemd:
    """Speaks to systemd's notify socket (sd_notify(3)); says nothing where there is none. Never blocks."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_s = int(environment.get("WATCHDOG_USEC", "0")) / 1_000_000
        """How long systemd waits for a sign of life before it restarts us; 0 when it does not."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def say(self, word: str) -> None:
        """Send one word (`READY=1`). A full or missing socket loses it: the next one says the same."""
        if self._address:
            try:
                self._socket.sendto(word.encode(), self._address)
            except OSError:
                return

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


async def feed_watchdog(systemd: Systemd, ask: Callable[[Callable[[], None]], None]) -> None:
    """Feed the watchdog for as long as `ask(answered)` gets an answer.

    `ask` sends a question through inbox and core; this loop's own sleep is the timer under test. When either hangs,
    nothing is said, and systemd restarts the daemon.
    """
    if not systemd.watchdog_s:
        return
    while True:
        ask(lambda: systemd.say("WATCHDOG=1"))
        await asyncio.sleep(systemd.watchdog_s / 3)


class Canary:
    """Sends a message through the broker every two seconds and expects it back in two.

    `publish(payload)` raises while there is no connection: that is a fault of its own, so the canary rests then.
    """

    def __init__(
        self,
        boot: str,
        publish: Callable[[bytes], Awaitable[None]],
        connected: Callable[[], bool],
        on_silence: Callable[[bool], None],
    ) -> None:
        self._boot = boot
        self._publish = publish
        self._connected = connected
        self._on_silence = on_silence
        self._seq = 0
        self._back = asyncio.Event()

    def heard(self, payload: bytes) -> None:
        """A canary came back; only the one that was sent last counts."""
        if payload == self._song():
            self._back.set()

    async def run(self) -> None:
        """Sing for ever."""
        silent = False
        while True:
            self._seq += 1
            self._back.clear()
            alive = await self._sing()
            if alive is not None and silent == alive:
                silent = not alive
                self._on_silence(silent)
            await asyncio.sleep(CANARY_EVERY_S)

    async def _sing(self) -> bool | None:
        """Whether the canary came back; None when there was no connection to send it on."""
        if not self._connected():
            return None
        try:
            async with asyncio.timeout(CANARY_BACK_S):
                await self._publish(self._song())
                await self._back.wait()
        except TimeoutError:
            return False
        return True

    def _song(self) -> bytes:
        return msgspec.json.encode({"boot": self._boot, "seq": self._seq})
