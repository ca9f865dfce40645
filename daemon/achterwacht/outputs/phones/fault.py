"""Faults of a way to telephones, told when they begin, change or end; and a check that is made for ever.

Knows no way: what is checked, and what can be wrong with it, is each way's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from achterwacht.outputs.phones.messages import Address, Trouble, TroubleOver
from achterwacht.outputs.phones.way import Tell

FAILURES_TO_STAND = 2
"""A check that fails once may have met one lost packet; twice in a row is a fault."""


class Fault:
    """Stands while any of its parts is bad, and says so of each; is over when none is, and every part that was named at
    first is known."""

    def __init__(self, key: str, tell: Tell, parts: tuple[str, ...] = ("",)) -> None:
        self._key = key
        self._tell = tell
        self._parts: dict[str, str | None] = dict.fromkeys(parts)
        # What was told last: None nothing yet, empty that it is over.
        self._told: str | None = None

    def stands(self, detail: str, part: str = "") -> None:
        """This part is bad; `detail` is for people."""
        self._set(part, detail)

    def over(self, part: str = "") -> None:
        """This part is good."""
        self._set(part, "")

    def _set(self, part: str, detail: str) -> None:
        self._parts[part] = detail
        bad = "; ".join(dict.fromkeys(filter(None, self._parts.values())))
        if bad != self._told and (bad or None not in self._parts.values()):
            self._told = bad
            self._tell(Trouble(self._key, bad) if bad else TroubleOver(self._key))


class MemberFaults:
    """`way:<way>:<member>/failing`, for members in the plan. `members` is looked into later, too: it is the newest.

    Each is about an address (`at` finds it in a member's addresses): when the plan has another one, it is over.
    """

    def __init__(self, way: str, members: Mapping[str, Address], at: Callable[[Address], str], tell: Tell) -> None:
        self._way = way
        self._members = members
        self._at = at
        self._tell = tell
        self._faults: dict[str, tuple[str, Fault]] = {}

    def addresses(self) -> dict[str, str]:
        """Who has an address by this way, and which; what is no longer so is over."""
        now = {member: at for member, address in self._members.items() if (at := self._at(address))}
        for member, (about, fault) in list(self._faults.items()):
            if now.get(member) != about:
                fault.over()
                del self._faults[member]
        return now

    def stands(self, member: str, detail: str) -> None:
        """This member's address is bad."""
        if fault := self._of(member):
            fault.stands(detail)

    def over(self, member: str) -> None:
        """This member's address is good."""
        if fault := self._of(member):
            fault.over()

    def _of(self, member: str) -> Fault | None:
        address = self.addresses().get(member)
        if address is None:
            return None
        fault = Fault(f"way:{self._way}:{member}/failing", self._tell)
        return self._faults.setdefault(member, (address, fault))[1]


async def keep_checking(
    check: Callable[[], Awaitable[str]], fault: Fault, part: str = "", *, every_s: float, again_s: float
) -> None:
    """Check for ever, at once at first: `check` gives what is wrong, or nothing. After a failure it waits `again_s`."""
    failures = 0
    while True:
        wrong = await check()
        failures = failures + 1 if wrong else 0
        if not wrong:
            fault.over(part)
        elif failures >= FAILURES_TO_STAND:
            fault.stands(wrong, part)
        await asyncio.sleep(again_s if wrong else every_s)
