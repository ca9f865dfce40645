"""Contacts on pins: on gpiozero's own mock, on simulated pins that a line drives, and in a process of their own."""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from achterwacht.core import heard as h
from achterwacht.core.contact import STUCK_S
from achterwacht.inputs import gpio
from achterwacht.inputs.gpio import ALIVE_EVERY_S, OFFLINE, Gpio
from achterwacht.inputs.wiring import Contact, Dock, PressIds
from achterwacht_sim.pin_line import PinLine

BOOT = "00ff"
# Everything here happens within a poll or two; a busy machine may take longer.
SOON_S = 5.0

DOCK = Dock("p1", 5)
DOOR, DESK = Contact(nr=1, pin=17), Contact(nr=2, pin=27)
OPEN_DESK = Contact(nr=2, pin=27, normally_closed=False)


class Clock:
    """Monotonic time that a test can move on."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_s


class Ears:
    """What was heard, and waiting for more."""

    def __init__(self) -> None:
        self.all: list[h.Heard] = []
        self._more = asyncio.Event()

    def __call__(self, heard: h.Heard, ack: Any = None, reply: Any = None) -> None:
        self.all.append(heard)
        self._more.set()

    async def until(self, wanted: Callable[[h.Heard], bool], after: int = 0) -> h.Heard:
        try:
            async with asyncio.timeout(SOON_S):
                while True:
                    for heard in self.all[after:]:
                        if wanted(heard):
                            return heard
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            raise TimeoutError(f"not heard: {self.all}") from None

    async def press(self, nr: int, number: int = 1) -> h.Pressed:
        """Its press by that number."""
        heard = await self.until(lambda heard: isinstance(heard, h.Pressed) and heard.press == f"{nr}-{BOOT}-{number}")
        assert isinstance(heard, h.Pressed)
        return heard

    async def alive(self, nr: int, after: int = 0) -> None:
        await self.until(lambda heard: heard == h.Telemetry(f"zender:{nr}", ""), after)

    async def docked(self, docked: bool, after: int = 0) -> None:
        await self.until(lambda heard: heard == h.Telemetry("dock:p1", "", docked=docked), after)

    async def trouble(self, key: str, after: int = 0) -> str:
        heard = await self.until(lambda heard: isinstance(heard, h.Trouble) and heard.key == key, after)
        assert isinstance(heard, h.Trouble)
        return heard.detail

    async def over(self, key: str, after: int = 0) -> None:
        await self.until(lambda heard: heard == h.TroubleOver(key), after)

    def presses(self) -> list[str]:
        return [heard.press for heard in self.all if isinstance(heard, h.Pressed)]

    def troubles(self) -> list[str]:
        return [heard.key for heard in self.all if isinstance(heard, h.Trouble)]


@asynccontextmanager
async def listening(
    *contacts: Contact, docks: Sequence[Dock] = (), clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[Ears]:
    ears = Ears()
    running = asyncio.create_task(Gpio(contacts, docks, PressIds(BOOT), clock, ears).run())
    try:
        yield ears
    finally:
        assert not running.done(), "it listens for ever"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert running.cancelled()


@pytest.fixture(autouse=True)
def no_pins_stay_open() -> Iterator[None]:
    yield
    if Device.pin_factory is not None:
        Device.pin_factory.close()
        Device.pin_factory = None


@pytest.fixture
def mock() -> MockFactory:
    Device.pin_factory = MockFactory()
    return Device.pin_factory


@pytest.fixture
def socket_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "sim")
    monkeypatch.setenv("ACHTERWACHT_SIM_PINS", str(tmp_path / "pins"))
    return tmp_path / "pins"


# --- levels -----------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("pull", ["up", "down", "none"])
@pytest.mark.parametrize("normally_closed", [True, False])
async def test_which_level_is_a_press(
    mock: MockFactory, pull: Literal["up", "down", "none"], normally_closed: bool
) -> None:
    contact = Contact(5, 17, normally_closed, pull)
    open_is_high = pull != "down"
    pressed_is_high = open_is_high == normally_closed
    async with listening(contact) as ears:
        await ears.alive(5)
        pin = mock.pin(17)
        assert pin.pull == ("floating" if pull == "none" else pull)
        begins_pressed = pin.state == pressed_is_high
        assert ears.presses() == (["5-00ff-1"] if begins_pressed else [])
        if begins_pressed:
            assert (await ears.press(5)).at_start
            return
        (pin.drive_high if pressed_is_high else pin.drive_low)()
        assert not (await ears.press(5)).at_start


class SlowPin(MockPin):  # type: ignore[misc]
    """With a filter: it follows its pull after 10 ms."""

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        self._state = False
        self._high_from_s = time.monotonic() + 0.01

    def _get_state(self) -> bool:
        self._state = self._state or time.monotonic() >= self._high_from_s
        return bool(self._state)


@pytest.mark.asyncio
async def test_a_slow_pull_up_is_no_press(mock: MockFactory) -> None:
    mock.pin_class = SlowPin
    async with listening(OPEN_DESK) as ears:
        await ears.alive(2)
        mock.pin(27).drive_low()
        assert not (await ears.press(2)).at_start


# --- edges and polls --------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_an_edge_is_a_press_with_the_time_of_the_edge(mock: MockFactory) -> None:
    async with listening(OPEN_DESK) as ears:
        await ears.alive(2)
        before_s = time.monotonic()
        mock.pin(27).drive_low()
        after_s = time.monotonic()
        press = await ears.press(2)
        assert press == h.Pressed("2-00ff-1", 2, "", press.heard_s)
        assert before_s <= press.heard_s <= after_s


@pytest.mark.asyncio
async def test_a_press_that_is_over_before_the_loop_looks_counts(mock: MockFactory) -> None:
    async with listening(OPEN_DESK) as ears:
        await ears.alive(2)
        mock.pin(27).drive_low()
        mock.pin(27).drive_high()
        assert not (await ears.press(2)).at_start
    assert ears.presses() == ["2-00ff-1"]


@pytest.mark.asyncio
async def test_a_lost_edge_is_found_by_the_poll(mock: MockFactory) -> None:
    async with listening(OPEN_DESK) as ears:
        await ears.alive(2)
        mock.pin(27)._change_state(False)  # as drive_low, but tells nobody
        await ears.press(2)


@pytest.mark.asyncio
async def test_a_minimum_is_kept_and_told_as_age(mock: MockFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpio, "POLL_S", 60.0)  # it waits for no poll
    patient = Contact(2, 27, normally_closed=False, min_active_ms=60)
    async with listening(patient) as ears:
        await ears.alive(2)
        mock.pin(27).drive_low()
        mock.pin(27).drive_high()  # a spike
        down_s = time.monotonic()
        mock.pin(27).drive_low()
        press = await ears.press(2)
        assert press.age_ms == 60
        assert press.heard_s == pytest.approx(down_s + 0.06, abs=0.02)
    assert ears.presses() == ["2-00ff-1"]


@pytest.mark.asyncio
async def test_a_released_contact_can_be_pressed_again(mock: MockFactory) -> None:
    clock = Clock()
    async with listening(OPEN_DESK, clock=clock) as ears:
        await ears.alive(2)
        mock.pin(27).drive_low()
        mock.pin(27).drive_high()
        await ears.press(2)
        clock.ahead_s = 0.6
        mock.pin(27).drive_low()
        await ears.press(2, number=2)


@pytest.mark.asyncio
async def test_a_contact_that_chatters_fills_no_queue_and_leaves_the_others_be(mock: MockFactory) -> None:
    other = Contact(3, 22, normally_closed=False)
    async with listening(OPEN_DESK, other) as ears:
        await ears.alive(3)
        chatters = mock.pin(27)
        for _ in range(gpio.EDGES_MAX * 20):
            chatters.drive_low()
            chatters.drive_high()
        mock.pin(22).drive_low()
        handles = len(asyncio.get_running_loop()._ready)  # type: ignore[attr-defined]
        assert handles < gpio.EDGES_MAX * 2
        await ears.press(3)
        await ears.press(2)
    assert sorted(ears.presses()) == ["2-00ff-1", "3-00ff-1"]


@pytest.mark.asyncio
async def test_an_edge_after_the_loop_has_ended_harms_nobody(mock: MockFactory) -> None:
    ears = Ears()
    listener = Gpio([OPEN_DESK], [], PressIds(BOOT), time.monotonic, ears)
    running = asyncio.create_task(listener.run())
    await ears.alive(2)
    (pin,) = listener._pins
    callback = mock.pin(27).when_changed
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert mock.pin(27).when_changed is None, "the pin was given back"
    closed = asyncio.new_event_loop()
    closed.close()
    pin._loop = closed
    callback(0.0, False)
    assert ears.presses() == []


@pytest.mark.asyncio
async def test_a_failure_in_the_callback_does_not_reach_the_pin_thread(
    mock: MockFactory, caplog: pytest.LogCaptureFixture
) -> None:
    def mono_s() -> float:
        if broken:
            raise RuntimeError("no time")
        return time.monotonic()

    broken = False
    async with listening(OPEN_DESK, clock=mono_s) as ears:
        await ears.alive(2)
        broken = True
        with caplog.at_level(logging.ERROR):
            mock.pin(27).drive_low()  # raises here what its callback raises
        broken = False
        await ears.press(2)
    assert "zender:2: an edge on GPIO27 is lost" in caplog.text


# --- life and trouble -------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_every_contact_is_said_to_live_and_nothing_stands_from_before(mock: MockFactory) -> None:
    clock = Clock()
    other = Contact(3, 22, normally_closed=False)
    async with listening(OPEN_DESK, other, clock=clock) as ears:
        await ears.over("zender:2/stuck")
        await ears.over("zender:3/stuck")
        await ears.alive(3)
        told = set(map(repr, ears.all))
        assert told == {
            repr(heard)
            for heard in (
                h.TroubleOver(OFFLINE),
                *(h.TroubleOver(f"zender:{nr}/{what}") for nr in (2, 3) for what in ("pin", "stuck")),
                *(h.Telemetry(f"zender:{nr}", "") for nr in (2, 3)),
            )
        }
        so_far = len(ears.all)
        clock.ahead_s = ALIVE_EVERY_S
        await ears.alive(2, after=so_far)
        await ears.alive(3, after=so_far)
        assert len(ears.all) == so_far + 2, "what has not changed is not said again"


@pytest.mark.asyncio
async def test_held_for_30_s_is_a_fault_until_it_is_released(mock: MockFactory) -> None:
    clock = Clock()
    async with listening(OPEN_DESK, clock=clock) as ears:
        await ears.over("zender:2/stuck")
        so_far = len(ears.all)
        mock.pin(27).drive_low()
        await ears.press(2)
        clock.ahead_s = STUCK_S
        detail = await ears.trouble("zender:2/stuck")
        assert detail == "closed for 30 s: its button sticks, or its wire is shorted"
        mock.pin(27).drive_high()
        clock.ahead_s += 1
        await ears.over("zender:2/stuck", after=so_far)
    assert ears.presses() == ["2-00ff-1"]
    assert ears.all.count(h.Telemetry("zender:2", "")) == 2, "not at every poll"


@pytest.mark.asyncio
async def test_a_bad_pin_leaves_the_others_be(mock: MockFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpio, "RETRY_S", 0.0)
    twice = Contact(3, 27)
    fixed = Contact(4, 2, pull="down")
    nowhere = Contact(5, 99)
    async with listening(OPEN_DESK, twice, fixed, nowhere) as ears:
        assert await ears.trouble("zender:3/pin") == "GPIO27: another contact has this pin: give each its own"
        detail = "GPIO2: this pin has a resistor of its own to 3.3 V: set its pull to up, or take another pin"
        assert await ears.trouble("zender:4/pin") == detail
        assert await ears.trouble("zender:5/pin") == "GPIO99: this machine has no such pin: take another"
        await ears.over(OFFLINE)
        await ears.over("zender:2/pin")
        mock.pin(27).drive_low()
        await ears.press(2)
    assert sorted(ears.troubles()) == ["zender:3/pin", "zender:4/pin", "zender:5/pin"], "each is said once"
    assert h.Telemetry("zender:4", "") not in ears.all


@pytest.mark.asyncio
async def test_no_gpio_on_this_machine_is_told_and_tried_again(
    mock: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    Device.pin_factory = None
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "nonsense")
    monkeypatch.setattr(gpio, "RETRY_S", 0.01)
    async with listening(OPEN_DESK) as ears:
        assert "names no pin factory" in await ears.trouble(OFFLINE)
        Device.pin_factory = mock
        await ears.over(OFFLINE)
        await ears.alive(2)
    assert ears.troubles() == [OFFLINE]


@pytest.mark.asyncio
async def test_what_is_bad_is_not_tried_at_every_poll(mock: MockFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    pin = mock.pin

    def counted(number: int) -> Any:
        tried.append(number)
        return pin(number)

    monkeypatch.setattr(mock, "pin", counted)
    clock = Clock()
    async with listening(OPEN_DESK, Contact(5, 99), clock=clock) as ears:
        await ears.alive(2)
        pin(27)._change_state(False)
        await ears.press(2)  # found by a later poll
        assert tried.count(99) == 1
        clock.ahead_s = max(gpio.RETRY_S, ALIVE_EVERY_S)
        await ears.alive(2, after=len(ears.all))
        assert tried.count(99) == 2


@pytest.mark.asyncio
async def test_the_slow_import_does_not_hold_up_the_loop(mock: MockFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    factory = gpio._pin_factory

    def slow_import() -> Any:
        threads.append(threading.current_thread())
        return factory()

    monkeypatch.setattr(gpio, "_pin_factory", slow_import)
    async with listening(OPEN_DESK) as ears:
        await ears.alive(2)
    assert len(threads) == 1
    assert threading.main_thread() not in threads


@pytest.mark.asyncio
async def test_a_driver_that_hangs_is_told_in_time_and_works_when_it_does_not_any_more(
    mock: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gpio.OPEN_WAIT_S < 5, "what is promised of a lost GPIO"
    monkeypatch.setattr(gpio, "OPEN_WAIT_S", 0.01)
    opens, factory = threading.Event(), gpio._pin_factory

    def hangs() -> Any:
        assert opens.wait(10)
        return factory()

    monkeypatch.setattr(gpio, "_pin_factory", hangs)
    async with listening(OPEN_DESK) as ears:
        try:
            assert "hangs" in await ears.trouble(OFFLINE)
        finally:
            opens.set()
        await ears.over(OFFLINE)
        await ears.alive(2)


@pytest.mark.asyncio
async def test_without_lgpio_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    monkeypatch.setitem(sys.modules, "lgpio", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    async with listening(OPEN_DESK) as ears:
        assert "lgpio is not installed: install achterwacht[gpio]" in await ears.trouble(OFFLINE)


class PinFixedPull(Exception):
    """By this name gpiozero has one."""


class error(Exception):  # noqa: N801  as lgpio calls it
    """By this name lgpio has its only one; its text is the repr of a text."""


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (ModuleNotFoundError("No module named 'gpiozero'"), "gpiozero is not installed"),
        (ModuleNotFoundError("No module named 'lgpio'"), "lgpio is not installed"),
        (FileNotFoundError(2, "No such file or directory", ".lgd-nfy-3"), "WorkingDirectory="),
        (error("'can not open gpiochip'"), "in the group gpio?"),
        (error("'GPIO busy'"), "in use by another program"),
        (PermissionError(13, "Permission denied", "/dev/gpiomem"), "in the group gpio"),
        (PinFixedPull("GPIO2 has a physical pull-up resistor"), "set its pull to up"),
        (OSError("the chip has gone"), "OSError: the chip has gone"),
    ],
)
def test_what_is_wrong_and_what_to_do(raised: Exception, said: str) -> None:
    assert said in gpio._what_to_do(raised)


def test_importing_the_daemon_imports_no_gpiozero() -> None:
    assert "gpiozero" not in vars(gpio)


# --- simulated pins ---------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_cut_wire_is_a_press_and_so_is_a_bouncing_one_once(socket_path: Path) -> None:
    async with PinLine(socket_path, [17, 27], seed=3) as line:
        async with listening(DOOR, DESK) as ears:
            await ears.alive(1)
            line.cut(17)
            assert not (await ears.press(1)).at_start
            await line.bounce(27, 12, pressed=True)
            await line.bounce(27, 12, pressed=False)
            await ears.press(2)
            assert await line.levels() == {17: True, 27: False}
        assert await line.levels() == {}, "the pins are given back"
    assert sorted(ears.presses()) == ["1-00ff-1", "2-00ff-1"]


@pytest.mark.asyncio
async def test_a_button_that_sticks_at_the_start_is_a_press_that_says_so(socket_path: Path) -> None:
    async with PinLine(socket_path, [17, 27], normally_open=[27]) as line:
        line.stick(17)
        async with listening(DOOR, OPEN_DESK) as ears:
            assert (await ears.press(1)).at_start
            await ears.alive(2)
    assert ears.presses() == ["1-00ff-1"]


@pytest.mark.asyncio
async def test_a_press_of_400_ms_without_edges_counts(socket_path: Path) -> None:
    async with PinLine(socket_path, [17]) as line, listening(DOOR) as ears:
        await ears.alive(1)
        await line.press_for(17, 400, unseen=True)
        await ears.press(1)


@pytest.mark.asyncio
async def test_pins_that_can_no_longer_be_read_are_one_fault_of_the_gateway(
    socket_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpio, "RETRY_S", 0.01)
    async with PinLine(socket_path, [17, 27]) as line, listening(DOOR, DESK) as ears:
        await ears.alive(2)
        line.fail(17, 27)
        assert await ears.trouble(OFFLINE) == "GPIO17: OSError: GPIO17 cannot be read"
        so_far = len(ears.all)
        line.heal(17, 27)
        await ears.over(OFFLINE, after=so_far)
        line.press(27)
        await ears.press(2)
    assert set(ears.troubles()) <= {OFFLINE, "zender:1/pin"}
    assert ears.presses() == ["2-00ff-1"]


@pytest.mark.asyncio
async def test_a_pin_that_comes_back_while_held_is_the_same_press(
    socket_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpio, "RETRY_S", 0.01)
    async with PinLine(socket_path, [17, 27]) as line, listening(DOOR, DESK) as ears:
        await ears.alive(2)
        line.press(17)
        await ears.press(1)
        line.fail(17)
        await ears.trouble("zender:1/pin")
        so_far = len(ears.all)
        line.heal(17)
        await ears.over("zender:1/pin", after=so_far)
        line.press(27)
        await ears.press(2)
    assert ears.presses() == ["1-00ff-1", "2-00ff-1"]
    assert OFFLINE not in ears.troubles()


# --- docks ------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("pull", ["up", "down", "none"])
@pytest.mark.parametrize("normally_closed", [True, False])
async def test_which_level_is_a_pager_in_its_dock(
    mock: MockFactory, pull: Literal["up", "down", "none"], normally_closed: bool
) -> None:
    docked_is_high = (pull != "down") == normally_closed
    async with listening(docks=[Dock("p1", 5, normally_closed, pull)]) as ears:
        await ears.over("dock:p1/pin")
        pin = mock.pin(5)
        begins_docked = pin.state == docked_is_high
        await ears.docked(begins_docked)
        (pin.drive_low if pin.state else pin.drive_high)()
        await ears.docked(not begins_docked)
    assert ears.presses() == []


@pytest.mark.asyncio
async def test_a_dock_tells_its_level_at_the_start_at_each_change_and_now_and_then(mock: MockFactory) -> None:
    clock = Clock()
    async with listening(OPEN_DESK, docks=[DOCK], clock=clock) as ears:
        await ears.docked(True)  # nothing holds the pin of a mock low: the contact is open
        mock.pin(5).drive_low()
        await ears.docked(False)
        mock.pin(5).drive_high()
        await ears.docked(True, after=len(ears.all))
        told = [heard.docked for heard in ears.all if isinstance(heard, h.Telemetry) and heard.device == "dock:p1"]
        assert told == [True, False, True], "nothing is said twice"
        so_far = len(ears.all)
        clock.ahead_s = ALIVE_EVERY_S
        await ears.docked(True, after=so_far)
    assert ears.troubles() == []


@pytest.mark.asyncio
async def test_a_pager_that_bounces_into_its_dock_is_one_change(mock: MockFactory) -> None:
    async with listening(DOOR, docks=[DOCK]) as ears:
        await ears.docked(True)
        assert mock.pin(17).when_changed is not None
        assert mock.pin(5).when_changed is None, "the poll is soon enough for it"
        for _ in range(20):
            mock.pin(5).drive_low()
            mock.pin(5).drive_high()
        mock.pin(5).drive_low()
        await ears.docked(False)
    told = [heard.docked for heard in ears.all if isinstance(heard, h.Telemetry) and heard.device == "dock:p1"]
    assert told == [True, False]


@pytest.mark.asyncio
async def test_a_dock_whose_pin_cannot_be_read_says_so_and_then_how_it_is_now(
    socket_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpio, "RETRY_S", 0.01)
    async with PinLine(socket_path, [5, 17]) as line, listening(DOOR, docks=[DOCK]) as ears:
        await ears.docked(False)
        line.fail(5)
        assert await ears.trouble("dock:p1/pin") == "GPIO5: OSError: GPIO5 cannot be read"
        line.press(5)
        so_far = len(ears.all)
        line.heal(5)
        await ears.over("dock:p1/pin", after=so_far)
        await ears.docked(True, after=so_far)
    assert OFFLINE not in ears.troubles()


@pytest.mark.asyncio
async def test_a_dock_with_a_cut_wire_looks_docked_and_never_carried(socket_path: Path) -> None:
    async with PinLine(socket_path, [5]) as line, listening(docks=[DOCK]) as ears:
        await ears.docked(False)
        line.cut(5)
        await ears.docked(True)


# --- in a process of its own ------------------------------------------------------------------------------------------

CHILD = textwrap.dedent("""
    import asyncio, time
    from achterwacht.core import heard as h
    from achterwacht.inputs.gpio import Gpio
    from achterwacht.inputs.wiring import Contact, Dock, PressIds

    def hear(heard, **_):
        at_s = time.monotonic()
        times = f"{heard.heard_s!r} {at_s!r}" if isinstance(heard, h.Pressed) else ""
        what = f"{heard.device} {heard.docked}" if isinstance(heard, h.Telemetry) else getattr(heard, "press", "")
        print(type(heard).__name__, what, times, flush=True)

    async def main():
        contacts, docks = [Contact(1, 17, rearm_ms=0), Contact(2, 27)], [Dock("p1", 5)]
        await Gpio(contacts, docks, PressIds("00ff"), time.monotonic, hear).run()

    asyncio.run(main())
""")


class Child:
    """A daemon's ears, that say what they hear."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        self._stdout = process.stdout
        self.said: list[str] = []

    async def until(self, words: str) -> str:
        """The first line from here on that begins with these."""
        async with asyncio.timeout(20):
            while line := (await self._stdout.readline()).decode():
                self.said.append(line)
                if line.startswith(words):
                    return line
        raise AssertionError(f"it ended: {self.said}")


@asynccontextmanager
async def child(socket_path: Path) -> AsyncIterator[Child]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", CHILD),
        stdout=asyncio.subprocess.PIPE,
        cwd=socket_path.parent,
        env={**os.environ, "GPIOZERO_PIN_FACTORY": "sim", "ACHTERWACHT_SIM_PINS": str(socket_path)},
    )
    try:
        yield Child(process)
    finally:
        process.kill()
        await process.wait()


@pytest.mark.asyncio
async def test_another_process_hears_what_we_press_and_after_a_kill_finds_it_pressed(tmp_path: Path) -> None:
    """Prints how long a press takes from the line to the ears; the budget is the whole daemon's, not this test's."""
    path = tmp_path / "pins"
    took_s = []
    async with PinLine(path, [5, 17, 27], seed=5) as line:
        async with child(path) as ears:
            await ears.until("Telemetry dock:p1 False")
            await line.bounce(27, 6, pressed=True)
            await ears.until("Pressed 2-00ff-1 ")
            for number in range(1, 21):
                pressed_s = time.monotonic()
                line.press(17)
                *_, edge_s, heard_s = (await ears.until(f"Pressed 1-00ff-{number} ")).split()
                assert pressed_s <= float(edge_s) <= float(heard_s)
                took_s.append((float(edge_s) - pressed_s, float(heard_s) - float(edge_s)))
                line.release(17)
                assert await line.levels() == {17: False, 27: True}  # of whose edges it wants to know
            line.press(5)
            await ears.until("Telemetry dock:p1 True")
            assert sum(said.startswith("Pressed 2") for said in ears.said) == 1, "a bounce is one press"
        async with child(path) as ears:
            await ears.until("Pressed 2-00ff-1 ")
            await ears.until("Telemetry dock:p1 True")
    for what, times in zip(("line to edge", "edge to heard"), zip(*took_s, strict=True), strict=True):
        print(f"{what}: median {statistics.median(times) * 1e6:.0f} us, at most {max(times) * 1e6:.0f} us")
