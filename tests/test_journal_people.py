"""Names and numbers: one list, replaced or erased, never in the way."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self

import pytest

from achterwacht.journal import people as people_module
from achterwacht.journal.people import People, Person, read_people

ANN = Person("ann", "Ann de Vries", "+31600000001")
BEN = Person("ben", "Ben Jansen", "")


class Running:
    """People with their writer; `written` waits for the next attempt to end, well or not."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[str | None] = []
        self.people = People(folder, self.told.append)
        self._attempts: asyncio.Queue[None] = asyncio.Queue()
        self._monkeypatch = monkeypatch
        self._task = asyncio.create_task(self.people.run())

    async def __aenter__(self) -> Self:
        replace, loop = people_module._replace, asyncio.get_running_loop()

        def counted(file: Path, people: tuple[Person, ...]) -> None:
            try:
                replace(file, people)
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
            await self._attempts.get()


@pytest.mark.asyncio
async def test_a_list_replaces_the_one_before_and_one_person_can_be_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_people(tmp_path) == {}
    async with Running(tmp_path, monkeypatch) as running:
        running.people.remember([ANN, BEN])
        await running.written()
        assert read_people(tmp_path) == {"ann": ANN, "ben": BEN}
        running.people.forget("nobody")
        running.people.forget("ann")
        await running.written()
        assert read_people(tmp_path) == {"ben": BEN}
    assert (tmp_path / "people.db").stat().st_mode & 0o777 == 0o640
    assert ANN.name.encode() not in (tmp_path / "people.db").read_bytes()
    assert BEN.name.encode() in (tmp_path / "people.db").read_bytes()
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
        await running.written()
        folder.mkdir()
        while not read_people(folder):
            await running.written()
    assert running.told[0] is not None and running.told[0].startswith("people.db: ")
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
