"""The page of a desk: discreet, and only where the plan wants it."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from achterwacht_dashboard import desk
from achterwacht_dashboard.house import Look
from achterwacht_dashboard.words import desk as words
from dashboard_site import hears_nothing_for_long, site
from day_house import DayHouse
from house import TOWN_HALL, House
from team_house import APP_HALL, APP_HALL_BY_DAY, html, seen


def line(house: House, zender: int = 7, language: str = "nl") -> str:
    told = html(desk.PAGE, "line", seen(house, "gerda", language, zender=zender))
    return re.sub(r"<[^>]+>", "", told).strip()


def test_one_word_changes_while_help_comes() -> None:
    house = House(APP_HALL)
    assert line(house) == "Printer 2 gereed"
    incident = house.press(7)
    assert line(house) == "Printer 2 gereed", "nobody has it yet"
    house.wait(2)
    assert line(house) == "Printer 2 ontvangt"
    house.says("anna", "coming")
    assert line(house) == "Printer 2 bezig"
    house.says("anna", "on_scene")
    assert line(house) == "Printer 2 klaar"
    house.says("anna", "all_clear", incident=incident)
    assert line(house) == "Printer 2 leeg"
    house.wait(61)
    assert line(house) == "Printer 2 gereed"


def test_another_desk_says_nothing_of_it() -> None:
    house = House(APP_HALL)
    house.press(7)
    house.wait(2)
    assert line(house, 6) == "Printer 2 gereed"


def test_a_button_that_is_tested_shows_it() -> None:
    house = House(APP_HALL)
    house.tests_button(7)
    assert line(house, language="en") == "Printer 2 testing"


def test_only_one_word_differs_and_none_gives_it_away() -> None:
    for texts in (words.NL, words.EN):
        lines = [texts[f"desk.{sign}"].split() for sign in ("idle", "sent", "coming", "on_scene", "over", "test")]
        assert all(one[:2] == ["Printer", "2"] and len(one) == 3 for one in lines)
        assert len({one[2] for one in lines}) == len(lines), "each sign has a word of its own"


def test_a_desk_without_the_sign_has_no_page_and_no_line() -> None:
    house = House(TOWN_HALL)
    assert line(house) == ""
    assert not desk.may_be_shown(Look(state=house.state, boot="d001"), 7)
    assert not desk.may_be_shown(Look(state=house.state, boot="d001"), 99)
    assert desk.may_be_shown(Look(), 7), "while nothing is known a page that was open comes back"


def test_it_shows_what_any_office_would() -> None:
    house = DayHouse(APP_HALL_BY_DAY)
    told = html(desk.PAGE, "today", seen(house, "gerda", zender=7))
    assert "ma 23-11-2026" in told
    assert "week 48" in told
    assert "08:30–17:00" in told
    unknown = html(desk.PAGE, "today", seen(House(APP_HALL), "gerda", zender=7))
    assert "Openingstijden" not in unknown, "a house that gave none is not closed"


@pytest.mark.asyncio(loop_scope="session")
async def test_nothing_but_the_word_changes_at_the_desk(chromium: Browser, tmp_path: Path) -> None:
    zenders = tuple(replace(zender, help=zender.nr == 7) for zender in APP_HALL.zenders)
    house = House(replace(APP_HALL, zenders=zenders))
    async with AsyncExitStack() as outer:
        async with site(house, tmp_path) as here:
            context = await chromium.new_context()
            outer.push_async_callback(context.close)
            await context.add_cookies([here.cookie(await here.token("supervisor", member="gerda"))])
            page = await context.new_page()
            refused = await page.goto(f"{here.url}/balie/6")
            assert refused is not None and refused.status == 404
            await page.goto(f"{here.url}/balie/7")
            await expect(page.get_by_text("Printer 2 gereed")).to_be_visible()
            before = await how_it_looks(page)
            house.press(7)
            house.says("anna", "coming")
            here.tell()
            sign = page.get_by_text("Printer 2 bezig")
            await expect(sign).to_be_visible()
            await expect(sign).to_have_css("font-size", "14px")
            after = await how_it_looks(page)
            assert after == before.replace("gereed", "bezig")
            assert "data-tone" not in after and "sound" not in after
        await hears_nothing_for_long(page)
        await expect(page.get_by_text("Printer 2 onbekend")).to_be_visible()
        await expect(page.get_by_text("Printer 2 bezig")).to_be_hidden()
        lost = page.locator("#stale")
        await expect(lost).to_have_css("font-size", "14px")
        await expect(lost).to_have_css("background-color", "rgba(0, 0, 0, 0)")
        assert await lost.get_attribute("role") is None, "nothing is read aloud here"
        await expect(page).to_have_title("Vandaag · Achterwacht")


async def how_it_looks(page: object) -> str:
    """Title, icon, words and colours."""
    told: str = await page.evaluate(  # type: ignore[attr-defined]
        """() => [document.title, document.querySelector("link[rel=icon]").href, document.documentElement.outerHTML,
            ...[...document.querySelectorAll("body, body *")].map((one) => {
                const { color, backgroundColor, borderColor } = getComputedStyle(one);
                return [one.tagName, color, backgroundColor, borderColor].join(" ");
            })].join("\\n")"""
    )
    return told
