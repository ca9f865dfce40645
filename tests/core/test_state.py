"""The state: what each fact means, and how time runs on over a restart."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from functools import reduce
from typing import get_args

import pytest
from immutables import Map
from msgspec.structs import replace

from achterwacht.core import facts as f
from achterwacht.core.evolve import _EVOLVE, evolve, forget_old
from achterwacht.core.heard import AnswerWord
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Pager
from achterwacht.core.state import EMPTY, KNOWN_S, REMEMBERED_S, STAGES, UNDO_S, Alarm, Press, Stage, State
from house import FIRST_NIGHT, TOWN_HALL

INCIDENT = "7-a-1"


def at(mono_s: float, wall_s: float | None = None) -> Moment:
    """A moment of the first night; the wall clock goes with the other unless told otherwise."""
    return Moment(mono_s, FIRST_NIGHT + timedelta(seconds=mono_s if wall_s is None else wall_s), True)


def after(*facts: f.Fact) -> State:
    """The state after these facts, beginning with a started daemon that has a plan."""
    begin = (f.DaemonStarted(at(0), "d1", "test"), f.PlanAdopted(at(0), TOWN_HALL, "first"))
    return reduce(evolve, (*begin, *facts), EMPTY)


def raised(mono_s: float = 1.0) -> f.AlarmRaised:
    """Balie 3 presses."""
    return f.AlarmRaised(at(mono_s), INCIDENT, INCIDENT, 7, "Balie 3", mono_s, 0)


def answered(by: str, answer: AnswerWord, mono_s: float = 2.0, counts: bool = True) -> f.Answered:
    """Somebody answers; each answer has its own key."""
    return f.Answered(at(mono_s), f"{by}-{answer}-{mono_s}", INCIDENT, by, "command", answer, "accepted", counts, "")


def ordered(order: str, target: str = "pager:p1", kind: f.Kind = "alarm") -> f.Ordered:
    """An order of the open alarm."""
    return f.Ordered(at(1), order, INCIDENT, INCIDENT, 7, target, kind, 1, "first press")


def the_alarm(state: State) -> Alarm:
    """The one open alarm."""
    return state.alarms[INCIDENT]


def test_every_fact_has_a_meaning() -> None:
    assert set(_EVOLVE) | {f.Checkpoint} == set(get_args(f.Fact))


def test_facts_are_counted_and_the_last_moment_is_kept() -> None:
    state = after(raised(3))
    assert (state.n, state.since_checkpoint, state.last) == (3, 3, at(3))


# --- time ---


@pytest.mark.parametrize(
    ("away_s", "expected_s"),
    [(0.2, 10.2), (3600.0, 3610.0), (-7200.0, 10.0)],  # a wall clock that jumped back: no time passed, never less
)
def test_house_time_runs_on_over_a_restart(away_s: float, expected_s: float) -> None:
    state = evolve(after(raised(10)), f.DaemonStarted(at(500, 10 + away_s), "d2", "test"))
    assert state.house_s(at(500)) == pytest.approx(expected_s)
    assert state.house_s(at(501)) == pytest.approx(expected_s + 1)


def test_house_time_passes_while_the_wall_clock_is_set() -> None:
    state = after(raised(10))
    assert state.house_s(at(20, wall_s=-1e9)) == 20


def test_a_start_begins_to_count_orders_and_faults_anew() -> None:
    state = after(raised(), ordered("x"), f.FaultRaised(at(2), "broker/link", "gone"))
    assert (state.orders, len(state.faults)) == (1, 1)
    state = evolve(state, f.DaemonStarted(at(3), "d2", "test"))
    assert (state.orders, len(state.faults), state.boot) == (0, 0, "d2")
    assert "x" in state.outbox  # taken up again


# --- persons and phases ---


@pytest.mark.parametrize(
    ("answers", "phase", "coming"),
    [
        ((), "ringing", 0),
        ((("anna", "coming"),), "ringing", 1),
        ((("anna", "coming"), ("anna", "coming")), "ringing", 1),
        ((("anna", "coming"), ("bas", "coming")), "coming", 2),
        ((("pager:p1", "coming"), ("pager:p2", "coming")), "ringing", 1),  # somebody, no more is known
        ((("pager:p1", "coming"), ("anna", "coming")), "coming", 2),
        ((("anna", "on_scene"),), "on_scene", 1),
        ((("anna", "on_scene"), ("anna", "coming")), "on_scene", 1),  # who is there is there
        ((("anna", "on_scene"), ("anna", "cannot")), "ringing", 0),
        ((("anna", "coming"), ("bas", "cannot")), "ringing", 1),
    ],
)
def test_the_phase_follows_from_who_said_what(
    answers: tuple[tuple[str, AnswerWord], ...], phase: str, coming: int
) -> None:
    alarm = the_alarm(after(raised(), *(answered(by, word, 2.0 + n) for n, (by, word) in enumerate(answers))))
    assert (alarm.phase, alarm.coming) == (phase, coming)


def test_an_answer_that_does_not_count_changes_nothing_but_is_remembered() -> None:
    state = after(raised(), answered("gerda", "on_scene", counts=False))
    assert the_alarm(state) == the_alarm(after(raised()))
    assert "gerda-on_scene-2.0" in state.outcomes


def test_enough_are_coming_since_the_second() -> None:
    state = after(raised(), answered("anna", "coming", 2), answered("bas", "coming", 5), answered("cor", "coming", 9))
    assert the_alarm(state).enough_s == 5
    state = evolve(state, answered("cor", "cannot", 10))
    assert the_alarm(state).enough_s == 5
    state = evolve(state, answered("anna", "cannot", 11))
    assert the_alarm(state).enough_s is None


def test_the_police_do_not_go_back() -> None:
    state = after(raised(), answered("anna", "police_here", 2), answered("bas", "called_112", 3))
    assert the_alarm(state).police == "arrived"


@pytest.mark.parametrize(("police", "expected"), [("none", "none"), ("advised", "advised"), ("called", "none")])
def test_pressed_again_asks_again_for_what_was_done(police: AnswerWord, expected: str) -> None:
    told: dict[str, tuple[f.Fact, ...]] = {
        "none": (),
        "advised": (f.PoliceAdvised(at(2), INCIDENT, "nobody on the scene"),),
        "called": (answered("anna", "called_112"),),
    }
    joined = f.PressJoined(at(9), INCIDENT, "7-a-2", 7, False, False, 9)
    alarm = the_alarm(after(raised(), *told[police], answered("bas", "on_scene"), joined))
    assert alarm.police == expected
    assert (alarm.responders, alarm.step, alarm.run_s, alarm.last_press) == (Map(), -1, 9, "7-a-2")


def test_a_burst_is_remembered_and_changes_no_ladder() -> None:
    before = after(raised(), answered("anna", "coming"))
    state = evolve(before, f.PressJoined(at(2.5), INCIDENT, "7-a-2", 7, True, False, 2.5))
    assert the_alarm(state) == replace(the_alarm(before), last_press_s=2.5)
    assert state.presses["7-a-2"] == Press(INCIDENT, 2.5)


# --- orders ---


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        ("handed_over", "received", "received"),
        ("shown", "received", "shown"),
        ("shown", "failed", "shown"),  # what is on a display has arrived
        ("failed", "shown", "shown"),
        ("handed_over", "failed", "failed"),
    ],
)
def test_the_best_that_is_known_of_an_order_stands(first: Stage, then: Stage, expected: Stage) -> None:
    said: dict[Stage, f.Fact] = {
        "handed_over": f.OrderHandedOver(at(2), "x", INCIDENT, "pager:p1"),
        "received": f.OrderReceived(at(2), "x", INCIDENT, "pager:p1"),
        "shown": f.OrderShown(at(2), "x", INCIDENT, "pager:p1"),
        "failed": f.OrderFailed(at(2), "x", INCIDENT, "pager:p1", "gone"),
    }
    state = after(raised(), ordered("x"), said[first], said[then])
    assert the_alarm(state).rings["pager:p1"].stage == expected
    assert STAGES.index(expected) == max(STAGES.index(first), STAGES.index(then))
    assert not state.outbox


def test_a_newer_ring_replaces_the_one_that_still_waits() -> None:
    state = after(raised(), ordered("x"), ordered("y"), ordered("z", "pager:p2"))
    assert set(state.outbox) == {"y", "z"}
    assert the_alarm(state).step_targets == ("pager:p1", "pager:p2")


def test_a_question_does_not_replace_a_ring() -> None:
    state = after(raised(), ordered("x"), ordered("y", kind="update"), ordered("z", kind="call_112"))
    assert set(state.outbox) == {"x", "y", "z"}


def test_closing_drops_what_would_still_ring_and_reopening_what_would_calm() -> None:
    closed = f.AlarmClosed(at(5), INCIDENT, "anna", "")
    state = after(raised(), ordered("x"), closed, ordered("y", kind="over"))
    assert set(state.outbox) == {"y"}
    assert state.closed[INCIDENT].phase == "closed"
    state = evolve(state, f.AlarmReopened(at(6), "key", INCIDENT, "cor"))
    assert not state.outbox
    assert (the_alarm(state).phase, the_alarm(state).run_reason) == ("ringing", "closing undone")


# --- what is forgotten ---


def test_a_checkpoint_forgets_in_its_time() -> None:
    number = f.IncidentNumbered(at(1), INCIDENT, "2026-001", 0.1)
    state = after(raised(), number, answered("anna", "coming"), f.AlarmClosed(at(5), INCIDENT, "anna", ""))
    assert forget_old(state, at(UNDO_S)) == state
    assert not forget_old(state, at(UNDO_S + 5)).closed
    assert INCIDENT in forget_old(state, at(KNOWN_S * 2)).presses  # for pagers from a drawer
    kept = forget_old(state, at(REMEMBERED_S + 5))
    assert (kept.presses, kept.outcomes, kept.closed) == (Map(), Map(), Map())


def test_a_closing_that_cannot_be_taken_back_any_more_is_dropped_by_the_next() -> None:
    another = f.AlarmRaised(at(UNDO_S), "6-a-1", "6-a-1", 6, "Balie 2", UNDO_S, 0)
    number = f.IncidentNumbered(at(1), INCIDENT, "2026-001", 0.1)
    state = after(raised(), number, f.AlarmClosed(at(5), INCIDENT, "anna", ""), another)
    assert set(state.closed) == {INCIDENT}
    assert set(evolve(state, f.AlarmClosed(at(UNDO_S + 5), "6-a-1", "anna", "")).closed) == {"6-a-1"}


def test_a_closed_alarm_waits_for_its_number_however_long_the_disk_is_broken() -> None:
    state = after(raised(), f.AlarmClosed(at(5), INCIDENT, "anna", ""))
    assert set(forget_old(state, at(REMEMBERED_S)).closed) == {INCIDENT}


def test_a_start_keeps_the_faults_of_devices_that_are_gone() -> None:
    """A broker that lost its memory says nothing of them."""
    gone = (f.DeviceSeen(at(1), "pager:p2", "aaaa", False), f.FaultRaised(at(1), "pager:p2/offline", "gone"))
    state = after(*gone, f.FaultRaised(at(1), "broker/link", "lost"), f.DaemonStarted(at(9), "b2", "test"))
    assert set(state.faults) == {"pager:p2/offline"}


def test_an_alarm_raised_again_under_an_old_name_is_not_ended_by_the_old_over() -> None:
    """A button that counts from 1 again, a year later, while the `over` of then is still under way."""
    over = f.Ordered(at(5), "o9", INCIDENT, INCIDENT, 7, "pager:p1", "over", 1, "closed")
    state = after(raised(), f.AlarmClosed(at(5), INCIDENT, "anna", ""), over)
    assert (set(state.outbox), set(state.untold)) == ({"o9"}, {f"{INCIDENT} pager:p1"})
    state = evolve(state, raised())
    assert (state.outbox, state.untold, state.closed) == (Map(), Map(), Map())


def test_a_pager_that_the_plan_has_given_to_a_paging_system_is_not_told_without_end() -> None:
    """Told as one of our own, and then as one that never says that it has it: nothing is waited for any more."""

    def over(order: str, when_s: float, attempt: int) -> f.Ordered:
        return f.Ordered(at(when_s), order, INCIDENT, INCIDENT, 7, "pager:p1", "over", attempt, "closed")

    first, again = over("o9", 5, 1), over("o10", 15, 2)
    pagers = tuple(dataclasses.replace(one, base="centrale") if one.id == "p1" else one for one in TOWN_HALL.pagers)
    given = dataclasses.replace(TOWN_HALL, pagers=pagers, bases=("centrale",))
    changed = f.PlanAdopted(at(10), given, "changed")
    state = after(raised(), f.AlarmClosed(at(4), INCIDENT, "anna", ""), first)
    assert set(state.untold) == {f"{INCIDENT} pager:p1"}
    state = evolve(evolve(state, changed), again)
    assert (set(state.outbox), state.untold) == ({"o10"}, Map())


def test_an_open_alarm_is_never_forgotten() -> None:
    state = after(raised())
    assert forget_old(state, at(REMEMBERED_S * 2)).presses == state.presses


def test_a_replay_from_a_checkpoint_counts_on() -> None:
    before = after(raised(), f.AlarmClosed(at(5), INCIDENT, "anna", ""))
    mark = f.Checkpoint(at(6), before)
    assert evolve(before, mark) == evolve(EMPTY, mark)
    assert (evolve(EMPTY, mark).n, evolve(EMPTY, mark).since_checkpoint) == (before.n + 1, 0)


# --- small things ---


def test_a_merged_name_finds_its_incident() -> None:
    state = after(raised(), f.IncidentMerged(at(2), "7-a-0", INCIDENT))
    assert state.incident_of("7-a-0") == INCIDENT
    assert state.incident_of("7-z-9") is None


def test_a_number_finds_an_open_and_a_closed_alarm() -> None:
    number = f.IncidentNumbered(at(2), INCIDENT, "2026-017", 0.1)
    assert the_alarm(after(raised(), number)).number == "2026-017"
    closed = after(raised(), f.AlarmClosed(at(2), INCIDENT, "anna", ""), number)
    assert closed.closed[INCIDENT].number == "2026-017"
    assert closed.numbers == Map({"2026": 17})


def test_a_pager_changes_hands_in_the_plan_of_the_house_only() -> None:
    state = after(raised(), f.PagerCarried(at(2), "key", "p1", "dina"))
    assert state.plan.pager("p1") == Pager("p1", "dina")
    assert the_alarm(state).plan == TOWN_HALL.for_zender(the_alarm(state).zender)


def test_a_device_remembers_its_former_boot() -> None:
    seen = [f.DeviceSeen(at(n), "pager:p1", boot, True) for n, boot in enumerate(("a", "b", "b"))]
    assert after(*seen).devices["pager:p1"].former == "a"
