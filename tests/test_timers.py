"""The timers are what due() says, whatever happened: looking at less must never mean waking too late."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st

from achterwacht.core import heard as h
from achterwacht.core.escalation import decide, due
from achterwacht.core.evolve import evolve
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Ladder, Member, Pager, Plan, Site, Step, Zender
from achterwacht.core.state import EMPTY, State
from achterwacht.timers import Timers

PLAN = Plan(
    site=Site("Gemeente", "Plein 1"),
    zenders=(Zender(1, "Balie 1"), Zender(2, "Balie 2")),
    pagers=(Pager("p1", "anna"), Pager("p2")),
    members=(Member("anna"), Member("bea", ways=("phone",))),
    ladder=Ladder((Step(0.0, ("pagers",)), Step(15.0, ("pagers", "team"))), callers_112=("bea",)),
)
START = datetime(2026, 11, 21, 8, tzinfo=UTC)
ANSWERS: tuple[h.AnswerWord, ...] = ("coming", "cannot", "on_scene", "need_112", "called_112", "all_clear")

what = st.one_of(
    st.builds(
        lambda zender, seq: h.Pressed(f"{zender}-00ff-{seq}", zender, "00ff", 0.0), st.integers(1, 2), st.integers(1, 4)
    ),
    st.builds(
        lambda zender, seq, pager, answer: h.Answer(
            f"{pager}-aaaa-{seq}", f"{zender}-00ff-1", answer, pager, "aaaa", None, f"{zender}-00ff-1", zender
        ),
        st.integers(1, 2),
        st.integers(1, 99),
        st.sampled_from(["p1", "p2"]),
        st.sampled_from(ANSWERS),
    ),
    st.builds(
        lambda pager, online: h.Status(f"pager:{pager}", "aaaa", online, live=True),
        st.sampled_from(["p1", "p2"]),
        st.booleans(),
    ),
    st.builds(
        h.Failed, st.sampled_from([f"{z}-00ff-1.b0.{n}" for z in (1, 2) for n in range(1, 6)]), st.just("broken")
    ),
    st.builds(h.Started, st.sampled_from(["b0", "b1"]), st.just("test")),
    st.builds(
        lambda seq, announced: h.StartDrill(f"drill-{seq}", 1, "anna", announced), st.integers(1, 99), st.booleans()
    ),
    st.builds(lambda seq: h.StopDrill(f"stop-{seq}", "anna"), st.integers(1, 99)),
    st.builds(lambda seq: h.TestButton(f"test-{seq}", 2, "anna"), st.integers(1, 99)),
    st.builds(lambda seq: h.Pressed(f"2-0e57-{seq}", 2, "0e57", 1e9), st.integers(1, 9)),  # too late to be from before
    st.builds(lambda seq: h.Claim(f"claim-{seq}", 2, "anna"), st.integers(1, 99)),
    st.just(h.Tick()),
    st.none(),
)


def at(s: float) -> Moment:
    return Moment(s, START + timedelta(seconds=s), True)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 40.0), what), max_size=40))
def test_the_timers_are_what_due_says(night: list[tuple[float, h.Heard | None]]) -> None:
    state: State = reduce(evolve, decide(EMPTY, h.Started("b0", "test"), at(0)), EMPTY)
    state = reduce(evolve, decide(state, h.PlanRead(PLAN, "x"), at(0)), state)
    timers, now_s = Timers(), 0.0

    def hear(heard: h.Heard) -> None:
        nonlocal state
        facts = decide(state, heard, at(now_s))
        state = reduce(evolve, facts, state)
        timers.follow(state, heard, facts)
        wanted = due(state)
        assert timers.first_s == (math.inf if wanted is None else wanted)

    for wait_s, heard in night:
        until_s = now_s + round(wait_s, 3)
        while timers.first_s <= until_s:  # as the service does it: only what is late is looked at
            now_s = max(now_s, timers.first_s)
            hear(h.Tick(timers.late(now_s)))
        now_s = until_s
        if heard is not None:
            hear(heard)
