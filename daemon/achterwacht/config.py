"""The two files that people write, config/zenders.yaml and config/achterwacht.yaml, as settings; and the last good.

Knows when YAML must be read and when what was remembered will do: ruamel and pydantic take longer to import than
everything else at a start together, so only `load` imports them (docs/decisions/plan-cache.md). Leaves what may
stand in the files to config_forms, advice about a valid plan to config_advice, and the loud fault to the service.
"""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from achterwacht.core.codec import from_plain, to_plain
from achterwacht.core.plan import Plan
from achterwacht.errors import ConfigInvalid, Mistake
from achterwacht.inputs.wiring import Wiring
from achterwacht.journal.files import FILE_MODE, sync_folder
from achterwacht.journal.people import Person
from achterwacht.outputs.wiring import Voices

ZENDERS_FILE = "zenders.yaml"
ACHTERWACHT_FILE = "achterwacht.yaml"
FILES = (ZENDERS_FILE, ACHTERWACHT_FILE)

REMEMBERED_FILE = "plan.json"

# What decides whether files are good. When one of these has changed, they are read again, whatever is remembered.
_RULE_FILES = (
    "config_*.py",
    "core/plan.py",
    "core/workdays.py",
    "inputs/mapping.py",
    "inputs/ports/*.py",
    "inputs/profiles/*.py",
    "inputs/wiring.py",
    "outputs/wiring.py",
)
RULES = tuple(sorted(file for pattern in _RULE_FILES for file in Path(__file__).parent.glob(pattern)))

# Two thousand zenders with twelve lines each take half of it; a larger file is not one of ours.
FILE_MAX_BYTES = 1024 * 1024

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """How the MQTT broker is reached. Files are absolute paths; the password itself is only ever in its file."""

    host: str
    port: int = 1883
    username: str | None = None
    password_file: str | None = None
    tls: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


NO_WIRING = Wiring()
NO_VOICES = Voices()
"""Of a building with our own MQTT nodes only, as every plan was once."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the two files say. `source` is the hash of their bytes.

    `people` are the members' names and addresses, which never leave this machine and are not remembered with the
    plan: None means that they were not read, and that whatever is known of them still holds.
    """

    plan: Plan
    people: tuple[Person, ...] | None
    broker: BrokerSettings
    source: str
    wiring: Wiring = NO_WIRING
    voices: Voices = NO_VOICES


@dataclass(frozen=True, slots=True)
class Remembered:
    """The last good settings, without people, and the hash of the rules by which they were good."""

    rules: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class AtStart:
    """What a start goes on with. `mistakes` says why that is not what the files say now; None when it is."""

    settings: Settings
    mistakes: str | None


def load(folder: Path) -> Settings:
    """Reads both files. Raises ConfigInvalid with every mistake in them, and nothing else."""
    from achterwacht.config_schema import read_settings

    texts, unreadable = _read_files(folder)
    return read_settings(texts, unreadable, _source(texts))


def load_fast(folder: Path, state_folder: Path) -> Settings:
    """As `load`; but files that the same rules have found good before are not read again: then `people` is None."""
    remembered = recall(state_folder)
    if remembered is not None and remembered.rules == _rules():
        texts, _ = _read_files(folder)
        if _source(texts) == remembered.settings.source:
            return remembered.settings
    return load(folder)


def plan_at_start(folder: Path, state_folder: Path) -> AtStart:
    """What the files say, or the last good settings when they cannot be used.

    Raises ConfigInvalid when nothing good is remembered either. A start never waits for the disk: after arming,
    give settings whose `people` are known to `remember`.
    """
    try:
        return AtStart(load_fast(folder, state_folder), None)
    except ConfigInvalid as invalid:
        remembered = recall(state_folder)
        if remembered is None:
            raise invalid.without_persons() from None  # systemd keeps what it says
        return AtStart(remembered.settings, str(invalid.without_persons()))


def remember(state_folder: Path, settings: Settings) -> None:
    """Keeps good settings, without people, for the next start: whole or not at all. Raises OSError.

    Waits for the disk: call it in a thread.
    """
    plain = to_plain(Remembered(_rules(), replace(settings, people=None)))
    file = state_folder / REMEMBERED_FILE
    making = file.with_name(f"{file.name}.new")
    with making.open("wb") as out:
        out.write(msgspec.json.encode({"sha256": _digest(plain), "remembered": plain}))
        out.flush()
        os.fsync(out.fileno())
    making.chmod(FILE_MODE)
    making.rename(file)
    sync_folder(state_folder)


def recall(state_folder: Path) -> Remembered | None:
    """The last good settings; None when there are none. A damaged file is as good as none, and is logged."""
    file = state_folder / REMEMBERED_FILE
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=dict)
        if kept["sha256"] != _digest(kept["remembered"]):
            raise ValueError("it is not what was written")
        return from_plain(Remembered, kept["remembered"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, RecursionError) as error:  # msgspec's errors are ValueErrors
        log.warning("the remembered plan is of no use: %s: %s", file, error)
        return None


def _read_files(folder: Path) -> tuple[dict[str, bytes], list[Mistake]]:
    """The files as they are on disk, by name, and a mistake for each that cannot be read."""
    texts: dict[str, bytes] = {}
    unreadable: list[Mistake] = []
    for name in FILES:
        try:
            with (folder / name).open("rb") as file:
                texts[name] = file.read(FILE_MAX_BYTES + 1)
        except FileNotFoundError:
            unreadable.append(Mistake(name, 1, 1, "file", f"is missing, expected in the folder {folder}"))
        except OSError as error:
            problem = f"cannot be read ({error.strerror}), expected a file that this user may read"
            unreadable.append(Mistake(name, 1, 1, "file", problem))
    return texts, unreadable


def _source(texts: dict[str, bytes]) -> str:
    """The SHA-256 over the files' names, lengths and bytes, in hex."""
    digest = hashlib.sha256()
    for name, text in texts.items():
        digest.update(f"{name} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def _rules() -> str:
    """The SHA-256 over the code that decides whether files are good, in hex."""
    digest = hashlib.sha256()
    for file in RULES:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _digest(plain: object) -> str:
    return hashlib.sha256(msgspec.json.encode(plain)).hexdigest()
