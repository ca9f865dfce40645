"""433, 345 and 868 MHz buttons through rtl_433 or OpenMQTTGateway: all devices on one topic, told apart by fields.

Also the neighbours' weather stations are there: what no `where` means is nobody's and no fault. What is a press goes by
`model`; of a model that is not here, the plan says it in a block `press`.
"""

from __future__ import annotations

from collections.abc import Iterator

from achterwacht.inputs.mapping import Payload, plain
from achterwacht.inputs.profiles import ONLINE, RADIO_S, YES, Found, Profile
from achterwacht.inputs.wiring import Reading

LOW = 0.5
"""`battery_ok` goes from 0 to 1; most decoders know only these two."""

X10_PANIC = ("KR18 PANIC", "KR15 PANIC", "KR15 PANIC-3SECOND")
KERUI_TAMPER = "0xb"
KERUI_NO_PRESS = ("0x7", "0xf")
"""Closed again; battery low."""
KERUI_PRESS = ("0xa", "0xe", "0x5")
"""Motion, opened, water: whatever stands for the button of this device."""

_SEVERAL_BUTTONS = "generic-remote"
"""Its buttons are told apart by `cmd`, which is something else of any other model."""
_FIELDS = (
    ("model", "id", "cmd"),
    ("model", "id"),
    ("code", "button"),
)
"""What tells a button from its neighbours, from the most to the least."""


def _candidates(topic: str, payload: Payload) -> Iterator[Found]:
    said = payload.json
    if not isinstance(said, dict):
        return
    several = plain(said.get("model")) == _SEVERAL_BUTTONS
    for names in _FIELDS:
        if all(name in said for name in names) and ("cmd" not in names or several):
            where = {name: str(said[name]) for name in names}
            yield Found(topic, where=where)
            yield Found(topic, where=where, press={"path": "contact_open", "values": ("1",), "kind": "level"})


def _of(model: str) -> tuple[tuple[str, str], ...]:
    return (("model", model),)


PROFILE = Profile(
    name="rtl_433",
    where=("id", "code"),
    readings=(
        # Honeywell-Security, Visonic-Powercode and whoever else has an alarm bit.
        Reading("{topic}", "press", "alarm", values=("1",), ignore=("0",)),
        Reading("{topic}", "press", "event", where=_of("X10-Security"), values=X10_PANIC),
        Reading("{topic}", "press", "subtype", where=_of("Interlogix-Security"), values=("panic",)),
        Reading(
            "{topic}", "press", "closed", where=(*_of("DSC-Security"), ("event", "1")), values=("0",), ignore=("1",)
        ),
        Reading(
            "{topic}",
            "press",
            "State",
            where=(*_of("Risco_868_Security"), ("Trigger", "EVENT")),
            values=("ALERT",),
            ignore=("normal",),
        ),
        Reading(
            "{topic}",
            "press",
            "cmd",
            where=_of("Kerui-Security"),
            values=KERUI_PRESS,
            ignore=(KERUI_TAMPER, *KERUI_NO_PRESS),
        ),
        # Which of its buttons the plan says in `where`: any message is a press.
        Reading("{topic}", "press", "cmd", where=_of("Generic-Remote")),
        Reading("{topic}", "press", "button"),
        Reading("{topic}", "battery_low", "battery_ok", below=LOW),
        Reading("{topic}", "tamper", "tamper", values=YES),
        Reading("{topic}", "tamper", "Tamper", where=_of("Risco_868_Security"), values=("ALERT",)),
        Reading(
            "{topic}",
            "tamper",
            "cmd",
            where=_of("Kerui-Security"),
            values=(KERUI_TAMPER,),
            ignore=(*KERUI_PRESS, *KERUI_NO_PRESS),
        ),
    ),
    gateway=(
        Reading("{topic}/availability", "online", values=ONLINE),
        Reading("{topic}/events", "alive"),
    ),
    candidates=_candidates,
    dedupe_s=RADIO_S,
)
