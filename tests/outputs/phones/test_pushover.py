"""The way pushover, against a loopback server: messages, receipts until they are acknowledged, and bad keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from achterwacht.outputs.phones import pushover as module
from achterwacht.outputs.phones.messages import Address, Deliver, FromChild, Redeemed, Trouble, TroubleOver
from achterwacht.outputs.phones.pushover import PushoverWay
from achterwacht.outputs.wiring import Pushover
from fake_phones import FakePushover, until
from way_house import WayHouse

CHANNEL, MEMBER = "channel:pushover/failing", "way:pushover:lid-4/failing"
TOKEN, KEY, OTHER_KEY = "app-token", "user-4", "user-5"
ORDER = Deliver(
    id="1",
    order="5.aa.1",
    way="pushover",
    member="lid-4",
    address=Address(pushover=KEY),
    kind="alarm",
    incident="5",
    title="NOODKNOP BALIE 3",
    text="Publiekshal",
    urgent=True,
    ttl_s=120,
    acknowledge_token="t-go",
    url="https://aw.example/5",
)
OVER = msgspec.structs.replace(ORDER, order="5.aa.9", kind="over", urgent=False, text="", title="Voorbij")


class House(WayHouse[PushoverWay]):
    """A way with its server, and what it told."""

    def __init__(self, server: FakePushover, token_file: Path) -> None:
        super().__init__(ORDER)
        self.server = server
        self.token_file = token_file
        self.members = {"lid-4": ORDER.address, "lid-5": Address(pushover=OTHER_KEY), "lid-6": Address()}
        wired = Pushover(str(token_file), server.url)
        self.way = PushoverWay(wired, self.members, self.told.append, lambda: self.now_s)

    def has_token(self, token: str) -> None:
        self.token_file.write_text(token)

    def redeemed(self) -> list[FromChild]:
        return [one for one in self.told if isinstance(one, Redeemed)]

    def troubles(self, key: str = CHANNEL) -> list[str]:
        return super().troubles(key)

    def looks(self) -> int:
        return sum(asked.startswith("GET /1/receipts/") for asked in self.server.asked)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.0)
    monkeypatch.setattr(module, "CHECK_EVERY_S", 0.0)
    monkeypatch.setattr(module, "CHECK_AGAIN_S", 0.0)


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    (tmp_path / "pushover.token").write_text(f"{TOKEN}\n")
    return tmp_path / "pushover.token"


@pytest_asyncio.fixture
async def house(token_file: Path) -> AsyncIterator[House]:
    async with FakePushover(TOKEN, {KEY, OTHER_KEY}) as server:
        house = House(server, token_file)
        yield house
        await house.way._web.close()


# --- messages ---------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_an_alarm_is_an_emergency_that_can_be_cancelled(house: House) -> None:
    await house.way.deliver(ORDER)
    (form,) = house.server.messages
    tag = form.pop("tags")
    assert tag.startswith("aw-") and "lid" not in tag
    assert form == {
        "token": TOKEN,
        "user": KEY,
        "title": "NOODKNOP BALIE 3",
        "message": "Publiekshal",
        "priority": "2",
        "retry": "30",
        "expire": "300",
        "url": "https://aw.example/5",
    }


@pytest.mark.asyncio
async def test_what_is_not_urgent_is_a_message_that_goes_away_by_itself(house: House) -> None:
    await house.way.deliver(msgspec.structs.replace(ORDER, kind="test", urgent=False, url="", ttl_s=0))
    (form,) = house.server.messages
    assert (form["priority"], form["ttl"]) == ("0", "1")
    assert not {"retry", "expire", "tags", "url"} & form.keys()


@pytest.mark.asyncio
async def test_what_is_too_long_for_pushover_is_cut_and_an_empty_text_is_the_title(house: House) -> None:
    await house.way.deliver(msgspec.structs.replace(ORDER, title="t" * 999, text="x" * 9999, url="u" * 999))
    await house.way.deliver(msgspec.structs.replace(ORDER, text=""))
    assert [len(form["message"]) for form in house.server.messages] == [1024, len(ORDER.title)]


@pytest.mark.asyncio
async def test_over_first_ends_what_rings_at_this_member_and_at_nobody_else(house: House) -> None:
    await house.way.deliver(ORDER)
    other = msgspec.structs.replace(ORDER, member="lid-5", address=house.members["lid-5"])
    await house.way.deliver(other)
    await house.way.deliver(OVER)
    assert house.server.cancelled == [house.server.messages[0]["tags"]] != [house.server.messages[1]["tags"]]
    assert house.server.messages[-1]["message"] == "Voorbij"
    async with house.running():
        house.server.acknowledge("receipt0")
        house.server.acknowledge("receipt1")
        await until(house.redeemed)
    assert not any(asked.endswith("receipt0.json") for asked in house.server.asked), "nobody looks at it any more"


@pytest.mark.asyncio
async def test_over_is_tried_again_when_the_ringing_could_not_be_ended(house: House) -> None:
    house.server.failing = 503
    assert not (await house.refused(OVER)).permanent
    assert house.server.asked == [f"POST /1/receipts/cancel_by_tag/{module._tag(OVER)}.json"]


@pytest.mark.asyncio
async def test_a_member_without_a_key_is_never_reached_by_pushover(house: House) -> None:
    refused = await house.refused(msgspec.structs.replace(ORDER, address=Address()))
    assert refused.permanent
    assert "lid-4 has no Pushover user key" in refused.reason


@pytest.mark.asyncio
async def test_a_key_that_is_refused_is_that_members_fault_until_the_plan_has_another(house: House) -> None:
    house.server.users = {OTHER_KEY, "better"}
    refused = await house.refused()
    assert refused.permanent
    assert "does not know this user key" in refused.reason
    assert house.told == [Trouble(MEMBER, refused.reason)]
    house.members["lid-4"] = Address(pushover="better")
    async with house.running():
        await until(lambda: TroubleOver(MEMBER) in house.told)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "permanent", "says"), [(429, False, "used up"), (500, False, "500"), (413, True, "413")]
)
async def test_a_refusal_says_why_and_whether_to_try_again(
    house: House, status: int, permanent: bool, says: str
) -> None:
    house.server.failing = status
    refused = await house.refused()
    assert refused.permanent is permanent
    assert says in refused.reason
    assert TOKEN not in refused.reason


@pytest.mark.asyncio
async def test_a_token_that_was_replaced_is_read_again_when_it_is_refused(house: House) -> None:
    house.server.token = "new-token"
    refused = await house.refused()
    assert not refused.permanent and "does not know our token" in refused.reason
    assert house.troubles() == [refused.reason]
    house.has_token("new-token")
    await house.way.deliver(ORDER)
    assert TroubleOver(CHANNEL) in house.told
    assert "token" not in refused.reason.replace("our token", "").replace("API token", "").replace(
        str(house.token_file), ""
    )


@pytest.mark.asyncio
async def test_a_service_that_is_away_is_a_reason(house: House) -> None:
    await house.server.stop()
    assert "cannot be reached" in (await house.refused()).reason
    house.has_token("")
    house.way._token = ""
    assert "is empty" in (await house.refused()).reason


# --- receipts ---------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_an_acknowledgement_is_told_once_and_not_looked_at_again(house: House) -> None:
    async with house.running():
        await house.way.deliver(ORDER)
        await until(lambda: house.looks() > 2)
        assert house.redeemed() == []
        house.server.acknowledge("receipt0")
        await until(house.redeemed)
        looks, checks = house.looks(), len(house.server.validated)
        await until(lambda: len(house.server.validated) > checks + 5)
    assert house.redeemed() == [Redeemed("t-go")]
    assert house.looks() == looks


@pytest.mark.asyncio
async def test_an_acknowledgement_that_means_nothing_is_not_told(house: House) -> None:
    async with house.running():
        await house.way.deliver(msgspec.structs.replace(ORDER, acknowledge_token=""))
        house.server.acknowledge("receipt0")
        await until(lambda: not house.way._followed)
    assert house.redeemed() == []


@pytest.mark.asyncio
async def test_a_newer_order_ends_the_older_one_after_a_last_look(house: House) -> None:
    async with house.running():
        await house.way.deliver(ORDER)
        other = msgspec.structs.replace(ORDER, member="lid-5", address=house.members["lid-5"])
        await house.way.deliver(other)
        await house.way.deliver(msgspec.structs.replace(ORDER, order="5.aa.2", acknowledge_token="t-go-2"))
        await until(lambda: house.server.cancelled)
        house.server.acknowledge("receipt2")
        await until(house.redeemed)
        looks = house.looks()
        await until(lambda: house.looks() > looks + 5)
    assert house.server.cancelled == ["receipt0"]
    assert house.redeemed() == [Redeemed("t-go-2")]


@pytest.mark.asyncio
@pytest.mark.parametrize("ends", ["expired", "unknown", "late"])
async def test_a_receipt_that_says_no_more_is_left_alone(house: House, ends: str) -> None:
    await house.way.deliver(ORDER)
    if ends == "expired":
        house.server.receipts["receipt0"]["expired"] = 1
    elif ends == "unknown":
        del house.server.receipts["receipt0"]
    else:
        house.server.failing = 500
        house.now_s += module.EXPIRE_S + 6
    async with house.running():
        await until(lambda: not house.way._followed)
    assert house.redeemed() == []


@pytest.mark.asyncio
async def test_a_look_that_fails_is_done_again(house: House) -> None:
    await house.way.deliver(ORDER)
    house.server.failing = 503
    async with house.running():
        await until(lambda: house.looks() > 2)
        await house.server.stop()
        await house.server.start()
        house.server.failing = None
        house.server.acknowledge("receipt0")
        await until(house.redeemed)


@pytest.mark.asyncio
async def test_only_so_many_receipts_are_looked_at(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FOLLOWED_MAX", 2)
    for incident in "567":
        await house.way.deliver(msgspec.structs.replace(ORDER, incident=incident))
    assert list(house.way._followed) == ["receipt1", "receipt2"], "the oldest is left alone"
    for _ in range(2):
        await house.way.deliver(msgspec.structs.replace(ORDER, incident="7"))
    assert list(house.way._followed) == ["receipt1", "receipt4"], "but first what was replaced"


@pytest.mark.asyncio
async def test_every_acknowledgement_of_a_great_alarm_is_told(house: House) -> None:
    for nr in range(150):
        await house.way.deliver(msgspec.structs.replace(ORDER, member=f"lid-{nr}", acknowledge_token=f"t-{nr}"))
    async with house.running():
        await until(lambda: house.looks() >= 150)
        for nr in range(150):
            house.server.acknowledge(f"receipt{nr}")
        await until(lambda: len(house.redeemed()) == 150)
    assert {f"t-{nr}" for nr in range(150)} == {one.token for one in house.redeemed() if isinstance(one, Redeemed)}


@pytest.mark.asyncio
async def test_receipts_are_looked_at_in_parts_and_each_once_in_a_round(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_S", 1.0)
    pauses: list[tuple[float, int]] = []

    async def pause(wait_s: float) -> None:
        pauses.append((wait_s, house.looks()))
        if len(pauses) == module.SLICES:
            raise asyncio.CancelledError

    for nr in range(20):
        await house.way.deliver(msgspec.structs.replace(ORDER, incident=str(nr)))
    with monkeypatch.context() as paused, pytest.raises(asyncio.CancelledError):
        paused.setattr(asyncio, "sleep", pause)
        await house.way._poll()
    assert pauses == [(0.1, 2 * (nr + 1)) for nr in range(10)]
    assert len(set(house.server.asked)) == len(house.server.asked) - 19, "the messages are alike, the looks are not"


# --- supervision ------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_every_key_is_checked_at_once_and_then_in_turn(house: House) -> None:
    async with house.running():
        await until(lambda: len(house.server.validated) >= 6)
    assert house.server.validated[:6] == [KEY, OTHER_KEY] * 3
    assert TroubleOver(CHANNEL) in house.told and TroubleOver(MEMBER) in house.told


@pytest.mark.asyncio
async def test_a_bad_key_is_a_fault_of_its_member_alone_until_it_is_good(house: House) -> None:
    house.server.users = {OTHER_KEY}
    async with house.running():
        await until(lambda: TroubleOver(CHANNEL) in house.told)
        assert house.troubles(MEMBER) and not house.troubles()
        house.server.users = {KEY, OTHER_KEY}
        await until(lambda: TroubleOver(MEMBER) in house.told)


@pytest.mark.asyncio
async def test_a_new_member_is_checked_next_and_one_that_left_no_more(house: House) -> None:
    async with house.running():
        await until(lambda: len(house.server.validated) >= 3)
        house.members["lid-7"] = Address(pushover="nobody")
        await until(lambda: house.troubles("way:pushover:lid-7/failing"))
        del house.members["lid-7"]
        await until(lambda: TroubleOver("way:pushover:lid-7/failing") in house.told)


@pytest.mark.asyncio
@pytest.mark.parametrize(("failing", "says"), [(503, "503"), (429, "used up")])
async def test_a_service_that_fails_is_a_fault_until_it_answers(house: House, failing: int, says: str) -> None:
    house.server.failing = failing
    async with house.running():
        await until(house.troubles)
        assert says in house.troubles()[0]
        house.server.failing = None
        await until(lambda: TroubleOver(CHANNEL) in house.told)


@pytest.mark.asyncio
async def test_a_bad_token_is_a_fault_that_a_better_file_ends(house: House) -> None:
    house.server.token = "new-token"
    async with house.running():
        await until(house.troubles)
        assert str(house.token_file) in house.troubles()[0]
        house.has_token("new-token")
        await until(lambda: TroubleOver(CHANNEL) in house.told)
