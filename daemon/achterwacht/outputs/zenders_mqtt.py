"""Our own zenders on MQTT (docs/wire.md, "Press"): that a press is safe, and the discreet sign that help is coming."""

from __future__ import annotations

import msgspec

from achterwacht.core.display import HelpSign
from achterwacht.mqtt import Mqtt


class ZendersMqtt:
    """What a zender is told."""

    def __init__(self, mqtt: Mqtt) -> None:
        self._mqtt = mqtt

    async def confirm(self, zender: int, boot: str, seq: int, incident: str, durable: bool) -> None:
        """Tell a zender that its press is known; `durable` stops its repeating. Raises MqttUnavailable."""
        said = {"boot": boot, "seq": seq, "incident": incident, "durable": durable}
        await self._mqtt.publish(f"achterwacht/v1/zender/{zender}/confirm", msgspec.json.encode(said))

    def show_help(self, zender: int, sign: HelpSign) -> None:
        """Replace the discreet sign."""
        said = {"incident": sign.incident, "state": sign.sign, "coming": sign.coming}
        self._mqtt.retain(f"achterwacht/v1/zender/{zender}/help", msgspec.json.encode(said))
