"""Who says what next in TAP 1.8: the login, pages, the end of a session, and whether the terminal is still there.

The text goes out first, the certainty comes after it. A page is sent the moment that the terminal lets it. But a
terminal may still reject an accepted page when the session ends (step 10b), so a page is Taken only then: when the
terminal has ended the session without a word against it, or OUTCOME_S after its ACK at the latest (a terminal that
forgets its goodbye has still said yes). That end is not waited for longer than LINGER_S: within it a burst of pages
shares one login. A rejection at the end names no page: when several were accepted all are refused, not for good, and
from then on each has a session of its own, so that the next rejection hits the right one.

Answers have no numbers, so a late one could be taken for the next page's. What came in before our own words went out is
no answer to them; a session in which a login or a page was repeated carries no further page; and after a failure, or an
opening of the port, a login waits until nothing has followed the prompt for T2_S.

TAP knows no cancel. One with a text is a page like any other; one without is Taken at once, and nothing is sent. Nor
does it know urgency: what is urgent is in the text, and in who goes first (calls.py).

Supervision: after each opening of the port one login without a page proves the line, the terminal and the password;
after that a CR that is answered by `ID=` will do. That prompt is left alone: our only goodbye, EOT, is an answer to it
(a manual login), and the terminal gives up by itself. Whatever failed is proved by a whole login again.
"""

from __future__ import annotations

from enum import Enum, auto

from achterwacht.outputs.paging_base import tap_frames as f
from achterwacht.outputs.paging_base.dialect import Base, Call, Nonsense, Refused, Said, Taken
from achterwacht.outputs.wiring import PagingBase

# --- times and counts of section 7 of the specification ---------------------------------------------------------------

T1_S = 2.0
"""Between two CR while `ID=` is awaited."""
T2_S = 1.0
"""Within it the terminal sends `ID=`. One that comes later may still answer an earlier CR, so where that is possible a
login waits this long for something better to follow."""
T3_S = 10.0
"""Within it the terminal answers a login and a block, and lets pages in after a login."""
T4_S = 4.0
"""Within it the terminal wants the next page, or the end."""
T5_S = 8.0
"""So long it waits at `ID=` for a login before it asks again."""
N1 = 3
"""So many CR go out before there is no terminal."""
N2 = 3
"""So often a block is sent again."""
N3 = 3
"""So often the terminal asks again for a login."""

# --- our own ----------------------------------------------------------------------------------------------------------

LINGER_S = 0.3
"""So long a session waits for one more page: the pages of one alarm come within milliseconds. Far below T4_S."""
CLOSE_S = 2.0
"""So long the terminal has to say goodbye; the specification has no time for it. A page that comes now waits for it."""
OUTCOME_S = 3.0
"""An accepted page is Taken after it, whatever becomes of the session. Below the 5 s that an order is waited for."""
PAGES_PER_SESSION = 8
"""Terminals have limits that they do not tell beforehand; and only the end of a session makes its pages sure."""
CHECK_EVERY_S = 30.0
"""As quick as a silent zender is missed. Each check is a prompt on a terminal that others may use too."""
CHECK_TRIES = 2
"""One lost CR is no fault: so many must be unanswered when only the terminal is asked after."""
WAITS_MAX = 1
"""So often in a session the terminal may ask for patience (111), which is worth T3_S: an alarm cannot wait for more."""

CR = f.CR
LOGIN = b"\x1bPG1"

NO_ANSWER = "the paging terminal does not answer"
LOGIN_UNANSWERED = "the paging terminal does not answer our login"
NO_GO_AHEAD = "the paging terminal took our login, and then lets no page in"
PAGE_UNANSWERED = "the paging terminal does not answer a page"
NO_CANCEL = "TAP knows no cancel"


class _Step(Enum):
    REST = auto()
    ASKING = auto()
    """CR went out; `ID=` is awaited."""
    LOGGING_IN = auto()
    LOGGED_IN = auto()
    """The go-ahead is awaited."""
    PAGING = auto()
    OPEN = auto()
    """One more page may be sent."""
    CLOSING = auto()


class TapExchange:
    """The exchange with one paging terminal. Only `password` and `format` of `base` matter here.

    Several calls may be under way: a next one may be begun while those before it await the end of the session.
    """

    def __init__(self, base: PagingBase) -> None:
        form = base.format
        self._byte_s = (1 + form.bits + (form.parity != "none") + form.stop_bits) / form.baud
        self._login = LOGIN + base.password.encode("ascii", "replace") + CR
        self._one_page_each = False
        """A session with several pages was rejected at its end."""
        self._forget()

    def _forget(self) -> None:
        self._lines = f.Lines()
        self._out = b""
        self._step = _Step.REST
        self._due_s: float | None = None
        self._told: Base | None = None
        self._proved = False
        """A login worked, and nothing failed since."""
        self._call: Call | None = None
        self._block = b""
        self._at_once: list[Said] = []
        self._begun_s = 0.0
        self._new_session()

    def _new_session(self) -> None:
        self._tries = 0
        """So often the present words were said."""
        self._waits = 0
        self._login_wanted = False
        self._pages = 0
        """Sent in this session, whatever became of them."""
        self._is_full = False
        """No further page may go into it."""
        self._accepted: list[tuple[float, Taken]] = []
        """Until when each waits for the end of the session."""
        self._decisive = f.Text(0, "")
        """Of what the terminal said since our last words: the line that weighs most."""

    # --- what the port calls ------------------------------------------------------------------------------------------

    def opened(self, now_s: float) -> None:
        """Forgets what was under way, and checks at once."""
        self._forget()
        self._due_s = now_s

    @property
    def idle(self) -> bool:
        """Whether a call may be begun; also while a check is going on, which then carries it."""
        return self._call is None and not self._at_once and self._step is not _Step.CLOSING

    def begin(self, call: Call, now_s: float) -> None:
        """Only when idle."""
        self._begun_s = now_s
        if call.cancel and not call.text:
            self._at_once.append(Taken(call.id, NO_CANCEL))
            return
        try:
            self._block = f.block(call.address, call.text)
        except ValueError as error:
            self._at_once.append(Refused(call.id, f"this page cannot be sent: {error}", permanent=True))
            return
        self._call = call
        if self._step is _Step.REST:
            self._ask(now_s)
        elif self._step is _Step.ASKING:
            self._tries = 1
        elif self._step is _Step.OPEN:
            self._send_page(now_s)

    def to_write(self) -> bytes:
        """At most one thing waits to be said."""
        out, self._out = self._out, b""
        return out

    @property
    def due_s(self) -> float | None:
        """The nearest of all that is waited for."""
        if self._at_once:
            return self._begun_s
        times = [until_s for until_s, _ in self._accepted]
        return min([*times, *([] if self._due_s is None else [self._due_s])], default=None)

    def feed(self, data: bytes, now_s: float) -> list[Said]:
        """What these bytes mean at this step; what means nothing at it is passed over."""
        said = self._take_at_once()
        for heard in self._lines.feed(data):
            match heard:
                case Nonsense():
                    said.append(heard)
                case f.Text():
                    said += self._read(heard, now_s)
                case f.Sign():
                    said += self._obey(heard, now_s)
        return said

    def tick(self, now_s: float) -> list[Said]:
        """Every wait has its end here."""
        said = self._take_at_once()
        said += [taken for until_s, taken in self._accepted if until_s <= now_s]
        self._accepted = [waiting for waiting in self._accepted if waiting[0] > now_s]
        if self._due_s is None or now_s < self._due_s:
            return said
        match self._step:
            case _Step.REST:
                self._ask(now_s)
            case _Step.ASKING | _Step.LOGGING_IN if self._login_wanted:
                said += self._log_in(now_s)
            case _Step.ASKING if self._tries < (CHECK_TRIES if self._call is None else N1):
                self._send(CR, _Step.ASKING, T1_S, now_s)
            case _Step.ASKING:
                said += self._failed(NO_ANSWER, now_s)
            case _Step.LOGGING_IN:
                said += self._failed(LOGIN_UNANSWERED, now_s)
            case _Step.LOGGED_IN:
                said += self._failed(NO_GO_AHEAD, now_s)
            case _Step.PAGING:
                said += self._page_again(PAGE_UNANSWERED, now_s)
            case _Step.OPEN:
                self._close(now_s)
            case _Step.CLOSING:
                said += self._rest(now_s)
        return said

    # --- what the terminal says ---------------------------------------------------------------------------------------

    def _read(self, text: f.Text, now_s: float) -> list[Said]:
        if self._step in (_Step.OPEN, _Step.CLOSING):
            return self._rejected_late(text) if text.code in f.NOT_SENT else []
        if self._out or self._step in (_Step.REST, _Step.ASKING):
            return []
        if text.code == f.WAIT and self._waits < WAITS_MAX:
            self._waits += 1
            self._due_s = now_s + T3_S
        if text.code in f.SESSION_FULL:
            self._is_full = True
        self._decisive = max(self._decisive, text, key=lambda line: line.weight)
        return []

    def _obey(self, sign: f.Sign, now_s: float) -> list[Said]:
        match self._step, sign:
            case ((_Step.OPEN | _Step.CLOSING), f.Sign.RS):
                return self._rejected_late(None)
            case ((_Step.OPEN | _Step.CLOSING), f.Sign.END):
                return self._rest(now_s)
            case ((_Step.LOGGING_IN | _Step.LOGGED_IN), f.Sign.END):
                return self._failed("the paging terminal refuses our login", now_s)
            case _Step.PAGING, f.Sign.END:
                return [*self._refused("the paging terminal ended the session"), *self._rest(now_s)]
        if self._out:
            return []  # it came before our words went out
        match self._step, sign:
            case _Step.ASKING, f.Sign.ID:
                return self._prompted(now_s)
            case _Step.ASKING, _:
                self._login_wanted = False  # the prompt was an old one
            case _Step.LOGGING_IN, f.Sign.ID if not self._login_wanted:
                self._login_wanted = True
                self._due_s = now_s + T2_S
            case _Step.LOGGING_IN, f.Sign.NAK:
                return self._log_in(now_s)
            case _Step.LOGGING_IN, f.Sign.ACK:
                self._step, self._due_s = _Step.LOGGED_IN, now_s + T3_S
            case ((_Step.LOGGING_IN | _Step.LOGGED_IN), f.Sign.GO_AHEAD):
                return self._let_in(now_s)
            case _Step.PAGING, f.Sign.ACK:
                return self._page_accepted(now_s)
            case _Step.PAGING, f.Sign.NAK:
                return self._page_again("the paging terminal found the page damaged each time", now_s)
            case _Step.PAGING, f.Sign.RS:
                return self._page_abandoned(now_s)
        return []

    # --- the beginning of a session -----------------------------------------------------------------------------------

    def _ask(self, now_s: float) -> None:
        self._new_session()
        self._send(CR, _Step.ASKING, T1_S, now_s)

    def _prompted(self, now_s: float) -> list[Said]:
        if not self._proved:
            self._login_wanted = True
            if self._tries < N1:  # old prompts may be many, and all of them together put it off for so long only
                self._tries += 1
                self._due_s = now_s + T2_S
            return []
        if self._call is not None:
            return self._log_in(now_s)
        return [*self._tell(Base("ok")), *self._rest(now_s)]

    def _log_in(self, now_s: float) -> list[Said]:
        if self._step is _Step.ASKING:
            self._tries = 0
        if self._tries > N3:
            return self._failed("the paging terminal asks for our login again and again", now_s)
        self._is_full |= self._tries > 0
        self._send(self._login, _Step.LOGGING_IN, T3_S, now_s)
        return []

    def _let_in(self, now_s: float) -> list[Said]:
        self._proved = True
        self._open(now_s)
        return self._tell(Base("ok"))

    def _failed(self, what: str, now_s: float) -> list[Said]:
        """The terminal does not do what a terminal does; a login must prove that it does again."""
        self._proved = False
        said = [*self._refused(what), *self._tell(Base("offline", self._reason(what)))]
        if self._step in (_Step.LOGGED_IN, _Step.PAGING):
            self._close(now_s)
            return said
        return [*said, *self._rest(now_s)]

    # --- a page -------------------------------------------------------------------------------------------------------

    def _open(self, now_s: float) -> None:
        """What to do where a page may be sent."""
        if self._call is not None:
            self._send_page(now_s)
        elif self._is_full or self._pages >= (1 if self._one_page_each else PAGES_PER_SESSION):
            self._close(now_s)
        else:
            self._step, self._due_s = _Step.OPEN, now_s + LINGER_S

    def _send_page(self, now_s: float) -> None:
        self._pages += 1
        self._tries = 0
        self._send(self._block, _Step.PAGING, T3_S, now_s)

    def _page_again(self, reason: str, now_s: float) -> list[Said]:
        if self._tries <= N2:
            self._is_full = True
            self._send(self._block, _Step.PAGING, T3_S, now_s)
            return []
        if reason == PAGE_UNANSWERED:
            return self._failed(reason, now_s)
        said = self._refused(reason)
        self._close(now_s)
        return said

    def _page_accepted(self, now_s: float) -> list[Said]:
        assert self._call is not None, "a page is always somebody's"
        said: list[Said] = []
        if self._decisive.is_failure or self._decisive.code == f.HELD:
            said = self._refused("the paging terminal does not send the page now")
        else:
            note = "truncated" if self._decisive.code in f.TRUNCATED else ""
            self._accepted.append((now_s + OUTCOME_S, Taken(self._call.id, note)))
            self._call = None
        self._open(now_s)
        return said

    def _page_abandoned(self, now_s: float) -> list[Said]:
        likely = "" if self._decisive.is_failure else ", as it does when it knows no such pager"
        said = self._refused(f"the paging terminal rejects the page{likely}", permanent=True)
        self._open(now_s)
        return said

    # --- the end of a session -----------------------------------------------------------------------------------------

    def _close(self, now_s: float) -> None:
        self._send(f.EOT_CR, _Step.CLOSING, CLOSE_S, now_s)

    def _rejected_late(self, text: f.Text | None) -> list[Said]:
        """Only those whose outcome was not told yet can still be refused."""
        alone = self._pages == 1
        self._one_page_each |= bool(self._accepted) and not alone
        said = "the paging terminal took the page, and rejected it at the end"
        reason = f"{said}: {text.meaning}" if text else said
        permanent = alone and (text is None or text.code in f.USELESS_AGAIN)
        refused: list[Said] = [Refused(taken.call, reason, permanent) for _, taken in self._accepted]
        self._accepted = []
        return refused

    def _rest(self, now_s: float) -> list[Said]:
        """The session is over: nothing can be said against its pages any more."""
        said: list[Said] = [taken for _, taken in self._accepted]
        self._accepted = []
        self._out = b""
        self._step, self._due_s = _Step.REST, now_s + CHECK_EVERY_S
        return said

    # --- for all of them ----------------------------------------------------------------------------------------------

    def _send(self, data: bytes, step: _Step, wait_s: float, now_s: float) -> None:
        """Say it, and wait for the answer; the time that the bytes need to leave is not the terminal's."""
        self._out = data
        self._tries += 1
        self._login_wanted = False
        self._decisive = f.Text(0, "")
        self._step, self._due_s = step, now_s + len(data) * self._byte_s + wait_s

    def _reason(self, what: str) -> str:
        said = self._decisive.meaning
        return ": ".join(part for part in (what, said) if part)

    def _refused(self, what: str, *, permanent: bool = False) -> list[Said]:
        """The call under way, if there is one, ends; a code decides whether it is for good."""
        if self._call is None:
            return []
        call, self._call = self._call, None
        if self._decisive.is_failure:
            permanent = self._decisive.code in f.USELESS_AGAIN
        return [Refused(call.id, f"pager {call.address}: {self._reason(what)}", permanent)]

    def _tell(self, base: Base) -> list[Said]:
        """Only what is news."""
        if base == self._told:
            return []
        self._told = base
        return [base]

    def _take_at_once(self) -> list[Said]:
        said, self._at_once = self._at_once, []
        return said
