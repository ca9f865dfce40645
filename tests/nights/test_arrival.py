"""Nights on which people say that they come: do they arrive, and is all well once they are there?"""

from __future__ import annotations

from achterwacht.core import facts as f
from house import ALL_RING, TEAM_RINGS, House


def two_come(house: House) -> None:
    """Balie 3 presses; Anna and Cor say that they come."""
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("coming")
    house.pager("p3").answers("coming")


def test_one_comes_and_never_arrives(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("coming")
    house.wait(60)
    assert "pager:p1" not in house.alarm(7).step_targets  # the search went on, for others
    house.lets_ring()
    assert house.alarm(7).phase == "ringing"
    assert house.alarm(7).police == "advised"
    house.says("dina", "coming")
    assert house.alarm(7).phase == "coming"
    house.wait(59)
    assert not house.all(f.ArrivalMissed)
    house.lets_ring()
    house.wait(1.1)
    assert house.alarm(7).phase == "ringing"
    house.rings("Balie 3", ALL_RING)  # Anna and Dina too: nobody knows where they are
    house.asks_112("Balie 3", "els fred")


def test_enough_come_and_nobody_arrives(house: House) -> None:
    two_come(house)
    house.wait(59.2)
    house.asks_112("Balie 3", "els")  # a minute after the press, though enough are coming
    assert house.alarm(7).phase == "coming"
    house.wait(1)
    assert house.alarm(7).phase == "ringing"
    house.rings("Balie 3", ALL_RING)
    house.wait(30)
    house.rings("Balie 3", ALL_RING)
    house.asks_112("Balie 3", "fred")


def test_the_scene_is_asked_and_answers(house: House) -> None:
    two_come(house)
    house.wait(20)
    house.pager("p1").answers("on_scene")
    for _ in range(3):
        house.wait(119)
        assert not house.pager("p1").was_asked("all well?")
        house.wait(1.1)
        assert house.pager("p1").was_asked("all well?")
        assert house.phone("anna").was_asked("all well?")
        house.wait(29)
        house.pager("p1").answers("on_scene")  # still all right
    assert house.alarm(7).phase == "on_scene"
    assert house.alarm(7).police == "none"


def test_the_scene_is_silent(house: House) -> None:
    two_come(house)
    house.wait(20)
    house.pager("p1").answers("on_scene")
    house.wait(149)
    assert house.alarm(7).phase == "on_scene"
    house.wait(1.1)
    assert house.alarm(7).phase == "ringing"
    house.rings("Balie 3", ALL_RING)
    house.asks_112("Balie 3", "els")
    assert house.all(f.PoliceAdvised)[0].reason == "no sign from the scene"


def test_one_on_the_scene_does_not_end_the_search(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p2").answers("on_scene")
    assert house.alarm(7).phase == "on_scene"
    house.wait(14.5)
    house.rings("Balie 3", "p1 p3 anna dina")


def test_who_is_on_the_scene_is_asked_whether_112_is_needed(house: House) -> None:
    two_come(house)
    house.wait(20)
    house.pager("p3").answers("on_scene")
    house.wait(39.5)
    assert house.pager("p3").was_asked("112 needed?")
    assert house.alarm(7).police == "none"
    house.pager("p3").answers("need_112")
    house.wait(0.1)
    house.asks_112("Balie 3", "els")


def test_whoever_was_on_the_scene_leaves_after_they_were_asked_about_112(house: House) -> None:
    two_come(house)
    house.pager("p3").answers("on_scene")
    house.wait(60)
    assert house.pager("p3").was_asked("112 needed?")
    house.pager("p3").answers("cannot")
    house.wait(0.1)
    assert house.alarm(7).police == "advised"  # now nobody is there
    house.asks_112("Balie 3", "els")
    house.lets_ring()
