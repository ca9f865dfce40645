"""What the desk itself may do: a threatened person may be made to call it off, and nothing may ring beside them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.plan import PAGERS, Ladder, Step
from house import TEAM_RINGS, TOWN_HALL, House

CALMING: tuple[h.AnswerWord, ...] = ("coming", "cannot", "on_scene", "all_clear", "called_112", "police_here")


def test_the_presser_tries_to_cancel(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    for answer in CALMING:
        assert house.says("gerda", answer, reason="it was nothing") == "refused"
    assert house.alarm(7).phase == "ringing"
    assert house.alarm(7).coming == 0
    assert house.alarm(7).police == "none"
    assert len(house.all(f.Answered)) == len(CALMING)  # recorded all the same
    house.wait(14.5)
    house.rings("Balie 3", TEAM_RINGS + " dina")


@pytest.mark.parametrize("answer", CALMING)
def test_the_presser_tries_to_cancel_what_others_do(house: House, answer: h.AnswerWord) -> None:
    house.press(7)
    house.wait(1)
    house.pager("p1").answers("on_scene")
    house.pager("p3").answers("need_112")
    before = house.alarm(7)
    assert house.says("gerda", answer, reason="it was nothing") == "refused"
    assert house.alarm(7) == before
    house.wait(0.1)
    house.lets_ring()


def test_the_presser_may_ask_for_112(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    assert house.says("gerda", "need_112") == "accepted"
    house.wait(0.1)
    house.asks_112("Balie 3", "els")


def test_the_presser_carries_a_pager(house: House) -> None:
    house.press(5)  # Bas sits at Balie 1, with p2 in his pocket
    house.wait(1)
    house.rings("Balie 1", "p1 p3 anna")
    house.wait(14.5)
    house.rings("Balie 1", "p1 p3 anna dina")
    house.pager("p2").starts()  # nor when it comes back
    house.wait(1)
    assert house.pager("p2").remembers == {}


def test_there_is_nobody_but_the_desks_own_staff() -> None:
    only_pagers = Ladder((Step(0, (PAGERS,)),), callers_112=("bas",))
    house = House(replace(TOWN_HALL, pagers=TOWN_HALL.pagers[1:2], ladder=only_pagers))
    house.press(5)
    house.wait(1)
    house.rings("Balie 1", "p2")  # rather at the desk than nowhere
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", "p2")
    house.ends()


def test_reception_clears_the_desk_of_another_with_a_reason(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    assert house.says("els", "all_clear") == "refused"
    assert house.says("els", "all_clear", reason="pressed with a knee") == "accepted"
    assert not house.state.alarms
    assert house.all(f.AlarmClosed)[0].reason == "pressed with a knee"


def test_reception_cannot_clear_its_own_desk(house: House) -> None:
    house.press(9)
    house.wait(1)
    house.rings("Receptie", TEAM_RINGS)
    assert house.says("els", "all_clear", reason="pressed with a knee") == "refused"
    assert house.alarm(9).phase == "ringing"
