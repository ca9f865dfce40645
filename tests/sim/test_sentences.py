"""The words for what the nodes do."""

from __future__ import annotations

import pytest

from achterwacht_sim.events import (
    AnswerHeard,
    Answers,
    Confirmed,
    ConnectionBack,
    Event,
    HelpChanged,
    MalformedHeard,
    NoConnection,
    Noted,
    Offline,
    Online,
    OpenChanged,
    Over,
    Pressed,
    Proves,
    Received,
    Restarted,
    Rings,
    Shows,
)
from achterwacht_sim.sentences import elapsed, sentence
from achterwacht_sim.wire import OpenList, Page


def page(kind: str = "alarm", detail: str = "", reason: str = "first press") -> Page:
    return Page("x.d.1", "x", "x", 7, kind, "BALIE 3", detail, 1, reason, 0.0, "")


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Online("ab"), "is online, boot ab"),
        (Offline("power lost"), "has no broker: power lost"),
        (Restarted("ab"), "has started anew and knows nothing"),
        (MalformedHeard("a/b", "page: missing"), "heard nonsense on a/b: page: missing"),
        (Pressed("7-ab-1", 1), "is pressed: 7-ab-1"),
        (Confirmed("7-ab-1", "ab", 1, "x", True), "hears that its press is in the journal, incident x"),
        (Confirmed("7-ab-1", "ab", 1, "x", False), "hears that its press is known but not in the journal, incident x"),
        (HelpChanged("x", "coming", 2), "shows the discreet sign: coming, 2 coming"),
        (Received(page()), None),
        (Rings(page()), "rings: BALIE 3 (first press)"),
        (Rings(page("call_112")), "rings: call_112: BALIE 3 (first press)"),
        (Shows(page("update"), False), "shows: BALIE 3 (update)"),
        (Shows(page("reminder", "nog goed?"), True), "vibrates: BALIE 3 (nog goed?)"),
        (Shows(page("who"), False), "asks who carries it: BALIE 3"),
        (Proves(page("check")), "proves in silence that it can be reached"),
        (Rings(page("drill")), "rings: drill: BALIE 3 (first press)"),
        (Over(page("over"), "BALIE 3"), "takes off BALIE 3: over"),
        (Answers(1, "x", "coming"), "answers: coming"),
        (Answers(1, "", "carry", "lid-4"), "answers: carry as lid-4"),
        (AnswerHeard("ab", 1, "", "accepted", "", True), None),
        (AnswerHeard("ab", 1, "coming", "closed", "over", True), "hears about coming: closed (over)"),
        (
            AnswerHeard("ab", 1, "coming", "accepted", "", False),
            "hears about coming: accepted, not in the journal yet",
        ),
        (OpenChanged(OpenList("d", 1, 0, ())), None),
        (NoConnection(), "vibrates and shows: GEEN VERBINDING"),
        (ConnectionBack(), "has its connection back"),
    ],
)
def test_each_event_has_its_sentence(event: Event, said: str | None) -> None:
    expected = None if said is None else f"pager p1 {said}"
    assert sentence(Noted(1, 0.0, "pager p1", event)) == expected


def test_elapsed_time_is_minutes_seconds_and_tenths() -> None:
    assert [elapsed(s) for s in (-1.0, 0.0, 2.16, 62.0, 600.99)] == ["0:00.0", "0:00.0", "0:02.1", "1:02.0", "10:00.9"]
