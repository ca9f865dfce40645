"""What the pages that ring, /receptie and /team, say alike: of an alarm, and of what this member was told by them.

Knows how the house stands, since when an alarm is one, whether people may take it for a drill, whom it asks for what,
and what a page has to confirm to the daemon (static/ringing.js). How a page looks is its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from achterwacht.core.drill import is_in_mind
from achterwacht.core.morning import board
from achterwacht.core.plan import APP
from achterwacht.core.readiness import Reason
from achterwacht.core.state import UNDO_S, Alarm, Tested
from achterwacht.outputs.texts.day import verdict
from achterwacht_dashboard.pages import Seen

LightWord = Literal["ready", "works", "limited", "not_ready", "unknown"]
"""`ready` is for today; `works` only says that nothing is wrong, while pagers are not checked or not carried."""

NOTICE_S = 3600.0
"""So long a notice stands here: by then it was read, or is the reception's to follow."""
NOTICES_MAX = 3
ABOUT_MISSING = ("pager not picked up", "pagers missing", "pagers still missing")
"""The reasons of notices that ask for something which is done once their pagers are there."""
TEST_S = 30.0
"""So long a test is heard and answered; a page that comes later has not shown it in time."""


def pressed_at(alarm: Alarm) -> datetime:
    """When the button was pressed, or the drill begins; a test that nobody claimed is an alarm some seconds later."""
    return alarm.raised_at + timedelta(seconds=alarm.heard_s - alarm.raised_s)


def in_earnest(seen: Seen, alarm: Alarm) -> str:
    """That it is no drill or test, where people might think so; or what is asked now. Empty otherwise."""
    asks = seen.texts.words.page_asks
    if not alarm.drill and is_in_mind(seen.state, alarm.run_s):
        return asks["broke off a drill"]
    return asks.get(alarm.run_reason) or asks.get(alarm.step_reason, "")


def is_rung(alarm: Alarm, member: str) -> bool:
    """Whether this member is asked to come: was rung, and has not answered since."""
    rung = [target for target in alarm.rings if alarm.plan.person(target) == member]
    said = alarm.responders.get(member)
    if said is None:
        return bool(rung)
    # The last step rings those who cannot come again, when there is nobody else.
    return alarm.step_s > said.since_s and any(target in alarm.step_targets for target in rung)


def is_caller(alarm: Alarm, member: str) -> bool:
    """Whether this member is asked to call 112 now."""
    return alarm.police == "advised" and any(alarm.plan.person(target) == member for target in alarm.calls)


def orders_of(alarm: Alarm, member: str) -> list[str]:
    """The orders of this alarm to the open pages of this member."""
    target = f"{APP}:{member}"
    return [orders[target].id for orders in (alarm.rings, alarm.calls) if target in orders]


def fresh_test(seen: Seen, target: str) -> Tested | None:
    """The newest test of this target, while it may still be shown in time. None beside an alarm: that is none."""
    tested = seen.state.tests.get(target)
    if tested is None or tested.stage == "failed" or any(not alarm.drill for alarm in seen.alarms):
        return None
    return tested if _is_within(TEST_S, seen, tested.at) else None


def _is_within(max_s: float, seen: Seen, at: datetime) -> bool:
    """Whether this was so short ago; what is still to come was not, though a clock that was set back may say so."""
    return 0 <= (seen.now.at - at).total_seconds() < max_s


def undoable(seen: Seen) -> list[tuple[Alarm, float]]:
    """The alarms whose closing can still be taken back, and until when (house time), the newest first. Nothing at the
    desk itself, where nothing lights up (S9), nor of a desk that has a new alarm."""
    state, own = seen.state, seen.own_alarm
    over = [
        (alarm, until_s)
        for alarm in state.closed.values()
        if seen.house_s < (until_s := (alarm.closed_s or 0.0) + UNDO_S)
        and not alarm.drill
        and not state.alarm_on(alarm.zender)
        and not seen.is_at_this_desk(alarm)
        and (own is None or (alarm.closed_s or 0.0) < own.raised_s)
    ]
    return sorted(over, key=lambda one: -one[1])


def stands(seen: Seen) -> tuple[LightWord, tuple[Reason, ...]]:
    """How the house stands, and why. At a desk in alarm nothing is told that only an alarm can cause."""
    house, faults = seen.readiness, seen.state.faults
    told = tuple(
        reason
        for reason in house.reasons
        if not reason.key.startswith("budget/") or seen.may_tell(faults[reason.key].at)
    )
    light = "ready" if house.light == "limited" and not told else house.light
    if not seen.is_heard:
        return "unknown", told
    if light == "ready" and verdict(seen.state) not in ("ready", "no check"):
        return "works", told
    return ("not_ready" if light == "not ready" else light), told


def notices(seen: Seen) -> Iterator[str]:
    """What was told to the open pages of whoever looks of late, the newest first: when, and in the words that a message
    would have."""
    lacking = {row.pager for row in board(seen.state) if row.why}
    told = [one for one in seen.look.notices if one.target == f"{APP}:{seen.viewer.member}"]
    for one in list(reversed(told))[:NOTICES_MAX]:
        notice = seen.texts.notice(one.kind, one.reason)
        is_done = one.reason in ABOUT_MISSING and lacking.isdisjoint(one.about)
        if notice and not is_done and _is_within(NOTICE_S, seen, one.when.at):
            said = {"pagers": seen.texts.row(one.about)}
            at, title, text = f"{one.when.local:%H:%M}", notice.title.format_map(said), notice.text.format_map(said)
            yield f"{at} {title}. {text}"
