"""The key that this house signs its Web Push with (VAPID, RFC 8292): made once, kept for good.

Every registration of a phone is bound to it: with another key all of them are worth nothing. So a key that is there is
never overwritten, however it looks.
"""

from __future__ import annotations

import base64
import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from achterwacht.errors import Unavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey


PUBLIC_SUFFIX = ".public"


def make_vapid_key(file: Path) -> str:
    """The public key in base64url, as a browser's `applicationServerKey` wants it; the private one is made if missing.

    It also stands in a file beside it, `<name>.public`, for whoever registers a phone. Waits for the disk: call it in a
    thread. Raises Unavailable when the key cannot be made or is of no use.
    """
    try:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    except ImportError as error:
        raise Unavailable(
            f"Web Push needs a library that is not installed ({error}); install achterwacht[phones]"
        ) from error
    try:
        if not file.exists():
            _make(file)
    except OSError as error:
        raise Unavailable(f"the key for Web Push cannot be written: {file}: {error}") from error
    raw = read_vapid_key(file).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    public = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    with contextlib.suppress(OSError):  # nobody can register a phone then; those that are go on
        file.with_suffix(PUBLIC_SUFFIX).write_text(f"{public}\n", encoding="ascii")
    return public


def read_vapid_key(file: Path) -> EllipticCurvePrivateKey:
    """The private key. Waits for the disk. Raises Unavailable."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
        if not (isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)):
            raise ValueError("it is a key of another kind")
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Unavailable(
            f"the key for Web Push cannot be used: {file}: {error}; put it back from a backup, or move it away: "
            "a new one is made at the next start, and every phone must be registered again"
        ) from error
    return key


def _make(file: Path) -> None:
    """Whole or not at all, and never over another: a link fails where a rename would replace."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.") as making:  # for its owner alone: 0600
        making.write(pem)
        making.flush()
        os.fsync(making.fileno())
        with contextlib.suppress(FileExistsError):  # another was quicker: that one counts
            os.link(making.name, file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
