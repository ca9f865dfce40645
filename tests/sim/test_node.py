"""Nodes on a real mosquitto, each logged in as itself under the access rules, against a fake daemon."""

from __future__ import annotations

import asyncio

import pytest

from achterwacht_sim.address import Broker
from achterwacht_sim.events import Confirmed, MalformedHeard, Offline, Online, Over, Restarted
from achterwacht_sim.faults import Faults
from achterwacht_sim.node import NoBroker, Pager, Zender
from achterwacht_sim.watching import Lookout
from broker import DAEMON, Mosquitto
from sim.fake_daemon import FakeDaemon

WAIT_S = 10.0


def login(mosquitto: Mosquitto, user: str) -> Broker:
    return Broker(mosquitto.host, mosquitto.port, user, mosquitto.password(user))


def fake_daemon(mosquitto: Mosquitto) -> FakeDaemon:
    return FakeDaemon(mosquitto.host, mosquitto.port, DAEMON, mosquitto.password(DAEMON))


@pytest.mark.asyncio
async def test_a_press_is_repeated_until_it_is_confirmed(mosquitto: Mosquitto) -> None:
    async with asyncio.timeout(WAIT_S), fake_daemon(mosquitto) as daemon:
        daemon.confirms = False
        async with Zender(login(mosquitto, "7"), 7) as zender:
            seq = await zender.press()
            presses = await daemon.hears("zender/7/press", 3)
            assert {press["seq"] for press in presses} == {seq}
            assert presses[0]["age_ms"] == 0
            assert presses[2]["age_ms"] >= 800
            daemon.confirms = True
            confirmed = await zender.confirmed(seq)
            assert confirmed.incident == f"7-{zender.firmware.boot}-{seq}"
            await zender.settled(WAIT_S)


@pytest.mark.asyncio
async def test_a_press_that_is_not_durable_is_known_but_not_settled(mosquitto: Mosquitto) -> None:
    async with asyncio.timeout(WAIT_S), fake_daemon(mosquitto) as daemon:
        daemon.durable = False
        async with Zender(login(mosquitto, "7"), 7) as zender:
            await zender.press()
            confirmed = await zender.sees(Confirmed, WAIT_S)
            assert not confirmed.durable
            assert zender.unsettled_count == 1
            due_s = zender.firmware._repeats.due()
            assert due_s is not None
            assert due_s - asyncio.get_running_loop().time() > 9.0


@pytest.mark.asyncio
async def test_birth_death_and_birth_again(mosquitto: Mosquitto) -> None:
    async with asyncio.timeout(WAIT_S), fake_daemon(mosquitto) as daemon:
        async with Zender(login(mosquitto, "7"), 7) as zender:
            first_boot = zender.firmware.boot
            await daemon.hears("zender/7/status", online=True, boot=first_boot, fw="1.0.0")
            await daemon.hears("zender/7/telemetry", boot=first_boot, battery=100)
            zender.die()
            await daemon.hears("zender/7/status", online=False, boot=first_boot)
            assert not zender.online
            zender.come_back()
            await daemon.hears("zender/7/status", online=True, boot=zender.firmware.boot)
            assert zender.firmware.boot != first_boot
            await daemon.say("zender/7/status", {"online": False, "boot": zender.firmware.boot}, retain=True)
            await daemon.hears("zender/7/status", 2, online=True, boot=zender.firmware.boot)
            last_boot = zender.firmware.boot
        await daemon.hears("zender/7/status", 2, online=False, boot=last_boot)


@pytest.mark.asyncio
async def test_a_reboot_has_a_new_boot_and_no_old_presses(mosquitto: Mosquitto) -> None:
    async with asyncio.timeout(WAIT_S), fake_daemon(mosquitto) as daemon:
        daemon.confirms = False
        async with Zender(login(mosquitto, "7"), 7) as zender:
            await zender.press()
            before = zender.lookout.count
            await zender.reboot()
            await zender.sees(Restarted, WAIT_S, after=before)
            await zender.sees(Online, WAIT_S, after=before)
            assert zender.unsettled_count == 0
            daemon.confirms = True
            assert (await zender.confirmed(await zender.press())).seq == 1


@pytest.mark.asyncio
async def test_a_used_up_boot_connects_anew_with_its_own_will(mosquitto: Mosquitto) -> None:
    async with asyncio.timeout(WAIT_S), fake_daemon(mosquitto) as daemon, Zender(login(mosquitto, "7"), 7) as zender:
        zender.firmware._seq = 2**31 - 1
        first_boot = zender.firmware.boot
        await zender.confirmed(await zender.press())
        assert zender.firmware.boot != first_boot
        await daemon.hears("zender/7/status", online=True, boot=zender.firmware.boot)
        zender.die()
        await daemon.hears("zender/7/status", online=False, boot=zender.firmware.boot)


@pytest.mark.asyncio
async def test_a_page_rings_once_and_its_receipts_are_repeated_until_answered(mosquitto: Mosquitto) -> None:
    async with asyncio.timeout(WAIT_S), fake_daemon(mosquitto) as daemon:
        daemon.answers = False
        async with Pager(login(mosquitto, "p1"), "p1") as pager:
            page = await daemon.page("p1", "7-ab-1", "7")
            rings = await pager.rings("BALIE 3")
            assert rings.page.reason == "first press"
            await daemon.hears("pager/p1/receipt", 2, page=page, stage="received")
            await daemon.hears("pager/p1/receipt", 2, page=page, stage="shown")
            daemon.answers = True
            await pager.settled(WAIT_S)
            before = pager.lookout.count
            await daemon.page("p1", "7-ab-1", "7", page=page)
            await daemon.page("p1", "7-ab-1", "7", page="another", text="BALIE 3 NOG EENS")
            assert (await pager.rings(after=before)).page.page == "another"
            await daemon.hears("pager/p1/receipt", 3, page=page, stage="shown")


@pytest.mark.asyncio
async def test_an_answer_is_heard_and_over_takes_the_incident_off(mosquitto: Mosquitto) -> None:
    async with (
        asyncio.timeout(WAIT_S),
        fake_daemon(mosquitto) as daemon,
        Pager(login(mosquitto, "p1"), "p1") as pager,
        Pager(login(mosquitto, "p2"), "p2") as other,
    ):
        for pager_id in ("p1", "p2"):
            await daemon.page(pager_id, "7-ab-1", "7")
        await pager.rings()
        await other.rings()
        answered = await pager.answered(await pager.answer("all_clear"))
        assert (answered.answer, answered.result) == ("all_clear", "accepted")
        for node in (pager, other):
            assert (await node.sees(Over, WAIT_S)).shown == "BALIE 3"
            assert node.firmware.display() == ()


@pytest.mark.asyncio
async def test_presses_and_answers_survive_a_broker_that_is_killed(mosquitto: Mosquitto) -> None:
    async with asyncio.timeout(3 * WAIT_S):
        async with Zender(login(mosquitto, "7"), 7) as zender, Pager(login(mosquitto, "p1"), "p1") as pager:
            async with fake_daemon(mosquitto) as daemon:
                await daemon.page("p1", "7-ab-1", "7")
                await pager.rings()
                await pager.settled(WAIT_S)
            mosquitto.kill()
            await zender.sees(Offline, WAIT_S)
            await pager.sees(Offline, WAIT_S)
            seq = await zender.press()
            answer = await pager.answer("coming")
            mosquitto.start()
            async with fake_daemon(mosquitto) as daemon:
                await zender.confirmed(seq, WAIT_S)
                await pager.answered(answer, WAIT_S)
                await daemon.hears("zender/7/status", online=True)


@pytest.mark.asyncio
async def test_a_bad_wire_delays_and_doubles_but_loses_nothing_that_matters(mosquitto: Mosquitto) -> None:
    faults = Faults(drop=0.3, duplicate=0.3, delay=0.3, delay_s=0.1, reorder=0.3)
    async with (
        asyncio.timeout(3 * WAIT_S),
        fake_daemon(mosquitto),
        Zender(login(mosquitto, "7"), 7, faults=faults, seed=3) as zender,
    ):
        sequence = [await zender.press() for _ in range(10)]
        for seq in sequence:
            await zender.confirmed(seq, 2 * WAIT_S)


@pytest.mark.asyncio
async def test_garbage_is_noted_and_harms_nothing(mosquitto: Mosquitto) -> None:
    async with asyncio.timeout(WAIT_S), fake_daemon(mosquitto) as daemon, Pager(login(mosquitto, "p1"), "p1") as pager:
        for level in ("page", "answered", "open"):
            await daemon.client.publish(f"achterwacht/v1/pager/p1/{level}", b"\xff[{", qos=1)
        await daemon.page("p1", "7-ab-1", "7")
        await pager.rings("BALIE 3")
        assert (await pager.sees(MalformedHeard, WAIT_S)).topic.endswith("/page")
        assert pager.firmware.malformed_count == 3


@pytest.mark.asyncio
async def test_without_a_broker_or_with_a_wrong_password_it_says_why(mosquitto: Mosquitto) -> None:
    with pytest.raises(NoBroker, match=r"zender 7: no broker at 127\.0\.0\.1:1: .*refused"):
        async with Zender(Broker("127.0.0.1", 1), 7, first_connection_wait_s=0.5):
            raise AssertionError
    with pytest.raises(NoBroker, match=r"[Nn]ot authorized"):
        async with Zender(Broker(mosquitto.host, mosquitto.port, "7", "wrong"), 7, first_connection_wait_s=0.5):
            raise AssertionError


@pytest.mark.asyncio
async def test_a_house_full_of_nodes_shares_one_lookout(mosquitto: Mosquitto) -> None:
    lookout = Lookout()
    async with asyncio.timeout(2 * WAIT_S), fake_daemon(mosquitto), asyncio.TaskGroup() as group:

        async def press_once(nr: int) -> None:
            async with Zender(login(mosquitto, str(nr)), nr, lookout=lookout) as zender:
                await zender.confirmed(await zender.press())

        for nr in range(1, 12):
            group.create_task(press_once(nr))
    confirmed = {noted.node for noted in lookout.kept if isinstance(noted.event, Confirmed)}
    assert confirmed == {f"zender {nr}" for nr in range(1, 12)}
