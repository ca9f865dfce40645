"""A building of two thousand zenders: its plan, and the process in which they live (beats.py)."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Self

import msgspec
from benchmarks.beats import GATEWAY, is_bought, topic_of

from broker import DAEMON, Mosquitto

ROOT = Path(__file__).parent.parent

WITH_SIGN = 10
"""One zender of so many has a discreet sign."""
GATEWAY_ID = "zigbee"
ANSWER_S = 20.0
"""By then the crowd has done what it was told: being born may take it ten seconds."""
ANSWER_MAX_BYTES = 1024 * 1024
"""The last words of ten thousand zenders are a fourth of it."""


def zenders_yaml(count: int, last_place: str = "Balie achteraan") -> str:
    """A zenders.yaml with so many zenders, as people write it. `last_place`: what a changed plan differs in."""
    topic = f"{GATEWAY}/bridge/state"
    lines = [
        "gateways:",
        f"  - id: {GATEWAY_ID}",
        f"    online: {{topic: {topic}, path: state, value: [online]}}",
        "zenders:",
    ]
    for nr in range(1, count + 1):
        lines += [
            f"  - nr: {nr}",
            f"    place: {f'Balie {nr}' if nr < count else last_place}",
            f"    room: {nr // 100}.{nr % 100:02} PB",
            "    staff: []",
        ]
        if is_bought(nr):
            lines += [
                "    device:",
                "      profile: zigbee2mqtt",
                f"      topic: {topic_of(nr)}",
                f"      gateway: {GATEWAY_ID}",
                "    max_silence_s: 9000",
            ]
        else:
            lines.append(f"    help: {'true' if nr % WITH_SIGN == 1 else 'false'}")
    return "\n".join(lines) + "\n"


class Crowd:
    """The process of beats.py, told what to do. Use it in an `async with`: then everybody is born, and beats."""

    def __init__(self, broker: Mosquitto, boot: str, count: int) -> None:
        where = (broker.host, str(broker.port), DAEMON, broker.password(DAEMON))
        self._command = ("-m", "benchmarks.beats", *where, boot, str(count))

    async def births(self, within_s: float) -> None:
        """All of them start anew, evenly within so many seconds; 0: in one moment."""
        await self._tell(f"births {within_s}")

    async def silence(self) -> dict[int, float]:
        """Our own zenders say no more, but those that press; returns by zender when its last word was (monotonic)."""
        return {int(nr): said_s for nr, said_s in (await self._tell("silence")).items()}

    async def gateway(self, state: str) -> float:
        """The gateway says that it is `online` or `offline`; returns the monotonic second of that."""
        return (await self._tell(f"gateway {state}"))["gateway"]

    async def _tell(self, line: str) -> dict[str, float]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{line}\n".encode())
        async with asyncio.timeout(ANSWER_S):
            return msgspec.json.decode(await self._process.stdout.readline(), type=dict[str, float])

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, *self._command, cwd=ROOT, stdin=pipe, stdout=pipe, limit=ANSWER_MAX_BYTES
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()  # its end of file is its end
        await self._process.wait()
