"""Lookups in the raw headers of an ASGI scope, which cost less than Starlette's ``Headers``."""

from __future__ import annotations

from starlette.types import Scope


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return the value of a header, or None if it is missing.

    Args:
        scope: of an HTTP request.
        name: in lower case.
    """
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


def has_body(scope: Scope) -> bool:
    """Whether the headers of a request announce a body."""
    return any(
        (name == b"content-length" and value != b"0") or name == b"transfer-encoding"
        for name, value in scope["headers"]
    )
