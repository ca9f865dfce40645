"""The command `learn`: listens beside the daemon and proposes what to write for the button that is pressed now.

Knows how to listen without being noticed: at the broker as a guest whose session ends with it, at a serial port only
when nobody else has it. What a press is and how an entry is written is learn.py's. People are told on stderr; stdout
has the entry and nothing else, so that it can be appended to zenders.yaml.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping

from achterwacht.clock import Clock
from achterwacht.config import BrokerSettings, Settings, load
from achterwacht.core import heard as h
from achterwacht.driver import IN_USE, in_words
from achterwacht.errors import AskedWrong, MqttUnavailable, Unavailable
from achterwacht.inputs.mapping import Payload
from achterwacht.inputs.ports import PROTOCOLS, Complaint, Silent, protocol
from achterwacht.inputs.serial import READ_BYTES
from achterwacht.inputs.wiring import Port, PressIds
from achterwacht.learn import Button, Known, Lesson, NewDevice, NewNode, NewPendant, free_id, scalar
from achterwacht.outputs.texts import Texts

SETTLE_S = 2.0
"""After the first press: its copies (up to 1.35 s by radio), its other words, and its gateway must have been heard."""
PATIENCE_MAX_S = 3600.0
"""Nobody stands longer at a button."""
NEWS_MAX = 100
"""So many lines about what is no press: more than anybody reads."""
POLL_S = 0.05
"""How often a serial port is read: nobody sees the difference, and the kernel keeps far more than comes meanwhile."""
WRITE_S = 1.0
"""A receiver takes its few bytes at once."""

EVERYTHING = "#"
DO_NOT_SEND_RETAINED = 2
"""MQTT 5, 3.8.3.1, retain handling."""
CONNECT_S = 3.0
QUEUED_MAX = 1000
"""Messages that wait to be looked at; beyond it they are dropped, as whoever is asked to press can press again."""
PACKET_MAX_BYTES = 262_144
"""Also of those pictures that some cameras publish none need come here."""


def learn(asked: Namespace) -> int:
    """Proposes an entry; 0 when a button was recognised. Raises what keeps it from listening."""
    if not 0 < asked.for_s <= PATIENCE_MAX_S:
        raise AskedWrong(f"--for {asked.for_s:g}: expected seconds, more than 0, at most {PATIENCE_MAX_S:g}")
    settings = load(asked.config)
    teacher = Teacher(settings)
    listening = (
        _at_the_broker(settings.broker, teacher, asked.for_s)
        if asked.port is None
        else _at_a_port(_port(settings, asked.port, asked.protocol), settings, teacher, asked.for_s)
    )
    try:
        with _hushed():
            asyncio.run(listening)
    except KeyboardInterrupt:
        return teacher.end(quietly=True)
    return teacher.end()


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """What is nonsense is a fault to the daemon, and news to us: not to be told twice."""
    log = logging.getLogger("achterwacht")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


class Teacher:
    """What one terminal is told."""

    def __init__(self, settings: Settings) -> None:
        self.lesson = Lesson(settings)
        self._plan = settings.plan
        self._texts = Texts(settings.plan.language)
        self._words = WORDS.get(settings.plan.language, NL)
        self._news = 0
        self._nothing = ""

    def begin(self, key: str, **told: object) -> None:
        """Ask for the press."""
        self._say(key, **told)
        self._nothing = f"{key}.nothing"

    def pressed(self, button: Button) -> None:
        """A button was pressed; its copies are not told."""
        if not self.lesson.keep(button):
            return
        match button:
            case Known(nr):
                zender = self._plan.zender(nr)
                assert zender is not None, "it is of the plan"
                via = self._texts.words.transports[zender.transport]
                self._say("known", nr=nr, place=zender.place, via=via)
            case NewNode(nr):
                self._say("node", nr=nr)
            case NewPendant(address):
                self._say("pendant", address=scalar(address))
            case NewDevice():
                which = [*filter(None, [button.found.input]), *button.found.where.values()]
                self._say(
                    "device",
                    profile=button.profile,
                    topic=scalar(button.heard_on),
                    which=", ".join(map(scalar, which)) or "-",
                )

    def news(self, topic: str, payload: bytes) -> None:
        """Something that is no press: it may be the button all the same."""
        if not self.lesson.is_news(topic, payload) or self._news > NEWS_MAX:
            return
        self._news += 1
        if self._news > NEWS_MAX:
            self._say("many")
        else:
            self._say("news", topic=scalar(topic), payload=Payload(payload))

    def end(self, quietly: bool = False) -> int:
        """Propose what was learned, and return the exit code."""
        if self.lesson.new:
            self._say("proposal")
            print(self.lesson.entries(self._words), end="", flush=True)
        elif not self.lesson.buttons and not quietly:
            self._say("not recognised" if self._news else self._nothing)
        return 0 if self.lesson.buttons else 1

    def _say(self, key: str, **told: object) -> None:
        print(self._words[key].format(**told), file=sys.stderr, flush=True)


# --- at the broker ----------------------------------------------------------------------------------------------------


async def _at_the_broker(broker: BrokerSettings, teacher: Teacher, patience_s: float) -> None:
    """Until a press has settled, or so many seconds. Raises MqttUnavailable."""
    import aiomqtt
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties
    from paho.mqtt.subscribeoptions import SubscribeOptions

    from achterwacht.broker import broker_address
    from achterwacht.mqtt import tls_parameters

    limits = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    limits.MaximumPacketSize = PACKET_MAX_BYTES
    address, unreadable = broker_address(broker, None)
    if unreadable:
        raise AskedWrong(f"{unreadable}; do this as the daemon's user (`sudo -u achterwacht`)")
    guest = aiomqtt.Client(
        broker.host,
        broker.port,
        # Never the daemon's, whom it would throw out. In MQTT 5 a session ends with its connection, if nobody asks.
        identifier=f"achterwacht-learn-{secrets.token_hex(4)}",
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=True,
        username=broker.username,
        password=address.password,
        tls_params=tls_parameters(address),
        properties=limits,
        timeout=CONNECT_S,
        max_queued_incoming_messages=QUEUED_MAX,
        logger=logging.getLogger(__name__),
    )
    mono_s = Clock().mono_s
    loop = asyncio.get_running_loop()
    pressed: asyncio.Future[None] = loop.create_future()
    asked: set[str] = set()

    async def listen() -> None:
        async for message in guest.messages:
            topic = message.topic.value
            payload = message.payload if isinstance(message.payload, bytes) else b""
            button = teacher.lesson.message(topic, payload, message.retain, message.qos, mono_s())
            if button is None:
                if not message.retain:
                    teacher.news(topic, payload)
                continue
            teacher.pressed(button)
            if not pressed.done():
                pressed.set_result(None)
            if gateways := teacher.lesson.gateway_topics() - asked:
                # What the broker remembers there tells which of them is one.
                asked.update(gateways)
                await guest.subscribe([(gateway, SubscribeOptions(qos=0)) for gateway in sorted(gateways)])

    try:
        async with guest:
            everything = SubscribeOptions(qos=1, retainHandling=DO_NOT_SEND_RETAINED)
            codes = await guest.subscribe(EVERYTHING, options=everything)
            if any(getattr(code, "is_failure", False) for code in codes):
                raise MqttUnavailable(f"the broker does not let {broker.username or 'us'} hear {EVERYTHING}: {codes}")
            teacher.begin("broker", s=f"{patience_s:g}", where=f"{broker.host}:{broker.port}")
            listening = asyncio.create_task(listen())
            try:
                await asyncio.wait({listening, pressed}, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
                if pressed.done():
                    await asyncio.wait({listening}, timeout=SETTLE_S)
            finally:
                listening.cancel()
                ended = await asyncio.gather(listening, return_exceptions=True)
            if isinstance(ended[0], Exception):
                raise ended[0]
    except aiomqtt.MqttError as error:
        raise MqttUnavailable(f"no connection to {broker.host}:{broker.port}: {error}") from None


# --- at a serial port -------------------------------------------------------------------------------------------------


async def _at_a_port(port: Port, settings: Settings, teacher: Teacher, patience_s: float) -> None:
    """Until a press has settled, or so many seconds. Raises Unavailable."""
    from serial import Serial

    spoken, mono_s = protocol(port.protocol), Clock().mono_s
    behind_it = [zender for zender in settings.wiring.on_ports if zender.port == port.id]
    line = spoken.Line(port.id, behind_it, PressIds("0000"))
    with (
        _as_unavailable(port),
        Serial(port.path, spoken.BAUD, timeout=0, write_timeout=WRITE_S, exclusive=True) as device,
    ):
        for data, wait_s in line.opening:
            device.write(data)
            await asyncio.sleep(wait_s)
            device.reset_input_buffer()
        line.opened(mono_s())
        teacher.begin("port", s=f"{patience_s:g}", where=port.path, protocol=port.protocol)
        end_s = mono_s() + patience_s
        while (now_s := mono_s()) < end_s:
            for said in line.feed(device.read(READ_BYTES), now_s):
                if button := teacher.lesson.serial(port, said):
                    teacher.pressed(button)
                    end_s = min(end_s, now_s + SETTLE_S)
                else:
                    _news_of(said, teacher)
            device.write(line.say(now_s))
            await asyncio.sleep(POLL_S)


def _news_of(said: h.Heard | Complaint, teacher: Teacher) -> None:
    match said:
        case Complaint(kind, detail) | h.Trouble(kind, detail):
            teacher.news(kind, detail.encode())
        case h.Telemetry(device):
            teacher.news(device, b"")


def _port(settings: Settings, asked: str, spoken: str | None) -> Port:
    """The port that is meant: one of the plan, by its id or path, or any other path."""
    ports = settings.wiring.ports
    for port in ports:
        if asked in (port.id, port.path):
            return port
    if not asked.startswith("/"):
        known = ", ".join(port.id for port in ports) or "it has none"
        raise AskedWrong(f"--port {asked}: no port of zenders.yaml ({known}), and no path that starts with /")
    if spoken not in PROTOCOLS:
        raise AskedWrong(f"--protocol {spoken or 'is missing'}: expected one of {', '.join(PROTOCOLS)}")
    taken = (*(port.id for port in ports), *(gateway.id for gateway in settings.plan.gateways))
    return Port(free_id(spoken, taken), spoken, asked)


@contextlib.contextmanager
def _as_unavailable(port: Port) -> Iterator[None]:
    import termios

    try:
        yield
    except Silent as silent:
        raise Unavailable(f"{port.path}: {silent}") from None
    except (OSError, termios.error) as error:
        if getattr(error, "errno", None) in IN_USE:
            problem = (
                f"{port.path} is in use: the daemon has it while it runs. Stop the daemon; or leave it running and "
                f"press, then the fault gateway:{port.id}/unknown (`achterwacht status`) names the address"
            )
            raise Unavailable(problem) from None
        raise Unavailable(in_words(port.path, error)) from None


# --- the words --------------------------------------------------------------------------------------------------------

NL: Mapping[str, str] = {
    "broker": (
        "Let op: de daemon luistert ook. Een knop die al in het plan staat geeft echt alarm; een eigen kastje ook,\n"
        "met welk nummer ook.\n"
        "Druk nu op de nieuwe knop. Ik luister {s} s naar alles op {where}; Ctrl-C stopt."
    ),
    "port": (
        "Let op: zolang de daemon stilstaat roept deze poort niemand op. Een eigen kastje herhaalt zijn druk tot\n"
        "Achterwacht die bevestigt, en geeft dan echt alarm.\n"
        "Druk nu op de nieuwe knop. Ik luister {s} s op {where} ({protocol}); Ctrl-C stopt."
    ),
    "known": "Gedrukt: zender {nr} ({place}, {via}). Die staat al in het plan.",
    "node": "Gedrukt: een eigen kastje met nummer {nr}.",
    "pendant": "Gedrukt: {address}.",
    "device": "Gedrukt: {profile} op {topic}, welke: {which}.",
    "news": "  gehoord, geen bekende druk: {topic}  {payload}",
    "many": "  Er komt meer dan hier past. Vanaf nu staat hier alleen wat een druk is.",
    "proposal": "Voorstel voor zenders.yaml, onder `zenders:`. Zet bij place de plaats; daarna `achterwacht check`.",
    "broker.nothing": (
        "Niets gehoord. Kijk na: heeft de knop een goede batterij? Staat in het apparaat of zijn gateway deze broker,\n"
        "met een eigen gebruiker die de toegangslijst (acl) kent? Een geweigerd bericht wordt stil weggegooid: het\n"
        "log van mosquitto noemt het. Hangt de knop aan een seriële ontvanger, luister dan met --port."
    ),
    "port.nothing": (
        "Niets gehoord. Kijk na: heeft de knop een goede batterij? Is dit de goede poort (`ls /dev/serial/by-id`) en\n"
        "het goede protocol? Luistert een RFXtrx naar dit soort zender (RFXmngr)?"
    ),
    "not recognised": (
        "Geen druk herkend. Staat de knop hierboven tussen wat gehoord is, en zegt hij dat elke keer, schrijf hem dan\n"
        "zelf met profile: custom, topic, en press: {{path: ..., value: [...]}}; zie het begin van zenders.yaml.\n"
        "Staat hij er niet tussen, kijk dan naar batterij, gateway en toegangslijst."
    ),
    "place": "waar mensen heen moeten rennen",
    "no heartbeat": "zegt niets tussen twee drukken? Meldt hij zich vanzelf, dan liever max_silence_s: <seconden>",
    "gateway first": "Zet dit onder `gateways:`, en haal dan hieronder de # voor `gateway: {id}` weg:",
    "port first": "Zet eerst dit onder `ports:`",
    "qos 0": "een druk kan verloren gaan; stel het apparaat in op QoS 1 als dat kan, en haal deze regel dan weg",
    "qos 0.zigbee2mqtt": "een druk kan verloren gaan; zet `qos: 1` bij dit apparaat in Zigbee2MQTT en haal dit weg",
    "qos 0.rtl_433": "een druk kan verloren gaan; start rtl_433 met `-F mqtt://...,qos=1` en haal dit weg",
    "qos 0.esphome": "een druk kan verloren gaan; zet `qos: 1` bij deze binary_sensor en haal dit weg",
}

EN: Mapping[str, str] = {
    "broker": (
        "Mind: the daemon listens too. A button that the plan has raises a real alarm; so does a node of our own, by\n"
        "whatever number.\n"
        "Press the new button now. Listening for {s} s to everything on {where}; Ctrl-C stops."
    ),
    "port": (
        "Mind: while the daemon stands still this port calls nobody. A node of our own repeats its press until\n"
        "Achterwacht confirms it, and then raises a real alarm.\n"
        "Press the new button now. Listening for {s} s on {where} ({protocol}); Ctrl-C stops."
    ),
    "known": "Pressed: zender {nr} ({place}, {via}). The plan has it already.",
    "node": "Pressed: a node of our own with number {nr}.",
    "pendant": "Pressed: {address}.",
    "device": "Pressed: {profile} on {topic}, which: {which}.",
    "news": "  heard, no known press: {topic}  {payload}",
    "many": "  More comes than fits here. From now on only what is a press is shown.",
    "proposal": "Proposal for zenders.yaml, below `zenders:`. Fill in the place; then `achterwacht check`.",
    "broker.nothing": (
        "Nothing heard. Check: is the button's battery good? Does the device or its gateway have this broker, with a\n"
        "user of its own that the access list (acl) knows? A refused message is thrown away silently: mosquitto's log\n"
        "names it. If the button is heard by a serial receiver, listen with --port."
    ),
    "port.nothing": (
        "Nothing heard. Check: is the button's battery good? Is this the right port (`ls /dev/serial/by-id`) and the\n"
        "right protocol? Does an RFXtrx listen for this kind of transmitter (RFXmngr)?"
    ),
    "not recognised": (
        "No press recognised. If the button is among what was heard above, and says so each time, write it yourself\n"
        "with profile: custom, topic, and press: {{path: ..., value: [...]}}; see the head of zenders.yaml.\n"
        "If it is not, look at battery, gateway and access list."
    ),
    "place": "where people must run to",
    "no heartbeat": "says nothing between presses? If it does report by itself, rather max_silence_s: <seconds>",
    "gateway first": "Put this below `gateways:`, then remove the # before `gateway: {id}` below:",
    "port first": "First put this below `ports:`",
    "qos 0": "a press may be lost; set the device to QoS 1 if it can, then remove this line",
    "qos 0.zigbee2mqtt": "a press may be lost; set `qos: 1` for this device in Zigbee2MQTT, then remove this",
    "qos 0.rtl_433": "a press may be lost; start rtl_433 with `-F mqtt://...,qos=1`, then remove this",
    "qos 0.esphome": "a press may be lost; set `qos: 1` for this binary_sensor, then remove this",
}

WORDS: Mapping[str, Mapping[str, str]] = {"nl": NL, "en": EN}
