"""What may stand in config/zenders.yaml and config/achterwacht.yaml, key by key: the files' form.

The blocks have the same names as core/plan.py and inputs/wiring.py. Every field says what is expected of it; a message
(config_schema) is that, and what was found instead. What must agree between values is for config_checks.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from achterwacht.config_checks import PLACE_MAX
from achterwacht.core.plan import EMPTY_PLAN, PAGERS, PHONE, ROLES, Budgets
from achterwacht.inputs.wiring import Contact, Device

# Many large sites; the MQTT connection keeps a retained topic for each (mqtt.py, RETAINED_MAX).
ZENDERS_MAX = 2000
# One machine has no more USB sockets, hubs included; nobody has more bridges and receivers.
PORTS_MAX = 100
GATEWAYS_MAX = 100
PAGERS_MAX = 100
MEMBERS_MAX = 500
# Nobody reads a longer ladder, and it is over before its last step.
STEPS_MAX = 20
# An address with its landmarks, a file's path.
TEXT_MAX = 200

# What one place in a payload may be told by: the busiest button of devices.md has eight.
VALUES_MAX = 50
WHERE_MAX = 10

# The header of a Raspberry Pi has GPIO 0 to 27, and no other.
PIN_MAX = 27
# docs/wire.md promises that a press of 400 ms counts, of which 200 may pass before the level is read.
MIN_ACTIVE_MAX_MS = 200
# Whoever presses again after so long means it.
REARM_MAX_MS = 10_000
# Longest burst of a transmitter: 8 frames in 1.35 s; beyond this it is a second press that would be lost.
DEDUPE_MAX_S = 30
# Less, and one message that is late by itself is a fault; more, and nobody remembers that there is such a button.
SILENCE_MIN_S = 10
SILENCE_MAX_S = 30 * 24 * 3600

# A longer wait is a slip of the pen: nobody plans to be helped an hour later.
WAIT_MAX_S = 3600

_LADDER = EMPTY_PLAN.ladder
_BUDGETS = Budgets()
_CONTACT = Contact(nr=0, pin=0)
_DEVICE = Device(name="", readings=())

_ID = r"^[a-z][a-z0-9_-]{0,31}$"
_LINE_OR_NOTHING = r"^[^\p{Cc}]*$"
_LINE = r"^[^\p{Cc}]*[^\p{Cc}\s][^\p{Cc}]*$"
# No $ in front: those topics are the broker's own, and a shared subscription would hear every other press.
# No blank at either end: that is another topic, on which nothing is ever heard.
_TOPIC = r"^[^\p{Cc}$\s]([^\p{Cc}]*[^\p{Cc}\s])?$"
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
Language = Annotated[Literal["nl", "en"], Field(description="nl or en")]
YesNo = Annotated[bool, Field(description="true or false")]
After = Annotated[float, Field(ge=0, le=WAIT_MAX_S, description=f"seconds, from 0 to {WAIT_MAX_S}")]
Wait = Annotated[float, Field(gt=0, le=WAIT_MAX_S, description=f"seconds, more than 0, at most {WAIT_MAX_S}")]
People = Annotated[int, Field(ge=1, le=MEMBERS_MAX, description=f"a number of people from 1 to {MEMBERS_MAX}")]
BrokerPort = Annotated[int, Field(ge=1, le=65535, description="a port from 1 to 65535")]
Host = Annotated[str, Field(pattern=r"^[^\s/@]{1,200}$", description="a host name or address such as 127.0.0.1")]
File = Annotated[
    str, Field(pattern=r"^/[^\p{Cc}]+$", max_length=TEXT_MAX, description="a file's path that starts with /")
]
Hours = Annotated[str, Field(pattern=_HOURS, description='hours such as "08:30-17:00"')]
Ids = Annotated[list[Id], Field(max_length=MEMBERS_MAX, description="a list of ids such as [lid-1, lid-2]")]


Silence = Annotated[
    float,
    Field(
        ge=SILENCE_MIN_S, le=SILENCE_MAX_S, description=f"seconds, from {SILENCE_MIN_S} to {SILENCE_MAX_S} (30 days)"
    ),
]
Dedupe = Annotated[float, Field(ge=0, le=DEDUPE_MAX_S, description=f"seconds, from 0 to {DEDUPE_MAX_S}")]
MinActive = Annotated[
    int,
    Field(
        ge=0,
        le=MIN_ACTIVE_MAX_MS,
        description=f"milliseconds, a whole number from 0 to {MIN_ACTIVE_MAX_MS}: a short press must count",
    ),
]
Rearm = Annotated[
    int, Field(ge=0, le=REARM_MAX_MS, description=f"milliseconds, a whole number from 0 to {REARM_MAX_MS}")
]
Pin = Annotated[
    int,
    Field(
        ge=0,
        le=PIN_MAX,
        description=f"a GPIO (BCM) number of the header, 0 to {PIN_MAX} (GPIO 17 is not the 17th pin)",
    ),
]
Wired = Annotated[
    Literal["normally_closed", "normally_open"],
    Field(description="normally_closed (a cut wire is a press) or normally_open"),
]
Pull = Annotated[Literal["up", "down", "none"], Field(description="up, down or none")]
Name = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=32, description="a name such as zw1 or zigbee2mqtt")
]
Topic = Annotated[
    str, Field(pattern=_TOPIC, max_length=TEXT_MAX, description="an MQTT topic such as zigbee2mqtt/balie-7")
]
PayloadPath = Annotated[
    str, Field(pattern=_LINE_OR_NOTHING, max_length=TEXT_MAX, description="a path such as action or params.events[*]")
]
Address = Annotated[
    str,
    Field(pattern=_LINE_OR_NOTHING, max_length=TEXT_MAX, description='an address such as "powercode:6f4770"'),
]
Input = Annotated[
    str,
    Field(pattern=_LINE_OR_NOTHING, max_length=TEXT_MAX, description='the name of a button or input such as "input:0"'),
]
QoS = Annotated[int, Field(ge=0, le=1, description="0 or 1: as the device publishes")]
Retained = Annotated[Literal["ignore", "level"], Field(description="ignore or level")]
Kind = Annotated[Literal["event", "level"], Field(description="event or level")]
Number = Annotated[float, Field(allow_inf_nan=False, description="a number")]


def _scalar(value: Any) -> Any:
    if isinstance(value, (str, int, float)):
        return value
    raise ValueError("a list, a block, or nothing")


Scalar = Annotated[Any, PlainValidator(_scalar), Field(description="a text, a number, true or false")]
Values = Annotated[
    list[Scalar],
    Field(min_length=1, max_length=VALUES_MAX, description=f"a list of 1 to {VALUES_MAX} values such as [online]"),
]
Ignored = Annotated[
    list[Scalar], Field(max_length=VALUES_MAX, description=f"a list of at most {VALUES_MAX} values such as [release]")
]
Where = Annotated[
    dict[str, Scalar],
    Field(max_length=WHERE_MAX, description=f"a block of at most {WHERE_MAX} keys of the payload and their values"),
]


class Block(BaseModel):
    """Keys and values, each of its own kind: "5" is no number, 1 is no truth."""

    model_config = ConfigDict(strict=True, extra="forbid")


class PortBlock(Block):
    id: Id
    protocol: Name
    path: File


class PlaceBlock(Block):
    """Where in the messages something stands (wiring.Reading); what is left out is as the profile has it."""

    topic: Topic | None = None
    path: PayloadPath | None = None
    field: PayloadPath | None = None
    where: Where | None = None


class ValueBlock(PlaceBlock):
    value: Values | None = None


class BatteryLowBlock(ValueBlock):
    below: Number | None = None


class PressBlock(ValueBlock):
    ignore: Ignored | None = None
    kind: Kind | None = None
    counter: PayloadPath | None = None


class GatewayOnlineBlock(Block):
    topic: Topic
    path: PayloadPath = ""
    value: Values


class GatewayAliveBlock(Block):
    topic: Topic


class GatewayBlock(Block):
    id: Id
    online: GatewayOnlineBlock | None = None
    alive: GatewayAliveBlock | None = None
    max_silence_s: Silence | None = None


class GpioBlock(Block):
    pin: Pin
    contact: Wired = "normally_closed"
    pull: Pull = _CONTACT.pull
    min_active_ms: MinActive = _CONTACT.min_active_ms
    rearm_ms: Rearm = _CONTACT.rearm_ms


class SerialBlock(Block):
    port: Id
    address: Address = ""


class DeviceBlock(Block):
    profile: Name
    topic: Topic
    gateway: Id | None = None
    input: Input | None = None
    where: Where = {}
    qos: QoS = _DEVICE.qos
    dedupe_s: Dedupe | None = None
    retained: Retained | None = None
    press: PressBlock | None = None
    battery: PlaceBlock | None = None
    battery_low: BatteryLowBlock | None = None
    tamper: ValueBlock | None = None
    alive: ValueBlock | None = None
    online: ValueBlock | None = None


class ZenderBlock(Block):
    nr: Nr
    place: Place
    room: Note = ""
    gpio: GpioBlock | None = None
    serial: SerialBlock | None = None
    device: DeviceBlock | None = None
    max_silence_s: Silence | None = None
    heartbeat: YesNo = True
    staff: Ids = []
    screens: Ids = []
    help: YesNo = False


class ZendersFile(Block):
    ports: Annotated[list[PortBlock], Field(max_length=PORTS_MAX, description="a list of serial ports")] = []
    gateways: Annotated[list[GatewayBlock], Field(max_length=GATEWAYS_MAX, description="a list of gateways")] = []
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
    port: BrokerPort = 1883
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
