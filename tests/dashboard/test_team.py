"""The page of a team member as values: what stands on it at which moment, and what does not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.heard import AnswerWord
from achterwacht.core.plan import Zender
from achterwacht.journal.people import Person
from achterwacht_dashboard import team
from achterwacht_dashboard.pages import Seen
from achterwacht_dashboard.team import Card
from dashboard_site import PEOPLE
from day_house import DayHouse
from house import House
from team_house import APP_HALL, APP_HALL_BY_DAY, html, seen


def cards(house: House, member: str = "anna", language: str = "nl") -> Sequence[Card]:
    told: Sequence[Card] = team.alarm(seen(house, member, language))["cards"]
    return told


def card(house: House, member: str = "anna", language: str = "nl") -> Card:
    (one,) = cards(house, member, language)
    return one


def answers(one: Card) -> list[str]:
    return [button.answer for button in one.buttons]


def text(part: str, what: Seen) -> str:
    """A part as it is read."""
    return " ".join(re.sub(r"<[^>]+>", " ", html(team.PAGE, part, what)).split())


# --- when it rings ---


def test_a_press_shows_the_place_and_two_buttons() -> None:
    house = House(APP_HALL)
    house.press(7)
    house.wait(2)
    one = card(house)
    assert (one.place, one.room, one.pressed_at) == ("Balie 3", "0.7 PB", "10:00:00")
    assert answers(one) == ["coming", "cannot"]
    assert one.is_mine
    assert (one.wanted, one.can_close) == (2, False)
    assert one.rings_s is None


def test_everybody_sees_what_the_others_said() -> None:
    house = House(APP_HALL)
    house.press(7)
    house.says("bas", "coming")
    house.says("cor", "cannot")
    house.says("anna", "on_scene")
    one = card(house, "dina")
    assert (one.on_scene, one.coming, one.cannot) == (("Anna de Vries",), ("Bas Jansen",), ("Cor Bakker",))
    assert one.wanted == 0


@pytest.mark.parametrize(
    ("said", "then"),
    [
        ((), ["coming", "cannot"]),
        (("cannot",), ["coming", "need_112"]),
        (("coming",), ["on_scene", "need_112", "cannot"]),
        (("on_scene",), ["told_to_leave", "need_112", "called_112"]),
        (("coming", "need_112"), ["on_scene", "need_112", "cannot", "called_112"]),
        (("on_scene", "need_112"), ["told_to_leave", "need_112", "called_112"]),
        (("on_scene", "called_112"), ["told_to_leave", "police_here"]),
        (("on_scene", "police_here"), ["told_to_leave"]),
        (("coming", "called_112"), ["on_scene", "cannot"]),
    ],
)
def test_what_was_said_decides_what_can_be_said(said: tuple[AnswerWord, ...], then: list[str]) -> None:
    house = House(APP_HALL)
    house.press(7)
    for answer in said:
        house.says("anna", answer)
    one = card(house)
    assert answers(one) == then
    assert one.can_close == ("on_scene" in said)
    assert len(then) + one.can_close <= team.BUTTONS_MAX


def test_the_second_telling_to_leave_says_that_it_is_the_second() -> None:
    house = House(APP_HALL)
    house.press(7)
    house.says("anna", "on_scene")
    labels = [button.label for button in card(house).buttons]
    assert "Gesommeerd (1e)" in labels
    house.says("bas", "told_to_leave")
    labels = [button.label for button in card(house).buttons]
    assert "Gesommeerd (2e)" in labels


def test_the_scene_is_asked_whether_all_is_well() -> None:
    house = House(APP_HALL)
    house.press(7)
    house.says("anna", "on_scene")
    house.says("bas", "coming")
    house.wait(121)
    one = card(house)
    assert one.question == "Zijn jullie veilig?"
    assert answers(one)[0] == "on_scene"
    assert "need_112" in answers(one)
    assert card(house, "bas").question == "", "only who is there can tell"
    house.says("anna", "on_scene")
    assert card(house).question == ""


def test_the_scene_is_asked_whether_112_is_needed_until_it_answers() -> None:
    house = House(APP_HALL)
    house.press(7)
    house.says("anna", "on_scene")
    house.wait(61)
    one = card(house)
    assert one.question == "Is 112 nodig?"
    assert answers(one) == ["on_scene", "need_112", "told_to_leave"]
    house.says("anna", "on_scene")
    assert card(house).question == ""


def test_who_is_to_call_112_has_the_words_in_hand() -> None:
    house = House(APP_HALL)
    house.press(7)
    house.says("anna", "need_112")
    house.wait(1)
    one = card(house, "els")
    assert "Raadhuisplein 1" in one.script
    assert "Balie 3, 0.7 PB" in one.script
    assert answers(one)[:2] == ["call", "called_112"]
    assert 'href="tel:112"' in html(team.PAGE, "alarm", seen(house, "els"))
    assert card(house, "anna").script == "", "she was not asked"
    house.says("els", "called_112")
    assert card(house, "els").script == ""
    assert card(house, "anna").police == "112 is gebeld"


def test_a_caller_who_is_there_and_asked_has_no_more_than_four_buttons() -> None:
    house = House(replace(APP_HALL, ladder=replace(APP_HALL.ladder, callers_112=("anna",))))
    house.press(7)
    for answer in ("on_scene", "need_112"):
        house.says("anna", answer)
    house.says("bas", "coming")
    house.wait(121)
    one = card(house)
    assert one.script and one.question
    assert answers(one) == ["on_scene", "call", "called_112"]


@pytest.mark.parametrize("callers", [("bas",), ("anna",)])
@pytest.mark.parametrize("said", ["cannot", "coming", "on_scene"])
@pytest.mark.parametrize("asked_s", [0, 61, 121])
def test_that_112_was_called_never_stands_where_it_was_needed(
    callers: tuple[str, ...], said: AnswerWord, asked_s: float
) -> None:
    """A colleague may have asked for it while the thumb was on its way."""
    house = House(replace(APP_HALL, ladder=replace(APP_HALL.ladder, call_112_after_s=60, callers_112=callers)))
    house.press(7)
    house.says("anna", said)
    if said != "on_scene":
        house.says("dina", "on_scene")  # who is there is asked, and 112 is not asked for by itself
    house.wait(asked_s)
    before = card(house)
    house.says("cor", "need_112")
    house.wait(0.1)
    after = card(house)
    assert "called_112" not in answers(after) or stands(after, "called_112") != stands(before, "need_112")
    if not after.script:
        assert stands(after, "need_112") == stands(before, "need_112")


def stands(one: Card, answer: str) -> tuple[int, int]:
    """The row of this button, counted from the lower edge, and its column."""
    row, column = divmod(answers(one).index(answer), 2)
    return (len(one.buttons) + one.can_close + 1) // 2 - row, column


def test_all_alarms_stand_there_the_most_urgent_first() -> None:
    house = House(APP_HALL)
    house.press(7)
    house.says("anna", "on_scene")
    house.wait(3)
    house.press(6)
    house.wait(3)
    house.press(9)
    assert [one.place for one in cards(house)] == ["Balie 2", "Receptie", "Balie 3"]


def test_a_drill_says_that_it_is_one_and_that_112_is_real() -> None:
    house = House(APP_HALL)
    house.practises(7)
    house.wait(2)
    house.says("anna", "on_scene")
    one = card(house)
    assert (one.what, one.mark) == ("OEFENING", "drill")
    assert [button.label for button in one.buttons] == ["Gesommeerd (1e)", "112 nodig (ECHT)"]
    assert list(team.signals(seen(house, "bas")).tones.values()) == ["drill"]


def test_an_announced_drill_counts_down_and_asks_nothing_yet() -> None:
    house = House(APP_HALL)
    house.practises(7, announced=True)
    what = seen(house)
    one = card(house)
    assert one.rings_s == pytest.approx(what.house_s + 60)
    assert one.buttons == ()
    assert team.signals(what).tones == {}


def test_an_alarm_that_broke_off_a_drill_says_that_it_is_none() -> None:
    house = House(APP_HALL)
    house.practises(6)
    house.wait(2)
    house.press(7)
    house.wait(1)
    assert card(house).in_earnest == "GEEN OEFENING"


def test_what_is_not_on_disk_looks_so() -> None:
    house = House(APP_HALL)
    incident = house.press(7)
    (one,) = team.alarm(seen(house, pending=frozenset({incident})))["cards"]
    assert one.is_pending
    assert "nog niet vastgelegd" in text("alarm", seen(house, pending=frozenset({incident})))
    assert "nog niet vastgelegd" not in text("alarm", seen(house))


def test_a_closing_can_be_taken_back_for_ten_minutes() -> None:
    house = House(APP_HALL)
    incident = house.press(7)
    house.says("anna", "on_scene")
    house.says("anna", "all_clear")
    assert cards(house) == ()
    (one,) = team.closed(seen(house, "cor"))["closed"]
    assert (one.incident, one.place) == (incident, "Balie 3")
    house.wait(599)
    assert team.closed(seen(house, "cor"))["closed"]
    house.wait(2)
    assert team.closed(seen(house, "cor"))["closed"] == ()


def test_a_closing_is_not_offered_back_when_the_desk_has_a_new_alarm() -> None:
    house = House(APP_HALL)
    house.press(7)
    house.says("anna", "on_scene")
    house.says("anna", "all_clear")
    house.wait(5)
    house.press(7)
    assert team.closed(seen(house, "cor"))["closed"] == ()


# --- the desk itself ---


def test_who_sits_at_the_desk_sees_and_hears_nothing_but_the_sign() -> None:
    house = House(APP_HALL, supervised=True)
    house.wait(12)
    before = text("duty", seen(house, "gerda"))
    assert text("line", seen(house, "gerda")) == "Printer 2 gereed"
    house.press(7)
    house.wait(20)
    house.says("anna", "coming")
    what = seen(house, "gerda")
    assert text("alarm", what) == ""
    assert text("closed", what) == ""
    assert text("line", what) == "Printer 2 bezig"
    assert (team.signals(what).tones, team.signals(what).orders) == ({}, ())
    assert text("duty", what) == before


def test_at_the_desk_the_light_does_not_tell_that_an_alarm_was_slow() -> None:
    house = House(APP_HALL, supervised=True)
    house.wait(12)
    before = text("duty", seen(house, "gerda"))
    house.hand_over_s = 0.2
    house.press(7)
    house.wait(1)
    assert "budget/handed_over" in house.faults
    assert text("duty", seen(house, "gerda")) == before


def test_who_sits_at_the_desk_does_not_see_that_it_was_closed() -> None:
    house = House(APP_HALL)
    house.press(7)
    house.says("anna", "on_scene")
    house.says("anna", "all_clear")
    assert text("closed", seen(house, "gerda")) == ""
    assert text("line", seen(house, "gerda")) == "Printer 2 leeg"


# --- what is heard, and what the daemon is told of it ---


def test_it_sounds_until_one_has_answered() -> None:
    house = House(APP_HALL)
    house.press(7)
    house.wait(1)
    assert list(team.signals(seen(house)).tones.values()) == ["alarm"]
    house.says("anna", "coming")
    assert team.signals(seen(house)).tones == {}
    assert list(team.signals(seen(house, "cor")).tones.values()) == ["alarm"]


def test_it_does_not_sound_where_nobody_was_rung_yet() -> None:
    house = House(APP_HALL)
    house.press(7)
    house.wait(1)
    assert team.signals(seen(house, "dina")).tones == {}
    assert cards(house, "dina"), "but it is seen"
    house.wait(15)
    assert list(team.signals(seen(house, "dina")).tones.values()) == ["alarm"]


def test_pressed_again_it_sounds_anew_for_who_has_answered_or_silenced_it() -> None:
    house = House(APP_HALL)
    house.press(7)
    house.wait(1)
    (first,) = team.signals(seen(house)).tones
    house.wait(10)
    assert list(team.signals(seen(house)).tones) == [first], "a repeat is no new alarm"
    house.press(7)
    house.wait(1)
    (second,) = team.signals(seen(house)).tones
    assert second != first


def test_the_last_step_comes_back_to_who_cannot_and_sounds_again() -> None:
    house = House(replace(APP_HALL, members=APP_HALL.members[:2], pagers=APP_HALL.pagers[:1]))
    house.press(7)
    house.wait(1)
    house.says("anna", "cannot")
    assert team.signals(seen(house)).tones == {}
    house.wait(35)
    assert list(team.signals(seen(house)).tones.values()) == ["alarm"]


def test_to_be_asked_to_call_112_is_heard_by_itself() -> None:
    house = House(APP_HALL)
    house.press(7)
    house.wait(31)
    house.says("els", "coming")
    assert team.signals(seen(house, "els")).tones == {}
    house.says("anna", "need_112")
    house.wait(0.1)
    assert list(team.signals(seen(house, "els")).tones.values()) == ["alarm"]


def test_the_orders_that_it_shows_are_named_on_the_card() -> None:
    house = House(APP_HALL)
    incident = house.press(7)
    house.wait(1)
    order = house.state.alarms[incident].rings["app:anna"].id
    assert team.signals(seen(house)).orders == (order,)
    assert f'data-order="{order}"' in html(team.PAGE, "alarm", seen(house))


def test_a_test_is_heard_once_and_its_outcome_stands_there() -> None:
    house = House(APP_HALL)
    assert "nog niet getest" in text("equipment", seen(house))
    house.tests("app:anna")
    house.wait(0.1)
    order = house.state.tests["app:anna"].order
    signals = team.signals(seen(house))
    assert (signals.orders, signals.tones) == ((order,), {order: "test"})
    assert f'data-order="{order}"' in html(team.PAGE, "equipment", seen(house))
    assert "overgedragen, niet ontvangen" in text("equipment", seen(house))
    house.hear(h.Reached(order, "shown"))
    assert "10:00:00: getoond" in text("equipment", seen(house))
    house.wait(31)
    assert team.signals(seen(house)).tones == {}, "who opens the page later has not shown it in time"


def test_a_test_that_failed_says_why() -> None:
    house = House(APP_HALL)
    house.failing["app:anna"] = "no page of this member is open"
    house.tests("app:anna")
    house.wait(0.1)
    assert "mislukt: dit teamlid heeft geen pagina open" in text("equipment", seen(house))


# --- in peace ---


def test_the_light_and_the_first_reason_stand_in_a_line() -> None:
    house = House(APP_HALL)
    told = text("duty", seen(house))
    assert told.startswith("NIET klaar nog niet alle zenders en piepers zijn gehoord")
    assert text("duty", seen(house, language="en")).startswith("NOT ready")


def test_the_next_duty_comes_from_the_roster() -> None:
    house = DayHouse(APP_HALL_BY_DAY)
    first, *others = team.duty(seen(house, "anna"))["duties"]
    assert (first.on, first.day, first.pager) == ("2026-11-23", "ma 23-11-2026", "p1")
    assert [one.on for one in others] == ["2026-11-24", "2026-11-26", "2026-11-27", "2026-11-30"]
    assert "Geen dienst in de komende vier weken" in text("duty", seen(house, "els"))


def test_a_house_without_a_roster_says_so() -> None:
    assert "Dit huis heeft geen rooster" in text("duty", seen(House(APP_HALL)))


def test_an_absence_stands_there_and_can_be_withdrawn() -> None:
    house = DayHouse(APP_HALL_BY_DAY)
    house.commands(h.Away, member="anna", first=date(2026, 11, 24), last=date(2026, 11, 26), replacement="dina")
    told = html(team.PAGE, "duty", seen(house, "anna"))
    assert "Afwezig van di 24-11-2026 t/m do 26-11-2026; vervanger: Dina Visser" in told
    assert '<input type="hidden" name="first" value="2026-11-24">' in told
    assert "Afwezig" not in text("duty", seen(house, "bas"))


def test_my_pager_is_told_as_the_morning_knows_it() -> None:
    house = DayHouse(APP_HALL_BY_DAY)
    assert "Pieper p1 is vandaag voor jou, en nog van niemand hangt in de lader" in text("equipment", seen(house))
    house.lift("p1")
    house.until("08:31")
    told = text("equipment", seen(house))
    assert "Pieper p1: jij draagt hem bewezen om" in told
    assert "batterij 90 %" in told
    house.carries("p1", "dina")
    told = html(team.PAGE, "equipment", seen(house))
    assert "Pieper p1 is vandaag voor jou; Dina Visser draagt hem" in told
    assert 'value="carry"' in told


def test_each_way_to_a_telephone_of_the_plan_is_tested_by_itself() -> None:
    told = html(team.PAGE, "equipment", seen(House(APP_HALL)))
    assert re.findall(r'value="(.*?)" data-said="(.*?)"', told) == [
        ("app:anna", "Test deze pagina"),
        ("push:anna", "Test mijn telefoon"),
    ]
    only_page = replace(APP_HALL, members=tuple(replace(one, ways=("app",)) for one in APP_HALL.members))
    assert "push:" not in html(team.PAGE, "equipment", seen(House(only_page)))


def test_a_reminder_stands_there_until_the_pager_is_taken() -> None:
    house = DayHouse(APP_HALL_BY_DAY)
    house.until("08:52")
    reminder = next(order for order in house.all(f.Ordered) if order.target == "app:anna")
    what = seen(house, notices=(reminder,))
    assert "08:50 Haal pieper p1 op. Pieper p1 is vandaag voor u" in text("duty", what)
    assert "Haal pieper" not in text("duty", seen(house, "bas", notices=(reminder,)))
    house.lift("p1")
    house.until("08:54")
    assert "Haal pieper" not in text("duty", seen(house, notices=(reminder,)))


def test_an_account_of_nobody_in_the_team_is_told_so() -> None:
    assert "hoort bij niemand in het plan" in text("equipment", seen(House(APP_HALL), ""))


def test_the_battery_of_a_pager_that_says_nothing_is_unknown() -> None:
    assert "onbekend of hij werkt; batterij onbekend" in text("equipment", seen(House(APP_HALL)))


# --- what comes from outside is text ---


def test_names_and_places_are_text() -> None:
    evil = "<script>alert(1)</script>"
    zenders = tuple(replace(zender, place=evil, room=evil) for zender in APP_HALL.zenders)
    house = House(replace(APP_HALL, zenders=zenders))
    house.press(7)
    house.says("bas", "coming")
    people = (*PEOPLE, Person("bas", evil, ""))
    for part in team.PAGE.parts:
        assert "<script" not in html(team.PAGE, part, seen(house, people=people))
    assert html(team.PAGE, "alarm", seen(house, people=people)).count("&lt;script&gt;") >= 3


# --- what must not lie ---


def test_an_alarm_that_broke_off_a_drill_says_so_until_the_drill_is_forgotten() -> None:
    house = House(APP_HALL)
    house.practises(6)
    house.press(7)
    house.wait(40)  # the ladder has gone on
    assert card(house).in_earnest == "GEEN OEFENING"


def test_nobody_pressed_for_a_drill() -> None:
    house = House(APP_HALL)
    house.practises(7, announced=True)
    house.wait(65)
    assert "sinds het begin, om 10:01:00" in text("alarm", seen(house))  # a minute after it was announced
    assert house.mono_s - card(house).since_s == pytest.approx(5, abs=0.1)


def test_a_press_that_no_tester_claimed_counts_from_the_press() -> None:
    house = House(APP_HALL)
    house.tests_button(6)
    house.wait(5)
    house.press(6)
    house.wait(11)
    assert card(house).pressed_at == "10:00:05" and house.mono_s - card(house).since_s == pytest.approx(11, abs=0.1)


def test_several_alarms_stand_in_a_line_above_them() -> None:
    house = House(APP_HALL)
    house.press(7)
    assert "alarmen:" not in text("alarm", seen(house))
    house.press(6)
    house.press(99)
    assert text("alarm", seen(house)).startswith("3 alarmen: Balie 3 · Balie 2 · Zender 99 onbekend")


def test_what_rang_before_the_desk_itself_was_pressed_goes_on() -> None:
    """A telephone that falls silent when somebody presses tells as much as one that rings."""
    house = House(APP_HALL, supervised=True)
    house.wait(20)
    house.press(6)
    house.wait(2)
    before, heard = text("alarm", seen(house, "bas")), team.signals(seen(house, "bas"))
    assert before.startswith("ALARM: Balie 2") and list(heard.tones.values()) == ["alarm"] and heard.orders
    house.press(5)  # his own desk
    assert text("alarm", seen(house, "bas")) == before and team.signals(seen(house, "bas")) == heard


def test_a_house_that_is_not_heard_is_not_ready() -> None:
    house = House(APP_HALL, supervised=True)
    house.wait(20)
    assert "Klaar voor vandaag" in text("duty", seen(house)).split(" Onbekend")[0]
    told = text("duty", seen(house, stale_since=house.now))
    assert told.startswith("Onbekend") and "Klaar" not in told


def test_nobody_is_ready_for_today_before_the_pagers_were_checked() -> None:
    house = DayHouse(APP_HALL_BY_DAY, at="07:00")
    house.wait(20)
    assert text("duty", seen(house)).startswith("Alles werkt")


def test_a_closing_that_is_not_on_disk_does_not_calm() -> None:
    house = House(APP_HALL)
    incident = house.press(7)
    house.says("anna", "on_scene")
    house.says("anna", "all_clear")
    told = text("closed", seen(house, pending=frozenset({incident})))
    assert "NOG NIET VASTGELEGD" in told and "gesloten" in told and "alarm gesloten" not in told


@pytest.mark.parametrize(
    ("place", "size"),
    [("Balie 3", " short"), ("Receptie", " short"), ("Vergaderzaal", " long"), ("Spreekkamer 1", "")],
)
def test_no_word_of_a_place_is_broken(place: str, size: str) -> None:
    house = House(replace(APP_HALL, zenders=(Zender(1, place),)))
    house.press(1)
    assert card(house).size == size
