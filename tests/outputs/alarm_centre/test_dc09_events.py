"""What the alarm centre is told: the whole table in both codes, and that two other programs understand it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysiaalarm.account import SIAAccount
from pysiaalarm.event import SIAEvent
from siadc09 import dc03, dc05  # type: ignore[import-untyped]

from achterwacht.errors import Undeliverable
from achterwacht.outputs.alarm_centre.events import Report, report
from achterwacht.outputs.alarm_centre.frames import Frame, encode
from dc09 import AT, LINE, alert, judged

# kind and reason, for HA and for PA: SIA-DCS, Contact ID
TABLE = [
    ("HA", "alarm", "first press", "HA007^Balie 7^", "1122 01 007"),
    ("PA", "alarm", "pressed again", "PA007^Balie 7^", "1120 01 007"),
    ("HA", "confirmed", "second button", "HA007^BEVESTIGD Balie 7^", "1129 01 007"),
    ("PA", "confirmed", "word from the scene", "PA007^BEVESTIGD Balie 7^", "1129 01 007"),
    ("HA", "over", "closed", "HH007^Balie 7^", "3122 01 007"),
    ("PA", "over", "closed", "PH007^Balie 7^", "3120 01 007"),
    ("HA", "trouble", "battery low", "XT007^Balie 7^", "1384 01 007"),
    ("HA", "trouble_over", "battery low", "XR007^Balie 7^", "3384 01 007"),
    ("HA", "trouble", "missing", "BZ007^Balie 7^", "1381 01 007"),
    ("HA", "trouble_over", "missing", "BJ007^Balie 7^", "3381 01 007"),
    ("HA", "test", "daily test", "RP", "1602 01 000"),
    ("HA", "test", "asked for", "RX", "1601 01 000"),
]
Code = Literal["HA", "PA"]


def dcs(code: Code, kind: str, reason: str) -> Report:
    return report(replace(LINE, code=code), alert(kind, reason))


def cid(code: Code, kind: str, reason: str) -> Report:
    return report(replace(LINE, code=code, protocol="ADM-CID"), alert(kind, reason))


def framed(id: str, said: Report) -> bytes:
    return encode(Frame(id, 1, "1234", said.data, said.extended, AT, "1"))


def received(frame: bytes) -> SIAEvent:
    """As a receiving centre reads it that does not look at the time."""
    account = SIAAccount("1234", allowed_timeband=None)
    return SIAEvent.from_line(frame.decode().strip(), {"1234": account})


@pytest.mark.parametrize(("code", "kind", "reason", "in_dcs", "in_cid"), TABLE)
def test_the_table(code: Code, kind: str, reason: str, in_dcs: str, in_cid: str) -> None:
    assert dcs(code, kind, reason) == Report(f"#1234|Nri1/{in_dcs}")
    assert cid(code, kind, reason) == Report(f"#1234|{in_cid}")


@pytest.mark.parametrize(("code", "kind", "reason", "in_dcs", "in_cid"), TABLE)
def test_two_other_programs_understand_it(code: Code, kind: str, reason: str, in_dcs: str, in_cid: str) -> None:
    frame = framed("SIA-DCS", dcs(code, kind, reason))
    event = judged(frame).data.blocks[1].events[-1]
    assert event.code == in_dcs[:2] and event.code in dc03.EVENT
    assert event.descr == (in_dcs.partition("^")[2].rstrip("^") or None)
    heard = received(frame)
    assert (heard.code, heard.ri, str(heard.response)) == (in_dcs[:2], "1", "ResponseType.ACK")
    assert heard.message == (in_dcs[2:] or None)

    frame = framed("ADM-CID", cid(code, kind, reason))
    said = judged(frame).data.event
    assert (said.qualifier + said.code, said.group, said.addr) == (in_cid[:4], 1, int(in_cid[-3:]))
    assert said.code in dc05.EVENT
    heard = received(frame)
    assert (heard.event_qualifier, heard.event_type, heard.ri) == (in_cid[0], in_cid[1:4], in_cid[-3:])
    assert str(heard.response) == "ResponseType.ACK"


def test_a_number_that_contact_id_has_no_room_for_is_told_in_words() -> None:
    said = report(replace(LINE, protocol="ADM-CID"), alert(zender=1234, room="0.38"))
    assert said == Report("#1234|1122 01 000", ("I1234 Balie 7, 0.38",))
    frame = framed("ADM-CID", said)
    assert [str(block) for block in judged(frame).xdata] == ["Alarm Text: 1234 Balie 7, 0.38"]
    assert str(received(frame).response) == "ResponseType.ACK"
    assert report(LINE, alert(zender=1234)).data == "#1234|Nri1/HA1234^Balie 7^"


def test_the_area_is_the_installers() -> None:
    assert report(replace(LINE, area="12"), alert()).data == "#1234|Nri12/HA007^Balie 7^"
    assert report(replace(LINE, area="12", protocol="ADM-CID"), alert()).data == "#1234|1122 12 007"


def test_a_place_without_a_name_is_its_number() -> None:
    assert report(LINE, alert(place="")).data == "#1234|Nri1/HA007"


@pytest.mark.parametrize(("kind", "reason"), [("call_112", "112 needed?"), ("update", "closed"), ("trouble", "tamper")])
def test_what_there_is_no_code_for_is_never_sent(kind: str, reason: str) -> None:
    with pytest.raises(Undeliverable) as refused:
        report(LINE, alert(kind, reason))
    assert refused.value.permanent


@given(place=st.text(max_size=200), room=st.text(max_size=200), zender=st.integers(1, 9999))
def test_no_place_breaks_a_frame(place: str, room: str, zender: int) -> None:
    said = report(LINE, alert(zender=zender, place=place, room=room))
    frame = framed("SIA-DCS", said)
    assert len(frame) < 250
    blocks = judged(frame).data.blocks
    assert len(blocks) == 2 and [event.code for event in blocks[1].events] == ["HA"]
    assert blocks[1].events[0].addr == int(str(zender), 16)
    assert str(received(frame).response) == "ResponseType.ACK"
    in_cid = report(replace(LINE, protocol="ADM-CID"), alert(zender=zender, place=place, room=room))
    frame = framed("ADM-CID", in_cid)
    assert len(judged(frame).xdata) == (zender > 999)
    assert str(received(frame).response) == "ResponseType.ACK"


def test_a_long_place_is_cut() -> None:
    assert report(LINE, alert(place="a" * 100)).data == f"#1234|Nri1/HA007^{'a' * 80}^"


@pytest.mark.parametrize(("place", "shown"), [("Kamer 1/2", "Kamer 1-2"), ("Réception [oost]", "Reception (oost)")])
def test_what_would_end_a_frame_is_shown_in_another_way(place: str, shown: str) -> None:
    assert report(LINE, alert(place=place)).data == f"#1234|Nri1/HA007^{shown}^"


def test_the_page_for_the_alarm_centre_has_every_code() -> None:
    page = (Path(__file__).parents[3] / "docs" / "alarm-centre.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|.*\| `([A-Z]{2})`.*\| `(\d{4})`.*\|$", page, re.MULTILINE)
    told = {(in_dcs[:2], in_cid[:4]) for _, kind, _, in_dcs, in_cid in TABLE if kind != "confirmed"}
    assert set(rows) == told | {("HA", "1129")}
