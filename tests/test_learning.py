"""`achterwacht learn` without a broker: what is recognised, what is proposed, and that a plan with it hears that press.

Every press of the profiles' own vectors goes the whole way round: message, entry, plan, one press.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import shutil
import string
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from achterwacht.cli import main
from achterwacht.commands import learning
from achterwacht.commands.learning import EN, NL, WORDS
from achterwacht.config import Settings, load
from achterwacht.core import heard as h
from achterwacht.core.plan import GATEWAY
from achterwacht.errors import ConfigInvalid
from achterwacht.inputs.bought import Bought
from achterwacht.inputs.ports import Complaint
from achterwacht.inputs.profiles import PROFILES
from achterwacht.inputs.wiring import Port, PressIds
from achterwacht.learn import (
    BUTTONS_MAX,
    NEWS_EACH_MAX,
    PLACE,
    TOPICS_MAX,
    Button,
    Known,
    Lesson,
    NewDevice,
    NewNode,
    NewPendant,
    free_id,
    scalar,
)
from achterwacht.outputs.texts import LANGUAGES
from achterwacht_sim.serial_line import Cable, RfxtrxReceiver, line_of, security
from broker import free_port
from inputs.profiles.test_vectors import VECTORS, Said, Vector

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "config" / "examples" / "gemengd"
RADIO = Port("radio", "rfxtrx", "/dev/serial/by-id/usb-RFXCOM_RFXtrx433_A1XYZ123-if00-port0")
WAIT_S = 20.0  # no test waits this long: it is what a broken one costs

Output = pytest.CaptureFixture[str]


@cache
def example() -> Settings:
    return load(EXAMPLE)


@pytest.fixture
def lesson() -> Lesson:
    return Lesson(example())


def raw(said: Any) -> bytes:
    if isinstance(said, bytes):
        return said
    return said.encode() if isinstance(said, str) else json.dumps(said).encode()


def hears(
    lesson: Lesson, topic: str, said: Any, *, retained: bool = False, qos: int = 1, at_s: float = 0.0
) -> Button | None:
    """The button, when it was not heard before."""
    button = lesson.message(topic, raw(said), retained, qos, at_s)
    return button if button and lesson.keep(button) else None


def reads(lesson: Lesson, port: Port, said: h.Heard | Complaint) -> Button | None:
    button = lesson.serial(port, said)
    return button if button and lesson.keep(button) else None


@cache
def with_entry(entry: str, gateway: str = "", port: str = "") -> Settings:
    """The example plan with what was proposed: its entry at the end, what is commented put where it says."""
    text = (EXAMPLE / "zenders.yaml").read_text(encoding="utf-8") + entry.replace(PLACE, "Balie 12")
    text = text.replace("\ngateways:\n", f"\ngateways:\n  {gateway}\n").replace("\nports:\n", f"\nports:\n  {port}\n")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder)
        shutil.copy(EXAMPLE / "achterwacht.yaml", config)
        (config / "zenders.yaml").write_text(text, encoding="utf-8")
        return load(config)


def presses_of(settings: Settings, topic: str, said: Any, qos: int = 1) -> list[int]:
    """Which zenders a message presses in this plan."""
    all_heard: list[h.Heard] = []

    def hear(
        heard: h.Heard, ack: Callable[[], None] = lambda: None, reply: Callable[..., None] = lambda _: None
    ) -> None:
        all_heard.append(heard)

    bought = Bought(settings.wiring.devices, PressIds("b007"), hear)
    bought.message(topic, raw(said), False, qos, 0.0, lambda: None)
    return [one.zender for one in all_heard if isinstance(one, h.Pressed)]


# --- all the way round ------------------------------------------------------------------------------------------------


def of_its_own(vector: Vector) -> bool:
    """Whether a profile alone tells its presses: not custom, and no topic or words that only the plan knows."""
    press = vector.overrides.get("press", {})
    return vector.presses > 0 and vector.profile != "custom" and "topic" not in press


def first_press(vector: Vector) -> tuple[Said, NewDevice, Lesson] | None:
    lesson = Lesson(example())
    for said in vector.says:
        topic = said.topic or vector.topic
        button = hears(lesson, topic, said.payload, retained=said.retained, qos=said.qos, at_s=said.at_s)
        if button is not None:
            assert isinstance(button, NewDevice)
            return said, button, lesson
    return None


PRESSES = [vector for vector in VECTORS if of_its_own(vector)]
NO_MODEL = "an id as a text for one in hex", "an id of digits is no float"
"""A message without a model: rtl_433 sends none, and who sent it cannot be told."""


def test_every_profile_has_a_vector() -> None:
    assert {vector.profile for vector in PRESSES} == PROFILES.keys() - {"custom"}


@pytest.mark.parametrize("vector", PRESSES, ids=str)
def test_a_press_becomes_an_entry_by_which_it_is_heard_once(vector: Vector) -> None:
    pressed = first_press(vector)
    if vector.name in NO_MODEL:
        assert pressed is None
        return
    assert pressed is not None
    said, button, lesson = pressed
    assert button.profile == vector.profile
    topic = said.topic or vector.topic
    settings = with_entry(lesson.entries(NL))
    assert settings.plan.place(12) == "Balie 12"
    assert presses_of(settings, topic, said.payload) == [12]
    assert hears(Lesson(settings), topic, said.payload) == Known(12)


BUTTONS = {"EV1527 by a flex decoder": 3, "Generic remote, one of its buttons": 3, **dict.fromkeys(NO_MODEL, 0)}
"""Vectors in which not one button is pressed."""


@pytest.mark.parametrize("vector", PRESSES, ids=str)
def test_the_copies_and_siblings_of_a_press_are_no_second_button(vector: Vector) -> None:
    lesson = Lesson(example())
    for said in vector.says:
        hears(lesson, said.topic or vector.topic, said.payload, retained=said.retained, at_s=said.at_s)
    assert len(lesson.new) == BUTTONS.get(vector.name, 1)


# --- what is pressed --------------------------------------------------------------------------------------------------

BALIE_3 = "zigbee2mqtt/balie-3"
BALIE_12 = "zigbee2mqtt/hal/balie-12"
PRESS = {"boot": "9f3a0011", "seq": 412, "age_ms": 0}
BLU = {"params": {"events": [{"component": "bthomedevice:200", "event": "single_push"}]}}
SDR = "rtl_433/sdr1/events"
VISONIC = {"model": "Visonic-Powercode", "id": "6f4770", "alarm": 1}


def own(nr: int, says: str = "press") -> str:
    return f"achterwacht/v1/zender/{nr}/{says}"


def test_a_zender_of_the_plan_is_told_once_and_never_proposed(lesson: Lesson) -> None:
    assert hears(lesson, BALIE_3, {"action": "single"}) == Known(7)
    assert hears(lesson, BALIE_3, {"action": "double"}, at_s=5.0) is None
    assert hears(lesson, "rtl_433/any/events", {**VISONIC, "id": "3a91c2"}) == Known(10)
    assert hears(lesson, own(5), PRESS) == Known(5)
    assert (lesson.buttons, lesson.new, lesson.entries(NL)) == ([Known(7), Known(10), Known(5)], [], "")


def test_a_press_of_the_plan_that_does_not_count_is_no_new_button(lesson: Lesson) -> None:
    hears(lesson, BALIE_3, {"action": "single"})
    # Another word within the window; then a level, and the same again long after.
    for at_s, said in ((0.1, {"action": "hold"}), (0.2, {"sos": True}), (99.0, {"sos": True})):
        assert lesson.message(BALIE_3, raw(said), False, 1, at_s) == Known(7)


def test_what_only_the_plan_can_recognise_is_known() -> None:
    device = "{profile: custom, topic: a/b, press: {path: druk}}"
    entry = f"  - nr: 12\n    place: X\n    device: {device}\n    heartbeat: false\n"
    assert hears(Lesson(with_entry(entry)), "a/b", {"druk": 1}) == Known(12)


@pytest.mark.parametrize("topic", [BALIE_12, BALIE_3, own(5), own(99)])
def test_what_the_broker_remembered_is_no_press(lesson: Lesson, topic: str) -> None:
    assert hears(lesson, topic, {"action": "single", **PRESS}, retained=True) is None
    assert lesson.buttons == []


def test_one_of_our_own_nodes_by_its_own_number(lesson: Lesson) -> None:
    assert hears(lesson, own(99), PRESS) == NewNode(99)
    assert hears(lesson, own(99), {**PRESS, "age_ms": 500}) is None
    settings = with_entry(lesson.entries(NL))
    zender = settings.plan.zender(99)
    assert zender is not None
    assert (zender.transport, zender.weaker) == ("mqtt", ())


@pytest.mark.parametrize("said", [b"{", {"boot": "x"}, {**PRESS, "seq": 0}])
def test_nonsense_of_our_own_nodes_is_no_press(lesson: Lesson, said: Any) -> None:
    assert hears(lesson, own(99), said) is None
    assert hears(lesson, own(99, "telemetry"), PRESS) is None
    assert hears(lesson, "achterwacht/v1/daemon/canary", said) is None


def test_two_new_buttons_have_two_numbers_that_nobody_has(lesson: Lesson) -> None:
    hears(lesson, BALIE_12, {"action": "single"})
    hears(lesson, own(12), PRESS)
    hears(lesson, SDR, VISONIC)
    settings = with_entry(lesson.entries(NL))
    assert [zender.nr for zender in settings.plan.zenders][11:] == [13, 12, 14]
    assert presses_of(settings, BALIE_12, {"action": "single"}) == [13]


def test_a_flood_of_buttons_has_an_end(lesson: Lesson) -> None:
    for number in range(BUTTONS_MAX + 5):
        hears(lesson, f"zigbee2mqtt/{number}", {"action": "single"})
    assert len(lesson.buttons) == BUTTONS_MAX


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        (BALIE_12, {"action": "single"}),
        (SDR, VISONIC),
        ("balie5/binary_sensor/knop/state", "ON"),
        ("shellies/b/input_event/0", {"event": "S", "event_cnt": 5}),
    ],
)
def test_a_press_without_acknowledgement_is_proposed_as_such(topic: str, said: Any) -> None:
    for qos in (0, 1):
        lesson = Lesson(example())
        hears(lesson, topic, said, qos=qos)
        entry = lesson.entries(NL)
        assert ("qos: 0  # een druk kan verloren gaan" in entry) == (qos == 0)
        (device,) = (device for device in with_entry(entry).wiring.devices if device.name == "zender:12")
        assert device.qos == qos


# --- gateways ---------------------------------------------------------------------------------------------------------


def commented(entry: str) -> str:
    """What an entry proposes to be put elsewhere, without its `#`."""
    (line,) = (line for line in entry.splitlines() if line.startswith("  #   - "))
    return line.removeprefix("  #   ")


def test_the_gateway_that_the_plan_has_is_named(lesson: Lesson) -> None:
    hears(lesson, BALIE_12, {"action": "single"})
    zender = with_entry(lesson.entries(NL)).plan.zender(12)
    assert zender is not None
    assert zender.gateway == "zigbee"


@pytest.mark.parametrize(
    ("topic", "said", "remembered", "id"),
    [
        ("z/hal/balie", {"action": "single", "linkquality": 9}, "z/bridge/state", "z"),
        ("z/hal/balie", {"action": "single", "linkquality": 9}, "z/hal/bridge/state", "hal"),
        (SDR, VISONIC, "rtl_433/sdr1/availability", "sdr1"),
        ("433/SDR 1/events", VISONIC, "433/SDR 1/availability", "sdr-1"),
        ("433/zigbee/events", VISONIC, "433/zigbee/availability", "zigbee-2"),
        ("plus-1/events/rpc", BLU, "plus-1/online", "plus-1"),
    ],
)
def test_a_gateway_that_the_broker_knows_of_is_proposed(
    lesson: Lesson, topic: str, said: Any, remembered: str, id: str
) -> None:
    hears(lesson, topic, said)
    assert remembered in lesson.gateway_topics()
    hears(lesson, remembered, "online", retained=True)
    entry = lesson.entries(NL)
    assert f"      # gateway: {id}\n" in entry
    settings = with_entry(entry.replace("# gateway:", "gateway:"), commented(entry))
    (gateway,) = (device for device in settings.wiring.devices if device.name == f"{GATEWAY}:{id}")
    assert gateway.readings[0].topic == remembered
    zender = settings.plan.zender(12)
    assert zender is not None
    assert zender.gateway == id
    assert presses_of(settings, topic, said) == [12]
    assert presses_of(with_entry(entry), topic, said) == [12], "as it is it can be used too"


def test_no_gateway_is_made_up(lesson: Lesson) -> None:
    hears(lesson, "z/balie", {"action": "single", "linkquality": 9})
    hears(lesson, "else/bridge/state", "online", retained=True)
    hears(lesson, "z/bridge/state", "online")  # said, but not remembered: a gateway's state is
    assert "gateway" not in lesson.entries(NL)


def test_a_device_that_tells_of_itself_has_no_gateway(lesson: Lesson) -> None:
    hears(lesson, "plus/events/rpc", {"params": {"events": [{"component": "input:0", "event": "btn_down"}]}})
    assert lesson.new
    assert lesson.gateway_topics() == set()


# --- serial ports -----------------------------------------------------------------------------------------------------


def stranger(address: str) -> Complaint:
    return Complaint("unknown", f"{address} says Panic and is no zender here; if it is yours, add it")


def test_a_pendant_by_its_address(lesson: Lesson) -> None:
    assert reads(lesson, RADIO, stranger("x10:aabbcc")) == NewPendant("x10:aabbcc", RADIO)
    assert reads(lesson, RADIO, stranger("x10:aabbcc")) is None
    wiring = with_entry(lesson.entries(NL)).wiring
    assert [(one.nr, one.port, one.address) for one in wiring.on_ports][-1] == (12, "radio", "x10:aabbcc")


def test_a_port_that_the_plan_does_not_have_is_proposed_too(lesson: Lesson) -> None:
    port = Port("rfxtrx", "rfxtrx", "/dev/serial/by-id/usb: new")
    reads(lesson, port, stranger("x10:aabbcc"))
    entry = lesson.entries(NL)
    assert with_entry(entry, port=commented(entry)).wiring.ports[0] == port
    with pytest.raises(ConfigInvalid):
        with_entry(entry)


def test_a_node_on_a_line(lesson: Lesson) -> None:
    (cellar,) = (port for port in example().wiring.ports if port.protocol == "zw1")
    assert reads(lesson, cellar, h.Pressed("3-9f3a-1", 3, "9f3a", 0.0)) == Known(3)
    assert reads(lesson, cellar, h.Pressed("42-9f3a-1", 42, "9f3a", 0.0)) == NewNode(42, cellar)
    zender = with_entry(lesson.entries(NL)).plan.zender(42)
    assert zender is not None
    assert (zender.transport, zender.gateway) == ("serial", "kelder")


@pytest.mark.parametrize(
    "said",
    [Complaint("malformed", "x10:aabbcc says nonsense"), stranger("security-0b:aabbcc"), h.Telemetry("zender:3", "")],
)
def test_what_is_no_press_on_a_port(lesson: Lesson, said: h.Heard | Complaint) -> None:
    assert reads(lesson, RADIO, said) is None


# --- what is no press, and may be the button all the same -------------------------------------------------------------


def test_news_is_what_was_not_said_before(lesson: Lesson) -> None:
    assert lesson.is_news("a", b"1")
    assert not lesson.is_news("a", b"1")
    assert lesson.is_news("a", b"2")
    assert lesson.is_news("b", b"1")
    assert not lesson.is_news("achterwacht/v1/zender/5/telemetry", b"1")


def test_who_always_says_something_else_is_shown_a_few_times(lesson: Lesson) -> None:
    assert sum(lesson.is_news("meter", b"%d" % number) for number in range(100)) == NEWS_EACH_MAX


def test_no_more_topics_are_remembered_than_fit(lesson: Lesson) -> None:
    assert sum(lesson.is_news(f"a/{number}", b"") for number in range(TOPICS_MAX + 50)) == TOPICS_MAX


# --- how it is written ------------------------------------------------------------------------------------------------


def loaded(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.sampled_from(["on", "6e4770", "1", "~", "", "\U00014647"])
)
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert loaded(f"{{{scalar(text)}: [{scalar(text)}]}}") == {text: [text]}


@given(st.text(max_size=50), st.lists(st.text(max_size=5), max_size=5))
def test_an_id_that_nobody_has(wanted: str, taken: list[str]) -> None:
    id = free_id(wanted, taken)
    assert id not in {*taken, "gpio"}
    assert 1 <= len(id) <= 32
    assert id[0] in string.ascii_lowercase
    assert set(id) <= {*string.ascii_lowercase, *string.digits, "_", "-"}


@pytest.mark.parametrize(
    ("wanted", "id"), [("zigbee2mqtt", "zigbee2mqtt"), ("SDR 1", "sdr-1"), ("433", "gateway-433"), ("gpio", "gpio-2")]
)
def test_an_id_like_its_name(wanted: str, id: str) -> None:
    assert free_id(wanted, []) == id


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["action", "model", "id", "cmd", "alarm", "button", "code", "Button1"]), inner
        )
    ),
    max_leaves=8,
)
TOPICS = st.sampled_from([BALIE_12, BALIE_3, SDR, "stat/a: b/RESULT", "x/binary_sensor/#{/state", own(99), own(5)])


@hypothesis_settings(deadline=None)  # the first example reads the plan
@given(TOPICS | st.text(max_size=20), st.binary(max_size=30) | JSON.map(raw), st.booleans(), st.sampled_from([0, 1]))
def test_no_message_breaks_a_lesson_and_what_it_proposes_is_yaml(
    topic: str, payload: bytes, retained: bool, qos: int
) -> None:
    lesson = Lesson(example())
    hears(lesson, topic, payload, retained=retained, qos=qos)
    lesson.is_news(topic, payload)
    for entry in loaded(lesson.entries(NL)) or ():
        assert entry["place"] == PLACE
        if "device" in entry:
            (button,) = lesson.new
            assert isinstance(button, NewDevice)
            told = entry["device"]
            assert (told["profile"], told["topic"]) == (button.profile, button.found.topic)
            assert (told.get("input"), told.get("where", {})) == (button.found.input, button.found.where)


# --- the command ------------------------------------------------------------------------------------------------------


def test_every_language_has_every_word_with_the_same_gaps() -> None:
    def gaps(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert WORDS.keys() == LANGUAGES.keys()
    assert {key: gaps(text) for key, text in NL.items()} == {key: gaps(text) for key, text in EN.items()}


def complaint(capsys: Output, *words: str, config: Path = EXAMPLE) -> str:
    assert main(["learn", *words, "--config", str(config)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    return err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--for", "0"], "more than 0"),
        (["--for", "nan"], "more than 0"),
        (["--for", "1e9"], "at most 3600"),
        (["--port", "zolder"], "kelder, radio"),
        (["--port", "/dev/null"], "--protocol is missing: expected one of rfxtrx, zw1"),
        (["--port", "/dev/null", "--protocol", "morse"], "expected one of rfxtrx, zw1"),
        (["--port", "/dev/not there", "--protocol", "zw1"], "no such device: /dev/not there; plug it in"),
        (["--port", "/dev/null", "--protocol", "zw1"], "cannot be used: /dev/null"),
    ],
)
def test_what_cannot_be_listened_to(words: list[str], problem: str, capsys: Output) -> None:
    assert problem in complaint(capsys, *words)


def test_a_broken_plan_is_said(tmp_path: Path, capsys: Output) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "config")
    (tmp_path / "config" / "zenders.yaml").write_text("zenders: 7\n", "utf-8")
    err = complaint(capsys, config=tmp_path / "config")
    assert "zenders.yaml:1:" in err
    assert "correct these lines" in err


def site_with(config: Path, **broker: Any) -> None:
    shutil.copytree(EXAMPLE, config)
    site = loaded((config / "achterwacht.yaml").read_text("utf-8"))
    site["broker"] = broker
    (config / "achterwacht.yaml").write_text(json.dumps(site), "utf-8")


def test_a_broker_that_does_not_answer_and_a_password_that_cannot_be_read(tmp_path: Path, capsys: Output) -> None:
    site_with(tmp_path / "a", host="127.0.0.1", port=free_port())
    assert "127.0.0.1" in complaint(capsys, config=tmp_path / "a")
    secret = tmp_path / "not there"
    site_with(tmp_path / "b", host="127.0.0.1", port=free_port(), username="achterwacht", password_file=str(secret))
    assert "sudo -u achterwacht" in complaint(capsys, config=tmp_path / "b")


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    with Cable(tmp_path / "usb-radio-port0") as plugged:
        yield plugged


def test_a_port_that_the_daemon_has(cable: Cable, capsys: Output) -> None:
    with cable.path.open("rb", buffering=0) as taken:
        fcntl.flock(taken, fcntl.LOCK_EX)
        err = complaint(capsys, "--port", str(cable.path), "--protocol", "rfxtrx")
    assert "is in use: the daemon has it" in err
    assert "gateway:rfxtrx/unknown" in err


def at_a_port(cable: Cable, protocol: str, patience_s: float = WAIT_S, says: bytes = b"") -> learning.Teacher:
    """Listen there until something was learned; `says`: what the other end says when it is asked to."""

    class Asking(learning.Teacher):
        def begin(self, key: str, **told: object) -> None:
            super().begin(key, **told)
            cable.write(says)

    teacher = Asking(example())
    port = Port("new", protocol, str(cable.path))
    asyncio.run(learning._at_a_port(port, example(), teacher, patience_s))
    return teacher


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "SETTLE_S", 0.2)


@pytest.mark.usefixtures("hasty")
@pytest.mark.asyncio
async def test_a_pendant_is_learned_at_a_receiver(cable: Cable, capsys: Output) -> None:
    async with RfxtrxReceiver(cable) as receiver:
        learned = asyncio.create_task(asyncio.to_thread(at_a_port, cable, "rfxtrx"))
        async with asyncio.timeout(WAIT_S):
            await receiver.started.wait()
            receiver.hears(security("x10:aabbcc", "normal"))
            for _ in range(5):
                receiver.hears(security("x10:aabbcc", "panic"))
            teacher = await learned
    assert teacher.end() == 0
    out, err = capsys.readouterr()
    assert err.count("x10:aabbcc") == 1
    assert loaded(out)[0]["serial"] == {"port": "new", "address": "x10:aabbcc"}


@pytest.mark.usefixtures("hasty")
def test_the_numbers_on_a_line_are_learned(cable: Cable, capsys: Output) -> None:
    said = (line_of(41, "9f3a0011", 1, "BEAT", "-,0,ok"), b"garbage\n", line_of(42, "9f3a", 2, "PRESS", "0"))
    assert at_a_port(cable, "zw1", says=b"".join(said)).end() == 0
    out, err = capsys.readouterr()
    assert "zender:41" in err
    assert "garbage" in err
    assert [entry["nr"] for entry in loaded(out)] == [42]


def test_nothing_is_heard_on_a_line(cable: Cable, capsys: Output) -> None:
    assert at_a_port(cable, "zw1", 0.05).end() == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert NL["port.nothing"] in err


def test_a_known_zender_is_an_answer_too(capsys: Output) -> None:
    teacher = learning.Teacher(example())
    for _ in range(2):
        teacher.pressed(Known(7))
    assert teacher.end() == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "Gedrukt: zender 7 (Balie 3, gekocht). Die staat al in het plan.\n"


def test_what_is_heard_and_not_recognised_is_shown_with_a_bound(capsys: Output) -> None:
    teacher = learning.Teacher(example())
    teacher.begin("broker", s="120", where="here")
    for number in range(learning.NEWS_MAX + 50):
        teacher.news(f"t/{number}", b'\x1b[2J{"druk":1}')
    assert teacher.end() == 1
    err = capsys.readouterr().err
    assert err.count("gehoord") == learning.NEWS_MAX + 1  # and once in what follows
    assert "t/99" in err
    assert "t/100" not in err
    assert NL["many"] in err
    assert "\x1b" not in err
    assert "profile: custom" in err


def test_whoever_stops_it_is_told_nothing_more(capsys: Output) -> None:
    teacher = learning.Teacher(example())
    assert teacher.end(quietly=True) == 1
    assert capsys.readouterr() == ("", "")
