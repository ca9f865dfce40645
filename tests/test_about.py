"""What a notice is about: names and numbers for whoever must call, and none of them in a fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from achterwacht.about import about
from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.codec import encode
from achterwacht.journal.people import Person
from achterwacht.outputs.dispatch import About
from day_house import BY_DAY, MONDAY, DayHouse

PEOPLE = {
    "anna": Person("anna", "Anna de Vries", "06-00000001"),
    "cor": Person("cor", "Cor Bakker", "06-00000003"),
    "els": Person("els", "Els Vos", ""),
}
"""Of bas nothing is known but his id."""


def about_of(house: DayHouse, ordered: f.Ordered) -> tuple[About, ...]:
    return about(ordered, house.state, PEOPLE.get)


def notice(house: DayHouse, reason: f.Reason) -> f.Ordered:
    """The newest order for this reason."""
    return [ordered for ordered in house.all(f.Ordered) if ordered.reason == reason][-1]


def test_the_reception_is_told_whom_to_call_and_what_was_tried() -> None:
    house = DayHouse(at="08:45")
    house.lift("p1")
    house.until("09:01")
    bas, cor = about_of(house, notice(house, "pagers missing"))
    assert (bas.pager, bas.member, bas.phone, bas.why) == ("p2", "bas", "", "docked")
    assert (cor.pager, cor.member, cor.phone, cor.why) == ("p3", "Cor Bakker", "06-00000003", "docked")
    assert [(tried.what, tried.by) for tried in cor.tried] == [("reminded", "")]
    assert not any("Cor Bakker" in encode(fact) or "06-" in encode(fact) for fact in house.facts)


def test_whoever_tried_something_is_named() -> None:
    house = DayHouse(at="08:58")
    house.until("09:01")
    assert house.commands(h.Called, pager="p3", by="els", outcome="comes") == "accepted"
    (cor,) = (one for one in about_of(house, notice(house, "pagers missing")) if one.pager == "p3")
    assert (cor.tried[-1].what, cor.tried[-1].by) == ("comes", "Els Vos")


def test_a_pager_that_has_left_the_plan_is_named_all_the_same() -> None:
    house = DayHouse(at="08:58")
    ordered = f.Ordered(house.now, "notice.d.1", "", "", 0, "phone:els", "fault", 1, "pagers missing", about=("p9",))
    assert about_of(house, ordered) == (About("p9"),)
    assert about_of(house, replace(ordered, about=())) == ()


def test_gaps_are_told_by_their_days() -> None:
    nobody = replace(BY_DAY.pagers[2], week=())
    house = DayHouse(replace(BY_DAY, pagers=(*BY_DAY.pagers[:2], nobody)), at="08:20")
    first, *others = about_of(house, notice(house, "gaps in the roster"))
    assert first == About("p3", on=MONDAY) and others[0].on == date(2026, 11, 24)
