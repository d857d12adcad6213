"""The names of columns that people and programs give."""

from __future__ import annotations

import re
from collections.abc import Sequence

LABEL_NAMES = (
    *("label", "labels", "lbl", "class", "classes", "target", "targets", "y", "digit", "digits"),
    *("number", "letter", "character", "char", "symbol", "category", "emotion", "expression"),
    *("class id", "class name", "class label", "classid", "classname", "label id", "label name"),
    *("truth", "ground truth", "answer", "output", "outcome", "result", "gt", "y train", "y true"),
)
"""Names of the column of labels, in lower case, with blanks for other signs."""

ID_NAMES = (
    *("", "id", "idx", "index", "key", "uuid", "uid", "row", "row id", "rowid", "row names", "no"),
    *("image id", "imageid", "img id", "sample", "sample id", "writer", "writer id", "rownames"),
)
PATH_NAMES = (
    *("path", "paths", "file", "files", "filename", "filenames", "file name", "filepath", "url"),
    *("file path", "image path", "img path", "image name", "img name", "image file", "img"),
)
SPLIT_NAMES = ("usage", "split", "set", "subset", "partition", "fold name", "dataset")
STRING_NAMES = ("pixels", "pixel", "pixel values", "image", "images", "data", "image data")


def is_known_name(text: str) -> bool:
    """Return whether a cell is a common name of a column, and hardly a label.

    Example:
        >>> is_known_name("File_Name"), is_known_name("y"), is_known_name("seven")
        (True, False, False)
    """
    name = plain(text)
    return name == "id" or (len(name) > 2 and name in (*LABEL_NAMES, *PATH_NAMES, *ID_NAMES))


def names_label(names: Sequence[str]) -> bool:
    """Return whether a column has a name of labels."""
    return any(plain(name) in LABEL_NAMES for name in names)


def plain(name: str) -> str:
    """Return a name in lower case, with one blank for other signs."""
    return re.sub(r"[\s_\-.]+", " ", name.strip().strip("\"'").lower()).strip()


def families(columns: Sequence[int], names: Sequence[str]) -> dict[str, list[int]]:
    """Group the columns whose names differ in their numbers only."""
    found: dict[str, list[int]] = {}
    for column in columns:
        name = names[column]
        if re.search(r"\d", name) and len(numbers_in(name)) <= 2:
            found.setdefault(re.sub(r"\d+", "0", name), []).append(column)
    return found


def numbers_in(name: str) -> tuple[int, ...]:
    """Return the numbers in a name; of x and y, y comes first.

    Example:
        >>> numbers_in("pixel12"), numbers_in("3x10"), numbers_in("x3_y10")
        ((12,), (3, 10), (10, 3))
    """
    numbers = tuple(int(digits) for digits in re.findall(r"\d+", name))
    is_xy = re.search(r"(?:x|col\w*)\W*_?\d+\W*_?(?:y|row)", name.lower())
    return numbers[::-1] if is_xy and len(numbers) == 2 else numbers
