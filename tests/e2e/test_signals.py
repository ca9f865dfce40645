"""What systemd and a coordinator ask of the daemon: stop, read the plan again, start on whatever plan there is."""

from __future__ import annotations

import json
import time
from pathlib import Path

import msgspec
import pytest

from achterwacht.core import facts as f
from achterwacht.mqtt import FAREWELL_S
from broker import DAEMON
from daemon import write_plan
from e2e.hall import PAGE_S, SOON_S, Hall, town_hall
from e2e.raw import client

# A clean stop waits for nothing but a healthy disk and broker.
STOPS_S = 2.0
STATUS_TOPIC = "achterwacht/v1/daemon/status"


def spoil(hall: Hall) -> None:
    """Two slips of the pen, one in each file."""
    site = json.loads((hall.daemon.config / "achterwacht.yaml").read_text())
    site["language"] = "fy"
    (hall.daemon.config / "achterwacht.yaml").write_text(json.dumps(site))
    zenders = json.loads((hall.daemon.config / "zenders.yaml").read_text())
    zenders["zenders"][6]["nr"] = 6
    (hall.daemon.config / "zenders.yaml").write_text(json.dumps(zenders))


async def all_mistakes_are_told(hall: Hall) -> None:
    await hall.daemon.log.until("achterwacht.yaml:1:", SOON_S)
    await hall.daemon.log.until("zenders.yaml:1:", SOON_S)


@pytest.mark.asyncio
async def test_a_stop_is_clean_and_quick(tmp_path: Path) -> None:
    async with town_hall(tmp_path) as hall, client(hall.broker, DAEMON) as listener:
        await listener.subscribe(STATUS_TOPIC, 1)
        statuses = aiter(listener.messages)
        born = msgspec.json.decode((await anext(statuses)).payload)
        assert born["online"]
        began_s = time.monotonic()
        assert await hall.daemon.stop() == 0
        took_s = time.monotonic() - began_s
        print(f"SIGTERM to gone: {took_s:.2f} s")
        assert took_s < STOPS_S
        assert hall.daemon.words.all.count("STOPPING=1") == 1
        async for message in statuses:
            died = msgspec.json.decode(message.payload)
            if not died["online"]:
                assert died == {"online": False, "boot": born["boot"]}
                break
        facts = hall.check_journal()
        assert any(isinstance(fact, f.DaemonStopped) for fact in facts[-2:])
        assert not (hall.daemon.state / "link.sock").exists()


@pytest.mark.asyncio
async def test_a_stop_does_not_wait_for_a_hanging_broker(tmp_path: Path) -> None:
    async with town_hall(tmp_path, [7]) as hall:
        await hall.zenders[7].confirmed(await hall.zenders[7].press(), SOON_S)
        hall.broker.pause()
        began_s = time.monotonic()
        assert await hall.daemon.stop() == 0
        assert time.monotonic() - began_s < STOPS_S + FAREWELL_S
        hall.broker.resume()
        hall.check_journal()


@pytest.mark.asyncio
async def test_a_good_plan_is_adopted_and_an_open_alarm_keeps_its_own(tmp_path: Path) -> None:
    async with town_hall(tmp_path, [7]) as hall, hall.daemon.onlooker() as seen:
        seq = await hall.zenders[7].press()
        incident = (await hall.zenders[7].confirmed(seq, SOON_S)).incident
        write_plan(hall.daemon.config, hall.broker, ladder={"check_s": 77})
        hall.daemon.reload()
        adopted = await seen.fact(f.PlanAdopted, SOON_S)
        assert adopted.plan.ladder.check_s == 77
        assert seen.state.alarms[incident].plan.ladder.check_s == 120


@pytest.mark.asyncio
async def test_a_bad_plan_is_refused_with_every_mistake(tmp_path: Path) -> None:
    async with town_hall(tmp_path, [7]) as hall, hall.daemon.onlooker() as seen:
        await seen.until(lambda state: state.plan.zenders, SOON_S)
        before = seen.state.plan
        spoil(hall)
        hall.daemon.reload()
        assert "zenders.yaml:1:" in await seen.fault("plan/invalid", SOON_S)
        await all_mistakes_are_told(hall)
        assert seen.state.plan == before
        await hall.zenders[7].press()
        await hall.pagers["p1"].rings("BALIE 3", PAGE_S)
        write_plan(hall.daemon.config, hall.broker)
        hall.daemon.reload()
        await seen.no_fault("plan/invalid", SOON_S)


@pytest.mark.asyncio
async def test_without_any_good_plan_it_does_not_start_and_says_why(tmp_path: Path) -> None:
    async with town_hall(tmp_path, start=False) as hall:
        spoil(hall)
        await hall.daemon.start(ready=False)
        assert await hall.daemon.ended(SOON_S) == 1
        await all_mistakes_are_told(hall)


@pytest.mark.asyncio
async def test_with_a_bad_plan_it_starts_on_the_last_good_one(tmp_path: Path) -> None:
    async with town_hall(tmp_path, [7]) as hall:
        assert await hall.daemon.stop() == 0
        spoil(hall)
        await hall.daemon.start()
        await all_mistakes_are_told(hall)
        async with hall.daemon.onlooker() as seen:
            await seen.fault("plan/invalid", SOON_S)
        await hall.zenders[7].press()
        await hall.pagers["p1"].rings("BALIE 3", PAGE_S)
