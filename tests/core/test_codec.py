"""The codec: every fact and every state survives JSON, and a line says what it is at its front."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map

from achterwacht.core import codec
from achterwacht.core import facts as f
from achterwacht.core.codec import (
    KINDS,
    NAMES,
    decode,
    encode,
    fact_from_plain,
    fact_name,
    fact_to_plain,
    from_plain,
    to_plain,
)
from achterwacht.core.moment import Moment
from achterwacht.core.plan import Plan
from achterwacht.core.state import Alarm, ButtonTest, Device, Fault, Missing, Order, PickUp, Responder, State
from house import FIRST_NIGHT, TOWN_HALL, House

ROOT = Path(__file__).parent.parent.parent
NOW = Moment(12.5, FIRST_NIGHT, True)
RAISED = f.AlarmRaised(NOW, "7-a-1", "7-a-1", 7, "Balie 3", 12.4, 0)

moments = st.builds(
    Moment,
    st.floats(0, 1e9),
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # zone beside it
    st.booleans(),
)


def _maps(kind: Any) -> st.SearchStrategy[Map[Any, Any]]:
    key, value = (st.from_type(part) for part in get_args(kind))
    return st.dictionaries(key, value, max_size=3).map(Map)


st.register_type_strategy(Moment, moments)
st.register_type_strategy(datetime, moments.map(lambda moment: moment.at))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(Map, _maps)


@pytest.mark.parametrize("name", [name for name in KINDS if name != "checkpoint"])
def test_every_fact_comes_back_as_it_was(name: str) -> None:
    @settings(max_examples=20, derandomize=True, deadline=None)
    @given(st.from_type(KINDS[name]))
    def comes_back(fact: f.Fact) -> None:
        line = encode(fact)
        assert "\n" not in line
        assert decode(line) == fact

    comes_back()


@settings(max_examples=50, derandomize=True, deadline=None)
@given(st.from_type(Alarm))
def test_every_alarm_comes_back_as_it_was(alarm: Alarm) -> None:
    assert from_plain(Alarm, json.loads(json.dumps(to_plain(alarm)))) == alarm


@settings(max_examples=50, derandomize=True, deadline=None)
@given(st.from_type(Plan))
def test_every_plan_comes_back_as_it_was(plan: Plan) -> None:
    assert from_plain(Plan, json.loads(json.dumps(to_plain(plan)))) == plan


def test_a_checkpoint_holds_the_whole_state() -> None:
    house = House()
    house.press(7)
    house.press(6)
    house.wait(70)
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("all_clear")
    mark = f.Checkpoint(NOW, house.state)
    assert decode(encode(mark)) == mark
    assert from_plain(State, to_plain(house.state)) == house.state


def test_every_kind_of_fact_has_a_name_of_its_own() -> None:
    assert set(NAMES) == set(get_args(f.Fact))
    assert len(KINDS) == len(NAMES)
    assert fact_name(f.PressJoined) == "press_joined"
    assert fact_name(f.NeedOf112Asked) == "need_of_112_asked"


def test_a_line_opens_with_when_and_what() -> None:
    plain = json.loads(encode(RAISED))
    assert list(plain)[:3] == ["at", "fact", "incident"]
    assert plain["fact"] == "alarm_raised"
    assert plain["at"] == "2026-11-21T09:00:00Z"
    assert plain == fact_to_plain(RAISED) | {"at": plain["at"]}


@pytest.mark.parametrize("missing", ["fact", "at", "incident", "heard_s"])
def test_a_line_with_a_hole_is_no_fact(missing: str) -> None:
    plain = fact_to_plain(RAISED)
    del plain[missing]
    with pytest.raises((KeyError, msgspec.ValidationError)):
        fact_from_plain(plain)


@pytest.mark.parametrize("change", [{"fact": "tea_made"}, {"zender": "seven"}, {"at": "yesterday"}, {"heard_s": None}])
def test_a_line_that_tells_nonsense_is_no_fact(change: dict[str, Any]) -> None:
    with pytest.raises((KeyError, msgspec.ValidationError)):
        fact_from_plain(fact_to_plain(RAISED) | change)


def test_a_key_of_a_later_version_is_passed_over() -> None:
    assert fact_from_plain(fact_to_plain(RAISED) | {"weather": "rain"}) == RAISED


def test_a_plan_has_no_place_for_a_name_or_a_number_of_a_person() -> None:
    members = to_plain(TOWN_HALL)["members"]
    assert {key for member in members for key in member} == {"id", "roles", "ways"}


TOGETHER = """
import sys, threading
from achterwacht.core.codec import from_plain, prepare, to_plain
from achterwacht.core.state import EMPTY, State
prepare()
plain = to_plain(EMPTY)
sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=from_plain, args=(State, plain)) for _ in range(40)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.parametrize("nth", range(5))
def test_once_every_type_is_learnt_threads_may_convert_at_once(nth: int) -> None:
    """Without it two of three such programs end by a signal, in msgspec."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "daemon")}
    ended = subprocess.run([sys.executable, "-c", TOGETHER], env=environment, check=False, capture_output=True)
    assert ended.returncode == 0, ended.stderr.decode()


def test_every_type_that_the_state_is_made_of_is_learnt() -> None:
    learnt: set[Any] = set()
    codec._learn(State, learnt)
    assert {Alarm, Device, Fault, Order, Plan, PickUp, Missing, Responder, ButtonTest, f.Ordered} <= learnt
