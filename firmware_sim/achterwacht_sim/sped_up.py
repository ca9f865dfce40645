"""The plan of a scenario's own day: the house's files, with the scenario's blocks in them and a day of a minute.

Knows achterwacht.yaml as blocks and nothing of what they mean. `+8s` in a block becomes the time of day that many
seconds after the story begins: the demo cannot wait for nine o'clock.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

LOCAL = ZoneInfo("Europe/Amsterdam")
"""What times of day are in, wherever the demo runs."""

FROM_NOW = re.compile(r"\+(\d{1,4})s")
SITE = "achterwacht.yaml"

# A day that is ordered to the second ends before midnight with so much to spare, for the steps after its last hour.
SPARE_S = 120


def until_it_fits_s(plan: Mapping[str, Any], ahead_s: int, now: datetime) -> float:
    """How long to wait until now and all times of this plan, which begins so far ahead of now, are on one day."""
    seconds = list(_seconds(plan))
    if not seconds or (now + timedelta(seconds=ahead_s + max(seconds) + SPARE_S)).date() == now.date():
        return 0.0
    return (datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo) - now).total_seconds()


def write_plan(config: Path, folder: Path, plan: Mapping[str, Any], begins: datetime) -> None:
    """Copies the files of `config` into the new `folder`, with these blocks in them. Raises OSError, YAMLError."""
    folder.mkdir()
    for file in config.glob("*.yaml"):
        shutil.copy(file, folder)
    yaml = YAML(typ="rt")
    site = yaml.load(folder / SITE)
    site.update(_at(plan, begins))
    yaml.dump(site, folder / SITE)


def _at(value: Any, begins: datetime) -> Any:
    match value:
        case Mapping():
            return {key: _at(each, begins) for key, each in value.items()}
        case list():
            return [_at(each, begins) for each in value]
        case str() if FROM_NOW.fullmatch(value):
            return f"{begins + timedelta(seconds=next(_seconds(value))):%H:%M:%S}"
        case str():
            return str(value)  # an alias of the scenario is none in the plan, which takes no aliases
        case _:
            return value


def _seconds(value: Any) -> Iterator[int]:
    match value:
        case Mapping():
            for each in value.values():
                yield from _seconds(each)
        case list():
            for each in value:
                yield from _seconds(each)
        case str():
            found = FROM_NOW.fullmatch(value)
            if found is not None:
                yield int(found[1])
