"""Dutch: what each fault is, what it means, and what to do about it. For whoever sits at the reception."""

from __future__ import annotations

from achterwacht.outputs.texts.words import FaultWords

FAULTS_NL = {
    # --- zenders ---
    "zender/offline": FaultWords(
        "{device} is weg",
        "Een druk op deze knop komt misschien niet aan.",
        "Vertel wie daar zit dat de knop niet werkt. Kijk of de zender stroom en netwerk heeft.",
        "{count} zenders zijn weg",
    ),
    "zender/silent": FaultWords(
        "{device} is stil",
        "De zender laat niets meer van zich horen: een druk komt misschien niet aan.",
        "Vertel wie daar zit dat de knop niet werkt. Kijk of de zender stroom en netwerk heeft.",
        "{count} zenders zwijgen",
    ),
    "zender/never seen": FaultWords(
        "{device} is nog nooit gehoord",
        "Niemand weet of deze knop werkt.",
        "Zet de zender aan. Spreekt hij alleen bij een druk: druk een keer, en zeg het team dat het een proef is.",
        "{count} zenders zijn nog nooit gehoord",
    ),
    "zender/battery low": FaultWords(
        "de batterij van {device} raakt leeg",
        "De knop werkt nog, maar niet lang meer.",
        "Vervang de batterij deze week.",
        "de batterij van {count} zenders raakt leeg",
    ),
    "zender/battery empty": FaultWords(
        "de batterij van {device} is bijna leeg",
        "De volgende druk komt misschien niet meer aan.",
        "Vervang de batterij nu.",
        "de batterij van {count} zenders is bijna leeg",
    ),
    "zender/tamper": FaultWords(
        "{device} is geopend of losgemaakt",
        "Iemand heeft de behuizing opengemaakt of van haar plaats gehaald.",
        "Ga kijken. Maak de behuizing dicht en vast, of waarschuw de installateur.",
        "{count} zenders zijn geopend of losgemaakt",
    ),
    "zender/line cut": FaultWords(
        "de draad naar de knop van {device} is onderbroken",
        "Een druk op deze knop wordt niet gehoord.",
        "Vertel wie daar zit dat de knop niet werkt, en waarschuw de installateur.",
        "de draad naar de knop van {count} zenders is onderbroken",
    ),
    "zender/line short": FaultWords(
        "de draad naar de knop van {device} maakt kortsluiting",
        "Een druk op deze knop wordt niet gehoord.",
        "Vertel wie daar zit dat de knop niet werkt, en waarschuw de installateur.",
        "de draad naar de knop van {count} zenders maakt kortsluiting",
    ),
    "zender/stuck": FaultWords(
        "de knop van {device} blijft ingedrukt",
        "De knop klemt of zijn draad is stuk. Een nieuwe druk wordt niet gehoord.",
        "Maak de knop los. Helpt dat niet: waarschuw de installateur.",
        "de knop van {count} zenders blijft ingedrukt",
    ),
    "zender/pin": FaultWords(
        "de aansluiting van {device} kan niet gelezen worden",
        "Een druk op deze knop wordt niet gehoord.",
        "Vertel wie daar zit dat de knop niet werkt, en waarschuw de installateur.",
        "de aansluiting van {count} zenders kan niet gelezen worden",
    ),
    "zender/malformed": FaultWords(
        "{device} zegt iets onbegrijpelijks",
        "Er kwam een bericht dat niet te lezen is. Was het een druk, dan is die niet gehoord.",
        "Vraag wie daar zit of alles goed is, en waarschuw de installateur.",
        "{count} zenders zeggen iets onbegrijpelijks",
    ),
    "zender/retained": FaultWords(
        "{device} laat zijn berichten bewaren",
        "Er kwam een oud, bewaard bericht. Het is niet als druk geteld.",
        "Laat de installateur het bewaren (retain) in de zender uitzetten.",
        "{count} zenders laten hun berichten bewaren",
    ),
    "zender/two boots": FaultWords(
        "twee apparaten gebruiken het nummer van {device}",
        "Een druk kan naar de verkeerde plaats roepen.",
        "Zoek het tweede apparaat, en laat de installateur het een eigen nummer geven.",
        "het nummer van {count} zenders wordt door twee apparaten gebruikt",
    ),
    "zender/unknown": FaultWords(
        "{device} staat niet in het plan",
        "Niemand weet waar deze zender is. Een druk erop roept wel, als ONBEKEND.",
        "Zoek de zender, en zet zijn nummer en plaats in zenders.yaml.",
        "{count} zenders staan niet in het plan",
    ),
    "zender/qos 0": FaultWords(
        "{device} zendt zonder bevestiging (QoS 0)",
        "Een druk kan onderweg verloren gaan, en het plan rekent daar niet op.",
        "Laat de installateur de zender op QoS 1 zetten, of anders `qos: 0` in zenders.yaml.",
        "{count} zenders zenden zonder bevestiging (QoS 0)",
    ),
    "zender/unsteady": FaultWords(
        "{device} valt telkens weg",
        "De zender komt en gaat: valt een druk in een gat, dan komt die niet aan.",
        "Vertel wie daar zit dat de knop niet zeker werkt. Kijk of de zender stroom en netwerk houdt.",
        "{count} zenders vallen telkens weg",
    ),
    "zender/test overdue": FaultWords(
        "de knop van {device} heeft te lang geen goede test gehad",
        "Niemand weet zeker of een druk op deze knop aankomt.",
        "Test hem vandaag: `achterwacht test zender NUMMER`, met iemand bij de knop.",
        "de knop van {count} zenders heeft te lang geen goede test gehad",
    ),
    # --- piepers ---
    "pager/offline": FaultWords(
        "{device} is weg",
        "Deze pieper gaat bij een alarm misschien niet af.",
        "Vraag de drager of hij aanstaat en geladen is. Geef anders een andere pieper.",
        "{count} piepers zijn weg",
    ),
    "pager/silent": FaultWords(
        "{device} is stil",
        "Deze pieper gaat bij een alarm misschien niet af.",
        "Vraag de drager of hij aanstaat en bereik heeft. Geef anders een andere pieper.",
        "{count} piepers zwijgen",
    ),
    "pager/never seen": FaultWords(
        "{device} is nog nooit gehoord",
        "Deze pieper gaat bij een alarm misschien niet af.",
        "Zet hem aan. Is hij er niet meer: haal hem uit achterwacht.yaml.",
        "{count} piepers zijn nog nooit gehoord",
    ),
    "pager/battery low": FaultWords(
        "de batterij van {device} raakt leeg",
        "De pieper werkt nog enkele uren.",
        "Laat de drager hem in de lader zetten.",
        "de batterij van {count} piepers raakt leeg",
    ),
    "pager/battery empty": FaultWords(
        "de batterij van {device} is bijna leeg",
        "De pieper kan elk moment uitvallen.",
        "Zet hem nu in de lader en geef de drager een andere.",
        "de batterij van {count} piepers is bijna leeg",
    ),
    "pager/tamper": FaultWords(
        "{device} is geopend",
        "Iemand heeft de behuizing opengemaakt.",
        "Vraag de drager wat er gebeurd is.",
        "{count} piepers zijn geopend",
    ),
    "pager/malformed": FaultWords(
        "{device} zegt iets onbegrijpelijks",
        "Er kwam een bericht dat niet te lezen is. Een antwoord kan verloren zijn.",
        "Vraag de drager of zijn antwoorden aankomen, en waarschuw de installateur.",
        "{count} piepers zeggen iets onbegrijpelijks",
    ),
    "pager/retained": FaultWords(
        "{device} laat zijn berichten bewaren",
        "Er kwam een oud, bewaard bericht. Het is niet als antwoord geteld.",
        "Laat de installateur het bewaren (retain) in de pieper uitzetten.",
        "{count} piepers laten hun berichten bewaren",
    ),
    "pager/two boots": FaultWords(
        "twee apparaten gebruiken de naam van {device}",
        "Een oproep of antwoord kan van de verkeerde drager lijken.",
        "Zoek het tweede apparaat, en laat de installateur het een eigen naam geven.",
        "de naam van {count} piepers wordt door twee apparaten gebruikt",
    ),
    "pager/unknown": FaultWords(
        "{device} staat niet in het plan",
        "Deze pieper wordt niet opgeroepen.",
        "Zet hem met zijn drager in achterwacht.yaml, of zet hem uit.",
        "{count} piepers staan niet in het plan",
    ),
    "pager/unsteady": FaultWords(
        "{device} valt telkens weg",
        "Deze pieper gaat bij een alarm misschien niet af.",
        "Vraag de drager waar dat gebeurt: daar is weinig bereik. Geef anders een andere pieper.",
        "{count} piepers vallen telkens weg",
    ),
    "pager/dock": FaultWords(
        "{device} en zijn lader spreken elkaar tegen",
        "Onbekend is of deze pieper in de lader hangt: alleen iemands woord zegt nog wie hem draagt.",
        "Kijk waar de pieper is, en vink af wie hem heeft. Hangt hij goed in de lader, waarschuw dan de installateur.",
        "{count} piepers en hun laders spreken elkaar tegen",
    ),
    "pager/self-test": FaultWords(
        "{device} heeft de dagelijkse zelftest niet getoond",
        "Deze pieper toont een alarm misschien niet.",
        "Kijk of hij aanstaat. Zet hem uit en aan; helpt dat niet, geef dan een andere pieper.",
        "{count} piepers hebben de dagelijkse zelftest niet getoond",
    ),
    # --- laders en agenda's ---
    "dock/pin": FaultWords(
        "de aansluiting van {device} kan niet gelezen worden",
        "Van deze lader is niet te zien of de pieper erin hangt. Alarmen gaan gewoon af.",
        "Vink af wie de pieper draagt, en waarschuw de installateur.",
        "de aansluiting van {count} laders kan niet gelezen worden",
    ),
    "dock/malformed": FaultWords(
        "{device} zegt iets onbegrijpelijks",
        "Er kwam een bericht dat niet te lezen is. Misschien hangt de pieper ergens anders dan het lijkt.",
        "Kijk waar de pieper is, en waarschuw de installateur.",
        "{count} laders zeggen iets onbegrijpelijks",
    ),
    "dock/unsteady": FaultWords(
        "het contact van {device} springt telkens om",
        "Van deze lader is niet zeker te horen of de pieper erin hangt. Alarmen gaan gewoon af.",
        "Kijk of de pieper goed hangt, en vink af wie hem draagt. Laat de installateur naar het contact kijken.",
        "de contacten van {count} laders springen telkens om",
    ),
    "calendar/failing": FaultWords(
        "{device} is niet te lezen",
        "Het rooster gaat uit van wat de agenda het laatst zei.",
        "Zet wijzigingen zelf in het rooster. Waarschuw de beheerder: het bestand of adres klopt niet, of is weg.",
        "{count} agenda's zijn niet te lezen",
    ),
    "calendar/not understood": FaultWords(
        "{device} zegt iets dat niet begrepen wordt",
        "Wat erbij staat, telt niet mee in het rooster. De rest van de agenda wel.",
        "Verbeter het in de agenda: noem het teamlid en de pieper zoals ze in het plan heten.",
        "{count} agenda's zeggen iets dat niet begrepen wordt",
    ),
    # --- ontvangers ---
    "gateway/offline": FaultWords(
        "{device} is weg",
        "Van alle knoppen die hierlangs gehoord worden is niets bekend: een druk komt misschien niet aan.",
        "Kijk of hij stroom heeft en aangesloten is. Waarschuw anders de installateur.",
        "{count} ontvangers zijn weg",
    ),
    "gateway/silent": FaultWords(
        "{device} is stil",
        "Van alle knoppen die hierlangs gehoord worden is niets bekend: een druk komt misschien niet aan.",
        "Kijk of hij stroom heeft en aangesloten is. Waarschuw anders de installateur.",
        "{count} ontvangers zwijgen",
    ),
    "gateway/never seen": FaultWords(
        "{device} is nog nooit gehoord",
        "Van alle knoppen die hierlangs gehoord worden is niets bekend.",
        "Kijk of hij stroom heeft en aangesloten is. Waarschuw anders de installateur.",
        "{count} ontvangers zijn nog nooit gehoord",
    ),
    "gateway/deaf": FaultWords(
        "{device} luistert niet naar al onze knoppen",
        "Een druk op een knop van de genoemde soort wordt niet gehoord.",
        "Laat de installateur die soort aanzetten in de ontvanger (met RFXmngr), en het daar opslaan.",
        "{count} ontvangers luisteren niet naar al onze knoppen",
    ),
    "gateway/battery low": FaultWords(
        "de batterij van {device} raakt leeg",
        "Valt hij uit, dan worden alle knoppen die hij hoort niet meer gehoord.",
        "Kijk of hij netstroom heeft, of vervang de batterij deze week.",
        "de batterij van {count} ontvangers raakt leeg",
    ),
    "gateway/battery empty": FaultWords(
        "de batterij van {device} is bijna leeg",
        "Valt hij uit, dan worden alle knoppen die hij hoort niet meer gehoord.",
        "Kijk of hij netstroom heeft, of vervang de batterij nu.",
        "de batterij van {count} ontvangers is bijna leeg",
    ),
    "gateway/tamper": FaultWords(
        "{device} is geopend of losgemaakt",
        "Iemand heeft de behuizing opengemaakt of van haar plaats gehaald.",
        "Ga kijken, en waarschuw de installateur.",
        "{count} ontvangers zijn geopend of losgemaakt",
    ),
    "gateway/malformed": FaultWords(
        "{device} zegt iets onbegrijpelijks",
        "Er kwam een bericht dat niet te lezen is. Was het een druk, dan is die niet gehoord.",
        "Waarschuw de installateur: de lijn is gestoord of er hangt een ander apparaat aan.",
        "{count} ontvangers zeggen iets onbegrijpelijks",
    ),
    "gateway/unknown": FaultWords(
        "{device} hoort iets dat niet in het plan staat",
        "Er spreekt een apparaat dat niemand hier kent. Het roept niemand.",
        "Is het van u: zet het in zenders.yaml. Anders is het van de buren.",
        "{count} ontvangers horen iets dat niet in het plan staat",
    ),
    "gateway/unsteady": FaultWords(
        "{device} valt telkens weg",
        "Valt hij weg, dan worden alle knoppen die hij hoort niet gehoord.",
        "Kijk of hij stroom houdt en of zijn stekkers vastzitten. Waarschuw anders de installateur.",
        "{count} ontvangers vallen telkens weg",
    ),
    # --- het huis ---
    "mqtt/malformed": FaultWords(
        "er kwam een onbegrijpelijk bericht via de broker",
        "Een apparaat spreekt verkeerd, of er luistert en spreekt iemand mee.",
        "Waarschuw de installateur.",
    ),
    "mqtt/retained": FaultWords(
        "de broker bewaart berichten die niet bewaard mogen worden",
        "Er kwam een oud bericht. Het is niet als druk of antwoord geteld.",
        "Laat de installateur het bewaren (retain) bij dat apparaat uitzetten.",
    ),
    "broker/link": FaultWords(
        "geen verbinding met de broker",
        "Van de knoppen op het netwerk wordt niets gehoord, en de piepers krijgen geen oproep.",
        "Gebruik de telefoon. Waarschuw de beheerder: mosquitto draait niet of het netwerk is weg.",
    ),
    "broker/canary": FaultWords(
        "berichten komen niet door de broker",
        "Van de knoppen op het netwerk wordt niets gehoord, en de piepers krijgen geen oproep.",
        "Gebruik de telefoon. Waarschuw de beheerder: mosquitto hangt of weigert onze berichten.",
    ),
    "broker/subscriptions": FaultWords(
        "de broker laat niet alles horen",
        "Een deel van de knoppen en piepers wordt niet gehoord.",
        "Waarschuw de beheerder: de rechten van Achterwacht bij de broker kloppen niet.",
    ),
    "broker/password": FaultWords(
        "het wachtwoord van de broker is niet te lezen",
        "Weigert de broker ons, dan werkt geen knop en geen pieper op het netwerk.",
        "Waarschuw de beheerder: `password_file` in achterwacht.yaml moet leesbaar zijn.",
    ),
    "journal/disk": FaultWords(
        "het journaal wordt niet vastgelegd",
        "Alarmen gaan gewoon af. Valt de stroom uit, dan is vergeten wat er gebeurde.",
        "Waarschuw de beheerder: de schijf is vol, traag of stuk.",
    ),
    "journal/people": FaultWords(
        "de namenlijst wordt niet bewaard",
        "Alarmen gaan gewoon af. Namen van teamleden kunnen verouderd zijn.",
        "Waarschuw de beheerder: de schijf is vol of stuk.",
    ),
    "journal/corrupt": FaultWords(
        "het journaal was beschadigd",
        "Het leesbare deel is gebruikt en het beschadigde opzij gezet. Wat open stond, ging opnieuw af.",
        "Waarschuw de beheerder: kijk de schijf na, en bewaar de opzij gezette bestanden.",
    ),
    "journal/not understood": FaultWords(
        "het journaal is van een andere versie",
        "Wat deze versie niet kent is overgeslagen. Het staat nog wel op schijf.",
        "Waarschuw de beheerder: is er een oudere versie teruggezet?",
    ),
    "plan/invalid": FaultWords(
        "het nieuwe plan heeft fouten",
        "Het vorige goede plan blijft gelden.",
        "Verbeter de genoemde regels; `achterwacht check` noemt ze allemaal.",
    ),
    "plan/broker": FaultWords(
        "het plan noemt een andere broker",
        "Tot een herstart wordt de vorige gebruikt.",
        "Herstart Achterwacht op een rustig moment.",
    ),
    "plan/remembered": FaultWords(
        "het plan wordt niet bewaard",
        "Nu geldt het. Zijn de bestanden bij een herstart fout, dan geldt een ouder plan.",
        "Waarschuw de beheerder: de schijf is vol of stuk.",
    ),
    "clock/unsynchronised": FaultWords(
        "de klok loopt niet gelijk",
        "Alarmen gaan op tijd af. Datum en tijd in het verslag kunnen onjuist zijn.",
        "Waarschuw de beheerder: de tijdserver (NTP) is niet bereikbaar.",
    ),
    "link/socket": FaultWords(
        "schermen en opdrachten kunnen niet bij Achterwacht",
        "Alarmen gaan gewoon af. Een scherm toont verouderde gegevens.",
        "Waarschuw de beheerder: de map van de socket ontbreekt of is vol.",
    ),
    "link/dashboard": FaultWords(
        "het dashboard is weg",
        "Alarmen gaan gewoon af en de piepers werken. De schermen zijn oud, en een open pagina gaat niet over.",
        "Kijk of de schermen zelf terugkomen. Zo niet: waarschuw de beheerder, het dashboard draait niet.",
    ),
    "budget/handed_over": FaultWords(
        "een oproep ging te laat de deur uit",
        "De eerste tijd is gemeten, de tweede is afgesproken.",
        "Waarschuw de beheerder: deze machine of de broker is overbelast.",
    ),
    "budget/durable": FaultWords(
        "een alarm werd te laat vastgelegd",
        "De eerste tijd is gemeten, de tweede is afgesproken.",
        "Waarschuw de beheerder: de schijf is te traag.",
    ),
    "budget/shown": FaultWords(
        "een oproep werd te laat getoond",
        "De eerste tijd is gemeten, de tweede is afgesproken.",
        "Kijk naar de piepers en het wifi op de plaats waar ze waren.",
    ),
    "daemon/bug": FaultWords(
        "Achterwacht heeft zelf een fout gemaakt",
        "Een bericht kon niet verwerkt worden, of een deel viel uit. Al het andere gaat door.",
        "Stuur deze tekst en het logboek aan de makers.",
    ),
    "house/self-test": FaultWords(
        "de dagelijkse zelftest kwam niet rond",
        "Een druk die door de broker moet, komt misschien niet aan.",
        "Test een knop van het netwerk. Waarschuw de beheerder: wat Achterwacht zichzelf stuurt, komt niet terug.",
    ),
    "house/flooded": FaultWords(
        "er zijn meer storingen dan iemand kan lezen",
        "Nieuwere storingen worden niet getoond. Alarmen gaan gewoon af.",
        "Waarschuw de beheerder: misschien overspoelt iemand de broker.",
    ),
    # --- waarlangs een oproep naar buiten gaat ---
    "base/offline": FaultWords(
        "{device} antwoordt niet",
        "De piepers van dit systeem krijgen geen oproep.",
        "Gebruik telefoons. Kijk of het systeem aan staat en aangesloten is; waarschuw anders de installateur.",
        "{count} oproepsystemen antwoorden niet",
    ),
    "base/transmitter": FaultWords(
        "de zender van {device} werkt niet",
        "Het systeem neemt oproepen aan, maar de piepers horen ze niet.",
        "Gebruik telefoons. Waarschuw de leverancier van het oproepsysteem.",
        "de zender van {count} oproepsystemen werkt niet",
    ),
    "base/refusing": FaultWords(
        "{device} neemt geen oproepen aan",
        "Het systeem antwoordt, maar weigert elke oproep: de piepers gaan niet af.",
        "Gebruik telefoons. Waarschuw de installateur: de reden staat erbij.",
        "{count} oproepsystemen nemen geen oproepen aan",
    ),
    "base/malformed": FaultWords(
        "{device} zegt iets onbegrijpelijks",
        "Op de lijn komt iets binnen dat niet klopt. Oproepen worden zo nodig herhaald.",
        "Waarschuw de installateur: de instellingen van de lijn of de kabel kloppen niet.",
        "{count} oproepsystemen zeggen iets onbegrijpelijks",
    ),
    "channel/failing": FaultWords(
        "{device} werken niet",
        "Wie hierlangs gewaarschuwd wordt, krijgt nu niets.",
        "Kijk of er internet is. Waarschuw anders de beheerder; de piepers gaan gewoon af.",
        "berichten langs {count} wegen werken niet",
    ),
    "way/failing": FaultWords(
        "{device} is niet te bereiken",
        "Dit teamlid krijgt hierlangs geen oproep.",
        "Vraag dit teamlid de telefoon opnieuw aan te melden, en laat de beheerder de gegevens nakijken.",
        "{count} telefoons zijn niet te bereiken",
    ),
    "way/unregistered": FaultWords(
        "{device} is niet aangemeld",
        "Dit teamlid krijgt hierlangs geen oproep.",
        "Vraag dit teamlid de telefoon aan te melden.",
        "{count} telefoons zijn niet aangemeld",
    ),
    "way/unproven": FaultWords(
        "{device} heeft de dagelijkse proef niet getoond",
        "Of deze telefoon een alarm toont, is onbekend.",
        "Vraag dit teamlid of de proef te zien was. Zo niet: meld de telefoon opnieuw aan.",
        "{count} telefoons hebben de dagelijkse proef niet getoond",
    ),
    "phones/process": FaultWords(
        "het deel voor de telefoons werkt niet",
        "Geen enkele telefoon krijgt een oproep. De piepers gaan gewoon af.",
        "Het wordt vanzelf opnieuw gestart. Blijft dit staan: waarschuw de beheerder.",
    ),
    "receiver/offline": FaultWords(
        "{device} antwoordt niet",
        "Meldingen gaan naar de andere ontvanger. Valt die ook weg, dan hoort de alarmcentrale niets.",
        "Vraag de alarmcentrale of er iets aan de hand is; waarschuw anders de beheerder.",
        "{count} ontvangers van de alarmcentrale antwoorden niet",
    ),
    "alarm_centre/offline": FaultWords(
        "de alarmcentrale is niet te bereiken",
        "Een alarm komt niet bij de alarmcentrale aan. Piepers en telefoons gaan gewoon af.",
        "Bel de alarmcentrale en spreek af hoe u hen waarschuwt. Kijk of er internet is.",
    ),
    "alarm_centre/refused": FaultWords(
        "de alarmcentrale weigert onze berichten",
        "Een alarm komt misschien niet bij de alarmcentrale aan.",
        "Bel de alarmcentrale: het nummer, de sleutel of de klok klopt niet.",
    ),
    "alarm_centre/key": FaultWords(
        "de sleutel voor de alarmcentrale is niet te lezen",
        "Een alarm komt niet bij de alarmcentrale aan.",
        "Waarschuw de beheerder: het bestand met de sleutel klopt niet.",
    ),
    # --- wat er aan het geheel ontbreekt ---
    "house/no zender": FaultWords(
        "geen enkele knop werkt zeker",
        "Een druk op een knop wordt misschien niet gehoord.",
        "Spreek voor het opengaan af hoe er hulp geroepen wordt. Begin bij de storing hieronder.",
    ),
    "house/nobody to ring": FaultWords(
        "niemand is zeker op te roepen",
        "Geen pieper of telefoon van de ladder werkt zeker: een alarm bereikt misschien niemand.",
        "Zet de piepers aan. Een telefoon telt pas mee als zij een proef getoond heeft. Spreek af wie er gebeld wordt.",
    ),
    "house/not all heard": FaultWords(
        "nog niet alle zenders en piepers zijn gehoord",
        "Achterwacht is net gestart, of een apparaat staat net in het plan.",
        "Wacht een minuut; wat dan nog zwijgt, is een storing met een eigen naam.",
    ),
    "house/too few to ring": FaultWords(
        "te weinig mensen zijn zeker op te roepen",
        "Een alarm bereikt misschien minder mensen dan er nodig zijn. Een telefoon telt pas mee na een getoonde proef.",
        "Laat meer teamleden een pieper aanzetten en zeggen dat zij hem dragen.",
    ),
    "house/not picked up": FaultWords(
        "niet elke pieper is opgehaald en bewezen",
        "Wie zijn pieper niet draagt, hoort een alarm misschien niet.",
        "Kijk met `achterwacht morning` welke pieper ontbreekt, en bel wie hem zou dragen.",
    ),
    "house/too few carried": FaultWords(
        "te weinig piepers worden gedragen",
        "Een alarm gaat ook meteen naar de telefoons, want er dragen te weinig mensen een pieper.",
        "Zorg dat meer teamleden een pieper ophalen; `achterwacht morning` zegt wie.",
    ),
    "house/gap today": FaultWords(
        "het rooster van vandaag heeft een gat",
        "Een pieper is vandaag van niemand, of iemand zou er twee dragen.",
        "Regel wie hem draagt, met `achterwacht swap`.",
    ),
}
