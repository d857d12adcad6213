"""A folder with one subfolder a class: `three/1.png`, or `train/three/1.png` and `test/...`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tenfold.core.errors import InputError
from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.core.read_options import ReadOptions
from tenfold.data.convert import resize_to_square, wrong_size
from tenfold.data.dataset import Images
from tenfold.data.formats.registry import Format, Location
from tenfold.data.image_files import MAGIC_NUMBERS, is_image, open_greyscale
from tenfold.data.raw_data import RawData, RawSplit, Unreadable, split_of

_LAYOUT = "put the images of each class into a folder named after it"
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
    folders = [*location.folders, *_inner_folders(location)]
    return any(is_image(path) for folder in folders for path in folder.iterdir())


def _inner_folders(location: Location) -> list[Path]:
    return [inner for folder in _natural(location.folders) for inner in _subfolders(folder)]


def _read(location: Location, options: ReadOptions) -> RawData:
    """Read a folder whose subfolders are the classes, or the splits with the classes in them.

    Class names are the names of the folders in natural order (2 before 10). Other files than
    PNG and JPEG are ignored.
    """
    split_folders = _split_folders(location)
    class_names = tuple(folder.name for folder in _subfolders(split_folders["train"]))
    if not class_names:
        raise InputError(f"{split_folders['train']} has no class folders; {_LAYOUT}")
    files = {s: list(_image_files(folder, class_names)) for s, folder in split_folders.items()}
    splits, unreadable = {}, []
    with _progress(sum(map(len, files.values()))) as advance:
        for name, folder in split_folders.items():
            split, failures = _read_split(folder, files[name], options.resize, advance)
            unreadable += failures
            if len(split.labels) or name != "train":
                splits[name] = split
    return RawData(splits, class_names, tuple(unreadable))


def _split_folders(location: Location) -> dict[str, Path]:
    """Return the folder of each split; without a train folder, the location is train."""
    folders: dict[str, Path] = {}
    for folder in _natural(location.folders):
        split = split_of(folder.name)
        if split:
            folders.setdefault(split, folder)
    return folders if "train" in folders else {"train": location.path}


def _image_files(folder: Path, class_names: tuple[str, ...]) -> Iterator[tuple[int, Path]]:
    """Yield the label and the path of every image file of a split."""
    for class_folder in _subfolders(folder):
        if class_folder.name not in class_names:
            raise InputError(
                f"class folder {class_folder} is not in train, which has {list(class_names)}"
            )
        paths = [path for path in class_folder.iterdir() if _is_visible(path) and is_image(path)]
        if not paths:
            raise InputError(_no_images(class_folder))
        for path in _natural(paths):
            yield class_names.index(class_folder.name), path


def _read_split(
    folder: Path, files: list[tuple[int, Path]], resize: bool, advance: Callable[[], None]
) -> tuple[RawSplit, list[Unreadable]]:
    images: list[Images] = []
    labels: list[int] = []
    names: list[str] = []
    unreadable: list[Unreadable] = []
    for label, path in files:
        try:
            image = open_greyscale(path)
        except (InputError, OSError) as error:
            unreadable.append(Unreadable(str(path), str(error)))
            continue
        finally:
            advance()
        if image.size != (SIDE, SIDE) and not resize:
            raise wrong_size(str(path), *image.size)
        images.append(resize_to_square(image))
        labels.append(label)
        names.append(path.stem)
    stack = np.stack(images) if images else np.zeros((0, SIDE, SIDE), np.uint8)
    return RawSplit(stack, np.array(labels, np.int64), str(folder), tuple(names)), unreadable


def _subfolders(folder: Path) -> list[Path]:
    return _natural(entry for entry in folder.iterdir() if entry.is_dir() and _is_visible(entry))


def _is_visible(path: Path) -> bool:
    return not path.name.startswith((".", "__"))


def _natural(paths: Iterable[Path]) -> list[Path]:
    """Sort paths by name: 2 before 10, and numbers before words."""

    def key(path: Path) -> list[tuple[int, int | str]]:
        pieces = re.split(r"([0-9]+)", path.name)
        return [(0, int(piece)) if piece.isdecimal() else (1, piece) for piece in pieces if piece]

    return sorted(paths, key=key)


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


def _no_images(class_folder: Path) -> str:
    return f"{class_folder} holds no PNG or JPEG images; fill it or remove it"


def _advice(location: Location) -> str | None:
    path = location.path
    if location.header.startswith(MAGIC_NUMBERS):
        return f"{path} is a single image; {_LAYOUT}"
    if location.folders:
        return _no_images((_inner_folders(location) or _natural(location.folders))[0])
    if any(is_image(file) for file in location.files):
        return f"{path} holds images, but no class folders; {_LAYOUT}"
    return None


FORMAT = Format(
    name="folder of class folders",
    description="PNG or JPEG files in one folder a class, with train and test folders above "
    "these or not",
    priority=40,
    recognizes=_recognizes,
    read=_read,
    advice=_advice,
)
