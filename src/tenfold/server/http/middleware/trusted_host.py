"""Refuse requests whose ``Host`` header does not name this service."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from tenfold.server.http.errors import ServiceError
from tenfold.server.http.middleware.raw_headers import header


class TrustedHost:
    """Middleware against DNS rebinding.

    A page elsewhere can point a name of its own at this machine, but it cannot make the browser
    send an IP address, ``localhost`` or an allowed name as the host.

    Args:
        app: the application.
        hosts: allowed names, in lower case.
        public: whether any IP address is accepted, or loopback addresses only.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...], public: bool) -> None:
        self.app, self.hosts, self.public = app, hosts, public
        self._is_trusted = lru_cache(256)(self._check)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request.

        Raises:
            ServiceError: the host is not trusted.
        """
        host = header(scope, b"host") or b""
        if not self._is_trusted(host):
            raise ServiceError(
                "host_refused",
                f"Host: {host.decode('latin-1')[:100]!r} is not a name of this service; call it "
                "by its IP address, or start it with --allow-host NAME",
            )
        await self.app(scope, receive, send)

    def _check(self, host: bytes) -> bool:
        name = _host_name(host.decode("latin-1"))
        if name is None:
            return False
        if name == "localhost" or name in self.hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self.public or address.is_loopback


def _host_name(host: str) -> str | None:
    """Return the name in a ``Host`` header without the port, or None if it is malformed."""
    try:
        url = urlsplit(f"//{host}")
        _ = url.port  # raises ValueError
    except ValueError:
        return None
    return url.hostname if url.netloc == host and "@" not in host else None
