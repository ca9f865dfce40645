"""Nights on which too few answer: the ladder climbs to its end and 112 is asked for, for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest

from achterwacht.core import facts as f
from achterwacht.core.plan import PAGERS, Ladder, Member, Pager, Step
from house import ALL_RING, BACKUP_RINGS, TEAM_RINGS, TOWN_HALL, House


def test_nobody_answers(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.wait(14.5)
    house.rings("Balie 3", BACKUP_RINGS)
    house.wait(15)
    house.rings("Balie 3", ALL_RING)
    house.wait(30)
    house.rings("Balie 3", ALL_RING)
    house.asks_112("Balie 3", "els")
    house.wait(30)
    house.rings("Balie 3", ALL_RING)
    house.asks_112("Balie 3", "fred")
    for _ in range(20):
        house.wait(30)
        house.rings("Balie 3", ALL_RING)
        house.asks_112("Balie 3", "els fred")
    assert house.alarm(7).phase == "ringing"
    assert house.says("fred", "called_112") == "accepted"
    house.wait(30)
    house.rings("Balie 3", ALL_RING)  # the police are coming; the team is still wanted


def test_one_answer_does_not_end_the_search(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("coming")
    house.wait(14.5)
    house.rings("Balie 3", "p2 p3 dina")  # neither Anna's pager nor her phone
    house.wait(15)
    house.rings("Balie 3", "p2 p3 dina els fred")


def test_pager_and_phone_of_one_member_are_one_person(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("coming")
    house.says("anna", "coming")
    assert house.alarm(7).coming == 1
    assert house.alarm(7).phase == "ringing"


def test_pagers_without_a_known_carrier_are_one_person_together() -> None:
    nobody_knows = tuple(Pager(id) for id in ("p1", "p2", "p3"))
    house = House(replace(TOWN_HALL, pagers=nobody_knows))
    house.press(7)
    house.wait(1)
    house.pager("p1").answers("coming")
    house.pager("p2").answers("coming")
    assert house.alarm(7).phase == "ringing"
    house.says("dina", "coming")
    assert house.alarm(7).phase == "coming"


def test_two_answer_at_once(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("coming")
    house.pager("p3").answers("coming")
    assert house.alarm(7).phase == "coming"
    house.wait(40)
    house.pager("p3").answers("on_scene")
    house.wait(18)  # a minute after the press somebody is there: nobody else is rung
    assert house.alarm(7).phase == "on_scene"


def test_everybody_answers_that_they_cannot(house: House) -> None:
    house.press(6)
    house.wait(1)
    house.rings("Balie 2", TEAM_RINGS)
    for pager in ("p1", "p2", "p3"):
        house.pager(pager).answers("cannot")
    house.wait(1)
    house.rings("Balie 2", "dina")  # at once, not at 15 s
    house.says("dina", "cannot")
    house.wait(1)
    house.rings("Balie 2", "els fred")
    house.says("els", "cannot")
    house.says("fred", "cannot")
    house.wait(0.1)
    house.asks_112("Balie 2", "els")  # nobody is left to answer: 112 is asked for before its time
    assert house.all(f.PoliceAdvised)[0].reason == "nobody left to answer"
    house.wait(30)
    house.rings("Balie 2", ALL_RING)  # rather somebody in vain than nobody
    house.asks_112("Balie 2", "fred")


def test_somebody_cannot_after_all(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("coming")
    house.pager("p2").answers("coming")
    house.wait(20)
    house.pager("p1").answers("cannot")
    assert house.alarm(7).phase == "ringing"
    house.wait(0.1)
    house.rings("Balie 3", "p3 dina")  # the step that was due at 15 s


@pytest.mark.parametrize("needed", [1, 2])
def test_who_said_coming_long_ago_is_rung_again_when_there_is_nobody_else(needed: int) -> None:
    alone = Ladder((Step(0, (PAGERS,)),), responders_needed=needed)
    house = House(replace(TOWN_HALL, pagers=(Pager("p1", "anna"),), members=(Member("anna"),), ladder=alone))
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", "p1")
    house.pager("p1").answers("coming")
    house.wait(65)
    assert house.lets_ring() > 0
    house.pager("p1").answers("called_112")
    for _ in range(10):
        house.wait(90)
        assert house.lets_ring() > 0  # an open alarm is never silent for ever (L1)


def test_a_ladder_without_callers_asks_whoever_it_rang() -> None:
    house = House(replace(TOWN_HALL, ladder=replace(TOWN_HALL.ladder, callers_112=())))
    house.press(7)
    house.wait(60.5)
    house.asks_112("Balie 3", ALL_RING)


def test_all_who_may_call_112_sit_at_the_desk() -> None:
    house = House(replace(TOWN_HALL, ladder=replace(TOWN_HALL.ladder, callers_112=("els",))))
    house.press(9)
    house.wait(60.5)
    house.asks_112("Receptie", "els")  # there is nobody else


def test_the_desk_itself_is_not_asked_to_call(house: House) -> None:
    house.press(9)
    house.wait(61)
    house.asks_112("Receptie", "fred")
    house.wait(30)
    house.asks_112("Receptie", "fred")
    house.lets_ring()
