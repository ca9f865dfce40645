"""How the house stands, as one screen of a terminal: the light, why, and which button and pager would work now.

Knows what fits on a screen and what is said first. What is wrong is the core's (readiness.py). Never colour: whatever
is not well has a sign and a word.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import get_args

from achterwacht.core.faults import device_of
from achterwacht.core.moment import HOUSE_ZONE, Moment
from achterwacht.core.plan import PAGER, ZENDER, Pager, Zender
from achterwacht.core.readiness import Light, Readiness, Reason, Standing, Works
from achterwacht.core.state import Device, State
from achterwacht.outputs.texts import Texts, clock_time

COLUMNS = 100
LINES = 40
"""A terminal as people have it open; whoever has more to see asks for --json."""
REASONS_MIN = 4
"""Reasons that are told however full the screen is."""
ALARMS_MAX = 4
ROWS_MAX = 16
"""A longer table tells only of those that are not well."""

LIGHT_SIGNS: Mapping[Light, str] = {"ready": "[v]", "limited": "[~]", "not ready": "[!]"}
SIGNS: Mapping[Works, str] = {"yes": "", "unsupervised": "~", "unknown": "?", "no": "!"}
WORST_FIRST: Sequence[Works] = ("no", "unknown", "unsupervised", "yes")

# Of the columns below, in characters; with a space between them they fill the screen.
ZENDER_COLUMNS = ("", "nr", "place", "via", "works", "seen", "battery", "line", "pressed", "tested", "weaker")
ZENDER_WIDTHS = (1, 4, 17, 12, 12, 9, 6, 5, 9, 9, 6)
PAGER_COLUMNS = ("", "pager", "carrier", "works", "seen", "battery", "docked")
PAGER_WIDTHS = (1, 16, 24, 12, 9, 6, 16)

INDENT = "  "
CUT = ".."
DAY_S = 24 * 3600
HOUR_S = 3600
MINUTE_S = 60


def age_s(name: str, device: Device | None, heard_s: Mapping[str, float], at: datetime) -> float | None:
    """How long ago a device was heard, in seconds; None when it never was, or nobody remembers it.

    `heard_s`: what the daemon has heard itself, by its monotonic clock. Before that only the wall clock tells.
    """
    if name in heard_s:
        return heard_s[name]
    return max(0.0, (at - device.seen_at).total_seconds()) if device and device.seen_at else None


def device_names(state: State, texts: Texts, people: Mapping[str, str]) -> dict[str, str]:
    """What people call each device: with its place, or who carries it."""
    names = dict(people)
    for zender in state.plan.zenders:
        name = f"{ZENDER}:{zender.nr}"
        names[name] = f"{texts.device(name)} ({zender.place})"
    for pager in state.plan.pagers:
        if pager.carrier:
            name = f"{PAGER}:{pager.id}"
            names[name] = f"{texts.device(name)} ({people.get(pager.carrier, pager.carrier)})"
    return names


class Screen:
    """One screen about one state. `heard_s`: seconds since each device was heard; `people`: names by member."""

    def __init__(self, state: State, house: Readiness, heard_s: Mapping[str, float], now: Moment) -> None:
        self._state, self._house, self._heard_s, self._now = state, house, heard_s, now
        self._texts = Texts(state.plan.language)
        self._words = self._texts.words.standing

    def text(self, people: Mapping[str, str]) -> str:
        """The whole screen: at most COLUMNS wide, and LINES long unless more is wrong than fits."""
        top = [self._light(), *self._alarms()]
        tables = ["", *self._zenders(), "", *self._pagers(people)]
        names = device_names(self._state, self._texts, people)
        reasons = list(self._reasons(names, LINES - len(top) - len(tables)))
        return "\n".join(map(_line, [*top, *reasons, *tables]))

    # --- what is said first ---

    def _light(self) -> str:
        light = self._house.light
        word = self._texts.words.lights[light]
        when = f"{self._now.local:%d-%m-%Y} {clock_time(self._now)}".rstrip()
        return f"{LIGHT_SIGNS[light]} {word}  {when}  {self._state.plan.site.name}"

    def _alarms(self) -> Iterator[str]:
        alarms = sorted(self._state.alarms.values(), key=lambda alarm: alarm.raised_s)
        for alarm in alarms[:ALARMS_MAX]:
            yield self._texts.words.watch["open"].format_map(self._texts.alarm(alarm))
        yield from self._more(len(alarms) - ALARMS_MAX)

    def _reasons(self, names: Mapping[str, str], room: int) -> Iterator[str]:
        """As many as there is room for. The first, and the first fault, with what it means and what to do."""
        reasons = self._house.reasons
        if not reasons:
            return
        first_fault = next((reason.key for reason in reasons if reason.key in self._state.faults), "")
        about = {key: self._about(key) for key in (reasons[0].key, first_fault)}
        told = max(REASONS_MIN, room - sum(map(len, about.values())) - 3)  # an empty line, the heading, how many more
        yield ""
        yield self._words["because"]
        for reason in reasons[:told]:
            yield self._reason(reason, names)
            yield from about.get(reason.key, ())
        yield from self._more(len(reasons) - told)

    def _about(self, key: str) -> list[str]:
        means, do = self._texts.about_fault(key)
        return [*_wrapped(means), *(_wrapped(self._words["do"].format(do=do)) if do else ())]

    def _reason(self, reason: Reason, names: Mapping[str, str]) -> str:
        fault, by = self._state.faults.get(reason.key), reason.acknowledged_by
        after = self._words["since"].format(since=self._since(fault.at)) if fault else ""
        seen = self._words["acknowledged"].format(by=self._texts.who(by, names)) if by else ""
        ends = "".join(f", {end}" for end in (after, seen) if end)
        what = _printable(self._texts.fault(reason.key, reason.detail, names))
        return f"{INDENT}{'-' if by else '!'} {_cut(what, COLUMNS - len(INDENT) - 2 - len(ends))}{ends}"

    def _since(self, at: datetime) -> str:
        local = at.astimezone(HOUSE_ZONE)
        return f"{local:%H:%M}" if local.date() == self._now.local.date() else f"{local:%d-%m-%Y %H:%M}"

    # --- the tables ---

    def _zenders(self) -> Iterator[str]:
        plan = self._state.plan
        shown = self._shown(self._house.zenders)
        of = {f"{ZENDER}:{zender.nr}": zender for zender in plan.zenders}
        yield self._counts("zenders", self._house.zenders)
        yield from self._table(ZENDER_COLUMNS, [self._zender(one, of[one.name]) for one in shown], ZENDER_WIDTHS)
        yield from self._more(self._hidden(self._house.zenders))
        marks = {weakness for one in shown for weakness in of[one.name].weaker}
        for weakness, (mark, means) in self._texts.words.weaker.items():
            if weakness in marks:
                yield f"{INDENT}{mark}: {means}"

    def _zender(self, one: Standing, zender: Zender) -> Sequence[str]:
        device, words = one.device, self._texts.words
        return (
            SIGNS[one.works],
            str(zender.nr),
            zender.place,
            zender.gateway or words.transports[zender.transport],
            words.works[one.works],
            self._seen(one),
            self._battery(device),
            words.lines[device.line] if device and device.line else self._words["nothing"],
            self._moment(device.pressed_at if device else None, "never"),
            self._moment(device.tested_at if device else None, "not yet"),
            "".join(words.weaker[weakness][0] for weakness in zender.weaker),
        )

    def _pagers(self, people: Mapping[str, str]) -> Iterator[str]:
        of = {f"{PAGER}:{pager.id}": pager for pager in self._state.plan.pagers}
        yield self._counts("pagers", self._house.pagers)
        rows = [self._pager(one, of[one.name], people) for one in self._shown(self._house.pagers)]
        yield from self._table(PAGER_COLUMNS, rows, PAGER_WIDTHS)
        yield from self._more(self._hidden(self._house.pagers))

    def _pager(self, one: Standing, pager: Pager, people: Mapping[str, str]) -> Sequence[str]:
        device = one.device
        dock = [
            self._words[word]
            for word, so in (
                ("in dock", device and device.docked),
                ("charging", device and device.charging),
            )
            if so
        ]
        return (
            SIGNS[one.works],
            pager.id,
            self._texts.who(pager.carrier, people) if pager.carrier else self._texts.words.no_carrier,
            self._texts.words.works[one.works],
            self._seen(one),
            self._battery(device),
            ", ".join(dock) or self._words["nothing"],
        )

    def _table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], limits: Sequence[int]) -> Iterator[str]:
        """Rows below their headings; a column is as wide as it must be, and its limit at most."""
        if not rows:
            return
        heads = [self._words[column] if column else "" for column in columns]
        rows = [[_cut(_printable(cell), limit) for cell, limit in zip(row, limits, strict=True)] for row in rows]
        widths = [max(map(len, cells)) for cells in zip(heads, *rows, strict=True)]
        gap = "  " if sum(widths) + 2 * len(widths) <= COLUMNS else " "
        for row in (heads, *rows):
            yield gap.join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()

    def _counts(self, what: str, all_: Sequence[Standing]) -> str:
        by = Counter(one.works for one in all_)
        counts = [self._words[f"counts.{works}"].format(count=by[works]) for works in get_args(Works) if by[works]]
        line = self._words[what].format(count=len(all_))
        line = f"{line}: {', '.join(counts)}" if counts else line
        return f"{line}; {self._words['only']}" if len(all_) > ROWS_MAX else line

    def _shown(self, all_: Sequence[Standing]) -> Sequence[Standing]:
        """All of them in the plan's order; where they are many, those that are not well, the worst first."""
        if len(all_) <= ROWS_MAX:
            return all_
        return sorted(self._unwell(all_), key=lambda one: WORST_FIRST.index(one.works))[:ROWS_MAX]

    def _hidden(self, all_: Sequence[Standing]) -> int:
        return len(self._unwell(all_)) - ROWS_MAX if len(all_) > ROWS_MAX else 0

    def _unwell(self, all_: Sequence[Standing]) -> Sequence[Standing]:
        with_fault = {device_of(key) for key in self._state.faults}
        return [one for one in all_ if one.works in ("no", "unknown") or one.name in with_fault]

    def _more(self, count: int) -> Iterator[str]:
        if count > 0:
            yield INDENT + self._words["more"].format(count=count)

    # --- cells ---

    def _seen(self, one: Standing) -> str:
        return self._ago(age_s(one.name, one.device, self._heard_s, self._now.at), "never")

    def _moment(self, at: datetime | None, never: str) -> str:
        return self._ago(None if at is None else max(0.0, (self._now.at - at).total_seconds()), never)

    def _ago(self, s: float | None, never: str) -> str:
        """3 s, 12 m, 2 h 10 m, then a date."""
        if s is None:
            return self._words[never]
        if s < MINUTE_S:
            return self._words["s"].format(s=int(s))
        if s < HOUR_S:
            return self._words["min"].format(min=int(s / MINUTE_S))
        if s < DAY_S:
            return self._words["h"].format(h=int(s / HOUR_S), min=int(s % HOUR_S / MINUTE_S))
        return f"{(self._now.at - timedelta(seconds=s)).astimezone(HOUSE_ZONE):%d-%m-%y}"

    def _battery(self, device: Device | None) -> str:
        if device is None or (device.battery is None and device.battery_low is None):
            return self._words["nothing"]  # on the mains, or it does not say
        if device.battery is not None:
            return self._words["percent"].format(percent=device.battery)
        return self._words["low" if device.battery_low else "good"]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS, initial_indent=INDENT * 2, subsequent_indent=INDENT * 2)


def _printable(text: str) -> str:
    """On one line, and nothing in it that a terminal would obey: a detail may be what a stranger has sent."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(0, width - len(CUT))] + CUT


def _line(text: str) -> str:
    return _cut(_printable(text), COLUMNS).rstrip()
