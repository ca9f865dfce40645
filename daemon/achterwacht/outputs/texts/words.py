"""What every language must have words for. nl.py and en.py fill it; how they are put together is __init__.py's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Templates name what they need in braces: a fact's fields, in words."""

    facts: Mapping[str, str]
    """By fact, or `fact.variant` where one fact has more than one sentence."""
    answers: Mapping[str, str]
    results: Mapping[str, str]
    """What is added to an answer that was not accepted."""
    reasons: Mapping[str, str]
    hops: Mapping[str, str]
    stages: Mapping[str, str]
    phases: Mapping[str, str]
    notes: Mapping[str, str]
    """The core's own objections, by its English; a reason that a person gave stays as it was given."""
    channels: Mapping[str, str]
    carriers: Mapping[str, str]
    """Who answers from a device that nobody is known to carry."""
    no_carrier: str
    and_: str
    after: str
    """How the time since the press follows a sentence."""
    decimal_sign: str
    seconds: str
    page: Mapping[str, str]
    """What follows the place on a pager, by kind of order: plain ASCII, upper case."""
    page_asks: Mapping[str, str]
    """What follows the place where the reason is a question."""
    script_112: str
    on_scene: tuple[str, str, str]
    """Nobody, one, and more ({count}) of us on the scene, as 112 hears it."""
    story: Mapping[str, str]
    """Headings and lines of one incident's story."""
    watch: Mapping[str, str]
    """What `watch` says beside the facts."""
    outcome: Mapping[str, str]
    """What became of an answer or command."""
