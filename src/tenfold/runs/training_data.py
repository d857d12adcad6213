"""The data that a run trains and validates on: choose them, and load and verify them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tenfold.core.errors import InputError
from tenfold.data import Dataset, Origin, Splits, load
from tenfold.export import model_file
from tenfold.runs.record import Record

if TYPE_CHECKING:
    from tenfold.runs.finetune_data.rehearsal import Rehearsal

PROTOCOLS = ("held-out", "published", "refit")


def as_protocol(splits: Splits, protocol: str) -> Splits:
    """Return the splits of a protocol.

    ``held-out`` validates on images held out of train. ``published`` trains on all training
    images, those that ``tenfold.load`` held out included, and validates on the test set, as the
    tutorials do. ``refit`` trains on train and validation together.

    Raises:
        InputError: the published protocol has no test set to validate on.
    """
    if protocol == "held-out":
        return splits
    if protocol == "refit":
        return _joined(splits)
    if splits.test is None:
        raise InputError(f"protocol: published validates on the test set, {splits.name} has none")
    if splits.origin is not None and splits.origin.validation:
        splits = load(**asdict(replace(splits.origin, validation=0)))
    return replace(splits, validation=splits.test)


def _joined(splits: Splits) -> Splits:
    """The splits with their validation images among those of train."""
    if splits.origin is not None and splits.origin.validation:
        splits = load(**asdict(replace(splits.origin, validation=0)))
    if splits.validation is None:
        return splits
    parts = (splits.train, splits.validation)
    images, labels = (
        np.concatenate([getattr(part, name)[:] for part in parts]) for name in ("images", "labels")
    )
    train = Dataset(images, labels, splits.class_names, splits.train.name)
    return replace(splits, train=train, validation=None)


def load_training_data(folder: Path, record: Record, given: Splits | None = None) -> Splits:
    """Return the splits that a run was trained and validated on.

    Args:
        folder: of the run.
        record: of the run.
        given: the data if they were made in memory: for a fine-tuned run the user's images, to
            which the data of the pretrained network are added. None to load them again.

    Raises:
        InputError: the data are missing, were made in memory and are not given, or differ in any
            pixel or label from those the run was trained on.
    """
    if not record.data.checksums:
        raise imported_without_data(folder)
    if given is None and record.data.origin is None:
        raise InputError(
            f"{folder}: its data were made in memory and are not stored; pass them as data=..."
        )
    if record.continued:
        splits = _finetuning_splits(record.continued, record.recipe.batch_size, given)
    elif given is not None:
        splits = as_protocol(given, record.protocol)
    elif record.data.origin is not None:
        splits = as_protocol(load(**asdict(_moved(record.data.origin, folder))), record.protocol)
    _verify(folder, record, splits)
    return splits


def imported_without_data(folder: Path) -> InputError:
    """The error for a run that has no data of its own."""
    return InputError(
        f"{folder}: was imported without data; evaluate it on some with --data (data= in Python), "
        "or import it again with --data"
    )


def require_held_out(folder: Path, record: Record) -> None:
    """Refuse to calibrate a run without validation images that were held out of train.

    Raises:
        InputError: it is a refit, was validated on the test set, or not at all.
    """
    if record.protocol == "refit":
        raise InputError(
            f"{folder}: a refit has no validation images to choose on; its calibration is "
            f"by {record.calibrated_by}"
        )
    if record.protocol != "held-out":
        raise InputError(
            f"{folder}: it was validated on the test set, on which nothing is chosen; "
            "train with the held-out protocol"
        )
    if "validation" not in record.data.sizes:
        raise InputError(f"{folder}: has no validation images, on which it is calibrated")


def _moved(origin: Origin, folder: Path) -> Origin:
    """Find data that were moved or copied together with the run; others stay as they are."""
    corrections = origin.corrections
    return replace(
        origin,
        source=_nearest(origin.source, folder),
        corrections=None if corrections is None else _nearest(corrections, folder),
    )


def _nearest(source: str, folder: Path) -> str:
    """Return an existing path with the longest end of a missing path, above the run's folder."""
    path = Path(source)
    if not path.is_absolute() or path.exists():
        return source
    for start in range(1, len(path.parts)):
        for parent in folder.absolute().parents:
            found = parent.joinpath(*path.parts[start:])
            if found.exists():
                return str(found)
    return source


def rehearsal_of_run(folder: Path, record: Record) -> Rehearsal:
    """Return the data that a run was trained on, for fine-tuning its networks."""
    from tenfold.runs.finetune_data.rehearsal import Rehearsal

    return Rehearsal(
        str(folder.absolute()),
        tuple(record.data.class_names),
        tuple(record.data.image_shape),
        partial(_rehearsal_splits, folder, record),
    )


def _rehearsal_splits(folder: Path, record: Record, images: int) -> Splits:
    from tenfold.runs.finetune_data.rehearsal import subset

    if record.protocol == "published":
        raise InputError(
            f"{folder}: it was validated on the test set, which must not be used for anything "
            "else; fine-tune a run of the held-out protocol"
        )
    try:
        splits = load_training_data(folder, record)
    except InputError as error:
        raise InputError(
            f"without its training data the network would forget them: {error}"
        ) from error
    train = subset(splits.train, images, record.seeds[0])
    return replace(splits, train=train, origin=None)


def _finetuning_splits(
    continued: Mapping[str, Any], batch_size: int, given: Splits | None
) -> Splits:
    """The mixture of the user's images with those of the pretrained network."""
    # Imported here since most runs are not fine-tuned, and drawing non-digits imports SciPy.
    from tenfold.runs.finetune_data.mixture import mix
    from tenfold.runs.finetune_data.user_data import load_user_data, reload_user_data

    rehearsal = _rehearsal(continued["start"]["name"])
    if given is None:
        user_data = reload_user_data(continued["own"], rehearsal.class_names)
    else:
        user_data = load_user_data(given, rehearsal.class_names)
    return mix(user_data, rehearsal, batch_size).splits


def _rehearsal(name: str) -> Rehearsal:
    """The data of a pretrained network, by the name that the record of a fine-tuned run has."""
    from tenfold.runs.finetune_data.rehearsal import locate, rehearsal_of_model_file

    path = locate(name)
    if path.is_dir():
        return rehearsal_of_run(path, Record.load(path))
    return rehearsal_of_model_file(name, path, model_file.read(path)[1])


def _verify(folder: Path, record: Record, splits: Splits) -> None:
    for name, checksum in record.data.checksums.items():
        split = splits.present().get(name)
        if split is None or split.checksum != checksum:
            raise InputError(
                f"{folder}: the {name} split of {splits.name} differs from the one that the run "
                "was trained on; give the same data, or train again"
            )
