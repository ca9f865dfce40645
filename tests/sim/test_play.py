"""Scenarios played on a real mosquitto against a fake daemon."""

from __future__ import annotations

import asyncio

import pytest

from achterwacht_sim.address import Broker
from achterwacht_sim.events import Over, Proves, Rings, Shows
from achterwacht_sim.play import Cast, Unmet, holds, seen
from achterwacht_sim.scenario import Want, read
from achterwacht_sim.wire import Page
from broker import DAEMON, Mosquitto
from sim.fake_daemon import FakeDaemon

WAIT_S = 30.0

STORY = """
zenders: [7]
pagers: [p1, p2, p3]
steps:
  - do: press 7
  - expect: {zender: 7, confirmed: true}
  - expect: {pager: all, rings: BALIE 3}
  - when: {pager: p2, shows: BALIE 3}
    do: it answers on_scene to BALIE 3
  - expect: {pager: it, answered: accepted}
  - do: p3 reboots
  - do: zender 7 dies
  - do: zender 7 comes back
  - do: p1 docks
  - do: tamper 7 opened
  - do: line 7 cut
  - do: p2 answers all_clear
  - expect: {pager: p1, over: BALIE 3}
"""


def everything(mosquitto: Mosquitto) -> tuple[Broker, FakeDaemon]:
    """All log in as the daemon here: one password for a whole cast."""
    password = mosquitto.password(DAEMON)
    return (
        Broker(mosquitto.host, mosquitto.port, DAEMON, password),
        FakeDaemon(mosquitto.host, mosquitto.port, DAEMON, password),
    )


@pytest.mark.asyncio
async def test_a_story_is_played_to_its_end_and_told(mosquitto: Mosquitto) -> None:
    broker, fake = everything(mosquitto)
    said: list[str] = []
    async with asyncio.timeout(WAIT_S), fake as daemon, Cast(read(STORY, "t.yaml"), broker, said.append) as cast:
        await cast.play()
        await daemon.hears("zender/7/telemetry", tamper=True, line="cut")
        await daemon.hears("pager/p1/telemetry", docked=True, charging=True)
        (incident,) = cast.incidents
        assert incident.startswith("7-")
    told = "\n".join(said)
    assert said[0] == "0:00.0  1 zender(s) and 3 pager(s) are online"
    assert told.count("rings: BALIE 3 (first press), ") == 3
    assert told.count(" ms after the press") == 3
    assert "the end: all that was expected was seen" in told
    assert "pager p2 answers: on_scene" in told
    assert "pager p3 has started anew" in told


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("step", "told"),
    [
        (
            "expect: {pager: p1, rings: BALIE 3, within_s: 0}",
            "t.yaml:4:13: not seen: pager p1: rings BALIE 3 within 0 s",
        ),
        ("expect: {pager: any, kind: call_112, within_s: 0}", "pager p1: kind call_112 within 0 s"),
        ("expect: {zender: 7, confirmed: true, within_s: 0}", "zender 7: confirmed within 0 s"),
        ("expect: {pager: it, over: X, within_s: 0}", "t.yaml:4:13: nobody was seen before"),
        ("do: it answers coming", "t.yaml:4:9: it answers coming: no pager was seen before"),
        ("do: p1 answers coming", "p1 answers coming: pager p1 shows no incident"),
        ("do: p1 answers coming to BALIE 9", "pager p1 does not show BALIE 9"),
        ("do: type achterwacht morning", "t.yaml:4:9: nothing can be typed here: only the demo has a terminal"),
    ],
)
async def test_what_is_not_seen_is_named_with_its_place(mosquitto: Mosquitto, step: str, told: str) -> None:
    broker, _ = everything(mosquitto)
    scenario = read(f"zenders: [7]\npagers: [p1]\nsteps:\n  - {step}\n", "t.yaml")
    async with asyncio.timeout(WAIT_S), Cast(scenario, broker, lambda _line: None) as cast:
        with pytest.raises(Unmet) as unmet:
            await cast.play()
    assert told in str(unmet.value)


def page(kind: str, text: str) -> Page:
    return Page("x.d.1", "x", "x", 7, kind, text, "", 1, "", 0.0, "")


def test_what_is_wanted_is_told_apart() -> None:
    rings, update = Rings(page("alarm", "BALIE 3")), Shows(page("update", "BALIE 3 1 KOMT"), vibrates=False)
    over = Over(page("over", "BALIE 3"), "BALIE 3 1 KOMT")
    assert [seen(event, Want("any", 1, rings="BALIE 3")) for event in (rings, update, over)] == [True, False, False]
    assert [seen(event, Want("any", 1, shows="BALIE 3")) for event in (rings, update, over)] == [True, True, False]
    assert [seen(event, Want("any", 1, over="BALIE 3")) for event in (rings, update, over)] == [False, False, True]
    assert [seen(event, Want("any", 1, kind="update")) for event in (rings, update, over)] == [False, True, False]
    assert not seen(rings, Want("any", 1, rings="BALIE 3", kind="call_112"))
    check = Proves(page("check", ""))
    assert [seen(check, Want("any", 1, kind=kind)) for kind in ("check", "who")] == [True, False]
    assert not seen(check, Want("any", 1, shows="BALIE 3"))


@pytest.mark.asyncio
async def test_pagers_hang_in_their_docks_are_taken_go_flat_and_fall_silent(mosquitto: Mosquitto) -> None:
    broker, fake = everything(mosquitto)
    story = """pagers: [p1, p2]
docked: [p1]
steps:
  - do: p1 undocks
  - do: battery p1 4
  - do: p1 falls silent
  - do: battery p1 60
  - do: p1 speaks again
  - do: battery p1 90
"""
    async with asyncio.timeout(WAIT_S), fake as daemon, Cast(read(story, "t.yaml"), broker, print) as cast:
        await cast.play()
        await daemon.hears("pager/p2/telemetry", docked=False)
        await daemon.hears("pager/p1/telemetry", battery=90)
        said = [fields for topic, fields in daemon.heard if topic == "pager/p1/telemetry"]
    told = [(fields["docked"], fields["charging"], fields["battery"]) for fields in said]
    assert told == [(True, True, 100), (False, False, 100), (False, False, 4), (False, False, 90)]


def test_a_text_is_held_as_whole_words() -> None:
    assert holds("BEL 112: BALIE 1", "BALIE 1")
    assert not holds("BALIE 10", "BALIE 1")


@pytest.mark.asyncio
async def test_the_terminal_is_asked_again_until_it_says_it_and_shown_once(mosquitto: Mosquitto) -> None:
    broker, _ = everything(mosquitto)
    screens = iter(["NOG NIET", "PIEPERS\n  COMPLEET"])
    asked: list[tuple[str, ...]] = []

    async def terminal(words: tuple[str, ...]) -> tuple[int, str]:
        asked.append(words)
        return 0, next(screens)

    story = "pagers: [p1]\nsteps:\n  - expect: {terminal: achterwacht morning, says: PIEPERS COMPLEET}\n"
    said: list[str] = []
    async with asyncio.timeout(WAIT_S), Cast(read(story, "t.yaml"), broker, said.append, terminal) as cast:
        await cast.play()
    assert asked == [("morning",), ("morning",)]
    assert [line.split("  ", 1)[1] for line in said[1:4]] == [
        "$ achterwacht morning",
        "        PIEPERS",
        "          COMPLEET",
    ]
