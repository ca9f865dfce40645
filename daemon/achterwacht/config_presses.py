"""Which zenders one message could press together: then one of them would be the wrong desk.

Knows when two readings leave room for one message: by their topics, by `where`, and by the values at one place of the
payload. Two places of it are two buttons of one device, which somebody may press at once: that is no mistake.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile

from achterwacht.inputs.mapping import EACH, overlap
from achterwacht.inputs.profiles import PROFILES
from achterwacht.inputs.wiring import Reading

ONE_OF_THESE = frozenset(field for profile in PROFILES.values() for field in profile.where)
"""By one of these fields a device is named: who goes by an id and who by a code are never one message."""

Facts = dict[str, str]
"""What must stand in a message to press a zender: values, by where they stand."""

OnTopic = dict[frozenset[str], list[tuple[Facts, int]]]
"""Facts, each with its zender, by what they name: who names the same can be looked up, of however many."""


def pressed_together(devices: Mapping[int, Iterable[Reading]]) -> dict[int, int]:
    """By a zender's number in `devices`: the first of those before it that a message may press together with it.

    Values must be as mapping.plain() writes them.
    """
    by_place: dict[tuple[str, str], dict[str, OnTopic]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for zender, device in devices.items():
        for reading in device:
            if reading.says == "press":
                element, place = _place(reading)
                on_topic = by_place[element, place][reading.topic]
                for facts in _facts(reading, place):
                    on_topic[frozenset(facts)].append((facts, zender))
    together: dict[int, int] = {}
    alike = _overlapping({topic for on_topics in by_place.values() for topic in on_topics})
    for on_topics in by_place.values():
        for topic, on_topic in on_topics.items():
            for other in alike[topic] & on_topics.keys():
                _compare(on_topic, on_topics[other], together)
    return together


def _place(reading: Reading) -> tuple[str, str]:
    """The element that `where` looks at, and the path of the press in it."""
    path = ".".join(filter(None, (reading.path, reading.field)))
    lists, each, place = path.rpartition(EACH)
    return lists + each, place.removeprefix(".")


def _facts(reading: Reading, place: str) -> Iterator[Facts]:
    """One for each value that is a press; where any value is, the place may hold what it likes."""
    for value in reading.values:
        yield {**dict(reading.where), place: value}
    if not reading.values:
        yield dict(reading.where)


def _overlapping(topics: set[str]) -> dict[str, set[str]]:
    """For each topic those that a message of it may also come to. A filter is held against what begins as it does."""
    found = {topic: {topic} for topic in topics}
    beginning: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for topic in topics:
        levels = _before_wildcards(topic)
        for size in range(len(levels) + 1):
            beginning[levels[:size]].append(topic)
    for wide in (topic for topic in topics if "+" in topic or "#" in topic):
        for topic in beginning[_before_wildcards(wide)]:
            if overlap(wide, topic):
                found[wide].add(topic)
                found[topic].add(wide)
    return found


def _before_wildcards(topic: str) -> tuple[str, ...]:
    return tuple(takewhile(lambda level: level not in ("+", "#"), topic.split("/")))


def _compare(some: OnTopic, others: OnTopic, together: dict[int, int]) -> None:
    """Notes who of the others comes after one of some, when nothing that both name differs."""
    for names, before in some.items():
        for other_names, after in others.items():
            id, other_id = names & ONE_OF_THESE, other_names & ONE_OF_THESE
            if id and other_id and not id & other_id:
                continue
            shared = sorted(names & other_names)
            first: dict[tuple[str, ...], int] = {}
            for facts, zender in before:
                said = tuple(facts[name] for name in shared)
                first[said] = min(zender, first.get(said, zender))
            for facts, zender in after:
                earlier = first.get(tuple(facts[name] for name in shared), zender)
                if earlier < zender:
                    together[zender] = min(earlier, together.get(zender, earlier))
