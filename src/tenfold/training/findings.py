"""Warnings of a training: data that no network can learn from, and results no better than chance.

They name the likely cause; the training goes on and its files are written.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import warn
from tenfold.data import Dataset, Splits
from tenfold.data.multi_label import class_counts
from tenfold.data.polarity import border_level
from tenfold.data.raw_images import EMNIST_ADVICE
from tenfold.export.model_view import describe_turned
from tenfold.runs.record import Record
from tenfold.training.checkpoint import Checkpoint

_SAMPLE = 1000
"""Images of each split that are looked at."""
_DARKEST = 16
"""Highest grey level of 255 below which images are almost black."""
_CONTRAST = 64
"""Difference of mean border levels from which two splits differ in polarity."""
_MIN_SKILL = 0.05
"""Share of the way from chance to perfect below which nothing was learned."""
_GROWTH = 10
"""Growth of the training loss over the epochs that counts as divergence."""
_LISTED = 5


def warn_about_data(splits: Splits) -> None:
    """Warn of missing classes, of black or turned images and of splits that differ."""
    counts = _counts(splits.train)
    missing = [name for name, count in zip(splits.class_names, counts, strict=True) if not count]
    if missing:
        more = ", ..." if len(missing) > _LISTED else ""
        warn(
            f"{splits.name}: no training images of class {', '.join(missing[:_LISTED])}{more}; "
            "the network will never predict it"
        )
    samples = {name: _sample(split) for name, split in splits.present().items()}
    highest = int(samples["train"].max())
    if highest < _DARKEST:
        warn(
            f"{splits.name}: grey levels reach only {highest} of 255, so the images are almost "
            "black; were they scaled already?"
        )
    if EMNIST_ADVICE not in splits.source and (turned := describe_turned(splits.train)):
        warn(f"{splits.name}: {turned}")
    borders = {name: float(border_level(images).mean()) for name, images in samples.items()}
    for name, level in borders.items():
        if abs(level - borders["train"]) >= _CONTRAST:
            warn(
                f"{splits.name}: the background of {name} is {_tone(level)}, that of train "
                f"{_tone(borders['train'])}; invert one of them, or the network fails on {name}"
            )


def _counts(data: Dataset) -> npt.NDArray[np.int64]:
    return class_counts(data.labels, len(data.class_names))


def _sample(split: Dataset) -> npt.NDArray[np.uint8]:
    step = max(1, len(split) // _SAMPLE)
    return np.asarray(split.images[np.arange(0, len(split), step)])


def _tone(level: float) -> str:
    return f"{'light' if level > 127 else 'dark'} ({level:.0f} of 255)"


def warn_about_result(record: Record, checkpoint: Checkpoint, train: Dataset) -> None:
    """Warn of a loss that grew, or of an accuracy no better than that of a constant answer."""
    rows = [row for row in checkpoint.history if row["epoch"] == checkpoint.epochs]
    first = np.mean([row["loss"] for row in checkpoint.history if row["epoch"] == 1])
    last = np.mean([row["loss"] for row in rows])
    rate = record.recipe.learning_rate
    at_rate = "" if rate is None else f" of {rate:g}"
    too_high = f"the learning rate{at_rate} is probably too high; train with a lower one"
    counts, share, likeliest = _counts(train), 0.0, ""
    if record.data.multi_label:
        often = counts / len(train)
        share, likeliest = float(np.maximum(often, 1 - often).mean()), "the same labels"
    else:
        share = counts.max() / counts.sum()
        likeliest = repr(record.data.class_names[int(counts.argmax())])
    names = [name for name in ("accuracy", "val_accuracy") if name in rows[0]]
    accuracy = max((float(np.mean([row[name] for row in rows])) for name in names), default=1.0)
    if last > _GROWTH * first:
        warn(f"the training loss grew from {first:.3g} to {last:.3g}: {too_high}")
    elif accuracy - share < _MIN_SKILL * (1 - share):
        cause = too_high if last > first or (rate or 0) > 0.1 else _CHECK_DATA
        warn(
            f"{record.title}: an accuracy of {100 * accuracy:.2f} % is no better than always "
            f"answering {likeliest} ({100 * share:.2f} %): {cause}"
        )


_CHECK_DATA = (
    "check that labels belong to the images (tenfold data show) and that the pixels have the range "
    "that the network expects, or train for more epochs"
)
