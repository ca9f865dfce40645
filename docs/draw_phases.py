"""Draws docs/phases.svg from the escalation's own table, so that the picture can only say what the code does.

`make docs` writes it; a test holds the committed file to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from html import escape
from pathlib import Path

from achterwacht.core.escalation import TABLE, WATCHES, Watch

FILE = Path(__file__).parent / "phases.svg"

# Pixels. A gap between two boxes holds the longest label of an arrow from one to the next.
WIDTH = 1200
BOX_WIDTH, BOX_HEIGHT = 124, 56
FIRST_X, STEP_X = 230, 290
BOXES_Y = 190
INSET = 18  # how far apart the ends of arcs at one box are
LINE = 18  # one line of text
RISE, FALL = 64, 120  # how much further an arc goes for each box that it passes; there is more to say below
LABEL_CHAR = 8  # about the width of a letter, for the white behind a label
WATCHES_Y = 560
COLUMNS_X = (24, 250, 470, 650)
HEADINGS = ("while", "it waits for", "at most", "and then")

STYLE = """
text { font: 14px system-ui, sans-serif; fill: #1a1a1a }
.phase { font-weight: 600; text-anchor: middle }
.label { text-anchor: middle }
.heading { font-weight: 600 }
rect.paper { fill: #fff }
rect.box { fill: #fff; stroke: #1a1a1a; stroke-width: 2 }
rect.behind { fill: #fff }
path { fill: none; stroke: #1a1a1a; stroke-width: 1.5; marker-end: url(#arrow) }
line { stroke: #1a1a1a; stroke-width: 0.5 }
"""


def picture() -> str:
    """The whole SVG."""
    phases = list(dict.fromkeys(change.then for change in TABLE))
    height = WATCHES_Y + LINE * (len(WATCHES) + 3)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>The phases of an alarm, and what is waited for in each</title>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" style="fill: #1a1a1a; stroke: none"/></marker></defs>',
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        *_arrows(phases, _line),
        *_arrows(phases, _label),
        *(_box(phase, _x(phases, phase)) for phase in phases),
        *_watches(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _x(phases: list[str], phase: str) -> int:
    """The middle of its box; an alarm begins left of the first."""
    return FIRST_X + STEP_X * phases.index(phase) if phase else FIRST_X - STEP_X // 2


def _box(phase: str, x: int) -> str:
    box = f'<rect class="box" x="{x - BOX_WIDTH // 2}" y="{BOXES_Y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="8"/>'
    return f'{box}<text class="phase" x="{x}" y="{BOXES_Y + BOX_HEIGHT // 2 + 5}">{escape(phase)}</text>'


@dataclass(frozen=True, slots=True)
class Arrow:
    """From box to box, by the middle of each, with every cause on it."""

    start: int
    end: int
    causes: tuple[str, ...]

    @property
    def boxes(self) -> int:
        """How many boxes further it goes."""
        return abs(self.end - self.start) // STEP_X


def _arrows(phases: list[str], draw: Callable[[Arrow], Iterator[str]]) -> Iterator[str]:
    causes: dict[tuple[str, str], list[str]] = {}
    for change in TABLE:
        causes.setdefault((change.phase, change.then), []).append(change.because)
    for (phase, then), because in causes.items():
        yield from draw(Arrow(_x(phases, phase), _x(phases, then), tuple(because)))


def _line(arrow: Arrow) -> Iterator[str]:
    start, end, half = arrow.start, arrow.end, BOX_WIDTH // 2
    top, bottom, middle = BOXES_Y, BOXES_Y + BOX_HEIGHT, BOXES_Y + BOX_HEIGHT // 2
    inward = half - INSET * arrow.boxes  # a longer arc goes around a shorter one
    if start == end:
        yield f'<path d="M{start - 45} {top} C{start - 75} {top - 50} {start + 5} {top - 50} {start - 20} {top}"/>'
    elif end < start:
        leave, arrive, low = start - inward, end + inward, bottom + FALL * arrow.boxes
        yield f'<path d="M{leave} {bottom} C{leave} {low} {arrive} {low} {arrive} {bottom}"/>'
    elif arrow.boxes > 1:
        leave, arrive, high = start + inward, end - inward, top - RISE * arrow.boxes
        yield f'<path d="M{leave} {top} C{leave} {high} {arrive} {high} {arrive} {top}"/>'
    else:
        yield f'<path d="M{start + (half if arrow.boxes else 0)} {middle} H{end - half}"/>'


def _label(arrow: Arrow) -> Iterator[str]:
    """The causes at the arrow's middle, on white so that another arrow does not strike them out."""
    top, bottom, middle = BOXES_Y, BOXES_Y + BOX_HEIGHT, (arrow.start + arrow.end) // 2
    # A cubic curve comes three quarters of the way to its handles.
    if arrow.start == arrow.end:
        x, last_y = arrow.start - 30, top - 46
    elif arrow.end < arrow.start:
        x, last_y = middle, bottom + FALL * arrow.boxes * 3 // 4 + LINE * (len(arrow.causes) - 1) + 5
    elif arrow.boxes > 1:
        x, last_y = middle, top - RISE * arrow.boxes * 3 // 4 + 5
    else:
        x, last_y = middle - (0 if arrow.boxes else BOX_WIDTH // 4), top + BOX_HEIGHT // 2 - 8
    for above, cause in enumerate(reversed(arrow.causes)):
        y, width = last_y - LINE * above, len(cause) * LABEL_CHAR
        yield f'<rect class="behind" x="{x - width // 2}" y="{y - 13}" width="{width}" height="{LINE - 1}"/>'
        yield f'<text class="label" x="{x}" y="{y}">{escape(cause)}</text>'


def _watches() -> Iterator[str]:
    yield from _row(WATCHES_Y, HEADINGS, "heading")
    yield f'<line x1="{COLUMNS_X[0]}" y1="{WATCHES_Y + 7}" x2="{WIDTH - 24}" y2="{WATCHES_Y + 7}"/>'
    for index, watch in enumerate(WATCHES, start=1):
        yield from _row(WATCHES_Y + 8 + LINE * index, _told(watch), "cell")


def _told(watch: Watch) -> tuple[str, ...]:
    values = ((field.name, getattr(watch, field.name)) for field in fields(watch))
    return tuple(value for _, value in values if isinstance(value, str))


def _row(y: int, cells: tuple[str, ...], look: str) -> Iterator[str]:
    for x, cell in zip(COLUMNS_X, cells, strict=True):
        yield f'<text class="{look}" x="{x}" y="{y}">{escape(cell)}</text>'


if __name__ == "__main__":
    FILE.write_text(picture(), encoding="utf-8")
