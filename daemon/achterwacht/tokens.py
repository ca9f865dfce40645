"""One-time tokens: an answer that can be given by a link or a button, by one person, about one alarm, while it is
open and for some hours. And the proof that a message has come, which only that message has.

A token says what it is for and is signed, so that nothing needs to be kept for it and a restart makes none worthless.
That it counts once is the core's doing: its key is the answer's. Knows nothing of what carries it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from achterwacht.core import heard as h
from achterwacht.core.facts import Ordered
from achterwacht.core.moment import Moment
from achterwacht.errors import BadToken
from achterwacht.journal.files import sync_folder

KEY_FILE = "tokens.key"
KEY_BYTES = 32
KEY_MODE = 0o600
"""Whoever reads it can answer for everybody."""
MAC_BYTES = 16
"""128 bits: nobody guesses one, and a token stays short enough for a link in an SMS."""
GOOD_FOR_S = 4 * 3600.0
"""Once its alarm is over. While it is open the clock does not count: a Pi's may be put right after the start."""
TOKEN_MAX_CHARS = 400

_RECEIPT = b"receipt "
"""Before an order's id, so that no signature of one thing is good for the other: what a token says is JSON."""

_NOT_KEPT = "after the next start the messages of this one can no longer be answered by"


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

    def read(self, token: str, now: Moment, is_open: Callable[[str], bool]) -> h.Answer:
        """The answer that a token gives. `is_open(incident)`: whether that alarm is open. Raises BadToken with a reason
        for people."""
        said, _, mac = token[:TOKEN_MAX_CHARS].partition(".")
        try:
            plain = _from_text(said)
            its_mac = self._mac(plain)
            if not hmac.compare_digest(_from_text(mac), its_mac):
                raise ValueError
            says = msgspec.json.decode(plain, type=_Says)
        except ValueError:
            raise BadToken("this is no answer of ours: open the newest message, or use the pager") from None
        incident = says.order.rsplit(".", 2)[0]
        if now.at.timestamp() > says.until and not is_open(incident):
            raise BadToken("this message is too old to answer by")
        return h.Answer(
            key=f"link-{_text(its_mac)}",  # as we write it: base64 can be written otherwise, and would count again
            incident=incident,
            answer=says.answer,
            member=says.member,
            via=says.target,
        )

    def proof(self, order: str) -> str:
        """What a message of this order carries, and its receipt must bring back. (Whoever has seen one order's id could
        guess the next.)"""
        return _text(self._mac(_RECEIPT + order.encode()))

    def check_receipt(self, order: str, proof: str) -> None:
        """Raises BadToken, with a reason for people, for a receipt that does not come from where the order went."""
        if not hmac.compare_digest(proof.encode(), self.proof(order).encode()):
            raise BadToken("this is no receipt of a message of ours")

    def _sign(self, plain: bytes) -> str:
        return f"{_text(plain)}.{_text(self._mac(plain))}"

    def _mac(self, plain: bytes) -> bytes:
        return hmac.digest(self._key, plain, hashlib.sha256)[:MAC_BYTES]


class TokenKey(NamedTuple):
    """The house's key, what is wrong with it if anything, and whether it has still to be kept."""

    key: bytes
    trouble: str | None
    is_new: bool


def token_key(state_folder: Path) -> TokenKey:
    """The key of this house, or a new one: at the first start, and where the file is damaged. Reads only: a start never
    waits for a disk. One that cannot be read is left alone, and another is good until the next start."""
    damaged = None
    try:
        kept = (state_folder / KEY_FILE).read_bytes()
        if len(kept) == KEY_BYTES:
            return TokenKey(kept, None, False)
        damaged = f"{KEY_FILE} was damaged and is made anew: older messages can no longer be answered by"
    except FileNotFoundError:
        pass
    except OSError as error:
        return TokenKey(secrets.token_bytes(KEY_BYTES), f"{KEY_FILE} cannot be read: {error}; {_NOT_KEPT}", False)
    return TokenKey(secrets.token_bytes(KEY_BYTES), damaged, True)


def keep_token_key(state_folder: Path, key: bytes) -> str | None:
    """Keep a new key, whole or not at all; why it could not be, if so. Waits for the disk: call it in a thread."""
    file = state_folder / KEY_FILE
    making = file.with_name(f"{file.name}.new")
    try:
        making.unlink(missing_ok=True)  # of a start that was cut short
        with os.fdopen(os.open(making, os.O_CREAT | os.O_EXCL | os.O_WRONLY, KEY_MODE), "wb") as out:
            out.write(key)
            out.flush()
            os.fsync(out.fileno())
        making.rename(file)
        sync_folder(file.parent)
    except OSError as error:
        return f"{KEY_FILE} cannot be written: {error}; {_NOT_KEPT}"
    return None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _from_text(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
