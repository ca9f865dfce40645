"""How the house stands, as one screen of a terminal: the light, why, and which button and pager would work now.

Knows what fits on a screen and what is said first. What is wrong is the core's (readiness.py). Never colour: whatever
is not well has a sign and a word.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import get_args

from achterwacht.core.faults import device_of, kind_of
from achterwacht.core.moment import HOUSE_ZONE, Moment
from achterwacht.core.plan import ALARM_CENTRE, BASE, CENTRE, PAGER, WAY, ZENDER, Pager, Plan, Zender
from achterwacht.core.readiness import Light, Readiness, Reason, Standing, Works
from achterwacht.core.state import Device, State
from achterwacht.outputs.texts import Texts, places, typed

COLUMNS = 100
COLUMNS_MIN = 80
"""The narrowest terminal that anybody still has."""
LINES = 40
"""A terminal as people have it open; whoever has more to see asks for --json."""
TABLES_MIN_LINES = 8
"""What is left of the tables when they are cut to the bone: of each an empty line, its counts, how many more; and the
counts of the telephones."""
REASONS_MIN = 4
"""Reasons that are told however full the screen is."""
TOGETHER_FROM = 5
"""So many devices with the same fault are told in one line: one by one they would hide all else."""
TOGETHER_LINES = 3
DETAIL_LINES = 4
"""Room for the mistakes that are made in a plan at once, and an end to what a stranger may fill a screen with."""
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
SPARED_FIRST = ("via", "line")
"""Columns that a narrow terminal does without: the plan has the one, and a bad line is a fault above."""

INDENT = "  "
CUT = ".."
UNBROKEN = "\xa0"
"""A blank at which no line ends; on the screen a blank like all others, so that a command can be copied."""
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


def device_names(plan: Plan, texts: Texts, people: Mapping[str, str]) -> dict[str, str]:
    """What people call everybody and each device: a zender with its place, a pager with who carries it."""
    names = {**people, **places(plan, texts)}
    for pager in plan.pagers:
        if pager.carrier:
            name = f"{PAGER}:{pager.id}"
            names[name] = f"{texts.device(name)} ({people.get(pager.carrier, pager.carrier)})"
    return names


class Screen:
    """One screen about one state, `columns` wide. `heard_s`: seconds since each device was heard."""

    def __init__(
        self, state: State, house: Readiness, heard_s: Mapping[str, float], now: Moment, columns: int = COLUMNS
    ) -> None:
        self._state, self._house, self._heard_s, self._now = state, house, heard_s, now
        self._columns = columns
        self._texts = Texts(state.plan.language)
        self._words = self._texts.words.standing

    def text(self, people: Mapping[str, str]) -> str:
        """The whole screen, with people's names by member. As long as LINES, unless more is wrong than fits.

        Where people are in danger is never cut. The tables are first: what is wrong in them stands above them too.
        """
        names = device_names(self._state.plan, self._texts, people)
        top = [self._light(), *self._alarms()]
        top += self._reasons(names, LINES - len(top) - TABLES_MIN_LINES)
        room = LINES - len(top)
        tables = self._tables(people, room)
        carriers = self._carriers(names)
        tables += carriers if len(tables) + len(carriers) <= room else []
        return "\n".join(cut(printable(line), self._columns).rstrip() for line in (*top, *tables))

    # --- what is said first ---

    def _light(self) -> str:
        light = self._house.light
        word = self._texts.words.lights[light]
        doubt = "" if self._now.clock_ok else f" ({self._words['clock']})"
        return f"{LIGHT_SIGNS[light]} {word}  {self._now.local:%d-%m-%Y %H:%M:%S}{doubt}  {self._state.plan.site.name}"

    def _alarms(self) -> Iterator[str]:
        for alarm in sorted(self._state.alarms.values(), key=lambda alarm: alarm.raised_s):
            words = self._texts.words.watch[self._texts.how_open(alarm)]
            yield from self._wrapped(words.format_map(self._texts.alarm(alarm)), "", INDENT)

    def _reasons(self, names: Mapping[str, str], room: int) -> list[str]:
        """As many as there is room for. The first, and the first fault, with what it means and what to do."""
        groups = _together(self._house.reasons)
        if not groups:
            return []
        first_fault = next((group[0] for group in groups if group[0].key in self._state.faults), None)
        to_acknowledge = any(self._to_acknowledge(reason) for reason in self._house.reasons)
        room -= 3 + to_acknowledge  # an empty line, the heading, how many more
        lines: list[str] = []
        told = 0
        for group in groups:
            about = self._about(group[0].key) if group[0] in (groups[0][0], first_fault) else []
            block = self._many(group, names, about) if group[1:] else self._reason(group[0], names, about)
            if told >= REASONS_MIN and len(lines) + len(block) > room:
                break
            lines += block
            told += 1
        lines += self._more(sum(map(len, groups[told:])))
        lines += [INDENT + self._words["to acknowledge"]] if to_acknowledge else []
        return ["", self._words["because"], *lines]

    def _about(self, key: str) -> list[str]:
        means, do = self._texts.about_fault(key)
        return [line for text in (means, do and self._words["do"].format(do=do)) for line in self._wrapped(text)]

    def _reason(self, reason: Reason, names: Mapping[str, str], about: Sequence[str]) -> list[str]:
        """One reason, what is said about it, and on lines of its own what only an installer understands."""
        title, technical = self._texts.fault_apart(reason.key, reason.detail, names)
        name = f"  [{typed(reason.key)}]".replace(" ", UNBROKEN) if self._to_acknowledge(reason) else ""
        lines = self._wrapped(f"{title}{self._ends((reason,), names)}{name}", self._mark(reason))
        words = self._words["installer"].format(detail=technical) if technical else ""
        details = [line for part in words.splitlines() for line in self._wrapped(part)]
        return [*lines, *about, *_shortened(details, DETAIL_LINES)]

    def _many(self, group: Sequence[Reason], names: Mapping[str, str], about: Sequence[str]) -> list[str]:
        """Devices with the same fault, by their numbers alone."""
        of, _, kind = kind_of(group[0].key).partition("/")
        title = self._texts.many_faults(kind_of(group[0].key), len(group))
        name = f"  [{of}:{CUT}/{kind}]".replace(" ", UNBROKEN) if self._to_acknowledge(group[0]) else ""
        ids = [device_of(reason.key).partition(":")[2] for reason in group]
        listed = ", ".join(sorted(ids, key=lambda id: (len(id), id)))  # numbers in their order, and p2 before p10
        words = f"{title}{self._ends(group, names)}{name}: {listed}"
        return [*_shortened(self._wrapped(words, self._mark(group[0])), TOGETHER_LINES), *about]

    def _ends(self, group: Sequence[Reason], names: Mapping[str, str]) -> str:
        """Since when, and who has seen it."""
        since = min((fault.at for reason in group if (fault := self._state.faults.get(reason.key))), default=None)
        by = group[0].acknowledged_by
        after = self._words["since"].format(since=self._since(since)) if since else ""
        seen = self._words["acknowledged"].format(by=self._texts.who(by, names)) if by else ""
        return "".join(f", {end}" for end in (after.replace(" ", UNBROKEN), seen) if end)

    def _to_acknowledge(self, reason: Reason) -> bool:
        return reason.key in self._state.faults and reason.acknowledged_by is None

    def _mark(self, reason: Reason) -> str:
        return f"{INDENT}{'-' if reason.acknowledged_by else '!'} "

    def _since(self, at: datetime) -> str:
        local = at.astimezone(HOUSE_ZONE)
        return f"{local:%H:%M}" if local.date() == self._now.local.date() else f"{local:%d-%m-%Y %H:%M}"

    # --- the tables ---

    def _tables(self, people: Mapping[str, str], room: int) -> list[str]:
        """Both, in so many lines; where that is too few the pagers have half of them at most. Of telephones, of which
        nothing but faults and tests is known, how many there are."""
        phones = ["", *self._counts("phones", self._house.phones)] if self._house.phones else []
        room -= 2 + len(phones)  # an empty line before each
        zenders, pagers = self._zenders(room), self._pagers(people, room)
        if len(zenders) + len(pagers) > room:
            pagers = self._pagers(people, room // 2)
            zenders = self._zenders(room - len(pagers))
        return ["", *zenders, "", *pagers, *phones]

    def _carriers(self, names: Mapping[str, str]) -> list[str]:
        """What carries orders, each in a line with the worst that is wrong with it; and by name which telephones a
        fault that is not their own keeps from being reached."""
        off = [one.name for one in self._house.phones if one.because and not one.because.startswith(f"{WAY}:")]
        told = ", ".join(self._texts.device(target, names) for target in off)
        lines = self._wrapped(self._words["phones.no"].format(phones=told), INDENT, INDENT * 2) if off else []
        plan = self._state.plan
        for device in (*(f"{BASE}:{id}" for id in plan.bases), *([CENTRE] if plan.alarm_centre else [])):
            of = ALARM_CENTRE if device == CENTRE else device
            wrong = next((reason.key for reason in self._house.reasons if reason.key.startswith(f"{of}/")), None)
            title = self._texts.fault(wrong, names=names) if wrong else ""
            fine = self._words["no fault"].format(device=self._texts.device(device, names))
            lines.append(f"{SIGNS['no']} {title}" if wrong else fine)
        return ["", *lines] if lines and not self._house.phones else lines

    def _zenders(self, room: int) -> list[str]:
        of = {f"{ZENDER}:{zender.nr}": zender for zender in self._state.plan.zenders}

        def table(shown: Sequence[Standing]) -> list[str]:
            rows = [self._zender(one, of[one.name]) for one in shown]
            return [*self._table(ZENDER_COLUMNS, rows, ZENDER_WIDTHS), *self._marks(of[one.name] for one in shown)]

        return self._fitted("zenders", self._house.zenders, table, room)

    def _marks(self, zenders: Iterable[Zender]) -> Iterator[str]:
        """What the marks of these zenders mean."""
        weaknesses = {weakness for zender in zenders for weakness in zender.weaker}
        for weakness, (mark, means) in self._texts.words.weaker.items():
            if weakness in weaknesses:
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

    def _pagers(self, people: Mapping[str, str], room: int) -> list[str]:
        of = {f"{PAGER}:{pager.id}": pager for pager in self._state.plan.pagers}

        def table(shown: Sequence[Standing]) -> list[str]:
            return self._table(PAGER_COLUMNS, [self._pager(one, of[one.name], people) for one in shown], PAGER_WIDTHS)

        return self._fitted("pagers", self._house.pagers, table, room)

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
            self._words["nothing"] if pager.base else self._seen(one),
            self._battery(device),
            ", ".join(dock) or self._words["nothing"],
        )

    def _fitted(
        self, what: str, all_: Sequence[Standing], table: Callable[[Sequence[Standing]], list[str]], room: int
    ) -> list[str]:
        """All of them in the plan's order. Where that does not fit, those that are not well, the worst first."""
        if len(all_) <= ROWS_MAX and len(lines := [*self._counts(what, all_), *table(all_)]) <= room:
            return lines
        unwell = sorted(self._unwell(all_), key=lambda one: WORST_FIRST.index(one.works))
        counts = self._counts(what, all_, f"; {self._words['only']}")
        rows = min(len(unwell), ROWS_MAX)
        while len(lines := [*counts, *table(unwell[:rows]), *self._more(len(unwell) - rows)]) > room and rows:
            rows -= 1
        return lines

    def _table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], limits: Sequence[int]) -> list[str]:
        """Rows below their headings; a column is as wide as it must be, and its limit at most."""
        if not rows:
            return []
        heads = [self._words[column] if column else "" for column in columns]
        cells = {column: list(map(printable, of)) for column, *of in zip(columns, heads, *rows, strict=True)}
        widths = {
            column: min(limit, max(map(len, cells[column]))) for column, limit in zip(columns, limits, strict=True)
        }
        for column in SPARED_FIRST:
            if _width(widths) > self._columns:
                widths.pop(column, None)
        while _width(widths) > self._columns:
            widths[max(widths, key=widths.__getitem__)] -= 1
        gap = "  " if _width(widths) + len(widths) <= self._columns else " "
        return [
            gap.join(f"{cut(cells[column][row], width):<{width}}" for column, width in widths.items()).rstrip()
            for row in range(len(rows) + 1)
        ]

    def _counts(self, what: str, all_: Sequence[Standing], only: str = "") -> list[str]:
        by = Counter(one.works for one in all_)
        counts = [self._count(f"counts.{works}", by[works]) for works in get_args(Works) if by[works]]
        line = self._count(what, len(all_))
        return self._wrapped((f"{line}: {', '.join(counts)}" if counts else line) + only, "", INDENT)

    def _count(self, key: str, count: int) -> str:
        one = self._words.get(f"{key}.one") if count == 1 else None
        return one or self._words[key].format(count=count)

    def _unwell(self, all_: Sequence[Standing]) -> Sequence[Standing]:
        with_fault = {device_of(key) for key in self._state.faults}
        return [one for one in all_ if one.works in ("no", "unknown") or one.name in with_fault]

    def _more(self, count: int) -> list[str]:
        return [INDENT + self._words["more"].format(count=count)] if count > 0 else []

    def _wrapped(self, text: str, first: str = INDENT * 2, rest: str = INDENT * 2) -> list[str]:
        """On as many lines as it takes: what a sentence ends with is often what to do."""
        return textwrap.wrap(text, self._columns, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)

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


def printable(text: str) -> str:
    """On one line, and nothing in it that a terminal would obey: a detail may be what a stranger has sent."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(0, width - len(CUT))] + CUT


def _shortened(lines: list[str], most: int) -> list[str]:
    """So many lines of these at most; the last one says that there are more."""
    return lines if len(lines) <= most else [*lines[: most - 1], INDENT * 2 + CUT]


def _width(widths: Mapping[str, int]) -> int:
    """Of a row, with a blank between its cells."""
    return sum(widths.values()) + len(widths) - 1


def _together(reasons: Sequence[Reason]) -> list[list[Reason]]:
    """The reasons in their order. Those that differ only in their device are one, where the first of them is."""
    groups: dict[tuple[str, str | None], list[Reason]] = {}
    for reason in reasons:
        groups.setdefault((kind_of(reason.key), reason.acknowledged_by), []).append(reason)
    told: list[list[Reason]] = []
    for reason in reasons:
        group = groups[kind_of(reason.key), reason.acknowledged_by]
        if len(group) < TOGETHER_FROM or not device_of(reason.key):
            told.append([reason])
        elif group[0] is reason:
            told.append(group)
    return told
