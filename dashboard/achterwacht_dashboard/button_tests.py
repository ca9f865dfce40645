"""How the newest test of each button went: a fold of its facts, beside the state, which forgets a test when it is over.

Knows no pages (admin.py shows it) and decides nothing. What was before this process is read from the journal.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import msgspec

from achterwacht.core import facts as f
from achterwacht.core.codec import decode
from achterwacht.core.state import STAGES, Stage
from achterwacht.errors import JournalError
from achterwacht.journal import reader

log = logging.getLogger(__name__)

OF_A_TEST = '"fact":"button_test_'
"""What every fact of a button test has in its row. Most rows are something else, and are not decoded."""


@dataclass(frozen=True)
class Story:
    """One test of one button, as far as it has come."""

    test: str
    zender: int
    by: str
    began_at: datetime
    targets: tuple[str, ...] = ()
    pressed: bool = False
    claimed: bool = False
    stages: Mapping[str, tuple[Stage, str]] = field(default_factory=dict)
    """By target: how far its page has come, and why no further if it failed."""
    orders: Mapping[str, str] = field(default_factory=dict)
    """The target of each of its orders."""
    end: f.TestEnd | None = None
    ended_at: datetime | None = None


Stories = Mapping[int, Story]
"""The newest test of each zender."""


def follow(stories: Stories, fact: f.Fact) -> Stories:
    """The stories after this fact; the same ones when it is of no test."""
    match fact:
        case f.ButtonTestBegan():
            story = Story(fact.incident, fact.zender, fact.by, fact.when.at, fact.targets)
            return {**stories, fact.zender: story}
        case f.ButtonTestPressed() if this := _this(stories, fact.zender, fact.incident):
            return {**stories, fact.zender: replace(this, pressed=True)}
        case f.ButtonTestClaimed() if this := _this(stories, fact.zender, fact.incident):
            return {**stories, fact.zender: replace(this, claimed=True)}
        case f.ButtonTestEnded():
            return _ended(stories, fact)
        case f.Ordered(kind="test", reason="test press") if fact.zender in stories:
            story = stories[fact.zender]
            orders, stages = {**story.orders, fact.order: fact.target}, {**story.stages, fact.target: ("ordered", "")}
            return {**stories, fact.zender: replace(story, orders=orders, stages=stages)}
        case f.OrderHandedOver(incident=""):  # an order of an alarm is none of a test
            return _reached(stories, fact.order, "handed_over")
        case f.OrderReceived(incident=""):
            return _reached(stories, fact.order, "received")
        case f.OrderShown(incident=""):
            return _reached(stories, fact.order, "shown")
        case f.OrderFailed(incident=""):
            return _reached(stories, fact.order, "failed", fact.reason)
    return stories


def _this(stories: Stories, zender: int, test: str) -> Story | None:
    """The story of this very test; None when its beginning was not heard."""
    story = stories.get(zender)
    return story if story and story.test == test else None


def _ended(stories: Stories, fact: f.ButtonTestEnded) -> Stories:
    """Of a test whose beginning nobody heard here the end is worth knowing all the same."""
    story = _this(stories, fact.zender, fact.incident)
    if story is None:
        story = Story(fact.incident, fact.zender, fact.by, fact.when.at)
    ended = replace(story, by=fact.by, end=fact.end, ended_at=fact.when.at)
    return {**stories, fact.zender: ended}


def _reached(stories: Stories, order: str, stage: Stage, note: str = "") -> Stories:
    for zender, story in stories.items():
        target = story.orders.get(order)
        if target is None:
            continue
        if STAGES.index(stage) <= STAGES.index(story.stages[target][0]):
            return stories
        return {**stories, zender: replace(story, stages={**story.stages, target: (stage, note)})}
    return stories


def merged(stories: Stories, others: Stories) -> Stories:
    """Both; of a zender that both know the newer test, or the one of the two that has its end."""
    newest = dict(stories)
    for zender, other in others.items():
        known = newest.get(zender)
        if known is None or other.began_at > known.began_at or (other.test == known.test and known.end is None):
            newest[zender] = other
    return newest


class History:
    """The tests that the journal tells of. It is read once, in a thread, then only what is new."""

    def __init__(self, folder: Path, tell: Callable[[Stories], None]) -> None:
        """`tell` is told what was found."""
        self._folder, self._tell = folder, tell
        self._stories: Stories = {}
        self._read_n = 0
        self._reading: asyncio.Task[None] | None = None

    def catch_up(self) -> None:
        """Begin to read what is new; nothing when somebody does so already. Whoever looks need not wait for it."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            await asyncio.to_thread(self._take_rows)
        except JournalError as error:
            log.warning("when buttons were tested is not known: %s", error)
        else:
            self._tell(self._stories)

    def _take_rows(self) -> None:
        for row in reader.read(self._folder, self._read_n):
            self._read_n = row.n
            if OF_A_TEST not in row.body:
                continue
            try:
                self._stories = follow(self._stories, decode(row.body))
            except (msgspec.MsgspecError, KeyError):
                continue  # a fact that this version does not know
