"""Continuing: what a training that starts from trained networks needs, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold import metrics
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.data import Splits
from tenfold.networks.recipes import Recipe
from tenfold.training.finetune.mixture import Mixture, mix
from tenfold.training.finetune.pretrained import Start, find
from tenfold.training.finetune.user_data import read_again, read_own

if TYPE_CHECKING:
    import keras


BEFORE = "before.npz"
"""What the networks that were continued from answer on the validation images."""

EPOCHS, RATE, WARMUP = 4, 1 / 6, 0.1
"""Epochs; the peak of the learning rate, as a share of the recipe's; its rise, of the steps."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Continuation:
    """A training that is about to go on from trained networks.

    Attributes:
        recipe: how.
        seeds: one a network.
        splits: what it is trained and validated on.
        models: compiled, with the weights of the start.
        before: probabilities of the start on the validation images ``[n, classes]``.
        record: for ``run.json``.
    """

    recipe: Recipe
    seeds: list[int]
    splits: Splits
    models: list[keras.Model]
    before: Floats
    record: dict[str, Any]


def prepare(
    start: Any, recipe: Recipe | None, data: str | Path | Splits, resize: bool = False
) -> Continuation:
    """Make everything ready to continue.

    Args:
        start: what ``tenfold.training.finetune.pretrained.find`` takes.
        recipe: None for the start's own, with a lower learning rate and few epochs.
        data: the user's own images, as ``tenfold.load`` takes them, or splits.
        resize: bring other sizes to 28x28.

    Raises:
        InputError: the start, recipe and data cannot be used, or do not go together.
    """
    from tenfold.engine.compile import compile_network

    found = find(start)
    chosen = adapted(found) if recipe is None else recipe
    own = read_own(data, found.class_names, resize)
    mixture = mix(own, found, chosen.batch_size)
    models = _models(found, chosen)
    for model in models:
        compile_network(model, chosen, len(mixture.splits.train))
    return Continuation(
        chosen,
        found.seeds,
        mixture.splits,
        models,
        _before(found, mixture.splits),
        _record(found, mixture, own.again, own.how),
    )


def refuse_with_start(
    seeds: int, validation: int | None, corrections: str | Path | None, protocol: str
) -> None:
    """Refuse what a training from trained networks cannot take.

    Raises:
        InputError: another number of networks, of validation images, corrections or a protocol.
    """
    if seeds != 1:
        raise InputError(f"seeds: {seeds}; all networks of the start are continued, so leave it")
    if validation is not None:
        raise InputError(
            "validation: a fifth of the data, or of their sheets, is held out; leave it, or give "
            "data with a validation split of their own"
        )
    if corrections is not None or protocol != "held-out":
        raise InputError("corrections, protocol: not with a start; leave them")


def adapted(start: Start) -> Recipe:
    """The recipe by which trained networks are continued, once or again.

    Example:
        >>> found = adapted(find("reader"))
        >>> found.learning_rate, found.epochs, found.schedule
        (0.001, 4, 'linear')
    """
    from tenfold.engine.compile import own_rate

    recipe = start.recipe
    peak = own_rate(recipe.optimizer) if recipe.learning_rate is None else recipe.learning_rate
    return recipe.replace(
        learning_rate=peak if start.continued else float(f"{RATE * peak:.3g}"),
        schedule="linear",
        warmup=WARMUP,
        epochs=EPOCHS,
        published=None,
    )


def splits_again(record: Mapping[str, Any], batch_size: int, own: Splits | None = None) -> Splits:
    """The splits of a recorded training once more.

    Args:
        record: what ``Continuation.record`` was.
        batch_size: of its recipe.
        own: the user's images where they were made in memory.

    Raises:
        InputError: the images or the start are gone.
    """
    found = find(record["start"]["name"])
    names = found.class_names
    again = read_again(record["own"], names) if own is None else read_own(own, names)
    return mix(again, found, batch_size).splits


def _models(start: Start, recipe: Recipe) -> list[keras.Model]:
    """The start's networks; or those of another recipe, with the weights of the start's."""
    from tenfold import networks
    from tenfold.runs.weights import require_same_shapes

    trained = start.build()
    if (recipe.network, recipe.arguments) == (start.recipe.network, start.recipe.arguments):
        return trained
    models = [
        networks.build(
            recipe.network, recipe.arguments, start.image_shape, len(start.class_names), seed
        )
        for seed in start.seeds
    ]
    for model, origin in zip(models, trained, strict=True):
        require_same_shapes(model, origin)
        model.set_weights(origin.get_weights())
    return models


def _before(start: Start, splits: Splits) -> Floats:
    if splits.validation is None:
        return np.zeros((0, len(start.class_names)), np.float32)
    return start.answer(splits.validation.images)


def _record(
    start: Start, mixture: Mixture, again: dict[str, Any] | None, how: str
) -> dict[str, Any]:
    return {
        "start": {"name": start.name, "checksum": start.checksum},
        "own": again,
        "held_out": how,
        "repeated": mixture.repeated,
        "parts": [{"name": name, "kind": kind, "n": n} for name, kind, n in mixture.parts],
    }


def keep_before(folder: Path, before: Floats) -> None:
    """Keep what the start answers on the validation images."""
    with atomic_write(folder / BEFORE) as file:
        np.savez(file, outputs=before)


def gains(
    folder: Path, parts: Sequence[Mapping[str, Any]], labels: npt.NDArray[np.int64], after: Floats
) -> list[dict[str, Any]]:
    """What each part of the validation images gained or lost.

    Args:
        folder: of the run.
        parts: of the validation images, in their order.
        labels: of these, int ``[n]``.
        after: probabilities ``[n, classes]``, the mean of the run's networks.

    Raises:
        InputError: what the start answered is missing or damaged.
    """
    try:
        with np.load(folder / BEFORE, allow_pickle=False) as file:
            before = file["outputs"]
    except Exception as error:  # zip, zlib and NumPy raise all sorts at damaged files
        raise InputError(f"{folder / BEFORE}: missing or damaged; train again") from error
    right = [answers.argmax(axis=-1) == labels for answers in (before, after)]
    return [
        {**part, **compared(right[0][place], right[1][place])}
        for part, place in zip(parts, _places(parts), strict=True)
    ]


def compared(before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Accuracies before and after, and their difference on the same images, as plain JSON.

    Args:
        before: whether each image was right, bool ``[n]``.
        after: the same afterwards.

    Example:
        >>> found = compared(np.array([True, False, False, True]), np.ones(4, bool))
        >>> found["before"]["value"], found["after"]["value"], found["difference"]["value"]
        (0.5, 1.0, 0.5)
    """
    return {
        "before": metrics.proportion(int(before.sum()), len(before)).as_json(),
        "after": metrics.proportion(int(after.sum()), len(after)).as_json(),
        "difference": metrics.accuracy_difference(after[None], before[None]).as_json(),
    }


def _places(parts: Sequence[Mapping[str, Any]]) -> Iterator[slice]:
    first = 0
    for part in parts:
        yield slice(first, first + part["n"])
        first += part["n"]
