"""Whose pages are open: what is handed over to them, and what nobody would see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from achterwacht.core.facts import Ordered
from achterwacht.core.plan import Member, Site
from achterwacht.errors import Undeliverable
from achterwacht.outputs.dispatch import Alert
from achterwacht.outputs.open_pages import MISSED_S, NOT_OPEN, OpenPages
from house import TOWN_HALL, House

NO_PAGES = TOWN_HALL
"""Its members have pagers and telephones of another way."""


def alert(member: str) -> Alert:
    ordered = Ordered(House().now, "7-a-1.d.1", "7-a-1", "7-a-1", 7, f"app:{member}", "alarm", 1, "first press")
    return Alert(ordered, "Balie 3", "", Site("", ""), "nl", 0, 0.0, 1, member=member)


async def is_open(pages: OpenPages, member: str) -> bool:
    try:
        await pages.deliver(alert(member))
    except Undeliverable as failure:
        assert failure.permanent and failure.reason == NOT_OPEN, "a page that opens later shows what is open by itself"
        return False
    return True


@pytest.mark.asyncio
async def test_an_order_is_handed_over_while_a_page_of_its_member_is_open_somewhere() -> None:
    pages, tablet, desk = OpenPages(), object(), object()
    assert not await is_open(pages, "anna")
    pages.open_at(tablet, ["anna", "bas"])
    pages.open_at(desk, ["anna"])
    assert await is_open(pages, "anna") and await is_open(pages, "bas") and not await is_open(pages, "cor")
    pages.open_at(tablet, ["bas"])
    assert await is_open(pages, "anna"), "the other one is still open"
    pages.open_at(desk, [])
    assert not await is_open(pages, "anna") and await is_open(pages, "bas")


@pytest.mark.asyncio
async def test_nothing_is_kept_of_a_reader_that_has_left() -> None:
    pages = OpenPages()
    for _ in range(3):
        reader = object()
        pages.open_at(reader, ["anna"])
        pages.left(reader)
    pages.left(object())
    assert not await is_open(pages, "anna") and not pages._open


def test_a_dashboard_that_was_there_is_missed() -> None:
    pages, dashboard = OpenPages(), object()
    assert not pages.is_dashboard_missed(NO_PAGES, 5.0) and not pages.is_dashboard_missed(NO_PAGES, 500.0)
    pages.open_at(dashboard, [])
    assert not pages.is_dashboard_missed(NO_PAGES, 600.0), "it is there, though nobody has a page open"
    pages.left(dashboard)
    assert not pages.is_dashboard_missed(NO_PAGES, 600.0 + MISSED_S - 1)
    assert pages.is_dashboard_missed(NO_PAGES, 600.0 + MISSED_S)
    pages.open_at(object(), ["anna"])
    assert not pages.is_dashboard_missed(NO_PAGES, 700.0)


@pytest.mark.parametrize("way", ["app", "push"])
def test_a_house_that_rings_by_pages_misses_a_dashboard_that_never_came(way: str) -> None:
    pages, plan = OpenPages(), replace(NO_PAGES, members=(Member("anna", ways=(way,)),))
    assert not pages.is_dashboard_missed(plan, 5.0)
    assert pages.is_dashboard_missed(plan, 5.0 + MISSED_S)
