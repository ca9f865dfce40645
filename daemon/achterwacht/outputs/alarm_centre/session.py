"""Which receiver is sent what next, given what it answered: pure, with time as an argument.

Knows sequence numbers, tries, the receivers' clocks, who is well, and which faults that makes. Bytes are frames.py's,
connections transport.py's, waiting client.py's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from achterwacht.outputs.alarm_centre.frames import Answer, NoAnswer

SEQUENCE_MAX = 9999
TRIES = 2
"""So often a receiver that is there and says nothing is asked, before the next one is: an answer may be lost once. One
that cannot be reached is left at once."""
QUICK_S = 1.0
"""A supervision that failed is repeated so soon: one lost answer is no fault, a dead receiver is one within seconds."""
AGAIN_S = 10.0
"""A receiver that is not well is asked so often whether it is again."""

OFFLINE = "alarm_centre/offline"
REFUSED = "alarm_centre/refused"


@dataclass(slots=True)
class Message:
    """One message on its way. It keeps its sequence number, so that a repetition can be known as one."""

    sequence: int
    to: deque[int]
    """The receivers that may still be asked; the first is asked next."""
    tries: int = 0
    """Without an answer, of the first one."""
    set_clock: bool = False
    """Whether the first one has told us its clock already."""
    acked: bool = False
    failures: list[str] = field(default_factory=list)
    """Why it did not arrive, a reason for each receiver."""

    @property
    def is_null(self) -> bool:
        """Whether it only asks if the receiver is there."""
        return self.sequence == 0


@dataclass(slots=True)
class _Receiver:
    name: str
    ask_s: float
    """When it is to be asked whether it is there."""
    offline: str | None = None
    """Why it is not there; empty while it is, None before it was ever asked."""
    missed: int = 0
    """Supervisions in a row that it did not answer."""
    ahead: timedelta = timedelta()
    """Its clock, before ours."""
    refuses_reports: str = ""
    refuses_null: str = ""


class Session:
    """The talk with all receivers of one alarm centre; `names` are for people. Receivers count from 0."""

    def __init__(self, names: Sequence[str], supervise_s: float, sequence: int, now_s: float) -> None:
        self._receivers = [_Receiver(name, now_s) for name in names]
        self._supervise_s = supervise_s
        self._sequence = sequence

    def report(self) -> Message:
        """A new message, to the first receiver that is well; the others follow."""
        everyone = range(len(self._receivers))
        message = Message(self._sequence, deque(sorted(everyone, key=lambda nr: bool(self._receivers[nr].offline))))
        self._sequence = self._sequence % SEQUENCE_MAX + 1
        return message

    def null(self, nr: int) -> Message:
        """A new supervision of this receiver."""
        return Message(0, deque([nr]))

    def ask_s(self, nr: int) -> float:
        """When this receiver is to be supervised next."""
        return self._receivers[nr].ask_s

    def clock(self, nr: int, at: datetime) -> datetime:
        """What this receiver's clock says at this moment of ours, as far as it has told."""
        return at + self._receivers[nr].ahead

    def hear(self, message: Message, said: Answer | NoAnswer, at: datetime, now_s: float) -> None:
        """What came of asking the first receiver of `message.to`."""
        receiver = self._receivers[message.to[0]]
        if isinstance(said, Answer) and said.word == "ACK" and said.sequence != message.sequence:
            said = NoAnswer(f"acknowledges message {said.sequence:04d} instead of {message.sequence:04d}")
        if isinstance(said, NoAnswer):
            self._missed(message, receiver, said, now_s)
            return
        receiver.offline, receiver.missed = "", 0
        receiver.ask_s = now_s + self._supervise_s
        if said.word == "NAK" and said.at is not None and not message.set_clock:
            receiver.ahead = said.at - at
            message.set_clock = True
            return
        refusal = _refusal(said)
        if message.is_null:
            receiver.refuses_null = refusal
        else:
            receiver.refuses_reports = refusal
        if refusal:
            _leave(message, receiver, refusal)
        else:
            message.acked = True
            message.to.clear()

    def _missed(self, message: Message, receiver: _Receiver, why: NoAnswer, now_s: float) -> None:
        if message.is_null:
            receiver.missed += 1
            is_enough = receiver.missed >= TRIES
            _leave(message, receiver, why.reason)
        else:
            message.tries += 1
            is_enough = message.tries >= TRIES or not why.reached
            if is_enough:
                _leave(message, receiver, why.reason)
        if is_enough:
            receiver.offline = why.reason
        receiver.ask_s = now_s + (min(AGAIN_S, self._supervise_s) if receiver.offline else QUICK_S)

    def faults(self) -> dict[str, str]:
        """Every fault that is known to stand (its detail) or known not to (empty)."""
        known = [receiver for receiver in self._receivers if receiver.offline is not None]
        faults = {}
        if len(self._receivers) > 1:
            for n, receiver in enumerate(self._receivers, start=1):
                if receiver.offline is not None:
                    faults[f"receiver:{n}/offline"] = receiver.offline and f"{receiver.name} {receiver.offline}"
        if any(receiver.offline == "" for receiver in known):
            faults[OFFLINE] = ""
            faults[REFUSED] = "; ".join(refusal for receiver in known for refusal in _refusals(receiver))
        elif len(known) == len(self._receivers):
            faults[OFFLINE] = "; ".join(f"{receiver.name} {receiver.offline}" for receiver in known)
        return faults


def _leave(message: Message, receiver: _Receiver, why: str) -> None:
    """Go on to the next receiver, if there is one."""
    message.failures.append(f"{receiver.name} {why}")
    message.to.popleft()
    message.tries = 0
    message.set_clock = False


def _refusal(said: Answer) -> str:
    """Why an answer is none that helps; empty for an ACK."""
    match said.word:
        case "ACK":
            return ""
        case "DUH":
            return "understands us and cannot process it (DUH): does it take this protocol and its codes?"
        case "NAK" if said.at is None:
            return "refuses it (NAK) and does not tell its clock: does it know this account?"
        case "NAK":
            return "refuses it (NAK) also with its own time: does it know this account, and is the key the same?"


def _refusals(receiver: _Receiver) -> list[str]:
    what = (("a report", receiver.refuses_reports), ("supervision", receiver.refuses_null))
    return [f"{name}: {receiver.name} {why}" for name, why in what if why]
