"""Commands over HTTP, against the link with the real core: each of them, in whose name it may be said, and what is told
of one that could not be. And in Chromium: a wish is one wish, however often it is pressed and whatever becomes of the
line."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from playwright.async_api import Browser, Dialog, Page, Route, expect
from schemathesis.core.result import Ok

from achterwacht.core import heard as h
from achterwacht.core.plan import Zender
from achterwacht.link import Receipt, Redeem, Register
from achterwacht_dashboard import commands
from achterwacht_dashboard.access import Role
from achterwacht_dashboard.words import WORDS, Words
from dashboard_site import Site, site
from day_house import DayHouse
from house import TOWN_HALL, House

pytestmark = pytest.mark.asyncio(loop_scope="session")

MS = 15_000
DUTCH = Words("nl")


@asynccontextmanager
async def somebody(
    here: Site, *roles: Role, member: str = "", cookies: dict[str, str] | None = None
) -> AsyncIterator[Callable[..., Any]]:
    """Somebody who is logged in; what they call says a command, and gives the answer."""
    cookies = cookies or ({"achterwacht": await here.token(*roles, member=member)} if roles else {})
    async with httpx.AsyncClient(
        base_url=here.url, cookies=cookies, headers={"Origin": here.url}, timeout=20
    ) as client:

        async def say(action: str, id: str = "", **values: Any) -> httpx.Response:
            return await client.post(action, json={"id": id or secrets.token_hex(16), **values})

        say.client = client  # type: ignore[attr-defined]
        yield say


def last(here: Site, kind: type) -> Any:
    """The newest command of this kind that came over the link."""
    return [one for one in here.heard if isinstance(one, kind)][-1]


SUBSCRIPTION = {"endpoint": "https://push.example/a?b=1", "p256dh": "BNc_" * 21 + "x-8=", "auth": "tBHItJI5svbpez7K"}


# --- each of them -----------------------------------------------------------------------------------------------------


async def test_an_alarm_is_answered_from_the_first_word_to_the_last(tmp_path: Path) -> None:
    house = House()
    incident = house.press(7)
    async with (
        site(house, tmp_path) as here,
        somebody(here, "team", member="anna") as anna,
        somebody(here, "reception", member="els") as els,
    ):
        for answer in ("coming", "on_scene", "told_to_leave", "need_112"):
            said = await anna("/do/answer", incident=incident, answer=answer)
            assert (said.status_code, said.json()["result"]) == (200, "accepted"), answer
            assert last(here, h.Answer).member == "anna"
        said = await els("/do/answer", incident=incident, answer="called_112")
        assert said.json() == {"result": "accepted", "note": "", "durable": True}
        assert last(here, h.Answer).member == "els"
        said = await els("/do/answer", incident=incident, answer="all_clear")
        assert said.json()["result"] == "refused", "reception must say why"
        assert said.json()["note"]
        said = await els("/do/answer", incident=incident, answer="police_here")
        assert said.json()["result"] == "accepted"
        said = await els("/do/answer", incident=incident, answer="all_clear", reason="bezoeker is vertrokken")
        assert said.json()["result"] == "accepted"
        assert incident not in house.state.alarms
        said = await anna("/do/answer", incident=incident, answer="coming")
        assert said.json()["result"] == "closed"
        said = await els("/do/undo", incident=incident)
        assert said.json()["result"] == "accepted"
        assert incident in house.state.alarms


async def test_reception_speaks_for_others_and_the_team_does_not(tmp_path: Path) -> None:
    house = House()
    incident = house.press(7)
    async with (
        site(house, tmp_path) as here,
        somebody(here, "reception", member="els") as els,
        somebody(here, "team", member="anna") as anna,
    ):
        said = await els("/do/answer", incident=incident, answer="coming", member="bas")
        assert said.json()["result"] == "accepted"
        assert last(here, h.Answer).member == "bas"
        heard = len(here.heard)
        said = await anna("/do/answer", incident=incident, answer="coming", member="bas")
        assert said.status_code == 403
        assert said.json() == {"detail": DUTCH("commands.not_for_others")}
        said = await anna("/do/away", first="2026-12-28", last="2026-12-31", member="bas")
        assert said.status_code == 403
        said = await anna("/do/test", target="app:bas")
        assert (said.status_code, said.json()["detail"]) == (403, DUTCH("commands.others_telephone"))
        assert len(here.heard) == heard, "nothing of it came to the daemon"


async def test_nobody_calls_an_alarm_off_from_its_own_desk(tmp_path: Path) -> None:
    """S11: whoever pressed may have somebody beside them who tells them what to say, and reception's login."""
    house = House(
        replace(
            TOWN_HALL,
            zenders=(Zender(7, "Balie 3", staff=("gerda",)), Zender(9, "Receptie", staff=("els",), screens=("balie",))),
        )
    )
    incident, elsewhere = house.press(9), house.press(7)
    async with site(house, tmp_path) as here:
        screen = {"achterwacht": await here.token("reception", member="dina", screen="balie")}
        async with (
            somebody(here, "reception", member="els") as els,
            somebody(here, cookies=screen) as beside_els,
            somebody(here, "coordinator", member="fred") as fred,
        ):
            heard = len(here.heard)
            for who in (els, beside_els):
                for answer, member in (("all_clear", "fred"), ("coming", "anna"), ("on_scene", "bas"), ("coming", "")):
                    said = await who("/do/answer", incident=incident, answer=answer, member=member, reason="loos")
                    assert (said.status_code, said.json()) == (403, {"detail": DUTCH("commands.at_the_desk")})
            assert len(here.heard) == heard
            assert (await els("/do/answer", incident=incident, answer="need_112")).json()["result"] == "accepted"
            said = await els("/do/answer", incident=elsewhere, answer="coming", member="anna")
            assert said.json()["result"] == "accepted", "of another desk reception speaks for others as ever"
            said = await fred("/do/answer", incident=incident, answer="coming", member="anna")
            assert said.json()["result"] == "accepted"


async def test_nobody_takes_the_daemon_for_themselves(tmp_path: Path) -> None:
    house = House()
    incident = house.press(7)
    async with (
        site(house, tmp_path) as here,
        somebody(here, "team", member="anna") as anna,
        somebody(here, "reception", member="els") as els,
    ):
        slow: list[Callable[[], None]] = []
        at_once = here.link._on_command
        here.link._on_command = lambda command, reply: slow.append(lambda: at_once(command, reply))
        flood = [asyncio.create_task(anna("/do/answer", incident=incident, answer="cannot")) for _ in range(20)]
        await here.until(lambda: len(slow) == commands.OF_ONE_MAX)
        here.link._on_command = at_once
        said = await els("/do/answer", incident=incident, answer="coming", member="bas")
        assert said.json()["result"] == "accepted", "a disk that is slow and one who floods keep nobody else waiting"
        await here.until(lambda: sum(one.done() for one in flood) == 20 - commands.OF_ONE_MAX)
        for late in slow:
            late()
        answers = Counter(said.status_code for said in await asyncio.gather(*flood))
        assert answers == {200: commands.OF_ONE_MAX, 429: 20 - commands.OF_ONE_MAX}
        assert (await anna("/do/answer", incident=incident, answer="coming")).status_code == 200
        assert here.app.state.waiting == {}


async def test_an_account_of_no_member_can_say_nothing(tmp_path: Path) -> None:
    house = House()
    incident = house.press(7)
    async with site(house, tmp_path) as here, somebody(here, "reception", "coordinator") as nobody:
        for action, values in (
            ("/do/answer", {"incident": incident, "answer": "coming"}),
            ("/do/undo", {"incident": incident}),
            ("/do/took", {"pager": "p1", "member": "anna"}),
            ("/do/drill_stop", {}),
            ("/do/register", SUBSCRIPTION),
        ):
            said = await nobody(action, **values)
            assert (said.status_code, said.json()) == (403, {"detail": DUTCH("commands.no_member")}), action


async def test_the_day_of_the_pagers(tmp_path: Path) -> None:
    house = DayHouse()
    house.until("08:40")
    async with site(house, tmp_path) as here, somebody(here, "reception", "coordinator", member="els") as els:
        said = await els("/do/took", pager="p1", member="anna")
        assert said.status_code == 200
        assert last(here, h.Took) == h.Took(last(here, h.Took).key, pager="p1", member="anna", by="els")
        said = await els("/do/called", pager="p2", outcome="replaced", member="dina")
        assert said.status_code == 200
        assert (last(here, h.Called).outcome, last(here, h.Called).member) == ("replaced", "dina")
        said = await els("/do/swap", pager="p1", on="2026-12-24", member="bas")
        assert said.json()["result"] == "accepted"
        assert last(here, h.Swap).by == "els"
        said = await els("/do/away", member="anna", first="2026-12-28", last="2026-12-31", replacement="bas")
        assert said.json()["result"] == "accepted"
        said = await els("/do/away", member="anna", first="2026-12-28", last="2026-12-28", withdrawn="true")
        assert said.json()["result"] == "accepted"
        assert last(here, h.Away).withdrawn
        said = await els("/do/answer", answer="carry", pager="p3", member="cor")
        assert said.json()["result"] == "accepted"
        assert last(here, h.Answer).pager == "p3"


async def test_tests_and_drills(tmp_path: Path) -> None:
    house = House()
    async with (
        site(house, tmp_path) as here,
        somebody(here, "reception", member="els") as els,
        somebody(here, "team", member="anna") as anna,
    ):
        assert (await anna("/do/test", target="phone:anna")).status_code == 200
        assert last(here, h.Test).by == "anna"
        assert (await els("/do/drill_start", zender=7, announced=True)).json()["result"] == "accepted"
        assert last(here, h.StartDrill).by == "els"
        assert (await els("/do/drill_stop")).json()["result"] == "accepted"
        assert (await els("/do/test_button", zender="7", targets=["pager:p1"])).json()["result"] == "accepted"
        assert last(here, h.TestButton).targets == ("pager:p1",)
        assert (await els("/do/claim", zender=7)).status_code == 200
        assert (await els("/do/judge", test="test-1", right="false")).status_code == 200
        assert last(here, h.Judge).right is False
        assert (await els("/do/acknowledge", fault="zender:7/never seen")).status_code == 200
        assert last(here, h.Acknowledge).member == "els"


async def test_telephones(tmp_path: Path) -> None:
    async with (
        site(House(), tmp_path) as here,
        somebody(here, "team", member="anna") as anna,
        somebody(here) as stranger,
    ):
        assert (await anna("/do/register", **SUBSCRIPTION)).json()["result"] == "accepted"
        assert last(here, Register) == Register("anna", **SUBSCRIPTION)
        assert (await stranger("/redeem", token="WyI3")).json()["result"] == "accepted"
        assert last(here, Redeem) == Redeem("WyI3")
        said = {"order": "7-9f3a-1.d001.18", "stage": "received"}
        assert (await stranger("/receipt", **said)).status_code == 422, "anybody could guess an order's id"
        assert (await stranger("/receipt", **said, proof="Zx0")).status_code == 200
        assert last(here, Receipt) == Receipt(h.Reached("7-9f3a-1.d001.18", "received"), "Zx0")


async def test_the_same_id_again_is_the_same_wish(tmp_path: Path) -> None:
    house = House()
    incident = house.press(7)
    async with site(house, tmp_path) as here, somebody(here, "team", member="anna") as anna:
        wish = {"incident": incident, "answer": "coming"}
        first, second = await asyncio.gather(*(anna("/do/answer", id="one", **wish) for _ in range(2)))
        third = await anna("/do/answer", id="one", **wish)
        assert first.json() == second.json() == third.json()
        assert len([fact for fact in house.facts if getattr(fact, "answer", "") == "coming"]) == 1


async def test_while_the_daemon_is_away_nobody_is_told_that_it_was_done(tmp_path: Path) -> None:
    house = House()
    incident = house.press(7)
    async with site(house, tmp_path) as here, somebody(here, "team", member="anna") as anna:
        here.socket.unlink()
        for reader in here.link._readers:
            reader.ws.transport.abort()
        await here.until(lambda: here.app.state.house.stale_since)
        said = await anna("/do/answer", incident=incident, answer="coming")
        assert said.status_code == 503
        assert "does not answer" in said.json()["detail"]


# --- what cannot be understood ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "body", "told"),
    [
        ("/do/answer", "{", "De opdracht is niet te lezen"),
        ("/do/answer", "[]", "De opdracht is niet te lezen"),
        ("/do/answer", "[" * 5000, ""),
        ("/do/answer", {}, "id ontbreekt. answer ontbreekt."),
        ("/do/answer", {"id": "é", "answer": "coming"}, "id klopt niet: verwacht wordt een kenmerk"),
        ("/do/answer", {"id": "a", "answer": "later"}, "answer klopt niet: verwacht wordt een van de antwoorden"),
        ("/do/answer", {"id": "a", "answer": "coming", "why": "x"}, "why is hier niet bekend"),
        ("/do/answer", {"id": "a", "answer": "coming"}, "De opdracht is niet begrepen"),
        ("/do/answer", {"id": "a", "incident": "7", "answer": "all_clear", "reason": "x" * 501}, "hooguit 500 tekens"),
        ("/do/answer", {"id": "a", "incident": "a b", "answer": "coming"}, "incident klopt niet"),
        ("/do/claim", {"id": "a", "zender": 0}, "zender klopt niet: verwacht wordt het nummer van een zender"),
        ("/do/claim", {"id": "a", "zender": "zeven"}, "zender klopt niet"),
        (
            "/do/swap",
            {"id": "a", "pager": "p1", "on": "31-12", "member": "bas"},
            "on klopt niet: verwacht wordt een datum",
        ),
        ("/do/judge", {"id": "a", "test": "t", "right": "misschien"}, "right klopt niet: verwacht wordt ja of nee"),
        (
            "/do/test_button",
            {"id": "a", "zender": 7, "targets": ["p1"]},
            "targets klopt niet: verwacht wordt een lijst",
        ),
        ("/do/called", {"id": "a", "pager": "p1", "outcome": "replaced"}, "De opdracht is niet begrepen"),
    ],
)
async def test_what_is_wrong_is_told_in_words(tmp_path: Path, action: str, body: Any, told: str) -> None:
    async with site(House(), tmp_path) as here, somebody(here, "reception", "team", member="els") as els:
        heard = len(here.heard)
        content = body if isinstance(body, str) else json.dumps(body)
        said = await els.client.post(action, content=content, headers={"Content-Type": "application/json"})  # type: ignore[attr-defined]
        assert said.status_code in (400, 422)
        assert told in said.json()["detail"]
        assert "pattern" not in said.text and "input" not in said.text.lower().replace("inputs", ""), "machine words"
        assert len(here.heard) == heard


async def test_every_field_of_a_command_has_words_for_what_is_expected() -> None:
    fields = {name for kind in commands._Command.__subclasses__() for name in kind.model_fields}
    assert fields == set(commands.EXPECTED)
    for language in WORDS.values():
        assert {f"commands.expected.{what}" for what in commands.EXPECTED.values()} <= language.keys()


async def test_whoever_is_not_logged_in_cannot_keep_the_daemon_busy() -> None:
    pace = commands.Pace()
    said = sum(pace.allows("192.0.2.1", 100.0) for _ in range(10_000))
    assert said == commands.STRANGERS_BURST
    assert pace.allows("192.0.2.2", 100.0), "another address is not the worse for it"
    assert sum(pace.allows("192.0.2.1", 101.0) for _ in range(10_000)) == commands.STRANGERS_A_S
    for n in range(5000):
        pace.allows(f"2001:db8:0:{n:x}::1", 101.0)
    assert len(pace._networks) == commands.STRANGERS_MAX


# The loop throws dice in another thread meanwhile.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
async def test_schemathesis_finds_nothing_that_the_description_does_not_say(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        here.link._on_command = lambda command, reply: reply({"result": "accepted", "note": "", "durable": True})
        here.app.state.pace.allows = lambda address, now_s: True
        cookies = {"achterwacht": await here.token("reception", "team", "coordinator", "admin", member="els")}
        schema = schemathesis.openapi.from_dict(here.app.openapi())
        operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
        assert len(operations) == len(commands._Command.__subclasses__())

        def try_all() -> None:
            for operation in operations:

                @given(case=operation.as_strategy())
                @settings(
                    max_examples=25,
                    deadline=None,
                    database=None,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )
                def never_surprises(case: schemathesis.Case[Any]) -> None:
                    case.call_and_validate(
                        base_url=here.url,
                        cookies=cookies,
                        headers={"Origin": here.url},
                        # What goes with what (a pager with `carry`) is the daemon's to say, and it does.
                        excluded_checks=[schemathesis.checks.positive_data_acceptance],
                    )

                never_surprises()

        await asyncio.to_thread(try_all)


# --- commands.js ------------------------------------------------------------------------------------------------------

FORM = (
    '<form data-command method="post" action="/do/answer"><input type="hidden" name="incident" value="{incident}">'
    '<button name="answer" value="coming">Ik ga</button><button name="answer" value="cannot">Kan niet</button></form>'
)


@asynccontextmanager
async def pressing(chromium: Browser, here: Site, incident: str) -> AsyncIterator[Page]:
    """A page of anna with two buttons and nothing else of ours but commands.js."""
    context = await chromium.new_context()
    await context.add_cookies([here.cookie(await here.token("team", member="anna"))])
    page = await context.new_page()
    page.set_default_timeout(MS)
    await page.goto(f"{here.url}/account")
    said = "".join(
        f' data-{name}="{DUTCH(f"common.{name}")}"'
        for name in ("sent", "again", "done", "held", "refused", "unknown", "login", "missed", "seen")
    )
    html = f'{FORM.format(incident=incident)}<div id="said"{said}></div>'
    await page.evaluate(
        """async (html) => {
            document.body.innerHTML = html;
            window.outcomes = [];
            document.addEventListener("commanded", (event) => outcomes.push(event.detail.outcome?.result ?? null));
            await import("/static/commands.js?" + Math.random());
        }""",
        html,
    )
    yield page
    await context.close()


def answers(here: Site) -> list[str]:
    return [one.answer for one in here.heard if isinstance(one, h.Answer)]


async def test_a_button_says_at_once_that_it_was_pressed_and_then_that_it_arrived(
    chromium: Browser, tmp_path: Path
) -> None:
    house = House()
    async with site(house, tmp_path) as here, pressing(chromium, here, house.press(7)) as page:
        go_on = asyncio.Event()

        async def later(route: Route) -> None:
            await go_on.wait()
            await route.continue_()

        await page.route("**/do/answer", later)
        await page.get_by_text("Ik ga").click()
        await expect(page.locator("button[data-state=sent]")).to_have_text("Ik ga")
        await expect(page.locator("#said")).to_have_text("Ik ga: verstuurd")
        go_on.set()
        await expect(page.locator("#said")).to_have_text("Ik ga: aangekomen", timeout=MS)
        await expect(page.locator("button[data-state=done]")).to_have_text("Ik ga")
        assert await page.evaluate("outcomes") == ["accepted"]


async def test_a_hand_that_shakes_says_it_once(chromium: Browser, tmp_path: Path) -> None:
    house = House()
    async with site(house, tmp_path) as here, pressing(chromium, here, house.press(7)) as page:
        await page.get_by_text("Ik ga").click(click_count=3)
        await expect(page.locator("#said")).to_have_text("Ik ga: aangekomen", timeout=MS)
        assert answers(here) == ["coming"]
        assert len(await page.locator("#said p").all()) == 1


async def test_without_a_network_it_goes_on_with_the_same_id_until_it_arrives(
    chromium: Browser, tmp_path: Path
) -> None:
    house = House()
    async with site(house, tmp_path) as here, pressing(chromium, here, house.press(7)) as page:
        await page.context.set_offline(True)
        await page.get_by_text("Ik ga").click()
        await expect(page.locator("#said")).to_contain_text("nog niet aangekomen, opnieuw", timeout=MS)
        await page.context.set_offline(False)
        await expect(page.locator("#said")).to_have_text("Ik ga: aangekomen", timeout=MS)
        assert answers(here) == ["coming"]


async def test_an_answer_that_was_lost_is_asked_for_and_not_given_twice(chromium: Browser, tmp_path: Path) -> None:
    house = House()
    async with site(house, tmp_path) as here, pressing(chromium, here, house.press(7)) as page:
        ids: list[str] = []

        async def lose(route: Route) -> None:
            ids.append(json.loads(route.request.post_data or "")["id"])
            if len(ids) == 1:
                await route.fetch()
                await route.abort()
            elif len(ids) == 2:
                await route.fulfill(status=502, body="<html>een poort</html>")
            else:
                await route.continue_()

        await page.route("**/do/answer", lose)
        await page.get_by_text("Ik ga").click()
        await expect(page.locator("#said")).to_have_text("Ik ga: aangekomen", timeout=MS)
        assert len(set(ids)) == 1
        assert len([fact for fact in house.facts if getattr(fact, "answer", "") == "coming"]) == 1


async def test_the_last_word_of_a_person_is_the_last_that_arrives(chromium: Browser, tmp_path: Path) -> None:
    house = House()
    async with site(house, tmp_path) as here, pressing(chromium, here, house.press(7)) as page:
        await page.context.set_offline(True)
        await page.get_by_text("Ik ga").click()
        await expect(page.locator("#said")).to_contain_text("opnieuw", timeout=MS)
        await page.get_by_text("Kan niet").click()
        await page.context.set_offline(False)
        await expect(page.locator("#said")).to_contain_text("Kan niet: aangekomen", timeout=MS)
        assert answers(here) == ["coming", "cannot"]


async def test_whoever_is_refused_or_logged_out_reads_why(chromium: Browser, tmp_path: Path) -> None:
    house = House()
    incident = house.press(7)
    async with site(house, tmp_path) as here, pressing(chromium, here, incident) as page:
        await page.evaluate("document.querySelector('input').value = 'a b'")
        await page.get_by_text("Ik ga").click()
        await expect(page.locator("#said")).to_contain_text("Ik ga: incident klopt niet", timeout=MS)
        await page.context.clear_cookies()
        await page.get_by_text("Kan niet").click()
        await expect(page.locator("#said")).to_contain_text("Kan niet: uitgelogd", timeout=MS)
        assert answers(here) == []


async def test_what_failed_stands_there_until_it_was_seen_or_done_after_all(chromium: Browser, tmp_path: Path) -> None:
    house = House()
    async with site(house, tmp_path) as here, pressing(chromium, here, house.press(7)) as page:
        await page.clock.install()
        await page.evaluate("() => { navigator.vibrate = (times) => (window.shaken ??= []).push(times); }")
        failed, go = page.locator("#said [data-state=failed]"), page.get_by_role("button", name="Ik ga")

        async def fails() -> None:
            await page.route("**/do/answer", lambda route: route.fulfill(status=400, json={"detail": "zo niet"}))
            await go.click()
            await expect(failed).to_contain_text("Ik ga: zo niet")
            await page.unroute("**/do/answer")
            await page.clock.run_for(1000)  # the same so soon again would be the same wish

        await fails()
        assert len(await page.evaluate("shaken")) == 1, "it is felt"
        await page.clock.run_for(60_000)
        await expect(failed).to_be_visible()
        await expect(go).to_have_attribute("data-state", "failed")
        await failed.get_by_role("button", name="Gezien").click()
        await expect(failed).to_have_count(0)
        await expect(go).not_to_have_attribute("data-state", "failed")

        await fails()
        await go.click()
        await expect(page.locator("#said")).to_have_text("Ik ga: aangekomen")
        assert answers(here) == ["coming"]

        await page.clock.run_for(3000)
        on_their_way: list[Route] = []

        async def hold(route: Route) -> None:
            on_their_way.append(route)

        await page.route("**/do/answer", hold)
        await go.click()
        await here.until(lambda: on_their_way)
        await page.clock.run_for(3500)  # what was said of the press before goes
        await expect(page.locator("#said")).to_have_text("Ik ga: verstuurd")
        await expect(go).to_have_attribute("data-state", "sent")
        await on_their_way[0].fulfill(status=400, json={"detail": "zo niet"})
        await expect(failed).to_be_visible()
        look = "document.dispatchEvent(new CustomEvent('look', { detail: { signals: {} } }))"
        await page.evaluate("document.querySelector('[name=incident]').remove()")  # the alarm is over
        await page.evaluate(look)
        await expect(failed).to_be_visible()
        await page.clock.run_for(60_000)
        await page.evaluate(look)
        await expect(failed).to_have_count(0)


async def test_nobody_leaves_a_page_unasked_while_something_is_under_way(chromium: Browser, tmp_path: Path) -> None:
    house = House()
    async with site(house, tmp_path) as here, pressing(chromium, here, house.press(7)) as page:
        asked = asyncio.Event()

        async def stay(dialog: Dialog) -> None:
            asked.set()
            await dialog.accept()

        page.on("dialog", stay)
        await page.context.set_offline(True)
        await page.get_by_text("Ik ga").click()
        await expect(page.locator(":root[data-sending]")).to_have_count(1)
        await page.close(run_before_unload=True)
        async with asyncio.timeout(MS / 1000):
            await asked.wait()
