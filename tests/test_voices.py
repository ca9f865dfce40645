"""Which channel an order goes by; which channels run, and again when they fail; what is tested every day."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import pytest_asyncio
from immutables import Map
from msgspec import structs

from achterwacht import voices as voices_module
from achterwacht.clock import Clock
from achterwacht.core import heard as h
from achterwacht.core.moment import HOUSE_ZONE, Moment
from achterwacht.core.plan import CENTRE, EMPTY_PLAN, TEAM, AlarmCentre, Member, Pager, Plan
from achterwacht.core.state import EMPTY, Outcome, State
from achterwacht.journal.people import People, Person
from achterwacht.mqtt import BrokerAddress, Mqtt
from achterwacht.outputs.dispatch import Alert
from achterwacht.outputs.pagers_mqtt import PagersMqtt
from achterwacht.outputs.phones.messages import LINE_MAX_BYTES, Address, Registration, Wire, line
from achterwacht.outputs.wiring import BasePager, CentreLine, Ntfy, PagingBase, Phones, Receiver, WebPush
from achterwacht.outputs.wiring import Voices as Wired
from achterwacht.voices import CLOCK_WAIT_S, PHONES, TESTS_AT_ONCE, Voices

CENTRAL = PagingBase("centrale", "espa", path="/dev/a")
TOWER = PagingBase("toren", "tap", host="192.0.2.5", tcp_port=2023)
ON_BASES = (BasePager("p8", "centrale", "8001"), BasePager("p9", "toren", "8002"))
LINE = CentreLine((Receiver("192.0.2.10", 12300),), "1234", test_at="04:00")
PUSH_WAY = WebPush("mailto:a@example.org", ("push.example",), echo_at="10:30")
ALL = Wired((CENTRAL, TOWER), ON_BASES, Phones("https://desk.example", push=PUSH_WAY), LINE)
PLAN = replace(
    EMPTY_PLAN,
    pagers=(Pager("p1"), Pager("p8", base="centrale"), Pager("p9", base="toren")),
    members=(Member("anna", (TEAM,), ("push", "app")), Member("bas", (TEAM,), ("app",)), Member("cor")),
    bases=("centrale", "toren"),
    alarm_centre=AlarmCentre(),
)
SUBSCRIPTION = ("https://push.example/1", "BNc", "tBH")


class Played:
    """A channel: what it was made of, whether it runs, what it is told, and how it fails."""

    timeout_s = 1.0
    made: list[Played]

    def __init__(self, what: object) -> None:
        self.what = what
        self.fails = asyncio.Event()
        self.running = False
        self.wires: list[Wire] = []
        self.made.append(self)

    async def run(self) -> None:
        self.running = True
        try:
            await self.fails.wait()
            raise ZeroDivisionError("a bug")
        finally:
            self.running = False

    def wire(self, wire: Wire) -> None:
        self.wires.append(wire)

    async def deliver(self, alert: Alert) -> None:
        raise NotImplementedError


class Spoken(Voices):
    """Voices whose channels are played."""

    def __init__(self, folder: Path, hear: Callable[[h.Heard], None]) -> None:
        self.clock = Clock()
        self.people = People(folder, lambda trouble: None)
        mqtt = Mqtt(
            BrokerAddress.parse("mqtt://127.0.0.1:1"),
            client_id="x",
            will=("x", b""),
            subscriptions=[],
            on_message=lambda message: None,
            on_link=lambda up, reason: None,
        )
        self.pagers = PagersMqtt(mqtt)
        super().__init__(folder, self.pagers, self.people, self.clock, hear, lambda token: None)

    def _base(self, base: PagingBase, pagers: Sequence[BasePager]) -> Any:
        return Played(base)

    def _centre(self, line: CentreLine) -> Any:
        return Played(line)

    def _phones(self) -> Any:
        self._telephones = played = Played(PHONES)  # type: ignore[assignment]
        return played


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Played]:
    """Every channel that was made, in order."""
    Played.made = []
    monkeypatch.setattr(voices_module, "AGAIN_S", 0.0)
    return Played.made


@pytest_asyncio.fixture
async def told() -> list[h.Heard]:
    return []


@pytest_asyncio.fixture
async def voices(tmp_path: Path, made: list[Played], told: list[h.Heard]) -> AsyncIterator[Spoken]:
    voices = Spoken(tmp_path, told.append)
    yield voices
    await voices.close()
    assert not any(one.running for one in made), "what is closed runs no more"


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0)


async def speaking(voices: Spoken, made: list[Played], wired: Wired = ALL, plan: Plan = PLAN) -> dict[object, Played]:
    """What runs by this wiring, by what it was made of."""
    voices.speak(wired, plan)
    wanted = len(wired.bases) + bool(wired.alarm_centre) + bool(wired.phones.ways)
    await until(lambda: sum(one.running for one in made) == wanted)
    return {one.what: one for one in made if one.running}


# --- which channel ----------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_every_target_goes_by_its_own_channel(voices: Spoken, made: list[Played]) -> None:
    runs = await speaking(voices, made)
    assert runs.keys() == {CENTRAL, TOWER, LINE, PHONES}
    assert voices.channel_of("pager:p1") is voices.pagers
    assert voices.channel_of("pager:p8") is runs[CENTRAL] and voices.channel_of("pager:p9") is runs[TOWER]
    assert voices.channel_of(CENTRE) is runs[LINE]
    assert voices.channel_of("app:bas") is voices.open_pages
    assert voices.channel_of("push:anna") is voices.channel_of("sms:bas") is runs[PHONES]
    assert voices.url == "https://desk.example"


@pytest.mark.asyncio
async def test_a_house_with_our_own_pagers_alone_has_nothing_else_to_run(voices: Spoken, made: list[Played]) -> None:
    await speaking(voices, made, Wired())
    assert made == [] and voices.url == ""
    assert voices.channel_of("pager:p1") is voices.pagers and voices.channel_of("app:bas") is voices.open_pages
    assert voices.channel_of("push:anna") is voices.channel_of(CENTRE) is None


# --- what runs --------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_only_what_changed_is_started_again(voices: Spoken, made: list[Played]) -> None:
    before = await speaking(voices, made)
    await speaking(voices, made)
    assert len(made) == 4, "the same plan, read again"
    changed = replace(
        ALL,
        bases=(CENTRAL,),
        base_pagers=(BasePager("p8", "centrale", "8003"),),
        phones=replace(ALL.phones, ntfy=Ntfy("https://ntfy.example", "answers")),
        alarm_centre=replace(LINE, account="9999"),
    )
    voices.speak(changed, PLAN)
    await until(lambda: [one.running for one in made] == [False, False, False, True, True, True])
    assert made[3] is before[PHONES], "it is told of other ways, and goes on"
    assert before[PHONES].wires[-1].phones == changed.phones
    assert voices.channel_of("pager:p8") is made[4], "the address of its pager is another one"
    assert voices.channel_of(CENTRE) is made[5] and made[5].what == changed.alarm_centre


@pytest.mark.asyncio
async def test_what_leaves_the_plan_is_stopped_and_reaches_nobody(voices: Spoken, made: list[Played]) -> None:
    await speaking(voices, made)
    voices.speak(Wired(), PLAN)
    await until(lambda: not any(one.running for one in made))
    assert voices.channel_of("push:anna") is voices.channel_of(CENTRE) is None
    assert voices.channel_of("pager:p9") is None, "an open alarm may still ring it, and no broker knows it"
    await speaking(voices, made)
    assert len(made) == 8, "and begins anew"
    own = Pager("p9", "anna")
    voices.speak(Wired(), replace(PLAN, pagers=(own,)))
    assert voices.channel_of("pager:p9") is voices.pagers, "it is our own now"


@pytest.mark.asyncio
async def test_one_that_fails_is_told_and_replaced_and_the_others_live(
    voices: Spoken, made: list[Played], told: list[h.Heard]
) -> None:
    before = await speaking(voices, made)
    before[PHONES].fails.set()
    await until(lambda: len(made) == 5 and made[4].running)
    troubles = [one for one in told if isinstance(one, h.Trouble) and one.key == "daemon/bug"]
    assert [one.detail for one in troubles] == ["the channel phones failed: ZeroDivisionError('a bug')"]
    assert h.Trouble("phones/process", "it failed by a mistake of ours, and is started again") in told
    assert made[4].what == PHONES and voices.channel_of("push:anna") is made[4]
    assert made[4].wires == before[PHONES].wires[-1:], "it knows what the one before it knew"
    assert all(before[what].running for what in (CENTRAL, TOWER, LINE))


@pytest.mark.asyncio
async def test_the_real_channels_are_made_of_the_wiring(tmp_path: Path, voices: Spoken) -> None:
    real = Voices(tmp_path, voices.pagers, voices.people, voices.clock, lambda heard: None, lambda token: None)
    made = [real._base(CENTRAL, ON_BASES[:1]), real._centre(LINE), real._phones()]
    assert [type(one).__name__ for one in made] == ["PagingBaseChannel", "AlarmCentre", "PhonesChannel"]
    assert voices.channel_of("pager:p1") is voices.pagers, "and none of them runs yet"


# --- who is where -----------------------------------------------------------------------------------------------------


def registered(told: list[h.Heard]) -> list[bool]:
    """What was told about Anna's push, in order: whether she has registered."""
    key = "way:push:anna/unregistered"
    return [
        isinstance(one, h.TroubleOver) for one in told if isinstance(one, h.Trouble | h.TroubleOver) and one.key == key
    ]


@pytest.mark.asyncio
async def test_the_phones_are_told_where_everybody_is_reached(voices: Spoken, made: list[Played]) -> None:
    phones = (await speaking(voices, made))[PHONES]
    (wire,) = phones.wires
    assert (wire.phones, Path(wire.vapid_key_file).name) == (ALL.phones, "vapid.pem")
    assert wire.members == {"anna": Address(), "bas": Address()}, "nobody is known yet, and Cor has a pager alone"
    voices.people.remember([Person("anna", "Anna", "06-1", "a@example.org", "her-topic", "her-key")])
    id = voices.people.register("anna", *SUBSCRIPTION)
    voices.addresses_changed()
    address = Address((), "her-topic", "her-key", "06-1", "a@example.org")
    assert phones.wires[-1].members == {"anna": address, "bas": Address()}, "without what she has registered"
    whole = structs.replace(address, registrations=(Registration(id, *SUBSCRIPTION),))
    assert (voices._address("anna"), voices._address("bas")) == (whole, Address()), (
        "that is asked for with each message"
    )


@pytest.mark.asyncio
async def test_who_has_registered_no_browser_is_a_fault_until_somebody_does(
    voices: Spoken, made: list[Played], told: list[h.Heard]
) -> None:
    await speaking(voices, made)
    assert registered(told) == [False]
    voices.people.remember([Person("anna", "Anna", "")])
    voices.people.register("anna", *SUBSCRIPTION)
    voices.addresses_changed()
    assert registered(told) == [False, True]
    voices.people.register("anna", "https://push.example/2", *SUBSCRIPTION[1:])
    voices.addresses_changed()
    voices.speak(ALL, PLAN)
    assert registered(told) == [False, True], "that is nothing new"
    assert {one.key for one in told if isinstance(one, h.Trouble)} == {"way:push:anna/unregistered"}, "Bas has no push"


@pytest.mark.asyncio
async def test_who_comes_back_to_a_plan_is_told_of_anew(
    voices: Spoken, made: list[Played], told: list[h.Heard]
) -> None:
    """The core forgets what it knows of a way that has left the plan."""
    await speaking(voices, made)
    voices.speak(ALL, replace(PLAN, members=PLAN.members[1:]))
    voices.speak(ALL, PLAN)
    voices.speak(replace(ALL, phones=Phones()), PLAN)
    voices.speak(ALL, PLAN)
    assert registered(told) == [False, False, False]


@pytest.mark.asyncio
async def test_a_registration_that_is_gone_is_forgotten_and_told(
    voices: Spoken, made: list[Played], told: list[h.Heard]
) -> None:
    voices.people.remember([Person("anna", "Anna", "")])
    kept = voices.people.register("anna", "https://push.example/2", *SUBSCRIPTION[1:])
    gone = voices.people.register("anna", *SUBSCRIPTION)
    phones = (await speaking(voices, made))[PHONES]
    wires = len(phones.wires)
    voices._gone("anna", gone)
    assert [one.id for one in voices._address("anna").registrations] == [kept]
    voices._gone("anna", kept)
    assert registered(told) == [True, False]
    assert len(phones.wires) == wires, "it holds no registrations"


@pytest.mark.asyncio
async def test_addresses_that_change_before_there_is_a_plan_or_a_telephone_wait_for_it(
    voices: Spoken, made: list[Played], told: list[h.Heard]
) -> None:
    voices.addresses_changed()
    await speaking(voices, made, replace(ALL, phones=Phones()))
    voices.addresses_changed()
    assert told == []


# --- the daily tests --------------------------------------------------------------------------------------------------


def at(clock: Clock, time: str, days: int = 0, clock_ok: bool = True, later_s: float = 0.0) -> Moment:
    """That local time, so much later on the monotonic clock."""
    local = datetime.fromisoformat(f"2026-11-21T{time}").replace(tzinfo=HOUSE_ZONE) + timedelta(days=days)
    return replace(clock.now(), at=local, clock_ok=clock_ok, mono_s=clock.mono_s() + later_s)


def after(tests: list[h.Test]) -> State:
    """The state when the core has answered these."""
    return structs.replace(EMPTY, outcomes=Map({test.key: Outcome("accepted", "", 0.0) for test in tests}))


@pytest.mark.asyncio
async def test_the_alarm_centre_and_every_registered_member_are_tested_once_a_day(
    voices: Spoken, made: list[Played]
) -> None:
    def due(time: str, state: State = EMPTY, days: int = 0) -> list[h.Test]:
        return list(voices.tests_due(state, at(voices.clock, time, days)))

    voices.people.remember([Person("anna", "Anna", ""), Person("bas", "Bas", "")])
    voices.people.register("bas", "https://push.example/2", *SUBSCRIPTION[1:])
    await speaking(voices, made)
    centre = h.Test(f"daily-2026-11-21-{CENTRE}", CENTRE)
    push = h.Test("daily-2026-11-21-push:anna", "push:anna")
    assert due("03:59") == [] and due("04:00") == [centre]
    assert due("10:30") == [centre], "Anna has not registered, and Bas is not reached by push"
    voices.people.register("anna", *SUBSCRIPTION)
    voices.registrations_changed()
    assert due("10:29") == [centre]
    assert due("10:30") == [centre, push] == due("23:59"), "until the core has taken them"
    assert due("23:59", after([centre])) == [push]
    assert due("23:59", after([centre, push])) == []
    assert due("03:00", after([centre, push]), days=1) == []
    assert [test.key for test in due("11:00", after([centre, push]), days=1)] == [
        f"daily-2026-11-22-{CENTRE}",
        "daily-2026-11-22-push:anna",
    ]


FIVE_HUNDRED = replace(PLAN, members=tuple(Member(f"lid-{n}", (TEAM,), ("push",)) for n in range(500)))


def with_ten_browsers_each(voices: Voices) -> None:
    """As if all five hundred had registered."""
    people = voices._people
    people.remember([Person(member.id, "Somebody", "06-1") for member in FIVE_HUNDRED.members])
    for n in range(5000):
        people.register(f"lid-{n % 500}", f"https://push.example/{n}", *SUBSCRIPTION[1:])


@pytest.mark.asyncio
async def test_five_hundred_daily_tests_leave_a_few_at_a_time(voices: Spoken, made: list[Played]) -> None:
    with_ten_browsers_each(voices)
    await speaking(voices, made, replace(ALL, alarm_centre=None), FIVE_HUNDRED)
    noon, state, rounds = at(voices.clock, "12:00"), EMPTY, []
    while new := list(voices.tests_due(state, noon)):
        rounds.append(new)
        state = structs.replace(state, outcomes=state.outcomes.update(after(new).outcomes))
    assert {len(tests) for tests in rounds} == {TESTS_AT_ONCE}
    assert [test.target for tests in rounds for test in tests] == [f"push:lid-{n}" for n in range(500)]


@pytest.mark.asyncio
async def test_five_hundred_members_with_ten_browsers_each_hold_nobody_up(voices: Spoken, made: list[Played]) -> None:
    with_ten_browsers_each(voices)
    await speaking(voices, made, replace(ALL, alarm_centre=None), FIVE_HUNDRED)
    noon, done = (
        at(voices.clock, "12:00"),
        after([h.Test(f"daily-2026-11-21-push:lid-{n}", f"push:lid-{n}") for n in range(500)]),
    )
    took_s = {
        "addresses": best_s(voices.addresses_changed),
        "tests": best_s(lambda: list(voices.tests_due(done, noon))),
    }
    assert took_s["addresses"] < 0.02, "it was 93 ms and more"
    assert took_s["tests"] < 0.005, "it was 157 ms, every second"
    assert len(line(made[-1].wires[-1])) < LINE_MAX_BYTES / 2


def best_s(work: Callable[[], Any]) -> float:
    """The quickest of a few: what it takes when nothing else runs."""
    took_s = []
    for _ in range(5):
        began_s = perf_counter()
        work()
        took_s.append(perf_counter() - began_s)
    return min(took_s)


@pytest.mark.asyncio
async def test_a_house_without_a_centre_or_push_has_no_daily_test(voices: Spoken, made: list[Played]) -> None:
    noon = at(voices.clock, "12:00")
    assert list(voices.tests_due(EMPTY, noon)) == [], "nor has one without a plan"
    voices.people.remember([Person("anna", "Anna", "")])
    voices.people.register("anna", *SUBSCRIPTION)
    await speaking(voices, made, Wired())
    assert list(voices.tests_due(EMPTY, noon)) == []


@pytest.mark.asyncio
async def test_a_daily_test_waits_for_a_clock_that_somebody_vouches_for_but_not_for_ever(
    voices: Spoken, made: list[Played]
) -> None:
    def due(clock_ok: bool, later_s: float) -> int:
        return len(list(voices.tests_due(EMPTY, at(voices.clock, "12:00", 0, clock_ok, later_s))))

    await speaking(voices, made)
    assert due(clock_ok=False, later_s=0.0) == 0, "a machine without a battery begins in some other year"
    assert due(clock_ok=False, later_s=CLOCK_WAIT_S - 60) == 0
    assert due(clock_ok=True, later_s=0.0) == 1
    assert due(clock_ok=False, later_s=CLOCK_WAIT_S) == 1
