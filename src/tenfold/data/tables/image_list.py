"""Tables of file names and labels: the images that they name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.decoding import Encoded, decode_split
from tenfold.data.image_files import SUFFIXES, is_image, open_pages
from tenfold.data.raw_data import RawSplit, Unreadable, split_of, words_of
from tenfold.data.tables.records import is_json
from tenfold.data.tables.source import COMPRESSED, cells_of, encoding_of, layout_of
from tenfold.data.tables.table import Table
from tenfold.data.visible import visible

if TYPE_CHECKING:
    from PIL.Image import Image

_MAX_DEPTH = 3
_LONGEST_NAME = 255  # of a file, on every system
_HEAD_BYTES = 1 << 14
_IMAGE_WORDS = {"image", "images", "img", "imgs", "jpg", "jpeg", "png", "pictures", "data"}


class _Match(NamedTuple):
    """Image files that a name can mean, and the number of its first parts that they lack."""

    missing: int
    paths: list[Path]


def read_listed_images(
    table: Table, split: str, options: ReadOptions
) -> tuple[dict[str, RawSplit], list[Unreadable]]:
    """Read the images that a table names.

    Names are relative to the folder of the table, to a folder in it, or to one of images beside
    it. They may lack the suffix, and may begin with folders of another computer.

    Args:
        table: with a column of paths. A column of splits, or folders of several splits, divide it.
        split: that of the table, if nothing divides it.
        options: how to read images.

    Returns:
        The images of each split with their labels, and the files that cannot be read.

    Raises:
        InputError: no file is found, a name can mean several, or the images differ in size.
    """
    names = table.file_names()
    if any(len(part) > _LONGEST_NAME for name in names for part in name.split("/")):
        raise InputError(
            f"{table.path}: {table.title(table.columns.path)} holds texts of up to "
            f"{max(map(len, names)):,} characters, which name no files (images in base64?); save "
            "them as image files, or as bytes in Parquet"
        )
    files = _find(table.path, names, split)
    labels = table.labels().tolist()
    splits: dict[str, list[Encoded]] = {}
    for part, rows in _parts(table, split, files).items():
        splits[part] = [
            Encoded(
                str(files[row] or table.path.parent / names[row]),
                labels[row],
                PurePosixPath(names[row]).stem,
                partial(_open, files[row]),
            )
            for row in rows
        ]
    found, unreadable = {}, list[Unreadable]()
    for part, items in splits.items():
        found[part], failures = decode_split(items, str(table.path), options)
        unreadable += failures
    if not any(files):
        raise InputError(
            f"{table.path}: {table.title(table.columns.path)} names no image that is there, such "
            f"as {names[0][:60]!r}"
        )
    return found, unreadable


def lists_images(path: Path, by_suffix: bool = False) -> bool:
    """Return whether a text begins with rows that name image files below it or beside it.

    Names without a suffix count only where no folders are called by classes, as they could be.

    Args:
        path: of the text.
        by_suffix: names without a suffix do not count at all.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    encoding = encoding_of(head) if not head.startswith(COMPRESSED) else None
    if encoding is None:
        return False
    text = head.decode(encoding, "ignore")
    if is_json(head):
        rows = [re.findall(r'"([^"]*)"', text)]
    else:
        layout = layout_of(text)
        lines = text.splitlines()[layout.skip : layout.skip + 3] if layout else []
        rows = [cells_of(line, layout) for line in lines if layout]
    folders = [entry for entry in visible(path.parent) if entry.is_dir()]
    can_lack_suffix = not by_suffix and folders == folders_of_images(path.parent)
    names = [
        [c for c in row if c and (can_lack_suffix or PurePosixPath(c).suffix.lower() in SUFFIXES)]
        for row in rows
    ]
    if path.suffix.lower() == ".txt" and any(len(row) != 2 for row in rows):
        return False  # a text about the data
    index = _index(path, [name for row in names for name in row])
    found = [any(_match(index, name).paths for name in row) for row in names]
    return bool(found) and all(found)


def _parts(table: Table, split: str, files: list[Path | None]) -> dict[str, list[int]]:
    """Return the rows of each split: by a column, or by the folders of the images."""
    if split == "train" and len(masks := table.splits()) > 1:
        return {part: mask.nonzero()[0].tolist() for part, mask in masks.items()}
    found = [_split_of_folders(path, table.path.parent) if path else None for path in files]
    if split != "train" or None in found or len(set(found)) == 1 or "train" not in found:
        return {split: list(range(len(files)))}
    return {
        part: [row for row, other in enumerate(found) if other == part]
        for part in dict.fromkeys(found)
        if part
    }


def _find(table: Path, names: list[str], split: str) -> list[Path | None]:
    """Return the file of each name, or None.

    All names lack the same first folders, so that `b/1.png` does not stand for `a/1.png`.
    """
    index = _index(table, names)
    matches = [_match(index, name) for name in names]
    found = Counter(match.missing for match in matches if match.paths)
    usual = found.most_common(1)[0][0] if found else 0
    files: list[Path | None] = []
    for name, match in zip(names, matches, strict=True):
        paths = match.paths if match.missing == usual else []
        files.append(_only(name, paths, table, split) if paths else None)
    return files


def _only(name: str, paths: list[Path], table: Path, split: str) -> Path:
    """Return the file that a name means: beside the table, or in a folder of its split."""
    beside = [path for path in paths if path.parent == (table.parent / name).parent]
    same = [path for path in paths if _split_of_folders(path, table.parent) == split]
    for chosen in (beside, same, paths):
        if len(chosen) == 1:
            return chosen[0]
    raise InputError(
        f"{table}: {name} can be {paths[0]} or {paths[1]}; name the files with their folders"
    )


def _split_of_folders(path: Path, root: Path) -> str | None:
    inner = path.parent.relative_to(root) if path.is_relative_to(root) else path.parent
    found = (split_of(part) for part in reversed(inner.parts[-_MAX_DEPTH:]))
    return next((split for split in found if split), None)


def _index(table: Path, names: list[str]) -> dict[str, list[Path]]:
    """Return the images below the folder of a table, or else in those beside it, by their keys."""
    literal = sorted({(table.parent / name).parent for name in names})
    for folders, depth in (
        ([table.parent], 0),
        (folders_of_images(table.parent.parent), 0),
        ([folder for folder in literal if folder.is_dir()], _MAX_DEPTH),  # as ../../images
    ):
        index: dict[str, list[Path]] = {}
        for path in (path for folder in folders for path in _images(folder, depth)):
            for key in {path.name, path.stem, path.stem.lstrip("0") or "0"}:
                index.setdefault(key, []).append(path)
        if any(PurePosixPath(name).name in index for name in names):
            return index
    return {}


def folders_of_images(folder: Path) -> list[Path]:
    """Return the folders in a folder that are called images, or by a split."""
    folders = [entry for entry in visible(folder) if entry.is_dir()]
    return [f for f in folders if split_of(f.name) or _IMAGE_WORDS & set(words_of(f.name))]


def _images(folder: Path, depth: int = 0) -> Iterator[Path]:
    for entry in visible(folder):
        if not entry.is_dir():
            if is_image(entry):
                yield entry
        elif depth < _MAX_DEPTH:
            yield from _images(entry, depth + 1)


def _match(index: dict[str, list[Path]], name: str) -> _Match:
    """Return the files whose last folders are those of a name, as many as possible."""
    path = PurePosixPath(name)
    found, folders = index.get(path.name, []), path.parts[:-1]
    for missing in range(len(folders) + 1):
        rest = folders[missing:]
        fitting = [p for p in found if not rest or p.parent.parts[-len(rest) :] == rest]
        if fitting:
            return _Match(missing, fitting)
    return _Match(0, [])


def _open(path: Path | None) -> list[Image]:
    if path is None:
        raise InputError("no such file")
    return open_pages(path)
