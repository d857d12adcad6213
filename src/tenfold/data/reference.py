"""The reference page of data formats, from the registry: `python -m tenfold.data.reference`."""

from __future__ import annotations

import sys

from tenfold.core import limits
from tenfold.data.formats import all_formats

_SIDE = limits.IMAGE_SIDE

_INTRODUCTION = """\
# Data formats

`tenfold.load` and `--data` take the path of a file or folder. Its content decides which format it
is in; formats are tried in this order.

| format | layout |
| --- | --- |
"""

_RULES = f"""
## Rules for all formats

- Images have one size, of {limits.MIN_IMAGE_SIDE} to {limits.MAX_IMAGE_SIDE} pixels \
along each side. `--resize` (`resize=True` in
  Python) brings other sizes, and files of several sizes, to {_SIDE}x{_SIDE}.
- Images with colours have three channels; if all channels of all images are equal, they are grey.
  `--grey` (`grey=True`) makes coloured images grey. A fourth channel is dropped; transparent
  pixels of image files become white, or black if the opaque ones are light.
- Pixels are in a range that their values tell: 0 and 1, 0 to 15 or 16, 0 to 255, 0 to 65535,
  floats 0 to 1 or 255, -0.5 to 0.5 or -1 to 1. All splits decide together. Other ranges need
  `--pixels` with the values of black and white, such as `--pixels 0..7` (`pixels="0..7"`).
- Labels are whole numbers, one-hot, or text; at most {limits.MAX_CLASSES:,} classes. Numbers
  that do not begin with 0, text and folders name the classes. Rows of 0 and 1, `[n, labels]`, of
  which one has several labels give an image any number of them, as do names joined by `|` and
  tables with a column of 0 and 1 for each label; `--multi-label` says so where they do not.
- Files and folders whose name starts with a dot or two underscores, those of operating systems
  (`Thumbs.db`, `@eaDir`), and tenfold's own `runs/`, `studies/` and `audits/` are no data.
- Every class of validation and test is in train, and train has at least two classes.
- Data without a test split give a stratified sixth of their images to one, the same sixth for
  every seed.
- Data without a validation split hold out 5,000 images of train, or a twelfth if that is fewer.
- Tables of file names look for the images below their folder, or in a folder of images or of a
  split beside it. Where a name can mean several files, that in the folder of the table's split
  counts; otherwise the table is refused. A column of splits, or folders of splits, divide a table.
- Nothing in data is executed. Of pickles and files of PyTorch, arrays, numbers, text and their
  containers are read; those that need anything else are refused.
- Limits: {limits.MAX_PICTURE_PIXELS:,} pixels of an image file, {limits.MAX_IDX_BYTES >> 30} GiB \
of an IDX file when unpacked, {limits.MAX_ARRAY_BYTES >> 30} GiB of
  an array in an NPZ file and of a CSV file. Uncompressed IDX and NPZ files may be larger: they are
  memory-mapped.

`tenfold data check PATH` reports what a dataset holds and what is wrong with it.
"""


def markdown() -> str:
    """Return the page."""
    formats = all_formats()
    rows = [f"| {format.name} | {format.description} |\n" for format in formats]
    suffixes = " or ".join(f"`{suffix}`" for format in formats for suffix in format.suffixes)
    single = (
        f"\nA folder that is in none of these formats is read as its only file that ends in\n"
        f"{suffixes}, or as the only dataset in the folders below it.\n"
    )
    return "".join([_INTRODUCTION, *rows, single, _RULES])


if __name__ == "__main__":
    sys.stdout.write(markdown())
