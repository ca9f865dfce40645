"""Text as the simplest display can show it: the signs from space to ~, and nothing else.

Knows what letters and signs look like. Whether a text that loses some of them is good enough is for others to say: a
page goes out all the same, a plan is corrected first.
"""

from __future__ import annotations

import unicodedata

UNKNOWN = "?"
"""Stands for a sign that has no likeness in plain ASCII."""

# What no decomposition turns into ASCII, and people write in places: letters that are more than a plain one with a sign
# above or below it, and the dashes and quotes of text editors.
_SPELLED = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L"}
    | {"‘": "'", "’": "'", "„": '"', "“": '"', "”": '"', "–": "-", "—": "-"}
)


def plain_ascii(text: str) -> str:
    """The text with é as e and … as ...; UNKNOWN for a sign that has no such form. Never fails."""
    return "".join(UNKNOWN if (shown := _spelled(sign)) is None else shown for sign in text)


def cannot_show(text: str) -> str:
    """The signs that `plain_ascii` has no form for, each once; empty when all of the text can be shown."""
    return "".join(sign for sign in dict.fromkeys(text) if _spelled(sign) is None)


def _spelled(sign: str) -> str | None:
    """One sign in plain ASCII, perhaps in more signs, none for an accent alone; None when it has no such form."""
    apart = unicodedata.normalize("NFKD", sign.translate(_SPELLED))
    plain = "".join(part for part in apart if not unicodedata.combining(part))
    return plain if plain.isascii() and plain.isprintable() else None
