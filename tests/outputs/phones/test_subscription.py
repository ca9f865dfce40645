"""What is registered: at the push services of the plan alone, with the keys that a browser makes."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.outputs.phones.subscription import flaw, is_push_service

HOSTS = ("push.example",)
ENDPOINT = "https://push.example/1"
KEY = bytes([4, *range(64)])
SECRET = bytes(range(200, 216))


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.parametrize(
    ("endpoint", "allowed"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", True),
        ("https://FCM.googleapis.com:443/fcm/send/x", True),
        ("https://web.push.apple.com/x", True),
        ("http://fcm.googleapis.com/fcm/send/x", False),
        ("https://fcm.googleapis.com:8443/x", False),
        ("https://fcm.googleapis.com.evil.example/x", False),
        ("https://evilpush.apple.com/x", False),
        ("https://web.push.apple.com.evil.example/x", False),
        ("https://user@fcm.googleapis.com/x", False),
        ("https://evil.example\\.push.apple.com/x", False),
        ("https://evil.example/?.push.apple.com", False),
        ("https://127.0.0.1/x", False),
        ("https://[::1/x", False),
        ("https://xn--..push.apple.com/x", False),
        ("https://.push.apple.com/x", False),
        ("https://-.push.apple.com/x", False),
        ("https://a..b.push.apple.com/x", False),
        ("https://web.push.apple.com./x", False),
        ("https://fcm.googleapis.com:x/", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_only_https_to_the_hosts_of_the_plan(endpoint: str, allowed: bool) -> None:
    assert is_push_service(endpoint, ("fcm.googleapis.com", ".push.apple.com")) is allowed


@pytest.mark.parametrize("padding", ["", "="])
def test_what_a_browser_gives_has_no_flaw(padding: str) -> None:
    assert flaw(ENDPOINT, text(KEY) + padding, text(SECRET) + 2 * padding, HOSTS) == ""


def test_another_host_is_no_push_service_of_the_plan() -> None:
    assert "push service" in flaw("https://192.0.2.1/1", text(KEY), text(SECRET), HOSTS)
    assert "push service" in flaw(ENDPOINT, text(KEY), text(SECRET), ())


@pytest.mark.parametrize("key", [KEY[:-1], KEY + b"x", bytes([3]) + KEY[1:], b""])
def test_a_public_key_is_65_bytes_that_start_with_4(key: bytes) -> None:
    assert flaw(ENDPOINT, text(key), text(SECRET), HOSTS).startswith("p256dh is not")


@pytest.mark.parametrize("secret", [SECRET[:-1], SECRET + b"x", b""])
def test_a_secret_is_16_bytes(secret: bytes) -> None:
    assert flaw(ENDPOINT, text(KEY), text(secret), HOSTS).startswith("auth is not")


@given(st.text(), st.text(), st.text())
def test_any_text_is_looked_at(endpoint: str, p256dh: str, auth: str) -> None:
    assert flaw(endpoint, text(KEY), text(SECRET), HOSTS).startswith("the plan allows no such")
    assert flaw(ENDPOINT, p256dh, auth, HOSTS).startswith("p256dh is not")
