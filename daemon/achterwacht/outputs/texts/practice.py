"""Practice in words, for a terminal of 80 columns: when each button was tested, and how a drill went.

Never colour: signs and words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from achterwacht.core import facts as f
from achterwacht.core.drill_report import Took, report
from achterwacht.core.incident import Incident
from achterwacht.core.plan import Plan
from achterwacht.outputs.texts import Texts
from achterwacht.outputs.texts.day import short_names
from achterwacht.outputs.texts.standing import cut, printable
from achterwacht.outputs.texts.story import began, headline

# Of the columns, in characters; with a space between them they fill the screen.
TEST_WIDTHS = (1, 4, 17, 14, 16, 14, 8)
DRILL_WIDTHS = (1, 33, 10, 10, 10, 11)

Due = Literal["again", "overdue", "in time"]
"""Whether a button must be tested: again, since it was found wrong; or since that is too long ago."""


def tests_text(
    plan: Plan,
    newest: Mapping[int, f.ButtonTestEnded],
    due: Mapping[int, Due],
    names: Mapping[str, str],
) -> str:
    """A line for each zender: its newest test, by whom, how it ended; and whether it must be tested."""
    texts = Texts(plan.language)
    testers = short_names((ended.by for ended in newest.values()), texts, names, TEST_WIDTHS[4])
    words = texts.words.practice
    rows = [["", words["nr"], words["place"], words["tested"], words["by"], words["how"], ""]]
    for zender in plan.zenders:
        last = newest.get(zender.nr)
        its_due = due.get(zender.nr)
        rows.append(
            [
                "!" if its_due in ("again", "overdue") else "",
                str(zender.nr),
                zender.place,
                f"{last.when.local:%d-%m-%Y}" if last else words["never"],
                testers[last.by] if last else "",
                words[f"result.{last.end}"] if last else "",
                words[its_due] if its_due else "",
            ]
        )
    lines = [_row(row, TEST_WIDTHS) for row in rows]
    if plan.zenders:
        lines += ["", words["to test"].format(zender=plan.zenders[0].nr)]
    return "\n".join(lines)


def drill_text(story: Incident, names: Mapping[str, str]) -> str:
    """One drill: how it began and ended, and who came in how many seconds. Raises ValueError as `report` does."""
    texts, told = Texts(story.language), report(story)
    words = texts.words.practice
    lines = [headline(story, texts), began(story, texts), story.incident]
    lines.append(words["started.announced" if told.announced else "started"].format(by=texts.who(told.by, names)))
    needed = {"needed": told.needed}
    for key, after_s in (("enough", told.enough_s), ("there", told.first_there_s)):
        if after_s is None:
            lines.append(words[f"{key}.never" if told.ended else f"{key}.not yet"].format_map(needed))
        else:
            lines.append(words[key].format(after=texts.duration(max(0.0, after_s)), **needed))
    lines.append(
        words["ended"].format(end=texts.words.drill_ends.get(told.ended.reason, told.ended.reason))
        if told.ended
        else words["runs"]
    )
    heads = ["", *(words[column] for column in ("who", "asked", "shown", "coming", "on scene"))]
    rows = [_row(heads, DRILL_WIDTHS), *(_row(_cells(took, texts, names), DRILL_WIDTHS) for took in told.persons)]
    return "\n".join((*lines, "", *rows))


def _cells(took: Took, texts: Texts, names: Mapping[str, str]) -> Sequence[str]:
    words = texts.words.practice
    asked, shown, coming, there = (
        words["nothing"] if after_s is None else texts.duration(max(0.0, after_s))
        for after_s in (took.asked_s, took.shown_s, took.coming_s, took.on_scene_s)
    )
    if took.coming_s is None and took.cannot_s is not None:
        coming = words["cannot"]
    return "", texts.who(took.by, names), asked, shown, coming, there


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return " ".join(f"{cut(printable(cell), w):<{w}}" for cell, w in zip(cells, widths, strict=True)).rstrip()
