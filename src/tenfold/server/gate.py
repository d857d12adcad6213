"""The gate: who may call, how much may come, how long it may take, what goes out with it."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import time
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenfold.server.errors import ServiceError
from tenfold.server.metrics import Metrics
from tenfold.server.settings import Settings

COOKIE = "tenfold-token"
OPEN = ("/healthz", "/readyz")
"""What a watchdog may ask without a token."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; frame-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"permissions-policy": b"camera=(self), geolocation=(), microphone=()",
    b"cache-control": b"no-store",
    b"content-security-policy": POLICY.encode(),
}
_DRAINED = 4
"""How many bodies' worth of a body that is too long are read off, so that its sender listens."""

log = logging.getLogger("tenfold.server")


class Gate:
    """Middleware that every request passes, outermost.

    Args:
        app: what answers.
        settings: who may call, and the limits.
        metrics: what is counted.
    """

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self.app, self.settings, self.metrics = app, settings, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it with an error."""
        if scope["type"] == "http":
            await _Passage(self, scope, receive, send).run()
        elif scope["type"] == "lifespan":
            await self.app(scope, receive, send)


class _Passage:
    """One request on its way through the gate."""

    def __init__(self, gate: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        self.gate, self.scope = gate, scope
        self._receive, self._send = receive, send
        self.limit = gate.settings.limits.body
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.came, self.status, self.ended = 0, 0, False
        self.deadline = 0.0

    async def run(self) -> None:
        began, limits = time.perf_counter(), self.gate.settings.limits
        self.deadline = asyncio.get_running_loop().time() + limits.body_seconds
        try:
            async with asyncio.timeout(limits.request_seconds):
                await self._answer()
        except TimeoutError:
            late = ServiceError("timeout", f"not answered within {limits.request_seconds:g} s")
            await self._refuse(late)
        except ServiceError as error:
            await self._refuse(error)
        finally:
            self.gate.metrics.seen(self.scope, self.status, time.perf_counter() - began)

    async def _answer(self) -> None:
        length = self.headers.get(b"content-length", b"0")
        try:
            entry = self._admit()
            if int(length) > self.limit:
                raise self._too_large()
        except ServiceError as error:
            await self._drain()
            await self._refuse(error)
            return
        if entry is None:
            await self.gate.app(self.scope, self.receive, self.send)
        else:
            await self._send_whole(303, entry, b"")

    def _admit(self) -> list[tuple[bytes, bytes]] | None:
        """Refuse who may not call; what to answer at once where a page brings its token."""
        host = self.headers.get(b"host", b"").decode("latin-1")
        if not self._is_ours(host):
            raise ServiceError(
                "host_refused",
                f"Host: {host[:100]!r} is not a name of this service; call it by its address, or "
                "start it with --allow-host NAME",
            )
        self._check_origin(host)
        return self._check_token()

    def _is_ours(self, host: str) -> bool:
        """Whether a Host header can only come from one who meant this service.

        A page elsewhere can point a name of its own to this machine, but not an address.
        """
        name = _host_name(host)
        if name is None:
            return False
        if name == "localhost" or name in self.gate.settings.hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self.gate.settings.public or address.is_loopback

    def _check_origin(self, host: str) -> None:
        """Refuse what a page elsewhere makes a browser send."""
        origin = self.headers.get(b"origin")
        site = self.headers.get(b"sec-fetch-site", b"none")
        foreign = origin is not None and _origin_host(origin.decode("latin-1")) != host.lower()
        opened = (
            self.headers.get(b"sec-fetch-mode") == b"navigate" and self.scope["method"] == "GET"
        )
        if foreign or (site not in (b"same-origin", b"none") and not opened):
            shown = (origin or site).decode("latin-1")[:100]
            raise ServiceError(
                "origin_refused", f"Origin: {shown!r}: only the service's own page may call it"
            )

    def _check_token(self) -> list[tuple[bytes, bytes]] | None:
        token, path = self.gate.settings.token, self.scope["path"]
        if token is None or path in OPEN:
            return None
        shown = self.headers.get(b"authorization", b"").removeprefix(b"Bearer ")
        if _same(shown, token) or _same(_cookie(self.headers.get(b"cookie", b"")), token):
            return None
        asked = parse_qs(self.scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if path == "/" and _same(asked.encode(), token):
            cookie = f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict"
            return [(b"location", b"/"), (b"set-cookie", cookie.encode())]
        raise ServiceError(
            "unauthorized",
            "a token is needed: Authorization: Bearer TOKEN, or open the address that was printed "
            "at the start",
            headers={"www-authenticate": "Bearer"},
        )

    def _too_large(self) -> ServiceError:
        return ServiceError(
            "body_too_large",
            f"the body is over {self.limit:,} bytes; send fewer or smaller images at once",
            {"limit": self.limit},
        )

    async def receive(self) -> Message:
        """What comes from the caller, up to the limits."""
        message = await self._receive_in_time()
        if message["type"] == "http.request":
            self.came += len(message.get("body", b""))
            self.ended = not message.get("more_body", False)
            if self.came > self.limit:
                await self._drain()
                raise self._too_large()
        return message

    async def _receive_in_time(self) -> Message:
        if self.ended:  # nothing but the caller's leaving is left to come
            return await self._receive()
        try:
            async with asyncio.timeout_at(self.deadline):
                return await self._receive()
        except TimeoutError:
            self.ended = True
            seconds = self.gate.settings.limits.body_seconds
            raise ServiceError(
                "request_slow", f"the body was not there within {seconds:g} s"
            ) from None

    async def _drain(self) -> None:
        """Read off a body that is refused, within bounds: its sender listens only afterwards."""
        if b"100-continue" in self.headers.get(b"expect", b"").lower():
            return
        try:
            async with asyncio.timeout(5):
                while not self.ended and self.came <= _DRAINED * self.limit:
                    message = await self._receive()
                    if message["type"] != "http.request":
                        return
                    self.came += len(message.get("body", b""))
                    self.ended = not message.get("more_body", False)
        except TimeoutError:
            return

    async def send(self, message: Message) -> None:
        """What goes to the caller, with the headers of every answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._completed(message.get("headers", []))
        await self._send(message)

    def _completed(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        own = list(headers)
        names = {name for name, _ in own}
        own += [(name, value) for name, value in _HEADERS.items() if name not in names]
        if not self.ended and self._has_body():
            own.append((b"connection", b"close"))
        return own

    def _has_body(self) -> bool:
        return (
            b"transfer-encoding" in self.headers
            or self.headers.get(b"content-length", b"0") != b"0"
        )

    async def _refuse(self, error: ServiceError) -> None:
        """Answer with an error, unless an answer is on its way already."""
        if self.status:
            raise ConnectionAbortedError(error.message)
        response = error.response()
        await self._send_whole(response.status_code, list(response.raw_headers), error.body())

    async def _send_whole(
        self, status: int, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> None:
        if not any(name == b"content-length" for name, _ in headers):
            headers = [*headers, (b"content-length", b"%d" % len(body))]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _host_name(host: str) -> str | None:
    """The name in a Host header, without its port; None where it is not one."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.netloc == host and "@" not in host else None


def _origin_host(origin: str) -> str:
    """The host and port of an Origin header; empty for ``null``."""
    return origin.lower().partition("://")[2]


def _same(shown: bytes, token: str) -> bool:
    return hmac.compare_digest(shown, token.encode())


def _cookie(header: bytes) -> bytes:
    try:
        found: Any = SimpleCookie(header.decode("latin-1")).get(COOKIE)
    except CookieError:
        return b""
    return found.value.encode() if found else b""
