"""The daemon dies and comes back: every open alarm rings again, and what follows ends as it would have (L3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from achterwacht.core import facts as f
from achterwacht.core.codec import decode
from achterwacht.core.escalation import CHECKPOINT_OPEN_FACTS, checkpoint
from achterwacht.core.evolve import evolve
from house import ALL_RING, BACKUP_RINGS, TEAM_RINGS, TOWN_HALL, House, replay

HOUR_S = 3600.0

LONG_NIGHT: tuple[Callable[[House], object], ...] = (
    lambda house: house.press(7),
    lambda house: house.wait(0.005),
    lambda house: house.wait(1),
    lambda house: house.says("anna", "coming"),
    lambda house: house.wait(15),
    lambda house: house.says("dina", "coming"),
    lambda house: house.wait(61),
    lambda house: house.says("els", "cannot"),
    lambda house: house.press(7),
    lambda house: house.wait(20),
    lambda house: house.says("anna", "on_scene"),
    lambda house: house.says("cor", "on_scene"),
    lambda house: house.wait(100),
    lambda house: house.says("anna", "told_to_leave"),
    lambda house: house.wait(130),
    lambda house: house.says("anna", "on_scene"),
    lambda house: house.says("cor", "told_to_leave"),
    lambda house: house.wait(40),
    lambda house: house.says("fred", "called_112"),
    lambda house: house.wait(40),
    lambda house: house.says("anna", "police_here"),
    lambda house: house.says("anna", "on_scene"),
    lambda house: house.says("anna", "all_clear"),
    lambda house: house.wait(1),
)
"""Everything an alarm can go through, one step after the other."""


def rings_or_is_asked(house: House) -> None:
    """Right after a start each open alarm has rung; where enough people are on the scene, they were asked how it is."""
    since = max(n for n, fact in enumerate(house.facts) if isinstance(fact, f.DaemonStarted))
    for alarm in house.state.alarms.values():
        fresh = [order for order in house.facts[since:] if isinstance(order, f.Ordered)]
        reasons = {order.reason for order in fresh if order.incident == alarm.incident}
        expected = "all well?" if alarm.phase == "on_scene" and not alarm.searching else "daemon restarted"
        assert expected in reasons
        if alarm.police == "advised":
            assert any(order.kind == "call_112" and order.reason == "daemon restarted" for order in fresh)


@pytest.mark.parametrize("step", range(1, len(LONG_NIGHT) + 1))
def test_a_restart_after_each_step_of_a_long_night(house: House, step: int) -> None:
    for happens in LONG_NIGHT[:step]:
        happens(house)
    house.restart()
    rings_or_is_asked(house)
    for happens in LONG_NIGHT[step:]:
        happens(house)
    assert not house.state.alarms
    assert len(house.all(f.AlarmRaised)) == 1
    assert len(house.all(f.AlarmClosed)) == 1
    house.lets_ring()
    house.wait(HOUR_S)


def test_a_restart_after_each_fact_of_a_long_night() -> None:
    told = House()
    told.commit_s = None  # so that each fact may be the last one on disk
    for happens in LONG_NIGHT:
        happens(told)
    assert len(told.lines) > 100
    for n in range(1, len(told.lines)):
        house = House()
        house.take_over(told, n)
        rings_or_is_asked(house)
        if house.state.alarms:
            house.says("anna", "on_scene")
            house.says("cor", "on_scene")
            assert house.says("anna", "all_clear") == "accepted"
        assert not house.state.alarms


def test_a_restart_is_heard_at_once(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.restart()
    house.wait(0.1)
    house.rings("Balie 3", BACKUP_RINGS)  # the next step, for nobody knows what was missed
    house.restart()
    house.wait(0.1)
    house.rings("Balie 3", ALL_RING)


def test_one_on_the_scene_and_a_second_one_wanted(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("on_scene")
    house.restart()
    house.wait(0.1)
    assert house.pager("p1").was_asked("all well?")
    house.rings("Balie 3", "p2 p3 dina")
    assert house.alarm(7).phase == "on_scene"


def test_an_order_that_was_under_way_is_taken_up_again(house: House) -> None:
    incident = house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    house.restart()  # before anybody was told
    house.wait(1)
    assert house.told_over(incident) == {"p1", "p2", "p3", "anna"}


@pytest.mark.parametrize("jump_s", [-365 * 24 * HOUR_S, -30.0, 0.0, 30.0, 56 * 365 * 24 * HOUR_S])
def test_the_wall_clock_jumps_while_the_daemon_is_away(house: House, jump_s: float) -> None:
    first = house.press(7)
    house.wait(20)
    house.lets_ring()
    house.pager("p1").answers("coming")
    house.restart(wall_jump_s=jump_s)
    house.wait(0.1)
    assert house.lets_ring() >= 5
    house.wait(60)
    house.lets_ring()
    assert house.alarm(7).police == "advised"
    assert not house.hears_again(first)
    house.pager("p1").answers("on_scene")
    assert house.pager("p1").answers("all_clear") == "accepted"
    house.wait(1)
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)


def test_a_stop_in_order_leaves_a_checkpoint_to_start_from(house: House) -> None:
    first = house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    house.wait(1)
    house.stop()
    assert isinstance(house.facts[-1], f.Checkpoint)
    from_there = evolve(replay(()), decode(house.lines[-1]))
    assert from_there == house.state
    house.restart(away_s=60)
    assert not house.hears_again(first)
    assert house.undoes("cor", first) == "accepted"  # what can be taken back survives it
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)


def test_a_stop_with_an_open_alarm_leaves_none(house: House) -> None:
    house.press(7)
    house.stop()
    assert not house.all(f.Checkpoint)
    house.restart()
    house.wait(0.1)
    house.rings("Balie 3", BACKUP_RINGS)


def test_many_facts_leave_a_checkpoint_when_all_is_quiet(house: House) -> None:
    house.press(7)
    house.wait(1800)
    assert house.lets_ring() > 400
    assert not house.all(f.Checkpoint)  # not yet while an alarm is open
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    house.wait(1)
    marks = [n for n, fact in enumerate(house.facts) if isinstance(fact, f.Checkpoint)]
    assert len(marks) == 1
    assert replay(house.lines[marks[0] :]) == house.state


def test_an_alarm_that_is_forgotten_overnight_makes_no_start_slow(house: House) -> None:
    house.press(7)
    house.wait(16 * HOUR_S)
    house.lets_ring()
    marks = [n for n, fact in enumerate(house.facts) if isinstance(fact, f.Checkpoint)]
    assert len(marks) > 2
    assert len(house.lines) - marks[-1] <= CHECKPOINT_OPEN_FACTS + 50
    assert replay(house.lines[marks[-1] :]) == house.state
    assert house.alarm(7).phase == "ringing"


def test_a_checkpoint_forgets_what_is_old(house: House) -> None:
    first = house.press(7)
    house.wait(1)
    house.lets_ring()
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    house.restart(away_s=31 * 24 * HOUR_S)
    kept = checkpoint(house.state, house.now).state
    assert first in house.state.presses
    assert not kept.presses
    assert not kept.outcomes
    assert not kept.closed


def test_a_plan_edited_while_the_daemon_was_away(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.lets_ring()
    house.plan = replace(TOWN_HALL, pagers=TOWN_HALL.pagers[:1])
    house.restart()
    house.wait(0.1)
    house.rings("Balie 3", BACKUP_RINGS)  # it was raised under the old one
    house.press(7)
    house.wait(3)
    house.press(7)
    house.wait(1)
    house.lets_ring()
    assert house.alarm(7).plan == house.plan.for_zender(7)
