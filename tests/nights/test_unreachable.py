"""Nights on which what should ring cannot: a step that helps nobody is not waited for."""

from __future__ import annotations

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from house import ALL_RING, BACKUP_RINGS, TEAM_RINGS, House

PAGERS_ONLY = ("p1", "p2", "p3")


def break_phones(house: House) -> None:
    """No phone can be reached: its channel is not built."""
    house.failing = {f"phone:{member}": "not built yet" for member in ("anna", "dina", "els", "fred")}


def test_all_pagers_are_known_to_be_off(house: House) -> None:
    for pager in PAGERS_ONLY:
        house.pager(pager).dies()
    house.failing = {"phone:anna": "not built yet"}
    house.press(7)
    house.wait(0.1)
    house.rings("Balie 3", "dina")  # not at 15 s
    assert [step.reason for step in house.all(f.StepReached)] == ["first press", "nobody reachable"]


def test_every_order_fails(house: House) -> None:
    break_phones(house)
    house.failing |= {f"pager:{pager}": "the broker is gone" for pager in PAGERS_ONLY}
    house.press(7)
    house.wait(0.1)
    assert house.alarm(7).step == 2  # the whole ladder was tried at once
    assert house.alarm(7).police == "advised"
    assert house.all(f.PoliceAdvised)[0].reason == "nobody reachable"
    house.wait(120)
    house.failing.clear()
    house.wait(30)
    house.rings("Balie 3", ALL_RING)  # for ever, until something comes through
    house.asks_112("Balie 3", ALL_RING)


def test_nothing_was_shown(house: House) -> None:
    for pager in PAGERS_ONLY:
        house.pager(pager).shows = False
    house.press(7)
    house.wait(4.9)
    house.rings("Balie 3", TEAM_RINGS)
    house.wait(0.2)
    house.rings("Balie 3", BACKUP_RINGS)
    assert house.all(f.StepReached)[-1].reason == "nothing shown"
    house.wait(5)
    house.rings("Balie 3", ALL_RING)
    house.wait(5)
    house.asks_112("Balie 3", "els")
    assert house.all(f.PoliceAdvised)[0].reason == "nothing shown"


def test_one_pager_shows_it(house: House) -> None:
    house.pager("p2").on = house.pager("p3").on = False
    house.press(7)
    house.wait(14.9)
    house.rings("Balie 3", "p1 anna")
    house.wait(0.2)
    house.rings("Balie 3", "p1 anna dina")


def test_the_last_reachable_pager_dies_mid_alarm(house: House) -> None:
    break_phones(house)
    house.pager("p2").dies()
    house.pager("p3").dies()
    house.press(7)
    house.wait(3)
    house.rings("Balie 3", "p1")
    house.pager("p1").dies()
    house.wait(0.1)
    assert house.alarm(7).step == 2
    assert house.alarm(7).police == "advised"


def test_a_page_given_up_for_lost_is_shown_after_all(house: House) -> None:
    house.pager("p1").shows = False
    house.failing = {"pager:p1": "no answer from the broker"}
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", "p2 p3 anna")
    page = next(order for order in house.all(f.Ordered) if order.target == "pager:p1")
    house.pager("p1").sends_receipts(page)
    assert house.alarm(7).rings["pager:p1"].stage == "shown"
    told = len(house.facts)
    house.pager("p1").sends_receipts(page)
    assert len(house.facts) == told  # said once


def test_pagers_that_were_never_heard_hold_nobody_up(house: House) -> None:
    house.hear(h.Missing(tuple(f"pager:{pager}" for pager in PAGERS_ONLY)))
    for pager in PAGERS_ONLY:
        house.pager(pager).on = False
    house.failing = {"phone:anna": "not built yet"}
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", "dina")
