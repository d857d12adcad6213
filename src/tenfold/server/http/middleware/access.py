"""Refuse clients that may not call the service: by host name, origin and token."""

from __future__ import annotations

import hmac
import ipaddress
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tenfold.server.http.body import header
from tenfold.server.http.errors import ServiceError
from tenfold.server.settings import Settings

COOKIE = "tenfold-token"
PUBLIC_PATHS = ("/healthz", "/readyz")
"""Health checks need no token."""


class AccessControl:
    """Middleware with three checks.

    - Host, against DNS rebinding: a page elsewhere can point a name of its own at this machine,
      but it cannot make the browser send an IP address, ``localhost`` or an allowed name.
    - Origin, against cross-site request forgery (CSRF): browsers set ``Origin`` and
      ``Sec-Fetch-Site``, pages cannot change them, and programs send neither. A link from another
      site to a page of the service may be followed.
    - Token, if there is one: as a bearer token or in the cookie of the page. A browser opens
      ``/?token=TOKEN`` once; it gets the cookie and is redirected to ``/``, so that the token
      does not stay in the address bar.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self.token = None if settings.token is None else settings.token.encode()
        self._is_trusted = lru_cache(256)(self._is_own_name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request.

        Raises:
            ServiceError: the host is unknown, another origin makes the request, or the token is
                missing or wrong.
        """
        host = header(scope, b"host") or b""
        if not self._is_trusted(host):
            raise ServiceError(
                "host_refused",
                f"Host: {host.decode('latin-1')[:100]!r} is not a name of this service; call it "
                "by its IP address, or start it with --allow-host NAME",
            )
        _check_origin(scope, host)
        if self.token is None or scope["path"] in PUBLIC_PATHS or self._has_token(scope):
            await self.app(scope, receive, send)
        elif scope["path"] == "/" and self._is_token(_query_token(scope)):
            cookie = f"{COOKIE}={self.settings.token}; Path=/; HttpOnly; SameSite=Strict"
            redirect = Response(status_code=303, headers={"location": "/", "set-cookie": cookie})
            await redirect(scope, receive, send)
        else:
            raise ServiceError(
                "unauthorized",
                "a token is required: send Authorization: Bearer TOKEN, or open the address that "
                "was printed at the start",
                headers={"www-authenticate": "Bearer"},
            )

    def _is_own_name(self, host: bytes) -> bool:
        name = _host_name(host.decode("latin-1"))
        if name is None:
            return False
        if name == "localhost" or name in self.settings.hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self.settings.public or address.is_loopback

    def _has_token(self, scope: Scope) -> bool:
        bearer = (header(scope, b"authorization") or b"").removeprefix(b"Bearer ")
        return self._is_token(bearer) or self._is_token(_cookie(header(scope, b"cookie") or b""))

    def _is_token(self, value: bytes) -> bool:
        # Takes the same time for any wrong value.
        return self.token is not None and hmac.compare_digest(value, self.token)


def _host_name(host: str) -> str | None:
    """Return the name in a ``Host`` header without the port, or None if it is malformed."""
    try:
        url = urlsplit(f"//{host}")
        _ = url.port  # raises ValueError
    except ValueError:
        return None
    return url.hostname if url.netloc == host and "@" not in host else None


def _check_origin(scope: Scope, host: bytes) -> None:
    origin, site = header(scope, b"origin"), header(scope, b"sec-fetch-site")
    other_origin = origin is not None and origin.lower().partition(b"://")[2] != host.lower()
    other_site = site not in (None, b"same-origin", b"none")
    navigation = scope["method"] == "GET" and header(scope, b"sec-fetch-mode") == b"navigate"
    if other_origin or (other_site and not navigation):
        shown = (origin or site or b"").decode("latin-1")[:100]
        raise ServiceError(
            "origin_refused", f"Origin: {shown!r}: only the page of the service may call it"
        )


def _query_token(scope: Scope) -> bytes:
    query = str(scope["query_string"], "latin-1")
    return parse_qs(query).get("token", [""])[0].encode()


def _cookie(value: bytes) -> bytes:
    try:
        cookies = SimpleCookie(value.decode("latin-1"))
    except CookieError:
        return b""
    return cookies[COOKIE].value.encode() if COOKIE in cookies else b""
