"""A thousand calls over a line that spoils every tenth message, to paging systems that were written without ours.

Time is driven: a second of the line takes a millisecond here.
"""

from __future__ import annotations

import pytest

from achterwacht.outputs.paging_base.dialect import Call, Exchange, Refused, Taken
from achterwacht.outputs.paging_base.espa_exchange import EspaExchange
from achterwacht.outputs.paging_base.tap_exchange import TapExchange
from achterwacht.outputs.wiring import PagingBase as Wired
from achterwacht_sim.espa_base import EspaBase
from achterwacht_sim.paging_base import PagingBase
from achterwacht_sim.paging_calls import BaseFaults, Page, PagingSystem
from achterwacht_sim.tap_base import TapTerminal

CALLS = 1000
STEP_S = 0.02
A_CALL_S = 120.0
"""No call takes longer, refused and begun again as dispatch would."""


class Wire:
    """The base's end of a line: what each side has said and the other has not read."""

    def __init__(self) -> None:
        self.to_base = b""
        self.to_us = b""

    def read(self) -> bytes:
        said, self.to_base = self.to_base, b""
        return said

    def write(self, data: bytes) -> None:
        self.to_us += data


def pages_of(exchange: Exchange, system: PagingSystem, garbled: float, calls: list[Call], seed: int) -> list[Page]:
    """Every page that sounded, when each call was begun until it was taken."""
    wire, now_s = Wire(), 0.0
    base = PagingBase(wire, system, faults=BaseFaults(garbled=garbled), seed=seed)
    pages: list[Page] = []
    base._tell = pages.append
    exchange.opened(now_s)
    waiting = list(reversed(calls))
    under_way: dict[str, Call] = {}
    until_s = A_CALL_S * len(calls)
    while waiting or under_way:
        assert now_s < until_s, f"{len(waiting)} calls never ended"
        if waiting and exchange.idle:
            call = waiting.pop()
            under_way[call.id] = call
            exchange.begin(call, now_s)
        wire.to_base += exchange.to_write()
        base.turn(now_s)
        heard, wire.to_us = wire.to_us, b""
        for said in (*exchange.feed(heard, now_s), *exchange.tick(now_s)):
            if isinstance(said, Taken):
                del under_way[said.call]
            elif isinstance(said, Refused):
                again = under_way.pop(said.call)
                assert not said.permanent, said
                waiting.append(again)
        now_s += STEP_S
    return pages


@pytest.mark.parametrize("polls", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_espa_brings_every_call_and_hardly_any_twice(polls: bool, seed: int) -> None:
    calls = [Call(f"c{n}", "8001", f"BALIE {n}") for n in range(CALLS)]
    exchange = EspaExchange(Wired("b", "espa", path="/dev/x", polled=polls))
    pages = pages_of(exchange, EspaBase(polls=polls), 0.1, calls, seed)
    texts = [page.text for page in pages]
    assert set(texts) == {call.text for call in calls}
    # Once, but where the word that it was taken was spoilt five times in a row.
    assert len(texts) - len(set(texts)) <= 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tap_brings_every_call_and_hardly_any_twice(seed: int) -> None:
    calls = [Call(f"c{n}", "8001", f"BALIE {n}") for n in range(CALLS)]
    exchange = TapExchange(Wired("b", "tap", path="/dev/x"))
    pages = pages_of(exchange, TapTerminal(), 0.1, calls, seed)
    texts = [page.text for page in pages]
    assert set(texts) == {call.text for call in calls}
    # Once, but where a damaged word took back a whole session of up to eight pages.
    assert len(texts) - len(set(texts)) <= 9
