"""One node at a terminal, or fed with lines: `achterwacht-sim zender` and `achterwacht-sim pager`.

Reads lines, does what they say, tells what the node does. The words are explained in cli.py's help.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable

from achterwacht_sim.address import Broker
from achterwacht_sim.events import Noted
from achterwacht_sim.node import Node, Pager, Zender
from achterwacht_sim.pager import NothingToAnswer
from achterwacht_sim.play import Say, incident_shown
from achterwacht_sim.sentences import sentence
from achterwacht_sim.watching import Lookout
from achterwacht_sim.wire import ANSWERS, LINE_STATES

# Without an answer by then nobody is listening: the daemon answers in milliseconds, with a broken disk in 10 s.
SETTLE_WAIT_S = 15.0

# Nobody types more than this ahead; the one who pipes a file in waits.
MAX_LINES_AHEAD = 100
READ_BYTES = 4096

ANSWER = re.compile(rf"(?P<answer>{'|'.join(ANSWERS)})(?: as (?P<member>\S+))?(?: to (?P<to>.+))?")

BATTERY = re.compile(r"battery (100|\d\d?)")

EXIT_OK = 0
EXIT_UNSETTLED = 1


async def run_zender(broker: Broker, nr: int, stay: bool, say: Say) -> int:
    """Until `quit`, or until the input has ended and every press is confirmed. Returns the exit code."""
    async with Zender(broker, nr, lookout=_telling(say)) as zender:

        async def obey(line: str) -> bool:
            match line.split():
                case [] | ["press"]:
                    await zender.press()
                case ["tamper" | "tidy" as verb]:
                    zender.set_tamper(verb == "tamper")
                case ["line", state] if state in LINE_STATES:
                    zender.set_line(state)
                case _:
                    return await _obey_power(zender, line)
            return True

        return await _run(zender, obey, stay, say)


async def run_pager(broker: Broker, pager_id: str, stay: bool, say: Say) -> int:
    """Until `quit`, or until the input has ended and every answer is heard. Returns the exit code."""
    async with Pager(broker, pager_id, lookout=_telling(say)) as pager:

        async def obey(line: str) -> bool:
            answer = ANSWER.fullmatch(line)
            if answer is not None:
                await _answer(pager, answer, say)
            elif not line:
                for shown in _display(pager):
                    say(shown)
            elif line in ("dock", "undock"):
                pager.set_docked(line == "dock")
            elif battery := BATTERY.fullmatch(line):
                pager.set_battery(int(battery[1]))
            else:
                return await _obey_power(pager, line)
            return True

        return await _run(pager, obey, stay, say)


async def _run(node: Node, obey: Callable[[str], Awaitable[bool]], stay: bool, say: Say) -> int:
    async for line in _lines():
        if line == "quit":
            return EXIT_OK
        if not await obey(line):
            say(f"? {line}: see achterwacht-sim {node.name.split()[0]} --help")
    if stay:
        await asyncio.Event().wait()
    try:
        await node.settled(SETTLE_WAIT_S)
    except TimeoutError:
        say(f"{node.name} leaves with {node.unsettled_count} message(s) that nobody answered")
        return EXIT_UNSETTLED
    return EXIT_OK


async def _obey_power(node: Node, line: str) -> bool:
    match line:
        case "die":
            node.die()
        case "back":
            node.come_back()
        case "reboot":
            await node.reboot()
        case "silent" | "speak":
            node.silent = line == "silent"
        case _:
            return False
    return True


async def _answer(pager: Pager, said: re.Match[str], say: Say) -> None:
    try:
        incident = incident_shown(pager, said["to"] or "")
        await pager.answer(said["answer"], incident=incident, member=said["member"] or "")
    except NothingToAnswer as error:
        say(str(error))


def _display(pager: Pager) -> list[str]:
    """What its two screens hold: the pages, and the list of open incidents."""
    firmware = pager.firmware
    lines = [f"  [{line}]" for line in firmware.display()] or ["  [nothing]"]
    for incident in firmware.open.incidents:
        lines.append(f"  open: {incident.text}, {incident.state}, {incident.coming} coming, {incident.age_s:.0f} s")
    return lines


def _telling(say: Say) -> Lookout:
    def tell(noted: Noted) -> None:
        said = sentence(noted)
        if said is not None:
            say(said)

    return Lookout(tell)


async def _lines() -> AsyncIterator[str]:
    """The lines of standard input. A thread reads them: a file cannot be watched by the event loop."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | None] = asyncio.Queue(MAX_LINES_AHEAD)
    gone = threading.Event()

    def put(line: str | None) -> None:
        if not gone.is_set():
            asyncio.run_coroutine_threadsafe(queue.put(line), loop).result()

    def read() -> None:
        # os.read and not sys.stdin: a thread inside sys.stdin would hold its lock when the program ends.
        rest = b""
        while chunk := os.read(sys.stdin.fileno(), READ_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                put(line.decode(errors="replace").strip())
        put(None)

    threading.Thread(target=read, daemon=True, name="standard input").start()
    try:
        while (line := await queue.get()) is not None:
            yield line
    finally:
        gone.set()
