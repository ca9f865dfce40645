"""What the events of a calendar say of the roster: titles and days become entries.

What is not understood is never guessed: a title that could mean two things means nothing, and is told. How a calendar
is read, and what its events are, is ical_child.py's.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Literal

from achterwacht.core.heard import CalendarEntry

Of = Literal["duty", "away", "closed"]
"""What the events of a calendar are about."""

PAGER_WORDS = ("pieper", "pager")
"""With a number after it such a word is a name of the pager `p<number>`."""
NUMBERED = re.compile(r"p([0-9]+)")
BETWEEN = re.compile(r"\s*[:,;=/>]\s*|\s+[-–—]+\s+|\s+")
"""What stands between a pager and a member. A dash needs room on both sides: ids have dashes too."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event, once for each time that it recurs: its title, and the local days that it touches, both included."""

    summary: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Understood:
    """What a calendar says, each thing once and in order; and the events that say nothing to us."""

    entries: tuple[CalendarEntry, ...]
    unclear: tuple[Event, ...]


def understood(of: Of, events: Iterable[Event], pagers: Iterable[str], members: Mapping[str, str]) -> Understood:
    """What these events say. `members`: full names by id, "" where none is known.

    Two events by which different members carry one pager on one day are both unclear.
    """
    pager_by = _pagers(pagers)
    member_by = _members(members)
    saying: dict[CalendarEntry, list[Event]] = defaultdict(list)
    unclear = []
    for event in events:
        entry = _entry(of, event, pager_by, member_by)
        if entry is None:
            unclear.append(event)
        else:
            saying[entry].append(event)
    for entry in set(_contradicting(saying)):
        unclear += saying.pop(entry)
    return Understood(
        tuple(sorted(saying, key=lambda entry: (entry.first, entry.last, entry.pager, entry.member))),
        tuple(sorted(unclear, key=lambda event: (event.first, event.last, event.summary))),
    )


def folded(text: str) -> str:
    """The text as it is compared: small letters without accents, one space between words."""
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign))
    return " ".join(plain.casefold().split())


def _entry(of: Of, event: Event, pager_by: Mapping[str, str], member_by: Mapping[str, str]) -> CalendarEntry | None:
    said = folded(event.summary)
    if of == "closed":
        return CalendarEntry("closed", event.first, event.last)
    if of == "away":
        away = member_by.get(said)
        return CalendarEntry("away", event.first, event.last, member=away) if away else None
    pairs = set(_duties(said, pager_by, member_by))
    if len(pairs) != 1:
        return None
    pager, member = pairs.pop()
    return CalendarEntry("duty", event.first, event.last, pager, member)


def _duties(said: str, pager_by: Mapping[str, str], member_by: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every way to read a title as a pager and who carries it."""
    for spelled, pager in pager_by.items():
        if said.startswith(spelled) and (between := BETWEEN.match(said, len(spelled))):
            member = member_by.get(said[between.end() :])
            if member:
                yield pager, member


def _pagers(ids: Iterable[str]) -> dict[str, str]:
    """The ids by every spelling."""
    found = {}
    for id in ids:
        found[folded(id)] = id
        if numbered := NUMBERED.fullmatch(id):
            found |= {f"{word} {numbered[1]}": id for word in PAGER_WORDS}
    return found


def _members(names: Mapping[str, str]) -> dict[str, str]:
    """The ids by themselves and by name, where that is one member's alone."""
    found: dict[str, set[str]] = defaultdict(set)
    for id, name in names.items():
        for spelled in filter(None, (folded(id), folded(name))):
            found[spelled].add(id)
    return {spelled: ids.pop() for spelled, ids in found.items() if len(ids) == 1}


def _contradicting(entries: Iterable[CalendarEntry]) -> Iterator[CalendarEntry]:
    """Entries that give a pager to different members on the same day."""
    of_pager: dict[str, list[CalendarEntry]] = defaultdict(list)
    for entry in entries:
        if entry.says == "duty":
            of_pager[entry.pager].append(entry)
    for its in of_pager.values():
        for one, other in combinations(its, 2):
            if one.member != other.member and one.first <= other.last and other.first <= one.last:
                yield one
                yield other
