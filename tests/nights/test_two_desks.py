"""Two desks press in one night: two alarms, each with its own ladder, people and end."""

from __future__ import annotations

from house import BACKUP_RINGS, TEAM_RINGS, House


def test_two_desks_at_once(house: House) -> None:
    first, second = house.press(7), house.press(6)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.rings("Balie 2", TEAM_RINGS)
    house.pager("p1").answers("coming", zender=7)
    house.pager("p2").answers("coming", zender=7)
    assert house.alarm(7).phase == "coming"
    assert house.alarm(6).phase == "ringing"  # who runs to one desk does not run to the other
    house.wait(14.5)
    house.rings("Balie 2", BACKUP_RINGS)
    house.pager("p1").answers("on_scene", zender=7)
    assert house.pager("p1").answers("all_clear", zender=7) == "accepted"
    assert set(house.state.alarms) == {second}
    house.wait(1)
    assert house.told_over(first) == {"p1", "p2", "p3", "anna"}
    assert not house.told_over(second)
    house.wait(14)
    house.lets_ring()
    assert house.alarm(6).phase == "ringing"


def test_somebody_on_one_scene_cannot_clear_the_other(house: House) -> None:
    house.press(7)
    second = house.press(6)
    house.wait(1)
    house.lets_ring()
    house.pager("p1").answers("on_scene", zender=7)
    assert house.says("anna", "all_clear", incident=second) == "refused"
    assert len(house.state.alarms) == 2


def test_the_newer_alarm_does_not_disturb_the_ladder_of_the_older(house: House) -> None:
    house.press(7)
    house.wait(10)
    house.rings("Balie 3", TEAM_RINGS)
    house.press(6)
    house.wait(4)
    house.rings("Balie 2", TEAM_RINGS)
    house.wait(1.1)
    house.rings("Balie 3", BACKUP_RINGS)  # 15 s after its own press
    house.wait(10)
    house.rings("Balie 2", BACKUP_RINGS)
