"""Web Push in Chromium, from the tap that turns it on to the answer by a button.

What the daemon encrypts is what the service worker shows, and what its buttons say reaches the link. Chromium has no
push service here: its subscription is the fake telephone's, and what that decrypts is delivered to the service worker.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, CDPSession, Page, Worker, expect
from playwright.async_api import Error as PlaywrightError

from achterwacht.clock import Clock
from achterwacht.errors import LinkUnavailable
from achterwacht.link import Receipt, Redeem, Register
from achterwacht.outputs.phones.messages import Address, Button, Deliver, Registration
from achterwacht.outputs.phones.push import PushWay
from achterwacht.outputs.phones.vapid import make_vapid_key
from achterwacht.outputs.wiring import WebPush
from broker import free_port
from dashboard_site import WITHIN_S, Site, site
from fake_push import FakePush, Phone, push_service
from house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENDPOINT = "https://push.example/anna"
INCIDENT = "7-9f3a-412"
ALARM = {
    "v": 1,
    "kind": "alarm",
    "reason": "first press",
    "order": f"{INCIDENT}.b.1",
    "proof": "Zx0",
    "incident": INCIDENT,
    "title": "ALARM: Balie 3",
    "text": "Kom naar Balie 3. Gedrukt om 14:02:33.",
    "buttons": [
        {"label": "Ik ga", "answer": "coming", "token": "token-coming"},
        {"label": "Kan niet", "answer": "cannot", "token": "token-cannot"},
    ],
}

SUBSCRIPTION = """
const subscription = ([endpoint, p256dh, auth]) => ({ toJSON: () => ({ endpoint, keys: { p256dh, auth } }) });
PushManager.prototype.subscribe = async function (options) {
  self.subscribedWith = options;
  return subscription(%s);
};
"""
IN_TURN = """
() => {
  let turn = Promise.resolve();
  for (const name of ["showNotification", "getNotifications"]) {
    const real = self.registration[name].bind(self.registration);
    self.registration[name] = (...said) => (turn = turn.catch(() => {}).then(() => real(...said)));
  }
}
"""
"""Chromium forgets a notification that is shown in the moment in which somebody asks which there are."""
SHOWN = """
async () => {
  return (await self.registration.getNotifications()).map(
    ({ title, body, tag, silent, requireInteraction, renotify, actions }) => ({
      title, body, tag, silent, requireInteraction, renotify,
      actions: actions.map(({ action, title }) => [action, title]),
    }));
}
"""
CLOSE_ALL = """
async () => {
  const registration = await navigator.serviceWorker.ready;
  for (const notification of await registration.getNotifications()) notification.close();
}
"""
CLICK = """
async ([tag, action]) => {
  // Only a browser's own event may be waited for; what it would wait for goes on all the same.
  ExtendableEvent.prototype.waitUntil = () => {};
  const [notification] = await self.registration.getNotifications({ tag });
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification, action }));
}
"""
ASKS = """
let permission = "default";
Object.defineProperty(Notification, "permission", { get: () => permission });
Notification.requestPermission = async () => (permission = "granted");
"""
"""Without a window Chromium asks nobody."""
OTHER_KEY = """
PushManager.prototype.getSubscription = async () => ({
  options: { applicationServerKey: new Uint8Array([4, 1, 2]).buffer },
  unsubscribe: async () => (self.unsubscribed = true),
});
"""
CHANGED = """
ExtendableEvent.prototype.waitUntil = () => {};
self.dispatchEvent(new ExtendableEvent("pushsubscriptionchange"));
"""
RED = "getComputedStyle(document.documentElement).backgroundColor"


@dataclass
class Telephone:
    """Anna's browser at the page of the team."""

    here: Site
    page: Page
    context: BrowserContext
    phone: Phone
    key: str
    """The house's public key."""
    key_file: Path
    cdp: CDPSession | None = None
    worker_id: str = ""

    @property
    def worker(self) -> Worker:
        return self.context.service_workers[0]

    async def pushed(self, data: str | dict[str, Any]) -> None:
        """What a push service brings, decrypted."""
        text = data if isinstance(data, str) else json.dumps(data)
        await self.here.until(lambda: self.worker_id, "a service worker")
        assert self.cdp
        said = {"origin": self.here.url, "registrationId": self.worker_id, "data": text}
        await self.cdp.send("ServiceWorker.deliverPushMessage", said)

    def notes_worker(self, told: dict[str, Any]) -> None:
        for one in told["registrations"]:
            self.worker_id = one["registrationId"]

    async def shows(self, tag: str, body: str = "") -> dict[str, Any]:
        """Waits until this notification stands, with these words in it."""
        return (await self.until(lambda shown: tag in shown and body in shown[tag]["body"]))[tag]

    async def shows_title(self, title: str) -> None:
        await self.until(lambda shown: any(one["title"] == title for one in shown.values()))

    async def shows_only(self, *tags: str) -> None:
        """Waits until these notifications stand, and no other."""
        await self.until(lambda shown: set(shown) == set(tags))

    async def until(self, wanted: Callable[[dict[str, dict[str, Any]]], bool]) -> dict[str, dict[str, Any]]:
        """Waits until this holds of the notifications that stand, by tag."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                shown = {one["tag"]: one for one in await self.worker.evaluate(SHOWN)}
                if wanted(shown):
                    return shown
                await asyncio.sleep(0.02)

    async def taps(self, tag: str, action: str) -> None:
        await self.worker.evaluate(CLICK, [tag, action])

    def receipts(self) -> list[tuple[str, str]]:
        received = [one for one in self.here.heard if isinstance(one, Receipt)]
        assert all(one.proof == ALARM["proof"] for one in received)
        return [(one.reached.order, one.reached.stage) for one in received]

    def redeemed(self) -> list[str]:
        return [one.token for one in self.here.heard if isinstance(one, Redeem)]

    def registered(self) -> list[Register]:
        return [one for one in self.here.heard if isinstance(one, Register)]

    async def encrypts(self, service: FakePush, said: Register) -> dict[str, Any]:
        """What this telephone reads of the alarm when the daemon sends it to whoever has registered so."""
        order = Deliver(
            id="1",
            order=str(ALARM["order"]),
            proof=str(ALARM["proof"]),
            way="push",
            member="anna",
            address=Address((Registration("1", self.phone.endpoint, said.p256dh, said.auth),)),
            kind="alarm",
            reason="first press",
            incident=INCIDENT,
            title=str(ALARM["title"]),
            text=str(ALARM["text"]),
            urgent=True,
            ttl_s=120,
            buttons=(Button("Ik ga", "coming", "token-coming"), Button("Kan niet", "cannot", "token-cannot")),
        )
        wired = WebPush("mailto:beheer@gemeente.example", ())
        way = PushWay(wired, str(self.key_file), {"anna": Address()}, lambda _: None, Clock().now, lambda *_: True)
        running = asyncio.create_task(way.run())
        try:
            async with asyncio.timeout(WITHIN_S):
                await way.deliver(order)
        finally:
            running.cancel()
            await asyncio.wait({running})
        return service.pushed[-1].said

    def answers(self, outcomes: Sequence[dict[str, Any] | Exception]) -> list[dict[str, Any]]:
        """What the house answers to what is asked of it from now on, in turn; and what it was asked."""
        asked: list[dict[str, Any]] = []

        async def command(said: dict[str, Any]) -> dict[str, Any]:
            asked.append(said)
            outcome = outcomes[len(asked) - 1]
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        self.here.app.state.house.command = command
        return asked


def accepted(durable: bool = True) -> dict[str, Any]:
    return {"result": "accepted", "note": "", "durable": durable}


@asynccontextmanager
async def telephone(
    chromium: Browser, folder: Path, service: FakePush, *, asked: bool = False
) -> AsyncIterator[Telephone]:
    """`asked`: whether it must still be asked for permission; it gives it."""
    async with site(House(), folder) as here:
        key_file = folder / "state" / "vapid.pem"
        key = make_vapid_key(key_file)
        service.server_key = key
        phone = service.phone("anna")
        context = await chromium.new_context()
        await context.grant_permissions(["notifications"])
        await context.add_cookies([here.cookie(await here.token("team", member="anna"))])
        await context.add_init_script(SUBSCRIPTION % json.dumps([ENDPOINT, *phone.keys]))
        if asked:
            await context.add_init_script(ASKS)
        page = await context.new_page()
        anna = Telephone(here, page, context, phone, key, key_file)
        cdp = await context.new_cdp_session(page)
        cdp.on("ServiceWorker.workerRegistrationUpdated", anna.notes_worker)
        await cdp.send("ServiceWorker.enable")
        anna.cdp = cdp
        await page.goto(f"{here.url}/team")
        await expect(page.locator("#push-state")).to_contain_text("Uit." if asked else "Aan.")
        await here.until(lambda: context.service_workers, "a service worker")
        await anna.worker.evaluate(IN_TURN)
        try:
            yield anna
        finally:
            await context.close()


# --- from a tap to an answer ------------------------------------------------------------------------------------------


async def test_from_the_tap_that_turns_it_on_to_the_answer_by_a_button(chromium: Browser, tmp_path: Path) -> None:
    async with push_service() as service, telephone(chromium, tmp_path, service, asked=True) as anna:
        assert not anna.registered()
        await anna.page.get_by_role("button", name="Zet meldingen aan").click()
        await expect(anna.page.locator("#push-state")).to_contain_text("Aan.")
        assert await anna.page.evaluate("subscribedWith") == {"userVisibleOnly": True, "applicationServerKey": anna.key}
        (registered,) = anna.registered()
        assert (registered.member, registered.endpoint) == ("anna", ENDPOINT)

        # What the daemon makes of an order, a telephone with these keys can read.
        assert await anna.encrypts(service, registered) == ALARM
        await anna.pushed(service.pushed[-1].said)
        alarm = await anna.shows(INCIDENT)
        assert (alarm["title"], alarm["body"]) == ("ALARM: Balie 3", "Kom naar Balie 3. Gedrukt om 14:02:33.")
        assert alarm["actions"] == [["coming", "Ik ga"], ["cannot", "Kan niet"]]
        assert alarm["requireInteraction"] and alarm["renotify"] and not alarm["silent"]
        await anna.here.until(lambda: len(anna.receipts()) == 2, "the receipts")
        assert set(anna.receipts()) == {(ALARM["order"], "received"), (ALARM["order"], "shown")}

        await anna.taps(INCIDENT, "coming")
        answer = await anna.shows(f"answer {INCIDENT}", "Ik ga: aangekomen")
        assert anna.redeemed() == ["token-coming"]
        # Where to run still stands there, and so does the other answer; the noise is over.
        assert answer["title"] == "ALARM: Balie 3"
        assert answer["body"].endswith("Kom naar Balie 3. Gedrukt om 14:02:33.")
        assert answer["actions"] == [["cannot", "Kan niet"]]
        assert answer["silent"] and not answer["requireInteraction"]
        await anna.shows_only(f"answer {INCIDENT}")


async def test_an_answer_that_finds_nobody_is_sent_again_with_the_same_id(chromium: Browser, tmp_path: Path) -> None:
    async with push_service() as service, telephone(chromium, tmp_path, service) as anna:
        asked = anna.answers([LinkUnavailable("away"), LinkUnavailable("away"), accepted(durable=False)])
        await anna.pushed(ALARM | {"order": ""})
        await anna.shows(INCIDENT)
        await anna.taps(INCIDENT, "coming")
        await anna.shows(f"answer {INCIDENT}", "Ik ga: verstuurd")
        await anna.shows(f"answer {INCIDENT}", "Ik ga: aangekomen, nog niet vastgelegd")
        assert [one["token"] for one in asked] == 3 * ["token-coming"]
        assert len({one["id"] for one in asked}) == 1


async def test_an_answer_that_did_not_count_is_felt_and_can_be_given_again(chromium: Browser, tmp_path: Path) -> None:
    async with push_service() as service, telephone(chromium, tmp_path, service) as anna:
        refused = {"result": "refused", "note": "not a member of the plan", "durable": True}
        closed = {"result": "closed", "note": "the alarm is closed", "durable": True}
        asked = anna.answers([refused, closed, *50 * [LinkUnavailable("away")]])
        await anna.pushed(ALARM | {"order": ""})
        await anna.shows(INCIDENT)
        await anna.taps(INCIDENT, "coming")
        again = await anna.shows(f"answer {INCIDENT}", "Ik ga: geen teamlid van het plan")
        assert again["requireInteraction"] and again["renotify"] and not again["silent"]
        assert again["actions"] == [["coming", "Ik ga"], ["cannot", "Kan niet"]]

        await anna.taps(f"answer {INCIDENT}", "cannot")
        over = await anna.shows(f"answer {INCIDENT}", "Kan niet: het alarm is al voorbij")
        assert over["silent"] and not over["actions"]

        # Nobody ever answers; a telephone's clock that runs on makes the wait short.
        await anna.pushed(ALARM | {"order": ""})
        await anna.shows(INCIDENT)
        await anna.worker.evaluate("performance.now = ((real, n) => () => real() + 60000 * n++)(() => 0, 0)")
        await anna.taps(INCIDENT, "cannot")
        lost = await anna.shows(f"answer {INCIDENT}", "Kan niet: NIET AANGEKOMEN")
        assert lost["requireInteraction"] and lost["renotify"]
        assert {one["token"] for one in asked[2:]} == {"token-cannot"}


# --- what is pushed ---------------------------------------------------------------------------------------------------


async def test_each_kind_takes_its_own_place(chromium: Browser, tmp_path: Path) -> None:
    async with push_service() as service, telephone(chromium, tmp_path, service) as anna:
        await anna.pushed(ALARM)
        await anna.pushed(
            ALARM | {"kind": "update", "order": "o.b.2", "title": "Balie 3: wie komt er nog?", "buttons": []}
        )
        update = await anna.shows(f"update {INCIDENT}")
        assert update["silent"] and not update["renotify"]

        # What asks for 112 takes the place of the alarm; of a flood of buttons, the first two.
        buttons = [{"label": f"Knop {n}", "answer": f"answer{n}", "token": f"t{n}"} for n in range(3)]
        await anna.pushed(ALARM | {"kind": "call_112", "order": "o.b.3", "text": "112: politie", "buttons": buttons})
        call = await anna.shows(INCIDENT, "112: politie")
        assert call["requireInteraction"] and call["renotify"] and len(call["actions"]) == 2

        other = ALARM | {"incident": "9-1-1", "order": "9-1-1.b.1"}
        await anna.pushed(other)
        await anna.pushed(ALARM | {"kind": "fault", "incident": "", "order": "notice.d.1", "title": "Waarschuwing"})
        await anna.pushed(ALARM | {"kind": "test", "incident": "", "order": "test.d.1", "title": "Proef"})
        test = await anna.shows("test")
        assert test["silent"] and not test["requireInteraction"]
        await anna.shows_only(INCIDENT, f"update {INCIDENT}", "9-1-1", "notice.d.1", "test")

        # The end takes away what was said of this alarm, and of no other.
        await anna.pushed(ALARM | {"kind": "over", "order": "o.b.4", "title": "Voorbij: Balie 3", "buttons": []})
        await anna.shows_only(INCIDENT, "9-1-1", "notice.d.1", "test")
        over = await anna.shows(INCIDENT)
        assert over["title"] == "Voorbij: Balie 3"
        assert not over["requireInteraction"] and not over["silent"]

        # A receipt that is answered by nobody keeps nothing away.
        anna.answers(50 * [LinkUnavailable("away")])
        await anna.pushed(ALARM | {"order": "o.b.5", "incident": "9-2-2"})
        await anna.shows("9-2-2")


async def test_whatever_is_pushed_is_shown(chromium: Browser, tmp_path: Path) -> None:
    garbage = [
        "",
        "nonsense",
        "null",
        "[]",
        '"alarm"',
        "{}",
        '{"v":1,"kind":"alarm"}',
        '{"kind":5,"title":{"a":1}}',
        '{"title":"x"}',
        "[" * 2000,
    ]
    odd: list[dict[str, Any]] = [
        {"kind": "alarm", "title": "odd 1", "buttons": "no", "order": 5, "incident": None},
        {
            "kind": "alarm",
            "title": "odd 2",
            "buttons": [None, 5, {"label": "x"}, {"label": {}, "answer": "a", "token": "t"}],
        },
        {"kind": "never heard of", "title": "odd 3", "text": "x" * 3000, "order": "../../do", "v": 99},
        {"kind": "over", "title": "odd 4"},
    ]
    async with push_service() as service, telephone(chromium, tmp_path, service) as anna:
        for data in garbage:
            await anna.pushed(data)
            one = await anna.shows("unreadable")
            assert one["title"] == "Open Achterwacht"
            assert one["requireInteraction"] and one["renotify"] and not one["silent"], "it may be an alarm"
            await anna.page.evaluate(CLOSE_ALL)
            await anna.shows_only()
        for said in odd:
            await anna.pushed(said)
            await anna.shows_title(said["title"])
        assert not anna.receipts()


# --- the registration -------------------------------------------------------------------------------------------------


async def test_what_is_missing_is_said_in_words(chromium: Browser, tmp_path: Path) -> None:
    no_push = "delete window.PushManager;"
    lacking = [
        ("Object.defineProperty(window, 'isSecureContext', { value: false });", "deze pagina komt niet over https"),
        (no_push, "deze browser kent geen meldingen"),
        (
            f"{no_push} Object.defineProperty(navigator, 'userAgent', {{ value: 'iPhone' }});",
            "eerst op het beginscherm",
        ),
        ("Object.defineProperty(Notification, 'permission', { value: 'denied' });", "op dit toestel verboden"),
        (
            "PushManager.prototype.subscribe = async () => { throw new Error('no push service'); };",
            "aanmelden bij zijn berichtendienst (no push service)",
        ),
    ]
    async with push_service() as service, telephone(chromium, tmp_path, service) as anna:
        for script, words in lacking:
            page = await anna.context.new_page()
            await page.add_init_script(script)
            await page.goto(f"{anna.here.url}/team")
            await expect(page.locator("#push-state")).to_contain_text(words)
            await page.close()


async def test_a_house_that_does_not_take_this_telephone_says_why(chromium: Browser, tmp_path: Path) -> None:
    async with push_service() as service, telephone(chromium, tmp_path, service) as anna:
        note = "push is not among this member's ways: see achterwacht.yaml"
        anna.answers([LinkUnavailable("away"), {"result": "refused", "note": note, "durable": True}, accepted(False)])
        await anna.page.reload()
        state = anna.page.locator("#push-state")
        await expect(state).to_contain_text("Onbekend: het gebouw geeft geen antwoord")
        await expect(state).to_contain_text("Uit: het huis weigert dit toestel", timeout=WITHIN_S * 1000)
        await anna.page.reload()
        await expect(state).to_contain_text("nog niet vastgelegd")
        (tmp_path / "state" / "vapid.public").unlink()
        await anna.page.reload()
        await expect(state).to_contain_text("dit huis heeft geen Web Push")


async def test_an_answer_that_broke_off_halfway_is_asked_for_again(chromium: Browser, tmp_path: Path) -> None:
    async with push_service() as service, telephone(chromium, tmp_path, service) as anna:
        await anna.page.add_init_script("""
            const whole = Response.prototype.text;
            let broken = 0;
            Response.prototype.text = function () {
                return broken++ ? whole.call(this) : Promise.reject(new TypeError("network error"));
            };
        """)
        await anna.page.reload()
        await expect(anna.page.locator("#push-state")).to_contain_text("Aan. Dit toestel is aangemeld")


async def test_a_browser_is_registered_anew_at_each_visit_and_when_it_changes(
    chromium: Browser, tmp_path: Path
) -> None:
    async with push_service() as service, telephone(chromium, tmp_path, service) as anna:
        assert len(anna.registered()) == 1
        # One with the key of another house, or of this one before its key was lost, is given up.
        await anna.page.add_init_script(OTHER_KEY)
        await anna.page.reload()
        await anna.here.until(lambda: len(anna.registered()) == 2, "a second registration")
        assert await anna.page.evaluate("unsubscribed") is True

        renewed = json.dumps(["https://push.example/renewed", *anna.phone.keys])
        await anna.worker.evaluate(f"() => {{ {SUBSCRIPTION % renewed} {CHANGED} }}")
        await anna.here.until(lambda: len(anna.registered()) == 3, "a third registration")
        assert anna.registered()[-1].endpoint == "https://push.example/renewed"
        assert await anna.worker.evaluate("subscribedWith.applicationServerKey") == anna.key

        # When the house cannot have the new one, somebody must know: it can ring nobody here.
        anna.answers([{"result": "refused", "note": "", "durable": True}])
        await anna.worker.evaluate(f"() => {{ {CHANGED} }}")
        lost = await anna.shows("lost")
        assert lost["title"] == "Meldingen staan uit op dit toestel"
        assert lost["requireInteraction"], "until somebody has read it"


# --- when the building does not answer --------------------------------------------------------------------------------


async def test_a_page_that_cannot_be_had_is_red_and_comes_back_by_itself(chromium: Browser, tmp_path: Path) -> None:
    async with push_service() as service, telephone(chromium, tmp_path, service) as anna, way_to(anna.here) as way:
        page = anna.page
        await page.goto(f"{way.url}/team")
        await expect(page.locator("#push")).to_be_visible()
        await page.evaluate("async () => { await navigator.serviceWorker.ready; }")

        for cut in (way.cut, way.answers_502):
            await cut()
            for path in ("/team", "/receptie"):
                await page.goto(way.url + path)
                await expect(page.get_by_role("heading")).to_have_text("Geen verbinding met het gebouw")
                await expect(page.get_by_role("alert")).to_contain_text("Dit is niet de stand van nu")
                assert await page.locator("[data-part]").count() == 0, "nothing that could be old"
            await expect(page.locator("#tried")).to_contain_text("Laatste poging: ")
            assert (await page.evaluate(RED)) == "rgb(143, 15, 18)"
            assert (await Axe().run(page)).violations_count == 0
            await page.goto(f"{way.url}/team")
            await way.mend()
            await expect(page.locator("#push")).to_be_visible()

        # A desk shows nothing red, whatever happens.
        await way.cut()
        with pytest.raises(PlaywrightError, match="ERR_CONNECTION"):
            await page.goto(f"{way.url}/balie/7")


@dataclass
class WayTo:
    """The network between a browser and a site, at a port of its own, which can be cut."""

    port: int
    url: str
    site_port: int
    server: asyncio.Server | None = None
    lines: set[asyncio.StreamWriter] = field(default_factory=set)
    is_bad_gateway: bool = False

    async def mend(self) -> None:
        await self.cut()
        self.is_bad_gateway = False
        self.server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    async def cut(self) -> None:
        if self.server:
            self.server.close()
        for line in self.lines:
            line.close()
        await asyncio.gather(*(line.wait_closed() for line in self.lines), return_exceptions=True)
        self.lines.clear()

    async def answers_502(self) -> None:
        """What stands before the dashboard is there, and the dashboard is not."""
        await self.mend()
        self.is_bad_gateway = True

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.add(writer)
        if self.is_bad_gateway:
            await reader.readline()
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.site_port)
        self.lines.add(back)
        await asyncio.gather(_pour(reader, back), _pour(there, writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def way_to(here: Site) -> AsyncIterator[WayTo]:
    port = free_port()
    way = WayTo(port, f"http://127.0.0.1:{port}", int(here.url.rpartition(":")[2]))
    await way.mend()
    try:
        yield way
    finally:
        await way.cut()
