"""Refits: trainings on all images, whose calibration comes from elsewhere than held-out images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tenfold.core import limits
from tenfold.core.errors import InputError, one_line, warn
from tenfold.data import Dataset, Splits
from tenfold.engine.cross_validation import cross_validate
from tenfold.evaluation.calibration import Calibration
from tenfold.networks.recipes import Recipe
from tenfold.runs.record import Record
from tenfold.runs.run import Run
from tenfold.training.teacher import Targets

FOLDS = 3
"""Networks of the cross-validation, each trained on two thirds of the images."""


def calibrated(record: Record, source: str | Path | Run | None, splits: Splits) -> Record:
    """The record of a new refit, with its calibrations if they come from an earlier run.

    Args:
        record: of the refit.
        source: a finished run of the same recipe that held out validation images; None to
            cross-validate at the end of the training.
        splits: all images to train on.

    Raises:
        InputError: the run has no calibrations or another recipe, or the images cannot be
            cross-validated.
    """
    if splits.train.multi_label:
        return record.replace(calibrated_by="nothing, since each label has a probability")
    if source is None:
        counts = np.bincount(splits.train.labels)
        few = counts[counts > 0].min() < FOLDS
        if few or splits.train.images.nbytes > limits.MAX_RESIDENT_BYTES:
            reason = f"a class has fewer than {FOLDS} images" if few else "the images are too many"
            raise InputError(
                f"refit: {reason}, so they cannot be cross-validated for the calibration; give "
                "calibrated_by (--calibrated-by), a run of the same recipe that held some out"
            )
        return record
    run = source if isinstance(source, Run) else Run(source)
    run.require_finished()
    if run.record.protocol != "held-out" or not run.calibrations:
        raise InputError(
            f"{run.path}: it has no calibration on images that it held out; name another run as "
            "calibrated_by (--calibrated-by)"
        )
    if differing := _differences(run.recipe, record.recipe):
        raise InputError(
            f"{run.path}: its recipe differs in {', '.join(differing)}, so its calibration does "
            "not hold for this one; train the recipe of that run, or name another"
        )
    if run.class_names != tuple(record.data.class_names):
        raise InputError(f"{run.path}: it has other classes than {record.data.name}")
    given = run.calibrations
    count = run.record.data.sizes["validation"]
    return record.replace(
        calibrations=[given[i % len(given)] for i in range(len(record.seeds))],
        calibrated_by=f"the run {run.path}, on {count:,} images that it held out",
    )


def _differences(one: Recipe, other: Recipe) -> list[str]:
    """Fields in which two recipes differ, apart from the seed and what describes them."""
    values = [
        recipe.replace(name="", summary="", published=None, seed=0).to_json()
        for recipe in (one, other)
    ]
    return [name for name, value in values[0].items() if value != values[1][name]]


def cross_calibrated(record: Record, train: Dataset, targets: Targets | None = None) -> Record:
    """The record with calibrations from a cross-validation of its recipe.

    One set of out-of-fold predictions calibrates all networks. If the cross-validation fails, the
    record has no calibrations and says so.
    """
    recipe = record.recipe
    try:
        outputs = cross_validate(recipe, train, FOLDS, recipe.seed, targets=targets)
        fitted = Calibration.fit(outputs, train.labels)
    except InputError as error:
        warn(f"the probabilities are not calibrated: {one_line(error, 150)}")
        return record.replace(calibrated_by="nothing: the cross-validation failed")
    return record.replace(
        calibrations=[fitted] * len(record.seeds),
        calibrated_by=f"{FOLDS}-fold cross-validation of the {len(train):,} images",
    )
