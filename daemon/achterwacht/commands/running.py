"""The commands that need the two YAML files: `run` and `check`."""

from __future__ import annotations

import logging
from argparse import Namespace


def run(asked: Namespace) -> int:
    """The daemon, until it is told to stop."""
    from achterwacht import service

    # systemd's journal adds time and name; here the level stands first, as people scan for it.
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("websockets").setLevel(logging.WARNING)  # link.py itself tells who comes and goes
    return service.run(asked.config, asked.state, asked.broker)


def check(asked: Namespace) -> int:
    """The plan as it would be used, and advice about it; raises ConfigInvalid with every mistake."""
    from achterwacht.config import load
    from achterwacht.config_advice import lint, summary

    settings = load(asked.config)
    print(summary(settings))
    advice = lint(settings)
    if advice:
        print("\nAdvice")
    for sentence in advice:
        print(f"  {sentence}")
    return 0
