"""The daemon's end of the phones process: starts it, starts it again, kills it when it hangs, and brings it alerts.

Knows the child's life and the lines to and from it (messages.py). What a way speaks is the child's (process.py), how
often an order is tried is dispatch's. Whatever the child does, nothing here waits for it without a bound.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from itertools import count

from achterwacht.core import heard as h
from achterwacht.core.turn import RINGING
from achterwacht.errors import Undeliverable
from achterwacht.outputs.dispatch import Alert
from achterwacht.outputs.phones.messages import (
    LINE_MAX_BYTES,
    Address,
    Button,
    Deliver,
    Forget,
    FromChild,
    Gone,
    Outcome,
    Ready,
    Redeemed,
    ToChild,
    Trouble,
    TroubleOver,
    Wire,
    from_child,
    line,
)
from achterwacht.outputs.texts import button_label, phone_text

COMMAND = (sys.executable, "-P", "-m", "achterwacht.outputs.phones.process")
"""-P: the folder that the daemon was started in is nowhere to import from."""
FAULT = "phones/process"
TIMEOUT_S = 10.0
"""The child gives a way 8 s and says why; it is cut off here only when it says nothing."""
SILENT_S = 5.0
"""The child beats every second. One that does not has a library that blocks it, and ends only when killed."""
START_S = 30.0
"""From start to ready: an old Pi with a slow card may need ten seconds for it."""
STEADY_S = 5.0
"""So long it must be ready before its fault is over, and before the pauses are short again."""
PAUSE_S = 0.5
"""Before it is started again; doubles each time, up to PAUSE_MAX_S."""
PAUSE_MAX_S = 10.0
TICK_S = 0.25
"""How often it is looked whether the child still beats."""
END_S = 2.0
"""A killed process is gone in milliseconds; one that hangs in a driver is left alone after this."""
NONSENSE_MAX = 100
"""Lines that are not understood, of one process; more of them and something is broken in it."""
SAID_MAX_BYTES = 64 * 1024
"""The longest line from the child; a reason has at most some hundred characters."""
WAITING_MAX_BYTES = 2 * 1024 * 1024
"""What may wait for a child that does not read: a whole Wire, and alerts for everybody."""

HOUR_S = 3600
RINGING_TTL_S = 120
"""As a page (docs/wire.md): later than this it would send people to what may be over."""
TEST_TTL_S = 6 * HOUR_S
"""A telephone that was off gets its test when it is on again, on the same morning."""
OTHER_TTL_S = HOUR_S

log = logging.getLogger(__name__)


class PhonesChannel:
    """The channel of every way to telephones.

    `redeem(token)`: a one-time token came back, not yet checked. `gone(member, registration)`: a push service says
    that this registration is no more. `address_of(member)`: where a member is reached, now.
    """

    timeout_s = TIMEOUT_S

    def __init__(
        self,
        hear: Callable[[h.Heard], None],
        redeem: Callable[[str], None],
        gone: Callable[[str, str], None],
        address_of: Callable[[str], Address],
        mono_s: Callable[[], float],
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._hear = hear
        self._redeem = redeem
        self._gone = gone
        self._address_of = address_of
        self._mono_s = mono_s
        self._command = command
        self._ids = count(1)
        self._wire: Wire | None = None
        self._is_wired = asyncio.Event()
        self._child: _Child | None = None
        self._pause_s = PAUSE_S
        # The faults that stand by what the present process has told, by key.
        self._standing: set[str] = set()
        # What was told of the process last: None nothing yet, empty that it works.
        self._told: str | None = None
        # Why it has not been told the newest plan; empty when it has.
        self._unsaid = ""

    def wire(self, wire: Wire) -> None:
        """Which ways there are, and who is reached where, from now on. Before the first there is no process.

        One that is too long for a line is a fault, and the one before stays.
        """
        length = len(line(wire))
        if length > LINE_MAX_BYTES:
            self._unsaid = (
                f"the plan's members and ways are too much for the process that reaches telephones ({length} bytes, at "
                f"most {LINE_MAX_BYTES}): remove members or ways; until then it works by the plan before"
            )
            self._tell(self._unsaid)
            return
        self._unsaid = ""
        self._wire = wire
        self._is_wired.set()
        if self._child:
            self._child.tell_wire(wire)

    async def deliver(self, alert: Alert) -> None:
        """Return when the carrier has taken it. Raises Undeliverable, at once while there is no process."""
        child = self._child
        if child is None or child.ready_s is None:
            raise Undeliverable("the phones process is not running")
        outcome = await child.deliver(self._order(alert))
        if outcome.reason:
            raise Undeliverable(outcome.reason, permanent=outcome.permanent)

    def _order(self, alert: Alert) -> Deliver:
        ordered = alert.ordered
        kind = ordered.kind
        title, text = phone_text(alert)
        buttons = tuple(
            Button(button_label(alert.language, answer), answer, token) for answer, token in alert.tokens.items()
        )
        return Deliver(
            id=str(next(self._ids)),
            order=ordered.order,
            way=ordered.target.partition(":")[0],
            member=alert.member,
            address=self._address_of(alert.member),
            kind=kind,
            incident=ordered.incident,
            title=title,
            text=text,
            urgent=kind in RINGING,
            ttl_s=ttl_s(kind),
            attempt=alert.attempt,
            reason=ordered.reason,
            buttons=buttons,
            acknowledge_token=alert.tokens.get("coming", ""),
            proof=alert.proof,
            url=alert.url,
        )

    # --- the life of the process --------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the process running, for ever."""
        await self._is_wired.wait()
        while True:
            why = await self._one_life()
            log.warning("the phones process %s", why)
            self._forget_faults()
            self._tell(f"the process that reaches telephones {why}; it is started again by itself")
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, PAUSE_MAX_S)

    async def _one_life(self) -> str:
        """Start the process and stay with it until it has ended: why."""
        assert self._wire is not None
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, limit=SAID_MAX_BYTES
            )
        except OSError as error:
            return f"cannot be started: {error}"
        child = _Child(process, self._take, self._mono_s)
        self._child = child
        try:
            child.tell_wire(self._wire)  # as it is now: it may have changed while the process was started
            return await self._stay_with(child)
        finally:
            self._child = None
            await child.end()

    async def _stay_with(self, child: _Child) -> str:
        while not child.has_ended():
            await child.wait(TICK_S)
            now_s = self._mono_s()
            if child.ready_s is None:
                if now_s - child.started_s > START_S:
                    return f"was not ready within {START_S:g} s"
            elif now_s - child.heard_s > SILENT_S:
                return f"hung: it gave no sign of life for {SILENT_S:g} s"
            elif now_s - child.ready_s >= STEADY_S:
                self._tell(self._unsaid)
                self._pause_s = PAUSE_S
        return child.wrong or await child.exit_in_words()

    def _tell(self, wrong: str) -> None:
        if wrong != self._told:
            self._told = wrong
            self._hear(h.Trouble(FAULT, wrong) if wrong else h.TroubleOver(FAULT))

    def _take(self, said: FromChild) -> None:
        """What the child says by itself."""
        if isinstance(said, Gone):
            log.warning("registration %s of %s is gone: %s", said.registration, said.member, said.reason)
            self._gone(said.member, said.registration)
        elif isinstance(said, Redeemed):
            self._redeem(said.token)
        elif isinstance(said, Trouble):
            self._standing.add(said.key)
            self._hear(h.Trouble(said.key, said.detail))
        elif isinstance(said, TroubleOver):
            self._standing.discard(said.key)
            self._hear(h.TroubleOver(said.key))

    def _forget_faults(self) -> None:
        """What a process has found that is no more: the next finds it again, if it still is so."""
        for key in sorted(self._standing):
            self._hear(h.TroubleOver(key))
        self._standing.clear()


def ttl_s(kind: str) -> int:
    """How long a message of this kind is worth something."""
    if kind in RINGING:
        return RINGING_TTL_S
    return TEST_TTL_S if kind == "test" else OTHER_TTL_S


class _Child:
    """One process, from its start to its end: what is said to it, and what it says."""

    def __init__(self, process: Process, take: Callable[[FromChild], None], mono_s: Callable[[], float]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._in = process.stdin
        self._out = process.stdout
        self._take = take
        self._mono_s = mono_s
        self.started_s = self.heard_s = mono_s()
        self.ready_s: float | None = None
        # Why it was killed, when that was for what it said.
        self.wrong = ""
        self._nonsense = 0
        # By id: as many as dispatch has orders under way.
        self._answers: dict[str, asyncio.Future[Outcome]] = {}
        self._hearing = asyncio.create_task(self._hear_all(), name="the phones process speaks")

    async def deliver(self, order: Deliver) -> Outcome:
        """What becomes of it. Raises Undeliverable when the process ends, or does not read."""
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._say(order)
        self._answers[order.id] = answer
        try:
            return await answer
        finally:
            del self._answers[order.id]
            if answer.cancelled():
                with contextlib.suppress(Undeliverable):
                    self._say(Forget(order.id))

    def tell_wire(self, wire: Wire) -> None:
        """One that cannot be told is killed: the next hears it first."""
        try:
            self._say(wire)
        except Undeliverable:
            self.kill()

    def has_ended(self) -> bool:
        return self._hearing.done()

    async def wait(self, within_s: float) -> None:
        """For its end."""
        await asyncio.wait({self._hearing}, timeout=within_s)

    async def exit_in_words(self) -> str:
        """How it ended; it has closed its side."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                status = await self._process.wait()
                return f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return "closed its line and does not end"

    def kill(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def end(self) -> None:
        """Kill it, hear what it still said, and tell all who wait that nothing more comes."""
        self.kill()
        await self.wait(END_S)
        self._hearing.cancel()
        self._in.close()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Undeliverable("the phones process ended"))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await self._process.wait()

    def _say(self, message: ToChild) -> None:
        data = line(message)
        waiting = self._in.transport.get_write_buffer_size()
        if len(data) > LINE_MAX_BYTES:
            raise Undeliverable(f"too long for the phones process ({len(data)} bytes)", permanent=True)
        if self._in.transport.is_closing():
            raise Undeliverable("the phones process ended")
        if waiting > WAITING_MAX_BYTES:
            raise Undeliverable("the phones process does not read")
        self._in.write(data)

    async def _hear_all(self) -> None:
        """Each line takes a turn of the loop, so that many of them delay nobody."""
        with contextlib.suppress(OSError):
            while True:
                try:
                    data = await self._out.readline()
                except ValueError:
                    self._not_understood(f"longer than {SAID_MAX_BYTES} bytes")
                    continue
                if not data:
                    return
                self._heard(data)
                await asyncio.sleep(0)

    def _heard(self, data: bytes) -> None:
        try:
            said = from_child.decode(data)
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            self._not_understood(str(error))
            return
        self.heard_s = self._mono_s()
        if isinstance(said, Ready):
            self.ready_s = self.ready_s or self.heard_s
        elif isinstance(said, Outcome):
            answer = self._answers.get(said.id)
            if answer is not None and not answer.done():
                answer.set_result(said)
        else:
            try:
                self._take(said)
            except Exception:  # a bug in what follows must not cut off all telephones
                log.exception("what the phones process said could not be used")

    def _not_understood(self, why: str) -> None:
        """Said once, and borne for a while: it may be one line of a library's."""
        self._nonsense += 1
        if self._nonsense == 1:
            log.error("a line from the phones process is not understood (%s); the next are not told", why)
        elif self._nonsense >= NONSENSE_MAX:
            self.wrong = f"spoke nonsense: {NONSENSE_MAX} lines of it"
            self.kill()
