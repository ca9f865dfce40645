"""Simulated pins: gpiozero takes them for real ones, and the other end of the socket is the truth about the wires."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gpiozero import Button, Device, DigitalOutputDevice, InputDevice
from gpiozero.exc import GPIOPinInUse, PinEdgeDetectUnsupported, PinFixedPull, PinInvalidFunction, PinInvalidPull
from hypothesis import given
from hypothesis import strategies as st

from achterwacht_sim import pins
from achterwacht_sim.pin_line import Button as LineButton
from achterwacht_sim.pin_line import PinLine
from achterwacht_sim.pins import SimFactory, SimPin

SOON_S = 5.0


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACHTERWACHT_SIM_PINS", str(tmp_path / "pins"))
    return tmp_path / "pins"


@pytest.fixture
def factory(path: Path) -> Iterator[SimFactory]:
    """Pins that nobody drives."""
    factory = SimFactory()
    yield factory
    factory.close()


class Edges:
    """What a pin's thread told."""

    def __init__(self, pin: Any) -> None:
        self.levels: list[bool] = []
        self.threads: set[threading.Thread] = set()
        pin.when_changed = self.on_edge

    def on_edge(self, ticks: float, level: bool) -> None:
        assert 0 <= time.monotonic() - ticks < SOON_S
        self.levels.append(level)
        self.threads.add(threading.current_thread())


@pytest.mark.parametrize(("pull", "high_when_closed"), [("up", False), ("down", True), ("floating", False)])
def test_an_open_contact_reads_the_pull(factory: SimFactory, pull: str, high_when_closed: bool) -> None:
    pin = factory.pin(17)
    pin.pull = pull
    assert pin.state is high_when_closed, "at rest all are closed"
    factory.do("17 open")
    assert pin.state is not high_when_closed


def test_a_change_is_an_edge_and_the_same_again_is_none(factory: SimFactory) -> None:
    pin = factory.pin(17)
    pin.pull = "up"
    edges = Edges(pin)
    for line in ("17 open", "17 open", "17 closed unseen", "17 closed", "17 open", "27 open"):
        factory.do(line)
    assert edges.levels == [True, True]
    pin.when_changed = None
    factory.do("17 closed")
    assert edges.levels == [True, True]


def test_a_broken_pin_cannot_be_read(factory: SimFactory) -> None:
    factory.do("17 broken")
    with pytest.raises(OSError, match="GPIO17 cannot be read"):
        _ = factory.pin(17).state
    factory.do("17 whole")
    assert factory.pin(17).state is False


def test_what_a_real_pin_refuses(factory: SimFactory) -> None:
    pin = factory.pin(2)
    assert pin.pull == "up"
    with pytest.raises(PinFixedPull):
        pin.pull = "down"
    with pytest.raises(PinInvalidPull):
        factory.pin(17).pull = "sideways"
    with pytest.raises(PinInvalidFunction):
        DigitalOutputDevice(17, pin_factory=factory)
    with pytest.raises(PinEdgeDetectUnsupported):
        factory.pin(17).edges = "rising"
    with InputDevice(17, pull_up=True, pin_factory=factory), pytest.raises(GPIOPinInUse):
        InputDevice(17, pull_up=True, pin_factory=factory)


def test_gpiozero_finds_the_pins_by_their_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "sim")
    monkeypatch.setattr(Device, "pin_factory", None)
    with Button(17, pull_up=True) as button:
        assert type(button.pin) is SimPin
        assert button.is_pressed
    assert isinstance(Device.pin_factory, SimFactory)
    Device.pin_factory.close()


def test_without_a_socket_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACHTERWACHT_SIM_PINS", raising=False)
    with pytest.raises(ValueError, match="ACHTERWACHT_SIM_PINS"):
        SimFactory()


@given(st.text(max_size=40))
def test_any_line_is_done_or_refused(line: str) -> None:
    factory = SimFactory.__new__(SimFactory)  # without the thread
    factory.pins, factory._wires = {}, {}
    try:
        answer = factory.do(line)
    except ValueError:
        return
    assert answer == "" or line.split()[1] in ("open", "closed", "broken", "whole")


@pytest.mark.parametrize(
    ("button", "closed"),
    [
        (LineButton(True), True),
        (LineButton(True, pressed=True), False),
        (LineButton(False), False),
        (LineButton(False, pressed=True), True),
        (LineButton(True, wire="cut"), False),
        (LineButton(False, pressed=True, wire="cut"), False),
        (LineButton(True, pressed=True, wire="short"), True),
    ],
)
def test_when_current_flows(button: LineButton, closed: bool) -> None:
    assert button.closed is closed


@pytest.mark.asyncio
async def test_a_program_finds_the_wires_as_they_are(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pins, "HELLO_WAIT_S", 3600.0)  # whoever is there answers, and nobody waits longer
    async with PinLine(path, [4, 17, 22, 27], normally_open=[27]) as line:
        line.press(22)
        line.fail(4)
        factory = await asyncio.to_thread(SimFactory)
        try:
            for number in (17, 22, 27):
                factory.pin(number).pull = "up"
            assert [factory.pin(number).state for number in (17, 22, 27)] == [False, True, True]
            with pytest.raises(OSError, match="GPIO4 cannot be read"):
                _ = factory.pin(4).state
            edges = [Edges(factory.pin(number)) for number in (17, 27)]
            line.press(17)
            line.press(27)
            assert await line.levels() == {17: True, 27: False}, "pins that nobody listens to are not told"
            assert [edge.levels for edge in edges] == [[True], [False]]
            assert threading.main_thread() not in edges[0].threads
        finally:
            await asyncio.to_thread(factory.close)


@pytest.mark.asyncio
async def test_a_bounce_is_many_edges_and_ends_as_it_should(path: Path) -> None:
    async with PinLine(path, [17], seed=1) as line:
        factory = await asyncio.to_thread(SimFactory)
        factory.pin(17).pull = "up"
        edges = Edges(factory.pin(17))
        for pressed in (True, False):
            await line.bounce(17, 6, pressed=pressed)
            assert await line.levels() == {17: pressed}
        assert edges.levels == [*[True, False] * 6, True, *[False, True] * 6, False]
        line.stick(17)
        line.release(17)
        assert await line.levels() == {17: True}
        line.mend(17)
        assert await line.levels() == {17: False}
        await asyncio.to_thread(factory.close)


@pytest.mark.asyncio
async def test_either_side_may_start_again(path: Path) -> None:
    factory = await asyncio.to_thread(SimFactory)
    factory.pin(17).pull = "up"
    edges = Edges(factory.pin(17))
    for pressed in (True, False, True):
        async with PinLine(path, [17]) as line:
            if pressed:
                line.cut(17)
            async with asyncio.timeout(SOON_S):
                await line.connected()
            assert await line.levels() == {17: pressed}
        assert factory.pin(17).state is pressed, "wires stay when the hand goes"
    assert edges.levels == [True, False, True]
    async with PinLine(path, [17]) as line:
        await asyncio.wait_for(line.connected(), SOON_S)
        await asyncio.to_thread(factory.close)
        again = await asyncio.to_thread(SimFactory)
        Edges(again.pin(17))
        async with asyncio.timeout(SOON_S):
            await line.connected()
        await asyncio.to_thread(again.close)


@pytest.mark.asyncio
async def test_nonsense_from_the_line_is_logged_and_the_next_line_done(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with PinLine(path, [17]) as line:
        factory = await asyncio.to_thread(SimFactory)
        factory.pin(17).pull = "up"
        edges = Edges(factory.pin(17))
        line._write("17 explode\n\xff\n" + "x" * 200 + "\n17 open\n")
        assert await line.levels() == {17: True}
        assert edges.levels == [True]
        await asyncio.to_thread(factory.close)
    assert "no such command: '17 explode" in caplog.text
