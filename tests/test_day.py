"""The day from outside: who is asked once a second, and the press that tests the house."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import msgspec
import pytest

from achterwacht.core import heard as h
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Plan
from achterwacht.core.state import State
from achterwacht.day import AGAIN_S, Day
from day_house import BY_DAY, local
from house import TOWN_HALL

MONDAY = date(2026, 11, 23)


class Watched(Day):
    """A Day whose words are kept."""

    def __init__(self) -> None:
        self.heard: list[h.Heard] = []
        self.pressed_with: list[bytes] = []
        super().__init__("ab12", self.heard.append, self.pressed_with.append)


def at(clock: str, mono_s: float) -> Moment:
    return Moment(mono_s, local(MONDAY, clock).astimezone(UTC), True)


def with_tests(plan: Plan) -> Plan:
    assert plan.morning is not None
    return replace(plan, morning=replace(plan.morning, button_test_days=31))


def test_a_house_that_hands_out_no_pagers_is_asked_nothing() -> None:
    day = Watched()
    day.look(State(plan=TOWN_HALL), at("08:00", 100.0))
    assert (day.heard, day.pressed_with) == ([], [])


def test_it_presses_when_the_self_test_is_due_and_again_only_after_a_while() -> None:
    day, state = Watched(), State(plan=BY_DAY)
    day.look(state, at("07:59:59", 100.0))
    assert not day.pressed_with
    for second in range(15):
        day.look(state, at("08:00", 200.0 + second))
    assert len(day.pressed_with) == 1 + int(15 / AGAIN_S)
    assert day.pressed(day.pressed_with[0]) == h.SelfTested("ab12", MONDAY)
    assert day.heard == [h.Look()] * 16


def test_buttons_that_were_never_tested_are_told() -> None:
    day = Watched()
    day.look(State(plan=with_tests(BY_DAY)), at("10:00", 100.0))
    assert h.Overdue((5, 6, 7, 9)) in day.heard


@pytest.mark.parametrize("payload", [b"", b"{}", b"[1]", b"\xff", b'{"boot":"ab12","on":"gisteren"}', b"[" * 5000])
def test_what_is_not_our_press_is_nothing(payload: bytes) -> None:
    assert Watched().pressed(payload) is None


def test_a_press_of_another_daemon_keeps_its_name() -> None:
    song = msgspec.json.encode({"boot": "cd34", "on": datetime(2026, 11, 23, tzinfo=UTC).date()})
    assert Watched().pressed(song) == h.SelfTested("cd34", MONDAY)
