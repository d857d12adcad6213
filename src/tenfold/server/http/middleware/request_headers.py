"""Check the headers of a request, and serve HEAD as GET without the body."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenfold.server.http.body import headers
from tenfold.server.http.errors import ServiceError
from tenfold.server.settings import Limits

_LINE_BYTES = 4  # ": " and the end of the line
_PLAIN = {b"content-encoding": "identity", b"transfer-encoding": "chunked"}


class RequestHeaders:
    """Middleware that refuses headers which are too large, ambiguous, or ask for too much.

    - Request line and headers within ``limits.header_bytes``, also when they come in one piece.
    - Exactly one ``Host``: a proxy in front may look at another one than the service.
    - No encoding of the body: compressed bytes would be taken for pixels.

    HEAD is answered as GET is, without the body.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self.limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request.

        Raises:
            ServiceError: the headers are refused.
        """
        self._check(scope)
        if scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"}, receive, send_without_body)

    def _check(self, scope: Scope) -> None:
        line = len(scope.get("raw_path", b"")) + len(scope["query_string"])
        size = line + sum(len(name) + len(value) + _LINE_BYTES for name, value in scope["headers"])
        if size > self.limits.header_bytes:
            raise headers_too_large(self.limits)
        hosts = len(headers(scope, b"host"))
        if hosts != 1:
            raise ServiceError("bad_request", f"{hosts} Host headers; send one")
        for name, plain in _PLAIN.items():
            values = b",".join(headers(scope, name)).decode("latin-1").lower().split(",")
            if unknown := {value.strip() for value in values} - {"", plain}:
                raise ServiceError(
                    "type_unsupported",
                    f"{name.decode().title()}: {sorted(unknown)[0][:100]!r}; send the body without "
                    "an encoding",
                    headers={"accept-encoding": "identity"},
                )


def headers_too_large(limits: Limits) -> ServiceError:
    """Return the error for a request line and headers over the limit."""
    return ServiceError("headers_too_large", f"headers of over {limits.header_bytes:,} bytes")
