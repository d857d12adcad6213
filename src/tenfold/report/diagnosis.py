"""Diagnosis of a training from its learning curves, with advice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.networks.recipes import RECIPES, Recipe

if TYPE_CHECKING:
    from pandas import DataFrame

RISE = 0.10
"""Relative rise of the validation loss above its minimum that counts as overfitting."""
WIDE_GAP = 0.03
"""Train minus validation accuracy that counts as overfitting where the loss has not risen."""
FALL = 0.03
"""Relative fall of the validation loss per epoch that counts as improving."""
CLIMB = 0.005
"""Rise of the validation accuracy per epoch that counts as improving."""
LOW = 0.95
"""Train and validation accuracy below which a network underfits."""

_COLUMNS = ("loss", "accuracy", "val_loss", "val_accuracy")

Curve = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Diagnosis:
    """A verdict on a training, the numbers behind it, and advice.

    Attributes:
        verdict: ``diverged``, ``complete``, ``too short``, ``not validated``, ``overfitting``,
            ``still improving``, ``underfitting`` or ``fine``.
        finding: the numbers behind it, in a sentence.
        advice: what to try next, in a sentence.
        gap: train minus validation accuracy after the last epoch, as a share of 1; None
            without validation images.
    """

    verdict: str
    finding: str
    advice: str
    gap: float | None = None


@dataclass(frozen=True)
class _Curves:
    """Means over the seeds after each epoch: float64 ``[epochs]``."""

    loss: Curve
    accuracy: Curve
    val_loss: Curve
    val_accuracy: Curve

    @property
    def gap(self) -> float:
        return float(self.accuracy[-1] - self.val_accuracy[-1])

    @property
    def best(self) -> int:
        return int(self.val_loss.argmin())

    @property
    def rise(self) -> float:
        """Relative rise of the validation loss above its minimum, after the last epoch."""
        return float(self.val_loss[-1] / max(float(self.val_loss.min()), 1e-12) - 1)

    @property
    def tail(self) -> int:
        """The last third of the epochs, in which a trend is measured."""
        return max(1, round(len(self.loss) / 3))

    @property
    def fall(self) -> float:
        """Relative fall of the validation loss per epoch over the last third."""
        start = max(float(self.val_loss[-1 - self.tail]), 1e-12)
        return float(1 - (self.val_loss[-1] / start) ** (1 / self.tail))

    @property
    def climb(self) -> float:
        """Rise of the validation accuracy per epoch over the last third."""
        return float((self.val_accuracy[-1] - self.val_accuracy[-1 - self.tail]) / self.tail)


def diagnose(history: DataFrame, recipe: Recipe | None = None) -> Diagnosis:
    """Diagnose a training from its history.

    Several seeds are averaged after each epoch. The limits are rules of thumb; the order of the
    questions follows Goodfellow, Bengio and Courville, "Deep learning" (2016), chapter 11: does
    it train, does it generalise, would more training help, does it fit at all.

    Args:
        history: one row per epoch and seed, with the columns epoch, seed, loss, accuracy and,
            if there was validation, val_loss and val_accuracy.
        recipe: of the training; an included recipe of few epochs is not too short.

    Raises:
        InputError: the history has no rows, or lacks one of the first four columns.

    Example:
        >>> import pandas
        >>> diagnose(pandas.DataFrame({
        ...     "epoch": [1, 2, 3, 4], "seed": 0, "loss": [0.3, 0.1, 0.05, 0.01],
        ...     "accuracy": [0.91, 0.97, 0.99, 1.0], "val_loss": [0.2, 0.15, 0.18, 0.22],
        ...     "val_accuracy": [0.94, 0.96, 0.96, 0.96]})).verdict
        'overfitting'
    """
    missing = [name for name in ("epoch", "seed", "loss", "accuracy") if name not in history]
    if missing or history.empty:
        what = f"lacks the column {missing[0]!r}" if missing else "has no rows"
        raise InputError(f"history {what}; give that of a run, with one row per epoch and seed")
    losses = [name for name in ("loss", "val_loss") if name in history]
    bad = ~np.isfinite(history[losses].to_numpy(float)).all(axis=1)
    if bad.any():
        return _diverged(f"was not finite from epoch {history['epoch'][bad].min()} on")
    means = history.groupby("epoch").mean(numeric_only=True).sort_index()
    first, last = float(means["loss"].iloc[0]), float(means["loss"].iloc[-1])
    if last > first:
        return _diverged(f"rose from {first:.4f} after the first epoch to {last:.4f}")
    if "val_loss" not in history:
        return Diagnosis(
            "not validated",
            f"The training loss ended at {last:.4f}; no images were held out.",
            "Hold out validation images: without them overfitting cannot be detected.",
        )
    curves = _Curves(*(means[name].to_numpy(float) for name in _COLUMNS))
    return _short(curves, recipe) if len(curves.loss) < 3 else _verdict(curves)


def _diverged(what: str) -> Diagnosis:
    advice = "Train again with a lower learning rate, for example a tenth."
    return Diagnosis("diverged", f"The training loss {what}.", advice)


def _verdict(curves: _Curves) -> Diagnosis:
    """Check each condition in turn; the first that holds is the verdict."""
    learning = curves.loss[-1] < curves.loss[curves.best]
    if curves.rise >= RISE and learning:
        return _overfitting_by_loss(curves)
    if curves.fall >= FALL or curves.climb >= CLIMB:
        return _improving(curves)
    if curves.gap >= WIDE_GAP:
        return _overfitting_by_gap(curves)
    if max(curves.accuracy[-1], curves.val_accuracy[-1]) < LOW:
        return _underfitting(curves)
    return Diagnosis(
        "fine",
        f"The validation loss has settled at {curves.val_loss[-1]:.4f}, "
        f"{100 * curves.rise:.0f} % above its lowest, and {gap_text(curves.gap)}.",
        "More epochs will not help much; a network with more capacity, such as the recipe conv, "
        "or augmentation (--shift 1) may.",
        curves.gap,
    )


def _short(curves: _Curves, recipe: Recipe | None) -> Diagnosis:
    included = None if recipe is None else RECIPES.get(recipe.name)
    if recipe is not None and included is not None and included.epochs == recipe.epochs:
        return Diagnosis(
            "complete",
            f"The recipe {recipe.name} ends after {recipe.epochs} "
            f"epoch{'s' * (recipe.epochs > 1)} by design, with a learning rate near zero; "
            f"{gap_text(curves.gap)}.",
            "For a higher accuracy train a longer recipe: tenfold recipes lists them.",
            curves.gap,
        )
    epochs = "One epoch shows" if len(curves.loss) == 1 else "Two epochs show"
    return Diagnosis(
        "too short",
        f"{epochs} no trend; {gap_text(curves.gap)}.",
        "Train for more epochs (--epochs), then look again.",
        curves.gap,
    )


def _overfitting_by_loss(curves: _Curves) -> Diagnosis:
    best = curves.best
    return Diagnosis(
        "overfitting",
        f"The validation loss was lowest after epoch {best + 1} ({curves.val_loss[best]:.4f}) and "
        f"has risen by {100 * curves.rise:.0f} % to {curves.val_loss[-1]:.4f}, while the training "
        f"loss fell from {curves.loss[best]:.4f} to {curves.loss[-1]:.4f}; "
        f"{gap_text(curves.gap)}.",
        f"Stop after {best + 1} epochs, or regularise: dropout, augmentation (--shift 1), "
        "weight decay, fewer units.",
        curves.gap,
    )


def _overfitting_by_gap(curves: _Curves) -> Diagnosis:
    return Diagnosis(
        "overfitting",
        f"Train accuracy is {100 * curves.accuracy[-1]:.2f} %, validation accuracy "
        f"{100 * curves.val_accuracy[-1]:.2f} %: {gap_text(curves.gap)}.",
        "Regularise: more images, augmentation (--shift 1), dropout, weight decay.",
        curves.gap,
    )


def _improving(curves: _Curves) -> Diagnosis:
    start = -1 - curves.tail
    over = "the last epoch" if curves.tail == 1 else f"the last {curves.tail} epochs"
    return Diagnosis(
        "still improving",
        f"Over {over} the validation loss went from {curves.val_loss[start]:.4f} to "
        f"{curves.val_loss[-1]:.4f} and the accuracy from "
        f"{100 * curves.val_accuracy[start]:.2f} to {100 * curves.val_accuracy[-1]:.2f} %; "
        f"{gap_text(curves.gap)}.",
        f"Train longer: --epochs {2 * len(curves.loss)}.",
        curves.gap,
    )


def _underfitting(curves: _Curves) -> Diagnosis:
    return Diagnosis(
        "underfitting",
        f"The curves have settled at an accuracy of only {100 * curves.accuracy[-1]:.2f} % on "
        f"train and {100 * curves.val_accuracy[-1]:.2f} % on validation; {gap_text(curves.gap)}.",
        "Increase the capacity: more units or convolutions, less dropout or augmentation, or "
        "another learning rate.",
        curves.gap,
    )


def gap_text(gap: float) -> str:
    """The gap between train and validation accuracy, in points.

    Example:
        >>> gap_text(-0.0123)
        'train accuracy is 1.23 points below validation'
    """
    side = "above" if gap >= 0 else "below"
    return f"train accuracy is {100 * abs(gap):.2f} points {side} validation"
