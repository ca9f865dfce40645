"""Zenders and pagers come, go and are confused with each other: what that means for an alarm, and what is a fault."""

from __future__ import annotations

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.supervision import CHANGES_MAX
from house import BACKUP_RINGS, TEAM_RINGS, House


def test_a_pager_reborn_is_paged_afresh(house: House) -> None:
    first, second = house.press(7), house.press(6)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.rings("Balie 2", TEAM_RINGS)
    house.pager("p1").starts()
    house.wait(1)
    house.rings("Balie 3", "p1")
    house.rings("Balie 2", "p1")
    assert set(house.pager("p1").remembers) == {first, second}


def test_the_reborn_pager_of_somebody_who_answered_shows_without_ringing(house: House) -> None:
    incident = house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p1").answers("coming")
    house.pager("p1").starts()
    house.wait(1)
    assert house.pager("p1").was_asked("pager is back")
    assert incident in house.pager("p1").remembers


def test_a_pager_that_comes_back_from_the_dead_is_paged(house: House) -> None:
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    house.pager("p3").dies()
    assert "pager:p3/offline" in house.state.faults
    house.pager("p3").on = True
    house.hear(h.Telemetry("pager:p3", "b001"))  # any word of it will do
    house.wait(1)
    house.rings("Balie 3", "p3")
    assert "pager:p3/offline" not in house.state.faults


def test_a_pager_that_connects_again_is_paged_but_not_because_the_broker_remembers_it(house: House) -> None:
    house.hear(h.Status("pager:p1", "b001", True, live=True))
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    assert not house.hear(h.Status("pager:p1", "b001", True, live=False))
    house.hear(h.Status("pager:p1", "b001", True, live=True))  # the same boot: it had only lost the network
    house.wait(1)
    house.rings("Balie 3", "p1")


def test_a_pager_that_starts_all_the_time_is_one_fault_and_is_still_paged_each_time(house: House) -> None:
    incident = house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    for _ in range(3 * CHANGES_MAX):
        house.pager("p1").starts()
        house.wait(0.4)
        assert incident in house.pager("p1").remembers
    house.lets_ring()
    assert house.faults == {"pager:p1/unsteady"}
    assert len([seen for seen in house.all(f.DeviceSeen) if seen.device == "pager:p1"]) == CHANGES_MAX + 1


def test_an_unsteady_pager_that_is_not_born_but_speaks_is_not_paged_at_each_word(house: House) -> None:
    for n in range(2 * CHANGES_MAX):
        house.hear(h.Status("pager:p1", "b001", n % 2 == 0, live=True))
    house.press(7)
    house.wait(1)
    house.lets_ring()
    assert house.faults == {"pager:p1/offline", "pager:p1/unsteady"}
    for _ in range(5):
        assert not house.hear(h.Telemetry("pager:p1", "b001"))


def test_the_death_of_an_earlier_boot_kills_nobody(house: House) -> None:
    house.pager("p1").starts()
    house.pager("p1").starts()
    assert not house.hear(h.Status("pager:p1", "b002", False, live=True))  # its will, late
    assert not house.hear(h.Status("pager:p1", "b002", False, live=False))  # as the broker remembers it
    assert not house.hear(h.Status("pager:p1", "b002", True, live=False))
    assert house.state.devices["pager:p1"].online
    assert not house.state.faults


def test_a_device_that_died_while_we_were_away(house: House) -> None:
    house.hear(h.Status("zender:7", "a", True, live=True))
    house.restart(away_s=60)
    house.hear(h.Status("zender:7", "a", False, live=False))
    assert "zender:7/offline" in house.state.faults
    house.press(7)
    house.wait(1)
    house.rings("Balie 3", TEAM_RINGS)
    assert not house.state.faults


def test_a_device_that_was_born_and_died_while_we_were_away(house: House) -> None:
    house.hear(h.Status("zender:7", "a", True, live=True))
    house.restart(away_s=60)
    house.hear(h.Status("zender:7", "b", False, live=False))  # a boot that we never heard
    assert "zender:7/offline" in house.state.faults


def test_a_fault_that_stood_before_a_restart_stands_after_it(house: House) -> None:
    house.hear(h.Status("zender:7", "a", True, live=True))
    house.hear(h.Status("zender:7", "a", False, live=True))
    assert "zender:7/offline" in house.state.faults
    house.restart()
    house.hear(h.Status("zender:7", "a", False, live=False))  # all that the broker still knows of it
    assert "zender:7/offline" in house.state.faults
    assert not house.hear(h.Status("zender:7", "a", False, live=False))  # said once


def test_two_devices_under_one_number(house: House) -> None:
    for boot in ("a", "b", "a"):
        house.hear(h.Telemetry("zender:7", boot))
    assert "zender:7/two boots" in house.state.faults
    first = house.press(7, boot="a")
    house.wait(3)
    house.rings("Balie 3", TEAM_RINGS)
    second = house.press(7, boot="b")  # both are believed
    house.wait(3)
    house.rings("Balie 3", TEAM_RINGS)
    assert {house.state.presses[press].incident for press in (first, second)} == {first}


def test_an_unknown_zender_is_paged_and_is_a_fault(house: House) -> None:
    house.press(99)
    house.wait(1)
    house.rings("Zender 99 onbekend", TEAM_RINGS)
    assert "zender:99/unknown" in house.state.faults
    assert "zender:99" not in house.state.devices
    house.wait(14.5)
    house.rings("Zender 99 onbekend", BACKUP_RINGS)


def test_an_unknown_device_that_only_speaks_is_a_fault_and_no_more(house: House) -> None:
    house.hear(h.Status("pager:p9", "x", True, live=True))
    house.hear(h.Status("zender:98", "x", True, live=True))
    assert set(house.state.faults) == {"pager/unknown", "zender/unknown"}
    assert not house.state.devices


def test_a_trouble_stands_once(house: House) -> None:
    house.hear(h.Trouble("broker/link", "connection refused"))
    assert not house.hear(h.Trouble("broker/link", "connection refused"))
    assert house.state.faults["broker/link"].detail == "connection refused"
    house.hear(h.TroubleOver("broker/link"))
    assert not house.hear(h.TroubleOver("broker/link"))
    assert not house.state.faults
    assert [type(fact) for fact in house.facts[-2:]] == [f.FaultRaised, f.FaultCleared]


def test_trouble_is_forgotten_at_a_start_and_heard_again(house: House) -> None:
    house.hear(h.Trouble("broker/link", "connection refused"))
    house.restart()
    assert not house.state.faults
    assert house.hear(h.Trouble("broker/link", "connection refused"))
