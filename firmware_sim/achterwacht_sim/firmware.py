"""What a zender and a pager have in common: a boot, a birth and a will, telemetry, and repeats.

Pure: time is an argument, nothing is read or written. A shell (node.py) calls `connected`, `heard` and
`wake`, asks `due` when to call `wake` next, and after each call takes away the messages and the events.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from achterwacht_sim import wire
from achterwacht_sim.events import Event, MalformedHeard, Restarted
from achterwacht_sim.repeats import Key, Repeats, Say
from achterwacht_sim.wire import MAX_SEQ, PREFIX, Malformed, Message

# docs/wire.md: telemetry every 10 s, so that the daemon sees silence within 30 s.
TELEMETRY_EVERY_S = 10.0

# Two nodes with one number overwrite each other's status: without a pause they would flood the broker.
BIRTH_AGAIN_AFTER_S = 1.0


class Firmware(ABC):
    """One node. `base` is its place in the topic tree, `name` what people call it."""

    def __init__(
        self, kind: str, level: str, new_boot: Callable[[], str], repeats: Repeats, telemetry_every_s: float
    ) -> None:
        self.level = level
        self.name = f"{kind} {level}"
        self.base = f"{PREFIX}/{kind}/{level}"
        self.boot = new_boot()
        self.malformed_count = 0
        self.online = False
        self._new_boot = new_boot
        self._seq = 0
        self._repeats = repeats
        self._telemetry_every_s = telemetry_every_s
        self._telemetry_at_s = 0.0
        self._birth_at_s: float | None = None
        self._born_at_s = -BIRTH_AGAIN_AFTER_S
        self._messages: list[Message] = []
        self._events: list[Event] = []

    # What the shell calls.

    @property
    @abstractmethod
    def subscriptions(self) -> tuple[str, ...]:
        """The topics that this node reads, its own status among them."""

    @property
    def will(self) -> Message:
        """What the broker says when this node is gone, for the present boot."""
        return Message(self._topic("status"), wire.encode({"online": False, "boot": self.boot}), retain=True)

    @property
    def unsettled_count(self) -> int:
        """How many messages the daemon has not answered yet."""
        return len(self._repeats)

    def connected(self, now_s: float) -> None:
        """There is a broker and the subscriptions stand: tell the birth and whatever is still unanswered."""
        self.online = True
        self._birth_at_s = now_s
        self._telemetry_at_s = now_s
        self._repeats.all_due(now_s)
        self.wake(now_s)

    def disconnected(self) -> None:
        """The broker is gone. Nothing is said until there is one again."""
        self.online = False

    def restart(self, now_s: float) -> None:
        """Power was lost and is back: a new boot, and all is forgotten."""
        self.online = False
        self.boot = self._new_boot()
        self._seq = 0
        self._repeats.clear()
        self._messages.clear()
        self._forget(now_s)
        self._note(Restarted(self.boot))

    def heard(self, topic: str, payload: bytes, retained: bool, now_s: float) -> None:
        """A message came in. Never raises, whatever is in it."""
        try:
            if topic == self._topic("status"):
                self._own_status(payload, retained, now_s)
            else:
                self._heard(topic, payload, now_s)
        except Malformed as error:
            self.malformed_count += 1
            self._note(MalformedHeard(topic, str(error)))
        self.wake(now_s)

    def due(self) -> float | None:
        """When `wake` wants to be called, None for never."""
        if not self.online:
            return None
        times_s = (self._telemetry_at_s, self._birth_at_s, self._repeats.due())
        return min(at_s for at_s in times_s if at_s is not None)

    def wake(self, now_s: float) -> None:
        """Do what is due."""
        if not self.online:
            return
        if self._birth_at_s is not None and self._birth_at_s <= now_s:
            self._birth_at_s = None
            self._born_at_s = now_s
            self._send("status", qos=1, retain=True, fields=self._birth())
        self._messages += self._repeats.take(now_s)
        if self._telemetry_at_s <= now_s:
            self._telemetry_at_s = now_s + self._telemetry_every_s
            self._send("telemetry", qos=0, retain=False, fields=self._telemetry(now_s))

    def take_messages(self) -> list[Message]:
        """The messages to send now, in order."""
        messages, self._messages = self._messages, []
        return messages

    def take_events(self) -> list[Event]:
        """What could be seen since the last time."""
        events, self._events = self._events, []
        return events

    # What a zender or a pager adds.

    @abstractmethod
    def _heard(self, topic: str, payload: bytes, now_s: float) -> None:
        """A message that is not our own status. May raise Malformed."""

    @abstractmethod
    def _telemetry(self, now_s: float) -> dict[str, object]: ...

    @abstractmethod
    def _forget(self, now_s: float) -> None:
        """Lose what lives in memory only."""

    # What they use.

    def _topic(self, level: str) -> str:
        return f"{self.base}/{level}"

    def _note(self, event: Event) -> None:
        self._events.append(event)

    def _next_key(self) -> Key:
        """The next sequence number, under a new boot when the numbers are used up."""
        if self._seq >= MAX_SEQ:
            self.boot = self._new_boot()
            self._seq = 0
        self._seq += 1
        return self.boot, self._seq

    def _say_until_settled(self, key: Key, say: Say, now_s: float) -> None:
        self._repeats.add(key, say, now_s)
        self.wake(now_s)

    def _telemetry_now(self, now_s: float) -> None:
        """Something changed that should not wait for the next round."""
        self._telemetry_at_s = now_s
        self.wake(now_s)

    def _birth(self) -> dict[str, object]:
        return {"online": True, "boot": self.boot, "fw": wire.FIRMWARE_VERSION}

    def _own_status(self, payload: bytes, retained: bool, now_s: float) -> None:
        """Tell the birth again when somebody overwrote it: often our own will of the connection before."""
        # A retained copy comes only with the subscription; the birth that follows it replaces it.
        if not retained and payload != wire.encode(self._birth()):
            self._birth_at_s = max(now_s, self._born_at_s + BIRTH_AGAIN_AFTER_S)

    def _send(self, level: str, qos: int, retain: bool, fields: dict[str, object]) -> None:
        self._messages.append(Message(self._topic(level), wire.encode(fields), qos, retain))
