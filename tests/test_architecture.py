"""The arrows of the house: who may know whom, and what only one room may do. Read from the source.

The rules are the tables below. A broken one says where, what stands there, and what to do instead; the lower
half proves on small houses that each rule sees its violation. The files' words are test_repository.py's.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Places, like src/: each holds one package and is none itself.
SOURCE_ROOTS = ("daemon", "dashboard", "firmware_sim")
PACKAGES = ("achterwacht", "achterwacht_dashboard", "achterwacht_sim")

CORE = "achterwacht.core"
CLOCK = "achterwacht.clock"
ERRORS = "achterwacht.errors"
HEALTH = "achterwacht.health"
INPUTS = "achterwacht.inputs"
JOURNAL = "achterwacht.journal"
LINK = "achterwacht.link"
DRIVER = "achterwacht.driver"
MQTT = "achterwacht.mqtt"
OUTPUTS = "achterwacht.outputs"
PATHS = "achterwacht.paths"
EXPOSITION = "achterwacht.exposition"
READING = tuple(f"{JOURNAL}.{room}" for room in ("files", "people", "reader"))
TEXTS = "achterwacht.outputs.texts"


@dataclass(frozen=True, slots=True)
class Arrow:
    """What one room may know of the house, beside itself. A room is a module and all that is in it."""

    room: str
    may_know: tuple[str, ...]
    instead: str


@dataclass(frozen=True, slots=True)
class Ban:
    """Modules from outside the house that a room must not import; `but` is the one room in it that may."""

    room: str
    modules: tuple[str, ...]
    instead: str
    but: str | None = None


CORE_KNOWS_NOBODY = "hand it to the core as a heard thing, a part of the plan or an argument"
ROOMS_MEET_IN_SERVICE = "rooms meet in service; what two of them share stands in core"
FOLD_AND_ASK = "the dashboard folds facts with core, reads the journal, says the house's words, and asks by the link"
FROM_THE_WIRE = "write it from docs/wire.md: a simulator that knows us shares our mistakes"
ONE_PROGRAM = "the daemon lives without dashboard and simulator"

# The first arrow that names a room is the one that counts: from the inner rooms to the outer.
ARROWS = (
    Arrow(CORE, (), CORE_KNOWS_NOBODY),
    Arrow(INPUTS, (CORE, ERRORS, CLOCK, DRIVER, MQTT), ROOMS_MEET_IN_SERVICE),
    Arrow(OUTPUTS, (CORE, ERRORS, CLOCK, DRIVER, MQTT), ROOMS_MEET_IN_SERVICE),
    Arrow(JOURNAL, (CORE, ERRORS, CLOCK), ROOMS_MEET_IN_SERVICE),
    Arrow(LINK, (CORE, ERRORS, CLOCK), ROOMS_MEET_IN_SERVICE),
    Arrow("achterwacht", (), ONE_PROGRAM),
    Arrow(
        "achterwacht_dashboard", (CORE, ERRORS, CLOCK, EXPOSITION, HEALTH, PATHS, LINK, *READING, TEXTS), FOLD_AND_ASK
    ),
    Arrow("achterwacht_sim", (), FROM_THE_WIRE),
)

ASK_THE_CLOCK = "only clock.py reads time: ask the Clock, or take the time as an argument"
PAGES_ARE_THE_DASHBOARDS = "the daemon never imports the web stack: a page belongs in the dashboard"

BANS = (
    Ban("achterwacht", ("fastapi", "jinja2", "starlette", "uvicorn"), PAGES_ARE_THE_DASHBOARDS),
    Ban("achterwacht", ("time",), ASK_THE_CLOCK, but=CLOCK),
)

# The core computes, and does nothing else. All that it may import from outside the house; what neither reads
# nor writes nor waits nor throws dice may be added.
PURE = (
    *("__future__", "bisect", "collections", "contextlib", "dataclasses", "datetime", "enum", "functools", "hashlib"),
    *("heapq", "immutables", "itertools", "json", "math", "msgspec", "operator", "re", "string"),
    *("textwrap", "types", "typing", "unicodedata", "zoneinfo"),
)
IMPURE_CALLS = ("__import__", "breakpoint", "input", "open", "print")
CORE_IS_PURE = "the core is pure: no I/O, no clock, no logging, no asyncio; let service do it"

READS_A_DATE = re.compile(r"datetime\.(datetime\.(now|utcnow|today)|date\.today)")
READS_THE_LOOP = re.compile(r"(.*[._])?loop(\(\))?\.time")

NEVER_CANCEL = (
    "aiomqtt loses messages when its iterator is cancelled: let one `async for` that nobody cancels "
    "fill a queue of ours, and wait on that"
)


@dataclass(frozen=True, slots=True)
class Source:
    """One parsed file: where it stands, and its name when imported."""

    path: Path
    module: str
    tree: ast.Module

    def at(self, node: ast.AST, what: str, instead: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {what}: {instead}"


def sources(root: Path) -> list[Source]:
    """Every Python file below the source roots, by its path from `root`."""
    found = []
    for place in SOURCE_ROOTS:
        for file in sorted((root / place).rglob("*.py")):
            parts = list(file.relative_to(root / place).with_suffix("").parts)
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append(Source(file.relative_to(root), module, ast.parse(file.read_text(encoding="utf-8"))))
    return found


def is_in(name: str, room: str) -> bool:
    """Whether a dotted name is the room or something in it."""
    return name == room or name.startswith(f"{room}.")


def is_in_any(name: str, rooms: tuple[str, ...]) -> bool:
    return any(is_in(name, room) for room in rooms)


def imports(source: Source) -> Iterator[tuple[ast.stmt, str, str]]:
    """Each import, also a local or type-checking one: statement, name it has here, its full name."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.asname or alias.name, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node, alias.asname or alias.name, f"{imported_from(source, node)}.{alias.name}"


def imported_from(source: Source, node: ast.ImportFrom) -> str:
    """The full name of the module after `from`; a leading dot is the package that the file stands in."""
    if not node.level:
        return node.module or ""
    # A package's own file already stands in it; any other module has its own name to leave first.
    names_to_leave = node.level - (source.path.name == "__init__.py")
    package = source.module.split(".")
    above = package[: len(package) - names_to_leave]
    return ".".join([*above, *([node.module] if node.module else [])])


def broken_arrows(source: Source) -> Iterator[str]:
    arrow = next((arrow for arrow in ARROWS if is_in(source.module, arrow.room)), None)
    if arrow is None:
        yield source.at(source.tree, f"{source.module} is in no room", "a source root holds one package")
        return
    for node, _, name in imports(source):
        if is_in_any(name, PACKAGES) and not is_in_any(name, (arrow.room, *arrow.may_know)):
            yield source.at(node, f"{arrow.room} knows {name}", arrow.instead)


def broken_bans(source: Source) -> Iterator[str]:
    for ban in BANS:
        if is_in(source.module, ban.room) and not (ban.but and is_in(source.module, ban.but)):
            for node, _, name in imports(source):
                if is_in_any(name, ban.modules):
                    yield source.at(node, f"imports {name}", ban.instead)


def impurities(source: Source) -> Iterator[str]:
    if not is_in(source.module, CORE):
        return
    for node, _, name in imports(source):
        if not is_in_any(name, (*PURE, *PACKAGES)):
            yield source.at(node, f"the core imports {name}", CORE_IS_PURE)
    for call in ast.walk(source.tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in IMPURE_CALLS:
            yield source.at(call, f"the core calls {ast.unparse(call.func)}()", CORE_IS_PURE)


def reads_of_time(source: Source) -> Iterator[str]:
    """Readings that no import gives away: today's date, and the loop's time."""
    if not is_in(source.module, "achterwacht") or is_in(source.module, CLOCK):
        return
    known = {here: name for _, here, name in imports(source)}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute):
            first, *rest = ast.unparse(node).split(".", 1)
            name = ".".join([known.get(first, first), *rest])
            if READS_A_DATE.fullmatch(name) or READS_THE_LOOP.fullmatch(name):
                yield source.at(node, f"reads {name}", ASK_THE_CLOCK)


def is_messages(node: ast.AST) -> bool:
    """Whether an expression is, or wraps, some client's `.messages`."""
    return any(isinstance(part, ast.Attribute) and part.attr == "messages" for part in ast.walk(node))


def cancelled_iterators(source: Source) -> Iterator[str]:
    """Waits for an MQTT message that cancel the iterator: anext, wait_for, a timeout around the loop."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rsplit(".", 1)[-1]
            if called in ("anext", "__anext__") or (called == "wait_for" and is_messages(node)):
                yield source.at(node, f"{called}()", NEVER_CANCEL)
        elif isinstance(node, ast.AsyncWith) and any("timeout" in ast.unparse(item) for item in node.items):
            for inner in ast.walk(node):
                if isinstance(inner, ast.AsyncFor) and is_messages(inner.iter):
                    yield source.at(inner, "a timeout around the loop", NEVER_CANCEL)


RULES = (broken_arrows, broken_bans, impurities, reads_of_time, cancelled_iterators)


def violations(root: Path) -> list[str]:
    return [violation for source in sources(root) for rule in RULES for violation in rule(source)]


def shadowing_roots(root: Path) -> list[str]:
    """Source roots that became packages: `import daemon` would then no longer be python-daemon."""
    return [f"{place}/__init__.py" for place in SOURCE_ROOTS if (root / place / "__init__.py").exists()]


def test_the_house_keeps_its_rules() -> None:
    broken = violations(ROOT)
    assert not broken, "\n" + "\n".join(broken)


def test_the_source_roots_are_no_packages() -> None:
    assert not shadowing_roots(ROOT), "remove it: the folder is only a place, and would shadow a package"


def test_the_rules_read_every_package() -> None:
    assert {source.module.split(".")[0] for source in sources(ROOT)} == set(PACKAGES)


# Small houses of one file each: what stands in it, and what is said of it.

INNER = "daemon/achterwacht/core/state.py"
INPUT = "daemon/achterwacht/inputs/mqtt.py"
OUTPUT = "daemon/achterwacht/outputs/dispatch.py"
SERVICE = "daemon/achterwacht/service.py"
PAGES = "dashboard/achterwacht_dashboard/pages.py"
PAGER = "firmware_sim/achterwacht_sim/pager.py"

MESSAGES_UNDER_A_TIMEOUT = """
async def listen():
    async with asyncio.timeout(1):
        async for message in client.messages:
            take(message)
"""

MESSAGES_INTO_A_QUEUE = """
async def listen():
    async for message in client.messages:
        inbox.put_nowait(message)
"""

BREAKS = (
    # The core knows nobody, whatever the spelling.
    (INNER, "import achterwacht.errors", "achterwacht.core knows achterwacht.errors"),
    (INNER, "from achterwacht import clock", "achterwacht.core knows achterwacht.clock"),
    (INNER, "from ..clock import Clock", "achterwacht.core knows achterwacht.clock.Clock"),
    (INNER, "from .. import mqtt as wire", "achterwacht.core knows achterwacht.mqtt"),
    (INNER, "if TYPE_CHECKING:\n    import achterwacht.link", "achterwacht.core knows achterwacht.link"),
    (INNER, "def late():\n    import achterwacht.cli", "achterwacht.core knows achterwacht.cli"),
    ("daemon/achterwacht/core/__init__.py", "from ..mqtt import Mqtt", "knows achterwacht.mqtt.Mqtt"),
    # The core is pure.
    (INNER, "import os.path", "the core imports os.path"),
    (INNER, "import asyncio", "the core imports asyncio"),
    (INNER, "import logging", "the core imports logging"),
    (INNER, "import sqlite3", "the core imports sqlite3"),
    (INNER, "import socket", "the core imports socket"),
    (INNER, "from pathlib import Path", "the core imports pathlib.Path"),
    (INNER, "import threading", "the core imports threading"),
    (INNER, "import random as dice", "the core imports random"),
    (INNER, "from subprocess import run", "the core imports subprocess.run"),
    (INNER, "import importlib", "the core imports importlib"),
    (INNER, "print('page')", "the core calls print()"),
    (INNER, "text = open('plan').read()", "the core calls open()"),
    # Rooms never know each other.
    (INPUT, "from achterwacht.outputs import dispatch", "knows achterwacht.outputs.dispatch"),
    (INPUT, "from achterwacht.journal import Journal", "knows achterwacht.journal.Journal"),
    (INPUT, "from achterwacht import service", "knows achterwacht.service"),
    (OUTPUT, "from achterwacht.inputs.mqtt import press", "knows achterwacht.inputs.mqtt.press"),
    (OUTPUT, "from ..link import Link", "knows achterwacht.link.Link"),
    ("daemon/achterwacht/journal.py", "from achterwacht import mqtt", "knows achterwacht.mqtt"),
    ("daemon/achterwacht/link.py", "from . import journal", "knows achterwacht.journal"),
    # Nor do the programs, but for what the dashboard folds with.
    (SERVICE, "import achterwacht_sim.pager", "achterwacht knows achterwacht_sim.pager"),
    (SERVICE, "from achterwacht_dashboard import live", "achterwacht knows achterwacht_dashboard.live"),
    (PAGES, "from achterwacht.journal import Journal", "knows achterwacht.journal.Journal"),
    (PAGES, "from achterwacht_sim import pager", "achterwacht_dashboard knows achterwacht_sim.pager"),
    (PAGER, "from achterwacht.core import heard", "achterwacht_sim knows achterwacht.core.heard"),
    ("firmware_sim/stray.py", "", "stray is in no room"),
    # No web stack in the daemon.
    (SERVICE, "import fastapi", "imports fastapi"),
    (SERVICE, "import uvicorn", "imports uvicorn"),
    (SERVICE, "from starlette.routing import Route", "imports starlette.routing.Route"),
    (SERVICE, "import jinja2", "imports jinja2"),
    # One reader of time.
    (SERVICE, "import time", "imports time"),
    (SERVICE, "from time import monotonic as tick", "imports time.monotonic"),
    (SERVICE, "from datetime import datetime\ndatetime.now(zone)", "reads datetime.datetime.now"),
    (SERVICE, "import datetime as dt\ndt.datetime.utcnow()", "reads datetime.datetime.utcnow"),
    (INNER, "from datetime import date as day\nday.today()", "reads datetime.date.today"),
    (SERVICE, "tick = self._loop.time", "reads self._loop.time"),
    (SERVICE, "asyncio.get_running_loop().time()", "reads asyncio.get_running_loop().time"),
    # The MQTT iterator is never cancelled.
    (SERVICE, "message = await anext(client.messages)", "anext()"),
    (PAGER, "message = await client.messages.__anext__()", "__anext__()"),
    (SERVICE, "await asyncio.wait_for(take(client.messages), 1)", "wait_for()"),
    (PAGER, MESSAGES_UNDER_A_TIMEOUT, "a timeout around the loop"),
)

KEEPS = (
    (INNER, "from achterwacht.core import facts\nfrom . import heard\nfrom .plan import Plan"),
    (INNER, "from datetime import datetime, time\nat = datetime.combine(day, time(9), zone).time()"),
    (INPUT, "from achterwacht import mqtt\nfrom ..clock import Clock\nfrom ..errors import Malformed"),
    (SERVICE, "from achterwacht import journal\nfrom achterwacht.inputs import mqtt\nnow = clock.now()"),
    (SERVICE, MESSAGES_INTO_A_QUEUE),
    ("daemon/achterwacht/clock.py", "import time\nnow = time.monotonic"),
    (PAGES, "from achterwacht.core.state import evolve\nfrom achterwacht.link import Hello\nimport fastapi"),
    (PAGER, "import asyncio\nimport time\nimport random"),
)


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("path", "text", "seen"), BREAKS)
def test_a_broken_rule_is_seen(tmp_path: Path, path: str, text: str, seen: str) -> None:
    write(tmp_path, path, text)
    broken = violations(tmp_path)
    assert len(broken) == 1, broken
    assert broken[0].startswith(f"{path}:")
    assert seen in broken[0]


@pytest.mark.parametrize(("path", "text"), KEEPS)
def test_what_the_house_allows_is_left_alone(tmp_path: Path, path: str, text: str) -> None:
    write(tmp_path, path, text)
    assert violations(tmp_path) == []


@pytest.mark.parametrize("place", SOURCE_ROOTS)
def test_a_source_root_that_became_a_package_is_seen(tmp_path: Path, place: str) -> None:
    write(tmp_path, f"{place}/__init__.py", "")
    assert shadowing_roots(tmp_path) == [f"{place}/__init__.py"]
