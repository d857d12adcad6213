"""Batches of images, and the images that cannot be scored."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isqrt, prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.core.image_shape import ImageShape, size_text
from tenfold.data.image_files import fit_image, open_image

SIZE = 1000
"""Images that are read at once."""


class Batch(NamedTuple):
    """Images that were read together.

    Attributes:
        images: uint8 ``[n, height, width]``, with the values of the file.
        rows: their places in the file, from 0: int64 ``[n]``.
        files: the name of the file of each; one name for all, if it is a string.
        keys: a pyarrow table of their keys; None if there are none.
    """

    images: NDArray[np.uint8]
    rows: NDArray[np.int64]
    files: str | Sequence[str]
    keys: Any = None


@dataclass
class Errors:
    """What could not be scored, by file and row.

    Attributes:
        fail_fast: raise at the first.
        records: ``file``, ``row``, ``rows`` (their number) and ``error`` of each.
    """

    fail_fast: bool = False
    records: list[dict[str, Any]] = field(default_factory=list)

    def add(self, file: str, row: int, error: str, rows: int = 1) -> None:
        """Note that ``rows`` images from ``row`` on cannot be scored.

        Raises:
            InputError: with ``fail_fast``.
        """
        if self.fail_fast:
            raise InputError(f"{file}, row {row}: {error}")
        self.records.append({"file": file, "row": row, "rows": rows, "error": error})

    @property
    def images(self) -> int:
        """Number of images that could not be scored."""
        return sum(record["rows"] for record in self.records)


class Layout(NamedTuple):
    """How the images of a job are laid out.

    Attributes:
        column: of a Parquet file, or the name of an array in an NPZ file; None for the only one.
        keys: columns that are passed through.
        shape: of the images that the network takes.
        resize: bring other sizes to this one.
    """

    column: str | None
    keys: tuple[str, ...]
    shape: ImageShape
    resize: bool

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Layout:
        """Return the layout that a job has recorded."""
        shape = tuple(values["shape"])
        return cls(values["column"], tuple(values["keys"]), shape, values["resize"])

    def fit(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Bring images ``[n, height, width]``, with or without channels, to the network's shape.

        Raises:
            InputError: they have another size.
        """
        if pixels.ndim == 2:
            side = isqrt(pixels.shape[1])
            if pixels.shape[1] == prod(self.shape):
                pixels = pixels.reshape(-1, *self.shape)
            elif side * side == pixels.shape[1]:
                pixels = pixels.reshape(-1, side, side)
            else:
                raise InputError(
                    f"{pixels.shape[1]} pixels an image, the network takes {size_text(self.shape)}"
                )
        if pixels.ndim == 4 and pixels.shape[3] == 1:
            pixels = pixels[..., 0]
        if pixels.shape[1:] == self.shape:
            return pixels
        if pixels.ndim != 3 and not (pixels.ndim == 4 and pixels.shape[3] in (3, 4)):
            raise InputError(
                f"{list(pixels.shape)} is not [n, height, width], with or without colours, or "
                "[n, pixels]"
            )
        from PIL import Image

        fitted = [
            fit_image(Image.fromarray(image), self.shape, resize=self.resize) for image in pixels
        ]
        return np.stack(fitted)

    def stack(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """Return images of the network's shape, perhaps none, as one array."""
        return np.stack(images) if images else np.empty((0, *self.shape), np.uint8)

    def decode(
        self, contents: Sequence[Any], names: Sequence[tuple[str, int]], errors: Errors
    ) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
        """Decode the bytes of image files; return the images, and which of the contents they are.

        Args:
            contents: bytes, None, or an InputError that says why there are none.
            names: file and row of each, for errors.
            errors: takes up those that are no images.
        """
        images, kept = [], []
        for i, (content, name) in enumerate(zip(contents, names, strict=True)):
            try:
                images.append(self._decode_one(content))
                kept.append(i)
            except InputError as error:
                errors.add(*name, str(error))
        return self.stack(images), np.array(kept, np.intp)

    def _decode_one(self, content: Any) -> NDArray[np.uint8]:
        if isinstance(content, InputError):
            raise content
        if not content:
            raise InputError("no image" if content is None else "empty image")
        return fit_image(open_image(io.BytesIO(content)), self.shape, resize=self.resize)


def printable(name: str) -> str:
    """Return the name of a file with bytes that are not UTF-8 escaped."""
    return name.encode("utf-8", "backslashreplace").decode()
