"""One contact, from when we begin to look: when being active is a press, and when it is stuck.

Knows levels and times. Leaves to others where a level comes from (a pin, a message), whose contact it is, and what a
press means. Hand `look` every edge and, now and then, the level: an edge that was lost then still counts.

    armed ──active for min_active_s──▶ pressed ──released for rearm_s without a break──▶ armed

What bounces is one press: being active for a moment starts the wait for the release anew. So a wire that chatters for
ever never comes to rest: it is stuck, like a button that is held, and either is told as a fault.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

STUCK_S = 30.0
"""Nobody holds a button for this long: it sticks, or its wire is cut or shorted (docs/wire.md, "GPIO")."""


@dataclass(frozen=True, slots=True)
class Press:
    """It counts, since `at_s`. `at_start`: it was active when we began to look, and may have been so for long."""

    at_s: float
    at_start: bool = False


@dataclass(frozen=True, slots=True)
class Stuck:
    """It has not come to rest for STUCK_S after a press. Said once."""


@dataclass(frozen=True, slots=True)
class StuckOver:
    """It is at rest. Said also the first time that we see it so: it may have been stuck before a restart."""


Event = Press | Stuck | StuckOver


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of one contact. A new one has not been looked at; times are monotonic seconds.

    min_active_s: how long it must be active without a break before it counts. 0: the first edge counts, and no press
    is ever lost. Above 0 a contact that chatters, and is never active for so long, is no press: that is its purpose.
    rearm_s: how long it must be released without a break before it can be pressed again.
    """

    min_active_s: float = 0.0
    rearm_s: float = 0.0
    active: bool | None = None
    """As it was seen last; None: never yet."""
    since_s: float = 0.0
    """Since when it is so."""
    pressed_s: float | None = None
    """Since when it is pressed; None: armed."""
    at_start: bool = False
    """It has been so since we began to look."""
    stuck: bool | None = None
    """What was said last; None: nothing yet."""

    @property
    def due_s(self) -> float | None:
        """When it should be looked at again, though nothing may have changed; None: only when something has."""
        if self.active:
            if self.pressed_s is None:
                return self.since_s + self.min_active_s
            return None if self.stuck else self.pressed_s + STUCK_S
        if self.active is None or (self.pressed_s is None and self.stuck is False):
            return None
        return self.since_s + self.rearm_s


def look(life: Life, active: bool, at_s: float) -> tuple[Life, tuple[Event, ...]]:
    """What became of the contact now that it is seen `active`, or not, at `at_s`; and what that tells.

    Whatever was due before counts first: a press that has lasted long enough is one, though its end is seen only now.
    """
    life, before = _last(life, at_s)
    if active == life.active:
        return life, before
    begun = replace(life, active=active, since_s=at_s, at_start=life.active is None)
    life, after = _last(begun, at_s)
    return life, before + after


def _last(life: Life, until_s: float) -> tuple[Life, tuple[Event, ...]]:
    """The contact stays as it is until then."""
    events: list[Event] = []
    if life.active:
        if life.pressed_s is None and until_s >= life.since_s + life.min_active_s:
            life = replace(life, pressed_s=life.since_s + life.min_active_s)
            events.append(Press(life.since_s + life.min_active_s, life.at_start))
        if life.pressed_s is not None and not life.stuck and until_s >= life.pressed_s + STUCK_S:
            life = replace(life, stuck=True)
            events.append(Stuck())
    elif life.active is not None and until_s >= life.since_s + life.rearm_s:
        if life.stuck is not False:
            events.append(StuckOver())
        life = replace(life, pressed_s=None, stuck=False)
    return life, tuple(events)
