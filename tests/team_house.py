"""A town hall whose members have a page open, and what one of them sees of it: for stories about pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from achterwacht.core.plan import APP, PUSH, Plan
from achterwacht.journal.people import Person
from achterwacht.outputs.texts import Texts
from achterwacht_dashboard.access import Role, Viewer
from achterwacht_dashboard.house import Look
from achterwacht_dashboard.pages import Page, Renderer, Seen
from achterwacht_dashboard.words import Words
from dashboard_site import PEOPLE
from day_house import BY_DAY
from house import TOWN_HALL, House


def with_pages(plan: Plan) -> Plan:
    """The same house, in which everybody is reached by an open page, and every desk has a room and its sign."""
    return replace(
        plan,
        members=tuple(replace(member, ways=(APP, PUSH)) for member in plan.members),
        zenders=tuple(replace(zender, room=f"0.{zender.nr} PB", help=True) for zender in plan.zenders),
    )


APP_HALL = with_pages(TOWN_HALL)
APP_HALL_BY_DAY = with_pages(BY_DAY)


def seen(
    house: House, member: str = "anna", language: str = "nl", roles: tuple[Role, ...] = ("team",), **known: Any
) -> Seen:
    """What this member sees now. `known`: what else the dashboard knows (`Look`), or `zender`, `screen`, `people`."""
    zender, screen = known.pop("zender", 0), known.pop("screen", "")
    people: tuple[Person, ...] = known.pop("people", PEOPLE)
    look = Look(state=house.state, boot="d001", people={person.id: person for person in people}, **known)
    viewer = Viewer("account", member, frozenset(roles), member, screen)
    return Seen(look, viewer, Words(language), Texts(language), house.now, zender)


def html(page: Page, name: str, what: Seen) -> str:
    """One part of this page."""
    return Renderer().part(page, name, what)
