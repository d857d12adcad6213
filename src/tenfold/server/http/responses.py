"""Responses: JSON, and content that a client may hold already."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

JSON = "application/json"


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a value as compact JSON in UTF-8."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode(), status, headers, JSON)


class Content:
    """Content with an ETag.

    Args:
        content: the bytes.
        media_type: of the content.
    """

    def __init__(self, content: bytes, media_type: str) -> None:
        self.content, self.media_type = content, media_type
        self.etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'

    def response(self, request: Request) -> Response:
        """Return the content, or 304 if the client has it already."""
        headers = {"etag": self.etag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == self.etag:
            return Response(status_code=304, headers=headers)
        return Response(self.content, headers=headers, media_type=self.media_type)
