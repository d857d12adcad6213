"""Cross-validation: one network per fold, all trained at once in one program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.data import Dataset
from tenfold.engine.averaging import recompute_statistics
from tenfold.engine.device_data import DeviceData
from tenfold.engine.ensemble import build_networks
from tenfold.engine.epoch import run_epoch
from tenfold.engine.fit_data import recipe_weights
from tenfold.engine.inference import Probabilities
from tenfold.engine.pixels import resolve_pixels
from tenfold.engine.program import Logs, Program
from tenfold.engine.state import State, initial_state, unstack_state, write_state
from tenfold.networks.recipes import Recipe

Report = Callable[[int, float, Logs], None]


def cross_validate(
    recipe: Recipe,
    dataset: Dataset,
    folds: int = 10,
    seed: int = 0,
    report: Report = lambda epoch, share, logs: None,
    targets: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Out-of-fold probabilities: each image is predicted by a network trained without it.

    One program trains all networks; the images are on the device once.

    Args:
        recipe: network and training.
        dataset: n images with labels.
        folds: number of folds, and of networks.
        seed: of the folds, and of the first network; the others count up from it.
        report: called with the epoch (from 1), its completed share and the running logs
            ``[networks]``.
        targets: labels with the soft targets of the recipe's teacher; None without one.

    Returns:
        float32 ``[n, classes]``.

    Raises:
        InputError: a class has fewer images than there are folds, the images do not fit on the
            device at once, or the loss became NaN.

    Example:
        >>> import tenfold
        >>> from tenfold.networks.recipes import recipe
        >>> few = tenfold.load("mnist").train[:480]
        >>> cross_validate(recipe("logistic"), few, folds=3).shape
        (480, 10)
    """
    probabilities = np.empty((len(dataset), len(dataset.class_names)), np.float32)
    predicted = predict_folds(recipe, dataset, folds, seed, range(folds), report, targets)
    for selected, values in predicted:
        probabilities[selected] = values
    return probabilities


def predict_folds(
    recipe: Recipe,
    dataset: Dataset,
    folds: int,
    seed: int,
    share: Sequence[int],
    report: Report = lambda epoch, share, logs: None,
    targets: npt.NDArray[np.float32] | None = None,
) -> Iterator[tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]]:
    """Train the networks of some of the folds in one program, and predict what they have not seen.

    Args:
        share: numbers of the folds; the other arguments are those of `cross_validate`.

    Yields:
        For each of the folds, which images it has, bool ``[n]``, and their probabilities.
    """
    dataset.require_one_class("cross-validation")
    if recipe.teacher is not None and targets is None:
        raise InputError("teacher: not supported here; leave it out of the recipe")
    parts = stratified_folds(dataset.labels, folds, seed)
    training = _training_indices(parts, folds, seed)[list(share)]
    seeds = [seed + k for k in share]
    classes, shape = len(dataset.class_names), dataset.image_shape
    models = build_networks(recipe, shape, classes, training.shape[1], seeds)
    recipe = recipe.replace(input_range=resolve_pixels(recipe, models[0], dataset).name)
    program = Program.from_recipe(models, recipe, shape, classes)
    state = initial_state(models)
    data = DeviceData(dataset, recipe_weights(recipe, dataset), targets)
    if data.whole is None:
        raise InputError(
            f"{len(dataset):,} images are more than the "
            f"{limits.MAX_RESIDENT_BYTES >> 20:,} MiB held at once, which "
            "cross-validation needs; give it fewer"
        )
    for epoch in range(recipe.epochs):

        def on_steps(_: State, images: int, logs: Logs, number: int = epoch + 1) -> None:
            _refuse_nan(recipe, logs, number)
            report(number, images / training.shape[1], logs)

        state, _ = run_epoch(
            program, state, data, epoch, seeds, indices=training, on_steps=on_steps
        )
    model = models[0]
    predict = Probabilities(model, dataset.image_shape, recipe.input_range, recipe.tta)
    for i, fold in enumerate(share):
        write_state(model, unstack_state(state, i) if len(share) > 1 else state)
        model.optimizer.finalize_variable_values(model.trainable_variables)
        if recipe.ema or recipe.swa:
            recompute_statistics(model, recipe, dataset[np.flatnonzero(parts != fold)])
        yield parts == fold, predict(model, dataset.images[parts == fold])


def stratified_folds(labels: npt.NDArray[np.int64], folds: int, seed: int) -> npt.NDArray[np.int64]:
    """Assign each image to a fold at random: int ``[n]``, 0 to folds - 1.

    The sizes of folds, and their counts of each class, differ by at most one.

    Args:
        labels: int ``[n]``.
        folds: number of folds.
        seed: of the assignment.

    Raises:
        InputError: fewer than two folds, or a class with fewer images than folds.

    Example:
        >>> parts = stratified_folds(np.array([0, 0, 0, 1, 1, 1]), 3, seed=0)
        >>> sorted(parts[:3].tolist()), sorted(parts[3:].tolist())
        ([0, 1, 2], [0, 1, 2])
    """
    counts = np.bincount(labels)
    fewest = int(counts[counts > 0].min(initial=len(labels)))
    if not isinstance(folds, int) or not 2 <= folds <= fewest:
        raise InputError(
            f"folds: {folds}; give a whole number from 2 to {fewest}, as the rarest class has "
            f"{fewest} images"
        )
    shuffled = np.random.default_rng([seed, folds]).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    parts = np.empty(len(labels), np.int64)
    parts[by_class] = np.arange(len(labels)) % folds
    return parts


def _training_indices(parts: npt.NDArray[np.int64], folds: int, seed: int) -> npt.NDArray[np.int32]:
    """Training indices of each fold, int ``[folds, m]``; one is left out where lengths differ."""
    indices = [np.flatnonzero(parts != k) for k in range(folds)]
    shortest = min(map(len, indices))
    draw = np.random.default_rng([seed, folds, shortest])
    selected = [np.sort(draw.choice(each, shortest, replace=False)) for each in indices]
    return np.stack(selected).astype(np.int32)


def _refuse_nan(recipe: Recipe, logs: Logs, epoch: int) -> None:
    if not np.isfinite(logs["loss"]).all():
        raise InputError(
            f"recipe {recipe.name}: the loss became NaN or infinite in epoch {epoch}; use a "
            "recipe with a lower learning rate"
        )
