"""What the dashboard knows of the house, over real Unix sockets: every end of the link, and every daemon that is not as
it should be. Whatever happens, it is never old and looks new."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.server import ServerConnection, unix_serve

from achterwacht import link as links
from achterwacht.core import facts as f
from achterwacht.core.codec import to_plain
from achterwacht.core.evolve import evolve
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Zender
from achterwacht.core.state import State
from achterwacht.errors import AskedWrong, LinkUnavailable
from achterwacht.journal.people import FILE, Person, _replace, read_people
from achterwacht.link import Command, Link, Pages
from achterwacht_dashboard import house as the_house
from achterwacht_dashboard.house import House, Look
from house import TOWN_HALL
from house import House as Town

WITHIN_S = 15.0
"""Nothing here takes longer unless it is broken."""
ACCEPTED = {"result": "accepted", "note": "", "durable": True}

pytestmark = pytest.mark.asyncio


class Daemon:
    """The daemon's end of the link, around a town hall of the nights. Every start of `running` is a new boot."""

    def __init__(self, path: Path, town: Town | None = None) -> None:
        self.path = path
        self.town = town or Town()
        self.told_n = 0
        self.boots = 0
        self.heard: list[Command] = []
        self.answers = True
        self.waiting: list[Callable[[dict[str, Any]], None]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Link]:
        self.boots += 1
        self.link = Link(self.path, self._snapshot, self._on_command)
        run = asyncio.create_task(self.link.run())
        try:
            yield self.link
        finally:
            run.cancel()
            await asyncio.wait({run})

    def tell(self) -> None:
        facts = self.town.facts[self.told_n :]
        self.told_n = len(self.town.facts)
        if facts:
            self.link.stream(self.told_n, facts)
        self.link.durable(self.town.durable_n)

    def _snapshot(self) -> tuple[str, int, int, State, dict[str, float]]:
        self.told_n = len(self.town.facts)
        return f"boot{self.boots}", self.told_n, self.town.durable_n, self.town.state, {}

    def _on_command(self, command: Command, reply: Callable[[dict[str, Any]], None]) -> None:
        self.heard.append(command)
        if self.answers or isinstance(command, Pages):
            reply(ACCEPTED)
        else:
            self.waiting.append(reply)


class TownClock:
    """What the town's clock says."""

    def __init__(self, town: Town) -> None:
        self._town = town

    def now(self) -> Moment:
        return self._town.now


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    return Daemon(tmp_path / "link.sock")


@pytest_asyncio.fixture
async def house(daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A dashboard's house that runs, and tries again without waiting long."""
    monkeypatch.setattr(the_house, "AGAIN_S", 0.01)
    monkeypatch.setattr(the_house, "AGAIN_MAX_S", 0.02)
    house = House(daemon.path, tmp_path, TownClock(daemon.town))
    following = asyncio.create_task(house.run())
    yield house
    assert not following.done(), "it follows for ever"
    following.cancel()
    await asyncio.wait({following})


async def until(house: House, wanted: Callable[[Look], object]) -> Look:
    """Until the house looks like that."""
    async with asyncio.timeout(WITHIN_S):
        with house.watch() as changed:
            while not wanted(house.look):
                changed.clear()
                await changed.wait()
    return house.look


async def soon(wanted: Callable[[], object]) -> None:
    """Until something holds that tells nobody."""
    async with asyncio.timeout(WITHIN_S):
        while not wanted():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def fresh(look: Look) -> bool:
    return look.stale_since is None


def stale(look: Look) -> bool:
    return look.stale_since is not None


# --- facts ------------------------------------------------------------------------------------------------------------


async def test_it_folds_what_the_daemon_folds(daemon: Daemon, house: House) -> None:
    daemon.town.press(7)
    async with daemon.running():
        await until(house, fresh)
        assert house.look.state == daemon.town.state, "the snapshot"
        daemon.town.wait(2)
        daemon.town.says("anna", "coming")
        daemon.tell()
        await until(house, lambda look: look.n == daemon.told_n)
        assert house.look.state == daemon.town.state, "and every fact after it"
        assert house.look.boot == "boot1"


async def test_what_is_not_on_disk_is_pending_until_it_is(daemon: Daemon, house: House) -> None:
    async with daemon.running() as link:
        await until(house, fresh)
        incident = daemon.town.press(7)
        facts = daemon.town.facts[daemon.told_n :]
        daemon.told_n = len(daemon.town.facts)
        link.stream(daemon.told_n, facts)
        await until(house, lambda look: look.pending)
        assert house.look.pending == {incident}
        link.durable(daemon.told_n)
        await until(house, lambda look: not look.pending)
        assert house.look.durable_n == daemon.told_n


async def test_after_a_snapshot_whatever_is_open_may_be_pending(daemon: Daemon, house: House) -> None:
    incident = daemon.town.press(7)
    daemon.town.durable_n = len(daemon.town.facts) - 1
    async with daemon.running() as link:
        await until(house, fresh)
        assert house.look.pending == {incident}
        link.durable(len(daemon.town.facts))
        await until(house, lambda look: not look.pending)


async def test_one_who_stumbles_over_a_fact_does_not_keep_it_from_the_others(
    daemon: Daemon, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[f.Fact] = []

    def stumble(fact: f.Fact) -> None:
        raise ValueError("cannot read this")

    house.on_fact += [stumble, told.append]
    async with daemon.running():
        await until(house, fresh)
        daemon.town.press(7)
        daemon.tell()
        await until(house, lambda look: look.n == daemon.told_n)
        assert [fact for fact in told if isinstance(fact, f.AlarmRaised)]
        assert house.look.state == daemon.town.state
        assert fresh(house.look)
    assert "cannot read this" in caplog.text


# --- the ends of the link ---------------------------------------------------------------------------------------------


async def test_it_is_stale_before_it_has_heard_anybody(daemon: Daemon, house: House) -> None:
    await until(house, lambda look: "the daemon does not run" in look.why_stale)
    assert house.stale_since is not None


async def test_a_daemon_that_ends_is_noticed_at_once_and_its_successor_followed(daemon: Daemon, house: House) -> None:
    async with daemon.running():
        await until(house, fresh)
    await until(house, stale)
    assert house.look.stale_since == daemon.town.now
    assert "ended the connection" in house.look.why_stale or "no socket" in house.look.why_stale
    daemon.town.press(5)
    async with daemon.running():
        await until(house, fresh)
        assert house.look.boot == "boot2"
        assert house.look.state == daemon.town.state
        daemon.town.wait(1)
        daemon.tell()
        await until(house, lambda look: look.n == daemon.told_n)


async def test_a_daemon_that_falls_silent_is_old_since_its_last_word(
    daemon: Daemon, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent_s = links.SILENT_S
    monkeypatch.setattr(links, "SILENT_S", 0.3)

    async def hang(ws: ServerConnection) -> None:
        await ws.send(hello(daemon.town.state))
        await ws.wait_closed()

    async with unix_serve(hang, str(daemon.path)):
        await until(house, fresh)
        await until(house, stale)
        told = house.look  # it connects again at once, and then says why that fails
    assert "nothing heard from the daemon" in told.why_stale
    assert told.stale_since is not None
    assert told.stale_since.mono_s == daemon.town.now.mono_s - silent_s


async def test_a_process_that_was_held_up_is_old_before_it_knows_why(daemon: Daemon, house: House) -> None:
    async with daemon.running():
        await until(house, fresh)
        assert house._awake is not None
        then = replace(daemon.town.now, mono_s=daemon.town.now.mono_s - 60)
        house._awake = house._awake[0] - 60, then  # as after SIGSTOP, a minute, SIGCONT
        assert house.look.stale_since is None
        assert house.stale_since == then
        await until(house, stale)
        assert "was held up for 6" in house.look.why_stale
        assert house.look.stale_since == then
        await until(house, fresh)
        assert house.stale_since is None, "a new snapshot is new"


# --- a daemon that is not as it should be -----------------------------------------------------------------------------


def hello(state: Any, **changes: Any) -> str:
    said = {
        "type": "hello",
        "version": 1,
        "boot": "b0",
        "n": 0,
        "durable_n": 0,
        "heard_s": {},
        "state": to_plain(state),
    }
    return json.dumps(said | changes)


@asynccontextmanager
async def strange_daemon(path: Path, *frames: str) -> AsyncIterator[list[int]]:
    """Says these to each who comes; the numbers of those who came."""
    came: list[int] = []

    async def say(ws: ServerConnection) -> None:
        came.append(len(came))
        for frame in frames:
            await ws.send(frame)
        await ws.wait_closed()

    async with unix_serve(say, str(path)):
        yield came


FACT = {
    "at": "2026-11-21T13:02:00Z",
    "fact": "fault_raised",
    "key": "pager:p1/offline",
    "detail": "",
    "mono_s": 1.0,
    "clock_ok": True,
}


def fact(n: int, **changes: Any) -> str:
    return json.dumps({"type": "fact", "n": n, "durable": True, "fact": FACT | changes})


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        ([hello(State(), version=2)], "another version"),
        ([hello({"plan": 7})], "plan"),
        ([hello(State()), fact(1, fact="moon_risen")], "moon_risen"),
        ([hello(State()), fact(1, mono_s="late")], "mono_s"),
        ([hello(State()), fact(2)], "fact 2 came after fact 0"),
        ([hello(State()), '{"type":"fact","n":1}'], "durable"),
        (['{"type":"hello","version":1}'], "state"),
        ([hello(State()), "nonsense"], "no message of the link"),
    ],
)
async def test_what_is_not_understood_is_stale_with_a_reason_and_asked_for_anew(
    daemon: Daemon, house: House, frames: list[str], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with strange_daemon(daemon.path, *frames) as came:
        await until(house, lambda look: stale(look) and why in look.why_stale)
        await soon(lambda: len(came) >= 3)
    async with daemon.running():
        await until(house, lambda look: fresh(look) and look.boot == "boot1")
        assert house.look.state == daemon.town.state
        assert house.look.why_stale == ""


async def test_a_fold_that_breaks_starts_again_from_a_snapshot(
    daemon: Daemon, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(state: State, fact: f.Fact) -> State:
        if isinstance(fact, f.AlarmRaised):
            raise ZeroDivisionError
        return evolve(state, fact)

    monkeypatch.setattr(the_house, "evolve", broken)
    looks = []
    async with daemon.running():
        await until(house, fresh)
        daemon.town.press(7)
        daemon.tell()
        looks.append(await until(house, stale))
        await until(house, fresh)
        assert house.look.state == daemon.town.state, "what could not be folded is in the snapshot"
    assert "alarm_raised: ZeroDivisionError()" in looks[0].why_stale


async def test_what_is_never_understood_is_asked_for_ever_more_rarely() -> None:
    pauses = [the_house.AGAIN_S]
    for _ in range(6):
        pauses.append(the_house.longer_s(pauses[-1], lasted_s=0.1))
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert the_house.longer_s(10.0, lasted_s=3600.0) == the_house.AGAIN_S, "after an hour it is a first time again"


# --- commands and pages -----------------------------------------------------------------------------------------------


async def test_a_command_while_nobody_is_there_fails_at_once(daemon: Daemon, house: House) -> None:
    with pytest.raises(LinkUnavailable, match="does not answer"):
        await house.command({"command": "answer", "member": "anna", "incident": "7-a", "answer": "coming"})


async def test_two_commands_with_one_id_get_the_same_answer(daemon: Daemon, house: House) -> None:
    wish = {"command": "answer", "id": "x1", "member": "anna", "incident": "7-a", "answer": "coming"}
    async with daemon.running():
        await until(house, fresh)
        first, second = await asyncio.gather(house.command(wish), house.command(wish))
        assert first == second == {"type": "answered", "id": "x1", **ACCEPTED}


async def test_a_command_that_makes_no_sense_is_the_callers(daemon: Daemon, house: House) -> None:
    async with daemon.running():
        await until(house, fresh)
        with pytest.raises(AskedWrong, match="zender"):
            await house.command({"command": "claim", "zender": 0, "by": "anna"})


async def test_a_crowd_of_receipts_keeps_no_answer_waiting(daemon: Daemon, house: House) -> None:
    async with daemon.running():
        await until(house, fresh)
        daemon.answers = False
        receipts = [
            asyncio.create_task(house.command({"command": "receipt", "order": f"o{n}", "stage": "shown"}))
            for n in range(200)
        ]
        await soon(lambda: len(daemon.waiting) >= the_house.RECEIPTS_MAX)
        assert len(daemon.waiting) == the_house.RECEIPTS_MAX
        daemon.answers = True
        answer = {"command": "answer", "member": "anna", "incident": "7-a", "answer": "coming"}
        assert (await house.command(answer))["result"] == "accepted"
        for reply in daemon.waiting:
            reply(ACCEPTED)
        results = await asyncio.gather(*receipts)
        assert {result["result"] for result in results} == {"accepted"}


async def test_no_browser_can_make_the_daemon_refuse_another(daemon: Daemon, house: House) -> None:
    """The daemon lets one reader wait for 32 answers, and tells the next command that it is one too many."""
    async with daemon.running():
        await until(house, fresh)
        daemon.answers = False
        asking = [
            asyncio.create_task(house.command({"command": "receipt", "order": "o", "stage": "shown"}))
            for _ in range(100)
        ]
        asking += [asyncio.create_task(house.command({"command": "claim", "zender": 7, "by": "a"})) for _ in range(100)]
        with house.page_of("anna"):
            async with asyncio.timeout(WITHIN_S):
                while not any(isinstance(one, Pages) and one.members == ("anna",) for one in daemon.heard):
                    for reply in daemon.waiting:
                        reply(ACCEPTED)
                    daemon.waiting.clear()
                    await asyncio.sleep(0.01)
        daemon.answers = True
        for reply in daemon.waiting:
            reply(ACCEPTED)
        for result in await asyncio.gather(*asking):
            assert result["result"] == "accepted"


async def test_whose_pages_are_open_is_told_and_told_again_to_a_new_daemon(daemon: Daemon, house: House) -> None:
    def told() -> list[tuple[str, ...]]:
        return [one.members or () for one in daemon.heard if isinstance(one, Pages)]

    async def until_told(members: tuple[str, ...]) -> None:
        await soon(lambda: told() and told()[-1] == members)

    with house.page_of("anna"), house.page_of("bas"):
        async with daemon.running():
            await until_told(("anna", "bas"))
            with house.page_of("anna"):
                pass
        daemon.heard.clear()
        async with daemon.running():
            await until_told(("anna", "bas"))
            with house.page_of("cor"):
                await until_told(("anna", "bas", "cor"))
            await until_told(("anna", "bas"))
    assert house._pages == {}


async def test_pages_are_told_again_when_the_daemon_did_not_answer(
    daemon: Daemon, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(the_house, "COMMAND_S", 0.05)
    answer = daemon._on_command
    asked = 0

    def deaf_at_first(command: Command, reply: Callable[[dict[str, Any]], None]) -> None:
        nonlocal asked
        if isinstance(command, Pages) and command.members:
            asked += 1
            if asked < 3:
                return
        answer(command, reply)

    monkeypatch.setattr(daemon, "_on_command", deaf_at_first)
    with house.page_of("anna"):
        async with daemon.running():
            await soon(lambda: any(isinstance(one, Pages) and one.members == ("anna",) for one in daemon.heard))
    assert asked == 3


# --- floods and large houses ------------------------------------------------------------------------------------------


async def test_it_keeps_up_with_a_flood_of_facts_beside_everything_else(daemon: Daemon, house: House) -> None:
    asyncio.get_running_loop().set_debug(False)  # it would take more time than all the rest
    flood = 20_000
    async with daemon.running() as link:
        await until(house, fresh)
        state, n = daemon.town.state, len(daemon.town.facts)
        looked = 0

        async def look_on() -> None:
            nonlocal looked
            with house.watch() as changed:
                while house.look.n < n + flood:
                    changed.clear()
                    await changed.wait()
                    looked += 1

        looking = [asyncio.create_task(look_on()) for _ in range(200)]
        for begin in range(0, flood, 20):
            facts = [
                f.FaultRaised(daemon.town.now, f"pager:p{k % 9}/offline", f"for the {k}th time")
                for k in range(begin, begin + 20)
            ]
            state = reduce(evolve, facts, state)
            link.stream(n + begin + 20, facts)
            await asyncio.sleep(0)
        async with asyncio.timeout(WITHIN_S):
            await asyncio.gather(*looking)
        assert house.look.state == state
        assert fresh(house.look), "it was never so far behind that the daemon dropped it"


async def test_a_house_of_two_thousand_zenders_with_a_thousand_alarms(daemon: Daemon, house: House) -> None:
    asyncio.get_running_loop().set_debug(False)
    zenders = tuple(Zender(nr, f"Balie {nr}") for nr in range(1, 2001))
    plan = replace(TOWN_HALL, zenders=zenders)
    daemon.town.adopt(plan)
    state = daemon.town.state
    raised = [
        f.AlarmRaised(daemon.town.now, f"{nr}-a-1", f"{nr}-a-1", nr, f"Balie {nr}", daemon.town.now.mono_s, 0)
        for nr in range(1, 1001)
    ]
    daemon.town.state = reduce(evolve, raised, state)
    async with daemon.running() as link:
        await until(house, fresh)
        assert len(house.look.state.alarms) == 1000
        assert house.look.state == daemon.town.state
        link.stream(daemon.told_n + 1, [f.FaultRaised(daemon.town.now, "zender:7/silent", "")])
        await until(house, lambda look: "zender:7/silent" in look.state.faults)


# --- people -----------------------------------------------------------------------------------------------------------


async def test_names_are_read_again_when_their_file_has_changed(
    daemon: Daemon, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(the_house, "PEOPLE_S", 0.01)
    caplog.set_level(logging.ERROR)
    _replace(tmp_path / FILE, (Person("anna", "Anna", "06"),), ())
    async with daemon.running():
        await until(house, lambda look: look.names.get("anna") == "Anna")
        _replace(tmp_path / FILE, (Person("anna", "Anna de Vries", "06"),), ())
        await until(house, lambda look: look.names["anna"] == "Anna de Vries")


async def test_names_that_cannot_be_read_end_nothing_else(
    daemon: Daemon, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def bug(folder: Path) -> dict[str, Person]:
        raise KeyError("a bug")

    monkeypatch.setattr(the_house, "PEOPLE_S", 0.01)
    async with daemon.running():
        await until(house, fresh)
        monkeypatch.setattr(the_house, "read_people", bug)
        _replace(tmp_path / FILE, (Person("anna", "Anna", "06"),), ())
        await soon(lambda: "the names of people cannot be read" in caplog.text)
        daemon.town.press(7)
        daemon.tell()
        await until(house, lambda look: look.state.alarms)
        monkeypatch.setattr(the_house, "read_people", read_people)
        await until(house, lambda look: look.names.get("anna") == "Anna")
        assert fresh(house.look)
