"""`load`: from a name or a path to train, validation and test splits."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from warnings import warn

import numpy as np

from tenfold.core.errors import InputError, InputWarning
from tenfold.core.read_options import ReadOptions
from tenfold.data import dataset_cache, sources
from tenfold.data.arrays import read_arrays
from tenfold.data.corrections import Corrections
from tenfold.data.dataset import Dataset, Splits
from tenfold.data.formats import read_raw
from tenfold.data.multi_label import strata
from tenfold.data.origin import Origin
from tenfold.data.raw_data import RawData, validate_raw
from tenfold.data.raw_images import EMNIST_ADVICE
from tenfold.data.splitting import (
    DEFAULT_VALIDATION,
    TEST_DIVISOR,
    TEST_SEED,
    stratified_mask,
    validation_size,
)

_MAX_LISTED_LENGTH = 150  # characters of the names of files in a message


def load(
    source: Any = "mnist",
    *,
    validation: int = DEFAULT_VALIDATION,
    seed: int = 0,
    corrections: str | Path | None = None,
    **options: Any,
) -> Splits:
    """Load a dataset by name, from a file or folder, or arrays; hold out validation images.

    Named datasets (`names()`) are verified by checksum and memory-mapped from the cache after
    the first time. The format of a file or folder is recognized by its content: see
    docs/reference/formats.md.

    Data without a test split give a stratified sixth of their images to one; it is the same sixth
    for every `seed`. A validation split in the data is used as it is; otherwise validation is a
    stratified sample of train, drawn by `seed`. Images keep their order.

    Args:
        source: a name or a path. If a folder has the name of a dataset, write ``./mnist``. Or a
            dataset in memory: ``(x, y)`` or ``((x_train, y_train), (x_test, y_test))`` of arrays,
            tensors, frames or lists of Pillow images; a `Dataset`; a dataset or loader of PyTorch,
            ``tf.data`` or Hugging Face, or one a split; a bunch of scikit-learn; a pandas frame.
        validation: number of images to hold out of train; 0 for none. The default of 5,000
            becomes a twelfth of the images if that is fewer.
        seed: of the draw, 0 or larger.
        corrections: a CSV file that relabels or drops images, as the page of `tenfold audit`
            saves it. It is applied after the splits are drawn, and changes no file.
        **options: how to read the files, such as ``resize=True``; see `ReadOptions`.

    Raises:
        InputError: the name is unknown, the data or corrections cannot be used, or the cache
            cannot be written.

    Examples:
        >>> splits = load("mnist", validation=1000, seed=3)
        >>> len(splits.train), len(splits.validation), len(splits.test)
        (59000, 1000, 10000)
        >>> load("mnst")
        Traceback (most recent call last):
        ...
        tenfold.core.errors.InputError: unknown dataset 'mnst'; did you mean 'mnist'? ...
    """
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InputError(f"seed must be a whole number from 0 on; received {seed!r}")
    reading = ReadOptions.of(options)
    if not isinstance(source, (str, Path)):
        raw = without_unreadable(read_arrays(source, reading), reading)
        validate_raw(raw)
        origin = Origin("memory", validation, int(seed), **asdict(reading))
        splits = replace(_make_splits(raw, origin), origin=None)
        return splits if corrections is None else _corrected(splits, Path(corrections).expanduser())
    named, path = resolve(source)
    name = named.name if named else str(path.resolve())
    origin = Origin(name, validation, int(seed), **asdict(reading))
    if named is not None:
        if reading.transpose:
            raise InputError(f"transpose: {named.name} is upright already; it is for your files")
        splits = _load_named(named, origin)
    else:
        raw = read_path(path, reading)
        validate_raw(raw)
        splits = _make_splits(raw, origin)
    return splits if corrections is None else _corrected(splits, Path(corrections).expanduser())


def read_path(path: Path, reading: ReadOptions) -> RawData:
    """Read a file or folder, without image files that may be skipped.

    Raises:
        InputError: it cannot be read.

    Warns:
        InputWarning: its images are probably transposed.
    """
    raw = without_unreadable(read_raw(path, reading), reading)
    if EMNIST_ADVICE in raw.notes:
        warn(f"{path}: {EMNIST_ADVICE}", InputWarning, stacklevel=3)
    return raw


def resolve(source: str | Path) -> tuple[sources.Source | None, Path]:
    """Return the named dataset that `source` names, or None, and an existing path.

    Raises:
        InputError: it is neither a name nor an existing path.
    """
    if not isinstance(source, (str, Path)):
        raise InputError(
            "a dataset is a name, a path, or images and labels (x, y); received "
            f"{type(source).__name__}"
        )
    named = sources.find(source) if isinstance(source, str) else None
    path = Path(source).expanduser()
    if named is None and not (source and _exists(path)):
        if isinstance(source, Path) or path.suffix or len(path.parts) > 1:
            raise InputError(
                f"no such file or folder: {source}; known datasets are {', '.join(sources.names())}"
            )
        raise sources.unknown_dataset(source)
    return named, path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"cannot read {str(path)[:200]}: {reason}; give another path") from error


def _load_named(source: sources.Source, origin: Origin) -> Splits:
    splits = dataset_cache.load_arrays(source)
    train, test = (
        Dataset(*splits[split], source.class_names, source.name) for split in ("train", "test")
    )
    train, validation = _hold_out(
        train, validation_size(len(train), origin.validation), origin.seed
    )
    description = f"{source.title}, {source.homepage}"
    return Splits(source.name, train, validation, test, description, origin.seed, origin)


def _make_splits(raw: RawData, origin: Origin) -> Splits:
    """Hold out the splits that the data do not have."""
    name = Path(origin.source).stem or "dataset"
    datasets = {split: raw.dataset(split, name) for split in raw.splits}
    notes = [f"{origin.source} ({raw.format})", *raw.decisions, *raw.notes]
    train, validation, test = datasets["train"], datasets.get("validation"), datasets.get("test")
    if test is None:
        total = len(train)
        train, test = _hold_out(train, -(-total // TEST_DIVISOR), TEST_SEED)
        notes.append(f"test is a sixth held out of its {total:,} images")
    if validation is None:
        size = validation_size(len(train), origin.validation)
        train, validation = _hold_out(train, size, origin.seed)
    else:
        notes.append("with its own validation split")
    return Splits(name, train, validation, test, "; ".join(notes), origin.seed, origin, raw.pixels)


def _hold_out(train: Dataset, size: int, seed: int) -> tuple[Dataset, Dataset | None]:
    """Return the remaining and the held-out images; None if none are held out."""
    labels = strata(train.labels) if train.multi_label else train.labels
    mask = stratified_mask(labels, size, seed)
    return (train[~mask], train[mask]) if mask.any() else (train, None)


def _corrected(splits: Splits, path: Path) -> Splits:
    """Apply a file of corrections to all splits, and record the counts in `source`."""
    corrections, before = Corrections.read(path), splits.present()
    splits.train.require_one_class("corrections")
    corrections.verify(before.values(), splits.name)
    relabelled = dropped = 0
    for data in before.values():
        labels, kept = corrections.apply_to(data.labels, data.digests, data.class_names)
        relabelled += int((labels != data.labels)[kept].sum())
        dropped += int((~kept).sum())
    note = f"{splits.source}; {path.name}: {relabelled} relabelled, {dropped} dropped"
    after: dict[str, Any] = {name: corrections.apply(data) for name, data in before.items()}
    origin = splits.origin and replace(splits.origin, corrections=str(path.resolve()))
    return replace(splits, **after, source=note, origin=origin)


def without_unreadable(raw: RawData, options: ReadOptions) -> RawData:
    """Return data with a note on the image files that cannot be read, if these may be skipped.

    Raises:
        InputError: they may not, or no image of train can be read.
    """
    if not raw.unreadable:
        return raw
    count = len(raw.unreadable)
    files = f"{count:,} image file{'s' * (count > 1)}"
    if options.skip_unreadable and "train" in raw.splits:
        note = f"{files} cannot be read, skipped; the first is {raw.unreadable[0].path}"
        return replace(raw, notes=(*raw.notes, note))
    listed = ""
    for position, file in enumerate(raw.unreadable):
        entry = f"{', ' * (position > 0)}{file.path} ({file.reason})"
        if position and len(listed + entry) > _MAX_LISTED_LENGTH:
            listed += f" and {count - position:,} more"
            break
        listed += entry
    raise InputError(
        f"{files} cannot be read: {listed}; repair them, or add --skip-unreadable (tenfold data "
        "check lists all)"
    )
