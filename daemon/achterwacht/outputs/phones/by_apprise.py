"""A way by anything that Apprise speaks: SMS services, mail, chat. It can hand over, and hear nothing back.

Knows how a member's URL is made of the plan's, what of a plugin's log is a reason, and which host a plugin talks to.
Plugins are others' code that blocks: each message is in a thread of its own, and a URL or its parts never leave here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit

from achterwacht.driver import in_own_thread
from achterwacht.errors import Unavailable, Undeliverable
from achterwacht.outputs.phones.fault import Fault, keep_checking
from achterwacht.outputs.phones.messages import Address, Deliver
from achterwacht.outputs.phones.secret_file import secret_in
from achterwacht.outputs.phones.way import Tell
from achterwacht.outputs.wiring import AppriseWay

if TYPE_CHECKING:
    from apprise import Apprise, AppriseResult, NotifyBase

SOCKET_S = 4
"""How long a plugin waits for a connection, and then for an answer, unless the URL says otherwise (cto, rto)."""
SEND_S = 7.0
"""How long we wait for a plugin; shorter than the process does, so that the reason is known. It goes on meanwhile."""
SENDING_MAX = 32
"""Messages under way at once. A plugin that hangs for ever costs a thread each time; beyond this nothing is sent."""
TARGETS_MAX = 64
"""Members whose plugin is kept ready."""
CHECK_EVERY_S = 300.0
CHECK_AGAIN_S = 15.0
"""How often the host that the plugin talks to is tried; and after it could not be reached."""
CONNECT_S = 5.0
REASON_MAX_CHARS = 300

NETHERLANDS = "31"
DIGITS_MIN, DIGITS_MAX = 8, 15
"""Of a number with its country (E.164)."""
SAMPLE = Address(phone=f"+{NETHERLANDS}600000000", email="controle@example.org")
"""What the plan's URL is tried with: nothing is sent there."""

NOTIFY_TYPES = {"over": "success", "fault": "warning"}
"""What Apprise calls an order that does not ring, by its kind; the others are `info`."""

SECRET_MIN_CHARS = 4
"""Shorter parts of a URL are no secrets, but pieces of words that a reason needs."""
LOGGERS = ("apprise", "urllib3")
"""What they log stays out of the journal; Apprise keeps a message's warnings in its result too."""
WITHOUT_TCP = ("rsyslog",)
"""Plugins that speak UDP: a connection would say nothing of them."""


class _Sending(NamedTuple):
    """One message under way in its thread: since when (monotonic), and in the end what went wrong, or nothing."""

    begun_s: float
    done: asyncio.Future[Undeliverable | None]


class ByApprise:
    """One Apprise URL, with a plugin for each member that it was filled in for."""

    def __init__(self, wired: AppriseWay, tell: Tell, mono_s: Callable[[], float]) -> None:
        self._name = wired.name
        self._url_file = wired.url_file
        self._fault = Fault(f"channel:{wired.name}/failing", tell)
        self._plugin = lru_cache(TARGETS_MAX)(_plugin)
        self._mono_s = mono_s
        # By order and member: its attempts wait for one sending, or a slow plugin would send an SMS for each.
        self._sendings: dict[tuple[str, str], _Sending] = {}

    async def deliver(self, order: Deliver) -> None:
        """Return when the plugin says that the message was taken. Raises Undeliverable."""
        which = (order.order, order.member)
        sending = self._sendings.get(which) or self._send(order)
        await asyncio.wait({sending.done}, timeout=SEND_S)
        if not sending.done.done():
            raise Undeliverable(f"no answer for {self._mono_s() - sending.begun_s:.0f} s; it is still trying")
        self._sendings.pop(which, None)
        if failure := sending.done.result():
            raise failure

    async def run(self) -> None:
        """See that the URL is one, and that its host can be reached, for ever. Also loads Apprise, which takes 2 s."""
        await keep_checking(self._wrong, self._fault, every_s=CHECK_EVERY_S, again_s=CHECK_AGAIN_S)

    # --- sending ----------------------------------------------------------------------------------------------------

    def _send(self, order: Deliver) -> _Sending:
        if len(self._sendings) >= SENDING_MAX:
            self._sendings = {which: one for which, one in self._sendings.items() if not one.done.done()}
        if len(self._sendings) >= SENDING_MAX:
            raise Undeliverable(f"{SENDING_MAX} messages hang in the way {self._name}: is its service away?")
        sending = _Sending(self._mono_s(), in_own_thread(lambda: self._sent(order)))
        self._sendings[order.order, order.member] = sending
        return sending

    def _sent(self, order: Deliver) -> Undeliverable | None:
        """Send, in a thread: what went wrong, or nothing."""
        try:
            url = filled(secret_in(self._url_file), order.address, order.member)
            plugin = self._plugin(url)
        except Unavailable as error:
            return Undeliverable(str(error))
        except Undeliverable as failure:
            return failure
        kind = "failure" if order.urgent else NOTIFY_TYPES.get(order.kind, "info")
        try:
            with plugin.notify(order.text or order.title, title=order.title, notify_type=kind) as result:
                return None if result else Undeliverable(without_secrets(_said(result), url))
        except Exception as error:  # others' code; its words may hold the URL
            return Undeliverable(f"the plugin broke ({type(error).__name__})")

    # --- supervision ------------------------------------------------------------------------------------------------

    async def _wrong(self) -> str:
        try:
            peer = await in_own_thread(self._peer)
        except (Unavailable, Undeliverable) as error:
            return str(error)
        if peer is None:
            return ""
        host, port = peer
        try:
            async with asyncio.timeout(CONNECT_S):
                _, writer = await asyncio.open_connection(host, port)
        except TimeoutError:
            return f"{host}:{port} cannot be reached: no answer within {CONNECT_S:g} s"
        except (OSError, UnicodeError) as error:
            return f"{host}:{port} cannot be reached: {getattr(error, 'strerror', None) or type(error).__name__}"
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return ""

    def _peer(self) -> tuple[str, int] | None:
        """Whom the plugin talks to, in a thread. Raises Unavailable or Undeliverable when the URL is none."""
        return peer(self._plugin(filled(secret_in(self._url_file), SAMPLE, "a member"))[0])


def with_country(phone: str) -> str:
    """A number's digits with the country before them, as services want them; without a country it is Dutch.

    Raises ValueError.
    """
    written = re.sub(r"[\s./()-]", "", phone.replace("(0)", ""))
    if not re.fullmatch(r"\+?[0-9]+", written):
        raise ValueError("is no telephone number")
    digits = written.lstrip("+")
    if written.startswith("00"):
        digits = digits[2:]
    elif written.startswith("0"):
        digits = NETHERLANDS + digits[1:]
    if not DIGITS_MIN <= len(digits) <= DIGITS_MAX:
        raise ValueError(f"has {len(digits)} digits, with the country; {DIGITS_MIN} to {DIGITS_MAX} are expected")
    return digits


def filled(template: str, address: Address, member: str) -> str:
    """The member's URL: {phone} and {email} filled in, and how long a plugin may wait. Raises Undeliverable."""
    url = template
    if "{phone}" in template:
        try:
            url = url.replace("{phone}", with_country(address.phone))
        except ValueError as error:
            what = f"the phone of {member} {error}" if address.phone else f"{member} has no phone"
            raise Undeliverable(f"{what}: correct achterwacht.yaml", permanent=True) from error
    if "{email}" in template:
        if not address.email:
            raise Undeliverable(f"{member} has no email: correct achterwacht.yaml", permanent=True)
        url = url.replace("{email}", quote(address.email, safe=""))
    given = parse_qs(urlsplit(url).query, keep_blank_values=True)
    waits = "&".join(f"{name}={SOCKET_S}" for name in ("cto", "rto") if name not in given)
    return f"{url}{'&' if '?' in url else '?'}{waits}" if waits else url


def without_secrets(reason: str, url: str) -> str:
    """What a plugin said, without any part of the URL: tokens, passwords, numbers and addresses stand in it."""
    behind_scheme = url.partition("://")[2].partition("?")[0] + "&" + urlsplit(url).query
    parts = {part for piece in re.split(r"[/:@?&=,]+", behind_scheme) for part in (piece, unquote(piece))}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= SECRET_MIN_CHARS:
            reason = reason.replace(part, "...")
    return reason[:REASON_MAX_CHARS]


def peer(service: NotifyBase) -> tuple[str, int] | None:
    """The host and port that a plugin talks to by TCP; None where it cannot be told from outside."""
    plugin: Any = service  # what a plugin keeps beside the base's attributes is its own
    scheme = urlsplit(str(getattr(plugin, "notify_url", "") or ""))
    if scheme.hostname:
        known = "{" not in scheme.netloc
        return (scheme.hostname, scheme.port or (80 if scheme.scheme == "http" else 443)) if known else None
    # In other services' URLs the host's place may hold a token, or our own domain.
    if not {"host", "port"} <= plugin.template_tokens.keys() or plugin.protocol in WITHOUT_TCP:
        return None
    host = getattr(plugin, "smtp_host", None) or plugin.host
    speaks_http = hasattr(sys.modules[type(plugin).__module__], "requests")
    port = plugin.port or ((443 if plugin.secure else 80) if speaks_http else None)
    return (host, port) if host and port else None


def _plugin(url: str) -> Apprise:
    """An Apprise object with this one URL. Raises Undeliverable. Blocks: the first takes 2 s."""
    from apprise import Apprise, AppriseAsset

    # Their warnings may name what is secret: our reasons have what people need of them.
    for chatty in LOGGERS:
        logging.getLogger(chatty).propagate = False
    # Without time-outs of its own it uses no thread but ours, and none that would keep the process from ending.
    plugin = Apprise(asset=AppriseAsset(async_mode=False, service_timeout=0))
    if not plugin.add(url) or len(plugin) != 1:
        scheme = url.partition("://")[0][:20]
        raise Undeliverable(
            f"Apprise takes no such URL ({scheme}://...): correct its file by Apprise's page of that service, and try "
            "it with `apprise -vv -b test URL`"
        )
    # Plugins space messages out, by up to 5.5 s. Ours are few, and cannot wait.
    plugin[0].request_rate_per_sec = 0
    return plugin


def _said(result: AppriseResult) -> str:
    """What the plugin warned of."""
    said = [entry.message for service in result for entry in service.logs()]
    return " ".join(said) or "the plugin says no, without a reason"
