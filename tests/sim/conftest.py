"""A real mosquitto with the access rules that we recommend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker import Mosquitto


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker
