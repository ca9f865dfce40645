"""How guesses are slowed: by the address that they come from, and by the name that they are for.

Knows no passwords. An address that was wrong often waits ever longer, and is refused meanwhile; a name that is guessed
at from many places makes each of them wait a little, for its own sake alone. So nobody can keep somebody else out. Who
is logged in already, and every paired device, never comes by here.
"""

from __future__ import annotations

import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

FREE = 5
"""So often may an address, or everybody together for one name, be wrong without waiting: people mistype."""
ADDRESS_WAIT_MAX_S = 60.0
"""The wait doubles from a second to this; it leaves 1440 guesses a day, of a password of at least 12 characters."""
NAME_WAIT_S = 3.0
"""What everybody waits who tries a name that is guessed at. Who has the right password loses no more than this."""
FORGET_S = 900.0
"""After so long without a wrong one all is forgiven."""
KNOWN_MAX = 2000
"""So many addresses and names are remembered; the one that was wrong the longest ago is forgotten first."""


AT_ONCE_MAX = 3
"""From one address; several people may sit behind one."""
ALL_AT_ONCE_MAX = 50


class TooSoon(Exception):
    """Not now: in `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"try again in {wait_s:.0f} s")
        self.wait_s = wait_s


@dataclass
class _Wrong:
    times: int = 0
    last_s: float = 0.0


class Throttle:
    """Counts who was wrong. `now_s`: a clock that only goes forward."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._addresses: OrderedDict[str, _Wrong] = OrderedDict()
        self._names: OrderedDict[str, _Wrong] = OrderedDict()
        self._trying: Counter[str] = Counter()

    def _refused_s(self, network: str) -> float:
        """So many seconds nothing is taken from there; 0 when it may try."""
        wrong = self._of(self._addresses, network)
        if wrong is None or wrong.times < FREE:
            return 0.0
        wait_s = min(2.0 ** min(wrong.times - FREE, 10), ADDRESS_WAIT_MAX_S)
        return max(0.0, wrong.last_s + wait_s - self._now_s())

    def slowed_s(self, name: str) -> float:
        """So long each try of this name takes more; it is nobody's turn that is lost."""
        wrong = self._of(self._names, name)
        return NAME_WAIT_S if wrong is not None and wrong.times >= FREE else 0.0

    def wrong(self, address: str, name: str = "") -> None:
        """A guess from this address (for this name) was wrong."""
        self._note(self._addresses, network_of(address))
        if name:
            self._note(self._names, name)

    @contextmanager
    def trying(self, address: str) -> Iterator[None]:
        """While one try is looked at. Raises TooSoon: this address must wait, or too much is being tried already. A
        right one forgives nothing: who has an account may still guess at another's."""
        network = network_of(address)
        wait_s = self._refused_s(network)
        if self._trying[network] >= AT_ONCE_MAX or self._trying.total() >= ALL_AT_ONCE_MAX:
            wait_s = max(wait_s, 1.0)
        if wait_s:
            raise TooSoon(wait_s)
        self._trying[network] += 1
        try:
            yield
        finally:
            self._trying[network] -= 1
            self._trying = +self._trying

    def _of(self, table: OrderedDict[str, _Wrong], key: str) -> _Wrong | None:
        wrong = table.get(key)
        return wrong if wrong is not None and self._now_s() - wrong.last_s < FORGET_S else None

    def _note(self, table: OrderedDict[str, _Wrong], key: str) -> None:
        wrong = self._of(table, key) or _Wrong()
        wrong.times += 1
        wrong.last_s = self._now_s()
        table[key] = wrong
        table.move_to_end(key)
        while len(table) > KNOWN_MAX:
            table.popitem(last=False)


def network_of(address: str) -> str:
    """What one party has many addresses of: in IPv6 a whole /64 (RFC 6177)."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped:
        known = known.ipv4_mapped
    if known.version == 6:
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)
