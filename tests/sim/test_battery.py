"""A battery: it drains, it charges, and never below nothing or above full."""

from __future__ import annotations

from achterwacht_sim.battery import Battery


def test_it_drains_to_nothing_and_charges_to_full() -> None:
    battery = Battery(50.0, drain_per_h=10.0)
    assert battery.percent(0.0) == 50
    assert battery.percent(3600.0) == 40
    assert battery.percent(100 * 3600.0) == 0
    battery.charge(True, 100 * 3600.0)
    assert battery.charging
    assert battery.percent(101 * 3600.0) == 50
    assert battery.percent(200 * 3600.0) == 100


def test_another_one_is_put_in() -> None:
    battery = Battery(50.0, drain_per_h=10.0)
    assert battery.percent(0.0) == 50
    battery.set_percent(4, 3600.0)
    assert battery.percent(3600.0) == 4
    assert battery.percent(2 * 3600.0) == 0
