"""What people press: each button is a command to the daemon, said by whoever is logged in.

Knows the shape of each command and in whose name it may be said. What becomes of it is the daemon's; who may say it at
all is access.py's.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from achterwacht.errors import AskedWrong, LinkUnavailable
from achterwacht_dashboard.access import Role, Viewer
from achterwacht_dashboard.house import House

router = APIRouter(tags=["commands"])

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Name = Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")]
NameOrNobody = Annotated[str, Field(pattern=r"^[\w.-]{0,64}$")]
ZenderNr = Annotated[int, Field(ge=1, le=9999)]
Text = Annotated[str, Field(max_length=500)]
Target = Annotated[str, Field(pattern=r"^[\w-]{1,32}:[\w.-]{1,64}$")]

FOR_OTHERS: frozenset[Role] = frozenset({"reception", "coordinator"})
"""Who may say something in the name of somebody else: what a member called out, or said by telephone."""


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
    stage: Literal["received", "shown"]


@router.post("/do/answer")
async def answer(request: Request, said: Answer) -> Outcome:
    """An answer to an alarm, or who carries a pager."""
    command = said.model_dump(exclude={"member", "pager"}) | {"member": _whose(request, said.member)}
    if said.pager:
        command["pager"] = said.pager
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
        raise HTTPException(403, "that is somebody else's telephone")
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
    return await _tell(request, said.model_dump() | {"command": "redeem"})


@router.post("/receipt")
async def receipt(request: Request, said: Receipt) -> Outcome:
    """A push message has come, or stands on the screen. Whoever has an order's id has got the order."""
    return await _tell(request, said.model_dump() | {"command": "receipt"})


def _viewer(request: Request) -> Viewer:
    viewer: Viewer = request.state.viewer
    return viewer


def _own(request: Request) -> str:
    """Who somebody is in the plan. Who is nobody there can say nothing to the house."""
    member = _viewer(request).member
    if not member:
        raise HTTPException(403, "this account is of no member of the plan: the administrator can say whose it is")
    return member


def _whose(request: Request, asked: str) -> str:
    """In whose name something is said."""
    viewer = _viewer(request)
    if not asked or asked == viewer.member:
        return _own(request)
    if viewer.roles.isdisjoint(FOR_OTHERS):
        raise HTTPException(403, "only reception and the coordinator speak for others")
    return asked


async def _tell_by(request: Request, command: str, said: _Command) -> Outcome:
    return await _tell(request, said.model_dump(mode="json") | {"command": command, "by": _own(request)})


async def _tell(request: Request, command: dict[str, Any]) -> Outcome:
    """Raises 503 when whether it was done is not known (the same id again is safe), 422 when it makes no sense."""
    house: House = request.app.state.house
    try:
        answered = await house.command(command)
    except LinkUnavailable as unavailable:
        raise HTTPException(503, str(unavailable)) from None
    except AskedWrong as wrong:
        raise HTTPException(422, str(wrong)) from None
    return Outcome(result=answered["result"], note=answered["note"], durable=answered["durable"])
