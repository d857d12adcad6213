"""The data to evaluate a run on: its own, or any others with the same classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError, warn
from tenfold.core.image_shape import ImageShape, size_text
from tenfold.data import Dataset, ReadOptions, Splits, load
from tenfold.data.arrays import read_arrays
from tenfold.data.loading import read_path, resolve, without_unreadable
from tenfold.data.raw_data import RawData, split_of
from tenfold.data.relabelling import relabelled
from tenfold.runs.record import Record
from tenfold.runs.training_data import load_training_data

DRAWN, DRAWN_IMAGES, DRAWN_SEED = "drawn-", 2_000, 90_001
"""Prefix of the names of synthetic non-digits, their number, and a seed that no training uses."""

AS_IS = ReadOptions()

Data = str | Path | Splits | Dataset | Sequence[Any]


def own_split(
    folder: Path, record: Record, data: Data, split: str, reading: ReadOptions = AS_IS
) -> tuple[str, Dataset] | None:
    """Return a split of a run, with its name, if the data are its own; None if they are others.

    Args:
        folder: of the run.
        record: of the run.
        data: splits, arrays, a name or a path, of which the named split is taken; or a Dataset,
            which is recognized whichever split it is.
        split: ``train``, ``validation`` or ``test``.
        reading: how to read files or arrays; the run's own options hold beside it.

    Raises:
        InputError: the data are the run's and have no such split.
    """
    if isinstance(data, Dataset):
        names = {checksum: name for name, checksum in record.data.checksums.items()}
        return (names[data.checksum], data) if data.checksum in names else None
    try:
        splits = load_training_data(folder, record, _as_splits(data, record, reading))
    except InputError:
        return None
    return split, splits.split(split)


def _as_splits(
    data: str | Path | Splits | Sequence[Any], record: Record, reading: ReadOptions
) -> Splits:
    """Load data as those of the run were: they may have moved."""
    if isinstance(data, Splits):
        return data
    if record.data.origin is None or not isinstance(data, (str, Path)):
        return load(data, **reading.given())
    return load(**{**asdict(record.data.origin), **reading.given(), "source": data})


def other_images(
    data: Data,
    split: str,
    class_names: tuple[str, ...],
    image_shape: tuple[int, ...],
    reading: ReadOptions = AS_IS,
    multi_label: bool = False,
) -> Dataset:
    """Return images that are not a run's own, labelled with the classes of its networks.

    Args:
        data: a Dataset; or splits, arrays, a name or a path. Of data that have one split only, all
            images are taken for ``test``.
        split: ``train``, ``validation`` or ``test``.
        class_names: of the networks.
        image_shape: of their images.
        reading: how to read files or arrays.
        multi_label: whether the networks give an image any number of labels.

    Raises:
        InputError: the data cannot be read, lack the split, or have other classes or another size
            of images.
    """
    images = _images(data, split, reading)
    given, expected = images.shape[1:], image_shape
    if given != expected:
        raise InputError(
            f"{images.name}: its images are {_size(given)}, those of the network "
            f"{_size(expected)}; give images of that size, or --grey or --resize to 28x28"
        )
    return relabelled(images, class_names, images.name, multi_label)


def warn_of_orientation(record: Record, data: Data, reading: ReadOptions) -> None:
    """Warn of files that are read without the exchange of rows and columns of the run's own."""
    origin = record.data.origin
    transposed = origin is not None and origin.transpose
    if transposed and isinstance(data, (str, Path)) and not reading.transpose:
        warn(
            f"{data}: read as it is, while the run was trained on files with rows and columns "
            "exchanged; add --transpose (transpose=True) if these are stored like those"
        )


def unknown_images(source: str, image_shape: ImageShape) -> npt.NDArray[np.uint8]:
    """Images without a class of a network, to measure how well they are detected.

    Args:
        source: data with a test split, as for ``tenfold.load``; or ``drawn-letters``,
            ``drawn-scribbles`` or another kind of synthetic non-digits, of which 2,000 are drawn.
        image_shape: of the network's images.

    Raises:
        InputError: there are none, or of another shape.
    """
    if source.startswith(DRAWN):
        from tenfold.data.synthetic.non_digits import draw_non_digits

        images = draw_non_digits(DRAWN_IMAGES, DRAWN_SEED, kinds=[source.removeprefix(DRAWN)])
    else:
        test = load(source).test
        images = np.zeros((0, 0, 0), np.uint8) if test is None else test.images
    if images.shape[1:] != image_shape:
        raise InputError(f"{source}: its images are not {size_text(image_shape)}; give other data")
    return images


def _images(data: Data, split: str, reading: ReadOptions) -> Dataset:
    if isinstance(data, (Dataset, Splits)):
        if reading.given():
            names = ", ".join(reading.given())
            raise InputError(f"{names}: not with a Dataset or Splits, which are read already")
        return data if isinstance(data, Dataset) else data.split(split)
    if isinstance(data, (str, Path)):
        named, path = resolve(data)
        if named is not None:
            return load(data, **reading.given()).split(split)
        raw = read_path(path, reading)
        name = path.stem or "dataset"
    else:
        raw, name = without_unreadable(read_arrays(data, reading), reading), "arrays"
    return raw.dataset(_part(raw, split, name), name)


def _part(raw: RawData, split: str, name: str) -> str:
    """The split to take; of data with one only all images, unless it is named as another."""
    present = list(raw.splits)
    if len(present) == 1:
        only = split_of(Path(raw.splits["train"].origin).name)
        if only is None or split in (only, "test"):
            return "train"
        present = [only]
    if split not in present:
        raise InputError(f"split: {name} has {', '.join(present)}, not {split}; give --split")
    return split


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
