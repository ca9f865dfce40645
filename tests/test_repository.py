"""The repository itself: what its files may say, and that the locks follow pyproject.toml."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Written in pieces, so that this file does not say them itself. A package comes from whichever index the
# installer's machine is set to, and a folder of one developer's machine is nobody else's.
INDEX_HOSTS = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.", "deb.deb" + "ian.org")
FOLDERS = ("/wo" + "rk/", "/tm" + "p/", "/ro" + "ot/")
UNWANTED = re.compile("|".join(map(re.escape, INDEX_HOSTS + FOLDERS)), re.IGNORECASE)

LOCKS = ("installer.lock", "run.lock", "test.lock")


def versioned_files() -> list[Path]:
    """Every file that is under version control, or would be with the next commit."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def unwanted_words(text: str) -> list[str]:
    """The lines of a text, as `number: line`, that name a package index or a folder of one machine."""
    return [f"{n}: {line.strip()}" for n, line in enumerate(text.splitlines(), 1) if UNWANTED.search(line)]


def pinned(lock: str) -> dict[str, str]:
    """The packages of a lock by name, each with all that stands below it (its hashes)."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    return {entry.split("==")[0]: entry for entry in entries if "==" in entry}


def names(requirements: list[str]) -> set[str]:
    """The packages' names, spelled as locks spell them."""
    return {re.sub(r"[-_.]+", "-", re.split(r"[<>=!~; \[]", line)[0]).lower() for line in requirements}


def test_no_file_names_a_package_index_or_a_folder_of_one_machine() -> None:
    said = []
    for file in versioned_files():
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a font
        said += [f"{file.relative_to(ROOT)}:{line}" for line in unwanted_words(text)]
    assert not said, "say it without the host or the folder:\n" + "\n".join(said)


@pytest.mark.parametrize("word", INDEX_HOSTS + FOLDERS)
def test_an_unwanted_word_is_seen(word: str) -> None:
    assert unwanted_words(f"fine\nsee https://files.{word}x\nfine") == [f"2: see https://files.{word}x"]


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(file.relative_to(ROOT))
        for file in versioned_files()
        if file.suffix == ".py" and ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) is None
    ]
    assert not silent, f"open these with one to six lines: what it knows, what it leaves to others: {silent}"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_by_hash_alone(lock: str) -> None:
    packages = pinned(lock)
    assert packages
    assert all("--hash=sha256:" in entry for entry in packages.values())
    assert "://" not in "".join(packages.values())


def test_the_locks_follow_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    extras = project["project"]["optional-dependencies"].values()
    running = project["project"]["dependencies"] + [one for extra in extras for one in extra]
    run, test = pinned("run.lock"), pinned("test.lock")
    assert names(running + groups["build"]) <= run.keys(), "run `make lock`"
    assert names(groups["test"]) <= test.keys(), "run `make lock`"
    assert names(groups["installer"]) <= pinned("installer.lock").keys(), "run `make lock`"
    # Tests run on the very versions that the building runs on.
    assert {name: test[name].split()[0] for name in run} == {name: run[name].split()[0] for name in run}


# Runs a program as if these modules were not installed.
WITHOUT = """
import runpy, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in MISSING:
            raise ModuleNotFoundError(name)

_, program, *MISSING = sys.argv
sys.meta_path.insert(0, Missing())
sys.argv = [program, "--help"]
runpy.run_path(program, run_name="__main__")
"""


def test_the_benchmark_runs_where_the_tests_are_not_installed() -> None:
    for_tests = pinned("test.lock").keys() - pinned("run.lock").keys()
    missing = [module for module, packages in packages_distributions().items() if names(packages) <= for_tests]
    assert {"pytest", "playwright", "hypothesis"} <= set(missing)
    command = [sys.executable, "-c", WITHOUT, "benchmarks/press_to_page.py", *missing]
    ran = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
