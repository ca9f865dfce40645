"""Reads one calendar, once: `python -m achterwacht.ical_child`, a child of the daemon.

One line of JSON comes in (Wish) and one goes out (Said). Fetching, parsing and laying out what recurs are here, where
they may take for ever and are ended; what the titles mean is ical.py's, when to read and what to tell calendars.py's.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib import request
from urllib.error import HTTPError, URLError

import msgspec

from achterwacht.core.heard import CalendarEntry
from achterwacht.core.moment import HOUSE_ZONE
from achterwacht.ical import Event, Of, understood

if TYPE_CHECKING:
    from icalendar import Calendar

AHEAD = timedelta(days=62)
"""So far a roster is looked at: two months, and a gap in it is found a week ahead."""
INPUT_MAX_BYTES = 1024 * 1024
"""2,500 events as Outlook writes them: a year of duties for seven pagers. Read in two seconds on a PC."""
EVENTS_MAX = 2000
"""Within AHEAD: a duty a day for thirty pagers. Many more would hold up the daemon, to which they are brought."""
SUMMARY_MAX = 200
"""Characters of a title; a name is shorter."""
SHOWN_MAX = 5
"""So many titles that are not understood go to the local log."""
SILENT_S = 10.0
"""After so long without a byte a server is given up."""
LIFE_S = 40
"""The kernel ends this after so long, should the daemon be no more that ends it sooner (calendars.READ_S)."""
MEMORY_MAX_BYTES = 512 * 1024 * 1024
"""Address space: several times what the largest calendar takes. A rule that recurs each second for years takes more."""
NICENESS = 5
"""The daemon goes first."""
OOM_SCORE = "500"
"""Where memory runs out, this goes first."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """What to read: a file, or a URL; from which day; and who may be named in it (ical.understood)."""

    of: Of
    first: date
    pagers: tuple[str, ...]
    members: dict[str, str]
    path: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What was read; or `error`, why nothing was: for people, and without a word from the calendar.

    `unclear`: how many events say nothing to us, with the day of the first where that is known, and some of their
    titles, which are private.
    """

    error: str = ""
    entries: tuple[CalendarEntry, ...] = ()
    unclear: int = 0
    unclear_first: date | None = None
    titles: tuple[str, ...] = ()


class Unreadable(Exception):
    """The calendar cannot be read; the text says why and what to do, and is fit for the chain of facts."""


def read(wish: Wish) -> Said:
    """Read it. Never raises for what a calendar or a server may do."""
    name = wish.path or wish.url.split("/")[2]
    try:
        data = _fetched(wish.url) if wish.url else _file(wish.path)
        if len(data) > INPUT_MAX_BYTES:
            raise Unreadable(f"is larger than {INPUT_MAX_BYTES} bytes: give it a calendar of its own")
        events, broken = laid_out(data, wish.first)
    except Unreadable as why:
        return Said(f"{name} {why}")
    except (MemoryError, RecursionError):
        return Said(f"{name} takes too much memory to read: does something in it recur each second?")
    found = understood(wish.of, events, wish.pagers, wish.members)
    return Said(
        entries=found.entries,
        unclear=len(found.unclear) + len(broken),
        unclear_first=min((event.first for event in found.unclear), default=None),
        titles=(*(event.summary for event in found.unclear), *broken)[:SHOWN_MAX],
    )


# --- where it is ------------------------------------------------------------------------------------------------------


def _file(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(INPUT_MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise Unreadable("is not there: put it there, or correct its path in achterwacht.yaml") from error
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror}): may the daemon's user read it?") from error


def _fetched(url: str) -> bytes:
    """Never says the path of a URL: whoever knows it can read the calendar."""
    asked = request.Request(url, headers={"User-Agent": "achterwacht", "Accept": "text/calendar"})
    try:
        with _opener().open(asked, timeout=SILENT_S) as answer:
            return bytes(answer.read(INPUT_MAX_BYTES + 1))
    except HTTPError as error:
        with error:
            raise Unreadable(
                f"answers {error.code}: make the link anew if it does so tomorrow, and put it in achterwacht.yaml"
            ) from error
    except URLError as error:
        if "unknown url type" in str(error.reason):
            raise Unreadable("sends us on to what is not on the web: make the link anew") from error
        raise Unreadable(f"cannot be reached ({error.reason}): is the network up, and the link right?") from error
    except TimeoutError as error:
        raise Unreadable(f"says nothing for {SILENT_S:g} s: it is asked again by itself") from error
    except (OSError, HTTPException, ValueError) as error:
        raise Unreadable(f"cannot be understood ({type(error).__name__}): is the link right?") from error


def _opener() -> request.OpenerDirector:
    """The web and nothing else, also where a server sends us on to a file."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler,
        request.UnknownHandler,
        request.HTTPHandler,
        request.HTTPSHandler,
        request.HTTPDefaultErrorHandler,
        request.HTTPRedirectHandler,
        request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


# --- what is in it ----------------------------------------------------------------------------------------------------


def laid_out(data: bytes, first: date) -> tuple[list[Event], list[str]]:
    """Every event from this day on, once for each time that it recurs, without what is cancelled; and what can be said
    of those that are broken. Raises Unreadable when it is no calendar, or not all of one."""
    events: list[Event] = []
    broken: list[str] = []
    for calendar in _calendars(data):
        for alone in _one_by_one(calendar):
            try:
                events += _times(alone, first, EVENTS_MAX - len(events))
            except (Unreadable, MemoryError, RecursionError):
                raise
            except Exception as error:  # what the libraries make of nonsense cannot be foreseen
                broken.append(f"{_title(alone.events[0])} ({error})"[:SUMMARY_MAX])
    return events, broken


def _calendars(data: bytes) -> list[Calendar]:
    try:
        from icalendar import Calendar
    except ImportError as error:
        raise Unreadable("cannot be read without the libraries for calendars: install achterwacht[calendar]") from error

    if not data.rstrip().upper().endswith(b"END:VCALENDAR"):
        raise Unreadable("gives no whole iCalendar: open it in a browser; is it a page to log in, or half a file?")
    try:
        found = [each for each in Calendar.from_ical(data, multiple=True) if isinstance(each, Calendar)]
        if not found:
            raise ValueError("there is no VCALENDAR in it")
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # what the library makes of nonsense cannot be foreseen
        log.warning("not a calendar: %s", str(error)[:SUMMARY_MAX])
        raise Unreadable("gives what is not quite iCalendar: the log has more; export it anew") from error
    return found


def _one_by_one(calendar: Calendar) -> Iterator[Calendar]:
    """Each event alone, with the changes to single times of it: one that is broken spoils no other."""
    by_uid: dict[str, list[Any]] = defaultdict(list)
    for event in calendar.events:
        by_uid[str(event.get("UID", id(event)))].append(event)
    for events in by_uid.values():
        alone = calendar.copy()
        for event in events:
            alone.add_component(event)
        yield alone


def _times(alone: Calendar, first: date, room: int) -> Iterator[Event]:
    """One event, each time that it is."""
    from recurring_ical_events import of

    start = datetime.combine(first, time(), HOUSE_ZONE)
    times = [event for event in of(alone).between(start, start + AHEAD) if not _is_cancelled(event)]
    if len(times) > room:
        raise Unreadable(f"has more than {EVENTS_MAX} events in {AHEAD.days} days: is it the calendar that was meant?")
    return (Event(_title(event), *days(event["DTSTART"].dt, event["DTEND"].dt)) for event in times)


def days(start: date | datetime, end: date | datetime) -> tuple[date, date]:
    """The first and the last local day that this touches. An end is no longer part of it: what ends at midnight does
    not touch the next day."""
    if isinstance(start, datetime) and isinstance(end, datetime):
        start, end = (moment.astimezone(HOUSE_ZONE) if moment.tzinfo else moment for moment in (start, end))
        touched = max(start, end - datetime.resolution)
        return start.date(), touched.date()
    return start, max(start, end - date.resolution)


def _is_cancelled(event: Any) -> bool:
    return str(event.get("STATUS", "")).upper() == "CANCELLED"


def _title(event: Any) -> str:
    return str(event.get("SUMMARY", ""))[:SUMMARY_MAX]


# --- the process ------------------------------------------------------------------------------------------------------


def _stay_small() -> None:
    """Signals are for the daemon: Ctrl-C and systemd send theirs to all; it ends this itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.alarm(LIFE_S)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX_BYTES, MEMORY_MAX_BYTES))
    os.nice(NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)


def main() -> None:
    """One line in, one line out."""
    _stay_small()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s calendar %(name)s: %(message)s")
    wish = msgspec.json.decode(sys.stdin.buffer.readline(), type=Wish)
    sys.stdout.buffer.write(msgspec.json.encode(read(wish)) + b"\n")


if __name__ == "__main__":
    main()
