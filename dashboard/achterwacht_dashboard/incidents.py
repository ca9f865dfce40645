"""The pages /meldingen: the lists of incidents and drills, one of them, and the draft of its form.

Knows what is asked for, what may be seen of it, and what is said when it cannot be told. What the journal knows is
archive.py's; how one story stands on a page is story_view.py's.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from achterwacht.core.drill import is_drill
from achterwacht.core.moment import HOUSE_ZONE
from achterwacht.errors import JournalError
from achterwacht_dashboard import access
from achterwacht_dashboard.archive import Archive, Entry, Shelf, Told
from achterwacht_dashboard.board import signals_elsewhere
from achterwacht_dashboard.pages import Page, Seen
from achterwacht_dashboard.respond import respond, seen_by
from achterwacht_dashboard.story_view import draft_view, is_live, story_view
from achterwacht_dashboard.words import Words

router = APIRouter(include_in_schema=False)

PAGE_ENTRIES = 50
"""So many on one page of the list."""
NEAREST = 3
"""So many suggestions when somebody asks for an incident that is not there."""


# --- the routes -------------------------------------------------------------------------------------------------------
# None is a coroutine: they run in threads, so that a long story holds up no page that is live.


@router.get("/meldingen")
def incident_list(request: Request, jaar: str = "", plaats: str = "", pagina: str = "1") -> HTMLResponse:
    """Every incident, the open ones first, then the newest."""
    seen, shelf = seen_by(request), _archive(request).shelf
    return _answer(request, "meldingen/list.html", seen, **list_view(seen, shelf, jaar, plaats, pagina))


@router.get("/meldingen/oefeningen")
def drill_list(request: Request, pagina: str = "1") -> HTMLResponse:
    """Every drill, the newest first."""
    seen, shelf = seen_by(request), _archive(request).shelf
    return _answer(request, "meldingen/drills.html", seen, **drills_view(seen, shelf, pagina))


@router.get("/meldingen/{incident}")
def one_incident(request: Request, incident: str) -> HTMLResponse:
    """One incident or drill, by its number or id."""
    seen = seen_by(request)
    told = _find(request, seen, incident)
    if isinstance(told, HTMLResponse):
        return told
    return _answer(request, "meldingen/one.html", seen, **story_view(seen, told))


@router.get("/meldingen/{incident}/concept")
def incident_draft(request: Request, incident: str) -> HTMLResponse:
    """The form that is filled in after an incident, with what the facts know."""
    seen = seen_by(request)
    told = _find(request, seen, incident)
    if isinstance(told, HTMLResponse):
        return told
    if is_drill(told.story.incident):
        return _answer(request, "meldingen/none.html", seen, 404, name=incident, why="incidents.none.drill", nearest=())
    return _answer(request, "meldingen/draft.html", seen, **draft_view(seen, told))


def _find(request: Request, seen: Seen, name: str) -> Told | HTMLResponse:
    """The story that is asked for, or the page that says why there is none."""
    archive = _archive(request)
    entry = archive.shelf.find(name)
    if entry is None or _is_hidden(seen, entry):
        return _no_such(request, seen, archive.shelf, name)
    try:
        told = archive.tell(entry)
    except JournalError as error:
        return _answer(
            request, "meldingen/none.html", seen, 503, name=name, why="incidents.none.unreadable", detail=str(error)
        )
    return told or _answer(request, "meldingen/none.html", seen, 404, name=name, why="incidents.none.gone")


def _no_such(request: Request, seen: Seen, shelf: Shelf, name: str) -> HTMLResponse:
    if any(name in (alarm.number, alarm.incident) for alarm in seen.alarms):
        return _answer(request, "meldingen/none.html", seen, 404, name=name, why="incidents.none.not_yet")
    names = [one.name for one in (*shelf.incidents, *shelf.drills) if not _is_hidden(seen, one)]
    nearest = difflib.get_close_matches(name, names, NEAREST) or names[:NEAREST]
    return _answer(request, "meldingen/none.html", seen, 404, name=name, why="incidents.none.unknown", nearest=nearest)


def _archive(request: Request) -> Archive:
    archive: Archive = request.app.state.archive
    return archive


def _answer(request: Request, template: str, seen: Seen, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of this room: what each of them has."""
    journal = journal_notes(_archive(request).shelf, seen.words)
    made_at, board = f"{seen.now.local:%H:%M:%S}", access.may(seen.viewer, "GET /receptie")
    shared = {**open_view(seen), "journal": journal, "made_at": made_at, "board": board}
    return respond(request, template, status, **shared | {"nearest": (), "detail": ""} | values)


# --- what cannot be read ----------------------------------------------------------------------------------------------


def journal_notes(shelf: Shelf, words: Words) -> list[str]:
    """What is missing from these pages, each in a sentence. Empty where everything was read."""
    notes = []
    if shelf.trouble:
        notes.append(words(f"incidents.trouble.{shelf.trouble.why}", detail=shelf.trouble.detail))
    elif not shelf.whole:
        notes.append(words("incidents.reading", n=shelf.n))
    notes += [words("incidents.gap", first=first, last=last) for first, last in shelf.gaps]
    if shelf.unknown:
        notes.append(words("incidents.unknown_facts", count=shelf.unknown, first=shelf.unknown_first))
    return notes


def _is_hidden(seen: Seen, entry: Entry) -> bool:
    """At the desk of an alarm nothing may be seen of what began with it or since, and what was there stays (S9)."""
    return seen.own_alarm is not None and entry.raised_n >= seen.own_alarm.raised_n


# --- the lists --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list, in words."""

    name: str
    date: str
    time: str
    place: str
    zender: int
    ended: str
    came: str
    police: str
    is_open: bool


def open_view(seen: Seen) -> Mapping[str, Any]:
    """What is open now, live."""
    return {
        "alarms": [
            {
                "incident": alarm.incident,
                "place": alarm.place,
                "number": alarm.number or seen.words("incidents.no_number"),
                "drill": alarm.drill,
                "phase": seen.texts.words.phases[alarm.phase],
                "coming": alarm.coming,
                "raised_s": alarm.heard_s,
            }
            for alarm in seen.alarms
        ]
    }


def list_view(seen: Seen, shelf: Shelf, year: str, place: str, page: str) -> Mapping[str, Any]:
    """The list as it was asked for. What makes no sense is said, and all is shown."""
    words, known = seen.words, [entry for entry in shelf.incidents if not _is_hidden(seen, entry)]
    years = sorted({_year(entry) for entry in known}, reverse=True)
    places = sorted({entry.place for entry in known})
    wrong = []
    if year and year not in years:
        wrong.append(words("incidents.wrong.year", asked=year))
        year = ""
    if place and place not in places:
        wrong.append(words("incidents.wrong.place", asked=place))
        place = ""
    wanted = [entry for entry in known if year in ("", _year(entry)) and place in ("", entry.place)]
    listed = [entry for entry in wanted if not is_live(seen, entry)]
    still_open = [entry for entry in listed if entry.closed is None]
    closed = [entry for entry in listed if entry.closed is not None]
    asked = {"jaar": year, "plaats": place}
    return {
        "rows": [_row(seen, entry) for entry in still_open],
        **_paged(seen, closed, page, asked, wrong),
        "total": len(wanted),
        "open": len(wanted) - len(listed),
        "years": years,
        "places": places,
        "year": year,
        "place": place,
        "wrong": wrong,
        "empty": "incidents.empty.filter" if year or place else "incidents.empty",
    }


def drills_view(seen: Seen, shelf: Shelf, page: str) -> Mapping[str, Any]:
    """The drills, which are never among the incidents."""
    known = [entry for entry in shelf.drills if not _is_hidden(seen, entry)]
    wrong: list[str] = []
    return {**_paged(seen, known, page, {}, wrong), "total": len(known), "wrong": wrong}


def _paged(
    seen: Seen, entries: Sequence[Entry], page: str, asked: Mapping[str, str], wrong: list[str]
) -> dict[str, Any]:
    """One page of them, and the way to the others. A page that is not there is added to `wrong`."""
    pages = max(1, -(-len(entries) // PAGE_ENTRIES))
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 10 else 0
    if not 1 <= number <= pages:
        wrong.append(seen.words("incidents.wrong.page", asked=page, pages=pages))
        number = 1
    first = (number - 1) * PAGE_ENTRIES

    def link(to: int) -> str:
        return "?" + urlencode({name: value for name, value in asked.items() if value} | {"pagina": to})

    return {
        "closed_rows": [_row(seen, entry) for entry in entries[first : first + PAGE_ENTRIES]],
        "page": number,
        "pages": pages,
        "newer": link(number - 1) if number > 1 else "",
        "older": link(number + 1) if number < pages else "",
    }


def _row(seen: Seen, entry: Entry) -> Row:
    local = entry.raised_at.astimezone(HOUSE_ZONE)
    return Row(
        name=entry.name,
        date=f"{local:%d-%m-%Y}",
        time=f"{local:%H:%M:%S}" + ("" if entry.clock_ok else "?"),
        place=entry.place,
        zender=entry.zender,
        ended=_ended(seen, entry),
        came=_came(seen, entry),
        police=seen.words(f"incidents.police.{entry.police or 'none'}"),
        is_open=entry.closed is None,
    )


def _ended(seen: Seen, entry: Entry) -> str:
    words, closed = seen.words, entry.closed
    if closed is None:
        return words("incidents.ended.open")
    after = seen.texts.duration(closed.after_s)
    if entry.drill:
        end = seen.texts.words.drill_ends.get(closed.reason, closed.reason)
        key = "incidents.ended.drill" if closed.after_s >= 0 else "incidents.ended.drill_never"
        return words(key, after=after, end=end)
    key = "incidents.ended.reason" if closed.reason else "incidents.ended"
    return words(key, after=after, by=seen.who(closed.by), reason=closed.reason)


def _came(seen: Seen, entry: Entry) -> str:
    if entry.on_scene:
        return seen.words("incidents.came", count=entry.on_scene)
    return seen.words("incidents.came.coming" if entry.coming else "incidents.came.nobody", count=entry.coming)


def _year(entry: Entry) -> str:
    return f"{entry.raised_at.astimezone(HOUSE_ZONE).year}"


PAGE = Page("meldingen", "GET /meldingen", {"open": open_view}, signals_elsewhere)
