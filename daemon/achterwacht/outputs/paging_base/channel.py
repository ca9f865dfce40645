"""The channel to one paging base: orders in, outcomes out, and what is known of the base told to the core.

Joins calls.py (which call is next), the dialect (what is said) and port.py (the line). All of it happens in callbacks
of the event loop: nothing polls, and a call leaves in the turn after its order came.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from achterwacht.core import heard as h
from achterwacht.core.plan import BASE
from achterwacht.errors import Undeliverable
from achterwacht.outputs.dispatch import Alert
from achterwacht.outputs.paging_base.calls import OVER, Calls, Next, Wanted
from achterwacht.outputs.paging_base.dialect import (
    Acknowledged,
    Base,
    Exchange,
    Nonsense,
    Refused,
    Said,
    Taken,
)
from achterwacht.outputs.paging_base.espa_exchange import EspaExchange
from achterwacht.outputs.paging_base.port import BasePort
from achterwacht.outputs.paging_base.tap_exchange import TapExchange
from achterwacht.outputs.texts import page_text
from achterwacht.outputs.wiring import BasePager, Dialect, PagingBase

TIMEOUT_S = 60.0
"""For waiting on the line and the call itself. Longer than a ladder step repeats (30 s), so that a call that waits for
long is replaced by its repeat, in its place, and not cut off."""
UNDER_WAY_MAX_S = 120.0
"""A dialect ends each call within its own limits, the slowest in 80 s or so. One that does not would hold the line for
ever: it is opened anew."""
STEADY_S = 1.0
"""So long line and base must work before a fault is over: a loose plug must not raise and end one every second."""
TICK_S = 0.25
"""How often the dialect is asked whether it waits for something, beside the times that it names itself."""
FLOOD_BYTES = 6400
"""In one second: the fastest line (57600 baud, 9 bits a character) brings no more. Reading it all would cost the pages
of other channels their time."""
FLOOD_S = 1.0
REFUSED_MAX = 3
"""So many calls in a row refused: such a base takes none. Two may have met a full queue."""
SOON_S = 0.001
"""The least between two such questions, whatever it names."""
NONSENSE_EVERY_S = 3600.0
"""How often bytes that mean nothing are told of."""
NOT_OPEN_YET = "the line to the paging system is not open yet"

log = logging.getLogger(__name__)


EXCHANGES: dict[Dialect, Callable[[PagingBase], Exchange]] = {"espa": EspaExchange, "tap": TapExchange}


@dataclass(frozen=True, slots=True)
class _Begun:
    """`was_there`: as far as was known then, the base was."""

    next: Next
    at_s: float
    was_there: bool

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        return self.next.wanted

    @property
    def address(self) -> str:
        return self.next.call.address


class PagingBaseChannel:
    """Carries orders to the pagers of one base. No two of these pagers have one address."""

    timeout_s = TIMEOUT_S

    def __init__(
        self,
        base: PagingBase,
        pagers: Sequence[BasePager],
        hear: Callable[[h.Heard], None],
        mono_s: Callable[[], float],
    ) -> None:
        self._base = base
        self._hear = hear
        self._mono_s = mono_s
        self._addresses = {pager.id: pager.address for pager in pagers if pager.base == base.id}
        self._pagers = {address: pager for pager, address in self._addresses.items()}
        self._calls = Calls(base.group_address, self._pagers)
        self._exchange = EXCHANGES[base.dialect](base)
        self._port = BasePort(base, self)
        # Why the line is not open; empty while it is.
        self._closed = NOT_OPEN_YET
        self._timer: asyncio.TimerHandle | None = None
        self._look_s = 0.0  # when the timer is due
        # How many bytes came in, and since when: to know a flood.
        self._came_in = 0
        self._came_in_since_s = 0.0
        self._is_collecting = False
        # By order: whoever waits for its outcome.
        self._outcomes: dict[str, asyncio.Future[None]] = {}
        # By call; a dialect may take the next one before it knows what became of the one before.
        self._under_way: dict[str, _Begun] = {}
        # By address, so as many as pagers: the newest call that was handed over, until its incident is over.
        self._handed_over: dict[str, Wanted] = {}
        # What the base is like by its own word, and since when that or the line has not changed.
        self._is: Base | None = None
        self._since_s = 0.0
        # The calls that were refused since the last one that was taken, up to REFUSED_MAX.
        self._refused: set[str] = set()
        # By fault: what was told of it last, None that it is over.
        self._told: dict[str, str | None] = {}
        self._nonsense_s: float | None = None

    async def run(self) -> None:
        """Keep the line open and speak on it, for ever."""
        try:
            await self._port.run()
        finally:
            self._close(NOT_OPEN_YET)

    async def deliver(self, alert: Alert) -> None:
        """Return when the base has taken the call. Raises Undeliverable, at once while the line is down."""
        if self._closed:
            raise Undeliverable(self._closed)
        wanted = self._wanted(alert)
        outcome = self._outcomes[wanted.order] = asyncio.get_running_loop().create_future()
        if not self._is_under_way(wanted.order):
            for refused in self._calls.add(wanted, self._mono_s()):
                self._end(refused.call, refused)
            self._collect()
        try:
            await outcome
        finally:
            self._calls.withdraw(wanted.order)
            del self._outcomes[wanted.order]

    def _wanted(self, alert: Alert) -> Wanted:
        ordered = alert.ordered
        pager = ordered.target.partition(":")[2]
        if pager not in self._addresses:
            raise Undeliverable(f"pager {pager} has no address on paging base {self._base.id}", permanent=True)
        text, _ = page_text(alert)
        return Wanted(ordered.order, ordered.incident, ordered.kind, self._addresses[pager], text)

    def _is_under_way(self, order: str) -> bool:
        """Whether this order's earlier attempt, for which nobody waited any longer, may yet end well."""
        return any(order == wanted.order for begun in self._under_way.values() for wanted in begun.wanted)

    def _end(self, order: str, ended: Taken | Refused) -> None:
        """Tell whoever waits for this order, if anybody still does."""
        outcome = self._outcomes.get(order)
        if outcome is None or outcome.done():
            return
        if isinstance(ended, Taken):
            outcome.set_result(None)
        else:
            outcome.set_exception(Undeliverable(ended.reason, permanent=ended.permanent))

    # --- the line ---------------------------------------------------------------------------------------------------

    def opened(self) -> None:
        """The line is open."""
        self._closed = ""
        self._is = None
        self._came_in = 0
        self._since_s = self._mono_s()
        with self._no_mistake_is_silent():
            self._exchange.opened(self._since_s)
            self._go_on()

    def heard(self, data: bytes) -> None:
        """These bytes came in."""
        now_s = self._mono_s()
        if self._is_flood(len(data), now_s):
            self._port.lose_flooded()
            return
        with self._no_mistake_is_silent():
            self._follow(self._exchange.feed(data, now_s))

    def _is_flood(self, size: int, now_s: float) -> bool:
        if now_s - self._came_in_since_s >= FLOOD_S:
            self._came_in, self._came_in_since_s = 0, now_s
        self._came_in += size
        return self._came_in > FLOOD_BYTES

    def lost(self, reason: str) -> None:
        """The line is not there, or no longer; what waits for it may wait no longer."""
        self._close(reason)
        self._tell("offline", reason)

    def _close(self, reason: str) -> None:
        self._closed = reason
        self._stop_looking()
        for begun in self._under_way.values():
            self._all_end(begun, Refused("", reason))
        self._under_way.clear()
        self._none_waits(reason)

    def _none_waits(self, reason: str) -> None:
        for order in self._calls.clear():
            self._end(order, Refused(order, reason))

    def _all_end(self, begun: _Begun, ended: Taken | Refused) -> None:
        for wanted in begun.wanted:
            self._end(wanted.order, ended)

    @contextlib.contextmanager
    def _no_mistake_is_silent(self) -> Iterator[None]:
        """In a callback an error ends nothing, and the line would be quiet ever after: it is opened anew."""
        try:
            yield
        except Exception:
            log.exception("base %s: the dialect broke", self._base.id)
            self._port.lose("it failed by a mistake of ours, and is opened anew")

    # --- what goes out ----------------------------------------------------------------------------------------------

    def _collect(self) -> None:
        """Begin nothing before the loop has turned: what was ordered for all at once can be one call."""
        if not self._is_collecting:
            self._is_collecting = True
            asyncio.get_running_loop().call_soon(self._collected)

    def _collected(self) -> None:
        self._is_collecting = False
        with self._no_mistake_is_silent():
            self._go_on()

    def _go_on(self) -> None:
        """Begin the next call if it can be, write what is to be said, and look again when it is due."""
        if self._closed or self._is_collecting:
            return
        now_s = self._mono_s()
        self._begin(now_s)
        if data := self._exchange.to_write():
            self._port.write(data)
        due_s = self._exchange.due_s
        self._look_in(TICK_S if due_s is None else min(TICK_S, max(SOON_S, due_s - now_s)), now_s)

    def _look_in(self, wait_s: float, now_s: float) -> None:
        """A look that is due sooner stands: or whoever speaks without a pause would put off every one."""
        if self._timer is None or now_s + wait_s < self._look_s:
            self._stop_looking()
            self._look_s = now_s + wait_s
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._tick)

    def _stop_looking(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self, now_s: float) -> None:
        if self._exchange.idle:
            if following := self._calls.take(now_s):
                self._under_way[following.call.id] = _Begun(following, now_s, self._is_there)
                self._exchange.begin(following.call, now_s)
        elif self._is is not None and self._is.is_ == "offline":
            self._none_waits(self._is.reason)

    @property
    def _is_there(self) -> bool:
        return self._is is not None and self._is.is_ != "offline"

    def _tick(self) -> None:
        self._stop_looking()
        now_s = self._mono_s()
        oldest = next(iter(self._under_way.values()), None)
        if oldest is not None and now_s - oldest.at_s >= UNDER_WAY_MAX_S:
            self._port.lose(f"a call to {oldest.address} did not end, the line is opened anew")
            return
        with self._no_mistake_is_silent():
            self._follow(self._exchange.tick(now_s))
        if self._is is not None and now_s - self._since_s >= STEADY_S:
            self._tell_steady(self._is)

    # --- what comes in ----------------------------------------------------------------------------------------------

    def _follow(self, said: Sequence[Said]) -> None:
        for one in said:
            match one:
                case Taken() | Refused():
                    self._ended(one)
                case Acknowledged():
                    self._acknowledged(one)
                case Base():
                    self._base_is(one)
                case Nonsense():
                    self._complain(one)
        self._go_on()

    def _ended(self, ended: Taken | Refused) -> None:
        begun = self._under_way.pop(ended.call, None)
        if begun is None:
            log.warning("base %s: an outcome of no call that is under way: %s", self._base.id, ended)
            return
        if isinstance(ended, Taken):
            log.info("base %s: order %s to %s: %s", self._base.id, ended.call, begun.address, ended.note or "taken")
            for wanted in begun.wanted:
                self._calls.handed_over(wanted)
                self._remember(wanted)
        if not begun.next.call.cancel:
            self._count(begun, ended)
        self._all_end(begun, ended)

    def _count(self, begun: _Begun, ended: Taken | Refused) -> None:
        """A base that answers and takes no call is no better than none. Cancels prove nothing, either way."""
        if isinstance(ended, Taken):
            self._refused.clear()
            self._tell("refusing", None)
        elif begun.was_there and len(self._refused) < REFUSED_MAX:
            self._refused.add(ended.call)
            if len(self._refused) == REFUSED_MAX:
                self._tell("refusing", ended.reason)

    def _remember(self, wanted: Wanted) -> None:
        if wanted.kind != OVER:
            self._handed_over[wanted.address] = wanted
        elif wanted.address in self._handed_over and self._handed_over[wanted.address].incident == wanted.incident:
            del self._handed_over[wanted.address]

    def _acknowledged(self, by: Acknowledged) -> None:
        """Somebody comes. Who does is known by the address of one pager only, and for what by what it got last."""
        pager, call = self._pagers.get(by.address), self._handed_over.get(by.address)
        if pager is None or call is None or not call.incident:
            log.warning("base %s: acknowledged at %s: nobody's, or no alarm's", self._base.id, by.address)
            return
        self._hear(h.Answer(f"{self._base.id}-{call.order}-6", call.incident, "coming", pager=pager))

    def _complain(self, nonsense: Nonsense) -> None:
        now_s = self._mono_s()
        if self._nonsense_s is None or now_s - self._nonsense_s >= NONSENSE_EVERY_S:
            self._nonsense_s = now_s
            self._hear(h.Trouble(self._fault("malformed"), nonsense.detail))

    # --- how the base is --------------------------------------------------------------------------------------------

    def _base_is(self, said: Base) -> None:
        if self._is is None or said.is_ != self._is.is_:
            self._since_s = self._mono_s()
        self._is = said
        if said.is_ != "ok":
            self._tell(said.is_, said.reason)

    def _tell_steady(self, is_: Base) -> None:
        self._tell("offline", is_.reason if is_.is_ == "offline" else None)
        if is_.is_ == "ok":
            self._tell("transmitter", None)

    def _tell(self, what: str, reason: str | None) -> None:
        fault = self._fault(what)
        if fault not in self._told or self._told[fault] != reason:
            self._told[fault] = reason
            self._hear(h.TroubleOver(fault) if reason is None else h.Trouble(fault, reason))

    def _fault(self, what: str) -> str:
        return f"{BASE}:{self._base.id}/{what}"
