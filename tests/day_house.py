"""A town hall by day, for stories about mornings: docks, pagers that are lifted and hung, a clock on the wall.

The nights are quick: while nothing is expected everybody speaks, and somebody looks, once a minute only.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.morning import Row, board, self_test_due
from achterwacht.core.plan import (
    BACKUP,
    COORDINATOR,
    DOCK,
    PAGER,
    RECEPTION,
    SUPERVISOR,
    TEAM,
    TERMINAL,
    Hours,
    Member,
    Morning,
    Opening,
    Pager,
    Plan,
)
from achterwacht.core.state import PickUp
from achterwacht.presence import LOOK_EVERY_S
from house import BEAT_S, PHONE, TOWN_HALL, House

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
QUICK_S = 60.0
"""Too seldom for anybody to be missed: who looks so seldom proves that nobody listened (presence.py)."""
MONDAY = date(2026, 11, 23)


def _week(member: str, **days: str) -> tuple[str, ...]:
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return tuple(days.get(name, member) for name in names)


BY_DAY: Plan = replace(
    TOWN_HALL,
    pagers=(
        Pager("p1", week=_week("anna", wednesday="dina"), dock=True),
        Pager("p2", week=_week("bas"), dock=True),
        Pager("p3", week=_week("cor"), dock=True),
    ),
    members=(
        Member("anna", (TEAM,), (PHONE,)),
        Member("bas", (TEAM,), (PHONE,)),
        Member("cor", (TEAM,), (PHONE,)),
        Member("dina", (BACKUP,), (PHONE,)),
        Member("els", (RECEPTION,), (PHONE,)),
        Member("fred", (SUPERVISOR,), (PHONE,)),
        Member("gerda", (COORDINATOR,), (PHONE,)),
    ),
    hours=Hours(tuple(Opening(day, time(8, 30), time(17, 0)) for day in range(5)), holidays=("christmas", "new_year")),
    morning=Morning(button_test_days=0),
)
"""Three pagers in three docks with a contact each, a week with one exception, and everybody has a telephone."""


class DayHouse(House):
    """A House whose pagers have docks. It begins on `day` at `at`, with every pager in its dock."""

    def __init__(self, plan: Plan = BY_DAY, day: date = MONDAY, at: str = "08:20") -> None:
        self.hanging: dict[str, bool] = {pager.id: True for pager in plan.pagers}
        """What each pager itself says of its dock."""
        self.contact: dict[str, bool] = {pager.id: True for pager in plan.pagers if pager.dock}
        """What the contacts in the docks say."""
        self.battery: dict[str, int] = {pager.id: 90 for pager in plan.pagers}
        self.presses_itself = True
        """Whether the press of the self-test comes through the broker."""
        self.stuck: set[str] = set()
        """The docks whose contact moves no more."""
        super().__init__(plan, local(day, at), supervised=True)
        for pager in self.contact:
            self._contact_says(pager)
        self.wait(20)

    # --- time ---

    def until(self, at: str, day: date | None = None) -> None:
        """Time passes, second by second, until the clock on the wall shows this."""
        self._pass_until(local(day or self.now.local.date(), at), LOOK_EVERY_S, BEAT_S)

    def night_until(self, at: str, day: date | None = None) -> None:
        """The same, while nothing is expected to happen."""
        self._pass_until(local(day or self.now.local.date() + timedelta(days=1), at), QUICK_S, QUICK_S)
        self.wait(QUICK_S)  # whoever waits for a minute still does so

    def _pass_until(self, at: datetime, look_every_s: float, beat_every_s: float) -> None:
        self.look_every_s, self.beat_every_s = look_every_s, beat_every_s
        left_s = (at - self.now.at).total_seconds()
        assert left_s >= 0, f"it is {self.now.local:%d %b %H:%M:%S} already"
        self.wait(left_s)
        self.look_every_s, self.beat_every_s = LOOK_EVERY_S, BEAT_S

    def jump(self, s: float) -> None:
        """The clock on the wall is put right, or wrong."""
        self._started_at += timedelta(seconds=s)

    def _look(self) -> None:
        day = self_test_due(self.state, self.now) if self.presses_itself else None
        if day:
            self.hear(h.SelfTested(self.state.boot, day))
        super()._look()

    # --- pagers and docks ---

    def measures(self, device: str, **measured: Any) -> tuple[f.Fact, ...]:
        kind, id = device.split(":")
        if kind == PAGER and not measured:
            hangs = self.hanging[id]
            measured = {"battery": self.battery[id], "docked": hangs, "charging": hangs and self.battery[id] < 100}
        return super().measures(device, **measured)

    def _contact_says(self, pager: str) -> None:
        self.hear(h.Telemetry(f"{DOCK}:{pager}", "", docked=self.contact[pager]))

    def lift(self, *pagers: str) -> None:
        """Somebody takes these pagers from their docks."""
        self._move(pagers, hangs=False)

    def hang(self, *pagers: str) -> None:
        """Somebody puts them back."""
        self._move(pagers, hangs=True)

    def _move(self, pagers: tuple[str, ...], hangs: bool) -> None:
        for pager in pagers:
            self.hanging[pager] = hangs
            if pager in self.contact and pager not in self.stuck:
                self.contact[pager] = hangs
                self._contact_says(pager)
            target = f"{PAGER}:{pager}"
            if self.plan.is_own_pager(target) and self.pager(pager).on and target not in self.mute:
                self.measures(target)

    # --- people ---

    def carries(self, pager: str, member: str | None = None) -> f.Result:
        """Somebody presses the button on the pager that says: I have it."""
        node = self.pager(pager)
        node.seq += 1
        key = f"{pager}-{node.boot}-{node.seq}"
        self.said(h.Answer(key, "", "carry", pager, node.boot, member))
        return self.state.outcomes[key].result

    def commands(self, make: Any, **said: Any) -> f.Result:
        """The reception, or a member, gives a command. Returns what came of it."""
        key = f"command-{next(self._ids)}"
        self.hear(make(key=key, **({"by": TERMINAL} | said)))
        return self.state.outcomes[key].result

    # --- what can be seen ---

    @property
    def pick_up(self) -> PickUp:
        """This morning."""
        assert self.state.pick_up is not None, "it has not begun"
        return self.state.pick_up

    def row(self, pager: str) -> Row:
        """How one pager stands."""
        return next(row for row in board(self.state) if row.pager == pager)

    @property
    def lacking(self) -> dict[str, str]:
        """By pager: why it does not count as picked up."""
        return {row.pager: row.why for row in board(self.state) if row.why}

    def was_told(self, member: str, reason: str) -> list[tuple[str, ...]]:
        """About which pagers this member was told so since that was last asked."""
        targets = [target for target in self._devices if self.state.plan.person(target) == member]
        told: list[tuple[str, ...]] = []
        for target in targets:
            device = self._devices[target]
            told += [order.about for order in device.told if order.reason == reason]
            device.told = [order for order in device.told if order.reason != reason]
        return told


def local(day: date, at: str) -> datetime:
    """A time on the wall of this day, as a moment."""
    return datetime.combine(day, time.fromisoformat(at), AMSTERDAM)
