"""The files that hold what the plan must not: a token, or a URL with a password in it. What it is for, others know."""

from __future__ import annotations

from pathlib import Path

from achterwacht.errors import Unavailable

SECRET_MAX_BYTES = 4096
"""Tokens have some forty characters, URLs some hundreds."""


def secret_in(path: str) -> str:
    """The first line of the file. Raises Unavailable, with what to do; the secret is never in it."""
    try:
        with Path(path).open("rb") as file:
            line = file.readline(SECRET_MAX_BYTES).decode().strip()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Unavailable(f"{path} cannot be read ({why}): make it, mode 0400, of the user achterwacht") from error
    except UnicodeDecodeError as error:
        raise Unavailable(f"{path} is no text: its first line must be the secret alone") from error
    if not line:
        raise Unavailable(f"{path} is empty: its first line must be the secret alone")
    return line
