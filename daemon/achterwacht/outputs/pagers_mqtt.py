"""Our own pagers on MQTT (docs/wire.md, "Pagers"): pages, the list of open alarms, and the word that an answer arrived.

Handed over means that the broker took the page. Whether a pager received or shows it, only the pager says.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from achterwacht.core.display import LISTED_MAX, OpenAlarm
from achterwacht.errors import MqttUnavailable, Undeliverable
from achterwacht.mqtt import Mqtt
from achterwacht.outputs.dispatch import Alert
from achterwacht.outputs.texts import page_place, page_text

TAKE_S = 5.0
"""The broker takes a page in milliseconds, and the connection has a shorter limit of its own."""
PAGE_EXPIRY_S = 120
"""A page later than this would send people to what may be over; a pager that comes back gets a new one."""


class PagersMqtt:
    """The channel of our own pagers, and what else they are told."""

    timeout_s = TAKE_S

    def __init__(self, mqtt: Mqtt) -> None:
        self._mqtt = mqtt
        self._version = 0

    async def deliver(self, alert: Alert) -> None:
        """Publish one page; returns when the broker has it."""
        ordered = alert.ordered
        text, detail = page_text(alert)
        page = {
            "page": ordered.order,
            "incident": ordered.incident,
            "press": ordered.press,
            "zender": ordered.zender,
            "kind": ordered.kind,
            "text": text,
            "detail": detail,
            "attempt": alert.attempt,
            "reason": ordered.reason,
            "age_s": round(alert.age_s, 1),
            "at": ordered.when.at,
            "clock_ok": ordered.when.clock_ok,
        }
        if ordered.merged_into is not None:
            page["merged_into"] = ordered.merged_into
        pager = ordered.target.split(":")[1]
        try:
            topic = f"achterwacht/v1/pager/{pager}/page"
            await self._mqtt.publish(topic, msgspec.json.encode(page), expiry_s=PAGE_EXPIRY_S)
        except MqttUnavailable as error:
            raise Undeliverable(str(error)) from error

    async def answered(self, pager: str, boot: str, seq: int, result: str, reason: str, durable: bool) -> None:
        """Tell a pager what became of its receipt or answer, so that it stops repeating it. Raises MqttUnavailable."""
        said = {"boot": boot, "seq": seq, "result": result, "reason": reason, "durable": durable}
        await self._mqtt.publish(f"achterwacht/v1/pager/{pager}/answered", msgspec.json.encode(said))

    def show_open(self, pager: str, daemon_boot: str, alarms: Sequence[OpenAlarm], now_s: float) -> None:
        """Replace the list that this pager shows. Display only: what rings is a page."""
        self._version += 1
        shown = [
            {
                "incident": alarm.incident,
                "press": alarm.press,
                "zender": alarm.zender,
                "text": page_place(alarm.place),
                "state": alarm.phase,
                "coming": alarm.coming,
                "age_s": round(now_s - alarm.raised_s),
            }
            for alarm in alarms[:LISTED_MAX]
        ]
        said = {"daemon_boot": daemon_boot, "version": self._version, "total": len(alarms), "incidents": shown}
        self._mqtt.retain(f"achterwacht/v1/pager/{pager}/open", msgspec.json.encode(said))
