"""The phones process as it is, but for its ways: each wired one does what the member's name says. Run as a program."""

from __future__ import annotations

import asyncio
import ctypes
import os
import threading
import time
from collections.abc import Mapping

from achterwacht.clock import Clock
from achterwacht.errors import Undeliverable
from achterwacht.outputs.phones import process
from achterwacht.outputs.phones.messages import Address, Deliver, Gone, Redeemed, Trouble, TroubleOver, Wire
from achterwacht.outputs.phones.process import Recipe
from achterwacht.outputs.phones.way import Room, Tell, Way

FOR_EVER_S = 3600.0
FLOOD, FLOOD_TOKEN = 20_000, "x" * 300
"""Six megabytes: more than may wait for a daemon that does not read."""


class Scripted:
    """A way whose members say what becomes of a message to them."""

    def __init__(self, tell: Tell, room: Room) -> None:
        self._tell = tell
        self._room = room

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def deliver(self, order: Deliver) -> None:
        member = order.member
        if member == "refuses":
            raise Undeliverable("no credit", permanent=True)
        if member == "fails":
            raise Undeliverable("busy")
        if member == "hangs":
            await asyncio.Event().wait()
        if member == "blocks":
            time.sleep(FOR_EVER_S)  # noqa: ASYNC251
        if member == "holds the GIL":
            print("it holds the GIL", flush=True)
            ctypes.PyDLL(None).sleep(int(FOR_EVER_S))
        if member == "dies":
            os._exit(3)
        if member == "leaves a thread":
            threading.Thread(target=time.sleep, args=(FOR_EVER_S,)).start()
        if member == "prints":
            print("a library's own words", flush=True)
        if member in ("floods", "floods in turn"):
            for _ in range(FLOOD):
                if member == "floods in turn":
                    await self._room()
                self._tell(Redeemed(FLOOD_TOKEN))
        if member == "tells":
            self._tell(Gone(member, "r1", "410"))
            self._tell(Redeemed("t1"))
            self._tell(Trouble("channel:push/failing", "no credit"))
            self._tell(TroubleOver("channel:push/failing"))


def recipes(wire: Wire, members: Mapping[str, Address], clock: Clock, room: Room) -> dict[str, Recipe]:
    def make(tell: Tell) -> Way:
        return Scripted(tell, room)

    return {"push": Recipe(wire.phones, make)}


if __name__ == "__main__":
    process.recipes = recipes
    process.main()
