"""`make demo`: a broker, the daemon, the dashboard, a simulated building with its panel, one story; and nothing left of
it afterwards.

Knows how the daemon's command is called, from COMMANDS and from what a story types; the dashboard's is screens.py's.
The story is scenarios/demo.yaml, or the one that is asked for.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import aiomqtt
from ruamel.yaml.error import YAMLError

from achterwacht_sim.address import Broker
from achterwacht_sim.children import Child, ChildEnded, Children
from achterwacht_sim.house import House, read_house
from achterwacht_sim.node import SOCKET_OPTIONS
from achterwacht_sim.panel import Panel
from achterwacht_sim.play import Cast, Say, Terminal, Unmet
from achterwacht_sim.scenario import Press, Scenario
from achterwacht_sim.screens import (
    PASSWORD,
    PROOF_WAIT_S,
    Account,
    NoScreens,
    add_accounts,
    prove,
    start_dashboard,
)
from achterwacht_sim.sped_up import LOCAL, until_it_fits_s, write_plan
from achterwacht_sim.wire import DAEMON_STATUS_TOPIC

# mosquitto accepts after 16 ms, the iotcore wheel after 104 ms, the daemon is armed within a second; a machine
# that has just unpacked them all is slower.
BROKER_WAIT_S = 10.0
DAEMON_WAIT_S = 20.0

# How often a starting broker is tried.
KNOCK_EVERY_S = 0.02

# Reading one incident from a journal of one incident, and whatever else a terminal is asked.
READ_WAIT_S = 20.0

# Time to open a browser and log in, so that the story is seen on the screens.
LOG_IN_S = 45

EXIT_OK = 0
EXIT_UNMET = 1
EXIT_INTERRUPTED = 130

LOOPBACK = "127.0.0.1"


# What we ask of the daemon: {config} and {state} are folders, {broker} an address, {incident} an id.
COMMANDS = {
    "run": ("run", "--config", "{config}", "--state", "{state}", "--broker", "{broker}"),
    "show": ("show", "{incident}", "--config", "{config}", "--state", "{state}"),
    "draft": ("draft", "{incident}", "--config", "{config}", "--state", "{state}"),
    "watch": ("watch", "--config", "{config}", "--state", "{state}"),
}

# No password and no access rules: for this demo, on this machine, and for nothing else.
MOSQUITTO_CONF = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
set_tcp_nodelay true
queue_qos0_messages false
max_queued_messages 10000
log_dest stderr
log_type error
log_type warning
"""

# iotcore's own listener refuses MQTT 5; one from a file does not.
IOTCORE_TOML = """\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 10

[v5.1]
name = "demo"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 5000
max_payload_size = 20480
max_inflight_count = 100
dynamic_filters = true
"""

# Debian keeps it where only root's PATH looks.
MOSQUITTO_ELSEWHERE = "/usr/sbin/mosquitto"


WELCOME = {
    "nl": """\

  Schermen             {screens}
  Knoppen en piepers   {panel}

  Inloggen met het wachtwoord  {password}  als
{accounts}
""",
    "en": """\

  Screens              {screens}
  Buttons and pagers   {panel}

  Log in with the password  {password}  as
{accounts}
""",
}

# Before the story, when there is time to log in.
SOON = {
    "nl": """\
  Open de schermen nu, log in als {first} en tik op Start dienst: over {left_s} s begint het, en u ziet het daar.
""",
    "en": """\
  Open the screens now, log in as {first} and tap Start duty: in {left_s} s it begins, and you see it there.
""",
}

# After the story.
YOURS = {
    "nl": """\
  Nu is het huis van u. Zet de schermen en de knoppen naast elkaar, druk op een plaats en antwoord op een pieper. In een
  privévenster: de telefoon van {phone}. Hang een pieper in de lader, en lees bij de receptie wie u belt. Maak daarna
  iets stuk.
""",
    "en": """\
  Now the house is yours. Put the screens and the buttons side by side, press a place, and answer on a pager. In a
  private window: the telephone of {phone}. Hang a pager in its dock, and read at the reception whom to call. Then break
  something.
""",
}


class DemoFailed(Exception):
    """The demo could not be shown; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the screens and the panel are; 0 takes a free one."""

    screens: int
    panel: int


@dataclass(frozen=True, slots=True)
class Folders:
    """Where things are: the house's files, what the daemon keeps, what the dashboard keeps."""

    config: Path
    state: Path
    data: Path


async def run_demo(config: Path, story: Scenario, *, once: bool, say: Say, ports: Ports) -> int:
    """The demo of this story from start to end. Returns the exit code; whatever it started is gone when it returns.

    Raises DemoFailed, NoScreens, ChildEnded, NoBroker, OSError.
    """
    interrupted = asyncio.Event()
    told = asyncio.create_task(interrupted.wait())
    loop = asyncio.get_running_loop()
    # Once only: a second Ctrl-C must not disturb the tidying up, which is bounded.
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for signum in signals:
        loop.add_signal_handler(signum, interrupted.set)
    show = asyncio.create_task(_show(config, story, once, say, ports))
    try:
        await asyncio.wait({show, told}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        show.cancel()
        told.cancel()
        await asyncio.gather(show, told, return_exceptions=True)
        for signum in signals:
            loop.remove_signal_handler(signum)
    return EXIT_INTERRUPTED if show.cancelled() else show.result()


async def _show(config: Path, story: Scenario, once: bool, say: Say, ports: Ports) -> int:
    screens_port = _open_port(ports.screens)
    panel_port = _open_port(ports.panel)
    url = f"http://{LOOPBACK}:{screens_port}"
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="achterwacht-")))
        children = await stack.enter_async_context(Children())
        broker, broker_process = await start_broker(children, home, say)
        house = _house(config, story)
        data = home / "dashboard"
        data.mkdir(mode=0o700)
        accounts = await add_accounts(children, home, data, house)
        # From here on it goes fast: a story's times of day count from its beginning.
        wait_s = 0 if once else LOG_IN_S
        if story.plan:
            config = await _own_plan(config, home, story, wait_s, say)
        begins_s = time.monotonic() + wait_s
        folders = Folders(config, home / "state", data)
        folders.state.mkdir()

        def command(name: str, incident: str = "") -> list[str]:
            words = {"config": config, "state": folders.state, "broker": f"mqtt://{broker}", "incident": incident}
            return [*daemon_command(), *(part.format(**words) for part in COMMANDS[name])]

        daemon = await children.start("the daemon", command("run"), home / "daemon.log")
        await _wait_until_armed(daemon, broker)
        say("the daemon is armed")
        dashboard = await start_dashboard(children, home, folders.state, folders.data, screens_port)
        kept = {
            "broker": children.keep(broker_process, say),
            "daemon": children.keep(daemon, say),
            "dashboard": children.keep(dashboard, say),
        }
        everything = replace(story, zenders=tuple(dict.fromkeys((*house.places, *story.zenders))))
        cast = Cast(everything, broker, say, _terminal(children, home, folders))
        await stack.enter_async_context(cast)
        panel = await stack.enter_async_context(Panel(cast, house, kept, panel_port, url, accounts))
        told = _told_by(house, url, panel.url, accounts)
        say(told(WELCOME))
        if not once:
            left_s = max(0.0, begins_s - time.monotonic())
            say(told(SOON, left_s=round(left_s)))
            await children.while_kept(asyncio.sleep(left_s))
        say(f"{story.story}\n")
        place = _place(house, story)
        proof = asyncio.create_task(prove(url, accounts[0], place)) if once else None
        if proof is not None:
            stack.callback(proof.cancel)
        try:
            await children.while_kept(cast.play())
        except Unmet as unmet:
            say(f"\n{unmet}\nthe daemon's last words: {daemon.last_words()}")
            return EXIT_UNMET
        for name in ("show", "draft") if cast.incidents else ():
            say(f"\n$ achterwacht {name} {cast.incidents[0]}\n")
            await _read(await children.start(name, command(name, cast.incidents[0])))
        if proof is None:
            say(told(WELCOME))
            say(told(YOURS))
            return await _watch(children, command, say)
        try:
            async with asyncio.timeout(PROOF_WAIT_S):
                await proof
        except TimeoutError:
            raise NoScreens(f"the board at {url} did not show {place or 'the house'} to {accounts[0].name}") from None
        say(f"\nthe board at {url} showed {place or 'the house'} to {accounts[0].name}")
        return EXIT_OK


def _open_port(wanted: int) -> int:
    """This port, which nobody listens at, or a free one for 0. Raises DemoFailed."""
    if not wanted:
        return _free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: what has ended is no hindrance
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError as error:
            raise DemoFailed(
                f"port {wanted} cannot be had: {error.strerror}. Perhaps another demo runs: end that, or take free "
                f"ports:\n  make demo ARGS='--port 0 --panel-port 0'"
            ) from None
    return wanted


def _house(config: Path, story: Scenario) -> House:
    try:
        return read_house(config, story.plan)
    except (OSError, YAMLError, TypeError, ValueError) as error:
        raise DemoFailed(f"{config} could not be made into a plan for {story.name}: {error}") from None


def _told_by(house: House, screens: str, panel: str, accounts: Sequence[Account]) -> Callable[..., str]:
    """Tells one of the texts above, in the house's language, about this demo and what else it has to name."""
    rows = (f"    {each.name:16}{each.role:13}{house.members.get(each.member, '')}".rstrip() for each in accounts)
    team = [account.name for account in accounts if account.role == "team"]
    about = {
        "screens": screens,
        "panel": panel,
        "password": PASSWORD,
        "accounts": "\n".join(rows),
        "first": accounts[0].name,
        "phone": (team or [accounts[0].name])[-1],
    }

    def told(texts: Mapping[str, str], **else_: object) -> str:
        return texts.get(house.language, texts["en"]).format(**about, **else_)

    return told


def _place(house: House, story: Scenario) -> str:
    """Where the first button of the story is pressed."""
    presses = (step.do.zenders[0] for step in story.steps if isinstance(step.do, Press))
    return house.places.get(next(presses, 0), "")


async def _own_plan(config: Path, home: Path, story: Scenario, wait_s: int, say: Say) -> Path:
    """The folder with the files of the house, changed as the story wants them that begins after this wait."""
    midnight_s = until_it_fits_s(story.plan, wait_s, datetime.now(LOCAL))
    if midnight_s:
        say(f"It is almost midnight, and this story must not see it pass: all of it begins in {midnight_s:.0f} s.")
        await asyncio.sleep(midnight_s)
    folder = home / "config"
    try:
        write_plan(config, folder, story.plan, datetime.now(LOCAL) + timedelta(seconds=wait_s))
    except (OSError, YAMLError) as error:
        raise DemoFailed(f"{config} could not be made into a plan for {story.name}: {error}") from None
    return folder


def _terminal(children: Children, home: Path, folders: Folders) -> Terminal:
    """The house's terminal: what is typed there runs as it would for a person, in the folders of this demo."""

    async def typed(words: tuple[str, ...]) -> tuple[int, str]:
        log = home / "terminal.log"
        where = ("--config", str(folders.config), "--state", str(folders.state))
        child = await children.start("achterwacht", [*daemon_command(), *words, *where], log)
        try:
            async with asyncio.timeout(READ_WAIT_S):
                code = await child.ended()
        except TimeoutError:
            raise DemoFailed(f"achterwacht {' '.join(words)} did not end within {READ_WAIT_S:.0f} s") from None
        return code, log.read_text("utf-8", "replace")

    return typed


async def _watch(children: Children, command: Callable[[str], list[str]], say: Say) -> int:
    say("\n$ achterwacht watch        (everything stays up; Ctrl-C ends it all)\n")
    watch = await children.start("watch", command("watch"))
    try:
        return await children.while_kept(watch.ended())
    except asyncio.CancelledError:
        # Ctrl-C is how this is meant to end.
        return EXIT_OK
    finally:
        # Before the nodes leave: their leaving is no news.
        await watch.stop()


async def _read(reader: Child) -> None:
    async with asyncio.timeout(READ_WAIT_S):
        code = await reader.ended()
    if code != EXIT_OK:
        raise DemoFailed(f"achterwacht {reader.name} ended with {code}")


async def start_broker(children: Children, home: Path, say: Say) -> tuple[Broker, Child]:
    """A broker of our own on a free port of this machine. Raises DemoFailed."""
    broker = Broker(LOOPBACK, _free_port())
    mosquitto = shutil.which("mosquitto") or shutil.which(MOSQUITTO_ELSEWHERE)
    if mosquitto is not None:
        name, conf = "mosquitto", home / "mosquitto.conf"
        conf.write_text(MOSQUITTO_CONF.format(port=broker.port), "ascii")
        command = [mosquitto, "-c", str(conf)]
    else:
        name, conf = "iotcore", home / "iotcore.toml"
        conf.write_text(IOTCORE_TOML.format(port=broker.port), "ascii")
        # rumqttd calls every packet an error in its log.
        command = [sys.executable, "-m", "iotcore", "--config", str(conf), "--log-level", "CRITICAL"]
    process = await children.start(name, command, home / "broker.log")
    try:
        async with asyncio.timeout(BROKER_WAIT_S):
            await process.while_running(_accepts(broker))
    except (ChildEnded, TimeoutError) as error:
        raise DemoFailed(f"no broker: {name} did not start ({error or 'no answer'})") from None
    say(f"DEMO BROKER: {name} on {broker}, without passwords. For this demo only, never for a building.")
    return broker, process


def daemon_command() -> list[str]:
    """How the daemon is started: its script beside our Python, else its module."""
    script = Path(sys.executable).with_name("achterwacht")
    return [str(script)] if script.exists() else [sys.executable, "-m", "achterwacht"]


async def _accepts(broker: Broker) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(broker.host, broker.port)
        except OSError:
            await asyncio.sleep(KNOCK_EVERY_S)
        else:
            writer.close()
            await writer.wait_closed()
            return


async def _wait_until_armed(daemon: Child, broker: Broker) -> None:
    try:
        async with asyncio.timeout(DAEMON_WAIT_S):
            await daemon.while_running(_armed(broker))
    except TimeoutError:
        raise DemoFailed(f"the daemon did not say online within {DAEMON_WAIT_S:.0f} s") from None


async def _armed(broker: Broker) -> None:
    """Until the daemon's retained status says that it is online."""
    async with aiomqtt.Client(
        broker.host,
        broker.port,
        protocol=aiomqtt.ProtocolVersion.V5,
        socket_options=SOCKET_OPTIONS,
    ) as client:
        await client.subscribe(DAEMON_STATUS_TOPIC, qos=1)
        async for message in client.messages:
            if isinstance(message.payload, bytes) and json.loads(message.payload).get("online") is True:
                return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
