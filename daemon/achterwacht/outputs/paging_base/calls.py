"""The calls that wait for one line: which goes next, which are joined, and which are no longer worth their time.

A paging system needs a second or so for each call, and a whole house may have to be called. Pure; who waits for the
outcome of a call, and the line itself, are channel.py's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from itertools import count

from achterwacht.core.turn import RINGING
from achterwacht.outputs.paging_base.dialect import Call, Refused

CALL_112, DRILL, OVER = "call_112", "drill", "over"

WAITING_MAX = 500
"""More pagers than a base has, in several alarms; at a second a call the last of them would wait for eight minutes."""
HAD_MAX = 5000
"""Pagers times open incidents that are remembered. Beyond it a repeat is a first call again: early, not lost."""

CANCEL_WAITS_S = 30.0
"""So long a cancel gives way to repeats and news, then it has every other turn of theirs: pagers that still ring for
what is over are not believed next time. Half of the time that an order waits, or it would be withdrawn before."""

REPLACED = "replaced by another call"
TOO_MANY = "too many calls wait for this paging system, and more urgent ones go first"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order for one address. `text` is plain ASCII; nothing is shown of it for an `over`."""

    order: str
    incident: str
    kind: str
    address: str
    text: str

    @property
    def is_ringing(self) -> bool:
        """Whether somebody must run."""
        return self.kind in RINGING


@dataclass(frozen=True, slots=True)
class Next:
    """The call to begin, and for whom: its outcome is all of theirs."""

    call: Call
    wanted: tuple[Wanted, ...]


class Urgency(IntEnum):
    """What goes before what. Within a class the oldest goes first."""

    FIRST = 0
    """Of an incident that this address knows nothing of: somebody may be running already, and it is not this one."""
    CALL_112 = 1
    AGAIN = 2
    DRILL = 3
    """Practice makes way for whatever is real."""
    QUIET = 4
    CANCEL = 5


@dataclass(frozen=True, slots=True)
class _Waiting:
    wanted: Wanted
    place: int
    """In the order of coming. A newer text takes the place of the older one, so that news never puts a call off."""
    since_s: float


class Calls:
    """The waiting calls of one base. `addresses`: all of its pagers', which `group_address` reaches in one call."""

    def __init__(self, group_address: str = "", addresses: Iterable[str] = ()) -> None:
        self._group_address = group_address
        self._addresses = frozenset(addresses)
        self._waiting: dict[str, _Waiting] = {}
        self._places = count()
        self._was_cancel = False  # the last one that went
        # Address and incident: of what each address was told, and not that it is over.
        self._had: dict[tuple[str, str], None] = {}

    def add(self, wanted: Wanted, now_s: float) -> list[Refused]:
        """One more waits. Those that wait no longer because of it; it may be one of them itself."""
        if any(_says_more(waiting.wanted, wanted) for waiting in self._waiting.values()):
            return [Refused(wanted.order, REPLACED, permanent=True)]
        replaced = [waiting for waiting in self._waiting.values() if _replaces(wanted, waiting.wanted)]
        for old in replaced:
            del self._waiting[old.wanted.order]
        place = min([next(self._places), *(old.place for old in replaced)])
        since_s = min([now_s, *(old.since_s for old in replaced if old.wanted.kind == wanted.kind)])
        self._waiting[wanted.order] = _Waiting(wanted, place, since_s)
        refused = [Refused(old.wanted.order, REPLACED, permanent=True) for old in replaced]
        if len(self._waiting) > WAITING_MAX:
            last = max(self._waiting.values(), key=self._turn).wanted.order
            del self._waiting[last]
            refused.append(Refused(last, TOO_MANY))
        return refused

    def withdraw(self, order: str) -> None:
        """Nobody waits for this one any more."""
        self._waiting.pop(order, None)

    def clear(self) -> list[str]:
        """Nothing waits any more; the orders that did."""
        orders = list(self._waiting)
        self._waiting.clear()
        return orders

    def take(self, now_s: float) -> Next | None:
        """The call to begin now, which then waits no more; None when nothing waits."""
        if not self._waiting:
            return None
        first = self._first(now_s)
        self._was_cancel = first.kind == OVER
        alike = [waiting.wanted for waiting in self._waiting.values() if _is_same_page(waiting.wanted, first)]
        everybody = len(self._addresses) > 1 and self._addresses <= {wanted.address for wanted in alike}
        joined = bool(self._group_address) and everybody
        wanted = tuple(alike) if joined else (first,)
        for one in wanted:
            del self._waiting[one.order]
        address = self._group_address if joined else first.address
        text = "" if self._was_cancel else first.text
        return Next(Call(first.order, address, text, urgent=first.is_ringing, cancel=self._was_cancel), wanted)

    def _first(self, now_s: float) -> Wanted:
        first = min(self._waiting.values(), key=self._turn)
        if not self._was_cancel and self._urgency(first.wanted) >= Urgency.AGAIN:
            late = (
                one
                for one in self._waiting.values()
                if one.wanted.kind == OVER and now_s - one.since_s >= CANCEL_WAITS_S
            )
            first = min(late, key=self._turn, default=first)
        return first.wanted

    def handed_over(self, wanted: Wanted) -> None:
        """The base took it: what comes next for this address and incident is no longer its first."""
        key = wanted.address, wanted.incident
        self._had.pop(key, None)
        if wanted.kind != OVER:
            self._had[key] = None
        if len(self._had) > HAD_MAX:
            del self._had[next(iter(self._had))]

    def _turn(self, waiting: _Waiting) -> tuple[Urgency, int]:
        return self._urgency(waiting.wanted), waiting.place

    def _urgency(self, wanted: Wanted) -> Urgency:
        if wanted.kind == OVER:
            return Urgency.CANCEL
        if not wanted.is_ringing:
            return Urgency.QUIET
        if wanted.kind == DRILL:
            return Urgency.DRILL
        if (wanted.address, wanted.incident) not in self._had:
            return Urgency.FIRST
        return Urgency.CALL_112 if wanted.kind == CALL_112 else Urgency.AGAIN


def _says_more(old: Wanted, new: Wanted) -> bool:
    """Whether the new one need not go out: the old one asks for the same, and for 112 besides."""
    of_same = (new.address, new.incident) == (old.address, old.incident)
    return of_same and old.kind == CALL_112 and new.is_ringing and new.kind != CALL_112


def _replaces(new: Wanted, old: Wanted) -> bool:
    """Whether the old one need not go out. A quiet text never takes away a ringing one: it goes after it.

    Notices are about no incident, and each about something else: none takes away another.
    """
    of_same = bool(new.incident) and (new.address, new.incident) == (old.address, old.incident)
    return of_same and (new.is_ringing or new.kind == OVER or not old.is_ringing)


def _is_same_page(one: Wanted, other: Wanted) -> bool:
    return (one.incident, one.kind, one.text) == (other.incident, other.kind, other.text)
