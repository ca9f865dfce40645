"""What must agree in and between the two files: numbers and ids stand once, whoever is named exists, steps rise.

Reads the plain values, not the forms of config_forms, and passes over whatever has the wrong shape: one wrong value
must not hide the mistakes of the others. How a zender is heard is for config_wiring, what goes out for config_voices,
what the days are like for config_day.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from achterwacht.config_yaml import EACH, Document, KeyPath, shown
from achterwacht.core.plain_ascii import cannot_show, plain_ascii
from achterwacht.core.plan import (
    ALARM_CENTRE,
    APP,
    BASE,
    CALENDAR,
    CHANNEL,
    DOCK,
    EMPTY_PLAN,
    GATEWAY,
    NTFY,
    PAGER,
    PAGERS,
    PUSH,
    PUSHOVER,
    RECEIVER,
    ROLES,
    TEAM,
    TERMINAL,
    WAY,
    ZENDER,
)

# The longest text of a page on the wire (docs/wire.md, "Pagers").
PLACE_MAX = 40

GROUPS = (PAGERS, *ROLES, ALARM_CENTRE)
"""The names that stand for several in a step of the ladder."""

DEVICES = (PAGER, ZENDER, GATEWAY, DOCK, BASE, CHANNEL, WAY, RECEIVER, CALENDAR, "phones", PUSH, APP, NTFY, PUSHOVER)
"""What stands before the colon in the name of a device, channel or target. With GROUPS no name for anything else."""

NOBODY = "nobody"
"""Who carries a pager on a day on which it stays in its dock."""

RESERVED = (*DEVICES, TERMINAL, NOBODY)
"""Names that nobody can have."""

# What cannot do without another key of the same block.
_BROKER_NEEDS = (
    ("ca_file", "tls"),
    ("cert_file", "tls"),
    ("cert_file", "key_file"),
    ("key_file", "cert_file"),
    ("password_file", "username"),
)


def check(zenders: Document, site: Document) -> None:
    """Notes in both documents what does not agree."""
    _check_zenders(zenders)
    _check_members(zenders, site)
    _check_ladder(site)
    _check_broker(site)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message about a word that is not known: the one that was probably meant, or all that are."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"


def check_unique(document: Document, *patterns: tuple[str, ...]) -> None:
    """No value stands twice on any of these paths."""
    first: dict[Any, KeyPath] = {}
    for path, value in (found for pattern in patterns for found in document.each(*pattern)):
        if isinstance(value, (str, int)) and first.setdefault(value, path) != path:
            line, _ = document.spots[first[value]]
            document.blame(path, f"is {value}, already used in line {line}, expected one of its own")


def check_named_once(document: Document, *pattern: str) -> None:
    """In no list on this path a name stands twice."""
    for path, names in document.each(*pattern):
        before: set[str] = set()
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str) and name in before:
                document.blame((*path, index), f"is {name}, which is named twice, expected once")
            elif isinstance(name, str):
                before.add(name)


def check_name(document: Document, path: KeyPath, name: Any) -> None:
    """A name that the coordinator gives is none that Achterwacht itself uses."""
    if name in GROUPS:
        document.blame(path, f"is {name}, the name of a group of the ladder, expected another id")
    elif name in RESERVED:
        document.blame(path, f"is {name}, a name that Achterwacht itself uses, expected another id")


def _check_zenders(zenders: Document) -> None:
    check_unique(zenders, ("zenders", EACH, "nr"))
    for path, place in zenders.each("zenders", EACH, "place"):
        if not isinstance(place, str):
            continue
        on_display = plain_ascii(place)
        strange = cannot_show(place) or ("" if on_display else place)
        if strange:
            zenders.blame(path, f"holds {shown(strange)}, expected letters, digits and signs that a pager can show")
        elif len(on_display) > PLACE_MAX:
            problem = f"is {len(on_display)} characters long on a pager ({on_display}), expected at most {PLACE_MAX}"
            zenders.blame(path, problem)
    for key in ("staff", "screens"):
        check_named_once(zenders, "zenders", EACH, key)


def _check_members(zenders: Document, site: Document) -> None:
    """Ids stand once, and whoever is named is a member."""
    check_unique(site, ("members", EACH, "id"))
    check_unique(site, ("pagers", EACH, "id"))
    for path, id_ in site.each("members", EACH, "id"):
        check_name(site, path, id_)
    for key in ("roles", "ways"):
        check_named_once(site, "members", EACH, key)
    members = [id_ for _, id_ in site.each("members", EACH, "id") if isinstance(id_, str)]
    if not members:
        return  # the list itself is the mistake
    known = set(members)
    named = (
        (zenders, ("zenders", EACH, "staff", EACH)),
        (site, ("pagers", EACH, "carrier")),
        (site, ("call_112", "callers", EACH)),
    )
    for document, pattern in named:
        for path, id_ in document.each(*pattern):
            if isinstance(id_, str) and id_ not in known:
                document.blame(path, f"is {shown(id_)}, no member of {site.file}, {did_you_mean(id_, members)}")
    check_named_once(site, "call_112", "callers")


def _check_ladder(site: Document) -> None:
    before_s, before = -1.0, ""
    for path, after_s in site.each("ladder", "steps", EACH, "after_s"):
        if isinstance(after_s, bool) or not isinstance(after_s, (int, float)):
            continue
        said = site.describe(path, after_s)
        if path[2] == 0 and after_s != 0:
            site.blame(path, f"is {said}, expected 0: the first step rings at once")
        elif before and after_s <= before_s:
            site.blame(path, f"is {said}, expected more than the {before} of the step before")
        before_s, before = after_s, said
    check_named_once(site, "ladder", "steps", EACH, "ring")
    members = [id_ for _, id_ in site.each("members", EACH, "id") if isinstance(id_, str)]
    has_centre = any(block is not None for _, block in site.each(ALARM_CENTRE))
    groups = [*(group for group in GROUPS if has_centre or group != ALARM_CENTRE), *members]
    for path, group in site.each("ladder", "steps", EACH, "ring", EACH):
        if group == ALARM_CENTRE and not has_centre:
            site.blame(path, f"is {group}, expected a block {ALARM_CENTRE} that says how it is reached")
        elif members and isinstance(group, str) and group not in groups:
            site.blame(path, f"is {shown(group)}, no group, role or member, {did_you_mean(group, groups)}")
    for path, ring in site.each("ladder", "steps", EACH, "ring"):
        if ring == [ALARM_CENTRE]:
            site.blame(path, f"is {ALARM_CENTRE} alone, expected somebody in the building beside it")
    if members and all(group in groups for _, group in site.each("ladder", "steps", EACH, "ring", EACH)):
        _check_enough(site)


def _check_enough(site: Document) -> None:
    """As many people as are needed can be rung. A pager without a carrier may still get one of the members."""
    rung = {group for _, group in site.each("ladder", "steps", EACH, "ring", EACH)}
    pagers = [pager for _, pager in site.each("pagers", EACH) if isinstance(pager, dict)]
    carriers = {carrier for pager in pagers for carrier in _carriers(pager)}
    one_is_free = any(not pager.get("carrier") for pager in pagers)
    people = 0
    for _, member in site.each("members", EACH):
        if not isinstance(member, dict) or not isinstance(member.get("id"), str):
            return  # who can be rung is not known yet
        by_pager = {PAGERS, member["id"]} if one_is_free or member["id"] in carriers else set()
        roles = member.get("roles", [TEAM])
        by_way = {member["id"], *map(str, roles)} if member.get("ways") and isinstance(roles, list) else set()
        people += not rung.isdisjoint(by_pager | by_way)
    needed = next((value for _, value in site.each("ladder", "responders_needed")), EMPTY_PLAN.ladder.responders_needed)
    if rung and isinstance(needed, int) and needed > people:
        problem = f"is {needed}, expected at most {people}: the steps ring no more people"
        site.blame(("ladder", "responders_needed"), problem)


def _carriers(pager: dict[str, Any]) -> Iterator[str]:
    """Whoever carries this pager on any day of the week."""
    week = pager.get("week")
    for member in (pager.get("carrier"), *(week.values() if isinstance(week, dict) else ())):
        if isinstance(member, str):
            yield member


def _check_broker(site: Document) -> None:
    for _, broker in site.each("broker"):
        if not isinstance(broker, dict):
            return
        for key, other in _BROKER_NEEDS:
            if broker.get(key) and not broker.get(other):
                site.blame(("broker", key), f"is given, expected {other} beside it")
