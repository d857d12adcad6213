"""JSON responses."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

JSON = "application/json"


def as_json(value: Any) -> bytes:
    """Encode a value as compact JSON in UTF-8.

    Example:
        >>> as_json({"label": "7"})
        b'{"label":"7"}'
    """
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a value as a JSON response."""
    return Response(as_json(value), status, headers, JSON)
