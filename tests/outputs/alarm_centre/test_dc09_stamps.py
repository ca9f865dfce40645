"""The times in acknowledgements: a clock may be wrong, drift, and be set, and what was recorded is not believed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from achterwacht.outputs.alarm_centre.stamps import BELIEVED_AGAIN_S, STEP_MAX_S, Stamps
from dc09 import AT

EVERY_S = 60.0
"""Between two supervisions."""


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


@pytest.mark.parametrize("off_s", [0.0, -1e9, 1e9])
def test_a_clock_that_is_wrong_and_goes_on_is_believed(off_s: float) -> None:
    stamps = Stamps()
    assert [stamps.fault(after(off_s + s), s) for s in (0.0, 1.0, 60.0, 86400.0)] == [""] * 4


@pytest.mark.parametrize(("off_s", "why"), [(-STEP_MAX_S - 2, "62 s behind"), (STEP_MAX_S + 2, "62 s ahead")])
def test_a_time_far_from_what_is_expected_is_refused_and_the_right_one_after_it_is_not(off_s: float, why: str) -> None:
    stamps = Stamps()
    assert stamps.fault(after(0.0), 0.0) == ""
    assert why in stamps.fault(after(100.0 + off_s), 100.0)
    assert stamps.fault(after(100.0), 100.0) == ""


def test_the_newest_one_repeated_for_ever_is_refused_before_three_supervisions_have_passed() -> None:
    stamps = Stamps()
    believed = [stamps.fault(AT, EVERY_S * n) == "" for n in range(10)]
    assert believed == [True, True] + [False] * 8


@pytest.mark.parametrize("drift", [0.999, 1.001])
def test_a_clock_that_drifts_is_followed_for_ever(drift: float) -> None:
    stamps = Stamps()
    assert not any(stamps.fault(after(EVERY_S * n * drift), EVERY_S * n) for n in range(10_000))


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0])
def test_a_clock_that_was_set_is_believed_again_after_an_hour(step_s: float) -> None:
    stamps = Stamps()
    assert stamps.fault(AT, 0.0) == ""
    times = [EVERY_S * n for n in range(1, 100)]
    believed = [s for s in times if stamps.fault(after(s + step_s), s) == ""]
    assert believed == [s for s in times if s >= EVERY_S + BELIEVED_AGAIN_S]


def test_who_never_told_a_time_need_not_and_who_did_must() -> None:
    stamps = Stamps()
    assert stamps.fault(None, 0.0) == stamps.fault(None, 1.0) == ""
    assert stamps.fault(AT, 2.0) == ""
    assert "without its time" in stamps.fault(None, 3.0)
