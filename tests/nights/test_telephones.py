"""Nights with telephones: answers that come back from them, tests that prove them, and channels that are dead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.escalation import OTHERS_AFTER_S, OTHERS_AT_ONCE
from achterwacht.core.plan import APP, BACKUP, NTFY, PAGERS, PUSH, TEAM, Member, Step
from achterwacht.core.readiness import readiness
from achterwacht.core.supervision import barrier
from house import TOWN_HALL, House

PLAN = replace(
    TOWN_HALL,
    members=(
        Member("anna", (TEAM,), (PUSH, NTFY)),
        Member("bas"),
        Member("cor"),
        Member("dina", (BACKUP,), (APP, PUSH, "sms")),
        *TOWN_HALL.members[4:],
    ),
    ladder=replace(TOWN_HALL.ladder, steps=(Step(0.0, (PAGERS, TEAM)), Step(15.0, (PAGERS, TEAM, BACKUP)))),
)


@pytest.fixture
def house() -> Iterator[House]:
    house = House(PLAN)
    yield house
    house.lets_ring()
    house.ends()


def newest(house: House, target: str) -> f.Ordered:
    return [fact for fact in house.all(f.Ordered) if fact.target == target][-1]


def answers_by(house: House, target: str, incident: str, answer: h.AnswerWord, token: str = "t1") -> f.Result:
    """A button under a message on this telephone."""
    house.hear(h.Answer(f"link-{token}", incident, answer, member=target.split(":")[1], via=target))
    return house.state.outcomes[f"link-{token}"].result


def test_every_way_of_a_member_rings_at_once(house: House) -> None:
    house.press(7)
    house.wait(0.1)
    rung = [fact.target for fact in house.all(f.Ordered)]
    assert rung == ["pager:p1", "pager:p2", "pager:p3", "push:anna", "ntfy:anna"]
    house.wait(15)
    assert {fact.target for fact in house.all(f.Ordered)} >= {"app:dina", "push:dina", "sms:dina"}


def test_an_answer_by_push_while_the_own_pager_says_cannot(house: House) -> None:
    incident = house.press(7)
    house.wait(1)
    house.pager("p1").answers("cannot")
    assert answers_by(house, "ntfy:anna", incident, "coming") == "accepted"
    assert house.alarm(7).responders["anna"].answer == "coming"  # one person: what was said last
    assert house.alarm(7).coming == 1
    assert house.all(f.Answered)[-1].via == "ntfy:anna"


def test_a_member_by_pager_and_by_telephone_is_one_person(house: House) -> None:
    incident = house.press(7)
    house.wait(1)
    house.pager("p1").answers("coming")
    answers_by(house, "push:anna", incident, "coming")
    assert house.alarm(7).coming == 1 and house.alarm(7).searching


def test_a_token_counts_once(house: House) -> None:
    incident = house.press(7)
    house.wait(1)
    answers_by(house, "push:anna", incident, "coming")
    house.pager("p1").answers("cannot")
    answers_by(house, "push:anna", incident, "coming")  # pressed again, or sent twice by the carrier
    assert house.alarm(7).responders["anna"].answer == "cannot"
    assert len(house.all(f.Answered)) == 2


def test_an_answer_to_an_alarm_that_is_over_counts_nothing(house: House) -> None:
    incident = house.press(7)
    house.wait(1)
    house.says("els", "all_clear", "a mistake")
    assert answers_by(house, "push:anna", incident, "coming") == "closed"


def test_all_telephones_dead_at_the_alarm_and_the_pagers_ring(house: House) -> None:
    house.failing = dict.fromkeys(("push:anna", "ntfy:anna", "push:dina", "sms:dina"), "no internet")
    house.hear(h.Trouble("channel:push/failing", "no internet"))
    house.hear(h.Trouble("channel:ntfy/failing", "no internet"))
    house.press(7)
    house.wait(1)
    assert [fact.target for fact in house.all(f.OrderShown)] == ["pager:p1", "pager:p2", "pager:p3"]
    failed = {fact.target: fact.reason for fact in house.all(f.OrderFailed)}
    assert failed == {"push:anna": "no internet", "ntfy:anna": "no internet"}
    house.failing.clear()  # and back
    house.wait(60)
    assert {fact.target for fact in house.all(f.OrderHandedOver)} >= {"push:anna", "ntfy:anna", "sms:dina"}


def test_only_dead_telephones_are_left_and_the_next_step_comes_at_once(house: House) -> None:
    for pager in ("p1", "p2", "p3"):
        house.pager(pager).dies()
    house.press(7)
    house.wait(1)
    assert house.alarm(7).step == 0  # anna's telephones have taken it
    house.hear(h.Trouble("phones/process", "it ended"))
    house.wait(0)
    assert house.alarm(7).step == 1
    assert house.all(f.StepReached)[-1].reason == "nobody reachable"


def test_a_page_on_the_network_says_what_it_shows(house: House) -> None:
    house.press(7)
    house.wait(16)
    order = newest(house, "app:dina").order
    house.hear(h.Reached(order, "received"))
    house.hear(h.Reached(order, "shown"))
    house.hear(h.Reached(order, "shown"))
    assert house.alarm(7).rings["app:dina"].stage == "shown"
    shown = [fact for fact in house.all(f.OrderShown) if fact.target == "app:dina"]
    assert len(shown) == 1
    assert not house.hear(h.Reached("9-never-1.d001.5", "shown"))  # nonsense changes nothing


def test_an_alarm_closes_while_orders_wait(house: House) -> None:
    house.hand_over_s = 30.0
    incident = house.press(7)
    house.wait(1)
    house.says("els", "all_clear", "a mistake")
    assert {fact.kind for fact in house.state.outbox.values()} == {"over"}
    house.wait(60)
    assert house.told_over(incident) >= {"anna", "p1"}
    assert house.lets_ring() == 0  # nothing rang for what was over


def test_a_restart_with_orders_under_way(house: House) -> None:
    house.hand_over_s = 5.0
    house.press(7)
    house.wait(1)
    house.restart()
    house.hand_over_s = 0.01
    house.wait(10)
    assert newest(house, "push:anna").reason == "daemon restarted"
    assert newest(house, "push:anna").attempt == 2  # marked: it may be the second of its kind
    assert house.alarm(7).rings["push:anna"].stage == "handed_over"


# --- tests ------------------------------------------------------------------------------------------------------------


def test_a_test_tells_how_far_it_came_and_touches_no_alarm(house: House) -> None:
    house.press(7)
    house.wait(1)
    alarm = house.alarm(7)
    for target, stage in (("pager:p1", "shown"), ("push:anna", "handed_over"), ("sms:dina", "handed_over")):
        assert house.tests(target) == "accepted"
        house.wait(1)
        assert house.state.tests[target].stage == stage
    assert house.alarm(7) == alarm
    assert newest(house, "pager:p1").incident == ""


def test_a_test_of_what_is_not_there(house: House) -> None:
    for target in ("pager:p9", "push:bas", "sms:anna", "alarm_centre:pac", "zender:7"):
        assert house.tests(target) == "refused"
    assert not house.all(f.Ordered)


def test_a_test_that_fails_says_why(house: House) -> None:
    house.failing = {"push:anna": "the push service refused it (503)"}
    house.tests("push:anna")
    house.wait(1)
    assert house.state.tests["push:anna"].stage == "failed"
    assert house.state.tests["push:anna"].note == "the push service refused it (503)"


def test_the_receipt_of_a_test_that_a_crash_swallowed_raises_no_alarm(house: House) -> None:
    house.tests("pager:p1")
    house.crash()
    house.hear(h.Receipt("p1", "b001", 7, "test.d001.1", "", "", 0, "shown"))
    assert not house.state.alarms


def test_a_telephone_is_proven_by_the_daily_test_that_it_showed(house: House) -> None:
    house.tests("push:anna", by="")
    house.wait(1)
    house.hear(h.Reached(newest(house, "push:anna").order, "shown"))
    proven = {one.name: one.works for one in readiness(house.state).phones}
    assert proven["push:anna"] == "yes" and proven["ntfy:anna"] == "unsupervised" and proven["app:dina"] == "unknown"
    house.wait(24 * 3600)
    house.tests("push:anna", by="")
    assert not house.faults
    house.wait(24 * 3600)  # and did not show this one
    house.tests("push:anna", by="")
    assert house.faults == {"way:push:anna/unproven"}
    assert {one.name: one.works for one in readiness(house.state).phones}["push:anna"] == "unknown"
    house.hear(h.Reached(newest(house, "push:anna").order, "shown"))
    assert not house.faults


def test_what_leaves_the_plan_takes_its_faults_and_tests_along(house: House) -> None:
    house.tests("push:anna")
    for key in ("way:push:anna/failing", "channel:push/failing", "channel:sms/failing", "phones/process"):
        house.hear(h.Trouble(key, "x"))
    house.hear(h.Trouble("alarm_centre/offline", "x"))
    house.adopt(replace(PLAN, members=tuple(replace(member, ways=()) for member in PLAN.members)))
    assert not house.faults and not house.state.tests


def test_an_open_page_needs_no_phones_process(house: House) -> None:
    house.hear(h.Trouble("phones/process", "it ended"))
    house.press(7)
    house.wait(16)
    house.hear(h.Reached(newest(house, "app:dina").order, "shown"))
    assert barrier(house.state, "app:dina") is None
    assert barrier(house.state, "push:dina") == "phones/process"


def test_a_restart_before_the_telephones_have_rung_forgets_none_of_them() -> None:
    ladder = replace(PLAN.ladder, steps=(Step(0.0, (PAGERS, TEAM)), Step(15.0, (PAGERS, BACKUP))))
    house = House(replace(PLAN, ladder=ladder))
    house.press(7)
    house.wait(OTHERS_AFTER_S / 2)
    house.restart()  # which rings the next step
    house.wait(1)
    assert {fact.target for fact in house.all(f.Ordered)} >= {"push:anna", "ntfy:anna", "push:dina", "sms:dina"}
    house.lets_ring()


def test_telephones_of_a_great_team_ring_in_turns_of_a_few() -> None:
    many = tuple(Member(f"lid-{n}", (TEAM,), (PUSH,)) for n in range(4 * OTHERS_AT_ONCE))
    house = House(replace(PLAN, members=(*PLAN.members, *many)))
    house.press(7)
    for _ in range(6):
        facts = house.hear(h.Tick())
        assert sum(isinstance(fact, f.Ordered) for fact in facts) <= OTHERS_AT_ONCE
        house.wait(OTHERS_AFTER_S)
    assert house.alarm(7).others == ()
    assert {fact.target for fact in house.all(f.Ordered)} >= {f"push:{member.id}" for member in many}


def test_a_test_that_fails_is_a_fault_and_the_telephone_does_not_work(house: House) -> None:
    house.failing = dict.fromkeys(("sms:dina", "app:dina"), "no credit")
    house.tests("sms:dina")
    house.tests("app:dina")
    house.wait(1)
    assert house.faults == {"way:sms:dina/unproven"}  # that no page is open is nothing wrong
    works = {one.name: one.works for one in readiness(house.state).phones}
    assert (works["sms:dina"], works["app:dina"]) == ("no", "unknown")
    house.failing.clear()
    house.tests("sms:dina")
    house.wait(1)
    assert not house.faults  # its carrier's word is all the proof there is


def test_what_a_telephone_does_late_is_no_missed_budget(house: House) -> None:
    house.hand_over_s = 0.04
    house.press(7)
    house.wait(5)
    house.hear(h.Reached(newest(house, "push:anna").order, "shown"))
    assert not house.all(f.BudgetMissed)


def test_nobody_says_for_a_pager_what_it_shows(house: House) -> None:
    house.pager("p1").on = False
    house.press(7)
    house.wait(1)
    house.hear(h.Reached(newest(house, "pager:p1").order, "shown"))
    assert house.alarm(7).rings["pager:p1"].stage == "handed_over"
