"""A paging system that speaks ESPA 4.4.4, as a slave or as the control station. Pure, see paging_calls.py.

Written from the standard's facts (docs/pagers.md). Strict where the standard is: a poll follows an EOT, a block is read
only when we are selected, and the character after ETX is the BCC whatever it looks like.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from enum import Enum, auto
from functools import reduce
from operator import xor

from achterwacht_sim.paging_calls import BaseFaults, Page

SOH, STX, ETX, EOT, ENQ, ACK, NAK, RS, US = (bytes((code,)) for code in (1, 2, 3, 4, 5, 6, 0x15, 0x1E, 0x1F))

# What stands before a NAK.
DAMAGED, BUSY, NOT_UNDERSTOOD = b"1", b"2", b"3"

# The third character of a block says what it is.
CALL, STATUS, STATUS_REQUEST = "1", "2", "3"

# Records, by their number.
ADDRESS, TEXT, BEEPS, CALL_TYPE, TRANSMISSIONS, PRIORITY, CALL_STATUS, SYSTEM_STATUS = "12345678"
RECORDS = frozenset("12345678")

CANCEL, SPEECH_CALL, STANDARD_CALL = "123"
LOWEST_PRIORITY = 3

# Status: a record and its value.
IN_QUEUE = (CALL_STATUS, "2")
PAGED = (CALL_STATUS, "3")
ABSENT = (CALL_STATUS, "4")
TERMINATED = (CALL_STATUS, "5")
ACKNOWLEDGED = (CALL_STATUS, "6")
TRANSMITTER_FAILURE = (SYSTEM_STATUS, "1")

# As long as known systems take them.
MAX_ADDRESS = 16
MAX_TEXT = 128

# More than all records together need.
MAX_BLOCK_BYTES = 256

# An answer that has not begun by then does not come. Known receivers wait as long for a select.
REPLY_WAIT_S = 2.5

# A block that stops for so long is dropped; it is said again.
CHARACTER_WAIT_S = 3.0

# Without a character for so long the control station takes the line back.
TRAFFIC_WAIT_S = 10.0

# How often a block is said again.
RETRANSMISSIONS = 2

# More pagers and reports than a house has. The oldest is forgotten.
MAX_KEPT = 1000


class NotUnderstood(Exception):
    """A block that is whole, but whose type or content means nothing here."""


class Phase(Enum):
    """Where the exchange is, seen from the base."""

    OUT = auto()  # nothing here is for us until an EOT, or until it is our turn to poll
    POLL = auto()  # after an EOT: an address and ENQ is a poll
    SELECT = auto()  # another station is master: an address and ENQ is a select
    SELECTED = auto()  # we are its slave: a block begins with SOH
    BLOCK = auto()
    CHECK = auto()  # the next character is the BCC
    SELECTING = auto()  # we are master: our select is not answered yet
    SENT = auto()  # our block is not answered yet


def bcc(body: bytes) -> bytes:
    """The check character over what follows SOH, up to and with ETX."""
    return bytes((reduce(xor, body, 0),))


def status_block(address: str, status: tuple[str, str]) -> bytes:
    """What became of a call, as a block with its check character."""
    record, value = status
    said = STATUS.encode() + STX + ADDRESS.encode() + US + address.encode("latin-1")
    body = said + RS + record.encode() + US + value.encode() + ETX
    return SOH + body + bcc(body)


def block_of(body: bytes) -> tuple[str, dict[str, str]]:
    """The block's type and its records. Raises NotUnderstood."""
    kind, begins, data = body.removesuffix(ETX).decode("latin-1").partition("\x02")
    if not begins:
        raise NotUnderstood
    records: dict[str, str] = {}
    for record in data.removesuffix("\x1e").split("\x1e"):  # some senders end with one too many
        number, separates, value = record.partition("\x1f")
        if not separates or number not in RECORDS or number in records or any(c < " " for c in value):
            raise NotUnderstood
        records[number] = value
    if not 0 < len(records.get(ADDRESS, "")) <= MAX_ADDRESS:
        raise NotUnderstood
    return kind, records


class EspaBase:
    """The paging system `own`. `polls`: it is the control station, and polls station `other` every `poll_s`.

    `reports`: it tells what became of each call, when it is polled or when it is its turn. A call sounds `airtime_s`
    after the one before it; then it is paged.
    """

    def __init__(
        self,
        *,
        polls: bool = False,
        reports: bool = False,
        own: str = "2",
        other: str = "1",
        poll_s: float = 1.0,
        airtime_s: float = 0.0,
    ) -> None:
        self.polls = polls
        self.reports = reports
        self._own, self._other = own.encode(), other.encode()
        self._poll_s, self._airtime_s = poll_s, airtime_s
        self._now_s = 0.0
        self._last_traffic_s = 0.0
        self._poll_at_s = 0.0
        self._is_reporting = False
        self._phase = Phase.OUT
        self._pending = b""  # the characters since EOT or ENQ; in the answer to a block its last one
        self._body = b""
        self._taken = b""  # the last block of this selection: the same again is no new call
        self._resends_left = 0
        self._said: list[bytes] = []
        self._pages: list[Page] = []
        self._on_air: deque[Page] = deque(maxlen=MAX_KEPT)
        self._statuses: deque[tuple[str, tuple[str, str]]] = deque(maxlen=MAX_KEPT)
        self._last_status: dict[str, tuple[str, str]] = {}

    def acknowledge(self, address: str) -> None:
        """The one who carries this pager presses its button."""
        self._report(address, ACKNOWLEDGED)

    def heard(self, data: bytes, now_s: float, faults: BaseFaults) -> None:
        self._now_s = self._last_traffic_s = now_s
        for code in data:
            self._hear(bytes((code,)), faults)

    def wake(self, now_s: float) -> None:
        self._now_s = now_s
        while self._on_air and self._on_air[0].at_s <= now_s:
            self._sounds(self._on_air.popleft())
        silent_s = now_s - self._last_traffic_s
        match self._phase:
            case Phase.OUT if self.polls and now_s >= self._poll_at_s:
                self._take_turn()
            case Phase.BLOCK | Phase.CHECK if silent_s >= CHARACTER_WAIT_S:
                self._phase = Phase.SELECTED
            case Phase.SENT if silent_s >= REPLY_WAIT_S:
                self._send_again()
            case Phase.SELECTING if silent_s >= REPLY_WAIT_S:
                self._give_back()
            case Phase.SELECT if self.polls and silent_s >= REPLY_WAIT_S:
                self._give_back()
            case Phase.SELECTED if silent_s >= TRAFFIC_WAIT_S:
                if self.polls:
                    self._give_back()
                else:
                    self._phase = Phase.OUT

    def take_said(self) -> list[bytes]:
        said, self._said = self._said, []
        return said

    def take_pages(self) -> list[Page]:
        pages, self._pages = self._pages, []
        return pages

    # --- the line -----------------------------------------------------------------------------------------------------

    def _say(self, message: bytes) -> None:
        self._last_traffic_s = self._now_s
        self._said.append(message)

    def _hear(self, character: bytes, faults: BaseFaults) -> None:
        if self._phase is Phase.CHECK:
            self._phase = Phase.SELECTED
            self._say(self._judged(character, faults))
        elif character == EOT:
            self._rest()
        else:
            match self._phase:
                case Phase.POLL | Phase.SELECT if character == ENQ:
                    self._called(self._pending, faults)
                case Phase.POLL | Phase.SELECT:
                    self._pending += character
                    if len(self._pending) > 1:
                        self._phase = Phase.OUT
                case Phase.SELECTED | Phase.BLOCK if character == SOH:
                    self._body, self._phase = b"", Phase.BLOCK
                case Phase.BLOCK:
                    self._read(character)
                case Phase.SELECTING | Phase.SENT:
                    self._answered(character)

    def _rest(self) -> None:
        """An EOT was said by either: the line is the control station's."""
        self._pending = b""
        if self.polls and self._phase is not Phase.OUT:
            self._poll_at_s = self._now_s + (0.0 if self._is_reporting else self._poll_s)
        self._phase = Phase.OUT if self.polls else Phase.POLL

    def _give_back(self) -> None:
        self._say(EOT)
        self._rest()

    def _called(self, address: bytes, faults: BaseFaults) -> None:
        """An address and ENQ: a select when another is master, else a poll."""
        self._pending = b""
        is_select = self._phase is Phase.SELECT
        if address != self._own:
            self._phase = Phase.SELECT if address and not is_select else Phase.OUT
        elif is_select and not faults.refuses:
            self._taken, self._phase = b"", Phase.SELECTED
            self._say(ACK)
        elif self._statuses and not is_select:
            self._select(b"")
        else:
            self._give_back()

    # --- as a slave ---------------------------------------------------------------------------------------------------

    def _read(self, character: bytes) -> None:
        self._body += character
        if character == ETX:
            self._phase = Phase.CHECK
        elif len(self._body) >= MAX_BLOCK_BYTES:
            self._phase = Phase.SELECTED

    def _judged(self, check: bytes, faults: BaseFaults) -> bytes:
        """The answer to a block that was read to its end."""
        if check != bcc(self._body):
            return DAMAGED + NAK
        if self._body == self._taken:
            return ACK
        if faults.busy:
            return BUSY + NAK
        try:
            self._take(*block_of(self._body), faults)
        except NotUnderstood:
            return NOT_UNDERSTOOD + NAK
        self._taken = self._body
        return ACK

    def _take(self, kind: str, records: dict[str, str], faults: BaseFaults) -> None:
        address = records[ADDRESS]
        if kind == CALL:
            self._call(records, faults)
        elif kind == STATUS_REQUEST and address in self._last_status:
            self._statuses.append((address, self._last_status[address]))
        else:
            raise NotUnderstood

    def _call(self, records: dict[str, str], faults: BaseFaults) -> None:
        page = Page(
            address=records[ADDRESS],
            text=records.get(TEXT, ""),
            priority=_number(records, PRIORITY),
            beeps=_number(records, BEEPS),
            transmissions=_number(records, TRANSMISSIONS),
            at_s=self._now_s,
        )
        kind = records.get(CALL_TYPE, STANDARD_CALL)
        if kind not in (CANCEL, SPEECH_CALL, STANDARD_CALL):
            raise NotUnderstood
        if len(page.text) > MAX_TEXT or (page.priority or LOWEST_PRIORITY) > LOWEST_PRIORITY:
            raise NotUnderstood
        if kind == CANCEL:
            self._pages.append(replace(page, cancel=True))
            self._report(page.address, TERMINATED)
        elif faults.out_of_radio or faults.transmitter_down:
            self._pages.append(replace(page, lost=True))
            self._report(page.address, ABSENT if faults.out_of_radio else TRANSMITTER_FAILURE)
        else:
            self._report(page.address, IN_QUEUE)
            free_s = max(self._now_s, self._on_air[-1].at_s if self._on_air else 0.0)
            self._on_air.append(replace(page, at_s=free_s + self._airtime_s))

    def _sounds(self, page: Page) -> None:
        self._pages.append(page)
        self._report(page.address, PAGED)

    # --- as a master --------------------------------------------------------------------------------------------------

    def _report(self, address: str, status: tuple[str, str]) -> None:
        self._last_status.pop(address, None)
        self._last_status[address] = status
        if len(self._last_status) > MAX_KEPT:
            del self._last_status[next(iter(self._last_status))]
        if self.reports:
            self._statuses.append((address, status))

    def _take_turn(self) -> None:
        """The control station's: a report if there is one, then a poll in any case."""
        self._is_reporting = bool(self._statuses) and not self._is_reporting
        if self._is_reporting:
            self._select(EOT + self._own + ENQ)
        else:
            self._phase = Phase.SELECT
            self._say(EOT + self._other + ENQ)

    def _select(self, before: bytes) -> None:
        self._phase = Phase.SELECTING
        self._say(before + self._other + ENQ)

    def _answered(self, character: bytes) -> None:
        prefix, self._pending = self._pending, character
        if self._phase is Phase.SELECTING and character == ACK:
            self._send()
        elif self._phase is Phase.SELECTING and character == NAK:
            self._give_back()
        elif character == ACK or (character == NAK and prefix == NOT_UNDERSTOOD):
            self._statuses.popleft()
            if self._statuses:
                self._send()
            else:
                self._give_back()
        elif character == NAK:
            self._send_again()

    def _send(self) -> None:
        self._resends_left = RETRANSMISSIONS
        self._say_status()

    def _send_again(self) -> None:
        """Not taken. After some times it is left for the next turn."""
        if self._resends_left:
            self._resends_left -= 1
            self._say_status()
        else:
            self._give_back()

    def _say_status(self) -> None:
        self._phase, self._pending = Phase.SENT, b""
        self._say(status_block(*self._statuses[0]))


def _number(records: dict[str, str], of: str) -> int | None:
    """Zero is reserved. Raises NotUnderstood."""
    said = records.get(of)
    if said is None:
        return None
    if not (said.isascii() and said.isdigit()) or said.startswith("0") or len(said) > 2:
        raise NotUnderstood
    return int(said)
