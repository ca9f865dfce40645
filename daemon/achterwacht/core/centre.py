"""What the private alarm centre is told of an alarm, and when: a hold-up, that it is confirmed, and its end.

A centre verifies before it sends the police, and takes two things for proof: buttons pressed by different persons, and
a person on the spot (Dutch practice since July 2021). So an alarm is confirmed by a second desk's press while it is
open, or by a word of a member who is on the scene. The hold-up goes out at the ladder step that names the centre; that
it is confirmed follows it, but a word from the scene waits for no step. How it is told, and that it never holds up a
pager, is for the outputs. It rings nobody in the building and answers nothing, so it never counts as somebody reached.
"""

from __future__ import annotations

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.faults import device_of, kind_of
from achterwacht.core.plan import ALARM_CENTRE, CENTRE, ZENDER, Step
from achterwacht.core.state import Alarm, State
from achterwacht.core.turn import Turn

FROM_THE_SCENE = ("need_112", "told_to_leave", "called_112")
"""What somebody on the scene says only when the threat is real."""

AGAIN: tuple[f.Kind, ...] = ("alarm", "confirmed")
"""What is told again until it is taken, for as long as the alarm is open."""

TROUBLES: dict[str, f.Reason] = {
    **dict.fromkeys(("zender/battery low", "zender/battery empty"), "battery low"),
    **dict.fromkeys(("zender/offline", "zender/silent", "zender/never seen"), "missing"),
}
"""The kinds of fault that a centre has codes for, by what it calls them."""
TROUBLES_MAX = 50
"""Reports of troubles under way at once: a switch that fails is no reason to flood a centre with a thousand."""


def hold_up(alarm: Alarm, step: Step) -> list[str]:
    """The centre, if this step names it: a hold-up is told once in each run of the ladder, and no drill is."""
    if alarm.drill or ALARM_CENTRE not in step.ring or alarm.plan.alarm_centre is None:
        return []
    return [] if "alarm" in alarm.centre else [CENTRE]


def told(turn: Turn, incident: str) -> None:
    """A hold-up may have gone out just now; that it was confirmed before follows it."""
    alarm = turn.alarm(incident)
    if alarm.confirmed and "alarm" in alarm.centre and "confirmed" not in alarm.centre:
        tell_again(turn, alarm)  # a confirmation alone says less than both
        turn.order(turn.alarm(incident), [CENTRE], "confirmed", alarm.confirmed)


def second_button(turn: Turn, incident: str) -> None:
    """A press rang the desk of this alarm: it and every other that was pressed lately confirm each other."""
    new = turn.alarm(incident)
    for other in list(turn.state.alarms.values()):
        centre = other.plan.alarm_centre or new.plan.alarm_centre
        if centre is None or other.drill or other.zender == new.zender:
            continue
        if turn.now_s - other.last_press_s <= centre.confirm_within_s:
            _confirm(turn, other.incident, "second button", f"{ZENDER}:{new.zender}")
            _confirm(turn, incident, "second button", f"{ZENDER}:{other.zender}")


def word(turn: Turn, before: Alarm, by: str, heard: h.Answer) -> None:
    """Somebody answered, and it counted. `before`: the alarm as it was then."""
    responder = before.responders.get(by)
    if heard.answer not in FROM_THE_SCENE or responder is None or responder.answer != "on_scene":
        return
    alarm = turn.state.alarms.get(before.incident)
    if alarm is None or alarm.drill or alarm.plan.alarm_centre is None:
        return
    if "alarm" not in alarm.centre:
        turn.order(alarm, [CENTRE], "alarm", "word from the scene")
    _confirm(turn, alarm.incident, "word from the scene", by)


def _confirm(turn: Turn, incident: str, reason: f.Reason, by: str) -> None:
    alarm = turn.alarm(incident)
    if alarm.confirmed is None:
        turn.note(f.AlarmConfirmed(turn.now, incident, reason, by))
    told(turn, incident)


def again_s(state: State, alarm: Alarm) -> float | None:
    """When the centre is told again what it did not take, in house time."""
    failed = any(told.stage == "failed" for kind, told in alarm.centre.items() if kind in AGAIN)
    return alarm.centre_s + alarm.plan.ladder.repeat_s if failed else None


def tell_again(turn: Turn, alarm: Alarm) -> None:
    """What was not taken is told again, the hold-up first."""
    for kind in AGAIN:
        told = alarm.centre.get(kind)
        if told and told.stage == "failed":
            turn.order(turn.alarm(alarm.incident), [CENTRE], kind, "not taken")


def report_troubles(turn: Turn) -> None:
    """Tells the centre of the zenders' troubles noted in this turn, and of their end, where the plan wants that."""
    centre = turn.state.plan.alarm_centre
    if centre is None or not centre.troubles:
        return
    faults = [fact for fact in turn.facts if isinstance(fact, f.FaultRaised | f.FaultCleared)]
    troubles = [fact for fact in faults if kind_of(fact.key) in TROUBLES]
    if troubles:
        under_way = sum(ordered.kind in ("trouble", "trouble_over") for ordered in turn.state.outbox.values())
        for fact in troubles[: max(0, TROUBLES_MAX - under_way)]:
            kind: f.Kind = "trouble" if isinstance(fact, f.FaultRaised) else "trouble_over"
            zender = int(device_of(fact.key).removeprefix(f"{ZENDER}:"))
            order = turn.next_order("trouble")
            reason = TROUBLES[kind_of(fact.key)]
            turn.note(f.Ordered(turn.now, order, "", "", zender, CENTRE, kind, 1, reason))
