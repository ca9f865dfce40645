"""Whether this building may open its doors: one light, the reasons for it, and which button would work if pressed now.

A function of the state alone. When a device was last heard, to the second, is known outside the core (presence.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from achterwacht.core import morning
from achterwacht.core.faults import MISSING
from achterwacht.core.plan import APP, PAGER, PAGERS, ZENDER, Pager, Zender
from achterwacht.core.state import Device, State
from achterwacht.core.supervision import BROKER, SELDOM_S, barrier, max_silence_s, way_down

Light = Literal["ready", "limited", "not ready"]

Works = Literal["yes", "unsupervised", "unknown", "no"]
"""Whether a device would do its work now. `unsupervised`: nothing says that it would not, and nothing would say so."""

HINDRANCES = (*MISSING, "unsteady", "stuck", "pin", "line cut", "line short")
"""Faults of a zender by which a press on it may not be heard."""

Lack = Literal[
    "house/no zender",
    "house/nobody to ring",
    "house/too few to ring",
    "house/not all heard",
    "house/not picked up",
    "house/too few carried",
    "house/gap today",
]
"""What is wrong with the whole, beside the faults of its parts."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the light is not green: the key of a fault that stands, or a Lack. `detail` is for people."""

    key: str
    detail: str = ""
    acknowledged_by: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How one zender, pager or way to a telephone stands. `because`: the key of the fault that keeps it from working,
    if one does."""

    name: str
    works: Works
    because: str | None
    device: Device | None
    """What is known of it; None when it was never heard."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """The light, all its reasons, the worst first, and every zender, pager and telephone of the plan in its order."""

    light: Light
    reasons: tuple[Reason, ...]
    zenders: tuple[Standing, ...]
    pagers: tuple[Standing, ...]
    phones: tuple[Standing, ...]
    """By target: every way to every member."""


def readiness(state: State) -> Readiness:
    """How the house stands.

    Not ready: no press would be heard, or nobody would be rung. Limited: anything else is wrong, also when somebody
    has acknowledged it. Ready: nothing is.
    """
    zenders = tuple(_zender(state, zender) for zender in state.plan.zenders)
    pagers = tuple(_pager(state, pager) for pager in state.plan.pagers)
    hears = any(zender.works in ("yes", "unsupervised") for zender in zenders)
    phones = tuple(_telephone(state, f"{way}:{member.id}") for member in state.plan.members for way in member.ways)
    rings = len(_people(state, (*pagers, *phones)))
    lacks: dict[Lack, None] = {}
    if not hears:
        lacks["house/not all heard" if _waits(zenders) else "house/no zender"] = None
    if not rings:
        lacks["house/not all heard" if _waits(pagers) else "house/nobody to ring"] = None
    elif rings < state.plan.ladder.responders_needed and not (state.duty and state.duty.opens is None):
        lacks["house/too few to ring"] = None
    if not lacks and _waits((*zenders, *pagers)):
        lacks["house/not all heard"] = None
    lacks |= dict.fromkeys(_lacks_today(state))
    faults = (Reason(key, fault.detail, fault.acknowledged_by) for key, fault in state.faults.items())
    reasons = (*map(Reason, lacks), *sorted(faults, key=_rank))
    light: Light = "not ready" if not (hears and rings) else "limited" if reasons else "ready"
    return Readiness(light, reasons, zenders, pagers, phones)


def _lacks_today(state: State) -> Iterator[Lack]:
    """What this morning has still to bring, or the day has lost."""
    if morning.is_waiting(state):
        yield "house/not picked up"
    if morning.is_watched(state) and morning.short(state):
        yield "house/too few carried"
    if state.duty and any(gap.on == state.duty.on for gap in state.gaps):
        yield "house/gap today"


def _zender(state: State, zender: Zender) -> Standing:
    name = f"{ZENDER}:{zender.nr}"
    at_best: Works = "unsupervised" if "no heartbeat" in zender.weaker else "yes"
    return _standing(state, name, HINDRANCES, at_best)


def _pager(state: State, pager: Pager) -> Standing:
    if pager.base:
        because = barrier(state, f"{PAGER}:{pager.id}")
        return Standing(f"{PAGER}:{pager.id}", "no" if because else "unsupervised", because, None)
    return _standing(state, f"{PAGER}:{pager.id}", (*MISSING, "unsteady"), "yes")


def _telephone(state: State, target: str) -> Standing:
    """Of a telephone only a test that it showed proves anything; of an open page only that it is open."""
    because = barrier(state, target)
    tested = state.tests.get(target)
    unproven = target.startswith(f"{APP}:") or f"way:{target}/unproven" in state.faults
    failed = tested is not None and tested.stage == "failed" and not target.startswith(f"{APP}:")
    works: Works = "no" if because or failed else "unknown" if unproven else "unsupervised"
    if works == "unsupervised" and tested and tested.stage == "shown":
        works = "yes"
    return Standing(target, works, because, None)


def _standing(state: State, name: str, hindrances: tuple[str, ...], at_best: Works) -> Standing:
    device = state.devices.get(name)
    hindrance = next((key for kind in hindrances if (key := f"{name}/{kind}") in state.faults), None)
    down = way_down(state, name)
    works: Works = "no" if hindrance else "unknown" if down or not _is_there(state, name, device) else at_best
    return Standing(name, works, hindrance or down, device)


def _is_there(state: State, name: str, device: Device | None) -> bool:
    """Who speaks often must have spoken since this daemon began: what was before, or the broker remembers, is past."""
    if device is None or not device.online:
        return False
    limit_s = max_silence_s(state.plan, name)
    speaks_often = limit_s is not None and limit_s <= SELDOM_S
    return device.heard if speaks_often else device.seen_at is not None


def _waits(standings: tuple[Standing, ...]) -> bool:
    """Whether one of them is not heard yet, and no fault tells why."""
    return any(standing.works == "unknown" and not standing.because for standing in standings)


def _people(state: State, targets: tuple[Standing, ...]) -> set[str]:
    """Who would be rung; those who carry a pager that nobody is known to carry count as one.

    A telephone in a locker rings nobody: one counts when it has shown a test. A pager in its dock rings nobody while
    the desks are open: one counts then when it is carried.
    """
    plan = state.plan
    in_ladder = {target for step in plan.ladder.steps for group in step.ring for target in plan.group(group)}
    rung = [
        target.name
        for target in targets
        if target.name in in_ladder
        and (target.works == "yes" or (target.works == "unsupervised" and target.name.startswith(f"{PAGER}:")))
    ]
    if morning.is_watched(state):
        hanging = {f"{PAGER}:{pager.id}" for pager in plan.pagers if not morning.is_carried(state, pager)}
        rung = [name for name in rung if name not in hanging]
    return {plan.person(name) if plan.person(name) != name else PAGERS for name in rung}


def _rank(reason: Reason) -> tuple[bool, bool, list[str | int]]:
    """First what nobody has seen yet; of that first what keeps a device from working; and 9 before 10."""
    of, _, kind = reason.key.partition("/")
    stops = (":" in of and kind in (*HINDRANCES, "deaf", "failing", "transmitter")) or reason.key in BROKER
    parts: list[str | int] = [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", reason.key)]
    return reason.acknowledged_by is not None, not stops, parts
