"""The two files as settings, or every mistake in them, said in the words of the form (config_forms).

Knows how a value that does not fit is told: what it is, and what is expected. What must agree between values is for
config_checks, config_day, config_wiring and config_voices. Imports pydantic: only `config.load` imports this.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from achterwacht.config import ACHTERWACHT_FILE, ZENDERS_FILE, BrokerSettings, Settings
from achterwacht.config_checks import check, did_you_mean
from achterwacht.config_day import calendar_feed, check_day, plan_hours, plan_morning, plan_week
from achterwacht.config_forms import AchterwachtFile, Block, MemberBlock, ZendersFile
from achterwacht.config_voices import check_voices, make_voices, plan_alarm_centre
from achterwacht.config_wiring import check_docks, check_wiring, dock_gateway, make_wiring, plan_gateways, plan_zender
from achterwacht.config_yaml import Document, KeyPath, read_yaml
from achterwacht.core.plan import Budgets, Ladder, Member, Pager, Plan, Site, Step
from achterwacht.errors import ConfigInvalid, Mistake
from achterwacht.journal.people import Person


def read_settings(texts: dict[str, bytes], unreadable: Iterable[Mistake], source: str) -> Settings:
    """The settings that these files hold, `texts` by name. Raises ConfigInvalid with every mistake.

    `unreadable` are the mistakes of files that are not among the texts; `source` is the hash of those that are.
    """
    zenders = _read(ZENDERS_FILE, texts)
    site = _read(ACHTERWACHT_FILE, texts)
    zenders_file = _fit(ZendersFile, zenders)
    site_file = _fit(AchterwachtFile, site)
    check(zenders, site)
    check_day(site)
    check_voices(zenders, site)
    check_docks(zenders, site)
    readings = check_wiring(zenders)
    mistakes = [*unreadable, *sorted(zenders.mistakes), *sorted(site.mistakes)]
    if mistakes or zenders_file is None or site_file is None:
        raise ConfigInvalid(mistakes)
    return Settings(
        plan=_plan(zenders_file, site_file),
        wiring=replace(make_wiring(zenders_file, readings), calendars=tuple(map(calendar_feed, site_file.calendars))),
        voices=make_voices(site_file),
        people=tuple(map(_person, site_file.members)),
        broker=BrokerSettings(**site_file.broker.model_dump()),
        source=source,
    )


def _read(file: str, texts: dict[str, bytes]) -> Document:
    return read_yaml(file, texts[file]) if file in texts else Document(file)


# --- one file: keys, kinds, bounds ------------------------------------------------------------------------------------

Form = TypeVar("Form", bound=Block)


def _fit(form: type[Form], document: Document) -> Form | None:
    """The file as its form; None, with the mistakes noted, when it does not fit."""
    if not document.readable:
        return None
    try:
        return form.model_validate(document.plain)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False, include_context=False):
            _note(form, document, error["loc"], error["type"], error["input"])
        return None


def _note(form: type[Block], document: Document, path: KeyPath, kind: str, value: Any) -> None:
    if kind == "extra_forbidden":
        block, _ = _expected(form, path[:-1])
        document.blame_key(path, f"is no key here, {did_you_mean(str(path[-1]), block.model_fields)}")
        return
    _, expected = _expected(form, path)
    if kind == "missing":
        document.blame(path, f"is missing, expected {expected}")
        return
    in_quotes = kind == "string_type" and value is not None and not isinstance(value, (dict, list))
    hint = ": write it in quotes" if in_quotes else ""
    document.blame(path, f"is {document.describe(path, value)}, expected {expected}{hint}")


def _expected(form: Any, path: KeyPath) -> tuple[Any, str]:
    """The kind of value that belongs at this path of a form, and in words what is expected there."""
    kind, words = form, ""
    for step in path:
        if isinstance(step, int):
            (kind,), words = get_args(kind), ""
        elif get_origin(kind) is dict:
            kind, words = get_args(kind)[1], ""
        else:
            field = kind.model_fields[step]
            kind, words = field.annotation, field.description or ""
        if type(None) in get_args(kind):
            kind = get_args(kind)[0]
        if get_origin(kind) is Annotated:
            kind, *notes = get_args(kind)
            words = next(note.description or "" for note in notes if isinstance(note, FieldInfo))
    if isinstance(kind, type) and issubclass(kind, Block):
        words = f"a block with the keys {', '.join(kind.model_fields)}"
    return kind, words


# --- the settings -----------------------------------------------------------------------------------------------------


def _plan(zenders: ZendersFile, site: AchterwachtFile) -> Plan:
    ladder, call_112 = site.ladder, site.call_112
    docks = {dock.pager: dock for dock in zenders.docks}
    return Plan(
        site=Site(**site.site.model_dump()),
        zenders=tuple(map(plan_zender, zenders.zenders)),
        pagers=tuple(
            Pager(
                pager.id,
                pager.carrier,
                pager.base or "",
                plan_week(pager) if site.morning else (),
                pager.id in docks,
                dock_gateway(docks.get(pager.id)),
            )
            for pager in site.pagers
        ),
        members=tuple(Member(member.id, tuple(member.roles), tuple(member.ways)) for member in site.members),
        ladder=Ladder(
            **{
                **ladder.given(),
                "steps": tuple(Step(**step.given()) for step in ladder.steps),
                "call_112_after_s": call_112.after_s,
                "callers_112": tuple(call_112.callers),
            }
        ),
        budgets=Budgets(**site.budgets.model_dump()),
        language=site.language,
        gateways=plan_gateways(zenders),
        bases=tuple(base.id for base in site.paging_bases),
        alarm_centre=plan_alarm_centre(site),
        hours=plan_hours(site.hours),
        morning=plan_morning(site.morning) if site.morning else None,
        calendars=tuple(calendar.id for calendar in site.calendars),
    )


def _person(member: MemberBlock) -> Person:
    addresses = (member.phone, member.email, member.ntfy, member.pushover)
    return Person(member.id, member.name, *(address or "" for address in addresses))
