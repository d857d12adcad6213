"""Folders of class folders: `three/0001.png`, or `train/three/0001.png` and `test/...`."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.data.convert import SIDE, shrink, wrong_size
from tenfold.data.dataset import Images
from tenfold.data.formats.parts import Part, Parts, Unreadable, split_of

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg")
MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_FORBIDDEN = '/\\:*?"<>|'  # in the name of a folder, on one system or another


def read_folder(folder: Path, resize: bool = False) -> Parts:
    """Return the images of a folder whose subfolders are the classes.

    Where the subfolders are called train and test (and validation), the classes are in these.
    Class names are the folders' own, in natural order (2 before 10, else by the alphabet).
    PNG and JPEG are read; colour is turned to grey; other and hidden files are left alone.
    Images that cannot be read are listed in `unreadable`.

    Raises:
        InputError: no class folders, an empty one, or images that are not 28x28 without `resize`.
    """
    splits = _split_folders(folder)
    class_names = tuple(sub.name for sub in _subfolders(splits["train"]))
    if not class_names:
        raise InputError(
            f"{splits['train']} has no class folders; put the images of each class into a "
            "folder named after it"
        )
    files = {split: list(_files(place, class_names)) for split, place in splits.items()}
    parts, unreadable = {}, []
    with _progress(sum(map(len, files.values()))) as advance:
        for split, place in splits.items():
            part, failed = _read_split(place, files[split], resize, advance)
            unreadable += failed
            if len(part.labels) or split != "train":
                parts[split] = part
    return Parts("folder of class folders", parts, class_names, tuple(unreadable))


def folder_name(class_name: str) -> str:
    """Return what the folder of a class is called: its name, less what no folder's may hold.

    Examples:
        >>> folder_name("7"), folder_name("T-shirt/top")
        ('7', 'T-shirt-top')
    """
    return "".join("-" if letter in _FORBIDDEN else letter for letter in class_name)


def has_classes(folder: Path) -> bool:
    """Return whether there is an image in a subfolder, or in a subfolder of one."""
    subs = _subfolders(folder)
    places = [*subs, *(inner for sub in subs for inner in _subfolders(sub))]
    return any(is_image(path) for place in places for path in place.iterdir())


def open_grey(path: Path) -> Image:
    """Return an image file as a Pillow image in grey, upright as its EXIF data say.

    Transparent parts become white, or black where the ink itself is light.

    Raises:
        InputError: the reason why it cannot be read, in a few words.
    """
    import PIL
    from PIL import Image as pillow
    from PIL import ImageOps

    if not path.stat().st_size:
        raise InputError("empty file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pillow.DecompressionBombWarning)
            image: Image = pillow.open(path, formats=("PNG", "JPEG"))
        with image:
            if image.width * image.height > limits.MAX_PICTURE_PIXELS:
                raise InputError(
                    f"{image.width}x{image.height} pixels, over {limits.MAX_PICTURE_PIXELS:,}"
                )
            image.load()
            return _to_grey(ImageOps.exif_transpose(image))
    except InputError:
        raise
    except PIL.UnidentifiedImageError as error:
        raise InputError("neither PNG nor JPEG") from error
    except Exception as error:  # decoders raise all sorts of things at damaged files
        raise InputError(
            " ".join(str(error).split()).rstrip(".") or type(error).__name__
        ) from error


def _to_grey(image: Image) -> Image:
    from PIL import Image as pillow

    if image.mode.startswith("I"):  # 16 bits
        return pillow.fromarray((np.asarray(image) / 257).round().clip(0, 255).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("L")
    grey, opacity = (np.asarray(layer, np.float64) for layer in image.convert("LA").split())
    light = (grey * opacity).sum() > 127.5 * opacity.sum()
    ground = 0 if light else 255
    mixed = ground + (grey - ground) * opacity / 255
    return pillow.fromarray(mixed.round().astype(np.uint8))


def _split_folders(folder: Path) -> dict[str, Path]:
    """Return the folder of each split; the folder itself where it has no splits."""
    found: dict[str, Path] = {}
    for sub in _subfolders(folder):
        split = split_of(sub.name)
        if split and split not in found:
            found[split] = sub
    return found if "train" in found else {"train": folder}


def _subfolders(folder: Path) -> list[Path]:
    subs = (sub for sub in folder.iterdir() if sub.is_dir() and _visible(sub))
    return sorted(subs, key=_natural)


def _files(place: Path, class_names: tuple[str, ...]) -> Iterator[tuple[int, Path]]:
    """Yield the label and the path of every image file of a split."""
    for sub in _subfolders(place):
        if sub.name not in class_names:
            raise InputError(f"class folder {sub} is not in train, which has {list(class_names)}")
        paths = [path for path in sub.iterdir() if _visible(path) and is_image(path)]
        if not paths:
            raise InputError(f"{sub} holds no PNG or JPEG images; fill it or remove it")
        for path in sorted(paths, key=_natural):
            yield class_names.index(sub.name), path


def _read_split(
    place: Path, files: list[tuple[int, Path]], resize: bool, advance: Any
) -> tuple[Part, list[Unreadable]]:
    """Return the readable images of a split, and the files that are none."""
    images: list[Images] = []
    labels: list[int] = []
    names: list[str] = []
    failed: list[Unreadable] = []
    for label, path in files:
        try:
            image = open_grey(path)
        except (InputError, OSError) as error:
            failed.append(Unreadable(str(path), str(error)))
            continue
        finally:
            advance()
        if image.size != (SIDE, SIDE) and not resize:
            raise wrong_size(str(path), *image.size)
        images.append(shrink(image))
        labels.append(label)
        names.append(path.stem)
    stack = np.stack(images) if images else np.zeros((0, SIDE, SIDE), np.uint8)
    return Part(stack, np.array(labels, np.int64), str(place), tuple(names)), failed


def is_image(path: Path) -> bool:
    """Return whether a file is an image by its name or by how it begins."""
    if path.suffix.lower() in SUFFIXES:
        return path.is_file()
    try:
        with path.open("rb") as file:
            return file.read(8).startswith(MAGIC)
    except OSError:
        return False


def _visible(path: Path) -> bool:
    return not path.name.startswith((".", "__"))


def _natural(path: Path) -> list[tuple[int, int | str]]:
    """Return a sort key that puts 2 before 10, and numbers before words."""
    pieces = re.split(r"([0-9]+)", path.name)
    return [(0, int(piece)) if piece.isdecimal() else (1, piece) for piece in pieces if piece]


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """Show a bar on stderr while many files are read, if that is a terminal."""
    if total < 2000 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading images", total=total)
        yield lambda: bar.advance(task)
