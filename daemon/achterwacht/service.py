"""The daemon: who hears, who decides, who is told. Everything is wired here, and the one loop is here.

Read `_turn`: something heard becomes facts; the orders among them leave at once; the facts go to the journal at the
same time; whatever calms waits until they are on disk. No callback in this house decides anything: it posts a letter.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import os
import secrets
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from achterwacht import __version__, config
from achterwacht.about import about
from achterwacht.broker import broker_address
from achterwacht.calendars import Calendars
from achterwacht.clock import Clock
from achterwacht.core import facts as f
from achterwacht.core import heard as h
from achterwacht.core.codec import encode
from achterwacht.core.display import IDLE, HelpSign, OpenAlarm, help_sign, next_change, open_alarms
from achterwacht.core.drill import is_drill
from achterwacht.core.escalation import checkpoint, decided, is_known
from achterwacht.core.evolve import evolve
from achterwacht.core.plan import APP, PAGER
from achterwacht.core.state import State
from achterwacht.day import SELF_TEST_TOPIC, Day
from achterwacht.driver import in_own_thread
from achterwacht.durability import WAIT_MAX_S, Durability
from achterwacht.ears import Ears
from achterwacht.errors import BadToken, ConfigInvalid, MqttUnavailable
from achterwacht.health import CANARY_TOPIC, Canary, Systemd, feed_watchdog
from achterwacht.inbox import Inbox, Letter, nothing
from achterwacht.journal.opening import open_folder, state_lock
from achterwacht.journal.people import People
from achterwacht.journal.writer import Journal
from achterwacht.link import Command, Link, Pages, Receipt, Redeem, Register
from achterwacht.mqtt import Message, Mqtt
from achterwacht.outputs.dispatch import Alert, Dispatch
from achterwacht.outputs.pagers_mqtt import PagersMqtt
from achterwacht.outputs.texts import page_note
from achterwacht.outputs.zenders_mqtt import ZendersMqtt
from achterwacht.paths import socket_path
from achterwacht.presence import LOOK_EVERY_S, Presence
from achterwacht.replay import replay
from achterwacht.timers import Timers
from achterwacht.tokens import Tokens, keep_token_key, token_key
from achterwacht.voices import Voices

STATUS_TOPIC = "achterwacht/v1/daemon/status"
CLIENT_ID = "achterwacht"
HEAD_EVERY_S = 10.0
"""How often the newest head of the journal is put in the retained status, where a cut tail would show."""
SHOW_EVERY_S = 0.2
"""Displays follow at this pace. Looking through a thousand open alarms takes as long as a handful of pages."""
CLOCK_S = 60.0
"""After a start a clock has so long to be put right by the network, before nobody vouches for the time of a fact."""
MISSING_AT_ONCE, MISSING_PAUSE_S = 100, 0.01
"""A switch that fails silences two thousand at once. Together they hold up a page for 40 ms; so many for 2 ms."""
STILL_HERE_S = 3600.0
"""After so long without a fact one is noted: a daemon that is killed then knows how long it had listened to silence."""
REFUSALS_EVERY_S = 60.0
"""How often it is logged that answers or receipts were refused."""
SAID_MAX = 10_000
"""Confirmations under way at once. They end within a second; beyond this the nodes' own repeats carry them."""

OUR_OWN = (h.Started, h.Stopping, h.PlanRead, h.Tick)
"""What the daemon says to itself. Without these there is no daemon; every other letter comes from outside."""

ANSWERS_BY_PHONE: dict[f.Kind, tuple[h.AnswerWord, ...]] = {
    "alarm": ("coming", "cannot"),
    "drill": ("coming", "cannot"),
    "call_112": ("called_112", "cannot"),
}
"""What can be answered from a telephone's message, by the kind of order; more on its open page."""

NOTHING_OPEN: tuple[OpenAlarm, ...] = ()

CALMING: tuple[f.Reason, ...] = ("pagers all there", "enough pagers again")
"""Notices after which somebody could stop calling: like `over`, they wait for the disk."""

log = logging.getLogger("achterwacht")


def run(config_folder: Path, state_folder: Path, broker_url: str | None) -> int:
    """Run the daemon until SIGTERM. Raises ConfigInvalid when no plan was ever good, StateLocked for a second."""
    with state_lock(state_folder):
        asyncio.run(_serve(config_folder, state_folder, broker_url))
    return 0


async def _serve(config_folder: Path, state_folder: Path, broker_url: str | None) -> None:
    service = Service(config_folder, state_folder, broker_url)
    loop = asyncio.get_running_loop()
    for stop in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(stop, service.stop)
    loop.add_signal_handler(signal.SIGHUP, service.reload)
    await service.run()
    if not service.journal.clean:
        # A thread hangs in the disk. asyncio.run would wait for it, and the next daemon for us.
        logging.shutdown()
        os._exit(1)


class Service:
    """One daemon, wired. `run` it; `stop` ends it in order."""

    def __init__(self, config_folder: Path, state_folder: Path, broker_url: str | None = None) -> None:
        self.clock = Clock()
        self.boot = secrets.token_hex(8)
        self._config_folder, self._state_folder = config_folder, state_folder
        self._at_start = config.plan_at_start(config_folder, state_folder)
        settings = self._at_start.settings

        now = self.clock.now()
        self._opened = open_folder(state_folder, now.local.year, now.at.strftime("%Y%m%dT%H%M%SZ"))
        self.state, self._not_understood = replay(self._opened)
        self.journal = Journal(self._opened, self._on_durable, self._on_journal_trouble)
        self.people = People(state_folder, self._on_people_trouble)

        self.inbox = Inbox()
        self.durability = Durability(self.journal.durable_n)
        self.ears = Ears(self.boot, self.clock.mono_s, self._on_heard)
        self.presence = Presence()
        self.calendars = Calendars(self.inbox.put, self._name_of, self.clock)
        address, self._password_trouble = broker_address(settings.broker, broker_url)
        self.mqtt = Mqtt(
            address,
            client_id=CLIENT_ID,
            will=(STATUS_TOPIC, msgspec.json.encode({"online": False, "boot": self.boot})),
            subscriptions=[],
            on_message=self._on_message,
            on_link=self._on_link,
        )
        self._pagers, self._zenders = PagersMqtt(self.mqtt), ZendersMqtt(self.mqtt)
        self.voices = Voices(state_folder, self._pagers, self.people, self.clock, self._on_voice, self._on_token)
        self._token_key = token_key(state_folder)
        self._tokens = Tokens(self._token_key.key)
        self._refused, self._refusals_told_s = 0, -math.inf
        """The answers and receipts that were refused since that was last told, and when it was."""
        self.dispatch = Dispatch(self.voices.channel_of, self._alert_for, self.inbox.put)
        self.link = Link(socket_path(state_folder), self._snapshot, self._on_command, self._on_link_trouble)
        self.canary = Canary(self.boot, self._publish_canary, lambda: self.mqtt.connected, self._on_canary)
        self.day = Day(self.boot, self.inbox.put, lambda song: self._spawn(self._press_itself(song)))
        self.systemd = Systemd()

        self.timers = Timers()
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._saying: set[tuple[str, bool]] = set()
        """The presses, receipts and answers whose confirmation is on its way, and whether it says durable."""
        self._reading, self._keeping = asyncio.Lock(), asyncio.Lock()
        self._to_show: State | None = None
        self._shown_lists: dict[str, tuple[OpenAlarm, ...]] = {}
        self._shown_signs: dict[int, HelpSign] = {}
        self._shown_head = ""

    # --- from start to stop -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Arm, then live until `stop`."""
        self._begin()
        await self._listen(self._at_start.settings)
        gc.freeze()  # what a start has made stays; looking through it again and again holds up pages (100 ms, measured)
        async with asyncio.TaskGroup() as group:
            parts: dict[str, Coroutine[Any, Any, None]] = {
                "loop": self._loop(),
                "mqtt": self.mqtt.run(),
                "canary": self.canary.run(),
                "head": self._tell_head(),
                "link": self.link.run(),
                "people": self.people.run(),
                "calendars": self.calendars.run(),
                "rounds": self._go_round(),
                "watchdog": feed_watchdog(self.systemd, self._ask),
            }
            tasks = [group.create_task(part, name=name) for name, part in parts.items()]
            journal = group.create_task(self.journal.run(), name="journal")
            await self._stop.wait()
            self.systemd.say("STOPPING=1")
            self._turn(Letter(h.Stopping()))
            await self.dispatch.close()
            await self.voices.close()
            await self.ears.close()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            for task in self._tasks:
                task.cancel()
            journal.cancel()
        self.systemd.close()

    def stop(self) -> None:
        """End in order: what is heard is on disk, the broker is told."""
        self._stop.set()

    def _begin(self) -> None:
        """What must be true before the first press can be heard; nothing here waits for anything."""
        settings, mistakes = self._at_start.settings, self._at_start.mistakes
        interrupted = list(self.state.outbox.values())
        self._turn(Letter(h.Started(self.boot, __version__)))
        if self._opened.fresh or self._not_understood:
            self._checkpoint()  # the next start begins here; after Started, which joins the clocks of the two boots
        self._turn(Letter(h.PlanRead(settings.plan, settings.source)))
        self._when_safe(self.journal.last_n, self._show_soon, self.state)
        for ordered in interrupted:
            if ordered.order in self.state.outbox:
                self._send(ordered)
        if mistakes:
            log.error("the plan has mistakes; the last good plan stays in force:\n%s", mistakes)
            self._turn(Letter(h.Trouble("plan/invalid", mistakes)))
        if self._opened.corrupt:
            self._turn(Letter(h.Trouble("journal/corrupt", self._opened.corrupt)))
        if self._not_understood:
            self._turn(Letter(h.Trouble("journal/not understood", self._not_understood)))
        self._trouble("broker/password", self._password_trouble)
        self._spawn(self._keep(settings))
        self._spawn(self._keep_token_key())

    async def _loop(self) -> None:
        self.systemd.say("READY=1")
        while True:
            wait_s = self._wait_s()
            if wait_s is not None and wait_s <= 0:
                self._turn(Letter(h.Tick(self.timers.late(self.clock.mono_s()))))
                wait_s = 0.0  # however much is late, a letter goes between
            letter = await self.inbox.take(wait_s)
            if letter is not None:
                self._turn(letter)
            elif wait_s:
                self._turn(Letter(h.Tick(self.timers.late(self.clock.mono_s()))))  # or only a sign has changed
            await asyncio.sleep(0)  # the channels write the pages down,
            await asyncio.sleep(0)  # and the socket takes them, before the next letter

    def _wait_s(self) -> float | None:
        """Until something is due by itself: a watch of the core, or a sign that changes."""
        now = self.clock.now()
        sign_s = next_change(self.state, self.state.house_s(now))
        first_s = min(self.timers.first_s, math.inf if sign_s is None else sign_s - self.state.offset_s)
        return None if first_s == math.inf else first_s - now.mono_s

    # --- the turn -----------------------------------------------------------------------------------------------------

    def _turn(self, letter: Letter) -> None:
        """One heard thing: facts, orders, journal, answers. In this order, and without waiting for any of them."""
        now = self.clock.now()
        before, heard = self.state, letter.heard
        try:
            turn = decided(before, heard, now)
        except Exception as bug:
            if isinstance(heard, OUR_OWN):
                raise  # systemd starts us again, and whatever was open rings
            # One letter must not end the house again and again, as a broker that sends it anew would.
            log.exception("this letter is given up: %r", heard)
            self._trouble("daemon/bug", f"something heard could not be dealt with: {bug!r}")
            letter.ack()
            letter.reply({"result": "refused", "note": repr(bug), "durable": False})
            return
        facts, self.state = tuple(turn.facts), turn.state
        orders = [fact for fact in facts if isinstance(fact, f.Ordered)]
        for ordered in orders:
            if not _calms(ordered):
                self._send(ordered)
        n = self._append(facts)
        for ordered in orders:
            if _calms(ordered):
                self._send(ordered)
        if now.clock_ok and not self.state.alarms and self.journal.roll(now.local.year):
            self._checkpoint()  # one file a year, and each enough for a start of its own
        for fact in facts:
            if isinstance(fact, f.DeviceSeen) and fact.online:
                if self._shown_lists.pop(fact.device.removeprefix("pager:"), None):
                    self._when_safe(n, self._show_soon, self.state)  # its list is old: again, with the ages of now
            elif isinstance(fact, f.FaultRaised):
                log.warning("fault %s: %s", fact.key, fact.detail)
            elif isinstance(fact, f.FaultCleared):
                log.warning("fault %s is over", fact.key)
        self.timers.follow(self.state, heard, facts)
        self._answer(letter, before, n)
        if isinstance(heard, h.Tick) or _displays_differ(before, self.state):
            self._when_safe(n, self._show_soon, self.state)

    def _send(self, ordered: f.Ordered) -> None:
        """What rings or shows leaves at once; what calms waits until the disk has all that was noted so far."""
        if _calms(ordered):
            self._when_safe(self.journal.last_n, self.dispatch.send, ordered)
        else:
            self.dispatch.send(ordered)

    def _append(self, facts: tuple[f.Fact, ...] | list[f.Fact]) -> int:
        """Post facts to the journal and to whoever looks on; returns the number of the last, on its way to the disk."""
        n = self.journal.last_n
        for group in _apart(facts):
            n = self.journal.append([encode(fact) for fact in group], isinstance(group[0], f.Checkpoint))
            self.link.stream(self.journal.last_n, group)
        return n

    def _checkpoint(self) -> None:
        """Put the whole state in the journal, so that a replay needs nothing older."""
        fact = checkpoint(self.state, self.clock.now())
        self.state = evolve(self.state, fact)
        self._append([fact])

    def _when_safe(self, n: int, act: Callable[[Any], None], what: Any) -> None:
        self.durability.after(n, lambda durable: act(what))

    def _answer(self, letter: Letter, before: State, n: int) -> None:
        """Tell whoever spoke that it was heard, when that is true for good; or after a second, when the disk is not."""
        heard = letter.heard
        if isinstance(heard, h.Pressed) and is_known(before, heard.press, self.clock.now()):
            letter.ack()  # the broker need not keep what we have
        self.durability.after(n, lambda durable: self._say_heard(letter, durable))

    def _say_heard(self, letter: Letter, durable: bool) -> None:
        heard = letter.heard
        letter.ack()
        if isinstance(heard, h.Pressed):
            incident = self.state.incident_of(heard.press) or heard.press
            letter.reply({"incident": incident, "durable": durable})
            if heard.boot and letter.reply is nothing:  # our own node on MQTT, whatever the plan takes its number for
                seq = int(heard.press.rsplit("-", 1)[1])
                saying = self._zenders.confirm(heard.zender, heard.boot, seq, incident, durable)
                self._say((heard.press, durable), saying)
        elif isinstance(heard, h.Receipt):
            saying = self._pagers.answered(heard.pager, heard.boot, heard.seq, "accepted", "", durable)
            self._say((heard.key, durable), saying)
        elif isinstance(heard, h.Reached):
            letter.reply({"result": "accepted", "note": "", "durable": durable})
        elif isinstance(heard, h.Answer | h.Commanded):
            outcome = self.state.outcomes[heard.key]
            if isinstance(heard, h.Answer) and heard.pager is not None and heard.boot:
                seq = int(heard.key.rsplit("-", 1)[1])
                note = page_note(self.state.plan.language, outcome.note)
                said = (heard.pager, heard.boot, seq, outcome.result, note, durable)
                self._say((heard.key, durable), self._pagers.answered(*said))
            letter.reply({"result": outcome.result, "note": outcome.note, "durable": durable})

    def _say(self, what: tuple[str, bool], saying: Coroutine[Any, Any, None]) -> None:
        """Tell a node something it will ask for again when it does not hear it.

        What is on its way is not sent once more for each repeat: a slow broker would become slower by it, until nothing
        came through at all.
        """
        if what in self._saying or len(self._saying) >= SAID_MAX:
            saying.close()
        else:
            self._saying.add(what)
            self._spawn(self._said(what, saying))

    async def _said(self, what: tuple[str, bool], saying: Coroutine[Any, Any, None]) -> None:
        try:
            await saying
        except MqttUnavailable as error:
            log.debug("not said: %s", error)
        finally:
            self._saying.discard(what)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the loop; the set keeps it from being forgotten while it runs."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _alert_for(self, ordered: f.Ordered, attempt: int) -> Alert | None:
        """What is known now of an order; None when nobody wants it any more."""
        if ordered.order not in self.state.outbox:
            return None
        incident = ordered.merged_into or ordered.incident
        alarm = self.state.alarms.get(incident) or self.state.closed.get(incident)
        plan = alarm.plan if alarm else self.state.plan
        zender = plan.zender(ordered.zender)
        now = self.clock.now()
        age_s = self.state.house_s(now) - alarm.heard_s if alarm else 0.0
        channel, _, who = ordered.target.partition(":")
        by_phone = channel not in (PAGER, APP) and plan.member(who) is not None
        answers = ANSWERS_BY_PHONE.get(ordered.kind, ()) if by_phone else ()
        return Alert(
            ordered=ordered,
            place=plan.place(ordered.zender),
            room=zender.room if zender else "",
            site=plan.site,
            language=plan.language,
            on_scene=len(alarm.persons("on_scene")) if alarm else 0,
            age_s=age_s,
            attempt=attempt,
            raised_at=alarm.raised_at if alarm else None,
            member=who if channel != PAGER else "",
            tokens=self._tokens.make(ordered, who, answers, now),
            proof=self._tokens.proof(ordered.order),
            url=self.voices.url,
            drill=is_drill(incident),
            about=about(ordered, self.state, self.people.person),
        )

    # --- standing displays --------------------------------------------------------------------------------------------

    def _show_soon(self, state: State) -> None:
        """Once for all that changes meanwhile: what merely shows must not hold up what rings."""
        if self._to_show is None:
            asyncio.get_running_loop().call_later(SHOW_EVERY_S, self._show_newest)
        self._to_show = state

    def _show_newest(self) -> None:
        assert self._to_show is not None, "there was something to show"
        state, self._to_show = self._to_show, None
        self._show(state)

    def _show(self, state: State) -> None:
        """Tell each display what has changed on it. One that has left the plan is told that there is nothing."""
        now_s = state.house_s(self.clock.now())
        lists = dict.fromkeys(self._shown_lists, NOTHING_OPEN)
        lists |= {pager.id: open_alarms(state, pager) for pager in state.plan.pagers if not pager.base}
        for id, alarms in lists.items():
            if self._shown_lists.get(id) != alarms:
                self._shown_lists[id] = alarms
                self._pagers.show_open(id, self.boot, alarms, now_s)
        signs = dict.fromkeys(self._shown_signs, IDLE)
        signs |= {zender.nr: help_sign(state, zender.nr, now_s) for zender in state.plan.zenders if zender.help}
        for nr, sign in signs.items():
            if self._shown_signs.get(nr) != sign:
                self._shown_signs[nr] = sign
                if not self.ears.show_help(nr, sign):
                    self._zenders.show_help(nr, sign)

    async def _tell_head(self) -> None:
        """Keep the newest head in the retained status: also how everybody knows that the daemon is there."""
        while True:
            said = asyncio.Event()
            self.durability.after(self.journal.last_n, lambda durable, said=said: said.set())  # type: ignore[misc]
            await said.wait()  # at the start the disk must answer first, or a second must pass
            if self._shown_head != self.journal.head:
                self._shown_head = self.journal.head
                head, n = self.journal.head, self.journal.durable_n
                status = {"online": True, "boot": self.boot, "head": head, "n": n}
                self.mqtt.retain(STATUS_TOPIC, msgspec.json.encode(status))
            await asyncio.sleep(HEAD_EVERY_S)

    # --- what is looked after -----------------------------------------------------------------------------------------

    async def _listen(self, settings: config.Settings) -> None:
        """Hear by this wiring from now on. A port that is opened anew is told its signs anew."""
        self._shown_signs.clear()
        self._show_soon(self.state)
        self.voices.speak(settings.voices, settings.plan)
        self.calendars.follow(settings.wiring.calendars, settings.plan)
        await self.mqtt.listen([(CANARY_TOPIC, 0), (SELF_TEST_TOPIC, 1), *self.ears.listen(settings.wiring)])

    async def _go_round(self) -> None:
        """Once a second, for ever: who is silent, who vouches for the clock, and whether the dashboard is gone."""
        began_s = self.clock.mono_s()
        clock_in_doubt = dashboard_missed = False
        while True:
            now = self.clock.now()
            self.ears.look(now.mono_s)
            for test in self.voices.tests_due(self.state, now):
                self.inbox.put(test)
            self.day.look(self.state, now)
            silent = self.presence.look(self.state, now.mono_s)
            for first in range(0, len(silent), MISSING_AT_ONCE):
                self.inbox.put(h.Missing(silent[first : first + MISSING_AT_ONCE]))
                await asyncio.sleep(MISSING_PAUSE_S)
            idle_s = now.mono_s - self.state.last.mono_s if self.state.last else 0.0
            if idle_s >= STILL_HERE_S and not self.state.alarms:
                self._checkpoint()
            if clock_in_doubt != (not now.clock_ok and now.mono_s - began_s >= CLOCK_S):
                clock_in_doubt = not clock_in_doubt
                self._trouble("clock/unsynchronised", "" if clock_in_doubt else None)
            if dashboard_missed != self.voices.open_pages.is_dashboard_missed(self.state.plan, now.mono_s):
                dashboard_missed = not dashboard_missed
                self._trouble("link/dashboard", "" if dashboard_missed else None)
            await asyncio.sleep(LOOK_EVERY_S)

    # --- what others call ---------------------------------------------------------------------------------------------

    def _on_heard(
        self, heard: h.Heard, ack: Callable[[], None] = nothing, reply: Callable[[dict[str, Any]], None] = nothing
    ) -> None:
        self.presence.heard(self.state.plan, heard, self.clock.mono_s())  # it lives, however long its letter waits
        self.inbox.put(heard, ack, reply)

    def _on_message(self, message: Message) -> None:
        if message.topic == CANARY_TOPIC:
            self.canary.heard(message.payload)
        elif message.topic == SELF_TEST_TOPIC:
            self._on_self_test(message)
        else:
            try:
                self.ears.message(message)
            except Exception as bug:
                # Acknowledged all the same: kept back it would come again for ever, and deafen us.
                log.exception("a message on %s could not be heard", message.topic[:100])
                self._trouble("daemon/bug", f"a message could not be heard: {bug!r}")
                message.ack()

    def _on_self_test(self, message: Message) -> None:
        pressed = self.day.pressed(message.payload)
        if pressed is None:
            message.ack()  # whoever may write there may write anything
        else:
            self.inbox.put(pressed, message.ack)

    async def _press_itself(self, song: bytes) -> None:
        with suppress(MqttUnavailable):
            await self.mqtt.publish(SELF_TEST_TOPIC, song)

    async def _publish_canary(self, song: bytes) -> None:
        await self.mqtt.publish(CANARY_TOPIC, song, qos=0)

    def _on_canary(self, silent: bool) -> None:
        self._trouble("broker/canary", "messages do not come through the broker" if silent else None)

    def _on_link(self, up: bool, reason: str) -> None:
        self._trouble("broker/link", None if up else reason)
        self._trouble("broker/subscriptions", reason if up and reason else None)
        if up:
            self.dispatch.retry_now()

    def _on_durable(self, n: int) -> None:
        self.durability.reached(n)
        self.link.durable(n)
        alarms = (*self.state.alarms.values(), *self.state.closed.values())
        if any(alarm.number is None and not alarm.drill for alarm in alarms):
            skew = self.state.n - self.journal.last_n  # facts that were lost while the disk was broken
            self.inbox.put(h.Durable(n + skew))

    def _on_journal_trouble(self, trouble: str | None) -> None:
        self.durability.broken(trouble is not None)
        self._trouble("journal/disk", trouble)
        if trouble is None and self.journal.lost:
            self._checkpoint()

    def _on_people_trouble(self, trouble: str | None) -> None:
        self._trouble("journal/people", trouble)
        if trouble is None:
            self._people_changed()  # what could not be read at the start is known now

    def _people_changed(self) -> None:
        self.voices.addresses_changed()
        self.calendars.names_changed()

    def _name_of(self, member: str) -> str:
        person = self.people.person(member)
        return person.name if person else ""

    def _on_link_trouble(self, trouble: str | None) -> None:
        self._trouble("link/socket", trouble)

    def _trouble(self, key: str, detail: str | None) -> None:
        self.inbox.put(h.TroubleOver(key) if detail is None else h.Trouble(key, detail))

    def _on_voice(self, heard: h.Heard) -> None:
        """A channel tells how it is, or what came back by it. When one works again, its orders are tried at once."""
        self.inbox.put(heard)
        if isinstance(heard, h.TroubleOver) and heard.key in self.state.faults:
            self.dispatch.retry_now()

    def _on_command(self, command: Command, reply: Callable[[dict[str, Any]], None]) -> None:
        if isinstance(command, Pages):
            if command.members is None:
                self.voices.open_pages.left(command.reader)
            else:
                self.voices.open_pages.open_at(command.reader, command.members)
            reply({"result": "accepted", "note": "", "durable": True})
        elif isinstance(command, Redeem):
            self._on_token(command.token, reply)
        elif isinstance(command, Receipt):
            self._on_receipt(command, reply)
        elif isinstance(command, Register):
            self._spawn(self._register(command, reply))
        else:
            self.inbox.put(command, reply=reply)

    def _on_token(self, token: str, reply: Callable[[dict[str, Any]], None] = nothing) -> None:
        """Somebody answered by a link or a button. One that is not ours is told so, and is no fault of the house."""
        try:
            answer = self._tokens.read(token, self.clock.now(), self._is_open)
        except BadToken as bad:
            self._refuse_token(bad, reply)
        else:
            self.inbox.put(answer, reply=reply)

    def _on_receipt(self, receipt: Receipt, reply: Callable[[dict[str, Any]], None]) -> None:
        """A message has come to a telephone: it says so with what only that message had in it (S6)."""
        try:
            self._tokens.check_receipt(receipt.reached.order, receipt.proof)
        except BadToken as bad:
            self._refuse_token(bad, reply)
        else:
            self.inbox.put(receipt.reached, reply=reply)

    def _is_open(self, incident: str) -> bool:
        return (self.state.incident_of(incident) or incident) in self.state.alarms

    def _refuse_token(self, bad: BadToken, reply: Callable[[dict[str, Any]], None]) -> None:
        """Whoever knows the topic of the answers can send nonsense without end: it must not fill the log."""
        reply({"result": "refused", "note": str(bad), "durable": True})
        self._refused += 1
        now_s = self.clock.mono_s()
        if now_s - self._refusals_told_s >= REFUSALS_EVERY_S:
            log.warning("refused answers and receipts that came back: %d, the last because %s", self._refused, bad)
            self._refused, self._refusals_told_s = 0, now_s

    async def _register(self, wish: Register, reply: Callable[[dict[str, Any]], None]) -> None:
        """A browser for Web Push. It stands beside the names, never in a fact."""
        why_not = self.voices.why_not(wish.member, wish.endpoint, wish.p256dh, wish.auth)
        if why_not:
            reply({"result": "refused", "note": why_not, "durable": True})
            return
        registration = self.people.register(wish.member, wish.endpoint, wish.p256dh, wish.auth)
        self.voices.registrations_changed()
        try:
            async with asyncio.timeout(WAIT_MAX_S):
                await self.people.written()
        except TimeoutError:
            reply({"result": "accepted", "note": registration, "durable": False})
        else:
            reply({"result": "accepted", "note": registration, "durable": True})

    def _ask(self, answered: Callable[[], None]) -> None:
        self.inbox.put(h.Tick(), ack=answered)

    def _snapshot(self) -> tuple[str, int, int, State, dict[str, float]]:
        ages_s = self.presence.ages(self.clock.mono_s())
        return self.boot, self.journal.last_n, self.journal.durable_n, self.state, ages_s

    def reload(self) -> None:
        """Read the plan again. A bad one is refused with its mistakes, the old one stays; open alarms keep theirs."""
        self._spawn(self._reload())

    async def _reload(self) -> None:
        async with self._reading:  # asked twice: what was read last must also be adopted last
            settings = await self._adopted()
        if settings:
            await self._keep(settings)

    async def _adopted(self) -> config.Settings | None:
        try:
            settings = await asyncio.to_thread(config.load, self._config_folder)
        except ConfigInvalid as invalid:
            mistakes = str(invalid.without_persons())
            log.error("the plan is not adopted; the old one stays in force:\n%s", mistakes)
            self._trouble("plan/invalid", mistakes)
            return None
        self._trouble("plan/invalid", None)
        moved = settings.broker != self._at_start.settings.broker
        self._trouble("plan/broker", "the broker's settings have changed: restart to use them" if moved else None)
        log.info("the plan is %s", "unchanged" if settings.source == self.state.plan_source else "adopted")
        self.inbox.put(h.PlanRead(settings.plan, settings.source))
        await self._listen(settings)
        return settings

    async def _keep_token_key(self) -> None:
        """Beside everything else: a disk that hangs keeps this thread, and nobody waits for it."""
        key, trouble, is_new = self._token_key
        if is_new:
            trouble = await in_own_thread(partial(keep_token_key, self._state_folder, key)) or trouble
        if trouble:
            log.error(trouble)

    async def _keep(self, settings: config.Settings) -> None:
        """Remember a good plan for the next start, and who its members are. No alarm waits for this.

        A plan that was remembered has no names with it; when nobody is known here, the files are read for them.
        """
        if settings.people is None and self.people.known:
            return
        if settings.people is None:
            try:
                settings = await asyncio.to_thread(config.load, self._config_folder)
            except ConfigInvalid:
                return  # told already, as plan/invalid
        self.people.remember(settings.people or ())
        self._people_changed()
        try:
            # One at a time: it hangs in a thread for as long as the disk does, and whoever connects needs a thread too.
            async with self._keeping:
                await asyncio.to_thread(config.remember, self._state_folder, settings)
        except OSError as error:
            self._trouble("plan/remembered", f"the plan cannot be kept for the next start: {error}")
        else:
            self._trouble("plan/remembered", None)


def _calms(ordered: f.Ordered) -> bool:
    """Whether somebody could stop running, or calling, because of this order."""
    return ordered.kind == "over" or ordered.reason in CALMING


def _displays_differ(before: State, after: State) -> bool:
    """Whether what a display shows may have changed. By identity: comparing a thousand alarms costs too much."""
    shown = ("plan", "alarms", "closed", "button_tests")
    return any(getattr(before, what) is not getattr(after, what) for what in shown)


def _apart(facts: tuple[f.Fact, ...] | list[f.Fact]) -> list[list[f.Fact]]:
    """The facts in the same order, with a checkpoint in a group of its own: that is how the journal takes it."""
    groups: list[list[f.Fact]] = []
    for fact in facts:
        if not groups or isinstance(fact, f.Checkpoint) or isinstance(groups[-1][0], f.Checkpoint):
            groups.append([fact])
        else:
            groups[-1].append(fact)
    return groups
