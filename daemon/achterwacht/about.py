"""What a notice is about, for whoever must act on it: whose each pager is, where they are reached, what was tried.

The one place where a notice gets its names and numbers: they stand beside the facts, never in one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from achterwacht.core import facts as f
from achterwacht.core.morning import Row, board
from achterwacht.core.state import State
from achterwacht.journal.people import Person
from achterwacht.outputs.dispatch import About

PersonOf = Callable[[str], Person | None]


def about(ordered: f.Ordered, state: State, person: PersonOf) -> tuple[About, ...]:
    """What this order is about, as it is now. A pager that has left the plan is named all the same."""
    if ordered.reason == "gaps in the roster":
        return tuple(About(gap.pager, _name(gap.member, person), on=gap.on) for gap in state.gaps)
    if not ordered.about:
        return ()
    rows = {row.pager: row for row in board(state)}
    lacks = ordered.reason != "pagers not back"  # there it is told for what they have, not for what they lack
    return tuple(_of_pager(pager, rows.get(pager), person, lacks) for pager in ordered.about)


def _of_pager(pager: str, row: Row | None, person: PersonOf, lacks: bool) -> About:
    if row is None:
        return About(pager)
    member = row.member or row.duty
    known = person(member)
    tried = row.missing.tried if row.missing else ()
    return About(
        pager=pager,
        member=_name(member, person),
        phone=known.phone if known else "",
        why=(row.why or "") if lacks else "",
        tried=tuple(replace(one, by=_name(one.by, person)) for one in tried),
    )


def _name(member: str, person: PersonOf) -> str:
    known = person(member)
    return known.name if known else member
