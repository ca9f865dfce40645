"""The words of messages on a telephone: how they are turned on, what the service worker says, and the page without a
connection."""

from __future__ import annotations

from collections.abc import Mapping

NL: Mapping[str, str] = {
    # the app
    "push.app": "Achterwacht",
    "push.app_text": "Alarmen van de balies, en wie er komt.",
    # in the service worker
    "push.unreadable": "Open Achterwacht",
    "push.unreadable_text": "Er is een bericht dat dit toestel niet kan lezen. Kijk meteen: het kan een alarm zijn.",
    "push.lost": "Meldingen staan uit op dit toestel",
    "push.lost_text": "De browser heeft de aanmelding laten vervallen. Open Achterwacht: dan meldt het zich weer aan.",
    "push.sent": "verstuurd …",
    "push.done": "aangekomen",
    "push.held": "aangekomen, nog niet vastgelegd",
    "push.refused": "geweigerd",
    "push.unanswered": "NIET AANGEKOMEN, voor zover bekend. Druk opnieuw, of gebruik je pieper.",
    # on the page
    "push.title": "Meldingen op dit toestel",
    "push.on": "Aan. Dit toestel is aangemeld; of een melding echt aankomt, zegt alleen de test.",
    "push.held_back": "Aan, maar de aanmelding is nog niet vastgelegd.",
    "push.off": "Uit. Dit toestel krijgt geen alarm als deze pagina dicht is.",
    "push.checking": "Wordt nagekeken …",
    "push.away": "Onbekend: het gebouw geeft geen antwoord. Er wordt opnieuw geprobeerd.",
    "push.dismissed": "Uit: je hebt nog geen toestemming gegeven. Druk opnieuw, en kies toestaan.",
    "push.denied": (
        "Uit: meldingen van deze site zijn op dit toestel verboden. Sta ze toe in de instellingen van de browser of "
        "van het toestel, en open deze pagina opnieuw."
    ),
    "push.insecure": (
        "Kan hier niet: deze pagina komt niet over https, en dan laat de browser geen meldingen toe. Zeg het tegen "
        "de beheerder."
    ),
    "push.iphone": (
        "Op een iPhone of iPad: zet Achterwacht eerst op het beginscherm (tik op Deel, dan op Zet op beginscherm), en "
        "open het daar."
    ),
    "push.unsupported": "Kan hier niet: deze browser kent geen meldingen. Gebruik een recente Chrome, Firefox of Edge.",
    "push.no_house": "Kan hier niet: {why}",
    "push.not_taken": "Uit: het huis weigert dit toestel: {why}",
    "push.failed": "Uit: de browser kon zich niet aanmelden bij zijn berichtendienst ({why}). Is er internet?",
    "push.nobody": (
        "Dit account hoort bij niemand in het plan, dus er is niemand om op te roepen. Vraag het de beheerder."
    ),
    "push.turn_on": "Zet meldingen aan",
    "push.quiet": (
        "Laat Achterwacht door Niet storen heen, en zet de batterij voor de browser op onbeperkt. Een pieper blijft "
        "nodig: een telefoon kan stil staan, leeg zijn of geen netwerk hebben."
    ),
    "push.no_key": (
        "dit huis heeft geen Web Push. Voor de beheerder: zet push in achterwacht.yaml, en herstart Achterwacht"
    ),
    "push.bad_key": "de sleutel voor Web Push is niet te lezen: {why}. Zeg het tegen de beheerder",
    # without a connection
    "push.offline": "Geen verbinding met het gebouw",
    "push.offline_text": "Dit is niet de stand van nu. Of er een alarm is, is hier onbekend.",
    "push.offline_do": "Gebruik je pieper, of bel de receptie. In nood: bel 112.",
    "push.offline_tried": "Zoekt vanzelf opnieuw. Laatste poging: {at}",
    "push.offline_not_yet": "Zoekt vanzelf opnieuw.",
}

EN: Mapping[str, str] = {
    "push.app": "Achterwacht",
    "push.app_text": "Alarms of the desks, and who is coming.",
    "push.unreadable": "Open Achterwacht",
    "push.unreadable_text": "There is a message that this device cannot read. Look at once: it may be an alarm.",
    "push.lost": "Messages are off on this device",
    "push.lost_text": "The browser has dropped its registration. Open Achterwacht: it then registers itself again.",
    "push.sent": "sent …",
    "push.done": "arrived",
    "push.held": "arrived, not recorded yet",
    "push.refused": "refused",
    "push.unanswered": "NOT ARRIVED, as far as is known. Press again, or use your pager.",
    "push.title": "Messages on this device",
    "push.on": "On. This device is registered; whether a message really arrives, only the test tells.",
    "push.held_back": "On, but the registration is not recorded yet.",
    "push.off": "Off. This device gets no alarm while this page is closed.",
    "push.checking": "Checking …",
    "push.away": "Unknown: the building does not answer. It is tried again.",
    "push.dismissed": "Off: you have not allowed it yet. Press again, and choose allow.",
    "push.denied": (
        "Off: messages of this site are forbidden on this device. Allow them in the settings of the browser or of the "
        "device, and open this page again."
    ),
    "push.insecure": (
        "Not possible here: this page does not come by https, and then the browser allows no messages. Tell the "
        "administrator."
    ),
    "push.iphone": (
        "On an iPhone or iPad: first put Achterwacht on the home screen (tap Share, then Add to Home Screen), and open "
        "it there."
    ),
    "push.unsupported": "Not possible here: this browser cannot show messages. Use a recent Chrome, Firefox or Edge.",
    "push.no_house": "Not possible here: {why}",
    "push.not_taken": "Off: the house refuses this device: {why}",
    "push.failed": "Off: the browser could not register with its message service ({why}). Is there internet?",
    "push.nobody": "This account belongs to nobody in the plan, so there is nobody to call. Ask the administrator.",
    "push.turn_on": "Turn messages on",
    "push.quiet": (
        "Let Achterwacht through Do Not Disturb, and set the battery use of the browser to unrestricted. A pager is "
        "still needed: a telephone may be silent, empty or without a network."
    ),
    "push.no_key": (
        "this house has no Web Push. For the administrator: set push in achterwacht.yaml, and restart Achterwacht"
    ),
    "push.bad_key": "the key for Web Push cannot be read: {why}. Tell the administrator",
    "push.offline": "No connection with the building",
    "push.offline_text": "This is not how things stand now. Whether there is an alarm is unknown here.",
    "push.offline_do": "Use your pager, or call the reception. In an emergency: call 112.",
    "push.offline_tried": "Looks again by itself. Last try: {at}",
    "push.offline_not_yet": "Looks again by itself.",
}
