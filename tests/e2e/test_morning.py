"""A morning of ten seconds: the unchanged daemon, mosquitto, pagers in their docks, telephones behind an ntfy server.

The times of the day come with a reload, once everybody is there: then nothing depends on how long a start takes. What
people read is read at the terminal and on the telephones; nothing else is believed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from achterwacht.core import facts as f
from achterwacht.core.moment import HOUSE_ZONE
from achterwacht.core.morning import TOLD_AFTER_S
from achterwacht.core.state import State
from achterwacht_sim.events import HelpChanged, Over, Proves, Rings, Shows
from achterwacht_sim.node import Pager
from daemon import PROGRAM, ROOT, Lines, Onlooker, write_plan
from e2e.hall import PAGE_S, SOON_S, TEAM, Hall, town_hall
from fake_phones import FakeNtfy, until

# A pager is heard ten times as often as a real one: whoever starts anew knows within a second where each is.
BEATS_S = 1.0
# From the reload to the check, the words after it, and a busy machine. No day ends in the middle of it.
STORY_S = 45
# So long after a start it says nothing yet of who is missing (core/morning.py), and a busy machine.
AWAKE_S = TOLD_AFTER_S + SOON_S
SETTLE_S = 0.5
NEVER = "23:59:59"
TOPICS = {
    "lid-3": "aw-VOORBEELD-lid-3-4Tq8",
    "receptie-1": "aw-VOORBEELD-receptie-7Kp2",
    "leiding-1": "aw-VOORBEELD-leiding-8Zm1",
}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def members() -> list[dict[str, Any]]:
    """The shipped ones; whoever has a topic has a telephone instead of an open page. One of them is the coordinator."""
    shipped = YAML(typ="safe", pure=True).load((ROOT / "config" / "achterwacht.yaml").read_text(encoding="utf-8"))
    for member in shipped["members"]:
        if member["id"] in TOPICS:
            member |= {"ntfy": TOPICS[member["id"]], "ways": ["ntfy"]}
        if member["id"] == "leiding-1":
            member["roles"] = ["supervisor", "coordinator"]
    found: list[dict[str, Any]] = shipped["members"]
    return found


@dataclass
class House:
    """A town hall whose pagers hang in their docks."""

    hall: Hall
    ntfy: FakeNtfy
    plan: dict[str, Any]
    pagers: dict[str, Pager] = field(default_factory=dict)

    async def begins(self, look: Onlooker, **after_s: int) -> None:
        """The day of the plan from now on: each of its times in so many seconds."""
        now = datetime.now(HOUSE_ZONE)
        times = {f"{name}_at": f"{now + timedelta(seconds=s):%H:%M:%S}" for name, s in after_s.items()}
        self.plan["morning"] |= times
        write_plan(self.hall.daemon.config, self.hall.broker, **self.plan)
        self.hall.daemon.reload()
        await look.fact(f.PlanAdopted, SOON_S)

    async def take(self, look: Onlooker, *pagers: str) -> None:
        """These leave their docks, and each shows a silent page."""
        for pager in pagers:
            self.pagers[pager].set_docked(False)
        for pager in pagers:
            await self.pagers[pager].sees(Proves, SOON_S)
        await look.until(lambda state: proven(state) >= set(pagers), SOON_S, "they have proven themselves")

    def told(self, who: str) -> list[str]:
        """What stands on the telephone of this member, titles and texts."""
        return [f"{said['title']}\n{said['message']}" for said in self.ntfy.published if said["topic"] == TOPICS[who]]

    async def asks(self, *words: str) -> tuple[int, Any]:
        """Exit code of `achterwacht` with these words, and the JSON that it says."""
        process = await asyncio.create_subprocess_exec(
            *(str(PROGRAM), *words, "--json", "--state", str(self.hall.daemon.state)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(SOON_S):
            told, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, json.loads(told)


async def far_from_midnight() -> None:
    """Until the story fits into a day. The one thing that can only be waited for; almost always at once."""
    now = datetime.now(HOUSE_ZONE)
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), HOUSE_ZONE)
    if midnight - now < timedelta(seconds=STORY_S):
        await asyncio.sleep((midnight - now).total_seconds())


@asynccontextmanager
async def house(folder: Path, zenders: tuple[int, ...] = ()) -> AsyncIterator[House]:
    """The shipped building, open all day, with an ntfy server and with nothing that the morning wants yet."""
    await far_from_midnight()
    async with AsyncExitStack() as stack:
        ntfy = await stack.enter_async_context(FakeNtfy())
        plan: dict[str, Any] = {
            "hours": {**dict.fromkeys(DAYS, f"00:00-{NEVER}"), "holidays": []},
            "morning": {
                "self_test_at": NEVER,
                "watch_at": "23:59:56",
                "remind_at": "23:59:57",
                "check_at": "23:59:58",
                "hold_s": 1,
                "settle_s": SETTLE_S,
                "escalate_s": 2,
            },
            "members": members(),
            "phones": {"ntfy": {"url": ntfy.url, "reply_topic": "aw-VOORBEELD-antwoord"}},
        }
        hall = await stack.enter_async_context(town_hall(folder, zenders, (), start=False, help_at=zenders, **plan))
        house = House(hall, ntfy, {"help_at": zenders, **plan})
        for id in TEAM:
            pager = Pager(hall.broker_for(id), id, lookout=hall.lookout, telemetry_every_s=BEATS_S, docked=True)
            house.pagers[id] = await stack.enter_async_context(pager)
        await hall.daemon.start()
        async with hall.daemon.onlooker() as look:
            await look.until(all_docked, SOON_S, "all hang in their docks")
        await until(lambda: ntfy.streams, SOON_S)
        yield house


def all_docked(state: State) -> bool:
    return {pager for pager, placed in state.places.items() if placed.place == "docked"} == set(TEAM)


def proven(state: State) -> set[str]:
    return {pager for pager, carried in state.carried.items() if carried.proven_at}


def watched(state: State) -> bool:
    return state.pick_up is not None


@pytest.mark.asyncio
async def test_on_a_normal_morning_every_pager_is_taken_proven_and_nobody_is_told_anything(tmp_path: Path) -> None:
    async with house(tmp_path, (7,)) as morning, morning.hall.daemon.onlooker() as look:
        await morning.begins(look, watch=1, remind=4, check=5)
        await look.until(watched, SOON_S, "the watch")
        await morning.take(look, *TEAM)
        # It asks who carries it, and whoever does not say a name has it by the roster.
        p1, p2 = morning.pagers["p1"], morning.pagers["p2"]
        assert (await p1.sees(Shows, SOON_S)).page.kind == "who"
        assert (await p1.answered(await p1.answer("carry"), SOON_S)).result == "accepted"
        assert (await p2.answered(await p2.answer("carry", member="lid-4"), SOON_S)).result == "accepted"
        await look.until(lambda state: proven(state) == set(TEAM), SOON_S, "who takes one over proves it anew")

        checked = await look.fact(f.PickUpChecked, AWAKE_S)
        await look.fact(f.PickUpCompleted, SOON_S)
        assert checked.missing == ()
        code, told = await morning.asks("morning")
        assert (code, told["verdict"], told["carried"]) == (0, "ready", 3)
        rows = {row["pager"]: (row["member"], row["how"], row["why"]) for row in told["pagers"]}
        assert rows == {
            "p1": ("lid-1", "said", None),
            "p2": ("lid-4", "said", None),
            "p3": ("lid-3", "rostered", None),
        }
        assert morning.ntfy.published == []
        assert not morning.hall.rung


@pytest.mark.asyncio
async def test_a_forgotten_pager_is_named_with_its_number_also_after_a_kill_until_it_comes(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, (7,)) as morning:
        async with morning.hall.daemon.onlooker() as look:
            # It waits a while after its start before it reminds anybody; the check is after the kill all the same.
            await morning.begins(look, watch=1, remind=4, check=18)
            await look.until(watched, SOON_S, "the watch")
            await morning.take(look, "p1", "p2")
            await look.fact(f.PickUpReminded, AWAKE_S)
            await until(lambda: morning.told("lid-3"), SOON_S)
            assert "Haal pieper p3 op" in morning.told("lid-3")[0]
            await look.durable(SOON_S)
        await morning.hall.daemon.kill()
        await morning.hall.daemon.start()
        async with morning.hall.daemon.onlooker() as look:
            await look.until(lambda state: state.pick_up and state.pick_up.checked_at, AWAKE_S, "the check")
            assert proven(look.state) == {"p1", "p2"}, "what was proven before the kill still is"
            await until(lambda: morning.told("receptie-1"), SOON_S)
            (listed,) = morning.told("receptie-1")
            assert "Niet alle piepers zijn opgehaald" in listed
            assert "p3" in listed and "VOORBEELD Teamlid Drie" in listed and "06-00000003" in listed
            code, told = await morning.asks("morning")
            (missing,) = [row for row in told["pagers"] if row["why"]]
            assert (code, told["verdict"]) == (1, "missing")
            assert (missing["pager"], missing["duty"], missing["why"]) == ("p3", "lid-3", "docked")
            assert [tried["what"] for tried in missing["missing"]["tried"]] == ["reminded"]

            assert (await morning.asks("called", "p3", "--comes"))[0] == 0
            await look.fact(f.PickUpEscalated, SOON_S)
            await until(lambda: morning.told("leiding-1"), SOON_S)
            assert "VOORBEELD Teamlid Drie" in morning.told("leiding-1")[0]

            await morning.take(look, "p3")
            await look.fact(f.PickUpCompleted, SOON_S)
            await until(lambda: len(morning.told("receptie-1")) == 2, SOON_S)
            assert "Alle piepers zijn opgehaald" in morning.told("receptie-1")[1]
            code, told = await morning.asks("morning")
            (late,) = [row for row in told["pagers"] if row["missing"]]
            assert (code, told["verdict"], late["pager"], late["why"]) == (0, "ready", "p3", None)
            assert [tried["what"] for tried in late["missing"]["tried"]] == ["reminded", "comes", "escalated"]
        kinds = [type(fact) for fact in morning.hall.daemon.facts()]
        assert [kinds.count(kind) for kind in (f.WatchBegan, f.PickUpReminded, f.PickUpChecked)] == [1, 1, 1]


@pytest.mark.asyncio
async def test_a_press_breaks_a_drill_off_and_is_a_real_alarm_at_once(tmp_path: Path) -> None:
    async with house(tmp_path, (7, 8)) as morning, morning.hall.daemon.onlooker() as look:
        p1, p2 = morning.pagers["p1"], morning.pagers["p2"]
        await morning.take(look, "p1", "p2")
        code, _ = await morning.asks("drill", "start", "7")
        assert code == 0
        practised = await p1.rings("BALIE 3", PAGE_S)
        assert (practised.page.kind, practised.page.press, "OEFENING" in practised.page.text) == ("drill", "", True)
        assert practised.page.incident.startswith("drill-")
        assert (await p1.answered(await p1.answer("coming"), SOON_S)).result == "accepted"

        pressed = await morning.hall.zenders[8].press()
        incident = (await morning.hall.zenders[8].confirmed(pressed, SOON_S)).incident
        for pager in (p1, p2):
            real = await pager.sees(Rings, PAGE_S, lambda rings: rings.page.incident == incident)
            assert (real.page.kind, "BALIE 4" in real.page.text) == ("alarm", True)
            await pager.sees(Over, SOON_S, lambda over: over.page.incident == practised.page.incident)
            assert list(pager.firmware.incidents) == [incident]
        assert (await look.fact(f.DrillEnded, SOON_S)).end == "real alarm"
        assert (await p1.answered(await p1.answer("coming"), SOON_S)).result == "accepted"
        raised = [fact for fact in look.facts if isinstance(fact, f.AlarmRaised)]
        assert [fact.zender for fact in raised] == [8]


@pytest.mark.asyncio
async def test_a_button_is_tested_by_command_and_nobody_comes(tmp_path: Path) -> None:
    async with house(tmp_path, (7,)) as morning, morning.hall.daemon.onlooker() as look:
        await morning.take(look, "p1")
        zender, p1 = morning.hall.zenders[7], morning.pagers["p1"]
        process = await asyncio.create_subprocess_exec(
            *(str(PROGRAM), "test", "zender", "7", "--on", "pager:p1", "--by", "receptie-1"),
            *("--state", str(morning.hall.daemon.state)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None and process.stdout is not None
        told = Lines()

        async def read() -> None:
            while line := await process.stdout.readline():  # type: ignore[union-attr]
                told.add(line.decode().rstrip("\n"))

        reading = asyncio.create_task(read())
        try:
            await told.until("Druk nu op de knop van zender 7 (Balie 3)", SOON_S)
            await zender.sees(HelpChanged, SOON_S, lambda sign: sign.state == "test")
            await zender.confirmed(await zender.press(), SOON_S)
            await told.until("Was u dat?", SOON_S)
            process.stdin.write(b"\n")
            await told.until("toont: ", SOON_S)
            await told.until("Staat daar de juiste plaats?", SOON_S)
            process.stdin.write(b"j\n")
            async with asyncio.timeout(SOON_S):
                assert await process.wait() == 0, str(told)
        finally:
            if process.returncode is None:
                process.kill()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        shown = await p1.sees(Shows, SOON_S, lambda shows: shows.page.kind == "test")
        assert shown.page.text.startswith("TEST") and "BALIE 3" in shown.page.text
        ended = await look.fact(f.ButtonTestEnded, SOON_S)
        assert (ended.zender, ended.by, ended.end) == (7, "receptie-1", "right")
        await zender.sees(HelpChanged, SOON_S, lambda sign: sign.state == "idle")
        assert not morning.hall.rung and not look.state.alarms
