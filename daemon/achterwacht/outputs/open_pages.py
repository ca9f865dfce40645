"""The way `app`: a page of the dashboard that a member has open on the building's own network; it needs no internet.

Knows whose pages are open, as their dashboard says over the link. The order itself goes there as the fact that it is,
like every other (docs/link.md); the page says when it has received and when it shows it.
"""

from __future__ import annotations

from collections.abc import Iterable

from achterwacht.errors import Undeliverable
from achterwacht.outputs.dispatch import Alert

NOT_OPEN = "no page of this member is open"


class OpenPages:
    """The channel of every target `app:<member>`."""

    timeout_s = 1.0
    """Nothing is waited for."""

    def __init__(self) -> None:
        self._open: dict[object, frozenset[str]] = {}

    def open_at(self, reader: object, members: Iterable[str]) -> None:
        """These members have a page open at this reader of the link, and no others; none, when it has left."""
        self._open[reader] = frozenset(members)
        if not self._open[reader]:
            del self._open[reader]

    async def deliver(self, alert: Alert) -> None:
        """Handed over when a page is open. A page that opens later shows what is open then, by itself."""
        if not any(alert.member in members for members in self._open.values()):
            raise Undeliverable(NOT_OPEN, permanent=True)
