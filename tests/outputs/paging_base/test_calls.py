"""Which call goes next on a slow line, and which need not go at all."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from achterwacht.outputs.paging_base import calls
from achterwacht.outputs.paging_base.calls import CANCEL_WAITS_S, REPLACED, TOO_MANY, Calls, Next, Urgency, Wanted
from achterwacht.outputs.paging_base.dialect import Call, Refused


def a_call(
    order: str, kind: str = "alarm", *, address: str = "11", incident: str = "i1", text: str | None = None
) -> Wanted:
    return Wanted(order, incident, kind, address, f"{kind} {incident}" if text is None else text)


class Waiting(Calls):
    """Where it does not matter when."""

    def add(self, wanted: Wanted, now_s: float = 0.0) -> list[Refused]:
        return super().add(wanted, now_s)

    def take(self, now_s: float = 0.0) -> Next | None:
        return super().take(now_s)


def all_of(waiting: Waiting) -> list[str]:
    """What goes out, in order, as if the base took every call."""
    orders = []
    while following := waiting.take():
        orders.append(following.call.id)
        for wanted in following.wanted:
            waiting.handed_over(wanted)
    return orders


def test_nothing_waits_at_first() -> None:
    assert Waiting().take() is None


def test_a_call_says_what_the_base_needs() -> None:
    waiting = Waiting()
    for wanted in (
        a_call("o1", text="BALIE 3: ALARM"),
        a_call("o2", "update", incident="i2", text="BALIE 4: 1 KOMT"),
        a_call("o3", "over", incident="i3", text="BALIE 5: VOORBIJ"),
    ):
        assert waiting.add(wanted) == []
    assert waiting.take() == Next(Call("o1", "11", "BALIE 3: ALARM"), (a_call("o1", text="BALIE 3: ALARM"),))
    following = [waiting.take(), waiting.take()]
    assert [one.call for one in following if one] == [
        Call("o2", "11", "BALIE 4: 1 KOMT", urgent=False),
        Call("o3", "11", "", urgent=False, cancel=True),
    ]


def test_first_calls_then_112_repeats_drills_updates_and_cancels_each_oldest_first() -> None:
    waiting = Waiting()
    for known in "abcd":
        waiting.handed_over(a_call("", incident=known))
    for order, kind, incident in (
        ("cancel 1", "over", "y"),
        ("cancel 2", "over", "z"),
        ("update 1", "update", "v"),
        ("update 2", "update", "w"),
        ("again 1", "alarm", "a"),
        ("again 2", "alarm", "b"),
        ("112 2", "call_112", "c"),
        ("112 1", "call_112", "d"),
        ("drill", "drill", "drill-d-1"),
        ("first 1", "alarm", "new 1"),
        ("first 2", "call_112", "new 2"),
    ):
        assert waiting.add(a_call(order, kind, incident=incident)) == []
    assert all_of(waiting) == [
        *("first 1", "first 2", "112 2", "112 1", "again 1", "again 2", "drill"),
        *("update 1", "update 2", "cancel 1", "cancel 2"),
    ]


def test_what_the_base_did_not_take_is_still_a_first_call() -> None:
    waiting = Waiting()
    waiting.handed_over(a_call("", incident="old"))
    waiting.add(a_call("o1"))
    waiting.take()  # and it was refused
    waiting.add(a_call("again", incident="old"))
    waiting.add(a_call("o1"))
    assert all_of(waiting) == ["o1", "again"]


def test_an_incident_that_was_over_is_new_when_it_rings_again() -> None:
    waiting = Waiting()
    waiting.handed_over(a_call(""))
    waiting.handed_over(a_call("", incident="i2"))
    waiting.handed_over(a_call("", "over"))
    waiting.add(a_call("again", incident="i2"))
    waiting.add(a_call("reopened"))
    assert all_of(waiting) == ["reopened", "again"]


@pytest.mark.parametrize(
    ("old", "new", "left"),
    [
        ("alarm", "alarm", ["new"]),
        ("alarm", "call_112", ["new"]),
        ("update", "update", ["new"]),
        ("update", "alarm", ["new"]),
        ("alarm", "update", ["old", "new"]),
        ("call_112", "update", ["old", "new"]),
        ("alarm", "over", ["new"]),
        ("update", "over", ["new"]),
        ("over", "over", ["new"]),
        ("over", "alarm", ["new"]),
        ("over", "update", ["new"]),
        ("call_112", "call_112", ["new"]),
        ("call_112", "alarm", ["old"]),
    ],
)
def test_a_newer_text_replaces_what_waits_but_no_quiet_one_a_ringing_one(old: str, new: str, left: list[str]) -> None:
    waiting = Waiting()
    waiting.add(a_call("old", old))
    gone = waiting.add(a_call("new", new))
    assert gone == [Refused(one, REPLACED, permanent=True) for one in ("old", "new") if one not in left]
    assert all_of(waiting) == left


def test_notices_are_about_no_alarm_and_none_takes_anothers_place() -> None:
    waiting = Waiting()
    for order, kind in (("list", "fault"), ("reminder", "reminder"), ("proof", "check"), ("who", "who")):
        assert waiting.add(a_call(order, kind, incident="")) == []
    waiting.add(a_call("alarm"))
    assert all_of(waiting) == ["alarm", "list", "reminder", "proof", "who"]


def test_over_replaces_all_that_waits_of_its_incident_and_of_nothing_else() -> None:
    waiting = Waiting()
    for wanted in (
        a_call("alarm"),
        a_call("update", "update"),
        a_call("elsewhere", address="12"),
        a_call("other", incident="i2"),
    ):
        waiting.add(wanted)
    assert {gone.call for gone in waiting.add(a_call("over", "over"))} == {"alarm", "update"}
    assert all_of(waiting) == ["elsewhere", "other", "over"]


def test_a_call_for_112_stays_in_its_class_when_the_alarm_goes_on() -> None:
    waiting = Waiting()
    for known in ("i1", "i2"):
        waiting.handed_over(a_call("", incident=known))
    waiting.add(a_call("again", incident="i2"))
    waiting.add(a_call("112", "call_112"))
    assert waiting.add(a_call("alarm")) == [Refused("alarm", REPLACED, permanent=True)]
    assert waiting.add(a_call("elsewhere", address="12")) == []
    assert waiting.add(a_call("update", "update")) == []
    assert all_of(waiting) == ["elsewhere", "112", "again", "update"]


def test_a_cancel_that_has_waited_takes_turns_with_repeats_and_goes_before_no_first_call() -> None:
    waiting = Waiting()
    for known in "abc":
        waiting.handed_over(a_call("", incident=known))
    for cancelled in ("1", "2"):
        waiting.add(a_call(f"over {cancelled}", "over", incident=cancelled), 0.0)
    waiting.add(a_call("over 2", "over", incident="2"), 20.0)  # again, and it has waited since the first
    for known in "abc":
        waiting.add(a_call(f"again {known}", incident=known), 20.0)
    waiting.add(a_call("112", "call_112", incident="a", address="11"), 20.0)
    waiting.add(a_call("first", incident="new"), 20.0)
    went = [
        following.call.id for now_s in (CANCEL_WAITS_S - 1, *[CANCEL_WAITS_S] * 7) if (following := waiting.take(now_s))
    ]
    assert went == ["first", "112", "over 1", "again b", "over 2", "again c"]


def test_a_newer_text_keeps_the_place_of_the_one_it_replaces() -> None:
    waiting = Waiting()
    waiting.add(a_call("o1"))
    waiting.add(a_call("o2", address="12"))
    waiting.add(a_call("o3"))
    assert all_of(waiting) == ["o3", "o2"]


def test_beyond_the_bound_the_least_urgent_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "WAITING_MAX", 3)
    waiting = Waiting()
    for number in range(3):
        waiting.add(a_call(f"update {number}", "update", address=str(number)))
    assert waiting.add(a_call("alarm")) == [Refused("update 2", TOO_MANY)]
    assert waiting.add(a_call("cancel", "over", incident="i2")) == [Refused("cancel", TOO_MANY)]
    assert all_of(waiting) == ["alarm", "update 0", "update 1"]


def test_what_each_address_has_had_is_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "HAD_MAX", 2)
    waiting = Waiting()
    for incident in ("i1", "i2", "i3"):
        waiting.handed_over(a_call("", incident=incident))
    for incident in ("i3", "i2", "i1"):
        waiting.add(a_call(incident, incident=incident))
    assert all_of(waiting)[0] == "i1"


def test_withdrawn_and_cleared_calls_go_nowhere() -> None:
    waiting = Waiting()
    for order in ("o1", "o2", "o3"):
        waiting.add(a_call(order, address=order))
    waiting.withdraw("o2")
    waiting.withdraw("unknown")
    assert waiting.clear() == ["o1", "o3"]
    assert waiting.take() is None


# --- the group address ------------------------------------------------------------------------------------------------


def test_a_page_for_every_pager_is_one_call_to_the_group() -> None:
    waiting = Waiting("99", ("11", "12", "13"))
    for address in ("11", "12", "13"):
        waiting.add(a_call(f"o{address}", address=address, text="BALIE 3: ALARM"))
    following = waiting.take()
    assert following is not None
    assert following.call == Call("o11", "99", "BALIE 3: ALARM")
    assert [wanted.order for wanted in following.wanted] == ["o11", "o12", "o13"]
    assert waiting.take() is None


@pytest.mark.parametrize(
    ("group", "addresses", "last"),
    [
        ("", ("11", "12"), a_call("o2", address="12")),
        ("99", ("11", "12", "13"), a_call("o2", address="12")),
        ("99", ("11", "12"), a_call("o2", address="12", incident="i2")),
        ("99", ("11", "12"), a_call("o2", "call_112", address="12", text="alarm i1")),
        ("99", ("11", "12"), a_call("o2", address="12", text="BALIE 4")),
    ],
    ids=["no group address", "not everybody", "other incident", "other kind", "other text"],
)
def test_what_is_not_the_same_for_everybody_goes_one_by_one(group: str, addresses: list[str], last: Wanted) -> None:
    waiting = Waiting(group, addresses)
    waiting.add(a_call("o1"))
    waiting.add(last)
    following = [waiting.take(), waiting.take()]
    assert {(one.call.address, len(one.wanted)) for one in following if one} == {("11", 1), ("12", 1)}


def test_the_group_of_one_is_called_by_its_own_address() -> None:
    waiting = Waiting("99", ("11",))
    waiting.add(a_call("o1"))
    following = waiting.take()
    assert following is not None
    assert following.call.address == "11"


def test_everybody_is_told_together_that_it_is_over() -> None:
    waiting = Waiting("99", ("11", "12"))
    for address in ("11", "12"):
        waiting.add(a_call(f"o{address}", "over", address=address))
    following = waiting.take()
    assert following is not None
    assert following.call == Call("o11", "99", "", urgent=False, cancel=True)


# --- whatever comes ---------------------------------------------------------------------------------------------------

ADDRESSES = ("11", "12", "13")
KINDS = ("alarm", "call_112", "update", "over")


class AnyDay(RuleBasedStateMachine):
    """Orders of any kind come in any order, and the line takes them when it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.max = calls.WAITING_MAX
        calls.WAITING_MAX = 6
        self.calls = Waiting("99", ADDRESSES)
        self.added = 0
        self.open: dict[str, Wanted] = {}
        self.ended: Counter[str] = Counter()

    def teardown(self) -> None:
        calls.WAITING_MAX = self.max

    @rule(
        kind=st.sampled_from(KINDS),
        address=st.sampled_from(ADDRESSES),
        incident=st.sampled_from("xyz"),
        text=st.booleans(),
    )
    def add(self, kind: str, address: str, incident: str, text: bool) -> None:
        self.added += 1
        wanted = a_call(f"o{self.added}", kind, address=address, incident=incident, text=f"{kind} {text}")
        self.open[wanted.order] = wanted
        for gone in self.calls.add(wanted):
            self.end(gone.call)
            assert gone.permanent == (gone.reason == REPLACED)
            assert gone.call != wanted.order or gone.reason == TOO_MANY or kind == "alarm", "the newest text wins"

    @rule(taken=st.booleans())
    def take(self, taken: bool) -> None:
        following = self.calls.take()
        assert (following is None) == (not self.open)
        if following is None:
            return
        urgencies = [self.calls._urgency(one) for one in self.open.values()]
        assert self.calls._urgency(following.wanted[0]) == min(urgencies)
        for wanted in following.wanted:
            self.end(wanted.order)
            if taken:
                self.calls.handed_over(wanted)
        if following.call.address == "99":
            assert {wanted.address for wanted in following.wanted} == set(ADDRESSES)
            assert len({(wanted.incident, wanted.kind, wanted.text) for wanted in following.wanted}) == 1

    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        if self.open:
            order = data.draw(st.sampled_from(sorted(self.open)))
            self.calls.withdraw(order)
            self.end(order)

    @rule()
    def all_go(self) -> None:
        """Nothing waits for ever: each turn of the line takes one at least."""
        turns = len(self.open)
        for _ in range(turns):
            self.take(True)
        assert not self.open

    def end(self, order: str) -> None:
        del self.open[order]
        self.ended[order] += 1

    @invariant()
    def no_call_is_lost_and_none_ends_twice(self) -> None:
        assert set(self.calls._waiting) == set(self.open)
        assert len(self.open) <= 6
        assert len(self.ended) + len(self.open) == self.added
        assert set(self.ended.values()) <= {1}

    @invariant()
    def of_one_incident_an_address_waits_for_one_ringing_call_at_most_and_one_quiet_one_after_it(self) -> None:
        told = Counter(
            (one.address, one.incident, "rings" if one.is_ringing else "quiet") for one in self.open.values()
        )
        assert set(told.values()) <= {1}
        for one in self.open.values():
            if one.kind == "over":
                assert (one.address, one.incident, "rings") not in told

    @invariant()
    def a_quiet_one_goes_after_the_ringing_one(self) -> None:
        assert all(self.calls._urgency(one) >= Urgency.QUIET for one in self.open.values() if not one.is_ringing)


TestAnyDay = AnyDay.TestCase
TestAnyDay.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
