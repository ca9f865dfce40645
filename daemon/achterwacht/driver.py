"""Drivers, such as those of serial ports: work that may hang in one, and its errors in words for people.

Work gets a thread of its own. asyncio's pool of threads is small, and the broker's connection and the journal need it
too: a port that hangs must not take their turns, nor keep the daemon from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

NOT_THERE = (errno.ENOENT, errno.ENODEV, errno.ENXIO)
NOT_PERMITTED = (errno.EACCES, errno.EPERM)
IN_USE = (errno.EAGAIN, errno.EBUSY)

T = TypeVar("T")


class Device(Protocol):
    """What came open: a serial port, a socket."""

    def close(self) -> None: ...


D = TypeVar("D", bound=Device)


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


async def opened(open_now: Callable[[], D], wait_s: float, hangs: Callable[[], None]) -> D:
    """What `open_now` opens in a thread, or raises. `hangs` is called once if it takes longer than this.

    What comes open after this was cancelled is closed again.
    """
    opening = in_own_thread(open_now)
    try:
        await asyncio.wait({opening}, timeout=wait_s)
        if not opening.done():
            hangs()
            await asyncio.wait({opening})
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unused)
        raise
    return opening.result()


def _close_unused(opening: asyncio.Future[D]) -> None:
    """The device that came open when nobody wanted it any more."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def in_words(path: str, error: Exception) -> str:
    """What is the matter with a port that cannot be used, and what to do; also for who opens one without the daemon."""
    number = getattr(error, "errno", None)
    if isinstance(error, TimeoutError):
        return f"{path} does not open, its driver hangs: pull it out and put it back"
    if number in NOT_THERE:
        return f"no such device: {path}; plug it in, or correct its path (`ls /dev/serial/by-id` lists what is there)"
    if number in NOT_PERMITTED:
        return f"not permitted: {path}; add the daemon's user to the group dialout and start it again"
    if number in IN_USE:
        return f"in use by another program: {path}; `fuser {path}` names it, stop it"
    if number == errno.EIO:
        return f"unplugged: {path}; put it back, it is opened again by itself"
    return f"cannot be used: {path}: {error}; is it a serial port?"
