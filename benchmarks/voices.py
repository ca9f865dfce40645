"""Every voice beside our own pagers, all of them hanging: what they are told is taken, and never answered.

Knows how a plan asks for them. That no page is later for it is what the benchmark shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"


@asynccontextmanager
async def black_hole() -> AsyncIterator[int]:
    """A port at which everybody is let in, and nobody is answered."""

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(65536):
                pass
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(swallow, HOST, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def with_every_voice(site: dict[str, Any], folder: Path, port: int) -> None:
    """Give the plan a paging base, telephones of each kind and an alarm centre, all at this port; each member of the
    team has all telephones, and the first step rings everybody."""
    url_file = folder / "sms.url"
    url_file.write_text(f"json://{HOST}:{port}/{{phone}}\n")
    site["paging_bases"] = [{"id": "deaf", "dialect": "espa", "host": HOST, "tcp_port": port}]
    site["pagers"] += [{"id": f"e{n}", "base": "deaf", "address": str(8000 + n)} for n in range(1, 4)]
    site["phones"] = {
        "ntfy": {"url": f"http://{HOST}:{port}", "reply_topic": "replies-nobody-sends"},
        "apprise": [{"way": "sms", "url_file": str(url_file)}],
    }
    for number, member in enumerate(site["members"], 1):
        member["ntfy"] = f"topic-of-member-{number}"
        member["ways"] = ["app", "ntfy", "sms"]
    site["alarm_centre"] = {"receivers": [{"host": HOST, "port": port}], "account": "1234"}
    site["ladder"]["steps"] = [{"after_s": 0, "ring": ["pagers", "team", "backup", "reception", "alarm_centre"]}]


def with_pagers_alone(site: dict[str, Any]) -> None:
    """The same plan with nothing but our own pagers."""
    for member in site["members"]:
        member["ways"] = []
    site["ladder"]["steps"] = [{"after_s": 0, "ring": ["pagers"]}]
    site["ladder"]["responders_needed"] = 2
