"""A bad wire: what it loses, doubles, delays and reorders, and that a seed makes it the same again."""

from __future__ import annotations

import random

from achterwacht_sim.faults import MAX_HELD, NO_FAULTS, Faults, Wire


def carried(faults: Faults, count: int, seed: int = 1) -> list[int]:
    """All that arrives of `count` messages, one every 10 ms."""
    wire: Wire[int] = Wire(faults, random.Random(seed))
    arrived = []
    for number in range(count):
        wire.send(number, number / 100)
        arrived += wire.take(number / 100)
    return arrived + wire.take(count / 100 + 10)


def test_a_good_wire_carries_all_at_once_and_in_order() -> None:
    assert carried(NO_FAULTS, 100) == list(range(100))


def test_drop_loses_about_its_share() -> None:
    assert 820 < len(carried(Faults(drop=0.1), 1000)) < 960


def test_duplicate_doubles_and_loses_nothing() -> None:
    arrived = carried(Faults(duplicate=0.5), 200)
    assert set(arrived) == set(range(200))
    assert len(arrived) > 250


def test_reorder_lets_others_pass_and_loses_nothing() -> None:
    arrived = carried(Faults(reorder=0.2), 200)
    assert arrived != sorted(arrived)
    assert sorted(arrived) == list(range(200))


def test_delay_is_bounded_by_delay_s() -> None:
    wire: Wire[str] = Wire(Faults(delay=1.0, delay_s=0.3), random.Random(1))
    wire.send("late", 5.0)
    due_s = wire.due()
    assert due_s is not None
    assert 5.0 < due_s <= 5.3
    assert wire.take(5.0) == []
    assert wire.take(5.3) == ["late"]


def test_the_same_seed_is_the_same_wire() -> None:
    faults = Faults(drop=0.1, duplicate=0.1, delay=0.3, reorder=0.2)
    assert carried(faults, 300, seed=7) == carried(faults, 300, seed=7)
    assert carried(faults, 300, seed=7) != carried(faults, 300, seed=8)


def test_what_it_holds_is_bounded_and_a_cut_loses_it() -> None:
    wire: Wire[int] = Wire(Faults(delay=1.0), random.Random(1))
    for number in range(2 * MAX_HELD):
        wire.send(number, 0.0)
    assert len(wire.take(1.0)) == MAX_HELD
    wire.send(1, 2.0)
    wire.clear()
    assert wire.due() is None
