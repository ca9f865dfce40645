"""The state of the house: what the fold of all facts is made of. What each fact changes in it is evolve.py's.

All times here are *house time*: seconds that run on over a restart. Within one boot it is the monotonic clock plus a
constant; over a restart the wall clock tells how long the house was away (never less than nothing: that clock jumps).
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Literal

import msgspec
from immutables import Map

from achterwacht.core import facts as f
from achterwacht.core.heard import CalendarEntry, Line
from achterwacht.core.moment import Moment
from achterwacht.core.plan import EMPTY_PLAN, PAGER, Plan

Phase = Literal["ringing", "coming", "on_scene", "closed"]
Police = Literal["none", "advised", "called", "arrived"]
Stage = Literal["ordered", "handed_over", "received", "shown", "failed"]
STAGES: tuple[Stage, ...] = ("ordered", "handed_over", "failed", "received", "shown")
"""A later one outdoes an earlier: what a device shows has arrived, even if its carrier gave it up for lost."""

KNOWN_S = 24 * 3600.0
"""A press heard again within a day is the same press (docs/wire.md); later a button may be counting from 1 again."""
REMEMBERED_S = 30 * 24 * 3600.0
"""How long press ids and answers are kept for pagers that come back from a drawer with an old receipt."""
CHANGES_S = 600.0
"""Over so long it is counted how often a device comes and goes."""
UNDO_S = 600.0
"""How long a closing can be taken back."""


class Press(msgspec.Struct, frozen=True):
    """A press that was heard: which incident it belongs to, and when it was first heard."""

    incident: str
    first_s: float


class Order(msgspec.Struct, frozen=True):
    """The newest order of one kind to one target, and how far it is known to have come."""

    id: str
    attempt: int
    reason: f.Reason
    stage: Stage = "ordered"


class Responder(msgspec.Struct, frozen=True):
    """What somebody last said about coming."""

    answer: Literal["coming", "cannot", "on_scene"]
    since_s: float


class Outcome(msgspec.Struct, frozen=True):
    """What was answered to an answer or a command, so that the same one gets the same again."""

    result: f.Result
    note: str
    since_s: float


class Device(msgspec.Struct, frozen=True):
    """A zender, pager or gateway as last heard. `former` is the boot before this one; both empty where it has none.

    What a device never said about itself is None.
    """

    boot: str
    online: bool
    former: str = ""
    seen_at: datetime | None = None
    """When it was last noted that it spoke itself; presence.py knows better for as long as this daemon runs."""
    heard: bool = False
    """Whether it spoke itself since this daemon began."""
    changes: int = 0
    """How often it came, went or changed its boot within CHANGES_S from `changes_from_s`; of a dock: moved."""
    changes_from_s: float = 0.0
    quiet_from_s: float = 0.0
    """From when its silence counts. The time that this daemon was away does not: nobody listened then."""
    battery: int | None = None
    battery_low: bool | None = None
    tamper: bool | None = None
    line: Line | None = None
    charging: bool | None = None
    docked: bool | None = None
    moves: int = 0
    """How often `docked` or `charging` changed within CHANGES_S from `moves_from_s`."""
    moves_from_s: float = 0.0
    moved_s: float = 0.0
    """When what it says of its dock changed last."""
    pressed_at: datetime | None = None
    tested_at: datetime | None = None


class Tested(msgspec.Struct, frozen=True):
    """The newest test of a target: its order, since when, how far it came, and why no further if it failed."""

    order: str
    at: datetime
    stage: Stage = "ordered"
    note: str = ""


class Carried(msgspec.Struct, frozen=True):
    """Who carries a pager, and how that is known; `planned` is whom the plan or the roster names for it."""

    planned: str | None
    member: str
    how: f.How = "said"
    at: datetime | None = None
    check: str = ""
    """The newest silent test page that is to prove that the pager can be reached."""
    asked_s: float = 0.0
    """When that was ordered."""
    proven_at: datetime | None = None
    """When the pager showed one."""


class Placed(msgspec.Struct, frozen=True):
    """Where a pager is, since `at`, once that was settled."""

    place: f.Place
    at: datetime


class Duty(msgspec.Struct, frozen=True):
    """One day of the roster: whether the house is open on it, and who is to carry which pager."""

    on: date
    opens: time | None
    """None on a day on which the house is closed."""
    closes: time | None
    members: Map[str, str] = Map()
    """By pager; one that nobody is to carry is not in it."""


class Missing(msgspec.Struct, frozen=True):
    """A pager that was not there at the check: why, whose it is to be, and what has been tried since."""

    why: f.Why
    member: str
    tried: tuple[f.Tried, ...] = ()
    resolved_at: datetime | None = None


class PickUp(msgspec.Struct, frozen=True):
    """How far the morning of one day has come."""

    on: date
    reminded: tuple[str, ...] = ()
    """The pagers whose members were reminded."""
    reminded_at: datetime | None = None
    held: bool = False
    """Whether the check waits for the clock."""
    checked_at: datetime | None = None
    checked_s: float = 0.0
    doubtful: bool = False
    """Whether it was made by a clock that nobody vouched for."""
    missing: Map[str, Missing] = Map()
    """By pager: what the check found."""
    escalated: bool = False
    told: bool = False
    """Whether a carrier took it, for anybody, that pagers are missing (evolve_day.PASSED_ON)."""
    tried_s: float = 0.0
    """When somebody was to be told so last."""
    complete_at: datetime | None = None
    """When nothing was missing any more."""
    enough: bool | None = None
    """Whether enough pagers are carried; None while that is not watched."""
    short_s: float = 0.0
    """When it was told last that they are not."""
    ended: bool = False


class Absence(msgspec.Struct, frozen=True):
    """A member is away from `first` up to and including `last`, and who stands in."""

    member: str
    first: date
    last: date
    replacement: str


class SelfTest(msgspec.Struct, frozen=True):
    """The newest test of everything between a press and the pagers. `orders`: by target; `shown`: those that did."""

    on: date
    began_s: float
    orders: Map[str, str] = Map()
    shown: frozenset[str] = frozenset()
    ended: bool = False


class ButtonTest(msgspec.Struct, frozen=True):
    """A button that somebody tests now. Until `until_s` its first press is the test's; then, when it is not claimed by
    `until_s`, an alarm."""

    test: str
    zender: int
    by: str
    targets: tuple[str, ...]
    began_s: float
    until_s: float
    press: str = ""
    heard_s: float = 0.0
    age_ms: int = 0
    claimed: bool = False


class Fault(msgspec.Struct, frozen=True):
    """Something is not as it should be, since `at`; and who has said to have seen it."""

    detail: str
    at: datetime
    acknowledged_by: str | None = None


class Alarm(msgspec.Struct, frozen=True):
    """One alarm, open or just closed. `plan` is the one it runs under, whatever is edited meanwhile."""

    incident: str
    zender: int
    place: str
    plan: Plan
    raised_at: datetime
    raised_s: float
    raised_n: int
    """The number of the fact that raised it: durable when the journal is."""
    heard_s: float
    """When its first press reached this machine."""
    run_s: float
    """When its ladder last started: at the press, again at each press that joined."""
    run_reason: f.Reason
    last_press: str
    """The press that last started its ladder: what its pages name, so that a pager remembers it for us."""
    last_press_s: float
    """When its zender was last pressed, bursts included."""
    number: str | None = None
    step: int = -1
    """The ladder step that rang last, -1 for none yet."""
    step_s: float = 0.0
    step_reason: f.Reason = "first press"
    step_targets: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """Targets of that step that have still to be rung: no page is later for them."""
    others_s: float = 0.0
    """When the step rang, or the last of these did."""
    rings: Map[str, Order] = Map()
    """By target: the newest ringing order."""
    calls: Map[str, Order] = Map()
    """By target: the newest request to call 112."""
    centre: Map[str, Order] = Map()
    """By kind: what the alarm centre was told since the ladder last started."""
    centre_s: float = 0.0
    """When it was last told."""
    confirmed: f.Reason | None = None
    """Why there is no doubt, since the ladder last started, that this alarm is real."""
    rung: frozenset[str] = frozenset()
    """Every target that was ever told of this alarm, and so must hear that it is over."""
    responders: Map[str, Responder] = Map()
    enough_s: float | None = None
    """Since when enough are coming and nobody is there yet."""
    scene_s: float = 0.0
    """When somebody on the scene was last heard."""
    asked_s: float | None = None
    """When the scene was asked whether all is well, while unanswered."""
    leave_s: float | None = None
    """When the visitor was first told to leave."""
    police: Police = "none"
    turn: int = -1
    """Whose turn it is on the list of 112 callers."""
    callers: tuple[str, ...] = ()
    callers_s: float = 0.0
    need_asked: bool = False
    reached: frozenset[str] = frozenset()
    """Which stages any of its rings has reached; `handed_over` one to a pager of our own."""
    missed: frozenset[str] = frozenset()
    """The hops whose missed budget is already a fact."""
    closed_s: float | None = None
    drill: bool = False
    """Whether this is practice: raised by a command, and marked in everything it says."""

    def persons(self, *answers: str) -> frozenset[str]:
        """Who gave one of these answers. Persons count: pagers without a known carrier are one together."""
        if not self.responders:
            return frozenset()
        keys = (by for by, responder in self.responders.items() if responder.answer in answers)
        return frozenset("somebody" if by.startswith(f"{PAGER}:") else by for by in keys)

    @property
    def coming(self) -> int:
        """How many persons are coming or there."""
        return len(self.persons("coming", "on_scene"))

    @property
    def searching(self) -> bool:
        """Whether more people are wanted."""
        return self.coming < self.plan.ladder.responders_needed

    @property
    def phase(self) -> Phase:
        """Where the alarm stands; a function of the answers, never stored."""
        if self.closed_s is not None:
            return "closed"
        if self.persons("on_scene"):
            return "on_scene"
        return "ringing" if self.searching else "coming"


class State(msgspec.Struct, frozen=True):
    """All that the house knows. A plain value: two states with equal facts are equal."""

    plan: Plan = EMPTY_PLAN
    plan_source: str = ""
    boot: str = ""
    n: int = 0
    """How many facts were folded: the number of the last one in the journal."""
    since_checkpoint: int = 0
    offset_s: float = 0.0
    """House time minus the monotonic clock of this boot."""
    last: Moment | None = None
    orders: int = 0
    """How many orders this boot has made."""
    alarms: Map[str, Alarm] = Map()
    """The open ones, by incident."""
    closed: Map[str, Alarm] = Map()
    """Those whose closing can still be taken back."""
    presses: Map[str, Press] = Map()
    outcomes: Map[str, Outcome] = Map()
    outbox: Map[str, f.Ordered] = Map()
    """Orders without an outcome. After a crash they are taken up again; there is no second queue."""
    untold: Map[str, f.Ordered] = Map()
    """By incident and pager: the newest `over` that the pager has not said it received. A pager shows an alarm until
    it hears `over`, so this one order is not done when the carrier took it."""
    tests: Map[str, Tested] = Map()
    """By target."""
    carried: Map[str, Carried] = Map()
    """By pager: who carries it, for as long as that holds: until it is back in its dock, or the morning begins anew, or
    (in a house without a morning check) the files say something new. The plan follows it."""
    places: Map[str, Placed] = Map()
    """By pager."""
    duty: Duty | None = None
    """Today, as the roster has it."""
    pick_up: PickUp | None = None
    """This morning."""
    swaps: Map[str, str] = Map()
    """By roster.day_key: who took over which pager on which day."""
    absences: tuple[Absence, ...] = ()
    calendars: Map[str, tuple[CalendarEntry, ...]] = Map()
    """By the id of a feed: what it last said."""
    gaps: tuple[f.Gap, ...] = ()
    """What the roster lacks in the days to come."""
    self_test: SelfTest | None = None
    button_tests: Map[int, ButtonTest] = Map()
    """By zender."""
    drill_ended_s: float | None = None
    """When the last drill ended, in house time."""
    started_s: float = 0.0
    """When this daemon began."""
    devices: Map[str, Device] = Map()
    faults: Map[str, Fault] = Map()
    numbers: Map[str, int] = Map()
    """By year: the last number given to an incident."""

    def house_s(self, now: Moment) -> float:
        """A moment of this boot in house time."""
        return now.mono_s + self.offset_s

    def alarm_on(self, zender: int) -> Alarm | None:
        """The open alarm of this zender, no drill; the newest, should a closing have been undone beside it."""
        alarms = [alarm for alarm in self.alarms.values() if alarm.zender == zender and not alarm.drill]
        return max(alarms, key=lambda alarm: alarm.raised_s, default=None)

    def incident_of(self, press: str) -> str | None:
        """The incident to which a press (or an incident that was merged) belongs, if the journal knows it."""
        known = self.presses.get(press)
        return known.incident if known else None


EMPTY = State()
