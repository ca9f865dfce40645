"""What standing displays show now: the list of open alarms on a pager, the discreet sign on a zender.

Functions of the state alone; nothing here is stored or decided. How it reaches the device is the outputs' part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from achterwacht.core.plan import PAGER, Pager
from achterwacht.core.state import Alarm, Phase, State

Sign = Literal["idle", "sent", "coming", "on_scene", "over", "test"]

LISTED_MAX = 16
"""A pager's memory is small (docs/wire.md); the total is told beside the list."""
OVER_SIGN_S = 60.0
"""How long the discreet sign says `over` before it is idle again."""

URGENCY: tuple[Phase, ...] = ("ringing", "coming", "on_scene")


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """One line of a pager's list. `raised_s` is house time."""

    incident: str
    press: str
    zender: int
    place: str
    phase: Phase
    coming: int
    raised_s: float


class HelpSign(NamedTuple):
    """The discreet sign for the presser: its word, the incident it is about, and how many are coming."""

    sign: Sign
    incident: str = ""
    coming: int = 0


IDLE = HelpSign("idle")


def open_alarms(state: State, pager: Pager) -> tuple[OpenAlarm, ...]:
    """Every open alarm that this pager may show, most urgent first, then oldest first.

    Not the alarm of the desk where its carrier sits: nothing lights up there (S9). And no drill: this list has no room
    to say that it is one.
    """
    target = f"{PAGER}:{pager.id}"
    alarms = [
        alarm
        for alarm in state.alarms.values()
        if not alarm.drill and (target in alarm.rung or alarm.plan.person(target) not in alarm.plan.staff(alarm.zender))
    ]
    alarms.sort(key=lambda alarm: (URGENCY.index(alarm.phase), alarm.raised_s))
    return tuple(_line(alarm) for alarm in alarms)


def _line(alarm: Alarm) -> OpenAlarm:
    return OpenAlarm(
        alarm.incident, alarm.last_press, alarm.zender, alarm.place, alarm.phase, alarm.coming, alarm.raised_s
    )


def help_sign(state: State, zender: int, now_s: float) -> HelpSign:
    """The sign for the presser. `now_s` is house time.

    `sent` only when a pager has shown the alarm: until then nobody knows that anybody knows. `test` while a press would
    be, or was, a test's: whoever sits there now must know.
    """
    alarm = state.alarm_on(zender)
    if alarm is None and zender in state.button_tests:
        return HelpSign("test")
    if alarm is None:
        recent = [
            alarm
            for alarm in state.closed.values()
            if alarm.zender == zender and now_s - (alarm.closed_s or 0.0) < OVER_SIGN_S
        ]
        last = max(recent, key=lambda alarm: alarm.closed_s or 0.0, default=None)
        return HelpSign("over", last.incident) if last else IDLE
    if alarm.persons("on_scene"):
        return HelpSign("on_scene", alarm.incident, alarm.coming)
    if alarm.coming:
        return HelpSign("coming", alarm.incident, alarm.coming)
    return HelpSign("sent" if "shown" in alarm.reached else "idle", alarm.incident)


def next_change(state: State, now_s: float) -> float | None:
    """When a sign changes by itself, in house time: `over` becomes idle."""
    ends = (alarm.closed_s + OVER_SIGN_S for alarm in state.closed.values() if alarm.closed_s is not None)
    return min((end for end in ends if end > now_s), default=None)
