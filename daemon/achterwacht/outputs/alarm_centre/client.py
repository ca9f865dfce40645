"""The private alarm centre over SIA DC-09: the channel `alarm_centre`, and the supervision of its receivers.

Knows who waits for whom, the key file, and how faults are told. What is said is events.py's, to whom and how often
session.py's, bytes frames.py's, connections transport.py's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Protocol

from achterwacht.core import heard as h
from achterwacht.core.moment import Moment
from achterwacht.driver import in_own_thread
from achterwacht.errors import Undeliverable
from achterwacht.outputs.alarm_centre.address import Address
from achterwacht.outputs.alarm_centre.events import URGENT, Report, report
from achterwacht.outputs.alarm_centre.frames import KEY_BYTES, Answer, Frame, NoAnswer, encode, parse_answer
from achterwacht.outputs.alarm_centre.lane import Lane
from achterwacht.outputs.alarm_centre.session import AGAIN_S, REFUSED, SEQUENCE_MAX, TRIES, Message, Session
from achterwacht.outputs.alarm_centre.transport import ANSWER_S, CONNECT_S, ask
from achterwacht.outputs.dispatch import Alert
from achterwacht.outputs.wiring import CentreLine

KEY = "alarm_centre/key"
KEY_S = 5.0
"""The library for AES takes a Pi a second or two, the file nothing; whatever takes longer is a disk that hangs."""
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
        self._addresses = [Address(receiver.host) for receiver in line.receivers]
        self._places = count()
        now = clock.now()
        # A restart must not say the last number again: a receiver may drop it as a repetition.
        sequence = int(now.at.timestamp()) % SEQUENCE_MAX + 1
        names = [f"{receiver.host}:{receiver.port}" for receiver in line.receivers]
        self._session = Session(names, line.account, line.supervise_s, sequence, now.mono_s)
        self._key: bytes | None = None
        self._key_wanted = bool(line.key_file)
        self._reading: asyncio.Future[bytes] | None = None
        # What is the matter with the key file: None before it was read, empty when all is well.
        self._key_fault: str | None = None if line.key_file else ""
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
        """Ask the receivers until one acknowledges it or none is left. Raises Undeliverable for a key that cannot be
        read."""
        # One place for all its tries: the second one goes before the first of whatever came later.
        place = next(self._places)
        key = await self._secret()
        while message.to:
            nr = self._session.next(message)

            async def exchange(nr: int = nr) -> Answer | NoAnswer | None:
                return await self._ask(nr, message, said, key) if self._session.next(message) == nr else None

            answer = await self._lanes[nr].run(urgency, place, exchange)
            if answer is None:  # while it waited, this receiver was found silent: it goes on to another one
                continue
            now = self._clock.now()
            self._session.hear(message, nr, answer, now.at, now.mono_s)
            self._tell()

    async def _ask(self, nr: int, message: Message, said: Report, key: bytes | None) -> Answer | NoAnswer:
        # The frame is made when its turn has come: it bears the time.
        frame = encode(self._frame(nr, message.sequence, said), key)
        try:
            answer = await ask(self._line.receivers[nr], self._addresses[nr], frame, self._clock.now().mono_s)
            return parse_answer(answer, key)
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

    async def _secret(self) -> bytes | None:
        """The key, or None when the plan names none. Raises Undeliverable: in the clear nothing is said instead."""
        if not self._key_wanted:
            return self._key
        try:
            self._key = await self._read()
        except (OSError, ValueError, ImportError) as error:
            self._key_fault = str(error)
            self._tell()
            if self._key is None:
                raise Undeliverable(f"no key for the alarm centre: {error}") from error
        else:
            self._key_wanted = False
            self._key_fault = ""
        return self._key

    async def _read(self) -> bytes:
        """The key from its file. Raises OSError also when that hangs; the same reading is waited for again then."""
        reading = self._reading = self._reading or in_own_thread(partial(read_key, Path(self._line.key_file)))
        await asyncio.wait({reading}, timeout=KEY_S)
        if not reading.done():
            raise TimeoutError(f"{self._line.key_file} is not read within {KEY_S:g} s: does its disk hang?")
        if self._reading is reading:
            self._reading = None
        return reading.result()

    def _tell(self) -> None:
        """Tell every fault that is another one than before."""
        faults = self._session.faults()
        if faults.get(REFUSED):
            self._key_wanted = bool(self._line.key_file)  # somebody may have put another into it
        if self._key_fault is not None:
            faults[KEY] = self._key_fault
        for fault, detail in faults.items():
            if self._told.get(fault) != detail:
                self._told[fault] = detail
                self._hear(h.Trouble(fault, detail) if detail else h.TroubleOver(fault))


def read_key(path: Path) -> bytes:
    """The AES key that stands in a file. Raises OSError, ValueError, or ImportError where AES is not installed."""
    try:
        # Here and in a thread, so that no frame fails or waits for it.
        import cryptography.hazmat.primitives.ciphers  # noqa: F401
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
