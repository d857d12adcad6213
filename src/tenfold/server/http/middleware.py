"""The gate: what every request passes, with limits on what comes and how long it takes."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenfold.server.http.access import Admission
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.telemetry import Metrics
from tenfold.server.settings import Limits, Settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; frame-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
_ALWAYS = {
    b"cache-control": b"no-store",
    b"cross-origin-resource-policy": b"same-origin",
    b"x-content-type-options": b"nosniff",
}
_OF_PAGES = {
    **_ALWAYS,
    b"content-security-policy": POLICY.encode(),
    b"cross-origin-opener-policy": b"same-origin",
    b"permissions-policy": b"camera=(self), geolocation=(), microphone=()",
    b"referrer-policy": b"no-referrer",
}
_DRAINED = 4
"""How many bodies' worth of a body that is too long are read off, so that its sender listens."""

log = logging.getLogger("tenfold.server")


class Gate:
    """Middleware, outermost.

    Args:
        app: what answers.
        settings: who may call, and the limits.
        metrics: what is counted.
    """

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._limits, self._metrics = app, settings.limits, metrics
        self._admission = Admission(settings)
        self._held = Held(settings.limits.held)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it with an error."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        passage = _Passage(scope, receive, send, self._limits, self._held)
        try:
            async with asyncio.timeout(passage.seconds()) as passage.timer:
                await self._answer(passage)
        except TimeoutError:
            await passage.refuse(passage.lateness())
        except ServiceError as error:
            await passage.refuse(error)
        except Exception:
            log.exception("%s %s", scope["method"], scope["path"])
            await passage.refuse(ServiceError("internal", "a fault of the service; see its log"))
        finally:
            passage.let_go()
            self._metrics.seen(scope["path"], passage.status, time.perf_counter() - began)

    async def _answer(self, passage: _Passage) -> None:
        try:
            cookie = self._admission.check(passage.scope, passage.headers)
            passage.check_length()
        except ServiceError:
            await passage.drain()
            raise
        if cookie is None:
            await self._app(passage.scope, passage.receive, passage.send)
        else:
            await passage.redirect(cookie)


@dataclass
class Held:
    """How many bytes of bodies are held, of how many at most."""

    most: int
    bytes: int = 0


class _Passage:
    """One request on its way through the gate, and its answer on the way back."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, limits: Limits, held: Held
    ) -> None:
        self.scope, self._receive, self._send, self._limits = scope, receive, send, limits
        self._held = held
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.timer: asyncio.Timeout | None = None
        self.status, self.came = 0, 0
        self._ended = not (
            b"transfer-encoding" in self.headers
            or self.headers.get(b"content-length", b"0") != b"0"
        )

    def seconds(self) -> float:
        """How long it may take until the body is there; where there is none, until the answer."""
        return self._limits.request_seconds if self._ended else self._limits.body_seconds

    def _came_whole(self) -> None:
        self._ended = True
        if self.timer is not None:
            left = self._limits.request_seconds
            self.timer.reschedule(asyncio.get_running_loop().time() + left)

    def check_length(self) -> None:
        """Refuse a body that says itself to be too long."""
        length = self.headers.get(b"content-length", b"0")
        if not length.isdigit():
            raise ServiceError("bad_request", "Content-Length: not a number")
        if int(length) > self._limits.body:
            raise self._too_large()

    def _too_large(self) -> ServiceError:
        limit = self._limits.body
        return ServiceError(
            "body_too_large",
            f"the body is over {limit:,} bytes; send fewer or smaller images at once",
            {"limit": limit},
        )

    def lateness(self) -> ServiceError:
        """Why the time was up: the caller was slow, or the service."""
        if not self._ended:
            seconds = self._limits.body_seconds
            return ServiceError("request_slow", f"the body was not there within {seconds:g} s")
        return ServiceError("timeout", f"not answered within {self._limits.request_seconds:g} s")

    async def receive(self) -> Message:
        """What comes from the caller, up to the limit."""
        message = await self._receive()
        if message["type"] == "http.request" and not self._ended:
            length = len(message.get("body", b""))
            self.came += length
            self._held.bytes += length
            if not message.get("more_body", False):
                self._came_whole()
            if self.came > self._limits.body:
                await self.drain()
                raise self._too_large()
            if self._held.bytes > self._held.most:
                await self.drain()
                raise ServiceError("busy", "too many large bodies at once; come again")
        return message

    def let_go(self) -> None:
        """Hold nothing of the body any longer."""
        self._held.bytes -= self.came
        self.came = 0

    async def drain(self) -> None:
        """Read off a body that is refused, within bounds: its sender listens only afterwards."""
        self.let_go()
        if b"100-continue" in self.headers.get(b"expect", b"").lower():
            return
        try:
            async with asyncio.timeout(5):
                left = _DRAINED * self._limits.body
                while not self._ended and left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    self._ended = not message.get("more_body", False)
        except TimeoutError:
            return

    async def send(self, message: Message) -> None:
        """What goes to the caller, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = dict(message.get("headers", []))
            kind = own.get(b"content-type", b"")
            own = {**(_ALWAYS if kind == b"application/json" else _OF_PAGES), **own}
            if not self._ended:
                own[b"connection"] = b"close"
            message["headers"] = list(own.items())
        await self._send(message)

    async def refuse(self, error: ServiceError) -> None:
        """Answer with an error; an answer that is on its way already is cut off."""
        if self.status:
            self.scope.get("abort", _nothing)()
        else:
            await error.response()(self.scope, self._receive, self.send)

    async def redirect(self, cookie: str) -> None:
        """Send the page's caller to the page without the token in its address."""
        headers = {"location": "/", "set-cookie": cookie}
        await Response(status_code=303, headers=headers)(self.scope, self._receive, self.send)


def _nothing() -> None:
    """Cut nothing off: other servers than tenfold's own do so themselves."""
