"""S1 on the journal alone: killed again and again while it writes, it keeps what it called durable."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from journal_child import kill_while_writing

KILLS = 60


@pytest.mark.storm
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_durable_row_is_missing_after_many_kills(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(KILLS):
        kill_while_writing(tmp_path, lines=chance.randint(2, 1000))
