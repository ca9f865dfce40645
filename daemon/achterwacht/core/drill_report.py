"""What a drill has shown: who was rung, saw it, said to come and came, in how many seconds.

Measured from the facts of one drill (incident.py) alone. Leaves the words to outputs/texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from achterwacht.core import facts as f
from achterwacht.core.heard import AnswerWord
from achterwacht.core.incident import Ended, Incident, Line
from achterwacht.core.plan import PAGER


@dataclass(frozen=True, slots=True)
class Took:
    """How one person did. Times in seconds since it first rang for anybody; None for never.

    `by`: a member's id, or the pager (`pager:p1`) where nobody was known to carry it. `asked_at` and `asked_s` are None
    for whoever answered and was not rung.
    """

    by: str
    asked_at: datetime | None
    asked_s: float | None
    shown_s: float | None
    """When something of theirs first said that it shows it; None also where nothing could say so."""
    coming_s: float | None
    on_scene_s: float | None
    cannot_s: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """One drill, measured. Times in seconds since it first rang; None for never."""

    drill: str
    zender: int
    place: str
    raised_at: datetime
    by: str
    announced: bool
    needed: int
    """How many were to come."""
    ended: Ended | None
    """None while it runs."""
    enough_s: float | None
    """When enough were coming for the first time."""
    first_there_s: float | None
    persons: tuple[Took, ...]
    """In the order in which they were asked."""


def report(story: Incident) -> Report:
    """What this drill has shown. Raises ValueError for the story of an alarm, or one whose beginning is lost."""
    raised = next((line.fact for line in story.lines if isinstance(line.fact, f.DrillRaised)), None)
    if raised is None:
        raise ValueError(f"{story.incident} is no drill, or its beginning is lost")
    carriers = {f"{PAGER}:{pager}": member for pager, member in raised.carriers}
    persons = tuple(_took(by, lines) for by, lines in _by_person(story, carriers).items())
    there_s = [took.on_scene_s for took in persons if took.on_scene_s is not None]
    return Report(
        drill=story.incident,
        zender=story.zender,
        place=story.place,
        raised_at=story.raised_at,
        by=raised.by,
        announced=raised.announced,
        needed=raised.needed,
        ended=story.closed,
        enough_s=_enough_s(story, raised.needed),
        first_there_s=min(there_s, default=None),
        persons=persons,
    )


def _by_person(story: Incident, carriers: dict[str, str]) -> dict[str, list[Line]]:
    """Whoever was rung or answered, with the lines about them."""
    lines: dict[str, list[Line]] = {}
    for line in story.lines:
        if isinstance(line.fact, f.Answered):
            lines.setdefault(line.fact.by, []).append(line)
        elif isinstance(line.fact, f.OrderShown) or (isinstance(line.fact, f.Ordered) and line.fact.kind == "drill"):
            target = line.fact.target
            person = carriers.get(target, target) if target.startswith(f"{PAGER}:") else target.partition(":")[2]
            lines.setdefault(person, []).append(line)
    return lines


def _took(by: str, lines: list[Line]) -> Took:
    asked = next((line for line in lines if isinstance(line.fact, f.Ordered)), None)
    return Took(
        by=by,
        asked_at=asked.fact.when.at if asked else None,
        asked_s=asked.after_s if asked else None,
        shown_s=next((line.after_s for line in lines if isinstance(line.fact, f.OrderShown)), None),
        coming_s=_said_s(lines, "coming"),
        on_scene_s=_said_s(lines, "on_scene"),
        cannot_s=_said_s(lines, "cannot"),
    )


def _said_s(lines: list[Line], answer: AnswerWord) -> float | None:
    """When they first said so, and it counted; 0 where that was before it rang."""
    return next((max(0.0, line.after_s) for line, fact in _answers(lines) if fact.answer == answer), None)


def _enough_s(story: Incident, needed: int) -> float | None:
    """When so many were coming or there. Persons count: pagers that nobody is known to carry are one together."""
    come: set[str] = set()
    for line in story.lines:
        if isinstance(line.fact, f.ArrivalMissed | f.SceneSilent):
            come.clear()
        for _, fact in _answers([line]):
            if fact.answer in ("coming", "on_scene"):
                come.add(fact.by)
            elif fact.answer == "cannot":
                come.discard(fact.by)
        if len({"somebody" if by.startswith(f"{PAGER}:") else by for by in come}) >= needed:
            return max(0.0, line.after_s)
    return None


def _answers(lines: list[Line]) -> Iterator[tuple[Line, f.Answered]]:
    return ((line, line.fact) for line in lines if isinstance(line.fact, f.Answered) and line.fact.counts)
