"""What the daemon and its phones process say to each other: one JSON object a line, on the child's stdin and stdout.

Knows the messages and how a line is made of them. The daemon's end is channel.py's, the other process.py's.
"""

from __future__ import annotations

import msgspec

from achterwacht.outputs.wiring import Phones

LINE_MAX_BYTES = 1024 * 1024
"""A Wire with 500 members has a fifth of it, a Deliver to ten browsers a fiftieth. A longer line is never said."""


class Button(msgspec.Struct, frozen=True):
    """An answer that can be given from a message: what stands on it, the answer's word, and its one-time token."""

    label: str
    answer: str
    token: str


class Registration(msgspec.Struct, frozen=True):
    """One browser that a member has registered for Web Push: the subscription as the browser gave it, and our id."""

    id: str
    endpoint: str
    p256dh: str
    auth: str


class Address(msgspec.Struct, frozen=True):
    """Where one member is reached; what is not known is empty. Never in a fact."""

    registrations: tuple[Registration, ...] = ()
    ntfy: str = ""
    """The member's own ntfy topic."""
    pushover: str = ""
    """The member's Pushover user key."""
    phone: str = ""
    """As the coordinator wrote it; digits only, with the country, is made of it where a URL needs it."""
    email: str = ""


# --- to the child -----------------------------------------------------------------------------------------------------


class Wire(msgspec.Struct, frozen=True, tag="wire"):
    """The first message, and again when the plan has changed: which ways there are.

    `vapid_key_file`: the private key for Web Push; it is made if it is not there. `members`: everybody's address by
    member id, for what is asked without an order (a check of a user key, whose reply this is). Registrations are not
    among it: they come with each Deliver, and all of them would be too long for a line.
    """

    phones: Phones
    vapid_key_file: str
    members: dict[str, Address]


class Deliver(msgspec.Struct, frozen=True, tag="deliver", kw_only=True):
    """Bring this to one member by one way. Every Deliver is answered by one Outcome with its `id`.

    `kind`, `reason`, `incident` as in the order (docs/wire.md, "Pagers"): alarm, call_112 and drill ring, over calms;
    of what is about no alarm `incident` is empty. `title` and `text` are ready for people. `urgent`: it must break
    through silence. `ttl_s`: later than this it is worthless.
    """

    id: str
    order: str
    way: str
    member: str
    address: Address
    kind: str
    incident: str
    title: str
    text: str
    urgent: bool
    ttl_s: int
    attempt: int = 1
    reason: str = ""
    buttons: tuple[Button, ...] = ()
    acknowledge_token: str = ""
    """The token of what a bare *seen* means where a way has no buttons (Pushover): coming. Empty: nothing."""
    proof: str = ""
    """What a receipt of this message must have with it."""
    url: str = ""
    """Opened when a message of an app is tapped; empty when there is none. (A page on the telephone knows its own.)"""


class Forget(msgspec.Struct, frozen=True, tag="forget"):
    """Nothing more is expected of this delivery: the daemon has given it up."""

    id: str


# --- from the child ---------------------------------------------------------------------------------------------------


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The child is there and has read its Wire; it is asked nothing before."""


class Outcome(msgspec.Struct, frozen=True, tag="outcome"):
    """What became of a Deliver: handed over (empty `reason`), or not."""

    id: str
    reason: str = ""
    permanent: bool = False


class Gone(msgspec.Struct, frozen=True, tag="gone"):
    """The push service says that this registration is no more (404 or 410). Nothing else removes one."""

    member: str
    registration: str
    reason: str


class Redeemed(msgspec.Struct, frozen=True, tag="redeemed"):
    """A one-time token came back: from an ntfy button, or a Pushover message that was acknowledged. Not yet checked."""

    token: str


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """A fault of a way (`channel:ntfy/failing`) or of one member's way (`way:ntfy:lid-1/failing`); `detail` is for
    people. Told again when the detail has changed."""

    key: str
    detail: str


class TroubleOver(msgspec.Struct, frozen=True, tag="trouble_over"):
    """The fault of this key is over."""

    key: str


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """Every second: the child lives."""


ToChild = Wire | Deliver | Forget
FromChild = Ready | Outcome | Gone | Redeemed | Trouble | TroubleOver | Beat

to_child: msgspec.json.Decoder[ToChild] = msgspec.json.Decoder(ToChild)
from_child: msgspec.json.Decoder[FromChild] = msgspec.json.Decoder(FromChild)


def line(message: ToChild | FromChild) -> bytes:
    """One message as a line."""
    return msgspec.json.encode(message) + b"\n"
