"""What goes out by what: the installer's part of the plan, which the core need not know.

Plain values that config_voices makes of achterwacht.yaml and the outputs go by. Knows no library and no frame. Secrets
are never here: only the files that hold them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# --- a paging system that the house already owns ----------------------------------------------------------------------

Dialect = Literal["espa", "tap"]
"""ESPA 4.4.4 or TAP 1.8 (docs/pagers.md)."""


@dataclass(frozen=True, slots=True)
class SerialFormat:
    """How characters go over a serial line: every product has its own default, so nothing here is fixed."""

    baud: int = 9600
    bits: Literal[7, 8] = 8
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True)
class PagingBase:
    """One paging system, on a serial line (`path`) or over TCP (`host` and `tcp_port`)."""

    id: str
    dialect: Dialect
    path: str = ""
    host: str = ""
    tcp_port: int = 0
    format: SerialFormat = SerialFormat()
    own_address: str = "1"
    """ESPA: our station's address on the line."""
    base_address: str = "2"
    """ESPA: the paging system's."""
    polled: bool = False
    """ESPA: the other end is the control station and polls us; else we are, and poll it."""
    waits_for_paged: bool = False
    """ESPA: the base reports each call; it is handed over when it says *paged*, not already when it took the call."""
    group_address: str = ""
    """Reaches every pager of this base in one transmission; empty when there is none."""
    password: str = ""
    """TAP: what is sent after PG1; no secret: it goes over the line as it is."""
    beeps: str = "1"
    """ESPA record 3 of an alarm: which tone, as the system numbers them."""
    transmissions: str = "1"
    """ESPA record 5: how often the base sends one call."""


@dataclass(frozen=True, slots=True)
class BasePager:
    """A pager of a paging base, and its call address (ESPA record 1, TAP field 1)."""

    id: str
    base: str
    address: str


# --- phones -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WebPush:
    """Push to browsers. `contact`: a mailto: or https: for the push services (the VAPID subject).

    `hosts`: the push services that a phone may be registered at; a registration is somebody's input, and we post to it.
    A name that starts with a dot stands for everything below it.
    """

    contact: str
    hosts: tuple[str, ...]
    echo_at: str = "10:30"
    """Local time of the daily echo, HH:MM."""


@dataclass(frozen=True, slots=True)
class Ntfy:
    """An ntfy server. `reply_topic`: where the buttons under a message send their one-time token, and we listen."""

    url: str
    reply_topic: str
    token_file: str = ""


@dataclass(frozen=True, slots=True)
class Pushover:
    """Pushover's emergency messages. `url` is theirs, but for a test."""

    token_file: str
    url: str = "https://api.pushover.net"


@dataclass(frozen=True, slots=True)
class AppriseWay:
    """A way by anything that Apprise speaks. `url_file` holds its URL; {phone} and {email} in it are the member's."""

    name: str
    url_file: str


@dataclass(frozen=True, slots=True)
class Phones:
    """Every way to telephones, but the open page on the LAN, which is the dashboard's.

    `url`: where that page is, as telephones reach it; empty when there is none.
    """

    url: str = ""
    push: WebPush | None = None
    ntfy: Ntfy | None = None
    pushover: Pushover | None = None
    apprise: tuple[AppriseWay, ...] = ()

    @property
    def ways(self) -> tuple[str, ...]:
        """The names of them all, as the members' `ways` have them."""
        named = (("push", self.push), ("ntfy", self.ntfy), ("pushover", self.pushover))
        return (*(name for name, wired in named if wired), *(way.name for way in self.apprise))


# --- the alarm centre -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Receiver:
    """One SIA DC-09 receiver of the alarm centre."""

    host: str
    port: int
    transport: Literal["tcp", "udp"] = "tcp"


@dataclass(frozen=True, slots=True)
class CentreLine:
    """How the private alarm centre is told (SIA DC-09). The first receiver is tried first."""

    receivers: tuple[Receiver, ...]
    account: str
    """3 to 16 hexadecimal digits: who we are there."""
    protocol: Literal["SIA-DCS", "ADM-CID"] = "SIA-DCS"
    key_file: str = ""
    """Holds the AES key in hexadecimal: 32, 48 or 64 digits. Without it nothing is encrypted."""
    receiver_number: str = "1"
    """R, 1 to 6 hexadecimal digits."""
    prefix: str = "0"
    """L, 1 to 6 hexadecimal digits."""
    area: str = "1"
    """Area or group: `ri` of SIA-DCS, the group of ADM-CID."""
    code: Literal["HA", "PA"] = "HA"
    """What a hold-up is reported as: HA silent (CID 122), PA panic (CID 120)."""
    supervise_s: float = 60.0
    """How often a NULL message asks whether a receiver is there."""
    test_at: str = "04:00"
    """Local time of the daily test report, HH:MM."""


# --- all of it --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Voices:
    """Everything that goes out otherwise than to our own nodes on MQTT."""

    bases: tuple[PagingBase, ...] = ()
    base_pagers: tuple[BasePager, ...] = ()
    phones: Phones = Phones()
    alarm_centre: CentreLine | None = None
