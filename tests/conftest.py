"""How the tests are shared out between processes: those that start processes of their own stay together, one at a time.

A test that kills a daemon, or holds it to a time, must not meet another that does. They go first, for they are the
longest and mostly wait; everything else fills the rest of the machine beside them, and lets them go before.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TOGETHER = {"e2e": "processes", "storms": "processes"}
NICE = 5
"""How far all others stand behind those."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        group = TOGETHER.get(item.path.relative_to(HERE).parts[0])
        if group:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("xdist_group") is None and os.nice(0) < NICE:
        os.nice(NICE)
