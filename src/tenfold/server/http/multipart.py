"""Uploaded files of a multipart form, parsed in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from tenfold.server.http.errors import ServiceError

_HELP = "send it as curl -F file=@IMAGE does"
_OTHER_FIELDS = 16
"""Additional form fields that a client may send."""


class _InMemoryParser(MultiPartParser):
    """Starlette's parser, without its spool files, that notices a truncated body."""

    spool_max_size = 0
    """``SpooledTemporaryFile`` never moves to disk at 0; the body limit bounds the memory."""

    complete = False

    def on_end(self) -> None:
        self.complete = True


async def read_files(
    content_type: str, stream: AsyncGenerator[bytes, None], max_files: int, max_bytes: int
) -> list[bytes]:
    """Return the content of the parts named ``file``, in their order.

    Args:
        content_type: the ``Content-Type`` header with the boundary.
        stream: the chunks of the body.
        max_files: the largest number of files.
        max_bytes: the largest size of one part.

    Raises:
        ServiceError: the form is malformed, or has no file or too many.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"").decode("latin-1")
    if not boundary or len(boundary) > 70 or '"' in boundary:  # RFC 2046
        raise ServiceError("body_malformed", f"multipart without a valid boundary; {_HELP}")
    # Starlette decodes parts without a file name to text. Latin-1 maps every byte to one
    # character, so their bytes can be restored.
    headers = Headers(
        {"content-type": f'multipart/form-data; boundary="{boundary}"; charset=latin-1'}
    )
    parser = _InMemoryParser(
        headers,
        stream,
        max_files=max_files + _OTHER_FIELDS,
        max_fields=max_files + _OTHER_FIELDS,
        max_part_size=max_bytes,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many"):
            raise _too_many(max_files) from None
        raise ServiceError(
            "body_malformed", f"malformed multipart ({error.message}); {_HELP}"
        ) from None
    except (FormParserError, ValueError) as error:
        raise ServiceError("body_malformed", f"malformed multipart ({error}); {_HELP}") from None
    if not parser.complete:
        raise ServiceError("body_malformed", f"the multipart body is truncated; {_HELP}")
    parts = form.getlist("file")
    if not parts:
        raise ServiceError("body_malformed", f"no part named 'file'; {_HELP}")
    if len(parts) > max_files:
        raise _too_many(max_files)
    return [
        await part.read() if isinstance(part, UploadFile) else part.encode("latin-1")
        for part in parts
    ]


def _too_many(max_files: int) -> ServiceError:
    return ServiceError("images_too_many", f"more than {max_files:,} files; send fewer at once")
