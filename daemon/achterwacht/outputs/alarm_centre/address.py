"""The numbers behind a receiver's name, looked up so that a name server that hangs holds up nothing else.

Knows when to look up, and keeps what was found last. Sockets are transport.py's.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import socket
from functools import partial

from achterwacht.driver import in_own_thread
from achterwacht.outputs.alarm_centre.frames import NoAnswer

LOOK_UP_S = 2.0
"""So long a message waits for a name of which nothing is known; what is found later is there for the next one."""
FRESH_S = 300.0
"""A name is looked up again so often: an alarm centre that moves keeps its old address for longer."""


class Address:
    """Where one receiver is. Nothing waits for a look-up once it is known."""

    def __init__(self, host: str) -> None:
        self._host = host
        is_number = _is_number(host)
        self._known: tuple[str, ...] = (host,) if is_number else ()
        self._look_up_s = math.inf if is_number else 0.0
        self._looking: asyncio.Future[tuple[str, ...]] | None = None

    async def numbers(self, now_s: float) -> tuple[str, ...]:
        """Its addresses, the best first. Raises NoAnswer, OSError, or UnicodeError for a name that cannot be one."""
        if self._looking is None and now_s >= self._look_up_s:
            self._look_up_s = now_s + FRESH_S
            self._looking = in_own_thread(partial(_looked_up, self._host))
            self._looking.add_done_callback(self._found)
        if not self._known and self._looking is not None:
            looking = self._looking
            await asyncio.wait({looking}, timeout=LOOK_UP_S)
            error = looking.exception() if looking.done() else None
            # One fault for both: it would change with each look-up else.
            if not looking.done() or (isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN):
                raise NoAnswer("cannot be reached: it has a name, and no name server answers", reached=False)
            return looking.result()
        return self._known

    def _found(self, looking: asyncio.Future[tuple[str, ...]]) -> None:
        self._looking = None
        if looking.cancelled() or looking.exception() is not None:
            self._look_up_s = 0.0  # with the next message
        else:
            self._known = looking.result()


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _looked_up(host: str) -> tuple[str, ...]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))
