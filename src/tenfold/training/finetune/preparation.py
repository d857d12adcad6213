"""Prepare fine-tuning: recipe, data and compiled networks with pretrained weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.image_shape import is_colour
from tenfold.data import Dataset, Splits
from tenfold.networks.recipes import Recipe
from tenfold.runs.finetune_data.mixture import Mixture, mix
from tenfold.runs.finetune_data.user_data import UserData, load_user_data
from tenfold.runs.run import Run
from tenfold.training.finetune.pretrained import Pretrained, find_pretrained

if TYPE_CHECKING:
    import keras

EPOCHS = 4
WARMUP = 0.1  # share of the steps
LEARNING_RATE_SHARE = 1 / 6
"""Peak of the learning rate, as a share of the one that the network was trained with."""


@dataclass(frozen=True)
class FineTuning:
    """All that a fine-tuning needs.

    Attributes:
        recipe: by which the networks are fine-tuned.
        seeds: one a network.
        splits: user images mixed with rehearsal.
        models: compiled, with the pretrained weights.
        before: the pretrained networks' mean probabilities on the validation images, float32
            ``[n, classes]``.
        record: the entry ``continued`` of ``run.json``.
    """

    recipe: Recipe
    seeds: list[int]
    splits: Splits
    models: list[keras.Model]
    before: npt.NDArray[np.float32]
    record: dict[str, Any]


def prepare_finetuning(
    start: str | Path | Run,
    recipe: Recipe | None,
    data: str | Path | Splits | Dataset | Sequence[Any],
    options: Mapping[str, Any],
) -> FineTuning:
    """Prepare to fine-tune pretrained networks.

    Args:
        start: as for ``find_pretrained``.
        recipe: None for that of the pretrained networks, see ``finetuning_recipe``.
        data: the user's images, as for ``tenfold.load``, or splits.
        options: how to read the user's files, as keyword arguments of ``tenfold.load``.

    Raises:
        InputError: networks, recipe or data cannot be used, or do not match.
    """
    from tenfold.engine.compile import compile_network

    pretrained = find_pretrained(start)
    chosen = finetuning_recipe(pretrained) if recipe is None else recipe
    user_data = load_user_data(
        data,
        pretrained.class_names,
        {"grey": not is_colour(pretrained.image_shape), **options},
    )
    mixture = mix(user_data, pretrained.rehearsal, chosen.batch_size)
    models = _networks(pretrained, chosen)
    for model in models:
        compile_network(model, chosen, len(mixture.splits.train))
    return FineTuning(
        chosen,
        pretrained.seeds,
        mixture.splits,
        models,
        _predictions_before(pretrained, mixture.splits),
        _record(pretrained, mixture, user_data),
    )


def refuse_unsupported_arguments(
    seeds: int, validation: int | None, corrections: str | Path | None, protocol: str
) -> None:
    """Refuse arguments of ``tenfold.train`` that fine-tuning does not support.

    Raises:
        InputError: a number of seeds or validation images, corrections or a protocol is given.
    """
    if seeds != 1:
        raise InputError(f"seeds: {seeds}; all pretrained networks are fine-tuned, so leave it")
    if validation is not None:
        raise InputError(
            "validation: a fifth of the data, or of their sheets, is held out; leave it, or give "
            "data with a validation split"
        )
    if corrections is not None or protocol != "held-out":
        raise InputError("corrections, protocol: not supported by fine-tuning; leave them")


def finetuning_recipe(pretrained: Pretrained) -> Recipe:
    """Return the recipe for fine-tuning: few epochs and a lower learning rate.

    Networks that were fine-tuned before keep the learning rate of that time.

    Example:
        >>> recipe = finetuning_recipe(find_pretrained("reader"))
        >>> recipe.learning_rate, recipe.epochs, recipe.schedule
        (0.001, 4, 'linear')
    """
    from tenfold.engine.compile import default_learning_rate

    recipe = pretrained.recipe
    peak = (
        default_learning_rate(recipe.optimizer)
        if recipe.learning_rate is None
        else recipe.learning_rate
    )
    lower = float(f"{LEARNING_RATE_SHARE * peak:.3g}")
    return recipe.replace(
        learning_rate=peak if pretrained.finetuned else lower,
        schedule="linear",
        warmup=WARMUP,
        epochs=EPOCHS,
        published=None,
        teacher=None,
    )


def _networks(pretrained: Pretrained, recipe: Recipe) -> list[keras.Model]:
    """The pretrained networks; or those of another recipe, with the pretrained weights."""
    from tenfold import networks
    from tenfold.runs.weights import require_same_shapes

    trained = pretrained.build()
    original = pretrained.recipe
    if (recipe.network, recipe.arguments) == (original.network, original.arguments):
        return trained
    shape, classes = pretrained.image_shape, len(pretrained.class_names)
    models = [
        networks.build(recipe.network, recipe.arguments, shape, classes, seed)
        for seed in pretrained.seeds
    ]
    for model, source in zip(models, trained, strict=True):
        require_same_shapes(model, source)
        model.set_weights(source.get_weights())
    return models


def _predictions_before(pretrained: Pretrained, splits: Splits) -> npt.NDArray[np.float32]:
    if splits.validation is None:
        return np.zeros((0, len(pretrained.class_names)), np.float32)
    return pretrained.predict(splits.validation.images)


def _record(pretrained: Pretrained, mixture: Mixture, user_data: UserData) -> dict[str, Any]:
    return {
        "start": {"name": pretrained.name, "checksum": pretrained.checksum},
        "own": user_data.reload,
        "held_out": user_data.held_out_by,
        "repeated": mixture.repeated,
        "parts": [{"name": name, "kind": kind, "n": n} for name, kind, n in mixture.parts],
    }
