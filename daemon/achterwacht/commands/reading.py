"""The commands that read the journal, read-only, with or without a running daemon: what was, never what to do."""

from __future__ import annotations

import difflib
import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from achterwacht.core import facts as f
from achterwacht.core.codec import decode, to_plain
from achterwacht.core.draft import draft as draft_of
from achterwacht.core.drill import is_drill
from achterwacht.core.incident import Following, Incident, drills, incident_to_plain, incidents
from achterwacht.core.moment import HOUSE_ZONE
from achterwacht.core.plan import EMPTY_PLAN
from achterwacht.errors import AskedWrong, NoIncident
from achterwacht.journal import reader
from achterwacht.journal.files import Row, journal_files
from achterwacht.journal.people import read_people
from achterwacht.outputs.texts import Texts, places
from achterwacht.outputs.texts.form import form_text
from achterwacht.outputs.texts.story import began, headline, story_text

NEAREST = 3
"""So many suggestions when somebody asks for an incident that is not there."""
LAST = "last"


def facts(asked: Namespace) -> int:
    """Every fact, or those of one incident: a sentence a line, or JSON."""
    wanted = None
    if asked.incident is not None:
        wanted = {line.n for line in find(asked.state, asked.incident).lines}
    people, texts, following, day = names_in(asked.state), Texts(EMPTY_PLAN.language), Following(), ""
    names = people
    if asked.json:
        for row in rows(asked.state):
            if row.n > asked.after and (wanted is None or row.n in wanted):
                print(fact_json(row.n, msgspec.json.decode(row.body)))
        return 0
    for n, fact in known_facts(asked.state):
        here = n > asked.after and (wanted is None or n in wanted)
        line = following.take(n, fact)
        if isinstance(line.fact, f.PlanAdopted):
            texts = Texts(line.fact.plan.language)
            names = {**people, **places(line.fact.plan, texts)}
        if here:
            if (today := f"{line.fact.when.local:%d-%m-%Y}") != day:
                day = today
                print(f"-- {day}")
            print(f"{n:>6}  {texts.line(line, names)}")
    return 0


def list_incidents(asked: Namespace) -> int:
    """One line an incident, the newest last."""
    known = stories(asked.state)
    if not known and not asked.json:
        print(Texts(EMPTY_PLAN.language).words.story["none"])
    for incident in known:
        if asked.json:
            print_json(_in_short(incident))
        else:
            texts = Texts(incident.language)
            print(f"{headline(incident, texts)}. {began(incident, texts)}. {incident.incident}")
    return 0


def show(asked: Namespace) -> int:
    """One incident: its timeline, how far its orders came, how fast it was."""
    incident = find(asked.state, asked.incident)
    if asked.json:
        print_json(incident_to_plain(incident))
    else:
        print(story_text(incident, names_in(asked.state)))
    return 0


def draft(asked: Namespace) -> int:
    """The form that is filled in after an incident, with what the facts know."""
    if is_drill(asked.incident):
        raise AskedWrong(f"{asked.incident} was a drill, of which there is no form: `achterwacht drill report`")
    form = draft_of(find(asked.state, asked.incident), names_in(asked.state))
    if asked.json:
        print_json(to_plain(form))
    else:
        print(form_text(form))
    return 0


def verify(asked: Namespace) -> int:
    """The whole chain, recomputed: what was found, and 1 when it is broken."""
    _need_journal(asked.state)
    verdict = reader.verify(asked.state, asked.head)
    head, code = f"{verdict.last.n}:{verdict.last.hash}", 0 if verdict.ok else 1
    if asked.json:
        print_json(
            {
                "ok": verdict.ok,
                "files": verdict.files,
                "facts": verdict.rows,
                "first": verdict.first,
                "head": head,
                "problems": verdict.problems,
            }
        )
        return code
    for problem in verdict.problems:
        print(f"BROKEN  {problem}")
    print(f"files   {', '.join(verdict.files)}")
    print(f"facts   {verdict.rows}, number {verdict.first} to {verdict.last.n}")
    print(f"head    {head}")
    print("the chain holds" if verdict.ok else f"the chain does not hold: {len(verdict.problems)} problem(s)")
    return code


def rows(state: Path) -> Iterator[Row]:
    """The rows of the journal in order. Raises AskedWrong where there is none, or not for this user."""
    _need_journal(state)
    yield from reader.read(state)


def known_facts(state: Path) -> Iterator[tuple[int, f.Fact]]:
    """The facts in order with their numbers. What this version does not know is left out, and said so on stderr."""
    unknown: list[int] = []
    for row in rows(state):
        try:
            fact = decode(row.body)
        except (msgspec.MsgspecError, KeyError):
            unknown.append(row.n)
        else:
            yield row.n, fact
    if unknown:
        print(
            f"left out: {len(unknown)} facts, first number {unknown[0]}, that this version does not know; another "
            "version of Achterwacht wrote them: read them with that one, or as they are with `facts --json`",
            file=sys.stderr,
        )


def stories(state: Path) -> tuple[Incident, ...]:
    """Every incident of the journal; no drills."""
    return incidents(known_facts(state))


def drills_in(state: Path) -> tuple[Incident, ...]:
    """Every drill of the journal."""
    return drills(known_facts(state))


class Named(Protocol):
    """What people call an incident by."""

    @property
    def incident(self) -> str: ...

    @property
    def number(self) -> str | None: ...


N = TypeVar("N", bound=Named)


def pick(known: Sequence[N], asked: str, where: str) -> N:
    """The newest of this id or number, or the `last` one. Raises AskedWrong, naming what comes nearest."""
    if not known:
        raise NoIncident(f"there is no incident yet {where}")
    found = known if asked == LAST else [one for one in known if asked in (one.incident, one.number)]
    if found:
        return found[-1]
    names = [name for one in known for name in (one.number, one.incident) if name]
    nearest = difflib.get_close_matches(asked, names, NEAREST) or names[-NEAREST:]
    raise AskedWrong(f"no incident {asked!r} {where}; nearest: {', '.join(nearest)}")


def find(state: Path, asked: str) -> Incident:
    """The story that is asked for; a drill only by its id. Raises AskedWrong."""
    if is_drill(asked):
        return pick(drills_in(state), asked, "that was a drill")
    return pick(stories(state), asked, "in the journal")


def names_in(state: Path) -> Mapping[str, str]:
    """People's names by member id, as far as they are known."""
    return {id: person.name for id, person in read_people(state).items()}


def fact_json(n: int, plain: Mapping[str, object]) -> str:
    """One fact as one line."""
    return msgspec.json.encode({"n": n, **plain}).decode()


def print_json(plain: object) -> None:
    """One document as one line: `jq` and people's eyes both take it from there."""
    print(msgspec.json.encode(plain).decode())


def _in_short(incident: Incident) -> dict[str, object]:
    return {
        "incident": incident.incident,
        "number": incident.number,
        "zender": incident.zender,
        "place": incident.place,
        "raised_at": incident.raised_at.astimezone(HOUSE_ZONE),
        "closed_after_s": incident.closed.after_s if incident.closed else None,
    }


def _need_journal(state: Path) -> None:
    """Reading itself never raises for damage; a missing or closed journal must not look like an empty one."""
    if not state.is_dir():
        raise AskedWrong(f"no state folder {state}: name it with --state, or start the daemon once")
    files = journal_files(state)
    if not files:
        raise AskedWrong(f"no journal in {state} yet: the daemon writes it when it starts")
    for file in files:
        if not os.access(file, os.R_OK):
            raise AskedWrong(f"this user may not read {file}: join the group that owns it")
