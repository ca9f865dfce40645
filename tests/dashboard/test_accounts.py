"""Accounts and web sessions: who comes in, for how long, and what slows guesses. The clock is the test's."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from errno import ENOSPC
from functools import partial
from os import strerror
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from achterwacht.core.moment import Moment
from achterwacht_dashboard import accounts as rooms
from achterwacht_dashboard import paired, passwords, register
from achterwacht_dashboard.access import Roles
from achterwacht_dashboard.accounts import (
    IDLE_S,
    LINK_S,
    SESSION_S,
    SESSIONS_MAX,
    Accounts,
    Refused,
    WrongPassword,
)
from achterwacht_dashboard.register import FILE, RegisterUnavailable
from achterwacht_dashboard.throttle import ADDRESS_WAIT_MAX_S, FORGET_S, FREE, NAME_WAIT_S, TooSoon

pytestmark = pytest.mark.asyncio

RECEPTION: Roles = frozenset({"reception"})
ADMIN: Roles = frozenset({"admin"})
SENTENCE = "een lange zin is goed"
DESK, ELSEWHERE = "10.0.0.5", "10.0.0.66"
WITHIN_S = 10.0


class Clock:
    """Stands still until somebody waits."""

    def __init__(self) -> None:
        self._s = 0.0
        self._wrong_s = 0.0

    def now(self) -> Moment:
        at = datetime(2026, 11, 23, 8, tzinfo=UTC) + timedelta(seconds=self._s + self._wrong_s)
        return Moment(self._s, at, True)

    def set_forward(self, s: float) -> None:
        self._wrong_s += s

    def wait(self, s: float) -> None:
        self._s += s


@asynccontextmanager
async def accounts_of(folder: Path, clock: Clock, waited: list[float] | None = None) -> AsyncIterator[Accounts]:
    async def pause(s: float) -> None:
        (waited if waited is not None else []).append(s)

    async with Accounts(folder, clock, pause).running() as accounts:
        yield accounts


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost nothing; what a real one costs is a test's own."""
    monkeypatch.setattr(passwords, "PasswordHasher", partial(PasswordHasher, time_cost=1, memory_cost=64))


async def until(wanted: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not wanted():  # noqa: ASYNC110  what is waited for is in memory
            await asyncio.sleep(0.01)


# --- sessions ---------------------------------------------------------------------------------------------------------


async def test_somebody_logs_in_and_is_still_there_after_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts:
        els = await accounts.add("Els Smit", RECEPTION, "els", SENTENCE)
        token = await accounts.log_in(" els  SMIT ", SENTENCE, DESK)
        viewer = accounts.viewer(token)
        assert viewer is not None
        assert (viewer.account, viewer.name, viewer.roles, viewer.member) == (els, "Els Smit", RECEPTION, "els")
    async with accounts_of(tmp_path, clock) as accounts:
        assert accounts.viewer(token) == viewer
        assert accounts.viewer(token + "x") is None
        assert accounts.viewer("") is None
        assert accounts.viewer(None) is None


async def test_no_secret_stands_in_a_file_or_a_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with accounts_of(tmp_path, Clock()) as accounts:
        els = await accounts.add("Els", RECEPTION, "els", SENTENCE)
        token = await accounts.log_in("Els", SENTENCE, DESK)
        with pytest.raises(WrongPassword):
            await accounts.log_in("mijn wachtwoord, per ongeluk", "geheim geheim", DESK)
        link, code = await accounts.make_link("pair", els)
        paired = await accounts.pair(link, "Android")
        kept = everything_in(tmp_path) + caplog.text.encode()
        for secret in (SENTENCE, token, link, code, paired, "geheim geheim", "per ongeluk"):
            assert secret.encode() not in kept
        assert f"a login from {DESK} was refused" in caplog.text


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_a_login_ends_after_a_long_working_day(tmp_path: Path) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts:
        token = await accounts.open_session(await accounts.add("Els", RECEPTION))
        for _ in range(SESSION_S // 3600 - 1):
            clock.wait(3600)
            assert accounts.viewer(token)
        clock.wait(3600)
        assert accounts.viewer(token) is None


async def test_a_login_that_is_not_used_ends_sooner(tmp_path: Path) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts:
        els = await accounts.add("Els", RECEPTION)
        used, unused = await accounts.open_session(els), await accounts.open_session(els)
        clock.wait(IDLE_S - 1)
        assert accounts.viewer(used)
        clock.wait(1)
        assert accounts.viewer(used)
        assert accounts.viewer(unused) is None


@pytest.mark.parametrize("hours", [4, 13, 20_000])
async def test_a_clock_that_is_set_right_ends_no_login(tmp_path: Path, hours: int) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts:
        els = await accounts.add("Els", RECEPTION)
        used, unused = await accounts.open_session(els), await accounts.open_session(els)
        assert accounts.viewer(used)
        clock.set_forward(hours * 3600)
        assert accounts.viewer(used) and accounts.viewer(unused)
        clock.wait(IDLE_S)
        assert accounts.viewer(used) is None


async def test_no_login_ends_while_an_alarm_is_open(tmp_path: Path) -> None:
    clock, alarms = Clock(), ["7-9f3a-412"]
    async with Accounts(tmp_path, clock, in_alarm=lambda: bool(alarms)).running() as accounts:
        els = await accounts.add("Els", RECEPTION)
        token = await accounts.open_session(els)
        clock.wait(2 * SESSION_S)
        await accounts.open_session(els)  # what is over would be gone with this
        assert accounts.viewer(token)
        alarms.clear()
        assert accounts.viewer(token) is None


async def test_a_paired_device_never_ends_by_itself(tmp_path: Path) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts:
        els = await accounts.add("Els", RECEPTION)
        token = await accounts.open_session(els, screen="scherm-balie", trusted=True)
    clock.wait(3 * 365 * 24 * 3600)
    async with accounts_of(tmp_path, clock) as accounts:
        viewer = accounts.viewer(token)
        assert viewer is not None
        assert (viewer.screen, viewer.trusted) == ("scherm-balie", True)


async def test_what_is_over_does_not_stay_in_the_file(tmp_path: Path) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts:
        els = await accounts.add("Els", RECEPTION)
        await accounts.open_session(els)
        clock.wait(SESSION_S)
        await accounts.open_session(els)
    async with register.opened(tmp_path) as file:
        assert len(await file.sessions()) == 1


async def test_one_account_cannot_fill_the_memory_with_logins(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        els = await accounts.add("Els", RECEPTION)
        device = await accounts.open_session(els, trusted=True)
        tokens = [await accounts.open_session(els) for _ in range(SESSIONS_MAX + 1)]
        assert [accounts.viewer(token) is not None for token in tokens] == [False] + SESSIONS_MAX * [True]
        assert accounts.viewer(device), "a paired device makes room for nobody"


async def test_logged_out_is_logged_out(tmp_path: Path) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts:
        token = await accounts.open_session(await accounts.add("Els", RECEPTION))
        await accounts.log_out(token)
        assert accounts.viewer(token) is None
    async with accounts_of(tmp_path, clock) as accounts:
        assert accounts.viewer(token) is None


async def test_other_roles_hold_at_once_for_everybody_who_is_logged_in(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        els = await accounts.add("Els", RECEPTION, "els")
        token = await accounts.open_session(els)
        await accounts.change(els, frozenset({"team"}), "anna", by="")
        viewer = accounts.viewer(token)
        assert viewer is not None
        assert (viewer.roles, viewer.member) == (frozenset({"team"}), "anna")


async def test_a_disabled_account_is_out_at_once_and_has_to_begin_anew(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        els = await accounts.add("Els", RECEPTION, password=SENTENCE)
        tokens = [await accounts.open_session(els), await accounts.open_session(els, trusted=True)]
        link, _ = await accounts.make_link("password", els)
        await accounts.disable(els, True, by="")
        assert [accounts.viewer(token) for token in tokens] == [None, None]
        with pytest.raises(WrongPassword):
            await accounts.log_in("Els", SENTENCE, DESK)
        await accounts.disable(els, False, by="")
        assert [accounts.viewer(token) for token in tokens] == [None, None]
        assert await accounts.link("password", link) is None
        assert accounts.viewer(await accounts.log_in("Els", SENTENCE, DESK))


async def test_a_running_dashboard_notices_the_command_line(tmp_path: Path) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as running:
        els = await running.add("Els", RECEPTION)
        token = await running.open_session(els)
        async with accounts_of(tmp_path, clock) as command_line:
            await command_line.add("Bas", RECEPTION, password=SENTENCE)
            await command_line.disable(els, True, by="")
        await until(lambda: running.viewer(token) is None)
        assert running.viewer(await running.log_in("Bas", SENTENCE, DESK))


async def test_what_is_written_while_the_dashboard_starts_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = register.Register.accounts
    names = iter(["Bas"])

    async def meanwhile(self: register.Register) -> list[register.Account]:
        found = await read(self)
        for name in names:
            async with register.opened(tmp_path) as other:
                await other.write(register.add_account(register.Account("1", name, RECEPTION, "", "", False)))
        return found

    monkeypatch.setattr(register.Register, "accounts", meanwhile)
    async with accounts_of(tmp_path, Clock()) as accounts:
        assert accounts.all() == []
        await until(accounts.all)


async def test_logins_at_once_lose_none(tmp_path: Path) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts, accounts_of(tmp_path, clock) as other:
        els = await accounts.add("Els", RECEPTION)
        await until(other.all)
        tokens = await asyncio.gather(
            *(accounts.open_session(els, trusted=True) for _ in range(10)),
            *(other.open_session(els, trusted=True) for _ in range(10)),
            *(accounts.add(f"nr {n}", RECEPTION) for n in range(10)),
        )
        await accounts.log_out(tokens[0])
    async with accounts_of(tmp_path, clock) as accounts:
        assert [accounts.viewer(token) is not None for token in tokens[:20]] == [False] + 19 * [True]
        assert len(accounts.all()) == 11


# --- passwords --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "password"), [("Els", "iets anders!"), ("Fred", SENTENCE), ("Dina", ""), ("", "")])
async def test_a_wrong_name_and_a_wrong_password_are_told_alike(tmp_path: Path, name: str, password: str) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        await accounts.add("Els", RECEPTION, password=SENTENCE)
        await accounts.add("Dina", RECEPTION)
        with pytest.raises(WrongPassword):
            await accounts.log_in(name, password, DESK)


async def test_a_name_that_there_is_not_costs_as_much_as_one_that_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[str, ...]] = []
    verify = PasswordHasher.verify

    def noted(self: PasswordHasher, kept: str, password: str) -> bool:
        compared.append(tuple(kept.split("$")[:4]))
        return verify(self, kept, password)

    async with accounts_of(tmp_path, Clock()) as accounts:
        await accounts.add("Els", RECEPTION, password=SENTENCE)
        await accounts.disable(await accounts.add("Cor", RECEPTION, password=SENTENCE), True, by="")
        monkeypatch.setattr(PasswordHasher, "verify", noted)
        for name in ("Els", "Cor", "niemand"):
            with pytest.raises(WrongPassword):
                await accounts.log_in(name, "niet de goede zin", DESK)
    assert len(compared) == 3
    assert len(set(compared)) == 1, "the same work for each: kind, version, memory, times and threads"


async def test_a_password_has_a_length_and_no_other_rule(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        for wrong in ("x" * 11, "x" * 201):
            with pytest.raises(Refused, match="bad_password"):
                await accounts.add("Els", RECEPTION, password=wrong)
        await accounts.add("Els", RECEPTION, password="aaaaaaaaaaaa")
        await accounts.add("Bas", RECEPTION, password="café met crème")
        assert await accounts.log_in("Bas", "cafe\u0301 met cre\u0300me", DESK), "however the letters were put together"


async def test_a_hash_of_another_cost_is_made_anew(tmp_path: Path) -> None:
    cheaper = PasswordHasher(time_cost=1, memory_cost=32, parallelism=1).hash(SENTENCE)
    async with register.opened(tmp_path) as file:
        await file.write(register.add_account(register.Account("1", "Els", RECEPTION, "", cheaper, False)))
    async with accounts_of(tmp_path, Clock()) as accounts:
        await accounts.log_in("Els", SENTENCE, DESK)
        assert accounts.all()[0].password != cheaper
        await accounts.log_in("Els", SENTENCE, DESK)


async def test_what_is_kept_costs_a_guesser_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PasswordHasher", PasswordHasher)
    async with accounts_of(tmp_path, Clock()) as accounts:
        await accounts.add("Els", RECEPTION, password=SENTENCE)
        assert accounts.all()[0].password.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
        assert await accounts.log_in("Els", SENTENCE, DESK)


async def test_a_new_password_ends_the_other_logins_and_no_device(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        els = await accounts.add("Els", RECEPTION, password=SENTENCE)
        here, there = await accounts.open_session(els), await accounts.open_session(els)
        device = await accounts.open_session(els, trusted=True)
        with pytest.raises(WrongPassword):
            await accounts.change_password(here, "niet de goede zin", "een nieuwe lange zin", DESK)
        await accounts.change_password(here, SENTENCE, "een nieuwe lange zin", DESK)
        assert [accounts.viewer(token) is not None for token in (here, there, device)] == [True, False, True]
        with pytest.raises(WrongPassword):
            await accounts.log_in("Els", SENTENCE, DESK)


async def test_a_flood_of_logins_is_one_hash_at_a_time(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        await accounts.add("Els", RECEPTION, password=SENTENCE)
        flood = [
            asyncio.ensure_future(accounts.log_in(f"nr {n}", "een gok, een gok", f"10.1.{n}.{m}"))
            for n in range(40)
            for m in range(5)
        ]
        done = await asyncio.gather(*flood, return_exceptions=True)
        assert {type(one) for one in done} == {WrongPassword, TooSoon}
        assert sum(isinstance(one, WrongPassword) for one in done) == passwords.HASHES_WAITING_MAX
        assert await accounts.log_in("Els", SENTENCE, DESK), "and afterwards all is as before"


# --- what slows guesses -----------------------------------------------------------------------------------------------


async def guess(accounts: Accounts, times: int, address: str, name: str = "Els") -> None:
    for _ in range(times):
        with pytest.raises(WrongPassword):
            await accounts.log_in(name, "een gok, een gok", address)


async def test_an_address_that_guesses_waits_ever_longer(tmp_path: Path) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts:
        await accounts.add("Els", RECEPTION, password=SENTENCE)
        await guess(accounts, FREE, ELSEWHERE)
        waits = []
        for _ in range(9):
            with pytest.raises(TooSoon) as too_soon:
                await accounts.log_in("Els", SENTENCE, ELSEWHERE)
            waits.append(too_soon.value.wait_s)
            clock.wait(too_soon.value.wait_s)
            await guess(accounts, 1, ELSEWHERE)
        assert waits == [1, 2, 4, 8, 16, 32, ADDRESS_WAIT_MAX_S, ADDRESS_WAIT_MAX_S, ADDRESS_WAIT_MAX_S]
        clock.wait(FORGET_S)
        await guess(accounts, FREE, ELSEWHERE)


async def test_a_guesser_keeps_nobody_out(tmp_path: Path) -> None:
    clock, waited = Clock(), list[float]()
    async with accounts_of(tmp_path, clock, waited) as accounts:
        els = await accounts.add("Els", RECEPTION, password=SENTENCE)
        screen = await accounts.open_session(els, screen="scherm-balie", trusted=True)
        for n in range(20):
            await guess(accounts, 1, f"10.66.0.{n}")
        assert accounts.viewer(await accounts.log_in("Els", SENTENCE, DESK)), "the right password, from elsewhere"
        assert waited[-1] == NAME_WAIT_S, "some seconds later"
        with pytest.raises(TooSoon):
            for _ in range(20):
                await guess(accounts, 1, DESK)
        assert accounts.viewer(screen), "a paired device does not come by the throttle, not even at this address"


async def test_who_has_an_account_cannot_guess_faster_by_logging_in_between(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        await accounts.add("Els", RECEPTION, password=SENTENCE)
        await accounts.add("Bas", RECEPTION, password=SENTENCE)
        for _ in range(FREE):
            assert await accounts.log_in("Bas", SENTENCE, DESK)
            await guess(accounts, 1, DESK)
        with pytest.raises(TooSoon):
            await accounts.log_in("Bas", SENTENCE, DESK)


# --- accounts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "een\x00nul", "rechts\u202elinks"])
async def test_a_name_is_something_that_can_be_read(tmp_path: Path, name: str) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        with pytest.raises(Refused, match="bad_name"):
            await accounts.add(name, RECEPTION)


async def test_a_name_is_one_account(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        els = await accounts.add("Els Smit", RECEPTION)
        bas = await accounts.add("Bas", RECEPTION)
        with pytest.raises(Refused, match="name_taken"):
            await accounts.add("ELS  smit", RECEPTION)
        with pytest.raises(Refused, match="name_taken"):
            await accounts.change(bas, RECEPTION, "", by="", name="els smit")
        await accounts.change(els, RECEPTION, "", by="", name="Els SMIT")
        assert [account.name for account in accounts.all()] == ["Bas", "Els SMIT"]


async def test_two_who_change_different_things_at_once_both_have_it(tmp_path: Path) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts, accounts_of(tmp_path, clock) as command_line:
        els = await accounts.add("Els", RECEPTION, password=SENTENCE)
        await until(command_line.all)
        await command_line.disable(els, True, by="")  # the other one has not heard of it yet
        await asyncio.gather(
            accounts.change(els, frozenset({"team"}), "els", by=""), accounts._set_password(els, "a hash", by="")
        )
        (account,) = accounts.all()
        assert (account.roles, account.password, account.disabled) == (frozenset({"team"}), "a hash", True)


async def test_the_last_administrator_stays(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        els, bas = await accounts.add("Els", ADMIN), await accounts.add("Bas", ADMIN)
        await accounts.change(bas, RECEPTION, "", by=els)
        for forbidden in (accounts.disable(els, True, by=els), accounts.change(els, RECEPTION, "", by=els)):
            with pytest.raises(Refused, match="last_admin"):
                await forbidden
        await accounts.change(bas, ADMIN, "", by=els)
        await accounts.disable(els, True, by=bas)
        with pytest.raises(Refused, match="last_admin"):
            await accounts.disable(bas, True, by=bas)


async def test_of_two_administrators_who_shut_each_other_out_one_stays(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        els, bas = await accounts.add("Els", ADMIN), await accounts.add("Bas", ADMIN)
        done = await asyncio.gather(
            accounts.disable(els, True, by=bas), accounts.change(bas, RECEPTION, "", by=els), return_exceptions=True
        )
        assert sum(isinstance(one, Refused) for one in done) == 1
        assert [one.name for one in accounts.all() if "admin" in one.roles and not one.disabled] == ["Bas"]


async def test_who_did_what_is_kept(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        els = await accounts.add("Els", ADMIN)
        bas = await accounts.add("Bas", RECEPTION, "bas", by=els)
        await accounts.change(bas, frozenset({"team", "reception"}), "bas", by=els)
        link, _ = await accounts.make_link("pair", bas, "scherm-balie", by=els)
        await accounts.pair(link, "Windows")
        (device,) = accounts.devices()
        await accounts.name_device(device.id, "Balie 1", by=els)
        await accounts.end_device(device.id, by=els)
        await accounts.disable(bas, True, by=els)
        assert [(deed.by, deed.what, deed.about, deed.detail) for deed in await accounts.deeds(8)] == [
            (els, "disabled", bas, ""),
            (els, "device_ended", bas, "Balie 1"),
            (els, "device_named", bas, "Balie 1"),
            (els, "paired", bas, "scherm-balie"),
            (els, "link_pair", bas, "scherm-balie"),
            (els, "changed", bas, "reception team bas"),
            (els, "added", bas, "reception bas"),
            ("", "added", els, "admin"),
        ]


# --- one-time links ---------------------------------------------------------------------------------------------------


async def test_the_first_link_makes_one_administrator_and_then_nothing(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        old, _ = await accounts.make_link("first")
        token, _ = await accounts.make_link("first")
        with pytest.raises(Refused, match="link_over"):
            await accounts.make_first(old, "Boef", RECEPTION, "", SENTENCE)
        with pytest.raises(Refused, match="bad_password"):
            await accounts.make_first(token, "Els", RECEPTION, "els", "kort")
        els = await accounts.make_first(token, "Els", RECEPTION, "els", SENTENCE)
        assert accounts.all_by_id()[els].roles == {"reception", "admin"}
        another, _ = await accounts.make_link("first")
        for used in (token, another):
            assert await accounts.link("first", used) is None
            with pytest.raises(Refused, match="link_over"):
                await accounts.make_first(used, "Boef", RECEPTION, "", SENTENCE)


async def test_each_link_does_one_thing_once_and_not_for_ever(tmp_path: Path) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts:
        els = await accounts.add("Els", RECEPTION)
        token, code = await accounts.make_link("pair", els, "scherm-balie")
        assert await accounts.link("password", token) is None
        assert await accounts.link("pair", code)
        clock.wait(LINK_S["pair"] - 1)
        assert await accounts.link("pair", token)
        done = await asyncio.gather(accounts.pair(token, ""), accounts.pair(code, ""), return_exceptions=True)
        assert sum(isinstance(one, Refused) for one in done) == 1
        late, _ = await accounts.make_link("pair", els)
        clock.wait(LINK_S["pair"])
        with pytest.raises(Refused, match="link_over"):
            await accounts.pair(late, "")


async def test_a_forgotten_password_is_chosen_anew_by_a_link(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        els = await accounts.add("Els", RECEPTION)
        token, _ = await accounts.make_link("password", els)
        with pytest.raises(Refused, match="bad_password"):
            await accounts.reset_password(token, "kort")
        assert await accounts.reset_password(token, SENTENCE) == els
        assert await accounts.log_in("Els", SENTENCE, DESK)
        with pytest.raises(Refused, match="link_over"):
            await accounts.reset_password(token, "en nog een keer dan")


async def test_only_a_device_has_a_code_that_can_be_typed(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        _, first = await accounts.make_link("first")
        els = await accounts.add("Els", RECEPTION)
        _, password = await accounts.make_link("password", els)
        assert (first, password) == ("", ""), "eight letters for three days are not what a link is"
        assert await accounts.link("password", "") is None


async def test_a_link_is_still_good_when_too_much_was_asked_at_once(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        first, _ = await accounts.make_link("first")

        async def hash_too_soon(password: str) -> str:
            raise TooSoon(1.0)

        hash, accounts._passwords.hash = accounts._passwords.hash, hash_too_soon  # type: ignore[method-assign]
        with pytest.raises(TooSoon):
            await accounts.make_first(first, "Els", RECEPTION, "els", SENTENCE)
        accounts._passwords.hash = hash  # type: ignore[method-assign]
        els = await accounts.make_first(first, "Els", RECEPTION, "els", SENTENCE)
        token, _ = await accounts.make_link("password", els)
        accounts._passwords.hash = hash_too_soon  # type: ignore[method-assign]
        with pytest.raises(TooSoon):
            await accounts.reset_password(token, "een andere zin dan")
        accounts._passwords.hash = hash  # type: ignore[method-assign]
        assert await accounts.reset_password(token, "een andere zin dan") == els


async def test_a_device_that_somebody_else_has_paired_never_becomes_an_administrators(tmp_path: Path) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        els = await accounts.add("Els", ADMIN)
        bas = await accounts.add("Bas", frozenset({"team"}))
        link, _ = await accounts.make_link("pair", bas, by="een coördinator")
        with_device = await accounts.add("Cor", frozenset({"team"}))
        device = await accounts.open_session(with_device, trusted=True)
        await accounts.change(bas, ADMIN, "", by=els)
        with pytest.raises(Refused, match="link_over"):
            await accounts.pair(link, "")
        too_much: tuple[Roles, ...] = (ADMIN, frozenset({"team", "register"}))
        for roles in too_much:
            with pytest.raises(Refused, match="has_devices"):
                await accounts.change(with_device, roles, "", by=els)
        await accounts.change(with_device, RECEPTION, "", by=els)
        assert accounts.viewer(device), "a screen that gets another role stays"
        own = await accounts.open_session(bas, trusted=True)
        await accounts.change(bas, ADMIN | {"register"}, "", by=els)
        assert accounts.viewer(own), "whoever had such a role has paired it themselves"


# --- a register that is broken ----------------------------------------------------------------------------------------


async def test_a_damaged_register_keeps_no_paired_device_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "AGAIN_S", 0.05)
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts:
        els = await accounts.add("Els", RECEPTION, "els", SENTENCE)
        cor = await accounts.add("Cor", RECEPTION)
        screen = await accounts.open_session(els, screen="scherm-balie", trusted=True)
        lost = await accounts.open_session(els, trusted=True)
        of_cor = await accounts.open_session(cor, trusted=True)
        login = await accounts.open_session(els)
        await accounts.log_out(lost)
        await accounts.disable(cor, True, by=els)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(b"rubbish" * 1000)
    assert (tmp_path / paired.FILE).stat().st_mode & 0o777 == 0o600
    assert SENTENCE.encode() not in (tmp_path / paired.FILE).read_bytes()
    assert b"argon2" not in (tmp_path / paired.FILE).read_bytes()

    async with accounts_of(tmp_path, clock) as accounts:
        assert accounts.trouble is not None
        assert "register.db" in accounts.trouble
        assert "nobody can log in" in caplog.text
        viewer = accounts.viewer(screen)
        assert viewer is not None
        assert (viewer.name, viewer.roles, viewer.screen) == ("Els", RECEPTION, "scherm-balie")
        assert [accounts.viewer(token) for token in (lost, of_cor, login)] == [None, None, None]
        for unable in (
            accounts.log_in("Els", SENTENCE, DESK),
            accounts.add("Boef", ADMIN),
            accounts.make_link("first"),
        ):
            with pytest.raises(RegisterUnavailable):
                await unable
        (tmp_path / FILE).write_bytes(whole)
        await until(lambda: accounts.trouble is None)
        assert accounts.viewer(screen)
        assert accounts.viewer(login)
        assert accounts.viewer(await accounts.log_in("Els", SENTENCE, DESK))


async def test_a_device_that_is_unpaired_meanwhile_stays_so(tmp_path: Path) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts:
        screen = await accounts.open_session(await accounts.add("Els", RECEPTION), trusted=True)
    (tmp_path / FILE).write_bytes(b"rubbish" * 1000)
    async with accounts_of(tmp_path, clock) as accounts:
        await accounts.log_out(screen)
    async with accounts_of(tmp_path, clock) as accounts:
        assert accounts.viewer(screen) is None


async def test_with_both_files_damaged_nobody_comes_in(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"rubbish" * 1000)
    (tmp_path / paired.FILE).write_bytes(b"rubbish")
    async with accounts_of(tmp_path, Clock()) as accounts:
        assert accounts.trouble
        assert accounts.all() == []
    assert (tmp_path / paired.FILE).read_bytes() == b"rubbish"


async def test_a_disk_that_fails_logs_nobody_out_and_lets_people_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts:
        els = await accounts.add("Els", RECEPTION, password=SENTENCE)
        before, leaves = await accounts.open_session(els), await accounts.open_session(els)
        write = register.Register.write

        async def full(self: register.Register, *steps: register.Step, **how: object) -> bool:
            raise RegisterUnavailable(f"{FILE}: database or disk is full")

        monkeypatch.setattr(register.Register, "write", full)
        during = await accounts.log_in("Els", SENTENCE, DESK)
        await accounts.log_out(leaves)
        assert [accounts.viewer(token) is not None for token in (before, during, leaves)] == [True, True, False]
        with pytest.raises(RegisterUnavailable, match="full"):
            await accounts.change(els, ADMIN, "", by="")
        assert accounts.all()[0].roles == RECEPTION, "nothing is half done"

        monkeypatch.setattr(register.Register, "write", write)
        after = await accounts.open_session(els)
    async with accounts_of(tmp_path, clock) as accounts:
        tokens = (before, during, leaves, after)
        assert [accounts.viewer(token) is not None for token in tokens] == [True, True, False, True]


async def test_a_disk_that_stays_full_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(rooms, "LOOK_S", 0.01)
    async with accounts_of(tmp_path, Clock()) as accounts:
        els = await accounts.add("Els", RECEPTION)
        write, tried = register.Register.write, list[int]()

        def no_room(file: Path, text: bytes) -> None:
            raise OSError(ENOSPC, strerror(ENOSPC))

        async def full(self: register.Register, *steps: register.Step, **how: object) -> bool:
            tried.append(1)
            raise RegisterUnavailable(f"{FILE}: its disk is full")

        monkeypatch.setattr(register.Register, "write", full)
        monkeypatch.setattr(paired, "_replace_file", no_room)
        await accounts.open_session(els, trusted=True)
        assert accounts.held == f"{FILE}: its disk is full"
        await until(lambda: len(tried) > 5)
        assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
            f"{tmp_path / paired.FILE} cannot be written: [Errno 28] No space left on device",
            f"nothing can be written, who logs in does so until the next start only: {FILE}: its disk is full",
        ]
        monkeypatch.setattr(register.Register, "write", write)
        await until(lambda: accounts.held is None)
        assert "the register can be written again" in caplog.text


async def test_a_link_that_could_not_be_used_is_still_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with accounts_of(tmp_path, Clock()) as accounts:
        els = await accounts.add("Els", RECEPTION, password=SENTENCE)
        link, _ = await accounts.make_link("pair", els)
        forgotten, _ = await accounts.make_link("password", els)
        put_deed = register.put_deed
        monkeypatch.setattr(register, "put_deed", lambda deed: ("INSERT INTO deed VALUES (no room)", ()))
        with pytest.raises(RegisterUnavailable):
            await accounts.pair(link, "Android")
        with pytest.raises(RegisterUnavailable):
            await accounts.reset_password(forgotten, "een andere zin dan")
        assert accounts.devices() == [], "no device that nobody has the cookie of"
        monkeypatch.setattr(register, "put_deed", put_deed)
        assert accounts.viewer(await accounts.pair(link, "Android"))
        assert await accounts.reset_password(forgotten, "een andere zin dan") == els


async def test_a_login_that_was_cut_short_while_it_was_written_stands_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, begun = Clock(), asyncio.Event()
    write = register.Register.write

    async def told(self: register.Register, *steps: register.Step, **how: Any) -> bool:
        begun.set()
        return await write(self, *steps, **how)

    async with accounts_of(tmp_path, clock) as accounts:
        els = await accounts.add("Els", RECEPTION)
        monkeypatch.setattr(register.Register, "write", told)
        cut_short = asyncio.create_task(accounts.open_session(els))
        await begun.wait()
        cut_short.cancel()
        await asyncio.wait({cut_short})
        token = await accounts.open_session(els)
        assert accounts.held is None
    async with accounts_of(tmp_path, clock) as accounts:
        assert accounts.viewer(token)


async def test_a_register_that_is_gone_is_not_begun_anew_while_devices_are_known(tmp_path: Path) -> None:
    clock = Clock()
    async with accounts_of(tmp_path, clock) as accounts:
        screen = await accounts.open_session(await accounts.add("Els", RECEPTION), trusted=True)
    for lost in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
        (tmp_path / lost).unlink(missing_ok=True)
    for _ in range(2):
        async with accounts_of(tmp_path, clock) as accounts:
            assert accounts.trouble == "register.db has no accounts any more: it was lost, or emptied"
            assert accounts.viewer(screen), "the screen of a reception does not go dark for that"
    (tmp_path / paired.FILE).unlink()
    async with accounts_of(tmp_path, clock) as accounts:
        assert accounts.trouble is None, "both were moved away: somebody wants to begin anew"
        assert accounts.viewer(screen) is None


FULL_DISK = """
import asyncio, json, resource, sys
from pathlib import Path

from achterwacht.clock import Clock
from achterwacht_dashboard.accounts import Accounts
from achterwacht_dashboard.register import RegisterUnavailable

SENTENCE = "een lange zin is goed"


async def main(folder):
    async with Accounts(folder, Clock()).running() as accounts:
        els = await accounts.add("Els", frozenset({"reception"}), "els", SENTENCE)
        screen = await accounts.open_session(els, trusted=True)
        before = await accounts.open_session(els)
        link, _ = await accounts.make_link("pair", els)
        forgotten, _ = await accounts.make_link("password", els)

        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))  # from here no file takes a byte
        during = await accounts.log_in("Els", SENTENCE, "10.0.0.5")
        refused = []
        for wanted in (accounts.pair(link, ""), accounts.reset_password(forgotten, "een andere zin dan"),
                       accounts.add("Bas", frozenset({"team"}))):
            try:
                await wanted
            except RegisterUnavailable as why:
                refused.append(str(why))
        full = {"in": [bool(accounts.viewer(one)) for one in (screen, before, during)], "refused": refused,
                "held": accounts.held, "devices": len(accounts.devices())}

        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        paired = await accounts.pair(link, "")
        await accounts.reset_password(forgotten, "een andere zin dan")
        again = await accounts.log_in("Els", "een andere zin dan", "10.0.0.5")
    async with Accounts(folder, Clock()).running() as accounts:
        room = {"in": [bool(accounts.viewer(one)) for one in (screen, paired, again)], "held": accounts.held,
                "names": [one.name for one in accounts.all()], "devices": len(accounts.devices())}
    print(json.dumps({"full": full, "room": room}))


asyncio.run(main(Path(sys.argv[1])))
"""


async def test_on_a_disk_that_takes_nothing_people_stay_and_come_in_and_nothing_is_lost(tmp_path: Path) -> None:
    told = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, timeout=60, check=False
    )
    assert told.returncode == 0, told.stderr.decode()
    full, room = (json.loads(told.stdout)[when] for when in ("full", "room"))
    assert full["in"] == [True, True, True], "the screen, who was there, and who comes now"
    assert len(full["refused"]) == 3
    assert all(why.startswith("register.db: ") for why in (*full["refused"], full["held"]))
    assert full["devices"] == 1
    assert room == {"in": [True, True, True], "held": None, "names": ["Els"], "devices": 2}
