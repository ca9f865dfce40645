"""The page /balie/{zender}: an ordinary page about today, and one grey line that changes one word when help is coming.

Discreet (S9): it says nothing that a visitor could read. Which sign a desk has is core/display.py's; its words are in
words/desk.py. Where the plan does not want the sign (`help`), there is no such page.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from achterwacht.core.display import help_sign
from achterwacht.core.roster import RosterDay, days
from achterwacht.outputs.texts.day import day_word
from achterwacht_dashboard.house import Look
from achterwacht_dashboard.pages import Page, Seen

DAYS = 5
"""A working week, as such a page would have it."""


def may_be_shown(look: Look, zender: int) -> bool:
    """Whether this desk has the page. While no plan is known it may: a page that was open before must come back."""
    return not look.boot or _has_sign(look, zender)


def sign_line(seen: Seen, zender: int) -> str:
    """The discreet sign of this desk in the house's own words; empty where the plan does not want one."""
    if not _has_sign(seen.look, zender):
        return ""
    return seen.words(f"desk.{help_sign(seen.state, zender, seen.house_s).sign}")


def _has_sign(look: Look, zender: int) -> bool:
    known = look.state.plan.zender(zender)
    return known is not None and known.help


def today(seen: Seen) -> Mapping[str, Any]:
    """What anybody may read: the date, and when the desks are open."""
    on = seen.now.local.date()
    has_hours = bool(seen.state.plan.hours.week)
    coming = [_day(seen, day) for day in days(seen.state, on, DAYS)] if has_hours else []
    return {"day": day_word(on, seen.texts), "week": on.isocalendar().week, "days": coming}


def _day(seen: Seen, day: RosterDay) -> tuple[str, str]:
    opens = seen.words("desk.closed") if day.opening is None else "–".join(map(_clock, day.opening))
    return day_word(day.on, seen.texts), opens


def _clock(at: time) -> str:
    return f"{at:%H:%M}"


def line(seen: Seen) -> Mapping[str, Any]:
    """The one line."""
    return {"line": sign_line(seen, seen.zender)}


PAGE = Page("balie", "GET /balie/{zender}", {"today": today, "line": line})
