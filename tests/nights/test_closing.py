"""All clear: who may say so, who hears of it, and how it is taken back."""

from __future__ import annotations

from achterwacht.core import facts as f
from house import TEAM_RINGS, House


def close(house: House, zender: int = 7) -> str:
    """A press, and Anna who was there says that all is well. Returns the incident."""
    incident = house.press(zender)
    house.wait(1)
    house.rings(house.plan.place(zender), TEAM_RINGS)
    house.pager("p1").answers("on_scene")
    assert house.pager("p1").answers("all_clear") == "accepted"
    house.wait(0.1)
    return incident


def test_all_clear_is_told_to_all_who_were_rung(house: House) -> None:
    incident = house.press(7)
    house.wait(31)
    house.lets_ring()
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    house.wait(1)
    assert house.told_over(incident) == {"p1", "p2", "p3", "anna", "dina", "els", "fred"}
    assert all(not house.pager(pager).remembers for pager in ("p1", "p2", "p3"))
    house.wait(3600)  # and it is quiet


def test_only_who_was_there_says_all_clear(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    assert house.pager("p1").answers("all_clear") == "refused"
    house.pager("p1").answers("coming")
    assert house.pager("p1").answers("all_clear") == "refused"
    house.pager("p3").answers("on_scene")
    assert house.pager("p1").answers("all_clear") == "refused"  # another was there
    assert house.says("nobody", "all_clear", reason="a stranger") == "refused"
    assert house.says("fred", "all_clear", reason="I heard that it is over") == "refused"  # not the reception
    house.pager("p1").answers("on_scene")
    assert house.says("anna", "all_clear") == "accepted"  # by phone, as the same person


def test_who_left_the_scene_cannot_say_all_clear(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.lets_ring()
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("cannot")
    assert house.pager("p1").answers("all_clear") == "refused"


def test_an_answer_after_the_end_is_told_so(house: House) -> None:
    incident = close(house)
    assert house.says("cor", "coming", incident=incident) == "closed"
    assert house.says("cor", "coming", incident="7-a-999") == "closed"
    assert not house.state.alarms


def test_a_closing_is_undone(house: House) -> None:
    incident = close(house)
    house.wait(599)
    assert house.undoes("cor", incident) == "accepted"
    assert house.alarm(7).phase == "ringing"
    house.wait(0.1)
    house.rings("Balie 3", TEAM_RINGS)  # under today's plan, and only new answers count
    house.wait(15)
    house.rings("Balie 3", TEAM_RINGS + " dina")


def test_a_closing_is_undone_too_late(house: House) -> None:
    incident = close(house)
    house.wait(600)
    assert house.undoes("cor", incident) == "refused"
    assert not house.state.alarms


def test_a_closing_is_not_undone_by_a_stranger_nor_twice(house: House) -> None:
    incident = close(house)
    assert house.undoes("nobody", incident) == "refused"
    assert house.undoes("cor", incident) == "accepted"
    assert house.undoes("cor", incident) == "refused"
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)


def test_a_closing_is_not_undone_beside_a_new_alarm(house: House) -> None:
    incident = close(house)
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    assert house.undoes("cor", incident) == "refused"
    assert len(house.state.alarms) == 1


def test_an_undone_closing_takes_back_an_over_that_is_still_under_way(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("on_scene")
    house.hand_over_s = 0.8  # a slow channel
    incident = house.alarm(7).incident
    house.pager("p1").answers("all_clear")
    house.wait(0.5)
    house.undoes("cor", incident)
    house.wait(2)
    house.rings("Balie 3", TEAM_RINGS)
    assert house.told_over(incident) == set()
    assert incident in house.pager("p2").remembers


def test_the_same_answer_twice_is_one_answer(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("told_to_leave")
    answer = house.all(f.Answered)[0]
    house.wait(6)
    house.pager("p1").seq -= 1  # repeated until it is told that it was heard
    house.pager("p1").answers("told_to_leave")
    assert house.all(f.Answered) == [answer]
    assert house.alarm(7).police == "none"


def test_a_pager_that_was_out_of_reach_is_told_until_it_has_heard(house: House) -> None:
    incident = house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p2").on = False  # in the lift, and nobody knows
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    house.wait(25)
    assert incident in house.pager("p2").remembers
    house.pager("p2").on = True
    house.wait(10)
    assert incident not in house.pager("p2").remembers
    assert not house.state.untold
    house.wait(3600)  # and nobody is told again
    assert sum(order.kind == "over" for order in house.pager("p1").told) == 1
