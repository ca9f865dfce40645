"""The words that every page has."""

from __future__ import annotations

from collections.abc import Mapping

NL: Mapping[str, str] = {
    "common.stale": "Verbinding weg sinds {at}. Wat hier staat is oud.",
    "common.broken": "Deze pagina werkt niet goed: er ontbreekt iets. Vertrouw er niet op, en waarschuw de beheerder.",
    "common.broken_part": "Dit deel kan niet worden getoond.",
    "common.sent": "verstuurd",
    "common.again": "nog niet aangekomen, opnieuw …",
    "common.done": "aangekomen",
    "common.held": "aangekomen, nog niet vastgelegd",
    "common.refused": "geweigerd",
    "common.unknown": "geen antwoord gekregen. Of het gelukt is, is niet bekend: kijk, en druk zo nodig opnieuw.",
    "common.login": "uitgelogd",
    "common.no_script": "Deze pagina werkt alleen met JavaScript: zonder dat zou zij oud nieuws tonen.",
    "common.skip": "Naar de inhoud",
    "common.home": "Begin",
    "common.account": "mijn account",
    # what to press, where a terminal would be told what to type
    "common.do.zender/test overdue": "Test hem vandaag, met iemand bij de knop: bij beheer, Knoptest.",
    "common.do.plan/invalid": "Laat de beheerder de genoemde regels verbeteren, en het plan opnieuw laden.",
    "common.do.house/not picked up": "Kijk bij de piepers welke ontbreekt, en bel wie hem zou dragen.",
    "common.do.house/too few carried": "Zorg dat meer teamleden een pieper ophalen: bij de piepers staat wie.",
    "common.do.house/gap today": "Regel wie hem draagt: bij beheer, Rooster.",
}

EN: Mapping[str, str] = {
    "common.stale": "Connection lost since {at}. What is shown here is old.",
    "common.broken": (
        "This page does not work properly: something is missing. Do not rely on it; tell the administrator."
    ),
    "common.broken_part": "This part cannot be shown.",
    "common.sent": "sent",
    "common.again": "not arrived yet, again …",
    "common.done": "arrived",
    "common.held": "arrived, not recorded yet",
    "common.refused": "refused",
    "common.unknown": "no answer. Whether it was done is not known: look, and press again if needed.",
    "common.login": "logged out",
    "common.no_script": "This page needs JavaScript: without it, it would show old news.",
    "common.skip": "To the content",
    "common.home": "Home",
    "common.account": "my account",
    # what to press, where a terminal would be told what to type
    "common.do.zender/test overdue": "Test it today, with somebody at the button: under manage, Button test.",
    "common.do.plan/invalid": "Have the administrator correct the lines that are named, and load the plan again.",
    "common.do.house/not picked up": "See under pagers which one is missing, and call whoever was to carry it.",
    "common.do.house/too few carried": "See that more team members pick up a pager: the list of pagers says who.",
    "common.do.house/gap today": "Find somebody to carry it: under manage, Roster.",
}
