"""What the nodes do, in plain English: one line an event, or none for what nobody wants to read.

The only place with sentences about events; leaves it to others when they are printed.
"""

from __future__ import annotations

from achterwacht_sim.events import (
    AnswerHeard,
    Answers,
    Confirmed,
    ConnectionBack,
    Event,
    HelpChanged,
    MalformedHeard,
    NoConnection,
    Noted,
    Offline,
    Online,
    Over,
    Pressed,
    Proves,
    Restarted,
    Rings,
    Shows,
)

MINUTE_S = 60


def elapsed(s: float) -> str:
    """62.14 becomes 1:02.1."""
    tenths = max(0, int(s * 10))
    return f"{tenths // 10 // MINUTE_S}:{tenths // 10 % MINUTE_S:02d}.{tenths % 10}"


def sentence(noted: Noted) -> str | None:
    """One line, or None for an event that is only for programs."""
    said = _said(noted.event)
    return None if said is None else f"{noted.node} {said}"


def _said(event: Event) -> str | None:
    match event:
        case Online(boot):
            return f"is online, boot {boot}"
        case Offline(reason):
            return f"has no broker: {reason}"
        case Restarted():
            return "has started anew and knows nothing"
        case MalformedHeard(topic, why):
            return f"heard nonsense on {topic}: {why}"
        case Pressed(press):
            return f"is pressed: {press}"
        case Confirmed(incident=incident, durable=True):
            return f"hears that its press is in the journal, incident {incident}"
        case Confirmed(incident=incident):
            return f"hears that its press is known but not in the journal, incident {incident}"
        case HelpChanged(state=state, coming=coming):
            return f"shows the discreet sign: {state}" + (f", {coming} coming" if coming else "")
        case Rings(page):
            kind = "" if page.kind == "alarm" else f"{page.kind}: "
            return f"rings: {kind}{page.text}{_aside(page.reason)}"
        case Shows(page) if page.kind == "who":
            return f"asks who carries it: {page.text}"
        case Shows(page, vibrates):
            return f"{'vibrates' if vibrates else 'shows'}: {page.text}{_aside(page.detail or page.kind)}"
        case Proves():
            return "proves in silence that it can be reached"
        case Over(page, shown):
            return f"takes off {shown or page.text or page.incident}: over"
        case Answers(answer=answer, member=member):
            return f"answers: {answer}" + (f" as {member}" if member else "")
        case AnswerHeard(answer=answer, result=result, reason=reason, durable=durable) if answer:
            late = "" if durable else ", not in the journal yet"
            return f"hears about {answer}: {result}{_aside(reason)}{late}"
        case NoConnection():
            return "vibrates and shows: GEEN VERBINDING"
        case ConnectionBack():
            return "has its connection back"
        case _:
            return None


def _aside(text: str) -> str:
    return f" ({text})" if text else ""
