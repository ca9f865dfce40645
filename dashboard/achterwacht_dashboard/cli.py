"""The command `achterwacht-dashboard`: serve the pages; keep accounts and certificates.

Knows the command line. What each command does is its own module's.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from achterwacht.clock import Clock
from achterwacht.errors import AchterwachtError
from achterwacht.paths import socket_path, state_folder
from achterwacht_dashboard import account_commands

HOST, PORT = "127.0.0.1", 8112
DATA = Path("/var/lib/achterwacht-dashboard")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="achterwacht-dashboard", description="The pages of Achterwacht, in a browser.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    serve_ = commands.add_parser("serve", help="serve the pages")
    serve_.add_argument("--state", type=Path, default=state_folder(), help="the daemon's state folder")
    serve_.add_argument("--data", type=Path, default=DATA, help="this dashboard's own folder")
    serve_.add_argument("--host", default=HOST)
    serve_.add_argument("--port", type=int, default=PORT)
    serve_.add_argument("--certificate", type=Path, help="serve by https: the certificate, or its chain, as PEM")
    serve_.add_argument("--key", type=Path, help="the private key of the certificate")
    serve_.add_argument("--floor-plan", type=Path, help="the house's own SVG, with an element zender-<nr> for each")
    serve_.set_defaults(run=serve)
    certificate_ = commands.add_parser("certificate", help="make a certificate for the building's own network")
    certificate_.add_argument("name", nargs="+", help="a host name or an address that the dashboard is called by")
    certificate_.add_argument("--data", type=Path, default=DATA, help="this dashboard's own folder")
    certificate_.set_defaults(run=certificate)
    account_commands.add_to(commands, DATA)
    return top


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; exits with the command's code."""
    asked = parser().parse_args(arguments)
    try:
        sys.exit(asked.run(asked))
    except AchterwachtError as error:
        print(f"achterwacht-dashboard: {error}\n{error.remedy}", file=sys.stderr)
        sys.exit(1)


def serve(asked: argparse.Namespace) -> int:
    """Serve until a signal."""
    from achterwacht_dashboard import serving
    from achterwacht_dashboard.app import Settings, make_app

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    tls = https(asked.certificate, asked.key)
    address = account_commands.address_of(asked.host, asked.port, bool(tls))
    if link := asyncio.run(account_commands.first_link(asked.data, address)):
        print(f"There is no account yet. Make the first one, within a day and with this link only: {link}", flush=True)
    app = make_app(Settings(socket_path(asked.state), asked.state, asked.data, asked.floor_plan, asked.certificate))
    serving.serve(app, asked.host, asked.port, **tls)
    return 0


def https(certificate: Path | None, key: Path | None) -> dict[str, Any]:
    """How to serve by https, in uvicorn's words; nothing for http. Raises CertificateError before anything listens."""
    if certificate is None and key is None:
        return {}
    from achterwacht_dashboard.certificate import check_pair

    check_pair(certificate, key)
    return {"ssl_certfile": certificate, "ssl_keyfile": key}


def certificate(asked: argparse.Namespace) -> int:
    """Make a certificate, from the house's own authority."""
    from achterwacht_dashboard.certificate import FOLDER, describe, make_certificate

    print(describe(make_certificate(asked.data / FOLDER, asked.name, Clock().now().at)))
    return 0
