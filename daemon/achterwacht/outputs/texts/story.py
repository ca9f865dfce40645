"""One incident as a page for a terminal: how it began and ended, what happened, how far each order came, how fast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from achterwacht.core.drill import is_drill
from achterwacht.core.incident import Incident, timeline
from achterwacht.core.moment import HOUSE_ZONE
from achterwacht.outputs.texts import Texts, clock_time

HOP_CHARS = 30
"""The column of what is measured."""


def story_text(incident: Incident, names: Mapping[str, str]) -> str:
    """The whole page, in the language of the plan under which the alarm was raised."""
    texts = Texts(incident.language)
    words = texts.words.story
    parts = [
        list(_heading(incident, texts)),
        [words["timeline"], *_timeline(incident, texts, names)],
        [words["targets"], *_targets(incident, texts, names)],
        [words["hops"], *_hops(incident, texts)],
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def headline(incident: Incident, texts: Texts) -> str:
    """One line: number, place, and of a drill that it is one."""
    words = texts.words.story
    if is_drill(incident.incident):
        return texts.words.practice["heading"].format(place=incident.place, zender=incident.zender)
    number = incident.number or words["no_number"]
    return words["heading"].format(number=number, place=incident.place, zender=incident.zender)


def began(incident: Incident, texts: Texts) -> str:
    """When it began, and that it is open or how long it took; of an announced drill, that it never rang."""
    words, closed = texts.words.story, incident.closed
    local = incident.raised_at.astimezone(HOUSE_ZONE)
    end = words["open"]
    if closed:
        end = words["called off" if closed.after_s < 0 else "closed"].format(after=texts.duration(closed.after_s))
    return words["began"].format(date=f"{local:%d-%m-%Y}", time=f"{local:%H:%M:%S}", end=end)


def _heading(incident: Incident, texts: Texts) -> Iterator[str]:
    words = texts.words.story
    yield headline(incident, texts)
    yield began(incident, texts)
    yield incident.incident
    if incident.recovered_from is not None:
        yield words["recovered"].format(pager=incident.recovered_from)
    if not incident.clock_ok:
        yield words["clock"]


def _timeline(incident: Incident, texts: Texts, names: Mapping[str, str]) -> Iterator[str]:
    for line in timeline(incident):
        sentence = texts.sentence(line.fact, names)
        if line.times > 1:
            sentence = texts.words.story["times"].format(sentence=sentence, times=line.times)
        after = texts.duration(line.after_s) if line.after_s >= 0 else ""  # an announced drill has not rung yet
        yield f"  {clock_time(line.fact.when)} {after:>7}  {sentence}"


def _targets(incident: Incident, texts: Texts, names: Mapping[str, str]) -> Iterator[str]:
    words = texts.words
    devices = [texts.device(target.target, names) for target in incident.targets]
    width = max(map(len, devices), default=0)
    for target, device in zip(incident.targets, devices, strict=True):
        why = texts.why_failed(target.failure)
        failed = words.story["failures"].format(failures=target.failures, why=why) if target.failures else ""
        proven = "" if target.stage == "failed" else words.stages[target.stage]
        yield f"  {device:<{width}}  {'; '.join(filter(None, (proven, failed)))}"


def _hops(incident: Incident, texts: Texts) -> Iterator[str]:
    words = texts.words
    for hop, ms in asdict(incident.hops).items():
        number = f"{ms:.1f}".replace(".", words.decimal_sign) if ms is not None else ""
        measured = words.story["ms"].format(ms=number) if ms is not None else words.story["unknown"]
        yield f"  {words.story[hop]:<{HOP_CHARS}} {measured:>12}"
    for missed in incident.missed:
        took_s, budget_s = texts.duration(missed.took_s), texts.duration(missed.budget_s)
        yield "  " + words.story["missed"].format(hop=words.hops[missed.hop], took_s=took_s, budget_s=budget_s)
