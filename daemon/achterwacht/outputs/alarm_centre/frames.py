"""SIA DC-09 frames: what we send as bytes, and what bytes a receiver answers with.

Knows the frame, its check sum and its encryption. What the data says is events.py's, what follows from an answer
session.py's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast

POLYNOMIAL = 0xA001
"""CRC-16, reflected, from 0."""
BLOCK_BYTES = 16
"""Of AES. The vector that CBC starts from is all zero: the random pad does its work."""
KEY_BYTES = (16, 24, 32)
PAD_MIN_BYTES = 16
"""And as many more as fill the last block."""
STAMP = "%H:%M:%S,%m-%d-%Y"
"""The time of sending, UTC. A receiver takes it from 40 s behind its own clock to 20 s ahead."""
QUOTED_MAX = 60
"""So much of a bad answer stands in a fault."""

# What would end the pad, or look as if; it is random anyway.
_PAD = bytes.maketrans(b"[]|", b"000")

# The length is not looked at, nor what stands between sequence and data: receivers get both wrong (a length in decimal,
# a receiver number `None`), and the check sum covers what matters.
_ANSWER = re.compile(
    rb'(?P<crc>[0-9A-Fa-f]{4})[0-9A-Fa-f]{4}(?P<body>"(?P<encrypted>\*?)(?P<word>ACK|NAK|DUH)"'
    rb"(?P<sequence>[0-9]{4})[^\[#]*(?:#(?P<account>[^\[]*))?\[(?P<rest>.*))",
    re.DOTALL,
)
_BARE = re.compile(rb'"(?P<word>NAK|DUH)"')
# A clock of another century is broken, and no reason to set ours by it.
_STAMPED = re.compile(rb"\].*_(?P<stamp>\d\d:\d\d:\d\d,\d\d-\d\d-20\d\d)", re.DOTALL)


class NoAnswer(Exception):
    """Nothing came back, or nothing that can be read. `reached`: there was somebody to ask."""

    def __init__(self, reason: str, *, reached: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reached = reached


@dataclass(frozen=True, slots=True)
class Frame:
    """One message to a receiver. `at` is mandatory when it is encrypted."""

    id: str
    """SIA-DCS, ADM-CID or NULL."""
    sequence: int
    """1 to 9999; 0 for NULL."""
    account: str
    data: str = ""
    extended: tuple[str, ...] = ()
    """Extended data: each block begins with the letter that says what it is."""
    at: datetime | None = None
    receiver: str = ""
    prefix: str = "0"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver says to a message."""

    word: Literal["ACK", "NAK", "DUH"]
    sequence: int
    at: datetime | None = None
    """Its clock, if it tells: a NAK does, and whatever is encrypted."""
    account: str = ""
    """Whose message it was; empty if it does not tell."""


def encode(frame: Frame, key: bytes | None = None, random: Callable[[int], bytes] = os.urandom) -> bytes:
    """The frame as it goes out; encrypted when there is a key of 16, 24 or 32 bytes."""
    number = f"R{frame.receiver}" if frame.receiver else ""
    stamp = f"_{frame.at.astimezone(UTC).strftime(STAMP)}" if frame.at else ""
    start = f'"{"*" if key else ""}{frame.id}"{frame.sequence:04d}{number}L{frame.prefix}#{frame.account}['
    rest = "".join((frame.data, "]", *(f"[{block}]" for block in frame.extended), stamp))
    if key:
        rest = _encrypted(f"|{rest}" if frame.data else rest, key, random)
    body = (start + rest).encode("ascii")
    return b"\n%04X%04X%s\r" % (crc16(body), len(body), body)


def is_whole(data: bytes) -> bool:
    """Whether an answer has come in whole. A bare `"NAK"` has no end, so it is one."""
    return b"\r" in data or _BARE.fullmatch(data.strip()) is not None


def parse_answer(data: bytes, key: bytes | None = None) -> Answer:
    """The answer that these bytes are. With a key, an ACK counts only if it is encrypted. Raises NoAnswer."""
    line = data.partition(b"\r")[0].strip()
    if not line:
        raise NoAnswer("answers with an empty line: the message was damaged on its way")
    if bare := _BARE.fullmatch(line):
        return Answer(_word(bare), 0)
    framed = _ANSWER.fullmatch(line)
    if framed is None:
        raise NoAnswer(f"answers what is no SIA DC-09: {_quoted(line)}")
    if crc16(framed["body"]) != int(framed["crc"], 16):
        raise NoAnswer(f"its answer was damaged on its way: {_quoted(line)}")
    word, rest = _word(framed), framed["rest"]
    if framed["encrypted"]:
        rest = _decrypted(rest, key)
    elif key and word == "ACK":
        raise NoAnswer("answers an encrypted message in the clear: it does not have the key")
    stamped = _STAMPED.search(rest)
    if framed["encrypted"] and stamped is None:
        raise NoAnswer("its encrypted answer cannot be read: is the key the same on both sides?")
    is_told = stamped is not None and (word == "NAK" or framed["encrypted"])  # in the clear anybody can tell it
    at = _at(stamped["stamp"]) if stamped and is_told else None
    return Answer(word, int(framed["sequence"]), at, (framed["account"] or b"").decode("ascii", "replace"))


def crc16(data: bytes) -> int:
    """The check sum over everything from the first quote to the end."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ POLYNOMIAL * (crc & 1)
    return crc


def _word(found: re.Match[bytes]) -> Literal["ACK", "NAK", "DUH"]:
    return cast(Literal["ACK", "NAK", "DUH"], found["word"].decode())


def _at(stamp: bytes) -> datetime | None:
    try:
        return datetime.strptime(stamp.decode(), STAMP).replace(tzinfo=UTC)
    except ValueError:  # a 31st of February
        return None


def _quoted(line: bytes) -> str:
    return repr(line[:QUOTED_MAX])[1:]


# --- AES-CBC ----------------------------------------------------------------------------------------------------------


def _encrypted(text: str, key: bytes, random: Callable[[int], bytes]) -> str:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    pad = random(PAD_MIN_BYTES + -len(text) % BLOCK_BYTES).translate(_PAD)
    aes = Cipher(algorithms.AES(key), modes.CBC(bytes(BLOCK_BYTES))).encryptor()
    return (aes.update(pad + text.encode("ascii")) + aes.finalize()).hex()


def _decrypted(digits: bytes, key: bytes | None) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if key is None:
        raise NoAnswer("answers encrypted, and there is no key here: name its file in the plan")
    aes = Cipher(algorithms.AES(key), modes.CBC(bytes(BLOCK_BYTES))).decryptor()
    try:
        return aes.update(bytes.fromhex(digits.decode("ascii"))) + aes.finalize()
    except ValueError as error:  # no hexadecimal digits, or no whole blocks
        raise NoAnswer(f"its encrypted answer cannot be read: {_quoted(digits)}") from error
