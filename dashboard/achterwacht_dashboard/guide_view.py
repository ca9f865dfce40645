"""The live page /beheer/knoptest: it leads one person through the test of one button, then to the next that is due.

What counts as a test, and for how long, is the core's (button_test.py). A press that nobody claims is an alarm: this
page says so before it is one, and when it has become one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from achterwacht.core.evolve_tests import CLAIM_S, PRESS_WAIT_S
from achterwacht.core.morning import overdue
from achterwacht.core.plan import ZENDER
from achterwacht.core.state import ButtonTest
from achterwacht.outputs.texts.standing import device_names
from achterwacht_dashboard.button_tests import Story
from achterwacht_dashboard.pages import Page, Seen, Signals
from achterwacht_dashboard.standing_view import Told, when

ENDED_SHOWN = timedelta(minutes=10)
"""So long it stays on the page how a test ended; then whoever comes by begins anew."""
DUE_MAX = 40
"""More buttons than anybody tests in one round. This list is live: it must stay quick in a house with thousands."""
ALARM_ENDS = ("not claimed", "pressed twice", "alarm")
"""The test ended because there is an alarm."""


def guide(seen: Seen) -> Told:
    """Where whoever looks is with their test, and what they are to do now. `phase` says which of these it is."""
    state = seen.state
    told: Told = {
        "others": list(_others(seen)),
        "can": bool(seen.viewer.member),
        "claim_s": round(CLAIM_S),
        "press_s": round(PRESS_WAIT_S),
        "mine": None,
        "ended": None,
        "next": None,
    }
    if not seen.is_heard:
        return told | {"phase": "unknown"}
    mine = next((test for test in state.button_tests.values() if test.by == seen.viewer.member), None)
    if mine is not None:
        phase = "judge" if mine.claimed else "claim" if mine.press else "press"
        return told | {"phase": phase, "mine": _running(seen, mine)}
    told["ended"] = _ended(seen)
    if seen.alarms:
        drill = all(alarm.drill for alarm in seen.alarms)
        return told | {"phase": "drill" if drill else "alarm"}
    return told | {"phase": "choose", "next": _next(seen)}


def _others(seen: Seen) -> Iterator[Told]:
    """Tests of others that run now: who, and where."""
    for test in seen.state.button_tests.values():
        if test.by != seen.viewer.member:
            yield {"who": seen.who(test.by), "zender": test.zender, "place": seen.state.plan.place(test.zender)}


def _running(seen: Seen, test: ButtonTest) -> Told:
    """A test that runs now. What each pager shows is known as far as it was heard here."""
    place = seen.state.plan.place(test.zender)
    story = seen.look.button_tests.get(test.zender)
    is_its = story is not None and story.test == test.test
    names = device_names(seen.state.plan, seen.texts, seen.look.names)
    return {
        "test": test.test,
        "zender": test.zender,
        "place": place,
        "until_s": test.until_s,
        "text": seen.texts.page_test(place),
        "targets": [_target(seen, story if is_its else None, target, names) for target in test.targets],
    }


def _target(seen: Seen, story: Story | None, target: str, names: Mapping[str, str]) -> Told:
    """How far the page of a test has come at one of those that are to show it."""
    stage, note = story.stages.get(target, ("ordered", "")) if story else ("unknown", "")
    word = seen.words("admin.guide.stage.unknown") if stage == "unknown" else seen.texts.words.stages[stage]
    why = seen.texts.why_failed(note).removeprefix(": ") if note else ""
    return {"name": seen.texts.device(target, names), "stage": stage, "word": word, "why": why}


def _ended(seen: Seen) -> Told | None:
    """How the last test of whoever looks ended, for a while. Where an alarm must not be seen nothing is said of it."""
    mine = [story for story in seen.look.button_tests.values() if story.by == seen.viewer.member]
    story = max(mine, key=lambda story: story.began_at, default=None)
    if story is None or not seen.viewer.member or seen.now.at - (story.ended_at or story.began_at) > ENDED_SHOWN:
        return None
    place = seen.state.plan.place(story.zender)
    if story.end is None:  # its end was not heard: the link was away
        return {"end": "unheard", "zender": story.zender, "place": place, "text": seen.words("admin.guide.unheard")}
    if story.end in ALARM_ENDS and seen.discreet:
        return {"end": "over", "zender": story.zender, "place": place, "text": seen.words("admin.guide.over")}
    text = seen.texts.words.practice[f"end.{story.end}"].format(by=seen.who(story.by))
    return {"end": story.end, "zender": story.zender, "place": place, "text": text}


# --- which buttons are due --------------------------------------------------------------------------------------------


def due(seen: Seen) -> Told:
    """The buttons in the order in which they are to be tested: those that are overdue first, the longest ago first."""
    late = _late(seen)
    numbers = _in_turn(seen, late)
    return {
        "rows": [_button(seen, nr, nr in late) for nr in numbers[:DUE_MAX]],
        "more": max(0, len(numbers) - DUE_MAX),
        "overdue": len(late),
        "total": len(numbers),
        "stale": not seen.is_heard,
        "reading": not seen.look.tests_known,
        "days": seen.state.plan.morning.button_test_days if seen.state.plan.morning else 0,
    }


def _in_turn(seen: Seen, late: frozenset[int]) -> list[int]:
    """All zenders by number, those that are due first: never tested, then the longest ago."""

    def key(nr: int) -> tuple[bool, float, int]:
        at = _right_at(seen, nr)
        return nr not in late, at.timestamp() if at else 0.0, nr

    return sorted((zender.nr for zender in seen.state.plan.zenders), key=key)


def _late(seen: Seen) -> frozenset[int]:
    """The zenders that must be tested: a fault says so, or will at the next look."""
    faults = (zender.nr for zender in seen.state.plan.zenders
              if f"{ZENDER}:{zender.nr}/test overdue" in seen.state.faults)  # fmt: skip
    return frozenset((*faults, *overdue(seen.state, seen.now)))


def _right_at(seen: Seen, nr: int) -> datetime | None:
    """When this button was tested last and was right."""
    device = seen.state.devices.get(f"{ZENDER}:{nr}")
    return device.tested_at if device else None


def _button(seen: Seen, nr: int, late: bool) -> Told:
    """When one button was tested right, and what its newest test was."""
    story = seen.look.button_tests.get(nr)
    last: Told | None = None
    if story is not None and story.end is not None and not (story.end in ALARM_ENDS and seen.discreet):
        last = {
            "at": when(seen, story.ended_at),
            "by": seen.who(story.by),
            "result": seen.texts.words.practice[f"result.{story.end}"],
            "right": story.end == "right",
        }
    return {
        "nr": nr,
        "place": seen.state.plan.place(nr),
        "right": when(seen, _right_at(seen, nr)),
        "last": last,
        "overdue": late,
    }


def _next(seen: Seen) -> Told | None:
    """The button that is to be tested next."""
    late = _late(seen)
    return _button(seen, _in_turn(seen, late)[0], late=True) if late else None


def signals(seen: Seen) -> Signals:
    """While a press waits to be claimed it is heard: whoever pressed has ten seconds."""
    waiting = (test for test in seen.state.button_tests.values()
               if test.by == seen.viewer.member and test.press and not test.claimed)  # fmt: skip
    return Signals(tones={f"claim:{test.test}": "test" for test in waiting})


PAGE = Page("knoptest", "GET /beheer/knoptest", {"guide": guide, "due": due}, signals)
