"""The commands that tell how the house stands: `status` for people, `status --json` and `metrics` for monitoring.

They ask the running daemon and do nothing. That it does not answer is a finding here, not an error: it is told on
stdout as everything else, since a monitor that reads nothing sees nothing.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import msgspec

from achterwacht.clock import Clock
from achterwacht.commands.reading import names_in, print_json
from achterwacht.core.codec import from_plain
from achterwacht.core.faults import KINDS, MISSING, device_of, kind_of
from achterwacht.core.moment import Moment
from achterwacht.core.plan import CENTRE, GATEWAY
from achterwacht.core.readiness import Light, Readiness, Standing, Works, readiness
from achterwacht.core.state import Alarm, Device, Phase, State
from achterwacht.core.supervision import way_down
from achterwacht.errors import LinkUnavailable
from achterwacht.exposition import Metric, exposition
from achterwacht.link import connect
from achterwacht.outputs.texts import LANGUAGES, Texts
from achterwacht.outputs.texts.standing import COLUMNS, COLUMNS_MIN, Screen, age_s, device_names
from achterwacht.paths import socket_path

EXIT_CODES: Mapping[Light, int] = {"ready": 0, "limited": 1, "not ready": 2}
"""OK, warning and critical, as monitoring programs read exit codes."""
EXIT_UNKNOWN = 2
"""Whether anything works is not known: no monitor may take that for a warning."""

WORKING: tuple[Works, ...] = ("yes", "unsupervised")


def status(asked: Namespace) -> int:
    """The light, its reasons, all zenders and pagers; 0 ready, 1 limited, 2 not ready or no answer."""
    look = ask(asked.state)
    if isinstance(look, LinkUnavailable):
        if asked.json:
            print_json({"light": "unknown", "why": str(look), "remedy": look.remedy})
        else:
            print(*no_answer(look), sep="\n")
        return EXIT_UNKNOWN
    if asked.json:
        print_json(standing_json(look, names_in(asked.state)))
    else:
        print(Screen(look.state, look.house, look.heard_s, look.now, _columns()).text(names_in(asked.state)))
    return EXIT_CODES[look.house.light]


def no_answer(why: LinkUnavailable) -> Iterator[str]:
    """In every language that there is: the plan says which one the house speaks, and the daemon would tell the plan."""
    for language in LANGUAGES:
        words = Texts(language).words.standing
        yield words["unknown"]
        yield "    " + words["do"].format(do=words["unknown.do"])
    yield f"{why}\n{why.remedy}"


def _columns() -> int:
    """How wide the screen may be; what is not a terminal is as wide as we like."""
    if not sys.stdout.isatty():
        return COLUMNS
    return min(COLUMNS, max(COLUMNS_MIN, shutil.get_terminal_size().columns))


def metrics(asked: Namespace) -> int:
    """The same as numbers, for Prometheus; 0 also when the daemon does not answer, which the numbers then say."""
    look = ask(asked.state)
    if isinstance(look, LinkUnavailable):
        print(f"achterwacht metrics: {look}", file=sys.stderr)
        print(exposition([_up(0)]), end="")
    else:
        print(exposition(_metrics(look)), end="")
    return 0


# --- asking -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """What the daemon told, and when. `heard_s`: seconds since it has heard each device itself."""

    boot: str
    n: int
    durable_n: int
    state: State
    heard_s: Mapping[str, float]
    now: Moment

    @cached_property
    def house(self) -> Readiness:
        return readiness(self.state)

    @cached_property
    def gateways(self) -> tuple[Standing, ...]:
        """How each gateway of the plan stands, as readiness tells it of zenders and pagers."""
        return tuple(self._gateway(f"{GATEWAY}:{gateway.id}") for gateway in self.state.plan.gateways)

    def _gateway(self, name: str) -> Standing:
        device = self.state.devices.get(name)
        gone = next((key for kind in MISSING if (key := f"{name}/{kind}") in self.state.faults), None)
        down = way_down(self.state, name)
        works: Works = "no" if gone else "yes" if not down and device and device.online else "unknown"
        return Standing(name, works, gone or down, device)

    def age_s(self, one: Standing) -> float | None:
        return age_s(one.name, one.device, self.heard_s, self.now.at)


def ask(state: Path) -> Look | LinkUnavailable:
    """How it stands now, or why nobody says so."""
    try:
        return asyncio.run(_ask(socket_path(state)))
    except LinkUnavailable as unavailable:
        return unavailable
    except (msgspec.ValidationError, KeyError) as error:
        return LinkUnavailable(f"what the daemon says is not understood: {error}: install the same version of both")


async def _ask(path: Path) -> Look:
    async with connect(path) as connection:
        hello = connection.hello
        state = from_plain(State, hello["state"])
        return Look(hello["boot"], hello["n"], hello["durable_n"], state, hello["heard_s"], Clock().now())


# --- for programs: JSON -----------------------------------------------------------------------------------------------


def standing_json(look: Look, people: Mapping[str, str]) -> dict[str, Any]:
    """All of it, with ids for members; names of people stand only in the sentences."""
    plan = look.state.plan
    texts = Texts(plan.language)
    return {
        "light": look.house.light,
        "at": look.now.at,
        "clock_ok": look.now.clock_ok,
        "boot": look.boot,
        "n": look.n,
        "durable_n": look.durable_n,
        "reasons": list(_reasons(look, texts, device_names(plan, texts, people))),
        "incidents": [_incident(alarm) for alarm in look.state.alarms.values()],
        "zenders": [
            {
                "nr": zender.nr,
                "place": zender.place,
                "room": zender.room,
                "transport": zender.transport,
                "gateway": zender.gateway,
                "weaker": zender.weaker,
                **_device(look, one),
            }
            for zender, one in zip(plan.zenders, look.house.zenders, strict=True)
        ],
        "pagers": [
            {"id": pager.id, "carrier": pager.carrier, "base": pager.base or None, **_device(look, one)}
            for pager, one in zip(plan.pagers, look.house.pagers, strict=True)
        ],
        "phones": [
            {"target": one.name, "works": one.works, "because": one.because, "test": look.state.tests.get(one.name)}
            for one in look.house.phones
        ],
        "alarm_centre": {"test": look.state.tests.get(CENTRE)} if plan.alarm_centre else None,
        "gateways": [
            {"id": gateway.id, **_device(look, one)} for gateway, one in zip(plan.gateways, look.gateways, strict=True)
        ],
        "heard_s": look.heard_s,
    }


def _reasons(look: Look, texts: Texts, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for reason in look.house.reasons:
        fault = look.state.faults.get(reason.key)
        means, do = texts.about_fault(reason.key)
        yield {
            "key": reason.key,
            "kind": kind_of(reason.key),
            "device": device_of(reason.key) or None,
            "detail": reason.detail,
            "since": fault.at if fault else None,
            "acknowledged_by": reason.acknowledged_by,
            "title": texts.fault(reason.key, names=names),
            "means": means,
            "do": do,
        }


def _incident(alarm: Alarm) -> dict[str, Any]:
    return {
        "incident": alarm.incident,
        "number": alarm.number,
        "zender": alarm.zender,
        "place": alarm.place,
        "phase": alarm.phase,
        "drill": alarm.drill,
        "coming": alarm.coming,
        "raised_at": alarm.raised_at,
    }


NEVER_HEARD = Device(boot="", online=False)


def _device(look: Look, one: Standing) -> dict[str, Any]:
    device = one.device or NEVER_HEARD
    return {
        "device": one.name,
        "works": one.works,
        "because": one.because,
        "heard_age_s": look.age_s(one),
        "online": device.online,
        "boot": device.boot,
        "battery": device.battery,
        "battery_low": device.battery_low,
        "tamper": device.tamper,
        "line": device.line,
        "charging": device.charging,
        "docked": device.docked,
        "pressed_at": device.pressed_at,
        "tested_at": device.tested_at,
    }


# --- for programs: Prometheus -----------------------------------------------------------------------------------------


def _up(value: int) -> Metric:
    return Metric("achterwacht_up", "gauge", "Whether the daemon answers at its socket.", (({}, value),))


def _metrics(look: Look) -> Iterator[Metric]:
    state, house = look.state, look.house
    yield _up(1)
    yield Metric(
        "achterwacht_light",
        "gauge",
        "The one light: 1 for what it shows now.",
        tuple(({"light": light}, int(light == house.light)) for light in get_args(Light)),
    )
    kinds = Counter({**dict.fromkeys(sorted(KINDS), 0), **Counter(map(kind_of, state.faults))})
    yield Metric(
        "achterwacht_faults",
        "gauge",
        "Faults that stand, by kind.",
        tuple(({"kind": kind}, count) for kind, count in kinds.items()),
    )
    unseen = sum(fault.acknowledged_by is None for fault in state.faults.values())
    yield Metric(
        "achterwacht_faults_unacknowledged", "gauge", "Faults that nobody has said to have seen.", (({}, unseen),)
    )
    phases = Counter(alarm.phase for alarm in state.alarms.values() if not alarm.drill)
    yield Metric(
        "achterwacht_open_alarms",
        "gauge",
        "Alarms that are open, by phase; no drills.",
        tuple(({"phase": phase}, phases[phase]) for phase in get_args(Phase) if phase != "closed"),
    )
    yield Metric("achterwacht_facts_total", "counter", "Facts in the journal, on disk or not.", (({}, look.n),))
    yield Metric(
        "achterwacht_facts_durable_total", "counter", "Facts in the journal that are on disk.", (({}, look.durable_n),)
    )
    yield Metric(
        "achterwacht_last_fact_timestamp_seconds",
        "gauge",
        "When the newest fact became true.",
        (({}, state.last.at.timestamp()),) if state.last else (),
    )
    yield from _devices(look)


def _devices(look: Look) -> Iterator[Metric]:
    house = look.house
    everybody = {"zender": house.zenders, "pager": house.pagers, "gateway": look.gateways, "phone": house.phones}
    yield Metric(
        "achterwacht_devices",
        "gauge",
        "Devices of the plan, by what is known of whether they work. "
        "unsupervised: nothing says that it does not, and nothing would say so.",
        tuple(
            ({"kind": kind, "works": works}, sum(one.works == works for one in standings))
            for kind, standings in everybody.items()
            for works in get_args(Works)
        ),
    )
    places = {f"zender:{zender.nr}": zender.place for zender in look.state.plan.zenders}
    labelled = [
        ({"device": one.name, "kind": kind, "place": places.get(one.name, "")}, one)
        for kind, standings in everybody.items()
        for one in standings
    ]

    def of_each(name: str, help: str, value: Any) -> Metric:
        told = ((labels, value(one)) for labels, one in labelled)
        return Metric(name, "gauge", help, tuple((labels, said) for labels, said in told if said is not None))

    yield of_each(
        "achterwacht_device_works",
        "1: it would do its work if it were needed now. 0: it would not, or that is not known.",
        lambda one: int(one.works in WORKING),
    )
    yield of_each("achterwacht_device_heard_age_seconds", "How long ago it was last heard.", look.age_s)
    yield of_each(
        "achterwacht_device_battery_percent",
        "Its battery, as it last said.",
        lambda one: one.device.battery if one.device else None,
    )
    yield of_each(
        "achterwacht_device_battery_low",
        "Whether it last said that its battery is low, where it knows no percents.",
        lambda one: _number(one.device.battery_low) if one.device else None,
    )
    yield of_each(
        "achterwacht_device_pressed_timestamp_seconds",
        "When its button was last pressed in earnest.",
        lambda one: _timestamp(one.device.pressed_at) if one.device else None,
    )


def _number(said: bool | None) -> int | None:
    return None if said is None else int(said)


def _timestamp(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
