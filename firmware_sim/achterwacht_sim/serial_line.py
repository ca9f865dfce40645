"""Simulated devices on a serial line: our own node, written from docs/wire.md "Serial", and an RFXtrx receiver.

Knows pseudo terminals, lines with their CRC and the receiver's frames. What a zender does (its presses, repeats and
signs) is its firmware's, the same as on MQTT: a line is the same message in another dress. A pseudo terminal enforces
no speed and loses no byte, so what goes wrong on a wire is played here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import time
import tty
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from achterwacht_sim.battery import Battery
from achterwacht_sim.events import Confirmed, Noted
from achterwacht_sim.firmware import TELEMETRY_EVERY_S
from achterwacht_sim.node import new_boot
from achterwacht_sim.watching import Lookout
from achterwacht_sim.wire import Message
from achterwacht_sim.zender import ZenderFirmware

# docs/wire.md, "Serial": a line with its newline.
MAX_LINE_BYTES = 120

# What the kernel keeps for a terminal.
READ_BYTES = 4096

# How often a simulated device looks at its end of the cable: far below what a person could notice.
POLL_S = 0.005

# What goes before a line when it is spoilt: no newline in it, so that it sticks to the line.
GARBAGE_BYTES = 40

LINE = re.compile(rb"ZW1;(\d+);([0-9a-fA-F]+);(\d+);(CONF|HELP);([^;]*);([0-9A-F]{4})")


@dataclass(frozen=True, slots=True)
class SerialFaults:
    """Chances from 0 to 1 for each line that the node says; `split`: it goes out byte by byte."""

    garbage: float = 0.0
    bad_crc: float = 0.0
    lost: float = 0.0
    split: bool = False


NO_FAULTS = SerialFaults()


def crc(data: bytes) -> int:
    """CRC-16/XMODEM: polynomial 0x1021, from 0, nothing reflected."""
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ (0x1021 if value & 0x8000 else 0)) & 0xFFFF
    return value


def line_of(nr: int, boot: str, seq: int, verb: str, arg: str) -> bytes:
    """One line as docs/wire.md has it."""
    said = f"ZW1;{nr};{boot};{seq};{verb};{arg}".encode()
    return said + f";{crc(said):04X}\n".encode()


class Cable:
    """A pseudo terminal behind a path that stays, like a by-id link. `fd` is the device's end.

    Plugged in from the start; unplugging hangs up whoever has the path open. Several devices may share it, as behind
    an arbitrating bus: each reads all that is said, by a name of its own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = -1
        self._far_end = -1
        self._unread: dict[str, bytes] = {}
        self.plug()

    def plug(self) -> None:
        """Plug it in, with nothing on it of what went before."""
        self.unplug()
        # The far end stays open here too: a plugged device is there also when nobody listens.
        self.fd, self._far_end = os.openpty()
        tty.setraw(self._far_end)
        os.set_blocking(self.fd, False)
        self.path.symlink_to(os.ttyname(self._far_end))

    def unplug(self) -> None:
        """Pull it out; the path is gone."""
        if self.fd >= 0:
            self.path.unlink()
            os.close(self._far_end)
            os.close(self.fd)
            self.fd = -1

    def write(self, data: bytes) -> None:
        """Say something. What does not fit, as nobody reads, is lost, as on a wire."""
        if self.fd >= 0:
            with contextlib.suppress(BlockingIOError):
                os.write(self.fd, data)

    def read(self, reader: str = "") -> bytes:
        """What the other end has said since this reader read last."""
        self._unread.setdefault(reader, b"")
        try:
            said = os.read(self.fd, READ_BYTES) if self.fd >= 0 else b""
        except BlockingIOError:
            said = b""
        self._unread = {name: (unread + said)[-READ_BYTES:] for name, unread in self._unread.items()}
        unread, self._unread[reader] = self._unread[reader], b""
        return unread

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()


class SerialFirmware(ZenderFirmware):
    """A zender that speaks lines. Pure, see firmware.py."""

    def __init__(
        self,
        nr: int,
        new_boot: Callable[[], str],
        rng: random.Random,
        *,
        battery: Battery | None = None,
        telemetry_every_s: float = TELEMETRY_EVERY_S,
    ) -> None:
        super().__init__(nr, new_boot, rng, battery=battery, telemetry_every_s=telemetry_every_s)
        self._unfinished = b""

    def take_lines(self) -> list[bytes]:
        """The lines to write now, in order."""
        return [line for message in self.take_messages() if (line := self._line(message))]

    def read(self, data: bytes, now_s: float) -> None:
        """Bytes came in. What is no line for this node, or damaged, is counted and does nothing."""
        *lines, unfinished = (self._unfinished + data).split(b"\n")
        self._unfinished = unfinished[-MAX_LINE_BYTES:]
        for line in lines:
            self._read_line(line, now_s)

    def _read_line(self, line: bytes, now_s: float) -> None:
        parts = LINE.fullmatch(line)
        if parts is None or len(line) >= MAX_LINE_BYTES or crc(line.rpartition(b";")[0]) != int(parts[6], 16):
            self.malformed_count += 1
            return
        nr, boot, seq, verb, arg = (part.decode("ascii", "replace") for part in parts.groups()[:5])
        if int(nr) != self.nr:
            return
        fields: dict[str, object]
        if verb == "CONF":
            fields = {"boot": boot, "seq": int(seq), "incident": arg.removeprefix("!"), "durable": arg[:1] != "!"}
            self.heard(f"{self.base}/confirm", json.dumps(fields).encode(), False, now_s)
        else:
            fields = {"incident": f"{nr}-{boot}-{seq}", "state": arg, "coming": 0}
            self.heard(f"{self.base}/help", json.dumps(fields).encode(), False, now_s)

    def _telemetry(self, now_s: float) -> dict[str, object]:
        boot, seq = self._next_key()
        return {**super()._telemetry(now_s), "boot": boot, "seq": seq}

    def _line(self, message: Message) -> bytes:
        said = json.loads(message.payload)
        if message.topic == f"{self.base}/press":
            return line_of(self.nr, said["boot"], said["seq"], "PRESS", str(said["age_ms"]))
        if message.topic == f"{self.base}/telemetry":
            battery = "-" if said["battery"] is None else said["battery"]
            return line_of(self.nr, said["boot"], said["seq"], "BEAT", f"{battery},{said['tamper']:d},{said['line']}")
        return b""  # a wire has no birth: the first BEAT is it


class SerialZender:
    """Zender `nr` on a cable: `async with SerialZender(cable, 7) as z: await z.confirmed(z.press())`.

    It neither notices nor minds being unplugged. `faults` may be changed at any time; a `silent` one says nothing.
    """

    def __init__(
        self,
        cable: Cable,
        nr: int,
        *,
        faults: SerialFaults = NO_FAULTS,
        lookout: Lookout | None = None,
        seed: int | None = None,
        battery: Battery | None = None,
        telemetry_every_s: float = TELEMETRY_EVERY_S,
    ) -> None:
        self._rng = random.Random(seed)
        self.firmware = SerialFirmware(nr, new_boot, self._rng, battery=battery, telemetry_every_s=telemetry_every_s)
        self.lookout = Lookout() if lookout is None else lookout
        self.faults = faults
        self.silent = False
        self._cable = cable
        self._polling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.firmware.connected(time.monotonic())
        self._polling = asyncio.create_task(self._poll(), name=f"serial {self.firmware.name}")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)

    def press(self) -> int:
        """One human press, on the wire when this returns. Returns its sequence number."""
        seq = self.firmware.press(time.monotonic())
        self._turn()
        return seq

    def restart(self) -> None:
        """Power was lost for a moment: a new boot that has forgotten all."""
        self.firmware.restart(time.monotonic())
        self.firmware.connected(time.monotonic())
        self._turn()

    def set_tamper(self, tamper: bool) -> None:
        """Open or close the housing."""
        self.firmware.set_tamper(tamper, time.monotonic())
        self._turn()

    def set_line(self, line: str) -> None:
        """The wire to the button: ok, cut or short."""
        self.firmware.set_line(line, time.monotonic())
        self._turn()

    async def confirmed(self, seq: int, timeout_s: float = 5.0, *, durable: bool = True) -> Confirmed:
        """The first confirmation of a press of this boot, by default a durable one. Raises TimeoutError."""
        key = (self.firmware.boot, seq, durable)

        def wanted(noted: Noted) -> bool:
            event = noted.event
            return isinstance(event, Confirmed) and (event.boot, event.seq, event.durable) == key

        noted = await self.lookout.until(wanted, timeout_s)
        assert isinstance(noted.event, Confirmed)
        return noted.event

    async def _poll(self) -> None:
        # As a microcontroller does it. A watched descriptor would change with every unplugging.
        while True:
            self._turn()
            await asyncio.sleep(POLL_S)

    def _turn(self) -> None:
        now_s = time.monotonic()
        self.firmware.read(self._cable.read(self.firmware.name), now_s)
        self.firmware.wake(now_s)
        for line in self.firmware.take_lines():
            self._say(line)
        for event in self.firmware.take_events():
            self.lookout.note(now_s, self.firmware.name, event)

    def _say(self, line: bytes) -> None:
        if self.silent or self._happens(self.faults.lost):
            return
        if self._happens(self.faults.bad_crc):
            spoilt = self._rng.randrange(len(line) - 1)
            line = line[:spoilt] + bytes((line[spoilt] ^ 0x10,)) + line[spoilt + 1 :]
        if self._happens(self.faults.garbage):
            line = self._rng.randbytes(GARBAGE_BYTES).replace(b"\n", b"?") + line
        for piece in (bytes((byte,)) for byte in line) if self.faults.split else (line,):
            self._cable.write(piece)

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self._rng.random() < chance


# The RFXtrx433 receiver (pyRFXtrx, RFXtrx/lowlevel.py): one length byte and so many more.

SUBTYPES = {"x10": 0x02, "kd101": 0x03, "powercode": 0x04, "codesecure": 0x06, "meiantech": 0x08, "sa30": 0x09}
STATUSES = {"normal": 0x00, "alarm": 0x02, "panic": 0x06, "end_panic": 0x07, "battery_low": 0x16}
TAMPER = 0x80
RSSI = 0x80

COMMAND_BYTES = 14
RESET, ASK_STATE, START = 0x00, 0x02, 0x07

# What a receiver says that listens for everything that is an alarm here: Lighting4; X10, Meiantech, Visonic.
LISTENS_FOR = (0x08, 0x00, 0x91)


def security(address: str, status: str, *, battery: int = 9, tamper: bool = False, number: int = 1) -> bytes:
    """One Security1 frame of a device such as `x10:aabbcc`; `status` is a word of STATUSES."""
    kind, _, id = address.partition(":")
    said = STATUSES[status] | (TAMPER if tamper else 0)
    return bytes((0x08, 0x20, SUBTYPES[kind], number, *bytes.fromhex(id), said, RSSI | battery))


def lighting4(address: str, *, number: int = 1) -> bytes:
    """One Lighting4 frame of a remote such as `lighting4:141154`."""
    return bytes((0x09, 0x13, 0x00, number, *bytes.fromhex(address.partition(":")[2]), 0x01, 0x5E, 0x70))


class RfxtrxReceiver:
    """An RFXtrx on a cable: deaf until it is started, answers commands, and hears the pendants around it.

    `async with RfxtrxReceiver(cable) as rf: rf.hears(security("x10:aabbcc", "panic"))`. A `hung` one does nothing.
    """

    def __init__(self, cable: Cable, *, listens_for: tuple[int, int, int] = LISTENS_FOR) -> None:
        self.hung = False
        self.started = asyncio.Event()
        self._cable = cable
        self._listens_for = listens_for
        self._unfinished = b""
        self._polling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._polling = asyncio.create_task(self._poll(), name="rfxtrx receiver")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)

    def hears(self, frame: bytes, times: int = 1) -> None:
        """A device sends this, so many times in a row. Nothing comes of it before START."""
        if self.started.is_set() and not self.hung:
            self._cable.write(frame * times)

    async def _poll(self) -> None:
        while True:
            self._unfinished += self._cable.read()
            while not self.hung and len(self._unfinished) >= COMMAND_BYTES:
                self._obey(self._unfinished[:COMMAND_BYTES])
                self._unfinished = self._unfinished[COMMAND_BYTES:]
            await asyncio.sleep(POLL_S)

    def _obey(self, command: bytes) -> None:
        number, asked = command[3], command[4]
        if asked == RESET:
            self.started.clear()
        elif asked == ASK_STATE:
            state = (0x53, 0x1F, *self._listens_for, 0, 0, 0, 0)
            self._cable.write(bytes((0x0D, 0x01, 0x00, number, ASK_STATE, *state)))
        elif asked == START:
            self.started.set()
            self._cable.write(bytes((0x14, 0x01, 0x07, number, START)) + b"Copyright RFXCOM")
