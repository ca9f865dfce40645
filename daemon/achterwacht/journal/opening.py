"""A start: takes the state folder for this process, and finds what the replay needs and where rows go on.

Only reads, but for the lock and the new name of a damaged file: a start never waits for a disk to write.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from achterwacht.errors import StateLocked
from achterwacht.journal.files import (
    FILE_MODE,
    START,
    Head,
    Row,
    file_name,
    file_year,
    is_aside,
    journal_files,
    move_aside,
    read_tail,
)


@contextmanager
def state_lock(folder: Path) -> Iterator[None]:
    """Holds the state folder for this process; raises StateLocked when another one does.

    The lock ends with the process, however it ends. On a disk that lets nobody open or create the lock file
    there is no lock: a broken disk never stops the daemon.
    """
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    fd = None
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
        with suppress(OSError):
            fd = os.open(folder / "lock", flags, FILE_MODE)
            break
    if fd is None:
        yield
        return
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(fd, 20, 0).decode(errors="replace").strip() or "unknown"
            raise StateLocked(f"{folder} is in use by another daemon (process {owner})") from None
        with suppress(OSError):
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(fd)


@dataclass(frozen=True, slots=True)
class Opened:
    """What was found in the state folder.

    `rows`: for the replay, from the newest checkpoint on (inclusive), over more than one file where needed.
    `head`: the last row of all. `fresh`: the next row is the first of its file; append a checkpoint first, so
    that the next start needs this file only. `corrupt`: which file was damaged, why, and where it is now.
    `file` is where rows go on, `previous` the file to name as its origin when it must be made.
    """

    folder: Path
    file: str
    previous: str
    rows: tuple[Row, ...]
    head: Head
    fresh: bool
    corrupt: str | None
    stamp: str


def open_folder(folder: Path, year: int, stamp: str) -> Opened:
    """Reads what the start needs. Blocks for reading only, writes nothing but a rename; never raises.

    `year`: of a new file, if there must be one. `stamp`: the UTC time now as 20261121T130233Z, the name of a
    damaged file. Take both from a synchronised clock when there is one: no file is made for an earlier year
    than the newest one found. Call it inside `state_lock`.
    """
    rows: list[Row] = []
    head: Head | None = None
    below: Head | None = None  # what the file read last goes on from
    fresh, corrupt = True, None
    try:
        files = journal_files(folder)
    except OSError as error:  # a dead disk: the writer looks again, and sets aside what it then finds
        files, corrupt = [], f"{folder} cannot be read: {error}"
    newest = max([year, *(file_year(file.name) for file in files)])
    name, previous = file_name(newest), files[-1].name if files else ""
    for file in reversed(files):
        tail = read_tail(file)
        if file is files[-1] and not is_aside(file):
            if tail.problem is None:
                name, fresh = file.name, not tail.rows
            else:
                previous, corrupt = _set_aside(file, tail.problem, tail.head, stamp)
        older = [row for row in tail.rows if below is None or row.n <= below.n]
        if older and below is not None and older[-1].head != below:
            corrupt = corrupt or f"{file.name} does not lead to the file after it"
            break
        rows[:0] = older
        head = head or tail.head
        below = tail.origin.head if tail.origin else below
        if rows and rows[0].checkpoint:
            break
    return Opened(
        folder=folder,
        file=name,
        previous=previous,
        rows=tuple(rows),
        head=head or START,
        fresh=fresh,
        corrupt=corrupt,
        stamp=stamp,
    )


def _set_aside(file: Path, problem: str, head: Head | None, stamp: str) -> tuple[str, str]:
    """The name that the damaged file has now, and the sentence about it."""
    readable = f"readable to row {head.n}" if head else "nothing in it can be read"
    try:
        aside = move_aside(file, stamp).name
    except OSError as error:  # a read-only disk: the writer tries again when the disk is back
        return file.name, f"{file.name}: {problem}; {readable}; it could not be moved aside: {error}"
    return aside, f"{file.name}: {problem}; {readable}; moved to {aside}"
