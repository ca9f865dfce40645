"""Random walks of everything that can be heard, with time, restarts and crashes: what is promised holds at every step.

The short walk is the same each time, so that no landing fails by chance; the long one (a storm) is new each time, and
prints how to repeat a failure.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.codec import decode, encode, from_plain, to_plain
from achterwacht.core.drill import IN_MIND_S, NOTICE_S, is_announced, is_drill
from achterwacht.core.escalation import NO_DRILL_EITHER, OTHERS_AFTER_S, callers_112, due, is_known, next_step
from achterwacht.core.evolve import evolve
from achterwacht.core.faults import MISSING, STAND, device_of, kind_of
from achterwacht.core.ladder import whom_it_is_for
from achterwacht.core.moment import Moment
from achterwacht.core.notices import ways_to
from achterwacht.core.plan import (
    ALARM_CENTRE,
    APP,
    CENTRE,
    PAGERS,
    PUSH,
    RECEPTION,
    TEAM,
    AlarmCentre,
    Gateway,
    Ladder,
    Member,
    Pager,
    Plan,
    Step,
    Zender,
)
from achterwacht.core.readiness import HINDRANCES, readiness
from achterwacht.core.state import KNOWN_S, Alarm, State
from house import TOWN_HALL, House, replay

DESKS = replace(
    TOWN_HALL,
    zenders=(
        *TOWN_HALL.zenders[:3],
        Zender(21, "Kamer 1", transport="bought", gateway="zigbee", max_silence_s=3600.0),
        Zender(50, "Kluis", transport="gpio", gateway="gpio", max_silence_s=None),
    ),
    members=TOWN_HALL.members[:6],
    gateways=(Gateway("zigbee", on_mqtt=True, max_silence_s=600.0), Gateway("gpio")),
)
"""Three desks, a bought button, a contact, three pagers, six members."""
PLANS = (
    DESKS,
    replace(  # nobody is known to carry anything, the ladder is short, and one helper is enough
        DESKS,
        pagers=(Pager("p1"), Pager("p2", "bas")),
        ladder=Ladder((Step(0, (PAGERS,)), Step(7, (TEAM,))), responders_needed=1, callers_112=("fred", "anna", "cor")),
        zenders=(*DESKS.zenders[:3], replace(DESKS.zenders[3], gateway=None), DESKS.zenders[4]),
        gateways=(Gateway("zigbee"),),
    ),
    replace(  # every voice: a pager on a paging base, telephones, the alarm centre
        DESKS,
        pagers=(*DESKS.pagers, Pager("p4", "gerda", base="centrale")),
        members=(
            replace(DESKS.members[0], ways=(PUSH, "sms")),
            *DESKS.members[1:3],
            replace(DESKS.members[3], ways=(APP, "phone")),
            *DESKS.members[4:],
            Member("gerda", (TEAM,), (APP,)),
        ),
        ladder=replace(DESKS.ladder, steps=(*DESKS.ladder.steps[:1], Step(9, (PAGERS, TEAM, ALARM_CENTRE)))),
        bases=("centrale",),
        alarm_centre=AlarmCentre(receivers=2, troubles=True, confirm_within_s=60),
    ),
    replace(  # one person alone, and two are wanted
        DESKS, pagers=(Pager("p3", "anna"),), members=(Member("anna"),), ladder=Ladder((Step(0, (PAGERS,)),))
    ),
)
POLICE = ("none", "advised", "called", "arrived")
RISING = f.PressJoined | f.AlarmReopened
"""What lets an alarm begin anew: only then may its police track go back."""
HOUR_S = 3600.0
EPSILON_S = 1e-6

zenders = st.sampled_from((5, 6, 7, 21, 50, 99))
pagers = st.sampled_from(("p1", "p2", "p3"))
members = st.sampled_from(("anna", "bas", "cor", "dina", "els", "fred", "gerda", "nobody"))
boots = st.sampled_from(("a", "b", "c"))
answers = st.sampled_from(
    ("coming", "cannot", "on_scene", "told_to_leave", "need_112", "called_112", "police_here", "all_clear")
)
devices = st.sampled_from(
    (
        *("zender:5", "zender:6", "zender:7", "zender:21", "zender:50", "zender:99"),
        *("pager:p1", "pager:p2", "pager:p9", "gateway:zigbee", "gateway:gpio", "gateway:none"),
    )
)
troubles = st.sampled_from(
    (
        *("broker/link", "broker/canary", "journal/disk", "journal/corrupt", "mqtt/malformed"),
        *("base:centrale/offline", "base:centrale/transmitter", "channel:sms/failing", "channel:phone/failing"),
        *("way:push:anna/failing", "way:push:anna/unregistered", "phones/process", "alarm_centre/offline"),
        *(
            "gateway:gpio/offline",
            "gateway:zigbee/offline",
            "zender:50/stuck",
            "zender:5/malformed",
            "pager:p1/retained",
        ),
    )
)
measures = st.fixed_dictionaries(
    {},
    optional={
        "battery": st.integers(0, 100),
        "battery_low": st.booleans(),
        "tamper": st.booleans(),
        "line": st.sampled_from(("ok", "cut", "short")),
        "charging": st.booleans(),
    },
)
pauses_s = st.sampled_from((0.0, 0.005, 0.015, 0.3, 1.0, 2.0, 5.0, 9.7, 15.0, 31.0, 61.0, 151.0, 601.0))
targets = st.sampled_from(
    (
        *("pager:p1", "pager:p2", "pager:p3", "pager:p4", "phone:anna", "phone:dina", "phone:els", "phone:fred"),
        *("push:anna", "sms:anna", "app:dina", "app:gerda", CENTRE),
    )
)


class WatchedHouse(House):
    """A house in which every fact and every turn is held against the promises."""

    def _write(self, fact: f.Fact) -> None:
        before = self.state
        super()._write(fact)
        assert decode(encode(fact)) == fact
        check_press(before, fact, self.state)
        check_answer(before, fact, self.state)

    def hear(self, heard: h.Heard) -> tuple[f.Fact, ...]:
        before, now = self.state, self.now
        facts = super().hear(heard)
        check_stages(heard, facts)
        check_centre(before, facts)
        check_known(before, heard, facts, now)
        check_practice(before, heard, facts, self.state, now)
        check_open(self.state, now)
        if (before.faults, before.devices) != (self.state.faults, self.state.devices):
            check_faults(before, heard, self.state)
            check_light(self.state)
        return facts


def check_press(before: State, fact: f.Fact, after: State) -> None:
    """S3: a press belongs to one incident for as long as it is known; a desk has one open alarm."""
    if not isinstance(fact, f.AlarmRaised | f.AlarmRecovered | f.PressJoined):
        return
    known = before.presses.get(fact.press)
    now_s = after.house_s(fact.when)
    unclaimed = {test.press for test in before.button_tests.values() if not test.claimed}
    if fact.press not in unclaimed:
        assert known is None or (known.incident not in before.alarms and now_s - known.first_s >= KNOWN_S)
    assert after.presses[fact.press].incident == fact.incident
    if isinstance(fact, f.PressJoined):
        assert fact.incident in before.alarms
        if not fact.burst:  # S15: whatever was answered before does not count, and today's plan does
            again = after.alarms[fact.incident]
            assert (again.step, again.coming, again.plan) == (-1, 0, after.plan.for_zender(fact.zender))
    else:
        assert fact.incident == fact.press
        assert before.alarm_on(fact.zender) is None
        assert fact.incident not in before.alarms


def check_answer(before: State, fact: f.Fact, after: State) -> None:
    """S11: the desk's own staff calm nothing. The police track never goes back, but for a new press."""
    incident = getattr(fact, "incident", "")
    was, now_is = before.alarms.get(incident), after.alarms.get(incident)
    if was and now_is and not isinstance(fact, RISING):
        assert POLICE.index(was.police) <= POLICE.index(now_is.police)
    if isinstance(fact, f.Answered) and was and now_is:
        if fact.by in was.plan.staff(was.zender):
            assert (was.responders, was.police, was.enough_s) == (now_is.responders, now_is.police, now_is.enough_s)
            assert (was.asked_s, was.scene_s) == (now_is.asked_s, now_is.scene_s)
        if not fact.counts:
            assert was == now_is
    if isinstance(fact, f.AlarmClosed) and was:
        assert fact.by not in was.plan.staff(was.zender)
        member = was.plan.member(fact.by)
        there = fact.by in was.responders and was.responders[fact.by].answer == "on_scene"
        assert there or (member and RECEPTION in member.roles and fact.reason)


def check_stages(heard: h.Heard, facts: tuple[f.Fact, ...]) -> None:
    """S6: only the carrier says handed over, only the device says received and shown."""
    said_by: dict[type, tuple[type, ...]] = {
        f.OrderHandedOver: (h.HandedOver,),
        f.OrderFailed: (h.Failed,),
        f.OrderReceived: (h.Receipt, h.Reached),
        f.OrderShown: (h.Receipt, h.Reached),
    }
    for kind, sources in said_by.items():
        assert isinstance(heard, sources) or not any(isinstance(fact, kind) for fact in facts)
    if isinstance(heard, h.Test | h.Reached) or (isinstance(heard, h.Receipt) and not heard.incident):
        assert not any(isinstance(fact, f.AlarmRaised | f.AlarmRecovered | f.StepReached) for fact in facts)


def check_centre(before: State, facts: tuple[f.Fact, ...]) -> None:
    """The alarm centre hears of a hold-up, then that it is confirmed, each once in a run unless it did not take it."""
    state = before
    for fact in facts:
        alarm = state.alarms.get(getattr(fact, "incident", ""))
        if isinstance(fact, f.Ordered) and fact.target == CENTRE and alarm and fact.kind in ("alarm", "confirmed"):
            assert alarm.plan.alarm_centre
            told = alarm.centre.get(fact.kind)
            assert told is None or told.stage == "failed"
            assert fact.kind == "alarm" or (alarm.confirmed and "alarm" in alarm.centre)
        if isinstance(fact, f.AlarmConfirmed) and alarm and fact.reason == "word from the scene":
            assert fact.by not in alarm.plan.staff(alarm.zender)
        state = evolve(state, fact)


def check_known(before: State, heard: h.Heard, facts: tuple[f.Fact, ...], now: Moment) -> None:
    """S3: a press that is known rings nothing; one that is not becomes an alarm, or joins one, at once."""
    if isinstance(heard, h.Pressed):
        rings = f.AlarmRaised | f.PressJoined | f.StepReached | f.Ordered
        became = [fact for fact in facts if isinstance(fact, rings) and fact.incident]  # else the centre is told
        stuck = before.faults.get(f"zender:{heard.zender}/stuck")
        if is_known(before, heard.press, now) or (heard.at_start and stuck and stuck.acknowledged_by):
            assert not became
        elif not (not became and any(isinstance(fact, f.ButtonTestPressed) for fact in facts)):
            first = became[0]
            assert isinstance(first, f.AlarmRaised | f.PressJoined)
            assert first.press == heard.press
            assert any(isinstance(fact, f.StepReached) for fact in became) or getattr(first, "burst", False)


def check_practice(before: State, heard: h.Heard, facts: tuple[f.Fact, ...], after: State, now: Moment) -> None:
    """S8: a drill or a test never hides, delays or looks like an alarm."""
    real = [alarm for alarm in after.alarms.values() if not alarm.drill]
    drills = [alarm for alarm in after.alarms.values() if alarm.drill]
    assert not drills or not (real or after.button_tests or drills[1:])
    for test in after.button_tests.values():
        # Until that moment: what is heard in the same one may come before its Tick.
        assert test.until_s >= after.house_s(now) - EPSILON_S and test.until_s - test.began_s <= 60 + EPSILON_S
        unclaimed = test.press and not test.claimed
        assert not real or (unclaimed and after.alarm_on(test.zender) is None)
    for fact in facts:
        incident = getattr(fact, "incident", "")
        if isinstance(fact, f.Ordered):
            assert (fact.kind == "drill") <= is_drill(incident)
            assert not is_drill(incident) or (fact.kind in ("drill", "update", "over") and fact.target != CENTRE)
            assert not is_drill(incident) or fact.press == ""
            assert fact.reason != "test press" or (fact.kind, fact.incident, fact.press) == ("test", "", "")
        alarms_own = f.AlarmRaised | f.AlarmRecovered | f.PressJoined | f.IncidentNumbered | f.PoliceAdvised
        assert not (is_drill(incident) and isinstance(fact, alarms_own | f.AlarmConfirmed | f.AlarmClosed))
        if isinstance(fact, f.DrillRaised):
            assert isinstance(heard, h.StartDrill) and not before.alarms and not before.button_tests
        if isinstance(fact, f.ButtonTestPressed):
            assert isinstance(heard, h.Pressed) and not heard.at_start
            assert not before.button_tests[fact.zender].press and not before.alarms
        if isinstance(fact, f.AlarmRaised) and fact.reason not in NO_DRILL_EITHER:
            drilled = any(alarm.drill for alarm in before.alarms.values())
            ended_s = before.drill_ended_s
            drilled |= ended_s is not None and after.house_s(now) - ended_s < IN_MIND_S
            steps = [step for step in facts if isinstance(step, f.StepReached) and step.incident == incident]
            assert (steps[0].reason == "broke off a drill") == drilled
        if isinstance(fact, f.DrillEnded) and is_announced(before.alarms[incident]):
            check_called_off(before.alarms[incident], after)
    if isinstance(heard, h.Receipt | h.Answer) and is_drill(heard.incident):
        needed = isinstance(heard, h.Answer) and heard.answer == "need_112"
        assert needed or not any(isinstance(fact, f.AlarmRaised | f.AlarmRecovered) for fact in facts)


def check_called_off(drill: Alarm, after: State) -> None:
    """Whoever was told of a drill that did not take place is told so, but at a desk that has pressed."""
    told = {order.target for order in after.outbox.values() if order.reason == "drill called off"}
    desks = {by for alarm in after.alarms.values() for by in alarm.plan.staff(alarm.zender)}
    for person in {drill.plan.person(target) for target in whom_it_is_for(drill, drill.plan.ladder.steps[0])}:
        ways = {person} if after.plan.knows(person) else set(ways_to(after, person))
        is_told = ways & told or person in map(after.plan.person, told)  # or was being told already, by another way
        assert person in desks or not ways or is_told


def check_faults(before: State, heard: h.Heard, after: State) -> None:
    """A device has one reason to be missing and one about its battery; nothing is known of who is not in the plan."""
    of_each: Counter[tuple[str, bool]] = Counter()
    for key in after.faults:
        kind = key.partition("/")[2]
        if device_of(key) and kind in (*MISSING, "battery low", "battery empty"):
            of_each[device_of(key), kind in MISSING] += 1
    assert isinstance(heard, h.Trouble) or all(
        number == 1 or (gone and f"{device}/offline" in before.faults) for (device, gone), number in of_each.items()
    )
    assert set(after.devices) <= {
        *(f"zender:{zender.nr}" for zender in after.plan.zenders),
        *(f"pager:{pager.id}" for pager in after.plan.pagers),
        *(f"gateway:{gateway.id}" for gateway in after.plan.gateways),
    }
    ended = set(before.faults) - set(after.faults)
    if isinstance(heard, h.Started):
        assert not {key for key in ended if device_of(key) or kind_of(key) in STAND}
    elif not isinstance(heard, h.PlanRead | h.TroubleOver):
        by_a_person = {key for key in ended if kind_of(key) in STAND}
        assert by_a_person == ({heard.fault} & ended if isinstance(heard, h.Acknowledge) else set())
    if isinstance(heard, h.Status | h.Telemetry | h.Missing):
        about = heard.devices if isinstance(heard, h.Missing) else (heard.device,)
        strangers = {f"{device.partition(':')[0]}/unknown" for device in about}
        changed = ended | (set(after.faults) - set(before.faults))
        assert {device_of(key) for key in changed - strangers} <= set(about)


def check_light(state: State) -> None:
    """No button is called good that has a fault by which it may not be heard."""
    ready = readiness(state)
    assert (ready.light == "ready") == (not ready.reasons)
    for one in ready.zenders:
        assert one.works != "yes" or not {f"{one.name}/{kind}" for kind in HINDRANCES} & set(state.faults)


def check_open(state: State, now: Moment) -> None:
    """S5: while too few are coming the ladder has its next step in time. What is over does not ring."""
    assert due(state) is not None or not state.alarms
    assert len({alarm.zender for alarm in state.alarms.values()}) == len(state.alarms)
    for alarm in state.alarms.values():
        step = next_step(state, alarm)
        assert (step is not None) == alarm.searching
        announced_s = NOTICE_S if alarm.drill else 0.0
        assert step is None or step[0] <= state.house_s(now) + max(step_bound_s(alarm), announced_s) + EPSILON_S
        now_s = state.house_s(now)
        assert not alarm.others or alarm.others_s + OTHERS_AFTER_S >= now_s - EPSILON_S, (
            "telephones wait for their pagers only"
        )
    for ordered in state.outbox.values():
        of_no_alarm = ordered.kind in ("over", "test", "trouble", "trouble_over", "reminder")
        assert (ordered.incident in state.alarms) != of_no_alarm, ordered


def step_bound_s(alarm: Alarm) -> float:
    """The longest time between two steps of this alarm's ladder."""
    ladder = alarm.plan.ladder
    gaps = (later.after_s - earlier.after_s for earlier, later in pairwise(ladder.steps))
    return max(ladder.repeat_s, *gaps, 0.0)


def ring_bound_s(alarm: Alarm) -> float:
    """The longest time that an open alarm may be quiet when nobody says a word (L1). A drill may still be announced."""
    ladder = alarm.plan.ladder
    notice_s = NOTICE_S if alarm.drill else 0.0
    return max(step_bound_s(alarm), notice_s, ladder.arrival_s, ladder.check_s + ladder.confirm_s)


class Walk(RuleBasedStateMachine):
    """Everything that can happen to a house, in any order."""

    presses: Bundle[str] = Bundle("presses")

    def __init__(self) -> None:
        super().__init__()
        self.house = WatchedHouse(DESKS)
        self.key = 0

    def next_key(self) -> int:
        self.key += 1
        return self.key

    # --- presses, and names that a crash may have swallowed ---

    @rule(target=presses, zender=zenders, boot=boots, repeats=st.booleans())
    def press(self, zender: int, boot: str, repeats: bool) -> str:
        return self.house.press(zender, repeats, boot)

    @rule(target=presses, zender=zenders, n=st.integers(1, 3))
    def a_press_that_only_pagers_saw(self, zender: int, n: int) -> str:
        return f"{zender}-s-{n}"

    @rule(press=presses)
    def hear_again(self, press: str) -> None:
        self.house.hears_again(press)

    # --- drills and tests of buttons ---

    @rule(zender=zenders, by=members, announced=st.booleans())
    def practise(self, zender: int, by: str, announced: bool) -> None:
        self.all_is_well()
        self.house.practises(zender, announced, by)

    @rule(target=presses, zender=zenders, desk=zenders, wait_s=pauses_s, stops=st.booleans())
    def press_after_a_drill_was_announced(self, zender: int, desk: int, wait_s: float, stops: bool) -> str:
        self.all_is_well()
        self.house.practises(zender, announced=True)
        self.house.wait(wait_s)
        if stops:
            self.house.stops_practising()
            self.house.wait(wait_s)
        return self.house.press(desk)

    def all_is_well(self) -> None:
        """Whatever is open is closed, as far as Anna may: a house in which an alarm is open practises nothing."""
        for incident in list(self.house.state.alarms):
            self.house.says("anna", "on_scene", incident=incident)
            self.house.says("anna", "all_clear", incident=incident)

    @rule(by=members)
    def stop_practising(self, by: str) -> None:
        self.house.stops_practising(by)

    @rule(pager=pagers, boot=boots, zender=zenders, answer=answers | st.none(), of=st.sampled_from(("d001-1", "")))
    def say_about_a_drill(self, pager: str, boot: str, zender: int, answer: h.AnswerWord | None, of: str) -> None:
        raised = self.house.all(f.DrillRaised)
        incident = raised[-1].incident if raised and not of else f"drill-{of or 'd000-1'}"
        if answer is None:
            order = f"{incident}.d001.{self.key % 40}"
            self.house.said(h.Receipt(pager, boot, self.next_key(), order, incident, "", zender, "shown"))
        else:
            key = f"{pager}-{boot}-{self.next_key()}"
            self.house.said(h.Answer(key, incident, answer, pager, boot, None, None, zender))

    @rule(zender=zenders, by=members)
    def begin_a_test(self, zender: int, by: str) -> None:
        self.all_is_well()
        self.house.tests_button(zender, by)

    @rule(target=presses, zender=zenders, claim=st.booleans(), right=st.none() | st.booleans())
    def test_a_button(self, zender: int, claim: bool, right: bool | None) -> str:
        self.all_is_well()
        begun = self.house.tests_button(zender) == "accepted"
        press = self.house.press(zender)
        claimed = claim and self.house.claims(zender) == "accepted"
        assert claimed == (claim and begun), "its first press is the test's"
        if claimed and right is not None:
            assert self.house.judges(right) == "accepted"
        return press

    @rule(zender=zenders, age_ms=st.sampled_from((0, 400, 20_000)))
    def an_old_press(self, zender: int, age_ms: int) -> None:
        press = f"{zender}-old-{self.next_key()}"
        self.house.hear(h.Pressed(press, zender, "", self.house.mono_s, age_ms))

    @rule(zender=zenders, by=members)
    def claim(self, zender: int, by: str) -> None:
        self.house.claims(zender, by)

    # --- pagers ---

    @rule(pager=pagers, answer=answers)
    def answer_newest_page(self, pager: str, answer: h.AnswerWord) -> None:
        if self.house.pager(pager).on and self.house.pager(pager).remembers:
            self.house.pager(pager).answers(answer)

    @rule(pager=pagers, boot=boots, answer=answers, incident=presses, press=presses)
    def answer_from_memory(self, pager: str, boot: str, answer: h.AnswerWord, incident: str, press: str) -> None:
        zender = int(press.split("-", maxsplit=1)[0])
        key = f"{pager}-{boot}-{self.next_key()}"
        self.house.hear(h.Answer(key, incident, answer, pager, boot, None, press, zender))
        self.house.hear(h.Answer(key, incident, answer, pager, boot, None, press, zender))

    @rule(pager=pagers, boot=boots, incident=presses, press=presses, stage=st.sampled_from(("received", "shown")))
    def receipt_from_memory(self, pager: str, boot: str, incident: str, press: str, stage: str) -> None:
        zender = int(press.split("-", maxsplit=1)[0])
        order = f"{incident}.d001.{self.key % 40}"
        receipt = h.Receipt(pager, boot, self.next_key(), order, incident, press, zender, stage)  # type: ignore[arg-type]
        self.house.said(receipt)
        assert self.house.state.incident_of(press) is not None  # no pager's memory is lost

    @rule(pager=pagers, on=st.booleans(), shows=st.booleans())
    def pager_works_or_not(self, pager: str, on: bool, shows: bool) -> None:
        self.house.pager(pager).on, self.house.pager(pager).shows = on, shows

    @rule(pager=pagers)
    def pager_starts(self, pager: str) -> None:
        self.house.pager(pager).starts()

    @rule(pager=pagers, member=members)
    def carry(self, pager: str, member: str) -> None:
        self.house.hear(h.Answer(f"carry-{self.next_key()}", "", "carry", pager, "a", member))

    # --- members and the coordinator ---

    @rule(member=members, answer=answers, reason=st.sampled_from(("", "by mistake")), incident=presses)
    def say_about(self, member: str, answer: h.AnswerWord, reason: str, incident: str) -> None:
        self.house.says(member, answer, reason, incident)

    @rule(member=members, answer=answers)
    def say(self, member: str, answer: h.AnswerWord) -> None:
        self.house.says(member, answer)

    @rule()
    def enough_come(self) -> None:
        for member in ("anna", "cor", "fred"):
            self.house.says(member, "coming")

    @rule(member=members, incident=presses)
    def undo(self, member: str, incident: str) -> None:
        self.house.undoes(member, incident)

    @rule(plan=st.sampled_from(PLANS))
    def edit_the_plan(self, plan: Plan) -> None:
        self.house.adopt(plan)

    # --- devices, carriers, the disk ---

    @rule(device=devices, boot=boots, online=st.booleans(), live=st.booleans())
    def status(self, device: str, boot: str, online: bool, live: bool) -> None:
        self.house.hear(h.Status(device, boot, online, live))

    @rule(device=devices, boot=boots | st.just(""), measured=measures, live=st.booleans())
    def telemetry(self, device: str, boot: str, measured: dict[str, Any], live: bool) -> None:
        if not device.startswith("zender:"):
            measured = {name: value for name, value in measured.items() if name != "line"}  # only a zender has one
        heard = h.Telemetry(device, boot, **measured, live=live)
        self.house.hear(heard)
        assert not self.house.hear(heard), "the same said again is nothing new"

    @rule(devices=st.lists(devices, min_size=1, max_size=4))
    def missing(self, devices: list[str]) -> None:
        self.house.hear(h.Missing(tuple(devices)))
        assert not self.house.hear(h.Missing(tuple(devices)))

    @rule(key=troubles, over=st.booleans())
    def trouble(self, key: str, over: bool) -> None:
        self.house.hear(h.TroubleOver(key) if over else h.Trouble(key, "gone"))
        assert (key in self.house.state.faults) != over

    @rule(member=members, fault=troubles)
    def acknowledge(self, member: str, fault: str) -> None:
        self.house.acknowledges(member, fault)

    @rule(member=members, one=st.integers(0, 20))
    def acknowledge_what_stands(self, member: str, one: int) -> None:
        standing = sorted(self.house.state.faults)
        if standing:
            self.house.acknowledges(member, standing[one % len(standing)])

    @rule(whom=targets | st.just("pager:p9"), daily=st.booleans())
    def ask_for_a_test(self, whom: str, daily: bool) -> None:
        known = self.house.state.plan.knows(whom)
        assert self.house.tests(whom, "" if daily else "anna") == ("accepted" if known else "refused")

    @rule(one=st.integers(0, 50), stage=st.sampled_from(("received", "shown")))
    def a_telephone_has_it(self, one: int, stage: str) -> None:
        ordered = self.house.all(f.Ordered)
        if ordered:
            self.house.hear(h.Reached(ordered[-1 - one % len(ordered)].order, stage))  # type: ignore[arg-type]

    @rule(via=st.sampled_from(("push:anna", "sms:anna", "phone:els", "app:gerda")), answer=answers, incident=presses)
    def answer_by_a_token(self, via: str, answer: h.AnswerWord, incident: str) -> None:
        heard = h.Answer(f"link-{self.next_key()}", incident, answer, member=via.split(":")[1], via=via)
        self.house.hear(heard)
        assert not self.house.hear(heard), "a token counts once"

    @rule(zender=zenders)
    def found_active_at_a_start(self, zender: int) -> None:
        stuck = self.house.state.faults.get(f"zender:{zender}/stuck")
        known = stuck is not None and stuck.acknowledged_by is not None
        press = f"{zender}-start-{self.next_key()}"
        self.house.hear(h.Pressed(press, zender, "", self.house.mono_s, at_start=True))
        assert (self.house.state.incident_of(press) is None) == known

    @rule(where=targets, works=st.booleans())
    def channel(self, where: str, works: bool) -> None:
        self.house.failing.pop(where, None)
        if not works:
            self.house.failing[where] = "gone"

    @rule(order=st.text("0123456789d.", max_size=8))
    def unknown_order(self, order: str) -> None:
        assert not self.house.hear(h.HandedOver(order))
        assert not self.house.hear(h.Failed(order, "gone"))

    @rule(works=st.booleans())
    def disk(self, works: bool) -> None:
        self.house.commit_s = 0.02 if works else None

    # --- time, and the end of the daemon ---

    @rule(seconds=pauses_s)
    def wait(self, seconds: float) -> None:
        self.house.wait(seconds)

    @rule()
    def tick(self) -> None:
        self.house.hear(h.Tick())

    @rule()
    def stop(self) -> None:
        self.house.stop()

    @rule(away_s=st.sampled_from((0.2, 40.0, 25 * HOUR_S)), jump_s=st.sampled_from((0.0, -HOUR_S, 1e8)))
    def restart(self, away_s: float, jump_s: float) -> None:
        self.house.restart(away_s, jump_s)
        self.check_restart()

    @rule(share=st.floats(0, 1))
    def crash(self, share: float) -> None:
        not_durable = len(self.house.lines) - self.house.durable_n
        self.house.restart(losing=int(share * not_durable))
        self.check_restart()

    def check_restart(self) -> None:
        """L3: whatever is open has rung, or those on the scene were asked. The state is a value that JSON can hold."""
        began = max(n for n, fact in enumerate(self.house.facts) if isinstance(fact, f.DaemonStarted))
        said = {fact.incident for fact in self.house.facts[began:] if isinstance(fact, f.StepReached | f.SceneAsked)}
        assert said >= set(self.house.state.alarms)
        assert from_plain(State, to_plain(self.house.state)) == self.house.state

    def teardown(self) -> None:
        """L1: from here on nobody says a word."""
        house = self.house
        assert replay(house.lines) == house.state
        for pager in ("p1", "p2", "p3"):
            house.pager(pager).shows = False
        house.wait(2)  # what was said before is heard
        began, began_s = len(house.facts), house.mono_s
        waiting = dict(house.state.alarms)
        unclaimed = {test.press for test in house.state.button_tests.values() if test.press and not test.claimed}
        house.wait(10 * 60)
        assert not house.state.button_tests
        assert unclaimed <= set(house.state.alarms)
        for incident, alarm in waiting.items():
            if alarm.drill and incident not in house.state.alarms:
                continue  # it was too long
            check_never_quiet(house.facts[began:], incident, ring_bound_s(alarm), began_s, house.mono_s)
            still = house.state.alarms[incident]
            if still.police not in ("called", "arrived") and not still.drill:
                assert still.police == "advised"
                assert still.callers == callers_112(alarm)  # everybody on the list is asked, for ever


def check_never_quiet(facts: list[f.Fact], incident: str, bound_s: float, began_s: float, ended_s: float) -> None:
    """The rings of an incident, and how far they are apart."""
    rings = [fact for fact in facts if isinstance(fact, f.Ordered) and fact.incident == incident]
    times_s = [began_s, *(ring.when.mono_s for ring in rings if ring.kind in ("alarm", "drill")), ended_s]
    longest_s = max(later - earlier for earlier, later in pairwise(times_s))
    assert longest_s <= bound_s + EPSILON_S, f"{incident} was quiet for {longest_s:.1f} s"


ANY_PACE = (HealthCheck.too_slow, HealthCheck.filter_too_much)


class TestShortWalks(Walk.TestCase):  # type: ignore[misc,valid-type]  # hypothesis makes it at run time
    """Run with all the other tests. To make a failure shorter takes minutes: that is for who mends it."""

    settings = settings(
        max_examples=60,
        stateful_step_count=40,
        deadline=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=ANY_PACE,
    )


@pytest.mark.storm
@pytest.mark.timeout(3600)
class TestLongWalks(Walk.TestCase):  # type: ignore[misc,valid-type]
    """Run by `make storm`."""

    settings = settings(
        max_examples=1500,
        stateful_step_count=80,
        deadline=None,
        print_blob=True,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=ANY_PACE,
    )
