"""One-time tokens: an answer that can be given by a link or a button, by one person, about one alarm, for some hours.

A token says what it is for and is signed, so that nothing needs to be kept for it and a restart makes none worthless.
That it counts once is the core's doing: its key is the answer's. Knows nothing of what carries it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec

from achterwacht.core import heard as h
from achterwacht.core.facts import Ordered
from achterwacht.core.moment import Moment
from achterwacht.errors import BadToken

KEY_FILE = "tokens.key"
KEY_BYTES = 32
KEY_MODE = 0o600
"""Whoever reads it can answer for everybody."""
MAC_BYTES = 16
"""128 bits: nobody guesses one, and a token stays short enough for a link in an SMS."""
GOOD_FOR_S = 4 * 3600.0
"""An alarm that is older has other answers to wait for than *ik ga*."""
TOKEN_MAX_CHARS = 400


class _Says(msgspec.Struct, array_like=True, frozen=True):
    order: str
    target: str
    member: str
    answer: h.AnswerWord
    until: int
    """Unix time, in seconds."""


class Tokens:
    """Makes and reads tokens with one secret key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, ordered: Ordered, member: str, answers: Sequence[h.AnswerWord], now: Moment) -> dict[str, str]:
        """By answer: the token that gives it about the alarm of this order."""
        until = int((now.at + timedelta(seconds=GOOD_FOR_S)).timestamp())
        return {
            answer: self._sign(msgspec.json.encode(_Says(ordered.order, ordered.target, member, answer, until)))
            for answer in answers
        }

    def read(self, token: str, now: Moment) -> h.Answer:
        """The answer that a token gives. Raises BadToken with a reason for people."""
        said, _, mac = token[:TOKEN_MAX_CHARS].partition(".")
        try:
            plain = _from_text(said)
            its_mac = self._mac(plain)
            if not hmac.compare_digest(_from_text(mac), its_mac):
                raise ValueError
            says = msgspec.json.decode(plain, type=_Says)
        except ValueError:
            raise BadToken("this is no answer of ours: open the newest message, or use the pager") from None
        if now.at.timestamp() > says.until:
            raise BadToken("this message is too old to answer by")
        return h.Answer(
            key=f"link-{_text(its_mac)}",  # as we write it: base64 can be written otherwise, and would count again
            incident=says.order.rsplit(".", 2)[0],
            answer=says.answer,
            member=says.member,
            via=says.target,
        )

    def _sign(self, plain: bytes) -> str:
        return f"{_text(plain)}.{_text(self._mac(plain))}"

    def _mac(self, plain: bytes) -> bytes:
        return hmac.digest(self._key, plain, hashlib.sha256)[:MAC_BYTES]


def token_key(state_folder: Path) -> bytes:
    """The house's key, made at the first start. One that cannot be kept is good until the next start."""
    file = state_folder / KEY_FILE
    try:
        key = file.read_bytes()
        if len(key) == KEY_BYTES:
            return key
    except OSError:
        pass
    key = secrets.token_bytes(KEY_BYTES)
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, KEY_MODE)
        with os.fdopen(descriptor, "wb") as out:
            os.fchmod(descriptor, KEY_MODE)  # a damaged one may have been open to others
            out.write(key)
    except OSError:
        pass
    return key


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _from_text(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
