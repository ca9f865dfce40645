"""docs/wire.md as Python: topics, and the JSON objects that a node hears.

Knows what is well-formed. Leaves to others what a node does about it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NewType

PREFIX = "achterwacht/v1"
CANARY_TOPIC = f"{PREFIX}/daemon/canary"
DAEMON_STATUS_TOPIC = f"{PREFIX}/daemon/status"

# The version that the simulated nodes tell in their birth.
FIRMWARE_VERSION = "1.0.0"

# A press that waited longer in the broker is told by the next repeat.
PRESS_EXPIRY_S = 10

# Sequence numbers end here; then comes a new boot.
MAX_SEQ = 2**31 - 1

# The longest lawful message is the list of 16 open incidents, some 4 kB. A node's memory is small.
MAX_PAYLOAD_BYTES = 16_384

# An id is a zender, a boot, a sequence number and two counters: well under this.
MAX_ID_CHARS = 200

# What a pager's display holds. Longer texts are cut: a cut text still rings.
MAX_TEXT_CHARS = 40
# What it scrolls below that, for whoever reads on: a list of names and numbers.
MAX_DETAIL_CHARS = 500

RINGING_KINDS = frozenset({"alarm", "call_112", "drill"})
SILENT_KINDS = frozenset({"update", "over", "test", "reminder", "fault", "who", "check"})

ANSWERS = (
    "coming",
    "cannot",
    "on_scene",
    "told_to_leave",
    "need_112",
    "called_112",
    "police_here",
    "all_clear",
    "carry",
)
RESULTS = frozenset({"accepted", "closed", "refused"})
LINE_STATES = ("ok", "cut", "short")

Fields = NewType("Fields", dict[str, Any])


class Malformed(ValueError):
    """A message that is not what docs/wire.md says; the text names the first key that is wrong."""


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message that a node wants to send. `expiry_s` is None for messages that do not expire."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    expiry_s: int | None = None


@dataclass(frozen=True, slots=True)
class Confirm:
    """What the daemon says about a press."""

    boot: str
    seq: int
    incident: str
    durable: bool


@dataclass(frozen=True, slots=True)
class Help:
    """The discreet sign for the presser."""

    incident: str
    state: str
    coming: int


@dataclass(frozen=True, slots=True)
class Page:
    """What a pager is told to show. `incident`, `press` and `zender` are empty on pages about no alarm."""

    page: str
    incident: str
    press: str
    zender: int
    kind: str
    text: str
    detail: str
    attempt: int
    reason: str
    age_s: float
    merged_into: str

    @property
    def rings(self) -> bool:
        """An unknown kind rings as an alarm: better loud than lost."""
        return self.kind not in SILENT_KINDS


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """One line of the list of open incidents."""

    incident: str
    zender: int
    text: str
    state: str
    coming: int
    age_s: float


@dataclass(frozen=True, slots=True)
class OpenList:
    """All that is open now, most urgent first. `total` counts also those that did not fit."""

    daemon_boot: str
    version: int
    total: int
    incidents: tuple[OpenIncident, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What the daemon says about a receipt or an answer."""

    boot: str
    seq: int
    result: str
    reason: str
    durable: bool


def encode(fields: dict[str, object]) -> bytes:
    """One compact JSON object."""
    return json.dumps(fields, separators=(",", ":")).encode()


def fields_of(payload: bytes) -> Fields:
    """The JSON object in `payload`. Raises Malformed."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise Malformed(f"{len(payload)} bytes, at most {MAX_PAYLOAD_BYTES} expected")
    try:
        # Decoded here: json.loads would also take UTF-16.
        value = json.loads(payload.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON in UTF-8: {error}"[:100]) from None
    if not isinstance(value, dict):
        raise Malformed("not a JSON object")
    return Fields(value)


def confirm(payload: bytes) -> Confirm:
    """Raises Malformed."""
    fields = fields_of(payload)
    return Confirm(_id(fields, "boot"), _int(fields, "seq"), _id(fields, "incident"), _bool(fields, "durable"))


def help_sign(payload: bytes) -> Help:
    """Raises Malformed. An empty message, the retained one taken away, is idle."""
    if not payload:
        return Help("", "idle", 0)
    fields = fields_of(payload)
    return Help(_id_or_none(fields, "incident"), _id(fields, "state"), _int(fields, "coming"))


def page(payload: bytes) -> Page:
    """Raises Malformed."""
    fields = fields_of(payload)
    _bool(fields, "clock_ok")
    _text(fields, "at")
    return Page(
        page=_id(fields, "page"),
        incident=_id_or_none(fields, "incident"),
        press=_id_or_none(fields, "press"),
        zender=0 if _required(fields, "zender") is None else _int(fields, "zender"),
        kind=_id(fields, "kind"),
        text=_text(fields, "text"),
        detail=_text(fields, "detail", MAX_DETAIL_CHARS),
        attempt=_int(fields, "attempt"),
        reason=_text(fields, "reason"),
        age_s=_number(fields, "age_s"),
        merged_into=_id_or_none(fields, "merged_into") if "merged_into" in fields else "",
    )


def open_list(payload: bytes) -> OpenList:
    """Raises Malformed. An empty message, the retained one taken away, is an empty list."""
    if not payload:
        return OpenList("", 0, 0, ())
    fields = fields_of(payload)
    incidents = _required(fields, "incidents")
    if not isinstance(incidents, list):
        raise Malformed("incidents: a list expected")
    return OpenList(
        _id(fields, "daemon_boot"),
        _int(fields, "version"),
        _int(fields, "total"),
        tuple(_open_incident(incident) for incident in incidents),
    )


def answered(payload: bytes) -> Answered:
    """Raises Malformed."""
    fields = fields_of(payload)
    result = _id(fields, "result")
    if result not in RESULTS:
        raise Malformed(f"result: one of {', '.join(sorted(RESULTS))} expected")
    return Answered(_id(fields, "boot"), _int(fields, "seq"), result, _text(fields, "reason"), _bool(fields, "durable"))


def _open_incident(value: object) -> OpenIncident:
    if not isinstance(value, dict):
        raise Malformed("incidents: a list of JSON objects expected")
    fields = Fields(value)
    return OpenIncident(
        _id(fields, "incident"),
        _int(fields, "zender"),
        _text(fields, "text"),
        _id(fields, "state"),
        _int(fields, "coming"),
        _number(fields, "age_s"),
    )


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _required(fields: Fields, key: str) -> object:
    if key not in fields:
        raise Malformed(f"{key}: missing")
    return fields[key]


def _id(fields: Fields, key: str) -> str:
    value = _required(fields, key)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_CHARS:
        raise Malformed(f"{key}: a text of 1 to {MAX_ID_CHARS} characters expected")
    return value


def _id_or_none(fields: Fields, key: str) -> str:
    """An id that is null or empty where there is nothing to name."""
    return "" if _required(fields, key) in (None, "") else _id(fields, key)


def _text(fields: Fields, key: str, most_chars: int = MAX_TEXT_CHARS) -> str:
    """A text as a display shows it: plain ASCII, cut where the display ends."""
    value = _required(fields, key)
    if not isinstance(value, str):
        raise Malformed(f"{key}: a text expected")
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in value[:most_chars])


def _int(fields: Fields, key: str) -> int:
    value = _required(fields, key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SEQ:
        raise Malformed(f"{key}: a whole number of 0 to {MAX_SEQ} expected")
    return value


def _number(fields: Fields, key: str) -> float:
    value = _required(fields, key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(f"{key}: a number expected")
    try:
        return float(value)
    except OverflowError:
        raise Malformed(f"{key}: a smaller number expected") from None


def _bool(fields: Fields, key: str) -> bool:
    value = _required(fields, key)
    if not isinstance(value, bool):
        raise Malformed(f"{key}: true or false expected")
    return value
