"""Everything that can hear a press, wired as the plan has it: our own nodes, bought devices, pins and serial ports.

Starts an input when the plan asks for it, leaves it alone while its own wiring stays the same, and starts it again
when it fails: one that dies must not take the others with it. What is heard goes to the inbox; nothing is decided here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from achterwacht.core import heard as h
from achterwacht.core.display import HelpSign
from achterwacht.inputs.bought import Bought
from achterwacht.inputs.gpio import Gpio
from achterwacht.inputs.mqtt import SUBSCRIPTIONS, Nodes
from achterwacht.inputs.serial import SerialPort
from achterwacht.inputs.wiring import GPIO, Contact, Dock, Hear, OnPort, Port, PressIds, Wiring
from achterwacht.mqtt import Message

OWN_TOPICS = "achterwacht/v1/"
AGAIN_S = 1.0
"""Until an input that failed is started again."""

log = logging.getLogger(__name__)


class _Input(Protocol):
    async def run(self) -> None: ...


class Ears:
    """All inputs of one daemon. `mono_s` is the clock's; `hear` the inbox."""

    def __init__(self, boot: str, mono_s: Callable[[], float], hear: Hear) -> None:
        self._press_ids = PressIds(boot)
        self._mono_s = mono_s
        self._hear = hear
        self._nodes = Nodes(hear)
        self._bought = Bought((), self._press_ids, hear)
        self._wiring = Wiring()
        self._ports: dict[str, SerialPort] = {}
        self._running: dict[str, tuple[object, asyncio.Task[None]]] = {}
        """By name: the wiring of an input, and its task."""

    def listen(self, wiring: Wiring) -> Sequence[tuple[str, int]]:
        """Hear by this wiring from now on; returns the topics that it needs, with their QoS."""
        if wiring.devices != self._wiring.devices:
            self._bought = Bought(wiring.devices, self._press_ids, self._hear, self._bought)
        wanted: dict[str, tuple[object, Callable[[], _Input]]] = {}
        if wiring.contacts or wiring.docks:
            on_pins = wiring.contacts, wiring.docks
            wanted[GPIO] = on_pins, partial(self._gpio, *on_pins)
        for port in wiring.ports:
            zenders = tuple(zender for zender in wiring.on_ports if zender.port == port.id)
            wanted[port.id] = (port, zenders), partial(self._port, port, zenders)
        for name, (its, task) in list(self._running.items()):
            if name not in wanted or wanted[name][0] != its:
                task.cancel()
                del self._running[name]
                self._ports.pop(name, None)
        for name, (its, make) in wanted.items():
            if name not in self._running:
                self._running[name] = its, asyncio.create_task(self._keep(name, make(), make), name=f"input {name}")
        self._wiring = wiring
        return (*SUBSCRIPTIONS, *self._bought.subscriptions)

    async def close(self) -> None:
        """Let pins and ports go."""
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def message(self, message: Message) -> None:
        """An MQTT message; one on a topic that nothing is mapped to any more is let go."""
        heard_s = self._mono_s()
        if message.topic.startswith(OWN_TOPICS):
            self._nodes.message(message.topic, message.payload, message.retain, heard_s, message.ack)
        elif not self._bought.message(
            message.topic, message.payload, message.retain, message.qos, heard_s, message.ack
        ):
            message.ack()

    def look(self, now_s: float) -> None:
        """What only time tells; once a second. Never raises."""
        try:
            self._bought.look(now_s)
        except Exception as bug:
            log.exception("what only time tells of bought devices is not known")
            self._hear(h.Trouble("daemon/bug", f"the bought devices are not looked after: {bug!r}"))

    def show_help(self, nr: int, sign: HelpSign) -> bool:
        """Show a discreet sign on a zender behind a serial port; False when there is none of this number."""
        on_port = next((zender for zender in self._wiring.on_ports if zender.nr == nr), None)
        port = self._ports.get(on_port.port) if on_port else None
        if port is None:
            return False
        port.help(nr, sign)
        return True

    def _gpio(self, contacts: Sequence[Contact], docks: Sequence[Dock]) -> Gpio:
        return Gpio(contacts, docks, self._press_ids, self._mono_s, self._hear)

    def _port(self, port: Port, zenders: Sequence[OnPort]) -> SerialPort:
        self._ports[port.id] = SerialPort(port, zenders, self._press_ids, self._mono_s, self._hear)
        return self._ports[port.id]

    async def _keep(self, name: str, input: _Input, make: Callable[[], _Input]) -> None:
        """Run it for ever; one that failed by a mistake of ours is replaced by another that knows nothing yet."""
        while True:
            try:
                await input.run()
            except Exception as bug:
                log.exception("the input %s failed and is started again", name)
                self._hear(h.Trouble("daemon/bug", f"the input {name} failed: {bug!r}"))
                self._hear(h.Trouble(f"gateway:{name}/offline", "it failed by a mistake of ours, and is started again"))
            await asyncio.sleep(AGAIN_S)
            input = make()
