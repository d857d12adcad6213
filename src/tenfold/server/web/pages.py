"""The files of the page, read once at the start: no path of a request opens a file."""

from __future__ import annotations

import mimetypes
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import Response

from tenfold.core.html_page import BASE_STYLE
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.responses import Content

_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
"""Independent of the tables of the operating system."""


class Pages:
    """The static files, by their path below ``static``, and those that other pages share."""

    def __init__(self) -> None:
        static = resources.files("tenfold.server.web") / "static"
        modules = resources.files("tenfold.page") / "modules"
        base = Content(BASE_STYLE.read_bytes(), "text/css")
        self._files = {BASE_STYLE.name: base} | _read(static, "") | _read(modules, "")

    def response(self, name: str, request: Request) -> Response:
        """Return a file, or 304 if the client has it already.

        Raises:
            ServiceError: there is no such file.
        """
        if name not in self._files:
            raise ServiceError("not_found", f"the page has no file {name[:100]!r}")
        return self._files[name].response(request)


def _read(folder: Traversable, prefix: str) -> dict[str, Content]:
    files: dict[str, Content] = {}
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            files |= _read(entry, f"{name}/")
        else:
            kind = _TYPES.get(PurePosixPath(name).suffix) or mimetypes.guess_type(name)[0]
            files[name] = Content(entry.read_bytes(), kind or "application/octet-stream")
    return files
