"""Photos of sheets -> class folders of labelled images."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.data import sheet_layout
from tenfold.handwriting.collect.cells import digits
from tenfold.handwriting.collect.overview import overview
from tenfold.handwriting.collect.rectify import straight
from tenfold.handwriting.picture import read

LONGEST = 4000  # pixels of the long side; a box then has some 200 of them

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Sheet:
    """What a photo of a sheet gave.

    Attributes:
        name: of the sheet, after the photo's.
        images: uint8 [28, 28] by row, which is the label, and box, counted from 0.
        overview: the picture to look over.
    """

    name: str
    images: Mapping[tuple[int, int], Pixels]
    overview: Path

    def counts(self) -> dict[str, int]:
        """How many images each digit has."""
        rows = [row for row, _ in self.images]
        return {str(row): rows.count(row) for row in sorted(set(rows))}


def collect(photo: str | Path, out: str | Path) -> Sheet:
    """Cut a photographed or scanned sheet into labelled images, in class folders.

    The sheet may lie askew, upside down or on its side. The images are called after photo, row
    and box, so that whole sheets can be held out; an overview is written beside the folders.
    Nothing is overwritten.

    Args:
        photo: the picture.
        out: the folder, made where it is missing; images of other sheets may be in it.

    Raises:
        InputError: the picture cannot be read, has no sheet or an empty one in it, images of
            that name are there already, or the folder cannot be written.
    """
    photo, out = Path(photo), Path(out)
    name = _sheet_name(photo)
    target = out / f"{name}_overview.png"
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: a file; give a folder")
    if target.exists() or any(out.glob(f"*/{name}_cell-*.png")):
        raise InputError(
            f"{photo}: {out} has a sheet {name!r} already; rename the photo, or remove that one"
        )
    pixels, _ = read(photo, LONGEST)
    sheet = straight(pixels, str(photo))
    images = digits(sheet)
    if not images:
        raise InputError(f"{photo}: nothing is written in the boxes; is the pen dark enough?")
    files = {
        out / str(row) / f"{sheet_layout.cell_name(name, row, number)}.png": image
        for (row, number), image in images.items()
    }
    _write_all({**files, target: overview(sheet, images)})
    return Sheet(name, images, target)


def _sheet_name(photo: Path) -> str:
    """The name of a photo, less what the name of a file may not hold anywhere."""
    return re.sub(r"[^\w.-]+", "-", photo.stem).strip("-._") or "sheet"


def _write_all(pictures: Mapping[Path, Pixels]) -> None:
    """Write all, or leave none behind."""
    from PIL import Image

    try:
        for path, pixels in pictures.items():
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "PNG")
            with atomic_write(path) as file:
                file.write(buffer.getvalue())
    except BaseException:
        for path in pictures:
            path.unlink(missing_ok=True)
        for folder in sorted({path.parent for path in pictures}, reverse=True):
            with suppress(OSError):  # others are in it
                folder.rmdir()
        raise
