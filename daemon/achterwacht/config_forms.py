"""What may stand in config/zenders.yaml and config/achterwacht.yaml, key by key: the files' form.

The blocks have the same names as core/plan.py and the wiring.py of inputs and outputs. Every field says what is
expected of it; a message (config_schema) is that, and what was found instead. What must agree between values is for
config_checks.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from achterwacht.config_checks import NOBODY, PLACE_MAX
from achterwacht.core.plan import ALARM_CENTRE, EMPTY_PLAN, PAGERS, ROLES, AlarmCentre, Budgets, Morning
from achterwacht.core.workdays import DEFAULT_HOLIDAYS, HOLIDAYS
from achterwacht.inputs.wiring import CalendarFeed, Contact, Device, Dock
from achterwacht.outputs.wiring import CentreLine, PagingBase, WebPush

# Many large sites; the MQTT connection keeps a retained topic for each (mqtt.py, RETAINED_MAX).
ZENDERS_MAX = 2000
# One machine has no more USB sockets, hubs included; nobody has more bridges and receivers.
PORTS_MAX = 100
GATEWAYS_MAX = 100
PAGERS_MAX = 100
MEMBERS_MAX = 500
BASES_MAX = 10
APPRISE_MAX = 10
# The four of today are shipped; a building's own browsers may use one or two more.
PUSH_HOSTS_MAX = 20
# The one that is tried first, and the one besides.
RECEIVERS_MAX = 2
# Nobody reads a longer ladder, and it is over before its last step.
STEPS_MAX = 20
# An address with its landmarks, a file's path.
TEXT_MAX = 200
# A calendar that is published has its secret in its address.
URL_MAX = 500

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

# The push services of the browsers that there are.
PUSH_HOSTS = ("fcm.googleapis.com", "updates.push.services.mozilla.com", ".push.apple.com", ".notify.windows.com")
# Whoever knows a topic reads it and writes to it: it must be long enough not to be guessed.
SECRET_TOPIC_MIN = 12
# Less is a flood at the alarm centre; more, and its line is down for an hour before anybody knows.
SUPERVISE_MIN_S = 10
SUPERVISE_MAX_S = 3600

# A longer wait is a slip of the pen: nobody plans to be helped an hour later.
WAIT_MAX_S = 3600

# More than a town hall closes or opens in the two years that anybody plans ahead.
SPECIAL_DAYS_MAX = 50
# The team, the house and the absences, of some departments each.
CALENDARS_MAX = 10
# More often is a burden to whoever serves the calendar; less, and a swap of yesterday is not seen this morning.
CALENDAR_MIN_S = 60
CALENDAR_MAX_S = 24 * 3600
# Whoever looks further ahead than two months is told of gaps in holidays that nobody has planned yet.
DAYS_AHEAD_MAX = 60
# A button that is tested less than once a year is not tested.
BUTTON_TEST_DAYS_MAX = 366

_LADDER = EMPTY_PLAN.ladder
_BUDGETS = Budgets()
_CONTACT = Contact(nr=0, pin=0)
_DOCK = Dock(pager="", pin=0)
_DEVICE = Device(name="", readings=())
_BASE = PagingBase(id="", dialect="espa")
_PUSH = WebPush(contact="", hosts=())
_CENTRE = AlarmCentre()
_LINE_TO_CENTRE = CentreLine(receivers=(), account="")
_MORNING = Morning()
_FEED = CalendarFeed(id="", of="duty")

_ID = r"^[a-z][a-z0-9_-]{0,31}$"
_LINE_OR_NOTHING = r"^[^\p{Cc}]*$"
_LINE = r"^[^\p{Cc}]*[^\p{Cc}\s][^\p{Cc}]*$"
# No $ in front: those topics are the broker's own, and a shared subscription would hear every other press.
# No blank at either end: that is another topic, on which nothing is ever heard.
_TOPIC = r"^[^\p{Cc}$\s]([^\p{Cc}]*[^\p{Cc}\s])?$"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
"""A time of day; the seconds may be left out."""
DAYS = f"{_DATE}(/{_DATE})?"
"""A date, or a first and a last; whether there is such a day is another matter."""

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
Role = Annotated[
    Literal["team", "backup", "reception", "supervisor", "coordinator"],
    Field(description=f"one of {', '.join(ROLES)}"),
]
Email = Annotated[
    str,
    Field(
        pattern=r"^[^\s\p{Cc}@]+@[^\s\p{Cc}@.]+(\.[^\s\p{Cc}@.]+)+$",
        max_length=TEXT_MAX,
        description="an address such as ann@example.org",
    ),
]
Language = Annotated[Literal["nl", "en"], Field(description="nl or en")]
YesNo = Annotated[bool, Field(description="true or false")]
After = Annotated[float, Field(ge=0, le=WAIT_MAX_S, description=f"seconds, from 0 to {WAIT_MAX_S}")]
Wait = Annotated[float, Field(gt=0, le=WAIT_MAX_S, description=f"seconds, more than 0, at most {WAIT_MAX_S}")]
People = Annotated[int, Field(ge=1, le=MEMBERS_MAX, description=f"a number of people from 1 to {MEMBERS_MAX}")]
NetworkPort = Annotated[int, Field(ge=1, le=65535, description="a port from 1 to 65535")]
Host = Annotated[str, Field(pattern=r"^[^\s/@]{1,200}$", description="a host name or address such as 127.0.0.1")]
File = Annotated[
    str, Field(pattern=r"^/[^\p{Cc}]+$", max_length=TEXT_MAX, description="a file's path that starts with /")
]
Hours = Annotated[str, Field(pattern=rf"^{TIME}-{TIME}$", description='hours such as "08:30-17:00"')]
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
DockWired = Annotated[
    Literal["normally_closed", "normally_open"],
    Field(description="normally_closed (a cut wire looks docked) or normally_open (a cut wire looks carried)"),
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


DialectName = Annotated[Literal["espa", "tap"], Field(description="espa (ESPA 4.4.4) or tap (TAP 1.8)")]
Baud = Annotated[
    Literal[300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600],
    Field(description="a speed from 300 to 57600, such as 9600"),
]
Format = Annotated[str, Field(pattern=r"^[78][NEO][12]$", description='data bits, parity, stop bits such as "8N1"')]
Digit = Annotated[str, Field(pattern=r"^[0-9]$", description='one digit such as "2"')]
DigitNotZero = Annotated[str, Field(pattern=r"^[1-9]$", description='one digit from "1" to "9"')]
CallAddress = Annotated[
    str,
    Field(
        pattern=r"^[!-~]([ -~]{0,14}[!-~])?$",
        description='a call address of at most 16 characters such as "8001"',
    ),
]
TapPassword = Annotated[
    str, Field(pattern=r"^[!-~]{0,6}$", description="at most 6 letters, digits and signs, no blanks")
]
Url = Annotated[
    str,
    Field(
        pattern=r"^https?://[^\s\p{Cc}/?#@]+(/[^\s\p{Cc}?#]*)?$",
        max_length=TEXT_MAX,
        description="an address such as https://ntfy.example.org, without name, password or question in it",
    ),
]
PushContact = Annotated[
    str,
    Field(
        pattern=r"^(mailto:[^\s\p{Cc}@]+@[^\s\p{Cc}@]+|https://[^\s\p{Cc}]+)$",
        max_length=TEXT_MAX,
        description="where the push services can complain: mailto:beheer@example.org, or an https address",
    ),
]
PushHost = Annotated[
    str,
    Field(
        pattern=r"^\.?[a-z0-9-]+(\.[a-z0-9-]+)*$",
        max_length=TEXT_MAX,
        description="a host such as fcm.googleapis.com, or .push.apple.com for all below it",
    ),
]
PushHosts = Annotated[
    list[PushHost],
    Field(min_length=1, max_length=PUSH_HOSTS_MAX, description=f"a list of 1 to {PUSH_HOSTS_MAX} hosts"),
]
NtfyTopic = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="an ntfy topic: 1 to 64 letters, digits, - and _")
]
ReplyTopic = Annotated[
    str,
    Field(
        pattern=rf"^[A-Za-z0-9_-]{{{SECRET_TOPIC_MIN},64}}$",
        description=f"a topic that nobody can guess: {SECRET_TOPIC_MIN} to 64 letters, digits, - and _",
    ),
]
PushoverKey = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9]{30}$", description="a Pushover user key of 30 letters and digits")
]
TimeOfDay = Annotated[str, Field(pattern=f"^{TIME}$", description='a time of day such as "04:00"')]
Date = Annotated[str, Field(pattern=f"^{_DATE}$", description='a date such as "2026-12-24"')]
Days = Annotated[
    str,
    Field(
        pattern=f"^{DAYS}$",
        description='a date such as "2026-12-24", or the first and the last of some: "2026-12-24/2026-12-31"',
    ),
]
Carrier = Annotated[str, Field(pattern=_ID, description=f"the id of a member, or {NOBODY}")]
Holiday = Annotated[str, Field(description=f"one of {', '.join(HOLIDAYS)}")]
CalendarOf = Annotated[Literal["duty", "away", "closed"], Field(description="duty, away or closed")]
CalendarUrl = Annotated[
    str,
    Field(
        pattern=r"^https?://[^\s\p{Cc}/?#@]+([/?][^\s\p{Cc}#]*)?$",
        max_length=URL_MAX,
        description="an address such as https://kalender.example.org/dienst.ics, without name and password",
    ),
]
CalendarPace = Annotated[
    float,
    Field(ge=CALENDAR_MIN_S, le=CALENDAR_MAX_S, description=f"seconds, from {CALENDAR_MIN_S} to {CALENDAR_MAX_S}"),
]
Percent = Annotated[int, Field(ge=0, le=100, description="a percentage, a whole number from 0 to 100")]
Pagers = Annotated[int, Field(ge=1, le=PAGERS_MAX, description=f"a number of pagers from 1 to {PAGERS_MAX}")]
DaysAhead = Annotated[
    int, Field(ge=1, le=DAYS_AHEAD_MAX, description=f"days, a whole number from 1 to {DAYS_AHEAD_MAX}")
]
TestDays = Annotated[
    int,
    Field(ge=0, le=BUTTON_TEST_DAYS_MAX, description=f"days, a whole number from 0 (never) to {BUTTON_TEST_DAYS_MAX}"),
]
IpTransport = Annotated[Literal["tcp", "udp"], Field(description="tcp or udp")]
Account = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{3,16}$", description='3 to 16 hexadecimal digits such as "1234"')]
HexDigits = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{1,6}$", description='1 to 6 hexadecimal digits such as "1"')]
Area = Annotated[str, Field(pattern=r"^[0-9]{1,2}$", description='1 or 2 digits such as "1"')]
CentreProtocol = Annotated[Literal["SIA-DCS", "ADM-CID"], Field(description="SIA-DCS or ADM-CID")]
HoldUpCode = Annotated[Literal["HA", "PA"], Field(description="HA (silent) or PA (panic)")]
Supervise = Annotated[
    float,
    Field(ge=SUPERVISE_MIN_S, le=SUPERVISE_MAX_S, description=f"seconds, from {SUPERVISE_MIN_S} to {SUPERVISE_MAX_S}"),
]


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

    def given(self) -> dict[str, Any]:
        """What it holds, without what is nothing; for dataclasses, in which a list is a tuple."""
        held = self.model_dump(exclude_none=True)
        return {key: tuple(value) if isinstance(value, list) else value for key, value in held.items()}


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


class DockGpioBlock(Block):
    pin: Pin
    contact: DockWired = "normally_closed"
    pull: Pull = _DOCK.pull


class DockDeviceBlock(Block):
    topic: Topic
    path: PayloadPath = ""
    where: Where = {}
    docked: Values
    gateway: Id | None = None


class DockBlock(Block):
    pager: Id
    gpio: DockGpioBlock | None = None
    device: DockDeviceBlock | None = None


class ZendersFile(Block):
    ports: Annotated[list[PortBlock], Field(max_length=PORTS_MAX, description="a list of serial ports")] = []
    gateways: Annotated[list[GatewayBlock], Field(max_length=GATEWAYS_MAX, description="a list of gateways")] = []
    zenders: Annotated[
        list[ZenderBlock],
        Field(min_length=1, max_length=ZENDERS_MAX, description=f"a list of 1 to {ZENDERS_MAX} zenders"),
    ]
    docks: Annotated[list[DockBlock], Field(max_length=PAGERS_MAX, description="a list of the pagers' docks")] = []


class SiteBlock(Block):
    name: Text
    address: Text
    entrance: Note = ""


class BrokerBlock(Block):
    host: Host
    port: NetworkPort = 1883
    username: Text | None = None
    password_file: File | None = None
    tls: YesNo = False
    ca_file: File | None = None
    cert_file: File | None = None
    key_file: File | None = None


class PagingBaseBlock(Block):
    id: Id
    dialect: DialectName
    path: File | None = None
    host: Host | None = None
    tcp_port: NetworkPort | None = None
    baud: Baud = 9600
    format: Format = "8N1"
    own_address: Digit = _BASE.own_address
    base_address: Digit = _BASE.base_address
    polled: YesNo = _BASE.polled
    waits_for_paged: YesNo = _BASE.waits_for_paged
    group_address: CallAddress | None = None
    password: TapPassword = _BASE.password
    beeps: DigitNotZero = _BASE.beeps
    transmissions: DigitNotZero = _BASE.transmissions


class WeekBlock(Block):
    """A day that is not there is one on which `carrier` carries the pager."""

    monday: Carrier = ""
    tuesday: Carrier = ""
    wednesday: Carrier = ""
    thursday: Carrier = ""
    friday: Carrier = ""
    saturday: Carrier = ""
    sunday: Carrier = ""


class PagerBlock(Block):
    id: Id
    carrier: Id | None = None
    week: WeekBlock | None = None
    base: Id | None = None
    address: CallAddress | None = None


class PushBlock(Block):
    contact: PushContact
    hosts: PushHosts = list(PUSH_HOSTS)
    echo_at: TimeOfDay = _PUSH.echo_at


class NtfyBlock(Block):
    url: Url
    reply_topic: ReplyTopic
    token_file: File | None = None


class PushoverBlock(Block):
    token_file: File


class AppriseBlock(Block):
    way: Id
    url_file: File


class PhonesBlock(Block):
    url: Url | None = None
    push: PushBlock | None = None
    ntfy: NtfyBlock | None = None
    pushover: PushoverBlock | None = None
    apprise: Annotated[
        list[AppriseBlock], Field(max_length=APPRISE_MAX, description=f"a list of at most {APPRISE_MAX} ways")
    ] = []


class MemberBlock(Block):
    id: Id
    name: Text
    phone: Phone | None = None
    email: Email | None = None
    ntfy: NtfyTopic | None = None
    pushover: PushoverKey | None = None
    roles: Annotated[list[Role], Field(description=f"a list of roles: {', '.join(ROLES)}")] = ["team"]
    ways: Annotated[list[Id], Field(description="a list of ways such as [app, push], or []")] = []


class StepBlock(Block):
    after_s: After
    ring: Annotated[
        list[Id],
        Field(min_length=1, description=f"a list of at least one: {PAGERS}, a role, a member, {ALARM_CENTRE}"),
    ]


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


class ReceiverBlock(Block):
    host: Host
    port: NetworkPort
    transport: IpTransport = "tcp"


class AlarmCentreBlock(Block):
    receivers: Annotated[
        list[ReceiverBlock],
        Field(min_length=1, max_length=RECEIVERS_MAX, description=f"a list of 1 to {RECEIVERS_MAX} receivers"),
    ]
    account: Account
    protocol: CentreProtocol = _LINE_TO_CENTRE.protocol
    key_file: File | None = None
    receiver_number: HexDigits = _LINE_TO_CENTRE.receiver_number
    prefix: HexDigits = _LINE_TO_CENTRE.prefix
    area: Area = _LINE_TO_CENTRE.area
    code: HoldUpCode = _LINE_TO_CENTRE.code
    supervise_s: Supervise = _LINE_TO_CENTRE.supervise_s
    test_at: TimeOfDay = _LINE_TO_CENTRE.test_at
    troubles: YesNo = _CENTRE.troubles
    confirm_within_s: Wait = _CENTRE.confirm_within_s


class BudgetsBlock(Block):
    handed_over_s: Wait = _BUDGETS.handed_over_s
    durable_s: Wait = _BUDGETS.durable_s
    shown_s: Wait = _BUDGETS.shown_s


class OpenBlock(Block):
    on: Date
    hours: Hours


class HoursBlock(Block):
    """A day that is not there is a day on which the desks are closed."""

    monday: Hours | None = None
    tuesday: Hours | None = None
    wednesday: Hours | None = None
    thursday: Hours | None = None
    friday: Hours | None = None
    saturday: Hours | None = None
    sunday: Hours | None = None
    holidays: Annotated[list[Holiday], Field(description="a list of holidays such as [new_year, easter], or []")] = (
        list(DEFAULT_HOLIDAYS)
    )
    closed: Annotated[
        list[Days], Field(max_length=SPECIAL_DAYS_MAX, description=f"a list of at most {SPECIAL_DAYS_MAX} dates")
    ] = []
    open: Annotated[
        list[OpenBlock],
        Field(max_length=SPECIAL_DAYS_MAX, description=f"a list of at most {SPECIAL_DAYS_MAX} openings"),
    ] = []


class MorningBlock(Block):
    self_test_at: TimeOfDay = str(_MORNING.self_test_at)
    watch_at: TimeOfDay = str(_MORNING.watch_at)
    remind_at: TimeOfDay = str(_MORNING.remind_at)
    check_at: TimeOfDay = str(_MORNING.check_at)
    hold_s: Wait = _MORNING.hold_s
    escalate_s: Wait = _MORNING.escalate_s
    settle_s: Wait = _MORNING.settle_s
    proof_s: Wait = _MORNING.proof_s
    battery_min: Percent = _MORNING.battery_min
    pagers_needed: Pagers = _MORNING.pagers_needed
    days_ahead: DaysAhead = _MORNING.days_ahead
    button_test_days: TestDays = _MORNING.button_test_days


class CalendarBlock(Block):
    id: Id
    of: CalendarOf
    path: File | None = None
    url: CalendarUrl | None = None
    every_s: CalendarPace = _FEED.every_s


class AchterwachtFile(Block):
    site: SiteBlock
    language: Language = "nl"
    broker: BrokerBlock
    paging_bases: Annotated[
        list[PagingBaseBlock], Field(max_length=BASES_MAX, description=f"a list of at most {BASES_MAX} paging bases")
    ] = []
    pagers: Annotated[list[PagerBlock], Field(max_length=PAGERS_MAX, description="a list of pagers")]
    phones: PhonesBlock | None = None
    members: Annotated[
        list[MemberBlock],
        Field(min_length=1, max_length=MEMBERS_MAX, description=f"a list of 1 to {MEMBERS_MAX} members"),
    ]
    ladder: LadderBlock
    call_112: Call112Block
    alarm_centre: AlarmCentreBlock | None = None
    budgets: BudgetsBlock = BudgetsBlock()
    hours: HoursBlock = HoursBlock()
    morning: MorningBlock | None = None
    calendars: Annotated[
        list[CalendarBlock], Field(max_length=CALENDARS_MAX, description=f"a list of at most {CALENDARS_MAX} calendars")
    ] = []
