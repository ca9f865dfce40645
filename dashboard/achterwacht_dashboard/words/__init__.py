"""The words of the dashboard, in Dutch and in English: one module for each page, which holds both side by side.

Knows keys and languages. Sentences about faults, orders and facts are the daemon's own (`achterwacht.outputs.texts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from achterwacht_dashboard.words import (
    accounts,
    admin,
    board,
    commands,
    common,
    desk,
    floor,
    incidents,
    push,
    sound,
    team,
)

MODULES = (accounts, admin, common, commands, board, floor, team, desk, sound, push, incidents)

WORDS: Mapping[str, Mapping[str, str]] = {
    "nl": {key: text for module in MODULES for key, text in module.NL.items()},
    "en": {key: text for module in MODULES for key, text in module.EN.items()},
}


class Words:
    """The texts of one language. `words("board.light")`; what stands in braces is filled in."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = WORDS[language]

    def __call__(self, key: str, **values: Any) -> str:
        """Raises KeyError for a key, or a value, that is missing: a page with a hole is a bug."""
        return self._texts[key].format(**values)

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self._texts
