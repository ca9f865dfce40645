"""Advice about a plan that has no mistakes: what would not help in an alarm, and the plan on one screen.

A mistake keeps a plan out (config_schema); advice does not: a building may be half built, and an alarm with half a
ladder is better than none. Knows the plan alone, not whether anything is switched on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, replace
from functools import partial
from itertools import pairwise
from math import inf

from achterwacht.config import BrokerSettings, Settings
from achterwacht.config_forms import SECRET_TOPIC_MIN
from achterwacht.core.plan import (
    ALARM_CENTRE,
    APP,
    COORDINATOR,
    MAX_SILENCE_S,
    NTFY,
    PAGER,
    PAGERS,
    PUSH,
    PUSHOVER,
    RECEPTION,
    ROLES,
    TEAM,
    ZENDER,
    AlarmCentre,
    Gateway,
    Hours,
    Pager,
    Plan,
    Step,
    Zender,
)
from achterwacht.inputs.ports import protocol
from achterwacht.inputs.wiring import GPIO, Wiring
from achterwacht.learn import PLACE
from achterwacht.outputs.wiring import CentreLine, PagingBase, Phones, Voices

# What stands in the shipped files wherever the building's own data belong.
EXAMPLE = "VOORBEELD"

# What the kernel counts up in the order in which it finds them.
NUMBERED_PORTS = ("/dev/ttyUSB", "/dev/ttyACM")
ANOTHER_AFTER_A_RESTART = (
    "{path} may be another device after a restart; take its path under /dev/serial/by-id, or by-path"
)

# One call on a serial line: a text of 40 characters with what stands around it, and the answers, of ten bits each.
CALL_BITS = 800
# Until then somebody is called late because there are others.
ALL_CALLED_WITHIN_S = 5.0

# The ways that bring an answer back by themselves; and those that ring in a browser.
ANSWERING = (APP, PUSH, NTFY, PUSHOVER)
IN_A_BROWSER = frozenset({APP, PUSH})

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def lint(settings: Settings) -> tuple[str, ...]:
    """What a coordinator should know before the doors open, one sentence each; empty when all is well."""
    plan = settings.plan
    return (
        *_on_any_day(plan, _nobody_answers),
        *_examples(settings),
        *_on_any_day(plan, _steps),
        *_on_any_day(plan, _first_step),
        *_members(plan),
        *_on_any_day(plan, _in_a_browser),
        *_on_any_day(plan, partial(_cannot_answer, voices=settings.voices)),
        *_on_any_day(plan, _callers_112),
        *_on_any_day(plan, _enough_people),
        *_on_any_day(plan, _pagers),
        *_mornings(plan),
        *_bases(settings.voices),
        *_phones(settings),
        *_alarm_centre(plan, settings.voices),
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
    lines += [f"Pagers ({len(plan.pagers)}): {', '.join(map(_pager, plan.pagers)) or 'none'}"]
    lines += _dock_lines(settings.wiring)
    lines += [*(_base_line(base) for base in settings.voices.bases), ""]
    lines += [f"Members ({len(plan.members)})"]
    for role in ROLES:
        members = [f"{member.id}{_ways(member.ways)}" for member in plan.members if role in member.roles]
        lines.append(f"  {role:<11} {', '.join(members) or 'nobody'}")
    lines += [_phones_line(plan, settings.voices.phones)]
    lines += ["", f"Ladder: until {ladder.responders_needed} are coming"]
    lines += [f"  {step.after_s:>4g} s  {', '.join(step.ring)}" for step in ladder.steps]
    lines += [f"  then the last step again every {ladder.repeat_s:g} s, for ever"]
    lines += [f"  next step at once when nothing is shown after {ladder.shown_within_s:g} s"]
    lines += [f"  nobody arrived after {ladder.arrival_s:g} s: the search goes on"]
    lines += [f"  silence on the scene for {ladder.check_s:g} s: asked; {ladder.confirm_s:g} s later: the others ring"]
    callers = ", ".join(ladder.callers_112)
    lines += [f"112: asked for when nobody is on the scene after {ladder.call_112_after_s:g} s, of {callers}"]
    if settings.voices.alarm_centre and plan.alarm_centre:
        lines += _centre_lines(settings.voices.alarm_centre, plan.alarm_centre)
    lines += [""]
    lines += [*_hours_lines(plan.hours), *_morning_lines(plan, settings.wiring)]
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


def _pager(pager: Pager) -> str:
    week = zip(DAYS, pager.week, strict=False)
    others = (f"{day} {member or 'nobody'}" for day, member in week if member != pager.carrier)
    notes = "; ".join((*others, *([f"by {pager.base}"] if pager.base else [])))
    return f"{pager.id} {pager.carrier or '(no known carrier)'}{f' ({notes})' if notes else ''}"


def _dock_lines(wiring: Wiring) -> Iterator[str]:
    """How the dock of each pager that has a contact is heard."""
    for dock in wiring.docks:
        kind = "closed" if dock.normally_closed else "open; a cut wire looks carried"
        yield f"  dock {dock.pager:<6} GPIO{dock.pin}, normally {kind}"
    for device in wiring.devices:
        for told in device.readings:
            if told.says == "docked":
                place = f"{told.topic}{f' at {told.path}' if told.path else ''}"
                through = f", through {device.gateway}" if device.gateway else ""
                is_so = " or ".join(told.values)
                yield f"  dock {device.name.partition(':')[2]:<6} MQTT {place}: docked when {is_so}{through}"


def _base_line(base: PagingBase) -> str:
    where = f"{base.path}, {base.format.baud} baud" if base.path else f"{base.host}:{base.tcp_port}"
    group = f"group address {base.group_address}" if base.group_address else "no group address"
    return f"  {base.id:<11} {base.dialect} on {where}; {group}"


def _phones_line(plan: Plan, phones: Phones) -> str:
    used = [way for member in plan.members for way in member.ways]
    ways = ", ".join(f"{way} {used.count(way)}" for way in (APP, *phones.ways))
    return f"  members by each way to a telephone: {ways}"


def _centre_lines(line: CentreLine, centre: AlarmCentre) -> Iterator[str]:
    receivers = ", then ".join(f"{one.host}:{one.port} ({one.transport})" for one in line.receivers)
    yield f"Alarm centre: {line.protocol}, account {line.account}, to {receivers}"
    yield (
        f"  {'encrypted' if line.key_file else 'NOT encrypted'}; each receiver is asked every {line.supervise_s:g} s; "
        f"test report at {line.test_at}; {'told' if centre.troubles else 'not told'} of zenders' troubles"
    )


def _hours_lines(hours: Hours) -> Iterator[str]:
    week = (f"{DAYS[day.weekday]} {day.opens:%H:%M}-{day.closes:%H:%M}" for day in hours.week)
    yield f"Open: {', '.join(week) or 'not told'} (the ladder is the same outside these hours)"
    special = [f"{day.on} {day.opens:%H:%M}-{day.closes:%H:%M}" for day in hours.special]
    if special:
        yield f"  also on {', '.join(special)}"
    closed = f"; {len(hours.closed)} days from {hours.closed[0]} to {hours.closed[-1]}" if hours.closed else ""
    yield f"  closed on {', '.join(hours.holidays) or 'no holiday'}{closed}"


def _morning_lines(plan: Plan, wiring: Wiring) -> Iterator[str]:
    morning = plan.morning
    if morning is None:
        yield "Mornings: nothing is checked; the pagers are carried as the file says"
        return
    yield (
        f"Mornings: self-test {morning.self_test_at:%H:%M}, watched from {morning.watch_at:%H:%M}, reminded "
        f"{morning.remind_at:%H:%M}, checked {morning.check_at:%H:%M}: {morning.pagers_needed} pagers needed"
    )
    for feed in wiring.calendars:
        yield f"  calendar {feed.id} ({feed.of}), read every {feed.every_s:g} s"


def _ways(ways: tuple[str, ...]) -> str:
    return f" ({', '.join(ways)})" if ways else ""


# --- advice -----------------------------------------------------------------------------------------------------------


def _on_any_day(plan: Plan, advise: Callable[[Plan], Iterator[str]]) -> Iterator[str]:
    """Advice that depends on who carries the pagers: of each day that is open, with the days if it is not of all."""
    days = _days(plan)
    told: dict[str, list[str]] = {}
    for day, plan_of_day in days.items():
        for line in advise(plan_of_day):
            told.setdefault(line, []).append(day)
    for line, on in told.items():
        yield line if len(on) == len(days) else f"{line} ({', '.join(on)})"


def _days(plan: Plan) -> dict[str, Plan]:
    """By day of the week: the plan with the carriers of that day; the plan as it is where all days are the same."""
    if plan.morning is None:
        return {"": plan}
    days = {}
    for opening in plan.hours.week:
        pagers = tuple(replace(pager, carrier=pager.week[opening.weekday]) for pager in plan.pagers)
        days[DAYS[opening.weekday]] = replace(plan, pagers=pagers)
    return days


def _nobody_answers(plan: Plan) -> Iterator[str]:
    first = plan.ladder.steps[0]
    targets = _targets(plan, first)
    of_people = {way for target in targets for way in (target, *plan.ways_to(plan.person(target)))}
    if targets and not any(_brings_answer(plan, way) for way in of_people):
        yield (
            f"{_step_name(0, first)}: NOBODY rung at once CAN ANSWER, but at a terminal: every alarm climbs to the end "
            "of the ladder and 112 is asked for, though the team may be there"
        )


def _examples(settings: Settings) -> Iterator[str]:
    site = settings.plan.site
    for key, value in (("name", site.name), ("address", site.address), ("entrance", site.entrance)):
        if EXAMPLE in value:
            yield f"site.{key}: still the example; 112 would be told {value!r}"
    examples = [person.id for person in settings.people or () if any(EXAMPLE in said for said in astuple(person))]
    if examples:
        yield f"members: still examples: {', '.join(examples)}"
    push, ntfy = settings.voices.phones.push, settings.voices.phones.ntfy
    outward = {f"paging_bases: {base.id}.path": base.path for base in settings.voices.bases}
    outward |= {"phones.push.contact": push.contact} if push else {}
    outward |= {"phones.ntfy.reply_topic": ntfy.reply_topic} if ntfy else {}
    for key, value in outward.items():
        if EXAMPLE in value:
            yield f"{key}: still the example"
    zenders = settings.plan.zenders
    nowhere = [str(zender.nr) for zender in zenders if zender.place == PLACE or EXAMPLE in zender.place]
    if nowhere:
        yield f"zenders: people must run to a place that is still to be filled in: {', '.join(nowhere)}"


def _steps(plan: Plan) -> Iterator[str]:
    for index, step in enumerate(plan.ladder.steps):
        name = _step_name(index, step)
        for group in step.ring:
            if group != ALARM_CENTRE and not plan.group(group):
                yield f"{name}: {group} stands for nobody who can be rung"
        if not _targets(plan, step):
            yield f"{name}: can never ring: there is nobody in it; the next step comes at once"
    for index, (before, step) in enumerate(pairwise(plan.ladder.steps), 1):
        name = _step_name(index, step)
        targets = _targets(plan, step)
        tells_centre = ALARM_CENTRE in step.ring and ALARM_CENTRE not in before.ring
        if targets and targets <= _targets(plan, before) and not tells_centre:
            yield f"{name}: adds nobody to the step before"
        if step.after_s - before.after_s < plan.ladder.shown_within_s:
            yield (
                f"{name}: comes {step.after_s - before.after_s:g} s after the step before, so shown_within_s "
                f"({plan.ladder.shown_within_s:g} s) never makes it come early"
            )


def _first_step(plan: Plan) -> Iterator[str]:
    """What is rung at once must be seen at once."""
    first = plan.ladder.steps[0]
    targets = _targets(plan, first)
    if targets and not any(map(plan.tells_shown, targets)):
        yield (
            f"{_step_name(0, first)}: nothing in it tells that it shows an alarm (one-way pagers, telephones): "
            "the ladder goes by what was handed over"
        )
    for member in plan.members:
        page = f"{APP}:{member.id}"
        if page in targets and plan.ways_to(member.id) == (page,):
            yield f"members: {member.id} is rung at once, and by {APP} alone: only while the page is open"


def _members(plan: Plan) -> Iterator[str]:
    days = _days(plan).values()
    for member in plan.members:
        if not any(day.ways_to(member.id) for day in days):
            yield f"members: {member.id} has no pager and no ways: nothing ever rings there"
        elif all(_rung(day).isdisjoint(day.ways_to(member.id)) for day in days):
            yield f"members: {member.id} is in no step of the ladder and no 112 caller: is never rung"


def _in_a_browser(plan: Plan) -> Iterator[str]:
    """Whoever is rung in a browser and by nothing else."""
    rung, at_once = _rung(plan), _targets(plan, plan.ladder.steps[0])
    by_page, by_push = [], []
    for member in plan.members:
        targets = plan.ways_to(member.id)
        channels = {target.partition(":")[0] for target in targets}
        if rung.isdisjoint(targets) or not channels <= IN_A_BROWSER:
            continue
        if PUSH in channels:
            by_push.append(member.id)
        elif at_once.isdisjoint(targets):  # of those in the first step it is told apart
            by_page.append(member.id)
    if by_page:
        yield f"members: nothing but {APP} rings at {', '.join(by_page)}: only while the page is open"
    if by_push:
        yield (
            f"members: nothing but a browser rings at {', '.join(by_push)}: {PUSH} once one is registered, {APP} while "
            "the page is open"
        )


def _cannot_answer(plan: Plan, voices: Voices) -> Iterator[str]:
    """Whoever is rung and has nothing to answer on."""
    dialects = {base.id: base.dialect for base in voices.bases}
    rung = _rung(plan)
    for member in plan.members:
        targets = plan.ways_to(member.id)
        if rung.isdisjoint(targets) or any(_brings_answer(plan, target) for target in targets):
            continue
        called = [pager for pager in plan.pagers if pager.carrier == member.id]
        by = ", ".join((*(["one-way pager"] if called else []), *member.ways))
        button = any(dialects.get(pager.base) == "espa" for pager in called)
        unless = " unless the base reports the pager's button" if button else ""
        cannot = f"members: {member.id} can be rung and cannot answer ({by}){unless}"
        yield f"{cannot}: they need a terminal or another way"


def _callers_112(plan: Plan) -> Iterator[str]:
    callers = plan.ladder.callers_112
    reachable = [caller for caller in callers if plan.ways_to(caller)]
    for caller in callers:
        if caller not in reachable:
            yield f"call_112: {caller} cannot be reached: no pager and no ways"
    if not reachable:
        yield "call_112: nobody who can be reached is asked to call 112; whoever was rung is asked instead"
    for zender in plan.zenders:
        if callers and set(callers) <= set(zender.staff):
            yield f"call_112: all on the list sit at zender {zender.nr} ({zender.place}), and are asked all the same"
        elif reachable and set(reachable) <= set(zender.staff):
            yield f"call_112: for zender {zender.nr} ({zender.place}) nobody else on the list can be reached"


def _enough_people(plan: Plan) -> Iterator[str]:
    """As many as are needed can be rung, also when those who sit at the zender do not count."""
    needed = plan.ladder.responders_needed
    team = [member.id for member in plan.members if TEAM in member.roles]
    if len(team) < needed:
        yield f"members: {len(team)} in the team ({TEAM}), and {needed} responders are needed"
    people = {_person(plan, target) for step in plan.ladder.steps for target in _targets(plan, step)}
    if len(people) < needed:
        yield f"ladder: {len(people)} people can be reached, and {needed} responders are needed"
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


def _mornings(plan: Plan) -> Iterator[str]:
    morning = plan.morning
    if morning is None:
        return
    told = {
        RECEPTION: "which pagers are missing",
        COORDINATOR: "which pagers are still missing, and of gaps in the roster",
    }
    for role, of_what in told.items():
        members = plan.with_role(role)
        if not members:
            yield f"members: none has the role {role}: nobody is told {of_what}"
        elif not any(day.ways_to(member) for day in _days(plan).values() for member in members):
            yield f"members: {', '.join(members)} ({role}) cannot be reached: nobody is told {of_what}"
    early = [DAYS[day.weekday] for day in plan.hours.week if day.opens < morning.check_at]
    if early:
        yield (
            f"morning.check_at: the desks are open before it ({', '.join(early)}): "
            "until then nobody knows whether a pager is carried"
        )


def _bases(voices: Voices) -> Iterator[str]:
    for base in voices.bases:
        if base.path.startswith(NUMBERED_PORTS):
            yield f"paging_bases: {base.id}: {ANOTHER_AFTER_A_RESTART.format(path=base.path)}"
        pagers = [pager.id for pager in voices.base_pagers if pager.base == base.id]
        if not pagers:
            yield f"paging_bases: no pager is called by {base.id}"
        all_called_s = len(pagers) * CALL_BITS / base.format.baud
        if base.path and not base.group_address and all_called_s > ALL_CALLED_WITHIN_S:
            yield (
                f"paging_bases: {base.id}: its {len(pagers)} pagers, one after the other at {base.format.baud} baud, "
                f"take {all_called_s:.0f} s; with a group_address all are called at once"
            )


def _phones(settings: Settings) -> Iterator[str]:
    plan, phones = settings.plan, settings.voices.phones
    used = {way for member in plan.members for way in member.ways}
    for way in phones.ways:
        if way not in used:
            yield f"phones: no member has the way {way}"
    guessed = [person.id for person in settings.people or () if 0 < len(person.ntfy) < SECRET_TOPIC_MIN]
    if guessed:
        yield (
            f"members: the ntfy topics of {', '.join(guessed)} can be guessed, and whoever does may answer in their "
            f"name; take {SECRET_TOPIC_MIN} characters or more"
        )


def _alarm_centre(plan: Plan, voices: Voices) -> Iterator[str]:
    centre = voices.alarm_centre
    if centre is None:
        return
    if not any(ALARM_CENTRE in step.ring for step in plan.ladder.steps):
        yield f"{ALARM_CENTRE}: in no step of the ladder: it is told only when somebody on the scene confirms an alarm"
    if not centre.key_file:
        yield f"{ALARM_CENTRE}: without key_file anybody on the line can read what it is told, and forge it"
    if len(centre.receivers) == 1:
        yield f"{ALARM_CENTRE}: it has one receiver: while that cannot be reached, it is told nothing"


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
            yield f"ports: {port.id}: {ANOTHER_AFTER_A_RESTART.format(path=port.path)}"
    used = {zender.gateway for zender in plan.zenders} | {device.gateway for device in wiring.devices}
    used |= {GPIO} if wiring.docks else set()
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


def _step_name(index: int, step: Step) -> str:
    return f"ladder.steps.{index} ({step.after_s:g} s)"


def _targets(plan: Plan, step: Step) -> set[str]:
    """Whoever in the building is rung by a step; the alarm centre sends nobody of the house."""
    return {target for group in step.ring if group != ALARM_CENTRE for target in plan.group(group)}


def _rung(plan: Plan) -> set[str]:
    """Whatever is rung by any step, or to ask for 112."""
    steps = {target for step in plan.ladder.steps for target in _targets(plan, step)}
    return steps | {target for caller in plan.ladder.callers_112 for target in plan.ways_to(caller)}


def _brings_answer(plan: Plan, target: str) -> bool:
    """Whether one can answer here, today: on our own node, or by a way that has buttons of its own."""
    channel, _, _ = target.partition(":")
    return channel in ANSWERING or (channel == PAGER and plan.tells_shown(target))


def _person(plan: Plan, target: str) -> str:
    """Who answers from this target; pagers without a known carrier are one person together."""
    person = plan.person(target)
    return PAGERS if person == target else person
