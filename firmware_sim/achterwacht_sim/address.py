"""Where the broker is and how a node logs in, from `mqtt[s]://[user[:password]@]host[:port]`.

The access rules of docs/wire.md want a node to log in under its own topic level: that is the user when
none is given.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

PORTS = {"mqtt": 1883, "mqtts": 8883}


class BadAddress(ValueError):
    """Not an address of a broker; the text says what is expected."""


@dataclass(frozen=True, slots=True)
class Broker:
    """One broker. `user` None: each node logs in as its own topic level when there is a password."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False

    def user_for(self, level: str) -> str | None:
        """The user name of the node at this topic level, None for an anonymous broker."""
        if self.user is not None:
            return self.user
        return level if self.password is not None else None

    def tls_context(self) -> ssl.SSLContext | None:
        """The system's authorities, None without TLS."""
        return ssl.create_default_context() if self.tls else None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def broker_of(address: str, password: str | None = None) -> Broker:
    """Reads an address; a password beside it is used when the address has none. Raises BadAddress."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise BadAddress(f"broker {address!r}: {error}") from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise BadAddress(f"broker {address!r}: mqtt[s]://[user[:password]@]host[:port] expected")
    return Broker(
        parts.hostname,
        PORTS[parts.scheme] if port is None else port,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else password,
        tls=parts.scheme == "mqtts",
    )
