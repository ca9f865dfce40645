"""What every language must have words for. nl.py and en.py fill it; how they are put together is __init__.py's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FaultWords:
    """A kind of fault: what is so, what that means for the house, and what to do about it."""

    title: str
    """Without a capital and a full stop: it follows others. Names its {device}, where it is of one."""
    means: str
    do: str
    many: str = ""
    """The title of {count} devices of a kind that are told in one line; empty where the fault is of no device."""


@dataclass(frozen=True, slots=True)
class NoticeWords:
    """A notice: what can wait, and is about no alarm."""

    page: str
    """On a pager: plain ASCII, upper case. May name its {pagers}."""
    title: str
    text: str
    """In whole sentences, as a telephone's message has them."""
    lists: bool = False
    """Whether each thing that it is about follows, with whom to call."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Templates name what they need in braces: a fact's fields, in words."""

    facts: Mapping[str, str]
    """By fact, or `fact.variant` where one fact has more than one sentence."""
    answers: Mapping[str, str]
    results: Mapping[str, str]
    """What is added to an answer that was not accepted."""
    reasons: Mapping[str, str]
    wishes: Mapping[str, str]
    """What a command that was refused had asked for."""
    whys: Mapping[str, str]
    """Why a pager does not count as picked up, as said of it."""
    pager_places: Mapping[str, str]
    hows: Mapping[str, str]
    """How it is known who carries a pager; may be followed by who said so."""
    by: str
    """{how} it is known, and {by} whom."""
    tried: Mapping[str, str]
    """What was done about a missing pager, {by} whom and {at} what time."""
    doubt: str
    """What follows a check that was made by a clock that nobody vouched for."""
    test_ends: Mapping[str, str]
    drill_ends: Mapping[str, str]
    hops: Mapping[str, str]
    stages: Mapping[str, str]
    phases: Mapping[str, str]
    notes: Mapping[str, str]
    """The core's own objections, by its English; a reason that a person gave stays as it was given."""
    failures: Mapping[str, str]
    """Why a carrier took no order, by a pattern for its English whose groups have names. What fits none is for the
    installer."""
    faults: Mapping[str, FaultWords]
    """By kind of fault (core/faults.py), and by what the whole lacks (core/readiness.py)."""
    fault_detail: str
    """A fault's {title} with its {detail}."""
    acknowledge: str
    """What is to be done besides about a fault that only a person can end, by its {key}."""
    measured: Mapping[str, str]
    """What a device told about itself: by its field, or `field.value` where that has words of its own."""
    channels: Mapping[str, str]
    other_way: str
    """The telephone of {who} by a {way} that the plan has named."""
    some_device: Mapping[str, str]
    """A device of which nobody said which, by its channel."""
    own_devices: Mapping[str, str]
    """Devices that are always called the same."""
    carriers: Mapping[str, str]
    """Who answers from a device that nobody is known to carry."""
    no_carrier: str
    none: str
    """No pager."""
    and_: str
    after: str
    """How the time since the press follows a sentence."""
    decimal_sign: str
    seconds: str
    page: Mapping[str, str]
    """What follows the place on a pager, by kind of order: plain ASCII, upper case."""
    page_asks: Mapping[str, str]
    """What follows the place where the reason says more than the kind."""
    page_test: str
    """The test of the button at a {place}: that it is one comes first."""
    drill: str
    """What comes before all else where it is about a drill: plain ASCII, upper case."""
    this_is_a_drill: str
    """The same as a sentence."""
    phone: Mapping[str, tuple[str, str]]
    """The title and the text of a message on a telephone, by kind of order."""
    phone_because: Mapping[str, tuple[str, str]]
    """The same where the reason says more than the kind."""
    notices: Mapping[str, NoticeWords]
    """By reason, or `reason.kind` where one reason is told to some in other words."""
    about: str
    """A {pager} that a notice is about, and what is {told} of it: a whole sentence."""
    and_more: str
    """The {pagers} of which there is no room to tell it."""
    whose_today: str
    """Which {member} is to carry it today: a whole sentence."""
    gaps: Mapping[str, str]
    """What the roster lacks on a day: that nobody carries a {pager}, or that its {member} carries two."""
    buttons: Mapping[str, str]
    """What stands on the button that gives an answer."""
    confirming: str
    """What it means to confirm a message in Pushover, which has a button of its own for that."""
    script_112: str
    on_scene: tuple[str, str, str]
    """Nobody, one, and more ({count}) of us on the scene, as 112 hears it."""
    story: Mapping[str, str]
    """Headings and lines of one incident's story."""
    watch: Mapping[str, str]
    """What `watch` says beside the facts."""
    standing: Mapping[str, str]
    """What `status` says beside the faults: headings, columns, counts."""
    lights: Mapping[str, str]
    works: Mapping[str, str]
    lines: Mapping[str, str]
    transports: Mapping[str, str]
    weaker: Mapping[str, tuple[str, str]]
    """By weakness of a zender: the mark in its row, and what that means."""
    outcome: Mapping[str, str]
    """What became of an answer or command."""
    testing: Mapping[str, str]
    """What `test-page` says beside the facts."""
    day: Mapping[str, str]
    """What `morning` and `roster` say, and the commands of a day."""
    practice: Mapping[str, str]
    """What `test` and `drill` say beside the facts."""
