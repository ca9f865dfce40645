"""What of a button test others rely on: its waits are exact, it survives as JSON, and whoever sits there sees it."""

from __future__ import annotations

import pytest

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.codec import from_plain, to_plain
from achterwacht.core.display import HelpSign, help_sign
from achterwacht.core.escalation import decide, due
from achterwacht.core.evolve_tests import CLAIM_S, PRESS_WAIT_S, TEST_MAX_S
from achterwacht.core.state import State
from house import House


def test_it_waits_for_the_press_then_for_the_claim_then_for_the_judgement() -> None:
    house = House()
    assert due(house.state) is None
    house.tests_button(7)
    began_s = house.mono_s
    test = house.all(f.ButtonTestBegan)[0].incident
    assert due(house.state, test) == due(house.state) == pytest.approx(began_s + PRESS_WAIT_S)
    house.wait(5)
    house.press(7)
    assert due(house.state, test) == pytest.approx(began_s + 5 + CLAIM_S)
    house.wait(5)
    house.claims(7)
    assert due(house.state, test) == pytest.approx(began_s + TEST_MAX_S)
    house.judges(right=True)
    assert due(house.state) is None


def test_a_tick_for_another_leaves_it_alone() -> None:
    house = House()
    house.tests_button(7)
    house.mono_s += PRESS_WAIT_S
    assert decide(house.state, h.Tick(("test-d001-99", "7-a-1")), house.now) == ()
    test = house.all(f.ButtonTestBegan)[0].incident
    (ended,) = house.hear(h.Tick((test,)))
    assert isinstance(ended, f.ButtonTestEnded) and ended.end == "not pressed"


def test_a_state_with_a_test_in_it_is_the_same_after_json() -> None:
    house = House()
    house.tests_button(7)
    house.press(7)
    assert from_plain(State, to_plain(house.state)) == house.state
    house.stop()
    house.restart()  # which reads what was written


def test_the_sign_says_test_for_as_long_as_it_is_one() -> None:
    """It names no alarm: a node on a serial line would echo its press."""
    house = House()
    house.tests_button(7)
    assert help_sign(house.state, 7, 0.0) == HelpSign("test", "", 0)
    assert help_sign(house.state, 6, 0.0).sign == "idle"
    house.press(7)
    assert help_sign(house.state, 7, 0.0).sign == "test"
    house.press(7)
    assert help_sign(house.state, 7, 0.0).sign == "idle"  # an alarm, which nobody has seen yet


def test_two_buttons_may_be_tested_at_once_each_by_its_own() -> None:
    house = House()
    house.tests_button(7)
    house.tests_button(6, by="els")
    house.press(6)
    house.press(7)
    assert house.claims(6) == "refused"
    assert house.claims(6, by="els") == "accepted"
    assert house.claims(7) == "accepted"
    assert not house.state.alarms
