"""What a telephone fetches to become one that can be rung: manifest, service worker, key, the page offline."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from achterwacht.outputs.phones.vapid import make_vapid_key
from achterwacht_dashboard.accounts import COOKIE
from achterwacht_dashboard.pages import HERE
from achterwacht_dashboard.push import WORKER_WORDS
from achterwacht_dashboard.respond import LANGUAGE_COOKIE
from dashboard_site import Site, site
from house import House

pytestmark = pytest.mark.asyncio


@dataclass
class Browser:
    """A browser of somebody of the team, in front of a site."""

    site: Site
    http: httpx.AsyncClient
    state: Path


@asynccontextmanager
async def browser(folder: Path, language: str = "nl", logged_in: bool = True) -> AsyncIterator[Browser]:
    async with site(House(), folder) as here:
        cookies = {LANGUAGE_COOKIE: language}
        if logged_in:
            cookies[COOKIE] = await here.token("team", member="anna")
        async with httpx.AsyncClient(base_url=here.url, cookies=cookies) as http:
            yield Browser(here, http, folder / "state")


async def test_the_manifest_makes_it_an_app_and_all_its_icons_are_there(tmp_path: Path) -> None:
    async with browser(tmp_path, logged_in=False) as at:
        answer = await at.http.get("/manifest.webmanifest")
        assert answer.headers["content-type"] == "application/manifest+json"
        said = answer.json()
        assert (said["name"], said["lang"], said["display"], said["scope"]) == ("Achterwacht", "nl", "standalone", "/")
        for icon in said["icons"]:
            assert (await at.http.get(icon["src"])).headers["content-type"].startswith(icon["type"])
        sizes = {(icon["sizes"], icon["purpose"]) for icon in said["icons"]}
        assert {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")} <= sizes


async def test_the_manifest_speaks_the_language_of_the_browser(tmp_path: Path) -> None:
    async with browser(tmp_path, "en") as at:
        said = (await at.http.get("/manifest.webmanifest")).json()
    assert (said["lang"], said["description"]) == ("en", "Alarms of the desks, and who is coming.")


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_the_service_worker_brings_its_words_and_is_never_kept_long(tmp_path: Path, language: str) -> None:
    async with browser(tmp_path, language, logged_in=False) as at:
        answer = await at.http.get("/sw.js")
        page = await at.http.get("/offline")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert (answer.headers["service-worker-allowed"], answer.headers["cache-control"]) == ("/", "no-cache")
    told = dict(re.findall(r"^const (BUILD|LANGUAGE|WORDS) = (.*);$", answer.text, re.MULTILINE))
    words = json.loads(told["WORDS"])
    assert set(words) == set(WORKER_WORDS)
    assert json.loads(told["LANGUAGE"]) == language
    assert words["refused"] == {"nl": "geweigerd", "en": "refused"}[language]
    # What it keeps for the page offline is what that page asks for.
    kept = re.search(r"^const KEPT = \[(.*)\];$", answer.text, re.MULTILINE)
    assert kept, "what it keeps"
    addresses = re.findall(r'["`]([^"`]+)["`]', kept[1].replace("${BUILD}", json.loads(told["BUILD"])))
    assert addresses == ["/offline", *re.findall(r'(?:href|src)="([^"]+)"', page.text)]


async def test_the_service_worker_has_a_word_for_all_that_it_says() -> None:
    script = (HERE / "static" / "sw.js").read_text(encoding="utf-8")
    assert set(re.findall(r"WORDS\.(\w+)", script)) == set(WORKER_WORDS)


async def test_every_state_of_the_page_has_its_text() -> None:
    script = (HERE / "static" / "push.js").read_text(encoding="utf-8")
    template = (HERE / "templates" / "push.html").read_text(encoding="utf-8")
    named = set(re.findall(r'say\("(\w+)"', script)) | set(re.findall(r'return.*?"(\w+)"', script))
    texts = {re.sub(r"_(\w)", lambda found: found[1].upper(), name) for name in re.findall(r'"(\w+)"', template)}
    assert named - {"undefined", "string"} <= texts


async def test_a_browser_gets_the_key_of_the_house(tmp_path: Path) -> None:
    async with browser(tmp_path) as at:
        key = make_vapid_key(at.state / "vapid.pem")
        answer = await at.http.get("/push/key")
    assert (answer.status_code, answer.text) == (200, key)


async def test_a_house_without_web_push_says_so(tmp_path: Path) -> None:
    async with browser(tmp_path) as at:
        answer = await at.http.get("/push/key")
        assert answer.status_code == 404
        assert answer.json()["detail"].startswith("dit huis heeft geen Web Push")
        (at.state / "vapid.public").mkdir()
        answer = await at.http.get("/push/key")
        assert answer.status_code == 404
        assert answer.json()["detail"].startswith("de sleutel voor Web Push is niet te lezen")


async def test_the_key_is_for_who_may_register(tmp_path: Path) -> None:
    async with browser(tmp_path, logged_in=False) as at:
        assert (await at.http.get("/push/key")).status_code == 401


async def test_the_page_offline_holds_nothing_of_the_house(tmp_path: Path) -> None:
    async with browser(tmp_path) as at:
        mine = await at.http.get("/offline")
        at.http.cookies.delete(COOKIE)
        anybodys = await at.http.get("/offline")
    assert mine.text == anybodys.text
    assert "Geen verbinding met het gebouw" in mine.text
    assert "Dit is niet de stand van nu" in mine.text
