"""`/metrics`: the dashboard's own figures, for Prometheus. The daemon's are `achterwacht metrics`.

Nothing in it names a person or a place. They are for this machine, and for whoever manages the house.
"""

from __future__ import annotations

import ipaddress
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import PlainTextResponse

from achterwacht.exposition import Metric, exposition
from achterwacht_dashboard import access
from achterwacht_dashboard.house import House
from achterwacht_dashboard.live import Live

router = APIRouter(include_in_schema=False)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of exposition.py's format."""
RESULTS = ("accepted", "closed", "refused", "not understood", "no answer")
"""What becomes of a command: the daemon's answers, and the two ways to get none."""
FORWARDED = ("forwarded", "via", "x-forwarded-", "x-real-ip")
"""How begins what a proxy adds: then whoever asks is not at this machine."""


@dataclass
class Figures:
    """What is counted while the dashboard runs."""

    commands: Counter[str] = field(default_factory=Counter)
    """By what became of them."""


@router.get("/metrics")
async def metrics(request: Request) -> PlainTextResponse:
    """The figures; without a login only at this machine itself."""
    viewer = request.state.viewer
    if not is_local(request) and (viewer is None or viewer.roles.isdisjoint(access.MANAGE)):
        raise HTTPException(403, "the figures are read at this machine itself, or by whoever manages the house")
    rooms = request.app.state
    return PlainTextResponse(exposition(figures_of(rooms.house, rooms.live, rooms.figures)), media_type=CONTENT_TYPE)


def is_local(request: Request) -> bool:
    """Whether a program at this machine asks, and no proxy for somebody else."""
    if request.client is None or any(name.startswith(FORWARDED) for name in request.headers):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def figures_of(house: House, live: Live, figures: Figures) -> Iterator[Metric]:
    """All of them."""
    look, now, stale = house.look, house.clock.now(), house.stale_since
    silent_s = 0.0 if stale is None else max(0.0, now.mono_s - stale.mono_s)
    gauges = (
        ("link_up", "Whether the daemon is heard.", int(stale is None)),
        ("link_stale_seconds", "For how long the daemon has not been heard; 0 while it is.", silent_s),
        ("newest_fact", "The number of the newest fact that was heard.", look.n),
        ("durable_fact", "Up to this number the daemon has its facts on disk.", look.durable_n),
        ("open_pages", "Live pages that are open now.", live.open_pages),
    )
    for name, told, value in gauges:
        yield Metric(f"achterwacht_dashboard_{name}", "gauge", told, (({}, value),))
    yield Metric(
        "achterwacht_dashboard_renders_total", "counter", "Live pages that were made anew.", (({}, live.renders),)
    )
    yield Metric(
        "achterwacht_dashboard_commands_total",
        "counter",
        "What people pressed, by what became of it.",
        tuple(({"result": result}, figures.commands[result]) for result in RESULTS),
    )
    yield Metric("achterwacht_dashboard_info", "gauge", "This version.", (({"version": version("achterwacht")}, 1),))
    memory = resident_bytes()
    if memory is not None:
        yield Metric("process_resident_memory_bytes", "gauge", "Memory of this process.", (({}, memory),))


def resident_bytes() -> int | None:
    """The memory that this process has now; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
