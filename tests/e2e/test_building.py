"""A mixed building, whole: config/examples/gemengd on the unchanged daemon, every button pressed, every wire cut.

Pins are driven from this process, serial lines are real ptys, the broker is mosquitto; the bought devices say what
their makers' firmware says.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiomqtt
import pytest

from achterwacht.core import facts as f
from achterwacht.core.readiness import readiness
from achterwacht.core.state import State
from achterwacht_sim.node import Pager, Zender
from achterwacht_sim.pin_line import PinLine
from achterwacht_sim.serial_line import Cable, RfxtrxReceiver, SerialZender, security
from broker import DAEMON
from daemon import ROOT, Onlooker
from e2e.hall import PAGE_S, SOON_S, Hall, town_hall

EXAMPLE = ROOT / "config" / "examples" / "gemengd"
PINS = {1: 17, 2: 27}
DOCK_PIN = 22
PENDANT = "powercode:6f4770"

# docs/promises.md, L4: a silent node, and a broker, a line or pins that are lost.
SILENT_S = 30.0
LOST_S = 5.0
NEVER_S = 1000.0
# Ten times as often as a real node: who starts before the daemon is heard a second later.
BEATS_S = 1.0


@dataclass
class Building:
    """Everything that hangs on the daemon. `bridge` speaks for all bought devices."""

    hall: Hall
    pins: PinLine
    cellar: Cable
    radio: Cable
    nodes: dict[int, SerialZender]
    receiver: RfxtrxReceiver
    bridge: aiomqtt.Client
    onlooker: Onlooker

    async def says(self, topic: str, payload: object, *, qos: int = 1, retain: bool = False) -> None:
        """One of the bought devices, or its gateway, publishes this."""
        text = payload if isinstance(payload, str) else json.dumps(payload)
        await self.bridge.publish(topic, text, qos=qos, retain=retain, timeout=SOON_S)

    async def press(self, nr: int) -> None:
        """Press this zender, as its own kind of hardware tells it."""
        if nr in PINS:
            await self.pins.bounce(PINS[nr], 6, pressed=True)
            self.pins.press(PINS[nr])
        elif nr in self.nodes:
            await self.nodes[nr].confirmed(self.nodes[nr].press(), SOON_S)
        elif nr == 7:
            await self.says("zigbee2mqtt/balie-3", {"action": "single", "battery": 100, "linkquality": 120})
            await self.says("zigbee2mqtt/balie-3", {"action": "", "battery": 100, "linkquality": 120})
        elif nr == 8:
            event = {"component": "input:0", "id": 0, "event": "btn_down", "ts": 1728655744.49}
            message = {"src": "shellyplusi4-a8032ab1", "method": "NotifyEvent", "params": {"events": [event]}}
            await self.says("shellyplusi4-a8032ab1/events/rpc", message)
        elif nr == 10:
            said = {"model": "Visonic-Powercode", "id": "3a91c2", "alarm": 1, "tamper": 0, "battery_ok": 1}
            for _ in range(6):
                await self.says("rtl_433/pi/events", said, qos=0)
        elif nr == 11:
            self.receiver.hears(security(PENDANT, "alarm"), times=3)
        else:
            zender = self.hall.zenders[nr]
            await zender.confirmed(await zender.press(), SOON_S)


@asynccontextmanager
async def building(folder: Path, reception_beats_s: float = BEATS_S) -> AsyncIterator[Building]:
    """The example, with the ports' paths and the socket of the pins in `folder`."""
    socket = folder / "pins"
    environment = {"GPIOZERO_PIN_FACTORY": "sim", "ACHTERWACHT_SIM_PINS": str(socket)}
    ports = {"kelder": str(folder / "kelder"), "radio": str(folder / "radio")}
    async with AsyncExitStack() as stack:
        pins = await stack.enter_async_context(PinLine(socket, (*PINS.values(), DOCK_PIN)))
        cellar, radio = (stack.enter_context(Cable(Path(path))) for path in ports.values())
        nodes = {
            nr: await stack.enter_async_context(SerialZender(cellar, nr, telemetry_every_s=BEATS_S)) for nr in (3, 4)
        }
        receiver = await stack.enter_async_context(RfxtrxReceiver(radio))
        hall = await stack.enter_async_context(
            town_hall(folder, (5, 6), environment=environment, files=EXAMPLE, ports=ports)
        )
        password = hall.broker.password(DAEMON)
        bridge = aiomqtt.Client(
            hall.broker.host, hall.broker.port, username=DAEMON, password=password, identifier="z2m"
        )
        await stack.enter_async_context(bridge)
        onlooker = await stack.enter_async_context(hall.daemon.onlooker())
        await onlooker.until(lambda state: "zender:5" in state.devices, SOON_S, "it hears")
        reception = Zender(hall.broker_for("9"), 9, lookout=hall.lookout, telemetry_every_s=reception_beats_s)
        hall.zenders[9] = await stack.enter_async_context(reception)
        house = Building(hall, pins, cellar, radio, nodes, receiver, bridge, onlooker)
        await house.says("zigbee2mqtt/bridge/state", {"state": "online"}, retain=True)
        await house.says("zigbee2mqtt/balie-3", {"battery": 100, "linkquality": 120})
        await asyncio.wait_for(receiver.started.wait(), SOON_S)
        receiver.hears(security(PENDANT, "normal"))
        yield house


def works(state: State) -> dict[str, str]:
    """How each zender stands, by its number."""
    return {zender.name.removeprefix("zender:"): zender.works for zender in readiness(state).zenders}


def before_a_press(state: State) -> bool:
    """All that says something by itself was heard."""
    return Counter(works(state).values()) == {"yes": 9, "unknown": 2}


@pytest.mark.asyncio
async def test_every_button_of_a_mixed_building_rings_once(tmp_path: Path) -> None:
    async with building(tmp_path) as house:
        await house.onlooker.until(before_a_press, SOON_S, "all are heard")
        places = {zender.nr: zender.place.upper() for zender in house.onlooker.state.plan.zenders}
        pager: Pager = house.hall.pagers["p1"]
        for nr, place in places.items():
            await house.press(nr)
            await pager.rings(place, PAGE_S)
        await house.onlooker.until(lambda state: len(state.alarms) == len(places), SOON_S, "one alarm each")
        assert set(works(house.onlooker.state).values()) == {"yes", "unsupervised"}
        assert {key for key in house.onlooker.state.faults if "budget" not in key} == set()
        await house.onlooker.durable(SOON_S)
        raised = [fact.zender for fact in house.hall.check_journal() if isinstance(fact, f.AlarmRaised)]
        assert sorted(raised) == sorted(places)
        joined = [fact for fact in house.hall.daemon.facts() if isinstance(fact, f.PressJoined)]
        assert not joined, "a press was heard twice"


@pytest.mark.asyncio
async def test_every_silence_and_every_loss_is_a_fault_in_its_time(tmp_path: Path) -> None:
    async with building(tmp_path, reception_beats_s=NEVER_S) as house:
        look = house.onlooker
        await look.until(before_a_press, SOON_S, "all are heard")
        # These two say no more, and their connections live. Everything else happens while we wait for them.
        house.nodes[4].silent = True
        async with asyncio.timeout(SILENT_S):
            await house.says("zigbee2mqtt/bridge/state", {"state": "offline"}, retain=True)
            await look.fault("gateway:zigbee/offline", LOST_S)
            assert works(look.state)["7"] == "unknown"
            await house.says("zigbee2mqtt/bridge/state", {"state": "online"}, retain=True)
            await look.no_fault("gateway:zigbee/offline", LOST_S)

            house.radio.unplug()
            await look.fault("gateway:radio/offline", LOST_S)
            assert works(look.state)["11"] == "unknown"
            house.radio.plug()
            await look.no_fault("gateway:radio/offline", LOST_S)

            house.pins.fail(*PINS.values(), DOCK_PIN)
            await look.fault("gateway:gpio/offline", LOST_S)
            house.pins.heal(*PINS.values(), DOCK_PIN)
            await look.no_fault("gateway:gpio/offline", LOST_S)

            await house.says("zigbee2mqtt/balie-3", "not JSON at all")
            assert "not JSON" in await look.fault("zender:7/malformed", LOST_S)
            house.nodes[3].set_line("cut")
            await look.fault("zender:3/line cut", LOST_S)

            for device in ("zender:9", "zender:4"):
                await look.fault(f"{device}/silent", SILENT_S)
        assert readiness(look.state).light == "limited"

        said = await house.hall.daemon.command("acknowledge", "lid-1", "zender:7/malformed")
        assert "malformed" not in said
        await look.no_fault("zender:7/malformed", LOST_S)

        house.hall.broker.kill()
        await look.fault("broker/link", LOST_S)
        assert {works(look.state)[nr] for nr in ("1", "2")} == {"yes"}, "pins need no broker"
        assert works(look.state)["5"] == "unknown"


@pytest.mark.asyncio
async def test_docks_on_a_pin_and_on_mqtt_are_known_at_each_start_and_followed(tmp_path: Path) -> None:
    def docked(state: State, pager: str) -> bool | None:
        device = state.devices.get(f"dock:{pager}")
        return device.docked if device else None

    async with building(tmp_path) as house:
        look = house.onlooker
        await look.until(lambda state: docked(state, "p1") is False, SOON_S, "the pin is read")
        await house.pins.bounce(DOCK_PIN, 6, pressed=True)
        await look.until(lambda state: docked(state, "p1") is True, SOON_S, "p1 hangs in its dock")
        contact = {"contact": True, "battery": 100, "voltage": 3000, "linkquality": 120}
        await house.says("zigbee2mqtt/lader-2", contact, retain=True)
        await look.until(lambda state: docked(state, "p2") is True, SOON_S, "p2 hangs in its dock")
        house.pins.fail(DOCK_PIN)
        await look.fault("dock:p1/pin", LOST_S)
        house.pins.heal(DOCK_PIN)
        await look.no_fault("dock:p1/pin", LOST_S)
        await house.says("zigbee2mqtt/lader-2", "not JSON at all")
        await look.fault("dock:p2/malformed", LOST_S)
        assert docked(look.state, "p2") is True

        await house.hall.daemon.stop()
        house.pins.release(DOCK_PIN)
        await house.says("zigbee2mqtt/lader-2", {**contact, "contact": False}, retain=True)
        await house.hall.daemon.start()
        async with house.hall.daemon.onlooker() as after:
            await after.until(lambda state: docked(state, "p1") is False, SOON_S, "the pin is read")
            await after.until(lambda state: docked(state, "p2") is False, SOON_S, "what is retained counts")
