"""What the journal tells of a run: when a page was known to be shown, and how late the steps of a ladder were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.nodes import PAGERS, Press

from achterwacht.core import facts as f
from achterwacht.core.codec import decode
from achterwacht.core.plan import Ladder
from achterwacht.journal.reader import read


def facts_of(state: Path) -> list[f.Fact]:
    """Every fact in a state folder."""
    return [decode(row.body) for row in read(state)]


def shown_ms(presses: Sequence[Press], facts: Sequence[f.Fact]) -> list[float]:
    """For each press, milliseconds until the journal knew that the last of the three pagers showed its first page."""
    shown_s: dict[str, list[float]] = defaultdict(list)
    for fact in facts:
        if isinstance(fact, f.OrderShown):
            shown_s[fact.incident].append(fact.when.mono_s)
    return [1000 * (shown_s[press.id][len(PAGERS) - 1] - press.sent_s) for press in presses]


def steps_late_ms(
    facts: Sequence[f.Fact], pages_s: Mapping[str, float], since_s: float
) -> tuple[list[float], list[float]]:
    """How late each step after `since_s` was that only time made due: until its fact, and until each of its pages.

    `pages_s`: by page id, when a pager had it.
    """
    ladder: Ladder | None = None
    raised_s: dict[str, float] = {}
    last: dict[str, tuple[int, float]] = {}  # by incident: the step that rang last, and when
    due_s: dict[tuple[str, float], float] = {}
    ordered_ms, paged_ms = [], []
    for fact in facts:
        now_s = fact.when.mono_s
        if isinstance(fact, f.PlanAdopted):
            ladder = fact.plan.ladder
        elif isinstance(fact, f.AlarmRaised):
            raised_s[fact.incident] = now_s
        elif isinstance(fact, f.StepReached):
            assert ladder is not None, "a step without a plan"
            if fact.reason == "not enough coming" and now_s >= since_s:
                step, rang_s = last[fact.incident]
                repeats = step == fact.step
                due = rang_s + ladder.repeat_s if repeats else raised_s[fact.incident] + ladder.steps[fact.step].after_s
                due_s[fact.incident, now_s] = due
                ordered_ms.append(1000 * (now_s - due))
            last[fact.incident] = (fact.step, now_s)
        elif isinstance(fact, f.Ordered) and fact.order in pages_s and (fact.incident, now_s) in due_s:
            paged_ms.append(1000 * (pages_s[fact.order] - due_s[fact.incident, now_s]))
    return ordered_ms, paged_ms
