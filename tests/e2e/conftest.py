"""What the end-to-end tests share: the disk with a switch, compiled once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("switched_disk.c")


@pytest.fixture(scope="session")
def switched_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library to preload (switched_disk.c)."""
    library = tmp_path_factory.mktemp("disk") / "switched_disk.so"
    command = ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return library
