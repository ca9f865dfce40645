"""Who says what next on a line that speaks ESPA 4.4.4: we have calls to bring, the paging system has news of them.

One of the two is the control station and has the line whenever nobody else has; EOT gives it back. Usually we are:

    we bring a call              EOT 1 ENQ 2 ENQ >  < ACK   block >  < ACK   EOT >
    we ask, it has nothing                EOT 2 ENQ >  < EOT
    we ask, and it tells                  EOT 2 ENQ >  < 1 ENQ   ACK >  < block   ACK >  < EOT

Where the paging system is (`polled`), it asks us:

    nothing to bring             < EOT 1 ENQ   EOT >
    we bring a call              < EOT 1 ENQ   2 ENQ >  < ACK   block >  < ACK   EOT >
    it tells                     < EOT 2 ENQ 1 ENQ   ACK >  < block   ACK >  < EOT

`_heard` has what follows from a word, `_late` what follows when none comes. No answer has a number, so one that belongs
to earlier words cannot be told from the right one: a line that keeps answers back for seconds cannot be used. How words
are written is espa_frames', which call is next calls.py's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from achterwacht.outputs.paging_base import espa_frames as f
from achterwacht.outputs.paging_base.dialect import Acknowledged, Base, Call, Nonsense, Refused, Said, Taken
from achterwacht.outputs.wiring import PagingBase

POLL_EVERY_S = 2.0
"""How old news of the base may get, and how soon a base that went away is missed; a poll costs a few characters."""
HANDSHAKE_WAIT_S = 2.5
"""For the answer to a poll or a select, of one or two characters. digimat-espa waits as long."""
UNANSWERED_MAX = 2
"""So many polls or selects without an answer, 5 s together: the base is not there. One may have been noise."""
ALONE_S = 0.1
"""So long nothing may follow the EOT or NAK that answers a poll or a select: our own words begin with an EOT too, and
come back from some lines, and noise is full of them. Longer than what follows our EOT takes at 300 baud (73 ms)."""
BLOCK_ANSWER_WAIT_S = 3.0
"""For the answer to a block. Longer than a block is under way at 300 baud (2.6 s): behind a TCP device server the line
has a baud rate that we do not know."""
RETRANSMISSIONS = 4
"""Of a block that was not taken as it was sent, or whose answer was damaged. EspaCommunicator has 2; but a call that is
begun anew may sound twice, and where a tenth of all messages is damaged that would be one in a hundred."""
TELLING_MAX_S = 4.0
"""How long the base may tell before we take the line back: a call may be waiting, and what it has not told it tells at
a later poll. Enough for four statuses at 300 baud. Where the base has the line, so long for each status block."""
POLLED_SILENT_S = 35.0
"""The control station polls each 1 to 30 s, as it was set up (EspaCommunicator): without a poll for longer, it is not
there, whatever else it says."""
PAGED_WAIT_S = 30.0
"""How long a base may take to say *paged*: at 512 baud one page takes up to 3.3 s, it may be sent several times, and
others may be before it. Also how long it may take to say that its transmitter fails."""
WAITING_MAX = 64
"""Calls that wait for *paged*. More than a town hall has pagers; the base's own queue is usually shorter."""
ADDRESSES_MAX = 256
"""Addresses whose newest call is remembered, to know what an acknowledgement is about."""

CALL_TO_PAGER, STATUS = "1", "2"
"""Header types."""
ADDRESS, TEXT, BEEPS, CALL_TYPE, TRANSMISSIONS, PRIORITY, CALL_STATUS, SYSTEM_STATUS = "12345678"
"""Records."""
RESET, STANDARD_CALL = "1", "3"
"""Call types: take an earlier call back, and a call without speech."""
ALARM, NORMAL = "1", "3"
"""Priorities."""
QUIET_BEEPS = "1"
"""For what is not urgent. Systems number their tones from 1 as they like; the first is the plainest in most."""

TRANSMITTER_FAILS = "1"
"""The one system status there is."""
IN_QUEUE, ACKNOWLEDGED, SPEECH_OPEN = "2", "6", "7"
PAGED = ("3", "71")
NOT_PAGED = {
    "1": "the paging system says that this pager is busy",
    "4": "the paging system says that this pager is absent",
    "72": "the paging system says that this pager is absent",
    "5": "the paging system ended the call and did not say that it was paged",
    "8": "the paging system reports a fault with this call",
}
"""Call statuses. The ones in none of these lines are manufacturers'."""

SILENT = "the paging system does not answer: is it on, is its cable in, are the serial settings and addresses the same?"
NEVER_POLLED = (
    "the paging system never polled us, and `polled: true` says that it does: if it waits to be polled, as most do,"
    " set `polled: false`; otherwise look at its cable, its serial settings and `own_address`"
)
NOT_POLLED = f"the paging system has not polled us for {POLLED_SILENT_S:g} s: is it on, is its cable in?"
BROKEN_TRANSMITTER = "the paging system reports that its transmitter fails: no pager of it will ring"
ECHO = "the line sends back what we say: switch off the adapter's echo, or look at the plug"
NO_ROOM = "the paging system is busy"
GARBLED = f"the paging system did not get the call undamaged in {RETRANSMISSIONS + 1} transmissions"
UNKNOWN = "the paging system does not know this kind of call: compare address, beeps and text with its settings"
NOT_TOLD = f"the paging system took the call, and did not say within {PAGED_WAIT_S:g} s that it was paged"
TOO_MANY = f"more than {WAITING_MAX} calls wait for the paging system to say that they were paged"

Line = Literal["free", "asked", "polling", "telling", "selecting", "sending"]
"""What we wait for: `polling` what the base says to our poll, `telling` its next status block, `selecting` whether it
is ready for ours, `sending` whether it has got it. `asked`: for a call to begin; with none, the next write says that
there is none. `free`: for nothing."""


class EspaExchange:
    """One line with one base; an Exchange of dialect.py.

    A transmitter failure stands until the base says something else or says *paged*. Where it never says that, a call
    that it took and that no failure followed within PAGED_WAIT_S has to be enough. That, and which call an
    acknowledgement would be about, outlasts an opening: neither is on the line.
    """

    def __init__(self, base: PagingBase) -> None:
        self._base = base
        form = base.format
        bits = 1 + form.bits + (form.parity != "none") + form.stop_bits
        self._char_s = bits / form.baud if base.path else 0.0
        self._reader = f.Reader()
        self._transmitter_fails = False
        # By address, the newest last: the call that was handed over last.
        self._newest: dict[str, str] = {}
        self.opened(0.0)

    def opened(self, now_s: float) -> None:
        self._reader.forget()
        self._unsaid = b""
        self._left_s = now_s  # when all that we said can have left
        self._words = 0  # heard since then
        self._has_answered = False  # by a word that must still stand alone
        self._line: Line = "free"
        self._by_s = now_s  # when what we wait for is late; while the line is not free
        self._call: Call | None = None
        self._block = b""
        self._sent = 0  # transmissions of the block
        self._invalid = 0  # how many of them the base called invalid
        self._unanswered = 0
        self._poll_s = now_s
        self._polled = False  # since the opening
        self._silent_s = now_s + POLLED_SILENT_S
        self._mended_s: float | None = None  # when the transmitter no longer fails, if the base does not say so again
        self._last_status: f.Block | None = None
        # By call, the oldest first: until when it may be said to be paged.
        self._waiting: dict[str, tuple[Call, float]] = {}
        self._away = ""  # why the base is not there; empty when it is
        self._told: Base | None = None

    # --- what the port asks -----------------------------------------------------------------------------------------

    def feed(self, data: bytes, now_s: float) -> list[Said]:
        return [said for word in self._reader.feed(data) for said in self._heard(word, now_s)]

    def tick(self, now_s: float) -> list[Said]:
        return [*self._never_paged(now_s), *self._mended(now_s), *self._never_polled(now_s), *self._late(now_s)]

    @property
    def idle(self) -> bool:
        if self._base.polled:
            return self._line == "asked"
        # Whether an answer stands alone only tells whether the base is there: a call does not wait to know.
        return self._line == "free" or (self._line == "polling" and self._has_answered)

    def begin(self, call: Call, now_s: float) -> None:
        self._call = call
        self._block = f.encode(_block(call, self._base))
        self._select(now_s)

    def to_write(self) -> bytes:
        if self._line == "asked":
            self._say(self._left_s, f.End())
            self._line = "free"
        data, self._unsaid = self._unsaid, b""
        return data

    @property
    def due_s(self) -> float | None:
        due = [by_s for _, by_s in self._waiting.values()][:1]
        if self._line not in ("free", "asked"):
            due.append(self._by_s)
        elif not self._base.polled:
            due.append(self._poll_s)
        if self._base.polled and not self._away:
            due.append(self._silent_s)
        if self._mended_s is not None:
            due.append(self._mended_s)
        return min(due, default=None)

    # --- what follows from a word -------------------------------------------------------------------------------------

    def _heard(self, word: f.Word, now_s: float) -> Iterator[Said]:
        base = self._base
        is_first = self._comes_first()
        if self._has_answered:  # and goes on: that was no answer
            self._has_answered = False
            self._by_s = self._left_s + HANDSHAKE_WAIT_S
        match self._line, word:
            # Whoever has the line asks the other.
            case "polling" | "selecting", f.Poll(base.base_address) | f.Select(base.base_address):
                yield from self._not_answered(now_s, ECHO)
            case "polling" | "selecting", f.End() | f.Nak() if not base.polled:
                if is_first:
                    self._has_answered = True
                    self._by_s = now_s + ALONE_S
            case "polling", f.Select(base.own_address) if is_first:
                yield from self._answered()
                self._listen(now_s)
            case "telling", f.Select(base.own_address):
                self._listen_again(now_s)
            case "polling", f.Select(address) if address != base.own_address:
                yield Nonsense(f"the paging system wants to tell station {address!r}, we are {base.own_address!r}")
            case "free", f.Select(base.own_address) if base.polled:
                self._listen(now_s)
            case "free" | "asked", f.Poll(base.own_address) if base.polled:
                yield from self._polled_by(now_s)
                self._line = "asked"
            case "asked", f.End():
                self._line = "free"
            case "free", f.Poll(base.own_address):
                yield Nonsense("the paging system polls us, and we poll it: set `polled: true`, or make it wait for us")

            # The base tells.
            case "telling", f.Block(header) as block if header == STATUS:
                self._say(now_s, f.Ack())
                self._go_on_listening()
                # Twice the same in one go: our ACK was lost.
                if block != self._last_status:
                    self._last_status = block
                    yield from self._news(block)
            case "telling", f.Block(header):
                self._say(now_s, f.Nak(f.INVALID))
                self._go_on_listening()
                yield Nonsense(f"the paging system sent a block of type {header!r}, we take only statuses ({STATUS})")
            case "telling", f.BadBlock(prefix, detail):
                self._say(now_s, f.Nak(prefix))
                self._go_on_listening()
                yield Nonsense(detail)
            case "telling", f.End():
                self._told_all(now_s)

            # We bring a call. An ACK that does not come first is no answer: it may be a part of noise.
            case "selecting", f.Ack() if is_first:
                yield from self._answered()
                self._sent = self._invalid = 0
                self._send(now_s)
            case "selecting", f.Nak():
                yield from self._refused(NO_ROOM)
                self._hang_up(now_s)
            case "selecting", f.End():
                yield from self._refused(NO_ROOM)
                self._line = "free"
            case "sending", f.Ack() if is_first:
                yield from self._block_taken(now_s)
                self._hang_up(now_s)
            case "sending", f.Nak(f.BUSY):
                yield from self._refused(NO_ROOM)
                self._hang_up(now_s)
            case "sending", f.Nak(f.INVALID):
                # Only one bit makes this of another NAK, and it is for good: the base must say it twice.
                self._invalid += 1
                yield from self._send_again(now_s)
            case "sending", f.Nak():
                yield from self._send_again(now_s)
            case "sending", f.End():
                # One bit makes this of an ACK, and then the call is taken: said again in this selection it sounds once.
                yield from self._send_again(now_s)

            # Everything else is late, or said to another station.
            case _, f.Noise(detail):
                yield Nonsense(detail)

    def _late(self, now_s: float) -> Iterator[Said]:
        """What follows when the word that we wait for has not come, or when the line is free and it is time to poll."""
        if self._line in ("free", "asked"):
            if not self._base.polled and now_s >= self._poll_s:
                self._poll(now_s)
            return
        if now_s < self._by_s:
            return
        match self._line:
            case "polling" if self._has_answered:
                yield from self._answered()
                self._rest(now_s)
            case "selecting" if self._has_answered:
                yield from self._answered()
                yield from self._refused(NO_ROOM)
                self._hang_up(now_s)
            case "polling" | "selecting":
                yield from self._not_answered(now_s, SILENT)
            case "telling" if self._base.polled:
                self._line = "free"
            case "telling":
                self._say(now_s, f.End())
                self._told_all(now_s)
            case "sending":
                yield from self._send_again(now_s)

    def _comes_first(self) -> bool:
        """Whether this is the first word since ours left. What came before they left is no answer to them."""
        if self._unsaid:
            return False
        self._words += 1
        return self._words == 1

    # --- what we say --------------------------------------------------------------------------------------------------

    def _say(self, now_s: float, *words: f.Said | bytes) -> None:
        """Our turn: what was half heard before it is void."""
        data = b"".join(word if isinstance(word, bytes) else f.encode(word) for word in words)
        self._reader.forget()
        self._words = 0
        self._has_answered = False
        self._unsaid += data
        self._left_s = max(now_s, self._left_s) + len(data) * self._char_s

    def _wait(self, line: Line, wait_s: float) -> None:
        self._line = line
        self._by_s = self._left_s + wait_s

    def _poll(self, now_s: float) -> None:
        self._poll_s = now_s + POLL_EVERY_S
        self._say(now_s, f.Poll(self._base.base_address))
        self._wait("polling", HANDSHAKE_WAIT_S)

    def _select(self, now_s: float) -> None:
        """Ask the base to take a block; as control station we first give the line to ourselves."""
        ours = () if self._base.polled else (f.Poll(self._base.own_address),)
        self._say(now_s, *ours, f.Select(self._base.base_address))
        self._wait("selecting", HANDSHAKE_WAIT_S)

    def _send(self, now_s: float) -> None:
        self._sent += 1
        self._say(now_s, self._block)
        self._wait("sending", BLOCK_ANSWER_WAIT_S)

    def _send_again(self, now_s: float) -> Iterator[Said]:
        if self._invalid > 1:
            yield from self._refused(UNKNOWN, permanent=True)
            self._hang_up(now_s)
        elif self._sent > RETRANSMISSIONS:
            yield from self._refused(GARBLED)
            self._hang_up(now_s)
        else:
            self._send(now_s)

    def _listen(self, now_s: float) -> None:
        self._last_status = None
        self._say(now_s, f.Ack())
        self._wait("telling", TELLING_MAX_S)

    def _listen_again(self, now_s: float) -> None:
        """It has not heard our ACK."""
        self._say(now_s, f.Ack())
        self._go_on_listening()

    def _go_on_listening(self) -> None:
        """The line is ours but where we are polled: each of its words would put off a call that waits."""
        if self._base.polled:
            self._wait("telling", TELLING_MAX_S)

    def _told_all(self, now_s: float) -> None:
        """The base had its turn: what waits to be said goes before the next poll."""
        self._poll_s = now_s + POLL_EVERY_S
        self._rest(now_s)

    def _hang_up(self, now_s: float) -> None:
        self._say(now_s, f.End())
        self._rest(now_s)

    def _rest(self, now_s: float) -> None:
        """The line is free. A poll that is due goes before the next call, or many calls would keep the news out."""
        self._line = "free"
        if not self._base.polled and now_s >= self._poll_s:
            self._poll(now_s)

    # --- what becomes of a call ---------------------------------------------------------------------------------------

    def _block_taken(self, now_s: float) -> Iterator[Said]:
        call, self._call = self._call, None
        assert call is not None
        if not self._base.waits_for_paged or call.cancel:
            if self._transmitter_fails and self._mended_s is None and not call.cancel:
                self._mended_s = now_s + PAGED_WAIT_S
            yield self._taken(call)
            return
        if len(self._waiting) >= WAITING_MAX:
            yield from self._forget(next(iter(self._waiting)), TOO_MANY)
        self._waiting[call.id] = call, now_s + PAGED_WAIT_S

    def _refused(self, reason: str, *, permanent: bool = False) -> Iterator[Said]:
        call, self._call = self._call, None
        assert call is not None
        yield Refused(call.id, reason, permanent)

    def _forget(self, waiting: str, reason: str) -> Iterator[Said]:
        del self._waiting[waiting]
        yield Refused(waiting, reason)

    def _taken(self, call: Call, note: str = "") -> Taken:
        if not call.cancel:
            self._newest.pop(call.address, None)
            self._newest[call.address] = call.id
            if len(self._newest) > ADDRESSES_MAX:
                del self._newest[next(iter(self._newest))]
        return Taken(call.id, note)

    def _never_paged(self, now_s: float) -> Iterator[Said]:
        for waiting in [waiting for waiting, (_, by_s) in self._waiting.items() if now_s >= by_s]:
            yield from self._forget(waiting, NOT_TOLD)

    # --- what the base says -------------------------------------------------------------------------------------------

    def _news(self, status: f.Block) -> Iterator[Said]:
        address, about_call, about_system = (status.get(record) for record in (ADDRESS, CALL_STATUS, SYSTEM_STATUS))
        if about_system:
            self._transmitter_fails = about_system == TRANSMITTER_FAILS
            self._mended_s = None
        if about_call in PAGED or about_call == ACKNOWLEDGED:
            self._transmitter_fails = False
        yield from self._tell()

        # A base pages in the order in which it took the calls; it names only their address.
        waiting = next((waiting for waiting, (call, _) in self._waiting.items() if call.address == address), None)
        if about_call in PAGED or about_call == ACKNOWLEDGED:
            if waiting is not None:
                call, _ = self._waiting.pop(waiting)
                yield self._taken(call, "paged")
            if about_call == ACKNOWLEDGED:
                yield Acknowledged(address, self._newest.get(address, ""))
        elif about_call in NOT_PAGED:
            if waiting is not None:
                yield from self._forget(waiting, NOT_PAGED[about_call])
        elif about_call not in (IN_QUEUE, SPEECH_OPEN) and not about_system:
            yield Nonsense(
                f"the paging system says status {about_call!r} of {address!r}, which ESPA 4.4.4 does not know"
            )

    def _mended(self, now_s: float) -> Iterator[Said]:
        """While nothing is heard of the base, nothing is known of its transmitter either."""
        if self._mended_s is not None and now_s >= self._mended_s:
            self._mended_s = None
            if not self._away:
                self._transmitter_fails = False
                yield from self._tell()

    # --- whether the base is there ------------------------------------------------------------------------------------

    def _answered(self) -> Iterator[Said]:
        """Our poll or our select. Where we are polled, it is being polled that counts."""
        self._unanswered = 0
        if not self._base.polled:
            self._away = ""
            yield from self._tell()

    def _not_answered(self, now_s: float, reason: str) -> Iterator[Said]:
        """Our poll or our select was not answered, or only by itself."""
        self._unanswered += 1
        is_over = self._unanswered >= UNANSWERED_MAX
        self._poll_s = now_s + (POLL_EVERY_S if is_over else 0.0)
        if is_over and not self._base.polled:
            self._away = reason
            yield from self._tell()
        if self._line == "polling":
            self._line = "free"
        elif is_over:
            yield from self._refused(reason)
            self._hang_up(now_s)
        else:
            self._select(now_s)

    def _polled_by(self, now_s: float) -> Iterator[Said]:
        """By the base. Such a base is there, whatever it does not answer."""
        self._polled = True
        self._silent_s = now_s + POLLED_SILENT_S
        self._unanswered = 0
        self._away = ""
        yield from self._tell()

    def _never_polled(self, now_s: float) -> Iterator[Said]:
        if self._base.polled and now_s >= self._silent_s:
            self._away = NOT_POLLED if self._polled else NEVER_POLLED
            yield from self._tell()

    def _tell(self) -> Iterator[Base]:
        """How the base is, when that is not what was told last."""
        if self._away:
            base = Base("offline", self._away)
        elif self._transmitter_fails:
            base = Base("transmitter", BROKEN_TRANSMITTER)
        else:
            base = Base("ok")
        if base != self._told:
            self._told = base
            yield base


def _block(call: Call, base: PagingBase) -> f.Block:
    if call.cancel:
        return f.Block(CALL_TO_PAGER, ((ADDRESS, call.address), (CALL_TYPE, RESET)))
    return f.Block(
        CALL_TO_PAGER,
        (
            (ADDRESS, call.address),
            (TEXT, call.text),
            (BEEPS, base.beeps if call.urgent else QUIET_BEEPS),
            (CALL_TYPE, STANDARD_CALL),
            (TRANSMISSIONS, base.transmissions),
            (PRIORITY, ALARM if call.urgent else NORMAL),
        ),
    )
