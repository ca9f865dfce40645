"""Nights with pagers on a paging base: they say nothing, and nobody pretends that they do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.plan import PAGERS, Pager, Step
from achterwacht.core.readiness import readiness
from house import TOWN_HALL, House

BOUGHT = tuple(Pager(pager.id, pager.carrier, base="centrale") for pager in TOWN_HALL.pagers)
LADDER = replace(TOWN_HALL.ladder, steps=(Step(0.0, (PAGERS,)), Step(15.0, (PAGERS, "dina"))))
PLAN = replace(TOWN_HALL, pagers=BOUGHT, bases=("centrale",), ladder=LADDER)
MIXED = replace(PLAN, pagers=(TOWN_HALL.pagers[0], *BOUGHT[1:]))


@pytest.fixture
def house() -> Iterator[House]:
    house = House(PLAN, supervised=True)
    yield house
    house.lets_ring()
    house.ends()


def acknowledges(house: House, pager: str, incident: str) -> f.Result:
    """The base reports that whoever carries this pager has pressed its button."""
    key = f"centrale-{pager}-{len(house.facts)}"
    house.hear(h.Answer(key, incident, "coming", pager=pager))
    return house.state.outcomes[key].result


def test_they_are_never_missed(house: House) -> None:
    house.wait(300)
    assert not house.faults
    assert {one.works for one in readiness(house.state).pagers} == {"unsupervised"}


def test_what_was_handed_over_is_enough_where_nothing_could_say_more(house: House) -> None:
    house.press(7)
    house.wait(14.9)
    assert house.alarm(7).step == 0  # not at 5 s because nothing was shown
    house.wait(0.2)
    assert house.alarm(7).step == 1
    assert not house.all(f.OrderShown) and not house.all(f.OrderReceived)  # S6


def test_what_is_not_even_handed_over_is_not_waited_for(house: House) -> None:
    house.hand_over_s = 20.0  # a base that is busy
    house.press(7)
    house.wait(5.1)
    assert house.alarm(7).step == 1
    assert house.all(f.StepReached)[-1].reason == "nothing shown"


def test_a_pager_of_our_own_in_the_step_must_show_it() -> None:
    house = House(MIXED)
    house.pager("p1").shows = False
    house.press(7)
    house.wait(5.1)
    assert house.alarm(7).step == 1


def test_a_base_that_is_down_makes_its_step_vain_at_once(house: House) -> None:
    house.hear(h.Trouble("base:centrale/offline", "no answer"))
    house.press(7)
    house.wait(0.1)
    assert house.alarm(7).step == 1
    assert {one.works for one in readiness(house.state).pagers} == {"no"}
    assert readiness(house.state).light == "not ready"
    house.hear(h.TroubleOver("base:centrale/offline"))
    assert readiness(house.state).light != "not ready"


def test_a_base_that_dies_while_its_pagers_are_waited_for(house: House) -> None:
    house.press(7)
    house.wait(2)
    house.hear(h.Trouble("base:centrale/transmitter", "transmitter failure"))
    house.wait(0)
    assert house.alarm(7).step == 1
    assert house.all(f.StepReached)[-1].reason == "nobody reachable"


def test_its_button_says_that_somebody_comes(house: House) -> None:
    incident = house.press(7)
    house.wait(3)
    assert acknowledges(house, "p1", incident) == "accepted"
    assert acknowledges(house, "p3", incident) == "accepted"
    assert house.alarm(7).phase == "coming"
    assert [fact.by for fact in house.all(f.Answered)] == ["anna", "cor"]


def test_the_button_of_whoever_sits_there_does_not_count(house: House) -> None:
    incident = house.press(5)
    house.wait(3)
    assert acknowledges(house, "p2", incident) == "refused"  # bas sits at Balie 1


def test_over_is_told_once_for_nothing_says_that_it_arrived(house: House) -> None:
    incident = house.press(7)
    house.wait(3)
    house.says("els", "all_clear", "a mistake")
    house.wait(300)
    overs = [fact for fact in house.all(f.Ordered) if fact.kind == "over" and fact.target.startswith("pager:")]
    assert len(overs) == 3 and house.told_over(incident) >= {"p1", "p2", "p3"}
    assert not house.state.untold


def test_the_budgets_are_about_our_own_nodes(house: House) -> None:
    house.hand_over_s = 2.0  # 1200 baud
    house.press(7)
    house.wait(10)
    assert not house.all(f.BudgetMissed)


def test_somebody_on_mqtt_who_uses_its_name_is_a_stranger(house: House) -> None:
    house.hear(h.Telemetry("pager:p1", "ff00", battery=50))
    assert "pager/unknown" in house.faults
    assert "pager:p1" not in house.state.devices


def test_a_pager_that_moves_to_the_base_leaves_its_faults_behind() -> None:
    house = House(TOWN_HALL)
    house.hear(h.Missing(("pager:p1",)))
    assert house.faults == {"pager:p1/never seen"}
    house.adopt(PLAN)
    assert house.faults == set()
    house.hear(h.Trouble("base:centrale/offline", "no answer"))
    house.adopt(TOWN_HALL)
    assert house.faults == set()
