"""A hostile client with all of the daemon's own rights: no reaction, and real presses page in time (S2, S12)."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from achterwacht.core import facts as f
from achterwacht.inputs.complaints import COUNTED_MAX
from broker import DAEMON
from e2e import flood
from e2e.hall import PAGE_S, SOON_S, Hall, town_hall
from e2e.raw import Said, say

# More than any building says in an hour, every second.
RATE_HZ = 1500
DESKS = {5: "BALIE 1", 6: "BALIE 2", 7: "BALIE 3", 8: "BALIE 4", 9: "RECEPTIE"}
# Between two presses so many pieces of nonsense at least.
BETWEEN = 2000
# Each device that speaks nonsense, once; the named ones, and the presses that are real.
FACTS_MAX = 250
# A flood may leave its mark in a heap; a leak of 10,000 messages would leave more.
GROWTH_MAX_MB = 30.0
# Messages that the broker remembers, each under a name of its own: more names than are counted apart.
RETAINED = COUNTED_MAX + 200


@asynccontextmanager
async def flooding(hall: Hall, seed: str) -> AsyncIterator[asyncio.StreamReader]:
    """The flood, from its first message on; its own counts can be read."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, flood.__file__, hall.broker.host, str(hall.broker.port)),
        *(DAEMON, hall.broker.password(DAEMON), seed, str(RATE_HZ)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        yield process.stdout
    finally:
        process.kill()
        await process.wait()


async def said(counts: asyncio.StreamReader, at_least: int) -> int:
    """Until the flood has said so many; how many that are."""
    async with asyncio.timeout(SOON_S):
        while (count := int(await counts.readline())) < at_least:
            pass
    return count


@pytest.mark.asyncio
async def test_a_flood_of_nonsense_costs_neither_time_nor_memory(tmp_path: Path) -> None:
    async with town_hall(tmp_path, DESKS) as hall, hall.daemon.onlooker() as seen:
        await seen.until(lambda state: len(state.devices) == len(DESKS) + len(hall.pagers), SOON_S, "it listens")
        before_mb = hall.daemon.memory_mb()
        async with flooding(hall, "a flood") as counts:
            count = 0
            for nr, text in DESKS.items():
                count = await said(counts, count + BETWEEN)
                began_s = time.monotonic()
                seq = await hall.zenders[nr].press()
                for pager in hall.pagers.values():
                    await pager.rings(text, PAGE_S)
                print(f"in the flood, press to rung on three pagers: {(time.monotonic() - began_s) * 1000:.0f} ms")
                await hall.zenders[nr].confirmed(seq, SOON_S)
        assert count >= len(DESKS) * BETWEEN
        grown_mb = hall.daemon.memory_mb() - before_mb
        print(f"{count} pieces of nonsense, {before_mb:.1f} MB before, {grown_mb:+.1f} MB")
        assert grown_mb < GROWTH_MAX_MB

        await seen.durable(SOON_S)
        facts = hall.check_journal()
        faults = [fact.key for fact in facts if isinstance(fact, f.FaultRaised)]
        assert len(faults) == len(set(faults)), "a fault is told once"
        assert {"zender:7/malformed", "pager:p1/malformed", "pager:unknown/malformed", "mqtt/malformed"} <= set(faults)
        assert {"zender/unknown", "pager/unknown"} <= set(faults)
        assert len(facts) < FACTS_MAX
        assert {fact.zender for fact in facts if isinstance(fact, f.AlarmRaised)} == DESKS.keys()
        assert "Traceback" not in str(hall.daemon.log)
        assert len(hall.daemon.log.all) < FACTS_MAX
        assert await hall.daemon.stop() == 0


def remembered() -> list[Said]:
    """Retained presses, receipts and nonsense under a thousand names."""
    press = json.dumps({"boot": flood.BOOT, "seq": 1, "age_ms": 0}).encode()
    kinds = [("zender/{}/press", press), ("pager/x{}/receipt", b"{}"), ("pager/x{}/status", b"nonsense")]
    return [(f"achterwacht/v1/{kinds[n % 3][0].format(n + 1)}", kinds[n % 3][1], 1, True) for n in range(RETAINED)]


@pytest.mark.asyncio
async def test_what_the_broker_remembers_rings_nothing_and_is_told_within_bounds(tmp_path: Path) -> None:
    async with town_hall(tmp_path, [8], start=False) as hall:
        await say(hall.broker, DAEMON, remembered())
        await hall.daemon.start()
        await hall.zenders[8].press()
        await hall.pagers["p1"].rings("BALIE 4", SOON_S)
        async with hall.daemon.onlooker() as seen:
            await seen.fault("zender:1/retained", SOON_S)
            await seen.until(lambda state: state.alarms, SOON_S)
            await seen.durable(SOON_S)
            assert [alarm.zender for alarm in seen.state.alarms.values()] == [8]
            assert len(seen.state.faults) < COUNTED_MAX + 10
