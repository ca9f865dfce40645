"""Certificates for the building's own network, judged by openssl and by Python's own TLS."""

from __future__ import annotations

import socket
import ssl
import stat
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from achterwacht_dashboard.certificate import (
    AUTHORITY,
    AUTHORITY_KEY,
    CERTIFICATE,
    CERTIFICATE_DAYS,
    CERTIFICATE_KEY,
    CertificateError,
    check_pair,
    describe,
    make_certificate,
)
from achterwacht_dashboard.cli import main

NOW = datetime.now(UTC).replace(microsecond=0)
"""A certificate is judged by the clock of whoever looks at it."""
NAMES = ("achterwacht.lan", "127.0.0.1")


def good_until(file: Path) -> datetime:
    return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc


def test_openssl_finds_it_good_for_its_names(tmp_path: Path) -> None:
    made = make_certificate(tmp_path, NAMES, NOW)
    for wanted in (("-verify_hostname", NAMES[0]), ("-verify_ip", NAMES[1])):
        command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", str(made.authority)]
        told = subprocess.run([*command, *wanted, str(made.certificate)], check=False, capture_output=True, text=True)
        assert told.returncode == 0, told.stderr
    assert made.until == NOW + timedelta(days=CERTIFICATE_DAYS) == good_until(made.certificate)


def test_a_browser_that_trusts_the_authority_is_served(tmp_path: Path) -> None:
    made = make_certificate(tmp_path, NAMES, NOW)
    ours, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=str(made.authority))
    ours.load_cert_chain(made.certificate, made.key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)

        def serve() -> None:
            connection, _ = listening.accept()
            with ours.wrap_socket(connection, server_side=True) as tls:
                tls.sendall(b"hello")

        serving = threading.Thread(target=serve)
        serving.start()
        with (
            socket.create_connection(listening.getsockname(), timeout=10) as connection,
            theirs.wrap_socket(connection, server_hostname=NAMES[1]) as tls,
        ):
            assert tls.recv(5) == b"hello"
        serving.join()


def test_the_authority_can_make_nobody_else(tmp_path: Path) -> None:
    """Whoever steals its key can only be this dashboard: telephones trust it for no other name."""
    make_certificate(tmp_path, NAMES, NOW)
    (tmp_path / "bank.ext").write_text("subjectAltName=DNS:bank.example\n")
    for command in (
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout bank.key -out bank.csr "
        "-subj /CN=bank.example",
        f"openssl x509 -req -in bank.csr -CA {AUTHORITY} -CAkey {AUTHORITY_KEY} -CAcreateserial -out bank.pem "
        "-extfile bank.ext",
    ):
        subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    told = subprocess.run(
        ["openssl", "verify", "-CAfile", AUTHORITY, "bank.pem"],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert told.returncode != 0 and "permitted subtree violation" in told.stderr


def test_a_year_later_only_the_certificate_is_new(tmp_path: Path) -> None:
    first = make_certificate(tmp_path, NAMES, NOW)
    before = {file: (tmp_path / file).read_bytes() for file in (AUTHORITY, AUTHORITY_KEY, CERTIFICATE, CERTIFICATE_KEY)}
    second = make_certificate(tmp_path, NAMES, NOW + timedelta(days=365))
    changed = {file for file, data in before.items() if (tmp_path / file).read_bytes() != data}
    assert first.new_authority and not second.new_authority
    assert changed == {CERTIFICATE, CERTIFICATE_KEY} and second.until > first.until
    assert AUTHORITY in describe(first) and AUTHORITY not in describe(second)


def test_it_never_outlives_its_authority(tmp_path: Path) -> None:
    make_certificate(tmp_path, NAMES, NOW)
    late = make_certificate(tmp_path, NAMES, NOW + timedelta(days=3600))
    assert late.until == good_until(tmp_path / AUTHORITY)


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    make_certificate(tmp_path, NAMES, NOW)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {AUTHORITY: 0o644, CERTIFICATE: 0o644, AUTHORITY_KEY: 0o600, CERTIFICATE_KEY: 0o600}


@pytest.mark.parametrize("name", ["", "two words", "-a.lan", "a..lan", "ëa.lan", "a" * 64 + ".lan", "http://a.lan"])
def test_what_is_no_name_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(CertificateError, match="no host name and no address"):
        make_certificate(tmp_path, [name], NOW)
    assert list(tmp_path.iterdir()) == []


def test_an_authority_for_other_names_is_kept(tmp_path: Path) -> None:
    make_certificate(tmp_path, NAMES, NOW)
    kept = (tmp_path / AUTHORITY).read_bytes()
    with pytest.raises(CertificateError, match=r"not for other\.lan"):
        make_certificate(tmp_path, [*NAMES, "other.lan"], NOW)
    assert (tmp_path / AUTHORITY).read_bytes() == kept


@pytest.mark.parametrize("damage", ["key gone", "key of another", "nonsense"])
def test_an_authority_that_cannot_be_used_is_told_and_kept(tmp_path: Path, damage: str) -> None:
    make_certificate(tmp_path, NAMES, NOW)
    if damage == "key gone":
        (tmp_path / AUTHORITY_KEY).unlink()
    elif damage == "key of another":
        (tmp_path / AUTHORITY_KEY).write_bytes((tmp_path / CERTIFICATE_KEY).read_bytes())
    else:
        (tmp_path / AUTHORITY).write_bytes(b"nonsense")
    kept = (tmp_path / AUTHORITY).read_bytes()
    with pytest.raises(CertificateError, match="cannot be used"):
        make_certificate(tmp_path, NAMES, NOW)
    assert (tmp_path / AUTHORITY).read_bytes() == kept


def test_two_files_that_do_not_belong_together_are_told_before_anybody_listens(tmp_path: Path) -> None:
    made = make_certificate(tmp_path, NAMES, NOW)
    check_pair(made.certificate, made.key)
    with pytest.raises(CertificateError, match="go together"):
        check_pair(made.certificate, None)
    for certificate, key in ((made.authority, made.key), (made.certificate, tmp_path / "none"), (made.key, made.key)):
        with pytest.raises(CertificateError, match="no server can begin"):
            check_pair(certificate, key)


def test_the_command_makes_one_and_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["certificate", *NAMES, "--data", str(tmp_path)])
    assert ended.value.code == 0 and "--certificate" in capsys.readouterr().out
    check_pair(tmp_path / "tls" / CERTIFICATE, tmp_path / "tls" / CERTIFICATE_KEY)
    with pytest.raises(SystemExit) as ended:
        main(["certificate", "other.lan", "--data", str(tmp_path)])
    assert ended.value.code == 1 and "made for other names" in capsys.readouterr().err
