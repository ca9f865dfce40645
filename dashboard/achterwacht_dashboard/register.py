"""register.db, the dashboard's own file: accounts, web sessions, one-time links, and who did what in administration.

Knows tables and how the file is kept: for nobody else's eyes, and what is erased is overwritten. Secrets stand in it
only as what cannot be turned back. What the rows mean is accounts.py's.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import unicodedata
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import astuple, dataclass
from pathlib import Path

import aiosqlite

from achterwacht.errors import Unavailable
from achterwacht_dashboard.access import ROLES, Roles

FILE = "register.db"
FILE_MODE = 0o600
FOLDER_MODE = 0o700
BUSY_WAIT_S = 5.0
"""The command line writes a row now and then while the server does too; neither takes so long."""
DEEDS_MAX = 10_000
"""Many years of administration. The oldest go first."""

# Each brings the file one version further; what has been released is never changed.
_VERSIONS = (
    """
    CREATE TABLE account (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, key TEXT NOT NULL UNIQUE, roles TEXT NOT NULL, member TEXT NOT NULL,
        password TEXT NOT NULL, disabled INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE session (
        digest TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL REFERENCES account,
        trusted INTEGER NOT NULL, screen TEXT NOT NULL, label TEXT NOT NULL,
        opened_s INTEGER NOT NULL, seen_s INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE link (
        digest TEXT PRIMARY KEY, code TEXT NOT NULL, kind TEXT NOT NULL, account TEXT NOT NULL, screen TEXT NOT NULL,
        by TEXT NOT NULL, until_s INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE deed (
        n INTEGER PRIMARY KEY AUTOINCREMENT, at_s INTEGER NOT NULL, by TEXT NOT NULL, what TEXT NOT NULL,
        about TEXT NOT NULL, detail TEXT NOT NULL
    ) STRICT;
    """,
)

Step = tuple[str, tuple[object, ...]]
"""One statement and its values."""


class RegisterUnavailable(Unavailable):
    """register.db cannot be read or written now; the text says why."""

    remedy = "docs/decisions/accounts.md, at its end, tells what to do"


@dataclass(frozen=True, slots=True)
class Account:
    """Who may log in. `password`: argon2's own text; empty when there is none yet, and then nobody can by a name."""

    id: str
    name: str
    roles: Roles
    member: str
    password: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is logged in, or (`trusted`) a device that was paired. `digest`: of the token in its cookie. `id`:
    what it is called by in administration; no secret."""

    digest: str
    id: str
    account: str
    trusted: bool
    screen: str
    label: str
    opened_s: int
    seen_s: int


@dataclass(frozen=True, slots=True)
class Link:
    """A link that does one thing, once. `code`: the digest of a short form of it that can be typed; or empty."""

    digest: str
    code: str
    kind: str
    account: str
    screen: str
    by: str
    until_s: int


@dataclass(frozen=True, slots=True)
class Deed:
    """Somebody (an account's id, or who else) did something in administration."""

    at_s: int
    by: str
    what: str
    about: str
    detail: str


FULL = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")
"""How SQLite calls a disk without room: the second where it cannot even begin."""


def _unavailable(file: Path | str, error: Exception) -> RegisterUnavailable:
    is_full = getattr(error, "sqlite_errorname", "") in FULL
    return RegisterUnavailable(f"{file}: {'its disk is full' if is_full else error}")


def key_of(name: str) -> str:
    """What two names have in common when they are the same to people."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


class Register:
    """The open file. Every method raises RegisterUnavailable."""

    def __init__(self, db: aiosqlite.Connection) -> None:
        self._db = db
        self._lock = asyncio.Lock()

    async def version(self) -> int:
        """Another number when somebody else has written since."""
        ((version,),) = await self._read("PRAGMA data_version")
        return int(version)  # type: ignore[call-overload,no-any-return]

    async def accounts(self) -> list[Account]:
        """All of them, by name."""
        rows = await self._read("SELECT id, name, roles, member, password, disabled FROM account ORDER BY key")
        return [
            Account(str(id), str(name), frozenset(role for role in ROLES if role in str(roles).split()), str(member),
                    str(password), bool(disabled))
            for id, name, roles, member, password, disabled in rows
        ]  # fmt: skip

    async def sessions(self) -> list[Session]:
        """All of them, the oldest first."""
        rows = await self._read(
            "SELECT digest, id, account, trusted, screen, label, opened_s, seen_s FROM session ORDER BY opened_s, rowid"
        )
        return [Session(digest, id, account, bool(trusted), *rest) for digest, id, account, trusted, *rest in rows]  # type: ignore[arg-type]

    async def links(self) -> list[Link]:
        """All that have not been used."""
        rows = await self._read("SELECT digest, code, kind, account, screen, by, until_s FROM link")
        return [Link(*row) for row in rows]  # type: ignore[arg-type]

    async def deeds(self, newest: int) -> list[Deed]:
        """What was done last, the newest first."""
        rows = await self._read("SELECT at_s, by, what, about, detail FROM deed ORDER BY n DESC LIMIT ?", newest)
        return [Deed(*row) for row in rows]  # type: ignore[arg-type]

    async def write(self, *steps: Step, only_if: Step | None = None) -> bool:
        """All of these or none, on disk when it returns. None, and False, when `only_if`, which goes first, changes no
        row. Whoever is cancelled meanwhile has had it written nevertheless."""
        return await asyncio.shield(asyncio.ensure_future(self._write(steps, only_if)))

    async def quiet(self) -> None:
        """Until nothing is being written."""
        async with self._lock:
            pass

    async def _write(self, steps: Iterable[Step], only_if: Step | None) -> bool:
        async with self._lock:
            try:
                await self._db.execute("BEGIN IMMEDIATE")
                try:
                    written = only_if is None or (await self._db.execute(*only_if)).rowcount > 0
                    for step in steps if written else ():
                        await self._db.execute(*step)
                    await self._db.execute("COMMIT")
                    return written
                except sqlite3.Error:
                    if self._db.in_transaction:
                        await self._db.execute("ROLLBACK")
                    raise
            except (sqlite3.Error, ValueError) as error:  # aiosqlite raises the latter once it is closed
                raise _unavailable(FILE, error) from None

    async def _read(self, query: str, *values: object) -> Iterable[tuple[object, ...]]:
        async with self._lock:
            try:
                return [tuple(row) for row in await self._db.execute_fetchall(query, values)]
            except (sqlite3.Error, ValueError) as error:
                raise _unavailable(FILE, error) from None


def add_account(account: Account) -> Step:
    one = account
    values = (one.id, one.name, key_of(one.name), _kept(one.roles), one.member, one.password, one.disabled)
    return "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?)", values


def change_account(account: Account) -> Step:
    """Its name, roles and member. Like the two below it leaves alone what somebody else may be changing."""
    statement = "UPDATE account SET name = ?, key = ?, roles = ?, member = ? WHERE id = ?"
    return statement, (account.name, key_of(account.name), _kept(account.roles), account.member, account.id)


def set_password(id_: str, password: str) -> Step:
    return "UPDATE account SET password = ? WHERE id = ?", (password, id_)


def set_disabled(id_: str, disabled: bool) -> Step:
    return "UPDATE account SET disabled = ? WHERE id = ?", (disabled, id_)


def _kept(roles: Roles) -> str:
    return " ".join(role for role in ROLES if role in roles)


def add_session(session: Session) -> Step:
    """It changes nothing when it stands there already: whoever was cut short tries again."""
    return "INSERT OR IGNORE INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?)", astuple(session)


def name_session(digest: str, label: str) -> Step:
    return "UPDATE session SET label = ? WHERE digest = ?", (label, digest)


def see_session(digest: str, seen_s: int) -> Step:
    """It changes nothing for a session that has been ended meanwhile."""
    return "UPDATE session SET seen_s = ? WHERE digest = ?", (seen_s, digest)


def end_session(digest: str) -> Step:
    return "DELETE FROM session WHERE digest = ?", (digest,)


def put_link(link: Link) -> Step:
    return "INSERT INTO link VALUES (?, ?, ?, ?, ?, ?, ?)", astuple(link)


def use_link(digest: str) -> Step:
    """It changes one row for whoever uses it first, and none for all after."""
    return "DELETE FROM link WHERE digest = ?", (digest,)


def drop_links(now_s: int, kind: str = "", account: str = "") -> Step:
    """The links whose time is over, and those of this kind for this account."""
    return "DELETE FROM link WHERE until_s <= ? OR (kind = ? AND account = ?)", (now_s, kind, account)


def put_deed(deed: Deed) -> Step:
    return "INSERT INTO deed (at_s, by, what, about, detail) VALUES (?, ?, ?, ?, ?)", astuple(deed)


def drop_old_deeds() -> Step:
    return "DELETE FROM deed WHERE n <= (SELECT max(n) FROM deed) - ?", (DEEDS_MAX,)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Register]:
    """The file in this folder, which is made when it is not there. Raises RegisterUnavailable when it cannot be read,
    or is not ours; a damaged file is left as it is, for whoever can save something of it."""
    file = folder / FILE
    try:
        await asyncio.to_thread(_prepare, file)
    except (sqlite3.Error, OSError) as error:
        raise _unavailable(file, error) from None
    try:
        async with aiosqlite.connect(file, isolation_level=None, timeout=BUSY_WAIT_S) as db:
            await db.execute("PRAGMA secure_delete = ON")
            await db.execute("PRAGMA foreign_keys = ON")
            register = Register(db)
            try:
                yield register
            finally:
                await register.quiet()
    except sqlite3.Error as error:
        raise _unavailable(file, error) from None


def _prepare(file: Path) -> None:
    """Makes the file when there is none, brings it to this version, and looks whether it is whole."""
    file.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, FILE_MODE))
        if os.geteuid() == 0:  # the operator's command line; the service must be able to write it
            os.chown(file, file.parent.stat().st_uid, file.parent.stat().st_gid)
    if file.stat().st_mode & 0o777 != FILE_MODE:
        file.chmod(FILE_MODE)
    with closing(sqlite3.connect(file, isolation_level=None, timeout=BUSY_WAIT_S)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        if (found := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(f"it is damaged: {found}")
        db.execute("BEGIN IMMEDIATE")  # two who start at once make it once; and what cannot be written says so now
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > len(_VERSIONS):
            raise sqlite3.DatabaseError("a newer Achterwacht made it: install that one again")
        for number, script in enumerate(_VERSIONS[version:], version + 1):
            for statement in script.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")
