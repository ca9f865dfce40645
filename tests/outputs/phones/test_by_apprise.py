"""Ways by Apprise, against a loopback json:// endpoint: each member's URL, what fails and why, and never a secret."""

from __future__ import annotations

import asyncio
import logging
import threading
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from achterwacht.outputs.phones import by_apprise as module
from achterwacht.outputs.phones.by_apprise import ByApprise, filled, peer, with_country, without_secrets
from achterwacht.outputs.phones.messages import Address, Deliver, TroubleOver
from achterwacht.outputs.wiring import AppriseWay
from fake_phones import FakeJson, until
from way_house import WayHouse

# On import, apprise's pgp.py imports imghdr, which Python 3.13 no longer has; apprise has its own way out there.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

CHANNEL = "channel:sms/failing"
ORDER = Deliver(
    id="1",
    order="5.aa.1",
    way="sms",
    member="lid-4",
    address=Address(phone="06-00000004", email="lid4@example.nl"),
    kind="alarm",
    incident="5",
    title="NOODKNOP BALIE 3",
    text="Publiekshal",
    urgent=True,
    ttl_s=120,
)


class House(WayHouse[ByApprise]):
    """A way with its server, and what it told."""

    def __init__(self, server: FakeJson, url_file: Path) -> None:
        super().__init__(ORDER)
        self.server = server
        self.url_file = url_file
        self.way = ByApprise(AppriseWay("sms", str(url_file)), self.told.append, lambda: self.now_s)
        self.says(f"json://user:geheim@127.0.0.1:{server.port}/to/{{phone}}/{{email}}")

    def says(self, url: str) -> None:
        self.url_file.write_text(f"{url}\nonly the first line counts\n")


@pytest.fixture(autouse=True, scope="module")
def loaded() -> None:
    """Apprise with its plugins, whose first use takes longer than a test should wait."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'imghdr' is deprecated", DeprecationWarning)
        module._plugin("json://127.0.0.1")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECK_EVERY_S", 0.0)
    monkeypatch.setattr(module, "CHECK_AGAIN_S", 0.0)


@pytest.fixture
def no_threads_left() -> Iterator[None]:
    """Every thread that a test began has ended with it."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()


@pytest_asyncio.fixture
async def house(tmp_path: Path, no_threads_left: None) -> AsyncIterator[House]:
    async with FakeJson() as server:
        yield House(server, tmp_path / "sms.url")


# --- sending ----------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_message_goes_to_the_members_own_url(house: House) -> None:
    await house.way.deliver(ORDER)
    ((path, got),) = house.server.got
    assert path.startswith("/to/31600000004/lid4@example.nl")
    assert (got["title"], got["message"], got["type"]) == ("NOODKNOP BALIE 3", "Publiekshal", "failure")


@pytest.mark.asyncio
@pytest.mark.parametrize(("kind", "type_"), [("over", "success"), ("test", "info"), ("fault", "warning")])
async def test_a_kind_has_its_type(house: House, kind: str, type_: str) -> None:
    await house.way.deliver(msgspec.structs.replace(ORDER, kind=kind, urgent=False, text=""))
    ((_, got),) = house.server.got
    assert (got["type"], got["message"]) == (type_, "NOODKNOP BALIE 3")


@pytest.mark.asyncio
async def test_members_have_plugins_of_their_own_that_are_kept(house: House) -> None:
    other = msgspec.structs.replace(ORDER, member="lid-5", address=Address(phone="+49 151 0000005", email="e@x.nl"))
    for _ in range(2):
        await asyncio.gather(house.way.deliver(ORDER), house.way.deliver(other))
    assert sorted(path.split("/")[2] for path, _ in house.server.got) == ["31600000004"] * 2 + ["491510000005"] * 2
    assert house.way._plugin.cache_info().misses == 2


@pytest.mark.asyncio
async def test_a_refusal_is_a_reason_without_a_part_of_the_url(house: House) -> None:
    house.server.failing = 401
    refused = await house.refused()
    assert not refused.permanent
    assert "error=401" in refused.reason
    for secret in ("geheim", "31600000004", "lid4"):
        assert secret not in refused.reason


@pytest.mark.asyncio
async def test_a_service_that_is_away_is_a_reason(house: House) -> None:
    await house.server.stop()
    reason = (await house.refused()).reason
    assert "onnection error" in reason
    assert "127.0.0.1" not in reason, "the host stands in the URL; the fault of the way names it"


@pytest.mark.asyncio
async def test_what_plugins_log_reaches_no_log_of_ours(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    logged: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.addFilter(lambda record: bool(logged.append(record)))  # type: ignore[func-returns-value]
    logging.getLogger().addHandler(handler)
    try:
        house.server.failing = 500
        await house.refused()
        logging.getLogger("urllib3.connectionpool").warning("http://user:geheim@host")
    finally:
        logging.getLogger().removeHandler(handler)
    assert not [record for record in logged if record.name.startswith(("apprise", "urllib3"))]
    assert capfd.readouterr().err == ""


@pytest.mark.asyncio
async def test_attempts_wait_for_one_sending_and_nobody_gets_it_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SEND_S", 0.05)
    house.server.failing = 0
    house.now_s = 100.0
    first = await house.refused()
    house.now_s = 107.0
    second = await house.refused()
    assert [first.reason, second.reason] == [f"no answer for {s} s; it is still trying" for s in (0, 7)]
    assert len(house.server.asked) == 1
    monkeypatch.setattr(module, "SEND_S", 5.0)
    house.server.wake()
    await house.way.deliver(ORDER)
    assert len(house.server.got) == 1
    await house.way.deliver(ORDER)
    assert len(house.server.got) == 2, "a later order with that name is another sending"


@pytest.mark.asyncio
async def test_a_delivery_that_is_cut_off_goes_on(house: House) -> None:
    house.server.failing = 0
    delivery = asyncio.create_task(house.way.deliver(ORDER))
    await until(lambda: house.server.asked)
    delivery.cancel()
    await asyncio.gather(delivery, return_exceptions=True)
    house.server.wake()
    await house.way.deliver(ORDER)
    assert len(house.server.got) == 1


@pytest.mark.asyncio
async def test_hanging_messages_have_a_bound(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEND_S", 0.0)
    monkeypatch.setattr(module, "SENDING_MAX", 2)
    house.server.failing = 0
    orders = [msgspec.structs.replace(ORDER, order=f"5.aa.{n}") for n in range(3)]
    assert ["messages hang" in (await house.refused(order)).reason for order in orders] == [False, False, True]
    house.server.wake()
    await until(lambda: len(house.server.got) == 2)
    monkeypatch.setattr(module, "SEND_S", 5.0)
    await until(lambda: all(one.done.done() for one in house.way._sendings.values()))
    await house.way.deliver(orders[2])
    assert len(house.server.got) == 3


@pytest.mark.asyncio
async def test_a_plugin_that_breaks_is_a_reason(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    import apprise

    def breaks(*given: object, **named: object) -> None:
        raise RuntimeError("json://user:geheim@host")

    monkeypatch.setattr(apprise.Apprise, "notify", breaks)
    assert (await house.refused()).reason == "the plugin broke (RuntimeError)"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("address", "says"),
    [
        (Address(email="a@b.nl"), "lid-4 has no phone"),
        (Address(phone="06-00000004"), "lid-4 has no email"),
        (Address(phone="balie", email="a@b.nl"), "is no telephone number"),
        (Address(phone="0612", email="a@b.nl"), "has 5 digits"),
    ],
)
async def test_a_member_whose_url_cannot_be_filled_is_never_reached(house: House, address: Address, says: str) -> None:
    refused = await house.refused(msgspec.structs.replace(ORDER, address=address))
    assert refused.permanent
    assert says in refused.reason


@pytest.mark.asyncio
async def test_a_url_file_that_is_empty_or_not_there_is_a_reason_and_a_fault(house: House) -> None:
    house.url_file.write_text("\n")
    assert "is empty" in (await house.refused()).reason
    house.url_file.unlink()
    assert "cannot be read" in (await house.refused()).reason
    async with house.running():
        await until(house.troubles)
    assert "user achterwacht" in house.troubles()[0]


# --- supervision ------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_host_that_cannot_be_reached_is_a_fault_until_it_can(house: House) -> None:
    async with house.running():
        await until(lambda: house.told == [TroubleOver(CHANNEL)])
        await house.server.stop()
        await until(house.troubles)
        assert f"127.0.0.1:{house.server.port} cannot be reached" in house.troubles()[0]
        await house.server.start()
        await until(lambda: house.told[-1] == TroubleOver(CHANNEL))
    assert house.server.got == [], "nothing was sent"


@pytest.mark.asyncio
async def test_a_url_that_is_none_is_a_fault_until_it_is_corrected(house: House) -> None:
    good = house.url_file.read_text()
    house.says("smss://geheim/{phone}")
    async with house.running():
        await until(house.troubles)
        assert "Apprise takes no such URL (smss://...)" in house.troubles()[0]
        assert "geheim" not in house.troubles()[0]
        house.says(good.splitlines()[0])
        await until(lambda: house.told[-1] == TroubleOver(CHANNEL))


@pytest.mark.asyncio
async def test_a_service_without_a_host_of_its_own_is_not_tried(house: House) -> None:
    house.says("syslog://")
    async with house.running():
        await until(lambda: house.told)
    assert house.told == [TroubleOver(CHANNEL)]


@pytest.mark.parametrize(
    ("url", "whom"),
    [
        ("json://localhost:8080/x", ("localhost", 8080)),
        ("jsons://localhost/x", ("localhost", 443)),
        ("mailtos://u:p@smtp.example.nl:465/?to=a@b.nl", ("smtp.example.nl", 465)),
        ("msgbird://abcdefghijklmnopqrstuvwxy/31612345678/31612345678", ("rest.messagebird.com", 443)),
        ("signal://host:8080/31612345678/31612345678", ("host", 8080)),
        ("sinch://aaaa:bbbb@31612345678/31612345678", None),
        ("rsyslog://host:514", None),
        ("syslog://", None),
    ],
)
def test_whom_a_plugin_talks_to_is_told_only_when_it_is_known(url: str, whom: tuple[str, int] | None) -> None:
    assert peer(module._plugin(url)[0]) == whom


# --- the URL ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("06-00000004", "31600000004"),
        ("06 00 00 00 04", "31600000004"),
        ("+31 (0)6 00000004", "31600000004"),
        ("0031600000004", "31600000004"),
        ("31600000004", "31600000004"),
        ("(020) 000.0004", "31200000004"),
        ("+49 151 0000005", "491510000005"),
    ],
)
def test_a_number_gets_its_country(written: str, digits: str) -> None:
    assert with_country(written) == digits


@given(st.text(max_size=30))
def test_whatever_is_written_a_number_is_digits_or_is_refused(written: str) -> None:
    try:
        digits = with_country(written)
    except ValueError:
        return
    assert digits.isascii() and digits.isdecimal() and 8 <= len(digits) <= 15


def test_a_url_waits_as_long_as_it_says_or_else_as_long_as_we_do() -> None:
    def url(template: str) -> str:
        return filled(template, ORDER.address, "lid-4")

    assert url("json://h/{phone}") == "json://h/31600000004?cto=4&rto=4"
    assert url("json://h/?to={email}&rto=9") == "json://h/?to=lid4%40example.nl&rto=9&cto=4"
    assert url("json://h/?cto=1&rto=") == "json://h/?cto=1&rto="


def test_timeouts_in_the_url_are_the_plugins() -> None:
    plugin = module._plugin(filled("json://h", ORDER.address, "lid-4"))[0]
    assert (plugin.socket_connect_timeout, plugin.socket_read_timeout) == (4.0, 4.0)


def test_a_plugin_does_not_space_an_alarm_out() -> None:
    plugin = module._plugin("mmost://h/abcdefghijklmnopqrstuvwx")[0]
    assert type(plugin).request_rate_per_sec > plugin.request_rate_per_sec == 0


def test_no_part_of_a_url_is_left_in_a_reason() -> None:
    url = "msgbird://to%2Bken+1/31600000004?from=Gem%20X&cto=4"
    said = "to+ken+1 and to%2Bken+1 failed for 31600000004, Gem X: HTTP error=401 " + "x" * 1000
    reason = without_secrets(said, url)
    assert reason.startswith("... and ... failed for ..., ...: HTTP error=401 xxx")
    assert len(reason) == module.REASON_MAX_CHARS
