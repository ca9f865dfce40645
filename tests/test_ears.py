"""Which inputs run: those that the wiring asks for, left alone while their own stays the same, again if they fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from achterwacht import ears as ears_module
from achterwacht.core import heard as h
from achterwacht.core.display import HelpSign
from achterwacht.ears import Ears
from achterwacht.inputs.wiring import Contact, Device, Dock, OnPort, Port, Reading, Wiring
from achterwacht.mqtt import Message

CELLAR, RADIO = Port("kelder", "zw1", "/dev/a"), Port("radio", "rfxtrx", "/dev/b")
SIGN = HelpSign("coming", "5-aa-1", 1)


class Played:
    """An input: what it was made of, whether it runs, and how it fails."""

    made: list[Played]

    def __init__(self, *given: Any) -> None:
        self.wiring = given[0]
        self.ends = asyncio.Event()
        self.running = False
        self.signs: list[int] = []
        self.made.append(self)

    async def run(self) -> None:
        self.running = True
        try:
            await self.ends.wait()
            raise ZeroDivisionError("a bug")
        finally:
            self.running = False

    def help(self, nr: int, sign: HelpSign) -> None:
        self.signs.append(nr)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Played]:
    """Every input that was made, in order."""
    Played.made = []
    for name in ("Gpio", "SerialPort"):
        monkeypatch.setattr(ears_module, name, Played)
    monkeypatch.setattr(ears_module, "AGAIN_S", 0.0)
    return Played.made


@pytest_asyncio.fixture
async def told() -> list[h.Heard]:
    return []


@pytest_asyncio.fixture
async def ears(made: list[Played], told: list[h.Heard]) -> AsyncIterator[Ears]:
    def hear(
        heard: h.Heard, ack: Callable[[], None] = lambda: None, reply: Callable[[dict[str, Any]], None] = lambda _: None
    ) -> None:
        told.append(heard)

    ears = Ears("00ff", lambda: 0.0, hear)
    yield ears
    await ears.close()
    assert not any(one.running for one in made), "what is closed runs no more"


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_only_what_changed_is_started_again(ears: Ears, made: list[Played]) -> None:
    both = Wiring(contacts=(Contact(1, 17),), ports=(CELLAR, RADIO), on_ports=(OnPort(5, "kelder"),))
    ears.listen(both)
    await until(lambda: len(made) == 3 and all(one.running for one in made))
    ears.listen(both)
    ears.listen(Wiring(contacts=(Contact(1, 17),), ports=(CELLAR,), on_ports=(OnPort(6, "kelder"),)))
    await until(lambda: len(made) == 4 and made[3].running and not made[1].running and not made[2].running)
    assert made[0].running, "the pins have not changed"
    assert made[3].wiring == CELLAR
    ears.listen(Wiring(contacts=(Contact(1, 17),), docks=(Dock("p1", 5),)))
    await until(lambda: len(made) == 5 and made[4].running and not made[0].running)
    ears.listen(Wiring(docks=(Dock("p1", 5),)))
    await until(lambda: len(made) == 6 and made[5].running and not made[4].running)


@pytest.mark.asyncio
async def test_one_that_fails_is_told_and_replaced_and_the_others_live(
    ears: Ears, made: list[Played], told: list[h.Heard]
) -> None:
    ears.listen(Wiring(ports=(CELLAR, RADIO)))
    await until(lambda: all(one.running for one in made))
    made[0].ends.set()
    await until(lambda: len(made) == 3 and made[2].running)
    assert [one.key for one in told if isinstance(one, h.Trouble)] == ["daemon/bug", "gateway:kelder/offline"]
    assert made[1].running and made[2].wiring == CELLAR


@pytest.mark.asyncio
async def test_a_sign_goes_to_the_port_of_its_zender_at_once(ears: Ears, made: list[Played]) -> None:
    ears.listen(Wiring(ports=(CELLAR,), on_ports=(OnPort(5, "kelder"),)))
    assert ears.show_help(5, SIGN) and made[0].signs == [5]
    assert not ears.show_help(7, SIGN), "that one is on MQTT"


@pytest.mark.asyncio
async def test_a_message_that_nothing_is_mapped_to_any_more_is_let_go(ears: Ears, told: list[h.Heard]) -> None:
    acked: list[str] = []
    mapped = Wiring(devices=(Device("zender:3", (Reading("knop/3", "press", "action"),)),))

    def says(topic: str, payload: bytes) -> None:
        ears.message(Message(topic, payload, False, lambda: acked.append(topic)))

    assert ("knop/3", 1) in ears.listen(mapped)
    says("knop/3", b'{"action":"single"}')
    assert [type(one) for one in told] == [h.Pressed] and not acked, "it waits for the disk"
    assert ("knop/3", 1) not in ears.listen(Wiring())
    says("knop/3", b'{"action":"single"}')
    assert len(told) == 1 and acked == ["knop/3"]
    says("achterwacht/v1/zender/5/press", b'{"boot":"00ff","seq":1}')
    assert isinstance(told[1], h.Pressed) and told[1].boot == "00ff"


@pytest.mark.asyncio
async def test_a_mistake_in_the_look_is_told_and_is_not_the_end(
    ears: Ears, told: list[h.Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(now_s: float) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(ears._bought, "look", fail)
    ears.look(1.0)
    assert [one.key for one in told if isinstance(one, h.Trouble)] == ["daemon/bug"]
