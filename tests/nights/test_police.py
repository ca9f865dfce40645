"""Nights that need the police: a person is asked to call 112, and asked again, then the next (S7)."""

from __future__ import annotations

from achterwacht.core import facts as f
from house import TEAM_RINGS, House


def somebody_is_there(house: House) -> None:
    """Balie 3 presses; Anna and Cor are with the visitor after five seconds."""
    house.press(7)
    house.wait(5)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("on_scene")
    house.pager("p3").answers("on_scene")


def test_told_to_leave_twice(house: House) -> None:
    somebody_is_there(house)
    house.pager("p1").answers("told_to_leave")
    house.wait(5)
    assert house.alarm(7).police == "none"
    house.pager("p3").answers("told_to_leave")  # by whom of them does not matter
    assert house.all(f.PoliceAdvised)[0].reason == "told to leave twice"
    house.wait(0.1)
    house.asks_112("Balie 3", "els")


def test_told_to_leave_twice_within_five_seconds_was_a_thumb_that_slipped(house: House) -> None:
    somebody_is_there(house)
    house.pager("p1").answers("told_to_leave")
    house.wait(4.9)
    house.pager("p1").answers("told_to_leave")
    assert house.alarm(7).police == "none"
    house.wait(0.2)
    house.pager("p1").answers("told_to_leave")
    assert house.alarm(7).police == "advised"
    house.wait(0.1)
    house.asks_112("Balie 3", "els")


def test_the_caller_does_not_confirm_nor_the_next(house: House) -> None:
    somebody_is_there(house)
    house.pager("p1").answers("need_112")
    house.wait(0.1)
    house.asks_112("Balie 3", "els")
    house.wait(29.7)
    house.asks_112("Balie 3", "")
    house.wait(0.3)
    house.asks_112("Balie 3", "fred")
    for _ in range(10):
        house.wait(30)
        house.asks_112("Balie 3", "els fred")
        house.pager("p1").answers("on_scene")
    house.says("els", "called_112")
    assert house.alarm(7).police == "called"
    house.wait(60)
    house.pager("p1").answers("police_here")
    assert house.alarm(7).police == "arrived"
    assert house.pager("p1").answers("all_clear") == "accepted"


def test_the_caller_says_that_they_cannot(house: House) -> None:
    somebody_is_there(house)
    house.pager("p1").answers("need_112")
    house.wait(3)
    house.asks_112("Balie 3", "els")
    house.says("els", "cannot")
    house.wait(0.1)
    house.asks_112("Balie 3", "fred")
    house.says("fred", "cannot")
    house.wait(0.1)
    house.asks_112("Balie 3", "els fred")
    house.wait(29)
    house.asks_112("Balie 3", "")  # no haste any more: all of them know


def test_the_last_to_say_cannot_come_may_still_call(house: House) -> None:
    house.press(7)
    house.wait(31)
    for member in ("anna", "bas", "cor", "dina", "fred", "els"):
        house.says(member, "cannot")
    house.wait(0.1)
    house.asks_112("Balie 3", "els")  # "cannot" was said before the question
    house.lets_ring()


def test_the_phone_of_the_caller_is_broken(house: House) -> None:
    house.failing = {"phone:els": "not built yet"}
    somebody_is_there(house)
    house.pager("p1").answers("need_112")
    house.wait(0.1)
    house.asks_112("Balie 3", "fred")
    assert [asked.reason for asked in house.all(f.CallersAsked)] == ["asked for by a member", "caller not reachable"]


def test_no_caller_can_be_reached(house: House) -> None:
    house.failing = {"phone:els": "not built yet", "phone:fred": "not built yet"}
    somebody_is_there(house)
    house.pager("p1").answers("need_112")
    house.wait(31)
    house.asks_112("Balie 3", TEAM_RINGS)  # whoever the ladder has rung must do it


def test_the_police_have_come_and_a_late_word_does_not_send_them_away(house: House) -> None:
    somebody_is_there(house)
    house.pager("p1").answers("police_here")
    house.says("els", "called_112")
    assert house.alarm(7).police == "arrived"


def test_somebody_called_before_anybody_asked(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("called_112")
    house.wait(70)
    house.asks_112("Balie 3", "")
    house.lets_ring()


def test_while_somebody_is_coming_112_is_not_asked_before_its_time(house: House) -> None:
    house.press(7)
    house.wait(31)
    house.pager("p1").answers("coming")
    for member in ("bas", "cor", "dina", "els", "fred"):
        house.says(member, "cannot")
    house.wait(28)
    assert house.alarm(7).police == "none"
    house.wait(2)
    house.asks_112("Balie 3", "els")
    house.lets_ring()
