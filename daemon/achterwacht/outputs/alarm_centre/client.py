"""The private alarm centre over SIA DC-09: the channel `alarm_centre`, and the supervision of its receivers.

Knows who waits for whom, the key file, and how faults are told. What is said is events.py's, to whom and how often
session.py's, bytes frames.py's, connections transport.py's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from achterwacht.core import heard as h
from achterwacht.core.moment import Moment
from achterwacht.errors import Undeliverable
from achterwacht.outputs.alarm_centre.events import URGENT, Report, report
from achterwacht.outputs.alarm_centre.frames import KEY_BYTES, Answer, Frame, NoAnswer, encode, parse_answer
from achterwacht.outputs.alarm_centre.lane import Lane
from achterwacht.outputs.alarm_centre.session import AGAIN_S, REFUSED, SEQUENCE_MAX, TRIES, Message, Session
from achterwacht.outputs.alarm_centre.transport import ANSWER_S, CONNECT_S, ask
from achterwacht.outputs.dispatch import Alert
from achterwacht.outputs.wiring import CentreLine

KEY = "alarm_centre/key"
KEY_FILE_MAX_BYTES = 1024
"""A key has 64 digits at most; whatever is longer is another file."""
GLANCE_S = 1.0
"""How often a supervision that waits looks whether it is wanted sooner: a report may have failed meanwhile."""
WAITING_MAX = 50
"""More than that many wait for a receiver only while it is dead. An alarm is never turned away."""

SUPERVISION, REPORT, ALARM = range(3)
"""How urgent a message is: an alarm cuts off what is not one, and anything cuts off a supervision."""
NOTHING = Report("")


class HasNow(Protocol):
    """clock.Clock, or what stands for it."""

    def now(self) -> Moment:
        """This moment by both clocks."""


class AlarmCentre:
    """Delivers orders for the alarm centre; `run` knows whether it is there."""

    timeout_s: float
    """Every receiver asked as often as it may be, and once more to set the clock; and the wait for one before it."""

    def __init__(self, line: CentreLine, hear: Callable[[h.Heard], None], clock: HasNow) -> None:
        self._line = line
        self._hear = hear
        self._clock = clock
        self._lanes = [Lane() for _ in line.receivers]
        now = clock.now()
        # A restart must not say the last number again: a receiver may drop it as a repetition.
        sequence = int(now.at.timestamp()) % SEQUENCE_MAX + 1
        names = [f"{receiver.host}:{receiver.port}" for receiver in line.receivers]
        self._session = Session(names, line.supervise_s, sequence, now.mono_s)
        self._key: bytes | None = None
        # What is the matter with the key file: None before it was read, empty when all is well.
        self._key_fault: str | None = None
        # What was told of each fault last; empty that it is over.
        self._told: dict[str, str] = {}
        self.timeout_s = (len(line.receivers) * (TRIES + 1) + 1) * (CONNECT_S + ANSWER_S)

    async def deliver(self, alert: Alert) -> None:
        """Bring one order to the first receiver that acknowledges it. Raises Undeliverable."""
        urgency = ALARM if alert.ordered.kind in URGENT else REPORT
        said = report(self._line, alert)
        if urgency < ALARM and any(lane.wanted >= WAITING_MAX for lane in self._lanes):
            raise Undeliverable(f"{WAITING_MAX} reports to the alarm centre wait already")
        message = self._session.report()
        await self._bring(message, said, urgency)
        if not message.acked:
            # Never permanent: a receiver also says DUH while something behind it is down.
            raise Undeliverable("; ".join(message.failures))

    async def run(self) -> None:
        """Supervise every receiver, for ever."""
        async with asyncio.TaskGroup() as group:
            for nr in range(len(self._line.receivers)):
                group.create_task(self._supervise(nr), name=f"supervises receiver {nr + 1}")

    async def _supervise(self, nr: int) -> None:
        while True:
            wait_s = self._session.ask_s(nr) - self._clock.now().mono_s
            if wait_s > 0:
                await asyncio.sleep(min(wait_s, GLANCE_S))
                continue
            try:
                await self._bring(self._session.null(nr), NOTHING, SUPERVISION)
            except Undeliverable:  # there is no key; _secret has told it
                await asyncio.sleep(AGAIN_S)

    async def _bring(self, message: Message, said: Report, urgency: int) -> None:
        """Ask one receiver after the other until one acknowledges it or none is left. Raises Undeliverable for a key
        that cannot be read."""
        key = self._secret()
        while message.to:
            nr = message.to[0]
            answer = await self._ask(nr, urgency, partial(self._frame, nr, message.sequence, said), key)
            now = self._clock.now()
            self._session.hear(message, answer, now.at, now.mono_s)
            self._tell()

    async def _ask(self, nr: int, urgency: int, frame: Callable[[], Frame], key: bytes | None) -> Answer | NoAnswer:
        async def exchange() -> bytes:
            # The frame is made when its turn has come: it bears the time.
            return await ask(self._line.receivers[nr], encode(frame(), key))

        try:
            return parse_answer(await self._lanes[nr].run(urgency, exchange), key)
        except NoAnswer as none:
            return none

    def _frame(self, nr: int, sequence: int, said: Report) -> Frame:
        """One frame of now. Only an encrypted one bears the time: without it no clock can be a reason to refuse."""
        line = self._line
        return Frame(
            id=line.protocol if sequence else "NULL",
            sequence=sequence,
            account=line.account,
            data=said.data,
            extended=said.extended,
            at=self._session.clock(nr, self._clock.now().at) if line.key_file else None,
            receiver=line.receiver_number,
            prefix=line.prefix,
        )

    # --- the key and the faults -------------------------------------------------------------------------------------

    def _secret(self) -> bytes | None:
        """The key, or None when the plan names none. Raises Undeliverable: in the clear nothing is said instead."""
        if self._line.key_file and self._key is None:
            try:
                self._key = read_key(Path(self._line.key_file))
            except (OSError, ValueError, ImportError) as error:
                self._key_fault = str(error)
                self._tell()
                raise Undeliverable(f"no key for the alarm centre: {error}") from error
        self._key_fault = ""
        return self._key

    def _tell(self) -> None:
        """Tell every fault that is another one than before."""
        faults = self._session.faults()
        if faults.get(REFUSED):
            self._key = None  # somebody may have put another into its file
        if self._key_fault is not None:
            faults[KEY] = self._key_fault
        for fault, detail in faults.items():
            if self._told.get(fault) != detail:
                self._told[fault] = detail
                self._hear(h.Trouble(fault, detail) if detail else h.TroubleOver(fault))


def read_key(path: Path) -> bytes:
    """The AES key that stands in a file. Raises OSError, ValueError, or ImportError where AES is not installed."""
    try:
        import cryptography  # noqa: F401  # asked here, so that no frame fails for it
    except ImportError as error:
        raise ImportError("the library for AES is not installed: install achterwacht[alarm-centre]") from error
    with path.open("rb") as file:
        text = file.read(KEY_FILE_MAX_BYTES)
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError as error:
        raise ValueError(f"{path} holds no key: expected hexadecimal digits alone") from error
    if len(key) not in KEY_BYTES:
        raise ValueError(f"{path} holds {len(key) * 2} digits, expected 32, 48 or 64")
    return key
