"""What the archive finds in real journals: whole, growing, damaged, of another version, or not there."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from achterwacht.core import facts as f
from achterwacht.core.codec import decode
from achterwacht.core.escalation import checkpoint
from achterwacht.core.incident import drills, incidents
from achterwacht.errors import JournalError
from achterwacht.journal.opening import open_folder
from achterwacht.journal.writer import Journal
from achterwacht_dashboard import archive as room
from achterwacht_dashboard.archive import Archive, Entry, Told, Trouble
from achterwacht_dashboard.house import House as Follower
from dashboard_site import HouseClock
from house import House
from terminal import write

pytestmark = pytest.mark.asyncio

STRANGE = '{"mono_s":1.0,"at":"2026-11-21T09:00:00Z","clock_ok":true,"fact":"moon_landed"}'


def two_come(house: House, zender: int = 7) -> None:
    house.press(zender)
    house.wait(4)
    house.says("anna", "coming")
    house.wait(2)
    house.says("cor", "coming")
    house.wait(10)
    house.says("anna", "on_scene")
    house.says("cor", "on_scene")
    house.wait(20)
    house.says("anna", "all_clear")
    house.wait(700)


def a_year(house: House, incidents: int) -> House:
    """So many incidents with a day between them, and a drill."""
    for n in range(incidents):
        two_come(house, (5, 6, 7, 9)[n % 4])
        house.wait(86_400)
    house.practises(6)
    house.wait(3)
    house.says("anna", "coming")
    house.stops_practising()
    house.wait(700)
    return house


def remember(house: House) -> None:
    """The daemon writes a checkpoint, whatever is open."""
    house._write(checkpoint(house.state, house.now))


async def read(folder: Path) -> Archive:
    archive = Archive(folder)
    await archive.read_on()
    return archive


async def told(archive: Archive, name: str) -> Told:
    entry = archive.shelf.find(name)
    assert entry is not None
    told = await asyncio.to_thread(archive.tell, entry)
    assert told is not None
    return told


def by_itself(house: House) -> dict[str, object]:
    """The stories as who reads everything at once gets them, by id."""
    facts = [(n, decode(line)) for n, line in enumerate(house.lines, 1)]
    return {story.incident: story for story in (*incidents(facts), *drills(facts))}


async def test_a_list_of_a_year_newest_first_and_drills_apart(tmp_path: Path) -> None:
    house = a_year(House(), 25)
    await write(tmp_path, house.lines)
    shelf = (await read(tmp_path)).shelf
    assert (shelf.n, shelf.whole, shelf.trouble, shelf.gaps) == (len(house.lines), True, None, ())
    assert [entry.number for entry in shelf.incidents] == [f"2026-{n:03}" for n in range(25, 0, -1)]
    assert [entry.drill for entry in shelf.drills] == [True]
    newest = shelf.incidents[0]
    assert (newest.place, newest.coming, newest.on_scene, newest.police) == ("Balie 1", 2, 2, None)
    assert newest.closed is not None
    assert (newest.closed.by, newest.closed.after_s) == ("anna", 36.0)


async def test_a_story_read_again_is_the_same_as_one_of_everything(tmp_path: Path) -> None:
    house = a_year(House(), 30)
    assert house.all(f.Checkpoint), "a year is longer than what stands between two checkpoints"
    await write(tmp_path, house.lines)
    archive = await read(tmp_path)
    known = by_itself(house)
    for entry in (*archive.shelf.incidents, *archive.shelf.drills):
        assert (await told(archive, entry.name)).story == known[entry.incident]


async def test_a_story_goes_on_over_checkpoints_and_restarts(tmp_path: Path) -> None:
    house = House()
    press = house.press(7)
    house.wait(4)
    remember(house)
    house.says("anna", "coming")
    house.wait(5)
    house.restart(away_s=60)
    remember(house)
    house.wait(5)
    house.says("anna", "on_scene")
    house.says("anna", "all_clear")
    house.wait(900)
    await write(tmp_path, house.lines)
    archive = await read(tmp_path)
    (entry,) = archive.shelf.incidents
    assert len(entry.stretches) == 3
    assert (await told(archive, press)).story == by_itself(house)[press]


async def test_an_alarm_that_is_forgotten_is_not_read_again_at_every_fact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House()
    house.press(7)
    house.wait(60)
    remember(house)
    house.wait(60)
    lines = len(house.lines)
    await write(tmp_path, house.lines)
    archive = await read(tmp_path)
    with monkeypatch.context() as watched:
        watched.setattr(room, "_stretch", None)
        house.wait(120)
        await write(tmp_path, house.lines[lines:])
        await archive.read_on()
    assert archive.shelf.n == len(house.lines)
    assert archive.shelf.incidents[0].closed is None
    lines = len(house.lines)
    house.says("els", "all_clear", "vergeten")
    house.wait(1)
    await write(tmp_path, house.lines[lines:])
    await archive.read_on()
    assert archive.shelf == (await read(tmp_path)).shelf
    assert archive.shelf.incidents[0].closed is not None


async def test_the_bounds_are_those_of_the_plan_of_that_day(tmp_path: Path) -> None:
    house = House()
    two_come(house)
    await write(tmp_path, house.lines)
    assert (await told(await read(tmp_path), "2026-001")).budgets == house.plan.budgets


async def test_police_as_far_as_it_came(tmp_path: Path) -> None:
    house = House()
    for answers in (("need_112",), ("need_112", "called_112"), ("need_112", "called_112", "police_here")):
        house.press(7)
        house.wait(3)
        for answer in answers:
            house.says("els", answer)  # type: ignore[arg-type]
            house.wait(1)
        house.says("els", "all_clear", "weg")
        house.wait(700)
    await write(tmp_path, house.lines)
    shelf = (await read(tmp_path)).shelf
    assert [entry.police for entry in shelf.incidents] == ["arrived", "called", "asked"]


async def test_it_reads_on_while_somebody_writes(tmp_path: Path) -> None:
    house = a_year(House(), 12)
    journal = Journal(open_folder(tmp_path, 2026, "20261121T130233Z"), lambda n: None, lambda trouble: None)
    writing = asyncio.create_task(journal.run())
    archive = Archive(tmp_path)
    seen: list[int] = []
    for start in range(0, len(house.lines), 40):
        journal.append(house.lines[start : start + 40])
        await archive.read_on()
        seen.append(archive.shelf.n)
        assert not archive.shelf.gaps, "what is being written is no damage"
    writing.cancel()
    await asyncio.wait({writing})
    await archive.read_on()
    assert seen == sorted(seen)
    assert archive.shelf == (await read(tmp_path)).shelf, "in pieces or at once, it is the same"
    assert len(archive.shelf.incidents) == 12


async def test_small_steps_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await write(tmp_path, a_year(House(), 14).lines)
    whole = (await read(tmp_path)).shelf
    monkeypatch.setattr(room, "STEP_ROWS", 7)
    assert (await read(tmp_path)).shelf == whole


async def test_no_journal_yet_is_told(tmp_path: Path) -> None:
    archive = await read(tmp_path / "nowhere")
    assert archive.shelf.trouble == Trouble("no journal", str(tmp_path / "nowhere"))
    assert not archive.shelf.whole


async def test_a_journal_that_comes_later_is_found(tmp_path: Path) -> None:
    archive = await read(tmp_path)
    house = House()
    two_come(house)
    await write(tmp_path, house.lines)
    await archive.read_on()
    assert (archive.shelf.trouble, len(archive.shelf.incidents)) == (None, 1)


async def test_a_journal_that_cannot_be_read_is_told_and_what_was_known_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House()
    two_come(house)
    await write(tmp_path, house.lines)
    archive = await read(tmp_path)

    def refuse(folder: Path, after: int = 0) -> Iterator[object]:
        raise JournalError("no rights")

    with monkeypatch.context() as broken:
        broken.setattr("achterwacht.journal.reader.read", refuse)
        await archive.read_on()
    assert archive.shelf.trouble == Trouble("unreadable", "no rights")
    assert len(archive.shelf.incidents) == 1
    await archive.read_on()
    assert archive.shelf.trouble is None


def damage(folder: Path, n: int) -> None:
    """Somebody changes a row who should not."""
    with closing(sqlite3.connect(folder / "journal-2026.db")) as db, db:
        db.execute("DROP TRIGGER facts_stay_unchanged")
        db.execute("UPDATE facts SET body = body || ' ' WHERE n = ?", (n,))


def take_away(folder: Path) -> None:
    for file in folder.glob("journal-*"):
        file.unlink()


async def test_a_damaged_row_is_told_and_what_stands_before_it_is_shown(tmp_path: Path) -> None:
    house = a_year(House(), 6)
    await write(tmp_path, house.lines)
    third = house.all(f.AlarmRaised)[2]
    at = house.facts.index(third) + 1
    damage(tmp_path, at)
    shelf = (await read(tmp_path)).shelf
    assert shelf.gaps == ((at, len(house.lines)),)
    assert [entry.number for entry in shelf.incidents] == ["2026-002", "2026-001"]


async def test_a_row_damaged_after_it_was_read_is_found_too(tmp_path: Path) -> None:
    house = a_year(House(), 3)
    await write(tmp_path, house.lines)
    archive = await read(tmp_path)
    damage(tmp_path, len(house.lines))
    await archive.read_on()
    assert archive.shelf.gaps == ((len(house.lines), len(house.lines)),)


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "journal-2026.db").write_bytes(b"spilt coffee" * 1000)
    shelf = (await read(tmp_path)).shelf
    assert shelf.trouble == Trouble("damaged")


async def test_facts_of_a_later_version_are_counted(tmp_path: Path) -> None:
    house = House()
    two_come(house)
    await write(tmp_path, [STRANGE, *house.lines[:5], STRANGE, *house.lines[5:]])
    shelf = (await read(tmp_path)).shelf
    assert (shelf.unknown, shelf.unknown_first) == (2, 1)
    assert len(shelf.incidents) == 1


async def test_another_journal_in_its_place_is_read_anew(tmp_path: Path) -> None:
    await write(tmp_path, a_year(House(), 5).lines)
    archive = await read(tmp_path)
    take_away(tmp_path)
    house = House()
    two_come(house, 9)
    await write(tmp_path, house.lines)
    await archive.read_on()
    assert [entry.place for entry in archive.shelf.incidents] == ["Receptie"]


async def test_a_story_whose_facts_are_gone_is_told_to_be_gone(tmp_path: Path) -> None:
    house = House()
    two_come(house)
    await write(tmp_path, house.lines)
    archive = await read(tmp_path)
    (entry,) = archive.shelf.incidents
    damage(tmp_path, 1)
    assert await asyncio.to_thread(archive.tell, entry) is None


async def test_the_house_is_told_which_incident_was_the_last(tmp_path: Path) -> None:
    house = House()
    two_come(house)
    house.press(6)
    house.wait(1)
    lines = len(house.lines)
    await write(tmp_path, house.lines)
    follower = Follower(tmp_path / "link.sock", tmp_path, HouseClock(house))
    archive = Archive(tmp_path)
    following = asyncio.create_task(archive.run(follower))
    try:
        async with asyncio.timeout(20):
            with follower.watch() as changed:
                while follower.look.last_story is None:
                    await changed.wait()
                    changed.clear()
                assert follower.look.last_story.number == "2026-001", "the open one is not over"
                house.says("els", "all_clear", "voorbij", incident=archive.shelf.incidents[0].incident)
                house.wait(1)
                await write(tmp_path, house.lines[lines:])
                follower._show(durable_n=len(house.lines))
                while follower.look.last_story.number != "2026-002":
                    await changed.wait()
                    changed.clear()
    finally:
        following.cancel()
        await asyncio.wait({following})


async def test_an_entry_is_found_by_number_and_by_id(tmp_path: Path) -> None:
    house = House()
    press = house.press(7)
    house.wait(1)
    await write(tmp_path, house.lines)
    shelf = (await read(tmp_path)).shelf
    entry = shelf.find("2026-001")
    assert isinstance(entry, Entry)
    assert shelf.find(press) == entry
    assert (entry.closed, shelf.find("2026-002")) == (None, None)
