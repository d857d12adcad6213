"""Require a token from every client."""

from __future__ import annotations

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tenfold.server.http.errors import ServiceError
from tenfold.server.http.middleware.raw_headers import header

COOKIE = "tenfold-token"
PUBLIC_PATHS = ("/healthz", "/readyz")
"""Health checks need no token."""


class TokenAuthentication:
    """Middleware that requires the token, as a bearer token or in the cookie of the page.

    A browser opens ``/?token=TOKEN`` once; it gets the cookie and is redirected to ``/``, so that
    the token does not stay in the address bar.

    Args:
        app: the application.
        token: the secret.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app, self.token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request.

        Raises:
            ServiceError: the token is missing or wrong.
        """
        if scope["path"] in PUBLIC_PATHS or self._has_token(scope):
            await self.app(scope, receive, send)
        elif scope["path"] == "/" and self._is_token(_query_token(scope)):
            cookie = f"{COOKIE}={self.token.decode()}; Path=/; HttpOnly; SameSite=Strict"
            redirect = Response(status_code=303, headers={"location": "/", "set-cookie": cookie})
            await redirect(scope, receive, send)
        else:
            raise ServiceError(
                "unauthorized",
                "a token is required: send Authorization: Bearer TOKEN, or open the address that "
                "was printed at the start",
                headers={"www-authenticate": "Bearer"},
            )

    def _has_token(self, scope: Scope) -> bool:
        bearer = (header(scope, b"authorization") or b"").removeprefix(b"Bearer ")
        return self._is_token(bearer) or self._is_token(_cookie(header(scope, b"cookie") or b""))

    def _is_token(self, value: bytes) -> bool:
        return hmac.compare_digest(value, self.token)  # takes the same time for any wrong value


def _query_token(scope: Scope) -> bytes:
    query = str(scope["query_string"], "latin-1")
    return parse_qs(query).get("token", [""])[0].encode()


def _cookie(value: bytes) -> bytes:
    try:
        cookies = SimpleCookie(value.decode("latin-1"))
    except CookieError:
        return b""
    return cookies[COOKIE].value.encode() if COOKIE in cookies else b""
