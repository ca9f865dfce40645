"""Every error of the house, in one tree. The class says whose fault it is, `remedy` what to do about it.

AchterwachtError
    Mistaken                whoever wrote the files or typed the command
        ConfigInvalid           the two YAML files, with every mistake in them
        AskedWrong              a command that cannot be done as it was asked
            Senseless               a command line that makes no sense, whatever the house is like
            NoIncident              there is not the one incident that would be meant
            NoFault                 no such fault stands
            BadToken                a link or button by which nothing can be answered
    Unavailable             something outside, now: it may work again by itself
        MqttUnavailable         the broker did not take a message
        LinkUnavailable         the daemon does not answer at its socket
            LinkSilent              its socket is open, and it says nothing
    JournalError            the state folder is not as the journal left it
        StateLocked             another daemon uses it
        ChainBroken             a file does not go on from the row that it should go on from
    Undeliverable           the carrier of one order; tried again unless `permanent`
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

PERSONAL_KEYS = ("name", "phone", "email", "ntfy", "pushover", "url")
"""What the files say that must never be in a fact or a log: of a member, or the address of a calendar that tells who is
away."""


class AchterwachtError(Exception):
    """What can go wrong and is no bug. The text says what is the matter, in words for people."""

    remedy: ClassVar[str] = "read the line above; `journalctl -u achterwacht` says what went before"
    """One line; empty when the text has said it all."""


class Mistaken(AchterwachtError):
    """A person asked for something that cannot be."""


class Mistake(NamedTuple):
    """One thing that is wrong in a file. Line and column count from 1; `problem` also says what is expected."""

    file: str
    line: int
    column: int
    key: str
    problem: str

    def without_persons(self) -> Mistake:
        """The same without what was written, where that may be a name or an address of somebody."""
        is_personal = self.key.rpartition(".")[2] in PERSONAL_KEYS
        return self._replace(problem="is not right, see `achterwacht check`") if is_personal else self

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.key}: {self.problem}"


class ConfigInvalid(Mistaken):
    """The files cannot be used. Holds every mistake, in the order given; the text has one a line."""

    remedy = "correct these lines, then `achterwacht check`; a daemon that has had a good plan keeps to that one"

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))

    def without_persons(self) -> ConfigInvalid:
        """The same without what was written about a person: journals and logs keep it."""
        return ConfigInvalid(one.without_persons() for one in self.mistakes)


class AskedWrong(Mistaken):
    """The command cannot be done as it was asked; the text says what would be possible."""

    remedy = "`achterwacht COMMAND --help` shows an example"


class Senseless(AskedWrong):
    """Words that do not go together, or out of range; told as the parser of the command line tells such things."""


class NoIncident(AskedWrong):
    """None is there, or more than one; the text says all that can be said."""

    remedy = ""


class NoFault(AskedWrong):
    """No such fault stands; the text says all that can be said."""

    remedy = ""


class BadToken(AskedWrong):
    """Not one of ours, or too old; the text says which, for whoever pressed it."""

    remedy = ""


class Unavailable(AchterwachtError):
    """Something outside this process does not answer. Whoever meets this may try again."""


class MqttUnavailable(Unavailable):
    """The broker did not take a message: no connection, no answer in time, refused. The text says which."""

    remedy = "`systemctl status mosquitto`; the daemon connects again by itself"


class LinkUnavailable(Unavailable):
    """The daemon does not answer at its socket: not started, stopped, or not for this user."""

    remedy = "`systemctl status achterwacht`; a terminal needs the group of the socket"


class LinkSilent(LinkUnavailable):
    """The daemon has the connection open and says nothing: it hangs, or the machine does."""


class JournalError(AchterwachtError):
    """The state folder is not as the journal left it."""

    remedy = "`achterwacht verify` names every damage"


class StateLocked(JournalError):
    """Another daemon uses this state folder; the text says which process."""

    remedy = "stop the other daemon, or give this one a --state of its own"


class ChainBroken(JournalError):
    """A file does not go on from the row that it should go on from."""


class Undeliverable(AchterwachtError):
    """A carrier did not take an order. `permanent`: trying again cannot help."""

    remedy = "nothing to do: it is tried again, other targets ring, and the journal keeps the reason"

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
