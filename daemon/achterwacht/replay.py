"""The state that the journal's rows add up to. A row that this version does not understand costs that row alone.

A sound chain is the journal's business. This is about meaning: after a step back to an older version, or a bug, a row
may be there that cannot be read or does not fit. A daemon that died of it would be started again for ever, and page
nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from achterwacht.core import facts as f
from achterwacht.core.codec import decode
from achterwacht.core.evolve import evolve
from achterwacht.core.state import EMPTY, State
from achterwacht.errors import JournalError
from achterwacht.journal.files import Row
from achterwacht.journal.opening import Opened
from achterwacht.journal.reader import read


def replay(opened: Opened) -> tuple[State, str | None]:
    """The state, and what was not understood, in words.

    When the checkpoint itself is not understood, everything before it is read too: slow, and complete.
    """
    state, problem = _fold(EMPTY, opened.rows)
    if problem and opened.rows[0].checkpoint and _fold(EMPTY, opened.rows[:1])[1]:
        with suppress(JournalError):  # an older file may be out of reach: then what was folded must do
            state, problem = _fold(EMPTY, read(opened.folder))
    return state, problem


def _fold(state: State, rows: Iterable[Row]) -> tuple[State, str | None]:
    first: str | None = None
    count = 0
    for row in rows:
        try:
            fact: f.Fact = decode(row.body)
            state = evolve(state, fact)
        except Exception as error:  # whatever is wrong with one row, the others are still about people
            first = first or f"row {row.n}: {error!r}"
            count += 1
    if first is None:
        return state, None
    return (
        state,
        f"{count} rows of the journal are not understood by this version and were left out; the first is {first}",
    )
