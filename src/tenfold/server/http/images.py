"""Images in the body of a request: arrays of the model's size, or one picture of any size."""

from __future__ import annotations

import asyncio
import io
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from starlette.requests import ClientDisconnect, Request

from tenfold.core.errors import InputError
from tenfold.core.image_shape import ImageShape, is_colour
from tenfold.data.image_files import FORMATS
from tenfold.data.picture_files import ALL_FORMATS, kind_of
from tenfold.data.value_range import ValueRange, to_uint8
from tenfold.export.predictor import Predictor
from tenfold.server.http.body import (
    FORM,
    OCTETS,
    content_type,
    disconnected,
    media_type,
    parse_json,
    read_body,
    unsupported,
)
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.multipart import read_files
from tenfold.server.http.responses import JSON
from tenfold.server.settings import Limits

if TYPE_CHECKING:
    from PIL.Image import Image

Images = npt.NDArray[np.uint8]
Shape = ImageShape

IMAGE_FORMATS = ("PNG", "JPEG")
OTHER_TYPES = ("image/heic", "image/avif", "image/tiff", "image/webp", "application/pdf")
"""Media types of pictures besides PNG and JPEG, as the description of the API names them."""

HEADER_BYTES = 1024


async def read_images(
    request: Request, predictor: Predictor, limits: Limits
) -> tuple[Images, list[str]]:
    """Return the images of a request, uint8 ``[n, *shape]``, and warnings about them.

    Args:
        request: with an image file, bytes, JSON or a multipart form as its body.
        predictor: the model that will classify them.
        limits: the limits on a request.

    Raises:
        ServiceError: the body has another media type or size, or cannot be decoded.
    """
    kind, shape = content_type(request), predictor.image_shape
    if kind.startswith("image/"):
        return _in_bytes(decode_image(await read_body(request), shape)[None], predictor.pixels)
    match media_type(kind):
        case "application/octet-stream":
            images = _from_bytes(await read_body(request), shape, limits)
            return _in_bytes(images, predictor.pixels)
        case "application/json":
            body = await read_body(request)
            return await asyncio.to_thread(_from_json, body, predictor, limits)
        case "multipart/form-data":
            files = await _read_files(request, limits.images, limits)
            images = await asyncio.to_thread(_from_files, files, shape)
            return _in_bytes(images, predictor.pixels)
    raise unsupported(kind, f"image/png, image/jpeg, {OCTETS}, {JSON} or {FORM}")


async def read_image(request: Request, predictor: Predictor, limits: Limits) -> Images:
    """Return the single image of a request: uint8 of the shape; see ``read_images``."""
    images, _ = await read_images(request, predictor, limits)
    if len(images) > 1:
        raise ServiceError("images_too_many", f"{len(images):,} images; send one")
    image: Images = images[0]
    return image


async def read_picture(request: Request, limits: Limits) -> tuple[bytes, int | None]:
    """Return the picture of a request as a file, and its pixels, if they are known.

    HEIC, AVIF and PDF files are opened by large libraries, in the process that reads them.

    Raises:
        ServiceError: the body is not a picture, or the picture has too many pixels.
    """
    kind = content_type(request)
    if media_type(kind) == FORM:
        (body,) = await _read_files(request, 1, limits)
    elif kind.startswith("image/") or media_type(kind) in OTHER_TYPES:
        body = await read_body(request)
    else:
        raise unsupported(kind, f"image/png, image/jpeg, {', '.join(OTHER_TYPES)} or {FORM}")
    if kind_of(body[:HEADER_BYTES]):
        return body, None
    width, height = _open(body, FORMATS, limits.picture_pixels, ALL_FORMATS).size
    if width * height > limits.picture_pixels:
        raise _too_large(f"a picture of {width:,}x{height:,} pixels", limits.picture_pixels)
    return body, width * height


def decode_image(data: bytes, shape: Shape) -> Images:
    """Decode a PNG or JPEG file of the model's size, as grey or in colour as the model takes it.

    Args:
        data: the file.
        shape: of the model's images.

    Returns:
        uint8 of the shape.

    Raises:
        ServiceError: the file cannot be decoded, or the image has another size.
    """
    height, width = shape[:2]
    image = _open(data, IMAGE_FORMATS, height * width)
    if image.size != (width, height):
        raise ServiceError(
            "image_size",
            f"an image of {image.width}x{image.height} pixels; the model takes {width}x{height}; "
            "/v1/read finds digits in pictures of any size",
        )
    try:
        mode = "RGB" if is_colour(shape) else "L"
        if image.mode != mode:
            image = image.convert(mode)
        return np.asarray(image)
    except Exception as error:  # decoders raise many exception types for damaged files
        raise _unreadable(error) from None


async def _read_files(request: Request, max_files: int, limits: Limits) -> list[bytes]:
    try:
        return await read_files(
            content_type(request), request.stream(), max_files, limits.body_bytes
        )
    except ClientDisconnect:
        raise disconnected() from None


def _from_files(files: list[bytes], shape: Shape) -> Images:
    return np.stack([decode_image(file, shape) for file in files])


def _from_bytes(body: bytes, shape: Shape, limits: Limits) -> Images:
    pixels = prod(shape)
    n, rest = divmod(len(body), pixels)
    if rest or not n:
        raise ServiceError(
            "image_size",
            f"{len(body):,} bytes; send {'x'.join(map(str, shape))} = {pixels:,} bytes per image, "
            "row by row",
        )
    _check_count(n, limits)
    return np.frombuffer(body, np.uint8).reshape(n, *shape)


def _in_bytes(
    images: npt.NDArray[Any], trained: ValueRange, pixels: str | None = None
) -> tuple[Images, list[str]]:
    """Return images as uint8 from 0 to 255, and warnings about their range."""
    try:
        converted, warning = to_uint8(images, "images", pixels, trained)
    except InputError as error:
        raise ServiceError("invalid", str(error)) from None
    return converted, [warning] if warning else []


def _from_json(body: bytes, predictor: Predictor, limits: Limits) -> tuple[Images, list[str]]:
    values, shape = parse_json(JSON, body), predictor.image_shape
    images, pixels = values.get("images"), values.get("pixels")
    if not (pixels is None or isinstance(pixels, str)):
        raise ServiceError("invalid", f"pixels: {str(pixels)[:40]}; give a name or LOW..HIGH")
    if not isinstance(images, list) or not images:
        raise ServiceError(
            "invalid", 'images: missing or empty; send {"images": [[[0, ...], ...]]}'
        )
    _check_count(len(images), limits)
    try:
        rows = [row for image in images for row in image]
        if is_colour(shape):
            rows = [pixel for row in rows for pixel in row]
        # An array of strings would reserve the length of the longest string for each of them.
        if not {kind for row in rows for kind in map(type, row)} <= {int, float}:
            raise ServiceError("invalid", "images: all values must be numbers")
        array = np.array(images)
        if array.shape[1:] != shape:
            raise ValueError(array.shape)
        if array.dtype == object:
            raise ServiceError("invalid", "images: a whole number is too large for a pixel")
    except (ValueError, TypeError, OverflowError):
        lists = " lists of ".join(map(str, shape))
        raise ServiceError("invalid", f"images: give n lists of {lists} numbers") from None
    return _in_bytes(array, predictor.pixels, pixels)


def _check_count(n: int, limits: Limits) -> None:
    if n > limits.images:
        raise ServiceError(
            "images_too_many",
            f"{n:,} images, over {limits.images:,}; send fewer at once",
            {"limit": limits.images},
        )


def _open(
    data: bytes,
    formats: tuple[str, ...],
    max_pixels: int,
    named: tuple[str, ...] = IMAGE_FORMATS,
) -> Image:
    from PIL import Image as pillow

    try:
        return pillow.open(io.BytesIO(data), formats=formats)
    except pillow.DecompressionBombError:
        raise _too_large("a picture", max_pixels) from None
    except Exception as error:  # decoders raise many exception types for damaged files
        raise _unreadable(error, named) from None


def _too_large(subject: str, max_pixels: int) -> ServiceError:
    return ServiceError(
        "image_too_large",
        f"{subject}, over {max_pixels:,} pixels; reduce or crop it",
        {"limit": max_pixels},
    )


def _unreadable(error: Exception, formats: tuple[str, ...] = IMAGE_FORMATS) -> ServiceError:
    reason = "" if "identify" in str(error) else f" ({' '.join(str(error).split())[:100]})"
    return ServiceError(
        "image_unreadable", f"the picture cannot be decoded{reason}; send {', '.join(formats)}"
    )
