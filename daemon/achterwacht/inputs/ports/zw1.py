"""Our own nodes on a serial line, exactly as docs/wire.md has them under "Serial": lines of text with a CRC.

A node says its own number, so a zender here has no address, and a number that this port was not given is told all the
same: the core pages it. A damaged line is dropped; the node repeats its press every half second until it is confirmed.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections.abc import Iterator, Sequence
from typing import cast

from achterwacht.core import heard as h
from achterwacht.core.display import HelpSign
from achterwacht.inputs.ports import Complaint
from achterwacht.inputs.wiring import OnPort, PressIds

BAUD = 115_200
OUR_NODES = True

START = b"ZW1;"
LINE_MAX_BYTES = 120
"""With its newline (docs/wire.md). Of a longer one only the end is kept: a good line may follow garbage."""
SEQ_MAX = 2**31 - 1
BATTERY_MAX = 100
QUOTED_MAX = 60
"""So much of a bad line stands in the fault: enough to see what it is, short enough for a screen."""

LINE = re.compile(
    rb"(?P<said>ZW1;(?P<nr>[1-9][0-9]{0,3});(?P<boot>[0-9a-fA-F]{4,32});(?P<seq>[1-9][0-9]{0,9});"
    rb"(?P<verb>[A-Z]{1,10});(?P<arg>[ -:<-~]*));(?P<crc>[0-9A-F]{4})"
)
AGE_MS = re.compile(r"[0-9]{1,10}")
BEAT = re.compile(r"(?P<battery>-|[0-9]{1,3}),(?P<tamper>[01]),(?P<line>ok|cut|short)")


def check_address(address: str) -> str | None:
    """A node says its own number."""
    return (
        f"{address!r}: a zender on a zw1 port has no address, it says its own number: leave it out" if address else None
    )


def encode(nr: int, boot: str, seq: int, verb: str, arg: str) -> bytes:
    """One line to a node."""
    said = f"ZW1;{nr};{boot};{seq};{verb};{arg}".encode("ascii")
    return b"%s;%04X\n" % (said, crc_hqx(said, 0))


class Line:
    """Hears and answers the nodes of one line."""

    opening: tuple[tuple[bytes, float], ...] = ()
    alive = True
    """A line without a node is no fault of the port: each zender's own silence is one."""

    def __init__(self, port: str, zenders: Sequence[OnPort], press_ids: PressIds) -> None:
        self._unfinished = b""
        # By number, so 9999 at most: the boot and seq last heard. What a sign without an alarm is told to.
        self._last: dict[int, tuple[str, int]] = {}

    def opened(self, now_s: float) -> None:
        self._unfinished = b""

    def feed(self, data: bytes, now_s: float) -> Iterator[h.Heard | Complaint]:
        *lines, unfinished = (self._unfinished + data).split(b"\n")
        # One byte more than a whole line needs: a carriage return before the newline does no harm.
        self._unfinished = unfinished[-LINE_MAX_BYTES:]
        for line in lines:
            if line.strip(b"\r"):
                yield self._heard(line.removesuffix(b"\r"), now_s)
        if len(unfinished) > LINE_MAX_BYTES:
            yield _malformed(f"no line ends within {LINE_MAX_BYTES} bytes: {_quoted(unfinished)}")

    def _heard(self, line: bytes, now_s: float) -> h.Heard | Complaint:
        # A line has no other start in it: what stands before the last one is garbage, or a line cut off.
        start = max(line.rfind(START), 0)
        whole = LINE.fullmatch(line, start)
        if whole is None or len(line) - start >= LINE_MAX_BYTES:
            return _malformed(f"no line of docs/wire.md: {_quoted(line[start:])}")
        if crc_hqx(whole["said"], 0) != int(whole["crc"], 16):
            return _malformed(f"a line that was damaged on its way (CRC): {_quoted(line[start:])}")
        nr, boot, seq = int(whole["nr"]), whole["boot"].decode(), int(whole["seq"])
        if seq > SEQ_MAX:
            return _malformed(f"zender {nr} counts above {SEQ_MAX}: {_quoted(line[start:])}")
        heard = _meaning(nr, boot, seq, whole["verb"].decode(), whole["arg"].decode(), now_s)
        if heard is None:
            return _malformed(f"zender {nr} says what docs/wire.md does not know: {_quoted(line[start:])}")
        self._last[nr] = boot, seq
        return heard

    def say(self, now_s: float) -> bytes:
        return b""

    def confirm(self, nr: int, boot: str, seq: int, incident: str, durable: bool) -> bytes:
        return encode(nr, boot, seq, "CONF", incident if durable else f"!{incident}")

    def help(self, nr: int, sign: HelpSign) -> bytes:
        """Echoes the press that raised the alarm; without an alarm, whatever the node said last. Empty before that."""
        if sign.incident:
            _, boot, seq = sign.incident.split("-")
            return encode(nr, boot, int(seq), "HELP", sign.sign)
        if nr in self._last:
            return encode(nr, *self._last[nr], "HELP", sign.sign)
        return b""


def _meaning(nr: int, boot: str, seq: int, verb: str, arg: str, now_s: float) -> h.Heard | None:
    if verb == "PRESS" and AGE_MS.fullmatch(arg):
        return h.Pressed(f"{nr}-{boot}-{seq}", nr, boot, now_s, int(arg))
    if verb == "BEAT" and (beat := BEAT.fullmatch(arg)):
        battery = None if beat["battery"] == "-" else int(beat["battery"])
        if battery is None or battery <= BATTERY_MAX:
            line = cast(h.Line, beat["line"])
            return h.Telemetry(f"zender:{nr}", boot, battery, tamper=beat["tamper"] == "1", line=line)
    return None


def _malformed(detail: str) -> Complaint:
    return Complaint("malformed", detail)


def _quoted(line: bytes) -> str:
    return repr(line[:QUOTED_MAX])[1:]
