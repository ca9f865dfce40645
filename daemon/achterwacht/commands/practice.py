"""The commands to practise: `test` guides whoever tries a button, `drill` raises an alarm that is none.

A test press that nobody claims is an alarm: the daemon says so, here it is told at once. Asks at the terminal while it
follows the facts on the link; decides nothing.
"""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from io import UnsupportedOperation
from types import TracebackType
from typing import Any, Literal, Self

from achterwacht.clock import Clock
from achterwacht.commands.day import need, need_members, outcome
from achterwacht.commands.reading import LAST, drills_in, known_facts, names_in, pick, print_json
from achterwacht.commands.talking import ANSWER_S, known, no_target, tell
from achterwacht.core import facts as f
from achterwacht.core.codec import from_plain, to_plain
from achterwacht.core.drill_report import report
from achterwacht.core.evolve import evolve
from achterwacht.core.evolve_tests import CLAIM_S
from achterwacht.core.plan import EMPTY_PLAN, Plan
from achterwacht.core.state import State
from achterwacht.errors import LinkUnavailable, Senseless
from achterwacht.link import Connection, connect
from achterwacht.outputs.texts import Texts
from achterwacht.outputs.texts.practice import Due, drill_text, tests_text
from achterwacht.outputs.texts.standing import device_names
from achterwacht.outputs.texts.story import began, headline
from achterwacht.paths import socket_path

SHOWN_S = 10.0
"""So long after the claim the pagers may take to show it; then the tester is asked all the same."""
EVENTS_MAX = 1000
"""Facts and lines that wait to be looked at; the link itself keeps what is more."""
LINE_MAX_BYTES = 1024
YES = ("j", "ja", "y", "yes")
NO = ("n", "nee", "no")

Event = f.Fact | str | LinkUnavailable
"""What the guide waits for: a fact of the link, a line that was typed, the end of the link."""


def test(asked: Namespace) -> int:
    """Guides through the test of one button, 0 when it is right; without a zender lists when each was tested last."""
    if asked.what is None:
        return _list(asked)
    if asked.nr is None:
        raise Senseless("which zender? Its number stands on it: achterwacht test zender 7")
    try:
        return asyncio.run(_test(asked))
    except KeyboardInterrupt:
        return 1  # told already what that means


# --- one button -------------------------------------------------------------------------------------------------------


async def _test(asked: Namespace) -> int:
    async with connect(socket_path(asked.state)) as connection:
        state = from_plain(State, connection.hello["state"])
        need_zender(state.plan, asked.nr)
        need_members(state.plan, asked.by)
        for target in asked.on:
            if not state.plan.knows(target):
                raise no_target(state.plan, target)
        guide = Guide(connection, state, asked)
        answered = await guide.command("test_button", id=guide.id, zender=asked.nr, targets=asked.on)
        if answered["result"] != "accepted":
            return outcome(asked, guide.texts, answered, "")
        end = await guide.follow()
    guide.say(f"end.{end}", by=guide.texts.who(asked.by, names_in(asked.state)))
    if asked.json:
        print_json({"test": guide.test, "zender": asked.nr, "end": end, "shown": sorted(guide.shown)})
    return 0 if end == "right" else 1


class Guide:
    """Leads one person through one test: what to do now, what the pagers show, what came of it."""

    def __init__(self, connection: Connection, state: State, asked: Namespace) -> None:
        self.id = uuid.uuid4().hex
        self.test = ""
        """Its id, once it has begun."""
        self.shown: set[str] = set()
        self.texts = Texts(state.plan.language)
        self._connection, self._state, self._asked = connection, state, asked
        self._names = device_names(state.plan, self.texts, names_in(asked.state))
        self._place = state.plan.place(asked.nr)
        self._asks: Literal["nothing", "claim", "judge"] = "nothing"
        self._targets: tuple[str, ...] = ()
        self._orders: dict[str, str] = {}
        """The target of each order of this test."""
        self._failed: set[str] = set()
        self._waits_until_s: float | None = None
        """Until when the press is waited for (monotonic); None before that, and once it has come."""
        self._claimed_s: float | None = None
        """When the press was claimed (monotonic), until the tester is asked what they saw."""
        self._clock = Clock()
        self._end: f.TestEnd | None = None

    async def follow(self) -> f.TestEnd:
        """Until the daemon says how it ended: each of its steps has a bound there."""
        events: asyncio.Queue[Event] = asyncio.Queue(EVENTS_MAX)
        listening = asyncio.create_task(_listen(self._connection, events))
        try:
            with Keyboard(lambda line: _post(events, line)):
                while self._end is None:
                    await self._take(events)
        except LinkUnavailable:
            self.say("stopped")
            raise
        except asyncio.CancelledError:
            self._stopped()
            raise
        finally:
            listening.cancel()
            await asyncio.wait({listening})
        return self._end

    def _stopped(self) -> None:
        """Who stops here does not stop the test: the daemon goes on with it."""
        left_s = round(self._waits_until_s - self._clock.mono_s()) if self._waits_until_s is not None else 0
        if left_s > 0:
            self.say("stopped.waiting", s=left_s, claim=round(CLAIM_S))
        else:
            self.say("stopped")

    def say(self, key: str, **told: Any) -> None:
        """One line for the tester; beside JSON it is on stderr."""
        words = self.texts.words.practice[key].format(**told)
        print(words, file=sys.stderr if self._asked.json else sys.stdout, flush=True)

    async def command(self, command: str, **said: Any) -> dict[str, Any]:
        """Say something of this test to the daemon."""
        return await self._connection.command({"command": command, "by": self._asked.by, **said}, ANSWER_S)

    async def _take(self, events: asyncio.Queue[Event]) -> None:
        try:
            async with asyncio.timeout(self._patience_s()):
                event = await events.get()
        except TimeoutError:
            await self._ask_to_judge()
            return
        if isinstance(event, LinkUnavailable):
            raise event
        if isinstance(event, str):
            await self._typed(event.strip().lower())
        else:
            await self._fact(event)

    def _patience_s(self) -> float | None:
        """How long the pagers may still take; None while nothing depends on them."""
        if self._claimed_s is None:
            return None
        return max(0.0, self._claimed_s + SHOWN_S - self._clock.mono_s())

    async def _fact(self, fact: f.Fact) -> None:
        self._state = evolve(self._state, fact)
        match fact:
            case f.ButtonTestBegan() if fact.key == f"cmd-{self.id}":
                self.test, self._targets = fact.incident, fact.targets
                self._waits_until_s = self._clock.mono_s() + self._left_s(fact)
                self.say("press", zender=fact.zender, place=self._place, s=self._left_s(fact))
            case f.ButtonTestPressed() if fact.incident == self.test:
                self._waits_until_s = None
                self.say("claim", s=self._left_s(fact))
                self._asks = "claim"
                if self._asked.yes:
                    await self._claim()
            case f.ButtonTestClaimed() if fact.incident == self.test:
                self.say("claimed", text=self._text)
                self._asks, self._claimed_s = "nothing", self._clock.mono_s()
            case f.Ordered() if self.test and fact.kind == "test" and fact.zender == self._asked.nr:
                self._orders[fact.order] = fact.target
            case f.OrderShown() if fact.order in self._orders:
                self.shown.add(fact.target)
                self.say("shows", target=self.texts.device(fact.target, self._names), text=self._text)
            case f.OrderFailed() if fact.order in self._orders:
                self._failed.add(fact.target)
                why = self.texts.why_failed(fact.reason).removeprefix(": ")
                self.say("failed", target=self.texts.device(fact.target, self._names), why=why)
            case f.AlarmRaised() | f.AlarmRecovered() if fact.zender == self._asked.nr:
                self.say("alarm", place=fact.place, zender=fact.zender)
            case f.ButtonTestEnded() if fact.incident == self.test:
                self._end = fact.end
        if self._claimed_s is not None and set(self._targets) <= self.shown | self._failed:
            await self._ask_to_judge()

    @property
    def _text(self) -> str:
        """What stands on a pager that shows this test."""
        return self.texts.page_test(self._place)

    def _left_s(self, fact: f.Fact) -> int:
        """How long the daemon now waits for the tester, in whole seconds."""
        running = self._state.button_tests.get(self._asked.nr)
        return max(0, round(running.until_s - self._state.house_s(fact.when))) if running else 0

    async def _ask_to_judge(self) -> None:
        self._claimed_s = None
        for target in self._targets:
            if target not in self.shown | self._failed:
                self.say("silent", target=self.texts.device(target, self._names))
        if self._asked.yes:
            await self._judge(set(self._targets) <= self.shown)
        else:
            self._asks = "judge"
            self.say("judge")

    async def _typed(self, line: str) -> None:
        """What is typed when nothing was asked is not meant for us."""
        if self._asks == "claim":
            if line == "" or line in YES:
                await self._claim()
            else:
                self.say("not claimed")
        elif self._asks == "judge":
            if line in (*YES, *NO):
                await self._judge(line in YES)
            else:
                self.say("judge")

    async def _claim(self) -> None:
        self._asks = "nothing"
        self._told(await self.command("claim", zender=self._asked.nr))

    async def _judge(self, right: bool) -> None:
        self._asks = "nothing"
        self._told(await self.command("judge", test=self.test, right=right))

    def _told(self, answered: Mapping[str, Any]) -> None:
        """A word that counted shows by the fact that follows."""
        if answered["result"] != "accepted" and not self._asked.json:
            tell(self.texts, answered, "")


async def _listen(connection: Connection, events: asyncio.Queue[Event]) -> None:
    try:
        async for message in connection:
            fact = known(message["fact"]) if message["type"] == "fact" else None
            if fact is not None:
                await events.put(fact)
    except LinkUnavailable as lost:
        await events.put(lost)


def _post(events: asyncio.Queue[Event], line: str) -> None:
    with suppress(asyncio.QueueFull):  # whoever types so much is not answering us
        events.put_nowait(line)


class Keyboard:
    """Hands on each line that is typed, while the loop goes on. An input that cannot be waited for says nothing."""

    def __init__(self, hand_on: Callable[[str], None]) -> None:
        self._hand_on = hand_on
        self._typed = b""
        self._fd = -1

    def __enter__(self) -> Self:
        with suppress(UnsupportedOperation, OSError, ValueError):  # none at all, a file, one that was closed
            fd = sys.stdin.fileno()
            asyncio.get_running_loop().add_reader(fd, self._read)
            self._fd = fd
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def _read(self) -> None:
        came = os.read(self._fd, LINE_MAX_BYTES)
        if not came:
            self._stop()
        *lines, self._typed = (self._typed + came).split(b"\n")
        self._typed = self._typed[-LINE_MAX_BYTES:]
        for line in lines:
            self._hand_on(line.decode(errors="replace"))

    def _stop(self) -> None:
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            self._fd = -1


# --- drills -----------------------------------------------------------------------------------------------------------


def drill(asked: Namespace) -> int:
    """Starts or stops a drill, 0 when that was accepted; lists them, or tells who came in how many seconds."""
    if asked.announced and asked.what != "start":
        raise Senseless("--announced goes with `drill start`, and only with it")
    return DRILL[asked.what](asked)


def _start(asked: Namespace) -> int:
    if asked.which is None or not asked.which.isdecimal():
        raise Senseless("which zender? Its number stands on it: achterwacht drill start 7")
    return asyncio.run(_say_drill(asked, {"command": "drill_start", "announced": asked.announced}, int(asked.which)))


def _stop(asked: Namespace) -> int:
    if asked.which is not None:
        raise Senseless(f"there is one drill at most: leave out {asked.which!r}")
    return asyncio.run(_say_drill(asked, {"command": "drill_stop"}))


async def _say_drill(asked: Namespace, command: dict[str, Any], zender: int | None = None) -> int:
    async with connect(socket_path(asked.state)) as connection:
        plan = from_plain(State, connection.hello["state"]).plan
        need_members(plan, asked.by)
        if zender is not None:
            need_zender(plan, zender)
            command["zender"] = zender
        answered = await connection.command({**command, "by": asked.by}, ANSWER_S)
    texts = Texts(plan.language)
    key = "drill stopped" if zender is None else "drill.announced" if asked.announced else "drill"
    place = plan.place(zender) if zender is not None else ""
    return outcome(asked, texts, answered, texts.words.practice[key].format(zender=zender, place=place))


def _drills(asked: Namespace) -> int:
    known = drills_in(asked.state)
    for story in known:
        if asked.json:
            print_json({name: value for name, value in to_plain(report(story)).items() if name != "persons"})
        else:
            texts = Texts(story.language)
            print(f"{headline(story, texts)}. {began(story, texts)}. {story.incident}")
    if not known and not asked.json:
        print(Texts(EMPTY_PLAN.language).words.practice["no drills"])
    return 0


def _report(asked: Namespace) -> int:
    story = pick(drills_in(asked.state), asked.which or LAST, "that was a drill")
    if asked.json:
        print_json(to_plain(report(story)))
    else:
        print(drill_text(story, names_in(asked.state)))
    return 0


DRILL: Mapping[str, Callable[[Namespace], int]] = {
    "start": _start,
    "stop": _stop,
    "list": _drills,
    "report": _report,
}


# --- all buttons ------------------------------------------------------------------------------------------------------


def _list(asked: Namespace) -> int:
    """When each button was tested last, and by whom."""
    plan, newest, right = EMPTY_PLAN, dict[int, f.ButtonTestEnded](), dict[int, f.ButtonTestEnded]()
    judged: dict[int, f.ButtonTestEnded] = {}
    for _, fact in known_facts(asked.state):
        match fact:
            case f.PlanAdopted():
                plan = fact.plan
            case f.Checkpoint():
                plan = fact.state.plan
            case f.ButtonTestEnded():
                newest[fact.zender] = fact
                if fact.end in ("right", "wrong"):
                    judged[fact.zender] = fact
                if fact.end == "right":
                    right[fact.zender] = fact
    due = _due(plan, judged)
    if not asked.json:
        print(tests_text(plan, newest, due, names_in(asked.state)))
        return 0
    for zender in plan.zenders:
        last, good = newest.get(zender.nr), right.get(zender.nr)
        print_json(
            {
                "zender": zender.nr,
                "tested_at": good.when.at if good else None,
                "by": good.by if good else None,
                "last": {"at": last.when.at, "by": last.by, "end": last.end} if last else None,
                "overdue": due.get(zender.nr) in ("again", "overdue"),
            }
        )
    return 0


def _due(plan: Plan, judged: Mapping[int, f.ButtonTestEnded]) -> dict[int, Due]:
    """By zender: whether its button must be tested. `judged`: the newest test of each that was right or wrong."""
    days = plan.morning.button_test_days if plan.morning else 0
    since, due = Clock().now().at - timedelta(days=days), dict[int, Due]()
    for zender in plan.zenders:
        last = judged.get(zender.nr)
        if last and last.end == "wrong":
            due[zender.nr] = "again"
        elif days and (last is None or last.when.at < since):
            due[zender.nr] = "overdue"
        elif last:
            due[zender.nr] = "in time"
    return due


def need_zender(plan: Plan, nr: int) -> None:
    """Raises AskedWrong when the plan has no such zender."""
    need(plan, str(nr), [str(zender.nr) for zender in plan.zenders], "zender")
