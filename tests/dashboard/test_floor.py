"""The floor plan: what a drawing from outside may hold, and how each zender shows on it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from achterwacht.core.plan import Zender
from achterwacht.core.state import State
from achterwacht.outputs.texts import Texts
from achterwacht_dashboard.access import Viewer
from achterwacht_dashboard.floor import BYTES_MAX, DEPTH_MAX, ELEMENTS_MAX, FloorPlanInvalid, marks, read_floor
from achterwacht_dashboard.house import Look
from achterwacht_dashboard.pages import Seen
from achterwacht_dashboard.words import Words
from house import TOWN_HALL, House


def svg(tmp_path: Path, inside: str, attributes: str = 'viewBox="0 0 100 50"') -> Path:
    """A drawing with this in it, and one zender."""
    file = tmp_path / "floor.svg"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {attributes}>'
    file.write_text(f'{head}<rect id="zender-7" width="9" height="9"/>{inside}</svg>')
    return file


def seen(house: House, viewer: Viewer | None = None, **look: Any) -> Seen:
    """The house as somebody at the reception sees it, in Dutch."""
    known = replace(Look(1, house.state, boot="d001"), **look)
    return Seen(known, viewer or Viewer("a1", "Els", frozenset({"reception"})), Words("nl"), Texts("nl"), house.now)


# --- the drawing ------------------------------------------------------------------------------------------------------


def test_ours_has_a_shape_and_a_name_for_each_of_the_eleven() -> None:
    drawing = read_floor()
    assert {int(nr) for nr in re.findall(r'id="zender-(\d+)"', drawing)} == set(range(1, 12))
    assert {int(nr) for nr in re.findall(r'id="place-(\d+)"', drawing)} == set(range(1, 12))


def test_before_anything_was_heard_every_zender_is_unknown(tmp_path: Path) -> None:
    assert 'class="mark mark--unknown"' in read_floor(svg(tmp_path, ""))
    assert read_floor().count("mark--unknown") == 11


def test_only_what_draws_is_kept(tmp_path: Path) -> None:
    drawing = read_floor(
        svg(
            tmp_path,
            '<script>alert(1)</script><style>*{}</style><image href="https://elsewhere.example/x.png"/>'
            '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">hello</p></foreignObject>'
            '<a href="javascript:alert(1)"><path d="M0 0"/></a><animate attributeName="x"/>'
            '<g onclick="alert(1)" class="pulse" data-x="1" xml:base="https://elsewhere.example/">'
            '<circle r="3" fill="url(https://elsewhere.example/#a)" stroke="ur\\l(x)"/></g>'
            '<use href="https://elsewhere.example/#a"/>',
        )
    )
    for nothing in ("script", "alert", "style", "image", "foreign", "hello", "<a", "animate", "onclick", "pulse"):
        assert nothing not in drawing
    assert "elsewhere" not in drawing and "data-x" not in drawing and "ur\\l" not in drawing
    assert '<circle r="3" />' in drawing


def test_what_a_drawing_program_writes_in_style_is_kept_without_it(tmp_path: Path) -> None:
    drawing = read_floor(svg(tmp_path, '<path style="fill:#ff0000; stroke : black;behavior:url(x)" d="M0 0h9"/>'))
    assert '<path d="M0 0h9" fill="#ff0000" stroke="black" />' in drawing


def test_its_own_names_are_no_names_of_the_page(tmp_path: Path) -> None:
    inside = '<g id="main"/><use xlink:href="#main"/><path fill="url(#main)"/><text id="place-7">x</text>'
    drawing = read_floor(svg(tmp_path, inside))
    assert 'id="plan-main"' in drawing and 'href="#plan-main"' in drawing and 'fill="url(#plan-main)"' in drawing
    assert 'id="place-7"' in drawing and 'id="main"' not in drawing


def test_text_in_it_stays_text(tmp_path: Path) -> None:
    drawing = read_floor(svg(tmp_path, "<text>&lt;script&gt;alert(1)&lt;/script&gt;</text>"))
    assert "&lt;script&gt;" in drawing and "<script" not in drawing


def test_a_size_stands_for_a_view_box(tmp_path: Path) -> None:
    assert 'viewBox="0 0 200 100.5"' in read_floor(svg(tmp_path, "", 'width="200px" height="100.5"'))


@pytest.mark.parametrize(
    ("inside", "attributes", "what"),
    [
        ("<g>", 'viewBox="0 0 1 1"', r"floor\.svg:1:\d+: no XML: mismatched tag"),
        ("", 'width="10cm" height="5cm"', "no viewBox"),
        ('<g id="zender-x"/>', 'viewBox="0 0 1 1"', "id 'zender-x': zender-1 to zender-9999 expected"),
        ('<g id="zender-7"/>', 'viewBox="0 0 1 1"', "id 'zender-7' stands there 2 times"),
        ("<g/>" * ELEMENTS_MAX, 'viewBox="0 0 1 1"', "more than 5000 elements"),
        ("<g>" * DEPTH_MAX + "</g>" * DEPTH_MAX, 'viewBox="0 0 1 1"', "more than 100 groups in each other"),
        (" " * BYTES_MAX, 'viewBox="0 0 1 1"', "at most 300000 expected"),
    ],
)
def test_a_bad_drawing_says_what_and_where(tmp_path: Path, inside: str, attributes: str, what: str) -> None:
    with pytest.raises(FloorPlanInvalid, match=what):
        read_floor(svg(tmp_path, inside, attributes))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b'<svg viewBox="0 0 1 1"/>', "no shape has an id as zender-7"),
        (b"<html/>", "its root is <html>, <svg> expected"),
        (b"\xff\xfe<\x00", "byte 0 is not UTF-8"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]><svg/>', "it declares entities"),
        (b"", "no XML: no element found"),
    ],
)
def test_what_is_no_drawing_says_so(tmp_path: Path, content: bytes, what: str) -> None:
    file = tmp_path / "floor.svg"
    file.write_bytes(content)
    with pytest.raises(FloorPlanInvalid, match=what):
        read_floor(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FloorPlanInvalid, match=r"none\.svg: cannot be read: No such file"):
        read_floor(tmp_path / "none.svg")


# --- the marks --------------------------------------------------------------------------------------------------------


def state_of(house: House, nr: int, **look: Any) -> tuple[str, str]:
    mark = marks(seen(house, **look))[str(nr)]
    return mark.state, mark.word


def awake() -> House:
    """A house of which everything was heard."""
    house = House(supervised=True)
    house.wait(20)
    return house


def test_in_peace_every_zender_is_quiet() -> None:
    house = awake()
    assert {mark.state for mark in marks(seen(house)).values()} == {"ready"}
    assert marks(seen(house))["7"].title == "Balie 3 (zender 7): rustig"


def test_an_alarm_changes_its_mark_as_people_come() -> None:
    house = awake()
    house.press(7)
    assert state_of(house, 7) == ("alarm", "ALARM")
    assert state_of(house, 5) == ("ready", "")
    house.wait(1)
    house.says("anna", "coming")
    house.says("bas", "coming")
    assert state_of(house, 7) == ("coming", "2 onderweg")
    house.says("anna", "on_scene")
    assert state_of(house, 7) == ("on_scene", "ter plaatse")


def test_a_drill_and_a_test_never_look_like_an_alarm() -> None:
    house = awake()
    house.practises(7)
    assert state_of(house, 7) == ("drill", "OEFENING")
    house.stops_practising()
    house.tests_button(6)
    assert state_of(house, 6) == ("test", "TEST")


def test_a_zender_that_fell_silent_is_a_fault() -> None:
    house = awake()
    house.fall_silent("zender:6")
    house.wait(40)
    assert state_of(house, 6) == ("fault", "storing")


def test_what_is_not_known_is_unknown() -> None:
    house = awake()
    assert state_of(house, 6, boot="") == ("unknown", "onbekend")
    assert state_of(house, 6, stale_since=house.now) == ("unknown", "onbekend")
    house.press(7)
    assert state_of(house, 7, stale_since=house.now) == ("alarm", "ALARM")  # old, and still the best that is known


def test_at_a_desk_in_alarm_nothing_is_marked() -> None:
    house = awake()
    house.press(7)
    at_the_desk = Viewer("a2", "Gerda", frozenset({"team"}), "gerda")
    assert marks(seen(house, at_the_desk))["7"].state == "ready"


def test_what_was_marked_before_the_desk_itself_was_pressed_stays() -> None:
    house = awake()
    at_the_desk = Viewer("a2", "Gerda", frozenset({"team"}), "gerda")
    house.press(6)
    before = marks(seen(house, at_the_desk))
    house.press(7)
    house.press(5)
    assert marks(seen(house, at_the_desk)) == before and before["6"].state == "alarm"


def test_a_press_that_no_plan_knows_is_marked_all_the_same() -> None:
    house = awake()
    house.press(99)
    mark = marks(seen(house))["99"]
    assert mark.state == "alarm" and "99" in mark.title


def test_before_any_plan_nothing_is_marked() -> None:
    house = House()
    assert marks(seen(house, state=State(), boot="")) == {}


def test_a_place_is_told_by_its_own_name() -> None:
    house = House(replace(TOWN_HALL, zenders=(Zender(7, "<b>Loket</b>"),)))
    assert marks(seen(house))["7"].place == "<b>Loket</b>"  # text: plan.js writes it as such
