"""Work that may hang in a driver, in a thread of its own.

asyncio's pool of threads is small, and the broker's connection and the journal need it too: a port that hangs must not
take their turns, nor keep the daemon from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def in_own_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """What `work` returns or raises, when it does. Cancelling does not end it: it cannot be ended."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except Exception as error:
            tell(done.set_exception, error)
        else:
            tell(done.set_result, result)

    def tell(settle: Callable[..., None], what: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(unless_cancelled, settle, what)

    def unless_cancelled(settle: Callable[..., None], what: object) -> None:
        if not done.cancelled():
            settle(what)

    threading.Thread(target=run, name="a driver", daemon=True).start()
    return done
