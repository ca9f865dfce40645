"""An RFXtrx433 receiver: bought alarm pendants, alarm contacts and PT2262/EV1527 remotes by radio.

Knows its frames (a length byte and so many more; Security1 and Lighting4 of them), its opening and what it answers.
Nothing is ever sent by radio. It must be written to all the same: after power it is deaf until it is told to start, and
it says nothing by itself, so it is asked every 10 s whether it still lives. The opening is pyRFXtrx's and RFXCOM's own:
reset (which brings back the radio protocols that were saved in it), throw away what came until then, ask its state,
start. Not tried on a real one. Tables: RFXtrx/lowlevel.py of pyRFXtrx; frames are held against it in the tests.

There is no checksum and no start byte. In step, every frame is found. Out of step (a byte was lost), a wrong length
byte can swallow what follows, until a silence: after GAP_S without a byte the frame that still waits is given up, and
what it had swallowed is read again. So a frame is never lost when GAP_S of silence stands before it; nor when only
garbage that begins no frame does. A pendant sends each press several times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from achterwacht.core import heard as h
from achterwacht.core.display import HelpSign
from achterwacht.inputs.ports import Complaint, Silent
from achterwacht.inputs.wiring import OnPort, PressIds

BAUD = 38_400
OUR_NODES = False

# --- frames -----------------------------------------------------------------------------------------------------------

INTERFACE, LIGHTING4, SECURITY1 = 0x01, 0x13, 0x20
LENGTHS = {INTERFACE: (0x0D, 0x14), 0x02: (0x04,), LIGHTING4: (0x09,), SECURITY1: (0x08,)}
"""What the length byte is in the frames we read, and in the answer to a sending. Other types are skipped by length."""
LENGTH_MIN, LENGTH_MAX = 4, 40
"""Of any type: a type, a subtype, a number and one byte at least; the longest known (undecoded, 0x03) is 36."""
TYPES = frozenset({*range(0x01, 0x05), *range(0x10, 0x80)})
"""What a type may be: its answers and what it could not decode; devices begin at 0x10 and none is known above 0x7F."""
GAP_S = 0.3
"""A frame takes 11 ms at most at 38400 baud. Longer than USB and a busy machine hold up its second half; shorter than a
person needs to press again."""

RESET = bytes((0x0D, 0x00, 0x00, 0x00, 0x00, *[0] * 9))
ASK_STATE = bytes((0x0D, 0x00, 0x00, 0x01, 0x02, *[0] * 9))
START = bytes((0x0D, 0x00, 0x00, 0x03, 0x07, *[0] * 9))
RESET_S = 0.5
"""RFXCOM wants 0.05 s at least; pyRFXtrx waits 0.3 s because less did not do for its author."""
ASK_EVERY_S = 10.0
"""As often as our own nodes speak: a receiver that hangs shows within 30 s (docs/promises.md)."""
ANSWER_WITHIN_S = 3.0
"""It answers in milliseconds, but first tells what it is receiving. With the opening this is within 5 s."""

# --- Security1 --------------------------------------------------------------------------------------------------------

KINDS = {
    0x00: "x10",  # contact
    0x01: "x10",  # motion
    0x02: "x10",  # remote, pendant
    0x03: "kd101",
    0x04: "powercode",  # primary contact
    0x05: "powercode",  # motion
    0x06: "codesecure",
    0x07: "powercode",  # auxiliary contact
    0x08: "meiantech",
    0x09: "sa30",
    0x0A: "rm174",
}
"""Subtype to the first part of an address: one device may speak in several subtypes."""
WITHOUT_BATTERY = (0x03, 0x09, 0x0A)
"""The smoke detectors: their low nibble means nothing."""
LIGHTING4_KIND = "lighting4"

TAMPER = 0x80
# Alarm, alarm delayed, panic. "Delayed" is how a contact was set up and no reason for us to wait.
PRESSES = {0x02: "Alarm", 0x03: "Alarm Delayed", 0x06: "Panic"}
BATTERY_LOW = 0x16
BATTERY_FULL = 9
"""0 (empty) to 9 (full), told as 0 to 100 % in equal steps. Most devices know but these two; the other nibbles mean
nothing."""

DEDUPE_S = 3.0
"""One press comes 2 to 8 times, in up to 1.35 s (captures); one that comes this long after the last that counted is a
person pressing again."""

# --- radio protocols --------------------------------------------------------------------------------------------------

AT_433 = (0x52, 0x53)
"""The receivers whose switches we know; others (868 MHz) have other ones."""
SWITCHES = {
    LIGHTING4_KIND: (7, 0x08, "Lighting4"),
    "x10": (9, 0x01, "X10"),
    "meiantech": (9, 0x10, "Meiantech"),
    "powercode": (9, 0x80, "Visonic"),
    "codesecure": (9, 0x80, "Visonic"),
}
"""Kind to the byte and the bit in the receiver's state that say whether it listens for it, and RFXCOM's name of it."""

ADDRESS = re.compile(rf"({'|'.join(sorted({*KINDS.values(), LIGHTING4_KIND}))}):[0-9a-f]{{6}}")


def check_address(address: str) -> str | None:
    """`<kind>:<six hex digits>`, in lower case, as a fault of this port tells them when the button is pressed."""
    if ADDRESS.fullmatch(address):
        return None
    kinds = ", ".join(sorted({*KINDS.values(), LIGHTING4_KIND}))
    return f"{address!r}: expected a kind ({kinds}) and six lower-case hex digits, like x10:aabbcc"


class Frames:
    """Cuts the stream of bytes into frames, without their length byte."""

    def __init__(self) -> None:
        self._unfinished = bytearray()
        self._last_byte_s = 0.0

    def feed(self, data: bytes, now_s: float) -> Iterator[bytes | Complaint]:
        """The frames that are whole now, in order; holds no more than one unfinished frame."""
        if self._unfinished and now_s - self._last_byte_s >= GAP_S:
            yield from self._give_up()
        if data:
            self._last_byte_s = now_s
            self._unfinished += data
            yield from self._cut()

    def clear(self) -> None:
        self._unfinished.clear()

    def _give_up(self) -> Iterator[bytes | Complaint]:
        # What waits is no frame; but one may stand in what it had swallowed.
        yield Complaint("malformed", f"half a frame: {_hex(self._unfinished)}")
        while self._unfinished:
            del self._unfinished[0]
            yield from (frame for frame in self._cut() if isinstance(frame, bytes))

    def _cut(self) -> Iterator[bytes | Complaint]:
        waiting = self._unfinished
        out_of_step = bytearray()
        while waiting:
            length = waiting[0]
            if not _may_begin(waiting):
                out_of_step.append(waiting.pop(0))
                continue
            if len(waiting) <= length:
                break
            frame = bytes(waiting[1 : length + 1])
            del waiting[: length + 1]
            yield frame
        if any(out_of_step):  # the receiver sends single zeros now and then
            yield Complaint("malformed", f"bytes that begin no frame: {_hex(out_of_step)}")


def _may_begin(data: bytearray) -> bool:
    length = data[0]
    if len(data) > 1 and data[1] in LENGTHS:
        return length in LENGTHS[data[1]]
    return LENGTH_MIN <= length <= LENGTH_MAX and (len(data) == 1 or data[1] in TYPES)


def _hex(data: bytes | bytearray) -> str:
    return bytes(data[:LENGTH_MAX]).hex(" ")


class Line:
    """Hears the pendants around one receiver."""

    opening: tuple[tuple[bytes, float], ...] = ((RESET, RESET_S),)

    def __init__(self, port: str, zenders: Sequence[OnPort], press_ids: PressIds) -> None:
        self._port = port
        self._zenders = {zender.address: zender.nr for zender in zenders}
        self._press_ids = press_ids
        self._frames = Frames()
        # By zender: when the last press was that counted.
        self._pressed_s: dict[int, float] = {}
        self._deaf_for: str | None = None
        self._asked_s: float | None = None
        self._answered = False
        self.alive = False

    def opened(self, now_s: float) -> None:
        self._frames.clear()
        self.alive = False
        self._asked_s = None
        self._deaf_for = None

    def say(self, now_s: float) -> bytes:
        """Asks for its state; the first time, tells it to start."""
        if self._asked_s is None:
            self._asked_s, self._answered = now_s, False
            return ASK_STATE + START
        if not self._answered and now_s - self._asked_s >= ANSWER_WITHIN_S:
            raise Silent("the receiver does not answer: is this an RFXtrx? Pull it out and put it back")
        if self._answered and now_s - self._asked_s >= ASK_EVERY_S:
            self._asked_s, self._answered = now_s, False
            return ASK_STATE
        return b""

    def confirm(self, nr: int, boot: str, seq: int, incident: str, durable: bool) -> bytes:
        """Nothing: a pendant cannot hear."""
        return b""

    def help(self, nr: int, sign: HelpSign) -> bytes:
        """Nothing: a pendant cannot hear."""
        return b""

    def feed(self, data: bytes, now_s: float) -> Iterator[h.Heard | Complaint]:
        for frame in self._frames.feed(data, now_s):
            if isinstance(frame, Complaint):
                yield frame
            elif frame[0] == INTERFACE:
                yield from self._state(frame)
            elif frame[0] == SECURITY1:
                yield from self._security(frame, now_s)
            elif frame[0] == LIGHTING4:
                # These remotes say their code and nothing else: whatever comes is a press.
                address = f"{LIGHTING4_KIND}:{frame[3:6].hex()}"
                yield from self._press(address, "pressed", now_s)
                yield from self._life(address)

    def _security(self, frame: bytes, now_s: float) -> Iterator[h.Heard | Complaint]:
        subtype, status, battery = frame[1], frame[6], frame[7] & 0x0F
        address = f"{KINDS.get(subtype, f'security-{subtype:02x}')}:{frame[3:6].hex()}"
        said = status & ~TAMPER
        if said in PRESSES:
            yield from self._press(address, PRESSES[said], now_s)
        knows_battery = subtype not in WITHOUT_BATTERY and battery <= BATTERY_FULL and said != BATTERY_LOW
        yield from self._life(
            address,
            battery=round(battery * 100 / BATTERY_FULL) if knows_battery else None,
            # A new battery ends what 0x16 began.
            battery_low=True if said == BATTERY_LOW else False if knows_battery and battery == BATTERY_FULL else None,
            tamper=bool(status & TAMPER),
        )

    def _press(self, address: str, said: str, now_s: float) -> Iterator[h.Heard | Complaint]:
        nr = self._zenders.get(address)
        if nr is None:
            # A fault and no page: radio carries over to the neighbours, whose pendants are not ours to answer. Who has
            # bought a new one reads here what to write.
            yield Complaint("unknown", f"{address} says {said} and is no zender here; if it is yours, add it")
        elif nr not in self._pressed_s or now_s - self._pressed_s[nr] >= DEDUPE_S:
            self._pressed_s[nr] = now_s
            yield h.Pressed(self._press_ids.next(nr), nr, "", now_s)

    def _life(
        self, address: str, battery: int | None = None, battery_low: bool | None = None, tamper: bool | None = None
    ) -> Iterator[h.Heard]:
        if address in self._zenders:
            nr = self._zenders[address]
            yield h.Telemetry(f"zender:{nr}", "", battery, battery_low=battery_low, tamper=tamper)

    def _state(self, frame: bytes) -> Iterator[h.Heard]:
        """Its answer to ASK_STATE; that to START says nothing of use, and old firmware calls it a wrong command."""
        if frame[1] != 0x00 or frame[3] != ASK_STATE[4]:
            return
        self._answered = self.alive = True
        # Counted with the length byte, as RFXCOM does.
        state = b"\0" + frame
        kinds = {address.partition(":")[0] for address in self._zenders}
        switches = {SWITCHES[kind] for kind in kinds & SWITCHES.keys()} if state[5] in AT_433 else set()
        deaf_for = ", ".join(sorted(name for byte, bit, name in switches if not state[byte] & bit))
        if deaf_for != self._deaf_for:
            self._deaf_for = deaf_for
            key = f"gateway:{self._port}/deaf"
            yield (
                h.Trouble(key, f"the receiver does not listen for {deaf_for}: switch it on with RFXmngr and save it")
                if deaf_for
                else h.TroubleOver(key)
            )
