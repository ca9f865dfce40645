"""The doors as requests: cookies, where one is sent, what is refused, and what the pages of Beheer do. What needs a
browser is in test_doors_in_chromium.py; who may come at all is in test_access.py."""

from __future__ import annotations

import asyncio
import io
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import get_args

import pytest
from argon2 import PasswordHasher
from httpx import AsyncClient, Response

from achterwacht_dashboard import account_commands, cli, passwords
from achterwacht_dashboard.access import ROLES
from achterwacht_dashboard.accounts import COOKIE, HOST_COOKIE, DeedWord
from achterwacht_dashboard.forms import FORM_MAX_BYTES
from achterwacht_dashboard.register import FILE, Register, RegisterUnavailable
from achterwacht_dashboard.throttle import FREE
from achterwacht_dashboard.words.accounts import EN, NL
from dashboard_site import Site, site
from house import House

pytestmark = pytest.mark.asyncio

SENTENCE = "een lange zin is goed"
BROWSER = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html,*/*;q=0.8"}
SCRIPT = '<script>alert("x")</script>'


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost nothing."""
    monkeypatch.setattr(passwords, "PasswordHasher", partial(PasswordHasher, time_cost=1, memory_cost=64))


@asynccontextmanager
async def browser(here: Site, token: str = "", **headers: str) -> AsyncIterator[AsyncClient]:
    """Somebody who sends what a browser does, and goes nowhere by itself."""
    async with AsyncClient(base_url=here.url, headers=BROWSER | headers) as client:
        if token:
            client.cookies.set(COOKIE, token, domain="127.0.0.1")
        yield client


async def log_in(client: AsyncClient, name: str, password: str = SENTENCE, next: str = "/") -> Response:
    return await client.post("/login", data={"name": name, "password": password, "next": next})


def cookie_of(answer: Response) -> str:
    return str(answer.headers.get("set-cookie", ""))


# --- in and out -------------------------------------------------------------------------------------------------------


async def test_somebody_logs_in_and_out(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, browser(here) as client:
        await here.app.state.accounts.add("Els", frozenset({"reception"}), "els", SENTENCE)
        asked = await client.get("/balie/5?a=b")
        assert asked.headers["location"] == "/login?next=%2Fbalie%2F5%3Fa%3Db"
        form = await client.get(asked.headers["location"])
        assert 'value="/balie/5?a=b"' in form.text
        done = await log_in(client, "els", next="/balie/5?a=b")
        assert (done.status_code, done.headers["location"]) == (303, "/balie/5?a=b")
        assert (await client.get("/login")).headers["location"] == "/"
        assert (await client.get("/receptie")).status_code == 200
        out = await client.post("/logout")
        assert out.headers["location"] == "/login"
        assert (await client.get("/receptie")).status_code == 303


async def test_a_cookie_is_for_this_house_alone(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, browser(here) as client:
        await here.app.state.accounts.add("Els", frozenset({"reception"}), "els", SENTENCE)
        cookie = cookie_of(await log_in(client, "Els"))
        assert re.fullmatch(rf"{COOKIE}=[\w-]{{43}}; HttpOnly; Path=/; SameSite=strict", cookie)
        client.cookies.clear()
        by_https = {"X-Forwarded-Proto": "https"}
        cookie = cookie_of(await client.post("/login", data={"name": "Els", "password": SENTENCE}, headers=by_https))
        assert re.fullmatch(rf"{HOST_COOKIE}=[\w-]{{43}}; HttpOnly; Path=/; SameSite=strict; Secure", cookie)
        client.cookies.clear()
        token = cookie.partition("=")[2].partition(";")[0]
        planted = {"Cookie": f"{COOKIE}={await here.token('admin')}; {HOST_COOKIE}={token}"}
        assert "Els" in (await client.get("/account", headers=by_https | planted)).text
        assert (await client.get("/account", headers={"Cookie": f"{HOST_COOKIE}={token}"})).status_code == 303


async def test_the_cookie_of_a_paired_device_is_kept_and_each_page_keeps_it_longer(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        token = await here.token("reception", screen="scherm-balie")
        async with browser(here, token) as client:
            cookie = cookie_of(await client.get("/receptie"))
        assert cookie.startswith(f"{COOKIE}={token}; HttpOnly; Max-Age=34560000; Path=/; SameSite=strict")
        async with browser(here, await here.token("reception")) as client:
            assert cookie_of(await client.get("/receptie")) == "", "a login is not made longer"


async def test_a_login_always_makes_a_new_session(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        accounts = here.app.state.accounts
        await accounts.add("Els", frozenset({"reception"}), "els", SENTENCE)
        planted = await here.token("reception", name="Boef")
        async with browser(here, planted) as client:
            answer = await log_in(client, "Els")
        assert planted not in cookie_of(answer)
        assert accounts.viewer(planted) is None, "what the browser had before is over"
        async with browser(here, "x" * 43) as client:
            assert "x" * 43 not in cookie_of(await log_in(client, "Els"))


async def test_a_slip_of_the_hand_unpairs_no_device(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        token = await here.token("reception", screen="scherm-balie")
        async with browser(here, token) as client:
            assert (await client.post("/logout")).headers["location"] == "/account"
            assert here.app.state.accounts.viewer(token)
            assert (await client.post("/logout", data={"unpair": "yes"})).headers["location"] == "/login"
            assert here.app.state.accounts.viewer(token) is None


@pytest.mark.parametrize(
    "next",
    ["//elders.example", "/\\elders.example", "https://elders.example", "/\t/elders.example", "javascript:alert(1)",
     "elders", "", "/\n/elders.example", "\\\\elders.example", "/" + "x" * 600, "/a\\b"],
)  # fmt: skip
async def test_after_a_login_nobody_is_sent_to_another_house(tmp_path: Path, next: str) -> None:
    async with site(House(), tmp_path) as here, browser(here) as client:
        await here.app.state.accounts.add("Els", frozenset({"reception"}), "els", SENTENCE)
        assert 'name="next" value="/"' in (await client.get("/login", params={"next": next})).text
        assert (await log_in(client, "Els", next=next)).headers["location"] == "/"
        assert (await client.get("/login", params={"next": next})).headers["location"] == "/"


async def test_a_wrong_password_is_told_and_what_was_typed_stays_but_for_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with site(House(), tmp_path) as here, browser(here) as client:
        answer = await log_in(client, SCRIPT, "mijn verkeerde zin")
        assert answer.status_code == 422
        assert NL["accounts.wrong"] in answer.text
        assert SCRIPT not in answer.text
        assert "&lt;script&gt;" in answer.text
        assert "mijn verkeerde zin" not in answer.text + caplog.text
        for _ in range(FREE):
            answer = await log_in(client, "Els", "mijn verkeerde zin")
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "1"
        assert NL["accounts.too_soon"].format(wait_s=1) in answer.text


async def test_guesses_at_a_devices_own_address_slow_nothing_on_it(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        token = await here.token("reception", member="els", screen="scherm-balie")
        async with browser(here, token) as client:
            for _ in range(2 * FREE):
                last = await log_in(client, "Els", "een gok, een gok")
            assert last.status_code == 429
            assert (await client.get("/receptie")).status_code == 200
            said = await client.post("/do/drill_stop", json={"id": "1"}, headers={"Accept": "*/*"})
            assert said.status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"name=" + b"x" * FORM_MAX_BYTES, 413),
        (b"name=\xff", 400),
        (b"&&=&;;%%%", 422),
        (b"", 422),
        (b"{}", 422),
        (b"a&" * 9000, 400),
    ],
)
async def test_what_is_no_form_is_told_and_harms_nothing(tmp_path: Path, body: bytes, status: int) -> None:
    async with site(House(), tmp_path) as here, browser(here) as client:
        answer = await client.post("/login", content=body)
        assert answer.status_code == status
        assert "<h1>" in answer.text


# --- who may not come in ----------------------------------------------------------------------------------------------


async def test_what_is_not_there_is_told_in_both_languages(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        token = await here.token("team")
        async with browser(here, token) as client:
            for language, words in (("nl", NL), ("en", EN)):
                client.cookies.set("taal", language, domain="127.0.0.1")
                for path, status in (("/nergens", 404), ("/balie/abc", 404), ("/beheer/accounts", 403)):
                    answer = await client.get(path)
                    assert answer.status_code == status
                    assert words[f"accounts.wrong_{status}"] in answer.text
                    assert words["accounts.wrong_home"] in answer.text
        async with browser(here) as client:
            assert NL["accounts.wrong_404"] in (await client.get("/nergens")).text


async def test_a_script_is_answered_in_json(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, browser(here, Accept="*/*") as client:
        answer = await client.post("/do/answer", json={})
        assert (answer.status_code, list(answer.json())) == (401, ["detail"])
        assert (await client.get("/receptie")).status_code == 401
        assert (await client.get("/nergens")).json() == {"detail": "Not Found"}


async def test_a_form_from_another_site_is_refused(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        token = await here.token("admin")
        for headers in (
            {"Sec-Fetch-Site": "cross-site", "Origin": here.url},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "http://elders.example", "Sec-Fetch-Site": "same-origin"},
            {"Origin": "null"},
            {},
        ):
            async with AsyncClient(base_url=here.url, headers=headers, cookies={COOKIE: token}) as client:
                answer = await client.post("/beheer/accounts", data={"name": "Boef", "role": "admin"})
                assert answer.status_code == 403
        assert here.app.state.accounts.named("Boef") is None


# --- the first account ------------------------------------------------------------------------------------------------


async def test_the_first_account_is_made_by_its_link_and_by_no_other_way(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, browser(here) as client:
        link = await account_commands.first_link(tmp_path / "data", here.url)
        assert link is not None
        assert (await client.get("/start/iets-anders")).status_code == 404
        typed = {"name": "Els", "role": ["reception", "boef"], "member": "els"}
        form = await client.get(link)
        assert NL["accounts.start_why"] in form.text
        again = await client.post(link, data=typed | {"password": SENTENCE, "again": "iets anders"})
        assert again.status_code == 422
        assert NL["accounts.not_the_same"] in again.text
        assert 'value="Els"' in again.text
        assert re.search(r'value="reception" checked', again.text), "what was typed is not lost"
        assert SENTENCE not in again.text
        done = await client.post(link, data=typed | {"password": SENTENCE, "again": SENTENCE})
        assert done.status_code == 303
        (els,) = here.app.state.accounts.all()
        assert (els.roles, els.member) == ({"reception", "admin"}, "els")
        assert (await client.get("/beheer/accounts")).status_code == 200
        client.cookies.clear()
        assert (await client.get(link)).status_code == 404
        assert (await client.post(link, data=typed | {"password": SENTENCE, "again": SENTENCE})).status_code == 404
        assert await account_commands.first_link(tmp_path / "data", here.url) is None


# --- pairing ----------------------------------------------------------------------------------------------------------


async def test_the_coordinator_gives_nobody_more_than_they_have(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        accounts = here.app.state.accounts
        admin = await accounts.add("Beheerder", frozenset({"admin"}))
        keeper = await accounts.add("P&O", frozenset({"register", "supervisor"}))
        anna = await accounts.add("Anna", frozenset({"team"}), "anna")
        token = await here.token("coordinator", name="Coör")
        async with browser(here, token) as client:
            page = (await client.get("/beheer/toestellen")).text
            assert "Anna</option>" in page
            assert "Beheerder</option>" not in page
            for other in (admin, keeper, "niemand"):
                answer = await client.post("/beheer/toestellen", data={"account": other, "screen": ""})
                assert answer.status_code == 422
            assert (await client.post("/beheer/toestellen", data={"account": anna, "screen": "?"})).status_code == 422
            own = accounts.viewer(token).account
            assert (await client.post("/beheer/toestellen", data={"account": own})).status_code == 200
            assert (await client.post("/beheer/toestellen", data={"account": anna})).status_code == 200


async def test_a_short_code_is_typed_as_people_type(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, browser(here) as client:
        accounts = here.app.state.accounts
        _, code = await accounts.make_link("pair", await accounts.add("Anna", frozenset({"team"}), "anna"))
        typed = await client.post("/pair", data={"code": f" {code[:4].lower()}-{code[4:].lower()} "})
        assert typed.headers["location"] == f"/pair/{code}"
        assert "Anna" in (await client.get(f"/pair/{code}")).text
        assert (await client.post("/pair", data={"code": "//elders.example"})).headers["location"].startswith("/pair/")
        assert (await client.post("/pair", data={"code": ""})).headers["location"] == "/pair"


async def test_codes_cannot_be_guessed_quickly(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, browser(here) as client:
        answers = [(await client.get(f"/pair/AAAAAAA{n}")).status_code for n in range(FREE + 2)]
        assert answers == FREE * [404] + 2 * [429]


async def test_what_a_browser_was_before_it_was_paired_is_over(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        accounts = here.app.state.accounts
        before = await here.token("admin")
        link, _ = await accounts.make_link("pair", await accounts.add("Anna", frozenset({"team"}), "anna"))
        async with browser(here, before, **{"User-Agent": "Mozilla/5.0 (Linux; Android 16)"}) as client:
            answer = await client.post(f"/pair/{link}")
            assert answer.headers["location"] == "/team"
            assert "Max-Age=34560000" in cookie_of(answer)
        assert accounts.viewer(before) is None
        assert [device.label for device in accounts.devices()] == ["Android"]


DEAF = f'<div class="deaf" role="alert"><p><b>{NL["accounts.deaf"]}'
"""Shown; elsewhere it is there for static/ended.js."""


async def test_in_place_of_a_page_that_rings_it_is_said_that_nothing_does(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, browser(here) as client:
        for path in ("/team", "/receptie"):
            asked = await client.get(path)
            form = await client.get(asked.headers["location"])
            assert DEAF in form.text
            assert f'name="back" value="{path}"' in form.text, "another language, and it still says so"
        assert DEAF not in (await client.get("/login")).text
        token = await here.token("register", member="els")
    async with site(House(), tmp_path) as here, browser(here, token) as client:
        refused = await client.get("/team")
        assert (refused.status_code, DEAF in refused.text) == (403, True)
        assert DEAF not in (await client.get("/beheer/accounts")).text


# --- one's own account ------------------------------------------------------------------------------------------------


async def test_somebody_changes_their_own_password(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here, browser(here) as client:
        await here.app.state.accounts.add("Els", frozenset({"reception"}), "els", SENTENCE)
        await log_in(client, "Els")
        for typed, why in (
            ({"old": "niet de goede zin", "new": "een nieuwe zin", "again": "een nieuwe zin"}, "own_wrong"),
            ({"old": SENTENCE, "new": "een nieuwe zin", "again": "iets anders hoor"}, "not_the_same"),
            ({"old": SENTENCE, "new": "kort", "again": "kort"}, "bad_password"),
        ):
            answer = await client.post("/account/password", data=typed)
            assert (answer.status_code, NL[f"accounts.{why}"] in answer.text) == (422, True)
            assert 'name="back" value="/account"' in answer.text, "where a language is chosen, and come back to"
        good = {"old": SENTENCE, "new": "een nieuwe zin", "again": "een nieuwe zin"}
        assert NL["accounts.own_changed"] in (await client.post("/account/password", data=good)).text
        assert (await client.get("/receptie")).status_code == 200
        async with browser(here) as other:
            assert (await log_in(other, "Els", "een nieuwe zin")).status_code == 303


# --- Beheer -----------------------------------------------------------------------------------------------------------


async def test_an_administrator_lets_somebody_in(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        accounts = here.app.state.accounts
        token = await here.token("admin", name="Els")
        async with browser(here, token) as client, browser(here) as bas:
            page = await client.post("/beheer/accounts", data={"name": "Bas", "role": ["team"], "member": "bas"})
            link = re.search(r"<code>([^<]*)</code>", page.text)
            assert link is not None
            form = await bas.get(link[1])
            assert "Bas" in form.text
            await bas.post(link[1], data={"password": SENTENCE, "again": SENTENCE})
            assert (await bas.get("/team")).status_code == 200

            id = accounts.named("Bas").id
            await client.post(f"/beheer/accounts/{id}", data={"name": "Bas J.", "role": ["reception"], "member": ""})
            assert (await bas.get("/team")).status_code == 403, "another role holds at once"
            assert (await bas.get("/receptie")).status_code == 200
            await client.post(f"/beheer/accounts/{id}/disabled", data={"disabled": "yes"})
            assert (await bas.get("/receptie")).status_code == 303
            await client.post(f"/beheer/accounts/{id}/disabled", data={"disabled": ""})
            assert (await log_in(bas, "Bas J.")).status_code == 303
            told = await client.get("/beheer/gedaan")
            for line in (
                "Els voegde Bas J. toe (team, bas)",
                "Els wijzigde Bas J. (receptie, Bas → Bas J.)",
                "Els schakelde Bas J. uit",
            ):
                assert line in told.text


async def test_what_cannot_be_is_told_and_what_was_typed_stays(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        accounts = here.app.state.accounts
        token = await here.token("admin", name="Els")
        els = accounts.viewer(token).account
        new: list[tuple[Mapping[str, object], str]] = [
            ({"name": "els", "role": ["team"]}, "name_taken"),
            ({"name": "Bas", "role": []}, "bad_roles"),
            ({"name": "Bas", "role": ["koning"]}, "bad_roles"),
            ({"name": "Bas", "role": ["team"], "member": "niemand"}, "bad_member"),
            ({"name": " ", "role": ["team"]}, "bad_name"),
        ]
        async with browser(here, token) as client:
            for typed, why in new:
                answer = await client.post("/beheer/accounts", data=typed)
                assert (answer.status_code, NL[f"accounts.{why}"] in answer.text) == (422, True)
                assert f'id="new-name" name="name" type="text" value="{typed["name"]}"' in answer.text
            for path, form, why in (
                (f"{els}", {"name": "Els", "role": ["team"]}, "last_admin"),
                (f"{els}/disabled", {"disabled": "yes"}, "last_admin"),
                ("niemand", {"name": "Els", "role": ["team"]}, "no_account"),
                ("niemand/disabled", {"disabled": "yes"}, "no_account"),
                ("niemand/link", {}, "no_account"),
            ):
                answer = await client.post(f"/beheer/accounts/{path}", data=form)
                assert (answer.status_code, NL[f"accounts.{why}"] in answer.text) == (422, True)
        assert [account.name for account in accounts.all()] == ["Els"]
        assert "admin" in accounts.all()[0].roles


async def test_a_name_is_text_wherever_it_stands(tmp_path: Path) -> None:
    async with site(House(), tmp_path) as here:
        accounts = here.app.state.accounts
        token = await here.token("admin", "coordinator", name=SCRIPT)
        evil = await accounts.add(f"{SCRIPT}2", frozenset({"team"}))
        link, _ = await accounts.make_link("pair", evil)
        await accounts.open_session(evil, trusted=True, label=SCRIPT)
        reset, _ = await accounts.make_link("password", evil)
        async with browser(here, token) as client:
            for path in ("/account", "/beheer/accounts", "/beheer/toestellen", "/beheer/gedaan", f"/pair/{link}",
                         f"/start/{reset}"):  # fmt: skip
                page = (await client.get(path)).text
                assert "&lt;script&gt;" in page, path
                assert SCRIPT not in page, path


# --- a register that is broken ----------------------------------------------------------------------------------------


async def test_a_damaged_register_is_told_loudly_and_a_paired_screen_goes_on(tmp_path: Path) -> None:
    house = House()
    async with site(house, tmp_path) as here:
        screen = await here.token("reception", "coordinator", member="els", screen="scherm-balie")
    (tmp_path / "data" / FILE).write_bytes(b"rubbish" * 1000)
    async with site(house, tmp_path) as here:
        async with browser(here, screen) as client:
            assert (await client.get("/receptie")).status_code == 200
            said = await client.post("/do/drill_stop", json={"id": "1"}, headers={"Accept": "*/*"})
            assert said.status_code == 200
            for path in ("/account", "/beheer/toestellen"):
                assert "register.db" in (await client.get(path)).text
            assert (await client.post("/beheer/toestellen", data={"account": "x"})).status_code in (422, 503)
        async with browser(here) as client:
            assert "register.db" in (await client.get("/login")).text
            answer = await log_in(client, "Els")
            assert answer.status_code == 503
            assert "register.db" in answer.text
            assert (await client.get("/start/x")).status_code == 503


async def test_a_change_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(self: Register, *steps: object, **how: object) -> bool:
        raise RegisterUnavailable(f"{FILE}: database or disk is full")

    async with site(House(), tmp_path) as here:
        token = await here.token("admin")
        monkeypatch.setattr(Register, "write", full)
        async with browser(here, token) as client:
            answer = await client.post("/beheer/accounts", data={"name": "Bas", "role": "team"})
            assert answer.status_code == 503
            assert "disk is full" in answer.text
            for path in ("/beheer/accounts", "/beheer/toestellen", "/account"):
                assert "Het dashboard kan nu niets bewaren." in (await client.get(path)).text
        monkeypatch.undo()
        assert here.app.state.accounts.named("Bas") is None


# --- the command line -------------------------------------------------------------------------------------------------


def command(*words: str, data: Path) -> int:
    asked = cli.parser().parse_args(["account", *words, "--data", str(data)])
    return int(asked.run(asked))


async def test_the_operator_keeps_accounts_while_the_dashboard_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"

    async def by_hand(*words: str, typed: str = "") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return await asyncio.to_thread(command, *words, data=data)

    async with site(House(), tmp_path) as here, browser(here) as client:
        accounts = here.app.state.accounts
        for _ in range(2):
            await by_hand("add", "--name", "Els", "--role", "reception", "--role", "admin", "--member", "els",
                          "--password-stdin", "--replace", typed=f"{SENTENCE}\nand more")  # fmt: skip
        await here.until(lambda: accounts.named("Els") and accounts.named("Els").password)
        assert (await log_in(client, "Els")).status_code == 303
        await by_hand("password", "--name", "ELS", "--password-stdin", typed="een nieuwe zin\n")
        async with browser(here) as other:
            await here.until(lambda: accounts.viewer(client.cookies[COOKIE]) is None)
            assert (await log_in(other, "Els", "een nieuwe zin")).status_code == 303
        await by_hand("list")
        assert capsys.readouterr().out == "Els\treception admin\tels\t\n"
        with pytest.raises(Exception, match="last account"):
            await by_hand("disable", "--name", "Els")
        with pytest.raises(Exception, match="exists already"):
            await by_hand("add", "--name", "Els", "--role", "team")
        with pytest.raises(Exception, match="no such account"):
            await by_hand("disable", "--name", "Fred")


@pytest.mark.parametrize(
    ("host", "port", "https", "address"),
    [("127.0.0.1", 8112, False, "http://127.0.0.1:8112"), ("::1", 1, True, "https://[::1]:1")],
)
async def test_where_a_browser_finds_us(host: str, port: int, https: bool, address: str) -> None:
    assert account_commands.address_of(host, port, https) == address


async def test_a_dashboard_for_everybody_is_found_by_its_name() -> None:
    assert "0.0.0.0" not in account_commands.address_of("0.0.0.0", 8112, False)


async def test_a_register_that_cannot_be_used_is_told_to_the_operator(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"rubbish" * 1000)
    with pytest.raises(RegisterUnavailable, match="not a database"):
        await asyncio.to_thread(command, "list", data=tmp_path)
    assert await account_commands.first_link(tmp_path, "http://here") is None, "serving goes on"


@pytest.mark.parametrize(
    "key", [*(f"accounts.role_{role}" for role in ROLES), *(f"accounts.deed_{word}" for word in get_args(DeedWord))]
)
async def test_each_role_and_each_deed_has_its_words(key: str) -> None:
    assert key in NL
    assert key in EN
