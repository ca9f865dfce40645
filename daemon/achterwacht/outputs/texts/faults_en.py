"""English: what each fault is, what it means, and what to do about it. For whoever sits at the reception."""

from __future__ import annotations

from achterwacht.outputs.texts.words import FaultWords

FAULTS_EN = {
    # --- zenders ---
    "zender/offline": FaultWords(
        "{device} is gone",
        "A press on this button may not be heard.",
        "Tell whoever sits there that the button does not work. See whether the zender has power and network.",
        "{count} zenders are gone",
    ),
    "zender/silent": FaultWords(
        "{device} is silent",
        "The zender says nothing any more: a press may not be heard.",
        "Tell whoever sits there that the button does not work. See whether the zender has power and network.",
        "{count} zenders are silent",
    ),
    "zender/never seen": FaultWords(
        "{device} was never heard",
        "Nobody knows whether this button works.",
        "Switch the zender on. One that speaks only when pressed: press it once, and tell the team that it is a trial.",
        "{count} zenders were never heard",
    ),
    "zender/battery low": FaultWords(
        "the battery of {device} is low",
        "The button still works, but not for long.",
        "Replace the battery this week.",
        "the battery of {count} zenders is low",
    ),
    "zender/battery empty": FaultWords(
        "the battery of {device} is almost empty",
        "The next press may not be heard.",
        "Replace the battery now.",
        "the battery of {count} zenders is almost empty",
    ),
    "zender/tamper": FaultWords(
        "{device} was opened or taken off",
        "Somebody has opened its case or taken it from its place.",
        "Go and look. Close and fix the case, or call the installer.",
        "{count} zenders were opened or taken off",
    ),
    "zender/line cut": FaultWords(
        "the wire to the button of {device} is cut",
        "A press on this button is not heard.",
        "Tell whoever sits there that the button does not work, and call the installer.",
        "the wire to the button of {count} zenders is cut",
    ),
    "zender/line short": FaultWords(
        "the wire to the button of {device} is short-circuited",
        "A press on this button is not heard.",
        "Tell whoever sits there that the button does not work, and call the installer.",
        "the wire to the button of {count} zenders is short-circuited",
    ),
    "zender/stuck": FaultWords(
        "the button of {device} stays pressed",
        "The button is jammed or its wire is broken. A new press is not heard.",
        "Free the button. If that does not help: call the installer.",
        "the button of {count} zenders stays pressed",
    ),
    "zender/pin": FaultWords(
        "the contact of {device} cannot be read",
        "A press on this button is not heard.",
        "Tell whoever sits there that the button does not work, and call the installer.",
        "the contact of {count} zenders cannot be read",
    ),
    "zender/malformed": FaultWords(
        "{device} says something that makes no sense",
        "A message came that cannot be read. If it was a press, it was not heard.",
        "Ask whoever sits there whether all is well, and call the installer.",
        "{count} zenders say something that makes no sense",
    ),
    "zender/retained": FaultWords(
        "{device} has its messages kept",
        "An old message came that was kept. It did not count as a press.",
        "Have the installer switch off `retain` in the zender.",
        "{count} zenders have their messages kept",
    ),
    "zender/two boots": FaultWords(
        "two devices use the number of {device}",
        "A press may call people to the wrong place.",
        "Find the second device, and have the installer give it a number of its own.",
        "the number of {count} zenders is used by two devices",
    ),
    "zender/unknown": FaultWords(
        "{device} is not in the plan",
        "Nobody knows where this zender is. A press on it rings, as ONBEKEND.",
        "Find the zender, and put its number and place in zenders.yaml.",
        "{count} zenders are not in the plan",
    ),
    "zender/qos 0": FaultWords(
        "{device} sends without a receipt (QoS 0)",
        "A press can be lost on its way, and the plan does not say so.",
        "Have the installer set the zender to QoS 1, or else `qos: 0` in zenders.yaml.",
        "{count} zenders send without a receipt (QoS 0)",
    ),
    "zender/unsteady": FaultWords(
        "{device} keeps dropping out",
        "The zender comes and goes: a press that falls in a gap is not heard.",
        "Tell whoever sits there that the button may not work. See whether the zender keeps its power and network.",
        "{count} zenders keep dropping out",
    ),
    "zender/test overdue": FaultWords(
        "the button of {device} has had no good test for too long",
        "Nobody knows for sure whether a press on this button arrives.",
        "Test it today: `achterwacht test zender NUMBER`, with somebody at the button.",
        "the button of {count} zenders has had no good test for too long",
    ),
    # --- pagers ---
    "pager/offline": FaultWords(
        "{device} is gone",
        "This pager may not ring when there is an alarm.",
        "Ask its carrier whether it is on and charged. Otherwise give them another one.",
        "{count} pagers are gone",
    ),
    "pager/silent": FaultWords(
        "{device} is silent",
        "This pager may not ring when there is an alarm.",
        "Ask its carrier whether it is on and in range. Otherwise give them another one.",
        "{count} pagers are silent",
    ),
    "pager/never seen": FaultWords(
        "{device} was never heard",
        "This pager may not ring when there is an alarm.",
        "Switch it on. If there is no such pager any more: take it out of achterwacht.yaml.",
        "{count} pagers were never heard",
    ),
    "pager/battery low": FaultWords(
        "the battery of {device} is low",
        "The pager works for some hours more.",
        "Have its carrier put it in the dock.",
        "the battery of {count} pagers is low",
    ),
    "pager/battery empty": FaultWords(
        "the battery of {device} is almost empty",
        "The pager may go off at any moment.",
        "Put it in the dock now and give its carrier another one.",
        "the battery of {count} pagers is almost empty",
    ),
    "pager/tamper": FaultWords(
        "{device} was opened",
        "Somebody has opened its case.",
        "Ask its carrier what has happened.",
        "{count} pagers were opened",
    ),
    "pager/malformed": FaultWords(
        "{device} says something that makes no sense",
        "A message came that cannot be read. An answer may be lost.",
        "Ask its carrier whether answers come through, and call the installer.",
        "{count} pagers say something that makes no sense",
    ),
    "pager/retained": FaultWords(
        "{device} has its messages kept",
        "An old message came that was kept. It did not count as an answer.",
        "Have the installer switch off `retain` in the pager.",
        "{count} pagers have their messages kept",
    ),
    "pager/two boots": FaultWords(
        "two devices use the name of {device}",
        "A page or an answer may seem to be of the wrong carrier.",
        "Find the second device, and have the installer give it a name of its own.",
        "the name of {count} pagers is used by two devices",
    ),
    "pager/unknown": FaultWords(
        "{device} is not in the plan",
        "This pager is not rung.",
        "Put it with its carrier in achterwacht.yaml, or switch it off.",
        "{count} pagers are not in the plan",
    ),
    "pager/unsteady": FaultWords(
        "{device} keeps dropping out",
        "This pager may not ring when there is an alarm.",
        "Ask its carrier where that happens: the network is weak there. Otherwise give them another pager.",
        "{count} pagers keep dropping out",
    ),
    "pager/dock": FaultWords(
        "{device} and its dock contradict each other",
        "It is not known whether this pager hangs in its dock: only somebody's word tells who carries it.",
        "See where the pager is, and tick who has it. If it hangs well in its dock, call the installer.",
        "{count} pagers and their docks contradict each other",
    ),
    "pager/self-test": FaultWords(
        "{device} has not shown the daily self-test",
        "This pager may not show an alarm.",
        "See whether it is on. Turn it off and on; if that does not help, give out another pager.",
        "{count} pagers have not shown the daily self-test",
    ),
    # --- docks and calendars ---
    "dock/pin": FaultWords(
        "the pin of {device} cannot be read",
        "It cannot be seen whether the pager hangs in this dock. Alarms ring as ever.",
        "Tick who carries the pager, and call the installer.",
        "the pins of {count} docks cannot be read",
    ),
    "dock/malformed": FaultWords(
        "{device} says something that makes no sense",
        "A message came that cannot be read. The pager may hang elsewhere than it seems.",
        "See where the pager is, and call the installer.",
        "{count} docks say something that makes no sense",
    ),
    "dock/unsteady": FaultWords(
        "the contact of {device} keeps changing",
        "This dock does not tell for sure whether the pager hangs in it. Alarms ring as ever.",
        "See whether the pager hangs well, and tick who carries it. Have the installer look at the contact.",
        "the contacts of {count} docks keep changing",
    ),
    "calendar/failing": FaultWords(
        "{device} cannot be read",
        "The roster goes by what the calendar said last.",
        "Put changes in the roster yourself. Call the administrator: the file or address is wrong, or gone.",
        "{count} calendars cannot be read",
    ),
    "calendar/not understood": FaultWords(
        "{device} says something that is not understood",
        "What is named here does not count in the roster. The rest of the calendar does.",
        "Correct it in the calendar: name the team member and the pager as the plan does.",
        "{count} calendars say something that is not understood",
    ),
    # --- gateways ---
    "gateway/offline": FaultWords(
        "{device} is gone",
        "Nothing is known of all the buttons that are heard through it: a press may not be heard.",
        "See whether it has power and is connected. Otherwise call the installer.",
        "{count} gateways are gone",
    ),
    "gateway/silent": FaultWords(
        "{device} is silent",
        "Nothing is known of all the buttons that are heard through it: a press may not be heard.",
        "See whether it has power and is connected. Otherwise call the installer.",
        "{count} gateways are silent",
    ),
    "gateway/never seen": FaultWords(
        "{device} was never heard",
        "Nothing is known of all the buttons that are heard through it.",
        "See whether it has power and is connected. Otherwise call the installer.",
        "{count} gateways were never heard",
    ),
    "gateway/deaf": FaultWords(
        "{device} does not listen to all our buttons",
        "A press on a button of the kind that is named is not heard.",
        "Have the installer switch that kind on in the gateway (with RFXmngr), and save it there.",
        "{count} gateways do not listen to all our buttons",
    ),
    "gateway/battery low": FaultWords(
        "the battery of {device} is low",
        "When it goes off, all the buttons that it hears are heard no more.",
        "See whether it has mains power, or replace the battery this week.",
        "the battery of {count} gateways is low",
    ),
    "gateway/battery empty": FaultWords(
        "the battery of {device} is almost empty",
        "When it goes off, all the buttons that it hears are heard no more.",
        "See whether it has mains power, or replace the battery now.",
        "the battery of {count} gateways is almost empty",
    ),
    "gateway/tamper": FaultWords(
        "{device} was opened or taken off",
        "Somebody has opened its case or taken it from its place.",
        "Go and look, and call the installer.",
        "{count} gateways were opened or taken off",
    ),
    "gateway/malformed": FaultWords(
        "{device} says something that makes no sense",
        "A message came that cannot be read. If it was a press, it was not heard.",
        "Call the installer: the line is disturbed, or another device is connected to it.",
        "{count} gateways say something that makes no sense",
    ),
    "gateway/unknown": FaultWords(
        "{device} hears something that is not in the plan",
        "A device speaks that nobody here knows. It rings nobody.",
        "If it is yours: put it in zenders.yaml. Otherwise it is a neighbour's.",
        "{count} gateways hear something that is not in the plan",
    ),
    "gateway/unsteady": FaultWords(
        "{device} keeps dropping out",
        "While it is away, none of the buttons that it hears is heard.",
        "See whether it keeps its power and its plugs are firm. Otherwise call the installer.",
        "{count} gateways keep dropping out",
    ),
    # --- the house ---
    "mqtt/malformed": FaultWords(
        "a message came through the broker that makes no sense",
        "A device speaks wrongly, or a stranger speaks.",
        "Call the installer.",
    ),
    "mqtt/retained": FaultWords(
        "the broker keeps messages that must not be kept",
        "An old message came. It did not count as a press or an answer.",
        "Have the installer switch off `retain` in that device.",
    ),
    "broker/link": FaultWords(
        "no connection to the broker",
        "Nothing is heard of the buttons on the network, and the pagers get no page.",
        "Use the telephone. Call the administrator: mosquitto does not run, or the network is down.",
    ),
    "broker/canary": FaultWords(
        "messages do not come through the broker",
        "Nothing is heard of the buttons on the network, and the pagers get no page.",
        "Use the telephone. Call the administrator: mosquitto hangs or refuses our messages.",
    ),
    "broker/subscriptions": FaultWords(
        "the broker does not let us hear everything",
        "Some of the buttons and pagers are not heard.",
        "Call the administrator: Achterwacht does not have its rights at the broker.",
    ),
    "broker/password": FaultWords(
        "the broker's password cannot be read",
        "If the broker refuses us, no button and no pager on the network works.",
        "Call the administrator: `password_file` in achterwacht.yaml must be readable.",
    ),
    "journal/disk": FaultWords(
        "the journal is not being written down",
        "Alarms ring as always. If the power fails, what happened is forgotten.",
        "Call the administrator: the disk is full, slow or broken.",
    ),
    "journal/people": FaultWords(
        "the list of names is not kept",
        "Alarms ring as always. Names of team members may be out of date.",
        "Call the administrator: the disk is full or broken.",
    ),
    "journal/corrupt": FaultWords(
        "the journal was damaged",
        "What could be read was used, and the damaged part put aside. What was open rang again.",
        "Call the administrator: check the disk, and keep the files that were put aside.",
    ),
    "journal/not understood": FaultWords(
        "the journal is of another version",
        "What this version does not know was left out. It still stands on the disk.",
        "Call the administrator: was an older version put back?",
    ),
    "plan/invalid": FaultWords(
        "the new plan has mistakes",
        "The last good plan stays in force.",
        "Correct the lines that are named; `achterwacht check` names them all.",
    ),
    "plan/broker": FaultWords(
        "the plan names another broker",
        "The one before is used until a restart.",
        "Restart Achterwacht at a quiet moment.",
    ),
    "plan/remembered": FaultWords(
        "the plan is not kept",
        "It is in force now. If the files are wrong at a restart, an older plan will be.",
        "Call the administrator: the disk is full or broken.",
    ),
    "clock/unsynchronised": FaultWords(
        "the clock is not synchronised",
        "Alarms ring in time. Date and time in the report may be wrong.",
        "Call the administrator: the time server (NTP) cannot be reached.",
    ),
    "link/socket": FaultWords(
        "screens and commands cannot reach Achterwacht",
        "Alarms ring as always. A screen shows what is out of date.",
        "Call the administrator: the folder of the socket is missing or full.",
    ),
    "link/dashboard": FaultWords(
        "the dashboard is gone",
        "Alarms ring as always, and the pagers work. The screens are out of date, and no open page rings.",
        "See whether the screens come back by themselves. If not, call the administrator: the dashboard does not run.",
    ),
    "budget/handed_over": FaultWords(
        "a page left too late",
        "The first time was measured, the second was agreed.",
        "Call the administrator: this machine or the broker is overloaded.",
    ),
    "budget/durable": FaultWords(
        "an alarm was written down too late",
        "The first time was measured, the second was agreed.",
        "Call the administrator: the disk is too slow.",
    ),
    "budget/shown": FaultWords(
        "a page was shown too late",
        "The first time was measured, the second was agreed.",
        "Look at the pagers, and at the wifi where they were.",
    ),
    "daemon/bug": FaultWords(
        "Achterwacht itself has made a mistake",
        "A message could not be dealt with, or a part has failed. Everything else goes on.",
        "Send this text and the log to its makers.",
    ),
    "house/self-test": FaultWords(
        "the daily self-test did not come around",
        "A press that must pass the broker may not arrive.",
        "Test a button on the network. Call the administrator: the broker does not take what Achterwacht sends itself.",
    ),
    "house/flooded": FaultWords(
        "there are more faults than anybody can read",
        "Newer faults are not shown. Alarms ring as always.",
        "Call the administrator: perhaps somebody floods the broker.",
    ),
    # --- by what a call goes out ---
    "base/offline": FaultWords(
        "{device} does not answer",
        "The pagers of this system get no call.",
        "Use phones. See that the system is on and connected; else tell the installer.",
        "{count} paging systems do not answer",
    ),
    "base/transmitter": FaultWords(
        "the transmitter of {device} does not work",
        "The system takes calls, but the pagers do not hear them.",
        "Use phones. Tell the supplier of the paging system.",
        "the transmitter of {count} paging systems does not work",
    ),
    "base/refusing": FaultWords(
        "{device} takes no calls",
        "The system answers, and refuses every call: the pagers do not ring.",
        "Use phones. Tell the installer: the reason stands beside it.",
        "{count} paging systems take no calls",
    ),
    "base/malformed": FaultWords(
        "{device} says what nobody understands",
        "Something comes in on the line that is not right. Calls are repeated where needed.",
        "Tell the installer: the line's settings or its cable are wrong.",
        "{count} paging systems say what nobody understands",
    ),
    "channel/failing": FaultWords(
        "{device} do not work",
        "Whoever is told by it gets nothing now.",
        "See whether there is internet. Else tell the administrator; the pagers ring as always.",
        "messages by {count} ways do not work",
    ),
    "way/failing": FaultWords(
        "{device} cannot be reached",
        "This member gets no call by it.",
        "Ask this member to register the phone again, and have the administrator check what is filled in.",
        "{count} phones cannot be reached",
    ),
    "way/unregistered": FaultWords(
        "{device} is not registered",
        "This member gets no call by it.",
        "Ask this member to register the phone.",
        "{count} phones are not registered",
    ),
    "way/unproven": FaultWords(
        "{device} did not show the daily test",
        "Whether this phone shows an alarm is unknown.",
        "Ask this member whether the test was seen. If not: register the phone again.",
        "{count} phones did not show the daily test",
    ),
    "phones/process": FaultWords(
        "the part for the phones does not work",
        "No phone gets a call. The pagers ring as always.",
        "It is started again by itself. If this stays: tell the administrator.",
    ),
    "receiver/offline": FaultWords(
        "{device} does not answer",
        "Reports go to the other receiver. If that fails too, the alarm centre hears nothing.",
        "Ask the alarm centre whether something is wrong; else tell the administrator.",
        "{count} receivers of the alarm centre do not answer",
    ),
    "alarm_centre/offline": FaultWords(
        "the alarm centre cannot be reached",
        "An alarm does not arrive at the alarm centre. Pagers and phones ring as always.",
        "Phone the alarm centre and agree how you warn them. See whether there is internet.",
    ),
    "alarm_centre/refused": FaultWords(
        "the alarm centre refuses our messages",
        "An alarm may not arrive at the alarm centre.",
        "Phone the alarm centre: the account, the key or the clock is wrong.",
    ),
    "alarm_centre/key": FaultWords(
        "the key for the alarm centre cannot be read",
        "An alarm does not arrive at the alarm centre.",
        "Tell the administrator: the file that holds the key is wrong.",
    ),
    # --- what the whole lacks ---
    "house/no zender": FaultWords(
        "no button works for certain",
        "A press on a button may not be heard.",
        "Agree how to call for help before you open. Begin with the fault below.",
    ),
    "house/nobody to ring": FaultWords(
        "nobody is certain to be rung",
        "No pager or phone of the ladder works for certain: an alarm may reach nobody.",
        "Switch the pagers on. A phone counts once it has shown a test. Meanwhile agree whom to phone.",
    ),
    "house/not all heard": FaultWords(
        "not all zenders and pagers have been heard yet",
        "Achterwacht has just started, or a device is new in the plan.",
        "Wait a minute; what is silent then is a fault with a name of its own.",
    ),
    "house/too few to ring": FaultWords(
        "too few people are certain to be rung",
        "An alarm may reach fewer people than are needed. A phone counts once it has shown a test.",
        "Have more team members switch on a pager and say that they carry it.",
    ),
    "house/not picked up": FaultWords(
        "not every pager is picked up and proven",
        "Whoever does not carry their pager may not hear an alarm.",
        "See with `achterwacht morning` which pager is missing, and call whoever was to carry it.",
    ),
    "house/too few carried": FaultWords(
        "too few pagers are carried",
        "An alarm also goes to the phones at once, for too few people carry a pager.",
        "See that more team members pick up a pager; `achterwacht morning` says who.",
    ),
    "house/gap today": FaultWords(
        "today's roster has a gap",
        "A pager is nobody's today, or somebody was to carry two.",
        "Find somebody to carry it, with `achterwacht swap`.",
    ),
}
