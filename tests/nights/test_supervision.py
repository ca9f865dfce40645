"""Nights on which something falls silent: what is found out, how soon, and that nobody is blamed for another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.plan import Gateway, Plan, Zender
from house import TEAM_RINGS, TOWN_HALL, House

HOUR_S = 3600.0
SEEN_WITHIN_S = 30.0
"""What is promised of our own nodes (docs/promises.md)."""
NEVER_SEEN_S = 60.0
BOUGHT_SILENCE_S = 2 * HOUR_S

BOUGHT = tuple(
    Zender(nr, f"Kamer {nr}", transport="bought", gateway="zigbee", max_silence_s=BOUGHT_SILENCE_S)
    for nr in range(21, 32)
)
"""Eleven buttons that speak once in a while, through one bridge."""
PENDANT = Zender(40, "Bode", transport="bought", max_silence_s=None, weaker=("no heartbeat",))
CONTACT = Zender(50, "Kluis", transport="gpio", gateway="gpio", max_silence_s=None)
IN_THE_HALL = tuple(Zender(nr, f"Hal {nr}", transport="serial", gateway="hall") for nr in (61, 62))
MIXED = replace(
    TOWN_HALL,
    zenders=(*TOWN_HALL.zenders, *BOUGHT, CONTACT, *IN_THE_HALL),
    gateways=(Gateway("zigbee", on_mqtt=True, max_silence_s=600.0), Gateway("gpio"), Gateway("hall")),
)
OWN = ("zender:5", "zender:6", "zender:7", "zender:9", "pager:p1", "pager:p2", "pager:p3")


@pytest.fixture
def house() -> Iterator[House]:
    """The town hall with only our own nodes, all of them heard."""
    house = House(supervised=True)
    house.wait(20)
    assert not house.faults
    yield house
    house.ends()


@pytest.fixture
def mixed() -> Iterator[House]:
    """With everything else that a building has, heard once."""
    house = House(MIXED, supervised=True)
    for zender in BOUGHT:
        house.measures(f"zender:{zender.nr}")
    house.hear(h.Status("gateway:zigbee", "", True, live=True))
    house.wait(20)
    assert not house.faults
    yield house
    house.ends()


def bridge_speaks(house: House, for_s: float) -> None:
    """The bridge says every five minutes that it is there."""
    for _ in range(round(for_s / 300)):
        house.wait(300)
        house.hear(h.Status("gateway:zigbee", "", True, live=True))


def named(plan: Plan, *more: Zender) -> Plan:
    return replace(plan, zenders=(*plan.zenders, *more))


# --- our own nodes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", OWN)
def test_a_node_that_falls_silent_is_found_out_in_time(house: House, device: str) -> None:
    house.fall_silent(device)
    house.wait(14)
    assert not house.faults, "two lost words are no silence"
    house.wait(SEEN_WITHIN_S - 14)
    assert house.faults == {f"{device}/silent"}
    assert house.state.faults[f"{device}/silent"].detail == "25 s"
    assert not house.state.devices[device].online
    noted = len(house.facts)
    house.wait(HOUR_S)
    assert len(house.facts) == noted, "it is said once"
    house.speak_again(device)
    assert not house.faults
    assert house.state.devices[device].online


def test_a_node_with_a_will_is_offline_at_once_and_not_silent_besides(house: House) -> None:
    house.fall_silent("zender:7")
    house.hear(h.Status("zender:7", "a", False, live=True))
    assert house.faults == {"zender:7/offline"}
    house.wait(300)
    assert house.faults == {"zender:7/offline"}
    house.speak_again("zender:7")
    assert not house.faults


def test_a_will_that_comes_after_the_silence_is_no_second_fault(house: House) -> None:
    house.fall_silent("zender:7")
    house.wait(SEEN_WITHIN_S)
    house.hear(h.Status("zender:7", "a", False, live=True))
    assert house.faults == {"zender:7/silent"}
    house.speak_again("zender:7")
    assert not house.faults


def test_what_the_broker_remembers_ends_no_silence(house: House) -> None:
    house.fall_silent("zender:7")
    house.pager("p1").on = False
    house.wait(SEEN_WITHIN_S)
    house.press(6)
    house.wait(1)
    house.rings("Balie 2", "p2 p3 anna")
    for device, boot in (("zender:7", "a"), ("zender:7", "b"), ("pager:p1", "b001"), ("pager:p1", "b002")):
        for online in (True, False, True):
            assert not house.hear(h.Status(device, boot, online, live=False)), "a pager that hears nothing is not back"
    assert house.faults == {"zender:7/silent", "pager:p1/silent"}


def test_a_retained_birth_alone_is_not_a_device_that_lives(house: House) -> None:
    house.adopt(named(TOWN_HALL, Zender(8, "Balie 4")))
    house.fall_silent("zender:8")
    house.hear(h.Status("zender:8", "c", True, live=False))
    house.wait(SEEN_WITHIN_S)
    assert house.faults == {"zender:8/never seen"}
    house.hear(h.Status("zender:8", "c", True, live=False))
    assert house.faults == {"zender:8/never seen"}
    house.press(8, boot="c")
    assert not house.faults
    house.wait(1)
    house.rings("Balie 4", TEAM_RINGS)


def test_a_silent_pager_that_speaks_is_paged_afresh(house: House) -> None:
    house.pager("p3").on = False
    house.wait(SEEN_WITHIN_S)
    incident = house.press(7)
    house.wait(2)
    house.rings("Balie 3", "p1 p2 anna")
    house.pager("p3").on = True
    house.speak_again("pager:p3")
    house.wait(1)
    house.rings("Balie 3", "p3")
    assert incident in house.pager("p3").remembers


def test_a_pager_that_was_never_seen_and_speaks_is_paged_afresh() -> None:
    house = House(supervised=True)
    house.pager("p3").on = False
    house.wait(SEEN_WITHIN_S)
    assert house.faults == {"pager:p3/never seen"}
    house.press(7)
    house.wait(2)
    house.lets_ring()
    house.pager("p3").on = True
    house.speak_again("pager:p3")
    house.wait(1)
    house.rings("Balie 3", "p3")
    house.ends()


def test_a_step_that_rang_only_who_fell_silent_is_in_vain(house: House) -> None:
    """Nobody waits for pagers that are not there: the next step rings as soon as that is known."""
    house.failing = {"phone:anna": "not built yet"}
    for pager in ("p1", "p2", "p3"):
        house.pager(pager).on = False
    house.wait(16.5)
    house.press(7)
    house.wait(3)
    assert house.alarm(7).step == 0
    house.wait(1.9)  # not five seconds after the press, in which something should have been shown
    assert {f"pager:{id}/silent" for id in ("p1", "p2", "p3")} <= house.faults
    assert house.alarm(7).step >= 1
    assert "nobody reachable" in [step.reason for step in house.all(f.StepReached)]
    house.lets_ring()


def test_the_next_step_rings_in_the_same_breath(house: House) -> None:
    house.failing = {"phone:anna": "not built yet"}
    house.press(7)
    house.wait(1)
    facts = house.hear(h.Missing(("pager:p1", "pager:p2", "pager:p3")))
    assert [step.step for step in facts if isinstance(step, f.StepReached)] == [1]
    house.wait(1)
    house.lets_ring()


def test_the_desk_that_fell_silent_still_rings_when_it_is_pressed(house: House) -> None:
    house.fall_silent("zender:7")
    house.wait(SEEN_WITHIN_S)
    house.press(7)
    assert not house.faults
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)


def test_we_ourselves_were_held_up(house: House) -> None:
    """A machine that was put to sleep heard nobody: that is not their fault."""
    house.mono_s += 600
    house.wait(1)
    assert not house.faults
    house.fall_silent("zender:7")
    house.mono_s += 600
    house.wait(24)
    assert not house.faults
    house.wait(6)
    assert house.faults == {"zender:7/silent"}


# --- who was never heard ----------------------------------------------------------------------------------------------


def test_after_a_start_whoever_was_never_heard_is_a_fault_within_a_minute() -> None:
    house = House(named(TOWN_HALL, PENDANT), supervised=True)
    house.fall_silent("zender:6")
    house.wait(SEEN_WITHIN_S)
    assert house.faults == {"zender:6/never seen"}
    house.wait(NEVER_SEEN_S - SEEN_WITHIN_S - 1)
    assert house.faults == {"zender:6/never seen"}, "who says nothing by itself has a minute"
    house.wait(2)
    assert house.faults == {"zender:6/never seen", "zender:40/never seen"}
    house.press(40, boot="")  # the installer tries it
    assert house.faults == {"zender:6/never seen"}
    house.wait(1)
    house.says("els", "all_clear", "tried out")
    house.restart(away_s=7 * 24 * HOUR_S)
    house.wait(HOUR_S)
    assert house.faults == {"zender:6/never seen"}, "from now on its silence means nothing"
    house.lets_ring()


def test_a_plan_that_names_a_zender_gives_it_a_minute(house: House) -> None:
    house.wait(HOUR_S)
    house.adopt(named(TOWN_HALL, PENDANT))
    house.wait(NEVER_SEEN_S - 2)
    assert not house.faults
    house.wait(3)
    assert house.faults == {"zender:40/never seen"}


def test_a_zender_that_comes_back_into_the_plan_begins_anew(house: House) -> None:
    with_pendant = named(TOWN_HALL, PENDANT)
    house.adopt(with_pendant)
    house.measures("zender:40")
    house.wait(5)
    house.adopt(TOWN_HALL)
    house.wait(HOUR_S)
    house.adopt(with_pendant)
    house.wait(NEVER_SEEN_S - 2)
    assert not house.faults
    house.wait(3)
    assert house.faults == {"zender:40/never seen"}
    house.adopt(TOWN_HALL)
    assert not house.faults


def test_a_zender_that_is_heard_otherwise_is_another_one(house: House) -> None:
    house.fall_silent("zender:7")
    house.wait(SEEN_WITHIN_S)
    bought = replace(TOWN_HALL.zenders[2], transport="bought", max_silence_s=None)
    house.adopt(replace(TOWN_HALL, zenders=(*TOWN_HALL.zenders[:2], bought, TOWN_HALL.zenders[3])))
    assert not house.faults
    assert "zender:7" not in house.state.devices
    house.wait(NEVER_SEEN_S - 2)
    assert not house.faults
    house.wait(4)
    assert house.faults == {"zender:7/never seen"}


# --- who speaks seldom ------------------------------------------------------------------------------------------------


def test_a_silence_of_hours_survives_a_restart_each_hour(mixed: House) -> None:
    """While we are away nobody listens: that time does not count. What was noted last may be an eighth too old."""
    listened_s = 0.0
    while "zender:21/silent" not in mixed.faults and listened_s < 2 * BOUGHT_SILENCE_S:
        for zender in BOUGHT[1:]:
            mixed.measures(f"zender:{zender.nr}")
        bridge_speaks(mixed, HOUR_S / 4)
        listened_s += HOUR_S / 4
        mixed.stop()
        mixed.restart(away_s=2 * HOUR_S)
    assert mixed.faults == {"zender:21/silent"}
    assert BOUGHT_SILENCE_S * 7 / 8 <= listened_s <= BOUGHT_SILENCE_S + HOUR_S / 4


def test_who_speaks_seldom_and_in_time_is_never_a_fault(mixed: House) -> None:
    for quarter in range(30):
        if quarter % 7 == 0:
            for zender in BOUGHT:
                mixed.measures(f"zender:{zender.nr}")
        bridge_speaks(mixed, HOUR_S / 4)
        assert not mixed.faults
        if quarter % 3 == 0:
            mixed.stop()
            mixed.restart(away_s=HOUR_S)


def test_a_bought_device_with_availability(mixed: House) -> None:
    """It has no boots: every word may be its own, but what the broker remembers is older than a death said now."""
    mixed.hear(h.Status("zender:21", "", False, live=True))
    assert mixed.faults == {"zender:21/offline"}
    assert not mixed.hear(h.Status("zender:21", "", False, live=False))
    mixed.hear(h.Status("zender:21", "", True, live=True))
    assert not mixed.faults
    mixed.restart()
    mixed.hear(h.Status("zender:21", "", False, live=False))  # it died while we were away
    assert mixed.faults == {"zender:21/offline"}
    mixed.restart()
    mixed.hear(h.Status("zender:21", "", True, live=False))  # and came back while we were away again
    assert not mixed.faults


# --- a way to us is down ----------------------------------------------------------------------------------------------


def test_a_gateway_that_is_down_is_one_fault_and_not_eleven(mixed: House) -> None:
    mixed.wait(200)
    mixed.hear(h.Status("gateway:zigbee", "", False, live=True))
    mixed.wait(BOUGHT_SILENCE_S)
    assert mixed.faults == {"gateway:zigbee/offline"}
    mixed.hear(h.Status("gateway:zigbee", "", True, live=True))
    assert not mixed.faults
    bridge_speaks(mixed, BOUGHT_SILENCE_S - 300)
    assert not mixed.faults, "nobody could be heard: their time goes on from where it was"
    bridge_speaks(mixed, 300)
    assert mixed.faults == {f"zender:{zender.nr}/silent" for zender in BOUGHT}


def test_a_restart_while_a_gateway_is_down_blames_nobody(mixed: House) -> None:
    mixed.hear(h.Status("gateway:zigbee", "", False, live=True))
    mixed.wait(BOUGHT_SILENCE_S)
    mixed.stop()
    mixed.restart()
    assert mixed.faults == {"gateway:zigbee/offline"}, "nothing may be said of what is gone"
    mixed.hear(h.Status("gateway:zigbee", "", True, live=True))
    mixed.wait(300)
    assert not mixed.faults


def test_a_gateway_that_falls_silent_itself(mixed: House) -> None:
    mixed.wait(570)
    assert not mixed.faults
    mixed.wait(15)
    assert mixed.faults == {"gateway:zigbee/silent"}
    mixed.wait(BOUGHT_SILENCE_S)
    assert mixed.faults == {"gateway:zigbee/silent"}
    mixed.hear(h.Status("gateway:zigbee", "", True, live=False))
    assert mixed.faults == {"gateway:zigbee/silent"}
    mixed.measures("gateway:zigbee")
    assert not mixed.faults


def test_a_serial_line_that_is_unplugged(mixed: House) -> None:
    mixed.fall_silent("zender:61", "zender:62")
    mixed.hear(h.Trouble("gateway:hall/offline", "unplugged"))
    mixed.wait(300)
    assert mixed.faults == {"gateway:hall/offline"}
    mixed.hear(h.TroubleOver("gateway:hall/offline"))
    mixed.wait(20)
    assert not mixed.faults
    mixed.speak_again("zender:61")
    mixed.wait(10)
    assert mixed.faults == {"zender:62/silent"}


@pytest.mark.parametrize("trouble", ["broker/link", "broker/canary"])
def test_the_broker_is_down_and_the_other_lines_are_still_watched(mixed: House, trouble: str) -> None:
    mixed.fall_silent(*OWN)
    mixed.hear(h.Trouble(trouble, "gone"))
    mixed.wait(200)
    assert mixed.faults == {trouble}
    mixed.fall_silent("zender:61")
    mixed.wait(SEEN_WITHIN_S)
    assert mixed.faults == {trouble, "zender:61/silent"}
    mixed.wait(HOUR_S)
    mixed.hear(h.TroubleOver(trouble))
    mixed.wait(20)
    assert mixed.faults == {"zender:61/silent"}, "whoever was out of our hearing has its time"
    mixed.speak_again(*OWN[1:])
    mixed.wait(10)
    assert mixed.faults == {"zender:61/silent", "zender:5/silent"}


def test_topics_that_the_broker_refuses_hide_no_silence(mixed: House) -> None:
    """It refuses one or a few: whatever comes on the others is heard, so who is silent is silent."""
    mixed.hear(h.Trouble("broker/subscriptions", "refused: bought/kamer"))
    mixed.fall_silent("zender:7")
    mixed.wait(SEEN_WITHIN_S)
    assert mixed.faults == {"broker/subscriptions", "zender:7/silent"}


def test_a_link_that_comes_and_goes_hides_no_dead_node(mixed: House) -> None:
    """Each time it is back, who lives has spoken within ten seconds; who is dead is found out in the end."""
    mixed.fall_silent("zender:7")
    for _ in range(4):
        mixed.hear(h.Trouble("broker/link", "gone"))
        mixed.wait(20)
        mixed.hear(h.TroubleOver("broker/link"))
        mixed.wait(12)
    assert mixed.faults == {"zender:7/silent"}


def test_a_pin_that_does_not_work_is_one_fault() -> None:
    house = House(MIXED, supervised=True)
    house.fall_silent("zender:50")
    house.hear(h.Trouble("zender:50/pin", "taken by another program"))
    house.wait(2 * NEVER_SEEN_S)
    assert {fault for fault in house.faults if fault.startswith("zender:50/")} == {"zender:50/pin"}
    house.hear(h.TroubleOver("zender:50/pin"))
    house.wait(NEVER_SEEN_S + 2)
    assert {fault for fault in house.faults if fault.startswith("zender:50/")} == {"zender:50/never seen"}
    house.ends()


def test_a_fault_from_before_the_broker_went_stands_meanwhile(house: House) -> None:
    house.fall_silent("zender:7")
    house.wait(SEEN_WITHIN_S)
    house.hear(h.Trouble("broker/link", "gone"))
    assert house.faults == {"broker/link", "zender:7/silent"}


# --- what people say to it --------------------------------------------------------------------------------------------


def test_a_stuck_contact_that_somebody_knows_of_is_no_press_at_a_start(mixed: House) -> None:
    def found_active(n: int) -> None:
        mixed.hear(h.Pressed(f"50-start-{n}", 50, "", mixed.mono_s, at_start=True))
        mixed.wait(3)

    found_active(1)
    mixed.rings("Kluis", TEAM_RINGS)  # nobody knows whether it was pressed
    mixed.hear(h.Trouble("zender:50/stuck", ""))
    assert mixed.says("els", "all_clear", "wire cut by the painter") == "accepted"
    mixed.restart()
    found_active(2)
    mixed.rings("Kluis", TEAM_RINGS)  # a fault that nobody has seen silences nothing
    assert mixed.says("els", "all_clear", "still the painter") == "accepted"
    assert mixed.acknowledges("anna", "zender:50/stuck") == "accepted"
    assert mixed.state.faults["zender:50/stuck"].acknowledged_by == "anna"
    mixed.restart()
    mixed.measures("zender:50")
    found_active(3)
    assert not mixed.state.alarms
    mixed.press(50, boot="")  # it is not stuck: somebody presses
    mixed.wait(1)
    mixed.rings("Kluis", TEAM_RINGS)
    mixed.says("els", "all_clear", "tried out")
    mixed.hear(h.TroubleOver("zender:50/stuck"))
    mixed.hear(h.Trouble("zender:50/stuck", ""))
    found_active(4)
    mixed.rings("Kluis", TEAM_RINGS)  # stuck anew: nobody has seen that yet


def test_what_only_a_person_can_end(house: House) -> None:
    house.hear(h.Trouble("zender:7/malformed", "not JSON"))
    house.restart()
    assert house.faults == {"zender:7/malformed"}
    assert house.acknowledges("cor", "zender:7/malformed") == "accepted"
    assert not house.faults
    house.hear(h.Trouble("zender:7/malformed", "not JSON"))  # it goes on
    assert house.state.faults["zender:7/malformed"].acknowledged_by is None


def test_over_a_restart_our_own_faults_are_heard_again_and_all_others_stay(house: House) -> None:
    house.fall_silent("zender:7")
    house.wait(SEEN_WITHIN_S)
    assert house.acknowledges("cor", "zender:7/silent") == "accepted"
    for trouble in ("broker/link", "journal/disk", "clock/unsynchronised", "journal/corrupt", "mqtt/malformed"):
        house.hear(h.Trouble(trouble, ""))
    house.restart()
    assert house.faults == {"zender:7/silent", "journal/corrupt", "mqtt/malformed"}
    assert house.state.faults["zender:7/silent"].acknowledged_by == "cor"
    house.speak_again("zender:7")
    house.fall_silent("zender:7")
    house.wait(SEEN_WITHIN_S)
    assert house.state.faults["zender:7/silent"].acknowledged_by is None, "silent again, and nobody has seen that"


# --- budgets ----------------------------------------------------------------------------------------------------------


def test_a_missed_budget_is_a_fault_until_somebody_has_seen_it(house: House) -> None:
    house.hand_over_s, house.commit_s = 0.2, 0.4
    for pager in ("p1", "p2", "p3"):
        house.pager(pager).shows = False
    house.press(7)
    house.wait(2)
    assert house.faults == {"budget/handed_over", "budget/durable"}
    assert house.state.faults["budget/handed_over"].detail == "0.200 s, 0.05 s"
    house.pager("p1").sends_receipts(house.pager("p1").remembers[house.alarm(7).incident])
    assert house.faults == {"budget/handed_over", "budget/durable", "budget/shown"}
    house.restart()
    for fault in sorted(house.faults):
        assert house.acknowledges("els", fault) == "accepted"
    assert not house.faults
    house.wait(3)
    house.lets_ring()
