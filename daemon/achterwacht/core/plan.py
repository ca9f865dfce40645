"""The plan of one building: zenders, pagers, members, ladder. What the YAML becomes, and what an alarm keeps.

Only ids and numbers: no person's name, no phone number, so that a plan may stand in the chain of facts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, time
from functools import cached_property
from typing import Literal

TEAM, BACKUP, RECEPTION, SUPERVISOR, COORDINATOR = "team", "backup", "reception", "supervisor", "coordinator"
ROLES = (TEAM, BACKUP, RECEPTION, SUPERVISOR, COORDINATOR)

PAGERS = "pagers"
"""The one group of the ladder that names devices; the other groups are the roles, and single member ids."""

PAGER = "pager"
"""The part of a pager's name before the colon. A target is such a name, a way to a member (`push:lid-4`), or CENTRE."""

PUSH, APP, NTFY, PUSHOVER = "push", "app", "ntfy", "pushover"
"""Ways to a member's telephone that have a name of their own: Web Push, a page that is open on the building's own
network, and two services. Other ways have the names that the plan gives them."""

ALARM_CENTRE = "alarm_centre"
"""The group of the ladder that stands for the private alarm centre."""
CENTRE = f"{ALARM_CENTRE}:pac"
"""Its target. It never answers, and rings nobody in the building."""

ZENDER, GATEWAY, DOCK = "zender", "gateway", "dock"
"""With PAGER the part of a device's name before the colon. `dock:p1` is the contact in the dock of pager p1."""

BASE, CHANNEL, WAY, RECEIVER = "base", "channel", "way", "receiver"
"""The same of what carries orders: a paging base; a way to telephones; such a way to one member (`way:push:lid-4`); a
receiver of the alarm centre, counted from 1."""

CALENDAR = "calendar"
"""The same of an iCalendar feed."""

TERMINAL = "terminal"
"""What a command is said by, when it names no member."""

MAX_SILENCE_S = 25.0
"""Our own nodes speak every 10 s: two words may be lost, and the fault still shows within 30 s (docs/promises.md)."""

Transport = Literal["mqtt", "gpio", "serial", "bought"]
"""How a zender is heard: our own node on MQTT, a contact on a pin, behind a serial port, a bought device on MQTT."""

Weakness = Literal["no heartbeat", "qos 0", "cut wire unseen"]
"""Why a zender is supervised less well than it could be: its death is not noticed; the broker may lose its press; a
cut wire looks like peace."""


@dataclass(frozen=True, slots=True)
class Site:
    """The town hall as it is told to 112."""

    name: str
    address: str
    entrance: str = ""


@dataclass(frozen=True, slots=True)
class Zender:
    """A transmitter fixed at one place."""

    nr: int
    place: str
    room: str = ""
    transport: Transport = "mqtt"
    gateway: str | None = None
    """The id of the gateway through which it is heard, if any: while that is down, nothing is known of it."""
    max_silence_s: float | None = MAX_SILENCE_S
    """After so much silence it counts as dead. None: it says nothing between presses, or is read all the time."""
    weaker: tuple[Weakness, ...] = ()
    wired: str = ""
    """A digest of how it is wired. With another one it is another device, of which nothing is known yet."""
    staff: tuple[str, ...] = ()
    """Members who sit at this place: their answers do not count for its alarms (S11)."""
    screens: tuple[str, ...] = ()
    """Screens in sight of this place: they show only the discreet sign (S9)."""
    help: bool = False
    """Whether the zender shows a discreet sign that help is coming."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """What several zenders are heard through: a serial port, the pins, a Zigbee bridge, a radio receiver.

    `on_mqtt`: it is itself heard through the broker. `max_silence_s`: None when it says nothing by itself.
    """

    id: str
    on_mqtt: bool = False
    max_silence_s: float | None = None
    wired: str = ""


@dataclass(frozen=True, slots=True)
class Pager:
    """A pager; `carrier` is the member who carries it. In a house with a morning check that is today's (morning.py).

    `base`: the id of the paging base that calls it; empty for our own node on MQTT. One on a base says nothing itself.
    """

    id: str
    carrier: str | None = None
    base: str = ""
    week: tuple[str | None, ...] = ()
    """The weekly pattern: who is to carry it, Monday first. Empty in a house without a morning check."""
    dock: bool = False
    """Whether its dock has a contact of its own (`dock:<id>`), beside what the pager says of itself."""
    dock_gateway: str | None = None
    """The id of the gateway through which that contact is heard, if any: while that is down it says nothing."""


@dataclass(frozen=True, slots=True)
class Member:
    """Someone who may answer. `ways` are how this person is reached besides by a pager, in order of cost: an alarm goes
    by all of them at once, what can wait by the first that works."""

    id: str
    roles: tuple[str, ...] = (TEAM,)
    ways: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlarmCentre:
    """The private alarm centre, as far as decisions go. `receivers`: how many it has."""

    receivers: int = 1
    troubles: bool = False
    """Whether it is told of zenders that are missing or whose battery is low."""
    confirm_within_s: float = 600.0
    """A second desk's press confirms an open alarm that was pressed no longer ago."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the ladder: `after_s` seconds after the press, ring these groups."""

    after_s: float
    ring: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """How an alarm climbs. All times in seconds."""

    steps: tuple[Step, ...]
    repeat_s: float = 30.0
    """The last step repeats at this pace for ever."""
    shown_within_s: float = 5.0
    """When no target has shown a step by then, the next step is due at once."""
    responders_needed: int = 2
    """One speaks to the visitor, the others stand by: at least two (Waddinxveen, appendix 6)."""
    arrival_s: float = 60.0
    """How long those who are coming may be under way before the search goes on."""
    check_s: float = 120.0
    """How long those on the scene may be silent before they are asked whether all is well."""
    confirm_s: float = 30.0
    """How long a question may stay unanswered: to those on the scene, and to a 112 caller."""
    call_112_after_s: float = 60.0
    """When nobody is on the scene by then, 112 is asked for."""
    callers_112: tuple[str, ...] = ()
    """Members who are asked to call 112, one after the other."""


@dataclass(frozen=True, slots=True)
class Opening:
    """When the desks are open on one day of the week; Monday is 0."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class SpecialOpening:
    """Open on one date, whatever the week or a holiday says."""

    on: date
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Hours:
    """When the desks are open. No alarm knows of it: the ladder is the same at any hour."""

    week: tuple[Opening, ...] = ()
    holidays: tuple[str, ...] = ()
    """Public holidays on which the house is closed, by their names in workdays.py."""
    closed: tuple[date, ...] = ()
    """The house's own closing days."""
    special: tuple[SpecialOpening, ...] = ()


@dataclass(frozen=True, slots=True)
class Morning:
    """How the pick-up of the pagers is watched. Times of day are local; what lasts is in seconds."""

    self_test_at: time = time(8, 0)
    """When everything from a press to each pager is tried, every day."""
    watch_at: time = time(8, 30)
    remind_at: time = time(8, 50)
    check_at: time = time(9, 0)
    hold_s: float = 900.0
    """So long the check waits for a clock that somebody vouches for, past what that clock says."""
    escalate_s: float = 900.0
    """So long after the check the coordinator is told of what is still missing."""
    settle_s: float = 5.0
    """A contact that changed counts when it has kept so for so long."""
    proof_s: float = 30.0
    """So long a pager may take to show a silent test page, before it gets another."""
    battery_min: int = 15
    """Percent: with less it will not last the day."""
    pagers_needed: int = 2
    """One speaks to the visitor, the others stand by."""
    days_ahead: int = 7
    """So many days ahead a gap in the roster is found."""
    button_test_days: int = 31
    """After so many days without a test a button is overdue; 0: never."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """Bounds from the press reaching this machine, in seconds (docs/promises.md). A miss is a fact."""

    handed_over_s: float = 0.05
    durable_s: float = 0.25
    shown_s: float = 1.0


@dataclass(frozen=True)
class Plan:
    """Everything the core must know of one building."""

    site: Site
    zenders: tuple[Zender, ...]
    pagers: tuple[Pager, ...]
    members: tuple[Member, ...]
    ladder: Ladder
    budgets: Budgets = Budgets()
    language: str = "nl"
    gateways: tuple[Gateway, ...] = ()
    bases: tuple[str, ...] = ()
    """The ids of the paging bases."""
    alarm_centre: AlarmCentre | None = None
    hours: Hours = Hours()
    morning: Morning | None = None
    """None in a house whose pagers are not handed out in the morning: their carriers are as the file has them."""
    calendars: tuple[str, ...] = ()
    """The ids of the iCalendar feeds that the roster is also read from."""

    @cached_property
    def _zenders(self) -> dict[int, Zender]:
        """By number: two thousand of them speak all the time."""
        return {zender.nr: zender for zender in self.zenders}

    def zender(self, nr: int) -> Zender | None:
        """The zender with this number, or None when the plan does not know it."""
        return self._zenders.get(nr)

    def for_zender(self, nr: int) -> Plan:
        """What an alarm of this zender keeps: the plan without the other zenders, which may be two thousand."""
        zender = self.zender(nr)
        return replace(self, zenders=(zender,) if zender else ())

    def gateway(self, id: str) -> Gateway | None:
        """The gateway with this id, or None."""
        return next((gateway for gateway in self.gateways if gateway.id == id), None)

    def pager(self, id: str) -> Pager | None:
        """The pager with this id, or None."""
        return next((pager for pager in self.pagers if pager.id == id), None)

    def member(self, id: str) -> Member | None:
        """The member with this id, or None."""
        return next((member for member in self.members if member.id == id), None)

    def place(self, nr: int) -> str:
        """The place as people read it; a number that the plan does not know is still a place to run to."""
        zender = self.zender(nr)
        return zender.place if zender else f"Zender {nr} onbekend"

    def staff(self, nr: int) -> tuple[str, ...]:
        """The members who sit at this zender."""
        zender = self.zender(nr)
        return zender.staff if zender else ()

    def person(self, target: str) -> str:
        """Who answers from a target: a member's id, or the pager itself while nobody is known to carry it."""
        channel, who = target.split(":")
        if channel == PAGER:
            return self.carrier(who) or target
        return target if channel == ALARM_CENTRE else who

    def tells_shown(self, target: str) -> bool:
        """Whether this target says itself that it shows an alarm. Of the others the carrier's word is all there is."""
        return target.startswith(f"{APP}:") or self.is_own_pager(target)

    def is_own_pager(self, target: str) -> bool:
        """Whether this is a pager of our own, on MQTT."""
        channel, who = target.split(":")
        pager = self.pager(who)
        return channel == PAGER and (pager is None or not pager.base)

    def knows(self, target: str) -> bool:
        """Whether an order may be made for this target."""
        channel, _, who = target.partition(":")
        if target == CENTRE:
            return self.alarm_centre is not None
        return self.pager(who) is not None if channel == PAGER else target in self.ways_to(who)

    def carrier(self, pager_id: str) -> str | None:
        """The member who carries this pager, if anybody is known to."""
        pager = self.pager(pager_id)
        return pager.carrier if pager else None

    def with_carrier(self, pager_id: str, member_id: str | None) -> Plan:
        """The same plan with this pager carried by this member, or by nobody who is known."""
        pagers = (replace(p, carrier=member_id) if p.id == pager_id else p for p in self.pagers)
        return replace(self, pagers=tuple(pagers))

    def with_role(self, role: str) -> tuple[str, ...]:
        """The ids of the members who have this role."""
        return tuple(member.id for member in self.members if role in member.roles)

    def group(self, name: str) -> tuple[str, ...]:
        """The targets (`channel:who`) that a group of the ladder stands for: the pagers, a role, or one member."""
        if name == PAGERS:
            return tuple(f"{PAGER}:{pager.id}" for pager in self.pagers)
        if name in ROLES:
            members = [member for member in self.members if name in member.roles]
            return tuple(f"{way}:{member.id}" for member in members for way in member.ways)
        return self.ways_to(name)

    def ways_to(self, member_id: str) -> tuple[str, ...]:
        """Every target of one member: the pagers that the plan gives them, then their other ways."""
        pagers = [f"{PAGER}:{pager.id}" for pager in self.pagers if pager.carrier == member_id]
        member = self.member(member_id)
        return (*pagers, *(f"{way}:{member_id}" for way in member.ways)) if member else ()


EMPTY_PLAN = Plan(Site("", ""), (), (), (), Ladder((Step(0.0, (PAGERS,)),)))
"""What holds before any plan was read: nobody to ring, and every press still an alarm."""
