"""Which devices live, and what is wrong in the house. What that means for an alarm is escalation.py's to say.

Each function tells whether a pager has come back that may have missed something.
"""

from __future__ import annotations

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.plan import PAGER, Plan
from achterwacht.core.state import Device
from achterwacht.core.turn import Turn


def status(turn: Turn, heard: h.Status) -> bool:
    """A birth or a death."""
    if _is_stranger(turn, heard.device):
        return False
    before = turn.state.devices.get(heard.device)
    if heard.online:
        if before and not heard.live and heard.boot == before.former:
            return False  # what the broker remembers is older than what was heard since
        return sign_of_life(turn, heard.device, heard.boot, born=heard.live)
    if before is None or _speaks_of_now(before, heard):
        if before is None or before.online:
            turn.note(f.DeviceSeen(turn.now, heard.device, heard.boot, False))
        turn.raise_fault(f"{heard.device}/offline", "gone: switched off, out of range, or its battery is empty")
    return False


def _speaks_of_now(before: Device, heard: h.Status) -> bool:
    """A death counts for the boot last heard; one that the broker kept for us may be of a boot we never heard."""
    return heard.boot == before.boot or (not heard.live and heard.boot != before.former)


def telemetry(turn: Turn, heard: h.Telemetry) -> bool:
    """A regular sign of life."""
    if _is_stranger(turn, heard.device):
        return False
    before = turn.state.devices.get(heard.device)
    if before and before.online and before.former == heard.boot:
        turn.raise_fault(f"{heard.device}/two boots", "two devices speak under this number")
        return False
    return sign_of_life(turn, heard.device, heard.boot)


def sign_of_life(turn: Turn, device: str, boot: str, born: bool = False) -> bool:
    """Any message proves that its device lives. `born`: it says itself that it has just started or connected."""
    before = turn.state.devices.get(device)
    if not in_plan(turn.state.plan, device) or (before is not None and before.former == boot):
        return False  # late words of an earlier boot prove nothing about this one
    if before is None or before.boot != boot or not before.online:
        turn.note(f.DeviceSeen(turn.now, device, boot, True))
        turn.clear_fault(f"{device}/offline")
        born = born or before is not None
    return born and device.startswith(f"{PAGER}:")


def in_plan(plan: Plan, device: str) -> bool:
    """Whether the plan knows this device."""
    kind, id = device.split(":")
    return plan.pager(id) is not None if kind == PAGER else plan.zender(int(id)) is not None


def plan_changed(turn: Turn) -> None:
    """Whoever was unknown may be known now, and speaks again if not; whoever left the plan is missed no more."""
    for key in list(turn.state.faults):
        device, _, what = key.partition("/")
        if what == "unknown" or (what == "offline" and not in_plan(turn.state.plan, device)):
            turn.clear_fault(key)


def _is_stranger(turn: Turn, device: str) -> bool:
    """Whether the plan does not know this device; the first stranger of each kind is a fault."""
    stranger = not in_plan(turn.state.plan, device)
    if stranger:
        turn.raise_fault(f"{device.split(':', maxsplit=1)[0]}/unknown", f"{device} speaks, but is not in the plan")
    return stranger
