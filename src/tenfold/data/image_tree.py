"""A folder of image files: which subfolders are its splits, and which its classes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tenfold.core.errors import InputError
from tenfold.data.classes import natural_key
from tenfold.data.image_files import is_image
from tenfold.data.raw_data import split_of
from tenfold.data.visible import visible

ADVICE = (
    "put the images of each class into a folder named after it, or list their file names and "
    "labels in a CSV file beside them"
)
_MAX_DEPTH = 8
_MIN_SHARED = 2  # equal names of subfolders that may be the classes
_MAX_LISTED = 3
_NIST_TEST = "hsf_4"  # NIST Special Database 19 recommends this part for tests


@dataclass(frozen=True)
class Folder:
    """A folder with the images in it.

    Attributes:
        path: of the folder.
        images: image files directly in it, in natural order.
        others: number of other visible files directly in it.
        folders: its subfolders, in natural order.
    """

    path: Path
    images: tuple[Path, ...] = ()
    others: int = 0
    folders: tuple[Folder, ...] = ()

    @classmethod
    def of(cls, path: Path, depth: int = 0) -> Folder:
        """List a folder and all below it.

        Raises:
            OSError: one cannot be read.
        """
        images, folders, others = [], [], 0
        for entry in visible(path):
            if entry.is_dir():
                if depth < _MAX_DEPTH:
                    folders.append(cls.of(entry, depth + 1))
            elif is_image(entry):
                images.append(entry)
            else:
                others += 1
        images.sort(key=lambda entry: natural_key(entry.name))
        folders.sort(key=lambda folder: natural_key(folder.name))
        return cls(path, tuple(images), others, tuple(folders))

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.path.name

    @cached_property
    def full(self) -> tuple[Folder, ...]:
        """The subfolders that hold images, at any depth."""
        return tuple(folder for folder in self.folders if folder.images or folder.full)

    @property
    def is_split(self) -> bool:
        """Whether its name is that of a split and its subfolders may be classes."""
        return split_of(self.name) is not None and not self.images and bool(self.full)

    def all_images(self) -> Iterator[Path]:
        """Yield the image files at any depth."""
        yield from self.images
        for folder in self.folders:
            yield from folder.all_images()

    def count_others(self) -> int:
        """Return the number of other files at any depth."""
        return self.others + sum(folder.count_others() for folder in self.folders)


@dataclass
class Layout:
    """The image files of each class of each split.

    Attributes:
        origins: the folder of each split.
        classes: for each split, the image files of each class by name; of no class in train.
        notes: what was left out.
    """

    origins: dict[str, Path] = field(default_factory=dict)
    classes: dict[str, dict[str, list[Path]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def layout_of(root: Folder) -> Layout | None:
    """Return the splits and classes of a folder, or None if its subfolders are neither.

    Raises:
        InputError: they are, and something is missing or ambiguous.
    """
    full = root.full
    if any(folder.is_split and split_of(folder.name) == "train" for folder in full):
        return _layout_of_splits(root)
    if not full or (len(full) == 1 and not full[0].images):
        return None
    if all(split_of(folder.name) and folder.images for folder in full):
        raise InputError(f"{full[0].path} holds images, but no class folders; {ADVICE}")
    if all(folder.is_split for folder in full):
        names = ", ".join(folder.name for folder in full)
        raise InputError(f"{root.path} holds {names} and no train folder; add one")
    if any(inner.is_split for folder in full for inner in folder.full):
        return None
    if any(_part_split(part) for folder in full if not folder.images for part in folder.full):
        return _layout_of_parts(root)
    _refuse_two_levels(root)
    return _layout_of_classes(root)


def _layout_of_splits(root: Folder) -> Layout:
    """Read ``train/three/1.png``, ``test/three/2.png``."""
    layout, chosen = Layout(), dict[str, Folder]()
    for folder in root.full:
        split = split_of(folder.name)
        if split is None or not folder.is_split:
            layout.notes.append(f"{folder.name} holds no class folders of a split, left out")
        elif split in chosen:
            raise InputError(
                f"{root.path} has several {split} folders, {chosen[split].name} and "
                f"{folder.name}; give the path of one"
            )
        else:
            chosen[split] = folder
    train = _unwrap(chosen["train"])
    known = {folder.name for folder in train.folders}
    for split, folder in chosen.items():
        inner = _unwrap(folder)
        _refuse_empty(inner.folders if split == "train" else ())
        classes = {c.name: list(c.all_images()) for c in inner.full}
        if len(classes) == 1 and not classes.keys() & known:
            layout.notes.append(f"{folder.name} has no class folders, left out")
            continue
        for name in classes:
            if name not in known:
                raise InputError(
                    f"class folder {inner.path / name} is not in train, which has {sorted(known)}"
                )
        layout.origins[split], layout.classes[split] = inner.path, classes
        layout.notes += _nested(inner)
    layout.notes += _left_out(root)
    return layout


def _layout_of_classes(root: Folder) -> Layout:
    """Read ``three/1.png``; images of nested folders count to the class above them."""
    _refuse_empty(root.folders)
    classes = {folder.name: list(folder.all_images()) for folder in root.full}
    return Layout({"train": root.path}, {"train": classes}, [*_nested(root), *_left_out(root)])


def _layout_of_parts(root: Folder) -> Layout:
    """Read ``three/train/1.png``, ``three/test/2.png``, as NIST Special Database 19 has it."""
    layout, ignored = Layout(), set()
    _refuse_empty(root.folders)
    is_nist = all(re.fullmatch("[3-7][0-9a-f]", folder.name) for folder in root.full)
    for folder in root.full:
        name = chr(int(folder.name, 16)) if is_nist else folder.name
        if folder.images:
            raise InputError(
                f"{folder.path} holds {len(folder.images):,} images beside or without folders of "
                "splits, which other classes have; move them into its folder train"
            )
        for part in folder.full:
            split = _part_split(part)
            if split is None:
                ignored.add(part.name)
                continue
            layout.origins[split] = root.path
            layout.classes.setdefault(split, {}).setdefault(name, []).extend(part.all_images())
    if "train" not in layout.classes:
        raise InputError(f"the class folders of {root.path} have no train folder; add one")
    if ignored:
        names = ", ".join(sorted(ignored, key=natural_key))
        layout.notes.append(f"the folders {names} of each class are in no split, left out")
    return layout


def _part_split(folder: Folder) -> str | None:
    return "test" if folder.name == _NIST_TEST else split_of(folder.name)


def _unwrap(folder: Folder) -> Folder:
    """Return the folder of the classes in ``trainingSet/trainingSet/three``."""
    while not folder.images and len(folder.full) == 1 and folder.full[0].full:
        folder = folder.full[0]
    return folder


def _refuse_two_levels(root: Folder) -> None:
    """Refuse folders that hold equal subfolders: either could be the classes."""
    outer = [folder for folder in root.full if not folder.images]
    names = [{inner.name for inner in folder.full} for folder in outer]
    shared = set.intersection(*names) if len(names) > 1 else set()
    if len(shared) < _MIN_SHARED:
        return
    inner = [folder for folder in outer[0].full if folder.name in shared]
    raise InputError(
        f"{root.path} has two levels of folders that could be the classes: {_listed(outer)}, or in "
        f"each of them {_listed(inner)}; for the first, move the images up into {outer[0].name} "
        f"and so on; for the second, give the path of one, such as that of {outer[0].name}"
    )


def _listed(folders: Sequence[Folder]) -> str:
    names = ", ".join(folder.name for folder in folders[:_MAX_LISTED])
    return names + ", ..." * (len(folders) > _MAX_LISTED)


def _nested(root: Folder) -> list[str]:
    """Say that images of subfolders of the classes in a folder count to their class."""
    for folder in root.full:
        if folder.full:
            first = folder.full[0].path
            return [f"images in subfolders count to their class, as {first} to {folder.name}"]
    return []


def _refuse_empty(classes: tuple[Folder, ...]) -> None:
    for folder in classes:
        if not (folder.images or folder.full):
            raise InputError(
                f"{folder.path} holds no images; add some, or move it to another place if it is "
                "no class"
            )


def _left_out(root: Folder) -> list[str]:
    notes = []
    if root.images:
        notes.append(f"{len(root.images):,} images outside of class folders, left out")
    others = root.count_others() - root.others
    if others:
        notes.append(f"{others:,} other files, left out")
    return notes
