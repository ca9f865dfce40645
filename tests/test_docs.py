"""The pages that a test can hold to the code: the facts, each with its fields, the picture of the phases, who may
see and do what on the screens, and which modules there are."""

from __future__ import annotations

import importlib.util
import re
import sys
import textwrap
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

from achterwacht.config import load
from achterwacht.core.codec import KINDS
from achterwacht.core.escalation import TABLE, WATCHES
from achterwacht_dashboard import access

DOCS = Path(__file__).parent.parent / "docs"


def sections(page: str) -> dict[str, str]:
    """What stands below each fact's heading."""
    parts = re.split(r"^### `(\w+)`$", page, flags=re.MULTILINE)[1:]
    return {name: text.split("\n## ")[0] for name, text in zip(parts[::2], parts[1::2], strict=True)}


def drawing() -> ModuleType:
    """docs/draw_phases.py, which is no part of any package."""
    spec = importlib.util.spec_from_file_location("draw_phases", DOCS / "draw_phases.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["draw_phases"] = module  # where dataclasses look up the names in its annotations
    spec.loader.exec_module(module)
    return module


def test_the_page_of_facts_has_every_fact_and_no_other() -> None:
    assert sections((DOCS / "facts.md").read_text(encoding="utf-8")).keys() == KINDS.keys()


@pytest.mark.parametrize("name", KINDS)
def test_the_page_of_facts_names_the_fields_of_a_fact(name: str) -> None:
    section = sections((DOCS / "facts.md").read_text(encoding="utf-8"))[name]
    named = {
        word for line in re.findall(r"^\* ([^:\n]+)", section, re.MULTILINE) for word in re.findall("`(.+?)`", line)
    }
    assert named == {field.name for field in fields(KINDS[name])} - {"when"}


def test_the_picture_is_what_the_table_says_now() -> None:
    assert (DOCS / "phases.svg").read_text(encoding="utf-8") == drawing().picture(), "run `make docs`"


def test_the_picture_names_every_cause_and_every_wait() -> None:
    picture = drawing().picture().replace("&#x27;", "'")
    wanted = {change.because for change in TABLE} | {change.then for change in TABLE}
    wanted |= {word for watch in WATCHES for word in (watch.during, watch.waits_for, watch.at_most, watch.what_then)}
    assert {words for words in wanted if f">{words}<" not in picture} == set()


def test_every_proof_that_a_promise_names_exists() -> None:
    promises = (DOCS / "promises.md").read_text(encoding="utf-8")
    files = set(re.findall(r"`(tests/[\w/]+\.py)`", promises))
    assert len(files) > 20
    assert {file for file in files if not (DOCS.parent / file).is_file()} == set()
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (DOCS.parent / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", promises))
    assert {name for name in named if f"def {name}(" not in tests} == set()


def may_by_the_page() -> dict[str, tuple[str, ...]]:
    """By page or command: the roles that have a mark in the table of docs/using.md, in the order of its columns."""
    rows = re.findall(r"^\|(.*`.*)\|$", (DOCS / "using.md").read_text(encoding="utf-8"), re.MULTILINE)
    cells = [[cell.strip() for cell in row.split("|")] for row in rows]
    return {
        what: tuple(role for role, cell in zip(access.ROLES, marks, strict=True) if cell == "●")
        for named, *marks in cells
        if len(marks) == len(access.ROLES) and set(marks) <= {"●", ""}
        for what in re.findall("`(.+?)`", named)
    }


def test_the_page_of_the_screens_tells_who_may_what_as_the_table_has_it() -> None:
    """A page stands for all that is below it, unless that has a row of its own. What anybody may open is in no row."""
    page = may_by_the_page()
    by_name: dict[str, set[tuple[str, ...]]] = {}
    for route, roles in access.TABLE.items():
        path = route.partition(" ")[2]
        if roles is access.ANYBODY or path in ("/", "/live/{page}"):  # the page where each begins; what is live on it
            continue
        name = path.removeprefix("/do/")
        while name and name not in page:
            name = name.rpartition("/")[0]
        assert name, f"{route} is in no row"
        by_name.setdefault(name, set()).add(tuple(role for role in access.ROLES if role in roles))
    assert by_name == {name: {roles} for name, roles in page.items()}


def test_the_map_has_every_module_of_the_dashboard() -> None:
    rows = re.findall(r"^\|(.*?)\|", (DOCS.parent / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = set(re.findall(r"`([\w./]+?)`", " ".join(rows)))
    folder = Path(access.__file__).parent
    modules = {file.name for file in folder.glob("*.py") if not file.name.startswith("__")}
    scripts = {file.name for file in (folder / "static").glob("*.js")}
    assert modules - named == set()
    assert {f"static/{name}" for name in scripts} - named == set()


def test_every_link_in_the_documents_leads_somewhere() -> None:
    root = DOCS.parent
    dead = [
        f"{page.relative_to(root)}: {link}"
        for page in [*root.glob("*.md"), *DOCS.rglob("*.md"), *(root / "benchmarks").glob("*.md")]
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert dead == []


def anchors(page: Path) -> set[str]:
    """What the headings of a page are linked by: lower case, dashes for spaces, and no other signs."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_to_a_heading_finds_it() -> None:
    links = [
        (page, file, anchor)
        for page in [*DOCS.parent.glob("*.md"), *DOCS.rglob("*.md")]
        for file, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    ]
    assert len(links) > 10
    dead = [
        f"{page.name}: {file}#{anchor}"
        for page, file, anchor in links
        if anchor not in anchors(page.parent / file if file else page)
    ]
    assert dead == []


def test_the_page_of_buttons_holds_one_plan_without_a_mistake(tmp_path: Path) -> None:
    page = (DOCS / "buttons.md").read_text(encoding="utf-8")
    indented = re.findall(r"(?:^    .*\n|^\n(?=    ))+", page, re.MULTILINE)
    heads = [textwrap.dedent(block) for block in indented if re.match(r"\s*(ports|gateways):", block)]
    zenders = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "zenders.yaml").write_text("\n".join((*heads, "zenders:", *zenders)))
    (tmp_path / "achterwacht.yaml").write_bytes((DOCS.parent / "config" / "achterwacht.yaml").read_bytes())
    plan = load(tmp_path).plan
    assert len(heads) == 2 and len(plan.zenders) == len(zenders)
    assert {zender.transport for zender in plan.zenders} == {"mqtt", "gpio", "serial", "bought"}


def test_the_page_of_docks_holds_one_plan_without_a_mistake(tmp_path: Path) -> None:
    docks = re.findall(r"```yaml\n(.*?)```", (DOCS / "docks.md").read_text(encoding="utf-8"), re.DOTALL)
    head = (
        "gateways: [{id: zigbee, online: {topic: zigbee2mqtt/bridge/state, path: state, value: [online]}}]\n"
        "zenders: [{nr: 7, place: Balie 3}]\n"
    )
    (tmp_path / "zenders.yaml").write_text("\n".join((head, "docks:", *docks)))
    (tmp_path / "achterwacht.yaml").write_bytes((DOCS.parent / "config" / "achterwacht.yaml").read_bytes())
    assert [pager.dock for pager in load(tmp_path).plan.pagers] == [True, True, True]
    assert len(docks) == 3
