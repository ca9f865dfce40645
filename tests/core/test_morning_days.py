"""Any morning at all: whatever docks, pagers, people and clocks do, the check ends (L5) and is never green wrongly.

What is right is told by a witness who hears the same words as the house, and knows nothing of how it decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.morning import KNOWN_AFTER_S, lacks
from achterwacht.core.plan import DOCK, PAGER, ZENDER, Morning, Pager, Plan
from achterwacht.core.readiness import readiness
from achterwacht.core.roster import on_duty, opening_on
from achterwacht.core.state import CHANGES_S
from achterwacht.core.supervision import MOVES_MAX, barrier
from day_house import BY_DAY, DayHouse

QUICK = Morning(
    watch_at=time(8, 58),
    remind_at=time(8, 59),
    hold_s=60.0,
    escalate_s=120.0,
    button_test_days=0,
)
"""A morning of a few minutes: the check is at nine as ever."""
SETTLED_S, DISAGREED_S = QUICK.settle_s + 2, 33.0
"""By then the house must have seen that a pager hangs; that its dock and the pager contradict each other."""
SPOKE_S, WORD_COUNTS_S = 30.0, 25.0
"""Whoever has not spoken for so long is not there; and its last word says nothing any more."""
CALM_S = 35.0
"""What has been so for so long nobody can be mistaken about."""
LOOKS_LATE = 2
"""What is due happens with the next look or the one after it."""
FACTS_MOST = 2500
"""In a quarter of an hour, whatever happens: a journal that is full hears nobody."""

NAMED: tuple[f.Reason, ...] = ("pager not picked up", "pagers missing", "pagers still missing")
"""What asks somebody to see after a pager."""
TEAM = ("anna", "bas", "cor", "dina")
PAGERS = ("p1", "p2", "p3")

# --- the witness ------------------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """What a witness knows of one pager. All times in seconds since the story began."""

    own: bool | None = None
    """What the pager itself last said: whether it hangs."""
    dock: bool | None = None
    dock_moves: list[float] = field(default_factory=list)
    """When the contact moved; from the twentieth within ten minutes on, it is not believed."""
    alive: bool = False
    spoke_s: float = -1e9
    battery: int = 100
    moved_s: float = 0.0
    """When any of its words last changed."""
    tied_s: float | None = None
    tied_on: date | None = None
    """What the wall showed then."""
    by_word: bool = False
    was_off: bool = False
    """Whether it was off since it was tied: a word may come before the pager has left its dock for good."""
    asked_s: dict[str, float] = field(default_factory=dict)
    """By order: when a silent page was sent."""
    shown_s: float = -1e9
    boot: str = ""
    began_s: float = -1e9
    """When it was started again: then it has to prove itself anew."""

    def says(self, now_s: float) -> set[bool]:
        """The words that count now."""
        own = self.own if self.alive and now_s - self.spoke_s <= WORD_COUNTS_S else None
        dock = None if len(self.dock_moves) >= MOVES_MAX else self.dock
        return {word for word in (own, dock) if word is not None}


class Witness(DayHouse):
    """A house in which every word and every fact is held against what a witness knows."""

    def __init__(self, plan: Plan, day: date) -> None:
        self.seen = {pager.id: Seen() for pager in plan.pagers}
        self.late = 0
        self.before_s = 0.0
        super().__init__(plan, day, "08:57")

    @property
    def s(self) -> float:
        """Seconds since the story began, over restarts."""
        return self.before_s + self.mono_s

    def restart(self, away_s: float = 0.2, wall_jump_s: float = 0.0, losing: int = 0) -> None:
        ended_s = self.s + away_s
        for seen in self.seen.values():
            seen.alive = False  # whoever is there says so again
            seen.dock_moves.clear()
        super().restart(away_s, wall_jump_s, losing)
        self.before_s = ended_s - self.mono_s
        for pager in self.contact:
            self._contact_says(pager)

    def hear(self, heard: h.Heard) -> tuple[f.Fact, ...]:
        self._listen(heard)
        before = self.state
        facts = super().hear(heard)
        for fact in facts:
            self._hold(heard, fact, facts)
        if isinstance(heard, h.Look):
            self._look_around()
        assert before.n + len(facts) == self.state.n
        return facts

    # --- what it hears ---

    def _listen(self, heard: h.Heard) -> None:
        match heard:
            case h.Telemetry() if heard.device.startswith(f"{PAGER}:"):
                seen = self.seen[heard.device.removeprefix(f"{PAGER}:")]
                hangs = bool(heard.docked or heard.charging)
                self._word(seen, own=hangs)
                seen.alive, seen.spoke_s, seen.battery = True, self.s, heard.battery or 0
            case h.Telemetry() if heard.device.startswith(f"{DOCK}:"):
                seen = self.seen[heard.device.removeprefix(f"{DOCK}:")]
                if heard.docked != seen.dock:
                    if seen.dock_moves and self.s - seen.dock_moves[0] >= CHANGES_S:
                        seen.dock_moves.clear()
                    seen.dock_moves.append(self.s)
                self._word(seen, dock=heard.docked)
            case h.Status() if heard.device.startswith(f"{PAGER}:"):
                seen = self.seen[heard.device.removeprefix(f"{PAGER}:")]
                seen.alive = heard.online
                seen.spoke_s = self.s if heard.online else seen.spoke_s
                if heard.online and heard.boot != seen.boot:
                    seen.boot, seen.began_s = heard.boot, self.s
            case h.Receipt():
                seen = self.seen[heard.pager]
                seen.alive, seen.spoke_s = True, self.s
                if heard.stage == "shown":
                    self._shows(seen, heard.order)
            case h.Answer() if heard.pager:
                self.seen[heard.pager].spoke_s = self.s
            case h.HandedOver():
                for pager in self.state.plan.pagers:
                    if pager.base:
                        self._shows(self.seen[pager.id], heard.order)

    def _word(self, seen: Seen, **said: bool | None) -> None:
        for name, word in said.items():
            if getattr(seen, name) != word:
                setattr(seen, name, word)
                seen.moved_s = self.s

    def _shows(self, seen: Seen, order: str) -> None:
        asked_s = seen.asked_s.get(order)
        if asked_s is not None and seen.tied_s is not None and asked_s >= seen.tied_s:
            seen.shown_s = self.s

    # --- what it knows ---

    def possibly_there(self, pager: Pager) -> bool:
        """Whether all that is needed to count on this pager has been seen."""
        seen, says = self.seen[pager.id], self.seen[pager.id].says(self.s)
        heard = barrier(self.state, f"{PAGER}:{pager.id}") is None if pager.base else self.s - seen.spoke_s <= SPOKE_S
        off = False in says or self.s - seen.moved_s <= SETTLED_S  # of what has just moved nobody can be sure yet
        tied = seen.tied_s is not None and (off or seen.by_word)
        return heard and tied and seen.battery > QUICK.battery_min and seen.shown_s >= (seen.tied_s or 0.0)

    def surely_there(self, pager: Pager) -> bool:
        """Whether nobody has any reason to doubt it, and had none for a while."""
        seen = self.seen[pager.id]
        says, quiet_s = seen.says(self.s), self.s - max(seen.moved_s, seen.tied_s or 0.0, seen.shown_s)
        spoke = pager.base or (seen.alive and self.s - seen.spoke_s <= WORD_COUNTS_S)
        proven = pager.base or seen.shown_s >= seen.began_s
        known = {key for key in self.faults if key.startswith((f"{PAGER}:{pager.id}/", f"{DOCK}:{pager.id}/"))}
        up_s = self.mono_s - self._started_s
        sure = spoke and proven and min(quiet_s, up_s) > CALM_S
        return self.possibly_there(pager) and says == {False} and bool(sure) and not known

    # --- what must hold ---

    def _hold(self, heard: h.Heard, fact: f.Fact, facts: tuple[f.Fact, ...]) -> None:
        match fact:
            case f.WatchBegan():
                for seen in self.seen.values():  # who took it early this morning has it still
                    seen.tied_s = seen.tied_s if seen.tied_on == fact.on else None
            case f.PagerCarried():
                self._hold_tie(heard, fact)
            case f.Ordered() if fact.kind == "check":
                seen = self.seen[fact.target.removeprefix(f"{PAGER}:")]
                seen.asked_s[fact.order] = self.s
            case f.Ordered() if fact.kind in ("reminder", "fault") and fact.reason != "gaps in the roster":
                duty = self.state.duty
                assert duty and opening_on(self.state, duty.on), f"on a closed day somebody is told: {fact}"
                if fact.reason in NAMED:
                    sure = {pager.id for pager in self.state.plan.pagers if self.surely_there(pager)}
                    assert not sure & set(fact.about), f"nobody need be called about {sure}: {fact}"
            case f.PickUpChecked():
                named = {lacking.pager for lacking in fact.missing}
                there = {pager.id for pager in self.state.plan.pagers if self.possibly_there(pager)}
                assert named | there == set(PAGERS), f"neither there nor named: {set(PAGERS) - named - there}"
                told = {
                    self.state.plan.person(order.target): order.about
                    for order in facts
                    if isinstance(order, f.Ordered) and order.reason == "pagers missing"
                }
                assert not named or set(told["els"]) == named
                assert all(lacking.member for lacking in fact.missing) or set(told["gerda"]) == named

    def _hold_tie(self, heard: h.Heard, fact: f.PagerCarried) -> None:
        """A tie is a person's word, said now; or the roster's, of a pager that something says has left its dock."""
        seen, on = self.seen[fact.pager], self.state.duty.on if self.state.duty else date.min
        if fact.how == "rostered":
            assert False in (seen.own, seen.dock)
            assert on_duty(self.state, on)[fact.pager] == fact.member
        elif isinstance(heard, h.Took):
            assert (heard.pager, heard.member) == (fact.pager, fact.member)
        else:
            assert isinstance(heard, h.Answer)
            assert (heard.answer, heard.pager) == ("carry", fact.pager)
            assert fact.member == (heard.member or on_duty(self.state, on)[fact.pager])
        seen.tied_s, seen.by_word, seen.was_off = self.s, fact.how != "rostered", False
        seen.tied_on = self.now.local.date()

    def _look_around(self) -> None:
        """Once a second, after the house has looked."""
        for pager in self.state.plan.pagers:
            seen = self.seen[pager.id]
            says, still_s = seen.says(self.s), self.s - seen.moved_s
            place, up_s = self.state.places.get(pager.id), self.mono_s - self._started_s
            # A daemon that has just started may not have seen how long it hung already: that is its own to say.
            knows = up_s > SETTLED_S or (place is not None and place.place == "docked")
            hung = says == {True} and still_s > SETTLED_S and knows
            seen.was_off |= says == {False} and still_s >= QUICK.settle_s
            may_hang = True in says and still_s > DISAGREED_S
            if seen.tied_s is not None and seen.was_off and (hung or may_hang) and seen.tied_s < seen.moved_s:
                seen.tied_s = None
            if lacks(self.state, pager) is None:
                assert self.possibly_there(pager), f"{pager.id} counts, and nobody saw that: {seen} at {self.s}"
        self._hold_check()
        ready = readiness(self.state)
        assert (ready.light == "ready") == (not ready.reasons)

    def _hold_check(self) -> None:
        """L5: on an open day it is made in time, and in time somebody else is told of what is still missing."""
        state, now = self.state, self.now
        assert state.duty is not None
        today, opening = state.pick_up, opening_on(state, state.duty.on)
        if opening is None or self.mono_s - self._started_s < KNOWN_AFTER_S:
            self.late = 0
            return
        on, local = state.duty.on, now.local.replace(tzinfo=None)
        check_at = datetime.combine(on, QUICK.check_at)
        closes = datetime.combine(on, opening[1])
        wait_s = KNOWN_AFTER_S + (0.0 if now.clock_ok else QUICK.hold_s)
        is_due = check_at + timedelta(seconds=wait_s) <= local < closes
        is_made = today is not None and today.on == on and today.checked_at and not (today.doubtful and now.clock_ok)
        waits = False
        if is_made and today is not None and local < closes:
            unresolved = [missing for missing in today.missing.values() if missing.resolved_at is None]
            since_s = state.house_s(now) - today.checked_s
            # Once nothing was missing, who is lost again is the coverage's to tell.
            is_open = bool(unresolved) and today.complete_at is None
            waits = is_open and since_s >= QUICK.escalate_s and not today.escalated
        self.late = self.late + 1 if (is_due and not is_made) or waits else 0
        assert self.late <= LOOKS_LATE, f"it is {local}, and this morning is {today}"


# --- what may happen --------------------------------------------------------------------------------------------------

Act = Callable[[Witness], object]

pagers = st.sampled_from(PAGERS)
members = st.sampled_from((*TEAM, "els", "nobody"))


def is_own(house: Witness, pager: str) -> bool:
    """Whether this one speaks itself."""
    return house.plan.is_own_pager(f"{PAGER}:{pager}")


def on_own(act: Callable[[Witness, str], object]) -> Callable[[str], Act]:
    """What only a pager that speaks can do."""
    return lambda pager: lambda house: is_own(house, pager) and act(house, pager)


def chatters(pager: str, times: int, every_s: float) -> Act:
    """The contact in its dock goes on and off."""

    def act(house: Witness) -> None:
        for _ in range(times if pager in house.contact else 0):
            house.contact[pager] = not house.contact[pager]
            house._contact_says(pager)
            house.wait(every_s)

    return act


def sticks(pager: str) -> Act:
    """The contact moves no more; or does again."""
    return lambda house: house.stuck.symmetric_difference_update({pager})


def says_on_it(pager: str, member: str | None) -> Act:
    """Somebody says on the pager that they have it; it sends that as long as it is on."""
    return lambda house: is_own(house, pager) and house.pager(pager).on and house.carries(pager, member)


def swaps(pager: str, member: str) -> Act:
    """Somebody else carries it today."""
    return lambda house: house.commands(h.Swap, pager=pager, on=house.now.local.date(), member=member)


def is_away(member: str, replacement: str, withdrawn: bool) -> Act:
    """Somebody is ill; or not, after all."""

    def act(house: Witness) -> None:
        today = house.now.local.date()
        house.commands(h.Away, member=member, first=today, last=today, replacement=replacement, withdrawn=withdrawn)

    return act


def doubts(ok: bool, jump_s: float) -> Act:
    """The clock on the wall is put right, or wrong."""

    def act(house: Witness) -> None:
        house.clock_ok = ok
        house.jump(jump_s)

    return act


def has_battery(pager: str, percent: int) -> Act:
    """What it will tell of it from now on."""
    return lambda house: house.battery.update({pager: percent})


def set_in(name: str, value: Any) -> Callable[[str], Act]:
    """The pager is so from now on."""
    return on_own(lambda house, pager: setattr(house.pager(pager), name, value))


moves: st.SearchStrategy[Act] = st.one_of(
    pagers.map(lambda pager: lambda house: house.lift(pager)),
    pagers.map(lambda pager: lambda house: house.hang(pager)),
    pagers.map(sticks),
    st.builds(chatters, pagers, st.sampled_from((3, 7, 40)), st.sampled_from((0.5, 3.0))),
)
devices: st.SearchStrategy[Act] = st.one_of(
    pagers.map(on_own(lambda house, pager: house.pager(pager).dies())),
    pagers.map(on_own(lambda house, pager: house.pager(pager).starts())),
    pagers.map(on_own(lambda house, pager: house.fall_silent(f"{PAGER}:{pager}"))),
    pagers.map(on_own(lambda house, pager: house.mute.discard(f"{PAGER}:{pager}"))),
    st.builds(has_battery, pagers, st.sampled_from((3, 15, 17, 90))),
    st.builds(has_battery, pagers, st.sampled_from((15, 17))),
    pagers.map(set_in("shows", False)),
    pagers.map(set_in("shows", True)),
    st.booleans().map(lambda down: lambda house: house.hear((h.Trouble if down else h.TroubleOver)(*BASE_DOWN[down]))),
)
people: st.SearchStrategy[Act] = st.one_of(
    st.builds(says_on_it, pagers, members | st.none()),
    st.builds(lambda p, m: lambda house: house.commands(h.Took, pager=p, member=m, by="els"), pagers, members),
    st.builds(lambda p: lambda house: house.commands(h.Called, pager=p, outcome="called", by="els"), pagers),
    st.builds(
        lambda p, m: lambda house: house.commands(h.Called, pager=p, outcome="replaced", member=m, by="els"),
        pagers,
        members,
    ),
    st.builds(swaps, pagers, members),
    st.builds(is_away, st.sampled_from(TEAM), st.sampled_from(("", *TEAM)), st.booleans()),
)
house_itself: st.SearchStrategy[Act] = st.one_of(
    st.sampled_from((0.2, 30.0, 200.0)).map(lambda away_s: lambda house: house.restart(away_s)),
    st.builds(doubts, st.booleans(), st.sampled_from((0.0, 0.0, 600.0, -600.0, 3 * 3600.0, -3 * 3600.0, 86400.0))),
)
acts = moves | moves | devices | devices | people | house_itself
BASE_DOWN: tuple[tuple[str, ...], tuple[str, ...]] = (("base:centrale/offline",), ("base:centrale/offline", "gone"))
pauses_s = st.sampled_from((0.3, 1.0, 4.0, 6.0, 12.0, 31.0, 47.0))
weeks = st.tuples(*[st.sampled_from((*TEAM, *TEAM, None))] * 7)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Three pagers, with docks or without, one perhaps of a paging system."""
    bought = draw(st.booleans())
    own = tuple(Pager(pager, week=draw(weeks), dock=draw(st.booleans())) for pager in PAGERS)
    last = replace(own[2], base="centrale") if bought else own[2]
    zenders = BY_DAY.zenders[:1]
    return replace(BY_DAY, zenders=zenders, pagers=(*own[:2], last), bases=("centrale",), morning=QUICK)


days = st.dates(date(2024, 1, 1), date(2035, 12, 31))
events = st.lists(st.tuples(pauses_s, acts), min_size=6, max_size=16)


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[float, Act]]:
    """Some pagers are taken, mostly after the watch began; and then anything happens."""
    taken = draw(st.sets(pagers, min_size=2) | st.just(set()))
    return [(draw(st.sampled_from((4.0, 43.0, 45.0, 46.0))), lambda house: house.lift(*sorted(taken))), *draw(events)]


def tell(plan: Plan, day: date, story: list[tuple[float, Act]]) -> None:
    """One morning, and a little of what follows."""
    house = Witness(plan, day)
    house.mute.add(f"{ZENDER}:{plan.zenders[0].nr}")
    for pause_s, act in story:
        house.wait(pause_s)
        act(house)
    house.wait(max(130.0, 420.0 - house.s))
    assert len(house.facts) < FACTS_MOST
    waiting = [order for order in house.state.outbox.values() if order.kind in ("reminder", "fault", "check", "who")]
    assert len(waiting) <= 2, "what is ordered is delivered, or given up"
    house.ends()


@settings(max_examples=60, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
@given(plans(), days, stories())
def test_any_morning(plan: Plan, day: date, story: list[tuple[float, Act]]) -> None:
    tell(plan, day, story)


@pytest.mark.storm
@pytest.mark.timeout(3600)
@settings(max_examples=3000, deadline=None, print_blob=True)
@given(plans(), days, stories())
def test_very_many_mornings(plan: Plan, day: date, story: list[tuple[float, Act]]) -> None:
    tell(plan, day, story)
