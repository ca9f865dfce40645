"""The kinds of fault: every fault that the sources can raise is of a kind that somebody can explain."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from achterwacht.core.faults import DEVICES, END_BY_THEMSELVES, KINDS, MISSING, STAND, device_of, kind_of
from achterwacht.core.plan import GATEWAY
from achterwacht.core.readiness import Lack

SOURCES = Path(__file__).parents[2] / "daemon" / "achterwacht"
TELLS = ("Trouble", "TroubleOver", "raise_fault", "clear_fault", "_trouble", "about")
"""Whoever is called so gets a fault's key first."""


@pytest.mark.parametrize(
    ("key", "kind", "device"),
    [
        ("zender:7/silent", "zender/silent", "zender:7"),
        ("pager:p1/battery low", "pager/battery low", "pager:p1"),
        ("gateway:zigbee/offline", "gateway/offline", "gateway:zigbee"),
        ("zender/unknown", "zender/unknown", ""),
        ("broker/link", "broker/link", ""),
        ("budget/durable", "budget/durable", ""),
    ],
)
def test_the_parts_of_a_key(key: str, kind: str, device: str) -> None:
    assert (kind_of(key), device_of(key)) == (kind, device)
    assert kind in KINDS


def test_a_fault_ends_by_itself_or_stands_and_never_both() -> None:
    assert not END_BY_THEMSELVES & STAND
    assert {f"{of}/{gone}" for of in DEVICES for gone in MISSING} <= END_BY_THEMSELVES


def test_every_fault_that_the_sources_name_is_of_a_known_kind() -> None:
    """As far as a text can be read: `{device}/silent` is checked by its end, what is wholly reckoned is not."""
    named = dict(faults_named())
    assert {"broker/link", "gateway:?/deaf", "?/silent", "gateway/unknown"} <= set(named), "they are read no more"
    ends = {kind.partition("/")[2] for kind in KINDS}
    for text, where in named.items():
        known = text.partition("/")[2] in ends if text.startswith("?") else kind_of(text) in KINDS
        assert known, f"{where}: {text}"


def test_every_kind_is_told_by_somebody() -> None:
    """A kind that nothing raises is a promise that nobody keeps."""
    tellers = [path for path in SOURCES.rglob("*.py") if not path.name.startswith("faults")]
    texts = "\n".join(path.read_text() for path in tellers)
    for kind in KINDS:
        end = kind.partition("/")[2]
        if kind.startswith("budget/"):
            assert f'"{end}"' in texts
        else:
            assert re.search(rf'["/]{re.escape(end)}"', texts), kind


def faults_named() -> Iterator[tuple[str, str]]:
    """Every text that is a fault's key, and where it stands, with a question mark for what is put in when it runs."""
    of_one = "|".join(DEVICES)
    of_all = "|".join({kind.partition("/")[0] for kind in KINDS})
    whole = re.compile(rf"(({of_one}):[?]|{of_all})/[a-z0-9 _]+")
    ended = re.compile(r"[?]/[a-z0-9 _]+")
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            where = f"{path.name}:{getattr(node, 'lineno', 0)}"
            text = _text(node)
            if whole.fullmatch(text) and text not in get_args(Lack):
                yield text, where
            if (
                isinstance(node, ast.Call)
                and node.args
                and _name(node.func) in TELLS
                and ended.fullmatch(text := _text(node.args[0]))
            ):
                yield text, where
            if isinstance(node, ast.Call) and node.args and _name(node.func) == "Complaint":
                yield f"{GATEWAY}/{_text(node.args[0])}", where


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "?" for part in node.values)
    return ""
