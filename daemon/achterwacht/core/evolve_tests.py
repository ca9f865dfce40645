"""What the facts of button tests and drills change in the state.

The same kind of functions as in evolve.py, which knows them all. What becomes such a fact is button_test.py's and
drill.py's to say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from immutables import Map
from msgspec.structs import replace

from achterwacht.core import facts as f
from achterwacht.core.evolve_day import answered
from achterwacht.core.plan import ZENDER
from achterwacht.core.state import Alarm, ButtonTest, Press, State

PRESS_WAIT_S = 30.0
"""Walking from the screen to the button; whoever needs longer asks for the test again."""
CLAIM_S = 10.0
"""So long nobody comes when a button under test was pressed in earnest (docs/promises.md, S8)."""
TEST_MAX_S = 60.0
"""From its beginning to its judgement: the longest that a zender is in test mode."""


def _button_test_began(state: State, fact: f.ButtonTestBegan) -> State:
    began_s = state.house_s(fact.when)
    until_s = began_s + PRESS_WAIT_S
    test = ButtonTest(fact.incident, fact.zender, fact.by, fact.targets, began_s=began_s, until_s=until_s)
    return answered(_tested(state, test), fact.key, fact.when)


def _button_test_pressed(state: State, fact: f.ButtonTestPressed) -> State:
    now_s = state.house_s(fact.when)
    test = replace(
        state.button_tests[fact.zender],
        press=fact.press,
        heard_s=fact.heard_s + state.offset_s,
        age_ms=fact.age_ms,
        until_s=now_s + CLAIM_S,
    )
    state = replace(_tested(state, test), presses=state.presses.set(fact.press, Press(fact.incident, now_s)))
    return zender_changed(state, fact.zender, pressed_at=fact.when.at)


def _button_test_claimed(state: State, fact: f.ButtonTestClaimed) -> State:
    test = state.button_tests[fact.zender]
    test = replace(test, claimed=True, until_s=test.began_s + TEST_MAX_S)
    return answered(_tested(state, test), fact.key, fact.when)


def _button_test_ended(state: State, fact: f.ButtonTestEnded) -> State:
    """Of a press that became an alarm nobody must read later that it was a test. A button that was wrong counts as
    never tested, whatever was right before."""
    state = replace(state, button_tests=state.button_tests.delete(fact.zender))
    state = _dropped(state, lambda ordered: (ordered.reason, ordered.zender) == ("test press", fact.zender))
    if fact.end in ("right", "wrong"):
        state = zender_changed(state, fact.zender, tested_at=fact.when.at if fact.end == "right" else None)
    return answered(state, fact.key, fact.when)


def _tested(state: State, test: ButtonTest) -> State:
    return replace(state, button_tests=state.button_tests.set(test.zender, test))


def zender_changed(state: State, zender: int, **changes: Any) -> State:
    """The state in which this is so of a zender; of one that was never heard nothing is kept."""
    name = f"{ZENDER}:{zender}"
    device = state.devices.get(name)
    return replace(state, devices=state.devices.set(name, replace(device, **changes))) if device else state


def _drill_raised(state: State, fact: f.DrillRaised) -> State:
    now_s = state.house_s(fact.when)
    rings_s = now_s + fact.in_s
    drill = Alarm(
        incident=fact.incident,
        zender=fact.zender,
        place=fact.place,
        plan=state.plan.for_zender(fact.zender),
        raised_at=fact.when.at,
        raised_s=now_s,
        raised_n=state.n + 1,
        heard_s=rings_s,
        run_s=rings_s,
        run_reason="drill",
        last_press="",
        last_press_s=now_s,
        drill=True,
    )
    return answered(replace(state, alarms=state.alarms.set(fact.incident, drill)), fact.key, fact.when)


def _drill_ended(state: State, fact: f.DrillEnded) -> State:
    """Only when is kept of it: a drill cannot be taken up again, and nobody must read of it later."""
    ended_s = state.house_s(fact.when)
    state = replace(state, alarms=state.alarms.delete(fact.incident), drill_ended_s=ended_s)
    its_own = _dropped(state, lambda ordered: ordered.incident == fact.incident or ordered.reason == "drill announced")
    return answered(its_own, fact.key, fact.when)


def _dropped(state: State, unwanted: Callable[[f.Ordered], bool]) -> State:
    """The state without these orders, as far as they are not delivered yet."""
    return replace(state, outbox=Map({key: ordered for key, ordered in state.outbox.items() if not unwanted(ordered)}))


EVOLVE_TESTS: dict[type, Callable[[State, Any], State]] = {
    f.ButtonTestBegan: _button_test_began,
    f.ButtonTestPressed: _button_test_pressed,
    f.ButtonTestClaimed: _button_test_claimed,
    f.ButtonTestEnded: _button_test_ended,
    f.DrillRaised: _drill_raised,
    f.DrillEnded: _drill_ended,
}
