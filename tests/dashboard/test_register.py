"""register.db: kept for nobody else's eyes, written whole or not at all, and never written over when it is damaged."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from achterwacht_dashboard import register
from achterwacht_dashboard.register import FILE, Account, Deed, RegisterUnavailable, Session, key_of, opened

pytestmark = pytest.mark.asyncio

ELS = Account("1", "Els Smit", frozenset({"reception", "team"}), "els", "", False)
SCREEN = Session("d1", "s1", "1", True, "scherm-balie", "Windows", 10, 10)


async def test_what_was_written_is_there_at_the_next_start(tmp_path: Path) -> None:
    async with opened(tmp_path) as file:
        await file.write(register.add_account(ELS), register.add_session(SCREEN))
    async with opened(tmp_path) as file:
        assert await file.accounts() == [ELS]
        assert await file.sessions() == [SCREEN]


async def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    (tmp_path / FILE).touch(0o666)
    async with opened(tmp_path / "data") as file:
        await file.write(register.add_account(ELS))
        assert {path.stat().st_mode & 0o777 for path in (tmp_path / "data").glob(f"{FILE}*")} == {0o600}
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    async with opened(tmp_path):
        assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600, "what somebody made too open is closed"


async def test_all_of_it_is_written_or_none(tmp_path: Path) -> None:
    async with opened(tmp_path) as file:
        await file.write(register.add_account(ELS))
        twin = Account("2", "els  SMIT", frozenset(), "", "", False)
        with pytest.raises(RegisterUnavailable):
            await file.write(register.put_deed(Deed(1, "1", "added", "2", "")), register.add_account(twin))
        assert await file.deeds(10) == []
        assert await file.accounts() == [ELS]
        await file.write(register.put_deed(Deed(2, "1", "added", "1", "")))
        assert [deed.at_s for deed in await file.deeds(10)] == [2]


async def test_who_is_cancelled_meanwhile_has_had_it_written(tmp_path: Path) -> None:
    async with opened(tmp_path) as file:
        for n in range(20):
            account = Account(str(n), f"nr {n}", frozenset(), "", "", False)
            writing = asyncio.create_task(file.write(register.add_account(account)))
            await asyncio.sleep(0)
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing
    async with opened(tmp_path) as file:
        assert len(await file.accounts()) == 20


async def test_a_link_is_used_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as file:
        await file.write(register.put_link(register.Link("d", "", "pair", "1", "", "", 100)))
        told = [register.put_deed(Deed(n, "", "paired", "1", "")) for n in range(5)]
        used = await asyncio.gather(*(file.write(one, only_if=register.use_link("d")) for one in told))
        assert sorted(used) == [False, False, False, False, True]
        assert len(await file.deeds(10)) == 1, "and so is what comes of it written once"


async def test_who_did_what_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "DEEDS_MAX", 3)
    async with opened(tmp_path) as file:
        for at_s in range(6):
            await file.write(register.put_deed(Deed(at_s, "", "added", "", "")), register.drop_old_deeds())
        assert [deed.at_s for deed in await file.deeds(10)] == [5, 4, 3]


async def test_another_program_that_writes_is_noticed(tmp_path: Path) -> None:
    async with opened(tmp_path) as here, opened(tmp_path) as there:
        before = await here.version()
        await here.write(register.put_deed(Deed(1, "", "added", "", "")))
        assert await here.version() == before, "what we wrote ourselves we know"
        await there.write(register.add_account(ELS))
        assert await here.version() != before


async def test_what_is_erased_is_overwritten(tmp_path: Path) -> None:
    secret = Account("1", "Een Naam Die Weg Moet", frozenset(), "", "", False)
    async with opened(tmp_path) as file:
        await file.write(register.add_account(secret))
        await file.write(("DELETE FROM account", ()))
    assert secret.name.encode() not in (tmp_path / FILE).read_bytes()


async def test_a_damaged_file_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    rubbish = b"this is no database" * 500
    (tmp_path / FILE).write_bytes(rubbish)
    with pytest.raises(RegisterUnavailable, match=r"register\.db: file is not a database"):
        async with opened(tmp_path):
            pass
    assert (tmp_path / FILE).read_bytes() == rubbish


async def test_a_page_that_is_damaged_is_found_at_the_start(tmp_path: Path) -> None:
    async with opened(tmp_path) as file:
        await file.write(*(register.put_deed(Deed(n, "", "added", "x" * 200, "")) for n in range(500)))
    whole = bytearray((tmp_path / FILE).read_bytes())
    whole[30_000:34_000] = b"\xff" * 4000
    (tmp_path / FILE).write_bytes(whole)
    with pytest.raises(RegisterUnavailable, match=r"damaged|malformed"):
        async with opened(tmp_path):
            pass


async def test_the_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(RegisterUnavailable, match="newer"):
        async with opened(tmp_path):
            pass


async def test_where_there_can_be_no_folder_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(RegisterUnavailable):
        async with opened(tmp_path / "data"):
            pass


async def test_a_program_that_breaks_in_the_middle_ends_all_the_same(tmp_path: Path) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from achterwacht_dashboard.register import opened\n"
        "async def main():\n"
        "    async with opened(pathlib.Path(sys.argv[1])): raise KeyError('a bug')\n"
        "asyncio.run(main())\n"
    )
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program, str(tmp_path)], capture_output=True, timeout=30, check=False
    )
    assert ended.returncode == 1
    assert b"KeyError: 'a bug'" in ended.stderr


@pytest.mark.parametrize(
    ("one", "other"), [("Els Smit", "  els   smit "), ("ＥＬＳ", "els"), ("Zoë", "zoe\u0308"), ("Straße", "STRASSE")]
)
async def test_names_that_are_the_same_to_people(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)
