"""A disk that is full, fails, hangs or forgets: people run all the same, and are told what is not safe (S2, S14)."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from achterwacht.core import facts as f
from achterwacht_sim.events import AnswerHeard, Confirmed, Over, Rings
from daemon import Onlooker, write_plan
from e2e.hall import PAGE_S, SOON_S, Hall, town_hall
from e2e.raw import press_once

# What calms waits 1 s for the disk at most (docs/wire.md, "Daemon"); the rest is a busy machine's.
CALMS_S = 3.0
# After `durable:false` a node says it again every 10 s.
REPEATED_S = 15.0
# As many threads as Python has for all that blocks (concurrent.futures, ThreadPoolExecutor).
THREADS = min(32, (os.cpu_count() or 1) + 4)

FULL, FAILS, HANGS = "full", "fail", "hang"
WAYS = (FULL, FAILS, HANGS)


class Disk:
    """The disk under the daemon's journal, with a switch."""

    def __init__(self, hall: Hall, switch: Path) -> None:
        self._hall = hall
        self._switch = switch

    def breaks(self, how: str) -> None:
        if how == FULL:
            self._hall.daemon.limit_files(0)
        else:
            self._switch.write_text(how)

    def works(self) -> None:
        if self._switch.exists():
            self._switch.unlink()
        else:
            self._hall.daemon.limit_files(None)


@asynccontextmanager
async def hall_on_disk(folder: Path, library: Path) -> AsyncIterator[tuple[Hall, Disk]]:
    """A hall with zenders 5 and 7, whose daemon has not started; then see that it ends with nothing hanging."""
    switch = folder / "switch"
    environment = {"LD_PRELOAD": str(library), "DISK_SWITCH": str(switch)}
    async with town_hall(folder, [5, 7], start=False, environment=environment) as hall:
        yield hall, Disk(hall, switch)


async def pages_at_once(hall: Hall, nr: int, text: str) -> int:
    """A press rings every pager in time; returns its seq."""
    began_s = time.monotonic()
    seq = await hall.zenders[nr].press()
    for pager in hall.pagers.values():
        await pager.rings(text, PAGE_S)
    took_s = time.monotonic() - began_s
    print(f"press to rung on three pagers: {took_s * 1000:.0f} ms")
    assert took_s < PAGE_S
    return seq


async def life_without_disk(hall: Hall, seen: Onlooker) -> int:
    """A whole alarm while nothing can be written: everybody is served, and told that it is not safe."""
    zender, p1 = hall.zenders[7], hall.pagers["p1"]
    seq = await pages_at_once(hall, 7, "BALIE 3")
    assert not (await zender.sees(Confirmed, CALMS_S, lambda confirmed: confirmed.seq == seq)).durable
    assert await seen.fault("journal/disk", CALMS_S)
    await hall.daemon.log.until("fault journal/disk", SOON_S)
    for answer in ("coming", "on_scene", "all_clear"):
        heard = await p1.answered(await p1.answer(answer), CALMS_S)
        assert (heard.result, heard.durable) == ("accepted", False)
    for pager in hall.pagers.values():
        await pager.sees(Over, CALMS_S)
    fed = len(hall.daemon.words.all)
    await hall.daemon.words.until("WATCHDOG=1", SOON_S, after=fed)
    return seq


async def adopted(seen: Onlooker, check_s: int) -> None:
    """Until the plan with this number is in force."""
    await seen.until(lambda state: state.plan.ladder.check_s == check_s, SOON_S, f"adopted: {check_s}")


async def all_is_written(hall: Hall, seen: Onlooker) -> None:
    """The disk is back: nothing is missing, and the journal tells the same story as the daemon."""
    await seen.no_fault("journal/disk", SOON_S)
    await seen.durable(SOON_S)
    facts = hall.check_journal()
    assert {fact.press for fact in facts if isinstance(fact, f.AlarmRaised)} == set(hall.pressed)
    assert hall.daemon.replayed(seen.n) == seen.state


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.asyncio
async def test_a_whole_alarm_while_the_disk_is_gone(tmp_path: Path, switched_disk: Path, how: str) -> None:
    async with hall_on_disk(tmp_path, switched_disk) as (hall, disk):
        await hall.daemon.start()
        async with hall.daemon.onlooker() as seen:
            await seen.durable(SOON_S)
            disk.breaks(how)
            await life_without_disk(hall, seen)
            disk.works()
            await all_is_written(hall, seen)
        assert await hall.daemon.stop() == 0


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.asyncio
async def test_a_start_on_a_disk_that_is_gone(tmp_path: Path, switched_disk: Path, how: str) -> None:
    async with hall_on_disk(tmp_path, switched_disk) as (hall, disk):
        if how == FULL:
            await hall.daemon.start(ready=False)
            hall.daemon.limit_files(0)
            await hall.daemon.words.until("READY=1", SOON_S)
        else:
            disk.breaks(how)
            await hall.daemon.start()
        async with hall.daemon.onlooker() as seen:
            await life_without_disk(hall, seen)
            disk.works()
            await all_is_written(hall, seen)


@pytest.mark.asyncio
async def test_what_was_not_durable_is_said_again_until_it_is(tmp_path: Path, switched_disk: Path) -> None:
    async with hall_on_disk(tmp_path, switched_disk) as (hall, disk):
        await hall.daemon.start()
        async with hall.daemon.onlooker() as seen:
            await seen.durable(SOON_S)
            disk.breaks(HANGS)
            seq = await life_without_disk(hall, seen)
            disk.works()
            await asyncio.gather(
                hall.zenders[7].confirmed(seq, REPEATED_S),
                *(pager.sees(AnswerHeard, REPEATED_S, lambda heard: heard.durable) for pager in hall.pagers.values()),
            )
            await all_is_written(hall, seen)


@pytest.mark.asyncio
async def test_reloads_on_a_hanging_disk_do_not_cut_us_off_from_the_broker(tmp_path: Path, switched_disk: Path) -> None:
    """Each new plan is kept for the next start, and connecting needs a thread too."""
    async with hall_on_disk(tmp_path, switched_disk) as (hall, disk):
        await hall.daemon.start()
        async with hall.daemon.onlooker() as seen:
            await seen.durable(SOON_S)
            disk.breaks(HANGS)
            for check_s in range(100, 100 + THREADS):
                write_plan(hall.daemon.config, hall.broker, ladder={"check_s": check_s})
                hall.daemon.reload()
                await adopted(seen, check_s)
            hall.broker.kill()
            await seen.fault("broker/link", SOON_S)
            hall.broker.start()
            await seen.no_fault("broker/link", SOON_S)
            await life_without_disk(hall, seen)
            disk.works()
            await all_is_written(hall, seen)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.asyncio
async def test_a_stop_does_not_wait_for_a_disk_that_is_gone(tmp_path: Path, switched_disk: Path, how: str) -> None:
    """The next daemon waits for this one's end."""
    async with hall_on_disk(tmp_path, switched_disk) as (hall, disk):
        await hall.daemon.start(ready=False)
        disk.breaks(how)
        await hall.daemon.words.until("READY=1", SOON_S)
        async with hall.daemon.onlooker() as seen:
            await seen.fault("journal/disk", CALMS_S)
        assert await hall.daemon.stop() == 1


@pytest.mark.asyncio
async def test_a_killed_daemon_is_reminded_by_the_pagers(tmp_path: Path, switched_disk: Path) -> None:
    """A button that never repeats, and a power cut between its page and the disk: only the pagers know (S3)."""
    async with hall_on_disk(tmp_path, switched_disk) as (hall, disk):
        await hall.daemon.start()
        async with hall.daemon.onlooker() as seen:
            await seen.durable(SOON_S)
        (wal,) = hall.daemon.state.glob("journal-*.db-wal")
        synced_bytes = wal.stat().st_size
        disk.breaks(HANGS)
        press = await press_once(hall.broker, 6)
        for pager in hall.pagers.values():
            await pager.rings("BALIE 2", PAGE_S)
        before = hall.lookout.count
        await hall.daemon.kill()
        os.truncate(wal, synced_bytes)  # what a power cut leaves of a file
        disk.works()
        assert not [fact for fact in hall.daemon.facts() if isinstance(fact, f.AlarmRaised)]
        await hall.daemon.start()
        for pager in hall.pagers.values():
            await pager.sees(Rings, SOON_S, lambda rings: rings.page.incident == press, after=before)
        async with hall.daemon.onlooker() as seen:
            await seen.until(lambda state: press in state.alarms, SOON_S)
            await seen.durable(SOON_S)
        facts = hall.check_journal()
        assert [fact.press for fact in facts if isinstance(fact, f.AlarmRecovered)] == [press]


@pytest.mark.asyncio
async def test_a_folder_where_the_journal_should_be(tmp_path: Path, switched_disk: Path) -> None:
    async with hall_on_disk(tmp_path, switched_disk) as (hall, _):
        await hall.daemon.start()
        assert await hall.daemon.stop() == 0
        (journal,) = hall.daemon.state.glob("journal-*.db")
        journal.unlink()
        (journal / "in the way").mkdir(parents=True)
        await hall.daemon.start()
        seq = await pages_at_once(hall, 7, "BALIE 3")
        await hall.zenders[7].confirmed(seq, SOON_S)
        async with hall.daemon.onlooker() as seen:
            assert journal.name in await seen.fault("journal/corrupt", SOON_S)
        assert journal.is_file()


def flip(file: Path, words: bytes) -> None:
    """One bit of the last place where these words stand."""
    found = bytearray(file.read_bytes())
    found[found.rindex(words)] ^= 1
    file.write_bytes(found)


@pytest.mark.asyncio
async def test_a_flipped_bit_costs_what_is_behind_it_and_open_alarms_ring(tmp_path: Path, switched_disk: Path) -> None:
    async with hall_on_disk(tmp_path, switched_disk) as (hall, _):
        await hall.daemon.start()
        seq = await pages_at_once(hall, 7, "BALIE 3")
        incident = (await hall.zenders[7].confirmed(seq, SOON_S)).incident
        assert await hall.daemon.stop() == 0
        (journal,) = hall.daemon.state.glob("journal-*.db")
        flip(journal, b"daemon_stopped")

        before = hall.lookout.count
        await hall.daemon.start()
        for pager in hall.pagers.values():
            await pager.sees(Rings, PAGE_S, lambda rings: rings.page.incident == incident, after=before)
        await pages_at_once(hall, 5, "BALIE 1")
        async with hall.daemon.onlooker() as seen:
            assert "moved to" in await seen.fault("journal/corrupt", SOON_S)
            await seen.durable(SOON_S)
            assert hall.daemon.replayed(seen.n) == seen.state
        verdict = hall.daemon.verdict()
        assert len(verdict.files) == 2
        assert [problem for problem in verdict.problems if "moved aside" not in problem] == []


@pytest.mark.asyncio
async def test_after_a_journal_of_garbage_the_pagers_still_know(tmp_path: Path, switched_disk: Path) -> None:
    async with hall_on_disk(tmp_path, switched_disk) as (hall, _):
        await hall.daemon.start()
        seq = await pages_at_once(hall, 7, "BALIE 3")
        incident = (await hall.zenders[7].confirmed(seq, SOON_S)).incident
        assert await hall.daemon.stop() == 0
        (journal,) = hall.daemon.state.glob("journal-*.db")
        journal.write_bytes(b"garbage " * (journal.stat().st_size // 8))

        before = hall.lookout.count
        await hall.daemon.start()
        await pages_at_once(hall, 5, "BALIE 1")
        async with hall.daemon.onlooker() as seen:
            assert "nothing in it can be read" in await seen.fault("journal/corrupt", SOON_S)
            await hall.pagers["p1"].answer("coming", incident=incident)
            await seen.until(lambda state: incident in state.alarms, SOON_S)
            for name in ("p2", "p3"):
                pager = hall.pagers[name]
                await pager.sees(Rings, PAGE_S, lambda rings: rings.page.incident == incident, after=before)
            await seen.durable(SOON_S)
            assert hall.daemon.replayed(seen.n) == seen.state
        assert [fact.press for fact in hall.daemon.facts() if isinstance(fact, f.AlarmRecovered)] == [incident]
        verdict = hall.daemon.verdict()
        assert verdict.files[0].startswith(f"{journal.name}.corrupt-")
        assert [problem for problem in verdict.problems if verdict.files[0] not in problem] == []
