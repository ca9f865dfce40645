"""The command `achterwacht-dashboard`: serve the pages; keep accounts and certificates.

Knows the command line. What each command does is its own module's.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from achterwacht.paths import socket_path, state_folder

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
    serve_.set_defaults(run=serve)
    return top


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; exits with the command's code."""
    asked = parser().parse_args(arguments)
    sys.exit(asked.run(asked))


def serve(asked: argparse.Namespace) -> int:
    """Serve until a signal."""
    import uvicorn

    from achterwacht_dashboard.app import Settings, make_app

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    app = make_app(Settings(socket_path(asked.state), asked.state, asked.data))
    uvicorn.run(app, host=asked.host, port=asked.port, access_log=False, ws="websockets-sansio", server_header=False)
    return 0
