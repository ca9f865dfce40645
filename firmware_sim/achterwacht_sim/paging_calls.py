"""What a simulated paging system makes of what it hears: calls, and what may be wrong with it.

Small frozen values that both dialects share (espa_base.py, tap_base.py). Knows no frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Page:
    """One call, as it sounds. What the dialect or the caller did not say is None.

    `cancel`: it takes an earlier call back. `lost`: taken, and no pager ever sounded.
    """

    address: str
    text: str
    priority: int | None
    beeps: int | None
    transmissions: int | None
    at_s: float
    cancel: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class BaseFaults:
    """What is wrong with a paging system; may be changed at any time.

    `busy`: it takes no call now (ESPA: the block gets 2 NAK; TAP: 512). `refuses`: it does not even let itself be
    spoken to (ESPA: a select gets EOT; TAP: every block gets NAK). `out_of_radio`: a call is taken and the pager not
    reached (ESPA: status absent; TAP: 213, held). `transmitter_down`: the same, told later (ESPA: transmitter failure;
    TAP: an RS when the transaction ends). `deaf`: it hears and says nothing. `garbled`: the chance, 0 to 1, that one
    bit of a message is wrong, either way. `slow_baud`: characters take their time, either way.
    """

    busy: bool = False
    refuses: bool = False
    out_of_radio: bool = False
    transmitter_down: bool = False
    deaf: bool = False
    garbled: float = 0.0
    slow_baud: int | None = None


NO_BASE_FAULTS = BaseFaults()


class PagingSystem(Protocol):
    """A dialect. Pure: time is an argument."""

    def heard(self, data: bytes, now_s: float, faults: BaseFaults) -> None:
        """Characters came in."""

    def wake(self, now_s: float) -> None:
        """Do what is due."""

    def take_said(self) -> list[bytes]:
        """The messages to say now, in order."""

    def take_pages(self) -> list[Page]:
        """The calls since the last time."""
