"""The page /receptie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from achterwacht.core.readiness import readiness
from achterwacht_dashboard.pages import Page, Seen


def light(seen: Seen) -> Mapping[str, Any]:
    """The one light, and why."""
    house = readiness(seen.state)
    return {
        "light": house.light,
        "reasons": [seen.texts.fault(r.key, r.detail, seen.look.names) for r in house.reasons],
    }


PAGE = Page("receptie", "GET /receptie", {"light": light})
