"""The words of the screens: two languages that fit each other, none that nobody says, and "je" for the team alone."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import get_args

import pytest

from achterwacht.core.display import Sign
from achterwacht.core.escalation import WATCHES
from achterwacht.core.plan import ROLES as PLAN_ROLES
from achterwacht.core.readiness import Works
from achterwacht.core.state import Police
from achterwacht_dashboard.access import ROLES
from achterwacht_dashboard.accounts import DeedWord
from achterwacht_dashboard.archive import POLICE, Why
from achterwacht_dashboard.board import NEUTRAL
from achterwacht_dashboard.commands import EXPECTED
from achterwacht_dashboard.ending import Trouble
from achterwacht_dashboard.floor import PHASES
from achterwacht_dashboard.menu import PAGES
from achterwacht_dashboard.pages import HERE
from achterwacht_dashboard.push import WORKER_WORDS
from achterwacht_dashboard.ringing import LightWord
from achterwacht_dashboard.words import MODULES, WORDS

NAMES = "|".join(module.__name__.rpartition(".")[2] for module in MODULES)
ANSWERS = ("coming", "cannot", "on_scene")
LIGHTS = get_args(LightWord)
DONE_HERE = (
    "zender/test overdue",
    "plan/invalid",
    "house/not picked up",
    "house/too few carried",
    "house/gap today",
)
"""The faults of which a screen says what to press, where a terminal is told what to type."""

MADE: Mapping[str, tuple[str, ...]] = {
    "accounts.deed_": get_args(DeedWord),
    "accounts.role_": ROLES,
    "accounts.wrong_": ("403", "403_why", "404", "404_why", "503"),
    "admin.": tuple(key for key, _ in PAGES),
    "admin.about.": ("socket", "state", "data"),
    "admin.people.reached.": ("yes", "no", "never", "unproven", "unknown"),
    "admin.role.": PLAN_ROLES,
    "board.answer.": ANSWERS,
    "board.light.": LIGHTS,
    "common.do.": (*DONE_HERE, *get_args(Trouble)),
    "common.fault.": get_args(Trouble),
    "common.means.": get_args(Trouble),
    "board.neutral.": (*NEUTRAL, "idle", "unknown"),
    "board.say.": (*ANSWERS, "told_to_leave"),
    "board.test.": ("waiting", "pressed", "claimed"),
    "board.wait.": tuple(watch.during for watch in WATCHES),
    "board.works.": get_args(Works),
    "commands.expected.": tuple(EXPECTED.values()),
    "desk.": get_args(Sign),
    "floor.": tuple(PHASES.values()),
    "incidents.police.": (*POLICE, "none"),
    "incidents.trouble.": get_args(Why),
    "push.": (
        *WORKER_WORDS,
        *("on", "held_back", "off", "checking", "away", "dismissed", "denied", "insecure", "iphone", "unsupported"),
        *("no_house", "not_taken", "failed"),
    ),
    "team.light.": LIGHTS,
    "team.pager.": ("mine", "today", "today.other"),
    "team.police.": tuple(word for word in get_args(Police) if word != "none"),
    "team.said.": ANSWERS,
    "team.works.": get_args(Works),
}
"""The keys that are put together where they are said: how each begins, and all that can follow."""

ASKED_FIRST = ("board.wait.",)
"""Where `words.has` is asked first: not all that can follow has a text."""


def named() -> Iterator[tuple[str, bool]]:
    """Every string of the code and the templates that may be a key, and whether it is only the beginning of one."""
    for file in HERE.rglob("*.html"):
        for text, then in re.findall(r'"([^"{}]+)"(\s*~)?', file.read_text(encoding="utf-8")):
            yield text, bool(then)
    for file in HERE.glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        beginnings = {id(node.values[0]) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) and node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value, id(node) in beginnings


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_both_languages_have_the_same_texts_with_the_same_values(module: ModuleType) -> None:
    assert module.NL.keys() == module.EN.keys()
    name = module.__name__.rpartition(".")[2]
    assert {key for key in module.NL if not key.startswith(f"{name}.")} == set()
    assert {key for key, text in module.NL.items() if placeholders(text) != placeholders(module.EN[key])} == set()
    for texts in (module.NL, module.EN):
        assert {key for key, text in texts.items() if not text or text != text.strip()} == set()


def test_what_is_put_together_is_known_here_and_has_its_texts() -> None:
    beginnings = {text for text, begins in named() if begins and re.match(rf"(?:{NAMES})\.", text)}
    assert beginnings == MADE.keys()
    made = {f"{begin}{end}" for begin, ends in MADE.items() for end in ends if begin not in ASKED_FIRST}
    assert made - WORDS["nl"].keys() == set()


def test_no_text_is_left_that_nobody_says() -> None:
    said = {text for text, _ in named()} | {f"{begin}{end}" for begin, ends in MADE.items() for end in ends}
    assert WORDS["nl"].keys() - said == set()


def test_the_team_is_je_and_everybody_else_is_u() -> None:
    """What all pages share says neither."""
    for key, text in WORDS["nl"].items():
        said = set(re.findall(r"\b(?:u|uw|je|jij|jou|jouw|jullie)\b", text.lower()))
        room = key.partition(".")[0]
        may = {"je", "jij", "jou", "jouw", "jullie"} if room in ("team", "push") else {"u", "uw"}
        assert said <= (set() if room in ("common", "commands", "sound", "floor", "desk") else may), key
