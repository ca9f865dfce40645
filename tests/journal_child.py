"""A process of its own that writes a journal, for tests that kill it, fill its disk or let it fail.

`python journal_child.py <what> <folder>`; it prints what happened, a line each, and is killed or ends itself.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

from achterwacht.journal import writer
from achterwacht.journal.opening import open_folder, state_lock
from achterwacht.journal.reader import verify
from achterwacht.journal.writer import Journal

STAMP = "20261121T130233Z"
ROLL_EVERY = 400  # appends; so that kills also meet the making of a file


def say(text: object) -> None:
    print(text, flush=True)


async def write(folder: Path) -> None:
    """Appends as fast as rows become durable and says each durable n."""
    opened = open_folder(folder, 2026, STAMP)
    say(f"opened {opened.head.n} {opened.corrupt}")
    turn = asyncio.Event()

    def durable(n: int) -> None:
        say(n)
        turn.set()

    journal = Journal(opened, durable, say)
    task = asyncio.create_task(journal.run())
    year, appends = 2026, 0
    while not task.done():
        appends += 1
        if appends % ROLL_EVERY == 0:
            year += 1
            journal.roll(year)
        journal.append([f'{{"append":{appends},"part":{part}}}' for part in range(appends % 5 + 1)])
        await turn.wait()
        turn.clear()


async def full(folder: Path) -> None:
    """A disk that is full for a while: no file may grow beyond the limit."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    troubled, durable = asyncio.Event(), asyncio.Event()

    def told(trouble: str | None) -> None:
        say(f"trouble {trouble}")
        if trouble:
            troubled.set()

    journal = Journal(open_folder(folder, 2026, STAMP), lambda n: durable.set(), told)
    task = asyncio.create_task(journal.run())
    journal.append(['{"fact":"before"}'])
    await durable.wait()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    last = journal.append([f'{{"fact":"while full","i":{i},"x":"{"x" * 500}"}}' for i in range(1000)])
    await troubled.wait()
    say(f"while full {journal.durable_n} {journal.last_n} {journal.lost}")
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    while journal.durable_n < last:
        durable.clear()
        await durable.wait()
    say(f"after {journal.durable_n} {journal.trouble}")
    task.cancel()
    await asyncio.wait({task})


async def start_full(folder: Path) -> None:
    """Starts on a disk that takes nothing at all."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    told: asyncio.Queue[str | None] = asyncio.Queue()
    with state_lock(folder):
        opened = open_folder(folder, 2026, STAMP)
        print(f"opened {len(opened.rows)} {opened.corrupt}", file=sys.stderr, flush=True)
        journal = Journal(opened, lambda n: None, told.put_nowait)
        task = asyncio.create_task(journal.run())
        n = journal.append(['{"fact":"alarm_raised"}'])
        trouble = await told.get()
        print(f"appended {n} {trouble is not None}", file=sys.stderr, flush=True)
        writer.CLOSE_S = 0.1
        task.cancel()
        await asyncio.wait({task})


async def crash(folder: Path) -> None:
    """An error that nobody catches, with a row that was appended just before."""
    journal = Journal(open_folder(folder, 2026, STAMP), lambda n: None, say)
    task = asyncio.create_task(journal.run())
    await asyncio.sleep(0)
    journal.append(['{"fact":"the last words"}'])
    raise RuntimeError(f"a bug beside {task.get_name()}")


async def hang(folder: Path) -> None:
    """A disk that never answers again; ends as the service must."""
    started = threading.Event()

    class Hanging(sqlite3.Connection):
        def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
            if sql.startswith("INSERT INTO facts"):
                started.set()
                threading.Event().wait()
            return super().execute(sql, *parameters)  # type: ignore[arg-type]

    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **options: connect(*args, factory=Hanging, **options)  # type: ignore[assignment]
    writer.CLOSE_S = 0.1
    journal = Journal(open_folder(folder, 2026, STAMP), lambda n: None, say)
    task = asyncio.create_task(journal.run())
    journal.append(['{"fact":"never written"}'])
    await asyncio.to_thread(started.wait)
    task.cancel()
    await asyncio.wait({task})
    say(f"clean {journal.clean}")
    if not journal.clean:
        os._exit(3)


def kill_while_writing(folder: Path, lines: int) -> None:
    """Kills a writing process after that many lines and checks that what it called durable is there (S1)."""
    command = [sys.executable, __file__, "write", str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    before = verify(folder).last.n
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline().rstrip() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.read().splitlines()
    assert said[0] == f"opened {before} None"
    assert all(line.isdecimal() for line in said[1:]), said
    verdict = verify(folder)
    assert verdict.problems == ()
    assert verdict.last.n == verdict.rows >= int(said[-1]) > before


if __name__ == "__main__":
    programs = {"write": write, "full": full, "start_full": start_full, "crash": crash, "hang": hang}
    asyncio.run(programs[sys.argv[1]](Path(sys.argv[2])))
