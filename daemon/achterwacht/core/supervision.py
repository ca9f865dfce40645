"""Which devices live, how they are, and what is wrong with them. What that means for an alarm is for escalation.py.

A heartbeat is no fact: only what it changes is noted here. When each device was last heard is remembered outside the
core (presence.py), which tells who is `Missing`. A device whose way to us is down (its gateway, the broker) is not
missing but unknown: one fault, not eleven.

Functions that hear a device tell whether a pager has come back that may have missed something.
"""

from __future__ import annotations

from collections.abc import Iterator

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.evolve import comes_or_goes, is_another
from achterwacht.core.faults import (
    CENTRE_AWAY,
    CENTRE_FAULTS,
    DEVICES,
    MISSING,
    MORNING_FAULTS,
    PHONES_DOWN,
    STAND,
    device_of,
    kind_of,
)
from achterwacht.core.plan import APP, BASE, CENTRE, CHANNEL, DOCK, GATEWAY, MAX_SILENCE_S, PAGER, WAY, ZENDER, Plan
from achterwacht.core.state import CHANGES_S, Device, State
from achterwacht.core.turn import Turn

BATTERY_LOW = 20
"""Percent: some weeks for a button, some hours for a pager. Time to see to it."""
BATTERY_EMPTY = 5
"""Percent: it may be gone with the next press."""
BATTERY_RECOVERED = 5
"""Percent above its limit at which a fault is over: a battery that warms up must not make it come and go."""
BATTERY_STEP = 5
"""Percent: a smaller change is not noted, if it crosses no limit."""
SELDOM_S = 900.0
"""Who may be silent for longer than this is noted anew when heard, so that a restart remembers since when it is."""
BROKER = ("broker/link", "broker/canary")
"""Faults by which nothing at all comes through the broker."""
CHANGES_MAX = 12
"""So often may a device come, go or start again within CHANGES_S; each change is a few facts for ever."""
MOVES_MAX = 20
"""So often may a pager be hung up or lifted, by its dock or by its own word: nobody does so every half minute, so it
chatters, and that is not followed. What moves more seldom than that settles in between (morning.py)."""
SELDOM_PARTS = 8
"""So many times, at most, within the silence that it may keep."""

# --- who lives --------------------------------------------------------------------------------------------------------


def status(turn: Turn, heard: h.Status) -> bool:
    """A birth or a death."""
    if _is_stranger(turn, heard.device):
        return False
    before = turn.state.devices.get(heard.device)
    if heard.online:
        return sign_of_life(turn, heard.device, heard.boot, born=heard.live, live=heard.live)
    if before is None or _speaks_of_now(before, heard):
        news = before is None or before.online
        noted = not news or _note_seen(turn, f.DeviceSeen(turn.now, heard.device, heard.boot, False, heard.live))
        if noted and not is_missed(turn.state, heard.device):
            turn.raise_fault(f"{heard.device}/offline", "")
    return False


def _speaks_of_now(before: Device, heard: h.Status) -> bool:
    """A death counts for the boot last heard; one that the broker kept for us may be of a boot we never heard."""
    return heard.boot == before.boot or (not heard.live and not _is_former(before, heard.boot))


def telemetry(turn: Turn, heard: h.Telemetry) -> bool:
    """A regular sign of life, and how the device is."""
    if _is_stranger(turn, heard.device):
        return False
    before = turn.state.devices.get(heard.device)
    if before and _is_former(before, heard.boot):
        if before.online and heard.live:
            turn.raise_fault(f"{heard.device}/two boots", "")
        return False
    if heard.device.startswith(f"{DOCK}:"):
        _dock(turn, heard)
        return False
    came_back = heard.live and sign_of_life(turn, heard.device, heard.boot)
    if heard.device in turn.state.devices:  # of whom nothing was heard but what the broker remembers, nothing is kept
        _measure(turn, heard)
    return came_back


def _dock(turn: Turn, heard: h.Telemetry) -> None:
    """A dock's contact. What the broker remembers of it counts too: most speak only when they change, so it is so
    still; and where it is not, the pager's own word contradicts it (morning.py)."""
    sign_of_life(turn, heard.device, heard.boot, live=heard.live)
    _measure(turn, heard)


def sign_of_life(turn: Turn, device: str, boot: str, born: bool = False, live: bool = True) -> bool:
    """Any message proves that its device lives.

    `born`: it says itself that it has just started or connected. Not `live`: only the broker remembers that it was
    there, which proves nothing about a device that has since fallen silent.
    """
    before = turn.state.devices.get(device)
    if not in_plan(turn.state.plan, device) or (before is not None and _is_former(before, boot)):
        return False  # late words of an earlier boot prove nothing about this one
    faults = turn.state.faults
    if not live and any(f"{device}/{kind}" in faults for kind in ("silent", "never seen")):
        return False
    came_back = is_missed(turn.state, device) or (before is not None and (before.boot != boot or not before.online))
    if before is None or came_back or (live and _worth_noting(turn, device, before)):
        if _note_seen(turn, f.DeviceSeen(turn.now, device, boot, True, live)):
            for kind in MISSING:
                turn.clear_fault(f"{device}/{kind}")
        else:
            came_back = False
    return (born or came_back) and device.startswith(f"{PAGER}:")


def _note_seen(turn: Turn, seen: f.DeviceSeen) -> bool:
    """Note that a device came or went; but not of one that does so all the time. That is one fault, not a full disk."""
    device = turn.state.devices.get(seen.device)
    if device and comes_or_goes(device, seen) and _changes_often(turn, device):
        if device.online:
            turn.note(f.DeviceSeen(turn.now, seen.device, device.boot, False))  # what is not followed is not there
        turn.raise_fault(f"{seen.device}/unsteady", "")
        return False
    turn.note(seen)
    return True


def _changes_often(turn: Turn, device: Device) -> bool:
    return device.changes >= CHANGES_MAX and turn.now_s - device.changes_from_s < CHANGES_S


def _moves_often(turn: Turn, device: Device) -> bool:
    return is_chattering(device) and turn.now_s - device.moves_from_s < CHANGES_S


def is_chattering(device: Device) -> bool:
    """Whether it was hung up and lifted more often than anybody would, so that its last word on that may be old."""
    return device.moves >= MOVES_MAX


def _is_former(before: Device, boot: str) -> bool:
    return boot != "" and boot == before.former


def _worth_noting(turn: Turn, device: str, before: Device) -> bool:
    """Its first own word since this daemon began; or one of a device that speaks seldom."""
    if not before.heard:
        return True
    limit_s = max_silence_s(turn.state.plan, device) or 0.0
    return limit_s > SELDOM_S and turn.now_s - before.quiet_from_s > limit_s / SELDOM_PARTS


def missing(turn: Turn, heard: h.Missing) -> None:
    """These were not heard in time. Whoever is known to be gone, or out of our own hearing, is not told again."""
    for device in heard.devices:
        state = turn.state
        if is_missed(state, device) or not in_plan(state.plan, device) or way_down(state, device):
            continue
        before = state.devices.get(device)
        if before and before.online:
            turn.note(f.DeviceSeen(turn.now, device, before.boot, False))
        limit_s = max_silence_s(state.plan, device)
        if was_heard(state, device):
            turn.raise_fault(f"{device}/silent", "" if limit_s is None else f"{limit_s:g} s")
        else:
            turn.raise_fault(f"{device}/never seen", "")


def was_heard(state: State, device: str) -> bool:
    """Whether it ever spoke itself. Of a gateway its remembered word is enough: that is how most of them speak."""
    known = state.devices.get(device)
    return known is not None and (known.seen_at is not None or device.startswith(f"{GATEWAY}:"))


def is_missed(state: State, device: str) -> bool:
    """Whether a fault says that this device is not there. One is enough, whoever told it first."""
    return any(f"{device}/{kind}" in state.faults for kind in MISSING)


def barrier(state: State, target: str) -> str | None:
    """The key of a fault by which no order can reach this target, if one stands; it is tried all the same."""
    if not state.faults:
        return None
    return next((key for key in barriers(state.plan, target) if key in state.faults), None)


def barriers(plan: Plan, target: str) -> Iterator[str]:
    """The keys of what may keep an order from this target."""
    channel, who = target.split(":")
    if target == CENTRE:
        yield CENTRE_AWAY
        return
    if channel != PAGER:
        yield from (f"{WAY}:{target}/failing", f"{WAY}:{target}/unregistered", f"{CHANNEL}:{channel}/failing")
        if channel != APP:
            yield PHONES_DOWN
        return
    pager = plan.pager(who)
    if pager is not None and pager.base:
        yield from (f"{BASE}:{pager.base}/{kind}" for kind in ("offline", "transmitter", "refusing"))
    else:
        yield from (f"{target}/{kind}" for kind in MISSING)


def max_silence_s(plan: Plan, device: str) -> float | None:
    """For how long this device of the plan may be silent; None when its silence means nothing."""
    kind, id = device.split(":")
    if kind == ZENDER:
        zender = plan.zender(int(id))
        return zender.max_silence_s if zender else None
    if kind == GATEWAY:
        gateway = plan.gateway(id)
        return gateway.max_silence_s if gateway else None
    return None if kind == DOCK else MAX_SILENCE_S


def way_down(state: State, device: str) -> str | None:
    """The key of a fault that keeps us from hearing this device at all, if one stands."""
    return next((key for key in way(state.plan, device) if key in state.faults), None)


def way(plan: Plan, device: str) -> Iterator[str]:
    """The keys of what may be wrong between this device and us."""
    kind, id = device.split(":")
    zender = plan.zender(int(id)) if kind == ZENDER else None
    pager = plan.pager(id) if kind in (PAGER, DOCK) else None
    through = zender.gateway if zender else pager.dock_gateway if pager and kind == DOCK else None
    gateway = plan.gateway(through or (id if kind == GATEWAY else ""))
    if (zender and zender.transport == "gpio") or kind == DOCK:
        yield f"{device}/pin"
    if gateway and kind != GATEWAY:
        yield from (f"{GATEWAY}:{gateway.id}/{kind}" for kind in (*MISSING, "deaf"))
    by_broker = gateway.on_mqtt if gateway else zender is None or zender.transport in ("mqtt", "bought")
    if by_broker and not (kind == PAGER and pager and pager.base):
        yield from BROKER


# --- how it is --------------------------------------------------------------------------------------------------------


def _measure(turn: Turn, heard: h.Telemetry) -> None:
    """Note what a device says of itself, where that is news; and what is wrong with it by that."""
    device, key = turn.state.devices[heard.device], heard.device
    again = {"docked", "charging"} if is_chattering(device) and not _moves_often(turn, device) else ()
    news = {
        name: value
        for name in h.MEASURED
        if (value := getattr(heard, name)) is not None and (value != getattr(device, name) or name in again)
    }
    if news.keys() & {"docked", "charging"} and _moves_often(turn, device):
        turn.raise_fault(f"{DOCK}:{key.partition(':')[2]}/unsteady", "")
        news.pop("docked", None)
        news.pop("charging", None)
    battery = news.get("battery", device.battery)
    standing = next((kind for kind in ("battery low", "battery empty") if f"{key}/{kind}" in turn.state.faults), None)
    wrong = _battery_fault(battery, news.get("battery_low", device.battery_low), standing)
    if wrong == standing and _is_close(turn, battery, device.battery):
        news.pop("battery", None)
    if not news:
        return
    turn.note(f.DeviceMeasured(turn.now, key, **news))
    if wrong != standing:
        turn.clear_fault(f"{key}/{standing}")
    if wrong:
        turn.raise_fault(f"{key}/{wrong}", "" if battery is None else f"{battery} %")
    for name, bad, kind in (("tamper", True, "tamper"), ("line", "cut", "line cut"), ("line", "short", "line short")):
        if name in news and news[name] == bad:
            turn.raise_fault(f"{key}/{kind}", "")
        elif name in news:
            turn.clear_fault(f"{key}/{kind}")


def _is_close(turn: Turn, battery: int | None, noted: int | None) -> bool:
    """Whether a battery is so nearly as it was noted that it need not be noted anew. When it has become too low for the
    day to come it must."""
    if battery is None or noted is None or abs(battery - noted) >= BATTERY_STEP:
        return False
    morning = turn.state.plan.morning
    return morning is None or not battery <= morning.battery_min < noted


def _battery_fault(percent: int | None, low: bool | None, standing: str | None) -> str | None:
    """What is wrong with a battery; what already stands ends only when it is well above its limit."""
    if percent is not None:
        if percent <= BATTERY_EMPTY + (BATTERY_RECOVERED - 1 if standing == "battery empty" else 0):
            return "battery empty"
        if percent <= BATTERY_LOW + (BATTERY_RECOVERED - 1 if standing else 0):
            return "battery low"
    return "battery low" if low else None


# --- what the plan and people say -------------------------------------------------------------------------------------


def in_plan(plan: Plan, device: str) -> bool:
    """Whether the plan knows this device."""
    kind, id = device.split(":")
    if kind == ZENDER:
        return plan.zender(int(id)) is not None
    if kind == PAGER:
        pager = plan.pager(id)
        return pager is not None and not pager.base  # one on a paging base says nothing: who says its name is another
    if kind == DOCK:
        pager = plan.pager(id)
        return pager is not None and pager.dock
    return plan.gateway(id) is not None


def plan_changed(turn: Turn, before: Plan) -> None:
    """Whoever was unknown may be known now, and speaks again if not. Of a device that has left the plan, or that it
    now hears otherwise, nothing is known: its faults are over."""
    after = turn.state.plan
    for key in list(turn.state.faults):
        device = device_of(key)
        speaks = device.partition(":")[0] in DEVICES
        another = bool(device) and (not speaks or in_plan(before, device)) and is_another(device, before, after)
        known_now = key.endswith("/unknown") and (not device or in_plan(after, device))
        no_phones = key == PHONES_DOWN and not any(set(member.ways) - {APP} for member in after.members)
        no_centre = kind_of(key) in CENTRE_FAULTS and after.alarm_centre is None
        no_morning = kind_of(key) in MORNING_FAULTS and after.morning is None
        untested = key.endswith("/test overdue") and not (after.morning and after.morning.button_test_days)
        if another or known_now or no_phones or no_centre or no_morning or untested:
            turn.clear_fault(key)


def acknowledge(turn: Turn, heard: h.Acknowledge) -> None:
    """Somebody has seen a fault. One that tells of something that has happened is over by that."""
    if heard.key in turn.state.outcomes:
        return
    note = ""
    if turn.state.plan.member(heard.member) is None:
        note = "not a member of the plan"
    elif heard.fault not in turn.state.faults:
        note = "no such fault stands now"
    result: f.Result = "refused" if note else "accepted"
    turn.note(f.FaultAcknowledged(turn.now, heard.key, heard.fault, heard.member, result, note))
    if result == "accepted" and kind_of(heard.fault) in STAND:
        turn.clear_fault(heard.fault)


def _is_stranger(turn: Turn, device: str) -> bool:
    """Whether the plan does not know this device; the first stranger of each kind is a fault. Not a dock: it has no
    name of its own, and its last word may come just after the plan has let it go."""
    stranger, kind = not in_plan(turn.state.plan, device), device.partition(":")[0]
    if stranger and kind in DEVICES:
        turn.raise_fault(f"{kind}/unknown", device)
    return stranger
