"""One button pressed more than once: hammered, pressed again later, left open overnight, or transmitted many times."""

from __future__ import annotations

from dataclasses import replace

from achterwacht.core import facts as f
from achterwacht.core.plan import Pager
from house import BACKUP_RINGS, TEAM_RINGS, TOWN_HALL, House

DAY_S = 24 * 3600.0


def test_a_burst_rings_once(house: House) -> None:
    first = house.press(7)
    for _ in range(4):
        house.wait(1.9)
        house.press(7)
    house.rings("Balie 3", TEAM_RINGS)
    assert [press.burst for press in house.all(f.PressJoined)] == [True] * 4
    assert {known.incident for known in house.state.presses.values()} == {first}


def test_a_press_after_the_burst_starts_the_ladder_again(house: House) -> None:
    house.press(7)
    house.wait(10)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("coming")
    again = house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)  # Anna too: only what is answered from now on counts
    assert house.alarm(7).coming == 0
    assert house.alarm(7).last_press == again
    house.wait(14.5)
    house.rings("Balie 3", BACKUP_RINGS)


def test_pressed_again_while_somebody_is_on_the_scene(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.pager("p1").answers("on_scene")
    house.pager("p3").answers("on_scene")
    house.wait(30)
    house.lets_ring()
    house.press(7)
    house.wait(1)
    assert house.alarm(7).phase == "ringing"
    house.rings("Balie 3", TEAM_RINGS)


def test_yesterdays_forgotten_alarm_does_not_swallow_todays_press(house: House) -> None:
    forgotten = house.press(7)
    house.wait(20)
    house.pager("p1").answers("on_scene")
    house.pager("p3").answers("on_scene")
    house.says("els", "called_112")
    for _ in range(12):
        house.wait(100)
        house.pager("p1").answers("on_scene")  # they sit on the scene, and forget to say that it is over
    house.adopt(replace(TOWN_HALL, pagers=(Pager("p1", "fred"), Pager("p2", "bas"), Pager("p3", "dina"))))
    house.lets_ring()
    press = house.press(7)
    house.wait(1)
    house.rings("Balie 3", "p1 p2 p3 anna")
    assert house.state.presses[press].incident == forgotten
    assert house.alarm(7).police == "none"  # they were called for then, and will be asked for again
    house.pager("p1").answers("coming")
    assert set(house.alarm(7).responders) == {"fred"}  # today's roster


def test_after_closing_any_press_raises(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    second = house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    assert set(house.state.alarms) == {second}


def test_the_same_press_is_the_same_press(house: House) -> None:
    first = house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    joined = house.press(7)
    house.wait(10)
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    for press in (first, joined, first):
        assert not house.hears_again(press)
    assert not house.state.alarms
    house.restart(away_s=DAY_S - 60)
    assert not house.hears_again(first)
    house.wait(60)


def test_a_press_is_forgotten_after_a_day_but_not_while_its_alarm_is_open(house: House) -> None:
    closed, left_open = house.press(7), house.press(6)
    house.wait(1)
    house.pager("p1").answers("on_scene", zender=7)
    house.pager("p1").answers("all_clear", zender=7)
    house.restart(away_s=DAY_S)
    house.wait(1)
    assert house.lets_ring() > 0
    assert not house.hears_again(left_open)
    house.hears_again(closed)  # a button that counts from 1 again after a change of battery
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.lets_ring()


def test_presses_are_known_by_name_not_by_the_highest_number(house: House) -> None:
    house.press(7)
    late, early = "7-a-413", "7-a-412"
    house.wait(5)
    house.rings("Balie 3", TEAM_RINGS)
    house.hears_again(late)
    house.wait(5)
    house.rings("Balie 3", TEAM_RINGS)
    house.hears_again(early)
    house.wait(5)
    house.rings("Balie 3", TEAM_RINGS)
    assert {"7-a-412", "7-a-413"} <= set(house.state.presses)
