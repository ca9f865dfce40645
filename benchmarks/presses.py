"""The ways in which the benchmark presses: one at a time, all desks at once, at a start, and as fast as it goes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

from benchmarks.nodes import LOST_S, PAGERS, ZENDERS, Building, Node, Press, wait
from benchmarks.systems import Daemon

from achterwacht.config import REMEMBERED_FILE
from broker import DAEMON, Mosquitto

PAUSE_S = (0.005, 0.045)
"""Between two presses: random, and around the 40 ms of a delayed acknowledgement, so that no rhythm hides it."""
CALM_S = 0.2
"""After a start, before the first press that counts; and between two transmissions of the press that waits for it."""
WINDOW = 20
"""Presses of one zender that are under way in a flood: as many as the broker hands out unacknowledged."""


async def arm(building: Building) -> Press:
    """One press, repeated until it is paged: whoever pages is there."""
    press = building.new_press(ZENDERS[0])
    until_s = time.monotonic() + LOST_S
    while not press.paged.is_set():
        if time.monotonic() > until_s:
            raise TimeoutError(f"nobody paged within {LOST_S:g} s")
        building.send(press)
        await asyncio.sleep(CALM_S)
    return press


async def finish(building: Building, press: Press) -> None:
    """Wait until a press is paged, shown and confirmed, and close its alarm."""
    await wait(press.paged, "a page")
    await wait(press.confirmed, "a confirmation")
    await wait(press.shown.all, "the answer to a receipt")
    await building.close(press)


async def one_by_one(
    building: Building, count: int, ends: bool = True, pause_s: tuple[float, float] = PAUSE_S
) -> list[Press]:
    """Presses with pauses, each over before the next; with `ends` false only until it is paged."""
    presses = []
    for number in range(count):
        press = building.new_press(ZENDERS[number % len(ZENDERS)])
        building.send(press)
        await (finish(building, press) if ends else wait(press.paged, "a page"))
        presses.append(press)
        await asyncio.sleep(random.uniform(*pause_s))
    return presses


async def press_while(building: Building, other: Coroutine[Any, Any, None]) -> list[Press]:
    """Presses with pauses, each over before the next, for as long as `other` takes."""
    going_on = asyncio.create_task(other)
    presses = []
    while not going_on.done():
        presses += await one_by_one(building, 1)
    await going_on
    return presses


async def burst(building: Building) -> list[Press]:
    """Every desk in the same moment."""
    presses = [building.new_press(nr) for nr in ZENDERS]
    for press in presses:
        building.send(press)
    for press in presses:
        await finish(building, press)
    await asyncio.sleep(random.uniform(*PAUSE_S))
    return presses


async def start(daemon: Daemon, building: Building, cold: bool) -> float:
    """Milliseconds from exec until a press that waited at the broker is confirmed. `cold`: no plan is remembered."""
    if cold:
        (daemon.state / REMEMBERED_FILE).unlink(missing_ok=True)
    press = building.new_press(ZENDERS[0])
    building.send(press)
    started_s = daemon.start()
    try:
        await finish(building, press)
    finally:
        daemon.stop()
    assert press.confirmed_s is not None, "it was waited for"
    return 1000 * (press.confirmed_s - started_s)


async def flood(building: Building, goes_on: Callable[[int], bool]) -> int:
    """Distinct presses on every zender, WINDOW of each under way, while `goes_on(count so far)`; how many there were.

    Returns when the last is confirmed.
    """
    count = 0

    async def hammer(nr: int) -> None:
        nonlocal count
        while goes_on(count):
            count += 1
            press = building.new_press(nr)
            building.send(press)
            await wait(press.confirmed, "a confirmation")
            del building.presses[press.id]

    async with asyncio.TaskGroup() as group:
        for nr in ZENDERS:
            for _ in range(WINDOW):
                group.create_task(hammer(nr))
    return count


async def one_hop(broker: Mosquitto, count: int) -> list[float]:
    """Milliseconds that one message takes from one client to another."""
    topic = f"achterwacht/v1/pager/{PAGERS[0]}/receipt"
    came = asyncio.Event()
    arrived_s = 0.0

    def heard(_topic: str, _payload: bytes, at_s: float) -> None:
        nonlocal arrived_s
        arrived_s = at_s
        came.set()

    address = (broker.host, broker.port)
    listener = await Node.connect(address, DAEMON, broker.password(DAEMON), [topic], heard)
    speaker = await Node.connect(address, PAGERS[0], broker.password(PAGERS[0]), [], heard)
    hops_ms = []
    for _ in range(count):
        came.clear()
        sent_s = time.monotonic()
        speaker.publish(topic, b"{}")
        await wait(came, "a message")
        hops_ms.append(1000 * (arrived_s - sent_s))
        await asyncio.sleep(random.uniform(*PAUSE_S))
    listener.close()
    speaker.close()
    return hops_ms
