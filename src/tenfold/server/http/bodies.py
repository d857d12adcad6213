"""What callers send: images of the size a network takes, or a picture to be read."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from starlette.types import Receive, Scope

from tenfold.core.errors import InputError
from tenfold.data.convert import as_batch
from tenfold.server.http import multipart
from tenfold.server.http.errors import ServiceError
from tenfold.server.settings import Limits

if TYPE_CHECKING:
    from PIL.Image import Image

Images = npt.NDArray[np.uint8]

OCTETS, JSON, FORM = "application/octet-stream", "application/json", "multipart/form-data"
SMALL_FORMATS = ("PNG", "JPEG")
PICTURE_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")


async def whole(receive: Receive) -> bytes:
    """The body of a request; the gate has limited it.

    Raises:
        ServiceError: the caller left before all of it was there.
    """
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        return body
    chunks = []
    while message["type"] == "http.request":
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await receive()
    raise ServiceError("bad_request", "the caller left before the body was there")


def content_type(scope: Scope) -> str:
    """The Content-Type of a request; empty without one."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            return str(value, "latin-1")
    return ""


async def images_of(kind: str, body: bytes, shape: tuple[int, int], limits: Limits) -> Images:
    """The images of a request: uint8 ``[n, height, width]``.

    Args:
        kind: the Content-Type.
        body: of the request.
        shape: height and width that the network takes.
        limits: of a request.

    Raises:
        ServiceError: they cannot be used; the code tells why.
    """
    if kind.startswith("image/"):
        return small_image(body, shape)[None]
    media = _media(kind)
    if media == OCTETS:
        return _from_bytes(body, shape, limits)
    if media == JSON:
        return await asyncio.to_thread(_from_json, body, shape, limits)
    if media == FORM:
        return await asyncio.to_thread(_from_form, kind, body, shape, limits)
    raise _unsupported(kind, f"image/png, image/jpeg, {OCTETS}, {JSON} or {FORM}")


async def image_of(kind: str, body: bytes, shape: tuple[int, int], limits: Limits) -> Images:
    """The one image of a request: uint8 ``[height, width]``; see ``images_of``."""
    images = await images_of(kind, body, shape, limits)
    if len(images) > 1:
        raise ServiceError("images_too_many", f"{len(images):,} images; send one")
    image: Images = images[0]
    return image


def _media(kind: str) -> str:
    return kind.partition(";")[0].strip().lower()


def _from_form(kind: str, body: bytes, shape: tuple[int, int], limits: Limits) -> Images:
    found = multipart.files(kind, body, limits.images)
    return np.stack([small_image(file, shape) for file in found])


def _unsupported(kind: str, allowed: str) -> ServiceError:
    return ServiceError("type_unsupported", f"Content-Type: {kind[:100]!r}; send {allowed}")


def small_image(data: bytes, shape: tuple[int, int]) -> Images:
    """A PNG or JPEG of the network's size as uint8 ``[height, width]``, colours as grey.

    Raises:
        ServiceError: it cannot be read, or has another size.
    """
    height, width = shape
    image = _opened(data, SMALL_FORMATS, height * width)
    if image.size != (width, height):
        raise ServiceError(
            "image_size",
            f"an image of {image.width}x{image.height} pixels; the network takes {width}x{height}, "
            "and /v1/read takes photos of any size",
        )
    try:
        if image.mode != "L":
            image = image.convert("L")
        return np.asarray(image)
    except Exception as error:  # decoders raise all sorts of things at damaged files
        raise _unreadable(error) from None


def picture_of(kind: str, body: bytes, limits: Limits) -> Image:
    """The picture of a request, opened but not decoded.

    Raises:
        ServiceError: it is no picture, or too large.
    """
    if _media(kind) == FORM:
        (body,) = multipart.files(kind, body, 1)
    elif not kind.startswith("image/"):
        raise _unsupported(kind, f"image/png, image/jpeg or {FORM}")
    image = _opened(body, PICTURE_FORMATS, limits.pixels)
    if image.width * image.height > limits.pixels:
        raise ServiceError(
            "image_too_large",
            f"a picture of {image.width:,}x{image.height:,} pixels, over {limits.pixels:,}; "
            "reduce or crop it",
            {"limit": limits.pixels},
        )
    return image


def _opened(data: bytes, formats: tuple[str, ...], most: int) -> Image:
    from PIL import Image as pillow

    try:
        return pillow.open(io.BytesIO(data), formats=formats)
    except pillow.DecompressionBombError:
        raise ServiceError(
            "image_too_large",
            f"a picture of far over {most:,} pixels; reduce or crop it",
            {"limit": most},
        ) from None
    except Exception as error:  # decoders raise all sorts of things at damaged files
        raise _unreadable(error, formats) from None


def _unreadable(error: Exception, formats: tuple[str, ...] = SMALL_FORMATS) -> ServiceError:
    reason = "" if "identify" in str(error) else f" ({' '.join(str(error).split())[:100]})"
    return ServiceError(
        "image_unreadable", f"not a picture that can be read{reason}; send {', '.join(formats)}"
    )


def _from_bytes(body: bytes, shape: tuple[int, int], limits: Limits) -> Images:
    pixels = shape[0] * shape[1]
    n, rest = divmod(len(body), pixels)
    if rest or not n:
        raise ServiceError(
            "image_size",
            f"{len(body):,} bytes; send {shape[0]}x{shape[1]} = {pixels:,} an image, row by row",
        )
    _check_count(n, limits)
    return np.frombuffer(body, np.uint8).reshape(n, *shape)


def _check_count(n: int, limits: Limits) -> None:
    if n > limits.images:
        raise ServiceError(
            "images_too_many",
            f"{n:,} images, over {limits.images:,}; send fewer at once",
            {"limit": limits.images},
        )


def _from_json(body: bytes, shape: tuple[int, int], limits: Limits) -> Images:
    values = json_of(JSON, body)
    images = values.get("images")
    if not isinstance(images, list) or not images:
        raise ServiceError(
            "invalid", 'images: missing or empty; send {"images": [[[0, ...], ...]]}'
        )
    _check_count(len(images), limits)
    try:
        rows = [row for image in images for row in image]
        # An array of texts would take the longest one's room for each of them.
        if not {kind for row in rows for kind in map(type, row)} <= {int, float}:
            raise ServiceError("invalid", "images: not all of it is numbers")
        array = np.array(images)
        if array.shape[1:] != shape:
            raise ValueError(array.shape)
        return as_batch(array, shape)
    except InputError as error:
        raise ServiceError("invalid", str(error)) from None
    except (ValueError, TypeError, OverflowError):
        height, width = shape
        raise ServiceError(
            "invalid", f"images: give n lists of {height} lists of {width} numbers"
        ) from None


def json_of(kind: str, body: bytes) -> dict[str, Any]:
    """A body as a JSON object.

    Raises:
        ServiceError: it is none.
    """
    if _media(kind) != JSON:
        raise _unsupported(kind, JSON)
    try:
        values = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ServiceError("body_malformed", "the body is not JSON in UTF-8") from None
    if not isinstance(values, dict):
        raise ServiceError("body_malformed", "the body is JSON, but not an object {...}")
    return values


def _refuse_constant(name: str) -> float:
    raise ValueError(name)
