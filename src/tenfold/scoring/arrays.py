"""Images in IDX, NPY and NPZ files, read in pieces and not into memory at once."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from gzip import BadGzipFile
from pathlib import Path
from typing import IO, Any

import numpy as np

from tenfold.core.errors import InputError
from tenfold.core.places import local
from tenfold.data.formats.idx import open_idx
from tenfold.data.formats.npz import open_npy, open_npz
from tenfold.scoring.batches import SIZE, Batch, Errors, Layout

_NAMES = ("images", "x", "x_test")


@contextmanager
def open_images(path: Path, array: str | None) -> Iterator[tuple[IO[bytes], tuple[int, ...]]]:
    """Open an array of images at its first value, with its shape.

    Args:
        path: an IDX file, gzipped or not, or an NPY or NPZ file.
        array: the name of the array in an NPZ file; None for the only one, or for ``images``,
            ``x`` or ``x_test``.

    Raises:
        InputError: it is damaged, or holds no images of uint8.
    """
    path = local(path)
    with path.open("rb") as file:
        header = file.read(6)
    if header.startswith(b"PK"):
        with open_npz(path) as archive:
            yield _checked(path, *archive.open(_choose(path, archive.names, array)))
    elif header == b"\x93NUMPY":
        with path.open("rb") as file:
            yield _checked(path, *open_npy(file, str(path)))
    else:
        opened, dtype, shape = open_idx(path)
        with opened:
            yield _checked(path, opened, dtype, shape)


def _choose(path: Path, names: tuple[str, ...], array: str | None) -> str:
    wanted = _NAMES if array is None else (array.lower(),)
    named = [name for name in names if name in wanted]
    if not named and (array is not None or len(names) != 1):
        raise InputError(
            f"{path}: holds {', '.join(names)[:120] or 'nothing'}; name the array of images with "
            "--column"
        )
    return [*named, *names][0]


def _checked(
    path: Path, file: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]
) -> tuple[IO[bytes], tuple[int, ...]]:
    if dtype != np.uint8 or len(shape) not in (2, 3, 4):
        raise InputError(
            f"{path}: {dtype} {list(shape)}; give images as uint8 [n, height, width] or [n, pixels]"
        )
    return file, shape


def read(
    path: Path, name: str, unit: Mapping[str, Any], layout: Layout, errors: Errors
) -> Iterator[Batch]:
    """Yield the images from ``start`` to ``stop`` of the unit; arguments as for Parquet."""
    row, stop = unit["start"], unit["stop"]
    try:
        with open_images(path, layout.column) as (file, shape):
            size = math.prod(shape[1:])
            file.seek(row * size, 1)
            while row < stop:
                count = min(SIZE, stop - row)
                content = file.read(count * size)
                if len(content) < count * size:
                    raise InputError("the file is truncated")
                pixels = np.frombuffer(content, np.uint8).reshape(count, *shape[1:])
                yield Batch(layout.fit(pixels), np.arange(row, row + count), name)
                row += count
    except (InputError, EOFError, BadGzipFile, zlib.error) as error:
        errors.add(name, row, str(error), stop - row)
