"""One contact, by traces of edges as switches and wires make them: how many presses, and what is stuck."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from achterwacht.core.contact import STUCK_S, Event, Life, Press, Stuck, StuckOver, look

REARM_S = 0.5
POLL_S = 0.2

Look = tuple[float, bool]
"""When the contact was looked at, and whether it was active."""


def seen(life: Life, looks: Iterable[Look]) -> tuple[Life, list[Event]]:
    events: list[Event] = []
    for at_s, active in looks:
        life, more = look(life, active, at_s)
        events += more
    return life, events


def told(looks: Iterable[Look], *, min_active_s: float = 0.0, rearm_s: float = REARM_S) -> list[Event]:
    return seen(Life(min_active_s, rearm_s), looks)[1]


def presses(events: Iterable[Event]) -> list[Press]:
    return [event for event in events if isinstance(event, Press)]


# --- stories ----------------------------------------------------------------------------------------------------------


def test_the_first_edge_counts_at_once() -> None:
    assert told([(0.0, False), (7.0, True)]) == [StuckOver(), Press(7.0)]


def test_a_contact_that_is_active_when_we_begin_is_a_press_that_says_so() -> None:
    assert told([(3.0, True), (3.2, True)]) == [Press(3.0, at_start=True)]


def test_only_the_first_press_was_there_at_the_start() -> None:
    assert presses(told([(3.0, True), (4.0, False), (9.0, True)])) == [Press(3.0, at_start=True), Press(9.0)]


def test_what_bounces_is_one_press() -> None:
    edges = [(0.0, False), (1.0, True), (1.001, False), (1.002, True), (1.3, False), (1.301, True), (1.302, False)]
    assert presses(told(edges)) == [Press(1.0)]


def test_a_bounce_during_the_release_makes_it_begin_anew() -> None:
    released = [(0.0, False), (1.0, True), (2.0, False), (2.4, True), (2.401, False)]
    assert presses(told([*released, (2.9, True)])) == [Press(1.0)]
    assert presses(told([*released, (2.902, True)])) == [Press(1.0), Press(2.902)]


def test_without_rearm_every_time_it_becomes_active_is_a_press() -> None:
    looks = [(0.0, False), (1.0, True), (1.0, False), (1.0, True), (2.0, True)]
    assert presses(told(looks, rearm_s=0.0)) == [Press(1.0), Press(1.0)]


def test_with_a_minimum_it_counts_when_it_has_been_active_for_that_long() -> None:
    life, events = seen(Life(0.05, REARM_S), [(0.0, False), (1.0, True), (1.04, True)])
    assert not presses(events)
    assert life.due_s == 1.05
    assert seen(life, [(1.05, True)])[1] == [Press(1.05)]


def test_with_a_minimum_a_shorter_one_never_counts_and_leaves_the_next_whole() -> None:
    looks = [(0.0, False), (1.0, True), (1.04, False), (1.05, True), (1.09, False), (1.1, True), (1.2, True)]
    assert presses(told(looks, min_active_s=0.05)) == [Press(1.1 + 0.05)]


def test_with_a_minimum_one_that_lasted_long_enough_counts_though_only_its_end_is_seen() -> None:
    assert presses(told([(0.0, False), (1.0, True), (1.3, False)], min_active_s=0.05)) == [Press(1.0 + 0.05)]


def test_with_a_minimum_a_contact_that_was_active_at_the_start_says_so() -> None:
    assert told([(1.0, True), (1.05, True)], min_active_s=0.05) == [Press(1.05, at_start=True)]


def test_held_for_30_s_is_stuck_and_said_once() -> None:
    life, events = seen(Life(0.0, REARM_S), [(0.0, False), (REARM_S, False), (1.0, True), (1.0 + STUCK_S - 0.01, True)])
    assert events == [StuckOver(), Press(1.0)]
    assert life.due_s == 1.0 + STUCK_S
    life, events = seen(life, [(1.0 + STUCK_S, True), (2000.0, True)])
    assert events == [Stuck()]
    assert life.due_s is None


def test_stuck_is_over_when_it_is_at_rest() -> None:
    life, _ = seen(Life(0.0, REARM_S), [(0.0, False), (1.0, True), (100.0, True)])
    life, events = seen(life, [(200.0, False), (200.4, False)])
    assert events == []
    assert life.due_s == 200.5
    life, events = seen(life, [(200.5, False)])
    assert events == [StuckOver()]
    assert life.due_s is None


def test_a_press_that_ends_just_before_30_s_is_not_stuck() -> None:
    looks = [(0.0, False), (1.0, True), (STUCK_S + 0.9, False), (STUCK_S + 1.1, False), (STUCK_S + 5, False)]
    assert Stuck() not in told(looks)


def test_a_wire_that_chatters_for_ever_is_one_press_and_stuck() -> None:
    chatter = [(1.0 + edge * 0.3, edge % 2 == 0) for edge in range(200)]
    assert told([(0.0, False), (0.6, False), *chatter]) == [StuckOver(), Press(1.0), Stuck()]


def test_a_fault_from_before_the_start_is_over_when_the_contact_comes_to_rest() -> None:
    assert told([(0.0, False), (REARM_S, False)]) == [StuckOver()]
    assert told([(0.0, True), (3.0, False), (4.0, False)]) == [Press(0.0, at_start=True), StuckOver()]


def test_a_contact_that_nobody_looked_at_waits_for_nothing() -> None:
    assert Life().due_s is None


# --- any trace --------------------------------------------------------------------------------------------------------

BOUNCES = st.lists(st.floats(0.0, 0.02), max_size=8).map(lambda gaps: gaps[: len(gaps) // 2 * 2])
"""Gaps between edges; an even number of them, so that the contact ends as the first edge made it."""
STEPS = st.lists(st.tuples(st.floats(0.0, 40.0) | st.floats(0.0, 0.6), st.booleans()), min_size=1, max_size=30)


def after(start_s: float, steps: Iterable[tuple[float, bool]]) -> list[Look]:
    """The same looks, with times for gaps."""
    times = itertools.accumulate((gap_s for gap_s, _ in steps), initial=start_s)
    return list(zip(itertools.islice(times, 1, None), (active for _, active in steps), strict=True))


def edge_and_bounces(at_s: float, active: bool, gaps: list[float]) -> list[Look]:
    levels = itertools.cycle((not active, active))
    return [(at_s, active), *after(at_s, [(gap_s, next(levels)) for gap_s in gaps])]


def level_at(edges: list[Look], at_s: float) -> bool:
    return next(active for when_s, active in reversed(edges) if when_s <= at_s)


def with_polls(edges: list[Look], phase_s: float) -> list[Look]:
    """The edges, and the level at every 200 ms between them."""
    end_s = edges[-1][0]
    polls = [phase_s + n * POLL_S for n in range(int((end_s - phase_s) / POLL_S) + 1)]
    return sorted([*edges, *((at_s, level_at(edges, at_s)) for at_s in polls)], key=lambda seen: seen[0])


@given(
    people=st.lists(st.tuples(st.floats(0.0, 5.0), BOUNCES, BOUNCES, st.floats(0.01, 3.0)), max_size=5),
    phase_s=st.floats(0.0, POLL_S),
)
def test_as_many_presses_as_people_made(
    people: list[tuple[float, list[float], list[float], float]], phase_s: float
) -> None:
    edges: list[Look] = [(0.0, False)]
    downs = []
    for hold_s, down, up, rest_s in people:
        downs.append(edges[-1][0] + REARM_S + rest_s)
        edges += edge_and_bounces(downs[-1], True, down)
        edges += edge_and_bounces(edges[-1][0] + hold_s, False, up)
    assert [press.at_s for press in presses(told(edges))] == downs
    assert [press.at_s for press in presses(told(with_polls(edges, phase_s)))] == downs


@given(STEPS)
def test_a_press_is_being_active_after_a_rest(steps: list[tuple[float, bool]]) -> None:
    looks = after(0.0, steps)
    expected = []
    rest_since_s: float | None = None
    armed, was = True, None
    for at_s, active in looks:
        if not active and was is not False:
            rest_since_s = at_s
        if rest_since_s is not None and at_s >= rest_since_s + REARM_S:
            armed = True
        if active and armed:
            expected.append(at_s)
            armed = False
        if active:
            rest_since_s = None
        was = active
    assert [press.at_s for press in presses(told(looks))] == expected


@given(
    start_s=st.floats(0.0, POLL_S),
    gaps=st.lists(st.floats(0.15, POLL_S), min_size=12, max_size=20),
    min_active_s=st.sampled_from((0.0, 0.05)),
)
def test_a_press_of_400_ms_counts_though_all_its_edges_are_lost(
    start_s: float, gaps: list[float], min_active_s: float
) -> None:
    polls = [(at_s, 1.0 <= at_s < 1.4) for at_s in itertools.accumulate(gaps, initial=start_s)]
    assert len(presses(told(polls, min_active_s=min_active_s))) == 1


@given(STEPS, st.sampled_from((0.0, 0.05)), st.sampled_from((0.0, REARM_S)))
def test_looking_when_it_is_due_tells_the_same_and_sooner(
    steps: list[tuple[float, bool]], min_active_s: float, rearm_s: float
) -> None:
    life, events = Life(min_active_s, rearm_s), list[Event]()
    for at_s, active in after(0.0, steps):
        while life.due_s is not None and life.due_s < at_s:
            due_s = life.due_s
            assert life.active is not None
            life, more = look(life, life.active, due_s)
            assert more or not life.active, "something that is due happens, or the contact is at rest"
            assert life.due_s is None or life.due_s > due_s, "it would be looked at for ever"
            events += more
        life, more = look(life, active, at_s)
        events += more
    assert events == told(after(0.0, steps), min_active_s=min_active_s, rearm_s=rearm_s)


@given(STEPS)
def test_stuck_and_over_take_turns(steps: list[tuple[float, bool]]) -> None:
    said = [event for event in told(after(0.0, steps)) if not isinstance(event, Press)]
    assert all(earlier != later for earlier, later in itertools.pairwise(said))


@given(st.lists(st.tuples(st.floats(0.0, 100.0), st.booleans()), max_size=20), st.floats(0.0, 1.0))
def test_edges_that_come_late_are_no_trouble(looks: list[Look], rearm_s: float) -> None:
    events = told(looks, rearm_s=rearm_s)
    assert len(presses(events)) <= sum(active for _, active in looks)
    assert bool(presses(events)) == any(active for _, active in looks), "whatever the order, a press is heard"
