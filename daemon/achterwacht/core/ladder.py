"""Whom a step of the ladder rings. When it does is escalation.py's to say."""

from __future__ import annotations

from collections.abc import Iterable

from achterwacht.core.plan import Plan, Step
from achterwacht.core.state import Alarm


def whom_to_ring(alarm: Alarm, step: Step, last: bool) -> list[str]:
    """The targets of a step: not those who come already or cannot.

    Rather somebody in vain than nobody: when the last step would ring nobody, those who cannot come are rung again, or
    else those who were coming and are not there.
    """
    plan, targets = alarm.plan, whom_it_is_for(alarm, step)
    said = {by: responder.answer for by, responder in alarm.responders.items()}
    wanted = [target for target in targets if plan.person(target) not in said]
    if wanted or not last:
        return wanted
    in_vain = [target for target in targets if said[plan.person(target)] == "cannot"]
    return in_vain or [target for target in targets if said[plan.person(target)] == "coming"]


def whom_it_is_for(alarm: Alarm, step: Step) -> list[str]:
    """The targets of a step, whatever they have answered; but not at the desk where it happens (S9), unless the whole
    ladder has nobody but the zender's own staff."""
    plan = alarm.plan
    staff = set(plan.staff(alarm.zender))
    everybody = _targets(plan, (group for step in plan.ladder.steps for group in step.ring))
    if all(plan.person(target) in staff for target in everybody):
        staff = set()
    return [target for target in _targets(plan, step.ring) if plan.person(target) not in staff]


def _targets(plan: Plan, groups: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(target for group in groups for target in plan.group(group)))
