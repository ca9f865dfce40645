"""The words of the sound, on every page that may be heard."""

from __future__ import annotations

from collections.abc import Mapping

NL: Mapping[str, str] = {
    "sound.locked": "Geluid staat uit: tik op Start dienst",
    "sound.start": "Start dienst",
    "sound.failed": "Dit toestel speelt geen geluid: er klinkt hier geen alarm",
    "sound.alarm": "Alarm klinkt",
    "sound.drill": "OEFENING klinkt",
    "sound.test": "Test klinkt",
    "sound.fault": "Storing klinkt",
    "sound.silence": "Stil op dit toestel",
    "sound.silenced": "Alarm is stil op dit toestel",
    "sound.mute": "30 min stil",
    "sound.muted": "Storingen zijn stil tot {at}",
    "sound.again": "Weer laten klinken",
}

EN: Mapping[str, str] = {
    "sound.locked": "Sound is off: tap Start duty",
    "sound.start": "Start duty",
    "sound.failed": "This device plays no sound: no alarm is heard here",
    "sound.alarm": "Alarm sounds",
    "sound.drill": "DRILL sounds",
    "sound.test": "Test sounds",
    "sound.fault": "Fault sounds",
    "sound.silence": "Silence this device",
    "sound.silenced": "Alarm is silenced on this device",
    "sound.mute": "Mute 30 min",
    "sound.muted": "Faults are muted until {at}",
    "sound.again": "Sound again",
}
