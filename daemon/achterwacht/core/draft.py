"""The draft of the form that is filled in after an incident: what the facts know is in it, the rest stays open.

The form is the *meldingsformulier* of Waddinxveen (its appendix 4); titles and options are that text's own words. Only
what the facts prove is ticked: a person reads, corrects and completes it. How it looks is outputs/texts' (form.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from achterwacht.core.incident import Came, Ended, Incident, PoliceNote, Said
from achterwacht.core.moment import HOUSE_ZONE
from achterwacht.core.plan import Site


@dataclass(frozen=True, slots=True)
class Field:
    """A line to write on; empty where the facts know nothing."""

    title: str
    value: str


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a question of the form, word for word."""

    text: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its options; `several`: more than one may be ticked. `note` stands beside it."""

    title: str
    several: bool
    options: tuple[Option, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """The form, and beside it what the facts know and the form does not ask. Names where they were known."""

    incident: str
    number: str | None
    site: Site
    zender: int
    place: str
    raised_at: datetime
    clock_ok: bool
    """Whether date and time can be trusted; the Pi's clock jumps at boot."""
    recovered: bool
    """Raised again from a pager's memory: the press itself was earlier than the time says."""
    fields: tuple[Field, ...]
    questions: tuple[Question, ...]
    presses: int
    came: tuple[Came, ...]
    told_to_leave: tuple[Said, ...]
    police: tuple[PoliceNote, ...]
    closed: Ended | None


FIELDS = ("Naam medewerker", "Afdeling", "Naam burger", "Woonplaats", "Datum", "Tijdstip")

CATEGORY = "categorie"
PLACE = "Plaats"
CONTACT = "Soort contact"
MEASURES = "5. Maatregelen"

ONE_OF: dict[str, tuple[str, ...]] = {
    CATEGORY: (
        "categorie 1 (verbale agressie)",
        "categorie 2 (persoonsgerichte bedreiging)",
        "categorie 3 (fysieke agressie)",
    ),
    PLACE: (
        "gemeentehuis",
        "directe omgeving van het gemeentehuis",
        "het huisadres van de betrokken cliënt",
        "het huisadres van de betrokken medewerker",
        "bij de gemeentewerf",
        "zwembad",
        "Algemene Begraafplaats",
        "elders, nl:",
    ),
    CONTACT: ("Telefonisch", "Schriftelijk", "Persoonlijk", "Post", "E-mail / fax"),
}

SEVERAL_OF: dict[str, tuple[str, ...]] = {
    "1. (mogelijke) aanleiding": (
        "niet duidelijk",
        "communicatieprobleem/ taalbarrière",
        "afspraken niet duidelijk",
        "te lang wachten in wachtkamer",
        "niet gewenste persoon kunnen spreken",
        "zaken niet binnen gestelde termijn afgehandeld",
        "eerdere foutieve voorlichting",
        "uitkering geblokkeerd drank en/of drugs",
        "andere psychiatrische problematiek",
        "genomen besluit gemeente",
        "anders nl:",
    ),
    "2. Door cliënt gebruikte middelen": (
        "lijdzaam verzet ('ik ga niet weg, totdat')",
        "schelden / vloeken",
        "dreigementen",
        "telefonische bedreiging",
        "dreigende lichaamstaal",
        "objecten, nl:",
        "lichaam, nl:",
        "anders, nl:",
    ),
    "3. Doelwit van de agressie": (
        "niemand",
        "medewerker",
        "object, nl:",
        "andere cliënt(en)",
        "receptie",
        "overig personeel",
        "cliënt zelf",
        "anders, nl:",
    ),
    "4. Consequentie voor slachtoffer": (
        "geen",
        "objecten:",
        "beschadigd, vervanging niet noodzakelijk",
        "beschadigd, vervanging noodzakelijk",
        "persoon:",
        "voelde zich bedreigd / geschrokken",
        "voelde zich vernederd",
        "lichamelijk letsel.",
        "behandeling noodzakelijk",
        "behandeling door arts noodzakelijk",
        "anders, nl:",
    ),
    MEASURES: (
        "geen",
        "cliënt aangesproken op gedrag",
        "agressie interventieteam ingeschakeld",
        "contact beëindigd/ weggegaan",
        "burger gesommeerd het pand te verlaten",
        "politie ingeschakeld",
        "schriftelijke waarschuwing",
        "ordegesprek",
        "gebouwontzegging",
        "korting uitkering",
        "aangifte / melding politie",
        "verhalen schade",
        "anders nl:",
    ),
}

DESCRIPTION = "Korte omschrijving incident en evt. bijzonderheden"
DESCRIPTION_HINT = (
    "(wat is er gebeurd, hoe is er gereageerd, wat zei/deed de burger, wat zei/deed jij toen, "
    "waren er nog meer mensen betrokken?)"
)


def draft(incident: Incident, names: Mapping[str, str]) -> Draft:
    """The form as far as the facts fill it. `names` by member id; an unknown id stays as it is."""

    def name(by: str) -> str:
        return names.get(by, by)

    local = incident.raised_at.astimezone(HOUSE_ZONE)
    known = {"Datum": f"{local:%d-%m-%Y}", "Tijdstip": f"{local:%H:%M:%S}"}
    return Draft(
        incident=incident.incident,
        number=incident.number,
        site=incident.site,
        zender=incident.zender,
        place=incident.place,
        raised_at=incident.raised_at,
        clock_ok=incident.clock_ok,
        recovered=incident.recovered_from is not None,
        fields=tuple(Field(title, known.get(title, "")) for title in FIELDS),
        questions=tuple(_questions(incident)),
        presses=len(incident.presses),
        came=tuple(replace(came, by=name(came.by)) for came in incident.came),
        told_to_leave=tuple(replace(said, by=name(said.by)) for said in _accepted(incident, "told_to_leave")),
        police=tuple(replace(note, who=tuple(map(name, note.who))) for note in incident.police),
        closed=replace(incident.closed, by=name(incident.closed.by)) if incident.closed else None,
    )


def _questions(incident: Incident) -> list[Question]:
    notes = {PLACE: f"{incident.place} (zender {incident.zender})"}
    proven = {option for option, is_proven in _PROOFS.items() if is_proven(incident)}
    questions = [(title, False, options) for title, options in ONE_OF.items()]
    questions += [(title, True, options) for title, options in SEVERAL_OF.items()]
    return [
        Question(title, several, tuple(Option(text, text in proven) for text in options), notes.get(title, ""))
        for title, several, options in questions
    ]


def _team_knew(incident: Incident) -> bool:
    """That an order was sent, or taken by a carrier, proves nothing about people (S6)."""
    return bool(incident.came) or any(target.stage in ("received", "shown", "answered") for target in incident.targets)


def _accepted(incident: Incident, *answers: str) -> list[Said]:
    return [said for said in incident.answers if said.result == "accepted" and said.answer in answers]


def _said(*answers: str) -> Callable[[Incident], bool]:
    return lambda incident: bool(_accepted(incident, *answers))


def _always(incident: Incident) -> bool:
    """A zender is fixed at a desk of the town hall: whoever pressed it stood before the visitor."""
    return True


_PROOFS: dict[str, Callable[[Incident], bool]] = {
    "gemeentehuis": _always,
    "Persoonlijk": _always,
    "agressie interventieteam ingeschakeld": _team_knew,
    "burger gesommeerd het pand te verlaten": _said("told_to_leave"),
    "politie ingeschakeld": _said("called_112", "police_here"),
}
"""What ticks an option. A call to 112 is no *aangifte*: that box stays open for the person."""
