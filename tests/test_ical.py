"""What titles in a calendar mean: what is written as docs/roster.md says, and nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.core.heard import CalendarEntry
from achterwacht.ical import Event, Of, folded, understood

PAGERS = ("p1", "p12", "reserve")
MEMBERS = {
    "lid-1": "Anna de Vries",
    "lid-2": "Bram Jansen",
    "lid-3": "Zoë Ökten-Müller",
    "lid-4": "",
    "anna": "A. Smit",
}
DAY = date(2026, 12, 1)


def an_event(summary: str, first: date = DAY, last: date | None = None) -> Event:
    return Event(summary, first, last or first)


def meant(of: Of, title: str, members: dict[str, str] = MEMBERS) -> CalendarEntry | None:
    """What one title says; None when it is not understood."""
    found = understood(of, [an_event(title)], PAGERS, members)
    assert len(found.entries) + len(found.unclear) == 1
    return found.entries[0] if found.entries else None


@pytest.mark.parametrize(
    ("title", "pager", "member"),
    [
        ("Pieper 1: Anna de Vries", "p1", "lid-1"),
        ("p1 lid-4", "p1", "lid-4"),
        ("PAGER 12 - bram  jansen ", "p12", "lid-2"),
        ("pieper 12:Bram Jansen", "p12", "lid-2"),
        ("P1, Zoe Okten-Muller", "p1", "lid-3"),
        ("pieper\u00a01 – Zoë Ökten-Müller", "p1", "lid-3"),
        ("reserve / anna", "reserve", "anna"),
        ("Reserve = A. Smit", "reserve", "anna"),
    ],
)
def test_a_duty_names_a_pager_and_then_a_member(title: str, pager: str, member: str) -> None:
    assert meant("duty", title) == CalendarEntry("duty", DAY, DAY, pager, member)


@pytest.mark.parametrize(
    "title",
    [
        "",
        "p1",
        "Anna de Vries",
        "p1 Bram",
        "p1 Anna de Vries (tot 12 uur)",
        "p1 Anna de Vries, Bram Jansen",
        "p2 lid-1",
        "p1lid-1",
        "p1-lid-1",
        "pieper 01: Anna de Vries",
        "pieper reserve: Anna de Vries",
        "p1: nobody",
        "Anna de Vries: p1",
    ],
)
def test_a_duty_that_is_written_otherwise_is_not_guessed(title: str) -> None:
    assert meant("duty", title) is None


@pytest.mark.parametrize(
    ("title", "member"), [("lid-4", "lid-4"), ("ANNA DE VRIES", "lid-1"), ("zoe okten-muller", "lid-3")]
)
def test_an_absence_is_a_member_by_id_or_name(title: str, member: str) -> None:
    assert meant("away", title) == CalendarEntry("away", DAY, DAY, member=member)


@pytest.mark.parametrize("title", ["", "Bram", "vakantie Anna de Vries", "p1 lid-1"])
def test_an_absence_of_whom_nobody_knows_is_not_guessed(title: str) -> None:
    assert meant("away", title) is None


def test_every_event_of_closing_days_closes_the_house() -> None:
    found = understood("closed", [an_event("", DAY, DAY + timedelta(2)), an_event("Kerst")], PAGERS, MEMBERS)
    assert found.entries == (CalendarEntry("closed", DAY, DAY), CalendarEntry("closed", DAY, DAY + timedelta(2)))
    assert found.unclear == ()


@pytest.mark.parametrize(
    ("members", "title"),
    [
        ({"lid-1": "Anna de Vries", "lid-2": "anna de vries"}, "Anna de Vries"),
        ({"lid-1": "Lid-2", "lid-2": "Bram"}, "lid-2"),
        ({"lid-1": "Zoë", "lid-2": "Zoe"}, "zoé"),
    ],
)
def test_a_name_that_two_members_have_names_neither(members: dict[str, str], title: str) -> None:
    assert meant("away", title, members) is None
    assert meant("duty", f"p1 {title}", members) is None
    assert meant("away", "lid-1", members) is not None


def test_a_title_that_can_be_read_in_two_ways_means_neither() -> None:
    found = understood("duty", [an_event("pager 1: 2")], ("pager", "p1"), {"lid-1": "1: 2", "lid-2": "2"})
    assert found.entries == ()
    assert len(found.unclear) == 1


def test_what_is_said_twice_is_one_entry_and_the_order_of_events_does_not_matter() -> None:
    events = [an_event("p1 lid-1", DAY + timedelta(1)), an_event("p1 lid-1"), an_event("Pieper 1: Anna de Vries")]
    there, back = understood("duty", events, PAGERS, MEMBERS), understood("duty", events[::-1], PAGERS, MEMBERS)
    assert there == back
    assert [entry.first for entry in there.entries] == [DAY, DAY + timedelta(1)]


def test_two_members_for_one_pager_on_one_day_are_both_unclear_and_another_day_is_not() -> None:
    morning, afternoon = an_event("p1 lid-1"), an_event("p1 lid-2")
    events = [morning, afternoon, an_event("p12 lid-2"), an_event("p1 lid-2", DAY + timedelta(1))]
    found = understood("duty", events, PAGERS, MEMBERS)
    assert found.unclear == (morning, afternoon)
    assert [(entry.pager, entry.first) for entry in found.entries] == [("p12", DAY), ("p1", DAY + timedelta(1))]


# --- whatever is written ----------------------------------------------------------------------------------------------

TITLES = st.text(max_size=40) | st.builds(
    "".join,
    st.lists(
        st.sampled_from([*PAGERS, *MEMBERS, *MEMBERS.values(), "Pieper 1", "pager 12", ": ", " - ", " ", "-", ","]),
        max_size=5,
    ),
)
DAYS = st.integers(0, 20).map(lambda n: DAY + timedelta(n))
EVENTS = st.lists(
    st.builds(
        lambda title, first, length: Event(title, first, first + timedelta(length)), TITLES, DAYS, st.integers(0, 9)
    ),
    max_size=12,
)


@given(st.sampled_from(["duty", "away", "closed"]), EVENTS)
def test_of_whatever_is_written_each_event_is_an_entry_or_unclear_and_entries_name_whom_the_plan_has(
    of: Of, events: list[Event]
) -> None:
    found = understood(of, events, PAGERS, MEMBERS)
    days = {(entry.first, entry.last) for entry in found.entries} | {
        (event.first, event.last) for event in found.unclear
    }
    assert days == {(event.first, event.last) for event in events}
    assert len(found.entries) + len(found.unclear) <= len(events)
    for entry in found.entries:
        assert entry.says == of
        assert (entry.pager in PAGERS) == (of == "duty")
        assert (entry.member in MEMBERS) == (of != "closed")


@given(EVENTS)
def test_no_two_entries_give_one_pager_to_two_members_on_one_day(events: list[Event]) -> None:
    for one, other in combinations(understood("duty", events, PAGERS, MEMBERS).entries, 2):
        apart = one.last < other.first or other.last < one.first
        assert apart or one.pager != other.pager or one.member == other.member


@given(st.text(max_size=60))
def test_what_is_folded_stays_so(text: str) -> None:
    assert folded(folded(text)) == folded(text)
