"""Everything the world can tell us, as frozen dataclasses. Whoever hears something puts one of these in the one inbox.

Nothing here is believed yet: escalation.decide() says what becomes a fact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from achterwacht.core.plan import Plan

AnswerWord = Literal[
    "coming",
    "cannot",
    "on_scene",
    "told_to_leave",
    "need_112",
    "called_112",
    "police_here",
    "all_clear",
    "carry",
]
"""What a responder can say (docs/wire.md, "Pagers")."""

Line = Literal["ok", "cut", "short"]
"""The wire between a zender and its button."""


@dataclass(frozen=True, slots=True)
class Started:
    """The daemon begins. `boot` is new at each start; the last facts may lie days back."""

    boot: str
    version: str


@dataclass(frozen=True, slots=True)
class Stopping:
    """The daemon was asked to stop (a restart must look different from a crash in the journal)."""


@dataclass(frozen=True, slots=True)
class PlanRead:
    """A plan was read and found good. `source` is the hash of the files it came from."""

    plan: Plan
    source: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: the moment that due() asked for has come.

    `incidents`: for which of them; None looks at everything that is open.
    """

    incidents: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Durable:
    """The journal has facts up to and including number `n` on disk."""

    n: int


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press arrived. Same id, same press, however often it is heard.

    `heard_s`: monotonic seconds when it reached this machine; `age_ms`: how long before that the button went down.
    `boot`: the zender's own; empty for a device that has none. `at_start`: its contact was found active when we began
    to look, and may have been so for long.
    """

    press: str
    zender: int
    boot: str
    heard_s: float
    age_ms: int = 0
    at_start: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """A pager has received or shown a page. It names press and zender: the pagers are our second memory.

    Of a page that is of no alarm incident and press are empty: such a receipt can raise none.
    """

    pager: str
    boot: str
    seq: int
    order: str
    incident: str
    press: str
    zender: int
    stage: Literal["received", "shown"]

    @property
    def key(self) -> str:
        """What makes this receipt the same receipt when it is repeated."""
        return f"{self.pager}-{self.boot}-{self.seq}"


@dataclass(frozen=True, slots=True)
class Answer:
    """Someone answers. From a pager: `pager`, `boot`, `press`, `zender`; from a command: `member` alone.

    `key` makes a repeated answer the same answer: `<pager>-<boot>-<seq>`, the command's id, or what a one-time token
    is called. `via`: the target that was answered from, where that is no pager and no command.
    """

    key: str
    incident: str
    answer: AnswerWord
    pager: str | None = None
    boot: str = ""
    member: str | None = None
    press: str | None = None
    zender: int | None = None
    reason: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True)
class Undo:
    """A member takes back the closing of an incident (command `key`)."""

    key: str
    incident: str
    member: str


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """A member has seen a fault and deals with it (command `key`)."""

    key: str
    fault: str
    member: str


@dataclass(frozen=True, slots=True)
class Reached:
    """A telephone says how far an order has come on it. No second memory: it names no press."""

    order: str
    stage: Literal["received", "shown"]


@dataclass(frozen=True, slots=True)
class Test:
    """Somebody wants to know whether this target can be reached (`key`); `by` is empty for the daily test."""

    __test__ = False  # pytest would take it for one of its own

    key: str
    target: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The carrier (the broker, a paging base) has taken the order. It is not received yet (S6)."""

    order: str


@dataclass(frozen=True, slots=True)
class Failed:
    """An order could not be delivered and will not be tried again."""

    order: str
    reason: str


@dataclass(frozen=True, slots=True)
class Status:
    """A device's birth or death. `live`: said now, not merely remembered by the broker. `boot` may be empty."""

    device: str
    boot: str
    online: bool
    live: bool


@dataclass(frozen=True, slots=True)
class Telemetry:
    """A device's sign of life and what it measures; None is what it did not say.

    In the inbox there is one per device: what came later, over what came before. `boot` may be empty. Not `live`: the
    broker remembers it, so that it is no sign of life.
    """

    device: str
    boot: str
    battery: int | None = None
    """Percent."""
    battery_low: bool | None = None
    """Of a device that knows no percents."""
    tamper: bool | None = None
    line: Line | None = None
    charging: bool | None = None
    docked: bool | None = None
    live: bool = True

    def over(self, earlier: Telemetry) -> Telemetry:
        """Both as one: what this one left unsaid is as the earlier one had it, if that was the same boot."""
        if earlier.boot != self.boot:
            return self
        said = {name: value for name in MEASURED if (value := getattr(self, name)) is not None}
        return replace(earlier, **said, live=self.live or earlier.live)


MEASURED = ("battery", "battery_low", "tamper", "line", "charging", "docked")
"""What a Telemetry may tell beside that its device lives."""


@dataclass(frozen=True, slots=True)
class Missing:
    """These devices were not heard for longer than the plan allows."""

    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something is not as it should be. `key` names it (`broker/link`): heard often, it stands once."""

    key: str
    detail: str


@dataclass(frozen=True, slots=True)
class TroubleOver:
    """The trouble of this key is over."""

    key: str


@dataclass(frozen=True, slots=True)
class Look:
    """A second has passed: is it time for something of this day?"""


@dataclass(frozen=True, slots=True)
class Took:
    """The reception says who has taken this pager (command `key`)."""

    key: str
    pager: str
    member: str
    by: str


@dataclass(frozen=True, slots=True)
class Called:
    """The reception called about a pager that is missing (command `key`), and this came of it.

    `member`: who takes it today instead, where it is replaced.
    """

    key: str
    pager: str
    by: str
    outcome: Literal["called", "comes", "replaced"]
    member: str = ""


@dataclass(frozen=True, slots=True)
class Swap:
    """On this day this member carries this pager (command `key`); the reception or a member says so."""

    key: str
    pager: str
    on: date
    member: str
    by: str


@dataclass(frozen=True, slots=True)
class Away:
    """A member is away from `first` up to and including `last` (command `key`), and who stands in; "" is nobody yet.

    `withdrawn`: is not away after all; then `last` and `replacement` say nothing.
    """

    key: str
    member: str
    first: date
    last: date
    replacement: str
    by: str
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One thing that a calendar says, of the days from `first` up to and including `last`."""

    says: Literal["duty", "away", "closed"]
    first: date
    last: date
    pager: str = ""
    member: str = ""


@dataclass(frozen=True, slots=True)
class CalendarRead:
    """A feed of the plan was read and understood: all that it says of the weeks to come."""

    calendar: str
    entries: tuple[CalendarEntry, ...]


@dataclass(frozen=True, slots=True)
class SelfTested:
    """The daily press on no button, through the broker: it has arrived, and goes on to every pager."""

    boot: str
    on: date


@dataclass(frozen=True, slots=True)
class Overdue:
    """The buttons of these zenders were not tested for longer than the plan wants."""

    zenders: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TestButton:
    """Somebody stands at a zender and will press it now (command `key`). `targets` show where; () is every pager."""

    __test__ = False  # pytest would take it for one of its own

    key: str
    zender: int
    by: str
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """The press that a button test waited for was the tester's (command `key`)."""

    key: str
    zender: int
    by: str


@dataclass(frozen=True, slots=True)
class Judge:
    """What the tester saw (command `key`). `right`: the place of the zender stood on what was to show it."""

    key: str
    test: str
    by: str
    right: bool


@dataclass(frozen=True, slots=True)
class StartDrill:
    """Practise an alarm at this zender (command `key`). `announced`: whoever rings is told a minute before."""

    key: str
    zender: int
    by: str
    announced: bool = False


@dataclass(frozen=True, slots=True)
class StopDrill:
    """The drill is over (command `key`)."""

    key: str
    by: str


Heard = (
    Started
    | Stopping
    | PlanRead
    | Tick
    | Durable
    | Pressed
    | Receipt
    | Answer
    | Undo
    | Acknowledge
    | Reached
    | Test
    | HandedOver
    | Failed
    | Status
    | Telemetry
    | Missing
    | Trouble
    | TroubleOver
    | Look
    | Took
    | Called
    | Swap
    | Away
    | CalendarRead
    | SelfTested
    | Overdue
    | TestButton
    | Claim
    | Judge
    | StartDrill
    | StopDrill
)

Commanded = (
    Undo | Acknowledge | Test | Took | Called | Swap | Away | TestButton | Claim | Judge | StartDrill | StopDrill
)
"""What only a command says. Each has a `key`, and what came of it is kept by that."""
