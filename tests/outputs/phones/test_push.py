"""Web Push against a push service that checks and decrypts as real ones and their browsers do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.clock import Clock
from achterwacht.errors import Unavailable, Undeliverable
from achterwacht.outputs.phones import web
from achterwacht.outputs.phones.messages import (
    Address,
    Button,
    Deliver,
    FromChild,
    Gone,
    Registration,
    Trouble,
    TroubleOver,
)
from achterwacht.outputs.phones.push import PAYLOAD_MAX_BYTES, PushWay, origin, payload, topic
from achterwacht.outputs.phones.vapid import make_vapid_key, read_vapid_key
from achterwacht.outputs.wiring import WebPush
from fake_phones import until
from fake_push import FakePush, Phone, bytes64, push_service

WAIT_S = 10.0
FAULT, MEMBER = "channel:push/failing", "way:push:lid-1/failing"
INCIDENT = "5-9f3a-412"
BUTTONS = (Button("Ik kom", "coming", "t1"), Button("Ik kan niet", "cannot", "t2"))


def an_order(*phones: Phone | Registration, **said: Any) -> Deliver:
    registrations = tuple(one if isinstance(one, Registration) else registered(one) for one in phones)
    usual: dict[str, Any] = {
        "id": "1",
        "order": f"{INCIDENT}.b.1",
        "proof": "Zx0",
        "way": "push",
        "member": "lid-1",
        "address": Address(registrations),
        "kind": "alarm",
        "reason": "first press",
        "incident": INCIDENT,
        "title": "NOODKNOP Balie 3",
        "text": "Publiekshal",
        "urgent": True,
        "ttl_s": 120,
        "buttons": BUTTONS,
        "url": "https://paging.example/a/1",
    }
    return Deliver(**usual | said)


def registered(phone: Phone) -> Registration:
    p256dh, auth = phone.keys
    return Registration(phone.name, phone.endpoint, p256dh, auth)


def anything(endpoint: str, hosts: Sequence[str]) -> bool:
    return True


@dataclass
class House:
    """A way, its push service, and what it told."""

    way: PushWay
    service: FakePush
    key_file: Path
    told: list[FromChild] = field(default_factory=list)
    members: dict[str, Address] = field(default_factory=dict)

    def faults(self, key: str = FAULT) -> list[str]:
        """What was told of it, in turn: what is wrong, or nothing when it is over."""
        about = (one for one in self.told if isinstance(one, Trouble | TroubleOver) and one.key == key)
        return [one.detail if isinstance(one, Trouble) else "" for one in about]

    async def fails(self, order: Deliver) -> Undeliverable:
        with pytest.raises(Undeliverable) as failure:
            await self.delivers(order)
        return failure.value

    async def delivers(self, order: Deliver) -> None:
        async with asyncio.timeout(WAIT_S):
            await self.way.deliver(order)


@asynccontextmanager
async def house(folder: Path, contact: str = "mailto:beheer@gemeente.example") -> AsyncIterator[House]:
    key_file = folder / "vapid.pem"
    key = make_vapid_key(key_file)
    told: list[FromChild] = []
    wired = WebPush(contact, ("fcm.googleapis.com", ".push.apple.com"))
    async with push_service() as service:
        service.server_key = key
        members = {f"lid-{nr}": Address() for nr in range(1, 4)}
        way = PushWay(wired, str(key_file), members, told.append, Clock().now, anything)
        running = asyncio.create_task(way.run())
        try:
            yield House(way, service, key_file, told, members)
        finally:
            running.cancel()
            await asyncio.wait({running}, timeout=WAIT_S)


# --- what arrives -----------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_an_alarm_reaches_the_phone_with_its_buttons_and_must_break_through_silence(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.delivers(an_order(at.service.phone("a")))
    (pushed,) = at.service.pushed
    assert pushed.said == {
        "v": 1,
        "kind": "alarm",
        "reason": "first press",
        "order": f"{INCIDENT}.b.1",
        "proof": "Zx0",
        "incident": INCIDENT,
        "title": "NOODKNOP Balie 3",
        "text": "Publiekshal",
        "buttons": [
            {"label": "Ik kom", "answer": "coming", "token": "t1"},
            {"label": "Ik kan niet", "answer": "cannot", "token": "t2"},
        ],
    }
    assert (pushed.headers["TTL"], pushed.headers["Urgency"]) == ("120", "high")
    assert at.told == [TroubleOver(MEMBER), TroubleOver(FAULT)]


@pytest.mark.asyncio
async def test_what_does_not_ring_is_of_low_urgency_and_a_notice_is_not_left_for_the_charger(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.delivers(an_order(at.service.phone("a"), kind="test", urgent=False, incident="", ttl_s=21600))
        await at.delivers(an_order(at.service.phone("a"), kind="reminder", urgent=False, incident=""))
    test, reminder = (pushed.headers for pushed in at.service.pushed)
    assert (test["Urgency"], test["Topic"], test["TTL"]) == ("low", "test", "21600")
    assert reminder["Urgency"] == "normal"


@pytest.mark.asyncio
async def test_every_phone_of_a_member_gets_it_and_one_is_enough(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        phones = [at.service.phone(name) for name in "abc"]
        phones[0].answers, phones[1].answers = 410, 503
        await at.delivers(an_order(*phones))
    assert [pushed.phone for pushed in at.service.pushed] == ["c"]
    gone = [told for told in at.told if isinstance(told, Gone)]
    assert [(one.member, one.registration) for one in gone] == [("lid-1", "a")]
    assert at.faults() == [""]


@pytest.mark.asyncio
async def test_each_push_service_gets_claims_of_its_own(tmp_path: Path) -> None:
    async with house(tmp_path) as at, push_service() as other:
        await at.delivers(an_order(at.service.phone("a"), other.phone("b")))
        await at.delivers(an_order(other.phone("c"), at.service.phone("d")))
    assert len(at.service.pushed) == len(other.pushed) == 2
    assert at.service.refused == other.refused == []


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [200, 201, 202])
async def test_any_yes_is_one(tmp_path: Path, status: int) -> None:
    async with house(tmp_path) as at:
        phone = at.service.phone("a")
        phone.answers = status
        await at.delivers(an_order(phone))
    assert len(at.service.pushed) == 1


# --- what does not ----------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [404, 410])
async def test_only_a_phone_that_is_gone_is_removed_and_then_there_is_none(tmp_path: Path, status: int) -> None:
    async with house(tmp_path) as at:
        phone = at.service.phone("a")
        phone.answers = status
        failure = await at.fails(an_order(phone))
    assert (failure.reason, failure.permanent) == ("no phone registered", True)
    assert [(told.member, told.registration) for told in at.told if isinstance(told, Gone)] == [("lid-1", "a")]
    assert at.faults() == at.faults(MEMBER) == [""]


@pytest.mark.asyncio
async def test_one_phone_that_is_gone_does_not_give_up_another(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        gone, busy = at.service.phone("gone"), at.service.phone("busy")
        gone.answers, busy.answers = 410, 503
        failure = await at.fails(an_order(gone, busy))
        assert "answered 410" in failure.reason
        assert "answered 503" in failure.reason
        assert not failure.permanent
        assert at.faults() == [failure.reason.split("; ")[1]]


@pytest.mark.asyncio
async def test_a_member_without_phones_has_none(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        failure = await at.fails(an_order())
    assert (failure.reason, failure.permanent) == ("no phone registered", True)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (429, " answered 429: too many messages, ask again after 60"),
        (500, " answered 500"),
        (503, " answered 503"),
        (408, " answered 408"),
        (401, "refuses our key or signature"),
        (403, "is the clock right?"),
        ("close", "the connection to 127.0.0.1"),
        ("hang", "gives no answer within 0.2 s"),
        ("redirect", "answered 307"),
    ],
)
async def test_a_service_that_fails_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: int | str, words: str
) -> None:
    if answers == "hang":
        monkeypatch.setattr(web, "ANSWER_WITHIN_S", 0.2)
    async with house(tmp_path) as at:
        phone = at.service.phone("a")
        phone.answers = answers
        failure = await at.fails(an_order(phone))
        assert words in failure.reason
        assert not failure.permanent
        assert at.faults() == [failure.reason]
        assert at.faults(MEMBER) == [f"browser a: {failure.reason}"]
        assert at.service.asked == 1
        phone.answers = 201
        await at.delivers(an_order(phone))
        assert at.faults() == [failure.reason, ""]
        assert at.faults(MEMBER)[1:] == [""]


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [400, 413, 418])
async def test_what_is_refused_for_one_phone_is_no_fault_of_the_service(tmp_path: Path, status: int) -> None:
    async with house(tmp_path) as at:
        phone = at.service.phone("a")
        phone.answers = status
        failure = await at.fails(an_order(phone))
        assert f"answered {status}" in failure.reason
        assert not failure.permanent
        assert at.faults() == [""]
        assert at.faults(MEMBER) == [f"browser a: {failure.reason}"]


@pytest.mark.asyncio
async def test_one_phone_that_its_service_fails_does_not_make_the_service_come_and_go(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        good, bad = at.service.phone("good"), at.service.phone("bad")
        bad.answers = 500
        for _ in range(3):
            await at.delivers(an_order(good, member="lid-2"))
            await at.fails(an_order(bad))
    assert at.faults() == [""]
    assert [bool(told) for told in at.faults(MEMBER)] == [True]
    assert at.faults("way:push:lid-2/failing") == [""]


@pytest.mark.asyncio
async def test_a_service_that_fails_for_all_stays_one_whatever_another_does(tmp_path: Path) -> None:
    async with house(tmp_path) as at, push_service() as other:
        fine, first, second = other.phone("fine"), at.service.phone("first"), at.service.phone("second")
        await at.delivers(an_order(first))
        first.answers = second.answers = 500
        reason = (await at.fails(an_order(first))).reason
        await at.fails(an_order(second, member="lid-2"))
        await at.delivers(an_order(fine, member="lid-3"))
        assert at.faults() == ["", reason]
        assert reason.startswith(at.service.url.removeprefix("http://"))
        second.answers = 201
        await at.delivers(an_order(second, member="lid-2"))
        assert at.faults() == ["", reason, ""]


@pytest.mark.asyncio
async def test_what_a_member_who_left_has_seen_of_a_service_counts_no_more(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        good, bad = at.service.phone("good"), at.service.phone("bad")
        bad.answers = 500
        await at.delivers(an_order(good, member="lid-2"))
        del at.members["lid-2"]
        await at.fails(an_order(bad))
        assert [bool(told) for told in at.faults()] == [False, True]
        del at.members["lid-1"]
        await at.delivers(an_order(good, member="lid-3"))
    assert at.faults()[2:] == [""]
    assert at.faults(MEMBER)[1:] == [""]


@pytest.mark.asyncio
async def test_a_phone_that_takes_nothing_is_told_until_it_does_or_is_gone(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        good, bad = at.service.phone("good"), at.service.phone("bad")
        bad.answers = 400
        await at.delivers(an_order(good, bad, kind="test", urgent=False))
        await at.delivers(an_order(good, bad))
        (told,) = at.faults(MEMBER)
        assert told.startswith("browser bad: ") and "answered 400" in told
        bad.answers = 201
        await at.delivers(an_order(good, bad))
        assert at.faults(MEMBER) == [told, ""]
        bad.answers = 400
        await at.delivers(an_order(good, bad))
        bad.answers = 410
        await at.delivers(an_order(good, bad))
        assert at.faults(MEMBER) == [told, "", told, ""]
        bad.answers = 400
        await at.delivers(an_order(good, bad))
        await at.fails(an_order())
    assert at.faults(MEMBER) == [told, "", told, "", told, ""]


@pytest.mark.asyncio
async def test_an_alarm_goes_to_everybody_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "ANSWER_WITHIN_S", WAIT_S)
    async with house(tmp_path) as at:
        phones = [at.service.phone(str(nr)) for nr in range(150)]
        for phone in phones:
            phone.answers = "hang"
        orders = [asyncio.create_task(at.way.deliver(an_order(phone))) for phone in phones]
        await until(lambda: at.service.asked == 150)
        for order in orders:
            order.cancel()
        await asyncio.wait(orders, timeout=WAIT_S)


@pytest.mark.asyncio
async def test_a_service_that_is_not_there_is_told_without_the_secret_path(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        async with push_service() as other:
            phone = other.phone("secret")
        failure = await at.fails(an_order(phone))
    assert "127.0.0.1" in failure.reason
    assert "cannot be reached" in failure.reason
    assert "secret" not in failure.reason
    assert not failure.permanent


@pytest.mark.asyncio
async def test_a_key_that_the_phones_were_not_registered_with_is_told(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.service.server_key = "another"
        failure = await at.fails(an_order(at.service.phone("a")))
    assert "answered 403" in failure.reason
    assert "VapidPkHashMismatch" in failure.reason


@pytest.mark.asyncio
async def test_a_house_without_a_key_gets_one_before_an_alarm_needs_it(tmp_path: Path) -> None:
    key_file = tmp_path / "vapid.pem"
    told: list[FromChild] = []
    way = PushWay(WebPush("mailto:a@b.nl", ()), str(key_file), {}, told.append, Clock().now, anything)
    running = asyncio.create_task(way.run())
    await until(key_file.with_suffix(".public").exists)
    assert read_vapid_key(key_file)
    running.cancel()
    assert not told


@pytest.mark.asyncio
@pytest.mark.parametrize("spoil", ["no folder", "nonsense"])
async def test_a_key_file_that_cannot_be_read_is_told_before_an_alarm_needs_it(tmp_path: Path, spoil: str) -> None:
    told: asyncio.Queue[FromChild] = asyncio.Queue()
    key_file = tmp_path / "nowhere" / "vapid.pem"
    if spoil == "nonsense":
        key_file = tmp_path / "vapid.pem"
        key_file.write_text("nonsense")
    way = PushWay(WebPush("mailto:a@b.nl", ()), str(key_file), {}, told.put_nowait, Clock().now, anything)
    running = asyncio.create_task(way.run())
    async with asyncio.timeout(WAIT_S):
        trouble = await told.get()
    assert isinstance(trouble, Trouble)
    assert str(key_file) in trouble.detail
    with pytest.raises(Undeliverable, match=r"vapid\.pem"):
        await way.deliver(an_order(Registration("a", "https://a.nl/", "", "")))
    running.cancel()
    assert spoil == "nonsense" or not key_file.exists()


@pytest.mark.asyncio
async def test_a_contact_that_is_none_is_told(tmp_path: Path) -> None:
    async with house(tmp_path, contact="beheer") as at:
        failure = await at.fails(an_order(at.service.phone("a")))
    assert "is the contact for push right?" in failure.reason
    assert not failure.permanent


@pytest.mark.asyncio
@pytest.mark.parametrize(("p256dh", "auth"), [("", ""), ("AAAA", "AAAA"), ("é", "é"), ("B" * 87, "A" * 22)])
async def test_keys_of_no_use_cost_nobody_else_anything(tmp_path: Path, p256dh: str, auth: str) -> None:
    async with house(tmp_path) as at:
        broken = Registration("broken", f"{at.service.url}/push/broken", p256dh, auth)
        failure = await at.fails(an_order(broken))
        assert "keys are of no use" in failure.reason
        assert failure.permanent
        await at.delivers(an_order(broken, at.service.phone("a")))
    assert at.faults() == [""]
    assert at.faults(MEMBER) == [f"browser broken: {failure.reason}"]
    assert not any(isinstance(told, Gone) for told in at.told)


@pytest.mark.asyncio
async def test_a_registration_elsewhere_is_never_posted_to(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        wired = WebPush("mailto:a@b.nl", ("fcm.googleapis.com",))
        strict = PushWay(wired, str(at.key_file), at.members, at.told.append, Clock().now)
        with pytest.raises(Undeliverable, match="not one of the push services that the plan allows") as failure:
            await strict.deliver(an_order(at.service.phone("a")))
    assert failure.value.permanent
    assert at.service.asked == 0
    assert at.faults() == [""]
    assert at.faults(MEMBER) == ["browser a: not one of the push services that the plan allows"]


@pytest.mark.parametrize(
    ("endpoint", "signed_for"),
    [
        ("https://FCM.GoogleAPIs.com/fcm/send/x", "https://fcm.googleapis.com"),
        ("https://fcm.googleapis.com:443/x", "https://fcm.googleapis.com"),
        ("HTTP://127.0.0.1:8080/x?y", "http://127.0.0.1:8080"),
    ],
)
def test_a_signature_is_for_the_origin_as_the_standard_writes_it(endpoint: str, signed_for: str) -> None:
    assert origin(endpoint) == signed_for


# --- what is sent -----------------------------------------------------------------------------------------------------


@given(title=st.text(max_size=5000), text=st.text(max_size=9000))
def test_a_payload_is_never_too_long_and_keeps_its_buttons(title: str, text: str) -> None:
    data = payload(an_order(title=title, text=text))
    said = json.loads(data)
    assert len(data) <= PAYLOAD_MAX_BYTES
    assert [button["answer"] for button in said["buttons"]] == ["coming", "cannot"]
    assert title.startswith(said["title"].removesuffix("…"))
    assert text.startswith(said["text"].removesuffix("…"))


def test_a_long_text_gives_way_before_all_else() -> None:
    said = json.loads(payload(an_order(text='é"' * 4000)))
    assert said["title"] == "NOODKNOP Balie 3"
    assert said["text"].startswith('é"é"')
    assert said["text"].endswith("…")


def test_buttons_go_only_when_nothing_else_helps() -> None:
    data = payload(an_order(buttons=(Button("x" * 5000, "coming", "t"),)))
    assert json.loads(data)["buttons"] == []
    assert len(data) <= PAYLOAD_MAX_BYTES


@pytest.mark.asyncio
async def test_the_longest_payload_is_taken(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        order = an_order(at.service.phone("a"), text="x" * 9000)
        assert len(payload(order)) == PAYLOAD_MAX_BYTES
        await at.delivers(order)
    assert at.service.refused == []


def test_the_end_of_an_alarm_replaces_the_alarm_and_an_update_does_not() -> None:
    alarm = topic(an_order())
    assert len(alarm) == 32
    assert topic(an_order(kind="over")) == topic(an_order(kind="call_112")) == alarm
    assert topic(an_order(incident="6-9f3a-1")) != alarm
    assert topic(an_order(kind="update")) not in (alarm, topic(an_order(kind="update", incident="6-9f3a-1")))


def test_a_notice_takes_nothings_place() -> None:
    notices = [
        an_order(kind=kind, incident="", order=f"notice.d.{nr}") for kind in ("fault", "reminder") for nr in (1, 2)
    ]
    assert len({topic(notice) for notice in notices}) == 2, "by their orders, which are never the same"
    assert topic(an_order()) not in map(topic, notices)


# --- the key ----------------------------------------------------------------------------------------------------------


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file, public_file = tmp_path / "vapid.pem", tmp_path / "vapid.public"
    public = make_vapid_key(file)
    pem = file.read_bytes()
    assert bytes64(public)[0] == 4
    assert len(bytes64(public)) == 65
    assert file.stat().st_mode & 0o777 == 0o600
    assert make_vapid_key(file) == public
    assert file.read_bytes() == pem
    assert isinstance(read_vapid_key(file).curve, ec.SECP256R1)
    assert set(tmp_path.iterdir()) == {file, public_file}
    assert public_file.read_text() == public + "\n"


@pytest.mark.parametrize("what", ["nonsense", "another curve", "another kind"])
def test_a_key_that_is_of_no_use_is_never_overwritten(tmp_path: Path, what: str) -> None:
    file = tmp_path / "vapid.pem"
    keys: dict[str, Any] = {
        "another curve": lambda: ec.generate_private_key(ec.SECP384R1()),
        "another kind": lambda: rsa.generate_private_key(65537, 2048),
    }
    if what == "nonsense":
        file.write_bytes(b"nonsense")
    else:
        file.write_bytes(keys[what]().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    before = file.read_bytes()
    with pytest.raises(Unavailable, match="put it back from a backup"):
        make_vapid_key(file)
    assert file.read_bytes() == before


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be written"):
        make_vapid_key(tmp_path / "nowhere" / "vapid.pem")
