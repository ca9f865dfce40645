"""The inbox: presses pass telemetry, telemetry keeps only its newest, nothing urgent is refused."""

from __future__ import annotations

import asyncio

import pytest

from achterwacht import inbox as inbox_module
from achterwacht.core import heard as h
from achterwacht.inbox import PRESSES_MAX, Inbox


async def all_of(inbox: Inbox) -> list[h.Heard]:
    letters = [await inbox.take(0) for _ in range(len(inbox))]
    return [letter.heard for letter in letters if letter]


@pytest.mark.asyncio
async def test_a_press_passes_telemetry_that_came_before() -> None:
    inbox = Inbox()
    press = h.Pressed("7-00ff-1", 7, "00ff", 0.0)
    inbox.put(h.Telemetry("pager:p1", "aaaa"))
    inbox.put(press)
    assert await all_of(inbox) == [press, h.Telemetry("pager:p1", "aaaa")]


@pytest.mark.asyncio
async def test_of_telemetry_only_the_newest_per_device_is_kept() -> None:
    inbox = Inbox()
    for boot in ("aaaa", "bbbb", "cccc"):
        inbox.put(h.Telemetry("pager:p1", boot))
    inbox.put(h.Telemetry("pager:p2", "dddd"))
    assert await all_of(inbox) == [h.Telemetry("pager:p1", "cccc"), h.Telemetry("pager:p2", "dddd")]


@pytest.mark.asyncio
async def test_what_the_newest_left_unsaid_is_as_it_was_said_before() -> None:
    inbox = Inbox()
    inbox.put(h.Telemetry("zender:5", "", battery=20, tamper=True))
    inbox.put(h.Telemetry("zender:5", "", battery_low=True))
    inbox.put(h.Telemetry("zender:5", "", battery=19, tamper=False))
    assert await all_of(inbox) == [h.Telemetry("zender:5", "", battery=19, battery_low=True, tamper=False)]


@pytest.mark.asyncio
async def test_what_the_broker_remembers_takes_no_sign_of_life_away() -> None:
    inbox = Inbox()
    inbox.put(h.Telemetry("zender:5", "", tamper=False))
    inbox.put(h.Telemetry("zender:5", "", battery=20, live=False))
    assert await all_of(inbox) == [h.Telemetry("zender:5", "", battery=20, tamper=False, live=True)]


@pytest.mark.asyncio
async def test_what_an_earlier_boot_said_is_not_said_by_this_one() -> None:
    inbox = Inbox()
    inbox.put(h.Telemetry("pager:p1", "aaaa", battery=3))
    inbox.put(h.Telemetry("pager:p1", "bbbb", charging=True))
    assert await all_of(inbox) == [h.Telemetry("pager:p1", "bbbb", charging=True)]


@pytest.mark.asyncio
async def test_telemetry_and_status_of_one_device_are_kept_apart() -> None:
    inbox = Inbox()
    telemetry, death = h.Telemetry("pager:p1", "aaaa", battery=3), h.Status("pager:p1", "aaaa", False, live=True)
    inbox.put(telemetry)
    inbox.put(death)
    assert await all_of(inbox) == [telemetry, death]


@pytest.mark.asyncio
async def test_of_births_and_deaths_the_newest_counts_and_all_are_acknowledged_at_once() -> None:
    inbox = Inbox()
    acked: list[str] = []
    for boot, online in (("aaaa", True), ("aaaa", False), ("bbbb", True)):
        said = h.Status("pager:p1", boot, online, live=True)
        inbox.put(said, ack=lambda word=f"{boot} {online}": acked.append(word))  # type: ignore[misc]
    assert acked == ["aaaa True", "aaaa False", "bbbb True"]
    assert await all_of(inbox) == [h.Status("pager:p1", "bbbb", True, live=True)]


@pytest.mark.asyncio
async def test_what_devices_say_of_themselves_never_waits_for_the_disk_and_a_press_does() -> None:
    inbox = Inbox()
    acked: list[h.Heard] = []
    said = (
        h.Telemetry("pager:p1", "aaaa", battery=3),
        h.Status("pager:p1", "aaaa", True, live=True),
        h.Status("pager:p1", "aaaa", False, live=False),
        h.Pressed("7-00ff-1", 7, "00ff", 0.0),
        h.Receipt("p1", "aaaa", 1, "o", "7-00ff-1", "7-00ff-1", 7, "shown"),
    )
    for heard in said:
        inbox.put(heard, ack=lambda heard=heard: acked.append(heard))  # type: ignore[misc]
    assert acked == list(said[:3])
    letters = [await inbox.take(0) for _ in range(len(inbox))]
    for letter in letters:
        assert letter is not None
        letter.ack()
    assert acked == list(said), "each once"


@pytest.mark.asyncio
async def test_what_the_broker_remembers_replaces_no_birth() -> None:
    inbox = Inbox()
    birth, remembered = (h.Status("pager:p1", "aaaa", True, live=live) for live in (True, False))
    inbox.put(birth)
    inbox.put(remembered)
    assert await all_of(inbox) == [birth, remembered]


@pytest.mark.asyncio
async def test_a_flood_of_telemetry_is_bounded_and_costs_no_press(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "DEVICES_MAX", 10)
    inbox = Inbox()
    for number in range(1000):
        inbox.put(h.Telemetry(f"pager:x{number}", "aaaa"))
        inbox.put(h.Pressed(f"{number + 1}-00ff-1", number + 1, "00ff", 0.0))
    heard = await all_of(inbox)
    assert sum(isinstance(one, h.Pressed) for one in heard) == 1000
    assert sum(isinstance(one, h.Telemetry) for one in heard) == 10


@pytest.mark.asyncio
async def test_a_zender_that_presses_without_end_holds_up_no_other() -> None:
    """What waits already rings its desk; more of the same would only stand before the next desk."""
    inbox = Inbox()
    acked: list[str] = []

    def presses(zender: int, seq: int) -> None:
        press = f"{zender}-00ff-{seq}"
        inbox.put(h.Pressed(press, zender, "00ff", 0.0), ack=lambda: acked.append(press))

    for seq in range(1, 3 * PRESSES_MAX):
        presses(7, seq)
    presses(6, 1)
    assert len(inbox) == PRESSES_MAX + 1
    assert not acked, "what is not kept can be said again"
    assert await inbox.take(0) is not None
    presses(7, 9999)
    presses(7, 10_000)
    heard = [one.press for one in await all_of(inbox) if isinstance(one, h.Pressed)]
    assert heard == [*(f"7-00ff-{seq}" for seq in range(2, PRESSES_MAX + 1)), "6-00ff-1", "7-00ff-9999"]


@pytest.mark.asyncio
async def test_who_waits_is_woken_and_who_waits_in_vain_hears_nothing() -> None:
    inbox = Inbox()
    assert await inbox.take(0.001) is None
    waiting = asyncio.create_task(inbox.take(None))
    await asyncio.sleep(0)
    inbox.put(h.Tick())
    async with asyncio.timeout(5):
        letter = await waiting
    assert letter is not None
    assert letter.heard == h.Tick()
