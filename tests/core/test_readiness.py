"""The one light: what it shows in every state, and that it never shows more than is known."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from immutables import Map
from msgspec.structs import replace as struct_replace

from achterwacht.core import heard as h
from achterwacht.core.faults import KINDS, MISSING
from achterwacht.core.plan import EMPTY_PLAN, PAGERS, TEAM, Gateway, Ladder, Member, Pager, Plan, Step, Zender
from achterwacht.core.readiness import HINDRANCES, Lack, Readiness, Works, readiness
from achterwacht.core.state import EMPTY, Device, Fault, State
from achterwacht.core.supervision import BROKER
from house import FIRST_NIGHT, TOWN_HALL, House

LACKS = get_args(Lack)
PLAN = replace(
    TOWN_HALL,
    zenders=(
        Zender(7, "Balie 3"),
        Zender(21, "Kamer 1", transport="bought", gateway="zigbee", max_silence_s=3600.0),
        Zender(40, "Bode", transport="bought", max_silence_s=None, weaker=("no heartbeat", "qos 0")),
        Zender(50, "Kluis", transport="gpio", gateway="gpio", max_silence_s=None, weaker=("cut wire unseen",)),
    ),
    gateways=(Gateway("zigbee", on_mqtt=True, max_silence_s=600.0), Gateway("gpio")),
)
SHORT = replace(  # one pager rings, and nobody is known to carry it
    PLAN,
    pagers=(Pager("p1"), Pager("p2"), Pager("p3", "cor")),
    ladder=Ladder((Step(0, ("cor",)), Step(5, (TEAM, "nobody"))), responders_needed=1),
)
DEVICES = ("zender:7", "zender:21", "zender:40", "zender:50", "pager:p1", "pager:p2", "pager:p3")
HERE = Device("a", True, seen_at=FIRST_NIGHT, heard=True)
REMEMBERED = Device("a", True)
"""Only the broker says that it was there."""
OF_BEFORE = Device("a", True, seen_at=FIRST_NIGHT)
"""Heard by the daemon that ran before this one."""


def standing(
    *faults: str,
    plan: Plan = PLAN,
    unheard: tuple[str, ...] = (),
    gone: tuple[str, ...] = (),
    known: dict[str, Device] | None = None,
) -> State:
    """Everybody heard, and these faults."""
    devices = {name: struct_replace(HERE, online=name not in gone) for name in DEVICES if name not in unheard}
    devices |= known or {}
    return struct_replace(
        EMPTY, plan=plan, devices=Map(devices), faults=Map({key: Fault("", FIRST_NIGHT) for key in faults})
    )


def works(ready: Readiness) -> dict[str, Works]:
    return {one.name: one.works for one in (*ready.zenders, *ready.pagers)}


def keys(ready: Readiness) -> list[str]:
    return [reason.key for reason in ready.reasons]


ALL_WELL = dict.fromkeys(DEVICES, "yes") | {"zender:40": "unsupervised"}


def test_all_is_well() -> None:
    ready = readiness(standing())
    assert (ready.light, ready.reasons) == ("ready", ())
    assert works(ready) == ALL_WELL
    assert [one.name for one in (*ready.zenders, *ready.pagers)] == list(DEVICES), "in the order of the plan"


@pytest.mark.parametrize(
    ("faults", "light", "changed"),
    [
        (["zender:7/silent"], "limited", {"zender:7": "no"}),
        (["zender:7/line cut"], "limited", {"zender:7": "no"}),
        (["zender:7/line short"], "limited", {"zender:7": "no"}),
        (["zender:50/pin"], "limited", {"zender:50": "no"}),
        (["zender:50/stuck"], "limited", {"zender:50": "no"}),
        (["zender:7/unsteady"], "limited", {"zender:7": "no"}),
        (["pager:p1/unsteady"], "limited", {"pager:p1": "no"}),
        (["zender:7/battery empty", "zender:7/tamper", "zender:7/malformed"], "limited", {}),
        (["zender:40/offline"], "limited", {"zender:40": "no"}),
        (["gateway:zigbee/silent"], "limited", {"zender:21": "unknown"}),
        (["gateway:gpio/offline"], "limited", {"zender:50": "unknown"}),
        (["gateway:zigbee/deaf"], "limited", {"zender:21": "unknown"}),
        (["gateway:gpio/malformed"], "limited", {}),
        (["broker/subscriptions"], "limited", {}),
        (["pager:p1/offline"], "limited", {"pager:p1": "no"}),
        (["pager:p1/battery empty"], "limited", {}),
        (["journal/disk"], "limited", {}),
        (["budget/shown"], "limited", {}),
        (["zender:7/silent", "gateway:zigbee/offline", "zender:40/never seen"], "limited", {
            "zender:7": "no", "zender:21": "unknown", "zender:40": "no",
        }),
        (["zender:7/silent", "gateway:zigbee/offline", "zender:40/never seen", "zender:50/pin"], "not ready", {
            "zender:7": "no", "zender:21": "unknown", "zender:40": "no", "zender:50": "no",
        }),
        ([f"pager:{id}/silent" for id in ("p1", "p2", "p3")], "not ready", {
            f"pager:{id}": "no" for id in ("p1", "p2", "p3")
        }),
        *(
            ([fault], "not ready", dict.fromkeys(DEVICES, "unknown") | {"zender:50": "yes"})
            for fault in BROKER
        ),
    ],
)  # fmt: skip
def test_a_fault_and_what_it_does_to_the_light(faults: list[str], light: str, changed: dict[str, Works]) -> None:
    ready = readiness(standing(*faults))
    assert ready.light == light
    assert works(ready) == ALL_WELL | changed
    assert sorted(key for key in keys(ready) if key not in LACKS) == sorted(faults)
    assert "house/not all heard" not in keys(ready), "a fault says why already"


def test_why_a_device_does_not_work_is_named() -> None:
    ready = readiness(standing("zender:7/stuck", "gateway:zigbee/offline", "pager:p1/silent", "zender:21/battery low"))
    because = {one.name: one.because for one in (*ready.zenders, *ready.pagers) if one.because}
    assert because == {
        "zender:7": "zender:7/stuck",
        "zender:21": "gateway:zigbee/offline",
        "pager:p1": "pager:p1/silent",
    }


def test_a_fault_of_the_device_itself_says_more_than_one_on_its_way() -> None:
    ready = readiness(standing("zender:7/silent", "pager:p1/offline", "broker/link"))
    assert {name: how for name, how in works(ready).items() if how == "no"} == {"zender:7": "no", "pager:p1": "no"}


def test_nobody_was_heard_yet() -> None:
    ready = readiness(standing(unheard=DEVICES))
    assert works(ready) == dict.fromkeys(DEVICES, "unknown")
    assert (ready.light, keys(ready)) == ("not ready", ["house/not all heard"]), "not that there is none"
    assert all(one.device is None for one in ready.zenders)


def test_none_works_by_a_fault_and_the_others_are_not_heard_yet() -> None:
    ready = readiness(standing("zender:7/silent", "pager:p1/offline", unheard=DEVICES[1:]))
    assert ready.light == "not ready"
    assert keys(ready) == ["house/not all heard", "pager:p1/offline", "zender:7/silent"]


def test_nobody_rings_by_faults_and_a_zender_is_not_heard_yet() -> None:
    ready = readiness(standing(*(f"pager:{id}/silent" for id in ("p1", "p2", "p3")), unheard=("zender:7",)))
    assert (ready.light, keys(ready)[0]) == ("not ready", "house/nobody to ring")


@pytest.mark.parametrize("unheard", DEVICES)
def test_a_house_that_was_not_all_heard_is_not_called_ready(unheard: str) -> None:
    for state in (standing(unheard=(unheard,)), standing(gone=(unheard,))):
        ready = readiness(state)
        assert works(ready)[unheard] == "unknown"
        assert (ready.light, keys(ready)) == ("limited", ["house/not all heard"])


@pytest.mark.parametrize("device", DEVICES)
def test_a_birth_that_only_the_broker_remembers_says_nothing(device: str) -> None:
    ready = readiness(standing(known={device: REMEMBERED}))
    assert works(ready)[device] == "unknown"
    assert keys(ready) == ["house/not all heard"]


@pytest.mark.parametrize("device", DEVICES)
def test_who_speaks_often_must_have_spoken_since_the_start(device: str) -> None:
    """Who speaks every hour, or says nothing by itself, is believed from before."""
    ready = readiness(standing(known={device: OF_BEFORE}))
    often = device in ("zender:7", "pager:p1", "pager:p2", "pager:p3")
    assert works(ready) == ALL_WELL | ({device: "unknown"} if often else {})
    assert keys(ready) == (["house/not all heard"] if often else [])


@pytest.mark.parametrize(("max_silence_s", "works_now"), [(900.0, "unknown"), (901.0, "yes")])
def test_what_often_is(max_silence_s: float, works_now: Works) -> None:
    zenders = tuple(replace(one, max_silence_s=max_silence_s) if one.nr == 21 else one for one in PLAN.zenders)
    ready = readiness(standing(plan=replace(PLAN, zenders=zenders), known={"zender:21": OF_BEFORE}))
    assert works(ready)["zender:21"] == works_now


def test_after_a_restart_the_light_waits_for_who_speaks_often() -> None:
    house = House(PLAN)
    for device in DEVICES:
        house.measures(device)
    assert readiness(house.state).light == "ready"
    house.restart()
    ready = readiness(house.state)
    assert (ready.light, keys(ready)) == ("not ready", ["house/not all heard"])
    for device in ("zender:7", "pager:p1", "pager:p2", "pager:p3"):
        house.measures(device)
    assert readiness(house.state).light == "ready"


def test_only_a_zender_without_heartbeat_that_was_heard_is_unsupervised() -> None:
    assert works(readiness(standing()))["zender:40"] == "unsupervised"
    assert works(readiness(standing("gateway:zigbee/offline")))["zender:40"] == "unsupervised", "it has no gateway"


# --- who would be rung ------------------------------------------------------------------------------------------------


def test_one_of_two_who_are_needed() -> None:
    ready = readiness(standing("pager:p1/offline", "pager:p2/offline"))
    assert (ready.light, keys(ready)[0]) == ("limited", "house/too few to ring")


def test_persons_count_and_not_pagers() -> None:
    one_person = replace(PLAN, pagers=tuple(Pager(id, "anna") for id in ("p1", "p2", "p3")))
    assert keys(readiness(standing(plan=one_person))) == ["house/too few to ring"]
    nobody_known = replace(PLAN, pagers=tuple(Pager(id) for id in ("p1", "p2", "p3")))
    assert keys(readiness(standing(plan=nobody_known))) == ["house/too few to ring"]
    two = replace(PLAN, pagers=(Pager("p1", "anna"), Pager("p2", "anna"), Pager("p3")))
    assert readiness(standing(plan=two)).light == "ready"


def test_a_pager_that_no_step_rings_helps_nobody() -> None:
    assert readiness(standing(plan=SHORT)).light == "ready"
    ready = readiness(standing("pager:p3/offline", plan=SHORT))
    assert (ready.light, keys(ready)[0]) == ("not ready", "house/nobody to ring")


def test_a_pager_in_a_later_step_counts() -> None:
    later = replace(PLAN, ladder=Ladder((Step(0, ("anna",)), Step(9, (PAGERS,)))))
    assert readiness(standing(plan=later)).light == "ready"


def test_nothing_is_planned_yet() -> None:
    ready = readiness(EMPTY)
    assert (ready.light, keys(ready)) == ("not ready", ["house/no zender", "house/nobody to ring"])
    assert readiness(standing(plan=EMPTY_PLAN)).light == "not ready"


# --- the reasons ------------------------------------------------------------------------------------------------------


def test_what_nobody_has_seen_comes_first_and_a_lack_before_all() -> None:
    house = House(PLAN)
    for device in DEVICES:
        house.measures(device)
    for fault in ("zender:7/tamper", "broker/password", "zender:21/offline", "pager:p1/offline", "pager:p2/offline"):
        house.hear(h.Trouble(fault, f"about {fault}"))
    for fault in ("broker/password", "pager:p2/offline"):
        house.acknowledges("anna", fault)
    ready = readiness(house.state)
    assert keys(ready) == [
        "house/too few to ring",
        "pager:p1/offline", "zender:21/offline", "zender:7/tamper",
        "pager:p2/offline", "broker/password",
    ]  # fmt: skip
    assert [reason.acknowledged_by for reason in ready.reasons] == [None] * 4 + ["anna"] * 2
    assert ready.reasons[1].detail == "about pager:p1/offline"


def test_of_those_what_keeps_a_device_from_working_comes_first_and_9_before_10() -> None:
    ranked = [
        "broker/canary", "broker/link",
        "gateway:zigbee/deaf", "gateway:zigbee/offline",
        "pager:p1/unsteady", "zender:9/silent", "zender:10/line cut", "zender:10/pin",
        "broker/subscriptions", "budget/shown", "daemon/bug", "gateway:zigbee/malformed", "journal/disk",
        "zender/unknown", "zender:9/tamper", "zender:10/battery empty", "zender:100/malformed",
    ]  # fmt: skip
    assert [key for key in keys(readiness(standing(*reversed(ranked)))) if key not in LACKS] == ranked


def test_an_acknowledged_fault_still_limits() -> None:
    house = House(PLAN)
    for device in DEVICES:
        house.measures(device)
    house.measures("zender:7", tamper=True)
    house.acknowledges("anna", "zender:7/tamper")
    assert readiness(house.state).light == "limited"


# --- any state --------------------------------------------------------------------------------------------------------

ALL_FAULTS = sorted(
    {f"{name}/{kind.split('/')[1]}" for name in DEVICES for kind in KINDS if name.startswith(kind.split("/")[0])}
    | {f"gateway:{id}/{kind}" for id in ("zigbee", "gpio") for kind in (*MISSING, "malformed", "deaf")}
    | {kind for kind in KINDS if kind.split("/")[0] not in ("zender", "pager", "gateway")}
    | {"zender:99/unknown", "zender/unknown", "nonsense"}
)  # fmt: skip
AT_HOME = st.sampled_from((PLAN, SHORT, replace(PLAN, pagers=()), replace(PLAN, zenders=()), EMPTY_PLAN))


@given(
    plan=AT_HOME,
    faults=st.sets(st.sampled_from(ALL_FAULTS), max_size=12),
    unheard=st.sets(st.sampled_from(DEVICES)),
    gone=st.sets(st.sampled_from(DEVICES)),
)
@example(plan=PLAN, faults=set(), unheard=set(), gone=set())
@example(plan=PLAN, faults={"gateway:gpio/never seen"}, unheard=set(), gone=set())
@example(plan=PLAN, faults={"zender:\u00b2/tamper", "/", "9", ""}, unheard=set(), gone=set())
def test_the_light_in_any_state(plan: Plan, faults: set[str], unheard: set[str], gone: set[str]) -> None:
    state = standing(*faults, plan=plan, unheard=tuple(unheard), gone=tuple(gone))
    ready = readiness(state)
    lacks = [reason.key for reason in ready.reasons if reason.key in LACKS]
    assert {reason.key for reason in ready.reasons} == {*lacks, *faults}
    assert (ready.light == "ready") == (not ready.reasons)
    can_press = any(one.works in ("yes", "unsupervised") for one in ready.zenders)
    rung = {target for step in plan.ladder.steps for group in step.ring for target in plan.group(group)}
    can_ring = any(one.works == "yes" and one.name in rung for one in ready.pagers)
    assert (ready.light == "not ready") == (not can_press or not can_ring)
    for one in (*ready.zenders, *ready.pagers):
        hindered = {f"{one.name}/{kind}" for kind in HINDRANCES} & faults
        assert not hindered or (one.works == "no" and one.because in hindered)
        if one.works in ("yes", "unsupervised"):
            assert one.because is None
            assert one.name not in unheard | gone
        if one.works != "yes" and one.name != "zender:40":
            assert ready.reasons
        if one.name != "zender:50" and faults & set(BROKER):
            assert one.works in ("unknown", "no")
    for zender, gateway in (("zender:21", "zigbee"), ("zender:50", "gpio")):
        down = {f"gateway:{gateway}/{kind}" for kind in (*MISSING, "deaf")} & faults
        assert not down or works(ready).get(zender) in ("unknown", "no", None)


odd_pagers = st.builds(Pager, st.sampled_from(("p1", "p2")), st.sampled_from((None, "ghost", "anna")))
odd_members = st.builds(Member, st.sampled_from(("anna", "bea")), ways=st.just(("phone",)))
odd_steps = st.builds(Step, st.just(0.0), st.tuples(st.sampled_from((PAGERS, TEAM, "anna", "ghost", ""))))


@given(st.lists(odd_pagers, max_size=3), st.lists(odd_members, max_size=2), st.lists(odd_steps, max_size=3))
def test_no_plan_is_too_odd_for_it(pagers: list[Pager], members: list[Member], steps: list[Step]) -> None:
    plan = replace(PLAN, pagers=tuple(pagers), members=tuple(members), ladder=Ladder(tuple(steps)))
    assert readiness(standing(plan=plan)).light in ("ready", "limited", "not ready")
