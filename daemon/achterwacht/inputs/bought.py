"""Bought devices on MQTT: a message on a topic that the plan maps becomes heard things.

Knows what was said before: the levels, the counters, and when a press last counted. Leaves to mapping.py what a payload
says, to profiles/ which device sends what, and every decision to the core.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from achterwacht.core import contact
from achterwacht.core import heard as h
from achterwacht.core.plan import GATEWAY
from achterwacht.inputs import mapping
from achterwacht.inputs.complaints import Complaints
from achterwacht.inputs.mapping import Malformed, Payload, Place, Undecodable
from achterwacht.inputs.wiring import Device, Hear, PressIds, Reading

NOBODYS = "mqtt"
"""Whose fault a message is when nobody can tell which device sent it."""
TOPIC_SHOWN_MAX = 100
COPIES_S = 24 * 3600.0
"""So long after it was last said an equal counter is the same press: as for our own nodes (docs/wire.md, "Press")."""


class Bought:
    """Hears all bought devices: call `message` for each MQTT message and `look` once a second; `hear` is told.

    `press_ids` names the presses, as these devices do not. A device is a zender, a dock or a gateway; only a zender's
    readings may say `press`. `before`: who heard them until now; what it remembers of a device that is mapped as it was
    still holds, or a level that is merely said again would be a press.
    """

    def __init__(
        self, devices: Sequence[Device], press_ids: PressIds, hear: Hear, before: Bought | None = None
    ) -> None:
        self._press_ids = press_ids
        self._hear = hear
        self._complaints = Complaints(others=f"{NOBODYS}/malformed")
        known = {memory.device: memory for memory in before._memories} if before else {}
        self._memories: list[_Memory] = [known.get(device) or _Memory(device) for device in devices]
        self._by_topic: dict[str, dict[_Memory, list[Reading]]] = {}
        """Topic or filter → the devices mapped on it, each with its readings there."""
        for memory in self._memories:
            for reading in memory.device.readings:
                mapped = self._by_topic.setdefault(reading.topic, {})
                mapped.setdefault(memory, []).append(mapping.normal(reading))
        self._filters = [topic for topic in self._by_topic if "+" in topic or "#" in topic]

    @property
    def subscriptions(self) -> tuple[tuple[str, int], ...]:
        """Every topic and filter, once, with its QoS."""
        return tuple((topic, 1) for topic in self._by_topic)

    def message(
        self, topic: str, payload: bytes, retained: bool, qos: int, heard_s: float, ack: Callable[[], None]
    ) -> bool:
        """Hear one message; False when no device is mapped on its topic: then nothing is done, and `ack` not called.

        `qos`: with which it was delivered. `heard_s`: monotonic seconds at arrival. `ack` is called once, when all
        presses in the message are safe.
        """
        mapped = self._mapped_on(topic)
        if not mapped:
            return False
        said = Payload(payload)
        heard: list[h.Heard] = []
        undecodable: dict[_Memory, Undecodable] = {}
        for memory, readings in mapped.items():
            hearing = _Hearing(memory, said, retained, heard_s)
            for reading in readings:
                hearing.read(reading)
            heard += self._told_by(hearing, topic, qos)
            if hearing.undecodable:
                undecodable[memory] = hearing.undecodable
        if undecodable:
            problem = next(iter(undecodable.values()))
            heard += self._complain(f"{_whose(mapped, undecodable)}/malformed", _nonsense(problem, topic), heard_s)
        self._tell(heard, ack)
        return True

    def look(self, now_s: float) -> None:
        """Tell which buttons are stuck by now. Call it about once a second, with monotonic seconds."""
        for memory in self._memories:
            for event in memory.due(now_s):
                self._hear(self._of_button(memory.device, event, now_s))

    def _mapped_on(self, topic: str) -> Mapping[_Memory, list[Reading]]:
        exact = self._by_topic.get(topic, {})
        wider = [self._by_topic[each] for each in self._filters if mapping.matches(each, topic)]
        if not wider:
            return exact
        mapped: dict[_Memory, list[Reading]] = {}
        for found in (exact, *wider):
            for memory, readings in found.items():
                mapped.setdefault(memory, []).extend(readings)
        return mapped

    def _told_by(self, hearing: _Hearing, topic: str, qos: int) -> Iterator[h.Heard]:
        """What one message tells of one device: the button first."""
        device, heard_s = hearing.memory.device, hearing.heard_s
        pressed = False
        for event in hearing.events:
            if not (pressed and isinstance(event, contact.Press)):  # all that one message says of a press is one press
                yield self._of_button(device, event, heard_s)
            pressed |= isinstance(event, contact.Press)
        if hearing.is_life:
            yield h.Telemetry(device.name, "", **hearing.measured, live=not hearing.retained)
        if hearing.online is not None:
            yield h.Status(device.name, "", hearing.online, live=not hearing.retained)
        if hearing.is_pressed and qos < device.qos:
            detail = (
                f"publishes its presses at QoS 0 on {topic[:TOPIC_SHOWN_MAX]}: the broker may lose one; set it to 1"
            )
            yield from self._complain(f"{device.name}/qos 0", detail, heard_s)
        for problem in hearing.problems:
            yield from self._complain(f"{device.name}/malformed", _nonsense(problem, topic), heard_s)

    def _complain(self, fault: str, detail: str, now_s: float) -> Iterator[h.Trouble]:
        if trouble := self._complaints.about(fault, detail, now_s):
            yield trouble

    def _of_button(self, device: Device, event: contact.Event, heard_s: float) -> h.Heard:
        match event:
            case contact.Press():
                nr = int(device.name.partition(":")[2])
                # Never at_start: that is for a level that is found. This one was said now, whatever was known of it.
                return h.Pressed(self._press_ids.next(nr), nr, "", heard_s)
            case contact.Stuck():
                return h.Trouble(f"{device.name}/stuck", f"has said for {contact.STUCK_S:.0f} s that it is pressed")
            case contact.StuckOver():
                return h.TroubleOver(f"{device.name}/stuck")

    def _tell(self, heard: Sequence[h.Heard], ack: Callable[[], None]) -> None:
        unsafe = {one.press for one in heard if isinstance(one, h.Pressed)}
        if not unsafe:
            ack()  # nothing in it is worth keeping: those behind it need not wait for the disk

        def safe(press: str) -> None:
            if press in unsafe:
                unsafe.remove(press)
                if not unsafe:
                    ack()

        for one in heard:
            if isinstance(one, h.Pressed):
                self._hear(one, partial(safe, one.press))
            else:
                self._hear(one)


class _Memory:
    """What one device has said before."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self._contacts: dict[Reading, contact.Life] = {}
        self._counters: dict[Reading, tuple[str, float]] = {}
        """What was counted last, and when that was last said."""
        self._counted_s = -math.inf

    def button(
        self, reading: Reading, place: Place, active: bool, retained: bool, heard_s: float
    ) -> Iterator[contact.Event]:
        """What a reading of the button makes of it: a new press, or the end of being stuck."""
        if reading.kind == "level":
            for event in self._look(reading, active, heard_s):
                # What is remembered is a press where it is known to have been at rest: it came while we were away.
                if not isinstance(event, contact.Press) or (
                    not (retained and event.at_start) and self._counts(heard_s)
                ):
                    yield event
        elif not active:
            self.count_on(reading, place.counter)
        else:
            another = self._is_another(reading, place.counter, retained, heard_s)
            if another and not retained and self._counts(heard_s, place.counter):
                yield contact.Press(heard_s)

    def count_on(self, reading: Reading, counter: str | None) -> None:
        """It counts on without a press: then the next press is a new one, also when the device has begun to count anew.

        A counter of one byte comes round to where it was.
        """
        known = self._counters.get(reading)
        if counter is not None and known is not None and counter != known[0]:
            del self._counters[reading]

    def due(self, now_s: float) -> Iterator[contact.Event]:
        """What has come of the levels by themselves."""
        for reading, life in self._contacts.items():
            if life.due_s is not None and life.due_s <= now_s:
                yield from self._look(reading, bool(life.active), now_s)

    def _look(self, reading: Reading, active: bool, at_s: float) -> tuple[contact.Event, ...]:
        life = self._contacts.get(reading, contact.Life())
        self._contacts[reading], events = contact.look(life, active, at_s)
        return events

    def _is_another(self, reading: Reading, counter: str | None, retained: bool, heard_s: float) -> bool:
        """Whether this counter has not been said of late: a device with a new battery may count from 1 again."""
        if counter is None:
            return True
        known, said_s = self._counters.get(reading, (None, -math.inf))
        if counter != known or not retained:  # being remembered again makes it no younger
            self._counters[reading] = counter, heard_s
        return counter != known or heard_s - said_s >= COPIES_S

    def _counts(self, heard_s: float, counter: str | None = None) -> bool:
        """Whether it is a press of its own. The window runs from the press that counted, never from a copy of it."""
        if counter is None and heard_s - self._counted_s < self.device.dedupe_s:
            return False
        self._counted_s = heard_s
        return True


class _Hearing:
    """One message, as it is heard from one device."""

    def __init__(self, memory: _Memory, payload: Payload, retained: bool, heard_s: float) -> None:
        self.memory = memory
        self.retained = retained
        self.heard_s = heard_s
        self.events: list[contact.Event] = []
        self.measured: dict[str, Any] = {}
        self.online: bool | None = None
        self.problems: list[Malformed] = []
        self.undecodable: Undecodable | None = None
        self._payload = payload
        self._speaks = False

    @property
    def is_pressed(self) -> bool:
        return any(isinstance(event, contact.Press) for event in self.events)

    @property
    def is_life(self) -> bool:
        """Whether there is a telemetry to tell: a press and a birth are signs of life themselves."""
        said_more = self.is_pressed or self.online is not None
        return bool(self.measured) or (self._speaks and not self.retained and not said_more)

    def read(self, reading: Reading) -> None:
        """Take in what one reading says."""
        if self.retained and reading.says == "press" and self.memory.device.retained == "ignore":
            return
        try:
            places = mapping.places(reading, self._payload)
        except Undecodable as problem:
            self.undecodable = problem
            return
        for place in places:
            self._speaks |= reading.says != "online"  # of its availability others speak: a bridge, the broker
            if place.value is None:
                self.memory.count_on(reading, place.counter)
                continue
            try:
                self._take(reading, place, mapping.meaning(reading, place.value))
            except Malformed as problem:
                self.problems.append(problem)

    def _take(self, reading: Reading, place: Place, meant: bool | int) -> None:
        match reading.says:
            case "press":
                self.events += self.memory.button(reading, place, bool(meant), self.retained, self.heard_s)
            case "online":
                self.online = bool(meant)
            case "battery" | "battery_low" | "tamper" | "docked":
                self.measured[reading.says] = meant
            case "alive":
                pass


def _whose(mapped: Iterable[_Memory], undecodable: Collection[_Memory]) -> str:
    """One message is one fault: of the gateway that passes on what several say; else of its device, or nobody's."""
    gateways = [memory.device.name for memory in mapped if memory.device.name.startswith(f"{GATEWAY}:")]
    devices = [memory.device.name for memory in undecodable]
    return gateways[0] if gateways else devices[0] if len(devices) == 1 else NOBODYS


def _nonsense(problem: Malformed, topic: str) -> str:
    return f"speaks nonsense: {problem} (on {topic[:TOPIC_SHOWN_MAX]})"
