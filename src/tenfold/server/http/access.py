"""Who may call: by the name they call, the page they call from, and the token they show."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.types import Scope

from tenfold.server.http.errors import ServiceError
from tenfold.server.settings import Settings

COOKIE = "tenfold-token"
OPEN = ("/healthz", "/readyz")
"""What a watchdog may ask without a token."""

Headers = Mapping[bytes, bytes]


class Admission:
    """Decides who may call.

    Args:
        settings: names, token, and whether callers may be on other machines.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._is_ours = lru_cache(256)(self._find_out)

    def check(self, scope: Scope, headers: Headers) -> str | None:
        """Let a request pass, or refuse it.

        Returns:
            A cookie to set where a page was opened with its token in the address, which is then
            to be opened without; None otherwise.

        Raises:
            ServiceError: it is refused.
        """
        host = headers.get(b"host", b"")
        if not self._is_ours(host):
            raise ServiceError(
                "host_refused",
                f"Host: {host.decode('latin-1')[:100]!r} is not a name of this service; call it "
                "by its address, or start it with --allow-host NAME",
            )
        if b"origin" in headers or b"sec-fetch-site" in headers:
            _check_origin(scope["method"], host, headers)
        return None if self._settings.token is None else self._check_token(scope, headers)

    def _find_out(self, host: bytes) -> bool:
        """Whether a Host header can only come from one who meant this service.

        A page elsewhere can point a name of its own at this machine, but not an address.
        """
        name = _name(host.decode("latin-1"))
        if name is None:
            return False
        if name == "localhost" or name in self._settings.hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._settings.public or address.is_loopback

    def _check_token(self, scope: Scope, headers: Headers) -> str | None:
        path, token = scope["path"], (self._settings.token or "").encode()
        shown = (
            headers.get(b"authorization", b"").removeprefix(b"Bearer "),
            _cookie(headers.get(b"cookie", b"")),
        )
        if path in OPEN or any(hmac.compare_digest(one, token) for one in shown):
            return None
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if path == "/" and hmac.compare_digest(asked.encode(), token):
            return f"{COOKIE}={token.decode()}; Path=/; HttpOnly; SameSite=Strict"
        raise ServiceError(
            "unauthorized",
            "a token is needed: Authorization: Bearer TOKEN, or open the address that was printed "
            "at the start",
            headers={"www-authenticate": "Bearer"},
        )


def _check_origin(method: str, host: bytes, headers: Headers) -> None:
    """Refuse what a page elsewhere makes a browser send; a link to the service may be followed."""
    origin = headers.get(b"origin")
    site = headers.get(b"sec-fetch-site", b"none")
    foreign = origin is not None and origin.lower().partition(b"://")[2] != host.lower()
    followed = method == "GET" and headers.get(b"sec-fetch-mode") == b"navigate"
    if foreign or (site not in (b"same-origin", b"none") and not followed):
        shown = (origin or site).decode("latin-1")[:100]
        raise ServiceError(
            "origin_refused", f"Origin: {shown!r}: only the service's own page may call it"
        )


def _name(host: str) -> str | None:
    """The name in a Host header, without its port; None where it is not one."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.netloc == host and "@" not in host else None


def _cookie(header: bytes) -> bytes:
    try:
        found: Any = SimpleCookie(header.decode("latin-1")).get(COOKIE)
    except CookieError:
        return b""
    return found.value.encode() if found else b""
