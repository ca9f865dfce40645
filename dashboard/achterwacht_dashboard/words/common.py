"""The words that every page has."""

from __future__ import annotations

from collections.abc import Mapping

NL: Mapping[str, str] = {
    "common.stale": "Verbinding weg sinds {at}. Wat hier staat is oud.",
    "common.unheard": "Deze pagina hoort niets: laad haar opnieuw.",
    "common.broken": "Deze pagina werkt niet goed: er ontbreekt iets. Vertrouw er niet op, en waarschuw de beheerder.",
    "common.broken_part": "Dit deel kan niet worden getoond.",
    "common.sent": "verstuurd",
    "common.again": "nog niet aangekomen, opnieuw …",
    "common.done": "aangekomen",
    "common.held": "aangekomen, nog niet vastgelegd",
    "common.refused": "geweigerd",
    "common.unknown": "geen antwoord gekregen. Of het gelukt is, is niet bekend: kijk, en druk zo nodig opnieuw.",
    "common.login": "uitgelogd",
    "common.missed": "Niet verstuurd: de knoppen zijn veranderd",
    "common.seen": "Gezien",
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
    "common.fault.dashboard/certificate ends": "Het certificaat van deze pagina's verloopt op {on}",
    "common.fault.dashboard/certificate over": "Het certificaat van deze pagina's is verlopen op {on}",
    "common.fault.dashboard/certificate unknown": "Tot wanneer het certificaat van deze pagina's geldt, is onbekend",
    "common.fault.dashboard/authority ends": "De eigen certificaatautoriteit van het huis verloopt op {on}",
    "common.fault.dashboard/authority over": "De eigen certificaatautoriteit van het huis is verlopen op {on}",
    "common.means.dashboard/certificate ends": (
        "Daarna weigeren browsers deze pagina's, ook dit scherm, en werkt de app op telefoons niet meer."
    ),
    "common.means.dashboard/certificate over": (
        "Browsers weigeren deze pagina's: sluit dit scherm niet en laad het niet opnieuw. De app op telefoons werkt "
        "niet; piepers gaan wel."
    ),
    "common.means.dashboard/certificate unknown": (
        "Het bestand is niet te lezen. Is het verlopen, dan weigeren browsers deze pagina's."
    ),
    "common.means.dashboard/authority ends": (
        "Daarna weigeren browsers deze pagina's, ook dit scherm, en werkt de app op telefoons niet meer."
    ),
    "common.means.dashboard/authority over": (
        "Browsers weigeren deze pagina's: sluit dit scherm niet en laad het niet opnieuw. De app op telefoons werkt "
        "niet; piepers gaan wel."
    ),
    "common.do.dashboard/certificate ends": (
        "Laat de beheerder een nieuw certificaat maken of aanvragen, en het dashboard daarna opnieuw starten."
    ),
    "common.do.dashboard/certificate over": (
        "Laat de beheerder nu een nieuw certificaat maken of aanvragen, en het dashboard daarna opnieuw starten."
    ),
    "common.do.dashboard/certificate unknown": "Laat de beheerder het bestand nakijken: bij beheer, Over, staat welk.",
    "common.do.dashboard/authority ends": (
        "Laat de beheerder een nieuwe autoriteit met een nieuw certificaat maken. Elke telefoon en elk scherm moet die "
        "daarna vertrouwen: begin op tijd."
    ),
    "common.do.dashboard/authority over": (
        "Laat de beheerder nu een nieuwe autoriteit met een nieuw certificaat maken, en elke telefoon en elk scherm "
        "die laten vertrouwen."
    ),
}

EN: Mapping[str, str] = {
    "common.stale": "Connection lost since {at}. What is shown here is old.",
    "common.unheard": "This page hears nothing: load it again.",
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
    "common.missed": "Not sent: the buttons have changed",
    "common.seen": "Seen",
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
    "common.fault.dashboard/certificate ends": "The certificate of these pages ends on {on}",
    "common.fault.dashboard/certificate over": "The certificate of these pages ended on {on}",
    "common.fault.dashboard/certificate unknown": "Until when the certificate of these pages is good is not known",
    "common.fault.dashboard/authority ends": "The house's own certificate authority ends on {on}",
    "common.fault.dashboard/authority over": "The house's own certificate authority ended on {on}",
    "common.means.dashboard/certificate ends": (
        "From then on browsers refuse these pages, this screen too, and the app on telephones does not work any more."
    ),
    "common.means.dashboard/certificate over": (
        "Browsers refuse these pages: do not close this screen, nor load it again. The app on telephones does not "
        "work; pagers do."
    ),
    "common.means.dashboard/certificate unknown": (
        "The file cannot be read. If it has ended, browsers refuse these pages."
    ),
    "common.means.dashboard/authority ends": (
        "From then on browsers refuse these pages, this screen too, and the app on telephones does not work any more."
    ),
    "common.means.dashboard/authority over": (
        "Browsers refuse these pages: do not close this screen, nor load it again. The app on telephones does not "
        "work; pagers do."
    ),
    "common.do.dashboard/certificate ends": (
        "Have the administrator make or ask for another certificate, and then start the dashboard again."
    ),
    "common.do.dashboard/certificate over": (
        "Have the administrator make or ask for another certificate now, and then start the dashboard again."
    ),
    "common.do.dashboard/certificate unknown": (
        "Have the administrator look at the file: About, under manage, says which."
    ),
    "common.do.dashboard/authority ends": (
        "Have the administrator make another authority and a certificate from it. Every telephone and every screen "
        "must be told to trust it then: begin in time."
    ),
    "common.do.dashboard/authority over": (
        "Have the administrator make another authority and a certificate from it now, and every telephone and every "
        "screen trust it."
    ),
}
