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
from achterwacht.core.supervision import BATTERY_RECOVERED, max_silence_s, way_down
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
        (f"{DEVICE}/battery low", "20 %"),
        (f"{DEVICE}/battery empty", "5 %"),
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


@pytest.mark.parametrize(
    ("device", "ways"),
    [
        ("zender:7", {"broker/link", "broker/canary", "broker/subscriptions"}),
        ("pager:p1", {"broker/link", "broker/canary", "broker/subscriptions"}),
        ("zender:22", {"broker/link", "broker/canary", "broker/subscriptions"}),
        ("zender:50", {f"gateway:gpio/{gone}" for gone in MISSING}),
        ("zender:51", set()),
        ("zender:61", {f"gateway:hall/{gone}" for gone in MISSING}),
        ("gateway:hall", set()),
        ("gateway:zigbee", {"broker/link", "broker/canary", "broker/subscriptions"}),
        (
            "zender:21",
            {"broker/link", "broker/canary", "broker/subscriptions", *(f"gateway:zigbee/{gone}" for gone in MISSING)},
        ),
    ],
)
def test_what_may_be_wrong_on_the_way(device: str, ways: set[str]) -> None:
    faults = {f"gateway:{id}/{gone}" for id in ("gpio", "hall", "zigbee") for gone in MISSING}
    faults |= {"broker/link", "broker/canary", "broker/subscriptions", "broker/password", "journal/disk"}
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
    assert house.faults == {"zender:6/tamper", "broker/link"}
    assert not {DEVICE, "pager:p3", "gateway:hall"} & set(house.state.devices)


@pytest.mark.parametrize(
    "changed", [{"transport": "serial"}, {"gateway": "zigbee"}, {"transport": "gpio", "gateway": "gpio"}]
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
    house.hear(h.Trouble("zender:99/unknown", ""))
    house.adopt(replace(MIXED, zenders=(*MIXED.zenders, Zender(98, "Kamer 98"))))
    assert not house.faults


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
        house.hear(h.Trouble(fault, "again"))
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


def test_what_ends_by_itself_is_marked_until_it_does() -> None:
    house = begun()
    tell(house, tamper=True)
    assert house.acknowledges("cor", f"{DEVICE}/tamper") == "accepted"
    assert house.state.faults[f"{DEVICE}/tamper"].acknowledged_by == "cor"
    tell(house, tamper=False)
    tell(house, tamper=True)
    assert house.state.faults[f"{DEVICE}/tamper"].acknowledged_by is None
