"""How zenders and docks are heard: what must agree in their blocks, and the wiring, gateways and zenders made of them.

Knows that a port, a pin or a topic is one zender's or dock's, that a payload may be asked only for what its profile
tells, and which zenders speak between presses. Leaves to inputs/profiles and inputs/ports what their devices say. The
checks read the plain values, as those of config_checks do; what is made, is made of the forms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from achterwacht.config_checks import check_unique, did_you_mean
from achterwacht.config_forms import (
    DeviceBlock,
    DockBlock,
    DockDeviceBlock,
    DockGpioBlock,
    GatewayBlock,
    GpioBlock,
    PlaceBlock,
    ZenderBlock,
    ZendersFile,
)
from achterwacht.config_presses import pressed_together
from achterwacht.config_yaml import EACH, Document, KeyPath, shown
from achterwacht.core.plan import DOCK, GATEWAY, MAX_SILENCE_S, ZENDER, Gateway, Transport, Weakness, Zender
from achterwacht.inputs.mapping import EACH as EACH_ELEMENT
from achterwacht.inputs.mapping import is_filter, is_path, normal, plain
from achterwacht.inputs.ports import PROTOCOLS, protocol
from achterwacht.inputs.profiles import FALLBACK, PROFILES, readings
from achterwacht.inputs.wiring import GPIO, Contact, Device, Dock, OnPort, Port, Reading, Wiring

WIRED_DIGITS = 8
WAYS = ("gpio", "serial", "device")
"""The keys that say how a zender is heard. Without one it is our own node, on MQTT."""
DOCK_WAYS = ("gpio", "device")
"""The same of a dock, which needs one."""

# The pins of the header with a resistor of their own to 3.3 V: for I2C.
PULLED_UP = (2, 3)

# Where a value of the payload stands in a block, as the device writes it.
_PAYLOAD_KEYS = frozenset({"where", "value", "ignore", "docked"})

ReadingsByPlace = dict[int, tuple[Reading, ...]]
"""The readings of each bought zender, by its place in the list."""


# --- what must agree --------------------------------------------------------------------------------------------------


def check_wiring(zenders: Document) -> ReadingsByPlace:
    """Notes what does not agree. The readings are those of the devices that have no mistake in their block."""
    _check_gateways(zenders)
    protocols = _check_ports(zenders)
    for path, zender in zenders.each("zenders", EACH):
        if isinstance(zender, dict):
            _check_ways(zenders, path, zender)
            _check_silence(zenders, path, zender, protocols)
    _check_pins(zenders)
    _check_serial(zenders, protocols)
    return _check_devices(zenders)


def check_docks(zenders: Document, site: Document) -> None:
    """Each dock is one pager's, and is heard in one way, as no other is."""
    check_unique(zenders, ("docks", EACH, "pager"))
    pagers = [id_ for _, id_ in site.each("pagers", EACH, "id") if isinstance(id_, str)]
    for path, id_ in zenders.each("docks", EACH, "pager"):
        if site.readable and isinstance(id_, str) and id_ not in pagers:
            instead = did_you_mean(id_, pagers) if pagers else "expected one that stands under pagers"
            zenders.blame(path, f"is {shown(id_)}, no pager of {site.file}, {instead}")
    for path, dock in zenders.each("docks", EACH):
        if isinstance(dock, dict):
            _check_dock_way(zenders, path, dock)
    first: dict[str, KeyPath] = {}
    for path, device in zenders.each("docks", EACH, "device"):
        if not isinstance(device, dict) or not _places_are_good(zenders, path, device):
            continue
        at = str([device.get(key) for key in ("topic", "path", "where")])
        if first.setdefault(at, path) != path:
            line, _ = zenders.spots[first[at]]
            zenders.blame(path, f"is heard where the one in line {line} is, expected another topic, path or where")


def _check_dock_way(zenders: Document, path: KeyPath, dock: dict[str, Any]) -> None:
    ways = [way for way in DOCK_WAYS if way in dock]
    if not ways:
        zenders.blame((*path, "gpio"), "is missing, expected it or device: how the dock's contact is heard")
    elif len(ways) > 1:
        zenders.blame((*path, ways[1]), f"is given beside {ways[0]}, expected one of the two: a dock has one contact")
    elif dock[ways[0]] is None:
        zenders.blame((*path, ways[0]), "is empty, expected a block of keys")


def _check_gateways(zenders: Document) -> None:
    check_unique(zenders, ("ports", EACH, "id"), ("gateways", EACH, "id"))
    for list_ in ("ports", "gateways"):
        for path, id_ in zenders.each(list_, EACH, "id"):
            if id_ == GPIO:
                zenders.blame(path, f"is {GPIO}, the name of this machine's own pins, expected another id")
    for path, gateway in zenders.each("gateways", EACH):
        _places_are_good(zenders, path, gateway)
        if not isinstance(gateway, dict):
            continue
        if gateway.get("max_silence_s") and not gateway.get("alive"):
            problem = "is given, expected alive beside it: the topic on which it speaks by itself"
            zenders.blame((*path, "max_silence_s"), problem)
        elif not gateway.get("online") and not gateway.get("max_silence_s"):
            problem = "is missing, expected online, or alive with max_silence_s: else nobody notices that it is down"
            zenders.blame((*path, "online"), problem)
    ids = [id_ for _, id_ in zenders.each("gateways", EACH, "id") if isinstance(id_, str)]
    for list_ in ("zenders", "docks"):
        _check_named(zenders, (list_, EACH, "device", "gateway"), ids, "gateway")


def _check_ports(zenders: Document) -> dict[str, str]:
    """The protocol of each port that speaks one; which of two by one id is meant nobody knows."""
    check_unique(zenders, ("ports", EACH, "path"))
    for path, spoken in zenders.each("ports", EACH, "protocol"):
        if isinstance(spoken, str) and spoken not in PROTOCOLS:
            zenders.blame(path, f"is {shown(spoken)}, no protocol, {did_you_mean(spoken, PROTOCOLS)}")
    ports = [port for _, port in zenders.each("ports", EACH) if isinstance(port, dict)]
    ids = [port["id"] for port in ports if isinstance(port.get("id"), str)]
    _check_named(zenders, ("zenders", EACH, "serial", "port"), ids, "port")
    return {
        port["id"]: port["protocol"]
        for port in ports
        if ids.count(port.get("id")) == 1 and port.get("protocol") in PROTOCOLS
    }


def _check_ways(zenders: Document, path: KeyPath, zender: dict[str, Any]) -> None:
    ways = _ways(zender)
    for way in ways:
        if zender[way] is None:
            problem = "is empty, expected a block of keys; without this key it is our own node on MQTT"
            zenders.blame((*path, way), problem)
    for way in ways[1:]:
        problem = f"is given beside {ways[0]}, expected one of the two: a zender is heard in one way"
        zenders.blame((*path, way), problem)


def _ways(zender: dict[str, Any]) -> list[str]:
    return [way for way in WAYS if way in zender]


def _check_silence(zenders: Document, path: KeyPath, zender: dict[str, Any], protocols: dict[str, str]) -> None:
    """Whoever speaks by itself says how long it may be silent; whoever does not says so."""
    silence_s, heartbeat = zender.get("max_silence_s"), zender.get("heartbeat", True)
    if any(zender[way] is None for way in _ways(zender)):
        return  # that is the mistake
    if "gpio" in zender:
        for key in ("max_silence_s", "heartbeat"):
            if key in zender:
                zenders.blame((*path, key), "is given, expected not to be: a pin is read all the time")
        return
    own = "device" not in zender
    if own and "serial" in zender:
        serial = zender["serial"]
        spoken = protocols.get(str(serial.get("port"))) if isinstance(serial, dict) else None
        if spoken is None:
            return  # that is the mistake
        own = spoken in PROTOCOLS and protocol(spoken).OUR_NODES
        if not own and not serial.get("address"):
            return  # that is the mistake: perhaps it is no pendant, and another port was meant
    if own:
        if heartbeat is False:
            zenders.blame((*path, "heartbeat"), "is false, expected not to be given: our own nodes speak every 10 s")
        if isinstance(silence_s, (int, float)) and 0 < silence_s < MAX_SILENCE_S:
            problem = f"is {silence_s:g}, expected at least {MAX_SILENCE_S:g}: our own nodes speak every 10 s"
            zenders.blame((*path, "max_silence_s"), problem)
    elif heartbeat is False and silence_s is not None:
        zenders.blame((*path, "max_silence_s"), "is given beside heartbeat: false, expected one of the two")
    elif heartbeat is True and silence_s is None:
        problem = (
            "is missing, expected the seconds of silence after which it counts as dead; "
            "or heartbeat: false, when it says nothing between presses"
        )
        zenders.blame((*path, "max_silence_s"), problem)


def _check_pins(zenders: Document) -> None:
    lists = ("zenders", "docks")
    check_unique(zenders, *((list_, EACH, "gpio", "pin") for list_ in lists))
    for path, gpio in (found for list_ in lists for found in zenders.each(list_, EACH, "gpio")):
        if isinstance(gpio, dict) and gpio.get("pin") in PULLED_UP and gpio.get("pull", "up") != "up":
            problem = f"is {gpio['pull']}, expected up: GPIO {gpio['pin']} has a resistor of its own to 3.3 V"
            zenders.blame((*path, "pull"), problem)


def _check_serial(zenders: Document, protocols: dict[str, str]) -> None:
    first: dict[tuple[str, str], KeyPath] = {}
    for path, serial in zenders.each("zenders", EACH, "serial"):
        port, address = (serial.get("port"), serial.get("address", "")) if isinstance(serial, dict) else (None, None)
        if not isinstance(port, str) or not isinstance(address, str) or port not in protocols:
            continue
        problem = protocol(protocols[port]).check_address(address)
        if problem:
            zenders.blame((*path, "address"), f"is {problem}".replace("is '':", "is missing,"))
        elif address and first.setdefault((port, address), path) != path:
            line, _ = zenders.spots[first[port, address]]
            problem = f"is {address}, already used on port {port} in line {line}, expected one of its own"
            zenders.blame((*path, "address"), problem)


def _places_are_good(zenders: Document, path: KeyPath, block: Any) -> bool:
    """Topics can be subscribed to, paths looked at; and a value is read as it is written: 6e4770 is a number, no id."""
    problems = [(at, _wrong_place(at, value) or _wrong_value(at, value, zenders)) for at, value in _leaves(block, path)]
    for at, problem in problems:
        if problem:
            zenders.blame(at, problem)
    return not any(problem for _, problem in problems)


def _wrong_place(at: KeyPath, value: Any) -> str:
    """What is wrong with a topic or a path, and what is expected; empty for what is good, or another thing."""
    if at[-2] == "where" and not _is_keys(str(at[-1])):
        return f"stands at {shown(str(at[-1]))}, expected a key, or keys with dots between"
    if not isinstance(value, str):
        return ""
    if at[-1] == "topic":
        return _wrong_topic(value)
    if at[-1] == "path" and not is_path(value):
        return f"is {shown(value)}, expected keys with dots between, [*] behind a list"
    if at[-1] in ("field", "counter") and not _is_keys(value):
        return f"is {shown(value)}, expected a key, or keys with dots between"
    return ""


def _is_keys(path: str) -> bool:
    return is_path(path) and EACH_ELEMENT not in path


def _wrong_topic(topic: str) -> str:
    if not is_filter(topic):
        return f"is {shown(topic)}, expected + and # alone between slashes, and # only at the end"
    first, *below = topic.split("/")
    if first == "#" or (first in ("achterwacht", "+") and below[:1] in (["v1"], ["+"], ["#"])):
        return f"is {shown(topic)}, where our own nodes speak, expected another topic; they need no device block"
    return ""


def _wrong_value(at: KeyPath, value: Any, zenders: Document) -> str:
    """A number that YAML reads otherwise than a device writes it."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and not _PAYLOAD_KEYS.isdisjoint(map(str, at)) and plain(value) != plain(zenders.written[at]):
        return f"is {zenders.written[at]}, read as the number {plain(value)}, expected it in quotes"
    return ""


def _leaves(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield path, value


def _check_named(zenders: Document, pattern: tuple[str, ...], known: list[str], what: str) -> None:
    for path, id_ in zenders.each(*pattern):
        if isinstance(id_, str) and id_ not in known:
            instead = did_you_mean(id_, known) if known else f"expected one that stands under {what}s"
            zenders.blame(path, f"is {shown(id_)}, no {what} of this file, {instead}")


def _check_devices(zenders: Document) -> ReadingsByPlace:
    found: ReadingsByPlace = {}
    for path, block in zenders.each("zenders", EACH, "device"):
        profile = block.get("profile") if isinstance(block, dict) else None
        if isinstance(profile, str) and profile not in PROFILES:
            problem = f"is {shown(profile)}, no profile, {did_you_mean(profile, PROFILES)}"
            zenders.blame((*path, "profile"), problem)
            profile = None
        if not _places_are_good(zenders, path, block) or not isinstance(profile, str):
            continue  # one that is no text is told by the form
        if not _input_is_good(zenders, path, block):
            continue
        try:
            device = DeviceBlock.model_validate(block)
            found[int(path[1])] = _readings(device)
        except ValidationError:
            continue  # told by the form
        except ValueError as error:
            zenders.blame(path, str(error))
    for path, low in zenders.each("zenders", EACH, "device", "battery_low"):
        if isinstance(low, dict) and "below" in low and "value" in low:
            zenders.blame((*path, "below"), "is given beside value, expected one of the two")
    _check_presses(zenders, found)
    return found


def _input_is_good(zenders: Document, path: KeyPath, block: dict[str, Any]) -> bool:
    """Another input than the device has would be a button that shows as working and is dead."""
    input = block.get("input")
    if input is not None and not isinstance(input, str):
        return True  # told by the form
    problem = PROFILES[block["profile"]].wrong_input(input)
    if problem:
        zenders.blame((*path, "input"), problem)
    return not problem


def _check_presses(zenders: Document, found: ReadingsByPlace) -> None:
    """No message presses two zenders: one of them would be the wrong desk."""
    for index, other in pressed_together(found).items():
        line, _ = zenders.spots["zenders", other, "device"]
        problem = (
            f"is pressed by the same messages as the zender in line {line}, "
            "expected another topic, input, where or value of press"
        )
        zenders.blame(("zenders", index, "device"), problem)


# --- what comes of it -------------------------------------------------------------------------------------------------


def plan_zender(block: ZenderBlock) -> Zender:
    """A zender as the core knows it."""
    transport, gateway = _heard_through(block)
    return Zender(
        nr=block.nr,
        place=block.place,
        room=block.room,
        transport=transport,
        gateway=gateway,
        max_silence_s=(block.max_silence_s or MAX_SILENCE_S) if block.heartbeat else None,
        weaker=tuple(_weaker(block)),
        wired=_digest(_address(block)),
        staff=tuple(block.staff),
        screens=tuple(block.screens),
        help=block.help,
    )


def dock_gateway(block: DockBlock | None) -> str | None:
    """The id of the gateway through which a dock is heard, if there is one."""
    if block is None:
        return None
    return GPIO if block.gpio else block.device.gateway if block.device else None


def plan_gateways(file: ZendersFile) -> tuple[Gateway, ...]:
    """What the zenders and docks are heard through, as the core knows it."""
    on_pins = any(zender.gpio for zender in file.zenders) or any(dock.gpio for dock in file.docks)
    pins = [Gateway(GPIO)] if on_pins else []
    ports = [Gateway(port.id, wired=_digest((port.protocol,))) for port in file.ports]
    bridges = (
        Gateway(block.id, True, block.max_silence_s, _digest(str(place) for place in (block.online, block.alive)))
        for block in file.gateways
    )
    return (*pins, *ports, *bridges)


def _address(block: ZenderBlock) -> Iterator[str]:
    """What makes a zender this one and no other: not how it is read, but where it is heard."""
    if block.gpio:
        yield str(block.gpio.pin)
    if block.serial:
        yield block.serial.address
    if block.device:
        yield from (block.device.topic, block.device.input or "", str(block.device.where))
        yield str(block.device.press)


def _digest(address: Iterable[str]) -> str:
    """Some digits for it: an address may hold a name, and has no place in the chain of facts."""
    said = "\n".join(address)
    return hashlib.sha256(said.encode()).hexdigest()[:WIRED_DIGITS] if said else ""


def make_wiring(file: ZendersFile, readings_of: ReadingsByPlace) -> Wiring:
    """What hangs where, of a file without mistakes; `readings_of` is what check_wiring gave for it."""
    return Wiring(
        contacts=tuple(_contact(zender.nr, zender.gpio) for zender in file.zenders if zender.gpio),
        docks=tuple(_dock_on_pin(dock.pager, dock.gpio) for dock in file.docks if dock.gpio),
        ports=tuple(Port(port.id, port.protocol, port.path) for port in file.ports),
        on_ports=tuple(
            OnPort(zender.nr, zender.serial.port, zender.serial.address) for zender in file.zenders if zender.serial
        ),
        devices=(
            *(_gateway(block) for block in file.gateways),
            *(
                _device(zender.nr, zender.device, readings_of[index])
                for index, zender in enumerate(file.zenders)
                if zender.device
            ),
            *(_dock_on_mqtt(dock.pager, dock.device) for dock in file.docks if dock.device),
        ),
    )


def _heard_through(block: ZenderBlock) -> tuple[Transport, str | None]:
    if block.gpio:
        return "gpio", GPIO
    if block.serial:
        return "serial", block.serial.port
    if block.device:
        return "bought", block.device.gateway
    return "mqtt", None


def _weaker(block: ZenderBlock) -> Iterator[Weakness]:
    if not block.heartbeat:
        yield "no heartbeat"
    if block.device and block.device.qos == 0:
        yield "qos 0"
    if block.gpio and block.gpio.contact == "normally_open":
        yield "cut wire unseen"


def _contact(nr: int, block: GpioBlock) -> Contact:
    closed = block.contact == "normally_closed"
    return Contact(nr, block.pin, closed, block.pull, block.min_active_ms, block.rearm_ms)


def _device(nr: int, block: DeviceBlock, told: tuple[Reading, ...]) -> Device:
    """What the file does not say is as the profile has it; but a QoS of 0 is said in the file, or is a fault."""
    profile = PROFILES[block.profile]
    return Device(
        f"{ZENDER}:{nr}",
        told,
        profile.dedupe_s if block.dedupe_s is None else block.dedupe_s,
        block.retained or profile.retained,
        1 if block.qos else 0,
    )


def _dock_on_pin(pager: str, block: DockGpioBlock) -> Dock:
    return Dock(pager, block.pin, block.contact == "normally_closed", block.pull)


def _dock_on_mqtt(pager: str, block: DockDeviceBlock) -> Device:
    where, values = tuple(_as_compared(block.where).items()), tuple(map(plain, block.docked))
    told = Reading(block.topic, "docked", block.path, where=where, values=values)
    return Device(f"{DOCK}:{pager}", (told,), gateway=block.gateway or "")


def _gateway(block: GatewayBlock) -> Device:
    told = []
    if block.online:
        values = tuple(map(plain, block.online.value))
        told.append(Reading(block.online.topic, "online", block.online.path, values=values))
    if block.alive:
        told.append(Reading(block.alive.topic, "alive"))
    return Device(f"{GATEWAY}:{block.id}", tuple(told))


def _readings(block: DeviceBlock) -> tuple[Reading, ...]:
    """Raises ValueError: what is wrong, and what is expected."""
    overrides = {meaning: _override(place) for meaning in FALLBACK if (place := getattr(block, meaning))}
    told = readings(PROFILES[block.profile], block.topic, block.input, _as_compared(block.where), overrides)
    return tuple(map(normal, told))


def _override(block: PlaceBlock) -> dict[str, Any]:
    """What the block says otherwise than the profile, by the names of wiring.Reading."""
    said = block.model_dump(exclude_none=True)
    if "where" in said:
        said["where"] = tuple(_as_compared(said["where"]).items())
    if "value" in said:
        said["values"] = tuple(map(plain, said.pop("value")))
    if "ignore" in said:
        said["ignore"] = tuple(map(plain, said["ignore"]))
    return said


def _as_compared(where: dict[str, Any]) -> dict[str, str]:
    return {key: plain(value) for key, value in where.items()}
