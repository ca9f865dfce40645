"""What is read from a calendar: as Outlook, Google and Nextcloud write them, nonsense, and servers of all kinds."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from achterwacht import ical_child
from achterwacht.core.heard import CalendarEntry
from achterwacht.ical import Of
from achterwacht.ical_child import INPUT_MAX_BYTES, Said, Unreadable, Wish, days, laid_out, read

FILES = Path(__file__).parent / "calendars"
FIRST = date(2026, 11, 22)
MEMBERS = {"lid-1": "Anna de Vries", "lid-2": "Bram Jansen", "lid-3": "Zoe Okten", "lid-4": ""}
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def a_wish(of: Of = "duty", path: str = "", url: str = "", first: date = FIRST) -> Wish:
    return Wish(of, first, ("p1", "p2"), MEMBERS, path, url)


def a_calendar(*events: str) -> bytes:
    lines = "".join(f"BEGIN:VEVENT\r\nDTSTAMP:20261101T000000Z\r\n{event}END:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n{lines}END:VCALENDAR\r\n".encode()


def an_event(title: str = "p1 lid-1", start: str = ";VALUE=DATE:20261201", more: str = "") -> str:
    return f"UID:{title}{start}\r\nSUMMARY:{title}\r\nDTSTART{start}\r\n{more}"


def duty(pager: str, member: str, first: str, last: str = "") -> CalendarEntry:
    return CalendarEntry("duty", date.fromisoformat(first), date.fromisoformat(last or first), pager, member)


def away(member: str, first: str, last: str = "") -> CalendarEntry:
    return CalendarEntry("away", date.fromisoformat(first), date.fromisoformat(last or first), member=member)


# --- what is in it ----------------------------------------------------------------------------------------------------


def test_a_roster_of_outlook_recurs_but_for_what_was_deleted_and_as_it_was_changed() -> None:
    said = read(a_wish(path=str(FILES / "outlook.ics")))
    assert said == Said(
        entries=(
            duty("p1", "lid-1", "2026-11-30"),
            duty("p1", "lid-1", "2026-12-01"),
            duty("p2", "lid-3", "2026-12-01", "2026-12-02"),
            duty("p2", "lid-1", "2026-12-04"),
            duty("p1", "lid-1", "2026-12-07"),
            duty("p1", "lid-2", "2026-12-14"),
            duty("p1", "lid-1", "2026-12-15"),
            duty("p1", "lid-1", "2026-12-21"),
            duty("p1", "lid-1", "2026-12-22"),
        )
    )


def test_a_roster_of_google_keeps_its_local_days_over_the_end_of_summer_time() -> None:
    said = read(a_wish(path=str(FILES / "google.ics"), first=date(2026, 10, 20)))
    assert said == Said(
        entries=(
            duty("p1", "lid-1", "2026-10-22"),
            duty("p2", "lid-2", "2026-10-25"),  # 22:30 UTC is past midnight in summer,
            duty("p2", "lid-2", "2026-10-26"),  # and not in winter
            duty("p1", "lid-1", "2026-10-29"),
        )
    )


def test_absences_of_nextcloud_are_read_and_what_is_no_members_is_told() -> None:
    said = read(a_wish("away", str(FILES / "nextcloud.ics")))
    assert said == Said(
        entries=(
            away("lid-3", "2026-11-16", "2026-11-29"),
            away("lid-1", "2026-12-02"),
            away("lid-1", "2026-12-17", "2026-12-18"),
            away("lid-1", "2026-12-23"),
        ),
        unclear=1,
        unclear_first=date(2026, 12, 24),
        titles=("Kerstborrel",),
    )


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        (date(2026, 12, 1), date(2026, 12, 2), 1, 1),
        (date(2026, 12, 1), date(2026, 12, 1), 1, 1),
        (datetime(2026, 12, 1, 8, tzinfo=AMSTERDAM), datetime(2026, 12, 1, 17, tzinfo=AMSTERDAM), 1, 1),
        (datetime(2026, 12, 1, 22, tzinfo=AMSTERDAM), datetime(2026, 12, 2, 6, tzinfo=AMSTERDAM), 1, 2),
        (datetime(2026, 12, 1, 22, tzinfo=AMSTERDAM), datetime(2026, 12, 2, tzinfo=AMSTERDAM), 1, 1),
        (datetime(2026, 12, 1, 22, tzinfo=UTC), datetime(2026, 12, 1, 23, tzinfo=UTC), 1, 1),
        (datetime(2026, 12, 1, 23, tzinfo=UTC), datetime(2026, 12, 1, 23, tzinfo=UTC), 2, 2),
    ],
)
def test_an_event_touches_its_local_days_and_its_end_is_no_part_of_it(
    start: date, end: date, first: int, last: int
) -> None:
    assert days(start, end) == (date(2026, 12, first), date(2026, 12, last))


def test_an_event_without_a_zone_is_in_the_time_of_the_house() -> None:
    found, broken = laid_out(a_calendar(an_event(start=":20261201T233000", more="DURATION:PT1H\r\n")), FIRST)
    assert [(event.first, event.last) for event in found] == [(date(2026, 12, 1), date(2026, 12, 2))]
    assert broken == []


def test_what_was_over_yesterday_is_left_out_and_what_goes_on_is_not() -> None:
    over = an_event("over", ";VALUE=DATE:20261101", "DTEND;VALUE=DATE:20261122\r\n")
    going_on = an_event("going on", ";VALUE=DATE:20261101", "DTEND;VALUE=DATE:20261123\r\n")
    later = an_event("later", ";VALUE=DATE:20280101")
    found, _ = laid_out(a_calendar(over, going_on, later), FIRST)
    assert [event.summary for event in found] == ["going on"]


@pytest.mark.parametrize(
    "broken",
    [
        an_event("broken", ";VALUE=DATE:2026xx01"),
        an_event("broken", more="RRULE:FREQ=NEVER\r\n"),
        an_event("broken", more="RRULE:FREQ=DAILY;COUNT=3\r\nEXDATE:rubbish\r\n"),
        an_event("broken", more="DTSTART;VALUE=DATE:20261202\r\n"),
        an_event("broken", ";VALUE=PERIOD:20261203T083000Z/20261204T083000Z"),
        "UID:no-start\r\nSUMMARY:broken\r\n",
        an_event("broken", more="UID:another\r\nSTATUS:CANCELLED\r\nDTEND:rubbish\r\n"),
    ],
)
def test_an_event_that_is_broken_is_told_and_spoils_no_other(broken: str, tmp_path: Path) -> None:
    file = tmp_path / "rooster.ics"
    file.write_bytes(a_calendar(an_event(), broken))
    said = read(a_wish(path=str(file)))
    assert said.entries == (duty("p1", "lid-1", "2026-12-01"),)
    assert (said.unclear, said.unclear_first) == (1, None)
    assert said.titles[0].startswith("broken (")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!DOCTYPE html><html><body>Inloggen</body></html>",
        a_calendar(an_event())[:-20],
        a_calendar(an_event()) + b"BEGIN:VCALENDAR\r\nBEGIN:VEV",
        b"\xff\xfe\x00",
        b"nonsense\r\nEND:VCALENDAR\r\n",
        a_calendar(an_event()).replace(b"\r\n", b"\r"),  # read as one line, in which nothing is
        a_calendar(an_event(start=f";TZID={'A' * 5000}:20261201T080000")),
        a_calendar(an_event(start=";TZID=Europe:20261201T080000")),  # a folder of the zones
    ],
)
def test_what_is_no_whole_calendar_is_not_read_at_all(data: bytes) -> None:
    with pytest.raises(Unreadable, match="iCalendar"):
        laid_out(data, FIRST)


def test_more_events_than_anybody_has_are_another_calendar() -> None:
    with pytest.raises(Unreadable, match="more than 2000 events"):
        laid_out(a_calendar(an_event(start=":20261201T000000Z", more="RRULE:FREQ=MINUTELY;COUNT=3000\r\n")), FIRST)


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_what_takes_too_much_memory_is_told(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def laid_out(data: bytes, first: date) -> None:
        raise error

    monkeypatch.setattr(ical_child, "laid_out", laid_out)
    assert "takes too much memory to read" in read(a_wish(path=str(FILES / "outlook.ics"))).error


def test_a_machine_without_the_libraries_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "icalendar", None)
    assert "install achterwacht[calendar]" in read(a_wish(path=str(FILES / "outlook.ics"))).error


# --- where it is ------------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_told_with_its_path(tmp_path: Path) -> None:
    said = read(a_wish(path=str(tmp_path / "rooster.ics")))
    assert said == Said(f"{tmp_path}/rooster.ics is not there: put it there, or correct its path in achterwacht.yaml")


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    assert "cannot be read (Is a directory)" in read(a_wish(path=str(tmp_path))).error


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "rooster.ics"
    file.write_bytes(a_calendar(an_event()).rjust(INPUT_MAX_BYTES + 1))
    assert "is larger than 1048576 bytes" in read(a_wish(path=str(file))).error


Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def a_server(answer: Answer) -> Iterator[str]:
    """A server on this machine, by its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            serving.join()


def giving(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def hanging_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def test_a_calendar_is_read_from_a_server_also_where_it_sends_us_on() -> None:
    with a_server(giving(a_calendar(an_event()))) as there, a_server(giving(b"", 302, Location=f"{there}/b")) as here:
        assert read(a_wish(url=f"{here}/a")).entries == (duty("p1", "lid-1", "2026-12-01"),)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (giving(b"", 304), "answers 304"),
        (giving(b"", 404), "answers 404"),
        (giving(b"", 500), "answers 500"),
        (giving(b"", 204), "no whole iCalendar"),
        (giving(b"<html>Inloggen</html>"), "no whole iCalendar"),
        (giving(b"x" * (INPUT_MAX_BYTES + 1)), "is larger than"),
        (giving(b"", 302, Location="file:///etc/passwd"), "answers 302"),
        (giving(b"", 302, Location="ftp://127.0.0.1/a"), "sends us on"),
        (hanging_up, "cannot be understood (RemoteDisconnected)"),
    ],
)
def test_a_server_that_gives_no_calendar_is_told_by_its_name_and_never_with_the_link(answer: Answer, told: str) -> None:
    with a_server(answer) as url:
        error = read(a_wish(url=f"{url}/geheim-7f3a.ics")).error
    assert error.startswith(f"{url.removeprefix('http://')} ")
    assert told in error
    assert "geheim" not in error


def test_a_server_that_is_not_there_is_told() -> None:
    with a_server(hanging_up) as url:
        pass
    assert "cannot be reached ([Errno 111] Connection refused)" in read(a_wish(url=f"{url}/a")).error


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ical_child, "SILENT_S", 0.05)
    given_up = threading.Event()

    def silent(handler: BaseHTTPRequestHandler) -> None:
        given_up.wait(10)

    with a_server(silent) as url:
        try:
            assert "says nothing for 0.05 s" in read(a_wish(url=f"{url}/a")).error
        finally:
            given_up.set()


# --- the process ------------------------------------------------------------------------------------------------------


def test_the_process_reads_one_calendar_and_ends() -> None:
    wish = msgspec.json.encode(a_wish(path=str(FILES / "outlook.ics")))
    command = (sys.executable, "-P", "-m", "achterwacht.ical_child")
    done = subprocess.run(command, input=wish + b"\n", capture_output=True, timeout=30, check=True)
    assert len(msgspec.json.decode(done.stdout, type=Said).entries) == 9
    assert done.stderr == b""


def test_the_process_has_bounds_of_its_own() -> None:
    script = """
import time
from achterwacht import ical_child
ical_child.LIFE_S = 1
ical_child._stay_small()
try:
    bytearray(ical_child.MEMORY_MAX_BYTES)
except MemoryError:
    print("no memory", flush=True)
time.sleep(60)
"""
    done = subprocess.run((sys.executable, "-c", script), capture_output=True, timeout=30, check=False)
    assert done.stdout == b"no memory\n"
    assert done.returncode == -signal.SIGALRM
