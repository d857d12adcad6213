"""The files of the page, read once at the start: no path of a request opens a file."""

from __future__ import annotations

import hashlib
import mimetypes
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from tenfold.server.http.errors import ServiceError

_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
"""Independent of the tables of the operating system."""


class _File(NamedTuple):
    content: bytes
    media_type: str
    etag: str


class Pages:
    """The static files, by their path below ``static``."""

    def __init__(self) -> None:
        self._files = _read(resources.files("tenfold.server.web") / "static", "")

    def response(self, name: str, request: Request) -> Response:
        """Return a file, or 304 if the client has it already.

        Raises:
            ServiceError: there is no such file.
        """
        if name not in self._files:
            raise ServiceError("not_found", f"the page has no file {name[:100]!r}")
        content, media_type, etag = self._files[name]
        headers = {"etag": etag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=media_type)


def _read(folder: Traversable, prefix: str) -> dict[str, _File]:
    files: dict[str, _File] = {}
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            files |= _read(entry, f"{name}/")
        else:
            content = entry.read_bytes()
            kind = _TYPES.get(PurePosixPath(name).suffix) or mimetypes.guess_type(name)[0]
            etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            files[name] = _File(content, kind or "application/octet-stream", etag)
    return files
