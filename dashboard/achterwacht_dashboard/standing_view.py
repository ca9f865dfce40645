"""How people, telephones, pagers and zenders stand, as plain values for the pages of /beheer.

What is wrong is the core's (readiness.py). While the daemon is not heard everything here is unknown: what was true
then is not shown as though it were now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from achterwacht.core import morning
from achterwacht.core.faults import device_of, kind_of
from achterwacht.core.moment import HOUSE_ZONE
from achterwacht.core.plan import CHANNEL, PAGER, WAY, ZENDER, Member, Pager, Zender
from achterwacht.core.readiness import Standing, Works
from achterwacht.core.state import Device
from achterwacht.outputs.texts.day import day_word
from achterwacht.outputs.texts.standing import device_names
from achterwacht_dashboard.pages import Seen

Told = dict[str, Any]

WORST_FIRST: tuple[Works, ...] = ("no", "unknown", "unsupervised", "yes")


@dataclass(frozen=True)
class House:
    """The house as these pages tell it: `seen`, and what is asked of it more than once."""

    seen: Seen
    names: Mapping[str, str]
    """What people call everybody and each device."""

    @cached_property
    def works(self) -> dict[str, Works]:
        """By device and by way: whether it would do its work now."""
        its = self.seen.readiness
        return {one.name: one.works for one in (*its.zenders, *its.pagers, *its.phones)}


def house_of(seen: Seen) -> House:
    """The house as somebody sees it."""
    names = device_names(seen.state.plan, seen.texts, seen.look.names)
    return House(seen, names)


# --- how old it is ----------------------------------------------------------------------------------------------------


def freshness(seen: Seen) -> Told:
    """How old a page is: when it was made, and since when nothing is known of the house, if that is so."""
    stale = seen.look.stale_since
    return {
        "at": f"{seen.now.local:%H:%M:%S}",
        "made_s": seen.house_s,
        "stale": None if stale is None else when(seen, stale.at),
        "never": stale is not None and not seen.look.boot,
        "why": seen.look.why_stale,
    }


def when(seen: Seen, at: datetime | None) -> str:
    """`14:02:33`, and with its day when that is another; empty for never."""
    if at is None:
        return ""
    local = at.astimezone(HOUSE_ZONE)
    clock = f"{local:%H:%M:%S}"
    return clock if local.date() == seen.now.local.date() else f"{day_word(local.date(), seen.texts)} {clock}"


# --- people -----------------------------------------------------------------------------------------------------------


def people(seen: Seen) -> Told:
    """Everybody of the plan: what they are, how they are reached, and what the last test of each way said."""
    house = house_of(seen)
    rows = [_person(house, member) for member in seen.state.plan.members]
    return {
        "people": rows,
        "unreached": [row["label"] for row in rows if row["reached"] in ("never", "no")],
        "unsure": [row["label"] for row in rows if row["reached"] in ("unproven", "unknown")],
    }


def _person(house: House, member: Member) -> Told:
    seen = house.seen
    person = seen.look.people.get(member.id)
    pagers = [pager.id for pager in seen.state.plan.pagers if pager.carrier == member.id]
    targets = [f"{way}:{member.id}" for way in member.ways]
    ways = [_way(house, one) for one in house.seen.readiness.phones if one.name in targets]
    return {
        "id": member.id,
        "name": person.name if person else "",
        "label": person.name if person else member.id,
        "phone": person.phone if person else "",
        "roles": [seen.words(f"admin.role.{role}") for role in member.roles],
        "pagers": pagers,
        "ways": ways,
        "reached": _reached(house, [*targets, *(f"{PAGER}:{pager}" for pager in pagers)]),
    }


def _reached(house: House, targets: list[str]) -> str:
    """Whether somebody would get an alarm now, as readiness.py counts people: `never` when the plan has no way for it,
    `unproven` when nothing says that they would not, and nothing has shown that they would."""
    if not targets:
        return "never"
    if not house.seen.is_heard:
        return "unknown"
    works = [_rings(house, target) for target in targets]
    best = next(one for one in reversed(WORST_FIRST) if one in works)
    return "unproven" if best == "unsupervised" else best


def _rings(house: House, target: str) -> Works:
    """Whether a target would reach whoever it is of. A pager in its dock rings nobody while the desks are open; of one
    on a paging base no more can be known than that its base works."""
    state = house.seen.state
    pager = state.plan.pager(target.partition(":")[2]) if target.startswith(f"{PAGER}:") else None
    works = house.works[target]
    if pager is None:
        return works
    if morning.is_watched(state) and not morning.is_carried(state, pager):
        return "no"
    return "yes" if works == "unsupervised" else works


def _way(house: House, one: Standing) -> Told:
    """One way to one member."""
    seen = house.seen
    tested = seen.state.tests.get(one.name)
    test: Told | None = None
    if tested and seen.is_heard:
        test = {
            "at": when(seen, tested.at),
            "stage": tested.stage,
            "word": seen.texts.words.stages[tested.stage],
            "why": seen.texts.why_failed(tested.note).removeprefix(": ") if tested.note else "",
        }
    return {
        "target": one.name,
        "way": one.name.partition(":")[0],
        "name": seen.texts.device(one.name, house.names),
        **_works(house, one),
        "test": test,
        "tested": "unknown" if not seen.is_heard else "" if tested else "never",
    }


# --- telephones -------------------------------------------------------------------------------------------------------


def phones(seen: Seen) -> Told:
    """Every way to every member, those that do not work first; and what is wrong with them."""
    house = house_of(seen)
    rows = [_way(house, one) | _whose(house, one) for one in house.seen.readiness.phones]
    rows.sort(key=lambda row: WORST_FIRST.index(row["works"]))
    return {"phones": rows, "counts": _counts(seen, rows), "faults": list(_faults(house, (WAY, CHANNEL, "phones")))}


def _whose(house: House, one: Standing) -> Told:
    member = one.name.partition(":")[2]
    person = house.seen.look.people.get(member)
    return {"whose": house.seen.who(member), "phone": person.phone if person else ""}


# --- pagers -----------------------------------------------------------------------------------------------------------


def pagers(seen: Seen) -> Told:
    """Every pager of the plan, in its order."""
    house = house_of(seen)
    of = {f"{PAGER}:{pager.id}": pager for pager in seen.state.plan.pagers}
    rows = [_pager(house, one, of[one.name]) for one in house.seen.readiness.pagers]
    return {"pagers": rows, "counts": _counts(seen, rows), "faults": list(_faults(house, (PAGER, "dock", "base")))}


def _pager(house: House, one: Standing, pager: Pager) -> Told:
    seen = house.seen
    state, texts = seen.state, seen.texts
    carried, placed = state.carried.get(pager.id), state.places.get(pager.id)
    carrier = texts.who(pager.carrier, seen.look.names) if pager.carrier else ""
    told = {
        "id": pager.id,
        "target": one.name,
        "base": pager.base,
        "carrier": carrier,
        "how": texts.words.hows[carried.how] if carried else "",
        "is_missing": morning.is_watched(state) and morning.lacks(state, pager) in ("docked", "no carrier"),
        "proven": when(seen, carried.proven_at) if carried else "",
        "place": texts.words.pager_places[placed.place] if placed else "",
        **_device(house, one),
        **_works(house, one),
    }
    return told if seen.is_heard else told | dict.fromkeys(_OF_NOW, UNKNOWN)


UNKNOWN = None
"""What is not known now; templates write it as "onbekend"."""
_OF_NOW = ("carrier", "how", "is_missing", "proven", "place")
"""What of a pager changes by the minute."""


# --- zenders ----------------------------------------------------------------------------------------------------------


def zenders(seen: Seen) -> Told:
    """Every zender of the plan, in its order."""
    house = house_of(seen)
    of = {f"{ZENDER}:{zender.nr}": zender for zender in seen.state.plan.zenders}
    rows = [_zender(house, one, of[one.name]) for one in house.seen.readiness.zenders]
    return {"zenders": rows, "counts": _counts(seen, rows), "faults": list(_faults(house, (ZENDER, "gateway")))}


def _zender(house: House, one: Standing, zender: Zender) -> Told:
    texts = house.seen.texts
    return {
        "nr": zender.nr,
        "place": zender.place,
        "room": zender.room,
        "via": zender.gateway or texts.words.transports[zender.transport],
        "weaker": [texts.words.weaker[weakness][1] for weakness in zender.weaker],
        "overdue": house.seen.is_heard and f"{one.name}/test overdue" in house.seen.state.faults,
        **_device(house, one),
        **_works(house, one),
    }


# --- what devices have in common --------------------------------------------------------------------------------------


def _works(house: House, one: Standing) -> Told:
    """Whether it would do its work now, in a word; and what keeps it from that."""
    seen = house.seen
    works: Works = one.works if seen.is_heard else "unknown"
    because = one.because if seen.is_heard else None
    return {
        "works": works,
        "works_word": seen.texts.words.works[works],
        "because": seen.texts.fault(because, names=house.names) if because else "",
    }


def _device(house: House, one: Standing) -> Told:
    """What a device has told of itself, in words. None: not known now; empty: it never said."""
    seen, device = house.seen, one.device
    if not seen.is_heard:
        return dict.fromkeys(("heard", "battery", "line", "tamper", "dock", "pressed", "tested"), UNKNOWN)
    texts = seen.texts
    words = texts.words.standing
    dock = [words[key] for key, so in (("in dock", device and device.docked), ("charging", device and device.charging))
            if so]  # fmt: skip
    return {
        "heard": _heard(seen, one),
        "battery": _battery(seen, device),
        "line": texts.words.lines[device.line] if device and device.line else "",
        "tamper": bool(device and device.tamper),
        "dock": ", ".join(dock),
        "pressed": when(seen, _pressed_at(seen, device)),
        "tested": when(seen, device.tested_at) if device else "",
    }


def _heard(seen: Seen, one: Standing) -> str:
    """Of what speaks all the time only that it does: when it did so first is of no use."""
    device = one.device
    if device is None or device.seen_at is None:
        return seen.words("admin.heard.never")
    if not device.online:
        return seen.words("admin.heard.gone", at=when(seen, device.seen_at))
    if device.heard and one.works in ("yes", "unsupervised"):
        return seen.words("admin.heard.now")
    return seen.words("admin.heard.at", at=when(seen, device.seen_at))


def _battery(seen: Seen, device: Device | None) -> str:
    words = seen.texts.words.standing
    if device is None or (device.battery is None and device.battery_low is None):
        return ""  # on the mains, or it does not say
    if device.battery is not None:
        return words["percent"].format(percent=device.battery)
    return words["low" if device.battery_low else "good"]


def _pressed_at(seen: Seen, device: Device | None) -> datetime | None:
    """When it was pressed in earnest last; where an alarm must not be seen, nothing since that began."""
    at = device.pressed_at if device else None
    return at if at and seen.may_tell(at) else None


def _counts(seen: Seen, rows: list[Told]) -> str:
    """`3 werken, 1 werkt NIET`."""
    words, told = seen.texts.words.standing, []
    for works in reversed(WORST_FIRST):
        count = sum(row["works"] == works for row in rows)
        one = words.get(f"counts.{works}.one") if count == 1 else None
        if count:
            told.append(one or words[f"counts.{works}"].format(count=count))
    return ", ".join(told)


def _faults(house: House, of: tuple[str, ...]) -> Iterator[Told]:
    """The faults of these kinds of device, in the order of readiness, each with what it means and what to do."""
    if not house.seen.is_heard:
        return
    for reason in house.seen.readiness.reasons:
        if kind_of(reason.key).partition("/")[0] in of and reason.key in house.seen.state.faults:
            yield fault(house, reason.key)


def fault(house: House, key: str) -> Told:
    """One fault that stands."""
    seen = house.seen
    its = seen.state.faults[key]
    title, technical = seen.texts.fault_apart(key, its.detail, house.names)
    means, do = seen.about_fault(key)
    return {
        "key": key,
        "device": device_of(key),
        "title": title[:1].upper() + title[1:],
        "technical": technical,
        "since": seen.texts.words.standing["since"].format(since=when(seen, its.at)),
        "means": means,
        "do": do,
        "seen_by": seen.who(its.acknowledged_by) if its.acknowledged_by else "",
    }
