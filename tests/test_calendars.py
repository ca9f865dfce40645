"""The calendars of the daemon: when each is read, what is told of it, and that no process holds up anything."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from achterwacht import calendars as calendars_module
from achterwacht.calendars import AGAIN_S, CHANGED_S, CLOCK_WAIT_S, COMMAND, SAID_MAX_BYTES, Calendars
from achterwacht.clock import Clock
from achterwacht.core import heard as h
from achterwacht.core.faults import END_BY_THEMSELVES, RETOLD, kind_of
from achterwacht.core.moment import Moment
from achterwacht.core.plan import EMPTY_PLAN, Member, Pager
from achterwacht.inputs.wiring import CalendarFeed

WAIT_S = 10.0
TEAM = CalendarFeed("team", "duty", path="team.ics")
AWAY = CalendarFeed("verlof", "away", url="https://kalender.example/geheim.ics", every_s=60.0)
FAILING, UNCLEAR = "calendar:team/failing", "calendar:team/not understood"
DUTY = {"says": "duty", "first": "2026-12-01", "last": "2026-12-01", "pager": "p1", "member": "lid-1"}
ENTRY = h.CalendarEntry("duty", date(2026, 12, 1), date(2026, 12, 1), "p1", "lid-1")
READ = [h.CalendarRead("team", (ENTRY,)), h.TroubleOver(UNCLEAR), h.TroubleOver(FAILING)]
"""What is told when all of it is understood the first time."""
PLAN = replace(EMPTY_PLAN, pagers=(Pager("p1"),), members=(Member("lid-1"), Member("lid-2")))


class StoppedClock(Clock):
    """Shows what the test says."""

    def __init__(self) -> None:
        self.s = 100.0
        self.at = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
        self.ok = True

    def now(self) -> Moment:
        return Moment(self.s, self.at, self.ok)

    def mono_s(self) -> float:
        return self.s


class House:
    """Calendars whose process only says what the test has written down, or does what its script does."""

    def __init__(self, folder: Path, script: str = "print(open('said').read())") -> None:
        self._folder = folder
        asks = "import os, sys, time; wish = sys.stdin.readline(); open('asked', 'a').write(wish)\n"
        command = (sys.executable, "-c", f"import os; os.chdir({str(folder)!r})\n{asks}{script}")
        self.names = {"lid-1": "Anna de Vries"}
        self.heard: list[h.Heard] = []
        self.clock = StoppedClock()
        self.calendars = Calendars(self.heard.append, lambda id: self.names.get(id, ""), self.clock, command)
        self.says(entries=[DUTY])

    def says(self, **said: Any) -> None:
        """What a process says from now on."""
        (self._folder / "said").write_text(json.dumps(said))

    async def told(self, after_s: float = 0.0) -> list[h.Heard]:
        """What is told when so much time has passed and all that is due was read."""
        self.clock.s += after_s
        async with asyncio.timeout(WAIT_S):
            await self.calendars.read_due()
        told = self.heard.copy()
        self.heard.clear()
        return told

    def asked(self) -> list[dict[str, Any]]:
        """What each process was asked."""
        file = self._folder / "asked"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def fault(told: Sequence[h.Heard]) -> str:
    """The detail of the one fault that was told."""
    (trouble,) = told
    assert isinstance(trouble, h.Trouble)
    assert trouble.key == FAILING
    return trouble.detail


# --- what is told -----------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_calendar_is_read_at_once_and_then_at_its_pace_and_told_when_it_changes(house: House) -> None:
    house.calendars.follow([TEAM], PLAN)
    assert await house.told() == READ
    assert await house.told(after_s=899) == []
    assert len(house.asked()) == 1
    assert await house.told(after_s=1) == []
    assert len(house.asked()) == 2
    house.says(entries=[])
    assert await house.told(after_s=900) == [h.CalendarRead("team", ())]


@pytest.mark.asyncio
async def test_a_calendar_that_says_another_thing_each_time_is_read_less_often(house: House) -> None:
    house.calendars.follow([replace(TEAM, every_s=60.0)], PLAN)
    assert await house.told() == READ
    house.says(entries=[])
    assert await house.told(after_s=60) == [h.CalendarRead("team", ())]
    house.says(entries=[DUTY])
    assert await house.told(after_s=CHANGED_S - 1) == []
    assert await house.told(after_s=1) == [READ[0]]


@pytest.mark.asyncio
async def test_a_reading_is_asked_with_the_local_day_and_who_may_be_named(house: House) -> None:
    house.calendars.follow([AWAY], PLAN)
    await house.told()
    assert house.asked() == [
        {
            "of": "away",
            "first": "2026-11-23",  # half past midnight in Amsterdam
            "pagers": ["p1"],
            "members": {"lid-1": "Anna de Vries", "lid-2": ""},
            "path": "",
            "url": "https://kalender.example/geheim.ics",
        }
    ]


@pytest.mark.asyncio
async def test_a_calendar_that_cannot_be_read_is_told_and_changes_nothing(house: House) -> None:
    house.calendars.follow([TEAM], PLAN)
    await house.told()
    house.says(error="team.ics is not there")
    assert fault(await house.told(after_s=900)) == "team.ics is not there"
    assert await house.told(after_s=AGAIN_S) == []
    house.says(error="team.ics cannot be read")
    assert fault(await house.told(after_s=AGAIN_S)) == "team.ics cannot be read"
    house.says(entries=[DUTY])
    assert await house.told(after_s=AGAIN_S) == [h.TroubleOver(FAILING)]


@pytest.mark.asyncio
async def test_what_is_not_understood_is_told_without_its_words_which_only_the_log_has(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.says(entries=[DUTY], unclear=3, unclear_first="2026-12-01", titles=["Anna ziek", "?"])
    house.calendars.follow([TEAM], PLAN)
    told = await house.told()
    assert told == [READ[0], h.Trouble(UNCLEAR, "3 events, the first on 2026-12-01"), h.TroubleOver(FAILING)]
    assert "Anna ziek" in caplog.text
    caplog.clear()
    assert await house.told(after_s=900) == []
    assert caplog.text == ""
    house.says(entries=[DUTY], unclear=1, unclear_first="2026-12-02")
    assert await house.told(after_s=900) == [h.Trouble(UNCLEAR, "1 event, on 2026-12-02")]
    house.says(entries=[DUTY], unclear=1)
    assert await house.told(after_s=900) == [h.Trouble(UNCLEAR, "1 event")]
    house.says(entries=[DUTY])
    assert await house.told(after_s=900) == [h.TroubleOver(UNCLEAR)]


def test_the_faults_are_of_the_kinds_that_end_by_themselves_and_are_told_anew() -> None:
    assert {kind_of(FAILING), kind_of(UNCLEAR)} <= END_BY_THEMSELVES & RETOLD


# --- when it is read --------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_plan_that_is_read_again_forgets_nothing_of_what_stays(house: House) -> None:
    house.calendars.follow([TEAM, AWAY], PLAN)
    await house.told()
    house.calendars.follow([AWAY], PLAN)
    assert await house.told() == []
    assert [wish["of"] for wish in house.asked()] == ["duty", "away", "away"]


@pytest.mark.asyncio
async def test_a_calendar_that_is_elsewhere_now_is_another(house: House) -> None:
    house.calendars.follow([TEAM], PLAN)
    await house.told()
    house.calendars.follow([replace(TEAM, path="ander.ics")], PLAN)
    assert await house.told() == READ


@pytest.mark.asyncio
async def test_a_calendar_that_leaves_the_plan_while_it_is_read_says_nothing_more(house: House) -> None:
    house.calendars.follow([TEAM], PLAN)
    reading = asyncio.create_task(house.told())
    await asyncio.sleep(0)
    house.calendars.follow([], PLAN)
    async with asyncio.timeout(WAIT_S):
        assert await reading == []


@pytest.mark.asyncio
async def test_who_is_called_otherwise_is_looked_for_at_once(house: House) -> None:
    house.calendars.follow([TEAM], PLAN)
    await house.told()
    house.names["lid-2"] = "Bram Jansen"
    house.calendars.names_changed()
    await house.told()
    assert house.asked()[-1]["members"] == {"lid-1": "Anna de Vries", "lid-2": "Bram Jansen"}


@pytest.mark.asyncio
async def test_nothing_is_read_by_a_clock_that_nobody_vouches_for_until_nobody_will(house: House) -> None:
    house.clock.ok = False
    house.calendars.follow([TEAM], PLAN)
    assert await house.told(after_s=CLOCK_WAIT_S - 1) == []
    assert await house.told(after_s=1) == READ


@pytest.mark.asyncio
async def test_another_day_is_read_at_once(house: House) -> None:
    house.calendars.follow([TEAM], PLAN)
    await house.told()
    house.clock.at += timedelta(days=1)
    await house.told()
    await house.told()
    assert [wish["first"] for wish in house.asked()] == ["2026-11-23", "2026-11-24"]


@pytest.mark.asyncio
async def test_run_reads_for_ever(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars_module, "LOOK_EVERY_S", 0.001)
    told: asyncio.Queue[h.Heard] = asyncio.Queue()
    monkeypatch.setattr(house.calendars, "_hear", told.put_nowait)
    running = asyncio.create_task(house.calendars.run())
    try:
        async with asyncio.timeout(WAIT_S):
            house.calendars.follow([TEAM], PLAN)
            assert [await told.get() for _ in READ] == READ
            house.says(entries=[])
            house.calendars.names_changed()
            assert await told.get() == h.CalendarRead("team", ())
    finally:
        running.cancel()
        await asyncio.wait({running}, timeout=WAIT_S)


# --- what a process may do --------------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("sys.exit(1)", "ended too soon"),
        ("os.kill(os.getpid(), 9)", "ended too soon"),
        ("print('nonsense')", "speaks nonsense"),
        ('print(\'{"entries": [{"says": "duty"}]}\')', "speaks nonsense"),
        (f"print('x' * {SAID_MAX_BYTES + 1})", "speaks nonsense"),
        ("sys.stdin.close(); sys.stdout.write('half a line'); sys.stdout.flush()", "speaks nonsense"),
    ],
)
async def test_a_process_that_does_not_do_its_work_is_a_fault(script: str, told: str, tmp_path: Path) -> None:
    house = House(tmp_path, script)
    house.calendars.follow([TEAM], PLAN)
    assert told in fault(await house.told())


@pytest.mark.asyncio
async def test_a_process_that_hangs_is_killed_and_the_next_one_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, "time.sleep(60) if os.path.exists('hangs') else print(open('said').read())")
    house.calendars.follow([TEAM], PLAN)
    (tmp_path / "hangs").touch()
    monkeypatch.setattr(calendars_module, "READ_S", 0.3)
    assert "longer than 0.3 s" in fault(await house.told())
    (tmp_path / "hangs").unlink()
    monkeypatch.undo()
    assert await house.told(after_s=AGAIN_S) == READ


@pytest.mark.asyncio
async def test_beside_a_process_that_cannot_be_ended_no_other_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, "time.sleep(60)")
    house.calendars.follow([TEAM], PLAN)
    ended = calendars_module._end
    hanging: list[Process] = []

    async def not_ended(process: Process) -> None:
        hanging.append(process)

    monkeypatch.setattr(calendars_module, "READ_S", 0.1)
    monkeypatch.setattr(calendars_module, "_end", not_ended)
    assert "longer than" in fault(await house.told())
    assert "hangs" in fault(await house.told(after_s=AGAIN_S))
    assert len(hanging) == 1
    await ended(hanging[0])


@pytest.mark.asyncio
async def test_a_process_does_not_outlive_a_reading_that_is_cut_off(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "begun")
    house = House(tmp_path, "open('begun', 'w').write(str(os.getpid())); time.sleep(60)")
    house.calendars.follow([TEAM], PLAN)
    reading = asyncio.create_task(house.calendars.read_due())
    async with asyncio.timeout(WAIT_S):
        pid = int(await asyncio.to_thread((tmp_path / "begun").read_text))
        reading.cancel()
        await asyncio.wait({reading})
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.asyncio
@pytest.mark.parametrize("turns", range(1, 8))
async def test_a_reading_that_is_cut_off_while_its_process_starts_ends(house: House, turns: int) -> None:
    house.calendars.follow([TEAM], PLAN)
    reading = asyncio.create_task(house.calendars.read_due())
    for _ in range(turns):
        await asyncio.sleep(0)
    reading.cancel()
    async with asyncio.timeout(WAIT_S):
        await asyncio.wait({reading})
    assert reading.cancelled()


@pytest.mark.asyncio
async def test_a_process_that_cannot_be_started_is_a_fault() -> None:
    heard: list[h.Heard] = []
    calendars = Calendars(heard.append, lambda id: "", StoppedClock(), ("/no/such/program",))
    calendars.follow([TEAM], PLAN)
    await calendars.read_due()
    assert fault(heard) == "the process that reads it cannot be started: No such file or directory"


@pytest.mark.asyncio
async def test_a_mistake_of_ours_is_a_fault_of_one_calendar_alone(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(house.names, "lid-1", object())
    house.calendars.follow([TEAM], PLAN)
    assert "a mistake of ours (TypeError)" in fault(await house.told())
    assert caplog.records[0].levelno == logging.ERROR


# --- the process as it is ---------------------------------------------------------------------------------------------

HOSTILE = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:1
SUMMARY:p1 lid-1
DTSTART:20000101T000000Z
RRULE:FREQ=SECONDLY
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.asyncio
async def test_a_calendar_that_recurs_for_ever_is_cut_off_and_a_good_one_is_read_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile, good = tmp_path / "kwaad.ics", tmp_path / "goed.ics"
    hostile.write_text(HOSTILE)
    good.write_text(HOSTILE.replace("20000101T000000Z", "20261201T080000Z").replace("SECONDLY", "DAILY;COUNT=1"))
    heard: list[h.Heard] = []
    calendars = Calendars(heard.append, lambda id: "", StoppedClock(), COMMAND)
    monkeypatch.setattr(calendars_module, "READ_S", 1.5)
    calendars.follow([replace(TEAM, path=str(hostile))], PLAN)
    await calendars.read_due()
    assert "longer than 1.5 s" in fault(heard)
    monkeypatch.undo()
    calendars.follow([replace(TEAM, path=str(good))], PLAN)
    await calendars.read_due()
    assert heard[1:] == READ
