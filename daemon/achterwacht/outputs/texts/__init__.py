"""The sentences that people read: on a pager, in a terminal, on paper. The words stand in nl.py and en.py, as data.

This module knows which words belong to which order or fact and how numbers, people and devices are written. No sentence
is made here. A missing word never holds up a page: what cannot be said better is said as it is.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from achterwacht.core import facts as f
from achterwacht.core.codec import NAMES, fact_to_plain
from achterwacht.core.faults import STAND, device_of, kind_of
from achterwacht.core.heard import MEASURED, AnswerWord
from achterwacht.core.moment import HOUSE_ZONE, Moment
from achterwacht.core.plain_ascii import plain_ascii
from achterwacht.core.plan import APP, PAGER, PUSH, PUSHOVER, WAY, ZENDER, Plan
from achterwacht.core.state import Alarm, State
from achterwacht.outputs.dispatch import Alert
from achterwacht.outputs.texts.en import EN
from achterwacht.outputs.texts.nl import NL
from achterwacht.outputs.texts.words import Words

if TYPE_CHECKING:
    from achterwacht.core.incident import Line  # not for the daemon: start to armed is what people feel

LANGUAGES: Mapping[str, Words] = {"nl": NL, "en": EN}

PAGE_MAX_CHARS = 40
"""What the smallest pager shows at a glance (docs/wire.md, "Pagers")."""

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
    site = ", ".join(filter(None, (alert.site.name, alert.site.address, alert.site.entrance)))
    where = ", ".join(filter(None, (alert.place, alert.room)))
    details = {"alarm": alert.room, "call_112": texts.script_112(site, where, alert.on_scene)}
    return texts.page(ordered.kind, ordered.reason, alert.place), plain_ascii(details.get(ordered.kind, ""))


def phone_text(alert: Alert) -> tuple[str, str]:
    """The title and the text of a message on a telephone, in whole sentences."""
    texts = Texts(alert.language)
    ordered = alert.ordered
    site = ", ".join(filter(None, (alert.site.name, alert.site.address, alert.site.entrance)))
    where = ", ".join(filter(None, (alert.place, alert.room)))
    title, text = texts.words.phone.get(ordered.kind) or texts.words.phone["alarm"]
    told = {
        "place": alert.place,
        "where": where,
        "at": f"{(alert.raised_at or ordered.when.at).astimezone(HOUSE_ZONE):%H:%M:%S}",
        "question": texts.reason(ordered.reason),
        "script": texts.script_112(site, where, alert.on_scene),
    }
    confirms = ordered.target.startswith(f"{PUSHOVER}:") and "coming" in alert.tokens
    return title.format_map(told), text.format_map(told) + (f" {texts.words.confirming}" if confirms else "")


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


def _page(place: str, follows: str) -> str:
    """A place that is too long is cut: what follows it must be read."""
    follows = f": {follows}" if follows else ""
    return plain_ascii(place).upper()[: PAGE_MAX_CHARS - len(follows)] + follows


class Texts:
    """One language's sentences. An unknown language is Dutch: nothing may keep a page from going out."""

    def __init__(self, language: str) -> None:
        self.words = LANGUAGES.get(language, NL)

    def page(self, kind: str, reason: str, place: str) -> str:
        """At most PAGE_MAX_CHARS of plain ASCII, upper case, the place first; but of a test that it is one."""
        if kind == "test":
            return self.words.page[kind]
        return _page(place, self.words.page_asks.get(reason) or self.words.page.get(kind, ""))

    def script_112(self, site: str, where: str, on_scene: int) -> str:
        """What a caller reads out to 112."""
        there = self.words.on_scene[min(on_scene, 2)].format(count=on_scene)
        return self.words.script_112.format(site=site, where=where, on_scene=there)

    def sentence(self, fact: f.Fact, names: Mapping[str, str] = NO_NAMES, after_s: float | None = None) -> str:
        """One fact in one plain sentence. `after_s`: seconds since the press of its incident, None to leave it out."""
        try:
            sentence = self.words.facts[sentence_key(fact)].format_map(self._told(fact, names))
        except Exception:  # a mistake in our words must not end who watches
            sentence = as_it_is(fact_to_plain(fact))
        if after_s is None:
            return sentence
        return self.words.after.format(sentence=sentence, after=self.duration(after_s))

    def line(self, line: Line, names: Mapping[str, str] = NO_NAMES) -> str:
        """One fact as a terminal prints it: local time, place, sentence, and the time since the press."""
        raised = isinstance(line.fact, f.AlarmRaised | f.AlarmRecovered)
        sentence = self.sentence(line.fact, names, None if raised or line.of is None else line.after_s)
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
        told = [self.who(caller, names) for caller in callers]
        return self.words.and_.join([", ".join(told[:-1]), told[-1]] if told[1:] else told) or self.words.no_carrier

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

    def _told(self, fact: f.Fact, names: Mapping[str, str]) -> dict[str, Any]:
        """The fields of a fact in words, for its template."""
        told: dict[str, Any] = {}
        for field in fact.__dataclass_fields__:
            value = getattr(fact, field)
            say = _SAY.get(field)
            told |= {field: value} if say is None else say(self, value, names)
        if isinstance(fact, f.Answered):
            told["answer"] = self.answer(fact.answer, fact.by, names)
            told["result"] = self.words.results[fact.result].format_map(told)
        elif isinstance(fact, f.OrderFailed):
            told["why"] = self.why_failed(fact.reason)
        elif isinstance(fact, f.DeviceMeasured):
            told["measured"] = self.measured(fact)
        elif isinstance(fact, f.FaultRaised):
            told["fault"] = self.fault(fact.key, fact.detail, names)
        elif isinstance(fact, f.FaultCleared):
            told["fault"] = self.fault(fact.key, names=names)
        elif isinstance(fact, f.FaultAcknowledged):
            told["fault"] = self.fault(fact.fault, names=names)
        return told


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


def sentence_key(fact: f.Fact) -> str:
    """Under which key the sentence of this fact stands: its name, and the variant where it has more than one."""
    variant = _VARIANT.get(type(fact), lambda fact: "")(fact)
    return f"{NAMES[type(fact)]}.{variant}" if variant else NAMES[type(fact)]


SAYS_MORE = (PAGER, PUSH, APP)
"""Targets that may still say themselves that they have a message; of one on a paging base its name does not tell."""

_VARIANT: dict[type, Callable[[Any], str]] = {
    f.PressJoined: lambda fact: "recovered" if fact.recovered else "burst" if fact.burst else "",
    f.Ordered: lambda fact: fact.kind,
    f.OrderHandedOver: lambda fact: "yet" if fact.target.partition(":")[0] in SAYS_MORE else "",
    f.AlarmClosed: lambda fact: "reason" if fact.reason else "",
    f.DeviceSeen: lambda fact: "gone" if not fact.online else "" if fact.live else "remembered",
    f.FaultAcknowledged: lambda fact: "" if fact.result == "accepted" else "refused",
    f.TestAsked: lambda fact: "refused" if fact.result != "accepted" else "" if fact.by else "daily",
}


def _capital(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]


def _say_device(field: str) -> Callable[[Texts, str, Mapping[str, str]], dict[str, str]]:
    def say(texts: Texts, target: str, names: Mapping[str, str]) -> dict[str, str]:
        phrase = texts.device(target, names)
        return {field: phrase, field.capitalize(): _capital(phrase)}

    return say


def _say_plan(texts: Texts, plan: Plan, names: Mapping[str, str]) -> dict[str, int]:
    return {"zenders": len(plan.zenders), "pagers": len(plan.pagers), "members": len(plan.members)}


def _say_state(texts: Texts, state: State, names: Mapping[str, str]) -> dict[str, int]:
    return {"open": len(state.alarms)}


_SAY: dict[str, Callable[[Texts, Any, Mapping[str, str]], Mapping[str, Any]]] = {
    "target": _say_device("target"),
    "device": _say_device("device"),
    "by": lambda texts, by, names: {"by": texts.who(by, names)},
    "member": lambda texts, by, names: {"member": texts.who(by, names)},
    "callers": lambda texts, callers, names: {"callers": texts.everyone(callers, names)},
    "reason": lambda texts, reason, names: {"reason": texts.reason(reason)},
    "note": lambda texts, note, names: {"note": texts.note(note)},
    "hop": lambda texts, hop, names: {"hop": texts.words.hops[hop]},
    "step": lambda texts, step, names: {"step": step + 1},
    "took_s": lambda texts, took_s, names: {"took_s": texts.duration(took_s)},
    "budget_s": lambda texts, budget_s, names: {"budget_s": texts.duration(budget_s)},
    "plan": _say_plan,
    "state": _say_state,
}
"""How the fields of facts are said, by name: a field means the same in every fact. The others stand as they are."""
