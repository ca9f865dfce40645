"""What the simplest display shows of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.core.plain_ascii import UNKNOWN, cannot_show, plain_ascii


@pytest.mark.parametrize(
    ("text", "plain", "lost"),
    [
        ("Balie 3", "Balie 3", ""),
        ("Café één, 1ᵉ verdieping", "Cafe een, 1e verdieping", ""),
        ("Straße – ‘Øst’ „Łódź”", "Strasse - 'Ost' \"Lodz\"", ""),
        ("een\u00a0plek…", "een plek...", ""),
        ("Balie?", "Balie?", ""),
        ("Balie → 3 →", "Balie ? 3 ?", "→"),
        ("办公室", "???", "办公室"),
        ("Balie\t3", "Balie?3", "\t"),
    ],
)
def test_a_text_as_it_is_shown(text: str, plain: str, lost: str) -> None:
    assert (plain_ascii(text), cannot_show(text)) == (plain, lost)


@given(st.text())
def test_any_text_is_shown_and_what_is_lost_is_known(text: str) -> None:
    plain = plain_ascii(text)
    assert all(" " <= sign <= "~" for sign in plain)
    assert all(plain_ascii(sign) == UNKNOWN for sign in cannot_show(text))
    assert not cannot_show(text) or UNKNOWN in plain
