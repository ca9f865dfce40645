"""The floor plan: a drawing of the house, and how each zender shows on it.

Knows what a drawing from outside may hold, and the mark of every zender. Where on the drawing a mark stands is
static/plan.js's: there the browser knows how large each shape is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from markupsafe import Markup

from achterwacht.core.plan import ZENDER, Zender
from achterwacht.core.readiness import Standing
from achterwacht.core.state import Alarm
from achterwacht.errors import Mistaken
from achterwacht_dashboard.pages import HERE, Mark, MarkState, Seen

OURS = HERE / "static" / "floor.svg"
"""The drawing that ships with us: the eleven zenders of config/zenders.yaml."""

SHAPE = "zender-"
"""The shape with this id and a number is that zender's; a text `place-7` gets the name of its place."""
PLACE = "place-"

BYTES_MAX = 300_000
"""A floor that is drawn in lines takes some tens of kB. What is much larger has a photograph in it, and every page
would wait for it."""
ELEMENTS_MAX = 5_000
DEPTH_MAX = 100
"""Groups in groups: drawing programs make a few."""

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


ELEMENTS = _names(
    "svg g defs symbol use path rect circle ellipse line polyline polygon text tspan clipPath mask pattern"
    " marker linearGradient radialGradient stop"
)
"""What draws. Whatever else is in the file is left out with all that is in it: scripts, styles, pictures, HTML."""
LOOKS = _names(
    "fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-dasharray"
    " stroke-dashoffset stroke-miterlimit opacity color display visibility clip-path clip-rule mask marker-start"
    " marker-mid marker-end stop-color stop-opacity font-family font-size font-weight font-style text-anchor"
    " dominant-baseline letter-spacing"
)
"""How a shape looks. Drawing programs write it in `style`, which no page may use: it becomes an attribute each."""
ATTRIBUTES = LOOKS | _names(
    "id href viewBox preserveAspectRatio width height x y x1 y1 x2 y2 dx dy cx cy r rx ry fx fy d points transform"
    " offset gradientUnits gradientTransform spreadMethod patternUnits patternContentUnits patternTransform"
    " clipPathUnits maskUnits maskContentUnits markerWidth markerHeight markerUnits refX refY orient textLength"
    " lengthAdjust"
)
REFERENCE = re.compile(r"url\(\s*['\"]?#([^)'\"]+)['\"]?\s*\)")
LENGTH = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:px)?")


class FloorPlanInvalid(Mistaken):
    """The drawing cannot be used. The text says which file, where in it, and what was expected."""

    remedy = "correct the drawing, or leave it out of the settings: then the one that ships with us is shown"


# --- the drawing ------------------------------------------------------------------------------------------------------


def read_floor(file: Path | None = None) -> Markup:
    """The drawing as it stands on a page: only what draws, and no address but within itself.

    None is the one that ships with us. Raises FloorPlanInvalid.
    """
    file = file or OURS
    root = _parsed(file)
    if root.tag not in (f"{SVG}svg", "svg"):
        _wrong(file, f"its root is <{_local(root.tag)}>, <svg> expected")
    shapes = [element.get("id", "") for element in root.iter() if element.get("id", "").startswith(SHAPE)]
    for id in shapes:
        if not re.fullmatch(rf"{SHAPE}[1-9][0-9]{{0,3}}", id):
            _wrong(file, f"id {id!r}: {SHAPE}1 to {SHAPE}9999 expected")
        if shapes.count(id) > 1:
            _wrong(file, f"id {id!r} stands there {shapes.count(id)} times, once expected")
    if not shapes:
        _wrong(file, f"no shape has an id as {SHAPE}7: every zender's shape needs one")
    drawing = _drawn(root)
    if "viewBox" not in drawing.attrib:
        drawing.set("viewBox", _view_box(file, root))
    for name in ("width", "height", "x", "y"):
        drawing.attrib.pop(name, None)  # the page says how large it is
    drawing.set("class", "plan")
    drawing.set("aria-hidden", "true")  # the list beside it says the same in words
    return Markup(ElementTree.tostring(drawing, encoding="unicode"))


def _parsed(file: Path) -> Element:
    try:
        data = file.read_bytes()
    except OSError as error:
        _wrong(file, f"cannot be read: {error.strerror or error}")
    if len(data) > BYTES_MAX:
        _wrong(file, f"{len(data)} bytes, at most {BYTES_MAX} expected: has it a picture in it?")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _wrong(file, f"byte {error.start} is not UTF-8: save it as UTF-8")
    if "<!ENTITY" in text:
        _wrong(file, "it declares entities: save it as a plain SVG")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        line, column = error.position
        _wrong(file, f"no XML: {error.msg.partition(':')[0]}", f":{line}:{column + 1}")
    if sum(1 for _ in root.iter()) > ELEMENTS_MAX:
        _wrong(file, f"more than {ELEMENTS_MAX} elements: simplify it")
    if _depth(root) > DEPTH_MAX:
        _wrong(file, f"more than {DEPTH_MAX} groups in each other: simplify it")
    return root


def _depth(root: Element) -> int:
    level, depth = [root], 0
    while level:
        level, depth = [child for element in level for child in element], depth + 1
    return depth


def _wrong(file: Path, problem: str, where: str = "") -> NoReturn:
    raise FloorPlanInvalid(f"floor plan {file}{where}: {problem}")


def _view_box(file: Path, root: Element) -> str:
    sides = [LENGTH.fullmatch(root.get(side, "")) for side in ("width", "height")]
    if not all(sides):
        _wrong(file, 'no viewBox: <svg viewBox="0 0 WIDTH HEIGHT"> expected')
    return " ".join(("0 0", *(side[1] for side in sides if side)))


def _drawn(element: Element) -> Element:
    """This element and what is in it, without whatever does not draw."""
    made = Element(_local(element.tag), dict(_attributes(element)))
    if made.tag == "svg":
        made.set("xmlns", SVG[1:-1])
    if made.get("id", "").startswith(SHAPE):
        made.set("class", "mark mark--unknown")  # until the house is heard
    made.text, made.tail = element.text, element.tail
    for child in element:
        if isinstance(child.tag, str) and _local(child.tag) in ELEMENTS:
            made.append(_drawn(child))
    return made


def _attributes(element: Element) -> Iterator[tuple[str, str]]:
    said = {_local(name): value for name, value in element.attrib.items() if name == _plain(name)}
    for look in said.get("style", "").split(";"):
        name, _, value = look.partition(":")
        if name.strip() in LOOKS:
            said[name.strip()] = value.strip()
    for name, value in said.items():
        if name == "id":
            yield name, _named(value)
        elif name == "href":
            if value.startswith("#"):
                yield name, f"#{_named(value[1:])}"
        elif name in ATTRIBUTES:
            safe = REFERENCE.sub(lambda found: f"url(#{_named(found[1])})", value)
            if "url(" not in REFERENCE.sub("", value).lower() and "\\" not in value:
                yield name, safe


def _plain(name: str) -> str:
    """An attribute's own name, if it is of no namespace but that of links."""
    return name if not name.startswith("{") or name == f"{XLINK}href" else ""


def _named(id: str) -> str:
    """An id that no page has already, but for those that plan.js looks for."""
    return id if id.startswith((SHAPE, PLACE)) else f"plan-{id}"


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]


# --- the marks --------------------------------------------------------------------------------------------------------


def marks(seen: Seen) -> Mapping[str, Mark]:
    """How every zender shows, by its number: an alarm before a drill, that before a test, that before its fault."""
    standing = {one.name: one for one in seen.readiness.zenders}
    known = bool(seen.look.boot) and seen.look.stale_since is None
    return {
        str(zender.nr): _mark(seen, zender, standing.get(f"{ZENDER}:{zender.nr}") if known else None)
        for zender in (*seen.state.plan.zenders, *_strangers(seen))
    }


def _strangers(seen: Seen) -> list[Zender]:
    """Zenders in alarm that the plan does not know: a press is an alarm all the same."""
    plan = seen.state.plan
    return [Zender(alarm.zender, alarm.place) for alarm in seen.alarms if plan.zender(alarm.zender) is None]


def _mark(seen: Seen, zender: Zender, standing: Standing | None) -> Mark:
    state, word = _state(seen, zender, standing)
    title = seen.words("floor.is", place=zender.place, nr=zender.nr, word=word or seen.words("floor.ready"))
    return Mark(state, word, title, zender.place)


def _state(seen: Seen, zender: Zender, standing: Standing | None) -> tuple[MarkState, str]:
    words = seen.words
    alarm = _worst(seen, zender.nr)
    if alarm is not None and not alarm.drill:
        state = PHASES[alarm.phase]
        return state, words(f"floor.{state}", coming=alarm.coming)
    if alarm is not None:
        return "drill", words("floor.drill")
    if zender.nr in seen.state.button_tests:
        return "test", words("floor.test")
    if standing is None or standing.works == "unknown":
        return "unknown", words("floor.unknown")
    return ("fault", words("floor.fault")) if standing.works == "no" else ("ready", "")


PHASES: Mapping[str, MarkState] = {"ringing": "alarm", "coming": "coming", "on_scene": "on_scene"}


def _worst(seen: Seen, nr: int) -> Alarm | None:
    """The newest open alarm of this zender; a drill only where there is no alarm."""
    here = (alarm for alarm in seen.alarms if alarm.zender == nr)
    return max(here, key=lambda alarm: (not alarm.drill, alarm.raised_n), default=None)
