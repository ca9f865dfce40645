"""What a device tells of itself: what is noted, what is a fault, and what an acknowledgement does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.faults import MISSING
from achterwacht.core.plan import Gateway, Zender
from achterwacht.core.state import CHANGES_S, Fault
from achterwacht.core.supervision import (
    BATTERY_RECOVERED,
    BROKER,
    CHANGES_MAX,
    MOVES_MAX,
    max_silence_s,
    was_heard,
    way_down,
)
from house import TOWN_HALL, House

DEVICE = "zender:7"
BATTERY = ("battery low", "battery empty")
MIXED = replace(
    TOWN_HALL,
    zenders=(
        *TOWN_HALL.zenders,
        Zender(21, "Kamer 1", transport="bought", gateway="zigbee", max_silence_s=3600.0),
        Zender(22, "Kamer 2", transport="bought"),
        Zender(50, "Kluis", transport="gpio", gateway="gpio", max_silence_s=None),
        Zender(51, "Archief", transport="gpio", max_silence_s=None),
        Zender(61, "Hal", transport="serial", gateway="hall"),
    ),
    gateways=(Gateway("zigbee", on_mqtt=True, max_silence_s=600.0), Gateway("gpio"), Gateway("hall")),
)

percents = st.integers(0, 100)


def tell(house: House, **measured: Any) -> tuple[f.Fact, ...]:
    return house.measures(DEVICE, **measured)


def begun() -> House:
    """A house in which the device has been heard."""
    house = House(MIXED)
    tell(house)
    return house


def battery_fault(house: House) -> str | None:
    """Which of the two stands; never both."""
    standing = [kind for kind in BATTERY if f"{DEVICE}/{kind}" in house.state.faults]
    assert len(standing) <= 1
    return standing[0] if standing else None


def as_documented(percents: list[int]) -> str | None:
    """Low at 20 %, empty at 5 %, each over only five percent above: reckoned once more, from the words."""
    empty = low = False
    for percent in percents:
        empty = percent <= 5 or (empty and percent < 10)
        low = percent <= 20 or (low and percent < 25)
    return "battery empty" if empty else "battery low" if low else None


# --- the battery ------------------------------------------------------------------------------------------------------


@given(st.lists(percents | st.integers(0, 30), max_size=30))
@example([21, 20])
@example([6, 5])
@example([20, 24, 25, 21])
@example([5, 9, 10, 6])
def test_any_sequence_of_percents_gives_the_documented_fault(said: list[int]) -> None:
    house = begun()
    for n, percent in enumerate(said, 1):
        tell(house, battery=percent)
        assert battery_fault(house) == as_documented(said[:n])


@given(limit=st.sampled_from((20, 5)), steps=st.lists(st.integers(0, BATTERY_RECOVERED - 1), min_size=1, max_size=40))
def test_a_battery_that_flaps_around_a_limit_is_one_fault(limit: int, steps: list[int]) -> None:
    house = begun()
    for step in (0, *steps):
        tell(house, battery=limit + step)
    assert len(house.all(f.FaultRaised)) == 1
    assert not house.all(f.FaultCleared)


@given(st.lists(st.integers(-2, 2), max_size=60), st.sampled_from((0, 2, 15, 50, 98)))
def test_a_battery_that_flutters_is_noted_once(steps: list[int], around: int) -> None:
    """Less than five percent from what was noted, and no limit crossed: the journal does not grow."""
    house = begun()
    for step in (0, *steps):
        tell(house, battery=min(max(around + step, 0), 100))
    assert len(house.all(f.DeviceMeasured)) == 1


@given(st.permutations(range(101)))
def test_a_battery_is_known_to_within_five_percent(said: list[int]) -> None:
    house = begun()
    for percent in said:
        tell(house, battery=percent)
        noted = house.state.devices[DEVICE].battery
        assert noted is not None
        assert abs(noted - percent) < 5


def test_a_battery_that_runs_down_slowly_is_noted_in_steps() -> None:
    house = begun()
    for percent in range(100, -1, -1):
        for _ in range(50):
            tell(house, battery=percent)
    assert len(house.all(f.DeviceMeasured)) <= 23
    assert [(fact.key, fact.detail) for fact in house.all(f.FaultRaised)] == [
        *((f"{DEVICE}/battery low", f"{percent} %") for percent in (20, 15, 10)),
        *((f"{DEVICE}/battery empty", f"{percent} %") for percent in (5, 0)),
    ]
    assert [fact.key for fact in house.all(f.FaultCleared)] == [f"{DEVICE}/battery low"]


def test_a_fresh_battery_ends_the_fault() -> None:
    house = begun()
    tell(house, battery=3)
    tell(house, battery=100)
    assert not house.state.faults


def test_a_device_that_knows_no_percents() -> None:
    house = begun()
    tell(house, battery_low=False)
    assert not house.state.faults
    tell(house, battery_low=True)
    assert battery_fault(house) == "battery low"
    assert not tell(house, battery_low=True)
    tell(house, charging=True)
    assert battery_fault(house) == "battery low"
    tell(house, battery_low=False)
    assert not house.state.faults


def test_a_device_that_says_low_and_percents() -> None:
    house = begun()
    tell(house, battery=60, battery_low=True)
    assert battery_fault(house) == "battery low"
    tell(house, battery=4)
    assert battery_fault(house) == "battery empty"
    tell(house, battery_low=False)
    assert battery_fault(house) == "battery empty"
    tell(house, battery=60)
    assert battery_fault(house) is None


# --- tamper and line --------------------------------------------------------------------------------------------------


def test_a_line_is_cut_shorted_and_mended() -> None:
    house = begun()
    tell(house, line="ok", tamper=False)
    assert not house.state.faults
    tell(house, line="cut")
    assert house.faults == {f"{DEVICE}/line cut"}
    tell(house, line="short", tamper=True)
    assert house.faults == {f"{DEVICE}/line short", f"{DEVICE}/tamper"}
    tell(house, line="ok")
    assert house.faults == {f"{DEVICE}/tamper"}
    tell(house, tamper=False)
    assert not house.faults


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "battery": percents,
            "battery_low": st.booleans(),
            "tamper": st.booleans(),
            "line": st.sampled_from(("ok", "cut", "short")),
            "charging": st.booleans(),
            "docked": st.booleans(),
        },
    )
)
def test_the_same_said_again_is_one_fact_and_saying_nothing_ends_nothing(said: dict[str, Any]) -> None:
    house = begun()
    noted = len(house.facts)
    first = tell(house, **said)
    assert [type(fact) for fact in first if isinstance(fact, f.DeviceMeasured)] == [f.DeviceMeasured] * bool(said)
    faults = house.faults
    for _ in range(20):
        assert not tell(house, **said)
        assert not tell(house)
    assert len(house.facts) == noted + len(first)
    assert house.faults == faults


def test_what_somebody_else_told_is_not_ended_by_other_news() -> None:
    """A receiver may tell of a cut line; telemetry that says nothing of lines does not know better."""
    house = begun()
    for kind in ("line cut", "tamper"):
        house.hear(h.Trouble(f"{DEVICE}/{kind}", ""))
    tell(house, battery=80, charging=True)
    assert house.faults == {f"{DEVICE}/line cut", f"{DEVICE}/tamper"}


def test_measures_of_a_stranger_are_not_kept() -> None:
    house = House()
    house.hear(h.Telemetry("zender:98", "a", battery=3, tamper=True))
    house.hear(h.Telemetry("gateway:none", "", battery=3))
    assert house.faults == {"zender/unknown", "gateway/unknown"}
    assert not house.state.devices


def test_a_heartbeat_is_no_fact() -> None:
    house = House(MIXED)
    beats = ("zender:7", "zender:50", "zender:61", "pager:p1", "gateway:zigbee")
    for device in beats:
        assert [type(fact) for fact in house.measures(device)] == [f.DeviceSeen]
    for _ in range(100):
        house.wait(9)
        assert not [fact for device in beats for fact in house.measures(device)]


def test_who_speaks_seldom_is_noted_eight_times_in_its_silence() -> None:
    house = House(MIXED)
    for _ in range(360):
        house.measures("zender:21")
        house.wait(10)
    assert len(house.all(f.DeviceSeen)) <= 8
    quiet_s = house.state.house_s(house.now) - house.state.devices["zender:21"].quiet_from_s
    assert quiet_s <= 3600 / 8 + 20


def test_what_the_broker_remembers_is_noted_once_and_the_first_own_word_besides() -> None:
    house = House(MIXED)
    for device in (DEVICE, "zender:21"):
        remembered = h.Status(device, "a", True, live=False)
        assert len(house.hear(remembered)) == 1
        assert not house.hear(remembered)
        assert house.state.devices[device].seen_at is None
        assert len(house.hear(h.Telemetry(device, "a"))) == 1
        assert house.state.devices[device].seen_at == house.now.at
        assert not house.hear(h.Telemetry(device, "a"))
    house.hear(h.Missing((DEVICE,)))
    assert house.faults == {f"{DEVICE}/silent"}, "not one that was never seen"


def test_a_gateway_was_heard_by_any_word_of_it_and_a_zender_by_its_own() -> None:
    """A bridge publishes that it is there once, retained, and then nothing for days."""
    house = House(MIXED)
    for device in ("gateway:zigbee", "zender:21", "pager:p1"):
        assert not was_heard(house.state, device)
        house.hear(h.Status(device, "", True, live=False))
    assert [was_heard(house.state, device) for device in ("gateway:zigbee", "zender:21", "pager:p1")] == [
        True,
        False,
        False,
    ]
    house.hear(h.Missing(("gateway:zigbee", "zender:21", "pager:p1")))
    assert house.faults == {"gateway:zigbee/silent", "pager:p1/never seen"}, "one gateway, and not what is behind it"


def test_the_first_word_after_each_start_is_noted_also_when_nothing_has_changed() -> None:
    house = begun()
    house.measures("zender:21")
    for _ in range(3):
        house.restart()
        for device in (DEVICE, "zender:21"):
            assert not house.state.devices[device].heard
            assert not house.hear(h.Telemetry(device, "", live=False)), "what the broker remembers is no word"
            assert [type(fact) for fact in house.measures(device)] == [f.DeviceSeen]
            assert house.state.devices[device].heard
            assert not house.measures(device)


def test_telemetry_that_the_broker_remembers_is_news_but_no_sign_of_life() -> None:
    house = House(MIXED)
    remembered = h.Telemetry("zender:21", "", battery=3, live=False)
    assert not house.hear(remembered), "of whom nothing was heard nothing is kept"
    house.measures("zender:21")
    house.hear(h.Missing(("zender:21",)))
    house.hear(remembered)
    assert house.faults == {"zender:21/silent", "zender:21/battery empty"}
    assert not house.state.devices["zender:21"].online


def test_what_the_broker_remembers_of_an_earlier_boot_is_no_second_device() -> None:
    house = begun()
    house.hear(h.Telemetry(DEVICE, "b"))
    assert not house.hear(h.Telemetry(DEVICE, "a", battery=3, live=False))


# --- who comes and goes ---------------------------------------------------------------------------------------------


def flaps(house: House, times: int, device: str = DEVICE) -> None:
    """It goes and comes, each of which is a change."""
    for n in range(times):
        house.hear(h.Status(device, "a", bool(n % 2), live=True))


def changes(house: House, device: str = DEVICE) -> list[f.Fact]:
    return [fact for fact in house.all(f.DeviceSeen) if fact.device == device]


def test_a_device_that_comes_and_goes_all_the_time_is_one_fault_and_no_more_facts() -> None:
    house = begun()  # the first time that it came
    flaps(house, CHANGES_MAX - 1)
    assert len(changes(house)) == CHANGES_MAX
    assert house.faults == {f"{DEVICE}/offline"}
    flaps(house, 1)
    assert house.faults == {f"{DEVICE}/offline"}, "that it is gone is known already"
    tell(house)
    assert house.faults == {f"{DEVICE}/offline", f"{DEVICE}/unsteady"}
    noted = len(house.facts)
    flaps(house, 100)
    for boot in ("b", "c", "d"):
        house.hear(h.Telemetry(DEVICE, boot))
    assert len(house.facts) == noted
    assert not house.state.devices[DEVICE].online


def test_one_that_goes_once_too_often_is_not_said_to_be_offline_but_its_silence_is_found() -> None:
    house = begun()
    flaps(house, CHANGES_MAX - 2)
    house.hear(h.Telemetry(DEVICE, "b"))  # another boot is a change too
    assert len(changes(house)) == CHANGES_MAX
    told = house.hear(h.Status(DEVICE, "b", False, live=True))
    assert [type(fact) for fact in told] == [f.DeviceSeen, f.FaultRaised]
    assert house.faults == {f"{DEVICE}/unsteady"}
    assert not house.state.devices[DEVICE].online, "what is not followed any more is not there"
    house.hear(h.Missing((DEVICE,)))
    assert house.faults == {f"{DEVICE}/unsteady", f"{DEVICE}/silent"}


def test_after_its_time_it_is_noted_again_and_only_a_person_ends_the_fault() -> None:
    house = begun()
    flaps(house, 2 * CHANGES_MAX)
    tell(house)
    left_s = house.state.devices[DEVICE].changes_from_s + CHANGES_S - house.state.house_s(house.now)
    house.wait(left_s - 1)
    tell(house)
    assert house.faults == {f"{DEVICE}/offline", f"{DEVICE}/unsteady"}
    house.wait(1)
    tell(house)
    assert house.faults == {f"{DEVICE}/unsteady"}
    assert house.state.devices[DEVICE].changes == 1
    assert house.acknowledges("anna", f"{DEVICE}/unsteady") == "accepted"
    assert not house.faults
    flaps(house, 2)
    assert not house.faults, "it may come and go again"


def test_who_comes_and_goes_now_and_then_is_never_unsteady() -> None:
    house = begun()
    for _ in range(10):
        house.wait(CHANGES_S + 1)
        flaps(house, CHANGES_MAX)
        assert not house.faults


def test_the_first_word_after_a_start_is_noted_of_an_unsteady_one_too() -> None:
    house = begun()
    flaps(house, CHANGES_MAX - 2)
    for boot in ("b", "c"):
        house.hear(h.Telemetry(DEVICE, boot))
    assert house.faults == {f"{DEVICE}/unsteady"}
    house.restart()
    house.hear(h.Telemetry(DEVICE, "b"))
    assert house.state.devices[DEVICE].heard


def test_a_daemon_that_starts_all_the_time_makes_no_device_unsteady() -> None:
    house = begun()
    for _ in range(2 * CHANGES_MAX):
        house.restart()
        tell(house)
        house.measures("zender:21")
    assert not house.faults
    assert house.state.devices[DEVICE].heard
    assert house.state.devices[DEVICE].changes == 0


# --- boots ------------------------------------------------------------------------------------------------------------


def test_late_words_of_an_earlier_boot_measure_nothing() -> None:
    house = begun()  # boot a
    house.hear(h.Telemetry(DEVICE, "b", battery=90))
    house.hear(h.Missing((DEVICE,)))
    assert not house.hear(h.Telemetry(DEVICE, "a", battery=3))
    assert house.faults == {f"{DEVICE}/silent"}
    assert house.state.devices[DEVICE].battery == 90


def test_two_boots_that_both_live_are_a_fault_whatever_they_measure() -> None:
    house = begun()
    house.hear(h.Telemetry(DEVICE, "b", battery=90))
    house.hear(h.Telemetry(DEVICE, "a", battery=3))
    assert house.faults == {f"{DEVICE}/two boots"}


def test_a_device_without_boots_is_never_two() -> None:
    house = House(MIXED)
    for _ in range(3):
        house.hear(h.Telemetry("zender:21", ""))
        house.hear(h.Pressed(f"21-x-{house.state.n}", 21, "", house.mono_s))
        house.hear(h.Status("zender:21", "", True, live=True))
    assert not house.state.faults


# --- who is missing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", MISSING)
def test_one_fault_is_enough_for_a_device_that_is_not_there(first: str) -> None:
    house = begun()
    house.hear(h.Trouble(f"{DEVICE}/{first}", ""))
    house.hear(h.Missing((DEVICE,)))
    house.hear(h.Status(DEVICE, "a", False, live=True))
    house.hear(h.Status(DEVICE, "a", False, live=False))
    assert house.faults == {f"{DEVICE}/{first}"}
    tell(house)
    assert not house.faults


def test_who_is_down_as_gone_lives_as_soon_as_it_speaks_also_without_a_fault() -> None:
    house = begun()
    house.hear(h.Status(DEVICE, "a", False, live=True))
    house.hear(h.TroubleOver(f"{DEVICE}/offline"))
    assert not house.state.devices[DEVICE].online
    tell(house)
    assert house.state.devices[DEVICE].online


def test_who_is_told_missing_but_is_not_in_the_plan() -> None:
    house = begun()
    assert not house.hear(h.Missing(("zender:99", "pager:p9", "gateway:none")))


def test_several_are_missing_at_once() -> None:
    house = begun()
    house.hear(h.Missing((DEVICE, "zender:5", "gateway:zigbee", "zender:21")))
    assert house.faults == {f"{DEVICE}/silent", "zender:5/never seen", "gateway:zigbee/never seen"}, (
        "what is heard through a gateway that is gone is not gone itself"
    )


def gone(gateway: str) -> set[str]:
    """The faults by which nothing comes through this gateway."""
    return {f"gateway:{gateway}/{kind}" for kind in (*MISSING, "deaf")}


@pytest.mark.parametrize(
    ("device", "ways"),
    [
        ("zender:7", {*BROKER}),
        ("pager:p1", {*BROKER}),
        ("zender:22", {*BROKER}),
        ("zender:50", {"zender:50/pin", *gone("gpio")}),
        ("zender:51", {"zender:51/pin"}),
        ("zender:61", gone("hall")),
        ("gateway:hall", set()),
        ("gateway:zigbee", {*BROKER}),
        ("zender:21", {*BROKER, *gone("zigbee")}),
    ],
)
def test_what_may_be_wrong_on_the_way(device: str, ways: set[str]) -> None:
    faults = {*gone("gpio"), *gone("hall"), *gone("zigbee"), "gateway:hall/malformed", "zender:7/pin"}
    faults |= {"zender:50/pin", "zender:51/pin", "zender:50/stuck", "zender:51/silent"}
    faults |= {*BROKER, "broker/subscriptions", "broker/password", "journal/disk"}
    stopping = set()
    for fault in sorted(faults):
        house = House(MIXED)
        house.hear(h.Trouble(fault, ""))
        if way_down(house.state, device):
            assert way_down(house.state, device) == fault
            stopping.add(fault)
    assert stopping == ways


def test_how_long_each_may_be_silent() -> None:
    expected = {
        "zender:7": 25.0, "zender:21": 3600.0, "zender:50": None, "zender:99": None,
        "pager:p1": 25.0, "gateway:zigbee": 600.0, "gateway:hall": None, "gateway:none": None,
    }  # fmt: skip
    assert {device: max_silence_s(MIXED, device) for device in expected} == expected


# --- the plan ---------------------------------------------------------------------------------------------------------


def test_a_device_that_leaves_the_plan_takes_its_faults_with_it() -> None:
    house = begun()
    for fault in (
        "zender:7/stuck",
        "zender:7/malformed",
        "zender:6/tamper",
        "pager:p3/offline",
        "gateway:hall/offline",
    ):
        house.hear(h.Trouble(fault, ""))
    house.hear(h.Trouble("zender:98/malformed", ""))
    house.hear(h.Trouble("broker/link", ""))
    zenders = tuple(zender for zender in MIXED.zenders if zender.nr not in (7, 61))
    house.adopt(replace(MIXED, zenders=zenders, pagers=MIXED.pagers[:2], gateways=MIXED.gateways[:2]))
    assert house.faults == {"zender:6/tamper", "broker/link", "zender:98/malformed"}
    assert not {DEVICE, "pager:p3", "gateway:hall"} & set(house.state.devices)


@pytest.mark.parametrize(
    "changed",
    [{"transport": "serial"}, {"gateway": "zigbee"}, {"transport": "gpio", "gateway": "gpio"}, {"wired": "otherwise"}],
)
def test_a_zender_that_is_heard_otherwise_is_not_known_yet(changed: dict[str, Any]) -> None:
    house = begun()
    house.measures("zender:6", tamper=True)
    tell(house, battery=3, tamper=True)
    zenders = tuple(replace(zender, **changed) if zender.nr == 7 else zender for zender in MIXED.zenders)
    house.adopt(replace(MIXED, zenders=zenders))
    assert house.faults == {"zender:6/tamper"}
    assert set(house.state.devices) == {"zender:6"}


def test_a_zender_that_only_moves_keeps_what_is_known_of_it() -> None:
    house = begun()
    tell(house, battery=3)
    zenders = tuple(
        replace(zender, place="Balie 4", help=True, max_silence_s=60.0) if zender.nr == 7 else zender
        for zender in MIXED.zenders
    )
    house.adopt(replace(MIXED, zenders=zenders))
    assert house.faults == {f"{DEVICE}/battery empty"}


def test_a_gateway_that_is_heard_otherwise_is_another_one() -> None:
    """Nobody would ever tell that the old one is back."""
    house = begun()
    house.measures("gateway:zigbee")
    house.hear(h.Missing(("gateway:zigbee",)))
    assert house.faults == {"gateway:zigbee/silent"}
    house.adopt(replace(MIXED, gateways=(Gateway("zigbee"), *MIXED.gateways[1:])))
    assert not house.faults
    assert "gateway:zigbee" not in house.state.devices


def test_who_was_unknown_may_be_known_in_the_next_plan() -> None:
    house = begun()
    house.hear(h.Telemetry("zender:98", "a"))
    assert house.faults == {"zender/unknown"}
    for zender in (98, 99):
        house.hear(h.Trouble(f"zender:{zender}/unknown", ""))
    house.adopt(replace(MIXED, zenders=(*MIXED.zenders, Zender(98, "Kamer 98"))))
    assert house.faults == {"zender:99/unknown"}, "that one rang, and nobody knows where it hangs yet"
    house.adopt(replace(MIXED, zenders=(*MIXED.zenders, Zender(99, "Kamer 99"))))
    assert not house.faults


def test_who_was_unknown_and_only_spoke_speaks_again_if_it_is_still() -> None:
    house = begun()
    house.hear(h.Telemetry("zender:98", "a"))
    house.adopt(replace(MIXED, language="en"))
    assert not house.faults
    house.hear(h.Telemetry("zender:98", "a"))
    assert house.faults == {"zender/unknown"}


def test_what_a_new_port_told_before_its_plan_was_adopted_stands() -> None:
    house = begun()
    house.hear(h.Trouble("gateway:attic/offline", "no such port"))
    house.adopt(replace(MIXED, gateways=(*MIXED.gateways, Gateway("attic"))))
    assert house.faults == {"gateway:attic/offline"}


# --- acknowledging ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "fault", "note"),
    [
        ("stranger", "zender:7/stuck", "not a member of the plan"),
        ("stranger", "zender:7/malformed", "not a member of the plan"),
        ("anna", "zender:6/stuck", "no such fault stands now"),
        ("anna", "nonsense", "no such fault stands now"),
    ],
)
def test_what_cannot_be_acknowledged(member: str, fault: str, note: str) -> None:
    house = begun()
    for trouble in ("zender:7/stuck", "zender:7/malformed"):
        house.hear(h.Trouble(trouble, ""))
    house.hear(h.Acknowledge("command-1", fault, member))
    outcome = house.state.outcomes["command-1"]
    assert (outcome.result, outcome.note) == ("refused", note)
    assert house.state.faults["zender:7/stuck"].acknowledged_by is None
    assert house.faults == {"zender:7/stuck", "zender:7/malformed"}


def test_the_same_command_has_the_same_outcome() -> None:
    house = begun()
    for fault in ("zender:7/malformed", "zender:7/stuck"):
        house.hear(h.Trouble(fault, ""))
        house.hear(h.Acknowledge(f"about {fault}", fault, "anna"))
        house.hear(h.Trouble(fault, ""))
        assert not house.hear(h.Acknowledge(f"about {fault}", fault, "anna"))
        assert house.state.outcomes[f"about {fault}"].result == "accepted"
    assert house.faults == {"zender:7/malformed", "zender:7/stuck"}
    assert house.state.faults["zender:7/malformed"].acknowledged_by is None
    assert house.state.faults["zender:7/stuck"].acknowledged_by == "anna"


def test_a_refused_command_stays_refused() -> None:
    house = begun()
    house.hear(h.Acknowledge("command-1", "zender:7/stuck", "anna"))
    house.hear(h.Trouble("zender:7/stuck", ""))
    assert not house.hear(h.Acknowledge("command-1", "zender:7/stuck", "anna"))
    assert house.state.faults["zender:7/stuck"].acknowledged_by is None


def test_who_acknowledged_is_on_record_and_what_stands_is_over_by_it() -> None:
    house = begun()
    house.hear(h.Trouble("zender:7/malformed", ""))
    facts = house.hear(h.Acknowledge("command-1", "zender:7/malformed", "cor"))
    assert [type(fact) for fact in facts] == [f.FaultAcknowledged, f.FaultCleared]
    assert house.all(f.FaultAcknowledged)[0].by == "cor"


def test_a_standing_fault_with_another_detail_is_told_anew_and_nobody_has_seen_that() -> None:
    house = begun()
    house.hear(h.Trouble("gateway:hall/offline", "no such port"))
    since = house.state.faults["gateway:hall/offline"].at
    assert house.acknowledges("anna", "gateway:hall/offline") == "accepted"
    house.wait(60)
    assert not house.hear(h.Trouble("gateway:hall/offline", "no such port"))
    assert house.state.faults["gateway:hall/offline"].acknowledged_by == "anna"
    told = house.hear(h.Trouble("gateway:hall/offline", "no permission"))
    assert [(fact.key, fact.detail) for fact in told if isinstance(fact, f.FaultRaised)] == [
        ("gateway:hall/offline", "no permission")
    ]
    assert house.state.faults["gateway:hall/offline"] == Fault("no permission", since)


def test_what_has_happened_is_told_once_whatever_is_said_of_it_later() -> None:
    house = begun()
    house.hear(h.Trouble(f"{DEVICE}/malformed", "no. 1"))
    assert not house.hear(h.Trouble(f"{DEVICE}/malformed", "no. 2"))
    assert house.state.faults[f"{DEVICE}/malformed"].detail == "no. 1"


def test_what_ends_by_itself_is_marked_until_it_does() -> None:
    house = begun()
    tell(house, tamper=True)
    assert house.acknowledges("cor", f"{DEVICE}/tamper") == "accepted"
    assert house.state.faults[f"{DEVICE}/tamper"].acknowledged_by == "cor"
    tell(house, tamper=False)
    tell(house, tamper=True)
    assert house.state.faults[f"{DEVICE}/tamper"].acknowledged_by is None


# --- docks ------------------------------------------------------------------------------------------------------------

DOCK = "dock:p1"
DOCKED = replace(TOWN_HALL, pagers=tuple(replace(pager, dock=pager.id == "p1") for pager in TOWN_HALL.pagers))


@pytest.mark.parametrize("live", [True, False])
def test_the_level_of_a_dock_is_noted_when_it_is_news_also_as_the_broker_remembers_it(live: bool) -> None:
    house = House(DOCKED)
    noted = [len(house.measures(DOCK, docked=docked, live=live)) for docked in (True, True, False, False, True)]
    assert noted == [2, 0, 1, 0, 1], "first that it is there"
    assert house.state.devices[DOCK].docked
    assert [fact.docked for fact in house.all(f.DeviceMeasured)] == [True, False, True]
    assert not house.faults


def test_a_remembered_level_is_no_sign_of_life_of_any_other_device() -> None:
    house = House(MIXED)
    assert not house.measures("zender:22", tamper=True, live=False)
    assert "zender:22" not in house.state.devices


def test_a_dock_that_moves_is_dated_and_keeps_its_level_over_a_restart() -> None:
    house = House(DOCKED)
    house.measures(DOCK, docked=True)
    house.wait(100)
    house.measures(DOCK, docked=False)
    moved_s = house.state.devices[DOCK].moved_s
    assert moved_s == house.state.house_s(house.now)
    house.restart()
    house.measures(DOCK, docked=False)
    device = house.state.devices[DOCK]
    assert (device.docked, device.moved_s, device.heard) == (False, moved_s, True)


def test_nobody_waits_for_the_word_of_a_dock() -> None:
    assert max_silence_s(DOCKED, DOCK) is None
    house = House(DOCKED, supervised=True)
    house.measures(DOCK, docked=False)
    house.wait(3600)
    assert not house.faults


def test_a_pager_without_a_dock_of_its_own_has_none_and_that_is_no_strangers_fault() -> None:
    house = House(DOCKED)
    for device in ("dock:p2", "dock:nobody"):
        assert not house.measures(device, docked=True)
    assert not house.faults


def test_a_dock_that_has_left_the_plan_is_forgotten_with_its_faults() -> None:
    house = House(DOCKED)
    house.measures(DOCK, docked=True)
    house.hear(h.Trouble(f"{DOCK}/pin", ""))
    house.adopt(replace(DOCKED, language="en"))
    assert house.state.devices[DOCK].docked and house.faults == {f"{DOCK}/pin"}
    house.adopt(TOWN_HALL)
    assert DOCK not in house.state.devices
    assert not house.faults


def test_a_dock_that_chatters_is_one_fault_and_no_more_facts_until_its_time_is_over() -> None:
    house = House(DOCKED)
    for n in range(MOVES_MAX):
        house.measures(DOCK, docked=bool(n % 2))
    assert not house.faults
    noted, level = len(house.facts), house.state.devices[DOCK].docked
    for _ in range(1000):
        house.measures(DOCK, docked=not level)
        house.measures(DOCK, docked=level)
    assert house.faults == {f"{DOCK}/unsteady"}
    assert len(house.facts) == noted + 1
    house.wait(CHANGES_S)
    house.measures(DOCK, docked=not level)
    assert house.state.devices[DOCK].docked is not level
    assert house.acknowledges("anna", f"{DOCK}/unsteady") == "accepted"
    assert not house.faults
