"""A plan whose day lasts a minute: its blocks, its times of day, and that no midnight is crossed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from achterwacht_sim.sped_up import LOCAL, until_it_fits_s, write_plan

HOUSE = """# The house.
site: {name: VOORBEELD}
morning: {check_at: "09:00", pagers_needed: 2} # replaced
members:
  - id: lid-1
"""


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2026, 11, 23, hour, minute, second, tzinfo=LOCAL)


def test_blocks_are_replaced_and_times_are_so_many_seconds_from_now(tmp_path: Path) -> None:
    house = tmp_path / "house"
    house.mkdir()
    (house / "achterwacht.yaml").write_text(HOUSE)
    (house / "zenders.yaml").write_text("zenders: []\n")
    (house / "broker.password").write_text("secret")
    plan = YAML(typ="rt").load("""
morning: {check_at: +95s, settle_s: 0.5}
hours: {special: [+5s, "2026-12-24"], monday: &all "00:00-23:59:59", tuesday: *all}
""")
    write_plan(house, tmp_path / "own", plan, at(8, 59))
    read = YAML(typ="safe").load((tmp_path / "own" / "achterwacht.yaml").read_text())
    assert read == {
        "site": {"name": "VOORBEELD"},
        "morning": {"check_at": "09:00:35", "settle_s": 0.5},
        "members": [{"id": "lid-1"}],
        "hours": {"special": ["08:59:05", "2026-12-24"], "monday": "00:00-23:59:59", "tuesday": "00:00-23:59:59"},
    }
    assert "*" not in (tmp_path / "own" / "achterwacht.yaml").read_text(), "the house's files take no aliases"
    assert sorted(file.name for file in (tmp_path / "own").iterdir()) == ["achterwacht.yaml", "zenders.yaml"]
    assert (house / "achterwacht.yaml").read_text() == HOUSE, "the house's own files stay as they are"


@pytest.mark.parametrize(
    ("now", "ahead_s", "wait_s"),
    [
        (at(9, 0), 0, 0.0),
        (at(23, 57, 29), 0, 0.0),
        (at(23, 57, 30), 0, 150.0),
        (at(23, 56, 44), 45, 0.0),
        (at(23, 56, 45), 45, 195.0),
        (at(23, 59, 59), 45, 1.0),
        (at(0, 0), 45, 0.0),
    ],
)
def test_no_time_of_the_plan_lies_beyond_midnight(now: datetime, ahead_s: int, wait_s: float) -> None:
    plan = {"morning": {"watch_at": "+3s", "check_at": "+30s"}}
    assert until_it_fits_s(plan, ahead_s, now) == wait_s


def test_a_plan_without_such_times_waits_for_no_midnight() -> None:
    assert until_it_fits_s({"ladder": {"repeat_s": 2}}, 45, at(23, 59, 59)) == 0.0
