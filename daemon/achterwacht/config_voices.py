"""How the house is told: what must agree in the blocks of paging bases, phones and alarm centre, and what they become.

Knows that a line is one base's, a pager of a base has an address, and what each way to a telephone must know of a
member. Leaves to outputs/ what is said on each. The checks read the plain values, as those of config_checks do; what is
made, is made of the forms.
"""

from __future__ import annotations

from typing import Any, Literal

from achterwacht.config_checks import check_name, check_unique, did_you_mean
from achterwacht.config_forms import AchterwachtFile, AlarmCentreBlock, PagingBaseBlock, PhonesBlock
from achterwacht.config_yaml import EACH, Document, KeyPath, shown
from achterwacht.core.plan import ALARM_CENTRE, APP, NTFY, PUSH, PUSHOVER, AlarmCentre
from achterwacht.outputs.phones.by_apprise import DIGITS_MAX, DIGITS_MIN, with_country
from achterwacht.outputs.wiring import (
    AppriseWay,
    BasePager,
    CentreLine,
    Ntfy,
    PagingBase,
    Phones,
    Pushover,
    Receiver,
    SerialFormat,
    Voices,
    WebPush,
)

_WITH_A_BLOCK = (PUSH, NTFY, PUSHOVER)
"""The ways that have a block under phones, by the same name."""

_NEEDS = {NTFY: "the ntfy topic of this member", PUSHOVER: "the Pushover user key of this member"}
"""What a member must have, by the same name, to be reached by a way."""

_NOT_IN = {
    "espa": ("password",),
    "tap": ("own_address", "base_address", "polled", "waits_for_paged", "beeps", "transmissions"),
}
"""The keys of a base that mean nothing in its dialect."""

_PARITIES: dict[str, Literal["none", "even", "odd"]] = {"N": "none", "E": "even", "O": "odd"}

_ONLY_DECISIONS = {"troubles", "confirm_within_s"}
"""What the core knows of the alarm centre, and the line to it need not."""


# --- what must agree --------------------------------------------------------------------------------------------------


def check_voices(zenders: Document, site: Document) -> None:
    """Notes what does not agree, in the coordinator's file."""
    _check_bases(zenders, site)
    _check_pagers(site)
    _check_ways(site)
    _check_receivers(site)


def _check_bases(zenders: Document, site: Document) -> None:
    check_unique(site, ("paging_bases", EACH, "id"))
    check_unique(site, ("paging_bases", EACH, "path"))
    ports = [(device, zenders.spots[path]) for path, device in zenders.each("ports", EACH, "path")]
    for path, device in site.each("paging_bases", EACH, "path"):
        for line in (line for port, (line, _) in ports if device is not None and port == device):
            site.blame(path, f"is {device}, already used in {zenders.file} line {line}, expected one of its own")
    for path, base in site.each("paging_bases", EACH):
        if isinstance(base, dict):
            _check_line(site, path, base)
            _check_dialect(site, path, base)


def _check_line(site: Document, path: KeyPath, base: dict[str, Any]) -> None:
    """A base hangs on a serial line or is reached over TCP."""
    given = [key for key in ("path", "host", "tcp_port") if base.get(key) is not None]
    if not given:
        site.blame((*path, "path"), "is missing, expected path, or host and tcp_port: where the base is")
        return
    for key, other in (("host", "tcp_port"), ("tcp_port", "host")):
        if key in given and "path" in given:
            site.blame((*path, key), "is given beside path, expected one of the two: a base is on one line")
        elif key in given and other not in given:
            site.blame((*path, key), f"is given, expected {other} beside it")


def _check_dialect(site: Document, path: KeyPath, base: dict[str, Any]) -> None:
    dialect = base.get("dialect")
    for key in _NOT_IN.get(str(dialect), ()):
        if key in base:
            site.blame((*path, key), f"is given, expected not to be: {dialect} has no such thing")
    default = PagingBaseBlock.model_fields
    own, its = (base.get(key, default[key].default) for key in ("own_address", "base_address"))
    if dialect == "espa" and own == its:
        key = "own_address" if "own_address" in base else "base_address"
        site.blame((*path, key), f"is {shown(str(own))}, the address of the other end too, expected another digit")


def _check_pagers(site: Document) -> None:
    """A pager of a base has an address that is its own there."""
    bases = {base["id"]: base for _, base in site.each("paging_bases", EACH) if _is_named(base)}
    first: dict[tuple[str, str], KeyPath] = {}
    for path, pager in site.each("pagers", EACH):
        if not isinstance(pager, dict):
            continue
        id_, address = pager.get("base"), pager.get("address")
        if id_ is None:
            if address is not None:
                site.blame((*path, "address"), "is given, expected base beside it: which paging base calls this pager")
            continue
        if not isinstance(id_, str):
            continue  # told by the form
        if id_ not in bases:
            instead = did_you_mean(id_, bases) if bases else "expected one that stands under paging_bases"
            site.blame((*path, "base"), f"is {shown(id_)}, no paging base of this file, {instead}")
        elif address is None:
            site.blame((*path, "address"), f"is missing, expected the address at which {id_} calls this pager")
        elif address == bases[id_].get("group_address"):
            problem = f"is {shown(str(address))}, which calls all pagers of {id_}, expected the address of this one"
            site.blame((*path, "address"), problem)
        elif isinstance(address, str) and first.setdefault((id_, address), (*path, "address"))[:2] != path:
            line, _ = site.spots[first[id_, address]]
            problem = f"is {shown(address)}, already used on base {id_} in line {line}, expected one of its own"
            site.blame((*path, "address"), problem)


def _is_named(block: Any) -> bool:
    return isinstance(block, dict) and isinstance(block.get("id"), str)


def _check_ways(site: Document) -> None:
    """Each way of a member is there, and knows where to reach them."""
    check_unique(site, ("phones", "apprise", EACH, "way"))
    check_unique(site, ("members", EACH, "ntfy"), ("phones", NTFY, "reply_topic"))
    bought: list[str] = []
    for path, way in site.each("phones", "apprise", EACH, "way"):
        check_name(site, path, way)
        bought += [way] if isinstance(way, str) else []
    given = [way for way in _WITH_A_BLOCK if any(block is not None for _, block in site.each("phones", way))]
    known = [APP, *given, *bought]
    for path, member in site.each("members", EACH):
        ways = member.get("ways") if isinstance(member, dict) else None
        for index, way in enumerate(ways if isinstance(ways, list) else ()):
            if not isinstance(way, str):
                continue  # told by the form
            if way in _WITH_A_BLOCK and way not in given:
                site.blame((*path, "ways", index), f"is {way}, expected a block {way} under phones that says how")
            elif way not in known:
                site.blame((*path, "ways", index), f"is {shown(way)}, no way to a phone, {did_you_mean(way, known)}")
            elif way in _NEEDS and member.get(way) is None:
                site.blame((*path, way), f"is missing, expected {_NEEDS[way]}, who is rung by it")
            elif way in bought and member.get("phone") is None and member.get("email") is None:
                problem = f"is missing, expected phone or email: where this member is reached by {way}"
                site.blame((*path, "phone"), problem)
            elif way in bought:
                _check_phone(site, (*path, "phone"), member.get("phone"), way)


def _check_phone(site: Document, path: KeyPath, phone: Any, way: str) -> None:
    """What the way would refuse for good, at the first alarm."""
    if not isinstance(phone, str):
        return  # there is none, or it is told by the form
    try:
        with_country(phone)
    except ValueError:
        expected = f"expected {DIGITS_MIN} to {DIGITS_MAX} digits with the country: {way} needs the whole number"
        site.blame(path, f"is the text {shown(phone)}, {expected}")


def _check_receivers(site: Document) -> None:
    first: dict[tuple[str, int], KeyPath] = {}
    for path, receiver in site.each(ALARM_CENTRE, "receivers", EACH):
        host, port = (receiver.get("host"), receiver.get("port")) if isinstance(receiver, dict) else (None, None)
        if isinstance(host, str) and isinstance(port, int) and first.setdefault((host, port), path) != path:
            line, _ = site.spots[first[host, port]]
            problem = f"is {shown(f'{host}:{port}')}, already used in line {line}, expected another receiver"
            site.blame(path, problem)


# --- what comes of it -------------------------------------------------------------------------------------------------


def make_voices(file: AchterwachtFile) -> Voices:
    """What goes out by what, of a file without mistakes."""
    return Voices(
        bases=tuple(map(_base, file.paging_bases)),
        base_pagers=tuple(
            BasePager(pager.id, pager.base, pager.address) for pager in file.pagers if pager.base and pager.address
        ),
        phones=_phones(file.phones) if file.phones else Phones(),
        alarm_centre=_line(file.alarm_centre) if file.alarm_centre else None,
    )


def plan_alarm_centre(file: AchterwachtFile) -> AlarmCentre | None:
    """The alarm centre as the core knows it."""
    block = file.alarm_centre
    return AlarmCentre(len(block.receivers), block.troubles, block.confirm_within_s) if block else None


def _base(block: PagingBaseBlock) -> PagingBase:
    said = block.given()
    del said["baud"]
    return PagingBase(**{**said, "format": _serial(block.baud, block.format)})


def _serial(baud: int, signs: str) -> SerialFormat:
    """`signs` as in 8N1: data bits, parity, stop bits."""
    return SerialFormat(baud, 7 if signs[0] == "7" else 8, _PARITIES[signs[1]], 1 if signs[2] == "1" else 2)


def _phones(block: PhonesBlock) -> Phones:
    return Phones(
        url=block.url or "",
        push=WebPush(**block.push.given()) if block.push else None,
        ntfy=Ntfy(**block.ntfy.given()) if block.ntfy else None,
        pushover=Pushover(**block.pushover.given()) if block.pushover else None,
        apprise=tuple(AppriseWay(one.way, one.url_file) for one in block.apprise),
    )


def _line(block: AlarmCentreBlock) -> CentreLine:
    said = {key: value for key, value in block.given().items() if key not in _ONLY_DECISIONS}
    return CentreLine(**{**said, "receivers": tuple(Receiver(**receiver.given()) for receiver in block.receivers)})
