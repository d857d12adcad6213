"""The page and its files: read once at the start, so that no path of a caller opens anything."""

from __future__ import annotations

import hashlib
import mimetypes
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response

from tenfold.server.http.errors import ServiceError

_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


class Pages:
    """The static files of the page, by name."""

    def __init__(self) -> None:
        self._files = dict(_read(resources.files("tenfold.server.web") / "static", ""))

    def answer(self, name: str, request: Request) -> Response:
        """A file of the page.

        Raises:
            ServiceError: there is none of that name.
        """
        if name not in self._files:
            raise ServiceError("not_found", f"no file {name[:100]!r} belongs to the page")
        content, kind, tag = self._files[name]
        headers = {"etag": tag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=kind)


def _read(folder: Traversable, place: str) -> list[tuple[str, tuple[bytes, str, str]]]:
    found: list[tuple[str, tuple[bytes, str, str]]] = []
    for entry in folder.iterdir():
        name = f"{place}{entry.name}"
        if entry.is_dir():
            found += _read(entry, f"{name}/")
        else:
            content = entry.read_bytes()
            kind = _TYPES.get(name[name.rfind(".") :]) or mimetypes.guess_type(name)[0]
            tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            found.append((name, (content, kind or "application/octet-stream", tag)))
    return found
