"""Images with their labels in files of the same name, such as 0001.png and 0001.cls."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.dataset import SPLITS
from tenfold.data.decoding import Encoded, decode_split
from tenfold.data.formats.registry import Format, Location
from tenfold.data.image_files import is_image, open_pages
from tenfold.data.raw_data import RawData, RawSplit, Unreadable, split_of

_LABEL_SUFFIXES = (".cls", ".cls.txt", ".label", ".label.txt", ".json", ".txt")
_KEYS = ("label", "cls", "class", "target")


def _recognizes(location: Location) -> bool:
    return location.is_folder and "train" in _folders(location)


def _folders(location: Location) -> dict[str, Location]:
    """Return the folder of each split; one of no split is train."""
    if _has_labels(location):
        return {"train": location}
    inner = {split_of(folder.name): folder for folder in location.folders}
    found = {split: Location.of(inner[split]) for split in SPLITS if split in inner}
    return {split: folder for split, folder in found.items() if _has_labels(folder)}


def _has_labels(location: Location) -> bool:
    first = next((path for path in location.files if is_image(path)), None)
    return first is not None and _label_file(first) is not None


def _label_file(image: Path) -> Path | None:
    stem = image.name.partition(".")[0]
    files = (image.with_name(stem + suffix) for suffix in _LABEL_SUFFIXES)
    return next((path for path in files if path.is_file()), None)


def _read(location: Location, options: ReadOptions) -> RawData:
    splits: dict[str, RawSplit] = {}
    unreadable: list[Unreadable] = []
    for split, folder in _folders(location).items():
        images = [path for path in folder.files if is_image(path)]
        items = [
            Encoded(str(path), _label_of(path), path.stem, partial(open_pages, path))
            for path in images
        ]
        splits[split], failures = decode_split(items, str(folder.path), options)
        unreadable += failures
    return RawData(splits, unreadable=tuple(unreadable))


def _label_of(image: Path) -> str:
    path = _label_file(image)
    if path is None:
        raise InputError(f"{image} has no label beside it, as {image.stem}.cls; add one")
    text = path.read_text("utf-8", "replace").strip()
    if path.suffix == ".json":
        try:
            content = json.loads(text)
            text = str(next(content[key] for key in _KEYS if key in content))
        except (ValueError, TypeError, StopIteration):
            raise InputError(f"{path} has no label; give {', '.join(_KEYS)}") from None
    if not text or len(text.splitlines()) > 1:
        raise InputError(f"{path} holds {text[:40]!r}; a label of one line is needed")
    return text


FORMAT = Format(
    name="WebDataset",
    description="images with a label in a file beside each, such as 0001.png and 0001.cls, in one "
    "folder, in train and test, or in shards that are TAR archives",
    priority=24,
    recognizes=_recognizes,
    read=_read,
)
