"""The firmware of a pager: it rings, shows, and says its receipts and answers until they are answered.

Pure, see firmware.py. It rings once for each page id, replaces the text of an incident by what comes later,
and takes an incident off only on `over`; a drill is an incident like any other. It asks who carries it until the answer
is accepted. No canary for 15 s is GEEN VERBINDING: what it shows may be old.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from achterwacht_sim import wire
from achterwacht_sim.battery import Battery
from achterwacht_sim.events import (
    AnswerHeard,
    Answers,
    ConnectionBack,
    NoConnection,
    OpenChanged,
    Over,
    Proves,
    Received,
    Rings,
    Shows,
)
from achterwacht_sim.firmware import TELEMETRY_EVERY_S, Firmware
from achterwacht_sim.repeats import Key, Repeats, Say
from achterwacht_sim.wire import CANARY_TOPIC, Message, OpenList, Page

# docs/wire.md, "Pagers": receipts and answers are repeated every second.
SAY_AGAIN_S = 1.0

# docs/wire.md: the canary comes every 2 s; a pager that hears none for 15 s says so.
CANARY_WAIT_S = 15.0

# Each open incident brings two receipts a page; a hundred alarms at once still fit.
MAX_UNANSWERED = 256

# Page ids that are remembered, so that they do not ring again: a day of 100 alarms with ten pages each.
MAX_SEEN = 1000

# Incidents on the display. The eldest makes room: the list of open ones holds it still.
MAX_SHOWN = 100

# One shift on one battery.
DRAIN_PER_H = 100.0 / 24

# Kinds that tell something beside the incidents: they stand on a line of their own.
NOTICE_KINDS = frozenset({"test", "reminder", "fault", "who"})
VIBRATING_KINDS = frozenset({"test", "reminder"})

NOTHING_OPEN = OpenList("", 0, 0, ())
RSSI_DBM = -61


class NothingToAnswer(ValueError):
    """The pager shows no such incident."""


class PagerFirmware(Firmware):
    """Pager `pager_id`. A page is received after `received_after_s` and shown `shown_after_s` after that."""

    def __init__(
        self,
        pager_id: str,
        new_boot: Callable[[], str],
        now_s: float,
        battery: Battery,
        *,
        telemetry_every_s: float = TELEMETRY_EVERY_S,
        received_after_s: float = 0.0,
        shown_after_s: float = 0.0,
        docked: bool = False,
    ) -> None:
        repeats = Repeats(lambda: SAY_AGAIN_S, MAX_UNANSWERED)
        super().__init__("pager", pager_id, new_boot, repeats, telemetry_every_s)
        self.docked = docked
        self.incidents: dict[str, Page] = {}
        self.notice: Page | None = None
        self.open = NOTHING_OPEN
        self.connection_lost = False
        self._battery = battery
        self._battery.charge(docked, now_s)
        self._received_after_s = received_after_s
        self._shown_after_s = shown_after_s
        self._canary_at_s = now_s
        # Pages on their way to the buzzer and the display. Delays are constant: first in, first out.
        self._arriving: deque[tuple[float, Page]] = deque(maxlen=MAX_SEEN)
        self._appearing: deque[tuple[float, Page]] = deque(maxlen=MAX_SEEN)
        # The receipts already made for each page id that was seen.
        self._seen: dict[str, list[tuple[Key, Say]]] = {}
        self._answers: dict[Key, str] = {}

    @property
    def subscriptions(self) -> tuple[str, ...]:
        return (*(self._topic(level) for level in ("page", "open", "answered", "status")), CANARY_TOPIC)

    def display(self) -> tuple[str, ...]:
        """What stands on the display, newest incident first."""
        lines = [page.text for page in reversed(self.incidents.values())]
        if self.notice is not None:
            lines.append(self.notice.text)
        return ("GEEN VERBINDING", *lines) if self.connection_lost else tuple(lines)

    def answer(self, answer: str, now_s: float, *, incident: str | None = None, member: str = "") -> int:
        """The carrier answers, for the newest incident unless one is named. Returns the sequence number.

        Raises NothingToAnswer, and ValueError for an answer that docs/wire.md does not know.
        """
        if answer not in wire.ANSWERS:
            raise ValueError(f"answer {answer!r}: one of {', '.join(wire.ANSWERS)} expected")
        about = self._asked() if answer == "carry" else self._shown(incident)
        boot, seq = key = self._next_key()
        fields: dict[str, object] = {
            "boot": boot,
            "seq": seq,
            "incident": about.incident if about else "",
            "press": about.press if about else "",
            "zender": about.zender if about else 0,
            "answer": answer,
        }
        if member:
            fields["member"] = member
        message = Message(self._topic("answer"), wire.encode(fields))
        self._answers = {said: what for said, what in self._answers.items() if said in self._repeats}
        self._answers[key] = answer
        self._note(Answers(seq, str(fields["incident"]), answer, member))
        self._say_until_settled(key, lambda _at_s: message, now_s)
        return seq

    def set_docked(self, docked: bool, now_s: float) -> None:
        """Put on its dock, where it charges, or taken off."""
        self.docked = docked
        self._battery.charge(docked, now_s)
        self._telemetry_now(now_s)

    def battery(self, now_s: float) -> int:
        """What is left, in percent."""
        return self._battery.percent(now_s)

    def set_battery(self, percent: float, now_s: float) -> None:
        """Its battery has so much left from now on."""
        self._battery.set_percent(percent, now_s)
        self._telemetry_now(now_s)

    def due(self) -> float | None:
        times_s = [] if self.connection_lost else [self._canary_at_s + CANARY_WAIT_S]
        times_s += [queue[0][0] for queue in (self._arriving, self._appearing) if queue]
        at_s = super().due()
        return min(times_s if at_s is None else [*times_s, at_s], default=None)

    def wake(self, now_s: float) -> None:
        while self._arriving and self._arriving[0][0] <= now_s:
            page = self._arriving.popleft()[1]
            self._receipt(page, "received", now_s)
            self._appearing.append((now_s + self._shown_after_s, page))
        while self._appearing and self._appearing[0][0] <= now_s:
            page = self._appearing.popleft()[1]
            self._show(page)
            self._receipt(page, "shown", now_s)
        if not self.connection_lost and self._canary_at_s + CANARY_WAIT_S <= now_s:
            self.connection_lost = True
            self._note(NoConnection())
        super().wake(now_s)

    def _heard(self, topic: str, payload: bytes, now_s: float) -> None:
        if topic == CANARY_TOPIC:
            self._canary_at_s = now_s
            if self.connection_lost:
                self.connection_lost = False
                self._note(ConnectionBack())
        elif topic == self._topic("page"):
            self._page(wire.page(payload), now_s)
        elif topic == self._topic("answered"):
            self._answered(wire.answered(payload), now_s)
        elif topic == self._topic("open"):
            self._open(wire.open_list(payload))

    def _page(self, page: Page, now_s: float) -> None:
        receipts = self._seen.get(page.page)
        if receipts is not None:
            for key, say in receipts:
                self._repeats.add(key, say, now_s)
            return
        if len(self._seen) >= MAX_SEEN:
            del self._seen[next(iter(self._seen))]
        self._seen[page.page] = []
        self._note(Received(page))
        self._arriving.append((now_s + self._received_after_s, page))

    def _receipt(self, page: Page, stage: str, now_s: float) -> None:
        boot, seq = key = self._next_key()
        fields: dict[str, object] = {
            "boot": boot,
            "seq": seq,
            "page": page.page,
            "incident": page.incident,
            "press": page.press,
            "zender": page.zender,
            "stage": stage,
        }
        message = Message(self._topic("receipt"), wire.encode(fields))

        def say(_at_s: float) -> Message:
            return message

        if page.page in self._seen:
            self._seen[page.page].append((key, say))
        self._repeats.add(key, say, now_s)

    def _show(self, page: Page) -> None:
        if page.kind == "over":
            shown = self.incidents.pop(page.incident, None)
            self._note(Over(page, shown.text if shown else ""))
        elif page.kind in NOTICE_KINDS:
            self.notice = page
            self._note(Shows(page, vibrates=page.kind in VIBRATING_KINDS))
        elif page.kind == "check":
            self._note(Proves(page))
        else:
            # Taken out first: the newest text stands on top.
            self.incidents.pop(page.incident, None)
            if len(self.incidents) >= MAX_SHOWN:
                del self.incidents[next(iter(self.incidents))]
            self.incidents[page.incident] = page
            self._note(Rings(page) if page.rings else Shows(page, vibrates=False))

    def _answered(self, answered: wire.Answered, now_s: float) -> None:
        key = (answered.boot, answered.seq)
        if not self._repeats.settle(key, answered.durable, now_s):
            return
        answer = self._answers.get(key, "")
        if answered.durable:
            self._answers.pop(key, None)
        if answer == "carry" and answered.result == "accepted" and self._asked() is not None:
            self.notice = None
        self._note(AnswerHeard(answered.boot, answered.seq, answer, answered.result, answered.reason, answered.durable))

    def _open(self, heard: OpenList) -> None:
        same_daemon = heard.daemon_boot == self.open.daemon_boot
        if heard == self.open or (same_daemon and heard.version < self.open.version):
            return
        self.open = heard
        self._note(OpenChanged(heard))

    def _shown(self, incident: str | None) -> Page:
        if incident is None:
            page = next(reversed(self.incidents.values()), None)
        else:
            page = self.incidents.get(incident)
        if page is None:
            raise NothingToAnswer(f"{self.name} shows no {'incident' if incident is None else incident}")
        return page

    def _asked(self) -> Page | None:
        """The page that asked who carries this pager, if there was one."""
        return self.notice if self.notice is not None and self.notice.kind == "who" else None

    def _telemetry(self, now_s: float) -> dict[str, object]:
        return {
            "boot": self.boot,
            "battery": self._battery.percent(now_s),
            "charging": self._battery.charging,
            "docked": self.docked,
            "rssi": RSSI_DBM,
        }

    def _forget(self, now_s: float) -> None:
        self.incidents.clear()
        self.notice = None
        self.open = NOTHING_OPEN
        self.connection_lost = False
        self._canary_at_s = now_s
        self._arriving.clear()
        self._appearing.clear()
        self._seen.clear()
        self._answers.clear()
