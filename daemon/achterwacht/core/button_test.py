"""Tests of buttons: somebody stands at a zender, presses it, and sees whether the right place is shown.

Only the zender under test is in test mode, for a minute at most, and only its first press is the test's; and only if
the button went down while it was waited for. That press shows where the test wants it, and rings nothing. Its tester
must claim it, or it is an alarm: somebody else may have pressed in earnest. So is a second press. An alarm ends every
test, but not before it is known whether a press that was taken for a test is another alarm. A button that was wrong is
overdue for a test until one is right.
"""

from __future__ import annotations

from collections.abc import Collection

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.plan import PAGERS, TERMINAL, ZENDER
from achterwacht.core.state import ButtonTest, State
from achterwacht.core.turn import ROUNDING_S, Turn


def begin(turn: Turn, heard: h.TestButton) -> None:
    """Somebody will press this button now."""
    state = turn.state
    if heard.key in state.outcomes:
        return
    plan = state.plan
    targets = heard.targets or tuple(target for target in plan.group(PAGERS) if plan.is_own_pager(target))
    if note := _objection(state, heard, targets):
        turn.note(f.Refused(turn.now, heard.key, "test_button", heard.by, note))
        return
    if heard.zender in state.button_tests:
        _end(turn, state.button_tests[heard.zender], "not pressed")  # whoever began it may have left
    test = f"test-{state.boot}-{turn.state.n + 1}"
    turn.note(f.ButtonTestBegan(turn.now, test, heard.key, heard.zender, heard.by, targets))


def _objection(state: State, heard: h.TestButton, targets: tuple[str, ...]) -> str:
    if heard.by != TERMINAL and state.plan.member(heard.by) is None:
        return "not a member of the plan"
    if state.plan.zender(heard.zender) is None:
        return "no such zender in the plan"
    if any(alarm.drill for alarm in state.alarms.values()):
        return "a drill runs"
    if state.alarms:
        return "an alarm is open"
    if heard.zender in state.button_tests and state.button_tests[heard.zender].press:
        return "this button is being tested already"
    if not targets:
        return "no pager of ours could show it: say where it is to be shown"
    return "" if all(state.plan.knows(target) for target in targets) else "no such target in the plan"


def pressed(turn: Turn, heard: h.Pressed) -> f.Reason | None:
    """What a new press means where no alarm is open: why it rings, or None when it was a test's and rings nothing."""
    test = turn.state.button_tests.get(heard.zender)
    if test is None:
        return "first press"
    if test.press:
        return "test pressed twice"
    down_s = heard.heard_s + turn.state.offset_s - heard.age_ms / 1000
    if heard.at_start or down_s < test.began_s or _is_late(turn, test):
        return "first press"
    turn.note(f.ButtonTestPressed(turn.now, test.test, heard.press, heard.zender, heard.heard_s, heard.age_ms))
    for target in filter(turn.state.plan.knows, test.targets):
        order = turn.next_order("test")
        turn.note(f.Ordered(turn.now, order, "", "", heard.zender, target, "test", 1, "test press"))
    return None


def claim(turn: Turn, heard: h.Claim) -> None:
    """The tester says that the press was theirs."""
    if heard.key in turn.state.outcomes:
        return
    test = turn.state.button_tests.get(heard.zender)
    note = ""
    if test is None or not test.press or test.claimed:
        note = "no press of this button waits to be claimed"
    elif test.by != heard.by:
        note = "somebody else tests this button"
    elif _is_late(turn, test):
        note = "too late: it is an alarm"
    if note or test is None:
        turn.note(f.Refused(turn.now, heard.key, "claim", heard.by, note))
    else:
        turn.note(f.ButtonTestClaimed(turn.now, test.test, heard.key, test.zender, heard.by))


def judge(turn: Turn, heard: h.Judge) -> None:
    """The tester says what was shown."""
    if heard.key in turn.state.outcomes:
        return
    test = next((test for test in turn.state.button_tests.values() if test.test == heard.test), None)
    note = ""
    if test is None or _is_late(turn, test):
        note = "this test is over"
    elif test.by != heard.by:
        note = "somebody else tests this button"
    elif not test.claimed:
        note = "the press was not claimed yet"
    if note or test is None:
        turn.note(f.Refused(turn.now, heard.key, "judge", heard.by, note))
        return
    _end(turn, test, "right" if heard.right else "wrong", heard.by, heard.key)
    overdue = f"{ZENDER}:{test.zender}/test overdue"
    if heard.right:
        turn.clear_fault(overdue)
    else:
        turn.raise_fault(overdue, "")


def _end(turn: Turn, test: ButtonTest, end: f.TestEnd, by: str = "", key: str = "") -> None:
    turn.note(f.ButtonTestEnded(turn.now, test.test, key, test.zender, by or test.by, end))


def due(state: State, incident: str | None) -> list[float]:
    """Until when each test waits, in house time; or this one alone."""
    return [test.until_s for test in state.button_tests.values() if incident in (None, test.test)]


def _is_late(turn: Turn, test: ButtonTest) -> bool:
    return test.until_s <= turn.now_s + ROUNDING_S


def look(turn: Turn, incidents: Collection[str] | None) -> None:
    """What has waited for too long: a press that nobody claimed is an alarm, any other test is over."""
    for test in list(turn.state.button_tests.values()):
        if (incidents is None or test.test in incidents) and _is_late(turn, test):
            if _is_unclaimed(test):
                _in_earnest(turn, test)
            else:
                _end(turn, test, "not judged" if test.press else "not pressed")


def restarted(turn: Turn) -> None:
    """After a start nobody knows what was said meanwhile: a press that nobody has claimed is an alarm at once."""
    for test in list(turn.state.button_tests.values()):
        if _is_unclaimed(test) and turn.state.alarm_on(test.zender) is None:
            _in_earnest(turn, test)
        else:
            _end(turn, test, "restarted")


def _is_unclaimed(test: ButtonTest) -> bool:
    return bool(test.press) and not test.claimed


def _in_earnest(turn: Turn, test: ButtonTest) -> None:
    """An alarm by that very press; its pages go first, then the test ends (`make_way`)."""
    heard_s = test.heard_s - turn.state.offset_s
    turn.raise_alarm(test.press, test.zender, heard_s, test.age_ms, "test not claimed")


def make_way(turn: Turn) -> None:
    """While an alarm is open no button is tested, but that a press may still be claimed."""
    tests, alarms = turn.state.button_tests, turn.state.alarms.values()
    if not tests or all(alarm.drill for alarm in alarms):
        return
    for test in list(tests.values()):
        alarm = turn.state.alarm_on(test.zender)
        if alarm is None and _is_unclaimed(test):
            continue
        if alarm and alarm.incident == test.press:
            _end(turn, test, "not claimed")
        elif alarm and alarm.run_reason == "test pressed twice":
            _end(turn, test, "pressed twice")
        else:
            _end(turn, test, "alarm")
