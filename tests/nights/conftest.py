"""A house for each story; at its end nothing may have rung that the story did not expect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from house import House


@pytest.fixture
def house() -> Iterator[House]:
    """The town hall, in working order, nobody at its desks yet."""
    house = House()
    yield house
    house.ends()
