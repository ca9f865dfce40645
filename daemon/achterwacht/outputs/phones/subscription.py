"""What a browser's push subscription may be: somebody's input, to which we post.

Pure, and free of the libraries that push needs: the daemon looks before it keeps one, the phones process before it
posts.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

HTTPS_PORT = 443
LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
HOST = re.compile(rf"{LABEL}(\.{LABEL})*")
"""Nothing else: libraries read a host with other signs in it, or with an empty label, differently."""
PUBLIC_KEY_BYTES = 65
"""A point of the curve P-256, uncompressed (RFC 8291, 3.1)."""
UNCOMPRESSED = 4
SECRET_BYTES = 16
"""RFC 8291, 3.2."""


def is_push_service(endpoint: str, hosts: Sequence[str]) -> bool:
    """Whether we may post to this endpoint: it could name anything on our own network."""
    try:
        at = urlsplit(endpoint)
        host, port = (at.hostname or "").lower(), at.port
    except ValueError:
        return False
    is_plain = at.scheme == "https" and port in (None, HTTPS_PORT) and "@" not in at.netloc and HOST.fullmatch(host)
    return bool(is_plain) and any(host.endswith(name) if name.startswith(".") else host == name for name in hosts)


def flaw(endpoint: str, p256dh: str, auth: str, hosts: Sequence[str]) -> str:
    """Why nothing can be pushed by this subscription, for people; empty when it can."""
    if not is_push_service(endpoint, hosts):
        return "the plan allows no such push service: see hosts of push in achterwacht.yaml"
    key, secret = _plain(p256dh), _plain(auth)
    if len(key) != PUBLIC_KEY_BYTES or key[0] != UNCOMPRESSED:
        return "p256dh is not the public key of a push subscription: register this browser again"
    if len(secret) != SECRET_BYTES:
        return "auth is not the secret of a push subscription: register this browser again"
    return ""


def _plain(text: str) -> bytes:
    """What base64url stands for, with or without its padding; nothing when it is none."""
    text = text.rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
