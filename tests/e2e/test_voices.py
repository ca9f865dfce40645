"""A town hall with every voice: config/examples/stemmen on the unchanged daemon, and nobody at the other end is ours.

An ESPA base on a real pty, a TAP terminal over TCP, an ntfy server, an SMS gateway by Apprise, and a receiving centre
(pysiaalarm), beside a pager of our own on mosquitto.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Queue
from typing import Any

import aiohttp
import pytest
from pysiaalarm.account import SIAAccount
from pysiaalarm.event import SIAEvent
from pysiaalarm.sync.client import SIAClient
from pysiaalarm.utils.enums import CommunicationsProtocol
from ruamel.yaml import YAML

from achterwacht.core import facts as f
from achterwacht.core.plan import CENTRE
from achterwacht_sim.espa_base import EspaBase
from achterwacht_sim.paging_base import PagingBase, TcpEnd
from achterwacht_sim.serial_line import Cable
from achterwacht_sim.tap_base import TapTerminal
from daemon import ROOT, Onlooker
from e2e.hall import PAGE_S, SOON_S, Hall, town_hall
from fake_phones import FakeJson, FakeNtfy, until

EXAMPLE = ROOT / "config" / "examples" / "stemmen"
KEY = "0123456789ABCDEF"
"""pysiaalarm takes these characters for the bytes of the key; the file has them in hexadecimal, as DC-09 does."""
START_S = 30.0
"""Apprise takes some seconds to load, beside everything else on two cores."""
LADDER = {
    "steps": [
        {"after_s": 0, "ring": ["pagers", "team"]},
        {"after_s": 2, "ring": ["pagers", "team", "backup", "alarm_centre"]},
    ],
    "repeat_s": 5,
}


@dataclass
class Centre:
    """pysiaalarm, listening in threads of its own."""

    client: SIAClient
    events: Queue[SIAEvent]

    @property
    def port(self) -> int:
        port: int = self.client.sia_server.server_address[1]
        return port

    async def code(self, code: str) -> SIAEvent:
        """The next event with this code. Raises queue.Empty."""
        while True:
            event = await asyncio.to_thread(self.events.get, timeout=SOON_S)
            if event.code == code:
                return event


@dataclass
class House:
    """Everybody at the other end of a voice."""

    hall: Hall
    espa: PagingBase
    tap: PagingBase
    ntfy: FakeNtfy
    sms: FakeJson
    centre: Centre
    onlooker: Onlooker

    async def handed_over(self, target: str, incident: str = "") -> None:
        await self.onlooker.fact(
            f.OrderHandedOver, SOON_S, lambda fact: fact.target == target and fact.incident == incident
        )

    async def press(self, nr: int) -> str:
        """Press, and wait until it is confirmed: the incident."""
        zender = self.hall.zenders[nr]
        return (await zender.confirmed(await zender.press(), SOON_S)).incident


def receiving_centre(stack: AsyncExitStack) -> Centre:
    events: Queue[SIAEvent] = Queue()
    client = SIAClient("127.0.0.1", 0, [SIAAccount("1234", KEY)], events.put, CommunicationsProtocol.TCP)
    client.start(poll_interval=0.02)
    stack.callback(client.stop)
    return Centre(client, events)


@asynccontextmanager
async def house(folder: Path, **faults: Any) -> AsyncIterator[House]:
    """The example, with its paths, hosts and secrets replaced by those of this test."""
    site = YAML(typ="safe", pure=True).load((EXAMPLE / "achterwacht.yaml").read_text(encoding="utf-8"))
    async with AsyncExitStack() as stack:
        cable = stack.enter_context(Cable(folder / "centrale"))
        system = EspaBase(reports=True)
        espa = await stack.enter_async_context(PagingBase(cable, system))
        converter = await stack.enter_async_context(TcpEnd())
        tap = await stack.enter_async_context(PagingBase(converter, TapTerminal(password="000000")))
        ntfy = await stack.enter_async_context(FakeNtfy("the-token"))
        sms = await stack.enter_async_context(FakeJson())
        centre = receiving_centre(stack)
        secrets = {
            "ntfy.token": "the-token",
            "sms.url": f"json://127.0.0.1:{sms.port}/{{phone}}",
            "mail.url": f"json://127.0.0.1:{sms.port}/{{email}}",
            "pac.key": KEY.encode().hex(),
        }
        for name, secret in secrets.items():
            (folder / name).write_text(secret + "\n")
        bases = site["paging_bases"]
        bases[0] |= {"path": str(folder / "centrale")}
        bases[1] |= {"host": "127.0.0.1", "tcp_port": converter.port}
        phones = site["phones"]
        phones["ntfy"] |= {"url": ntfy.url, "token_file": str(folder / "ntfy.token")}
        del phones["pushover"]  # whose servers cannot be ours: tests/outputs/phones/test_pushover.py
        for way in phones["apprise"]:
            way["url_file"] = str(folder / f"{way['way']}.url")
        for member in site["members"]:
            member["ways"] = [way for way in member["ways"] if way != "pushover"]
        line = site["alarm_centre"] | {
            "receivers": [{"host": "127.0.0.1", "port": centre.port}],
            "key_file": str(folder / "pac.key"),
        }
        hall = await stack.enter_async_context(
            town_hall(
                folder,
                (1, 2),
                ("p1",),
                files=EXAMPLE,
                paging_bases=bases,
                phones=phones,
                members=site["members"],
                alarm_centre=line,
                ladder=LADDER,
            )
        )
        onlooker = await stack.enter_async_context(hall.daemon.onlooker())
        yield House(hall, espa, tap, ntfy, sms, centre, onlooker)


def failing(onlooker: Onlooker) -> set[str]:
    """What keeps an order from going out, but for the telephones that nobody has registered here."""
    carriers = ("base", "channel", "way", "receiver", "alarm_centre", "phones")
    faults = {key for key in onlooker.state.faults if key.startswith(carriers)}
    return {key for key in faults if not key.endswith("/unregistered")}


async def is_well(house: House) -> None:
    """Every voice was heard to work."""
    await until(lambda: house.ntfy.streams, START_S)
    await house.onlooker.until(lambda _: not failing(house.onlooker), START_S, "every voice works")


@pytest.mark.asyncio
async def test_an_alarm_goes_out_by_every_voice_and_so_does_its_end(tmp_path: Path) -> None:
    async with house(tmp_path) as house_:
        onlooker, p1 = house_.onlooker, house_.hall.pagers["p1"]
        await is_well(house_)
        incident = await house_.press(1)
        await p1.rings("BALIE 1", PAGE_S)

        page = await house_.espa.next_page(SOON_S)
        assert (page.address, page.text, page.priority) == ("8000", "BALIE 1", 1)  # the group: one call for both
        assert (await house_.tap.next_page(SOON_S)).text == "BALIE 1"
        for target in ("pager:p2", "pager:p3", "pager:p4", "ntfy:lid-2", "sms:lid-1", "mail:lid-4", CENTRE):
            await house_.handed_over(target, incident)
        hold_up = await house_.centre.code("HA")
        assert hold_up.account == "1234" and hold_up.ri == "1" and hold_up.sia_code is not None
        assert {message["topic"] for message in house_.ntfy.published} == {"aw-VOORBEELD-lid-2-9Xw4"}
        assert house_.ntfy.published[0]["priority"] == 5 and "Balie 1" in house_.ntfy.published[0]["title"]
        assert "/31600000001" in {path for path, _ in house_.sms.got}
        # One word of a carrier is never taken for more than it is.
        shown = {fact.target for fact in onlooker.facts if isinstance(fact, f.OrderShown | f.OrderReceived)}
        assert shown == {"pager:p1"}

        # lid-2 presses the button under the message; whoever carries p3 presses the pager's.
        action = house_.ntfy.published[0]["actions"][0]
        async with aiohttp.ClientSession() as session:
            await session.post(action["url"], data=action["body"])
        answered = await onlooker.fact(f.Answered, SOON_S)
        assert (answered.by, answered.via, answered.answer) == ("lid-2", "ntfy:lid-2", "coming")
        espa = house_.espa.system
        assert isinstance(espa, EspaBase)
        espa.acknowledge("8002")
        answered = await onlooker.fact(f.Answered, SOON_S, lambda fact: fact.by == "lid-3")
        assert (answered.via, answered.answer) == ("pager:p3", "coming")

        # A word from the scene confirms it for the centre.
        await p1.answer("on_scene")
        await p1.answer("need_112")
        await onlooker.fact(f.AlarmConfirmed, SOON_S)
        confirmed = await house_.centre.code("HA")
        assert "BEVESTIGD" in (confirmed.message or str(confirmed.full_message)).upper()

        await p1.answer("all_clear")
        await onlooker.fact(f.AlarmClosed, SOON_S)
        await house_.centre.code("HH")
        while not (await house_.espa.next_page(SOON_S)).cancel:
            pass  # what rang again meanwhile
        await onlooker.until(lambda state: not state.outbox, SOON_S, "every order has ended")
        await onlooker.durable(SOON_S)
        house_.hall.check_journal()


@pytest.mark.asyncio
async def test_each_voice_that_dies_is_a_fault_before_the_next_alarm_and_the_pagers_ring(tmp_path: Path) -> None:
    async with house(tmp_path) as house_:
        onlooker = house_.onlooker
        await is_well(house_)
        house_.espa.faults = replace(house_.espa.faults, deaf=True)
        await house_.ntfy.stop()
        house_.centre.client.stop()
        for key in ("base:centrale/offline", "channel:ntfy/failing"):
            assert await onlooker.fault(key, START_S)
        await house_.press(1)
        await house_.hall.pagers["p1"].rings("BALIE 1", PAGE_S)
        assert (await house_.tap.next_page(SOON_S)).text == "BALIE 1"
        assert await onlooker.fault("alarm_centre/offline", START_S)  # asked by the hold-up, or by its supervision

        house_.espa.faults = replace(house_.espa.faults, deaf=False)
        await house_.ntfy.start()
        for key in ("base:centrale/offline", "channel:ntfy/failing"):
            await onlooker.no_fault(key, START_S)
        assert (await house_.espa.next_page(SOON_S)).text.startswith("BALIE 1")  # rung again by itself
