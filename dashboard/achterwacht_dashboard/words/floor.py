"""The words of the floor plan."""

from __future__ import annotations

from collections.abc import Mapping

NL: Mapping[str, str] = {
    "floor.title": "Plattegrond",
    "floor.more": "Niet op de plattegrond:",
    "floor.is": "{place} (zender {nr}): {word}",
    "floor.alarm": "ALARM",
    "floor.coming": "{coming} onderweg",
    "floor.on_scene": "ter plaatse",
    "floor.drill": "OEFENING",
    "floor.test": "TEST",
    "floor.fault": "storing",
    "floor.unknown": "onbekend",
    "floor.ready": "rustig",
}

EN: Mapping[str, str] = {
    "floor.title": "Floor plan",
    "floor.more": "Not on the floor plan:",
    "floor.is": "{place} (zender {nr}): {word}",
    "floor.alarm": "ALARM",
    "floor.coming": "{coming} coming",
    "floor.on_scene": "on the scene",
    "floor.drill": "DRILL",
    "floor.test": "TEST",
    "floor.fault": "fault",
    "floor.unknown": "unknown",
    "floor.ready": "quiet",
}
