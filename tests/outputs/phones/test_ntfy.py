"""The way ntfy, against a loopback server: what is published, which replies are told, and when it is a fault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from aiohttp import ClientSession

from achterwacht.errors import Undeliverable
from achterwacht.outputs.phones import ntfy as module
from achterwacht.outputs.phones import web
from achterwacht.outputs.phones.messages import (
    Address,
    Button,
    Deliver,
    Redeemed,
    Trouble,
    TroubleOver,
)
from achterwacht.outputs.phones.ntfy import NtfyWay
from achterwacht.outputs.wiring import Ntfy
from fake_phones import FakeNtfy, until
from way_house import WayHouse

CHANNEL, MEMBER = "channel:ntfy/failing", "way:ntfy:lid-4/failing"
GO, NO = "WyJvMSJd" * 8 + "." + "g" * 22, "WyJvMSJd" * 8 + "." + "n" * 22
BUTTONS = (Button("Ik ga", "coming", GO), Button("Kan niet", "cannot", NO))
ORDER = Deliver(
    id="1",
    order="5.aa.1",
    way="ntfy",
    member="lid-4",
    address=Address(ntfy="aw-lid4-5d1e77"),
    kind="alarm",
    incident="5",
    title="NOODKNOP BALIE 3",
    text="Publiekshal",
    urgent=True,
    ttl_s=120,
    buttons=BUTTONS,
    url="https://aw.example/5",
)


def a_token(nr: int) -> str:
    return f"{'WyJvMSJd' * 8}.{nr:022}"


class House(WayHouse[NtfyWay]):
    """A way with its server, and what it told."""

    def __init__(self, server: FakeNtfy, token_file: str = "") -> None:
        super().__init__(ORDER, now_s=1000.0)
        self.server = server
        self.members = {"lid-4": ORDER.address}
        wired = Ntfy(server.url + "/", "aw-antwoord", token_file)
        self.daemon_reads = asyncio.Event()
        self.daemon_reads.set()
        self.way = NtfyWay(wired, self.members, self.told.append, self._room, lambda: self.now_s)

    async def _room(self) -> None:
        await self.daemon_reads.wait()

    def tokens(self) -> list[str]:
        return [one.token for one in self.told if isinstance(one, Redeemed)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSES_S", (0.0,))
    monkeypatch.setattr(module, "HEALTH_EVERY_S", 0.02)
    monkeypatch.setattr(module, "HEALTH_AGAIN_S", 0.0)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeNtfy]:
    async with FakeNtfy() as server:
        yield server


@pytest_asyncio.fixture
async def house(server: FakeNtfy) -> AsyncIterator[House]:
    house = House(server)
    yield house
    await house.way._web.close()


# --- messages ---------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_an_alarm_is_published_with_its_buttons_and_without_our_token(server: FakeNtfy, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("tk_secret\n")
    server.token = "tk_secret"
    house = House(server, str(tmp_path / "token"))
    await house.way.deliver(ORDER)
    action = {"action": "http", "url": f"{server.url}/aw-antwoord", "method": "POST", "clear": True}
    assert server.published == [
        {
            "topic": "aw-lid4-5d1e77",
            "title": "NOODKNOP BALIE 3",
            "message": "Publiekshal",
            "priority": 5,
            "tags": ["rotating_light"],
            "actions": [action | {"label": "Ik ga", "body": GO}, action | {"label": "Kan niet", "body": NO}],
            "click": "https://aw.example/5",
        }
    ]
    assert "tk_secret" not in str(server.published)
    await house.way._web.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("kind", "urgent", "priority", "tags"),
    [
        ("call_112", True, 5, ["telephone"]),
        ("over", False, 3, ["white_check_mark"]),
        ("test", False, 3, ["test_tube"]),
        ("drill", True, 5, ["mega"]),
        ("reminder", False, 3, ["bell"]),
        ("fault", False, 3, ["warning"]),
        ("of next year", False, 3, []),
    ],
)
async def test_a_kind_has_its_priority_and_sign(
    house: House, kind: str, urgent: bool, priority: int, tags: list[str]
) -> None:
    await house.way.deliver(msgspec.structs.replace(ORDER, kind=kind, urgent=urgent, buttons=(), url=""))
    (message,) = house.server.published
    assert (message["priority"], message["tags"], message["actions"]) == (priority, tags, [])
    assert "click" not in message


@pytest.mark.asyncio
async def test_what_is_too_much_for_ntfy_is_left_out(house: House) -> None:
    await house.way.deliver(msgspec.structs.replace(ORDER, text="\N{BELL}" * 5000, buttons=BUTTONS * 3))
    (message,) = house.server.published
    assert len(message["actions"]) == 3
    assert 3000 < len(message["message"].encode()) <= 4096


@pytest.mark.asyncio
async def test_a_member_without_a_topic_is_never_reached_by_ntfy(house: House) -> None:
    refused = await house.refused(msgspec.structs.replace(ORDER, address=Address()))
    assert refused.permanent
    assert "lid-4 has no ntfy topic" in refused.reason


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "permanent", "says"),
    [
        (400, True, "as the test wants"),
        (413, True, "413"),
        (401, False, "ntfy access"),
        (403, False, "ntfy access"),
        (404, False, "correct phones: ntfy: url"),
        (302, False, "correct phones: ntfy: url"),
        (429, False, "visitor limits"),
        (500, False, "500"),
        (507, False, "507"),
    ],
)
async def test_a_refusal_says_why_and_whether_to_try_again(
    house: House, status: int, permanent: bool, says: str
) -> None:
    house.server.failing = status
    refused = await house.refused()
    assert refused.permanent is permanent
    assert says in refused.reason
    assert house.server.asked == ["POST /"], "nobody else is asked"
    assert ORDER.address.ntfy not in refused.reason, "a topic is a password"


@pytest.mark.asyncio
async def test_a_server_that_is_away_or_says_nothing_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "ANSWER_WITHIN_S", 0.05)
    house.server.failing = 0
    hung = await house.refused()
    await house.server.stop()
    away = await house.refused()
    assert not hung.permanent and "no answer within 0.05 s" in hung.reason
    assert not away.permanent and "cannot be reached" in away.reason


@pytest.mark.asyncio
@pytest.mark.parametrize("url", ["http://", "http://256.1.1.1.1:x/", "ntfy", "http://[::1"])
async def test_a_url_that_is_none_is_a_reason(url: str) -> None:
    way = NtfyWay(Ntfy("http://x", "aw-antwoord"), {}, lambda _: None, lambda: asyncio.sleep(0), lambda: 0.0)
    way._url = url
    with pytest.raises(Undeliverable) as caught:
        await way.deliver(ORDER)
    assert caught.value.reason
    await way._web.close()


@pytest.mark.asyncio
async def test_a_token_that_was_replaced_is_read_again_when_it_is_refused(server: FakeNtfy, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("tk_old")
    server.token = "tk_new"
    house = House(server, str(file))
    assert "put a token that is good" in (await house.refused()).reason
    file.write_text("tk_new")
    await house.way.deliver(ORDER)
    assert len(server.published) == 1
    assert house.told == [Trouble(MEMBER, house.troubles()[0]), TroubleOver(MEMBER)]
    await house.way._web.close()


@pytest.mark.asyncio
async def test_a_token_file_that_is_not_there_is_a_reason(server: FakeNtfy, tmp_path: Path) -> None:
    house = House(server, str(tmp_path / "none"))
    refused = await house.refused()
    assert "cannot be read" in refused.reason and "user achterwacht" in refused.reason
    assert not refused.permanent


@pytest.mark.asyncio
async def test_a_topic_that_is_refused_is_that_members_fault_until_the_plan_has_another(house: House) -> None:
    house.server.denied = {ORDER.address.ntfy}
    await house.refused()
    assert [one.key for one in house.told if isinstance(one, Trouble)] == [MEMBER]
    house.members["lid-4"] = Address(ntfy="another")
    async with house.running():
        await until(lambda: TroubleOver(MEMBER) in house.told)


# --- replies and supervision ------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_button_that_is_tapped_is_told_once(house: House) -> None:
    await house.way.deliver(ORDER)
    action: dict[str, Any] = house.server.published[0]["actions"][0]
    async with house.running():
        await until(lambda: house.server.streams)
        async with (
            ClientSession() as phone,
            phone.request(action["method"], action["url"], data=action["body"]) as said,
        ):
            assert said.status == 200
        await until(house.tokens)
    assert Redeemed(GO) in house.told
    assert house.tokens() == [GO]


@pytest.mark.asyncio
async def test_a_stream_that_stands_and_a_healthy_server_end_an_old_fault(house: House) -> None:
    async with house.running():
        await until(lambda: house.told)
    assert house.told == [TroubleOver(CHANNEL)]


@pytest.mark.asyncio
async def test_no_reply_is_lost_or_told_twice_while_the_stream_is_away(house: House) -> None:
    async with house.running():
        await until(lambda: house.server.streams)
        house.server.say("message", message=a_token(1))
        await until(lambda: house.tokens() == [a_token(1)])
        house.server.clock_s += 3600
        house.server.say("keepalive")
        house.server.cut()
        await until(lambda: not house.server.streams)
        house.server.say("message", message=a_token(2))
        await until(lambda: house.server.streams)
        house.server.say("message", message=a_token(3))
        await until(lambda: a_token(3) in house.tokens())
        house.server.cut()
        await until(lambda: len(house.server.since) == 3)
        house.server.say("message", message=a_token(4))
        await until(lambda: a_token(4) in house.tokens())
    assert house.tokens() == [a_token(1), a_token(2), a_token(3), a_token(4)]
    assert house.server.since[0] == "10m"
    assert int(house.server.since[-1]) >= 1_800_000_000 - module.SINCE_MARGIN_S


@pytest.mark.asyncio
async def test_what_was_answered_while_this_process_was_away_is_told(house: House) -> None:
    house.server.say("message", message=GO)
    async with house.running():
        await until(lambda: house.tokens() == [GO])


@pytest.mark.asyncio
async def test_what_can_be_no_token_is_not_told(house: House) -> None:
    async with house.running():
        await until(lambda: house.server.streams)
        for message in ("", " \n", "x" * 5000, f"{GO}x", f"x {GO}", GO.replace(".", ""), GO[50:], f" {GO}\n"):
            house.server.say("message", message=message)
        await until(house.tokens)
    assert house.tokens() == [GO]


@pytest.mark.asyncio
async def test_a_flood_of_words_costs_no_answer_and_is_logged_once_a_minute(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async with house.running():
        await until(lambda: house.server.streams)
        for nr in range(2 * module.IDS_MAX):
            house.server.say("message", message=f"word {nr}")
        house.server.say("message", message=GO)
        await until(house.tokens)
        house.now_s += module.IGNORED_EVERY_S
        house.server.say("message", message="a word")
        house.server.say("message", message=NO)
        await until(lambda: house.tokens() == [GO, NO])
    logged = [record.getMessage() for record in caplog.records if "reply topic" in record.getMessage()]
    assert logged == [
        f"ignored on the reply topic: {many} messages that are no answers of ours" for many in (1, 2 * module.IDS_MAX)
    ]
    assert not house.troubles(), "it works"


@pytest.mark.asyncio
async def test_while_the_daemon_does_not_read_no_answer_is_told_or_lost(house: House) -> None:
    async with house.running():
        await until(lambda: house.server.streams)
        house.daemon_reads.clear()
        for nr in range(9):
            house.server.say("message", message=a_token(nr))
        checks = len(house.server.asked)
        await until(lambda: len(house.server.asked) > checks + 3)
        assert len(house.tokens()) <= 1
        house.daemon_reads.set()
        await until(lambda: house.tokens() == [a_token(nr) for nr in range(9)])


@pytest.mark.asyncio
@pytest.mark.parametrize("line", [b"<html>\n", b"[]\n", b'{"event":5}\n', b"\xff\n", b"x" * 200_000 + b"\n"])
async def test_nonsense_on_the_stream_is_a_fault_when_it_goes_on(house: House, line: bytes) -> None:
    async with house.running():
        await until(lambda: house.told == [TroubleOver(CHANNEL)])
        house.now_s += module.GRACE_S
        house.server.say_raw(line)
        await until(house.troubles)
        await until(lambda: house.told[-1] == TroubleOver(CHANNEL))
    assert "does not speak as ntfy" in house.troubles()[0] or "broke" in house.troubles()[0]


@pytest.mark.asyncio
async def test_a_server_that_goes_is_a_fault_after_the_grace_and_over_when_it_is_back(house: House) -> None:
    async with house.running():
        await until(lambda: house.told == [TroubleOver(CHANNEL)])
        house.now_s += module.STEADY_S
        await house.server.stop()
        asked = len(house.told)
        house.now_s += module.GRACE_S
        await until(lambda: len(house.told) > asked)
        assert "cannot be reached" in house.troubles()[-1] or "closed" in house.troubles()[-1]
        await house.server.start()
        await until(lambda: house.told[-1] == TroubleOver(CHANNEL))


@pytest.mark.asyncio
async def test_a_short_loss_is_no_fault(house: House) -> None:
    async with house.running():
        await until(lambda: house.told == [TroubleOver(CHANNEL)])
        house.now_s += module.STEADY_S
        for _ in range(3):
            house.server.cut()
            await until(lambda: not house.server.streams)
            await until(lambda: house.server.streams)
    assert house.told == [TroubleOver(CHANNEL)]


@pytest.mark.asyncio
async def test_a_stream_without_a_word_is_dead(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENT_S", 0.05)
    async with house.running():
        await until(lambda: TroubleOver(CHANNEL) in house.told)
        house.now_s += module.GRACE_S
        await until(house.troubles)
    assert "says nothing for 0.05 s" in house.troubles()[0]


@pytest.mark.asyncio
async def test_a_server_that_is_not_healthy_is_a_fault_until_it_is(house: House) -> None:
    async with house.running():
        await until(lambda: house.told == [TroubleOver(CHANNEL)])
        house.server.healthy = False
        await until(house.troubles)
        assert "not healthy" in house.troubles()[0]
        house.server.healthy = True
        await until(lambda: house.told[-1] == TroubleOver(CHANNEL))


@pytest.mark.asyncio
async def test_a_token_that_may_not_read_is_a_fault_that_a_better_file_ends(server: FakeNtfy, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("tk_old")
    server.token = "tk_new"
    house = House(server, str(file))
    house.now_s = 0.0
    async with house.running():
        await until(lambda: server.asked)
        house.now_s = module.GRACE_S
        await until(house.troubles)
        assert "does not let us" in house.troubles()[0]
        file.write_text("tk_new")
        await until(lambda: house.told[-1] == TroubleOver(CHANNEL))
