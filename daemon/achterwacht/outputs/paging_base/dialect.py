"""What a dialect of paging systems (ESPA 4.4.4, TAP 1.8) offers to the port: one exchange, pure, with time as argument.

Knows the words between the two. What is said in a dialect is espa_exchange's and tap_exchange's, which call is next
calls.py's, bytes in and out port.py's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Call:
    """One call to one address of the base. `id` is whoever's who wants it; unique among the calls of one line.

    `text` is plain ASCII of at most 40 characters; empty for a `cancel`. `urgent`: somebody must run.
    """

    id: str
    address: str
    text: str
    urgent: bool = True
    cancel: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """The call ended well: it was handed over. `note` is for people: *paged*, *truncated*."""

    call: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The call ended, and was not handed over. `reason` is for people. `permanent`: again would not help."""

    call: str
    reason: str
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Whoever carries the pager at this address pressed its button (ESPA call status 6).

    `call`: the one it is about, or the newest that was handed over to that address; empty when there is none.
    """

    address: str
    call: str


@dataclass(frozen=True, slots=True)
class Base:
    """How the base is: `ok` when it is there and works; else `offline` or `transmitter` with a reason for people.

    Said within 5 s of each opening, or as soon as the dialect can know, and whenever it changes.
    """

    is_: Literal["ok", "offline", "transmitter"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Nonsense:
    """Something came in that nothing can be done with, and was dropped. `detail` is for people."""

    detail: str


Said = Taken | Refused | Acknowledged | Base | Nonsense


class Exchange(Protocol):
    """Who says what next on one line, from the daemon's start to its end, over every opening of its port.

    All times are monotonic seconds. Nothing here ever raises for what comes in.
    """

    def opened(self, now_s: float) -> None:
        """The port is open: what was under way on an earlier opening is half, and forgotten (no outcome is told)."""

    def feed(self, data: bytes, now_s: float) -> list[Said]:
        """What follows from these bytes, with those before them. Holds no more than one message."""

    def tick(self, now_s: float) -> list[Said]:
        """What follows from time alone; asked a few times a second, and at `due_s`."""

    @property
    def idle(self) -> bool:
        """Whether a call may be begun now; also while others that were begun before have not ended yet.

        Where the base asks for calls, only from its asking to the next `to_write`, which is the answer: so the call
        that goes is the most urgent one of that moment.
        """

    def begin(self, call: Call, now_s: float) -> None:
        """Bring this call to the base; it ends with Taken or Refused. Only when idle."""

    def to_write(self) -> bytes:
        """What is to be written now, in order; each byte is given once. To be asked for after `feed` and `begin`."""

    @property
    def due_s(self) -> float | None:
        """When `tick` has something to do at the earliest; None while only bytes matter."""
