"""The power goes between a page and the disk: pagers remember what the journal does not (S3)."""

from __future__ import annotations

from achterwacht.core import facts as f
from house import TEAM_RINGS, House

PAGERS_ONLY = ("p1", "p2", "p3")
BETWEEN_S = 0.015
"""After the page went out, before it is on disk."""


def swallow(house: House, zender: int) -> str:
    """A press that pages everybody and is then lost; its button never repeats. Returns the press."""
    house.wait(5)
    house.lets_ring()
    press = house.press(zender)
    house.wait(BETWEEN_S)
    house.rings(house.plan.place(zender), "p1 p2 p3")
    house.commit_s = None
    house.wait(1)  # the pagers show it and say so; nothing reaches the disk any more
    house.rings(house.plan.place(zender), "anna")  # telephones follow the pagers
    return press


def lose_power(house: House) -> None:
    """And back again, with a good disk."""
    house.commit_s = 0.02
    house.crash(away_s=1)


def everybody_shows_only(house: House, *incidents: str) -> None:
    """No pager keeps an incident that has become part of another."""
    for pager in PAGERS_ONLY:
        assert set(house.pager(pager).remembers) == set(incidents)


def in_one_incident(house: House, *presses: str) -> str:
    """All these presses belong to one open incident, which is its name."""
    homes = {house.state.presses[press].incident for press in presses}
    assert len(homes) == 1
    assert homes == set(house.state.alarms)
    return homes.pop()


def test_a_crash_between_page_and_commit_for_a_button_that_never_repeats(house: House) -> None:
    house.commit_s = None
    press = swallow(house, 7)
    lose_power(house)
    assert not house.state.alarms  # all that is left of it is what the pagers show
    house.wait(1.1)
    assert [alarm.incident for alarm in house.all(f.AlarmRecovered)] == [press]
    house.wait(0.4)
    house.rings("Balie 3", TEAM_RINGS)
    assert in_one_incident(house, press) == press
    house.pager("p1").answers("on_scene")
    assert house.pager("p1").answers("all_clear") == "accepted"
    house.wait(1)
    everybody_shows_only(house)


def test_an_answer_raises_it_again_and_counts(house: House) -> None:
    for pager in PAGERS_ONLY:
        house.pager(pager).shows = False
    press = swallow(house, 7)
    lose_power(house)
    house.wait(2)
    assert house.pager("p2").answers("coming") == "accepted"
    assert house.alarm(7).incident == press
    assert set(house.alarm(7).responders) == {"bas"}
    house.wait(0.1)
    house.rings("Balie 3", "p1 p3 anna")  # Bas is coming already


def test_a_zender_that_repeats_needs_no_pager(house: House) -> None:
    for pager in PAGERS_ONLY:
        house.pager(pager).on = False
    press = house.press(7, repeats=True)
    house.wait(BETWEEN_S)
    house.crash()
    house.wait(1.1)
    house.rings("Balie 3", "anna")
    assert house.alarm(7).incident == press
    assert not house.all(f.AlarmRecovered)


def test_an_old_receipt_raises_nothing(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    page = house.pager("p1").remembers[house.alarm(7).incident]
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    house.wait(1)
    house.restart(away_s=20 * 24 * 3600.0)
    house.pager("p1").sends_receipts(page)  # from a drawer, three weeks later
    assert not house.state.alarms


def test_first_swallowed_then_another_pressed(house: House) -> None:
    swallowed = swallow(house, 7)
    lose_power(house)
    house.wait(0.5)
    pressed = house.press(7)  # before any pager speaks
    house.wait(2)
    house.lets_ring()
    assert in_one_incident(house, swallowed, pressed) == pressed
    assert not house.all(f.PressJoined)[0].burst  # it was another press: the ladder starts again
    everybody_shows_only(house, pressed)


def test_the_joined_press_is_swallowed(house: House) -> None:
    first = house.press(7)
    house.wait(5)
    house.lets_ring()
    joined = swallow(house, 7)
    lose_power(house)
    assert joined not in house.state.presses
    house.wait(2)
    house.lets_ring()
    assert in_one_incident(house, first, joined) == first
    everybody_shows_only(house, first)
    assert house.alarm(7).last_press == joined


def test_both_swallowed(house: House) -> None:
    first = swallow(house, 7)
    joined = swallow(house, 7)
    lose_power(house)
    assert not house.state.presses
    house.wait(2)
    house.lets_ring()
    assert in_one_incident(house, first, joined) == first
    everybody_shows_only(house, first)


def test_both_swallowed_and_the_second_repeats_first(house: House) -> None:
    first = swallow(house, 7)
    joined = swallow(house, 7)
    lose_power(house)
    house.hears_again(joined)
    house.wait(2)
    house.lets_ring()
    assert in_one_incident(house, first, joined) == joined
    everybody_shows_only(house, joined)


def test_both_swallowed_and_only_the_second_was_shown(house: House) -> None:
    for pager in PAGERS_ONLY:
        house.pager(pager).shows = False
    first = swallow(house, 7)
    house.wait(3)
    house.pager("p3").shows = True
    joined = house.press(7)
    house.wait(1)
    house.lets_ring()
    lose_power(house)
    house.wait(2)
    house.lets_ring()
    assert in_one_incident(house, first, joined) == first
    everybody_shows_only(house, first)


def test_the_first_ended_before_the_swallowed_one_is_told(house: House) -> None:
    first = house.press(7)
    house.wait(5)
    house.lets_ring()
    joined = swallow(house, 7)
    lose_power(house)
    house.says("anna", "on_scene")
    house.says("anna", "all_clear")
    house.wait(2)
    house.lets_ring()
    assert in_one_incident(house, joined) == joined  # nobody answered that press: it rings
    assert house.state.presses[first].incident == first


def test_the_swallowed_name_is_told_over_with_what_it_became(house: House) -> None:
    swallowed = swallow(house, 7)
    lose_power(house)
    pressed = house.press(7)
    house.wait(2)
    house.lets_ring()
    over = [order for order in house.all(f.Ordered) if order.kind == "over"]
    assert {order.target for order in over} == {"pager:p1", "pager:p2", "pager:p3"}
    assert {(order.incident, order.merged_into) for order in over} == {(swallowed, pressed)}
    assert house.says("anna", "on_scene", incident=swallowed) == "accepted"  # its old name still finds it
    assert house.says("anna", "all_clear", incident=swallowed) == "accepted"
    assert not house.state.alarms
