"""Web Push (RFC 8030, 8291, 8292): a message, encrypted for the browser, to the push service that it is registered at.

Knows what is sent and what the answers mean. Handed over means that a push service took it; whether a phone shows it,
only the phone says. Nothing but a 404 or 410 makes a registration *gone*.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import accumulate, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from achterwacht.core.moment import Moment
from achterwacht.driver import in_own_thread
from achterwacht.errors import Unavailable, Undeliverable
from achterwacht.outputs.phones.fault import Fault, MemberFaults
from achterwacht.outputs.phones.messages import Address, Deliver, Gone, Registration
from achterwacht.outputs.phones.subscription import HTTPS_PORT, is_push_service
from achterwacht.outputs.phones.vapid import make_vapid_key, read_vapid_key
from achterwacht.outputs.phones.way import Tell
from achterwacht.outputs.phones.web import Answer, Web, server_of
from achterwacht.outputs.wiring import WebPush

if TYPE_CHECKING:
    from py_vapid import Vapid

WAY = "push"
CLAIM_S = 12 * 3600
"""How long a signature holds. The standard allows 24 h; half of it leaves room for a clock that is wrong."""
PAYLOAD_MAX_BYTES = 3993
"""What fits into the 4096 bytes that every push service must take, encrypted."""
TOPIC_CHARACTERS = 32
"""What RFC 8030 allows."""
NOTICES = ("who", "reminder", "fault")
"""Kinds that are read this morning or not at all: a push service may keep what is of low urgency for a charger."""
SAID_MAX_CHARS = 100
"""So much of what a push service says to explain itself is told."""
TOO_LATE = 408
"""The one answer from 400 to 499 that is about the service, of those that have no meaning of their own here."""

log = logging.getLogger(__name__)


class _Fate(Enum):
    TAKEN = auto()
    GONE = auto()
    """There is no such registration any more."""
    USELESS = auto()
    """This registration can never be sent to, as it is."""
    REFUSED = auto()
    """The push service does not want this message for this registration."""
    FAILED = auto()
    """The push service, the way to it, or our key: nothing is wrong with the registration."""


@dataclass(frozen=True, slots=True)
class _Sent:
    fate: _Fate
    why: str = ""
    host: str = ""


class PushWay:
    """The way `push`. `allows(endpoint, hosts)`: whether a registration may be sent to.

    Faults are made of the newest answer about each browser. A member's stands while one of theirs does not take what it
    is sent, whatever the others do; the channel's while there is a push service that takes nothing for anybody.
    """

    def __init__(
        self,
        wired: WebPush,
        vapid_key_file: str,
        members: Mapping[str, Address],
        tell: Tell,
        now: Callable[[], Moment],
        allows: Callable[[str, Sequence[str]], bool] = is_push_service,
    ) -> None:
        self._wired = wired
        self._key_file = Path(vapid_key_file)
        self._members = members
        self._tell = tell
        self._now = now
        self._allows = allows
        self._web = Web()
        self._fault = Fault(f"channel:{WAY}/failing", tell, ("key", "services"))
        # The plan names no browsers: of what it says, only that the member is no longer in it ends such a fault.
        self._browsers = MemberFaults(WAY, members, lambda _: WAY, tell)
        # By member and registration.
        self._newest: dict[str, dict[str, _Sent]] = {}

    async def run(self) -> None:
        """Load what is needed before the first alarm needs it. Push services tell their health to nobody who asks."""
        try:
            with contextlib.suppress(Unavailable):  # told by what follows
                await in_own_thread(lambda: make_vapid_key(self._key_file))
            with contextlib.suppress(Undeliverable):  # it is a fault by now
                await self._prepared()
            await asyncio.Event().wait()
        finally:
            await self._web.close()

    async def deliver(self, order: Deliver) -> None:
        """To every registration of the member, side by side: handed over when one of them took it."""
        registrations = order.address.registrations
        if not registrations:
            self._note(order.member, {})
            raise Undeliverable("no phone registered", permanent=True)
        vapid = await self._prepared()
        sent = await asyncio.gather(*(self._send(vapid, order, one) for one in registrations))
        self._note(order.member, {to.id: one for to, one in zip(registrations, sent, strict=True)})
        _judge(sent)

    async def _prepared(self) -> Vapid:
        """What signs. Raises Undeliverable, and then it is a fault."""
        try:
            vapid = await in_own_thread(self._prepare)
        except ImportError as error:
            why = f"a library is not installed ({error}): install achterwacht[phones]"
        except Unavailable as error:
            why = str(error)
        else:
            self._fault.over("key")
            return vapid
        self._fault.stands(why, "key")
        raise Undeliverable(why)

    def _prepare(self) -> Vapid:
        """Load the libraries, which takes a second or more, and read the key; in a thread."""
        import aiohttp  # noqa: F401
        import pywebpush  # noqa: F401
        from py_vapid import Vapid

        return Vapid(read_vapid_key(self._key_file))

    def _note(self, member: str, sent: dict[str, _Sent]) -> None:
        """What became of the newest message to each browser of this member; and what is a fault by that."""
        self._newest[member] = sent
        self._newest = {known: theirs for known, theirs in self._newest.items() if known in self._members}
        bad = [f"browser {id_}: {one.why}" for id_, one in sent.items() if one.fate not in (_Fate.TAKEN, _Fate.GONE)]
        if bad:
            self._browsers.stands(member, "; ".join(bad))
        else:
            self._browsers.over(member)
        everything = [one for theirs in self._newest.values() for one in theirs.values()]
        works = {one.host for one in everything if one.fate is _Fate.TAKEN}
        fails = {one.host: one.why for one in everything if one.fate is _Fate.FAILED and one.host not in works}
        if fails:
            self._fault.stands("; ".join(dict.fromkeys(fails.values())), "services")
        else:
            self._fault.over("services")

    # --- one registration -------------------------------------------------------------------------------------------

    async def _send(self, vapid: Vapid, order: Deliver, to: Registration) -> _Sent:
        """Never raises for what is outside: one registration must not cost the others theirs."""
        sent = replace(await self._sent(vapid, order, to), host=server_of(to.endpoint).lower())
        if sent.fate is _Fate.GONE:
            self._tell(Gone(order.member, to.id, sent.why))
        if sent.fate is not _Fate.TAKEN:
            log.warning("order %s, registration %s: %s", order.order, to.id, sent.why)
        return sent

    async def _sent(self, vapid: Vapid, order: Deliver, to: Registration) -> _Sent:
        if not self._allows(to.endpoint, self._wired.hosts):
            return _Sent(_Fate.USELESS, "not one of the push services that the plan allows")
        try:
            body = _encrypted(payload(order), to)
        except Exception as error:  # its keys are somebody's input, and the libraries raise many things about them
            return _Sent(_Fate.USELESS, f"the registration's keys are of no use: {error!r}")
        try:
            # A new dict: the claims of one push service are not those of the next.
            expires = int(self._now().at.timestamp()) + CLAIM_S
            claims = {"sub": self._wired.contact, "aud": origin(to.endpoint), "exp": expires}
            headers = _headers(order) | vapid.sign(claims)
        except Exception as error:  # py_vapid's own is of no family
            return _Sent(_Fate.FAILED, f"a message cannot be signed: {error}; is the contact for push right?")
        try:
            answer = await self._web.ask("POST", to.endpoint, headers=headers, data=body)
        except Unavailable as error:
            return _Sent(_Fate.FAILED, str(error))
        return _meaning(answer, server_of(to.endpoint))


def _judge(sent: Sequence[_Sent]) -> None:
    """What became of a whole order. Raises Undeliverable when nobody took it."""
    fates = {one.fate for one in sent}
    if _Fate.TAKEN in fates:
        return
    if fates == {_Fate.GONE}:
        raise Undeliverable("no phone registered", permanent=True)
    whys = "; ".join(dict.fromkeys(one.why for one in sent))
    raise Undeliverable(whys, permanent=fates <= {_Fate.GONE, _Fate.USELESS})


def _meaning(answer: Answer, server: str) -> _Sent:
    answered = f"{server} answered {answer.status}"
    said = _quoted(answer.body)
    if 200 <= answer.status < 300:
        return _Sent(_Fate.TAKEN)
    if answer.status in (404, 410):
        return _Sent(_Fate.GONE, f"{answered}: this registration is no more")
    if answer.status in (401, 403):
        return _Sent(_Fate.FAILED, f"{answered}: it refuses our key or signature{said}; is the clock right?")
    if answer.status == 429:
        wait = f", ask again after {_printable(answer.retry_after)}" if answer.retry_after else ""
        return _Sent(_Fate.FAILED, f"{answered}: too many messages{wait}")
    is_about_this = 400 <= answer.status < 500 and answer.status != TOO_LATE
    return _Sent(_Fate.REFUSED if is_about_this else _Fate.FAILED, f"{answered}{said}")


def _quoted(said: bytes) -> str:
    text = _printable(said.decode(errors="replace"))
    return f" ({text})" if text else ""


def _printable(text: str) -> str:
    return "".join(character for character in text[:SAID_MAX_CHARS] if character.isprintable())


def origin(endpoint: str) -> str:
    """Whom a signature is for, as RFC 6454 writes it: in small letters, without the usual port."""
    at = urlsplit(endpoint)
    port = "" if at.port in (None, HTTPS_PORT) else f":{at.port}"
    return f"{at.scheme}://{at.hostname}{port}"


# --- what is sent -----------------------------------------------------------------------------------------------------


def _headers(order: Deliver) -> dict[str, str]:
    return {
        "TTL": str(order.ttl_s),
        "Urgency": "high" if order.urgent else "normal" if order.kind in NOTICES else "low",
        "Topic": topic(order),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
    }


def topic(order: Deliver) -> str:
    """What a message replaces that has not reached the phone yet: what was said before of the same alarm.

    An update is quiet, so it replaces only updates: it must never take the place of what rings. What is about no alarm
    replaces nothing; but a test does the test before it.
    """
    if order.kind == "test":
        return "test"
    about = order.incident or order.order
    if order.kind == "update":
        about = f"{order.kind} {about}"
    return base64.urlsafe_b64encode(hashlib.sha256(about.encode()).digest()).decode()[:TOPIC_CHARACTERS]


def payload(order: Deliver) -> bytes:
    """What the phone's service worker reads. Never too long: the text gives way first, the buttons last."""
    said: dict[str, Any] = {
        "v": 1,
        "kind": order.kind,
        "reason": order.reason,
        "order": order.order,
        "proof": order.proof,
        "incident": order.incident,
        "title": order.title,
        "text": order.text,
        "buttons": order.buttons,
    }
    for part in ("text", "title", "buttons"):
        data = msgspec.json.encode(said)
        too_many = len(data) - PAYLOAD_MAX_BYTES
        if too_many <= 0:
            return data
        said[part] = () if part == "buttons" else _without(said[part], too_many)
    return msgspec.json.encode(said)


def _without(text: str, too_many: int) -> str:
    """The text, so many bytes of JSON shorter or more, and marked as cut."""
    mark = "…"
    room = _length(text) - too_many - _length(mark)
    ends = accumulate(map(_length, text))
    keep = sum(1 for _ in takewhile(lambda end: end <= room, ends))
    return text[:keep] + mark if keep else ""


def _length(text: str) -> int:
    """In bytes of JSON, without the quotes around it."""
    return len(msgspec.json.encode(text)) - 2


def _encrypted(data: bytes, to: Registration) -> bytes:
    from pywebpush import WebPusher

    keys = {"p256dh": to.p256dh, "auth": to.auth}
    body: bytes = WebPusher({"endpoint": to.endpoint, "keys": keys}).encode(data)["body"]
    return body
