"""Plays a scenario against a running daemon: the cast of nodes, the steps, and what is said meanwhile.

Knows how a step is done and when an expectation is met. Reads no files (scenario.py) and prints nothing itself; what is
typed at the house's terminal goes to whoever plays it there.
"""

from __future__ import annotations

import asyncio
import re
import shlex
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Self

from achterwacht_sim.address import Broker
from achterwacht_sim.events import (
    AnswerHeard,
    Confirmed,
    ConnectionBack,
    Event,
    HelpChanged,
    NoConnection,
    Noted,
    Over,
    Pressed,
    Proves,
    Rings,
    Shows,
)
from achterwacht_sim.node import Node, Pager, Zender
from achterwacht_sim.pager import NothingToAnswer
from achterwacht_sim.scenario import (
    ALL,
    ANY,
    IT,
    MAX_ZENDER,
    TYPED,
    Action,
    Answer,
    Ask,
    Charge,
    Dock,
    Line,
    Power,
    Press,
    Scenario,
    Step,
    Tamper,
    Typed,
    Want,
)
from achterwacht_sim.sentences import elapsed, sentence
from achterwacht_sim.watching import Lookout

Say = Callable[[str], None]

Terminal = Callable[[tuple[str, ...]], Awaitable[tuple[int, str]]]
"""Runs `achterwacht` with these words in the house that is played in. Gives its exit code and what it said."""

# Between two looks at the same screen.
ASK_AGAIN_S = 0.5


class Unmet(Exception):
    """An expectation was not met in its time, or a step could not be done. The text names the step."""


class TerminalRefused(Exception):
    """The house's terminal did not do what was typed."""


class Cast:
    """The nodes of one scenario, online while the context is open. Entering raises NoBroker.

    `zenders` are known by number, `pagers` by their name as `pager p1`. Without a `terminal` nothing can be typed.
    """

    def __init__(self, scenario: Scenario, broker: Broker, say: Say, terminal: Terminal | None = None) -> None:
        self.incidents: list[str] = []
        self._scenario = scenario
        self._say = say
        self._terminal = terminal
        self.lookout = Lookout(self._tell)
        self._started_at_s: float | None = None
        self._pressed_at_s: dict[str, float] = {}
        self._rung: set[tuple[str, str]] = set()
        # The node that a `when` or `expect` saw last, and the last note before the last thing done.
        self._it = ""
        self._mark = 0

        def seed(index: int) -> int | None:
            return None if scenario.seed is None else scenario.seed + index

        faults, lookout = scenario.faults, self.lookout
        self.zenders = {
            nr: Zender(broker, nr, faults=faults, lookout=lookout, seed=seed(nr)) for nr in scenario.zenders
        }
        self.pagers = {
            f"pager {pager_id}": Pager(
                broker,
                pager_id,
                faults=faults,
                lookout=lookout,
                seed=seed(index),
                docked=pager_id in scenario.docked,
            )
            for index, pager_id in enumerate(scenario.pagers, start=MAX_ZENDER + 1)
        }

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for node in self._nodes().values():
                await stack.enter_async_context(node)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._started_at_s = None
        await self._stack.aclose()

    async def play(self) -> None:
        """All steps, in order. Raises Unmet at the first that fails."""
        self._started_at_s = time.monotonic()
        self._say(f"{self._now()}  {len(self.zenders)} zender(s) and {len(self.pagers)} pager(s) are online")
        for step in self._scenario.steps:
            if self._terminal is None and (isinstance(step.want, Ask) or isinstance(step.do, Typed)):
                raise Unmet(f"{step.where}: nothing can be typed here: only the demo has a terminal of the house")
        for step in self._scenario.steps:
            if step.at_s is not None:
                await asyncio.sleep(self._started_at_s + step.at_s - time.monotonic())
            if isinstance(step.want, Ask):
                await self._ask(step, step.want)
            elif step.want is not None:
                await self._see(step, step.want)
            if step.do is not None:
                self._mark = self.lookout.count
                try:
                    await self.do(step.do)
                except (NothingToAnswer, TerminalRefused) as error:
                    raise Unmet(f"{step.where}: {step.said}: {error}") from None
        self._say(f"{self._now()}  the end: all that was expected was seen")

    # Seeing.

    async def _see(self, step: Step, want: Want) -> None:
        who = self._it if want.who == IT else want.who
        nodes = self._nodes()
        if who not in (*nodes, ANY, ALL):
            raise Unmet(f"{step.where}: nobody was seen before that could be `{IT}`")
        groups = [[name] for name in self.pagers] if who == ALL else [[who]]
        if who == ANY:
            groups = [list(self.pagers)]
        deadline_s = time.monotonic() + want.within_s
        for names in groups:
            at_hand = next((name for name in names if self._stands(nodes[name], want)), None)
            if at_hand is not None:
                self._it = at_hand
                continue

            def wanted(noted: Noted, names: list[str] = names) -> bool:
                return noted.node in names and seen(noted.event, want)

            try:
                noted = await self.lookout.until(wanted, deadline_s - time.monotonic(), self._mark)
            except TimeoutError:
                expected = f"{' or '.join(names)}: {_told(want)} within {want.within_s:g} s"
                raise Unmet(f"{step.where}: not seen: {expected}") from None
            self._it = noted.node

    async def _ask(self, step: Step, ask: Ask) -> None:
        """Looks at the same screen again and again, and shows it once."""
        deadline_s = time.monotonic() + ask.within_s
        while True:
            code, told = await self._typed(ask.typed)
            if holds(" ".join(told.split()), ask.says):  # wherever its lines end
                self._show(ask.typed, told)
                return
            if time.monotonic() + ASK_AGAIN_S > deadline_s:
                line = shlex.join((TYPED, *ask.typed.words))
                raise Unmet(
                    f"{step.where}: `{line}` did not say {ask.says!r} within {ask.within_s:g} s; it ended with {code}:"
                    f"\n{told}"
                )
            await asyncio.sleep(ASK_AGAIN_S)

    def _stands(self, node: Node, want: Want) -> bool:
        """Whether it stands on the display at this moment, whenever it came there."""
        if isinstance(node, Pager) and want.shows and not want.kind:
            return any(holds(line, want.shows) for line in node.firmware.display())
        return isinstance(node, Zender) and bool(want.help) and node.firmware.help.state == want.help

    # Doing.

    async def do(self, action: Action) -> None:
        """Does one thing that its nodes can do. Raises NothingToAnswer, TerminalRefused."""
        match action:
            case Press(zenders):
                for nr in zenders:
                    await self.zenders[nr].press()
            case Answer(pager, answer, member, to):
                node = self._pager(pager)
                await node.answer(answer, incident=incident_shown(node, to), member=member)
            case Power(name, verb):
                await _power(self._nodes()[name], verb)
            case Dock(pager, verb):
                self._pager(pager).set_docked(verb == "docks")
            case Charge(pager, percent):
                self._pager(pager).set_battery(percent)
            case Typed():
                code, told = await self._typed(action)
                self._show(action, told)
                if code:
                    raise TerminalRefused(f"it ended with {code}")
            case Tamper(nr, opened):
                self.zenders[nr].set_tamper(opened)
            case Line(nr, state):
                self.zenders[nr].set_line(state)

    async def _typed(self, typed: Typed) -> tuple[int, str]:
        assert self._terminal is not None, "play looked before it began"
        return await self._terminal(typed.words)

    def _pager(self, pager_id: str) -> Pager:
        if pager_id == IT and self._it not in self.pagers:
            raise NothingToAnswer(f"no pager was seen before that could be `{IT}`")
        return self.pagers[self._it if pager_id == IT else f"pager {pager_id}"]

    def _nodes(self) -> dict[str, Node]:
        return {**{zender.name: zender for zender in self.zenders.values()}, **self.pagers}

    # Telling.

    def _now(self) -> str:
        return elapsed(time.monotonic() - (self._started_at_s or 0.0))

    def _show(self, typed: Typed, told: str) -> None:
        self._say(f"{self._now()}  $ {shlex.join((TYPED, *typed.words))}")
        for line in told.splitlines():
            self._say(f"          {line}")

    def _tell(self, noted: Noted) -> None:
        if self._started_at_s is None:
            return
        said = sentence(noted)
        if said is not None:
            self._say(f"{elapsed(noted.at_s - self._started_at_s)}  {said}{self._latency(noted)}")

    def _latency(self, noted: Noted) -> str:
        """How long after the press a pager rang for it the first time: both clocks are this process's."""
        if isinstance(noted.event, Pressed):
            self._pressed_at_s[noted.event.press] = noted.at_s
        if not isinstance(noted.event, Rings):
            return ""
        page = noted.event.page
        if page.incident and page.incident not in self.incidents:
            self.incidents.append(page.incident)
        pressed_at_s = self._pressed_at_s.get(page.press)
        if pressed_at_s is None or (noted.node, page.press) in self._rung:
            return ""
        self._rung.add((noted.node, page.press))
        return f", {(noted.at_s - pressed_at_s) * 1000:.1f} ms after the press"


async def _power(node: Node, verb: str) -> None:
    match verb:
        case "dies":
            node.die()
        case "comes back":
            node.come_back()
        case "reboots":
            await node.reboot()
        case _:
            node.silent = verb == "falls silent"


def holds(line: str, text: str) -> bool:
    """Whether a display line holds this text as whole words: BALIE 1 is not in BALIE 10."""
    return re.search(rf"(?<!\w){re.escape(text)}(?!\w)", line) is not None


def seen(event: Event, want: Want) -> bool:
    """Whether this event is what is wanted."""
    match event:
        case Rings(page):
            text = want.rings or want.shows
            return bool(text or want.kind) and not want.over and _fits(page.text, text, page.kind, want.kind)
        case Shows(page):
            silent = not want.rings and not want.over and bool(want.shows or want.kind)
            return silent and _fits(page.text, want.shows, page.kind, want.kind)
        case Proves(page):
            return want.kind == page.kind
        case Over(page, shown):
            return bool(want.over) and (holds(shown, want.over) or holds(page.text, want.over))
        case AnswerHeard(answer=answer, result=result):
            return bool(answer) and result == want.answered
        case NoConnection():
            return want.connection == "lost"
        case ConnectionBack():
            return want.connection == "back"
        case HelpChanged(state=state):
            return state == want.help
        case Confirmed(durable=durable):
            return want.confirmed and durable
        case _:
            return False


def _fits(shown: str, text: str, kind: str, wanted_kind: str) -> bool:
    return (not text or holds(shown, text)) and wanted_kind in ("", kind)


def _told(want: Want) -> str:
    texts = ("rings", "shows", "over", "kind", "answered", "connection", "help")
    told = [f"{name} {getattr(want, name)}" for name in texts if getattr(want, name)]
    return ", ".join(told + (["confirmed"] if want.confirmed else []))


def incident_shown(pager: Pager, text: str) -> str | None:
    """The incident on this pager with `text` as its id or in its text, None for the newest. Raises NothingToAnswer."""
    if not text:
        return None
    if text in pager.firmware.incidents:
        return text
    for incident, page in pager.firmware.incidents.items():
        if holds(page.text, text):
            return incident
    raise NothingToAnswer(f"{pager.name} does not show {text}")
