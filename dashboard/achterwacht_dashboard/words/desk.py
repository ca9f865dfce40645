"""The words of the desk page. Its line must look like any notice of an office: only one word of it changes."""

from __future__ import annotations

from collections.abc import Mapping

NL: Mapping[str, str] = {
    "desk.title": "Vandaag",
    "desk.week": "week {week}",
    "desk.hours": "Openingstijden",
    "desk.closed": "gesloten",
    "desk.idle": "Printer 2 gereed",
    "desk.sent": "Printer 2 ontvangt",
    "desk.coming": "Printer 2 bezig",
    "desk.on_scene": "Printer 2 klaar",
    "desk.over": "Printer 2 leeg",
    "desk.test": "Printer 2 test",
    "desk.unknown": "Printer 2 onbekend",
}

EN: Mapping[str, str] = {
    "desk.title": "Today",
    "desk.week": "week {week}",
    "desk.hours": "Opening hours",
    "desk.closed": "closed",
    "desk.idle": "Printer 2 ready",
    "desk.sent": "Printer 2 receiving",
    "desk.coming": "Printer 2 busy",
    "desk.on_scene": "Printer 2 done",
    "desk.over": "Printer 2 empty",
    "desk.test": "Printer 2 testing",
    "desk.unknown": "Printer 2 unknown",
}
