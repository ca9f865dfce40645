"""The journal in a browser: sentences, who did what, and a chain that is verified while everything goes on."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from achterwacht.clock import Clock
from achterwacht.core import facts as f
from achterwacht.core.moment import Moment
from achterwacht.errors import JournalError
from achterwacht.journal import reader
from achterwacht.journal.files import Origin, create_file
from achterwacht.outputs.texts import Texts
from achterwacht_dashboard import admin, journal_view
from achterwacht_dashboard.access import Viewer
from achterwacht_dashboard.button_tests import History, Stories
from achterwacht_dashboard.house import Look
from achterwacht_dashboard.journal_view import Verifier, deeds, is_deed, newest, newest_head, read_head, started, tell
from achterwacht_dashboard.pages import Seen
from achterwacht_dashboard.words import Words
from dashboard_site import PEOPLE, site
from house import TOWN_HALL, House
from journal_of import write_journal

in_the_loop = pytest.mark.asyncio(loop_scope="session")

ELS = Viewer("a1", "Els", frozenset({"coordinator"}), "els")


def lived_house() -> House:
    """A test, a drill and an alarm that is over."""
    house = House()
    house.tests("phone:anna", "els")
    house.tests_button(5)
    house.wait(40)
    house.practises(6, by="els")
    house.wait(5)
    house.stops_practising("els")
    house.wait(130)
    house.press(7)
    house.says("anna", "coming")
    house.says("anna", "on_scene")
    house.wait(5)
    house.says("anna", "all_clear")
    house.wait(5)
    house.lets_ring()
    return house


def seen_of(house: House, viewer: Viewer = ELS) -> Seen:
    look = Look(state=house.state, boot="d001", n=house.state.n, people={person.id: person for person in PEOPLE})
    return Seen(look, viewer, Words("nl"), Texts("nl"), house.now)


def tamper(folder: Path, *statements: str) -> None:
    """Changes the file as somebody would who may write it: without the triggers."""
    with closing(sqlite3.connect(folder / "journal-2026.db")) as db, db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)


# --- reading ----------------------------------------------------------------------------------------------------------


def test_the_newest_facts_stand_first_and_older_ones_a_link_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_view, "ON_A_PAGE", 20)
    house = lived_house()
    write_journal(tmp_path, house.lines)
    last_n = len(house.lines)
    found = newest(tmp_path)
    assert [n for n, _ in found.facts] == list(range(last_n, last_n - 20, -1))
    older = newest(tmp_path, found.older)
    assert older.facts[0][0] == found.facts[-1][0] - 1
    assert newest(tmp_path, 3).facts[-1][0] == 1
    assert newest(tmp_path, 3).older is None
    assert found.missing == ()


def test_facts_are_sentences_with_names_and_places(tmp_path: Path) -> None:
    house = lived_house()
    write_journal(tmp_path, house.lines)
    told = tell(seen_of(house), newest(tmp_path))
    closed = next(line for line in told["lines"] if "Anna de Vries" in line["text"] and line["place"] == "Balie 3")
    assert closed["day"] == "za 21-11-2026"
    assert closed["at"].startswith("10:0")
    assert told["unknown"] == 0


def test_a_fact_of_another_version_is_counted_and_not_shown(tmp_path: Path) -> None:
    house = House()
    write_journal(tmp_path, [*house.lines, '{"fact":"moon_landed","at":"2026-11-21T09:00:00Z"}', "no json at all"])
    found = newest(tmp_path)
    assert len(found.facts) == len(house.lines)
    assert tell(seen_of(house), found)["unknown"] == 2


def test_an_empty_folder_is_an_empty_page(tmp_path: Path) -> None:
    assert newest(tmp_path).facts == ()
    assert newest_head(tmp_path) is None
    assert deeds(tmp_path).facts == ()
    write_journal(tmp_path, [])
    assert newest(tmp_path).facts == ()


def test_a_journal_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "journal-2026.db").write_text("this is no database, whatever its name says")
    with pytest.raises(JournalError, match="journal-2026"):
        newest(tmp_path)


def test_facts_that_were_changed_or_taken_out_are_not_passed_over_in_silence(tmp_path: Path) -> None:
    house = lived_house()
    last_n = write_journal(tmp_path, house.lines).n
    assert last_n < journal_view.ON_A_PAGE * 2
    tamper(tmp_path, f"UPDATE facts SET body = '{{}}' WHERE n = {last_n - 10}")
    found = newest(tmp_path)
    assert found.facts[0][0] == last_n - 11
    assert found.missing == ((last_n - 10, last_n),)
    assert deeds(tmp_path).missing == ((last_n - 10, last_n),)
    tamper(tmp_path, "DELETE FROM facts WHERE n < 4")
    assert newest(tmp_path, 30).missing == ((1, 29),), "what nothing vouches for is not shown"


def test_years_that_were_taken_away_are_not_missing(tmp_path: Path) -> None:
    lines = lived_house().lines
    head = write_journal(tmp_path, lines)
    (tmp_path / "journal-2026.db").unlink()
    create_file(tmp_path / "journal-2027.db", Origin("journal-2026.db", head))
    assert newest(tmp_path) == journal_view.Found()
    assert deeds(tmp_path, 3) == journal_view.Found()


def test_an_older_file_that_is_damaged_hides_nothing_of_the_newer(tmp_path: Path) -> None:
    house = lived_house()
    write_journal(tmp_path, house.lines)
    (tmp_path / "journal-2026.db.corrupt-20261121T130233Z").write_text("this is no database any more")
    assert newest(tmp_path).facts[0][0] == len(house.lines)
    assert deeds(tmp_path).facts


def test_the_newest_start_of_the_daemon_is_found_however_far_back(tmp_path: Path) -> None:
    house = House()
    house.restart()
    starts = len(house.all(f.DaemonStarted))
    house.press(7)
    house.wait(60)
    write_journal(tmp_path, house.lines)
    begun = started(tmp_path)
    assert begun is not None
    assert (starts, begun) == (2, house.all(f.DaemonStarted)[-1])
    assert started(tmp_path / "nowhere") is None


def test_who_did_what_has_people_alone(tmp_path: Path) -> None:
    house = lived_house()
    write_journal(tmp_path, house.lines)
    found = deeds(tmp_path)
    assert all(is_deed(fact) for _, fact in found.facts)
    kinds = [type(fact) for _, fact in reversed(found.facts)]
    assert kinds == [
        *(f.TestAsked, f.ButtonTestBegan, f.ButtonTestEnded),
        *(f.DrillRaised, f.DrillEnded),
        f.AlarmClosed,
    ]
    texts = " ".join(line["text"] for line in tell(seen_of(house), found)["lines"])
    assert "Els Smit" in texts
    assert "Anna de Vries" in texts


def test_deeds_far_back_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = lived_house()
    write_journal(tmp_path, house.lines)
    whole = deeds(tmp_path)
    monkeypatch.setattr(journal_view, "WINDOW_ROWS", 7)
    assert deeds(tmp_path).facts == whole.facts
    monkeypatch.setattr(journal_view, "WINDOWS_MAX", 2)
    found, first = list[tuple[int, f.Fact]](), deeds(tmp_path)
    found += first.facts
    end = first.older
    while end is not None:
        some = deeds(tmp_path, end)
        found += some.facts
        end = some.older
    assert tuple(found) == whole.facts


def test_at_the_desk_of_an_alarm_the_journal_ends_before_it(tmp_path: Path) -> None:
    house = House()
    house.wait(5)
    quiet_n = house.state.n
    house.press(7)
    house.wait(1)
    write_journal(tmp_path, house.lines)
    gerda = replace(ELS, member="gerda")
    seen = seen_of(house, gerda)
    assert seen.discreet
    found = newest(tmp_path, journal_view.shown_before(seen))
    assert found.facts
    assert max(n for n, _ in found.facts) <= quiet_n + 1, "her zender was heard; its alarm is not shown"
    assert not any(isinstance(fact, f.AlarmRaised | f.Ordered) for _, fact in found.facts)
    assert journal_view.shown_before(seen_of(house)) is None
    house.lets_ring()


@in_the_loop
async def test_the_history_of_button_tests_is_read_once_and_then_what_is_new(tmp_path: Path) -> None:
    house = House()
    house.tests_button(5)
    house.press(5)
    house.claims(5)
    house.judges(right=True)
    write_journal(tmp_path, house.lines)
    told: list[Stories] = []
    history = History(tmp_path, told.append)

    async def read() -> Stories:
        before = len(told)
        history.catch_up()
        async with asyncio.timeout(10):
            while len(told) == before:  # noqa: ASYNC110  a thread tells
                await asyncio.sleep(0.01)
        return told[-1]

    assert (await read())[5].end == "right"
    house.tests_button(6, by="cor")
    house.wait(31)
    write_journal(tmp_path, house.lines)
    newer = await read()
    assert {zender: story.end for zender, story in newer.items()} == {5: "right", 6: "not pressed"}
    assert newer[6].by == "cor"


# --- whether the chain holds ------------------------------------------------------------------------------------------


async def verified(folder: Path, rows: int = 0, heads: list[tuple[int, str]] | None = None) -> Verifier:
    data = folder / "data"
    data.mkdir(exist_ok=True)
    verifier = Verifier(folder, data, Clock())
    verifier.begin("Els", rows, heads or [])
    await verifier.done(10)
    return verifier


@in_the_loop
async def test_a_good_chain_holds_and_its_head_is_kept(tmp_path: Path) -> None:
    head = write_journal(tmp_path, lived_house().lines)
    verifier = await verified(tmp_path, head.n)
    assert verifier.check is not None
    assert verifier.check.ok
    assert verifier.check.verdict is not None
    assert (verifier.check.verdict.rows, verifier.check.heads) == (head.n, 0)
    assert verifier.heads() == [head]


@in_the_loop
async def test_a_changed_fact_is_named(tmp_path: Path) -> None:
    write_journal(tmp_path, lived_house().lines)
    tamper(tmp_path, "UPDATE facts SET body = '{}' WHERE n = 20")
    check = (await verified(tmp_path)).check
    assert check is not None
    assert not check.ok
    assert check.verdict is not None
    assert "row 20 was changed" in check.verdict.problems[0]


@in_the_loop
async def test_a_cut_tail_is_found_by_what_the_daemon_says(tmp_path: Path) -> None:
    head = write_journal(tmp_path, lived_house().lines)
    tamper(tmp_path, f"DELETE FROM facts WHERE n > {head.n - 5}")
    check = (await verified(tmp_path, rows=head.n)).check
    assert check is not None
    assert check.verdict is not None
    assert check.verdict.ok, "the chain itself does hold"
    assert not check.ok
    assert check.cut_from == head.n - 4


@in_the_loop
async def test_a_cut_tail_is_found_by_a_head_that_was_kept_here(tmp_path: Path) -> None:
    head = write_journal(tmp_path, lived_house().lines)
    await verified(tmp_path)
    tamper(tmp_path, f"DELETE FROM facts WHERE n > {head.n - 5}")
    verifier = await verified(tmp_path)
    assert verifier.check is not None
    assert not verifier.check.ok
    assert verifier.heads() == [head], "a head of a broken chain is not kept"


@in_the_loop
async def test_a_chain_that_was_written_anew_is_found_by_a_head_from_elsewhere(tmp_path: Path) -> None:
    head = write_journal(tmp_path, lived_house().lines)
    check = (await verified(tmp_path, heads=[(head.n, "0" * 64)])).check
    assert check is not None
    assert not check.ok
    assert check.heads == 1


@in_the_loop
async def test_heads_of_years_that_were_taken_away_are_no_fault(tmp_path: Path) -> None:
    lines = lived_house().lines
    head = write_journal(tmp_path, lines)
    await verified(tmp_path)
    (tmp_path / "journal-2026.db").unlink()
    create_file(tmp_path / "journal-2027.db", Origin("journal-2026.db", head))
    check = (await verified(tmp_path)).check
    assert check is not None
    assert check.verdict is not None
    assert not [problem for problem in check.verdict.problems if "kept elsewhere" in problem]
    assert check.heads == 0, "and it was compared with none"


@in_the_loop
async def test_of_an_empty_journal_no_head_is_kept(tmp_path: Path) -> None:
    write_journal(tmp_path, [])
    verifier = await verified(tmp_path)
    assert verifier.check is not None
    assert verifier.check.ok
    assert verifier.heads() == []


@in_the_loop
async def test_one_verification_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_journal(tmp_path, House().lines)
    done = 0

    def slow(folder: Path, heads: object) -> reader.Verdict:
        nonlocal done
        done += 1
        return verify(folder)

    verify = reader.verify
    monkeypatch.setattr(reader, "verify", slow)
    verifier = Verifier(tmp_path, tmp_path, Clock())
    verifier.begin("Els", 0)
    verifier.begin("Anna", 0)
    assert verifier.running
    await verifier.done(10)
    assert verifier.check is not None
    assert (done, verifier.check.by, verifier.running) == (1, "Els", False)


@in_the_loop
async def test_a_verification_that_cannot_be_made_does_not_go_on_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> reader.Verdict:
        raise MemoryError("no room")

    monkeypatch.setattr(reader, "verify", breaks)
    verifier = await verified(tmp_path)
    assert verifier.check is not None
    assert verifier.check.failed == "MemoryError: no room"
    assert not verifier.check.ok


class StandingClock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.moment = Clock().now()

    def now(self) -> Moment:
        return self.moment


@in_the_loop
async def test_a_head_a_day_is_kept_without_anybody_asking(tmp_path: Path) -> None:
    house = lived_house()
    first = write_journal(tmp_path, house.lines[:50])
    clock = StandingClock()
    verifier = Verifier(tmp_path, tmp_path, clock)
    verifier._keep_daily()
    last = write_journal(tmp_path, house.lines)
    verifier._keep_daily()
    assert verifier.heads() == [first], "the next one is for tomorrow"
    clock.moment = replace(clock.moment, at=clock.moment.at + timedelta(days=1, hours=1))
    verifier._keep_daily()
    assert verifier.heads() == [first, last]
    (tmp_path / "heads").write_text("half a li\n" + f"{last.n}:{last.hash}\n")
    assert verifier.heads() == [last], "what cannot be read is none"


@pytest.mark.parametrize("asked", ["", "12", "12:", "12:xyz", "x:" + "0" * 64, "12:" + "0" * 63, "12:" + "A" * 64])
def test_what_is_no_head_is_none(asked: str) -> None:
    assert read_head(asked) is None
    assert read_head(f" 12:{'0' * 64} ") == (12, "0" * 64)


# --- the page ---------------------------------------------------------------------------------------------------------


@in_the_loop
async def test_the_page_verifies_and_keeps_what_was_typed(tmp_path: Path) -> None:
    house = House(replace(TOWN_HALL))
    house.tests("phone:anna", "els")
    house.wait(1)
    async with site(house, tmp_path) as here:
        head = write_journal(tmp_path / "state", house.lines)
        token = await here.token("coordinator", member="els")
        origin = {"Origin": here.url}
        async with httpx.AsyncClient(base_url=here.url, cookies={"achterwacht": token}, headers=origin) as browser:
            text = (await browser.get("/beheer/journaal")).text
            assert "niemand de keten gecontroleerd" in text
            assert f"{head.n}:{head.hash}" in text
            bad = await browser.post("/beheer/journaal", data={"kop": "12:<b>"})
            assert bad.status_code == 422
            assert "Dat is geen kop" in bad.text
            assert "12:&lt;b&gt;" in bad.text
            good = await browser.post("/beheer/journaal", data={"kop": f"{head.n}:{head.hash}"})
            assert (good.status_code, good.headers["location"]) == (303, "/beheer/journaal#keten")
            await here.until(lambda: not here.app.state.verifier.running)
            text = (await browser.get("/beheer/journaal")).text
            assert "DE KETEN KLOPT" in text
            tamper(tmp_path / "state", f"DELETE FROM facts WHERE n = {head.n}")
            text = (await browser.get("/beheer/journaal")).text
            assert "LET OP: Achterwacht zegt dat feit" in text, "nobody needs to verify to see a tail that was cut"
            await browser.post("/beheer/journaal", data={"kop": ""})
            await here.until(lambda: not here.app.state.verifier.running)
            text = (await browser.get("/beheer/journaal")).text
            assert "DE KETEN KLOPT NIET" in text
            assert f"Feit {head.n} en wat erop volgt" in text
            (tmp_path / "state" / "journal-2026.db").unlink()
            text = (await browser.get("/beheer/journaal")).text
            assert f"Achterwacht zegt dat feit {head.n} op schijf staat, maar hier is geen journaal" in text
            assert "Er staat nog niets in het journaal" not in text
        async with httpx.AsyncClient(base_url=here.url, headers=origin) as stranger:
            assert (await stranger.post("/beheer/journaal", data={})).status_code in (303, 401)


@in_the_loop
async def test_while_it_is_verified_the_page_says_so_and_waits_for_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, verify = threading.Event(), reader.verify

    def held(folder: Path, heads: object) -> reader.Verdict:
        assert go_on.wait(10)
        return verify(folder)

    monkeypatch.setattr(reader, "verify", held)
    monkeypatch.setattr(admin, "VERIFY_WAIT_S", 0.01)
    house = House()
    async with site(house, tmp_path) as here:
        write_journal(tmp_path / "state", house.lines)
        token = await here.token("coordinator", member="els", name="Els Smit")
        async with httpx.AsyncClient(
            base_url=here.url, cookies={"achterwacht": token}, headers={"Origin": here.url}, follow_redirects=True
        ) as browser:
            text = (await browser.post("/beheer/journaal", data={})).text
            assert "De controle loopt sinds" in text
            assert "gevraagd door Els Smit" in text
            assert "data-poll" in text, "static/admin.js looks again by itself"
            go_on.set()
            await here.until(lambda: not here.app.state.verifier.running)
            assert "DE KETEN KLOPT" in (await browser.get("/beheer/journaal")).text
