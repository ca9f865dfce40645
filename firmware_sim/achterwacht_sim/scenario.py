"""Scenario files: who presses when, who answers when, and what must be seen. Reading only; play.py plays them.

A file names its zenders and pagers and lists steps. A step waits (`at:` seconds from the start, or `when:`
something is seen) and then does something, or only expects to see something. What the house's own terminal is asked
and what the demo puts into the plan are only carried here. Every mistake is told at once, as file:line:column with
what was expected.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from achterwacht_sim.faults import NO_FAULTS, Faults
from achterwacht_sim.wire import ANSWERS, LINE_STATES

# An expectation is about what should follow at once; a `when` may wait for a step of the ladder.
EXPECT_WITHIN_S = 5.0
WHEN_WITHIN_S = 120.0

# A step that waits longer than an hour is a mistake, not a story.
LONGEST_WAIT_S = 3600.0

MAX_ZENDER = 9999
PAGER_ID = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.IGNORECASE)

# What is typed at the house's terminal begins with its command.
TYPED = "achterwacht"

# Words that stand where a pager's id may stand: any one, every one, and the one that was seen last.
ANY, ALL, IT = "any", "all", "it"


class BadScenario(Exception):
    """The mistakes of one file, each as file:line:column: what is wrong, what is expected."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


@dataclass(frozen=True, slots=True)
class Press:
    """Press these zenders, one after the other without a pause."""

    zenders: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A carrier answers, for the incident whose text holds `to` or else for the newest."""

    pager: str
    answer: str
    member: str
    to: str


@dataclass(frozen=True, slots=True)
class Power:
    """A node `dies`, `comes back`, `reboots`, `falls silent` (its connection lives) or `speaks again`."""

    node: str
    verb: str


@dataclass(frozen=True, slots=True)
class Dock:
    """A pager `docks` or `undocks`."""

    pager: str
    verb: str


@dataclass(frozen=True, slots=True)
class Charge:
    """The battery of a pager has so much left."""

    pager: str
    percent: int


@dataclass(frozen=True, slots=True)
class Tamper:
    """The housing of a zender is opened or closed."""

    zender: int
    opened: bool


@dataclass(frozen=True, slots=True)
class Line:
    """The wire to the button of a zender."""

    zender: int
    state: str


@dataclass(frozen=True, slots=True)
class Typed:
    """Somebody types this at the house's terminal, `achterwacht` left out."""

    words: tuple[str, ...]


Action = Press | Answer | Power | Dock | Charge | Tamper | Line | Typed


@dataclass(frozen=True, slots=True)
class Want:
    """What must be seen of whom. `who` is a node's name, or `any` or `all` pagers; empty texts do not matter."""

    who: str
    within_s: float
    rings: str = ""
    shows: str = ""
    over: str = ""
    kind: str = ""
    answered: str = ""
    connection: str = ""
    help: str = ""
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """What the house's terminal must say to this, asked again until it holds `says`."""

    typed: Typed
    says: str
    within_s: float


@dataclass(frozen=True, slots=True)
class Step:
    """Wait for `at_s` or for `want`, then do `do`. A step without `do` is an expectation."""

    where: str
    said: str
    at_s: float | None
    want: Want | Ask | None
    do: Action | None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story."""

    name: str
    story: str
    zenders: tuple[int, ...]
    pagers: tuple[str, ...]
    faults: Faults
    seed: int | None
    steps: tuple[Step, ...]
    docked: tuple[str, ...] = ()
    """The pagers that hang in their docks when it begins."""
    plan: Mapping[str, Any] = field(default_factory=dict)
    """Blocks of achterwacht.yaml that the demo puts in the place of the house's own."""


# The forms of `do:`. The node called `it` is the one that was seen last.
_NODE = r"(?P<node>zender \d+|[a-z][\w-]*)"
_PAGER = r"(?P<pager>[a-z][\w-]*)"
FORMS: tuple[tuple[str, str, Callable[[re.Match[str]], Action]], ...] = (
    ("press NR [NR ...]", r"press (?P<nrs>\d+(?: \d+)*)", lambda m: Press(_numbers(m["nrs"]))),
    (
        "PAGER answers ANSWER [as MEMBER] [to TEXT]",
        rf"{_PAGER} answers (?P<answer>{'|'.join(ANSWERS)})(?: as (?P<member>\S+))?(?: to (?P<to>.+))?",
        lambda m: Answer(m["pager"], m["answer"], m["member"] or "", m["to"] or ""),
    ),
    (
        "PAGER|zender NR dies|comes back|reboots|falls silent|speaks again",
        rf"{_NODE} (?P<verb>dies|comes back|reboots|falls silent|speaks again)",
        lambda m: Power(_node_name(m["node"]), m["verb"]),
    ),
    ("PAGER docks|undocks", rf"{_PAGER} (?P<verb>docks|undocks)", lambda m: Dock(m["pager"], m["verb"])),
    (
        "battery PAGER PERCENT",
        rf"battery {_PAGER} (?P<percent>100|\d\d?)",
        lambda m: Charge(m["pager"], int(m["percent"])),
    ),
    (
        "tamper NR opened|closed",
        r"tamper (?P<nr>\d+) (?P<state>opened|closed)",
        lambda m: Tamper(int(m["nr"]), m["state"] == "opened"),
    ),
    (
        "line NR ok|cut|short",
        rf"line (?P<nr>\d+) (?P<state>{'|'.join(LINE_STATES)})",
        lambda m: Line(int(m["nr"]), m["state"]),
    ),
    (f"type {TYPED} WORDS", rf"type (?P<typed>{TYPED} .+)", lambda m: typed(m["typed"])),
)


def action_of(said: str) -> Action:
    """What these words ask for. Raises ValueError, which tells what is expected."""
    for _, pattern, make in FORMS:
        match = re.fullmatch(pattern, said)
        if match is not None:
            try:
                return make(match)
            except ValueError as error:
                raise ValueError(f"{error}: words as for a shell expected") from None
    raise ValueError(f"one of {'; '.join(form for form, _, _ in FORMS)} expected")


def typed(line: str) -> Typed:
    """What somebody types, as the shell would take it apart. Raises ValueError."""
    command, *words = shlex.split(line)
    if command != TYPED:
        raise ValueError(f"{command}: only {TYPED} is typed here")
    return Typed(tuple(words))


def shipped() -> tuple[str, ...]:
    """The names of the scenarios that come with the package."""
    return tuple(sorted(Path(entry.name).stem for entry in _shipped_folder().iterdir()))


def load(name: str) -> Scenario:
    """Reads a shipped scenario by its name, or a file by its path. Raises BadScenario, OSError."""
    if name in shipped():
        file = f"{name}.yaml"
        return read((_shipped_folder() / file).read_text("utf-8"), file)
    return read(Path(name).read_text("utf-8"), name)


def read(text: str, file: str) -> Scenario:
    """Reads one scenario; `file` is what its mistakes name. Raises BadScenario."""
    try:
        top = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise BadScenario([f"{where}: not YAML: {error.problem or error.context}"]) from None
    except (YAMLError, ValueError) as error:
        raise BadScenario([f"{file}:1:1: not YAML: {error}"]) from None
    if not isinstance(top, CommentedMap):
        raise BadScenario([f"{file}:1:1: a mapping with zenders, pagers and steps expected"])
    return _Reader(file).scenario(top)


class _Reader:
    """Collects the mistakes of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.mistakes: list[tuple[int, int, str]] = []
        self.zenders: tuple[int, ...] = ()
        self.pagers: tuple[str, ...] = ()

    def scenario(self, top: CommentedMap) -> Scenario:
        self.keys(top, {"story", "zenders", "pagers", "docked", "plan", "faults", "steps"}, needed={"steps"})
        self.zenders = self.each(top, "zenders", "zender numbers, 1 to 9999", _is_zender)
        self.pagers = self.each(top, "pagers", "pager ids, as p1; not any, all or it", _is_pager)
        docked = self.each(top, "docked", "pagers of this file", lambda pager: pager in self.pagers)
        plan = top.get("plan", {})
        if not isinstance(plan, Mapping):
            self.wrong(top, "plan", "a mapping with blocks of achterwacht.yaml expected")
        faults, seed = self.faults(top)
        steps = top.get("steps")
        if not isinstance(steps, CommentedSeq) or not steps:
            steps = CommentedSeq()
            if "steps" in top:
                self.wrong(top, "steps", "a list of steps expected")
        read_steps = [self.step(steps, index) for index in range(len(steps))]
        if self.mistakes:
            raise BadScenario(told for _, _, told in sorted(self.mistakes))
        return Scenario(
            name=Path(self.file).stem,
            story=str(top.get("story", "")).strip(),
            zenders=self.zenders,
            pagers=self.pagers,
            faults=faults,
            seed=seed,
            steps=tuple(step for step in read_steps if step is not None),
            docked=docked,
            plan=plan,
        )

    def step(self, steps: CommentedSeq, index: int) -> Step | None:
        step = steps[index]
        if not isinstance(step, CommentedMap):
            self.wrong(steps, index, "a step expected: at, when, do or expect")
            return None
        self.keys(step, {"at", "when", "do", "expect"})
        shape = set(step)
        if shape not in ({"expect"}, {"do"}, {"at", "do"}, {"when", "do"}):
            self.wrong(steps, index, "`expect` alone, or `do` with at most one of `at` and `when` expected")
            return None
        at_s = self.seconds(step, "at") if "at" in step else None
        want = self.seen(step, "when", WHEN_WITHIN_S) if "when" in step else None
        if "expect" in step:
            want = self.seen(step, "expect", EXPECT_WITHIN_S)
            return None if want is None else Step(self.where(step, "expect"), "expect", None, want, None)
        action = self.action(step)
        if action is None:
            return None
        return Step(self.where(step, "do"), str(step["do"]), at_s, want, action)

    def action(self, step: CommentedMap) -> Action | None:
        said = str(step["do"])
        try:
            action = action_of(said)
        except ValueError as error:
            self.wrong(step, "do", f"{said!r}: {error}")
            return None
        self.known(step, action)
        return action

    def known(self, step: CommentedMap, action: Action) -> None:
        """Whoever acts must be in the cast."""
        nobody = ""
        match action:
            case Press(zenders):
                nobody = ", ".join(f"zender {nr}" for nr in zenders if nr not in self.zenders)
            case Tamper(zender=nr) | Line(zender=nr):
                nobody = "" if nr in self.zenders else f"zender {nr}"
            case Answer(pager=pager) | Dock(pager=pager) | Charge(pager=pager):
                nobody = "" if pager in (*self.pagers, IT) else f"pager {pager}"
            case Power(node=node):
                nobody = "" if node in self.names() else node
        if nobody:
            self.wrong(step, "do", f"{nobody}: one of the file's own expected: {', '.join(self.names())}")

    def names(self) -> tuple[str, ...]:
        return (*(f"zender {nr}" for nr in self.zenders), *(f"pager {pager}" for pager in self.pagers))

    def seen(self, step: CommentedMap, key: str, within_s: float) -> Want | Ask | None:
        value = step[key]
        if not isinstance(value, CommentedMap):
            self.wrong(step, key, "a mapping expected, as {pager: p1, shows: BALIE 3}")
            return None
        if len({"pager", "zender", "terminal"} & set(value)) != 1:
            self.wrong(step, key, "one of `pager`, `zender` and `terminal` expected")
            return None
        if "within_s" in value:
            within_s = self.seconds(value, "within_s")
        if "terminal" in value:
            return self.ask(value, within_s)
        return self.want(step, key, value, within_s)

    def ask(self, value: CommentedMap, within_s: float) -> Ask | None:
        self.keys(value, {"terminal", "says", "within_s"}, needed={"says"})
        try:
            asked = typed(self.text(value, "terminal"))
        except ValueError as error:
            self.wrong(value, "terminal", f"{error}: a command expected, as `{TYPED} morning`")
            return None
        return Ask(asked, self.text(value, "says"), within_s) if "says" in value else None

    def want(self, step: CommentedMap, key: str, value: CommentedMap, within_s: float) -> Want:
        if "pager" in value:
            seen = {"rings", "shows", "over", "kind", "answered", "connection"}
            who = self.pager(value)
        else:
            seen = {"help", "confirmed"}
            who = f"zender {value['zender']}"
            if value["zender"] not in self.zenders:
                self.wrong(value, "zender", f"one of the file's zenders expected: {self.zenders}")
        self.keys(value, {"pager", "zender", "within_s", *seen})
        if not seen & set(value):
            self.wrong(step, key, f"something to see expected: {', '.join(sorted(seen))}")
        if len({"rings", "shows", "over"} & set(value)) > 1:
            self.wrong(step, key, "only one of `rings`, `shows` and `over` expected")
        texts = {name: self.text(value, name) for name in (seen - {"confirmed"}) & set(value)}
        if "confirmed" in value and value["confirmed"] is not True:
            self.wrong(value, "confirmed", "true expected")
        return Want(who, within_s, confirmed="confirmed" in value, **texts)

    def pager(self, value: CommentedMap) -> str:
        who = value["pager"]
        if who in (ANY, ALL, IT):
            return str(who)
        if who not in self.pagers:
            expected = ", ".join((*self.pagers, ANY, ALL, IT))
            self.wrong(value, "pager", f"{who}: one of {expected} expected")
        return f"pager {who}"

    def text(self, value: CommentedMap, key: str) -> str:
        text = value[key]
        if not isinstance(text, str) or not text:
            self.wrong(value, key, "a text expected")
            return ""
        words = {"connection": ("lost", "back"), "answered": ("accepted", "closed", "refused")}.get(key, ())
        if words and text not in words:
            self.wrong(value, key, f"{text!r}: one of {', '.join(words)} expected")
        return text

    def faults(self, top: CommentedMap) -> tuple[Faults, int | None]:
        if "faults" not in top:
            return NO_FAULTS, None
        value = top["faults"]
        names = {field.name for field in fields(Faults)}
        if not isinstance(value, CommentedMap):
            self.wrong(top, "faults", f"a mapping expected: {', '.join(sorted(names | {'seed'}))}")
            return NO_FAULTS, None
        self.keys(value, names | {"seed"})
        chances: dict[str, float] = {}
        for name in names & set(value):
            if name == "delay_s":
                chances[name] = self.seconds(value, name)
            elif _is_number(value[name]) and 0 <= value[name] <= 1:
                chances[name] = float(value[name])
            else:
                self.wrong(value, name, "a chance from 0 to 1 expected")
        seed = value.get("seed")
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
            self.wrong(value, "seed", "a whole number expected")
            seed = None
        return Faults(**chances), seed

    def seconds(self, value: CommentedMap, key: str) -> float:
        number = value[key]
        if not _is_number(number) or not 0 <= number <= LONGEST_WAIT_S:
            self.wrong(value, key, f"seconds from 0 to {LONGEST_WAIT_S:.0f} expected")
            return 0.0
        return float(number)

    def each(self, top: CommentedMap, key: str, expected: str, right: Callable[[Any], bool]) -> tuple[Any, ...]:
        values = top.get(key, CommentedSeq())
        if not isinstance(values, CommentedSeq):
            self.wrong(top, key, f"a list of {expected} expected")
            return ()
        for index, value in enumerate(values):
            if not right(value) or value in list(values)[:index]:
                self.wrong(values, index, f"{value}: {expected} expected, each once")
        return tuple(values)

    def keys(self, value: CommentedMap, known: set[str], needed: Iterable[str] = ()) -> None:
        for key in value:
            if key not in known:
                self.mistake(value.lc.key(key), f"{key}: unknown, one of {', '.join(sorted(known))} expected")
        for key in needed:
            if key not in value:
                self.mistake((value.lc.line, value.lc.col), f"{key}: missing")

    def wrong(self, parent: CommentedMap | CommentedSeq, key: str | int, expected: str) -> None:
        name = f"{key}: " if isinstance(key, str) else ""
        self.mistake(_place(parent, key), f"{name}{expected}")

    def mistake(self, place: tuple[int, int], what: str) -> None:
        line, column = place
        self.mistakes.append((line, column, f"{self.file}:{line + 1}:{column + 1}: {what}"))

    def where(self, parent: CommentedMap | CommentedSeq, key: str | int) -> str:
        line, column = _place(parent, key)
        return f"{self.file}:{line + 1}:{column + 1}"


def _place(parent: CommentedMap | CommentedSeq, key: str | int) -> tuple[int, int]:
    """The line and column of a value, from 0."""
    line, column = parent.lc.value(key) if isinstance(parent, CommentedMap) else parent.lc.item(key)
    return line, column


def _shipped_folder() -> Traversable:
    """Inside the package, so that an installed wheel has them too."""
    return files("achterwacht_sim") / "scenarios"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split())


def _node_name(text: str) -> str:
    return text if text.startswith("zender ") else f"pager {text}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_zender(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_ZENDER


def _is_pager(value: object) -> bool:
    return isinstance(value, str) and value not in (ANY, ALL, IT) and PAGER_ID.fullmatch(value) is not None
