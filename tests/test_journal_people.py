"""Names, addresses and registered browsers: replaced or erased, never in the way."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any, Self

import pytest

from achterwacht.journal import people as people_module
from achterwacht.journal.people import REGISTRATIONS_MAX, People, Person, Registration, read_people

ANN = Person("ann", "Ann de Vries", "+31600000001", "ann@example.org", "aw-ann-8Fq2", "u" * 30)
BEN = Person("ben", "Ben Jansen", "")

ENDPOINT = "https://push.example.org/"


class Counted:
    """Lets a test wait until a function of a module has been called, in whatever thread, once more from now."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> None:
        call, loop = getattr(module, name), asyncio.get_running_loop()
        self._calls: asyncio.Queue[None] = asyncio.Queue()

        def counted(*args: Any) -> Any:
            try:
                return call(*args)
            finally:
                loop.call_soon_threadsafe(self._calls.put_nowait, None)

        monkeypatch.setattr(module, name, counted)

    async def again(self) -> None:
        async with asyncio.timeout(20):
            await self._calls.get()


class Running:
    """People with their writer; `written` waits until it is all on disk, `tried` for the next attempt to end."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[str | None] = []
        self.people = People(folder, self.told.append)
        self._monkeypatch = monkeypatch
        self._task = asyncio.create_task(self.people.run())

    async def __aenter__(self) -> Self:
        self._attempts = Counted(self._monkeypatch, people_module, "_replace")
        return self

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def written(self) -> None:
        async with asyncio.timeout(20):
            await self.people.written()

    async def tried(self) -> None:
        await self._attempts.again()


@pytest.mark.asyncio
async def test_a_list_replaces_the_one_before_and_one_person_can_be_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_people(tmp_path) == {}
    async with Running(tmp_path, monkeypatch) as running:
        running.people.remember([BEN, ANN])
        await running.written()
        assert list(read_people(tmp_path).items()) == [("ann", ANN), ("ben", BEN)]
        assert (running.people.person("ann"), running.people.person("nobody")) == (ANN, None)
        running.people.forget("nobody")
        running.people.forget("ann")
        await running.written()
        assert read_people(tmp_path) == {"ben": BEN}
    assert (tmp_path / "people.db").stat().st_mode & 0o777 == 0o640
    kept = (tmp_path / "people.db").read_bytes()
    assert not [text for text in (ANN.name, ANN.phone, ANN.email, ANN.ntfy, ANN.pushover) if text.encode() in kept]
    assert BEN.name.encode() in kept
    assert running.told == []


@pytest.mark.asyncio
async def test_a_later_daemon_can_erase_whom_an_earlier_one_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Running(tmp_path, monkeypatch) as running:
        running.people.remember([ANN, BEN])
        await running.written()
    async with Running(tmp_path, monkeypatch) as running:
        running.people.forget("ben")
        await running.written()
    assert read_people(tmp_path) == {"ann": ANN}


@pytest.mark.asyncio
async def test_a_broken_disk_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "later"
    async with Running(folder, monkeypatch) as running:
        monkeypatch.setattr(people_module, "RETRY_S", 0.0)
        running.people.remember([ANN])
        waiting = asyncio.create_task(running.people.written())
        await running.tried()
        await running.tried()
        assert not waiting.done(), "nothing is on disk yet"
        folder.mkdir()
        await running.written()
        await waiting
    assert running.told[0] is not None and running.told[0].startswith("people.db: ")
    assert running.told[-1] is None
    assert read_people(folder) == {"ann": ANN}


@pytest.mark.asyncio
async def test_a_damaged_file_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "people.db").write_bytes(b"\xff" * 5000)
    assert read_people(tmp_path) == {}
    async with Running(tmp_path, monkeypatch) as running:
        running.people.remember([BEN])
        await running.written()
    assert read_people(tmp_path) == {"ben": BEN}
    assert running.people.trouble is None
    damaged, over = running.told
    assert damaged and "is damaged, and what it held is lost" in damaged
    assert over is None, "it is whole again"


# --- a file that cannot be read at the start --------------------------------------------------------------------------


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Somebody else has the file for himself: a backup, a repair by hand."""
    with closing(sqlite3.connect(folder / "people.db", isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def a_folder_in_its_place(folder: Path) -> Iterator[None]:
    """What cannot be opened, and is no damage; a mode would not keep root out."""
    file, aside = folder / "people.db", folder / "aside"
    file.rename(aside)
    file.mkdir()
    yield
    file.rmdir()
    aside.rename(file)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_module, "RETRY_S", 0.0)
    monkeypatch.setattr(people_module, "BUSY_WAIT_S", 0.0)


async def filled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Ann and Ben with two browsers each are on disk: the ids of these, by the end of their endpoints."""
    async with Running(folder, monkeypatch) as running:
        running.people.remember([ANN, BEN])
        ids = {
            f"{member}{n}": running.people.register(member, f"{ENDPOINT}{member}{n}", "key", "secret")
            for member in ("ann", "ben")
            for n in range(2)
        }
        await running.written()
    return ids


def browsers(people: People, member: str) -> list[str]:
    return [one.endpoint.removeprefix(ENDPOINT) for one in people.registrations(member)]


@pytest.mark.asyncio
@pytest.mark.parametrize("away", [locked, a_folder_in_its_place])
async def test_what_cannot_be_read_is_not_written_over_and_is_known_when_it_can(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    quick: None,
    away: Callable[[Path], AbstractContextManager[None]],
) -> None:
    await filled(tmp_path, monkeypatch)
    with away(tmp_path):
        running = Running(tmp_path, monkeypatch)
        assert not running.people.known and running.people.registrations("ann") == ()
        running.people.register("ann", f"{ENDPOINT}new", "key", "secret")
        waiting = asyncio.create_task(running.people.written())
        read = Counted(monkeypatch, people_module, "_read")
        for _ in range(3):
            await read.again()
        assert not waiting.done() and browsers(running.people, "ann") == ["new"]
        (told,) = running.told
        assert told and "cannot be read, and is not written until it can" in told
    async with running:
        await waiting
        assert running.told[-1] is None
        assert running.people.person("ben") == BEN
        assert browsers(running.people, "ann") == ["ann0", "ann1", "new"]
        assert browsers(running.people, "ben") == ["ben0", "ben1"]
    again = People(tmp_path, running.told.append)
    assert browsers(again, "ann") == ["ann0", "ann1", "new"] and browsers(again, "ben") == ["ben0", "ben1"]


@pytest.mark.asyncio
async def test_what_was_said_before_the_file_could_be_read_holds_over_what_stands_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    ids = await filled(tmp_path, monkeypatch)
    newer, cor = replace(BEN, phone="+31600000002"), Person("cor", "Cor", "")
    with locked(tmp_path):
        running = Running(tmp_path, monkeypatch)
        running.people.remember([newer, cor])
        running.people.register("cor", f"{ENDPOINT}ben0", "key", "secret")  # Ben's old telephone
        running.people.forget_registration(ids["ben1"])
    async with running:
        await running.written()
    for people in (running.people, People(tmp_path, running.told.append)):
        assert (people.person("ann"), people.person("ben"), people.person("cor")) == (None, newer, cor)
        assert [browsers(people, one) for one in ("ann", "ben", "cor")] == [[], [], ["ben0"]]


@pytest.mark.asyncio
async def test_who_was_erased_before_the_file_could_be_read_stays_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    await filled(tmp_path, monkeypatch)
    with locked(tmp_path):
        running = Running(tmp_path, monkeypatch)
        running.people.forget("ann")
    async with running:
        await running.written()
    people = People(tmp_path, running.told.append)
    assert (people.person("ann"), people.person("ben")) == (None, BEN)
    assert [browsers(people, one) for one in ("ann", "ben")] == [[], ["ben0", "ben1"]]


@pytest.mark.asyncio
async def test_one_damaged_letter_loses_that_letter_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(tmp_path, monkeypatch)
    file = tmp_path / "people.db"
    file.write_bytes(file.read_bytes().replace(b"Ann de Vries", b"Ann de Vr\xffes"))
    people = People(tmp_path, lambda _: None)
    ann = people.person("ann")
    assert ann and ann.name == "Ann de Vr\ufffdes" and len(people.registrations("ann")) == 2
    assert people.trouble is None


@pytest.mark.asyncio
async def test_a_browser_is_found_among_those_of_five_hundred_without_looking_through_them(tmp_path: Path) -> None:
    people = People(tmp_path, lambda _: None)
    for n in range(500 * REGISTRATIONS_MAX):
        people.register(f"lid-{n % 500}", f"{ENDPOINT}{n}", "key", "secret")
    began_s = perf_counter()
    assert sum(len(people.registrations(f"lid-{n}")) for n in range(500)) == 500 * REGISTRATIONS_MAX
    assert perf_counter() - began_s < 0.05, "157 ms, when each looked through all"


@pytest.mark.asyncio
async def test_the_file_of_an_older_version_is_read_and_gets_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(tmp_path / "people.db")) as db, db:
        db.execute("CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, phone TEXT)")
        db.execute("INSERT INTO people VALUES ('ben', 'Ben Jansen', '')")
    assert read_people(tmp_path) == {"ben": BEN}
    async with Running(tmp_path, monkeypatch) as running:
        assert running.people.known
        assert running.people.registrations("ben") == ()
        running.people.register("ben", ENDPOINT, "key", "secret")
        await running.written()
    assert People(tmp_path, running.told.append).registrations("ben") == running.people.registrations("ben")
    assert read_people(tmp_path) == {"ben": BEN}


@pytest.mark.asyncio
async def test_a_registration_that_has_other_columns_is_still_one(tmp_path: Path) -> None:
    """Of a later version, which was taken back: what this one knows of it is enough."""
    with closing(sqlite3.connect(tmp_path / "people.db")) as db, db:
        db.execute("CREATE TABLE registrations (browser TEXT, id TEXT, member TEXT, endpoint TEXT, p256dh TEXT)")
        db.execute("INSERT INTO registrations VALUES ('Firefox', '0a', 'ben', 'https://p', 'key')")
    people = People(tmp_path, lambda _: None)
    assert people.registrations("ben") == (Registration("ben", "0a", "https://p", "key", ""),)
    assert not people.known


@pytest.mark.asyncio
async def test_what_a_power_cut_left_half_written_is_as_it_was_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon undoes it: to whoever may only read, such a file is of no use."""
    async with Running(tmp_path, monkeypatch) as running:
        running.people.remember([ANN])
        running.people.register("ann", ENDPOINT, "key", "secret")
        await running.written()
    before = tmp_path / "people.db"
    with closing(sqlite3.connect(before)) as db:
        db.execute("PRAGMA cache_size=1")  # so that changed pages go to the file before the end
        db.execute("BEGIN")
        db.execute("DELETE FROM registrations")
        db.executemany("INSERT INTO people (id, name) VALUES (?, ?)", [(str(n), "x" * 500) for n in range(100)])
        cut = tmp_path / "cut"
        cut.mkdir()
        for name in ("people.db", "people.db-journal"):
            (cut / name).write_bytes((tmp_path / name).read_bytes())
    journal = (cut / "people.db-journal").stat().st_size
    assert journal > 0
    assert len(People(cut, lambda _: None).registrations("ann")) == 1
    assert read_people(cut) == {"ann": ANN}


# --- browsers ---------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_registration_is_there_at_once_and_survives_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Running(tmp_path, monkeypatch) as running:
        running.people.remember([ANN, BEN])
        first = running.people.register("ben", f"{ENDPOINT}1", "key-1", "secret-1")
        second = running.people.register("ben", f"{ENDPOINT}2", "key-2", "secret-2")
        expected = (
            Registration("ben", first, f"{ENDPOINT}1", "key-1", "secret-1"),
            Registration("ben", second, f"{ENDPOINT}2", "key-2", "secret-2"),
        )
        assert running.people.registrations("ben") == expected
        assert running.people.registrations("ann") == ()
        await running.written()
    async with Running(tmp_path, monkeypatch) as running:
        assert running.people.registrations("ben") == expected
        running.people.forget_registration("of nobody")
        running.people.forget_registration(first)
        await running.written()
    assert People(tmp_path, running.told.append).registrations("ben") == expected[1:]
    assert b"secret-1" not in (tmp_path / "people.db").read_bytes()


@pytest.mark.asyncio
async def test_a_browser_that_is_registered_again_is_the_newest_and_one_persons(tmp_path: Path) -> None:
    people = People(tmp_path, lambda _: None)
    first = people.register("ben", f"{ENDPOINT}1", "key", "secret")
    people.register("ben", f"{ENDPOINT}2", "key", "secret")
    assert people.register("ben", f"{ENDPOINT}1", "newer", "secret") == first
    assert [(one.endpoint, one.p256dh) for one in people.registrations("ben")] == [
        (f"{ENDPOINT}2", "key"),
        (f"{ENDPOINT}1", "newer"),
    ]
    people.register("ann", f"{ENDPOINT}1", "newest", "secret")
    assert [one.endpoint for one in people.registrations("ben")] == [f"{ENDPOINT}2"]
    assert [one.id for one in people.registrations("ann")] == [first]


@pytest.mark.asyncio
async def test_of_too_many_browsers_the_oldest_is_dropped_also_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Running(tmp_path, monkeypatch) as running:
        running.people.register("ann", f"{ENDPOINT}ann", "key", "secret")
        for n in range(REGISTRATIONS_MAX):
            running.people.register("ben", f"{ENDPOINT}{n}", "key", "secret")
        running.people.register("ben", f"{ENDPOINT}0", "key", "secret")  # the newest from now on
        await running.written()
    people = People(tmp_path, running.told.append)
    people.register("ben", f"{ENDPOINT}more", "key", "secret")
    numbers = [one.endpoint.removeprefix(ENDPOINT) for one in people.registrations("ben")]
    assert numbers == [*map(str, range(2, REGISTRATIONS_MAX)), "0", "more"]
    assert len(people.registrations("ann")) == 1


@pytest.mark.asyncio
async def test_a_new_list_keeps_the_browsers_of_those_who_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Running(tmp_path, monkeypatch) as running:
        running.people.remember([ANN, BEN])
        for member in ("ann", "ben"):
            running.people.register(member, f"{ENDPOINT}{member}", "key", f"secret of {member}")
        await running.written()
        running.people.remember([BEN])
        assert running.people.registrations("ann") == ()
        assert len(running.people.registrations("ben")) == 1
        await running.written()
        assert b"secret of ann" not in (tmp_path / "people.db").read_bytes()
        running.people.forget("ben")
        assert running.people.registrations("ben") == ()
        await running.written()
    assert b"secret of ben" not in (tmp_path / "people.db").read_bytes()


@pytest.mark.asyncio
async def test_what_is_said_while_the_disk_is_busy_is_not_taken_for_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = People(tmp_path, lambda _: None)
    people.remember([ANN])
    replace, loop, may_go_on = people_module._replace, asyncio.get_running_loop(), threading.Event()

    def first(*kept: Any) -> None:
        loop.call_soon_threadsafe(people.register, "ann", ENDPOINT, "key", "secret")
        monkeypatch.setattr(people_module, "_replace", second)
        replace(*kept)

    def second(*kept: Any) -> None:
        assert may_go_on.wait(20)
        replace(*kept)

    monkeypatch.setattr(people_module, "_replace", first)
    task = asyncio.create_task(people.run())
    async with asyncio.timeout(20):
        await people.written()
        assert People(tmp_path, lambda _: None).registrations("ann") == ()
        may_go_on.set()
        await people.written()
    assert len(People(tmp_path, lambda _: None).registrations("ann")) == 1
    task.cancel()
    await asyncio.wait({task})
