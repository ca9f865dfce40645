"""Who may be sent away when too many are inside: nobody can keep others out by coming in and staying.

Knows connections by nothing but their turn. How many may be inside is serving.py's, and so is how long each may take.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Protocol


class Connection(Hashable, Protocol):
    """What can be cut off: a transport."""

    def abort(self) -> None: ...


class Doorway:
    """Everybody inside. An open page never has to make room; of all others whoever was served goes first, and then
    whoever has waited the longest: a newcomer who says at once what is wanted has been answered long before."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._pages: set[Connection] = set()
        self._others: OrderedDict[Connection, None] = OrderedDict()
        """Who goes next stands first."""

    @property
    def inside(self) -> int:
        """How many there are."""
        return len(self._pages) + len(self._others)

    def comes(self, connection: Connection) -> bool:
        """Somebody new, or with a new request. When there is no room somebody else is cut off, or, where all others are
        open pages, the newcomer; then it is True."""
        self._others[connection] = None
        self._others.move_to_end(connection)
        if self.inside <= self._room:
            return False
        first, _ = self._others.popitem(last=False)
        first.abort()
        return True

    def served(self, connection: Connection) -> None:
        """It has its answer, or its last words."""
        if connection in self._pages or connection in self._others:
            self._pages.discard(connection)
            self._others[connection] = None
            self._others.move_to_end(connection, last=False)

    def is_page(self, connection: Connection) -> None:
        """It is an open page from now on."""
        if self._others.pop(connection, self) is None:
            self._pages.add(connection)

    def gone(self, connection: Connection) -> None:
        """It is not inside any more."""
        self._pages.discard(connection)
        self._others.pop(connection, None)
