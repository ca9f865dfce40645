"""The way `app`: a page of the dashboard that a member has open on the building's own network; it needs no internet.

Knows whose pages are open, as their dashboard says over the link, and when there is no dashboard. The order itself goes
there as the fact that it is, like every other (docs/link.md); the page says when it has received and when it shows it.
"""

from __future__ import annotations

from collections.abc import Iterable

from achterwacht.core.plan import APP, PUSH, Plan
from achterwacht.errors import Undeliverable
from achterwacht.outputs.dispatch import Alert

NOT_OPEN = "no page of this member is open"

MISSED_S = 20.0
"""So long a dashboard may be away: it starts within some seconds, on a Pi that has just booted within twenty."""


class OpenPages:
    """The channel of every target `app:<member>`."""

    timeout_s = 1.0
    """Nothing is waited for."""

    def __init__(self) -> None:
        self._open: dict[object, frozenset[str]] = {}
        self._wanted = False
        self._there_s: float | None = None

    def open_at(self, reader: object, members: Iterable[str]) -> None:
        """These members have a page open at this reader of the link, which so is a dashboard; and no others."""
        self._open[reader] = frozenset(members)
        self._wanted = True

    def left(self, reader: object) -> None:
        """This reader is gone, whatever it was."""
        self._open.pop(reader, None)

    def is_dashboard_missed(self, plan: Plan, now_s: float) -> bool:
        """Whether there should be a dashboard and has been none for MISSED_S: one was there since this daemon began, or
        the plan reaches members by its pages. Ask now and then, with monotonic seconds."""
        if self._open or self._there_s is None:
            self._there_s = now_s
        wanted = self._wanted or any(way in (APP, PUSH) for member in plan.members for way in member.ways)
        return wanted and now_s - self._there_s >= MISSED_S

    async def deliver(self, alert: Alert) -> None:
        """Handed over when a page is open. A page that opens later shows what is open then, by itself."""
        if not any(alert.member in members for members in self._open.values()):
            raise Undeliverable(NOT_OPEN, permanent=True)
