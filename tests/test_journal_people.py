"""Names, addresses and registered browsers: replaced or erased, never in the way."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import pytest

from achterwacht.journal import people as people_module
from achterwacht.journal.people import REGISTRATIONS_MAX, People, Person, Registration, read_people

ANN = Person("ann", "Ann de Vries", "+31600000001", "ann@example.org", "aw-ann-8Fq2", "u" * 30)
BEN = Person("ben", "Ben Jansen", "")

ENDPOINT = "https://push.example.org/"


class Running:
    """People with their writer; `written` waits until it is all on disk, `tried` for the next attempt to end."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[str | None] = []
        self.people = People(folder, self.told.append)
        self._attempts: asyncio.Queue[None] = asyncio.Queue()
        self._monkeypatch = monkeypatch
        self._task = asyncio.create_task(self.people.run())

    async def __aenter__(self) -> Self:
        replace, loop = people_module._replace, asyncio.get_running_loop()

        def counted(*kept: Any) -> None:
            try:
                replace(*kept)
            finally:
                loop.call_soon_threadsafe(self._attempts.put_nowait, None)

        self._monkeypatch.setattr(people_module, "_replace", counted)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._monkeypatch.undo()
        self._task.cancel()
        await asyncio.wait({self._task})

    async def written(self) -> None:
        async with asyncio.timeout(20):
            await self.people.written()

    async def tried(self) -> None:
        async with asyncio.timeout(20):
            await self._attempts.get()


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
