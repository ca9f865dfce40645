"""The pages /meldingen: the list, one incident, the draft of its form, and the drills.

Knows how a story stands on a page. What the journal knows is archive.py's; sentences about facts are the daemon's own
texts, and what the form asks is the core's (draft.py).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from achterwacht.core import facts as f
from achterwacht.core.draft import DESCRIPTION, DESCRIPTION_HINT, draft
from achterwacht.core.drill import is_drill
from achterwacht.core.drill_report import Took, report
from achterwacht.core.incident import Incident, Line, Reached, timeline
from achterwacht.core.moment import HOUSE_ZONE
from achterwacht.core.plan import Budgets, Site
from achterwacht.errors import JournalError
from achterwacht.outputs.texts import Texts, clock_time
from achterwacht.outputs.texts import form as paper
from achterwacht.outputs.texts.story import began, headline
from achterwacht_dashboard import access
from achterwacht_dashboard.archive import Archive, Entry, Shelf, Told
from achterwacht_dashboard.live import Window, seen_by
from achterwacht_dashboard.pages import Page, Seen
from achterwacht_dashboard.respond import language_of, respond
from achterwacht_dashboard.words import Words

router = APIRouter(include_in_schema=False)

PAGE_ENTRIES = 50
"""So many on one page of the list."""
NEAREST = 3
"""So many suggestions when somebody asks for an incident that is not there."""
LINES_MAX = 1000
"""So many facts of one incident are shown, half of them its first; an alarm that is forgotten has 100,000."""
DESCRIPTION_LINES = 6
"""Lines to write on, on paper."""

POLICE_FACTS = (f.PoliceAdvised, f.CallersAsked, f.NeedOf112Asked)
POLICE_ANSWERS = ("need_112", "called_112", "police_here")
END_FACTS = (f.AlarmClosed, f.AlarmReopened, f.UndoRefused, f.DrillEnded)
PEOPLE_FACTS = (f.AlarmRaised, f.AlarmRecovered, f.PressJoined, f.Answered, *POLICE_FACTS, *END_FACTS)
"""What the form tells beside its questions: what people did. The rest is of the technical annex."""


# --- the routes -------------------------------------------------------------------------------------------------------
# None is a coroutine: they run in threads, so that a long story holds up no page that is live.


@router.get("/meldingen")
def incident_list(request: Request, jaar: str = "", plaats: str = "", pagina: str = "1") -> HTMLResponse:
    """Every incident, the open ones first, then the newest."""
    seen, shelf = _seen(request), _archive(request).shelf
    return _answer(request, "meldingen/list.html", seen, **list_view(seen, shelf, jaar, plaats, pagina))


@router.get("/meldingen/oefeningen")
def drill_list(request: Request, pagina: str = "1") -> HTMLResponse:
    """Every drill, the newest first."""
    seen, shelf = _seen(request), _archive(request).shelf
    return _answer(request, "meldingen/drills.html", seen, **drills_view(seen, shelf, pagina))


@router.get("/meldingen/{incident}")
def one_incident(request: Request, incident: str) -> HTMLResponse:
    """One incident or drill, by its number or id."""
    seen = _seen(request)
    told = _find(request, seen, incident)
    if isinstance(told, HTMLResponse):
        return told
    return _answer(request, "meldingen/one.html", seen, **story_view(seen, told))


@router.get("/meldingen/{incident}/concept")
def incident_draft(request: Request, incident: str) -> HTMLResponse:
    """The form that is filled in after an incident, with what the facts know."""
    seen = _seen(request)
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


def _seen(request: Request) -> Seen:
    house = request.app.state.house
    return seen_by(Window(PAGE, request.state.viewer, language_of(request)), house.look, house.clock.now())


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
    """At the desk of an alarm nothing may be seen of what is open, but what was open before (S9)."""
    is_open = entry.closed is None or entry.incident in seen.state.alarms
    return seen.discreet and is_open and entry.incident not in {alarm.incident for alarm in seen.alarms}


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
    live = seen.state.alarms
    wanted = [entry for entry in known if year in ("", _year(entry)) and place in ("", entry.place)]
    still_open = [entry for entry in wanted if entry.closed is None and entry.incident not in live]
    closed = [entry for entry in wanted if entry.closed is not None and entry.incident not in live]
    asked = {"jaar": year, "plaats": place}
    return {
        "rows": [_row(seen, entry) for entry in still_open],
        **_paged(seen, closed, page, asked, wrong),
        "total": len(wanted),
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


def _house(site: Site) -> str:
    return ", ".join(filter(None, (site.name, site.address)))


def _year(entry: Entry) -> str:
    return f"{entry.raised_at.astimezone(HOUSE_ZONE).year}"


# --- one incident -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """One fact in a sentence, and when it was: on the wall, since the press, and for the annex."""

    n: int
    time: str
    after: str
    sentence: str
    local: str
    utc: str


@dataclass(frozen=True, slots=True)
class Hop:
    """A part of the way from press to people: how long it took, and how long it may."""

    what: str
    first: str
    last: str
    budget: str
    late: str
    """How long it took that was too slow; empty where it was not."""
    is_known: bool
    once: bool
    """Whether there is only one of it."""


def story_view(seen: Seen, told: Told) -> Mapping[str, Any]:
    """One incident or drill, for its page."""
    story, texts = told.story, seen.texts
    lines, names = timeline(story), seen.look.names
    return {
        "name": story.number or story.incident,
        "id": story.incident,
        "story_site": _house(story.site),
        "headline": headline(story, texts),
        "began": began(story, texts),
        "notes": _notes(story, texts),
        "is_open": story.closed is None or story.incident in seen.state.alarms,
        "is_drill": is_drill(story.incident),
        "timeline": _moments(names, texts, lines),
        "came": [
            {
                "who": seen.who(came.by),
                "coming": _after(texts, came.coming_s),
                "on_scene": _after(texts, came.on_scene_s),
            }
            for came in story.came
        ],
        "police": _moments(names, texts, [line for line in lines if _is_police(line)]),
        "ends": _moments(names, texts, [line for line in lines if isinstance(line.fact, END_FACTS)]),
        "targets": [_target(seen, target) for target in story.targets],
        "hops": list(_hops(story, told.budgets, texts)),
        "annex": _moments(names, texts, story.lines),
        "left_out": max(0, len(story.lines) - LINES_MAX),
        "drill": _drill(seen, story),
    }


def _notes(story: Incident, texts: Texts) -> list[str]:
    """What must be known to read the times."""
    words = texts.words.story
    notes = []
    if story.recovered_from is not None:
        notes.append(words["recovered"].format(pager=story.recovered_from))
    if not story.clock_ok:
        notes.append(words["clock"])
    return notes


def _moments(names: Mapping[str, str], texts: Texts, lines: Sequence[Line]) -> list[Moment]:
    """Each in a sentence; of very many the first and the last."""
    if len(lines) > LINES_MAX:
        lines = (*lines[: LINES_MAX // 2], *lines[-LINES_MAX // 2 :])
    return [_moment(names, texts, line) for line in lines]


def _moment(names: Mapping[str, str], texts: Texts, line: Line) -> Moment:
    sentence = texts.sentence(line.fact, names)
    if line.times > 1:
        sentence = texts.words.story["times"].format(sentence=sentence, times=line.times)
    when = line.fact.when
    is_later = line.of is not None and when.local.date() > line.of.raised_at.astimezone(HOUSE_ZONE).date()
    day = f"{when.local:%d-%m} " if is_later else ""
    return Moment(
        n=line.n,
        time=f"{day}{clock_time(when)}".strip(),
        after=texts.duration(line.after_s) if line.after_s >= 0 else "",  # an announced drill has not rung yet
        sentence=sentence,
        local=f"{when.local:%d-%m-%Y %H:%M:%S}" + ("" if when.clock_ok else " ?"),
        utc=_utc(when.at),
    )


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def _is_police(line: Line) -> bool:
    said = isinstance(line.fact, f.Answered) and line.fact.answer in POLICE_ANSWERS
    return said or isinstance(line.fact, POLICE_FACTS)


def _after(texts: Texts, after_s: float | None) -> str:
    """Time since the press; empty for what never was."""
    return "" if after_s is None else texts.duration(max(0.0, after_s))


def _target(seen: Seen, target: Reached) -> Mapping[str, Any]:
    """How far the orders to one target came, each stage by itself (S6)."""
    texts = seen.texts
    why = texts.why_failed(target.failure) if target.failures else ""
    return {
        "device": texts.device(target.target, seen.look.names),
        "orders": target.orders,
        "handed_over": _after(texts, target.handed_over_s),
        "received": _after(texts, target.received_s),
        "shown": _after(texts, target.shown_s),
        "answered": _after(texts, target.answered_s),
        "failed": texts.words.story["failures"].format(failures=target.failures, why=why) if target.failures else "",
    }


def _hops(story: Incident, budgets: Budgets | None, texts: Texts) -> Iterator[Hop]:
    """Each against its bound. Whether it was too slow is the core's judgement, which is a fact."""
    words, hops = texts.words, story.hops
    missed = {late.hop: late for late in story.missed}
    bounds = (budgets.handed_over_s, budgets.durable_s, budgets.shown_s) if budgets else (None, None, None)
    measured = (
        ("handed_over", hops.handed_over_first_ms, hops.handed_over_last_ms),
        ("durable", hops.durable_ms, None),
        ("shown", hops.shown_first_ms, hops.shown_last_ms),
    )
    for (hop, first_ms, last_ms), budget_s in zip(measured, bounds, strict=True):
        late = missed.get(hop)
        yield Hop(
            what=words.hops[hop],
            first=_ms(texts, first_ms),
            last=_ms(texts, last_ms),
            budget=_ms(texts, budget_s * 1000 if budget_s is not None else None),
            late=texts.duration(late.took_s) if late else "",
            is_known=first_ms is not None,
            once=hop == "durable",
        )


def _ms(texts: Texts, ms: float | None) -> str:
    """Empty for what was never measured."""
    if ms is None:
        return ""
    return texts.words.story["ms"].format(ms=f"{ms:.1f}".replace(".", texts.words.decimal_sign))


def _drill(seen: Seen, story: Incident) -> Mapping[str, Any] | None:
    """What a drill has shown; None of an alarm, and of a drill whose beginning is lost."""
    try:
        measured = report(story)
    except ValueError:
        return None
    texts, words = seen.texts, seen.texts.words.practice
    told = [
        words["started.announced" if measured.announced else "started"].format(by=seen.who(measured.by)),
        *(
            words[key].format(after=_after(texts, after_s), needed=measured.needed)
            if after_s is not None
            else words[f"{key}.never" if measured.ended else f"{key}.not yet"].format(needed=measured.needed)
            for key, after_s in (("enough", measured.enough_s), ("there", measured.first_there_s))
        ),
    ]
    return {"told": told, "persons": [_took(seen, took) for took in measured.persons]}


def _took(seen: Seen, took: Took) -> Mapping[str, str]:
    texts = seen.texts
    coming = _after(texts, took.coming_s)
    if not coming and took.cannot_s is not None:
        coming = texts.words.practice["cannot"]
    return {
        "who": seen.who(took.by),
        "asked": _after(texts, took.asked_s),
        "shown": _after(texts, took.shown_s),
        "coming": coming,
        "on_scene": _after(texts, took.on_scene_s),
    }


# --- the form ---------------------------------------------------------------------------------------------------------


def draft_view(seen: Seen, told: Told) -> Mapping[str, Any]:
    """The form, always in Dutch: so are its readers."""
    story, dutch, names = told.story, Texts("nl"), seen.look.names
    form = draft(story, names)
    people = [line for line in timeline(story) if isinstance(line.fact, PEOPLE_FACTS)]
    return {
        "name": story.number or story.incident,
        "title": paper.TITLE_NUMBERED.format(number=form.number) if form.number else paper.TITLE,
        "house": _house(form.site),
        "form": form,
        "description": DESCRIPTION,
        "hint": DESCRIPTION_HINT,
        "lines": DESCRIPTION_LINES,
        "system_title": paper.SYSTEM_TITLE,
        "warnings": [
            warning
            for warning, holds in (
                (paper.UNTRUSTED, not form.clock_ok),
                (paper.RECOVERED, form.recovered),
                (paper.STILL_OPEN, form.closed is None),
            )
            if holds
        ],
        "moments": _moments(names, dutch, people),
        "dutch": Words("nl"),
        "footer": paper.FOOTER,
    }


PAGE = Page("meldingen", "GET /meldingen", {"open": open_view})
