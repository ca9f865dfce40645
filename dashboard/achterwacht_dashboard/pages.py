"""What a live page is made of: parts, each a view (plain values) and a template; and its signals, which scripts read.

Knows how a part becomes HTML. What stands in it is the views' (board.py, team.py, desk.py); how it reaches a browser is
live.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from achterwacht.core.faults import kind_of
from achterwacht.core.moment import Moment
from achterwacht.core.readiness import Readiness, Reason, readiness
from achterwacht.core.state import Alarm, State
from achterwacht.outputs.texts import Texts
from achterwacht_dashboard.access import Viewer
from achterwacht_dashboard.ending import with_ending
from achterwacht_dashboard.house import Look
from achterwacht_dashboard.menu import menu
from achterwacht_dashboard.words import Words

HERE = Path(__file__).parent
NO_FLOOR = Markup("")

Tone = Literal["alarm", "drill", "fault", "test"]
"""What is heard (static/sound.js)."""
MarkState = Literal["alarm", "coming", "on_scene", "drill", "test", "fault", "unknown", "ready"]
"""How a zender shows on the floor plan: a shape and a colour each (static/plan.js)."""


@dataclass(frozen=True)
class Seen:
    """What a view may know: the house as it is now, and who is looking, in which language."""

    look: Look
    viewer: Viewer
    words: Words
    texts: Texts
    now: Moment
    zender: int = 0
    """Of the page of a desk: which one it is."""

    @property
    def state(self) -> State:
        return self.look.state

    @property
    def house_s(self) -> float:
        """This moment in house time: what the state counts in, and what `data-since-s` is written in."""
        return self.look.state.house_s(self.now)

    @cached_property
    def readiness(self) -> Readiness:
        """How the house stands, and these pages with it: asked once for all parts of a page, since it looks at every
        device."""
        return with_ending(readiness(self.state), self.look.certificate, self.now)

    def who(self, by: str) -> str:
        """Somebody's name, as far as it is known."""
        return self.texts.who(by, self.look.names)

    def told(self, reason: Reason, names: Mapping[str, str]) -> tuple[str, str]:
        """Why the light is not green, and apart from that what of it is for an installer."""
        here = f"common.fault.{reason.key}"
        if self.words.has(here):
            return self.words(here, on=reason.detail), ""
        return self.texts.fault_apart(reason.key, reason.detail, names)

    def about_fault(self, key: str) -> tuple[str, str]:
        """What a fault means, and what to do about it: what to press, where a terminal is told what to type."""
        about, means, do = self.texts.words.faults.get(kind_of(key)), f"common.means.{key}", f"common.do.{kind_of(key)}"
        return (
            self.words(means) if self.words.has(means) else about.means if about else "",
            self.words(do) if self.words.has(do) else about.do if about else "",
        )

    @property
    def is_heard(self) -> bool:
        """Whether the daemon is: else all that is known is old, or nothing is known."""
        return bool(self.look.boot) and self.look.stale_since is None

    @cached_property
    def own_alarm(self) -> Alarm | None:
        """The oldest open alarm whose desk is in sight of this screen, or is staffed by this member; None when there is
        none. From then on nothing of any alarm may be seen or heard to begin here but the discreet sign (S9)."""
        own = filter(self.is_at_this_desk, self.state.alarms.values())
        return min(own, key=lambda alarm: alarm.raised_n, default=None)

    @property
    def discreet(self) -> bool:
        """Whether there is such an alarm."""
        return self.own_alarm is not None

    @cached_property
    def alarms(self) -> tuple[Alarm, ...]:
        """The open alarms that may be seen here, oldest first. At a desk in alarm those that stood here before: a
        screen that grows calm at that moment would tell as much as one that lights up, and hide an alarm besides."""
        alarms = sorted(self.state.alarms.values(), key=lambda alarm: alarm.raised_n)
        own = self.own_alarm
        return tuple(alarm for alarm in alarms if own is None or alarm.raised_n < own.raised_n)

    def may_tell(self, at: datetime) -> bool:
        """Whether what began then may be told here: at a desk in alarm, what was there before."""
        return self.own_alarm is None or at < self.own_alarm.raised_at

    def is_at_this_desk(self, alarm: Alarm) -> bool:
        """Whether the desk of this alarm is in sight of this screen, or is staffed by this member."""
        return is_at_desk(self.viewer, alarm, self.state)


def is_at_desk(viewer: Viewer, alarm: Alarm, state: State) -> bool:
    """Whether the desk of this alarm is in sight of this viewer's screen, or is staffed by this member."""
    zender = alarm.plan.zender(alarm.zender) or state.plan.zender(alarm.zender)
    if zender is None:
        return False
    return bool(viewer.screen and viewer.screen in zender.screens) or viewer.member in zender.staff


@dataclass(frozen=True)
class Mark:
    """One zender on the floor plan: its state, its word (which stands beside the shape), and a sentence about it."""

    state: MarkState
    word: str = ""
    title: str = ""
    place: str = ""
    """What people call it."""


@dataclass(frozen=True)
class Signals:
    """What scripts need besides the parts; all of it is JSON on the page."""

    tones: Mapping[str, Tone] = field(default_factory=dict)
    """By what it is about (an incident, a fault): what is to be heard for it."""
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """By zender."""
    orders: tuple[str, ...] = ()
    """The orders to `app:<member>` that this page shows now; when they are on the screen it says so to the daemon."""
    title: str = ""
    """The title of the window; empty: as the page was loaded."""
    discreet: bool = False
    """Whether nothing may begin to be heard here, not even that the connection is lost (S9). Set by live.py, for every
    page."""

    def plain(self) -> dict[str, Any]:
        return asdict(self)


View = Callable[[Seen], Mapping[str, Any]]


@dataclass(frozen=True)
class Page:
    """A page that is live. `parts`: by name, its view; its template is `parts/<page>/<name>.html`."""

    name: str
    route: str
    """Its row in access.TABLE."""
    parts: Mapping[str, View]
    signals: Callable[[Seen], Signals] = lambda seen: Signals()
    rings: bool = False
    """Whether the way `app` rings here: then the daemon is told that this member has a page open."""


class Renderer:
    """Makes HTML. Everything that comes from outside is text: autoescape is on, and a missing value is an error."""

    def __init__(self, floor: Markup = NO_FLOOR) -> None:
        """`floor`: the plan of the house, as floor.py has read it."""
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["floor"] = floor
        self._environment.globals["menu"] = menu

    def page(self, template: str, words: Words, **values: Any) -> str:
        """A whole page or a fragment. In the template `t("key", …)` is a text, `lang` the language."""
        return self._environment.get_template(template).render(t=words, lang=words.language, **values)

    def part(self, page: Page, name: str, seen: Seen) -> str:
        """One part of a live page."""
        return self.page(f"parts/{page.name}/{name}.html", seen.words, seen=seen, **page.parts[name](seen))

    def parts(self, page: Page, seen: Seen) -> dict[str, str]:
        """Every part of a live page, by name."""
        return {name: self.part(page, name, seen) for name in page.parts}
