"""Who is silent for too long: only the plan's devices, only their own words count, and never for what was our fault."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.evolve import evolve
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Gateway, Pager, Plan, Zender
from achterwacht.core.state import EMPTY, State
from achterwacht.presence import FIRST_WORD_S, HELD_UP_S, Presence, speaker
from house import FIRST_NIGHT, TOWN_HALL

SELDOM_S = 3600.0
PLAN = replace(
    TOWN_HALL,
    zenders=(
        Zender(7, "Balie 3"),
        Zender(21, "Kamer 1", transport="bought", gateway="zigbee", max_silence_s=SELDOM_S),
        Zender(40, "Bode", transport="bought", max_silence_s=None),
    ),
    pagers=(Pager("p1"),),
    gateways=(Gateway("zigbee", on_mqtt=True, max_silence_s=600.0), Gateway("hall")),
)
EVERYBODY = ("zender:7", "zender:21", "zender:40", "pager:p1", "gateway:zigbee")
RECEIPT = h.Receipt("p1", "b", 1, "o", "7-a-1", "7-a-1", 7, "shown")


def at(mono_s: float, wall_s: float | None = None) -> Moment:
    return Moment(mono_s, FIRST_NIGHT + timedelta(seconds=mono_s if wall_s is None else wall_s), True)


def after(*facts: f.Fact, plan: Plan = PLAN) -> State:
    begin = (f.DaemonStarted(at(0), "d1", "test"), f.PlanAdopted(at(0), plan, "first"))
    return reduce(evolve, (*begin, *facts), EMPTY)


def seen(*devices: str, mono_s: float = 0.0) -> tuple[f.Fact, ...]:
    return tuple(f.DeviceSeen(at(mono_s), device, "", True) for device in devices)


def looks(presence: Presence, state: State, from_s: float, until_s: float) -> dict[str, float]:
    """Look once a second; when each device was first told to be missing."""
    first: dict[str, float] = {}
    now_s = from_s
    while now_s <= until_s:
        for device in presence.look(state, now_s):
            first.setdefault(device, now_s)
        now_s += 1
    return first


@pytest.mark.parametrize(
    ("heard", "who"),
    [
        (h.Telemetry("zender:7", "a"), "zender:7"),
        (h.Telemetry("zender:7", "a", live=False), None),
        (h.Status("zender:7", "a", True, live=True), "zender:7"),
        (h.Status("zender:7", "a", True, live=False), None),
        (h.Status("zender:7", "a", False, live=True), None),
        (h.Status("zender:7", "a", False, live=False), None),
        (h.Pressed("7-a-1", 7, "a", 0.0), "zender:7"),
        (RECEIPT, "pager:p1"),
        (h.Answer("k", "7-a-1", "coming", "p1", "b"), "pager:p1"),
        (h.Answer("k", "7-a-1", "coming", member="anna"), None),
        (h.Answer("k", "", "carry", "p1", member="anna"), None),  # said at the terminal, about this pager
        (h.Missing(("zender:7",)), None),
        (h.Trouble("zender:7/stuck", ""), None),
        (h.Tick(), None),
    ],
)
def test_who_has_spoken(heard: h.Heard, who: str | None) -> None:
    assert speaker(heard) == who


def test_only_devices_of_the_plan_have_an_age() -> None:
    presence = Presence()
    for device in ("zender:7", "zender:99", "pager:p9", "gateway:none"):
        presence.heard(PLAN, h.Telemetry(device, ""), 10.0)
    presence.heard(PLAN, h.Pressed("40-x-1", 40, "", 12.0), 12.0)
    presence.heard(PLAN, h.Status("pager:p1", "b", True, live=False), 12.0)
    assert presence.ages(15.0) == {"zender:7": 5.0, "zender:40": 3.0}


def test_each_is_missed_at_its_own_time() -> None:
    state = after(*seen(*EVERYBODY))
    found = looks(Presence(), state, 100, 100 + SELDOM_S + 5)
    assert found == {"zender:7": 125, "pager:p1": 125, "gateway:zigbee": 700, "zender:21": SELDOM_S}


def test_who_was_never_heard_has_its_first_minute() -> None:
    found = looks(Presence(), after(), 100, 300)
    at_a_minute = dict.fromkeys(("zender:21", "zender:40", "gateway:zigbee"), 100 + FIRST_WORD_S)
    assert found == {"zender:7": 125, "pager:p1": 125, **at_a_minute}


def test_whom_only_the_broker_remembers_was_never_heard() -> None:
    remembered = (f.DeviceSeen(at(0), device, "", True, live=False) for device in ("zender:21", "zender:40"))
    found = looks(Presence(), after(*remembered), 5000, 5100)
    assert (found["zender:21"], found["zender:40"]) == (5000 + FIRST_WORD_S, 5000 + FIRST_WORD_S)


def test_any_word_begins_the_time_anew() -> None:
    presence, state = Presence(), after(*seen(*EVERYBODY))
    assert not looks(presence, state, 0, 20)
    presence.heard(PLAN, RECEIPT, 20.0)
    assert looks(presence, state, 21, 50) == {"zender:7": 25, "pager:p1": 45}


@pytest.mark.parametrize("kind", ["silent", "offline", "never seen"])
def test_what_is_known_is_not_told_again(kind: str) -> None:
    state = after(*seen("pager:p1"), f.FaultRaised(at(1), f"zender:7/{kind}", ""))
    assert looks(Presence(), state, 0, 50) == {"pager:p1": 25}


def test_a_look_that_comes_late_blames_nobody_who_speaks_often() -> None:
    presence, state = Presence(), after(*seen(*EVERYBODY))
    assert not looks(presence, state, 0, 24)
    assert not presence.look(state, 24 + HELD_UP_S + 0.1)
    assert looks(presence, state, 28, 80) == {"zender:7": 53, "pager:p1": 53}


def test_a_look_a_little_late_is_none() -> None:
    presence, state = Presence(), after(*seen(*EVERYBODY))
    assert not looks(presence, state, 0, 24)
    assert presence.look(state, 24 + HELD_UP_S) == ("zender:7", "pager:p1")


@given(away_s=st.lists(st.floats(HELD_UP_S + 0.1, 1e6), max_size=3))
def test_who_speaks_seldom_has_all_its_time_however_often_we_were_held_up(away_s: list[float]) -> None:
    presence, state, now_s, listened_s = Presence(), after(*seen("zender:21")), 0.0, 0.0
    presence.look(state, now_s)
    presence.heard(PLAN, h.Telemetry("zender:21", ""), now_s)
    for gap_s in away_s:
        for _ in range(300):
            now_s, listened_s = now_s + 3, listened_s + 3
            assert "zender:21" not in presence.look(state, now_s)
        now_s += gap_s
        assert "zender:21" not in presence.look(state, now_s)
    while listened_s < SELDOM_S - 4:
        now_s, listened_s = now_s + 3, listened_s + 3
        assert "zender:21" not in presence.look(state, now_s)
    assert "zender:21" in presence.look(state, now_s + 3) + presence.look(state, now_s + 6)


def test_a_silence_of_hours_goes_on_after_a_restart_without_the_time_away() -> None:
    stopped = f.DaemonStopped(at(3000.0))
    started = f.DaemonStarted(at(50.0, wall_s=100_000.0), "d2", "test")  # its own clock begins anew
    state = after(*seen("zender:21"), stopped, started, *seen("zender:7", "pager:p1", "gateway:zigbee", mono_s=51.0))
    assert looks(Presence(), state, 50, 700)["zender:21"] == 50 + SELDOM_S - 3000


def test_a_word_before_the_first_look_is_not_forgotten() -> None:
    presence, state = Presence(), after(*seen("zender:21"))
    presence.heard(PLAN, h.Telemetry("zender:21", ""), 5000.0)
    assert "zender:21" not in looks(presence, state, 5001, 5030)


def test_a_clock_that_jumped_back_makes_no_silence_begin_in_the_future() -> None:
    state = after(*seen("zender:21", mono_s=500.0))
    started = f.DaemonStarted(at(10.0, wall_s=-1e6), "d2", "test")
    found = looks(Presence(), evolve(state, started), 10, 10 + SELDOM_S)
    assert found["zender:21"] == 10 + SELDOM_S


@pytest.mark.parametrize("fault", ["gateway:zigbee/offline", "gateway:zigbee/silent", "broker/link", "broker/canary"])
def test_who_cannot_be_heard_at_a_start_begins_anew_when_it_can(fault: str) -> None:
    before = after(*seen("zender:21"))
    down, presence = evolve(before, f.FaultRaised(at(1), fault, "")), Presence()
    assert "zender:21" not in looks(presence, down, 9000, 9100)
    assert looks(presence, before, 9101, 9101 + SELDOM_S)["zender:21"] >= 9100 + SELDOM_S - 1


def down(state: State, key: str = "broker/link") -> State:
    return evolve(state, f.FaultRaised(at(1), key, ""))


def test_who_was_out_of_hearing_begins_anew_the_first_time_and_goes_on_the_second() -> None:
    presence, up = Presence(), after(*seen(*EVERYBODY))
    assert not looks(presence, up, 0, 20)
    assert not looks(presence, down(up), 21, 300)
    assert not looks(presence, up, 301, 310), "all its 25 s from 300"
    assert not looks(presence, down(up), 311, 600)
    found = looks(presence, up, 601, 640)
    assert found["zender:7"] == 600 + 25 - 10, "ten of them have passed"


def test_a_way_that_is_down_every_other_moment_hides_no_death() -> None:
    presence, up, found = Presence(), after(*seen(*EVERYBODY)), dict[str, float]()
    for from_s in range(0, 120, 10):
        assert not looks(presence, down(up), from_s, from_s + 4)
        for device, when_s in looks(presence, up, from_s + 5, from_s + 9).items():
            found.setdefault(device, when_s)
        presence.heard(PLAN, RECEIPT, from_s + 9.0)
    assert set(found) == {"zender:7"}, "the pager spoke in between"
    assert found["zender:7"] <= 60


def test_who_was_heard_again_is_spared_again() -> None:
    presence, up = Presence(), after(*seen(*EVERYBODY))
    for from_s in (0, 100, 200):
        assert not looks(presence, up, from_s, from_s + 10)
        assert not looks(presence, down(up), from_s + 11, from_s + 70)
        assert not looks(presence, up, from_s + 71, from_s + 90)
        for device in ("zender:7", "pager:p1"):
            presence.heard(PLAN, h.Telemetry(device, ""), from_s + 90.5)
        assert not looks(presence, up, from_s + 91, from_s + 99)


def test_who_is_heard_while_its_way_is_said_to_be_down_has_all_its_time() -> None:
    presence, up = Presence(), after(*seen(*EVERYBODY))
    assert not looks(presence, down(up), 0, 10)
    presence.heard(PLAN, h.Telemetry("zender:7", ""), 10.5)
    assert not looks(presence, down(up), 11, 100)
    assert looks(presence, up, 101, 140)["zender:7"] == 125


def test_who_comes_into_the_plan_while_its_way_is_down_has_all_its_time() -> None:
    presence, up = Presence(), after(*seen(*EVERYBODY))
    assert not looks(presence, down(up), 0, 10)
    with_another = after(*seen(*EVERYBODY), plan=replace(PLAN, zenders=(*PLAN.zenders, Zender(8, "Balie 4"))))
    assert not looks(presence, down(with_another), 11, 100)
    assert looks(presence, with_another, 101, 140)["zender:8"] == 125


def test_another_device_under_the_same_name_is_spared_for_itself() -> None:
    presence, up = Presence(), after(*seen(*EVERYBODY))
    assert not looks(presence, down(up), 0, 10)
    assert not looks(presence, up, 11, 14)
    other = replace(PLAN, zenders=(replace(PLAN.zenders[0], wired="otherwise"), *PLAN.zenders[1:]))
    changed = after(*seen(*EVERYBODY), plan=other)
    assert not looks(presence, changed, 15, 20)
    assert not looks(presence, down(changed), 21, 60)
    assert looks(presence, changed, 61, 90)["zender:7"] == 60 + 25


def test_being_held_up_twice_hides_no_death_either() -> None:
    presence, state = Presence(), after(*seen(*EVERYBODY))
    presence.look(state, 0)
    found: list[str] = []
    for from_s in range(10, 150, 14):  # four seconds at a time, and then ten in which we listen to nobody
        found += looks(presence, state, from_s, from_s + 4)
    assert "zender:7" in found


@pytest.mark.parametrize("fault", ["zender:50/pin", "gateway:zigbee/deaf"])
def test_behind_a_pin_or_a_gateway_that_does_not_listen_nobody_is_silent(fault: str) -> None:
    contact = Zender(50, "Kluis", transport="gpio", max_silence_s=None)
    plan = replace(PLAN, zenders=(PLAN.zenders[1], contact), pagers=(), gateways=PLAN.gateways[:1])
    behind = "zender:50" if fault == "zender:50/pin" else "zender:21"
    found = looks(Presence(), down(after(plan=plan), fault), 0, 100)
    assert set(found) == {"zender:50", "zender:21", "gateway:zigbee"} - {behind}


def test_refused_topics_keep_nobody_from_being_missed() -> None:
    assert looks(Presence(), down(after(), "broker/subscriptions"), 0, 30).keys() == {"zender:7", "pager:p1"}


def test_a_gateway_that_says_nothing_by_itself_is_never_silent() -> None:
    assert "gateway:hall" not in looks(Presence(), after(), 0, 700)


def test_whoever_left_the_plan_is_forgotten() -> None:
    presence, without = Presence(), replace(PLAN, zenders=PLAN.zenders[:2])
    presence.heard(PLAN, h.Telemetry("zender:40", ""), 0.0)
    presence.heard(PLAN, h.Telemetry("zender:7", ""), 0.0)
    assert not looks(presence, after(), 0, 10)
    presence.look(after(plan=without), 11)
    assert set(presence.ages(11)) == {"zender:7"}
    assert "zender:40" not in looks(presence, after(plan=without), 12, 200)
    assert looks(presence, after(), 201, 270)["zender:40"] == 201 + FIRST_WORD_S


def test_who_carries_a_pager_changes_nobodys_silence() -> None:
    presence = Presence()
    assert not looks(presence, after(), 0, 20)
    assert looks(presence, after(plan=PLAN.with_carrier("p1", "cor")), 21, 26) == {"zender:7": 25, "pager:p1": 25}


def test_a_zender_that_is_heard_otherwise_begins_anew() -> None:
    presence = Presence()
    assert "zender:40" not in looks(presence, after(*seen("zender:40")), 0, 500)
    other = replace(PLAN.zenders[2], gateway="zigbee")
    state = after(plan=replace(PLAN, zenders=(*PLAN.zenders[:2], other)))
    assert looks(presence, state, 501, 570)["zender:40"] == 501 + FIRST_WORD_S


def test_a_first_word_under_a_new_plan_is_kept() -> None:
    presence = Presence()
    presence.heard(PLAN, h.Telemetry("zender:40", ""), 0.0)
    presence.look(after(), 1.0)
    other = replace(PLAN, zenders=(*PLAN.zenders[:2], replace(PLAN.zenders[2], gateway="zigbee")))
    presence.heard(other, h.Telemetry("zender:40", ""), 5.0)
    presence.look(after(plan=other), 6.0)
    assert presence.ages(6.0) == {"zender:40": 1.0}


def test_a_gateway_that_was_never_heard_is_missed_and_one_that_is_remembered_is_not() -> None:
    plan = replace(PLAN, gateways=(Gateway("zigbee", on_mqtt=True), Gateway("hall")))
    assert "gateway:zigbee" in late_after(FIRST_WORD_S, after(plan=plan))
    remembered = f.DeviceSeen(at(0), "gateway:zigbee", "", True, live=False)
    assert "gateway:zigbee" not in late_after(FIRST_WORD_S, after(remembered, plan=plan))


def late_after(wait_s: float, state: State) -> set[str]:
    """Who is late when this state has lasted so long."""
    presence = Presence()
    looks = (presence.look(state, float(now_s)) for now_s in range(round(wait_s) + 2))
    return set().union(*looks)
