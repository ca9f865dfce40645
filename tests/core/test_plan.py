"""The plan: whom its groups stand for, and what it says of numbers that it does not know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from achterwacht.core.plan import EMPTY_PLAN, PAGERS, ROLES, Member, Pager
from house import TOWN_HALL


@pytest.mark.parametrize(
    ("group", "targets"),
    [
        (PAGERS, ("pager:p1", "pager:p2", "pager:p3")),
        ("team", ("phone:anna",)),
        ("backup", ("phone:dina",)),
        ("reception", ("phone:els",)),
        ("supervisor", ("phone:fred",)),
        ("anna", ("pager:p1", "phone:anna")),  # one member: every way to reach them
        ("bas", ("pager:p2",)),
        ("gerda", ()),
        ("nobody", ()),
    ],
)
def test_a_group_stands_for_targets(group: str, targets: tuple[str, ...]) -> None:
    assert TOWN_HALL.group(group) == targets


def test_a_member_of_two_roles_is_in_both_groups() -> None:
    both = replace(TOWN_HALL, members=(Member("anna", ("team", "reception"), ("phone",)),))
    assert both.group("team") == both.group("reception") == ("phone:anna",)


def test_ways_to_a_member_follow_the_pager() -> None:
    handed_on = TOWN_HALL.with_carrier("p1", "dina")
    assert TOWN_HALL.ways_to("anna") == ("pager:p1", "phone:anna")
    assert handed_on.ways_to("anna") == ("phone:anna",)
    assert handed_on.ways_to("dina") == ("pager:p1", "phone:dina")
    assert handed_on.pager("p2") == Pager("p2", "bas")


def test_a_pager_carried_by_a_stranger_reaches_nobody_by_name() -> None:
    assert replace(TOWN_HALL, pagers=(Pager("p1", "stranger"),)).ways_to("stranger") == ()


def test_an_unknown_zender_is_still_a_place() -> None:
    assert TOWN_HALL.place(7) == "Balie 3"
    assert TOWN_HALL.place(99) == "Zender 99 onbekend"
    assert TOWN_HALL.staff(99) == ()
    assert TOWN_HALL.zender(99) is None


def test_what_an_alarm_keeps_knows_its_own_zender_only() -> None:
    kept = TOWN_HALL.for_zender(5)
    assert kept.zenders == (TOWN_HALL.zender(5),)
    assert (kept.staff(5), kept.place(5), kept.zender(7)) == (("bas",), "Balie 1", None)
    assert replace(kept, zenders=TOWN_HALL.zenders) == TOWN_HALL
    assert TOWN_HALL.for_zender(99).place(99) == "Zender 99 onbekend"


def test_who_sits_where() -> None:
    assert TOWN_HALL.staff(5) == ("bas",)
    assert TOWN_HALL.staff(6) == ()


def test_unknown_ids_are_none() -> None:
    assert TOWN_HALL.pager("p9") is None
    assert TOWN_HALL.member("nobody") is None


def test_before_any_plan_there_is_nobody_to_ring() -> None:
    assert all(EMPTY_PLAN.group(group) == () for group in (PAGERS, *ROLES))
    assert EMPTY_PLAN.place(7) == "Zender 7 onbekend"
