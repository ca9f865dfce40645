"""A start on rows that this version does not understand: they cost themselves and nothing else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from achterwacht.core import facts as f
from achterwacht.core.codec import encode
from achterwacht.core.escalation import checkpoint
from achterwacht.core.evolve import evolve
from achterwacht.core.moment import Moment
from achterwacht.core.state import EMPTY, State
from achterwacht.journal.files import START, Row, row_hash
from achterwacht.journal.opening import Opened, open_folder
from achterwacht.journal.writer import Journal
from achterwacht.replay import replay

NOW = Moment(1.0, datetime(2026, 11, 21, tzinfo=UTC), True)
STARTED = f.DaemonStarted(NOW, "b0", "test")
RAISED = f.AlarmRaised(NOW, "7-a-1", "7-a-1", 7, "Balie 3", 1.0, 0)
FROM_TOMORROW = '{"at":"2026-11-21T00:00:00Z","mono_s":1.0,"clock_ok":true,"fact":"pager_grew_wings","pager":"p1"}'
DOES_NOT_FIT = encode(f.StepReached(NOW, "9-z-9", 0, "first press"))


def opened(bodies: list[tuple[str, bool]]) -> Opened:
    rows: list[Row] = []
    head = START
    for body, is_checkpoint in bodies:
        rows.append(Row(head.n + 1, is_checkpoint, body, row_hash(head, is_checkpoint, body)))
        head = rows[-1].head
    return Opened(Path("nowhere"), "journal-2026.db", "", tuple(rows), head, False, None, "")


def test_what_is_understood_is_folded_without_a_word() -> None:
    state, problem = replay(opened([(encode(STARTED), False), (encode(RAISED), False)]))
    assert problem is None
    assert state == evolve(evolve(EMPTY, STARTED), RAISED)


@pytest.mark.parametrize("strange", [FROM_TOMORROW, DOES_NOT_FIT, '{"fact":"alarm_raised"}', "nonsense", ""])
def test_a_strange_row_costs_itself_and_what_comes_after_still_counts(strange: str) -> None:
    state, problem = replay(opened([(encode(STARTED), False), (strange, False), (encode(RAISED), False)]))
    assert set(state.alarms) == {"7-a-1"}
    assert problem is not None
    assert problem.startswith("1 rows of the journal are not understood by this version")
    assert "row 2" in problem


@pytest.mark.asyncio
async def test_a_strange_checkpoint_costs_only_time(tmp_path: Path) -> None:
    state: State = evolve(evolve(EMPTY, STARTED), RAISED)
    mark = encode(checkpoint(state, NOW)).replace('"presses":', '"pressings":[],"presses":3,"was":')
    journal = Journal(open_folder(tmp_path, 2026, "now"), lambda n: None, lambda trouble: None)
    journal.append([encode(STARTED), encode(RAISED)])
    journal.append([mark], checkpoint=True)
    await write_all(journal)

    found = open_folder(tmp_path, 2026, "now")
    assert [row.checkpoint for row in found.rows] == [True]
    state, problem = replay(found)
    assert set(state.alarms) == {"7-a-1"}
    assert problem is not None
    assert "row 3" in problem


async def write_all(journal: Journal) -> None:
    writing = asyncio.create_task(journal.run())
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.wait({writing})
    assert journal.clean
