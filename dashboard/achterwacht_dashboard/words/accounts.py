"""The words of logging in, pairing, one's own account, and accounts and devices in Beheer."""

from __future__ import annotations

from collections.abc import Mapping

NL: Mapping[str, str] = {
    "accounts.role_reception": "receptie",
    "accounts.role_team": "team",
    "accounts.role_supervisor": "leidinggevende",
    "accounts.role_register": "register",
    "accounts.role_coordinator": "coördinator",
    "accounts.role_admin": "beheer",
    "accounts.trouble": (
        "Het dashboard kan zijn lijst van accounts niet gebruiken: niemand kan inloggen, en wijzigingen worden niet "
        "bewaard. Wie is ingelogd en elk gekoppeld toestel werkt door. Waarschuw de beheerder: {why}"
    ),
    "accounts.held": (
        "Het dashboard kan nu niets bewaren. Wie inlogt, moet dat opnieuw doen als het dashboard is herstart; andere "
        "wijzigingen gaan niet door. Waarschuw de beheerder: {why}"
    ),
    "accounts.login": "Inloggen",
    "accounts.name": "Naam",
    "accounts.password": "Wachtwoord",
    "accounts.log_in": "Inloggen",
    "accounts.deaf": "Dit toestel hoort nu geen alarm",
    "accounts.deaf_why": "Hier is niemand ingelogd, en het is niet gekoppeld. Log in. Gebruik tot dan een pieper.",
    "accounts.have_code": "Ik heb een koppelcode voor dit toestel",
    "accounts.wrong": (
        "Deze naam en dit wachtwoord horen niet bij elkaar. Kijk ze na en probeer opnieuw. Wachtwoord vergeten? De "
        "beheerder maakt een nieuwe link."
    ),
    "accounts.too_soon": (
        "Er is te vaak geprobeerd. Wacht {wait_s} s en probeer dan opnieuw. Gekoppelde toestellen werken gewoon door."
    ),
    "accounts.unavailable": (
        "Dit kan nu niet: het dashboard kan zijn lijst van accounts niet gebruiken. Er is niets gewijzigd. "
        "Waarschuw de beheerder: {why}"
    ),
    "accounts.bad_password": "Kies een wachtwoord van minstens 12 en hoogstens 200 tekens.",
    "accounts.not_the_same": "De twee wachtwoorden zijn niet gelijk. Typ ze opnieuw.",
    "accounts.bad_name": "Kies een naam van 1 tot 64 tekens.",
    "accounts.name_taken": "Die naam bestaat al. Kies een andere.",
    "accounts.bad_roles": "Kies minstens één rol.",
    "accounts.bad_member": "Dat lid staat niet in het plan. Kies er een uit de lijst.",
    "accounts.bad_screen": "Dat scherm staat bij geen zender in het plan. Kies er een uit de lijst.",
    "accounts.last_admin": "Dit is het laatste account met de rol beheer. Geef eerst iemand anders die rol.",
    "accounts.has_devices": (
        "Met dit account zijn toestellen gekoppeld, misschien door een ander, en die kregen deze rol erbij. Ontkoppel "
        "ze eerst onder Toestellen; wie deze rol heeft, koppelt zijn toestellen zelf."
    ),
    "accounts.link_over": "Deze link of code is gebruikt, verlopen of niet goed. Vraag een nieuwe.",
    "accounts.not_for_others": (
        "Dit account heeft de rol register of beheer. Alleen wie het zelf is, koppelt er een toestel mee."
    ),
    "accounts.no_account": "Dat account is er niet.",
    "accounts.start": "Welkom",
    "accounts.start_why": (
        "Dit is het eerste account. Het krijgt de rol beheer en laat de anderen toe. Daarna werkt deze link niet meer."
    ),
    "accounts.start_make": "Account maken",
    "accounts.start_password": "Nieuw wachtwoord",
    "accounts.start_password_why": (
        "Voor het account {name}. Daarna bent u ingelogd, en nergens anders meer; gekoppelde toestellen blijven "
        "gekoppeld."
    ),
    "accounts.start_set": "Wachtwoord instellen",
    "accounts.password_hint": "Minstens 12 tekens. Een zin is goed.",
    "accounts.password_again": "Wachtwoord nogmaals",
    "accounts.also_roles": "Ook",
    "accounts.member": "Wie is dit in het plan?",
    "accounts.member_nobody": "niemand",
    "accounts.member_gone": "{member} (niet meer in het plan)",
    "accounts.members_unknown": "De leden zijn nu niet bekend: Achterwacht is nog niet gehoord.",
    "accounts.pair": "Dit toestel koppelen",
    "accounts.pair_why": (
        "Daarna hoort dit toestel bij {name} en hoeft niemand er nog in te loggen. De coördinator kan het altijd "
        "ontkoppelen."
    ),
    "accounts.pair_screen": "Het is het scherm „{screen}”.",
    "accounts.pair_button": "Dit toestel koppelen",
    "accounts.pair_code": "Koppelcode",
    "accounts.pair_code_hint": "Acht tekens; de coördinator ziet ze op het scherm.",
    "accounts.pair_next": "Verder",
    "accounts.own": "Mijn account",
    "accounts.own_roles": "Rollen",
    "accounts.own_member": "In het plan",
    "accounts.own_device": "Dit toestel is gekoppeld.",
    "accounts.own_screen": "Dit toestel is gekoppeld als het scherm „{screen}”.",
    "accounts.own_password": "Wachtwoord wijzigen",
    "accounts.own_old": "Huidig wachtwoord",
    "accounts.own_new": "Nieuw wachtwoord",
    "accounts.own_change": "Wachtwoord wijzigen",
    "accounts.own_changed": "Het wachtwoord is gewijzigd. Andere logins van dit account zijn beëindigd.",
    "accounts.own_none": "Dit account heeft geen wachtwoord. De beheerder kan een link maken om er een te kiezen.",
    "accounts.own_wrong": "Het huidige wachtwoord is niet goed.",
    "accounts.log_out": "Uitloggen",
    "accounts.unpair": "Dit toestel ontkoppelen",
    "accounts.unpair_why": "Daarna komt hier geen alarm meer binnen, tot het opnieuw wordt gekoppeld.",
    "accounts.accounts": "Accounts",
    "accounts.add": "Account toevoegen",
    "accounts.added": "Toevoegen",
    "accounts.add_why": "Daarna verschijnt een link waarmee iemand zelf een wachtwoord kiest.",
    "accounts.roles": "Rollen",
    "accounts.change": "{name} wijzigen",
    "accounts.save": "Opslaan",
    "accounts.disabled": "uitgeschakeld",
    "accounts.no_password": "nog geen wachtwoord",
    "accounts.disable": "Account uitschakelen",
    "accounts.disable_why": "Alle logins en gekoppelde toestellen van dit account houden meteen op.",
    "accounts.enable": "Account weer inschakelen",
    "accounts.reset": "Link voor een nieuw wachtwoord",
    "accounts.reset_made": (
        "Geef deze link aan {name}. Hij werkt één keer, tot {until}, en staat alleen nu op het scherm."
    ),
    "accounts.console": "de bediener van de machine",
    "accounts.deed_added": "{by} voegde {about} toe ({detail})",
    "accounts.deed_changed": "{by} wijzigde {about} ({detail})",
    "accounts.deed_disabled": "{by} schakelde {about} uit",
    "accounts.deed_enabled": "{by} schakelde {about} weer in",
    "accounts.deed_password": "{by} stelde het wachtwoord van {about} in",
    "accounts.deed_link_password": "{by} maakte een link voor een nieuw wachtwoord van {about}",
    "accounts.deed_link_pair": "{by} maakte een link om een toestel van {about} te koppelen ({detail})",
    "accounts.deed_paired": "een toestel van {about} werd gekoppeld met de link van {by} ({detail})",
    "accounts.deed_device_named": "{by} noemde een toestel van {about} „{detail}”",
    "accounts.deed_device_ended": "{by} ontkoppelde een toestel van {about} ({detail})",
    "accounts.devices": "Gekoppelde toestellen",
    "accounts.devices_none": "Er is nog geen toestel gekoppeld.",
    "accounts.device_pair": "Toestel koppelen",
    "accounts.device_account": "Van wie is het toestel?",
    "accounts.device_screen": "Is het een vast scherm?",
    "accounts.device_screen_none": "nee",
    "accounts.device_screen_why": (
        "Voor een scherm dat bezoekers zien: bij een alarm vlak daarbij toont het niets. De namen staan bij de "
        "zenders (screens in zenders.yaml)."
    ),
    "accounts.device_make": "QR-code maken",
    "accounts.device_scan": "Scan deze code met de camera van het toestel van {name}",
    "accounts.device_scan_why": "De code werkt één keer, tot {until}.",
    "accounts.device_or_link": "Of open deze link op het toestel:",
    "accounts.device_or_code": "Of open {url} op het toestel en typ:",
    "accounts.device_loopback": (
        "Dit adres werkt alleen op deze machine zelf. Open het dashboard op het adres waar het toestel het ook kan "
        "vinden, en maak de code daar."
    ),
    "accounts.device_qr": "QR-code van de link hieronder",
    "accounts.device_of": "van {name}",
    "accounts.device_is_screen": "scherm „{screen}”",
    "accounts.device_seen": "laatst gezien {at}",
    "accounts.device_here": "dit toestel",
    "accounts.device_label": "Naam van het toestel",
    "accounts.device_rename": "Naam opslaan",
    "accounts.device_end": "Ontkoppelen",
    "accounts.device_end_why": "Op dit toestel komt daarna geen alarm meer binnen.",
    "accounts.wrong_403": "Dit is niet voor uw rol",
    "accounts.wrong_403_why": "Vraag de beheerder of uw account de juiste rol heeft.",
    "accounts.wrong_404": "Deze pagina is er niet",
    "accounts.wrong_404_why": "Kijk het adres na, of ga terug naar het begin.",
    "accounts.wrong_503": "Dit kan nu niet",
    "accounts.wrong_other": "Dit is niet begrepen",
    "accounts.wrong_other_why": "Ga terug, laad de pagina opnieuw en probeer het nog eens.",
    "accounts.wrong_home": "Naar het begin",
}

EN: Mapping[str, str] = {
    "accounts.role_reception": "reception",
    "accounts.role_team": "team",
    "accounts.role_supervisor": "supervisor",
    "accounts.role_register": "register",
    "accounts.role_coordinator": "coordinator",
    "accounts.role_admin": "administration",
    "accounts.trouble": (
        "The dashboard cannot use its list of accounts: nobody can log in, and changes are not kept. Whoever is "
        "logged in and every paired device goes on. Tell the administrator: {why}"
    ),
    "accounts.held": (
        "The dashboard can keep nothing now. Whoever logs in has to do so again once the dashboard was started again; "
        "other changes are not made. Tell the administrator: {why}"
    ),
    "accounts.login": "Log in",
    "accounts.name": "Name",
    "accounts.password": "Password",
    "accounts.log_in": "Log in",
    "accounts.deaf": "This device hears no alarm now",
    "accounts.deaf_why": "Nobody is logged in here, and it is not paired. Log in. Until then use a pager.",
    "accounts.have_code": "I have a code to pair this device",
    "accounts.wrong": (
        "This name and this password do not belong together. Check them and try again. Password forgotten? The "
        "administrator makes a new link."
    ),
    "accounts.too_soon": "Too many tries. Wait {wait_s} s, then try again. Paired devices go on as ever.",
    "accounts.unavailable": (
        "This is not possible now: the dashboard cannot use its list of accounts. Nothing was changed. Tell the "
        "administrator: {why}"
    ),
    "accounts.bad_password": "Choose a password of at least 12 and at most 200 characters.",
    "accounts.not_the_same": "The two passwords are not the same. Type them again.",
    "accounts.bad_name": "Choose a name of 1 to 64 characters.",
    "accounts.name_taken": "That name exists already. Choose another.",
    "accounts.bad_roles": "Choose at least one role.",
    "accounts.bad_member": "That member is not in the plan. Choose one from the list.",
    "accounts.bad_screen": "No zender of the plan names that screen. Choose one from the list.",
    "accounts.last_admin": "This is the last account with the role administration. Give somebody else that role first.",
    "accounts.has_devices": (
        "Devices are paired with this account, perhaps by somebody else, and they would get this role too. Unpair them "
        "first under Devices; whoever has this role pairs their devices themselves."
    ),
    "accounts.link_over": "This link or code has been used, is too old, or is not right. Ask for a new one.",
    "accounts.not_for_others": (
        "This account has the role register or administration. Only whoever it is pairs a device with it."
    ),
    "accounts.no_account": "There is no such account.",
    "accounts.start": "Welcome",
    "accounts.start_why": (
        "This is the first account. It gets the role administration and lets the others in. After that this link "
        "does not work any more."
    ),
    "accounts.start_make": "Make the account",
    "accounts.start_password": "New password",
    "accounts.start_password_why": (
        "For the account {name}. After that you are logged in, and nowhere else any more; paired devices stay paired."
    ),
    "accounts.start_set": "Set the password",
    "accounts.password_hint": "At least 12 characters. A sentence is fine.",
    "accounts.password_again": "Password again",
    "accounts.also_roles": "Also",
    "accounts.member": "Who is this in the plan?",
    "accounts.member_nobody": "nobody",
    "accounts.member_gone": "{member} (not in the plan any more)",
    "accounts.members_unknown": "The members are not known now: Achterwacht has not been heard yet.",
    "accounts.pair": "Pair this device",
    "accounts.pair_why": (
        "After that this device is one of {name}, and nobody needs to log in on it. The coordinator can end that at "
        "any time."
    ),
    "accounts.pair_screen": "It is the screen “{screen}”.",
    "accounts.pair_button": "Pair this device",
    "accounts.pair_code": "Pairing code",
    "accounts.pair_code_hint": "Eight characters; the coordinator sees them on the screen.",
    "accounts.pair_next": "Next",
    "accounts.own": "My account",
    "accounts.own_roles": "Roles",
    "accounts.own_member": "In the plan",
    "accounts.own_device": "This device is paired.",
    "accounts.own_screen": "This device is paired as the screen “{screen}”.",
    "accounts.own_password": "Change the password",
    "accounts.own_old": "Current password",
    "accounts.own_new": "New password",
    "accounts.own_change": "Change the password",
    "accounts.own_changed": "The password was changed. Other logins of this account have ended.",
    "accounts.own_none": "This account has no password. The administrator can make a link to choose one.",
    "accounts.own_wrong": "The current password is not right.",
    "accounts.log_out": "Log out",
    "accounts.unpair": "Unpair this device",
    "accounts.unpair_why": "After that no alarm comes in here, until it is paired again.",
    "accounts.accounts": "Accounts",
    "accounts.add": "Add an account",
    "accounts.added": "Add",
    "accounts.add_why": "Then a link appears, by which somebody chooses a password.",
    "accounts.roles": "Roles",
    "accounts.change": "Change {name}",
    "accounts.save": "Save",
    "accounts.disabled": "disabled",
    "accounts.no_password": "no password yet",
    "accounts.disable": "Disable the account",
    "accounts.disable_why": "All logins and paired devices of this account end at once.",
    "accounts.enable": "Enable the account again",
    "accounts.reset": "Link for a new password",
    "accounts.reset_made": "Give this link to {name}. It works once, until {until}, and is on the screen only now.",
    "accounts.console": "the machine's operator",
    "accounts.deed_added": "{by} added {about} ({detail})",
    "accounts.deed_changed": "{by} changed {about} ({detail})",
    "accounts.deed_disabled": "{by} disabled {about}",
    "accounts.deed_enabled": "{by} enabled {about} again",
    "accounts.deed_password": "{by} set the password of {about}",
    "accounts.deed_link_password": "{by} made a link for a new password of {about}",
    "accounts.deed_link_pair": "{by} made a link to pair a device of {about} ({detail})",
    "accounts.deed_paired": "a device of {about} was paired by the link of {by} ({detail})",
    "accounts.deed_device_named": "{by} named a device of {about} “{detail}”",
    "accounts.deed_device_ended": "{by} unpaired a device of {about} ({detail})",
    "accounts.devices": "Paired devices",
    "accounts.devices_none": "No device is paired yet.",
    "accounts.device_pair": "Pair a device",
    "accounts.device_account": "Whose device is it?",
    "accounts.device_screen": "Is it a fixed screen?",
    "accounts.device_screen_none": "no",
    "accounts.device_screen_why": (
        "For a screen that visitors see: during an alarm beside it, it shows nothing. The names are those of "
        "screens in zenders.yaml."
    ),
    "accounts.device_make": "Make a QR code",
    "accounts.device_scan": "Scan this code with the camera of the device of {name}",
    "accounts.device_scan_why": "The code works once, until {until}.",
    "accounts.device_or_link": "Or open this link on the device:",
    "accounts.device_or_code": "Or open {url} on the device and type:",
    "accounts.device_loopback": (
        "This address works only on this machine itself. Open the dashboard at the address where the device can "
        "find it too, and make the code there."
    ),
    "accounts.device_qr": "QR code of the link below",
    "accounts.device_of": "of {name}",
    "accounts.device_is_screen": "screen “{screen}”",
    "accounts.device_seen": "last seen {at}",
    "accounts.device_here": "this device",
    "accounts.device_label": "Name of the device",
    "accounts.device_rename": "Save the name",
    "accounts.device_end": "Unpair",
    "accounts.device_end_why": "After that no alarm comes in on this device.",
    "accounts.wrong_403": "This is not for your role",
    "accounts.wrong_403_why": "Ask the administrator whether your account has the right role.",
    "accounts.wrong_404": "There is no such page",
    "accounts.wrong_404_why": "Check the address, or go back to the beginning.",
    "accounts.wrong_503": "This is not possible now",
    "accounts.wrong_other": "This was not understood",
    "accounts.wrong_other_why": "Go back, load the page again and try once more.",
    "accounts.wrong_home": "To the beginning",
}
