"""The certificate of these pages is told before it ends, on the board and to the team. The clock is the test's."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from achterwacht.core.moment import Moment
from achterwacht.outputs.texts import Texts
from achterwacht_dashboard import board, team
from achterwacht_dashboard.access import Viewer
from achterwacht_dashboard.app import Settings, make_app
from achterwacht_dashboard.certificate import (
    AUTHORITY,
    AUTHORITY_DAYS,
    CERTIFICATE_DAYS,
    CertificateError,
    make_certificate,
    read_ends,
)
from achterwacht_dashboard.ending import AHEAD, Ends, Trouble
from achterwacht_dashboard.house import Look
from achterwacht_dashboard.pages import Renderer, Seen
from achterwacht_dashboard.ringing import stands
from achterwacht_dashboard.words import Words
from house import TOWN_HALL, House

RENDERER = Renderer()
ELS = Viewer("a1", "Els", frozenset({"reception", "team"}), "els")
MADE_AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def awake() -> House:
    """A house of which everything was heard, and nothing is wrong."""
    house = House(TOWN_HALL, supervised=True)
    house.wait(20)
    return house


def seen(house: House, certificate: Ends | None, later: timedelta = timedelta(), language: str = "nl") -> Seen:
    """The house as the reception sees it, so long after this moment."""
    now = Moment(house.now.mono_s, house.now.at + later, True)
    look = Look(1, house.state, boot="d001", certificate=certificate)
    return Seen(look, ELS, Words(language), Texts(language), now)


def read(told: Seen, part: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", RENDERER.parts(board.PAGE, told)[part]).split())


@pytest.mark.parametrize("of_authority", [False, True])
def test_it_is_told_a_month_before_and_red_when_it_has_ended(of_authority: bool) -> None:
    house = awake()
    before = stands(seen(house, None))
    ends = Ends(house.now.at + timedelta(days=200), of_authority)
    what = "authority" if of_authority else "certificate"
    assert stands(seen(house, ends, timedelta(days=200) - AHEAD - timedelta(seconds=1))) == before
    for left in (AHEAD, timedelta(days=1), timedelta(seconds=1)):
        light, reasons = stands(seen(house, ends, timedelta(days=200) - left))
        assert (light, reasons[-1].key) == ("limited", f"dashboard/{what} ends")
    for over in (timedelta(), timedelta(days=400)):
        light, reasons = stands(seen(house, ends, timedelta(days=200) + over))
        assert (light, reasons[0].key) == ("not_ready", f"dashboard/{what} over")


def test_the_board_and_the_team_read_it_in_words() -> None:
    house = awake()
    ends = Ends(house.now.at + timedelta(days=10))
    on = f"{ends.at:%d-%m-%Y}"
    told = seen(house, ends)
    assert f"beperkt klaar Het certificaat van deze pagina's verloopt op {on}" in read(told, "light").replace(
        "&#39;", "'"
    )
    assert "Laat de beheerder" in read(told, "faults")
    assert team.duty(told)["reason"] == f"Het certificaat van deze pagina's verloopt op {on}"
    over = seen(house, ends, timedelta(days=10), "en")
    assert f"not ready The certificate of these pages ended on {on}" in read(over, "light").replace("&#39;", "'")


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("key", get_args(Trouble))
def test_each_has_its_words(key: str, language: str) -> None:
    told = seen(awake(), None, language=language)
    assert told.words.has(f"common.fault.{key}")
    assert all(told.about_fault(key))


def test_what_cannot_be_read_is_told_as_unknown_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "rubbish.pem").write_text("rubbish")
    for file in (tmp_path / "none.pem", tmp_path / "rubbish.pem", tmp_path):
        assert read_ends(file, tmp_path) == Ends(None)
        app = make_app(Settings(tmp_path / "link.sock", tmp_path, tmp_path, certificate=file))
        assert app.state.house.look.certificate == Ends(None)
    light, reasons = stands(seen(awake(), Ends(None)))
    assert (light, reasons[-1].key) == ("limited", "dashboard/certificate unknown")


def test_the_file_says_when_and_whether_the_authority_ends_with_it(tmp_path: Path) -> None:
    made = make_certificate(tmp_path, ["achterwacht.lan"], MADE_AT)
    assert read_ends(made.certificate, tmp_path) == Ends(MADE_AT + timedelta(days=CERTIFICATE_DAYS), False)
    last = MADE_AT + timedelta(days=AUTHORITY_DAYS)
    made = make_certificate(tmp_path, ["achterwacht.lan"], last - timedelta(days=20))
    assert read_ends(made.certificate, tmp_path) == Ends(last, True), "another one would end as soon"
    (tmp_path / AUTHORITY).write_text("rubbish")
    assert read_ends(made.certificate, tmp_path) == Ends(last, False)


def test_an_authority_that_has_ended_makes_no_certificate(tmp_path: Path) -> None:
    make_certificate(tmp_path, ["achterwacht.lan"], MADE_AT)
    whole = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    for days in (0, 1, 400):
        with pytest.raises(CertificateError, match=r"authority\.pem ended on 2036-11-18: move it"):
            make_certificate(tmp_path, ["achterwacht.lan"], MADE_AT + timedelta(days=AUTHORITY_DAYS + days))
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == whole
