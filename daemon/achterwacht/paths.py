"""Where things are unless somebody says otherwise: the two folders, and the socket where daemon and terminal meet."""

from __future__ import annotations

import os
from pathlib import Path

CONFIG_HERE = Path("config")
"""A clone of the repository has its own."""
CONFIG = Path("/etc/achterwacht")
STATE = Path("/var/lib/achterwacht")
RUNTIME = Path("/run/achterwacht")
"""What systemd makes for the daemon (RuntimeDirectory=); it is there exactly while the service runs."""
SOCKET = "link.sock"


def config_folder() -> Path:
    """The folder of the two YAML files when the command line names none."""
    try:
        return CONFIG_HERE if CONFIG_HERE.is_dir() else CONFIG
    except PermissionError:  # somebody else's home, which `sudo -u achterwacht` stands in and may not look into
        return CONFIG


def state_folder() -> Path:
    """The folder of the journal when the command line names none: systemd's, in a service."""
    return _of_systemd("STATE_DIRECTORY") or STATE


def socket_path(state: Path) -> Path:
    """Where the daemon of this state folder listens. A terminal is not told what systemd told the daemon."""
    runtime = RUNTIME if state == STATE and RUNTIME.is_dir() else state
    return (_of_systemd("RUNTIME_DIRECTORY") or runtime) / SOCKET


def _of_systemd(variable: str) -> Path | None:
    """The first folder of a list that systemd sets (systemd.exec(5), "RuntimeDirectory=")."""
    first = os.environ.get(variable, "").split(":")[0]
    return Path(first) if first else None
