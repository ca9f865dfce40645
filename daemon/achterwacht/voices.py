"""Everything by which an order goes out, wired as the plan has it: our own pagers, paging bases, phones, alarm centre.

Knows which channel a target has, starts what the plan needs, leaves it alone while its own wiring stays the same, and
starts it again when it fails. That each is tested once a day is asked for here. How often an order is tried is
dispatch.py's, what it says each channel's own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import structs

from achterwacht.clock import Clock
from achterwacht.core import heard as h
from achterwacht.core.faults import CENTRE_AWAY, PHONES_DOWN
from achterwacht.core.moment import Moment
from achterwacht.core.plan import APP, BASE, CENTRE, PAGER, PUSH, Plan
from achterwacht.core.state import State
from achterwacht.journal.people import People
from achterwacht.outputs.dispatch import Channel
from achterwacht.outputs.open_pages import OpenPages
from achterwacht.outputs.pagers_mqtt import PagersMqtt
from achterwacht.outputs.phones.messages import Address, Registration, Wire
from achterwacht.outputs.phones.subscription import flaw
from achterwacht.outputs.wiring import BasePager, CentreLine, PagingBase
from achterwacht.outputs.wiring import Voices as Wired

if TYPE_CHECKING:
    from achterwacht.outputs.phones.channel import PhonesChannel

AGAIN_S = 1.0
"""Until a channel that failed by a mistake of ours is started again."""
CLOCK_WAIT_S = 900.0
"""So long after a start a daily test waits for a clock that somebody vouches for."""
TESTS_AT_ONCE = 5
"""Of the daily tests, a round: a push service that gets five hundred in one second takes us for a nuisance."""
VAPID_FILE = "vapid.pem"
PHONES = "phones"
"""What the channel of all telephones is called here."""

Hear = Callable[[h.Heard], None]

log = logging.getLogger(__name__)


class _Running(Channel, Protocol):
    async def run(self) -> None: ...


class Voices:
    """All channels of one daemon. `redeem(token)` gets what came back from a telephone."""

    def __init__(
        self,
        state_folder: Path,
        pagers: PagersMqtt,
        people: People,
        clock: Clock,
        hear: Hear,
        redeem: Callable[[str], None],
    ) -> None:
        self.open_pages = OpenPages()
        self._vapid_file = state_folder / VAPID_FILE
        self._pagers = pagers
        self._people = people
        self._clock = clock
        self._hear = hear
        self._redeem = redeem
        self._wired = Wired()
        self._plan: Plan | None = None
        self._base_of: dict[str, str] = {}
        self._channels: dict[str, _Running] = {}
        """By what they are called here: `base:centrale`, CENTRE, PHONES."""
        self._telephones: PhonesChannel | None = None
        self._registered: dict[str, bool] = {}
        """By target, whether this member has registered a browser; as it was told."""
        self._tested: set[str] = set()
        """The targets of whose daily test the core knows, of the day `_tested_on`."""
        self._tested_on: date | None = None
        self._running: dict[str, tuple[object, asyncio.Task[None]]] = {}
        """By the same: the wiring of a channel, and its task."""
        self._began_s = clock.mono_s()

    @property
    def url(self) -> str:
        """What a telephone opens from a message; empty where there is nothing to open."""
        return self._wired.phones.url

    def why_not(self, member: str, endpoint: str, p256dh: str, auth: str) -> str:
        """Why a browser of this member is not registered for Web Push, for people; empty when it can be."""
        known, push = self._plan.member(member) if self._plan else None, self._wired.phones.push
        if known is None:
            return "not a member of the plan"
        if push is None:
            return "the plan has no Web Push: see push under phones in achterwacht.yaml"
        if PUSH not in known.ways:
            return "push is not among this member's ways: see achterwacht.yaml"
        return flaw(endpoint, p256dh, auth, push.hosts)

    def channel_of(self, target: str) -> Channel | None:
        """By what an order reaches this target now; None when by nothing."""
        channel, _, who = target.partition(":")
        if channel == PAGER:
            base = self._base_of.get(who)
            return self._channels.get(f"{BASE}:{base}") if base else self._pagers
        if channel == APP:
            return self.open_pages
        return self._channels.get(CENTRE if target == CENTRE else PHONES)

    def speak(self, wired: Wired, plan: Plan) -> None:
        """Go by this wiring from now on."""
        wanted: dict[str, tuple[object, Callable[[], _Running]]] = {}
        for base in wired.bases:
            pagers = tuple(pager for pager in wired.base_pagers if pager.base == base.id)
            wanted[f"{BASE}:{base.id}"] = (base, pagers), partial(self._base, base, pagers)
        if wired.alarm_centre:
            wanted[CENTRE] = wired.alarm_centre, partial(self._centre, wired.alarm_centre)
        if wired.phones.ways:
            wanted[PHONES] = PHONES, self._phones
        for name, (its, task) in list(self._running.items()):
            if name not in wanted or wanted[name][0] != its:
                task.cancel()
                del self._running[name]
                self._channels.pop(name, None)
        self._wired, self._plan = wired, plan
        # An open alarm may still ring a pager that has left the plan with its base: not by a broker that knows none.
        own = {pager.id for pager in plan.pagers if not pager.base}
        before = {pager: base for pager, base in self._base_of.items() if pager not in own}
        self._base_of = before | {pager.id: pager.base for pager in wired.base_pagers}
        for name, (its, make) in wanted.items():
            if name not in self._running:
                self._make(name, make)
                self._running[name] = its, asyncio.create_task(self._keep(name, make), name=f"channel {name}")
        self.addresses_changed()

    def addresses_changed(self) -> None:
        """Somebody is reached elsewhere from now on, or no longer."""
        self.registrations_changed()
        if self._plan is None or self._telephones is None or PHONES not in self._channels:
            return
        members = {member.id: self._reached(member.id) for member in self._plan.members if member.ways}
        self._telephones.wire(Wire(self._wired.phones, str(self._vapid_file), members))

    def registrations_changed(self) -> None:
        """Somebody has registered a browser, or one is no more. Only whose first or last it was is told of."""
        members = self._plan.members if self._plan and self._wired.phones.push else ()
        registered = {
            f"{PUSH}:{member.id}": bool(self._people.registrations(member.id))
            for member in members
            if PUSH in member.ways
        }
        for target, is_registered in registered.items():
            if self._registered.get(target) is not is_registered:
                key = f"way:{target}/unregistered"
                self._hear(h.TroubleOver(key) if is_registered else h.Trouble(key, ""))
        self._registered = registered

    def tests_due(self, state: State, now: Moment) -> Iterator[h.Test]:
        """Some of the daily tests that are still to be made today. By the same key twice is once: the core remembers
        it."""
        if not now.clock_ok and now.mono_s - self._began_s < CLOCK_WAIT_S:
            return
        today = now.local.date()
        if today != self._tested_on:
            self._tested_on, self._tested = today, set()
        yield from islice(self._untested(state, now.local), TESTS_AT_ONCE)

    def _untested(self, state: State, local: datetime) -> Iterator[h.Test]:
        """The tests of this day that are due, and of which the core does not know."""
        for target in self._daily(local.time()):
            if target not in self._tested:
                key = f"daily-{local:%Y-%m-%d}-{target}"
                if key in state.outcomes:
                    self._tested.add(target)
                else:
                    yield h.Test(key, target)

    def _daily(self, at: time) -> Iterator[str]:
        """What is tested once a day, and not later than this."""
        line = self._wired.alarm_centre
        if line and at >= time.fromisoformat(line.test_at):
            yield CENTRE
        push = self._wired.phones.push
        if push and at >= time.fromisoformat(push.echo_at):
            yield from (target for target, is_registered in self._registered.items() if is_registered)

    async def close(self) -> None:
        """Let ports and processes go."""
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _reached(self, member: str) -> Address:
        """Where a member is reached, but for the browsers: of all members together those are too much to send about."""
        person = self._people.person(member)
        return Address((), person.ntfy, person.pushover, person.phone, person.email) if person else Address()

    def _address(self, member: str) -> Address:
        """All of it, for a message to one."""
        registrations = tuple(
            Registration(known.id, known.endpoint, known.p256dh, known.auth)
            for known in self._people.registrations(member)
        )
        return structs.replace(self._reached(member), registrations=registrations)

    def _base(self, base: PagingBase, pagers: Sequence[BasePager]) -> _Running:
        from achterwacht.outputs.paging_base.channel import PagingBaseChannel

        return PagingBaseChannel(base, pagers, self._hear, self._clock.mono_s)

    def _centre(self, line: CentreLine) -> _Running:
        from achterwacht.outputs.alarm_centre.client import AlarmCentre

        return AlarmCentre(line, self._hear, self._clock)

    def _phones(self) -> _Running:
        from achterwacht.outputs.phones.channel import PhonesChannel

        self._telephones = PhonesChannel(self._hear, self._redeem, self._gone, self._address, self._clock.mono_s)
        return self._telephones

    def _gone(self, member: str, registration: str) -> None:
        """A push service says that this browser is no more."""
        log.warning("a telephone of %s is registered no more", member)
        self._people.forget_registration(registration)
        self.registrations_changed()

    async def _keep(self, name: str, make: Callable[[], _Running]) -> None:
        """Run it for ever; one that failed by a mistake of ours is replaced by another that knows nothing yet."""
        while True:
            try:
                if name in self._channels:
                    await self._channels[name].run()
            except Exception as bug:
                self._failed(name, bug)
            await asyncio.sleep(AGAIN_S)
            self._make(name, make)
            self.addresses_changed()

    def _make(self, name: str, make: Callable[[], _Running]) -> None:
        """One that cannot be made, for want of a library or by a mistake, holds up no other."""
        self._channels.pop(name, None)
        try:
            self._channels[name] = make()
        except Exception as bug:
            self._failed(name, bug)

    def _failed(self, name: str, bug: Exception) -> None:
        log.error("the channel %s failed and is started again", name, exc_info=bug)
        self._hear(h.Trouble("daemon/bug", f"the channel {name} failed: {bug!r}"))
        away = {CENTRE: CENTRE_AWAY, PHONES: PHONES_DOWN}.get(name, f"{name}/offline")
        self._hear(h.Trouble(away, "it failed by a mistake of ours, and is started again"))
