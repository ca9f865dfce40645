"""One incident or drill as plain values for its page, and the draft of its form.

Knows what people want to read of it, and what is for the annex. Sentences about facts are the daemon's own texts; what
the form asks is the core's (draft.py), and so is what a drill has shown (drill_report.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from achterwacht.core import facts as f
from achterwacht.core.draft import DESCRIPTION, DESCRIPTION_HINT, draft
from achterwacht.core.drill import is_drill
from achterwacht.core.drill_report import Took, report
from achterwacht.core.incident import Incident, Line, Reached
from achterwacht.core.moment import HOUSE_ZONE
from achterwacht.core.plan import Budgets, Site
from achterwacht.outputs.texts import Texts, clock_time
from achterwacht.outputs.texts import form as paper
from achterwacht.outputs.texts.story import began, headline
from achterwacht_dashboard.archive import Entry, Told
from achterwacht_dashboard.pages import Seen
from achterwacht_dashboard.words import Words

LINES_MAX = 1000
"""So many facts of one incident are shown, half of them its first; an alarm that is forgotten has 100,000."""
DESCRIPTION_LINES = 6
"""Lines to write on, on paper."""

ORDER_FACTS = (f.Ordered, f.OrderHandedOver, f.OrderReceived, f.OrderShown, f.OrderFailed)
"""How messages travelled. A table tells how far they came at each target, and the annex tells each; between what people
did nobody would find that any more."""
AGAIN_FACTS = (f.StepReached, f.CallersAsked, f.NeedOf112Asked)
"""What the house says again and again, every half minute of an alarm that is forgotten: it is told once."""
POLICE_FACTS = (f.PoliceAdvised, f.CallersAsked, f.NeedOf112Asked)
POLICE_ANSWERS = ("need_112", "called_112", "police_here")
END_FACTS = (f.AlarmClosed, f.AlarmReopened, f.UndoRefused, f.DrillEnded)
PEOPLE_FACTS = (f.AlarmRaised, f.AlarmRecovered, f.PressJoined, f.Answered, *POLICE_FACTS, *END_FACTS)
"""What the form tells beside its questions: what people did. The rest is of the technical annex."""


def is_live(seen: Seen, one: Entry | Incident) -> bool:
    """Whether the house says now that it is open. Its id alone does not tell: that may come again after a day."""
    alarm = seen.state.alarms.get(one.incident)
    return alarm is not None and alarm.raised_at == one.raised_at


# --- one incident -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """One fact in a sentence, and when it was: on the wall, since the press, and for the annex."""

    n: int
    time: str
    after: str
    sentence: str
    local: str
    utc: str


@dataclass(frozen=True, slots=True)
class Hop:
    """A part of the way from press to people: how long it took, and how long it may."""

    what: str
    first: str
    last: str
    budget: str
    late: str
    """How long it took that was too slow; empty where it was not."""
    is_known: bool
    once: bool
    """Whether there is only one of it."""


def story_view(seen: Seen, told: Told) -> Mapping[str, Any]:
    """One incident or drill, for its page."""
    story, texts = told.story, seen.texts
    names = seen.look.names
    lines = _once([line for line in story.lines if not isinstance(line.fact, ORDER_FACTS)], names, texts)
    return {
        "name": story.number or story.incident,
        "id": story.incident,
        "story_site": _house(story.site),
        "headline": headline(story, texts),
        "began": began(story, texts),
        "notes": _notes(story, texts),
        "is_open": story.closed is None or is_live(seen, story),
        "is_drill": is_drill(story.incident),
        "timeline": _moments(names, texts, lines),
        "came": [
            {
                "who": seen.who(came.by),
                "coming": _after(texts, came.coming_s),
                "on_scene": _after(texts, came.on_scene_s),
            }
            for came in story.came
        ],
        "police": _moments(names, texts, [line for line in lines if _is_police(line)]),
        "ends": _moments(names, texts, [line for line in lines if isinstance(line.fact, END_FACTS)]),
        "targets": [_target(seen, target) for target in story.targets],
        "hops": list(_hops(story, told.budgets, texts)),
        "annex": _moments(names, texts, story.lines),
        "left_out": max(0, len(story.lines) - LINES_MAX),
        "drill": _drill(seen, story),
    }


def _notes(story: Incident, texts: Texts) -> list[str]:
    """What must be known to read the times."""
    words = texts.words.story
    notes = []
    if story.recovered_from is not None:
        notes.append(words["recovered"].format(pager=story.recovered_from))
    if not story.clock_ok:
        notes.append(words["clock"])
    return notes


def _once(lines: Iterable[Line], names: Mapping[str, str], texts: Texts) -> list[Line]:
    """What the house says again in the same words stands once, at its first time, with how often."""
    told: dict[object, Line] = {}
    for line in lines:
        same = texts.sentence(line.fact, names) if isinstance(line.fact, AGAIN_FACTS) else line.n
        told[same] = replace(told[same], times=told[same].times + 1) if same in told else line
    return list(told.values())


def _moments(names: Mapping[str, str], texts: Texts, lines: Sequence[Line]) -> list[Moment]:
    """Each in a sentence; of very many the first and the last."""
    if len(lines) > LINES_MAX:
        lines = (*lines[: LINES_MAX // 2], *lines[-LINES_MAX // 2 :])
    return [_moment(names, texts, line) for line in lines]


def _moment(names: Mapping[str, str], texts: Texts, line: Line) -> Moment:
    sentence = texts.sentence(line.fact, names)
    if line.times > 1:
        sentence = texts.words.story["times"].format(sentence=sentence, times=line.times)
    when = line.fact.when
    is_later = line.of is not None and when.local.date() > line.of.raised_at.astimezone(HOUSE_ZONE).date()
    day = f"{when.local:%d-%m} " if is_later else ""
    return Moment(
        n=line.n,
        time=f"{day}{clock_time(when).strip()}",
        after=texts.duration(line.after_s) if line.after_s >= 0 else "",  # an announced drill has not rung yet
        sentence=sentence,
        local=f"{when.local:%d-%m-%Y %H:%M:%S}" + ("" if when.clock_ok else " ?"),
        utc=_utc(when.at),
    )


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def _is_police(line: Line) -> bool:
    said = isinstance(line.fact, f.Answered) and line.fact.answer in POLICE_ANSWERS
    return said or isinstance(line.fact, POLICE_FACTS)


def _after(texts: Texts, after_s: float | None) -> str:
    """Time since the press; empty for what never was."""
    return "" if after_s is None else texts.duration(max(0.0, after_s))


def _target(seen: Seen, target: Reached) -> Mapping[str, Any]:
    """How far the orders to one target came, each stage by itself (S6)."""
    texts = seen.texts
    why = texts.why_failed(target.failure) if target.failures else ""
    return {
        "device": texts.device(target.target, seen.look.names),
        "orders": target.orders,
        "handed_over": _after(texts, target.handed_over_s),
        "received": _after(texts, target.received_s),
        "shown": _after(texts, target.shown_s),
        "answered": _after(texts, target.answered_s),
        "failed": texts.words.story["failures"].format(failures=target.failures, why=why) if target.failures else "",
    }


def _hops(story: Incident, budgets: Budgets | None, texts: Texts) -> Iterator[Hop]:
    """Each against its bound. Whether it was too slow is the core's judgement, which is a fact."""
    words, hops = texts.words, story.hops
    missed = {late.hop: late for late in story.missed}
    bounds = (budgets.handed_over_s, budgets.durable_s, budgets.shown_s) if budgets else (None, None, None)
    measured = (
        ("handed_over", hops.handed_over_first_ms, hops.handed_over_last_ms),
        ("durable", hops.durable_ms, None),
        ("shown", hops.shown_first_ms, hops.shown_last_ms),
    )
    for (hop, first_ms, last_ms), budget_s in zip(measured, bounds, strict=True):
        late = missed.get(hop)
        yield Hop(
            what=words.hops[hop],
            first=_ms(texts, first_ms),
            last=_ms(texts, last_ms),
            budget=_ms(texts, budget_s * 1000 if budget_s is not None else None),
            late=texts.duration(late.took_s) if late else "",
            is_known=first_ms is not None,
            once=hop == "durable",
        )


def _ms(texts: Texts, ms: float | None) -> str:
    """Empty for what was never measured."""
    if ms is None:
        return ""
    return texts.words.story["ms"].format(ms=f"{ms:.1f}".replace(".", texts.words.decimal_sign))


def _drill(seen: Seen, story: Incident) -> Mapping[str, Any] | None:
    """What a drill has shown; None of an alarm, and of a drill whose beginning is lost."""
    try:
        measured = report(story)
    except ValueError:
        return None
    texts, words = seen.texts, seen.texts.words.practice
    told = [
        words["started.announced" if measured.announced else "started"].format(by=seen.who(measured.by)),
        *(
            words[key].format(after=_after(texts, after_s), needed=measured.needed)
            if after_s is not None
            else words[f"{key}.never" if measured.ended else f"{key}.not yet"].format(needed=measured.needed)
            for key, after_s in (("enough", measured.enough_s), ("there", measured.first_there_s))
        ),
    ]
    return {"told": told, "persons": [_took(seen, took) for took in measured.persons]}


def _took(seen: Seen, took: Took) -> Mapping[str, str]:
    texts = seen.texts
    coming = _after(texts, took.coming_s)
    if not coming and took.cannot_s is not None:
        coming = texts.words.practice["cannot"]
    return {
        "who": seen.who(took.by),
        "asked": _after(texts, took.asked_s),
        "shown": _after(texts, took.shown_s),
        "coming": coming,
        "on_scene": _after(texts, took.on_scene_s),
    }


def _house(site: Site) -> str:
    return ", ".join(filter(None, (site.name, site.address)))


# --- the form ---------------------------------------------------------------------------------------------------------


def draft_view(seen: Seen, told: Told) -> Mapping[str, Any]:
    """The form, always in Dutch: so are its readers."""
    story, dutch, names = told.story, Texts("nl"), seen.look.names
    form = draft(story, names)
    people = [line for line in story.lines if isinstance(line.fact, PEOPLE_FACTS)]
    return {
        "name": story.number or story.incident,
        "title": paper.TITLE_NUMBERED.format(number=form.number) if form.number else paper.TITLE,
        "house": _house(form.site),
        "form": form,
        "description": DESCRIPTION,
        "hint": DESCRIPTION_HINT,
        "lines": DESCRIPTION_LINES,
        "system_title": paper.SYSTEM_TITLE,
        "warnings": [
            warning
            for warning, holds in (
                (paper.UNTRUSTED, not form.clock_ok),
                (paper.RECOVERED, form.recovered),
                (paper.STILL_OPEN, form.closed is None),
            )
            if holds
        ],
        "moments": _moments(names, dutch, people),
        "dutch": Words("nl"),
        "footer": paper.FOOTER,
    }
