"""Facts, plans and states as JSON, and back. One line of the journal is one encoded fact.

A fact's line is its fields with the moment laid open: {"at":…,"fact":"alarm_raised",…,"mono_s":…,"clock_ok":…}.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from immutables import Map

from achterwacht.core import facts
from achterwacht.core.moment import Moment
from achterwacht.core.state import State

T = TypeVar("T")

facts.State = State  # type: ignore[attr-defined]  # Checkpoint names it; state.py imports facts, not the other way


def fact_name(kind: type) -> str:
    """`AlarmRaised` is `alarm_raised` in the journal and on the link; `NeedOf112Asked` is `need_of_112_asked`."""
    return re.sub(r"(?<!^)(?=[A-Z])|(?<=[a-z])(?=\d)", "_", kind.__name__).lower()


NAMES: dict[type, str] = {kind: fact_name(kind) for kind in get_args(facts.Fact)}
KINDS: dict[str, type] = {name: kind for kind, name in NAMES.items()}


def to_plain(value: Any) -> Any:
    """Any value of the core as dicts, lists, strings and numbers."""
    return msgspec.to_builtins(value, enc_hook=_map_to_dict)


def from_plain(kind: type[T], plain: Any) -> T:
    """The inverse of to_plain. Raises msgspec.ValidationError, which says where and what."""
    return msgspec.convert(plain, kind, dec_hook=_dict_to_map)


def fact_to_plain(fact: facts.Fact) -> dict[str, Any]:
    """A fact as the dict that its line holds."""
    plain = to_plain(fact)
    when = plain.pop("when")
    return {"at": when.pop("at"), "fact": NAMES[type(fact)], **plain, **when}


def fact_from_plain(plain: dict[str, Any]) -> facts.Fact:
    """The inverse of fact_to_plain. Raises msgspec.ValidationError or KeyError for a line that is no fact."""
    when = {name: plain[name] for name in Moment.__slots__}
    return from_plain(KINDS[plain["fact"]], {**plain, "when": when})


def encode(fact: facts.Fact) -> str:
    """A fact as one line of JSON."""
    # The same as of fact_to_plain(), but straight: the plain form of two thousand devices holds up pages.
    when = fact.when
    said = {name: getattr(fact, name) for name in fact.__slots__ if name != "when"}
    laid_open = {"at": when.at, "fact": NAMES[type(fact)], **said, "mono_s": when.mono_s, "clock_ok": when.clock_ok}
    return msgspec.json.encode(laid_open, enc_hook=_map_to_dict).decode()


def decode(line: str) -> facts.Fact:
    """The inverse of encode."""
    return fact_from_plain(msgspec.json.decode(line))


def prepare() -> None:
    """Learn every type of the core now. Call it in a program that converts in more than one thread, before there are
    two: msgspec 0.22 crashes (a null pointer) when two of them learn the same type at once."""
    learnt: set[Any] = set()
    for kind in (State, *KINDS.values()):
        _learn(kind, learnt)


def _learn(kind: Any, learnt: set[Any]) -> None:
    if kind in learnt:
        return
    learnt.add(kind)
    if get_origin(kind) is Map:
        key, value = get_args(kind)
        msgspec.convert({}, dict[key, value], str_keys=True, dec_hook=_dict_to_map)  # type: ignore[valid-type]
    for part in get_args(kind):
        _learn(part, learnt)
    if isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, msgspec.Struct)):
        with suppress(msgspec.ValidationError):  # most want fields; they are learnt all the same
            from_plain(kind, {})
        for part in get_type_hints(kind).values():
            _learn(part, learnt)


def _map_to_dict(value: Any) -> Any:
    if isinstance(value, Map):
        return dict(value)
    raise NotImplementedError(f"{type(value)} has no JSON form")


def _dict_to_map(kind: type, plain: Any) -> Any:
    if get_origin(kind) is Map:
        key, value = get_args(kind)
        return Map(msgspec.convert(plain, dict[key, value], str_keys=True, dec_hook=_dict_to_map))  # type: ignore[valid-type]
    raise NotImplementedError(f"{kind} has no JSON form")
