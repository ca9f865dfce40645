"""A push service on loopback that is as strict as the real ones, and the phones that are registered there.

Checks what a browser's push service checks (VAPID, TTL, Topic, size), and decrypts as a browser does. Knows nothing of
Achterwacht: what it is sent is held against the RFCs (8030, 8188, 8291, 8292).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import http_ece
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

BODY_MAX_BYTES = 4096
CLAIM_MAX_S = 24 * 3600
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
URGENCIES = ("very-low", "low", "normal", "high")


@dataclass(frozen=True, slots=True)
class Pushed:
    """One message that the service took: to which phone, its headers, and what the phone reads."""

    phone: str
    headers: dict[str, str]
    said: dict[str, Any]


@dataclass(slots=True)
class Phone:
    """A browser: its keys, where it is registered, and what its push service answers for it."""

    name: str
    endpoint: str
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))
    answers: int | str = 201
    """A status, or "hang", "close" or "redirect"."""

    @property
    def keys(self) -> tuple[str, str]:
        """p256dh and auth, as a browser gives them."""
        public = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return text64(public), text64(self.auth)

    def decrypted(self, body: bytes) -> bytes:
        data: bytes = http_ece.decrypt(body, private_key=self.private, auth_secret=self.auth, version="aes128gcm")
        return data


class FakePush:
    """The service. Whatever it refuses by itself, it refuses with 400 or 403 and notes in `refused`."""

    def __init__(self) -> None:
        self.url = ""
        self.pushed: list[Pushed] = []
        self.refused: list[str] = []
        self.asked = 0
        self.server_key = ""
        """Whose key the phones were registered with; empty: any."""
        self._phones: dict[str, Phone] = {}

    def phone(self, name: str) -> Phone:
        """A new phone, registered here."""
        self._phones[name] = Phone(name, f"{self.url}/push/{name}")
        return self._phones[name]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        phone = self._phones.get(request.match_info["phone"])
        if phone is None:
            return web.Response(status=404)
        body = await request.read()
        for check in (self._vapid, self._form):
            if wrong := check(request, body):
                self.refused.append(wrong)
                return web.Response(status=403 if check == self._vapid else 400, text=wrong)
        return await self._answer(request, phone, body)

    async def _answer(self, request: web.Request, phone: Phone, body: bytes) -> web.StreamResponse:
        if phone.answers == "hang":
            await asyncio.Event().wait()
        if phone.answers == "close":
            assert request.transport is not None
            request.transport.abort()
        if phone.answers == "redirect":
            return web.Response(status=307, headers={"Location": f"{self.url}/push/elsewhere"})
        if phone.answers in (200, 201, 202):
            self.pushed.append(Pushed(phone.name, dict(request.headers), json.loads(phone.decrypted(body))))
        headers = {"Retry-After": "60"} if phone.answers == 429 else None
        status = phone.answers if isinstance(phone.answers, int) else 500
        return web.Response(status=status, headers=headers)

    def _vapid(self, request: web.Request, body: bytes) -> str:
        """What is wrong with the signature; empty when nothing is."""
        found = re.fullmatch(r"vapid t=([\w-]+)\.([\w-]+)\.([\w-]+),\s*k=([\w-]+)", request.headers["Authorization"])
        if found is None:
            return "not VAPID"
        header, claims, signature, key = found.groups()
        said = json.loads(bytes64(claims))
        if json.loads(bytes64(header))["alg"] != "ES256":
            return "not ES256"
        if self.server_key not in ("", key):
            return "VapidPkHashMismatch"
        raw = bytes64(signature)
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes64(key))
        try:
            public.verify(der, f"{header}.{claims}".encode(), ec.ECDSA(SHA256()))
        except InvalidSignature:
            return "bad signature"
        if said["aud"] != self.url:
            return f"aud is {said['aud']}"
        if not 0 < said["exp"] - time.time() <= CLAIM_MAX_S:
            return "exp is over, or too far away"
        return "" if said["sub"].startswith(("mailto:", "https:")) else "no sub"

    def _form(self, request: web.Request, body: bytes) -> str:
        headers = request.headers
        if len(body) > BODY_MAX_BYTES:
            return f"{len(body)} bytes"
        if not headers["TTL"].isdigit():
            return "no TTL"
        if headers.get("Urgency", "normal") not in URGENCIES:
            return "no such Urgency"
        if "Topic" in headers and not TOPIC.fullmatch(headers["Topic"]):
            return "bad Topic"
        return "" if headers["Content-Encoding"] == "aes128gcm" else "bad Content-Encoding"


@contextlib.asynccontextmanager
async def push_service() -> AsyncIterator[FakePush]:
    """The service, while it runs."""
    fake = FakePush()
    app = web.Application()
    app.router.add_post("/push/{phone}", fake.handle)
    async with serving(app) as fake.url:
        yield fake


@contextlib.asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """The application on a loopback port of its own: its URL."""
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def text64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
