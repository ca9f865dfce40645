"""What goes over the line in TAP 1.8: blocks with their checksum, the terminal's lines, and what its codes mean.

Facts are those of the TAP specification, version 1.8 of 4 February 1997 (docs/pagers.md). Knows single lines only; who
says what when is tap_exchange's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from achterwacht.outputs.paging_base.dialect import Nonsense

STX, ETX, CR, LF, SUB = b"\x02", b"\x03", b"\r", b"\n", b"\x1a"
EOT_CR = b"\x04\r"
"""No more pages: the session ends (step 9)."""

INFORMATION_MAX = 250
"""Characters between STX and ETX, as they are sent (step 8)."""
LINE_MAX_BYTES = 200
"""Of a longer line of the terminal its middle is dropped: its code stands in front, a prompt at the end."""
QUOTED_MAX = 60
"""So much of the terminal's words stands in a reason: enough to see what it is, short enough for a screen."""

NOT_ON_THE_LINE = frozenset((0x00, 0x11, 0x13))
"""Filling, XON and XOFF: they may stand anywhere, and are no part of a line."""
PROMPT = b"ID="
CODE = re.compile(rb"([125][0-9]{2})(?![0-9])")

HELD = 213
WAIT = 111
SESSION_FULL = frozenset((112, 113))
TRUNCATED = frozenset((212, 214))
USELESS_AGAIN = frozenset((504, 505, 508, 510, 511, 513, 517))
"""The same page, or the same login, would be refused again."""
NOT_SENT = frozenset((HELD, 504, 505, 510, 511, 512, 513, 515, 516, 517))
"""Said of a page and not of the session: also after an ACK, these tell that it will not sound now."""

MEANINGS = {
    111: "it is still busy with what went before",
    112: "no more pages in one session",
    113: "no more time in one session",
    213: "held for later delivery: nobody is called now",
    501: "it waited for us too long",
    502: "it got characters that it did not expect",
    503: "too many checksum errors",
    504: "this pager takes no message (tone only)",
    505: "this pager takes no letters (numeric)",
    506: "too many invalid pages",
    507: "it does not understand our login",
    508: "it does not offer this service",
    509: "wrong password",
    510: "an impossible pager id",
    511: "no pager has this id",
    512: "it cannot deliver to this pager now",
    513: "the message is too long",
    514: "checksum error",
    515: "it does not understand the message's form",
    516: "the quota of messages is used up for now",
    517: "the message is too long",
}


class Sign(Enum):
    """The terminal's lines that are protocol."""

    ID = PROMPT
    ACK = b"\x06"
    NAK = b"\x15"
    RS = b"\x1e"
    END = b"\x1b\x04"
    GO_AHEAD = b"\x1b[p"


SIGNS = {sign.value: sign for sign in Sign}


@dataclass(frozen=True, slots=True)
class Text:
    """A line for people. `code`: its response code, 0 when it has none; `words`: the rest of it, printable."""

    code: int
    words: str

    @property
    def is_failure(self) -> bool:
        """Negative completion: 5yz."""
        return self.code >= 500

    @property
    def weight(self) -> tuple[bool, bool, int, bool]:
        """Which of several lines decides: a failure, then a page that is held, then one that was truncated."""
        return self.is_failure, self.code == HELD, self.code, bool(self.words)

    @property
    def meaning(self) -> str:
        """What the code means, and the terminal's own words."""
        own = f"{self.code} {self.words}".strip() if self.code else self.words
        return f"{MEANINGS[self.code]} ({own})" if self.code in MEANINGS else own


Heard = Sign | Text | Nonsense


def checksum(block: bytes) -> bytes:
    """Three printable characters for everything from STX up to and including the block's end, as it is sent.

    Summed is what really stands there: adding a constant for STX and ETX is wrong as soon as a block ends otherwise.
    """
    total = sum(byte & 0x7F for byte in block)
    return bytes(0x30 + (total >> shift & 0xF) for shift in (8, 4, 0))


def block(address: str, text: str) -> bytes:
    """One page, whole in one block. Raises ValueError when it does not fit.

    Control characters are made transparent, all of them; trailing spaces would only cost air time. Other characters
    than ASCII have no place here, and become question marks.
    """
    information = b"".join(_transparent(field) + CR for field in (address, text.rstrip(" ")))
    if len(information) > INFORMATION_MAX:
        raise ValueError(f"{len(information)} characters of address and text; one block has {INFORMATION_MAX} at most")
    summed = STX + information + ETX
    return summed + checksum(summed) + CR


def _transparent(field: str) -> bytes:
    return b"".join(
        SUB + bytes((byte + 0x40,)) if byte < 0x20 else bytes((byte,)) for byte in field.encode("ascii", "replace")
    )


class Lines:
    """Cuts what the terminal sends into lines. Ended by CR, LF or both; a parity bit does not matter."""

    def __init__(self) -> None:
        self._line = bytearray()

    def feed(self, data: bytes) -> Iterator[Heard]:
        """The lines that these bytes end. A prompt is one at its last character: many terminals end it with nothing."""
        for byte in data:
            character = byte & 0x7F
            if character in NOT_ON_THE_LINE:
                continue
            if character in CR + LF:
                line = bytes(self._line)
                self._line.clear()
                if line:
                    yield _meaning(line)
                continue
            self._line.append(character)
            if len(self._line) > LINE_MAX_BYTES:
                del self._line[-len(PROMPT) - 1]
            # "510 ID=8001 is unknown" asks nothing.
            if self._line.endswith(PROMPT) and not CODE.match(self._line):
                self._line.clear()
                yield Sign.ID


def _meaning(line: bytes) -> Heard:
    if line in SIGNS:
        return SIGNS[line]
    if code := CODE.match(line):
        return Text(int(code[1]), _printable(line[code.end() :]))
    words = line.decode("ascii")
    if words.replace("\t", " ").isprintable():
        return Text(0, _printable(line))
    return Nonsense(f"no line of TAP: {_quoted(line)}")


def _printable(line: bytes) -> str:
    words = line.decode("ascii").strip()[:QUOTED_MAX]
    return "".join(character if character.isprintable() else "?" for character in words)


def _quoted(line: bytes) -> str:
    return repr(line[:QUOTED_MAX])[1:]
