"""What a simulated building must know of the house that it is: names to write beside its buttons, and who there is.

Reads the house's two files as plain YAML and forgives everything: what is wrong in them the daemon tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from achterwacht_sim.sped_up import SITE

ZENDERS = "zenders.yaml"

# A zender with one of these is no node of our own on MQTT: another simulation plays it.
ELSEWHERE = frozenset({"gpio", "serial", "device"})


@dataclass(frozen=True, slots=True)
class House:
    """The house's files, as far as a simulated building goes."""

    language: str = "nl"
    places: Mapping[int, str] = field(default_factory=dict)
    """Of the zenders that are our own nodes on MQTT, by their numbers."""
    rooms: Mapping[int, str] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)
    """Their names, by their ids."""
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What each member is in the plan: team, backup, reception, supervisor, coordinator."""


def read_house(config: Path, plan: Mapping[str, Any]) -> House:
    """The house of these files, but for these blocks of achterwacht.yaml. Raises OSError, YAMLError, TypeError."""
    yaml = YAML(typ="safe")
    site = {**(yaml.load(config / SITE) or {}), **plan}
    zenders = [
        each for each in _mappings(yaml.load(config / ZENDERS), "zenders", "nr") if ELSEWHERE.isdisjoint(each)
    ]  # fmt: skip
    members = list(_mappings(site, "members", "id"))
    return House(
        language=str(site.get("language", "nl")),
        places={int(each["nr"]): str(each.get("place", "")) for each in zenders},
        rooms={int(each["nr"]): str(each.get("room", "")) for each in zenders},
        members={str(each["id"]): str(each.get("name", each["id"])) for each in members},
        roles={str(each["id"]): tuple(map(str, each.get("roles", ()))) for each in members},
    )


def _mappings(file: Any, block: str, key: str) -> Iterator[Mapping[str, Any]]:
    """The entries of this list that have this key."""
    entries = file.get(block) if isinstance(file, Mapping) else None
    if isinstance(entries, list):
        yield from (entry for entry in entries if isinstance(entry, Mapping) and key in entry)
