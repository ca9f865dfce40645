"""What pagers and zenders show by themselves: never more than is known, and nothing at the desk where it happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce

from msgspec.structs import replace

from achterwacht.core import heard as h
from achterwacht.core.display import OVER_SIGN_S, help_sign, next_change, open_alarms
from achterwacht.core.escalation import decide
from achterwacht.core.evolve import evolve
from achterwacht.core.moment import Moment
from achterwacht.core.plan import RECEPTION, Ladder, Member, Pager, Plan, Site, Step, Zender
from achterwacht.core.state import EMPTY, State

START = datetime(2026, 11, 21, 8, tzinfo=UTC)
PLAN = Plan(
    site=Site("Gemeente", "Plein 1"),
    zenders=(Zender(7, "Balie 3", help=True), Zender(9, "Receptie", staff=("bea",))),
    pagers=(Pager("p1", "anna"), Pager("p2", "bea")),
    members=(Member("anna"), Member("bea"), Member("rita", roles=(RECEPTION,))),
    ladder=Ladder((Step(0.0, ("pagers",)),)),
)


def at(s: float) -> Moment:
    return Moment(s, START + timedelta(seconds=s), True)


def after(*heard: tuple[float, h.Heard]) -> State:
    state = replace(EMPTY, plan=PLAN, boot="b0b0")
    for s, one in heard:
        state = reduce(evolve, decide(state, one, at(s)), state)
    return state


def pressed(zender: int, s: float) -> tuple[float, h.Heard]:
    return s, h.Pressed(f"{zender}-00ff-1", zender, "00ff", s)


def answers(zender: int, pager: str, word: h.AnswerWord, s: float) -> tuple[float, h.Heard]:
    press = f"{zender}-00ff-1"
    return s, h.Answer(f"{pager}-aaaa-{s:.0f}", press, word, pager=pager, boot="aaaa", press=press, zender=zender)


def shows(zender: int, pager: str, order: int, s: float) -> tuple[float, h.Heard]:
    press = f"{zender}-00ff-1"
    return s, h.Receipt(pager, "aaaa", order, f"{press}.b0b0.{order}", press, press, zender, "shown")


def test_in_peace_nothing_is_listed_and_the_sign_is_idle() -> None:
    state = after()
    assert open_alarms(state, PLAN.pagers[0]) == ()
    assert help_sign(state, 7, 0.0) == ("idle", "", 0)
    assert next_change(state, 0.0) is None


def test_the_most_urgent_is_listed_first_then_the_oldest() -> None:
    state = after(pressed(7, 1), answers(7, "p1", "on_scene", 5), pressed(9, 10))
    assert [(line.zender, line.phase, line.coming) for line in open_alarms(state, PLAN.pagers[0])] == [
        (9, "ringing", 0),
        (7, "on_scene", 1),
    ]


def test_the_pager_at_the_desk_where_it_happens_lists_nothing_of_it() -> None:
    state = after(pressed(9, 1))
    assert len(open_alarms(state, PLAN.pagers[0])) == 1
    assert open_alarms(state, PLAN.pagers[1]) == ()


def test_the_sign_says_sent_only_when_a_pager_has_shown_it() -> None:
    assert help_sign(after(pressed(7, 1)), 7, 1.0)[0] == "idle"
    assert help_sign(after(pressed(7, 1), shows(7, "p1", 1, 2)), 7, 2.0) == ("sent", "7-00ff-1", 0)


def test_the_sign_takes_nothing_back_when_the_next_step_rings() -> None:
    state = after(pressed(7, 1), shows(7, "p1", 1, 2), (31.5, h.Tick()))
    assert state.alarms["7-00ff-1"].rings["pager:p1"].stage == "ordered"
    assert help_sign(state, 7, 32.0)[0] == "sent"


def test_the_sign_follows_those_who_come() -> None:
    coming = (pressed(7, 1), answers(7, "p1", "coming", 3))
    assert help_sign(after(*coming), 7, 3.0) == ("coming", "7-00ff-1", 1)
    there = (*coming, answers(7, "p1", "on_scene", 9))
    assert help_sign(after(*there), 7, 9.0) == ("on_scene", "7-00ff-1", 1)


def test_after_over_the_sign_is_idle_again_by_itself() -> None:
    state = after(pressed(7, 1), answers(7, "p1", "on_scene", 9), answers(7, "p1", "all_clear", 20))
    assert help_sign(state, 7, 20.0)[0] == "over"
    assert next_change(state, 20.0) == 20.0 + OVER_SIGN_S
    assert help_sign(state, 7, 20.0 + OVER_SIGN_S)[0] == "idle"
    assert next_change(state, 20.0 + OVER_SIGN_S) is None
