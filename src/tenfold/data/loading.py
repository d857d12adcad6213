"""`load`: a name or a path in, splits out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.core.errors import InputError
from tenfold.data import named, sources
from tenfold.data.corrections import Corrections
from tenfold.data.dataset import Dataset, Origin, Splits
from tenfold.data.formats.detect import read
from tenfold.data.formats.parts import Parts, Unreadable, verify
from tenfold.data.splitting import SIXTH, STANDARD_VALIDATION, TEST_SEED, held_out, validation_size

SHOWN = 3


def load(
    source: str | Path = "mnist",
    *,
    validation: int = STANDARD_VALIDATION,
    seed: int = 0,
    resize: bool = False,
    corrections: str | Path | None = None,
) -> Splits:
    """Load a dataset by its name, or from a file or folder, and hold out validation images.

    Named datasets (`names()`) come verified, from the cache after the first time. The user's own
    are told by their content: an IDX pair (gzipped or not), NPZ as Keras writes it, CSV as Kaggle
    has it, a folder of class folders with PNG or JPEG, with train and test above them or not.

    Without a test split of its own, a sixth of the images, stratified, becomes one; it is the
    same sixth whatever `seed` is. A validation split of its own is kept as it is; otherwise
    validation is drawn from train, stratified, by `seed`. Images keep their order.

    Args:
        source: a name, or a path. A folder that is called as a dataset is `./mnist`.
        validation: how many images to hold out of train; 0 for none. The standard 5,000 become
            a twelfth where that is fewer.
        seed: of the draw, a whole number from 0 on.
        resize: bring images of other sizes to 28x28, their proportions kept.
        corrections: a CSV file that relabels or drops images, as the page of `tenfold audit`
            saves it. It is applied once the splits are drawn, and changes no file.

    Raises:
        InputError: an unknown name, data or corrections that cannot be used, or a cache that
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
    row, path = resolve(source)
    if row is not None:
        splits = _load_named(row, Origin(row.name, validation, int(seed), resize))
    else:
        parts = read(path, resize)
        refuse_unreadable(parts.unreadable)
        verify(parts)
        splits = _split(parts, Origin(str(path.resolve()), validation, int(seed), resize))
    return splits if corrections is None else _corrected(splits, Path(corrections).expanduser())


def resolve(source: str | Path) -> tuple[sources.Source | None, Path]:
    """Return the named dataset that `source` means, or else None and the path, which exists.

    Raises:
        InputError: it is neither.
    """
    if not isinstance(source, (str, Path)):
        raise InputError(f"a dataset is a name or a path; received {type(source).__name__}")
    row = sources.find(source) if isinstance(source, str) else None
    path = Path(source).expanduser()
    if row is None and not (source and _exists(path)):
        if isinstance(source, Path) or path.suffix or len(path.parts) > 1:
            raise InputError(
                f"no such file or folder: {source}; known datasets are {', '.join(sources.names())}"
            )
        raise sources.unknown(source)
    return row, path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"cannot read {str(path)[:200]}: {reason}; give another path") from error


def _load_named(row: sources.Source, origin: Origin) -> Splits:
    data = named.arrays(row)
    train, test = (
        Dataset(
            data[f"{split}-images"],
            data[f"{split}-labels"].astype(np.int64),
            row.class_names,
            row.name,
        )
        for split in ("train", "test")
    )
    train, held = _hold_out(train, validation_size(len(train), origin.validation), origin.seed)
    where = f"{row.title}, {row.homepage}"
    return Splits(row.name, train, held, test, where, origin.seed, origin)


def _split(parts: Parts, origin: Origin) -> Splits:
    """Return the splits that a user's data have, and those that they have not."""
    name = Path(origin.source).stem or "dataset"
    sets = {
        split: Dataset(part.images, part.labels, parts.names(), name)
        for split, part in parts.parts.items()
    }
    notes = [f"{origin.source} ({parts.kind})", *parts.notes]
    train, test, held = sets["train"], sets.get("test"), sets.get("validation")
    if test is None:
        whole = len(train)
        train, test = _hold_out(train, -(-whole // SIXTH), TEST_SEED)
        notes.append(f"test is a sixth held out of its {whole:,} images")
    if held is None:
        size = validation_size(len(train), origin.validation)
        train, held = _hold_out(train, size, origin.seed)
    else:
        notes.append("validation is its own")
    return Splits(name, train, held, test, "; ".join(notes), origin.seed, origin)


def _hold_out(train: Dataset, size: int, seed: int) -> tuple[Dataset, Dataset | None]:
    """Return train without the images held out, and these; None where there are none."""
    mask = held_out(train.labels, size, seed)
    return (train[~mask], train[mask]) if mask.any() else (train, None)


def _corrected(splits: Splits, path: Path) -> Splits:
    """Return splits with the corrections of a file, and say in `source` how many there were."""
    corrections, before = Corrections.read(path), splits.present()
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


def refuse_unreadable(unreadable: tuple[Unreadable, ...]) -> None:
    """Raise InputError where files that should be images cannot be read."""
    if not unreadable:
        return
    listed = ", ".join(f"{file.path} ({file.reason})" for file in unreadable[:SHOWN])
    more = f" and {len(unreadable) - SHOWN} more" if len(unreadable) > SHOWN else ""
    files = "1 image file" if len(unreadable) == 1 else f"{len(unreadable)} image files"
    raise InputError(
        f"{files} cannot be read: {listed}{more}; repair or remove them "
        "(tenfold data check lists all)"
    )
