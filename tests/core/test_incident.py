"""The story of an incident, told from the facts of small nights, and from nights that nobody would invent."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import reduce

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.codec import decode
from achterwacht.core.escalation import checkpoint
from achterwacht.core.evolve import evolve
from achterwacht.core.incident import (
    TARGET_STAGES,
    Following,
    Incident,
    incident_to_plain,
    incidents,
    timeline,
)
from achterwacht.core.state import EMPTY
from house import TOWN_HALL, House


def told(house: House) -> tuple[Incident, ...]:
    """The stories as a reader of the written journal gets them."""
    return incidents((n, decode(line)) for n, line in enumerate(house.lines, 1))


def the_one(house: House) -> Incident:
    (incident,) = told(house)
    return incident


def two_come_and_one_closes(house: House) -> str:
    press = house.press(7)
    house.wait(4)
    house.pager("p1").answers("coming")
    house.wait(16)
    house.pager("p2").answers("coming")
    house.wait(5)
    house.pager("p1").answers("on_scene")
    house.wait(15)
    house.pager("p1").answers("all_clear")
    house.wait(1)
    return press


def test_the_whole_of_a_quiet_alarm() -> None:
    house = House()
    press = two_come_and_one_closes(house)
    incident = the_one(house)
    assert (incident.incident, incident.number, incident.zender, incident.place) == (press, "2026-001", 7, "Balie 3")
    assert (incident.raised_at, incident.clock_ok) == (datetime(2026, 11, 21, 9, tzinfo=UTC), True)
    assert incident.site == TOWN_HALL.site
    assert [(step.step, step.reason, step.after_s) for step in incident.steps] == [
        (0, "first press", 0.0),
        (1, "not enough coming", 15.0),
    ]
    assert [(came.by, came.coming_s, came.on_scene_s) for came in incident.came] == [
        ("anna", 4.0, 25.0),
        ("bas", 20.0, None),
    ]
    assert [(said.by, said.via, said.answer, said.result) for said in incident.answers] == [
        ("anna", "pager:p1", "coming", "accepted"),
        ("bas", "pager:p2", "coming", "accepted"),
        ("anna", "pager:p1", "on_scene", "accepted"),
        ("anna", "pager:p1", "all_clear", "accepted"),
    ]
    assert incident.closed is not None
    assert (incident.closed.by, incident.closed.after_s) == ("anna", 40.0)
    assert incident.police == () and incident.missed == () and incident.recovered_from is None


def test_how_far_each_target_was_reached() -> None:
    house = House()
    house.pager("p3").shows = False
    house.failing["phone:anna"] = "no such channel"
    two_come_and_one_closes(house)
    reached = {target.target: target for target in the_one(house).targets}
    assert {name: target.stage for name, target in reached.items()} == {
        "pager:p1": "answered",
        "pager:p2": "answered",
        "pager:p3": "handed_over",  # a broker that took it is no proof of anything else (S6)
        "phone:anna": "failed",
        "phone:dina": "handed_over",
    }
    assert (reached["phone:anna"].failures, reached["phone:anna"].failure) == (1, "no such channel")
    assert (reached["pager:p1"].handed_over_s, reached["pager:p1"].shown_s) == (0.01, 0.31)
    assert (reached["pager:p3"].shown_s, reached["pager:p3"].answered_s) == (None, None)


def test_that_an_over_arrived_does_not_say_that_the_alarm_did() -> None:
    house = House()
    house.pager("p3").on = False
    press = house.press(7)
    house.wait(1)
    house.pager("p1").answers("on_scene")
    house.pager("p3").on = True
    house.pager("p1").answers("all_clear")
    house.wait(1)
    assert "p3" in house.told_over(press)
    (p3,) = (target for target in the_one(house).targets if target.target == "pager:p3")
    assert (p3.stage, p3.orders, p3.received_s) == ("handed_over", 1, None)


def test_the_hops_are_measured_from_the_press_reaching_the_machine() -> None:
    house = House()
    house.hear(h.Pressed("7-a-1", 7, "a", house.mono_s - 0.2))  # it lay 200 ms in a queue of ours
    house.wait(2)
    hops = the_one(house).hops
    assert (hops.handed_over_first_ms, hops.handed_over_last_ms) == (210.0, 230.0)  # the telephones follow
    assert (hops.durable_ms, hops.shown_first_ms, hops.shown_last_ms) == (220.0, 510.0, 510.0)


def test_missed_budgets_are_in_the_story() -> None:
    house = House()
    house.hand_over_s = 0.4
    house.press(7)
    house.wait(1)
    assert [(missed.hop, missed.took_s, missed.budget_s) for missed in the_one(house).missed] == [
        ("handed_over", 0.4, 0.05)
    ]


def test_the_police_track() -> None:
    house = House()
    house.press(6)
    house.wait(61)
    house.says("fred", "called_112")
    house.wait(100)
    house.pager("p1").answers("police_here")
    assert [(note.what, note.who, note.after_s) for note in the_one(house).police] == [
        ("advised", (), 60.0),
        ("asked", ("els",), 60.0),
        ("called", ("fred",), 61.0),
        ("arrived", ("anna",), 161.0),
    ]


def test_time_goes_on_over_a_restart_and_the_restart_is_told() -> None:
    house = House()
    house.press(7)
    house.wait(5)
    house.restart(away_s=30.0)
    house.wait(5)
    house.pager("p1").answers("coming")
    incident = the_one(house)
    assert incident.came[0].coming_s == 40.0
    started = [line for line in incident.lines if isinstance(line.fact, f.DaemonStarted)]
    assert [line.after_s for line in started] == [35.0]


def test_an_alarm_that_a_crash_swallowed() -> None:
    house = House()
    press = house.press(7)
    house.wait(0.015)  # the pages are out, the disk has not answered
    house.crash()
    house.wait(1)
    house.pager("p1").answers("coming")
    incident = the_one(house)
    assert (incident.incident, incident.recovered_from) == (press, "p1")
    assert [(pressed.press, pressed.recovered) for pressed in incident.presses] == [(press, True)]
    assert incident.hops.handed_over_first_ms is None, "nobody knows when that press came"


def test_what_only_a_pager_remembered_is_merged() -> None:
    house = House()
    old = house.press(7)
    house.wait(0.015)
    house.crash()
    new = house.press(7)
    house.wait(1)
    receipt = h.Receipt("p1", "b001", 99, f"{old}.d001.1", old, old, 7, "shown")
    house.hear(receipt)
    incident = the_one(house)
    assert (incident.incident, incident.merged) == (new, (old,))
    over = [line.fact for line in incident.lines if isinstance(line.fact, f.Ordered) and line.fact.merged_into]
    assert {order.incident for order in over} == {old}, "what is said about the old id belongs to this story"


def test_an_id_that_comes_again_after_a_day_is_another_story() -> None:
    house = House()
    house.hear(h.Pressed("7-a-1", 7, "a", house.mono_s))
    house.wait(1)
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    house.wait(25 * 3600)
    house.hear(h.Pressed("7-a-1", 7, "a", house.mono_s))
    house.wait(1)
    first, second = told(house)
    assert first.incident == second.incident == "7-a-1"
    assert (first.number, second.number) == ("2026-001", "2026-002")
    assert first.closed is not None and second.closed is None
    assert second.presses[0].after_s == 0.0 and second.came == ()


def test_presses_that_join() -> None:
    house = House()
    first = house.press(7)
    house.wait(1)
    burst = house.press(7)
    house.wait(10)
    again = house.press(7)
    assert [(pressed.press, pressed.burst, pressed.after_s) for pressed in the_one(house).presses] == [
        (first, False, 0.0),
        (burst, True, 1.0),
        (again, False, 11.0),
    ]


def test_a_closing_that_was_taken_back_does_not_hold() -> None:
    house = House()
    press = two_come_and_one_closes(house)
    house.undoes("els", press)
    incident = the_one(house)
    assert incident.closed is None
    assert [ended.by for ended in incident.reopened] == ["els"]


def test_two_desks_at_once_are_two_stories() -> None:
    house = House()
    house.press(7)
    house.wait(1)
    house.press(6)
    house.wait(1)
    house.pager("p1").answers("coming", zender=6)
    balie_3, balie_2 = told(house)
    assert (balie_3.place, balie_3.came) == ("Balie 3", ())
    assert (balie_2.place, [came.by for came in balie_2.came]) == ("Balie 2", ["anna"])


def test_the_same_failure_of_a_target_stands_once_in_the_timeline() -> None:
    house = House()
    house.failing["phone:anna"] = "no such channel"
    house.press(7)
    house.wait(100)
    incident = the_one(house)
    failed = [line for line in timeline(incident) if isinstance(line.fact, f.OrderFailed)]
    assert [(line.times, line.after_s) for line in failed] == [(5, 0.03)]
    assert sum(line.times for line in timeline(incident)) == len(incident.lines)


def test_what_an_older_file_began_is_known_from_the_checkpoint() -> None:
    house = House()
    house.press(7)
    house.wait(3)
    facts: list[f.Fact] = [checkpoint(house.state, house.now)]
    facts += house.hear(h.Answer("cmd-1", house.alarm(7).incident, "coming", member="anna"))
    (incident,) = incidents(enumerate(facts, 100))
    assert (incident.place, incident.came[0].coming_s, incident.clock_ok) == ("Balie 3", 3.0, False)


def test_following_from_a_checkpoint_tells_the_same_as_from_the_beginning() -> None:
    house = House()
    house.press(7)
    house.wait(3)
    whole, late = Following(), Following()
    for n, fact in enumerate(house.facts, 1):
        whole.take(n, fact)
    late.take(house.state.n + 1, checkpoint(house.state, house.now))
    for n, fact in enumerate(house.hear(h.Answer("cmd-1", house.alarm(7).incident, "coming", member="anna")), 500):
        one, other = whole.take(n, fact), late.take(n, fact)
        assert one.of is not None and other.of is not None
        assert (one.after_s, one.of.place, one.of.raised_n) == (other.after_s, other.of.place, other.of.raised_n)


def test_the_story_as_json_has_its_facts_as_the_journal_has_them() -> None:
    house = House()
    two_come_and_one_closes(house)
    plain = incident_to_plain(the_one(house))
    plain = msgspec.json.decode(msgspec.json.encode(plain))
    first = plain["timeline"][0]
    assert (first["fact"], first["place"], first["after_s"], first["times"]) == ("alarm_raised", "Balie 3", 0.0, 1)
    assert "lines" not in plain and plain["closed"]["by"] == "anna"


# --- nights that nobody would invent ----------------------------------------------------------------------------------

ANSWERS: tuple[h.AnswerWord, ...] = (
    "coming", "cannot", "on_scene", "told_to_leave", "need_112", "called_112", "police_here", "all_clear",
)  # fmt: skip


def reopen(house: House) -> None:
    for incident in list(house.state.closed):
        house.undoes("anna", incident)


def remember_the_unknown(house: House) -> None:
    """A pager comes from a drawer with an incident that the journal never had."""
    house.hear(h.Receipt("p2", "b001", 77, "6-z-9.d0.1", "6-z-9", "6-z-9", 6, "shown"))


EVENTS: st.SearchStrategy[Callable[[House], object]] = st.one_of(
    st.sampled_from([5, 6, 7, 99]).map(lambda zender: lambda house: house.press(zender)),
    st.tuples(st.sampled_from(["anna", "bas", "els", "gerda", "nobody"]), st.sampled_from(ANSWERS)).map(
        lambda said: lambda house: house.says(said[0], said[1], "calm again")
    ),
    st.sampled_from([0.005, 0.5, 3.0, 20.0, 90.0, 200.0]).map(lambda s: lambda house: house.wait(s)),
    st.sampled_from(["p1", "p2"]).map(lambda id: lambda house: house.pager(id).dies()),
    st.sampled_from([House.restart, House.crash, reopen, remember_the_unknown]),
)


def night(events: Iterable[Callable[[House], object]]) -> House:
    house = House()
    for event in events:
        if len(house.lines) < 600:  # an alarm that nobody closes rings all night
            event(house)
    return house


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(EVENTS, max_size=8))
def test_any_night_can_be_told(events: list[Callable[[House], object]]) -> None:
    house = night(events)
    stories = told(house)
    raised = [fact for fact in house.facts if isinstance(fact, f.AlarmRaised | f.AlarmRecovered)]
    assert [story.incident for story in stories] == [fact.incident for fact in raised]
    still_open = sorted(story.incident for story in stories if story.closed is None)
    assert still_open == sorted(reduce(evolve, house.facts, EMPTY).alarms)
    for story in stories:
        after_s = [line.after_s for line in story.lines]
        assert after_s == sorted(after_s) and after_s[0] == 0.0
        assert all(target.stage in TARGET_STAGES for target in story.targets)
        assert msgspec.json.encode(incident_to_plain(story))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(EVENTS, max_size=8), st.randoms(use_true_random=False))
def test_a_damaged_journal_can_be_told_too(events: list[Callable[[House], object]], dice: random.Random) -> None:
    """Lines are missing, here and there: less is told, and nothing breaks."""
    house = night(events)
    kept = [(n, fact) for n, fact in enumerate(house.facts, 1) if dice.random() < 0.7]
    for story in incidents(kept):
        assert incident_to_plain(story)["timeline"]
