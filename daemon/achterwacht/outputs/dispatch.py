"""Orders to channels: how often one is tried, and when it is given up. Retry is written here and nowhere else.

A channel has one verb, `deliver(alert)`, and two ways to fail: Undeliverable that is permanent, or not. Every order
ends as a heard thing (HandedOver or Failed) unless it was replaced meanwhile. Orders never wait for each other: each is
its own task, so no channel, and no target on it, can hold up another. Which channel a target has is voices.py's.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count
from typing import Protocol

from achterwacht.core import heard as h
from achterwacht.core.facts import Ordered, Tried
from achterwacht.core.plan import Site
from achterwacht.errors import Undeliverable

PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0)
"""The pauses between attempts. Together longer than a ladder step repeats (30 s), which makes a new order anyway."""
NO_CHANNEL = "the plan has no way to this target any more"
WAKES_MAX = 100
"""So many pauses of one order may be cut short: a link that comes up each second or two, for longer than the pauses."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class About:
    """A pager that a notice is about, and whose it is: by name, which is in no fact.

    `why`: what it lacks (facts.Why), if that matters. `on`: the day on which the roster lacks something for it; then
    `member` is who carries two on that day, or empty where nobody carries this one.
    """

    pager: str
    member: str = ""
    phone: str = ""
    why: str = ""
    tried: tuple[Tried, ...] = ()
    """By name, too."""
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """What a channel must bring to one target: the order, and what is known of its alarm at this attempt."""

    ordered: Ordered
    place: str
    room: str
    site: Site
    language: str
    on_scene: int
    age_s: float
    attempt: int
    raised_at: datetime | None = None
    """When its alarm began; None where it is about none."""
    member: str = ""
    """Whose telephone it is for, if it is for one."""
    tokens: Mapping[str, str] = field(default_factory=dict)
    """By answer: the one-time token by which this member gives it from a telephone."""
    proof: str = ""
    """What a telephone says with its receipt, so that nobody else can."""
    url: str = ""
    """What a telephone opens; empty where there is nothing to open."""
    drill: bool = False
    """Whether it is about practice, and must say so."""
    about: tuple[About, ...] = ()
    """What a notice is about."""


class Channel(Protocol):
    """One way to reach targets."""

    @property
    def timeout_s(self) -> float:
        """One delivery that takes longer is cut off."""

    async def deliver(self, alert: Alert) -> None:
        """Return when the carrier has taken the alert. Raises Undeliverable."""


class Dispatch:
    """Delivers orders, each in its own task.

    `channel_of(target)` gives the channel that it has now, or None. `alert_for(ordered, attempt)` gives what is known
    now, or None when the order is wanted no more (replaced, closed).
    """

    def __init__(
        self,
        channel_of: Callable[[str], Channel | None],
        alert_for: Callable[[Ordered, int], Alert | None],
        hear: Callable[[h.Heard], None],
    ) -> None:
        self._channel_of = channel_of
        self._alert_for = alert_for
        self._hear = hear
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._again = asyncio.Event()

    def send(self, ordered: Ordered) -> None:
        """Begin delivering; returns at once."""
        task = asyncio.create_task(self._deliver(ordered), name=f"order {ordered.order}")
        self._tasks[ordered.order] = task
        task.add_done_callback(lambda _: self._tasks.pop(ordered.order, None))

    def retry_now(self) -> None:
        """A way out is back: every order that waits is tried again at once.

        A pause that is cut short is taken again after the attempt, so that a link that comes and goes uses up no
        order: it has an attempt more than pauses, and WAKES_MAX extra ones. Beyond these a wake does use up its pause.
        """
        self._again.set()
        self._again = asyncio.Event()

    async def _deliver(self, ordered: Ordered) -> None:
        reason = ""
        pauses, wakes = deque(PAUSES_S), 0
        for attempt in count(ordered.attempt):
            alert = self._alert_for(ordered, attempt)
            if alert is None:
                return
            channel = self._channel_of(ordered.target)  # another one, when the plan was read again
            if channel is None:
                reason = NO_CHANNEL
                break
            try:
                async with asyncio.timeout(channel.timeout_s):
                    await channel.deliver(alert)
            except Undeliverable as failure:
                reason = failure.reason
                if failure.permanent:
                    break
            except TimeoutError:
                reason = f"no answer within {channel.timeout_s:g} s"
            except Exception as error:  # a bug in one channel must not lose an order without a word
                log.exception("order %s: the channel broke", ordered.order)
                reason = f"the channel broke: {error!r}"
            else:
                self._hear(h.HandedOver(ordered.order))
                return
            if not pauses:
                break
            if await self._is_woken(pauses[0]) and wakes < WAKES_MAX:
                wakes += 1
            else:
                pauses.popleft()
        self._hear(h.Failed(ordered.order, reason))

    async def _is_woken(self, pause_s: float) -> bool:
        """Wait for `retry_now`, and no longer than the pause."""
        try:
            async with asyncio.timeout(pause_s):
                await self._again.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Stop delivering; what has no outcome stays in the outbox."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
