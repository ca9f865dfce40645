"""A terminal beside a daemon: commands as people type them, on a journal of the real writer and at a real socket.

The daemon here is the link with a played house (house.py) behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from achterwacht.cli import main
from achterwacht.core import heard as h
from achterwacht.journal.opening import open_folder
from achterwacht.journal.writer import Journal
from achterwacht.link import Command, Link
from house import House

WAIT_S = 20.0  # no test waits this long: it is what a broken one costs

Said = pytest.CaptureFixture[str]


async def write(folder: Path, bodies: Iterable[str]) -> None:
    journal = Journal(open_folder(folder, 2026, "20261121T130233Z"), lambda n: None, lambda trouble: None)
    task = asyncio.create_task(journal.run())
    await asyncio.sleep(0)  # one turn: a task that is cancelled before its first never runs
    journal.append(list(bodies))
    task.cancel()
    await asyncio.wait({task})
    assert journal.clean


def said(capsys: Said, state: Path, *words: str, code: int = 0) -> list[str]:
    """The lines that a command prints."""
    assert main([*words, "--state", str(state)]) == code
    return capsys.readouterr().out.splitlines()


def complaint(capsys: Said, *words: str) -> str:
    """What a command that cannot be done says on stderr."""
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert out == ""
    return err


class Daemon:
    """The link of a daemon, with a played house behind it; `durable` False is a broken disk."""

    def __init__(self, path: Path, house: House) -> None:
        self.house = house
        self.durable = True
        self.heard_s: dict[str, float] = {}
        self.listens = asyncio.Event()
        self._streamed = len(house.facts)
        self.link = Link(path, self._snapshot, self._on_command, self._on_trouble)

    def _on_trouble(self, trouble: str | None) -> None:
        assert trouble is None, trouble
        self.listens.set()

    def _snapshot(self) -> Any:
        return "d001", len(self.house.facts), len(self.house.facts), self.house.state, self.heard_s

    def _on_command(self, heard: Command, reply: Callable[[dict[str, Any]], None]) -> None:
        if not isinstance(heard, h.Answer | h.Commanded):
            return  # what only a dashboard says, and that a terminal has left
        self.house.hear(heard)
        self.tell()
        outcome = self.house.state.outcomes[heard.key]
        reply({"result": outcome.result, "note": outcome.note, "durable": self.durable})

    def tell(self) -> None:
        """Streams what has become a fact."""
        new = self.house.facts[self._streamed :]
        self._streamed = len(self.house.facts)
        self.link.stream(self._streamed, new)
        if self.durable:
            self.link.durable(self._streamed)


@asynccontextmanager
async def running(state: Path, house: House) -> AsyncIterator[Daemon]:
    daemon = Daemon(state / "link.sock", house)
    task = asyncio.create_task(daemon.link.run())
    try:
        async with asyncio.timeout(WAIT_S):
            await daemon.listens.wait()
        yield daemon
    finally:
        task.cancel()
        await asyncio.wait({task})


async def asks(state: Path, *words: str) -> int:
    """A command in a terminal of its own."""
    async with asyncio.timeout(WAIT_S):
        return await asyncio.to_thread(main, [*words, "--state", str(state)])
