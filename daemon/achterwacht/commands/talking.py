"""The commands that talk to a running daemon at its socket: `watch`, `answer`, `reopen`, `acknowledge`, `test-page`."""

from __future__ import annotations

import asyncio
import difflib
import math
import re
import sys
import uuid
from argparse import Namespace
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from achterwacht.clock import Clock
from achterwacht.commands.reading import NEAREST, fact_json, names_in, pick
from achterwacht.core import facts as f
from achterwacht.core.codec import fact_from_plain, from_plain
from achterwacht.core.evolve import evolve
from achterwacht.core.faults import device_of
from achterwacht.core.incident import Following
from achterwacht.core.plan import CENTRE, PAGERS, Plan
from achterwacht.core.state import Alarm, State
from achterwacht.core.supervision import barrier
from achterwacht.errors import AskedWrong, LinkSilent, LinkUnavailable, NoFault, NoIncident
from achterwacht.link import SILENT_S, Connection, connect
from achterwacht.outputs.texts import Texts, as_it_is, clock_time, places, typed
from achterwacht.outputs.texts.standing import device_names
from achterwacht.paths import socket_path

RECONNECT_S = 1.0
"""A restarted daemon is there again within a second; asking a dead socket costs nothing."""
ANSWER_S = 5.0
"""A command is answered when it is durable, or after a second when the disk is broken; then something hangs."""
HELD_S = 1.0
"""So long what calms may wait for the disk, as in the daemon itself (durability.py); then it is shown with a mark."""
STAGES: dict[type, str] = {
    f.OrderHandedOver: "handed_over",
    f.OrderFailed: "failed",
    f.OrderReceived: "received",
    f.OrderShown: "shown",
}
CARRY = "carry"
NUMBER = re.compile(r"[0-9]{4}-[0-9]+")
"""The human number of an incident."""


def watch(asked: Namespace) -> int:
    """Facts as they happen, until Ctrl-C. Raises LinkUnavailable when there is no daemon at the start."""
    try:
        asyncio.run(_watch(asked.state, asked.json))
    except KeyboardInterrupt:
        return 0  # how it is meant to end
    raise AssertionError("watching ends only when it is stopped")


def answer(asked: Namespace) -> int:
    """A member's answer; 0 when it was accepted."""
    return asyncio.run(_answer(asked))


def reopen(asked: Namespace) -> int:
    """Takes back a closing; 0 when it was accepted."""
    return asyncio.run(_reopen(asked))


def acknowledge(asked: Namespace) -> int:
    """A member has seen a fault; 0 when that was accepted."""
    return asyncio.run(_acknowledge(asked))


def test_page(asked: Namespace) -> int:
    """Sends a test to one target; 0 when it came as far as that target can tell."""
    return asyncio.run(_test_page(asked))


# --- watch ------------------------------------------------------------------------------------------------------------


async def _watch(state: Path, as_json: bool) -> None:
    path = socket_path(state)
    watcher = Watcher(names_in(state), as_json)
    async with connect(path) as connection:
        await watcher.follow(connection)
    while True:
        await asyncio.sleep(RECONNECT_S)
        try:
            async with connect(path) as connection:
                watcher.back()
                await watcher.follow(connection)
        except LinkUnavailable as lost:
            watcher.lost(lost)


@dataclass(frozen=True, slots=True)
class Held:
    """A fact that calms and was not on disk when it came: shown when it is, or marked at `until_s` (monotonic)."""

    n: int
    line: str
    marked: str
    until_s: float


def calms(fact: f.Fact) -> bool:
    """Whether somebody could stop running because of this fact. Who asks for help calms nobody."""
    match fact:
        case f.Answered():
            return fact.answer not in ("cannot", "need_112")
        case f.Ordered():
            return fact.kind == "over"
    return isinstance(fact, f.AlarmClosed)


class Watcher:
    """What one terminal shows. Whatever interrupts the facts is said loudly, on stderr when they are JSON.

    What raises is shown at once; what calms when it is on disk (S14), so that one may overtake the other.
    """

    def __init__(self, names: Mapping[str, str], as_json: bool) -> None:
        self._people = names
        self._names = names
        self._as_json = as_json
        self._texts = Texts("nl")
        self._following = Following()
        self._last_words = ""
        self._n = 0
        self._clock = Clock()
        self._held: deque[Held] = deque()

    async def follow(self, connection: Connection) -> None:
        """Print what is open, then each fact, until the connection ends."""
        self._begin(connection.hello)
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._patience_s()):
                        self.take(await connection.take())
                self._let_go(self._clock.mono_s())
        except LinkUnavailable as lost:
            self._let_go(math.inf)
            self.lost(lost)

    def take(self, message: Mapping[str, Any]) -> None:
        """One message of the link; those that are not about facts are for others."""
        if message["type"] == "fact":
            self._fact(message["n"], message["durable"], message["fact"])
        elif message["type"] == "durable":
            while self._held and self._held[0].n <= message["n"]:
                self._print(self._held.popleft().line)

    def lost(self, why: LinkUnavailable) -> None:
        """What stands above may be old; said once for each reason."""
        if isinstance(why, LinkSilent):
            self.say("silent", s=f"{SILENT_S:g}")
        else:
            self.say("lost", why=why)

    def back(self) -> None:
        """Facts of the time without a connection are not shown here; they stand in the journal."""
        self.say("back", n=self._n)

    def say(self, key: str, *, durable: bool = True, **told: Any) -> None:
        words = self._texts.words.watch[key].format(**told)
        words = words if durable else self._marked(words)
        if words != self._last_words:
            self._last_words = words
            print(words, file=sys.stderr if self._as_json else sys.stdout, flush=True)

    def _begin(self, hello: Mapping[str, Any]) -> None:
        state = from_plain(State, hello["state"])
        self._speak_of(state.plan)
        self._start_over(hello["n"], state)
        durable = hello["durable_n"] >= hello["n"]
        if not state.alarms:
            self.say("nothing open", durable=durable)
        for alarm in _in_order(state.alarms.values()):
            self.say(self._texts.how_open(alarm), durable=durable, **self._texts.alarm(alarm))

    def _speak_of(self, plan: Plan) -> None:
        """In the plan's language, and of its zenders by their places."""
        self._texts = Texts(plan.language)
        self._names = {**self._people, **places(plan, self._texts)}

    def _start_over(self, n: int, state: State) -> None:
        """A state holds all that the facts after it need: nothing older is kept in memory."""
        self._n = n
        self._following = Following()
        if state.last is not None:
            self._following.take(n, f.Checkpoint(state.last, state))

    def _patience_s(self) -> float | None:
        """How long the oldest fact that is held may still be; None when none is."""
        return max(0.0, self._held[0].until_s - self._clock.mono_s()) if self._held else None

    def _let_go(self, now_s: float) -> None:
        while self._held and self._held[0].until_s <= now_s:
            self._print(self._held.popleft().marked)

    def _marked(self, line: str) -> str:
        return self._texts.words.watch["not durable"].format(line=line)

    def _print(self, line: str) -> None:
        self._last_words = ""
        print(line, flush=True)

    def _fact(self, n: int, durable: bool, plain: dict[str, Any]) -> None:
        self._n = n
        fact = known(plain)
        if isinstance(fact, f.Checkpoint):
            self._start_over(n, fact.state)
        if isinstance(fact, f.PlanAdopted):
            self._speak_of(fact.plan)
        line = self._texts.line(self._following.take(n, fact), self._names) if fact else as_it_is(plain)
        marked = self._marked(line)
        if self._as_json:
            line, marked = fact_json(n, plain), fact_json(n, {**plain, "durable": False})
        if isinstance(fact, f.AlarmReopened):
            self._let_go(math.inf)  # a closing must not come after the word that takes it back
        if durable or (fact is not None and not calms(fact)):
            self._print(line)
        else:
            self._held.append(Held(n, line, marked, self._clock.mono_s() + HELD_S))


def known(plain: dict[str, Any]) -> f.Fact | None:
    """A fact of the link; None for one of another version: a daemon may be renewed while somebody watches."""
    try:
        return fact_from_plain(plain)
    except (msgspec.ValidationError, KeyError):
        return None


# --- answer, reopen and acknowledge -----------------------------------------------------------------------------------


async def _answer(asked: Namespace) -> int:
    if (asked.answer == CARRY) != (asked.pager is not None):
        raise AskedWrong("--pager goes with `carry`, and only with it: answer MEMBER carry --pager p1")
    if asked.answer == CARRY and asked.incident is not None:
        raise AskedWrong(f"who carries a pager is about no incident: leave out {asked.incident!r}")
    command = {"command": "answer", "member": asked.member, "answer": asked.answer}
    if asked.pager is not None:
        command["pager"] = asked.pager
    if asked.reason:
        command["reason"] = asked.reason
    async with connect(socket_path(asked.state)) as connection:
        state = from_plain(State, connection.hello["state"])
        plan, where = state.plan, ""
        if asked.answer != CARRY:
            alarm = _which(state, asked.incident)
            drill = f"{Texts(state.plan.language).words.drill}: " if alarm.drill else ""
            command["incident"], plan, where = alarm.incident, alarm.plan, f" ({drill}{alarm.place})"
        answered = await connection.command(command, ANSWER_S)
    texts = Texts(state.plan.language)
    code = tell(texts, answered, texts.answer(asked.answer, asked.member, names_in(asked.state)) + where)
    if code == 0 and plan.member(asked.member) is None:
        # Whoever asks for help is believed all the same; who mistyped must see it.
        print(texts.words.outcome["not in the plan"].format(member=asked.member))
    return code


async def _reopen(asked: Namespace) -> int:
    async with connect(socket_path(asked.state)) as connection:
        state = from_plain(State, connection.hello["state"])
        alarm = pick(_in_order(state.closed.values()), asked.incident, "that was closed in the last ten minutes")
        command = {"command": "undo", "member": asked.member, "incident": alarm.incident}
        answered = await connection.command(command, ANSWER_S)
    texts = Texts(state.plan.language)
    return tell(texts, answered, texts.words.outcome["reopened"].format(place=alarm.place))


async def _acknowledge(asked: Namespace) -> int:
    async with connect(socket_path(asked.state)) as connection:
        state = from_plain(State, connection.hello["state"])
        fault = _standing(state, " ".join(asked.fault))
        command = {"command": "acknowledge", "member": asked.member, "fault": fault}
        answered = await connection.command(command, ANSWER_S)
    texts = Texts(state.plan.language)
    names = device_names(state.plan, texts, names_in(asked.state))
    what = texts.fault(fault, state.faults[fault].detail, names)
    return tell(texts, answered, texts.words.outcome["acknowledged"].format(fault=what))


async def _test_page(asked: Namespace) -> int:
    async with connect(socket_path(asked.state)) as connection:
        state = from_plain(State, connection.hello["state"])
        texts = Texts(state.plan.language)
        names = device_names(state.plan, texts, names_in(asked.state))
        if not state.plan.knows(asked.target):
            raise no_target(state.plan, asked.target)
        id = uuid.uuid4().hex
        command = {"command": "test", "id": id, "target": asked.target, "by": "terminal"}
        answered = await connection.command(command, ANSWER_S)
        if answered["result"] != "accepted":
            return tell(texts, answered, "")
        wanted = "shown" if state.plan.tells_shown(asked.target) else "handed_over"
        target = texts.device(asked.target, names)
        print(texts.words.testing[wanted].format(s=f"{asked.wait:g}", target=target), flush=True)
        test = OneTest(state, f"cmd-{id}")
        with suppress(TimeoutError):
            async with asyncio.timeout(asked.wait):
                async for message in connection:
                    fact = known(message["fact"]) if message["type"] == "fact" else None
                    if fact is None or not test.take(fact):
                        continue
                    print(f"{clock_time(fact.when)}  {texts.sentence(fact, names)}", flush=True)
                    if test.stage in ("failed", "shown", wanted):
                        break
    print(texts.words.story["target"].format(target=target, stage=texts.words.stages[test.stage]))
    if test.stage in (wanted, "shown"):
        return 0
    if test.stage != "failed":
        print(_in_the_way(test.state, asked.target, texts, names))
    return 1


class OneTest:
    """Follows the test that was asked for with this key: how far it has come, and how the house stands meanwhile."""

    def __init__(self, state: State, key: str) -> None:
        self.state = state
        self.stage = "ordered"
        self._key = key
        self._is_asked = False
        self._order = ""

    def take(self, fact: f.Fact) -> bool:
        """The next fact; whether it tells how far the test has come."""
        self.state = evolve(self.state, fact)
        if isinstance(fact, f.TestAsked):
            self._is_asked = self._is_asked or fact.key == self._key
        elif isinstance(fact, f.Ordered) and self._is_asked and not self._order:
            self._order = fact.order
        elif self._order and getattr(fact, "order", "") == self._order:
            self.stage = STAGES[type(fact)]
            return True
        return False


def _in_the_way(state: State, target: str, texts: Texts, names: Mapping[str, str]) -> str:
    """Why nothing came of a test, as far as a fault tells."""
    words, key = texts.words.testing, barrier(state, target)
    if key is None:
        return words["nothing more"]
    return words["barrier"].format(fault=texts.fault(key, state.faults[key].detail, names))


def no_target(plan: Plan, asked: str) -> AskedWrong:
    """What could be meant instead."""
    ways = [target for member in plan.members for target in plan.ways_to(member.id)]
    targets = sorted({*plan.group(PAGERS), *ways, *([CENTRE] if plan.alarm_centre else [])})
    near = difflib.get_close_matches(asked, targets, NEAREST) or targets
    return AskedWrong(f"the plan has no target {asked!r}; it has {', '.join(near)}")


def _standing(state: State, asked: str) -> str:
    """The key of the fault that is meant. Raises AskedWrong, and NoFault with what comes near."""
    faults = state.faults
    if asked in faults:
        return asked
    if NUMBER.fullmatch(asked) or asked in state.alarms or asked in state.closed:
        raise AskedWrong(f"{asked} is an alarm, which is answered, not acknowledged: `achterwacht answer`")
    if not faults:
        raise NoFault("no fault stands now")
    its = [key for key in sorted(faults) if device_of(key) == asked.replace(" ", ":")]  # `zender 23` as people say it
    near = its or difflib.get_close_matches(asked, faults, NEAREST)
    if not near:
        raise NoFault(f"no fault {asked!r} stands now; `achterwacht status` names those that do")
    raise NoFault(f"no fault {asked!r} stands now; near it: {', '.join(map(typed, near))}")


def tell(texts: Texts, answered: Mapping[str, Any], what: str) -> int:
    """Print what became of a command (`what` it asked for, in words); 0 when it was accepted."""
    accepted = answered["result"] == "accepted"
    key = "accepted.not durable" if accepted and not answered["durable"] else answered["result"]
    print(texts.words.outcome[key].format(what=what, note=texts.note(answered["note"])))
    return 0 if accepted else 1


def _which(state: State, asked: str | None) -> Alarm:
    """The alarm that is meant: the named one, else the only open one."""
    if asked is not None:
        return pick(
            _in_order((*state.closed.values(), *state.alarms.values())), asked, "that is open or was just closed"
        )
    if len(state.alarms) == 1:
        return next(iter(state.alarms.values()))
    if not state.alarms:
        raise NoIncident("no incident is open")
    raise NoIncident(f"which one? These are open: {'; '.join(_list(_in_order(state.alarms.values())))}")


def _list(alarms: Iterable[Alarm]) -> list[str]:
    return [f"{alarm.incident} ({alarm.place}, {alarm.number or 'no number yet'})" for alarm in alarms]


def _in_order(alarms: Iterable[Alarm]) -> list[Alarm]:
    return sorted(alarms, key=lambda alarm: alarm.raised_s)
