"""Whether this building may open its doors: one light, the reasons for it, and which button would work if pressed now.

A function of the state alone. When a device was last heard, to the second, is known outside the core (presence.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from achterwacht.core.faults import MISSING
from achterwacht.core.plan import PAGER, PAGERS, ZENDER, Pager, Zender
from achterwacht.core.state import Device, State
from achterwacht.core.supervision import way_down

Light = Literal["ready", "limited", "not ready"]

Works = Literal["yes", "unsupervised", "unknown", "no"]
"""Whether a device would do its work now. `unsupervised`: nothing says that it would not, and nothing would say so."""

HINDRANCES = (*MISSING, "stuck", "pin", "line cut", "line short")
"""Faults of a zender by which a press on it may not be heard."""

Lack = Literal["house/no zender", "house/nobody to ring", "house/too few to ring", "house/not all heard"]
"""What is wrong with the whole, beside the faults of its parts."""
STOPS: tuple[Lack, ...] = ("house/no zender", "house/nobody to ring")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the light is not green: the key of a fault that stands, or a Lack. `detail` is for people."""

    key: str
    detail: str = ""
    acknowledged_by: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How one zender or pager stands. `because`: the key of the fault that keeps it from working, if one does."""

    name: str
    works: Works
    because: str | None
    device: Device | None
    """What is known of it; None when it was never heard."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """The light, all its reasons, the worst first, and every zender and pager of the plan in its order."""

    light: Light
    reasons: tuple[Reason, ...]
    zenders: tuple[Standing, ...]
    pagers: tuple[Standing, ...]


def readiness(state: State) -> Readiness:
    """How the house stands.

    Not ready: no press would be heard, or nobody would be rung. Limited: anything else is wrong, also when somebody
    has acknowledged it. Ready: nothing is.
    """
    zenders = tuple(_zender(state, zender) for zender in state.plan.zenders)
    pagers = tuple(_pager(state, pager) for pager in state.plan.pagers)
    lacks = _lacks(state, zenders, pagers)
    faults = (Reason(key, fault.detail, fault.acknowledged_by) for key, fault in sorted(state.faults.items()))
    reasons = (
        *(Reason(lack) for lack in lacks),
        *sorted(faults, key=lambda reason: reason.acknowledged_by is not None),
    )
    stops = any(lack in STOPS for lack in lacks)
    return Readiness("not ready" if stops else "limited" if reasons else "ready", reasons, zenders, pagers)


def _zender(state: State, zender: Zender) -> Standing:
    name = f"{ZENDER}:{zender.nr}"
    at_best: Works = "unsupervised" if "no heartbeat" in zender.weaker else "yes"
    return _standing(state, name, HINDRANCES, at_best)


def _pager(state: State, pager: Pager) -> Standing:
    return _standing(state, f"{PAGER}:{pager.id}", MISSING, "yes")


def _standing(state: State, name: str, hindrances: tuple[str, ...], at_best: Works) -> Standing:
    device = state.devices.get(name)
    hindrance = next((key for kind in hindrances if (key := f"{name}/{kind}") in state.faults), None)
    down = way_down(state, name)
    if hindrance:
        works: Works = "no"
    elif down or device is None or not device.online:
        works = "unknown"  # who was never heard has some time from a start, before that is a fault
    else:
        works = at_best
    return Standing(name, works, hindrance or down, device)


def _lacks(state: State, zenders: tuple[Standing, ...], pagers: tuple[Standing, ...]) -> list[Lack]:
    lacks: list[Lack] = []
    if not any(zender.works in ("yes", "unsupervised") for zender in zenders):
        lacks.append("house/no zender")
    plan = state.plan
    in_ladder = {target for step in plan.ladder.steps for group in step.ring for target in plan.group(group)}
    rung = [pager.name for pager in pagers if pager.works == "yes" and pager.name in in_ladder]
    people = {plan.person(name) if plan.person(name) != name else PAGERS for name in rung}
    if not people:
        lacks.append("house/nobody to ring")
    elif len(people) < plan.ladder.responders_needed:
        lacks.append("house/too few to ring")
    if not lacks and any(standing.works == "unknown" and not standing.because for standing in (*zenders, *pagers)):
        lacks.append("house/not all heard")
    return lacks
