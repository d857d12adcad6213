"""Files out of a multipart body, in memory: what is uploaded touches no disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from tenfold.server.http.errors import ServiceError

_HELP = "send it as curl -F file=@IMAGE does"
_OTHERS = 16
"""Parts that may come beside the files."""


@dataclass
class Part:
    """One part of a form: its name and what it holds."""

    name: str
    content: bytearray


class _Parts:
    """Collects parts from the parser's calls."""

    def __init__(self, most: int) -> None:
        self.found: list[Part] = []
        self.most, self.ended = most, False
        self._header, self._value = b"", b""
        self._name = ""

    def on_part_begin(self) -> None:
        if len(self.found) >= self.most:
            raise ServiceError("images_too_many", f"over {self.most:,} parts; send fewer at once")
        self._header, self._value, self._name = b"", b"", ""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            name = parse_options_header(self._value)[1].get(b"name", b"")
            self._name = name.decode("utf-8", "replace")
        self._header, self._value = b"", b""

    def on_headers_finished(self) -> None:
        self.found.append(Part(self._name, bytearray()))

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self.found[-1].content += data[start:end]

    def on_end(self) -> None:
        self.ended = True


def files(content_type: str, body: bytes, most: int) -> list[bytes]:
    """The parts called ``file`` of a form, in their order.

    Args:
        content_type: the header, which holds the boundary.
        body: of the request.
        most: how many files are allowed.

    Raises:
        ServiceError: the form is malformed, has no file, or too many.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary or len(boundary) > 70:  # RFC 2046
        raise ServiceError("body_malformed", f"multipart without a usable boundary; {_HELP}")
    parts = _Parts(most + _OTHERS)
    names = [name for name in dir(parts) if name.startswith("on_")]
    callbacks: Any = {name: getattr(parts, name) for name in names}
    parser = MultipartParser(boundary, callbacks)
    try:
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise ServiceError("body_malformed", f"malformed multipart ({error}); {_HELP}") from None
    if not parts.ended:
        raise ServiceError("body_malformed", f"the multipart body is cut short; {_HELP}")
    found = [bytes(part.content) for part in parts.found if part.name == "file"]
    if not found:
        raise ServiceError("body_malformed", f"no part called 'file'; {_HELP}")
    if len(found) > most:
        raise ServiceError(
            "images_too_many", f"{len(found):,} files, over {most:,}; send fewer at once"
        )
    return found
