"""What may stand in config/zenders.yaml and config/achterwacht.yaml, key by key; and the settings that come of it.

The blocks below are the files' form, with the same names as core/plan.py. Every field says what is expected of it;
a message is that, and what was found instead. What must agree between values is for config_checks. Imports pydantic:
only `config.load` imports this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import time
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from achterwacht.config import (
    ACHTERWACHT_FILE,
    ZENDERS_FILE,
    BrokerSettings,
    Opening,
    Settings,
)
from achterwacht.config_checks import PLACE_MAX, check, did_you_mean
from achterwacht.config_yaml import Document, KeyPath, read_yaml
from achterwacht.core.plan import (
    EMPTY_PLAN,
    PAGERS,
    PHONE,
    ROLES,
    Budgets,
    Ladder,
    Member,
    Pager,
    Plan,
    Site,
    Step,
    Zender,
)
from achterwacht.errors import ConfigInvalid, Mistake
from achterwacht.journal.people import Person

# Ten large sites; the MQTT connection keeps a retained topic for each (mqtt.py, RETAINED_MAX).
ZENDERS_MAX = 300
PAGERS_MAX = 100
MEMBERS_MAX = 500
# Nobody reads a longer ladder, and it is over before its last step.
STEPS_MAX = 20
# An address with its landmarks, a file's path.
TEXT_MAX = 200

# A longer wait is a slip of the pen: nobody plans to be helped an hour later.
WAIT_MAX_S = 3600

_LADDER = EMPTY_PLAN.ladder
_BUDGETS = Budgets()

_ID = r"^[a-z][a-z0-9_-]{0,31}$"
_LINE_OR_NOTHING = r"^[^\p{Cc}]*$"
_LINE = r"^[^\p{Cc}]*[^\p{Cc}\s][^\p{Cc}]*$"
_HOURS = r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"

Id = Annotated[
    str, Field(pattern=_ID, description="an id: a small letter, then at most 31 small letters, digits, - or _")
]
Nr = Annotated[int, Field(ge=1, le=9999, description="a whole number from 1 to 9999")]
Text = Annotated[str, Field(pattern=_LINE, max_length=TEXT_MAX, description="a text on one line")]
Note = Annotated[str, Field(pattern=_LINE_OR_NOTHING, max_length=TEXT_MAX, description='a text on one line, or ""')]
Place = Annotated[
    str, Field(pattern=_LINE, max_length=PLACE_MAX, description=f"a place in at most {PLACE_MAX} characters")
]
Phone = Annotated[
    str, Field(pattern=r"^\+?[0-9][0-9 ()-]{2,24}$", description="a telephone number such as 06-00000001")
]
Role = Annotated[Literal["team", "backup", "reception", "supervisor"], Field(description=f"one of {', '.join(ROLES)}")]
Way = Annotated[Literal["phone"], Field(description=f"{PHONE} (a pager is given to its carrier under pagers)")]
Transport = Annotated[Literal["mqtt", "gpio", "serial"], Field(description="mqtt, gpio or serial")]
Language = Annotated[Literal["nl", "en"], Field(description="nl or en")]
YesNo = Annotated[bool, Field(description="true or false")]
After = Annotated[float, Field(ge=0, le=WAIT_MAX_S, description=f"seconds, from 0 to {WAIT_MAX_S}")]
Wait = Annotated[float, Field(gt=0, le=WAIT_MAX_S, description=f"seconds, more than 0, at most {WAIT_MAX_S}")]
People = Annotated[int, Field(ge=1, le=MEMBERS_MAX, description=f"a number of people from 1 to {MEMBERS_MAX}")]
Port = Annotated[int, Field(ge=1, le=65535, description="a port from 1 to 65535")]
Host = Annotated[str, Field(pattern=r"^[^\s/@]{1,200}$", description="a host name or address such as 127.0.0.1")]
File = Annotated[
    str, Field(pattern=r"^/[^\p{Cc}]+$", max_length=TEXT_MAX, description="a file's path that starts with /")
]
Hours = Annotated[str, Field(pattern=_HOURS, description='hours such as "08:30-17:00"')]
Ids = Annotated[list[Id], Field(max_length=MEMBERS_MAX, description="a list of ids such as [lid-1, lid-2]")]


class Block(BaseModel):
    """Keys and values, each of its own kind: "5" is no number, 1 is no truth."""

    model_config = ConfigDict(strict=True, extra="forbid")


class ZenderBlock(Block):
    nr: Nr
    place: Place
    room: Note = ""
    transport: Transport = "mqtt"
    staff: Ids = []
    screens: Ids = []
    help: YesNo = False


class ZendersFile(Block):
    zenders: Annotated[
        list[ZenderBlock],
        Field(min_length=1, max_length=ZENDERS_MAX, description=f"a list of 1 to {ZENDERS_MAX} zenders"),
    ]


class SiteBlock(Block):
    name: Text
    address: Text
    entrance: Note = ""


class BrokerBlock(Block):
    host: Host
    port: Port = 1883
    username: Text | None = None
    password_file: File | None = None
    tls: YesNo = False
    ca_file: File | None = None
    cert_file: File | None = None
    key_file: File | None = None


class PagerBlock(Block):
    id: Id
    carrier: Id | None = None


class MemberBlock(Block):
    id: Id
    name: Text
    phone: Phone | None = None
    roles: Annotated[list[Role], Field(description=f"a list of roles: {', '.join(ROLES)}")] = ["team"]
    ways: Annotated[list[Way], Field(description=f"a list: [] or [{PHONE}]")] = []


class StepBlock(Block):
    after_s: After
    ring: Annotated[list[Id], Field(min_length=1, description=f"a list of at least one: {PAGERS}, a role, a member")]


class LadderBlock(Block):
    steps: Annotated[
        list[StepBlock], Field(min_length=1, max_length=STEPS_MAX, description=f"a list of 1 to {STEPS_MAX} steps")
    ]
    repeat_s: Wait = _LADDER.repeat_s
    shown_within_s: Wait = _LADDER.shown_within_s
    responders_needed: People = _LADDER.responders_needed
    arrival_s: Wait = _LADDER.arrival_s
    check_s: Wait = _LADDER.check_s
    confirm_s: Wait = _LADDER.confirm_s


class Call112Block(Block):
    after_s: After = _LADDER.call_112_after_s
    callers: Annotated[
        list[Id], Field(min_length=1, description="a list of at least one member: somebody must call 112")
    ]


class BudgetsBlock(Block):
    handed_over_s: Wait = _BUDGETS.handed_over_s
    durable_s: Wait = _BUDGETS.durable_s
    shown_s: Wait = _BUDGETS.shown_s


class HoursBlock(Block):
    """A day that is not there is a day on which the desks are closed."""

    monday: Hours | None = None
    tuesday: Hours | None = None
    wednesday: Hours | None = None
    thursday: Hours | None = None
    friday: Hours | None = None
    saturday: Hours | None = None
    sunday: Hours | None = None


class AchterwachtFile(Block):
    site: SiteBlock
    language: Language = "nl"
    broker: BrokerBlock
    pagers: Annotated[list[PagerBlock], Field(max_length=PAGERS_MAX, description="a list of pagers")]
    members: Annotated[
        list[MemberBlock],
        Field(min_length=1, max_length=MEMBERS_MAX, description=f"a list of 1 to {MEMBERS_MAX} members"),
    ]
    ladder: LadderBlock
    call_112: Call112Block
    budgets: BudgetsBlock = BudgetsBlock()
    hours: HoursBlock = HoursBlock()


def read_settings(texts: dict[str, bytes], unreadable: Iterable[Mistake], source: str) -> Settings:
    """The settings that these files hold, `texts` by name. Raises ConfigInvalid with every mistake.

    `unreadable` are the mistakes of files that are not among the texts; `source` is the hash of those that are.
    """
    zenders = _read(ZENDERS_FILE, texts)
    site = _read(ACHTERWACHT_FILE, texts)
    zenders_file = _fit(ZendersFile, zenders)
    site_file = _fit(AchterwachtFile, site)
    check(zenders, site)
    mistakes = [*unreadable, *sorted(zenders.mistakes), *sorted(site.mistakes)]
    if mistakes or zenders_file is None or site_file is None:
        raise ConfigInvalid(mistakes)
    return Settings(
        plan=_plan(zenders_file, site_file),
        people=tuple(Person(member.id, member.name, member.phone or "") for member in site_file.members),
        broker=BrokerSettings(**site_file.broker.model_dump()),
        hours=tuple(_openings(site_file.hours)),
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
        else:
            field = kind.model_fields[step]
            kind, words = field.annotation, field.description or ""
        if type(None) in get_args(kind):
            kind = get_args(kind)[0]
        if get_origin(kind) is Annotated:
            kind, field = get_args(kind)
            words = field.description
    if isinstance(kind, type) and issubclass(kind, Block):
        words = f"a block with the keys {', '.join(kind.model_fields)}"
    return kind, words


# --- the settings -----------------------------------------------------------------------------------------------------


def _plan(zenders: ZendersFile, site: AchterwachtFile) -> Plan:
    ladder, call_112 = site.ladder, site.call_112
    return Plan(
        site=Site(**site.site.model_dump()),
        zenders=tuple(Zender(**_frozen(zender)) for zender in zenders.zenders),
        pagers=tuple(Pager(**_frozen(pager)) for pager in site.pagers),
        members=tuple(Member(member.id, tuple(member.roles), tuple(member.ways)) for member in site.members),
        ladder=Ladder(
            **{
                **_frozen(ladder),
                "steps": tuple(Step(**_frozen(step)) for step in ladder.steps),
                "call_112_after_s": call_112.after_s,
                "callers_112": tuple(call_112.callers),
            }
        ),
        budgets=Budgets(**site.budgets.model_dump()),
        language=site.language,
    )


def _frozen(block: Block) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in block.model_dump().items()}


def _openings(hours: HoursBlock) -> Iterator[Opening]:
    for weekday, text in enumerate(hours.model_dump().values()):
        if text is not None:
            opens, closes = text.split("-")
            yield Opening(weekday, time.fromisoformat(opens), time.fromisoformat(closes))
