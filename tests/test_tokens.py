"""One-time tokens: ours are read, whatever else comes back is refused with a reason, and nothing breaks on it."""

from __future__ import annotations

import base64
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
from achterwacht.tokens import GOOD_FOR_S, KEY_BYTES, KEY_FILE, TOKEN_MAX_CHARS, Tokens, token_key
from house import House

NOW = House().now
INCIDENT = "7-9f3a52c01b7d4e88-412"
ORDERED = f.Ordered(NOW, f"{INCIDENT}.d001.18", INCIDENT, INCIDENT, 7, "push:anna", "alarm", 1, "first press")
OURS = Tokens(b"k" * KEY_BYTES)

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def made(tokens: Tokens = OURS, member: str = "anna", ordered: f.Ordered = ORDERED) -> Mapping[str, str]:
    return tokens.make(ordered, member, ("coming", "cannot"), NOW)


def refused(token: str, tokens: Tokens = OURS, after_s: float = 0.0) -> str:
    """Why."""
    with pytest.raises(BadToken) as bad:
        tokens.read(token, replace(NOW, at=NOW.at + timedelta(seconds=after_s)))
    return str(bad.value)


def test_a_token_gives_the_answer_it_was_made_for_by_its_member_about_its_alarm() -> None:
    tokens = made()
    assert tokens.keys() == {"coming", "cannot"}
    heard = OURS.read(tokens["coming"], NOW)
    assert heard == h.Answer(key=heard.key, incident=INCIDENT, answer="coming", member="anna", via="push:anna")
    assert OURS.read(tokens["cannot"], NOW).answer == "cannot"


def test_the_same_token_twice_is_the_same_answer_and_every_other_token_another() -> None:
    again = replace(ORDERED, order=f"{INCIDENT}.d001.19")
    tokens = [*made().values(), *made(member="bas").values(), *made(ordered=again).values()]
    keys = [OURS.read(token, NOW).key for token in tokens]
    assert len(set(keys)) == 6
    assert [OURS.read(token, NOW).key for token in tokens] == keys


def test_the_same_token_in_other_signs_is_still_the_same_answer() -> None:
    """Base64 has more than one way to write the same bytes; a token must not count once for each."""
    token = made()["coming"]
    key = OURS.read(token, NOW).key
    last = BASE64URL.index(token[-1])  # of its six bits only two are part of the 128
    same = [token[:-1] + BASE64URL[last | bits] for bits in range(16)] + [token + "==", token.replace("-", "+")]
    assert {OURS.read(one, NOW).key for one in same} == {key}


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
    later = replace(NOW, at=NOW.at + timedelta(seconds=GOOD_FOR_S))
    assert OURS.read(token, later).answer == "coming"
    assert "too old" in refused(token, after_s=GOOD_FOR_S + 1)


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
        heard = OURS.read(text, NOW)
    except BadToken as bad:
        assert str(bad)
    else:
        assert heard.key == OURS.read(made()["coming"], NOW).key, "only our own, written otherwise"


def test_what_was_signed_with_our_key_and_says_something_else_is_refused() -> None:
    """A later version may say more."""
    assert "no answer of ours" in refused(OURS._sign(b'["7-a-1.d.1","push:anna"]'))
    assert "no answer of ours" in refused(OURS._sign(b'["7-a-1.d.1","push:anna","anna","perhaps",1]'))
    assert "no answer of ours" in refused(OURS._sign(b"\xff"))


def test_the_longest_token_that_there_can_be_is_read() -> None:
    member = "m" * 64
    order = f"9999-{'f' * 32}-{2**31 - 1}.{'d' * 16}.{10**12}"
    longest = replace(ORDERED, order=order, target=f"{'w' * 32}:{member}")
    token = OURS.make(longest, member, ("called_112",), NOW)["called_112"]
    assert len(token) <= TOKEN_MAX_CHARS
    assert OURS.read(token, NOW).member == member


# --- the key ----------------------------------------------------------------------------------------------------------


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    key = token_key(tmp_path)
    assert len(key) == KEY_BYTES and mode(tmp_path / KEY_FILE) == 0o600
    token = made(Tokens(key))["coming"]
    after_a_restart = Tokens(token_key(tmp_path))
    assert after_a_restart.read(token, NOW).answer == "coming"


@pytest.mark.parametrize("damaged", [b"", b"short", b"x" * (KEY_BYTES + 1)])
def test_a_damaged_key_is_replaced_and_what_it_signed_is_refused(tmp_path: Path, damaged: bytes) -> None:
    file = tmp_path / KEY_FILE
    file.write_bytes(damaged)
    file.chmod(0o644)
    key = token_key(tmp_path)
    assert file.read_bytes() == key == token_key(tmp_path) and len(key) == KEY_BYTES
    assert mode(file) == 0o600
    assert "no answer of ours" in refused(made(Tokens(damaged))["coming"], Tokens(key))


def test_a_key_that_cannot_be_read_or_kept_is_good_until_the_next_start(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).mkdir()
    key, next_key = token_key(tmp_path), token_key(tmp_path)
    assert len(key) == len(next_key) == KEY_BYTES and key != next_key
    assert token_key(tmp_path / "nowhere") != token_key(tmp_path / "nowhere")
