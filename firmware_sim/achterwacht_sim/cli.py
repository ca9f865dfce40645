"""The command line `achterwacht-sim`: one zender, one pager, a paging system, a scenario, or the demo.

Knows arguments and exit codes: 0 all went well, 1 something expected did not happen, 2 a mistake in what was asked.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from achterwacht_sim.address import BadAddress, Broker, broker_of
from achterwacht_sim.node import NoBroker
from achterwacht_sim.scenario import FORMS, MAX_ZENDER, PAGER_ID, BadScenario, load, shipped
from achterwacht_sim.wire import ANSWERS

DEFAULT_BROKER = "mqtt://127.0.0.1:1883"
PASSWORD_VARIABLE = "ACHTERWACHT_MQTT_PASSWORD"

MAX_TCP_PORT = 65535
# Where `demo` has its screens, and the buttons and pagers.
SCREENS_PORT, PANEL_PORT = 8112, 8113
# What paging systems are known to speak at.
MIN_BAUD, MAX_BAUD = 300, 57600

EXIT_OK = 0
EXIT_UNMET = 1
EXIT_ASKED_WRONG = 2
EXIT_INTERRUPTED = 130

ABOUT = """\
Simulated zenders and pagers for Achterwacht. They speak what docs/wire.md says and nothing else, so that a
daemon can be tried without hardware. Try first:  achterwacht-sim demo"""

ABOUT_BROKER = f"""\
where the broker is, {DEFAULT_BROKER} by default: mqtt[s]://[user[:password]@]host[:port]. With a password and no
user each node logs in as its own topic level (zender 7 as `7`, pager p1 as `p1`), as the broker's access rules want."""

ABOUT_ZENDER = """\
One zender at the terminal. Each line is something that happens to it:

  (Enter), press      the button is pressed; repeated until the daemon has confirmed it
  tamper | tidy       the housing is opened | closed
  line cut|short|ok   the wire to the button
  die | back          power is lost without a goodbye | is back, with a new boot
  reboot              both, one after the other
  silent | speak      nothing it says is heard, though its connection lives | is heard again
  quit                goodbye; the end of the input does the same once every press is confirmed"""

ABOUT_PAGER = f"""\
One pager at the terminal. It prints what it rings and shows. Each line is something its carrier does:

  {", ".join(ANSWERS)}
                      the answer for the newest incident; `coming to BALIE 3` for another one,
                      `carry as MEMBER` to say who carries this pager
  (Enter)             look at the display
  dock | undock       put it on the charger | take it off
  battery 4           its battery has 4 percent left
  die | back | reboot power is lost without a goodbye | is back, with a new boot | both
  silent | speak      nothing it says is heard, though its connection lives | is heard again
  quit                goodbye; the end of the input does the same once every answer is heard"""

ABOUT_PAGING_BASE = """\
A paging system that a town hall may own already, at the end of a serial line or of a serial-to-TCP converter; the
daemon reaches it as docs/pagers.md says. Prints where it is, then each call as it sounds, until Ctrl-C or SIGTERM, and
takes its link away. The faults may be combined."""

ABOUT_PLAY = """\
Plays a scenario against a running daemon and says what happens, with the time since the start. Ends with 0 when
all that the scenario expects was seen, with 1 and the place in the file at the first thing that was not.

scenarios that are here: {shipped}

A scenario file (YAML 1.2) has `zenders`, `pagers`, maybe `faults`, and `steps`:

  - at: 1                                  seconds from the start
    do: press 7
  - expect: {{pager: all, rings: BALIE 3}}   within 5 s, or `within_s: 30`
  - when: {{pager: p2, rings: BALIE 3}}      waits up to 120 s, then does
    do: p2 answers coming

`do` takes one of:

  {forms}

A pager may be `any`, `all`, or `it`: the one that was seen last. What can be seen of a pager: rings, shows, over (a
text), kind, answered, connection; of a zender: help, confirmed. `docked: [p1]` names the pagers that begin in their
docks.

Only in the demo, which has a house of its own, something is typed at its terminal (`type`), or seen on it:

  - expect: {{terminal: achterwacht morning, says: lid-3}}

and `plan:` puts blocks of achterwacht.yaml in the place of the house's own, with `+8s` for 8 s after its start."""

ABOUT_DEMO = """\
The whole house on this machine: a broker, a daemon and a dashboard of its own, and a simulated building with a page on
which its buttons are pressed and its pagers answered. Leaves time to log in, then plays one alarm from the press to all
clear, and shows its timeline and the draft of the form; or another story: --scenario. Stays up until Ctrl-C; everything
that it started is gone afterwards."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command. Returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return asyncio.run(_command(arguments))
    except (BadAddress, BadScenario, NoBroker, OSError) as error:
        print(error, file=sys.stderr)
        return EXIT_ASKED_WRONG
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


async def _command(arguments: argparse.Namespace) -> int:
    # Each imports what only it needs.
    match arguments.command:
        case "zender":
            from achterwacht_sim.terminal import run_zender

            return await run_zender(_broker(arguments), arguments.nr, arguments.stay, say)
        case "pager":
            from achterwacht_sim.terminal import run_pager

            return await run_pager(_broker(arguments), arguments.id, arguments.stay, say)
        case "paging-base":
            return await _paging_base(arguments)
        case "play":
            return await _play(arguments)
        case _:
            return await _demo(arguments)


async def _paging_base(arguments: argparse.Namespace) -> int:
    from achterwacht_sim.espa_base import EspaBase
    from achterwacht_sim.paging_base import LOOPBACK, PagingBase, TcpEnd, sentence
    from achterwacht_sim.paging_calls import BaseFaults
    from achterwacht_sim.serial_line import Cable
    from achterwacht_sim.tap_base import TapTerminal

    if arguments.tap and (arguments.polls or arguments.reports):
        print("--polls and --reports: only with --espa; in TAP the terminal never speaks first", file=sys.stderr)
        return EXIT_ASKED_WRONG
    system = TapTerminal() if arguments.tap else EspaBase(polls=arguments.polls, reports=arguments.reports)
    faults = BaseFaults(
        busy=arguments.busy,
        refuses=arguments.refuses,
        out_of_radio=arguments.out_of_radio,
        transmitter_down=arguments.transmitter_down,
        deaf=arguments.deaf,
        garbled=arguments.garbled,
        slow_baud=arguments.slow,
    )
    interrupted = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(signum, interrupted.set)
    async with AsyncExitStack() as stack:
        end: Cable | TcpEnd
        if arguments.tcp is not None:
            end = await stack.enter_async_context(TcpEnd(arguments.tcp))
            where = f"{LOOPBACK}:{end.port}"
        else:
            folder = stack.enter_context(TemporaryDirectory())
            end = stack.enter_context(Cable(arguments.link or Path(folder) / "paging-base"))
            where = str(arguments.link or end.path.readlink())
        base = PagingBase(end, system, faults=faults, tell=lambda page: say(sentence(page)))
        await stack.enter_async_context(base)
        say(f"paging base ({'TAP 1.8' if arguments.tap else 'ESPA 4.4.4'}) is at {where}")
        await interrupted.wait()
    return EXIT_INTERRUPTED


async def _demo(arguments: argparse.Namespace) -> int:
    from achterwacht_sim.children import ChildEnded
    from achterwacht_sim.demo import DemoFailed, Ports, run_demo
    from achterwacht_sim.screens import NoScreens

    story = load(arguments.scenario)
    if not arguments.config.is_dir():
        print(f"{arguments.config}: no such folder; --config DIR names the one with zenders.yaml", file=sys.stderr)
        return EXIT_ASKED_WRONG
    try:
        ports = Ports(arguments.port, arguments.panel_port)
        return await run_demo(arguments.config, story, once=arguments.once, say=say, ports=ports)
    except (ChildEnded, DemoFailed, NoScreens) as error:
        print(error, file=sys.stderr)
        return EXIT_UNMET


async def _play(arguments: argparse.Namespace) -> int:
    from achterwacht_sim.play import Cast, Unmet

    scenario = load(arguments.scenario)
    async with Cast(scenario, _broker(arguments), say) as cast:
        try:
            await cast.play()
        except Unmet as unmet:
            print(unmet, file=sys.stderr)
            return EXIT_UNMET
    return EXIT_OK


def say(line: str) -> None:
    """One line for people, at once."""
    print(line, flush=True)


def _broker(arguments: argparse.Namespace) -> Broker:
    password = os.environ.get(PASSWORD_VARIABLE)
    if arguments.password_file is not None:
        password = arguments.password_file.read_text("utf-8").strip()
    return broker_of(arguments.broker, password or None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="achterwacht-sim", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, summary: str, about: str, *, broker: bool = True) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=summary,
            description=about,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if broker:
            added.add_argument("--broker", default=DEFAULT_BROKER, metavar="ADDRESS", help=ABOUT_BROKER)
            added.add_argument(
                "--password-file",
                type=Path,
                metavar="FILE",
                help=f"a file with the password in it; or set {PASSWORD_VARIABLE}",
            )
        return added

    zender = command("zender", "one zender at the terminal", ABOUT_ZENDER)
    zender.add_argument("nr", type=_zender_nr, metavar="NR", help=f"its number, 1 to {MAX_ZENDER}")
    pager = command("pager", "one pager at the terminal", ABOUT_PAGER)
    pager.add_argument("id", type=_pager_id, metavar="ID", help="its id, as p1")
    for node in (zender, pager):
        node.add_argument("--stay", action="store_true", help="stay on when the input has ended, until Ctrl-C")
    _paging_base_arguments(command("paging-base", "a paging system", ABOUT_PAGING_BASE, broker=False))
    forms = "\n  ".join(form for form, _, _ in FORMS)
    about_play = ABOUT_PLAY.format(shipped=", ".join(shipped()), forms=forms)
    play = command("play", "play a scenario against a running daemon", about_play)
    play.add_argument("scenario", metavar="SCENARIO", help="the name of one that is here, or a file")
    demo = command("demo", "the whole house on this machine", ABOUT_DEMO, broker=False)
    demo.add_argument(
        "--scenario", default="demo", metavar="NAME", help=f"another story: {', '.join(shipped())}, or a file"
    )
    demo.add_argument("--once", action="store_true", help="play at once, and end after it")
    demo.add_argument(
        "--config",
        type=Path,
        default=Path("config"),
        metavar="DIR",
        help="the folder with zenders.yaml and achterwacht.yaml, ./config by default",
    )
    for option, default, what in (
        ("--port", SCREENS_PORT, "the screens"),
        ("--panel-port", PANEL_PORT, "the buttons and pagers"),
    ):
        demo.add_argument(
            option,
            type=_tcp_port,
            default=default,
            metavar="PORT",
            help=f"where {what} are on 127.0.0.1, {default} by default; 0 takes a free port",
        )
    return parser


def _paging_base_arguments(base: argparse.ArgumentParser) -> None:
    dialect = base.add_mutually_exclusive_group(required=True)
    dialect.add_argument("--espa", action="store_true", help="it speaks ESPA 4.4.4, as station 2")
    dialect.add_argument("--tap", action="store_true", help="it speaks TAP 1.8")
    where = base.add_mutually_exclusive_group()
    where.add_argument("--tcp", type=_tcp_port, metavar="PORT", help="listen on 127.0.0.1; 0 takes a free port")
    where.add_argument("--link", type=Path, metavar="PATH", help="a path to make for the pseudo terminal")
    base.add_argument("--polls", action="store_true", help="ESPA: it is the control station and polls station 1")
    base.add_argument("--reports", action="store_true", help="ESPA: it tells what became of each call")
    for fault, about in (
        ("busy", "takes no call now (ESPA: 2 NAK; TAP: 512)"),
        ("refuses", "does not let itself be spoken to (ESPA: EOT on a select; TAP: NAK on a block)"),
        ("out-of-radio", "no pager is reached (ESPA: status absent; TAP: 213)"),
        ("transmitter-down", "the same, told later (ESPA: status transmitter failure; TAP: a late RS)"),
        ("deaf", "hears and says nothing"),
    ):
        base.add_argument(f"--{fault}", action="store_true", help=about)
    base.add_argument(
        "--garbled", type=_chance, default=0.0, metavar="P", help="the chance, 0 to 1, that a message has a wrong bit"
    )
    base.add_argument("--slow", type=_baud, metavar="BAUD", help="characters take their time, as at this speed")


def _tcp_port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > MAX_TCP_PORT:
        raise argparse.ArgumentTypeError(f"{text!r}: a port from 0 to {MAX_TCP_PORT} expected")
    return int(text)


def _chance(text: str) -> float:
    try:
        chance = float(text)
    except ValueError:
        chance = -1.0
    if not 0 <= chance <= 1:
        raise argparse.ArgumentTypeError(f"{text!r}: a number from 0 to 1 expected")
    return chance


def _baud(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not MIN_BAUD <= int(text) <= MAX_BAUD:
        raise argparse.ArgumentTypeError(f"{text!r}: bits per second expected, {MIN_BAUD} to {MAX_BAUD}")
    return int(text)


def _zender_nr(text: str) -> int:
    if not text.isascii() or not text.isdigit() or text.startswith("0") or int(text) > MAX_ZENDER:
        raise argparse.ArgumentTypeError(f"{text!r}: a number from 1 to {MAX_ZENDER} expected")
    return int(text)


def _pager_id(text: str) -> str:
    if not PAGER_ID.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r}: a letter first, then letters, digits, - or _ expected")
    return text
