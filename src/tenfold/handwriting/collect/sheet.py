"""Turn photos of sheets into class folders of labelled images."""

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
from tenfold.data.picture_files import PictureFile
from tenfold.handwriting.collect.cells import crop_cells
from tenfold.handwriting.collect.overview import overview
from tenfold.handwriting.collect.rectify import rectify
from tenfold.handwriting.picture import load_page, load_picture

MAX_SIDE = 4000  # pixels; a box is then about 200 pixels wide

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Sheet:
    """The images collected from a photo of a sheet.

    Attributes:
        name: of the sheet, derived from the photo's.
        images: uint8 ``[28, 28]`` by row, which is the label, and box number, from 0.
        overview: path of the picture to check the images with.
    """

    name: str
    images: Mapping[tuple[int, int], Pixels]
    overview: Path

    def counts(self) -> dict[str, int]:
        """Return the number of images per digit."""
        rows = [row for row, _ in self.images]
        return {str(row): rows.count(row) for row in sorted(set(rows))}


def collect(photo: str | Path, out: str | Path, page: int | None = None) -> Sheet:
    """Cut a photographed or scanned sheet into labelled images, in class folders.

    The sheet may be rotated by any angle. File names contain photo, row and box, so that entire
    sheets can be held out; an overview is written next to the class folders. Existing files are
    not overwritten.

    Args:
        photo: the picture.
        out: the folder, created if it is missing; it may contain images of other sheets.
        page: of a PDF or TIFF file, from 1; it is in the name of the sheet. None for a file of one.

    Raises:
        InputError: the picture cannot be read, contains no sheet or an empty one, the folder
            already contains images of that name, or it cannot be written.
    """
    photo, out = Path(photo), Path(out)
    name = _sheet_name(photo) + ("" if page is None else f"-page-{page}")
    overview_path = out / f"{name}_overview.png"
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: a file; give a folder")
    if overview_path.exists() or any(out.glob(f"*/{name}_cell-*.png")):
        raise InputError(
            f"{photo}: {out} already contains a sheet {name!r}; rename the photo, or remove that "
            "sheet"
        )
    with PictureFile(photo, str(photo)) as file:
        picture = load_picture(photo, MAX_SIDE) if page is None else load_page(file, page, MAX_SIDE)
    sheet = rectify(picture.pixels, str(photo))
    images = crop_cells(sheet)
    if not images:
        raise InputError(f"{photo}: nothing is written in the boxes; is the pen dark enough?")
    files = {
        out / str(row) / f"{sheet_layout.cell_name(name, row, number)}.png": image
        for (row, number), image in images.items()
    }
    _write_all({**files, overview_path: overview(sheet, images)})
    return Sheet(name, images, overview_path)


def _sheet_name(photo: Path) -> str:
    """Return the photo's name without characters that file systems do not allow."""
    return re.sub(r"[^\w.-]+", "-", photo.stem).strip("-._") or "sheet"


def _write_all(pictures: Mapping[Path, Pixels]) -> None:
    """Write all pictures, or none if one fails."""
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
            with suppress(OSError):  # the folder contains other files
                folder.rmdir()
        raise
