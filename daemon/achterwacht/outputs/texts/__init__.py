"""The sentences that people read: on a pager, in a terminal, on paper. The words stand in nl.py and en.py, as data.

This module knows which words belong to which order or fact and how numbers, people and devices are written. No sentence
is made here. A missing word never holds up a page: what cannot be said better is said as it is.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from achterwacht.core import facts as f
from achterwacht.core.codec import fact_to_plain
from achterwacht.core.drill import is_announced
from achterwacht.core.faults import STAND, device_of, kind_of
from achterwacht.core.heard import MEASURED, AnswerWord
from achterwacht.core.moment import HOUSE_ZONE, Moment
from achterwacht.core.plain_ascii import plain_ascii
from achterwacht.core.plan import PUSHOVER, WAY, ZENDER, Plan
from achterwacht.core.state import Alarm
from achterwacht.outputs.dispatch import About, Alert
from achterwacht.outputs.texts.en import EN
from achterwacht.outputs.texts.nl import NL
from achterwacht.outputs.texts.said import gap, in_words, sentence_key
from achterwacht.outputs.texts.words import NoticeWords, Words

if TYPE_CHECKING:
    from achterwacht.core.incident import Line  # not for the daemon: start to armed is what people feel

LANGUAGES: Mapping[str, Words] = {"nl": NL, "en": EN}

PAGE_MAX_CHARS = 40
"""What the smallest pager shows at a glance (docs/wire.md, "Pagers")."""

NOWHERE = ("test", "check", "who", "reminder", "fault")
"""The kinds of order that are about no place."""

LISTED_MAX = 8
"""So many sentences of a notice fit in the shortest message of a telephone; of the others their names are told."""

PLACE_CHARS = 13
"""The column of the place in a terminal: room for `Spreekkamer 4`."""

AS_IT_IS_CHARS = 200
"""Enough for a fact of which no sentence can be made; one that holds a whole plan or state is cut."""

NO_NAMES: Mapping[str, str] = {}

MEASURED_DETAIL = re.compile(r"[0-9.]+ (s|%)(, [0-9.]+ (s|%))*")
"""A fault's detail that everybody understands: numbers with their units, as `18 %` and `1.254 s, 1 s`. What is longer
was written for whoever has to repair it, and is English."""

MINUTE_S = 60
FINE_S = 10.0
"""Below this, hundredths of a second tell something; above, tenths; above a minute, whole seconds."""


def page_text(alert: Alert) -> tuple[str, str]:
    """What a pager shows for this alert: its text (plain ASCII, place first) and its detail, which may be empty."""
    texts = Texts(alert.language)
    ordered = alert.ordered
    notice = texts.notice(ordered.kind, ordered.reason)
    if notice:
        pagers = texts.row([about.pager for about in alert.about])
        return _on_one_page(notice.page.format(pagers=pagers)), plain_ascii(texts.notice_detail(alert, notice))
    if alert.drill:
        text = texts.page(ordered.kind, ordered.reason, alert.place, drill=True)
        return text, plain_ascii(f"{texts.words.this_is_a_drill} {alert.room}".rstrip())
    if ordered.kind == "test" and ordered.zender:
        return texts.page_test(alert.place), ""
    site, where = _site_and_where(alert)
    details = {"alarm": alert.room, "call_112": texts.script_112(site, where, alert.on_scene)}
    return texts.page(ordered.kind, ordered.reason, alert.place), plain_ascii(details.get(ordered.kind, ""))


def phone_text(alert: Alert) -> tuple[str, str]:
    """The title and the text of a message on a telephone, in whole sentences."""
    texts = Texts(alert.language)
    ordered, words = alert.ordered, texts.words
    notice = texts.notice(ordered.kind, ordered.reason)
    if notice:
        told = {"pagers": texts.row([about.pager for about in alert.about])}
        text = " ".join(filter(None, (notice.text.format_map(told), texts.notice_detail(alert, notice))))
        return notice.title.format_map(told), text
    site, where = _site_and_where(alert)
    title, text = words.phone_because.get(ordered.reason) or words.phone.get(ordered.kind) or words.phone["alarm"]
    told = {
        "place": alert.place,
        "where": where,
        "at": f"{(alert.raised_at or ordered.when.at).astimezone(HOUSE_ZONE):%H:%M:%S}",
        "question": texts.reason(ordered.reason),
        "script": texts.script_112(site, where, alert.on_scene),
    }
    title, text = title.format_map(told), text.format_map(told)
    if alert.drill:
        title, text = f"{words.drill}: {title}", f"{words.this_is_a_drill} {text}"
    confirms = ordered.target.startswith(f"{PUSHOVER}:") and "coming" in alert.tokens
    return title, f"{text} {words.confirming}" if confirms else text


def _site_and_where(alert: Alert) -> tuple[str, str]:
    """The house, and the place in it, as 112 is told them."""
    site = ", ".join(filter(None, (alert.site.name, alert.site.address, alert.site.entrance)))
    return site, ", ".join(filter(None, (alert.place, alert.room)))


def button_label(language: str, answer: str) -> str:
    """What stands on the button that gives this answer."""
    words = Texts(language).words
    return words.buttons.get(answer, answer)


def page_place(place: str) -> str:
    """The place alone, as a pager shows it in a list."""
    return _page(place, "")


def page_note(language: str, note: str) -> str:
    """Why an answer did not count, as a pager can show it."""
    return plain_ascii(Texts(language).note(note))


def clock_time(when: Moment) -> str:
    """Local time of day as 14:02:33, with a question mark while the clock was not synchronised."""
    return f"{when.local:%H:%M:%S}{' ' if when.clock_ok else '?'}"


def _page(place: str, follows: str, first: str = "") -> str:
    """A place that is too long is cut: what comes before and after it must be read."""
    first, follows = f"{first}: " if first else "", f": {follows}" if follows else ""
    return first + plain_ascii(place).upper()[: PAGE_MAX_CHARS - len(first) - len(follows)] + follows


def _on_one_page(text: str) -> str:
    """A text whose end may be missing."""
    return plain_ascii(text).upper()[:PAGE_MAX_CHARS]


class Texts:
    """One language's sentences. An unknown language is Dutch: nothing may keep a page from going out."""

    def __init__(self, language: str) -> None:
        self.words: Words = LANGUAGES.get(language, NL)

    def page(self, kind: str, reason: str, place: str, drill: bool = False) -> str:
        """At most PAGE_MAX_CHARS of plain ASCII, upper case, the place first; but of a test or drill that it is one.

        What is about no place has none.
        """
        if kind in NOWHERE:
            return self.words.page[kind]
        follows = self.words.page_asks.get(reason) or self.words.page.get(kind, "")
        return _page(place, follows, self.words.drill if drill else "")

    def notice(self, kind: str, reason: str) -> NoticeWords | None:
        """The words of a notice; None for an order that is none."""
        return self.words.notices.get(f"{reason}.{kind}") or self.words.notices.get(reason)

    def notice_detail(self, alert: Alert, notice: NoticeWords) -> str:
        """What a notice is about, each in a sentence: whose it is, where they are reached, what was tried."""
        if alert.ordered.kind == "who":
            return " ".join(self.words.whose_today.format(member=about.member) for about in alert.about if about.member)
        if not notice.lists:
            return ""
        told = list(map(self.about, alert.about[:LISTED_MAX]))
        if more := alert.about[LISTED_MAX:]:
            told.append(self.words.and_more.format(pagers=self.row([about.pager for about in more])))
        return " ".join(told)

    def about(self, about: About) -> str:
        """A pager that a notice is about, or a day on which the roster lacks something for it."""
        if about.on is not None:
            return f"{gap(self, f.Gap(about.on, about.pager, about.member), NO_NAMES)}."
        whose = ", ".join(filter(None, (about.member or self.words.no_carrier, about.phone)))
        why = self.words.whys.get(about.why, about.why)
        told = "; ".join(filter(None, (whose, why, *self.tried(about.tried, about.member))))
        return self.words.about.format(pager=about.pager, told=told)

    def tried(self, tried: Sequence[f.Tried], member: str, names: Mapping[str, str] = NO_NAMES) -> list[str]:
        """What was done about a missing pager; of whoever were to carry it instead, `member` is the last."""
        last = max((n for n, one in enumerate(tried) if one.what == "replaced"), default=-1)
        told = []
        for n, one in enumerate(tried):
            at, by = f"{one.at.astimezone(HOUSE_ZONE):%H:%M}", self.who(one.by, names)
            instead = self.who(member, names) if n == last and member else self.words.day["somebody else"]
            told.append(self.words.tried[one.what].format(at=at, by=by, member=instead))
        return told

    def page_test(self, place: str) -> str:
        """What a pager shows of a button that is being tested."""
        return _on_one_page(self.words.page_test.format(place=place))

    def script_112(self, site: str, where: str, on_scene: int) -> str:
        """What a caller reads out to 112."""
        there = self.words.on_scene[min(on_scene, 2)].format(count=on_scene)
        return self.words.script_112.format(site=site, where=where, on_scene=there)

    def sentence(self, fact: f.Fact, names: Mapping[str, str] = NO_NAMES, after_s: float | None = None) -> str:
        """One fact in one plain sentence. `after_s`: seconds since the press of its incident, None to leave it out."""
        try:
            sentence = self.words.facts[sentence_key(fact)].format_map(in_words(self, fact, names))
        except Exception:  # a mistake in our words must not end who watches
            sentence = as_it_is(fact_to_plain(fact))
        if after_s is None:
            return sentence
        return self.words.after.format(sentence=sentence, after=self.duration(after_s))

    def line(self, line: Line, names: Mapping[str, str] = NO_NAMES) -> str:
        """One fact as a terminal prints it: local time, place, sentence, and the time since the press.

        Before an announced drill rings there is no such time.
        """
        raised = isinstance(line.fact, f.AlarmRaised | f.AlarmRecovered | f.DrillRaised)
        untimed = raised or line.of is None or line.after_s < 0
        sentence = self.sentence(line.fact, names, None if untimed else line.after_s)
        return f"{clock_time(line.fact.when)}  {line.of.place if line.of else '':<{PLACE_CHARS}}  {sentence}"

    def duration(self, s: float) -> str:
        """0.31 s, 15.0 s, 4:31, 1:04:31."""
        if s < MINUTE_S:
            number = f"{s:.2f}" if s < FINE_S else f"{s:.1f}"
            return self.words.seconds.format(s=number.replace(".", self.words.decimal_sign))
        minutes, seconds = divmod(int(s), MINUTE_S)
        hours, minutes = divmod(minutes, MINUTE_S)
        return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

    def answer(self, answer: AnswerWord, by: str, names: Mapping[str, str] = NO_NAMES) -> str:
        """An answer as a sentence about whoever gave it."""
        return self.words.answers[answer].format(by=self.who(by, names))

    def who(self, by: str, names: Mapping[str, str] = NO_NAMES) -> str:
        """Whoever answers: a member's name, or the unknown carrier of a pager."""
        channel, _, who = by.partition(":")
        if channel in self.words.carriers:
            return self.words.carriers[channel].format(who=who)
        return self.device(by, names) if who else names.get(by, by)

    def device(self, target: str, names: Mapping[str, str] = NO_NAMES) -> str:
        """A device or target in words: pager p1, phone of Anna. `names` may hold a device's whole name too."""
        called = names.get(target) or self.words.own_devices.get(target)
        channel, _, who = target.partition(":")
        if called or not who:
            return called or target
        if channel == WAY:
            return self.device(who, names)
        template = self.words.channels.get(channel) or self.words.other_way
        return template.format(who=names.get(who, who), way=channel)

    def fault(self, key: str, detail: str = "", names: Mapping[str, str] = NO_NAMES) -> str:
        """Which fault it is, in words. One that there are no words for is said as it is."""
        device = device_of(key)
        if _is_of_strangers(key):
            device, detail = detail, ""
        words = self.words.faults.get(kind_of(key))
        if words:
            some = self.words.some_device.get(key.partition("/")[0], "")
            key = words.title.format(device=self.device(device, names) if device else some)
        return self.words.fault_detail.format(title=key, detail=self.note(detail)) if detail else key

    def fault_apart(self, key: str, detail: str, names: Mapping[str, str] = NO_NAMES) -> tuple[str, str]:
        """Which fault it is, and apart from that what of its detail is for an installer; empty where nothing is."""
        if not detail or _is_of_strangers(key) or MEASURED_DETAIL.fullmatch(detail):
            return self.fault(key, detail, names), ""
        return self.fault(key, names=names), self.note(detail)

    def many_faults(self, kind: str, count: int) -> str:
        """So many devices with the same kind of fault. A kind that there are no words for is said as it is."""
        words = self.words.faults.get(kind)
        return words.many.format(count=count) if words else f"{count} x {kind}"

    def about_fault(self, key: str) -> tuple[str, str]:
        """What a fault means, and what to do about it. Both are empty where there are no words for it."""
        words = self.words.faults.get(kind_of(key))
        if words is None:
            return "", ""
        seen = f" {self.words.acknowledge.format(key=typed(key))}" if kind_of(key) in STAND else ""
        return words.means, words.do + seen

    def measured(self, fact: f.DeviceMeasured) -> str:
        """What a device told about itself."""
        words, said = self.words.measured, []
        for name in MEASURED:
            if (value := getattr(fact, name)) is not None:
                said.append(words.get(f"{name}.{value}".lower()) or words[name].format(value=value))
        return ", ".join(said)

    def how_open(self, alarm: Alarm) -> str:
        """By which of the words of `watch` an open alarm is told: of a drill that it is one."""
        return "drill announced" if is_announced(alarm) else "drill" if alarm.drill else "open"

    def alarm(self, alarm: Alarm) -> dict[str, Any]:
        """What is said of an open alarm, for its template."""
        return {
            "place": alarm.place,
            "zender": alarm.zender,
            "number": alarm.number or self.words.story["no_number"],
            "phase": self.words.phases[alarm.phase],
            "coming": alarm.coming,
        }

    def everyone(self, callers: Iterable[str], names: Mapping[str, str] = NO_NAMES) -> str:
        """Some people in a row."""
        return self.row([self.who(caller, names) for caller in callers]) or self.words.no_carrier

    def row(self, told: Sequence[str]) -> str:
        """Some things in a row: a, b and c."""
        return self.words.and_.join([", ".join(told[:-1]), told[-1]] if told[1:] else told)

    def note(self, note: str) -> str:
        """The core's words in this language; a person's own words as they are."""
        return self.words.notes.get(note, note)

    def reason(self, reason: str) -> str:
        """A named reason in words; what a carrier or a person said, as far as there are words for it."""
        return self.words.reasons.get(reason) or self.note(reason)

    def why_failed(self, reason: str) -> str:
        """What follows the word that an order has failed."""
        for pattern, words in self.words.failures.items():
            if found := re.fullmatch(pattern, reason, re.DOTALL):
                return f": {words.format_map(found.groupdict())}"
        return f" ({self.words.standing['installer'].format(detail=reason)})"


def as_it_is(plain: Mapping[str, Any]) -> str:
    """A fact of which no sentence can be made: its name and its fields."""
    fields = ", ".join(f"{name}={value}" for name, value in plain.items() if name != "fact")
    return f"{plain.get('fact')}: {fields}"[:AS_IT_IS_CHARS]


def typed(key: str) -> str:
    """A fault's key as `acknowledge` takes it from a shell: its blanks as they are, the rest quoted if it must be."""
    return " ".join(map(shlex.quote, key.split(" ")))


def places(plan: Plan, texts: Texts) -> dict[str, str]:
    """What people call each zender: with its place, which is how they know it."""
    return {
        name: f"{texts.device(name)} ({zender.place})" for zender in plan.zenders for name in (f"{ZENDER}:{zender.nr}",)
    }


def _is_of_strangers(key: str) -> bool:
    """One fault for all strangers of a kind: its detail is the name of the first of them."""
    return key.endswith("/unknown") and not device_of(key)
