"""A hostile client in a process of its own: nonsense of every kind on every topic that the daemon listens to.

`python flood.py HOST PORT USER PASSWORD SEED RATE_HZ` says so many messages a second, and on stdout, once a second, how
many it has said, until it is ended. It may say everything that the daemon may.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

BOOT = "0123456789abcdef"
# Just below what the broker takes (systemd/mosquitto-achterwacht.conf, max_packet_size), now and then.
HUGE_BYTES = 260_000
HUGE_EVERY = 500
# Deeper than msgspec's patience, and a message that the broker still takes.
DEPTH = 40_000
# Told in portions, so that the processor is shared fairly.
PORTION_S = 0.02

ZENDERS = (1, 7, 11, 99, 4711, 9999)
PAGERS = ("p1", "p2", "p3", "p99", "unknown", "x-y_z")
"""Three that are there, and three that are not."""
PRESS_ID = f"7-{BOOT}-1"

Message = tuple[str, bytes]


def pieces() -> list[bytes]:
    """Payloads that no topic of ours can take."""
    right = {
        "boot": BOOT,
        "seq": 1,
        "page": "x",
        "incident": PRESS_ID,
        "press": PRESS_ID,
        "zender": 7,
        "stage": "shown",
    }
    right |= {"answer": "coming", "online": True}
    # All of them need this one.
    boots: list[object] = [None, 0, "", "xyz", "0" * 33, [], {}, "é" * 8, f"{BOOT}\n"]
    wrong = [{**right, "boot": boot} for boot in boots]
    lists: list[object] = [[], [right], {}, None, True, 0, -1, 1e400, "press", ""]
    texts = [json.dumps(value, ensure_ascii=False).encode() for value in (*wrong, *lists)]
    cut = json.dumps(right).encode()
    deep = [b"[" * DEPTH, b'{"a":' * DEPTH, b'{"boot":' + b"[" * DEPTH + b"]" * DEPTH + b"}"]
    raw = [
        b"",
        b"\0",
        b"\xff\xfe",
        b"\xc3(",
        b"NaN",
        b"Infinity",
        b'{"boot":"\\ud800"}',
        cut[:-1],
        cut + b"x",
        cut[:20],
    ]
    return [*texts, *deep, *raw]


def messages(rng: random.Random) -> Iterator[Message]:
    """For ever: nonsense for devices of the plan and others, and births and deaths of thousands that do not exist."""
    nonsense = pieces()
    topics = [f"zender/{nr}/{says}" for nr in ZENDERS for says in ("press", "status")]
    topics += [f"pager/{id}/{says}" for id in PAGERS for says in ("receipt", "answer", "telemetry")]
    # Not the status of a pager that is there: it would be born again, and be paged afresh (docs/wire.md).
    topics += [f"zender/{nr}/telemetry" for nr in ZENDERS] + [f"pager/{id}/status" for id in PAGERS[3:]]
    topics += [f"zender/{nr}/press" for nr in ("0", "007", "10000", "x", "-1", "", "7 ", "７")]
    topics += ["pager/P1/receipt", "pager//answer", "daemon/canary"]
    said = 0
    while True:
        said += 1
        if said % HUGE_EVERY == 0:
            yield f"achterwacht/v1/{rng.choice(topics)}", rng.randbytes(HUGE_BYTES)
        elif said % 3 == 0:
            device = f"zender/{rng.randrange(100, 9999)}" if said % 2 else f"pager/x{rng.randrange(100_000)}"
            born = json.dumps({"online": bool(rng.randrange(2)), "boot": f"{rng.getrandbits(64):016x}"})
            yield f"achterwacht/v1/{device}/status", born.encode()
        else:
            yield f"achterwacht/v1/{rng.choice(topics)}", rng.choice(nonsense)


def main(host: str, port: str, user: str, password: str, seed: str, rate_hz: str) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="hostile", protocol=paho.MQTTv5)
    client.username_pw_set(user, password)
    client.connect(host, int(port))
    client.loop_start()
    rng = random.Random(seed)
    began_s, told_s = time.monotonic(), 0
    for said, (topic, payload) in enumerate(messages(rng), start=1):
        client.publish(topic, payload, qos=rng.randrange(2))
        passed_s = time.monotonic() - began_s
        if passed_s >= told_s:
            told_s += 1
            print(said, flush=True)
        ahead_s = said / float(rate_hz) - passed_s
        if ahead_s > PORTION_S:
            time.sleep(ahead_s)


if __name__ == "__main__":
    main(*sys.argv[1:])
