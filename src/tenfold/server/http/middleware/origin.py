"""Refuse requests that pages of other origins make."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from tenfold.server.http.errors import ServiceError
from tenfold.server.http.middleware.raw_headers import header


class SameOrigin:
    """Middleware against cross-site request forgery (CSRF).

    Checks ``Origin`` and ``Sec-Fetch-Site``, which browsers set and pages cannot change. Programs
    send neither. A link from another site to a page of the service may be followed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request.

        Raises:
            ServiceError: another origin makes the request.
        """
        origin, site = header(scope, b"origin"), header(scope, b"sec-fetch-site")
        if origin is not None or site is not None:
            _check(scope, origin, site)
        await self.app(scope, receive, send)


def _check(scope: Scope, origin: bytes | None, site: bytes | None) -> None:
    host = (header(scope, b"host") or b"").lower()
    other_origin = origin is not None and origin.lower().partition(b"://")[2] != host
    other_site = site not in (None, b"same-origin", b"none")
    navigation = scope["method"] == "GET" and header(scope, b"sec-fetch-mode") == b"navigate"
    if other_origin or (other_site and not navigation):
        shown = (origin or site or b"").decode("latin-1")[:100]
        raise ServiceError(
            "origin_refused", f"Origin: {shown!r}: only the page of the service may call it"
        )
