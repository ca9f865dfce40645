"""One-time tokens: ours are read, whatever else comes back is refused with a reason, and nothing breaks on it."""

from __future__ import annotations

import base64
import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.errors import BadToken
from achterwacht.tokens import GOOD_FOR_S, KEY_BYTES, KEY_FILE, TOKEN_MAX_CHARS, Tokens, keep_token_key, token_key
from house import House

NOW = House().now
INCIDENT = "7-9f3a52c01b7d4e88-412"
ORDERED = f.Ordered(NOW, f"{INCIDENT}.d001.18", INCIDENT, INCIDENT, 7, "push:anna", "alarm", 1, "first press")
OURS = Tokens(b"k" * KEY_BYTES)

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def made(tokens: Tokens = OURS, member: str = "anna", ordered: f.Ordered = ORDERED) -> Mapping[str, str]:
    return tokens.make(ordered, member, ("coming", "cannot"), NOW)


def heard_from(token: str, tokens: Tokens = OURS, after_s: float = 0.0, is_open: bool = False) -> h.Answer:
    """What it gives so much later, by the clock, and while its alarm is open or no more."""
    later = replace(NOW, at=NOW.at + timedelta(seconds=after_s))
    return tokens.read(token, later, lambda incident: is_open and incident == INCIDENT)


def refused(token: str, tokens: Tokens = OURS, after_s: float = 0.0) -> str:
    """Why."""
    with pytest.raises(BadToken) as bad:
        heard_from(token, tokens, after_s)
    return str(bad.value)


def test_a_token_gives_the_answer_it_was_made_for_by_its_member_about_its_alarm() -> None:
    tokens = made()
    assert tokens.keys() == {"coming", "cannot"}
    heard = heard_from(tokens["coming"])
    assert heard == h.Answer(key=heard.key, incident=INCIDENT, answer="coming", member="anna", via="push:anna")
    assert heard_from(tokens["cannot"]).answer == "cannot"


def test_the_same_token_twice_is_the_same_answer_and_every_other_token_another() -> None:
    again = replace(ORDERED, order=f"{INCIDENT}.d001.19")
    tokens = [*made().values(), *made(member="bas").values(), *made(ordered=again).values()]
    keys = [heard_from(token).key for token in tokens]
    assert len(set(keys)) == 6
    assert [heard_from(token).key for token in tokens] == keys


def test_the_same_token_in_other_signs_is_still_the_same_answer() -> None:
    """Base64 has more than one way to write the same bytes; a token must not count once for each."""
    token = made()["coming"]
    key = heard_from(token).key
    last = BASE64URL.index(token[-1])  # of its six bits only two are part of the 128
    same = [token[:-1] + BASE64URL[last | bits] for bits in range(16)] + [token + "==", token.replace("-", "+")]
    assert {heard_from(one).key for one in same} == {key}


def test_a_token_of_another_house_is_refused() -> None:
    assert "no answer of ours" in refused(made(Tokens(b"x" * KEY_BYTES))["coming"])


def test_another_members_name_in_a_token_is_not_believed() -> None:
    said, mac = made()["coming"].split(".")
    plain = base64.urlsafe_b64decode(said + "==")
    forged = base64.urlsafe_b64encode(plain.replace(b'"anna"', b'"els"')).decode().rstrip("=")
    assert plain != base64.urlsafe_b64decode(forged + "==")
    assert "no answer of ours" in refused(f"{forged}.{mac}")
    assert "no answer of ours" in refused(f"{said}.{made(member='els')['coming'].split('.')[1]}")


def test_a_token_is_good_for_some_hours_and_then_says_that_it_is_too_old() -> None:
    token = made()["coming"]
    assert heard_from(token, after_s=GOOD_FOR_S).answer == "coming"
    assert "too old" in refused(token, after_s=GOOD_FOR_S + 1)


@pytest.mark.parametrize("after_s", [5 * 3600.0, 40 * 365 * 24 * 3600.0])
def test_while_its_alarm_is_open_a_token_is_good_whatever_the_clock_says(after_s: float) -> None:
    """The clock of a Pi is set right soon after a start: by hours, or by years."""
    token = made()["coming"]
    assert heard_from(token, after_s=after_s, is_open=True).answer == "coming"
    another = made(ordered=replace(ORDERED, order="7-00ff-1.d001.18"))["coming"]
    with pytest.raises(BadToken, match="too old"):
        heard_from(another, after_s=after_s, is_open=True)


@given(at=st.integers(0), bit=st.integers(0, 7))
def test_a_token_in_which_any_bit_is_changed_is_refused(at: int, bit: int) -> None:
    said, mac = (base64.urlsafe_b64decode(part + "==") for part in made()["coming"].split("."))
    at %= len(said) + len(mac)
    both = bytearray(said + mac)
    both[at] ^= 1 << bit
    parts = (bytes(both[: len(said)]), bytes(both[len(said) :]))
    changed = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    assert "no answer of ours" in refused(changed)


@given(
    text=st.text()
    | st.text(BASE64URL + ".=+/", max_size=2 * TOKEN_MAX_CHARS)
    | st.builds(lambda token, cut, more: token[:cut] + more, st.just(made()["coming"]), st.integers(0, 150), st.text())
)
def test_any_other_text_is_refused_with_a_reason_and_breaks_nothing(text: str) -> None:
    try:
        heard = heard_from(text)
    except BadToken as bad:
        assert str(bad)
    else:
        assert heard.key == heard_from(made()["coming"]).key, "only our own, written otherwise"


def test_what_was_signed_with_our_key_and_says_something_else_is_refused() -> None:
    """A later version may say more."""
    assert "no answer of ours" in refused(OURS._sign(b'["7-a-1.d.1","push:anna"]'))
    assert "no answer of ours" in refused(OURS._sign(b'["7-a-1.d.1","push:anna","anna","perhaps",1]'))
    assert "no answer of ours" in refused(OURS._sign(b"\xff"))


@pytest.mark.parametrize("order", [ORDERED.order, "7-9f3a-412.d001.2", ""])
def test_a_receipt_is_believed_from_who_has_the_message_and_from_nobody_else(order: str) -> None:
    OURS.check_receipt(order, OURS.proof(order))
    others = (OURS.proof(f"{order}1"), Tokens(b"t" * KEY_BYTES).proof(order), *made().values(), order, "", "é")
    for proof in others:
        with pytest.raises(BadToken, match="no receipt of a message of ours"):
            OURS.check_receipt(order, proof)


def test_the_longest_token_that_there_can_be_is_read() -> None:
    member = "m" * 64
    order = f"9999-{'f' * 32}-{2**31 - 1}.{'d' * 16}.{10**12}"
    longest = replace(ORDERED, order=order, target=f"{'w' * 32}:{member}")
    token = OURS.make(longest, member, ("called_112",), NOW)["called_112"]
    assert len(token) <= TOKEN_MAX_CHARS
    assert heard_from(token).member == member


# --- the key ----------------------------------------------------------------------------------------------------------


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def kept_key(folder: Path) -> bytes:
    """The key, of which nothing is wrong, as a start leaves it."""
    key, trouble, is_new = token_key(folder)
    assert trouble is None and len(key) == KEY_BYTES
    if is_new:
        assert keep_token_key(folder, key) is None
        assert token_key(folder) == (key, None, False)
    return key


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    key = kept_key(tmp_path)
    assert mode(tmp_path / KEY_FILE) == 0o600
    token = made(Tokens(key))["coming"]
    assert heard_from(token, Tokens(kept_key(tmp_path))).answer == "coming", "after a restart"
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]


@pytest.mark.parametrize("damaged", [b"", b"short", b"x" * (KEY_BYTES + 1)])
def test_a_damaged_key_is_told_and_replaced_and_what_it_signed_is_refused(tmp_path: Path, damaged: bytes) -> None:
    file = tmp_path / KEY_FILE
    file.write_bytes(damaged)
    file.chmod(0o644)
    key, trouble, is_new = token_key(tmp_path)
    assert trouble and trouble.startswith("tokens.key was damaged") and is_new
    assert keep_token_key(tmp_path, key) is None
    assert file.read_bytes() == key == kept_key(tmp_path)
    assert mode(file) == 0o600
    assert "no answer of ours" in refused(made(Tokens(damaged))["coming"], Tokens(key))


def test_what_a_start_that_was_cut_short_left_is_no_hindrance_and_opens_nothing(tmp_path: Path) -> None:
    leftover = tmp_path / f"{KEY_FILE}.new"
    leftover.write_bytes(b"half")
    leftover.chmod(0o644)
    assert (tmp_path / KEY_FILE).exists() is False
    assert kept_key(tmp_path) == (tmp_path / KEY_FILE).read_bytes()
    assert mode(tmp_path / KEY_FILE) == 0o600 and not leftover.exists()


def test_a_good_key_that_cannot_be_read_now_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = kept_key(tmp_path)

    def fails(file: Path) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", fails)
        other, trouble, is_new = token_key(tmp_path)
    assert len(other) == KEY_BYTES and other != key and not is_new
    assert trouble and trouble.startswith("tokens.key cannot be read: ")
    assert kept_key(tmp_path) == key


def test_a_key_that_cannot_be_kept_is_told_and_good_until_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _, is_new = token_key(tmp_path / "nowhere")
    assert is_new and len(key) == KEY_BYTES and key != token_key(tmp_path / "nowhere").key
    trouble = keep_token_key(tmp_path / "nowhere", key)
    assert trouble and trouble.startswith("tokens.key cannot be written: ")
    file = tmp_path / KEY_FILE
    file.write_bytes(b"short")

    def fails(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    assert "No space left" in (keep_token_key(tmp_path, key) or "")
    assert file.read_bytes() == b"short", "whole or not at all"
