"""ESPA 4.4.4's words: bytes to frozen dataclasses and back, with the check character (BCC) of a block.

Knows how each word is written, not who may say it when: that is espa_exchange's. Nothing here raises for what comes in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Final, Literal

SOH, STX, ETX, EOT, ENQ, ACK, NAK, RS, US = b"\x01\x02\x03\x04\x05\x06\x15\x1e\x1f"
FILL = b"\x00\x7f"
"""Says nothing: what an RS-485 line leaves when it turns round."""

BLOCK_MAX_BYTES = 256
"""From its header to its ETX. Six records with an address of 16 and a text of 128 characters need under 200."""
PREFIX_MAX_BYTES = 16
"""What may stand before an ENQ or a NAK: one character, really. Longer is noise."""
QUOTED_MAX = 40
"""So much of what is wrong is shown: enough to see what it is, short enough for a screen."""

SEVEN_BITS = bytes(byte & 0x7F for byte in range(256))
"""The eighth bit is parity where a 7E1 line is read as 8N1. All that we look for has seven bits; so has a BCC that some
systems cut down, and a text that comes back with its accents lost is not read."""

RECORD = rb"[ -\x7f]+\x1f[ -\x7f]*"
CONTENT = re.compile(rb"(?P<header>[ -\x7f]+)\x02(?P<records>(?:%b(?:\x1e%b)*\x1e?)?)\x03" % (RECORD, RECORD))
"""Between SOH and BCC. Some systems send an RS after the last record too."""

TRANSMISSION_ERROR: Final = "1"
BUSY: Final = "2"
INVALID: Final = "3"
"""What stands before a NAK."""


@dataclass(frozen=True, slots=True)
class Block:
    """`SOH header STX id US data {RS id US data} ETX BCC`. Identifiers and data are text: `1` is not `01`."""

    header: str
    records: tuple[tuple[str, str], ...]

    def get(self, record: str) -> str:
        """The data of the first record with this identifier; empty when there is none."""
        return next((data for identifier, data in self.records if identifier == record), "")


@dataclass(frozen=True, slots=True)
class BadBlock:
    """A block that came to its end and cannot be used. `nak` is the prefix of the NAK that it deserves."""

    nak: Literal["1", "3"]
    detail: str


@dataclass(frozen=True, slots=True)
class Poll:
    """`EOT address ENQ`: has this station anything to say?"""

    address: str


@dataclass(frozen=True, slots=True)
class Select:
    """`address ENQ` that follows no EOT: is this station ready to take a block?"""

    address: str


@dataclass(frozen=True, slots=True)
class Ack:
    """`ACK`, with nothing before it."""


@dataclass(frozen=True, slots=True)
class Nak:
    """`NAK`, and what stood before it: one of the three above, or nothing."""

    prefix: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """`EOT`. Read by itself also where a poll follows: it may be all that comes."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that are no word, or only a part of one. `detail` is for people."""

    detail: str


Said = Block | Poll | Select | Ack | Nak | End
Word = Said | BadBlock | Noise


def encode(word: Said) -> bytes:
    """The bytes of one word. In a block, what ASCII has not becomes `?`, and what is no character a blank."""
    match word:
        case Block(header, records):
            pairs = (f"{_printable(identifier)}\x1f{_printable(data)}" for identifier, data in records)
            content = f"{_printable(header)}\x02{chr(RS).join(pairs)}\x03".encode("ascii", "replace")
            return bytes((SOH, *content, bcc(content)))
        case Poll(address):
            return b"%c%b%c" % (EOT, address.encode(), ENQ)
        case Select(address):
            return b"%b%c" % (address.encode(), ENQ)
        case Nak(prefix):
            return b"%b%c" % (prefix.encode(), NAK)
        case Ack():
            return bytes((ACK,))
        case End():
            return bytes((EOT,))


def bcc(content: bytes) -> int:
    """The check character: the exclusive or of all that follows SOH, with ETX."""
    return reduce(xor, content, 0)


class Reader:
    """Makes words of bytes, however they are cut into reads. Holds at most BLOCK_MAX_BYTES.

    The byte after an ETX is a BCC and nothing else, whatever it looks like and whatever became of its block.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """What was half read is void."""
        self._part: Literal["between", "block", "bcc"] = "between"
        self._held = bytearray()
        self._begun = False  # the block that is being read has its SOH
        self._ended = False  # the last word was an EOT: an ENQ is a poll

    def feed(self, data: bytes) -> Iterator[Word]:
        """The words that end in these bytes, in order."""
        for char in data.translate(SEVEN_BITS):
            match self._part:
                case "between":
                    yield from self._between(char)
                case "block":
                    yield from self._in_block(char)
                case "bcc":
                    yield self._block(char)

    def _between(self, char: int) -> Iterator[Word]:
        if char in FILL:
            return
        if char == SOH:
            yield from self._dropped("no word")
            self._part, self._begun = "block", True
        elif char in (STX, ETX):  # of a block whose beginning was lost: its end must still be found
            self._held.append(char)
            self._part = "block" if char == STX else "bcc"
        elif char == EOT:
            yield from self._dropped("no word")
            self._ended = True
            yield End()
        elif char == ENQ:
            address, ended = self._held.decode(), self._ended
            self.forget()
            yield Poll(address) if ended else Select(address)
        elif char == NAK:
            prefix = self._held.decode()
            self.forget()
            yield Nak(prefix)
        elif char == ACK:
            # Strict: behind a character that may be what is left of a NAK's prefix it is not believed.
            noise = tuple(self._dropped("an ACK behind"))
            yield from noise or (Ack(),)
        else:
            self._held.append(char)
            if len(self._held) > PREFIX_MAX_BYTES:
                yield from self._dropped("no word")

    def _in_block(self, char: int) -> Iterator[Word]:
        if char in (SOH, EOT):
            yield from self._dropped("a block that was cut off")
            yield from self._between(char)
            return
        self._held.append(char)
        if len(self._held) > BLOCK_MAX_BYTES:
            yield from self._dropped(f"no block ends within {BLOCK_MAX_BYTES} bytes")
        elif char == ETX:
            self._part = "bcc"

    def _block(self, check: int) -> Block | BadBlock:
        content, begun = bytes(self._held), self._begun
        self.forget()
        if not begun:
            return BadBlock(TRANSMISSION_ERROR, f"a block without its beginning: {_quoted(content)}")
        if bcc(content) != check:
            return BadBlock(TRANSMISSION_ERROR, f"a block that was damaged on its way (BCC): {_quoted(content)}")
        found = CONTENT.fullmatch(content)
        if found is None:
            return BadBlock(INVALID, f"a block that is none of ESPA 4.4.4: {_quoted(content)}")
        records = found["records"].decode().removesuffix(chr(RS))
        pairs = (record.partition(chr(US)) for record in records.split(chr(RS)) if record)
        return Block(found["header"].decode(), tuple((identifier, data) for identifier, _, data in pairs))

    def _dropped(self, what: str) -> Iterator[Noise]:
        held = bytes(self._held)
        self.forget()
        if held:
            yield Noise(f"{what}: {_quoted(held)}")


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _quoted(data: bytes) -> str:
    return repr(data[:QUOTED_MAX])[1:]
