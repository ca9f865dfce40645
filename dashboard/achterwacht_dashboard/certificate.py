"""A certificate for the building's own network: browsers allow messages, and an installed page, by https alone.

Makes a small authority of the house's own, which telephones are told to trust once, and from it a certificate for the
names that the dashboard is called by. Knows files and dates; who serves with them is serving.py.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import ssl
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from achterwacht.errors import AchterwachtError
from achterwacht_dashboard.ending import AHEAD, Ends

FOLDER = "tls"
"""In the dashboard's own folder: the house's own authority and its certificates."""
AUTHORITY_DAYS = 3650
"""A telephone is told to trust it once; it should outlive the telephones."""
CERTIFICATE_DAYS = 397
"""Apple takes none that is good for longer than 825 days, or 398 where it knows the authority itself. With a year and
a month, whoever makes it anew each year is never late."""
KEY_MODE, OPEN_MODE = 0o600, 0o644
CLOCK_DOUBT = timedelta(days=1)
"""A clock that is behind, here or on a telephone, must not make a certificate be of tomorrow."""

AUTHORITY, AUTHORITY_KEY = "authority.pem", "authority.key"
CERTIFICATE, CERTIFICATE_KEY = "certificate.pem", "certificate.key"

log = logging.getLogger(__name__)

_NO_PASSWORD = b""
"""Else a key with a password would ask for it at the terminal, which a service has not."""


class CertificateError(AchterwachtError):
    """A certificate cannot be made or used; the text says which file and why."""

    remedy = "make one with `achterwacht-dashboard certificate NAME`, or put the right files there"


@dataclass(frozen=True, slots=True)
class Made:
    """What stands in the folder now. `new_authority`: every telephone must be told to trust it."""

    authority: Path
    certificate: Path
    key: Path
    names: tuple[str, ...]
    until: datetime
    new_authority: bool


def make_certificate(folder: Path, names: Sequence[str], now: datetime) -> Made:
    """A certificate for these host names and addresses, from the authority in this folder, which is made if it is not
    there. An authority is good for the names that it was made with and no others: who has its key can be nobody else.

    Raises CertificateError, also for a name that an authority which is there does not allow.
    """
    wanted = tuple(dict.fromkeys(names))
    alternatives = [_general_name(name) for name in wanted]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_new = not (folder / AUTHORITY).exists()
        if is_new:
            _make_authority(folder, alternatives, now)
        authority, authority_key = _read(folder / AUTHORITY, folder / AUTHORITY_KEY)
        _check_allowed(authority, wanted, alternatives, folder / AUTHORITY)
        _check_not_over(authority, now, folder / AUTHORITY)
        key = generate_private_key(SECP256R1())
        until = min(now + timedelta(days=CERTIFICATE_DAYS), authority.not_valid_after_utc)
        certificate = (
            _builder(wanted[0], authority.subject, key, now, until)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_signs_only(False), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
            )
            .sign(authority_key, SHA256())
        )
        _write(folder / CERTIFICATE_KEY, _private(key), KEY_MODE)
        _write(folder / CERTIFICATE, certificate.public_bytes(Encoding.PEM), OPEN_MODE)
    except OSError as error:
        raise CertificateError(f"no certificate can be written in {folder}: {error}") from error
    return Made(folder / AUTHORITY, folder / CERTIFICATE, folder / CERTIFICATE_KEY, wanted, until, is_new)


def check_pair(certificate: Path | None, key: Path | None) -> None:
    """That a server can begin with these two files. Raises CertificateError."""
    if certificate is None or key is None:
        raise CertificateError("--certificate and --key go together: name both, or none for http")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_NO_PASSWORD)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise CertificateError(f"no server can begin with {certificate} and {key}: {error}") from error


def read_ends(certificate: Path, folder: Path) -> Ends:
    """When this certificate ends, and whether that is the end of the authority in this folder. Never raises."""
    try:
        served = x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError) as error:
        log.error("until when %s is good cannot be read: %s", certificate, error)
        return Ends(None)
    at = served.not_valid_after_utc
    with suppress(OSError, ValueError):  # there is none: the certificate is another's
        authority = x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes())
        is_its = authority.subject == served.issuer
        return Ends(at, is_its and authority.not_valid_after_utc < at + AHEAD)
    return Ends(at)


def _make_authority(folder: Path, alternatives: Sequence[x509.GeneralName], now: datetime) -> None:
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Achterwacht, eigen certificaten")])
    authority = (
        _builder("", name, key, now, now + timedelta(days=AUTHORITY_DAYS), subject=name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_signs_only(True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.NameConstraints([_constraint(name) for name in alternatives], excluded_subtrees=None), critical=True
        )
        .sign(key, SHA256())
    )
    _write(folder / AUTHORITY_KEY, _private(key), KEY_MODE)
    _write(folder / AUTHORITY, authority.public_bytes(Encoding.PEM), OPEN_MODE)


def _builder(
    common: str,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    now: datetime,
    until: datetime,
    subject: x509.Name | None = None,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject or x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_DOUBT)
        .not_valid_after(until)
    )


def _signs_only(certificates: bool) -> x509.KeyUsage:
    """An authority signs certificates, a server signs its greeting."""
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    """A host name or an address as a certificate holds it. Raises CertificateError."""
    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    labels = name.split(".")
    if not name.isascii() or len(name) > 253 or not all(_is_label(label) for label in labels):
        raise CertificateError(f"{name!r} is no host name and no address: write it as achterwacht.gemeente.lan")
    return x509.DNSName(name.lower())


def _is_label(label: str) -> bool:
    """RFC 1123, 2.1."""
    return 1 <= len(label) <= 63 and label.replace("-", "").isalnum() and label[0] != "-" != label[-1]


def _constraint(name: x509.GeneralName) -> x509.GeneralName:
    """Just this name: RFC 5280, 4.2.1.10 wants a network where a certificate has an address."""
    if isinstance(name, x509.IPAddress):
        return x509.IPAddress(ipaddress.ip_network(str(name.value)))
    return name


def _check_allowed(
    authority: x509.Certificate, names: Sequence[str], alternatives: Sequence[x509.GeneralName], file: Path
) -> None:
    try:
        allowed = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    except x509.ExtensionNotFound:
        raise CertificateError(f"{file} was not made here: serve with a certificate of its own instead") from None
    missing = [
        name for name, alternative in zip(names, alternatives, strict=True) if _constraint(alternative) not in allowed
    ]
    if missing:
        raise CertificateError(
            f"{file} was made for other names, and not for {', '.join(missing)}: move it and its key away; then a new "
            "one is made, which every telephone must be told to trust"
        )


def _check_not_over(authority: x509.Certificate, now: datetime, file: Path) -> None:
    last = authority.not_valid_after_utc
    if last <= now:
        raise CertificateError(
            f"{file} ended on {last:%Y-%m-%d}: move it and its key away; then a new one is made, which every telephone "
            "must be told to trust"
        )


def _read(certificate: Path, key: Path) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    try:
        private = load_pem_private_key(key.read_bytes(), password=None)
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        if not isinstance(private, EllipticCurvePrivateKey) or private.public_key() != found.public_key():
            raise ValueError("its key is another's")
    except (OSError, ValueError, TypeError) as error:
        raise CertificateError(f"the authority cannot be used: {certificate}: {error}") from error
    return found, private


def _private(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(file: Path, data: bytes, mode: int) -> None:
    """Whole or not at all, and never wider open than it should be."""
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as making:
        try:
            making.write(data)
            making.flush()
            os.fchmod(making.fileno(), mode)
            os.fsync(making.fileno())
            Path(making.name).rename(file)
        except BaseException:
            Path(making.name).unlink(missing_ok=True)
            raise


def describe(made: Made) -> str:
    """For the terminal: what was made, and what is to be done with it."""
    lines = [
        f"{made.certificate}: good for {', '.join(made.names)}, until {made.until.astimezone(UTC):%Y-%m-%d}",
        f"serve with it:  achterwacht-dashboard serve --certificate {made.certificate} --key {made.key}",
    ]
    if made.new_authority:
        lines.append(f"{made.authority}: have every telephone and screen trust this one, once (docs/installing.md)")
    return "\n".join(lines)
