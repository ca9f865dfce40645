"""Which receiver is sent what next, given what it answered: pure, with time as an argument.

Knows sequence numbers, tries, the receivers' clocks, who is well, and which faults that makes. Bytes are frames.py's,
connections transport.py's, waiting client.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from achterwacht.outputs.alarm_centre.frames import Answer, NoAnswer
from achterwacht.outputs.alarm_centre.stamps import Stamps

SEQUENCE_MAX = 9999
TRIES = 2
"""So often a message is said to a receiver that is there and says nothing: an answer may be lost once. One that cannot
be reached is left at once."""
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
    to: dict[int, int]
    """The receivers that may still be asked, and how often each of them said nothing."""
    clocks: set[int] = field(default_factory=set)
    """The receivers that have told us their clock already."""
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
    """Messages in a row that it did not answer; with TRIES it is not there, and no more are counted."""
    stamps: Stamps = field(default_factory=Stamps)
    ahead: timedelta = timedelta()
    """Its clock, before ours."""
    refuses_reports: str = ""
    refuses_null: str = ""


class Session:
    """The talk with all receivers of one alarm centre; `names` are for people. Receivers count from 0."""

    def __init__(self, names: Sequence[str], account: str, supervise_s: float, sequence: int, now_s: float) -> None:
        self._account = account
        self._receivers = [_Receiver(name, now_s) for name in names]
        self._supervise_s = supervise_s
        self._sequence = sequence

    def report(self) -> Message:
        """A new message, to whoever takes it first."""
        message = Message(self._sequence, dict.fromkeys(range(len(self._receivers)), 0))
        self._sequence = self._sequence % SEQUENCE_MAX + 1
        return message

    def null(self, nr: int) -> Message:
        """A new supervision of this receiver."""
        return Message(0, {nr: 0})

    def next(self, message: Message) -> int:
        """Which receiver to ask next: the first that answered last time, else the one that missed least. It may be
        another one by the time that its turn has come."""
        return min(message.to, key=lambda nr: self._receivers[nr].missed)

    def ask_s(self, nr: int) -> float:
        """When this receiver is to be supervised next."""
        return self._receivers[nr].ask_s

    def clock(self, nr: int, at: datetime) -> datetime:
        """What this receiver's clock says at this moment of ours, as far as it has told."""
        return at + self._receivers[nr].ahead

    def hear(self, message: Message, nr: int, said: Answer | NoAnswer, at: datetime, now_s: float) -> None:
        """What came of asking this receiver, one of `message.to`."""
        receiver = self._receivers[nr]
        if isinstance(said, Answer) and said.word == "ACK" and (why := self._no_ack(message, receiver, said, now_s)):
            said = NoAnswer(why)
        if isinstance(said, NoAnswer):
            self._missed(message, nr, said, now_s)
            return
        receiver.offline, receiver.missed = "", 0
        receiver.ask_s = now_s + self._supervise_s
        if said.word == "NAK" and said.at is not None and nr not in message.clocks:
            receiver.ahead = said.at - at
            message.clocks.add(nr)
            return
        refusal = _refusal(said)
        if message.is_null:
            receiver.refuses_null = refusal
        else:
            receiver.refuses_reports = refusal
        if refusal:
            self._leave(message, nr, refusal)
        else:
            message.acked = True
            message.to.clear()

    def _no_ack(self, message: Message, receiver: _Receiver, said: Answer, now_s: float) -> str:
        """Why an acknowledgement is none of this message; empty when it is."""
        if said.sequence != message.sequence:
            return f"acknowledges message {said.sequence:04d} instead of {message.sequence:04d}"
        if said.account and said.account.upper() != self._account.upper():
            return f"acknowledges a message of account {said.account!r} instead of {self._account!r}"
        return receiver.stamps.fault(said.at, now_s)

    def _missed(self, message: Message, nr: int, why: NoAnswer, now_s: float) -> None:
        receiver = self._receivers[nr]
        message.to[nr] += 1
        is_gone = not why.reached and not message.is_null
        receiver.missed = TRIES if is_gone else min(receiver.missed + 1, TRIES)
        if is_gone or message.is_null or message.to[nr] >= TRIES:
            self._leave(message, nr, why.reason)
        if receiver.missed >= TRIES:
            receiver.offline = why.reason
        receiver.ask_s = now_s + (min(AGAIN_S, self._supervise_s) if receiver.offline else QUICK_S)

    def _leave(self, message: Message, nr: int, why: str) -> None:
        """Ask this receiver no more."""
        message.failures.append(f"{self._receivers[nr].name} {why}")
        del message.to[nr]

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
