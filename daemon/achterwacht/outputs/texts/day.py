"""The day in words, for a terminal of 80 columns: this morning, the log of a past day, the roster of the days to come.

Knows what the reception must read first, and what it can type. How the day stands is the core's (morning, roster).
Never colour: every pager has a sign and a word.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from achterwacht.core import facts as f
from achterwacht.core.moment import HOUSE_ZONE, Moment
from achterwacht.core.morning import Row, board, is_carried, times_today
from achterwacht.core.plan import BACKUP, CALENDAR, TEAM, Member, Plan
from achterwacht.core.readiness import Lack, readiness
from achterwacht.core.roster import RosterDay, day_key
from achterwacht.core.state import PickUp, State
from achterwacht.core.workdays import holidays_on
from achterwacht.outputs.texts import Texts, clock_time
from achterwacht.outputs.texts.standing import INDENT, cut, printable

COLUMNS = 80
"""The narrowest terminal that anybody still has."""

Verdict = Literal["ready", "missing", "not yet", "closed", "over", "no check"]

SIGNS: Mapping[Verdict, str] = {
    "ready": "[v]",
    "missing": "[!]",
    "not yet": "[?]",
    "closed": "[-]",
    "over": "[-]",
    "no check": "[-]",
}

# Of the table of pagers, in characters; with a space between them they fill the screen.
PAGER_COLUMNS = ("", "", "pager", "carrier", "how", "place", "battery", "proven")
PAGER_WIDTHS = (1, 10, 8, 19, 9, 12, 6, 8)

DATE_CHARS = 8
"""Of `ma 23-11`, the first column of the roster."""
PAGERS_IN_A_ROW = 4
"""Then a name and a word fit in a cell of the roster; a house with more pagers gets more tables."""

TOLD_HERE: tuple[Lack, ...] = ("house/not picked up", "house/too few carried", "house/gap today")
"""What keeps the house from green that the screen of the morning tells itself."""
WARNINGS_MAX = 6
"""More days with the same trouble nobody reads one by one."""


def verdict(state: State) -> Verdict:
    """How far today has come, in one word."""
    if state.plan.morning is None:
        return "no check"
    if state.duty is not None and state.duty.opens is None:
        return "closed"
    today = pick_up(state)
    if today is None or (today.checked_at is None and not today.ended):
        return "not yet"
    if today.ended:
        return "over"
    is_whole = today.complete_at is not None and all(row.why is None for row in board(state))
    return "ready" if is_whole else "missing"


def pick_up(state: State) -> PickUp | None:
    """This morning, once it has begun."""
    today, duty = state.pick_up, state.duty
    return today if today and duty and today.on == duty.on else None


def day_word(on: date, texts: Texts) -> str:
    """`wo 25-11-2026`."""
    return f"{_weekday(on, texts)} {on:%d-%m-%Y}"


def closed_because(state: State, on: date, texts: Texts) -> str:
    """Why the house does not open on this day."""
    words, hours = texts.words.day, state.plan.hours
    if on in hours.closed:
        return words["why.house"]
    for name in holidays_on(on):
        if name in hours.holidays:
            return words["why.holiday"].format(holiday=words[f"holiday.{name}"])
    is_usual = any(usual.weekday == on.weekday() for usual in hours.week)
    return words["why.calendar" if is_usual else "why.week"]


def span(first: date, last: date, texts: Texts) -> str:
    """`op di 24-11-2026`, `van di 24-11-2026 t/m do 26-11-2026`."""
    key = "on" if first == last else "from to"
    return texts.words.day[key].format(first=day_word(first, texts), last=day_word(last, texts))


def short_names(members: Iterable[str], texts: Texts, names: Mapping[str, str], width: int) -> dict[str, str]:
    """By member: their name as far as it fits; their id where two would look the same."""
    told = {member: cut(printable(texts.who(member, names)), width) for member in members}
    alike = Counter(told.values())
    return {member: name if alike[name] == 1 else cut(printable(member), width) for member, name in told.items()}


def _legend(members: Iterable[Member], texts: Texts, names: Mapping[str, str]) -> list[str]:
    """By which ids commands know these members."""
    words, told = texts.words.day, []
    for member in members:
        name = texts.who(member.id, names)
        told.append(member.id if name == member.id else words["who"].format(id=member.id, name=name))
    return _wrapped(printable(words["members"].format(members=", ".join(told))))


# --- this morning -----------------------------------------------------------------------------------------------------


class MorningScreen:
    """How far this morning has come, each pager, and what to do. `phones`: by member, as far as they are known."""

    def __init__(self, state: State, now: Moment, names: Mapping[str, str], phones: Mapping[str, str]) -> None:
        self._state, self._now, self._names, self._phones = state, now, names, phones
        self._texts = Texts(state.plan.language)
        self._words = self._texts.words.day
        self._rows = board(state)
        self._verdict = verdict(state)
        self._today = pick_up(state)
        whose = (row.member or row.duty for row in self._rows)
        width = PAGER_WIDTHS[PAGER_COLUMNS.index("carrier")]
        self._carriers = short_names(whose, self._texts, names, width)

    def text(self) -> str:
        """The whole screen."""
        lines = [*self._head(), *self._around(), *_wrapped(" ".join(self._progress()))]
        if self._verdict not in ("no check", "closed"):
            lines += ["", *self._table(), *self._what_to_do()]
        return "\n".join(cut(printable(line), COLUMNS).rstrip() for line in lines)

    def _head(self) -> Iterator[str]:
        local, site = self._now.local, self._state.plan.site.name
        doubt = "" if self._now.clock_ok else f" ({self._texts.words.standing['clock']})"
        when = f"{_weekday(local.date(), self._texts)} {local:%d-%m-%Y %H:%M:%S}{doubt}"
        head = f"{SIGNS[self._verdict]} {self._words[self._verdict]}  {when}"
        if len(head) + 2 + len(site) <= COLUMNS:
            yield f"{head}  {site}"
        else:
            yield from (head, INDENT + site)

    def _around(self) -> Iterator[str]:
        """What whoever reads only this must not miss: this screen is about pagers, not about the whole house."""
        for alarm in sorted(self._state.alarms.values(), key=lambda alarm: alarm.raised_s):
            yield self._words["drill" if alarm.drill else "alarm"].format(place=alarm.place)
        house = readiness(self._state)
        if any(reason.key not in TOLD_HERE for reason in house.reasons):
            yield self._words["house"].format(light=self._texts.words.lights[house.light])

    def _progress(self) -> Iterator[str]:
        duty = self._state.duty
        if self._verdict == "no check" or duty is None:
            return
        if duty.opens is None or duty.closes is None:
            yield self._words["shut"].format(why=closed_because(self._state, duty.on, self._texts))
            return
        yield self._words["open"].format(opens=f"{duty.opens:%H:%M}", closes=f"{duty.closes:%H:%M}")
        yield from self._check()
        if self._today and self._today.checked_at and not self._today.ended:
            yield self._coverage()

    def _check(self) -> Iterator[str]:
        """How far the check has come."""
        today, morning = self._today, self._state.plan.morning
        assert morning is not None, "only a house with a morning comes here"
        at = times_today(self._state, morning)
        assert at is not None, "the house is open"
        watch, remind, check = (f"{at(due):%H:%M}" for due in (morning.watch_at, morning.remind_at, morning.check_at))
        if today is None:
            yield self._words["before"].format(watch=watch, check=check)
        elif today.checked_at is not None:
            key = "checked.doubtful" if today.doubtful else "checked"
            yield self._words[key].format(at=_clock(today.checked_at))
            lacking = self._lacking() if not today.ended else []
            if today.complete_at is not None:
                complete = self._words["complete.before" if lacking else "complete"]
                yield complete.format(at=_clock(today.complete_at), pagers=self._texts.row(lacking))
            elif today.escalated:
                yield self._words["escalated"]
        elif today.held:
            until = at(morning.check_at) + timedelta(seconds=morning.hold_s)
            yield self._words["held"].format(until=f"{until:%H:%M}")
        elif today.reminded_at is None:
            yield self._words["watched"].format(remind=remind, check=check)
        else:
            yield from self._reminders(today, today.reminded_at)
            yield self._words["check"].format(check=check)

    def _reminders(self, today: PickUp, at: datetime) -> Iterator[str]:
        """Who was reminded, who is being reminded, and of what still hangs as it did then: who could not be."""
        orders = (order for order in self._state.outbox.values() if order.reason == "pager not picked up")
        on_its_way = {pager for order in orders for pager in order.about}
        reminded = set(today.reminded) - on_its_way
        for key, pagers in (("reminded", reminded), ("reminding", on_its_way)):
            if members := [row.member or row.duty for row in self._rows if row.pager in pagers]:
                yield self._words[key].format(members=self._texts.everyone(members, self._names))
        not_reminded = [self._whose(row) for row in self._rows if _hung(self._state, row, at)]
        left = [told for pager, told in not_reminded if pager not in reminded | on_its_way]
        if left:
            yield self._words["not reminded"].format(pagers=self._texts.row(left))

    def _whose(self, row: Row) -> tuple[str, str]:
        """A pager, and its name with whose it is today."""
        whose = self._texts.who(row.duty, self._names) if row.duty else self._words["nobody"]
        return row.pager, f"{row.pager} ({whose})"

    def _lacking(self) -> list[str]:
        """The pagers that lack something."""
        return [row.pager for row in self._rows if row.why is not None]

    def _coverage(self) -> str:
        morning = self._state.plan.morning
        assert morning is not None, "only a house with a morning comes here"
        carried, needed = carried_now(self._state), morning.pagers_needed
        return self._words["coverage" if carried >= needed else "coverage.short"].format(carried=carried, needed=needed)

    # --- the pagers ---

    def _table(self) -> Iterator[str]:
        yield _row([self._words[column] if column else "" for column in PAGER_COLUMNS])
        for row in self._rows:
            yield _row(self._cells(row))
            for detail in self._details(row):
                yield from _wrapped(detail, INDENT * 2)

    def _cells(self, row: Row) -> Sequence[str]:
        words, nothing = self._words, self._words["nothing"]
        whose = row.member or row.duty
        sign, word = self._stands(row)
        return (
            sign,
            words[word],
            row.pager,
            self._carriers[whose] if whose else words["nobody"],
            words[f"how.{row.how}"] if row.how else nothing,
            words[f"place.{row.place}"],
            words["percent"].format(percent=row.battery) if row.battery is not None else nothing,
            _clock(row.proven_at) if row.proven_at else nothing,
        )

    def _stands(self, row: Row) -> tuple[str, str]:
        """A sign, and the key of a word. When the day is over a pager is to be back."""
        if self._verdict == "over":
            return {"docked": ("v", "is back"), "unknown": ("?", "place.unknown")}.get(row.place, ("!", "is out"))
        if row.why is None:
            return "v", "is carried"
        return ("!", "is missing") if self._is_late else ("-", "is not yet")

    def _details(self, row: Row) -> Iterator[str]:
        """Of a pager that lacks something: what, whom to call, and what was tried."""
        if self._verdict == "over":
            if row.place in ("off", "contradiction") or (row.place == "unknown" and row.member):
                yield self._call(row, self._words["not back"])
            return
        if row.why is None:
            return
        why = self._texts.words.whys[row.why]
        if not self._is_late:
            if row.why != "docked":  # as it should be, so early; and its place says so
                yield why
            return
        yield self._call(row, why)
        if row.missing and row.missing.tried:
            tried = self._texts.tried(row.missing.tried, row.missing.member, self._names)
            yield self._words["tried"].format(tried="; ".join(tried))

    def _call(self, row: Row, why: str) -> str:
        """Whom to call about a pager, by which number."""
        member = _whom(row)
        name, phone = self._texts.who(member, self._names), self._phones.get(member, "")
        key = "call" if member and phone else "call.no phone" if member else "call.nobody"
        return self._words[key].format(why=why, member=name, phone=phone)

    @property
    def _is_late(self) -> bool:
        """Whether a pager that lacks something is missing."""
        return self._verdict in ("missing", "ready")

    def _what_to_do(self) -> Iterator[str]:
        """What to type about the pagers that are missing, since the check or again."""
        missing = self._lacking()
        if not self._is_late or not missing:
            return
        pager = missing[0] if len(missing) == 1 else self._words["a pager"]
        member = self._words["a member"]
        commands = {
            "do.called": f"called {pager}",
            "do.comes": f"called {pager} --comes",
            "do.replaced": f"called {pager} --replaced-by {member}",
            "do.took": f"took {pager} {member}",
        }
        width = max(len(self._words[key]) for key in commands)
        yield ""
        yield self._words["do"]
        for key, command in commands.items():
            yield f"{INDENT}{self._words[key]:<{width}}  achterwacht {command}"
        yield from _legend(_may_carry(self._state.plan), self._texts, self._names)


def carried_now(state: State) -> int:
    """How many persons have a pager, as morning.py counts them."""
    return len({state.carried[pager.id].member for pager in state.plan.pagers if is_carried(state, pager)})


def _may_carry(plan: Plan) -> list[Member]:
    """Who would take over a pager."""
    return [member for member in plan.members if TEAM in member.roles or BACKUP in member.roles]


def _hung(state: State, row: Row, at: datetime) -> bool:
    """Whether this pager hangs in its dock, and did so at that time."""
    placed = state.places.get(row.pager)
    return placed is not None and placed.place == "docked" and placed.at <= at


def _whom(row: Row) -> str:
    """Who is to be asked about a pager; empty where nobody is known."""
    is_open = row.missing is not None and row.missing.resolved_at is None
    return (row.missing.member if row.missing and is_open else "") or row.member or row.duty


def _row(cells: Sequence[str]) -> str:
    return " ".join(f"{cut(printable(cell), width):<{width}}" for cell, width in zip(cells, PAGER_WIDTHS, strict=True))


# --- the log of a day -------------------------------------------------------------------------------------------------


@dataclass
class DayLog:
    """What the journal holds of one local day, as it was noted; and of its morning what people ask first."""

    on: date
    facts: list[tuple[int, f.Fact]] = field(default_factory=list)
    duty: f.DutySet | None = None
    checks: list[f.PickUpChecked] = field(default_factory=list)
    """More than one when the first was made by a clock in doubt."""
    calls: list[f.PagerCalled] = field(default_factory=list)
    complete: f.PickUpCompleted | None = None
    ended: bool = False
    """Whether the desks have closed since."""
    _notices: set[str] = field(default_factory=set)
    """The orders by which people were told about it."""

    def take(self, n: int, fact: f.Fact) -> None:
        """The next fact of this day."""
        if not self._is_about(fact):
            return
        self.facts.append((n, fact))
        match fact:
            case f.DutySet() if fact.on == self.on:
                self.duty = fact
            case f.PickUpChecked():
                self.checks.append(fact)
                self.complete = None
            case f.PagerCalled():
                self.calls.append(fact)
            case f.PickUpCompleted():
                self.complete = fact
            case f.DayEnded():
                self.ended = True
            case f.Ordered():
                self._notices.add(fact.order)

    def _is_about(self, fact: f.Fact) -> bool:
        if isinstance(fact, f.OrderFailed):
            return fact.order in self._notices
        return isinstance(fact, OF_A_DAY) or (isinstance(fact, f.Ordered) and fact.kind in NOTICES)


OF_A_DAY = (
    f.DaemonStarted,
    f.DaemonStopped,
    f.DutySet,
    f.DutySwapped,
    f.AbsenceNoted,
    f.CalendarAdopted,
    f.GapsFound,
    f.PagerPlaced,
    f.PagerCarried,
    f.WatchBegan,
    f.PickUpReminded,
    f.CheckHeld,
    f.PickUpChecked,
    f.PagerCalled,
    f.PickUpResolved,
    f.PickUpCompleted,
    f.PickUpEscalated,
    f.CoverageChanged,
    f.DayEnded,
    f.SelfTestBegan,
    f.SelfTestEnded,
    f.ButtonTestBegan,
    f.ButtonTestPressed,
    f.ButtonTestClaimed,
    f.ButtonTestEnded,
    f.DrillRaised,
    f.DrillEnded,
    f.Refused,
)
"""Starts and stops too: a morning without a daemon looks like one without a sign of the pagers."""
NOTICES: tuple[f.Kind, ...] = ("reminder", "fault")
"""Orders by which people are told about a day."""


def log_text(log: DayLog, texts: Texts, names: Mapping[str, str], is_today: bool = False) -> str:
    """A past day, or this one so far: what came of its morning, then all that happened, in sentences."""
    words = texts.words.day
    head = words["log"].format(date=day_word(log.on, texts))
    if not log.facts:
        return f"{head}\n{words['log.none']}"
    told = (f"{clock_time(fact.when)}  {printable(texts.sentence(fact, names))}" for _, fact in log.facts)
    return "\n".join((head, *(INDENT + line for line in _summary(log, texts, names, is_today)), "", *told))


def _summary(log: DayLog, texts: Texts, names: Mapping[str, str], is_today: bool) -> Iterator[str]:
    words = texts.words.day
    if log.duty is not None and log.duty.opens is None:
        yield words["log.closed"]
        return
    if log.duty is not None:
        carriers = [words["log.carries"].format(pager=p, member=texts.who(m, names)) for p, m in log.duty.members]
        yield words["log.duty"].format(members=", ".join(carriers) or words["nobody"])
    if not log.checks:
        yield words["log.not checked"]
        return
    for check in log.checks:
        lacks = [_lacked(lacking, texts, names) for lacking in check.missing]
        key = "log.checked.doubtful" if check.doubtful else "log.checked"
        yield words[key].format(at=_clock(check.when.at), missing=", ".join(lacks) or words["log.all there"])
    for call in log.calls:
        told = {"pager": call.pager, "by": texts.who(call.by, names), "member": texts.who(call.member, names)}
        yield words[f"log.{call.outcome}"].format(at=f"{call.when.local:%H:%M}", **told)
    if log.complete is None:
        yield words["log.not complete yet" if is_today and not log.ended else "log.not complete"]
    else:
        yield words["log.complete"].format(at=_clock(log.complete.when.at))


def _lacked(lacking: f.Lacking, texts: Texts, names: Mapping[str, str]) -> str:
    words = texts.words.day
    member = texts.who(lacking.member, names) if lacking.member else words["nobody"]
    return words["log.lacks"].format(pager=lacking.pager, member=member, why=texts.words.whys[lacking.why])


# --- the roster -------------------------------------------------------------------------------------------------------


def roster_text(state: State, days: Sequence[RosterDay], names: Mapping[str, str]) -> str:
    """Who is to carry what: a row a day, a column a pager; what is wrong has a word."""
    texts = Texts(state.plan.language)
    words = texts.words.day
    if state.plan.morning is None:
        return words["no roster"]
    pagers = [pager.id for pager in state.plan.pagers]
    parts = [list(_calendars(state, texts))]
    for first in range(0, len(pagers), PAGERS_IN_A_ROW):
        some = pagers[first : first + PAGERS_IN_A_ROW]
        width = (COLUMNS - DATE_CHARS) // min(len(pagers), PAGERS_IN_A_ROW) - 1
        table = RosterTable(state, some, texts, names, width)
        parts.append([table.row("", some), *map(table.day, days)])
    parts.append(list(_away(state, days, texts, names)))
    if any(day.gaps for day in days):
        command = f"achterwacht swap {words['a pager']} {words['a date']} {words['a member']}"
        parts.append([words["to swap"].format(command=command)])
    parts.append(_legend(state.plan.members, texts, names))
    return "\n\n".join("\n".join(line.rstrip() for line in part) for part in parts if part)


class RosterTable:
    """The columns of some pagers, each so many characters wide."""

    def __init__(self, state: State, pagers: Sequence[str], texts: Texts, names: Mapping[str, str], width: int) -> None:
        self._state, self._pagers, self._texts, self._names = state, pagers, texts, names
        self._words, self._width = texts.words.day, width

    def row(self, when: str, cells: Iterable[str]) -> str:
        """One line of it."""
        fitted = (f"{cut(printable(cell), self._width):<{self._width}}" for cell in cells)
        return " ".join((f"{when:<{DATE_CHARS}}", *fitted))

    def day(self, day: RosterDay) -> str:
        """Who is to carry them on this day, or why the house is closed."""
        when = f"{_weekday(day.on, self._texts)} {day.on:%d-%m}"
        if day.opening or day.members:
            return self.row(when, [self._cell(day, pager) for pager in self._pagers])
        return f"{when} {self._words['shut'].format(why=closed_because(self._state, day.on, self._texts))}"

    def _cell(self, day: RosterDay, pager: str) -> str:
        member = day.members.get(pager)
        if member is None:
            return self._words["gap"] if day.opening else self._words["nothing"]
        is_double = any(gap.pager == pager for gap in day.gaps)
        is_swapped = self._state.swaps.get(day_key(day.on, pager)) == member
        mark = f" {self._words['double']}" if is_double else f" {self._words['swap']}" if is_swapped else ""
        everybody = (known.id for known in self._state.plan.members)
        return short_names(everybody, self._texts, self._names, self._width - len(mark))[member] + mark


def _calendars(state: State, texts: Texts) -> Iterator[str]:
    """The calendars that cannot be read now."""
    for calendar in state.plan.calendars:
        key = f"{CALENDAR}:{calendar}/failing"
        if fault := state.faults.get(key):
            since = f"{fault.at.astimezone(HOUSE_ZONE):%d-%m %H:%M}"
            yield from _wrapped(texts.words.day["calendar"].format(fault=texts.fault(key), since=since))


def _away(state: State, days: Sequence[RosterDay], texts: Texts, names: Mapping[str, str]) -> Iterator[str]:
    """Who is away in these days, and who stands in."""
    for away in state.absences:
        if any(away.first <= day.on <= away.last for day in days):
            told = {"member": texts.who(away.member, names), "replacement": texts.who(away.replacement, names)}
            key = "absent" if away.replacement else "absent.nobody"
            yield from _wrapped(printable(texts.words.day[key].format(**told, when=span(away.first, away.last, texts))))


# --- what somebody who said something must know -----------------------------------------------------------------------


def still_carried(before: State, after: State, texts: Texts, names: Mapping[str, str]) -> Iterator[str]:
    """Pagers that are somebody else's today by what was just said, and that somebody has on them already."""
    if before.duty is None or after.duty is None or before.duty.on != after.duty.on:
        return
    for pager in after.plan.pagers:
        whose, carried = after.duty.members.get(pager.id), after.carried.get(pager.id)
        if carried and whose not in (before.duty.members.get(pager.id), carried.member):
            yield texts.words.day["mind.carried"].format(pager=pager.id, member=texts.who(carried.member, names))


def new_gaps(gaps: Iterable[f.Gap], texts: Texts, names: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the roster now; of what comes late in a long row only how much it is."""
    words = texts.words.day
    nobody, twice = list[tuple[date, str]](), dict[tuple[date, str], list[str]]()
    for gap in gaps:
        if gap.member:
            twice.setdefault((gap.on, gap.member), []).append(gap.pager)
        else:
            nobody.append((gap.on, gap.pager))
    told = [(on, words["mind.gap"].format(date=day_word(on, texts), pager=pager)) for on, pager in nobody]
    for (on, member), pagers in twice.items():
        about = {"member": texts.who(member, names), "pagers": texts.row(pagers)}
        told.append((on, words["mind.twice"].format(date=day_word(on, texts), **about)))
    told.sort(key=lambda one: one[0])
    yield from (line for _, line in told[:WARNINGS_MAX])
    if more := len(told[WARNINGS_MAX:]):
        yield words["mind.more"].format(count=more)


# --- how it is written ------------------------------------------------------------------------------------------------


def _weekday(on: date, texts: Texts) -> str:
    return texts.words.day["weekdays"].split()[on.weekday()]


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, COLUMNS, initial_indent=indent, subsequent_indent=indent or INDENT, break_on_hyphens=False
    )


def _clock(at: datetime) -> str:
    return f"{at.astimezone(HOUSE_ZONE):%H:%M:%S}"
