"""HTTP for the ways to telephones: bounded in time and size, with errors in words that never hold a secret.

What is asked, and what an answer means, is each way's own. aiohttp is imported when something is asked first.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from achterwacht.errors import Unavailable

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

ANSWER_WITHIN_S = 4.0
"""From the name's look-up to the last byte; shorter than an order's own limit (5 s), so that the reason is known."""
ANSWER_MAX_BYTES = 64 * 1024
"""Answers have some hundreds. What is longer is cut off, and then no JSON."""
LINE_BUFFER_BYTES = 32 * 1024
"""aiohttp refuses a line of more than twice this."""
CONNECTIONS_MAX = 500
"""At once by one way: a service that hangs must not hold all of them while an alarm goes to another. Linux gives a
process 1024."""
SAID_MAX_CHARS = 200
"""So much of what a server says of an error is kept for people."""


class Answer(NamedTuple):
    """A status, and the body as far as it was read."""

    status: int
    body: bytes
    retry_after: str = ""
    """When to ask again, if the server says so: seconds, or a date."""

    def fields(self) -> dict[str, Any]:
        """The JSON object that the body is; empty when it is none."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return {}


class Stream:
    """A response that goes on, line by line."""

    def __init__(self, response: ClientResponse, server: str) -> None:
        self.status = response.status
        self._lines = response.content
        self._server = server

    async def line(self, within_s: float) -> bytes:
        """The next line; empty when the server has ended it. Raises Unavailable."""
        with _in_words(self._server, f"{self._server} says nothing for {within_s:g} s"):
            async with asyncio.timeout(within_s):
                return await self._lines.readline()


class Web:
    """One session. Redirects are never followed: a secret goes to the server that the plan names, and no other."""

    def __init__(self) -> None:
        self._session: ClientSession | None = None

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
        data: bytes | None = None,
    ) -> Answer:
        """Ask and read the whole answer, whatever its status. Raises Unavailable when there is none in time."""
        server = server_of(url)
        body = msgspec.json.encode(json) if json is not None else form or data
        with _in_words(server, f"{server} gives no answer within {ANSWER_WITHIN_S:g} s"):
            async with (
                asyncio.timeout(ANSWER_WITHIN_S),
                self._opened().request(
                    method, url, headers=headers, params=query, data=body, allow_redirects=False
                ) as response,
            ):
                return Answer(response.status, await _read(response), response.headers.get("Retry-After", ""))

    @contextlib.asynccontextmanager
    async def stream(self, url: str, *, headers: Mapping[str, str], query: Mapping[str, str]) -> AsyncIterator[Stream]:
        """GET what goes on for ever. Raises Unavailable when it does not begin in time."""
        server = server_of(url)
        with _in_words(server, f"{server} gives no answer within {ANSWER_WITHIN_S:g} s"):
            async with asyncio.timeout(ANSWER_WITHIN_S):
                response = await self._opened().get(url, headers=headers, params=query, allow_redirects=False)
        try:
            yield Stream(response, server)
        finally:
            response.close()

    async def close(self) -> None:
        """Close what is open; asking again opens again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> ClientSession:
        if self._session is None:
            from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

            self._session = ClientSession(
                connector=TCPConnector(limit=CONNECTIONS_MAX),
                cookie_jar=DummyCookieJar(),
                headers={"User-Agent": "achterwacht"},
                read_bufsize=LINE_BUFFER_BYTES,
                timeout=ClientTimeout(total=None),  # each wait has its own
            )
        return self._session


def server_of(url: str) -> str:
    """The server that a URL leads to, as people are told: without a password or path."""
    try:
        server = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        server = ""
    return server or "the server"


async def _read(response: ClientResponse) -> bytes:
    body = bytearray()
    while len(body) < ANSWER_MAX_BYTES and (more := await response.content.read(ANSWER_MAX_BYTES - len(body))):
        body += more
    return bytes(body)


@contextlib.contextmanager
def _in_words(server: str, too_late: str) -> Iterator[None]:
    """What can go wrong on the way, as Unavailable. Never in a library's own words: these may name the whole URL."""
    import aiohttp
    from aiohttp.http_exceptions import HttpProcessingError  # a line that is too long; no ClientError, oddly

    try:
        yield
    except TimeoutError as error:
        raise Unavailable(too_late) from error
    except aiohttp.ClientConnectorDNSError as error:
        raise Unavailable(f"the name of {server} is not found: is the internet or the name server away?") from error
    except (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError) as error:
        raise Unavailable(f"{server} has no certificate that this machine trusts") from error
    except aiohttp.ClientConnectorError as error:
        raise Unavailable(f"{server} cannot be reached: {error.os_error.strerror or 'no connection'}") from error
    except aiohttp.InvalidURL as error:
        raise Unavailable(f"the URL of {server} is none: correct it in achterwacht.yaml") from error
    except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
        raise Unavailable(f"the connection to {server} broke ({type(error).__name__})") from error
