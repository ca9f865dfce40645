"""What is told of a drill afterwards, and what every reader must be able to rely on: it is never told as an alarm."""

from __future__ import annotations

from dataclasses import replace

import pytest

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.codec import decode
from achterwacht.core.draft import draft
from achterwacht.core.drill import is_drill
from achterwacht.core.drill_report import Report, report
from achterwacht.core.incident import Following, Incident, drills, incident_to_plain, incidents
from achterwacht.core.plan import Pager
from achterwacht.inputs.mqtt import DRILL_ID, heard_from
from house import TOWN_HALL, House


def read(house: House) -> list[tuple[int, f.Fact]]:
    """The facts as a reader of the written journal gets them."""
    return [(n, decode(line)) for n, line in enumerate(house.lines, 1)]


def the_one(house: House) -> Incident:
    (drill,) = drills(read(house))
    return drill


def practise(house: House, announced: bool = False) -> Report:
    """Anna comes at once, Cor after the second step, Bas cannot; Cor is there first, and says all clear."""
    house.practises(7, announced)
    house.wait(4 + 60 * announced)
    house.pager("p1").answers("coming")
    house.pager("p2").answers("cannot")
    house.wait(16)
    house.pager("p3").answers("coming")
    house.wait(20)
    house.pager("p3").answers("on_scene")
    house.wait(5)
    house.pager("p3").answers("all_clear")
    house.wait(1)
    return report(the_one(house))


@pytest.mark.parametrize("announced", [False, True])
def test_the_report_says_who_came_in_how_many_seconds(announced: bool) -> None:
    """Counted from the moment that it first rings, announced or not."""
    told = practise(House(), announced)
    assert (told.zender, told.place, told.by, told.announced, told.needed) == (7, "Balie 3", "fred", announced, 2)
    assert (told.enough_s, told.first_there_s) == (20.0, 40.0)
    assert told.ended is not None
    assert (told.ended.by, told.ended.reason, told.ended.after_s) == ("cor", "all clear", 45.0)
    anna, bas, cor, dina = told.persons
    assert [took.by for took in told.persons] == ["anna", "bas", "cor", "dina"]
    assert (anna.asked_s, anna.coming_s, anna.on_scene_s, anna.cannot_s) == (0.0, 4.0, None, None)
    assert (bas.coming_s, bas.cannot_s) == (None, 4.0)
    assert (cor.asked_s, cor.coming_s, cor.on_scene_s) == (0.0, 20.0, 40.0)
    assert (dina.asked_s, dina.shown_s, dina.coming_s) == (15.02, None, None)  # a telephone, after the pagers
    assert anna.shown_s is not None and 0.0 < anna.shown_s < 1.0


def test_a_pager_that_nobody_is_known_to_carry_stands_for_itself() -> None:
    house = House(replace(TOWN_HALL, pagers=(Pager("p1"), Pager("p2"), Pager("p3", "cor"))))
    told = practise(house)
    assert [took.by for took in told.persons][:3] == ["pager:p1", "pager:p2", "cor"]
    assert told.enough_s == 20.0


def test_who_came_and_could_not_after_all_is_not_counted() -> None:
    house = House()
    house.practises(7)
    house.wait(2)
    house.pager("p1").answers("coming")
    house.pager("p1").answers("cannot")
    house.pager("p2").answers("coming")
    house.wait(2)
    house.stops_practising()
    told = report(the_one(house))
    assert (told.enough_s, told.first_there_s) == (None, None)


def test_a_drill_that_still_runs_and_one_that_never_rang() -> None:
    house = House()
    house.practises(7, announced=True)
    told = report(the_one(house))
    assert (told.ended, told.persons) == (None, ())
    house.stops_practising()
    told = report(the_one(house))
    assert told.ended is not None and told.ended.after_s == -60.0  # a minute before it was to ring


def test_who_says_to_come_before_it_rings_came_at_once() -> None:
    house = House()
    house.practises(7, announced=True)
    house.wait(20)
    house.says("anna", "coming")
    house.says("cor", "on_scene")
    told = report(the_one(house))
    assert (told.enough_s, told.first_there_s) == (0.0, 0.0)


def test_alarms_and_drills_are_never_in_one_list() -> None:
    house = House()
    practise(house)
    house.press(7)
    house.wait(1)
    house.says("els", "all_clear", reason="by mistake")
    house.practises(6)
    house.wait(1)
    house.press(6)
    house.wait(1)
    assert [story.zender for story in incidents(read(house))] == [7, 6]
    assert [story.zender for story in drills(read(house))] == [7, 6]
    assert [is_drill(story.incident) for story in drills(read(house))] == [True, True]
    ended = drills(read(house))[1].closed
    assert ended is not None and ended.reason == "real alarm"
    assert incident_to_plain(drills(read(house))[0])["timeline"][0]["fact"] == "drill_raised"


def test_the_story_of_an_alarm_is_no_drill_to_report_on() -> None:
    house = House()
    house.press(7)
    (story,) = incidents(read(house))
    with pytest.raises(ValueError, match="is no drill"):
        report(story)
    assert draft(story, {}).zender == 7


def test_a_reader_that_starts_at_a_checkpoint_knows_that_it_is_a_drill() -> None:
    house = House()
    house.practises(7)
    house.wait(1)
    following = Following()
    following.take(1, f.Checkpoint(house.now, house.state))
    (drill,) = house.state.alarms.values()
    line = following.take(2, f.DrillEnded(house.now, drill.incident, "", "", "stopped"))
    assert line.of is not None
    assert (line.of.drill, line.of.zender, line.after_s) == (True, 7, 1.0)


def test_the_name_of_a_drill_is_one_that_a_pager_may_say() -> None:
    house = House()
    house.practises(7)
    incident = house.all(f.DrillRaised)[0].incident
    assert DRILL_ID.match(incident)


def test_the_press_that_stands_for_a_word_is_one_that_a_pager_may_say() -> None:
    """Else its receipts were malformed, and the pagers no second memory of that alarm."""
    house = House()
    house.practises(7)
    house.wait(1)
    house.pager("p1").answers("need_112")
    press = house.all(f.AlarmRaised)[0].press
    payload = (
        f'{{"boot":"00ff","seq":1,"page":"x.1","incident":"{press}","press":"{press}","zender":7,"stage":"shown"}}'
    )
    heard = heard_from("achterwacht/v1/pager/p1/receipt", payload.encode(), False, 0.0)
    assert isinstance(heard, h.Receipt) and heard.press == press
