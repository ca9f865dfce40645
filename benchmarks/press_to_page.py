"""From press to page, beside the smallest relay in C in the same run: `make bench`. README.md tells how to read it.

Everything is on loopback and on one clock: a press counts from the moment its node publishes it, a page from the moment
its bytes are read from the pager's socket. Ends with 1 when a budget of docs/promises.md is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from benchmarks.beats import BEAT_S  # noqa: E402
from benchmarks.browsers import REQUESTS_A_S, SOCKETS  # noqa: E402
from benchmarks.crowd import Crowd, zenders_yaml  # noqa: E402
from benchmarks.nodes import ZENDERS, Building, Press  # noqa: E402
from benchmarks.pages import TeamPage, crowd_at, dashboard_of  # noqa: E402
from benchmarks.presses import PAUSE_S, arm, burst, finish, flood, one_by_one, one_hop, press_while, start  # noqa: E402
from benchmarks.story import facts_of, shown_ms, steps_late_ms  # noqa: E402
from benchmarks.systems import Daemon, Missing, Process, Tools, disk  # noqa: E402
from benchmarks.table import Table  # noqa: E402
from benchmarks.voices import black_hole, with_every_voice, with_pagers_alone  # noqa: E402

from achterwacht.core import facts as f  # noqa: E402
from achterwacht.core.facts import Fact  # noqa: E402
from achterwacht.core.faults import device_of  # noqa: E402
from achterwacht.core.state import State  # noqa: E402
from achterwacht.link import connect  # noqa: E402
from achterwacht.paths import socket_path  # noqa: E402
from broker import DAEMON, USERS, Mosquitto  # noqa: E402
from daemon import Onlooker  # noqa: E402
from dashboard_program import Dashboard  # noqa: E402

DISK = "/var/tmp"
"""Where journals are written: on a disk, which the usual place for temporary files need not be."""
SLOW_MS = 20
"""An fsync of an SD card on a good day."""
HANGS_MS = 3_600_000
"""An fsync that outlives the benchmark."""

PAGE_BUDGET_MS, CONFIRM_BUDGET_MS, SHOWN_BUDGET_MS = 50.0, 250.0, 1000.0
STEP_BUDGET_MS, START_BUDGET_MS = 100.0, 1000.0
SILENT_BUDGET_MS, LOST_BUDGET_MS = 30_000.0, 5_000.0
SILENT, BROKER = "/silent", "broker/"
"""The end, or the beginning, of the keys of faults."""

OTHERS = tuple(range(1001, 2001))
"""A thousand numbers that the plan does not know: each is an alarm of its own, and nobody answers it."""
OTHERS_EVERY_S = 0.03
"""So many alarms a second that, at a repeat every 30 s, all thousand are spread evenly over it."""

VOICES_TURNS = 3
"""How often the house with pagers alone and the one with every voice take turns."""
LOADED_S = 5.0
"""By then whatever telephones need is loaded."""
ALONE_S = (1.0, 1.3)
"""Between two presses: an alarm that nobody can be told of is some forty orders, each tried for half a minute. In a
building they do not come twenty times a second."""
GIVEN_UP_S = 2.0
"""Between two houses: what the one tries in vain must not cost the other."""

BORN_EVERY_S = 0.005
"""After a power cut no two nodes start alike: two thousand within ten seconds, as their first beats."""
KNOWN_S = 2.0
"""By then a daemon has heard what the broker remembers of two thousand zenders."""
LOOKED_S = 5.0
"""An alarm that is not on a page by then is not counted as shown: the page itself says that it is old."""
STOPPED_S = 4.0
"""Longer than the link waits for a reader that takes nothing."""
FAULT_S = 40.0
"""A fault that has not come by then will not."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. Everything stays below four minutes, the quick one below forty seconds."""

    presses: int
    bursts: int
    starts: int
    idle_s: float
    others: int
    flood_s: float
    flood_presses: int
    """The flood goes on until so many were pressed, for the memory that they leave behind."""
    zenders: int
    """In the large building."""
    births: int
    """So often all of them start anew."""
    reloads: int
    pages: int
    """Presses beside each state of the dashboard but those in which it dies."""
    kills: int
    """So often it is killed, and so often stopped."""
    voices: int
    """Presses in each turn of the house with pagers alone and the one with every voice."""
    silence: bool
    """Whether to wait half a minute for the faults of zenders that fall silent."""


FULL = Size(
    presses=300, bursts=30, starts=5, idle_s=10.0, others=1000, flood_s=3.0, flood_presses=10_000,
    zenders=2000, births=3, reloads=3, pages=200, kills=5, voices=15, silence=True,
)  # fmt: skip
QUICK = Size(
    presses=40, bursts=5, starts=3, idle_s=2.0, others=0, flood_s=1.0, flood_presses=0,
    zenders=500, births=1, reloads=1, pages=30, kills=1, voices=5, silence=False,
)  # fmt: skip


class Bench:
    """One run: measures part by part, into `table`. `tools` is None where nothing can be compiled."""

    def __init__(self, folder: Path, tools: Tools | None, size: Size, table: Table) -> None:
        self._folder, self._tools, self._size, self._table = folder, tools, size, table
        self._brokers = 0

    async def run(self, only: Collection[str]) -> None:
        """Everything (or what is named in `only`), in the order of the table. What is lost in one part does not end the
        others."""
        parts = {
            "floor": self.floor, "daemon": self.daemon, "starts": self.starts, "disk": self.slow_disk,
            "voices": self.voices, "dashboard": self.dashboard, "crowd": self.crowd, "flood": self.flood,
            "scale": self.scale,
        }  # fmt: skip
        if unknown := sorted(set(only) - parts.keys()):
            raise SystemExit(f"no part {', '.join(unknown)}: expected of {', '.join(parts)}")
        for part in (part for name, part in parts.items() if not only or name in only):
            try:
                await part()
            except TimeoutError as lost:
                self._table.lose(f"{part.__name__}: {lost}")

    # --- the parts ----------------------------------------------------------------------------------------------------

    async def floor(self) -> None:
        """What the broker and a program that does nothing else would take."""
        self._table.title("The floor")
        with self._broker() as broker:
            self._table.times("broker alone, one hop", await one_hop(broker, self._size.presses))
            if self._tools is None:
                return
            command = [str(self._tools.relay), broker.host, str(broker.port), DAEMON, broker.password(DAEMON)]
            with Process(command, self._folder / "relay.log"):
                async with Building((broker.host, broker.port), broker.password) as building:
                    await arm(building)
                    presses = await one_by_one(building, self._size.presses, ends=False)
            floor = self._table.times("relay in C: press → page on all three pagers", [p.page_ms for p in presses])
            self._table.relay_ms = floor.p50

    async def daemon(self) -> None:
        """One press at a time, then all desks at once."""
        with self._broker() as broker:
            async with self._house(broker) as (daemon, building):
                presses = await one_by_one(building, self._size.presses)
                bursts = [await burst(building) for _ in range(self._size.bursts)]
        self._table.title("Achterwacht, one press at a time")
        self._paths(presses, facts_of(daemon.state))
        self._table.title(f"All {len(ZENDERS)} desks at once")
        first_ms = [min(press.first_page_ms for press in presses) for presses in bursts]
        self._table.times("press → the first page of all", first_ms)
        last_ms = [max(press.page_ms for press in presses) for presses in bursts]
        self._table.times("press → the last page of all", last_ms, PAGE_BUDGET_MS)
        last_ms = [max(press.confirm_ms for press in presses) for presses in bursts]
        self._table.times("press → the last one durable and confirmed", last_ms, CONFIRM_BUDGET_MS)

    def _paths(self, presses: list[Press], facts: list[Fact]) -> None:
        self._table.times("press → the first page", [press.first_page_ms for press in presses])
        self._table.times("press → page on all three pagers", [press.page_ms for press in presses], PAGE_BUDGET_MS)
        self._table.times("press → all three shown (fact)", shown_ms(presses, facts), SHOWN_BUDGET_MS)
        confirms_ms = [press.confirm_ms for press in presses]
        assert all(press.durable for press in presses), "a press was confirmed that is not durable"
        self._table.times("press → durable and confirmed", confirms_ms, CONFIRM_BUDGET_MS)

    async def starts(self) -> None:
        """From exec until a press that waited at the broker is confirmed; then what a daemon costs that only waits."""
        self._table.title("Start → armed (exec → the first press durable and confirmed)")
        with self._broker() as broker:
            async with self._house(broker) as (daemon, building):
                daemon.stop()  # from now on the broker keeps presses for it
                for name, cold in (("the plan is known", False), ("the YAML must be read", True)):
                    times_ms = [await start(daemon, building, cold) for _ in range(self._size.starts)]
                    self._table.times(name, times_ms, START_BUDGET_MS)
                with daemon:
                    await building.close(await arm(building))
                    memory_mb, begin_cpu_s = daemon.rss_mb, daemon.cpu_s
                    await asyncio.sleep(self._size.idle_s)
                    idle = 100 * (daemon.cpu_s - begin_cpu_s) / self._size.idle_s
        self._table.say("\nArmed, and nothing happens")
        self._table.figure("memory (RSS)", memory_mb, "MB")
        self._table.figure(f"processor, over {self._size.idle_s:g} s", idle, "% of a core")

    async def slow_disk(self) -> None:
        """The same presses with a disk that is slow, and with one that never answers."""
        if self._tools is None:
            return
        for fsync_ms in (SLOW_MS, HANGS_MS):
            with disk(self._tools.slow_fsync, fsync_ms), self._broker() as broker:
                async with self._house(broker) as (daemon, building):
                    presses = await one_by_one(building, self._size.presses)
            if fsync_ms == SLOW_MS:
                self._table.title(f"Under daemon and broker a disk whose fsync takes {SLOW_MS} ms")
                self._paths(presses, facts_of(daemon.state))
            else:
                self._table.title("Under daemon and broker a disk whose fsync never ends")
                pages_ms = [press.page_ms for press in presses]
                self._table.times("press → page on all three pagers", pages_ms, PAGE_BUDGET_MS)

    async def voices(self) -> None:
        """The same presses with nothing but pagers, and with every other voice hanging; in turns, for the machine's
        mood changes."""
        alone_ms: list[float] = []
        beside_ms: list[float] = []
        with self._broker() as broker:
            async with black_hole() as port, Building((broker.host, broker.port), broker.password) as building:
                every = partial(with_every_voice, folder=self._folder, port=port)
                houses = [
                    (self._daemon(broker, edit=with_pagers_alone, name="alone"), alone_ms),
                    (self._daemon(broker, edit=every, name="beside"), beside_ms),
                ]
                for daemon, times_ms in houses * VOICES_TURNS:
                    with daemon:
                        await building.close(await arm(building))
                        await asyncio.sleep(LOADED_S)
                        presses = await one_by_one(building, self._size.voices, pause_s=ALONE_S)
                        times_ms += [press.page_ms for press in presses]
                        await asyncio.sleep(GIVEN_UP_S)
        self._table.title("Beside the pagers: a paging base, telephones, the alarm centre")
        alone = self._table.times("press → page on all three, nothing else", alone_ms, PAGE_BUDGET_MS)
        beside = self._table.times("press → page on all three, all others hang", beside_ms, PAGE_BUDGET_MS)
        self._table.figure("ratio of the p50", beside.p50 / alone.p50, "×")
        self._table.figure("ratio of the p99", beside.p99 / alone.p99, "×")

    async def dashboard(self) -> None:
        """Press → shown on an open page; and the same presses while the dashboard is killed, stopped and flooded."""
        count = self._size.pages
        with self._broker() as broker:
            async with self._house(broker) as (daemon, building):
                without = await one_by_one(building, count)
                async with dashboard_of(daemon.state, self._folder / "dashboard") as (dashboard, page, cookies):
                    calm = await self._looked_at(building, page, count)
                    killed = await press_while(building, self._kill(dashboard))
                    stopped = await press_while(building, self._stop(dashboard))
                    async with crowd_at(dashboard, cookies) as done:
                        flooded = await one_by_one(building, count)
                        late = await self._looked_at(building, page, count // 10)
        table = self._table
        table.title("Beside the dashboard: its page is a WebSocket client")
        for what, presses in (
            ("no dashboard", without),
            ("one that is looked at", calm),
            ("it is killed and started again, again and again", killed),
            ("it is stopped (SIGSTOP) and goes on, again and again", stopped),
            (f"{SOCKETS} pages and {REQUESTS_A_S} requests a second flood it", flooded),
        ):
            pages_ms = [press.page_ms for press in presses]
            table.times(f"page on all three: {what}", pages_ms, PAGE_BUDGET_MS)
        self._seen("press → shown on an open page of the team", page.times_ms(calm), count, SHOWN_BUDGET_MS)
        self._seen("press → shown on it while it is flooded", page.times_ms(late), count // 10)
        table.figure("pages open in the flood", done["open"], "")
        table.figure("what they were told", done["messages"], "messages/s")
        table.figure("requests answered in the flood", done["answers"], "requests/s")

    def _seen(self, what: str, times_ms: list[float], count: int, budget: float | None = None) -> None:
        if budget is not None and len(times_ms) < count:
            self._table.lose(f"{count - len(times_ms)} of {count} alarms were not on the open page")
        if times_ms:
            self._table.times(what, times_ms, budget)

    @staticmethod
    async def _looked_at(building: Building, page: TeamPage, count: int) -> list[Press]:
        """One press at a time, each over when the open page has it too."""
        presses = []
        for number in range(count):
            press = building.new_press(ZENDERS[number % len(ZENDERS)])
            building.send(press)
            await page.until(press.id, LOOKED_S)
            await finish(building, press)
            presses.append(press)
            await asyncio.sleep(random.uniform(*PAUSE_S))
        return presses

    async def _kill(self, dashboard: Dashboard) -> None:
        for _ in range(self._size.kills):
            await dashboard.kill()
            await dashboard.start()

    async def _stop(self, dashboard: Dashboard) -> None:
        for _ in range(self._size.kills):
            dashboard.pause()
            await asyncio.sleep(STOPPED_S)
            dashboard.resume()
            await asyncio.sleep(KNOWN_S)

    async def crowd(self) -> None:
        """A thousand other alarms are open, nobody answers them, and each climbs its ladder."""
        if not self._size.others:
            return
        with self._broker() as broker:
            async with self._house(broker) as (daemon, building):
                begin_s = time.monotonic()
                for number, nr in enumerate(OTHERS[: self._size.others], start=1):
                    await building.press_elsewhere(nr)
                    await asyncio.sleep(max(0.0, begin_s + number * OTHERS_EVERY_S - time.monotonic()))
                open_s, memory_mb = time.monotonic(), daemon.rss_mb
                presses = await one_by_one(building, self._size.presses)
                pages_s = dict(building.pages_s)
        self._table.title(f"{self._size.others} other alarms are open, and nobody answers them")
        self._table.times("press → page on all three pagers", [press.page_ms for press in presses], PAGE_BUDGET_MS)
        self._table.times("press → durable and confirmed", [p.confirm_ms for p in presses], CONFIRM_BUDGET_MS)
        ordered_ms, paged_ms = steps_late_ms(facts_of(daemon.state), pages_s, open_s)
        self._table.times("ladder step due → ordered (fact)", ordered_ms, STEP_BUDGET_MS)
        self._table.times("ladder step due → page on a pager", paged_ms)
        self._table.figure("memory then (RSS)", memory_mb, "MB")

    async def flood(self) -> None:
        """Every desk's button goes mad: distinct presses as fast as they are confirmed."""
        with self._broker() as broker:
            async with self._house(broker) as (daemon, building):
                before_mb, begin_s = daemon.rss_mb, time.monotonic()
                until_s = begin_s + self._size.flood_s
                pressed = await flood(building, lambda count: time.monotonic() < until_s)
                rate = pressed / (time.monotonic() - begin_s)
                pressed += await flood(building, lambda count: pressed + count < self._size.flood_presses)
                after_mb = daemon.rss_mb
        self._table.say(f"\n{len(ZENDERS)} desks flood it with distinct presses")
        self._table.figure("presses a second, until the last is confirmed", rate, "presses/s")
        self._table.figure(f"memory that {pressed} presses left behind (RSS)", after_mb - before_mb, "MB")

    async def scale(self) -> None:
        """A building of two thousand zenders, all of them alive."""
        count, table = self._size.zenders, self._table
        with self._broker() as broker:
            daemon = self._daemon(broker, zenders_yaml(count))
            async with (
                Building((broker.host, broker.port), broker.password) as building,
                Crowd(broker, building.boot, count) as crowd,
            ):
                with daemon:  # from now on the broker keeps presses for it
                    await building.close(await arm(building))
                table.title(f"{count} zenders, all of them alive: start → armed")
                # Without a budget: only the first start reads the YAML, and a start after a mistake in it does not.
                read_ms = [await start(daemon, building, cold=True) for _ in range(self._size.starts)]
                known_ms = [await start(daemon, building, cold=False) for _ in range(self._size.starts)]
                table.times("the plan is known", known_ms, START_BUDGET_MS)
                table.times("the YAML must be read", read_ms)
                with daemon:
                    await building.close(await arm(building))
                    await asyncio.sleep(KNOWN_S)
                    await self._alive(daemon, building, crowd)
                    await self._watched(daemon, building, crowd, broker)

    async def _alive(self, daemon: Daemon, building: Building, crowd: Crowd) -> None:
        """What the people of a large building feel while it lives."""
        table, size = self._table, self._size
        born_s = size.zenders * BORN_EVERY_S
        table.title(f"{size.zenders} zenders beat every {BEAT_S:g} s")
        self._press_rows("", await one_by_one(building, size.presses))
        presses = []
        for _ in range(size.births):
            presses += await press_while(building, crowd.births(born_s))
        self._press_rows(f"all born within {born_s:g} s: ", presses)
        presses = []
        for _ in range(size.births):
            await crowd.births(0.0)
            presses += await one_by_one(building, 1)
            await asyncio.sleep(KNOWN_S)
        # Without a budget: it counts from when a press reaches this machine, and here the broker still has it.
        table.times("all born in one moment: press → page on all three", [press.page_ms for press in presses])
        memory_mb, begin_cpu_s = daemon.rss_mb, daemon.cpu_s
        await asyncio.sleep(size.idle_s)
        idle = 100 * (daemon.cpu_s - begin_cpu_s) / size.idle_s
        table.figure("memory (RSS)", memory_mb, "MB")
        table.figure(f"processor, nobody presses, over {size.idle_s:g} s", idle, "% of a core")

    async def _watched(self, daemon: Daemon, building: Building, crowd: Crowd, broker: Mosquitto) -> None:
        """Who asks, who edits, and what breaks."""
        table, size = self._table, self._size
        async with connect(socket_path(daemon.state)) as connection:
            onlooker = Onlooker(connection)
            times_ms: list[float] = []
            presses = await press_while(building, self._ask(daemon, times_ms))
            table.times("`achterwacht status`, from exec to its end", times_ms)
            self._press_rows("somebody asks for it: ", presses)
            self._press_rows("the plan is read again: ", await press_while(building, self._edit(daemon, onlooker)))

            said_s = await crowd.gateway("offline")
            told = await onlooker.fact(f.FaultRaised, FAULT_S, lambda fact: bool(device_of(fact.key)))
            table.times("a gateway says that it is gone → fault", [1000 * (told.when.mono_s - said_s)], LOST_BUDGET_MS)
            broker.pause()
            paused_s = time.monotonic()
            told = await onlooker.fact(f.FaultRaised, FAULT_S, lambda fact: fact.key.startswith(BROKER))
            table.times("the broker hangs → fault", [1000 * (told.when.mono_s - paused_s)], LOST_BUDGET_MS)
            broker.resume()
            await onlooker.until(lambda state: not any(key.startswith(BROKER) for key in state.faults), FAULT_S)
            devices = [key for key in onlooker.state.faults if device_of(key)]
            if len(devices) != 1:
                table.lose(f"a loss is one fault, and these devices are missed: {', '.join(devices)}")
            if size.silence:
                await asyncio.sleep(BEAT_S)  # what was said to a broker that hung came late
                last_s = await crowd.silence()
                presses = await press_while(building, self._missed(onlooker, len(last_s)))
                faults = [fact for fact in onlooker.facts if isinstance(fact, f.FaultRaised) and SILENT in fact.key]
                silent_ms = [1000 * (fault.when.mono_s - last_s[int(_id_of(fault.key))]) for fault in faults]
                table.times("a switch fails, our own nodes fall silent → fault", silent_ms, SILENT_BUDGET_MS)
                self._press_rows("their faults come: ", presses)

    async def _missed(self, onlooker: Onlooker, count: int) -> None:
        def silent(state: State) -> bool:
            return sum(SILENT in key for key in state.faults) == count

        await onlooker.until(silent, FAULT_S)

    async def _ask(self, daemon: Daemon, times_ms: list[float]) -> None:
        for _ in range(self._size.starts):
            begin_s = time.monotonic()
            asking = await asyncio.create_subprocess_exec(*daemon.command("status"), stdout=asyncio.subprocess.DEVNULL)
            await asking.wait()
            times_ms.append(1000 * (time.monotonic() - begin_s))

    async def _edit(self, daemon: Daemon, onlooker: Onlooker) -> None:
        for number in range(self._size.reloads):
            place = f"Balie achteraan {number}"
            daemon.reload(zenders_yaml(self._size.zenders, place))
            await onlooker.until(lambda state, place=place: state.plan.zenders[-1].place == place, FAULT_S)  # type: ignore[misc]

    def _press_rows(self, when: str, presses: list[Press]) -> None:
        self._table.times(f"{when}press → page on all three", [press.page_ms for press in presses], PAGE_BUDGET_MS)
        self._table.times(f"{when}→ confirmed", [press.confirm_ms for press in presses], CONFIRM_BUDGET_MS)

    # --- what the parts share -----------------------------------------------------------------------------------------

    def _broker(self) -> Mosquitto:
        self._brokers += 1
        users = (*USERS, *map(str, OTHERS))
        return Mosquitto(self._folder / f"broker-{self._brokers}", users=users)

    def _daemon(
        self,
        broker: Mosquitto,
        zenders: str | None = None,
        edit: Callable[[dict[str, Any]], None] | None = None,
        name: str = "daemon",
    ) -> Daemon:
        folder = self._folder / f"{name}-{self._brokers}"
        return Daemon(folder, broker.host, broker.port, broker.password(DAEMON), zenders, edit)

    @asynccontextmanager
    async def _house(self, broker: Mosquitto) -> AsyncIterator[tuple[Daemon, Building]]:
        """A daemon that is armed, and its nodes."""
        with self._daemon(broker) as daemon:
            async with Building((broker.host, broker.port), broker.password) as building:
                await building.close(await arm(building))
                yield daemon, building


def _id_of(fault: str) -> str:
    """Of which device a fault is: the 7 of `zender:7/silent`."""
    return fault.partition(":")[2].partition("/")[0]


def main() -> int:
    """Measure what the command line asks for; 1 when a budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, and without the thousand alarms")
    parser.add_argument("--only", action="append", default=[], metavar="PART", help="one part; may be given again")
    parser.add_argument("--json", action="store_true", help="the rows as JSON on stdout, instead of the table")
    asked = parser.parse_args()
    if not (shutil.which("mosquitto") or Path("/usr/sbin/mosquitto").exists()):
        print("mosquitto is missing: apt-get install -y --no-install-recommends mosquitto", file=sys.stderr)
        return 1
    table = Table(quiet=asked.json)
    load, python = os.getloadavg()[0], sys.version.split()[0]
    table.say(f"{os.cpu_count()} cores, load {load:.1f}, Python {python}; all on loopback")
    with tempfile.TemporaryDirectory(prefix="achterwacht-", dir=DISK) as name:
        folder = Path(name)
        tools = None
        try:
            tools = Tools(folder)
        except Missing as missing:
            print(f"Without the relay in C and the slow disk. {missing}", file=sys.stderr)
        asyncio.run(Bench(folder, tools, QUICK if asked.quick else FULL, table).run(asked.only))
    if asked.json:
        print(json.dumps([asdict(row) for row in table.rows], indent=1))
    return 0 if table.kept else 1


if __name__ == "__main__":
    sys.exit(main())
