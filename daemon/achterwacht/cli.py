"""The command line `achterwacht`: its arguments and its help. What a command does stands in commands/.

Exit codes: 0 done, 1 not done (and why, on stderr), 2 a command line that makes no sense; `status` has its own. A
command's module is imported when it is asked for: the daemon must be armed before anybody has read this sentence.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

from achterwacht import __version__, paths
from achterwacht.core.heard import AnswerWord
from achterwacht.core.plan import TERMINAL
from achterwacht.errors import AchterwachtError, Senseless

EXIT_NOT_DONE = 1
EXIT_SENSELESS = 2

DAYS_AHEAD = {"today": 0, "vandaag": 0, "tomorrow": 1, "morgen": 1}

ABOUT = """\
Achterwacht: from a press on a desk's panic button to people running to the right desk.

  the daemon        run, check
  a new button      learn
  what was          incidents, show, draft, facts, verify     (read-only; the daemon may run or not)
  what is, now      status, metrics, watch                    (asks the daemon)
  today             morning, roster                           (asks the daemon; a past day: read-only)
  who has a pager   swap, absent, took, called                (the daemon must run)
  what to do        answer, reopen, acknowledge, test-page    (the daemon must run)
  to practise       test, drill                               (the daemon must run)

`achterwacht COMMAND --help` tells what each does, with an example."""

RUN = """\
Runs the daemon until SIGTERM; SIGHUP reads the two YAML files again. systemd does this in a building. A missing broker
or a full disk never keeps it from starting: each is a fault that it tells.

  achterwacht run --config config --state state --broker mqtt://127.0.0.1"""

CHECK = """\
Reads zenders.yaml and achterwacht.yaml as the daemon would. Prints the plan to hold against the building, and advice
about its ladder; or every mistake at once, as file:line:column: key: what is wrong, what is expected. Changes nothing.

  achterwacht check --config /etc/achterwacht"""

LEARN = """\
Listens beside the daemon and proposes the entry of zenders.yaml for the button that is pressed now: at the broker, or
with --port at a serial port, for which the daemon must be stopped. It ends by itself after the first press that it
recognises. What it tells is on stderr, the entry on stdout. It changes nothing.

A button that the plan has raises a real alarm when it is pressed; so does a node of our own, also one that the plan
does not have.

  achterwacht learn > entry.yaml
  achterwacht learn --port radio
  achterwacht learn --port /dev/ttyUSB0 --protocol rfxtrx --for 600"""

VERIFY = """\
Recomputes the hash chain of the whole journal and names every change, gap and reordering in it. Only a head that was
kept elsewhere (the daemon's retained status, the dashboard, yesterday's output of this command) can show that the
newest facts were cut off: give it with --head.

  achterwacht verify
  achterwacht verify --json | jq .head
  achterwacht verify --head 1234:9f3a..."""

FACTS = """\
Prints what happened, in order: a sentence a line with its number and local time (a `?` behind a time that no clock
vouched for), or with --json one fact a line as it stands in the journal.

  achterwacht facts --after 1200
  achterwacht facts --incident 2026-017 --json | jq .fact"""

INCIDENTS = """\
Lists every incident: number, place, when it began, how long it took, and its id. The newest is last.

  achterwacht incidents
  achterwacht incidents --json | jq 'select(.closed_after_s == null)'"""

SHOW = """\
Tells the story of one incident: who was called and how far each order came, who answered, who came, the ladder, 112,
and how fast it was. `handed over` means that a carrier took it; only `shown` and `answered` say that a person may have
it.

  achterwacht show last
  achterwacht show 2026-017
  achterwacht show 7-9f3a52c01b7d4e88-412 --json"""

DRAFT = """\
Fills the meldingsformulier as far as the facts prove it: date, time, place, kind of contact, measures taken, who came,
when 112 was called. Everything else stays open for the person who was there.

  achterwacht draft last > concept.txt"""

WATCH = """\
Tells what is open now, then every fact as it happens, until Ctrl-C. Says so loudly when nothing was heard for five
seconds: what stands above may then be out of date. Connects again by itself. An answer or an end is told when it is on
disk; after a second it is told all the same, marked (with --json: "durable":false).

  achterwacht watch"""

ANSWER = """\
Answers for a member of the plan, as a pager would. Without INCIDENT the one that is open is meant.

  coming         I go                     told_to_leave  the visitor was told to leave
  cannot         I cannot come            need_112       112 must be called
  on_scene       I am there; all right    called_112     I have called 112
  all_clear      it is over               police_here    the police are here
  carry          I carry this pager (--pager), from now on

  achterwacht answer lid-1 coming
  achterwacht answer receptie-1 all_clear 2026-017 --reason "the visitor has left"
  achterwacht answer lid-2 carry --pager p2"""

REOPEN = """\
Takes back a closing of the last ten minutes: the alarm rings again from the foot of its ladder.

  achterwacht reopen lid-1 2026-017"""

STATUS = """\
Tells on one screen how the house stands: the light (ready, limited, not ready) and why, what is open, and which button
and pager would work now. `!` does not work, `?` nobody knows, `~` works as far as anybody knows: its end would not be
noticed. The name of a fault stands between [ ], as `acknowledge` takes it. The daemon that does not answer is told as
loudly.

For monitoring: exit code 0 ready, 1 limited, 2 not ready, or no answer. With --json everything, in one document.

  achterwacht status
  achterwacht status --json | jq '.zenders[] | select(.works != "yes")'"""

METRICS = """\
Prints how the house stands as Prometheus reads it (text format 0.0.4), for a script exporter or the textfile collector
of node_exporter. When the daemon does not answer it prints `achterwacht_up 0`, and its exit code is 0 all the same: the
numbers must be taken over then too, or the last good ones would stay.

  achterwacht metrics
  achterwacht metrics > achterwacht.tmp && mv achterwacht.tmp /var/lib/node_exporter/achterwacht.prom"""

ACKNOWLEDGE = """\
Says for a member that a fault was seen and is being dealt with. A fault that tells of something that has happened (a
message that made no sense, a number used twice) is over by that; another stands, as seen, until its cause is gone.
`achterwacht status` has the name of each between [ ]; its blanks need no quotes.

  achterwacht acknowledge lid-1 zender:7/silent
  achterwacht acknowledge lid-1 zender:7/two boots"""

TEST_PAGE = """\
Sends a test to one target and tells how far it came, until it is shown, or failed, or nothing more can be known of it:
a pager of our own shows it; of a paging system, a telephone or the alarm centre the carrier's word is all there is. It
calls nobody to come; a pager of a paging system does sound. Targets are pager:p1, push:lid-4 (a way of a member), or
alarm_centre:pac.

Exit code 0: it came as far as that target can tell. Else the fault that stands in the way is told, if there is one.

  achterwacht test-page pager:p1
  achterwacht test-page push:lid-4 --wait 120"""

MORNING = """\
Tells how far this morning has come: whether the house is open, the check of the pagers, and of each pager who carries
it, where it is, and when it was proven that it can be reached. Of one that is missing: why, whom to call by which
number, what was tried, and what to type then. Also that an alarm is open, a drill runs, or more is wrong with the house
(`achterwacht status`). With --date the log of that day, read from the journal.

Exit code 0: no pager is missing, or there is no check today; 1: one is missing, the check is still to be made, or the
house is not ready at all; 2: no answer from the daemon. With --json ids only, no names.

  achterwacht morning
  achterwacht morning --date 2026-11-20"""

ROSTER = """\
Tells who is to carry which pager in the days to come, also by swaps, calendars, and who stands in for whom; and on
which days the house is closed, and why. NIEMAND: nobody is to carry it. DUBBEL: somebody is to carry two. Below stand
the members' ids, which `swap`, `absent`, `took` and `called` want.

  achterwacht roster
  achterwacht roster --from 2026-12-21 --days 7"""

SWAP = """\
On one day somebody else carries a pager. A later word about the same day and pager holds.

  achterwacht swap p1 2026-12-24 lid-2
  achterwacht swap p1 tomorrow lid-2 --by receptie-1"""

ABSENT = """\
Says that a member is away, from FIRST up to and including LAST (that one day, without LAST), and who stands in: the
roster follows at once. --withdraw takes back the absence that begins on FIRST.

  achterwacht absent lid-1 2026-12-28 2026-12-31 --replaced-by lid-4
  achterwacht absent lid-1 today
  achterwacht absent lid-1 2026-12-28 --withdraw"""

TOOK = """\
Says that a member has taken a pager. It counts once it is out of its dock, and has proven that it can be reached.

  achterwacht took p1 lid-1 --by receptie-1"""

CALLED = """\
Says that somebody called about a pager that is missing at the check, and what came of it: nobody answered (alone), the
member comes, or somebody else takes it today.

  achterwacht called p2
  achterwacht called p2 --comes
  achterwacht called p2 --replaced-by lid-4 --by receptie-1"""

TEST = """\
Guides through the test of one button: press it within 30 s, say within 10 s that it was you, look whether the right
place stands on the pagers, and say so. Only this zender is tested, and only by its next press. A PRESS THAT YOU DO NOT
CLAIM, AND A SECOND PRESS, ARE REAL ALARMS. --on: only these show it, else every pager of our own. --yes, for scripts:
claims by itself, and calls it right when every one of them has shown it. Exit code 0 only for a button that is right.

Without a zender it lists when each was tested last, and by whom, from the journal.

  achterwacht test
  achterwacht test zender 7 --by receptie-1
  achterwacht test zender 7 --on pager:p1 --on pager:p2"""

DRILL = """\
Practises an alarm at a zender, with the whole ladder; everything that is sent says that it is a drill (OEFENING). With
--announced whoever is called is told a minute before. Any press of a button meanwhile is a REAL ALARM, and ends the
drill.

  start NR       begins one                 report [ID]    who came, in how many seconds (ID or `last`)
  stop           ends it                    list           every drill, the newest last

  achterwacht drill start 7 --announced --by receptie-1
  achterwacht drill stop
  achterwacht drill report last"""

ABOUT_INCIDENT = "its number (2026-017), its id, or `last`"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command, as argparse takes it."""

    names: tuple[str, ...]
    options: dict[str, Any]


def _argument(*names: str, **options: Any) -> Argument:
    return Argument(names, options)


@dataclass(frozen=True, slots=True)
class Command:
    """One command: where it is done (`module.function` in commands/), what it is for, what it takes."""

    does: str
    brief: str
    about: str
    arguments: tuple[Argument, ...] = ()


def head(text: str) -> tuple[int, str]:
    """`1234:9f3a…` as a place in the chain."""
    n, _, hash_ = text.partition(":")
    if not n.isdecimal() or not hash_:
        raise argparse.ArgumentTypeError(f"{text!r}: expected NUMBER:HASH, as `achterwacht verify` prints it")
    return int(n), hash_


def broker(text: str) -> str:
    """A broker's URL, as it is, once it is known to be one."""
    from achterwacht.mqtt import BrokerAddress  # only where a URL is given: it takes its time

    try:
        BrokerAddress.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def day(text: str) -> date:
    """A date, or today's or tomorrow's."""
    from achterwacht.clock import Clock  # only where a day is given

    days_ahead = DAYS_AHEAD.get(text.lower())
    if days_ahead is not None:
        return Clock().now().local.date() + timedelta(days=days_ahead)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a date such as 2026-12-24, or today, tomorrow") from None


JSON = _argument("--json", action="store_true", help="for programs: JSON, one document a line")
INCIDENT = _argument("incident", metavar="INCIDENT", help=ABOUT_INCIDENT)
MEMBER = _argument("member", metavar="MEMBER", help="a member's id in achterwacht.yaml")
A_PAGER = _argument("pager", metavar="PAGER", help="a pager's id in achterwacht.yaml")
BY = _argument("--by", metavar="MEMBER", default=TERMINAL, help="who says it, by the member's id (default: terminal)")
REPLACED_BY = _argument("--replaced-by", metavar="MEMBER", default="", help="who takes over, by the member's id")
DATE = "such as 2026-12-24, or today, tomorrow (vandaag, morgen)"

COMMANDS = {
    "run": Command(
        "running.run",
        "run the daemon",
        RUN,
        (
            _argument(
                "--broker",
                metavar="URL",
                type=broker,
                help="mqtt[s]://[user@]host[:port] instead of the plan's; a password is only ever in the plan's file",
            ),
        ),
    ),
    "check": Command("running.check", "check the two YAML files", CHECK),
    "learn": Command(
        "learning.learn",
        "propose an entry for a new button",
        LEARN,
        (
            _argument("--port", metavar="ID|PATH", help="listen at this serial port instead: of the plan, or a path"),
            _argument("--protocol", metavar="NAME", help="what a port speaks that is not in the plan: rfxtrx or zw1"),
            _argument(
                "--for", metavar="SECONDS", type=float, default=120.0, dest="for_s", help="how long to wait (120)"
            ),
        ),
    ),
    "verify": Command(
        "reading.verify",
        "check the journal's hash chain",
        VERIFY,
        (
            JSON,
            _argument(
                "--head",
                metavar="N:HASH",
                type=head,
                action="append",
                default=[],
                help="a head that was kept elsewhere; may be given more than once",
            ),
        ),
    ),
    "facts": Command(
        "reading.facts",
        "what happened, fact by fact",
        FACTS,
        (
            JSON,
            _argument("--incident", metavar="INCIDENT", help=f"only this one: {ABOUT_INCIDENT}"),
            _argument("--after", metavar="N", type=int, default=0, help="only facts with a number above N"),
        ),
    ),
    "incidents": Command("reading.list_incidents", "every incident in a line", INCIDENTS, (JSON,)),
    "show": Command("reading.show", "one incident's story", SHOW, (INCIDENT, JSON)),
    "draft": Command("reading.draft", "the form about one incident, begun", DRAFT, (INCIDENT, JSON)),
    "status": Command("standing.status", "how the house stands", STATUS, (JSON,)),
    "metrics": Command("standing.metrics", "how the house stands, for Prometheus", METRICS),
    "morning": Command(
        "day.morning",
        "how far this morning has come",
        MORNING,
        (JSON, _argument("--date", metavar="DATE", type=day, help=f"the log of that day: {DATE}")),
    ),
    "roster": Command(
        "day.roster",
        "who is to carry which pager",
        ROSTER,
        (
            JSON,
            _argument("--from", metavar="DATE", type=day, dest="first", help=f"the first day: {DATE}"),
            _argument("--days", metavar="N", type=int, default=14, help="how many days (14)"),
        ),
    ),
    "swap": Command(
        "day.swap",
        "somebody else carries a pager on a day",
        SWAP,
        (A_PAGER, _argument("date", metavar="DATE", type=day, help=DATE), MEMBER, BY, JSON),
    ),
    "absent": Command(
        "day.absent",
        "a member is away",
        ABSENT,
        (
            MEMBER,
            _argument("first", metavar="FIRST", type=day, help=f"the first day: {DATE}"),
            _argument("last", metavar="LAST", type=day, nargs="?", help="the last day (the same one)"),
            REPLACED_BY,
            _argument("--withdraw", action="store_true", help="is not away after all"),
            BY,
            JSON,
        ),
    ),
    "took": Command("day.took", "a member has taken a pager", TOOK, (A_PAGER, MEMBER, BY, JSON)),
    "called": Command(
        "day.called",
        "somebody called about a missing pager",
        CALLED,
        (A_PAGER, _argument("--comes", action="store_true", help="the member comes"), REPLACED_BY, BY, JSON),
    ),
    "test": Command(
        "practice.test",
        "test a button, guided",
        TEST,
        (
            _argument("what", choices=("zender",), nargs="?", help="what is tested"),
            _argument("nr", metavar="NR", type=int, nargs="?", help="the zender's number"),
            _argument("--on", metavar="TARGET", action="append", default=[], help="what is to show it: pager:p1"),
            _argument("--yes", action="store_true", help="for scripts: claims, and judges by what was shown"),
            BY,
            JSON,
        ),
    ),
    "drill": Command(
        "practice.drill",
        "practise an alarm",
        DRILL,
        (
            _argument("what", choices=("start", "stop", "report", "list"), help="what to do"),
            _argument("which", metavar="NR|ID", nargs="?", help="of start: the zender; of report: the drill (last)"),
            _argument("--announced", action="store_true", help="of start: tell everybody a minute before"),
            BY,
            JSON,
        ),
    ),
    "watch": Command("talking.watch", "facts as they happen", WATCH, (JSON,)),
    "answer": Command(
        "talking.answer",
        "answer for a member",
        ANSWER,
        (
            MEMBER,
            _argument("answer", metavar="ANSWER", choices=get_args(AnswerWord), help="one of the words above"),
            _argument("incident", metavar="INCIDENT", nargs="?", help=ABOUT_INCIDENT),
            _argument("--reason", metavar="TEXT", default="", help="stays in the journal for good: name no visitor"),
            _argument("--pager", metavar="PAGER", help="for `carry`: the pager's id"),
        ),
    ),
    "reopen": Command("talking.reopen", "take back a closing", REOPEN, (MEMBER, INCIDENT)),
    "acknowledge": Command(
        "talking.acknowledge",
        "say that a fault was seen",
        ACKNOWLEDGE,
        (MEMBER, _argument("fault", metavar="FAULT", nargs="+", help="its name, such as zender:7/silent")),
    ),
    "test-page": Command(
        "talking.test_page",
        "send a test to one target",
        TEST_PAGE,
        (
            _argument("target", metavar="TARGET", help="such as pager:p1 or push:lid-4"),
            _argument("--wait", metavar="S", type=float, default=60.0, help="seconds to wait for it (default 60)"),
        ),
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Does one command and returns its exit code; what the parser cannot make sense of raises SystemExit(2)."""
    asked = _parser().parse_args(argv)
    module, function = COMMANDS[asked.command].does.split(".")
    try:
        does = getattr(importlib.import_module(f"achterwacht.commands.{module}"), function)
        code: int = does(asked)
        sys.stdout.flush()
    except AchterwachtError as error:
        print(*filter(None, (f"achterwacht {asked.command}: {error}", error.remedy)), sep="\n", file=sys.stderr)
        return EXIT_SENSELESS if isinstance(error, Senseless) else EXIT_NOT_DONE
    except BrokenPipeError:
        # `achterwacht facts | head` has read enough. Python would complain once more at its end, into this.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_NOT_DONE
    return code


def _parser() -> argparse.ArgumentParser:
    folders = argparse.ArgumentParser(add_help=False)
    folders.add_argument(
        "--config",
        type=Path,
        metavar="DIR",
        default=paths.config_folder(),
        help=f"zenders.yaml and achterwacht.yaml (./{paths.CONFIG_HERE}, else {paths.CONFIG})",
    )
    folders.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        default=paths.state_folder(),
        help=f"the journal ($STATE_DIRECTORY, else {paths.STATE})",
    )
    look = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("achterwacht", description=ABOUT, formatter_class=look)
    parser.add_argument("--version", action="version", version=f"achterwacht {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        its = commands.add_parser(
            name, parents=[folders], help=command.brief, description=command.about, formatter_class=look
        )
        for argument in command.arguments:
            its.add_argument(*argument.names, **argument.options)
    return parser
