"""The hours, mornings, weeks and calendars of the coordinator's file: what they become, and what is unwise of them.

Their mistakes stand in tests/bad_config/ with all the others.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from achterwacht.config import Settings, load, recall, remember
from achterwacht.config_advice import lint, summary
from achterwacht.config_schema import read_settings
from achterwacht.core.codec import to_plain
from achterwacht.core.plan import Hours, Morning, Opening, Pager, Plan, SpecialOpening
from achterwacht.core.workdays import DEFAULT_HOLIDAYS, HOLIDAYS
from achterwacht.errors import ConfigInvalid
from achterwacht.inputs.wiring import CalendarFeed

MONDAY = Opening(0, time(9), time(17))
THURSDAY = Opening(3, time(9, 30), time(20, 0, 30))


def house(
    morning: str = "{}", hours: str = 'monday: "09:00-17:00", thursday: "09:30-20:00:30"', more: str = ""
) -> Settings:
    """A small house that is open on two days."""
    site = f"""
site: {{name: Gemeentehuis, address: Raadhuisplein 1, entrance: Hoofdingang}}
broker: {{host: localhost}}
pagers:
  - {{id: p1, carrier: a}}
  - {{id: p2, carrier: b, week: {{thursday: c, sunday: nobody}}}}
  - {{id: p3, week: {{monday: d}}}}
members:
  - {{id: a, name: A}}
  - {{id: b, name: B}}
  - {{id: c, name: C}}
  - {{id: d, name: D, roles: [team, reception, coordinator]}}
ladder: {{steps: [{{after_s: 0, ring: [pagers]}}]}}
call_112: {{callers: [a]}}
hours: {{{hours}}}
morning: {morning}
{more}
"""
    zenders = b"zenders: [{nr: 7, place: Balie 3}]"
    return read_settings({"zenders.yaml": zenders, "achterwacht.yaml": site.encode()}, [], "source")


def test_a_morning_that_says_nothing_is_as_usual() -> None:
    assert house().plan.morning == Morning()


def test_every_key_of_a_morning_is_taken() -> None:
    said = """
  self_test_at: "00:00"
  watch_at: "07:00:01"
  remind_at: "07:00:02"
  check_at: "07:00:03"
  hold_s: 1
  escalate_s: 2
  settle_s: 0.5
  proof_s: 3
  battery_min: 20
  pagers_needed: 3
  days_ahead: 60
  button_test_days: 0
"""
    assert house(said).plan.morning == Morning(
        self_test_at=time(0),
        watch_at=time(7, 0, 1),
        remind_at=time(7, 0, 2),
        check_at=time(7, 0, 3),
        hold_s=1.0,
        escalate_s=2.0,
        settle_s=0.5,
        proof_s=3.0,
        battery_min=20,
        pagers_needed=3,
        days_ahead=60,
        button_test_days=0,
    )


def test_a_week_is_the_carrier_but_for_the_days_that_it_names() -> None:
    assert house().plan.pagers == (
        Pager("p1", "a", week=("a",) * 7),
        Pager("p2", "b", week=("b", "b", "b", "c", "b", "b", None)),
        Pager("p3", None, week=("d", *(None,) * 6)),
    )


def test_the_hours_have_the_usual_holidays() -> None:
    assert house().plan.hours == Hours((MONDAY, THURSDAY), DEFAULT_HOLIDAYS)
    assert set(DEFAULT_HOLIDAYS) < set(HOLIDAYS)


@pytest.mark.parametrize("quote", ["", '"'])
def test_dates_are_the_same_with_and_without_quotes(quote: str) -> None:
    dates = f"{quote}2026-12-30/2027-01-01{quote}, {quote}2026-12-24{quote}, {quote}2026-12-31{quote}"
    hours = f'monday: "09:00-17:00", closed: [{dates}], open: [{{on: {quote}2026-12-19{quote}, hours: "10:00-14:00"}}]'
    assert house(hours=f"{hours}, holidays: [good_friday]").plan.hours == Hours(
        week=(MONDAY,),
        holidays=("good_friday",),
        closed=(date(2026, 12, 24), date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1)),
        special=(SpecialOpening(date(2026, 12, 19), time(10), time(14)),),
    )


CALENDARS = """
calendars:
  - {id: dienst, of: duty, path: /etc/achterwacht/dienst.ics}
  - {id: verlof, of: away, url: "https://agenda.example/remote/verlof?export", every_s: 3600}
  - {id: dicht, of: closed, url: "http://192.0.2.7:8080/dicht.ics"}
"""


def test_calendars_are_wired_and_the_plan_knows_their_ids() -> None:
    settings = house(more=CALENDARS)
    assert settings.plan.calendars == ("dienst", "verlof", "dicht")
    assert settings.wiring.calendars == (
        CalendarFeed("dienst", "duty", path="/etc/achterwacht/dienst.ics"),
        CalendarFeed("verlof", "away", url="https://agenda.example/remote/verlof?export", every_s=3600.0),
        CalendarFeed("dicht", "closed", url="http://192.0.2.7:8080/dicht.ics"),
    )
    assert "agenda.example" not in str(to_plain(settings.plan))  # whoever knows an address reads the calendar


def test_what_is_remembered_of_days_comes_back(tmp_path: Path) -> None:
    settings = house(hours='monday: "09:00-17:00", closed: [2026-12-24]', more=CALENDARS)
    remember(tmp_path, settings)
    recalled = recall(tmp_path)
    assert recalled is not None
    assert recalled.settings == replace(settings, people=None)


def test_the_address_of_a_calendar_is_not_in_what_the_journal_keeps() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        house(more=CALENDARS.replace("https://agenda", "https://jan:geheim@agenda"))
    assert "geheim" in str(caught.value)
    kept = str(caught.value.without_persons())
    assert "geheim" not in kept and "calendars.1.url: is not right" in kept


# --- advice -----------------------------------------------------------------------------------------------------------


def test_a_pager_without_anybody_on_an_open_day_is_told() -> None:
    """Not of the days on which the house is closed, and not of who carries it on another day."""
    assert lint(house()) == ("pagers: nobody is known to carry p3: together they count as one person (Thu)",)


def week_of(plan: Plan, **weeks: str) -> Plan:
    """The plan with these weeks, from Monday to Thursday; the other days are closed."""
    pagers = tuple(replace(pager, week=(*weeks.get(pager.id, "bbbc"), *(None,) * 3)) for pager in plan.pagers)
    return replace(plan, pagers=pagers)


def test_a_member_who_has_two_pagers_on_one_day_is_told() -> None:
    settings = house()
    plan = week_of(settings.plan, p1="aaaa", p2="bbba", p3="dddc")
    assert lint(replace(settings, plan=plan)) == ("pagers: a carries p1, p2: they count as one person (Thu)",)


def test_whoever_cannot_call_112_on_one_day_is_told_with_the_day() -> None:
    settings = house()
    plan = week_of(settings.plan, p1="aaac", p2="bbbb", p3="dddd")
    plan = replace(plan, ladder=replace(plan.ladder, callers_112=("b", "c")))
    assert lint(replace(settings, plan=plan)) == ("call_112: c cannot be reached: no pager and no ways (Mon)",)


def without_role(plan: Plan, role: str) -> Plan:
    members = (replace(member, roles=tuple(one for one in member.roles if one != role)) for member in plan.members)
    return replace(plan, members=tuple(members))


def test_a_house_without_a_coordinator_is_told() -> None:
    settings = house()
    (_, advice) = lint(replace(settings, plan=without_role(settings.plan, "coordinator")))
    assert advice == (
        "members: none has the role coordinator: nobody is told which pagers are still missing, and of gaps in the "
        "roster"
    )


def test_who_is_to_be_told_and_cannot_be_reached_is_told() -> None:
    settings = house()
    plan = week_of(settings.plan, p1="aaaa", p2="bbbb", p3="cccc")
    assert lint(replace(settings, plan=plan)) == (
        "members: d has no pager and no ways: nothing ever rings there",
        "members: d (reception) cannot be reached: nobody is told which pagers are missing",
        "members: d (coordinator) cannot be reached: nobody is told which pagers are still missing, and of gaps in the "
        "roster",
    )


def test_a_check_after_the_doors_open_is_told_with_the_days() -> None:
    (_, advice) = lint(house('{check_at: "09:15"}'))
    assert advice == (
        "morning.check_at: the desks are open before it (Mon): until then nobody knows whether a pager is carried"
    )


def test_a_house_without_a_morning_gets_no_advice_about_it() -> None:
    settings = house()
    plan = without_role(replace(settings.plan, morning=None), "coordinator")
    assert lint(replace(settings, plan=plan)) == (
        "members: c has no pager and no ways: nothing ever rings there",
        "members: d has no pager and no ways: nothing ever rings there",
        "pagers: nobody is known to carry p3: together they count as one person",
    )


# --- the summary ------------------------------------------------------------------------------------------------------


def test_the_summary_says_how_the_days_go() -> None:
    hours = 'monday: "09:00-17:00", closed: [2026-12-24/2026-12-31], open: [{on: 2026-12-19, hours: "10:00-14:00"}]'
    lines = summary(house(hours=hours, more=CALENDARS)).splitlines()
    for line in (
        "Pagers (3): p1 a, p2 b (Thu c; Sun nobody), p3 (no known carrier) (Mon d)",
        "  also on 2026-12-19 10:00-14:00",
        f"  closed on {', '.join(DEFAULT_HOLIDAYS)}; 8 days from 2026-12-24 to 2026-12-31",
        "Mornings: self-test 08:00, watched from 08:30, reminded 08:50, checked 09:00: 2 pagers needed",
        "  calendar verlof (away), read every 3600 s",
    ):
        assert line in lines
    assert "https" not in "\n".join(lines)


def test_the_summary_of_a_house_without_mornings_says_so() -> None:
    mixed = load(Path(__file__).parent.parent / "config" / "examples" / "gemengd")
    assert mixed.plan.morning is None
    assert "Mornings: nothing is checked; the pagers are carried as the file says" in summary(mixed).splitlines()
