"""Everything that is written down, in the past tense. The journal is a list of these; the state is their fold.

Each fact starts with the moment it became true. How facts become JSON is codec.py's; what they mean is state.py's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from achterwacht.core.heard import AnswerWord, Line
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Plan

if TYPE_CHECKING:
    from achterwacht.core.state import State

Kind = Literal["alarm", "call_112", "update", "over", "confirmed", "trouble", "trouble_over", "test"]
"""What an order says to its target (docs/wire.md). `alarm` and `call_112` ring; `over` calms. `confirmed` and the
troubles are for the alarm centre, to which `alarm` is a hold-up and `over` its restore."""

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
    """A press began an incident, whose id is the press's. `heard_s`: when the press reached this machine."""

    when: Moment
    incident: str
    press: str
    zender: int
    place: str
    heard_s: float
    age_ms: int


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
    """A pager's carrier is known from now on."""

    when: Moment
    key: str
    pager: str
    member: str


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
    | BudgetMissed
    | Checkpoint
)
