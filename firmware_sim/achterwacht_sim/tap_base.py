"""A paging terminal that speaks TAP 1.8. Pure, see paging_calls.py.

Written from the protocol's facts (docs/pagers.md). It has 7 bits, no echo, and one call after the other in a login.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from achterwacht_sim.paging_calls import BaseFaults, Page

STX, ETX, EOT, ACK, LF, CR, NAK, ETB, SUB, ESC, RS, US = (
    bytes((code,)) for code in (2, 3, 4, 6, 0x0A, 0x0D, 0x15, 0x17, 0x1A, 0x1B, 0x1E, 0x1F)
)

SEVEN_BITS = 0x7F

# A transaction ends with the block; goes on with the next field; goes on within this field.
BLOCK_ENDS = ETX + ETB + US

# What follows the end of a block: three characters of checksum and a CR.
AFTER_END = 4

MAX_BLOCK_BYTES = 256

# What may be read of one block, or line, that is too long; beyond this it is none.
MAX_READ_BYTES = 1024

GO_AHEAD = ESC + b"[p" + CR
HANG_UP = ESC + EOT + CR
LOGIN = re.compile(rb"\x1bPG1(.{0,6})", re.DOTALL)
ESCAPED = re.compile(rb"\x1a(.)", re.DOTALL)

# n1 to n3 of the protocol.
MAX_NAKS = 3

# Ours: a caller that waits as long as it may (t3, 10 s) is not hung up on before it has tried again.
SESSION_WAIT_S = 30.0


class Phase(Enum):
    """Where the session is."""

    HUNG_UP = auto()  # a CR asks for ID=
    LOGIN = auto()
    PAGES = auto()


def checksum(body: bytes) -> bytes:
    """Three characters over what is said from STX up to and with the end of the block."""
    total = sum(code & SEVEN_BITS for code in body)
    return bytes(0x30 + (total >> shift & 0xF) for shift in (8, 4, 0))


class TapTerminal:
    """The terminal. `password`: the six characters after PG1, empty for none."""

    def __init__(self, *, password: str = "") -> None:
        self._password = password.encode()
        self._now_s = 0.0
        self._last_traffic_s = 0.0
        self._phase = Phase.HUNG_UP
        self._line = b""
        self._block: bytes | None = None  # from STX on
        self._left: int | None = None  # characters to come, once the block's end was seen
        self._taken = b""  # the last block of this login: the same again is no new call
        self._answer = b""
        self._data = b""  # of the transaction so far
        self._naks = 0
        self._rejects_late = False
        self._said: list[bytes] = []
        self._pages: list[Page] = []

    def heard(self, data: bytes, now_s: float, faults: BaseFaults) -> None:
        self._now_s = self._last_traffic_s = now_s
        for code in data:
            self._hear(bytes((code & SEVEN_BITS,)), faults)

    def wake(self, now_s: float) -> None:
        self._now_s = now_s
        if self._phase is not Phase.HUNG_UP and now_s - self._last_traffic_s >= SESSION_WAIT_S:
            self._hang_up(b"501 Timeout" + CR)

    def take_said(self) -> list[bytes]:
        said, self._said = self._said, []
        return said

    def take_pages(self) -> list[Page]:
        pages, self._pages = self._pages, []
        return pages

    # --- characters ---------------------------------------------------------------------------------------------------

    def _hear(self, character: bytes, faults: BaseFaults) -> None:
        if self._phase is Phase.PAGES and character == STX:
            self._block, self._left, self._line = STX, None, b""
        elif self._block is not None:
            self._read(self._block + character, faults)
        elif character == CR:
            line, self._line = self._line, b""
            self._read_line(line)
        elif character != LF:
            self._line = (self._line + character)[-MAX_READ_BYTES:]

    def _read(self, block: bytes, faults: BaseFaults) -> None:
        self._block = block if len(block) < MAX_READ_BYTES else None
        if self._left is None:
            self._left = AFTER_END if block[-1:] in BLOCK_ENDS else None
        else:
            self._left -= 1
        if self._left == 0:
            self._block = self._left = None
            self._judge(block, faults)

    # --- a session ----------------------------------------------------------------------------------------------------

    def _begin(self, phase: Phase) -> None:
        self._phase = phase
        self._line = self._data = self._taken = b""
        self._block = self._left = None
        self._naks, self._rejects_late = 0, False

    def _read_line(self, line: bytes) -> None:
        login = LOGIN.fullmatch(line)
        if not line or self._phase is Phase.HUNG_UP:
            # Also within a login: who says a CR alone has lost the thread and begins anew.
            self._begin(Phase.LOGIN)
            self._said.append(b"ID=")
        elif login and login[1] == self._password:
            self._begin(Phase.PAGES)
            self._said += [b"110 1.8" + CR + ACK + CR, GO_AHEAD]
        elif self._phase is Phase.LOGIN:
            self._say_nak(b"509 Invalid password" + CR if login else b"507 Bad logon" + CR)
        elif line == EOT:
            self._hang_up(b"115 Goodbye" + CR + (RS + CR if self._rejects_late else b""))
        elif any(end in line for end in BLOCK_ENDS):
            self._say_nak()  # the end of a block whose beginning was damaged

    def _hang_up(self, said: bytes) -> None:
        self._begin(Phase.HUNG_UP)
        self._said.append(said + HANG_UP)

    def _say_nak(self, why: bytes = b"") -> None:
        self._naks += 1
        if self._naks < MAX_NAKS:
            self._said.append(why + NAK + CR)
        else:
            self._hang_up(why or b"503 Too many errors" + CR)

    # --- a block ------------------------------------------------------------------------------------------------------

    def _judge(self, block: bytes, faults: BaseFaults) -> None:
        body, check = block[:-AFTER_END], block[-AFTER_END:]
        if check != checksum(body) + CR or faults.refuses:
            self._say_nak()
            return
        self._naks = 0
        if block != self._taken:
            self._taken = block
            self._answer = self._taken_as(block, body, faults)
        self._said.append(self._answer)

    def _taken_as(self, block: bytes, body: bytes, faults: BaseFaults) -> bytes:
        """The answer to a block that is whole and new."""
        data = self._data + body[1:-1].replace(LF, b"")
        self._data = b""
        if len(block) > MAX_BLOCK_BYTES:
            return b"513 Message too long" + CR + RS + CR
        if body[-1:] != ETX:
            # More than a few blocks of text fits no pager; a transaction without end is none.
            self._data = data[-MAX_READ_BYTES:]
            return ACK + CR
        fields = [ESCAPED.sub(lambda found: bytes((found[1][0] - 0x40 & SEVEN_BITS,)), f) for f in data.split(CR)]
        if len(fields) != 3 or fields[-1]:
            return b"515 Invalid format" + CR + RS + CR
        return self._called(fields[0].decode("ascii"), fields[1].decode("ascii"), faults)

    def _called(self, address: str, text: str, faults: BaseFaults) -> bytes:
        if not address.strip():
            return b"511 Invalid pager ID" + CR + RS + CR
        if faults.busy:
            return b"512 Temporarily cannot deliver" + CR + RS + CR
        lost = faults.out_of_radio or faults.transmitter_down
        self._pages.append(Page(address, text, None, None, None, self._now_s, lost=lost))
        self._rejects_late |= faults.transmitter_down
        if faults.out_of_radio:
            return b"213 Held for deferred delivery" + CR + ACK + CR
        return b"211 Page sent" + CR + ACK + CR
