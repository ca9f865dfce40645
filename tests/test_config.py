"""The files people write: what the shipped ones say, every mistake with its place, and what is remembered.

tests/bad_config/ has a folder for each mistake, named after it. Its files stand in for the shipped ones and begin with
the messages that they must cause: `# expect: file:line:column: key: what is wrong, what is expected`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from itertools import product
from pathlib import Path
from typing import Any, TypeVar, get_args

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from achterwacht import config
from achterwacht.config import FILES, BrokerSettings, Settings, load, load_fast, plan_at_start, recall, remember
from achterwacht.config_advice import lint, summary
from achterwacht.config_forms import PUSH_HOSTS, AchterwachtFile, ZendersFile
from achterwacht.config_presses import pressed_together
from achterwacht.config_schema import read_settings
from achterwacht.core.codec import to_plain
from achterwacht.core.evolve import is_another
from achterwacht.core.plan import (
    AlarmCentre,
    Gateway,
    Hours,
    Ladder,
    Member,
    Morning,
    Pager,
    Plan,
    Step,
    Zender,
)
from achterwacht.core.workdays import DEFAULT_HOLIDAYS
from achterwacht.errors import ConfigInvalid, Mistake
from achterwacht.inputs.mapping import Payload, matches, meaning, places
from achterwacht.inputs.profiles import PROFILES
from achterwacht.inputs.wiring import Contact, Device, Dock, OnPort, Port, Reading, Wiring
from achterwacht.journal.people import Person
from achterwacht.outputs.wiring import (
    AppriseWay,
    BasePager,
    CentreLine,
    Ntfy,
    PagingBase,
    Phones,
    Pushover,
    Receiver,
    SerialFormat,
    Voices,
    WebPush,
)

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "config"
MIXED = SHIPPED / "examples" / "gemengd"
VOICES = SHIPPED / "examples" / "stemmen"
BAD = Path(__file__).parent / "bad_config"

ONE_LINE = re.compile(r"(zenders|achterwacht)\.yaml:[1-9]\d*:[1-9]\d*: [^\s].*: .+")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the shipped files, to change."""
    copy = tmp_path / "config"
    shutil.copytree(SHIPPED, copy)
    return copy


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """An empty state folder."""
    made = tmp_path / "state"
    made.mkdir()
    return made


def mistakes_in(folder: Path) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        load(folder)
    return str(caught.value).split("\n")


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


# --- the shipped files ------------------------------------------------------------------------------------------------


def test_the_eleven_zenders_are_those_of_the_town_hall() -> None:
    assert [(zender.nr, zender.place, zender.room) for zender in load(SHIPPED).plan.zenders] == [
        (1, "Spreekkamer 1", "0.11 PB"),
        (2, "Spreekkamer 2", "0.12 PB"),
        (3, "Spreekkamer 3", "0.38 WIV"),
        (4, "Spreekkamer 4", "0.39 WIV"),
        (5, "Balie 1", ""),
        (6, "Balie 2", ""),
        (7, "Balie 3", ""),
        (8, "Balie 4", ""),
        (9, "Receptie", ""),
        (10, "Balie 5", ""),
        (11, "Balie 6", ""),
    ]


def test_only_the_reception_has_staff_and_a_screen() -> None:
    plan = load(SHIPPED).plan
    reception = {member.id for member in plan.members if "reception" in member.roles}
    assert {zender.nr: (set(zender.staff), zender.screens) for zender in plan.zenders if zender.staff} == {
        9: (reception, ("receptie",))
    }
    assert not any(zender.screens for zender in plan.zenders if zender.nr != 9)


def test_the_ladder_is_the_one_of_the_house() -> None:
    plan = load(SHIPPED).plan
    assert plan.ladder == Ladder(
        steps=(
            Step(0.0, ("pagers", "team")),
            Step(15.0, ("pagers", "team", "backup")),
            Step(30.0, ("pagers", "team", "backup", "reception", "supervisor")),
        ),
        callers_112=("receptie-1", "leiding-1", "lid-3"),
    )
    assert [(pager.id, pager.carrier) for pager in plan.pagers] == [("p1", "lid-1"), ("p2", "lid-2"), ("p3", "lid-3")]


def test_the_rest_of_the_shipped_settings() -> None:
    settings = load(SHIPPED)
    assert settings.broker == BrokerSettings(
        "127.0.0.1", 1883, username="achterwacht", password_file="/etc/achterwacht/broker.password"
    )
    hours = settings.plan.hours
    assert [day.weekday for day in hours.week] == [0, 1, 2, 3, 4]
    assert (hours.week[3].opens, hours.week[3].closes) == (time(8, 30), time(20))
    assert (hours.holidays, hours.closed, hours.special) == (DEFAULT_HOLIDAYS, (), ())
    assert settings.plan.morning == Morning()
    assert settings.plan.with_role("coordinator") == ("leiding-1",)
    assert [pager.week for pager in settings.plan.pagers] == [(pager.carrier,) * 7 for pager in settings.plan.pagers]
    assert settings.people is not None
    assert [person.id for person in settings.people] == [member.id for member in settings.plan.members]


def test_people_are_marked_examples_and_not_in_the_plan() -> None:
    settings = load(SHIPPED)
    assert settings.people
    plan = str(to_plain(settings.plan))
    for person in settings.people:
        assert person.name.startswith("VOORBEELD")
        assert person.phone.startswith("06-0000000")
        assert person.name not in plan
        assert person.phone not in plan


def test_what_is_commented_out_in_the_shipped_file_is_good_when_it_is_not(folder: Path) -> None:
    text = (folder / "achterwacht.yaml").read_text(encoding="utf-8")
    blocks = re.findall(r"^# (?:paging_bases|phones|alarm_centre|calendars):\n(?:#  .*\n)+", text, flags=re.MULTILINE)
    lines = re.findall(r"^ +# (?:week|closed|open): .*\n", text, flags=re.MULTILINE)
    for part in (*blocks, *lines):
        text = text.replace(part, re.sub(r"^( *)# ", r"\1", part, flags=re.MULTILINE))
    (folder / "achterwacht.yaml").write_text(text, encoding="utf-8")
    settings = load(folder)
    voices, plan = settings.voices, settings.plan
    assert (len(blocks), len(lines)) == (4, 3)
    assert voices.bases == (PagingBase("centrale", "espa", "/dev/serial/by-id/usb-VOORBEELD", group_address="8000"),)
    assert voices.phones.push and voices.phones.ntfy and voices.phones.pushover and voices.phones.apprise
    assert voices.alarm_centre
    assert plan.pagers[2].week == ("lid-3", "lid-3", "lid-4", "lid-3", None, "lid-3", "lid-3")
    assert (plan.hours.closed[0], len(plan.hours.closed), len(plan.hours.special)) == (date(2026, 5, 15), 5, 1)
    assert plan.calendars == ("dienst", "verlof")


def test_every_key_stands_in_the_shipped_files() -> None:
    """Whoever fills them in finds every key there, set or explained."""

    def keys(form: type[BaseModel]) -> list[str]:
        found = list(form.model_fields)
        for field in form.model_fields.values():
            for kind in (field.annotation, *get_args(field.annotation)):
                found += keys(kind) if isinstance(kind, type) and issubclass(kind, BaseModel) else []
        return found

    for form, file in ((ZendersFile, "zenders.yaml"), (AchterwachtFile, "achterwacht.yaml")):
        text = (SHIPPED / file).read_text(encoding="utf-8")
        assert [key for key in keys(form) if not re.search(rf"\b{key}\b", text)] == []


def test_the_source_is_that_of_both_files(folder: Path) -> None:
    before = load(folder).source
    assert load(folder).source == before
    for file in FILES:
        with (folder / file).open("a", encoding="utf-8") as more:
            more.write("# a comment\n")
        after = load(folder).source
        assert after != before
        before = after


def test_what_may_be_left_out_has_the_defaults_of_the_plan() -> None:
    zenders = b"zenders: [{nr: 7, place: Balie 3}]"
    site = b"""
site: {name: Gemeentehuis, address: Raadhuisplein 1}
broker: {host: broker.local, tls: true, port: 8883}
pagers: [{id: p1}, {id: p2, carrier: }]
members: [{id: a, name: A}, {id: b, name: B, ways: [app]}]
ladder: {steps: [{after_s: 0, ring: [pagers, b]}]}
call_112: {callers: [b]}
"""
    settings = read_settings({"zenders.yaml": zenders, "achterwacht.yaml": b"\xef\xbb\xbf" + site}, [], "source")
    assert settings.plan == Plan(
        site=replace(settings.plan.site, name="Gemeentehuis", address="Raadhuisplein 1", entrance=""),
        zenders=(Zender(7, "Balie 3"),),
        pagers=(Pager("p1"), Pager("p2")),
        members=(Member("a"), Member("b", ways=("app",))),
        ladder=Ladder((Step(0.0, ("pagers", "b")),), callers_112=("b",)),
        hours=Hours(holidays=DEFAULT_HOLIDAYS),
    )
    assert settings.people == (Person("a", "A", ""), Person("b", "B", ""))
    assert settings.voices == Voices()
    assert settings.broker == BrokerSettings("broker.local", 8883, tls=True)
    assert settings.wiring == Wiring()


# --- how each zender is heard -----------------------------------------------------------------------------------------


def heard_by(zenders: str) -> Settings:
    """The shipped settings with these zenders."""
    site = (SHIPPED / "achterwacht.yaml").read_bytes()
    return read_settings({"zenders.yaml": zenders.encode(), "achterwacht.yaml": site}, [], "source")


def test_without_a_block_it_is_our_own_node_on_mqtt() -> None:
    settings = heard_by("zenders: [{nr: 7, place: Balie 3}, {nr: 8, place: Balie 4, max_silence_s: 60}]")
    assert settings.plan.zenders == (Zender(7, "Balie 3"), Zender(8, "Balie 4", max_silence_s=60.0))
    assert settings.plan.gateways == ()
    assert settings.wiring == Wiring()


Wired = TypeVar("Wired", Zender, Gateway)


def unwired(these: tuple[Wired, ...]) -> tuple[Wired, ...]:
    """The same without the digest of where each is heard, which is test_what_makes_it_another_device's."""
    return tuple(replace(this, wired="") for this in these)


def test_contacts_on_pins() -> None:
    settings = heard_by("""
zenders:
  - {nr: 7, place: Balie 3, gpio: {pin: 17}}
  - nr: 8
    place: Balie 4
    gpio: {pin: 4, contact: normally_open, pull: down, min_active_ms: 20, rearm_ms: 0}
""")
    assert unwired(settings.plan.zenders) == (
        Zender(7, "Balie 3", transport="gpio", gateway="gpio", max_silence_s=25.0),
        Zender(8, "Balie 4", transport="gpio", gateway="gpio", weaker=("cut wire unseen",)),
    )
    assert unwired(settings.plan.gateways) == (Gateway("gpio"),)
    assert settings.wiring == Wiring(
        contacts=(Contact(7, 17), Contact(8, 4, normally_closed=False, pull="down", min_active_ms=20, rearm_ms=0))
    )


def test_zenders_behind_serial_ports() -> None:
    settings = heard_by("""
ports:
  - {id: kelder, protocol: zw1, path: /dev/serial/by-id/usb-1}
  - {id: radio, protocol: rfxtrx, path: /dev/serial/by-id/usb-2}
zenders:
  - {nr: 7, place: Balie 3, serial: {port: kelder}}
  - {nr: 8, place: Balie 4, serial: {port: radio, address: "powercode:6f4770"}, max_silence_s: 14400}
  - {nr: 9, place: Receptie, serial: {port: radio, address: "x10:6f4770"}, heartbeat: false}
""")
    assert unwired(settings.plan.zenders) == (
        Zender(7, "Balie 3", transport="serial", gateway="kelder", max_silence_s=25.0),
        Zender(8, "Balie 4", transport="serial", gateway="radio", max_silence_s=14400.0),
        Zender(9, "Receptie", transport="serial", gateway="radio", max_silence_s=None, weaker=("no heartbeat",)),
    )
    assert unwired(settings.plan.gateways) == (Gateway("kelder"), Gateway("radio"))
    assert settings.wiring == Wiring(
        ports=(
            Port("kelder", "zw1", "/dev/serial/by-id/usb-1"),
            Port("radio", "rfxtrx", "/dev/serial/by-id/usb-2"),
        ),
        on_ports=(OnPort(7, "kelder"), OnPort(8, "radio", "powercode:6f4770"), OnPort(9, "radio", "x10:6f4770")),
    )


DOCKS = """
gateways:
  - {id: zigbee, online: {topic: zigbee2mqtt/bridge/state, path: state, value: [online]}}
zenders: [{nr: 7, place: Balie 3}]
docks:
  - {pager: p1, gpio: {pin: 5, contact: normally_open, pull: none}}
  - {pager: p2, device: {topic: zigbee2mqtt/dok-2, path: contact, docked: [true], gateway: zigbee}}
  - {pager: p3, device: {topic: rtl_433/pi/events, path: contact_open, where: {id: 73942}, docked: ["0", closed]}}
"""


def test_the_docks_of_pagers() -> None:
    settings = heard_by(DOCKS)
    assert [(pager.id, pager.dock) for pager in settings.plan.pagers] == [("p1", True), ("p2", True), ("p3", True)]
    assert {gateway.id for gateway in settings.plan.gateways} == {"gpio", "zigbee"}
    assert settings.wiring.docks == (Dock("p1", 5, normally_closed=False, pull="none"),)
    zigbee = Reading("zigbee2mqtt/dok-2", "docked", "contact", values=("true",))
    radio = Reading("rtl_433/pi/events", "docked", "contact_open", where=(("id", "73942"),), values=("0", "closed"))
    assert settings.wiring.devices[1:] == (
        Device("dock:p2", (zigbee,), gateway="zigbee"),
        Device("dock:p3", (radio,)),
    )
    without = heard_by("zenders: [{nr: 7, place: Balie 3}]").plan
    assert not any(pager.dock for pager in without.pagers)
    names = [f"dock:{pager.id}" for pager in without.pagers]
    assert [name for name in names if is_another(name, settings.plan, without)] == names
    assert not any(is_another(name, without, settings.plan) for name in names)


def test_the_summary_says_how_each_dock_is_heard_and_its_gateway_is_not_idle() -> None:
    settings = heard_by(DOCKS)
    lines = [" ".join(line.split()) for line in summary(settings).splitlines()]
    for line in (
        "dock p1 GPIO5, normally open; a cut wire looks carried",
        "dock p2 MQTT zigbee2mqtt/dok-2 at contact: docked when true, through zigbee",
        "dock p3 MQTT rtl_433/pi/events at contact_open: docked when 0 or closed",
    ):
        assert line in lines
    assert not any("is heard through" in advice for advice in lint(settings))


def test_a_dock_where_there_are_no_pagers_is_told(folder: Path) -> None:
    file = folder / "achterwacht.yaml"
    text = re.sub(r"^pagers:\n(?:[ #].*\n|\n)*", "pagers: []\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    file.write_text(text, encoding="utf-8")
    (folder / "zenders.yaml").write_text("zenders: [{nr: 7, place: B}]\ndocks: [{pager: p1, gpio: {pin: 5}}]\n")
    problem = "docks.0.pager: is 'p1', no pager of achterwacht.yaml, expected one that stands under pagers"
    assert problem in "\n".join(mistakes_in(folder))


@pytest.mark.parametrize(
    ("given", "instead", "another"),
    [
        ("pin: 17", "pin: 27", ["zender:7"]),
        ("topic: zigbee2mqtt/a", "topic: zigbee2mqtt/b", ["zender:9"]),
        ("powercode:6f4770", "powercode:6f4771", ["zender:8"]),
        ("place: Balie 3", "place: Balie 5", []),
        ("min_active_ms: 5", "min_active_ms: 6", []),
        ("dedupe_s: 1", "dedupe_s: 2", []),
        ("usb-2", "usb-3", []),
        ("protocol: zw1", "protocol: rfxtrx", ["gateway:spare"]),
    ],
)
def test_what_makes_it_another_device(given: str, instead: str, another: list[str]) -> None:
    text = """
ports:
  - {id: radio, protocol: rfxtrx, path: /dev/serial/by-id/usb-2}
  - {id: spare, protocol: zw1, path: /dev/serial/by-id/usb-1}
zenders:
  - {nr: 7, place: Balie 3, gpio: {pin: 17, min_active_ms: 5}}
  - {nr: 8, place: Balie 4, serial: {port: radio, address: "powercode:6f4770"}, max_silence_s: 14400}
  - nr: 9
    place: Receptie
    device: {profile: zigbee2mqtt, topic: zigbee2mqtt/a, dedupe_s: 1}
    heartbeat: false
"""
    before, after = heard_by(text).plan, heard_by(text.replace(given, instead)).plan
    names = [f"zender:{zender.nr}" for zender in before.zenders]
    names += [f"gateway:{gateway.id}" for gateway in before.gateways]
    assert given in text
    assert [name for name in names if is_another(name, before, after)] == another


CUSTOM = """
gateways:
  - id: ontvanger
    online: {topic: rtl_433/kelder/availability, value: [Online, 1]}
    alive: {topic: rtl_433/kelder/states}
    max_silence_s: 900
  - {id: brug, online: {topic: brug/state, path: state, value: [online]}}
zenders:
  - nr: 7
    place: Balie 3
    device:
      profile: custom
      topic: rtl_433/+/events
      gateway: ontvanger
      where: {model: Knop, id: 0x1F, kanaal: 2}
      qos: 0
      dedupe_s: 0
      retained: ignore
      press: {path: "lijst[*]", field: actie, value: [ALARM, true, 1.0], ignore: [los], counter: teller}
      battery_low: {path: battery_ok, below: 0.5}
      tamper: {topic: rtl_433/tamper, path: open, where: {deksel: LOS}, value: [1]}
    heartbeat: false
  - nr: 8
    place: Balie 4
    device:
      profile: custom
      topic: balie-4
      press: {kind: level, value: ["ON"]}
      online: {topic: balie-4/lwt, value: [1]}
    max_silence_s: 9000
"""


def test_bought_devices_and_their_gateways() -> None:
    """What is not given is left to the profile, and values are as messages are compared with them."""
    settings = heard_by(CUSTOM)
    where = (("model", "knop"), ("id", "31"), ("kanaal", "2"))
    assert unwired(settings.plan.zenders) == (
        Zender(
            7,
            "Balie 3",
            transport="bought",
            gateway="ontvanger",
            max_silence_s=None,
            weaker=("no heartbeat", "qos 0"),
        ),
        Zender(8, "Balie 4", transport="bought", max_silence_s=9000.0),
    )
    assert unwired(settings.plan.gateways) == (
        Gateway("ontvanger", on_mqtt=True, max_silence_s=900.0),
        Gateway("brug", on_mqtt=True),
    )
    receiver, bridge, seven, eight = settings.wiring.devices
    assert (receiver.name, bridge.name, seven.name, eight.name) == (
        *("gateway:ontvanger", "gateway:brug"),
        *("zender:7", "zender:8"),
    )
    assert receiver.readings == (
        Reading("rtl_433/kelder/availability", "online", values=("online", "1")),
        Reading("rtl_433/kelder/states", "alive"),
    )
    assert bridge.readings == (Reading("brug/state", "online", "state", values=("online",)),)
    assert (seven.dedupe_s, seven.retained, seven.qos) == (0.0, "ignore", 0)
    assert (eight.dedupe_s, eight.retained, eight.qos) == (
        PROFILES["custom"].dedupe_s,
        PROFILES["custom"].retained,
        1,
    )
    told = {reading.says: reading for reading in seven.readings}
    assert told["press"] == Reading(
        topic="rtl_433/+/events",
        says="press",
        path="lijst[*]",
        field="actie",
        where=where,
        values=("alarm", "true", "1"),
        ignore=("los",),
        counter="teller",
    )
    low, tamper = told["battery_low"], told["tamper"]
    assert (low.topic, low.path, low.where, low.below) == ("rtl_433/+/events", "battery_ok", where, 0.5)
    assert (tamper.topic, tamper.path, tamper.values) == ("rtl_433/tamper", "open", ("1",))
    assert ("deksel", "los") in tamper.where
    pressed, online = eight.readings
    assert (pressed.topic, pressed.says, pressed.values, pressed.kind) == ("balie-4", "press", ("on",), "level")
    assert (online.topic, online.says, online.values) == ("balie-4/lwt", "online", ("1",))


def test_what_the_plan_says_of_a_press_is_said_instead_of_the_profile() -> None:
    block = "profile: zigbee2mqtt, topic: zigbee2mqtt/balie-3"
    zender = "zenders: [{{nr: 7, place: Balie 3, heartbeat: false, device: {{{}}}}}]"
    (as_profile,) = heard_by(zender.format(block)).wiring.devices
    (changed,) = heard_by(zender.format(f"{block}, press: {{value: [hold]}}")).wiring.devices
    pressed, *_ = (reading for reading in as_profile.readings if reading.says == "press")
    (held,) = (reading for reading in changed.readings if reading.says == "press")
    assert pressed.values != held.values
    assert held == replace(pressed, values=("hold",))


def test_two_zenders_may_be_pressed_by_two_values_of_one_message() -> None:
    """One remote control with two buttons, for two desks."""
    device = "profile: custom, topic: afstandsbediening"
    settings = heard_by(f"""
zenders:
  - {{nr: 7, place: Balie 3, heartbeat: false, device: {{{device}, press: {{path: knop, value: [a, b]}}}}}}
  - {{nr: 8, place: Balie 4, heartbeat: false, device: {{{device}, press: {{path: knop, value: [c]}}}}}}
""")
    assert len(settings.wiring.devices) == 2
    with pytest.raises(ConfigInvalid, match=r"zenders\.1\.device: is pressed by the same messages"):
        heard_by(f"""
zenders:
  - {{nr: 7, place: Balie 3, heartbeat: false, device: {{{device}, press: {{path: knop, value: [a, b]}}}}}}
  - {{nr: 8, place: Balie 4, heartbeat: false, device: {{{device}, press: {{path: knop}}}}}}
""")


PRESSES = st.builds(
    Reading,
    topic=st.sampled_from(["a/b", "a/c", "a/+", "+/b", "a/#", "d"]),
    says=st.just("press"),
    path=st.just("knop"),
    where=st.dictionaries(st.sampled_from(["m", "n"]), st.sampled_from("12")).map(lambda where: tuple(where.items())),
    values=st.lists(st.sampled_from("12"), unique=True).map(tuple),
)
MESSAGES = [
    (topic, Payload(json.dumps({"knop": knop, "m": m, "n": n}).encode()))
    for topic, knop, m, n in product(["a/b", "a/c", "x/b", "a/x", "d"], "123", "123", "123")
]


def presses(reading: Reading, topic: str, payload: Payload) -> bool:
    """Whether this message is a press; one with another value than the plan has is nonsense, and none."""
    try:
        return matches(reading.topic, topic) and any(
            meaning(reading, place.value) for place in places(reading, payload)
        )
    except ValueError:
        return False


@settings(deadline=None)
@given(st.lists(PRESSES, max_size=4))
def test_zenders_are_pressed_together_when_there_is_a_message_that_presses_both(made: list[Reading]) -> None:
    pressed = [{at for at, (topic, said) in enumerate(MESSAGES) if presses(reading, topic, said)} for reading in made]
    expected = {
        zender: next(other for other in range(zender) if pressed[zender] & pressed[other])
        for zender in range(len(made))
        if any(pressed[zender] & pressed[other] for other in range(zender))
    }
    assert pressed_together({zender: (reading,) for zender, reading in enumerate(made)}) == expected


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (Reading("t", "press", "n[*]", "a.b"), Reading("t", "press", "n[*].a", "b"), True),
        (Reading("t", "press", "n", "a"), Reading("t", "press", "n.a"), True),
        (Reading("t", "press", "n"), Reading("t", "press", "m"), False),
        (Reading("t", "press", "n[*]"), Reading("t", "press", "n"), False),
        (Reading("t", "press", "v", where=(("v", "7"),)), Reading("t", "press", "v", values=("8",)), False),
        (Reading("t", "press", "v", where=(("v", "7"),)), Reading("t", "press", "v", values=("7",)), True),
        (Reading("t", "press", where=(("id", "7"),)), Reading("t", "press", where=(("code", "8"),)), False),
        (Reading("t", "press", where=(("id", "7"),)), Reading("t", "press", where=(("model", "8"),)), True),
        (Reading("t", "alive"), Reading("t", "alive"), False),
        (Reading("t", "press", "n", counter="c"), Reading("t", "press", "n", kind="level", values=("1",)), True),
    ],
)
def test_at_which_place_two_zenders_are_pressed_together(one: Reading, other: Reading, together: bool) -> None:
    assert pressed_together({3: (one,), 8: (other,)}) == ({8: 3} if together else {})


def test_one_zender_may_be_pressed_twice_by_one_message() -> None:
    assert pressed_together({3: (Reading("t", "press"), Reading("#", "press"))}) == {}


def test_the_mixed_building_is_heard_in_every_way() -> None:
    settings = load(MIXED)
    assert Counter(zender.transport for zender in settings.plan.zenders) == {
        "gpio": 2,
        "serial": 3,
        "bought": 3,
        "mqtt": 3,
    }
    assert [(gateway.id, gateway.on_mqtt) for gateway in settings.plan.gateways] == [
        ("gpio", False),
        ("kelder", False),
        ("radio", False),
        ("zigbee", True),
    ]
    assert [(zender.nr, zender.weaker) for zender in settings.plan.zenders if zender.weaker] == [
        (8, ("no heartbeat",)),
        (10, ("qos 0",)),
    ]
    assert [(zender.nr, zender.place) for zender in settings.plan.zenders] == [
        (zender.nr, zender.place) for zender in load(SHIPPED).plan.zenders
    ]
    assert [(pager.id, pager.dock) for pager in settings.plan.pagers] == [("p1", True), ("p2", True), ("p3", False)]
    # What presses each, and where it is told that it is there: examples that do not work are worse than none.
    for device in settings.wiring.devices:
        says = {reading.says for reading in device.readings}
        assert "press" in says or device.name in ("gateway:zigbee", "dock:p2")
    assert [line for line in lint(settings) if "still" not in line] == [
        "members: lid-4 is rung at once, and by app alone: only while the page is open",
        "members: nothing but app rings at reserve-1, receptie-1, receptie-2, leiding-1: only while the page is open",
        "zenders: only its own online, if it sends that, tells that one is dead (heartbeat: false): 8",
        "zenders: a press may be lost at the broker (qos: 0): 10",
        "zenders: only silence tells that one is not heard (no gateway and no online): 10",
    ]


# --- how the house is told --------------------------------------------------------------------------------------------


def test_the_building_of_all_voices() -> None:
    settings = load(VOICES)
    plan, voices = settings.plan, settings.voices
    assert plan.bases == ("centrale", "bijgebouw")
    assert plan.pagers == (
        Pager("p1", "lid-1"),
        Pager("p2", "lid-2", "centrale"),
        Pager("p3", "lid-3", "centrale"),
        Pager("p4", "lid-4", "bijgebouw"),
    )
    assert plan.alarm_centre == AlarmCentre(receivers=2, troubles=True, confirm_within_s=600.0)
    assert plan.ways_to("lid-1") == ("pager:p1", "app:lid-1", "push:lid-1", "sms:lid-1")
    assert voices.bases == (
        PagingBase(
            "centrale",
            "espa",
            path="/dev/serial/by-id/usb-VOORBEELD_RS232-if00-port0",
            waits_for_paged=True,
            group_address="8000",
            beeps="5",
            transmissions="2",
        ),
        PagingBase("bijgebouw", "tap", host="192.0.2.5", tcp_port=2023, password="000000"),
    )
    assert voices.base_pagers == (
        BasePager("p2", "centrale", "8001"),
        BasePager("p3", "centrale", "8002"),
        BasePager("p4", "bijgebouw", "1004"),
    )
    assert voices.phones == Phones(
        url="https://achterwacht.voorbeeld.example",
        push=WebPush("mailto:VOORBEELD@voorbeeld.example", PUSH_HOSTS, "10:30"),
        ntfy=Ntfy("https://ntfy.voorbeeld.example", "aw-VOORBEELD-antwoord-7Kq2", "/etc/achterwacht/ntfy.token"),
        pushover=Pushover("/etc/achterwacht/pushover.token"),
        apprise=(
            AppriseWay("sms", "/etc/achterwacht/sms.url"),
            AppriseWay("mail", "/etc/achterwacht/mail.url"),
        ),
    )
    assert voices.alarm_centre == CentreLine(
        receivers=(Receiver("192.0.2.10", 12300), Receiver("192.0.2.11", 12300, "udp")),
        account="1234",
        key_file="/etc/achterwacht/alarm-centre.key",
    )
    assert settings.people is not None
    two, three, four = settings.people[1:4]
    assert two == Person("lid-2", "VOORBEELD Teamlid Twee", "06-00000002", ntfy="aw-VOORBEELD-lid-2-9Xw4")
    assert (three.phone, three.pushover) == ("", "VOORBEELD000000000000000000003")
    assert (four.phone, four.email) == ("06-00000004", "lid-4@voorbeeld.example")
    assert [line for line in lint(settings) if "still" not in line] == [
        "members: nothing but app rings at receptie-1: only while the page is open",
    ]


def test_nothing_personal_is_in_the_plan_or_the_wiring() -> None:
    settings = load(VOICES)
    assert settings.people
    said = str(to_plain(replace(settings, people=None)))
    personal = {text for person in settings.people for text in (person.name, person.phone, person.email)}
    personal |= {text for person in settings.people for text in (person.ntfy, person.pushover)}
    assert len(personal) > 15
    assert [text for text in personal if text and text in said] == []


def told_by(blocks: str, *pagers: str) -> Settings:
    """A small house with these blocks and pagers."""
    site = f"""
site: {{name: Gemeentehuis, address: Raadhuisplein 1}}
broker: {{host: localhost}}
{blocks}
pagers: [{", ".join(pagers) or "{id: p1, carrier: a}"}]
members: [{{id: a, name: A}}, {{id: b, name: B, ways: [app]}}]
ladder: {{steps: [{{after_s: 0, ring: [pagers, b]}}]}}
call_112: {{callers: [b]}}
"""
    zenders = b"zenders: [{nr: 7, place: Balie 3}]"
    return read_settings({"zenders.yaml": zenders, "achterwacht.yaml": site.encode()}, [], "source")


def test_what_the_voices_may_leave_out_has_the_defaults_of_the_wiring() -> None:
    settings = told_by(
        """
paging_bases: [{id: c, dialect: espa, host: base.local, tcp_port: 2023}]
phones: {push: {contact: "https://voorbeeld.example"}, ntfy: {url: "http://192.0.2.7/", reply_topic: aw-antwoord-7K}}
alarm_centre: {receivers: [{host: pac.example, port: 12300}], account: a1F}
""",
        '{id: p1, carrier: a, base: c, address: "8001"}',
    )
    assert settings.plan.pagers == (Pager("p1", "a", "c"),)
    assert settings.plan.alarm_centre == AlarmCentre()
    assert settings.voices == Voices(
        bases=(PagingBase("c", "espa", host="base.local", tcp_port=2023),),
        base_pagers=(BasePager("p1", "c", "8001"),),
        phones=Phones(
            push=WebPush("https://voorbeeld.example", PUSH_HOSTS), ntfy=Ntfy("http://192.0.2.7/", "aw-antwoord-7K")
        ),
        alarm_centre=CentreLine((Receiver("pac.example", 12300),), "a1F"),
    )


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("", SerialFormat(9600, 8, "none", 1)),
        ('baud: 300, format: "7E1"', SerialFormat(300, 7, "even", 1)),
        ("baud: 57600, format: 8O2", SerialFormat(57600, 8, "odd", 2)),
    ],
)
def test_how_characters_go_over_the_line_of_a_base(given: str, line: SerialFormat) -> None:
    (base,) = told_by(f"paging_bases: [{{id: c, dialect: tap, path: /dev/x, {given}}}]").voices.bases
    assert base.format == line


def test_two_bases_may_call_at_one_address() -> None:
    voices = told_by(
        "paging_bases: [{id: c, dialect: tap, path: /dev/x}, {id: d, dialect: tap, path: /dev/y}]",
        '{id: p1, carrier: a, base: c, address: "8 1"}',
        '{id: p2, carrier: b, base: d, address: "8 1"}',
    ).voices
    assert voices.base_pagers == (BasePager("p1", "c", "8 1"), BasePager("p2", "d", "8 1"))


def test_a_plan_of_two_thousand_zenders_is_not_too_large() -> None:
    """With a device block for each. What it takes is the parser's time, about a millisecond for each."""
    block = """
  - nr: {nr}
    place: Balie {nr}
    room: Kamer {nr}
    staff: [receptie-1, receptie-2]
    device:
      profile: rtl_433
      topic: rtl_433/+/events
      where: {{model: Visonic-Powercode, id: k{nr}}}
      qos: 0
    max_silence_s: 14400
"""
    text = "zenders:" + "".join(block.format(nr=nr) for nr in range(1, 2001))
    assert len(text) < config.FILE_MAX_BYTES / 2
    assert len(heard_by(text).wiring.devices) == 2000


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(folder.name for folder in BAD.iterdir()))
def test_a_mistake_is_told_where_it_stands(folder: Path, name: str) -> None:
    expected = []
    for file in FILES:
        if (BAD / name / file).exists():
            shutil.copy(BAD / name / file, folder)
            text = (BAD / name / file).read_text(encoding="utf-8", errors="replace")
            expected += re.findall(r"^# expect: (.+)$", text, flags=re.MULTILINE)
    assert expected
    assert mistakes_in(folder) == expected


def test_a_file_that_is_not_there(folder: Path) -> None:
    (folder / "zenders.yaml").unlink()
    assert mistakes_in(folder) == [f"zenders.yaml:1:1: file: is missing, expected in the folder {folder}"]


def test_a_file_that_cannot_be_read_hides_no_mistake_of_the_other(folder: Path) -> None:
    (folder / "achterwacht.yaml").unlink()
    (folder / "achterwacht.yaml").mkdir()
    edit(folder / "zenders.yaml", "nr: 2\n", "nr: 1\n")
    first, second = mistakes_in(folder)
    assert first.startswith("achterwacht.yaml:1:1: file: cannot be read (Is a directory), expected a file")
    assert second.endswith("zenders.1.nr: is 1, already used in line 74, expected one of its own")


def test_a_file_that_is_too_large(folder: Path) -> None:
    with (folder / "zenders.yaml").open("a", encoding="utf-8") as more:
        more.write("# more\n" * 150_000)
    assert mistakes_in(folder) == ["zenders.yaml:1:1: file: is too large, expected at most 1048576 bytes"]


def test_the_mistakes_are_also_there_one_by_one(folder: Path) -> None:
    edit(folder / "zenders.yaml", "nr: 2\n", "nr: two\n")
    with pytest.raises(ConfigInvalid) as caught:
        load(folder)
    problem = "is the text 'two', expected a whole number from 1 to 9999"
    assert caught.value.mistakes == (Mistake("zenders.yaml", 81, 9, "zenders.1.nr", problem),)


@pytest.mark.parametrize("place", ["Café „Łódź” – 1ᵉ", "„Balie”"])
def test_a_place_that_a_pager_can_show(folder: Path, place: str) -> None:
    edit(folder / "zenders.yaml", "place: Balie 3", f"place: {place}")
    assert load(folder).plan.place(7) == place


@pytest.mark.parametrize(("place", "strange"), [("Balie → 3 →", "→"), ("办公室 3", "办公室"), ("\u0301", "\u0301")])
def test_a_place_that_a_pager_cannot_show(folder: Path, place: str, strange: str) -> None:
    edit(folder / "zenders.yaml", "place: Balie 3", f"place: {place}")
    (mistake,) = mistakes_in(folder)
    assert f"holds {strange!r}, expected letters, digits and signs that a pager can show" in mistake


# Bits of YAML, good and bad, that may land anywhere in a good file.
SCRAPS = st.one_of(
    st.sampled_from(
        [*":-[]{},#&*!|>'\"%@`~?=\n\t \x00\x07\x85\u2028é", "\n- ", ": ", "---\n", "...\n", "<<: ", "%YAML 1.1\n"]
    ),
    st.sampled_from(["null", "true", "1e999", ".inf", "0x1F", "0o17", "1_000", "9" * 5000, "2026-02-31", "- nr: 5\n"]),
    st.sampled_from(["!!int x", "!!set {a}", "!<tag:x> 1", "&a [*a]", '"\\ud800"', '"\\UFFFFFFFF"', "? [a]\n: b"]),
    st.sampled_from(["pagers", "lid-1", "{a: 1, a: 2}", "[team, team]", "[]", "{}"]),
    st.sampled_from(["base: [a]", "ways: [{a: 1}]", "alarm_centre", "phones:\n", "dialect: [tap]", "- push\n"]),
    st.sampled_from(["device: {}\n", "gpio: {pin: 17}", "-" + "9" * 4000, "heartbeat: false", "where: {a: 1e5}"]),
    st.sampled_from(["morning:\n", "week: {friday: nobody}", '"23:59Z"', "2026-12-24/9999-12-31", "- {on: [2026]}\n"]),
    st.text(max_size=8),
)
CUTS = st.tuples(st.integers(0, 10_000), st.integers(0, 30), SCRAPS)


def survives(zenders: bytes, site: bytes) -> None:
    """A plan that holds together or ConfigInvalid, and each mistake on a line of its own, inside its file."""
    texts = {"zenders.yaml": zenders, "achterwacht.yaml": site}
    try:
        plan = read_settings(texts, [], "source").plan
        assert len({zender.nr for zender in plan.zenders}) == len(plan.zenders)
        assert all(plan.gateway(zender.gateway) for zender in plan.zenders if zender.gateway is not None)
        assert all(plan.member(pager.carrier) for pager in plan.pagers if pager.carrier is not None)
        assert all(pager.base in ("", *plan.bases) for pager in plan.pagers)
        assert plan.alarm_centre or not any("alarm_centre" in step.ring for step in plan.ladder.steps)
        assert plan.ladder.callers_112
        assert plan.ladder.steps[0].after_s == 0
        assert all(len(pager.week) == (7 if plan.morning else 0) for pager in plan.pagers)
        assert all(plan.member(who) for pager in plan.pagers for who in pager.week if who is not None)
        assert plan.morning is None or plan.morning.watch_at < plan.morning.remind_at < plan.morning.check_at
        assert plan.morning is None or (plan.hours.week and plan.with_role("reception"))
        assert all(usual.opens < usual.closes for usual in plan.hours.week)
        assert all(special.opens < special.closes for special in plan.hours.special)
        assert not {day.on for day in plan.hours.special} & set(plan.hours.closed)
    except ConfigInvalid as invalid:
        assert invalid.mistakes
        assert len(str(invalid).splitlines()) == len(invalid.mistakes)
        assert str(invalid).encode()
        for mistake in invalid.mistakes:
            assert ONE_LINE.fullmatch(str(mistake)), str(mistake)
            lines = texts[mistake.file].decode("utf-8", "replace").splitlines()
            assert mistake.line <= len(lines) + 1


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_settings_or_mistakes(zenders: bytes, site: bytes) -> None:
    survives(zenders, site)


# Each example reads two whole files: what fails is found fast, and to shrink it would take minutes.
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(st.sampled_from([SHIPPED, MIXED, VOICES]), st.lists(CUTS, min_size=1, max_size=4), st.lists(CUTS, max_size=4))
@example(SHIPPED, [(0, 0, "[" * 3000)], [])
@example(SHIPPED, [(0, 0, "%YAML 9.9\n---\n")], [])
def test_good_files_with_something_wrong_are_settings_or_mistakes(
    building: Path, in_zenders: list[tuple[int, int, str]], in_site: list[tuple[int, int, str]]
) -> None:
    texts = []
    for file, cuts in (("zenders.yaml", in_zenders), ("achterwacht.yaml", in_site)):
        text = (building / file).read_text(encoding="utf-8")
        for at, length, scrap in cuts:
            start = at % (len(text) + 1)
            text = text[:start] + scrap + text[start + length :]
        texts.append(text.encode("utf-8", "surrogatepass"))
    survives(*texts)


# --- remembered -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("building", [SHIPPED, MIXED, VOICES])
def test_what_is_remembered_comes_back_without_people(state: Path, building: Path) -> None:
    settings = load(building)
    remember(state, settings)
    recalled = recall(state)
    assert recalled is not None
    assert recalled.settings == replace(settings, people=None)


def test_the_remembered_plan_holds_no_name_and_no_number(state: Path) -> None:
    settings = load(SHIPPED)
    remember(state, settings)
    kept = (state / "plan.json").read_text(encoding="utf-8")
    assert settings.people
    assert not [person for person in settings.people if person.name in kept or person.phone in kept]


def test_only_we_and_our_group_may_read_it_and_nothing_is_left_beside_it(state: Path) -> None:
    (state / "plan.json.new").write_bytes(b"of a write that was cut short, and longer than a plan" * 999)
    remember(state, load(SHIPPED))
    assert [file.name for file in state.iterdir()] == ["plan.json"]
    assert stat.S_IMODE((state / "plan.json").stat().st_mode) == 0o640
    assert recall(state) is not None


def test_what_cannot_be_written_leaves_what_was_there(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(state, load(SHIPPED))
    before = (state / "plan.json").read_bytes()

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        remember(state, load(SHIPPED))
    assert (state / "plan.json").read_bytes() == before


def test_nothing_remembered_is_nothing_to_tell(state: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert recall(state) is None
    assert not caplog.records


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda kept: b"",
    "cut": lambda kept: kept[:-20],
    "one character": lambda kept: kept.replace(b'"Balie 3"', b'"Balie 8"'),
    "not JSON": lambda kept: b"\x00" * len(kept),
    "not an object": lambda kept: b"[]",
    "another object": lambda kept: b'{"sha256": "0"}',
    "nested": lambda kept: b"[" * 100_000,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_memory_is_ignored_and_told(state: Path, caplog: pytest.LogCaptureFixture, damage: str) -> None:
    remember(state, load(SHIPPED))
    kept = (state / "plan.json").read_bytes()
    (state / "plan.json").write_bytes(DAMAGES[damage](kept))
    assert recall(state) is None
    assert "plan.json" in caplog.text
    assert load_fast(SHIPPED, state) == load(SHIPPED)


def test_a_memory_of_another_shape_is_ignored_and_told(state: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Another version may know other fields: its hash is right, and it is no plan of ours."""
    plain = {"rules": "", "settings": {"plan": "later"}}
    digest = config._digest(plain)
    (state / "plan.json").write_text(
        f'{{"sha256":"{digest}","remembered":{{"rules":"","settings":{{"plan":"later"}}}}}}'
    )
    assert recall(state) is None
    assert "settings" in caplog.text


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_in_the_memory_are_nothing(state: Path, kept: bytes) -> None:
    (state / "plan.json").write_bytes(kept)
    assert recall(state) is None


def test_unchanged_files_are_not_read_again(folder: Path, state: Path) -> None:
    read = load_fast(folder, state)
    assert read == load(folder)
    remember(state, read)
    assert load_fast(folder, state) == replace(read, people=None)


def test_changed_files_are_read_again(folder: Path, state: Path) -> None:
    remember(state, load(folder))
    edit(folder / "zenders.yaml", "place: Balie 3", "place: Loket 3")
    read = load_fast(folder, state)
    assert read.plan.place(7) == "Loket 3"
    assert read.people is not None


def test_other_rules_read_the_files_again(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(state, load(SHIPPED))
    assert load_fast(SHIPPED, state).people is None
    monkeypatch.setattr(config, "RULES", config.RULES[1:])
    assert load_fast(SHIPPED, state).people is not None


def test_the_rules_are_all_that_decides() -> None:
    """Also a profile or a protocol that is added later: what it says of a device stands in what is remembered."""
    home = Path(config.__file__).parent
    rules = {str(file.relative_to(home)) for file in config.RULES}
    assert rules >= {
        *("config_checks.py", "config_forms.py", "config_schema.py", "config_wiring.py", "config_yaml.py"),
        *("config_day.py", "config_voices.py", "core/plan.py", "core/workdays.py"),
        *("inputs/mapping.py", "inputs/wiring.py", "outputs/wiring.py"),
        *(
            "inputs/ports/__init__.py",
            "inputs/ports/zw1.py",
            "inputs/profiles/__init__.py",
            "inputs/profiles/custom.py",
        ),
    }
    assert all(file.is_file() for file in config.RULES)


def test_a_fast_start_imports_neither_parser_nor_schema(state: Path) -> None:
    """What people feel after a power cut: the imports alone would take longer than all the rest."""
    remember(state, load(MIXED))
    program = (
        "import sys; from pathlib import Path; from achterwacht.config import plan_at_start\n"
        "start = plan_at_start(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "rooms = ('pydantic', 'ruamel', 'achterwacht.inputs.ports', 'achterwacht.inputs.profiles', "
        "'achterwacht.inputs.mapping')\n"
        "print(start.settings.plan.place(7), start.mistakes, [n for n in sys.modules if n.startswith(rooms)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, MIXED, state],
        env={**os.environ, "PYTHONPATH": str(ROOT / "daemon")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "Balie 3 None []\n"


def test_a_start_with_good_files(folder: Path, state: Path) -> None:
    start = plan_at_start(folder, state)
    assert (start.settings, start.mistakes) == (load(folder), None)


def test_a_start_with_a_bad_file_goes_on_with_the_last_good_plan(folder: Path, state: Path) -> None:
    good = load(folder)
    remember(state, good)
    edit(folder / "achterwacht.yaml", "after_s: 15", "after_s: 0")
    start = plan_at_start(folder, state)
    assert start.settings == replace(good, people=None)
    assert start.mistakes == "\n".join(mistakes_in(folder))
    assert "ladder.steps.1.after_s: is 0" in start.mistakes


def test_a_start_with_a_bad_file_and_nothing_remembered_says_what_is_wrong(folder: Path, state: Path) -> None:
    (folder / "zenders.yaml").unlink()
    with pytest.raises(ConfigInvalid, match="is missing"):
        plan_at_start(folder, state)


# --- advice -----------------------------------------------------------------------------------------------------------

GOOD = Plan(
    site=load(SHIPPED).plan.site.__class__("Gemeentehuis", "Raadhuisplein 1", "Hoofdingang"),
    zenders=(Zender(5, "Balie 1"), Zender(7, "Balie 3", "0.12", staff=("d",))),
    pagers=(Pager("p1", "a"), Pager("p2", "b"), Pager("p3", "c")),
    members=(Member("a"), Member("b"), Member("c"), Member("d", roles=("reception",), ways=("ntfy",))),
    ladder=Ladder((Step(0.0, ("pagers",)), Step(15.0, ("pagers", "reception"))), callers_112=("d", "a")),
)


def settings_of(plan: Plan, broker: BrokerSettings | None = None, wiring: Wiring = Wiring()) -> Settings:  # noqa: B008
    return Settings(
        plan=plan,
        wiring=wiring,
        people=(),
        broker=broker or BrokerSettings("127.0.0.1"),
        source="source",
    )


def with_ladder(*steps: Step, **changes: object) -> Plan:
    ladder = replace(GOOD.ladder, steps=steps) if steps else GOOD.ladder
    return replace(GOOD, ladder=replace(ladder, **changes))  # type: ignore[arg-type]


def test_a_good_plan_needs_no_advice() -> None:
    assert lint(settings_of(GOOD)) == ()


def test_the_shipped_files_are_told_to_be_examples() -> None:
    advice = "\n".join(lint(load(SHIPPED)))
    assert "site.address: still the example; 112 would be told" in advice
    assert "members: still examples: lid-1, lid-2" in advice
    assert [line for line in advice.splitlines() if "still" not in line] == [
        "members: lid-4 is rung at once, and by app alone: only while the page is open",
        "members: nothing but app rings at reserve-1, receptie-1, receptie-2, leiding-1: only while the page is open",
        "morning.check_at: the desks are open before it (Mon, Tue, Wed, Thu, Fri): until then nobody knows whether a "
        "pager is carried",
    ]


def test_what_goes_out_is_told_to_be_an_example() -> None:
    advice = lint(load(VOICES))
    for key in ("paging_bases: centrale.path", "phones.push.contact", "phones.ntfy.reply_topic"):
        assert f"{key}: still the example" in advice


EVERYBODY_AT_ONE_DESK = (Zender(5, "Balie 1", staff=("a", "b", "c", "d")),)

ADVICE: tuple[tuple[Plan, str], ...] = (
    (
        replace(GOOD, zenders=(Zender(5, "VULIN"), Zender(6, "VOORBEELD"), Zender(7, "Vulinstraat"))),
        "zenders: people must run to a place that is still to be filled in: 5, 6",
    ),
    (
        with_ladder(Step(0.0, ("pagers",)), Step(15.0, ("pagers",))),
        "ladder.steps.1 (15 s): adds nobody to the step before",
    ),
    (
        with_ladder(Step(0.0, ("pagers", "backup"))),
        "ladder.steps.0 (0 s): backup stands for nobody who can be rung",
    ),
    (
        with_ladder(Step(0.0, ("backup",)), Step(15.0, ("pagers",))),
        "ladder.steps.0 (0 s): can never ring: there is nobody in it; the next step comes at once",
    ),
    (
        with_ladder(Step(0.0, ("pagers",)), Step(3.0, ("pagers", "reception"))),
        "ladder.steps.1 (3 s): comes 3 s after the step before, so shown_within_s (5 s) never makes it come early",
    ),
    (with_ladder(repeat_s=2.0), "ladder.repeat_s: 2 s is over before a pager must have shown it (5 s)"),
    (with_ladder(Step(0.0, ("a", "b"))), "ladder: no step rings pagers"),
    (with_ladder(Step(0.0, ("a", "b"))), "members: c is in no step of the ladder and no 112 caller: is never rung"),
    (
        replace(GOOD, members=(*GOOD.members, Member("e"))),
        "members: e has no pager and no ways: nothing ever rings there",
    ),
    (
        replace(with_ladder(callers_112=("e",)), members=(*GOOD.members, Member("e"))),
        "call_112: nobody who can be reached is asked to call 112; whoever was rung is asked instead",
    ),
    (
        replace(with_ladder(callers_112=("a", "e")), members=(*GOOD.members, Member("e"))),
        "call_112: e cannot be reached: no pager and no ways",
    ),
    (
        with_ladder(callers_112=("d",)),
        "call_112: all on the list sit at zender 7 (Balie 3), and are asked all the same",
    ),
    (
        replace(
            with_ladder(callers_112=("a", "e")),
            members=(*GOOD.members, Member("e")),
            zenders=(Zender(5, "Balie 1", staff=("a",)),),
        ),
        "call_112: for zender 5 (Balie 1) nobody else on the list can be reached",
    ),
    (with_ladder(responders_needed=5), "ladder: 4 people can be reached, and 5 responders are needed"),
    (with_ladder(responders_needed=4), "members: 3 in the team (team), and 4 responders are needed"),
    (
        replace(GOOD, zenders=(Zender(5, "Balie 1", staff=("a", "b", "c")),)),
        "zenders: 1 can be rung for zender 5 (Balie 1), and 2 are needed",
    ),
    (
        replace(GOOD, pagers=(Pager("p1"), Pager("p2"), Pager("p3", "a"))),
        "pagers: nobody is known to carry p1, p2: together they count as one person",
    ),
    (
        replace(with_ladder(Step(0.0, ("pagers",))), pagers=(Pager("p1"), Pager("p2"))),
        "ladder: 1 people can be reached, and 2 responders are needed",
    ),
    (
        replace(GOOD, pagers=(Pager("p1", "a"), Pager("p2", "a"), Pager("p3", "b"))),
        "pagers: a carries p1, p2: they count as one person",
    ),
    (replace(GOOD, pagers=()), "pagers: there is none"),
    (
        replace(GOOD, zenders=EVERYBODY_AT_ONE_DESK),
        "pagers: staff of zender 5 (Balie 1) carries all: its alarm rings none of them",
    ),
    (
        replace(GOOD, zenders=(Zender(5, "Balie 1"), Zender(6, "Balie 1"))),
        "zenders: 5 and 6 have the same place and room (Balie 1)",
    ),
    (
        replace(GOOD, budgets=replace(GOOD.budgets, shown_s=6.0)),
        "budgets.shown_s: longer than ladder.shown_within_s: the next step rings before the budget is missed",
    ),
)


ONE_WAY = (Pager("p1", "a", "c"), Pager("p2", "b", "c"), Pager("p3", "c", "c"))
NOTHING_SHOWS = (
    "ladder.steps.0 (0 s): nothing in it tells that it shows an alarm (one-way pagers, telephones): "
    "the ladder goes by what was handed over"
)
NOBODY_ANSWERS = (
    "ladder.steps.0 (0 s): NOBODY rung at once CAN ANSWER, but at a terminal: every alarm climbs to the end of the "
    "ladder and 112 is asked for, though the team may be there"
)
BROWSER_ALONE = "members: nothing but a browser rings at d: push once one is registered, app while the page is open"


def cannot_answer(*members: str, by: str = "one-way pager") -> tuple[str, ...]:
    return tuple(
        f"members: {id} can be rung and cannot answer ({by}): they need a terminal or another way" for id in members
    )


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (replace(GOOD, pagers=ONE_WAY), (NOBODY_ANSWERS, NOTHING_SHOWS, *cannot_answer("a", "b", "c"))),
        (replace(GOOD, pagers=(*ONE_WAY[:2], Pager("p3", "c"))), cannot_answer("a", "b")),
        (
            replace(
                with_ladder(Step(0.0, ("pagers", "d"))),
                pagers=ONE_WAY,
                members=(*GOOD.members[:3], Member("d", ways=("pushover", "sms"))),
            ),
            (NOTHING_SHOWS, *cannot_answer("a", "b", "c")),
        ),
        (
            replace(
                with_ladder(Step(0.0, ("pagers", "reception"))),
                members=(*GOOD.members[:3], Member("d", roles=("reception",), ways=("app",))),
            ),
            ("members: d is rung at once, and by app alone: only while the page is open",),
        ),
        (
            replace(
                with_ladder(Step(0.0, ("pagers", "d"))),
                members=(*GOOD.members[:3], Member("d", ways=("app", "push"))),
            ),
            (BROWSER_ALONE,),
        ),
        (
            replace(
                with_ladder(Step(0.0, ("pagers", "reception")), Step(15.0, ("pagers", "reception", "alarm_centre"))),
                pagers=(*GOOD.pagers, Pager("p4", "d")),
                alarm_centre=AlarmCentre(),
            ),
            (),
        ),
    ],
)
def test_what_is_rung_at_once_must_be_seen(plan: Plan, expected: tuple[str, ...]) -> None:
    assert lint(settings_of(plan)) == expected


def with_ways(**ways: tuple[str, ...]) -> tuple[Member, ...]:
    return tuple(replace(member, ways=ways.get(member.id, member.ways)) for member in GOOD.members)


ON_A_BASE = replace(GOOD, pagers=(GOOD.pagers[0], Pager("p2", "b", "espa"), Pager("p3", "c", "tap")))
BASES = Voices(
    bases=(PagingBase("espa", "espa", "/dev/x"), PagingBase("tap", "tap", "/dev/y")),
    base_pagers=(BasePager("p2", "espa", "1"), BasePager("p3", "tap", "1")),
)


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        (
            {"b": ("sms",)},
            (
                "members: b can be rung and cannot answer (one-way pager, sms) unless the base reports the pager's "
                "button: they need a terminal or another way",
                *cannot_answer("c"),
            ),
        ),
        ({"b": ("ntfy",), "c": ("sms", "pushover")}, ()),
        ({"b": ("app",), "c": ("push", "sms")}, ()),
        ({"b": ("ntfy",), "c": ("ntfy",), "d": ("sms",)}, cannot_answer("d", by="sms")),
        ({"b": ("ntfy",), "c": ("ntfy",), "d": ("push",)}, (BROWSER_ALONE,)),
    ],
)
def test_who_is_rung_and_cannot_answer_is_told(ways: dict[str, tuple[str, ...]], expected: tuple[str, ...]) -> None:
    settings = replace(settings_of(replace(ON_A_BASE, members=with_ways(**ways))), voices=BASES)
    assert lint(settings) == expected


def test_a_one_way_pager_is_answered_by_what_else_its_carrier_has() -> None:
    plan = replace(GOOD, pagers=ONE_WAY, members=with_ways(a=("ntfy",)))
    assert lint(settings_of(plan)) == (NOTHING_SHOWS, *cannot_answer("b", "c"))


def test_who_is_never_rung_need_not_answer() -> None:
    ladder = with_ladder(Step(0.0, ("a", "b")), callers_112=("a",))
    plan = replace(ladder, pagers=GOOD.pagers[:2], members=with_ways(c=("sms",)))
    assert not any("cannot answer" in line for line in lint(settings_of(plan)))


def line_to(count: int, key_file: str = "/k") -> CentreLine:
    return CentreLine(tuple(Receiver("192.0.2.1", port) for port in range(1, count + 1)), "1234", key_file=key_file)


def base(baud: int = 300, **more: Any) -> PagingBase:
    return PagingBase("c", "tap", **{"path": "/dev/serial/by-id/x", "format": SerialFormat(baud), **more})


def called(count: int) -> tuple[BasePager, ...]:
    return tuple(BasePager(f"p{nr}", "c", str(nr)) for nr in range(count))


TOLD_BY: tuple[tuple[Voices, tuple[str, ...]], ...] = (
    (
        Voices(alarm_centre=line_to(2)),
        ("alarm_centre: in no step of the ladder: it is told only when somebody on the scene confirms an alarm",),
    ),
    (
        Voices(alarm_centre=line_to(1, key_file="")),
        (
            "alarm_centre: in no step of the ladder: it is told only when somebody on the scene confirms an alarm",
            "alarm_centre: without key_file anybody on the line can read what it is told, and forge it",
            "alarm_centre: it has one receiver: while that cannot be reached, it is told nothing",
        ),
    ),
    (Voices(bases=(base(),), base_pagers=called(1)), ()),
    (
        Voices(bases=(base(),), base_pagers=called(6)),
        (
            "paging_bases: c: its 6 pagers, one after the other at 300 baud, take 16 s; "
            "with a group_address all are called at once",
        ),
    ),
    (Voices(bases=(base(group_address="8000"),), base_pagers=called(6)), ()),
    (Voices(bases=(base(9600),), base_pagers=called(6)), ()),
    (Voices(bases=(base(path="", host="base.local", tcp_port=1),), base_pagers=called(6)), ()),
    (Voices(bases=(base(),)), ("paging_bases: no pager is called by c",)),
    (
        Voices(bases=(base(path="/dev/ttyUSB0"),), base_pagers=called(1)),
        (
            "paging_bases: c: /dev/ttyUSB0 may be another device after a restart; take its path under "
            "/dev/serial/by-id, or by-path",
        ),
    ),
    (
        Voices(
            phones=Phones(
                push=WebPush("https://example.org", ("push.example.org",)),
                ntfy=Ntfy("https://example.org", "aw-antwoord-7Kq2"),
                pushover=Pushover("/t"),
                apprise=(AppriseWay("sms", "/u"),),
            )
        ),
        tuple(f"phones: no member has the way {way}" for way in ("push", "pushover", "sms")),
    ),
)


@pytest.mark.parametrize(("voices", "expected"), TOLD_BY)
def test_advice_about_what_goes_out(voices: Voices, expected: tuple[str, ...]) -> None:
    assert lint(replace(settings_of(GOOD), voices=voices)) == expected


def test_a_topic_that_can_be_guessed_is_told_with_whose_it_is() -> None:
    people = tuple(Person(id, id.upper(), "", ntfy=ntfy) for id, ntfy in (("a", "balie"), ("b", ""), ("c", "x" * 12)))
    assert lint(replace(settings_of(GOOD), people=people)) == (
        "members: the ntfy topics of a can be guessed, and whoever does may answer in their name; "
        "take 12 characters or more",
    )


@pytest.mark.parametrize(("plan", "advice"), ADVICE, ids=[advice for _, advice in ADVICE])
def test_advice(plan: Plan, advice: str) -> None:
    assert advice in lint(settings_of(plan))


def bought(nr: int, **more: Any) -> Zender:
    return Zender(nr, f"Balie {nr}", transport="bought", **more)


SAYS_ONLINE = Wiring(devices=(Device("zender:14", (Reading("lwt", "online", values=("online",)),)),))
MUTE: dict[str, Any] = {"max_silence_s": None, "weaker": ("no heartbeat",)}

WATCHED_LESS: tuple[tuple[tuple[Zender, ...], tuple[str, ...]], ...] = (
    ((bought(14, gateway="zigbee", max_silence_s=9000.0), Zender(15, "B", transport="gpio", gateway="gpio")), ()),
    (
        (bought(14, gateway="zigbee", **MUTE), bought(15, **MUTE), bought(13, **MUTE)),
        (
            "zenders: nobody notices when one is dead (heartbeat: false): 13, 15",
            "zenders: only its own online, if it sends that, tells that one is dead (heartbeat: false): 14",
        ),
    ),
    (
        (bought(14, max_silence_s=60.0), bought(15, max_silence_s=60.0)),
        ("zenders: only silence tells that one is not heard (no gateway and no online): 15",),
    ),
    (
        (bought(15, gateway="zigbee", weaker=("qos 0",)),),
        ("zenders: a press may be lost at the broker (qos: 0): 15",),
    ),
    (
        (Zender(15, "Balie", transport="gpio", gateway="gpio", weaker=("cut wire unseen",)),),
        ("zenders: a cut wire looks like peace (contact: normally_open): 15",),
    ),
    (
        (
            Zender(13, "Balie", help=True),
            Zender(14, "Receptie", transport="gpio", help=True),
            bought(15, gateway="zigbee", help=True),
        ),
        ("zenders: only our own nodes have a discreet sign (help: true): 14, 15",),
    ),
)


@pytest.mark.parametrize(("zenders", "advice"), WATCHED_LESS)
def test_who_is_watched_less_well_is_told_with_the_reason(zenders: tuple[Zender, ...], advice: tuple[str, ...]) -> None:
    plan = replace(GOOD, zenders=zenders)
    assert lint(settings_of(plan, wiring=SAYS_ONLINE)) == advice


def test_a_gateway_that_hears_nobody_is_told() -> None:
    plan = replace(GOOD, gateways=(Gateway("kelder"), Gateway("zigbee", on_mqtt=True)))
    assert lint(settings_of(plan)) == (
        "ports: no zender is heard through kelder",
        "gateways: no zender is heard through zigbee",
    )


def test_only_our_own_nodes_behind_a_port_have_a_sign() -> None:
    wiring = Wiring(ports=(Port("kelder", "zw1", "/dev/serial0"), Port("radio", "rfxtrx", "/dev/serial/by-path/x")))
    zenders = tuple(
        Zender(nr, f"Balie {nr}", transport="serial", gateway=gateway, help=True)
        for nr, gateway in ((13, "kelder"), (14, "radio"))
    )
    plan = replace(GOOD, zenders=zenders, gateways=(Gateway("kelder"), Gateway("radio")))
    assert lint(settings_of(plan, wiring=wiring)) == (
        "zenders: only our own nodes have a discreet sign (help: true): 14",
    )


@pytest.mark.parametrize("path", ["/dev/ttyUSB0", "/dev/ttyACM1"])
def test_a_port_that_may_be_another_after_a_restart_is_told(path: str) -> None:
    wiring = Wiring(ports=(Port("kelder", "zw1", path),))
    (advice,) = lint(settings_of(GOOD, wiring=wiring))
    assert advice.startswith(f"ports: kelder: {path} may be another device after a restart; take its path under")


def test_a_gateway_that_is_missed_later_than_what_is_behind_it_is_told() -> None:
    zenders = (
        *(bought(nr, gateway="zigbee", max_silence_s=silence_s) for nr, silence_s in ((14, 1499.0), (15, 1500.0))),
        *(bought(nr, gateway="zigbee", max_silence_s=silence_s) for nr, silence_s in ((16, 1501.0), (17, None))),
        bought(18, gateway="other", max_silence_s=60.0),
    )
    gateways = (Gateway("zigbee", on_mqtt=True, max_silence_s=1500.0), Gateway("other", on_mqtt=True))
    plan = replace(GOOD, zenders=zenders, gateways=gateways)
    assert lint(settings_of(plan)) == (
        "gateways: when zigbee falls silent (1500 s), each of these is missed before it: 14, 15; "
        "let it be silent for less than they may",
    )


def test_advice_about_the_broker() -> None:
    open_line = settings_of(GOOD, BrokerSettings("broker.local"))
    assert "broker: broker.local is another machine" in "\n".join(lint(open_line))
    no_password = settings_of(GOOD, BrokerSettings("localhost", username="achterwacht"))
    assert "broker: a username without password_file" in "\n".join(lint(no_password))


def test_the_summary_names_everything_on_one_screen() -> None:
    settings = load(SHIPPED)
    text = summary(settings)
    assert len(text.splitlines()) <= 50
    plan = settings.plan
    for word in (
        *(zender.place for zender in plan.zenders),
        *(member.id for member in plan.members),
        *(f"{pager.id} {pager.carrier}" for pager in plan.pagers),
        *("112 hears: VOORBEELD Raadhuisplein 1", "15 s  pagers, team, backup", "Thu 08:30-20:00", "127.0.0.1:1883"),
    ):
        assert word in text


def test_the_summary_says_what_goes_out_by_what() -> None:
    lines = [" ".join(line.split()) for line in summary(load(VOICES)).splitlines()]
    for line in (
        "Pagers (4): p1 lid-1, p2 lid-2 (by centrale), p3 lid-3 (by centrale), p4 lid-4 (by bijgebouw)",
        "centrale espa on /dev/serial/by-id/usb-VOORBEELD_RS232-if00-port0, 9600 baud; group address 8000",
        "bijgebouw tap on 192.0.2.5:2023; no group address",
        "team lid-1 (app, push, sms), lid-2 (app, ntfy), lid-3 (pushover), lid-4 (push, mail)",
        "members by each way to a telephone: app 3, push 4, ntfy 1, pushover 1, sms 3, mail 2",
        "Alarm centre: SIA-DCS, account 1234, to 192.0.2.10:12300 (tcp), then 192.0.2.11:12300 (udp)",
        "encrypted; each receiver is asked every 60 s; test report at 04:00; told of zenders' troubles",
    ):
        assert line in lines


def test_the_summary_says_loud_that_the_alarm_centre_is_told_in_the_clear() -> None:
    plan = replace(GOOD, alarm_centre=AlarmCentre())
    text = summary(replace(settings_of(plan), voices=Voices(alarm_centre=line_to(1, key_file=""))))
    assert "  NOT encrypted; each receiver is asked every 60 s; test report at 04:00; not told of zenders'" in text


def test_the_summary_of_a_mixed_building_says_how_each_is_heard() -> None:
    lines = [" ".join(line.split()) for line in summary(load(MIXED)).splitlines()]
    for line in (
        "1 Spreekkamer 1 0.11 PB; gpio",
        "4 Spreekkamer 4 0.39 WIV; serial through kelder; discreet sign",
        "5 Balie 1 mqtt",
        "7 Balie 3 bought through zigbee, silent 9000 s at most",
        "8 Balie 4 bought; no heartbeat",
        "10 Balie 5 bought, silent 14400 s at most; qos 0",
        "radio rfxtrx on /dev/serial/by-id/usb-RFXCOM_RFXtrx433_A1XYZ123-if00-port0",
        "zigbee MQTT; silent 1500 s at most",
    ):
        assert line in lines


def test_what_a_file_says_of_a_person_is_not_in_what_the_journal_keeps(folder: Path) -> None:
    file = folder / "achterwacht.yaml"
    text = file.read_text(encoding="utf-8").replace("06-00000001", "bel Anna thuis").replace("- id: p1", "- id: P1")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigInvalid) as caught:
        load(folder)
    assert "bel Anna thuis" in str(caught.value)
    kept = str(caught.value.without_persons())
    assert "Anna" not in kept and "members.0.phone: is not right, see `achterwacht check`" in kept
    assert "P1" in kept  # what is no person's is told whole


@pytest.mark.parametrize("profile", ["-2", "{a: b}", "[zigbee2mqtt]", "true"])
def test_a_profile_that_is_no_text_is_told_and_ends_nothing(tmp_path: Path, profile: str) -> None:
    for file in MIXED.iterdir():
        text = file.read_text(encoding="utf-8").replace("profile: zigbee2mqtt", f"profile: {profile}")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=r"device\.profile: is .*, expected a name such as"):
        load(tmp_path)
