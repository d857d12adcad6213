"""Refuse clients that may not call the service: by host name, origin, token and role."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tenfold.server.http.body import header, headers
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.tokens import Tokens
from tenfold.server.settings import PUPIL, Settings

COOKIE = "tenfold-token"
PUBLIC_PATHS = ("/healthz", "/readyz")
"""Health checks need no token."""

PUPIL_PATHS = (
    *("/", "/docs", "/openapi.json", "/page/model", "/v1/model"),
    *("/v1/predict", "/v1/read", "/v1/picture", "/v1/explain"),
)
"""What pupils may call, besides the files of the page; all else is for teachers."""


class AccessControl:
    """Middleware with four checks.

    - Host, against DNS rebinding: a page elsewhere can point a name of its own at this machine,
      but it cannot make the browser send an IP address, ``localhost`` or an allowed name.
    - Origin, against cross-site request forgery (CSRF): browsers set ``Origin`` and
      ``Sec-Fetch-Site``, pages cannot change them, and programs send neither. A link from another
      site to a page of the service may be followed.
    - Token, if there is one: as a bearer token or in the cookie of the page. A browser opens
      ``/?token=TOKEN`` once; it gets the cookie and is redirected to ``/``, so that the token
      does not stay in the address bar. Browsers send the cookies of all ports of a host, so its
      name contains the port.
    - Role, which the token has: pupils draw and read, teachers may call everything.

    The role is passed on as ``scope["role"]``.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings, self.tokens = app, settings, Tokens(settings)
        self._is_trusted = lru_cache(256)(self._is_own_name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request.

        Raises:
            ServiceError: the host is unknown, another origin makes the request, or the token is
                missing, wrong, or that of a pupil where a teacher's is needed.
        """
        host = header(scope, b"host") or b""
        if not self._is_trusted(host):
            raise ServiceError(
                "host_refused",
                f"Host: {host.decode('latin-1')[:100]!r} is not a name of this service; call it "
                "by its IP address, or start it with --allow-host NAME",
            )
        _check_origin(scope, host)
        path = scope["path"]
        if path not in PUBLIC_PATHS and self.tokens.required:
            client = (scope.get("client") or ("",))[0]
            given = [_bearer(scope), *_cookies(scope, cookie_name(host))]
            link = _query_token(scope) if path == "/" else b""
            role, token = await self.tokens.role([link, *given], client)
            if link and token == link:
                await _set_cookie(cookie_name(host), link)(scope, receive, send)
                return
            if role == PUPIL and path not in PUPIL_PATHS and not path.startswith("/static/"):
                raise ServiceError(
                    "role_refused", "this address is for drawing and reading; teachers have another"
                )
            scope["role"] = role
        await self.app(scope, receive, send)

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


def _bearer(scope: Scope) -> bytes:
    scheme, _, token = (header(scope, b"authorization") or b"").strip().partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


def _query_token(scope: Scope) -> bytes:
    query = str(scope["query_string"], "latin-1")
    return parse_qs(query).get("token", [""])[0].encode()


def cookie_name(host: bytes) -> bytes:
    """Return the name of the page's cookie at a host; its port tells services apart."""
    port = urlsplit(f"//{host.decode('latin-1')}").port or 80
    return f"{COOKIE}-{port}".encode()


def _cookies(scope: Scope, name: bytes) -> list[bytes]:
    """Return the values of a cookie; what others set on this host may be malformed."""
    pairs = [pair for line in headers(scope, b"cookie") for pair in line.split(b";")]
    named = [pair.partition(b"=") for pair in pairs]
    return [value.strip() for key, _, value in named if key.strip() == name]


def _set_cookie(name: bytes, token: bytes) -> Response:
    cookie = f"{name.decode()}={token.decode()}; Path=/; HttpOnly; SameSite=Strict"
    return Response(status_code=303, headers={"location": "/", "set-cookie": cookie})
