"""The pages of /beheer, in the order of their menu; templates/beheer/base.html shows it.

Knows paths and the keys of their names in words/admin.py. Who may see which is access.py's.
"""

from __future__ import annotations

from achterwacht_dashboard import access
from achterwacht_dashboard.access import Viewer

PAGES: tuple[tuple[str, str], ...] = (
    ("people", "/beheer/mensen"),
    ("phones", "/beheer/telefoons"),
    ("pagers", "/beheer/piepers"),
    ("zenders", "/beheer/zenders"),
    ("roster", "/beheer/rooster"),
    ("button_test", "/beheer/knoptest"),
    ("journal", "/beheer/journaal"),
    ("deeds", "/beheer/gedaan"),
    ("accounts", "/beheer/accounts"),
    ("devices", "/beheer/toestellen"),
    ("about", "/beheer/over"),
)


def menu(viewer: Viewer | None) -> list[tuple[str, str]]:
    """The pages that this viewer may see: key and path."""
    return [(key, path) for key, path in PAGES if access.may(viewer, f"GET {path}")]
