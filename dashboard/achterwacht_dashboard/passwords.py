"""Makes and compares what is kept of passwords: argon2id, one at a time and behind everything else.

Knows passwords and what a hash costs. Whose they are is accounts.py's; how guesses are slowed is throttle.py's.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from achterwacht_dashboard.throttle import TooSoon

HASH_S = 0.15
"""About what a hash takes, with its 64 MiB."""
HASHES_WAITING_MAX = 16
"""One after the other: who would wait longer than some seconds is asked to come back."""
NICE = 10
"""How far hashes stand behind the pages, and behind the daemon."""

T = TypeVar("T")


class Passwords:
    """A flood of logins takes one core at most, and one hash's memory."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(parallelism=1)
        # Nobody's: made of dice, with the same cost as everybody's.
        of = self._hasher
        salt, tag = (b64encode(secrets.token_bytes(size)).rstrip(b"=").decode() for size in (of.salt_len, of.hash_len))
        self._nobodys = f"$argon2id$v=19$m={of.memory_cost},t={of.time_cost},p={of.parallelism}${salt}${tag}"
        self._thread = ThreadPoolExecutor(1, "passwords", initializer=_step_back)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """What to keep of it."""
        return await self._do(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, kept: str, password: str) -> bool:
        """Whether it is this one. `kept` empty: no, after as long."""

        def right() -> bool:
            try:
                return self._hasher.verify(kept or self._nobodys, _normal(password)) and bool(kept)
            except (VerificationError, InvalidHashError):
                return False

        return await self._do(right)

    def is_old(self, kept: str) -> bool:
        """Whether it was made at another cost than today's."""
        return self._hasher.check_needs_rehash(kept)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _do(self, work: Callable[[], T]) -> T:
        """Raises TooSoon when too many wait already."""
        if self._waiting >= HASHES_WAITING_MAX:
            raise TooSoon(HASH_S * HASHES_WAITING_MAX)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1


def _normal(password: str) -> str:
    """The same letters are the same password, whichever keyboard put them together."""
    return unicodedata.normalize("NFKC", password)


def _step_back() -> None:
    """This thread runs when nobody else wants to."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
