"""The draft of the form as plain text, for a screen or a printer. Always Dutch: so are the form and its readers."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import datetime

from achterwacht.core.draft import DESCRIPTION, DESCRIPTION_HINT, Draft, Question
from achterwacht.core.moment import HOUSE_ZONE
from achterwacht.outputs.texts import Texts

COLUMNS = 78
"""Fits every terminal and every printer's page."""
TITLE_CHARS = 16
DESCRIPTION_LINES = 5

TITLE = "Concept-melding agressie"
TITLE_NUMBERED = "Concept-melding agressie {number}"
SYSTEM_TITLE = "Door het alarmsysteem vastgelegd (plaatselijke tijd, na de druk, UTC)"
UNTRUSTED = "De klok was niet gelijkgezet: controleer datum en tijd."
RECOVERED = "Hersteld uit het geheugen van een pieper: de druk zelf was eerder."
PRESSED = "Knop ingedrukt bij {place} (zender {zender}), {presses}x"
POLICE = {
    "advised": "112 moet gebeld worden: {reason}",
    "asked": "Gevraagd om 112 te bellen: {who}",
    "called": "112 is gebeld, gemeld door {who}",
    "arrived": "De politie is er, gemeld door {who}",
}
CLOSED = "Voorbij, gemeld door {by}"
CLOSED_BECAUSE = "Voorbij, gemeld door {by}: {reason}"
STILL_OPEN = "De melding is nog open."
FOOTER = "Concept: controleer, vul aan en bespreek het met de leidinggevende."

_DUTCH = Texts("nl")


def form_text(draft: Draft) -> str:
    """The form in at most COLUMNS columns."""
    parts = [
        list(_head(draft)),
        list(_fields(draft)),
        *(list(_question(question)) for question in draft.questions),
        list(_description()),
        list(_system(draft)),
        [FOOTER],
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def _head(draft: Draft) -> Iterator[str]:
    yield TITLE_NUMBERED.format(number=draft.number) if draft.number else TITLE
    site = ", ".join(filter(None, (draft.site.name, draft.site.address)))
    yield from _wrapped(site, "")
    yield "=" * COLUMNS


def _fields(draft: Draft) -> Iterator[str]:
    for field in draft.fields:
        yield f"{field.title:<{TITLE_CHARS}} {field.value or '.' * (COLUMNS - TITLE_CHARS - 1)}"


def _question(question: Question) -> Iterator[str]:
    yield question.title
    open_, ticked = ("[ ]", "[x]") if question.several else ("( )", "(x)")
    for option in question.options:
        dots = " " + "." * 30 if option.text.endswith("nl:") else ""
        note = f": {question.note}" if option.ticked and question.note else ""
        yield from _wrapped(f"{ticked if option.ticked else open_} {option.text}{dots}{note}", "      ", first="  ")


def _description() -> Iterator[str]:
    yield DESCRIPTION
    yield from _wrapped(DESCRIPTION_HINT, "  ")
    yield from ["  " + "." * (COLUMNS - 2)] * DESCRIPTION_LINES


def _system(draft: Draft) -> Iterator[str]:
    yield SYSTEM_TITLE
    if not draft.clock_ok:
        yield f"  {UNTRUSTED}"
    if draft.recovered:
        yield f"  {RECOVERED}"
    for after_s, at, what in sorted(_events(draft), key=lambda event: event[0]):
        times = f"  {at.astimezone(HOUSE_ZONE):%H:%M:%S} {_DUTCH.duration(after_s):>8}  {at:%H:%M:%S}Z  "
        yield from _wrapped(what, " " * len(times), first=times)
    if draft.closed is None:
        yield f"  {STILL_OPEN}"


def _events(draft: Draft) -> Iterator[tuple[float, datetime, str]]:
    """Seconds since the press, UTC, and what was then."""
    yield 0.0, draft.raised_at, PRESSED.format(place=draft.place, zender=draft.zender, presses=draft.presses)
    for came in draft.came:
        if came.coming_at is not None and came.coming_s is not None:
            yield came.coming_s, came.coming_at, _DUTCH.answer("coming", came.by)
        if came.on_scene_at is not None and came.on_scene_s is not None:
            yield came.on_scene_s, came.on_scene_at, _DUTCH.answer("on_scene", came.by)
    for said in draft.told_to_leave:
        yield said.after_s, said.at, _DUTCH.answer("told_to_leave", said.by)
    for note in draft.police:
        said_of = POLICE[note.what].format(who=_DUTCH.everyone(note.who), reason=_DUTCH.reason(note.reason))
        yield note.after_s, note.at, said_of
    if draft.closed:
        closed = CLOSED_BECAUSE if draft.closed.reason else CLOSED
        said_by = closed.format(by=_DUTCH.who(draft.closed.by), reason=draft.closed.reason)
        yield draft.closed.after_s, draft.closed.at, said_by


def _wrapped(text: str, indent: str, first: str | None = None) -> list[str]:
    return textwrap.wrap(text, COLUMNS, initial_indent=indent if first is None else first, subsequent_indent=indent)
