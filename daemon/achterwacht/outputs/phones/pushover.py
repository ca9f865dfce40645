"""The way `pushover`: emergency messages that repeat until they are acknowledged, and whether they were.

Knows Pushover's API: messages, receipts, user keys. A receipt is looked at until it is acknowledged, expired or not
wanted any more; what an acknowledgement means, the order's own token says.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from achterwacht.errors import Unavailable, Undeliverable
from achterwacht.outputs.phones.fault import Fault, MemberFaults, keep_checking
from achterwacht.outputs.phones.messages import Address, Deliver, Redeemed
from achterwacht.outputs.phones.secret_file import secret_in
from achterwacht.outputs.phones.way import Tell
from achterwacht.outputs.phones.web import SAID_MAX_CHARS, Answer, Web, server_of
from achterwacht.outputs.wiring import Pushover

WAY = "pushover"
EMERGENCY, NORMAL = 2, 0
"""Priorities. What is not urgent sounds as any other message: someone who is running must notice that it is over."""
RETRY_S = 30
"""The phone rings again so often; Pushover takes no less."""
EXPIRE_S = 300
"""And so long. The ladder sends new orders meanwhile; one that nobody cancels must not ring for ever."""
TITLE_MAX_CHARS, TEXT_MAX_CHARS, URL_MAX_CHARS = 250, 1024, 512
"""Pushover refuses what is longer."""

POLL_S = 5.0
"""Pushover asks not to look at a receipt more often."""
SLICES = 10
"""Receipts are looked at in so many parts, spread over POLL_S, so that many of them are no burst."""
FOLLOWED_MAX = 1000
"""Receipts that are looked at: an alarm for everybody, again and again. Beyond it one is left alone and rings until it
expires: the oldest that was replaced, or else the oldest."""
CHECK_EVERY_S = 120.0
CHECK_AGAIN_S = 4.0
"""How often a user key is checked, each member's in turn; and after the service failed."""

QUOTA = 429


@dataclass(slots=True)
class _Followed:
    """A message that rings: whose, until when (monotonic), and what its acknowledgement is told as."""

    tag: str
    until_s: float
    token: str
    replaced: bool = False


class PushoverWay:
    """One Pushover application."""

    def __init__(
        self, wired: Pushover, members: Mapping[str, Address], tell: Tell, mono_s: Callable[[], float]
    ) -> None:
        self._url = wired.url.rstrip("/")
        self._token_file = wired.token_file
        self._server = server_of(wired.url)
        self._tell = tell
        self._mono_s = mono_s
        self._web = Web()
        self._fault = Fault(f"channel:{WAY}/failing", tell)
        self._keys = MemberFaults(WAY, members, lambda address: address.pushover, tell)
        # Keys that were checked, the longest ago first.
        self._checked: dict[str, None] = {}
        # The application's token, when it has been read.
        self._token = ""
        # By receipt, the oldest first.
        self._followed: dict[str, _Followed] = {}
        self._some = asyncio.Event()

    async def deliver(self, order: Deliver) -> None:
        """Hand one message over; returns when Pushover has it. Raises Undeliverable.

        *Over* first ends whatever rings at this member for this incident, also what was sent before a restart.
        """
        if not order.address.pushover:
            raise Undeliverable(f"{order.member} has no Pushover user key in achterwacht.yaml", permanent=True)
        tag = _tag(order)
        try:
            if order.kind == "over":
                await self._stop(tag)
            answer = await self._ask("POST", "messages", _message(order, tag))
        except Unavailable as error:
            raise Undeliverable(str(error)) from error
        said = answer.fields()
        if said.get("status") != 1:
            raise self._refusal(answer, order.member)
        self._fault.over()
        self._keys.over(order.member)
        receipt = said.get("receipt")
        if order.urgent and isinstance(receipt, str) and receipt.isalnum():
            self._follow(receipt, tag, order.acknowledge_token)

    async def run(self) -> None:
        """Look at receipts and check keys, for ever."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._poll(), name="pushover receipts")
                tasks.create_task(
                    keep_checking(self._wrong, self._fault, every_s=CHECK_EVERY_S, again_s=CHECK_AGAIN_S),
                    name="pushover keys",
                )
        finally:
            await self._web.close()

    # --- asking -----------------------------------------------------------------------------------------------------

    async def _ask(self, method: str, what: str, form: Mapping[str, str] | None = None) -> Answer:
        """Ask with our token; once more if it is refused, and the file has another one by now. Raises Unavailable."""
        self._token = self._token or secret_in(self._token_file)
        answer = await self._ask_as(self._token, method, what, form)
        if _refuses("token", answer) and (token := secret_in(self._token_file)) != self._token:
            self._token = token
            answer = await self._ask_as(token, method, what, form)
        return answer

    async def _ask_as(self, token: str, method: str, what: str, form: Mapping[str, str] | None) -> Answer:
        url = f"{self._url}/1/{what}.json"
        if method == "GET":
            return await self._web.ask(method, url, query={"token": token})
        return await self._web.ask(method, url, form={"token": token, **(form or {})})

    def _reason(self, answer: Answer) -> str:
        """Why Pushover did not do what we asked, in words for people."""
        if _refuses("token", answer):
            return f"{self._server} does not know our token: put the application's API token in {self._token_file}"
        if answer.status == QUOTA:
            return f"{self._server} takes no more from us (429): this month's messages are used up, buy more there"
        if _refuses("user", answer):
            return (
                f"{self._server} does not know this user key, or no device is active: correct pushover: at the member"
            )
        return f"{self._server} refuses: {answer.status} {_errors(answer)}".rstrip()

    def _refusal(self, answer: Answer, member: str) -> Undeliverable:
        """The error for a message that was not taken; a fault at once where it is one."""
        reason = self._reason(answer)
        if _refuses("token", answer) or answer.status == QUOTA:
            self._fault.stands(reason)
            return Undeliverable(reason)
        if _refuses("user", answer):
            self._keys.stands(member, reason)
        return Undeliverable(reason, permanent=400 <= answer.status < 500)

    # --- receipts ---------------------------------------------------------------------------------------------------

    def _follow(self, receipt: str, tag: str, token: str) -> None:
        """Look at this receipt from now on; what rang before at the same member for the same incident is replaced."""
        for older in self._followed.values():
            older.replaced = older.replaced or older.tag == tag
        if len(self._followed) >= FOLLOWED_MAX:
            replaced = (receipt for receipt, one in self._followed.items() if one.replaced)
            del self._followed[next(replaced, next(iter(self._followed)))]
        self._followed[receipt] = _Followed(tag, self._mono_s() + EXPIRE_S + POLL_S, token)
        self._some.set()

    async def _stop(self, tag: str) -> None:
        """End what rings under this tag. Raises Unavailable."""
        answer = await self._ask("POST", f"receipts/cancel_by_tag/{tag}")
        if answer.status >= 500 or answer.status == QUOTA:
            raise Unavailable(self._reason(answer))
        self._followed = {receipt: one for receipt, one in self._followed.items() if one.tag != tag}

    async def _poll(self) -> None:
        while True:
            await self._some.wait()
            followed = list(self._followed.items())
            for nr in range(SLICES):
                part = followed[nr::SLICES]
                await asyncio.gather(*(self._look(*one) for one in part if one[0] in self._followed))
                await asyncio.sleep(POLL_S / SLICES)
            if not self._followed:
                self._some.clear()

    async def _look(self, receipt: str, one: _Followed) -> None:
        """Look at one receipt; tell its acknowledgement; end one that was replaced. What fails is done again."""
        try:
            answer = await self._ask("GET", f"receipts/{receipt}")
            said = answer.fields()
            if said.get("status") == 1 and said.get("acknowledged") == 1:
                if self._followed.pop(receipt, None) and one.token:
                    self._tell(Redeemed(one.token))
                return
            is_over = said.get("expired") == 1 or _is_unknown(answer) or self._mono_s() >= one.until_s
            if not is_over and one.replaced:
                is_over = (await self._ask("POST", f"receipts/{receipt}/cancel")).status < 500
        except Unavailable:
            is_over = self._mono_s() >= one.until_s
        if is_over:
            self._followed.pop(receipt, None)

    # --- supervision ------------------------------------------------------------------------------------------------

    async def _wrong(self) -> str:
        """Check each key that is new, or else the one whose turn it is. What is wrong with the service or our token."""
        keys = self._keys.addresses()
        self._checked = {key: None for key in self._checked if key in keys.values()}
        new = [member for member, key in keys.items() if key not in self._checked]
        oldest = next(iter(self._checked), None)
        for member in new or [member for member, key in keys.items() if key == oldest]:
            try:
                answer = await self._ask("POST", "users/validate", {"user": keys[member]})
            except Unavailable as error:
                return str(error)
            if answer.fields().get("status") == 1:
                self._keys.over(member)
            elif _refuses("user", answer):
                self._keys.stands(member, self._reason(answer))
            else:
                return self._reason(answer)
            self._checked.pop(keys[member], None)
            self._checked[keys[member]] = None
        return ""


def _message(order: Deliver, tag: str) -> dict[str, str]:
    form = {
        "user": order.address.pushover,
        "title": order.title[:TITLE_MAX_CHARS],
        "message": order.text[:TEXT_MAX_CHARS] or order.title[:TEXT_MAX_CHARS],  # an empty one is refused
    }
    if order.url:
        form["url"] = order.url[:URL_MAX_CHARS]
    if order.urgent:
        return form | {"priority": str(EMERGENCY), "retry": str(RETRY_S), "expire": str(EXPIRE_S), "tags": tag}
    return form | {"priority": str(NORMAL), "ttl": str(max(1, order.ttl_s))}


def _tag(order: Deliver) -> str:
    """What this member's messages of this incident are cancelled by. A hash: Pushover need not know our numbers."""
    return "aw-" + hashlib.sha256(f"{order.incident} {order.member}".encode()).hexdigest()[:16]


def _refuses(what: str, answer: Answer) -> bool:
    return answer.fields().get(what) == "invalid"


def _is_unknown(answer: Answer) -> bool:
    """Whether Pushover has no such receipt."""
    return 400 <= answer.status < 500 and answer.status != QUOTA and not _refuses("token", answer)


def _errors(answer: Answer) -> str:
    errors = answer.fields().get("errors")
    return "; ".join(map(str, errors))[:SAID_MAX_CHARS] if isinstance(errors, list) else ""
