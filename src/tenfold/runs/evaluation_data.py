"""The data to evaluate a run on: its own, or any others with the same classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.data import Dataset, ReadOptions, Splits, load
from tenfold.data.arrays import read_arrays
from tenfold.data.formats.registry import read_raw
from tenfold.data.loading import resolve, without_unreadable
from tenfold.data.relabelling import relabelled
from tenfold.runs.record import Record
from tenfold.runs.training_data import load_training_data

Data = str | Path | Splits | Dataset | Sequence[Any]


def own_split(folder: Path, record: Record, data: Data, split: str) -> tuple[str, Dataset] | None:
    """Return a split of a run, with its name, if the data are its own; None if they are others.

    Args:
        folder: of the run.
        record: of the run.
        data: splits, arrays, a name or a path, of which the named split is taken; or a Dataset,
            which is recognized whichever split it is.
        split: ``train``, ``validation`` or ``test``.

    Raises:
        InputError: the data are the run's and have no such split.
    """
    if isinstance(data, Dataset):
        names = {checksum: name for name, checksum in record.data.checksums.items()}
        return (names[data.checksum], data) if data.checksum in names else None
    try:
        splits = load_training_data(folder, record, _as_splits(data, record))
    except InputError:
        return None
    return split, splits.split(split)


def _as_splits(data: str | Path | Splits | Sequence[Any], record: Record) -> Splits:
    """Load data as those of the run were: they may have moved."""
    if isinstance(data, Splits):
        return data
    if record.data.origin is None or not isinstance(data, (str, Path)):
        return load(data)
    return load(**{**asdict(record.data.origin), "source": data})


def other_images(data: Data, split: str, record: Record) -> Dataset:
    """Return images that are not a run's own, labelled with the run's classes.

    Args:
        data: a Dataset; or splits, arrays, a name or a path. Of data that have no split of this
            name, all images are taken.
        split: ``train``, ``validation`` or ``test``.
        record: of the run.

    Raises:
        InputError: the data cannot be read, or have other classes or another size of images.
    """
    images = _images(data, split)
    given, expected = images.shape[1:], tuple(record.data.image_shape)
    if given != expected:
        raise InputError(
            f"{images.name}: its images are {_size(given)}, those of the run {_size(expected)}; "
            "give images of that size"
        )
    return relabelled(images, tuple(record.data.class_names), images.name)


def _images(data: Data, split: str) -> Dataset:
    if isinstance(data, Dataset):
        return data
    if isinstance(data, Splits):
        return data.split(split)
    if isinstance(data, (str, Path)):
        named, path = resolve(data)
        if named is not None:
            return load(data).split(split)
        raw = without_unreadable(read_raw(path), ReadOptions())
        name = path.stem or "dataset"
    else:
        raw, name = read_arrays(data), "arrays"
    part = raw.splits.get(split, raw.splits["train"])
    return Dataset(part.images, part.labels, raw.class_names, name)


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
