"""The way `ntfy`: messages with buttons to each member's topic, and the tokens that these send to the reply topic.

Knows ntfy's two APIs (publish as JSON, subscribe as a stream of JSON lines). What a token means, the daemon knows.
Our own access token never leaves for a phone: a button posts to the reply topic as anybody, who may only write there.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import Callable, Mapping

import msgspec

from achterwacht.errors import Unavailable, Undeliverable
from achterwacht.outputs.phones.fault import Fault, MemberFaults, keep_checking
from achterwacht.outputs.phones.messages import Address, Deliver, Redeemed
from achterwacht.outputs.phones.secret_file import secret_in
from achterwacht.outputs.phones.way import Room, Tell
from achterwacht.outputs.phones.web import SAID_MAX_CHARS, Answer, Web, server_of
from achterwacht.outputs.wiring import Ntfy

WAY = "ntfy"
URGENT, NORMAL = 5, 3
"""Priorities. 5 has an Android channel of its own that may break through silence; 3 sounds as any other message does,
because someone who is running must notice that it is over, and a test that makes no sound tests little."""
TAGS = {
    "alarm": "rotating_light",
    "call_112": "telephone",
    "over": "white_check_mark",
    "test": "test_tube",
    "check": "test_tube",
    "drill": "mega",
    "who": "question",
    "reminder": "bell",
    "fault": "warning",
}
"""The sign before the title, by the order's kind; other kinds have none."""
ACTIONS_MAX = 3
"""ntfy refuses a message with more."""
TEXT_MAX_CHARS = 1000
"""Below 4096 bytes whatever the characters; ntfy makes a file of a longer message."""

SILENT_S = 60.0
"""ntfy says *keepalive* each 45 s: a stream without a word for longer is dead."""
PAUSES_S = (0.5, 1.0, 2.0, 2.0, 5.0, 10.0, 30.0)
"""Before the stream is opened again; the last one for ever."""
STEADY_S = 10.0
"""A stream that lived shorter counts as one more failure, or one that opens and closes would never be a fault."""
GRACE_S = 5.0
"""A server that restarts is back sooner. With a try that hangs (4 s), the fault is told within 10 s of the loss."""
HEALTH_EVERY_S = 30.0
HEALTH_AGAIN_S = 2.0
"""How often the server is asked whether it is healthy; and after it was not."""

SINCE_AT_START = "10m"
"""What was answered while this process was away; a token that was told before is known to the daemon as used."""
SINCE_MARGIN_S = 10
"""Asked again before the last sign of life, for messages that the server was still storing then."""
IDS_MAX = 1000
"""So many tokens are remembered as told."""
TOKEN = re.compile(r"[A-Za-z0-9_-]{20,400}\.[A-Za-z0-9_-]{22}")
"""What our tokens look like. Anybody who knows the topic's name can write there; all else is not passed on."""
IGNORED_EVERY_S = 60.0
"""How often it is logged how much that was."""

REFUSED = (401, 403)
HOPELESS = (400, 413)
"""What ntfy says of the message itself: the same message again cannot do better."""

log = logging.getLogger(__name__)


class _Event(msgspec.Struct):
    """One line of the stream; `time` in Unix seconds, by the server's clock."""

    event: str
    time: int = 0
    id: str = ""
    message: str = ""


_event = msgspec.json.Decoder(_Event)


class NtfyWay:
    """One ntfy server."""

    def __init__(
        self, wired: Ntfy, members: Mapping[str, Address], tell: Tell, room: Room, mono_s: Callable[[], float]
    ) -> None:
        self._url = wired.url.rstrip("/")
        self._reply_url = f"{self._url}/{wired.reply_topic}"
        self._token_file = wired.token_file
        self._server = server_of(wired.url)
        self._tell = tell
        self._room = room
        self._mono_s = mono_s
        self._web = Web()
        self._fault = Fault(f"channel:{WAY}/failing", tell, ("replies", "health"))
        self._topics = MemberFaults(WAY, members, lambda address: address.ntfy, tell)
        # The access token: None when it is to be read first, empty when there is none.
        self._token: str | None = None
        self._since = SINCE_AT_START
        self._told_ids: deque[str] = deque(maxlen=IDS_MAX)
        # When the present stream said its first word.
        self._opened_s: float | None = None
        # Messages that are no tokens, and when it was logged how many.
        self._ignored = 0
        self._ignored_logged_s: float | None = None

    async def deliver(self, order: Deliver) -> None:
        """Publish to the member's topic; returns when the server has the message. Raises Undeliverable."""
        if not order.address.ntfy:
            raise Undeliverable(f"{order.member} has no ntfy topic in achterwacht.yaml", permanent=True)
        try:
            answer = await self._publish(order)
            if answer.status in REFUSED and self._token_is_new():
                answer = await self._publish(order)
        except Unavailable as error:
            raise Undeliverable(str(error)) from error
        if answer.status == 200:
            self._topics.over(order.member)
            return
        reason = self._reason(answer)
        if answer.status in REFUSED:
            self._topics.stands(order.member, reason)
        raise Undeliverable(reason, permanent=answer.status in HOPELESS)

    async def run(self) -> None:
        """Hear the replies and ask for the server's health, for ever."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(), name="ntfy replies")
                tasks.create_task(
                    keep_checking(
                        self._unhealthy, self._fault, "health", every_s=HEALTH_EVERY_S, again_s=HEALTH_AGAIN_S
                    ),
                    name="ntfy health",
                )
        finally:
            await self._web.close()

    # --- messages ---------------------------------------------------------------------------------------------------

    async def _publish(self, order: Deliver) -> Answer:
        message: dict[str, object] = {
            "topic": order.address.ntfy,
            "title": order.title[:TEXT_MAX_CHARS],
            "message": order.text[:TEXT_MAX_CHARS],
            "priority": URGENT if order.urgent else NORMAL,
            "tags": [TAGS[order.kind]] if order.kind in TAGS else [],
            "actions": [
                {
                    "action": "http",
                    "label": button.label,
                    "url": self._reply_url,
                    "method": "POST",
                    "body": button.token,
                    "clear": True,
                }
                for button in order.buttons[:ACTIONS_MAX]
            ],
        }
        if order.url:
            message["click"] = order.url
        return await self._web.ask("POST", self._url, headers=self._authorization(), json=message)

    def _reason(self, answer: Answer) -> str:
        """Why the server did not take what we asked, in words for people. Topics are passwords: none is named."""
        said = str(answer.fields().get("error", ""))[:SAID_MAX_CHARS]
        if answer.status in REFUSED:
            return (
                f"{self._server} does not let us ({answer.status}): give our token's user read and write access "
                f"(`ntfy access`), or put a token that is good in {self._token_file or 'a token_file'}"
            )
        if answer.status == 429:
            return f"{self._server} takes no more from us now (429): raise its visitor limits for this address"
        if 300 <= answer.status < 400 or answer.status in (404, 405):
            return f"{self._server} does not answer as ntfy does ({answer.status}): correct phones: ntfy: url"
        return f"{self._server} refuses: {answer.status}{' ' if said else ''}{said}"

    # --- the access token -------------------------------------------------------------------------------------------

    def _authorization(self) -> dict[str, str]:
        if self._token is None:
            self._token = secret_in(self._token_file) if self._token_file else ""
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _token_is_new(self) -> bool:
        """Read the token again; whether it is another one."""
        before, self._token = self._token, None
        self._authorization()
        return self._token != before

    # --- supervision and replies ------------------------------------------------------------------------------------

    async def _unhealthy(self) -> str:
        self._topics.addresses()
        try:
            answer = await self._web.ask("GET", f"{self._url}/v1/health")
        except Unavailable as error:
            return str(error)
        if answer.status != 200:
            return self._reason(answer)
        return "" if answer.fields().get("healthy") is True else f"{self._server} says that it is not healthy"

    async def _listen(self) -> None:
        """Keep the stream of replies open."""
        good_s = self._mono_s()
        failures = 0
        while True:
            self._opened_s = None
            try:
                await self._hear_replies()
            except Unavailable as error:
                why = str(error)
            else:
                why = f"{self._server} has closed the stream of replies"
            now_s = self._mono_s()
            if self._opened_s is not None and now_s - self._opened_s >= STEADY_S:
                good_s, failures = now_s, 0
            if now_s - good_s >= GRACE_S:
                self._fault.stands(why, "replies")
            await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
            failures += 1

    async def _hear_replies(self) -> None:
        """Open the stream and hear it until it ends; not read while the daemon does not read either, so that no token
        is lost. Raises Unavailable."""
        url, query = f"{self._reply_url}/json", {"since": self._since}
        async with self._web.stream(url, headers=self._authorization(), query=query) as stream:
            if stream.status != 200:
                self._token = None
                raise Unavailable(self._reason(Answer(stream.status, b"")))
            while line := await stream.line(SILENT_S):
                self._take(line)
                await self._room()

    def _take(self, line: bytes) -> None:
        try:
            said = _event.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unavailable(f"{self._server} does not speak as ntfy does: correct phones: ntfy: url") from error
        if self._opened_s is None:
            self._opened_s = self._mono_s()
            self._fault.over("replies")
        if said.time > SINCE_MARGIN_S:
            self._since = str(said.time - SINCE_MARGIN_S)
        if said.event != "message":
            return
        token = said.message.strip()
        if not TOKEN.fullmatch(token):
            self._ignore()
        elif said.id not in self._told_ids:
            self._told_ids.append(said.id)
            self._tell(Redeemed(token))

    def _ignore(self) -> None:
        self._ignored += 1
        now_s = self._mono_s()
        if self._ignored_logged_s is None or now_s - self._ignored_logged_s >= IGNORED_EVERY_S:
            log.warning("ignored on the reply topic: %d messages that are no answers of ours", self._ignored)
            self._ignored, self._ignored_logged_s = 0, now_s
