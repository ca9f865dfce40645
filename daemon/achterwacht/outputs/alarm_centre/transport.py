"""One frame to a receiver, and its answer: over TCP a connection each, over UDP a datagram each. All of it bounded.

Knows sockets. Whether the bytes are an answer is frames.py's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from achterwacht.outputs.alarm_centre.address import Address
from achterwacht.outputs.alarm_centre.frames import NoAnswer, is_whole
from achterwacht.outputs.wiring import Receiver

CONNECT_S = 3.0
"""The kernel knocks at once and a second later, so a lost packet costs nothing; then the other receiver is better."""
ANSWER_S = 4.0
"""A receiver answers in milliseconds, a loaded one over a slow line in a second or two."""
ANSWER_MAX_BYTES = 1024
"""The longest answer, encrypted with an extension, has 300."""


T = TypeVar("T")


async def ask(receiver: Receiver, address: Address, frame: bytes, now_s: float) -> bytes:
    """Send one frame; what comes back within ANSWER_S. Raises NoAnswer."""
    by = _ask_udp if receiver.transport == "udp" else _ask_tcp
    try:
        return await by(await address.numbers(now_s), receiver.port, frame)
    except TimeoutError as error:
        raise NoAnswer(f"does not answer within {ANSWER_S:g} s") from error
    except (OSError, UnicodeError) as error:  # a name that cannot be one is a UnicodeError
        raise NoAnswer(f"cannot be reached: {_in_words(error)}", reached=False) from error


@contextlib.asynccontextmanager
async def _connecting() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(CONNECT_S):
            yield
    except TimeoutError as error:
        raise NoAnswer(f"cannot be reached: no connection within {CONNECT_S:g} s", reached=False) from error


async def _first(numbers: Sequence[str], connect: Callable[[str], Awaitable[T]]) -> T:
    """What the first address gives that can be reached."""
    for number in numbers[:-1]:
        with contextlib.suppress(OSError):
            return await connect(number)
    return await connect(numbers[-1])


async def _ask_tcp(numbers: Sequence[str], port: int, frame: bytes) -> bytes:
    async with _connecting():
        reader, writer = await _first(numbers, lambda number: asyncio.open_connection(number, port))
    try:
        writer.write(frame)
        async with asyncio.timeout(ANSWER_S):
            return await _read(reader)
    except ConnectionError as error:
        raise NoAnswer(f"breaks the connection: {_in_words(error)}") from error
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader) -> bytes:
    data = b""
    while not is_whole(data):
        more = await reader.read(ANSWER_MAX_BYTES)
        data += more
        if not data:
            raise NoAnswer("ends the connection without an answer")
        if not more:
            break  # whoever leaves out the end of a frame may have said it all
        if len(data) > ANSWER_MAX_BYTES:
            raise NoAnswer(f"answers without an end: more than {ANSWER_MAX_BYTES} bytes")
    return data


async def _ask_udp(numbers: Sequence[str], port: int, frame: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await _first(
        numbers, lambda number: loop.create_datagram_endpoint(lambda: _Datagram(answer), remote_addr=(number, port))
    )
    try:
        transport.sendto(frame)
        async with asyncio.timeout(ANSWER_S):
            return await answer
    finally:
        transport.close()


class _Datagram(asyncio.DatagramProtocol):
    """The first datagram that comes back, or what the network says instead. Others than the receiver are not heard."""

    def __init__(self, answer: asyncio.Future[bytes]) -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not self._answer.done():
            self._answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(exc)


def _in_words(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number) if isinstance(number, int) and number > 0 else str(error)
