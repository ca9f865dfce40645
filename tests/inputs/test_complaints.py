"""A bad message is counted always and told now and then: a flood of them is one fault, and costs the core nothing."""

from __future__ import annotations

import pytest

from achterwacht.core import heard as h
from achterwacht.inputs import complaints
from achterwacht.inputs.complaints import TELL_AGAIN_S, Complaints


def test_the_first_is_told_at_once_and_the_rest_is_counted() -> None:
    about = Complaints(others="mqtt/malformed")
    assert about.about("zender:5/malformed", "not JSON", 0.0) == h.Trouble("zender:5/malformed", "not JSON")
    assert [about.about("zender:5/malformed", "not JSON", 9.9) for _ in range(99)] == [None] * 99
    assert about.times("zender:5/malformed") == 100
    assert about.times("zender:6/malformed") == 0


def test_each_fault_is_told_at_its_own_pace_with_the_newest_detail() -> None:
    about = Complaints(others="mqtt/malformed")
    assert about.about("zender:5/malformed", "not JSON", 0.0)
    assert about.about("zender:6/malformed", "not JSON", 5.0)
    assert about.about("zender:5/malformed", "no boot", TELL_AGAIN_S) == h.Trouble("zender:5/malformed", "no boot")
    assert about.about("zender:6/malformed", "not JSON", TELL_AGAIN_S) is None
    assert about.about("zender:5/malformed", "no boot", 2 * TELL_AGAIN_S - 0.1) is None


def test_what_is_beyond_counting_is_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complaints, "COUNTED_MAX", 2)
    about = Complaints(others="mqtt/malformed")
    told = [about.about(f"zender:{nr}/malformed", "not JSON", 0.0) for nr in range(1, 100)]
    keys = [trouble.key for trouble in told if trouble]
    assert keys == ["zender:1/malformed", "zender:2/malformed", "mqtt/malformed"]
    assert about.times("mqtt/malformed") == 97
    about.about("zender:1/malformed", "not JSON", 0.0)
    assert about.times("zender:1/malformed") == 2  # whoever is counted already stays so


def test_the_log_says_how_many_without_filling_the_disk(caplog: pytest.LogCaptureFixture) -> None:
    about = Complaints(others="mqtt/malformed")
    for _ in range(1000):
        about.about("zender:5/malformed", "not JSON", 0.0)
    assert len(caplog.messages) == 10  # 1, 2, 4 ... 512
    assert caplog.messages[-1] == "zender:5/malformed: no. 512 of this kind: not JSON"
