"""A pager shows an alarm until it hears that it is over; so it is told until it says it heard (L2)."""

from __future__ import annotations

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.over import OVER_AGAIN_S, OVER_TIMES
from house import TEAM_RINGS, House


def close_unheard_by_p2(house: House) -> str:
    """An alarm that is closed while the radio of p2 is gone for a moment. Returns the incident."""
    incident = house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("on_scene")
    house.pager("p2").on = False
    house.pager("p1").answers("all_clear")
    house.wait(1)
    assert incident in house.pager("p2").remembers
    return incident


def overs_to(house: House, pager: str) -> list[f.Ordered]:
    return [order for order in house.all(f.Ordered) if order.kind == "over" and order.target == f"pager:{pager}"]


def test_a_lost_over_is_told_again_until_the_pager_received_it(house: House) -> None:
    incident = close_unheard_by_p2(house)
    house.wait(OVER_AGAIN_S)
    assert [over.reason for over in overs_to(house, "p2")] == ["closed", "not received"]
    house.pager("p2").on = True
    house.wait(OVER_AGAIN_S)
    assert incident not in house.pager("p2").remembers
    house.wait(3600)
    assert [over.attempt for over in overs_to(house, "p2")] == [1, 2, 3]
    assert len(overs_to(house, "p1")) == 1


def test_a_pager_that_comes_back_is_told_at_once(house: House) -> None:
    incident = close_unheard_by_p2(house)
    pager = house.pager("p2")
    house.hear(h.Status(pager.target, pager.boot, False, live=True))
    house.wait(3600)
    assert len(overs_to(house, "p2")) == 1  # in vain while it is known to be off
    pager.on = True
    house.hear(h.Status(pager.target, pager.boot, True, live=True))  # the same boot: it still shows the alarm
    house.wait(1)
    assert incident not in pager.remembers
    assert overs_to(house, "p2")[-1].reason == "pager is back"


def test_a_pager_that_never_says_it_heard_is_not_told_for_ever(house: House) -> None:
    close_unheard_by_p2(house)
    house.wait(24 * 3600)
    assert len(overs_to(house, "p2")) == OVER_TIMES


def test_after_a_restart_it_is_told_again(house: House) -> None:
    incident = close_unheard_by_p2(house)
    house.pager("p2").on = True
    house.restart()
    house.wait(1)
    assert incident not in house.pager("p2").remembers
    assert overs_to(house, "p2")[-1].reason == "daemon restarted"


def test_a_closing_that_is_taken_back_takes_no_page_off(house: House) -> None:
    incident = close_unheard_by_p2(house)
    assert house.undoes("cor", incident) == "accepted"
    house.pager("p2").on = True
    house.wait(1)
    house.lets_ring()
    before = len(overs_to(house, "p2"))
    house.wait(OVER_AGAIN_S)
    assert len(overs_to(house, "p2")) == before
    assert incident in house.pager("p2").remembers


def test_when_our_own_link_was_away_they_are_told_when_it_is_back(house: House) -> None:
    incident = house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("on_scene")
    house.hear(h.Trouble("broker/link", "lost"))
    house.failing = {f"pager:{pager}": "no connection" for pager in ("p1", "p2", "p3")}
    assert house.says("anna", "all_clear") == "accepted"
    house.wait(3600)  # longer than anything is told again
    assert all(incident in house.pager(pager).remembers for pager in ("p1", "p2", "p3"))
    house.failing = {}
    house.hear(h.TroubleOver("broker/link"))
    house.wait(1)
    assert not any(incident in house.pager(pager).remembers for pager in ("p1", "p2", "p3"))
    assert overs_to(house, "p2")[-1].reason == "broker is back"


def test_while_the_carrier_has_not_taken_it_no_time_is_used_up(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("on_scene")
    house.hand_over_s = 300.0
    house.pager("p1").answers("all_clear")
    house.wait(299)
    assert len(overs_to(house, "p2")) == 1
