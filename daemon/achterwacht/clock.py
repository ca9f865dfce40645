"""The only reader of time. Everything else is told the moment, so that a night can be replayed in a millisecond."""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime

from achterwacht.core.moment import Moment

TIMEX_BYTES = 256
"""Room for the kernel's `struct timex` (208 bytes on 64-bit Linux)."""
TIME_ERROR = 5
"""What adjtimex(2) returns while the clock is not synchronised."""
ASK_AGAIN_S = 5.0
"""How long an answer of the kernel holds; asking is a system call, and clocks are synchronised slowly."""


class Clock:
    """Reads both clocks together and knows whether the wall clock can be trusted."""

    def __init__(self) -> None:
        self._adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
        self._asked_s = -ASK_AGAIN_S
        self._synchronised = False

    def now(self) -> Moment:
        """This moment, to the microsecond: no finer, so that a fact read back from the journal is the same fact."""
        mono_s = round(time.monotonic(), 6)
        if mono_s - self._asked_s >= ASK_AGAIN_S:
            self._asked_s = mono_s
            self._synchronised = self._ask_kernel()
        return Moment(mono_s, datetime.now(UTC), self._synchronised)

    def mono_s(self) -> float:
        """Monotonic seconds alone, for stamping what arrives."""
        return round(time.monotonic(), 6)

    def _ask_kernel(self) -> bool:
        if self._adjtimex is None:
            return False
        status: int = self._adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
        return 0 <= status < TIME_ERROR
