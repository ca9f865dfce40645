"""What can be seen of a node from outside: a lamp, a display, a buzzer, a link that comes and goes.

Small frozen facts; sentences.py puts them into words, watching.py waits for them.
"""

from __future__ import annotations

from dataclasses import dataclass

from achterwacht_sim.wire import OpenList, Page


@dataclass(frozen=True, slots=True)
class Online:
    """The node has a broker and has told its birth."""

    boot: str


@dataclass(frozen=True, slots=True)
class Offline:
    """The node has no broker."""

    reason: str


@dataclass(frozen=True, slots=True)
class Restarted:
    """The node started with a new boot and has forgotten all."""

    boot: str


@dataclass(frozen=True, slots=True)
class MalformedHeard:
    """A message that is not what docs/wire.md says. The node did nothing with it."""

    topic: str
    why: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """The button of a zender was pressed."""

    press: str
    seq: int


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The daemon has heard a press; `durable` says whether it is in the journal."""

    press: str
    boot: str
    seq: int
    incident: str
    durable: bool


@dataclass(frozen=True, slots=True)
class HelpChanged:
    """The discreet sign for the presser changed."""

    incident: str
    state: str
    coming: int


@dataclass(frozen=True, slots=True)
class Received:
    """A page arrived whose id was not seen before. It rings and is shown later, often at once."""

    page: Page


@dataclass(frozen=True, slots=True)
class Rings:
    """A pager rings and shows the text."""

    page: Page


@dataclass(frozen=True, slots=True)
class Shows:
    """A pager shows a text without ringing; `vibrates` for a test and a reminder."""

    page: Page
    vibrates: bool


@dataclass(frozen=True, slots=True)
class Proves:
    """A pager proves that it can be reached: it says its receipts of a check, and nobody sees anything of it."""

    page: Page


@dataclass(frozen=True, slots=True)
class Over:
    """A pager took an incident off its display. `shown` is the text that stood there, or nothing."""

    page: Page
    shown: str


@dataclass(frozen=True, slots=True)
class Answers:
    """The carrier gave an answer."""

    seq: int
    incident: str
    answer: str
    member: str = ""


@dataclass(frozen=True, slots=True)
class AnswerHeard:
    """The daemon said what became of a receipt or an answer; `answer` is empty for a receipt."""

    boot: str
    seq: int
    answer: str
    result: str
    reason: str
    durable: bool


@dataclass(frozen=True, slots=True)
class OpenChanged:
    """The list of open incidents on a pager's display changed."""

    open: OpenList


@dataclass(frozen=True, slots=True)
class NoConnection:
    """A pager heard no canary for too long: it shows GEEN VERBINDING and vibrates."""


@dataclass(frozen=True, slots=True)
class ConnectionBack:
    """A pager hears the canary again."""


Event = (
    Online
    | Offline
    | Restarted
    | MalformedHeard
    | Pressed
    | Confirmed
    | HelpChanged
    | Received
    | Rings
    | Shows
    | Proves
    | Over
    | Answers
    | AnswerHeard
    | OpenChanged
    | NoConnection
    | ConnectionBack
)


@dataclass(frozen=True, slots=True)
class Noted:
    """One event of one node. `at_s` is monotonic; `n` counts from 1 within one Lookout."""

    n: int
    at_s: float
    node: str
    event: Event
