"""Scenario files: the shipped ones are good, and every mistake in a bad one is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht_sim.faults import Faults
from achterwacht_sim.scenario import (
    Answer,
    Ask,
    BadScenario,
    Charge,
    Dock,
    Line,
    Power,
    Press,
    Scenario,
    Tamper,
    Typed,
    Want,
    load,
    read,
    shipped,
)

CAST = "zenders: [7, 8]\npagers: [p1, p2]\n"


def actions(*said: str) -> list[object]:
    steps = "".join(f"  - do: {line}\n" for line in said)
    return [step.do for step in read(f"{CAST}steps:\n{steps}", "t.yaml").steps]


def mistakes(text: str) -> tuple[str, ...]:
    with pytest.raises(BadScenario) as bad:
        read(text, "t.yaml")
    return bad.value.mistakes


def test_the_shipped_scenarios_are_good_and_tell_their_story() -> None:
    mornings = ("forgotten_pager", "normal_morning")
    assert set(shipped()) == {"crowded", "demo", "nobody_answers", "two_desks", *mornings}
    for name in shipped():
        scenario = load(name)
        assert scenario.name == name
        assert scenario.story
        assert scenario.pagers[:3] == ("p1", "p2", "p3")
        assert scenario.docked == (scenario.pagers if name in (*mornings, "demo") else ())
    assert load("crowded").zenders == tuple(range(1, 12))


def test_a_file_is_found_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"{CAST}steps:\n  - do: press 7\n")
    assert load(str(file)).name == "mine"


def test_every_form_of_do() -> None:
    assert actions(
        "press 7 8",
        "p1 answers coming",
        "p1 answers coming to BALIE 3",
        "it answers carry as anna",
        "p2 dies",
        "zender 7 comes back",
        "p1 reboots",
        "p1 docks",
        "zender 7 falls silent",
        "p1 speaks again",
        "battery p2 4",
        "type achterwacht called p2 --replaced-by 'lid 4'",
        "tamper 7 opened",
        "line 8 cut",
    ) == [
        Press((7, 8)),
        Answer("p1", "coming", "", ""),
        Answer("p1", "coming", "", "BALIE 3"),
        Answer("it", "carry", "anna", ""),
        Power("pager p2", "dies"),
        Power("zender 7", "comes back"),
        Power("pager p1", "reboots"),
        Dock("p1", "docks"),
        Power("zender 7", "falls silent"),
        Power("pager p1", "speaks again"),
        Charge("p2", 4),
        Typed(("called", "p2", "--replaced-by", "lid 4")),
        Tamper(7, True),
        Line(8, "cut"),
    ]


def test_steps_wait_expect_and_have_their_place() -> None:
    text = f"""{CAST}faults: {{drop: 0.1, delay_s: 1, seed: 4}}
docked: [p2]
plan: {{morning: {{check_at: +9s}}}}
steps:
  - at: 2.5
    do: press 7
  - expect: {{pager: all, rings: BALIE 3, within_s: 9}}
  - when: {{zender: 7, help: coming}}
    do: p1 answers coming
  - expect: {{terminal: achterwacht morning --json, says: groen}}
"""
    scenario = read(text, "t.yaml")
    assert isinstance(scenario, Scenario)
    assert (scenario.faults, scenario.seed) == (Faults(drop=0.1, delay_s=1.0), 4)
    assert (scenario.docked, scenario.plan) == (("p2",), {"morning": {"check_at": "+9s"}})
    press, expect, when, asked = scenario.steps
    assert (press.at_s, press.want, press.where) == (2.5, None, "t.yaml:8:9")
    assert expect.want == Want("all", 9.0, rings="BALIE 3")
    assert (expect.do, expect.where) == (None, "t.yaml:9:13")
    assert when.want == Want("zender 7", 120.0, help="coming")
    assert asked.want == Ask(Typed(("morning", "--json")), "groen", 5.0)


def test_all_mistakes_are_told_at_once_with_their_places() -> None:
    told = mistakes("""zenders: [7, 0, 7]
pagers: [p1, any]
color: red
faults: {drop: 2, seed: x}
steps:
  - do: press 9
  - do: p1 dances
  - expect: {pager: p9, shows: BALIE 3}
  - expect: {pager: p1}
  - expect: {pager: p1, shows: 3, answered: perhaps, within_s: -1}
  - at: soon
    do: p7 answers coming
  - at: 1
    when: {pager: p1, rings: X}
    do: press 7
  - nothing
""")
    assert [line.split(": ")[0] for line in told] == [
        "t.yaml:1:14",
        "t.yaml:1:17",
        "t.yaml:2:14",
        "t.yaml:3:1",
        "t.yaml:4:16",
        "t.yaml:4:25",
        "t.yaml:6:9",
        "t.yaml:7:9",
        "t.yaml:8:21",
        "t.yaml:9:13",
        "t.yaml:10:32",
        "t.yaml:10:45",
        "t.yaml:10:64",
        "t.yaml:11:9",
        "t.yaml:12:9",
        "t.yaml:13:5",
        "t.yaml:16:5",
    ]
    assert all("expected" in line for line in told)
    assert "one of press NR" in told[7]


def test_mistakes_about_the_house_are_told_with_their_places() -> None:
    told = mistakes("""pagers: [p1]
docked: [p2]
plan: morning
steps:
  - do: type rm -rf .
  - do: type achterwacht took 'p1
  - do: battery p1 101
  - expect: {terminal: rm, says: x}
  - expect: {terminal: achterwacht morning}
  - expect: {terminal: achterwacht morning, says: x, rings: x}
  - expect: {terminal: achterwacht morning, pager: p1, says: x}
""")
    assert [line.split(": ")[0] for line in told] == [
        "t.yaml:2:10",
        "t.yaml:3:7",
        "t.yaml:5:9",
        "t.yaml:6:9",
        "t.yaml:7:9",
        "t.yaml:8:24",
        "t.yaml:9:13",
        "t.yaml:10:54",
        "t.yaml:11:13",
    ]
    assert "rm: only achterwacht is typed here" in told[5]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "t.yaml:1:1: a mapping with zenders, pagers and steps expected"),
        ("- a", "t.yaml:1:1: a mapping with zenders, pagers and steps expected"),
        ("zenders: [1]\n", "t.yaml:1:1: steps: missing"),
        ("steps: []\n", "t.yaml:1:8: steps: a list of steps expected"),
        ("steps: [}\n", "t.yaml:1:9: not YAML"),
        ("steps: 1\nsteps: 2\n", "t.yaml:2:1: not YAML"),
        ("a: \x00", "t.yaml:1:1: not YAML"),
    ],
)
def test_what_is_no_scenario_at_all(text: str, told: str) -> None:
    assert mistakes(text)[0].startswith(told)


@given(
    st.text(max_size=60) | st.sampled_from(["zenders:", "pagers:", "faults:", "steps:"]).map(lambda k: f"{k} [1, {{}}]")
)
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        read(text, "t.yaml")
    except BadScenario as bad:
        assert all(line.startswith("t.yaml:") for line in bad.mistakes)
    else:
        raise AssertionError("so short a text cannot be a scenario")
