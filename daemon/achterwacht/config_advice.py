"""Advice about a plan that has no mistakes: what would not help in an alarm, and the plan on one screen.

A mistake keeps a plan out (config_schema); advice does not: a building may be half built, and an alarm with half a
ladder is better than none. Knows the plan alone, not whether anything is switched on.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from itertools import pairwise
from math import inf

from achterwacht.config import BrokerSettings, Settings
from achterwacht.core.plan import MAX_SILENCE_S, PAGERS, ROLES, TEAM, ZENDER, Gateway, Plan, Step, Zender
from achterwacht.inputs.ports import protocol
from achterwacht.inputs.wiring import Wiring
from achterwacht.learn import PLACE

# What stands in the shipped files wherever the building's own data belong.
EXAMPLE = "VOORBEELD"

# What the kernel counts up in the order in which it finds them.
NUMBERED_PORTS = ("/dev/ttyUSB", "/dev/ttyACM")

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def lint(settings: Settings, channels: Set[str]) -> tuple[str, ...]:
    """What a coordinator should know before the doors open, one sentence each; empty when all is well.

    `channels`: the channels of targets that are built (`pager`); an order to any other fails.
    """
    plan = settings.plan
    return (
        *_examples(settings),
        *_steps(plan, channels),
        *_channels(plan, channels),
        *_callers_112(plan, channels),
        *_enough_people(plan, channels),
        *_pagers(plan),
        *_zenders(plan),
        *_heard(plan, settings.wiring),
        *_through(plan, settings.wiring),
        *_waits(plan),
        *_broker(settings.broker),
    )


def summary(settings: Settings) -> str:
    """The plan on one screen, for a person who checks it against the building; in the words of the files."""
    plan, ladder = settings.plan, settings.plan.ladder
    site = plan.site
    lines = [site.name, f"  112 hears: {', '.join(part for part in (site.address, site.entrance) if part)}", ""]
    lines += [f"Zenders ({len(plan.zenders)})", *(f"  {_zender_line(zender)}" for zender in plan.zenders), ""]
    if plan.gateways:
        lines += [f"Heard through ({len(plan.gateways)})"]
        lines += [*(_gateway_line(gateway, settings.wiring) for gateway in plan.gateways), ""]
    carried = (f"{pager.id} {pager.carrier or '(no known carrier)'}" for pager in plan.pagers)
    lines += [f"Pagers ({len(plan.pagers)}): {', '.join(carried) or 'none'}", ""]
    lines += [f"Members ({len(plan.members)})"]
    for role in ROLES:
        members = [f"{member.id}{_ways(member.ways)}" for member in plan.members if role in member.roles]
        lines.append(f"  {role:<11} {', '.join(members) or 'nobody'}")
    lines += ["", f"Ladder: until {ladder.responders_needed} are coming"]
    lines += [f"  {step.after_s:>4g} s  {', '.join(step.ring)}" for step in ladder.steps]
    lines += [f"  then the last step again every {ladder.repeat_s:g} s, for ever"]
    lines += [f"  next step at once when nothing is shown after {ladder.shown_within_s:g} s"]
    lines += [f"  nobody arrived after {ladder.arrival_s:g} s: the search goes on"]
    lines += [f"  silence on the scene for {ladder.check_s:g} s: asked; {ladder.confirm_s:g} s later: the others ring"]
    callers = ", ".join(ladder.callers_112)
    lines += [f"112: asked for when nobody is on the scene after {ladder.call_112_after_s:g} s, of {callers}", ""]
    hours = (f"{DAYS[day.weekday]} {day.opens:%H:%M}-{day.closes:%H:%M}" for day in settings.hours)
    lines += [f"Open: {', '.join(hours) or 'not told'} (the ladder is the same outside these hours)"]
    broker = settings.broker
    lines += [f"Broker: {broker.host}:{broker.port}{' with TLS' if broker.tls else ''}"]
    return "\n".join(lines)


def _zender_line(zender: Zender) -> str:
    notes = [zender.room, _heard_by(zender), *zender.weaker]
    notes += [f"staff {', '.join(zender.staff)}"] if zender.staff else []
    notes += [f"screens {', '.join(zender.screens)}"] if zender.screens else []
    notes += ["discreet sign"] if zender.help else []
    return f"{zender.nr:>4}  {zender.place:<24} {'; '.join(note for note in notes if note)}".rstrip()


def _gateway_line(gateway: Gateway, wiring: Wiring) -> str:
    ports = [f"{port.protocol} on {port.path}" for port in wiring.ports if port.id == gateway.id]
    mqtt = ["MQTT"] if gateway.on_mqtt else []
    silence = [f"silent {gateway.max_silence_s:g} s at most"] if gateway.max_silence_s else []
    return f"  {gateway.id:<11} {'; '.join((*ports, *mqtt, *silence))}".rstrip()


def _heard_by(zender: Zender) -> str:
    """`bought through zigbee, silent 9000 s at most`; our own nodes, watched as they all are, in one word."""
    by = (
        zender.transport
        if zender.gateway in (None, zender.transport)
        else f"{zender.transport} through {zender.gateway}"
    )
    if zender.max_silence_s in (None, MAX_SILENCE_S):
        return by
    return f"{by}, silent {zender.max_silence_s:g} s at most"


def _ways(ways: tuple[str, ...]) -> str:
    return f" ({', '.join(ways)})" if ways else ""


# --- advice -----------------------------------------------------------------------------------------------------------


def _examples(settings: Settings) -> Iterator[str]:
    site = settings.plan.site
    for key, value in (("name", site.name), ("address", site.address), ("entrance", site.entrance)):
        if EXAMPLE in value:
            yield f"site.{key}: still the example; 112 would be told {value!r}"
    examples = [person.id for person in settings.people or () if EXAMPLE in person.name]
    if examples:
        yield f"members: still examples: {', '.join(examples)}"
    zenders = settings.plan.zenders
    nowhere = [str(zender.nr) for zender in zenders if zender.place == PLACE or EXAMPLE in zender.place]
    if nowhere:
        yield f"zenders: people must run to a place that is still to be filled in: {', '.join(nowhere)}"


def _steps(plan: Plan, channels: Set[str]) -> Iterator[str]:
    for index, step in enumerate(plan.ladder.steps):
        name = f"ladder.steps.{index} ({step.after_s:g} s)"
        for group in step.ring:
            if not plan.group(group):
                yield f"{name}: {group} stands for nobody who can be rung"
        if not _built(_targets(plan, step), channels):
            yield f"{name}: can never ring: no channel of its targets is built; the next step comes at once"
    for index, (before, step) in enumerate(pairwise(plan.ladder.steps), 1):
        name = f"ladder.steps.{index} ({step.after_s:g} s)"
        targets = _targets(plan, step)
        if targets and targets <= _targets(plan, before):
            yield f"{name}: adds nobody to the step before"
        if step.after_s - before.after_s < plan.ladder.shown_within_s:
            yield (
                f"{name}: comes {step.after_s - before.after_s:g} s after the step before, so shown_within_s "
                f"({plan.ladder.shown_within_s:g} s) never makes it come early"
            )


def _channels(plan: Plan, channels: Set[str]) -> Iterator[str]:
    targets = {target for step in plan.ladder.steps for target in _targets(plan, step)}
    targets |= {target for caller in plan.ladder.callers_112 for target in plan.ways_to(caller)}
    for channel in sorted({_channel(target) for target in targets} - channels):
        whose = sorted(target.partition(":")[2] for target in targets if _channel(target) == channel)
        yield f"{channel}: this channel is not built yet; orders to it fail for {', '.join(whose)}"
    rung = {target for target in targets if _channel(target) in channels}
    for member in plan.members:
        ways = set(plan.ways_to(member.id))
        if not ways:
            yield f"members: {member.id} has no pager and no ways: nothing ever rings there"
        elif _built(ways, channels) and not ways & rung:
            yield f"members: {member.id} is in no step of the ladder and no 112 caller: is never rung"


def _callers_112(plan: Plan, channels: Set[str]) -> Iterator[str]:
    callers = plan.ladder.callers_112
    reachable = [caller for caller in callers if _built(set(plan.ways_to(caller)), channels)]
    for caller in callers:
        if caller not in reachable:
            yield f"call_112: {caller} cannot be reached: no way to them is built"
    if not reachable:
        yield "call_112: nobody who can be reached is asked to call 112; whoever was rung is asked instead"
    for zender in plan.zenders:
        if callers and set(callers) <= set(zender.staff):
            yield f"call_112: all on the list sit at zender {zender.nr} ({zender.place}), and are asked all the same"
        elif reachable and set(reachable) <= set(zender.staff):
            yield f"call_112: for zender {zender.nr} ({zender.place}) nobody else on the list can be reached"


def _enough_people(plan: Plan, channels: Set[str]) -> Iterator[str]:
    """As many as are needed can be rung, also when those who sit at the zender do not count."""
    needed = plan.ladder.responders_needed
    team = [member.id for member in plan.members if TEAM in member.roles]
    if len(team) < needed:
        yield f"members: {len(team)} in the team ({TEAM}), and {needed} responders are needed"
    targets = _built({target for step in plan.ladder.steps for target in _targets(plan, step)}, channels)
    people = {_person(plan, target) for target in targets}
    if len(people) < needed:
        yield f"ladder: {len(people)} people can be reached by what is built, and {needed} responders are needed"
        return
    for zender in plan.zenders:
        left = people - set(zender.staff)
        if len(left) < needed:
            yield f"zenders: {len(left)} can be rung for zender {zender.nr} ({zender.place}), and {needed} are needed"


def _pagers(plan: Plan) -> Iterator[str]:
    if not plan.pagers:
        yield "pagers: there is none"
        return
    without = [pager.id for pager in plan.pagers if pager.carrier is None]
    if without:
        yield f"pagers: nobody is known to carry {', '.join(without)}: together they count as one person"
    if not any(PAGERS in step.ring for step in plan.ladder.steps):
        yield f"ladder: no step rings {PAGERS}"
    carriers = {pager.carrier for pager in plan.pagers}
    for zender in plan.zenders:
        if carriers <= set(zender.staff):
            yield f"pagers: staff of zender {zender.nr} ({zender.place}) carries all: its alarm rings none of them"
    for pager in plan.pagers:
        sharing = [other.id for other in plan.pagers if other.carrier == pager.carrier]
        if pager.carrier and len(sharing) > 1 and pager.id == sharing[0]:
            yield f"pagers: {pager.carrier} carries {', '.join(sharing)}: they count as one person"


def _zenders(plan: Plan) -> Iterator[str]:
    first: dict[tuple[str, str], int] = {}
    for zender in plan.zenders:
        other = first.setdefault((zender.place, zender.room), zender.nr)
        if other != zender.nr:
            yield f"zenders: {other} and {zender.nr} have the same place and room ({zender.place})"


def _heard(plan: Plan, wiring: Wiring) -> Iterator[str]:
    """Which zenders are watched less well than the others, and why."""
    says_online = {device.name for device in wiring.devices if any(told.says == "online" for told in device.readings)}
    tell = {zender.nr for zender in plan.zenders if f"{ZENDER}:{zender.nr}" in says_online}
    mute = {zender.nr for zender in plan.zenders if "no heartbeat" in zender.weaker}
    alone = {zender.nr for zender in plan.zenders if zender.transport == "bought" and zender.gateway is None}
    lines = {port.id for port in wiring.ports if protocol(port.protocol).OUR_NODES}
    own = {zender.nr for zender in plan.zenders if zender.transport == "mqtt" or zender.gateway in lines}
    of_zenders = (
        ("nobody notices when one is dead (heartbeat: false)", mute - tell),
        ("only its own online, if it sends that, tells that one is dead (heartbeat: false)", mute & tell),
        ("a press may be lost at the broker (qos: 0)", {one.nr for one in plan.zenders if "qos 0" in one.weaker}),
        (
            "a cut wire looks like peace (contact: normally_open)",
            {zender.nr for zender in plan.zenders if "cut wire unseen" in zender.weaker},
        ),
        ("only silence tells that one is not heard (no gateway and no online)", alone - mute - tell),
        (
            "only our own nodes have a discreet sign (help: true)",
            {zender.nr for zender in plan.zenders if zender.help} - own,
        ),
    )
    for sentence, nrs in of_zenders:
        if nrs:
            yield f"zenders: {sentence}: {', '.join(map(str, sorted(nrs)))}"


def _through(plan: Plan, wiring: Wiring) -> Iterator[str]:
    """What is unwise about the ports and gateways."""
    for port in wiring.ports:
        if port.path.startswith(NUMBERED_PORTS):
            yield (
                f"ports: {port.id}: {port.path} may be another device after a restart; take its path under "
                "/dev/serial/by-id, or by-path"
            )
    used = {zender.gateway for zender in plan.zenders}
    for gateway in plan.gateways:
        if gateway.id not in used:
            yield f"{'gateways' if gateway.on_mqtt else 'ports'}: no zender is heard through {gateway.id}"
        # A fault of the gateway keeps those of its zenders back, when it comes first.
        silence_s = gateway.max_silence_s or 0.0
        sooner = [one for one in plan.zenders if one.gateway == gateway.id and (one.max_silence_s or inf) <= silence_s]
        if sooner:
            yield (
                f"gateways: when {gateway.id} falls silent ({silence_s:g} s), each of these is missed before it: "
                f"{', '.join(str(one.nr) for one in sooner)}; let it be silent for less than they may"
            )


def _waits(plan: Plan) -> Iterator[str]:
    ladder = plan.ladder
    waits = {"repeat_s": ladder.repeat_s, "confirm_s": ladder.confirm_s, "arrival_s": ladder.arrival_s}
    for key, wait_s in waits.items():
        if wait_s < ladder.shown_within_s:
            yield f"ladder.{key}: {wait_s:g} s is over before a pager must have shown it ({ladder.shown_within_s:g} s)"
    if plan.budgets.shown_s > ladder.shown_within_s:
        yield "budgets.shown_s: longer than ladder.shown_within_s: the next step rings before the budget is missed"


def _broker(broker: BrokerSettings) -> Iterator[str]:
    if broker.host not in THIS_MACHINE and not broker.tls:
        yield f"broker: {broker.host} is another machine: without TLS anybody on the network can read and forge"
    if broker.username is not None and broker.password_file is None:
        yield "broker: a username without password_file: the recommended broker refuses it"


def _targets(plan: Plan, step: Step) -> set[str]:
    return {target for group in step.ring for target in plan.group(group)}


def _built(targets: set[str], channels: Set[str]) -> set[str]:
    return {target for target in targets if _channel(target) in channels}


def _channel(target: str) -> str:
    return target.partition(":")[0]


def _person(plan: Plan, target: str) -> str:
    """Who answers from this target; pagers without a known carrier are one person together."""
    person = plan.person(target)
    return PAGERS if person == target else person
