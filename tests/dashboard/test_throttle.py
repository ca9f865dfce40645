"""What slows guesses, by itself: its bounds, and what one address is. Its effect on a login is in test_accounts.py."""

from __future__ import annotations

import pytest

from achterwacht_dashboard.throttle import ALL_AT_ONCE_MAX, AT_ONCE_MAX, FREE, KNOWN_MAX, Throttle, TooSoon

DESK, ELSEWHERE = "10.0.0.5", "10.0.0.66"


def test_the_throttle_has_a_bound() -> None:
    throttle = Throttle(lambda: 0.0)
    for n in range(3 * KNOWN_MAX):
        throttle.wrong(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", f"nr {n}")
    assert len(throttle._addresses) == len(throttle._names) == KNOWN_MAX


def test_many_addresses_of_one_network_are_one() -> None:
    throttle = Throttle(lambda: 0.0)
    for n in range(FREE):
        throttle.wrong(f"2001:db8::{n:x}")
        throttle.wrong(f"::ffff:10.0.0.{n}")
    with pytest.raises(TooSoon), throttle.trying("2001:db8::ffff"):
        pass
    with throttle.trying("2001:db8:0:1::1"), throttle.trying("10.0.0.1"), throttle.trying("::ffff:10.9.9.9"):
        pass


def test_not_too_much_is_tried_at_once() -> None:
    throttle = Throttle(lambda: 0.0)
    tries = [throttle.trying(f"10.1.0.{n}") for n in range(ALL_AT_ONCE_MAX)]
    for one in tries[:AT_ONCE_MAX]:
        one.__enter__()
    mine = [throttle.trying(DESK) for _ in range(AT_ONCE_MAX)]
    for one in mine:
        one.__enter__()
    with pytest.raises(TooSoon), throttle.trying(DESK):
        pass
    mine[0].__exit__(None, None, None)
    with throttle.trying(DESK):
        pass
    for one in tries[AT_ONCE_MAX : ALL_AT_ONCE_MAX - AT_ONCE_MAX + 1]:
        one.__enter__()
    with pytest.raises(TooSoon), throttle.trying(ELSEWHERE):
        pass
