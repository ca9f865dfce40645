"""The phones process: `python -m achterwacht.outputs.phones.process`, a child of the daemon.

Heavy libraries, encryption and whatever hangs live here, where they cannot delay a pager. Reads messages (messages.py)
from stdin and ends with it; keeps every wired way running; answers each Deliver by one Outcome. What a way speaks is
its own module's, how often something is tried is the daemon's.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import select
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from achterwacht.clock import Clock
from achterwacht.errors import Undeliverable
from achterwacht.outputs.phones.messages import (
    LINE_MAX_BYTES,
    Address,
    Beat,
    Deliver,
    FromChild,
    Outcome,
    Ready,
    Trouble,
    TroubleOver,
    Wire,
    line,
    to_child,
)
from achterwacht.outputs.phones.way import Room, Tell, Way
from achterwacht.outputs.wiring import AppriseWay

BEAT_S = 1.0
DELIVER_S = 8.0
"""Carriers take a message within a second. Shorter than the daemon waits (channel.py), so that it hears why."""
DELIVERIES_MAX = 500
"""By one way, of what is urgent and again of what is not: an alarm for everybody and another. More of them are tried
again by the daemon."""
QUIET_AT_ONCE = 10
"""By one way, of what is not urgent; the others wait for these. Daily echoes to a service that hangs must hold nothing
that an alarm needs."""
AGAIN_S = 5.0
"""A way that broke begins again after this; doubles each time, up to AGAIN_MAX_S: each leaves a page in the log."""
AGAIN_MAX_S = 60.0
STEADY_S = 10.0
"""So long a way must run before its breaking is over."""
ROOM_BYTES = 64 * 1024
"""While more than this waits for a daemon that does not read, there is no room for what strangers send."""
WAITING_MAX_BYTES = 4 * 1024 * 1024
"""What may wait in all. Outcomes and faults of everybody are a quarter of it: more means that nobody reads again."""
REASON_MAX = 500
"""Characters of a reason or detail: libraries put whole pages into an error."""
NICENESS = 5
"""The daemon goes first."""
OOM_SCORE = "500"
"""Where memory runs out, this goes first."""
PR_SET_PDEATHSIG = 1
"""From <linux/prctl.h>."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a way is made. Equal to another when it is made from the same."""

    made_from: object
    make: Callable[[Tell], Way] = field(compare=False)


def recipes(wire: Wire, members: Mapping[str, Address], clock: Clock, room: Room) -> dict[str, Recipe]:
    """Every way that is wired, by its name; `members` is kept up to date for them. The only place that knows all ways;
    each is imported when it is made."""
    phones = wire.phones
    found: dict[str, Recipe] = {}
    if push := phones.push:

        def make_push(tell: Tell) -> Way:
            from achterwacht.outputs.phones.push import PushWay

            return PushWay(push, wire.vapid_key_file, members, tell, clock.now)

        found["push"] = Recipe((push, wire.vapid_key_file), make_push)
    if ntfy := phones.ntfy:

        def make_ntfy(tell: Tell) -> Way:
            from achterwacht.outputs.phones.ntfy import NtfyWay

            return NtfyWay(ntfy, members, tell, room, clock.mono_s)

        found["ntfy"] = Recipe(ntfy, make_ntfy)
    if pushover := phones.pushover:

        def make_pushover(tell: Tell) -> Way:
            from achterwacht.outputs.phones.pushover import PushoverWay

            return PushoverWay(pushover, members, tell, clock.mono_s)

        found["pushover"] = Recipe(pushover, make_pushover)
    for apprise in phones.apprise:

        def make_apprise(tell: Tell, wired: AppriseWay = apprise) -> Way:
            from achterwacht.outputs.phones.by_apprise import ByApprise

            return ByApprise(wired, tell, clock.mono_s)

        found[apprise.name] = Recipe(apprise, make_apprise)
    return found


class Running:
    """One way: kept running whatever happens in it, and asked to deliver."""

    def __init__(self, name: str, recipe: Recipe, tell: Tell) -> None:
        self.recipe = recipe
        self._name = name
        self._tell = tell
        self._fault = f"channel:{name}/failing"
        self._way: Way | None = None
        self._why = "it has not begun"
        # How many, by whether they are urgent.
        self._under_way = {True: 0, False: 0}
        self._quiet = asyncio.Semaphore(QUIET_AT_ONCE)
        # The faults that stand, by key, with what was told of them; whether its own was told here: it broke.
        self._standing: dict[str, str] = {}
        self._is_broken = False
        self._is_dropped = False
        self._again_s = AGAIN_S
        self._task = asyncio.create_task(self._keep(), name=f"way {name}")

    async def deliver(self, order: Deliver) -> None:
        """Raises Undeliverable, also when it takes too long."""
        if self._way is None:
            raise Undeliverable(f"{self._name} could not begin: {self._why}")
        if self._under_way[order.urgent] >= DELIVERIES_MAX:
            raise Undeliverable(f"{self._name} has {DELIVERIES_MAX} messages under way already")
        self._under_way[order.urgent] += 1
        try:
            async with asyncio.timeout(DELIVER_S), contextlib.nullcontext() if order.urgent else self._quiet:
                await self._way.deliver(order)
        except TimeoutError as error:
            raise Undeliverable(f"no answer from {self._name} within {DELIVER_S:g} s") from error
        finally:
            self._under_way[order.urgent] -= 1

    def drop(self) -> None:
        """The plan has it no longer, so nothing can be wrong with it."""
        self._task.cancel()
        for key in list(self._standing):
            self._told(TroubleOver(key))
        self._is_dropped = True

    async def _keep(self) -> None:
        while True:
            self._why = await self._one_life()
            self._told(Trouble(self._fault, f"it broke and is started again: {self._why}"))
            self._is_broken = True
            await asyncio.sleep(self._again_s)
            self._again_s = min(2 * self._again_s, AGAIN_MAX_S)

    async def _one_life(self) -> str:
        """A new way until it ends: why. Deliveries that an older one has under way go on."""
        try:
            self._way = self.recipe.make(self._told)
        except Exception as error:
            log.exception("%s cannot begin", self._name)
            return repr(error)
        running = asyncio.create_task(self._way.run(), name=f"{self._name} runs")
        try:
            await asyncio.wait({running}, timeout=STEADY_S)
            if not running.done():
                self._settle()
                await asyncio.wait({running})
        finally:
            running.cancel()
        bug = None if running.cancelled() else running.exception()
        log.error("%s broke", self._name, exc_info=bug)
        return repr(bug) if bug else "it ended"

    def _settle(self) -> None:
        """What an earlier life told is over, unless the way itself has said since that it fails."""
        self._again_s = AGAIN_S
        if self._is_broken or self._fault not in self._standing:
            self._is_broken = False
            self._told(TroubleOver(self._fault))

    def _told(self, message: FromChild) -> None:
        """Pass on what the way tells; the same trouble once. That it broke is not over before it is steady."""
        if self._is_dropped or (self._is_broken and message == TroubleOver(self._fault)):
            return
        if isinstance(message, Trouble):
            message = Trouble(message.key, message.detail[:REASON_MAX])
            if message.key == self._fault:
                self._is_broken = False
            if self._standing.get(message.key) == message.detail:
                return
            self._standing[message.key] = message.detail
        elif isinstance(message, TroubleOver):
            self._standing.pop(message.key, None)
        self._tell(message)


class Process:
    """What the child does with each line."""

    def __init__(self, tell: Tell, recipes_of: Callable[[Wire, Mapping[str, Address]], Mapping[str, Recipe]]) -> None:
        self._tell = tell
        self._recipes_of = recipes_of
        self._members: dict[str, Address] = {}
        self._ways: dict[str, Running] = {}
        self._deliveries: dict[str, asyncio.Task[Outcome]] = {}

    def take(self, data: bytes) -> None:
        """One line. Returns at once; nonsense is logged, not repeated: a line may hold secrets."""
        try:
            message = to_child.decode(data)
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            log.error("a line from the daemon is not understood: %s", error)
            return
        if isinstance(message, Wire):
            self._wire(message)
        elif isinstance(message, Deliver):
            delivery = asyncio.create_task(self._outcome(message), name=f"delivery {message.id}")
            self._deliveries[message.id] = delivery
            delivery.add_done_callback(partial(self._answer, message.id))
        elif forgotten := self._deliveries.pop(message.id, None):
            forgotten.cancel()

    def _wire(self, wire: Wire) -> None:
        """What is made from the same goes on running."""
        self._members.clear()
        self._members.update(wire.members)
        wanted = self._recipes_of(wire, self._members)
        for name, running in list(self._ways.items()):
            if wanted.get(name) != running.recipe:
                running.drop()
                del self._ways[name]
        for name, recipe in wanted.items():
            if name not in self._ways:
                self._ways[name] = Running(name, recipe, self._tell)
        self._tell(Ready())

    async def _outcome(self, order: Deliver) -> Outcome:
        way = self._ways.get(order.way)
        if way is None:
            return Outcome(order.id, f"the plan has no way {order.way!r}", permanent=True)
        try:
            await way.deliver(order)
        except Undeliverable as failure:
            return Outcome(order.id, failure.reason[:REASON_MAX] or "it said no reason", failure.permanent)
        except Exception as error:  # a bug in one way must not leave the daemon without an answer
            log.exception("order %s: %s broke", order.order, order.way)
            return Outcome(order.id, f"{order.way} broke: {error!r}"[:REASON_MAX])
        return Outcome(order.id)

    def _answer(self, order: str, delivery: asyncio.Task[Outcome]) -> None:
        """Also where a library cancelled our task; not where the daemon wants no answer."""
        if self._deliveries.pop(order, None) is not None:
            self._tell(Outcome(order, "it was cut off") if delivery.cancelled() else delivery.result())


async def live() -> None:
    """Until stdin ends, which is when the daemon does."""
    loop = asyncio.get_running_loop()
    # What a library prints goes to stderr: it must not stand between the lines.
    said = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    out, reader = await loop.connect_write_pipe(_Reader, said)
    out.set_write_buffer_limits(high=ROOM_BYTES)
    lines = asyncio.StreamReader(limit=LINE_MAX_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)

    def tell(message: FromChild) -> None:
        if out.get_write_buffer_size() > WAITING_MAX_BYTES:
            log.error("the daemon does not read: what it was not told is lost, and this process ends")
            os._exit(1)
        out.write(line(message))

    process = Process(tell, partial(recipes, clock=Clock(), room=reader.room))
    beating = asyncio.create_task(_beat(tell), name="beat")
    with contextlib.suppress(OSError):  # the daemon was killed
        while data := await _next(lines):
            process.take(data)
    beating.cancel()


class _Reader(asyncio.BaseProtocol):
    """The daemon, as far as it reads what is said."""

    def __init__(self) -> None:
        self._reads = asyncio.Event()
        self._reads.set()

    def pause_writing(self) -> None:
        self._reads.clear()

    def resume_writing(self) -> None:
        self._reads.set()

    async def room(self) -> None:
        """Return when not much waits for it."""
        await self._reads.wait()


async def _next(lines: asyncio.StreamReader) -> bytes:
    """The next line; empty at the end."""
    while True:
        try:
            return await lines.readline()
        except ValueError:
            log.error("a line from the daemon is longer than %d bytes", LINE_MAX_BYTES)


async def _beat(tell: Tell) -> None:
    while True:
        tell(Beat())
        await asyncio.sleep(BEAT_S)


def _die_with_the_daemon() -> None:
    """Whatever hangs here: a library that lets no other thread run would never see that stdin has ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    stdin = select.poll()
    stdin.register(sys.stdin, select.POLLHUP)
    if stdin.poll(0):  # it had died before; its pid tells nothing, for it may be 1 in a container
        os._exit(0)


def main() -> None:
    """Signals are for the daemon: Ctrl-C and systemd send theirs to all; this ends when the daemon has ended."""
    _die_with_the_daemon()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s phones %(name)s: %(message)s")
    asyncio.new_event_loop().run_until_complete(live())
    logging.shutdown()
    # A library's thread may hang, and would be waited for.
    os._exit(0)


if __name__ == "__main__":
    main()
