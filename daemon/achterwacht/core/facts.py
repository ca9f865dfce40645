"""Everything that is written down, in the past tense. The journal is a list of these; the state is their fold.

Each fact starts with the moment it became true. How facts become JSON is codec.py's; what they mean is state.py's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Literal

from achterwacht.core.heard import AnswerWord, CalendarEntry, Line
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Plan

if TYPE_CHECKING:
    from achterwacht.core.state import State

Kind = Literal[
    "alarm",
    "call_112",
    "drill",
    "update",
    "over",
    "confirmed",
    "trouble",
    "trouble_over",
    "test",
    "check",
    "who",
    "reminder",
    "fault",
]
"""What an order says to its target (docs/wire.md). `alarm`, `call_112` and `drill` ring; `over` calms. `confirmed` and
the troubles are for the alarm centre, to which `alarm` is a hold-up and `over` its restore. A `check` is proof in
silence; `who` asks who carries the pager; `reminder` and `fault` are notices (notices.py)."""

How = Literal["rostered", "said", "ticked"]
"""How it is known who carries a pager: it left its dock and today is this member's; they said so on it; the reception
did."""

Place = Literal["docked", "off", "unknown", "contradiction"]
"""Where a pager is, by all that tells of it. A contradiction: its dock and the pager itself disagree."""

Why = Literal["docked", "dock fault", "not heard", "battery", "no carrier", "unproven"]
"""Why a pager does not count as picked up."""

TestEnd = Literal["right", "wrong", "not pressed", "not claimed", "pressed twice", "not judged", "alarm", "restarted"]
"""How a button test ended."""

DrillEnd = Literal["all clear", "stopped", "real alarm", "112 asked for", "too long", "restarted"]
"""Why a drill ended."""

Result = Literal["accepted", "closed", "refused"]

Hop = Literal["handed_over", "durable", "shown"]
"""A part of the way from press to people that has a budget."""

Reason = Literal[
    "first press",
    "pressed again",
    "recovered from a pager",
    "not enough coming",
    "nobody reachable",
    "nothing shown",
    "nobody left to answer",
    "nobody on the scene",
    "no sign from the scene",
    "all well?",
    "112 needed?",
    "asked for by a member",
    "told to leave twice",
    "112 not confirmed",
    "caller not reachable",
    "nobody has called 112",
    "daemon restarted",
    "pager is back",
    "not received",
    "broker is back",
    "closed",
    "closing undone",
    "same alarm",
    "second button",
    "word from the scene",
    "not taken",
    "centre is back",
    "battery low",
    "missing",
    "asked for",
    "daily test",
    "drill",
    "drill announced",
    "drill called off",
    "drill ended",
    "drill broken off",
    "broke off a drill",
    "test press",
    "test not claimed",
    "test pressed twice",
    "too few pagers carried",
    "who carries it",
    "proof of pick-up",
    "self-test",
    "pager not picked up",
    "pagers missing",
    "pagers still missing",
    "pagers all there",
    "too few pagers",
    "enough pagers again",
    "pagers not back",
    "gaps in the roster",
]
"""Every decision has a named reason."""


@dataclass(frozen=True, slots=True)
class DaemonStarted:
    """A daemon began; `boot` is new each time."""

    when: Moment
    boot: str
    version: str


@dataclass(frozen=True, slots=True)
class DaemonStopped:
    """A daemon was asked to stop and did so in order."""

    when: Moment


@dataclass(frozen=True, slots=True)
class PlanAdopted:
    """From now on new alarms run under this plan. `source` is the hash of the files it came from."""

    when: Moment
    plan: Plan
    source: str


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """A press began an incident, whose id is the press's. `heard_s`: when the press reached this machine.

    `reason`: why it rings; a press may have been taken for a test at first, or stand for a word in a drill.
    """

    when: Moment
    incident: str
    press: str
    zender: int
    place: str
    heard_s: float
    age_ms: int
    reason: Reason = "first press"


@dataclass(frozen=True, slots=True)
class AlarmRecovered:
    """A pager remembers an alarm that the journal does not: a crash swallowed it. It is raised again."""

    when: Moment
    incident: str
    press: str
    zender: int
    place: str
    pager: str


@dataclass(frozen=True, slots=True)
class PressJoined:
    """A press on a zender whose alarm is open. Within a burst it is recorded; else the ladder starts again.

    `recovered`: known only from a pager's memory.
    """

    when: Moment
    incident: str
    press: str
    zender: int
    burst: bool
    recovered: bool
    heard_s: float


@dataclass(frozen=True, slots=True)
class IncidentMerged:
    """An incident that only a pager remembers turned out to belong to one that is open."""

    when: Moment
    incident: str
    into: str


@dataclass(frozen=True, slots=True)
class IncidentNumbered:
    """The incident is durable and has its number for people (2026-017). Never a key, never on the wire."""

    when: Moment
    incident: str
    number: str
    took_s: float
    """From the press reaching this machine to durable."""


@dataclass(frozen=True, slots=True)
class StepReached:
    """The ladder rang step `step` (0-based). `others` are the targets that are no pagers: they follow in a moment."""

    when: Moment
    incident: str
    step: int
    reason: Reason
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ordered:
    """One target must get one alert. Without an outcome it is still to be delivered: this is the outbox."""

    when: Moment
    order: str
    incident: str
    press: str
    zender: int
    target: str
    kind: Kind
    attempt: int
    reason: Reason
    merged_into: str | None = None
    about: tuple[str, ...] = ()
    """What a notice is about: pagers by their ids."""


@dataclass(frozen=True, slots=True)
class OrderHandedOver:
    """The carrier took the order. Not received, not shown."""

    when: Moment
    order: str
    incident: str
    target: str


@dataclass(frozen=True, slots=True)
class OrderReceived:
    """The device itself says it has the order."""

    when: Moment
    order: str
    incident: str
    target: str


@dataclass(frozen=True, slots=True)
class OrderShown:
    """The device itself says it shows the order."""

    when: Moment
    order: str
    incident: str
    target: str


@dataclass(frozen=True, slots=True)
class OrderFailed:
    """The order will not be delivered; the reason is for people."""

    when: Moment
    order: str
    incident: str
    target: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody answered. `by` is a member's id, or the pager when nobody is known to carry it.

    `counts` says whether it changed anything; a refusal says why in `note`.
    """

    when: Moment
    key: str
    incident: str
    by: str
    via: str
    answer: AnswerWord
    result: Result
    counts: bool
    note: str


@dataclass(frozen=True, slots=True)
class PagerCarried:
    """A pager's carrier is known from now on. `key` and `by` are empty when it only left its dock on its member's day.

    `by`: who said so, where that is another than the carrier.
    """

    when: Moment
    key: str
    pager: str
    member: str
    how: How = "said"
    by: str = ""


@dataclass(frozen=True, slots=True)
class ArrivalMissed:
    """Enough were coming and nobody arrived: whoever was coming no longer counts and the search goes on."""

    when: Moment
    incident: str


@dataclass(frozen=True, slots=True)
class SceneAsked:
    """Those on the scene were asked whether all is well."""

    when: Moment
    incident: str


@dataclass(frozen=True, slots=True)
class SceneSilent:
    """Those on the scene did not answer: they no longer count, the others ring."""

    when: Moment
    incident: str


@dataclass(frozen=True, slots=True)
class PoliceAdvised:
    """112 must be called by a person; from here somebody is asked until somebody says it is done."""

    when: Moment
    incident: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class CallersAsked:
    """These members are asked to call 112. `turn` counts from 0; past the list everyone on it is asked."""

    when: Moment
    incident: str
    callers: tuple[str, ...]
    turn: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class NeedOf112Asked:
    """Somebody is on the scene when 112 would be asked for: they are asked whether it is needed."""

    when: Moment
    incident: str


@dataclass(frozen=True, slots=True)
class AlarmConfirmed:
    """There is more than one press to say that this alarm is real: a second desk's button, or a member on the scene.

    `by`: that desk's zender (`zender:6`), or the member.
    """

    when: Moment
    incident: str
    reason: Reason
    by: str


@dataclass(frozen=True, slots=True)
class AlarmClosed:
    """The alarm is over, said by `by`. Told to all; can be undone for ten minutes."""

    when: Moment
    incident: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class AlarmReopened:
    """The closing was taken back by `by`; the ladder starts again."""

    when: Moment
    key: str
    incident: str
    by: str


@dataclass(frozen=True, slots=True)
class UndoRefused:
    """A closing could not be taken back; `note` says why."""

    when: Moment
    key: str
    incident: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """A device's presence changed: another boot, or online where it was not, or gone.

    `live`: said by the device now; else the broker remembers it. Of a device that may be silent for long it is noted
    anew from time to time, so that a restart does not forget since when.
    """

    when: Moment
    device: str
    boot: str
    online: bool
    live: bool = True


@dataclass(frozen=True, slots=True)
class DeviceMeasured:
    """A device told something else than before about itself; None is what did not change. `battery` in percent."""

    when: Moment
    device: str
    battery: int | None = None
    battery_low: bool | None = None
    tamper: bool | None = None
    line: Line | None = None
    charging: bool | None = None
    docked: bool | None = None


@dataclass(frozen=True, slots=True)
class FaultRaised:
    """A device or link is not as it should be."""

    when: Moment
    key: str
    detail: str


@dataclass(frozen=True, slots=True)
class FaultCleared:
    """The fault of this key is over."""

    when: Moment
    key: str


@dataclass(frozen=True, slots=True)
class FaultAcknowledged:
    """A member has seen this fault; one that only a person can end is over by it. `note` says why it was refused."""

    when: Moment
    key: str
    fault: str
    by: str
    result: Result
    note: str


@dataclass(frozen=True, slots=True)
class TestAsked:
    """A test of one target was asked for. Its order follows, if it was accepted; `note` says why it was not.

    `by`: a member's id or what a terminal calls itself; empty for the daily test.
    """

    __test__ = False  # pytest would take it for one of its own

    when: Moment
    key: str
    target: str
    by: str
    result: Result
    note: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A command (`wish`: what it asked for) came to nothing; `note` says why."""

    when: Moment
    key: str
    wish: str
    by: str
    note: str


# --- a day ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DutySet:
    """Who is to carry which pager on this day, by the roster; noted anew when that changes. `members`: (pager, member)
    pairs. Without hours the house is closed that day.
    """

    when: Moment
    on: date
    opens: time | None
    closes: time | None
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DutySwapped:
    """On this day this member carries this pager instead."""

    when: Moment
    key: str
    on: date
    pager: str
    member: str
    by: str


@dataclass(frozen=True, slots=True)
class AbsenceNoted:
    """A member is away from `first` up to and including `last`; `replacement` stands in. Or, `withdrawn`, is not."""

    when: Moment
    key: str
    member: str
    first: date
    last: date
    replacement: str
    by: str
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class CalendarAdopted:
    """A feed says this from now on."""

    when: Moment
    calendar: str
    entries: tuple[CalendarEntry, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """What is wrong with the roster of one day: nobody is to carry this pager, or somebody two (`member`)."""

    on: date
    pager: str
    member: str = ""


@dataclass(frozen=True, slots=True)
class GapsFound:
    """What the roster lacks in the days to come; noted anew when that changes, also when nothing does any more."""

    when: Moment
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class PagerPlaced:
    """A pager has come to be there: what tells of it has been saying so for long enough."""

    when: Moment
    pager: str
    place: Place


@dataclass(frozen=True, slots=True)
class WatchBegan:
    """The morning of this day begins: who carried what yesterday counts no more."""

    when: Moment
    on: date


@dataclass(frozen=True, slots=True)
class PickUpReminded:
    """The members of these pagers were reminded, as far as they can be reached."""

    when: Moment
    on: date
    pagers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckHeld:
    """It is time for the check by a clock that nobody vouches for: it waits."""

    when: Moment
    on: date


@dataclass(frozen=True, slots=True)
class Lacking:
    """A pager that does not count as picked up, why, and whose it is to be."""

    pager: str
    why: Why
    member: str = ""


@dataclass(frozen=True, slots=True)
class PickUpChecked:
    """The check was made. `doubtful`: by a clock that nobody vouched for."""

    when: Moment
    on: date
    missing: tuple[Lacking, ...]
    doubtful: bool


@dataclass(frozen=True, slots=True)
class PagerCalled:
    """Somebody called about a pager that is missing, and this came of it."""

    when: Moment
    key: str
    pager: str
    by: str
    outcome: Literal["called", "comes", "replaced"]
    member: str
    why: Why | None = None
    """What it lacks now."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What was done about a missing pager, and by whom; "" is the house itself."""

    what: Literal["reminded", "called", "comes", "replaced", "escalated"]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PickUpResolved:
    """A pager that was missing at the check is there."""

    when: Moment
    on: date
    pager: str


@dataclass(frozen=True, slots=True)
class PickUpCompleted:
    """Every pager is picked up and proven: the morning is done."""

    when: Moment
    on: date


@dataclass(frozen=True, slots=True)
class PickUpEscalated:
    """These pagers are still missing, and the coordinator is told."""

    when: Moment
    on: date
    pagers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoverageChanged:
    """After the check: whether enough pagers are carried."""

    when: Moment
    on: date
    carried: int
    needed: int


@dataclass(frozen=True, slots=True)
class DayEnded:
    """The desks close. `out`: pagers that are not back in their dock; `low`: those with a low battery."""

    when: Moment
    on: date
    out: tuple[str, ...]
    low: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SelfTestBegan:
    """A press on no button came through the broker; every pager of ours is to show a silent page."""

    when: Moment
    on: date
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SelfTestEnded:
    """`missed`: the pagers that did not show it."""

    when: Moment
    on: date
    missed: tuple[str, ...]


# --- tests of buttons, and drills -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ButtonTestBegan:
    """The next press of this zender is a test, if it comes in time. `incident` is the test's id."""

    when: Moment
    incident: str
    key: str
    zender: int
    by: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ButtonTestPressed:
    """The button was pressed. Whoever tests it must say that it was them, or it is an alarm."""

    when: Moment
    incident: str
    press: str
    zender: int
    heard_s: float
    age_ms: int


@dataclass(frozen=True, slots=True)
class ButtonTestClaimed:
    """The tester said that the press was theirs."""

    when: Moment
    incident: str
    key: str
    zender: int
    by: str


@dataclass(frozen=True, slots=True)
class ButtonTestEnded:
    """A button test is over. `key`: of the command that ended it, if one did."""

    when: Moment
    incident: str
    key: str
    zender: int
    by: str
    end: TestEnd


@dataclass(frozen=True, slots=True)
class DrillRaised:
    """An alarm is practised at this zender; it rings `in_s` from now.

    What its report needs: how many are `needed`, and who carries which pager, as (pager, member) pairs.
    """

    when: Moment
    incident: str
    key: str
    zender: int
    place: str
    by: str
    announced: bool
    in_s: float
    needed: int
    carriers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DrillEnded:
    """The drill is over. `by`: who ended it, if a person did; `key`: by which command."""

    when: Moment
    incident: str
    key: str
    by: str
    end: DrillEnd


@dataclass(frozen=True, slots=True)
class BudgetMissed:
    """A hop of an alarm took longer than the plan allows."""

    when: Moment
    incident: str
    hop: Hop
    took_s: float
    budget_s: float


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The whole state as it was before this fact: a replay may start here."""

    when: Moment
    state: State


Fact = (
    DaemonStarted
    | DaemonStopped
    | PlanAdopted
    | AlarmRaised
    | AlarmRecovered
    | PressJoined
    | IncidentMerged
    | IncidentNumbered
    | StepReached
    | Ordered
    | OrderHandedOver
    | OrderReceived
    | OrderShown
    | OrderFailed
    | Answered
    | PagerCarried
    | ArrivalMissed
    | SceneAsked
    | SceneSilent
    | PoliceAdvised
    | CallersAsked
    | NeedOf112Asked
    | AlarmConfirmed
    | AlarmClosed
    | AlarmReopened
    | UndoRefused
    | DeviceSeen
    | DeviceMeasured
    | FaultRaised
    | FaultCleared
    | FaultAcknowledged
    | TestAsked
    | Refused
    | DutySet
    | DutySwapped
    | AbsenceNoted
    | CalendarAdopted
    | GapsFound
    | PagerPlaced
    | WatchBegan
    | PickUpReminded
    | CheckHeld
    | PickUpChecked
    | PagerCalled
    | PickUpResolved
    | PickUpCompleted
    | PickUpEscalated
    | CoverageChanged
    | DayEnded
    | SelfTestBegan
    | SelfTestEnded
    | ButtonTestBegan
    | ButtonTestPressed
    | ButtonTestClaimed
    | ButtonTestEnded
    | DrillRaised
    | DrillEnded
    | BudgetMissed
    | Checkpoint
)
