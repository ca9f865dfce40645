"""The broker as the plan names it, and its password: what a connection needs to know before it is made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from achterwacht.config import BrokerSettings
from achterwacht.mqtt import BrokerAddress


def broker_address(broker: BrokerSettings, url: str | None) -> tuple[BrokerAddress, str | None]:
    """The plan's broker, or the one of the command line; and why its password cannot be read, if so.

    The password is only ever in the file that the plan names. Without it we knock all the same: a fault, not an end.
    """
    planned = BrokerAddress(
        host=broker.host,
        port=broker.port,
        username=broker.username,
        tls=broker.tls,
        ca_file=broker.ca_file,
        cert_file=broker.cert_file,
        key_file=broker.key_file,
    )
    if url is not None:
        asked = BrokerAddress.parse(url)
        planned = replace(planned, host=asked.host, port=asked.port, username=asked.username, tls=asked.tls)
    if planned.username is None or broker.password_file is None:
        return planned, None
    try:
        password = Path(broker.password_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        return planned, f"the broker's password cannot be read: {error}"
    return replace(planned, password=password), None
