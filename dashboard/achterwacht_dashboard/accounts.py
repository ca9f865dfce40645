"""Accounts and web sessions: who somebody is who comes with this cookie, and how one gets such a cookie.

Knows tokens, one-time links and which password counts. Who comes in is answered from memory, so that a disk that fails
logs nobody out; all of it is kept in register.py's file. A paired device stands in paired.py's as well, for the day
when the other cannot be read. What somebody may do is access.py's.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal, Protocol

from achterwacht.core.moment import Moment
from achterwacht_dashboard import register
from achterwacht_dashboard.access import PAIRED_BY_OTHERS, ROLES, Roles, Viewer
from achterwacht_dashboard.paired import Device, Devices
from achterwacht_dashboard.passwords import Passwords
from achterwacht_dashboard.register import Account, Deed, Link, Register, RegisterUnavailable, Session, Step, key_of
from achterwacht_dashboard.throttle import Throttle, TooSoon

COOKIE = "achterwacht"
"""The name of the cookie that holds a web session's token."""
HOST_COOKIE = f"__Host-{COOKIE}"
"""Its name over https: no other host of the same town can plant it here, nor put its own in the place of a paired
screen's (RFC 6265bis, 4.1.3.2)."""

SESSION_S = 12 * 3600
"""A login lasts a long working day, and never until the next."""
IDLE_S = 4 * 3600
"""A login that is not used ends sooner; a page that is open uses it."""
SESSIONS_MAX = 100
"""Logins of one account at once; the oldest goes. Paired devices do not count."""

PASSWORD_MIN, PASSWORD_MAX = 12, 200
"""Characters. No other rules: a sentence is better than signs (NIST SP 800-63B, 5.1.1.2)."""
NAME_MAX = 64

LinkKind = Literal["first", "password", "pair"]
LINK_S: Mapping[LinkKind, int] = {"first": 24 * 3600, "password": 3 * 24 * 3600, "pair": 600}
"""How long a one-time link is good for. Who has forgotten a password may be at home for the weekend; a telephone that
is paired is in somebody's hand."""
DeedWord = Literal[
    "added", "changed", "disabled", "enabled", "password", "link_password", "link_pair", "paired", "device_named",
    "device_ended",
]  # fmt: skip
"""What is done in administration: the second half of a key of words/accounts.py."""
LINK_MADE: Mapping[LinkKind, DeedWord] = {"password": "link_password", "pair": "link_pair"}
CODE_LETTERS = "ACDEFGHJKLMNPQRTUVWXY34679"
"""No letter or digit that looks like another."""
CODE_LENGTH = 8
"""38 bits: at an address's pace of guessing, hopeless in the ten minutes that it is good for."""

LOOK_S = 1.0
"""So often it is looked whether the command line has changed something."""
SEEN_S = 300
"""When somebody was last seen is written down so coarsely: an SD card does not like more."""
AGAIN_S = 5.0
"""So long after the register could not be read it is tried again."""

log = logging.getLogger(__name__)


class Clock(Protocol):
    """Who reads the time: `achterwacht.clock.Clock`, or a test."""

    def now(self) -> Moment: ...


class Refused(Exception):
    """This cannot be done as it was asked. `why`: a key of words/accounts.py."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class WrongPassword(Exception):
    """The name, or the password, or both: it is not told which."""


class Accounts:
    """All accounts and web sessions of one register. Use it inside `running`; `viewer` answers from memory, at once.

    Methods that change something raise RegisterUnavailable when it could not be written, and then nothing has changed,
    but for what ends a session: that holds at once, and is written when it can be. `by` is the account that does it.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        in_alarm: Callable[[], bool] = lambda: False,
    ) -> None:
        """`in_alarm()`: whether no login may end by its hours now."""
        self.trouble: str | None = None
        """Why the register cannot be used now; None while it can."""
        self.held: str | None = None
        """Why what was last to be written could not be; None when it was."""
        self.throttle = Throttle(lambda: clock.now().mono_s)
        self._folder = folder
        self._clock = clock
        self._pause = pause
        self._in_alarm = in_alarm
        self._passwords = Passwords()
        self._register: Register | None = None
        self._tried = asyncio.Event()
        self._accounts: dict[str, Account] = {}
        self._sessions: dict[str, Session] = {}
        """By digest."""
        self._opened: dict[str, Moment] = {}
        """Of those that began while we run."""
        self._seen: dict[str, Moment] = {}
        """By digest; newer than what stands in the session."""
        self._unwritten: set[str] = set()
        """The digests of sessions that are not in the file yet."""
        self._ended: set[str] = set()
        """The digests of sessions that are over and may still be in the file."""
        self._devices = Devices(folder)
        self._lock = asyncio.Lock()
        """Memory and the file are brought together by one at a time."""
        self._changing = asyncio.Lock()
        """What must hold of all accounts together is looked at and changed by one at a time."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Accounts]:
        """While this lasts the register is open, or it is tried to open it (`trouble`). The first try is over when it
        begins."""
        following = asyncio.create_task(self._follow())
        tried = asyncio.create_task(self._tried.wait())
        try:
            await asyncio.wait({following, tried}, return_when=asyncio.FIRST_COMPLETED)
            yield self
        finally:
            for task in (following, tried):
                task.cancel()
            await asyncio.wait({following, tried})
            self._passwords.close()

    # --- who comes ----------------------------------------------------------------------------------------------------

    def viewer(self, token: str | None) -> Viewer | None:
        """Whoever has this token; None when nobody has, or not any more. It counts as use."""
        session = self._sessions.get(_digest(token)) if token else None
        account = self._accounts.get(session.account) if session else None
        if session is None or account is None or account.disabled or self._is_over(session):
            return None
        self._seen[session.digest] = self._clock.now()
        return Viewer(account.id, account.name, account.roles, account.member, session.screen, session.trusted)

    async def log_in(self, name: str, password: str, address: str) -> str:
        """A new web session for who knows this password; its token. It takes as long for a name that there is not.

        Raises WrongPassword, TooSoon."""
        if self._register is None:
            raise RegisterUnavailable(self.trouble or "")
        account = await self._known(name, password, address)
        return await self.open_session(account.id)

    async def open_session(self, account: str, screen: str = "", trusted: bool = False, label: str = "") -> str:
        """A web session; the token for its cookie. When it cannot be written it holds all the same, until the next
        start."""
        token, session = self._new_session(account, screen, trusted, label)
        self._sessions[session.digest] = session
        self._opened[session.digest] = self._clock.now()
        self._unwritten.add(session.digest)
        ordinary = [one for one in self._sessions.values() if one.account == account and not one.trusted]
        for one in ordinary[:-SESSIONS_MAX]:
            self._end(one)
        await self._write_sessions()
        return token

    def _new_session(self, account: str, screen: str, trusted: bool, label: str) -> tuple[str, Session]:
        """Its token, and what is kept of it."""
        token, now_s = secrets.token_urlsafe(32), self._now_s()
        return token, Session(_digest(token), secrets.token_hex(8), account, trusted, screen, label, now_s, now_s)

    def session(self, token: str | None) -> Session | None:
        """The session of this token, as long as it is kept."""
        return self._sessions.get(_digest(token)) if token else None

    async def log_out(self, token: str | None) -> None:
        """End the session of this token, if it is one; of a paired device too."""
        if token and (session := self._sessions.get(_digest(token))):
            self._end(session)
            await self._write_sessions()

    # --- passwords ----------------------------------------------------------------------------------------------------

    async def change_password(self, token: str, old: str, new: str, address: str) -> None:
        """Somebody's own. Their other logins end, their devices stay. Raises WrongPassword, TooSoon, Refused."""
        session = self._sessions.get(_digest(token))
        if session is None:  # it ended just now
            raise WrongPassword
        account = self._accounts[session.account]
        check_password(new)
        await self._known(account.name, old, address)
        await self._set_password(account.id, await self._passwords.hash(new), by=account.id, but=session.digest)

    async def set_password(self, account: str, password: str, by: str) -> None:
        """Without the old one: the operator's, and whoever has a one-time link. All logins end, devices stay."""
        check_password(password)
        await self._set_password(account, await self._passwords.hash(password), by)

    async def _set_password(self, account: str, hashed: str, by: str, but: str = "", link: Link | None = None) -> None:
        await self._write(
            register.set_password(account, hashed), register.drop_links(self._now_s(), "password", account), by=by,
            what="password", about=account, link=link,
        )  # fmt: skip
        for session in list(self._sessions.values()):
            if session.account == account and not session.trusted and session.digest != but:
                self._end(session)
        await self._write_sessions()

    async def _known(self, name: str, password: str, address: str) -> Account:
        key = key_of(name[:NAME_MAX])
        with self.throttle.trying(address):
            if slowed_s := self.throttle.slowed_s(key):
                await self._pause(slowed_s)
            account = next((one for one in self._accounts.values() if key_of(one.name) == key), None)
            usable = account is not None and not account.disabled
            right = await self._passwords.verify(account.password if account and usable else "", password)
            if account is None or not right:
                self.throttle.wrong(address, key)
                log.info("a login from %s was refused", address)  # not the name: it may be a password, mistyped
                raise WrongPassword
        if self._passwords.is_old(account.password):
            with suppress(RegisterUnavailable, TooSoon):
                hashed = await self._passwords.hash(password)
                await self._write(register.set_password(account.id, hashed))
        return account

    # --- accounts -----------------------------------------------------------------------------------------------------

    def all(self) -> list[Account]:
        """Every account, by name."""
        return sorted(self._accounts.values(), key=lambda account: key_of(account.name))

    def all_by_id(self) -> Mapping[str, Account]:
        return self._accounts

    def named(self, name: str) -> Account | None:
        """The account of this name, however it is written."""
        return next((one for one in self._accounts.values() if key_of(one.name) == key_of(name)), None)

    async def add(self, name: str, roles: Roles, member: str = "", password: str | None = None, by: str = "") -> str:
        """A new account; its id. Without a password nobody can log in to it by name. Raises Refused."""
        name = self._free_name(name)
        if password is not None:
            check_password(password)
        return await self._add(
            name, roles, member, "" if password is None else await self._passwords.hash(password), by
        )

    async def _add(self, name: str, roles: Roles, member: str, hashed: str, by: str, link: Link | None = None) -> str:
        account = Account(secrets.token_hex(4), self._free_name(name), roles, member, hashed, False)
        await self._write(
            register.add_account(account), by=by, what="added", about=account.id, detail=_told(roles, member), link=link
        )
        return account.id

    async def change(self, account: str, roles: Roles, member: str, by: str, name: str = "") -> None:
        """Other roles, another member or name. It holds at once for all that are logged in. A role that nobody gives to
        another's device never comes to one by itself. Raises Refused."""
        async with self._changing:
            old = self._accounts[account]
            name = old.name if not name or name == old.name else self._free_name(name, but=account)
            new = replace(old, name=name, roles=roles, member=member)
            self._keep_an_admin(new)
            may_be_others = old.roles <= PAIRED_BY_OTHERS and not roles <= PAIRED_BY_OTHERS
            if may_be_others and any(device.account == account for device in self.devices()):
                raise Refused("accounts.has_devices")
            if new != old:
                detail = _told(roles, member) + (f" ({old.name} → {name})" if name != old.name else "")
                await self._write(
                    register.change_account(new), register.drop_links(self._now_s(), "pair", account), by=by,
                    what="changed", about=account, detail=detail,
                )  # fmt: skip

    async def disable(self, account: str, disabled: bool, by: str) -> None:
        """Nobody comes in by it any more, or again. What was logged in or paired must be so anew. Raises Refused."""
        async with self._changing:
            new = replace(self._accounts[account], disabled=disabled)
            self._keep_an_admin(new)
            if new == self._accounts[account]:
                return
            await self._write(
                register.set_disabled(account, disabled), register.drop_links(self._now_s(), "password", account),
                register.drop_links(self._now_s(), "pair", account), by=by, what="disabled" if disabled else "enabled",
                about=account,
            )  # fmt: skip
            for session in [one for one in self._sessions.values() if one.account == account]:
                self._end(session)
            await self._write_sessions()

    async def deeds(self, newest: int) -> list[Deed]:
        """Who did what in administration, the newest first."""
        return await self._open().deeds(newest)

    def _free_name(self, name: str, but: str = "") -> str:
        name = " ".join(name.split())
        if not 1 <= len(name) <= NAME_MAX or not name.isprintable():
            raise Refused("accounts.bad_name")
        taken = self.named(name)
        if taken is not None and taken.id != but:
            raise Refused("accounts.name_taken")
        return name

    def _keep_an_admin(self, changed: Account) -> None:
        """Somebody must be able to let the others in."""
        admins = [one for one in self._accounts.values() if "admin" in one.roles and not one.disabled]
        if [one.id for one in admins] == [changed.id] and (changed.disabled or "admin" not in changed.roles):
            raise Refused("accounts.last_admin")

    # --- one-time links -----------------------------------------------------------------------------------------------

    async def make_link(self, kind: LinkKind, account: str = "", screen: str = "", by: str = "") -> tuple[str, str]:
        """A link that does one thing once: its token, and for a device that cannot scan a short code. An older one of
        this kind for this account is over."""
        token = secrets.token_urlsafe(32)
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)) if kind == "pair" else ""
        now_s = self._now_s()
        link = Link(_digest(token), _digest(code) if code else "", kind, account, screen, by, now_s + LINK_S[kind])
        steps = (register.drop_links(now_s, kind, account), register.put_link(link))
        if kind == "first":
            await self._write(*steps)
        else:
            await self._write(*steps, by=by, what=LINK_MADE[kind], about=account, detail=screen)
        return token, code

    async def link(self, kind: LinkKind, token: str) -> Link | None:
        """The link with this token or code, while it is good; that does not use it. The first account's is good only
        while there is no account."""
        if kind == "first" and self._accounts:
            return None
        digest = _digest(token)
        for link in await self._open().links():
            if link.kind == kind and digest in (link.digest, link.code) and link.until_s > self._now_s():
                account = self._accounts.get(link.account)
                return link if kind == "first" or (account and not account.disabled) else None
        return None

    async def make_first(self, token: str, name: str, roles: Roles, member: str, password: str) -> str:
        """The first account, by its link; its id. Raises Refused."""
        check_password(password)
        self._free_name(name)
        hashed = await self._passwords.hash(password)
        link = await self._good_link("first", token)
        return await self._add(name, roles | {"admin"}, member, hashed, by="", link=link)

    async def reset_password(self, token: str, password: str) -> str:
        """A new password by a one-time link; whose. Raises Refused."""
        check_password(password)
        hashed = await self._passwords.hash(password)
        link = await self._good_link("password", token)
        await self._set_password(link.account, hashed, by=link.account, link=link)
        return link.account

    async def pair(self, token: str, label: str) -> str:
        """This browser is a device of an account from now on; the token for its cookie. Raises Refused."""
        async with self._changing:
            link = await self._good_link("pair", token)
            key, session = self._new_session(link.account, link.screen, trusted=True, label=label)
            await self._write(
                register.add_session(session),
                by=link.by,
                what="paired",
                about=link.account,
                detail=link.screen,
                link=link,
            )
            return key

    async def _good_link(self, kind: LinkKind, token: str) -> Link:
        """The same as `link`. Raises Refused when it is over."""
        if link := await self.link(kind, token):
            return link
        raise Refused("accounts.link_over")

    # --- paired devices -----------------------------------------------------------------------------------------------

    def devices(self) -> list[Session]:
        """Every paired device, the newest first, with when it was last seen."""
        devices = [one for one in self._sessions.values() if one.trusted]
        return [self._as_seen(one) for one in sorted(devices, key=lambda one: (-one.opened_s, one.id))]

    def device(self, id_: str) -> Session | None:
        return next((one for one in self._sessions.values() if one.trusted and one.id == id_), None)

    async def name_device(self, id_: str, label: str, by: str) -> None:
        """What a device is called in the list."""
        device = self.device(id_)
        label = " ".join(label.split())
        if device is None or not label.isprintable() or not 1 <= len(label) <= NAME_MAX:
            raise Refused("accounts.bad_name")
        await self._write(
            register.name_session(device.digest, label), by=by, what="device_named", about=device.account, detail=label
        )

    async def end_device(self, id_: str, by: str) -> None:
        """This device is not paired any more."""
        device = self.device(id_)
        if device is None:
            return
        self._end(device)
        await self._write_sessions()
        await self._write(by=by, what="device_ended", about=device.account, detail=device.label)

    # --- the register -------------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Keep the register open, and memory as it says."""
        while True:
            try:
                async with register.opened(self._folder) as self._register:
                    version = await self._register.version()  # first: what is written while we read is read again
                    await self._read()
                    if self.trouble:
                        log.warning("the register is there again")
                    self.trouble = None
                    self._tried.set()
                    await self._watch(self._register, version)
            except RegisterUnavailable as unavailable:
                if self.trouble is None:
                    log.error("nobody can log in, who is logged in stays: %s", unavailable)
                self.trouble = str(unavailable)
            except Exception as bug:
                log.exception("a bug: nobody can log in, who is logged in stays")
                self.trouble = repr(bug)
            finally:
                self._register = None
            if not self._tried.is_set():
                for device in await self._devices.read():
                    self._accounts[device.account.id] = device.account
                    self._sessions[device.session.digest] = device.session
                self._tried.set()
            await asyncio.sleep(AGAIN_S)

    async def _watch(self, file: Register, version: int) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if (newer := await file.version()) != version:
                version = newer
                await self._read()
            await self._write_sessions()

    async def _read(self) -> None:
        """Memory becomes what the file says, but for what could not be written to it yet."""
        async with self._lock:
            file = self._open()
            accounts, sessions = await file.accounts(), await file.sessions()
            if not accounts and (self._accounts or await self._devices.read()):  # none is ever erased
                raise RegisterUnavailable(f"{register.FILE} has no accounts any more: it was lost, or emptied")
            unwritten = [self._sessions[digest] for digest in self._unwritten]
            self._accounts = {account.id: account for account in accounts}
            self._sessions = {one.digest: one for one in (*sessions, *unwritten) if one.digest not in self._ended}
            self._seen = {digest: seen for digest, seen in self._seen.items() if digest in self._sessions}
            await self._devices.keep(self._paired())

    async def _write(
        self, *steps: Step, by: str = "", what: DeedWord | Literal[""] = "", about: str = "", detail: str = "",
        link: Link | None = None,
    ) -> None:  # fmt: skip
        """Write, note who did it (`what`), and read it all again. With a `link` that uses it, or nothing is written;
        raises Refused when somebody else has used it."""
        deed = Deed(self._now_s(), by, what, about, detail)
        noted = (register.put_deed(deed), register.drop_old_deeds()) if what else ()
        if not await self._put(*noted, *steps, only_if=register.use_link(link.digest) if link else None):
            raise Refused("accounts.link_over")
        await self._read()

    async def _put(self, *steps: Step, only_if: Step | None = None) -> bool:
        """To the file; and `held` says how that went, its log when it changes."""
        file = self._open()
        try:
            written = await file.write(*steps, only_if=only_if)
        except RegisterUnavailable as unavailable:
            if self.held is None:
                log.error("nothing can be written, who logs in does so until the next start only: %s", unavailable)
            self.held = str(unavailable)
            raise
        if self.held is not None:
            log.warning("the register can be written again")
        self.held = None
        return written

    async def _write_sessions(self) -> None:
        """What began, went on and ended. What cannot be written now waits for the next time."""
        for session in [one for one in self._sessions.values() if self._is_over(one)]:
            self._end(session)
        async with self._lock:
            await self._devices.keep(self._paired())
            added = [self._sessions[digest] for digest in self._unwritten]
            ended = set(self._ended)
            seen = {
                session.digest: seen_s
                for session in self._sessions.values()
                if (seen_s := self._as_seen(session).seen_s) - session.seen_s >= SEEN_S
            }
            steps = [
                *map(register.add_session, added),
                *map(register.end_session, ended),
                *(register.see_session(digest, seen_s) for digest, seen_s in seen.items()),
            ]
            if not steps:
                return
            try:
                await self._put(*steps)
            except RegisterUnavailable:
                return
            self._ended -= ended  # not what ended while this was being written
            self._unwritten.difference_update(one.digest for one in added)
            for digest, seen_s in seen.items():
                if digest in self._sessions:
                    self._sessions[digest] = replace(self._sessions[digest], seen_s=seen_s)

    def _paired(self) -> list[Device]:
        return [
            Device(session, replace(self._accounts[session.account], password=""))
            for session in self._sessions.values()
            if session.trusted and session.account in self._accounts
        ]

    def _open(self) -> Register:
        if self._register is None:
            raise RegisterUnavailable(self.trouble or "the register is not open")
        return self._register

    def _end(self, session: Session) -> None:
        """Over at once; in the file with the next `_write_sessions`."""
        self._sessions.pop(session.digest, None)
        self._opened.pop(session.digest, None)
        self._seen.pop(session.digest, None)
        self._unwritten.discard(session.digest)
        self._ended.add(session.digest)

    def _is_over(self, session: Session) -> bool:
        """A paired device never is; and nobody loses the board while an alarm is open."""
        if session.trusted or self._in_alarm():
            return False
        opened = self._opened.get(session.digest)
        seen = self._seen.get(session.digest, opened)
        return self._since_s(opened, session.opened_s) >= SESSION_S or self._since_s(seen, session.seen_s) >= IDLE_S

    def _since_s(self, moment: Moment | None, at_s: int) -> float:
        """How long ago, by what runs on when a clock is set right; of what was before we ran, by the clock."""
        now = self._clock.now()
        return now.mono_s - moment.mono_s if moment is not None else now.at.timestamp() - at_s

    def _as_seen(self, session: Session) -> Session:
        seen = self._seen.get(session.digest)
        return replace(session, seen_s=max(session.seen_s, _unix_s(seen))) if seen is not None else session

    def _now_s(self) -> int:
        return _unix_s(self._clock.now())


def _unix_s(moment: Moment) -> int:
    return int(moment.at.timestamp())


def check_password(password: str) -> None:
    """Raises Refused."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise Refused("accounts.bad_password")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _told(roles: Roles, member: str) -> str:
    """Roles and member, for the log: `reception team els`; no member's id is a role's."""
    return " ".join([*(role for role in ROLES if role in roles), member]).strip()
