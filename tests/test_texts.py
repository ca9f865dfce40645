"""The sentences: none is missing in any language, and a pager shows the place first, whatever happens."""

from __future__ import annotations

import ast
import re
import shlex
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from pathlib import Path
from types import NoneType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

import achterwacht.core
from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.codec import KINDS, NAMES
from achterwacht.core.draft import draft
from achterwacht.core.escalation import checkpoint, objection
from achterwacht.core.faults import CARRIERS, DEVICES, STAND, kind_of
from achterwacht.core.faults import KINDS as FAULT_KINDS
from achterwacht.core.heard import Answer, AnswerWord
from achterwacht.core.incident import TARGET_STAGES, Following, drills, incidents
from achterwacht.core.moment import Moment
from achterwacht.core.plain_ascii import plain_ascii
from achterwacht.core.plan import CALENDAR, DOCK, Plan, Site, Transport, Weakness
from achterwacht.core.readiness import Lack, Light, Works
from achterwacht.core.state import Phase, State
from achterwacht.outputs.dispatch import NO_CHANNEL, About, Alert
from achterwacht.outputs.open_pages import NOT_OPEN
from achterwacht.outputs.paging_base.channel import NOT_OPEN_YET
from achterwacht.outputs.paging_base.espa_exchange import BROKEN_TRANSMITTER, NOT_POLLED, SILENT
from achterwacht.outputs.paging_base.tap_exchange import LOGIN_UNANSWERED, NO_ANSWER, PAGE_UNANSWERED
from achterwacht.outputs.texts import (
    AS_IT_IS_CHARS,
    LANGUAGES,
    LISTED_MAX,
    NOWHERE,
    PAGE_MAX_CHARS,
    Texts,
    button_label,
    page_place,
    page_text,
    phone_text,
    typed,
)
from achterwacht.outputs.texts.form import COLUMNS, form_text
from achterwacht.outputs.texts.nl import NL
from achterwacht.outputs.texts.said import sentence_key
from achterwacht.outputs.texts.story import story_text
from achterwacht.outputs.texts.words import FaultWords, NoticeWords, Words
from achterwacht.service import ANSWERS_BY_PHONE
from house import TOWN_HALL, House

NOW = House().now
DAY = date(2026, 12, 24)
PEOPLE = {"anna": "Anna", "bas": "Bas"}
PAGED = tuple(sorted(set(get_args(f.Kind)) - {"confirmed", "trouble", "trouble_over"}))
"""The kinds of order that a pager or a telephone gets; the others are for the alarm centre alone."""
MEMBER = {"nl": "LID", "en": "MEMBER"}
BUTTON_CHARS = 15
"""Two buttons of these stand side by side below a notification."""
LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)


def placeholders(words: str | tuple[str, ...] | FaultWords | NoticeWords) -> list[set[str]]:
    """What each template names in braces, one by one."""
    if isinstance(words, NoticeWords):
        words = (words.page, words.title, words.text)
    if isinstance(words, FaultWords):
        words = (words.title, words.means, words.do, words.many)
    templates = (words,) if isinstance(words, str) else words
    return [{name for _, name, _, _ in string.Formatter().parse(template) if name} for template in templates]


# --- nothing is missing -----------------------------------------------------------------------------------------------


SAMPLES: Mapping[str, Sequence[str]] = {
    "target": ("pager:p1", "push:anna", "sms:anna", "alarm_centre:pac"),
    "device": ("zender:7", "gateway:gpio", "dock:p1"),
    "by": ("anna", "zender:6", "pager:p3", "terminal", ""),
    "member": ("anna", "nobody"),
    "key": ("zender:7/silent", "zender/unknown", "way:push:anna/failing", "moon/fallen"),
    "fault": ("zender:7/silent", "moon/fallen"),
    "detail": ("", "zender:99", "it broke: {oops}"),
    "reason": ("", "calm {down}"),
    "note": ("", "no such alarm"),
    "replacement": ("", "bas"),
    "wish": ("swap", "the moon"),
}
"""What a field of text may hold, by its name."""


def samples(name: str, kind: Any) -> Sequence[Any]:
    """What a field of a fact may hold: every word that it is limited to, else a few."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    if NoneType in get_args(kind):
        (kind,) = set(get_args(kind)) - {NoneType}
        return (None, *samples(name, kind))
    whole: Mapping[Any, Sequence[Any]] = {
        Moment: (NOW,),
        Plan: (TOWN_HALL,),
        State: (House().state,),
        bool: (False, True),
        int: (1, 3) if name == "carried" else (3,),
        float: (1.5,),
        str: SAMPLES.get(name, ("x",)),
        tuple[str, ...]: ((), ("anna",), ("anna", "pager:p3", "x")),
        date: (date(2026, 12, 24),),
        time: (time(9, 0),),
        tuple[tuple[str, str], ...]: ((), (("p1", "anna"), ("p2", "x"))),
        tuple[h.CalendarEntry, ...]: ((), (h.CalendarEntry("closed", date(2026, 12, 24), date(2026, 12, 24)),)),
        tuple[f.Gap, ...]: ((), (f.Gap(date(2026, 12, 24), "p1"), f.Gap(date(2026, 12, 25), "p2", "anna"))),
        tuple[f.Lacking, ...]: ((), tuple(f.Lacking("p1", why, "anna") for why in get_args(f.Why))),
    }
    return whole[kind]


def every(kind: type) -> Iterator[f.Fact]:
    """A fact of this kind for every choice of what its fields may hold."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    return (kind(*values) for values in product(*(samples(name, hints[name]) for name in names)))


@LANGUAGE
def test_every_fact_and_every_variant_of_it_can_be_said(language: str) -> None:
    texts, told = Texts(language), set()
    for fact in (fact for kind in KINDS.values() for fact in every(kind)):
        sentence = texts.sentence(fact, PEOPLE)
        assert sentence and not sentence.startswith(NAMES[type(fact)]), f"no sentence can be made of {fact}"
        told.add(sentence_key(fact))
    assert told == texts.words.facts.keys()


def test_a_sentence_that_cannot_be_made_is_the_fact_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast("dict[str, str]", NL.facts), "pager_carried", "{nobody} draagt {pager}")
    said = Texts("nl").sentence(f.PagerCarried(NOW, "k", "p1", "anna"), PEOPLE, after_s=2.0)
    assert said.startswith("pager_carried: at=2026-") and said.endswith(" (2,00 s na de druk)")
    assert "pager=p1, member=anna" in said
    monkeypatch.setitem(cast("dict[str, str]", NL.facts), "plan_adopted", "{nobody}")
    assert len(Texts("nl").sentence(f.PlanAdopted(NOW, TOWN_HALL, "hash"))) == AS_IT_IS_CHARS


@LANGUAGE
@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("answers", get_args(AnswerWord)),
        ("results", get_args(f.Result)),
        ("reasons", get_args(f.Reason)),
        ("whys", get_args(f.Why)),
        ("pager_places", get_args(f.Place)),
        ("hows", get_args(f.How)),
        ("test_ends", get_args(f.TestEnd)),
        ("drill_ends", get_args(f.DrillEnd)),
        ("tried", get_args(get_type_hints(f.Tried)["what"])),
        ("hops", ("handed_over", "durable", "shown")),
        ("stages", TARGET_STAGES),
        ("phases", get_args(Phase)),
        ("page", PAGED),
        ("phone", PAGED),
        ("faults", (*FAULT_KINDS, *get_args(Lack))),
        ("some_device", DEVICES),
        ("lights", get_args(Light)),
        ("works", get_args(Works)),
        ("lines", get_args(h.Line)),
        ("transports", get_args(Transport)),
        ("weaker", get_args(Weakness)),
    ],
)
def test_every_word_of_the_core_has_a_word_in_every_language(language: str, table: str, keys: tuple[str, ...]) -> None:
    assert set(getattr(LANGUAGES[language], table)) == set(keys)


@LANGUAGE
def test_all_languages_have_the_same_keys_and_say_the_same_things(language: str) -> None:
    for field in fields(Words):
        here, there = getattr(LANGUAGES[language], field.name), getattr(NL, field.name)
        if isinstance(there, Mapping) and field.name != "notes":  # the core speaks English itself
            assert here.keys() == there.keys(), field.name
            assert {key: placeholders(here[key]) for key in here} == {key: placeholders(there[key]) for key in there}


def test_the_objections_of_the_core_are_translated() -> None:
    house = House()
    house.press(7)
    alarm = house.alarm(7)
    notes = {
        objection(alarm, by, Answer("k", alarm.incident, answer))
        for by in ("gerda", "nobody", "bas", "els", "anna")
        for answer in get_args(AnswerWord)
    }
    house.says("els", "all_clear", "calm")
    house.says("anna", "coming", incident=alarm.incident)
    house.says("anna", "coming", incident="9-never-1")
    house.undoes("nobody", alarm.incident)
    house.undoes("anna", "9-never-1")
    house.press(7)
    house.undoes("anna", alarm.incident)
    notes |= {fact.note for fact in house.all(f.Answered) if not fact.counts}
    house.hear(h.Acknowledge("k1", "zender:7/silent", "anna"))
    house.hear(h.Acknowledge("k2", "zender:7/silent", "nobody"))
    notes |= {fact.note for fact in house.all(f.UndoRefused)}
    notes |= {fact.note for fact in house.all(f.FaultAcknowledged)}
    assert notes - {""} <= NL.notes.keys()


CORE = Path(achterwacht.core.__file__).parent
REFUSE = ("escalation.py", "trial.py", "morning.py", "button_test.py", "drill.py")
"""Where commands and answers are refused, with a note."""
REFUSE_OUTSIDE = ("voices.py", "tokens.py", "outputs/phones/subscription.py")
"""The same outside the core: of browsers that are registered, and of answers by a link."""


def notes_in(source: Path) -> set[str]:
    """What a module refuses something with: a text that is returned, named `note`, or the last of a Refused."""
    notes: list[ast.expr | None] = []
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        match node:
            case ast.Return(value=note) | ast.Assign(targets=[ast.Name("note")], value=note):
                notes.append(note)
            case ast.Call(func=ast.Attribute(attr="Refused") | ast.Name("BadToken"), args=[*_, note]):
                notes.append(note)
    parts = (
        part for note in notes if isinstance(note, ast.Constant | ast.IfExp | ast.BoolOp) for part in ast.walk(note)
    )
    texts = (part.value for part in parts if isinstance(part, ast.Constant))
    return {text for text in texts if isinstance(text, str) and " " in text}


def test_whatever_something_is_refused_with_is_translated() -> None:
    words = {word for kind in (f.Reason, f.Why, f.Place, f.Kind) for word in get_args(kind)}
    sources = (*(CORE / module for module in REFUSE), *(CORE.parent / module for module in REFUSE_OUTSIDE))
    notes = {note for source in sources for note in notes_in(source)} - words
    assert len(notes) > 20
    assert notes - NL.notes.keys() == set()


def test_no_note_is_translated_that_nobody_says() -> None:
    sources = (*CORE.glob("*.py"), *(CORE.parent / module for module in REFUSE_OUTSIDE))
    said = {text for source in sources for text in said_in(source)}
    assert NL.notes.keys() - said == set()


@LANGUAGE
def test_what_is_said_for_a_reason_is_said_for_one_that_there_is(language: str) -> None:
    words = LANGUAGES[language]
    by_reason = {*words.page_asks, *words.phone_because, *(reason.partition(".")[0] for reason in words.notices)}
    assert by_reason <= set(get_args(f.Reason))


@LANGUAGE
@pytest.mark.parametrize("kind", sorted(FAULT_KINDS))
def test_every_fault_says_what_it_means_and_what_to_do(language: str, kind: str) -> None:
    of, _, what = kind.partition("/")
    whose = of in (*DEVICES, *CARRIERS, DOCK, CALENDAR)
    key = f"{of}:7/{what}" if whose else kind
    texts = Texts(language)
    title = texts.fault(key)
    assert key not in title and not title.endswith(".") and "{" not in title
    assert (texts.device(f"{of}:7") in title) == whose, "whose fault it is"
    means, do = texts.about_fault(key)
    assert means.endswith(".") and do.endswith(".")
    assert (f"`achterwacht acknowledge {MEMBER[language]} {key}`" in do) == (kind in STAND), "only a person can end it"
    many = LANGUAGES[language].faults[kind].many
    assert ("{count}" in many) == whose and not many.endswith("."), "many of them are one line"


@LANGUAGE
def test_every_measure_of_a_device_has_its_words(language: str) -> None:
    said = {
        Texts(language).measured(f.DeviceMeasured(NOW, "zender:7", **{name: value}))
        for name, values in {
            "battery": (0, 100),
            "line": get_args(h.Line),
            **dict.fromkeys(("battery_low", "tamper", "charging", "docked"), (True, False)),
        }.items()
        for value in values
    }
    assert len(said) == 2 + 3 + 4 * 2 and not any("{" in words for words in said)
    assert set(h.MEASURED) == {"battery", "line", "battery_low", "tamper", "charging", "docked"}


# --- sentences --------------------------------------------------------------------------------------------------------


def answered(answer: AnswerWord, **changes: Any) -> f.Answered:
    told: dict[str, Any] = {"by": "anna", "via": "pager:p1", "result": "accepted", "counts": True, "note": ""}
    return f.Answered(NOW, "k", "7-a-1", answer=answer, **{**told, **changes})


ORDER = ("7-a-1.d.1", "7-a-1", "pager:p1")
SENTENCES: tuple[tuple[f.Fact, str, str], ...] = (
    (
        f.AlarmRaised(NOW, "7-a-1", "7-a-1", 7, "Balie 3", 0.0, 0),
        "Knop ingedrukt: Balie 3 (zender 7)",
        "Button pressed: Balie 3 (zender 7)",
    ),
    (f.OrderShown(NOW, *ORDER), "Pieper p1 toont de oproep", "Pager p1 shows the page"),
    (
        f.AlarmConfirmed(NOW, "7-a-1", "second button", "zender:6"),
        "Het alarm is bevestigd: een tweede knop is ingedrukt (zender 6)",
        "The alarm is confirmed: a second button was pressed (zender 6)",
    ),
    (
        f.AlarmConfirmed(NOW, "7-a-1", "word from the scene", "anna"),
        "Het alarm is bevestigd: iemand ter plaatse bevestigt het (Anna)",
        "The alarm is confirmed: somebody on the scene confirms it (Anna)",
    ),
    (
        f.OrderHandedOver(NOW, *ORDER),
        "Bericht voor pieper p1 overgedragen, nog niet ontvangen",
        "Message for pager p1 handed over, not received yet",
    ),
    (
        f.OrderHandedOver(NOW, ORDER[0], ORDER[1], "alarm_centre:pac"),
        "Bericht voor de alarmcentrale overgedragen, niet ontvangen",
        "Message for the alarm centre handed over, not received",
    ),
    (
        f.OrderFailed(NOW, *ORDER, "no answer within 2 s"),
        "Bericht voor pieper p1 is mislukt: geen antwoord binnen 2 s",
        "Message for pager p1 has failed: no answer within 2 s",
    ),
    (
        f.OrderFailed(NOW, *ORDER, "HTTP 418: I am a {teapot}"),
        "Bericht voor pieper p1 is mislukt (voor de installateur: HTTP 418: I am a {teapot})",
        "Message for pager p1 has failed (for the installer: HTTP 418: I am a {teapot})",
    ),
    (
        f.StepReached(NOW, "7-a-1", 1, "not enough coming"),
        "Trede 2 van de ladder: niet genoeg mensen onderweg",
        "Step 2 of the ladder: not enough people coming",
    ),
    (answered("coming"), "Anna komt eraan", "Anna is coming"),
    (answered("on_scene", by="x-9"), "x-9 is ter plaatse", "x-9 is on the scene"),
    (answered("coming", by="pager:p3"), "Drager van pieper p3 komt eraan", "Carrier of pager p3 is coming"),
    (
        answered("all_clear", result="refused", counts=False, note="reception must give a reason"),
        "Anna meldt veilig (telt niet: de receptie moet een reden geven)",
        "Anna says all clear (does not count: reception must give a reason)",
    ),
    (
        f.Ordered(NOW, ORDER[0], "7-a-1", "7-a-1", 7, "phone:anna", "call_112", 1, "nobody on the scene"),
        "Verzoek om 112 te bellen aan telefoon van Anna: niemand ter plaatse",
        "Request to call 112 to phone of Anna: nobody on the scene",
    ),
    (
        f.CallersAsked(NOW, "7-a-1", ("anna", "bas", "els"), 3, "nobody has called 112"),
        "Gevraagd om 112 te bellen: Anna, Bas en els (nog niemand heeft 112 gebeld)",
        "Asked to call 112: Anna, Bas and els (nobody has called 112 yet)",
    ),
    (
        f.BudgetMissed(NOW, "7-a-1", "shown", 1.254, 1.0),
        "Te traag: getoond na 1,25 s, hoogstens 1,00 s is afgesproken",
        "Too slow: shown after 1.25 s, at most 1.00 s is allowed",
    ),
    (f.DeviceSeen(NOW, "zender:7", "a", False), "Zender 7 is weg", "Zender 7 is gone"),
    (
        f.DeviceSeen(NOW, "pager:p1", "a", True, live=False),
        "De broker kent pieper p1 nog als aanwezig",
        "The broker still remembers pager p1 as there",
    ),
    (
        f.DeviceMeasured(NOW, "pager:p1", battery=83, battery_low=False, docked=True),
        "Pieper p1: batterij 83 %, batterij weer goed, in de lader",
        "Pager p1: battery 83 %, battery good again, in the dock",
    ),
    (
        f.FaultRaised(NOW, "zender:7/silent", "25 s"),
        "Storing: zender 7 is stil (25 s)",
        "Fault: zender 7 is silent (25 s)",
    ),
    (
        f.FaultRaised(NOW, "zender/unknown", "zender:99"),
        "Storing: zender 99 staat niet in het plan",
        "Fault: zender 99 is not in the plan",
    ),
    (
        f.FaultRaised(NOW, "gateway:gpio/offline", "no pins here"),
        "Storing: de GPIO-poort is weg (no pins here)",
        "Fault: the GPIO port is gone (no pins here)",
    ),
    (
        f.FaultCleared(NOW, "zender/unknown"),
        "Storing voorbij: een zender staat niet in het plan",
        "Fault over: a zender is not in the plan",
    ),
    (
        f.FaultRaised(NOW, "broker/link", "refused"),
        "Storing: geen verbinding met de broker (refused)",
        "Fault: no connection to the broker (refused)",
    ),
    (
        f.FaultAcknowledged(NOW, "k", "gateway:zigbee/silent", "anna", "accepted", ""),
        "Anna heeft deze storing gezien: ontvanger zigbee is stil",
        "Anna has seen this fault: gateway zigbee is silent",
    ),
    (
        f.FaultAcknowledged(NOW, "k", "moon/landed", "bas", "refused", "no such fault stands now"),
        "Niet als gezien genoteerd van Bas (deze storing is er nu niet): moon/landed",
        "Not noted as seen by Bas (no such fault stands now): moon/landed",
    ),
    (
        f.AlarmRaised(NOW, "7-a-1", "7-a-1", 7, "Balie 3", 0.0, 0, "test not claimed"),
        "Alarm: Balie 3 (zender 7): een testdruk die niemand bevestigde, dus een echt alarm",
        "Alarm: Balie 3 (zender 7): a test press that nobody claimed, so a real alarm",
    ),
    (
        f.PagerCarried(NOW, "", "p1", "anna", "rostered"),
        "Anna draagt pieper p1 (volgens het rooster)",
        "Anna carries pager p1 (by the roster)",
    ),
    (
        f.PagerCarried(NOW, "k", "p1", "anna", "ticked", "bas"),
        "Anna draagt pieper p1 (afgevinkt door Bas)",
        "Anna carries pager p1 (ticked by Bas)",
    ),
    (
        f.Refused(NOW, "k", "swap", "anna", "this day is past"),
        "Geweigerd aan Anna (ruilen van dienst): deze dag is voorbij",
        "Refused to Anna (a swap of duty): this day is past",
    ),
    (
        f.DutySet(NOW, DAY, time(9), time(17), (("p1", "anna"), ("p2", "bas"))),
        "Dienst op 24-12-2026, open van 09:00 tot 17:00: Anna (p1) en Bas (p2)",
        "Duty on 24-12-2026, open from 09:00 to 17:00: Anna (p1) and Bas (p2)",
    ),
    (
        f.DutySet(NOW, DAY, None, None, ()),
        "Op 24-12-2026 is het gesloten: niemand heeft dienst",
        "Closed on 24-12-2026: nobody is on duty",
    ),
    (
        f.AbsenceNoted(NOW, "k", "anna", DAY, DAY, "bas", "anna", withdrawn=False),
        "Anna is afwezig van 24-12-2026 tot en met 24-12-2026: Bas vervangt, gemeld door Anna",
        "Anna is away from 24-12-2026 to 24-12-2026: Bas stands in, said by Anna",
    ),
    (
        f.GapsFound(NOW, (f.Gap(DAY, "p1"), f.Gap(DAY, "p2", "anna"))),
        "Het rooster heeft gaten: 24-12-2026 pieper p1: niemand; 24-12-2026 pieper p2: Anna, die al een andere draagt",
        "The roster has gaps: 24-12-2026 pager p1: nobody; 24-12-2026 pager p2: Anna, who carries another already",
    ),
    (
        f.PickUpChecked(NOW, DAY, (f.Lacking("p1", "docked", "anna"), f.Lacking("p2", "not heard")), doubtful=True),
        "Controle van de piepers (klok onzeker), niet in orde: "
        "pieper p1 (Anna; hangt in de lader) en pieper p2 (niemand; is niet te horen)",
        "Check of the pagers (clock in doubt), not in order: "
        "pager p1 (Anna; hangs in its dock) and pager p2 (nobody; cannot be heard)",
    ),
    (
        f.PickUpChecked(NOW, DAY, (), doubtful=False),
        "Controle van de piepers: alles is opgehaald en bewezen",
        "Check of the pagers: all are picked up and proven",
    ),
    (
        f.PagerCalled(NOW, "k", "p1", "els", "replaced", "bas"),
        "els heeft gebeld over pieper p1: Bas vervangt",
        "els has called about pager p1: Bas takes it instead",
    ),
    (
        f.DayEnded(NOW, DAY, ("p1", "p2"), ()),
        "De balies zijn dicht; niet terug in de lader: pieper p1 en pieper p2; bijna leeg: geen",
        "The desks are closed; not back in the dock: pager p1 and pager p2; almost empty: none",
    ),
    (
        f.SelfTestEnded(NOW, DAY, ("pager:p1",)),
        "De dagelijkse zelftest is niet getoond door: pieper p1",
        "The daily self-test was not shown by: pager p1",
    ),
    (
        f.DrillEnded(NOW, "drill-d-1", "k", "anna", "stopped"),
        "Einde van de oefening, door Anna: gestopt",
        "End of the drill, by Anna: stopped",
    ),
    (
        f.PlanAdopted(NOW, TOWN_HALL, "hash"),
        "Nieuw plan in gebruik: 4 zenders, 3 piepers, 7 teamleden",
        "New plan in use: 4 zenders, 3 pagers, 7 team members",
    ),
)


@pytest.mark.parametrize(("fact", "dutch", "english"), SENTENCES, ids=lambda value: type(value).__name__)
def test_a_fact_in_a_sentence(fact: f.Fact, dutch: str, english: str) -> None:
    assert Texts("nl").sentence(fact, PEOPLE) == dutch
    assert Texts("en").sentence(fact, PEOPLE) == english


@given(key=st.text(max_size=30) | st.sampled_from(sorted(FAULT_KINDS)), detail=st.text(max_size=30))
def test_a_fault_that_there_are_no_words_for_is_said_as_it_is(key: str, detail: str) -> None:
    texts = Texts("nl")
    said = texts.sentence(f.FaultRaised(NOW, key, detail))
    if kind_of(key) not in FAULT_KINDS:
        assert said.startswith(f"Storing: {key}") and texts.about_fault(key) == ("", "")


def test_a_device_is_called_as_whoever_asks_knows_it() -> None:
    assert Texts("nl").fault("zender:7/silent", "25 s", {"zender:7": "Balie 3"}) == "Balie 3 is stil (25 s)"


@pytest.mark.parametrize(
    ("key", "detail", "said", "technical"),
    [
        ("zender:7/silent", "25 s", "zender 7 is stil (25 s)", ""),
        ("zender:7/battery low", "18 %", "de batterij van zender 7 raakt leeg (18 %)", ""),
        ("budget/shown", "1.254 s, 1 s", "een oproep werd te laat getoond (1.254 s, 1 s)", ""),
        ("zender:7/malformed", "speaks nonsense", "zender 7 zegt iets onbegrijpelijks", "speaks nonsense"),
        ("zender:7/stuck", "open for 30 s: pull", "de knop van zender 7 blijft ingedrukt", "open for 30 s: pull"),
        ("zender/unknown", "zender:99", "zender 99 staat niet in het plan", ""),
        ("broker/link", "", "geen verbinding met de broker", ""),
    ],
)
def test_what_only_an_installer_understands_stands_apart(key: str, detail: str, said: str, technical: str) -> None:
    assert Texts("nl").fault_apart(key, detail) == (said, technical)


@LANGUAGE
def test_one_is_no_more_than_one(language: str) -> None:
    standing = LANGUAGES[language].standing
    assert {key for key in standing if key.endswith(".one")} == {
        f"{key}.one" for key in ("zenders", "pagers", "phones", "counts.yes", "counts.no")
    }
    marks = {weakness: mark for weakness, (mark, _) in LANGUAGES[language].weaker.items()}
    assert marks == {weakness: mark for weakness, (mark, _) in NL.weaker.items()}, "as docs/buttons.md has them"


def test_a_key_is_shown_as_a_shell_takes_it() -> None:
    assert typed("zender:7/two boots") == "zender:7/two boots"
    strange = "moon:1/it's $HOME gone"
    assert " ".join(shlex.split(typed(strange))) == strange and "'$HOME'" in typed(strange)


def test_the_time_since_the_press_follows() -> None:
    shown = f.OrderShown(NOW, *ORDER)
    assert Texts("nl").sentence(shown, after_s=0.3149) == "Pieper p1 toont de oproep (0,31 s na de druk)"
    assert Texts("en").sentence(shown, after_s=71.0) == "Pager p1 shows the page (1:11 after the press)"


@pytest.mark.parametrize(
    ("s", "written"),
    [(0.0, "0,00 s"), (9.99, "9,99 s"), (15.02, "15,0 s"), (59.94, "59,9 s"), (60, "1:00"), (3871, "1:04:31")],
)
def test_durations(s: float, written: str) -> None:
    assert Texts("nl").duration(s) == written


@LANGUAGE
def test_handed_over_is_never_worded_as_received(language: str) -> None:
    """S6: what a carrier took is not at the device yet, and the sentence says so."""
    words = LANGUAGES[language]
    not_received = {"nl": "niet ontvangen", "en": "not received"}[language]
    assert not_received in words.facts["order_handed_over"]
    assert not_received in words.facts["order_handed_over.yet"]
    assert not_received in words.stages["handed_over"]


@LANGUAGE
def test_every_fact_of_a_long_night_can_be_said(language: str) -> None:
    house = House()
    house.press(7)
    house.wait(300)
    house.says("els", "all_clear", "calm")
    texts = Texts(language)
    for fact in (*house.facts, checkpoint(house.state, house.now)):
        assert sentence_key(fact) in texts.words.facts
        assert "{" not in texts.sentence(fact, after_s=1.0)


# --- why an order failed ----------------------------------------------------------------------------------------------

DAEMON = Path(__file__).parent.parent / "daemon" / "achterwacht"
SAYS_WHY = (DAEMON / "mqtt.py", *(DAEMON / "outputs").rglob("*.py"))
OFTEN = (
    *(NO_CHANNEL, NOT_OPEN, NOT_OPEN_YET, BROKEN_TRANSMITTER, NOT_POLLED, SILENT),
    *(f"pager 123: {why}" for why in (NO_ANSWER, PAGE_UNANSWERED, LOGIN_UNANSWERED)),
    "no connection to the broker: [Errno 111] Connection refused",
    "no phone registered",
    "10.0.0.1:12000 does not answer within 10 s; pac.example:12001 cannot be reached: connection refused",
)


def said_in(source: Path) -> Iterator[str]:
    """Every text in a file of Python, with a 7 wherever it is filled in."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("reason", OFTEN)
def test_why_an_order_often_fails_is_said_in_words_for_everybody(reason: str) -> None:
    why = Texts("nl").why_failed(reason)
    assert why.startswith(": ") and reason not in why


@LANGUAGE
def test_every_reason_that_has_words_is_still_given_by_some_carrier(language: str) -> None:
    reasons = {text for source in SAYS_WHY if "texts" not in source.parts for text in said_in(source)}
    of_a_receiver = {f"7:7 {reason}" for reason in reasons}
    for pattern in LANGUAGES[language].failures:
        assert any(re.fullmatch(pattern, reason, re.DOTALL) for reason in reasons | of_a_receiver), pattern


def test_a_receiver_that_refuses_is_no_receiver_that_is_silent() -> None:
    why = "10.0.0.1:12000 does not answer within 10 s; pac.example:12001 refuses it (NAK)"
    assert Texts("nl").why_failed(why) == f" (voor de installateur: {why})"


# --- pagers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "reason", "place", "text"),
    [
        ("alarm", "first press", "Balie 3", "BALIE 3"),
        ("alarm", "pager is back", "Balie 3", "BALIE 3"),
        ("call_112", "nobody on the scene", "Balie 3", "BALIE 3: BEL 112"),
        ("update", "all well?", "Balie 3", "BALIE 3: ALLES GOED?"),
        ("update", "112 needed?", "Balie 3", "BALIE 3: 112 NODIG?"),
        ("update", "pager is back", "Balie 3", "BALIE 3"),
        ("over", "closed", "Balie 3", "BALIE 3: VOORBIJ"),
        ("over", "same alarm", "Balie 3", "BALIE 3: VOORBIJ"),
        ("alarm", "first press", TOWN_HALL.place(99), "ZENDER 99 ONBEKEND"),
        ("alarm", "first press", "Balie Łódź", "BALIE LODZ"),
        ("alarm", "first press", "办公室 3", "??? 3"),
        ("alarm", "first press", "Café „Het Wapen” – ﬁnanciën", 'CAFE "HET WAPEN" - FINANCIEN'),
        (
            "call_112",
            "x",
            "Spreekkamer achter de grote raadszaal op de tweede",
            "SPREEKKAMER ACHTER DE GROTE RAA: BEL 112",
        ),
        ("what is this", "news", "Balie 3", "BALIE 3"),
        ("test", "asked for", "Zender 0 onbekend", "TEST, GEEN ALARM"),
        ("check", "proof of pick-up", "Zender 0 onbekend", "PROEF"),
        ("alarm", "broke off a drill", "Balie 1", "BALIE 1: GEEN OEFENING"),
        ("alarm", "test not claimed", "Balie 1", "BALIE 1: ECHT ALARM"),
        ("alarm", "test pressed twice", "Balie 1", "BALIE 1: ECHT ALARM"),
    ],
)
def test_the_text_on_a_pager(kind: str, reason: str, place: str, text: str) -> None:
    assert Texts("nl").page(kind, reason, place) == text


@LANGUAGE
@given(
    kind=st.sampled_from(sorted(set(PAGED) - set(NOWHERE))),
    reason=st.sampled_from(get_args(f.Reason)),
    place=st.text(max_size=80),
    drill=st.booleans(),
)
def test_any_place_fits_on_a_pager_with_what_must_follow(
    language: str, kind: str, reason: str, place: str, drill: bool
) -> None:
    words = LANGUAGES[language]
    first, follows = f"{words.drill}: " if drill else "", words.page_asks.get(reason) or words.page[kind]
    text = Texts(language).page(kind, reason, place, drill)
    assert len(text) <= PAGE_MAX_CHARS and text.isascii() and text == text.upper()
    assert text.isprintable() and text.startswith(first) and text.endswith(follows)
    shown = text.removeprefix(first).removesuffix(follows).removesuffix(": ")
    assert plain_ascii(place).upper().startswith(shown)
    assert shown or not plain_ascii(place), "there is always room for some of the place"


def test_the_list_of_a_pager_has_places_alone() -> None:
    assert page_place("Café 3") == "CAFE 3"


def alert(kind: f.Kind, on_scene: int = 0, language: str = "nl", room: str = "0.38 WIV") -> Alert:
    return Alert(
        ordered=f.Ordered(NOW, ORDER[0], "7-a-1", "7-a-1", 7, "pager:p1", kind, 1, "first press"),
        place="Balie 3",
        room=room,
        site=Site("Gemeente Voorbeeld", "Raadhuisplein 1", "ingang voorzijde"),
        language=language,
        on_scene=on_scene,
        age_s=0.0,
        attempt=1,
    )


def test_the_script_for_112_says_what_112_asks() -> None:
    assert page_text(alert("call_112", on_scene=2)) == (
        "BALIE 3: BEL 112",
        "112: politie, met spoed. Gemeente Voorbeeld, Raadhuisplein 1, ingang voorzijde. Balie 3, 0.38 WIV. "
        "Agressieve bezoeker. 2 collega's ter plaatse. Gewonden: onbekend.",
    )
    assert "Nog geen collega ter plaatse" in page_text(alert("call_112"))[1]
    assert "Een collega ter plaatse" in page_text(alert("call_112", on_scene=1, room=""))[1]


def test_an_alarm_shows_the_room_and_what_is_over_shows_nothing_more() -> None:
    assert page_text(alert("alarm")) == ("BALIE 3", "0.38 WIV")
    assert page_text(alert("over")) == ("BALIE 3: VOORBIJ", "")


def test_an_unknown_language_still_pages() -> None:
    assert page_text(alert("call_112", language="fy"))[0] == "BALIE 3: BEL 112"


# --- telephones -------------------------------------------------------------------------------------------------------


def on_phone(kind: f.Kind, language: str, **changes: Any) -> tuple[str, str]:
    """An order to a telephone for an alarm of some minutes ago."""
    raised_at = NOW.at - timedelta(minutes=5)
    return phone_text(replace(alert(kind, language=language), raised_at=raised_at, **changes))


@LANGUAGE
@pytest.mark.parametrize("kind", PAGED)
def test_every_message_is_whole_sentences_with_the_place_in_its_title(language: str, kind: f.Kind) -> None:
    title, text = on_phone(kind, language)
    assert ("Balie 3" in title) == (kind not in NOWHERE)
    assert title and text.endswith(".") and "{" not in title + text
    assert len(title) < 60, "a locked screen shows no more"


@LANGUAGE
def test_what_confirming_in_pushover_means_is_said_where_it_answers(language: str) -> None:
    def said(target: str, *answers: str) -> str:
        ordered = replace(alert("alarm").ordered, target=target)
        return on_phone("alarm", language, ordered=ordered, tokens=dict.fromkeys(answers, "t"))[1]

    plain, confirming = on_phone("alarm", language)[1], LANGUAGES[language].confirming
    assert said("pushover:anna", "coming", "cannot") == f"{plain} {confirming}"
    assert said("pushover:anna") == said("push:anna", "coming", "cannot") == plain


def test_a_message_says_where_and_since_when() -> None:
    assert on_phone("alarm", "nl") == ("ALARM: Balie 3", "Kom naar Balie 3, 0.38 WIV. Gedrukt om 09:55:00.")
    assert on_phone("alarm", "en", room="") == ("ALARM: Balie 3", "Come to Balie 3. Pressed at 09:55:00.")
    assert on_phone("over", "nl")[0] == "Voorbij: Balie 3"
    assert on_phone("alarm", "fy") == on_phone("alarm", "nl"), "an unknown language still says it"


@LANGUAGE
def test_whoever_must_call_112_has_the_script_in_the_message(language: str) -> None:
    title, text = on_phone("call_112", language, on_scene=2)
    assert "112" in title
    assert text == LANGUAGES[language].script_112.format(
        site="Gemeente Voorbeeld, Raadhuisplein 1, ingang voorzijde",
        where="Balie 3, 0.38 WIV",
        on_scene=LANGUAGES[language].on_scene[2].format(count=2),
    )


@LANGUAGE
def test_an_update_asks_its_question_in_the_title(language: str) -> None:
    asked = replace(alert("update").ordered, reason="all well?")
    title, _ = on_phone("update", language, ordered=asked)
    assert title == f"Balie 3: {LANGUAGES[language].reasons['all well?']}"


@LANGUAGE
def test_a_test_cannot_be_taken_for_an_alarm(language: str) -> None:
    ordered = f.Ordered(NOW, "test.d001.3", "", "", 0, "push:anna", "test", 1, "asked for")
    nowhere = replace(alert("test", language=language), ordered=ordered, place="Zender 0 onbekend", room="")
    title, text = phone_text(nowhere)
    assert title == {"nl": "Proef van Achterwacht", "en": "Test of Achterwacht"}[language]
    assert text.startswith({"nl": "Dit is geen alarm.", "en": "This is no alarm."}[language]) and "10:00:00" in text
    for word in ("ALARM", "112", "Zender 0", "Balie"):
        assert word not in title + text
    page, detail = page_text(nowhere)
    assert page.startswith("TEST") and detail == ""


@LANGUAGE
def test_a_kind_that_there_are_no_words_for_is_said_as_an_alarm(language: str) -> None:
    assert on_phone(cast("f.Kind", "of next year"), language) == on_phone("alarm", language)


@LANGUAGE
def test_every_answer_that_can_be_given_by_a_button_has_its_label(language: str) -> None:
    for answer in {answer for answers in ANSWERS_BY_PHONE.values() for answer in answers}:
        label = button_label(language, answer)
        assert label == LANGUAGES[language].buttons[answer] and len(label) <= BUTTON_CHARS
    assert button_label(language, "police_here") == "police_here", "better than no button"


# --- drills, tests of buttons, notices --------------------------------------------------------------------------------


def said(kind: f.Kind, reason: f.Reason, language: str = "nl", target: str = "pager:p1", **changes: Any) -> Alert:
    """An order for this reason."""
    ordered = replace(alert(kind).ordered, reason=reason, target=target)
    if kind in NOWHERE and reason != "test press":
        ordered = replace(ordered, incident="", press="", zender=0)
    return replace(alert(kind, language=language), ordered=ordered, **changes)


def test_before_an_announced_drill_rings_no_time_is_told() -> None:
    """Not in watching it, and not in its story: it would be before there was anything to count from."""
    house, following, texts = House(), Following(), Texts("nl")
    house.practises(7, announced=True)
    house.wait(30)
    house.says("anna", "coming")
    house.stops_practising()
    lines = [texts.line(following.take(n, fact)) for n, fact in enumerate(house.facts, 1)]
    assert any("komt eraan" in line for line in lines)
    assert not any("na de druk" in line for line in lines)
    (story,) = drills(enumerate(house.facts, 1))
    told = story_text(story, {})
    assert told.splitlines()[1].endswith(", ging niet door")
    assert not re.search(r"-\d+,\d+ s", told)


@LANGUAGE
@pytest.mark.parametrize("kind", ["drill", "update", "over", "call_112"])
@pytest.mark.parametrize("reason", ["drill", "all well?", "closed", "drill ended", "drill broken off"])
def test_whatever_is_said_of_a_drill_says_first_that_it_is_one(language: str, kind: f.Kind, reason: f.Reason) -> None:
    words = LANGUAGES[language]
    practice = said(kind, reason, language, drill=True)
    page, detail = page_text(practice)
    title, text = phone_text(practice)
    assert page.startswith(f"{words.drill}: BALIE 3") and detail.startswith(words.this_is_a_drill)
    assert title.startswith(f"{words.drill}: ") and "Balie 3" in title and text.startswith(words.this_is_a_drill)
    assert "112:" not in detail, "nobody reads out to 112 what is practice"


def test_a_drill_is_marked_and_the_alarm_that_ends_it_is_none() -> None:
    practice = said("drill", "drill", drill=True)
    assert page_text(practice) == ("OEFENING: BALIE 3", "Dit is een oefening. 0.38 WIV")
    assert phone_text(practice)[0] == "OEFENING: Balie 3"
    assert page_text(said("over", "drill broken off", drill=True))[0] == "OEFENING: BALIE 3: AFGEBROKEN"
    assert "Een alarm dat nu nog klinkt, is echt." in phone_text(said("over", "drill broken off", drill=True))[1]
    real = said("alarm", "broke off a drill")
    assert page_text(real) == ("BALIE 3: GEEN OEFENING", "0.38 WIV")
    assert phone_text(real)[0] == "ALARM, GEEN OEFENING: Balie 3"
    assert phone_text(said("alarm", "test not claimed"))[0] == "ECHT ALARM: Balie 3"


@LANGUAGE
def test_the_test_of_a_button_says_test_before_the_place(language: str) -> None:
    test = said("test", "test press", language)
    assert page_text(test) == ("TEST BALIE 3", "")
    title, text = phone_text(test)
    assert title == "TEST: Balie 3" and {"nl": "geen alarm", "en": "no alarm"}[language] in text


ANNA = About(
    "p3",
    "Anna de Vries",
    "06-00000003",
    "docked",
    (f.Tried("reminded", "", datetime(2026, 12, 24, 7, 50, tzinfo=UTC)),),
)


def test_the_list_of_nine_o_clock_says_whom_to_call_and_what_was_tried() -> None:
    missing = said("fault", "pagers missing", target="push:els", about=(ANNA, About("p1", why="no carrier")))
    told = (
        "Pieper p3: Anna de Vries, 06-00000003; hangt in de lader; 08:50 herinnering gestuurd. "
        "Pieper p1: niemand; onbekend wie hem draagt."
    )
    assert phone_text(missing) == (
        "Niet alle piepers zijn opgehaald",
        f"Bel wie hem zou dragen, en vink af wat u hoort. {told}",
    )
    assert page_text(missing) == ("NIET OPGEHAALD: P3 EN P1", told)


def test_a_long_list_ends_with_the_names_of_which_there_was_no_room_to_tell_more() -> None:
    pagers = tuple(replace(ANNA, pager=f"p{n}") for n in range(1, 13))
    _, told = phone_text(said("fault", "pagers missing", target="push:els", about=pagers))
    assert told.count("06-00000003") == LISTED_MAX
    assert told.endswith("En nog: p9, p10, p11 en p12.")
    assert len(told) < 1000


@pytest.mark.parametrize(
    ("kind", "reason", "page", "detail"),
    [
        ("who", "who carries it", "WIE DRAAGT PIEPER P3?", "Vandaag is dat Anna de Vries."),
        ("reminder", "pager not picked up", "HAAL PIEPER P3 OP", ""),
        ("reminder", "pagers not back", "BRENG PIEPER P3 TERUG", ""),
        ("reminder", "drill announced", "OVER 1 MINUUT: OEFENING", ""),
        ("reminder", "drill called off", "OEFENING GAAT NIET DOOR", ""),
        ("reminder", "pagers all there", "ALLE PIEPERS OPGEHAALD", ""),
        ("reminder", "enough pagers again", "WEER GENOEG PIEPERS GEDRAGEN", ""),
        ("fault", "too few pagers", "TE WEINIG PIEPERS GEDRAGEN", Texts("nl").about(ANNA)),
        ("fault", "pagers not back", "NIET TERUG OF BIJNA LEEG: P3", Texts("nl").about(ANNA)),
    ],
)
def test_a_notice_on_a_pager(kind: f.Kind, reason: f.Reason, page: str, detail: str) -> None:
    assert page_text(said(kind, reason, about=(ANNA,))) == (page, detail)


def test_a_gap_in_the_roster_is_told_by_its_day() -> None:
    gaps = (About("p1", on=DAY), About("p2", "Anna de Vries", on=DAY))
    assert phone_text(said("fault", "gaps in the roster", about=gaps))[1] == (
        "Regel wie deze piepers draagt. 24-12-2026 pieper p1: niemand. "
        "24-12-2026 pieper p2: Anna de Vries, die al een andere draagt."
    )


@LANGUAGE
@pytest.mark.parametrize("reason", NL.notices)
def test_every_notice_fits_and_is_whole_sentences(language: str, reason: str) -> None:
    reason, _, kind = reason.partition(".")
    many = tuple(replace(ANNA, pager=f"pager-of-the-{nr}-floor") for nr in range(9))
    for about in ((), (ANNA,), many):
        notice = said(cast("f.Kind", kind or "fault"), cast("f.Reason", reason), language, about=about)
        page, detail = page_text(notice)
        assert page and len(page) <= PAGE_MAX_CHARS and page.isascii() and page == page.upper()
        title, text = phone_text(notice)
        assert title and text.endswith(".") and "{" not in page + detail + title + text
        assert "ALARM" not in title + page, "nobody runs for it"


@LANGUAGE
@pytest.mark.parametrize("kind", ["who", "reminder", "fault"])
def test_a_notice_without_words_of_its_own_still_says_what_it_is_about(language: str, kind: f.Kind) -> None:
    notice = said(kind, "battery low", language)
    assert page_text(notice) == (LANGUAGES[language].page[kind], "")
    assert phone_text(notice)[1].endswith(".")


# --- pages of text ----------------------------------------------------------------------------------------------------


def night() -> House:
    house = House()
    house.failing["phone:anna"] = "no such channel"
    house.press(7)
    house.wait(4)
    house.pager("p1").answers("coming")
    house.wait(20)
    house.pager("p1").answers("on_scene")
    house.pager("p1").answers("told_to_leave")
    house.wait(70)
    house.says("fred", "called_112")
    house.says("els", "all_clear", "the visitor has left")
    return house


def test_the_story_of_an_incident() -> None:
    (incident,) = incidents(enumerate(night().facts, 1))
    heading, happened, called, measured = story_text(incident, PEOPLE).split("\n\n")
    assert heading.splitlines()[:2] == [
        "Melding 2026-001: Balie 3 (zender 7)",
        "Begonnen 21-11-2026 om 10:00:00, voorbij na 1:34",
    ]
    assert "  10:00:04   4,00 s  Anna komt eraan" in happened.splitlines()
    failed = "Bericht voor telefoon van Anna is mislukt (voor de installateur: no such channel)"
    assert f"  10:00:00   0,03 s  {failed}" in happened
    assert [line.split() for line in called.splitlines()[1:4]] == [
        ["pieper", "p1", "beantwoord"],
        ["pieper", "p2", "getoond"],
        ["pieper", "p3", "getoond"],
    ]
    assert " ".join(called.splitlines()[4].split()) == (
        "telefoon van Anna 2x mislukt (voor de installateur: no such channel)"
    )
    assert "  laatste oproep getoond             310,0 ms" in measured.splitlines()


def test_a_story_whose_times_nobody_vouches_for_says_so() -> None:
    when = Moment(NOW.mono_s, NOW.at, clock_ok=False)
    (incident,) = incidents([(1, f.AlarmRecovered(when, "7-a-1", "7-a-1", 7, "Balie 3", "p1"))])
    page = story_text(incident, {})
    assert "De klok was niet gelijkgezet" in page and "10:00:00?" in page
    assert "Hersteld uit het geheugen van pieper p1" in page and "onbekend" in page
    form = form_text(draft(incident, {}))
    assert "controleer datum en tijd" in form and "de druk zelf was eerder" in form
    assert "De melding is nog open." in form


def test_the_form_on_paper() -> None:
    (incident,) = incidents(enumerate(night().facts, 1))
    form = form_text(draft(incident, {"anna": "Anna Jansen-van der Meulen", "els": "Els"}))
    lines = form.splitlines()
    assert max(map(len, lines)) <= COLUMNS
    assert lines[0] == "Concept-melding agressie 2026-001"
    assert "Tijdstip         10:00:00" in lines
    for ticked in ("(x) gemeentehuis: Balie 3 (zender 7)", "(x) Persoonlijk", "[x] politie ingeschakeld"):
        assert f"  {ticked}" in lines
    assert "  [ ] aangifte / melding politie" in lines
    assert lines[-7:] == [
        "  10:00:24   24,0 s  09:00:24Z  Anna Jansen-van der Meulen is ter plaatse",
        "  10:00:24   24,0 s  09:00:24Z  Anna Jansen-van der Meulen heeft de bezoeker",
        "                                gesommeerd te vertrekken",
        "  10:01:34     1:34  09:01:34Z  112 is gebeld, gemeld door fred",
        "  10:01:34     1:34  09:01:34Z  Voorbij, gemeld door Els: the visitor has left",
        "",
        "Concept: controleer, vul aan en bespreek het met de leidinggevende.",
    ]
