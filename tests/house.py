"""The little language the nights are written in: a town hall around the pure core, with a clock that never sleeps.

Carriers, pagers and the disk are played here, each as good or as bad as the story wants. Four things are checked after
everything heard: the fold of the written lines equals the live state, every change of phase is a row of the table,
an `over` follows only what ends an alarm, and every fault is of a known kind. Whatever rings must be expected by the
story, in `rings`, `drills` or `asks_112`. In a supervised house everything speaks every ten seconds until it falls
silent, and every second somebody looks who has.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import count
from typing import Any, TypeVar

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.codec import decode, encode
from achterwacht.core.drill import is_drill
from achterwacht.core.escalation import TABLE, Change, decide, due
from achterwacht.core.evolve import evolve
from achterwacht.core.faults import KINDS, kind_of
from achterwacht.core.moment import Moment
from achterwacht.core.plan import (
    BACKUP,
    PAGER,
    PAGERS,
    RECEPTION,
    SUPERVISOR,
    TEAM,
    ZENDER,
    Ladder,
    Member,
    Pager,
    Plan,
    Site,
    Step,
    Zender,
)
from achterwacht.core.state import EMPTY, Alarm, State
from achterwacht.core.turn import RINGING
from achterwacht.presence import LOOK_EVERY_S, Presence

F = TypeVar("F", bound=f.Fact)

PHONE = "phone"
"""A way to telephones to which the plan gave its own name: the core must know none of them."""

HAND_OVER_S = 0.01
"""A broker on the same machine takes a page in a few milliseconds."""
COMMIT_S = 0.02
"""A slow disk's fsync: the page is out before the fact is on disk, which is where crashes are interesting."""
SHOW_S = 0.3
"""A pager on the LAN shows a page well within its second."""
REPEAT_S = 1.0
"""A pager repeats what it said every second until that is on disk (docs/wire.md)."""
BEAT_S = 10.0
"""Our own nodes speak this often (docs/wire.md)."""
FIRST_NIGHT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

TOWN_HALL = Plan(
    site=Site("Raadhuis", "Raadhuisplein 1"),
    zenders=(
        Zender(5, "Balie 1", staff=("bas",)),
        Zender(6, "Balie 2"),
        Zender(7, "Balie 3", staff=("gerda",)),
        Zender(9, "Receptie", staff=("els",)),
    ),
    pagers=(Pager("p1", "anna"), Pager("p2", "bas"), Pager("p3", "cor")),
    members=(
        Member("anna", (TEAM,), (PHONE,)),
        Member("bas"),
        Member("cor"),
        Member("dina", (BACKUP,), (PHONE,)),
        Member("els", (RECEPTION,), (PHONE,)),
        Member("fred", (SUPERVISOR,), (PHONE,)),
        Member("gerda", ()),
    ),
    ladder=Ladder(
        steps=(
            Step(0.0, (PAGERS, TEAM)),
            Step(15.0, (PAGERS, TEAM, BACKUP)),
            Step(30.0, (PAGERS, TEAM, BACKUP, RECEPTION, SUPERVISOR)),
        ),
        callers_112=("els", "fred"),
    ),
)
"""The default ladder in a small house. Bas sits at Balie 1 and carries a pager; Anna has a pager and a phone."""

TEAM_RINGS = "p1 p2 p3 anna"
"""Who rings at the first step, when nobody of them sits at the desk."""
BACKUP_RINGS = TEAM_RINGS + " dina"
ALL_RING = BACKUP_RINGS + " els fred"

_BECAUSE: dict[type, str] = {
    f.AlarmRaised: "a press",
    f.AlarmRecovered: "a press",
    f.PressJoined: "pressed again",
    f.ArrivalMissed: "nobody arrived",
    f.SceneSilent: "the scene is silent",
    f.AlarmClosed: "all clear",
    f.AlarmReopened: "closing undone",
    f.DrillRaised: "a press",
    f.DrillEnded: "all clear",
}
"""A drill is lived through like an alarm; it ends for more reasons, and nothing of it is kept."""
_BECAUSE_OF_ANSWER = {
    "coming": "enough are coming",
    "on_scene": "somebody is there",
    "cannot": "somebody cannot after all",
}


def replay(lines: Iterable[str]) -> State:
    """The state as a daemon would find it that starts with these lines."""
    return reduce(evolve, map(decode, lines), EMPTY)


def change_of(before: State, fact: f.Fact, after: State) -> Change | None:
    """The change of phase that a fact made, as the table would tell it; None when it made none."""
    incident = getattr(fact, "incident", "")
    was, now_is = phase_in(before, incident), phase_in(after, incident)
    began_again = isinstance(fact, f.PressJoined) and not fact.burst
    if was == now_is and not began_again:
        return None
    if isinstance(fact, f.AlarmRaised | f.AlarmRecovered):
        was = ""  # after a day a press of the same name is another one
    if isinstance(fact, f.DrillEnded):
        now_is = "closed"
    if isinstance(fact, f.Answered):
        return Change(was, _BECAUSE_OF_ANSWER[fact.answer], now_is)
    return Change(was, _BECAUSE[type(fact)], now_is)


def phase_in(state: State, incident: str) -> str:
    """The phase of an incident, open or just closed; empty for one that is not known."""
    alarm = state.alarms.get(incident) or state.closed.get(incident)
    return alarm.phase if alarm else ""


def check_calm(before: State, facts: Iterable[f.Fact]) -> None:
    """An `over` is said only for what the facts before it ended (S14 begins here; the outputs wait for the disk)."""
    ended = {over.incident for over in before.untold.values()}
    for fact in facts:
        if isinstance(fact, f.AlarmClosed | f.IncidentMerged | f.DrillEnded):
            ended.add(fact.incident)
        if isinstance(fact, f.Ordered) and is_drill(fact.incident) and fact.incident not in before.alarms:
            ended.add(fact.incident)  # only a pager remembers it
        if isinstance(fact, f.Ordered) and fact.kind == "over":
            assert fact.incident in ended, f"over without an end: {fact}"


@dataclass
class Said:
    """What a node said, repeated until it is on disk. `n` is the journal's end after it was heard."""

    heard: h.Pressed | h.Receipt | h.Answer
    n: int


@dataclass
class Phone:
    """What a member's phone got; the core learns only that it was handed over."""

    house: House
    target: str
    on: bool = True
    unheard: list[f.Ordered] = field(default_factory=list)
    """What rang here and was not expected yet."""
    told: list[f.Ordered] = field(default_factory=list)
    """What was shown here without ringing."""

    def takes(self, ordered: f.Ordered) -> None:
        """An order arrives at the device."""
        (self.unheard if ordered.kind in RINGING else self.told).append(ordered)

    def was_asked(self, reason: str) -> bool:
        """Whether its newest quiet message asks this; it is then forgotten."""
        return bool(self.told) and self.told.pop().reason == reason


@dataclass
class NightPager(Phone):
    """A pager: shows what it gets, says so, and remembers every incident until it is told that it is over."""

    shows: bool = True
    boot: str = "b001"
    seq: int = 0
    remembers: dict[str, f.Ordered] = field(default_factory=dict)
    """By incident: the newest page. An `over` takes it away."""

    @property
    def id(self) -> str:
        """Its name on the wire."""
        return self.target.removeprefix(f"{PAGER}:")

    def takes(self, ordered: f.Ordered) -> None:
        """A page arrives, unless the pager is off."""
        if not self.on:
            return
        super().takes(ordered)
        if ordered.kind == "over":
            self.remembers.pop(ordered.incident, None)
        elif ordered.incident:
            self.remembers[ordered.incident] = ordered
        if self.shows:
            self.house.later(SHOW_S, lambda: self.sends_receipts(ordered))

    def sends_receipts(self, page: f.Ordered) -> None:
        """Tells that the page has come, and is on the display."""
        for stage in ("received", "shown"):
            self.seq += 1
            self.house.said(
                h.Receipt(self.id, self.boot, self.seq, page.order, page.incident, page.press, page.zender, stage)
            )

    def answers(self, answer: h.AnswerWord, zender: int | None = None) -> f.Result:
        """Its carrier answers the page that came last (or last from this zender). Returns what came of it."""
        pages = [page for page in self.remembers.values() if zender in (None, page.zender)]
        page = pages[-1]
        self.seq += 1
        key = f"{self.id}-{self.boot}-{self.seq}"
        self.house.said(h.Answer(key, page.incident, answer, self.id, self.boot, None, page.press, page.zender))
        return self.house.state.outcomes[key].result

    def dies(self) -> None:
        """Its battery is empty; the broker publishes its will."""
        self.on = False
        self.house.hear(h.Status(self.target, self.boot, False, live=True))

    def starts(self) -> None:
        """It starts anew, remembering nothing."""
        self.on, self.seq, self.boot = True, 0, f"b{int(self.boot[1:]) + 1:03}"
        self.remembers.clear()
        self.house.hear(h.Status(self.target, self.boot, True, live=True))


class House:
    """A town hall for one story: `press`, `wait`, `says`, `rings`, `restart`."""

    def __init__(self, plan: Plan = TOWN_HALL, at: datetime = FIRST_NIGHT, supervised: bool = False) -> None:
        self.plan = plan
        self.supervised = supervised
        self.presence = Presence()
        self.mute: set[str] = set()
        """The devices that say nothing by themselves."""
        self.state = EMPTY
        self.lines: list[str] = []
        self.facts: list[f.Fact] = []
        self.changes: set[Change] = set()
        self.durable_n = 0
        self.commit_s: float | None = COMMIT_S
        """How long the disk takes; None while it is broken."""
        self.hand_over_s = HAND_OVER_S
        self.failing: dict[str, str] = {}
        """By target: why nothing can be delivered there."""
        self.boots = 0
        self.clock_ok = True
        self.look_every_s, self.beat_every_s = LOOK_EVERY_S, BEAT_S
        self._folded = EMPTY
        self._clock(at)
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._ids = count(1)
        self._said: list[Said] = []
        self._devices: dict[str, Phone] = {}
        self._start()

    # --- time ---

    @property
    def now(self) -> Moment:
        """Both clocks, read together."""
        at = self._started_at + timedelta(seconds=self.mono_s - self._started_s)
        return Moment(self.mono_s, at, self.clock_ok)

    def _clock(self, at: datetime) -> None:
        """A new boot has a monotonic clock of its own: the fraction is there to make sums round."""
        self.mono_s = self._started_s = 10.1 + self.boots / 3
        self._started_at = at

    def later(self, in_s: float, event: Callable[[], object]) -> None:
        """Something will happen, unless the daemon dies before."""
        heapq.heappush(self._events, (self.mono_s + in_s, next(self._ids), event))

    def wait(self, seconds: float) -> None:
        """Time passes: whatever is due happens in its order, each Tick exactly when it was asked for."""
        end_s = self.mono_s + seconds
        while True:
            tick_s = due(self.state)
            event_s = self._events[0][0] if self._events else None
            first_s = min((when for when in (tick_s, event_s) if when is not None), default=None)
            if first_s is None or first_s > end_s:
                break
            self.mono_s = max(self.mono_s, first_s)
            if first_s == event_s:
                heapq.heappop(self._events)[2]()
            else:
                self.hear(h.Tick())
        self.mono_s = end_s

    # --- the loop that the daemon's service is, in small ---

    def hear(self, heard: h.Heard) -> tuple[f.Fact, ...]:
        """One thing is heard, now. Returns the facts that it made."""
        facts = decide(self.state, heard, self.now)
        check_calm(self.state, facts)
        for fact in facts:
            self._write(fact)
        self.presence.heard(self.state.plan, heard, self.mono_s)
        assert self._folded == self.state, "the fold of the written lines is not the live state"
        if isinstance(heard, h.Tick):
            next_s = due(self.state)
            assert next_s is None or next_s > self.mono_s, "a tick must leave nothing due"
        for fact in facts:
            if isinstance(fact, f.Ordered):
                self.later(self.hand_over_s, lambda order=fact.order: self._deliver(order))  # type: ignore[misc]
        if facts and self.commit_s is not None:
            self.later(self.commit_s, lambda n=self.state.n: self._commit(n))  # type: ignore[misc]
        return facts

    def _write(self, fact: f.Fact) -> None:
        before = self.state
        self.state = evolve(before, fact)
        self.lines.append(encode(fact))
        self.facts.append(fact)
        self._folded = evolve(self._folded, decode(self.lines[-1]))
        assert not isinstance(fact, f.FaultRaised) or kind_of(fact.key) in KINDS, f"nobody can explain {fact}"
        change = change_of(before, fact, self.state)
        if change:
            assert change in TABLE, f"not in the table: {change}"
            self.changes.add(change)

    def _deliver(self, order: str) -> None:
        ordered = self.state.outbox.get(order)
        if ordered is None:
            return  # replaced, or not needed any more
        if ordered.target in self.failing:
            self.hear(h.Failed(order, self.failing[ordered.target]))
        else:
            self.hear(h.HandedOver(order))
            self.device(ordered.target).takes(ordered)

    def _commit(self, n: int) -> None:
        if self.commit_s is None:
            return
        self.durable_n = max(self.durable_n, n)
        self._said = [said for said in self._said if said.n > n]
        self.hear(h.Durable(n))

    def said(self, heard: h.Pressed | h.Receipt | h.Answer) -> None:
        """A node says something, and will say it again after a crash that forgot it."""
        self.hear(heard)
        self._said.append(Said(heard, self.state.n))

    def _start(self) -> None:
        self.boots += 1
        waiting = list(self.state.outbox)
        self.hear(h.Started(f"d{self.boots:03}", "test"))
        self.hear(h.PlanRead(self.plan, str(hash(self.plan))))
        for order in waiting:
            self.later(self.hand_over_s, lambda order=order: self._deliver(order))  # type: ignore[misc]
        forgotten, self._said = self._said, []
        self.later(REPEAT_S, lambda: self._repeat(forgotten))
        self.presence = Presence()
        if self.supervised:
            self._look()
            self.later(BEAT_S / 2, self._beat)

    def _look(self) -> None:
        """Once a second: who has been silent for too long?"""
        silent = self.presence.look(self.state, self.mono_s)
        if silent:
            self.hear(h.Missing(silent))
        if self.plan.morning:
            self.hear(h.Look())
        self.later(self.look_every_s, self._look)

    def _beat(self) -> None:
        """Every ten seconds: whoever is not silent speaks. Bought devices and gateways only when the story says so."""
        zenders = [f"{ZENDER}:{zender.nr}" for zender in self.plan.zenders if zender.transport != "bought"]
        pagers = [f"{PAGER}:{pager.id}" for pager in self.plan.pagers if not pager.base and self.pager(pager.id).on]
        for device in (*zenders, *pagers):
            if device not in self.mute:
                self.measures(device)
        self.later(self.beat_every_s, self._beat)

    def _repeat(self, forgotten: list[Said]) -> None:
        """Nodes that were not told that they were heard say it again; those that were off in between do not."""
        for said in forgotten:
            if isinstance(said.heard, h.Pressed) or self.pager(said.heard.pager or "").boot == said.heard.boot:
                self.said(said.heard)

    def restart(self, away_s: float = 0.2, wall_jump_s: float = 0.0, losing: int = 0) -> None:
        """The daemon is killed, forgets its last facts if they were not on disk, and starts again `away_s` later."""
        kept = len(self.lines) - losing
        assert kept >= self.durable_n, "what is on disk is not lost"
        at = self.now.at + timedelta(seconds=away_s + wall_jump_s)
        found = replay(self.lines[:kept])
        assert losing or found == self.state
        self.lines, self.facts = self.lines[:kept], self.facts[:kept]
        self.state = self._folded = found
        self._said = [said for said in self._said if said.n > kept]
        self.durable_n = kept
        self._events.clear()
        self._clock(at)
        self._start()

    def take_over(self, told: House, n: int) -> None:
        """This house starts with the first `n` facts of another one, five seconds after the last of them."""
        self.lines, self.facts, self._ids = told.lines[:n], told.facts[:n], told._ids
        self.state = self._folded = replay(self.lines)
        self.durable_n = 0
        self._said.clear()
        self._started_at, self._started_s = self.facts[-1].when.at, self.mono_s
        self.restart(away_s=5)

    def crash(self, away_s: float = 0.2, wall_jump_s: float = 0.0) -> None:
        """The power goes: whatever was not on disk is forgotten, though pages may have gone out."""
        self.restart(away_s, wall_jump_s, losing=len(self.lines) - self.durable_n)

    def stop(self) -> None:
        """The daemon is asked to stop; start it with `restart`."""
        self.hear(h.Stopping())

    def adopt(self, plan: Plan) -> None:
        """The coordinator edits the plan."""
        self.plan = plan
        self.hear(h.PlanRead(plan, str(hash(plan))))

    # --- what people and buttons do ---

    def press(self, zender: int, repeats: bool = False, boot: str = "a") -> str:
        """Somebody presses. A radio button says it once; ours repeats until it is confirmed. Returns the press's id."""
        press = f"{zender}-{boot}-{next(self._ids)}"
        heard = h.Pressed(press, zender, boot, self.mono_s)
        if repeats:
            self.said(heard)
        else:
            self.hear(heard)
        return press

    def hears_again(self, press: str) -> tuple[f.Fact, ...]:
        """The same press comes once more. Returns what it made, but for the first word of its zender."""
        zender, boot, _ = press.split("-")
        facts = self.hear(h.Pressed(press, int(zender), boot, self.mono_s))
        return tuple(fact for fact in facts if not isinstance(fact, f.DeviceSeen))

    def says(self, member: str, answer: h.AnswerWord, reason: str = "", incident: str | None = None) -> f.Result:
        """A member answers by phone or terminal, the newest open alarm unless told which. Returns what came of it."""
        newest = max(self.state.alarms.values(), key=lambda alarm: alarm.raised_s, default=None)
        key = f"command-{next(self._ids)}"
        incident = incident or (newest.incident if newest else "")
        self.hear(h.Answer(key, incident, answer, member=member, reason=reason))
        return self.state.outcomes[key].result

    def tests(self, target: str, by: str = "anna") -> f.Result:
        """Somebody, or the daily round, tests a target. Returns what came of it."""
        key = f"command-{next(self._ids)}"
        self.hear(h.Test(key, target, by))
        return self.state.outcomes[key].result

    def undoes(self, member: str, incident: str) -> f.Result:
        """A member takes back a closing."""
        key = f"command-{next(self._ids)}"
        self.hear(h.Undo(key, incident, member))
        return self.state.outcomes[key].result

    def wishes(self, command: Callable[[str], h.Commanded]) -> f.Result:
        """Somebody gives a command, made from the key that it gets. Returns what came of it."""
        key = f"command-{next(self._ids)}"
        self.hear(command(key))
        return self.state.outcomes[key].result

    def practises(self, zender: int, announced: bool = False, by: str = "fred") -> f.Result:
        """Somebody starts a drill at this zender."""
        return self.wishes(lambda key: h.StartDrill(key, zender, by, announced))

    def stops_practising(self, by: str = "fred") -> f.Result:
        """Somebody stops the drill."""
        return self.wishes(lambda key: h.StopDrill(key, by))

    def tests_button(self, zender: int, by: str = "anna", targets: tuple[str, ...] = ()) -> f.Result:
        """Somebody stands at this zender to test its button."""
        return self.wishes(lambda key: h.TestButton(key, zender, by, targets))

    def claims(self, zender: int, by: str = "anna") -> f.Result:
        """The tester says that the press was theirs."""
        return self.wishes(lambda key: h.Claim(key, zender, by))

    def judges(self, right: bool, by: str = "anna") -> f.Result:
        """The tester of the newest test says what was shown."""
        test = self.all(f.ButtonTestBegan)[-1].incident
        return self.wishes(lambda key: h.Judge(key, test, by, right))

    # --- what devices do ---

    def measures(self, device: str, **measured: Any) -> tuple[f.Fact, ...]:
        """A device says that it lives, and how it is. Only our own nodes have boots."""
        kind, id = device.split(":")
        zender = self.plan.zender(int(id)) if kind == ZENDER else None
        boot = self.pager(id).boot if kind == PAGER else "a" if zender and zender.transport == "mqtt" else ""
        return self.hear(h.Telemetry(device, boot, **measured))

    def fall_silent(self, *devices: str) -> None:
        """From now on nothing is heard of them."""
        self.mute.update(devices)

    def speak_again(self, *devices: str) -> None:
        """They do, at once and from now on."""
        for device in devices:
            self.mute.discard(device)
            self.measures(device)

    def acknowledges(self, member: str, fault: str) -> f.Result:
        """A member says to have seen a fault. Returns what came of it."""
        key = f"command-{next(self._ids)}"
        self.hear(h.Acknowledge(key, fault, member))
        return self.state.outcomes[key].result

    # --- what can be seen ---

    @property
    def faults(self) -> set[str]:
        """The keys of those that stand."""
        return set(self.state.faults)

    def device(self, target: str) -> Phone:
        """The device of a target."""
        own_pager = target.startswith(f"{PAGER}:") and self.plan.tells_shown(target)
        kind = NightPager if own_pager else Phone
        return self._devices.setdefault(target, kind(self, target))

    def pager(self, id: str) -> NightPager:
        """The pager with this id."""
        pager = self.device(f"{PAGER}:{id}")
        assert isinstance(pager, NightPager)
        return pager

    def phone(self, member: str) -> Phone:
        """The phone of this member."""
        return self.device(f"{PHONE}:{member}")

    def alarm(self, zender: int) -> Alarm:
        """The open alarm of a zender."""
        alarm = self.state.alarm_on(zender)
        assert alarm is not None, f"no open alarm on {zender}"
        return alarm

    def all(self, kind: type[F]) -> list[F]:
        """The facts of one kind, in their order."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def rings(self, place: str, who: str, times: int = 1) -> None:
        """Exactly these devices (`p1`, or the member of a phone) have rung for this place since it was last asked."""
        self._expect("alarm", place, who, times)

    def drills(self, place: str, who: str, times: int = 1) -> None:
        """Exactly these devices have rung for a drill at this place since that was last asked."""
        self._expect("drill", place, who, times)

    def asks_112(self, place: str, who: str, times: int = 1) -> None:
        """Exactly these devices have been asked to call 112 since that was last asked."""
        self._expect("call_112", place, who, times)

    def _expect(self, kind: f.Kind, place: str, who: str, times: int) -> None:
        rang: Counter[str] = Counter()
        for target, device in self._devices.items():
            matching = [ring for ring in device.unheard if (ring.kind, self.place(ring)) == (kind, place)]
            device.unheard = [ring for ring in device.unheard if ring not in matching]
            rang[target.split(":")[1]] += len(matching)
        assert +rang == dict.fromkeys(who.split(), times), f"{kind} {place} at {self.mono_s:.1f} s"

    def place(self, ordered: f.Ordered) -> str:
        """The place that an order tells people to go to."""
        return self.plan.place(ordered.zender)

    def lets_ring(self) -> int:
        """Takes whatever has rung as expected: for stories about something else. Returns how many there were."""
        rang = sum(len(device.unheard) for device in self._devices.values())
        for device in self._devices.values():
            device.unheard.clear()
        return rang

    def told_over(self, incident: str) -> set[str]:
        """Which devices were told that this incident is over."""
        told = ((target, order) for target, device in self._devices.items() for order in device.told)
        return {target.split(":")[1] for target, order in told if (order.kind, order.incident) == ("over", incident)}

    def ends(self) -> None:
        """The story is told: nothing rang that it did not speak of, and the whole journal folds to the live state."""
        for target, device in self._devices.items():
            assert not device.unheard, f"{target} rang and nobody expected it: {device.unheard}"
        assert replay(self.lines) == self.state
