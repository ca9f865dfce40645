"""Takes the pictures of the screens: runs the demo with a morning of its own, lives through an alarm, and looks.

`make screenshots` writes docs/screenshots/*.png. Everything goes through the front doors: the panel's buttons and the
dashboard's pages in Chromium. Who looks at a picture sees what somebody would have seen whose clock is kept: that of
the machine on which they are taken need not be, so that is played too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

FOLDER = Path(__file__).parent / "screenshots"
SCENARIOS = Path(__file__).parent.parent / "firmware_sim" / "achterwacht_sim" / "scenarios"

DESK, PHONE = (1366, 768), (412, 915)

# A README is opened on telephones too.
MAX_BYTES = 150_000

PNG = b"\x89PNG\r\n\x1a\n"

# The demo gives people time to log in before it begins.
BEGINS_WITHIN_S = 150.0
# A step of the ladder takes a quarter of a minute.
WITHIN_S = 60.0
LOOK_EVERY_S = 0.1

# Nobody answers at once: numbers of a machine would be no picture of people.
A_MOMENT_S = 2.5

# As root there is no sandbox; nothing is looked up outside this machine.
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")

# What the kernel says where a time server keeps the clock (adjtimex(2): TIME_OK). A container or a virtual machine says
# otherwise, and every picture would have a note that its times are in doubt.
KEPT_CLOCK = "int adjtimex(void *asked) { (void)asked; return 0; }"

# The house of the demo on a morning that is over in half a minute. Nothing happens in it but what is pressed here.
PLAN_OF = "demo.yaml"
MORNING = """\
  morning:
    self_test_at: "23:59:59"
    watch_at: +{watch}s
    remind_at: +{remind}s
    check_at: +{check}s
    hold_s: 1
    settle_s: 0.5
    button_test_days: 0
"""
# It has to have a step.
STEPS = """\
docked: [p1, p2, p3]
steps:
  - do: p3 docks
"""
# From the beginning until the pages are open, and two of three pagers are taken.
WATCH_S, REMIND_S, CHECK_S = 12, 22, 26


class House:
    """The demo, as somebody sees it who sits before its panel."""

    def __init__(self, screens: str, panel: str, password: str) -> None:
        self.screens, self.panel, self.password = screens, panel, password

    def do(self, said: str) -> None:
        """Presses what the panel has a button for."""
        body = json.dumps({"do": said}).encode()
        with _open(urllib.request.Request(f"{self.panel}/do", body, {"Origin": self.panel})):
            pass

    def pager(self, pager: str) -> dict[str, Any]:
        """What can be seen of a pager."""
        with _open(urllib.request.Request(f"{self.panel}/state")) as answer:
            pagers = json.load(answer)["pagers"]
        return next(each for each in pagers if each["id"] == pager)

    def until(self, pager: str, wanted: Callable[[dict[str, Any]], object]) -> None:
        """Until a pager is so."""
        end_s = time.monotonic() + WITHIN_S
        while not wanted(self.pager(pager)):
            if time.monotonic() > end_s:
                sys.exit(f"pager {pager} is not as expected: {self.pager(pager)}")
            time.sleep(LOOK_EVERY_S)

    def take(self, pager: str) -> None:
        """Somebody takes this pager and says so."""
        self.do(f"{pager} undocks")
        self.until(pager, lambda seen: seen["notice"] and seen["notice"]["kind"] == "who")
        self.do(f"{pager} answers carry")
        self.until(pager, lambda seen: seen["said"] and seen["said"]["result"] == "accepted")

    def answer(self, pager: str, answer: str, to: str = "") -> None:
        """Its carrier answers, about the newest incident or the one with this text, and knows that it arrived."""
        self.until(pager, lambda seen: seen["incidents"])
        time.sleep(A_MOMENT_S)
        self.do(f"{pager} answers {answer}{f' to {to}' if to else ''}")
        self.until(pager, lambda seen: seen["said"] == {"answer": answer, "result": "accepted", "reason": ""})


def _open(request: urllib.request.Request) -> Any:
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=WITHIN_S)


@contextmanager
def house() -> Iterator[House]:
    """A demo of its own, until the end of the block."""
    screens, panel = free_port(), free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        story, log = folder / "morning.yaml", folder / "demo.log"
        story.write_text(scenario(), "utf-8")
        command = Path(sys.executable).with_name("achterwacht-sim")
        ports = ("--port", str(screens), "--panel-port", str(panel))
        with log.open("wb") as output:  # not a pipe: nobody would read it to the end
            demo = subprocess.Popen(
                [command, "demo", "--scenario", story, *ports],
                stdout=output,
                env=os.environ | {"LD_PRELOAD": str(kept_clock(folder))},
            )
        try:
            password = begun(demo, log)
            yield House(f"http://127.0.0.1:{screens}", f"http://127.0.0.1:{panel}", password)
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait()


def begun(demo: subprocess.Popen[bytes], log: Path) -> str:
    """Until the story is told and the house is ours. The password."""
    end_s = time.monotonic() + BEGINS_WITHIN_S
    while "achterwacht watch" not in (told := log.read_text("utf-8", "replace")):
        if demo.poll() is not None or time.monotonic() > end_s:
            sys.exit(f"the demo did not begin:\n{told}")
        time.sleep(LOOK_EVERY_S)
    found = re.search(r"wachtwoord +(\S+)", told)
    assert found is not None, "the demo says how to log in"
    return found[1]


def kept_clock(folder: Path) -> Path:
    """A library to preload."""
    library = folder / "kept_clock.so"
    compiler = ["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library)]
    subprocess.run(compiler, input=KEPT_CLOCK.encode(), check=True)
    return library


def scenario() -> str:
    """The demo's own house, with a morning and without a story."""
    told = (SCENARIOS / PLAN_OF).read_text("utf-8")
    plan = told[told.index("plan:\n") : told.index("  morning:\n")]
    morning = MORNING.format(watch=WATCH_S, remind=REMIND_S, check=CHECK_S)
    return f"story: A morning for pictures.\npagers: [p1, p2, p3]\n{plan}{morning}{STEPS}"


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def logged_in(browser: Browser, house: House, account: str, size: tuple[int, int]) -> Page:
    """A window of somebody who has logged in and, where there is sound, begun their duty."""
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height}, locale="nl-NL")
    page.goto(f"{house.screens}/login")
    page.locator("input[name=name]").fill(account)
    page.locator("input[name=password]").fill(house.password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: not url.endswith("/login"))
    start = page.get_by_role("button", name="Start dienst")
    if start.count():
        start.click()
        expect(start).to_be_hidden()
    return page


def shows(page: Page, text: str) -> None:
    """Until this text is to be seen."""
    expect(page.locator("body")).to_contain_text(text, ignore_case=True, timeout=WITHIN_S * 1000)


def looks(page: Page, scheme: Literal["light", "dark"] = "light") -> bytes:
    """A PNG of what it looks like now."""
    page.emulate_media(color_scheme=scheme)
    return page.screenshot(animations="disabled")


def write(name: str, png: bytes) -> None:
    """Into the folder, as small as it can be."""
    file = FOLDER / f"{name}.png"
    small = with_a_palette(png)
    if len(small) > MAX_BYTES:
        sys.exit(f"{file.name}: {len(small)} bytes, at most {MAX_BYTES} expected")
    file.write_bytes(small)
    print(f"{file.name}: {len(small) / 1000:.0f} kB", flush=True)


# --- PNG (ISO/IEC 15948), as Chromium writes it: 8 bits, RGB or RGBA, not interlaced ----------------------------------


def with_a_palette(png: bytes) -> bytes:
    """The same picture in its 256 most frequent colours, a third of the size. What is lost is at edges of letters."""
    chunks = dict(_chunks(png))
    width, height, depth, kind = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, kind) in ((8, 2), (8, 6)), "Chromium writes RGB or RGBA"
    step = 3 if kind == 2 else 4
    rows = [
        [bytes(row[x : x + 3]) for x in range(0, width * step, step)]
        for row in _unfiltered(zlib.decompress(chunks[b"IDAT"]), height, width * step, step)
    ]
    counted = Counter(pixel for row in rows for pixel in row)
    palette = [colour for colour, _ in counted.most_common(256)]
    index = {colour: _nearest(colour, palette) for colour in counted}
    lines = b"".join(b"\0" + bytes(index[pixel] for pixel in row) for row in rows)
    return b"".join(
        (
            PNG,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", b"".join(palette)),
            _chunk(b"IDAT", zlib.compress(lines, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk's name and data; what is written in several is one."""
    found: dict[bytes, bytes] = {}
    at = len(PNG)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        name = png[at + 4 : at + 8]
        found[name] = found.get(name, b"") + png[at + 8 : at + 8 + length]
        at += length + 12
    yield from found.items()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _unfiltered(data: bytes, height: int, length: int, step: int) -> Iterator[bytearray]:
    """Each line of the picture, as it was before it was filtered (clause 9)."""
    above = bytearray(length)
    for y in range(height):
        kind, line = data[y * (length + 1)], bytearray(data[y * (length + 1) + 1 : (y + 1) * (length + 1)])
        for x in range(length) if kind else ():
            left, corner = (line[x - step], above[x - step]) if x >= step else (0, 0)
            guess = (0, left, above[x], (left + above[x]) // 2, _paeth(left, above[x], corner))[kind]
            line[x] = (line[x] + guess) & 0xFF
        yield line
        above = line


def _paeth(left: int, above: int, corner: int) -> int:
    straight = left + above - corner
    return min((left, above, corner), key=lambda value: abs(straight - value))


def _nearest(colour: bytes, palette: list[bytes]) -> int:
    return min(range(len(palette)), key=lambda i: sum((a - b) ** 2 for a, b in zip(colour, palette[i], strict=True)))


def a_day(browser: Browser, house: House) -> Iterator[tuple[str, bytes]]:
    """From the morning to the story of an incident: each picture with its name."""
    board, phone = logged_in(browser, house, "receptie", DESK), logged_in(browser, house, "lid-4", PHONE)
    house.take("p1")
    house.take("p2")
    shows(board, "bel Cor Bakker")
    yield "ochtend", looks(board)
    house.take("p3")
    shows(board, "klaar voor vandaag")
    yield "rust", looks(board)
    yield "telefoon-rust", looks(phone)

    house.do("press 7")
    house.answer("p1", "coming")
    for page in (board, phone):
        shows(page, "Balie 3")
        shows(page, "Anna de Vries")
    yield "telefoon-alarm", looks(phone)
    yield "alarm", looks(board)
    yield "alarm-donker", looks(board, "dark")

    house.answer("p2", "coming")
    house.answer("p1", "on_scene")
    house.answer("p1", "need_112")
    shows(board, "112 BELLEN")
    yield "112", looks(board)
    house.do("press 4")
    shows(board, "Spreekkamer 4")
    yield "twee-alarmen", looks(board)

    panel = browser.new_page(viewport={"width": DESK[0], "height": DESK[1]}, locale="nl-NL")
    panel.goto(house.panel)
    shows(panel, "SPREEKKAMER 4")
    yield "knoppen-en-piepers", looks(panel)

    house.answer("p1", "called_112", "BALIE 3")
    house.answer("p1", "all_clear", "BALIE 3")
    story = logged_in(browser, house, "leidinggevende", DESK)
    story.goto(f"{house.screens}/meldingen")
    story.get_by_role("link", name="2026").first.click()
    yield "melding", looks(story)


def main() -> None:
    """Takes all of them."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is missing: make screenshots installs it where it may")
    with house() as the_house, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        pictures = list(a_day(browser, the_house))
        browser.close()
    FOLDER.mkdir(exist_ok=True)
    for name, png in pictures:
        write(name, png)


if __name__ == "__main__":
    main()
