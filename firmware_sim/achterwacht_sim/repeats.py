"""Messages that a node says again until the daemon has answered them.

Knows when each is due. Leaves to others what they say and who answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from achterwacht_sim.wire import Message

# After `durable:false`: heard, but the journal is broken. The repeats carry it until the disk is back.
NOT_DURABLE_EVERY_S = 10.0

Key = tuple[str, int]
"""The boot and the sequence number: what an answer names."""

Say = Callable[[float], Message]
"""Makes the message for this moment, so that an age can grow."""


@dataclass(slots=True)
class _Repeated:
    say: Say
    next_at_s: float
    durable: bool = True


class Repeats:
    """At most `most` messages; when one more comes the oldest is let go."""

    def __init__(self, every_s: Callable[[], float], most: int) -> None:
        self._every_s = every_s
        self._most = most
        self._repeated: dict[Key, _Repeated] = {}

    def __len__(self) -> int:
        return len(self._repeated)

    def __contains__(self, key: Key) -> bool:
        return key in self._repeated

    def add(self, key: Key, say: Say, now_s: float) -> None:
        """Say it now, and again until settled. One that is already here is said at once again."""
        self._repeated.pop(key, None)
        while len(self._repeated) >= self._most:
            del self._repeated[next(iter(self._repeated))]
        self._repeated[key] = _Repeated(say, now_s)

    def settle(self, key: Key, durable: bool, now_s: float) -> bool:
        """The daemon answered. Returns False when nothing here was waiting for it."""
        repeated = self._repeated.get(key)
        if repeated is None:
            return False
        if durable:
            del self._repeated[key]
        else:
            repeated.durable = False
            repeated.next_at_s = now_s + NOT_DURABLE_EVERY_S
        return True

    def all_due(self, now_s: float) -> None:
        """A new connection: whatever was said on the old one may be lost."""
        for repeated in self._repeated.values():
            repeated.next_at_s = now_s

    def due(self) -> float | None:
        """When the next one wants to be said."""
        return min((repeated.next_at_s for repeated in self._repeated.values()), default=None)

    def take(self, now_s: float) -> list[Message]:
        """What is due now, oldest first."""
        messages = []
        for repeated in self._repeated.values():
            if repeated.next_at_s <= now_s:
                messages.append(repeated.say(now_s))
                repeated.next_at_s = now_s + (self._every_s() if repeated.durable else NOT_DURABLE_EVERY_S)
        return messages

    def clear(self) -> None:
        """Power was lost."""
        self._repeated.clear()
