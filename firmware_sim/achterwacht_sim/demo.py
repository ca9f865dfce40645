"""`make demo`: a broker, the daemon, simulated nodes, one story; and nothing left of it afterwards.

Knows how the daemon's command is called, from COMMANDS and from what a story types. The story is scenarios/demo.yaml,
or the one that is asked for.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import aiomqtt
from ruamel.yaml.error import YAMLError

from achterwacht_sim.address import Broker
from achterwacht_sim.children import Child, ChildEnded, Children
from achterwacht_sim.node import SOCKET_OPTIONS
from achterwacht_sim.play import Cast, Say, Terminal, Unmet
from achterwacht_sim.scenario import Scenario
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


class DemoFailed(Exception):
    """The demo could not be shown; the text says what is missing."""


async def run_demo(config: Path, story: Scenario, *, once: bool, say: Say) -> int:
    """The demo of this story from start to end. Returns the exit code; whatever it started is gone when it returns."""
    interrupted = asyncio.Event()
    told = asyncio.create_task(interrupted.wait())
    loop = asyncio.get_running_loop()
    # Once only: a second Ctrl-C must not disturb the tidying up, which is bounded.
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for signum in signals:
        loop.add_signal_handler(signum, interrupted.set)
    show = asyncio.create_task(_show(config, story, once, say))
    try:
        await asyncio.wait({show, told}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        show.cancel()
        told.cancel()
        await asyncio.gather(show, told, return_exceptions=True)
        for signum in signals:
            loop.remove_signal_handler(signum)
    return EXIT_INTERRUPTED if show.cancelled() else show.result()


async def _show(config: Path, story: Scenario, once: bool, say: Say) -> int:
    with tempfile.TemporaryDirectory(prefix="achterwacht-") as folder:
        async with Children() as children:
            home = Path(folder)
            broker = await start_broker(children, home, say)
            state = home / "state"
            state.mkdir()
            if story.plan:
                config = await _own_plan(config, home, story, say)

            def command(name: str, incident: str = "") -> list[str]:
                words = {
                    "config": str(config),
                    "state": str(state),
                    "broker": f"mqtt://{broker.host}:{broker.port}",
                    "incident": incident,
                }
                return [*daemon_command(), *(part.format(**words) for part in COMMANDS[name])]

            daemon = await children.start("the daemon", command("run"), home / "daemon.log")
            await _wait_until_armed(daemon, broker)
            say("the daemon is armed")
            say(f"\n{story.story}\n")
            async with Cast(story, broker, say, _terminal(children, home, config, state)) as cast:
                try:
                    await daemon.while_running(cast.play())
                except Unmet as unmet:
                    say(f"\n{unmet}\nthe daemon's last words: {daemon.last_words()}")
                    return EXIT_UNMET
                for name in ("show", "draft") if cast.incidents else ():
                    say(f"\n$ achterwacht {name} {cast.incidents[0]}\n")
                    await _read(await children.start(name, command(name, cast.incidents[0])))
                if once:
                    return EXIT_OK
                return await _watch(children, command, daemon, say)


async def _own_plan(config: Path, home: Path, story: Scenario, say: Say) -> Path:
    """The folder with the files of the house, changed as the story wants them."""
    wait_s = until_it_fits_s(story.plan, datetime.now(LOCAL))
    if wait_s:
        say(f"It is almost midnight, and this story must not see it pass: it begins in {wait_s:.0f} s.")
        await asyncio.sleep(wait_s)
    folder = home / "config"
    try:
        write_plan(config, folder, story.plan, datetime.now(LOCAL))
    except (OSError, YAMLError) as error:
        raise DemoFailed(f"{config} could not be made into a plan for {story.name}: {error}") from None
    return folder


def _terminal(children: Children, home: Path, config: Path, state: Path) -> Terminal:
    """The house's terminal: what is typed there runs as it would for a person, in the folders of this demo."""

    async def typed(words: tuple[str, ...]) -> tuple[int, str]:
        log = home / "terminal.log"
        folders = ("--config", str(config), "--state", str(state))
        child = await children.start("achterwacht", [*daemon_command(), *words, *folders], log)
        try:
            async with asyncio.timeout(READ_WAIT_S):
                code = await child.ended()
        except TimeoutError:
            raise DemoFailed(f"achterwacht {' '.join(words)} did not end within {READ_WAIT_S:.0f} s") from None
        return code, log.read_text("utf-8", "replace")

    return typed


async def _watch(children: Children, command: Callable[[str], list[str]], daemon: Child, say: Say) -> int:
    say("\n$ achterwacht watch        (the nodes stay up; Ctrl-C ends it all)\n")
    watch = await children.start("watch", command("watch"))
    try:
        return await daemon.while_running(watch.ended())
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


async def start_broker(children: Children, home: Path, say: Say) -> Broker:
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
    return broker


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
