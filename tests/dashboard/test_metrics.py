"""`/metrics`: figures that Prometheus can read, for this machine and whoever manages the house."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import httpx
import pytest

from achterwacht.exposition import exposition
from achterwacht_dashboard.house import House as Follower
from achterwacht_dashboard.live import Live
from achterwacht_dashboard.metrics import Figures, figures_of, resident_bytes
from achterwacht_dashboard.pages import Renderer
from dashboard_site import HouseClock, site
from house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

SAMPLE = re.compile(r"[a-z_]+(\{[a-z_]+=\"[^\"\\]*\"\})? -?[0-9.e+]+")


def figures_in(text: str) -> dict[str, float]:
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(SAMPLE.fullmatch(line) for line in samples), text
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in samples)}


async def test_the_figures_follow_what_happens(tmp_path: Path) -> None:
    house = House()
    async with site(house, tmp_path) as here:
        token = await here.token("reception", member="els")
        async with httpx.AsyncClient(base_url=here.url, headers={"Origin": here.url}) as client:
            answer = await client.get("/metrics")
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            before = figures_in(answer.text)
            assert before["achterwacht_dashboard_link_up"] == 1
            assert before["achterwacht_dashboard_newest_fact"] == house.state.n
            assert before["process_resident_memory_bytes"] > 10_000_000
            client.cookies.set("achterwacht", token)
            said = {"id": uuid.uuid4().hex, "target": "phone:anna"}
            assert (await client.post("/do/test", json=said)).json()["result"] == "accepted"
            refused = {"id": uuid.uuid4().hex, "target": "phone:nobody"}
            assert (await client.post("/do/test", json=refused)).json()["result"] == "refused"
            after = figures_in((await client.get("/metrics")).text)
        assert after['achterwacht_dashboard_commands_total{result="accepted"}'] == 1
        assert after['achterwacht_dashboard_commands_total{result="refused"}'] == 1
        assert after["achterwacht_dashboard_newest_fact"] > before["achterwacht_dashboard_newest_fact"]


async def test_nobody_elsewhere_reads_them_without_a_login(tmp_path: Path) -> None:
    house = House()
    async with site(house, tmp_path) as here:
        by_proxy = {"X-Forwarded-For": "192.0.2.7"}
        async with httpx.AsyncClient(base_url=here.url) as client:
            for header in ("X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Via", "Forwarded"):
                assert (await client.get("/metrics", headers={header: "http"})).status_code == 403
        async with httpx.AsyncClient(base_url=here.url, headers=by_proxy) as client:
            assert (await client.get("/metrics")).status_code == 403
            client.cookies.set("achterwacht", await here.token("reception", member="els"))
            assert (await client.get("/metrics")).status_code == 403
            client.cookies.set("achterwacht", await here.token("admin", member="fred"))
            assert (await client.get("/metrics")).status_code == 200


async def test_a_dead_daemon_shows_and_for_how_long(tmp_path: Path) -> None:
    house = House()
    follower = Follower(tmp_path / "nobody.sock", tmp_path, HouseClock(house))
    house.wait(30)
    live = Live(follower, Renderer(), "build")
    figures = figures_in(exposition(figures_of(follower, live, Figures())))
    live.close()
    assert figures["achterwacht_dashboard_link_up"] == 0
    assert figures["achterwacht_dashboard_link_stale_seconds"] == 30
    assert figures["achterwacht_dashboard_open_pages"] == 0
    assert resident_bytes() is not None
