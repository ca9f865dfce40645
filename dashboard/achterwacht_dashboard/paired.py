"""devices.json: the paired devices, beside the register. A reception's screen must not go dark because that is damaged.

Knows a file. Who is paired, and when the file counts, is accounts.py's.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import replace
from pathlib import Path

import msgspec

from achterwacht_dashboard.register import FILE_MODE, Account, Session

FILE = "devices.json"

log = logging.getLogger(__name__)


class Device(msgspec.Struct, frozen=True):
    """A paired device as its file has it; without the account's password."""

    session: Session
    account: Account


class Devices:
    """The file in this folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._on_disk = b""
        self._is_told = False
        """Whether it was told that it cannot be written: it is tried every second."""

    async def read(self) -> list[Device]:
        """What was kept last; nobody when there is no file, or it cannot be read."""
        try:
            text = await asyncio.to_thread(self._file.read_bytes)
            devices = msgspec.json.decode(text, type=list[Device])
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            log.error("%s cannot be read: %s", self._file, error)
            return []
        self._on_disk = text
        return devices

    async def keep(self, devices: list[Device]) -> None:
        """These are all. Times are of no use here, and would have it written all day."""
        plain = [replace(one.session, seen_s=one.session.opened_s) for one in devices]
        text = msgspec.json.encode([Device(session, one.account) for session, one in zip(plain, devices, strict=True)])
        if text == self._on_disk:
            return
        try:
            await asyncio.to_thread(_replace_file, self._file, text)
        except OSError as error:
            if not self._is_told:
                log.error("%s cannot be written: %s", self._file, error)
            self._is_told = True
        else:
            self._on_disk, self._is_told = text, False


def _replace_file(file: Path, text: bytes) -> None:
    """Whole or not at all, and for nobody else's eyes."""
    making = file.with_name(file.name + ".new")
    making.unlink(missing_ok=True)
    with os.fdopen(os.open(making, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE), "wb") as new:
        new.write(text)
        new.flush()
        os.fsync(new.fileno())
    if os.geteuid() == 0:  # the operator's command line; the service must be able to write it
        os.chown(making, file.parent.stat().st_uid, file.parent.stat().st_gid)
    making.rename(file)
