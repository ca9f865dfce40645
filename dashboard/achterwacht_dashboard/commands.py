"""What people press: each button is a command to the daemon, said by whoever is logged in.

Knows the shape of each command, in whose name it may be said, and how often by whom nobody knows. What becomes of it is
the daemon's; who may say it at all is access.py's.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from achterwacht.errors import AskedWrong, LinkUnavailable
from achterwacht.outputs.texts import Texts
from achterwacht_dashboard.access import FOR_OTHERS, Viewer
from achterwacht_dashboard.house import House
from achterwacht_dashboard.pages import is_at_desk
from achterwacht_dashboard.respond import language_of, words_of
from achterwacht_dashboard.throttle import network_of


class Wrong(BaseModel):
    """Why nothing came of a request, in words for people."""

    detail: str


WRONG: dict[int | str, dict[str, Any]] = {
    status: {"model": Wrong, "description": description}
    for status, description in (
        (400, "not understood"),
        (401, "not logged in"),
        (403, "not for this role, or from another site"),
        (413, "too long"),
        (422, "something of it is missing, unknown or not right"),
        (429, "too much from one account, or without a login from one address"),
        (503, "the daemon does not answer: whether it was done is not known, the same id again is safe"),
    )
}

log = logging.getLogger(__name__)

router = APIRouter(tags=["commands"], responses=WRONG)

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Name = Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")]
NameOrNobody = Annotated[str, Field(pattern=r"^[\w.-]{0,64}$")]
ZenderNr = Annotated[int, Field(ge=1, le=9999)]
Text = Annotated[str, Field(max_length=500)]
Target = Annotated[str, Field(pattern=r"^[\w-]{1,32}:[\w.-]{1,64}$")]

STRANGERS_BURST = 500
STRANGERS_A_S = 50.0
"""What may be said without a login, from one address: the telephones of a whole team may sit behind one, and each says
of an alarm that it came and that it is shown. More would only keep the daemon busy."""
STRANGERS_MAX = 1000
"""So many addresses are counted; the one that was quiet the longest is forgotten first."""
OF_ONE_MAX = 5
"""So many commands of one account may wait for the daemon at once: people press one button after the other, and the
daemon lets all of us together wait for no more than some (house.py)."""
ALWAYS_BELIEVED = ("need_112", "told_to_leave")
"""What the core takes from everybody (escalation.py): who asks for more help."""
FIELD_MAX_CHARS = 40
TOLD_MAX = 5
"""What is wrong is told in a few words, whatever was sent."""

EXPECTED: Mapping[str, str] = {
    "id": "id",
    **dict.fromkeys(("incident", "member", "pager", "replacement"), "name"),
    **{name: name for name in ("answer", "reason", "fault", "target", "targets", "zender", "outcome", "test")},
    **{name: name for name in ("token", "order")},
    "proof": "token",
    **dict.fromkeys(("on", "first", "last"), "date"),
    **dict.fromkeys(("right", "announced", "withdrawn"), "truth"),
    **dict.fromkeys(("endpoint", "p256dh", "auth"), "subscription"),
    "stage": "order",
}
"""By field: the text that says what is expected of it."""


class Outcome(BaseModel):
    """What became of a command: the daemon's `answered` (docs/link.md)."""

    result: Literal["accepted", "closed", "refused"]
    note: str
    durable: bool


class _Command(BaseModel):
    """`id`: made by the page for each wish of a person; the same id again is the same wish."""

    model_config = ConfigDict(extra="forbid")
    id: Id


class Answer(_Command):
    """`member`: empty for whoever is logged in. The daemon wants a reason where reception says that all is clear."""

    incident: Name | Literal[""] = ""
    answer: Literal[
        "coming", "cannot", "on_scene", "told_to_leave", "need_112", "called_112", "police_here", "all_clear", "carry"
    ]
    member: NameOrNobody = ""
    pager: NameOrNobody = ""
    reason: Text = ""


class Undo(_Command):
    incident: Name


class Acknowledge(_Command):
    fault: Annotated[str, Field(pattern=r"^[\w.:/ -]{1,100}$")]


class Test(_Command):
    target: Target


class Took(_Command):
    pager: Name
    member: Name


class Called(_Command):
    pager: Name
    outcome: Literal["called", "comes", "replaced"]
    member: NameOrNobody = ""


class Swap(_Command):
    pager: Name
    on: date
    member: Name


class Away(_Command):
    member: NameOrNobody = ""
    first: date
    last: date
    replacement: NameOrNobody = ""
    withdrawn: bool = False


class TestButton(_Command):
    zender: ZenderNr
    targets: Annotated[list[Target], Field(max_length=100)] = []


class Claim(_Command):
    zender: ZenderNr


class Judge(_Command):
    test: Annotated[str, Field(pattern=r"^[\w.-]{1,128}$")]
    right: bool


class DrillStart(_Command):
    zender: ZenderNr
    announced: bool = False


class DrillStop(_Command):
    pass


class Register(_Command):
    """The subscription of this browser, for Web Push."""

    endpoint: Annotated[str, Field(pattern=r"^https://\S{1,1000}$")]
    p256dh: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,100}=*$")]
    auth: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,100}=*$")]


class Redeem(_Command):
    token: Annotated[str, Field(min_length=1, max_length=500)]


class Receipt(_Command):
    order: Annotated[str, Field(pattern=r"^[\w.-]{1,128}$")]
    proof: Annotated[str, Field(min_length=1, max_length=500)]
    stage: Literal["received", "shown"]


@router.post("/do/answer")
async def answer(request: Request, said: Answer) -> Outcome:
    """An answer to an alarm, or who carries a pager. From the desk that is in alarm nobody answers for somebody else,
    and its screen for nobody: whoever pressed cannot call it off, and who stands beside them cannot make them (S11)."""
    member = _whose(request, said.member)
    if said.answer not in ALWAYS_BELIEVED and _is_at_its_desk(request, said.incident):
        log.warning("an answer to %s from its own desk was refused", said.incident)
        raise HTTPException(403, words_of(request)("commands.at_the_desk"))
    command = said.model_dump(exclude={"member", "incident", "pager"}) | {"member": member}
    command |= {key: value for key, value in (("incident", said.incident), ("pager", said.pager)) if value}
    return await _tell(request, command | {"command": "answer"})


@router.post("/do/undo")
async def undo(request: Request, said: Undo) -> Outcome:
    """Take back a closing."""
    return await _tell(request, said.model_dump() | {"command": "undo", "member": _own(request)})


@router.post("/do/acknowledge")
async def acknowledge(request: Request, said: Acknowledge) -> Outcome:
    """Somebody has seen a fault."""
    return await _tell(request, said.model_dump() | {"command": "acknowledge", "member": _own(request)})


@router.post("/do/test")
async def test(request: Request, said: Test) -> Outcome:
    """Test one target; who is of the team alone, their own."""
    member = _own(request)
    if said.target.partition(":")[2] != member and _viewer(request).roles <= {"team"}:
        raise HTTPException(403, words_of(request)("commands.others_telephone"))
    return await _tell(request, said.model_dump() | {"command": "test", "by": member})


@router.post("/do/took")
async def took(request: Request, said: Took) -> Outcome:
    """A member has taken a pager."""
    return await _tell_by(request, "took", said)


@router.post("/do/called")
async def called(request: Request, said: Called) -> Outcome:
    """Somebody called about a missing pager."""
    return await _tell_by(request, "called", said)


@router.post("/do/swap")
async def swap(request: Request, said: Swap) -> Outcome:
    """On one day somebody else carries a pager."""
    return await _tell_by(request, "swap", said)


@router.post("/do/away")
async def away(request: Request, said: Away) -> Outcome:
    """A member is away, or is not after all."""
    member = _whose(request, said.member)
    return await _tell_by(request, "away", said.model_copy(update={"member": member}))


@router.post("/do/test_button")
async def test_button(request: Request, said: TestButton) -> Outcome:
    """Somebody stands at a zender and will press it now."""
    return await _tell_by(request, "test_button", said)


@router.post("/do/claim")
async def claim(request: Request, said: Claim) -> Outcome:
    """That press was the tester's."""
    return await _tell_by(request, "claim", said)


@router.post("/do/judge")
async def judge(request: Request, said: Judge) -> Outcome:
    """Whether the right place stood on what was to show it."""
    return await _tell_by(request, "judge", said)


@router.post("/do/drill_start")
async def drill_start(request: Request, said: DrillStart) -> Outcome:
    """Practise an alarm at this zender."""
    return await _tell_by(request, "drill_start", said)


@router.post("/do/drill_stop")
async def drill_stop(request: Request, said: DrillStop) -> Outcome:
    """End the drill."""
    return await _tell_by(request, "drill_stop", said)


@router.post("/do/register")
async def register(request: Request, said: Register) -> Outcome:
    """Web Push in this browser."""
    return await _tell(request, said.model_dump() | {"command": "register", "member": _own(request)})


@router.post("/redeem")
async def redeem(request: Request, said: Redeem) -> Outcome:
    """An answer by the button of a push message. Its one-time token says whose it is: no login is needed."""
    _pace(request)
    return await _tell(request, said.model_dump() | {"command": "redeem"})


@router.post("/receipt")
async def receipt(request: Request, said: Receipt) -> Outcome:
    """A push message has come, or stands on the screen. What proves it stood in that message: no login is needed."""
    _pace(request)
    return await _tell(request, said.model_dump() | {"command": "receipt"})


async def not_understood(request: Request, wrong: RequestValidationError) -> JSONResponse:
    """What is wrong with a command, in a sentence for each field."""
    t = words_of(request)
    told = []
    for error in islice(wrong.errors(), TOLD_MAX):
        field = next((str(key) for key in error["loc"][1:] if isinstance(key, str)), "")
        if field not in EXPECTED and error["type"] != "extra_forbidden":
            told.append(t("commands.nonsense"))
        elif error["type"] == "missing":
            told.append(t("commands.missing", field=field))
        elif error["type"] == "extra_forbidden":
            told.append(t("commands.unknown", field=field[:FIELD_MAX_CHARS]))
        else:
            told.append(t("commands.wrong", field=field, expected=t(f"commands.expected.{EXPECTED[field]}")))
    return JSONResponse({"detail": " ".join(dict.fromkeys(told))}, 422)


@dataclass
class _Paced:
    """What may still be said from one address, and when that was so."""

    left: float
    at_s: float


class Pace:
    """How much each address says that nobody knows."""

    def __init__(self) -> None:
        self._networks: OrderedDict[str, _Paced] = OrderedDict()

    def allows(self, address: str, now_s: float) -> bool:
        """Whether one more may be said from there."""
        network = network_of(address)
        paced = self._networks.setdefault(network, _Paced(STRANGERS_BURST, now_s))
        self._networks.move_to_end(network)
        if len(self._networks) > STRANGERS_MAX:
            self._networks.popitem(last=False)
        paced.left = min(STRANGERS_BURST, paced.left + (now_s - paced.at_s) * STRANGERS_A_S)
        paced.at_s = now_s
        if paced.left < 1:
            return False
        paced.left -= 1
        return True


def _pace(request: Request) -> None:
    pace: Pace = request.app.state.pace
    address = request.client.host if request.client else ""
    if not pace.allows(address, asyncio.get_running_loop().time()):
        raise HTTPException(429, words_of(request)("commands.too_busy"), {"Retry-After": "1"})


def _viewer(request: Request) -> Viewer:
    viewer: Viewer = request.state.viewer
    return viewer


def _own(request: Request) -> str:
    """Who somebody is in the plan. Who is nobody there can say nothing to the house."""
    member = _viewer(request).member
    if not member:
        raise HTTPException(403, words_of(request)("commands.no_member"))
    return member


def _whose(request: Request, asked: str) -> str:
    """In whose name something is said."""
    viewer = _viewer(request)
    if not asked or asked == viewer.member:
        return _own(request)
    if viewer.roles.isdisjoint(FOR_OTHERS):
        raise HTTPException(403, words_of(request)("commands.not_for_others"))
    return asked


def _is_at_its_desk(request: Request, incident: str) -> bool:
    state = request.app.state.house.look.state
    alarm = state.alarms.get(state.incident_of(incident) or incident)
    return alarm is not None and is_at_desk(_viewer(request), alarm, state)


async def _tell_by(request: Request, command: str, said: _Command) -> Outcome:
    return await _tell(request, said.model_dump(mode="json") | {"command": command, "by": _own(request)})


@contextmanager
def _one_of_few(request: Request) -> Iterator[None]:
    """While a command of this account waits: nobody takes all the places of the others. Strangers are paced."""
    account = request.state.viewer.account if request.state.viewer else ""
    waiting: Counter[str] = request.app.state.waiting
    if account and waiting[account] >= OF_ONE_MAX:
        raise HTTPException(429, words_of(request)("commands.too_busy"), {"Retry-After": "1"})
    waiting[account] += 1
    try:
        yield
    finally:
        waiting[account] -= 1
        if not waiting[account]:
            del waiting[account]


async def _tell(request: Request, command: dict[str, Any]) -> Outcome:
    """Raises 503 when whether it was done is not known (the same id again is safe), 422 when it makes no sense."""
    house: House = request.app.state.house
    counted: Counter[str] = request.app.state.figures.commands
    try:
        with _one_of_few(request):
            answered = await house.command(command)
    except LinkUnavailable as unavailable:
        counted["no answer"] += 1
        raise HTTPException(503, str(unavailable)) from None
    except AskedWrong as wrong:
        counted["not understood"] += 1
        raise HTTPException(422, words_of(request)("commands.refused", why=str(wrong))) from None
    counted[answered["result"]] += 1
    note = Texts(language_of(request)).note(answered["note"])
    return Outcome(result=answered["result"], note=note, durable=answered["durable"])
