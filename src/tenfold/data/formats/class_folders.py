"""A folder with one subfolder a class: `three/1.png`, or `train/three/1.png` and `test/...`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.classes import natural_key
from tenfold.data.decoding import Encoded, decode_split
from tenfold.data.formats.registry import Format, Location
from tenfold.data.image_files import is_image, is_image_header, open_pages
from tenfold.data.image_tree import ADVICE, Folder, layout_of
from tenfold.data.raw_data import RawData

_FORBIDDEN = '/\\:*?"<>|'  # in the name of a folder on Linux, macOS or Windows
_PROGRESS_FROM = 2000  # files: fewer take under a second


def folder_name(class_name: str) -> str:
    """Return the name of the folder of a class: characters that folders cannot have become "-".

    Examples:
        >>> folder_name("7"), folder_name("T-shirt/top")
        ('7', 'T-shirt-top')
    """
    return "".join("-" if letter in _FORBIDDEN else letter for letter in class_name)


def _recognizes(location: Location) -> bool:
    return location.is_folder and layout_of(Folder.of(location.path)) is not None


def _read(location: Location, options: ReadOptions) -> RawData:
    """Read the images of each class; class names are in natural order (2 before 10)."""
    layout = layout_of(Folder.of(location.path))
    if layout is None:
        raise InputError(f"{location.path} has no class folders; {ADVICE}")
    names = tuple(sorted(layout.classes["train"], key=natural_key))
    files = {
        split: [(label, path) for label, name in enumerate(names) for path in classes.get(name, ())]
        for split, classes in layout.classes.items()
    }
    splits, unreadable = {}, []
    with _progress(sum(map(len, files.values()))) as advance:
        for split, origin in layout.origins.items():
            images = _encoded(files[split], advance)
            raw, failures = decode_split(images, str(origin), options)
            unreadable += failures
            if len(raw.labels) or split != "train":
                splits[split] = raw
    return RawData(splits, names, tuple(unreadable), tuple(layout.notes))


def _encoded(files: Iterable[tuple[int, Path]], advance: Callable[[], None]) -> Iterator[Encoded]:
    for label, path in files:
        yield Encoded(str(path), label, path.stem, partial(open_pages, path))
        advance()


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar for many files if stderr is a terminal; yields what advances it."""
    if total < _PROGRESS_FROM or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading images", total=total)
        yield lambda: bar.advance(task)


def _advice(location: Location) -> str | None:
    path = location.path
    if is_image_header(location.header):
        return f"{path} is a single image; {ADVICE}"
    if any(is_image(file) for file in location.files):
        return f"{path} holds images, but no class folders; {ADVICE}"
    if location.folders and not any(location.files):
        return f"{location.folders[0]} holds no images; {ADVICE}"
    return None


FORMAT = Format(
    name="folder of class folders",
    description="image files (PNG, JPEG, BMP, TIFF, WebP, GIF, PGM) in one folder a class, with "
    "train and test folders above these, below these, or without",
    priority=90,
    recognizes=_recognizes,
    read=_read,
    advice=_advice,
)
