"""Button tests: one press is a test's, and only while somebody stands there and says so. All else is an alarm (S8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.display import help_sign
from achterwacht.core.evolve_tests import CLAIM_S, PRESS_WAIT_S, TEST_MAX_S
from achterwacht.core.plan import TERMINAL
from house import TEAM_RINGS, TOWN_HALL, House


def how_it_ended(house: House) -> list[f.TestEnd]:
    return [fact.end for fact in house.all(f.ButtonTestEnded)]


def shown_as_test(house: House) -> list[str]:
    """To whom the press went out as a test."""
    return [order.target for order in house.all(f.Ordered) if order.reason == "test press"]


def sign(house: House, zender: int) -> str:
    return help_sign(house.state, zender, house.state.house_s(house.now)).sign


def begin(house: House, zender: int = 7) -> None:
    assert house.tests_button(zender) == "accepted"
    house.wait(3)


# --- as it should go --------------------------------------------------------------------------------------------------


def test_a_button_is_tested_and_the_right_place_is_shown(house: House) -> None:
    house.hear(h.Trouble("zender:7/test overdue", ""))
    begin(house)
    assert sign(house, 7) == "test"
    press = house.press(7, repeats=True)
    house.wait(1)
    assert shown_as_test(house) == ["pager:p1", "pager:p2", "pager:p3"]
    assert {order.kind for order in house.pager("p1").told} == {"test"}
    assert {(order.incident, order.press, order.zender) for order in house.pager("p1").told} == {("", "", 7)}
    assert {target for target, test in house.state.tests.items() if test.stage == "shown"} == set(shown_as_test(house))
    assert house.claims(7) == "accepted"
    house.wait(5)
    assert house.judges(right=True) == "accepted"
    assert how_it_ended(house) == ["right"]
    assert sign(house, 7) == "idle"
    assert house.state.devices["zender:7"].tested_at == house.now.at
    assert "zender:7/test overdue" not in house.faults
    assert house.hears_again(press) == ()  # known, as any press
    assert house.state.incident_of(press) == house.all(f.ButtonTestBegan)[0].incident
    house.wait(3600)


def test_a_wrong_place_is_no_test_that_counts(house: House) -> None:
    begin(house)
    house.press(7)
    house.wait(1)
    house.claims(7)
    assert house.judges(right=False) == "accepted"
    assert how_it_ended(house) == ["wrong"]
    assert house.state.devices["zender:7"].tested_at is None
    assert "zender:7/test overdue" in house.faults


def test_a_button_that_was_wrong_is_overdue_until_it_is_right(house: House) -> None:
    """However right it was before."""
    for right in (True, False, True):
        begin(house)
        house.press(7)
        house.wait(1)
        house.claims(7)
        house.judges(right=right)
        assert (house.state.devices["zender:7"].tested_at is not None) == right
        assert ("zender:7/test overdue" in house.faults) == (not right)


def test_only_those_in_the_test_are_told(house: House) -> None:
    assert house.tests_button(7, by="els", targets=("pager:p2", "phone:els")) == "accepted"
    house.press(7)
    house.wait(1)
    assert shown_as_test(house) == ["pager:p2", "phone:els"]
    assert house.claims(7, by="els") == "accepted"
    house.wait(TEST_MAX_S)


def test_a_pager_that_left_the_plan_meanwhile_is_not_told(house: House) -> None:
    begin(house)
    house.adopt(replace(TOWN_HALL, pagers=TOWN_HALL.pagers[:2]))
    house.press(7)
    house.claims(7)
    assert shown_as_test(house) == ["pager:p1", "pager:p2"]


def test_the_next_press_after_a_test_is_an_alarm(house: House) -> None:
    begin(house)
    house.press(7)
    house.wait(1)
    house.claims(7)
    house.judges(right=True)
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    assert house.alarm(7).run_reason == "first press"


# --- who may, and when ------------------------------------------------------------------------------------------------


def test_who_may_test_a_button_and_when(house: House) -> None:
    assert house.tests_button(7, by="nobody") == "refused"
    assert house.tests_button(99) == "refused"
    assert house.tests_button(7, targets=("pager:p9",)) == "refused"
    assert house.tests_button(7, by=TERMINAL) == "accepted"
    house.press(7)
    assert house.tests_button(7) == "refused"  # it is tested already
    assert house.claims(7, by=TERMINAL) == "accepted"
    assert house.tests_button(6) == "accepted"  # and this is another
    house.wait(TEST_MAX_S)
    house.practises(5)
    assert house.tests_button(7) == "refused"
    house.stops_practising()
    house.press(5)
    assert house.tests_button(7) == "refused"
    house.lets_ring()


def test_a_test_that_was_left_before_any_press_may_be_begun_anew(house: House) -> None:
    begin(house)
    assert house.tests_button(7, by="cor") == "accepted"
    assert how_it_ended(house) == ["not pressed"]
    house.wait(PRESS_WAIT_S - 1)
    house.press(7)
    assert house.claims(7) == "refused"
    assert house.claims(7, by="cor") == "accepted"
    assert len({fact.incident for fact in house.all(f.ButtonTestBegan)}) == 2
    house.wait(TEST_MAX_S)


def test_the_press_of_who_began_first_is_an_alarm_when_nobody_claims_it(house: House) -> None:
    begin(house)
    assert house.tests_button(7, by="cor") == "accepted"
    house.press(7)
    house.wait(CLAIM_S + 1)
    house.rings("Balie 3", TEAM_RINGS)


def test_a_house_without_a_pager_of_its_own_must_say_where_it_shows() -> None:
    house = House(replace(TOWN_HALL, pagers=()))
    assert house.tests_button(7) == "refused"
    assert house.tests_button(7, targets=("phone:anna",)) == "accepted"
    house.ends()


def test_only_the_tester_claims_and_judges_and_only_what_there_is(house: House) -> None:
    assert house.claims(7) == "refused"
    begin(house)
    assert house.claims(7) == "refused"  # nothing was pressed yet
    assert house.judges(right=True) == "refused"
    house.press(7)
    assert house.judges(right=True) == "refused"  # nobody has claimed it
    assert house.claims(7, by="cor") == "refused"
    assert house.claims(7) == "accepted"
    assert house.claims(7) == "refused"
    assert house.judges(right=True, by="cor") == "refused"
    assert house.judges(right=True) == "accepted"
    assert house.judges(right=False) == "refused"
    assert how_it_ended(house) == ["right"]


def test_the_same_command_again_is_the_same_test(house: House) -> None:
    commands: list[h.Heard] = [h.TestButton("k1", 7, "anna"), h.Claim("k2", 7, "anna")]
    assert house.hear(commands[0])
    house.press(7)
    assert house.hear(commands[1])
    commands.append(h.Judge("k3", house.all(f.ButtonTestBegan)[0].incident, "anna", True))
    assert house.hear(commands[2])
    assert not any(house.hear(command) for command in commands)


# --- what nobody does in time -----------------------------------------------------------------------------------------


def test_nobody_presses(house: House) -> None:
    begin(house)
    house.wait(PRESS_WAIT_S)
    assert how_it_ended(house) == ["not pressed"]
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)


def test_a_press_as_the_wait_ends_is_an_alarm(house: House) -> None:
    assert house.tests_button(7) == "accepted"
    house.mono_s += PRESS_WAIT_S  # the clock has struck, and its Tick waits behind the press
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    assert how_it_ended(house) == ["alarm"]


def test_nobody_judges(house: House) -> None:
    begin(house)
    house.press(7)
    house.claims(7)
    house.wait(TEST_MAX_S)
    assert how_it_ended(house) == ["not judged"]


def test_a_press_that_nobody_claims_is_an_alarm(house: House) -> None:
    """The tester was called away, and a colleague pressed in earnest."""
    begin(house)
    press = house.press(7)
    pressed_s = house.mono_s
    house.wait(CLAIM_S - 0.1)
    house.rings("Balie 3", "")
    house.wait(0.6)
    house.rings("Balie 3", TEAM_RINGS)
    assert how_it_ended(house) == ["not claimed"]
    raised = house.all(f.AlarmRaised)[0]
    assert (raised.press, raised.incident, raised.heard_s) == (press, press, pressed_s)
    assert {order.reason for order in house.all(f.Ordered) if order.kind == "alarm"} == {"test not claimed"}
    assert house.claims(7) == "refused"  # too late
    assert not house.faults and not house.all(f.BudgetMissed)  # it was not slow: it was not known
    assert house.hears_again(press) == ()
    assert house.alarm(7).number is not None


def test_a_claim_at_the_very_end_is_too_late(house: House) -> None:
    begin(house)
    house.press(7)
    house.mono_s += CLAIM_S  # the clock has struck, and its Tick waits behind the claim
    assert house.claims(7) == "refused"
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)


# --- S8: an alarm is an alarm -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("claimed", [False, True])
def test_a_second_press_is_an_alarm_at_once(house: House, claimed: bool) -> None:
    begin(house)
    house.press(7)
    house.wait(1)
    if claimed:
        house.claims(7)
    press = house.press(7)
    house.wait(0.5)
    house.rings("Balie 3", TEAM_RINGS)
    assert house.alarm(7).incident == press
    assert how_it_ended(house) == ["pressed twice"]
    assert {order.reason for order in house.all(f.Ordered) if order.kind == "alarm"} == {"test pressed twice"}


@pytest.mark.parametrize("claimed", [False, True])
def test_the_same_press_heard_again_is_not_a_second(house: House, claimed: bool) -> None:
    begin(house)
    press = house.press(7)
    if claimed:
        house.claims(7)
    house.wait(1)
    assert house.hears_again(press) == ()
    house.claims(7)
    house.judges(right=True)


def test_a_button_of_another_desk_is_an_alarm_and_ends_the_test(house: House) -> None:
    begin(house)
    house.press(6)
    house.wait(0.5)
    house.rings("Balie 2", TEAM_RINGS)
    assert how_it_ended(house) == ["alarm"]
    house.press(7)  # and this is no test any more
    house.wait(0.5)
    house.rings("Balie 3", TEAM_RINGS)


def test_a_press_that_was_made_before_the_test_began_is_an_alarm(house: House) -> None:
    """A zender that was out of reach repeats a press of a minute ago, when its button is to be tested."""
    begin(house)
    house.hear(h.Pressed("7-a-77", 7, "a", house.mono_s, age_ms=3100))
    house.wait(0.5)
    house.rings("Balie 3", TEAM_RINGS)
    assert how_it_ended(house) == ["alarm"]


def test_a_contact_that_is_found_active_is_no_test(house: House) -> None:
    begin(house)
    house.hear(h.Pressed("7-a-77", 7, "", house.mono_s, at_start=True))
    house.wait(0.5)
    house.rings("Balie 3", TEAM_RINGS)


def test_a_press_that_waits_to_be_claimed_is_not_lost_in_another_alarm(house: House) -> None:
    """Two desks in one minute, and one of them was tested: nobody knows yet whether it was the tester."""
    begin(house)
    house.press(7)
    house.wait(1)
    house.press(6)
    house.wait(1)
    house.rings("Balie 2", TEAM_RINGS)
    assert how_it_ended(house) == []
    house.wait(CLAIM_S)
    house.rings("Balie 3", TEAM_RINGS)
    assert how_it_ended(house) == ["not claimed"]
    house.lets_ring()


def test_a_press_that_is_claimed_beside_another_alarm_ends_the_test(house: House) -> None:
    begin(house)
    house.press(7)
    house.press(6)
    assert house.claims(7) == "accepted"
    assert how_it_ended(house) == ["alarm"]
    house.wait(9)
    house.rings("Balie 2", TEAM_RINGS)


def test_an_alarm_at_the_same_desk_ends_a_test_whose_press_nobody_claimed(house: House) -> None:
    begin(house)
    house.press(7)
    house.hear(h.Receipt("p2", "b001", 90, "7-c-9.d000.1", "7-c-9", "7-c-9", 7, "shown"))
    house.wait(0.5)
    house.rings("Balie 3", TEAM_RINGS)
    assert how_it_ended(house) == ["alarm"]


def test_no_page_says_later_that_an_alarm_was_a_test(house: House) -> None:
    house.hand_over_s = 12.0  # a slow carrier
    begin(house)
    house.press(7)
    house.wait(CLAIM_S + 0.1)
    house.hand_over_s = 0.01
    house.wait(45)
    assert house.lets_ring()
    assert not any(order.kind == "test" for order in house.pager("p1").told)


# --- restarts ---------------------------------------------------------------------------------------------------------


def test_a_restart_ends_a_test(house: House) -> None:
    begin(house)
    house.restart()
    assert how_it_ended(house) == ["restarted"]
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)


def test_a_restart_makes_an_alarm_of_a_press_that_nobody_claimed(house: House) -> None:
    begin(house)
    press = house.press(7)
    house.wait(2)
    house.restart(away_s=2.0)
    house.wait(0.5)
    house.rings("Balie 3", TEAM_RINGS)
    assert house.alarm(7).incident == press
    assert house.state.house_s(house.now) - house.alarm(7).heard_s == pytest.approx(4.5)
    assert how_it_ended(house) == ["not claimed"]
    assert not house.faults


def test_a_restart_ends_a_test_whose_press_was_claimed(house: House) -> None:
    begin(house)
    house.press(7)
    house.claims(7)
    house.wait(1)
    house.restart()
    house.wait(3600)
    assert how_it_ended(house) == ["restarted"]


@pytest.mark.parametrize("second", [False, True])
def test_wherever_a_crash_cuts_off_a_press_that_became_an_alarm_it_rings(second: bool) -> None:
    told = House()
    begin(told)
    before = len(told.facts)
    told.press(7)
    told.wait(1)
    if second:
        told.press(7)
    told.wait(CLAIM_S + 1)
    for n in range(before + 1, len(told.facts) + 1):
        house = House()
        house.take_over(told, n)
        house.wait(1)
        assert house.state.alarm_on(7) or not house.all(f.ButtonTestPressed), f"cut after {n} facts"
        assert len(house.all(f.AlarmRaised)) <= 1
        assert not house.state.button_tests
